//! What is shown of a backtest: plain values, whoever prints them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::engine::ruleset::RuleSet;
use crate::id::RuleId;
use crate::replay::words;
use crate::value::Str;

use super::answers::How;
use super::compare::{Pair, Sides, pairs};
use super::counts::{Reached, histogram, reached, role, sent};
use super::examples;
use super::player::{Asked, Decision, Declined, Kind, Played, Player};

/// How many examples of each kind are told of a rule.
pub const EXAMPLES: usize = 3;
/// How many customers are named.
const CUSTOMERS: usize = 5;

/// Everything that is shown.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version that was.
    pub old: String,
    /// The version that is to be.
    pub new: String,
    /// What was recorded.
    pub recorded: Recorded,
    /// What the change means, rule by rule: playbook/rule and its sentences.
    pub meaning: Vec<(String, Vec<String>)>,
    /// What differs around the rules: vocabulary, calendars, directory, templates.
    pub around: Vec<String>,
    /// Rules of which anything differs, ordered by id.
    pub rules: Vec<RuleReport>,
    /// How many rules decide the same.
    pub same: u64,
    /// Alerts by role, ordered by name.
    pub roles: Vec<RoleReport>,
    /// Every day from the first with an alert to the last, with the alerts of all roles.
    pub days: Vec<Day>,
    /// Mails to customers.
    pub customers: Customers,
    /// How ladders were answered.
    pub ladders: Ladders,
    /// Whether a budget is exceeded.
    pub exceeded: bool,
}

/// What was recorded.
#[derive(Clone, Debug, Serialize)]
pub struct Recorded {
    /// Signals.
    pub signals: u64,
    /// Facts and people's actions.
    pub others: u64,
    /// Lines that could not be read or were held out.
    pub refused: u64,
    /// The first instant, in local time.
    pub from: String,
    /// The last.
    pub to: String,
    /// From when on decisions are counted, where that is not the beginning.
    pub since: Option<String>,
    /// Where it was stopped, or to when time ran on.
    pub until: Option<String>,
    /// The zone of these times.
    pub zone: String,
}

impl Recorded {
    /// Says what was played: `, counted since …, played until …`, each behind a comma.
    pub fn limits(&self) -> String {
        let told = |word: &str, at: &Option<String>| at.as_ref().map(|at| format!(", {word} {at}")).unwrap_or_default();
        format!("{}{}", told("counted since", &self.since), told("played until", &self.until))
    }
}

/// A number before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Two {
    /// Before.
    pub old: u64,
    /// After.
    pub new: u64,
}

/// A rule.
#[derive(Clone, Debug, Serialize)]
pub struct RuleReport {
    /// Playbook and rule.
    pub rule: String,
    /// Its title.
    pub title: String,
    /// How often it fired.
    pub fired: Two,
    /// Decisions that only the new version makes.
    pub added: u64,
    /// Decisions that only the old version made.
    pub gone: u64,
    /// Decisions made at another time.
    pub moved: u64,
    /// Decisions of which something else comes.
    pub otherwise: u64,
    /// Alerts sent.
    pub alerts: Two,
    /// Mails sent.
    pub mails: Two,
    /// Cases opened.
    pub cases: Two,
    /// The first of each kind.
    pub examples: Vec<Example>,
}

/// What became of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// Only the new version decides it.
    New,
    /// Only the old version did.
    Gone,
    /// At another time.
    Moved,
    /// Something else comes of it.
    Otherwise,
}

impl Fate {
    /// Returns it in a word.
    pub fn word(self) -> &'static str {
        match self {
            Fate::New => "new",
            Fate::Gone => "gone",
            Fate::Moved => "moved",
            Fate::Otherwise => "otherwise",
        }
    }
}

