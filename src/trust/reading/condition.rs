//! Conditions and values in names: `score is at most 6`, `customer.segment is one of "gold", "silver"`.

use crate::ir::Order;
use crate::ir::expr::{Condition, Operand, Predicate, Test};
use crate::lang::format::sentence::{self, order, quoted};
use crate::trust::same;
use crate::value::Value;
use crate::vocabulary::Type;
use crate::vocabulary::typed::print_value;

use super::{Aspect, Clause, Reader};

impl Reader<'_> {
    /// Returns each guard as a clause. An `unless a or b` holds back where either does: it stays one.
    pub(super) fn guards(&self) -> Vec<Clause> {
        let mut clauses = vec![];
        for guard in &self.rule.guards {
            let word = if guard.unless { "unless" } else { "only if" };
            // `only if a and b` is `only if a` and `only if b`.
            let parts = if guard.unless { vec![&guard.condition] } else { parts(&guard.condition) };
            clauses.extend(parts.into_iter().map(|part| self.part(Aspect::Guard, word, part)));
        }
        clauses
    }

    /// Returns the parts of a condition as clauses.
    pub(super) fn conditions(&self, aspect: Aspect, condition: Option<&Condition>) -> Vec<Clause> {
        let parts = condition.map(parts).unwrap_or_default();
        parts.into_iter().map(|part| self.part(aspect, "", part)).collect()
    }

    fn part(&self, aspect: Aspect, word: &str, part: &Condition) -> Clause {
        let said = |text: String| if word.is_empty() { text } else { format!("{word} {text}") };
        let same = same::condition(part.clone());
        Clause { aspect, shown: said(self.condition(part)), same: said(self.in_order(&same)) }
    }

    pub(super) fn condition(&self, condition: &Condition) -> String {
        match condition {
            Condition::All(parts) => self.joined(parts, " and "),
            Condition::Any(parts) => self.joined(parts, " or "),
            Condition::Test(test) => self.test(test),
            Condition::Script(script, _) => format!("`{}`", script.text),
            Condition::Hours(hours) => {
                sentence::hours(hours.outside, &self.vocabulary.calendars[hours.calendar.index()].name)
            }
        }
    }

    /// The same with the parts in the order of their texts: numbers, which they are sorted by, change with the vocabulary.
    fn in_order(&self, condition: &Condition) -> String {
        let sorted = |parts: &[Condition], between: &str| {
            let mut texts: Vec<String> = parts.iter().map(|part| format!("({})", self.in_order(part))).collect();
            texts.sort();
            texts.join(between)
        };
        match condition {
            Condition::All(parts) => sorted(parts, " and "),
            Condition::Any(parts) => sorted(parts, " or "),
            other => self.condition(other),
        }
    }

    fn joined(&self, parts: &[Condition], between: &str) -> String {
        let text = |part: &Condition| match part {
            Condition::All(_) | Condition::Any(_) => format!("({})", self.condition(part)),
            _ => self.condition(part),
        };
        parts.iter().map(text).collect::<Vec<_>>().join(between)
    }

    fn test(&self, test: &Test) -> String {
        let ty = match &test.subject {
            Operand::Access(access) => Some(&access.ty),
            _ => None,
        };
        let subject = self.operand(&test.subject, None);
        let to = |operand: &Operand| self.operand(operand, ty);
        let not = |negated: &bool| if *negated { "not " } else { "" };
        let does = |negated: &bool, does: &str, not: &str| if *negated { not.to_owned() } else { does.to_owned() };
        let said = match &test.predicate {
            Predicate::Is { negated, to: other } => format!("is {}{}", not(negated), to(other)),
            Predicate::OneOf { negated, of } => {
                let of: Vec<String> = of.iter().map(to).collect();
                format!("is {}one of {}", not(negated), of.join(", "))
            }
            Predicate::Compare { order: how, to: other } => format!("is {} {}", in_time(*how, ty), to(other)),
            Predicate::Between(from, end) => format!("is between {} and {}", to(from), to(end)),
            Predicate::Present => "is present".into(),
            Predicate::Missing => "is missing".into(),
            Predicate::Days { negated, past, days, .. } => {
                let (side, unit) = (if *past { "last" } else { "next" }, if *days == 1 { "day" } else { "days" });
                format!("is {}in the {side} {days} {unit}", not(negated))
            }
            Predicate::Contains { negated, text } => {
                format!("{} {}", does(negated, "contains", "does not contain"), to(text))
            }
            Predicate::StartsWith { negated, text } => {
                format!("{} {}", does(negated, "starts with", "does not start with"), to(text))
            }
            Predicate::Mentions { negated, lexicon } => {
                let name = &self.vocabulary.lexicons.lists[lexicon.index()].name;
                format!("{} {name}", does(negated, "mentions", "does not mention"))
            }
        };
        format!("{subject} {said}")
    }

    /// Returns a value; a literal as one of type `ty` is written.
    pub(super) fn operand(&self, operand: &Operand, ty: Option<&Type>) -> String {
        match operand {
            Operand::Literal(value) => literal(value, ty),
            Operand::Access(access) => access.name.to_string(),
            Operand::Script(script, _) => format!("`{}`", script.text),
        }
    }
}

/// Returns a literal as it is written.
pub(super) fn literal(value: &Value, ty: Option<&Type>) -> String {
    match value {
        Value::Text(text) | Value::Id(text) => quoted(text),
        other => print_value(other, ty.unwrap_or(&Type::Text)),
    }
}

/// Of dates and times it is `before`, not `less than`.
fn in_time(how: Order, ty: Option<&Type>) -> &'static str {
    match (how, ty) {
        (Order::LessThan, Some(Type::Date | Type::Time)) => order(Order::Before),
        (Order::MoreThan, Some(Type::Date | Type::Time)) => order(Order::After),
        (how, _) => order(how),
    }
}

/// Returns what all has to hold.
fn parts(condition: &Condition) -> Vec<&Condition> {
    match condition {
        Condition::All(all) => all.iter().flat_map(parts).collect(),
        one => vec![one],
    }
}
