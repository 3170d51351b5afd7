//! Changes in a condition: a part is gone, `and` for `or`, an order with or without its end, a threshold one up or down.

use crate::lang::source::Spanned;
use crate::lang::tree::{Condition, ConditionKind, Order, Predicate, Source};

use super::{Changed, Kind, amount, with, within, without};

/// Changes of a signal's `where`, its going included.
pub fn filter(source: &Source) -> Vec<Changed<Source>> {
    let Some(condition) = &source.filter else { return vec![] };
    let mut all = vec![Changed::new(Kind::Condition, condition.span, Source { filter: None, ..source.clone() })];
    all.extend(within(of(condition), |condition| Source { filter: Some(condition), ..source.clone() }));
    all
}

/// Changes within a condition.
pub fn of(condition: &Condition) -> Vec<Changed<Condition>> {
    let put = |kind| Condition { kind, span: condition.span };
    match &condition.kind {
        ConditionKind::And(parts) => several(condition, parts, ConditionKind::And, ConditionKind::Or),
        ConditionKind::Or(parts) => several(condition, parts, ConditionKind::Or, ConditionKind::And),
        ConditionKind::Group(inner) => within(of(inner), |inner| match inner.kind {
            ConditionKind::And(_) | ConditionKind::Or(_) => put(ConditionKind::Group(Box::new(inner))),
            _ => inner,
        })
        .collect(),
        ConditionKind::Test(subject, said) => within(predicate(said), |changed| {
            put(ConditionKind::Test(subject.clone(), Spanned { node: changed, span: said.span }))
        })
        .collect(),
        ConditionKind::Hours { outside, calendar } => {
            let other = ConditionKind::Hours { outside: !outside, calendar: calendar.clone() };
            vec![Changed::new(Kind::Condition, condition.span, put(other))]
        }
        ConditionKind::Name(_) | ConditionKind::Script(_) => vec![],
    }
}

type Joined = fn(Vec<Condition>) -> ConditionKind;

fn several(condition: &Condition, parts: &[Condition], same: Joined, other: Joined) -> Vec<Changed<Condition>> {
    let put = |kind| Condition { kind, span: condition.span };
    let mut all = vec![Changed::new(Kind::AndOr, condition.span, put(other(parts.to_vec())))];
    for (place, part) in parts.iter().enumerate() {
        let rest = without(parts, place);
        let rest = match &rest[..] {
            [one] => one.clone(),
            _ => put(same(rest)),
        };
        all.push(Changed::new(Kind::Condition, part.span, rest));
        all.extend(within(of(part), |part| put(same(with(parts, place, part)))));
    }
    all
}

/// Changes in what is said of a subject.
pub fn predicate(said: &Spanned<Predicate>) -> Vec<Changed<Predicate>> {
    match &said.node {
        Predicate::Compare { order, to } => {
            let flipped = flipped(*order).map(|order| Predicate::Compare { order, to: to.clone() });
            let mut all: Vec<_> =
                flipped.map(|flipped| Changed::new(Kind::Order, said.span, flipped)).into_iter().collect();
            all.extend(within(amount::operand(to), |to| Predicate::Compare { order: *order, to }));
            all
        }
        Predicate::Between(low, high) => {
            let lows = within(amount::operand(low), |low| Predicate::Between(low, high.clone()));
            lows.chain(within(amount::operand(high), |high| Predicate::Between(low.clone(), high))).collect()
        }
        Predicate::Is { negated, to } => {
            within(amount::operand(to), |to| Predicate::Is { negated: *negated, to }).collect()
        }
        Predicate::Days { negated, past, length } => {
            let put = |length| Predicate::Days { negated: *negated, past: *past, length };
            within(amount::window(length), put).collect()
        }
        Predicate::OneOf { .. }
        | Predicate::Scale { .. }
        | Predicate::Present
        | Predicate::Missing
        | Predicate::Contains { .. }
        | Predicate::StartsWith { .. }
        | Predicate::Mentions { .. } => vec![],
    }
}

/// Returns an order with its end instead of without, and the other way round.
pub fn flipped(order: Order) -> Option<Order> {
    match order {
        Order::AtLeast => Some(Order::MoreThan),
        Order::MoreThan => Some(Order::AtLeast),
        Order::AtMost => Some(Order::LessThan),
        Order::LessThan => Some(Order::AtMost),
        Order::Before | Order::After => None,
    }
}
