//! Mail templates: what they declare, and which of their texts differ.

use std::collections::{BTreeMap, BTreeSet};

use crate::template::Template;
use crate::trust::reading::listed;

use super::around::Told;
use super::{Around, Part, Version};

/// Texts of all templates of a version by template, then `en/subject.txt`.
type Texts<'a> = BTreeMap<&'a str, BTreeMap<&'a str, &'a str>>;

/// Tells what differs in the templates of two versions.
pub(super) fn all(old: Version, new: Version, to: &mut Vec<Around>) {
    let (Some(was), Some(is)) = (old.unit, new.unit) else { return };
    if was.templates.fingerprint() == is.templates.fingerprint() {
        return;
    }
    let (before, after) = (texts(old), texts(new));
    let mut told = Told { old: was, new: is, to };
    let names: BTreeSet<&str> = was.templates.names().chain(is.templates.names()).collect();
    for name in names {
        let sentences = match (was.templates.get(name), is.templates.get(name)) {
            (Some(one), Some(other)) => {
                let mut said = declared(one, other);
                said.extend(changed(before.get(name), after.get(name)));
                said
            }
            (None, _) => vec!["added".to_owned()],
            _ => vec!["dropped".to_owned()],
        };
        for sentence in sentences {
            told.say(Part::Templates, format!("mail `{name}` {sentence}"), |uses| uses.templates.contains(name));
        }
    }
}

fn texts<'a>(version: Version<'a>) -> Texts<'a> {
    let mut texts = Texts::new();
    let Some(folder) = version.unit.and_then(|unit| unit.emails_path.as_deref()) else { return texts };
    // A ref ends in a colon: `main:emails/…`.
    let between = if folder.is_empty() || folder.ends_with(':') { "" } else { "/" };
    let prefix = format!("{folder}{between}emails/");
    for file in &version.sources.files {
        let Some((name, inside)) = file.path.strip_prefix(&prefix).and_then(|path| path.split_once('/')) else {
            continue;
        };
        if inside != "template.yaml" {
            texts.entry(name).or_default().insert(inside, &file.text);
        }
    }
    texts
}

/// Returns what differs in what is declared.
fn declared(old: &Template, new: &Template) -> Vec<String> {
    let mut said = vec![];
    if old.class != new.class {
        said.push(format!("is {} instead of {}", new.class.name(), old.class.name()));
    }
    if old.fallback != new.fallback {
        said.push(format!("falls back to {} instead of {}", new.fallback, old.fallback));
    }
    let all: BTreeSet<_> = old.defaults.keys().chain(new.defaults.keys()).collect();
    for name in all {
        match (old.defaults.get(name), new.defaults.get(name)) {
            (one, other) if one == other => {}
            (Some(was), Some(is)) => said.push(format!("says \"{is}\" instead of \"{was}\" where `{name}` is missing")),
            (None, Some(is)) => said.push(format!("says \"{is}\" where `{name}` is missing")),
            _ => said.push(format!("fails where `{name}` is missing")),
        }
    }
    said
}

/// Returns which texts differ.
fn changed(old: Option<&BTreeMap<&str, &str>>, new: Option<&BTreeMap<&str, &str>>) -> Vec<String> {
    let (none_old, none_new) = (BTreeMap::new(), BTreeMap::new());
    let (old, new) = (old.unwrap_or(&none_old), new.unwrap_or(&none_new));
    let mut said = vec![];
    for (verb, mut files) in [
        ("is also written in", new.keys().filter(|file| !old.contains_key(*file)).collect::<Vec<_>>()),
        ("is no longer written in", old.keys().filter(|file| !new.contains_key(*file)).collect()),
        (
            "reads otherwise in",
            new.iter()
                .filter(|(file, text)| old.get(*file).is_some_and(|was| was != *text))
                .map(|(file, _)| file)
                .collect(),
        ),
    ] {
        files.sort();
        if !files.is_empty() {
            let files: Vec<String> = files.into_iter().map(|file| (*file).to_owned()).collect();
            said.push(format!("{verb} {}", listed(&files)));
        }
    }
    said
}
