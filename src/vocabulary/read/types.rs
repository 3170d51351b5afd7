//! Types of fields and facts, as short sentences: `text, personal, optional`, `one of bronze, silver, gold`,
//! `duration in minutes`, `ces where 7 is easy`, `region`.
//!
//! A field is required unless it says `optional`; a touchpoint or channel is always optional.

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::yaml::node::{Key, Node};
use crate::lang::yaml::read;
use crate::suggest::nearest;
use crate::value::Str;
use crate::vocabulary::{Field, Scale, ThingNo, Type, Unit};

use super::Reader;

/// The words a type may begin with, things aside.
pub(super) const TYPES: [&str; 17] = [
    "text",
    "number",
    "whole number",
    "yes/no",
    "duration in minutes",
    "money",
    "date",
    "time",
    "language",
    "email",
    "time zone",
    "touchpoint",
    "channel",
    "nps",
    "csat",
    "ces where 7 is easy",
    "stars",
];

impl Reader {
    /// Reads the type of one field. What cannot be read is said, and the field marked so that nobody judges its use.
    pub(super) fn field(&mut self, key: &Key, node: &Node, things: &[Str]) -> Field {
        let name: Str = key.text.as_str().into();
        let mut field = Field { name, ty: Type::Text, optional: false, personal: false, unread: false };
        let Some(sentence) = self.keep(read::expect_text(node, &key.text)) else {
            (field.optional, field.unread) = (true, true);
            return field;
        };
        let mut parts: Vec<&str> = sentence.split(',').map(str::trim).collect();
        loop {
            match parts.last() {
                Some(&"optional") if parts.len() > 1 => field.optional = true,
                Some(&"personal") if parts.len() > 1 => field.personal = true,
                _ => break,
            }
            parts.pop();
        }
        match type_of(&parts, things, !self.is_full()) {
            Ok(ty) => {
                // Where and how it happened is context, which senders often cannot tell.
                field.optional |= matches!(ty, Type::Touchpoint | Type::Channel);
                field.ty = ty;
            }
            Err(Problem { code, message, help }) => {
                if code != codes::UNKNOWN_TYPE || !self.lost.contains(parts[0]) {
                    self.say(Diagnostic::error(code, node.span, message).help(help));
                }
                (field.optional, field.unread) = (true, true);
            }
        }
        field
    }
}

struct Problem {
    code: &'static str,
    message: String,
    help: String,
}

/// Reads a type; `suggest` is whether an unknown one is worth comparing with all names.
fn type_of(parts: &[&str], things: &[Str], suggest: bool) -> Result<Type, Problem> {
    let words = parts[0].split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some(first) = words.strip_prefix("one of ").or((words == "one of").then_some("")) {
        return one_of(first, &parts[1..]);
    }
    if let Some(first) = choice(&words) {
        let all: Vec<&str> = std::iter::once(first).chain(parts[1..].iter().copied()).collect();
        return Err(Problem {
            code: codes::UNKNOWN_TYPE,
            message: format!("unknown type `{words}`"),
            help: format!("did you mean `one of {}`?", all.join(", ")),
        });
    }
    let ty = simple(&words, things, suggest)?;
    match parts.get(1) {
        None => Ok(ty),
        Some(extra) => {
            let near = nearest(extra, ["optional", "personal"].into_iter());
            Err(Problem {
                code: codes::BAD_TYPE,
                message: format!("`{extra}` says nothing about a field"),
                help: match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("write the type alone, or add `optional` or `personal`: `{words}, optional`"),
                },
            })
        }
    }
}

fn simple(words: &str, things: &[Str], suggest: bool) -> Result<Type, Problem> {
    Ok(match words {
        "text" => Type::Text,
        "number" => Type::Number,
        "whole number" => Type::WholeNumber,
        "yes/no" | "yes or no" => Type::YesNo,
        "money" => Type::Money,
        "date" => Type::Date,
        "time" => Type::Time,
        "language" => Type::Language,
        "email" => Type::Email,
        "time zone" => Type::TimeZone,
        "touchpoint" => Type::Touchpoint,
        "channel" => Type::Channel,
        "nps" => Type::Score(Scale::Nps),
        "csat" => Type::Score(Scale::Csat),
        "stars" => Type::Score(Scale::Stars),
        _ => {
            if let Some(thing) = things.iter().position(|thing| **thing == *words) {
                return Ok(Type::Thing(ThingNo(thing as u16)));
            }
            let (first, rest) = words.split_once(' ').unwrap_or((words, ""));
            match first {
                "duration" => return duration(rest),
                "ces" => return ces(rest),
                _ => return Err(unknown(words, if suggest { things } else { &[] })),
            }
        }
    })
}

