//! Scenarios against one change: which of them notices it, and which came nearest where none does.
//!
//! A change is noticed when something else is decided: another firing, effect, recipient, text or time. That a
//! line in the timeline says the changed sentence instead of the old one does not count: nobody would hear of it.

use std::collections::BTreeMap;
use std::mem::discriminant;
use std::sync::Arc;

use crate::engine::effect::{Effect, What};
use crate::engine::ruleset::RuleSet;
use crate::engine::trace::{Compared, Look, Verdict};
use crate::id::RuleId;
use crate::ir::Rule;
use crate::replay::reached::clauses;
use crate::replay::run::{Played, play_own};
use crate::replay::scenario::{Scenario, ScenarioFile};
use crate::replay::words;

use super::Mutant;

/// A scenario as it is played without a change.
pub struct Case<'a> {
    /// Its file.
    pub file: &'a ScenarioFile,
    /// The scenario.
    pub scenario: &'a Scenario,
    /// What comes of it.
    pub base: &'a Played,
    /// What its `reload` steps switch to, by the name they give.
    pub versions: &'a BTreeMap<String, Version>,
}

/// What a `reload` step switches to.
pub enum Version {
    /// The playbook as it stands: with the change, where there is one.
    Own,
    /// Another version, or why it cannot be loaded.
    Other(Result<Arc<RuleSet>, String>),
}

/// What comes of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A scenario notices it: the first that does, by its place among the cases.
    Killed(usize),
    /// None does.
    Survived(Option<Nearest>),
}

/// The scenario that came nearest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearest {
    /// Its place among the cases.
    pub case: usize,
    /// The comparison that nearly told, with what was met; empty where nothing was compared.
    pub met: String,
}

/// Plays cases against a change. `rules` are those of the playbook without it.
pub fn judge(rules: &RuleSet, mutant: &Mutant, cases: &[Case<'_>]) -> Fate {
    let changed = |rule: &Arc<Rule>| mutant.rules.iter().find(|new| new.id == rule.id).unwrap_or(rule).clone();
    let (vocabulary, directory) = (rules.vocabulary.clone(), rules.directory.clone());
    let all = rules.rules.iter().map(changed).collect();
    let with = Arc::new(RuleSet::new(vocabulary, directory, rules.templates.clone(), all));
    let mut nearest: Option<(Nearness, Nearest)> = None;
    for (place, case) in cases.iter().enumerate() {
        let own = |look: &&Look| mutant.rules.iter().any(|rule| rule.id == look.rule);
        // A rule that never looks at anything decides nothing, changed or not.
        if !case.base.looks.iter().any(|look| own(&look)) {
            continue;
        }
        let mut reload = |name: &str| match case.versions.get(name) {
            Some(Version::Own) => Ok(with.clone()),
            Some(Version::Other(version)) => version.clone(),
            None => Err("there is no such version".to_owned()),
        };
        let played = play_own(case.file, case.scenario, with.clone(), &mut reload);
        if !same(case.base, &played) {
            return Fate::Killed(place);
        }
        let (nearness, met) = near(rules, mutant, case.base, &played);
        if nearest.as_ref().is_none_or(|(best, _)| nearness < *best) {
            nearest = Some((nearness, Nearest { case: place, met }));
        }
    }
    Fate::Survived(nearest.map(|(_, nearest)| nearest))
}

/// Tells whether the same was decided.
fn same(base: &Played, played: &Played) -> bool {
    let alike = |(one, other): (&Effect, &Effect)| {
        // Not the key: under another one the same is done for the same reason.
        let of = |effect: &Effect| effect.firing.as_ref().map(|firing| firing.rule.clone());
        (one.at, one.outcome, one.due, one.step) == (other.at, other.outcome, other.due, other.step)
            && same_what(&one.what, &other.what)
            && one.to == other.to
            && of(one) == of(other)
    };
    base.decided.len() == played.decided.len()
        && base.problems.len() == played.problems.len()
        && base.decided.iter().zip(&played.decided).all(alike)
}

/// The same of what is asked for. Ids that touchline makes hang on the key and do not count.
fn same_what(one: &What, other: &What) -> bool {
    match (one, other) {
        (
            What::OpenCase { joined, priority, reason, .. },
            What::OpenCase { joined: joins, priority: first, reason: why, .. },
        ) => (joined, priority, reason) == (joins, first, why),
        (What::Record { signal: one }, What::Record { signal: other }) => {
            (one.kind, one.at, &one.fields) == (other.kind, other.at, &other.fields)
        }
        (one, other) => one == other,
    }
}

/// How near a scenario came; less is nearer.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Nearness {
    /// Something was answered otherwise on the way.
    Within,
    /// A value was that far from what it was compared with.
    Far(f64),
    /// The rule fired.
    Fired,
    /// The rule looked.
    Looked,
}

