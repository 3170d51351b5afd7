//! Hostile input: whatever the file holds, compiling ends in a message, soon and in little memory.
//!
//! Times are never asserted exactly, because machines differ: a watchdog far above the goal of two seconds ends a hang. The
//! command is given processor time for it, which a busy machine does not use up.
//! To see what each case takes: `cargo test --release --test it hostile -- --nocapture`.

#![allow(clippy::disallowed_methods)]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use touchline::compile::{Options, project};
use touchline::lang::diagnostic::Diagnostic;
use touchline::lang::source::Sources;

/// Far above the two seconds of a release build, so that only a hang is caught.
const WATCHDOG: Duration = Duration::from_secs(240);
const HEAD: &str = "playbook p \"P\" version 1\n";
const GOOD: &str = "rule r \"R\"\n  when survey_response where score is at most 3\n  at most once every 7 days per store\n  \
                    then alert manager of store\n";

/// What has to come out.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    /// At least one error.
    Refused,
    /// No error.
    Accepted,
}

struct Case {
    name: &'static str,
    file: &'static str,
    bytes: Vec<u8>,
    outcome: Outcome,
}

fn refused(name: &'static str, file: &'static str, bytes: impl Into<Vec<u8>>) -> Case {
    Case { name, file, bytes: bytes.into(), outcome: Outcome::Refused }
}

fn accepted(name: &'static str, file: &'static str, bytes: impl Into<Vec<u8>>) -> Case {
    Case { name, file, bytes: bytes.into(), outcome: Outcome::Accepted }
}

fn rule(condition: &str) -> String {
    format!("{HEAD}rule r \"R\"\n  when survey_response where {condition}\n  then alert manager of store\n")
}

/// Rules with a clause that repeats a piece.
fn rules_of(rules: usize, clause: &str, piece: &str, times: usize) -> String {
    let rule = |n: usize| format!("rule r{n} \"R\"\n  when survey_response {clause}{}\n", piece.repeat(times));
    format!("{HEAD}{}", repeated(rule, rules))
}

/// A rule whose ladder no other rule has.
fn ladder(n: usize) -> String {
    format!(
        "rule r{n} \"R\" when 2 or more complaints for the same customer within 2 days then escalate until acknowledged \
         now: alert manager of store after {} business minutes: alert manager of store after {} minutes: alert manager of store\n",
        n + 1,
        n + 2
    )
}

fn yaml(rules: &str) -> String {
    format!("playbook: p\ntitle: P\nversion: 1\nrules:\n{rules}")
}

fn repeated(unit: impl Fn(usize) -> String, times: usize) -> String {
    (0..times).map(unit).collect()
}

