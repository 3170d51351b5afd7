//! Playbooks changed while the daemon runs (M24): read, compiled and filled aside, then switched to between two inputs.
//!
//! [`Reloader`] does all fallible work on a thread of its own; what is left for the writer is a short rest of the journal.
//! [`watch`] notices changes, [`disk`] says what the files come to, [`report`] what was done, and [`kept`] keeps that. Left out: the switch itself
//! (`engine::reload`) and the plan it follows (`engine::plan`).

pub mod disk;
pub mod kept;
pub mod report;
pub mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::thread;
use std::time::Duration;

use crate::clock::Clock;
use crate::daemon::queue::Handle;
use crate::daemon::reload::disk::{OnDisk, Problem, Unusable, content_of, examine, gone};
use crate::daemon::reload::report::{Asked, Outcome, ReloadLog, ReloadReport};
use crate::daemon::rules::{Rules, RulesError};
use crate::daemon::turn::Switching;
use crate::engine::input::Input;
use crate::engine::plan::{ReloadPlan, RuleChange};
use crate::engine::record::Record;
use crate::engine::refill::Filling;
use crate::engine::ruleset::RuleSet;
use crate::engine::store::{Ends, Hash, Reader, StoreError};
use crate::id::{Position, RuleId};
use crate::lang::source::Sources;
use crate::value::Str;

/// How many records are read at once.
const READ: usize = 4_096;
/// Windows are filled aside until they are fewer inputs behind than this.
const NEAR: u64 = 1_000;
/// A switch that finds windows further behind than this is put off: the writer must not wait.
const TOO_FAR: u64 = 20_000;
/// Files that keep changing are waited for this often; then what is there is taken.
const PATIENCE: usize = 20;

/// Reads the files that belong to the playbooks: `Err` says why they cannot be read.
pub type Shelf = Arc<dyn Fn() -> Result<Sources, String> + Send + Sync>;

/// Somebody asks for a reload, and may wait for the report; without one nothing had to be done.
#[derive(Debug)]
pub struct Ask {
    /// Who.
    pub asked: Asked,
    /// Who waits.
    pub then: Option<SyncSender<ReloadReport>>,
}

/// The one who reloads.
pub struct Reloader {
    shelf: Shelf,
    handle: Handle,
    reader: Box<dyn Reader>,
    rules: Rules,
    running: Arc<RuleSet>,
    /// The files that what runs was made of.
    files: Vec<Str>,
    /// What the files held when they were last looked at.
    seen: Option<Hash>,
    log: Arc<ReloadLog>,
    clock: Arc<dyn Clock>,
    told_by: Arc<dyn Clock>,
    /// How long files must lie still.
    settle: Duration,
}

impl fmt::Debug for Reloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reloader").field("seen", &self.seen).finish_non_exhaustive()
    }
}

/// What a reloader stands on.
pub struct Grounds {
    /// Reads the files.
    pub shelf: Shelf,
    /// The way to the writer.
    pub handle: Handle,
    /// Reads the journal.
    pub reader: Box<dyn Reader>,
    /// What decides now.
    pub running: Arc<RuleSet>,
    /// Where reports go.
    pub log: Arc<ReloadLog>,
    /// The present of the journal: what was parked is parked by it.
    pub clock: Arc<dyn Clock>,
    /// When a report was made, for people: the machine's clock, also where a feed's is the journal's.
    pub told_by: Arc<dyn Clock>,
    /// How long files must lie still before they are taken.
    pub settle: Duration,
}

/// Why windows were not filled.
enum NotFilled {
    /// The files have changed meanwhile: it is begun again.
    Overtaken,
    Failed(String),
}

impl From<StoreError> for NotFilled {
    fn from(error: StoreError) -> NotFilled {
        NotFilled::Failed(error.to_string())
    }
}

impl From<RulesError> for NotFilled {
    fn from(error: RulesError) -> NotFilled {
        NotFilled::Failed(error.to_string())
    }
}

impl Reloader {
    /// Returns one that has not looked yet.
    pub fn new(grounds: Grounds) -> Reloader {
        let Grounds { shelf, handle, reader, running, log, clock, told_by, settle } = grounds;
        let mut rules = Rules::default();
        rules.add(running.clone());
        let versions = reader.versions().unwrap_or_default();
        let files = versions.last().map(|version| names(&version.sources)).unwrap_or_default();
        Reloader { shelf, handle, reader, rules, running, files, seen: None, log, clock, told_by, settle }
    }

