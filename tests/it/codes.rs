//! Every message code has a case: one in each syntax where it can occur in both, otherwise one in its own kind of file.
//!
//! Cases are the files of `tests/lang/err*`; what they give is in the snapshots beside them. This room adds the cases
//! that are whole folders (`tests/lang/err_folders`, run through the command line) and files too large to keep.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use touchline::lang::codes::ALL;
use touchline::lang::diagnostic::Diagnostic;
use touchline::lang::play;
use touchline::lang::render::{Look, human};
use touchline::lang::source::Sources;
use touchline::lang::yaml;
use touchline::template::Templates;

/// Codes that only one syntax can show, each with the reason. A code that stands in the other column all the same is
/// an error too, so the list cannot grow old.
const ONE_SYNTAX: [(&str, &str, &str); 12] = [
    ("P021", "play", "the header of YAML is made of keys: Y020, Y022"),
    ("P025", "play", "the keys of a rule in YAML have no order"),
    ("P026", "play", "a clause is a key in YAML: Y010"),
    ("P030", "play", "a text needs no quotes of its own in YAML"),
    ("P038", "play", "the verb of an action is a key in YAML: Y020"),
    ("P041", "play", "the parts of a timing are keys in YAML"),
    ("P042", "play", "a timing in YAML has no colon"),
    ("P051", "play", "`define` is one key in YAML, wherever it stands"),
    ("N019", "play", "two definitions of one name are two equal keys in YAML: Y010"),
    ("N025", "play", "a value given twice is two equal keys in YAML: Y010"),
    ("N026", "play", "an empty name is a key without a value in YAML: Y027"),
    ("T027", "play", "the place of a ladder is part of the shape in YAML: P043"),
];

/// Codes of the YAML skeleton that no playbook shows: only files that are read as plainly typed YAML.
const NO_CASE: [(&str, &str); 1] = [("Y028", "configuration files; held by the tests of lang::yaml::plain")];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Which kinds of files show which code.
#[derive(Default)]
struct Shown(BTreeMap<String, BTreeSet<&'static str>>);

impl Shown {
    /// Takes messages apart: `error[P001]: …`, then ` --> file:1:1`.
    fn add(&mut self, messages: &str) {
        let mut code = None;
        for line in messages.lines() {
            let head = ["error[", "warning[", "note["].iter().find_map(|head| line.strip_prefix(head));
            if let Some(head) = head {
                code = head.split(']').next();
            }
            if let (Some(path), Some(found)) = (line.trim_start().strip_prefix("--> "), code) {
                let file = path.split(':').next().unwrap_or(path);
                let kind = match file.rsplit('/').next().unwrap_or(file) {
                    name if name.ends_with(".play") => "play",
                    name if name.ends_with(".play.yaml") => "play.yaml",
                    name if name.ends_with(".test.yaml") => "scenario",
                    "touchline.yaml" => "configuration",
                    _ if file.contains("emails/") => "template",
                    _ => "vocabulary",
                };
                self.0.entry(found.to_owned()).or_default().insert(kind);
                code = None;
            }
        }
    }

    fn has(&self, code: &str, kind: &str) -> bool {
        self.0.get(code).is_some_and(|kinds| kinds.contains(kind))
    }
}

/// All snapshots below a folder.
fn snapshots(folder: &Path, shown: &mut Shown) {
    for entry in fs::read_dir(folder).expect("the folder can be read").flatten() {
        let path = entry.path();
        if path.is_dir() {
            snapshots(&path, shown);
        } else if path.extension().is_some_and(|extension| extension == "snap") {
            shown.add(&fs::read_to_string(&path).expect("a snapshot is text"));
        }
    }
}

#[test]
fn every_code_has_a_case_in_each_syntax_that_can_show_it() {
    let mut shown = Shown::default();
    snapshots(&root().join("tests/lang"), &mut shown);
    snapshots(&root().join("tests/it/snapshots"), &mut shown);
    for (_, messages) in generated() {
        shown.add(messages);
    }
    let mut missing = Vec::new();
    for (code, meaning) in ALL {
        let kinds: &[&str] = match &code[..1] {
            "P" | "N" | "T" | "L" => &["play", "play.yaml"],
            "Y" => &["play.yaml"],
            "V" => &["vocabulary"],
            "E" => &["template"],
            "C" => &["configuration"],
            _ => &["scenario"],
        };
        if NO_CASE.iter().any(|(excepted, _)| excepted == code) {
            continue;
        }
        let only = ONE_SYNTAX.iter().find(|(excepted, _, _)| excepted == code);
        for kind in kinds {
            let excepted = only.is_some_and(|(_, only, _)| only != kind);
            match shown.has(code, kind) {
                false if !excepted => missing.push(format!("{code} ({meaning}) has no case in *.{kind}")),
                true if excepted => missing.push(format!("{code} shows in *.{kind}: it is no exception")),
                _ => {}
            }
        }
    }
    let known: BTreeSet<&str> = ALL.iter().map(|(code, _)| *code).collect();
    missing
        .extend(shown.0.keys().filter(|code| !known.contains(code.as_str())).map(|code| format!("{code} is no code")));
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}

/// Files that are too large to keep, with the one message each of them is about.
fn generated() -> &'static [(&'static str, String)] {
    static GENERATED: OnceLock<Vec<(&str, String)>> = OnceLock::new();
    GENERATED.get_or_init(generate)
}

