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

/// Makes room for one more. Left alone, a full buffer doubles, beginning with four: most keys have few signals, and there are
/// many keys.
fn make_room<T>(entries: &mut VecDeque<T>) {
    if entries.len() == entries.capacity() {
        // Of as many as may be kept, one goes for each that comes.
        let more = if entries.len() >= INSTANTS_KEPT { 1 } else { (entries.len() / 4).max(1) };
        entries.reserve_exact(more);
    }
}
