//! `*.play.yaml` → the spanned tree of a playbook.
//!
//! Keys give the skeleton; every leaf is the sentence of the DSL and read by the DSL's own parsers (`lang::play`).
//! After this the two syntaxes share everything. A rule that cannot be read goes to `Playbook::broken` and hides
//! neither the others nor their mistakes.
//!
//! Rooms: `keys` is the closed table of keys, `leaf` reads leaves, `when` and `then` the two large clauses, `misplaced`
//! puts right what stands too far to the left.

mod keys;
mod leaf;
mod misplaced;
mod then;
mod when;

use std::borrow::Cow;

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::play;
use crate::lang::source::{FileNo, Sources, Span, Spanned};
use crate::lang::tree::{BrokenRule, Define, Guard, Playbook, Rule, Status, Syntax, Word};
use crate::lang::unread::Unread;
use crate::lang::yaml::node::{Key, Node, NodeKind, ScalarStyle};
use crate::lang::yaml::parse::{Parsed, limit_problems, parse_unlimited};
use crate::lang::yaml::read;

use leaf::Reader;

/// Reads a playbook in YAML. Never fails: what could not be read is missing in the tree and named in the problems.
pub fn playbook(sources: &Sources, file: FileNo) -> (Playbook, Vec<Diagnostic>) {
    let Parsed { root, comments, diagnostics, lost } = parse_unlimited(sources, file);
    let mut playbook = Playbook {
        file,
        syntax: Syntax::Yaml,
        id: None,
        title: None,
        version: None,
        zone: None,
        owner: None,
        defines: Vec::new(),
        every_rule: Vec::new(),
        rules: Vec::new(),
        holes: Vec::new(),
        broken: lost.iter().flat_map(|span| lost_rules(sources, *span)).collect(),
        comments: Vec::new(),
    };
    let refused = diagnostics.iter().filter(|d| d.is_error()).map(|d| d.span).collect();
    let mut reader = Reader {
        sources,
        file,
        comments: &comments,
        refused,
        problems: Vec::new(),
        errors: 0,
        holes: Vec::new(),
        withdrawn: Vec::new(),
    };
    if let Some(root) = &root {
        reader.file(root, !lost.is_empty(), &mut playbook);
    }
    playbook.holes = reader.holes;
    let mut problems = diagnostics;
    problems.retain(|problem| !misplaced::is_withdrawn(problem, &reader.withdrawn));
    problems.append(&mut reader.problems);
    limit_problems(&mut problems);
    playbook.comments = comments;
    (playbook, problems)
}

/// Returns the rules in a stretch of the file that could not be read as YAML, by what looks like their ids.
fn lost_rules(sources: &Sources, span: Span) -> Vec<BrokenRule> {
    let text = sources.slice(span);
    let is_id = |c: char| c.is_alphanumeric() || c == '_';
    let mut rules = Vec::new();
    for (at, found) in text.match_indices("id:") {
        let key = text[..at].ends_with([' ', '{', ',', '\n', '\t']) || at == 0;
        let start = at + found.len();
        let start = start + text[start..].len() - text[start..].trim_start_matches([' ', '"', '\'']).len();
        let end = start + text[start..].find(|c| !is_id(c)).unwrap_or(text.len() - start);
        if key && end > start {
            let place = Span::new(span.file, span.start as usize + start, span.start as usize + end);
            let id = Spanned { node: text[start..end].to_owned(), span: place };
            rules.push(BrokenRule { id: Some(id), span, rest: None });
        }
    }
    if rules.is_empty() && text.trim_start().starts_with('-') {
        rules.push(BrokenRule { id: None, span, rest: None });
    }
    rules
}

