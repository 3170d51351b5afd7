//! The queue in front of the writer: bounded, with an answer to everybody once what they brought is durable.
//!
//! A [`Handle`] is cheap to clone and may be used from any thread, async ones included: nothing but the `…_wait` functions
//! waits for a disk. Each call has an answer, given exactly once, by the writer thread: keep what it does short (send on a
//! channel). Left out: what is done with it all (`daemon::run`).

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::daemon::fold::{FoldError, FoldedTurn};
use crate::daemon::turn::{Arrived, Switching, Which, WriteError};
use crate::engine::Engine;
use crate::engine::store::{Change, Ends, Rewrite, Row, RowId};
use crate::id::Position;
use crate::value::Str;

/// How many inputs wait at most.
pub const QUEUE: usize = 8_192;

/// Why something was not even queued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The queue is full: 503, and the sender tries again.
    #[error("too much is waiting to be written: try again in a moment")]
    Full,
    /// The daemon is stopping, or has stopped for a reason.
    #[error("{0}")]
    Stopped(String),
}

/// What became of inputs that are durable now: where each stands, or why it was refused.
pub type Places = Vec<Result<Position, Str>>;

/// Called once with what became of a call.
pub type Then<T> = Box<dyn FnOnce(Result<T, WriteError>) + Send>;

/// Prepares a switch between two turns, when everything up to [`Ends::last`] is durable and nothing else is written
/// meanwhile; `None` where it comes to nothing. It runs on the writer's thread: only what is left to do belongs in it.
pub type Prepare = Box<dyn FnOnce(Ends) -> Option<Switching> + Send>;

/// Looks at the engine, on its own thread; `None` where it is no longer there.
pub(super) type Look = Box<dyn FnOnce(Option<&Engine>) + Send>;

/// Inputs that came together.
pub(super) struct Submission {
    pub inputs: VecDeque<Arrived>,
    pub places: Places,
    pub then: Then<Places>,
}

/// What else is asked of the writer.
pub(super) enum Request {
    Lease { which: Which, hold: SignedDuration, then: Then<Vec<Row>> },
    Settle { changes: Vec<(RowId, Change)>, then: Then<()> },
    Switch { prepare: Prepare, then: Then<Option<Position>> },
    Trim { oldest_needed: Position, keep_from: Timestamp, limit: usize, then: Then<usize> },
    Rewrite { rewrite: Box<Rewrite>, then: Then<()> },
    CutLog { then: Then<bool> },
    Look(Look),
}

/// How far the daemon has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// What is durable.
    pub ends: Ends,
    /// How far the engine has come.
    pub folded_to: Position,
    /// When a turn is due by itself.
    pub next_deadline: Option<Timestamp>,
    /// How many inputs wait to be written.
    pub waiting: usize,
}

#[derive(Default)]
struct State {
    submissions: VecDeque<Submission>,
    /// Inputs not yet written, those included that the writer has taken.
    waiting: usize,
    requests: VecDeque<Request>,
    folded: VecDeque<Result<FoldedTurn, FoldError>>,
    nudged: bool,
    stopping: bool,
    /// Why nothing is taken any more.
    stopped: Option<String>,
    /// Why the last turn could not be written, until one can.
    failing: Option<String>,
    progress: Progress,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

/// The way in.
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&self.progress()).finish()
    }
}

/// Something that will be answered.
#[derive(Debug)]
pub struct Receipt<T>(Receiver<Result<T, WriteError>>);

impl<T: Send + 'static> Receipt<T> {
    fn pair() -> (Then<T>, Receipt<T>) {
        let (answer, receipt) = sync_channel(1);
        // Whoever asked may be gone by now.
        (Box::new(move |said| drop(answer.send(said))), Receipt(receipt))
    }

    /// Waits for the answer.
    pub fn wait(self) -> Result<T, WriteError> {
        let gone = || Err(WriteError::Stopped("the daemon ended before it answered".into()));
        self.0.recv().unwrap_or_else(|_| gone())
    }
}

impl Handle {
    pub(super) fn new() -> Handle {
        Handle(Arc::new(Shared { state: Mutex::default(), wake: Condvar::new() }))
    }

    /// Hands in inputs that came together; `then` is called once all of them are durable, or could not be written. What
    /// does not fit into the queue is refused as a whole, unless the queue is empty.
    pub fn submit(&self, inputs: Vec<Arrived>, then: Then<Places>) -> Result<(), Refused> {
        let mut state = self.taking()?;
        if state.waiting > 0 && state.waiting + inputs.len() > QUEUE {
            return Err(Refused::Full);
        }
        state.waiting += inputs.len();
        state.submissions.push_back(Submission {
            places: Vec::with_capacity(inputs.len()),
            inputs: inputs.into(),
            then,
        });
        drop(state);
        self.0.wake.notify_all();
        Ok(())
    }

