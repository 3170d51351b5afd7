//! What a row of the outbox says: as a letter, and as the body of a webhook.

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use crate::deliver::email::{Letter, first_line};
use crate::engine::effect::{Effect, Firing, What};
use crate::engine::store::Row;
use crate::id::EffectId;
use crate::replay::words;
use crate::value::{Str, Value};

/// The subject of a digest.
const DIGEST: &str = "touchline: what was too late, could not be done or had nobody to go to";

/// Returns the letter of a row; `None` for what no mail carries, and for a mail that was never filled in.
pub fn letter(row: &Row) -> Option<Letter> {
    let effect = &row.effect;
    let (subject, text, html) = match &effect.what {
        What::Alert { text, .. } => (subject(text), with_footer(text, effect), None),
        What::Email { mail: Some(mail), .. } => {
            (mail.subject.to_string(), mail.text.to_string(), mail.html.as_deref().map(str::to_owned))
        }
        What::Digest { lines, .. } => (DIGEST.to_owned(), lines.join("\n"), None),
        _ => return None,
    };
    Some(Letter {
        id: row.id.to_string(),
        at: effect.at,
        to: row.to.to_string(),
        subject,
        text,
        html,
        thread: thread(row),
    })
}

fn subject(text: &str) -> String {
    Some(first_line(text)).filter(|line| !line.is_empty()).unwrap_or("Alert").to_owned()
}

/// What a person needs to find the alert again.
fn with_footer(text: &str, effect: &Effect) -> String {
    let Some(firing) = &effect.firing else { return text.to_owned() };
    let mut lines = vec![format!("rule     {}", firing.rule)];
    if !firing.key.is_empty() {
        lines.push(format!("for      {}", words::key(&firing.key)));
    }
    if let Value::Id(case) = &firing.values.case {
        lines.push(format!("case     {case}"));
    }
    if effect.step > 0 {
        lines.push(format!("step     {} of the ladder", effect.step));
    }
    lines.push(format!("to       {}", effect.to));
    lines.push(format!("decided  {}", words::utc(firing.at)));
    format!("{text}\n\n-- \n{}\n", lines.join("\n"))
}

/// Returns the root of the thread a mail belongs to: that of its case, or else of its ladder. Customers and staff never
/// share one.
fn thread(row: &Row) -> Option<EffectId> {
    let effect = &row.effect;
    let firing = effect.firing.as_deref()?;
    let audience: &[u8] = match effect.what {
        What::Email { .. } => b"customer",
        _ => b"staff",
    };
    if let Some(case) = &row.thread {
        return Some(EffectId::of(&[b"thread", audience, b"case", case.as_bytes()]));
    }
    if effect.step == 0 {
        return None;
    }
    // One ladder is one firing: the next one for the same key is another conversation.
    let key = words::key(&firing.key);
    let position = firing.position.0.to_le_bytes();
    let rule = [firing.rule.playbook.as_bytes(), firing.rule.rule.as_bytes()];
    Some(EffectId::of(&[b"thread", audience, b"ladder", rule[0], rule[1], key.as_bytes(), &position]))
}

/// Returns the body of a webhook: `{"type": …, "timestamp": …, "data": {…}}`, as Standard Webhooks recommends. The same
/// row gives the same bytes. `None` for what no webhook carries.
pub fn webhook(row: &Row) -> Option<Vec<u8>> {
    let effect = &row.effect;
    let mut data = Map::new();
    match &effect.what {
        What::Post { values, .. } => {
            data.insert("values".to_owned(), object(values));
        }
        What::Alert { role, text, .. } => {
            data.insert("role".to_owned(), json!(**role));
            data.insert("to".to_owned(), json!(*effect.to));
            data.insert("text".to_owned(), json!(**text));
        }
        What::Digest { lines, .. } => {
            data.insert("lines".to_owned(), lines.iter().map(|line| json!(**line)).collect());
        }
        _ => return None,
    }
    data.insert("effect".to_owned(), json!(effect.id.to_string()));
    if effect.step > 0 {
        data.insert("step".to_owned(), json!(effect.step));
    }
    if let Some(firing) = &effect.firing {
        data.insert("firing".to_owned(), of_firing(firing));
    }
    let body = json!({"type": kind(effect), "timestamp": utc(effect.at), "data": data});
    Some(serde_json::to_vec(&body).expect("a JSON value has no part that cannot be written"))
}

/// Parts separated by full stops, the general one first.
fn kind(effect: &Effect) -> String {
    match &effect.firing {
        Some(firing) => format!("{}.{}.{}", effect.what.word(), firing.rule.playbook, firing.rule.rule),
        None => effect.what.word().to_owned(),
    }
}

fn of_firing(firing: &Firing) -> Json {
    json!({
        "playbook": *firing.rule.playbook,
        "rule": *firing.rule.rule,
        "at": utc(firing.at),
        "key": object(&firing.key),
        "signals": firing.signals.iter().map(|id| json!(*id.id)).collect::<Vec<Json>>(),
        "signals_total": firing.signals_total,
    })
}

fn object(values: &[(Str, Value)]) -> Json {
    Json::Object(values.iter().map(|(name, value)| (name.to_string(), words::json(value))).collect())
}

fn utc(at: Timestamp) -> String {
    words::utc(at)
}

#[cfg(test)]
pub(crate) mod tests;