/// Returns a mapping with `Playbook`, `playbok` or `name`, which are reported, as the keys they mean, so that all below
/// them is read.
fn as_meant<'n>(node: &'n Node, known: &[&str]) -> Cow<'n, Node> {
    let Some(entries) = node.map() else { return Cow::Borrowed(node) };
    let there = |word: &str| entries.len() <= 64 && entries.iter().any(|(key, _)| key.text == word);
    let meant: Vec<Option<&str>> = entries.iter().map(|(key, _)| keys::meant(&key.text, known, &there)).collect();
    let only = |place: usize, word: &str| {
        let is = |other: usize| meant[other].unwrap_or(&entries[other].0.text) == word;
        (0..entries.len()).filter(|other| *other != place).all(|other| !is(other))
    };
    // A mapping with many keys is no rule and no action.
    let renamed = |place: usize| meant[place].filter(|word| entries.len() <= 64 && only(place, word));
    if (0..entries.len()).all(|place| renamed(place).is_none()) {
        return Cow::Borrowed(node);
    }
    let rename = |(place, (key, value)): (usize, &(Key, Node))| {
        let text = renamed(place).map_or_else(|| key.text.clone(), str::to_owned);
        (Key { text, span: key.span }, value.clone())
    };
    Cow::Owned(Node { kind: NodeKind::Map(entries.iter().enumerate().map(rename).collect()), span: node.span })
}

