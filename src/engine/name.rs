//! `Name`: the id of a signal as windows keep it, one word wide and shared by all of them.
//!
//! A [`SignalId`] is two texts of two words each. Every window that a signal is in keeps its id, by the million: here it
//! takes one word a window and one piece of memory a signal. Left out: what a signal is known again by (`engine::seen`).

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use triomphe::ThinArc;

use crate::id::SignalId;

/// The id of a signal. Cloning is a reference count.
#[derive(Clone, PartialEq)]
pub struct Name(ThinArc<u32, u8>);

impl Name {
    /// Returns the name of a signal.
    pub fn of(id: &SignalId) -> Name {
        let (source, id) = (id.source.as_bytes(), id.id.as_bytes());
        // The length of the source parts the two; most senders name none.
        let text = if source.is_empty() { Cow::Borrowed(id) } else { Cow::Owned([source, id].concat()) };
        Name(ThinArc::from_header_and_slice(source.len() as u32, &text))
    }

    /// Returns the id.
    pub fn id(&self) -> SignalId {
        let (source, id) = self.texts();
        SignalId { source: source.into(), id: id.into() }
    }

    fn texts(&self) -> (&str, &str) {
        let (source, id) = self.0.slice.split_at(self.0.header.header as usize);
        let text = |bytes| std::str::from_utf8(bytes).expect("it was made of texts");
        (text(source), text(id))
    }
}

impl PartialEq<SignalId> for Name {
    fn eq(&self, other: &SignalId) -> bool {
        self.texts() == (&*other.source, &*other.id)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id().fmt(f)
    }
}

/// Written as the id it stands for.
impl Serialize for Name {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.id().serialize(to)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Name, D::Error> {
        SignalId::deserialize(from).map(|id| Name::of(&id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_id_it_was_made_of() {
        for (source, id) in [("", ""), ("", "1"), ("till", "1"), ("till1", ""), ("kasa 7 ż", "ąę")] {
            let id = SignalId { source: source.into(), id: id.into() };
            let name = Name::of(&id);
            assert_eq!((name.id(), &name), (id.clone(), &name.clone()));
            assert!(name == id);
            assert_eq!(postcard::to_stdvec(&name), postcard::to_stdvec(&id));
        }
        let one = Name::of(&SignalId { source: "a".into(), id: "bc".into() });
        let other = Name::of(&SignalId { source: "ab".into(), id: "c".into() });
        assert_ne!(one, other);
        assert_eq!(size_of::<Name>(), 8);
    }
}
