//! The shape of a store: how whoever drives the engine talks to whoever keeps journal and outbox.
//!
//! Only the shape lives in the pure half; what keeps anything on a disk lies below the daemon's line (`store`). The
//! protocol, in four sentences: **one [`Turn`] is one transaction**, with the inputs that arrived and the effects and the
//! cursor of the inputs before them, all or nothing, durable when [`Store::write`] returns. Only the holder of the latest
//! [`Epoch`] writes, and only the turn that comes next; anybody else is [`Committed::Fenced`]. Only what is committed can
//! be leased. Whoever starts takes a checkpoint at or before the cursor, folds up to the cursor and throws the effects
//! away (they are committed), then folds on to the end and keeps them.
//!
//! Read [`Turn`], [`Row`] and [`Store`] first.

use std::collections::BTreeSet;
use std::fmt;
use std::io;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::effect::Effect;
use crate::engine::input::SHADOW;
use crate::engine::record::Record;
use crate::id::{EffectId, Position, RuleId};
use crate::value::Str;

/// Which holder of the store this is: a later one fences off all earlier ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Epoch(pub u64);

/// A rule set's hash.
pub type Hash = [u8; 16];

/// What came of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// All of it is durable.
    Ok,
    /// Another holder has taken over, or this is not the turn that comes next: nothing was written.
    Fenced,
    /// Nobody knows whether it was written: compare [`Ends::turn`] before trying again.
    Unknown,
}

/// How far everything has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ends {
    /// The latest holder.
    pub epoch: Epoch,
    /// The number of the latest turn, counted from 1.
    pub turn: u64,
    /// The oldest input that is kept is the one behind this position.
    pub trimmed: Position,
    /// The latest input.
    pub last: Position,
    /// The instant it was stamped with.
    pub now: Option<Timestamp>,
    /// How far the journal was folded: every effect up to there is in the outbox.
    pub cursor: Position,
}

/// What one transaction writes. Everything may be empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turn {
    /// Its number: one more than [`Ends::turn`].
    pub number: u64,
    /// New inputs, from the position behind [`Ends::last`] on.
    pub records: Vec<Record>,
    /// Which rule sets decide from where on: one for each switch among the records, and the first of all.
    pub versions: Vec<Version>,
    /// What folding gave since the cursor.
    pub folded: Option<Folded>,
    /// What delivery did: applied in order, after the rows of `folded` were added and before it withdraws.
    pub outbox: Vec<(RowId, Change)>,
    /// Inputs that are passed over from now on.
    pub set_aside: Vec<SetAside>,
}

/// What folding a stretch of the journal gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Folded {
    /// The cursor it starts from, not included.
    pub from: Position,
    /// The cursor after it.
    pub to: Position,
    /// What each input asked for, in order; inputs without effects are left out.
    pub effects: Vec<(Position, Vec<Effect>)>,
    /// New rows of the outbox. One that is there already stays as it is: nothing goes out twice under one id.
    pub rows: Vec<Row>,
    /// Effects of which everything unsent is withdrawn.
    pub withdrawn: Vec<EffectId>,
}

/// A rule set that decides, by its sources, from an input on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The position of the switch to it; 0 for the first of all.
    pub from: Position,
    /// When that was.
    pub at: Option<Timestamp>,
    /// Its hash.
    pub hash: Hash,
    /// What it is made of: with this it can be compiled again.
    pub sources: RuleSources,
}

/// What a rule set is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSources {
    /// Playbooks, vocabulary, directory, mail templates: path and content.
    pub files: Vec<(Str, Vec<u8>)>,
    /// Rules that kept their running version because they did not compile, and the rule set they were kept from (M24).
    pub kept: Option<(Hash, Vec<RuleId>)>,
}

/// An input the engine cannot take: its fold panics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// Where it stands.
    pub position: Position,
    /// The record's bytes.
    pub bytes: Vec<u8>,
    /// What the panic said.
    pub why: Str,
}

/// An erasure that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Where its input stands.
    pub position: Position,
    /// How far it has come.
    pub stage: ErasureStage,
}

