//! What was told and done, read back: facts of things, silences in force, comments, contacts.
//!
//! Facts and silences are the engine's; comments and contacts, and who silenced, stand in the views. Personal facts are named
//! and never shown.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::filters::{self, Asked};
use super::problem::answer;
use super::{App, Problem, pages};
use crate::daemon::board::Missed;
use crate::engine::Engine;
use crate::engine::input::Target;
use crate::engine::store::StoreError;
use crate::id::{Position, RuleId};
use crate::replay::words;
use crate::store::sqlite::looked::{Looked, Said, Wanted};
use crate::suggest::nearest;
use crate::value::{Str, Value};
use crate::vocabulary::{Field, ThingNo, Vocabulary};

/// How long what was said just now is waited for: the views are a moment behind.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /v1/actions`: what people did since the start that met nothing, and why.
pub(super) async fn missed(State(app): State<Arc<App>>, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let limit = filters::check(&asked, &[])?;
    let found = app.board.all_missed(Position(filters::after(&asked)?), limit + 1);
    let shape = |missed: &Missed| {
        let (rule, case) = match missed.human.action.target() {
            Some(Target::Rule { rule, .. }) => (Some(rule.to_string()), None),
            Some(Target::Case(case)) => (None, Some(case.to_string())),
            None => (None, None),
        };
        json!({
            "position": missed.position.0,
            "at": words::utc(missed.at),
            "by": &*missed.human.by,
            "action": missed.human.action.word(),
            "rule": rule,
            "case": case,
            "why": missed.why,
        })
    };
    Ok(pages::page("missed", &found, limit, |missed| missed.position.0, shape))
}

/// Waits until the engine has decided on what is written; `false` where that takes too long.
pub(super) async fn decided(app: &Arc<App>) -> bool {
    matches!(tokio::time::timeout(PATIENCE, look(app, |_| ())).await, Ok(Ok(())))
}

/// Looks at the engine without holding up anybody else.
async fn look<T: Send + 'static>(
    app: &Arc<App>,
    look: impl FnOnce(&Engine) -> T + Send + 'static,
) -> Result<T, Problem> {
    let handle = app.handle.clone();
    let looked = tokio::task::spawn_blocking(move || handle.look_wait(look)).await;
    let gone = |why: String| Problem::new(StatusCode::SERVICE_UNAVAILABLE, why);
    looked.map_err(|_| gone("the engine cannot be looked at".into()))?.map_err(|error| gone(error.to_string()))
}

/// Looks for what was `asked` in the views once they have come to where the engine is; nothing where there are none yet.
async fn in_views<Q: Send + 'static, T: Default + Send + 'static>(
    app: &Arc<App>,
    asked: Q,
    look: impl FnOnce(&Looked, &Q) -> Result<T, StoreError> + Send + 'static,
) -> Result<(Q, T), Problem> {
    let app = app.clone();
    let read = move || {
        // Right after the start the writer has told nothing yet.
        let position = app.handle.progress().ends.last.max(app.board.counts().folded.0);
        let found = match Looked::at(&app.data, position, PATIENCE)? {
            Some(looked) => look(&looked, &asked)?,
            None => T::default(),
        };
        Ok((asked, found))
    };
    let read: Result<Result<(Q, T), StoreError>, _> = tokio::task::spawn_blocking(read).await;
    let failed = |why: String| Problem::failed(format!("the views cannot be read: {why}"));
    read.map_err(|_| failed("reading broke off".into()))?.map_err(|error| failed(error.to_string()))
}

fn thing(vocabulary: &Vocabulary, name: &str) -> Result<ThingNo, Problem> {
    vocabulary.thing(name).ok_or_else(|| {
        let near = nearest(name, vocabulary.things.iter().map(|thing| &*thing.name));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        Problem::unknown(format!("the vocabulary has no thing `{name}`{near}"))
    })
}

/// What was told of one thing.
fn shape(fields: &[Field], thing: &str, id: &str, told: &[Value]) -> Json {
    let present = || fields.iter().zip(told).filter(|(_, value)| !value.is_missing());
    let open = present().filter(|(field, _)| !field.personal);
    let facts: Map<String, Json> = open.map(|(field, value)| (field.name.to_string(), words::json(value))).collect();
    let hidden: Vec<&str> = present().filter(|(field, _)| field.personal).map(|(field, _)| &*field.name).collect();
    json!({"thing": thing, "id": id, "facts": facts, "personal": hidden})
}

/// `GET /v1/things/{thing}`: of which things facts were told, filtered by any fact that is not personal.
pub(super) async fn things(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let vocabulary = app.board.rules().vocabulary.clone();
    let number = thing(&vocabulary, &name)?;
    let fields = &vocabulary.thing_type(number).facts;
    let open: Vec<&str> = fields.iter().filter(|field| !field.personal).map(|field| &*field.name).collect();
    let limit = filters::check(&asked, &open)?;
    let after = asked.get("after").cloned().unwrap_or_default();
    let filter = |(place, field): (usize, &Field)| Some((place, asked.get(&*field.name)?.clone()));
    let wanted: Vec<(usize, String)> = fields.iter().enumerate().filter_map(filter).collect();
    let same = vocabulary.clone();
    let found = look(&app, move |engine| {
        // The numbers of facts may be another vocabulary's by now.
        let number = engine.ruleset().vocabulary.thing(&same.thing_type(number).name)?;
        let is_wanted = |_: &Str, told: &[Value]| {
            let is = |place: usize, text: &str| told.get(place).is_some_and(|value| words::value(value) == *text);
            wanted.iter().all(|(place, text)| is(*place, text))
        };
        let is_same = Arc::ptr_eq(&engine.ruleset().vocabulary, &same);
        is_same.then(|| engine.told_of(number, &after, limit + 1, is_wanted))
    });
    let Some(found) = found.await? else {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the vocabulary has just changed: ask again"));
    };
    let next = (found.len() > limit).then(|| found[limit - 1].0.to_string());
    let shown: Vec<Json> = found.iter().take(limit).map(|(id, told)| shape(fields, &name, id, told)).collect();
    Ok(answer(StatusCode::OK, &json!({"things": shown, "next": next})))
}

