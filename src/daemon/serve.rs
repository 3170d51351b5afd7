//! The daemon put together: store, writer, engine, board, feeds, HTTP and delivery, from the start to a graceful end.
//!
//! [`Daemon::open`] brings the store up and decides with what is on disk now; [`Daemon::run`] answers until it is stopped.
//! In between a test can look at everything. Left out: the command line (`cli::serve`).

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

use crate::clock::{Clock, ManualClock, WallClock, wall_clock_now};
use crate::daemon::aside::Aside;
use crate::daemon::board::Board;
use crate::daemon::config::{self, Config};
use crate::daemon::erase::Eraser;
use crate::daemon::feeds::{FeedError, Feeder, Places, Supplies, Time};
use crate::daemon::fold::{FoldOptions, FoldedTurn, Follower, Glance, Pace};
use crate::daemon::http::{self, App, Token};
use crate::daemon::inspect::Inspector;
use crate::daemon::intake::{Gate, Intake};
use crate::daemon::keep::Keeper;
use crate::daemon::metrics::Metrics;
use crate::daemon::outgoing::{self, Addresses, Post};
use crate::daemon::queue::Handle;
use crate::daemon::reload::disk::examine;
use crate::daemon::reload::report::{Asked, ReloadLog};
use crate::daemon::reload::{self, Ask, Grounds, Reloader, Shelf};
use crate::daemon::run::{Event, Running};
use crate::daemon::start::{StartError, start};
use crate::daemon::views::{Forget, Show};
use crate::deliver::courier::Van;
use crate::deliver::worker::{Settings, Worker};
use crate::engine::Engine;
use crate::engine::store::{Reader, RowState, StoreError, Vault};
use crate::id::Position;
use crate::store::checkpoint::CheckpointFolder;
use crate::store::outbox::Patience;
use crate::store::private;
use crate::store::refused::{self, RefusedFile, RefusedStore};
use crate::store::sqlite::{FILE, SqliteStore};

/// How often, every 20 ms, it is looked whether the feeders have ended.
const FEEDERS_END: u32 = 100;
/// How long requests under way and messages being sent may take once the daemon is to stop.
const PATIENCE: Duration = Duration::from_secs(12);
/// The same where the writer has ended: nothing can be answered or written any more.
const SHORT_PATIENCE: Duration = Duration::from_secs(2);
/// How long who forgets or erases may take to come to the end of a step.
const TO_TIDY: Duration = Duration::from_secs(5);
/// How long the views may take to come to the end of a step.
const TO_SHOW: Duration = Duration::from_secs(4);
/// How long the writer may take to write and decide what was taken, and to keep a checkpoint.
const TO_WRITE: Duration = Duration::from_secs(60);

/// How many effects are read at once.
const READ: usize = 4_096;

/// Why the daemon does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The playbooks cannot be read, or nothing of them can run and nothing ran before.
    #[error("{0}")]
    Playbooks(String),
    /// It would be open to strangers.
    #[error("{0}")]
    Open(String),
    /// The configuration cannot be used.
    #[error("{0}")]
    Config(String),
    /// The machine.
    #[error("{0}: {1}")]
    Machine(String, std::io::Error),
    /// It ended by itself.
    #[error("the daemon has ended: {0}")]
    Ended(String),
}

/// What a daemon starts from.
pub struct Setup {
    /// How it is configured.
    pub config: Config,
    /// Reads the playbooks, whenever they may have changed.
    pub shelf: Shelf,
    /// Who else hears of every turn.
    pub follower: Option<Arc<dyn Follower>>,
    /// Whether it ends by itself once the feeds are read: for a demonstration.
    pub once: bool,
}

/// A daemon that is up.
pub struct Daemon {
    config: Config,
    once: bool,
    running: Running,
    app: Arc<App>,
    supplies: Supplies,
    wake: Arc<Notify>,
    /// Who reloads, until it has a thread of its own.
    reloads: Mutex<Option<Reloading>>,
    worker: Option<Worker<Post, Van>>,
    showing: Aside,
    /// Those that end before the writer does: who forgets, who erases, and who looks for damage.
    tidying: [Aside; 3],
}

