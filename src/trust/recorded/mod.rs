//! What a recording says about rules: how many alerts a week they would send, readings that enter again and again, what
//! nothing reaches, and customers who are written to twice in a day.
//!
//! A [`Player`](super::backtest::player::Player) plays the recording under the playbooks as they are; [`lint`] looks at what was
//! decided in the last [`LOOKED_BACK`] of it. What was recorded before fills windows. Left out: what can be seen without a recording
//! (`compile::lint`), and what a change would have done (`backtest`).

mod again;
mod contacts;
mod unreached;
mod volume;

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::compile::Unit;
use crate::id::RuleId;
use crate::ir::Rule;
use crate::lang::diagnostic::{Diagnostic, Severity};

use super::backtest::player::{Decision, Played};

pub use volume::Volume;

/// How far back is looked from the last thing recorded.
pub const LOOKED_BACK: SignedDuration = SignedDuration::from_hours(90 * 24);
/// A length of time in which something is or is not counted.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// Warnings, and notes: everything that is said at a line.
    pub problems: Vec<Diagnostic>,
    /// How many alerts each rule would have sent, in the order of the rules; every one is a note among the problems too.
    pub volumes: Vec<Volume>,
}

/// Looks at what was decided; adds to what was `told` without the recording how often it really happened.
pub fn lint(unit: &Unit, played: &Played, told: &mut [Diagnostic]) -> Found {
    let Some((first, last)) = played.span else { return Found::default() };
    let of = Recording::new(unit, played, first, last);
    let mut found = Found { problems: vec![], volumes: volume::volumes(&of) };
    found.problems.extend(found.volumes.iter().map(Volume::note));
    again::re_entries(&of, &mut found.problems);
    unreached::rules(&of, &mut found.problems);
    contacts::twice_a_day(&of, &mut found.problems);
    unreached::overtaking(&of, told);
    found
}

/// The part of a recording that is looked at.
struct Recording<'a> {
    unit: &'a Unit,
    played: &'a Played,
    /// What each rule decided, in the part that is looked at.
    decided: HashMap<&'a RuleId, Vec<&'a Decision>>,
    from: Timestamp,
    last: Timestamp,
    /// Whether it is long enough to say that something never happens.
    long_enough: bool,
}

impl<'a> Recording<'a> {
    fn new(unit: &'a Unit, played: &'a Played, first: Timestamp, last: Timestamp) -> Recording<'a> {
        let from = last.checked_sub(LOOKED_BACK).unwrap_or(Timestamp::MIN);
        let mut decided: HashMap<&RuleId, Vec<&Decision>> = HashMap::new();
        for decision in played.decisions.iter().filter(|decision| decision.firing.at >= from) {
            decided.entry(&decision.firing.rule).or_default().push(decision);
        }
        Recording { unit, played, decided, from: from.max(first), last, long_enough: first <= from }
    }

    /// Returns what a rule decided.
    fn of_rule(&self, rule: &Rule) -> impl Iterator<Item = &'a Decision> {
        self.decided.get(&rule.id).into_iter().flatten().copied()
    }

    /// Returns how long it is.
    fn length(&self) -> SignedDuration {
        self.last.duration_since(self.from)
    }

    /// Says how long it is: `90 days`, `3 hours`.
    fn length_in_words(&self) -> String {
        let (hours, days) = (self.length().as_hours(), self.length().as_hours() / 24);
        match (hours, days) {
            (..=1, _) => "hour".to_owned(),
            (..48, _) => format!("{hours} hours"),
            _ => format!("{days} days"),
        }
    }

    /// A warning where the recording is long enough to say so, else a note.
    fn severity(&self) -> Severity {
        if self.long_enough { Severity::Warning } else { Severity::Note }
    }
}
