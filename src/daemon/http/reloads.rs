//! `POST /-/reload` and `GET /v1/reloads`: have the playbooks looked at, and what came of it.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::pages::page;
use super::problem::answer;
use super::{App, Problem, filters};
use crate::daemon::reload::Ask;
use crate::daemon::reload::report::{Asked, Outcome};

/// How long a reload is waited for; it goes on after that.
const PATIENCE: Duration = Duration::from_secs(120);

/// Answers when it is done: 200 where all that is on disk runs, 409 where something of it is kept back.
pub(super) async fn reload(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let (then, told) = sync_channel(1);
    let gone = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the daemon is stopping");
    app.asking().send(Ask { asked: Asked::Request, then: Some(then) }).map_err(|_| gone())?;
    let told = tokio::task::spawn_blocking(move || told.recv_timeout(PATIENCE)).await;
    let Ok(Ok(report)) = told else {
        return Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, "the reload is still under way: see GET /v1/reloads"));
    };
    let all_runs =
        report.kept_back.is_empty() && matches!(report.outcome, Outcome::Unchanged | Outcome::Switched { .. });
    Ok(answer(if all_runs { StatusCode::OK } else { StatusCode::CONFLICT }, &report.to_json()))
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(asked): Query<filters::Asked>,
) -> Result<Response, Problem> {
    let limit = filters::check(&asked, &[])?;
    let after = filters::after(&asked)?;
    let reports = app.reloads.after(after, limit + 1);
    Ok(page("reloads", &reports, limit, |report| report["number"].as_u64().unwrap_or_default(), Clone::clone))
}
