//! `replay --journal`: the journal of a data folder decided once more, printed or compared with what was recorded.
//!
//! What comes out is a function of the inputs, the instants they were stamped with and the rule sets, all of which the data
//! folder holds: the same effects, byte for byte. Behind the cursor nothing was recorded yet, so nothing is compared there.

use std::io::Write;
use std::sync::Arc;

use crate::daemon::board::firings;
use crate::daemon::inspect::inspect;
use crate::daemon::retell::{Retelling, Told, sources_of};
use crate::daemon::rules::Rules;
use crate::engine::Step;
use crate::engine::effect::Effect;
use crate::engine::input::Input;
use crate::engine::ruleset::RuleSet;
use crate::engine::store::{Harmed, Reader, Vault};
use crate::id::{Position, RuleId};
use crate::lang::source::Sources;
use crate::replay::words;
use crate::store::checkpoint::CheckpointFolder;
use crate::store::sqlite::SqliteReader;

use super::super::ExitCode;
use super::super::screen::{BAD, GOOD, Screen, WARN, counted};
use super::super::store::progress;
use super::super::story::Story;
use super::super::{files, jsonl};
use super::{Format, Printer, Replay, Show, find_rule};

/// How many inputs' effects are read at once.
const READ: usize = 4_096;

/// Prints steps, by the rules that decided each.
struct Teller<'a> {
    replay: &'a Replay,
    reader: &'a SqliteReader,
    rules: Arc<RuleSet>,
    sources: Sources,
    only: Option<RuleId>,
    printer: Printer,
}

impl Replay {
    pub(super) fn of_journal(&self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let Some(folder) = &self.journal else { anyhow::bail!("name --playbooks and --feed, or --journal") };
        let reader = SqliteReader::open(folder)?;
        let vault = CheckpointFolder::at(folder);
        if self.recorded {
            return self.print_recorded(&reader, screen);
        }
        // Where the journal's beginning is gone, or something in it was erased, it goes on from the oldest state that is kept.
        let (begins, trimmed) = (reader.begins_behind()?, reader.ends()?.trimmed);
        let from = match begins {
            Position(0) => Position(0),
            begins => vault.positions()?.into_iter().find(|position| *position >= begins).unwrap_or_default(),
        };
        let telling = Retelling::open(reader.reader()?, &vault, from)?;
        let at = telling.position().0;
        if begins > trimmed && from >= begins {
            let say =
                format!("from a checkpoint at input {at}: what was decided before it knew something that is erased");
            screen.say(&say, WARN)?;
        } else if at > 0 {
            screen.say(&format!("from a checkpoint at input {at}: the journal before it is gone"), WARN)?;
        }
        match self.verify {
            true => verify(&files::shown(folder), &reader, telling, screen),
            false => self.print_told(&reader, telling, screen),
        }
    }

    fn print_told(
        &self,
        reader: &SqliteReader,
        mut telling: Retelling,
        screen: &mut Screen,
    ) -> anyhow::Result<ExitCode> {
        let mut teller = Teller::new(self, reader, telling.ruleset().clone(), screen)?;
        let (mut inputs, mut fired) = (0_u64, 0_u64);
        while let Some(told) = telling.tell()? {
            teller.rules_now(telling.ruleset(), screen)?;
            teller.step(&told.step, screen)?;
            inputs += 1;
            fired += told.step.firings.len() as u64;
        }
        teller.end(screen)?;
        let say = format!("{}, {}", counted(inputs, "input", "inputs"), counted(fired, "firing", "firings"));
        screen.say(&say, super::super::screen::BOLD)?;
        Ok(ExitCode::Clean)
    }

    fn print_recorded(&self, reader: &SqliteReader, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let versions = reader.versions()?;
        let mut rules = Rules::default();
        let mut teller: Option<Teller> = None;
        let mut next = Position(0);
        loop {
            let read = reader.effects(next, READ)?;
            let Some((last, _)) = read.last() else { break };
            next = Position(last.0 + 1);
            for (position, effects) in read {
                let Some(version) = versions.iter().rfind(|version| version.from <= position) else { continue };
                let set = rules.get(version.hash, reader)?;
                let teller = match &mut teller {
                    Some(teller) => teller,
                    none => none.insert(Teller::new(self, reader, set.clone(), screen)?),
                };
                teller.rules_now(&set, screen)?;
                let firings = firings(position, &effects).into_iter().cloned().collect();
                teller.step(&Step { effects, firings, ..Step::default() }, screen)?;
            }
        }
        teller.map_or(Ok(()), |teller| teller.end(screen))?;
        Ok(ExitCode::Clean)
    }
}

impl<'a> Teller<'a> {
    fn new(
        replay: &'a Replay,
        reader: &'a SqliteReader,
        rules: Arc<RuleSet>,
        screen: &Screen,
    ) -> anyhow::Result<Teller<'a>> {
        let only = replay.rule.as_deref().map(|name| find_rule(name, &rules)).transpose()?;
        let sources = sources_of(reader, rules.hash, None)?;
        let printer = printer(replay, &rules, screen);
        Ok(Teller { replay, reader, rules, sources, only, printer })
    }

    /// Another rule set decides from here on.
    fn rules_now(&mut self, rules: &Arc<RuleSet>, screen: &mut Screen) -> anyhow::Result<()> {
        if rules.hash != self.rules.hash {
            if let Printer::Story(story) = &mut self.printer {
                story.end(&mut screen.out)?;
            }
            self.rules = rules.clone();
            self.sources = sources_of(self.reader, rules.hash, None)?;
            self.printer = printer(self.replay, rules, screen);
        }
        Ok(())
    }

    fn step(&mut self, step: &Step, screen: &mut Screen) -> std::io::Result<()> {
        let only = self.only.as_ref();
        match &mut self.printer {
            Printer::Story(story) => story.step(step, only, &mut screen.out),
            Printer::Jsonl(show) => jsonl::step(step, *show, only, &self.sources, &mut screen.out),
        }
    }

    fn end(mut self, screen: &mut Screen) -> anyhow::Result<()> {
        if let Printer::Story(story) = &mut self.printer {
            story.end(&mut screen.out)?;
        }
        screen.out.flush()?;
        Ok(())
    }
}

