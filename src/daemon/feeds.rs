//! Feeds: JSONL files followed as they grow, and standard input, line by line into the journal.
//!
//! How far a file was read is kept beside the store, after its lines are on disk: a crash in between reads some lines once
//! more, and they are known as duplicates by their ids. A file that was moved or copied away, also while nothing ran, is
//! read to its end before the new one under its name is begun; where it is not found, that is said and counted. A feed
//! that cannot be read is tried again, ever more seldom.
//!
//! With the feed's clock ([`Time::Feed`]) every line is stamped with the latest time seen, after every deadline before
//! that has run at its own time, and after what was due until then has been tried once: what fires, and what is sent, is
//! what a replay of the same lines fires and sends, however fast mails go. Left out: looking ahead for a wrong year, which
//! only a recorded feed allows (`replay::feed`).

mod file;
mod places;
mod trail;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::clock::{Clock, ManualClock};
use crate::daemon::board::Board;
use crate::daemon::ingest;
use crate::daemon::intake::{Intake, NotTaken};
use crate::daemon::metrics::Metrics;
use crate::daemon::queue::Handle;
use crate::engine::input::Input;
use crate::engine::store::{Reader, RowState, StoreError};
use crate::signal::{FeedLine, RESERVED_KEYS, Refused};
use crate::store::refused::{RefusedLine, RefusedStore};
use crate::vocabulary::Vocabulary;

pub use file::Feed;
pub use places::{PLACES, Places};

/// How many lines are handed in at once.
const AT_ONCE: usize = 512;
/// How long a feed without news is left alone.
const REST: Duration = Duration::from_millis(200);
/// How long a feed that cannot be read is left alone at first, and at most.
const TRIED_AGAIN: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));
/// How long a full queue, or an engine that is behind, is left alone.
const PAUSE: Duration = Duration::from_micros(200);
/// How long a feed's clock stands still for what is being sent, before it goes on without that.
const SENDING: SignedDuration = SignedDuration::from_secs(10);
/// How far ahead of the machine's clock a signal may be (M4).
pub const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// Whose time the lines are stamped with.
#[derive(Clone, Debug)]
pub enum Time {
    /// The machine's.
    Wall(Arc<dyn Clock>),
    /// The latest seen in the feed.
    Feed(Arc<ManualClock>),
}

/// What a feeder needs.
#[derive(Clone)]
pub struct Supplies {
    /// The way into the journal.
    pub intake: Arc<dyn Intake>,
    /// How far the engine is.
    pub handle: Handle,
    /// Where what is to be sent stands; `None` where nobody sends.
    pub outbox: Option<Arc<Mutex<Box<dyn Reader>>>>,
    /// What runs.
    pub board: Arc<Board>,
    /// Where refused lines go.
    pub refused: Arc<Mutex<Box<dyn RefusedStore>>>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Whose time it is.
    pub time: Time,
    /// The deepest nesting of a line.
    pub depth: usize,
    /// How far each file was read.
    pub places: Arc<Places>,
    /// Says when to end.
    pub stop: Arc<AtomicBool>,
}

/// Why a feeder ended.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The daemon takes nothing more.
    #[error(transparent)]
    NotTaken(#[from] NotTaken),
    /// A file cannot be read.
    #[error("{0} cannot be read: {1}")]
    Unreadable(PathBuf, std::io::Error),
}

/// Reads feeds into the journal.
pub struct Feeder {
    supplies: Supplies,
    feeds: Vec<Followed>,
    group: Vec<Input>,
    /// Whether sending was waited for in vain, and has not come to rest since.
    sends_slowly: bool,
}

/// A feed, and what became of looking at it.
struct Followed {
    feed: Feed,
    /// For how long it is left alone since it could not be read.
    trouble: Option<(Duration, Timestamp)>,
}

impl Followed {
    /// Tells whether it is to be left alone for now.
    fn rests(&self) -> bool {
        let now = crate::clock::wall_clock_now();
        let over = |(pause, since): (Duration, Timestamp)| now.duration_since(since).unsigned_abs() >= pause;
        self.trouble.is_some_and(|trouble| !over(trouble))
    }
}

