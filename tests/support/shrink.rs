//! Makes a day that tells engine and naive interpreter apart smaller.

use std::sync::Arc;

use touchline::ir::{Rule, Trigger};

use super::lockstep::Case;
use super::random::inputs::{Event, Happens};

/// Removes rules, switches, edits and inputs as long as `fails` still does.
pub fn shrink(case: &Case, fails: impl Fn(&Case) -> bool) -> Case {
    let mut smallest = case.clone();
    loop {
        match smaller(&smallest).into_iter().find(&fails) {
            Some(case) => smallest = case,
            None => return smallest,
        }
    }
}

/// Every case that is a little smaller, the boldest cuts first.
fn smaller(case: &Case) -> Vec<Case> {
    let mut smaller = Vec::new();
    let sets = 1 + case.later.len();
    let set = |case: &Case, number: usize| match number {
        0 => case.rules.clone(),
        number => case.later[number - 1].clone(),
    };
    let with = |number: usize, rules: Vec<Arc<Rule>>| {
        let mut case = case.clone();
        match number {
            0 => case.rules = rules,
            number => case.later[number - 1] = rules,
        }
        case
    };
    // A switch goes.
    let switches = |event: &Event| matches!(event.what, Happens::Switch(_));
    for number in case.events.iter().filter(|event| switches(event)).map(|event| match event.what {
        Happens::Switch(number) => number,
        Happens::Input(_) | Happens::OfCase(..) => unreachable!("just filtered"),
    }) {
        let mut case = case.clone();
        case.events.retain(|event| event.what != Happens::Switch(number));
        smaller.push(case);
    }
    // A rule goes from every set, then from one; or one set takes it as the set before has it.
    let mut ids: Vec<_> = (0..sets).flat_map(|number| set(case, number)).map(|rule| rule.id.clone()).collect();
    ids.sort();
    ids.dedup();
    for id in &ids {
        let mut without = case.clone();
        without.rules.retain(|rule| rule.id != *id);
        without.later.iter_mut().for_each(|rules| rules.retain(|rule| rule.id != *id));
        smaller.push(without);
    }
    for number in 0..sets {
        for (place, rule) in set(case, number).iter().enumerate() {
            let mut rules = set(case, number);
            rules.remove(place);
            smaller.push(with(number, rules));
            if number > 0
                && let Some(before) = set(case, number - 1).into_iter().find(|before| before.id == rule.id)
                && before != *rule
            {
                let mut rules = set(case, number);
                rules[place] = before;
                smaller.push(with(number, rules));
            }
        }
    }
    for id in &ids {
        for simpler in [no_guards, no_limit, no_ladder, no_last_step, no_filter] {
            let mut changed = case.clone();
            let all = changed.rules.iter_mut().chain(changed.later.iter_mut().flatten());
            let mut any = false;
            for rule in all.filter(|rule| rule.id == *id) {
                if let Some(simple) = simpler(rule) {
                    any = true;
                    *rule = simple.into();
                }
            }
            if any {
                smaller.push(changed);
            }
        }
    }
    let mut length = case.events.len().div_ceil(2);
    while length > 0 {
        for start in (0..case.events.len()).step_by(length) {
            let mut case = case.clone();
            case.events.drain(start..(start + length).min(case.events.len()));
            smaller.push(case);
        }
        length /= 2;
    }
    if case.sleeps {
        smaller.push(Case { sleeps: false, ..case.clone() });
    }
    if case.fails > 0 {
        smaller.push(Case { fails: 0, ..case.clone() });
    }
    smaller
}

fn no_guards(rule: &Rule) -> Option<Rule> {
    (!rule.guards.is_empty()).then(|| Rule { guards: vec![], ..rule.clone() })
}

fn no_limit(rule: &Rule) -> Option<Rule> {
    rule.limit.is_some().then(|| Rule { limit: None, ..rule.clone() })
}

fn no_ladder(rule: &Rule) -> Option<Rule> {
    let mut simple = rule.clone();
    (simple.then.ladder.take().is_some() && !simple.then.steps.is_empty()).then_some(simple)
}

fn no_last_step(rule: &Rule) -> Option<Rule> {
    let mut simple = rule.clone();
    simple.then.steps.pop()?;
    (!simple.then.steps.is_empty() || simple.then.ladder.is_some()).then_some(simple)
}

fn no_filter(rule: &Rule) -> Option<Rule> {
    let mut simple = rule.clone();
    let sources = match &mut simple.trigger {
        Trigger::Each(source) | Trigger::Reading { source, .. } | Trigger::Count { source, .. } => vec![source],
        Trigger::Sequence { first, then, .. } | Trigger::Absence { first, then, .. } => vec![first, then],
        Trigger::Measure(measure) => vec![&mut measure.source],
        Trigger::Schedule(_) => vec![],
    };
    let filters: Vec<_> = sources.into_iter().filter_map(|source| source.filter.take()).collect();
    (!filters.is_empty()).then_some(simple)
}
