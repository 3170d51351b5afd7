//! The engine's side of a turn: folds what is committed, survives an input it cannot take, and says when a checkpoint is due.
//!
//! An input on which the engine panics is tried once more on a state rebuilt from the store. Where it panics again it is set
//! aside: passed over now and whenever the journal is folded, kept with its bytes, and reported. Left out: threads
//! (`daemon::run`) and what is written (`daemon::turn`).

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;
use crate::daemon::rules::{Rules, RulesError};
use crate::engine::input::{Human, Input};
use crate::engine::record::Record;
use crate::engine::state::RestoreError;
use crate::engine::store::{Draft, Folded, Reader, SetAside, StoreError, Vault};
use crate::engine::trace::Decline;
use crate::engine::{Engine, Step, Taken};
use crate::id::{Position, RuleId};
use crate::store::outbox::Patience;
use crate::value::Str;

/// How many records are read at once.
const READ: usize = 4_096;

/// When a checkpoint is due, besides at every switch and erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// After this many inputs.
    pub inputs: u64,
    /// After this long, if there were any.
    pub time: SignedDuration,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { inputs: 1_000_000, time: SignedDuration::from_mins(10) }
    }
}

/// What is called before each input is applied: how tests have the engine panic.
pub type Probe = Arc<dyn Fn(&Record) + Send + Sync>;

/// What a follower hears of an input.
#[derive(Clone, Debug, PartialEq)]
pub struct Glance {
    /// Where it stands.
    pub position: Position,
    /// The instant it was stamped with.
    pub now: Timestamp,
    /// Its kind, in one word.
    pub kind: &'static str,
    /// What somebody did, where it is that.
    pub human: Option<Human>,
}

/// Hears of every turn that was folded, on the engine's thread: what people look at follows it. Keep it short.
pub trait Follower: Send + Sync {
    /// Looks at the engine as it stands after these inputs, and at what it asked for.
    fn folded(&self, engine: &Engine, inputs: &[Glance], turn: &FoldedTurn);
}

/// Why folding cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A rule set could not be had.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// A checkpoint that is whole cannot be read.
    #[error("the checkpoint cannot be used: {0}")]
    Restore(#[from] RestoreError),
    /// There is nothing to fold from.
    #[error(
        "no checkpoint is whole, and the journal cannot be decided again from its beginning, which was forgotten or erased up to \
         position {0}. \
         Put the latest backup (`touchline backup`) in a new folder, and start on that"
    )]
    NoBeginning(u64),
    /// Nothing was ever written.
    #[error("the store is empty")]
    Empty,
    /// An input that was applied once cannot be applied again.
    #[error("the input at position {position} was applied once and cannot be applied again: {why}")]
    Unsteady {
        /// Where.
        position: u64,
        /// What the panic said.
        why: String,
    },
    /// Records are not where they should be.
    #[error("the journal goes on at position {found} where {expected} is next")]
    OutOfOrder {
        /// What comes next.
        expected: u64,
        /// What came.
        found: u64,
    },
}

/// What folding a turn gave.
#[derive(Debug, Default)]
pub struct FoldedTurn {
    /// Effects and rows.
    pub folded: Folded,
    /// Inputs that were passed over for the first time.
    pub set_aside: Vec<SetAside>,
    /// How many signals were known already.
    pub known: u64,
    /// When the engine next has something to do.
    pub next_deadline: Option<Timestamp>,
    /// What people did that met nothing, and why.
    pub missed: Vec<(Position, &'static str)>,
    /// How often rules declined by their state or guard, by why.
    pub declines: BTreeMap<(RuleId, Decline), u64>,
    /// The whole state, where a checkpoint is due: to be kept once the cursor that stands at its position is committed.
    pub checkpoint: Option<Draft>,
}

/// The engine with what it needs to be rebuilt.
pub struct Folder {
    engine: Engine,
    rules: Rules,
    reader: Box<dyn Reader>,
    vault: Arc<dyn Vault>,
    clock: Arc<dyn Clock>,
    pace: Pace,
    patience: Patience,
    set_aside: BTreeSet<Position>,
    last_checkpoint: (Position, Timestamp),
    probe: Option<Probe>,
    follower: Option<Arc<dyn Follower>>,
}

/// How a folder folds.
#[derive(Clone)]
pub struct FoldOptions {
    /// Where checkpoints are.
    pub vault: Arc<dyn Vault>,
    /// What the time between checkpoints is measured by.
    pub clock: Arc<dyn Clock>,
    /// When a checkpoint is due.
    pub pace: Pace,
    /// How long outbox rows are tried.
    pub patience: Patience,
    /// For tests.
    pub probe: Option<Probe>,
}

impl Folder {
    /// Returns a folder with the state at the newest sound checkpoint at or before `upto`, or at the very beginning; with
    /// a word on each checkpoint that was passed over as damaged.
    pub fn open(
        reader: Box<dyn Reader>,
        rules: Rules,
        options: FoldOptions,
        upto: Position,
    ) -> Result<(Folder, Vec<String>), FoldError> {
        let mut rules = rules;
        let since = reader.begins_behind()?;
        let (engine, damaged) = base(&*reader, &*options.vault, &mut rules, upto, since)?;
        let set_aside = reader.set_aside()?.iter().map(|aside| aside.position).collect();
        let last_checkpoint = (engine.position(), options.clock.now());
        let FoldOptions { vault, clock, pace, patience, probe } = options;
        let follower = None;
        let folder =
            Folder { engine, rules, reader, vault, clock, pace, patience, set_aside, last_checkpoint, probe, follower };
        Ok((folder, damaged))
    }

