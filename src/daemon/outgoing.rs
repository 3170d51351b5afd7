//! What goes out: the courier as `touchline.yaml` wants it, and the worker of `deliver` over the queue and a reader of the
//! store.
//!
//! Begin [`Sending`] once the threads run, call [`Sending::wake`] when a turn brought rows, and end it before the threads:
//! what came of the last tries has to be written. Left out: shadow (then nobody begins it), and who reads the configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::daemon::config::{Config, Tls};
use crate::daemon::fold::{FoldedTurn, Follower, Glance};
use crate::daemon::queue::{Handle, Refused, Then};
use crate::daemon::turn::{Which, WriteError};
use crate::deliver::Secret;
use crate::deliver::courier::Van;
use crate::deliver::email::{Carrier, Desk, Folder, Login, Server, Smtp, TlsMode};
use crate::deliver::network::Networks;
use crate::deliver::webhook::{Endpoint, Poster, Rules};
use crate::deliver::worker::{Counts, Outbox, Settings, Worker};
use crate::engine::Engine;
use crate::engine::ruleset::RuleSet;
use crate::engine::store::{Change, Kind, Reader, Row, RowId, RowState, StoreError};
use crate::value::Str;

/// Returns the courier of a configuration: files below the data folder until a mail server is named. An alert for which
/// nobody can be named goes to the sender's own address. The reason of a failure names the place in the configuration.
pub fn van(config: &Config) -> Result<Van, String> {
    let mail = &config.mail;
    let desk = Desk::new(&mail.name, &mail.from, mail.reply_to.as_deref()).map_err(|why| format!("`mail`: {why}"))?;
    let carrier = match &mail.server {
        None => Carrier::Files(Folder::new(config.data.join("mail"))),
        Some(configured) => {
            let tls = match configured.tls {
                Tls::Implicit => TlsMode::Implicit,
                Tls::Required => TlsMode::Required,
                Tls::Opportunistic => TlsMode::Opportunistic,
                Tls::None => TlsMode::None,
            };
            let login = configured
                .login
                .as_ref()
                .map(|(user, password)| Login { user: user.clone(), password: Secret::new(password.reveal()) });
            let server = Server { port: configured.port, login, ..Server::new(configured.host.clone(), tls) };
            let smtp = Smtp::new(server).map_err(|why| format!("`mail.server`: {why}"))?;
            Carrier::Smtp(Box::new(smtp))
        }
    };
    let allowed = config.webhooks.allow.iter().map(|network| network.parse()).collect::<Result<Vec<_>, _>>();
    let allowed = Networks(allowed.map_err(|why| format!("`webhooks.allow`: {why}"))?);
    let poster = Poster::new(Rules { allowed, ..Rules::default() }).map_err(|why| format!("`webhooks`: {why}"))?;
    let van = Van::new(desk, carrier, poster, Some(mail.from.as_str().into())).remember(&config.data);
    van.set_endpoints(endpoints(config)?);
    Ok(van)
}

fn endpoints(config: &Config) -> Result<BTreeMap<Str, Endpoint>, String> {
    let made = config.webhooks.endpoints.iter().map(|(name, endpoint)| {
        let secrets: Vec<Secret> = endpoint.secrets.iter().map(|secret| Secret::new(secret.reveal())).collect();
        let made = Endpoint::new(&endpoint.url, &secrets).map_err(|why| format!("`webhooks.endpoints.{name}`: {why}"));
        made.map(|made| (name.as_str().into(), made))
    });
    made.collect()
}

/// Tells the courier who is reached how, whenever other playbooks take over.
pub struct Addresses(pub Arc<Van>);

impl Addresses {
    /// Tells it what the directory of a rule set says.
    pub fn are_of(&self, rules: &RuleSet) {
        self.0.set_directory(rules.directory.clone());
        let people = self.0.without_endpoint().len();
        if people > 0 {
            tracing::warn!(
                people,
                "the directory has people reached by webhook, and touchline.yaml has no endpoint under their address"
            );
        }
    }
}