/// How far an erasure has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ErasureStage {
    /// It is in the journal; the engine hears of it there.
    Asked,
    /// Journal, effects and outbox hold the alias.
    Rewritten,
    /// So does all that is beside them.
    Done,
}

/// Rows written anew for an erasure. Each is found by its place; what is not there stays away.
#[derive(Clone, Debug, PartialEq)]
pub struct Rewrite {
    /// Which erasure.
    pub erasure: Position,
    /// How far it has come by this.
    pub stage: ErasureStage,
    /// Inputs.
    pub records: Vec<Record>,
    /// What inputs asked for.
    pub effects: Vec<(Position, Vec<Effect>)>,
    /// Rows of the outbox; where they stand by now stays ([`Row::rewritten`]).
    pub rows: Vec<Row>,
    /// Inputs that were set aside.
    pub set_aside: Vec<SetAside>,
    /// Rows of the outbox that are damaged: each is written anew, or goes where nothing stands for it. One that is sound
    /// stays as it is.
    pub mended: Vec<(RowId, Option<Row>)>,
}

impl Rewrite {
    /// Returns a note of how far an erasure has come, and nothing else.
    pub fn stage(erasure: Position, stage: ErasureStage) -> Rewrite {
        Rewrite { erasure, stage, records: vec![], effects: vec![], rows: vec![], set_aside: vec![], mended: vec![] }
    }

    /// Returns what mends one damaged row of the outbox, by another or by nothing; of no erasure.
    pub fn mend(id: RowId, row: Option<Row>) -> Rewrite {
        Rewrite { mended: vec![(id, row)], ..Rewrite::stage(Position(0), ErasureStage::Asked) }
    }
}

/// Something that is kept and is not what was written: everything else goes on without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Harmed {
    /// A message of the outbox: it is not sent.
    Message(RowId),
    /// An input of the journal: nothing is decided from it again.
    Input(Position),
    /// What an input asked for.
    Effects(Position),
}

impl fmt::Display for Harmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Harmed::Message(id) => write!(f, "message {id} of the outbox is not what was written"),
            Harmed::Input(position) => write!(f, "input {} of the journal is not what was written", position.0),
            Harmed::Effects(position) => write!(f, "what input {} asked for is not what was written", position.0),
        }
    }
}

/// How far all that is kept was looked through for damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inspected {
    /// The journal, up to a position.
    Journal(u64),
    /// What inputs asked for, up to that of a position.
    Effects(u64),
    /// The outbox, up to a place of the store's own.
    Outbox(u64),
}

/// One row of the outbox: one effect for one recipient, so that one failing address holds up no other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Which.
    pub id: RowId,
    /// How it goes out.
    pub kind: Kind,
    /// The address, or the endpoint. Empty where nobody is known: an alert to a role by name without a directory.
    pub to: Str,
    /// The case it belongs to: the steps of one case are one thread.
    pub thread: Option<Str>,
    /// Where it stands.
    pub state: RowState,
    /// How many tries were begun.
    pub attempt: u32,
    /// Not before this.
    pub not_before: Timestamp,
    /// Not after this: then it is a dead letter.
    pub give_up: Timestamp,
    /// It is to be withdrawn as soon as the try at hand is over without success.
    pub withdrawn: bool,
    /// What the latest try said, or why it ended; empty at first.
    pub why: Str,
    /// What is to be sent.
    pub effect: Effect,
}

/// A row's name: the effect, and which of its recipients, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RowId {
    /// The effect.
    pub effect: EffectId,
    /// Which of its recipients.
    pub recipient: u32,
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.effect, self.recipient)
    }
}

/// How something goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// By mail.
    Mail,
    /// By a signed webhook.
    Webhook,
}

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RowState {
    /// Nobody holds it.
    Waiting,
    /// Somebody holds it up to an instant.
    Leased {
        /// Up to when nobody else may take it.
        until: Timestamp,
    },
    /// It went.
    Sent,
    /// It will not go by itself: refused for good, or given up. It can be sent again by hand.
    Dead,
    /// It was withdrawn before it went.
    Withdrawn,
    /// It was decided in shadow: it is recorded, and never goes.
    Silenced,
}

