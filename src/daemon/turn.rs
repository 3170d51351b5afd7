//! The writer's side of a turn: takes what came in, stamps it, and writes it together with what the engine made of the
//! turns before.
//!
//! Nothing here waits or starts a thread: `daemon::run` drives it with threads, the tests and the simulation by hand. A turn
//! goes like this: [`Writer::write`] gives records that are durable, `Folder::fold` makes of them what the next turn takes
//! in through [`Writer::take`].

use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;
use crate::daemon::fold::FoldedTurn;
use crate::engine::input::{Delivery, Input, SHADOW, Switch};
use crate::engine::record::Record;
use crate::engine::ruleset::RuleSet;
use crate::engine::state::RuleFill;
use crate::engine::store::{
    Change, Committed, Draft, Ends, Epoch, Folded, Kind, Reader, Rewrite, Row, RowId, RowState, RuleSources, SetAside,
    Store, StoreError, Turn, Version,
};
use crate::id::{EffectId, Position};
use crate::store::outbox::told;
use crate::value::Str;
use crate::vocabulary::Vocabulary;

/// How often a write is tried of which nobody knows whether it was done.
const TRIES: u32 = 3;

/// Why a turn was not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The machine failed; nothing was written, and it may be tried again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another process has taken the store over: this one must end.
    #[error("another touchline has taken over this store")]
    Fenced,
    /// The store does not say whether it was written: this process must end and start again.
    #[error("the store does not say whether the last turn was written; start again")]
    Unknown,
    /// The daemon is stopping, or has stopped for a reason.
    #[error("{0}")]
    Stopped(String),
    /// Of inputs that came together, the first ones were written in an earlier turn, and the rest was not.
    #[error("{0}; the beginning of it was written")]
    Partly(String),
}

/// Which rows are to be leased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that are due longest.
    Due {
        /// Of one kind, where it is named.
        kind: Option<Kind>,
        /// How many at most.
        limit: usize,
    },
    /// These, as far as they are due.
    These(Vec<RowId>),
}

/// One input with the vocabulary its numbers are of.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// The input.
    pub input: Input,
    /// The vocabulary it was read with; `None` for what holds none of its numbers. Where another one is in force by the
    /// time it is written, it is moved there by name.
    pub read_with: Option<Arc<Vocabulary>>,
}

/// A rule set that takes over, with what was prepared for it.
#[derive(Clone, Debug)]
pub struct Switching {
    /// The rule set.
    pub ruleset: Arc<RuleSet>,
    /// What it is made of.
    pub sources: RuleSources,
    /// Windows filled from the journal up to where it takes over.
    pub fills: Vec<RuleFill>,
}

/// What goes into a turn besides what was folded.
#[derive(Debug, Default)]
pub struct Gathered {
    /// What arrived, in order.
    pub inputs: Vec<Arrived>,
    /// What delivery did.
    pub outbox: Vec<(RowId, Change)>,
    /// A rule set that takes over behind the inputs.
    pub switch: Option<Switching>,
}

/// A turn that is durable.
#[derive(Debug, Default)]
pub struct Written {
    /// Its records, for the engine; a switch has its rule set.
    pub records: Vec<Record>,
    /// Where each input stands; or why it was refused.
    pub places: Vec<Result<Position, Str>>,
    /// Checkpoints that may be kept now, their effects being committed.
    pub checkpoints: Vec<Draft>,
    /// Whether there are new rows in the outbox.
    pub has_rows: bool,
    /// Inputs that were set aside.
    pub set_aside: Vec<SetAside>,
}

/// The one who writes.
#[derive(Debug)]
pub struct Writer {
    store: Box<dyn Store>,
    clock: Arc<dyn Clock>,
    epoch: Epoch,
    ends: Ends,
    /// What decides behind the latest input.
    rules: Arc<RuleSet>,
    unwritten: Folded,
    set_aside: Vec<SetAside>,
    checkpoints: Vec<Draft>,
    /// What the engine said last, until a tick for it is written.
    next_deadline: Option<Timestamp>,
    ticked_at: Position,
    /// Whether what is decided goes nowhere.
    shadow: bool,
}

