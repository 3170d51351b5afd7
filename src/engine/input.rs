//! `Input`: the one closed list of things that can change the engine's state.
//!
//! Each is journaled with its position and the `now` it was stamped with; the state is a fold over them
//! (invariant 1). Serialised inputs carry [`FORMAT`] from the first day.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::ruleset::RuleSet;
use crate::engine::state::RuleFill;
use crate::id::{EffectId, RuleId};
use crate::signal::{FactChange, Signal};
use crate::value::{Str, Value};
use crate::vocabulary::ThingNo;

/// The version of the serialised form of inputs.
///
/// 1: the first. 2: there may be signals of history.
pub const FORMAT: u32 = 2;
/// The oldest version that is read.
pub const OLDEST_FORMAT: u32 = 1;

/// What can happen to the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// Feedback.
    Signal(Signal),
    /// A fact became known.
    Fact(FactChange),
    /// Somebody did something.
    Human(Human),
    /// What became of an effect that was handed to the outbox.
    Delivery(Delivery),
    /// The clock has come to the stamped `now`, and every signal of that instant has been seen.
    Tick,
    /// Another rule set decides from here on.
    Switch(Switch),
    /// A thing's id becomes an alias, and what is personal about it is blanked.
    Erase(Erase),
    /// Feedback from before anything ran here: it takes its place in windows, however late, and fires nothing.
    History(Signal),
}

/// A human action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Human {
    /// Who: an address or a name; may be empty.
    pub by: Str,
    /// What.
    pub action: HumanAction,
}

/// What people do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HumanAction {
    /// Takes notice: stops the ladder, closes no case, ends no episode (M18).
    Acknowledge(Target),
    /// Closes a case.
    Close {
        /// Which.
        target: Target,
        /// With what outcome; may be empty.
        outcome: Str,
    },
    /// Opens a closed case again.
    Reopen(Target),
    /// Gives a case to somebody.
    Assign {
        /// Which.
        target: Target,
        /// The address.
        to: Str,
    },
    /// Says something about a case. Kept, changes nothing.
    Comment {
        /// Which.
        target: Target,
        /// What was said.
        text: Str,
    },
    /// Has spoken or written to a customer.
    Contact {
        /// About a case, if any.
        target: Option<Target>,
        /// The customer; that of the case where absent.
        customer: Option<Str>,
    },
    /// Decides and does not send, for one rule or all, up to an instant (M21).
    Silence {
        /// The rule; all where absent.
        rule: Option<RuleId>,
        /// Up to, not including.
        until: Timestamp,
    },
}

impl HumanAction {
    /// Returns what was done in a word, as a line of a feed says it.
    pub fn word(&self) -> &'static str {
        match self {
            HumanAction::Acknowledge(_) => "acknowledge",
            HumanAction::Close { .. } => "close",
            HumanAction::Reopen(_) => "reopen",
            HumanAction::Assign { .. } => "assign",
            HumanAction::Comment { .. } => "comment",
            HumanAction::Contact { .. } => "contact",
            HumanAction::Silence { .. } => "silence",
        }
    }

    /// Returns what it is about.
    pub fn target(&self) -> Option<&Target> {
        match self {
            HumanAction::Acknowledge(target)
            | HumanAction::Reopen(target)
            | HumanAction::Close { target, .. }
            | HumanAction::Assign { target, .. }
            | HumanAction::Comment { target, .. } => Some(target),
            HumanAction::Contact { target, .. } => target.as_ref(),
            HumanAction::Silence { .. } => None,
        }
    }
}

impl Human {
    /// Returns the same with what it is about named otherwise: a case is called otherwise under other rules.
    pub fn about(self, name: impl Fn(Target) -> Target) -> Human {
        let action = match self.action {
            HumanAction::Acknowledge(target) => HumanAction::Acknowledge(name(target)),
            HumanAction::Close { target, outcome } => HumanAction::Close { target: name(target), outcome },
            HumanAction::Reopen(target) => HumanAction::Reopen(name(target)),
            HumanAction::Assign { target, to } => HumanAction::Assign { target: name(target), to },
            HumanAction::Comment { target, text } => HumanAction::Comment { target: name(target), text },
            HumanAction::Contact { target, customer } => HumanAction::Contact { target: target.map(name), customer },
            silence @ HumanAction::Silence { .. } => silence,
        };
        Human { by: self.by, action }
    }
}

/// What a human action is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// What a rule did for a key: its ladder and its case. Key values in the order of the rule's key.
    Rule {
        /// The rule.
        rule: RuleId,
        /// Values as [`crate::engine::state::Key`] holds them.
        key: Vec<Value>,
    },
    /// A case.
    Case(Str),
}

/// What became of an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The effect.
    pub effect: EffectId,
    /// Why it failed for good, or [`STALE`], or [`SHADOW`]; `None` when it went.
    pub failed: Option<Str>,
}

/// What a delivery says that came too late to be any good (M17): then the effect is cancelled, not failed.
pub const STALE: &str = "stale";

/// What a delivery says of what was decided while the daemon ran in shadow: the effect is silenced, and never goes.
pub const SHADOW: &str = "shadow";

/// The switch to another rule set. The record in a journal holds the hash and the fills; whoever reads it back attaches the
/// set, which the store keeps by its sources.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Switch {
    /// The rule set's hash.
    pub hash: [u8; 16],
    /// The set itself.
    #[serde(skip)]
    pub ruleset: Option<Arc<RuleSet>>,
    /// Windows filled from the journal for rules that need it (M24). Written down with the switch: the part of the journal
    /// they came from may be gone when it is folded again.
    pub fills: Vec<RuleFill>,
}

impl PartialEq for Switch {
    fn eq(&self, other: &Switch) -> bool {
        self.hash == other.hash && self.fills == other.fills
    }
}

/// An erasure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erase {
    /// The kind of thing.
    pub thing: ThingNo,
    /// Its id.
    pub id: Str,
    /// What the id becomes: not derivable from it.
    pub alias: Str,
}