impl RowState {
    /// Tells whether nothing more happens by itself.
    pub fn is_final(self) -> bool {
        !matches!(self, RowState::Waiting | RowState::Leased { .. })
    }
}

/// What delivery does to a row. `attempt` is that of the lease: whoever lost it to another changes nothing, except that
/// what went, went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// Takes it, for another try.
    Lease {
        /// Nobody else may take it before this.
        until: Timestamp,
    },
    /// The try failed; another one later.
    Retry {
        /// The lease's attempt.
        attempt: u32,
        /// Not before this.
        not_before: Timestamp,
        /// What went wrong.
        why: Str,
    },
    /// It went.
    Sent {
        /// The lease's attempt.
        attempt: u32,
    },
    /// It is refused for good, or given up.
    Dead {
        /// The lease's attempt.
        attempt: u32,
        /// Why.
        why: Str,
    },
    /// A person sends a dead letter again.
    Again {
        /// Not before this.
        not_before: Timestamp,
        /// Not after this.
        give_up: Timestamp,
    },
}

impl Row {
    /// Tells whether somebody may take it at `now`.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.due().is_some_and(|due| due <= now)
    }

    /// Returns when somebody may take it: `None` once it is final.
    pub fn due(&self) -> Option<Timestamp> {
        match self.state {
            RowState::Waiting => Some(self.not_before),
            RowState::Leased { until } => Some(until),
            RowState::Sent | RowState::Dead | RowState::Withdrawn | RowState::Silenced => None,
        }
    }

    /// Applies a change and tells whether it was any: a lease that was lost changes nothing.
    pub fn apply(&mut self, change: &Change) -> bool {
        let holds = |attempt: u32| attempt == self.attempt && matches!(self.state, RowState::Leased { .. });
        match change {
            Change::Lease { until } if !self.state.is_final() => {
                self.state = RowState::Leased { until: *until };
                self.attempt += 1;
            }
            Change::Retry { attempt, not_before, why } if holds(*attempt) => {
                self.state = if self.withdrawn { RowState::Withdrawn } else { RowState::Waiting };
                self.not_before = *not_before;
                self.why = why.clone();
            }
            Change::Sent { attempt }
                if *attempt <= self.attempt && !matches!(self.state, RowState::Sent | RowState::Silenced) =>
            {
                self.state = RowState::Sent;
                self.why = "".into();
            }
            Change::Dead { attempt, why } if holds(*attempt) => {
                self.state = if self.withdrawn { RowState::Withdrawn } else { RowState::Dead };
                self.why = why.clone();
            }
            Change::Again { not_before, give_up } if self.state == RowState::Dead => {
                self.state = RowState::Waiting;
                (self.not_before, self.give_up) = (*not_before, *give_up);
            }
            _ => return false,
        }
        true
    }

    /// Takes over what an erasure made of this row, which may have gone on meanwhile; tells that it changed.
    pub fn rewritten(&mut self, erased: &Row) -> bool {
        self.effect = erased.effect.clone();
        self.to = erased.to.clone();
        self.why = erased.why.clone();
        if erased.withdrawn || erased.state == RowState::Withdrawn {
            self.erased();
        }
        true
    }

    /// Sees to it that what was erased never goes: what has not gone is withdrawn, a dead letter included.
    pub fn erased(&mut self) {
        match self.state {
            RowState::Sent | RowState::Withdrawn | RowState::Silenced => {}
            RowState::Dead => self.state = RowState::Withdrawn,
            RowState::Waiting | RowState::Leased { .. } => drop(self.withdraw()),
        }
    }

    /// Sees to it that what was decided in shadow never goes.
    pub fn silence(&mut self) {
        (self.state, self.why) = (RowState::Silenced, SHADOW.into());
    }

    /// Withdraws what is unsent; what somebody is trying to send right now is withdrawn if that fails. Tells whether
    /// anything changed.
    pub fn withdraw(&mut self) -> bool {
        match self.state {
            RowState::Waiting => self.state = RowState::Withdrawn,
            RowState::Leased { .. } if !self.withdrawn => self.withdrawn = true,
            _ => return false,
        }
        true
    }
}

