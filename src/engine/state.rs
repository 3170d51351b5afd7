//! Everything the engine remembers.

use serde::{Deserialize, Serialize};

use crate::id::RuleId;
use crate::value::Value;

/// A key: one value a part; texts folded, ids exact.
pub type Key = Vec<Value>;

/// Windows filled from the journal for one rule, before a switch (M24).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleFill {
    /// The rule.
    pub rule: RuleId,
}
