//! The clauses of `when`, and the whole of it in one sentence.

use crate::ir::expr::Operand;
use crate::ir::{DifferenceUnit, Measure, MeasureKind, MeasureTest, Side, Source, Trigger};
use crate::lang::format::sentence::order;
use crate::number::Number;
use crate::value::Value;
use crate::vocabulary::{FieldNo, SignalNo, Type};

use super::{Aspect, Clause, Reader, length, schedule};

/// Returns which of the eight shapes a trigger has.
pub fn shape(trigger: &Trigger) -> &'static str {
    match trigger {
        Trigger::Each(_) => "each signal",
        Trigger::Reading { .. } => "a reading",
        Trigger::Count { .. } => "a count",
        Trigger::Sequence { .. } => "a sequence",
        Trigger::Absence { .. } => "an absence",
        Trigger::Measure(_) => "a measure",
        Trigger::Schedule(_) => "a schedule",
    }
}

impl Reader<'_> {
    pub(super) fn when(&self) -> Vec<Clause> {
        let mut clauses = vec![];
        let mut say = |aspect, text: String| clauses.push(Clause { aspect, same: text.clone(), shown: text });
        say(Aspect::When, shape(&self.rule.trigger).to_owned());
        match &self.rule.trigger {
            Trigger::Each(source) => say(Aspect::Signal, self.signal(source.signal)),
            Trigger::Reading { source, field, side, line, clears, stays_for } => {
                say(Aspect::Signal, self.signal(source.signal));
                say(Aspect::Measured, self.field(source.signal, *field));
                let ty = self.ty(source.signal, *field);
                let over = if *side == Side::Over { "over" } else { "under" };
                say(Aspect::Line, format!("{over} {}", self.operand(line, Some(ty))));
                if let Some(clears) = clears {
                    let under = if *side == Side::Over { "under" } else { "over" };
                    say(Aspect::Clears, format!("{under} {}", self.operand(clears, Some(ty))));
                }
                if let Some(stays) = stays_for {
                    say(Aspect::Stays, length(*stays));
                }
            }
            Trigger::Count { source, at_least, different, within } => {
                say(Aspect::Signal, self.signal(source.signal));
                say(Aspect::AtLeast, at_least.to_string());
                if let Some(field) = different {
                    say(Aspect::Different, self.name(source.signal, *field));
                }
                say(Aspect::Window, length(*within));
            }
            Trigger::Sequence { first, then, within } => {
                say(Aspect::Signal, self.signal(first.signal));
                say(Aspect::Answer, self.signal(then.signal));
                say(Aspect::Window, length(*within));
            }
            Trigger::Absence { first, then, within } => {
                say(Aspect::Signal, self.signal(first.signal));
                say(Aspect::Answer, self.signal(then.signal));
                say(Aspect::Window, self.delay(*within));
            }
            Trigger::Measure(measure) => {
                say(Aspect::Measured, self.measured(measure));
                say(Aspect::Window, length(measure.over));
                say(Aspect::Test, self.measure_test(measure));
                if let Some(enough) = measure.enough {
                    let both = if enough.both_periods { " in both periods" } else { "" };
                    say(Aspect::Enough, format!("{}{both}", enough.at_least));
                }
            }
            Trigger::Schedule(when) => say(Aspect::Runs, schedule(when)),
        }
        clauses.extend(self.filters());
        clauses
    }

    fn filters(&self) -> Vec<Clause> {
        let of = |aspect, source: &Source| self.conditions(aspect, source.filter.as_ref());
        match &self.rule.trigger {
            Trigger::Each(source) | Trigger::Reading { source, .. } | Trigger::Count { source, .. } => {
                of(Aspect::Where, source)
            }
            Trigger::Sequence { first, then, .. } | Trigger::Absence { first, then, .. } => {
                let mut clauses = of(Aspect::Where, first);
                clauses.extend(of(Aspect::AnswerWhere, then));
                clauses
            }
            Trigger::Measure(measure) => {
                let mut clauses = of(Aspect::Where, &measure.source);
                clauses.extend(self.conditions(Aspect::Share, measure.share.as_ref()));
                clauses
            }
            Trigger::Schedule(_) => vec![],
        }
    }

    fn signal(&self, signal: SignalNo) -> String {
        self.vocabulary.signal_type(signal).name.to_string()
    }

    fn name(&self, signal: SignalNo, field: FieldNo) -> String {
        self.vocabulary.signal_type(signal).fields[field.index()].name.to_string()
    }

    fn ty(&self, signal: SignalNo, field: FieldNo) -> &Type {
        &self.vocabulary.signal_type(signal).fields[field.index()].ty
    }

    fn field(&self, signal: SignalNo, field: FieldNo) -> String {
        format!("{}.{}", self.signal(signal), self.name(signal, field))
    }

    fn measured(&self, measure: &Measure) -> String {
        let signal = measure.source.signal;
        let of = measure.field.map_or_else(|| self.signal(signal), |field| self.field(signal, field));
        match measure.second {
            Some(second) => format!("gap between {of} and {}", self.field(signal, second)),
            None => format!("{} of {of}", measure.kind.word()),
        }
    }

    fn measure_test(&self, measure: &Measure) -> String {
        let ty = measure.field.map(|field| self.ty(measure.source.signal, field));
        let level = |operand: &Operand| match (measure.kind, operand) {
            (MeasureKind::Share, Operand::Literal(Value::Number(level))) => format!("{level} percent"),
            _ => self.operand(operand, ty),
        };
        match &measure.test {
            MeasureTest::Level(how, to) => format!("{} {}", order(*how), level(to)),
            MeasureTest::Between(low, high) => format!("between {} and {}", level(low), level(high)),
            MeasureTest::Previous { order: how, by, unit, side, before } => {
                let side = if *side == Side::Over { "above" } else { "below" };
                let by = difference(*by, *unit, ty);
                format!("{} {by} {side} the {} before", order(*how), length(*before))
            }
        }
    }

    /// Returns the whole of `when` in one sentence.
    pub(super) fn when_sentence(&self, clauses: &[Clause]) -> String {
        let of = |aspect| clauses.iter().find(|clause| clause.aspect == aspect).map_or("", |clause| &clause.shown);
        let all = |aspect| {
            let parts: Vec<&str> =
                clauses.iter().filter(|clause| clause.aspect == aspect).map(|clause| &*clause.shown).collect();
            if parts.is_empty() { String::new() } else { format!(" where {}", parts.join(" and ")) }
        };
        let filter = all(Aspect::Where);
        let with = |word: &str, aspect| match of(aspect) {
            "" => String::new(),
            text => format!(" {word}{text}"),
        };
        match &self.rule.trigger {
            Trigger::Each(_) => format!("{}{filter}", of(Aspect::Signal)),
            Trigger::Reading { .. } => {
                let verb = if of(Aspect::Stays).is_empty() { "goes" } else { "stays" };
                let stays = with("for ", Aspect::Stays);
                format!("{} {verb} {}{stays}{filter}", of(Aspect::Measured), of(Aspect::Line))
            }
            Trigger::Count { .. } => format!(
                "{} or more {}{filter}{} within {}",
                of(Aspect::AtLeast),
                of(Aspect::Signal),
                with("with different ", Aspect::Different),
                of(Aspect::Window)
            ),
            Trigger::Sequence { .. } | Trigger::Absence { .. } => {
                let not = if matches!(self.rule.trigger, Trigger::Absence { .. }) { "not " } else { "" };
                let (answer, answers) = (of(Aspect::Answer), all(Aspect::AnswerWhere));
                format!(
                    "{}{filter} {not}followed by {answer}{answers} within {}",
                    of(Aspect::Signal),
                    of(Aspect::Window)
                )
            }
            Trigger::Measure(_) => format!(
                "{}{}{filter} over the last {} is {}",
                of(Aspect::Measured),
                all(Aspect::Share),
                of(Aspect::Window),
                of(Aspect::Test)
            ),
            Trigger::Schedule(_) => of(Aspect::Runs).to_owned(),
        }
    }
}

/// Returns `15 points`, `20 percent`, `5 minutes`.
fn difference(by: Number, unit: DifferenceUnit, ty: Option<&Type>) -> String {
    let word = match (unit, ty) {
        (DifferenceUnit::Percent, _) => "percent",
        (DifferenceUnit::Points, Some(Type::Duration(unit))) => unit.plural(),
        (DifferenceUnit::Points, _) if by == Number::from_whole(1) => "point",
        (DifferenceUnit::Points, _) => "points",
    };
    format!("{by} {word}")
}
