//! The read side, kept current: a thread of its own follows the journal into `views.sqlite`.
//!
//! It reads with a reader of its own, so the writer never waits for it, and is behind by a moment. A file that was deleted
//! or damaged is built anew from the journal. Read [`Show`]. Left out: what is in the file (`store::sqlite::views`).

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::clock::wall_clock_now;
use crate::daemon::aside::Aside;
use crate::daemon::board::Board;
use crate::daemon::metrics::Metrics;
use crate::daemon::queue::Handle;
use crate::daemon::rules::{Rules, RulesError};
use crate::engine::store::{Reader, StoreError};
use crate::id::Position;
use crate::store::sqlite::views::{FILE, Views};

/// How many inputs are followed in one transaction.
const AT_ONCE: usize = 1_000;
/// How long it rests where there is nothing to follow.
const REST: Duration = Duration::from_millis(200);
/// How long it rests where it failed.
const LONG_REST: Duration = Duration::from_secs(5);
/// How long it goes on catching up once the daemon ends.
const LAST_WORDS: SignedDuration = SignedDuration::from_secs(2);

/// What the views are to forget: said by whoever forgets, done by the thread that writes them.
#[derive(Clone, Debug, Default)]
pub struct Forget(Arc<Mutex<Wanted>>);

#[derive(Debug, Default)]
struct Wanted {
    before: Option<Timestamp>,
    /// For which erasure they are to begin anew.
    anew: Option<Position>,
    /// For which one they have.
    begun: Option<Position>,
}

impl Forget {
    /// Has them forget what came before `before`.
    pub fn before(&self, before: Timestamp) {
        self.wanted().before = Some(before);
    }

    /// Has them begin anew after the erasure at `position`; tells whether they have.
    pub fn begun_anew(&self, position: Position) -> bool {
        let mut wanted = self.wanted();
        if wanted.begun == Some(position) {
            return true;
        }
        wanted.anew = Some(position);
        false
    }

    fn have_begun(&self, position: Position) {
        let mut wanted = self.wanted();
        wanted.begun = Some(position);
        // Asked for once more while it was being done.
        wanted.anew = wanted.anew.filter(|anew| *anew != position);
    }

    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the read side is kept current with.
pub struct Show {
    /// The data folder.
    pub folder: PathBuf,
    /// A reader of its own.
    pub reader: Box<dyn Reader>,
    /// Says when there is anything new.
    pub handle: Handle,
    /// Knows the rule set that runs, so that it need not be compiled again.
    pub board: Arc<Board>,
    /// Where it says how far it has come.
    pub metrics: Arc<Metrics>,
    /// Says what is to be forgotten.
    pub forget: Forget,
}

impl Show {
    /// Begins to follow. Asked to end, it follows what is left, for a while.
    pub fn begin(self) -> std::io::Result<Aside> {
        Aside::begin("views", move |stop| self.run(stop))
    }

    fn run(self, stop: &AtomicBool) {
        let (mut views, mut rules, mut seen) = (None, Rules::default(), None);
        loop {
            let stopping = stop.load(Ordering::SeqCst);
            let turn = self.handle.progress().ends.turn;
            let is_there = self.folder.join(FILE).exists();
            if !is_there {
                // Closed before another one takes its name.
                views = None;
            }
            let anew = self.forget.wanted().anew.take();
            if let Some(position) = anew {
                views = None;
                match Views::begin_anew(&self.folder) {
                    Ok(begun) => {
                        (views, seen) = (Some(begun), None);
                        self.forget.have_begun(position);
                    }
                    Err(error) => tracing::warn!(%error, "the views could not be taken away"),
                }
            }
            let mut rest = REST;
            if seen != Some(turn) || views.is_none() || stopping {
                match self.catch_up(&mut views, &mut rules, stop) {
                    Ok(()) => {
                        seen = Some(turn);
                        if self.metrics.views_fail(None) {
                            tracing::info!("the views follow again");
                        }
                    }
                    Err(error) => {
                        // Once is enough until they follow again, or something else is wrong.
                        if self.metrics.views_fail(Some(error.to_string())) {
                            tracing::warn!(%error, "the views could not be brought up to date; it is tried again");
                        }
                        // What cannot be read of the store is not mended by opening the views anew.
                        if !is_of_the_store(&error) {
                            views = None;
                        }
                        (seen, rest) = (None, LONG_REST);
                    }
                }
            }
            if stopping {
                return;
            }
            thread::park_timeout(rest);
        }
    }

    /// Follows until there is nothing left, or, at the end, for as long as last words may take.
    fn catch_up(&self, views: &mut Option<Views>, rules: &mut Rules, stop: &AtomicBool) -> Result<(), RulesError> {
        let mut ends_at = None;
        let views = match views {
            Some(views) => views,
            none => none.insert(Views::open(&self.folder)?),
        };
        if let Some(before) = self.forget.wanted().before.take() {
            views.trim(before)?;
        }
        loop {
            rules.add(self.board.rules());
            let reader = &*self.reader;
            let followed = views.follow::<RulesError>(reader, AT_ONCE, |hash| rules.get(hash, reader))?;
            self.metrics.views_at(followed.position);
            if followed.inputs == 0 {
                return Ok(());
            }
            if stop.load(Ordering::SeqCst) {
                let now = wall_clock_now();
                if now > *ends_at.get_or_insert(now.checked_add(LAST_WORDS).unwrap_or(now)) {
                    tracing::info!("the views are behind at the end; they go on at the next start");
                    return Ok(());
                }
            }
        }
    }
}

/// Tells whether it is the store that is damaged, and not the views.
fn is_of_the_store(error: &RulesError) -> bool {
    matches!(error, RulesError::Store(StoreError::Damaged { what, .. }) if !what.ends_with(FILE))
}
