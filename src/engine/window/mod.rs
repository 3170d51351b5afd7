//! Windows: what a rule remembers of the signals of one key, one file a trigger shape.
//!
//! A window orders signals by (time, arrival), takes late ones in at their place (M5) and says what an arrival
//! means. It knows no rule, no guard, no limit and no clock but the instants it is given.

pub mod absence;
mod at;
pub mod count;
pub mod measure;
pub mod reading;
pub mod sequence;

use std::collections::VecDeque;

pub use at::{At, Place};

/// How many instants a window keeps for one key; the oldest go first.
pub const INSTANTS_KEPT: usize = 65_536;

/// Makes room for one more where as many are kept as may be: a full buffer would double for the one that goes at once.
fn make_room<T>(entries: &mut VecDeque<T>) {
    if entries.len() >= INSTANTS_KEPT {
        entries.reserve_exact(1);
    }
}
