//! The daemon's threads, its clock, inputs it cannot take, switches of rule sets, and kill -9.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use touchline::clock::ManualClock;
use touchline::daemon::fold::FoldOptions;
use touchline::daemon::queue::{Handle, QUEUE, Refused};
use touchline::daemon::run::{Event, Running};
use touchline::daemon::start::{Started, start};
use touchline::daemon::turn::{Arrived, Gathered, Switching, Which, WriteError};
use touchline::engine::input::Input;
use touchline::engine::record::Record;
use touchline::engine::ruleset::RuleSet;
use touchline::engine::store::{Change, Reader, RowState, RuleSources, Store, StoreError, Vault};
use touchline::id::{Position, RuleId};
use touchline::store::checkpoint::CheckpointFolder;
use touchline::store::memory::{Disk, Fault};
use touchline::store::sqlite::{SqliteReader, SqliteStore};

use crate::store_sqlite::Folder;
use crate::support::daemon::{Reference, all_records, clock, compiled, feed, options, retail};
use crate::support::random::Dice;

fn arrive((input, _): &(Input, Timestamp)) -> Arrived {
    Arrived { input: input.clone(), read_with: None }
}

fn begin(disk: &Disk, options: FoldOptions) -> Started {
    start(Box::new(disk.open()), retail(), options).unwrap()
}

/// Lines of the feed, facts at first and then signals.
fn lively(many: usize) -> Vec<(Input, Timestamp)> {
    let mut lines = feed(&retail().0);
    let first = lines.iter().position(|(input, _)| matches!(input, Input::Signal(_))).unwrap();
    lines.drain(..first.saturating_sub(20));
    lines.truncate(many);
    lines
}

/// Writes a turn and folds it.
fn turn(started: &mut Started, gathered: Gathered) -> Vec<Record> {
    let written = started.writer.write(gathered).unwrap();
    let folded = started.folder.fold(written.records.clone()).unwrap();
    started.writer.take(folded);
    written.records
}

fn one(line: &(Input, Timestamp)) -> Gathered {
    Gathered { inputs: vec![arrive(line)], ..Gathered::default() }
}

fn running(disk: &Disk, clock: &Arc<ManualClock>) -> Running {
    let vault = Arc::new(disk.open());
    let started = begin(disk, options(vault.clone(), clock.clone(), 50));
    Running::begin(started, vault, clock.clone(), Arc::new(|_| {})).unwrap()
}

/// Waits for something that threads bring about.
fn eventually(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{what} never came about");
}

