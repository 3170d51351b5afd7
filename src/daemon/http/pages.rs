//! One page of a list that is numbered: what is shown of it, and behind which number the next one begins.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value as Json, json};

use super::problem::answer;

/// Answers with at most `limit` of what was found, under `name`. One more than that says that there is a next page: it
/// begins behind the number of the last that is shown.
pub(super) fn page<T>(
    name: &str,
    found: &[T],
    limit: usize,
    number: impl Fn(&T) -> u64,
    shape: impl Fn(&T) -> Json,
) -> Response {
    let shown = &found[..found.len().min(limit)];
    let next = shown.last().filter(|_| found.len() > limit).map(|last| number(last).to_string());
    let shown: Vec<Json> = shown.iter().map(shape).collect();
    answer(StatusCode::OK, &json!({name: shown, "next": next}))
}