fn generate() -> Vec<(&'static str, String)> {
    let head = "playbook large \"Large\" version 1\n";
    let yaml_head = "playbook: large\ntitle: Large\nrules:\n";
    let words = "a and ".repeat(6_000);
    let broken = |count: usize| {
        (0..count).fold(head.to_owned(), |text, n| format!("{text}rule r{n} \"x\" when a b then alert c\n"))
    };
    let broken_yaml = (0..300).fold(yaml_head.to_owned(), |text, n| {
        format!("{text}- {{id: r{n}, title: x, when: {{signal: a b}}, then: [{{alert: c}}]}}\n")
    });
    let rule = format!("{head}rule one \"One\" when survey_response where {words} a then alert c\n");
    let rule_yaml = format!(
        "{yaml_head}- id: one\n  title: One\n  when: {{signal: survey_response, where: {words} a}}\n  then: [{{alert: c}}]\n"
    );
    let cases = [
        ("P001", "large.play", format!("{head}{}", "# text\n".repeat(150_000))),
        ("P001", "large.play.yaml", format!("{yaml_head}{}", "# text\n".repeat(150_000))),
        ("P005", "large.play", broken(5_300)),
        ("P005", "large.play.yaml", broken_yaml),
        ("P007", "large.play", rule),
        ("P007", "large.play.yaml", rule_yaml),
    ];
    let mut all: Vec<_> =
        cases.into_iter().map(|(code, name, text)| (code, told(name, text.as_bytes(), code))).collect();
    let mut sources = Sources::default();
    let mail =
        [("emails/a/en/body.txt".to_owned(), sources.add("emails/a/en/body.txt", "text ".repeat(14_000).as_bytes()))];
    let problems = Templates::build(&sources, &mail).1;
    all.push(("E007", human(&sources, &problems[..1], Look::PLAIN)));
    all
}

/// What one syntax alone says of a file.
fn read(name: &str, text: &[u8]) -> (Sources, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let file = sources.add(name, text);
    let reader = if name.ends_with(".yaml") { yaml::playbook::playbook } else { play::playbook };
    let (_, problems) = reader(&sources, file);
    (sources, problems)
}

fn told(name: &str, text: &[u8], code: &str) -> String {
    let (sources, mut problems) = read(name, text);
    problems.retain(|problem| problem.code == code);
    human(&sources, &problems, Look::PLAIN)
}

#[test]
fn files_too_large_to_keep_say_how_to_go_on() {
    let all: Vec<&str> = generated().iter().map(|(_, messages)| messages.as_str()).collect();
    insta::assert_snapshot!(all.concat());
}

/// Copies a folder of cases beside what they share.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("a case is a folder").flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("a file can be copied");
        }
    }
}