impl Feeder {
    /// Returns a feeder of these files, `-` being standard input, each from where it was left.
    pub fn new(paths: &[PathBuf], supplies: Supplies) -> Feeder {
        let open = |path: &PathBuf| Followed { feed: Feed::new(path, supplies.places.get(path)), trouble: None };
        Feeder { feeds: paths.iter().map(open).collect(), supplies, group: vec![], sends_slowly: false }
    }

    /// Reads on until it is stopped; with `once`, until there is nothing more at the moment.
    pub fn run(mut self, once: bool) -> Result<(), FeedError> {
        loop {
            let mut read = 0;
            for place in 0..self.feeds.len() {
                if once || !self.feeds[place].rests() {
                    read += self.read(place, once)?;
                }
            }
            let stopping = self.supplies.stop.load(Ordering::SeqCst);
            let over = self.feeds.iter().all(|followed| followed.feed.is_over());
            if stopping || (read == 0 && (once || over)) {
                self.supplies.places.save(true);
                return Ok(());
            }
            if read == 0 {
                self.supplies.places.save(false);
                std::thread::sleep(REST);
            }
        }
    }

    /// Takes in what a feed has; returns how many lines. With the feed's clock one is read to its end before the next.
    fn read(&mut self, place: usize, once: bool) -> Result<usize, FeedError> {
        let mut total = 0;
        while !self.supplies.stop.load(Ordering::SeqCst) {
            let read = self.feeds[place].feed.lines(AT_ONCE);
            self.tell_gaps(place);
            let lines = match read {
                Ok(lines) => lines,
                Err(error) if once => {
                    return Err(FeedError::Unreadable(self.feeds[place].feed.path().to_owned(), error));
                }
                Err(error) => {
                    self.tell_trouble(place, &error);
                    break;
                }
            };
            self.tell_end_of_trouble(place);
            if lines.is_empty() {
                break;
            }
            total += lines.len();
            let name = self.feeds[place].feed.name();
            for (number, bytes) in lines {
                self.line(&name, number, &bytes)?;
            }
            self.flush()?;
            let feed = &self.feeds[place].feed;
            if let Some(at) = feed.place() {
                self.supplies.places.set(feed.path(), at);
            }
            self.supplies.places.save(false);
        }
        Ok(total)
    }

    /// Says what could not be found of a feed.
    fn tell_gaps(&mut self, place: usize) {
        let feed = &mut self.feeds[place].feed;
        for gap in feed.gaps() {
            self.supplies.metrics.feed_gap();
            tracing::warn!(
                feed = %feed.name(),
                after_line = gap.line,
                after_byte = gap.offset,
                "lines of a feed may be missing: the file that was read under this name was moved away or cut off, and it \
                 is not found beside the feed. What was written to it behind this line was not read: put it beside the feed \
                 under a name of its own and follow it too"
            );
        }
    }

    /// Leaves a feed that cannot be read alone for a while.
    fn tell_trouble(&mut self, place: usize, error: &std::io::Error) {
        let Followed { feed, trouble } = &mut self.feeds[place];
        let now = crate::clock::wall_clock_now();
        let (first, longest) = TRIED_AGAIN;
        let pause = trouble.map_or(first, |(pause, _)| (pause * 2).min(longest));
        if trouble.replace((pause, now)).is_none() {
            tracing::warn!(feed = %feed.name(), %error, "a feed cannot be read; it is tried again, at least every 30 seconds");
        }
        self.supplies.metrics.feed_unreadable(&feed.name(), &error.to_string(), now);
    }

    fn tell_end_of_trouble(&mut self, place: usize) {
        let Followed { feed, trouble } = &mut self.feeds[place];
        if trouble.take().is_some() {
            tracing::info!(feed = %feed.name(), "the feed can be read again");
            self.supplies.metrics.feed_readable(&feed.name());
        }
    }

