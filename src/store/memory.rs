//! The store in memory, which can crash between any two calls and forget what was not durable.
//!
//! A [`Disk`] is what outlives a crash; [`Disk::open`] gives a handle on it, as a process has one. A [`Fault`] says at which
//! call what goes wrong. After a crash every handle from before answers [`StoreError::Crashed`], and a new one finds what
//! was durable. Everything goes through its written form on the way in, so that what cannot be read back is found here too.
//! A disk that syncs seldom ([`Disk::sloppy`]) is the control: on it, the tests of durability have to fail.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::engine::effect::Effect;
use crate::engine::input::Input;
use crate::engine::record::Record;
use crate::engine::store::{
    Checkpoint, Committed, Draft, Ends, Epoch, Erasure, ErasureStage, Hash, Kind, Reader, Rewrite, Row, RowId,
    RowState, Saved, SetAside, Store, StoreError, Turn, Vault, Version, WriteState,
};
use crate::id::{EffectId, Position};
use crate::store::{ends_after, follows};
use crate::value::Str;

/// What goes wrong at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process dies before the call does anything.
    CrashBefore,
    /// The process dies after the call did all of it: nobody hears the answer.
    CrashAfter,
    /// The call does it and answers that it does not know ([`Committed::Unknown`] of a write).
    UnknownDone,
    /// The call does nothing and answers that it does not know.
    UnknownNotDone,
    /// The call does nothing and says so: disk full.
    Fails,
}

/// The generation of a handle that only looks on.
const ONLOOKER: u64 = u64::MAX;

/// What outlives a crash.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    live: Tables,
    /// What a crash leaves, where that is not all.
    durable: Option<Tables>,
    sync_every: u64,
    writes: u64,
    /// Handles of an earlier generation are dead.
    generation: u64,
    calls: u64,
    faults: BTreeMap<u64, Fault>,
}

#[derive(Clone, Debug, Default)]
struct Tables {
    ends: Ends,
    records: BTreeMap<u64, Vec<u8>>,
    effects: BTreeMap<u64, Vec<u8>>,
    versions: Vec<Version>,
    set_aside: Vec<SetAside>,
    rows: BTreeMap<RowId, Row>,
    erasures: BTreeMap<u64, ErasureStage>,
    /// With whether each is sound.
    checkpoints: Vec<(Checkpoint, bool)>,
}

/// A handle on a [`Disk`]: a store and a vault.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    disk: Disk,
    generation: u64,
}

impl Disk {
    /// Returns an empty disk.
    pub fn new() -> Disk {
        Disk::default()
    }

    /// Returns an empty disk that syncs only every `writes` writes, whatever it says: a crash loses what came since.
    pub fn sloppy(writes: u64) -> Disk {
        let disk = Disk::new();
        {
            let mut inner = disk.inner();
            inner.sync_every = writes;
            inner.durable = Some(Tables::default());
        }
        disk
    }

    /// Returns a handle: what a process that starts gets.
    pub fn open(&self) -> MemoryStore {
        MemoryStore { disk: self.clone(), generation: self.inner().generation }
    }

    /// Returns the handle of an onlooker: it sees what is there now, its calls are not counted, and nothing goes wrong.
    pub fn look_on(&self) -> MemoryStore {
        MemoryStore { disk: self.clone(), generation: ONLOOKER }
    }

    /// Lets `fault` happen at the call with this number, counted from 1 over the disk's life.
    pub fn fault_at(&self, call: u64, fault: Fault) {
        self.inner().faults.insert(call, fault);
    }

    /// Returns how many calls were made.
    pub fn calls(&self) -> u64 {
        self.inner().calls
    }

    /// Kills the process that holds the handles.
    pub fn crash(&self) {
        self.inner().crash();
    }

    /// Takes back every fault that has not happened yet.
    pub fn heal(&self) {
        self.inner().faults.clear();
    }

    /// Loses the newest checkpoint.
    pub fn lose_newest_checkpoint(&self) {
        self.inner().live.checkpoints.pop();
    }

