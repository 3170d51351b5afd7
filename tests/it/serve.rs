//! The real binary: the sample feed through `serve`, a graceful end, and kill −9 under load.

// Waiting for another thread or process takes real time.
#![allow(clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

/// How much of the shipped feed is played: each line waits for the disk twice. `TOUCHLINE_FEED_LINES` plays more; `.ci/run`
/// plays all of it.
const LINES: usize = 600;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

pub fn folder(name: &str) -> PathBuf {
    let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join("serve").join(name);
    let _ = fs::remove_dir_all(&data);
    fs::create_dir_all(&data).unwrap();
    data
}

pub fn touchline(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_touchline"));
    command.args(arguments).current_dir(ROOT).env("NO_COLOR", "1").env_remove("TOUCHLINE_TOKEN");
    command
}

/// Writes a configuration whose mail server nobody answers for: what is to go waits.
pub fn no_mail_server(data: &Path) -> String {
    let file = data.join("no_mail_server.yaml");
    let text = "mail: {from: care@example.test, server: {host: 127.0.0.1, port: 9, tls: none}}\n";
    fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

/// A daemon of its own process.
pub struct Served {
    child: Child,
    pub at: String,
}

impl Served {
    pub fn start(data: &Path, more: &[&str]) -> Served {
        Served::on(Path::new("playbooks/retail"), data, more)
    }

    pub fn on(playbooks: &Path, data: &Path, more: &[&str]) -> Served {
        Served::by(touchline(&[]), playbooks, data, more)
    }

    /// Started in the folder above the playbooks, which are named by their last part alone.
    pub fn beside(playbooks: &Path, data: &Path, more: &[&str]) -> Served {
        let mut command = touchline(&[]);
        command.current_dir(playbooks.parent().unwrap());
        Served::by(command, Path::new(playbooks.file_name().unwrap()), data, more)
    }

    /// One that may open only so many files, whatever it wishes.
    #[cfg(unix)]
    pub fn with_files(files: u32, data: &Path, more: &[&str]) -> Served {
        let mut command = Command::new("sh");
        let limited = format!("ulimit -n {files} && exec \"$0\" \"$@\"");
        command.args(["-c", &limited, env!("CARGO_BIN_EXE_touchline")]).current_dir(ROOT);
        command.env("NO_COLOR", "1").env_remove("TOUCHLINE_TOKEN");
        Served::by(command, Path::new("playbooks/retail"), data, more)
    }

    fn by(mut command: Command, playbooks: &Path, data: &Path, more: &[&str]) -> Served {
        command.args(["serve", "--listen", "127.0.0.1:0", "--playbooks"]).arg(playbooks).arg("--data");
        let mut child = command.arg(data).args(more).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut told = String::new();
        let at = loop {
            let mut line = String::new();
            assert!(said.read_line(&mut line).unwrap() > 0, "it did not start: {told}");
            told.push_str(&line);
            if let Some((_, rest)) = line.split_once("http://") {
                break rest.split(',').next().unwrap().trim().to_owned();
            }
        };
        // Nobody reads on: what it says must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Served { child, at }
    }

    pub fn ask(&self, method: &str, path: &str, body: &str) -> Option<(u16, Json)> {
        ask(&self.at, method, path, body)
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    #[cfg(unix)]
    pub fn end(mut self) -> i32 {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Served {
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        let told = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

pub fn ask(at: &str, method: &str, path: &str, body: &str) -> Option<(u16, Json)> {
    let mut stream = TcpStream::connect(at).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, serde_json::from_str(body).unwrap_or(Json::Null)))
}

/// Names what replay and a daemon name differently. The id of a case, and of a signal that touchline makes, is a hash that
/// holds where its cause stands in the journal (nothing that is cleared can repeat it), and a daemon's journal also holds what
/// became of each message, which no feed does: so they are other ids there, and the same in every run on one journal. Each is
/// named by when it is first spoken of: they must be the same cases, in the same order.
#[derive(Default)]
struct Names(std::collections::BTreeMap<String, String>);

impl Names {
    fn of(&mut self, id: &str) -> String {
        let next = self.0.len();
        let id = id.trim_start_matches("touchline:");
        self.0.entry(id.to_owned()).or_insert_with(|| format!("made-{next}")).clone()
    }

    /// Rule, time, key and signals of a firing.
    fn name(&mut self, firing: &Json) -> String {
        let mut key = firing["key"].clone();
        if let Some(case) = key.get_mut("case") {
            *case = self.of(case.as_str().unwrap()).into();
        }
        let signals = firing["signals"].as_array().unwrap().iter().map(|signal| signal.as_str().unwrap());
        let signals: Vec<String> = [firing["signal"].as_str().unwrap_or("")]
            .into_iter()
            .chain(signals)
            .map(|id| if id.starts_with("touchline:") || id.len() == 32 { self.of(id) } else { id.to_owned() })
            .collect();
        format!("{} {}/{} {key} {signals:?} {}", firing["at"], firing["playbook"], firing["rule"], firing["late"])
    }
}

fn firings_of(served: &Served) -> Vec<String> {
    let (mut found, mut after, mut names) = (vec![], "0".to_owned(), Names::default());
    loop {
        let (status, page) = served.ask("GET", &format!("/v1/firings?limit=1000&after={after}"), "").unwrap();
        assert_eq!(status, 200, "{page}");
        found.extend(page["firings"].as_array().unwrap().iter().map(|firing| names.name(firing)));
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => return found,
        }
    }
}

#[test]
fn the_sample_feed_fires_the_same_through_serve_and_through_replay() {
    let wanted = std::env::var("TOUCHLINE_FEED_LINES").ok().and_then(|lines| lines.parse().ok()).unwrap_or(LINES);
    let whole = fs::read_to_string(Path::new(ROOT).join("playbooks/retail/feed/eight_weeks.jsonl")).unwrap();
    let lines: Vec<&str> = whole.lines().take(wanted).collect();
    let part = folder("feed_part").join("part.jsonl");
    fs::write(&part, lines.join("\n") + "\n").unwrap();
    let feed = part.to_str().unwrap();
    let replay = touchline(&["replay", "--playbooks", "playbooks/retail", "--feed", feed, "--format", "jsonl"])
        .output()
        .unwrap();
    let fired = String::from_utf8(replay.stdout).unwrap();
    let mut names = Names::default();
    let expected: Vec<String> = fired.lines().map(|line| names.name(&serde_json::from_str(line).unwrap())).collect();
    assert!(!names.0.is_empty(), "a case is among them");
    assert!(expected.len() > 10, "only {} firings", expected.len());
    let data = folder("feed");
    let served = Served::start(&data, &["--feed", feed, "--clock", "feed", "--shadow"]);
    let begun = Instant::now();
    let last = lines.len() as u64;
    loop {
        let (_, status) = served.ask("GET", "/v1/status", "").unwrap();
        let counts = &status["signals"];
        let read = counts["accepted"].as_u64().unwrap() + counts["refused"].as_u64().unwrap();
        if read >= last && status["journal"]["behind"] == 0 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(240), "{status}");
        std::thread::sleep(Duration::from_millis(100));
    }
    std::thread::sleep(Duration::from_millis(500));
    // In the same order, too.
    let found = firings_of(&served);
    for (one, other) in expected.iter().zip(&found) {
        assert_eq!(one, other);
    }
    assert_eq!(expected.len(), found.len());
    let (_, status) = served.ask("GET", "/v1/status", "").unwrap();
    let started = status["started"].as_str().unwrap();
    assert!(started > "2000", "it was started by the machine's clock: {started}");
    drop(served);
}

/// A feedback line that opens nothing: what matters is that it is there.
pub fn signal(id: &str) -> String {
    let at = touchline::clock::wall_clock_now().to_string();
    json!({"id": id, "signal": "complaint", "at": at, "customer": format!("K{id}"), "store": "S7", "topic": "delivery"})
        .to_string()
}

#[cfg(unix)]
#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed_under_load() {
    let data = folder("killed");
    let acknowledged: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    for round in 0..4 {
        let served = Served::start(&data, &["--shadow"]);
        let senders: Vec<_> = (0..4)
            .map(|sender| {
                let (at, acknowledged) = (served.at.clone(), acknowledged.clone());
                std::thread::spawn(move || {
                    for n in 0.. {
                        let id = format!("k{round}-{sender}-{n}");
                        match ask(&at, "POST", "/v1/signals", &signal(&id)) {
                            Some((202, _)) => drop(acknowledged.lock().unwrap().insert(id)),
                            Some((status, body)) => panic!("{status} {body}"),
                            None => return,
                        }
                    }
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(700 + round * 330));
        served.kill();
        senders.into_iter().for_each(|sender| sender.join().unwrap());
    }
    let acknowledged = acknowledged.lock().unwrap();
    assert!(acknowledged.len() > 20, "only {} were acknowledged", acknowledged.len());
    let served = Served::start(&data, &["--shadow"]);
    assert_eq!(served.ask("GET", "/readyz", "").unwrap().0, 200);
    assert_eq!(served.end(), 0, "it ends as asked");
    let store = touchline::store::sqlite::SqliteStore::open(&data).unwrap();
    let records =
        touchline::engine::store::Reader::records(&store, touchline::id::Position(1), usize::MAX >> 1).unwrap();
    let kept: BTreeSet<String> = records
        .iter()
        .filter_map(|record| match &record.input {
            touchline::engine::input::Input::Signal(signal) => Some(signal.id.id.to_string()),
            _ => None,
        })
        .collect();
    let lost: Vec<_> = acknowledged.difference(&kept).collect();
    assert!(lost.is_empty(), "{} of {} lost: {lost:?}", lost.len(), acknowledged.len());
}

#[cfg(unix)]
#[test]
fn the_verbs_speak_to_the_running_daemon() {
    let data = folder("verbs");
    let served = Served::start(&data, &[]);
    let say = |arguments: &[&str]| {
        let output = touchline(&[arguments, &["--server", &served.at]].concat()).output().unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, said) = say(&["status"]);
    assert!(code == 0 && said.contains("running since") && said.contains("0 open"), "{said}");
    assert_eq!(say(&["contact", "--customer", "C1", "--by", "ana"]).0, 0);
    let (status, said) = served.ask("POST", "/v1/contacts", r#"{"case": "nope"}"#).unwrap();
    assert!(status == 404 && said["detail"].as_str().unwrap().starts_with("no case is called `nope`"), "{said}");
    let (code, said) = say(&["close", "no-such-case"]);
    assert!(code == 2 && said.contains("no case is called `no-such-case`"), "{said}");
    assert_eq!(served.ask("POST", "/v1/signals", r#"{"id": "x", "signal": "complant"}"#).unwrap().0, 422);
    let (code, said) = say(&["refused", "list"]);
    assert!(code == 0 && said.contains("did you mean `complaint`?"), "{said}");
    let (code, said) = say(&["refused", "retry", "1"]);
    assert!(code == 1 && said.contains("refused again"), "{said}");
    assert_eq!(say(&["refused", "retry", "1", "--with", &signal("mended")]).0, 0);
    assert!(say(&["refused", "list"]).1.contains("nothing was refused"));
    assert_eq!(served.end(), 0);
    let nobody = touchline(&["status", "--server", "127.0.0.1:9"]).output().unwrap();
    assert_eq!(nobody.status.code(), Some(2));
    assert!(String::from_utf8(nobody.stderr).unwrap().contains("touchline serve"));
}

#[cfg(unix)]
#[test]
fn what_is_kept_is_for_nobody_but_the_account_it_runs_under() {
    use std::os::unix::fs::PermissionsExt;
    let here = folder("private");
    let (data, copy) = (here.join("data"), here.join("copies/today"));
    let served = Served::on(&alerting(&here), &data, &[]);
    assert_eq!(served.ask("POST", "/v1/signals", &complaints(0, 3)).unwrap().0, 202);
    assert_eq!(served.ask("POST", "/v1/signals", r#"{"id": "x", "signal": "complant"}"#).unwrap().0, 422);
    let begun = Instant::now();
    while fs::read_dir(data.join("mail")).map_or(0, Iterator::count) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "no mail was written");
        std::thread::sleep(Duration::from_millis(20));
    }
    let copied = touchline(&["backup", "--data", data.to_str().unwrap(), copy.to_str().unwrap()]).output().unwrap();
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    assert_eq!(served.end(), 0);
    let (mut folders, mut files) = (vec![data, copy], 0);
    while let Some(folder) = folders.pop() {
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files += 1;
                assert_eq!(mode(&path), 0o600, "{}", path.display());
            }
        }
    }
    assert!(files > 8, "only {files} files were looked at");
}

#[test]
fn without_options_it_says_what_to_type_where_there_are_several_sets_of_playbooks() {
    let data = folder("several").join("data");
    let said = touchline(&["serve", "--data", data.to_str().unwrap()]).output().unwrap();
    let text = String::from_utf8(said.stderr).unwrap();
    let command = format!("{} serve --data {}", env!("CARGO_BIN_EXE_touchline"), data.display());
    assert_eq!(said.status.code(), Some(2));
    for folder in ["playbooks/retail", "playbooks/retail_yaml"] {
        assert!(text.contains(&format!("  {command} --playbooks {folder}\n")), "{text}");
    }
    assert!(!data.exists(), "nothing is begun");
}

#[test]
fn where_there_are_no_playbooks_it_says_what_to_type_and_the_demonstration_brings_its_own() {
    let here = folder("nothing_here");
    let say = |arguments: &[&str]| {
        let said = touchline(arguments).current_dir(&here).output().unwrap();
        (said.status.code(), String::from_utf8(said.stderr).unwrap())
    };
    let (code, said) = say(&["serve"]);
    assert!(code == Some(2) && said.contains("playbooks does not exist"), "{said}");
    assert!(said.contains("  touchline serve --demo ") && said.contains("--playbooks FOLDER --data data"), "{said}");
    fs::write(here.join("own.play"), "playbook own \"Own\" version 1\n").unwrap();
    assert!(say(&["serve"]).1.contains("  touchline serve --playbooks . "), "the folder holds some itself");
    let mut demo = touchline(&["serve", "--demo"]);
    let mut child = demo.current_dir(&here).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut told = BufReader::new(child.stdout.take().unwrap()).lines();
    let mail = told.find_map(|line| line.unwrap().trim().strip_prefix("mail    ").map(str::to_owned)).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let mail = Path::new(&mail);
    assert!(fs::read_to_string(mail).unwrap().contains("Message-ID"), "{}", mail.display());
    fs::remove_dir_all(mail.parent().unwrap().parent().unwrap()).unwrap();
}

#[test]
fn the_configuration_is_printed_and_a_wrong_one_is_refused_with_its_place() {
    let data = folder("config");
    fs::write(data.join("touchline.yaml"), "listen: 127.0.0.1:9999\nclok: feed\n").unwrap();
    let run = |more: &[&str]| {
        let arguments = [&["serve", "--print-config", "--config", "touchline.yaml"], more].concat();
        let output = touchline(&arguments).current_dir(&data).output().unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, _, said) = run(&[]);
    assert!(code == 1 && said.contains("touchline.yaml:2:1") && said.contains("did you mean `clock`?"), "{said}");
    fs::write(data.join("touchline.yaml"), "listen: 127.0.0.1:9999\n").unwrap();
    let (code, printed, _) = run(&["--clock", "feed", "--data", "elsewhere"]);
    assert!(code == 0 && printed.contains("127.0.0.1:9999") && printed.contains("clock: feed"), "{printed}");
    assert!(printed.contains("data: elsewhere"), "{printed}");
    let open = touchline(&["serve", "--listen", "0.0.0.0:0", "--playbooks", "playbooks/retail"]).output().unwrap();
    assert_eq!(open.status.code(), Some(2));
    assert!(String::from_utf8(open.stderr).unwrap().contains("no token"));
}

/// Writes a playbook that alerts one person for each complaint.
fn alerting(here: &Path) -> PathBuf {
    let playbooks = here.join("playbooks");
    fs::create_dir_all(&playbooks).unwrap();
    let vocabulary = "vocabulary: Shop\ntime_zone: Europe/Madrid\nlanguages: [en]\njourney: {after: [delivery]}\n\
                      channels: [web]\nthings: {customer: {staff: yes/no}}\nsignals:\n  complaint:\n    \
                      plural: complaints\n    about: [customer]\n    fields: {topic: text}\n";
    let directory = "company: {owner: owner@example.test, roles: {care_team: [care@example.test]}}\n";
    let rules = "playbook care \"Care\" version 1\ntime zone \"Europe/Madrid\"\nowner \"owner@example.test\"\n\n\
                 rule each \"A complaint\"\n  when complaint\n  then alert care_team saying \"{customer} complains.\"\n";
    for (name, text) in [("vocabulary.yaml", vocabulary), ("directory.yaml", directory), ("care.play", rules)] {
        fs::write(playbooks.join(name), text).unwrap();
    }
    playbooks
}

fn complaints(from: usize, to: usize) -> String {
    let at = touchline::clock::wall_clock_now().to_string();
    let one = |n: usize| json!({"id": n.to_string(), "signal": "complaint", "at": at, "customer": format!("C{n}"), "topic": "x"});
    Json::from((from..to).map(one).collect::<Vec<_>>()).to_string()
}

#[cfg(unix)]
#[test]
fn a_daemon_whose_writer_has_ended_ends_with_code_2_though_mail_is_under_way() {
    let here = folder("writer_ends");
    let data = here.join("data");
    let mut served = Served::on(&alerting(&here), &data, &[]);
    assert_eq!(served.ask("POST", "/v1/signals", &complaints(0, 300)).unwrap().0, 202);
    let begun = Instant::now();
    while fs::read_dir(data.join("mail")).map_or(0, Iterator::count) < 10 {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is sent");
        std::thread::sleep(Duration::from_millis(10));
    }
    // Somebody takes the store over: the next turn is fenced, and the writer ends.
    fs::remove_file(data.join("lock")).unwrap();
    let mut taken = touchline::store::sqlite::SqliteStore::open(&data).unwrap();
    touchline::engine::store::Store::acquire(&mut taken).unwrap();
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = served.child.try_wait().unwrap() {
            break status;
        }
        assert!(begun.elapsed() < Duration::from_secs(25), "it hangs");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(status.code(), Some(2));
}

#[cfg(unix)]
#[test]
fn what_is_decided_in_shadow_is_silenced_and_never_goes() {
    let here = folder("shadow");
    let (playbooks, data) = (alerting(&here), here.join("data"));
    let served = Served::on(&playbooks, &data, &["--shadow"]);
    assert_eq!(served.ask("POST", "/v1/signals", &complaints(0, 3)).unwrap().0, 202);
    let alerts = |served: &Served, outcome: &str| -> Vec<Json> {
        let path = format!("/v1/alerts?outcome={outcome}");
        served.ask("GET", &path, "").unwrap().1["alerts"].as_array().unwrap().clone()
    };
    let until = |what: &str, done: &dyn Fn() -> bool| {
        let begun = Instant::now();
        while !done() {
            assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    until("three are silenced", &|| alerts(&served, "silenced").len() == 3);
    let silenced = alerts(&served, "silenced");
    assert!(silenced.iter().all(|alert| alert["reason"] == "shadow" && alert["text"] != ""), "{silenced:?}");
    assert_eq!(alerts(&served, "sent"), Vec::<Json>::new());
    let rows = served.ask("GET", "/v1/outbox?state=silenced", "").unwrap().1;
    assert!(rows["outbox"].as_array().unwrap().iter().filter(|row| row["why"] == "shadow").count() == 3, "{rows}");
    let status = served.ask("GET", "/v1/status", "").unwrap().1;
    assert!(status["silenced"] == 3 && status["outbox"]["waiting"] == 0, "{status}");
    // Until the views are there nothing is said.
    let view = || -> Vec<(String, String)> {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let Ok(views) = rusqlite::Connection::open_with_flags(data.join("views.sqlite"), flags) else { return vec![] };
        let told = views.prepare("SELECT outcome, reason FROM v_alerts ORDER BY at, effect_id");
        let Ok(mut told) = told else { return vec![] };
        told.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    let shadow = ("silenced".to_owned(), "shadow".to_owned());
    until("the views say so", &|| view() == [shadow.clone(), shadow.clone(), shadow.clone()]);
    assert_eq!(served.end(), 0);

    // Without shadow the next one goes, and only that.
    let served = Served::on(&playbooks, &data, &[]);
    assert_eq!(served.ask("POST", "/v1/signals", &complaints(3, 4)).unwrap().0, 202);
    until("the fourth goes", &|| {
        served.ask("GET", "/v1/outbox?state=sent", "").unwrap().1["outbox"].as_array().unwrap().len() == 1
    });
    assert_eq!((alerts(&served, "silenced").len(), alerts(&served, "sent").len()), (3, 1));
    assert_eq!(served.end(), 0);
    assert_eq!(fs::read_dir(data.join("mail")).unwrap().count(), 1);
    let verified = touchline(&["replay", "--verify", "--journal", data.to_str().unwrap()]).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[test]
fn what_rules_decline_is_counted_by_rule_and_reason() {
    let here = folder("declines");
    let playbooks = here.join("playbooks");
    fs::create_dir_all(&playbooks).unwrap();
    let vocabulary = "vocabulary: Shop\ntime_zone: Europe/Madrid\nlanguages: [en]\njourney: {after: [delivery]}\n\
                      channels: [web]\nthings: {customer: {staff: yes/no}}\nsignals:\n  complaint:\n    \
                      plural: complaints\n    about: [customer]\n    fields: {topic: text}\n";
    let directory = "company: {owner: owner@example.test, roles: {care_team: [care@example.test]}}\n";
    let rules = "playbook care \"Care\" version 1\ntime zone \"Europe/Madrid\"\nowner \"owner@example.test\"\n\n\
                 rule each \"A complaint\"\n  when complaint\n  unless customer.staff is yes\n  \
                 at most once every 7 days per customer\n  then alert care_team saying \"{customer} complains.\"\n";
    for (name, text) in [("vocabulary.yaml", vocabulary), ("directory.yaml", directory), ("care.play", rules)] {
        fs::write(playbooks.join(name), text).unwrap();
    }
    let served = Served::on(&playbooks, &here.join("data"), &["--shadow"]);
    assert_eq!(served.ask("PUT", "/v1/things/customer/BOSS", r#"{"staff": true}"#).unwrap().0, 202);
    for (id, customer) in [("1", "C1"), ("2", "C1"), ("3", "C1"), ("4", "BOSS"), ("5", "C2")] {
        let at = touchline::clock::wall_clock_now().to_string();
        let line = json!({"id": id, "signal": "complaint", "at": at, "customer": customer, "topic": "x"});
        assert_eq!(served.ask("POST", "/v1/signals", &line.to_string()).unwrap().0, 202);
    }
    let metrics = || {
        let mut stream = TcpStream::connect(&served.at).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    };
    let begun = Instant::now();
    let of = |reason: &str| format!("touchline_declines_total{{playbook=\"care\",rule=\"each\",reason=\"{reason}\"}}");
    let wanted = [
        format!("{} 2", of("limit")),
        format!("{} 1", of("guard")),
        "touchline_firings_total{playbook=\"care\",rule=\"each\"} 2".to_owned(),
        "touchline_rules_in_step 1".to_owned(),
    ];
    loop {
        let text = metrics();
        if wanted.iter().all(|line| text.contains(line.as_str())) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{text}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[cfg(unix)]
#[test]
fn a_feed_rotated_while_nothing_runs_loses_no_line_and_one_that_cannot_be_read_for_a_moment_is_followed_again() {
    let here = folder("rotated");
    let (data, feed) = (here.join("data"), here.join("feed.jsonl"));
    let line = |id: &str| {
        let at = touchline::clock::wall_clock_now().to_string();
        json!({"id": id, "signal": "complaint", "at": at, "customer": "C1", "store": "S7", "topic": "delivery"})
            .to_string()
            + "\n"
    };
    let append = |text: &str| {
        let mut file = fs::OpenOptions::new().append(true).create(true).open(&feed).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    let accepted = |served: &Served, many: u64| {
        let begun = Instant::now();
        loop {
            let status = served.ask("GET", "/v1/status", "").unwrap().1;
            if status["signals"]["accepted"] == many {
                return status;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{many} lines do not come: {status}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let more = ["--shadow", "--feed", feed.to_str().unwrap()];
    append(&line("a1"));
    let served = Served::start(&data, &more);
    accepted(&served, 1);
    assert_eq!(served.end(), 0);
    append(&line("a2"));
    // Files changed within one tick of the file system's clock cannot be told apart by age: some would be read twice.
    std::thread::sleep(Duration::from_millis(50));
    fs::rename(&feed, here.join("feed.jsonl.1")).unwrap();
    append(&line("a3"));
    let served = Served::start(&data, &more);
    let status = accepted(&served, 2);
    assert_eq!(status["feeds"], json!({"gaps": 0, "unreadable": []}));
    assert_eq!(served.end(), 0);
    // Cut off without a copy, and grown again: that is told.
    fs::write(&feed, [line("b1"), line("b2")].concat()).unwrap();
    let served = Served::start(&data, &more);
    assert_eq!(accepted(&served, 2)["feeds"]["gaps"], 1);
    fs::rename(&feed, here.join("aside")).unwrap();
    fs::create_dir(&feed).unwrap();
    let begun = Instant::now();
    while served.ask("GET", "/v1/status", "").unwrap().1["feeds"]["unreadable"] == json!([]) {
        assert!(begun.elapsed() < Duration::from_secs(30), "nobody says that it cannot be read");
        std::thread::sleep(Duration::from_millis(50));
    }
    fs::remove_dir(&feed).unwrap();
    fs::rename(here.join("aside"), &feed).unwrap();
    append(&line("b3"));
    assert_eq!(accepted(&served, 3)["feeds"], json!({"gaps": 1, "unreadable": []}));
}

#[cfg(unix)]
#[test]
fn a_clock_that_went_back_is_told() {
    let here = folder("ahead");
    let (data, feed) = (here.join("data"), here.join("feed.jsonl"));
    let ahead = touchline::clock::wall_clock_now() + jiff::SignedDuration::from_hours(2);
    let line = json!({"id": "f1", "signal": "complaint", "at": ahead.to_string(), "customer": "C1", "store": "S7", "topic": "delivery"});
    fs::write(&feed, format!("{line}\n")).unwrap();
    let served = Served::start(&data, &["--shadow", "--clock", "feed", "--feed", feed.to_str().unwrap()]);
    let begun = Instant::now();
    while served.ask("GET", "/v1/status", "").unwrap().1["signals"]["accepted"] != 1 {
        assert!(begun.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(served.ask("GET", "/v1/status", "").unwrap().1["clock_ahead_seconds"], 0, "a feed's clock is its own");
    assert_eq!(served.end(), 0);
    let served = Served::start(&data, &["--shadow"]);
    let status = served.ask("GET", "/v1/status", "").unwrap().1;
    assert!(status["clock_ahead_seconds"].as_u64().is_some_and(|seconds| seconds > 7_000), "{status}");
}

#[cfg(unix)]
#[test]
fn slow_clients_make_room_for_a_good_one_where_few_files_may_be_open() {
    let served = Served::with_files(128, &folder("slow").join("data"), &["--shadow"]);
    // Heads that never end, and bodies that do not.
    let head = "POST /v1/signals HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    let body = format!("{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{");
    let slow: Vec<TcpStream> = (0..300)
        .filter_map(|n| {
            let mut stream = TcpStream::connect(&served.at).ok()?;
            stream.write_all(if n % 2 == 0 { head.as_bytes() } else { body.as_bytes() }).ok()?;
            Some(stream)
        })
        .collect();
    assert_eq!(slow.len(), 300);
    let begun = Instant::now();
    let answer = served.ask("GET", "/v1/status", "");
    assert!(answer.is_some_and(|(status, _)| status == 200), "it is answered");
    // Without room being made the heads hold on for ten seconds, and the bodies for thirty.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}
