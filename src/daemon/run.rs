//! The threads: one writes, one folds, one keeps checkpoints.
//!
//! The writer takes what waits, never more than a turn's worth and never waiting while anything does, writes it with what
//! the engine made of the turns before, answers, and hands the records to the engine. It is at most two turns ahead. With
//! nothing to take it writes the last effects at once, and wakes by itself when the engine's next deadline comes.
//! Left out: what a turn is (`daemon::turn`), and everything async.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::daemon::fold::{FoldError, Folder};
use crate::daemon::queue::{Handle, Inbox, Look, Progress, Request, Submission, Then};
use crate::daemon::start::Started;
use crate::daemon::turn::{Gathered, WriteError, Writer, Written};
use crate::engine::Engine;
use crate::engine::record::Record;
use crate::engine::store::{Change, Draft, Ends, Row, RowId, SetAside, StoreError, Vault};
use crate::id::Position;

/// How many inputs a turn takes at most.
pub const TURN: usize = 1_024;
/// How many turns the writer is ahead of the engine at most.
const AHEAD: usize = 2;
/// How long the writer rests when the machine failed.
const REST: Duration = Duration::from_millis(250);
/// How long after a failure it tries whether it can write again, where nobody brings anything to write.
const PROBE: Duration = Duration::from_secs(1);
/// How often it tries again once it is to stop.
const LAST_TRIES: u32 = 8;