fn sentences() -> Vec<Case> {
    let play = "p.play";
    let nested = |depth| format!("{}score is 3{}", "(".repeat(depth), ")".repeat(depth));
    vec![
        accepted("a good rule", play, format!("{HEAD}{GOOD}")),
        accepted("a byte order mark", play, format!("\u{feff}{HEAD}{GOOD}")),
        accepted("carriage returns", play, format!("{HEAD}{GOOD}").replace('\n', "\r\n")),
        refused("an empty file", play, ""),
        refused("only zeros", play, vec![0; 100_000]),
        refused("a zero in a rule", play, format!("{HEAD}{GOOD}").replace("score", "sc\0re")),
        refused("text turned around", play, format!("{HEAD}{GOOD}").replace("\"R\"", "\"R\u{202e}x\u{2066}\"")),
        refused("bytes that are no text", play, [HEAD.as_bytes(), b"rule r \"\xff\xfe\xc3\" when x then y"].concat()),
        refused("100,000 open brackets", play, rule(&"(".repeat(100_000))),
        refused("100,000 nested brackets", play, rule(&nested(100_000))),
        refused("65 nested brackets", play, rule(&nested(65))),
        refused("a line of 10 MB", play, format!("{HEAD}# {}", "x".repeat(10_000_000))),
        refused("a line of 900 KB", play, rule(&"x".repeat(900_000))),
        refused("900 KB of quotes", play, rule(&"\"".repeat(900_000))),
        refused("900 KB of back-ticks", play, rule(&"`".repeat(900_000))),
        refused("a text that never ends", play, rule(&format!("comment is \"{}", "x ".repeat(400_000)))),
        refused(
            "80,000 conditions mixed",
            play,
            rule(&repeated(|n| format!("score is {n} {} ", ["and", "or"][n % 2]), 40_000)),
        ),
        refused("40 rules of broken conditions", play, rules_of(40, "where ", "a b and ", 2_500)),
        refused("40 rules of broken names", play, rules_of(40, "where ", "x < y and ", 2_000)),
        refused("40 rules of brackets", play, rules_of(40, "where ", "( a and ) b or ", 1_200)),
        refused("40 rules of broken actions", play, rules_of(40, "then ", "alert a b\nalrt c\n", 1_200)),
        refused("40 rules of parts of triggers", play, rules_of(40, "", "for the same a within b where c ", 700)),
        refused("40 rules of misspelt words", play, rules_of(40, "where ", "x is atleast 3 and ", 1_200)),
        refused(
            "20,000 broken rules",
            play,
            format!("{HEAD}{}", repeated(|n| format!("rule r{n} \"R\" whn x then\n"), 20_000)),
        ),
        refused("20,000 unfinished rules", play, format!("{HEAD}{}", repeated(|n| format!("rule r{n} \"\n"), 20_000))),
        refused("100,000 times the word rule", play, format!("{HEAD}{}", "rule ".repeat(100_000))),
        refused("one id 5,000 times", play, format!("{HEAD}{}", GOOD.repeat(5_000))),
        refused(
            "4,000 different ladders, one wrong name",
            play,
            format!("{HEAD}{}rule last \"L\" when complant then alert manager of store\n", repeated(ladder, 4_000)),
        ),
        refused(
            "13,800 rules with several mistakes",
            play,
            format!(
                "{HEAD}{}",
                repeated(
                    |n| format!("rule r{n} \"R\" when survey_respons where scroe is atleast 4 then alrt x\n"),
                    13_800
                )
            ),
        ),
        refused(
            "5,000 times atmost once",
            play,
            format!("{HEAD}rule r \"R\" when x {}then alert x\n", "atmost once ".repeat(4_900)),
        ),
        refused("a number of 100,000 digits", play, rule(&format!("score is {}", "9".repeat(100_000)))),
        refused("a script that nests", play, rule(&format!("`{}1{} > 0`", "(".repeat(2_000), ")".repeat(2_000)))),
        refused("a script of minus signs", play, rule(&format!("`{}1 > 0`", "-".repeat(3_900)))),
        refused(
            "definitions in a circle",
            play,
            format!("{HEAD}define a as b\ndefine b as a\n{GOOD}").replace("score is at most 3", "a"),
        ),
        refused(
            "definitions that double",
            play,
            format!(
                "{HEAD}define d0 as score is 1\n{}{}",
                repeated(|n| format!("define d{} as (d{n} and d{n})\n", n + 1), 40),
                GOOD.replace("score is at most 3", "d40")
            ),
        ),
    ]
}

