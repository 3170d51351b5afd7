//! Facts told over HTTP, and what people do: each becomes the line that a feed would hold, read by the same reader.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::problem::answer;
use super::{App, Problem, body, said, signals};
use crate::daemon::intake::NotTaken;
use crate::engine::effect::What;
use crate::engine::input::{Human, HumanAction, Input, Target};
use crate::id::{EffectId, Position, RuleId};
use crate::replay::target::of_effect;
use crate::signal::{Refused, parse_line};
use crate::vocabulary::Vocabulary;

/// Puts members in front of those of an object, and the clock's time where it does not say `at` as a line of a feed does.
fn line(app: &App, mut head: Json, object: &str) -> String {
    let says_at = serde_json::from_str::<Map<String, Json>>(object).is_ok_and(|fields| fields.contains_key("at"));
    if let (false, Json::Object(head)) = (says_at, &mut head) {
        head.insert("at".into(), app.clock.now().to_string().into());
    }
    let head = head.to_string();
    let (head, rest) = (head.trim_end_matches('}'), object.trim().trim_start_matches('{').trim_start());
    let comma = if head == "{" || rest == "}" { "" } else { "," };
    format!("{head}{comma}{rest}")
}

/// `PUT /v1/things/{thing}/{id}` with the facts; one that is null is forgotten.
pub(super) async fn put_thing(
    State(app): State<Arc<App>>,
    Path((thing, id)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let facts = body::object(&app, request).await?;
    let head = json!({"thing": thing, "id": id, "at": app.clock.now().to_string()}).to_string();
    let line = format!("{},\"facts\":{facts}}}", head.trim_end_matches('}'));
    read_and_take(&app, &line).await
}

fn no_case(id: &str) -> Problem {
    Problem::unknown(format!("no case is called `{id}`: GET /v1/cases lists them"))
}

/// `POST /v1/cases/{id}/{action}`.
pub(super) async fn case(
    State(app): State<Arc<App>>,
    Path((id, action)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let Some(found) = app.board.case(&id) else {
        return Err(no_case(&id));
    };
    if !found.case.open && matches!(action.as_str(), "close" | "acknowledge" | "assign") {
        return Err(Problem::new(StatusCode::CONFLICT, format!("the case `{id}` is closed: reopen it first")));
    }
    if found.case.open && action == "reopen" {
        return Err(Problem::new(StatusCode::CONFLICT, format!("the case `{id}` is open")));
    }
    let object = body::object(&app, request).await?;
    let head = json!({"action": action, "case": id});
    read_and_take(&app, &line(&app, head, &object)).await
}

/// `POST /v1/contacts` with the customer, or the case.
pub(super) async fn contact(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let object = body::object(&app, request).await?;
    let head = json!({"action": "contact"});
    read_and_take(&app, &line(&app, head, &object)).await
}

/// `POST /v1/actions` with a whole line, such as an acknowledgement by rule and key.
pub(super) async fn any(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let object = body::object(&app, request).await?;
    read_and_take(&app, &line(&app, json!({}), &object)).await
}

/// `POST /v1/alerts/{id}/acknowledge`: stops the ladder that sent it.
pub(super) async fn alert(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let object = body::object(&app, request).await?;
    let unknown = || Problem::unknown(format!("no alert `{id}` was sent: GET /v1/alerts lists them"));
    let effect = effect_id(&id).ok_or_else(unknown)?;
    let rows = super::lists::read(&app, move |reader| reader.rows(effect)).await?;
    let effect = rows.into_iter().map(|row| row.effect).find(|effect| matches!(effect.what, What::Alert { .. }));
    let effect = effect.ok_or_else(unknown)?;
    let fields: Map<String, Json> = serde_json::from_str(&object).map_err(|error| unreadable(&error))?;
    let by = match (fields.get("by"), fields.keys().find(|key| *key != "by")) {
        (_, Some(key)) => return Err(wrong(key, "this request has no such key: it may say `by`")),
        (None | Some(Json::Null), _) => "".into(),
        (Some(Json::String(by)), _) => by.as_str().into(),
        (Some(_), _) => return Err(wrong("by", "it has to be a text in quotes")),
    };
    let vocabulary = app.board.rules().vocabulary.clone();
    let target = of_effect(&effect, &vocabulary).ok_or_else(unknown)?;
    take(&app, Input::Human(Human { by, action: HumanAction::Acknowledge(target) }), vocabulary).await
}

/// `POST /v1/silences` with `until`, and the `rule` unless it is for all.
pub(super) async fn silence(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let object = body::object(&app, request).await?;
    let fields: Map<String, Json> = serde_json::from_str(&object).map_err(|error| unreadable(&error))?;
    if let Some(key) = fields.keys().find(|key| !["until", "rule", "by"].contains(&key.as_str())) {
        return Err(wrong(key, "a silence has no such key: it has `until`, and may have `rule` and `by`"));
    }
    let text = |name: &str| fields.get(name).and_then(Json::as_str);
    let until: Timestamp = match text("until").map(str::parse) {
        Some(Ok(until)) => until,
        _ => return Err(wrong("until", "write a time such as `2026-03-27T17:30:00+01:00`")),
    };
    if until <= app.clock.now() {
        return Err(wrong("until", "it is over already"));
    }
    let rules = app.board.rules();
    let rule = match text("rule").map(|name| (name, name.split_once('/'))) {
        None => None,
        Some((_, Some((playbook, rule)))) if rules.rule(&RuleId::new(playbook, rule)).is_some() => {
            Some(RuleId::new(playbook, rule))
        }
        Some((name, _)) => return Err(wrong("rule", &format!("no rule is called `{name}`: write playbook/rule"))),
    };
    let by = text("by").unwrap_or("").into();
    let human = Human { by, action: HumanAction::Silence { rule, until } };
    take(&app, Input::Human(human), rules.vocabulary.clone()).await
}

fn wrong(field: &str, reason: &str) -> Problem {
    Problem::refused(&Refused { field: Some(field.to_owned()), reason: reason.to_owned() })
}

fn unreadable(error: &serde_json::Error) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("the body is not JSON: {error}"))
}

