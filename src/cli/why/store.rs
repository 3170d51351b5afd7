//! `why --store`: every rule that looked at a signal, from the journal of a data folder.
//!
//! The journal is told again from the newest checkpoint before the signal, by the rule sets that decided then; beside a
//! running daemon as well, for nothing is written. What that gives is compared with what was recorded.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use crate::daemon::fold::FoldError;
use crate::daemon::retell::{Retelling, Told, find, sources_of};
use crate::daemon::rules::Rules;
use crate::engine::effect::{Effect, What};
use crate::engine::input::Input;
use crate::engine::ruleset::RuleSet;
use crate::engine::store::Reader;
use crate::engine::{Taken, Watch};
use crate::id::{Position, RuleId};
use crate::ir::Rule;
use crate::replay::driver::{Cause, Turn};
use crate::replay::words;
use crate::signal::Signal;
use crate::store::checkpoint::CheckpointFolder;
use crate::store::sqlite::SqliteReader;
use crate::suggest::nearest;

use super::super::ExitCode;
use super::super::after::is_behind;
use super::super::replay::find_rule;
use super::super::screen::{BAD, BOLD, DIM, Screen, WARN};
use super::super::store::progress;
use super::made::{is_begun, is_made, made_place, maker, names_a_made_one};
use super::{Found, IDS_KEPT, Why};

/// How many recorded firings are shown where nothing else is known.
const RECORDED_SHOWN: usize = 20;

/// What each rule made of the signal.
type Findings = Vec<(Arc<Rule>, Found)>;

impl Why {
    pub(super) fn of_store(&self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let Some(folder) = &self.store else { anyhow::bail!("name --playbooks and --feed, or --store") };
        let reader = SqliteReader::open(folder)?;
        let (mut ids, mut signal, mut imported) = (vec![], None, false);
        let position = find(&reader, |record| match &record.input {
            Input::Signal(found) | Input::History(found) if self.is_it(found) => {
                signal = Some(found.clone());
                imported = matches!(record.input, Input::History(_));
                true
            }
            Input::Signal(other) | Input::History(other) => {
                if ids.len() < IDS_KEPT {
                    ids.push(other.id.id.to_string());
                }
                false
            }
            _ => false,
        })?;
        let mut made_by = None;
        let (position, signal) = match (position, signal) {
            (Some(position), Some(signal)) => (position, signal),
            _ => match self.made_in(folder, &reader, screen)? {
                Some((position, signal, by)) => {
                    made_by = by;
                    (position, signal)
                }
                None => {
                    self.not_in_the_journal(screen, &reader, &ids)?;
                    return Ok(ExitCode::Problems);
                }
            },
        };
        let told = self.tell(folder, &reader, position, (&signal, imported), screen);
        let (rules, found) = match told {
            Err(error) if matches!(error.downcast_ref(), Some(FoldError::NoBeginning(_))) => {
                self.recorded(screen, &reader, &signal)?;
                return Ok(ExitCode::Clean);
            }
            told => told?,
        };
        let empty = Found::default();
        let any = found.first().map_or(&empty, |(_, found)| found);
        let place = format!("input {}{}", position.0, if imported { ", imported" } else { "" });
        let made = Found { made_by, ..Found::default() };
        let place = if is_made(&signal.id) { made_place(&made, &place) } else { place };
        let zone = found.first().map_or(&rules.vocabulary.zone, |(rule, _)| &rule.zone);
        self.show_signal(screen, &rules, zone, &signal, any, &place)?;
        if found.is_empty() {
            let kind = &rules.vocabulary.signal_type(signal.kind).name;
            writeln!(screen.out, "{BAD}No rule looks at a `{kind}`.{BAD:#}")?;
        }
        for (number, (rule, found)) in found.iter().enumerate() {
            let sources = sources_of(&reader, rules.hash, Some(&rule.id))?;
            if number > 0 {
                writeln!(screen.out)?;
            }
            match self.rule {
                Some(_) => self.show_rule(screen, &sources, rule)?,
                None => {
                    let (line, _) = sources.line_column(rule.here.0.file, rule.here.0.start);
                    let file = &sources.file(rule.here.0.file).path;
                    writeln!(screen.out, "{BOLD}{}{BOLD:#} {DIM}{file}:{line}{DIM:#}", rule.title)?;
                }
            }
            self.answer(screen, &sources, &rules, rule, &signal, found)?;
        }
        Ok(ExitCode::Clean)
    }

