//! HTTP over loopback: a real daemon on a store of its own, and clients that write bytes.

// Waiting for another thread or process takes real time.
#![allow(clippy::disallowed_methods)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use touchline::daemon::config::{Config, Limits, Secret, SecretFrom};
use touchline::daemon::http::{self, App};
use touchline::daemon::intake::{Intake, NotTaken, Receipt};
use touchline::daemon::reload::Shelf;
use touchline::daemon::serve::{Daemon, Setup};
use touchline::engine::input::Input;
use touchline::lang::source::Sources;
use touchline::vocabulary::Vocabulary;

const VOCABULARY: &str = r#"
vocabulary: Shop
time_zone: Europe/Madrid
languages: [en]
journey: {after: [delivery]}
channels: [web]
things: {customer: {segment: "one of bronze, gold", email: "email, personal"}}
signals:
  complaint:
    plural: complaints
    about: [customer]
    fields: {topic: text, score: "nps, optional", comment: "text, personal, optional"}
"#;

const PLAYBOOK: &str = r#"
playbook care "Care" version 1
time zone "Europe/Madrid"
owner "owner@example.test"

rule each "A complaint opens a case"
  when complaint
    where topic is not "quiet"
  for each customer
  then open case for customer with priority "high"
    and alert care_team
      saying "{customer} complained about {topic}."
"#;

const DIRECTORY: &str = "company: {owner: owner@example.test, roles: {care_team: [care@example.test]}}\n";

fn shelf() -> Shelf {
    let playbook = PLAYBOOK.replace("  for each customer\n", "");
    Arc::new(move || {
        let mut sources = Sources::default();
        for (path, text) in [("vocabulary.yaml", VOCABULARY), ("directory.yaml", DIRECTORY), ("care.play", &playbook)] {
            sources.add(path, text.as_bytes());
        }
        Ok(sources)
    })
}

/// A daemon on a free port, with a folder of its own.
struct Server {
    runtime: Runtime,
    at: SocketAddr,
    data: PathBuf,
    stop: watch::Sender<bool>,
    ended: Option<tokio::task::JoinHandle<()>>,
}

fn folder(name: &str) -> PathBuf {
    let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join("http").join(name);
    let _ = std::fs::remove_dir_all(&data);
    std::fs::create_dir_all(&data).unwrap();
    data
}

impl Server {
    fn start(name: &str) -> Server {
        Server::with(folder(name), |_| {})
    }

