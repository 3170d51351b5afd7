//! Loops: rules that can set each other off without end (M20).
//!
//! A rule leads to another where it makes a signal the other listens to. A limit anywhere in a circle ends it, so
//! only rules without one are looked at; circles are the strongly connected parts of what remains.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::compile::words::listed;
use crate::id::RuleId;
use crate::ir::action::{Action, ActionKind};
use crate::ir::{Rule, Status, Trigger};
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::Span;
use crate::vocabulary::{SignalNo, Vocabulary, builtin};

/// Returns a problem for each circle, and every rule that is part of one.
pub fn loops(vocabulary: &Vocabulary, rules: &[Arc<Rule>]) -> (Vec<Diagnostic>, FxHashSet<RuleId>) {
    let free: Vec<&Rule> =
        rules.iter().map(|rule| &**rule).filter(|rule| rule.limit.is_none() && rule.status != Status::Paused).collect();
    let graph = Graph::of(vocabulary, &free);
    let mut problems = Vec::new();
    let mut caught = FxHashSet::default();
    for part in graph.circles() {
        problems.push(told(vocabulary, &free, &graph, &part));
        caught.extend(part.iter().map(|rule| free[*rule].id.clone()));
    }
    (problems, caught)
}

/// Which signals each rule makes, and which rules each signal can set off.
struct Graph {
    makes: Vec<Vec<(SignalNo, Span)>>,
    heard_by: Vec<Vec<usize>>,
}

impl Graph {
    fn of(vocabulary: &Vocabulary, rules: &[&Rule]) -> Graph {
        let case_opened = vocabulary.signal(builtin::CASE_OPENED);
        let mut graph =
            Graph { makes: Vec::with_capacity(rules.len()), heard_by: vec![Vec::new(); vocabulary.signals.len()] };
        for (place, rule) in rules.iter().enumerate() {
            graph
                .makes
                .push(actions(rule).filter_map(|action| Some((made(action, case_opened)?, action.here.0))).collect());
            for signal in set_off_by(rule) {
                graph.heard_by[signal.index()].push(place);
            }
        }
        graph
    }

    /// Returns the rules a rule can set off.
    fn next(&self, rule: usize) -> impl Iterator<Item = usize> {
        self.makes[rule].iter().flat_map(|(signal, _)| self.heard_by[signal.index()].iter().copied())
    }

    /// Returns the strongly connected parts that hold a circle, each in order of its rules (Tarjan, without recursion).
    fn circles(&self) -> Vec<Vec<usize>> {
        let count = self.makes.len();
        let mut walk = Walk {
            number: vec![usize::MAX; count],
            low: vec![0; count],
            on_stack: vec![false; count],
            stack: vec![],
            next: 0,
        };
        let mut circles = Vec::new();
        for start in 0..count {
            if walk.number[start] != usize::MAX || self.makes[start].is_empty() {
                continue;
            }
            let mut path: Vec<(usize, Vec<usize>)> = vec![(walk.enter(start), self.next(start).collect())];
            while let Some((rule, open)) = path.last_mut() {
                let rule = *rule;
                if let Some(next) = open.pop() {
                    if walk.number[next] == usize::MAX {
                        let ahead = self.next(next).collect();
                        path.push((walk.enter(next), ahead));
                    } else if walk.on_stack[next] {
                        walk.low[rule] = walk.low[rule].min(walk.number[next]);
                    }
                    continue;
                }
                path.pop();
                if let Some((parent, _)) = path.last() {
                    walk.low[*parent] = walk.low[*parent].min(walk.low[rule]);
                }
                if walk.low[rule] == walk.number[rule] {
                    let part = walk.leave(rule);
                    if part.len() > 1 || self.next(rule).any(|next| next == rule) {
                        circles.push(part);
                    }
                }
            }
        }
        circles.sort();
        circles
    }