/// What is worth telling somebody: called on the thread it happens on, so keep it short.
#[derive(Debug)]
pub enum Event<'a> {
    /// A turn is durable.
    Written {
        /// How far everything has come.
        ends: Ends,
        /// How many inputs it held, ticks and deliveries included.
        inputs: usize,
        /// Whether there are new rows in the outbox.
        has_rows: bool,
    },
    /// The engine cannot take an input; it was passed over and kept. This needs a person.
    SetAside(&'a SetAside),
    /// A turn could not be written; it is tried again.
    WriteFailed(&'a StoreError),
    /// After that, a turn could be written again.
    WritesAgain,
    /// A checkpoint is durable.
    CheckpointKept(Position),
    /// A checkpoint could not be kept; the next one is tried.
    CheckpointFailed(&'a StoreError),
    /// The daemon ends, for this reason.
    Stopped(&'a str),
}

/// Who hears of events.
pub type Listener = Arc<dyn Fn(Event) + Send + Sync>;

/// The running threads.
#[derive(Debug)]
pub struct Running {
    handle: Handle,
    writer: JoinHandle<()>,
}

impl Running {
    /// Starts the threads.
    pub fn begin(
        started: Started,
        vault: Arc<dyn Vault>,
        clock: Arc<dyn Clock>,
        listener: Listener,
    ) -> std::io::Result<Running> {
        let ByHand { mut desk, folder, turns, checkpoints } = ByHand::begin(started, clock, listener.clone());
        let handle = desk.handle.clone();
        let answer = handle.clone();
        let engine = named("engine", move || fold_turns(folder, &turns, &answer))?;
        let keeper = named("checkpoints", move || keep(&*vault, &checkpoints, &listener))?;
        let writer = named("writer", move || {
            let ended = desk.run();
            desk.end(ended, engine, keeper);
        })?;
        Ok(Running { handle, writer })
    }

    /// Returns the way in.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Takes nothing more, writes and folds what was taken, keeps a checkpoint and ends. Returns why it ended where that
    /// was not asked for.
    pub fn stop(self) -> Result<(), String> {
        self.handle.stop();
        if self.writer.join().is_err() {
            return Err("the writer panicked".into());
        }
        match self.handle.stopped() {
            Some(why) if why != STOPPED => Err(why),
            _ => Ok(()),
        }
    }
}

/// The same without threads: whoever holds it says what happens next. The simulation drives it.
pub struct ByHand {
    desk: Desk,
    folder: Folder,
    turns: Receiver<ToEngine>,
    checkpoints: Receiver<Draft>,
}

impl ByHand {
    /// Takes on what was started; nothing happens yet.
    pub fn begin(started: Started, clock: Arc<dyn Clock>, listener: Listener) -> ByHand {
        let Started { writer, folder, .. } = started;
        let (to_engine, turns) = channel();
        let (to_vault, checkpoints) = sync_channel(1);
        let desk = Desk {
            writer,
            handle: Handle::new(),
            clock,
            listener,
            to_engine: Some(to_engine),
            to_vault: Some(to_vault),
            unkept: None,
            ahead: 0,
            pending: VecDeque::new(),
            requests: VecDeque::new(),
            stopping: false,
            last_tries: 0,
            tired: false,
            failing: false,
        };
        ByHand { desk, folder, turns, checkpoints }
    }

    /// Returns the way in.
    pub fn handle(&self) -> Handle {
        self.desk.handle.clone()
    }

    /// Returns the engine.
    pub fn engine(&self) -> &Engine {
        self.folder.engine()
    }

    /// Returns when a turn is due by itself.
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.desk.writer.wake_at()
    }

    /// The writer takes what waits and writes a turn, if there is anything to write and the engine is not too far behind.
    /// Returns the number of the latest turn.
    pub fn write(&mut self) -> Result<u64, WriteError> {
        let inbox = self.desk.handle.next(true, true, None);
        self.desk.round(inbox)?;
        self.desk.tired = false;
        Ok(self.desk.writer.ends().turn)
    }

    /// The engine folds one turn; tells whether one waited.
    pub fn fold(&mut self) -> bool {
        while let Ok(asked) = self.turns.try_recv() {
            match asked {
                ToEngine::Fold(records) => {
                    let folded = self.folder.fold(records);
                    self.desk.handle.folded(folded);
                    return true;
                }
                ToEngine::Look(look) => look(Some(self.folder.engine())),
            }
        }
        false
    }

    /// Keeps a checkpoint; `None` where none waits.
    pub fn keep(&mut self, vault: &dyn Vault) -> Option<Result<Position, StoreError>> {
        let checkpoint = self.checkpoints.try_recv().ok()?;
        let position = checkpoint.position;
        Some(vault.keep(checkpoint).map(|()| position))
    }

    /// Returns the whole state where anything was folded since the last checkpoint and all of it is committed: what is kept
    /// at the end.
    pub fn last_checkpoint(&mut self) -> Option<Draft> {
        let committed = self.desk.writer.ends().cursor == self.folder.engine().position();
        (committed && self.folder.has_news()).then(|| self.folder.checkpoint())
    }

    /// Tells whether nothing waits to be written or folded.
    pub fn is_idle(&self) -> bool {
        self.desk.is_idle() && self.desk.ahead == 0 && !self.desk.writer.has_work()
    }
}

const STOPPED: &str = "the daemon has stopped";

fn named<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> std::io::Result<JoinHandle<T>> {
    thread::Builder::new().name(name.to_owned()).spawn(work)
}

/// What the engine's thread does next.
enum ToEngine {
    /// It folds a turn.
    Fold(Vec<Record>),
    /// Somebody looks at it.
    Look(Look),
}

fn fold_turns(mut folder: Folder, turns: &Receiver<ToEngine>, answer: &Handle) -> Option<Draft> {
    while let Ok(asked) = turns.recv() {
        let records = match asked {
            ToEngine::Fold(records) => records,
            ToEngine::Look(look) => {
                look(Some(folder.engine()));
                continue;
            }
        };
        let folded = folder.fold(records);
        let failed = folded.is_err();
        answer.folded(folded);
        if failed {
            return None;
        }
    }
    folder.has_news().then(|| folder.checkpoint())
}

fn keep(vault: &dyn Vault, checkpoints: &Receiver<Draft>, listener: &Listener) {
    while let Ok(checkpoint) = checkpoints.recv() {
        let position = checkpoint.position;
        match vault.keep(checkpoint) {
            Ok(()) => listener(Event::CheckpointKept(position)),
            Err(error) => listener(Event::CheckpointFailed(&error)),
        }
    }
}

/// The writer at work.
struct Desk {
    writer: Writer,
    handle: Handle,
    clock: Arc<dyn Clock>,
    listener: Listener,
    to_engine: Option<Sender<ToEngine>>,
    to_vault: Option<SyncSender<Draft>>,
    /// A checkpoint that its thread had no room for.
    unkept: Option<Draft>,
    /// Turns the engine has not answered yet.
    ahead: usize,
    pending: VecDeque<Submission>,
    requests: VecDeque<Request>,
    stopping: bool,
    /// How often the machine has failed since.
    last_tries: u32,
    /// The machine failed: rest a while before the next try.
    tired: bool,
    /// The last turn could not be written.
    failing: bool,
}

/// What became of rows, and who waits to hear that it is durable.
type Settling = (Vec<(RowId, Change)>, Then<()>);

/// What a turn answers once it is durable.
#[derive(Default)]
struct Answers {
    leases: Vec<(Vec<Row>, Then<Vec<Row>>)>,
    settled: Vec<Settling>,
    switch: Option<Then<Option<Position>>>,
}

impl Desk {
    /// Runs until it is stopped, or something fails for good.
    fn run(&mut self) -> Result<(), WriteError> {
        loop {
            if self.stopping && self.is_idle() && self.ahead == 0 && !self.writer.has_folded() {
                return Ok(());
            }
            let inbox = self.wait();
            let turns = self.writer.ends().turn;
            self.round(inbox)?;
            if self.failing && !self.tired && self.writer.ends().turn == turns && self.is_idle() {
                self.probe()?;
            }
            if mem::take(&mut self.tired) {
                self.handle.rest(REST);
            }
        }
    }

    /// Takes in what came, and writes a turn where there is anything to write.
    fn round(&mut self, inbox: Inbox) -> Result<(), WriteError> {
        let Inbox { submissions, requests, folded, stopping } = inbox;
        self.hand_checkpoint();
        self.stopping |= stopping;
        self.pending.extend(submissions);
        self.requests.extend(requests);
        for folded in folded {
            self.ahead -= 1;
            self.writer.take(folded.map_err(engine_failed)?);
        }
        if self.ahead >= AHEAD || (self.is_idle() && !self.writer.has_work()) {
            self.tell(0);
            return Ok(());
        }
        self.turn()
    }

    fn is_idle(&self) -> bool {
        self.pending.is_empty() && self.requests.is_empty()
    }

    fn wait(&mut self) -> Inbox {
        let may_write = self.ahead < AHEAD;
        let is_due = may_write && (!self.pending.is_empty() || !self.requests.is_empty() || self.writer.has_work());
        let wake_at = self.writer.wake_at().filter(|_| may_write);
        let patience = wake_at.and_then(|at| self.clock.patience(at));
        let patience =
            if self.failing { Some(patience.map_or(PROBE, |patience| patience.min(PROBE))) } else { patience };
        self.handle.next(may_write, is_due, patience)
    }

    /// Writes a turn.
    fn turn(&mut self) -> Result<(), WriteError> {
        let mut answers = Answers::default();
        let (mut gathered, pieces) = self.gather();
        self.serve(&mut gathered, &mut answers)?;
        if !self.writer.would_write(&gathered) {
            // Somebody asked for rows and there are none: that needs no disk.
            return self.answer(Written::default(), &pieces, answers);
        }
        match self.writer.write(gathered) {
            Ok(written) => {
                self.can_write();
                let (inputs, has_rows) = (written.records.len(), written.has_rows);
                self.answer(written, &pieces, answers)?;
                (self.listener)(Event::Written { ends: self.writer.ends(), inputs, has_rows });
                Ok(())
            }
            Err(error) => self.failed(error, &pieces, answers),
        }
    }

    /// Tries whether a turn can be written again, by one of nothing: whoever asks whether it is ready must not wait for
    /// somebody who brings something.
    fn probe(&mut self) -> Result<(), WriteError> {
        match self.writer.write(Gathered::default()) {
            Ok(written) => {
                self.can_write();
                self.answer(written, &[], Answers::default())
            }
            Err(error) => self.failed(error, &[], Answers::default()),
        }
    }

    fn can_write(&mut self) {
        if mem::take(&mut self.failing) {
            self.handle.fails(None);
            (self.listener)(Event::WritesAgain);
        }
    }

    /// Takes inputs for a turn: returns how many of each submission, from the first on.
    fn gather(&mut self) -> (Gathered, Vec<usize>) {
        let mut gathered = Gathered::default();
        let mut pieces = Vec::new();
        // Before a switch stands only what was written: it has a turn of its own.
        if matches!(self.requests.front(), Some(Request::Switch { .. })) {
            return (gathered, pieces);
        }
        for submission in &mut self.pending {
            let room = TURN - gathered.inputs.len();
            let taken = room.min(submission.inputs.len());
            gathered.inputs.extend(submission.inputs.drain(..taken));
            pieces.push(taken);
            if gathered.inputs.len() == TURN {
                break;
            }
        }
        (gathered, pieces)
    }

    /// Does what was asked for, up to a switch that has to wait for a turn of its own.
    fn serve(&mut self, gathered: &mut Gathered, answers: &mut Answers) -> Result<(), WriteError> {
        let mut first = true;
        while let Some(request) = self.requests.pop_front() {
            match request {
                Request::Lease { which, hold, then } => match self.writer.lease(&mut gathered.outbox, &which, hold) {
                    Ok(rows) => answers.leases.push((rows, then)),
                    Err(error) => then(Err(error.into())),
                },
                Request::Settle { changes, then } => {
                    gathered.outbox.extend(changes.iter().cloned());
                    answers.settled.push((changes, then));
                }
                Request::Trim { oldest_needed, keep_from, limit, then } => {
                    then(self.writer.trim(oldest_needed, keep_from, limit).map_err(WriteError::from));
                }
                Request::Rewrite { rewrite, then } => then(self.writer.rewrite(&rewrite)),
                Request::CutLog { then } => then(self.writer.cut_log().map_err(WriteError::from)),
                Request::Look(look) => self.look(look),
                switch @ Request::Switch { .. } if !first => {
                    self.requests.push_front(switch);
                    return Ok(());
                }
                Request::Switch { prepare, then } => {
                    match prepare(self.writer.ends()) {
                        Some(switching) => {
                            gathered.switch = Some(switching);
                            answers.switch = Some(then);
                        }
                        None => then(Ok(None)),
                    }
                    return Ok(());
                }
            }
            first = false;
        }
        Ok(())
    }

    /// Has the engine looked at, behind the turns it has already.
    fn look(&self, look: Look) {
        let sent = match &self.to_engine {
            Some(engine) => engine.send(ToEngine::Look(look)).map_err(|back| back.0),
            None => Err(ToEngine::Look(look)),
        };
        if let Err(ToEngine::Look(look)) = sent {
            look(None);
        }
    }

    /// A turn is durable: tells everybody, and hands it to the engine.
    fn answer(&mut self, written: Written, pieces: &[usize], answers: Answers) -> Result<(), WriteError> {
        let Written { records, places, checkpoints, set_aside, .. } = written;
        let mut places = places.into_iter();
        self.tell(pieces.iter().sum());
        for piece in pieces {
            let Some(submission) = self.pending.front_mut() else { break };
            submission.places.extend(places.by_ref().take(*piece));
            if submission.inputs.is_empty()
                && let Some(submission) = self.pending.pop_front()
            {
                (submission.then)(Ok(submission.places));
            }
        }
        answers.leases.into_iter().for_each(|(rows, then)| then(Ok(rows)));
        answers.settled.into_iter().for_each(|(_, then)| then(Ok(())));
        if let Some(then) = answers.switch {
            let switched = records.iter().find(|record| matches!(record.input, crate::engine::input::Input::Switch(_)));
            then(Ok(switched.map(|record| record.position)));
        }
        self.unkept = checkpoints.into_iter().next_back().or(self.unkept.take());
        self.hand_checkpoint();
        if !records.is_empty() {
            self.ahead += 1;
            let sent = self.to_engine.as_ref().map(|engine| engine.send(ToEngine::Fold(records)));
            if !matches!(sent, Some(Ok(()))) {
                return Err(WriteError::Stopped("the engine has ended".into()));
            }
        }
        set_aside.iter().for_each(|aside| (self.listener)(Event::SetAside(aside)));
        Ok(())
    }

    /// Hands the newest checkpoint to its thread, unless that has enough to do: then later.
    fn hand_checkpoint(&mut self) {
        // One of the start waits for no turn.
        self.unkept = self.writer.ready_checkpoints().into_iter().next_back().or(self.unkept.take());
        if let (Some(vault), Some(checkpoint)) = (&self.to_vault, self.unkept.take())
            && let Err(TrySendError::Full(checkpoint)) = vault.try_send(checkpoint)
        {
            self.unkept = Some(checkpoint);
        }
    }

    fn tell(&self, taken: usize) {
        let progress = Progress {
            ends: self.writer.ends(),
            folded_to: self.writer.folded_to(),
            next_deadline: self.writer.wake_at(),
            waiting: 0,
        };
        self.handle.wrote(taken, progress);
    }

    /// A turn was not written: whoever brought inputs hears so; what delivery has to say is kept for the next try.
    fn failed(&mut self, error: WriteError, pieces: &[usize], answers: Answers) -> Result<(), WriteError> {
        if let WriteError::Store(failed @ StoreError::Failed(_)) = &error {
            // Before anybody is answered: who asks next whether it is ready hears the same.
            self.handle.fails(Some(failed.to_string()));
        }
        let mut waiting: usize = pieces.iter().sum();
        for _ in pieces {
            let Some(submission) = self.pending.pop_front() else { break };
            waiting += submission.inputs.len();
            let written = submission.places.is_empty().then(|| error.clone());
            (submission.then)(Err(written.unwrap_or_else(|| WriteError::Partly(error.to_string()))));
        }
        answers.leases.into_iter().for_each(|(_, then)| then(Err(error.clone())));
        if let Some(then) = answers.switch {
            then(Err(error.clone()));
        }
        for (changes, then) in answers.settled.into_iter().rev() {
            self.requests.push_front(Request::Settle { changes, then });
        }
        self.tell(waiting);
        match &error {
            WriteError::Store(failed @ StoreError::Failed(_)) => {
                // Once is enough until it can be written again.
                if !mem::replace(&mut self.failing, true) {
                    (self.listener)(Event::WriteFailed(failed));
                }
                self.tired = true;
                self.last_tries += u32::from(self.stopping);
                match self.last_tries < LAST_TRIES {
                    true => Ok(()),
                    false => Err(error),
                }
            }
            _ => Err(error),
        }
    }

    /// Ends: everybody who still waits hears why; a checkpoint is kept where all went well.
    fn end(&mut self, ended: Result<(), WriteError>, engine: JoinHandle<Option<Draft>>, keeper: JoinHandle<()>) {
        let why = ended.as_ref().err().map_or_else(|| STOPPED.to_owned(), ToString::to_string);
        let mut left = self.handle.close(why.clone());
        left.submissions.extend(self.pending.drain(..));
        left.requests.extend(self.requests.drain(..));
        left.refuse(&why);
        drop(self.to_engine.take());
        let checkpoint = engine.join().ok().flatten().filter(|_| ended.is_ok());
        if let (Some(vault), Some(checkpoint)) = (self.to_vault.take(), checkpoint) {
            // The keeper is there until this end is dropped.
            let _ = vault.send(checkpoint);
        }
        let _ = keeper.join();
        (self.listener)(Event::Stopped(&why));
    }
}

fn engine_failed(error: FoldError) -> WriteError {
    WriteError::Stopped(format!("the engine cannot go on: {error}"))
}
