//! What a reload did, for the log, `/v1/reloads`, `touchline plan` and metrics: one value, said in one way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::daemon::fold::{FoldedTurn, Follower, Glance};
use crate::daemon::reload::disk::{KeptBack, Problem};
use crate::daemon::reload::kept::{Kept, SWITCHING, Since};
use crate::daemon::rules::hex;
use crate::engine::Engine;
use crate::engine::plan::{Aspect, ReloadPlan, RuleChange};
use crate::engine::reload::REMOVAL_GRACE;
use crate::engine::store::{Hash, StoreError, Version};
use crate::id::{Position, RuleId};
use crate::replay::words;

/// How many reports may still learn what became of actions, and the other way round.
const REMEMBERED: usize = 100;

/// Who asked for a reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The start: what is on disk may have changed while nothing ran.
    Start,
    /// A file has changed.
    Change,
    /// A look at the files at regular times.
    Look,
    /// A look at whether the files have changed, where nobody watches them; nothing is reloaded.
    Compare,
    /// SIGHUP.
    Signal,
    /// `POST /-/reload`.
    Request,
}

impl Asked {
    /// Returns it in a word.
    pub fn word(self) -> &'static str {
        match self {
            Asked::Start => "start",
            Asked::Change => "change",
            Asked::Look => "look",
            Asked::Compare => "compare",
            Asked::Signal => "signal",
            Asked::Request => "request",
        }
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What is on disk means what runs already.
    Unchanged,
    /// It took over, between the input before this position and the one behind it.
    Switched {
        /// Where the switch stands in the journal.
        position: Position,
    },
    /// Nothing of it can run; what runs goes on.
    KeptBack {
        /// Why.
        why: String,
    },
    /// The machine or the store failed; what runs goes on.
    Failed {
        /// Why.
        why: String,
    },
}

impl Outcome {
    /// Returns it in a word.
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Unchanged => "unchanged",
            Outcome::Switched { .. } => "switched",
            Outcome::KeptBack { .. } => "kept_back",
            Outcome::Failed { .. } => "failed",
        }
    }
}

/// What a reload did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReloadReport {
    /// Counted from 1 in the data folder.
    pub number: u64,
    /// When it was over.
    pub at: Timestamp,
    /// Who asked.
    pub asked: Asked,
    /// What came of it.
    pub outcome: Outcome,
    /// What ran before.
    pub before: Hash,
    /// What runs now.
    pub now: Hash,
    /// What became of each rule, where anything changed.
    pub plan: Option<ReloadPlan>,
    /// Rules of the plan that were parked and are back with their state.
    pub back: BTreeSet<RuleId>,
    /// Rules that do not compile.
    pub kept_back: Vec<KeptBack>,
    /// The errors.
    pub problems: Vec<Problem>,
    /// What the check warns of.
    pub warnings: Vec<Problem>,
    /// How many inputs of the journal windows were filled from; 0 where none had to be.
    pub read: u64,
    /// What became of actions at the switch: by rule, by what and outcome.
    pub actions: BTreeMap<RuleId, BTreeMap<(&'static str, &'static str), u64>>,
}

impl ReloadReport {
    /// Returns the report as `/v1/reloads` shows it.
    pub fn to_json(&self) -> Json {
        let (position, why) = match &self.outcome {
            Outcome::Switched { position } => (Some(position.0), None),
            Outcome::KeptBack { why } | Outcome::Failed { why } => (None, Some(why)),
            Outcome::Unchanged => (None, None),
        };
        let mut report = json!({
            "number": self.number,
            "at": words::utc(self.at),
            "asked": self.asked.word(),
            "outcome": self.outcome.word(),
            "position": position,
            "why": why,
            "before": hex(&self.before),
            "now": hex(&self.now),
            "journal_read": self.read,
        });
        let mut more = self.findings().to_json();
        for entry in more["rules"].as_array_mut().into_iter().flatten() {
            let of = self.actions.iter().find(|(rule, _)| entry["rule"] == rule.to_string());
            if let Some((_, counts)) = of {
                let counts = counts.iter();
                let actions =
                    counts.map(|((what, outcome), count)| json!({"what": what, "outcome": outcome, "count": count}));
                entry["actions"] = actions.collect();
            }
        }
        if let (Some(report), Json::Object(more)) = (report.as_object_mut(), more) {
            report.extend(more);
        }
        report
    }
}

