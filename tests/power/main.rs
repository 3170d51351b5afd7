//! Power loss: what a disk may hold when the power goes at any moment, and a start on each of it.
//!
//! `tests/power/run.sh` has [`child`] write under `strace`, which records every write, sync and rename with its data. From
//! this [`images`] builds folders as a disk could hold them: of what was written to a file since its last sync any part may
//! be there, torn at sectors; names are there up to some moment since their folder was synced. On each a store is started:
//! everything that had been acknowledged is there, or it is a bad image. Left out: disks that lie about a sync.

#![allow(clippy::unwrap_used)]
// What the tests share is more than what this one needs.
#![allow(dead_code)]

mod disk;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use touchline::daemon::start::start;
use touchline::daemon::turn::Gathered;
use touchline::engine::input::Input;
use touchline::engine::store::RowState;
use touchline::store::checkpoint::CheckpointFolder;
use touchline::store::sqlite::SqliteStore;

use crate::disk::{Disk, read_trace};
use crate::support::daemon::world::World;
use crate::support::daemon::{Reference, all_records, clock, feed, options, retail};
use crate::support::random::Dice;

const CHECKPOINT_EVERY: u64 = 60;

fn lines() -> Vec<(Input, Timestamp)> {
    let all = feed(&retail().0);
    // Facts first, and then where much happens.
    all[..60].iter().chain(&all[500..1_700]).cloned().collect()
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Writes, and says what was acknowledged as soon as it was; does nothing unless it is told a folder.
#[test]
fn child() {
    let Ok(folder) = std::env::var("TOUCHLINE_POWER_FOLDER") else { return };
    let mut world = World::new(PathBuf::from(folder), lines(), CHECKPOINT_EVERY);
    let mut dice = Dice::new(7);
    let mut said = BTreeSet::new();
    let (mut acknowledged, mut out) = (0, std::io::stdout().lock());
    while world.acknowledged < world.feed.len() {
        world.step(&mut dice).unwrap();
        if world.acknowledged > acknowledged {
            acknowledged = world.acknowledged;
            out.write_all(format!("\n>acknowledged {acknowledged}\n").as_bytes()).unwrap();
        }
        for row in world.settled.iter().filter(|row| said.insert(**row)) {
            out.write_all(format!("\n>settled {row}\n").as_bytes()).unwrap();
        }
        out.flush().unwrap();
    }
}

/// Starts on images and counts bad ones; does nothing unless it is told a trace.
#[test]
fn images() {
    let Ok(trace) = std::env::var("TOUCHLINE_POWER_TRACE") else { return };
    let folder = PathBuf::from(std::env::var("TOUCHLINE_POWER_TRACED").unwrap());
    let (count, seed) = (number("TOUCHLINE_POWER_IMAGES", 200) as usize, number("TOUCHLINE_POWER_SEED", 1));
    let events = read_trace(&std::fs::read(trace).unwrap(), &folder);
    let lines = lines();
    let mut dice = Dice::new(seed);
    let mut moments: Vec<usize> = (0..count).map(|_| dice.below(events.len() + 1)).collect();
    moments.sort_unstable();
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("power-{}", std::process::id()));
    let (mut disk, mut upto, mut told) = (Disk::default(), 0, Told::default());
    let (mut bad, mut refused, mut torn) = (0, 0, 0u64);
    assert!(moved_back(&events) > 2, "the log was moved into the file too seldom to show anything");
    for (image, moment) in moments.into_iter().enumerate() {
        for event in &events[upto..moment] {
            told.hear(event);
            disk.apply(event);
        }
        upto = moment;
        let _ = std::fs::remove_dir_all(&place);
        torn += u64::from(disk.write_image(&place, &mut dice));
        let started = catch_unwind(AssertUnwindSafe(|| stands(&place, &told, &lines, image % 50 == 0)));
        let what = match started {
            Ok(Ok(())) => continue,
            Ok(Err(why)) if told.acknowledged == 0 => {
                // Nothing was promised yet; it has to say what is wrong.
                assert!(!why.is_empty());
                refused += 1;
                continue;
            }
            Ok(Err(why)) => why,
            Err(_) => "a panic".to_owned(),
        };
        bad += 1;
        if bad <= 5 {
            eprintln!("bad image {image} (seed {seed}) at event {moment}, {} acknowledged: {what}", told.acknowledged);
        }
    }
    let _ = std::fs::remove_dir_all(&place);
    println!(
        "{count} images of {} events, {torn} of them with something unsynced: {bad} bad, {refused} refused with nothing acknowledged yet",
        events.len()
    );
    assert!(torn as usize * 4 > count, "too little was unsynced at these moments to show anything");
    assert_eq!(bad, 0);
}

/// How often the store's log was moved into its file.
fn moved_back(events: &[disk::Event]) -> usize {
    let mut file = -1;
    let syncs = events.iter().filter(|event| match event {
        disk::Event::Open { name, fd, .. } if *fd == file || name == Path::new("touchline.sqlite") => {
            // Readers have descriptors of their own; the first is the writer's.
            file = if name == Path::new("touchline.sqlite") && file < 0 { *fd } else { file };
            false
        }
        disk::Event::Sync { fd } => *fd == file,
        _ => false,
    });
    syncs.count()
}

/// What the outside world was told by a moment.
#[derive(Default)]
struct Told {
    acknowledged: usize,
    settled: Vec<String>,
}

impl Told {
    fn hear(&mut self, event: &disk::Event) {
        let disk::Event::Said(text) = event else { return };
        for line in text.lines().filter_map(|line| line.strip_prefix('>')) {
            match line.split_once(' ') {
                Some(("acknowledged", upto)) => self.acknowledged = upto.parse().unwrap(),
                Some(("settled", row)) => self.settled.push(row.to_owned()),
                _ => {}
            }
        }
    }
}

/// Starts on a folder: everything that was told is so.
fn stands(folder: &Path, told: &Told, lines: &[(Input, Timestamp)], closely: bool) -> Result<(), String> {
    let vault = Arc::new(CheckpointFolder::open(folder).map_err(|error| error.to_string())?);
    let store = SqliteStore::open(folder).map_err(|error| error.to_string())?;
    let clock = clock();
    let mut started =
        start(Box::new(store), retail(), options(vault, clock, CHECKPOINT_EVERY)).map_err(|error| error.to_string())?;
    started.writer.write(Gathered::default()).map_err(|error| error.to_string())?;
    let reader = started.writer.reader().unwrap();
    let records = all_records(&*reader);
    let mut inputs =
        records.iter().map(|record| &record.input).filter(|input| matches!(input, Input::Signal(_) | Input::Fact(_)));
    for (place, (line, _)) in lines[..told.acknowledged].iter().enumerate() {
        if inputs.next() != Some(line) {
            return Err(format!("line {place} was acknowledged and is not there"));
        }
    }
    let rows = reader.outbox(None, None, 1 << 30).unwrap();
    for id in &told.settled {
        let row = rows.iter().find(|row| row.id.to_string() == *id);
        if !row.is_some_and(|row| matches!(row.state, RowState::Sent | RowState::Dead)) {
            return Err(format!("{id} was at its end and is {:?}", row.map(|row| row.state)));
        }
    }
    if closely {
        let mut reference = Reference::new(&retail().0);
        reference.follow(&*reader);
        reference.check(&*reader);
        if !started.folder.engine().same_state(&reference.engine) {
            return Err("the state is not the fold of the journal".to_owned());
        }
    }
    Ok(())
}