    fn with(data: PathBuf, change: impl FnOnce(&mut Config)) -> Server {
        let mut config = Config { data: data.clone(), listen: "127.0.0.1:0".parse().unwrap(), ..Config::default() };
        change(&mut config);
        let daemon = Daemon::open(Setup { config, shelf: shelf(), follower: None, once: false }).unwrap();
        let runtime = runtime();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let at = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let ended = runtime.spawn(async move { daemon.run(listener, stopped).await.unwrap() });
        Server { runtime, at, data, stop, ended: Some(ended) }
    }

    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, Json, String) {
        ask(self.at, method, path, headers, body)
    }

    fn post(&self, body: &str) -> (u16, Json, String) {
        self.ask("POST", "/v1/signals", &[("Content-Type", "application/json")], body)
    }

    fn get(&self, path: &str) -> Json {
        let (status, body, _) = self.ask("GET", path, &[], "");
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Waits until the engine has decided on everything.
    fn settled(&self) {
        let begun = Instant::now();
        while self.get("/v1/status")["journal"]["behind"] != 0 {
            assert!(begun.elapsed() < Duration::from_secs(20), "the engine is behind");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn end(mut self) -> PathBuf {
        self.stop.send(true).unwrap();
        self.runtime.block_on(self.ended.take().unwrap()).unwrap();
        self.data.clone()
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn ask(at: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, Json, String) {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "Host") {
        head.push_str(&format!("Host: {at}\r\n"));
    }
    headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    // A server that answers early may close before all of a large body is written.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
    let mut answer = vec![];
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, serde_json::from_str(body).unwrap_or(Json::Null), head.to_ascii_lowercase())
}

fn now() -> String {
    touchline::clock::wall_clock_now().to_string()
}

fn complaint(id: &str, topic: &str) -> Json {
    json!({"id": id, "signal": "complaint", "at": now(), "customer": "C1", "topic": topic})
}

#[test]
fn one_object_a_list_and_lines_are_taken_and_each_line_is_answered() {
    let server = Server::start("shapes");
    let (status, body, _) = server.post(&complaint("one", "late").to_string());
    assert_eq!((status, &body["accepted"], &body["items"][0]["id"]), (202, &json!(1), &json!("one")), "{body}");
    let list = json!([complaint("two", "late"), complaint("three", "late")]).to_string();
    assert_eq!(server.post(&list).1["accepted"], 2);
    assert_eq!(server.post(&list).0, 202, "a duplicate is accepted and has no effect");
    let mut wrong = complaint("six", "late");
    wrong["score"] = json!(77);
    let lines = format!("{}\nno json\n\n{}\n{wrong}\n", complaint("four", "late"), complaint("five", "late"));
    let (status, body, _) = server.ask("POST", "/v1/signals", &[("Content-Type", "application/x-ndjson")], &lines);
    assert_eq!((status, &body["accepted"], &body["refused"]), (202, &json!(2), &json!(2)), "{body}");
    assert_eq!((&body["items"][1]["status"], &body["items"][1]["number"]), (&json!("refused"), &json!(1)));
    // Whoever sent a line that was refused finds it by its id, where it has one that can be read.
    assert_eq!((&body["items"][1]["id"], &body["items"][3]["id"]), (&Json::Null, &json!("six")), "{body}");
    server.settled();
    let firings = server.get("/v1/firings")["firings"].as_array().unwrap().clone();
    let signals: Vec<&str> = firings.iter().map(|firing| firing["signal"].as_str().unwrap()).collect();
    assert_eq!(signals, ["one", "two", "three", "four", "five"]);
    assert_eq!(server.get("/v1/firings?limit=2&rule=each")["firings"].as_array().unwrap().len(), 2);
    let next = server.get("/v1/firings?limit=2")["next"].as_str().unwrap().to_owned();
    assert_eq!(server.get(&format!("/v1/firings?limit=2&after={next}"))["firings"][0]["signal"], "three");
    assert_eq!(server.ask("GET", "/v1/firings?rul=x", &[], "").0, 400);
    server.end();
}

#[test]
fn cloudevents_come_in_three_modes() {
    let server = Server::start("events");
    let event = |id: &str| {
        json!({"specversion": "1.0", "id": id, "source": "/tills", "type": "com.example.complaint", "time": now(),
        "datacontenttype": "application/json", "data": {"customer": "C1", "topic": "late"}})
    };
    let structured = [("Content-Type", "application/cloudevents+json; charset=utf-8")];
    let (status, body, _) = server.ask("POST", "/v1/signals", &structured, &event("a").to_string());
    assert_eq!(status, 202, "{body}");
    let batch = [("Content-Type", "application/cloudevents-batch+json")];
    let mut bad = event("c");
    bad["time"] = "noon".into();
    let (status, body, _) = server.ask("POST", "/v1/signals", &batch, &json!([event("b"), bad]).to_string());
    assert_eq!((status, &body["items"][1]["field"]), (202, &json!("time")), "{body}");
    let time = now();
    let binary = [
        ("Content-Type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-id", "d%20e"),
        ("ce-source", "/tills"),
        ("ce-type", "complaint"),
        ("ce-time", time.as_str()),
    ];
    let (status, body, _) = server.ask("POST", "/v1/signals", &binary, r#"{"customer": "C1", "topic": "late"}"#);
    assert_eq!((status, &body["items"][0]["id"]), (202, &json!("d e")), "{body}");
    let mut old = event("f");
    old["specversion"] = "0.3".into();
    let (status, body, _) = server.ask("POST", "/v1/signals", &structured, &old.to_string());
    assert_eq!((status, &body["items"][0]["field"]), (422, &json!("specversion")), "{body}");
    let mut unknown = event("g");
    unknown["type"] = "complant".into();
    let (_, body, _) = server.ask("POST", "/v1/signals", &structured, &unknown.to_string());
    assert_eq!(body["items"][0]["field"], "type", "{body}");
    assert!(body["items"][0]["reason"].as_str().unwrap().contains("did you mean `complaint`?"));
    server.settled();
    assert_eq!(server.get("/v1/firings")["firings"].as_array().unwrap().len(), 3);
    server.end();
}

#[test]
fn what_was_told_and_said_is_read_back_with_filters_and_pages() {
    let server = Server::start("said");
    let json = [("Content-Type", "application/json")];
    let send = |method: &str, path: &str, body: Json| {
        let (status, answer, _) = server.ask(method, path, &json, &body.to_string());
        assert_eq!(status, 202, "{path}: {answer}");
    };
    // Facts: by thing, by what they say, page by page; what is personal is named and not shown.
    for (id, segment) in [("C1", "gold"), ("C2", "bronze"), ("C3", "gold"), ("C4", "gold")] {
        send(
            "PUT",
            &format!("/v1/things/customer/{id}"),
            json!({"segment": segment, "email": format!("{id}@example.test")}),
        );
    }
    send("PUT", "/v1/things/customer/C4", json!({"segment": null, "email": null}));
    let first = server.get("/v1/things/customer?segment=gold&limit=1");
    let c1 = json!({"thing": "customer", "id": "C1", "facts": {"segment": "gold"}, "personal": ["email"]});
    assert_eq!((&first["things"], &first["next"]), (&json!([c1]), &json!("C1")), "{first}");
    let second = server.get("/v1/things/customer?segment=gold&after=C1");
    assert_eq!((&second["things"][0]["id"], second["things"].as_array().unwrap().len()), (&json!("C3"), 1), "{second}");
    assert_eq!(server.get("/v1/things/customer")["things"].as_array().unwrap().len(), 3, "C4 has nothing any more");
    assert_eq!(server.get("/v1/things/customer/C1"), c1);
    assert_eq!(server.ask("GET", "/v1/things/customer/C4", &[], "").0, 404);
    assert_eq!(server.ask("GET", "/v1/things/custmer", &[], "").0, 404);
    let (status, body, _) = server.ask("GET", "/v1/things/customer?email=C1@example.test", &[], "");
    assert_eq!(status, 400, "nobody looks for people by what is personal: {body}");
    assert!(
        body["detail"].as_str().unwrap().contains("There is segment")
            || body["detail"].as_str().unwrap().contains("there is segment"),
        "{body}"
    );

    // Silences in force, with who asked for them.
    let until = |hours: i64| (touchline::clock::wall_clock_now() + jiff::SignedDuration::from_hours(hours)).to_string();
    let (one, all) = (until(2), until(1));
    send("POST", "/v1/silences", json!({"rule": "care/each", "until": one, "by": "ana"}));
    send("POST", "/v1/silences", json!({"until": all}));
    let silences = server.get("/v1/silences")["silences"].as_array().unwrap().clone();
    let told: Vec<_> = silences.iter().map(|silence| (&silence["rule"], &silence["by"])).collect();
    assert_eq!(told, [(&json!("care/each"), &json!("ana")), (&Json::Null, &json!(""))], "{silences:?}");
    assert!(silences.iter().all(|silence| silence["at"].is_string() && silence["until"].is_string()));
    let page = server.get("/v1/silences?limit=1");
    assert_eq!((&page["silences"][0]["rule"], &page["next"]), (&json!("care/each"), &json!("1")));
    assert_eq!(server.get("/v1/silences?after=1")["silences"][0]["rule"], Json::Null);
    assert_eq!(server.ask("GET", "/v1/silences?rule=eachh", &[], "").0, 200, "one for all rules is one for it, too");
    server.end();

    // Comments and contacts: in the case, and in lists.
    let server = Server::start("said_of_cases");
    assert_eq!(server.post(&complaint("one", "late").to_string()).0, 202);
    let mut other = complaint("two", "late");
    other["customer"] = "C2".into();
    assert_eq!(server.post(&other.to_string()).0, 202);
    server.settled();
    let cases = server.get("/v1/cases")["cases"].as_array().unwrap().clone();
    let id = |customer: &str| {
        let found = cases.iter().find(|case| case["about"]["customer"] == customer).unwrap();
        found["id"].as_str().unwrap().to_owned()
    };
    let (mine, others) = (id("C1"), id("C2"));
    let say = |case: &str, by: &str, text: &str| {
        let path = format!("/v1/cases/{case}/comment");
        let (status, answer, _) = server.ask("POST", &path, &json, &json!({"by": by, "text": text}).to_string());
        assert_eq!(status, 202, "{answer}");
    };
    say(&mine, "ana", "She was called twice.");
    say(&others, "ben", "Nothing yet.");
    say(&mine, "ben", "She is happy now.");
    let (status, answer, _) =
        server.ask("POST", "/v1/contacts", &json, &json!({"case": mine, "by": "ana"}).to_string());
    assert_eq!(status, 202, "{answer}");
    let texts = |said: &Json| -> Vec<String> {
        said.as_array().unwrap().iter().map(|said| said["text"].as_str().unwrap().to_owned()).collect()
    };
    // At once: the views are waited for.
    let case = server.get(&format!("/v1/cases/{mine}"));
    assert_eq!(texts(&case["comments"]), ["She was called twice.", "She is happy now."], "{case}");
    assert_eq!((&case["comments"][0]["by"], case["comments"][0]["at"].is_string()), (&json!("ana"), true));
    assert_eq!(server.get(&format!("/v1/cases/{others}"))["comments"].as_array().unwrap().len(), 1);
    let list = server.get(&format!("/v1/comments?by=ben&case={mine}"));
    assert_eq!(
        (texts(&list["comments"]), &list["comments"][0]["case"]),
        (vec!["She is happy now.".to_owned()], &json!(mine))
    );
    let first = server.get("/v1/comments?limit=2");
    assert_eq!(first["comments"].as_array().unwrap().len(), 2);
    let rest = server.get(&format!("/v1/comments?limit=2&after={}", first["next"].as_str().unwrap()));
    assert_eq!((texts(&rest["comments"]), &rest["next"]), (vec!["She is happy now.".to_owned()], &Json::Null));
    let contacts = server.get("/v1/contacts?customer=C1");
    assert_eq!(
        (&contacts["contacts"][0]["by"], &contacts["contacts"][0]["case"]),
        (&json!("ana"), &json!(mine)),
        "{contacts}"
    );
    assert_eq!(server.get("/v1/contacts?customer=C2")["contacts"], json!([]));
    let (status, answer, _) = server.ask("POST", &format!("/v1/cases/{mine}/close"), &json, "{}");
    assert_eq!(status, 202, "{answer}");
    server.settled();
    let data = server.end();
    // Built anew in one go they say the same: what an input asked for comes before the next input.
    std::fs::remove_file(data.join("views.sqlite")).unwrap();
    let server = Server::with(data, |_| {});
    assert_eq!(server.get("/v1/contacts")["contacts"][0]["customer"], "C1");
    assert_eq!(server.get("/v1/comments")["comments"].as_array().unwrap().len(), 3);
    let views = rusqlite::Connection::open(server.data.join("views.sqlite")).unwrap();
    let sql = "SELECT status FROM v_cases WHERE case_id = ?1";
    let status: String = views.query_row(sql, [&mine], |row| row.get(0)).unwrap();
    assert_eq!(status, "closed");
    server.end();
}

#[test]
fn filters_that_can_mean_nothing_are_refused_with_what_is_known() {
    let server = Server::start("filters");
    assert_eq!(server.post(&complaint("one", "late").to_string()).0, 202);
    server.settled();
    let found = |path: &str, list: &str| server.get(path)[list].as_array().unwrap().len();
    assert_eq!(found("/v1/cases?status=open&rule=each&playbook=care&priority=high&customer=C1", "cases"), 1);
    assert_eq!(found("/v1/cases?rule=care/each", "cases"), 1, "a rule may be named with its playbook");
    assert_eq!(found("/v1/cases?status=closed", "cases"), 0, "that nothing is there is an answer");
    assert_eq!(found("/v1/cases?customer=C2&owner=ana", "cases"), 0, "of customers and owners there is no list");
    assert_eq!(found("/v1/firings?rule=each", "firings"), 1);
    assert_eq!(found("/v1/alerts?role=care_team&outcome=sent", "alerts"), 1);
    let said = |path: &str| {
        let (status, body, _) = server.ask("GET", path, &[], "");
        assert_eq!(status, 400, "{path}: {body}");
        body["detail"].as_str().unwrap().to_owned()
    };
    assert_eq!(said("/v1/cases?status=opne"), "no status is called `opne`; did you mean `open`? There is open, closed");
    assert!(said("/v1/cases?state=open").starts_with("nothing is filtered by `state`; did you mean `status`?"));
    assert!(said("/v1/cases?priority=urgnt").contains("did you mean `urgent`?"));
    assert!(
        said("/v1/alerts?outcome=delivered").ends_with("there is sent, planned, limited, silenced, cancelled, failed")
    );
    assert_eq!(said("/v1/firings?rule=eech"), "no rule is called `eech`; did you mean `each`? There is each");
    assert_eq!(
        said("/v1/cases?rule=caer/each"),
        "no rule is called `caer/each`; did you mean `care/each`? There is care/each"
    );
    assert_eq!(said("/v1/alerts?playbook=sales"), "no playbook is called `sales`: there is care");
    assert_eq!(
        said("/v1/alerts?role=care_teem"),
        "no role is called `care_teem`; did you mean `care_team`? There is care_team"
    );
    assert!(said("/v1/outbox?state=ded").contains("did you mean `dead`?"));
    for path in ["/v1/firings", "/v1/refused", "/v1/erasures", "/v1/reloads"] {
        assert_eq!(said(&format!("{path}?after=x")), "`after` is the `next` of the page before");
    }
    assert_eq!(said("/v1/endpoints?state=gone"), "nothing is filtered by `state`: it is asked with nothing");
    server.end();
}

/// `{"customer": "C1", "topic": "late"}`.
const DATA_BASE64: &str = "eyJjdXN0b21lciI6ICJDMSIsICJ0b3BpYyI6ICJsYXRlIn0=";

#[test]
fn cloudevents_may_lack_a_time_and_bring_their_data_in_base64_or_under_a_json_type_of_their_own() {
    let server = Server::start("events_more");
    let structured = [("Content-Type", "application/cloudevents+json")];
    let before = touchline::clock::wall_clock_now();
    let event = |id: &str| json!({"specversion": "1.0", "id": id, "source": "/tills", "type": "complaint"});
    let with = |id: &str, more: &[(&str, &str)]| {
        let mut event = event(id);
        more.iter().for_each(|(name, value)| event[*name] = json!(value));
        event.to_string()
    };
    let send = |event: &str| {
        let (status, body, _) = server.ask("POST", "/v1/signals", &structured, event);
        (status, body["items"][0].clone())
    };
    let typed = [("datacontenttype", "application/vnd.shop+json"), ("data_base64", DATA_BASE64)];
    assert_eq!(send(&with("a", &typed)).0, 202, "without a time, in base64, of a JSON type of its own");
    let binary = [
        ("Content-Type", "application/vnd.shop+json"),
        ("ce-specversion", "1.0"),
        ("ce-id", "b"),
        ("ce-source", "/tills"),
        ("ce-type", "complaint"),
    ];
    let (status, body, _) = server.ask("POST", "/v1/signals", &binary, r#"{"customer": "C1", "topic": "late"}"#);
    assert_eq!(status, 202, "{body}");
    server.settled();
    let firings = server.get("/v1/firings")["firings"].as_array().unwrap().clone();
    let at = |firing: &Json| firing["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(firings.len() == 2 && firings.iter().all(|firing| at(firing) >= before), "{firings:?}");

    // What is wrong is said, and what is kept of it can be corrected and sent again as an event.
    let (status, item) = send(&with("c", &[("data_base64", "*")]));
    assert_eq!((status, &item["field"], &item["reason"]), (422, &json!("data_base64"), &json!("it is not base64")));
    let mut both = event("d");
    (both["data_base64"], both["data"]) = (DATA_BASE64.into(), json!({}));
    assert_eq!(send(&both.to_string()).1["field"], "data_base64");
    let (_, item) = send(&with("e", &[("data_base64", "eyJ0b3BpYyI6ICJsYXRlIn0="), ("type", "complant")]));
    let number = item["number"].as_u64().unwrap();
    let kept = server.get(&format!("/v1/refused/{number}"))["line"].as_str().unwrap().to_owned();
    let kept: Json = serde_json::from_str(&kept).unwrap();
    assert_eq!(
        (&kept["data"], &kept["type"]),
        (&json!({"topic": "late"}), &json!("complant")),
        "it is kept in the open"
    );
    let retry = |number: u64, event: &Json| {
        let json = [("Content-Type", "application/json")];
        let (status, body, _) = server.ask("POST", &format!("/v1/refused/{number}/retry"), &json, &event.to_string());
        (status, body)
    };
    let (status, body) = retry(number, &json!({}));
    assert_eq!((status, &body["field"]), (422, &json!("type")), "{body}");
    let corrected = json!({"specversion": "1.0", "id": "e", "source": "/tills", "type": "complaint",
        "data": {"customer": "C1", "topic": "late"}});
    assert_eq!(retry(number, &corrected).0, 202);
    assert_eq!(server.get("/v1/refused")["refused"].as_array().unwrap().len(), 2, "the others are still there");
    // A binary one that is refused is kept with what its headers said.
    let mut headers = binary;
    headers[4].1 = "complant";
    let (_, body, _) = server.ask("POST", "/v1/signals", &headers, r#"{"topic": "late"}"#);
    let number = body["items"][0]["number"].as_u64().unwrap();
    let kept = server.get(&format!("/v1/refused/{number}"))["line"].as_str().unwrap().to_owned();
    assert_eq!(
        serde_json::from_str::<Json>(&kept).unwrap(),
        json!({"specversion": "1.0", "id": "b", "source": "/tills", "type": "complant", "data": {"topic": "late"}})
    );
    server.end();
}

#[test]
fn what_is_wrong_with_a_request_is_a_problem_with_its_status() {
    let server = Server::start("problems");
    let json = [("Content-Type", "application/json")];
    let (status, body, head) = server.ask("POST", "/v1/signals", &[("Content-Type", "text/plain")], "{}");
    assert_eq!((status, &body["status"]), (415, &json!(415)));
    assert!(head.contains("application/problem+json"), "{head}");
    assert_eq!(server.ask("POST", "/v1/signals", &json, &" ".repeat((1 << 20) + 1)).0, 413);
    assert_eq!(server.ask("POST", "/v1/signals", &json, "{\"id\": ").0, 422);
    assert_eq!(server.ask("POST", "/v1/signals", &json, "").0, 422);
    let deep = format!("{{\"a\": {}{}}}", "[".repeat(70), "]".repeat(70));
    let (status, body, _) = server.ask("POST", "/v1/signals", &json, &deep);
    assert_eq!((status, body["detail"].as_str().unwrap().contains("nested")), (422, true), "{body}");
    let mut wrong = complaint("x", "late");
    wrong["score"] = json!(11);
    let (status, body, _) = server.post(&wrong.to_string());
    assert_eq!((status, &body["items"][0]["field"]), (422, &json!("score")), "{body}");
    let mut early = complaint("y", "late");
    early["at"] = "2999-01-01T00:00:00Z".into();
    assert_eq!(server.post(&early.to_string()).1["items"][0]["field"], "at", "a signal from the future is held");
    assert_eq!(server.ask("GET", "/v1/nothing", &[], "").0, 404);
    assert_eq!(server.ask("GET", "/v1/signals", &[], "").0, 405);
    assert_eq!(server.ask("GET", "/livez", &[], "").0, 200);
    assert_eq!(server.ask("GET", "/readyz", &[], "").0, 200);
    let (status, problem, _) = server.ask("GET", "/v1/status", &[("Host", "evil.example")], "");
    assert_eq!(status, 403, "{problem}");
    server.end();
}

#[test]
fn refused_signals_are_kept_corrected_and_sent_again() {
    let server = Server::start("refused");
    let json = [("Content-Type", "application/json")];
    let mut wrong = complaint("x", "late");
    wrong["score"] = json!(11);
    assert_eq!(server.post(&wrong.to_string()).0, 422);
    let listed = server.get("/v1/refused");
    assert_eq!((&listed["kept"], &listed["refused"][0]["field"]), (&json!(1), &json!("score")), "{listed}");
    assert_eq!(server.ask("POST", "/v1/refused/1/retry", &json, "{}").0, 422, "it is still wrong");
    wrong["score"] = json!(1);
    assert_eq!(server.ask("POST", "/v1/refused/1/retry", &json, &wrong.to_string()).0, 202);
    assert_eq!(server.get("/v1/refused")["kept"], 0);
    assert_eq!(server.ask("POST", "/v1/refused/1/retry", &json, "{}").0, 404);
    server.settled();
    assert_eq!(server.get("/v1/firings")["firings"][0]["signal"], "x");
    server.end();
}

#[test]
fn facts_and_what_people_do_come_in_over_http() {
    let server = Server::start("people");
    let json = [("Content-Type", "application/json")];
    let put = |path: &str, body: &str| server.ask("PUT", path, &json, body);
    assert_eq!(put("/v1/things/customer/C1", r#"{"segment": "gold"}"#).0, 202);
    let (status, body, _) = put("/v1/things/customer/C1", r#"{"segmnt": "gold"}"#);
    assert_eq!((status, &body["field"]), (422, &json!("segmnt")), "{body}");
    assert_eq!(put("/v1/things/planet/C1", "{}").0, 422);
    server.post(&complaint("one", "late").to_string());
    server.settled();
    let case = server.get("/v1/cases?status=open&customer=C1")["cases"][0].clone();
    assert_eq!((&case["rule"], &case["priority"]), (&json!("each"), &json!("high")), "{case}");
    let id = case["id"].as_str().unwrap();
    let act = |action: &str, body: &str| server.ask("POST", &format!("/v1/cases/{id}/{action}"), &json, body);
    assert_eq!(act("assign", r#"{"to": "ana@example.test"}"#).0, 202);
    assert_eq!(act("comment", r#"{"text": "called", "by": "ana"}"#).0, 202);
    assert_eq!(act("acknowledge", "{}").0, 202);
    let (status, body, _) = act("asign", r#"{"to": "ana@example.test"}"#);
    assert!(status == 422 && body["detail"].as_str().unwrap().contains("did you mean `assign`?"), "{body}");
    assert_eq!(act("close", r#"{"outcome": "refunded", "by": "ana"}"#).0, 202);
    server.settled();
    let case = server.get(&format!("/v1/cases/{id}"));
    assert_eq!(
        (&case["status"], &case["outcome"], &case["owner"]),
        (&json!("closed"), &json!("refunded"), &json!("ana@example.test"))
    );
    assert_eq!(act("close", "{}").0, 409);
    assert_eq!(act("reopen", "{}").0, 202);
    assert_eq!(server.ask("POST", "/v1/cases/none/close", &json, "{}").0, 404);
    assert_eq!(server.ask("POST", "/v1/contacts", &json, r#"{"customer": "C1"}"#).0, 202);
    assert_eq!(
        server.ask("POST", "/v1/silences", &json, r#"{"until": "2099-01-01T00:00:00Z", "rule": "care/each"}"#).0,
        202
    );
    assert_eq!(
        server.ask("POST", "/v1/silences", &json, r#"{"until": "2099-01-01T00:00:00Z", "rule": "care/eech"}"#).0,
        422
    );
    let alert = server.get("/v1/alerts?outcome=sent")["alerts"][0].clone();
    assert_eq!(alert["role"], "care_team", "{alert}");
    let path = format!("/v1/alerts/{}/acknowledge", alert["id"].as_str().unwrap());
    assert_eq!(server.ask("POST", &path, &json, r#"{"by": "ana"}"#).0, 202);
    assert_eq!(server.ask("POST", "/v1/alerts/00000000000000000000000000000000/acknowledge", &json, "{}").0, 404);
    assert_eq!(server.ask("POST", &path, &[], "").0, 415, "a page in a browser could send this");
    server.end();
}

#[test]
fn metrics_count_and_alerts_become_files() {
    let server = Server::start("metrics");
    server.post(&json!([complaint("one", "late"), complaint("two", "quiet")]).to_string());
    server.settled();
    let mail = server.data.join("mail");
    let begun = Instant::now();
    while std::fs::read_dir(&mail)
        .map_or(0, |found| found.flatten().filter(|e| e.path().extension().is_some_and(|x| x == "eml")).count())
        == 0
    {
        assert!(begun.elapsed() < Duration::from_secs(20), "no mail was written");
        std::thread::sleep(Duration::from_millis(20));
    }
    let metrics = || {
        let mut stream = TcpStream::connect(server.at).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    };
    let mut text = metrics();
    // The journal hears of the mail that went, too.
    while !text.contains("touchline_lag 0") && begun.elapsed() < Duration::from_secs(20) {
        text = metrics();
    }
    for line in [
        "touchline_signals_total{outcome=\"accepted\"} 2",
        "touchline_firings_total{playbook=\"care\",rule=\"each\"} 1",
        "touchline_open_cases 1",
        "touchline_lag 0",
    ] {
        assert!(text.contains(line), "no {line} in\n{text}");
    }
    assert!(!text.contains("C1"), "a metric names a customer");
    server.end();
}

#[test]
fn a_token_protects_everything_but_health() {
    let token = Secret::new(SecretFrom::Environment("T".into()), "0123456789abcdef");
    let server = Server::with(folder("token"), |config| config.token = Some(token));
    let body = complaint("one", "late").to_string();
    let json = ("Content-Type", "application/json");
    let (status, problem, head) = server.ask("POST", "/v1/signals", &[json], &body);
    assert!(status == 401 && head.contains("www-authenticate: bearer"), "{problem}");
    assert_eq!(server.ask("POST", "/v1/signals", &[json, ("Authorization", "Bearer 0123456789abcdeF")], &body).0, 401);
    assert_eq!(server.ask("GET", "/v1/cases", &[], "").0, 401);
    assert_eq!(server.ask("GET", "/livez", &[], "").0, 200);
    assert_eq!(server.ask("POST", "/v1/signals", &[json, ("Authorization", "Bearer 0123456789abcdef")], &body).0, 202);
    drop(server.end());
    let open = Config { listen: "0.0.0.0:7077".parse().unwrap(), data: folder("open"), ..Config::default() };
    let refused = Daemon::open(Setup { config: open, shelf: shelf(), follower: None, once: false });
    assert!(refused.err().unwrap().to_string().contains("token"));
}

#[test]
fn what_was_acknowledged_is_there_after_a_restart() {
    let server = Server::start("restart");
    assert_eq!(server.post(&complaint("one", "late").to_string()).0, 202);
    server.settled();
    let case = server.get("/v1/cases")["cases"][0].clone();
    let data = server.end();
    let server = Server::with(data, |_| {});
    assert_eq!(server.get("/v1/cases")["cases"][0], case);
    assert_eq!(server.get("/v1/firings")["firings"].as_array().unwrap().len(), 1);
    assert_eq!(server.post(&complaint("one", "late").to_string()).0, 202);
    server.settled();
    assert_eq!(server.get("/v1/firings")["firings"].as_array().unwrap().len(), 1, "it is known by its id");
    server.end();
}

#[test]
fn a_thousand_slow_clients_delay_nobody() {
    let server = Server::with(folder("slow"), |config| config.limits.header_timeout = Duration::from_secs(2));
    let slow: Vec<TcpStream> = (0..1_000)
        .map(|n| {
            let mut stream = TcpStream::connect(server.at).unwrap();
            let begun: &[u8] = if n % 2 == 0 { b"POST /v1/sig" } else { b"POST /v1/signals HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{" };
            stream.write_all(begun).unwrap();
            stream
        })
        .collect();
    let begun = Instant::now();
    for n in 0..20 {
        assert_eq!(server.post(&complaint(&format!("s{n}"), "quiet").to_string()).0, 202);
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "a good client waited {:?}", begun.elapsed());
    // Those whose head never ends are shown out.
    let mut first = &slow[0];
    first.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut rest = vec![];
    first.read_to_end(&mut rest).unwrap();
    drop(slow);
    server.end();
}

/// A door behind which nothing is ever written.
#[derive(Default)]
struct Stalled {
    waiting: AtomicUsize,
    held: Mutex<Vec<tokio::sync::oneshot::Sender<Result<touchline::daemon::intake::Places, NotTaken>>>>,
}

impl Intake for Stalled {
    fn submit(&self, inputs: Vec<Input>, _: Arc<Vocabulary>) -> Result<Receipt, NotTaken> {
        if self.waiting.load(Ordering::SeqCst) + inputs.len() > 4 {
            return Err(NotTaken::Full);
        }
        self.waiting.fetch_add(inputs.len(), Ordering::SeqCst);
        let (answer, receipt) = tokio::sync::oneshot::channel();
        self.held.lock().unwrap().push(answer);
        Ok(receipt)
    }

    fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }
}

#[test]
fn a_full_queue_is_answered_503_and_nobody_is_told_202_before_the_disk() {
    // The rest of the daemon is real; only its door is another.
    let data = folder("stalled");
    let config = Config { data, listen: "127.0.0.1:0".parse().unwrap(), ..Config::default() };
    let daemon = Daemon::open(Setup { config, shelf: shelf(), follower: None, once: false }).unwrap();
    let whole = daemon.app();
    let stalled = Arc::new(Stalled::default());
    let limits = Limits { queue: 4, ..Limits::default() };
    let app = Arc::new(App { intake: stalled.clone(), limits, ..whole.like() });
    let runtime = runtime();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let at = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    runtime.spawn(http::server::serve(listener, http::router(app), limits, stopped));
    let json = [("Content-Type", "application/json")];
    let body = json!([complaint("a", "x"), complaint("b", "x"), complaint("c", "x"), complaint("d", "x")]).to_string();
    let waiting =
        std::thread::spawn(move || ask(at, "POST", "/v1/signals", &[("Content-Type", "application/json")], &body));
    let begun = Instant::now();
    while stalled.waiting() < 4 {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(5));
    }
    let (status, problem, head) = ask(at, "POST", "/v1/signals", &json, &complaint("e", "x").to_string());
    assert!(status == 503 && head.contains("retry-after: 1"), "{problem} {head}");
    assert_eq!(ask(at, "GET", "/readyz", &[], "").0, 503);
    assert_eq!(ask(at, "GET", "/livez", &[], "").0, 200);
    assert!(!waiting.is_finished(), "somebody was told 202 before anything was on disk");
    let answer = stalled.held.lock().unwrap().pop().unwrap();
    answer.send(Ok((1..=4).map(|n| Ok(touchline::id::Position(n))).collect())).unwrap();
    assert_eq!(waiting.join().unwrap().0, 202);
    stop.send(true).unwrap();
}

#[test]
fn what_people_do_that_meets_nothing_is_answered_and_listed() {
    let server = Server::start("missed");
    let json = [("Content-Type", "application/json")];
    assert_eq!(server.post(&complaint("a", "x").to_string()).0, 202);
    server.settled();
    let act = |action: &str, customer: &str| {
        let line = json!({"action": action, "rule": "care/each", "key": {"customer": customer}, "by": "ana"});
        server.ask("POST", "/v1/actions", &json, &line.to_string())
    };
    let (status, body, _) = act("acknowledge", "C99");
    assert_eq!(status, 409, "{body}");
    assert!(body["detail"].as_str().unwrap().starts_with("this meets nothing: "), "{body}");
    let listed = server.get("/v1/actions");
    let missed = &listed["missed"][0];
    assert_eq!(
        (&missed["position"], &missed["action"], &missed["by"]),
        (&body["position"], &json!("acknowledge"), &json!("ana"))
    );
    assert!(body["detail"].as_str().unwrap().ends_with(missed["why"].as_str().unwrap()), "{body} {listed}");
    let (status, body, _) = act("acknowledge", "C1");
    assert_eq!(status, 202, "what meets something is answered as ever: {body}");
    assert_eq!(server.get("/v1/actions")["missed"].as_array().unwrap().len(), 1);
    let line = |at: &str| {
        let line = format!(
            r#"{{{at}"action": "acknowledge", "at": "2026-03-16T12:00:00+01:00", "rule": "care/each", "key": {{"customer": "C1"}}}}"#
        );
        let (status, body, _) = server.ask("POST", "/v1/actions", &json, &line);
        (status, body.to_string())
    };
    assert_eq!(line("").0, 202, "a line as a feed has it");
    let (status, body) = line(r#""at": "2026-03-16T11:00:00+01:00", "#);
    assert!(status == 422 && body.contains("the key stands twice"), "{status} {body}");
    let (status, _, _) = act("close", "C98");
    assert_eq!(status, 409);
    let page = server.get("/v1/actions?limit=1");
    assert_eq!(page["next"], json!(page["missed"][0]["position"].to_string()));
    let rest = server.get(&format!("/v1/actions?after={}", page["next"].as_str().unwrap()));
    assert_eq!((&rest["missed"][0]["action"], &rest["next"]), (&json!("close"), &Json::Null), "{rest}");
    server.end();
}
