//! What a change of playbooks means, rule by rule, in sentences for a reviewer.
//!
//! Two units are held beside each other: rules by playbook and rule id, everything else by name. What only looks different
//! (comments, spelling, the order of rules and files, the syntax) is told apart because both compile to the same meaning.
//! Rooms: `sentences` clauses that differ, `acts` actions that differ, `around` the vocabulary, `places` the directory,
//! `mails` templates, `uses` which rules any of these touches, `wording` what differs without meaning anything. Left out:
//! where the two come from, and printing (`cli::diff`); what becomes of counters on a reload (`engine::plan`).

mod acts;
mod around;
mod contacts;
mod mails;
mod places;
mod sentences;
mod uses;
mod wording;

use crate::compile::Unit;
use crate::id::RuleId;
use crate::ir::Rule;
use crate::lang::source::{Sources, Span};
use crate::trust::reading::{self, Aspect, Reading};
use crate::trust::same;
use crate::value::Str;

/// One of the two.
#[derive(Clone, Copy, Debug)]
pub struct Version<'a> {
    /// Its files.
    pub sources: &'a Sources,
    /// What they say; `None` where there is nothing of the kind on this side.
    pub unit: Option<&'a Unit>,
}

/// What differs.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    /// Rules that mean something else, ordered by id.
    pub rules: Vec<RuleDiff>,
    /// What else differs.
    pub around: Vec<Around>,
    /// What looks different and means the same.
    pub wording: Vec<String>,
    /// How many rules mean the same by themselves.
    pub unchanged: u64,
}

/// A rule that means something else.
#[derive(Clone, Debug)]
pub struct RuleDiff {
    /// Which.
    pub rule: RuleId,
    /// Its title now, or as it was.
    pub title: Str,
    /// What became of it.
    pub change: Change,
    /// Where it is written now, or was.
    pub span: Span,
}

/// What became of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It differs in this; one sentence each.
    Changed(Vec<String>),
    /// It is new; the rule as it reads, line by line.
    Added(Vec<String>),
    /// It is gone; the rule as it read, line by line.
    Removed(Vec<String>),
}

/// What differs around the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Around {
    /// Where.
    pub part: Part,
    /// In what: one sentence.
    pub sentence: String,
    /// The rules whose doing may change by it.
    pub touches: Vec<RuleId>,
}

/// What stands around rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Signals, things, lexicons, the journey.
    Vocabulary,
    /// Opening times.
    Calendars,
    /// Who fills which role where.
    Directory,
    /// What mails say.
    Templates,
}

impl Part {
    /// Returns its name.
    pub fn word(self) -> &'static str {
        match self {
            Part::Vocabulary => "vocabulary",
            Part::Calendars => "calendars",
            Part::Directory => "directory",
            Part::Templates => "templates",
        }
    }
}

impl Diff {
    /// Tells whether both do the same: no rule differs, and nothing that a rule uses.
    pub fn is_same(&self) -> bool {
        self.rules.is_empty() && self.around.iter().all(|around| around.touches.is_empty())
    }

    /// Takes what differs in another pair of units.
    pub fn add(&mut self, other: Diff) {
        self.rules.extend(other.rules);
        self.around.extend(other.around);
        self.wording.extend(other.wording);
        self.unchanged += other.unchanged;
    }
}

/// Returns what differs between two versions.
pub fn between(old: Version, new: Version) -> Diff {
    let mut diff = Diff::default();
    let none = &[][..];
    let before = old.unit.map_or(none, |unit| &unit.rules);
    let after = new.unit.map_or(none, |unit| &unit.rules);
    for rule in after {
        match before.iter().find(|was| was.id == rule.id) {
            None => diff.rules.push(of_rule(rule, Change::Added(wording::lines(new, rule)))),
            Some(was) => match sentences_of(old, was, new, rule) {
                said if said.is_empty() => diff.unchanged += 1,
                said => diff.rules.push(of_rule(rule, Change::Changed(said))),
            },
        }
    }
    let gone = before.iter().filter(|was| after.iter().all(|rule| rule.id != was.id));
    diff.rules.extend(gone.map(|was| of_rule(was, Change::Removed(wording::lines(old, was)))));
    diff.rules.sort_by(|one, other| one.rule.cmp(&other.rule));
    if let (Some(was), Some(is)) = (old.unit, new.unit) {
        around::all(was, is, &mut diff.around);
        places::all(was, is, &mut diff.around);
        mails::all(old, new, &mut diff.around);
    }
    wording::all(old, new, &mut diff);
    diff
}

fn of_rule(rule: &Rule, change: Change) -> RuleDiff {
    RuleDiff { rule: rule.id.clone(), title: rule.title.clone(), change, span: rule.here.0 }
}

/// Returns in what a rule differs; nothing where it means the same.
fn sentences_of(old: Version, was: &Rule, new: Version, is: &Rule) -> Vec<String> {
    let (Some(old), Some(new)) = (old.unit, new.unit) else { return vec![] };
    let one_vocabulary = old.vocabulary.fingerprint == new.vocabulary.fingerprint;
    let (before, after) = (reading::read(was, &old.vocabulary), reading::read(is, &new.vocabulary));
    if one_vocabulary && same::normal(was, &old.vocabulary) == same::normal(is, &new.vocabulary) {
        return vec![];
    }
    let equal = before.same(&after);
    // Numbers of two vocabularies cannot be compared, their names can.
    if equal && !one_vocabulary {
        return vec![];
    }
    let mut said = sentences::clauses(&before, &after);
    said.extend(acts::differing(&before, &after));
    if said.is_empty() {
        said.push(OTHERWISE.to_owned());
    }
    said
}

/// What is said of a difference that no clause shows.
pub const OTHERWISE: &str =
    "is put together otherwise: its clauses read the same, and it is not sure that they mean the same";

/// Returns the clauses of an aspect.
fn of(reading: &Reading, aspect: Aspect) -> Vec<&reading::Clause> {
    reading.clauses.iter().filter(|clause| clause.aspect == aspect).collect()
}
