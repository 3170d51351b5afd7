//! A sender and a mail server around a daemon that is driven by hand, dies and is started again, and the laws of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use touchline::clock::ManualClock;
use touchline::daemon::fold::FoldError;
use touchline::daemon::start::{StartError, Started, start};
use touchline::daemon::turn::{Arrived, Gathered, Which, WriteError, Written};
use touchline::engine::input::Input;
use touchline::engine::record::Record;
use touchline::engine::store::{Change, Reader, RowId, RowState, Store, StoreError, Vault};
use touchline::store::checkpoint::CheckpointFolder;
use touchline::store::memory::Disk;
use touchline::store::sqlite::{SqliteReader, SqliteStore};

use super::{Reference, all_records, clock, options, retail};
use crate::support::random::Dice;

const HOLD: SignedDuration = SignedDuration::from_secs(60);

/// Why a process ended.
#[derive(Debug)]
pub struct Died;

/// What a daemon runs on.
pub trait Ground: std::fmt::Debug {
    fn store(&self) -> Result<Box<dyn Store>, StoreError>;
    fn vault(&self) -> Arc<dyn Vault>;
    fn reader(&self) -> Box<dyn Reader>;
}

impl Ground for Disk {
    fn store(&self) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(self.open()))
    }

    fn vault(&self) -> Arc<dyn Vault> {
        Arc::new(self.open())
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(self.open())
    }
}

/// A data folder.
impl Ground for PathBuf {
    fn store(&self) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(SqliteStore::open(self)?))
    }

    fn vault(&self) -> Arc<dyn Vault> {
        Arc::new(CheckpointFolder::open(self).unwrap())
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(SqliteReader::open(self).unwrap())
    }
}

/// A sender and a mail server around a daemon that dies and is started again.
pub struct World<G> {
    pub ground: G,
    pub clock: Arc<ManualClock>,
    pub now: Timestamp,
    pub checkpoint_every: u64,
    pub daemon: Option<Started>,
    /// Turns that are written and not yet folded.
    pub turns: VecDeque<Vec<Record>>,
    pub feed: Vec<(Input, Timestamp)>,
    pub acknowledged: usize,
    pub submissions: usize,
    pub deaths: u32,
    pub sent: BTreeMap<RowId, u32>,
    pub settled: BTreeSet<RowId>,
    pub reference: Reference,
}

impl<G: Ground> World<G> {
    pub fn new(ground: G, feed: Vec<(Input, Timestamp)>, checkpoint_every: u64) -> World<G> {
        World {
            ground,
            clock: clock(),
            now: feed[0].1,
            checkpoint_every,
            daemon: None,
            turns: VecDeque::new(),
            feed,
            acknowledged: 0,
            submissions: 0,
            deaths: 0,
            sent: BTreeMap::new(),
            settled: BTreeSet::new(),
            reference: Reference::new(&retail().0),
        }
    }

    /// Returns the daemon, started if it is not running.
    pub fn daemon(&mut self) -> Result<&mut Started, Died> {
        if self.daemon.is_none() {
            let vault = self.ground.vault();
            let options = options(vault, self.clock.clone(), self.checkpoint_every);
            let store = match self.ground.store() {
                Ok(store) => store,
                Err(error) => panic!("{error}"),
            };
            match start(store, retail(), options) {
                Ok(started) => self.daemon = Some(started),
                Err(error) => {
                    let text = format!("{error:?}");
                    assert!(text.contains("Crashed") || text.contains("disk is full"), "{text}");
                    if let StartError::Store(StoreError::Damaged { .. }) = error {
                        panic!("{error}");
                    }
                    return Err(self.dies());
                }
            }
        }
        Ok(self.daemon.as_mut().unwrap())
    }

    /// Returns the daemon that runs.
    pub fn running(&self) -> &Started {
        self.daemon.as_ref().unwrap()
    }

    pub fn dies(&mut self) -> Died {
        self.daemon = None;
        self.turns.clear();
        self.deaths += 1;
        Died
    }

    pub fn write(&mut self, gathered: Gathered) -> Result<Option<Written>, Died> {
        match self.daemon()?.writer.write(gathered) {
            Ok(mut written) => {
                for checkpoint in std::mem::take(&mut written.checkpoints) {
                    if self.ground.vault().keep(checkpoint) == Err(StoreError::Crashed) {
                        return Err(self.dies());
                    }
                }
                if !written.records.is_empty() {
                    self.turns.push_back(std::mem::take(&mut written.records));
                }
                Ok(Some(written))
            }
            // Told so: the sender comes again.
            Err(WriteError::Store(StoreError::Failed(_))) => Ok(None),
            Err(WriteError::Store(StoreError::Crashed)) => Err(self.dies()),
            Err(other) => panic!("{other}"),
        }
    }

    /// Submits up to `many` more lines of the feed.
    pub fn submit(&mut self, many: usize) -> Result<(), Died> {
        let upto = self.feed.len().min(self.acknowledged + many);
        let batch = &self.feed[self.acknowledged..upto];
        let Some((_, at)) = batch.last() else { return Ok(()) };
        self.now = self.now.max(*at);
        self.clock.set(self.now);
        let inputs = batch.iter().map(|(input, _)| Arrived { input: input.clone(), read_with: None }).collect();
        self.submissions += 1;
        if self.write(Gathered { inputs, ..Gathered::default() })?.is_some() {
            self.acknowledged = upto;
        }
        Ok(())
    }

