//! `At`: an instant in nine bytes, and `Place`, one with its arrival in fourteen.
//!
//! Windows keep instants by the million; a `Timestamp` takes sixteen bytes and is aligned like a word. Seconds from −9999 to
//! 9999 fit into five bytes, nanoseconds into four; with the highest byte first, bytes compare as instants do. Both are
//! written as the `Timestamp` they stand for. Left out: arithmetic, for which it is made a `Timestamp` again.

use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An instant as windows keep it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "Timestamp", into = "Timestamp")]
pub struct At([u8; 9]);

/// What is added to seconds so that none is negative.
const SHIFT: i64 = 1 << 39;
/// A second in nanoseconds.
const SECOND: i64 = 1_000_000_000;

impl At {
    /// Returns how many whole seconds lie between it and a later one; `None` where they are not whole, or too many.
    pub fn seconds_until(self, end: At) -> Option<u32> {
        let same = self.0[5..] == end.0[5..];
        u32::try_from(end.second() - self.second()).ok().filter(|_| same)
    }

    /// Returns the instant so many seconds later, which [`At::seconds_until`] has told.
    pub fn later(self, seconds: u32) -> At {
        let mut bytes = self.0;
        bytes[..5].copy_from_slice(&(self.second() + SHIFT + i64::from(seconds)).to_be_bytes()[3..]);
        At(bytes)
    }

    fn second(self) -> i64 {
        let mut second = [0; 8];
        second[3..].copy_from_slice(&self.0[..5]);
        i64::from_be_bytes(second) - SHIFT
    }
}

impl From<Timestamp> for At {
    fn from(at: Timestamp) -> At {
        let (mut second, mut nanosecond) = (at.as_second(), i64::from(at.subsec_nanosecond()));
        if nanosecond < 0 {
            // Before 1970 both are negative.
            (second, nanosecond) = (second - 1, nanosecond + SECOND);
        }
        let mut bytes = [0; 9];
        bytes[..5].copy_from_slice(&(second + SHIFT).to_be_bytes()[3..]);
        bytes[5..].copy_from_slice(&nanosecond.to_be_bytes()[4..]);
        At(bytes)
    }
}

impl From<At> for Timestamp {
    fn from(at: At) -> Timestamp {
        let mut nanosecond = [0; 4];
        nanosecond.copy_from_slice(&at.0[5..]);
        Timestamp::new(at.second(), i32::from_be_bytes(nanosecond)).expect("it was made from one")
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
pub struct Place {
    /// When it happened.
    pub at: At,
    arrival: Arrival,
}

/// In what order a signal came, the highest byte first. A million million arrivals are more than any store can hold.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "u64", into = "u64")]
struct Arrival([u8; 5]);

impl From<u64> for Arrival {
    fn from(number: u64) -> Arrival {
        let mut bytes = [0; 5];
        bytes.copy_from_slice(&number.min((1 << 40) - 1).to_be_bytes()[3..]);
        Arrival(bytes)
    }
}

impl From<Arrival> for u64 {
    fn from(arrival: Arrival) -> u64 {
        arrival.0.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        u64::from(*self).fmt(f)
    }
}

impl Place {
    /// Returns the place of a signal that happened at an instant.
    pub fn new(at: Timestamp, arrival: u64) -> Place {
        Place { at: at.into(), arrival: arrival.into() }
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
        assert_eq!((size_of::<At>(), size_of::<Place>()), (9, 14));
    }

    #[test]
    fn they_are_written_as_instants() {
        let at = Timestamp::from_second(1_700_000_000).expect("within the calendar");
        assert_eq!(postcard::to_stdvec(&Place::new(at, 7)), postcard::to_stdvec(&(at, 7u64)));
        assert!(Place::new(at, 255) < Place::new(at, 256) && Place::new(at, u64::MAX) > Place::new(at, 1 << 39));
    }
}
