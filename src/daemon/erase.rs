//! Erasure behind the engine: everything in the data folder that holds a thing's id comes to hold its alias.
//!
//! The input is in the journal and says what is wanted: whatever is cut short is done again from there. First a checkpoint is
//! waited for that knows the alias. Then what was refused is looked through, and journal, effects and outbox are rewritten in
//! one transaction, the erasure's own input with them: from here on nobody can say whose alias it is. What is left is cleaning
//! up: older checkpoints go, the views are built anew, logs are cut to nothing.
//!
//! Not reached: backups, mails written as files, feeds, and the files of playbooks and directory. Read [`Eraser::step`].

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::daemon::aside::Aside;
use crate::daemon::board::Board;
use crate::daemon::queue::Handle;
use crate::daemon::rules::{Rules, RulesError};
use crate::daemon::turn::WriteError;
use crate::daemon::views::Forget;
use crate::engine::erase::{Eraser as Of, mentions};
use crate::engine::input::{Erase, Input};
use crate::engine::record::Record;
use crate::engine::ruleset::RuleSet;
use crate::engine::store::{Erasure, ErasureStage, Harmed, Reader, Rewrite, StoreError, Vault, Version};
use crate::id::Position;
use crate::store::checkpoint::CheckpointFolder;
use crate::store::refused::RefusedStore;

/// How much is read at once.
const READ: usize = 2_000;
/// How often it is looked for something to do.
const EVERY: Duration = Duration::from_millis(100);

/// Erases what is asked for.
pub struct Eraser {
    /// The way to the writer.
    pub handle: Handle,
    /// A reader of its own.
    pub reader: Box<dyn Reader>,
    /// Where checkpoints are.
    pub vault: CheckpointFolder,
    /// Knows the cases.
    pub board: Arc<Board>,
    /// What was refused.
    pub refused: Arc<Mutex<Box<dyn RefusedStore>>>,
    /// Has the views begin anew.
    pub forget: Forget,
}

/// Why an erasure does not go on.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The writer.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A rule set that decided.
    #[error(transparent)]
    Rules(#[from] RulesError),
}

impl Eraser {
    /// Begins to erase what is asked for, and what an earlier run left.
    pub fn begin(self) -> std::io::Result<Aside> {
        Aside::begin("eraser", move |stop| self.run(stop))
    }

    fn run(self, stop: &AtomicBool) {
        let (mut seen, mut failed) = (None, false);
        while !stop.load(Ordering::SeqCst) {
            let last = self.handle.progress().ends.last;
            // Nothing new in the journal, and nothing left to do: nothing is read.
            if seen != Some(last) {
                match self.step() {
                    Ok(0) => (seen, failed) = (Some(last), false),
                    Ok(_) => failed = false,
                    Err(error) if !failed => {
                        tracing::warn!(%error, "an erasure does not go on; it is tried again");
                        failed = true;
                    }
                    Err(_) => {}
                }
            }
            thread::park_timeout(EVERY);
        }
    }

    /// Goes on with the oldest erasure as far as it can now; returns how many are not done.
    pub fn step(&self) -> Result<usize, EraseError> {
        let open: Vec<Erasure> = self.open()?;
        let Some(Erasure { position, stage }) = open.first().copied() else { return Ok(0) };
        if stage == ErasureStage::Asked {
            if !self.is_in_a_checkpoint(position)? {
                // One may wait to be kept.
                self.handle.nudge();
                return Ok(open.len());
            }
            self.rewrite(position)?;
        }
        if !self.clean(position)? {
            return Ok(open.len());
        }
        self.handle.rewrite_wait(Rewrite::stage(position, ErasureStage::Done))?;
        tracing::info!(position = position.0, "an erasure is done");
        Ok(self.open()?.len())
    }

    fn open(&self) -> Result<Vec<Erasure>, StoreError> {
        let all = self.reader.erasures()?.into_iter();
        Ok(all.filter(|erasure| erasure.stage != ErasureStage::Done).collect())
    }

    fn is_in_a_checkpoint(&self, position: Position) -> Result<bool, StoreError> {
        if self.vault.positions()?.last().is_none_or(|newest| *newest < position) {
            return Ok(false);
        }
        let (newest, _) = self.vault.newest(self.reader.ends()?.cursor)?;
        Ok(newest.is_some_and(|newest| newest.position >= position))
    }

    /// Rewrites what stands at or before the erasure at `position`.
    fn rewrite(&self, position: Position) -> Result<(), EraseError> {
        let mut rewrite = Rewrite::stage(position, ErasureStage::Rewritten);
        let found = self.reader.records(position, 1)?.into_iter().find(|record| record.position == position);
        if let Some(Record { input: Input::Erase(erase), .. }) = found {
            let mut deciders = Deciders::new(&*self.reader)?;
            self.fill(&mut rewrite, &erase, &mut deciders)?;
            self.forget_refused(&erase)?;
        }
        Ok(self.handle.rewrite_wait(rewrite)?)
    }

