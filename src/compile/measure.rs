//! Measures: what can be measured how, in which unit, and what it can be held against.

use crate::clock::Length;
use crate::compile::condition::strict;
use crate::compile::lower::{Lower, Triggered};
use crate::compile::scope::{OnlyKey, Scope};
use crate::compile::trigger::key_names;
use crate::compile::value::Beside;
use crate::compile::words::describe;
use crate::ir::expr::{Condition, Operand};
use crate::ir::{self, Enough, MeasureTest};
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::format::sentence;
use crate::lang::source::{Span, Spanned};
use crate::lang::tree::{self, DifferenceUnit, MeasureKind, OperandKind, Order, Predicate, Side};
use crate::number::Number;
use crate::value::Value;
use crate::vocabulary::{FieldNo, Scale, SignalNo, Type};

/// The unit a measure comes in.
#[derive(Clone, Debug)]
struct MeasuredIn {
    /// The type of its value.
    ty: Type,
    /// Its lowest and highest value, where it has them.
    range: Option<(i64, i64)>,
    /// Whether it is a percentage, so that `40 percent` is right.
    percent: bool,
    /// How it is called in messages.
    name: String,
}

impl Lower<'_> {
    /// Resolves a rule on a measure.
    pub fn measure(
        &mut self,
        rule: &tree::Rule,
        scope: &mut Scope,
        measure: &tree::Measure,
        over: &tree::Length,
        test: &tree::MeasureTest,
        enough: Option<&tree::Enough>,
    ) -> Option<Triggered> {
        let over = self.plain_length(over, "`over the last`");
        let kind = measure.kind.node;
        let many = matches!(kind, MeasureKind::Count | MeasureKind::Share);
        let source = self.source(&measure.source, many)?;
        scope.only_key = Some(OnlyKey::Measure(source.signal));
        let key = self.key(&rule.for_each, &[source.signal]);
        scope.key = key_names(key.as_deref().unwrap_or_default());
        let fields = self.measured_fields(measure, source.signal);
        let unit = fields.and_then(|(field, second)| self.measured_in(measure, source.signal, field, second));
        scope.recent = unit.as_ref().map(|unit| unit.ty.clone());
        scope.incomplete = key.is_none() || unit.is_none();
        scope.previous = matches!(test, tree::MeasureTest::Previous { .. });
        let enough = enough.map(|enough| self.enough(enough, source.signal, scope.previous));
        let test = match &unit {
            Some(unit) => self.measure_test(test, unit),
            None => None,
        };
        let (field, second) = fields?;
        let (source, share) = self.share(measure, source);
        let measure = ir::Measure {
            kind,
            source,
            field,
            second,
            share,
            over: over?,
            test: test?,
            enough: match enough {
                Some(enough) => Some(enough?),
                None => None,
            },
        };
        Some(Triggered { trigger: ir::Trigger::Measure(measure), key: key? })
    }

    /// For a share the condition picks the share, not the sample.
    fn share(&mut self, measure: &tree::Measure, source: ir::Source) -> (ir::Source, Option<Condition>) {
        if measure.kind.node != MeasureKind::Share {
            return (source, None);
        }
        if measure.source.filter.is_none() {
            let name = &measure.source.signal.node;
            self.report(
                Diagnostic::error(codes::MEASURE_TYPE, measure.span, "a share needs `where`: which of them?")
                    .help(format!("write `share of {name} where …`")),
            );
        }
        (ir::Source { signal: source.signal, filter: None }, source.filter)
    }

    fn measured_fields(
        &mut self,
        measure: &tree::Measure,
        signal: SignalNo,
    ) -> Option<(Option<FieldNo>, Option<FieldNo>)> {
        let field = measure.field.as_ref().map(|word| self.field(signal, word));
        let second = measure.second.as_ref().map(|word| self.field(signal, word));
        let all = |found: Option<Option<FieldNo>>| match found {
            Some(None) => None,
            Some(found) => Some(found),
            None => Some(None),
        };
        Some((all(field)?, all(second)?))
    }

    /// Finds the unit of a measure, or says that the field does not fit it.
    fn measured_in(
        &mut self,
        measure: &tree::Measure,
        signal: SignalNo,
        field: Option<FieldNo>,
        second: Option<FieldNo>,
    ) -> Option<MeasuredIn> {
        let kind = measure.kind.node;
        let fields = &self.vocabulary.signal_type(signal).fields;
        let ty = |number: FieldNo| fields[number.index()].ty.clone();
        let name = match &measure.field {
            Some(field) => format!("the {} of `{}`", kind.word(), field.node),
            None => format!("the {} of `{}`", kind.word(), measure.source.signal.node),
        };
        let number = |range, percent| Some(MeasuredIn { ty: Type::Number, range, percent, name: name.clone() });
        match (kind, field.map(ty)) {
            (MeasureKind::Count, _) => number(Some((0, i64::MAX)), false),
            (MeasureKind::Share, _) => number(Some((0, 100)), true),
            (MeasureKind::Nps, Some(Type::Score(Scale::Nps))) => number(Some((-100, 100)), false),
            (MeasureKind::Csat, Some(Type::Score(Scale::Csat))) => number(Some((0, 100)), true),
            (MeasureKind::Gap, Some(one)) => self.gap_unit(measure, one, second.map(ty), name),
            (MeasureKind::Sum, Some(Type::Number | Type::WholeNumber | Type::Score(_))) => number(None, false),
            (MeasureKind::Average | MeasureKind::Median, Some(Type::Number | Type::WholeNumber)) => number(None, false),
            (MeasureKind::Lowest | MeasureKind::Highest, Some(ty @ (Type::Number | Type::WholeNumber))) => {
                Some(MeasuredIn { ty, range: None, percent: false, name })
            }
            (MeasureKind::Average | MeasureKind::Median | MeasureKind::Lowest | MeasureKind::Highest, Some(ty))
                if matches!(ty, Type::Score(_) | Type::Duration(_) | Type::Money) =>
            {
                let range = match ty {
                    Type::Score(scale) => Some(scale.range()),
                    _ => None,
                };
                Some(MeasuredIn { ty, range, percent: false, name })
            }
            (MeasureKind::Sum, Some(ty @ (Type::Duration(_) | Type::Money))) => {
                Some(MeasuredIn { ty, range: None, percent: false, name })
            }
            (_, Some(ty)) => {
                self.does_not_fit(measure, &ty);
                None
            }
            (_, None) => None,
        }
    }

    fn gap_unit(
        &mut self,
        measure: &tree::Measure,
        one: Type,
        other: Option<Type>,
        name: String,
    ) -> Option<MeasuredIn> {
        let other = other?;
        let same = match (&one, &other) {
            (Type::Score(one), Type::Score(other)) => one == other,
            (Type::Duration(_), Type::Duration(_)) => true,
            (Type::Number | Type::WholeNumber, Type::Number | Type::WholeNumber) => true,
            _ => false,
        };
        if !same {
            let (this, that) = (describe(self.vocabulary, &one), describe(self.vocabulary, &other));
            let message = format!("a gap is measured between two fields of one scale, and these are {this} and {that}");
            self.report(
                Diagnostic::error(codes::MEASURE_TYPE, measure.span, message)
                    .help("choose two fields of the same type"),
            );
            return None;
        }
        let range = match one {
            Type::Score(scale) => Some((scale.range().0 - scale.range().1, scale.range().1 - scale.range().0)),
            _ => None,
        };
        let ty = if matches!(one, Type::Duration(_)) { one } else { Type::Number };
        Some(MeasuredIn { ty, range, percent: false, name })
    }

    fn does_not_fit(&mut self, measure: &tree::Measure, ty: &Type) {
        let kind = measure.kind.node.word();
        let what = describe(self.vocabulary, ty);
        let field = measure.field.as_ref().map_or("", |field| &field.node);
        let span = measure.field.as_ref().map_or(measure.span, |field| field.span);
        let wants = match measure.kind.node {
            MeasureKind::Nps => "an nps score",
            MeasureKind::Csat => "a csat score",
            MeasureKind::Lowest
            | MeasureKind::Highest
            | MeasureKind::Average
            | MeasureKind::Median
            | MeasureKind::Sum => "a number, a score, a duration or an amount",
            _ => "two fields of one scale",
        };
        let signal =
            self.vocabulary.signal(&measure.source.signal.node).map(|number| self.vocabulary.signal_type(number));
        let signals =
            signal.map_or(&*measure.source.signal.node, |signal| signal.plural.as_deref().unwrap_or(&signal.name));
        let help = match (ty, measure.kind.node) {
            (Type::Score(Scale::Nps), MeasureKind::Csat) => "write `nps of …`, or `average of …`".to_owned(),
            (Type::Score(Scale::Csat), MeasureKind::Nps) => "write `csat of …`, or `average of …`".to_owned(),
            (Type::Score(_) | Type::Number | Type::WholeNumber | Type::Duration(_) | Type::Money, _) => {
                "write `average of …`".to_owned()
            }
            _ => format!("write `share of {signals} where {field} is …`"),
        };
        let message = format!("`{kind}` is measured of {wants}, and `{field}` is {what}");
        self.report(Diagnostic::error(codes::MEASURE_TYPE, span, message).label(what).help(help));
    }

    fn measure_test(&mut self, test: &tree::MeasureTest, unit: &MeasuredIn) -> Option<MeasureTest> {
        match test {
            tree::MeasureTest::Level(predicate) => self.level_test(predicate, unit),
            tree::MeasureTest::Previous { op: order, by, unit: of, side, before } => {
                let before = self.plain_length(before, "the period before");
                let by = self.difference(by, of, unit, side.node);
                let order = match order.node {
                    Order::AtLeast | Order::MoreThan => order.node,
                    _ => {
                        let message = "a difference is `at least` or `more than` so many points";
                        self.report(
                            Diagnostic::error(codes::MEASURE_TEST, order.span, message).help("write `is at least …`"),
                        );
                        return None;
                    }
                };
                Some(MeasureTest::Previous { order, by: by?, unit: of.node, side: side.node, before: before? })
            }
        }
    }

    fn level_test(&mut self, predicate: &Spanned<Predicate>, unit: &MeasuredIn) -> Option<MeasureTest> {
        match &predicate.node {
            Predicate::Compare { order, to } => {
                self.ordered(*order, predicate.span, Some(&unit.ty), &unit.name)?;
                let level = self.level(to, unit)?;
                Some(MeasureTest::Level(strict(*order), Operand::Literal(level)))
            }
            Predicate::Between(from, to) => {
                let (low, high) = (self.level(from, unit), self.level(to, unit));
                let (low, high) = (low?, high?);
                if low > high {
                    let (one, other) = (sentence::operand(from), sentence::operand(to));
                    self.report(
                        Diagnostic::error(
                            codes::REVERSED,
                            predicate.span,
                            format!("nothing is between {one} and {other}"),
                        )
                        .label("the smaller one comes first")
                        .help(format!("write `is between {other} and {one}`")),
                    );
                    return None;
                }
                Some(MeasureTest::Between(Operand::Literal(low), Operand::Literal(high)))
            }
            other => {
                let message = "a measure is held against a level it is over, under or between";
                let help = match other {
                    Predicate::Is { negated: false, to } => {
                        let to = sentence::operand(to);
                        format!("write `is at least {to}` or `is at most {to}`")
                    }
                    _ => "write `is less than …`, `is at least …` or `is between … and …`".to_owned(),
                };
                self.report(Diagnostic::error(codes::MEASURE_TEST, predicate.span, message).help(help));
                None
            }
        }
    }

    /// A level in the measure's unit and range.
    fn level(&mut self, operand: &tree::Operand, unit: &MeasuredIn) -> Option<Value> {
        if let OperandKind::Number(number) = &operand.kind
            && unit.percent
            && *number > Number::ZERO
            && *number < Number::from_whole(1)
        {
            let message = format!("{} is counted in percent, and {number} of one is hardly meant", unit.name);
            let hundredfold = Number::from_billionths(number.billionths() * 100);
            let help = format!("write `{hundredfold} percent`; less than one in a hundred is `{number} percent`");
            self.report(Diagnostic::error(codes::MISSING_UNIT, operand.span, message).help(help));
            return None;
        }
        let written = match &operand.kind {
            OperandKind::Percent(number) if unit.percent => Value::Number(*number),
            OperandKind::Number(number) if unit.range.is_some() => Value::Number(*number),
            _ => self.literal(operand, Beside::compared(Some(&unit.ty), &unit.name))?,
        };
        if let (Value::Number(number), Some((lowest, highest))) = (&written, unit.range) {
            self.in_range(*number, lowest, highest, operand.span, unit)?;
        }
        Some(written)
    }

    fn in_range(&mut self, number: Number, lowest: i64, highest: i64, span: Span, unit: &MeasuredIn) -> Option<()> {
        if number >= Number::from_whole(lowest) && number <= Number::from_whole(highest) {
            return Some(());
        }
        let name = &unit.name;
        let (goes, help) = match highest {
            i64::MAX => ("is never negative".to_owned(), "write a number from 0".to_owned()),
            _ => (format!("goes from {lowest} to {highest}"), format!("write a number from {lowest} to {highest}")),
        };
        self.report(
            Diagnostic::error(codes::OUT_OF_SCALE, span, format!("{name} {goes}, and this is {number}")).help(help),
        );
        None
    }

    /// By how much the measure has to differ.
    fn difference(
        &mut self,
        by: &Spanned<Number>,
        of: &Spanned<DifferenceUnit>,
        unit: &MeasuredIn,
        side: Side,
    ) -> Option<Number> {
        if by.node <= Number::ZERO {
            let message = "a difference is more than zero";
            let other = if side == Side::Under { "above" } else { "below" };
            let help = format!("write a positive number; `{other}` says the other direction");
            self.report(Diagnostic::error(codes::MEASURE_TEST, by.span, message).help(help));
            return None;
        }
        let widest = match (of.node, unit.range, side) {
            (DifferenceUnit::Points, Some((lowest, highest)), _) if highest < i64::MAX => highest - lowest,
            (DifferenceUnit::Percent, Some((0.., _)), Side::Under) => 100,
            _ => return Some(by.node),
        };
        if by.node > Number::from_whole(widest) {
            let message = format!("{} never differs by more than {widest}", unit.name);
            self.report(
                Diagnostic::error(codes::OUT_OF_SCALE, by.span, message).help(format!("write a number up to {widest}")),
            );
            return None;
        }
        Some(by.node)
    }

    fn enough(&mut self, enough: &tree::Enough, measured: SignalNo, has_previous: bool) -> Option<Enough> {
        let signal = self.signal(&enough.signal, true)?;
        self.many_of(&enough.at_least, &enough.signal);
        let kind = self.vocabulary.signal_type(measured);
        if signal != measured {
            let right = kind.plural.as_ref().unwrap_or(&kind.name);
            let message = format!("the sample is counted in `{}`, which is what is measured", kind.name);
            self.report(Diagnostic::error(codes::ENOUGH, enough.signal.span, message).help(format!("write `{right}`")));
            return None;
        }
        if enough.both_periods && !has_previous {
            let message = "`in both periods` needs a period before to compare with";
            self.report(Diagnostic::error(codes::ENOUGH, enough.span, message).help("leave `in both periods` out"));
            return None;
        }
        let at_least = u32::try_from(enough.at_least.node).ok().filter(|number| *number > 0);
        if at_least.is_none() {
            let message = "a sample of at least 1 is meant";
            self.report(Diagnostic::error(codes::ENOUGH, enough.at_least.span, message).help("write a number from 1"));
        }
        Some(Enough { at_least: at_least?, both_periods: enough.both_periods })
    }
}

/// Returns how far back a measure looks, nominally.
pub fn reach(measure: &ir::Measure) -> jiff::SignedDuration {
    let before = match &measure.test {
        MeasureTest::Previous { before, .. } => before.nominal(),
        _ => Length::Days(0).nominal(),
    };
    measure.over.nominal().saturating_add(before)
}
