//! What is done with a data folder, by the real binary: SQL beside the running daemon.

// Waiting for another thread or process takes real time.
#![allow(clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use touchline::engine::input::Input;
use touchline::engine::record::Record;
use touchline::engine::store::{Change, Committed, Reader, Row, Store, Turn};
use touchline::store::sqlite::{SqliteReader, SqliteStore};

use crate::serve::{Served, ask, folder, no_mail_server, signal, touchline};
use crate::support::daemon::all_records;

/// How much of the shipped feed is played before and after a restart.
const LINES: usize = 400;

/// Asks the views, as a BI tool would; `None` while they are not there.
fn count(data: &Path, sql: &str) -> Option<i64> {
    let connection = Connection::open_with_flags(data.join("views.sqlite"), OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    connection.query_row(sql, [], |row| row.get(0)).ok()
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
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

/// Runs a command to its end: exit code, standard output, standard error.
fn say(arguments: &[&str]) -> (i32, String, String) {
    let output = touchline(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A copy of the shipped playbooks.
fn playbooks(to: &Path) {
    let mut folders = vec![std::path::PathBuf::new()];
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/retail");
    while let Some(folder) = folders.pop() {
        fs::create_dir_all(to.join(&folder)).unwrap();
        for entry in fs::read_dir(from.join(&folder)).unwrap().flatten() {
            let name = folder.join(entry.file_name());
            match entry.path().is_dir() {
                true if entry.file_name() == "snapshots" || entry.file_name() == "reload" => {}
                true => folders.push(name),
                false => drop(fs::copy(entry.path(), to.join(&name)).unwrap()),
            }
        }
    }
}

/// Serves a feed to its end on its own clock.
#[cfg(unix)]
pub fn serve_feed(playbooks: &Path, data: &Path, feed: &Path, lines: usize) {
    let feed = feed.to_string_lossy();
    let served = Served::on(playbooks, data, &["--feed", &*feed, "--clock", "feed"]);
    let mut last = 0;
    wait_for("the feed", || {
        let (_, status) = served.ask("GET", "/v1/status", "").unwrap();
        let read = status["signals"]["accepted"].as_u64().unwrap() + status["signals"]["refused"].as_u64().unwrap();
        let quiet = status["journal"]["behind"] == 0 && status["journal"]["last"].as_u64().unwrap() == last;
        last = status["journal"]["last"].as_u64().unwrap();
        read as usize >= lines && quiet
    });
    assert_eq!(served.end(), 0);
}

/// A data folder of two runs over the shipped feed: a restart in the middle, where other playbooks take over.
#[cfg(unix)]
fn two_runs(name: &str) -> std::path::PathBuf {
    let (data, books) = (folder(name), folder(&format!("{name}_playbooks")));
    let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/retail/feed/eight_weeks.jsonl");
    let lines: Vec<String> = fs::read_to_string(whole).unwrap().lines().take(2 * LINES).map(str::to_owned).collect();
    let feed = books.join("part.jsonl");
    let books = books.join("retail");
    playbooks(&books);
    fs::write(&feed, lines[..LINES].join("\n") + "\n").unwrap();
    serve_feed(&books, &data, &feed, LINES);
    let changed = fs::read_to_string(books.join("retail_care.play")).unwrap();
    assert!(changed.contains("3 or more complaints"), "{changed}");
    fs::write(books.join("retail_care.play"), changed.replace("3 or more complaints", "2 or more complaints")).unwrap();
    fs::write(&feed, lines.join("\n") + "\n").unwrap();
    serve_feed(&books, &data, &feed, LINES);
    data
}

#[cfg(unix)]
#[test]
fn the_journal_of_a_run_gives_what_was_recorded_and_why_says_the_same() {
    let data = two_runs("journal");
    let shown = data.to_string_lossy();
    let (code, told, said) = say(&["replay", "--journal", &shown, "--show", "effects", "--format", "jsonl"]);
    assert_eq!(code, 0, "{said}");
    let (code, recorded, said) =
        say(&["replay", "--journal", &shown, "--recorded", "--show", "effects", "--format", "jsonl"]);
    assert_eq!(code, 0, "{said}");
    assert!(told.lines().count() > 20, "only {} effects", told.lines().count());
    assert!(told == recorded, "the journal gives other effects than were recorded");
    let (code, text, said) = say(&["replay", "--journal", &shown]);
    assert!(code == 0 && !text.is_empty(), "{said}");
    let (code, verified, said) = say(&["replay", "--journal", &shown, "--verify"]);
    assert!(code == 0 && verified.contains("the same byte for byte"), "{verified}{said}");
    let versions = SqliteReader::open(&data).unwrap().versions().unwrap();
    assert_eq!(versions.len(), 2, "the second run decided by other rules");
    why_agrees(&shown, &told);
    // Something is missing in what was recorded: said, with its place.
    let store = Connection::open(data.join("touchline.sqlite")).unwrap();
    let gone: i64 = store.query_row("SELECT max(position) FROM effect", [], |row| row.get(0)).unwrap();
    store.execute("DELETE FROM effect WHERE position = ?1", [gone]).unwrap();
    drop(store);
    let (code, verified, _) = say(&["replay", "--journal", &shown, "--verify"]);
    assert!(code == 1 && verified.contains(&format!("input {gone} is decided otherwise")), "{verified}");
}

/// What `why` says of each signal that fired, and of one that did not.
fn why_agrees(data: &str, told: &str) {
    let effects = told.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let fired = effects.filter(|effect| effect["effect"] != "firing" && effect["signal"].is_string());
    let text = |json: &serde_json::Value| json.as_str().unwrap_or("").to_owned();
    let mut asked: Vec<(String, String)> =
        fired.map(|effect| (text(&effect["rule"]), text(&effect["signal"]))).collect();
    asked.sort();
    asked.dedup();
    let (made, asked): (Vec<_>, Vec<_>) = asked.into_iter().partition(|(_, signal)| signal.len() == 32);
    assert!(made.len() > 2, "{made:?}");
    for (rule, signal) in &made[..2] {
        for signal in [signal.clone(), format!("touchline:{}", &signal[..8])] {
            let (code, said, wrong) = say(&["why", "--store", data, "--signal", &signal, "--rule", rule]);
            assert!(code == 0 && wrong.is_empty(), "{said}{wrong}");
            assert!(said.contains("made by "), "{said}");
            assert!(said.contains(" fired on this signal") || said.contains(" fired for this signal"), "{said}");
        }
    }
    assert!(asked.len() > 5, "{asked:?}");
    for (rule, signal) in asked.iter().step_by(asked.len() / 5) {
        let (code, said, wrong) = say(&["why", "--store", data, "--signal", signal, "--rule", rule]);
        assert!(code == 0 && wrong.is_empty(), "{said}{wrong}");
        assert!(said.contains(&format!("{rule} for ")) || said.contains(&format!("{rule} fired")), "{said}");
        assert!(said.contains(" fired on this signal") || said.contains(" fired for this signal"), "{said}");
        let (code, all, wrong) = say(&["why", "--data", data, "--signal", signal]);
        assert!(code == 0 && wrong.is_empty(), "{all}{wrong}");
        assert!(all.contains("fired on this signal") || all.contains("fired for this signal"), "{all}");
    }
    let (code, said, _) = say(&["why", "--store", data, "--signal", "nobody-has-this"]);
    assert!(code == 1 && said.contains("No signal is called `nobody-has-this` in the journal"), "{said}");
    let (code, _, said) = say(&["why", "--store", "no/such/folder", "--signal", "x"]);
    assert!(code == 2 && said.contains("does not exist"), "{said}");
    let (code, _, said) = say(&["replay", "--journal", "no/such/folder"]);
    assert!(code == 2 && said.contains("does not exist"), "{said}");
}

#[cfg(unix)]
#[test]
fn why_is_answered_beside_the_running_daemon() {
    let data = folder("why_running");
    let served = Served::start(&data, &["--shadow"]);
    send(&served, (0..5).map(|n| format!("w-{n}")));
    let shown = data.to_string_lossy();
    let (code, said, wrong) = say(&["why", "--store", &shown, "--signal", "w-3"]);
    assert!(code == 0 && wrong.is_empty() && said.contains("complaint w-3"), "{said}{wrong}");
    assert!(said.contains("this is 1 of 3"), "{said}");
    let (code, said, _) = say(&["why", "--store", &shown, "--signal", "w-33"]);
    assert!(code == 1 && said.contains("Did you mean `w-3`?"), "{said}");
    let (code, said, wrong) = say(&["replay", "--journal", &shown, "--verify"]);
    assert!(code == 0, "{said}{wrong}");
    assert_eq!(served.end(), 0);
}

/// The ids of all signals in a journal.
fn journaled(data: &Path) -> BTreeSet<String> {
    let records = all_records(&SqliteReader::open(data).unwrap());
    let id = |record: &Record| match &record.input {
        Input::Signal(signal) => Some(signal.id.id.to_string()),
        _ => None,
    };
    records.iter().filter_map(id).collect()
}

#[cfg(unix)]
#[test]
fn a_backup_under_load_is_whole_and_a_daemon_starts_on_it() {
    let (data, copy) = (folder("backed_up"), folder("backup_of"));
    let served = Served::start(&data, &["--shadow"]);
    let acknowledged: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let stop = Arc::new(AtomicBool::new(false));
    let senders: Vec<_> = (0..3)
        .map(|sender| {
            let (at, acknowledged, stop) = (served.at.clone(), acknowledged.clone(), stop.clone());
            std::thread::spawn(move || {
                for n in 0.. {
                    let id = format!("b{sender}-{n}");
                    let (status, body) = ask(&at, "POST", "/v1/signals", &signal(&id)).unwrap();
                    assert_eq!(status, 202, "{body}");
                    acknowledged.lock().unwrap().insert(id);
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                }
            })
        })
        .collect();
    wait_for("the load", || acknowledged.lock().unwrap().len() > 100);
    let before = acknowledged.lock().unwrap().clone();
    let (from, to) = (data.to_string_lossy().into_owned(), copy.to_string_lossy().into_owned());
    let (code, said, wrong) = say(&["backup", "--data", &from, &to]);
    assert!(code == 0 && said.contains("up to input"), "{said}{wrong}");
    stop.store(true, Ordering::SeqCst);
    senders.into_iter().for_each(|sender| sender.join().unwrap());
    assert_eq!(served.end(), 0);
    let kept = journaled(&copy);
    let lost: Vec<_> = before.difference(&kept).collect();
    assert!(lost.is_empty(), "{lost:?}");
    let (code, said, wrong) = say(&["replay", "--journal", &to, "--verify"]);
    assert_eq!(code, 0, "{said}{wrong}");
    // With a checkpoint, once there is one: that of the graceful end.
    let again = folder("backup_again");
    let (code, said, wrong) = say(&["backup", "--data", &from, &again.to_string_lossy()]);
    assert!(code == 0 && said.contains("1 checkpoint"), "{said}{wrong}");
    // A daemon starts on the copy and goes on.
    let served = Served::start(&copy, &["--shadow"]);
    send(&served, ["b-after".to_owned()].into_iter());
    assert_eq!(served.end(), 0);
    assert!(journaled(&copy).contains("b-after"));
    let (code, _, said) = say(&["backup", "--data", &from, &to]);
    assert!(code == 2 && said.contains("is not empty: name a new folder"), "{said}");
    let nowhere = copy.join("nowhere");
    let (code, _, said) = say(&["backup", "--data", "no/such/folder", &nowhere.to_string_lossy()]);
    assert!(code == 2 && said.contains("does not exist") && !nowhere.exists(), "{said}");
}

#[cfg(unix)]
#[test]
fn dead_letters_are_listed_shown_and_sent_again() {
    let data = folder("dead");
    let served = Served::start(&data, &["--config", &no_mail_server(&data)]);
    let at = touchline::clock::wall_clock_now();
    for n in 0..3 {
        let line = serde_json::json!({"id": format!("d-{n}"), "signal": "complaint", "at": at.to_string(),
            "customer": "C1", "store": "S7", "topic": "delivery"});
        assert_eq!(served.ask("POST", "/v1/signals", &line.to_string()).unwrap().0, 202);
    }
    wait_for("deciding", || {
        let (_, said) = served.ask("GET", "/v1/outbox?state=waiting", "").unwrap();
        !said["outbox"].as_array().unwrap().is_empty()
    });
    assert_eq!(served.end(), 0);
    // Every message is refused for good, as a mail server would.
    let mut store = SqliteStore::open(&data).unwrap();
    let epoch = store.acquire().unwrap();
    let rows = store.outbox(None, None, 100).unwrap();
    let until = at + jiff::SignedDuration::from_mins(1);
    let refused = |row: &Row| {
        let why = "550 no such mailbox".into();
        [(row.id, Change::Lease { until }), (row.id, Change::Dead { attempt: row.attempt + 1, why })]
    };
    let outbox = rows.iter().flat_map(refused).collect();
    let turn = Turn { number: store.ends().unwrap().turn + 1, outbox, ..Turn::default() };
    assert_eq!(store.write(epoch, &turn).unwrap(), Committed::Ok);
    drop(store);
    let served = Served::start(&data, &[]);
    let at = ["--server", &served.at];
    let dead = |arguments: &[&str]| say(&[&["dead"], arguments, &at].concat());
    let (code, listed, wrong) = dead(&["list"]);
    assert!(
        code == 0 && listed.lines().count() == rows.len() && listed.contains("550 no such mailbox"),
        "{listed}{wrong}"
    );
    let id = rows[0].id.to_string();
    let (code, shown, _) = dead(&["show", &id]);
    assert!(code == 0 && shown.contains("dead") && shown.contains(": 550 no such mailbox"), "{shown}");
    let (code, said, wrong) = dead(&["send", &id]);
    assert!(code == 0 && said.contains("waits to be sent again"), "{said}{wrong}");
    let state = |id: &str| served.ask("GET", &format!("/v1/outbox/{id}"), "").unwrap().1["state"].clone();
    wait_for("sending", || state(&id) == "sent");
    let (code, _, said) = dead(&["send", &id]);
    assert!(code == 2 && said.contains("only a dead letter is sent again"), "{said}");
    let (code, said, wrong) = dead(&["send", "--all"]);
    assert!(code == 0, "{said}{wrong}");
    wait_for("sending all", || rows.iter().all(|row| state(&row.id.to_string()) == "sent"));
    assert!(fs::read_dir(data.join("mail")).unwrap().count() >= rows.len());
    assert!(dead(&["list"]).2.contains("no dead letters"));
    let (code, _, said) = dead(&["show", "x"]);
    assert!(code == 2 && said.contains("no id of the outbox"), "{said}");
    let (code, _, said) = dead(&["send", &format!("{}.0", "0".repeat(32))]);
    assert!(code == 2 && said.contains("nothing in the outbox has the id"), "{said}");
    let (status, said) = served.ask("GET", "/v1/outbox?state=daed", "").unwrap();
    assert!(status == 400 && said["detail"].as_str().unwrap().contains("did you mean `dead`?"), "{said}");
    assert_eq!(served.end(), 0);
    let (code, said, wrong) = say(&["replay", "--journal", &data.to_string_lossy(), "--verify"]);
    assert_eq!(code, 0, "{said}{wrong}");
}

#[cfg(unix)]
#[test]
fn history_is_imported_and_fires_nothing_and_the_daemon_goes_on_from_it() {
    let data = folder("imported");
    let shown = data.join("data").to_string_lossy().into_owned();
    let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/retail/feed/eight_weeks.jsonl");
    let lines: Vec<String> = fs::read_to_string(whole).unwrap().lines().take(2 * LINES).map(str::to_owned).collect();
    let (first, second) = (data.join("first.jsonl"), data.join("second.jsonl"));
    let people = r#"{"action": "contact", "at": "2026-03-02T09:00:00Z", "customer": "C1"}"#;
    let bad = r#"{"id": "bad-1", "signal": "complant", "at": "2026-03-02T09:00:00Z"}"#;
    fs::write(&first, lines[..LINES].join("\n") + &format!("\n{people}\n{bad}\n")).unwrap();
    fs::write(&second, lines[LINES..].join("\n") + "\n").unwrap();
    let import = |file: &Path, more: &[&str]| {
        let file = file.to_string_lossy();
        say(&[&["import", &*file, "--data", &shown, "--clock", "feed"], more].concat())
    };
    let (code, _, said) = import(&data.join("no_such_file.jsonl"), &[]);
    assert!(code == 2 && said.contains("no_such_file.jsonl") && !data.join("data").exists(), "{said}");
    let (code, _, said) = import(&first, &["--playbooks", "no/such/folder"]);
    assert!(code == 2 && said.contains("no/such/folder"), "{said}");
    let (code, said, told) = import(&first, &["--playbooks", "playbooks/retail"]);
    assert!(
        code == 1 && said.contains("nothing fired") && said.contains("1 line was refused and kept"),
        "{said}{told}"
    );
    assert!(said.contains("lines of what people did were passed over"), "{said}");
    assert!(told.contains("first.jsonl:") && told.contains("did you mean `complaint`?"), "{told}");
    // Once more: known already, and the playbooks are those of the folder.
    let (code, said, told) = import(&first, &[]);
    assert!(code == 1 && said.contains("signals were known already"), "{said}{told}");
    let (code, effects, said) = say(&["replay", "--journal", &shown, "--show", "effects", "--format", "jsonl"]);
    assert!(code == 0 && effects.is_empty(), "{effects}{said}");
    // The daemon goes on from there on the feed's clock.
    serve_feed(Path::new("playbooks/retail"), &data.join("data"), &second, LINES);
    let (code, fired, said) = say(&["replay", "--journal", &shown, "--format", "jsonl"]);
    assert!(code == 0 && fired.lines().count() > 5, "{fired}{said}");
    let (code, said, wrong) = say(&["replay", "--journal", &shown, "--verify"]);
    assert_eq!(code, 0, "{said}{wrong}");
    let imported = count(&data.join("data"), "SELECT sum(times) FROM v_signals WHERE imported");
    assert!(imported > Some(200), "{imported:?}");
    let one = lines.iter().find_map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        (line["signal"] == "complaint").then(|| line["id"].as_str().unwrap().to_owned())
    });
    let (code, said, wrong) = say(&["why", "--store", &shown, "--signal", &one.unwrap(), "--rule", "repeat_complaint"]);
    assert!(code == 0 && said.contains("the signal was imported. It fills windows and fires nothing"), "{said}{wrong}");
    // Not beside a running daemon.
    let served = Served::start(&data.join("data"), &["--shadow"]);
    let (code, said) = served.ask("GET", "/v1/refused", "").unwrap();
    assert!(code == 200 && said["refused"][0]["line"] == bad, "{said}");
    let (code, _, said) = import(&second, &[]);
    assert!(code == 2 && said.contains("another touchline is running on it"), "{said}");
    let (_, metrics, _) = say(&["status", "--server", &served.at]);
    assert!(metrics.contains("running since"), "{metrics}");
}

/// Who acknowledged an alert: those of the ladder that was stopped, and nobody where it met nothing.
#[cfg(unix)]
#[test]
fn views_say_who_acknowledged_only_where_something_was() {
    let here = crate::hardships::project("acknowledged");
    let rule = "rule climbs \"Two complaints\"\n  when 2 or more complaints\n    for the same customer\n    within 1 day\n  \
                then escalate until acknowledged\n    now:\n      alert care_team\n    after 4 hours:\n      alert care_team saying \"again\"\n";
    let play = here.join("playbooks/care.play");
    let text = fs::read_to_string(&play).unwrap() + "\n" + rule;
    fs::write(&play, text).unwrap();
    let data = here.join("data");
    let served = Served::on(&here.join("playbooks"), &data, &[]);
    let at = touchline::clock::wall_clock_now().to_string();
    for id in ["a", "b"] {
        let line = serde_json::json!({"id": id, "signal": "complaint", "at": at, "customer": "C1", "topic": "x"});
        assert_eq!(served.ask("POST", "/v1/signals", &line.to_string()).unwrap().0, 202);
    }
    let alerts = |rule: &str| {
        let path = format!("/v1/alerts?outcome=sent&rule={rule}");
        let (_, said) = served.ask("GET", &path, "").unwrap_or((0, serde_json::Value::Null));
        said["alerts"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|alert| alert["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    wait_for("deciding", || alerts("climbs").len() == 1 && alerts("each").len() == 1);
    let acknowledge = |id: &str, by: &str| {
        let body = format!("{{\"by\": \"{by}\"}}");
        served.ask("POST", &format!("/v1/alerts/{id}/acknowledge"), &body).unwrap().0
    };
    // One without a ladder and a case is acknowledged by nobody.
    assert_eq!(acknowledge(&alerts("each")[0], "bob"), 409);
    assert_eq!(acknowledge(&alerts("climbs")[0], "ana"), 202);
    let followed = || count(&data, "SELECT position FROM follows").unwrap_or(0);
    let last = || served.ask("GET", "/v1/status", "").unwrap().1["journal"]["last"].as_i64().unwrap();
    wait_for("the views", || count(&data, "SELECT count(*) FROM v_alerts WHERE outcome = 'cancelled'") == Some(1));
    assert_eq!(acknowledge(&alerts("climbs")[0], "bob"), 409, "it was before");
    wait_for("the views", || followed() == last());
    let by = |rule: &str, outcome: &str, by: &str| {
        count(
            &data,
            &format!(
                "SELECT count(*) FROM v_alerts WHERE rule = '{rule}' AND outcome = '{outcome}' AND acknowledged_by {by}"
            ),
        )
    };
    assert_eq!(by("climbs", "sent", "= 'ana'"), Some(1));
    assert_eq!((by("climbs", "cancelled", "IS NULL"), by("each", "sent", "IS NULL")), (Some(1), Some(1)));
    assert_eq!(count(&data, "SELECT count(*) FROM v_alerts WHERE acknowledged_by = 'bob'"), Some(0));
    assert_eq!(served.end(), 0);
    // A folder that the configuration names is backed up by it.
    let config = here.join("touchline.yaml");
    fs::write(&config, "data: data\n").unwrap();
    let to = here.join("copy");
    let (code, said, wrong) = say(&["backup", "--config", config.to_str().unwrap(), to.to_str().unwrap()]);
    assert!(code == 0 && to.join("touchline.sqlite").exists(), "{said}{wrong}");
}