/// `GET /v1/things/{thing}/{id}`.
pub(super) async fn one_thing(
    State(app): State<Arc<App>>,
    Path((name, id)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    filters::names(&asked, &[])?;
    thing(&app.board.rules().vocabulary, &name)?;
    let (of, wanted) = (name.clone(), id.clone());
    let found = look(&app, move |engine| {
        let vocabulary = engine.ruleset().vocabulary.clone();
        let told = engine.told_of(vocabulary.thing(&of)?, "", 1, |id, _| **id == *wanted);
        told.into_iter().next().map(|(_, told)| (vocabulary, told))
    });
    let unknown =
        || Problem::unknown(format!("no fact was told of the {name} `{id}`: what the directory says is not listed"));
    let (vocabulary, told) = found.await?.ok_or_else(unknown)?;
    let fields = &vocabulary.thing_type(thing(&vocabulary, &name)?).facts;
    Ok(answer(StatusCode::OK, &shape(fields, &name, &id, &told)))
}

/// `GET /v1/silences`: those in force.
pub(super) async fn silences(State(app): State<Arc<App>>, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let limit = filters::check(&asked, &["rule", "playbook"])?;
    let (after, now) = (filters::after(&asked)? as usize, app.clock.now());
    let in_force = look(&app, move |engine| {
        let all = engine.silences(now).map(|(rule, until)| (rule.cloned(), until));
        all.collect::<Vec<_>>()
    });
    let mut found = in_force.await?;
    // One for all rules is also one for each.
    found.retain(|(rule, _)| rule.is_none() || filters::is_rule(&asked, rule.as_ref()));
    filters::or_unknown(&asked, found.len(), &app.board.rules())?;
    let more = found.len() > after.saturating_add(limit);
    let page: Vec<_> = found.into_iter().skip(after).take(limit).collect();
    let (page, whose) = in_views(&app, page, |looked, page| {
        let whose = |(rule, until): &(Option<RuleId>, Timestamp)| {
            let named = rule.as_ref().map(|rule| (&*rule.playbook, &*rule.rule));
            looked.silence(named, &until.to_string())
        };
        page.iter().map(whose).collect::<Result<Vec<_>, StoreError>>()
    })
    .await?;
    let mut whose = whose.into_iter();
    let shape = |(rule, until): &(Option<RuleId>, Timestamp)| {
        let (at, by) = whose.next().flatten().unzip();
        json!({"rule": rule.as_ref().map(RuleId::to_string), "until": words::utc(*until), "at": at, "by": by})
    };
    let shown: Vec<Json> = page.iter().map(shape).collect();
    let next = more.then(|| (after + limit).to_string());
    Ok(answer(StatusCode::OK, &json!({"silences": shown, "next": next})))
}

/// `GET /v1/comments`.
pub(super) async fn comments(State(app): State<Arc<App>>, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let wanted = wanted(&asked, &["case", "by"])?;
    let (wanted, found) = in_views(&app, wanted, Looked::comments).await?;
    Ok(page("comments", "text", found, wanted.limit - 1))
}

/// `GET /v1/contacts`.
pub(super) async fn contacts(State(app): State<Arc<App>>, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let wanted = wanted(&asked, &["case", "by", "customer"])?;
    let (wanted, found) = in_views(&app, wanted, Looked::contacts).await?;
    Ok(page("contacts", "customer", found, wanted.limit - 1))
}

/// The comments on a case, as the case shows them.
pub(super) async fn of_case(app: &Arc<App>, case: &str) -> Result<Vec<Json>, Problem> {
    let wanted = Wanted { case: Some(case.to_owned()), limit: filters::MOST, ..Wanted::default() };
    let (_, found) = in_views(app, wanted, Looked::comments).await?;
    Ok(found.iter().map(|said| json!({"at": said.at, "by": said.by, "text": said.what})).collect())
}

/// Returns what is asked for, and one more: whether there is a next page.
fn wanted(asked: &Asked, known: &[&str]) -> Result<Wanted, Problem> {
    let limit = filters::check(asked, known)? + 1;
    let of = |name: &str| asked.get(name).cloned();
    Ok(Wanted { case: of("case"), by: of("by"), customer: of("customer"), after: filters::after(asked)?, limit })
}

fn page(name: &str, what: &str, found: Vec<Said>, limit: usize) -> Response {
    let next = (found.len() > limit).then(|| found[limit - 1].position.to_string());
    let shape = |said: &Said| {
        let mut shown = json!({"position": said.position, "at": said.at, "by": said.by, "case": said.case});
        shown[what] = json!(said.what);
        shown
    };
    let shown: Vec<Json> = found.iter().take(limit).map(shape).collect();
    answer(StatusCode::OK, &json!({name: shown, "next": next}))
}