    /// Returns a shortest circle through the first rule of a part, as its rules in order.
    fn circle(&self, part: &[usize]) -> Vec<usize> {
        let within: FxHashSet<usize> = part.iter().copied().collect();
        let Some(first) = part.first().copied() else { return vec![] };
        let mut came_from = rustc_hash::FxHashMap::default();
        let mut queue = std::collections::VecDeque::from([first]);
        while let Some(rule) = queue.pop_front() {
            for next in self.next(rule).filter(|next| within.contains(next)) {
                if next == first {
                    let mut circle = vec![rule];
                    let mut at = rule;
                    while let Some(before) = came_from.get(&at).copied() {
                        circle.push(before);
                        at = before;
                    }
                    circle.reverse();
                    return circle;
                }
                if next != first && !came_from.contains_key(&next) {
                    came_from.insert(next, rule);
                    queue.push_back(next);
                }
            }
        }
        part.to_vec()
    }
}

/// What Tarjan's walk keeps.
struct Walk {
    number: Vec<usize>,
    low: Vec<usize>,
    on_stack: Vec<bool>,
    stack: Vec<usize>,
    next: usize,
}

impl Walk {
    fn enter(&mut self, rule: usize) -> usize {
        self.number[rule] = self.next;
        self.low[rule] = self.next;
        self.next += 1;
        self.stack.push(rule);
        self.on_stack[rule] = true;
        rule
    }

    fn leave(&mut self, root: usize) -> Vec<usize> {
        let mut part = Vec::new();
        while let Some(rule) = self.stack.pop() {
            self.on_stack[rule] = false;
            part.push(rule);
            if rule == root {
                break;
            }
        }
        part.sort_unstable();
        part
    }
}

/// Returns all actions of a rule, those of its ladder included.
pub fn actions(rule: &Rule) -> impl Iterator<Item = &Action> {
    let ladder = rule.then.ladder.iter().flat_map(|ladder| &ladder.steps);
    rule.then.steps.iter().chain(ladder).flat_map(|step| &step.actions)
}

/// Returns the signal an action makes.
fn made(action: &Action, case_opened: Option<SignalNo>) -> Option<SignalNo> {
    match &action.kind {
        ActionKind::Record { signal, .. } => Some(*signal),
        ActionKind::OpenCase { .. } => case_opened,
        _ => None,
    }
}

/// Returns the signals that can make a rule fire by themselves: not the B of an absence, which only answers, and not
/// those of a measure that is looked at by the clock.
fn set_off_by(rule: &Rule) -> Vec<SignalNo> {
    match &rule.trigger {
        Trigger::Absence { first, .. } => vec![first.signal],
        Trigger::Measure(_) if rule.check.is_some() => vec![],
        _ => rule.signals(),
    }
}

fn told(vocabulary: &Vocabulary, rules: &[&Rule], graph: &Graph, part: &[usize]) -> Diagnostic {
    let circle = graph.circle(part);
    let mut chain = Vec::new();
    let mut places = Vec::new();
    for (place, rule) in circle.iter().enumerate() {
        let next = circle[(place + 1) % circle.len()];
        let leads = graph.makes[*rule].iter().find(|(signal, _)| graph.heard_by[signal.index()].contains(&next));
        let Some((signal, span)) = leads else { continue };
        let signal = &vocabulary.signal_type(*signal).name;
        chain.push(format!("`{}` makes `{signal}`", rules[*rule].id));
        places.push((*span, format!("`{}` makes `{signal}`", rules[*rule].id.rule)));
    }
    let ids: Vec<String> = circle.iter().map(|rule| format!("`{}`", rules[*rule].id.rule)).collect();
    let message = match circle.len() {
        1 => format!("rule {} can set itself off without end", ids[0]),
        _ => format!("rules {} can set each other off without end", listed(&ids)),
    };
    let first = rules[circle[0]];
    let back = format!(", which sets off `{}` again", first.id);
    let (span, label) = places.first().cloned().unwrap_or((first.here.0, String::new()));
    let mut problem = Diagnostic::error(codes::LOOP, span, message).label(label);
    problem.related = places.into_iter().skip(1).collect();
    problem.help(format!(
        "{}{back}: give one of them a limit (`at most once every 1 day per …`)",
        chain.join(", which sets off the next; ")
    ))
}
