//! History: signals from before, what is kept of them and for how long, and stores of an earlier format.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use touchline::clock::{Clock, WallClock};
use touchline::daemon::board::Board;
use touchline::daemon::import::Import;
use touchline::daemon::keep::Keeper;
use touchline::daemon::run::Running;
use touchline::daemon::start::start;
use touchline::daemon::turn::Arrived;
use touchline::daemon::views::Forget;
use touchline::engine::effect::Firing;
use touchline::engine::input::{FORMAT, Input};
use touchline::engine::record::{Record, RecordError};
use touchline::engine::store::{Reader, RowState, Vault};
use touchline::engine::{Engine, Watch};
use touchline::id::Position;
use touchline::replay::driver::{Driver, always_sent};
use touchline::signal::{FeedLine, Signal, parse_line};
use touchline::store::checkpoint::CheckpointFolder;
use touchline::store::sqlite::{SqliteReader, SqliteStore};
use touchline::vocabulary::Vocabulary;

use crate::store_sqlite::Folder;
use crate::support::daemon::{all_records, clock, feed, options, retail};

/// Rule, key, signal and time of a firing. Cases and what touchline makes itself are named by where their cause stands in the
/// journal, which is another one here.
fn name(firing: &Firing) -> String {
    let key: Vec<_> = firing.key.iter().filter(|(name, _)| &**name != "case").collect();
    let signal = firing.signal.as_ref().filter(|id| &*id.source != "touchline").map(|id| &*id.id);
    format!("{} {} {key:?} {signal:?}", firing.at, firing.rule)
}

fn place(firing: &Firing) -> String {
    format!("{} {:?}", firing.rule, firing.key)
}

/// Plays inputs and returns every firing.
fn play(driver: &mut Driver, inputs: &[(Input, Timestamp)]) -> Vec<Arc<Firing>> {
    let mut fired = vec![];
    for (input, at) in inputs {
        driver.input(input.clone(), *at, &mut always_sent, &mut |turn| fired.extend(turn.step.firings.iter().cloned()));
    }
    fired
}

/// The rules that no case and no limit of the first half has a say in: everything else must fire the same.
#[test]
fn after_an_import_the_rest_fires_as_if_all_of_it_had_been_live() {
    let (rules, _) = retail();
    let all = feed(&rules);
    for cut in [all.len() / 4, all.len() / 2, all.len() * 3 / 4] {
        let (first, second) = all.split_at(cut);
        let present = first.iter().map(|(_, at)| *at).max().unwrap();
        let mut whole = Driver::new(rules.clone(), Watch::Nothing);
        let before = play(&mut whole, first);
        let expected = play(&mut whole, second);
        let past = |(input, _): &(Input, Timestamp)| match input {
            Input::Signal(signal) => (Input::History(signal.clone()), present),
            input => (input.clone(), present),
        };
        let mut imported = Driver::new(rules.clone(), Watch::Nothing);
        let history: Vec<_> = first.iter().map(past).collect();
        assert!(play(&mut imported, &history).is_empty(), "history fires nothing");
        let found = play(&mut imported, second);
        // What had fired before has an episode, a limit, a ladder or a case in the one and not in the other; and a case of then
        // has a say in rules that ask for one.
        let had: BTreeSet<String> = before.iter().map(|firing| place(firing)).collect();
        let asks_for_cases = |firing: &Firing| {
            let rule = rules.rule(&firing.rule).unwrap();
            let text = format!("{:?} {:?} {:?}", rule.trigger, rule.guards, rule.limit);
            text.contains("open_cases")
                || rule.signals().iter().any(|kind| {
                    let kind = &*rules.vocabulary.signal_type(*kind).name;
                    kind.starts_with("case_") || kind == "customer_contact"
                })
        };
        let names = |firings: &[Arc<Firing>]| -> BTreeSet<String> {
            let mine = firings.iter().filter(|firing| !had.contains(&place(firing)) && !asks_for_cases(firing));
            mine.map(|firing| name(firing)).collect()
        };
        let (expected, found) = (names(&expected), names(&found));
        let (lost, more): (Vec<_>, Vec<_>) =
            (expected.difference(&found).collect(), found.difference(&expected).collect());
        assert!(lost.is_empty() && more.is_empty(), "cut at {cut}: lost {lost:#?}, more {more:#?}");
        assert!(found.len() > 10, "cut at {cut}: only {} firings are compared", found.len());
    }
}

