//! Small changes to a playbook, one at a time: what would be noticed if somebody made them by mistake?
//!
//! A change is made in the spanned tree and compiled again ([`prepare`]), so that each is a sentence of the language and is printed
//! like one. Changes that do not compile, and those that provably mean the same as the rule or as another change (`trust::same`),
//! are left out. `condition`, `trigger` and `amount` hold the changes, `judge` plays scenarios against one.

mod amount;
mod condition;
pub mod judge;
mod prepare;
mod trigger;

use crate::lang::source::Span;
use crate::lang::tree::{Action, ActionKind, Define, Guard, Limit, Operand, Path, Playbook, Rule, Step, Word};

pub use prepare::{Mutant, prepare};

/// What kind of change it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A threshold one up or down.
    Threshold,
    /// `at least` for `more than`, and the like.
    Order,
    /// A window a tenth longer or shorter.
    Window,
    /// A condition, or a part of one, is gone.
    Condition,
    /// A guard is gone.
    Guard,
    /// `and` for `or`.
    AndOr,
    /// A step of a ladder is gone, or two have changed places.
    Ladder,
    /// A part of a key is gone.
    Key,
    /// The limit is gone.
    Limit,
    /// An amount that is sent, set or recorded is one more or less.
    Value,
}

impl Kind {
    /// Returns it in words.
    pub fn words(self) -> &'static str {
        match self {
            Kind::Threshold => "threshold",
            Kind::Order => "at least or more than",
            Kind::Window => "window",
            Kind::Condition => "condition",
            Kind::Guard => "guard",
            Kind::AndOr => "and or or",
            Kind::Ladder => "ladder",
            Kind::Key => "key",
            Kind::Limit => "limit",
            Kind::Value => "value",
        }
    }
}

/// Something with one change in it.
#[derive(Clone, Debug)]
struct Changed<T> {
    kind: Kind,
    /// Where the change is.
    span: Span,
    of: T,
}

impl<T> Changed<T> {
    fn new(kind: Kind, span: Span, of: T) -> Changed<T> {
        Changed { kind, span, of }
    }

    /// Puts what is changed into what it is a part of.
    fn map<U>(self, into: impl FnOnce(T) -> U) -> Changed<U> {
        Changed { kind: self.kind, span: self.span, of: into(self.of) }
    }
}

/// Puts every change of a part into the whole.
fn within<T, U>(changes: Vec<Changed<T>>, into: impl Fn(T) -> U) -> impl Iterator<Item = Changed<U>> {
    changes.into_iter().map(move |changed| changed.map(&into))
}

/// Returns every changed form of a playbook's definitions and rules: the playbook with the one rule, or with all rules and
/// the one definition.
fn changed(playbook: &Playbook) -> Vec<Changed<Playbook>> {
    let mut all = vec![];
    for (place, define) in playbook.defines.iter().enumerate() {
        let put = |condition| {
            let mut whole = playbook.clone();
            whole.defines[place] = Define { condition, ..define.clone() };
            whole
        };
        all.extend(within(condition::of(&define.condition), put));
    }
    let of_all = |every_rule| Playbook { every_rule, ..playbook.clone() };
    all.extend(within(guards(&playbook.every_rule), of_all));
    for own in &playbook.rules {
        let put = |rule| Playbook { rules: vec![rule], ..playbook.clone() };
        all.extend(within(rule(own), put));
    }
    all
}

fn rule(rule: &Rule) -> Vec<Changed<Rule>> {
    let mut all = vec![];
    all.extend(within(trigger::of(&rule.when.node), |when| {
        let mut changed = rule.clone();
        changed.when.node = when;
        changed
    }));
    all.extend(within(key(&rule.for_each), |for_each| Rule { for_each, ..rule.clone() }));
    all.extend(within(guards(&rule.guards), |guards| Rule { guards, ..rule.clone() }));
    all.extend(within(limit(rule.limit.as_ref()), |limit| Rule { limit, ..rule.clone() }));
    all.extend(within(steps(&rule.then), |then| Rule { then, ..rule.clone() }));
    all
}

/// A part of a key is gone; never all of it, which is no sentence.
fn key(paths: &[Path]) -> Vec<Changed<Vec<Path>>> {
    match paths.len() {
        0 | 1 => vec![],
        _ => (0..paths.len()).map(|place| Changed::new(Kind::Key, paths[place].span, without(paths, place))).collect(),
    }
}

