//! The shape of a store: how the engine's driver talks to whoever keeps journal and outbox.
//!
//! Only the shape lives in the pure half; what keeps anything on a disk lies below the daemon's line. The protocol: what
//! is appended is durable before anybody is told so; the effects of a turn and the cursor that says how far the journal
//! was folded are committed together, by the one holder of the epoch; only committed effects can be leased.

use jiff::{SignedDuration, Timestamp};

use crate::engine::effect::Effect;
use crate::engine::input::Input;
use crate::engine::record::Record;
use crate::id::{EffectId, Position};

/// Which holder of the store this is: a later one fences off all earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

/// What came of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// Effects and cursor are durable.
    Ok,
    /// Another holder has taken over, or the cursor is not the expected one: nothing was written.
    Fenced,
    /// Nobody knows whether it was written: read the cursor before trying again.
    Unknown,
}

/// An effect somebody has taken on to do, up to an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Lease {
    /// The effect.
    pub effect: Effect,
    /// Which try this is, from 1.
    pub attempt: u32,
    /// Up to when nobody else may take it.
    pub until: Timestamp,
}

/// Journal and outbox.
pub trait Store {
    /// Why the store could not do it.
    type Error: std::error::Error;

    /// Appends inputs, stamped with `now`, and returns their records. They are durable when this returns.
    fn append(&mut self, inputs: Vec<Input>, now: Timestamp) -> Result<Vec<Record>, Self::Error>;

    /// Returns records from `from` on, in order, at most `limit`.
    fn read(&self, from: Position, limit: usize) -> Result<Vec<Record>, Self::Error>;

    /// Returns how far the journal was folded: every effect up to there is in the outbox.
    fn cursor(&self) -> Result<Position, Self::Error>;

    /// Writes the effects that folding from `expected` to `cursor` gave, and the cursor, at once.
    fn commit(
        &mut self,
        epoch: Epoch,
        expected: Position,
        effects: &[Effect],
        cursor: Position,
    ) -> Result<Committed, Self::Error>;

    /// Takes on at most `limit` effects that are due and that nobody holds, for `hold`.
    fn lease(&mut self, now: Timestamp, hold: SignedDuration, limit: usize) -> Result<Vec<Lease>, Self::Error>;

    /// Gives a leased effect back for a later try, or ends it for good where `again_at` is `None`.
    fn release(&mut self, effect: EffectId, again_at: Option<Timestamp>) -> Result<(), Self::Error>;
}
