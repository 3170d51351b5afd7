//! What can never hold: conditions outside a field's range, and parts that contradict each other.
//!
//! Each subject of an `and` has the values that all parts leave it. A part that leaves none is told.

use jiff::SignedDuration;

use crate::compile::Unit;
use crate::compile::words::describe;
use crate::ir::expr::{Access, Condition, Operand, Predicate, Test};
use crate::ir::{Measure, MeasureKind, MeasureTest, Order, Rule, Side, Source, Trigger};
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::number::Number;
use crate::value::Value;
use crate::vocabulary::Type;

/// The values that are left for a subject.
#[derive(Clone, Debug, Default)]
pub struct Left {
    low: Option<(Value, bool)>,
    high: Option<(Value, bool)>,
    only: Option<Vec<Value>>,
    missing: Option<bool>,
}

impl Left {
    /// Returns what a type leaves.
    fn of(ty: &Type) -> Left {
        match ty {
            Type::Score(scale) => {
                let (low, high) = scale.range();
                Left::between(Number::from_whole(low), Number::from_whole(high))
            }
            _ => Left::default(),
        }
    }

    fn between(low: Number, high: Number) -> Left {
        Left { low: Some((Value::Number(low), true)), high: Some((Value::Number(high), true)), ..Left::default() }
    }

    /// Takes away what a comparison excludes.
    fn narrow(&mut self, predicate: &Predicate) {
        match predicate {
            Predicate::Missing => self.must(true),
            Predicate::Present => self.must(false),
            Predicate::Is { negated, to } => {
                self.must(false);
                if let (false, Operand::Literal(value)) = (negated, to) {
                    self.one_of(vec![value.clone()]);
                }
            }
            Predicate::OneOf { negated, of } => {
                self.must(false);
                let values: Option<Vec<Value>> = of.iter().map(literal).collect();
                if let (false, Some(values)) = (negated, values) {
                    self.one_of(values);
                }
            }
            Predicate::Compare { order, to } => {
                self.must(false);
                if let Some(value) = literal(to) {
                    self.bound(*order, value);
                }
            }
            Predicate::Between(low, high) => {
                self.must(false);
                if let (Some(low), Some(high)) = (literal(low), literal(high)) {
                    self.bound(Order::AtLeast, low);
                    self.bound(Order::AtMost, high);
                }
            }
            Predicate::Contains { .. }
            | Predicate::StartsWith { .. }
            | Predicate::Mentions { .. }
            | Predicate::Days { .. } => self.must(false),
        }
    }

    fn must(&mut self, missing: bool) {
        match self.missing {
            Some(before) if before != missing => self.only = Some(vec![]),
            _ => self.missing = Some(missing),
        }
    }

    fn one_of(&mut self, values: Vec<Value>) {
        self.only = Some(match self.only.take() {
            Some(only) => only.into_iter().filter(|value| values.contains(value)).collect(),
            None => values,
        });
    }

    fn bound(&mut self, order: Order, value: Value) {
        let kind = |one: &Value, other: &Value| std::mem::discriminant(one) == std::mem::discriminant(other);
        let (slot, included, upper) = match order {
            Order::AtLeast => (&mut self.low, true, false),
            Order::MoreThan | Order::After => (&mut self.low, false, false),
            Order::AtMost => (&mut self.high, true, true),
            Order::LessThan | Order::Before => (&mut self.high, false, true),
        };
        let tighter = match slot {
            None => true,
            Some((have, _)) if !kind(have, &value) => false,
            Some((have, had)) if *have == value => *had && !included,
            Some((have, _)) => (value < *have) == upper,
        };
        if tighter {
            *slot = Some((value, included));
        }
    }

    fn is_empty(&self) -> bool {
        let fits = |value: &Value| {
            let above = self.low.as_ref().is_none_or(|(low, included)| value > low || *included && value == low);
            above && self.high.as_ref().is_none_or(|(high, included)| value < high || *included && value == high)
        };
        if let Some(only) = &self.only {
            return !only.iter().any(fits);
        }
        match (&self.low, &self.high) {
            (Some((low, low_in)), Some((high, high_in))) => low > high || low == high && !(*low_in && *high_in),
            _ => false,
        }
    }
}