    /// Does what is asked for until nobody can ask any more.
    pub fn run(mut self, asks: &Receiver<Ask>) {
        let mut waiting: Vec<Ask> = vec![];
        loop {
            if waiting.is_empty() {
                match asks.recv() {
                    Ok(ask) => waiting.push(ask),
                    Err(_) => return,
                }
            }
            waiting.extend(asks.try_iter());
            let asked = waiting.len();
            waiting.retain(|ask| ask.asked != Asked::Compare);
            if waiting.len() < asked {
                self.compare();
            }
            if waiting.is_empty() {
                continue;
            }
            // The weightiest reason is told; one report answers all who ask together.
            let asked = weightiest(&waiting);
            let overtaken = || asks.try_recv().ok();
            let (report, late) = self.reload(asked, overtaken);
            for ask in waiting.drain(..) {
                if let (Some(then), Some(report)) = (ask.then, &report) {
                    // Whoever asked may be gone.
                    let _ = then.try_send(report.clone());
                }
            }
            waiting.extend(late);
        }
    }

    /// Notes whether the files are still those that were looked at last, and does nothing about it.
    fn compare(&self) {
        let on_disk = (self.shelf)();
        let same = self.seen.is_some() && self.seen == on_disk.as_ref().ok().map(content_of);
        self.log.compared(same, self.told_by.now());
    }

    /// Looks at the files and lets them take over where they mean something new. Returns the report, and what was asked
    /// for meanwhile. A mere look at files that have not changed reports nothing.
    pub fn reload(
        &mut self,
        asked: Asked,
        mut overtaken: impl FnMut() -> Option<Ask>,
    ) -> (Option<ReloadReport>, Vec<Ask>) {
        let mut late = vec![];
        let mut patience = PATIENCE;
        loop {
            let first = (self.shelf)();
            let looks = matches!(asked, Asked::Change | Asked::Look) && late.is_empty();
            if looks && self.seen.is_some() && self.seen == first.as_ref().ok().map(content_of) {
                return (None, late);
            }
            let sources = match self.at_rest(first, asked) {
                Ok(sources) => sources,
                Err(why) => return (self.failed(asked, why), late),
            };
            let content = content_of(&sources);
            self.seen = Some(content);
            let mut meanwhile = || match patience {
                0 => false,
                _ => overtaken().is_some_and(|ask| {
                    // A mere look overtakes nothing.
                    let is_news = !matches!(ask.asked, Asked::Look | Asked::Compare);
                    late.push(ask);
                    is_news
                }),
            };
            match self.take_over(asked, &sources, &mut meanwhile) {
                Ok(report) => return (Some(self.tell(report)), late),
                Err(NotFilled::Failed(why)) => return (self.failed(asked, why), late),
                Err(NotFilled::Overtaken) => patience -= 1,
            }
        }
    }

    /// Reads files that may be half written again until they lie still.
    fn at_rest(&self, first: Result<Sources, String>, asked: Asked) -> Result<Sources, String> {
        let mut sources = first;
        for _ in 0..if asked == Asked::Start { 0 } else { PATIENCE } {
            thread::sleep(self.settle);
            let again = (self.shelf)();
            let same = match (&sources, &again) {
                (Ok(one), Ok(other)) => content_of(one) == content_of(other),
                (Err(one), Err(other)) => one == other,
                _ => false,
            };
            sources = again;
            if same {
                break;
            }
        }
        sources
    }