/// One decision with its why.
#[derive(Clone, Debug, Serialize)]
pub struct Example {
    /// What became of it.
    pub fate: Fate,
    /// When, in local time.
    pub at: String,
    /// When it was, where it moved.
    pub was: Option<String>,
    /// Its key: `C1 and delivery`.
    pub key: String,
    /// Why it fires, or fired.
    pub why: Vec<String>,
    /// What comes of it, or came.
    pub led_to: Vec<String>,
    /// What came of it in the old version, where that differs.
    pub led_to_before: Vec<String>,
    /// Why the other version does not decide it.
    pub otherwise: Option<String>,
}

/// Alerts to one role at one place.
#[derive(Clone, Debug, Serialize)]
pub struct RoleReport {
    /// `team_lead of S7`.
    pub to: String,
    /// Alerts.
    pub alerts: Two,
    /// The most on one day.
    pub most: Two,
    /// How many a day are wanted at most.
    pub budget: Option<u32>,
    /// Days on which the new version sends more.
    pub over: Vec<Day>,
    /// Every day with alerts.
    pub days: Vec<Day>,
}

/// A day and its alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Day {
    /// The day.
    pub day: String,
    /// Alerts.
    #[serde(flatten)]
    pub alerts: Two,
}

/// Mails to customers.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Customers {
    /// All mails.
    pub mails: Two,
    /// How many customers got any.
    pub reached: Two,
    /// The most that one got.
    pub most: Two,
    /// How many get more than before.
    pub more: u64,
    /// How many get fewer.
    pub fewer: u64,
    /// So many mails, so many customers before and after.
    pub histogram: Vec<(u64, u64, u64)>,
    /// Those for whom most changes.
    pub changed: Vec<(String, Two)>,
}

/// How ladders of the new version were answered.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Ladders {
    /// As they were live, at that instant.
    pub live: u64,
    /// As long after their start as live.
    pub as_long: u64,
    /// They ran live, and nobody answered.
    pub climbed_live: u64,
    /// They did not run live, and were answered after the assumed time.
    pub assumed: u64,
    /// They did not run live, and nobody answers.
    pub unanswered: u64,
    /// The assumed time in words.
    pub assume: Option<String>,
}

/// What a report is made of.
pub struct Material<'a> {
    /// Names of both versions.
    pub names: (String, String),
    /// The rules of both.
    pub rules: (Arc<RuleSet>, Arc<RuleSet>),
    /// What both decided.
    pub played: (&'a Played, &'a Played),
    /// Why the old version did not decide what the new one does, by place among the decisions of the new one.
    pub declined: &'a HashMap<usize, Declined>,
    /// What the change means.
    pub meaning: Vec<(RuleId, Vec<String>)>,
    /// What differs around the rules.
    pub around: Vec<String>,
    /// From when on it is counted.
    pub since: Option<Timestamp>,
    /// Where it is stopped, or to when time runs on.
    pub until: Option<Timestamp>,
    /// The time that is assumed.
    pub assume: Option<SignedDuration>,
    /// Lines that could not be read.
    pub refused: u64,
}

/// Returns the player that says why the old version did not decide what the new one does.
pub fn asker<'a>(old: Arc<RuleSet>, new: &Played) -> Player<'a> {
    Player::ask_about(old, Asked::of(&new.decisions))
}

