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
                ActionKind::OpenCase { of, with: self.with(&mut node)? }
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

    fn email(&mut self, node: &mut Node) -> Built<ActionKind> {
        let who = self.path(node.take(Rule::path)?)?;
        let template = self.text(node.take(Rule::text)?);
        let language = match node.take(Rule::operand) {
            Some(pair) => Some(self.operand(pair)?),
            None => None,
        };
        Some(ActionKind::Email { who, template, language, with: self.with(node)? })
    }

    fn with(&mut self, node: &mut Node) -> Built<Vec<(tree::Word, tree::Operand)>> {
        let mut items = Vec::new();
        if let Some(pair) = node.take(Rule::with) {
            let mut written = Node::new(pair);
            while let Some(item) = written.take(Rule::item) {
                let mut item = Node::new(item);
                let name = self.word(&item.take(Rule::word)?);
                items.push((name, self.operand(item.take(Rule::operand)?)?));
            }
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