/// Mistakes that need several files. Each folder is checked as a person would check it; one whose name begins with
/// `test_` has its scenarios played, one that begins with `recorded` its feed. All have `shared/` beside them but those that bring or lack their own.
#[test]
fn mistakes_in_folders_give_the_messages_beside_them() {
    let cases = root().join("tests/lang/err_folders");
    let mut folders: Vec<PathBuf> = fs::read_dir(&cases)
        .expect("cases are there")
        .flatten()
        .map(|entry| entry.path())
        .filter(|p| p.is_dir())
        .collect();
    folders.sort();
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("../lang/err_folders");
    settings.set_omit_expression(true);
    for folder in folders {
        let name = folder.file_name().expect("it has a name").to_string_lossy().into_owned();
        if name == "shared" {
            continue;
        }
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("err_folders").join(&name);
        fs::remove_dir_all(&place).ok();
        copy(&folder, &place);
        if name != "alone" && !folder.join("vocabulary.yaml").exists() {
            copy(&cases.join("shared"), &place);
        }
        let words: &[&str] = match name.split('_').next() {
            Some("test") => &["test", "--accept", "."],
            Some("recorded") => &["check", ".", "--verbose", "--feed", "feed.jsonl"],
            _ => &["check", "."],
        };
        let run = Command::new(env!("CARGO_BIN_EXE_touchline")).args(words).current_dir(&place).output();
        let run = run.expect("the command runs");
        let text = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        settings.bind(|| insta::assert_snapshot!(name.as_str(), text));
    }
}

/// A warning in a folder with scenarios, silence about a folder without any, and a failure where warnings are denied.
#[test]
fn a_live_rule_without_a_scenario_fails_where_warnings_are_denied() {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("err_folders_denied");
    fs::remove_dir_all(&place).ok();
    copy(&root().join("tests/lang/err_folders/uncovered"), &place);
    copy(&root().join("tests/lang/err_folders/shared"), &place);
    let code = |words: &[&str]| {
        let run = Command::new(env!("CARGO_BIN_EXE_touchline")).args(words).current_dir(&place).output();
        run.expect("the command runs").status.code()
    };
    assert_eq!(code(&["check", "."]), Some(0));
    assert_eq!(code(&["check", ".", "--deny", "warnings"]), Some(1));
    assert_eq!(code(&["check", "no_scenarios", "--deny", "warnings"]), Some(0));
    assert_eq!(
        code(&["check", "care.play", "--deny", "warnings"]),
        Some(0),
        "one file alone is not asked for scenarios"
    );
}

/// The notice that more is wrong than is shown is no problem of its own, and what it stands for is counted.
#[test]
fn problems_that_are_not_shown_are_counted() {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("err_folders_many");
    fs::remove_dir_all(&place).ok();
    copy(&root().join("tests/lang/err_folders/shared"), &place);
    let book = |id: &str, rules: usize, rule: &dyn Fn(usize) -> String| {
        let rules: String = (0..rules).map(rule).collect();
        fs::write(place.join(format!("{id}.play")), format!("playbook {id} \"P\" version 1\n{rules}"))
            .expect("it is written");
    };
    let unknown = |n: usize| format!("rule r{n} \"R\" when no_such_signal then alert manager of store\n");
    let unread = |n: usize| format!("rule r{n} \"R\" when x y then alert manager of store\n");
    let last = |words: &[&str]| {
        let run = Command::new(env!("CARGO_BIN_EXE_touchline")).args(words).current_dir(&place).output();
        let run = run.expect("the command runs");
        assert_eq!(run.status.code(), Some(1));
        let text = String::from_utf8_lossy(&run.stdout).into_owned();
        (text.matches("error").count(), text.lines().last().unwrap_or_default().to_owned())
    };
    book("one", 1_201, &unknown);
    assert_eq!(last(&["check", "."]).1, "1,201 errors, 0 warnings; the first 200 are shown");
    let (errors, notice) = last(&["check", ".", "--format", "json"]);
    assert_eq!(errors, 200 + 1, "each problem shown, and one word in the notice");
    assert!(notice.contains("\"severity\":\"note\""), "{notice}");
    assert!(notice.ends_with("\"more\":{\"errors\":1001,\"warnings\":0,\"at_least\":false}}"), "{notice}");
    book("two", 5_100, &unread);
    assert_eq!(last(&["check", "."]).1, "at least 6,301 errors, 0 warnings; of one file the first 200 are shown");
}