    fn fill(&self, rewrite: &mut Rewrite, erase: &Erase, deciders: &mut Deciders) -> Result<(), EraseError> {
        let upto = rewrite.erasure;
        let here = deciders.at(upto)?;
        let mut of = Of::new(&here, erase);
        of.know_cases(self.board.cases_about(erase.thing, &erase.alias));
        let records = self.records(upto, &erase.id)?;
        for record in &records {
            let words = of.under(&*deciders.at(record.position)?).map(|of| of.personal_words(&record.input));
            of.know(words.into_iter().flatten());
        }
        for mut record in records {
            let rules = deciders.at(record.position)?;
            if of.under(&rules).is_some_and(|of| of.input(&mut record.input)) {
                rewrite.records.push(record);
            }
        }
        self.fill_effects(rewrite, &of, &erase.id, deciders)?;
        for mut aside in self.reader.set_aside()? {
            let rules = deciders.at(aside.position)?;
            let (Some(of), Ok(mut record)) = (of.under(&rules), Record::from_bytes(&aside.bytes)) else { continue };
            if of.input(&mut record.input) {
                aside.bytes = record.to_bytes();
                rewrite.set_aside.push(aside);
            }
        }
        let mut after = None;
        loop {
            let rows = self.reader.outbox(after, None, READ)?;
            let Some(last) = rows.last() else { break };
            after = Some(last.id);
            for mut row in rows.into_iter().filter(|row| holds(&bytes(row), &erase.id)) {
                // Numbers in an effect are of the rules that decided it.
                let decided = row.effect.firing.as_ref().map(|firing| firing.ruleset);
                let rules = decided.map(|hash| deciders.of(hash)).transpose()?;
                let of = of.under(rules.as_deref().unwrap_or(&here));
                if of.is_some_and(|of| of.row(&mut row)) {
                    rewrite.rows.push(row);
                }
            }
        }
        // Whose a damaged message is, nobody can say: none is kept.
        for harmed in self.reader.harmed()? {
            let Harmed::Message(id) = harmed else { continue };
            tracing::warn!(row.id = %id, "a damaged message is given up: it may hold what is erased");
            rewrite.mended.push((id, None));
        }
        Ok(())
    }

    /// Returns the inputs up to `upto` that may have to do with `id`.
    fn records(&self, upto: Position, id: &str) -> Result<Vec<Record>, StoreError> {
        let mut found = Vec::new();
        let mut next = Position(self.reader.ends()?.trimmed.0 + 1);
        while next <= upto {
            let records = self.reader.records(next, READ)?;
            let Some(last) = records.last() else { break };
            next = Position(last.position.0 + 1);
            let may = |record: &Record| match &record.input {
                Input::Tick => false,
                // They speak of cases and addresses too.
                Input::Human(_) => true,
                Input::Delivery(delivery) => delivery.failed.is_some(),
                _ => holds(&record.to_bytes(), id),
            };
            found.extend(records.into_iter().filter(|record| record.position <= upto && may(record)));
        }
        Ok(found)
    }

    fn fill_effects(
        &self,
        rewrite: &mut Rewrite,
        of: &Of,
        id: &str,
        deciders: &mut Deciders,
    ) -> Result<(), EraseError> {
        let mut next = Position(0);
        loop {
            let read = self.reader.effects(next, READ)?;
            let Some((last, _)) = read.last() else { return Ok(()) };
            next = Position(last.0 + 1);
            for (position, mut effects) in read {
                if position > rewrite.erasure {
                    return Ok(());
                }
                if !holds(&bytes(&effects), id) {
                    continue;
                }
                let rules = deciders.at(position)?;
                let Some(of) = of.under(&rules) else { continue };
                if effects.iter_mut().fold(false, |any, effect| of.effect(effect) | any) {
                    rewrite.effects.push((position, effects));
                }
            }
        }
    }

    /// Forgets refused lines that speak of the thing: nothing was decided from them.
    fn forget_refused(&self, erase: &Erase) -> Result<(), StoreError> {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut after, mut gone) = (0, Vec::new());
        loop {
            let kept = refused.list(after, READ)?;
            let Some(last) = kept.last() else { break };
            after = last.number;
            let about = kept
                .iter()
                .filter(|kept| mentions(&kept.line.text, &erase.id) || mentions(&kept.line.reason, &erase.id));
            gone.extend(about.map(|kept| kept.number));
        }
        for number in gone {
            refused.forget(number)?;
        }
        Ok(())
    }

    /// Takes away what still holds the id although nothing needs it; tells whether all of it is gone.
    fn clean(&self, position: Position) -> Result<bool, EraseError> {
        self.vault.forget_before(position)?;
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner).cut_log()?;
        let views = self.forget.begun_anew(position);
        Ok(self.handle.cut_log_wait()? && refused && views)
    }
}

/// What decided where.
struct Deciders<'a> {
    reader: &'a dyn Reader,
    versions: Vec<Version>,
    rules: Rules,
}

impl<'a> Deciders<'a> {
    fn new(reader: &'a dyn Reader) -> Result<Deciders<'a>, StoreError> {
        Ok(Deciders { reader, versions: reader.versions()?, rules: Rules::default() })
    }

    fn at(&mut self, position: Position) -> Result<Arc<RuleSet>, RulesError> {
        let version = self.versions.iter().rfind(|version| version.from <= position);
        let hash = version.or(self.versions.first()).map(|version| version.hash);
        self.of(hash.unwrap_or_default())
    }

    fn of(&mut self, hash: crate::engine::store::Hash) -> Result<Arc<RuleSet>, RulesError> {
        self.rules.get(hash, self.reader)
    }
}

fn bytes(value: &impl serde::Serialize) -> Vec<u8> {
    postcard::to_stdvec(value).expect("what a store keeps has no value that cannot be written")
}

fn holds(bytes: &[u8], id: &str) -> bool {
    let id = id.as_bytes();
    !id.is_empty() && bytes.windows(id.len()).any(|window| window == id)
}
