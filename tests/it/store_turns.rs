//! The protocol of turns, over the store in memory: whatever fails between any two calls, what was acknowledged is in the
//! journal, what the journal asks for is in the outbox, and nothing is there twice.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;

use jiff::Timestamp;
use touchline::engine::Engine;
use touchline::engine::input::Input;
use touchline::store::memory::{Disk, Fault};
use touchline::store::outbox::{Patience, rows};

use crate::support::daemon::world::World;
use crate::support::daemon::{feed, retail};
use crate::support::random::Dice;

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
    let calls = world.ground.calls();
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
        world.ground.crash();
        world.dies();
        restarts += 1;
        let Ok(daemon) = world.daemon() else { panic!("seed {seed}: it does not start again") };
        let engine = daemon.folder.engine();
        positions.insert(engine.position());
        let reader = world.ground.open();
        world.reference.follow(&reader);
        let same = world.running().folder.engine().same_state(&world.reference.engine);
        assert!(same, "seed {seed}, restart {restarts}");
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
    // One of them may die just after it was written down in truth.
    let lost = (38..42).filter(|steps| {
        let mut dice = Dice::new(5);
        let mut world = World::new(Disk::sloppy(6), busy_feed(), 1_000);
        for _ in 0..*steps {
            let _ = world.step(&mut dice);
        }
        world.ground.crash();
        world.dies();
        std::panic::catch_unwind(AssertUnwindSafe(|| world.check())).is_err()
    });
    assert!(lost.count() >= 2, "the laws do not see that acknowledged inputs are gone");
}
