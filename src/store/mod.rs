//! What keeps journal and outbox: the store of `engine::store`, twice.
//!
//! [`sqlite`] keeps it in one file, with [`checkpoint`] files beside it. [`memory`] keeps everything in memory, can crash
//! between any two calls and forget what was not durable: tests and the simulation run on it. Both hold the same suite
//! (`tests/it/store.rs`). [`outbox`] says which rows an effect becomes,
//! [`private`] makes files that nobody else may read.

pub mod checkpoint;
pub mod memory;
pub mod outbox;
pub mod private;
pub mod refused;
pub mod sqlite;

use crate::engine::store::{Ends, Epoch, Turn};

/// Tells whether `turn` is the one that comes next and `epoch` the latest: otherwise its writer is fenced.
pub(crate) fn follows(ends: &Ends, epoch: Epoch, turn: &Turn) -> bool {
    let mut position = ends.last.0;
    let in_order = turn.records.iter().all(|record| {
        position += 1;
        record.position.0 == position && Some(record.now) >= ends.now
    });
    let from_cursor = turn.folded.as_ref().is_none_or(|f| f.from == ends.cursor && f.to >= f.from && f.to <= ends.last);
    epoch == ends.epoch && turn.number == ends.turn + 1 && in_order && from_cursor
}

/// Returns how far everything has come once `turn` is written.
pub(crate) fn ends_after(ends: &Ends, turn: &Turn) -> Ends {
    let latest = turn.records.last();
    Ends {
        turn: turn.number,
        last: latest.map_or(ends.last, |record| record.position),
        now: latest.map(|record| record.now).or(ends.now),
        cursor: turn.folded.as_ref().map_or(ends.cursor, |folded| folded.to),
        ..*ends
    }
}