fn near(rules: &RuleSet, mutant: &Mutant, base: &Played, played: &Played) -> (Nearness, String) {
    let of = |looks: &'_ [Look]| -> Vec<Look> {
        let own = |look: &&Look| mutant.rules.iter().any(|rule| rule.id == look.rule);
        looks.iter().filter(own).cloned().collect()
    };
    let (before, after) = (of(&base.looks), of(&played.looks));
    let answers = |look: &Look| -> Vec<bool> { look.compared.iter().map(|compared| compared.holds).collect() };
    let other = |(one, two): &(&Look, &Look)| {
        discriminant(&one.verdict) != discriminant(&two.verdict) || answers(one) != answers(two)
    };
    if let Some((_, look)) = before.iter().zip(&after).find(other) {
        return (Nearness::Within, look.compared.last().map(words::compared).unwrap_or_default());
    }
    let asked = before.iter().flat_map(|look| asked(rules, mutant, look));
    match asked.min_by(|one, other| one.0.total_cmp(&other.0)) {
        Some((far, told)) => (Nearness::Far(far), told),
        None if before.iter().any(|look| look.verdict == Verdict::Fired) => (Nearness::Fired, String::new()),
        None => (Nearness::Looked, String::new()),
    }
}

/// Returns the comparisons of a look that the change is about: how far what was met is from what was asked, and both in words.
fn asked(rules: &RuleSet, mutant: &Mutant, look: &Look) -> Vec<(f64, String)> {
    let Some((old, new)) = both(rules, mutant, &look.rule) else { return vec![] };
    let kept: Vec<_> = clauses(new).into_iter().map(|(_, text)| text).collect();
    let gone: Vec<_> = clauses(old).into_iter().filter(|(_, text)| !kept.contains(text)).collect();
    let about = |compared: &&Compared| match gone.is_empty() {
        true => compared.here == old.here,
        false => gone.iter().any(|(_, text)| *text == compared.clause),
    };
    let told = |compared: &Compared| Some((distance(compared)?, words::compared(compared)));
    let mut all: Vec<(f64, String)> = look.compared.iter().filter(about).filter_map(told).collect();
    if let (Verdict::Counting { have, need }, true) = (&look.verdict, gone.is_empty()) {
        all.push((need.saturating_sub(*have) as f64, format!("{have} of {need}")));
    }
    all
}

fn both<'a>(rules: &'a RuleSet, mutant: &'a Mutant, id: &RuleId) -> Option<(&'a Rule, &'a Rule)> {
    Some((rules.rule(id)?, mutant.rules.iter().find(|rule| rule.id == *id)?))
}

/// Returns how far what was met is from what was asked, as far as both are numbers.
fn distance(compared: &Compared) -> Option<f64> {
    let test = compared.clause.rsplit(" is ").next()?;
    let asked = numbers(test).next()?;
    if compared.actual.contains("unknown") {
        return None;
    }
    let met = match compared.actual.split_once(", previous ") {
        Some((recent, previous)) => {
            let (recent, previous) = (numbers(recent).next()?, numbers(previous).next()?);
            let by = (recent - previous).abs();
            if test.contains(" percent ") && previous != 0.0 { by / previous.abs() * 100.0 } else { by }
        }
        None => numbers(&compared.actual).next()?,
    };
    Some((asked - met).abs())
}

fn numbers(text: &str) -> impl Iterator<Item = f64> {
    text.split(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-'))).filter_map(|word| word.parse().ok())
}