/// Makes the report.
pub fn report(of: Material) -> Report {
    let zone = zone(&of.rules.1);
    let (old, new) = (of.played.0, of.played.1);
    let span = old.span.or(new.span);
    let instant = |at: Timestamp| words::instant(at, &zone);
    let recorded = Recorded {
        signals: new.signals.max(old.signals),
        others: new.others.max(old.others),
        refused: of.refused,
        from: span.map(|(first, _)| instant(first)).unwrap_or_default(),
        to: span.map(|(_, last)| instant(last)).unwrap_or_default(),
        since: of.since.filter(|since| span.is_some_and(|(first, _)| *since > first)).map(instant),
        until: of.until.map(instant),
        zone: zone.iana_name().unwrap_or("UTC").to_owned(),
    };
    let (before, after) =
        (reached(&old.decisions, &of.rules.0, of.since), reached(&new.decisions, &of.rules.1, of.since));
    let (rules, same) = rules(&of);
    let (roles, days) = (roles(&before, &after, &of.rules.1), days(&before, &after));
    let exceeded = roles.iter().any(|role| !role.over.is_empty());
    let answered = |how: How| new.answered.get(&how).copied().unwrap_or(0);
    let ladders = Ladders {
        live: answered(How::Live),
        as_long: answered(How::AsLong),
        climbed_live: answered(How::ClimbedLive),
        assumed: answered(How::Assumed),
        unanswered: answered(How::Unanswered),
        assume: of.assume.map(words::length),
    };
    let meaning = of.meaning.iter().map(|(rule, said)| (rule.to_string(), said.clone())).collect();
    let customers = customers(&before, &after);
    let ((old, new), around) = (of.names, of.around);
    Report { old, new, recorded, meaning, around, rules, same, roles, days, customers, ladders, exceeded }
}

/// Returns the zone that times of no rule are told in.
pub(super) fn zone(rules: &RuleSet) -> TimeZone {
    rules.rules.first().map_or(rules.vocabulary.zone.clone(), |rule| rule.zone.clone())
}

fn rules(of: &Material) -> (Vec<RuleReport>, u64) {
    let (old, new) = (of.played.0, of.played.1);
    let sides =
        Sides { old: &old.decisions, new: &new.decisions, old_declined: &new.declined, new_declined: of.declined };
    let mut all = pairs(sides, of.since);
    for rules in [&of.rules.0, &of.rules.1] {
        for rule in &rules.rules {
            all.entry(rule.id.clone()).or_default();
        }
    }
    let mut told = vec![];
    let mut same = 0;
    for (rule, pairs) in all {
        let report = of_rule(of, &rule, &pairs);
        let changed = report.added + report.gone + report.moved + report.otherwise;
        if changed == 0 && report.fired.old == report.fired.new { same += 1 } else { told.push(report) }
    }
    (told, same)
}

fn of_rule(of: &Material, rule: &RuleId, pairs: &[Pair]) -> RuleReport {
    let (old, new) = (&of.played.0.decisions, &of.played.1.decisions);
    let is_in = |at: Timestamp| of.since.is_none_or(|since| at >= since);
    let own = |decisions: &[Decision], kind: Kind| {
        let own = decisions.iter().filter(|decision| decision.firing.rule == *rule);
        own.flat_map(|decision| sent(decision, of.since)).filter(|came| came.kind == kind).count() as u64
    };
    let fired = |decisions: &[Decision]| {
        let own = decisions.iter().filter(|decision| decision.firing.rule == *rule);
        own.filter(|decision| is_in(decision.firing.at)).count() as u64
    };
    let two = |count: &dyn Fn(&[Decision]) -> u64| Two { old: count(old), new: count(new) };
    let count = |is: fn(&Pair) -> bool| pairs.iter().filter(|pair| is(pair)).count() as u64;
    let title = of.rules.1.rule(rule).or_else(|| of.rules.0.rule(rule)).map(|rule| rule.title.to_string());
    let mut examples = vec![];
    let mut told: BTreeMap<Fate, usize> = BTreeMap::new();
    for pair in pairs {
        let Some(example) = examples::example(of, rule, *pair) else { continue };
        let count = told.entry(example.fate).or_default();
        *count += 1;
        if *count <= EXAMPLES {
            examples.push(example);
        }
    }
    examples.sort_by_key(|example| example.fate);
    RuleReport {
        rule: rule.to_string(),
        title: title.unwrap_or_default(),
        fired: two(&fired),
        added: count(|pair| matches!(pair, Pair::New(_))),
        gone: count(|pair| matches!(pair, Pair::Gone(_))),
        moved: count(|pair| matches!(pair, Pair::Moved(..))),
        otherwise: count(|pair| matches!(pair, Pair::Otherwise(..))),
        alerts: two(&|decisions| own(decisions, Kind::Alert)),
        mails: two(&|decisions| own(decisions, Kind::Mail)),
        cases: two(&|decisions| own(decisions, Kind::Case)),
        examples,
    }
}