fn effect_id(text: &str) -> Option<EffectId> {
    // A row of the outbox is named `effect.recipient`.
    let text = text.split('.').next()?;
    let mut id = [0; 16];
    if text.len() != 32 || !text.is_ascii() {
        return None;
    }
    for (place, byte) in id.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).ok()?;
    }
    Some(EffectId(id))
}

/// Reads a line and takes it in.
async fn read_and_take(app: &Arc<App>, line: &str) -> Result<Response, Problem> {
    let vocabulary = app.board.rules().vocabulary.clone();
    let said = parse_line(line, &vocabulary).and_then(|said| signals::input(app, said));
    let input = said.map_err(|refused| Problem::refused(&refused))?;
    if let Input::Human(human) = &input
        && let Some(Target::Case(case)) = human.action.target()
        && app.board.case(case).is_none()
    {
        return Err(no_case(case));
    }
    take(app, input, vocabulary).await
}

pub(super) async fn take(app: &Arc<App>, input: Input, vocabulary: Arc<Vocabulary>) -> Result<Response, Problem> {
    if app.is_draining() {
        return Err(NotTaken::Stopped("the daemon is stopping".into()).into());
    }
    let is_human = matches!(input, Input::Human(_));
    let receipt = app.intake.submit(vec![input], vocabulary).inspect_err(|_| app.metrics.turned_away())?;
    let stopped = || NotTaken::Stopped("the daemon stopped before it was written down".into());
    let mut places = receipt.await.map_err(|_| stopped())??;
    match places.pop() {
        Some(Ok(position)) if is_human => what_it_met(app, position).await,
        Some(Ok(position)) => Ok(answer(StatusCode::ACCEPTED, &json!({"position": position.0}))),
        Some(Err(reason)) => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, reason.to_string())),
        None => Err(stopped().into()),
    }
}

/// What somebody did is on disk; whether it met anything, the engine says a moment later.
async fn what_it_met(app: &Arc<App>, position: Position) -> Result<Response, Problem> {
    let decided = said::decided(app).await;
    match app.board.missed(position) {
        Some(why) => {
            let problem = Problem::new(StatusCode::CONFLICT, format!("this meets nothing: {why}"));
            Err(problem.with("position", position.0))
        }
        None if decided => Ok(answer(StatusCode::ACCEPTED, &json!({"position": position.0}))),
        None => {
            let note = "not decided yet: GET /v1/actions lists it where it meets nothing";
            Ok(answer(StatusCode::ACCEPTED, &json!({"position": position.0, "note": note})))
        }
    }
}