    /// Returns the engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Folds what the journal holds up to `upto`, and returns what that gave.
    pub fn fold_journal(&mut self, upto: Position) -> Result<FoldedTurn, FoldError> {
        let mut all = FoldedTurn { folded: Folded::starting(self.engine.position()), ..FoldedTurn::default() };
        while self.engine.position() < upto {
            let from = Position(self.engine.position().0 + 1);
            let wanted = (upto.0 - from.0 + 1).min(READ as u64) as usize;
            let records = self.reader.records(from, wanted)?;
            if records.is_empty() {
                return Err(FoldError::OutOfOrder { expected: from.0, found: 0 });
            }
            let turn = self.fold(records)?;
            all.folded.append(turn.folded);
            all.set_aside.extend(turn.set_aside);
            all.checkpoint = turn.checkpoint.or(all.checkpoint);
        }
        all.next_deadline = self.engine.next_deadline();
        Ok(all)
    }

    /// Folds records that are committed.
    pub fn fold(&mut self, records: Vec<Record>) -> Result<FoldedTurn, FoldError> {
        let mut turn = FoldedTurn { folded: Folded::starting(self.engine.position()), ..FoldedTurn::default() };
        let mut asked_for = false;
        let glances: Vec<Glance> = match &self.follower {
            Some(_) => records.iter().map(glance).collect(),
            None => vec![],
        };
        for record in records {
            asked_for |= matches!(record.input, Input::Switch(_) | Input::Erase(_));
            let position = record.position;
            let effects = match self.apply(record)? {
                Ok(step) => {
                    turn.missed.extend(step.missed.map(|why| (position, why)));
                    turn.known += u64::from(matches!(step.taken, Taken::Duplicate | Taken::Update));
                    let rules = &self.engine.ruleset().rules;
                    for (rule, decline) in step.declines {
                        let Some(rule) = rules.get(rule as usize) else { continue };
                        *turn.declines.entry((rule.id.clone(), decline)).or_default() += 1;
                    }
                    step.effects
                }
                Err(aside) => {
                    turn.set_aside.extend(aside);
                    vec![]
                }
            };
            turn.folded.add(position, effects, &self.engine.ruleset().directory, self.patience);
        }
        turn.next_deadline = self.engine.next_deadline();
        turn.checkpoint = self.checkpoint_due(asked_for).then(|| self.checkpoint());
        if let Some(follower) = &self.follower {
            follower.folded(&self.engine, &glances, &turn);
        }
        Ok(turn)
    }

    /// Lets `follower` hear of every turn from here on.
    pub fn follow(&mut self, follower: Arc<dyn Follower>) {
        self.follower = Some(follower);
    }

    /// Writes the whole state as a checkpoint, to be kept.
    pub fn checkpoint(&mut self) -> Draft {
        self.last_checkpoint = (self.engine.position(), self.clock.now());
        let (position, ruleset) = (self.engine.position(), self.engine.ruleset().hash);
        self.vault.draft(position, ruleset, &mut |to| self.engine.save_to(to))
    }

    /// Returns whether anything was folded since the last checkpoint.
    pub fn has_news(&self) -> bool {
        self.engine.position() > self.last_checkpoint.0
    }

    fn checkpoint_due(&self, asked_for: bool) -> bool {
        let (position, at) = self.last_checkpoint;
        let inputs = self.engine.position().0 - position.0;
        asked_for || inputs >= self.pace.inputs || (inputs > 0 && self.clock.now().duration_since(at) >= self.pace.time)
    }