    fn line(&mut self, name: &str, number: u64, bytes: &[u8]) -> Result<(), FeedError> {
        let vocabulary = self.supplies.board.rules().vocabulary.clone();
        let Some(line) = ingest::read_line(bytes, self.supplies.depth, &vocabulary) else { return Ok(()) };
        let text = line.text.clone().into_owned();
        let taken = match line.what {
            Ok(said) => self.said(said)?,
            Err(refused) => Err(refused),
        };
        if let Err(refused) = taken {
            self.refuse(format!("{name}:{number}"), &refused, text, &vocabulary);
        }
        Ok(())
    }

    /// Puts a line into the group that is handed in next.
    fn said(&mut self, said: FeedLine) -> Result<Result<(), Refused>, FeedError> {
        match self.supplies.time.clone() {
            Time::Wall(clock) => {
                if let Some(refused) = too_early(&said, clock.now()) {
                    return Ok(Err(refused));
                }
            }
            Time::Feed(clock) => {
                let at = said.at().max(clock.now());
                if at > clock.now() {
                    self.flush()?;
                    self.deadlines_before(at, &clock)?;
                    clock.set(at);
                }
            }
        }
        let input = match said {
            FeedLine::Signal(signal) => Input::Signal(signal),
            FeedLine::Facts { change, .. } => Input::Fact(change),
            FeedLine::Human(line) => {
                // What was said before may open the case that is meant.
                self.flush()?;
                self.come_to_rest()?;
                match self.supplies.board.human(&line) {
                    Ok(human) => Input::Human(human),
                    Err(reason) => return Ok(Err(Refused { field: None, reason })),
                }
            }
        };
        self.group.push(input);
        Ok(Ok(()))
    }

    /// Hands the group in and waits until it is on disk. A full queue is waited for: a file does not run away.
    fn flush(&mut self) -> Result<(), FeedError> {
        let group = std::mem::take(&mut self.group);
        if group.is_empty() {
            return Ok(());
        }
        let vocabulary = self.supplies.board.rules().vocabulary.clone();
        let count = group.len() as u64;
        let receipt = loop {
            match self.supplies.intake.submit(group.clone(), vocabulary.clone()) {
                Ok(receipt) => break receipt,
                Err(NotTaken::Full) => std::thread::sleep(PAUSE),
                Err(stopped) => return Err(stopped.into()),
            }
        };
        let gone = || NotTaken::Stopped("the daemon stopped before a feed was written down".into());
        receipt.blocking_recv().map_err(|_| gone())??;
        self.supplies.metrics.accepted(count);
        Ok(())
    }

    /// Runs every deadline before `at`, each at its own time.
    fn deadlines_before(&mut self, at: Timestamp, clock: &ManualClock) -> Result<(), FeedError> {
        loop {
            self.come_to_rest()?;
            let progress = self.supplies.handle.progress();
            let Some(due) = progress.next_deadline.filter(|due| *due < at) else { return Ok(()) };
            clock.set(clock.now().max(due));
            self.supplies.handle.nudge();
            while self.supplies.handle.progress().ends.last == progress.ends.last {
                self.pause()?;
            }
        }
    }

    /// Waits until the engine has decided on everything that is on disk.
    fn wait_for_engine(&self) -> Result<(), FeedError> {
        loop {
            let progress = self.supplies.handle.progress();
            if progress.waiting == 0 && progress.folded_to >= progress.ends.last {
                return Ok(());
            }
            self.pause()?;
        }
    }

    /// Waits until everything on disk is decided and, on the feed's clock, what is due by now has been tried once. Between two
    /// lines of a feed weeks may pass: what is being sent would be too late, or taken back, that a replay sends.
    fn come_to_rest(&mut self) -> Result<(), FeedError> {
        self.wait_for_engine()?;
        let (Time::Feed(clock), Some(outbox)) = (self.supplies.time.clone(), self.supplies.outbox.clone()) else {
            return Ok(());
        };
        let begun = crate::clock::wall_clock_now();
        while !self.supplies.stop.load(Ordering::SeqCst) {
            let progress = self.supplies.handle.progress();
            let committed = progress.ends.cursor >= progress.ends.last;
            // Where the outbox cannot be read the worker says so.
            if committed && nothing_is_sent(&outbox, clock.now()).unwrap_or(true) {
                self.sends_slowly = false;
                break;
            }
            if committed && (self.sends_slowly || crate::clock::wall_clock_now().duration_since(begun) > SENDING) {
                if !std::mem::replace(&mut self.sends_slowly, true) {
                    tracing::warn!(
                        "sending takes long: the feed goes on, and what is not sent by then may be too late"
                    );
                }
                break;
            }
            self.pause()?;
        }
        self.wait_for_engine()
    }

