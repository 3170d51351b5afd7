//! What a rule has seen, and the windows over it (M1): whole history in a list, looked through from the start each time.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use touchline::clock::Length;
use touchline::id::RuleId;
use touchline::signal::Signal;
use touchline::value::Value;

use super::eval::folded;

/// One signal that passed a rule's `where` and has its key; frozen as it was then (M11).
#[derive(Clone, Debug)]
pub struct Seen {
    /// The number of its arrival: signals of equal time are ordered by it (M1).
    pub arrival: u64,
    /// When it came, by the engine's clock.
    pub came: Timestamp,
    pub at: Timestamp,
    pub key: Vec<Value>,
    pub signal: Arc<Signal>,
    pub part: Part,
    /// Whether it has been part of an episode, used up (an A), or has fired (a B).
    pub spent: bool,
    /// An absence's A: when a B is too late, and when that is judged (M5).
    pub ends: Timestamp,
    pub judged: Timestamp,
    /// The rules that led to it (M20).
    pub chain: Vec<RuleId>,
    /// For `share of`: whether it is in the share, as it was at its place.
    pub in_share: bool,
}

/// Which of a rule's two signals it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    First,
    Then,
}

impl Seen {
    /// Its place in time (M1).
    pub fn place(&self) -> (Timestamp, u64) {
        (self.at, self.arrival)
    }
}

/// The places in `list` of what was seen of a key, in order of time.
pub fn of_key(list: &[Seen], key: &[Value], part: Part) -> Vec<usize> {
    let mut places: Vec<usize> = (0..list.len()).filter(|i| list[*i].key == key && list[*i].part == part).collect();
    places.sort_by_key(|i| list[*i].place());
    places
}

/// M1: where each signal leaves the window; never earlier than the one before it.
pub fn ends(list: &[&Seen], within: Length, zone: &TimeZone) -> Vec<Timestamp> {
    let mut latest = Timestamp::MIN;
    let mut end = |seen: &&Seen| {
        latest = latest.max(within.after(seen.at, zone));
        latest
    };
    list.iter().map(&mut end).collect()
}

/// A count (trigger shape 3) over what was seen of one key, in order of time.
pub struct Counted<'a> {
    pub list: Vec<&'a Seen>,
    pub ends: Vec<Timestamp>,
    pub at_least: usize,
    pub different: Option<touchline::vocabulary::FieldNo>,
}

/// From its first instant up to, not including, its last.
pub type Interval = (Timestamp, Timestamp);

impl Counted<'_> {
    /// The signals in the window at `t`: a ≤ t < end (M1).
    pub fn window(&self, t: Timestamp) -> Vec<&Seen> {
        let inside = |i: &usize| self.list[*i].at <= t && t < self.ends[*i];
        (0..self.list.len()).filter(inside).map(|i| self.list[i]).collect()
    }

    /// How many count at `t`: signals, or different values.
    pub fn count(&self, t: Timestamp) -> usize {
        let window = self.window(t);
        match self.different {
            None => window.len(),
            Some(field) => {
                let values = window.iter().map(|seen| folded(seen.signal.field(field).clone()));
                values.collect::<BTreeSet<Value>>().len()
            }
        }
    }

    /// Every longest stretch of time in which N is reached. An instant is judged after all its signals (M3).
    pub fn intervals(&self) -> Vec<Interval> {
        let instants = self.list.iter().map(|seen| seen.at).chain(self.ends.iter().copied());
        let instants: BTreeSet<Timestamp> = instants.collect();
        let mut intervals: Vec<Interval> = Vec::new();
        let mut since = None;
        for t in instants {
            match (self.count(t) >= self.at_least, since) {
                (true, None) => since = Some(t),
                (false, Some(start)) => {
                    intervals.push((start, t));
                    since = None;
                }
                _ => {}
            }
        }
        intervals
    }
}
