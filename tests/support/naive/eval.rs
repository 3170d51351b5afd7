//! Conditions and values as the sentences say them (M13, M14, M15).

use std::cmp::Ordering;

use touchline::engine::effect::Values;
use touchline::engine::ruleset::RuleSet;
use touchline::ir::expr::{Access, Condition, Operand, Predicate, Root, Test};
use touchline::ir::{Guard, KeyPart, Order};
use touchline::signal::Signal;
use touchline::value::Value;
use touchline::vocabulary::text::fold;

use super::world::World;

/// What a condition can see.
pub struct Scope<'a> {
    pub ruleset: &'a RuleSet,
    pub world: &'a World,
    pub values: &'a Values,
    /// M4: a `where` is asked at the time of its signal, a guard now.
    pub at: jiff::Timestamp,
}

/// What can be seen while a signal is filtered: the signal itself.
pub fn seeing(signal: &Signal) -> Values {
    Values { signal: Some(signal.clone().into()), ..Values::default() }
}

impl Scope<'_> {
    /// The value of a path: a field, then facts from thing to thing (M15).
    pub fn access(&self, access: &Access) -> Value {
        let field = |signal: &Option<std::sync::Arc<Signal>>, field| match signal {
            Some(signal) => signal.field(field).clone(),
            None => Value::Missing,
        };
        let mut value = match access.root {
            Root::Signal(number) => field(&self.values.signal, number),
            Root::First(number) => field(&self.values.first, number),
            Root::Key(place) => self.values.key.get(place as usize).cloned().unwrap_or_default(),
            Root::Recent => self.values.recent.clone(),
            Root::Previous => self.values.previous.clone(),
            Root::Count => self.values.count.clone(),
            Root::Case => self.values.case.clone(),
        };
        for (thing, fact) in &access.facts {
            let Some(id) = value.as_text().cloned() else {
                return Value::Missing;
            };
            value = self.world.fact(&self.ruleset.vocabulary, &self.ruleset.directory, *thing, &id, *fact);
        }
        value
    }

    /// The value of an operand; of a script that fails, missing.
    pub fn operand(&self, operand: &Operand) -> Value {
        match operand {
            Operand::Literal(value) => value.clone(),
            Operand::Access(access) => self.access(access),
            Operand::Script(script, _) => {
                let values: Vec<Value> = script.reads.iter().map(|(_, access)| self.access(access)).collect();
                script.run(&values).unwrap_or_default()
            }
        }
    }

    pub fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::All(parts) => parts.iter().all(|part| self.holds(part)),
            Condition::Any(parts) => parts.iter().any(|part| self.holds(part)),
            Condition::Test(test) => self.test(test),
            Condition::Hours(hours) => self.is_open(hours) != hours.outside,
            Condition::Script(script, here) => {
                self.operand(&Operand::Script(script.clone(), *here)) == Value::YesNo(true)
            }
        }
    }

    /// Open in the zone of the calendar, else of the place, else of the rule.
    fn is_open(&self, hours: &touchline::ir::expr::Hours) -> bool {
        let (vocabulary, directory) = (&self.ruleset.vocabulary, &self.ruleset.directory);
        let calendar = &vocabulary.calendars[hours.calendar.index()];
        let of_place = || {
            let signal = self.values.signal.as_ref()?;
            let kind = vocabulary.signal_type(signal.kind);
            let about = kind.fields.iter().zip(&signal.fields).take(kind.about);
            about.into_iter().find_map(|(field, value)| {
                let touchline::vocabulary::Type::Thing(thing) = field.ty else { return None };
                let place = Some((thing, value.as_text()?));
                self.world.nearest(vocabulary, directory, place, |place| place.zone.clone())
            })
        };
        let zone = calendar.zone.clone().or_else(of_place).unwrap_or_else(|| hours.zone.clone());
        let local = self.at.to_zoned(zone);
        let day = &calendar.week[local.weekday().to_monday_zero_offset() as usize];
        let opens = |shift: &touchline::vocabulary::calendar::Shift| {
            shift.opens <= local.time() && shift.closes.is_none_or(|closes| local.time() < closes)
        };
        !calendar.holidays.contains(&local.date()) && day.iter().any(opens)
    }

    /// M11: all guards, as things are now.
    pub fn guards(&self, guards: &[Guard]) -> bool {
        guards.iter().all(|guard| self.holds(&guard.condition) != guard.unless)
    }

    /// M13: a missing value satisfies no comparison, negative ones included.
    fn test(&self, test: &Test) -> bool {
        let subject = self.operand(&test.subject);
        if subject.is_missing() {
            return matches!(test.predicate, Predicate::Missing);
        }
        match &test.predicate {
            Predicate::Missing => false,
            Predicate::Present => true,
            Predicate::Is { negated, to } => match self.operand(to) {
                Value::Missing => false,
                to => same(&subject, &to) != *negated,
            },
            Predicate::OneOf { negated, of } => {
                let of: Vec<Value> = of.iter().map(|operand| self.operand(operand)).collect();
                of.iter().any(|to| same(&subject, to)) != *negated
            }
            Predicate::Compare { order, to } => compares(&subject, *order, &self.operand(to)),
            Predicate::Between(low, high) => {
                compares(&subject, Order::AtLeast, &self.operand(low))
                    && compares(&subject, Order::AtMost, &self.operand(high))
            }
            Predicate::Contains { negated, text } => {
                both_texts(&subject, &self.operand(text), |subject, text| subject.contains(text) != *negated)
            }
            Predicate::StartsWith { negated, text } => {
                both_texts(&subject, &self.operand(text), |subject, text| subject.starts_with(text) != *negated)
            }
            Predicate::Days { negated, past, days, zone } => {
                let mut day = self.at.to_zoned(zone.clone()).date();
                let mut found = false;
                // Today and each of the days.
                for _ in 0..=*days {
                    found |= subject == Value::Date(day);
                    let next = if *past { day.yesterday() } else { day.tomorrow() };
                    day = next.expect("within the calendar");
                }
                found != *negated
            }
            Predicate::Mentions { negated, lexicon } => match subject.as_text() {
                Some(text) => self.ruleset.vocabulary.lexicons.find(*lexicon, text).is_some() != *negated,
                None => false,
            },
        }
    }

    /// M14: the key of a signal, or `None` where a part is missing (M13). Text groups folded, ids exactly.
    pub fn key(&self, parts: &[KeyPart], signal: &Signal) -> Option<Vec<Value>> {
        let value = |part: &KeyPart| {
            let (_, access) = part.from.iter().find(|(kind, _)| *kind == signal.kind)?;
            folded(self.access(access)).present().cloned()
        };
        parts.iter().map(value).collect()
    }
}