impl fmt::Display for ReloadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Unchanged if !self.kept_back.is_empty() => {
                writeln!(f, "nothing changes: what compiles of what is on disk runs already")?;
            }
            Outcome::Unchanged => writeln!(f, "nothing changes: what is on disk is what runs")?,
            Outcome::Switched { position } => writeln!(f, "switched at position {}", position.0)?,
            Outcome::KeptBack { why } | Outcome::Failed { why } => writeln!(f, "nothing changes: {why}")?,
        }
        if let Some(plan) = &self.plan {
            write!(f, "{}", told(plan, &self.back))?;
        }
        write!(f, "{}", told_kept_back(&self.kept_back, &self.problems))
    }
}

impl ReloadReport {
    fn findings(&self) -> Findings<'_> {
        Findings {
            plan: self.plan.as_ref(),
            back: Some(&self.back),
            kept_back: &self.kept_back,
            problems: &self.problems,
            warnings: &self.warnings,
        }
    }
}

/// What changes, and what is kept back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Findings<'a> {
    /// What becomes of each rule.
    pub plan: Option<&'a ReloadPlan>,
    /// Rules that are back from being parked, where that is known.
    pub back: Option<&'a BTreeSet<RuleId>>,
    /// Rules that do not compile.
    pub kept_back: &'a [KeptBack],
    /// The errors.
    pub problems: &'a [Problem],
    /// What the check warns of.
    pub warnings: &'a [Problem],
}

impl Findings<'_> {
    /// Returns it for machines.
    pub fn to_json(&self) -> Json {
        let plan = self.plan;
        let is_back = |rule: &RuleId| self.back.is_some_and(|back| back.contains(rule));
        let rules = plan.into_iter().flat_map(|plan| &plan.rules).map(|(rule, change)| match is_back(rule) {
            true => json!({"rule": rule.to_string(), "change": "back", "means": BACK}),
            false => json!({"rule": rule.to_string(), "change": change_word(change), "means": means(change)}),
        });
        let kept_back = self.kept_back.iter().map(|kept| json!({"rule": kept.rule.to_string(), "runs": kept.runs}));
        let as_json = |problem: &Problem| json!({"place": problem.place, "code": problem.code, "message": problem.message, "help": problem.help});
        json!({
            "rules": rules.collect::<Json>(),
            "vocabulary": plan.is_some_and(|plan| plan.vocabulary),
            "directory": plan.is_some_and(|plan| plan.directory),
            "templates": plan.is_some_and(|plan| plan.templates),
            "kept_back": kept_back.collect::<Json>(),
            "problems": self.problems.iter().map(as_json).collect::<Json>(),
            "warnings": self.warnings.iter().map(as_json).collect::<Json>(),
        })
    }
}

/// What becomes of a rule that was parked.
const BACK: &str = "back within ten minutes of its going: its state, its limit and its steps go on";

/// Returns a plan for people: what changes, a line for each rule, and how many stay as they are.
pub fn told(plan: &ReloadPlan, back: &BTreeSet<RuleId>) -> String {
    let mut text = String::new();
    let parts = [("vocabulary", plan.vocabulary), ("directory", plan.directory), ("mail templates", plan.templates)];
    for (what, _) in parts.iter().filter(|(_, changes)| *changes) {
        text.push_str(&format!("{what}: changed\n"));
    }
    let mut unchanged = 0_u64;
    for (rule, change) in &plan.rules {
        match change {
            RuleChange::Unchanged => unchanged += 1,
            _ if back.contains(rule) => text.push_str(&format!("{rule}: {BACK}\n")),
            change => text.push_str(&format!("{rule}: {}\n", means(change))),
        }
    }
    let rules = if unchanged == 1 { "rule is" } else { "rules are" };
    text.push_str(&format!("{unchanged} {rules} unchanged\n"));
    text
}

/// Returns what is kept back, with the errors, for people.
pub fn told_kept_back(kept_back: &[KeptBack], problems: &[Problem]) -> String {
    let mut text = String::new();
    for kept in kept_back {
        let what = if kept.runs { "keeps its running version" } else { "does not run" };
        text.push_str(&format!("{}: kept back, does not compile; {what}\n", kept.rule));
    }
    problems.iter().for_each(|problem| text.push_str(&line_of(problem)));
    text
}

