//! Windows: what a rule remembers of the signals of one key, one file a trigger shape.
//!
//! A window orders signals by (time, arrival), takes late ones in at their place (M5) and says what an arrival
//! means. It knows no rule, no guard, no limit and no clock but the instants it is given.

pub mod absence;
pub mod count;
pub mod measure;
pub mod reading;
pub mod sequence;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How many instants a window keeps for one key; the oldest go first.
pub const INSTANTS_KEPT: usize = 65_536;

/// Where a signal stands among the others of its key: by time, then by arrival (M1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// When it happened.
    pub at: Timestamp,
    /// In what order it came.
    pub arrival: u64,
}
