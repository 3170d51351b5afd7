//! The command line from outside: exit codes, shapes of lines, and what is said where.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub const VOCABULARY: &str = r#"
vocabulary: Test
time_zone: Europe/Madrid
languages: [en]
journey: {all: [shop]}
channels: [store]
things: {customer: {segment: text}}
signals:
  complaint:
    plural: complaints
    about: [customer]
    fields: {topic: text, comment: "text, personal, optional"}
"#;

pub const PLAYBOOK: &str = r#"
playbook care "Care" version 1
time zone "Europe/Madrid"
owner "owner@example.test"

rule twice "Complained twice"
  when 2 or more complaints
    where topic is not "test"
    for the same customer
    within 7 days
  then alert care_team
      saying "{customer} complained twice: {comment}"
    and after 1 day:
      alert care_team
        saying "Still about {customer}."
"#;

const DIRECTORY: &str = "company: {owner: owner@example.test, roles: {care_team: [care@example.test]}}\n";

/// A folder of its own with a small playbook in it.
pub struct Home(pub PathBuf);

impl Home {
    pub fn new(name: &str) -> Home {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cli").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("books")).unwrap();
        let home = Home(folder);
        home.write("books/vocabulary.yaml", VOCABULARY);
        home.write("books/directory.yaml", DIRECTORY);
        home.write("books/care.play", PLAYBOOK);
        home
    }

    pub fn write(&self, path: &str, text: &str) {
        fs::write(self.0.join(path), text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_touchline"));
        command.args(arguments).current_dir(&self.0).env("NO_COLOR", "1");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    pub fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Ran::of(child.wait_with_output().unwrap())
    }
}

#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    fn of(output: Output) -> Ran {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    pub fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

pub fn complaint(id: &str, at: &str) -> String {
    format!(
        r#"{{"id": "{id}", "signal": "complaint", "at": "{at}", "customer": "C1", "topic": "late", "comment": "my secret"}}"#
    )
}

pub fn feed(ats: &[&str]) -> String {
    ats.iter().enumerate().map(|(place, at)| complaint(&format!("c{}", place + 1), at) + "\n").collect()
}

const REPLAY: [&str; 5] = ["replay", "--playbooks", "books", "--feed", "-"];

fn replay<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&REPLAY[..], more].concat()
}