    fn pause(&self) -> Result<(), FeedError> {
        if let Some(why) = self.supplies.handle.stopped() {
            return Err(NotTaken::Stopped(why).into());
        }
        std::thread::sleep(PAUSE);
        Ok(())
    }

    fn refuse(&self, way: String, refused: &Refused, text: String, vocabulary: &Vocabulary) {
        self.supplies.metrics.refused(1);
        tracing::warn!(line = %way, field = loggable(refused.field.as_deref(), vocabulary), "a line was refused and kept");
        let line = RefusedLine {
            at: crate::clock::wall_clock_now(),
            way,
            field: refused.field.clone().unwrap_or_default(),
            reason: refused.reason.clone(),
            text,
        };
        let mut store = self.supplies.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = store.keep(&[line]) {
            tracing::error!(%error, "a refused line could not be kept");
        }
    }
}

/// Tells whether nothing is being sent, and nothing waits that may go at `now`.
fn nothing_is_sent(outbox: &Mutex<Box<dyn Reader>>, now: Timestamp) -> Result<bool, StoreError> {
    let reader = outbox.lock().unwrap_or_else(PoisonError::into_inner);
    let leased = RowState::Leased { until: Timestamp::MIN };
    Ok(reader.due(now, None, 1)?.is_empty() && reader.outbox(None, Some(leased), 1)?.is_empty())
}

/// Returns a field's name for the log: only where it is the vocabulary's or touchline's own. What else a customer's feed
/// calls a field may be anything.
fn loggable<'a>(field: Option<&'a str>, vocabulary: &Vocabulary) -> &'a str {
    let field = field.unwrap_or("");
    let of_signal = |signal: &crate::vocabulary::SignalType| signal.field(field).is_some();
    let of_thing = |thing: &crate::vocabulary::Thing| &*thing.name == field || thing.fact(field).is_some();
    let known = field.is_empty()
        || RESERVED_KEYS.contains(&field)
        || vocabulary.signals.iter().any(of_signal)
        || vocabulary.things.iter().any(of_thing);
    if known { field } else { "(none of the vocabulary)" }
}

/// On the machine's clock a signal from the future is held: kept with the refused ones, to be sent again (M4).
pub fn too_early(said: &FeedLine, now: Timestamp) -> Option<Refused> {
    let early = matches!(said, FeedLine::Signal(_)) && said.at().duration_since(now) > AHEAD;
    early.then(|| Refused {
        field: Some("at".into()),
        reason: "it lies more than 5 minutes ahead of the clock: it is held, send it again then".into(),
    })
}

/// Returns a path as messages show it.
fn shown(path: &Path) -> String {
    if path == Path::new("-") { "standard input".into() } else { path.to_string_lossy().replace('\\', "/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_names_no_field_that_is_not_of_the_vocabulary() {
        let text = b"vocabulary: Shop\ntime_zone: Europe/Madrid\nlanguages: [en]\njourney: {after: [delivery]}\nchannels: [web]\n\
            things: {customer: {}}\nsignals:\n  complaint: {plural: complaints, about: [customer], fields: {topic: text}}\n";
        let mut sources = crate::lang::source::Sources::default();
        sources.add("vocabulary.yaml", text);
        sources.add("a.play", b"playbook a \"A\" version 1\n");
        let project = crate::compile::project(&sources, &crate::compile::Options::default());
        let vocabulary = project.units.first().expect("a unit").ruleset().vocabulary.clone();
        for known in ["topic", "at", "customer", ""] {
            assert_eq!(loggable(Some(known), &vocabulary), known);
        }
        assert_eq!(loggable(Some("maria.kowalska@example.test"), &vocabulary), "(none of the vocabulary)");
        assert_eq!(loggable(None, &vocabulary), "");
    }
}
