//! What stands in the tree for a part of a broken rule that could not be read, so that its other parts are checked
//! all the same.
//!
//! A stand-in never reaches the engine: whoever makes one notes its place among the holes of the playbook
//! ([`tree::Playbook::holes`]) and the rule among the broken ones. `compile` says nothing about a hole.

use jiff::civil;

use crate::lang::source::{Span, Spanned};
use crate::lang::tree::{
    Condition, ConditionKind, DifferenceUnit, Length, LengthUnit, Limit, Measure, MeasureKind, MeasureTest, Operand,
    OperandKind, Order, Path, Predicate, Schedule, Side, Source, Status, Step, Timing, Trigger,
};
use crate::number::Number;

/// The name that stands for a name that could not be read.
pub const NAME: &str = "___";

/// Something that can stand for a part of itself that could not be read.
pub trait Unread {
    /// Returns the stand-in for what was written at `span`.
    fn unread(span: Span) -> Self;
}

impl Unread for Spanned<String> {
    fn unread(span: Span) -> Self {
        Spanned { node: NAME.to_owned(), span }
    }
}

impl Unread for Path {
    fn unread(span: Span) -> Self {
        Path { words: vec![Unread::unread(span)], span }
    }
}

impl Unread for Vec<Path> {
    fn unread(span: Span) -> Self {
        vec![Unread::unread(span)]
    }
}

impl Unread for Vec<Step> {
    fn unread(_: Span) -> Self {
        Vec::new()
    }
}

impl Unread for Spanned<Status> {
    fn unread(span: Span) -> Self {
        Spanned { node: Status::Live, span }
    }
}

impl Unread for Length {
    fn unread(span: Span) -> Self {
        Length { amount: Number::from_whole(1), unit: LengthUnit::Days, calendar: None, span }
    }
}

impl Unread for Spanned<civil::Time> {
    fn unread(span: Span) -> Self {
        Spanned { node: civil::Time::midnight(), span }
    }
}

impl Unread for Spanned<u64> {
    fn unread(span: Span) -> Self {
        Spanned { node: 1, span }
    }
}

impl Unread for Schedule {
    fn unread(span: Span) -> Self {
        Schedule { days: [true; 7], times: vec![Unread::unread(span)] }
    }
}

impl Unread for Limit {
    fn unread(span: Span) -> Self {
        Limit { every: Unread::unread(span), per: Unread::unread(span), span }
    }
}

impl Unread for Timing {
    fn unread(span: Span) -> Self {
        Timing { after: None, at: None, during: None, span }
    }
}

impl Unread for Operand {
    fn unread(span: Span) -> Self {
        Operand { kind: OperandKind::Path(Unread::unread(span)), span }
    }
}

impl Unread for Spanned<Predicate> {
    fn unread(span: Span) -> Self {
        Spanned { node: Predicate::Present, span }
    }
}

impl Unread for Condition {
    fn unread(span: Span) -> Self {
        Condition { kind: ConditionKind::Name(Unread::unread(span)), span }
    }
}

impl Unread for Source {
    fn unread(span: Span) -> Self {
        Source { signal: Unread::unread(span), filter: None }
    }
}

impl Unread for Measure {
    fn unread(span: Span) -> Self {
        let kind = Spanned { node: MeasureKind::Count, span };
        Measure { kind, source: Unread::unread(span), field: None, second: None, span }
    }
}

impl Unread for MeasureTest {
    fn unread(span: Span) -> Self {
        // Held against the period before, so that `previous` and `in both periods` mean something.
        let (by, unit) = Unread::unread(span);
        let op = Spanned { node: Order::AtLeast, span };
        let side = Spanned { node: Side::Under, span };
        MeasureTest::Previous { op, by, unit, side, before: Unread::unread(span) }
    }
}

impl Unread for Spanned<Trigger> {
    fn unread(span: Span) -> Self {
        Spanned { node: Trigger::Each(Unread::unread(span)), span }
    }
}

impl Unread for (Spanned<String>, Option<Path>) {
    fn unread(span: Span) -> Self {
        (Unread::unread(span), None)
    }
}

impl Unread for (Spanned<String>, Spanned<String>) {
    fn unread(span: Span) -> Self {
        (Unread::unread(span), Unread::unread(span))
    }
}

impl Unread for (Spanned<Number>, Spanned<DifferenceUnit>) {
    fn unread(span: Span) -> Self {
        (Spanned { node: Number::from_whole(1), span }, Spanned { node: DifferenceUnit::Points, span })
    }
}
