//! Erasure of a thing: `DELETE /v1/things/{thing}/{id}`, and how far each has come.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::pages::page;
use super::{App, Problem, actions, filters, lists};
use crate::engine::input::{Erase, Input};
use crate::engine::store::{Erasure, ErasureStage};
use crate::suggest::nearest;
use crate::vocabulary::builtin;

/// The id becomes an alias that nobody is told. Answered once that is on disk; the rest of the data folder follows.
pub(super) async fn erase(
    State(app): State<Arc<App>>,
    Path((thing, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let vocabulary = app.board.rules().vocabulary.clone();
    let number = vocabulary.thing(&thing).ok_or_else(|| {
        let near = nearest(&thing, vocabulary.things.iter().map(|thing| &*thing.name));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        Problem::unknown(format!("the vocabulary has no thing `{thing}`{near}"))
    })?;
    if thing == builtin::CASE {
        let detail = "a case is not erased: erase the customer it is about, and it is about an alias";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    let erase = Erase { thing: number, id: id.as_str().into(), alias: alias().into() };
    actions::take(&app, Input::Erase(erase), vocabulary).await
}

/// Returns an id that was never used and follows from nothing: the keys of these hashers are the machine's random numbers.
fn alias() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("erased-{:016x}{:016x}", random(), random())
}

/// `GET /v1/erasures`: those that are kept in the journal, and whether each is done.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(asked): Query<filters::Asked>,
) -> Result<Response, Problem> {
    let limit = filters::check(&asked, &[])?;
    let after = filters::after(&asked)?;
    let all = lists::read(&app, |reader| reader.erasures()).await?;
    let found: Vec<&Erasure> = all.iter().filter(|erasure| erasure.position.0 > after).take(limit + 1).collect();
    let shape = |erasure: &&Erasure| json!({"position": erasure.position.0, "stage": word(erasure.stage)});
    Ok(page("erasures", &found, limit, |erasure| erasure.position.0, shape))
}

fn word(stage: ErasureStage) -> &'static str {
    match stage {
        ErasureStage::Asked => "asked",
        ErasureStage::Rewritten => "cleaning",
        ErasureStage::Done => "done",
    }
}
