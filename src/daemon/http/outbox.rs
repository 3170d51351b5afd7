//! `/v1/outbox`: what goes out and what became of it, and dead letters sent again.

use std::sync::{Arc, PoisonError};

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value as Json, json};

use super::filters::{self, Asked};
use super::problem::answer;
use super::{App, Problem, damaged, lists};
use crate::daemon::turn::WriteError;
use crate::engine::store::{Change, Kind, Row, RowId, RowState};
use crate::id::EffectId;
use crate::replay::words;
use crate::store::outbox::Patience;

/// Every state with its word.
const STATES: [(&str, RowState); 6] = [
    ("waiting", RowState::Waiting),
    ("leased", RowState::Leased { until: jiff::Timestamp::MIN }),
    ("sent", RowState::Sent),
    ("dead", RowState::Dead),
    ("withdrawn", RowState::Withdrawn),
    ("silenced", RowState::Silenced),
];

/// The state of those that are not what was written.
const DAMAGED: &str = "damaged";

fn state(row: &Row) -> &'static str {
    let same = |state: &RowState| std::mem::discriminant(state) == std::mem::discriminant(&row.state);
    STATES.iter().find(|(_, state)| same(state)).map_or("", |(word, _)| word)
}

/// Returns a row as it is answered.
pub(super) fn shape(row: &Row) -> Json {
    let firing = row.effect.firing.as_ref();
    json!({
        "id": row.id.to_string(),
        "state": state(row),
        "kind": match row.kind {
            Kind::Mail => "mail",
            Kind::Webhook => "webhook",
        },
        "what": row.effect.what.word(),
        "to": &*row.to,
        "attempts": row.attempt,
        "why": &*row.why,
        "at": words::utc(row.effect.at),
        "not_before": words::utc(row.not_before),
        "give_up": words::utc(row.give_up),
        "case": row.thread.as_deref(),
        "playbook": firing.map(|firing| &*firing.rule.playbook),
        "rule": firing.map(|firing| &*firing.rule.rule),
    })
}

/// `GET /v1/outbox`, of one state where it is named, in order of id. Damaged ones stand among the others, or are asked for.
pub(super) async fn list(State(app): State<Arc<App>>, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let limit = filters::check(&asked, &["state"])?;
    let word = asked.get("state").map(String::as_str);
    let wanted = word.filter(|word| *word != DAMAGED).map(named).transpose()?;
    let with_damaged = word.is_none_or(|word| word == DAMAGED);
    let with_sound = word != Some(DAMAGED);
    let after = asked.get("after").map(|text| id(text)).transpose()?;
    let found = lists::read(&app, move |reader| {
        let sound = if with_sound { reader.outbox(after, wanted, limit + 1)? } else { vec![] };
        let mut found: Vec<(RowId, Json)> = sound.iter().map(|row| (row.id, shape(row))).collect();
        if with_damaged {
            found.extend(damaged::all(reader, after)?.into_iter().map(|id| (id, damaged::listed(id))));
        }
        found.sort_by_key(|(id, _)| *id);
        Ok(found)
    })
    .await?;
    let next = (found.len() > limit).then(|| found[limit - 1].0.to_string());
    let shown: Vec<Json> = found.into_iter().take(limit).map(|(_, shape)| shape).collect();
    Ok(answer(StatusCode::OK, &json!({"outbox": shown, "next": next})))
}

/// `GET /v1/outbox/{id}`.
pub(super) async fn show(State(app): State<Arc<App>>, Path(text): Path<String>) -> Result<Response, Problem> {
    let shown = match find(&app, &text).await? {
        Found::Sound(row) => shape(&row),
        Found::Damaged(id) => damaged::shown(&app, id).await?,
    };
    Ok(answer(StatusCode::OK, &shown))
}