    /// Hands in inputs that came together; the receipt is answered once all of them are durable.
    pub fn submit_receipt(&self, inputs: Vec<Arrived>) -> Result<Receipt<Places>, Refused> {
        let (then, receipt) = Receipt::pair();
        self.submit(inputs, then).map(|()| receipt)
    }

    /// Takes on rows of the outbox that are due, for `hold`; the answer comes once that is durable.
    pub fn lease(&self, which: Which, hold: SignedDuration, then: Then<Vec<Row>>) -> Result<(), Refused> {
        self.request(Request::Lease { which, hold, then })
    }

    /// As [`Handle::lease`], and waits for the answer.
    pub fn lease_wait(&self, which: Which, hold: SignedDuration) -> Result<Vec<Row>, WriteError> {
        let (then, receipt) = Receipt::pair();
        self.lease(which, hold, then).map_err(stopped)?;
        receipt.wait()
    }

    /// Writes what became of rows, and tells the engine of every effect that is at its end by it, in one turn. Tried again
    /// by itself while the disk is full.
    pub fn settle(&self, changes: Vec<(RowId, Change)>, then: Then<()>) -> Result<(), Refused> {
        self.request(Request::Settle { changes, then })
    }

    /// As [`Handle::settle`], and waits for the answer.
    pub fn settle_wait(&self, changes: Vec<(RowId, Change)>) -> Result<(), WriteError> {
        let (then, receipt) = Receipt::pair();
        self.settle(changes, then).map_err(stopped)?;
        receipt.wait()
    }

    /// Switches to another rule set between two turns; the answer is the position of the switch.
    pub fn switch(&self, prepare: Prepare, then: Then<Option<Position>>) -> Result<(), Refused> {
        self.request(Request::Switch { prepare, then })
    }

    /// As [`Handle::switch`], and waits for the answer.
    pub fn switch_wait(&self, prepare: Prepare) -> Result<Option<Position>, WriteError> {
        let (then, receipt) = Receipt::pair();
        self.switch(prepare, then).map_err(stopped)?;
        receipt.wait()
    }

    /// Forgets inputs stamped before `keep_from` that lie at or before `oldest_needed` (the oldest checkpoint), and final
    /// rows of effects before it, at most `limit` of each; the answer is how many went. Call it again until none do.
    pub fn trim_wait(&self, oldest_needed: Position, keep_from: Timestamp, limit: usize) -> Result<usize, WriteError> {
        let (then, receipt) = Receipt::pair();
        self.request(Request::Trim { oldest_needed, keep_from, limit, then }).map_err(stopped)?;
        receipt.wait()
    }

    /// Writes rows anew for an erasure, between two turns.
    pub fn rewrite_wait(&self, rewrite: Rewrite) -> Result<(), WriteError> {
        let (then, receipt) = Receipt::pair();
        self.request(Request::Rewrite { rewrite: Box::new(rewrite), then }).map_err(stopped)?;
        receipt.wait()
    }

    /// Sees to it that nothing is left in the store's log of what rows held before; tells whether that could be done now.
    pub fn cut_log_wait(&self) -> Result<bool, WriteError> {
        let (then, receipt) = Receipt::pair();
        self.request(Request::CutLog { then }).map_err(stopped)?;
        receipt.wait()
    }

