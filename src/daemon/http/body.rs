//! The body of a request, within its size and its time.

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;

use super::{App, Problem};

/// A body up to so many times too large is still read to its end.
const PASSED_OVER: u64 = 4;

/// Reads a body whole.
pub(super) async fn read(app: &App, body: Body) -> Result<Bytes, Problem> {
    let most = app.limits.body;
    let too_large = || {
        let detail = format!("the body is larger than {} kB: send it in several requests", most >> 10);
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    };
    let announced = body.size_hint().lower();
    if announced > most as u64 {
        // A client that is still writing would never see the answer: what is not much too much is taken and dropped.
        if announced <= PASSED_OVER * most as u64 {
            let rest = axum::body::to_bytes(body, PASSED_OVER as usize * most);
            let _ = tokio::time::timeout(app.limits.body_timeout, rest).await;
        }
        return Err(too_large());
    }
    match tokio::time::timeout(app.limits.body_timeout, axum::body::to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_too_long(&error) => Err(too_large()),
        Ok(Err(_)) => Err(Problem::new(StatusCode::BAD_REQUEST, "the body broke off")),
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the body took too long")),
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.to_string().contains("length limit"))
}

/// Reads the JSON object of a small request; an empty body is an empty object, where its media type says that no page of
/// a browser sent it.
pub(super) async fn object(app: &App, request: Request) -> Result<String, Problem> {
    let (head, body) = request.into_parts();
    let media_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let plain = media_type.split(';').next().unwrap_or("").trim();
    if !plain.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send `Content-Type: application/json`"));
    }
    let bytes = read(app, body).await?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the body is not UTF-8 text"))?;
    let text = text.trim();
    match text {
        "" => Ok("{}".to_owned()),
        _ if text.starts_with('{') && text.ends_with('}') => Ok(text.to_owned()),
        _ => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the body has to be a JSON object")),
    }
}
