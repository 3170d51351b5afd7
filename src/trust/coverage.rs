//! How far scenarios reach into rules, of five kinds of things: the rules themselves, the clauses of their conditions, their
//! guards, the steps of their ladders, and the languages their mails go out in.
//!
//! Rules that decide count, live and in shadow; paused ones do not. Shares are rounded down: 100 % means all. What was
//! reached is told by `replay::reached`.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::RuleId;
use crate::ir::action::ActionKind;
use crate::ir::expr::{Condition, Operand};
use crate::ir::{Guard, Rule, Status};
use crate::replay::reached::{Reach, Reached, clauses};
use crate::replay::scenario::{Scenario, ScenarioFile};
use crate::template::Templates;
use crate::value::Str;

/// What scenarios have reached.
#[derive(Debug, Default)]
pub struct Coverage {
    reached: BTreeMap<RuleId, BTreeSet<Reach>>,
    covered: BTreeSet<RuleId>,
    allowed: BTreeSet<RuleId>,
}

/// The kinds of things that can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A rule that fires.
    Rule,
    /// A clause that is compared.
    Clause,
    /// A guard that lets a firing pass and holds one back.
    Guard,
    /// A step of a ladder that goes out.
    Step,
    /// A language of a mail that goes out.
    Language,
}

impl Kind {
    /// All of them, in the order they are told.
    pub const ALL: [Kind; 5] = [Kind::Rule, Kind::Clause, Kind::Guard, Kind::Step, Kind::Language];

    /// Returns its name in the plural.
    pub fn plural(self) -> &'static str {
        match self {
            Kind::Rule => "rules",
            Kind::Clause => "clauses",
            Kind::Guard => "guards",
            Kind::Step => "ladder steps",
            Kind::Language => "languages",
        }
    }
}

/// How many of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many were reached.
    pub reached: usize,
    /// How many there are.
    pub all: usize,
}

impl Tally {
    /// Returns the share in whole percent, rounded down; of nothing, all.
    pub fn percent(self) -> usize {
        (self.reached * 100).checked_div(self.all).unwrap_or(100)
    }
}

/// What was not reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// What kind of thing it is.
    pub kind: Kind,
    /// What is missing, as a person reads it: `never asked: score is at most 6`.
    pub what: String,
}

/// What was reached of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleReport {
    /// The rule.
    pub rule: RuleId,
    /// In the order of [`Kind::ALL`].
    pub tallies: [Tally; 5],
    /// What was not.
    pub missed: Vec<Missed>,
}

/// What was reached of some rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Of each, in the order given.
    pub rules: Vec<RuleReport>,
    /// Of all, in the order of [`Kind::ALL`].
    pub total: [Tally; 5],
    /// Live rules that no scenario names, that fired in none, and that no file allows to have none.
    pub without_scenario: Vec<RuleId>,
}

impl Report {
    /// Returns the kinds of which less than `percent` was reached.
    pub fn below(&self, percent: usize) -> Vec<(Kind, Tally)> {
        Kind::ALL.into_iter().zip(self.total).filter(|(_, tally)| tally.percent() < percent).collect()
    }

    /// Adds what was reached of another rule.
    fn push(&mut self, rule: RuleReport) {
        for (total, own) in self.total.iter_mut().zip(rule.tallies) {
            total.reached += own.reached;
            total.all += own.all;
        }
        self.rules.push(rule);
    }
}

impl Coverage {
    /// Takes note of the rules a file names: under `covers`, or as allowed to have no scenario.
    pub fn add_named(&mut self, file: &ScenarioFile) {
        self.allowed.extend(file.without.iter().map(|rule| rule.node.clone()));
        let shown = file.scenarios.iter().filter(|scenario| scenario.todo.is_none());
        self.covered.extend(shown.flat_map(|scenario| scenario.covers.iter().cloned()));
    }

    /// Takes note of what a scenario reached. One that is to do covers nothing: it shows what does not work.
    pub fn add(&mut self, scenario: &Scenario, reached: &Reached) {
        if scenario.todo.is_some() {
            return;
        }
        for (rule, found) in reached.all() {
            self.reached.entry(rule.clone()).or_default().extend(found.iter().cloned());
        }
    }

    /// Tells whether a scenario names a rule, or it fired in one, or a file allows it to have none.
    pub fn is_covered(&self, rule: &RuleId) -> bool {
        let fired = self.reached.get(rule).is_some_and(|found| found.contains(&Reach::Fired));
        fired || self.covered.contains(rule) || self.allowed.contains(rule)
    }

