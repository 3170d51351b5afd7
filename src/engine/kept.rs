//! `Kept`: a signal as it is kept for later, in one piece of memory.
//!
//! What waits in windows waits by the million, and is looked at again only when a rule fires for it, an update comes or the
//! vocabulary changes. A whole [`Signal`] takes several allocations and some 400 bytes; its written form a quarter of that.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use triomphe::ThinArc;

use crate::id::SignalId;
use crate::signal::Signal;
use crate::value::Value;
use crate::vocabulary::SignalNo;

/// A signal in a written form, one word wide. Cloning is a reference count.
#[derive(Clone, PartialEq)]
pub struct Kept(ThinArc<(), u8>);

/// What is written. An instant in numbers takes a third of one in letters.
type Written<Id, Fields> = (Id, SignalNo, i64, i32, Fields);

impl Kept {
    /// Returns a signal as it is kept.
    pub fn of(signal: &Signal) -> Kept {
        let Signal { id, kind, at, fields } = signal;
        let written: Written<_, _> = (id, *kind, at.as_second(), at.subsec_nanosecond(), fields);
        let bytes = postcard::to_stdvec(&written).expect("a signal has no value that cannot be written");
        Kept(ThinArc::from_header_and_slice((), &bytes))
    }

    /// Returns the signal.
    pub fn signal(&self) -> Arc<Signal> {
        let read: Result<Written<SignalId, Vec<Value>>, _> = postcard::from_bytes(&self.0.slice);
        let (id, kind, second, nanosecond, fields) = read.expect("it was written by `of`");
        let at = Timestamp::new(second, nanosecond).expect("it was made from one");
        Arc::new(Signal { id, kind, at, fields })
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.signal().fmt(f)
    }
}

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.signal().serialize(to)
    }
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Kept, D::Error> {
        Signal::deserialize(from).map(|signal| Kept::of(&signal))
    }
}