    fn take_over(
        &mut self,
        asked: Asked,
        sources: &Sources,
        overtaken: &mut dyn FnMut() -> bool,
    ) -> Result<ReloadReport, NotFilled> {
        let missing = gone(sources, self.files.iter().map(|file| &**file));
        if let Some(why) = missing.clone().filter(|_| asked != Asked::Start) {
            return Ok(self.report(asked, Outcome::KeptBack { why }));
        }
        let on_disk = match examine(sources, Some(&self.running)) {
            Ok(on_disk) => on_disk,
            Err(Unusable { why, problems }) => {
                return Ok(ReloadReport { problems, ..self.report(asked, Outcome::KeptBack { why }) });
            }
        };
        let OnDisk { ruleset, sources, kept_back, problems, mut warnings } = on_disk;
        if ruleset.hash == self.running.hash {
            let report = self.report(asked, Outcome::Unchanged);
            return Ok(ReloadReport { kept_back, problems, warnings, ..report });
        }
        // Who starts it anew means what is there; it is said all the same.
        let without = |message| Problem { place: "start".into(), code: "gone", message, help: String::new() };
        warnings.extend(missing.map(without));
        let plan = ReloadPlan::between(&self.running, &ruleset);
        let to_fill: Vec<RuleId> = plan.to_fill().into_iter().cloned().collect();
        let (mut filling, mut position) = (None, Position(0));
        if !to_fill.is_empty() {
            (filling, position) = self.fill(&ruleset, &to_fill, overtaken)?;
        }
        let read = position.0;
        let files = names(&sources);
        let back = self.back(&plan);
        let report = self.report(asked, Outcome::Switched { position: Position(0) });
        let now = ruleset.hash;
        let report = ReloadReport { now, plan: Some(plan), back, kept_back, problems, warnings, read, ..report };
        self.log.announce(&report, self.reader.ends()?.last);
        let Some(position) = self.switch(ruleset.clone(), sources, filling, position)? else {
            return Err(NotFilled::Overtaken);
        };
        // It decides already, whether its first version can be read or not.
        self.running = self.rules.settle(ruleset.clone(), &*self.reader).unwrap_or(ruleset);
        self.files = files;
        Ok(ReloadReport { at: self.told_by.now(), outcome: Outcome::Switched { position }, ..report })
    }

    /// Returns the rules that come back while they are parked.
    fn back(&self, plan: &ReloadPlan) -> BTreeSet<RuleId> {
        let parked = self.log.parked(self.clock.now());
        let added = plan.rules.iter().filter(|(_, change)| *change == RuleChange::Added);
        added.map(|(rule, _)| rule).filter(|rule| parked.contains(rule)).cloned().collect()
    }

    /// Fills windows from the journal until they are nearly at its end; returns how far they are.
    fn fill(
        &mut self,
        new: &Arc<RuleSet>,
        to_fill: &[RuleId],
        overtaken: &mut dyn FnMut() -> bool,
    ) -> Result<(Option<Filling>, Position), NotFilled> {
        let ends = self.reader.ends()?;
        let versions = self.reader.versions()?;
        let Some(first) = versions.iter().rev().find(|version| version.from <= ends.trimmed).or(versions.first())
        else {
            return Ok((None, ends.last));
        };
        let first = self.rules.get(first.hash, &*self.reader)?;
        let set_aside = passed_over(&*self.reader)?;
        let mut filling = Filling::begin(&first, new, &to_fill.iter().collect::<Vec<_>>());
        let mut position = ends.trimmed;
        loop {
            let records = self.reader.records(Position(position.0 + 1), READ)?;
            let Some(last) = records.last() else { break };
            position = last.position;
            for record in records {
                let record = self.attached(record)?;
                if !set_aside.contains(&record.position) {
                    feed(&mut filling, record)?;
                }
            }
            if overtaken() {
                return Err(NotFilled::Overtaken);
            }
            if self.handle.progress().ends.last.0.saturating_sub(position.0) < NEAR {
                break;
            }
        }
        Ok((Some(filling), position))
    }

    /// Gives a switch of the journal its rule set.
    fn attached(&mut self, mut record: Record) -> Result<Record, NotFilled> {
        if let Input::Switch(switch) = &mut record.input {
            switch.ruleset = Some(self.rules.get(switch.hash, &*self.reader)?);
        }
        Ok(record)
    }

