//! How many alerts a rule sends a week, by role and step of its ladder.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::civil::{Date, Weekday};

use crate::compile::lint_head;
use crate::engine::effect::Outcome;
use crate::id::RuleId;
use crate::ir::action::ActionKind;
use crate::ir::{Rule, Status};
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::Span;
use crate::trust::backtest::counts::role;
use crate::trust::backtest::player::Kind;
use crate::value::Str;

use super::{Recording, WEEK};

/// How many alerts one rule would have sent to one role, at one step of its ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// The rule.
    pub rule: RuleId,
    /// To whom, as the rule says it: `manager of store`.
    pub to: String,
    /// The step of the ladder, from 1; 0 outside of one.
    pub step: u16,
    /// Whether the rule is on trial: nothing would have gone out.
    pub shadow: bool,
    /// How many, in all of what is looked at.
    pub alerts: u64,
    /// How many a week, in tenths; of less than a week, all of them.
    pub tenths_a_week: u64,
    /// How many in the busiest week from Monday to Sunday.
    pub most: u64,
    /// Where the alert is written.
    pub here: Span,
}

impl Volume {
    /// Says how many a week: `3.2`, `41`.
    pub fn a_week(&self) -> String {
        let (whole, tenth) = (self.tenths_a_week / 10, self.tenths_a_week % 10);
        if tenth == 0 { whole.to_string() } else { format!("{whole}.{tenth}") }
    }

    /// Returns it as a note at the alert.
    pub(super) fn note(&self) -> Diagnostic {
        let step = if self.step > 0 { format!(" (step {} of the ladder)", self.step) } else { String::new() };
        let shadow = if self.shadow { ", were the rule live" } else { "" };
        let message = format!(
            "`alert {}` of rule `{}`{step}: {} a week, {} in the busiest{shadow}",
            self.to,
            self.rule.rule,
            self.a_week(),
            self.most
        );
        Diagnostic::note(codes::EXPECTED_VOLUME, self.here, message)
    }
}

pub(super) fn volumes(of: &Recording) -> Vec<Volume> {
    let rules = of.unit.rules.iter().filter(|rule| rule.status != Status::Paused);
    rules.flat_map(|rule| of_rule(of, rule)).collect()
}

fn of_rule(of: &Recording, rule: &Rule) -> Vec<Volume> {
    let mut weeks: BTreeMap<(u16, Str), BTreeMap<Date, u64>> = BTreeMap::new();
    let monday = |at: jiff::Timestamp| {
        let day = at.to_zoned(rule.zone.clone()).date();
        day.checked_sub(jiff::Span::new().days(day.weekday().since(Weekday::Monday))).unwrap_or(day)
    };
    for decision in of.of_rule(rule) {
        let gone = |outcome| matches!(outcome, Outcome::Sent | Outcome::Silenced);
        for came in decision.effects.iter().filter(|came| came.kind == Kind::Alert && gone(came.outcome)) {
            let own = weeks.entry((came.step, role(&came.to).into())).or_default();
            *own.entry(monday(came.at)).or_default() += 1;
        }
    }
    let mut all: Vec<Volume> = vec![];
    for (step, role, to, here) in alerts(rule) {
        if all.iter().any(|told| told.step == step && told.to == to) {
            continue;
        }
        let weeks = weeks.remove(&(step, role)).unwrap_or_default();
        let alerts = weeks.values().sum();
        all.push(Volume {
            rule: rule.id.clone(),
            to,
            step,
            shadow: rule.status == Status::Shadow,
            alerts,
            tenths_a_week: tenths(alerts, of.length()),
            most: weeks.values().copied().max().unwrap_or(0),
            here,
        });
    }
    all
}

/// Returns each alert of a rule: its step, role, words and place.
fn alerts(rule: &Rule) -> Vec<(u16, Str, String, Span)> {
    let mut all = vec![];
    let ladder = rule.then.ladder.iter().flat_map(|ladder| ladder.steps.iter().zip(1_u16..));
    for (step, number) in rule.then.steps.iter().map(|step| (step, 0)).chain(ladder) {
        for action in &step.actions {
            let ActionKind::Alert { role, of, .. } = &action.kind else { continue };
            let of = of.as_ref().map(|of| format!(" of {}", of.name)).unwrap_or_default();
            let here = if action.here.0.end > action.here.0.start { action.here.0 } else { lint_head(rule) };
            all.push((number, role.clone(), format!("{role}{of}"), here));
        }
    }
    all
}

/// Returns how many a week there are, in tenths, rounded; what is shorter than a week counts as one.
fn tenths(count: u64, length: SignedDuration) -> u64 {
    let seconds = length.max(WEEK).as_secs().unsigned_abs();
    (count * 10 * WEEK.as_secs().unsigned_abs() + seconds / 2) / seconds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_is_told_in_tenths_and_a_part_of_one_is_not_multiplied() {
        let days = |days: i64| SignedDuration::from_hours(24 * days);
        assert_eq!((tenths(90, days(90)), tenths(1, days(90)), tenths(3, days(14))), (70, 1, 15));
        assert_eq!((tenths(5, days(1)), tenths(0, SignedDuration::ZERO)), (50, 0));
    }
}
