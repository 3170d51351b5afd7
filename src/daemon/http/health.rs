//! Whether it lives, whether it takes signals, what it counted, and what runs.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::problem::answer;
use super::{App, Problem, lists, refused};
use crate::clock::wall_clock_now;
use crate::engine::effect::Outcome;
use crate::engine::store::{ErasureStage, Harmed, RowState, StoreError};
use crate::replay::words;

pub(super) async fn live() -> &'static str {
    "alive\n"
}

/// Ready is who takes signals: not while it drains, not while the queue is full, not while nothing can be written, and not
/// where the outbox cannot be read: then what it takes comes to nothing. What it goes on without is said.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<String, Problem> {
    let not = |why: &str| Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, why));
    let sending = app.sending.as_ref().and_then(|counts| counts.failing());
    match app.is_draining() {
        true => not("the daemon is stopping"),
        false if app.handle.stopped().is_some() => not("the daemon has stopped writing"),
        false if app.handle.failing().is_some() => not(&app.handle.failing().unwrap_or_default()),
        false if app.intake.waiting() >= app.limits.queue => not("the queue is full"),
        false => match &sending {
            Some(error @ StoreError::Damaged { .. }) => not(&format!("nothing can be sent: {error}")),
            _ => Ok(ailing(&app).await.iter().fold("ready\n".to_owned(), |said, what| said + "but " + what + "\n")),
        },
    }
}

/// Returns what is not as it should be and does not stop the rest, each with what to do.
async fn ailing(app: &Arc<App>) -> Vec<String> {
    if !app.harm.found().is_empty() {
        // What is mended by now, or no longer kept, is forgotten.
        let _ = lists::read(app, |reader| reader.harmed()).await;
    }
    let (found, messages) = (app.harm.found(), app.harm.messages());
    let mut ailing = vec![];
    match messages {
        0 => {}
        1 => {
            ailing.push("a message of the outbox is damaged and is not sent: `touchline dead list` names it".to_owned())
        }
        many => ailing.push(format!(
            "{many} messages of the outbox are damaged and are not sent: `touchline dead list` names them"
        )),
    }
    let rest: Vec<_> = found.iter().filter(|harmed| !matches!(harmed, Harmed::Message(_))).collect();
    if let Some(first) = rest.first() {
        let more = if rest.len() > 1 { format!(", and {} more", rest.len() - 1) } else { String::new() };
        ailing.push(format!(
            "{first}{more}: it goes on, but nothing can be told again from there; `touchline replay --journal {} --verify` \
             names all, and says of a backup whether it is whole",
            app.data.display()
        ));
    }
    ailing.extend(app.metrics.views_failing().map(|why| format!("the views do not follow: {why}")));
    ailing
}

pub(super) async fn metrics(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let gauges = gauges(&app).await?;
    let text = app
        .metrics
        .text(&app.board.counts(), &app.reloads.standing(), gauges)
        .map_err(|_| Problem::failed("metrics cannot be written"))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(CONTENT_TYPE, kind)], text).into_response())
}

