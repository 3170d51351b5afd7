//! The daemon on a feed's clock: what is sent is what a replay sends, however far apart the lines are and however slow sending is.

// Waiting for another process takes real time.
#![allow(clippy::disallowed_methods)]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::serve::{Served, folder, touchline};

/// What is due between two lines a month apart: a ladder of four steps, and an acknowledgement on the last line's day.
const PLAYBOOK: &str = r#"playbook care "Care" version 1
time zone "Europe/Madrid"

rule each "Each complaint"
  when complaint
  at most once every 1 day per customer
  then escalate until acknowledged
    now:
      alert team_lead of store
    after 1 day:
      alert manager of store
    after 5 days:
      alert director of store.region
    after 40 days:
      alert care_team
"#;

const FEED: &str = r#"{"id": "a", "signal": "complaint", "at": "2026-03-16T10:00:00+01:00", "customer": "C1", "store": "S7", "topic": "queue"}
{"id": "b", "signal": "complaint", "at": "2026-04-15T10:00:00+02:00", "customer": "C2", "store": "S7", "topic": "queue"}
{"action": "acknowledge", "at": "2026-04-20T10:30:00+02:00", "rule": "care/each", "key": {"customer": "C2"}}
{"id": "c", "signal": "complaint", "at": "2026-06-15T10:00:00+02:00", "customer": "C3", "store": "S7", "topic": "queue"}
"#;

const DIRECTORY: &str = "company: {owner: owner@example.test, roles: {care_team: [care@example.test]}}\n\
    region:\n  R1: {name: Centre, roles: {director: [director@example.test]}}\n\
    store:\n  S7: {name: Atocha, region: R1, roles: {manager: [manager.s7@example.test], team_lead: [lead.s7@example.test]}}\n";

/// Returns the alerts that went, with their time, in order; and the others with why.
fn alerts(served: &Served) -> (Vec<String>, Vec<String>) {
    let (_, page) = served.ask("GET", "/v1/outbox?limit=500", "").unwrap();
    let rows = page["outbox"].as_array().unwrap();
    let name = |row: &&Json| format!("{} {}", row["at"].as_str().unwrap(), row["to"].as_str().unwrap_or("?"));
    let mut sent: Vec<String> = rows.iter().filter(|row| row["state"] == "sent").map(|row| name(&row)).collect();
    sent.sort();
    let others = rows.iter().filter(|row| row["state"] != "sent").map(|row| row.to_string()).collect();
    (sent, others)
}

#[test]
fn alerts_that_are_due_between_two_lines_go_as_in_a_replay() {
    let here = folder("feed_clock");
    let playbooks = here.join("playbooks");
    fs::create_dir_all(&playbooks).unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/retail/vocabulary.yaml");
    fs::copy(shipped, playbooks.join("vocabulary.yaml")).unwrap();
    fs::write(playbooks.join("directory.yaml"), DIRECTORY).unwrap();
    fs::write(playbooks.join("care.play"), PLAYBOOK).unwrap();
    let feed = here.join("feed.jsonl");
    fs::write(&feed, FEED).unwrap();
    let named = [playbooks.to_str().unwrap(), feed.to_str().unwrap()];
    let replay = touchline(&["replay", "--playbooks", named[0], "--feed", named[1]]).output().unwrap();
    let told = String::from_utf8(replay.stdout).unwrap();
    let expected = told.lines().filter(|line| line.trim_start().starts_with("alert ")).count();
    assert!(expected >= 7, "{told}{}", String::from_utf8_lossy(&replay.stderr));
    for run in 0..3 {
        let served = Served::on(&playbooks, &here.join(format!("data{run}")), &["--feed", named[1], "--clock", "feed"]);
        let begun = Instant::now();
        loop {
            let (_, status) = served.ask("GET", "/v1/status", "").unwrap();
            let (sent, others) = alerts(&served);
            if status["signals"]["accepted"] == 4 && status["journal"]["behind"] == 0 && sent.len() >= expected {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{status}\n{sent:#?}\n{others:#?}\n{told}");
            std::thread::sleep(Duration::from_millis(50));
        }
        let (sent, others) = alerts(&served);
        assert_eq!((sent.len(), others), (expected, vec![]), "{sent:#?}\n{told}");
    }
}
