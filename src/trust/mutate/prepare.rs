//! From changed trees to rules that can be played, each told as the sentence it has become.

use std::collections::BTreeSet;
use std::sync::Arc;

use similar::{ChangeTag, TextDiff};

use crate::compile::{PlaybookInfo, Unit, again};
use crate::id::RuleId;
use crate::ir::{Rule, Status};
use crate::lang::format::{self, Forms};
use crate::lang::source::{Sources, Span};
use crate::lang::tree::{Playbook, Syntax};
use crate::lang::{play, yaml};
use crate::trust::same::normal;
use crate::vocabulary::Vocabulary;

use super::{Kind, changed};

/// A playbook with one change in it.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// What kind of change it is.
    pub kind: Kind,
    /// Where the change is.
    pub span: Span,
    /// The rules that have another meaning by it; at least one.
    pub rules: Vec<Arc<Rule>>,
    /// The lines that are no longer there, as the formatter writes them.
    pub was: Vec<String>,
    /// The lines that are there instead.
    pub is: Vec<String>,
}

/// Returns every change of a playbook that gives other rules, each meaning once, in the order of the file. Rules that decide
/// nothing, because they are paused, are left alone.
pub fn prepare(sources: &Sources, unit: &Unit, book: &PlaybookInfo) -> Vec<Mutant> {
    let read = if book.path.ends_with(".play") { play::playbook } else { yaml::playbook::playbook };
    let tree = read(sources, book.file).0;
    let own: Vec<&Arc<Rule>> = unit.rules.iter().filter(|rule| Some(&rule.id.playbook) == book.id.as_ref()).collect();
    let mut known: BTreeSet<Meaning> = BTreeSet::new();
    let mut mutants = vec![];
    for change in changed(&tree) {
        let Some(rules) = again(sources, unit, &change.of) else { continue };
        let differs = |rule: &Rule| {
            let before = own.iter().find(|before| before.id == rule.id);
            before.is_some_and(|before| normal(before, &unit.vocabulary) != normal(rule, &unit.vocabulary))
        };
        let rules: Vec<Rule> = rules.into_iter().filter(differs).filter(|rule| rule.status != Status::Paused).collect();
        let means = |rule: &Rule| (rule.id.clone(), normal(rule, &unit.vocabulary).fingerprint());
        if rules.is_empty() || !known.insert(rules.iter().map(means).collect()) {
            continue;
        }
        let (was, is) = sentences(sources, &unit.vocabulary, &tree, &change.of);
        let rules = rules.into_iter().map(Arc::new).collect();
        mutants.push(Mutant { kind: change.kind, span: change.span, rules, was, is });
    }
    mutants
}

/// What some rules mean.
type Meaning = Vec<(RuleId, [u8; 16])>;

/// Returns the lines in which two playbooks differ.
fn sentences(sources: &Sources, vocabulary: &Vocabulary, old: &Playbook, new: &Playbook) -> (Vec<String>, Vec<String>) {
    let plural = |name: &str| {
        let signal = vocabulary.signal(name).and_then(|signal| vocabulary.signal_type(signal).plural.clone());
        signal.map_or_else(|| name.to_owned(), |plural| plural.to_string())
    };
    let forms = Forms { plural: &plural, singular: &str::to_owned };
    // The changed rule alone beside what it was; or all of it, where a definition has changed.
    let named = |rule: &crate::lang::tree::Rule| new.rules.iter().any(|own| own.id.node == rule.id.node);
    let rules = old.rules.iter().filter(|rule| named(rule)).cloned().collect();
    let print = |playbook: Playbook| format::playbook(&playbook, sources, Syntax::Play, &forms);
    let bare = |playbook: &Playbook| Playbook { comments: vec![], broken: vec![], ..playbook.clone() };
    let (before, after) = (print(Playbook { rules, ..bare(old) }), print(bare(new)));
    let diff = TextDiff::from_lines(&before, &after);
    let lines = |tag: ChangeTag| {
        let changes = diff.iter_all_changes().filter(|change| change.tag() == tag);
        changes.map(|change| change.value().trim().to_owned()).filter(|line| !line.is_empty()).collect()
    };
    (lines(ChangeTag::Delete), lines(ChangeTag::Insert))
}