/// Who reloads, and the way to ask it.
type Reloading = (Reloader, Sender<Ask>, Receiver<Ask>);

/// Everybody who hears of a turn.
struct Followers(Vec<Arc<dyn Follower>>);

impl Follower for Followers {
    fn folded(&self, engine: &Engine, inputs: &[Glance], turn: &FoldedTurn) {
        self.0.iter().for_each(|follower| follower.folded(engine, inputs, turn));
    }
}

impl Daemon {
    /// Brings the store up: folds what is left, and lets what is on disk now decide.
    pub fn open(setup: Setup) -> Result<Daemon, ServeError> {
        let Setup { config, shelf, follower, once } = setup;
        if let Some(why) = config.open_to_all() {
            return Err(ServeError::Open(why));
        }
        let van = Arc::new(outgoing::van(&config).map_err(ServeError::Config)?);
        let sources = shelf().map_err(ServeError::Playbooks)?;
        let first = examine(&sources, None);
        let store = SqliteStore::open(&config.data)?;
        if private::is_open(&config.data) {
            let data = config.data.display();
            tracing::warn!("other accounts of this machine can look into {data}: `chmod -R go= {data}` keeps them out");
        }
        let (reader, harm) = (store.reader()?, store.harm());
        let first = match first {
            Ok(on_disk) => Some((on_disk.ruleset, on_disk.sources)),
            Err(unusable) if reader.versions()?.is_empty() => return Err(ServeError::Playbooks(unusable.why)),
            // What ran before goes on; the reload says what is wrong.
            Err(_) => None,
        };
        let vault: Arc<dyn Vault> = Arc::new(CheckpointFolder::open(&config.data)?);
        let (clock, time) = clocks(config.clock, store.ends()?.now);
        let options = FoldOptions {
            vault: vault.clone(),
            clock: clock.clone(),
            pace: Pace::default(),
            patience: Patience::default(),
            probe: None,
        };
        let mut started = start(Box::new(store), first, options)?;
        if config.shadow {
            started.writer.in_shadow();
        }
        tell_start(&started.report);
        let board = Arc::new(Board::of(started.folder.engine()));
        remember(&board, &*reader)?;
        let reloads = Arc::new(ReloadLog::open(&config.data));
        reloads.remember(started.folder.engine());
        reloads.settle(|| reader.versions())?;
        let addresses = Addresses(van.clone());
        addresses.are_of(started.folder.engine().ruleset());
        let ours: [Arc<dyn Follower>; 3] = [board.clone(), reloads.clone(), Arc::new(addresses)];
        let followers = ours.into_iter().map(Some).chain([follower]);
        started.folder.follow(Arc::new(Followers(followers.flatten().collect())));
        let decides = started.folder.engine().ruleset().clone();
        let wake = Arc::new(Notify::new());
        let running = begin(started, vault, clock.clone(), wake.clone())?;
        let mut reloader = Reloader::new(Grounds {
            shelf,
            handle: running.handle(),
            reader: reader.reader()?,
            running: decides,
            log: reloads.clone(),
            clock: clock.clone(),
            told_by: Arc::new(WallClock),
            settle: config.watch.settle,
        });
        reloader.reload(Asked::Start, || None);
        let (asking, asks) = channel();
        let outbox = Arc::new(Post::new(running.handle(), reader.reader()?, clock.clone()));
        // In shadow everything is decided and recorded, and nobody takes anything from the outbox: what was decided before waits.
        let sends = !config.shadow;
        let worker = sends.then(|| Worker::new(outbox, van.clone(), Settings::default()));
        let refused: Box<dyn RefusedStore> =
            Box::new(RefusedFile::open(&config.data.join(refused::FILE), config.limits.refused)?);
        let refused = Arc::new(Mutex::new(refused));
        let intake: Arc<dyn Intake> = Arc::new(Gate::new(running.handle(), config.limits.queue));
        let metrics = Arc::new(Metrics::of_store(config.data.clone()));
        let forget = Forget::default();
        let keeper = Keeper {
            handle: running.handle(),
            reader: reader.reader()?,
            vault: CheckpointFolder::open(&config.data)?,
            board: board.clone(),
            history: config.history,
            forget: forget.clone(),
        };
        let show = Show {
            folder: config.data.clone(),
            reader: reader.reader()?,
            handle: running.handle(),
            board: board.clone(),
            metrics: metrics.clone(),
            forget: forget.clone(),
        };
        let eraser = Eraser {
            handle: running.handle(),
            reader: reader.reader()?,
            vault: CheckpointFolder::open(&config.data)?,
            board: board.clone(),
            refused: refused.clone(),
            forget,
        };
        let no_thread = |error| ServeError::Machine("a thread could not be started".into(), error);
        let showing = show.begin().map_err(no_thread)?;
        let inspector = Inspector { reader: reader.reader()? };
        let tidying = [keeper.begin(), eraser.begin(), inspector.begin()];
        let [keeper, eraser, inspector] = tidying.map(|begun| begun.map_err(no_thread));
        let tidying = [keeper?, eraser?, inspector?];
        let supplies = Supplies {
            intake: intake.clone(),
            handle: running.handle(),
            outbox: sends.then(|| reader.reader().map(|reader| Arc::new(Mutex::new(reader)))).transpose()?,
            board: board.clone(),
            refused: refused.clone(),
            metrics: metrics.clone(),
            time,
            depth: config.limits.depth,
            places: Arc::new(Places::open(&config.data)),
            stop: Arc::new(AtomicBool::new(false)),
        };
        let app = Arc::new(App {
            intake,
            handle: running.handle(),
            board,
            reader: Arc::new(Mutex::new(reader)),
            refused,
            harm,
            sending: worker.as_ref().map(Worker::counts),
            van,
            data: config.data.clone(),
            started: wall_clock_now(),
            clock,
            has_wall_clock: config.clock == config::Clock::Wall,
            token: config.token.as_ref().map(|token| Token::new(token.reveal())),
            limits: config.limits,
            metrics,
            reloads,
            ask: Mutex::new(asking.clone()),
            shadow: config.shadow,
            draining: AtomicBool::new(false),
        });
        Ok(Daemon {
            config,
            once,
            running,
            app,
            supplies,
            wake,
            reloads: Mutex::new(Some((reloader, asking, asks))),
            worker,
            showing,
            tidying,
        })
    }

