//! `GET /v1/cases`, `/v1/alerts`, `/v1/firings`, with filters and pages.
//!
//! A page says how to go on: `next` is what to give as `after`. Cases come in order of their id, alerts and firings in
//! the order they were decided, so that a reader follows with `after`.

use std::sync::{Arc, PoisonError};

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value as Json, json};

use super::filters::{self, Asked, check};
use super::problem::answer;
use super::{App, Problem, said, shapes};
use crate::daemon::board::{Board, firings as firings_of};
use crate::engine::cases::Case;
use crate::engine::effect::{Effect, Outcome, What};
use crate::engine::store::{Reader, RowState, StoreError};
use crate::id::Position;
use crate::replay::words;
use crate::value::Str;
use crate::vocabulary::builtin;

/// How many inputs that asked for anything are looked through for one page.
const LOOKED_THROUGH: usize = 20_000;
/// How many of these are read at once.
const AT_ONCE: usize = 1_000;

/// Reads from the store without holding up anybody else.
pub(super) async fn read<T: Send + 'static>(
    app: &Arc<App>,
    read: impl FnOnce(&dyn Reader) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Problem> {
    let app = app.clone();
    let read = move || read(&**app.reader.lock().unwrap_or_else(PoisonError::into_inner));
    let done = tokio::task::spawn_blocking(read).await;
    done.map_err(|_| Problem::failed("the store could not be read"))?
        .map_err(|error| Problem::failed(error.to_string()))
}

fn page(name: &str, entries: Vec<Json>, next: Option<Json>) -> Response {
    answer(StatusCode::OK, &json!({name: entries, "next": next}))
}

pub(super) async fn cases(State(app): State<Arc<App>>, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let limit = check(&asked, &["status", "rule", "playbook", "priority", "owner", "customer"])?;
    filters::one_of(&asked, "status", &["open", "closed"])?;
    filters::one_of(&asked, "priority", &builtin::PRIORITIES)?;
    let rules = app.board.rules();
    let customer = rules.vocabulary.thing(builtin::CUSTOMER);
    let is = |name: &str, value: &str| asked.get(name).is_none_or(|wanted| wanted == value);
    let wanted = |_: &Str, case: &Case| {
        let about = case.things.iter().find(|(thing, _)| Some(*thing) == customer).map_or("", |(_, id)| id);
        is("status", if case.open { "open" } else { "closed" })
            && filters::is_rule(&asked, Some(&case.rule))
            && is("priority", builtin::PRIORITIES[usize::from(case.priority) % builtin::PRIORITIES.len()])
            && is("owner", case.owner.as_deref().unwrap_or(""))
            && is("customer", about)
    };
    let after = asked.get("after").map_or("", String::as_str);
    let found = app.board.cases(after, limit + 1, wanted);
    filters::or_unknown(&asked, found.len(), &rules)?;
    let next = (found.len() > limit).then(|| Json::from(&*found[limit - 1].id));
    Ok(page("cases", found.iter().take(limit).map(|entry| shapes::case(entry, &rules)).collect(), next))
}

