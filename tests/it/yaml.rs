//! Playbooks in YAML as data: each file of `tests/lang/ok` gives the same tree as the `.play` file beside it, each of
//! `tests/lang/err` the messages in its snapshot. Adding a case needs no Rust.

use std::path::Path;

use proptest::prelude::*;

use touchline::lang::diagnostic::Diagnostic;
use touchline::lang::play;
use touchline::lang::render::{Look, human};
use touchline::lang::source::{FileNo, Sources};
use touchline::lang::tree::{Playbook, Syntax, Trigger, Word};
use touchline::lang::yaml;

fn read(path: &Path) -> (Sources, Playbook, Vec<Diagnostic>) {
    let bytes = std::fs::read(path).expect("the case can be read");
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut sources = Sources::default();
    let file = sources.add(&name, &bytes);
    let reader = if name.ends_with(".yaml") { yaml::playbook::playbook } else { play::playbook };
    let (playbook, problems) = reader(&sources, file);
    (sources, playbook, problems)
}

/// Prints a tree without places and without what only one syntax can say.
pub fn plain(mut playbook: Playbook) -> String {
    playbook.file = FileNo(0);
    playbook.syntax = Syntax::Play;
    playbook.comments.clear();
    // YAML names a counted signal in the singular.
    let singular = |word: &mut Word| word.node = word.node.trim_end_matches('s').to_owned();
    playbook.every_rule.sort_by_key(|guard| guard.unless);
    for rule in &mut playbook.rules {
        // YAML has one key for all `only if` and one for all `unless`.
        rule.guards.sort_by_key(|guard| guard.unless);
        match &mut rule.when.node {
            Trigger::Count { source, .. } => singular(&mut source.signal),
            Trigger::Measure { enough: Some(enough), .. } => singular(&mut enough.signal),
            _ => {}
        }
    }
    without_spans(&format!("{playbook:#?}"))
}

/// Drops every `Span { … }` of a tree printed with `{:#?}`.
fn without_spans(text: &str) -> String {
    let mut lines = Vec::new();
    let mut skip_until: Option<usize> = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        match skip_until {
            Some(end) if indent > end => continue,
            Some(_) => skip_until = None,
            None if line.ends_with("span: Span {") => skip_until = Some(indent),
            None => lines.push(line),
        }
    }
    lines.join("\n")
}

#[test]
fn both_syntaxes_give_one_tree() {
    let mut pairs = 0;
    insta::glob!("../lang/ok", "*.play.yaml", |path| {
        let (sources, from_yaml, problems) = read(path);
        let messages = human(&sources, &problems, Look::PLAIN);
        assert!(messages.is_empty(), "{}:\n{messages}", path.display());
        let beside = path.with_extension("");
        let (_, from_play, problems) = read(&beside);
        assert!(problems.is_empty(), "{}", beside.display());
        assert!(!from_play.rules.is_empty());
        let (left, right) = (plain(from_play), plain(from_yaml));
        let diff = similar::TextDiff::from_lines(&left, &right).unified_diff().context_radius(6).to_string();
        assert!(left == right, "{}:\n{diff}", path.display());
        pairs += 1;
    });
    assert!(pairs >= 2);
}

/// Reads both forms of the rule that a pair of blocks of the manual shows.
fn both(from_yaml: &str, from_play: &str) -> [(String, Vec<Diagnostic>); 2] {
    let indented: String = from_yaml.lines().map(|line| format!("  {line}\n")).collect();
    let mut yaml_text = format!("playbook: p\ntitle: P\nrules:\n- id: r\n  title: R\n{indented}");
    let mut play_text = format!("playbook p \"P\"\nrule r \"R\"\n{from_play}");
    if !from_yaml.contains("then:") {
        yaml_text += "  then: [{alert: care_team}]\n";
        play_text += "\nthen alert care_team\n";
    }
    if !from_yaml.contains("when:") {
        yaml_text += "  when: {signal: complaint}\n";
        play_text = play_text.replacen("rule r \"R\"\n", "rule r \"R\"\nwhen complaint\n", 1);
    }
    let mut sources = Sources::default();
    let yaml_file = sources.add("manual.play.yaml", yaml_text.as_bytes());
    let play_file = sources.add("manual.play", play_text.as_bytes());
    let (from_yaml, yaml_problems) = yaml::playbook::playbook(&sources, yaml_file);
    let (from_play, play_problems) = play::playbook(&sources, play_file);
    let problems = [yaml_problems, play_problems];
    let messages = human(&sources, &problems.concat(), Look::PLAIN);
    assert!(messages.is_empty(), "{messages}");
    let [left, right] = problems;
    [(plain(from_yaml), left), (plain(from_play), right)]
}

