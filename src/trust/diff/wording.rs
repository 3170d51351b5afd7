//! What looks different and means the same: comments, spelling, order, another file, another syntax.

use std::collections::BTreeSet;

use crate::compile::{PlaybookInfo, Unit};
use crate::id::RuleId;
use crate::ir::Rule;
use crate::lang::format::{self, Forms};
use crate::lang::tree::{Playbook, Syntax};
use crate::lang::{play, yaml};
use crate::trust::reading::listed;

use super::{Diff, Version};

/// Tells what differs in words alone.
pub(super) fn all(old: Version, new: Version, diff: &mut Diff) {
    let (Some(was), Some(is)) = (old.unit, new.unit) else { return };
    let changed: BTreeSet<RuleId> = diff.rules.iter().map(|rule| rule.rule.clone()).collect();
    for book in &is.playbooks {
        let Some(before) = was.playbooks.iter().find(|before| before.id.is_some() && before.id == book.id) else {
            continue;
        };
        let said = of_book((old, before), (new, book), &changed);
        if !said.is_empty() {
            diff.wording.push(format!("{}: {}", book.path, said.join("; ")));
        }
    }
    for (path, other, name) in [
        (Some(&is.vocabulary_path), Some(&was.vocabulary_path), "vocabulary"),
        (is.directory_path.as_ref(), was.directory_path.as_ref(), "directory"),
    ] {
        let (Some(path), Some(other)) = (path, other) else { continue };
        let differs = text(new, path) != text(old, other);
        let told = match name {
            "vocabulary" => [super::Part::Vocabulary, super::Part::Calendars],
            _ => [super::Part::Directory; 2],
        };
        if differs && !diff.around.iter().any(|around| told.contains(&around.part)) {
            diff.wording.push(format!("{path}: written otherwise, the {name} says the same"));
        }
    }
}

fn text<'a>(version: Version<'a>, path: &str) -> Option<&'a str> {
    version.sources.files.iter().find(|file| file.path == path).map(|file| &*file.text)
}

fn of_book(
    (old, before): (Version, &PlaybookInfo),
    (new, after): (Version, &PlaybookInfo),
    changed: &BTreeSet<RuleId>,
) -> Vec<String> {
    let mut said = vec![];
    let (was, is) = (tree(old, before), tree(new, after));
    if old.sources.file(before.file).text == new.sources.file(after.file).text {
        return said;
    }
    if was.syntax != is.syntax {
        let name = |syntax| if syntax == Syntax::Play { "sentences" } else { "YAML" };
        said.push(format!("written in {} instead of {}", name(is.syntax), name(was.syntax)));
    }
    let word = |playbook: &Playbook| playbook.version.as_ref().map(|version| version.node.clone());
    if word(&was) != word(&is) {
        let shown = |playbook: &Playbook| word(playbook).unwrap_or("none".to_owned());
        said.push(format!("version {} instead of {}", shown(&is), shown(&was)));
    }
    if before.title != after.title {
        said.push(format!("the playbook is called {:?}", after.title.as_deref().unwrap_or("")));
    }
    let comments = |playbook: &Playbook| playbook.comments.iter().map(|one| one.text.clone()).collect::<Vec<_>>();
    if comments(&was) != comments(&is) {
        said.push("other comments".to_owned());
    }
    let both = |playbook: &Playbook, other: &Playbook| {
        let there = |id: &str| other.rules.iter().any(|rule| rule.id.node == id);
        playbook.rules.iter().map(|rule| rule.id.node.clone()).filter(|id| there(id)).collect::<Vec<_>>()
    };
    if both(&was, &is) != both(&is, &was) {
        said.push("rules in another order".to_owned());
    }
    let mut respelled = vec![];
    for rule in &is.rules {
        let id = RuleId::new(after.id.as_deref().unwrap_or(""), &*rule.id.node);
        let same = was.rules.iter().any(|one| one.id.node == rule.id.node) && !changed.contains(&id);
        if same && one_rule(old, &was, &rule.id.node) != one_rule(new, &is, &rule.id.node) {
            respelled.push(rule.id.node.clone());
        }
    }
    if !respelled.is_empty() {
        said.push(format!("{} written otherwise, with the same meaning", listed(&respelled)));
    }
    // Rules that mean something else are told of themselves.
    if said.is_empty() && changed.iter().all(|id| Some(&id.playbook) != after.id.as_ref()) {
        said.push("laid out or spelled otherwise".to_owned());
    }
    said
}

fn tree(version: Version, book: &PlaybookInfo) -> Playbook {
    let read = if book.path.ends_with(".play") { play::playbook } else { yaml::playbook::playbook };
    read(version.sources, book.file).0
}

/// Returns one rule as the formatter writes it in sentences.
fn one_rule(version: Version, playbook: &Playbook, id: &str) -> Vec<String> {
    let vocabulary = version.unit.map(|unit: &Unit| &unit.vocabulary);
    let plural = |name: &str| {
        let signal =
            vocabulary.and_then(|all| all.signal(name).and_then(|signal| all.signal_type(signal).plural.clone()));
        signal.map_or_else(|| name.to_owned(), |plural| plural.to_string())
    };
    let forms = Forms { plural: &plural, singular: &str::to_owned };
    let rules = playbook.rules.iter().filter(|rule| rule.id.node == id).cloned().collect();
    let alone = Playbook { rules, id: None, defines: vec![], comments: vec![], broken: vec![], ..playbook.clone() };
    let text = format::playbook(&alone, version.sources, Syntax::Play, &forms);
    text.lines().map(str::to_owned).filter(|line| !line.trim().is_empty()).collect()
}

/// Returns a rule as it reads, line by line.
pub(super) fn lines(version: Version, rule: &Rule) -> Vec<String> {
    let books = version.unit.iter().flat_map(|unit| &unit.playbooks);
    let Some(book) = books.into_iter().find(|book| book.id.as_ref() == Some(&rule.id.playbook)) else { return vec![] };
    one_rule(version, &tree(version, book), &rule.id.rule)
}
