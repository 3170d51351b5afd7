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