    /// Damages the newest checkpoint.
    pub fn damage_newest_checkpoint(&self) {
        if let Some(newest) = self.inner().live.checkpoints.last_mut() {
            newest.1 = false;
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A test that panicked while it held the lock has failed already; the tables are whole between any two calls.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn crash(&mut self) {
        self.generation += 1;
        if let Some(durable) = &self.durable {
            self.live = durable.clone();
        }
    }

    /// Counts a call and returns what goes wrong with it.
    fn call(&mut self, generation: u64) -> Result<Option<Fault>, StoreError> {
        if generation == ONLOOKER {
            return Ok(None);
        }
        if generation != self.generation {
            return Err(StoreError::Crashed);
        }
        self.calls += 1;
        let fault = self.faults.remove(&self.calls);
        match fault {
            Some(Fault::CrashBefore) => {
                self.crash();
                Err(StoreError::Crashed)
            }
            Some(Fault::Fails) => Err(StoreError::Failed("the disk is full".into())),
            _ => Ok(fault),
        }
    }

    fn wrote(&mut self) {
        self.writes += 1;
        if self.durable.is_some() && self.writes.is_multiple_of(self.sync_every.max(1)) {
            self.durable = Some(self.live.clone());
        }
    }
}

impl Tables {
    fn take(&mut self, turn: &Turn) {
        self.ends = ends_after(&self.ends, turn);
        self.records.extend(turn.records.iter().map(|record| (record.position.0, record.to_bytes())));
        let erasures = turn.records.iter().filter(|record| matches!(record.input, Input::Erase(_)));
        self.erasures.extend(erasures.map(|record| (record.position.0, ErasureStage::Asked)));
        self.versions.extend(turn.versions.iter().cloned());
        self.set_aside.extend(turn.set_aside.iter().cloned());
        let folded = turn.folded.as_ref();
        for (position, effects) in folded.map(|folded| &folded.effects).into_iter().flatten() {
            let bytes = postcard::to_stdvec(effects).expect("an effect has no value that cannot be written");
            self.effects.insert(position.0, bytes);
        }
        for row in folded.map(|folded| &folded.rows).into_iter().flatten() {
            self.rows.entry(row.id).or_insert_with(|| row.clone());
        }
        for (id, change) in &turn.outbox {
            if let Some(row) = self.rows.get_mut(id) {
                row.apply(change);
            }
        }
        for effect in folded.map(|folded| &folded.withdrawn).into_iter().flatten() {
            for row in self.rows_mut(*effect) {
                row.withdraw();
            }
        }
    }

    fn rewrite(&mut self, rewrite: &Rewrite) {
        for record in &rewrite.records {
            if let Some(there) = self.records.get_mut(&record.position.0) {
                *there = record.to_bytes();
            }
        }
        for (position, effects) in &rewrite.effects {
            if let Some(there) = self.effects.get_mut(&position.0) {
                *there = postcard::to_stdvec(effects).expect("an effect has no value that cannot be written");
            }
        }
        for aside in &rewrite.set_aside {
            self.set_aside.iter_mut().filter(|there| there.position == aside.position).for_each(|there| {
                *there = aside.clone();
            });
        }
        for row in &rewrite.rows {
            if let Some(there) = self.rows.get_mut(&row.id) {
                there.rewritten(row);
            }
        }
        if let Some(stage) = self.erasures.get_mut(&rewrite.erasure.0) {
            *stage = rewrite.stage;
        }
    }

    fn rows_mut(&mut self, effect: EffectId) -> impl Iterator<Item = &mut Row> {
        let (first, last) = (RowId { effect, recipient: 0 }, RowId { effect, recipient: u32::MAX });
        self.rows.range_mut(first..=last).map(|(_, row)| row)
    }

    fn trim(&mut self, upto: Position, before: Timestamp, limit: usize) -> usize {
        let upto = upto.min(self.ends.cursor);
        let gone: Vec<u64> = self.records.range(..=upto.0).take(limit).map(|(position, _)| *position).collect();
        for position in &gone {
            self.records.remove(position);
            self.effects.remove(position);
            self.ends.trimmed = Position(*position);
        }
        let old = |row: &&Row| row.state.is_final() && row.effect.at < before;
        let rows: Vec<RowId> = self.rows.values().filter(old).take(limit).map(|row| row.id).collect();
        rows.iter().for_each(|id| drop(self.rows.remove(id)));
        gone.len() + rows.len()
    }
}

impl MemoryStore {
    /// Makes a reading call.
    fn look<T>(&self, look: impl FnOnce(&Tables) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut inner = self.disk.inner();
        let fault = inner.call(self.generation)?;
        let found = look(&inner.live);
        if fault == Some(Fault::CrashAfter) {
            inner.crash();
            return Err(StoreError::Crashed);
        }
        found
    }

    /// Makes a changing call; `None` where nobody knows whether it was made.
    fn change<T>(&self, change: impl FnOnce(&mut Tables) -> T) -> Result<Option<T>, StoreError> {
        let mut inner = self.disk.inner();
        let fault = inner.call(self.generation)?;
        if fault == Some(Fault::UnknownNotDone) {
            return Ok(None);
        }
        let done = change(&mut inner.live);
        inner.wrote();
        match fault {
            Some(Fault::CrashAfter) => {
                inner.crash();
                Err(StoreError::Crashed)
            }
            Some(Fault::UnknownDone) => Ok(None),
            _ => Ok(Some(done)),
        }
    }
}

fn unreadable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged { what: "the memory".into(), how: error.to_string(), remedy: String::new() }
}

fn same_kind(one: RowState, other: RowState) -> bool {
    std::mem::discriminant(&one) == std::mem::discriminant(&other)
}

impl Reader for MemoryStore {
    fn reader(&self) -> Result<Box<dyn Reader>, StoreError> {
        Ok(Box::new(self.clone()))
    }

