//! A followed by B within D, the end included (M3).
//!
//! A B fires once and uses up the earlier As of its key (M9). A late A lets the earliest B after it fire that has not
//! and is in time; a late B looks for unused As before its place.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::kept::Kept;
use crate::engine::window::{At, INSTANTS_KEPT, Place, make_room};
use crate::id::{RuleId, SignalId};
use crate::signal::Signal;

/// The signals of one key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SequenceWindow {
    firsts: VecDeque<First>,
    thens: VecDeque<Then>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct First {
    place: Place,
    end: At,
    signal: Kept,
    used: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Then {
    place: Place,
    signal: Kept,
    /// The rules that led to it.
    chain: Arc<[RuleId]>,
    fired: bool,
}

/// A pair that was completed.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// The As in time, oldest first; the first is the sequence's A.
    pub firsts: Vec<Arc<Signal>>,
    /// The B.
    pub then: Arc<Signal>,
    /// The rules that led to the B (M20).
    pub chain: Arc<[RuleId]>,
}

impl SequenceWindow {
    /// Takes an A in. A late one may complete a pair with a B that came before it.
    pub fn insert_first(&mut self, place: Place, end: Timestamp, signal: Kept) -> Option<Pair> {
        let at = self.firsts.partition_point(|first| first.place < place);
        make_room(&mut self.firsts);
        self.firsts.insert(at, First { place, end: end.into(), signal, used: false });
        if self.firsts.len() > INSTANTS_KEPT {
            self.firsts.pop_front();
        }
        let then = self.thens.iter().position(|then| then.place > place && !then.fired && then.place.at <= end)?;
        self.complete(then)
    }

    /// Takes a B in and returns the pair it completes.
    pub fn insert_then(&mut self, place: Place, signal: Kept, chain: Arc<[RuleId]>) -> Option<Pair> {
        let at = self.thens.partition_point(|then| then.place < place);
        make_room(&mut self.thens);
        self.thens.insert(at, Then { place, signal, chain, fired: false });
        let pair = self.complete(at);
        if self.thens.len() > INSTANTS_KEPT {
            self.thens.pop_front();
        }
        pair
    }

    fn complete(&mut self, then: usize) -> Option<Pair> {
        let place = self.thens[then].place;
        let earlier = self.firsts.partition_point(|first| first.place < place);
        let in_time = |first: &&First| !first.used && place.at <= first.end;
        let firsts: Vec<Arc<Signal>> =
            self.firsts.range(..earlier).filter(in_time).map(|first| first.signal.signal()).collect();
        if firsts.is_empty() {
            return None;
        }
        self.firsts.range_mut(..earlier).for_each(|first| first.used = true);
        self.thens[then].fired = true;
        let then = &self.thens[then];
        Some(Pair { firsts, then: then.signal.signal(), chain: then.chain.clone() })
    }

    /// Counts every end anew (the length changed, M24).
    pub fn recount(&mut self, end: impl Fn(Timestamp) -> Timestamp) {
        self.firsts.iter_mut().for_each(|first| first.end = end(first.place.at()).into());
    }

    /// Takes over from an earlier window which signals were used up or have fired.
    pub fn keep_used(&mut self, before: &SequenceWindow) {
        let firsts = before.firsts.iter().filter(|first| first.used).map(|first| first.signal.signal().id.clone());
        let (used, fired): (BTreeSet<SignalId>, BTreeSet<SignalId>) = (
            firsts.collect(),
            before.thens.iter().filter(|then| then.fired).map(|then| then.signal.signal().id.clone()).collect(),
        );
        self.firsts.iter_mut().for_each(|first| first.used |= used.contains(&first.signal.signal().id));
        self.thens.iter_mut().for_each(|then| then.fired |= fired.contains(&then.signal.signal().id));
    }

    /// Applies `change` to every kept signal (the vocabulary changed).
    pub fn remap(&mut self, change: &dyn Fn(&Arc<Signal>) -> Arc<Signal>) {
        self.firsts.iter_mut().for_each(|first| first.signal = Kept::of(&change(&first.signal.signal())));
        self.thens.iter_mut().for_each(|then| then.signal = Kept::of(&change(&then.signal.signal())));
    }

    /// Forgets As whose time ended before `first_horizon` and Bs before `then_horizon`.
    pub fn trim(&mut self, first_horizon: Timestamp, then_horizon: Timestamp) {
        while self.firsts.front().is_some_and(|first| first.end < first_horizon) {
            self.firsts.pop_front();
        }
        while self.thens.front().is_some_and(|then| then.place.at < then_horizon) {
            self.thens.pop_front();
        }
    }

    /// Tells whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.firsts.is_empty() && self.thens.is_empty()
    }
}
