//! `then`: verbs, timings and ladders. One verb a mapping.

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::format::same_timing;
use crate::lang::play;
use crate::lang::source::Span;
use crate::lang::tree::{Action, ActionKind, Path, Step, Timing};
use crate::lang::unread::Unread;
use crate::lang::yaml::node::{Key, Node};
use crate::lang::yaml::read;

use super::as_meant;
use super::keys::{self, VERBS, Verb};
use super::leaf::Reader;

impl Reader<'_> {
    /// Reads the steps of `then`.
    pub(super) fn then(&mut self, node: &Node) -> Vec<Step> {
        self.steps(node, "then")
    }

    fn steps(&mut self, node: &Node, what: &str) -> Vec<Step> {
        let list = read::one_or_list(node);
        if list.is_empty() || node.text() == Some("") {
            let message = format!("`{what}` says nothing to do");
            let help = format!("write an action: `{what}: [{{alert: manager of store}}]`");
            self.problem(Diagnostic::error(codes::YAML_EMPTY_VALUE, node.span, message).help(help));
            return Vec::new();
        }
        let mut steps: Vec<Step> = Vec::new();
        for (place, entry) in list.iter().enumerate() {
            let Some((timing, action)) = self.entry(entry, what) else { continue };
            if timing.is_none() && steps.last().is_some_and(|step| step.timing.is_some()) {
                self.too_late(entry, what);
            }
            let last_in_then = what == "then" && place + 1 == list.len();
            if matches!(action.kind, ActionKind::Escalate { .. }) && !last_in_then {
                let message = "`escalate` is the last thing in `then`";
                let problem = Diagnostic::error(codes::LADDER_NOT_LAST, action.span, message);
                self.holes.push(Span { end: action.span.start, ..action.span });
                self.problem(problem.help("move it to the end of `then`, outside any other ladder"));
            }
            add(&mut steps, timing, action);
        }
        steps
    }

    /// An action without a timing runs at once, so it cannot stand below one that waits.
    fn too_late(&mut self, entry: &Node, what: &str) {
        let message = "this runs at once and stands below an action that waits";
        let help = format!("move it to the top of `{what}`, or give it an `after` of its own");
        self.problem(Diagnostic::error(codes::YAML_SHAPE, entry.span, message).help(help));
    }

    /// Reads one mapping: a verb with its keys and a timing.
    fn entry(&mut self, node: &Node, what: &str) -> Option<(Option<Timing>, Action)> {
        let name = if what == "then" { "an action" } else { "a step of the ladder" };
        if let Some(help) = sentence_as_mapping(node).or_else(|| word_as_action(node)) {
            let message = format!("{name} is a single value, it has to be a mapping");
            self.problem(Diagnostic::error(codes::YAML_WRONG_KIND, node.span, message).help(help));
            return None;
        }
        self.map(node, name)?;
        let own: Vec<&str> = VERBS.iter().map(|verb| verb.verb).chain(keys::TIMING.iter().copied()).collect();
        let node = &*self.gathered(node, "escalate", &own, |key| keys::ESCALATE.contains(&key));
        let entries = node.map().unwrap_or_default();
        let all: Vec<&str> = VERBS
            .iter()
            .flat_map(|verb| [verb.verb].into_iter().chain(verb.keys.iter().copied()))
            .chain(keys::TIMING.iter().copied())
            .collect();
        let meant = as_meant(node, &all);
        let node = &*meant;
        let mut verbs = node.map().unwrap_or_default().iter().filter_map(|(key, value)| {
            let verb = VERBS.iter().find(|verb| verb.verb == key.text)?;
            Some((verb, key, value))
        });
        let first = verbs.next();
        if let (Some((_, key, _)), Some((_, second, _))) = (first, verbs.next()) {
            let message = format!("`{}` and `{}` stand in one mapping", key.text, second.text);
            let problem = Diagnostic::error(codes::YAML_SHAPE, second.span, message)
                .related(key.span, "the first verb")
                .help(format!("begin a new entry: `- {}: …`", second.text));
            self.problem(problem);
            return None;
        }
        let Some((verb, _, value)) = first else {
            self.no_verb(node, entries);
            return None;
        };
        let known: Vec<&str> = [verb.verb].iter().chain(verb.keys).chain(keys::TIMING).copied().collect();
        self.check_keys(entries, &known);
        let timing = self.timing(node.map().unwrap_or_default());
        let kind = self.action(verb, value, node)?;
        Some((timing, Action { kind, span: node.span }))
    }

    /// Says that `alert: care_team saying "x"`, or `alert: care_team "x"`, holds two keys in one.
    fn said_in_value(&mut self, value: &Node) -> bool {
        let text = value.text().unwrap_or_default();
        let quoted = || text.trim_end().ends_with('"').then(|| text.split_once(" \"")).flatten();
        let Some((who, said)) = text.split_once(" saying ").or_else(quoted) else { return false };
        let said = said.trim().trim_matches(['"', '\'']);
        let said = if said.is_empty() { "…" } else { said };
        let help = format!("write `{{alert: {}, saying: \"{said}\"}}`, or `saying` on a line of its own", who.trim());
        let message = "`saying` is a key of its own";
        self.problem(Diagnostic::error(codes::YAML_WRONG_KIND, value.span, message).help(help));
        true
    }

    /// Says that `set: customer.at_risk = yes` holds two keys in one.
    fn set_in_value(&mut self, value: &Node) -> bool {
        let text = value.text().unwrap_or_default();
        let Some((fact, to)) = text.split_once('=').or_else(|| text.split_once(" to ")) else { return false };
        let help = format!("write `{{set: {}, to: {}}}`, or `to` on a line of its own", fact.trim(), to.trim());
        let message = "`to` is a key of its own";
        self.problem(Diagnostic::error(codes::YAML_WRONG_KIND, value.span, message).help(help));
        true
    }

    fn no_verb(&mut self, node: &Node, entries: &[(Key, Node)]) {
        let verbs: Vec<&str> = VERBS.iter().map(|verb| verb.verb).collect();
        let others: Vec<&str> = VERBS.iter().flat_map(|verb| verb.keys).chain(keys::TIMING).copied().collect();
        let all: Vec<&str> = verbs.iter().chain(&others).copied().collect();
        let before = self.errors;
        // Keys that are right beside a verb are no reason for it to be missing.
        for entry in entries.iter().filter(|(key, _)| !others.contains(&key.text.as_str())) {
            let near = crate::lang::suggest::nearest(&entry.0.text, others.iter().copied()).is_some();
            self.check_keys(std::slice::from_ref(entry), if near { &all } else { &verbs });
        }
        if self.errors == before {
            let help = format!("say what to do: one of {}", read::quoted_list(&verbs));
            self.problem(Diagnostic::error(codes::YAML_MISSING_KEY, node.span, "this does nothing").help(help));
        }
    }

    /// Reads a timing.
    fn timing(&mut self, entries: &[(Key, Node)]) -> Option<Timing> {
        let mut timing: Option<Timing> = None;
        for (key, value) in entries.iter().filter(|(key, _)| keys::TIMING.contains(&key.text.as_str())) {
            let place = key.span.to(value.span);
            let timing = timing.get_or_insert(Timing { after: None, at: None, during: None, span: place });
            timing.span = timing.span.to(place);
            match key.text.as_str() {
                "after" => timing.after = Some(self.leaf(value, "after", play::length)),
                "at" => timing.at = Some(self.leaf(value, "at", play::time)),
                _ => timing.during = Some(self.leaf(value, "during", play::word)),
            }
        }
        timing
    }

    fn action(&mut self, verb: &Verb, value: &Node, node: &Node) -> Option<ActionKind> {
        let with = node.get("with").map(|with| self.with(with)).unwrap_or_default();
        Some(match verb.verb {
            "alert" => {
                let saying = node.get("saying").map(|text| self.text_or_hole(text, "saying"));
                let (role, of) = match self.said_in_value(value) {
                    true => self.hole(value.span),
                    false => self.leaf(value, "alert", play::recipient),
                };
                ActionKind::Alert { role, of, saying }
            }
            "email" => {
                let language = node.get("in").map(|language| self.leaf(language, "in", play::operand));
                let template = self.with_key(node, "using", "`email` has no template", |reader, text| {
                    reader.text_or_hole(text, "using")
                });
                let who = self.leaf(value, "email", play::path);
                ActionKind::Email { who, template, language, with }
            }
            "open_case" => ActionKind::OpenCase { of: self.case_of(value), with },
            "escalate" => self.escalate(value)?,
            "post_to" => ActionKind::Post { endpoint: self.text_or_hole(value, "post_to"), with },
            "set" if self.set_in_value(value) => {
                ActionKind::Set { fact: self.hole(value.span), to: self.hole(value.span) }
            }
            "set" => {
                // `to` is a value as in the DSL: a bare word is a name.
                let to =
                    self.with_key(node, "to", "`set` has no value", |reader, to| reader.leaf(to, "to", play::operand));
                ActionKind::Set { fact: self.leaf(value, "set", play::path), to }
            }
            _ => ActionKind::Record { signal: self.leaf(value, "record", play::word), with },
        })
    }

    /// Reads a key that has to stand beside a verb.
    fn with_key<T: Unread>(
        &mut self,
        node: &Node,
        key: &str,
        message: &str,
        read: impl FnOnce(&mut Self, &Node) -> T,
    ) -> T {
        if let Some(value) = node.get(key) {
            return read(self, value);
        }
        let help = format!("add `{key}: …` beside it");
        self.needed(node, key, codes::YAML_MISSING_KEY, message, &help);
        self.missing(node)
    }

    /// Reads whom a case is about; `open_case:` alone is about the signal's own things.
    fn case_of(&mut self, node: &Node) -> Option<Path> {
        (node.text() != Some("")).then(|| self.leaf(node, "open_case", play::path))
    }

    fn escalate(&mut self, node: &Node) -> Option<ActionKind> {
        let entries = self.map(node, "escalate")?;
        self.check_keys(entries, keys::ESCALATE);
        let node = &as_meant(node, keys::ESCALATE);
        self.needed(
            node,
            "until",
            codes::YAML_MISSING_KEY,
            "`escalate` has no `until`",
            "add `until: [acknowledged, case_closed]`",
        );
        self.needed(
            node,
            "ladder",
            codes::YAML_MISSING_KEY,
            "`escalate` has no `ladder`",
            "add `ladder:` with its steps",
        );
        let until = node.get("until").map(|list| self.words(list, "until")).unwrap_or_default();
        let ladder = node.get("ladder").map(|ladder| self.steps(ladder, "ladder")).unwrap_or_default();
        Some(ActionKind::Escalate { until, ladder })
    }
}

