//! A journal told again: every kept input folded once more by the rule sets that decided then, one by one, for reading.
//!
//! `why --store` and `replay --journal` look at it, beside a running daemon or without one; nothing is written. It begins
//! at a checkpoint or at the journal's beginning. Inputs that were set aside are passed over, as they were then. Read
//! [`Retelling`]. Left out: folding for the daemon (`daemon::fold`), which survives what this only reports.

use std::collections::{BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jiff::Timestamp;

use crate::daemon::fold::{FoldError, base, said};
use crate::daemon::rules::{Rules, RulesError, files};
use crate::engine::input::Input;
use crate::engine::record::Record;
use crate::engine::ruleset::RuleSet;
use crate::engine::store::{Hash, Reader, StoreError, Vault};
use crate::engine::{Engine, Step, Watch};
use crate::id::{Position, RuleId};
use crate::lang::source::Sources;

/// How many records are read at once.
const READ: usize = 4_096;

/// A journal being told again.
pub struct Retelling {
    engine: Engine,
    rules: Rules,
    reader: Box<dyn Reader>,
    set_aside: BTreeSet<Position>,
    ahead: VecDeque<Record>,
    upto: Position,
}

/// One input and what it led to.
#[derive(Debug)]
pub struct Told {
    /// Where it stands.
    pub position: Position,
    /// The instant it was stamped with.
    pub now: Timestamp,
    /// The input.
    pub input: Input,
    /// What it led to; nothing where it was set aside.
    pub step: Step,
}

impl Retelling {
    /// Begins at the newest sound checkpoint at or before `from`, or at the journal's beginning, and goes on to its end as
    /// it is now.
    pub fn open(reader: Box<dyn Reader>, vault: &dyn Vault, from: Position) -> Result<Retelling, FoldError> {
        let mut rules = Rules::default();
        // For reading, a journal is told from its beginning even where something in it was erased since.
        let since = reader.ends()?.trimmed;
        let engine = match base(&*reader, vault, &mut rules, from, since) {
            // A state of another version; from the beginning it can be had all the same, where there is one.
            Err(FoldError::Restore(_)) if since.0 == 0 => base(&*reader, vault, &mut rules, Position(0), since)?.0,
            engine => engine?.0,
        };
        let set_aside = reader.set_aside()?.iter().map(|aside| aside.position).collect();
        let upto = reader.ends()?.last;
        Ok(Retelling { engine, rules, reader, set_aside, ahead: VecDeque::new(), upto })
    }

    /// Says which looks are recorded from here on.
    pub fn watch(&mut self, watch: Watch) {
        self.engine.watch(watch);
    }

    /// Returns what decides at this point.
    pub fn ruleset(&self) -> &Arc<RuleSet> {
        self.engine.ruleset()
    }

    /// Returns the latest input told.
    pub fn position(&self) -> Position {
        self.engine.position()
    }

    /// Returns where it will end.
    pub fn upto(&self) -> Position {
        self.upto
    }

    /// Tells the next input; `None` at the end.
    pub fn tell(&mut self) -> Result<Option<Told>, FoldError> {
        let next = Position(self.engine.position().0 + 1);
        if next > self.upto {
            return Ok(None);
        }
        if self.ahead.is_empty() {
            let wanted = (self.upto.0 - next.0 + 1).min(READ as u64) as usize;
            self.ahead = self.reader.records(next, wanted)?.into();
        }
        let Some(Record { position, now, mut input }) = self.ahead.pop_front() else {
            return Err(FoldError::OutOfOrder { expected: next.0, found: 0 });
        };
        if position != next {
            return Err(FoldError::OutOfOrder { expected: next.0, found: position.0 });
        }
        if self.set_aside.contains(&position) {
            self.engine.pass_over();
            return Ok(Some(Told { position, now, input, step: Step::default() }));
        }
        if let Input::Switch(switch) = &mut input {
            switch.ruleset = Some(self.rules.get(switch.hash, &*self.reader)?);
        }
        let engine = &mut self.engine;
        let handed = input.clone();
        let applied = catch_unwind(AssertUnwindSafe(|| engine.handle(handed, now)));
        match applied {
            Ok(step) => Ok(Some(Told { position, now, input, step })),
            Err(panic) => {
                let why = said(&*panic).to_string();
                Err(FoldError::Unsteady { position: position.0, why })
            }
        }
    }
}

/// Returns the files that the rules of the set with this hash were written in. `rule` may be one that was kept from the set
/// before.
pub fn sources_of(reader: &dyn Reader, hash: Hash, rule: Option<&RuleId>) -> Result<Sources, RulesError> {
    let versions = reader.versions()?;
    let mut hash = hash;
    // As long as the rule was kept, it stands in the files of the set before.
    for _ in 0..=versions.len() {
        let Some(version) = versions.iter().find(|version| version.hash == hash) else { break };
        match &version.sources.kept {
            Some((before, kept)) if rule.is_some_and(|rule| kept.contains(rule)) && *before != hash => hash = *before,
            _ => return Ok(files(&version.sources)),
        }
    }
    Err(RulesError::Unknown(crate::daemon::rules::hex(&hash)))
}

/// Looks through the journal for what `wanted` says, without deciding anything; returns where it stands.
pub fn find(reader: &dyn Reader, mut wanted: impl FnMut(&Record) -> bool) -> Result<Option<Position>, StoreError> {
    let last = reader.ends()?.last;
    let mut next = Position(1);
    while next <= last {
        let records = reader.records(next, READ)?;
        let Some(latest) = records.last().map(|record| record.position) else { break };
        if let Some(found) = records.iter().find(|record| wanted(record)) {
            return Ok(Some(found.position));
        }
        next = Position(latest.0 + 1);
    }
    Ok(None)
}
