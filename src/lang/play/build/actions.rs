//! Steps, timings, actions, ladders.

use pest::iterators::Pair;

use crate::lang::codes;
use crate::lang::format::same_timing;
use crate::lang::source::Span;
use crate::lang::tree::{self, ActionKind};

use super::{Builder, Built, Node, Rule};

impl Builder<'_> {
    /// Reads what stands after `then`.
    pub fn steps(&mut self, pair: Pair<Rule>) -> Built<Vec<tree::Step>> {
        let mut node = Node::new(pair);
        let mut steps = Vec::new();
        while let Some(step) = node.any() {
            add(&mut steps, self.step(step)?);
        }
        self.ladder_is_last(&steps);
        Some(steps)
    }

    /// A ladder takes every step behind it; what it cannot take would read as if it belonged to the ladder.
    fn ladder_is_last(&mut self, steps: &[tree::Step]) {
        let mut actions = steps.iter().flat_map(|step| &step.actions);
        if let Some(ladder) = actions.find(|action| matches!(action.kind, ActionKind::Escalate { .. }))
            && let Some(next) = actions.next()
        {
            self.holes.push(Span { end: ladder.span.start, ..ladder.span });
            let message = "a ladder is the last thing in `then`".to_owned();
            self.problem(
                codes::LADDER_NOT_LAST,
                next.span,
                message,
                "move it above `escalate`; a second ladder is a second rule",
            );
        }
    }

    fn step(&mut self, pair: Pair<Rule>) -> Built<tree::Step> {
        let mut span = self.span(&pair);
        let mut node = Node::new(pair);
        let timing = match node.take(Rule::timing) {
            Some(pair) => {
                let written = self.span(&pair);
                let timing = self.timing_parts(Node::new(pair).take(Rule::timing_parts)?)?;
                // An `and` before the timing belongs to neither step.
                span.start = written.start;
                Some(tree::Timing { span: written, ..timing })
            }
            None => None,
        };
        let mut actions = Vec::new();
        while let Some(action) = node.any() {
            actions.push(self.action(action)?);
        }
        Some(tree::Step { timing, actions, span })
    }

    /// Reads a timing without its colon.
    pub fn timing_parts(&mut self, pair: Pair<Rule>) -> Built<tree::Timing> {
        let span = self.span(&pair);
        let mut node = Node::new(pair);
        let after = match node.take(Rule::after) {
            Some(pair) => Some(self.length(Node::new(pair).take(Rule::length)?)?),
            None => None,
        };
        let at = match node.take(Rule::at) {
            Some(pair) => Some(self.time(Node::new(pair).take(Rule::time)?)?),
            None => None,
        };
        let during = match node.take(Rule::during) {
            Some(pair) => Some(self.word(&Node::new(pair).take(Rule::word)?)),
            None => None,
        };
        Some(tree::Timing { after, at, during, span })
    }

    fn action(&mut self, pair: Pair<Rule>) -> Built<tree::Action> {
        let span = self.span(&pair);
        let verb = Node::new(pair).any()?;
        let rule = verb.as_rule();
        let mut node = Node::new(verb);
        let kind = match rule {
            Rule::alert => {
                let (role, of) = self.recipient(node.take(Rule::recipient)?)?;
                ActionKind::Alert { role, of, saying: node.take(Rule::text).map(|text| self.text(text)) }
            }
            Rule::email => self.email(&mut node)?,
            Rule::open_case => {
                let of = self.optional_path(&mut node)?;
                let with = self.with(&mut node)?;
                ActionKind::OpenCase { of: self.case_behind(of, &mut node)?, with }
            }
            Rule::post => {
                let endpoint = self.text(node.take(Rule::text)?);
                ActionKind::Post { endpoint, with: self.with(&mut node)? }
            }
            Rule::set => {
                let fact = self.path(node.take(Rule::path)?)?;
                ActionKind::Set { fact, to: self.operand(node.take(Rule::operand)?)? }
            }
            Rule::record => {
                let signal = self.word(&node.take(Rule::word)?);
                ActionKind::Record { signal, with: self.with(&mut node)? }
            }
            _ => self.escalate(&mut node)?,
        };
        Some(tree::Action { kind, span })
    }

    /// Reads a role and the place it is looked for in.
    pub fn recipient(&mut self, pair: Pair<Rule>) -> Built<(tree::Word, Option<tree::Path>)> {
        let mut node = Node::new(pair);
        let role = self.word(&node.take(Rule::word)?);
        Some((role, self.optional_path(&mut node)?))
    }

    fn optional_path(&mut self, node: &mut Node) -> Built<Option<tree::Path>> {
        match node.take(Rule::path) {
            Some(pair) => Some(Some(self.path(pair)?)),
            None => Some(None),
        }
    }

    /// Reads whom a case is for, where that stands last.
    fn case_behind(&mut self, of: Option<tree::Path>, node: &mut Node) -> Built<Option<tree::Path>> {
        let Some(behind) = self.optional_path(node)? else { return Some(of) };
        let message = "whom a case is for stands in front of `with`".to_owned();
        let words: Vec<&str> = behind.words.iter().map(|word| &*word.node).collect();
        let help = format!("write `open case for {} with …`", words.join("."));
        self.problem(codes::CLAUSE_ORDER, behind.span, message, &help);
        Some(of.or(Some(behind)))
    }

    /// Returns the place of the word that begins a part of a mail.
    fn key_word_of(&self, part: &Pair<Rule>) -> Span {
        let start = self.sentence.start + part.as_span().start();
        let tokens = self.sentence.tokens;
        let first = tokens.partition_point(|token| token.start < start);
        let own = usize::from(part.as_rule() != Rule::with);
        tokens.get(first.saturating_sub(own)).map_or(self.span(part), |token| self.sentence.span(token))
    }

    /// Reads the parts of a mail in whatever order they stand, and tells any but the right one.
    fn email(&mut self, node: &mut Node) -> Built<ActionKind> {
        let who = node.take(Rule::path)?;
        let whom = who.as_str().trim_end().to_owned();
        let who = self.path(who)?;
        // The places of `using`, `in` and `with`, in the order that is right.
        let mut written: [Vec<String>; 3] = Default::default();
        let mut misplaced = None;
        let (mut template, mut language, mut with) = (None, None, Vec::new());
        while let Some(part) = node.any() {
            let (rank, text) = (rank(part.as_rule()), part.as_str().trim_end());
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            if written[rank..].iter().any(|part| !part.is_empty()) {
                misplaced.get_or_insert(self.key_word_of(&part));
            }
            written[rank].push(match rank {
                0 => format!("using {text}"),
                1 => format!("in {text}"),
                _ => text,
            });
            match part.as_rule() {
                Rule::text => template = Some(self.text(part)),
                Rule::operand => language = Some(self.operand(part)?),
                _ => with.extend(self.items(part)?),
            }
        }
        if let Some(place) = misplaced {
            let parts = written.concat().join(" ");
            let message = "the parts of a mail stand in this order: `using`, `in`, `with`, each once".to_owned();
            self.problem(codes::CLAUSE_ORDER, place, message, &format!("write `email {whom} {parts}`"));
        }
        Some(ActionKind::Email { who, template: template?, language, with })
    }

    fn with(&mut self, node: &mut Node) -> Built<Vec<(tree::Word, tree::Operand)>> {
        match node.take(Rule::with) {
            Some(pair) => self.items(pair),
            None => Some(Vec::new()),
        }
    }

    fn items(&mut self, with: Pair<Rule>) -> Built<Vec<(tree::Word, tree::Operand)>> {
        let mut items = Vec::new();
        let mut written = Node::new(with);
        while let Some(item) = written.take(Rule::item) {
            let mut item = Node::new(item);
            let name = self.word(&item.take(Rule::word)?);
            items.push((name, self.operand(item.take(Rule::operand)?)?));
        }
        Some(items)
    }

    fn escalate(&mut self, node: &mut Node) -> Built<ActionKind> {
        let mut until = Vec::new();
        while let Some(word) = node.take(Rule::word) {
            until.push(self.word(&word));
        }
        let mut ladder = Vec::new();
        while let Some(step) = node.any() {
            add(&mut ladder, self.step(step)?);
        }
        Some(ActionKind::Escalate { until, ladder })
    }
}

/// Adds a step; two of one timing that stand one behind the other are one, as in YAML, where each action says its timing.
fn add(steps: &mut Vec<tree::Step>, step: tree::Step) {
    match steps.last_mut() {
        Some(last) if same_timing(last.timing.as_ref(), step.timing.as_ref()) => {
            last.span = last.span.to(step.span);
            last.actions.extend(step.actions);
        }
        _ => steps.push(step),
    }
}

/// Returns the place of a part of a mail among the others.
fn rank(part: Rule) -> usize {
    match part {
        Rule::text => 0,
        Rule::operand => 1,
        _ => 2,
    }
}