    /// Finds a signal that touchline made itself: the input that led to it, the signal, and the rule that made it. It stands
    /// in no record, so that the journal is told again until it comes; where that no longer goes from the beginning, only what
    /// was recorded of cases opened and signals recorded is looked at.
    fn made_in(
        &self,
        folder: &Path,
        reader: &SqliteReader,
        screen: &mut Screen,
    ) -> anyhow::Result<Option<(Position, Signal, Option<RuleId>)>> {
        if !names_a_made_one(&self.signal) {
            return Ok(None);
        }
        let vault = CheckpointFolder::at(folder);
        let from = self.recorded_before(reader)?;
        let mut telling = match Retelling::open(reader.reader()?, &vault, from) {
            Err(FoldError::NoBeginning(_)) => return Ok(None),
            telling => telling?,
        };
        let bar = progress(telling.upto().0 - telling.position().0, screen);
        let mut found = None;
        while let (None, Some(told)) = (&found, telling.tell()?) {
            bar.inc(1);
            let made = told.step.made.iter().find(|signal| self.is_it(signal));
            let turn = Turn { cause: Cause::Input, now: told.now, step: &told.step };
            found = made.map(|signal| (told.position, Signal::clone(signal), maker(&turn, signal)));
        }
        bar.finish_and_clear();
        Ok(found)
    }

    /// Returns the position before the effect that made the signal, where one did; the beginning otherwise.
    fn recorded_before(&self, reader: &dyn Reader) -> anyhow::Result<Position> {
        let mut next = Position(0);
        loop {
            let read = reader.effects(next, 1_000)?;
            let Some((last, _)) = read.last() else { return Ok(Position(0)) };
            next = Position(last.0 + 1);
            let is_it = |effect: &Effect| {
                matches!(effect.what, What::OpenCase { .. } | What::Record { .. })
                    && is_begun(&effect.id.to_string(), &self.signal)
            };
            if let Some((position, _)) = read.iter().find(|(_, effects)| effects.iter().any(is_it)) {
                return Ok(Position(position.0.saturating_sub(1)));
            }
        }
    }

    /// Tells the journal again from before the signal to its end, and returns what decided at the signal and what each of
    /// its rules made of it.
    fn tell(
        &self,
        folder: &Path,
        reader: &SqliteReader,
        position: Position,
        (signal, imported): (&Signal, bool),
        screen: &mut Screen,
    ) -> anyhow::Result<(Arc<RuleSet>, Findings)> {
        let vault = CheckpointFolder::at(folder);
        let mut telling = Retelling::open(reader.reader()?, &vault, Position(position.0 - 1))?;
        let bar = progress(telling.upto().0 - telling.position().0, screen);
        while telling.position().0 + 1 < position.0 {
            telling.tell()?;
            bar.inc(1);
        }
        let rules = telling.ruleset().clone();
        let wanted: Vec<Arc<Rule>> = match &self.rule {
            Some(name) => rules.rule(&find_rule(name, &rules)?).cloned().into_iter().collect(),
            None => rules.rules.iter().filter(|rule| rule.signals().contains(&signal.kind)).cloned().collect(),
        };
        let known = |rule| {
            let mut found = Found { signal: Some(signal.clone()), ..Found::default() };
            found.after.of = "journal";
            found.imported = imported;
            (rule, found)
        };
        let mut found: Findings = wanted.into_iter().map(known).collect();
        telling.watch(Watch::Everything);
        while let Some(told) = telling.tell()? {
            bar.inc(1);
            self.look(&told, told.position == position, &mut found);
            if told.position == position {
                agrees(reader, &told, screen)?;
            }
        }
        bar.finish_and_clear();
        Ok((rules, found))
    }

