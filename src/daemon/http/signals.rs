//! `POST /v1/signals`: 202 once they are on disk, and for each line whether it was taken.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value as Json, json};

use super::problem::answer;
use super::{App, Problem, body};
use crate::daemon::cloudevents::Attributes;
use crate::daemon::feeds::too_early;
use crate::daemon::ingest::{self, Line, MEDIA_TYPES, Shape};
use crate::daemon::intake::NotTaken;
use crate::engine::input::Input;
use crate::signal::{FeedLine, Refused};
use crate::store::refused::RefusedLine;
use crate::vocabulary::Vocabulary;

pub(super) async fn post(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let shape = shape(&head.headers)?;
    if app.is_draining() {
        return Err(NotTaken::Stopped("the daemon is stopping".into()).into());
    }
    let bytes = body::read(&app, body).await?;
    let vocabulary = app.board.rules().vocabulary.clone();
    let lines = ingest::split(&shape, &bytes, app.limits.depth, &vocabulary, app.clock.now()).map_err(|error| {
        app.metrics.refused(1);
        let status = match error {
            ingest::Unreadable::TooMany => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Problem::new(status, error.to_string())
    })?;
    taken(&app, lines, vocabulary, "http").await
}

/// Returns how the body is to be read.
fn shape(headers: &HeaderMap) -> Result<Shape, Problem> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let attribute = |name: &str| headers.get(name).map(|value| decoded(value.as_bytes()));
    let is_event = headers.contains_key("ce-specversion") || headers.contains_key("ce-type");
    let attributes = is_event.then(|| Attributes {
        version: attribute("ce-specversion"),
        id: attribute("ce-id"),
        source: attribute("ce-source"),
        kind: attribute("ce-type"),
        time: attribute("ce-time"),
    });
    Shape::of(media_type, attributes).ok_or_else(|| {
        let said = if media_type.is_empty() { "no media type".to_owned() } else { format!("`{media_type}`") };
        let detail = format!("the request says {said}: send {MEDIA_TYPES}");
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
    })
}

/// Reads the percent-encoding of an event's header.
fn decoded(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, behind @ ..] = rest {
        let coded = (*first == b'%').then(|| behind.get(..2)).flatten();
        let coded = coded.and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        out.push(coded.unwrap_or(*first));
        rest = if coded.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Returns what a line means to the engine.
pub(super) fn input(app: &App, said: FeedLine) -> Result<Input, Refused> {
    if let Some(refused) = too_early(&said, app.clock.now()).filter(|_| app.has_wall_clock) {
        return Err(refused);
    }
    match said {
        FeedLine::Signal(signal) => Ok(Input::Signal(signal)),
        FeedLine::Facts { change, .. } => Ok(Input::Fact(change)),
        FeedLine::Human(line) => {
            app.board.human(&line).map(Input::Human).map_err(|reason| Refused { field: None, reason })
        }
    }
}

/// Takes lines in, keeps those that are refused, and answers for each.
async fn taken(
    app: &Arc<App>,
    lines: Vec<Line<'_>>,
    vocabulary: Arc<Vocabulary>,
    way: &str,
) -> Result<Response, Problem> {
    let mut inputs = vec![];
    let mut ends: Vec<(Option<String>, Option<Refused>)> = vec![];
    let mut texts = vec![];
    for line in lines {
        let id = match &line.what {
            Ok(FeedLine::Signal(signal)) => Some(signal.id.id.to_string()),
            Ok(_) => None,
            Err(_) => id_of(&line.text),
        };
        match line.what.and_then(|said| input(app, said)) {
            Ok(input) => {
                inputs.push(input);
                ends.push((id, None));
            }
            Err(refused) => ends.push((id, Some(refused))),
        }
        texts.push(line.text.into_owned());
    }
    if !inputs.is_empty() {
        let receipt = app.intake.submit(inputs, vocabulary).inspect_err(|_| app.metrics.turned_away())?;
        let stopped = || NotTaken::Stopped("the daemon stopped before it was written down".into());
        let places = receipt.await.map_err(|_| stopped())??;
        let open = ends.iter_mut().filter(|(_, refused)| refused.is_none());
        for ((_, refused), place) in open.zip(places) {
            *refused = place.err().map(|reason| Refused { field: None, reason: reason.to_string() });
        }
    }
    let numbers = keep(app, &ends, texts, way).await?;
    Ok(told(app, ends, numbers))
}

/// Returns the id of a line that was refused, where it can be read: whoever sent it finds it by that.
fn id_of(text: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        id: String,
    }
    serde_json::from_str::<Named>(text).ok().map(|named| named.id)
}

/// Keeps what was refused and returns the numbers, in order.
async fn keep(
    app: &Arc<App>,
    ends: &[(Option<String>, Option<Refused>)],
    texts: Vec<String>,
    way: &str,
) -> Result<Vec<u64>, Problem> {
    let at = app.clock.now();
    let refused = ends.iter().zip(texts).filter_map(|((_, refused), text)| refused.as_ref().map(|why| (why, text)));
    let lines: Vec<RefusedLine> = refused
        .map(|(why, text)| RefusedLine {
            at,
            way: way.to_owned(),
            field: why.field.clone().unwrap_or_default(),
            reason: why.reason.clone(),
            text,
        })
        .collect();
    if lines.is_empty() {
        return Ok(vec![]);
    }
    super::refused::with(app, move |store| store.keep(&lines)).await
}

fn told(app: &App, ends: Vec<(Option<String>, Option<Refused>)>, numbers: Vec<u64>) -> Response {
    let (mut numbers, mut refused) = (numbers.into_iter(), 0_u64);
    let total = ends.len() as u64;
    let items: Vec<Json> = ends
        .into_iter()
        .enumerate()
        .map(|(index, (id, why))| match why {
            None => json!({"index": index, "id": id, "status": "accepted"}),
            Some(why) => {
                refused += 1;
                let number = numbers.next();
                json!({"index": index, "id": id, "status": "refused", "field": why.field, "reason": why.reason, "number": number})
            }
        })
        .collect();
    let accepted = total - refused;
    app.metrics.accepted(accepted);
    app.metrics.refused(refused);
    let mut body = json!({"accepted": accepted, "refused": refused, "items": items});
    if accepted > 0 {
        return answer(StatusCode::ACCEPTED, &body);
    }
    // Nothing was taken: a problem that also names every line.
    if let Some(body) = body.as_object_mut() {
        body.insert("type".into(), "about:blank".into());
        body.insert("title".into(), "Unprocessable Entity".into());
        body.insert("status".into(), 422.into());
        body.insert("detail".into(), "every line was refused; `touchline refused list` shows them".into());
    }
    let mut response = answer(StatusCode::UNPROCESSABLE_ENTITY, &body);
    let problem = axum::http::HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(CONTENT_TYPE, problem);
    response
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn headers_of_events_are_percent_decoded() {
        assert_eq!(decoded(b"a%20b%C4%85%zz%"), "a b\u{105}%zz%");
    }
}
