//! Readings that enter again and again, because they leave at the first value that is not over the line.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::compile::lint_head;
use crate::ir::{Side, Trigger};
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;

use super::Recording;

/// A firing this soon after the one before of the same key is one that a clearing line may spare.
const SOON: SignedDuration = SignedDuration::from_hours(1);
/// Fewer than these are no habit.
const FEWEST: u64 = 2;
/// Nor are fewer than one in so many.
const ONE_IN: u64 = 10;

pub(super) fn re_entries(of: &Recording, found: &mut Vec<Diagnostic>) {
    for rule in &of.unit.rules {
        let Trigger::Reading { side, clears: None, .. } = &rule.trigger else { continue };
        let mut last: HashMap<&str, Timestamp> = HashMap::new();
        let (mut fired, mut again) = (0_u64, 0_u64);
        for decision in of.of_rule(rule) {
            let at = decision.firing.at;
            fired += 1;
            let before = last.insert(&decision.key, at);
            again += u64::from(before.is_some_and(|before| at.duration_since(before) <= SOON));
        }
        if again < FEWEST || again * ONE_IN < fired {
            continue;
        }
        let key: Vec<&str> = rule.key.iter().map(|part| &*part.name).collect();
        let message = format!(
            "rule `{}` fires again and again: {again} of {fired} times within an hour of the time before, for the same {}",
            rule.id.rule,
            key.join(" and ")
        );
        let clears = if *side == Side::Over { "clears under" } else { "clears over" };
        let help = format!("add `{clears} …` with a value that a wobble about the line does not reach");
        found.push(Diagnostic::warning(codes::ENTERS_AGAIN, lint_head(rule), message).help(help));
    }
}