impl Writer {
    /// Returns the writer of a store that was taken over as `epoch`, where `rules` decide.
    pub fn new(
        store: Box<dyn Store>,
        epoch: Epoch,
        rules: Arc<RuleSet>,
        clock: Arc<dyn Clock>,
    ) -> Result<Writer, StoreError> {
        let ends = store.ends()?;
        let unwritten = Folded::starting(ends.cursor);
        Ok(Writer {
            store,
            clock,
            epoch,
            ends,
            rules,
            unwritten,
            set_aside: vec![],
            checkpoints: vec![],
            next_deadline: None,
            ticked_at: Position(0),
            shadow: false,
        })
    }

    /// Returns how far everything has come.
    pub fn ends(&self) -> Ends {
        self.ends
    }

    /// Returns what decides behind the latest input.
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// Says what decides behind the latest input.
    pub(crate) fn rules_now(&mut self, rules: Arc<RuleSet>) {
        self.rules = rules;
    }

    /// Returns another reader of the store.
    pub fn reader(&self) -> Result<Box<dyn Reader>, StoreError> {
        self.store.reader()
    }

    /// Returns the instant that would be stamped now: the clock's, and never an earlier one than before.
    pub fn now(&self) -> Timestamp {
        let now = self.clock.now();
        self.ends.now.map_or(now, |last| last.max(now))
    }

    /// From here on, what is decided is recorded and goes nowhere, what is decided and not yet written included: its rows
    /// are at their end as soon as they are written, and the engine hears so.
    pub fn in_shadow(&mut self) {
        self.shadow = true;
        self.unwritten.rows.iter_mut().for_each(Row::silence);
    }

    /// Takes in what the engine made of a turn.
    pub fn take(&mut self, mut folded: FoldedTurn) {
        if self.shadow {
            folded.folded.rows.iter_mut().for_each(Row::silence);
        }
        if folded.folded.to >= self.ticked_at {
            self.next_deadline = folded.next_deadline;
        }
        self.unwritten.append(folded.folded);
        self.set_aside.extend(folded.set_aside);
        self.checkpoints.extend(folded.checkpoint);
    }

    /// Tells whether a turn without any input would write something: folded effects, or a deadline that has come.
    pub fn has_work(&self) -> bool {
        self.has_folded() || self.next_deadline.is_some_and(|due| due <= self.now())
    }

    /// Tells whether the engine has made anything that is not written yet.
    pub fn has_folded(&self) -> bool {
        self.unwritten.to > self.unwritten.from || !self.set_aside.is_empty()
    }

    /// Tells whether a turn with this would write anything.
    pub fn would_write(&self, gathered: &Gathered) -> bool {
        let Gathered { inputs, outbox, switch } = gathered;
        !inputs.is_empty() || !outbox.is_empty() || switch.is_some() || self.has_work()
    }

    /// Returns how far the engine has come.
    pub fn folded_to(&self) -> Position {
        self.unwritten.to
    }