    /// Lets the engine fold a turn.
    pub fn fold(&mut self) -> Result<(), Died> {
        let Some(records) = self.turns.pop_front() else { return Ok(()) };
        match self.daemon()?.folder.fold(records) {
            Ok(folded) => self.daemon()?.writer.take(folded),
            Err(FoldError::Store(StoreError::Crashed)) => return Err(self.dies()),
            Err(other) => panic!("{other}"),
        }
        Ok(())
    }

    /// Writes what is left to write.
    pub fn flush(&mut self) -> Result<(), Died> {
        if self.daemon()?.writer.has_work() {
            self.write(Gathered::default())?;
        }
        Ok(())
    }

    /// Leases rows, sends them, settles.
    pub fn deliver(&mut self, dice: &mut Dice) -> Result<(), Died> {
        let mut outbox = Vec::new();
        let rows = match self.daemon()?.writer.lease(&mut outbox, &Which::Due { kind: None, limit: 3 }, HOLD) {
            Ok(rows) => rows,
            Err(StoreError::Crashed) => return Err(self.dies()),
            Err(_) => return Ok(()),
        };
        if rows.is_empty() || self.write(Gathered { outbox, ..Gathered::default() })?.is_none() {
            return Ok(());
        }
        let mut changes = Vec::new();
        for row in rows {
            let attempt = row.attempt;
            assert!(!self.settled.contains(&row.id), "{} was sent and told so", row.id);
            changes.push(match dice.below(8) {
                0 => (row.id, Change::Retry { attempt, not_before: self.now, why: "451 later".into() }),
                1 => (row.id, Change::Dead { attempt, why: "550 no such user".into() }),
                _ => {
                    *self.sent.entry(row.id).or_default() += 1;
                    (row.id, Change::Sent { attempt })
                }
            });
        }
        let sent = changes.iter().filter(|(_, change)| !matches!(change, Change::Retry { .. })).map(|(id, _)| *id);
        let sent: Vec<RowId> = sent.collect();
        // What went has to be told until it is heard.
        while self.write(Gathered { outbox: changes.clone(), ..Gathered::default() })?.is_none() {}
        self.settled.extend(sent);
        Ok(())
    }

    /// Does something.
    pub fn step(&mut self, dice: &mut Dice) -> Result<(), Died> {
        match dice.below(8) {
            0..=2 if self.turns.len() < 2 => self.submit(1 + dice.below(4)),
            3 | 4 => self.fold(),
            5 => self.flush(),
            6 => self.deliver(dice),
            _ => self.fold(),
        }
    }

    /// Comes to an end: everything submitted, folded, written and sent.
    pub fn finish(&mut self, dice: &mut Dice) {
        for round in 0.. {
            assert!(round < 100_000, "it does not come to an end");
            let _ = self.submit(4);
            let _ = self.fold();
            let _ = self.flush();
            let _ = self.deliver(dice);
            let Ok(daemon) = self.daemon() else { continue };
            let idle = !daemon.writer.has_work() && self.turns.is_empty() && self.acknowledged == self.feed.len();
            if idle {
                match self.ground.reader().next_due() {
                    Err(_) => drop(self.dies()),
                    Ok(None) => return,
                    // A lease of somebody who died: its time passes.
                    Ok(Some(due)) => {
                        self.now = self.now.max(due);
                        self.clock.set(self.now);
                    }
                }
            }
        }
    }

    /// Looks whether all laws hold so far.
    pub fn check(&mut self) {
        let reader = self.ground.reader();
        self.reference.follow(&*reader);
        self.reference.check(&*reader);
        let records = all_records(&*reader);
        let mut times: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
        let mut heard: BTreeMap<_, usize> = BTreeMap::new();
        for record in &records {
            match &record.input {
                Input::Delivery(delivery) => *heard.entry(delivery.effect).or_default() += 1,
                Input::Tick => {}
                input => *times.entry(postcard::to_stdvec(input).unwrap()).or_default() += 1,
            }
        }
        for (input, _) in &self.feed[..self.acknowledged] {
            assert!(times.contains_key(&postcard::to_stdvec(input).unwrap()), "acknowledged and lost: {input:?}");
        }
        for row in reader.outbox(None, None, 1_000_000).unwrap() {
            let times = heard.get(&row.id.effect).copied().unwrap_or(0);
            assert!(times <= 1, "the engine heard {times} times of {}", row.id);
            match row.state {
                RowState::Sent => assert!(self.sent.contains_key(&row.id), "{} was never sent", row.id),
                _ => assert!(!self.settled.contains(&row.id) || row.state == RowState::Dead, "{row:?}"),
            }
        }
        for (row, times) in &self.sent {
            assert!(*times <= 1 + self.deaths, "{row} was sent {times} times with {} deaths", self.deaths);
        }
        let ends = reader.ends().unwrap();
        if let Some(daemon) = self.daemon.as_ref().filter(|daemon| daemon.folder.engine().position() == ends.last) {
            assert!(daemon.folder.engine().same_state(&self.reference.engine), "the state is the fold of the journal");
        }
    }
}