/// Returns what the check warns of, for people.
pub fn told_warnings(warnings: &[Problem]) -> String {
    warnings.iter().map(|warning| format!("warning: {}", line_of(warning))).collect()
}

fn line_of(problem: &Problem) -> String {
    let help = match problem.help.as_str() {
        "" => String::new(),
        help => format!(" ({help})"),
    };
    format!("{}: {} {}{help}\n", problem.place, problem.code, problem.message)
}

/// Returns what becomes of a rule, and of its limit and its steps where these change.
pub fn means(change: &RuleChange) -> String {
    let mut text = change.to_string();
    if let RuleChange::Changed { aspects, .. } = change {
        let has = |aspect: Aspect| aspects.contains(&aspect);
        if has(Aspect::Limit) {
            text.push_str("; its limit counts from the last firing, or from now where what it is per has changed");
        }
        if has(Aspect::Actions) {
            text.push_str("; steps that went stay, pending ones are planned again from the original start");
        }
        if has(Aspect::Guard) {
            text.push_str("; the guard holds at once");
        }
    }
    text
}

fn change_word(change: &RuleChange) -> &'static str {
    match change {
        RuleChange::Unchanged => "unchanged",
        RuleChange::Changed { .. } => "changed",
        RuleChange::Added => "added",
        RuleChange::Parked => "parked",
    }
}

/// What was reloaded, in earlier runs too, and whether what runs is what is on disk.
#[derive(Debug, Default)]
pub struct ReloadLog(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    kept: Kept,
    /// The latest of this run.
    reports: VecDeque<ReloadReport>,
    /// Switches seen by the engine before their report was written.
    actions: VecDeque<(Position, Actions)>,
    counts: BTreeMap<&'static str, u64>,
    /// The number of a report that was written down before its switch.
    announced: Option<u64>,
    out_of_step_since: Option<Timestamp>,
    /// The earlier of this and the next, over restarts.
    since: Since,
    /// Since when the files are not those that were looked at last, where nobody watches them.
    changed_since: Option<Timestamp>,
    /// Rules that were parked, and when.
    parked: Vec<(RuleId, Timestamp)>,
    kept_back: u64,
}

impl Inner {
    fn out_of_step(&self) -> Option<Timestamp> {
        self.out_of_step_since.into_iter().chain(self.changed_since).min()
    }

    fn keep_since(&mut self) {
        let since = self.out_of_step();
        self.since.keep(since);
    }
}

type Actions = BTreeMap<RuleId, BTreeMap<(&'static str, &'static str), u64>>;

/// Whether what runs is what is on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Since when it is not.
    pub out_of_step_since: Option<Timestamp>,
    /// How many rules are kept back.
    pub kept_back: u64,
    /// Reloads since the start, by outcome.
    pub counts: BTreeMap<&'static str, u64>,
}

impl ReloadLog {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Whoever panicked while looking changed nothing.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the log of a data folder, with the reports of earlier runs.
    pub fn open(data: &Path) -> ReloadLog {
        let since = Since::open(data);
        let out_of_step_since = since.at();
        ReloadLog(Mutex::new(Inner { kept: Kept::open(data), since, out_of_step_since, ..Inner::default() }))
    }

    /// Writes a report down before its switch, which will stand behind `last`: whoever ends in between still says what
    /// happened, at the next start ([`ReloadLog::settle`]).
    pub fn announce(&self, report: &ReloadReport, last: Position) {
        let mut inner = self.inner();
        let number = inner.announced.unwrap_or(inner.kept.latest() + 1);
        inner.announced = Some(number);
        let mut said = report.to_json();
        said["number"] = number.into();
        said["outcome"] = SWITCHING.into();
        said["position"] = Json::Null;
        said["behind"] = last.0.into();
        inner.kept.add(number, &said);
    }