#[test]
fn many_senders_are_answered_once_all_of_theirs_is_durable() {
    let disk = Disk::new();
    let clock = clock();
    let running = running(&disk, &clock);
    let lines = feed(&retail().0);
    clock.set(lines[399].1);
    let senders: Vec<_> = lines[..400].chunks(100).map(<[_]>::to_vec).collect();
    let places: Vec<Position> = std::thread::scope(|scope| {
        let threads: Vec<_> = senders
            .into_iter()
            .map(|lines| {
                let handle = running.handle();
                scope.spawn(move || {
                    let receipts: Vec<_> =
                        lines.chunks(3).map(|some| handle.submit_receipt(some.iter().map(arrive).collect())).collect();
                    let places = receipts.into_iter().flat_map(|receipt| receipt.unwrap().wait().unwrap());
                    places.map(Result::unwrap).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let different: BTreeSet<Position> = places.iter().copied().collect();
    assert_eq!(different.len(), 400, "each has a place of its own");
    let handle = running.handle();
    running.stop().unwrap();
    assert!(matches!(handle.submit_receipt(vec![]), Err(Refused::Stopped(_))));
    let reader = disk.open();
    let ends = reader.ends().unwrap();
    assert_eq!(ends.cursor, ends.last, "what was taken is folded and written");
    assert_eq!(reader.positions().unwrap().last(), Some(&ends.last), "and a checkpoint stands at the end");
    let mut reference = Reference::new(&retail().0);
    reference.follow(&reader);
    reference.check(&reader);
}

#[test]
fn a_batch_larger_than_a_turn_is_answered_once_and_whole() {
    let disk = Disk::new();
    let clock = clock();
    let running = running(&disk, &clock);
    let many = vec![Arrived { input: Input::Tick, read_with: None }; QUEUE + 500];
    let places = running.handle().submit_receipt(many).unwrap().wait().unwrap();
    let expected: Vec<_> = (1..=QUEUE as u64 + 500).map(|place| Ok(Position(place))).collect();
    assert_eq!(places, expected);
    assert!(disk.open().ends().unwrap().turn >= 9, "no turn takes more than 1,024");
    running.stop().unwrap();
}

#[test]
fn a_full_queue_refuses_at_once() {
    let disk = Disk::new();
    let clock = clock();
    let running = running(&disk, &clock);
    let handle = running.handle();
    let (hold, held) = channel::<()>();
    let (ready, is_ready) = channel();
    let prepare = Box::new(move |_| {
        ready.send(()).unwrap();
        let _ = held.recv();
        None
    });
    let (then, switched) = channel();
    handle.switch(prepare, Box::new(move |said| then.send(said).unwrap())).unwrap();
    is_ready.recv().unwrap();
    let tick = || Arrived { input: Input::Tick, read_with: None };
    let receipts: Vec<_> = (0..QUEUE).map(|_| handle.submit_receipt(vec![tick()]).unwrap()).collect();
    assert_eq!(handle.progress().waiting, QUEUE);
    assert_eq!(handle.submit_receipt(vec![tick()]).unwrap_err(), Refused::Full);
    hold.send(()).unwrap();
    assert_eq!(switched.recv().unwrap(), Ok(None));
    for receipt in receipts {
        receipt.wait().unwrap();
    }
    assert_eq!(handle.progress().waiting, 0);
    handle.submit_receipt(vec![tick()]).unwrap().wait().unwrap();
    running.stop().unwrap();
}

/// Whoever asks whether it is ready hears of a full disk, and of room again although nobody brings anything to write.
#[test]
fn a_disk_that_takes_nothing_is_said_until_it_takes_something_again() {
    let disk = Disk::new();
    let clock = clock();
    let vault = Arc::new(disk.open());
    let started = begin(&disk, options(vault.clone(), clock.clone(), 50));
    let (way, said) = (Arc::new(OnceLock::<Handle>::new()), Arc::new(Mutex::new(vec![])));
    let (handle, told) = (way.clone(), said.clone());
    let listener = move |event: Event| {
        if matches!(event, Event::WriteFailed(_) | Event::WritesAgain) {
            told.lock().unwrap().push(handle.get().and_then(Handle::failing));
        }
    };
    let running = Running::begin(started, vault, clock, Arc::new(listener)).unwrap();
    let handle = way.get_or_init(|| running.handle());
    let tick = || Arrived { input: Input::Tick, read_with: None };
    assert_eq!(handle.failing(), None);
    let mut refused = false;
    while !refused {
        // The next call is this turn's, or one of somebody who looks meanwhile.
        disk.fault_at(disk.calls() + 1, Fault::Fails);
        refused = match handle.submit_receipt(vec![tick()]).unwrap().wait() {
            Err(WriteError::Store(StoreError::Failed(_))) => true,
            said => said.is_err(),
        };
    }
    eventually("room", || said.lock().unwrap().len() == 2);
    assert_eq!(*said.lock().unwrap(), [Some("the disk is full".to_owned()), None]);
    handle.submit_receipt(vec![tick()]).unwrap().wait().unwrap();
    running.stop().unwrap();
}

#[test]
fn another_holder_stops_the_first_and_everybody_hears_it() {
    let disk = Disk::new();
    let clock = clock();
    let running = running(&disk, &clock);
    disk.open().acquire().unwrap();
    let answer = running.handle().submit_receipt(vec![Arrived { input: Input::Tick, read_with: None }]).unwrap().wait();
    assert_eq!(answer, Err(WriteError::Fenced));
    eventually("the end", || running.handle().stopped().is_some());
    assert!(running.stop().unwrap_err().contains("another touchline has taken over"));
    assert_eq!(disk.open().ends().unwrap().last, Position(0), "nothing of it was written");
}

/// A daemon that has some deadline to come, with when.
fn with_deadline(disk: &Disk, clock: &Arc<ManualClock>) -> (Started, Timestamp) {
    let mut started = begin(disk, options(Arc::new(disk.open()), clock.clone(), 1_000));
    for line in &feed(&retail().0) {
        clock.set(line.1);
        turn(&mut started, one(line));
        if let Some(due) = started.folder.engine().next_deadline().filter(|due| *due > line.1) {
            return (started, due);
        }
    }
    panic!("the feed brings about no deadline");
}

#[test]
fn a_clock_that_goes_back_fires_nothing_twice_and_one_that_jumps_fires_once() {
    let (disk, clock) = (Disk::new(), clock());
    let (mut started, due) = with_deadline(&disk, &clock);
    let second = SignedDuration::from_secs(1);
    clock.set(due - second);
    if started.writer.has_work() {
        assert!(turn(&mut started, Gathered::default()).is_empty(), "it is too early for a tick");
    }
    assert_eq!(started.writer.wake_at(), Some(due));
    clock.set(due + second);
    assert!(started.writer.has_work());
    let records = turn(&mut started, Gathered::default());
    assert_eq!(
        records.iter().map(|record| (&record.input, record.now)).collect::<Vec<_>>(),
        [(&Input::Tick, due + second)]
    );
    let last = started.writer.ends().last;

    clock.set(due - SignedDuration::from_hours(24 * 400));
    let records = turn(&mut started, one(&feed(&retail().0)[0]));
    assert_eq!((records.len(), records[0].now), (1, due + second), "no tick again, and time stands");
    assert_eq!(started.writer.ends().last.0, last.0 + 1);

    // Years at once: whatever was due comes due once, however many ticks that takes.
    clock.set(due + SignedDuration::from_hours(24 * 365 * 3));
    for _ in 0..10 {
        if started.writer.has_work() {
            turn(&mut started, Gathered::default());
        }
    }
    clock.set(due + SignedDuration::from_hours(24 * 365));
    for _ in 0..10 {
        if started.writer.has_work() {
            turn(&mut started, Gathered::default());
        }
    }
    let reader = disk.open();
    let mut reference = Reference::new(&retail().0);
    reference.follow(&reader);
    reference.check(&reader);
    let sent = reference.effects.values().flatten().filter(|effect| effect.outcome.word() == "sent");
    let ids: Vec<_> = sent.map(|effect| effect.id).collect();
    assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "nothing was done twice");
}

#[test]
fn the_threads_wake_by_themselves_when_a_deadline_comes() {
    let (disk, clock) = (Disk::new(), clock());
    let (started, due) = with_deadline(&disk, &clock);
    let vault = Arc::new(disk.open());
    let running = Running::begin(started, vault, clock.clone(), Arc::new(|_| {})).unwrap();
    eventually("the last effects", || running.handle().progress().ends.cursor == running.handle().progress().ends.last);
    let before = disk.open().ends().unwrap().last;
    clock.set(due);
    running.handle().nudge();
    eventually("the tick", || disk.open().ends().unwrap().last > before);
    let records = disk.open().records(Position(before.0 + 1), 1).unwrap();
    assert_eq!((&records[0].input, records[0].now), (&Input::Tick, due));
    eventually("its effects", || {
        let ends = disk.open().ends().unwrap();
        ends.cursor == ends.last
    });
    running.stop().unwrap();
}

/// Options with an engine that panics on one signal, as often as `times`.
fn poisoned(disk: &Disk, clock: &Arc<ManualClock>, signal: &'static str, times: u32) -> FoldOptions {
    let left = Mutex::new(times);
    let probe = move |record: &Record| {
        let is_it = matches!(&record.input, Input::Signal(found) if &*found.id.id == signal);
        if is_it && *left.lock().unwrap() > 0 {
            *left.lock().unwrap() -= 1;
            std::panic::panic_any(String::from("no engine can take this"));
        }
    };
    FoldOptions { probe: Some(Arc::new(probe)), ..options(Arc::new(disk.open()), clock.clone(), 7) }
}

/// The id of the first signal in some lines, and its place from 1.
fn a_signal(lines: &[(Input, Timestamp)], behind: usize) -> (&'static str, u64) {
    let found = lines.iter().zip(1..).skip(behind).find_map(|((input, _), place)| match input {
        Input::Signal(signal) => Some((signal.id.id.to_string().leak() as &'static str, place)),
        _ => None,
    });
    found.unwrap()
}

#[test]
fn an_input_that_no_engine_can_take_is_set_aside_with_its_bytes() {
    let (disk, clock) = (Disk::new(), clock());
    let lines = &lively(60);
    let (poison, place) = a_signal(lines, 30);
    let mut started = begin(&disk, poisoned(&disk, &clock, poison, u32::MAX));
    clock.set(lines[59].1);
    let records = turn(&mut started, Gathered { inputs: lines.iter().map(arrive).collect(), ..Gathered::default() });
    let at = Position(place);
    // Folded again before that was written down: it is found again.
    let again = begin(&disk, poisoned(&disk, &clock, poison, u32::MAX));
    assert_eq!(again.report.set_aside, [at]);
    assert!(again.folder.engine().same_state(started.folder.engine()));
    started = again;
    let written = started.writer.write(Gathered::default()).unwrap();
    assert_eq!(written.set_aside.iter().map(|aside| aside.position).collect::<Vec<_>>(), [at]);
    let kept = disk.open().set_aside().unwrap();
    assert_eq!((kept.len(), &*kept[0].why), (1, "no engine can take this"));
    assert_eq!(Record::from_bytes(&kept[0].bytes).unwrap(), records[place as usize - 1]);
    // The state is the fold of all the others, now and after a restart with an engine that is well.
    let mut expected = touchline::engine::Engine::new(retail().0);
    for record in &records {
        match record.position == at {
            true => expected.pass_over(),
            false => drop(expected.handle(record.input.clone(), record.now)),
        }
    }
    assert!(started.folder.engine().same_state(&expected));
    let later = begin(&disk, options(Arc::new(disk.open()), clock.clone(), 7));
    assert_eq!(later.report.set_aside, []);
    assert!(later.folder.engine().same_state(&expected), "it stays set aside");
}

#[test]
fn an_input_that_fails_once_is_taken_the_second_time() {
    let (disk, clock) = (Disk::new(), clock());
    let lines = &lively(60);
    let mut started = begin(&disk, poisoned(&disk, &clock, a_signal(lines, 30).0, 1));
    for some in lines.chunks(9) {
        clock.set(some[some.len() - 1].1);
        turn(&mut started, Gathered { inputs: some.iter().map(arrive).collect(), ..Gathered::default() });
    }
    turn(&mut started, Gathered::default());
    let mut reference = Reference::new(&retail().0);
    reference.follow(&disk.open());
    reference.check(&disk.open());
    assert!(started.folder.engine().same_state(&reference.engine));
    assert_eq!(disk.open().set_aside().unwrap(), []);
}

/// The retail playbooks with words replaced in one file.
fn edited(file: &str, from: &str, to: &str) -> RuleSources {
    let mut sources = retail().1;
    let found = sources.files.iter_mut().find(|(path, _)| path.ends_with(file)).unwrap();
    let text = String::from_utf8(found.1.clone()).unwrap();
    assert!(text.contains(from), "{file} holds {from}");
    found.1 = text.replacen(from, to, 1).into_bytes();
    sources
}

fn switching(ruleset: &Arc<RuleSet>, sources: RuleSources) -> Gathered {
    let switch = Some(Switching { ruleset: ruleset.clone(), sources, fills: vec![] });
    Gathered { switch, ..Gathered::default() }
}

#[test]
fn after_a_switch_a_restart_compiles_what_decided_from_what_is_kept() {
    let folder = Folder::new();
    let clock = clock();
    let lines = &lively(120);
    let begin = || {
        let vault = Arc::new(CheckpointFolder::open(&folder.0).unwrap());
        let store = SqliteStore::open(&folder.0).unwrap();
        start(Box::new(store), retail(), options(vault, clock.clone(), 1_000)).unwrap()
    };
    let mut started = begin();
    let half =
        |lines: &[(Input, Timestamp)]| Gathered { inputs: lines.iter().map(arrive).collect(), ..Gathered::default() };
    clock.set(lines[119].1);
    turn(&mut started, half(&lines[..60]));
    // A vocabulary with another kind of signal in front: every number stands for another name.
    let sources = edited(
        "vocabulary.yaml",
        "signals:\n",
        "signals:\n  aaa_first:\n    plural: aaa_firsts\n    about: [store]\n    fields: {wait: duration in minutes}\n",
    );
    let new = compiled(&sources);
    let old = retail().0;
    assert_ne!(new.hash, old.hash);
    turn(&mut started, switching(&new, sources.clone()));
    // What was read before the switch and arrives after it is moved to the new numbers.
    let read_with = Some(old.vocabulary.clone());
    let inputs = lines[60..].iter().map(|(input, _)| Arrived { input: input.clone(), read_with: read_with.clone() });
    let records = turn(&mut started, Gathered { inputs: inputs.collect(), ..Gathered::default() });
    let kinds = |input: &Input, rules: &RuleSet| match input {
        Input::Signal(signal) => rules.vocabulary.signal_type(signal.kind).name.to_string(),
        Input::Fact(change) => rules.vocabulary.thing_type(change.thing).name.to_string(),
        other => format!("{other:?}"),
    };
    let arrived: Vec<_> = records.iter().filter(|record| record.input != Input::Tick).collect();
    assert_eq!(arrived.len(), 60);
    for (record, (input, _)) in arrived.iter().zip(&lines[60..]) {
        assert_eq!(kinds(&record.input, &new), kinds(input, &old));
    }
    // A rule that does not compile keeps its running version, and that is known after a restart, too.
    let broken = RuleSources {
        kept: Some((new.hash, vec![RuleId::new("retail_care", "gold_detractor")])),
        ..edited(
            "retail_care.play",
            "where detractor\n      and customer.segment",
            "where detraktor\n      and customer.segment",
        )
    };
    let broken = RuleSources { files: with_file(&broken, "vocabulary.yaml", &sources), ..broken };
    let kept_rules = kept(&broken, &new);
    assert!(kept_rules.rule(&RuleId::new("retail_care", "gold_detractor")).is_some());
    turn(&mut started, switching(&kept_rules, broken));
    turn(&mut started, Gathered::default());
    let expected = started.folder.engine().save();
    let before = started.folder;
    drop(started.writer);
    let again = begin();
    assert!(again.folder.engine().same_state(before.engine()));
    assert_eq!(again.folder.engine().save().len(), expected.len());
    assert_eq!(again.writer.rules().hash, kept_rules.hash);
    let versions = SqliteReader::open(&folder.0).unwrap().versions().unwrap();
    assert_eq!(versions.iter().map(|version| version.hash).collect::<Vec<_>>(), [old.hash, new.hash, kept_rules.hash]);
}

fn with_file(of: &RuleSources, file: &str, from: &RuleSources) -> Vec<(Arc<str>, Vec<u8>)> {
    let content = from.files.iter().find(|(path, _)| path.ends_with(file)).unwrap().1.clone();
    let swap = |(path, own): &(Arc<str>, Vec<u8>)| match path.ends_with(file) {
        true => (path.clone(), content.clone()),
        false => (path.clone(), own.clone()),
    };
    of.files.iter().map(swap).collect()
}

/// Compiles sources with a broken rule, which keeps its running version.
fn kept(sources: &RuleSources, running: &RuleSet) -> Arc<RuleSet> {
    let mut files = touchline::lang::source::Sources::default();
    for (path, content) in &sources.files {
        files.add(&**path, content);
    }
    let project = touchline::compile::project(&files, &touchline::compile::Options::default());
    assert!(project.diagnostics.iter().any(|diagnostic| diagnostic.is_error()));
    let (_, broken) = sources.kept.as_ref().unwrap();
    Arc::new(project.units[0].ruleset().keeping(running, broken).unwrap())
}

// kill -9

const CHILD_FOLDER: &str = "TOUCHLINE_CHILD_FOLDER";
const CHILD_FROM: &str = "TOUCHLINE_CHILD_FROM";

/// The process that is killed: submits the feed from a line on, delivers what comes of it, and says on standard output what
/// was acknowledged. It does nothing unless it is told a folder.
#[test]
fn child_process_that_is_killed() {
    let Ok(folder) = std::env::var(CHILD_FOLDER) else { return };
    let from: usize = std::env::var(CHILD_FROM).unwrap().parse().unwrap();
    let folder = PathBuf::from(folder);
    let vault = Arc::new(CheckpointFolder::open(&folder).unwrap());
    let clock = clock();
    let store = SqliteStore::open(&folder).unwrap();
    let started = start(Box::new(store), retail(), options(vault.clone(), clock.clone(), 100)).unwrap();
    let running = Running::begin(started, vault, clock.clone(), Arc::new(|_| {})).unwrap();
    let delivering = running.handle();
    std::thread::spawn(move || deliver(&delivering, &folder));
    let handle = running.handle();
    let lines = feed(&retail().0);
    let mut receipts = VecDeque::new();
    for (place, batch) in lines[from..].chunks(5).enumerate() {
        clock.set(batch[batch.len() - 1].1);
        let receipt = handle.submit_receipt(batch.iter().map(arrive).collect()).unwrap();
        receipts.push_back((from + place * 5 + batch.len(), receipt));
        while receipts.len() > 6 {
            let (upto, receipt) = receipts.pop_front().unwrap();
            receipt.wait().unwrap();
            say(&format!("acknowledged {upto}"));
        }
    }
    for (upto, receipt) in receipts {
        receipt.wait().unwrap();
        say(&format!("acknowledged {upto}"));
    }
    say("done");
    std::thread::sleep(Duration::from_secs(60));
}

/// Says a line at once, and whole.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // The harness may stand in the middle of a line.
    out.write_all(format!("\n>{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

fn deliver(handle: &Handle, folder: &Path) {
    let world = std::fs::File::options().create(true).append(true).open(folder.join("world")).unwrap();
    loop {
        let rows = handle.lease_wait(Which::Due { kind: None, limit: 4 }, SignedDuration::from_secs(5)).unwrap();
        if rows.is_empty() {
            std::thread::sleep(Duration::from_millis(2));
        }
        for row in rows {
            (&world).write_all(format!("{}\n", row.id).as_bytes()).unwrap();
            handle.settle_wait(vec![(row.id, Change::Sent { attempt: row.attempt })]).unwrap();
            say(&format!("settled {}", row.id));
        }
    }
}

/// What a killed process said before it died.
#[derive(Default)]
struct Heard {
    acknowledged: usize,
    settled: BTreeSet<String>,
    done: bool,
    /// How often each row that was settled had gone by then.
    went: BTreeMap<String, usize>,
}

/// When a child is killed.
#[derive(Clone, Copy, Debug)]
enum Death {
    /// After a while from its start, wherever it is: mostly while it recovers.
    Early(Duration),
    /// As soon as it has said so many times that something was acknowledged: under load, however fast the machine is.
    Acknowledged(usize),
}

/// Runs a child from a line on and kills it.
fn run_and_kill(folder: &Path, death: Death, heard: &mut Heard) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child_process_that_is_killed", "--nocapture", "--test-threads=1"])
        .env(CHILD_FOLDER, folder)
        .env(CHILD_FROM, heard.acknowledged.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    if let Death::Early(after) = death {
        std::thread::sleep(after);
        child.kill().unwrap();
    }
    let mut acknowledged = 0;
    for line in out.lines().map_while(Result::ok) {
        match line.strip_prefix('>').map(|line| line.split_once(' ').unwrap_or((line, ""))) {
            Some(("acknowledged", upto)) => {
                heard.acknowledged = upto.parse().unwrap();
                acknowledged += 1;
            }
            Some(("settled", row)) => drop(heard.settled.insert(row.to_owned())),
            Some(("done", _)) => heard.done = true,
            _ => {}
        }
        // What it says between the blow and its end is heard too: the pipe is read to its end.
        if heard.done || matches!(death, Death::Acknowledged(count) if acknowledged == count) {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
}

#[test]
fn kill_9_loses_nothing_that_was_acknowledged_and_doubles_nothing() {
    let kills: u64 = std::env::var("TOUCHLINE_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(20);
    let seed = 61;
    let mut dice = Dice::new(seed);
    let (mut done, mut under_load, mut sent_at_all) = (0, 0, 0);
    while done < kills {
        let folder = Folder::new();
        let mut heard = Heard::default();
        let mut deaths = 0;
        for _ in 0..4 {
            let death = match dice.below(6) {
                0 => Death::Early(Duration::from_millis(dice.below(400) as u64)),
                _ => Death::Acknowledged(1 + dice.below(90)),
            };
            run_and_kill(&folder.0, death, &mut heard);
            deaths += 1;
            under_load += u64::from(!heard.done);
            let about = format!("seed {seed}, kill {} at {death:?}", done + deaths as u64);
            if folder.0.join("touchline.sqlite").exists() {
                laws_after_a_kill(&folder.0, &mut heard, deaths, &about);
            }
        }
        done += deaths as u64;
        sent_at_all += heard.settled.len();
    }
    eprintln!("{done} kills, {under_load} under load, {sent_at_all} rows sent and told");
    assert!(under_load * 2 >= done, "{under_load} of {done} kills were under load");
    assert!(sent_at_all > 0);
}

fn laws_after_a_kill(folder: &Path, heard: &mut Heard, deaths: usize, about: &str) {
    let vault = Arc::new(CheckpointFolder::open(folder).unwrap());
    let store = SqliteStore::open(folder).unwrap_or_else(|error| panic!("{about}: {error}"));
    let mut started =
        start(Box::new(store), retail(), options(vault, clock(), 100)).unwrap_or_else(|e| panic!("{about}: {e}"));
    turn(&mut started, Gathered::default());
    let reader = SqliteReader::open(folder).unwrap();
    let mut reference = Reference::new(&retail().0);
    reference.follow(&reader);
    reference.check(&reader);
    assert!(started.folder.engine().same_state(&reference.engine), "{about}");
    let mut times: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for record in all_records(&reader) {
        *times.entry(postcard::to_stdvec(&record.input).unwrap()).or_default() += 1;
    }
    for (input, _) in &feed(&retail().0)[..heard.acknowledged] {
        assert!(times.contains_key(&postcard::to_stdvec(input).unwrap()), "{about}: acknowledged and lost: {input:?}");
    }
    let rows = reader.outbox(None, None, 1 << 30).unwrap();
    let world = std::fs::read_to_string(folder.join("world")).unwrap_or_default();
    let state = |id: &str| rows.iter().find(|row| row.id.to_string() == id).map(|row| row.state);
    for id in &heard.settled {
        assert_eq!(state(id), Some(RowState::Sent), "{about}: {id} went and that was told");
    }
    let mut went: BTreeMap<&str, usize> = BTreeMap::new();
    world.lines().filter(|line| line.len() == 34).for_each(|id| *went.entry(id).or_default() += 1);
    for (id, times) in &went {
        assert!(state(id).is_some(), "{about}: {id} went and is not in the outbox");
        assert!(*times <= deaths, "{about}: {id} went {times} times");
    }
    for id in &heard.settled {
        let times = went[&**id];
        let before = *heard.went.entry(id.clone()).or_insert(times);
        assert_eq!(times, before, "{about}: {id} went, that was told, and it went again");
    }
}
