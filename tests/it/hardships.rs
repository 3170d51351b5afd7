//! A machine that will not do what is asked: what is said of it, on the real binary.

// Waiting for another process takes real time.
#![allow(clippy::disallowed_methods)]
#![cfg(unix)]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::serve::{ask, folder, touchline};

const VOCABULARY: &str = "vocabulary: Shop\ntime_zone: Europe/Madrid\nlanguages: [en]\njourney: {after: [delivery]}\n\
    channels: [web]\nthings: {customer: {}, region: {}, store: {region: region}}\nsignals:\n  complaint:\n    \
    plural: complaints\n    about: [customer, store]\n    fields: {topic: text}\n";

const DIRECTORY: &str = "company: {owner: owner@example.test, roles: {care_team: [care@example.test]}}\n";

const RULES: &str = "playbook care \"Care\" version 1\ntime zone \"Europe/Madrid\"\nowner \"owner@example.test\"\n\n\
    rule each \"A complaint\"\n  when complaint\n  at most once every 1 day per customer\n  \
    then alert care_team saying \"{customer} complains.\"\n";

/// A daemon whose words are kept in a file.
pub struct Told {
    child: Child,
    pub at: String,
    log: PathBuf,
}

impl Told {
    pub fn start(mut command: Command, here: &Path, more: &[&str]) -> Told {
        let log = here.join(format!("log-{}", fs::read_dir(here).unwrap().count()));
        let file = fs::File::create(&log).unwrap();
        command.args(["serve", "--listen", "127.0.0.1:0", "--playbooks"]).arg(here.join("playbooks"));
        command.arg("--data").arg(here.join("data")).args(more).stdout(Stdio::null()).stderr(file);
        let mut told = Told { child: command.spawn().unwrap(), at: String::new(), log };
        told.at = told.until("it starts", |told| {
            let said = told.said();
            let (_, rest) = said.split_once("http://")?;
            rest.split_once(',').map(|(at, _)| at.trim().to_owned())
        });
        told
    }

    pub fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub fn until<T>(&self, what: &str, look: impl Fn(&Told) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{what}:\n{}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Json) {
        ask(&self.at, method, path, body).unwrap_or((0, Json::Null))
    }

    pub fn complain(&self, from: usize, many: usize) -> u16 {
        let at = touchline::clock::wall_clock_now().to_string();
        let one = |n: usize| json!({"id": n.to_string(), "signal": "complaint", "at": at, "customer": format!("C{n}"), "topic": "x"});
        let all: Vec<Json> = (from..from + many).map(one).collect();
        self.ask("POST", "/v1/signals", &Json::from(all).to_string()).0
    }

    /// Asks it to end; returns its code and how long it took.
    pub fn end(&mut self) -> (i32, Duration) {
        let begun = Instant::now();
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status.code().unwrap_or(-1), begun.elapsed());
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "it does not end:\n{}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn project(name: &str) -> PathBuf {
    let here = folder(&format!("hardships_{name}"));
    fs::create_dir_all(here.join("playbooks")).unwrap();
    for (name, text) in [("vocabulary.yaml", VOCABULARY), ("directory.yaml", DIRECTORY), ("care.play", RULES)] {
        fs::write(here.join("playbooks").join(name), text).unwrap();
    }
    here
}

#[test]
fn what_the_check_warns_of_is_in_the_log_in_the_report_and_in_a_plan() {
    let here = project("warnings");
    let playbooks = here.join("playbooks");
    fs::remove_file(playbooks.join("directory.yaml")).unwrap();
    let mut told = Told::start(touchline(&[]), &here, &["--shadow"]);
    let plan = || {
        let mut plan = touchline(&["plan", "--playbooks", playbooks.to_str().unwrap(), "--data"]);
        let said = plan.arg(here.join("data")).output().unwrap();
        (said.status.code(), String::from_utf8(said.stdout).unwrap())
    };
    let warned = |code: &str| {
        let (_, body) = told.ask("GET", "/v1/reloads", "");
        let last = body["reloads"].as_array().unwrap().last().unwrap()["warnings"].clone();
        last.as_array().unwrap().iter().any(|warning| warning["code"] == code)
    };
    // At the start: a playbook without a directory.
    let (code, said) = plan();
    assert!(code == Some(0) && said.contains("warning: ") && said.contains(" L012 "), "{said}");
    assert!(warned("L012"));
    let is_logged = |told: &Told, code: &str| {
        let said = told.said();
        said.lines()
            .any(|line| line.contains("WARN") && line.contains(code) && line.contains("playbooks/"))
            .then_some(())
    };
    told.until("L012 is in the log", |told| is_logged(told, "L012"));
    // At a reload: a place that is not there. It runs all the same.
    fs::write(playbooks.join("directory.yaml"), format!("{DIRECTORY}store: {{S7: {{region: R9}}}}\n")).unwrap();
    let (code, said) = plan();
    let line = said.lines().find(|line| line.starts_with("warning: ")).unwrap_or("");
    assert!(
        code == Some(0)
            && line.contains("directory.yaml:2:")
            && line.contains(" V034 the directory has no region `R9`"),
        "{said}"
    );
    assert!(said.contains("directory: changed") && !said.contains("L012"), "{said}");
    told.until("V034 is in the report", |_| warned("V034").then_some(()));
    told.until("V034 is in the log", |told| is_logged(told, "V034"));
    assert!(!warned("L012"));
    assert_eq!(told.end().0, 0);
}

