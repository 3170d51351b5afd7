//! A message of the outbox that is damaged: what is still known of it, and what a person does with it.
//!
//! How it stood is lost with it: nobody knows whether it went, so it never goes by itself. What it was is in what its input
//! asked for, and where the engine was told what became of it, the journal says so. Left out: finding damage
//! (`daemon::inspect`), and mending it (`store`).

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Value as Json, json};

use super::{App, Problem, lists, outbox};
use crate::daemon::turn::WriteError;
use crate::engine::effect::{Effect, What};
use crate::engine::input::{Delivery, Input, SHADOW};
use crate::engine::store::{Harmed, Reader, Rewrite, Row, RowId, StoreError};
use crate::id::Position;
use crate::store::outbox::{Patience, rows};
use crate::vocabulary::directory::Directory;

/// How much is read at once.
const AT_ONCE: usize = 1_000;

/// What is still known of a damaged message.
#[derive(Debug, Default)]
struct Known {
    /// The message as it was decided.
    row: Option<Row>,
    /// What the engine was told of it.
    told: Option<Delivery>,
    /// Whether it was withdrawn afterwards.
    withdrawn: bool,
}

/// Returns the damaged messages behind `after`, in order.
pub(super) fn all(reader: &dyn Reader, after: Option<RowId>) -> Result<Vec<RowId>, StoreError> {
    let message = |harmed| match harmed {
        Harmed::Message(id) if after.is_none_or(|after| id > after) => Some(id),
        _ => None,
    };
    Ok(reader.harmed()?.into_iter().filter_map(message).collect())
}

/// Tells whether a message is damaged.
pub(super) async fn is_damaged(app: &Arc<App>, id: RowId) -> Result<bool, Problem> {
    lists::read(app, move |reader| {
        // Whoever reads it notes it.
        reader.rows(id.effect)?;
        Ok(reader.harmed()?.contains(&Harmed::Message(id)))
    })
    .await
}

/// Returns what a list says of one.
pub(super) fn listed(id: RowId) -> Json {
    let why = format!("damaged: `touchline dead show {id}` says what to do");
    json!({"id": id.to_string(), "state": "damaged", "why": why})
}

/// Returns all that can be said of one.
pub(super) async fn shown(app: &Arc<App>, id: RowId) -> Result<Json, Problem> {
    let known = known(app, id).await?;
    let mut said =
        "what is kept of it is not what was written: it is not sent, and nobody knows how it stood".to_owned();
    match &known.told {
        Some(Delivery { failed: None, .. }) => said.push_str("; the journal says that it went"),
        Some(Delivery { failed: Some(why), .. }) => said.push_str(&format!("; the journal says that it failed: {why}")),
        None if known.withdrawn => said.push_str("; it was withdrawn later"),
        None => {}
    }
    let drop = format!("`touchline dead drop {id}` gives it up");
    match &known.row {
        Some(_) if may_go(&known) => said.push_str(&format!(
            ". `touchline dead send {id}` writes it anew and sends it, perhaps a second time; {drop}"
        )),
        Some(_) => said.push_str(&format!(". {drop}")),
        None => said.push_str(&format!(". What it was is not kept either: {drop}")),
    }
    let mut shape = known.row.as_ref().map_or(json!({"id": id.to_string()}), outbox::shape);
    shape["state"] = "damaged".into();
    shape["why"] = said.into();
    Ok(shape)
}

/// Writes one anew, to be sent.
pub(super) async fn send(app: &Arc<App>, id: RowId) -> Result<(), Problem> {
    let known = known(app, id).await?;
    if !may_go(&known) {
        let detail = format!(
            "`{id}` was withdrawn, or decided in shadow: it never goes. `touchline dead drop {id}` gives it up"
        );
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    let gone = || {
        Problem::new(
            StatusCode::CONFLICT,
            format!("what `{id}` was is not kept: `touchline dead drop {id}` gives it up"),
        )
    };
    let mut row = known.row.ok_or_else(gone)?;
    (row.not_before, row.give_up) = outbox::from_now(app, &row);
    mend(app, id, Some(row)).await
}

/// Writes another row in its place, or takes it away.
pub(super) async fn mend(app: &Arc<App>, id: RowId, row: Option<Row>) -> Result<(), Problem> {
    let handle = app.handle.clone();
    let mended = tokio::task::spawn_blocking(move || handle.rewrite_wait(Rewrite::mend(id, row))).await;
    match mended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error @ WriteError::Store(_))) => Err(Problem::failed(error.to_string())),
        Ok(Err(error)) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())),
        Err(_) => Err(Problem::failed("the outbox could not be written")),
    }
}

fn may_go(known: &Known) -> bool {
    let in_shadow = known.told.as_ref().is_some_and(|told| told.failed.as_deref() == Some(SHADOW));
    !known.withdrawn && !in_shadow
}

async fn known(app: &Arc<App>, id: RowId) -> Result<Known, Problem> {
    let directory = app.board.rules().directory.clone();
    lists::read(app, move |reader| Ok(find(reader, id, &directory))).await
}

/// Looks for a message in what inputs asked for, and for what became of it. What cannot be read there is not known.
fn find(reader: &dyn Reader, id: RowId, directory: &Directory) -> Known {
    let mut known = Known::default();
    let mut decided = Position(0);
    let mut next = Position(1);
    while let Ok(read) = reader.effects(next, AT_ONCE)
        && let Some((last, _)) = read.last()
    {
        next = Position(last.0 + 1);
        for (position, effect) in read.iter().flat_map(|(position, all)| all.iter().map(move |one| (*position, one))) {
            if effect.id != id.effect {
                continue;
            }
            known.withdrawn |= effect.what == What::Withdraw;
            if let Some(row) = message(effect, id, directory) {
                (known.row, decided) = (Some(row), position);
            }
        }
    }
    if known.row.is_some() {
        known.told = told(reader, id, decided);
    }
    known
}

fn message(effect: &Effect, id: RowId, directory: &Directory) -> Option<Row> {
    rows(effect, directory, Patience::default()).into_iter().find(|row| row.id == id)
}

/// Returns what the engine was told of an effect last, behind where it was decided.
fn told(reader: &dyn Reader, id: RowId, decided: Position) -> Option<Delivery> {
    let (mut next, mut told) = (Position(decided.0 + 1), None);
    while let Ok(records) = reader.records(next, AT_ONCE)
        && let Some(last) = records.last()
    {
        next = Position(last.position.0 + 1);
        for record in records {
            match record.input {
                Input::Delivery(delivery) if delivery.effect == id.effect => told = Some(delivery),
                _ => {}
            }
        }
    }
    told
}
