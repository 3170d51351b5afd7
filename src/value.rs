//! `Value`: what one field of a signal, one fact of a thing or one literal of a rule holds.
//!
//! A missing value is a value (`Missing`), because "missing satisfies no comparison" (M13) is a rule of the
//! language and not an error. Left out: which values a field may hold; that is `vocabulary::Type`.

use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use crate::number::Number;

/// Shared immutable text. Cloning is a reference count.
pub type Str = Arc<str>;

/// One value. Equality is exact; text compares in rules through [`crate::vocabulary::text::fold`] (M14).
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
    /// An amount with its ISO 4217 currency code.
    Money(Number, Str),
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