fn literal(operand: &Operand) -> Option<Value> {
    match operand {
        // Amounts of different currencies have no order between them.
        Operand::Literal(Value::Money(..)) => None,
        Operand::Literal(value) => Some(value.clone()),
        _ => None,
    }
}

/// What is left for each subject of a conjunction.
#[derive(Clone, Debug, Default)]
struct Known(Vec<(Access, Left)>);

impl Known {
    /// Adds a condition; gives the part that leaves nothing, if one does.
    fn add<'c>(&mut self, condition: &'c Condition) -> Option<&'c Test> {
        match condition {
            Condition::All(parts) => parts.iter().find_map(|part| self.add(part)),
            Condition::Any(parts) => {
                let never: Vec<Option<&Test>> = parts.iter().map(|part| self.clone().add(part)).collect();
                never.into_iter().collect::<Option<Vec<_>>>()?.into_iter().next()
            }
            Condition::Test(test) => self.narrow(test).then_some(test),
            Condition::Script(..) | Condition::Hours(_) => None,
        }
    }

    fn narrow(&mut self, test: &Test) -> bool {
        let Operand::Access(access) = &test.subject else { return false };
        let place = self.0.iter().position(|(known, _)| known.root == access.root && known.facts == access.facts);
        let place = place.unwrap_or_else(|| {
            self.0.push((access.clone(), Left::of(&access.ty)));
            self.0.len() - 1
        });
        let left = &mut self.0[place].1;
        left.narrow(&test.predicate);
        left.is_empty()
    }
}

/// Tells whether two conditions on one signal exclude each other.
pub fn exclude(one: Option<&Condition>, other: Option<&Condition>) -> bool {
    let mut known = Known::default();
    [one, other].into_iter().flatten().any(|condition| known.add(condition).is_some())
}

/// Returns the fields of which a condition takes only certain values, with these, each as one text.
pub fn pins(condition: Option<&Condition>) -> Vec<(String, Vec<String>)> {
    let mut known = Known::default();
    if condition.is_some_and(|condition| known.add(condition).is_some()) {
        return Vec::new();
    }
    let text = |value: &Value| format!("{value:?}");
    let pinned = known.0.iter().filter_map(|(access, left)| Some((access, left.only.as_ref()?)));
    pinned.map(|(access, only)| (format!("{access:?}"), only.iter().map(text).collect())).collect()
}

/// Reports conditions and tests of a rule that can never hold.
pub fn never_holds(unit: &Unit, rule: &Rule, found: &mut Vec<Diagnostic>) {
    let mut filters = |source: &Source| filter(unit, source.filter.as_ref(), "fires", found);
    match &rule.trigger {
        Trigger::Each(source) | Trigger::Reading { source, .. } | Trigger::Count { source, .. } => filters(source),
        Trigger::Sequence { first, then, .. } | Trigger::Absence { first, then, .. } => {
            filters(first);
            filters(then);
        }
        Trigger::Measure(measure) => {
            filters(&measure.source);
            filter(unit, measure.share.as_ref(), "counts anything", found);
            if let Some(problem) = level(unit, measure, rule) {
                found.push(problem);
            }
        }
        Trigger::Schedule(_) => {}
    }
    if let Some(problem) = reading(unit, rule) {
        found.push(problem);
    }
    for guard in &rule.guards {
        let then = if guard.unless { "stops anything" } else { "lets anything pass" };
        filter(unit, Some(&guard.condition), then, found);
    }
}

fn filter(unit: &Unit, condition: Option<&Condition>, never: &str, found: &mut Vec<Diagnostic>) {
    let Some(condition) = condition else { return };
    let mut known = Known::default();
    let impossible = known.add(condition);
    if let Some(test) = impossible {
        found.push(told(unit, test, never, &Known::default()));
        return;
    }
    // A part of an `or` that never holds is dead, though the whole is not.
    let mut open = vec![condition];
    while let Some(condition) = open.pop() {
        match condition {
            Condition::All(parts) => open.extend(parts),
            Condition::Any(parts) => {
                let dead = parts.iter().filter_map(|part| Known::default().add(part));
                found.extend(dead.map(|test| told(unit, test, "adds anything", &Known::default())));
                open.extend(parts);
            }
            _ => {}
        }
    }
}

