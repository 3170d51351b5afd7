//! What provably means the same: a rule in a form in which equal meanings are equal values.
//!
//! Only what holds whatever the signals are: brackets and the order of parts, an order of whole numbers with or without its
//! end, ends of a scale. Two rules that differ here may still never differ in fact.

use crate::ir::expr::{Condition, Hours, Operand, Predicate, Test};
use crate::ir::{MeasureKind, MeasureTest, Order, Rule, Source, Trigger};
use crate::number::Number;
use crate::value::Value;
use crate::vocabulary::{Type, Vocabulary};

/// Returns a rule in that form. It is for comparing only.
pub fn normal(rule: &Rule, vocabulary: &Vocabulary) -> Rule {
    let mut rule = rule.clone();
    match &mut rule.trigger {
        Trigger::Each(one) | Trigger::Count { source: one, .. } => source(one),
        Trigger::Reading { source: one, field, line, side, clears, .. } => {
            source(one);
            let ty = &vocabulary.signal_type(one.signal).fields[field.index()].ty;
            // Whoever clears at the line itself clears at the first value not over it, where values are whole.
            let cleared = clears.as_ref().and_then(literal).zip(literal(line)).is_some_and(|(clears, line)| {
                let next = if *side == crate::ir::Side::Over { line.whole() + 1 } else { line.whole() - 1 };
                is_whole(ty) && line.is_whole() && clears == Number::from_whole(next)
            });
            if cleared {
                *clears = None;
            }
        }
        Trigger::Sequence { first, then, .. } | Trigger::Absence { first, then, .. } => {
            source(first);
            source(then);
        }
        Trigger::Measure(measure) => {
            source(&mut measure.source);
            measure.share = measure.share.take().map(condition);
            // Only numbers of signals are sure to be whole.
            if let (MeasureKind::Count, MeasureTest::Level(order, Operand::Literal(Value::Number(level)))) =
                (measure.kind, &mut measure.test)
            {
                (*order, *level) = with_its_end(*order, *level);
            }
        }
        Trigger::Schedule(_) => {}
    }
    for guard in &mut rule.guards {
        guard.condition = condition(guard.condition.clone());
    }
    rule.guards.sort_by_cached_key(|guard| format!("{guard:?}"));
    rule
}

fn source(source: &mut Source) {
    source.filter = source.filter.take().map(condition);
}

/// Returns a condition in that form.
pub fn condition(of: Condition) -> Condition {
    match of {
        Condition::All(parts) => {
            let all = parts.into_iter().map(condition).flat_map(|part| match part {
                Condition::All(parts) => parts,
                part => vec![part],
            });
            joined(all.collect(), Condition::All)
        }
        Condition::Any(parts) => {
            let any = parts.into_iter().map(condition).flat_map(|part| match part {
                Condition::Any(parts) => parts,
                part => vec![part],
            });
            joined(any.collect(), Condition::Any)
        }
        Condition::Test(test) => tested(test),
        Condition::Hours(hours) => Condition::Hours(Hours { text: "".into(), ..hours }),
        Condition::Script(..) => of,
    }
}

/// Parts in an order of their own, each once.
fn joined(mut parts: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    parts.sort_by_cached_key(|part| format!("{part:?}"));
    parts.dedup();
    match parts.len() {
        1 => parts.remove(0),
        _ => join(parts),
    }
}

fn tested(mut test: Test) -> Condition {
    test.text = "".into();
    let ty = match &test.subject {
        Operand::Access(access) => access.ty.clone(),
        Operand::Literal(_) | Operand::Script(..) => Type::Text,
    };
    if let (Predicate::Between(low, high), true) = (&test.predicate, is_whole(&ty)) {
        let with = |order, to: &Operand| {
            tested(Test { predicate: Predicate::Compare { order, to: to.clone() }, ..test.clone() })
        };
        return condition(Condition::All(vec![with(Order::AtLeast, low), with(Order::AtMost, high)]));
    }
    if let Predicate::Compare { order, to: Operand::Literal(Value::Number(level)) } = test.predicate
        && is_whole(&ty)
    {
        test.predicate = whole_order(order, level, &ty);
    }
    Condition::Test(test)
}

/// An order of whole numbers, with its end, and in the words of an end of the scale where it is one.
fn whole_order(order: Order, level: Number, ty: &Type) -> Predicate {
    let (order, level) = with_its_end(order, level);
    let to = Operand::Literal(Value::Number(level));
    let is = |level| Predicate::Is { negated: false, to: Operand::Literal(Value::Number(level)) };
    let Type::Score(scale) = ty else { return Predicate::Compare { order, to } };
    let (lowest, highest) = scale.range();
    let (lowest, highest) = (Number::from_whole(lowest), Number::from_whole(highest));
    match order {
        Order::AtLeast if level <= lowest => Predicate::Present,
        Order::AtMost if level >= highest => Predicate::Present,
        Order::AtLeast if level == highest => is(highest),
        Order::AtMost if level == lowest => is(lowest),
        _ => Predicate::Compare { order, to },
    }
}

/// `more than 3` of whole numbers is `at least 4`.
fn with_its_end(order: Order, level: Number) -> (Order, Number) {
    let floor = Number::from_whole(level.billionths().div_euclid(1_000_000_000) as i64);
    let next = Number::from_whole(floor.whole() + 1);
    let ceiling = if level == floor { floor } else { next };
    match order {
        Order::MoreThan | Order::After => (Order::AtLeast, next),
        Order::AtLeast => (Order::AtLeast, ceiling),
        Order::LessThan | Order::Before => (Order::AtMost, Number::from_whole(ceiling.whole() - 1)),
        Order::AtMost => (Order::AtMost, floor),
    }
}

fn is_whole(ty: &Type) -> bool {
    matches!(ty, Type::WholeNumber | Type::Score(_))
}

fn literal(operand: &Operand) -> Option<Number> {
    match operand {
        Operand::Literal(Value::Number(number)) => Some(*number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::Scale;

    fn order(order: Order, level: i64, ty: &Type) -> String {
        format!("{:?}", whole_order(order, Number::from_whole(level), ty))
    }

    #[test]
    fn orders_of_whole_numbers_are_equal_where_their_meanings_are() {
        let whole = Type::WholeNumber;
        assert_eq!(order(Order::MoreThan, 3, &whole), order(Order::AtLeast, 4, &whole));
        assert_eq!(order(Order::LessThan, 3, &whole), order(Order::AtMost, 2, &whole));
        assert_ne!(order(Order::MoreThan, 3, &whole), order(Order::AtLeast, 3, &whole));
        assert_ne!(order(Order::AtMost, 3, &whole), order(Order::AtLeast, 3, &whole));
        let half = Number::from_billionths(3_500_000_000);
        assert_eq!(with_its_end(Order::AtLeast, half), with_its_end(Order::MoreThan, Number::from_whole(3)));
        assert_eq!(with_its_end(Order::AtMost, half), with_its_end(Order::LessThan, Number::from_whole(4)));
    }

    #[test]
    fn the_ends_of_a_scale_are_what_they_are() {
        let nps = Type::Score(Scale::Nps);
        assert_eq!(order(Order::AtLeast, 0, &nps), "Present");
        assert_eq!(order(Order::LessThan, 11, &nps), "Present");
        assert_eq!(order(Order::MoreThan, 9, &nps), order(Order::AtLeast, 10, &nps));
        assert_ne!(order(Order::AtLeast, 10, &nps), order(Order::AtLeast, 9, &nps));
        assert_ne!(order(Order::AtLeast, 1, &nps), "Present");
    }
}