fn printer(replay: &Replay, rules: &Arc<RuleSet>, screen: &Screen) -> Printer {
    match replay.format {
        Format::Jsonl => Printer::Jsonl(replay.show.unwrap_or(Show::Firings)),
        Format::Text => Printer::Story(Box::new(Story::new(rules.clone(), replay.show, screen.width))),
    }
}

/// Looks through all that is kept for damage, then compares what every input leads to with what was recorded; tells the first
/// difference.
fn verify(
    folder: &str,
    reader: &SqliteReader,
    mut telling: Retelling,
    screen: &mut Screen,
) -> anyhow::Result<ExitCode> {
    let harmed = inspect(reader, || true)?;
    for harmed in &harmed {
        writeln!(screen.out, "{BAD}{folder}: {harmed}{BAD:#}")?;
    }
    // What is not there cannot be compared.
    if harmed.iter().any(|harmed| !matches!(harmed, Harmed::Message(_))) {
        return Ok(ExitCode::Problems);
    }
    let (first, cursor) = (telling.position().0 + 1, reader.ends()?.cursor);
    let mut recorded = Recorded { reader, read: vec![].into(), next: Position(first), cursor };
    let bar = progress(cursor.0.saturating_sub(first - 1), screen);
    let (mut inputs, mut effects) = (0_u64, 0_u64);
    while telling.position() < cursor {
        let Some(told) = telling.tell()? else { break };
        let then = recorded.at(told.position)?;
        if let Some(how) = difference(&then, &told.step.effects) {
            bar.finish_and_clear();
            let out = &mut screen.out;
            writeln!(out, "{BAD}{folder}: input {} is decided otherwise{BAD:#}", told.position.0)?;
            writeln!(out, "  {}\n  {how}", named(&told, telling.ruleset()))?;
            return Ok(ExitCode::Problems);
        }
        bar.inc(1);
        (inputs, effects) = (inputs + 1, effects + then.len() as u64);
    }
    bar.finish_and_clear();
    let (inputs, effects) = (counted(inputs, "input", "inputs"), counted(effects, "effect", "effects"));
    writeln!(screen.out, "{GOOD}{folder}: {inputs} decided again, {effects}, the same byte for byte{GOOD:#}")?;
    Ok(if harmed.is_empty() { ExitCode::Clean } else { ExitCode::Problems })
}

/// What was recorded, read along.
struct Recorded<'a> {
    reader: &'a SqliteReader,
    read: std::collections::VecDeque<(Position, Vec<Effect>)>,
    next: Position,
    cursor: Position,
}

impl Recorded<'_> {
    /// Returns what the input at `position` asked for; positions only rise.
    fn at(&mut self, position: Position) -> anyhow::Result<Vec<Effect>> {
        if self.read.is_empty() && self.next <= self.cursor {
            self.read = self.reader.effects(self.next, READ)?.into();
            self.next = Position(self.read.back().map_or(self.cursor.0, |(last, _)| last.0) + 1);
        }
        let is_it = self.read.front().is_some_and(|(at, _)| *at == position);
        let found = if is_it { self.read.pop_front() } else { None };
        Ok(found.map(|(_, effects)| effects).unwrap_or_default())
    }
}

/// Says where two lists of effects differ; `None` where they are the same, byte for byte.
fn difference(then: &[Effect], now: &[Effect]) -> Option<String> {
    let bytes = |effect: &Effect| postcard::to_stdvec(effect).expect("an effect has no value that cannot be written");
    let place =
        (0..then.len().max(now.len())).find(|place| then.get(*place).map(bytes) != now.get(*place).map(bytes))?;
    let shown = |effect: Option<&Effect>| match effect {
        None => "nothing".to_owned(),
        Some(effect) => {
            let rule = effect.firing.as_ref().map(|firing| format!(" of {}", firing.rule)).unwrap_or_default();
            let (what, outcome) = (effect.what.word(), effect.outcome.word());
            let reason = if effect.reason.is_empty() { String::new() } else { format!(" ({})", effect.reason) };
            format!("{what} {outcome} to {}{rule}, {}{reason}", effect.to, effect.id)
        }
    };
    let (one, other) = (shown(then.get(place)), shown(now.get(place)));
    let same = if one == other { "; they differ in their content" } else { "" };
    Some(format!("effect {}: recorded {one}; decided again {other}{same}", place + 1))
}

fn named(told: &Told, rules: &RuleSet) -> String {
    let at = words::utc(told.now);
    match &told.input {
        Input::Signal(signal) => {
            let kind = &rules.vocabulary.signal_type(signal.kind).name;
            format!("{kind} {}, taken at {at}", words::signal_id(&signal.id))
        }
        Input::History(signal) => {
            let kind = &rules.vocabulary.signal_type(signal.kind).name;
            format!("{kind} {}, imported at {at}", words::signal_id(&signal.id))
        }
        Input::Fact(change) => format!("facts of {}, taken at {at}", change.id),
        Input::Human(_) => format!("what a person did, at {at}"),
        Input::Delivery(delivery) => format!("what became of {}, at {at}", delivery.effect),
        Input::Tick => format!("the clock, at {at}"),
        Input::Switch(_) => format!("another rule set, at {at}"),
        Input::Erase(_) => format!("an erasure, at {at}"),
    }
}