fn guards(guards: &[Guard]) -> Vec<Changed<Vec<Guard>>> {
    let mut all = vec![];
    for (place, guard) in guards.iter().enumerate() {
        all.push(Changed::new(Kind::Guard, guard.span, without(guards, place)));
        all.extend(within(condition::of(&guard.condition), |condition| {
            with(guards, place, Guard { condition, ..guard.clone() })
        }));
    }
    all
}

fn limit(limit: Option<&Limit>) -> Vec<Changed<Option<Limit>>> {
    let Some(limit) = limit else { return vec![] };
    let mut all = vec![Changed::new(Kind::Limit, limit.span, None)];
    all.extend(within(key(&limit.per), |per| Some(Limit { per, ..limit.clone() })));
    all
}

/// Changes in what is done: an amount is another one, and in a ladder a step is gone, or two neighbours have swapped what they
/// do.
fn steps(then: &[Step]) -> Vec<Changed<Vec<Step>>> {
    let mut all = vec![];
    for (place, step) in then.iter().enumerate() {
        for (at, action) in step.actions.iter().enumerate() {
            let put = |kind| {
                let actions = with(&step.actions, at, Action { kind, span: action.span });
                with(then, place, Step { actions, ..step.clone() })
            };
            all.extend(within(amounts(&action.kind), put));
            let ActionKind::Escalate { until, ladder } = &action.kind else { continue };
            let put = |ladder| {
                let kind = ActionKind::Escalate { until: until.clone(), ladder };
                let actions = with(&step.actions, at, Action { kind, span: action.span });
                with(then, place, Step { actions, ..step.clone() })
            };
            all.extend(within(ladders(ladder), put));
        }
    }
    all
}

/// An amount that an action hands on one more and one less. A text has no neighbours.
fn amounts(kind: &ActionKind) -> Vec<Changed<ActionKind>> {
    let changed = |one: &Operand| {
        let all = amount::operand(one);
        all.into_iter().map(|changed| Changed { kind: Kind::Value, ..changed }).collect::<Vec<_>>()
    };
    let of = |values: &[(Word, Operand)], into: &dyn Fn(Vec<(Word, Operand)>) -> ActionKind| {
        let mut all = vec![];
        for (place, (name, value)) in values.iter().enumerate() {
            all.extend(within(changed(value), |value| into(with(values, place, (name.clone(), value)))));
        }
        all
    };
    match kind {
        ActionKind::Post { endpoint, with } => of(with, &|with| ActionKind::Post { endpoint: endpoint.clone(), with }),
        ActionKind::Email { who, template, language, with } => of(with, &|with| ActionKind::Email {
            who: who.clone(),
            template: template.clone(),
            language: language.clone(),
            with,
        }),
        ActionKind::Record { signal, with } => of(with, &|with| ActionKind::Record { signal: signal.clone(), with }),
        ActionKind::Set { fact, to } => within(changed(to), |to| ActionKind::Set { fact: fact.clone(), to }).collect(),
        ActionKind::Alert { .. } | ActionKind::OpenCase { .. } | ActionKind::Escalate { .. } => vec![],
    }
}

fn ladders(ladder: &[Step]) -> Vec<Changed<Vec<Step>>> {
    let gone = (0..ladder.len()).filter(|_| ladder.len() > 1);
    let gone = gone.map(|place| Changed::new(Kind::Ladder, ladder[place].span, without(ladder, place)));
    let swapped = (1..ladder.len()).map(|place| {
        let mut steps = ladder.to_vec();
        steps[place - 1].actions = ladder[place].actions.clone();
        steps[place].actions = ladder[place - 1].actions.clone();
        Changed::new(Kind::Ladder, ladder[place].span, steps)
    });
    gone.chain(swapped).collect()
}

fn without<T: Clone>(all: &[T], place: usize) -> Vec<T> {
    all[..place].iter().chain(&all[place + 1..]).cloned().collect()
}

fn with<T: Clone>(all: &[T], place: usize, one: T) -> Vec<T> {
    let mut all = all.to_vec();
    all[place] = one;
    all
}
