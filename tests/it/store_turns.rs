//! The protocol of turns, over the store in memory: whatever fails between any two calls, what was acknowledged is in the
//! journal, what the journal asks for is in the outbox, and nothing is there twice.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use touchline::clock::ManualClock;
use touchline::daemon::fold::FoldError;
use touchline::daemon::start::{StartError, Started, start};
use touchline::daemon::turn::{Arrived, Gathered, WriteError, Written};
use touchline::engine::Engine;
use touchline::engine::input::Input;
use touchline::engine::record::Record;
use touchline::engine::store::{Change, Reader, RowId, RowState, StoreError, Vault};
use touchline::store::memory::{Disk, Fault};
use touchline::store::outbox::{Patience, rows};

use crate::support::daemon::{Reference, all_records, clock, feed, options, retail};
use crate::support::random::Dice;

const HOLD: SignedDuration = SignedDuration::from_secs(60);

/// Why a process ended.
#[derive(Debug)]
struct Died;

/// A sender and a mail server around a daemon that dies and is started again.
struct World {
    disk: Disk,
    clock: Arc<ManualClock>,
    now: Timestamp,
    checkpoint_every: u64,
    daemon: Option<Started>,
    /// Turns that are written and not yet folded.
    turns: VecDeque<Vec<Record>>,
    feed: Vec<(Input, Timestamp)>,
    acknowledged: usize,
    submissions: usize,
    deaths: u32,
    sent: BTreeMap<RowId, u32>,
    settled: BTreeSet<RowId>,
    reference: Reference,
}