impl Reader<'_> {
    /// Reads the file; `holes` tells that parts of it were lost to syntax errors already reported.
    fn file(&mut self, root: &Node, holes: bool, playbook: &mut Playbook) {
        let Some(entries) = self.map(root, "a playbook file") else { return };
        self.check_keys(entries, keys::FILE);
        let root = &as_meant(root, keys::FILE);
        let entries = root.map().unwrap_or_default();
        for (key, node) in entries {
            match key.text.as_str() {
                "playbook" => playbook.id = self.sound(node, "playbook", play::word),
                "title" => playbook.title = self.text(node, "title"),
                "version" => playbook.version = self.text(node, "version"),
                "time_zone" => playbook.zone = self.text(node, "time_zone"),
                "owner" => playbook.owner = self.text(node, "owner"),
                "define" => playbook.defines = self.defines(node),
                "every_rule" => playbook.every_rule = self.every_rule(node),
                "rules" => self.rules(node, playbook),
                _ => {}
            }
        }
        if root.get("playbook").is_none() && !holes {
            let place = Span { end: root.span.start, ..root.span };
            let problem = Diagnostic::error(codes::NO_HEADER, place, "the file does not say which playbook it is")
                .help("add `playbook: name_of_it` as the first line");
            self.problem(problem);
        }
    }

    /// Reads guards of all rules. One that cannot be read holds for all rules as well: none of them runs without it.
    fn every_rule(&mut self, node: &Node) -> Vec<Guard> {
        let Some(entries) = self.map(node, "every_rule") else { return Vec::new() };
        self.check_keys(entries, keys::EVERY_RULE);
        let node = &as_meant(node, keys::EVERY_RULE);
        let (before, mut guards) = (self.errors, Vec::new());
        for (key, value) in node.map().unwrap_or_default() {
            match key.text.as_str() {
                "only_if" => self.guards(key, value, false, &mut guards),
                "unless" => self.guards(key, value, true, &mut guards),
                _ => {}
            }
        }
        if self.errors > before {
            self.holes.push(node.span);
            guards.push(Guard { unless: true, condition: Unread::unread(node.span), span: node.span });
        }
        guards
    }

    fn defines(&mut self, node: &Node) -> Vec<Define> {
        let Some(entries) = self.map(node, "define") else { return Vec::new() };
        let mut defines = Vec::new();
        for (key, value) in entries {
            let span = key.span.to(value.span);
            let name = self.name(key);
            let before = self.errors;
            let condition = self.condition(value, &key.text);
            if self.errors > before {
                // Rules that use it cannot be used either.
                self.holes.push(key.span);
            }
            if let Some(name) = name {
                defines.push(Define { name, condition, span });
            }
        }
        defines
    }

    /// Reads a key that is a name of the author's.
    fn name(&mut self, key: &Key) -> Option<Word> {
        let quoted = usize::from(self.sources.slice(key.span).starts_with(['"', '\'']));
        let offsets = crate::lang::source::Offsets::Shift(key.span.start + quoted as u32);
        let slice = crate::lang::source::Slice { text: &key.text, file: self.file, offsets };
        let read = play::word(&slice);
        let sound = read.problems.is_empty();
        read.problems.into_iter().for_each(|problem| self.problem(problem));
        read.value.filter(|_| sound)
    }

    fn rules(&mut self, node: &Node, playbook: &mut Playbook) {
        let Some(list) = self.list(node, "rules") else { return };
        for node in &self.rules_with_actions(list) {
            let before = self.errors;
            let hurt = self.refused.iter().any(|span| span.start >= node.span.start && span.end <= node.span.end);
            match self.rule(node) {
                Some(rule) if self.errors == before && !hurt => playbook.rules.push(rule),
                rest => {
                    let id = node.get("id").filter(|id| id.text().is_some_and(|text| !text.is_empty()));
                    let id = id.and_then(|id| Some(Spanned { node: id.text()?.to_owned(), span: id.span }));
                    playbook.broken.push(BrokenRule { id, span: node.span, rest: rest.map(Box::new) });
                }
            }
        }
    }

    fn rule(&mut self, node: &Node) -> Option<Rule> {
        self.map(node, "a rule")?;
        let node = &*self.gathered(node, "when", keys::RULE, keys::is_of_when);
        let node = &*self.gathered(node, "then", keys::RULE, keys::is_of_action);
        self.check_keys(node.map().unwrap_or_default(), keys::RULE);
        let node = &as_meant(node, keys::RULE);
        let entries = node.map().unwrap_or_default();
        let (mut id, mut title, mut status, mut when, mut check, mut limit) = (None, None, None, None, None, None);
        let (mut for_each, mut guards, mut then) = (Vec::new(), Vec::new(), Vec::new());
        for (key, node) in entries {
            match key.text.as_str() {
                "id" => id = Some(self.leaf(node, "id", play::word)),
                "title" => title = self.text(node, "title"),
                "status" => status = self.status(node),
                "when" => when = Some(self.when(node)),
                "for_each" => for_each = self.paths(node, "for_each"),
                "only_if" => self.guards(key, node, false, &mut guards),
                "unless" => self.guards(key, node, true, &mut guards),
                "check" => check = Some(self.schedule(node, "check", "")),
                "at_most" => limit = Some(self.leaf(node, "at_most", play::limit)),
                "then" => then = self.then(node),
                _ => {}
            }
        }
        self.needed(
            node,
            "id",
            codes::RULE_HEAD,
            "a rule has no `id`",
            "add `id: name_of_it`; its state and limits hang on it",
        );
        self.needed(node, "when", codes::NO_WHEN, "the rule has no `when`", "add `when: {signal: …}`");
        self.needed(
            node,
            "then",
            codes::NO_THEN,
            "the rule has no `then`",
            "add `then:` with at least one action, such as `- alert: care_team`",
        );
        let id = id.unwrap_or_else(|| self.missing(node));
        let when = when.unwrap_or_else(|| self.missing(node));
        Some(Rule { id, title, status, when, for_each, guards, check, limit, then, span: node.span })
    }

    fn status(&mut self, node: &Node) -> Option<Spanned<Status>> {
        let scalar = self.scalar(node, "status")?;
        let status = match scalar.text.trim() {
            "live" => Status::Live,
            "shadow" => Status::Shadow,
            "paused" => Status::Paused,
            other => {
                let near = crate::lang::suggest::nearest(other, ["live", "shadow", "paused"].into_iter());
                let meant = play::status(&other.to_lowercase());
                let help = match (meant, near) {
                    (Some(meant), _) => format!("write `{meant}`"),
                    (None, Some(near)) => format!("did you mean `{near}`?"),
                    (None, None) => "write `live`, `shadow` or `paused`".to_owned(),
                };
                let message = format!("`{other}` is no status of a rule");
                self.problem(Diagnostic::error(codes::UNEXPECTED, node.span, message).help(help));
                return None;
            }
        };
        Some(Spanned { node: status, span: node.span })
    }

    /// Reads guards; each entry of a list is one of its own.
    fn guards(&mut self, key: &Key, node: &Node, unless: bool, guards: &mut Vec<Guard>) {
        for entry in read::one_or_list(node) {
            let text =
                entry.scalar().filter(|scalar| scalar.style == ScalarStyle::Plain).map(|scalar| scalar.text.trim());
            if let Some(word @ ("no" | "yes" | "true" | "false")) = text {
                let message = format!("`{word}` is no condition");
                let help = format!(
                    "write what has to hold, such as `{}: customer.at_risk`, or delete the line; a text is compared in quotes: `comment is \"{word}\"`",
                    key.text
                );
                self.problem(Diagnostic::error(codes::NO_PREDICATE, entry.span, message).help(help));
                continue;
            }
            let condition = self.leaf(entry, &key.text, play::condition);
            guards.push(Guard { unless, condition, span: key.span.to(entry.span) });
        }
    }
}
