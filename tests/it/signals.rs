//! Lines of a feed: what is taken, and the field and reason of every refusal.

use std::fmt::Write;

use proptest::prelude::*;
use touchline::lang::source::Sources;
use touchline::signal::{FeedLine, Signal, parse, parse_line};
use touchline::value::Value;
use touchline::vocabulary::typed::print_value;
use touchline::vocabulary::{Vocabulary, read};

fn vocabulary_of(text: &str) -> Vocabulary {
    let mut sources = Sources::default();
    let file = sources.add("vocabulary.yaml", text.as_bytes());
    let (vocabulary, diagnostics) = read::vocabulary(&sources, file);
    assert!(!diagnostics.iter().any(|problem| problem.is_error()), "{diagnostics:?}");
    vocabulary.expect("it has no errors")
}

fn wire() -> Vocabulary {
    vocabulary_of(include_str!("../lang/signals/wire.yaml"))
}

fn print(signal: &Signal, vocabulary: &Vocabulary) -> String {
    let kind = vocabulary.signal_type(signal.kind);
    let mut out = format!("{} {:?} {:?} {}\n", kind.name, &*signal.id.source, &*signal.id.id, signal.at);
    for (field, value) in kind.fields.iter().zip(&signal.fields) {
        if !value.is_missing() {
            writeln!(out, "  {}: {} ({value:?})", field.name, print_value(value, &field.ty)).expect("a text takes all");
        }
    }
    out
}

#[test]
fn what_a_feed_may_say() {
    let vocabulary = wire();
    let mut out = String::new();
    for line in include_str!("../lang/signals/taken.jsonl").lines() {
        match parse_line(line, &vocabulary).unwrap_or_else(|refused| panic!("{line}: {refused}")) {
            FeedLine::Signal(signal) => out.push_str(&print(&signal, &vocabulary)),
            other => writeln!(out, "{other:?}").expect("a text takes all"),
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn every_refusal_names_the_field_and_the_reason() {
    let vocabulary = wire();
    let mut out = String::new();
    for line in include_str!("../lang/signals/refused.jsonl").lines() {
        let refused = parse_line(line, &vocabulary).expect_err(line);
        let short: String = line.chars().take(160).collect();
        writeln!(out, "{short}\n  → {refused}").expect("a text takes all");
    }
    insta::assert_snapshot!(out);
    assert!(!out.split("→").skip(1).any(|answer| answer.lines().next().is_some_and(|line| line.contains("secret"))));
}

#[test]
fn deep_nesting_and_many_keys_are_refused_at_once() {
    let vocabulary = wire();
    let head = r#"{"id":"1","signal":"survey_response","at":"2026-03-27T17:30:00Z","score":4"#;
    for value in ["[".repeat(100_000), format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))] {
        parse(&format!("{head},\"comment\":{value}}}"), &vocabulary).expect_err("a list is no text");
    }
    let keys: String = (0..100_000).map(|n| format!(",\"k{n}\":1")).collect();
    let refused = parse(&format!("{head}{keys}}}"), &vocabulary).expect_err("too many keys");
    assert_eq!(refused.to_string(), "the object has more than 1000 keys");
}

/// Every line of a shipped or real feed, under the vocabulary beside it.
#[test]
fn shipped_and_real_feeds_are_taken_whole() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut taken = 0;
    let mut folders = vec![root.join("playbooks/retail")];
    match crate::real_feedback::data() {
        Some(data) => folders.extend(["skytrax", "nyc311_noise", "baltimore311", "olist"].map(|set| data.join(set))),
        None => eprintln!("skipped in part: no folder with real feedback beside the checkout"),
    }
    for folder in folders {
        let Ok(text) = std::fs::read_to_string(folder.join("vocabulary.yaml")) else { continue };
        let vocabulary = vocabulary_of(&text);
        let inside = [folder.clone(), folder.join("feed")];
        let files = inside.iter().flat_map(std::fs::read_dir).flatten().flatten();
        for file in files.filter(|file| file.path().extension().is_some_and(|extension| extension == "jsonl")) {
            for (number, line) in std::fs::read_to_string(file.path()).expect("a feed is text").lines().enumerate() {
                if let Err(refused) = parse_line(line, &vocabulary) {
                    panic!("{}:{}: {refused}", file.path().display(), number + 1);
                }
                taken += 1;
            }
        }
    }
    assert!(taken > 1_000, "only {taken} lines were there to read");
}

#[test]
fn a_signal_moves_to_another_vocabulary_by_name() {
    let old = wire();
    let line = r#"{"id":"1","signal":"everything","at":"2026-03-27T17:30:00Z","customer":"C1","segment":"gold","wait":90,"number":4,"staff":true}"#;
    let signal = parse(line, &old).expect("it is right");
    let new = vocabulary_of(
        "vocabulary: New\nlanguages: [en]\nthings: {store: {}, customer: {}}\nsignals:\n  other: {}\n  everything:\n    about: [store, customer]\n    fields: {staff: text, wait: 'duration in hours, optional', segment: 'one of gold, iron', fresh: 'text, optional'}\n",
    );
    let moved = signal.remap(&old, &new).expect("the kind is there");
    assert_eq!(
        print(&moved, &new),
        "everything \"\" \"1\" 2026-03-27T17:30:00Z\n  customer: C1 (Id(\"C1\"))\n  wait: 1.5 hours (Duration(1h 30m))\n  segment: gold (Text(\"gold\"))\n"
    );
    assert_eq!(signal.remap(&old, &old), Some(signal.clone()));
    assert_eq!(signal.remap(&old, &vocabulary_of("vocabulary: Empty\nlanguages: [en]\n")), None);
    let facts = r#"{"thing":"customer","id":"C1","at":"2026-03-27T17:30:00Z","facts":{"segment":"gold","visits":3}}"#;
    let FeedLine::Facts { change, .. } = parse_line(facts, &old).expect("it is right") else { panic!("facts") };
    let newer =
        vocabulary_of("vocabulary: New\nlanguages: [en]\nthings: {customer: {visits: whole number, segment: text}}\n");
    let moved = change.remap(&old, &newer).expect("the thing is there");
    assert_eq!(
        moved.facts.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>(),
        [Value::Number(touchline::number::Number::from_whole(3))]
    );
}

proptest! {
    #[test]
    fn no_line_makes_it_panic(line in "\\PC{0,80}") {
        let _ = parse_line(&line, &wire());
    }

    /// Lines that are nearly right: any JSON value in any field.
    #[test]
    fn no_value_makes_it_panic(
        key in prop::sample::select(vec!["id", "at", "source", "customer", "number", "wait", "amount", "day", "hour", "zone", "email", "text"]),
        value in prop_oneof![
            "-?[0-9]{1,40}(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,12})?",
            "\"[^\"\\\\\\x00-\\x1f]{0,20}\"",
            Just("{\"amount\":1e999,\"currency\":\"EUR\"}".to_owned()),
            Just("[[]]".to_owned()), Just("null".to_owned()), Just("true".to_owned()),
            "\"[0-9T:Z+-]{1,24}\"",
        ],
        vocabulary in Just(wire()),
    ) {
        let line = format!("{{\"signal\":\"everything\",\"{key}\":{value}}}");
        let _ = parse_line(&line, &vocabulary);
        let full = format!("{{\"signal\":\"everything\",\"id\":\"1\",\"at\":\"2026-03-27T17:30:00Z\",\"{key}\":{value}}}");
        if let Ok(FeedLine::Signal(signal)) = parse_line(&full, &vocabulary) {
            print(&signal, &vocabulary);
        }
    }
}
