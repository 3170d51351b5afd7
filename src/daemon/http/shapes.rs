//! Cases, alerts and firings as JSON. The shape is a promise to whoever reads it by machine.

use serde_json::{Map, Value as Json, json};

use crate::daemon::board::CaseEntry;
use crate::engine::effect::{Effect, Firing, What};
use crate::engine::ruleset::RuleSet;
use crate::id::SignalId;
use crate::replay::words;
use crate::value::Str;
use crate::vocabulary::builtin;

/// Returns a case.
pub(super) fn case(entry: &CaseEntry, rules: &RuleSet) -> Json {
    let case = &entry.case;
    let names: Vec<Str> = match rules.rule(&case.rule) {
        Some(rule) if !rule.key.is_empty() => rule.key.iter().map(|part| part.name.clone()).collect(),
        _ => vec![],
    };
    let key: Map<String, Json> =
        names.iter().zip(&case.key).map(|(name, value)| (name.to_string(), words::json(value))).collect();
    let about = case.things.iter();
    let about: Map<String, Json> =
        about.map(|(thing, id)| (rules.vocabulary.thing_type(*thing).name.to_string(), Json::from(&**id))).collect();
    json!({
        "id": &*entry.id,
        "status": if case.open { "open" } else { "closed" },
        "priority": builtin::PRIORITIES[usize::from(case.priority) % builtin::PRIORITIES.len()],
        "playbook": &*case.rule.playbook,
        "rule": &*case.rule.rule,
        "key": key,
        "about": about,
        "reason": words::json(&case.reason),
        "outcome": words::json(&case.outcome),
        "opened_at": words::utc(case.opened_at),
        "owner": case.owner.as_deref(),
    })
}

/// Returns what an alert's effect says.
pub(super) fn alert(effect: &Effect) -> Json {
    let (role, text, addresses) = match &effect.what {
        What::Alert { role, addresses, text } => (&**role, &**text, addresses.as_slice()),
        _ => ("", "", &[][..]),
    };
    let addresses: Vec<&str> = addresses.iter().map(|address| &**address).collect();
    json!({
        "id": effect.id.to_string(),
        "at": words::utc(effect.at),
        "outcome": effect.outcome.word(),
        "reason": &*effect.reason,
        "role": role,
        "to": &*effect.to,
        "addresses": addresses,
        "text": text,
        "due": effect.due.map(words::utc),
        "step": effect.step,
        "firing": effect.firing.as_deref().map(firing),
    })
}

/// Returns a firing.
pub(super) fn firing(firing: &Firing) -> Json {
    let key: Map<String, Json> =
        firing.key.iter().map(|(name, value)| (name.to_string(), words::json(value))).collect();
    let signals: Vec<String> = firing.signals.iter().map(signal).collect();
    let compared: Vec<Json> = firing
        .compared
        .iter()
        .map(|made| json!({"clause": &*made.clause, "actual": &*made.actual, "holds": made.holds}))
        .collect();
    let mut ruleset = String::new();
    firing.ruleset.iter().for_each(|byte| ruleset.push_str(&format!("{byte:02x}")));
    json!({
        "at": words::utc(firing.at),
        "position": firing.position.0,
        "playbook": &*firing.rule.playbook,
        "rule": &*firing.rule.rule,
        "key": key,
        "signal": firing.signal.as_ref().map(signal),
        "signals": signals,
        "signals_total": firing.signals_total,
        "late": firing.late,
        "ruleset": ruleset,
        "compared": compared,
    })
}

fn signal(id: &SignalId) -> String {
    words::signal_id(id)
}