    /// Looks at the engine once it has decided on everything that is durable now. Nothing is decided meanwhile, so look at
    /// what is asked for and no more.
    pub fn look_wait<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Engine) -> T + Send + 'static,
    ) -> Result<T, WriteError> {
        let (then, receipt) = Receipt::pair();
        let gone = || WriteError::Stopped("the engine has ended".into());
        let look = move |engine: Option<&Engine>| then(engine.map(look).ok_or_else(gone));
        self.request(Request::Look(Box::new(look))).map_err(stopped)?;
        receipt.wait()
    }

    /// Returns how far everything has come.
    pub fn progress(&self) -> Progress {
        let state = self.state();
        Progress { waiting: state.waiting, ..state.progress }
    }

    /// Returns why nothing is taken any more, once that is so.
    pub fn stopped(&self) -> Option<String> {
        self.state().stopped.clone()
    }

    /// Returns why nothing can be written at present: the disk is full, for one. The writer tries by itself whether it can
    /// again.
    pub fn failing(&self) -> Option<String> {
        self.state().failing.clone()
    }

    pub(super) fn fails(&self, why: Option<String>) {
        self.state().failing = why;
    }

    /// Has the writer look at its clock: for clocks that are moved by hand.
    pub fn nudge(&self) {
        self.state().nudged = true;
        self.0.wake.notify_all();
    }

    /// Takes nothing more, not from delivery either: let that come to its end first. What was taken is still written and
    /// folded.
    pub fn stop(&self) {
        {
            let mut state = self.state();
            (state.stopping, state.nudged) = (true, true);
        }
        self.0.wake.notify_all();
    }

    fn request(&self, request: Request) -> Result<(), Refused> {
        self.taking()?.requests.push_back(request);
        self.0.wake.notify_all();
        Ok(())
    }

    /// Returns the state if anything is still taken.
    fn taking(&self) -> Result<MutexGuard<'_, State>, Refused> {
        let state = self.state();
        match &state.stopped {
            Some(why) => Err(Refused::Stopped(why.clone())),
            None if state.stopping => Err(Refused::Stopped("the daemon is stopping".into())),
            None => Ok(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs while the lock is held.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn folded(&self, folded: Result<FoldedTurn, FoldError>) {
        self.state().folded.push_back(folded);
        self.0.wake.notify_all();
    }

    /// Waits until there is something for the writer: what the engine made, or, where it `may_write`, anything else; at
    /// most for `patience`. Then takes all of it.
    pub(super) fn next(&self, may_write: bool, mut is_due: bool, patience: Option<Duration>) -> Inbox {
        let mut state = self.state();
        loop {
            let work = !state.submissions.is_empty() || !state.requests.is_empty() || state.nudged;
            if !state.folded.is_empty() || is_due || (may_write && work) {
                break;
            }
            state = match patience {
                None => self.0.wake.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(patience) => {
                    let (state, waited) =
                        self.0.wake.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner);
                    is_due = waited.timed_out();
                    state
                }
            };
        }
        state.nudged = false;
        Inbox {
            submissions: mem::take(&mut state.submissions),
            requests: mem::take(&mut state.requests),
            folded: mem::take(&mut state.folded),
            stopping: state.stopping,
        }
    }

    /// Rests for a while, whatever comes.
    pub(super) fn rest(&self, patience: Duration) {
        let state = self.state();
        let (state, _) =
            self.0.wake.wait_timeout_while(state, patience, |_| true).unwrap_or_else(PoisonError::into_inner);
        drop(state);
    }

    pub(super) fn wrote(&self, inputs: usize, progress: Progress) {
        let mut state = self.state();
        state.waiting = state.waiting.saturating_sub(inputs);
        state.progress = progress;
    }

    /// Takes nothing more, and returns what was never taken.
    pub(super) fn close(&self, why: String) -> Inbox {
        let mut state = self.state();
        state.stopped.get_or_insert(why);
        Inbox {
            submissions: mem::take(&mut state.submissions),
            requests: mem::take(&mut state.requests),
            folded: VecDeque::new(),
            stopping: true,
        }
    }
}

/// What the writer takes.
pub(super) struct Inbox {
    pub submissions: VecDeque<Submission>,
    pub requests: VecDeque<Request>,
    pub folded: VecDeque<Result<FoldedTurn, FoldError>>,
    pub stopping: bool,
}

impl Inbox {
    /// Tells everybody that nothing will come of it.
    pub fn refuse(self, why: &str) {
        let stopped = || WriteError::Stopped(why.to_owned());
        for submission in self.submissions {
            let partly = || WriteError::Partly(why.to_owned());
            (submission.then)(Err(if submission.places.is_empty() { stopped() } else { partly() }));
        }
        for request in self.requests {
            request.refuse(stopped());
        }
    }
}

impl Request {
    pub fn refuse(self, why: WriteError) {
        match self {
            Request::Lease { then, .. } => then(Err(why)),
            Request::Settle { then, .. } => then(Err(why)),
            Request::Switch { then, .. } => then(Err(why)),
            Request::Trim { then, .. } => then(Err(why)),
            Request::Rewrite { then, .. } => then(Err(why)),
            Request::CutLog { then } => then(Err(why)),
            Request::Look(look) => look(None),
        }
    }
}

fn stopped(refused: Refused) -> WriteError {
    WriteError::Stopped(refused.to_string())
}
