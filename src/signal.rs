//! `Signal`: one thing that happened at a touchpoint, checked against the vocabulary once and never again.
//!
//! `wire` reads one from a line of JSON, `line` reads the other lines of a feed: facts and what people did. Left
//! out: CloudEvents and HTTP, which hand the same objects to [`parse`].

mod line;
mod wire;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::SignalId;
use crate::value::{Str, Value};
use crate::vocabulary::typed::remap;
use crate::vocabulary::{FactNo, FieldNo, SignalNo, ThingNo, Vocabulary};

pub use line::{FeedLine, HumanLine, LineTarget, Verb, parse_line};
pub use wire::{Refused, parse};

/// Keys of a signal that no field may be named like.
pub const RESERVED_KEYS: [&str; 4] = ["id", "signal", "at", "source"];

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// What makes it known again.
    pub id: SignalId,
    /// Its kind.
    pub kind: SignalNo,
    /// When it happened.
    pub at: Timestamp,
    /// By field number: the things it is about, then its fields. As long as the kind's list of fields.
    pub fields: Vec<Value>,
}

/// What became known of a thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactChange {
    /// The kind of thing.
    pub thing: ThingNo,
    /// Which one.
    pub id: Str,
    /// Its facts; `Missing` forgets one.
    pub facts: Vec<(FactNo, Value)>,
}

impl Signal {
    /// Returns a field's value.
    pub fn field(&self, field: FieldNo) -> &Value {
        static MISSING: Value = Value::Missing;
        self.fields.get(field.index()).unwrap_or(&MISSING)
    }

    /// Moves a signal to another vocabulary, field by field name: `None` where its kind is gone; a field whose type has
    /// changed, or whose word is no longer listed, is missing.
    pub fn remap(&self, old: &Vocabulary, new: &Vocabulary) -> Option<Signal> {
        let was = old.signal_type(self.kind);
        let kind = new.signal(&was.name)?;
        let moved = |field: &crate::vocabulary::Field| match was.field(&field.name) {
            Some(number) => remap(self.field(number), (&was.fields[number.index()].ty, old), (&field.ty, new)),
            None => Value::Missing,
        };
        let fields = new.signal_type(kind).fields.iter().map(moved).collect();
        Some(Signal { id: self.id.clone(), kind, at: self.at, fields })
    }
}

impl FactChange {
    /// Moves a change of facts to another vocabulary by name: `None` where the thing is gone; facts that are gone, or
    /// whose type has changed, are left out.
    pub fn remap(&self, old: &Vocabulary, new: &Vocabulary) -> Option<FactChange> {
        let was = old.thing_type(self.thing);
        let thing = new.thing(&was.name)?;
        let is = new.thing_type(thing);
        let moved = |(number, value): &(FactNo, Value)| {
            let field = &was.facts[number.index()];
            let fact = is.fact(&field.name)?;
            let now = remap(value, (&field.ty, old), (&is.facts[fact.index()].ty, new));
            (now.is_missing() == value.is_missing()).then_some((fact, now))
        };
        Some(FactChange { thing, id: self.id.clone(), facts: self.facts.iter().filter_map(moved).collect() })
    }
}
