//! A customer is erased while the real daemon runs: nothing in the data folder says its id any more, windows go on under the
//! alias, and killing it in the middle changes nothing of that.

// Waiting for another thread or process takes real time.
#![allow(clippy::disallowed_methods)]

use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use lz4_flex::frame::FrameDecoder;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value as Json, json};

use crate::serve::{Served, ask, folder, no_mail_server, touchline};

/// What must not be found afterwards: the id, and what only this customer said or is reached by.
const SECRETS: [&str; 3] = ["C123", "zofia@example.test", "unforgivable"];

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} takes too long");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Returns the state in a checkpoint as it was before it was compressed; nothing where there is none.
fn decompressed(bytes: &[u8]) -> Vec<u8> {
    let mut state = vec![];
    let frame = bytes.windows(4).position(|window| window == [0x04, 0x22, 0x4D, 0x18]);
    let in_checkpoint = bytes.starts_with(b"touchline checkpoint").then_some(frame).flatten();
    if let Some(begin) = in_checkpoint {
        // Behind it stand its length and the file's sum.
        FrameDecoder::new(&bytes[begin..bytes.len() - 40]).read_to_end(&mut state).unwrap();
    }
    state
}

/// Returns every place in the data folder where the bytes of `text` stand.
fn found(data: &Path, text: &str) -> Vec<String> {
    let (mut folders, mut found) = (vec![data.to_owned()], vec![]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Ok(bytes) = fs::read(&path) else { continue };
            let holds = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text.as_bytes());
            if holds(&bytes) || holds(&decompressed(&bytes)) {
                found.push(format!("{text} in {}", path.display()));
            }
        }
    }
    found
}