/// `POST /v1/outbox/{id}/send`: a dead letter waits to be sent again, for as long as a new one would; a damaged message is
/// written anew.
pub(super) async fn send(State(app): State<Arc<App>>, Path(text): Path<String>) -> Result<Response, Problem> {
    let row = match find(&app, &text).await? {
        Found::Sound(row) => row,
        Found::Damaged(id) => {
            damaged::send(&app, id).await?;
            return sent(&app, &text).await;
        }
    };
    if row.state != RowState::Dead {
        let detail = format!("`{text}` is {}, and only a dead letter is sent again", state(&row));
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    let handle = app.handle.clone();
    let (not_before, give_up) = from_now(&app, &row);
    let change = (row.id, Change::Again { not_before, give_up });
    let settled = tokio::task::spawn_blocking(move || handle.settle_wait(vec![change])).await;
    match settled {
        Ok(Ok(())) => sent(&app, &text).await,
        Ok(Err(error @ WriteError::Store(_))) => Err(Problem::failed(error.to_string())),
        Ok(Err(error)) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())),
        Err(_) => Err(Problem::failed("the outbox could not be written")),
    }
}

async fn sent(app: &Arc<App>, text: &str) -> Result<Response, Problem> {
    match find(app, text).await? {
        Found::Sound(row) => Ok(answer(StatusCode::ACCEPTED, &shape(&row))),
        Found::Damaged(_) => Err(Problem::failed(format!("`{text}` is damaged again"))),
    }
}

/// `DELETE /v1/outbox/{id}`: a damaged message is given up. All others come to their end by themselves.
pub(super) async fn give_up(State(app): State<Arc<App>>, Path(text): Path<String>) -> Result<Response, Problem> {
    match find(&app, &text).await? {
        Found::Damaged(id) => {
            damaged::mend(&app, id, None).await?;
            Ok(answer(StatusCode::OK, &json!({"id": id.to_string(), "state": "given up"})))
        }
        Found::Sound(row) => {
            let detail = format!("`{text}` is {}, and only a damaged message is given up", state(&row));
            Err(Problem::new(StatusCode::CONFLICT, detail))
        }
    }
}

/// Returns from when to when a message is tried that a person sends again.
pub(super) fn from_now(app: &App, row: &Row) -> (jiff::Timestamp, jiff::Timestamp) {
    let (now, patience) = (app.clock.now(), Patience::default());
    let hold = if row.kind == Kind::Mail && row.effect.what.word() == "email" { patience.mail } else { patience.alert };
    (now, now.checked_add(hold).unwrap_or(jiff::Timestamp::MAX))
}

/// What an id names.
enum Found {
    Sound(Row),
    Damaged(RowId),
}

async fn find(app: &Arc<App>, text: &str) -> Result<Found, Problem> {
    let id = id(text)?;
    let reader = app.clone();
    let read = move || reader.reader.lock().unwrap_or_else(PoisonError::into_inner).rows(id.effect);
    let rows = tokio::task::spawn_blocking(read).await.map_err(|_| Problem::failed("the outbox could not be read"))?;
    let rows = rows.map_err(|error| Problem::failed(error.to_string()))?;
    if let Some(row) = rows.into_iter().find(|row| row.id == id) {
        return Ok(Found::Sound(row));
    }
    let is_damaged = damaged::is_damaged(app, id).await?;
    is_damaged
        .then_some(Found::Damaged(id))
        .ok_or_else(|| Problem::unknown(format!("nothing in the outbox has the id `{text}`: GET /v1/outbox lists it")))
}

fn named(word: &str) -> Result<RowState, Problem> {
    let found = STATES.iter().find(|(known, _)| *known == word).map(|(_, state)| *state);
    found.ok_or_else(|| filters::no_such("state", word, &[&STATES.map(|(word, _)| word)[..], &[DAMAGED]].concat()))
}

/// Reads the name of a row: the effect's id, a dot, and which of its recipients.
fn id(text: &str) -> Result<RowId, Problem> {
    let read = || {
        let (effect, recipient) = text.split_once('.')?;
        let number = (effect.len() == 32).then(|| u128::from_str_radix(effect, 16).ok()).flatten()?;
        Some(RowId { effect: EffectId(number.to_be_bytes()), recipient: recipient.parse().ok()? })
    };
    read().ok_or_else(|| {
        let detail = format!("`{text}` is no id of the outbox: it looks like 0f3a…9c.0, GET /v1/outbox lists them");
        Problem::new(StatusCode::NOT_FOUND, detail)
    })
}
