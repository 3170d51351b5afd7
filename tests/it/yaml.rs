//! Playbooks in YAML as data: each file of `tests/lang/ok` gives the same tree as the `.play` file beside it, each of
//! `tests/lang/err` the messages in its snapshot. Adding a case needs no Rust.

use std::path::Path;

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
fn plain(mut playbook: Playbook) -> String {
    playbook.file = FileNo(0);
    playbook.syntax = Syntax::Play;
    playbook.comments.clear();
    // YAML names a counted signal in the singular.
    let singular = |word: &mut Word| word.node = word.node.trim_end_matches('s').to_owned();
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
