//! One decision with its why: what was compared, the signals behind it, what came of it, and what the other version says.
//!
//! Personal values are never in it (`replay::words`).

use crate::engine::effect::{Firing, Outcome};
use crate::engine::ruleset::RuleSet;
use crate::id::RuleId;
use crate::ir::Status;
use crate::replay::words;

use super::compare::Pair;
use super::player::{Decision, Declined};
use super::report::{Example, Fate, Material, zone};

/// Returns what is told of a pair; nothing of one that is the same.
pub(super) fn example(of: &Material, rule: &RuleId, pair: Pair) -> Option<Example> {
    let (old, new) = (&of.played.0.decisions, &of.played.1.decisions);
    let (was, is) = pair.places();
    let fate = match pair {
        Pair::Same(..) => return None,
        Pair::Otherwise(..) => Fate::Otherwise,
        Pair::Moved(..) => Fate::Moved,
        Pair::Gone(_) => Fate::Gone,
        Pair::New(_) => Fate::New,
    };
    let (decision, rules) = match is {
        Some(is) => (&new[is], &of.rules.1),
        None => (&old[was?], &of.rules.0),
    };
    let local = rules.rule(rule).map_or_else(|| zone(rules), |rule| rule.zone.clone());
    let firing = &decision.firing;
    let led_to = |decision: &Decision| {
        let settled =
            |place: usize| decision.effects[place + 1..].iter().any(|later| later.same == decision.effects[place].same);
        let told = decision.effects.iter().enumerate();
        // What was planned is told by what became of it.
        let told = told.filter(|(place, came)| came.outcome != Outcome::Planned || !settled(*place));
        let shown = told.map(|(_, came)| match came.at == decision.firing.at {
            true => format!("{} {}", came.outcome.word(), came.words),
            false => format!("{} {} {}", words::instant(came.at, &local), came.outcome.word(), came.words),
        });
        shown.collect::<Vec<String>>()
    };
    let otherwise = match pair {
        Pair::New(is) => Some(instead(&of.rules.0, rule, of.declined.get(&is))),
        Pair::Gone(was) => Some(instead(&of.rules.1, rule, of.played.1.declined.get(&was))),
        _ => None,
    };
    let before = was.filter(|_| is.is_some()).map(|was| &old[was]);
    Some(Example {
        fate,
        at: words::instant(firing.at, &local),
        was: before.filter(|_| fate == Fate::Moved).map(|before| words::instant(before.firing.at, &local)),
        key: subject(firing, rules),
        why: why(firing, rules),
        led_to: led_to(decision),
        led_to_before: before.filter(|_| fate == Fate::Otherwise).map(led_to).unwrap_or_default(),
        otherwise,
    })
}

/// Says why a version does not decide it.
fn instead(rules: &RuleSet, rule: &RuleId, declined: Option<&Declined>) -> String {
    match (rules.rule(rule), declined) {
        (None, _) => "there is no such rule".to_owned(),
        (Some(rule), _) if rule.status == Status::Paused => "the rule is paused".to_owned(),
        (Some(_), Some(why)) if !why.said.is_empty() => why.said.clone(),
        _ => "nothing made it fire at that moment".to_owned(),
    }
}

/// Returns what a firing is about: its key, else the first thing its signal is about.
fn subject(firing: &Firing, rules: &RuleSet) -> String {
    if !firing.key.is_empty() {
        return words::shown_key(rules, &firing.rule, &firing.key);
    }
    let Some(signal) = &firing.values.signal else { return String::new() };
    let about = rules.vocabulary.signal_type(signal.kind).about;
    signal.fields.iter().take(about).find(|value| !value.is_missing()).map(words::value).unwrap_or_default()
}

/// Says why it fired: what was compared, and the signals behind it.
fn why(firing: &Firing, rules: &RuleSet) -> Vec<String> {
    let mut told: Vec<String> = vec![];
    let held: Vec<String> = firing.compared.iter().filter(|made| made.holds).map(words::compared).collect();
    if !held.is_empty() {
        told.push(held.join(", "));
    }
    let ids: Vec<String> = firing.signals.iter().rev().take(3).rev().map(words::signal_id).collect();
    match &firing.values.signal {
        Some(signal) => {
            let kind = rules.vocabulary.signal_type(signal.kind);
            let fields = words::fields(signal, &rules.vocabulary);
            if firing.signals_total > 1 {
                let more = if firing.signals_total > ids.len() as u64 { "…, " } else { "" };
                told.push(format!("{} signals: {more}{}", firing.signals_total, ids.join(", ")));
            }
            told.push(format!("{} {}: {fields}", kind.name, words::signal_id(&signal.id)));
        }
        None if firing.signals_total > 0 => told.push(format!("{} signals", firing.signals_total)),
        None => {}
    }
    told
}