impl Follower for Addresses {
    fn folded(&self, engine: &Engine, inputs: &[Glance], _: &FoldedTurn) {
        if inputs.iter().any(|input| input.kind == "switch") {
            self.are_of(engine.ruleset());
        }
    }
}

/// The outbox as the worker sees it: asks a reader, and has the writer write.
pub struct Post {
    handle: Handle,
    reader: Arc<Mutex<Box<dyn Reader>>>,
    clock: Arc<dyn Clock>,
}

impl Post {
    /// Returns the outbox behind a queue; `reader` is its own.
    pub fn new(handle: Handle, reader: Box<dyn Reader>, clock: Arc<dyn Clock>) -> Post {
        Post { handle, reader: Arc::new(Mutex::new(reader)), clock }
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reader = self.reader.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
            read(&**reader)
        });
        reading.await.unwrap_or_else(|_| Err(StoreError::Failed("reading the outbox broke off".to_owned())))
    }

    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Handle, Then<T>) -> Result<(), Refused>,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let then: Then<T> = Box::new(move |said| drop(answer.send(said)));
        ask(&self.handle, then).map_err(|refused| StoreError::Failed(refused.to_string()))?;
        match answered.await {
            Ok(Ok(said)) => Ok(said),
            Ok(Err(WriteError::Store(error))) => Err(error),
            Ok(Err(error)) => Err(StoreError::Failed(error.to_string())),
            Err(_) => Err(StoreError::Failed("the daemon ended before it answered".to_owned())),
        }
    }
}

impl Outbox for Post {
    fn now(&self) -> Timestamp {
        // As a turn is stamped: never before the one before.
        self.handle.progress().ends.now.map_or(self.clock.now(), |stamped| stamped.max(self.clock.now()))
    }

    async fn due(
        &self,
        now: Timestamp,
        kind: Kind,
        except: &BTreeSet<Str>,
        most: (usize, usize),
    ) -> Result<Vec<Row>, StoreError> {
        let except = except.clone();
        self.read(move |reader| reader.due_for_each(now, kind, &except, most)).await
    }

    async fn lease(&self, rows: Vec<RowId>, hold: SignedDuration) -> Result<Vec<Row>, StoreError> {
        self.ask(|handle, then| handle.lease(Which::These(rows), hold, then)).await
    }

    async fn held(&self) -> Result<Vec<Row>, StoreError> {
        let leased = RowState::Leased { until: Timestamp::MIN };
        self.read(move |reader| reader.outbox(None, Some(leased), usize::MAX >> 1)).await
    }

    async fn settle(&self, changes: Vec<(RowId, Change)>) -> Result<(), StoreError> {
        self.ask(|handle, then| handle.settle(changes, then)).await
    }
}

/// A worker that runs.
pub struct Sending {
    wake: Arc<Notify>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    counts: Arc<Counts>,
}

impl Sending {
    /// Begins to send, on the runtime of the caller.
    pub fn begin(post: Post, van: Arc<Van>, settings: Settings) -> Sending {
        let worker = Worker::new(Arc::new(post), van, settings);
        let (wake, counts) = (Arc::new(Notify::new()), worker.counts());
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(worker.run(wake.clone(), stopped));
        Sending { wake, stop, task, counts }
    }

    /// Has the worker look into the outbox now.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Returns what wakes the worker, for whoever hears of new rows on another thread.
    pub fn bell(&self) -> Arc<Notify> {
        self.wake.clone()
    }

    /// Returns what is counted.
    pub fn counts(&self) -> Arc<Counts> {
        self.counts.clone()
    }

    /// Begins nothing new and waits for what is being sent, `patience` at most: what is not done by then is sent again after
    /// the next start. Tells whether everything came to its end.
    pub async fn stop(mut self, patience: Duration) -> bool {
        // The worker may have ended by itself.
        let _ = self.stop.send(true);
        let ended = tokio::time::timeout(patience, &mut self.task).await.is_ok();
        self.task.abort();
        ended
    }
}
