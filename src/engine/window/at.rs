//! `At`: an instant in twelve bytes, and `Place`, one with its arrival in twenty.
//!
//! Windows keep instants by the million; a `Timestamp` takes sixteen bytes and is aligned like a word. Both are written as
//! the `Timestamp` they stand for. Left out: arithmetic, for which it is made a `Timestamp` again.

use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An instant as windows keep it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "Timestamp", into = "Timestamp")]
#[repr(Rust, packed(4))]
pub struct At {
    second: i64,
    nanosecond: i32,
}

impl From<Timestamp> for At {
    fn from(at: Timestamp) -> At {
        At { second: at.as_second(), nanosecond: at.subsec_nanosecond() }
    }
}

impl From<At> for Timestamp {
    fn from(at: At) -> Timestamp {
        Timestamp::new(at.second, at.nanosecond).expect("it was made from one")
    }
}

impl PartialEq<Timestamp> for At {
    fn eq(&self, other: &Timestamp) -> bool {
        *self == At::from(*other)
    }
}

impl PartialOrd<Timestamp> for At {
    fn partial_cmp(&self, other: &Timestamp) -> Option<Ordering> {
        Some(self.cmp(&At::from(*other)))
    }
}

impl PartialEq<At> for Timestamp {
    fn eq(&self, other: &At) -> bool {
        At::from(*self) == *other
    }
}

impl PartialOrd<At> for Timestamp {
    fn partial_cmp(&self, other: &At) -> Option<Ordering> {
        Some(At::from(*self).cmp(other))
    }
}

impl fmt::Debug for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&Timestamp::from(*self), f)
    }
}

/// Where a signal stands among the others of its key: by time, then by arrival (M1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(Rust, packed(4))]
pub struct Place {
    /// When it happened.
    pub at: At,
    /// In what order it came.
    pub arrival: u64,
}

impl Place {
    /// Returns the place of a signal that happened at an instant.
    pub fn new(at: Timestamp, arrival: u64) -> Place {
        Place { at: at.into(), arrival }
    }

    /// Returns when it happened.
    pub fn at(&self) -> Timestamp {
        self.at.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_what_they_stand_for_and_keep_their_order() {
        let nanoseconds =
            [i128::from(i64::MIN), -1_500_000_001, -1_000_000_000, -1, 0, 1, 999_999_999, 1_700_000_000_123_456_789];
        let instants = nanoseconds.map(|at| Timestamp::from_nanosecond(at).expect("within the calendar"));
        for one in instants.into_iter().chain([Timestamp::MIN, Timestamp::MAX]) {
            assert_eq!(Timestamp::from(At::from(one)), one);
            for other in instants {
                assert_eq!(At::from(one).cmp(&At::from(other)), one.cmp(&other));
                assert_eq!(At::from(one).partial_cmp(&other), Some(one.cmp(&other)));
                assert_eq!(one.partial_cmp(&At::from(other)), Some(one.cmp(&other)));
            }
        }
        assert_eq!((size_of::<At>(), size_of::<Place>()), (12, 20));
    }

    #[test]
    fn they_are_written_as_instants() {
        let at = Timestamp::from_second(1_700_000_000).expect("within the calendar");
        assert_eq!(postcard::to_stdvec(&Place::new(at, 7)), postcard::to_stdvec(&(at, 7u64)));
    }
}