    fn ends(&self) -> Result<Ends, StoreError> {
        self.look(|tables| Ok(tables.ends))
    }

    fn records(&self, from: Position, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.look(|tables| {
            let found = tables.records.range(from.0..).take(limit);
            found.map(|(_, bytes)| Record::from_bytes(bytes).map_err(unreadable)).collect()
        })
    }

    fn effects(&self, from: Position, limit: usize) -> Result<Vec<(Position, Vec<Effect>)>, StoreError> {
        self.look(|tables| {
            let found = tables.effects.range(from.0..).take(limit);
            let read = |(at, bytes): (&u64, &Vec<u8>)| {
                postcard::from_bytes(bytes).map(|effects| (Position(*at), effects)).map_err(unreadable)
            };
            found.map(read).collect()
        })
    }

    fn versions(&self) -> Result<Vec<Version>, StoreError> {
        self.look(|tables| Ok(tables.versions.clone()))
    }

    fn set_aside(&self) -> Result<Vec<SetAside>, StoreError> {
        self.look(|tables| Ok(tables.set_aside.clone()))
    }

    fn erasures(&self) -> Result<Vec<Erasure>, StoreError> {
        self.look(|tables| {
            let all = tables.erasures.iter();
            Ok(all.map(|(position, stage)| Erasure { position: Position(*position), stage: *stage }).collect())
        })
    }

    fn due(&self, now: Timestamp, kind: Option<Kind>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.look(|tables| {
            let due = |row: &&Row| row.is_due(now) && kind.is_none_or(|kind| kind == row.kind);
            let mut rows: Vec<&Row> = tables.rows.values().filter(due).collect();
            rows.sort_by_key(|row| (row.due(), row.id));
            Ok(rows.into_iter().take(limit).cloned().collect())
        })
    }

    fn due_for_each(
        &self,
        now: Timestamp,
        kind: Kind,
        except: &BTreeSet<Str>,
        (each, limit): (usize, usize),
    ) -> Result<Vec<Row>, StoreError> {
        self.look(|tables| {
            let due = |row: &&Row| row.is_due(now) && kind == row.kind && !except.contains(&row.to);
            let mut rows: Vec<&Row> = tables.rows.values().filter(due).collect();
            rows.sort_by_key(|row| (row.due(), row.id));
            let mut recipients: Vec<&Str> = vec![];
            for row in &rows {
                if !recipients.contains(&&row.to) {
                    recipients.push(&row.to);
                }
            }
            let mut found: Vec<&Row> = vec![];
            for recipient in recipients {
                if found.len() >= limit {
                    break;
                }
                found.extend(rows.iter().filter(|row| row.to == *recipient).take(each));
            }
            found.sort_by_key(|row| (row.due(), row.id));
            Ok(found.into_iter().cloned().collect())
        })
    }

    fn count(&self, state: RowState) -> Result<u64, StoreError> {
        self.look(|tables| Ok(tables.rows.values().filter(|row| same_kind(state, row.state)).count() as u64))
    }