/// M14: text folded, everything else as it is.
pub fn folded(value: Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(fold(&text).into()),
        other => other,
    }
}

/// Whether two present values are one value to a rule (M14).
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Text(one), Value::Text(other)) => fold(one) == fold(other),
        (one, other) => one == other,
    }
}

fn both_texts(one: &Value, other: &Value, test: impl Fn(&str, &str) -> bool) -> bool {
    match (one, other) {
        (Value::Text(one) | Value::Id(one), Value::Text(other) | Value::Id(other)) => test(&fold(one), &fold(other)),
        _ => false,
    }
}

/// Whether `one` stands in this order to `other`. Values of different kinds, or currencies, stand in none.
pub fn compares(one: &Value, order: Order, other: &Value) -> bool {
    let ordering = match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.cmp(other),
        (Value::Duration(one), Value::Duration(other)) => one.cmp(other),
        (Value::Date(one), Value::Date(other)) => one.cmp(other),
        (Value::Time(one), Value::Time(other)) => one.cmp(other),
        (Value::Money(one, in_one), Value::Money(other, in_other)) if in_one == in_other => one.cmp(other),
        _ => return false,
    };
    match order {
        Order::AtLeast => ordering != Ordering::Less,
        Order::AtMost => ordering != Ordering::Greater,
        Order::MoreThan | Order::After => ordering == Ordering::Greater,
        Order::LessThan | Order::Before => ordering == Ordering::Less,
    }
}