    /// Hands the rule set to the writer, who has the windows filled to the very input before the switch. Returns where the
    /// switch stands; nothing where the windows were too far behind.
    fn switch(
        &self,
        ruleset: Arc<RuleSet>,
        sources: crate::engine::store::RuleSources,
        filling: Option<Filling>,
        position: Position,
    ) -> Result<Option<Position>, NotFilled> {
        let reader = self.reader.reader()?;
        let set_aside = passed_over(&*self.reader)?;
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let prepare = move |ends: Ends| {
            let fills = match filling {
                None => Ok(vec![]),
                Some(_) if ends.last.0.saturating_sub(position.0) > TOO_FAR => return None,
                Some(filling) => rest(&*reader, filling, position, ends.last, &set_aside),
            };
            match fills {
                Ok(fills) => Some(Switching { ruleset, sources, fills }),
                Err(why) => {
                    let _ = tell.try_send(why);
                    None
                }
            }
        };
        let switched = self.handle.switch_wait(Box::new(prepare));
        if let Ok(why) = told.try_recv() {
            return Err(why);
        }
        switched.map_err(|error| NotFilled::Failed(error.to_string()))
    }

    fn failed(&mut self, asked: Asked, why: String) -> Option<ReloadReport> {
        // What failed is tried again at the next look, and told once.
        let repeated = self.seen.is_none() && asked == Asked::Look;
        self.seen = None;
        let report = self.report(asked, Outcome::Failed { why });
        (!repeated).then(|| self.tell(report))
    }

    fn report(&self, asked: Asked, outcome: Outcome) -> ReloadReport {
        ReloadReport {
            number: 0,
            at: self.told_by.now(),
            asked,
            outcome,
            before: self.running.hash,
            now: self.running.hash,
            plan: None,
            back: BTreeSet::new(),
            kept_back: vec![],
            problems: vec![],
            warnings: vec![],
            read: 0,
            actions: BTreeMap::new(),
        }
    }

    fn tell(&self, report: ReloadReport) -> ReloadReport {
        let report = self.log.add(report);
        let (asked, outcome) = (report.asked.word(), report.outcome.word());
        let kept_back = report.kept_back.len();
        match &report.outcome {
            Outcome::Unchanged if kept_back == 0 => tracing::info!(asked, outcome, "the playbooks were looked at"),
            Outcome::Switched { position } if kept_back == 0 => {
                tracing::info!(asked, outcome, position = position.0, "the playbooks have changed");
            }
            _ => tracing::warn!(asked, outcome, kept_back, "not all that is on disk runs"),
        }
        report.to_string().lines().for_each(|line| tracing::info!("{line}"));
        for warning in &report.warnings {
            tracing::warn!(place = warning.place, code = warning.code, "{}", warning.message);
        }
        report
    }
}

/// Fills windows with what was written since, up to `last`.
fn rest(
    reader: &dyn Reader,
    mut filling: Filling,
    from: Position,
    last: Position,
    set_aside: &BTreeSet<Position>,
) -> Result<Vec<crate::engine::state::RuleFill>, NotFilled> {
    let mut position = from;
    while position < last {
        let wanted = (last.0 - position.0).min(READ as u64) as usize;
        let records = reader.records(Position(position.0 + 1), wanted)?;
        let Some(end) = records.last() else {
            return Err(NotFilled::Failed(format!("the journal ends at {}, and {} was written", position.0, last.0)));
        };
        position = end.position;
        for record in records {
            // Nobody else switches.
            if !set_aside.contains(&record.position) {
                feed(&mut filling, record)?;
            }
        }
    }
    Ok(filling.end())
}

/// Takes an input of the journal into windows. One on which the engine panics must not end the daemon.
fn feed(filling: &mut Filling, record: Record) -> Result<(), NotFilled> {
    let position = record.position.0;
    let fed = catch_unwind(AssertUnwindSafe(|| filling.feed(record.input, record.now)));
    fed.map_err(|_| NotFilled::Failed(format!("windows could not be filled with the input at position {position}")))
}

/// Returns the names of the files that a rule set is made of.
fn names(sources: &crate::engine::store::RuleSources) -> Vec<Str> {
    sources.files.iter().map(|(path, _)| path.clone()).collect()
}

fn passed_over(reader: &dyn Reader) -> Result<BTreeSet<Position>, StoreError> {
    Ok(reader.set_aside()?.iter().map(|aside| aside.position).collect())
}

fn weightiest(asks: &[Ask]) -> Asked {
    let order = [Asked::Request, Asked::Signal, Asked::Start, Asked::Change];
    order.into_iter().find(|asked| asks.iter().any(|ask| ask.asked == *asked)).unwrap_or(Asked::Look)
}
