//! A webhook endpoint that answered 410: off across restarts, until its address changes or a person switches it on again.

// Waiting for another process takes real time.
#![allow(clippy::disallowed_methods)]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::serve::{Served, folder, touchline};

const FILES: [(&str, &str); 3] = [
    (
        "vocabulary.yaml",
        "vocabulary: Shop\ntime_zone: Europe/Madrid\nlanguages: [en]\njourney: {after: [delivery]}\nchannels: [web]\n\
         things: {customer: {}}\nsignals:\n  complaint:\n    plural: complaints\n    about: [customer]\n    fields: {topic: text}\n",
    ),
    ("directory.yaml", "company: {owner: owner@example.test, roles: {care_team: [care@example.test]}}\n"),
    (
        "care.play",
        "playbook care \"Care\" version 1\ntime zone \"Europe/Madrid\"\nowner \"owner@example.test\"\n\n\
         rule a \"Every complaint\"\n  when complaint\n  then post to \"crm\" with customer customer\n",
    ),
];

/// A web server that answers `status` to everything and counts.
fn server(status: &Arc<AtomicU16>, asked: &Arc<AtomicUsize>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (status, asked) = (status.clone(), asked.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let mut bytes = vec![0; 16 << 10];
            let _ = stream.read(&mut bytes);
            asked.fetch_add(1, Ordering::SeqCst);
            let status = status.load(Ordering::SeqCst);
            let _ = write!(stream, "HTTP/1.1 {status} Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    port
}

fn configure(here: &Path, port: u16, path: &str) {
    fs::write(here.join("secret"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let config = format!(
        "webhooks:\n  allow: [127.0.0.0/8]\n  endpoints:\n    crm: {{url: \"http://127.0.0.1:{port}/{path}\", \
         secrets: [{{file: secret}}]}}\n"
    );
    fs::write(here.join("touchline.yaml"), config).unwrap();
}

fn start(here: &Path) -> Served {
    let config = here.join("touchline.yaml");
    Served::on(&here.join("playbooks"), &here.join("data"), &["--config", config.to_str().unwrap()])
}

/// Brings a complaint and waits until its webhook is in `state`.
fn complain(served: &Served, id: &str, state: &str, many: usize) {
    let at = touchline::clock::wall_clock_now().to_string();
    let signal = json!({"id": id, "signal": "complaint", "at": at, "customer": id, "topic": "delivery"});
    assert_eq!(served.ask("POST", "/v1/signals", &signal.to_string()).unwrap().0, 202);
    let begun = Instant::now();
    loop {
        let (_, body) = served.ask("GET", &format!("/v1/outbox?state={state}"), "").unwrap();
        // Its owner is told of each by mail.
        if body["outbox"].as_array().unwrap().iter().filter(|row| row["kind"] == "webhook").count() == many {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{body}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn gone(served: &Served) -> Json {
    served.ask("GET", "/v1/status", "").unwrap().1["endpoints"]["gone"].clone()
}

#[cfg(unix)]
#[test]
fn an_endpoint_that_is_gone_stays_off_across_a_restart_until_its_address_changes_or_somebody_switches_it_on() {
    let here = folder("endpoints");
    fs::create_dir_all(here.join("playbooks")).unwrap();
    FILES.iter().for_each(|(name, text)| fs::write(here.join("playbooks").join(name), text).unwrap());
    let (status, asked) = (Arc::new(AtomicU16::new(410)), Arc::new(AtomicUsize::new(0)));
    let port = server(&status, &asked);
    let asked = || asked.load(Ordering::SeqCst);
    configure(&here, port, "hook");
    let served = start(&here);
    complain(&served, "e1", "dead", 1);
    assert_eq!((gone(&served), asked()), (json!(["crm"]), 1));
    // Killed: what was said is on disk.
    served.kill();
    status.store(200, Ordering::SeqCst);
    let served = start(&here);
    complain(&served, "e2", "dead", 2);
    assert_eq!((gone(&served), asked()), (json!(["crm"]), 1), "it was not asked again");
    let said = touchline(&["status", "--server", &served.at]).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("endpoint  crm is gone (410) and switched off: `touchline enable crm`"), "{said}");
    // A person switches it on.
    let enable = |name: &str| touchline(&["enable", name, "--server", &served.at]).output().unwrap();
    assert!(String::from_utf8_lossy(&enable("crn").stderr).contains("did you mean `crm`?"));
    assert!(enable("crm").status.success());
    assert_eq!(enable("crm").status.code(), Some(2), "it is on already");
    complain(&served, "e3", "sent", 1);
    assert_eq!((gone(&served), asked()), (json!([]), 2));
    // Gone once more; at another address it gets another chance.
    status.store(410, Ordering::SeqCst);
    complain(&served, "e4", "dead", 3);
    assert_eq!(gone(&served), json!(["crm"]));
    assert_eq!(served.end(), 0);
    status.store(200, Ordering::SeqCst);
    configure(&here, port, "moved");
    let served = start(&here);
    assert_eq!(gone(&served), json!([]));
    complain(&served, "e5", "sent", 2);
}

#[cfg(unix)]
#[test]
fn people_are_reached_by_the_channels_the_directory_names_in_this_order() {
    let here = folder("channels");
    let playbooks = here.join("playbooks");
    fs::create_dir_all(&playbooks).unwrap();
    FILES.iter().for_each(|(name, text)| fs::write(playbooks.join(name), text).unwrap());
    let directory = |by: &str| {
        let people = format!("people: {{care@example.test: {{name: Care, by: {by}}}}}\n");
        fs::write(playbooks.join("directory.yaml"), FILES[1].1.to_owned() + &people).unwrap();
    };
    directory("[webhook, email]");
    let alerting = FILES[2].1.replace("post to \"crm\" with customer customer", "alert care_team saying \"Look.\"");
    fs::write(playbooks.join("care.play"), alerting).unwrap();
    let (status, asked) = (Arc::new(AtomicU16::new(200)), Arc::new(AtomicUsize::new(0)));
    let port = server(&status, &asked);
    let posted = || asked.load(Ordering::SeqCst);
    let mails = || fs::read_dir(here.join("data/mail")).map_or(0, Iterator::count);
    configure(&here, port, "hook");
    let config = fs::read_to_string(here.join("touchline.yaml")).unwrap();
    fs::write(here.join("touchline.yaml"), config.replace("crm:", "\"care@example.test\":")).unwrap();
    let served = start(&here);
    // Whatever came of it: one row is one message to one person.
    let alert = |id: &str, sent: usize, dead: usize| {
        let at = touchline::clock::wall_clock_now().to_string();
        let signal = json!({"id": id, "signal": "complaint", "at": at, "customer": id, "topic": "delivery"});
        assert_eq!(served.ask("POST", "/v1/signals", &signal.to_string()).unwrap().0, 202);
        let begun = Instant::now();
        let count = |state: &str| {
            let (_, body) = served.ask("GET", &format!("/v1/outbox?state={state}"), "").unwrap();
            body["outbox"].as_array().unwrap().iter().filter(|row| row["what"] == "alert").count()
        };
        while (count("sent"), count("dead")) != (sent, dead) {
            assert!(begun.elapsed() < Duration::from_secs(30), "{id}: {} sent, {} dead", count("sent"), count("dead"));
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    alert("a1", 1, 0);
    assert_eq!((posted(), mails()), (1, 0), "the webhook comes first, and that is all");
    status.store(400, Ordering::SeqCst);
    alert("a2", 2, 0);
    assert_eq!((posted(), mails()), (2, 1), "where the webhook is refused the mail goes");
    let reload = |by: &str| {
        directory(by);
        assert_eq!(served.ask("POST", "/-/reload", "{}").unwrap().0, 200);
    };
    reload("email");
    alert("a3", 3, 0);
    assert_eq!((posted(), mails()), (2, 2), "by mail alone");
    reload("webhook");
    alert("a4", 3, 1);
    assert_eq!(posted(), 3, "by webhook alone: it is a dead letter, and its owner is told");
    let (_, body) = served.ask("GET", "/v1/outbox?state=dead", "").unwrap();
    assert_eq!(
        (&body["outbox"][0]["kind"], &body["outbox"][0]["to"]),
        (&json!("webhook"), &json!("care@example.test"))
    );
    // A way that there is not is said, and nothing changes.
    directory("[webhok]");
    let (status, report) = served.ask("POST", "/-/reload", "{}").unwrap();
    assert_eq!((status, &report["problems"][0]["code"]), (409, &json!("V039")), "{report}");
    assert_eq!(report["problems"][0]["help"], "did you mean `webhook`?");
    assert_eq!(served.end(), 0);
}
