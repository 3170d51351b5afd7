//! `Kept`: a signal as it is kept for later, in one piece of memory.
//!
//! What waits in windows waits by the million, and is looked at again only when a rule fires for it, an update comes or the
//! vocabulary changes. A whole [`Signal`] takes several allocations and some 400 bytes; its written form a quarter of that.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::signal::Signal;

/// A signal in its written form. Cloning is a reference count.
#[derive(Clone, PartialEq)]
pub struct Kept(Arc<[u8]>);

impl Kept {
    /// Returns a signal as it is kept.
    pub fn of(signal: &Signal) -> Kept {
        let bytes = postcard::to_stdvec(signal).expect("a signal has no value that cannot be written");
        Kept(bytes.into())
    }

    /// Returns the signal.
    pub fn signal(&self) -> Arc<Signal> {
        Arc::new(postcard::from_bytes(&self.0).expect("it was written by `of`"))
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
