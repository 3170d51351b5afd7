//! `Value`: what one field of a signal, one fact of a thing or one literal of a rule holds.
//!
//! A missing value is a value (`Missing`), because "missing satisfies no comparison" (M13) is a rule of the
//! language and not an error. Left out: which values a field may hold; that is `vocabulary::Type`.

use std::fmt;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::{Date, Time};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::number::Number;

/// Shared immutable text. Cloning is a reference count.
pub type Str = Arc<str>;

/// An ISO 4217 currency code: three capital letters, within the value, because amounts are kept by the million.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Returns the currency of a code of three letters, in capitals or not; `None` for anything else.
    pub fn of(code: &str) -> Option<Currency> {
        let letters: [u8; 3] = code.as_bytes().try_into().ok()?;
        letters.iter().all(u8::is_ascii_alphabetic).then(|| Currency(letters.map(|letter| letter.to_ascii_uppercase())))
    }

    /// Returns the code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.code(), f)
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.code().serialize(to)
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Currency, D::Error> {
        let code = String::deserialize(from)?;
        Currency::of(&code).ok_or_else(|| D::Error::custom("a currency has three letters"))
    }
}

/// One value, in 24 bytes: signals are kept by the million. Equality is exact; text compares in rules through [`crate::vocabulary::text::fold`] (M14).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Value {
    /// Nothing was said.
    #[default]
    Missing,
    /// Free or listed text, as written by its sender.
    Text(Str),
    /// A number, a whole number or a score.
    Number(Number),
    /// Yes or no.
    YesNo(bool),
    /// A length of time.
    Duration(SignedDuration),
    /// An amount of money.
    Money(Number, Currency),
    /// A calendar day.
    Date(Date),
    /// A time of day.
    Time(Time),
    /// The id of a thing. Ids are exact: they are never folded.
    Id(Str),
}

impl Value {
    /// Tells whether nothing was said.
    pub fn is_missing(&self) -> bool {
        matches!(self, Value::Missing)
    }

    /// Returns the value, or `None` where it is missing.
    pub fn present(&self) -> Option<&Value> {
        (!self.is_missing()).then_some(self)
    }

    /// Returns the text of a text or an id.
    pub fn as_text(&self) -> Option<&Str> {
        match self {
            Value::Text(text) | Value::Id(text) => Some(text),
            _ => None,
        }
    }
}
