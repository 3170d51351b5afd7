//! The command line from outside: exit codes, shapes of lines, and what is said where.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const VOCABULARY: &str = r#"
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

const PLAYBOOK: &str = r#"
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
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Home {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cli").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("books")).unwrap();
        let home = Home(folder);
        home.write("books/vocabulary.yaml", VOCABULARY);
        home.write("books/directory.yaml", DIRECTORY);
        home.write("books/care.play", PLAYBOOK);
        home
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.0.join(path), text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_touchline"));
        command.args(arguments).current_dir(&self.0).env("NO_COLOR", "1");
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Ran::of(child.wait_with_output().unwrap())
    }
}

#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    fn of(output: Output) -> Ran {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn complaint(id: &str, at: &str) -> String {
    format!(
        r#"{{"id": "{id}", "signal": "complaint", "at": "{at}", "customer": "C1", "topic": "late", "comment": "my secret"}}"#
    )
}

fn feed(ats: &[&str]) -> String {
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
    let past = home.run_with(&[&effects[..], &["--until", "2026-03-01"]].concat(), &input);
    assert_eq!(past.code, Some(2), "{past:?}");
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
fn a_jump_ahead_of_the_lines_after_it_is_held_out() {
    let home = Home::new("jump");
    let input = feed(&["2026-03-16T10:00:00Z", "2062-03-16T11:00:00Z", "2026-03-17T10:00:00Z"]);
    let ran = home.run_with(&replay(&["--format", "jsonl"]), &input);
    let [line] = &ran.lines()[..] else { panic!("one firing: {ran:?}") };
    assert_eq!(line["signals"], serde_json::json!(["c1", "c3"]));
    assert!(ran.err.contains("standard input:2") && ran.err.contains("held out"), "{}", ran.err);
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
fn why_answers_for_a_firing_a_count_and_an_unknown_signal() {
    let home = Home::new("why");
    home.write("feed.jsonl", &feed(&["2026-03-16T10:00:00Z", "2026-03-17T10:00:00Z"]));
    let why = |signal: &str| {
        home.run(&["why", "--playbooks", "books", "--feed", "feed.jsonl", "--rule", "twice", "--signal", signal])
    };
    let fired = why("c2");
    assert_eq!(fired.code, Some(0), "{fired:?}");
    assert!(fired.out.contains("fired on this signal") && fired.out.contains("c1, c2"), "{}", fired.out);
    assert!(fired.out.contains("2 or more complaints") && fired.out.contains("books/care.play:6"), "{}", fired.out);
    assert!(fired.out.contains("yes 2 or more complaints within 7 days"), "{}", fired.out);
    assert!(fired.out.contains("topic is not \"test\"") && fired.out.contains("yes"), "{}", fired.out);
    let counted = why("c1");
    assert!(counted.out.contains("yes 2 or more complaints within 7 days"), "{}", counted.out);
    assert!(counted.out.contains("counts in the firing"), "{}", counted.out);
    let unknown = why("c22");
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.out.contains("Did you mean"), "{}", unknown.out);
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
    assert!(same.out.contains("1 of 1 live rules (100 %)"), "{}", same.out);
    home.write("books/care.play", &PLAYBOOK.replace("after 1 day", "after 2 days"));
    let differs = home.run(&["test", "books"]);
    assert_eq!(differs.code, Some(1));
    assert!(differs.out.contains("- ") && differs.out.contains("+ ") && differs.out.contains("due"), "{}", differs.out);
    home.write("books/care.test.yaml", &scenario.replace("Mon 2026-03-16", "Tue 2026-03-16"));
    let wrong = home.run(&["test", "books"]);
    assert!(wrong.out.contains("S003") && wrong.out.contains("Monday"), "{}", wrong.out);
}

#[test]
fn every_command_explains_itself_with_examples() {
    let home = Home::new("help");
    for verb in ["check", "replay", "why", "test"] {
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
    assert_eq!(ran.code, Some(0), "{}", ran.err);
}

const LATER: &str = r#"
playbook later "Later" version 1
time zone "Europe/Madrid"
owner "owner@example.test"

rule sample "Many complaints"
  when count of complaints
    over the last 7 days
    is at least 2
  for each customer
  check every day at 07:00
  then alert care_team
      saying "Many."

rule quiet "Nothing more was heard"
  when complaint
    not followed by praise
    for the same customer
    within 3 days
  then alert care_team
      saying "Nothing more."

rule ask "Ask again"
  when complaint
  unless customer.segment is "staff"
  then alert care_team
      saying "One."
    and after 1 day:
      alert care_team
        saying "Ask."
"#;

#[test]
fn why_tells_what_came_after_the_signal() {
    let home = Home::new("why_after");
    home.write(
        "books/vocabulary.yaml",
        &format!("{VOCABULARY}  praise: {{plural: praises, about: [customer], fields: {{}}}}\n"),
    );
    home.write("books/care.play", LATER);
    let why = |feed: &str, rule: &str, signal: &str| {
        home.write("feed.jsonl", feed);
        let ran =
            home.run(&["why", "--playbooks", "books", "--feed", "feed.jsonl", "--rule", rule, "--signal", signal]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        // The width of the screen wraps sentences.
        ran.out.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let one = feed(&["2026-03-16T10:00:00Z"]);
    let two = feed(&["2026-03-16T10:00:00Z", "2026-03-17T10:00:00Z"]);
    let end = complaint("z", "2026-03-30T10:00:00Z").replace("\"C1\"", "\"C9\"") + "\n";
    let praise =
        |at: &str| format!("{{\"id\": \"p1\", \"signal\": \"praise\", \"at\": \"{at}\", \"customer\": \"C1\"}}\n");

    let sample = why(&one, "sample", "c1");
    assert!(sample.contains("part of the sample, which the check looks at every day at 07:00."), "{sample}");
    assert!(sample.contains("The next one is Tue 2026-03-17 07:00; the feed ends before it."), "{sample}");
    let sample = why(&format!("{one}{end}"), "sample", "c1");
    assert!(sample.contains("The next one was Tue 2026-03-17 07:00. There, count of complaint"), "{sample}");
    assert!(sample.contains("the test does not hold; the test is at least 2."), "{sample}");

    let joined = why(&format!("{two}{end}"), "quiet", "c2");
    assert!(joined.contains("joins the one that c1 entered at Thu 2026-03-19 11:00."), "{joined}");
    let answered = why(&format!("{two}{}{end}", praise("2026-03-18T10:00:00Z")), "quiet", "c2");
    assert!(answered.contains("its wait was answered by p1 at Wed 2026-03-18 11:00."), "{answered}");
    let unfinished = why(&two, "quiet", "c2");
    assert!(unfinished.contains("it waits until Fri 2026-03-20 11:00, and the feed ends at Tue 2026-03-17 11:00."));
    let unasked = why(&praise("2026-03-18T10:00:00Z"), "quiet", "p1");
    assert!(unasked.contains("nothing waited for one"), "{unasked}");

    let planned = why(&one, "ask", "c1");
    assert!(planned.contains("ok unless customer.segment is \"staff\""), "{planned}");
    assert!(planned.contains("sent Mon 2026-03-16 11:00 alert care_team"), "{planned}");
    assert!(planned.contains("alert care_team, due Tue 2026-03-17 11:00"), "{planned}");
    let staff = "{\"thing\": \"customer\", \"id\": \"C1\", \"at\": \"2026-03-16T12:00:00Z\", \"facts\": {\"segment\": \"staff\"}}\n";
    let cancelled = why(&format!("{one}{staff}{end}"), "ask", "c1");
    assert!(cancelled.contains("cancelled Tue 2026-03-17 11:00 alert care_team"), "{cancelled}");
    let refused = why(&format!("{staff}{}", feed(&["2026-03-16T13:00:00Z"])), "ask", "c1");
    assert!(refused.contains("no unless customer.segment is \"staff\""), "{refused}");
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
    let beside = play("newer.play");
    assert!(beside.code == Some(1) && beside.out.contains("a folder called `reload`"), "{beside:?}");
    assert!(home.run(&["test", "--help"]).out.contains("`reload` beside the scenario file"));
}
