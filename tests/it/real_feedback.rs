//! Real public feedback with independently computed answers: every listed firing, to the signal, key and second.
//!
//! The data is not part of the product. A folder beside the checkout that holds `data/expected.json` is looked for, or
//! the one named by `TOUCHLINE_FEEDBACK`; without either these tests say that they were skipped.
//!
//! The same feeds made crooked (shuffled within lateness, 5 % duplicates, moved across both clock changes) are held to
//! the naive interpreter: `TOUCHLINE_FEEDBACK_LINES` says how many lines of each (200 unless said; 0 is all).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use touchline::compile;
use touchline::engine::input::Input;
use touchline::engine::ruleset::RuleSet;
use touchline::ir::Rule;
use touchline::lang::source::Sources;
use touchline::signal::{FeedLine, Signal, parse_line};

use crate::support::lockstep::Pair;
use crate::support::random::Dice;

/// Returns the folder with real feedback, if there is one to test with.
pub fn data() -> Option<PathBuf> {
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

/// How a feed is made crooked.
#[derive(Clone, Copy, Debug)]
enum Crooked {
    /// Each line comes up to its lateness after it happened.
    Shuffled,
    /// One line in twenty comes twice.
    Repeated,
    /// Its middle lies on this instant of Madrid's clocks, and so do the rules.
    Moved(&'static str),
}

fn rule_set(set: &Path, zone: Option<&str>) -> Arc<RuleSet> {
    let mut sources = Sources::default();
    let mut paths: Vec<PathBuf> = std::fs::read_dir(set).unwrap().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|end| end == "play" || end == "yaml")) {
        sources.add(path.to_string_lossy(), &std::fs::read(path).unwrap());
    }
    // Without a directory nobody is known to fill a role or not to; the comparison is about who does.
    let directory = "company: {owner: cx@example.test, roles: {care_team: [care@example.test]}}";
    sources.add(set.join("directory.yaml").to_string_lossy(), directory.as_bytes());
    let project = compile::project(&sources, &compile::Options::default());
    let unit = &project.units[0];
    let zone = zone.map(|zone| TimeZone::get(zone).unwrap());
    let rules = unit.rules.iter().map(|rule| match &zone {
        Some(zone) => Arc::new(Rule { zone: zone.clone(), ..(**rule).clone() }),
        None => rule.clone(),
    });
    let rules = rules.collect();
    Arc::new(RuleSet::new(unit.vocabulary.clone(), unit.directory.clone(), unit.templates.clone(), rules))
}

fn signals(set: &Path, rules: &RuleSet) -> Vec<Signal> {
    let lines = std::env::var("TOUCHLINE_FEEDBACK_LINES").ok().and_then(|lines| lines.parse().ok()).unwrap_or(200);
    let text = std::fs::read_to_string(set.join("signals.jsonl")).unwrap();
    let signals = text.lines().map(|line| match parse_line(line, &rules.vocabulary) {
        Ok(FeedLine::Signal(signal)) => signal,
        other => panic!("{line}: {other:?}"),
    });
    if lines == 0 { signals.collect() } else { signals.take(lines).collect() }
}

fn crooked(signals: Vec<Signal>, how: Crooked, rules: &RuleSet, dice: &mut Dice) -> Vec<Signal> {
    match how {
        Crooked::Shuffled => {
            let mut arrivals: Vec<(Timestamp, usize, Signal)> = Vec::new();
            for (place, signal) in signals.into_iter().enumerate() {
                let lateness = rules.vocabulary.signal_type(signal.kind).lateness().as_secs();
                let late = if dice.once_in(3) { dice.below(lateness as usize) as i64 } else { 0 };
                arrivals.push((signal.at + SignedDuration::from_secs(late), place, signal));
            }
            arrivals.sort_by_key(|(arrival, place, _)| (*arrival, *place));
            arrivals.into_iter().map(|(_, _, signal)| signal).collect()
        }
        Crooked::Repeated => {
            let mut all: Vec<Signal> = Vec::new();
            for signal in signals {
                all.push(signal);
                if dice.once_in(20) {
                    let again = all[all.len() - 1 - dice.below(all.len().min(30))].clone();
                    all.push(again);
                }
            }
            all
        }
        Crooked::Moved(middle) => {
            let middle: Timestamp = middle.parse().unwrap();
            let by = middle.duration_since(signals[signals.len() / 2].at);
            signals.into_iter().map(|signal| Signal { at: signal.at + by, ..signal }).collect()
        }
    }
}

fn agree(set_name: &str, how: Crooked) {
    let Some(data) = data() else {
        eprintln!("skipped: no folder with real feedback (data/expected.json) beside the checkout");
        return;
    };
    let set = data.join(set_name);
    let zone = matches!(how, Crooked::Moved(_)).then_some("Europe/Madrid");
    let rules = rule_set(&set, zone);
    let mut dice = Dice::new(7);
    let signals = crooked(signals(&set, &rules), how, &rules, &mut dice);
    assert!(signals.len() > 100, "{set_name} has feedback");
    let (mut pair, mut clock) = (Pair::of(rules), Timestamp::MIN);
    for signal in signals {
        let now = clock.max(signal.at);
        let told = pair.pass(clock, now, 0).and_then(|()| pair.input(Input::Signal(signal), now, 0));
        if let Err(told) = told {
            let end: Vec<&str> = told.lines().rev().take(30).collect();
            panic!("{set_name} {how:?}:\n{}", end.into_iter().rev().collect::<Vec<_>>().join("\n"));
        }
        clock = now;
    }
}

const SETS: [&str; 4] = ["skytrax", "nyc311_noise", "baltimore311", "olist"];

#[test]
fn shuffled_within_lateness_engine_and_naive_interpreter_agree() {
    SETS.iter().for_each(|set| agree(set, Crooked::Shuffled));
}

#[test]
fn with_duplicates_engine_and_naive_interpreter_agree() {
    SETS.iter().for_each(|set| agree(set, Crooked::Repeated));
}

#[test]
fn across_both_clock_changes_engine_and_naive_interpreter_agree() {
    for set in SETS {
        agree(set, Crooked::Moved("2026-03-29T01:00:00Z"));
        agree(set, Crooked::Moved("2026-10-25T01:00:00Z"));
    }
}
