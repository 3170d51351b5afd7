//! The read side: the promised views say what journal and outbox hold, and are built anew when they are lost.

use std::collections::BTreeMap;
use std::fs;

use rusqlite::Connection;
use touchline::daemon::board::firings;
use touchline::daemon::rules::{Rules, RulesError};
use touchline::engine::effect::What;
use touchline::engine::input::Input;
use touchline::engine::store::Reader;
use touchline::id::Position;
use touchline::store::sqlite::SqliteReader;
use touchline::store::sqlite::views::{FILE, Views};

use crate::store_sqlite::{Folder, world};
use crate::support::daemon::{all_records, retail};
use crate::support::random::Dice;

fn follow(folder: &Folder, at_once: usize) {
    let mut views = Views::open(&folder.0).unwrap();
    let reader = SqliteReader::open(&folder.0).unwrap();
    let mut rules = Rules::default();
    rules.add(retail().0);
    loop {
        let followed = views.follow::<RulesError>(&reader, at_once, |hash| rules.get(hash, &reader)).unwrap();
        if followed.inputs == 0 {
            return;
        }
    }
}

/// Every view, row by row.
fn seen(folder: &Folder) -> Vec<String> {
    let connection = Connection::open(folder.0.join(FILE)).unwrap();
    let mut all = Vec::new();
    for view in ["v_signals", "v_firings", "v_alerts", "v_cases", "v_outbox", "v_contacts"] {
        let mut statement = connection.prepare(&format!("SELECT * FROM {view} ORDER BY 1, 2, 3, 4")).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            let values: Vec<_> = (0..columns).map(|at| row.get::<_, rusqlite::types::Value>(at).unwrap()).collect();
            Ok(format!("{view} {values:?}"))
        });
        all.extend(rows.unwrap().map(Result::unwrap));
    }
    all
}

#[test]
fn the_views_say_what_journal_and_outbox_hold_and_are_built_anew() {
    let folder = Folder::new();
    let mut world = world(&folder, 1_600, 100, 71);
    follow(&folder, 7);
    world.finish(&mut Dice::new(3));
    follow(&folder, 7);
    let first = seen(&folder);
    let count = |view: &str| first.iter().filter(|row| row.starts_with(view)).count();
    let reader = SqliteReader::open(&folder.0).unwrap();
    let records = all_records(&reader);
    // A signal is one row, however often it came.
    let mut came = BTreeMap::<_, i64>::new();
    for record in &records {
        if let Input::Signal(signal) = &record.input {
            *came.entry((signal.id.source.to_string(), signal.id.id.to_string())).or_default() += 1;
        }
    }
    let connection = Connection::open(folder.0.join(FILE)).unwrap();
    let mut statement = connection.prepare("SELECT source, signal_id, times FROM v_signals").unwrap();
    let told = statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?))).unwrap();
    assert_eq!(told.map(Result::unwrap).collect::<BTreeMap<_, _>>(), came);
    assert!(came.values().any(|times| *times > 1), "some came twice");
    drop(statement);
    drop(connection);
    assert_eq!(count("v_outbox"), reader.outbox(None, None, 1 << 30).unwrap().len());
    // What a limit held back did not fire.
    let told = reader.effects(Position(1), 1 << 20).unwrap();
    let fired: usize = told.iter().map(|(position, effects)| firings(*position, effects).len()).sum();
    let held_back = told.iter().flat_map(|(_, effects)| effects).filter(|effect| effect.what == What::Firing).count();
    assert!(
        count("v_firings") == fired && held_back > 0,
        "{} rows, {fired} fired, {held_back} did not",
        count("v_firings")
    );
    assert!(count("v_firings") > 0 && count("v_alerts") > 0 && count("v_cases") > 0, "{first:#?}");
    assert!(first.iter().all(|row| !row.contains("@example.test")), "no address is in them");
    assert!(
        first.iter().all(|row| !row.starts_with("v_outbox") || !row.contains("\"leased\"")),
        "and nothing is stale"
    );
    // Lost, and damaged: the same again.
    fs::remove_file(folder.0.join(FILE)).unwrap();
    follow(&folder, 1_000);
    assert_eq!(seen(&folder), first);
    fs::write(folder.0.join(FILE), b"not a database, by any means").unwrap();
    follow(&folder, 1_000);
    assert_eq!(seen(&folder), first);
}
