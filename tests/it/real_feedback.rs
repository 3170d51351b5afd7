//! Real public feedback with independently computed answers: every listed firing, to the signal, key and second.
//!
//! The data is not part of the product. A folder beside the checkout that holds `data/expected.json` is looked for, or
//! the one named by `TOUCHLINE_FEEDBACK`; without either these tests say that they were skipped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn data() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("TOUCHLINE_FEEDBACK") {
        return Some(PathBuf::from(folder));
    }
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let mut folders: Vec<PathBuf> = std::fs::read_dir(beside).ok()?.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    folders.into_iter().map(|folder| folder.join("data")).find(|data| data.join("expected.json").is_file())
}

/// Runs `replay` as a user would and returns its firings by rule id.
fn replay(set: &Path) -> BTreeMap<String, Vec<Value>> {
    let run = Command::new(env!("CARGO_BIN_EXE_touchline"))
        .args(["replay", "--format", "jsonl", "--show", "firings", "--playbooks"])
        .arg(set)
        .arg("--feed")
        .arg(set.join("signals.jsonl"))
        .output()
        .expect("the command runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let mut firings: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in String::from_utf8(run.stdout).expect("UTF-8").lines() {
        let firing: Value = serde_json::from_str(line).expect("a JSON object a line");
        let rule = format!("{}/{}", firing["playbook"].as_str().unwrap(), firing["rule"].as_str().unwrap());
        firings.entry(rule).or_default().push(firing);
    }
    firings
}

/// Returns the rules of a set: id and title, from the playbooks as they stand.
fn rules(set: &Path) -> Vec<(String, String)> {
    let mut rules = Vec::new();
    for entry in std::fs::read_dir(set).expect("the set is a folder").flatten() {
        if entry.path().extension().is_none_or(|extension| extension != "play") {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).expect("a playbook is readable");
        let mut playbook = String::new();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some("playbook"), Some(id)) => playbook = id.to_owned(),
                (Some("rule"), Some(id)) => {
                    let title = line.split('"').nth(1).expect("a rule has a title").to_owned();
                    rules.push((format!("{playbook}/{id}"), title));
                }
                _ => {}
            }
        }
    }
    rules
}

/// One firing in the form of the expected list of its shape.
fn listed(question: &str, firing: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let at = text(&firing["at"]).expect("a firing has a time");
    let key = firing["key"].as_object().expect("a key is an object").values().next().and_then(text);
    let signal = text(&firing["signal"]);
    match () {
        () if question.contains("not followed by") => vec![signal.expect("an absence has its A"), at],
        () if question.starts_with("average") => vec![at, key.expect("a measure has its key")],
        () if question.starts_with("each") && !question.contains("at most once") => {
            vec![at, signal.expect("a signal triggered it")]
        }
        () => vec![at, signal.expect("a signal triggered it"), key.expect("it has a key")],
    }
}

fn check(set_name: &str) {
    let Some(data) = data() else {
        eprintln!("skipped: no folder with real feedback (data/expected.json) beside the checkout");
        return;
    };
    let expected: Value =
        serde_json::from_str(&std::fs::read_to_string(data.join("expected.json")).expect("readable")).expect("JSON");
    let set = data.join(set_name);
    let (rules, firings) = (rules(&set), replay(&set));
    let mut asked = 0;
    for (question, answer) in expected[set_name].as_object().expect("questions") {
        let mine: Vec<&(String, String)> = rules.iter().filter(|(_, title)| same_question(question, title)).collect();
        assert_eq!(mine.len(), 1, "which rule asks {question:?}? {mine:?}");
        let none = Vec::new();
        let fired = firings.get(&mine[0].0).unwrap_or(&none);
        assert_eq!(fired.len() as u64, answer["n"].as_u64().expect("a count"), "{set_name}: {question}");
        let listed_here: Vec<Vec<String>> = fired.iter().map(|firing| listed(question, firing)).collect();
        let first = answer["first"].as_array().expect("a list");
        for (place, (is, should)) in listed_here.iter().zip(first).enumerate() {
            let should: Vec<String> =
                should.as_array().expect("a list").iter().filter_map(|v| v.as_str().map(str::to_owned)).collect();
            assert_eq!(*is, should, "{set_name}: {question}: firing {place}");
        }
        assert!(first.len() <= fired.len(), "{set_name}: {question}: fewer firings than listed");
        asked += 1;
    }
    assert_eq!(asked, rules.len(), "every rule of {set_name} answers a question");
}

/// Titles are the questions, cut short.
fn same_question(question: &str, title: &str) -> bool {
    question.to_lowercase().starts_with(&title.to_lowercase())
}

#[test]
fn skytrax_answers_as_expected() {
    check("skytrax");
}

#[test]
fn nyc311_noise_answers_as_expected() {
    check("nyc311_noise");
}

#[test]
fn baltimore311_answers_as_expected() {
    check("baltimore311");
}

#[test]
fn olist_answers_as_expected() {
    check("olist");
}