    /// Returns when a turn is due by itself.
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.next_deadline
    }

    /// Leases rows for `hold`, besides those that `outbox` already changes, and adds the leases to it. They hold once the
    /// turn is written.
    pub fn lease(
        &self,
        outbox: &mut Vec<(RowId, Change)>,
        which: &Which,
        hold: SignedDuration,
    ) -> Result<Vec<Row>, StoreError> {
        let now = self.now();
        let until = now.checked_add(hold).unwrap_or(Timestamp::MAX);
        let (found, limit) = match which {
            Which::Due { kind, limit } => (self.store.due(now, *kind, limit + outbox.len())?, *limit),
            Which::These(ids) => (self.rows_of(ids, now)?, ids.len()),
        };
        let free = |row: &Row| {
            !outbox.iter().any(|(id, _)| *id == row.id) && !self.unwritten.withdrawn.contains(&row.id.effect)
        };
        let mut rows: Vec<Row> = found.into_iter().filter(free).take(limit).collect();
        for row in &mut rows {
            let change = Change::Lease { until };
            row.apply(&change);
            outbox.push((row.id, change));
        }
        Ok(rows)
    }

    /// Returns those of the named rows that are due.
    fn rows_of(&self, ids: &[RowId], now: Timestamp) -> Result<Vec<Row>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let rows = self.store.rows(id.effect)?;
            found.extend(rows.into_iter().find(|row| row.id == *id && row.is_due(now)));
        }
        Ok(found)
    }

    /// Writes one turn: what was gathered, a tick if one is due, and what the engine made of the turns before. Where it
    /// fails nothing is lost: it is all there for the next try, except what was gathered.
    pub fn write(&mut self, gathered: Gathered) -> Result<Written, WriteError> {
        let deliveries = self.deliveries(&gathered.outbox)?;
        let now = self.now();
        let mut turn = Turn { number: self.ends.turn + 1, outbox: gathered.outbox, ..Turn::default() };
        let (records, places, switched) = self.stamp(now, gathered.inputs, deliveries, gathered.switch);
        turn.records = records;
        turn.versions = turn.records.iter().filter_map(|record| version(record, switched.as_ref())).collect();
        turn.set_aside = mem::take(&mut self.set_aside);
        let next = Folded::starting(self.unwritten.to);
        turn.folded = Some(mem::replace(&mut self.unwritten, next));
        match commit(&mut *self.store, self.epoch, &turn) {
            Ok(()) => Ok(self.written(turn, places, switched)),
            Err(error) => {
                if let Some(folded) = turn.folded.take() {
                    self.unwritten = folded;
                }
                self.set_aside = turn.set_aside;
                Err(error)
            }
        }
    }

    /// Notes that a turn is durable.
    fn written(&mut self, turn: Turn, places: Vec<Result<Position, Str>>, switched: Option<Switching>) -> Written {
        self.ends = crate::store::ends_after(&self.ends, &turn);
        if let Some(switched) = switched {
            self.rules = switched.ruleset;
        }
        if let Some(tick) = turn.records.iter().rev().find(|record| record.input == Input::Tick) {
            self.ticked_at = tick.position;
            self.next_deadline = None;
        }
        let ready = self.ready_checkpoints();
        let has_rows = turn.folded.is_some_and(|folded| !folded.rows.is_empty());
        Written { records: turn.records, places, checkpoints: ready, has_rows, set_aside: turn.set_aside }
    }

    /// Returns the checkpoints that may be kept now, their effects being committed.
    pub fn ready_checkpoints(&mut self) -> Vec<Draft> {
        let cursor = self.ends.cursor;
        let (ready, waiting) =
            mem::take(&mut self.checkpoints).into_iter().partition(|checkpoint| checkpoint.position <= cursor);
        self.checkpoints = waiting;
        ready
    }

    /// Gives every input its position and the instant. A tick stands in front where a deadline lies before that instant;
    /// one at exactly that instant waits until the inputs of the instant are seen (M3).
    fn stamp(
        &self,
        now: Timestamp,
        inputs: Vec<Arrived>,
        deliveries: Vec<Delivery>,
        switch: Option<Switching>,
    ) -> (Vec<Record>, Vec<Result<Position, Str>>, Option<Switching>) {
        let mut records: Vec<Record> = Vec::with_capacity(inputs.len() + deliveries.len() + 2);
        let last = self.ends.last.0;
        let mut put = |input: Input| {
            let position = Position(last + records.len() as u64 + 1);
            records.push(Record { position, now, input });
            position
        };
        if self.next_deadline.is_some_and(|due| due < now) {
            put(Input::Tick);
        }
        let mut places = Vec::with_capacity(inputs.len());
        for arrived in inputs {
            places.push(self.moved(arrived).map(&mut put));
        }
        for delivery in deliveries {
            put(Input::Delivery(delivery));
        }
        if let Some(Switching { ruleset, fills, .. }) = &switch {
            let (hash, ruleset) = (ruleset.hash, Some(ruleset.clone()));
            put(Input::Switch(Switch { hash, ruleset, fills: fills.clone() }));
        }
        if self.next_deadline == Some(now) {
            put(Input::Tick);
        }
        (records, places, switch)
    }

    /// Moves an input to the vocabulary in force, where it was read with another one.
    fn moved(&self, arrived: Arrived) -> Result<Input, Str> {
        let new = &self.rules.vocabulary;
        let Some(old) = arrived.read_with.filter(|old| old.fingerprint != new.fingerprint) else {
            return Ok(arrived.input);
        };
        let gone =
            |what: &str| -> Str { format!("{what} is no longer in the vocabulary, which has just changed").into() };
        match arrived.input {
            Input::Signal(signal) => {
                let moved = signal.remap(&old, new).map(Input::Signal);
                moved.ok_or_else(|| gone(&old.signal_type(signal.kind).name))
            }
            Input::History(signal) => {
                let moved = signal.remap(&old, new).map(Input::History);
                moved.ok_or_else(|| gone(&old.signal_type(signal.kind).name))
            }
            Input::Fact(change) => {
                let moved = change.remap(&old, new).map(Input::Fact);
                moved.ok_or_else(|| gone(&old.thing_type(change.thing).name))
            }
            Input::Erase(mut erase) => {
                let name = &old.thing_type(erase.thing).name;
                erase.thing = new.thing(name).ok_or_else(|| gone(name))?;
                Ok(Input::Erase(erase))
            }
            other => Ok(other),
        }
    }

    /// Returns what the engine has to hear of: effects of which the last open row is now at its end, or that were decided in
    /// shadow.
    fn deliveries(&self, outbox: &[(RowId, Change)]) -> Result<Vec<Delivery>, StoreError> {
        let touched: BTreeSet<EffectId> = outbox.iter().map(|(id, _)| id.effect).collect();
        let mut deliveries = Vec::new();
        for effect in touched {
            deliveries.extend(told(effect, self.store.rows(effect)?, outbox));
        }
        // Those of one effect stand side by side.
        let silenced = self.unwritten.rows.iter().filter(|row| row.state == RowState::Silenced);
        let mut silenced: Vec<EffectId> = silenced.map(|row| row.id.effect).collect();
        silenced.dedup();
        let silenced = silenced.into_iter().map(|effect| Delivery { effect, failed: Some(SHADOW.into()) });
        deliveries.extend(silenced);
        Ok(deliveries)
    }

    /// Writes rows anew for an erasure.
    pub fn rewrite(&mut self, rewrite: &Rewrite) -> Result<(), WriteError> {
        match self.store.rewrite(self.epoch, rewrite)? {
            true => Ok(()),
            false => Err(WriteError::Store(StoreError::Failed("an erasure could not be written".into()))),
        }
    }

    /// Sees to it that nothing is left in a log of what rows held before; tells whether that could be done now.
    pub fn cut_log(&mut self) -> Result<bool, StoreError> {
        self.store.cut_log()
    }

    /// Forgets inputs stamped before `keep_from` that no checkpoint needs, and final rows of effects before it; returns
    /// how many went.
    pub fn trim(&mut self, oldest_needed: Position, keep_from: Timestamp, limit: usize) -> Result<usize, StoreError> {
        // Stamps never go back: the first one that is kept is found by halving.
        let (mut low, mut high) = (self.ends.trimmed.0, self.ends.cursor.0.min(oldest_needed.0));
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            let found = self.store.records(Position(middle), 1)?;
            match found.first().is_some_and(|record| record.now < keep_from) {
                true => low = middle,
                false => high = middle - 1,
            }
        }
        let gone = self.store.trim(self.epoch, Position(low), keep_from, limit)?;
        self.ends = self.store.ends()?;
        Ok(gone)
    }
}

/// Returns the version that a switch among the records begins.
fn version(record: &Record, switched: Option<&Switching>) -> Option<Version> {
    let Input::Switch(switch) = &record.input else { return None };
    let sources = switched?.sources.clone();
    Some(Version { from: record.position, at: Some(record.now), hash: switch.hash, sources })
}

/// Writes a turn, and finds out what became of it where the store does not know.
pub(super) fn commit(store: &mut dyn Store, epoch: Epoch, turn: &Turn) -> Result<(), WriteError> {
    for _ in 0..TRIES {
        match store.write(epoch, turn)? {
            Committed::Ok => return Ok(()),
            Committed::Fenced => return Err(WriteError::Fenced),
            Committed::Unknown => {
                let ends = match store.ends() {
                    // It may have been written: to try it again as if it had not would be fenced.
                    Err(StoreError::Failed(_)) => return Err(WriteError::Unknown),
                    ends => ends?,
                };
                match ends.epoch == epoch {
                    true if ends.turn == turn.number => return Ok(()),
                    true => {}
                    false => return Err(WriteError::Fenced),
                }
            }
        }
    }
    Err(WriteError::Unknown)
}