pub(super) async fn case(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response, Problem> {
    let found = app.board.case(&id).ok_or_else(|| Problem::unknown(format!("no case is called `{id}`")))?;
    let mut shown = shapes::case(&found, &app.board.rules());
    shown["comments"] = Json::from(said::of_case(&app, &id).await?);
    Ok(answer(StatusCode::OK, &shown))
}

pub(super) async fn alerts(State(app): State<Arc<App>>, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let limit = check(&asked, &["outcome", "rule", "playbook", "role", "key"])?;
    filters::one_of(&asked, "outcome", &Outcome::ALL.map(Outcome::word))?;
    let (wanted, board) = (asked.clone(), app.board.clone());
    let shape = move |reader: &dyn Reader, _: Position, effects: &[Effect]| {
        let is = |name: &str, value: &str| wanted.get(name).is_none_or(|wanted| wanted == value);
        let mut found = vec![];
        for effect in effects {
            let What::Alert { role, .. } = &effect.what else { continue };
            if !is("role", role) || !of_rule(&wanted, effect) {
                continue;
            }
            if let Some(effect) = latest(effect, &board, reader)?.filter(|latest| is("outcome", latest.outcome.word()))
            {
                found.push(shapes::alert(&effect));
            }
        }
        Ok(found)
    };
    let (found, next) = followed(&app, &asked, limit, shape).await?;
    filters::or_unknown(&asked, found.len(), &app.board.rules())?;
    Ok(page("alerts", found, next))
}

pub(super) async fn firings(State(app): State<Arc<App>>, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let limit = check(&asked, &["rule", "playbook", "key"])?;
    let wanted = asked.clone();
    let shape = move |_: &dyn Reader, position: Position, effects: &[Effect]| {
        let wanted: Vec<Effect> = effects.iter().filter(|effect| of_rule(&wanted, effect)).cloned().collect();
        Ok(firings_of(position, &wanted).into_iter().map(|firing| shapes::firing(firing)).collect())
    };
    let (found, next) = followed(&app, &asked, limit, shape).await?;
    filters::or_unknown(&asked, found.len(), &app.board.rules())?;
    Ok(page("firings", found, next))
}

/// Returns an alert if this is the latest word on it, as it stands now: one that was planned has had another by the time it is
/// due, and so has one that failed after it was handed over. One that was withdrawn before it went is cancelled.
fn latest(effect: &Effect, board: &Board, reader: &dyn Reader) -> Result<Option<Effect>, StoreError> {
    match effect.outcome {
        Outcome::Planned => Ok(board.is_planned(effect).then(|| effect.clone())),
        Outcome::Sent => {
            let rows = reader.rows(effect.id)?;
            let is = |state: RowState| rows.iter().any(|row| row.state == state);
            if rows.iter().any(|row| !row.state.is_final()) || is(RowState::Sent) || rows.is_empty() {
                return Ok(Some(effect.clone()));
            }
            let reason = "withdrawn before it was sent".into();
            let withdrawn = Effect { outcome: Outcome::Cancelled, reason, ..effect.clone() };
            Ok(rows.iter().all(|row| row.state == RowState::Withdrawn).then_some(withdrawn))
        }
        _ => Ok(Some(effect.clone())),
    }
}

/// Tells whether an effect is of the rule, playbook and key that are wanted.
fn of_rule(asked: &Asked, effect: &Effect) -> bool {
    let firing = effect.firing.as_ref();
    let has_key = asked.get("key").is_none_or(|wanted| {
        firing.is_some_and(|firing| firing.key.iter().any(|(_, value)| words::value(value) == *wanted))
    });
    filters::is_rule(asked, firing.map(|firing| &firing.rule)) && has_key
}

/// Looks through what inputs asked for behind `after`, until a page is full or enough was looked through.
async fn followed(
    app: &Arc<App>,
    asked: &Asked,
    limit: usize,
    shape: impl Fn(&dyn Reader, Position, &[Effect]) -> Result<Vec<Json>, StoreError> + Send + 'static,
) -> Result<(Vec<Json>, Option<Json>), Problem> {
    let after = filters::after(asked)?;
    read(app, move |reader| {
        let (mut found, mut after, mut looked) = (vec![], after, 0);
        while found.len() < limit && looked < LOOKED_THROUGH {
            let read = reader.effects(Position(after + 1), AT_ONCE)?;
            if read.is_empty() {
                return Ok((found, None));
            }
            looked += read.len();
            for (position, effects) in read {
                // An input's own are never torn apart: a page may be a little longer.
                after = position.0;
                found.extend(shape(reader, position, &effects)?);
                if found.len() >= limit {
                    break;
                }
            }
        }
        Ok((found, Some(Json::from(after.to_string()))))
    })
    .await
}
