//! What a list is asked with: names and values that can be meant. What cannot be meant is refused, with what is known: an
//! empty list would look like an answer.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;

use super::Problem;
use crate::engine::ruleset::RuleSet;
use crate::id::RuleId;
use crate::ir::action::ActionKind;
use crate::suggest::nearest;

/// The most entries of a page.
pub(super) const MOST: usize = 1_000;
/// Entries of a page unless another number is asked for.
const USUAL: usize = 100;
/// More names than this are not listed in a message.
const NAMED: usize = 20;

/// What a list was asked with.
pub(super) type Asked = BTreeMap<String, String>;

/// Refuses names that a list is not asked with, and returns the page's length.
pub(super) fn check(asked: &Asked, known: &[&str]) -> Result<usize, Problem> {
    names(asked, &[known, &["after", "limit"]].concat())?;
    match asked.get("limit").map(|limit| limit.parse::<usize>()) {
        None => Ok(USUAL),
        Some(Ok(limit)) if (1..=MOST).contains(&limit) => Ok(limit),
        Some(_) => Err(bad(format!("`limit` is a number from 1 to {MOST}"))),
    }
}

/// Refuses names that are not `known`.
pub(super) fn names(asked: &Asked, known: &[&str]) -> Result<(), Problem> {
    let Some(name) = asked.keys().find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
    let known = match known {
        [] => ": it is asked with nothing".to_owned(),
        known => meant(name, known),
    };
    Err(bad(format!("nothing is filtered by `{name}`{known}")))
}

/// Returns the number a list goes on behind, 0 at its beginning.
pub(super) fn after(asked: &Asked) -> Result<u64, Problem> {
    let after = asked.get("after").map_or(Ok(0), |after| after.parse());
    after.map_err(|_| bad("`after` is the `next` of the page before"))
}

/// Refuses a value that is none of `words`.
pub(super) fn one_of(asked: &Asked, name: &str, words: &[&str]) -> Result<(), Problem> {
    match asked.get(name) {
        Some(value) if !words.contains(&value.as_str()) => Err(no_such(name, value, words)),
        _ => Ok(()),
    }
}

/// Tells whether a rule is of the rule and playbook that are wanted; a rule may be named with its playbook.
pub(super) fn is_rule(asked: &Asked, rule: Option<&RuleId>) -> bool {
    let is_it = |wanted: &String| rule.is_some_and(|rule| **wanted == *rule.rule || *wanted == rule.to_string());
    let is_in = |wanted: &String| rule.is_some_and(|rule| **wanted == *rule.playbook);
    asked.get("rule").is_none_or(is_it) && asked.get("playbook").is_none_or(is_in)
}

/// Refuses a rule, playbook or role that nothing was found for and that no rule knows which runs now. Rules that ran once may
/// still be asked for, as long as there is anything of theirs.
pub(super) fn or_unknown(asked: &Asked, found: usize, rules: &RuleSet) -> Result<(), Problem> {
    if found > 0 || asked.contains_key("after") {
        return Ok(());
    }
    let ids = || rules.rules.iter().map(|rule| &rule.id);
    if let Some(wanted) = asked.get("playbook") {
        known("playbook", wanted, &ids().map(|id| id.playbook.to_string()).collect())?;
    }
    if let Some(wanted) = asked.get("rule") {
        let short = || ids().map(|id| id.rule.to_string()).collect();
        let whole = || ids().map(RuleId::to_string).collect();
        known("rule", wanted, &if wanted.contains('/') { whole() } else { short() })?;
    }
    match asked.get("role") {
        Some(wanted) => known("role", wanted, &roles(rules)),
        None => Ok(()),
    }
}

/// Returns every role that the directory fills or a rule names.
fn roles(rules: &RuleSet) -> BTreeSet<String> {
    let steps = rules.rules.iter().flat_map(|rule| {
        let ladder = rule.then.ladder.iter().flat_map(|ladder| &ladder.steps);
        rule.then.steps.iter().chain(ladder)
    });
    let named = steps.flat_map(|step| &step.actions).filter_map(|action| match &action.kind {
        ActionKind::Alert { role, .. } => Some(role.to_string()),
        _ => None,
    });
    named.chain(rules.directory.roles().into_iter().map(|role| role.to_string())).collect()
}

fn known(what: &str, wanted: &str, names: &BTreeSet<String>) -> Result<(), Problem> {
    match names.contains(wanted) {
        true => Ok(()),
        false => Err(no_such(what, wanted, &names.iter().map(String::as_str).collect::<Vec<_>>())),
    }
}

/// Returns what is wrong with a word that is none of `known`.
pub(super) fn no_such(what: &str, word: &str, known: &[&str]) -> Problem {
    bad(format!("no {what} is called `{word}`{}", meant(word, known)))
}

fn meant(word: &str, known: &[&str]) -> String {
    let near = nearest(word, known.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
    let more = known.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let listed = known[..known.len().min(NAMED)].join(", ");
    match (near, listed.is_empty()) {
        (Some(near), _) => format!("{near} There is {listed}{more}"),
        (None, false) => format!(": there is {listed}{more}"),
        (None, true) => ": there is none".to_owned(),
    }
}

fn bad(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, detail)
}