fn nodes() -> Vec<Case> {
    let file = "p.play.yaml";
    let aliases = repeated(|n| format!("a{}: &a{} [{}]\n", n + 1, n + 1, vec![format!("*a{n}"); 10].join(", ")), 60);
    let good = "- {id: r, title: R, when: {signal: survey_response, where: score is at most 3}, at_most: once every 7 days per store, \
                then: [{alert: manager of store}]}\n";
    vec![
        accepted("a good rule", file, yaml(good)),
        accepted(
            "a byte order mark and carriage returns",
            file,
            format!("\u{feff}{}", yaml(good)).replace('\n', "\r\n"),
        ),
        refused("an empty file", file, ""),
        refused("aliases that multiply", file, format!("a0: &a0 [x]\n{aliases}")),
        refused("one alias", file, yaml(good).replace("title: P", "title: &t P\nowner: *t")),
        refused("a tag", file, yaml(good).replace("version: 1", "version: !!int 1")),
        refused("400 KB of nested mappings", file, "{a: ".repeat(100_000)),
        refused("100,000 brackets", file, "[".repeat(100_000)),
        refused("100,000 dashes", file, "- ".repeat(100_000)),
        refused("duplicate keys", file, yaml(good).replace("title: P", "title: P\ntitle: Q")),
        refused("150,000 duplicate keys", file, "a: b\n".repeat(150_000)),
        refused("a line of 10 MB", file, yaml(&format!("- {{id: {}}}\n", "x".repeat(10_000_000)))),
        refused("20,000 broken rules", file, yaml(&repeated(|n| format!("- {{id: r{n}, when: \"x}}\n"), 20_000))),
        refused(
            "20,000 rules without sense",
            file,
            yaml(&repeated(|n| format!("- {{id: r{n}, when: {{sgnal: x}}}}\n"), 20_000)),
        ),
        refused(
            "20,000 rules without their dash",
            file,
            yaml(&repeated(
                |n| format!("{}id: r{n}\n  title: R\n  when: {{signl: x}}\n", if n == 0 { "- " } else { "  " }),
                20_000,
            )),
        ),
        refused(
            "entries in two columns",
            file,
            yaml(&repeated(|n| format!("{}- id: r{n}\n   whn: x\n", " ".repeat(n % 2)), 20_000)),
        ),
        refused(
            "keys that slipped to the first column",
            file,
            yaml(&repeated(|n| format!("- id: r{n}\nwhen: {{signal: x}}\n"), 20_000)),
        ),
        refused(
            "dashes without a space",
            file,
            yaml(&repeated(|n| format!("{}id: r{n}\n  when: x\n", if n == 0 { "- " } else { "-" }), 20_000)),
        ),
        refused(
            "9,700 rules with several mistakes",
            file,
            yaml(&repeated(
                |n| {
                    format!(
                        "- {{id: r{n}, title: R, when: {{signal: survey_respons, where: scroe is atleast 4}}, then: [{{alrt: x}}]}}\n"
                    )
                },
                9_700,
            )),
        ),
        refused(
            "13,000 conditions mixed",
            file,
            yaml(&repeated(
                |n| format!("- {{id: r{n}, when: {{signal: complaint, where: a and b or c and d or e}}}}\n"),
                13_000,
            )),
        ),
        refused("zeros", file, vec![0; 100_000]),
        refused("bytes that are no text", file, [yaml(good).as_bytes(), b"# \xff\xfe\n"].concat()),
        refused("text turned around", file, yaml(good).replace("title: R", "title: R\u{202e}x")),
    ]
}

fn places() -> Vec<Case> {
    let vocabulary = shipped("vocabulary.yaml");
    let many = |kind: &str, unit: fn(usize) -> String| format!("{vocabulary}\n{kind}:\n{}", repeated(unit, 15_000));
    vec![
        refused("a vocabulary of brackets", "vocabulary.yaml", "{things: ".repeat(50_000)),
        refused("a vocabulary of zeros", "vocabulary.yaml", vec![0; 10_000]),
        refused(
            "a second list of lexicons",
            "vocabulary.yaml",
            many("lexicons", |n| format!("  l{n}: {{en: [\"w{n}*\"]}}\n")),
        ),
        refused("a directory of brackets", "directory.yaml", "[".repeat(100_000)),
        refused("a store within itself", "directory.yaml", "region: {R1: {region: R1}}\nstore: {S1: {region: S1}}\n"),
        refused(
            "a calendar without hours",
            "vocabulary.yaml",
            vocabulary.replace("calendars:", "calendars:\n  c: Someday"),
        ),
        refused("a template without end", "emails/m/en/body.txt", "{% if x %}".repeat(5_000)),
        refused("a template of brackets", "emails/m/en/body.txt", format!("{{{{ {} }}}}", "(".repeat(50_000))),
        refused(
            "a template of brackets that close",
            "emails/m/en/body.txt",
            format!("{{{{ {}x{} }}}}", "[".repeat(20_000), "]".repeat(20_000)),
        ),
        refused("a template of minus signs", "emails/m/en/body.txt", format!("{{{{ {}1 }}}}", "-".repeat(60_000))),
        refused("a template of 10 MB", "emails/m/en/body.txt", "x".repeat(10_000_000)),
    ]
}

