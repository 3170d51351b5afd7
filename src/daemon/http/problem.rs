//! What is wrong with a request, as `application/problem+json` (RFC 9457).

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value as Json, json};

use crate::daemon::intake::NotTaken;
use crate::signal::Refused;

/// How long a client is asked to wait where too much is waiting.
const WAIT_SECONDS: u64 = 1;

/// A problem.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    detail: String,
    more: Map<String, Json>,
}

impl Problem {
    /// Returns a problem with its reason, one sentence.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Problem {
        Problem { status, detail: detail.into(), more: Map::new() }
    }

    /// Adds a member.
    pub fn with(mut self, name: &str, value: impl Into<Json>) -> Problem {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// Returns the problem of a line that was refused as the whole of a request.
    pub fn refused(refused: &Refused) -> Problem {
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, refused.to_string());
        match &refused.field {
            Some(field) => problem.with("field", field.as_str()).with("reason", refused.reason.as_str()),
            None => problem,
        }
    }

    /// Returns the problem of something that is not there.
    pub fn unknown(what: impl Into<String>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, what)
    }

    /// Returns the problem of a machine that failed.
    pub fn failed(why: impl Into<String>) -> Problem {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, why)
    }
}

impl From<NotTaken> for Problem {
    fn from(not: NotTaken) -> Problem {
        let what = match &not {
            NotTaken::Full | NotTaken::Stopped(_) => "nothing of this request was taken, send it again",
            NotTaken::Unknown(_) => {
                "nobody knows whether this request was taken, or how much of it: send it again, a signal with the same id counts once"
            }
        };
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, format!("{not}: {what}"))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("problem");
        let mut body =
            json!({"type": "about:blank", "title": title, "status": self.status.as_u16(), "detail": self.detail});
        if let Some(body) = body.as_object_mut() {
            body.extend(self.more);
        }
        let mut response = (self.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE => drop(headers.insert(RETRY_AFTER, WAIT_SECONDS.into())),
            StatusCode::UNAUTHORIZED => drop(headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            _ => {}
        }
        response
    }
}

/// Answers what is nowhere.
pub(super) async fn nowhere() -> Problem {
    Problem::unknown("nothing is here: signals go to POST /v1/signals, GET /v1/status says what runs")
}

/// Answers a method that means nothing here.
pub(super) async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this method means nothing here")
}

/// Returns a JSON answer.
pub(super) fn answer(status: StatusCode, body: &Json) -> Response {
    let mut response = (status, body.to_string()).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
