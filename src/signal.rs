//! `Signal`: one thing that happened at a touchpoint, checked against the vocabulary once and never again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::SignalId;
use crate::value::{Str, Value};
use crate::vocabulary::{FactNo, FieldNo, SignalNo, ThingNo};

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
}