fn told(unit: &Unit, test: &Test, never: &str, known: &Known) -> Diagnostic {
    let alone = known.clone().narrow(test);
    let ty = match &test.subject {
        Operand::Access(access) => describe(&unit.vocabulary, &access.ty),
        _ => String::new(),
    };
    let (message, help) = if alone {
        (format!("`{}` can never hold", test.text), format!("it is {ty}: choose a value within its range"))
    } else {
        (
            format!("`{}` can never hold together with what is asked before it", test.text),
            "take one of the two parts out, or join them with `or` in brackets".to_owned(),
        )
    };
    Diagnostic::warning(codes::NEVER_HOLDS, test.here.0, message).label(format!("so this never {never}")).help(help)
}

fn reading(unit: &Unit, rule: &Rule) -> Option<Diagnostic> {
    let Trigger::Reading { source, field, side, line, .. } = &rule.trigger else { return None };
    let field = &unit.vocabulary.signal_type(source.signal).fields[field.index()];
    let mut left = Left::of(&field.ty);
    let order = match side {
        Side::Over => Order::MoreThan,
        Side::Under => Order::LessThan,
    };
    left.bound(order, literal(line)?);
    let word = if *side == Side::Over { "over" } else { "under" };
    left.is_empty().then(|| {
        let message = format!("`{}` never goes {word} this line", field.name);
        let help = format!("it is {}: choose a line within its range", describe(&unit.vocabulary, &field.ty));
        Diagnostic::warning(codes::NEVER_HOLDS, super::head(rule), message).help(help)
    })
}

fn level(unit: &Unit, measure: &Measure, rule: &Rule) -> Option<Diagnostic> {
    let MeasureTest::Level(order, level) = &measure.test else { return None };
    let (mut left, range) = reach(unit, measure)?;
    left.bound(*order, literal(level)?);
    left.is_empty().then(|| {
        let message = format!("the measure of rule `{}` goes {range}, so this never holds", rule.id.rule);
        Diagnostic::warning(codes::NEVER_HOLDS, super::head(rule), message).help("choose a level within the range")
    })
}

/// Returns what a measure can come to, and that in words; `None` where it can be anything.
fn reach(unit: &Unit, measure: &Measure) -> Option<(Left, String)> {
    let whole = |(low, high): (i64, i64)| {
        let left = Left::between(Number::from_whole(low), Number::from_whole(high));
        (left, format!("from {low} to {high}"))
    };
    let from =
        |low: Value, word: &str| (Left { low: Some((low, true)), ..Left::default() }, format!("from {word} upwards"));
    let field = measure.field.map(|field| &unit.vocabulary.signal_type(measure.source.signal).fields[field.index()].ty);
    match (measure.kind, field) {
        (MeasureKind::Nps, _) => Some(whole((-100, 100))),
        (MeasureKind::Csat | MeasureKind::Share, _) => Some(whole((0, 100))),
        (MeasureKind::Count, _) => Some(from(Value::Number(Number::ZERO), "0")),
        (MeasureKind::Gap, Some(Type::Score(scale))) => {
            let (low, high) = scale.range();
            Some(whole((low - high, high - low)))
        }
        (MeasureKind::Gap, _) => None,
        // Of nothing a sum is 0.
        (MeasureKind::Sum, Some(Type::Score(_))) => Some(from(Value::Number(Number::ZERO), "0")),
        (_, Some(Type::Score(scale))) => Some(whole(scale.range())),
        // No signal carries a duration below zero.
        (_, Some(Type::Duration(_))) => Some(from(Value::Duration(SignedDuration::ZERO), "zero")),
        _ => None,
    }
}
