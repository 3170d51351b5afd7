//! The one evaluator: conditions and accesses over a signal, a firing's values and the facts of now.
//!
//! It gives the verdict and, if asked, the trace of every comparison it made, from the same walk (invariant 9). A
//! missing value satisfies no comparison, negative ones included (M13).

use std::borrow::Cow;

use jiff::Timestamp;

use crate::engine::effect::Values;
use crate::engine::facts::FactView;
use crate::engine::trace::Compared;
use crate::ir::expr::{Access, Condition, Hours, Operand, Predicate, Root, Test};
use crate::ir::{Guard, Order};
use crate::signal::Signal;
use crate::value::{Str, Value};
use crate::vocabulary::Type;
use crate::vocabulary::text::fold;
use crate::vocabulary::typed::print_value;

/// Where an evaluation finds its values.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// The facts of now.
    pub facts: FactView<'a>,
    /// The signal at hand.
    pub signal: Option<&'a Signal>,
    /// The rest of a firing's values.
    pub values: Option<&'a Values>,
    /// What time it is: of a `where` that of its signal, otherwise now (M4).
    pub at: Timestamp,
    /// Whether what is asked was answered before, when the signal came: facts may have changed since, and a trace says so.
    pub again: bool,
}

/// Comparisons made so far; `None` where nobody asked.
pub(crate) type Record = Option<Vec<Compared>>;

impl<'a> Scope<'a> {
    /// Returns a scope in which `signal` alone is known: for `where`.
    pub fn of_signal(facts: FactView<'a>, signal: &'a Signal) -> Scope<'a> {
        Scope { facts, signal: Some(signal), values: None, at: signal.at, again: false }
    }

    /// Returns a scope of a firing: for guards and actions.
    pub fn of_values(facts: FactView<'a>, values: &'a Values) -> Scope<'a> {
        Scope { facts, signal: values.signal.as_deref(), values: Some(values), at: facts.now, again: false }
    }

    /// Returns the value an access leads to.
    pub fn access(&self, access: &Access) -> Value {
        let mut value = self.root(access.root);
        for (thing, fact) in &access.facts {
            let Some(id) = value.as_text() else { return Value::Missing };
            value = self.facts.fact(*thing, id, *fact);
        }
        value
    }

    fn root(&self, root: Root) -> Value {
        let of_values = |pick: fn(&Values) -> &Value| self.values.map_or(Value::Missing, |values| pick(values).clone());
        match root {
            Root::Signal(field) => self.signal.map_or(Value::Missing, |signal| signal.field(field).clone()),
            Root::First(field) => {
                let first = self.values.and_then(|values| values.first.as_deref());
                first.map_or(Value::Missing, |first| first.field(field).clone())
            }
            Root::Key(part) => {
                let part = self.values.and_then(|values| values.key.get(part as usize));
                part.cloned().unwrap_or_default()
            }
            Root::Recent => of_values(|values| &values.recent),
            Root::Previous => of_values(|values| &values.previous),
            Root::Count => of_values(|values| &values.count),
            Root::Case => of_values(|values| &values.case),
        }
    }

    /// Returns an operand's value. A script that fails gives a missing value.
    pub fn operand(&self, operand: &Operand) -> Value {
        match operand {
            Operand::Literal(value) => value.clone(),
            Operand::Access(access) => self.access(access),
            Operand::Script(script, _) => self.script(script).unwrap_or_default(),
        }
    }

    fn script(&self, script: &crate::script::Script) -> Result<Value, String> {
        let values: Vec<Value> = script.reads.iter().map(|(_, access)| self.access(access)).collect();
        script.run(&values)
    }

    /// Tells whether a condition holds. Stops at the first part that decides.
    pub fn holds(&self, condition: &Condition, record: &mut Record) -> bool {
        match condition {
            Condition::All(parts) => parts.iter().all(|part| self.holds(part, record)),
            Condition::Any(parts) => parts.iter().any(|part| self.holds(part, record)),
            Condition::Test(test) => self.test(test, record),
            Condition::Hours(hours) => self.hours(hours, record),
            Condition::Script(script, here) => {
                let result = self.script(script);
                let holds = result == Ok(Value::YesNo(true));
                if let Some(record) = record {
                    let actual: Str = match &result {
                        Ok(Value::YesNo(true)) => "true".into(),
                        Ok(Value::YesNo(false)) => "false".into(),
                        Ok(_) => "neither true nor false".into(),
                        Err(reason) => format!("script error: {reason}").into(),
                    };
                    record.push(Compared { clause: format!("`{}`", script.text).into(), actual, holds, here: *here });
                }
                holds
            }
        }
    }

    /// Tells whether it is a time within, or outside, a calendar's opening times.
    fn hours(&self, hours: &Hours, record: &mut Record) -> bool {
        let calendar = &self.facts.vocabulary.calendars[hours.calendar.index()];
        let of_place = || self.signal.and_then(|signal| self.facts.zone_of(signal));
        let zone = calendar.zone.clone().or_else(of_place).unwrap_or_else(|| hours.zone.clone());
        let holds = calendar.is_open(self.at, &zone) != hours.outside;
        if let Some(record) = record {
            let actual = self.at.to_zoned(zone).strftime("%a %H:%M").to_string().into();
            record.push(Compared { clause: hours.text.clone(), actual, holds, here: hours.here });
        }
        holds
    }

    /// Tells whether a guard lets a firing pass.
    pub fn guard(&self, guard: &Guard, record: &mut Record) -> bool {
        let holds = self.holds(&guard.condition, record);
        holds != guard.unless
    }

    fn test(&self, test: &Test, record: &mut Record) -> bool {
        let subject = self.operand(&test.subject);
        let holds = self.predicate(&subject, &test.predicate);
        if let Some(record) = record {
            let mut actual = show(&test.subject, &subject);
            if self.again && matches!(&test.subject, Operand::Access(access) if !access.facts.is_empty()) {
                actual = format!("{actual}, as known when it fired").into();
            }
            record.push(Compared { clause: test.text.clone(), actual, holds, here: test.here });
        }
        holds
    }

    fn predicate(&self, subject: &Value, predicate: &Predicate) -> bool {
        match predicate {
            Predicate::Present => return !subject.is_missing(),
            Predicate::Missing => return subject.is_missing(),
            _ if subject.is_missing() => return false,
            _ => {}
        }
        match predicate {
            Predicate::Present | Predicate::Missing => unreachable!("answered above"),
            Predicate::Is { negated, to } => {
                let to = self.operand(to);
                !to.is_missing() && same(subject, &to) != *negated
            }
            Predicate::OneOf { negated, of } => {
                let listed: Vec<Value> = of.iter().map(|operand| self.operand(operand)).collect();
                !listed.iter().any(Value::is_missing) && listed.iter().any(|one| same(subject, one)) != *negated
            }
            Predicate::Compare { order, to } => in_order(subject, *order, &self.operand(to)),
            Predicate::Between(low, high) => {
                in_order(subject, Order::AtLeast, &self.operand(low))
                    && in_order(subject, Order::AtMost, &self.operand(high))
            }
            Predicate::Days { negated, past, days, zone } => {
                let Value::Date(date) = subject else { return false };
                let today = self.at.to_zoned(zone.clone()).date();
                let (first, last) = if *past { (*date, today) } else { (today, *date) };
                let away = first.until(last).map_or(i64::MAX, |span| i64::from(span.get_days()));
                (0..=i64::from(*days)).contains(&away) != *negated
            }
            Predicate::Contains { negated, text } => {
                self.text_test(subject, text, *negated, |subject, text| subject.contains(text))
            }
            Predicate::StartsWith { negated, text } => {
                self.text_test(subject, text, *negated, |subject, text| subject.starts_with(text))
            }
            Predicate::Mentions { negated, lexicon } => {
                let Some(text) = subject.as_text() else { return false };
                self.facts.vocabulary.lexicons.find(*lexicon, text).is_some() != *negated
            }
        }
    }

    fn text_test(&self, subject: &Value, text: &Operand, negated: bool, holds: fn(&str, &str) -> bool) -> bool {
        let text = self.operand(text);
        match (subject.as_text(), text.as_text()) {
            (Some(subject), Some(text)) => holds(&fold(subject), &fold(text)) != negated,
            _ => false,
        }
    }
}

