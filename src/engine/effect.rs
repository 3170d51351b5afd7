//! `Effect`: the one closed list of things the engine can ask the world to do, each with its outcome and reason.
//!
//! Open this file and you know the system. Left out: doing any of it (`deliver`).

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::trace::Compared;
use crate::id::{EffectId, Position, RuleId, SignalId};
use crate::signal::Signal;
use crate::value::{Str, Value};
use crate::vocabulary::{FactNo, ThingNo};

/// How many signals a firing lists; the total is beside them.
pub const LISTED_SIGNALS: usize = 100;

/// Why something is planned that would have gone while it was quiet (M23).
pub const QUIET_HOURS: &str = "quiet hours";

/// One thing the engine asks for, or says it does not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// hash(playbook, rule, key, position of the deciding input, action, step): see [`EffectId`]. A plan and what
    /// becomes of it later have one id.
    pub id: EffectId,
    /// When the engine decided this.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: Outcome,
    /// Why, in a few words; never empty.
    pub reason: Str,
    /// What.
    pub what: What,
    /// To whom, as a person says it: `floor_manager of S7`, `customer C1`; empty where it goes to nobody.
    pub to: Str,
    /// When a planned action is due; for `cancelled` and `sent` ones that were planned, when they were.
    pub due: Option<Timestamp>,
    /// The step of the ladder, from 1; 0 where it is not of a ladder.
    pub step: u16,
    /// The firing it belongs to; `None` only for a [`What::Digest`].
    pub firing: Option<Arc<Firing>>,
}

/// What came of an action (M21).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Handed over: sent, opened, set, recorded.
    Sent,
    /// To be done at `due`.
    Planned,
    /// Not done: the limit.
    Limited,
    /// Not done: shadow, or a silence.
    Silenced,
    /// No longer to be done.
    Cancelled,
    /// Could not be done.
    Failed,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 6] =
        [Outcome::Sent, Outcome::Planned, Outcome::Limited, Outcome::Silenced, Outcome::Cancelled, Outcome::Failed];

    /// Returns the word of it.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Sent => "sent",
            Outcome::Planned => "planned",
            Outcome::Limited => "limited",
            Outcome::Silenced => "silenced",
            Outcome::Cancelled => "cancelled",
            Outcome::Failed => "failed",
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum What {
    /// A message to a role.
    Alert {
        /// The role.
        role: Str,
        /// The addresses, read when it is handed over; empty while planned.
        addresses: Vec<Str>,
        /// The text, with the values of the firing.
        text: Str,
    },
    /// A mail to a thing.
    Email {
        /// The template.
        template: Str,
        /// The mail, read when it is handed over; `None` while planned or when it failed.
        mail: Option<Mail>,
    },
    /// A case opened, or joined.
    OpenCase {
        /// The case.
        case: Str,
        /// Whether it was open already.
        joined: bool,
        /// Its priority now.
        priority: Str,
        /// Why, as said by the rule.
        reason: Option<Value>,
    },
    /// A signed webhook.
    Post {
        /// The endpoint.
        endpoint: Str,
        /// Values, in the order written.
        values: Vec<(Str, Value)>,
    },
    /// A fact changed.
    Set {
        /// The kind of thing.
        thing: ThingNo,
        /// Which one.
        id: Str,
        /// The fact.
        fact: FactNo,
        /// Its new value.
        value: Value,
    },
    /// A derived signal.
    Record {
        /// The signal.
        signal: Box<Signal>,
    },
    /// A firing that came to nothing as a whole: limited or refused for its chain.
    Firing,
    /// What is still unsent of this effect is to be withdrawn from the outbox.
    Withdraw,
    /// One message to the owner about what was too late, could not be done, or had nobody to go to.
    Digest {
        /// Whose: the owner's address.
        address: Option<Str>,
        /// One line each.
        lines: Vec<Str>,
    },
}

impl What {
    /// Returns the word for it in an `effects` line.
    pub fn word(&self) -> &'static str {
        match self {
            What::Alert { .. } => "alert",
            What::Email { .. } => "email",
            What::OpenCase { .. } => "open_case",
            What::Post { .. } => "post",
            What::Set { .. } => "set",
            What::Record { .. } => "record",
            What::Firing => "firing",
            What::Withdraw => "withdraw",
            What::Digest { .. } => "digest",
        }
    }
}

/// A mail as it goes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The recipient's address.
    pub address: Str,
    /// The language it is in.
    pub language: Str,
    /// The subject, one line.
    pub subject: Str,
    /// The text.
    pub text: Str,
    /// The HTML, if the template has one.
    pub html: Option<Str>,
}

/// One time a rule matched, guard and limit agreeing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Firing {
    /// The rule.
    pub rule: RuleId,
    /// When, by the engine's clock.
    pub at: Timestamp,
    /// The input that decided.
    pub position: Position,
    /// The key, by the names of its parts; of a limit's key where the rule has none and the limit has one.
    pub key: Vec<(Str, Value)>,
    /// The signal that triggered it: absent for a schedule or a check, the A for an absence.
    pub signal: Option<SignalId>,
    /// The signals behind it, oldest first, at most [`LISTED_SIGNALS`] (the latest ones).
    pub signals: Vec<SignalId>,
    /// How many there are.
    pub signals_total: u64,
    /// Whether a late signal made it fire (M5).
    pub late: bool,
    /// The hash of the rule set that decided.
    pub ruleset: [u8; 16],
    /// The rules that led here through derived signals, this one last (M20).
    pub chain: Vec<RuleId>,
    /// The values actions use (M16).
    pub values: Values,
    /// The values compared.
    pub compared: Vec<Compared>,
}

/// What a firing's texts, guards and recipients read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Values {
    /// The signal that entered the episode.
    pub signal: Option<Arc<Signal>>,
    /// A sequence's A.
    pub first: Option<Arc<Signal>>,
    /// The key.
    pub key: Vec<Value>,
    /// A measure over the last D, rounded for print (two places).
    pub recent: Value,
    /// Over the period before, likewise.
    pub previous: Value,
    /// How many a count has reached.
    pub count: Value,
    /// The case this firing opened or joined.
    pub case: Value,
}
