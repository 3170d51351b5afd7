//! Conditions, operands and lengths as they read in the DSL: one form, whatever was typed.
//!
//! `is over 5` comes out as `is more than 5`, `48h` as `48 hours`. Both syntaxes give the same text because the
//! text is written from the tree. Read [`condition`] first.

use std::fmt::Write;

use crate::lang::tree::{Condition, ConditionKind, Length, LengthUnit, Operand, OperandKind, Order, Path, Predicate};

/// Returns a condition as one line.
pub fn condition(condition: &Condition) -> String {
    match &condition.kind {
        ConditionKind::And(parts) => joined(parts, " and "),
        ConditionKind::Or(parts) => joined(parts, " or "),
        ConditionKind::Group(inner) => format!("({})", self::condition(inner)),
        ConditionKind::Name(name) => path(name),
        ConditionKind::Test(subject, predicate) => test(subject, &predicate.node),
        ConditionKind::Script(script) => format!("`{}`", script.node),
        ConditionKind::Hours { outside, calendar } => hours(*outside, &calendar.node),
    }
}

fn joined(parts: &[Condition], between: &str) -> String {
    parts.iter().map(condition).collect::<Vec<_>>().join(between)
}

/// Returns a subject and what is said of it: `score is at most 6`.
pub fn test(subject: &Operand, predicate: &Predicate) -> String {
    format!("{} {}", operand(subject), self::predicate(predicate))
}

/// Returns what is said of a subject: `is at most 6`.
pub fn predicate(predicate: &Predicate) -> String {
    let not = |negated: &bool| if *negated { "not " } else { "" };
    match predicate {
        Predicate::Is { negated, to } => format!("is {}{}", not(negated), operand(to)),
        Predicate::OneOf { negated, of } => {
            let of: Vec<String> = of.iter().map(operand).collect();
            format!("is {}one of {}", not(negated), of.join(", "))
        }
        Predicate::Compare { order, to } => format!("is {} {}", self::order(*order), operand(to)),
        Predicate::Between(from, to) => format!("is between {} and {}", operand(from), operand(to)),
        Predicate::Present => "is present".into(),
        Predicate::Missing => "is missing".into(),
        Predicate::Contains { negated: false, text } => format!("contains {}", operand(text)),
        Predicate::Contains { negated: true, text } => format!("does not contain {}", operand(text)),
        Predicate::StartsWith { negated: false, text } => format!("starts with {}", operand(text)),
        Predicate::StartsWith { negated: true, text } => format!("does not start with {}", operand(text)),
        Predicate::Days { negated, past, length: days } => {
            format!("is {}in the {} {}", not(negated), if *past { "last" } else { "next" }, length(days))
        }
        Predicate::Scale { negated, word } => {
            // One is a detractor, and passive.
            let article = if word.node == "passive" { "" } else { "a " };
            format!("is {}{article}{}", not(negated), word.node)
        }
        Predicate::Mentions { negated: false, lexicon } => format!("mentions {}", lexicon.node),
        Predicate::Mentions { negated: true, lexicon } => format!("does not mention {}", lexicon.node),
    }
}

/// Returns `outside business_hours`, `within business_hours`.
pub fn hours(outside: bool, calendar: &str) -> String {
    format!("{} {calendar}", if outside { "outside" } else { "within" })
}

/// Returns the words of an order: `at least`.
pub fn order(order: Order) -> &'static str {
    match order {
        Order::AtLeast => "at least",
        Order::AtMost => "at most",
        Order::MoreThan => "more than",
        Order::LessThan => "less than",
        Order::Before => "before",
        Order::After => "after",
    }
}

/// Returns an operand as it is written.
pub fn operand(operand: &Operand) -> String {
    match &operand.kind {
        OperandKind::Path(name) => path(name),
        OperandKind::Text(text) => quoted(text),
        OperandKind::Number(number) => number.to_string(),
        OperandKind::Length(written) => length(written),
        OperandKind::Percent(number) => format!("{number} percent"),
        OperandKind::Money(amount, currency) => format!("{amount} {currency}"),
        OperandKind::Date(date) => date.to_string(),
        OperandKind::Time(time) => time.strftime("%H:%M").to_string(),
        OperandKind::YesNo(true) => "yes".into(),
        OperandKind::YesNo(false) => "no".into(),
        OperandKind::Script(script) => format!("`{script}`"),
    }
}

/// Returns a path with its dots.
pub fn path(path: &Path) -> String {
    let mut text = String::new();
    for (place, word) in path.words.iter().enumerate() {
        if place > 0 {
            text.push('.');
        }
        text.push_str(&word.node);
    }
    text
}

/// Returns a length with its unit in full: `1 business day of support_desk`.
pub fn length(length: &Length) -> String {
    let one = length.amount == crate::number::Number::from_whole(1);
    let (business, unit) = match length.unit {
        LengthUnit::Seconds => ("", "second"),
        LengthUnit::Minutes => ("", "minute"),
        LengthUnit::Hours => ("", "hour"),
        LengthUnit::Days => ("", "day"),
        LengthUnit::Weeks => ("", "week"),
        LengthUnit::BusinessMinutes => ("business ", "minute"),
        LengthUnit::BusinessHours => ("business ", "hour"),
        LengthUnit::BusinessDays => ("business ", "day"),
    };
    let mut text = format!("{} {business}{unit}{}", length.amount, if one { "" } else { "s" });
    if let Some(calendar) = &length.calendar {
        let _ = write!(text, " of {}", calendar.node);
    }
    text
}

/// Returns a text in straight quotes, with what would end it early escaped.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}