/// Why a store could not do it. The message says what to do where there is something to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// What is kept is not what was written.
    #[error("{what} is damaged: {how}. Nothing was decided from it. {remedy}")]
    Damaged {
        /// Which part, or which file.
        what: String,
        /// How that is known.
        how: String,
        /// What to do.
        remedy: String,
    },
    /// Somebody else holds it.
    #[error(
        "{0} is in use: another touchline is running on it. Stop that one first, or name another folder with --data"
    )]
    InUse(String),
    /// Written by a later version.
    #[error(
        "{what} has format {found}, this version reads formats up to {known}: start a later version of touchline on it"
    )]
    TooNew {
        /// What.
        what: String,
        /// Its format.
        found: u32,
        /// The latest known.
        known: u32,
    },
    /// The machine failed: disk full, no permission, no such folder. Nothing was written.
    #[error("{0}")]
    Failed(String),
    /// This handle is of no more use: its process died, in a test or in the simulation.
    #[error("the store has crashed")]
    Crashed,
}

/// Reading. Every thread that reads has a reader of its own ([`Reader::reader`]); none waits for the writer.
pub trait Reader: fmt::Debug + Send {
    /// Returns another reader of the same store.
    fn reader(&self) -> Result<Box<dyn Reader>, StoreError>;

    /// Returns how far everything has come.
    fn ends(&self) -> Result<Ends, StoreError>;

    /// Returns records from `from` on, in order, at most `limit`; a switch has its hash and not its rule set.
    fn records(&self, from: Position, limit: usize) -> Result<Vec<Record>, StoreError>;

    /// Returns what inputs from `from` on asked for, in order, of at most `limit` inputs that asked for anything.
    fn effects(&self, from: Position, limit: usize) -> Result<Vec<(Position, Vec<Effect>)>, StoreError>;

    /// Returns every rule set that decided, in order.
    fn versions(&self) -> Result<Vec<Version>, StoreError>;

    /// Returns every input that was set aside, in order.
    fn set_aside(&self) -> Result<Vec<SetAside>, StoreError>;

    /// Returns every erasure that was asked for, in order.
    fn erasures(&self) -> Result<Vec<Erasure>, StoreError>;

    /// Returns the position behind which the journal can be decided again: what came before was forgotten, or was decided
    /// with something that has been erased since.
    fn begins_behind(&self) -> Result<Position, StoreError> {
        let erased = self.erasures()?.into_iter().filter(|erasure| erasure.stage > ErasureStage::Asked);
        let erased = erased.map(|erasure| erasure.position).max().unwrap_or_default();
        Ok(erased.max(self.ends()?.trimmed))
    }

    /// Returns rows that somebody may take at `now`, those that are due longest first, at most `limit`; of one kind where
    /// it is named.
    fn due(&self, now: Timestamp, kind: Option<Kind>, limit: usize) -> Result<Vec<Row>, StoreError>;

    /// Returns rows of `kind` that somebody may take at `now`, at most `most.0` for one recipient and none for those in
    /// `except`: those of the recipients that have waited longest, about `most.1`. It costs what it returns, however many
    /// wait for one recipient.
    fn due_for_each(
        &self,
        now: Timestamp,
        kind: Kind,
        except: &BTreeSet<Str>,
        most: (usize, usize),
    ) -> Result<Vec<Row>, StoreError>;

    /// Returns how many rows stand so (by discriminant: the instant of a lease does not matter).
    fn count(&self, state: RowState) -> Result<u64, StoreError>;

    /// Returns when the oldest row that waits, or is being sent, was decided.
    fn oldest_waiting(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Returns when the next row may be taken.
    fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Returns every row of an effect, in order.
    fn rows(&self, effect: EffectId) -> Result<Vec<Row>, StoreError>;

    /// Returns rows behind `after` in order of id, those of one state where it is named (by its discriminant: the instant
    /// of a lease does not matter), at most `limit`.
    fn outbox(&self, after: Option<RowId>, state: Option<RowState>, limit: usize) -> Result<Vec<Row>, StoreError>;

    /// Returns what was found damaged so far and still is. A damaged message is left out of every answer above: it is not
    /// sent, and holds up no other.
    fn harmed(&self) -> Result<Vec<Harmed>, StoreError> {
        Ok(vec![])
    }

    /// Compares about `limit` of what is kept behind `from` with what was written; returns how far that came, `None` at the
    /// end. What is damaged is among [`Reader::harmed`] from here on.
    fn inspect(&self, from: Inspected, limit: usize) -> Result<Option<Inspected>, StoreError> {
        let _ = (from, limit);
        Ok(None)
    }
}

/// Writing: one holder at a time.
pub trait Store: Reader {
    /// Takes the store over: fences off every holder before. Durable when this returns.
    fn acquire(&mut self) -> Result<Epoch, StoreError>;