fn one(data: &Path, sql: &str) -> Option<String> {
    let connection = Connection::open_with_flags(data.join("views.sqlite"), OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    connection.query_row(sql, [], |row| row.get::<_, String>(0)).ok()
}

fn post(served: &Served, signal: Json) {
    let (status, body) = served.ask("POST", "/v1/signals", &signal.to_string()).unwrap();
    assert_eq!(status, 202, "{body}");
}

fn complaint(id: &str, customer: &str) -> Json {
    json!({"id": id, "signal": "complaint", "at": Timestamp::now().to_string(), "customer": customer, "store": "S7",
           "topic": "delivery", "comment": format!("complaint {id} of {customer}")})
}

fn review(id: &str, customer: &str, score: u32, comment: &str) -> Json {
    json!({"id": id, "signal": "survey_response", "at": Timestamp::now().to_string(), "customer": customer, "store": "S7",
           "score": score, "comment": comment, "touchpoint": "checkout", "channel": "store"})
}

/// A customer with facts, an open case, a planned mail, one that waits to be sent, two complaints of the three that make an
/// alert, a contact, and a line that was refused.
fn live(served: &Served) {
    let facts = json!({"segment": "gold", "email": "zofia@example.test", "language": "en"});
    assert_eq!(served.ask("PUT", "/v1/things/customer/C123", &facts.to_string()).unwrap().0, 202);
    post(served, review("p-1", "C123", 10, "The staff were so kind and helpful, unforgivable only the queue"));
    post(served, review("d-1", "C123", 2, "unforgivable"));
    post(served, complaint("c-1", "C123"));
    post(served, complaint("c-2", "C123"));
    post(served, complaint("o-1", "K77"));
    let refused = json!({"id": "r-1", "signal": "complaint", "customer": "C123", "comment": "unforgivable"});
    let _ = served.ask("POST", "/v1/signals", &refused.to_string());
    let said = json!({"customer": "C123", "by": "ana@example.test"});
    assert_eq!(served.ask("POST", "/v1/contacts", &said.to_string()).unwrap().0, 202);
}

fn outbox(served: &Served, state: &str) -> Vec<Json> {
    let (_, body) = served.ask("GET", &format!("/v1/outbox?state={state}"), "").unwrap();
    body["outbox"].as_array().unwrap().iter().filter(|row| row["what"] == "email").cloned().collect()
}

fn is_done(served: &Served) -> bool {
    let erasures = ask(&served.at, "GET", "/v1/erasures", "").unwrap().1["erasures"].as_array().unwrap().clone();
    !erasures.is_empty() && erasures.iter().all(|erasure| erasure["stage"] == "done")
}

fn verified(data: &Path) {
    let output = touchline(&["replay", "--verify", "--journal", data.to_str().unwrap()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// What holds once it is over: nothing says who it was, the others are untouched, and the window goes on under the alias.
#[cfg(unix)]
fn holds_afterwards(served: Served, data: &Path) {
    let left: Vec<String> = SECRETS.iter().flat_map(|secret| found(data, secret)).collect();
    assert!(left.is_empty(), "{left:#?}");
    let alias = "SELECT customer FROM v_cases WHERE customer LIKE 'erased-%' AND status = 'open'";
    wait_for("the views", || one(data, alias).is_some());
    let alias = one(data, alias).unwrap();
    let alerts = "SELECT count(*) || '' FROM v_alerts WHERE rule = 'repeat_complaint'";
    assert_eq!(one(data, alerts).as_deref(), Some("0"));
    post(&served, complaint("c-3", &alias));
    wait_for("the alert", || one(data, alerts).is_some_and(|count| count != "0"));
    assert_eq!(served.end(), 0);
    verified(data);
}

#[cfg(unix)]
#[test]
fn an_erased_customer_is_found_nowhere_in_the_data_folder_and_its_windows_go_on() {
    let data = folder("erase");
    let served = Served::start(&data, &["--config", &no_mail_server(&data)]);
    live(&served);
    wait_for("the case", || one(&data, "SELECT customer FROM v_cases").as_deref() == Some("C123"));
    wait_for("the mail", || outbox(&served, "waiting").len() == 1);
    assert!(SECRETS.iter().all(|secret| !found(&data, secret).is_empty()));
    let output = touchline(&["erase", "customer", "C123", "--server", &served.at]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("erased"), "it was done while we waited");
    // The mail that waited is withdrawn, and the one that was planned is cancelled.
    assert_eq!((outbox(&served, "waiting").len(), outbox(&served, "withdrawn").len()), (0, 1));
    let cancelled = touchline(&["replay", "--recorded", "--format", "jsonl", "--show", "effects", "--journal"])
        .arg(&data)
        .output()
        .unwrap();
    let cancelled = String::from_utf8(cancelled.stdout).unwrap();
    let erased = cancelled.lines().filter(|line| line.contains("\"cancelled\"") && line.contains("\"erased\""));
    assert_eq!(erased.count(), 2, "{cancelled}");
    // What another customer wrote stays.
    assert!(!found(&data, "complaint o-1 of K77").is_empty());
    assert!(found(&data, "complaint c-1 of").is_empty());
    let (_, refused) = served.ask("GET", "/v1/refused", "").unwrap();
    assert_eq!(refused["kept"], 0, "{refused}");
    holds_afterwards(served, &data);
}

#[cfg(unix)]
#[test]
fn an_erasure_that_is_killed_in_the_middle_is_finished_at_the_next_start() {
    for millis in [0, 5, 20, 60, 150] {
        let data = folder(&format!("erase_killed_{millis}"));
        let served = Served::start(&data, &["--shadow"]);
        live(&served);
        let (status, body) = served.ask("DELETE", "/v1/things/customer/C123", "").unwrap();
        assert_eq!(status, 202, "{body}");
        std::thread::sleep(Duration::from_millis(millis));
        served.kill();
        let served = Served::start(&data, &["--shadow"]);
        wait_for("the erasure", || is_done(&served));
        holds_afterwards(served, &data);
    }
}

#[test]
fn what_cannot_be_erased_is_said() {
    let data = folder("erase_what");
    let served = Served::start(&data, &["--shadow"]);
    let (status, body) = served.ask("POST", "/v1/things/custmer/C1/erase", "").unwrap();
    assert_eq!(status, 404);
    assert!(body["detail"].as_str().unwrap().contains("did you mean `customer`?"), "{body}");
    assert_eq!(served.ask("DELETE", "/v1/things/case/c-1", "").unwrap().0, 422);
}