    /// Says how far the scenarios reach into these rules, whose mails are made from `templates`.
    pub fn report<'a>(&self, rules: impl Iterator<Item = (&'a Rule, &'a Templates)>) -> Report {
        let mut report = Report::default();
        for (rule, templates) in rules.filter(|(rule, _)| rule.status != Status::Paused) {
            if rule.status == Status::Live && !self.is_covered(&rule.id) {
                report.without_scenario.push(rule.id.clone());
            }
            report.push(self.of_rule(rule, templates));
        }
        report
    }

    fn of_rule(&self, rule: &Rule, templates: &Templates) -> RuleReport {
        let nothing = BTreeSet::new();
        let found = self.reached.get(&rule.id).unwrap_or(&nothing);
        let mut report = RuleReport { rule: rule.id.clone(), tallies: Default::default(), missed: vec![] };
        for (kind, missing) in points(rule, templates, found) {
            let tally = &mut report.tallies[kind as usize];
            tally.all += 1;
            match missing {
                None => tally.reached += 1,
                Some(what) => report.missed.push(Missed { kind, what }),
            }
        }
        report
    }
}

/// Returns everything that can be reached in a rule, with what is missing where it was not.
fn points(rule: &Rule, templates: &Templates, found: &BTreeSet<Reach>) -> Vec<(Kind, Option<String>)> {
    let unless = |reach: &Reach, what: String| (!found.contains(reach)).then_some(what);
    let mut points = vec![(Kind::Rule, unless(&Reach::Fired, "never fired".to_owned()))];
    for (place, (_, text)) in clauses(rule).into_iter().enumerate() {
        points.push((Kind::Clause, unless(&Reach::Clause(place), format!("never asked: {text}"))));
    }
    for (place, guard) in rule.guards.iter().enumerate() {
        let (passed, held) = (Reach::Guard(place, true), Reach::Guard(place, false));
        let missing = match (found.contains(&passed), found.contains(&held)) {
            (true, true) => None,
            (true, false) => Some("never held anything back"),
            (false, true) => Some("never let anything pass"),
            (false, false) => Some("never asked"),
        };
        points.push((Kind::Guard, missing.map(|missing| format!("{missing}: {}", guard_text(guard)))));
    }
    for (place, step) in rule.then.ladder.iter().flat_map(|ladder| &ladder.steps).enumerate() {
        let number = place as u16 + 1;
        let told: Vec<String> = step.actions.iter().map(|action| action_text(&action.kind)).collect();
        let what = format!("never went out: step {number} of the ladder, {}", told.join(" and "));
        points.push((Kind::Step, unless(&Reach::Step(number), what)));
    }
    for (template, language) in mails(rule, templates) {
        let what = format!("never went out: {template} in {language}");
        points.push((Kind::Language, unless(&Reach::Mail(template, language), what)));
    }
    points
}

/// Returns every mail a rule can send with every language it can be in, each once.
fn mails(rule: &Rule, templates: &Templates) -> BTreeSet<(Str, Str)> {
    let steps = rule.then.steps.iter().chain(rule.then.ladder.iter().flat_map(|ladder| &ladder.steps));
    let mut all = BTreeSet::new();
    for action in steps.flat_map(|step| &step.actions) {
        let ActionKind::Email { template: name, language, .. } = &action.kind else { continue };
        let Some(template) = templates.get(name) else { continue };
        match language {
            None => drop(all.insert((name.clone(), template.language("").clone()))),
            Some(Operand::Literal(value)) => {
                let wanted = value.as_text().cloned().unwrap_or_default();
                all.insert((name.clone(), template.language(&wanted).clone()));
            }
            Some(_) => all.extend(template.languages.iter().map(|language| (name.clone(), language.clone()))),
        }
    }
    all
}

fn guard_text(guard: &Guard) -> String {
    let word = if guard.unless { "unless" } else { "only if" };
    format!("{word} {}", condition_text(&guard.condition))
}

fn condition_text(condition: &Condition) -> String {
    let joined = |parts: &[Condition], word: &str| parts.iter().map(condition_text).collect::<Vec<_>>().join(word);
    match condition {
        Condition::All(parts) => joined(parts, " and "),
        Condition::Any(parts) => joined(parts, " or "),
        Condition::Test(test) => test.text.to_string(),
        Condition::Script(script, _) => format!("`{}`", script.text),
        Condition::Hours(hours) => hours.text.to_string(),
    }
}

fn action_text(action: &ActionKind) -> String {
    match action {
        ActionKind::Alert { role, of: Some(of), .. } => format!("alert {role} of {}", of.name),
        ActionKind::Alert { role, of: None, .. } => format!("alert {role}"),
        ActionKind::Email { who, template, .. } => format!("email {} using {template}", who.name),
        ActionKind::Post { endpoint, .. } => format!("post to {endpoint}"),
        ActionKind::OpenCase { .. } => "open case".to_owned(),
        ActionKind::Set { who, .. } => format!("set a fact of {}", who.name),
        ActionKind::Record { .. } => "record a signal".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn shares_are_rounded_down_and_nothing_is_all() {
        let percent = |reached, all| Tally { reached, all }.percent();
        assert_eq!((percent(199, 200), percent(0, 0), percent(2, 3)), (99, 100, 66));
    }
}