/// Says how an action that is written as a sentence is written as a mapping.
fn sentence_as_mapping(node: &Node) -> Option<String> {
    let text = node.text()?;
    let verb = VERBS.iter().map(|verb| verb.verb).find(|verb| {
        let word = verb.replace('_', " ");
        text == *verb || text.strip_prefix(&word).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })?;
    let rest = text.get(verb.len()..)?;
    let ends = [" saying ", " using ", " with ", " in "].iter().filter_map(|word| rest.find(word)).min();
    let object = rest[..ends.unwrap_or(rest.len())].trim();
    let usual = if verb == "alert" { "manager of store" } else { "customer" };
    let object = if object.is_empty() { usual } else { object };
    Some(format!("each part has its key: `- {verb}: {object}`"))
}

/// Says what an action is where a single word stands for one.
fn word_as_action(node: &Node) -> Option<String> {
    let text = node.text().filter(|text| !text.is_empty())?;
    let first = text.split([' ', ':']).next()?;
    let verbs: Vec<&str> = VERBS.iter().map(|verb| verb.verb).collect();
    let meant = keys::meant(first, &verbs, &|_| false).unwrap_or("alert");
    let object = if meant == "alert" { "manager of store" } else { "customer" };
    Some(format!("write an action, such as `- {meant}: {object}`"))
}

/// Adds an action to the step before it where both have the same timing, as under one timing of the DSL.
fn add(steps: &mut Vec<Step>, timing: Option<Timing>, action: Action) {
    let span = action.span;
    match steps.last_mut() {
        Some(step) if same_timing(step.timing.as_ref(), timing.as_ref()) => {
            step.actions.push(action);
            step.span = step.span.to(span);
        }
        _ => steps.push(Step { timing, actions: vec![action], span }),
    }
}