fn complaint(vocabulary: &Vocabulary, id: &str, at: Timestamp, customer: &str) -> Signal {
    let line = serde_json::json!({"id": id, "signal": "complaint", "at": at.to_string(), "customer": customer,
        "store": "S7", "topic": "delivery"});
    match parse_line(&line.to_string(), vocabulary) {
        Ok(FeedLine::Signal(signal)) => signal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn history_enters_at_the_next_signal_and_old_history_counts_nothing() {
    let (rules, _) = retail();
    let now: Timestamp = "2026-03-27T12:00:00Z".parse().unwrap();
    let days = |days: i64| now - SignedDuration::from_hours(24 * days);
    let fired = |engine: &mut Engine, input: Input| {
        let step = engine.handle(input, now);
        let mine = step.firings.iter().filter(|firing| &*firing.rule.rule == "repeat_complaint");
        (mine.count(), step.effects.len())
    };
    // Three within 14 days up to now, one of them a year old: nothing fires for them, the next one enters.
    let mut engine = Engine::new(rules.clone());
    for (id, at) in [("a", days(400)), ("b", days(13)), ("c", days(2)), ("d", days(1))] {
        let signal = complaint(&rules.vocabulary, id, at, "C1");
        assert_eq!(fired(&mut engine, Input::History(signal.clone())), (0, 0));
        assert_eq!(fired(&mut engine, Input::History(signal)), (0, 0), "known already");
    }
    let next = complaint(&rules.vocabulary, "e", now, "C1");
    assert_eq!(fired(&mut engine, Input::Signal(next)).0, 1, "a key found over the line enters at its next signal");
    // As old as that, live: too late, and nothing.
    let mut engine = Engine::new(rules.clone());
    for (id, at) in [("b", days(13)), ("c", days(12))] {
        engine.handle(Input::Signal(complaint(&rules.vocabulary, id, at, "C1")), now);
    }
    assert_eq!(fired(&mut engine, Input::Signal(complaint(&rules.vocabulary, "e", now, "C1"))).0, 0);
    // Entered and live before: history in between neither ends the episode nor fires it again.
    let mut engine = Engine::new(rules.clone());
    for (id, at) in [("b", days(2)), ("c", days(1)), ("d", now)] {
        engine.handle(Input::Signal(complaint(&rules.vocabulary, id, at, "C1")), now);
    }
    assert_eq!(fired(&mut engine, Input::History(complaint(&rules.vocabulary, "h", days(10), "C1"))), (0, 0));
    assert_eq!(fired(&mut engine, Input::Signal(complaint(&rules.vocabulary, "e", now, "C1"))).0, 0, "it goes on");
}

#[test]
fn an_imported_signal_is_answered_by_what_followed_it_however_long_ago_that_came() {
    let (rules, _) = retail();
    let told = |line: serde_json::Value| match parse_line(&line.to_string(), &rules.vocabulary) {
        Ok(FeedLine::Signal(signal)) => Input::Signal(signal),
        Ok(FeedLine::Facts { change, .. }) => Input::Fact(change),
        other => panic!("{other:?}"),
    };
    let begin: Timestamp = "2026-03-20T12:00:00Z".parse().unwrap();
    let day = |day: i64| begin + SignedDuration::from_hours(24 * day);
    let bought = |id: &str, at: i64| {
        told(serde_json::json!({"id": id, "signal": "purchase", "at": day(at).to_string(), "customer": "C1",
            "store": "S7", "amount": "10 EUR", "channel": "store"}))
    };
    let gold = serde_json::json!({"thing": "customer", "id": "C1", "at": day(0).to_string(),
        "facts": {"segment": "gold"}});
    let mut engine = Engine::new(rules.clone());
    engine.handle(told(gold), day(0));
    engine.handle(bought("live", 0), day(0));
    // Its 28 days are over on day 18; it was answered on day 0, longer ago than a signal may be late.
    let Input::Signal(before) = bought("before", -10) else { unreachable!("a purchase is a signal") };
    engine.handle(Input::History(before), day(9));
    let mut fired = |at: i64| {
        let step = engine.handle(Input::Tick, day(at));
        step.firings.iter().filter(|firing| &*firing.rule.rule == "gold_silent").count()
    };
    assert_eq!((fired(21), fired(27)), (0, 0), "the purchase of ten days later answered it");
    assert_eq!(fired(32), 1, "and is not answered itself");
}

#[test]
fn what_is_imported_is_journaled_and_facts_known_before_count_more() {
    let folder = Folder::new();
    let (rules, sources) = retail();
    let customer = rules.vocabulary.thing("customer").unwrap();
    let segment = rules.vocabulary.thing_type(customer).fact("segment").unwrap();
    let line = |text: &str| match parse_line(text, &rules.vocabulary) {
        Ok(FeedLine::Facts { change, .. }) => change,
        other => panic!("{other:?}"),
    };
    let of = |segment: &str| {
        line(&format!(
            r#"{{"thing": "customer", "id": "C1", "at": "2025-01-01T00:00:00Z", "facts": {{"segment": "{segment}"}}}}"#
        ))
    };
    let told = || {
        let import = Import::open(&folder.0, None, Arc::new(WallClock)).unwrap();
        let reader = SqliteReader::open(&folder.0).unwrap();
        let mut engine = Engine::new(import.rules());
        all_records(&reader).into_iter().for_each(|record| drop(engine.handle(record.input, record.now)));
        engine.told(customer, &"C1".into(), segment)
    };
    let mut import = Import::open(&folder.0, Some((rules.clone(), sources)), Arc::new(WallClock)).unwrap();
    import.facts(of("silver")).unwrap();
    import.facts(of("gold")).unwrap();
    for n in 0..3_000 {
        let at = "2025-03-01T12:00:00Z".parse().unwrap();
        import.signal(complaint(&rules.vocabulary, &format!("i-{}", n % 2_500), at, "C1")).unwrap();
    }
    let imported = import.end().unwrap();
    assert_eq!((imported.signals, imported.known, imported.facts), (3_000, 500, 2));
    assert_eq!(told().as_text().map(|text| &**text), Some("gold"), "the latest of history, where nothing was known");
    let mut import = Import::open(&folder.0, None, Arc::new(WallClock)).unwrap();
    import.facts(of("bronze")).unwrap();
    import.end().unwrap();
    assert_eq!(told().as_text().map(|text| &**text), Some("gold"), "what was known before counts more");
    let reader = SqliteReader::open(&folder.0).unwrap();
    let records = all_records(&reader);
    assert_eq!(records.iter().filter(|record| matches!(record.input, Input::History(_))).count(), 3_000);
    assert!(reader.effects(Position(0), 10).unwrap().is_empty() && reader.outbox(None, None, 10).unwrap().is_empty());
    assert_eq!(CheckpointFolder::at(&folder.0).positions().unwrap().last(), Some(&reader.ends().unwrap().last));
}

#[test]
fn records_of_format_1_are_read_and_those_of_a_later_one_refused() {
    let record = Record { position: Position(7), now: Timestamp::UNIX_EPOCH, input: Input::Tick };
    let written = |format: u32| postcard::to_stdvec(&(format, &record)).unwrap();
    assert_eq!(Record::from_bytes(&written(1)).unwrap(), record);
    assert_eq!(Record::from_bytes(&written(FORMAT)).unwrap(), record);
    let later = FORMAT + 1;
    assert_eq!(Record::from_bytes(&written(later)), Err(RecordError::Format { found: later }));
}

/// A store that the first format wrote: three complaints, and the alert they led to, sent in the end.
#[test]
fn a_store_of_format_1_is_brought_up_to_date_and_says_the_same() {
    let folder = Folder::new();
    fs::create_dir_all(&folder.0).unwrap();
    let file = folder.0.join("touchline.sqlite");
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stores/format_1.sqlite"), &file).unwrap();
    let version = || -> (i32, i64) {
        let store = Connection::open(&file).unwrap();
        let indexes = "SELECT count(*) FROM sqlite_schema WHERE name = 'outbox_dead'";
        let version = store.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        (version, store.query_row(indexes, [], |row| row.get(0)).unwrap())
    };
    assert_eq!(version(), (1, 0), "the file is what an earlier version wrote");
    type Seen = (Vec<Record>, usize, Vec<RowState>, usize);
    let seen = |reader: &dyn Reader| -> Seen {
        let effects = reader.effects(Position(0), 100).unwrap().iter().map(|(_, effects)| effects.len()).sum();
        let rows = reader.outbox(None, None, 100).unwrap().iter().map(|row| row.state).collect();
        (all_records(reader), effects, rows, reader.versions().unwrap()[0].sources.files.len())
    };
    // It can be read as it is, by whoever only reads.
    let before = seen(&SqliteReader::open(&folder.0).unwrap());
    assert_eq!(SqliteReader::open(&folder.0).unwrap().begins_behind(), Ok(Position(0)));
    let signals = before.0.iter().filter(|record| matches!(record.input, Input::Signal(_))).count();
    assert!(signals == 3 && before.1 > 0 && before.3 > 10, "{before:?}");
    let store = SqliteStore::open(&folder.0).unwrap();
    assert_eq!(seen(&store), before);
    assert!(store.outbox(None, Some(RowState::Dead), 10).unwrap().is_empty());
    drop(store);
    assert_eq!(version(), (4, 1));
    assert_eq!(seen(&SqliteStore::open(&folder.0).unwrap()), before, "and once more");
}

#[test]
fn what_is_older_than_what_is_kept_is_forgotten_and_the_rest_can_be_told_again() {
    let folder = Folder::new();
    let (rules, sources) = retail();
    let (clock, vault) = (clock(), Arc::new(CheckpointFolder::open(&folder.0).unwrap()));
    let begun: Timestamp = "2026-01-05T09:30:00Z".parse().unwrap();
    clock.set(begun);
    let store = SqliteStore::open(&folder.0).unwrap();
    let started = start(Box::new(store), (rules.clone(), sources), options(vault.clone(), clock.clone(), 40)).unwrap();
    let board = Arc::new(Board::of(started.folder.engine()));
    let running = Running::begin(started, vault.clone(), clock.clone(), Arc::new(|_| {})).unwrap();
    let history = SignedDuration::from_hours(24 * 30);
    let reader = || SqliteReader::open(&folder.0).unwrap();
    let keeper = Keeper {
        handle: running.handle(),
        reader: Box::new(reader()),
        vault: (*vault).clone(),
        board,
        history: Some(history),
        forget: Forget::default(),
    };
    // The shipped rules look back 35 days at most, and a signal may be 7 days late.
    let kept = history + SignedDuration::from_hours(24 * 42);
    let mut gone = 0;
    for day in 0..300_i64 {
        let now = begun + SignedDuration::from_hours(24 * day);
        clock.set(now);
        running.handle().nudge();
        let signal = complaint(&rules.vocabulary, &format!("k-{day}"), now, &format!("K{}", day % 7));
        let arrived = vec![Arrived { input: Input::Signal(signal), read_with: None }];
        running.handle().submit_receipt(arrived).unwrap().wait().unwrap();
        if day % 10 == 9 {
            gone += keeper.step(|| false).unwrap();
            let ends = reader().ends().unwrap();
            let oldest = reader().records(Position(ends.trimmed.0 + 1), 1).unwrap()[0].now;
            assert!(
                day < 72 || oldest <= now - kept + SignedDuration::from_hours(48),
                "day {day}: {oldest} is the oldest"
            );
            // A checkpoint every 40 inputs is one in a month at most.
            let most = kept + SignedDuration::from_hours(24 * 31);
            assert!(oldest >= (now - most).max(begun), "day {day}: {oldest} is still there");
            let first = vault.positions().unwrap().first().copied();
            assert!(first.is_none_or(|first| first >= ends.trimmed), "a checkpoint has lost what it goes on from");
        }
    }
    assert!(gone > 200, "only {gone} went");
    assert!(vault.held().unwrap().len() <= 12, "{:?}", vault.held());
    running.stop().unwrap();
    // From the oldest checkpoint on, the same comes out as was recorded; and a daemon starts on it.
    let from = vault.positions().unwrap()[0];
    let vault: Arc<dyn Vault> = vault;
    let mut telling = touchline::daemon::retell::Retelling::open(Box::new(reader()), &*vault, from).unwrap();
    assert!(telling.position().0 > 100);
    let mut told = 0;
    while let Some(next) = telling.tell().unwrap() {
        let recorded = reader().effects(next.position, 1).unwrap();
        let recorded = recorded.into_iter().find(|(at, _)| *at == next.position).map(|(_, effects)| effects);
        assert_eq!(recorded.unwrap_or_default(), next.step.effects);
        told += 1;
    }
    assert!(told > 60, "{told}");
    let clock: Arc<dyn Clock> = clock;
    let store = SqliteStore::open(&folder.0).unwrap();
    let started = start(Box::new(store), None, options(vault, clock, 1_000_000)).unwrap();
    assert!(started.report.damaged.is_empty(), "{:?}", started.report);
}
