//! The ids that outlive a process: rules, signals, cases, effects.
//!
//! All of them are stable under reload, restart and replay. An [`EffectId`] is a hash of what decided the
//! effect, never a counter, so that replaying a journal yields the same id and nothing that was cleared in
//! between can make it repeat (invariant 3).

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::value::Str;

/// Playbook id + rule id. State, limits and timers hang on it; titles and file names do not matter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RuleId {
    /// The playbook's id.
    pub playbook: Str,
    /// The rule's id within its playbook.
    pub rule: Str,
}

impl RuleId {
    /// Returns the id of `rule` in `playbook`.
    pub fn new(playbook: impl Into<Str>, rule: impl Into<Str>) -> RuleId {
        RuleId { playbook: playbook.into(), rule: rule.into() }
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.playbook, self.rule)
    }
}

/// Where an input stands in the journal, counted from 1. A replay counts its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position(pub u64);

/// What makes a signal known again: its source (empty unless given) and its id (M6).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SignalId {
    /// The sending system; empty by default.
    pub source: Str,
    /// The id the sender gave.
    pub id: Str,
}

/// A 128-bit hash, printed as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EffectId(pub [u8; 16]);

impl EffectId {
    /// Returns the first 128 bits of SHA-256 over the parts, each with its length in front so that no two
    /// lists of parts run together.
    pub fn of(parts: &[&[u8]]) -> EffectId {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let mut id = [0; 16];
        id.copy_from_slice(&hash.finalize()[..16]);
        EffectId(id)
    }
}

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