#[test]
fn each_example_of_the_manual_says_the_same_in_both_syntaxes() {
    let manual = include_str!("../../grammar/YAML.md");
    let mut blocks = Vec::new();
    for part in manual.split("```").skip(1).step_by(2) {
        let (kind, text) = part.split_once('\n').expect("a block has a first line");
        blocks.push((kind, text));
    }
    let mut pairs = 0;
    for pair in blocks.windows(2) {
        if let [("yaml", from_yaml), ("play", from_play)] = pair {
            let [(left, _), (right, _)] = both(from_yaml, from_play);
            assert_eq!(left, right, "{from_yaml}");
            assert!(left.contains("kind: ") && left.contains("rules: ["), "{left}");
            pairs += 1;
        }
    }
    assert!(pairs >= 12, "only {pairs} pairs");
}

/// All YAML files below a folder.
fn yaml_files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be read").flatten() {
        let path = entry.path();
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
}

#[test]
fn another_parser_reads_the_same_text_from_every_shipped_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    yaml_files(&root.join("playbooks"), &mut files);
    yaml_files(&root.join("tests/lang/ok"), &mut files);
    assert!(files.len() >= 6, "{files:?}");
    for path in files {
        let mut sources = Sources::default();
        let file = sources.add(path.to_string_lossy(), &std::fs::read(&path).expect("the file can be read"));
        let (root, _, problems) = yaml::parse::parse(&sources, file);
        assert!(problems.is_empty(), "{}", human(&sources, &problems, Look::PLAIN));
        let root = root.expect("the file holds something");
        yaml::plain::compare(&sources, file, &root)
            .unwrap_or_else(|difference| panic!("{}: {difference}", path.display()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// A playbook with holes and strangers in it gives a tree and messages, never a panic.
    #[test]
    fn damaged_playbooks_are_read_to_their_end(
        damage in prop::collection::vec((0.0..1.0f64, 0usize..40, prop::sample::select(vec!["", "\t", "- ", ": ", "{", "]", "\"", "\n", "x", " #", "=", "ł", "&a", "where: "])), 1..4),
    ) {
        let mut text = include_str!("../lang/ok/every_shape.play.yaml").to_owned();
        for (place, length, with) in damage {
            let floor = |mut at: usize| { while !text.is_char_boundary(at) { at -= 1; } at };
            let start = floor((place * text.len() as f64) as usize);
            let end = floor((start + length).min(text.len()));
            text.replace_range(start..end, with);
        }
        let mut sources = Sources::default();
        let file = sources.add("damaged.play.yaml", text.as_bytes());
        let (playbook, problems) = yaml::playbook::playbook(&sources, file);
        for problem in &problems {
            prop_assert!(text.get(problem.span.start as usize..problem.span.end as usize).is_some(), "{problem:?}");
        }
        prop_assert!(!human(&sources, &problems, Look::PLAIN).is_empty() || playbook.broken.is_empty());
    }
}

#[test]
fn mistakes_in_yaml_give_the_messages_beside_them() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("../lang/err");
    settings.set_omit_expression(true);
    settings.bind(|| {
        insta::glob!("../lang/err", "*.play.yaml", |path| {
            let (sources, _, problems) = read(path);
            let messages = human(&sources, &problems, Look::PLAIN);
            assert!(!messages.is_empty(), "{} gives no message", path.display());
            insta::assert_snapshot!(messages);
        });
    });
}
