//! The journal of a data folder as a recording: what came in, at the instants it was stamped with.
//!
//! Signals and facts are read under the vocabulary that was in force and handed over under the one that is asked about; cases
//! that people acted on are named by the rule and key that opened them, because each version of the playbooks opens its own.

use std::collections::HashMap;
use std::path::Path;

use anyhow::bail;

use crate::daemon::rules::Rules;
use crate::daemon::serve::has_run;
use crate::engine::effect::What;
use crate::engine::input::{Human, Input, Target};
use crate::engine::store::{Reader, Version};
use crate::id::Position;
use crate::replay::target::of_effect;
use crate::store::sqlite::SqliteReader;
use crate::trust::backtest::{Moment, Said};
use crate::value::Str;

use super::super::files;
use super::super::screen::{Screen, WARN};
use super::recorded::Listener;

/// How many inputs are read at once.
const READ: usize = 4_096;

/// A journal that can be read again and again.
pub struct Journal {
    reader: SqliteReader,
    versions: Vec<Version>,
    cases: HashMap<Str, Target>,
}

impl Journal {
    pub fn open(folder: &Path) -> anyhow::Result<Journal> {
        if !has_run(folder) {
            bail!("{} is no data folder: no daemon ever ran on it", files::shown(folder));
        }
        let reader = SqliteReader::open(folder)?;
        let versions = reader.versions()?;
        let mut journal = Journal { reader, versions, cases: HashMap::new() };
        journal.find_cases()?;
        Ok(journal)
    }

    fn version(&self, position: Position) -> Option<&Version> {
        self.versions.iter().rfind(|version| version.from <= position).or(self.versions.first())
    }

    /// Notes which case was opened by which rule for which key.
    fn find_cases(&mut self) -> anyhow::Result<()> {
        let mut rules = Rules::default();
        let mut cases = HashMap::new();
        let mut next = Position(0);
        loop {
            let read = self.reader.effects(next, READ)?;
            let Some((last, _)) = read.last() else { break };
            next = Position(last.0 + 1);
            for (position, effects) in &read {
                for effect in effects {
                    let What::OpenCase { case, .. } = &effect.what else { continue };
                    let Some(version) = self.version(*position) else { continue };
                    let set = rules.get(version.hash, &self.reader)?;
                    if let Some(target) = of_effect(effect, &set.vocabulary) {
                        cases.entry(case.clone()).or_insert(target);
                    }
                }
            }
        }
        self.cases = cases;
        Ok(())
    }

    /// Hands over everything in order; returns how many signals and facts are not in the vocabulary any more.
    pub fn each(&self, listener: Listener<'_>, screen: &mut Screen) -> anyhow::Result<u64> {
        let Listener { rules, tell, take } = listener;
        let ends = self.reader.ends()?;
        if tell && ends.trimmed.0 > 0 {
            let say = format!("the journal before input {} is gone: windows begin empty there", ends.trimmed.0 + 1);
            screen.say(&say, WARN)?;
        }
        let mut running = Rules::default();
        let (mut next, mut lost) = (Position(ends.trimmed.0 + 1), 0);
        while next <= ends.last {
            let records = self.reader.records(next, READ)?;
            let Some(last) = records.last().map(|record| record.position) else { break };
            next = Position(last.0 + 1);
            for record in records {
                let Some(version) = self.version(record.position) else { continue };
                let was = running.get(version.hash, &self.reader)?;
                let (from, to) = (&was.vocabulary, &rules.vocabulary);
                let said = match record.input {
                    Input::Signal(signal) => signal.remap(from, to).map(Said::Signal),
                    Input::History(signal) => signal.remap(from, to).map(Said::History),
                    Input::Fact(change) => change.remap(from, to).map(Said::Fact),
                    Input::Human(human) => Some(Said::Human(self.meant(human))),
                    // Time, deliveries, switches and erasures belong to the run that was.
                    Input::Tick | Input::Delivery(_) | Input::Switch(_) | Input::Erase(_) => continue,
                };
                match said {
                    Some(said) => take(Moment { at: record.now, said }),
                    None => lost += 1,
                }
            }
        }
        if tell && lost > 0 {
            screen
                .say(&format!("{lost} recorded signals or facts are not in the vocabulary any more: left out"), WARN)?;
        }
        Ok(lost)
    }

    fn meant(&self, human: Human) -> Human {
        human.about(|target| match target {
            Target::Case(case) => self.cases.get(&case).cloned().unwrap_or(Target::Case(case)),
            other => other,
        })
    }
}
