//! Rows of the store that are not what was written, on the real binary: said once with what to do, and nothing else stops.

// Waiting for another process takes real time.
#![allow(clippy::disallowed_methods)]
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use serde_json::Value as Json;
use touchline::daemon::inspect::inspect;
use touchline::engine::store::{Change, Committed, Harmed, Reader, RowState, Store, Turn};
use touchline::store::sqlite::{SqliteReader, SqliteStore};

use crate::hardships::{Told, project};
use crate::serve::{no_mail_server, touchline};

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} takes too long");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn say(arguments: &[&str]) -> (i32, String, String) {
    let said = touchline(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (said.status.code().unwrap_or(-1), text(said.stdout), text(said.stderr))
}

/// Writes something else into rows; nobody but the sums can see it.
fn harm(data: &Path, sql: &str, place: &[&dyn rusqlite::ToSql]) {
    let connection = Connection::open(data.join("touchline.sqlite")).unwrap();
    assert!(connection.execute(sql, place).unwrap() > 0, "{sql} meets nothing");
}

fn ids(served: &Told, state: &str) -> Vec<String> {
    let (_, said) = served.ask("GET", &format!("/v1/outbox?state={state}"), "");
    said["outbox"].as_array().into_iter().flatten().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// What a machine that looks after it hears.
fn plain(served: &Told, path: &str) -> (u16, String) {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(&served.at).unwrap();
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", served.at).as_bytes())
        .unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    (said[9..12].parse().unwrap(), said.split_once("\r\n\r\n").unwrap().1.to_owned())
}

fn mails(data: &Path) -> usize {
    fs::read_dir(data.join("mail")).map_or(0, Iterator::count)
}

#[test]
fn a_damaged_message_is_said_holds_up_no_other_and_is_sent_or_given_up_by_a_person() {
    let here = project("damaged_message");
    let data = here.join("data");
    fs::create_dir_all(&data).unwrap();
    let mut told = Told::start(touchline(&[]), &here, &["--config", &no_mail_server(&data)]);
    assert_eq!(told.complain(0, 6), 202);
    told.until("six wait", |told| (ids(told, "waiting").len() + ids(told, "leased").len() == 6).then_some(()));
    assert_eq!(told.end().0, 0);
    // The one that waits longest, one of another state, and one whose very number is none.
    let reader = SqliteReader::open(&data).unwrap();
    let rows: Vec<_> =
        reader.outbox(None, None, 9).unwrap().into_iter().filter(|row| row.state != RowState::Sent).collect();
    assert_eq!(rows.len(), 6);
    drop(reader);
    let id = |n: usize| rows[n].id.to_string();
    for (n, set) in [(0, "content = zeroblob(length(content))"), (1, "decided = decided + 1"), (2, "sum = 'x'")] {
        let row = rows[n].id;
        let place = params![row.effect.0.as_slice(), row.recipient];
        harm(&data, &format!("UPDATE outbox SET {set} WHERE effect = ?1 AND recipient = ?2"), place);
    }
    let (code, said, _) = say(&["replay", "--journal", data.to_str().unwrap(), "--verify"]);
    assert!(
        code == 1 && (0..3).all(|n| said.contains(&format!("message {} of the outbox is not what was written", id(n)))),
        "{said}"
    );
    assert!(said.contains("the same byte for byte"), "the rest is compared all the same: {said}");

    let mut told = Told::start(touchline(&[]), &here, &[]);
    told.until("the others are sent", |told| (ids(told, "sent").len() == 3).then_some(()));
    assert_eq!(mails(&data), 3);
    let (status, ready) = plain(&told, "/readyz");
    assert!(status == 200 && ready.starts_with("ready\nbut 3 messages of the outbox are damaged"), "{ready}");
    let metric = |told: &Told, what: &str| plain(told, "/metrics").1.lines().any(|line| line == what);
    assert!(metric(&told, "touchline_damaged 3") && metric(&told, "touchline_outbox_age_seconds 0"));
    let (status, all) = told.ask("GET", "/v1/outbox", "");
    let states = |all: &Json| all["outbox"].as_array().unwrap().iter().filter(|row| row["state"] == "damaged").count();
    assert!(status == 200 && all["outbox"].as_array().unwrap().len() == 6 && states(&all) == 3, "{all}");
    assert_eq!(ids(&told, "damaged"), [id(0), id(1), id(2)]);
    let at = told.at.clone();
    let dead = |arguments: &[&str]| say(&[&["dead"], arguments, &["--server", &at]].concat());
    let (code, listed, wrong) = dead(&["list"]);
    assert!(code == 0 && listed.lines().count() == 3 && listed.contains("damaged: "), "{listed}{wrong}");
    let (code, shown, _) = dead(&["show", &id(0)]);
    assert!(
        code == 0 && shown.contains("alert to care@example.test") && shown.contains("nobody knows how it stood"),
        "{shown}"
    );
    assert!(shown.contains(&format!("`touchline dead send {}`", id(0))), "{shown}");
    assert!(say(&["status", "--server", &at]).1.contains("3 messages of the outbox are damaged"));
    // Views say so too, and go on.
    let outbox = |state: &str| {
        let connection = Connection::open(data.join("views.sqlite")).unwrap();
        connection
            .query_row("SELECT count(*) FROM v_outbox WHERE state = ?1", [state], |row| row.get::<_, i64>(0))
            .unwrap_or(0)
    };
    wait_for("the views", || outbox("damaged") == 3 && outbox("sent") == 3);

    let (code, said, wrong) = dead(&["send", &id(0)]);
    assert!(code == 0, "{said}{wrong}");
    told.until("it is sent", |told| ids(told, "sent").contains(&id(0)).then_some(()));
    let (code, said, wrong) = dead(&["drop", &id(1)]);
    assert!(code == 0 && said.contains("is given up"), "{said}{wrong}");
    assert_eq!(dead(&["drop", &id(0)]).0, 2, "only what is damaged is given up");
    assert!(plain(&told, "/readyz").1.contains("but a message of the outbox is damaged"));
    assert_eq!(dead(&["drop", &id(2)]).0, 0);
    assert_eq!(plain(&told, "/readyz"), (200, "ready\n".to_owned()));
    assert!(metric(&told, "touchline_damaged 0"));
    assert_eq!(mails(&data), 4);
    wait_for("the views", || outbox("damaged") == 2 && outbox("sent") == 4);
    let log = told.said();
    assert_eq!(log.matches("a message of the outbox is damaged").count(), 3, "each is said once: {log}");
    assert!(!log.contains("views could not") && !log.contains("cannot be reached"), "{log}");
    assert_eq!(told.end().0, 0);
    let (code, said, _) = say(&["replay", "--journal", data.to_str().unwrap(), "--verify"]);
    assert_eq!(code, 0, "{said}");
}

/// What is behind the checkpoint is read by nobody who decides.
#[test]
fn a_damaged_input_that_was_decided_on_is_said_and_what_is_decided_goes_on() {
    let here = project("damaged_input");
    let data = here.join("data");
    let mut told = Told::start(touchline(&[]), &here, &[]);
    assert_eq!(told.complain(0, 5), 202);
    told.until("five are sent", |_| (mails(&data) == 5).then_some(()));
    assert_eq!(told.end().0, 0);
    harm(&data, "UPDATE journal SET record = zeroblob(length(record)) WHERE position = 2", &[]);
    let folder = data.to_str().unwrap();
    let (code, said, _) = say(&["replay", "--journal", folder, "--verify"]);
    assert!(code == 1 && said.contains("input 2 of the journal is not what was written"), "{said}");
    // Views that begin anew cannot pass it.
    fs::remove_file(data.join("views.sqlite")).unwrap();
    let mut told = Told::start(touchline(&[]), &here, &[]);
    let ready = |told: &Told| plain(told, "/readyz");
    told.until("it is said", |told| {
        ready(told).1.contains("but input 2 of the journal is not what was written").then_some(())
    });
    assert_eq!(ready(&told).0, 200);
    told.until("the views are said", |told| ready(told).1.contains("but the views do not follow").then_some(()));
    assert!(plain(&told, "/metrics").1.contains("touchline_damaged 1"));
    // What comes now is decided on and sent.
    assert_eq!(told.complain(5, 2), 202);
    told.until("two more are sent", |_| (mails(&data) == 7).then_some(()));
    std::thread::sleep(Duration::from_secs(6));
    let log = told.said();
    assert_eq!(log.matches("input 2 of the journal is not").count(), 1, "{log}");
    assert_eq!(log.matches("the views could not be brought up to date").count(), 1, "{log}");
    assert_eq!(told.end().0, 0);
}

/// Whoever writes meets a damaged message too: an acknowledgement that withdraws it, a delivery that ends beside it.
#[test]
fn a_damaged_message_stops_no_turn() {
    let here = project("damaged_turn");
    let data = here.join("data");
    fs::create_dir_all(&data).unwrap();
    let mut told = Told::start(touchline(&[]), &here, &["--config", &no_mail_server(&data)]);
    assert_eq!(told.complain(0, 2), 202);
    told.until("two wait", |told| (ids(told, "waiting").len() + ids(told, "leased").len() == 2).then_some(()));
    assert_eq!(told.end().0, 0);
    harm(&data, "UPDATE outbox SET sum = sum + 1", &[]);
    let mut store = SqliteStore::open(&data).unwrap();
    let epoch = store.acquire().unwrap();
    assert!(store.outbox(None, None, 9).unwrap().is_empty() && store.next_due().unwrap().is_none());
    let harmed = store.harmed().unwrap();
    assert_eq!((harmed.len(), store.oldest_waiting().unwrap()), (2, None));
    let message = |harmed: &Harmed| match harmed {
        Harmed::Message(id) => *id,
        other => panic!("{other}"),
    };
    let first = message(&harmed[0]);
    let ends = store.ends().unwrap();
    let mut folded = touchline::engine::store::Folded::starting(ends.cursor);
    folded.withdrawn.push(message(&harmed[1]).effect);
    let outbox = vec![(first, Change::Sent { attempt: 9 })];
    let turn = Turn { number: ends.turn + 1, folded: Some(folded), outbox, ..Turn::default() };
    assert_eq!(store.write(epoch, &turn).unwrap(), Committed::Ok);
    assert_eq!(inspect(&store, || true).unwrap(), harmed, "they stay as they are");
    drop(store);
}
