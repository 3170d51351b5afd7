//! Pairs of rules that wrote to one customer within a day. Mails of the class `transactional` belong to what the customer did
//! and do not count.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::compile::lint_head;
use crate::engine::effect::Outcome;
use crate::ir::Rule;
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::replay::words;
use crate::template::Class;
use crate::value::Str;

use super::Recording;

/// Two contacts less than this apart are two in a day.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Where two rules met.
#[derive(Default)]
struct Met<'a> {
    times: u64,
    customers: BTreeSet<&'a str>,
    first: Option<(&'a str, Timestamp, Timestamp)>,
}

pub(super) fn twice_a_day(of: &Recording, found: &mut Vec<Diagnostic>) {
    let mut contacts: BTreeMap<&Str, Vec<(Timestamp, usize)>> = BTreeMap::new();
    for (place, rule) in of.unit.rules.iter().enumerate() {
        for came in of.of_rule(rule).flat_map(|decision| &decision.effects) {
            let counts = came.template.as_ref().is_some_and(|template| {
                of.unit.templates.get(template).is_none_or(|template| template.class != Class::Transactional)
            });
            if counts && came.outcome == Outcome::Sent && came.at >= of.from {
                contacts.entry(&came.to).or_default().push((came.at, place));
            }
        }
    }
    let mut pairs: BTreeMap<(usize, usize), Met<'_>> = BTreeMap::new();
    for (to, times) in &mut contacts {
        times.sort_unstable();
        for (later, (at, rule)) in times.iter().enumerate() {
            let near = times[..later].iter().rev().take_while(|(before, _)| at.duration_since(*before) < DAY);
            for (before, other) in near.filter(|(_, other)| other != rule) {
                let met = pairs.entry((*other.min(rule), *other.max(rule))).or_default();
                met.times += 1;
                met.customers.insert(to);
                if met.first.is_none_or(|(_, _, first)| *at < first) {
                    met.first = Some((to, *before, *at));
                }
            }
        }
    }
    found.extend(pairs.iter().map(|((one, other), met)| told(&of.unit.rules[*one], &of.unit.rules[*other], met)));
}

fn told(one: &Rule, other: &Rule, met: &Met) -> Diagnostic {
    let customers = met.customers.len();
    let (whom, times) = match (customers, met.times) {
        (1, 1) => ("one customer".to_owned(), "once".to_owned()),
        (1, times) => ("one customer".to_owned(), format!("{times} times")),
        (many, times) => (format!("{many} customers"), format!("{times} times")),
    };
    let message = format!("rules `{}` and `{}` both wrote to {whom} within a day, {times}", one.id.rule, other.id.rule);
    let first = met.first.map(|(to, before, at)| {
        let (before, at) = (words::instant(before, &one.zone), words::instant(at, &one.zone));
        format!("the first time: {to}, {before} and {at}")
    });
    Diagnostic::warning(codes::TWO_CONTACTS, lint_head(other), message)
        .label(first.unwrap_or_default())
        .related(lint_head(one), "the other rule")
        .help("let one `where` exclude the other, join them in one rule, or declare the mail `transactional` if the customer asked for it")
}