#[test]
fn check_is_0_when_clean_1_with_problems_and_2_when_it_could_not_run() {
    let home = Home::new("check");
    let clean = home.run(&["check", "books"]);
    assert_eq!(clean.code, Some(0), "{clean:?}");
    assert!(clean.out.contains("books/vocabulary.yaml") && clean.out.contains("books/directory.yaml"), "{}", clean.out);
    home.write(
        "books/broken.play",
        "playbook broken \"Broken\"\n\nrule x \"X\"\n  when complant\n  then alert care_team\n",
    );
    let broken = home.run(&["check", "books"]);
    assert_eq!(broken.code, Some(1), "{broken:?}");
    assert!(broken.out.contains("complant") && broken.out.contains("did you mean `complaint`?"), "{}", broken.out);
    let json = home.run(&["check", "books", "--format", "json"]);
    assert_eq!(json.code, Some(1));
    assert!(
        json.lines().iter().all(|line| line["code"].is_string() && line["file"].is_string() && line["line"].is_u64())
    );
    let github = home.run(&["check", "books", "--format", "github"]);
    assert_eq!(github.code, Some(1));
    let command = "::error file=books/broken.play,line=4,col=8,title=N002::unknown signal `complant`%0Adid you mean";
    assert!(github.out.contains(command), "{}", github.out);
    let sarif = home.run(&["check", "books", "--format", "sarif"]);
    assert_eq!(sarif.code, Some(1));
    let run = &sarif.lines()[0]["runs"][0];
    let found = run["results"].as_array().unwrap();
    let found = found.iter().find(|found| found["message"]["text"].as_str().unwrap().contains("complant")).unwrap();
    let rule = &run["tool"]["driver"]["rules"][found["ruleIndex"].as_u64().unwrap() as usize];
    assert_eq!((&found["ruleId"], &found["level"]), (&rule["id"], &"error".into()));
    let place = &found["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "books/broken.play");
    assert_eq!(place["region"], serde_json::json!({"startLine": 4, "startColumn": 8, "endLine": 4, "endColumn": 16}));
    let nowhere = home.run(&["check", "nowhere"]);
    assert_eq!(nowhere.code, Some(2));
    assert!(nowhere.err.contains("nowhere does not exist"), "{}", nowhere.err);
    assert_eq!(home.run(&["check", "--no-such-option"]).code, Some(2));
}

#[test]
fn the_vocabulary_is_found_upwards_from_one_file() {
    let home = Home::new("upwards");
    fs::create_dir_all(home.0.join("books/deep/er")).unwrap();
    fs::rename(home.0.join("books/care.play"), home.0.join("books/deep/er/care.play")).unwrap();
    assert_eq!(home.run(&["check", "books/deep/er/care.play"]).code, Some(0));
    let inside = Ran::of(home.command(&["check"]).current_dir(home.0.join("books/deep/er")).output().unwrap());
    assert_eq!(inside.code, Some(0), "{inside:?}");
    assert!(inside.out.contains("vocabulary.yaml"));
}

#[test]
fn a_firings_line_has_its_fields_and_times_in_utc() {
    let home = Home::new("firings");
    let input = feed(&["2026-03-16T10:00:00+01:00", "2026-03-17T10:00:00.5+01:00"]);
    let ran = home.run_with(&replay(&["--format", "jsonl"]), &input);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let [line] = &ran.lines()[..] else { panic!("one firing: {}", ran.out) };
    assert_eq!(line["at"], "2026-03-17T09:00:00.5Z");
    assert_eq!(line["playbook"], "care");
    assert_eq!(line["rule"], "twice");
    assert_eq!(line["key"]["customer"], "C1");
    assert_eq!(line["signal"], "c2");
    assert_eq!(line["signals"], serde_json::json!(["c1", "c2"]));
    assert_eq!(line["late"], false);
    let counted = &line["compared"][1];
    assert_eq!((&counted["clause"], &counted["actual"]), (&"2 or more complaints within 7 days".into(), &"2".into()));
    assert_eq!((&counted["file"], &counted["line"]), (&"books/care.play".into(), &6.into()));
    assert_eq!(line["compared"][0]["clause"], "topic is not \"test\"");
    assert!(ran.err.contains("2 signals") && ran.err.contains("(Europe/Madrid)"), "{}", ran.err);
    let none = home.run_with(&replay(&["--format", "jsonl"]), &feed(&["2026-03-16T10:00:00+01:00"]));
    assert!(none.err.contains("0 firings of 1 rule\n"), "{}", none.err);
}

#[test]
fn time_stops_at_the_last_signal_unless_until_lets_it_run_on() {
    let home = Home::new("until");
    let input = feed(&["2026-03-16T10:00:00Z", "2026-03-17T10:00:00Z"]);
    let effects = replay(&["--format", "jsonl", "--show", "effects"]);
    let outcomes =
        |ran: &Ran| ran.lines().iter().map(|line| line["outcome"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let stopped = home.run_with(&effects, &input);
    assert_eq!(outcomes(&stopped), ["sent", "planned"], "{stopped:?}");
    let planned = &stopped.lines()[1];
    assert_eq!(planned["due"], "2026-03-18T10:00:00Z");
    assert_eq!((&planned["effect"], &planned["rule"]), (&"alert".into(), &"twice".into()));
    assert!(planned["id"].as_str().unwrap().len() == 32 && !planned["reason"].as_str().unwrap().is_empty());
    let before = home.run_with(&[&effects[..], &["--until", "2026-03-18T09:59:59Z"]].concat(), &input);
    assert_eq!(outcomes(&before), ["sent", "planned"]);
    let inclusive = home.run_with(&[&effects[..], &["--until", "2026-03-18T10:00:00Z"]].concat(), &input);
    assert_eq!(outcomes(&inclusive), ["sent", "planned", "sent"]);
    assert_eq!(inclusive.lines()[1]["id"], inclusive.lines()[2]["id"], "a plan and what becomes of it have one id");
}

#[test]
fn an_until_before_the_end_of_the_feed_stops_there_and_says_what_was_not_played() {
    let home = Home::new("until_early");
    let day = |day: u32| format!("2026-03-{day}T10:00:00Z");
    let days: Vec<String> = (10..40).map(|n| day(10 + n / 2)).collect();
    let mut input = feed(&days.iter().map(String::as_str).collect::<Vec<_>>());
    // A late line after the end is not played either: at that time nobody had heard of it.
    input += &(complaint("late", "2026-03-15T11:00:00Z") + "\n\nnot json\n");
    let until = |until: &str| home.run_with(&replay(&["--format", "jsonl", "--until", until]), &input);
    let whole = until("2026-04-30");
    assert!(whole.code == Some(0) && whole.lines().len() == 1 && !whole.err.contains("stopped"), "{whole:?}");

    let early = until("2026-03-15T12:00:00Z");
    assert_eq!((early.code, early.lines().len()), (Some(0), 1), "{early:?}");
    assert_eq!(early.lines()[0]["signals"], serde_json::json!(["c1", "c2"]), "the signals of that day");
    assert!(early.err.contains("2 signals from Sun 2026-03-15 11:00 to Sun 2026-03-15 13:00"), "{}", early.err);
    assert!(early.err.contains("stopped at Sun 2026-03-15 13:00") && early.err.contains("30 lines"), "{}", early.err);
    assert!(!early.err.contains("refused"), "a line after the end is not read: {}", early.err);

    let inclusive = until("2026-03-15T10:00:00Z");
    assert_eq!(inclusive.lines().len(), 1, "a signal at that very time is played: {inclusive:?}");
    let before = until("2026-03-01");
    assert_eq!((before.code, before.lines().len()), (Some(0), 0), "{before:?}");
    assert!(before.err.contains("0 signals\n") && before.err.contains("32 lines from there on"), "{}", before.err);

    let strict = home.run_with(&replay(&["--strict", "--until", "2026-03-15T12:00:00Z"]), &input);
    assert_eq!(strict.code, Some(0), "a bad line after the end stops nothing: {strict:?}");
    let effects =
        home.run_with(&replay(&["--format", "jsonl", "--show", "effects", "--until", "2026-03-16T09:00:00Z"]), &input);
    let last = effects.lines().last().map(|line| line["at"].as_str().unwrap().to_owned());
    assert!(last.is_some_and(|at| at.as_str() <= "2026-03-16T09:00:00Z"), "{effects:?}");
}

const PLACES: &str = r#"
vocabulary: Test
time_zone: Europe/Madrid
languages: [en]
journey: {all: [shop]}
channels: [store]
things: {store: {name: text}}
signals:
  complaint: {plural: complaints, about: [store], fields: {topic: text}}
"#;

#[test]
fn what_nobody_could_be_told_goes_to_the_owner_by_address() {
    let home = Home::new("digest");
    home.write("books/vocabulary.yaml", PLACES);
    home.write("books/directory.yaml", "company: {owner: owner@example.test}\nstore: {S7: {name: Atocha, roles: {manager: [m@example.test]}}, S8: {name: Sol}}\n");
    home.write("books/care.play", "playbook care \"Care\" version 1\ntime zone \"Europe/Madrid\"\nowner \"desk@example.test\"\n\nrule told \"Told\"\n  when complaint\n  at most once every 1 day per store\n  then alert manager of store\n");
    let line = |id: &str, store: &str, hour: u32| {
        format!(
            "{{\"id\": \"{id}\", \"signal\": \"complaint\", \"at\": \"2026-03-16T{hour}:00:00Z\", \"store\": \"{store}\", \"topic\": \"late\"}}\n"
        )
    };
    let input = line("c1", "S7", 10) + &line("c2", "S8", 11);
    let ran = home.run_with(&replay(&["--format", "jsonl", "--show", "effects"]), &input);
    let lines = ran.lines();
    let told: Vec<(&str, &str, &str)> = lines
        .iter()
        .map(|line| ["outcome", "effect", "to"].map(|key| line[key].as_str().unwrap()))
        .map(|[outcome, effect, to]| (outcome, effect, to))
        .collect();
    let expected = [
        ("sent", "alert", "manager of S7"),
        ("failed", "alert", "manager of S8"),
        ("sent", "digest", "desk@example.test"),
    ];
    assert_eq!(told, expected, "{ran:?}");
    assert!(lines[2].get("rule").is_none() && lines[2]["at"] == "2026-03-16T11:00:00Z", "{ran:?}");
    let text = home.run_with(&replay(&[]), &input);
    assert!(text.out.contains("To the owner of the playbooks") && text.out.contains("care/told"), "{}", text.out);
}

/// A customer's mail that cannot be written is a failure like any other: somebody is told (M16, M19).
#[test]
fn a_customers_mail_that_cannot_be_written_is_told_to_the_owner() {
    let home = Home::new("unwritten");
    let vocabulary = PLACES.replace("things: {", "things: {customer: {name: text, email: \"email, personal\"}, ");
    home.write("books/vocabulary.yaml", &vocabulary.replace("about: [store]", "about: [customer, store]"));
    home.write("books/directory.yaml", "company: {owner: owner@example.test}\nstore: {S7: {name: Atocha}}\n");
    fs::create_dir_all(home.0.join("books/emails/sorry/en")).unwrap();
    home.write("books/emails/sorry/template.yaml", "class: transactional\nfallback: en\nvariables: [order]\n");
    home.write("books/emails/sorry/en/subject.txt", "Sorry\n");
    home.write("books/emails/sorry/en/body.txt", "Sorry about {{ order }}.\n");
    let rule = "playbook care \"Care\" version 1\ntime zone \"Europe/Madrid\"\nowner \"desk@example.test\"\n\nrule told \"Told\"\n  STATUSwhen complaint\n  at most once every 1 day per customer\n  then email customer using \"sorry\" with order topic\n";
    home.write("books/care.play", &rule.replace("STATUS", ""));
    let complaint = |id: &str, customer: &str, hour: u32, more: &str| {
        format!(
            "{{\"id\": \"{id}\", \"signal\": \"complaint\", \"at\": \"2026-03-16T{hour}:00:00Z\", \"customer\": \"{customer}\", \"store\": \"S7\"{more}}}\n"
        )
    };
    let address = "{\"thing\": \"customer\", \"id\": \"C2\", \"at\": \"2026-03-16T09:00:00Z\", \"facts\": {\"email\": \"c2@example.test\"}}\n";
    let topic = ", \"topic\": \"late\"";
    let input = address.to_owned() + &complaint("c1", "C1", 10, topic) + &complaint("c2", "C2", 12, topic);
    let told = |ran: &Ran| -> Vec<[String; 3]> {
        let lines = ran.lines();
        lines.iter().map(|line| ["outcome", "effect", "to"].map(|key| line[key].as_str().unwrap().to_owned())).collect()
    };
    let ran = home.run_with(&replay(&["--format", "jsonl", "--show", "effects"]), &input);
    let expected =
        [["failed", "email", "customer C1"], ["sent", "digest", "desk@example.test"], ["sent", "email", "customer C2"]];
    assert_eq!(told(&ran), expected, "{ran:?}");
    let text = home.run_with(&replay(&[]), &input).out;
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = "care/told \"Told\" for customer C1, store S7: email customer C1: customer C1 has no address";
    assert!(words.contains(line), "{text}");
    // In shadow nobody is told: nothing was to go.
    home.write("books/care.play", &rule.replace("STATUS", "status shadow\n  "));
    let ran = home.run_with(&replay(&["--format", "jsonl", "--show", "effects"]), &input);
    assert!(told(&ran).iter().all(|[outcome, effect, _]| outcome == "silenced" && effect == "email"), "{ran:?}");
}

#[test]
fn what_an_owner_is_told_is_collected_for_an_hour() {
    let home = Home::new("digests");
    home.write("books/vocabulary.yaml", PLACES);
    home.write("books/directory.yaml", "company: {owner: owner@example.test}\nstore: {S7: {name: Atocha, roles: {manager: [m@example.test]}}, S8: {name: Sol}}\n");
    home.write("books/care.play", "playbook care \"Care\" version 1\ntime zone \"Europe/Madrid\"\nowner \"desk@example.test\"\n\nrule told \"Somebody complained\"\n  when complaint\n  then alert manager of store\n");
    let line = |id: usize, at: &str| {
        format!(
            "{{\"id\": \"c{id}\", \"signal\": \"complaint\", \"at\": \"2026-03-16T{at}:00Z\", \"store\": \"S8\", \"topic\": \"late\"}}\n"
        )
    };
    let mut input: String = (0..30).map(|n| line(n, &format!("10:{n:02}"))).collect();
    input += &(line(30, "11:30") + &line(31, "14:00") + &line(32, "16:00"));
    let ran = home.run_with(&replay(&["--format", "jsonl", "--show", "effects"]), &input);
    let digests = ran.lines().into_iter().filter(|line| line["effect"] == "digest");
    let at: Vec<String> = digests.map(|line| line["at"].as_str().unwrap()[11..16].to_owned()).collect();
    // The first at once; 29 when an hour is over; one more when another is; then nothing for an hour, and the next at once.
    assert_eq!(at, ["10:00", "11:00", "12:00", "14:00", "16:00"], "{ran:?}");
    let text = home.run_with(&replay(&[]), &input).out;
    assert_eq!(text.matches("To the owner of the playbooks").count(), 5, "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = "care/told \"Somebody complained\" for store S8: alert manager of S8: nobody fills manager";
    assert_eq!(words.matches(line).count(), 1 + 20 + 1 + 1 + 1, "{text}");
    assert!(words.contains("digest and 9 more"), "{text}");
}

#[test]
fn bad_lines_are_named_and_do_not_stop_the_rest_but_under_strict() {
    let home = Home::new("bad_lines");
    let good = feed(&["2026-03-16T10:00:00Z", "2026-03-17T10:00:00Z"]);
    let (first, second) = good.split_once('\n').unwrap();
    let input = format!("{first}\n\nnot json\n{}\n{second}", complaint("x", "yesterday"));
    let ran = home.run_with(&replay(&["--format", "jsonl"]), &input);
    assert_eq!((ran.code, ran.lines().len()), (Some(0), 1), "{ran:?}");
    assert!(ran.err.contains("standard input:3:") && ran.err.contains("standard input:4:"), "{}", ran.err);
    assert!(ran.err.contains("2 lines refused"), "{}", ran.err);
    let strict = home.run_with(&replay(&["--format", "jsonl", "--strict"]), &input);
    assert_eq!((strict.code, strict.lines().len()), (Some(1), 0), "{strict:?}");
    assert!(!strict.err.contains("standard input:4:"));
}

#[test]
fn a_file_that_is_no_feed_or_no_playbook_is_told_in_few_words() {
    let home = Home::new("wrong_file");
    let junk: Vec<u8> = b"\xff\xfe\x00\n".repeat(5_000);
    fs::write(home.0.join("junk.jsonl"), junk).unwrap();
    let ran = home.run(&["replay", "--playbooks", "books", "--feed", "junk.jsonl"]);
    assert_eq!(ran.code, Some(0), "bad lines stop nothing: {ran:?}");
    assert!(ran.err.contains("junk.jsonl:1: the line is not UTF-8 text\n"), "{}", ran.err);
    assert!(ran.err.contains("the same for 4,990 more lines, up to line 5000"), "{}", ran.err);
    assert!(ran.err.contains("not one line could be read") && ran.err.lines().count() < 20, "{}", ran.err);
    let check = home.run(&["check", "junk.jsonl"]);
    assert_eq!(check.code, Some(2), "{check:?}");
    assert!(check.err.contains("junk.jsonl is nothing to check: a playbook ends in .play"), "{}", check.err);
    assert_eq!(home.run(&["check", "books/care.play", "books/vocabulary.yaml"]).code, Some(0));
    for (arguments, says) in [
        (["replay", "--playbooks", "nowhere", "--feed", "junk.jsonl"], "nowhere does not exist"),
        (["replay", "--playbooks", ".", "--feed", "nowhere.jsonl"], "nowhere.jsonl does not exist"),
        (["replay", "--playbooks", "books", "--feed", "books"], "books is a folder: a file is wanted here"),
        (["replay", "--playbooks", "empty", "--feed", "junk.jsonl"], "empty holds no playbook"),
    ] {
        fs::create_dir_all(home.0.join("empty")).unwrap();
        let ran = home.run(&arguments);
        assert!(ran.code == Some(2) && ran.err.contains(says), "{arguments:?}: {ran:?}");
    }
}

#[test]
fn a_jump_ahead_of_the_lines_after_it_is_held_out() {
    let home = Home::new("jump");
    let input = feed(&["2026-03-16T10:00:00Z", "2062-03-16T11:00:00Z", "2026-03-17T10:00:00Z"]);
    let ran = home.run_with(&replay(&["--format", "jsonl"]), &input);
    let [line] = &ran.lines()[..] else { panic!("one firing: {ran:?}") };
    assert_eq!(line["signals"], serde_json::json!(["c1", "c3"]));
    assert!(ran.err.contains("standard input:2") && ran.err.contains("held out"), "{}", ran.err);
}

#[test]
fn a_last_line_far_ahead_is_taken_and_its_year_is_asked_about() {
    let home = Home::new("far_ahead");
    let told = |last: &str| {
        let input = feed(&["2026-03-16T10:00:00Z", last]);
        home.run_with(&replay(&["--format", "jsonl"]), &input)
    };
    let ran = told("2062-03-17T11:00:00Z");
    let says = "standard input:2: 2062-03-17T11:00:00Z is 13150 days ahead of everything before it: is the year right?";
    assert!(ran.code == Some(0) && ran.err.contains(says), "{ran:?}");
    assert!(!told("2026-06-01T11:00:00Z").err.contains("ahead"));
    // Of three lines one is probably wrong, and time does not run through centuries for it.
    let input = feed(&["2026-03-16T10:00:00Z", "2026-03-17T10:00:00Z", "2626-03-17T11:00:00Z"]);
    let ran = home.run_with(&replay(&["--format", "jsonl"]), &input);
    let says = "standard input:3: held out: 2626-03-17T11:00:00Z is more than ten years ahead of everything before it, up to 2026-03-17T10:00:00Z";
    assert!(ran.err.contains(says) && ran.lines().len() == 1, "{ran:?}");
}

#[test]
fn text_is_for_people_narrow_and_without_personal_words() {
    let home = Home::new("text");
    let input = feed(&["2026-03-16T10:00:00Z", "2026-03-17T10:00:00Z"]);
    let ran = home.run_with(&replay(&["--until", "2026-04-01"]), &input);
    assert!(ran.out.contains("Tuesday 17 March 2026") && ran.out.contains("Complained twice"), "{}", ran.out);
    assert!(ran.out.contains("11:00"), "local time of the playbook: {}", ran.out);
    assert!(!ran.out.contains("secret") && !ran.err.contains("secret"));
    assert!(!ran.out.contains('\u{1b}'), "no colour in a pipe");
    assert!(ran.out.lines().all(|line| line.chars().count() <= 100), "{}", ran.out);
    let other = home.run_with(&replay(&["--rule", "twise"]), &input);
    assert_eq!(other.code, Some(2));
    assert!(other.err.contains("did you mean `twice`?"), "{}", other.err);
}

#[test]
fn a_folder_with_two_vocabularies_is_refused_with_the_folders_to_name() {
    let home = Home::new("two_units");
    fs::create_dir_all(home.0.join("books/other")).unwrap();
    home.write("books/other/vocabulary.yaml", VOCABULARY);
    home.write("books/other/other.play", &PLAYBOOK.replace("playbook care", "playbook other"));
    let ran = home.run_with(&replay(&[]), "");
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("books/other"), "{}", ran.err);
}

#[test]
fn test_writes_accepts_and_compares_timelines() {
    let home = Home::new("test");
    let scenario = "playbook: care\nclock: Europe/Madrid\nscenarios:\n  - name: the second complaint\n    covers: twice\n    steps:\n      - {at: Mon 2026-03-16 10:00, signal: complaint, with: {customer: C1, topic: a, comment: my secret}}\n      - {at: Tue 2026-03-17 10:00, signal: complaint, with: {customer: C1, topic: b}}\n      - expect: [alert care_team, nothing else]\n";
    assert_eq!(home.run(&["test", "books"]).code, Some(1), "a live rule without a scenario");
    home.write("books/care.test.yaml", scenario);
    let new = home.run(&["test", "books"]);
    assert_eq!(new.code, Some(1), "{new:?}");
    let snap = home.0.join("books/snapshots/care__the_second_complaint.snap");
    assert!(Path::new(&format!("{}.new", snap.display())).exists() && !snap.exists());
    assert_eq!(home.run(&["test", "books", "--accept"]).code, Some(0));
    let text = fs::read_to_string(&snap).unwrap();
    assert!(text.starts_with("---\nsource: ") && text.contains("1 of 2") && text.contains("FIRES twice"), "{text}");
    assert!(!text.contains("secret"), "{text}");
    let same = home.run(&["test", "books"]);
    assert_eq!(same.code, Some(0), "{same:?}");
    assert!(same.out.contains("1 of 1 rules (100 %)"), "{}", same.out);
    home.write("books/care.play", &PLAYBOOK.replace("after 1 day", "after 2 days"));
    let differs = home.run(&["test", "books"]);
    assert_eq!(differs.code, Some(1));
    assert!(differs.out.contains("- ") && differs.out.contains("+ ") && differs.out.contains("due"), "{}", differs.out);
    home.write("books/care.test.yaml", &scenario.replace("Mon 2026-03-16", "Tue 2026-03-16"));
    let wrong = home.run(&["test", "books"]);
    assert!(wrong.out.contains("S003") && wrong.out.contains("Monday"), "{}", wrong.out);
    // A playbook alone brings no scenario along: that is said, and is no green build.
    let alone = home.run(&["test", "books/care.play"]);
    assert_eq!(alone.code, Some(2), "{alone:?}");
    assert!(alone.err.contains("name one of those or their folder"), "{}", alone.err);
}

#[test]
fn nothing_is_accepted_of_a_playbook_with_errors() {
    let home = Home::new("test_broken");
    let scenario = "playbook: care\nclock: Europe/Madrid\nscenarios:\n  - name: the second complaint\n    covers: twice\n    steps:\n      - {at: Mon 2026-03-16 10:00, signal: complaint, with: {customer: C1, topic: a}}\n      - {at: Tue 2026-03-17 10:00, signal: complaint, with: {customer: C1, topic: b}}\n      - expect: [alert care_team]\n";
    home.write("books/care.test.yaml", scenario);
    let other = PLAYBOOK.replace("playbook care", "playbook other");
    home.write("books/other.play", &other);
    home.write("books/other.test.yaml", &scenario.replace("playbook: care", "playbook: other"));
    assert_eq!(home.run(&["test", "books", "--accept"]).code, Some(0));
    let snap = home.0.join("books/snapshots/care__the_second_complaint.snap");
    let accepted = fs::read_to_string(&snap).unwrap();

    // Another rule is broken: the timeline would lack it without a word.
    let third = "\nrule third \"Third\"\n  when complant\n  then alert care_team\n";
    home.write("books/care.play", &format!("{}{third}", PLAYBOOK.replace("after 1 day", "after 2 days")));
    let broken = home.run(&["test", "books", "--accept"]);
    assert_eq!(broken.code, Some(1), "{broken:?}");
    assert!(broken.out.contains("complant") && broken.out.contains("not played  1 scenario"), "{}", broken.out);
    assert!(broken.out.contains("1 scenario, 0 not ok, 1 not played"), "the other playbook is: {}", broken.out);
    assert!(!broken.out.contains("no scenario covers"), "{}", broken.out);
    assert_eq!(fs::read_to_string(&snap).unwrap(), accepted);
    assert!(!snap.with_extension("snap.new").exists());

    // So is the vocabulary, on which all of them stand.
    home.write("books/care.play", PLAYBOOK);
    home.write("books/vocabulary.yaml", &VOCABULARY.replace("topic: text", "topic: txt, other: text"));
    let vocabulary = home.run(&["test", "books", "--accept"]);
    assert!(vocabulary.code == Some(1) && !vocabulary.out.contains("accepted"), "{vocabulary:?}");
    assert_eq!(fs::read_to_string(&snap).unwrap(), accepted);

    // What was expected and did not happen is not accepted either, and a scenario with a mistake keeps its timeline.
    home.write("books/vocabulary.yaml", VOCABULARY);
    home.write("books/care.test.yaml", &scenario.replace("b}}", "test}}"));
    let unmet = home.run(&["test", "books", "--accept"]);
    assert!(unmet.code == Some(1) && unmet.out.contains("did not happen"), "{unmet:?}");
    assert_eq!(fs::read_to_string(&snap).unwrap(), accepted);
    home.write("books/care.test.yaml", &scenario.replace("Tue 2026", "Wed 2026"));
    let misread = home.run(&["test", "books", "--accept"]);
    assert_eq!(misread.code, Some(1));
    assert!(misread.out.contains("not played") && !misread.out.contains("accepted"), "{misread:?}");
    assert_eq!(fs::read_to_string(&snap).unwrap(), accepted);
}

#[test]
fn every_command_explains_itself_with_examples() {
    let home = Home::new("help");
    let daemon = ["serve", "status", "refused", "acknowledge", "close", "reopen", "assign", "comment", "contact"];
    let daemon = if cfg!(feature = "daemon") { &daemon[..] } else { &[] };
    for verb in ["check", "replay", "why", "test"].iter().chain(daemon).copied() {
        let ran = home.run(&[verb, "--help"]);
        assert_eq!(ran.code, Some(0));
        assert!(ran.out.contains("Examples:") && ran.out.contains("Exit codes:"), "{verb}: {}", ran.out);
    }
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let home = Home::new("pipe");
    let many: String = (0..2_000)
        .map(|n| {
            complaint(&format!("c{n}"), &format!("2026-03-16T10:{:02}:{:02}Z", n / 60 % 60, n % 60))
                .replace("\"C1\"", &format!("\"C{}\"", n / 2))
                + "\n"
        })
        .collect();
    home.write("feed.jsonl", &many);
    let mut command = home.command(&["replay", "--playbooks", "books", "--feed", "feed.jsonl"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    assert_eq!(ran.code, Some(141), "{}", ran.err);
}

#[test]
fn a_reload_names_a_file_that_can_replace_the_playbook() {
    let home = Home::new("reload");
    let play = |file: &str| {
        home.write(
            "books/care.test.yaml",
            &format!("playbook: care\nclock: Europe/Madrid\nscenarios:\n  - name: new texts\n    covers: twice\n    steps:\n      - {{at: Mon 2026-03-16 10:00, signal: complaint, with: {{customer: C1, topic: a}}}}\n      - {{at: Mon 2026-03-16 11:00, reload: {file}}}\n"),
        );
        home.run(&["test", "books", "--accept"])
    };
    fs::create_dir_all(home.0.join("books/reload")).unwrap();
    let new = PLAYBOOK.replace("2 or more", "3 or more");
    home.write("books/reload/care.play", &new);
    home.write("books/reload/care.txt", &new);
    let replaced = play("reload/care.play");
    assert_eq!(replaced.code, Some(0), "{replaced:?}");
    let snap = fs::read_to_string(home.0.join("books/snapshots/care__new_texts.snap")).unwrap();
    assert!(snap.contains("reload reload/care.play") && snap.contains("twice: "), "{snap}");
    let text = play("reload/care.txt");
    assert!(text.code == Some(1) && text.out.contains("neither in .play nor in .play.yaml"), "{text:?}");
    home.write("books/newer.play", &new);
    let twice = play("newer.play");
    assert!(twice.code == Some(1) && twice.out.contains("a folder called `reload`"), "{twice:?}");
    home.write("books/newer.play", &new.replace("playbook care", "playbook newer"));
    let beside = play("newer.play");
    assert!(beside.code == Some(1) && beside.out.contains("a folder called `reload`"), "{beside:?}");
    assert!(home.run(&["test", "--help"]).out.contains("`reload` beside the scenario file"));
}

#[test]
fn convert_leaves_a_comment_with_the_rule_it_stands_above() {
    let home = Home::new("convert_comment");
    let text = "playbook b \"B\" version 1  # behind\n\n# of the first\n# in two lines\nrule one \"One\"\n  when complaint\n  at most once every 1 day per customer\n  then alert care_team\n";
    home.write("books/b.play", text);
    let yaml = home.run(&["convert", "books/b.play"]).out;
    let at = |part: &str| yaml.find(part).unwrap_or_else(|| panic!("no {part} in:\n{yaml}"));
    assert!(at("# behind") < at("rules:") && at("rules:") < at("# of the first"), "{yaml}");
    assert!(at("# of the first") < at("# in two lines") && at("# in two lines") < at("- id: one"), "{yaml}");
    home.write("books/c.play.yaml", &yaml);
    assert_eq!(home.run(&["convert", "books/c.play.yaml"]).out, text);
}

#[test]
fn check_counts_the_rules_with_errors_among_all() {
    let home = Home::new("check_counts");
    let rule = |id: &str, act: &str| {
        format!("\nrule {id} \"{id}\"\n  when complaint\n  at most once every 1 day per customer\n  then {act}\n")
    };
    let text =
        format!("playbook b \"B\" version 1\n{}{}", rule("one", "alert care_team"), rule("two", "alert care_team"));
    home.write("books/b.play", &text);
    assert!(home.run(&["check", "books/b.play"]).out.contains("b: 2 rules\n"));
    home.write("books/b.play", &format!("{text}{}", rule("three", "email customer using \"nothing\"")));
    let told = home.run(&["check", "books/b.play"]).out;
    assert!(told.contains("b: 2 of 3 rules\n"), "{told}");
}