/// A mail server that greets and then says nothing more, whatever it is told.
fn tarpit() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let _ = stream.write_all(b"220 tar.example.test\r\n");
                let _ = stream.read_to_end(&mut vec![]);
            });
        }
    });
    port
}

#[test]
fn a_mail_server_that_says_nothing_does_not_hold_up_the_end_and_what_was_being_sent_goes_after_the_next_start() {
    let here = project("tarpit");
    let config = here.join("touchline.yaml");
    let server = |port: u16| {
        format!("mail: {{from: care@example.test, server: {{host: 127.0.0.1, port: {port}, tls: none}}}}\n")
    };
    fs::write(&config, server(tarpit())).unwrap();
    let options = ["--config", config.to_str().unwrap()];
    let mut told = Told::start(touchline(&[]), &here, &options);
    assert_eq!(told.complain(0, 20), 202);
    let count = |told: &Told, state: &str| {
        told.ask("GET", &format!("/v1/outbox?state={state}"), "").1["outbox"].as_array().map_or(0, Vec::len)
    };
    told.until("something is being sent", |told| (count(told, "leased") > 0).then_some(()));
    let (code, took) = told.end();
    assert!(code == 0 && took < Duration::from_secs(25), "{code} after {took:?}");
    assert!(told.said().contains("sent again after the next start"), "{}", told.said());
    // The same messages, once each, now as files.
    fs::write(&config, "mail: {from: care@example.test}\n").unwrap();
    let mut told = Told::start(touchline(&[]), &here, &options);
    told.until("all of them go", |told| (count(told, "sent") == 20).then_some(()));
    assert_eq!(told.end().0, 0);
    let mails = fs::read_dir(here.join("data/mail")).unwrap().count();
    assert_eq!(mails, 20);
}

/// No file may grow beyond a limit: what a full disk is like, without one.
#[test]
fn a_disk_that_takes_no_more_loses_nothing_that_was_acknowledged() {
    let here = project("full");
    let limited = || {
        let mut command = Command::new("sh");
        // In blocks of 512 bytes. The signal that says so would end the process.
        let script = "trap '' XFSZ && ulimit -f 2048 && exec \"$0\" \"$@\"";
        command.args(["-c", script, env!("CARGO_BIN_EXE_touchline")]).env("NO_COLOR", "1");
        command
    };
    let mut told = Told::start(limited(), &here, &["--shadow"]);
    let (mut taken, mut refused) = (0, 0);
    for batch in 0..400 {
        match told.complain(batch * 50, 50) {
            202 => taken = (batch + 1) * 50,
            503 => refused += 1,
            0 => break,
            status => panic!("{status}:\n{}", told.said()),
        }
        if refused == 3 {
            break;
        }
    }
    assert!(taken > 0 && refused == 3, "{taken} taken, {refused} refused:\n{}", told.said());
    assert!(told.said().contains("touchline.sqlite"), "it says which file:\n{}", told.said());
    // Who balances load sends it nothing more, and reads why.
    told.until("it is not ready", |told| {
        told.complain(2_000_000, 50);
        let (status, body) = told.ask("GET", "/readyz", "");
        (status == 503).then(|| assert!(body["detail"].as_str().unwrap().contains("touchline.sqlite"), "{body}"))
    });
    let (_, took) = told.end();
    assert!(took < Duration::from_secs(40), "it took {took:?}:\n{}", told.said());
    // With room again, everything that was acknowledged is there.
    let mut told = Told::start(touchline(&[]), &here, &["--shadow"]);
    told.until("it takes signals", |told| (told.complain(1_000_000, 1) == 202).then_some(()));
    assert_eq!(told.end().0, 0);
    let store = touchline::store::sqlite::SqliteReader::open(&here.join("data")).unwrap();
    let records =
        touchline::engine::store::Reader::records(&store, touchline::id::Position(1), usize::MAX >> 1).unwrap();
    let kept = records.iter().filter_map(|record| match &record.input {
        touchline::engine::input::Input::Signal(signal) => signal.id.id.parse::<usize>().ok(),
        _ => None,
    });
    let kept: std::collections::BTreeSet<usize> = kept.collect();
    let lost = (0..taken).filter(|n| !kept.contains(n)).count();
    assert_eq!(lost, 0, "of {taken}");
    let verified = touchline(&["replay", "--verify", "--journal"]).arg(here.join("data")).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}
