//! HTTP: signals, facts and human actions in; cases, alerts, firings, health and metrics out.
//!
//! [`server`] holds connections within their limits, [`guard`] lets in who may, the other rooms answer. Every answer is
//! JSON; what is wrong is a problem after RFC 9457. Read [`App`] and [`router`] first.
//!
//! Left out: TLS. A proxy in front has certificates; without one the daemon is for its own machine.

mod actions;
mod body;
mod damaged;
mod endpoints;
mod erasures;
mod filters;
mod guard;
mod health;
mod lists;
mod outbox;
mod pages;
mod problem;
mod refused;
mod reloads;
mod said;
pub mod server;
mod shapes;
mod signals;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::middleware;
use axum::routing::{get, post};
use jiff::Timestamp;

use crate::clock::Clock;
use crate::daemon::board::Board;
use crate::daemon::config::Limits;
use crate::daemon::intake::Intake;
use crate::daemon::metrics::Metrics;
use crate::daemon::queue::Handle;
use crate::daemon::reload::Ask;
use crate::daemon::reload::report::ReloadLog;
use crate::deliver::courier::Van;
use crate::deliver::worker::Counts;
use crate::engine::store::Reader;
use crate::store::refused::RefusedStore;
use crate::store::sqlite::Harm;

pub use guard::Token;
pub use problem::Problem;

/// What every answer is made from.
pub struct App {
    /// The way into the journal.
    pub intake: Arc<dyn Intake>,
    /// The way to the writer, for what is no input.
    pub handle: Handle,
    /// What people look at.
    pub board: Arc<Board>,
    /// Reads alerts and firings; one request at a time.
    pub reader: Arc<Mutex<Box<dyn Reader>>>,
    /// What was found damaged.
    pub harm: Arc<Harm>,
    /// What delivery counted, where anything is sent at all.
    pub sending: Option<Arc<Counts>>,
    /// What was refused.
    pub refused: Arc<Mutex<Box<dyn RefusedStore>>>,
    /// Stamps refused lines, facts and human actions.
    pub clock: Arc<dyn Clock>,
    /// Whether that is the machine's clock: then a signal of the future is held (M4).
    pub has_wall_clock: bool,
    /// What may write; without one, only this machine.
    pub token: Option<Token>,
    /// What is refused at the door.
    pub limits: Limits,
    /// What was counted.
    pub metrics: Arc<Metrics>,
    /// What was reloaded.
    pub reloads: Arc<ReloadLog>,
    /// Asks for a reload.
    pub ask: Mutex<Sender<Ask>>,
    /// Knows where webhooks go.
    pub van: Arc<Van>,
    /// The data folder.
    pub data: PathBuf,
    /// When it was started.
    pub started: Timestamp,
    /// Whether it decides without sending.
    pub shadow: bool,
    /// Whether it still takes anything in.
    pub draining: AtomicBool,
}

impl App {
    /// Returns another one over the same store, to be changed in parts.
    pub fn like(&self) -> App {
        App {
            intake: self.intake.clone(),
            handle: self.handle.clone(),
            board: self.board.clone(),
            reader: self.reader.clone(),
            harm: self.harm.clone(),
            sending: self.sending.clone(),
            refused: self.refused.clone(),
            clock: self.clock.clone(),
            has_wall_clock: self.has_wall_clock,
            token: self.token.clone(),
            limits: self.limits,
            metrics: self.metrics.clone(),
            reloads: self.reloads.clone(),
            ask: Mutex::new(self.asking()),
            van: self.van.clone(),
            data: self.data.clone(),
            started: self.started,
            shadow: self.shadow,
            draining: AtomicBool::new(self.is_draining()),
        }
    }

    /// Takes nothing more in: what is under way is finished.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    fn asking(&self) -> Sender<Ask> {
        self.ask.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }
}

/// Returns everything that is answered.
pub fn router(app: Arc<App>) -> Router {
    let guarded = Router::new()
        .route("/v1/signals", post(signals::post))
        .route("/v1/things/{thing}/{id}", get(said::one_thing).put(actions::put_thing).delete(erasures::erase))
        .route("/v1/things/{thing}", get(said::things))
        .route("/v1/things/{thing}/{id}/erase", post(erasures::erase))
        .route("/v1/endpoints", get(endpoints::list))
        .route("/v1/endpoints/{name}/enable", post(endpoints::enable))
        .route("/v1/erasures", get(erasures::list))
        .route("/v1/cases", get(lists::cases))
        .route("/v1/cases/{id}", get(lists::case))
        .route("/v1/cases/{id}/{action}", post(actions::case))
        .route("/v1/alerts", get(lists::alerts))
        .route("/v1/alerts/{id}/acknowledge", post(actions::alert))
        .route("/v1/firings", get(lists::firings))
        .route("/v1/contacts", get(said::contacts).post(actions::contact))
        .route("/v1/comments", get(said::comments))
        .route("/v1/silences", get(said::silences).post(actions::silence))
        .route("/v1/actions", get(said::missed).post(actions::any))
        .route("/v1/refused", get(refused::list))
        .route("/v1/refused/{number}", get(refused::show).delete(refused::forget))
        .route("/v1/refused/{number}/retry", post(refused::retry))
        .route("/v1/outbox", get(outbox::list))
        .route("/v1/outbox/{id}", get(outbox::show).delete(outbox::give_up))
        .route("/v1/outbox/{id}/send", post(outbox::send))
        .route("/v1/status", get(health::status))
        .route("/v1/reloads", get(reloads::list))
        .route("/-/reload", post(reloads::reload))
        .layer(middleware::from_fn_with_state(app.clone(), guard::guard));
    Router::new()
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .merge(guarded)
        .fallback(problem::nowhere)
        .method_not_allowed_fallback(problem::wrong_method)
        .with_state(app)
}
