//! Random lives of a whole daemon on a virtual clock: everything that can fail fails, and the laws hold.
//!
//! `TOUCHLINE_SIM_SEEDS=500` plays more seeds, `TOUCHLINE_SIM_SEED=17` plays one, `TOUCHLINE_SIM_TRACE=1` tells what happens.

use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use std::sync::Arc;

use touchline::daemon::start::start;
use touchline::daemon::turn::{Arrived, Gathered, WriteError};
use touchline::engine::input::Input;
use touchline::engine::store::Reader;
use touchline::store::memory::{Disk, Fault};

use crate::support::daemon::{clock, options, retail};
use crate::support::sim::world::{Summary, run};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[test]
fn whatever_fails_nothing_is_lost_nothing_doubled_and_every_alert_is_answered_or_escalated() {
    if let Some(seed) = number("TOUCHLINE_SIM_SEED") {
        eprintln!("{:?}", run(seed));
        return;
    }
    let seeds = number("TOUCHLINE_SIM_SEEDS").unwrap_or(20);
    let next = AtomicU64::new(0);
    let failed: Mutex<Vec<u64>> = Mutex::default();
    let all: Mutex<Summary> = Mutex::default();
    let play = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            // One is enough to look into.
            if seed >= seeds || !failed.lock().unwrap().is_empty() {
                return;
            }
            match catch_unwind(|| run(seed)) {
                Ok(came) => add(&mut all.lock().unwrap(), &came),
                Err(_) => failed.lock().unwrap().push(seed),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(play);
        }
    });
    let failed = failed.into_inner().unwrap();
    if let Some(seed) = failed.iter().min() {
        println!("seed {seed} breaks a law. Again: TOUCHLINE_SIM_SEED={seed} cargo test --test it simulation::");
        panic!("seed {seed}");
    }
    let all = all.into_inner().unwrap();
    eprintln!("{seeds} seeds: {all:?}");
    // What never happens proves nothing.
    let enough = |found: u64, each: u64| found >= each * seeds;
    assert!(enough(all.inputs, 150) && enough(all.rows as u64, 15) && enough(all.tries, 30), "{all:?}");
    assert!(enough(u64::from(all.lives), 5) && enough(all.switches as u64, 1), "{all:?}");
}

fn add(all: &mut Summary, one: &Summary) {
    all.inputs += one.inputs;
    all.effects += one.effects;
    all.rows += one.rows;
    all.tries += one.tries;
    all.copies += one.copies;
    all.lives += one.lives;
    all.switches += one.switches;
}

#[test]
fn the_same_seed_plays_the_same() {
    for seed in [3, 4] {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}

/// Seed 70 found this: the store does not know whether it wrote, and cannot be asked either.
#[test]
fn a_turn_of_which_nobody_can_say_whether_it_was_written_is_not_called_unwritten() {
    for (fault, written) in [(Fault::UnknownDone, 1), (Fault::UnknownNotDone, 0)] {
        let disk = Disk::new();
        let begin = || start(Box::new(disk.open()), retail(), options(Arc::new(disk.open()), clock(), 100)).unwrap();
        let mut started = begin();
        let call = disk.calls();
        disk.fault_at(call + 1, fault);
        disk.fault_at(call + 2, Fault::Fails);
        let tick = Arrived { input: Input::Tick, read_with: None };
        let said = started.writer.write(Gathered { inputs: vec![tick], ..Gathered::default() });
        assert!(matches!(said, Err(WriteError::Unknown)), "{said:?}");
        // It ends, and starts again with whatever is there.
        disk.crash();
        let mut again = begin();
        assert_eq!(disk.look_on().ends().unwrap().last.0, written);
        again.writer.write(Gathered::default()).unwrap();
    }
}
