//! Who answers a ladder that did not run live as it does now.
//!
//! Two ladders are one where rule and key are the same and a signal behind them is, or where they start within a day of each
//! other. One that was acknowledged live is acknowledged at that instant, or, where it starts earlier or only after it, as long after
//! its start as it was. One that climbed live unanswered climbs. One that did not run live is acknowledged after an assumed time,
//! where one is given.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::engine::effect::Firing;
use crate::engine::input::Target;
use crate::id::{RuleId, SignalId};
use crate::replay::words;
use crate::vocabulary::text::fold;

use super::player::{Decision, Played};

/// Two ladders of one rule and key further apart than this are two.
const APART: SignedDuration = SignedDuration::from_hours(24);

/// How a ladder is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// It ran live and was acknowledged then.
    Live,
    /// It ran live at another time, and takes as long.
    AsLong,
    /// It ran live and nobody answered.
    ClimbedLive,
    /// It did not run live; the assumed time is taken.
    Assumed,
    /// It did not run live, and no time is assumed.
    Unanswered,
}

/// What is to be answered, and when.
#[derive(Debug, Default)]
pub struct Answers<'a> {
    /// Ladders by rule and key.
    live: HashMap<(RuleId, String), Vec<&'a Decision>>,
    assume: Option<SignedDuration>,
    /// Whether anybody is to be answered for at all.
    asked: bool,
    pending: Vec<(Timestamp, Target)>,
}

impl<'a> Answers<'a> {
    /// Returns the answers that ladders of the version that was give to those of another.
    pub fn of(old: &'a Played, assume: Option<SignedDuration>) -> Answers<'a> {
        let mut live: HashMap<(RuleId, String), Vec<&Decision>> = HashMap::new();
        for decision in old.decisions.iter().filter(|decision| decision.ladder) {
            live.entry(named(&decision.firing)).or_default().push(decision);
        }
        Answers { live, assume, asked: true, pending: vec![] }
    }

    /// Takes note of a ladder that starts, and says how it will be answered.
    pub(super) fn starts(&mut self, firing: &Firing, target: Target) -> Option<How> {
        if !self.asked {
            return None;
        }
        Some(match self.counterpart(firing) {
            Some(live) => match live.acknowledged {
                None => How::ClimbedLive,
                Some(at) if (live.firing.at..=at).contains(&firing.at) => How::Live,
                Some(at) => {
                    self.pending.push((firing.at + at.duration_since(live.firing.at), target));
                    How::AsLong
                }
            },
            None => match self.assume {
                Some(after) => {
                    self.pending.push((firing.at.checked_add(after).unwrap_or(Timestamp::MAX), target));
                    How::Assumed
                }
                None => How::Unanswered,
            },
        })
    }

    fn counterpart(&self, firing: &Firing) -> Option<&'a Decision> {
        let same = self.live.get(&named(firing))?.iter();
        let apart = |live: &Decision| live.firing.at.duration_since(firing.at).abs();
        let near = same.filter(|live| shares(&live.firing, firing) || apart(live) <= APART);
        near.min_by_key(|live| (!shares(&live.firing, firing), apart(live))).copied()
    }

    /// Returns when the next answer comes, before an instant.
    pub(super) fn next_before(&self, at: Timestamp) -> Option<Timestamp> {
        self.pending.iter().map(|(due, _)| *due).filter(|due| *due < at).min()
    }

    /// Takes the next answer that comes before an instant.
    pub(super) fn take_before(&mut self, at: Timestamp) -> Option<(Timestamp, Target)> {
        let next = self.next_before(at)?;
        let place = self.pending.iter().position(|(due, _)| *due == next)?;
        Some(self.pending.remove(place))
    }
}

/// Returns the rule of a firing, and its key as it is grouped.
fn named(firing: &Firing) -> (RuleId, String) {
    (firing.rule.clone(), fold(&words::key(&firing.key)).into_owned())
}

/// Returns the signals behind a firing; those listed, and the one that triggered it.
pub(super) fn behind(firing: &Firing) -> impl Iterator<Item = &SignalId> {
    firing.signals.iter().chain(&firing.signal)
}

/// Tells whether two firings have a signal behind them in common.
fn shares(one: &Firing, other: &Firing) -> bool {
    behind(one).any(|signal| behind(other).any(|also| also == signal))
}