fn duration(rest: &str) -> Result<Type, Problem> {
    let unit = rest.strip_prefix("in ").and_then(Unit::named);
    unit.map(Type::Duration).ok_or_else(|| Problem {
        code: codes::BAD_TYPE,
        message: "a duration has to say its unit".to_owned(),
        help: "write `duration in seconds`, `… minutes`, `… hours` or `… days`: signals bring it as a number"
            .to_owned(),
    })
}

fn ces(rest: &str) -> Result<Type, Problem> {
    match rest {
        "where 7 is easy" => Ok(Type::Score(Scale::Ces { high_is_easy: true })),
        "where 7 is effort" => Ok(Type::Score(Scale::Ces { high_is_easy: false })),
        _ => Err(Problem {
            code: codes::CES_DIRECTION,
            message: "a customer effort score has to say what 7 means: surveys ask it both ways round".to_owned(),
            help: "write `ces where 7 is easy` or `ces where 7 is effort`".to_owned(),
        }),
    }
}

/// Returns what follows `one of`, or what people write for it, at the beginning of a type.
pub(super) fn choice(sentence: &str) -> Option<&str> {
    let (first, rest) = sentence.trim().split_once(' ')?;
    let (second, words) = rest.trim_start().split_once(' ').unwrap_or((rest, ""));
    let is = |word: &str, known: &[&str]| known.iter().any(|known| known.eq_ignore_ascii_case(word));
    if is(first, &["oneof", "one_of", "one-of", "anyof", "either", "enum", "choice"]) {
        return Some(rest.trim_start());
    }
    let meant = is(first, &["one", "on", "oen", "any", "some"]) && is(second, &["of", "off", "fo", "or", "from", "in"]);
    (meant && !words.trim().is_empty()).then(|| words.trim_start())
}

/// Reads the words of `one of a, b or c`.
fn one_of(first: &str, rest: &[&str]) -> Result<Type, Problem> {
    let mut words: Vec<Str> = Vec::new();
    let last = rest.len();
    for (place, part) in std::iter::once(&first).chain(rest).enumerate() {
        let pair = if place == last { part.split_once(" or ") } else { None };
        let (one, other) = pair.map_or((*part, None), |(one, other)| (one, Some(other)));
        for word in std::iter::once(one).chain(other) {
            let word = word.trim().trim_matches('"').trim();
            if word.is_empty() {
                return Err(Problem {
                    code: codes::BAD_TYPE,
                    message: "`one of` has an empty place in its list".to_owned(),
                    help: "write the words with commas between them: `one of bronze, silver, gold`".to_owned(),
                });
            }
            if words.iter().any(|earlier| **earlier == *word) {
                return Err(Problem {
                    code: codes::BAD_TYPE,
                    message: format!("`{word}` stands twice in `one of`"),
                    help: "delete one of them".to_owned(),
                });
            }
            words.push(word.into());
        }
    }
    Ok(Type::OneOf(words))
}

fn unknown(words: &str, things: &[Str]) -> Problem {
    let other = match words.to_lowercase().as_str() {
        "string" | "str" | "varchar" | "char" => Some("text"),
        "int" | "integer" | "long" => Some("whole number"),
        "float" | "double" | "decimal" => Some("number"),
        "bool" | "boolean" | "yes" | "no" => Some("yes/no"),
        "timezone" | "time_zone" | "tz" => Some("time zone"),
        "mail" | "e-mail" | "address" => Some("email"),
        "datetime" | "timestamp" | "day" => Some("date"),
        "enum" | "choice" => Some("one of …, …"),
        "rating" | "star" => Some("stars"),
        _ => None,
    };
    let near = other.or_else(|| nearest(words, TYPES.into_iter().chain(things.iter().map(|thing| &**thing))));
    Problem {
        code: codes::UNKNOWN_TYPE,
        message: format!("unknown type `{words}`"),
        help: match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("types are {}, `one of …`, or the name of a thing", read::quoted_list(&TYPES)),
        },
    }
}
