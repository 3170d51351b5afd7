//! What is said of dates and scores: `is in the next 60 days`, `is a detractor`.

use crate::clock::Length;
use crate::compile::lower::Lower;
use crate::compile::words::describe;
use crate::ir::expr::{Operand, Predicate};
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::format::sentence;
use crate::lang::source::Span;
use crate::lang::tree::{self, LengthUnit, Order};
use crate::number::Number;
use crate::suggest::nearest;
use crate::value::Value;
use crate::vocabulary::{Scale, Type};

/// The groups of an nps score with the lowest and the highest of each.
const NPS: [(&str, i64, i64); 3] = [("detractor", 0, 6), ("passive", 7, 8), ("promoter", 9, 10)];

impl Lower<'_> {
    /// Returns how many days a date may be away.
    pub(super) fn days_of_a_date(
        &mut self,
        length: &tree::Length,
        span: Span,
        ty: Option<&Type>,
        name: &str,
    ) -> Option<u32> {
        if let Some(ty) = ty.filter(|ty| **ty != Type::Date) {
            let what = describe(self.vocabulary, ty);
            let message = format!("`is in the next …` is for dates, and `{name}` is {what}");
            let help = match ty {
                Type::Duration(_) => format!("write `{name} is at most {}`", sentence::length(length)),
                _ => format!("write `{name} is …`"),
            };
            self.report(Diagnostic::error(codes::WRONG_PREDICATE, span, message).help(help));
            return None;
        }
        match self.plain_length(length, "the time to a date")? {
            Length::Days(days) => Some(days),
            Length::Elapsed(_) => {
                let hours = if length.unit == LengthUnit::Hours { length.amount.whole() } else { 0 };
                let days = (hours + 23).div_euclid(24).max(1);
                let days = format!("{days} day{}", if days == 1 { "" } else { "s" });
                let message = "a date is a whole day, and has no time of day";
                self.report(Diagnostic::error(codes::BROKEN_DAY, length.span, message).help(format!("write `{days}`")));
                None
            }
        }
    }

    /// Returns what a word of a scale says of a score: one comparison, or the two of which one holds.
    pub(super) fn scale(
        &mut self,
        negated: bool,
        word: &tree::Word,
        ty: Option<&Type>,
        span: Span,
        name: &str,
    ) -> Option<Vec<Predicate>> {
        if ty != Some(&Type::Score(Scale::Nps)) {
            let what = ty.map_or("what a script gives".to_owned(), |ty| describe(self.vocabulary, ty));
            let known = NPS.iter().any(|(group, ..)| *group == word.node);
            let message = match known {
                true => format!("only an nps score makes a {}, and `{name}` is {what}", word.node),
                false => format!("`is a {}` says nothing of `{name}`, which is {what}", word.node),
            };
            let help = match ty {
                Some(ty) => format!("write what it has to be, such as `{name} is {}`", super::value::example(ty)),
                None => format!("compare it: `{name} is at most 6`"),
            };
            self.report(Diagnostic::error(codes::WRONG_PREDICATE, span, message).help(help));
            return None;
        }
        let Some((_, low, high)) = NPS.iter().find(|(group, ..)| *group == word.node) else {
            let help = match nearest(&word.node, NPS.iter().map(|(group, ..)| *group)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write `a detractor` (0 to 6), `passive` (7 and 8) or `a promoter` (9 and 10)".to_owned(),
            };
            let message = format!("`{}` is no group of an nps score", word.node);
            self.report(Diagnostic::error(codes::UNKNOWN_WORD, word.span, message).help(help));
            return None;
        };
        let level = |level: i64| Operand::Literal(Value::Number(Number::from_whole(level)));
        let is = |order, to: i64| Predicate::Compare { order, to: level(to) };
        let (lowest, highest) = Scale::Nps.range();
        Some(match (negated, *low == lowest, *high == highest) {
            (false, true, _) => vec![is(Order::AtMost, *high)],
            (false, _, true) => vec![is(Order::AtLeast, *low)],
            (false, ..) => vec![Predicate::Between(level(*low), level(*high))],
            (true, true, _) => vec![is(Order::MoreThan, *high)],
            (true, _, true) => vec![is(Order::LessThan, *low)],
            (true, ..) => vec![is(Order::LessThan, *low), is(Order::MoreThan, *high)],
        })
    }
}