async fn gauges(app: &Arc<App>) -> Result<crate::daemon::metrics::Gauges, Problem> {
    let now = app.clock.now();
    let (ends, due, unsent, dead, erasures, damaged) = lists::read(app, move |reader| {
        // What is being sent waits as well: a mail server may take its time.
        let waiting = reader.count(RowState::Waiting)? + reader.count(RowState::Leased { until: now })?;
        let dead = reader.count(RowState::Dead)?;
        let erasures = reader.erasures()?.iter().filter(|erasure| erasure.stage != ErasureStage::Done).count();
        let damaged = reader.harmed()?.len() as u64;
        Ok((reader.ends()?, reader.oldest_waiting()?, waiting, dead, erasures, damaged))
    })
    .await?;
    let standing = app.reloads.standing();
    let (kept, gone) = refused::with(app, |store| store.count()).await?;
    Ok(crate::daemon::metrics::Gauges {
        queue: app.intake.waiting() as u64,
        // What is decided counts once it is on disk, where lists read it.
        lag: ends.last.0.saturating_sub(ends.cursor.0),
        journal: ends.last.0,
        oldest: if ends.last > ends.trimmed { ends.trimmed.0 + 1 } else { 0 },
        outbox: unsent,
        outbox_age: due.map_or(0, |at| now.duration_since(at).as_secs().max(0)) as u64,
        dead_letters: dead,
        damaged,
        refused_kept: kept,
        refused_dropped: gone,
        open_cases: app.board.open_cases() as u64,
        rules_kept_back: standing.kept_back,
        // The playbooks change by the machine's clock.
        out_of_step: standing
            .out_of_step_since
            .map(|since| wall_clock_now().duration_since(since).as_secs().max(0) as u64),
        clock_ahead: match app.has_wall_clock {
            true => crate::daemon::serve::seconds_ahead(ends.now, now),
            false => 0,
        },
        endpoints_gone: app.van.gone().len() as u64,
        erasures_open: erasures as u64,
        store_bytes: app.metrics.store_bytes(),
    })
}

pub(super) async fn status(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let gauges = gauges(&app).await?;
    let ailing = ailing(&app).await;
    let (counts, standing) = (app.board.counts(), app.reloads.standing());
    let rules = app.board.rules();
    let mut hash = String::new();
    rules.hash.iter().for_each(|byte| hash.push_str(&format!("{byte:02x}")));
    let firings: u64 = counts.firings.values().sum();
    let silenced = counts.effects.iter().filter(|((_, outcome), _)| *outcome == Outcome::Silenced.word());
    let silenced: u64 = silenced.map(|(_, count)| count).sum();
    let (accepted, refused, turned_away) = app.metrics.counted();
    let (gaps, unreadable) = app.metrics.feeds();
    let unreadable = unreadable.into_iter();
    let unreadable = unreadable
        .map(|(feed, (why, since))| json!({"feed": feed, "why": why, "since": words::utc(whole_seconds(since))}));
    Ok(answer(
        StatusCode::OK,
        &json!({
            "version": env!("CARGO_PKG_VERSION"),
            "started": words::utc(whole_seconds(app.started)),
            "now": words::utc(whole_seconds(app.clock.now())),
            "clock_ahead_seconds": gauges.clock_ahead,
            "state": if app.is_draining() { "stopping" } else { "running" },
            "ailing": ailing,
            "shadow": app.shadow,
            "vocabulary": &*rules.vocabulary.name,
            "rules": rules.rules.len(),
            "ruleset": hash,
            "journal": {"last": gauges.journal, "behind": gauges.lag, "queue": gauges.queue, "bytes": gauges.store_bytes, "failing": app.handle.failing()},
            "signals": {"accepted": accepted, "refused": refused, "turned_away": turned_away},
            "feeds": {"gaps": gaps, "unreadable": unreadable.collect::<Vec<_>>()},
            "refused": {"kept": gauges.refused_kept, "dropped": gauges.refused_dropped},
            "firings": firings,
            "silenced": silenced,
            "reloads": {
                "in_step": standing.out_of_step_since.is_none(),
                "out_of_step_since": standing.out_of_step_since.map(|at| words::utc(whole_seconds(at))),
                "kept_back": standing.kept_back,
            },
            "cases": {"open": gauges.open_cases},
            "endpoints": {"gone": app.van.gone().iter().map(|name| &**name).collect::<Vec<_>>()},
            "erasures": {"open": gauges.erasures_open},
            "outbox": {"waiting": gauges.outbox, "oldest_seconds": gauges.outbox_age, "dead": gauges.dead_letters},
        }),
    ))
}

/// Drops what is less than a second: nobody reads it at a glance.
fn whole_seconds(at: jiff::Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_second(at.as_second()).unwrap_or(at)
}