    fn look(&self, told: &Told, is_it: bool, found: &mut [(Arc<Rule>, Found)]) {
        let cause = match &told.input {
            Input::Tick => Cause::Deadline,
            Input::Delivery(_) => Cause::Delivery,
            _ => Cause::Input,
        };
        let again = !is_it && matches!(&told.input, Input::Signal(signal) if self.is_it(signal));
        let turn = Turn { cause, now: told.now, step: &told.step };
        for (rule, found) in found {
            found.again += u64::from(again && told.step.taken != Taken::NotASignal);
            found.updates += u64::from(again && told.step.taken == Taken::Update);
            found.after.end = Some(told.now);
            self.see(&turn, rule, is_it, found);
        }
    }

    fn not_in_the_journal(&self, screen: &mut Screen, reader: &dyn Reader, ids: &[String]) -> anyhow::Result<()> {
        writeln!(screen.out, "{BAD}No signal is called `{}` in the journal.{BAD:#}", self.signal)?;
        if let Some(near) = nearest(&self.signal, ids.iter().map(String::as_str)) {
            writeln!(screen.out, "Did you mean `{near}`?")?;
        }
        let trimmed = reader.ends()?.trimmed;
        if trimmed.0 > 0 {
            let first = reader.records(Position(trimmed.0 + 1), 1)?;
            let since = first.first().map(|record| format!(", of {}", words::utc(record.now))).unwrap_or_default();
            writeln!(screen.out, "The journal begins at input {}{since}: what came before is gone.", trimmed.0 + 1)?;
        }
        if names_a_made_one(&self.signal) {
            writeln!(screen.out, "Ask about the signal that led to it: `why` names those that touchline made of one.")?;
        }
        writeln!(screen.out, "A line that was refused is kept by the daemon: `touchline refused list`.")?;
        Ok(())
    }

    /// Shows what was recorded, where the journal cannot be told again from before the signal.
    fn recorded(&self, screen: &mut Screen, reader: &dyn Reader, signal: &Signal) -> anyhow::Result<()> {
        screen.say(
            "the journal no longer reaches back to before this signal, and no checkpoint does: what was recorded is shown, \
             and not why other rules did nothing",
            WARN,
        )?;
        let (mut next, mut shown, mut rules) = (Position(0), 0, Rules::default());
        loop {
            let read = reader.effects(next, 1_000)?;
            let Some((last, _)) = read.last() else { break };
            next = Position(last.0 + 1);
            for (position, effects) in &read {
                for firing in crate::daemon::board::firings(*position, effects) {
                    if is_behind(firing, &signal.id) && shown < RECORDED_SHOWN {
                        shown += 1;
                        // Without the rules that decided, nothing tells which part of the key is personal.
                        let name = match rules.get(firing.ruleset, reader) {
                            Ok(rules) => words::for_key(&rules, &firing.rule, &firing.key),
                            Err(_) => firing.rule.rule.to_string(),
                        };
                        writeln!(screen.out, "{BOLD}{name}{BOLD:#} fired at {}", words::utc(firing.at))?;
                        for compared in &firing.compared {
                            writeln!(screen.out, "    {}", words::compared(compared))?;
                        }
                    }
                }
            }
        }
        if shown == 0 {
            writeln!(screen.out, "No firing that is kept has `{}` behind it.", self.signal)?;
        }
        Ok(())
    }
}

/// What the telling gave must be what was recorded.
fn agrees(reader: &dyn Reader, told: &Told, screen: &mut Screen) -> anyhow::Result<()> {
    if told.position > reader.ends()?.cursor {
        return Ok(());
    }
    let recorded = reader.effects(told.position, 1)?.into_iter().find(|(position, _)| *position == told.position);
    let recorded = recorded.map(|(_, effects)| effects).unwrap_or_default();
    if recorded != told.step.effects {
        let say = "what was decided then is not what comes out now: see `touchline replay --verify --journal`";
        screen.say(say, WARN)?;
    }
    Ok(())
}
