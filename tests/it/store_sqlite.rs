//! The store on disk: the suite of every store, one holder, formats, restarts, copies while it is written, and damage, which
//! ends in a message and never in another decision.

use std::fs;
use std::io::Read;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use touchline::daemon::start::start;
use touchline::engine::store::{Checkpoint, Ends, Reader, Saved, StoreError, Vault};
use touchline::id::Position;
use touchline::store::checkpoint::CheckpointFolder;
use touchline::store::sqlite::{SqliteReader, SqliteStore};

use crate::store::suite;
use crate::support::daemon::world::World;
use crate::support::daemon::{Reference, all_records, clock, feed, options, retail};
use crate::support::random::Dice;

/// A folder of its own, removed at the end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("store-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }

    /// Copies what is in it now.
    fn copy(&self) -> Folder {
        let copy = Folder::new();
        for below in ["", "checkpoints"] {
            fs::create_dir_all(copy.0.join(below)).unwrap();
            for entry in fs::read_dir(self.0.join(below)).unwrap().flatten().filter(|entry| entry.path().is_file()) {
                fs::copy(entry.path(), copy.0.join(below).join(entry.file_name())).unwrap();
            }
        }
        copy
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A world in a folder, some way through the feed.
pub fn world(folder: &Folder, lines: usize, steps: usize, seed: u64) -> World<PathBuf> {
    let mut world = World::new(folder.0.clone(), feed(&retail().0)[..lines].to_vec(), 60);
    let mut dice = Dice::new(seed);
    for _ in 0..steps {
        world.step(&mut dice).unwrap();
    }
    world
}

#[test]
fn the_disk_holds_the_suite() {
    let folders = std::cell::RefCell::new(Vec::new());
    suite(&|| {
        let folder = Folder::new();
        let store = SqliteStore::open(&folder.0).unwrap();
        folders.borrow_mut().push(folder);
        Box::new(store)
    });
}

#[test]
fn a_second_holder_is_refused_and_told_what_to_do() {
    let folder = Folder::new();
    let first = SqliteStore::open(&folder.0).unwrap();
    let second = SqliteStore::open(&folder.0).unwrap_err();
    assert!(matches!(second, StoreError::InUse(_)));
    assert!(second.to_string().contains("another touchline is running on it. Stop that one first"), "{second}");
    assert!(SqliteReader::open(&folder.0).is_ok(), "reading is free");
    drop(first);
    SqliteStore::open(&folder.0).unwrap();
}

#[test]
fn a_later_format_and_a_foreign_file_are_refused() {
    let folder = Folder::new();
    drop(SqliteStore::open(&folder.0).unwrap());
    let file = folder.0.join("touchline.sqlite");
    let sound = fs::read(&file).unwrap();
    // The header holds user_version at 60 and application_id at 68, big-endian.
    let mut later = sound.clone();
    later[60..64].copy_from_slice(&7u32.to_be_bytes());
    fs::write(&file, &later).unwrap();
    let refused = SqliteStore::open(&folder.0).unwrap_err();
    assert!(refused.to_string().contains("format 7, this version reads formats up to 4"), "{refused}");
    let mut foreign = sound.clone();
    foreign[68..72].copy_from_slice(&0u32.to_be_bytes());
    fs::write(&file, &foreign).unwrap();
    assert!(matches!(SqliteStore::open(&folder.0), Err(StoreError::Damaged { .. })));
    assert!(matches!(SqliteReader::open(&folder.0), Err(StoreError::Damaged { .. })));
    fs::write(&file, &sound).unwrap();
    SqliteStore::open(&folder.0).unwrap();
}

#[test]
fn restarts_on_disk_give_equal_state_and_effects() {
    let seed = 17;
    let folder = Folder::new();
    let mut world = World::new(folder.0.clone(), feed(&retail().0)[..400].to_vec(), 40);
    let mut dice = Dice::new(seed);
    for restart in 0..40 {
        for _ in 0..1 + dice.below(20) {
            world.step(&mut dice).unwrap();
        }
        world.dies();
        assert!(world.daemon().is_ok());
        let reader = SqliteReader::open(&folder.0).unwrap();
        world.reference.follow(&reader);
        let same = world.running().folder.engine().same_state(&world.reference.engine);
        assert!(same, "seed {seed}, restart {restart}");
    }
    world.finish(&mut dice);
    world.check();
    assert!(!world.sent.is_empty());
}

#[test]
fn a_copy_taken_while_it_is_written_starts_and_is_whole() {
    let (folder, copy) = (Folder::new(), Folder::new());
    let mut world = world(&folder, 300, 150, 23);
    let file = copy.0.join("touchline.sqlite");
    SqliteReader::open(&folder.0).unwrap().copy_to(&file).unwrap();
    let again = SqliteReader::open(&folder.0).unwrap().copy_to(&file).unwrap_err();
    assert!(again.to_string().contains("is there already"), "{again}");
    let ends = SqliteReader::open(&folder.0).unwrap().ends().unwrap();
    let _ = world.submit(4);
    let vault = std::sync::Arc::new(CheckpointFolder::open(&copy.0).unwrap());
    let store = Box::new(SqliteStore::open(&copy.0).unwrap());
    let started = start(store, retail(), options(vault, clock(), 1_000)).unwrap();
    assert_eq!(started.report.to, ends.last);
    let mut reference = Reference::new(&retail().0);
    let reader = SqliteReader::open(&copy.0).unwrap();
    reference.follow(&reader);
    reference.check(&reader);
    assert!(started.folder.engine().same_state(&reference.engine));
}

/// What a start on a damaged folder came to.
#[derive(Debug, PartialEq)]
enum Came {
    /// A message.
    Said(String),
    /// Everything is as it was.
    Whole,
    /// The journal ends earlier, and everything up to there is as it was.
    Shorter,
}

/// Starts on a folder and compares all of it with what the sound one held.
fn starts(folder: &Folder, reference: &Reference, ends: Ends) -> Came {
    let said = |error: &dyn std::fmt::Display| Came::Said(error.to_string());
    let store = match SqliteStore::open(&folder.0) {
        Ok(store) => store,
        Err(error) => return said(&error),
    };
    let vault = std::sync::Arc::new(CheckpointFolder::open(&folder.0).unwrap());
    let started = match start(Box::new(store), retail(), options(vault, clock(), 1_000)) {
        Ok(started) => started,
        Err(error) => return said(&error),
    };
    let reader = SqliteReader::open(&folder.0).unwrap();
    // Whatever can be read has to be right; what cannot be says so.
    let errors = [reader.effects(Position(0), 1 << 40).err(), reader.outbox(None, None, 1 << 40).err()];
    if let Some(error) = errors.iter().flatten().next() {
        return said(error);
    }
    // A message that is damaged is left out of the outbox, and said so.
    if let Some(harmed) = reader.harmed().unwrap().first() {
        return said(harmed);
    }
    let found = match reader.records(Position(0), 1 << 40) {
        Ok(_) => reader.ends().unwrap(),
        Err(error) => return said(&error),
    };
    if found.last == ends.last && found.cursor == ends.cursor {
        reference.check(&reader);
        assert!(started.folder.engine().same_state(&reference.engine), "another state");
        return Came::Whole;
    }
    assert!(found.last <= ends.last && found.cursor <= ends.cursor, "{found:?}");
    let mut shorter = Reference::new(&retail().0);
    shorter.follow(&reader);
    shorter.check(&reader);
    assert!(started.folder.engine().same_state(&shorter.engine), "another state");
    Came::Shorter
}

/// Damages `file` of copies of `folder` in many ways; returns how many were said, harmless, and made the journal shorter.
fn damage(folder: &Folder, file: &str, times: usize, seed: u64) -> [usize; 3] {
    let mut reference = Reference::new(&retail().0);
    let reader = SqliteReader::open(&folder.0).unwrap();
    reference.follow(&reader);
    let ends = reader.ends().unwrap();
    drop(reader);
    let mut dice = Dice::new(seed);
    let mut came = [0; 3];
    for time in 0..times {
        let copy = folder.copy();
        let path = copy.0.join(file);
        let mut bytes = fs::read(&path).unwrap();
        let place = dice.below(bytes.len());
        let how = match time % 4 {
            0 => {
                bytes.truncate(place);
                format!("cut at {place}")
            }
            1 => {
                let page = place / 4_096 * 4_096;
                let end = bytes.len().min(page + 4_096);
                bytes[page..end].fill(0);
                format!("zeros from {page} to {end}")
            }
            _ => {
                bytes[place] ^= 1 << dice.below(8);
                format!("a bit at {place}")
            }
        };
        fs::write(&path, bytes).unwrap();
        let result = std::panic::catch_unwind(AssertUnwindSafe(|| starts(&copy, &reference, ends)));
        let Ok(result) = result else { panic!("seed {seed}, {file}, {how}") };
        if let Came::Said(text) = &result {
            assert!(text.len() > 20, "{text}");
        }
        came[match result {
            Came::Said(_) => 0,
            Came::Whole => 1,
            Came::Shorter => 2,
        }] += 1;
    }
    came
}

#[test]
fn a_damaged_file_is_said_and_never_decided_from() {
    let folder = Folder::new();
    let mut world = world(&folder, 300, 200, 29);
    world.finish(&mut Dice::new(1));
    drop(world);
    assert!(!folder.0.join("touchline.sqlite-wal").exists(), "all of it is in the one file");
    let [said, whole, shorter] = damage(&folder, "touchline.sqlite", 160, 31);
    assert_eq!(shorter, 0, "the file itself never loses its end without a word");
    assert!(said > 80, "{said} were said, {whole} changed nothing");
}

#[test]
fn a_damaged_log_is_said_or_ends_earlier_and_is_whole_up_to_there() {
    let (folder, live) = (Folder::new(), Folder::new());
    let world = world(&live, 300, 200, 37);
    let copied = live.copy();
    drop(world);
    fs::rename(copied.0.join("touchline.sqlite-wal"), folder.0.join("touchline.sqlite-wal")).unwrap();
    fs::rename(copied.0.join("touchline.sqlite"), folder.0.join("touchline.sqlite")).unwrap();
    fs::create_dir_all(folder.0.join("checkpoints")).unwrap();
    // The log is read in copies: opening it here would take it into the file.
    let wal = fs::read(folder.0.join("touchline.sqlite-wal")).unwrap();
    assert!(wal.len() > 100_000);
    let sound = folder.copy();
    let [said, whole, shorter] = damage(&sound, "touchline.sqlite", 8, 41);
    assert_eq!(said + whole + shorter, 8);
    let mut dice = Dice::new(43);
    let mut kept = 0;
    for _ in 0..40 {
        let copy = folder.copy();
        let mut cut = wal.clone();
        let place = dice.below(cut.len());
        cut[place] ^= 0x10;
        fs::write(copy.0.join("touchline.sqlite-wal"), cut).unwrap();
        let store = match SqliteStore::open(&copy.0) {
            Ok(store) => store,
            Err(error) => {
                assert!(error.to_string().contains("touchline.sqlite"), "{error}");
                continue;
            }
        };
        let records = all_records(&store);
        let mut reference = Reference::new(&retail().0);
        reference.follow(&store);
        reference.check(&store);
        kept += usize::from(!records.is_empty());
    }
    assert!(kept > 0, "some of them keep a beginning");
}

#[test]
fn a_log_that_lost_its_end_is_said_where_a_checkpoint_knows_better() {
    let (folder, early) = (Folder::new(), Folder::new());
    let mut world = world(&folder, 300, 40, 47);
    world.dies();
    let before = folder.copy();
    let mut dice = Dice::new(2);
    world.finish(&mut dice);
    drop(world);
    fs::copy(before.0.join("touchline.sqlite"), early.0.join("touchline.sqlite")).unwrap();
    fs::create_dir_all(early.0.join("checkpoints")).unwrap();
    for entry in fs::read_dir(folder.0.join("checkpoints")).unwrap().flatten() {
        fs::copy(entry.path(), early.0.join("checkpoints").join(entry.file_name())).unwrap();
    }
    let store = Box::new(SqliteStore::open(&early.0).unwrap());
    let vault = std::sync::Arc::new(CheckpointFolder::open(&early.0).unwrap());
    let Err(error) = start(store, retail(), options(vault, clock(), 1_000)) else { panic!("it starts") };
    assert!(error.to_string().contains("it ends at position"), "{error}");
}

#[test]
fn of_damaged_checkpoints_the_one_before_is_taken() {
    let folder = Folder::new();
    let mut world = world(&folder, 300, 200, 53);
    world.finish(&mut Dice::new(1));
    drop(world);
    let mut reference = Reference::new(&retail().0);
    reference.follow(&SqliteReader::open(&folder.0).unwrap());
    let vault = CheckpointFolder::open(&folder.0).unwrap();
    let positions = vault.positions().unwrap();
    assert_eq!(positions.len(), 2);
    let newest = format!("checkpoints/checkpoint-{:020}", positions[1].0);
    let mut dice = Dice::new(59);
    for time in 0..24 {
        let copy = folder.copy();
        let mut bytes = fs::read(copy.0.join(&newest)).unwrap();
        let place = dice.below(bytes.len());
        match time % 3 {
            0 => bytes.truncate(place),
            1 => bytes[place] ^= 1 << dice.below(8),
            _ => bytes[place / 512 * 512..].fill(0),
        }
        fs::write(copy.0.join(&newest), bytes).unwrap();
        let vault = std::sync::Arc::new(CheckpointFolder::open(&copy.0).unwrap());
        let store = Box::new(SqliteStore::open(&copy.0).unwrap());
        let started = start(store, retail(), options(vault, clock(), 1_000)).unwrap();
        assert!(started.folder.engine().same_state(&reference.engine));
        assert!(started.report.from == positions[0] || started.report.damaged.is_empty(), "{:?}", started.report);
    }
}

#[test]
fn checkpoint_files_come_back_as_they_were() {
    let folder = Folder::new();
    let vault = CheckpointFolder::open(&folder.0).unwrap();
    assert_eq!(vault.newest(Position(9)).unwrap().0.map(|saved| saved.position), None);
    for position in [1u64, 1_000, 70_000] {
        let state = vec![position as u8; position as usize];
        let checkpoint = Checkpoint { position: Position(position), ruleset: [position as u8; 16], state };
        vault.put(&checkpoint).unwrap();
        let Saved { position, ruleset, mut state } = vault.newest(checkpoint.position).unwrap().0.expect("it is sound");
        let mut bytes = Vec::new();
        state.read_to_end(&mut bytes).unwrap();
        assert_eq!(Checkpoint { position, ruleset, state: bytes }, checkpoint);
    }
    assert_eq!(vault.positions().unwrap(), [Position(1_000), Position(70_000)]);
    assert_eq!(vault.newest(Position(69_999)).unwrap().0.map(|found| found.position), Some(Position(1_000)));
}