    fn oldest_waiting(&self) -> Result<Option<Timestamp>, StoreError> {
        let waits = |row: &&Row| matches!(row.state, RowState::Waiting | RowState::Leased { .. });
        self.look(|tables| Ok(tables.rows.values().filter(waits).map(|row| row.effect.at).min()))
    }

    fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.look(|tables| Ok(tables.rows.values().filter_map(Row::due).min()))
    }

    fn rows(&self, effect: EffectId) -> Result<Vec<Row>, StoreError> {
        self.look(|tables| Ok(tables.rows.values().filter(|row| row.id.effect == effect).cloned().collect()))
    }

    fn outbox(&self, after: Option<RowId>, state: Option<RowState>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.look(|tables| {
            let wanted = |row: &&Row| {
                after.is_none_or(|after| row.id > after) && state.is_none_or(|state| same_kind(state, row.state))
            };
            Ok(tables.rows.values().filter(wanted).take(limit).cloned().collect())
        })
    }
}

impl Store for MemoryStore {
    fn acquire(&mut self) -> Result<Epoch, StoreError> {
        let epoch = self.change(|tables| {
            tables.ends.epoch.0 += 1;
            tables.ends.epoch
        })?;
        // Nobody knows: taking over once more does no harm.
        epoch.map_or_else(|| self.acquire(), Ok)
    }

    fn write(&mut self, epoch: Epoch, turn: &Turn) -> Result<Committed, StoreError> {
        let written = self.change(|tables| {
            let follows = follows(&tables.ends, epoch, turn);
            if follows {
                tables.take(turn);
            }
            if follows { Committed::Ok } else { Committed::Fenced }
        })?;
        Ok(written.unwrap_or(Committed::Unknown))
    }

    fn trim(&mut self, epoch: Epoch, upto: Position, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let gone = self.change(|tables| match epoch == tables.ends.epoch {
            true => tables.trim(upto, before, limit),
            false => 0,
        })?;
        Ok(gone.unwrap_or(0))
    }

    fn rewrite(&mut self, epoch: Epoch, rewrite: &Rewrite) -> Result<bool, StoreError> {
        let done = self.change(|tables| {
            let holds = epoch == tables.ends.epoch;
            if holds {
                tables.rewrite(rewrite);
            }
            holds
        })?;
        Ok(done.unwrap_or(false))
    }

    fn cut_log(&mut self) -> Result<bool, StoreError> {
        Ok(true)
    }
}

impl Vault for MemoryStore {
    fn draft(&self, position: Position, ruleset: Hash, write: WriteState) -> Draft {
        let mut state = Vec::new();
        let written = write(&mut state).map_err(|error| StoreError::Failed(error.to_string()));
        Draft { position, body: written.map(|()| Some(Checkpoint { position, ruleset, state })) }
    }

    fn keep(&self, draft: Draft) -> Result<(), StoreError> {
        let checkpoint = draft.body?;
        let kept = self.change(|tables| {
            tables.checkpoints.extend(checkpoint.clone().map(|checkpoint| (checkpoint, true)));
            let too_many = tables.checkpoints.len().saturating_sub(2);
            tables.checkpoints.drain(..too_many);
        })?;
        kept.ok_or_else(|| StoreError::Failed("the checkpoint may not be there".into()))
    }

    fn newest(&self, upto: Position) -> Result<(Option<Saved>, Vec<String>), StoreError> {
        self.look(|tables| {
            let mut damaged = Vec::new();
            let old_enough = |kept: &&(Checkpoint, bool)| kept.0.position <= upto;
            for (checkpoint, sound) in tables.checkpoints.iter().rev().filter(old_enough) {
                if *sound {
                    let Checkpoint { position, ruleset, state } = checkpoint.clone();
                    let state = Box::new(io::Cursor::new(state));
                    return Ok((Some(Saved { position, ruleset, state }), damaged));
                }
                damaged.push(format!("the checkpoint at {} is damaged", checkpoint.position.0));
            }
            Ok((None, damaged))
        })
    }

    fn positions(&self) -> Result<Vec<Position>, StoreError> {
        self.look(|tables| Ok(tables.checkpoints.iter().map(|(checkpoint, _)| checkpoint.position).collect()))
    }
}
