//! What is forgotten, and when: inputs with their effects, rows of the outbox that are at their end, and views.
//!
//! Kept is what the longest window of the running rules can still need, and the configured history on top. Nothing that a
//! checkpoint goes on from is forgotten; a few checkpoints of the history are kept, evenly spread, so that `why` and
//! `replay --journal` reach back as far as the journal does. It goes in small steps, between the writer's turns. Read
//! [`Keeper::step`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::daemon::aside::Aside;
use crate::daemon::board::Board;
use crate::daemon::queue::Handle;
use crate::daemon::turn::WriteError;
use crate::daemon::views::Forget;
use crate::engine::ruleset::RuleSet;
use crate::engine::store::{Reader, StoreError, Vault};
use crate::id::Position;
use crate::store::checkpoint::CheckpointFolder;

/// How many inputs are forgotten in one transaction.
const AT_ONCE: usize = 1_000;
/// How long the writer has for itself in between.
const PAUSE: Duration = Duration::from_millis(20);
/// How often it is looked for what can go.
const EVERY: Duration = Duration::from_secs(600);
/// How many checkpoints are spread over the history.
const SPREAD: i32 = 8;
/// They are no nearer to one another than this.
const NEAREST: SignedDuration = SignedDuration::from_hours(24);

/// Forgets what is old enough.
pub struct Keeper {
    /// The way to the writer.
    pub handle: Handle,
    /// A reader of its own.
    pub reader: Box<dyn Reader>,
    /// Where checkpoints are.
    pub vault: CheckpointFolder,
    /// Knows the running rules.
    pub board: Arc<Board>,
    /// What is kept on top of the longest window; everything where absent.
    pub history: Option<SignedDuration>,
    /// Has the views forget as well.
    pub forget: Forget,
}

/// Why nothing was forgotten.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The writer.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Keeper {
    /// Begins to forget, now and every ten minutes.
    pub fn begin(self) -> std::io::Result<Aside> {
        Aside::begin("keeper", move |stop| self.run(stop))
    }

    fn run(self, stop: &AtomicBool) {
        while !stop.load(Ordering::SeqCst) {
            match self.step(|| stop.load(Ordering::SeqCst)) {
                Ok(0) => {}
                Ok(gone) => tracing::info!(gone, "what is older than what is kept was forgotten"),
                Err(_) if stop.load(Ordering::SeqCst) => {}
                Err(error) => tracing::warn!(%error, "what is older than what is kept could not be forgotten"),
            }
            thread::park_timeout(EVERY);
        }
    }

    /// Forgets all that is old enough by now, in small steps, until `stop` says so; returns how much went.
    pub fn step(&self, stop: impl Fn() -> bool) -> Result<usize, KeepError> {
        // The present is that of the journal: a clock that jumps ahead forgets nothing before an input says so too.
        let (Some(history), Some(now)) = (self.history, self.reader.ends()?.now) else { return Ok(0) };
        let kept = longest(&self.board.rules(), now).checked_add(history).unwrap_or(SignedDuration::MAX);
        let Ok(keep_from) = now.checked_sub(kept) else { return Ok(0) };
        self.spread(now, keep_from, history)?;
        // Without a checkpoint everything is needed.
        let Some(oldest_needed) = self.vault.positions()?.first().copied() else { return Ok(0) };
        self.forget.before(keep_from);
        let mut all = 0;
        while !stop() {
            let gone = self.handle.trim_wait(oldest_needed, keep_from, AT_ONCE)?;
            all += gone;
            if gone == 0 {
                break;
            }
            thread::sleep(PAUSE);
        }
        Ok(all)
    }

    /// Keeps one checkpoint of each part of the history, and gives up those that lie wholly before what is kept.
    fn spread(&self, now: Timestamp, keep_from: Timestamp, history: SignedDuration) -> Result<(), StoreError> {
        let mut held = self.vault.held()?;
        if let Some(newest) = self.vault.newest(self.reader.ends()?.cursor)?.0.map(|checkpoint| checkpoint.position) {
            let apart = (history / SPREAD).max(NEAREST);
            let latest = held.last().map(|held| self.stamp(*held)).transpose()?.flatten();
            if !held.contains(&newest) && latest.is_none_or(|at| now.duration_since(at) >= apart) {
                self.vault.hold(newest)?;
                held.push(newest);
            }
        }
        for pair in held.windows(2) {
            if self.stamp(pair[1])?.is_some_and(|next| next < keep_from) {
                self.vault.let_go(pair[0])?;
            }
        }
        Ok(())
    }

    /// Returns when the input at a position was stamped, or the first one kept behind it.
    fn stamp(&self, position: Position) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.reader.records(position, 1)?.first().map(|record| record.now))
    }
}

/// Returns how far back the rules can look: their longest window, and how late a signal may be.
fn longest(rules: &RuleSet, now: Timestamp) -> SignedDuration {
    let windows = rules.rules.iter().filter_map(|rule| rule.matters_until(now)).map(|until| until.duration_since(now));
    let lateness = rules.vocabulary.signals.iter().map(|signal| signal.lateness());
    let longest = windows.max().unwrap_or_default();
    longest.checked_add(lateness.max().unwrap_or_default()).unwrap_or(SignedDuration::MAX)
}