    /// Says what came of a switch that was announced and of which nothing was said before the daemon ended. `versions` are
    /// those of the store.
    pub fn settle(&self, versions: impl FnOnce() -> Result<Vec<Version>, StoreError>) -> Result<(), StoreError> {
        let mut inner = self.inner();
        let Some((number, mut report)) = inner.kept.unsettled() else { return Ok(()) };
        let behind = report["behind"].as_u64().unwrap_or_default();
        let is_it = |version: &Version| version.from.0 > behind && report["now"] == hex(&version.hash);
        match versions()?.into_iter().find(is_it) {
            Some(version) => {
                report["outcome"] = "switched".into();
                report["position"] = version.from.0.into();
                if let Some(at) = version.at {
                    report["at"] = words::utc(at).into();
                }
            }
            None => {
                report["outcome"] = "failed".into();
                report["why"] = "the daemon ended before it took over".into();
                report["now"] = report["before"].clone();
            }
        }
        if let Some(report) = report.as_object_mut() {
            report.remove("behind");
        }
        inner.kept.add(number, &report);
        Ok(())
    }

    /// Adds a report, and gives it its number.
    pub fn add(&self, mut report: ReloadReport) -> ReloadReport {
        let mut inner = self.inner();
        report.number = inner.announced.take().unwrap_or(inner.kept.latest() + 1);
        if let Outcome::Switched { position } = report.outcome
            && let Some(place) = inner.actions.iter().position(|(at, _)| *at == position)
            && let Some((_, actions)) = inner.actions.remove(place)
        {
            report.actions = actions;
        }
        *inner.counts.entry(report.outcome.word()).or_default() += 1;
        let in_step =
            report.kept_back.is_empty() && matches!(report.outcome, Outcome::Unchanged | Outcome::Switched { .. });
        let before = inner.out_of_step();
        inner.out_of_step_since = (!in_step).then(|| before.unwrap_or(report.at));
        inner.changed_since = None;
        inner.keep_since();
        inner.kept_back = report.kept_back.len() as u64;
        if inner.reports.len() == REMEMBERED {
            inner.reports.pop_front();
        }
        inner.reports.push_back(report.clone());
        inner.kept.add(report.number, &report.to_json());
        report
    }

    /// Returns reports behind `after` as [`ReloadReport::to_json`] has them, oldest first, at most `limit`.
    pub fn after(&self, after: u64, limit: usize) -> Vec<Json> {
        self.inner().kept.after(after, limit)
    }

    /// Notes whether the files are still those that were looked at last.
    pub fn compared(&self, same: bool, now: Timestamp) {
        let mut inner = self.inner();
        inner.changed_since = (!same).then(|| inner.changed_since.unwrap_or(now));
        inner.keep_since();
    }

    /// Notes which rules are parked.
    pub fn remember(&self, engine: &Engine) {
        self.inner().parked = engine.parked().map(|(rule, since)| (rule.clone(), since)).collect();
    }

    /// Returns the rules that are parked.
    pub fn parked(&self, now: Timestamp) -> BTreeSet<RuleId> {
        let inner = self.inner();
        let parked = inner.parked.iter().filter(|(_, since)| now.duration_since(*since) < REMOVAL_GRACE);
        parked.map(|(rule, _)| rule.clone()).collect()
    }

    /// Returns whether what runs is what is on disk.
    pub fn standing(&self) -> Standing {
        let inner = self.inner();
        Standing { out_of_step_since: inner.out_of_step(), kept_back: inner.kept_back, counts: inner.counts.clone() }
    }
}