fn cases() -> impl Iterator<Item = Case> {
    [sentences(), nodes(), places()].into_iter().flatten()
}

fn shipped(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/retail").join(name)).unwrap()
}

fn files(case: &Case) -> Vec<(String, Vec<u8>)> {
    let mut files = vec![(case.file.to_owned(), case.bytes.clone())];
    let others = [
        ("vocabulary.yaml", shipped("vocabulary.yaml")),
        ("directory.yaml", shipped("directory.yaml")),
        ("p.play", format!("{HEAD}{GOOD}")),
    ];
    let has_playbook = case.file.starts_with("p.");
    for (name, text) in others {
        if name != case.file && !(name == "p.play" && has_playbook) {
            files.push((name.to_owned(), text.into_bytes()));
        }
    }
    if case.file.starts_with("emails/") {
        files.push(("emails/m/template.yaml".to_owned(), b"class: survey\nfallback: en\n".to_vec()));
        files.push(("emails/m/en/subject.txt".to_owned(), b"Good day\n".to_vec()));
    }
    files
}

/// Compiles the files on a thread of its own and returns its errors and the number of messages; `None` for a hang.
fn compile(case: &Case) -> Option<(Vec<String>, usize)> {
    let files = files(case);
    let (done, wait) = mpsc::channel();
    thread::spawn(move || {
        let mut sources = Sources::default();
        for (path, bytes) in files {
            sources.add(path, &bytes);
        }
        let project = project(&sources, &Options::default());
        let errors = project.diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
        let told =
            |error: &Diagnostic| format!("{}: {} ({})", error.code, error.message, error.help.as_deref().unwrap_or(""));
        // Whoever waited may have given up.
        let _ = done.send((errors.map(told).collect(), project.diagnostics.len()));
    });
    wait.recv_timeout(WATCHDOG).ok()
}

/// Says what is wrong with what came out, if anything is.
fn judge(case: &Case) -> Option<String> {
    let Some((errors, told)) = compile(case) else { return Some("it hangs or panics".to_owned()) };
    let outcome = if errors.is_empty() { Outcome::Accepted } else { Outcome::Refused };
    if outcome != case.outcome {
        return Some(format!("{outcome:?}: {:?}", errors.first()));
    }
    let longest = errors.iter().map(String::len).max().unwrap_or(0);
    if told > 300 || longest > 2_000 {
        return Some(format!("{told} messages, the longest of {longest} bytes"));
    }
    None
}

#[test]
fn every_hostile_file_ends_in_a_message() {
    let mut failed = Vec::new();
    for case in cases() {
        let begun = Instant::now();
        let wrong = judge(&case);
        println!("{:>6} ms  {}: {}", begun.elapsed().as_millis(), case.file, case.name);
        failed.extend(wrong.map(|wrong| format!("{}: {}: {wrong}", case.file, case.name)));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// The same through the command, with 1 GB of memory: the message is printed, and neither memory nor time run out.
#[cfg(unix)]
#[test]
fn the_command_survives_them_in_one_gigabyte() {
    for case in cases() {
        let folder = std::env::temp_dir().join(format!("touchline-hostile-{}", std::process::id()));
        for (path, bytes) in files(&case) {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let begun = Instant::now();
        let script = "ulimit -v 1048576; ulimit -t 40; exec timeout 600 \"$0\" check \"$1\"";
        let output =
            Command::new("bash").args(["-c", script, env!("CARGO_BIN_EXE_touchline")]).arg(&folder).output().unwrap();
        println!("{:>6} ms  touchline check, {}: {}", begun.elapsed().as_millis(), case.file, case.name);
        fs::remove_dir_all(&folder).unwrap();
        let expected = if case.outcome == Outcome::Refused { 1 } else { 0 };
        let told = String::from_utf8_lossy(&output.stderr).chars().take(500).collect::<String>();
        assert_eq!(output.status.code(), Some(expected), "{} in {}: {told}", case.name, case.file);
        let printed = output.stdout.len() + output.stderr.len();
        assert!(printed < 4_000_000, "{} in {}: {printed} bytes printed", case.name, case.file);
    }
}
