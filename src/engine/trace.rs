//! Why a rule fired, and why it did not: one value for both.
//!
//! A [`Look`] says what came of one rule looking at one signal, check or deadline. It feeds `why`, the NO-lines of
//! timelines and, in a firing, its trace. Personal values are never in it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{RuleId, SignalId};
use crate::ir::Here;
use crate::value::{Str, Value};

/// One comparison that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// The clause, as it reads.
    pub clause: Str,
    /// The value it met, as a person reads it; `(missing)`, or `(personal)`.
    pub actual: Str,
    /// Whether it held.
    pub holds: bool,
    /// Where it is written.
    pub here: Here,
}

/// One question that was put, for whoever counts which were put at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The rule, by its place in the rule set.
    pub rule: u32,
    /// What was asked.
    pub what: Question,
    /// Whether the answer was yes: the comparison held, the guard let pass.
    pub yes: bool,
}

/// What can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// A clause, by where it is written.
    Clause(Here),
    /// A guard as a whole, by its place among those of the rule.
    Guard(usize),
}

/// What came of one look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// When, by the engine's clock.
    pub at: Timestamp,
    /// The rule.
    pub rule: RuleId,
    /// The key, where it came that far.
    pub key: Vec<(Str, Value)>,
    /// The signal it looked at; `None` for a check or a deadline.
    pub signal: Option<SignalId>,
    /// What came of it.
    pub verdict: Verdict,
    /// Every comparison made on the way.
    pub compared: Vec<Compared>,
}

/// Why a rule that looked declined by its state or its guard, rather than by the signal alone: counted, whoever watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decline {
    /// The guard says no.
    Guard,
    /// The limit.
    Limit,
    /// Too few responses.
    Sample,
    /// The signal is later than its lateness.
    Late,
    /// The rule is paused.
    Paused,
    /// A chain of derived signals that is too long, or comes round.
    Chain,
}

impl Decline {
    /// Returns it in a word.
    pub fn word(self) -> &'static str {
        match self {
            Decline::Guard => "guard",
            Decline::Limit => "limit",
            Decline::Sample => "sample",
            Decline::Late => "late",
            Decline::Paused => "paused",
            Decline::Chain => "chain",
        }
    }
}

impl Verdict {
    /// Returns why it declined, where that is counted.
    pub fn decline(&self) -> Option<Decline> {
        match self {
            Verdict::GuardSaysNo => Some(Decline::Guard),
            Verdict::Limited { .. } => Some(Decline::Limit),
            Verdict::Unknown(_) => Some(Decline::Sample),
            Verdict::TooLate => Some(Decline::Late),
            Verdict::Paused => Some(Decline::Paused),
            Verdict::ChainRefused { .. } => Some(Decline::Chain),
            _ => None,
        }
    }
}

/// Why what a measure says is not known (M13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// Too few signals.
    Few {
        /// How many in the last D, where that is too few.
        recent: Option<u64>,
        /// How many in the period before, where that is too few.
        previous: Option<u64>,
        /// How many are needed.
        need: u64,
    },
    /// Nothing to measure in the last D.
    Nothing,
    /// Nothing to compare with in the period before.
    NothingBefore,
    /// The period before comes to zero, and no percentage of that is known.
    PercentOfNothing,
    /// Amounts of several currencies, or numbers too large to compare.
    Incomparable,
}

/// What came of one look, the first reason why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It fired.
    Fired,
    /// It fired, or would have, later: entered, waiting for a deadline (absence, `stays over`).
    Armed {
        /// The deadline.
        until: Timestamp,
    },
    /// The signal answers what was waited for; nothing to fire.
    Answered,
    /// A condition of `where` does not hold: the last of `compared`.
    NoMatch,
    /// A part of the key or of the limit's key is missing.
    KeyMissing {
        /// Its name.
        part: Str,
    },
    /// Not enough yet.
    Counting {
        /// How many so far.
        have: u64,
        /// How many are needed.
        need: u64,
    },
    /// The episode has been entered before and lasts; this joins it.
    Joined {
        /// Since when.
        since: Timestamp,
    },
    /// A reading that is not over the line (or between line and clearing line).
    NotOver,
    /// A sequence's B without an A, or its A noted.
    Noted,
    /// The measure does not meet its test.
    TestFails,
    /// What the measure says is not known.
    Unknown(Unknown),
    /// The guard says no: the last of `compared`.
    GuardSaysNo,
    /// The limit.
    Limited {
        /// The last firing.
        last: Timestamp,
        /// When it frees.
        frees_at: Timestamp,
    },
    /// Everything agreed, and a silence sends nothing (M21).
    Silenced {
        /// Up to when.
        until: Timestamp,
    },
    /// Later than the declared lateness: it enters no window and fires nothing.
    TooLate,
    /// Known already: the same content.
    Duplicate,
    /// Known already, with other content: fills missing fields, fires nothing twice.
    Update,
    /// The rule is paused.
    Paused,
    /// A rule already in the chain, or a chain too long (M20).
    ChainRefused {
        /// The chain, this rule last.
        chain: Vec<RuleId>,
    },
}