impl World {
    fn new(disk: Disk, feed: Vec<(Input, Timestamp)>, checkpoint_every: u64) -> World {
        World {
            disk,
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
    fn daemon(&mut self) -> Result<&mut Started, Died> {
        if self.daemon.is_none() {
            let vault = Arc::new(self.disk.open());
            let options = options(vault, self.clock.clone(), self.checkpoint_every);
            match start(Box::new(self.disk.open()), retail(), options) {
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

    fn dies(&mut self) -> Died {
        self.daemon = None;
        self.turns.clear();
        self.deaths += 1;
        Died
    }

    fn write(&mut self, gathered: Gathered) -> Result<Option<Written>, Died> {
        match self.daemon()?.writer.write(gathered) {
            Ok(mut written) => {
                for checkpoint in std::mem::take(&mut written.checkpoints) {
                    if self.disk.open().keep(&checkpoint) == Err(StoreError::Crashed) {
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
    fn submit(&mut self, many: usize) -> Result<(), Died> {
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
    fn fold(&mut self) -> Result<(), Died> {
        let Some(records) = self.turns.pop_front() else { return Ok(()) };
        match self.daemon()?.folder.fold(records) {
            Ok(folded) => self.daemon()?.writer.take(folded),
            Err(FoldError::Store(StoreError::Crashed)) => return Err(self.dies()),
            Err(other) => panic!("{other}"),
        }
        Ok(())
    }

    /// Writes what is left to write.
    fn flush(&mut self) -> Result<(), Died> {
        if self.daemon()?.writer.has_work() {
            self.write(Gathered::default())?;
        }
        Ok(())
    }

    /// Leases rows, sends them, settles.
    fn deliver(&mut self, dice: &mut Dice) -> Result<(), Died> {
        let mut outbox = Vec::new();
        let rows = match self.daemon()?.writer.lease(&mut outbox, None, HOLD, 3) {
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
    fn step(&mut self, dice: &mut Dice) -> Result<(), Died> {
        match dice.below(8) {
            0..=2 if self.turns.len() < 2 => self.submit(1 + dice.below(4)),
            3 | 4 => self.fold(),
            5 => self.flush(),
            6 => self.deliver(dice),
            _ => self.fold(),
        }
    }

    /// Comes to an end: everything submitted, folded, written and sent.
    fn finish(&mut self, dice: &mut Dice) {
        for round in 0.. {
            assert!(round < 100_000, "it does not come to an end");
            let _ = self.submit(4);
            let _ = self.fold();
            let _ = self.flush();
            let _ = self.deliver(dice);
            let Ok(daemon) = self.daemon() else { continue };
            let idle = !daemon.writer.has_work() && self.turns.is_empty() && self.acknowledged == self.feed.len();
            if idle {
                let open = self.disk.open().next_due().unwrap();
                match open {
                    None => return,
                    // A lease of somebody who died: its time passes.
                    Some(due) => {
                        self.now = self.now.max(due);
                        self.clock.set(self.now);
                    }
                }
            }
        }
    }

    /// Looks whether all laws hold so far.
    fn check(&mut self) {
        let reader = self.disk.open();
        self.reference.follow(&reader);
        self.reference.check(&reader);
        let records = all_records(&reader);
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

fn some_feed(lines: std::ops::Range<usize>) -> Vec<(Input, Timestamp)> {
    feed(&retail().0)[lines].to_vec()
}

/// Sixty lines of the feed that by themselves have something sent.
fn busy_feed() -> Vec<(Input, Timestamp)> {
    let (rules, _) = retail();
    let all = feed(&rules);
    let sends = |lines: &[(Input, Timestamp)]| {
        let mut engine = Engine::new(rules.clone());
        let effects = lines.iter().flat_map(|(input, at)| engine.handle(input.clone(), *at).effects);
        effects.map(|effect| rows(&effect, &rules.directory, Patience::default()).len()).sum::<usize>()
    };
    let busy = all.windows(60).step_by(20).find(|lines| sends(lines) >= 4);
    busy.expect("something is sent somewhere").to_vec()
}

/// A short run with a fault at one call; returns how many calls it took.
fn run_with(busy: &[(Input, Timestamp)], seed: u64, fault: Option<(u64, Fault)>) -> u64 {
    let disk = Disk::new();
    if let Some((call, fault)) = fault {
        disk.fault_at(call, fault);
    }
    let mut world = World::new(disk, busy.to_vec(), 7);
    let mut dice = Dice::new(seed);
    for _ in 0..80 {
        let _ = world.step(&mut dice);
    }
    world.finish(&mut dice);
    let calls = world.disk.calls();
    world.check();
    assert!(!world.sent.is_empty(), "something was sent");
    if fault.is_none() {
        assert!(world.sent.values().all(|times| *times == 1), "nothing died and nothing went twice");
    }
    calls
}

#[test]
fn a_fault_at_any_call_of_a_short_run_loses_nothing_and_doubles_nothing() {
    let seed = 11;
    let busy = busy_feed();
    let calls = run_with(&busy, seed, None);
    assert!(calls > 60, "there are calls to fail at: {calls}");
    let faults = [Fault::CrashBefore, Fault::CrashAfter, Fault::UnknownDone, Fault::UnknownNotDone, Fault::Fails];
    for call in 1..=calls {
        for fault in faults {
            let run = AssertUnwindSafe(|| run_with(&busy, seed, Some((call, fault))));
            let run = std::panic::catch_unwind(run);
            assert!(run.is_ok(), "seed {seed}, {fault:?} at call {call}");
        }
    }
}

#[test]
fn a_thousand_restarts_at_random_positions_give_equal_state_and_effects() {
    let seed = 3;
    let mut dice = Dice::new(seed);
    let mut world = World::new(Disk::new(), some_feed(0..600), 40);
    let (mut restarts, mut positions) = (0, BTreeSet::new());
    while restarts < 1_000 {
        for _ in 0..1 + dice.below(12) {
            world.step(&mut dice).unwrap_or_else(|died| panic!("seed {seed}: {died:?}"));
        }
        world.disk.crash();
        world.dies();
        restarts += 1;
        let Ok(daemon) = world.daemon() else { panic!("seed {seed}: it does not start again") };
        let engine = daemon.folder.engine();
        positions.insert(engine.position());
        let reader = world.disk.open();
        world.reference.follow(&reader);
        let daemon = world.daemon.as_ref().unwrap();
        assert!(daemon.folder.engine().same_state(&world.reference.engine), "seed {seed}, restart {restarts}");
        if restarts % 100 == 0 {
            world.check();
        }
        if world.acknowledged == world.feed.len() {
            world.finish(&mut dice);
            world.check();
            world = World::new(Disk::new(), some_feed(0..600), 40);
        }
    }
    world.finish(&mut dice);
    world.check();
    assert!(positions.len() > 400, "the restarts were at {} positions", positions.len());
}

#[test]
fn what_a_sloppy_disk_loses_is_found() {
    let mut dice = Dice::new(5);
    let mut world = World::new(Disk::sloppy(6), busy_feed(), 1_000);
    for _ in 0..40 {
        let _ = world.step(&mut dice);
    }
    world.disk.crash();
    world.dies();
    let lost = std::panic::catch_unwind(AssertUnwindSafe(|| world.check()));
    assert!(lost.is_err(), "the laws do not see that acknowledged inputs are gone");
}
