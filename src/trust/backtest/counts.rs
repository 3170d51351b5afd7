//! What reached people: mails by customer, alerts by role and day, held against the budgets of the directory.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;

use crate::engine::effect::Outcome;
use crate::engine::ruleset::RuleSet;
use crate::value::Str;

use super::player::{Came, Decision, Kind};

/// Alerts and mails of one version.
#[derive(Debug, Default)]
pub struct Reached {
    /// Alerts by `team_lead of S7`, then day.
    pub alerts: BTreeMap<Str, BTreeMap<Date, u64>>,
    /// Mails by `customer C1`.
    pub mails: BTreeMap<Str, u64>,
}

/// Returns what a version sent from `since` on. A day is one of the rule's zone.
pub fn reached(decisions: &[Decision], rules: &RuleSet, since: Option<Timestamp>) -> Reached {
    let mut reached = Reached::default();
    for decision in decisions {
        let zone = rules.rule(&decision.firing.rule).map_or(&rules.vocabulary.zone, |rule| &rule.zone);
        for came in sent(decision, since) {
            match came.kind {
                Kind::Alert => {
                    let day = came.at.to_zoned(zone.clone()).date();
                    *reached.alerts.entry(came.to.clone()).or_default().entry(day).or_default() += 1;
                }
                Kind::Mail => *reached.mails.entry(came.to.clone()).or_default() += 1,
                Kind::Case | Kind::Other => {}
            }
        }
    }
    reached
}

/// Returns what was sent of a decision.
pub fn sent(decision: &Decision, since: Option<Timestamp>) -> impl Iterator<Item = &Came> {
    let is_in = move |came: &&Came| came.outcome == Outcome::Sent && since.is_none_or(|since| came.at >= since);
    decision.effects.iter().filter(is_in)
}

/// How many customers got how many mails: before and after.
pub fn histogram(old: &Reached, new: &Reached) -> Vec<(u64, u64, u64)> {
    let all: BTreeSet<u64> = old.mails.values().chain(new.mails.values()).copied().collect();
    let having = |reached: &Reached, count: u64| reached.mails.values().filter(|own| **own == count).count() as u64;
    all.into_iter().map(|count| (count, having(old, count), having(new, count))).collect()
}

/// Returns the role of `team_lead of S7`.
pub fn role(to: &str) -> &str {
    to.split(" of ").next().unwrap_or(to)
}
