//! Which comparisons decided: of a condition that holds those it holds by, of one that does not those it fails by.
//!
//! A trace has every comparison that was made, also halves that decided nothing: the one part of an `unless` that held, the
//! alternative that failed before another held. Left out: how they are put into sentences (`replay::words`).

use crate::engine::trace::Compared;
use crate::ir::expr::Condition;
use crate::ir::{Rule, Source, Trigger};
use crate::lang::source::Span;

/// What made a guard or a `where` say no.
#[derive(Debug, PartialEq)]
pub enum No<'a> {
    /// All of these failed; with one alone it was that.
    Failed(Vec<&'a Compared>),
    /// An `unless` held, by all of these.
    Held(Vec<&'a Compared>),
}

/// Returns the comparisons a firing rests on: those of `where` and `only if` by which they hold, and what the trigger itself
/// compared. That an `unless` did not hold is no reason to fire.
pub fn held<'a>(made: &'a [Compared], rule: Option<&Rule>) -> Vec<&'a Compared> {
    let holding = made.iter().filter(|compared| compared.holds);
    let Some(rule) = rule else { return holding.collect() };
    let mut reasons = vec![];
    let mut owned = vec![];
    for condition in filters(&rule.trigger) {
        places(condition, &mut owned);
        by(condition, true, made, &mut reasons);
    }
    for guard in &rule.guards {
        places(&guard.condition, &mut owned);
        if !guard.unless {
            by(&guard.condition, true, made, &mut reasons);
        }
    }
    let reasons: Vec<Span> = reasons.iter().map(|compared| compared.here.0).collect();
    holding.filter(|compared| !owned.contains(&compared.here.0) || reasons.contains(&compared.here.0)).collect()
}

/// Returns what a `where` that does not hold fails by; `None` where nothing failed.
pub fn failed<'a>(made: &'a [Compared], rule: Option<&Rule>) -> Option<No<'a>> {
    let last = made.iter().rev().find(|compared| !compared.holds)?;
    let conditions = rule.map(|rule| filters(&rule.trigger)).unwrap_or_default();
    let mut all = vec![];
    if let Some(condition) = conditions.into_iter().find(|condition| has(condition, last.here.0)) {
        by(condition, false, made, &mut all);
    }
    Some(No::Failed(if all.is_empty() { vec![last] } else { all }))
}

/// Returns what a guard says no by: of an `unless` it is what holds.
pub fn refused<'a>(made: &'a [Compared], rule: Option<&Rule>) -> Option<No<'a>> {
    let last = made.last()?;
    let guards = rule.map(|rule| &rule.guards[..]).unwrap_or_default();
    let mut all = vec![];
    let guard = guards.iter().rfind(|guard| has(&guard.condition, last.here.0));
    if let Some(guard) = guard {
        by(&guard.condition, guard.unless, made, &mut all);
    }
    if all.is_empty() {
        all.push(last);
    }
    Some(if guard.is_some_and(|guard| guard.unless) { No::Held(all) } else { No::Failed(all) })
}

/// Adds the comparisons by which a condition holds, or does not; tells whether that is what was found.
fn by<'a>(condition: &Condition, holds: bool, made: &'a [Compared], found: &mut Vec<&'a Compared>) -> bool {
    let here = match condition {
        Condition::Test(test) => test.here.0,
        Condition::Script(_, here) => here.0,
        Condition::Hours(hours) => hours.here.0,
        Condition::All(parts) | Condition::Any(parts) => {
            let before = found.len();
            let all = matches!(condition, Condition::All(_)) == holds;
            let mut add = |part: &Condition| {
                let so_far = found.len();
                let is_so = by(part, holds, made, found);
                if !is_so {
                    found.truncate(so_far);
                }
                is_so
            };
            let is_so = if all { parts.iter().all(&mut add) } else { parts.iter().any(&mut add) };
            if !is_so {
                found.truncate(before);
            }
            return is_so;
        }
    };
    // The latest: a guard may have been asked before.
    let compared =
        made.iter().rev().find(|compared| compared.here.0 == here).filter(|compared| compared.holds == holds);
    found.extend(compared);
    compared.is_some()
}

fn has(condition: &Condition, here: Span) -> bool {
    let mut all = vec![];
    places(condition, &mut all);
    all.contains(&here)
}

/// Adds where the tests of a condition are written.
fn places(condition: &Condition, found: &mut Vec<Span>) {
    match condition {
        Condition::Test(test) => found.push(test.here.0),
        Condition::Script(_, here) => found.push(here.0),
        Condition::Hours(hours) => found.push(hours.here.0),
        Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| places(part, found)),
    }
}

/// Returns every `where` of a trigger.
fn filters(trigger: &Trigger) -> Vec<&Condition> {
    let sources: Vec<&Source> = match trigger {
        Trigger::Each(source) | Trigger::Reading { source, .. } | Trigger::Count { source, .. } => vec![source],
        Trigger::Sequence { first, then, .. } | Trigger::Absence { first, then, .. } => vec![first, then],
        Trigger::Measure(measure) => vec![&measure.source],
        Trigger::Schedule(_) => vec![],
    };
    sources.into_iter().filter_map(|source| source.filter.as_ref()).collect()
}