    /// Applies a record. The inner error says that it was passed over, with what to write where that is news.
    fn apply(&mut self, mut record: Record) -> Result<Result<Step, Option<SetAside>>, FoldError> {
        let expected = self.engine.position().0 + 1;
        if record.position.0 != expected {
            return Err(FoldError::OutOfOrder { expected, found: record.position.0 });
        }
        if self.set_aside.contains(&record.position) {
            self.engine.pass_over();
            return Ok(Err(None));
        }
        let position = record.position;
        self.attach(&mut record)?;
        if let Ok(step) = self.try_to_apply(record) {
            return Ok(Ok(step));
        }
        // The state may be half changed: it is built anew before each further step.
        let before = Position(position.0 - 1);
        self.rebuild(before)?;
        let mut again = self.reader.records(position, 1)?;
        let mut record = again.pop().ok_or(FoldError::OutOfOrder { expected: position.0, found: 0 })?;
        let bytes = record.to_bytes();
        self.attach(&mut record)?;
        match self.try_to_apply(record) {
            Ok(step) => Ok(Ok(step)),
            Err(why) => {
                self.rebuild(before)?;
                self.engine.pass_over();
                self.set_aside.insert(position);
                Ok(Err(Some(SetAside { position, bytes, why })))
            }
        }
    }

    /// Applies a record; where the engine panics, returns what it said.
    fn try_to_apply(&mut self, record: Record) -> Result<Step, Str> {
        let (engine, probe) = (&mut self.engine, &self.probe);
        let applied = catch_unwind(AssertUnwindSafe(|| {
            if let Some(probe) = probe {
                probe(&record);
            }
            engine.handle(record.input, record.now)
        }));
        applied.map_err(|panic| said(&*panic))
    }

    /// Gives a switch its rule set.
    fn attach(&mut self, record: &mut Record) -> Result<(), FoldError> {
        if let Input::Switch(switch) = &mut record.input {
            switch.ruleset = Some(match switch.ruleset.take() {
                Some(ruleset) => self.rules.settle(ruleset, &*self.reader)?,
                None => self.rules.get(switch.hash, &*self.reader)?,
            });
        }
        Ok(())
    }

    /// Builds the state anew as it is after `upto`, from the store.
    fn rebuild(&mut self, upto: Position) -> Result<(), FoldError> {
        let since = self.reader.begins_behind()?;
        self.engine = base(&*self.reader, &*self.vault, &mut self.rules, upto, since)?.0;
        while self.engine.position() < upto {
            let from = Position(self.engine.position().0 + 1);
            let records = self.reader.records(from, ((upto.0 - from.0 + 1) as usize).min(READ))?;
            if records.is_empty() {
                return Err(FoldError::OutOfOrder { expected: from.0, found: 0 });
            }
            for mut record in records {
                if self.set_aside.contains(&record.position) {
                    self.engine.pass_over();
                    continue;
                }
                self.attach(&mut record)?;
                let position = record.position.0;
                self.try_to_apply(record).map_err(|why| FoldError::Unsteady { position, why: why.to_string() })?;
            }
        }
        Ok(())
    }
}

/// Returns the engine at the newest sound checkpoint at or before `upto`, or at the beginning of the journal. Nothing is
/// decided again from before `since`.
pub(super) fn base(
    reader: &dyn Reader,
    vault: &dyn Vault,
    rules: &mut Rules,
    upto: Position,
    since: Position,
) -> Result<(Engine, Vec<String>), FoldError> {
    let (checkpoint, mut damaged) = vault.newest(upto)?;
    if let Some(checkpoint) = checkpoint {
        if checkpoint.position >= since {
            let ruleset = rules.get(checkpoint.ruleset, reader)?;
            return Ok((Engine::restore(ruleset, checkpoint.state)?, damaged));
        }
        damaged.push(format!("the checkpoint at {} lies before what can be decided again", checkpoint.position.0));
    }
    if since.0 > 0 {
        return Err(FoldError::NoBeginning(since.0));
    }
    let first = reader.versions()?.into_iter().next().ok_or(FoldError::Empty)?;
    Ok((Engine::new(rules.get(first.hash, reader)?), damaged))
}

fn glance(record: &Record) -> Glance {
    let (kind, human) = match &record.input {
        Input::Signal(_) => ("signal", None),
        Input::Fact(_) => ("fact", None),
        Input::Human(human) => ("human", Some(human.clone())),
        Input::Delivery(_) => ("delivery", None),
        Input::Tick => ("tick", None),
        Input::Switch(_) => ("switch", None),
        Input::Erase(_) => ("erase", None),
        Input::History(_) => ("history", None),
    };
    Glance { position: record.position, now: record.now, kind, human }
}

pub(super) fn said(panic: &(dyn Any + Send)) -> Str {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("the engine panicked").into()
}
