//! Signals that touchline made itself: how they are named, which rule made one, and what it came of.

use crate::engine::turn::DERIVED_SOURCE;
use crate::id::{RuleId, SignalId};
use crate::replay::driver::Turn;
use crate::signal::Signal;

use super::super::after::is_behind;
use super::Found;

/// Tells whether touchline made the signal itself.
pub(super) fn is_made(id: &SignalId) -> bool {
    &*id.source == DERIVED_SOURCE
}

/// Tells whether `asked` is the beginning of a made signal's id, as it is printed: with its source and at least as long.
pub(super) fn is_begun(id: &str, asked: &str) -> bool {
    const SHORTEST: usize = 8;
    let asked = asked.strip_prefix(DERIVED_SOURCE).and_then(|rest| rest.strip_prefix(':')).unwrap_or(asked);
    asked.len() >= SHORTEST && id.starts_with(asked)
}

/// Tells whether a text looks like the id of a signal that touchline made.
pub(super) fn names_a_made_one(asked: &str) -> bool {
    let is_hash = asked.len() == 32 && asked.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash || asked.strip_prefix(DERIVED_SOURCE).is_some_and(|rest| rest.starts_with(':'))
}

/// Returns the rule whose action made a signal; `None` where a person's did.
pub(super) fn maker(turn: &Turn, made: &Signal) -> Option<RuleId> {
    let effect = turn.step.effects.iter().find(|effect| effect.id.to_string() == *made.id.id)?;
    effect.firing.as_ref().map(|firing| firing.rule.clone())
}

/// Tells whether a signal was made by a firing that has another behind it.
pub(super) fn leads_to(turn: &Turn, signal: &SignalId, made: &Signal) -> bool {
    let by = turn.step.effects.iter().find(|effect| effect.id.to_string() == *made.id.id);
    by.and_then(|effect| effect.firing.as_ref()).is_some_and(|firing| is_behind(firing, signal))
}

/// Says where a signal comes from that touchline made itself.
pub(super) fn made_place(found: &Found, place: &str) -> String {
    let by = found.made_by.as_ref().map(|rule| format!(" by {}", rule.rule)).unwrap_or_default();
    let at = if place.is_empty() { String::new() } else { format!(" at {place}") };
    format!("made by touchline{by}{at}").replace("made by touchline by", "made by")
}