impl Follower for ReloadLog {
    fn folded(&self, engine: &Engine, inputs: &[Glance], turn: &FoldedTurn) {
        if inputs.iter().any(|input| input.kind == "switch") {
            self.remember(engine);
        }
        for switch in inputs.iter().filter(|input| input.kind == "switch") {
            let of_switch = turn.folded.effects.iter().filter(|(position, _)| *position == switch.position);
            let mut actions = Actions::new();
            for effect in of_switch.flat_map(|(_, effects)| effects) {
                let Some(firing) = &effect.firing else { continue };
                let counts = actions.entry(firing.rule.clone()).or_default();
                *counts.entry((effect.what.word(), effect.outcome.word())).or_default() += 1;
            }
            let mut inner = self.inner();
            let Inner { reports, kept, .. } = &mut *inner;
            let its_own = Outcome::Switched { position: switch.position };
            match reports.iter_mut().rfind(|report| report.outcome == its_own) {
                Some(report) => {
                    report.actions = actions;
                    kept.add(report.number, &report.to_json());
                }
                None => {
                    inner.actions.push_back((switch.position, actions));
                    if inner.actions.len() > REMEMBERED {
                        inner.actions.pop_front();
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::store::RuleSources;

    fn report(now: u8) -> ReloadReport {
        ReloadReport {
            number: 0,
            at: Timestamp::UNIX_EPOCH,
            asked: Asked::Request,
            outcome: Outcome::Switched { position: Position(0) },
            before: [1; 16],
            now: [now; 16],
            plan: None,
            back: BTreeSet::new(),
            kept_back: vec![],
            problems: vec![],
            warnings: vec![],
            read: 7,
            actions: BTreeMap::new(),
        }
    }

    fn version(from: u64, hash: u8) -> Version {
        let at = Some(Timestamp::UNIX_EPOCH);
        Version { from: Position(from), at, hash: [hash; 16], sources: RuleSources::default() }
    }

    /// What is not on disk is not known better after a restart, and is so for as long as before it.
    #[test]
    fn since_when_what_runs_is_not_on_disk_outlives_a_restart() {
        let data = std::env::temp_dir().join(format!("touchline-since-{}", std::process::id()));
        std::fs::create_dir_all(&data).unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        let told = |second, outcome| ReloadReport { at: at(second), outcome, ..report(2) };
        let broken = || Outcome::KeptBack { why: "a file is gone".into() };
        let open = || ReloadLog::open(&data);
        let since = |log: &ReloadLog| log.standing().out_of_step_since;
        assert_eq!(since(&open()), None);
        open().add(told(10, broken()));
        let log = open();
        assert_eq!(since(&log), Some(at(10)), "before anything is looked at");
        log.add(told(20, broken()));
        assert_eq!(since(&open()), Some(at(10)), "nor does another look begin it anew");
        open().add(told(30, Outcome::Unchanged));
        assert_eq!(since(&open()), None);
        // Files that changed where nobody takes them are so since then, also if they turn out to be broken at the next start.
        let log = open();
        log.compared(false, at(40));
        log.compared(false, at(50));
        let log = open();
        assert_eq!(since(&log), Some(at(40)));
        log.add(told(60, broken()));
        assert_eq!(since(&log), Some(at(40)));
        log.add(told(70, Outcome::Switched { position: Position(9) }));
        assert_eq!((since(&log), since(&open())), (None, None));
        std::fs::remove_dir_all(&data).unwrap();
    }

    /// A kill between a switch and its report, and one just before the switch.
    #[test]
    fn what_was_announced_and_never_told_is_told_at_the_next_start() {
        let data = std::env::temp_dir().join(format!("touchline-announced-{}", std::process::id()));
        std::fs::create_dir_all(&data).unwrap();
        let log = ReloadLog::open(&data);
        log.announce(&report(2), Position(40));
        assert!(log.after(0, 9).is_empty(), "nobody is told of what is under way");
        let told = log.add(ReloadReport { outcome: Outcome::Switched { position: Position(41) }, ..report(2) });
        assert_eq!((told.number, log.after(0, 9).len()), (1, 1), "one report, under the number it was announced with");
        log.announce(&report(3), Position(50));
        drop(log);

        let log = ReloadLog::open(&data);
        log.settle(|| Ok(vec![version(0, 1), version(41, 2), version(20, 3), version(52, 3)])).unwrap();
        let last = log.after(1, 9).pop().unwrap();
        assert_eq!((&last["number"], &last["outcome"], &last["position"]), (&json!(2), &json!("switched"), &json!(52)));
        assert_eq!((&last["asked"], &last["journal_read"], last.get("behind")), (&json!("request"), &json!(7), None));
        log.settle(|| panic!("nothing is left to settle")).unwrap();
        log.announce(&report(4), Position(60));
        drop(log);

        let log = ReloadLog::open(&data);
        log.settle(|| Ok(vec![version(52, 3)])).unwrap();
        let last = log.after(2, 9).pop().unwrap();
        assert_eq!((&last["number"], &last["outcome"], &last["now"]), (&json!(3), &json!("failed"), &last["before"]));
        assert_eq!(log.add(report(5)).number, 4);
        std::fs::remove_dir_all(&data).unwrap();
    }
}
