//! What a scenario reached in the rules it began with: which fired, which clauses were compared, what guards answered,
//! which steps of a ladder went out, and in which languages mails did.
//!
//! All of it is told by the engine ([`Step::asked`](crate::engine::Step::asked) and its effects); here it is only attributed. After a reload, rules
//! that another version has changed reach nothing: they are other rules. Left out: what could be reached (`trust`).

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::engine::Step;
use crate::engine::effect::{Effect, Outcome, What};
use crate::engine::ruleset::RuleSet;
use crate::engine::trace::Question;
use crate::id::RuleId;
use crate::ir::expr::Condition;
use crate::ir::{Rule, Source, Trigger};
use crate::lang::source::Span;
use crate::value::Str;

/// One thing that was reached in a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// It fired.
    Fired,
    /// A clause was compared: by its place in [`clauses`].
    Clause(usize),
    /// A guard, by its place, let a firing pass (`true`) or held one back (`false`).
    Guard(usize, bool),
    /// A step of the ladder, from 1, went out.
    Step(u16),
    /// A mail of this template went out in this language.
    Mail(Str, Str),
}

/// What was reached, by rule.
#[derive(Debug)]
pub struct Reached {
    rules: Arc<RuleSet>,
    /// For each rule of the set in force, its place in `rules` where it is the same rule.
    same: Vec<Option<usize>>,
    found: Vec<BTreeSet<Reach>>,
}

impl Reached {
    /// Returns a collector for the rules a scenario begins with.
    pub fn new(rules: Arc<RuleSet>) -> Reached {
        let same = (0..rules.rules.len()).map(Some).collect();
        let found = vec![BTreeSet::new(); rules.rules.len()];
        Reached { rules, same, found }
    }

    /// Goes on under another rule set.
    pub fn switch(&mut self, new: &RuleSet) {
        let place = |rule: &Arc<Rule>| self.rules.rules.iter().position(|own| own == rule);
        self.same = new.rules.iter().map(place).collect();
    }

    /// Takes note of what came of an input; `rules` is the set in force.
    pub fn see(&mut self, step: &Step, rules: &RuleSet) {
        for asked in &step.asked {
            let Some(place) = self.same.get(asked.rule as usize).copied().flatten() else { continue };
            let found = &mut self.found[place];
            match asked.what {
                Question::Guard(guard) => drop(found.insert(Reach::Guard(guard, asked.yes))),
                Question::Clause(here) => {
                    let all = clauses(&rules.rules[asked.rule as usize]);
                    let met = all.iter().enumerate().filter(|(_, (span, _))| *span == here.0);
                    found.extend(met.map(|(place, _)| Reach::Clause(place)));
                }
            }
        }
        for firing in &step.firings {
            self.add(&firing.rule, rules, Reach::Fired);
        }
        for effect in &step.effects {
            self.effect(effect, rules);
        }
    }

    fn effect(&mut self, effect: &Effect, rules: &RuleSet) {
        let Some(firing) = &effect.firing else { return };
        if effect.step > 0 && matches!(effect.outcome, Outcome::Sent | Outcome::Failed | Outcome::Silenced) {
            self.add(&firing.rule, rules, Reach::Step(effect.step));
        }
        if let (What::Email { template, mail: Some(mail) }, Outcome::Sent) = (&effect.what, effect.outcome) {
            self.add(&firing.rule, rules, Reach::Mail(template.clone(), mail.language.clone()));
        }
    }

    fn add(&mut self, rule: &RuleId, rules: &RuleSet, reach: Reach) {
        let number = rules.rules.binary_search_by(|known| known.id.cmp(rule)).ok();
        if let Some(place) = number.and_then(|number| self.same.get(number).copied().flatten()) {
            self.found[place].insert(reach);
        }
    }

    /// Returns what was reached of each rule of which anything was.
    pub fn all(&self) -> impl Iterator<Item = (&RuleId, &BTreeSet<Reach>)> {
        let each = self.rules.rules.iter().map(|rule| &rule.id).zip(&self.found);
        each.filter(|(_, found)| !found.is_empty())
    }
}

/// Returns the clauses of a rule's conditions and guards in order, with where they are written.
pub fn clauses(rule: &Rule) -> Vec<(Span, Str)> {
    let mut found = vec![];
    let mut of = |source: &Source| source.filter.iter().for_each(|filter| collect(filter, &mut found));
    match &rule.trigger {
        Trigger::Each(source) | Trigger::Reading { source, .. } | Trigger::Count { source, .. } => of(source),
        Trigger::Sequence { first, then, .. } | Trigger::Absence { first, then, .. } => {
            of(first);
            of(then);
        }
        Trigger::Measure(measure) => {
            of(&measure.source);
            measure.share.iter().for_each(|share| collect(share, &mut found));
        }
        Trigger::Schedule(_) => {}
    }
    rule.guards.iter().for_each(|guard| collect(&guard.condition, &mut found));
    found
}

fn collect(condition: &Condition, found: &mut Vec<(Span, Str)>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| collect(part, found)),
        Condition::Test(test) => found.push((test.here.0, test.text.clone())),
        Condition::Hours(hours) => found.push((hours.here.0, hours.text.clone())),
        Condition::Script(script, here) => found.push((here.0, format!("`{}`", script.text).into())),
    }
}
