//! Types and lists as words for messages.

use crate::vocabulary::{Scale, Type, Unit, Vocabulary};

/// Returns what a type holds, with its article: `a duration in minutes`.
pub fn describe(vocabulary: &Vocabulary, ty: &Type) -> String {
    match ty {
        Type::Text => "a text".into(),
        Type::Number => "a number".into(),
        Type::WholeNumber => "a whole number".into(),
        Type::YesNo => "a yes or no".into(),
        Type::Duration(unit) => format!("a duration in {}", unit_word(*unit)),
        Type::Money => "an amount of money".into(),
        Type::Date => "a date".into(),
        Type::Time => "a time of day".into(),
        Type::Language => "a language".into(),
        Type::Email => "a mail address".into(),
        Type::TimeZone => "a time zone".into(),
        Type::OneOf(words) => format!("one of {}", words.join(", ")),
        Type::Touchpoint => "a touchpoint".into(),
        Type::Channel => "a channel".into(),
        Type::Thing(thing) => {
            let name = &vocabulary.thing_type(*thing).name;
            format!("{} {name}", article(name))
        }
        Type::Score(scale) => {
            let (lowest, highest) = scale.range();
            let name = scale_word(*scale);
            format!("{} {name} score from {lowest} to {highest}", article(name))
        }
    }
}

/// Returns the name of a scale as a vocabulary writes it.
pub fn scale_word(scale: Scale) -> &'static str {
    match scale {
        Scale::Nps => "nps",
        Scale::Csat => "csat",
        Scale::Ces { .. } => "ces",
        Scale::Stars => "stars",
    }
}

/// Returns a unit in the plural.
pub fn unit_word(unit: Unit) -> &'static str {
    match unit {
        Unit::Seconds => "seconds",
        Unit::Minutes => "minutes",
        Unit::Hours => "hours",
        Unit::Days => "days",
    }
}

/// Returns `a` or `an`.
pub fn article(word: &str) -> &'static str {
    match word.chars().next() {
        Some('a' | 'e' | 'i' | 'o' | 'A' | 'E' | 'I' | 'O') => "an",
        _ if word == "nps" => "an",
        _ => "a",
    }
}

/// Returns `a, b and c`.
pub fn listed<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}
