//! What is done with a data folder, by the real binary: SQL beside the running daemon.

// Waiting for another thread or process takes real time.
#![allow(clippy::disallowed_methods)]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use crate::serve::{Served, folder, signal};

/// Asks the views, as a BI tool would; `None` while they are not there.
fn count(data: &Path, sql: &str) -> Option<i64> {
    let connection = Connection::open_with_flags(data.join("views.sqlite"), OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    connection.query_row(sql, [], |row| row.get(0)).ok()
}

fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} takes too long");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn send(served: &Served, ids: impl Iterator<Item = String>) {
    for id in ids {
        let (status, body) = served.ask("POST", "/v1/signals", &signal(&id)).unwrap();
        assert_eq!(status, 202, "{body}");
    }
}

#[cfg(unix)]
#[test]
fn views_are_asked_in_sql_while_it_runs_and_are_built_anew() {
    let data = folder("views");
    let served = Served::start(&data, &["--shadow"]);
    send(&served, (0..20).map(|n| format!("v-{n}")));
    let signals = "SELECT count(DISTINCT signal_id) FROM v_signals WHERE signal = 'complaint'";
    wait_for("following", || count(&data, signals) == Some(20));
    for view in ["v_firings", "v_alerts", "v_cases", "v_outbox", "v_contacts"] {
        assert!(count(&data, &format!("SELECT count(*) FROM {view}")).is_some(), "{view}");
    }
    // A reader that stays in the middle of reading holds nobody up.
    let reader = Connection::open(data.join("views.sqlite")).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM v_signals").unwrap();
    send(&served, (20..40).map(|n| format!("v-{n}")));
    wait_for("following beside a reader", || count(&data, signals) == Some(40));
    drop(reader);
    // Deleted while it runs: built anew.
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(data.join(format!("views.sqlite{end}")));
    }
    wait_for("building anew", || count(&data, signals) == Some(40));
    // The last words are in it at the end, and what was damaged meanwhile is built anew at the next start.
    send(&served, (40..41).map(|n| format!("v-{n}")));
    assert_eq!(served.end(), 0);
    assert_eq!(count(&data, signals), Some(41));
    fs::write(data.join("views.sqlite"), b"no database at all").unwrap();
    let served = Served::start(&data, &["--shadow"]);
    wait_for("building anew", || count(&data, signals) == Some(41));
    let (_, metrics) = served.ask("GET", "/v1/status", "").unwrap();
    assert_eq!(metrics["state"], "running");
}