    /// Returns what answers are made from.
    pub fn app(&self) -> Arc<App> {
        self.app.clone()
    }

    /// Returns the way to the writer.
    pub fn handle(&self) -> Handle {
        self.running.handle()
    }

    /// Answers on `listener` until `stop` says so, or the daemon ends by itself; then lets everything under way end, for a
    /// bounded time: what is not done by then is done after the next start.
    pub async fn run(mut self, listener: TcpListener, mut stop: watch::Receiver<bool>) -> Result<(), ServeError> {
        let stop_watching = Arc::new(AtomicBool::new(false));
        let reloads = self.reloads.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((reloader, asking, asks)) = reloads {
            watch_playbooks(&self.config, reloader, (asking, asks), &stop_watching);
        }
        let (halt, halted) = watch::channel(false);
        let mut server = tokio::spawn(http::server::serve(
            listener,
            http::router(self.app.clone()),
            self.config.limits,
            halted.clone(),
        ));
        let mut worker = self.worker.take().map(|worker| tokio::spawn(worker.run(self.wake.clone(), halted)));
        let feeders = self.feeders();
        let fed = async {
            while feeders.iter().any(|feeder| !feeder.is_finished()) || !self.once || !self.is_quiet() {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        let ended = async {
            let mut ahead = false;
            loop {
                if let Some(why) = self.running.handle().stopped() {
                    break why;
                }
                if self.app.has_wall_clock {
                    let last = self.running.handle().progress().ends.now;
                    tell_ahead(seconds_ahead(last, self.app.clock.now()), &mut ahead);
                }
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        };
        let why = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => None,
            () = fed => None,
            why = ended => Some(why),
        };
        tracing::info!("stopping: what is under way is finished");
        self.app.drain();
        self.supplies.stop.store(true, Ordering::SeqCst);
        stop_watching.store(true, Ordering::SeqCst);
        let _ = halt.send(true);
        // What is being sent comes to its end before the writer does.
        let patience = if why.is_some() { SHORT_PATIENCE } else { PATIENCE };
        let under_way = async {
            let _ = (&mut server).await;
            if let Some(worker) = &mut worker {
                let _ = worker.await;
            }
        };
        if tokio::time::timeout(patience, under_way).await.is_err() {
            tracing::warn!("what is under way has not ended in time; it goes on after the next start");
            server.abort();
            worker.iter().for_each(tokio::task::JoinHandle::abort);
        }
        // How far they have read is to be kept.
        let mut patience = if self.config.feeds.iter().any(|feed| feed == Path::new("-")) { 0 } else { FEEDERS_END };
        while patience > 0 && feeders.iter().any(|feeder| !feeder.is_finished()) {
            patience -= 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for feeder in feeders {
            // One that waits for standard input ends with the process.
            if feeder.is_finished() {
                let _ = feeder.join();
            }
        }
        let (running, showing, tidying) = (self.running, self.showing, self.tidying);
        let stopped = tokio::task::spawn_blocking(move || {
            for aside in tidying {
                aside.end(TO_TIDY);
            }
            let stopped = running.stop();
            if !showing.end(TO_SHOW) {
                tracing::info!("the views are behind at the end; they go on at the next start");
            }
            stopped
        });
        let stopped = tokio::time::timeout(TO_WRITE, stopped).await;
        let stopped = stopped.unwrap_or_else(|_| Ok(Err("it could not be stopped in time".into())));
        let stopped = stopped.unwrap_or_else(|_| Err("its threads could not be joined".into()));
        match (why, stopped) {
            (Some(why), _) | (None, Err(why)) => Err(ServeError::Ended(why)),
            (None, Ok(())) => Ok(()),
        }
    }

    /// Tells whether everything is decided and, as far as it goes at all, sent.
    fn is_quiet(&self) -> bool {
        let progress = self.running.handle().progress();
        let reader = self.app.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let state = |state| reader.outbox(None, Some(state), 1).map(|rows| rows.is_empty()).unwrap_or(true);
        let sent =
            self.config.shadow || (state(RowState::Waiting) && state(RowState::Leased { until: Timestamp::MIN }));
        progress.waiting == 0 && progress.folded_to >= progress.ends.last && sent
    }

    /// Begins to read the feeds: each on its own, or, where the clock is theirs, one after the other.
    fn feeders(&self) -> Vec<JoinHandle<()>> {
        let feeds = &self.config.feeds;
        let groups: Vec<Vec<PathBuf>> = match self.config.clock {
            config::Clock::Feed if feeds.is_empty() => vec![],
            config::Clock::Feed => vec![feeds.clone()],
            config::Clock::Wall => feeds.iter().map(|feed| vec![feed.clone()]).collect(),
        };
        let once = self.once;
        let begin = |group: Vec<PathBuf>| {
            let feeder = Feeder::new(&group, self.supplies.clone());
            thread::spawn(move || match feeder.run(once) {
                Ok(()) | Err(FeedError::NotTaken(_)) => {}
                Err(error) => tracing::error!(%error, "a feed is no longer followed"),
            })
        };
        groups.into_iter().map(begin).collect()
    }

    /// Returns what is notified when something waits to be sent.
    pub fn wake(&self) -> Arc<Notify> {
        self.wake.clone()
    }
}

/// Begins to watch the playbooks, and to reload when they change or somebody asks. Both end with the daemon; one that is
/// filling windows then is not waited for: nothing of it is written yet.
fn watch_playbooks(
    config: &Config,
    reloader: Reloader,
    (asking, asks): (Sender<Ask>, Receiver<Ask>),
    stop: &Arc<AtomicBool>,
) {
    thread::spawn(move || reloader.run(&asks));
    let (root, watch, stop) = (config.playbooks.clone(), config.watch, stop.clone());
    let on_signal = asking.clone();
    thread::spawn(move || reload::watch::watch(&root, watch.mode, watch.every, &asking, &stop));
    #[cfg(unix)]
    tokio::spawn(async move {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
        while hangup.recv().await.is_some() {
            if on_signal.send(Ask { asked: Asked::Signal, then: None }).is_err() {
                return;
            }
        }
    });
    #[cfg(not(unix))]
    drop(on_signal);
}

/// Returns the clock that stamps, twice: for everybody, and for the feeds. A feed's clock goes on where it stood.
fn clocks(which: config::Clock, last: Option<Timestamp>) -> (Arc<dyn Clock>, Time) {
    match which {
        config::Clock::Wall => {
            let clock = Arc::new(WallClock);
            (clock.clone(), Time::Wall(clock))
        }
        config::Clock::Feed => {
            let clock = Arc::new(ManualClock::new(last.unwrap_or(Timestamp::UNIX_EPOCH)));
            (clock.clone(), Time::Feed(clock))
        }
    }
}

fn begin(
    started: crate::daemon::start::Started,
    vault: Arc<dyn Vault>,
    clock: Arc<dyn Clock>,
    wake: Arc<Notify>,
) -> Result<Running, ServeError> {
    let listener = move |event: Event| match event {
        Event::Written { has_rows, .. } => {
            if has_rows {
                wake.notify_one();
            }
        }
        Event::SetAside(aside) => {
            tracing::error!(position = aside.position.0, "the engine cannot take an input: it was set aside and kept");
        }
        Event::WriteFailed(error) => tracing::error!(%error, "a turn could not be written; it is tried again"),
        Event::WritesAgain => tracing::info!("turns can be written again"),
        Event::CheckpointKept(position) => tracing::debug!(position = position.0, "a checkpoint is kept"),
        Event::CheckpointFailed(error) => tracing::warn!(%error, "a checkpoint could not be kept"),
        Event::Stopped(why) => tracing::info!(why, "the writer has ended"),
    };
    let begun = Running::begin(started, vault, clock, Arc::new(listener));
    begun.map_err(|error| ServeError::Machine("a thread could not be started".into(), error))
}

/// How far the present of the journal may lie ahead of the machine's clock before somebody is told, in seconds.
const AHEAD: u64 = 60;

/// Returns by how many seconds the latest instant of the journal lies ahead of the clock.
pub fn seconds_ahead(last: Option<Timestamp>, now: Timestamp) -> u64 {
    last.map_or(0, |last| u64::try_from(last.duration_since(now).as_secs()).unwrap_or(0))
}

/// Says once that the clock went back, and once that it has caught up.
fn tell_ahead(seconds: u64, told: &mut bool) {
    if seconds > AHEAD && !*told {
        *told = true;
        tracing::warn!(
            seconds,
            "the machine's clock has gone back: time stands still here until it has caught up, and what is due then is late"
        );
    }
    if seconds == 0 && std::mem::take(told) {
        tracing::info!("the machine's clock has caught up");
    }
}

/// Tells whether a daemon ever ran on this folder.
pub fn has_run(data: &Path) -> bool {
    data.join(FILE).exists()
}

fn tell_start(report: &crate::daemon::start::Report) {
    report.damaged.iter().for_each(|what| tracing::warn!(what, "passed over at the start"));
    tracing::info!(
        new = report.is_new,
        from = report.from.0,
        to = report.to.0,
        again = report.folded_again,
        anew = report.folded_anew,
        "the store is up"
    );
}

/// Lets the board know what was decided before, so that a person can speak of a case by rule and key.
fn remember(board: &Board, reader: &dyn Reader) -> Result<(), StoreError> {
    let mut from = Position(1);
    loop {
        let read = reader.effects(from, READ)?;
        let Some((last, _)) = read.last() else { return Ok(()) };
        from = Position(last.0 + 1);
        read.iter().for_each(|(_, effects)| board.remember(effects));
    }
}