    /// Writes a turn, all or nothing. Durable when this returns [`Committed::Ok`].
    ///
    /// Fenced where `epoch` is not the latest, the turn's number is not the next, its records do not follow the latest
    /// one, or `folded` does not start from the cursor.
    fn write(&mut self, epoch: Epoch, turn: &Turn) -> Result<Committed, StoreError>;

    /// Forgets inputs up to and including `upto` with their effects, and final rows of effects decided before `before`, at
    /// most `limit` of each. Returns how many went. Never forgets anything behind the cursor.
    fn trim(&mut self, epoch: Epoch, upto: Position, before: Timestamp, limit: usize) -> Result<usize, StoreError>;

    /// Writes rows anew where they stand, and how far an erasure has come, all or nothing. Tells whether it was done; where
    /// it was not, or nobody knows, the same may be written again.
    fn rewrite(&mut self, epoch: Epoch, rewrite: &Rewrite) -> Result<bool, StoreError>;

    /// Sees to it that nothing is left in a log of what rows held before; tells whether that could be done now.
    fn cut_log(&mut self) -> Result<bool, StoreError>;
}

/// A whole state of the engine at one position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The latest input in it.
    pub position: Position,
    /// The rule set that decided last.
    pub ruleset: Hash,
    /// `Engine::save`.
    pub state: Vec<u8>,
}

/// A checkpoint as its vault has it: its state is read piece by piece, because a whole one in memory, beside the state that is
/// made of it, would be too much.
pub struct Saved {
    /// The latest input in it.
    pub position: Position,
    /// The rule set that decided last.
    pub ruleset: Hash,
    /// What `Engine::save` gave; whole and sound.
    pub state: Box<dyn io::Read + Send>,
}

impl fmt::Debug for Saved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Saved").field("position", &self.position).finish_non_exhaustive()
    }
}

/// A checkpoint that was written and is not kept yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The latest input in it.
    pub position: Position,
    /// The checkpoint itself, where its vault has no better place for it; or why it could not be written.
    pub body: Result<Option<Checkpoint>, StoreError>,
}

/// Writes a state out, piece by piece.
pub type WriteState<'a> = &'a mut dyn FnMut(&mut dyn io::Write) -> io::Result<()>;

/// Where checkpoints are kept: beside the store, never in it.
pub trait Vault: fmt::Debug + Send + Sync {
    /// Writes a checkpoint aside, piece by piece: a whole one in memory, beside the state it is made of, would be too much.
    /// It counts for nothing before it is kept.
    fn draft(&self, position: Position, ruleset: Hash, state: WriteState) -> Draft;

    /// Keeps a checkpoint that was written, and the one before it. Durable when this returns. Only what is at or before the
    /// committed cursor may be kept.
    fn keep(&self, draft: Draft) -> Result<(), StoreError>;

    /// Writes a checkpoint and keeps it.
    fn put(&self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let Checkpoint { position, ruleset, state } = checkpoint;
        self.keep(self.draft(*position, *ruleset, &mut |to| to.write_all(state)))
    }

    /// Returns the newest sound checkpoint at or before `upto`, with a word on every newer one that is damaged.
    fn newest(&self, upto: Position) -> Result<(Option<Saved>, Vec<String>), StoreError>;

    /// Returns the positions of what is kept, sound or not, oldest first: the journal behind the oldest is still needed,
    /// and one beyond the journal's end means that the journal has lost its end.
    fn positions(&self) -> Result<Vec<Position>, StoreError>;
}