/// Returns what a person reads as the actual value of a comparison.
fn show(subject: &Operand, value: &Value) -> Str {
    match (subject, value) {
        (_, Value::Missing) => "(missing)".into(),
        (Operand::Access(access), _) if access.personal => "(personal)".into(),
        (Operand::Access(access), value) => print_value(value, &access.ty).into(),
        (_, value) => print_value(value, &Type::Text).into(),
    }
}

/// Returns the value as it groups: text folded, the rest as it is (M14).
pub(crate) fn grouped(value: Value) -> Value {
    match &value {
        Value::Text(text) => match fold(text) {
            Cow::Borrowed(folded) if folded.len() == text.len() => value,
            folded => Value::Text(folded.as_ref().into()),
        },
        _ => value,
    }
}

/// Tells whether two present values are the same: text after folding, ids and all else exactly.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Text(one), Value::Text(other)) => fold(one) == fold(other),
        (Value::Id(one), Value::Id(other) | Value::Text(other)) | (Value::Text(one), Value::Id(other)) => one == other,
        _ => one == other,
    }
}

/// Tells whether `one` stands in `order` to `other`; values of different types stand in none.
fn in_order(one: &Value, order: Order, other: &Value) -> bool {
    let compared = match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.cmp(other),
        (Value::Duration(one), Value::Duration(other)) => one.cmp(other),
        (Value::Date(one), Value::Date(other)) => one.cmp(other),
        (Value::Time(one), Value::Time(other)) => one.cmp(other),
        (Value::Money(one, currency), Value::Money(other, same)) if currency == same => one.cmp(other),
        _ => return false,
    };
    holds_in_order(compared, order)
}

/// Tells whether a comparison's result satisfies an order.
pub(crate) fn holds_in_order(compared: std::cmp::Ordering, order: Order) -> bool {
    match order {
        Order::AtLeast => compared.is_ge(),
        Order::AtMost => compared.is_le(),
        Order::MoreThan | Order::After => compared.is_gt(),
        Order::LessThan | Order::Before => compared.is_lt(),
    }
}
