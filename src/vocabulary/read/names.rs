//! Names, and lengths of time, as a vocabulary writes them.

use jiff::SignedDuration;

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::yaml::node::{Key, Node};
use crate::lang::yaml::{read, slips};
use crate::number::Number;
use crate::suggest::nearest;
use crate::vocabulary::Unit;

use super::Reader;

/// Words that the language keeps for itself, in which a rule could not speak of a field.
const RESERVED: [&str; 12] =
    ["and", "or", "not", "is", "where", "when", "then", "unless", "within", "yes", "no", "first"];

const UNITS: [&str; 5] = ["seconds", "minutes", "hours", "days", "weeks"];

impl Reader {
    /// Checks that a key can be said in a rule. Says so where it cannot; the name is used all the same, so that
    /// nothing else is reported because of it.
    pub(super) fn name(&mut self, key: &Key, what: &str) {
        let name = key.text.as_str();
        let begins = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
        if !begins || !name.chars().all(|c| c.is_alphanumeric() || c == '_' || is_mark(c)) {
            let plain: String = name.trim().chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
            let help = match plain.chars().next() {
                Some(first) if first.is_alphabetic() => format!("write `{}`", plain.to_lowercase()),
                _ => "a name begins with a letter and has letters, digits and `_`".to_owned(),
            };
            let message = format!("`{name}` cannot be the name of a {what}");
            self.say(Diagnostic::error(codes::BAD_WORD, key.span, message).help(help));
        } else if RESERVED.contains(&name) {
            let message = format!("`{name}` is a word of the language and cannot be the name of a {what}");
            let help = "choose a name that says what it is about";
            self.say(Diagnostic::error(codes::TAKEN_NAME, key.span, message).help(help));
        }
    }

    /// Reads a length of elapsed time such as `2 minutes` or `30 days` (of 24 hours each).
    pub(super) fn length(&mut self, node: &Node, what: &str) -> Option<SignedDuration> {
        let text = self.keep(read::expect_text(node, what))?;
        let words: Vec<&str> = text.split_whitespace().collect();
        let help = match words[..] {
            _ if let Some(right) = slips::with_point(text) => format!("write `{right}`"),
            [count, unit] => match (count.parse::<Number>(), unit_seconds(&unit.to_lowercase())) {
                (Ok(count), Some((unit, times))) if count >= Number::ZERO => {
                    let scaled = Number::from_billionths(count.billionths().saturating_mul(times));
                    return unit.times(scaled);
                }
                (Ok(_), None) => match nearest(unit, UNITS.into_iter()) {
                    Some(near) => format!("did you mean `{count} {near}`?"),
                    None => format!("write a number and a unit: {}", UNITS.join(", ")),
                },
                _ => "write a number and a unit, such as `2 minutes`".to_owned(),
            },
            [count] if count.parse::<Number>().is_ok() => format!("say the unit: `{count} minutes`, `{count} days`"),
            _ => "write a number and a unit, such as `2 minutes`".to_owned(),
        };
        let message = format!("`{text}` is not a length of time");
        self.say(Diagnostic::error(codes::BAD_LENGTH, node.span, message).help(help));
        None
    }
}

fn unit_seconds(word: &str) -> Option<(Unit, i128)> {
    match word {
        "week" | "weeks" => Some((Unit::Days, 7)),
        _ => Unit::named(word).map(|unit| (unit, 1)),
    }
}

/// Tells whether `c` is a combining mark, which many alphabets write their letters with.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}')
}
