//! `GET /v1/endpoints`: where webhooks go, and which of these said that they are gone; a person switches one on again.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value as Json, json};

use super::filters::{self, Asked};
use super::problem::answer;
use super::{App, Problem};
use crate::suggest::nearest;

pub(super) async fn list(State(app): State<Arc<App>>, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    filters::names(&asked, &[])?;
    let gone = app.van.gone();
    let shape =
        |name: crate::value::Str| json!({"name": &*name, "state": if gone.contains(&name) { "gone" } else { "on" }});
    let shown: Vec<Json> = app.van.endpoints().into_iter().map(shape).collect();
    Ok(answer(StatusCode::OK, &json!({"endpoints": shown})))
}

/// `POST /v1/endpoints/{name}/enable`: it is posted to again.
pub(super) async fn enable(State(app): State<Arc<App>>, Path(name): Path<String>) -> Result<Response, Problem> {
    let known = app.van.endpoints();
    if !known.iter().any(|known| **known == *name) {
        let near = nearest(&name, known.iter().map(|known| &**known));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err(Problem::unknown(format!("no endpoint is called `{name}`{near}")));
    }
    if !app.van.enable(&name) {
        return Err(Problem::new(StatusCode::CONFLICT, format!("the endpoint `{name}` is on")));
    }
    Ok(answer(StatusCode::OK, &json!({"name": name, "state": "on"})))
}
