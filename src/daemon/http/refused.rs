//! `/v1/refused`: what was refused, to be looked at, corrected and sent again, or forgotten.

use std::sync::{Arc, PoisonError};

use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value as Json, json};

use super::filters::{self, Asked};
use super::problem::answer;
use super::{App, Problem, body, signals};
use crate::daemon::ingest;
use crate::daemon::intake::NotTaken;
use crate::engine::store::StoreError;
use crate::replay::words;
use crate::store::refused::{Kept, RefusedStore};

/// Asks the keeper of refused lines.
pub(super) async fn with<T: Send + 'static>(
    app: &Arc<App>,
    ask: impl FnOnce(&mut dyn RefusedStore) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Problem> {
    let app = app.clone();
    let ask = move || ask(&mut **app.refused.lock().unwrap_or_else(PoisonError::into_inner));
    let done = tokio::task::spawn_blocking(ask).await;
    done.map_err(|_| Problem::failed("refused signals cannot be read"))?
        .map_err(|error| Problem::failed(error.to_string()))
}

fn shape(kept: &Kept) -> Json {
    let line = &kept.line;
    let field = Some(line.field.as_str()).filter(|field| !field.is_empty());
    json!({
        "number": kept.number, "at": words::utc(line.at), "way": line.way, "field": field, "reason": line.reason,
        "line": line.text,
    })
}

fn unknown(number: u64) -> Problem {
    Problem::unknown(format!("nothing that was refused has the number {number}"))
}

pub(super) async fn list(State(app): State<Arc<App>>, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let limit = filters::check(&asked, &[])?;
    let after = filters::after(&asked)?;
    let (found, (count, gone)) = with(&app, move |store| Ok((store.list(after, limit + 1)?, store.count()?))).await?;
    let next = (found.len() > limit).then(|| found[limit - 1].number.to_string());
    let shown: Vec<Json> = found.iter().take(limit).map(shape).collect();
    Ok(answer(StatusCode::OK, &json!({"refused": shown, "next": next, "kept": count, "dropped": gone})))
}

pub(super) async fn show(State(app): State<Arc<App>>, Path(number): Path<u64>) -> Result<Response, Problem> {
    let found = with(&app, move |store| store.get(number)).await?.ok_or_else(|| unknown(number))?;
    Ok(answer(StatusCode::OK, &shape(&found)))
}

pub(super) async fn forget(State(app): State<Arc<App>>, Path(number): Path<u64>) -> Result<Response, Problem> {
    match with(&app, move |store| store.forget(number)).await? {
        true => Ok(answer(StatusCode::OK, &json!({"forgotten": number}))),
        false => Err(unknown(number)),
    }
}

/// Sends a line again: as it was, where the vocabulary has changed since, or as the body has it.
pub(super) async fn retry(
    State(app): State<Arc<App>>,
    Path(number): Path<u64>,
    request: Request,
) -> Result<Response, Problem> {
    let corrected = body::object(&app, request).await?;
    let kept = with(&app, move |store| store.get(number)).await?.ok_or_else(|| unknown(number))?;
    let text = if corrected == "{}" { kept.line.text } else { corrected };
    let rules = app.board.rules();
    let what = ingest::read_again(&text, app.limits.depth, &rules.vocabulary, kept.line.at);
    let what = what.ok_or_else(|| unknown(number))?;
    let input = what.and_then(|said| signals::input(&app, said)).map_err(|refused| Problem::refused(&refused))?;
    let receipt = app.intake.submit(vec![input], rules.vocabulary.clone())?;
    let stopped = || NotTaken::Stopped("the daemon stopped before it was written down".into());
    if let Some(Err(reason)) = receipt.await.map_err(|_| stopped())??.pop() {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, reason.to_string()));
    }
    app.metrics.accepted(1);
    // It is on disk: should this be cut short, the line is sent once more and known as a duplicate.
    with(&app, move |store| store.forget(number)).await?;
    Ok(answer(StatusCode::ACCEPTED, &json!({"accepted": 1, "number": number})))
}