fn roles(before: &Reached, after: &Reached, rules: &RuleSet) -> Vec<RoleReport> {
    let all: BTreeSet<&Str> = before.alerts.keys().chain(after.alerts.keys()).collect();
    let none = BTreeMap::new();
    let told = all.into_iter().map(|to| {
        let days = |reached: &'_ Reached| reached.alerts.get(to).cloned().unwrap_or_else(|| none.clone());
        let (old, new): (BTreeMap<Date, u64>, BTreeMap<Date, u64>) = (days(before), days(after));
        let budget = rules.directory.budgets.get(role(to)).copied();
        let on = |days: &BTreeMap<Date, u64>, day: &Date| days.get(day).copied().unwrap_or(0);
        let all: BTreeSet<&Date> = old.keys().chain(new.keys()).collect();
        let days = all
            .into_iter()
            .map(|day| Day { day: day.to_string(), alerts: Two { old: on(&old, day), new: on(&new, day) } });
        let days: Vec<Day> = days.collect();
        let over = days.iter().filter(|day| budget.is_some_and(|budget| day.alerts.new > u64::from(budget)));
        RoleReport {
            to: to.to_string(),
            alerts: Two { old: old.values().sum(), new: new.values().sum() },
            most: Two { old: old.values().copied().max().unwrap_or(0), new: new.values().copied().max().unwrap_or(0) },
            budget,
            over: over.cloned().collect(),
            days,
        }
    });
    told.collect()
}

fn days(before: &Reached, after: &Reached) -> Vec<Day> {
    let total = |reached: &Reached| {
        let mut days: BTreeMap<Date, u64> = BTreeMap::new();
        for (day, count) in reached.alerts.values().flatten() {
            *days.entry(*day).or_default() += count;
        }
        days
    };
    let (old, new) = (total(before), total(after));
    let (Some(first), Some(last)) = (old.keys().chain(new.keys()).min(), old.keys().chain(new.keys()).max()) else {
        return vec![];
    };
    let days = first.series(jiff::Span::new().days(1)).take_while(|day| day <= last);
    let count = |days: &BTreeMap<Date, u64>, day: &Date| days.get(day).copied().unwrap_or(0);
    days.map(|day| Day { day: day.to_string(), alerts: Two { old: count(&old, &day), new: count(&new, &day) } })
        .collect()
}

fn customers(before: &Reached, after: &Reached) -> Customers {
    let all: BTreeSet<&Str> = before.mails.keys().chain(after.mails.keys()).collect();
    let got = |reached: &Reached, to: &Str| reached.mails.get(to).copied().unwrap_or(0);
    let mut changed: Vec<(String, Two)> = all
        .into_iter()
        .map(|to| (to.to_string(), Two { old: got(before, to), new: got(after, to) }))
        .filter(|(_, mails)| mails.old != mails.new)
        .collect();
    let more = changed.iter().filter(|(_, mails)| mails.new > mails.old).count() as u64;
    let fewer = changed.len() as u64 - more;
    changed.sort_by_key(|(to, mails)| (std::cmp::Reverse(mails.new.abs_diff(mails.old)), to.clone()));
    changed.truncate(CUSTOMERS);
    let two = |of: fn(&Reached) -> u64| Two { old: of(before), new: of(after) };
    Customers {
        mails: two(|reached| reached.mails.values().sum()),
        reached: two(|reached| reached.mails.len() as u64),
        most: two(|reached| reached.mails.values().copied().max().unwrap_or(0)),
        more,
        fewer,
        histogram: histogram(before, after),
        changed,
    }
}
