//! History into a data folder: signals and facts from before, which fill windows and fire nothing.
//!
//! It takes the store as a daemon would, so none may run on it, and writes turns as a daemon would: what was imported is in
//! the journal, known by its ids, and its windows can be filled from it again. What was overdue in the store runs first, as at
//! any start. A fact that was known before counts more than one of history, which is needed only on the way: it is told again
//! at the end. Read [`Import`]. Left out: reading files (`cli::import`), and people's actions, which are about cases.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::daemon::fold::{FoldOptions, Pace};
use crate::daemon::run::TURN;
use crate::daemon::start::{StartError, Started, start};
use crate::daemon::turn::{Arrived, Gathered};
use crate::engine::input::Input;
use crate::engine::ruleset::RuleSet;
use crate::engine::store::{RuleSources, Vault};
use crate::signal::{FactChange, Signal};
use crate::store::checkpoint::CheckpointFolder;
use crate::store::outbox::Patience;
use crate::store::sqlite::SqliteStore;
use crate::value::{Str, Value};
use crate::vocabulary::{FactNo, ThingNo};

/// What was taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Signals.
    pub signals: u64,
    /// Of these, known already by their ids.
    pub known: u64,
    /// Changes of facts.
    pub facts: u64,
}

/// A store that history goes into.
pub struct Import {
    started: Started,
    vault: Arc<dyn Vault>,
    gathered: Vec<Arrived>,
    /// What was known before of what history speaks of.
    before: BTreeMap<(ThingNo, Str, FactNo), Value>,
    imported: Imported,
}

impl Import {
    /// Takes the store of a data folder; one that is empty begins with `first`. Everything is stamped with what `clock` says.
    pub fn open(
        data: &Path,
        first: Option<(Arc<RuleSet>, RuleSources)>,
        clock: Arc<dyn Clock>,
    ) -> Result<Import, StartError> {
        let store = SqliteStore::open(data)?;
        let vault: Arc<dyn Vault> = Arc::new(CheckpointFolder::open(data)?);
        let patience = Patience::default();
        let options = FoldOptions { vault: vault.clone(), clock, pace: Pace::default(), patience, probe: None };
        let started = start(Box::new(store), first, options)?;
        let mut import =
            Import { started, vault, gathered: vec![], before: BTreeMap::new(), imported: Imported::default() };
        // What is overdue is of the present: it is decided before anything of history could change it.
        import.settle()?;
        Ok(import)
    }

    /// Returns what decides, whose vocabulary the lines are read with.
    pub fn rules(&self) -> Arc<RuleSet> {
        self.started.folder.engine().ruleset().clone()
    }

    /// Returns the present: what is stamped.
    pub fn now(&self) -> Timestamp {
        self.started.writer.now()
    }

    /// Takes a signal in.
    pub fn signal(&mut self, signal: Signal) -> Result<(), StartError> {
        self.imported.signals += 1;
        self.put(Input::History(signal))
    }

    /// Takes facts in.
    pub fn facts(&mut self, change: FactChange) -> Result<(), StartError> {
        self.imported.facts += 1;
        for (fact, _) in &change.facts {
            let engine = self.started.folder.engine();
            let place = (change.thing, change.id.clone(), *fact);
            self.before.entry(place).or_insert_with(|| engine.told(change.thing, &change.id, *fact));
        }
        self.put(Input::Fact(change))
    }

    fn put(&mut self, input: Input) -> Result<(), StartError> {
        self.gathered.push(Arrived { input, read_with: None });
        if self.gathered.len() < TURN { Ok(()) } else { self.turn() }
    }

    /// Writes what was gathered and folds it.
    fn turn(&mut self) -> Result<(), StartError> {
        let Started { writer, folder, .. } = &mut self.started;
        let inputs = std::mem::take(&mut self.gathered);
        let written = writer.write(Gathered { inputs, ..Gathered::default() })?;
        for checkpoint in written.checkpoints {
            self.vault.keep(checkpoint)?;
        }
        let folded = folder.fold(written.records)?;
        self.imported.known += folded.known;
        writer.take(folded);
        Ok(())
    }

    /// Writes and folds until nothing is left.
    fn settle(&mut self) -> Result<(), StartError> {
        while !self.gathered.is_empty() || self.started.writer.has_work() {
            self.turn()?;
        }
        Ok(())
    }

    /// Tells again what was known before, writes what is left, and keeps a checkpoint.
    pub fn end(mut self) -> Result<Imported, StartError> {
        for ((thing, id, fact), value) in std::mem::take(&mut self.before) {
            if !value.is_missing() {
                self.put(Input::Fact(FactChange { thing, id, facts: vec![(fact, value)] }))?;
            }
        }
        self.settle()?;
        if self.started.folder.has_news() {
            let checkpoint = self.started.folder.checkpoint();
            self.vault.keep(checkpoint)?;
        }
        Ok(self.imported)
    }
}
