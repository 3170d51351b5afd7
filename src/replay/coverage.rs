//! Which rules fired and which clauses were asked in any scenario.
//!
//! A rule is reached when it fired, a clause when it was compared. Shares are rounded down: 100 % means all.

use std::collections::BTreeSet;

use crate::id::RuleId;
use crate::ir::expr::Condition;
use crate::ir::{Rule, Source, Status, Trigger};
use crate::lang::source::Span;
use crate::replay::run::Played;
use crate::replay::scenario::Scenario;
use crate::value::Str;

/// What the scenarios so far have reached.
#[derive(Debug, Default)]
pub struct Coverage {
    fired: BTreeSet<RuleId>,
    covered: BTreeSet<RuleId>,
    reached: BTreeSet<Span>,
}

/// What they have not, of some rules.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many live rules fired, of how many.
    pub rules: (usize, usize),
    /// How many clauses were compared, of how many.
    pub clauses: (usize, usize),
    /// Live rules that no scenario names and that fired in none.
    pub without_scenario: Vec<RuleId>,
    /// Live rules that a scenario names, but that fired in none.
    pub never_fired: Vec<RuleId>,
    /// Clauses that were never compared, with their text.
    pub never_asked: Vec<(RuleId, Str)>,
}

impl Coverage {
    /// Takes note of a scenario.
    pub fn add(&mut self, scenario: &Scenario, played: &Played) {
        self.covered.extend(scenario.covers.iter().cloned());
        self.fired.extend(played.fired.iter().cloned());
        self.reached.extend(played.reached.iter().copied());
    }

    /// Says how far the scenarios reach into these rules. Only live ones count.
    pub fn report<'a>(&self, rules: impl Iterator<Item = &'a Rule>) -> Report {
        let mut report = Report::default();
        for rule in rules.filter(|rule| rule.status == Status::Live) {
            report.rules.1 += 1;
            match (self.fired.contains(&rule.id), self.covered.contains(&rule.id)) {
                (true, _) => report.rules.0 += 1,
                (false, true) => report.never_fired.push(rule.id.clone()),
                (false, false) => report.without_scenario.push(rule.id.clone()),
            }
            for (span, text) in clauses(rule) {
                report.clauses.1 += 1;
                match self.reached.contains(&span) {
                    true => report.clauses.0 += 1,
                    false => report.never_asked.push((rule.id.clone(), text)),
                }
            }
        }
        report
    }
}

/// Returns a share in whole percent, rounded down; of nothing, all.
pub fn percent((reached, all): (usize, usize)) -> usize {
    (reached * 100).checked_div(all).unwrap_or(100)
}

/// Returns the clauses of a rule's conditions and guards, with where they are written.
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
        Condition::Script(script, here) => found.push((here.0, format!("`{}`", script.text).into())),
    }
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn shares_are_rounded_down_and_nothing_is_all() {
        assert_eq!((percent((199, 200)), percent((0, 0)), percent((2, 3))), (99, 100, 66));
    }
}
