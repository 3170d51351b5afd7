//! What a change of playbooks means for what is remembered (M24), as a value that can be printed beforehand.
//!
//! [`ReloadPlan::between`] compares two rule sets and decides nothing else; the switch (`engine::reload`) follows it.

use std::fmt;

use crate::engine::ruleset::RuleSet;
use crate::id::RuleId;
use crate::ir::{Measure, MeasureTest, Rule, Status, Trigger};

/// What becomes of each rule, ordered by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReloadPlan {
    /// Every rule of either set.
    pub rules: Vec<(RuleId, RuleChange)>,
    /// Whether the vocabulary changes; it does so together with all rules.
    pub vocabulary: bool,
    /// Whether the directory changes.
    pub directory: bool,
    /// Whether mail templates change.
    pub templates: bool,
}

/// What becomes of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleChange {
    /// Nothing.
    Unchanged,
    /// It changes.
    Changed {
        /// In what.
        aspects: Vec<Aspect>,
        /// What that means for its windows.
        windows: Windows,
    },
    /// It is new, or comes back.
    Added,
    /// It disappears: kept aside for ten minutes with its state and steps, then given up.
    Parked,
}

/// What can change in a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// Title or owner.
    Words,
    /// Live, shadow or paused.
    Status,
    /// The shape of its trigger, or the signals it listens to.
    Trigger,
    /// Its key.
    Key,
    /// A `where`, or what is counted or measured.
    Where,
    /// A number: how many, over which line, by how much.
    Threshold,
    /// A length: of a window, a deadline.
    Window,
    /// `only if`, `unless`.
    Guard,
    /// `check`, or a schedule.
    Check,
    /// `at most`.
    Limit,
    /// What it does.
    Actions,
    /// Its zone.
    Zone,
}

/// What a change means for a rule's windows and episodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Windows {
    /// They stay as they are.
    Kept,
    /// They are counted anew from what is kept; nothing fires for it.
    Reevaluated,
    /// They are filled anew from the journal; nothing fires for it.
    Refilled,
    /// They are cleared: what was counted no longer means the same.
    Cleared,
}

impl ReloadPlan {
    /// Returns what becomes of each rule when `new` follows `old`.
    pub fn between(old: &RuleSet, new: &RuleSet) -> ReloadPlan {
        let mut rules: Vec<(RuleId, RuleChange)> = Vec::new();
        for rule in &new.rules {
            let change = match old.rule(&rule.id) {
                None => RuleChange::Added,
                Some(before) => change(before, rule, old.vocabulary.fingerprint == new.vocabulary.fingerprint),
            };
            rules.push((rule.id.clone(), change));
        }
        let gone = old.rules.iter().filter(|rule| new.rule(&rule.id).is_none());
        rules.extend(gone.map(|rule| (rule.id.clone(), RuleChange::Parked)));
        rules.sort_by(|one, other| one.0.cmp(&other.0));
        ReloadPlan {
            rules,
            vocabulary: old.vocabulary.fingerprint != new.vocabulary.fingerprint,
            directory: old.directory.fingerprint != new.directory.fingerprint,
            templates: old.templates.fingerprint() != new.templates.fingerprint(),
        }
    }

    /// Returns the rules that ask for the journal: for their windows, or for what they run over.
    pub fn to_fill(&self) -> Vec<&RuleId> {
        // One that now runs over every store asks for the stores seen so far.
        let runs = |aspects: &[Aspect]| {
            aspects.iter().any(|aspect| matches!(aspect, Aspect::Check | Aspect::Trigger | Aspect::Key))
        };
        let asks = |change: &RuleChange| match change {
            RuleChange::Added => true,
            RuleChange::Changed { windows, aspects } => *windows == Windows::Refilled || runs(aspects),
            RuleChange::Unchanged | RuleChange::Parked => false,
        };
        self.rules.iter().filter(|(_, change)| asks(change)).map(|(id, _)| id).collect()
    }

    /// Returns what becomes of the windows of a rule.
    pub fn windows(&self, rule: &RuleId) -> Windows {
        let found = self.rules.binary_search_by(|(id, _)| id.cmp(rule)).ok().map(|place| &self.rules[place].1);
        match found {
            Some(RuleChange::Changed { windows, .. }) => *windows,
            Some(RuleChange::Added) => Windows::Refilled,
            _ => Windows::Kept,
        }
    }

    /// Tells whether nothing changes.
    pub fn is_empty(&self) -> bool {
        let same = self.rules.iter().all(|(_, change)| *change == RuleChange::Unchanged);
        same && !self.vocabulary && !self.directory && !self.templates
    }
}

fn change(old: &Rule, new: &Rule, same_vocabulary: bool) -> RuleChange {
    if old == new && same_vocabulary {
        return RuleChange::Unchanged;
    }
    let mut aspects = Vec::new();
    let mut note = |differs: bool, aspect: Aspect| {
        if differs {
            aspects.push(aspect);
        }
    };
    note(old.title != new.title || old.owner != new.owner, Aspect::Words);
    note(old.status != new.status, Aspect::Status);
    note(key_names(old) != key_names(new), Aspect::Key);
    note(old.guards != new.guards, Aspect::Guard);
    note(old.check != new.check, Aspect::Check);
    note(old.limit != new.limit, Aspect::Limit);
    note(old.then != new.then, Aspect::Actions);
    note(old.zone != new.zone, Aspect::Zone);
    let (mut trigger_aspects, windows) = trigger_change(&old.trigger, &new.trigger, same_vocabulary);
    aspects.append(&mut trigger_aspects);
    aspects.sort();
    let has_windows = !matches!(new.trigger, Trigger::Each(_) | Trigger::Schedule(_));
    let windows = match () {
        () if aspects.contains(&Aspect::Key) || aspects.contains(&Aspect::Trigger) => Windows::Cleared,
        // A day of another zone may be a longer one.
        () if old.zone != new.zone && has_windows => windows.max(Windows::Refilled),
        // What passed while it was paused passed unseen.
        () if old.status == Status::Paused && new.status != Status::Paused => windows.max(Windows::Reevaluated),
        () => windows,
    };
    RuleChange::Changed { aspects, windows }
}

pub(crate) fn key_names(rule: &Rule) -> Vec<&str> {
    rule.key.iter().map(|part| &*part.name).collect()
}

fn trigger_change(old: &Trigger, new: &Trigger, same_vocabulary: bool) -> (Vec<Aspect>, Windows) {
    let mut aspects = Vec::new();
    let mut windows = Windows::Kept;
    let mut note = |differs: bool, aspect: Aspect, means: Windows| {
        if differs {
            aspects.push(aspect);
            windows = windows.max(means);
        }
    };
    // A day may be longer than 24 hours: only what is nominally shorter is surely shorter.
    let longer = |old: crate::clock::Length, new: crate::clock::Length| match new.nominal() < old.nominal() {
        true => Windows::Reevaluated,
        false => Windows::Refilled,
    };
    match (old, new) {
        (Trigger::Each(one), Trigger::Each(other)) => note(one != other, Aspect::Where, Windows::Kept),
        (
            Trigger::Reading { source: s1, field: f1, side: d1, line: l1, clears: c1, stays_for: t1 },
            Trigger::Reading { source: s2, field: f2, side: d2, line: l2, clears: c2, stays_for: t2 },
        ) => {
            note(s1 != s2 || f1 != f2, Aspect::Where, Windows::Refilled);
            // Whether a reading between the lines is over, and since when, hangs on readings that are forgotten.
            note(d1 != d2 || l1 != l2 || c1 != c2, Aspect::Threshold, Windows::Refilled);
            note(t1 != t2, Aspect::Window, Windows::Refilled);
        }
        (
            Trigger::Count { source: s1, at_least: n1, different: d1, within: w1 },
            Trigger::Count { source: s2, at_least: n2, different: d2, within: w2 },
        ) => {
            note(s1 != s2 || d1 != d2, Aspect::Where, Windows::Refilled);
            note(n1 != n2, Aspect::Threshold, Windows::Reevaluated);
            note(w1 != w2, Aspect::Window, longer(*w1, *w2));
        }
        (
            Trigger::Sequence { first: a1, then: b1, within: w1 },
            Trigger::Sequence { first: a2, then: b2, within: w2 },
        ) => {
            note(a1 != a2 || b1 != b2, Aspect::Where, Windows::Refilled);
            note(w1 != w2, Aspect::Window, longer(*w1, *w2));
        }
        (
            Trigger::Absence { first: a1, then: b1, within: w1 },
            Trigger::Absence { first: a2, then: b2, within: w2 },
        ) => {
            note(a1 != a2 || b1 != b2, Aspect::Where, Windows::Refilled);
            // Opening times and places are those of each A.
            note(w1 != w2, Aspect::Window, Windows::Refilled);
        }
        (Trigger::Measure(one), Trigger::Measure(other)) => {
            let sample = |m: &Measure| (m.source.clone(), m.kind, m.field, m.second, m.share.clone());
            note(sample(one) != sample(other), Aspect::Where, Windows::Refilled);
            let before = |m: &Measure| match m.test {
                MeasureTest::Previous { before, .. } => Some(before),
                _ => None,
            };
            note(one.over != other.over || before(one) != before(other), Aspect::Window, Windows::Refilled);
            let tests = one.test != other.test || one.enough != other.enough;
            note(tests, Aspect::Threshold, Windows::Reevaluated);
        }
        (Trigger::Schedule(one), Trigger::Schedule(other)) => note(one != other, Aspect::Check, Windows::Kept),
        _ => note(true, Aspect::Trigger, Windows::Cleared),
    }
    if !same_vocabulary {
        // Numbers stand for other names now: what differs in numbers may be the same in names, and the other way
        // round. Windows are kept where names are (the switch moves them) and filled anew where not.
        windows = windows.max(Windows::Reevaluated);
    }
    (aspects, windows)
}

impl fmt::Display for ReloadPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, changes) in
            [("vocabulary", self.vocabulary), ("directory", self.directory), ("mail templates", self.templates)]
        {
            if changes {
                writeln!(f, "{what}: changed")?;
            }
        }
        for (id, change) in &self.rules {
            writeln!(f, "{id}: {change}")?;
        }
        Ok(())
    }
}

impl fmt::Display for RuleChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RuleChange::Unchanged => f.write_str("unchanged"),
            RuleChange::Added => f.write_str("added; its windows are filled from the journal, nothing fires for it"),
            RuleChange::Parked => f.write_str("gone; parked for 10 minutes with its state and steps, then given up"),
            RuleChange::Changed { aspects, windows } => {
                let words: Vec<&str> = aspects.iter().map(|aspect| aspect.words()).collect();
                let what = if words.is_empty() { "the vocabulary".to_owned() } else { words.join(", ") };
                write!(f, "changed: {what}; {}", windows.words())
            }
        }
    }
}

impl Aspect {
    /// Returns what a person calls it.
    pub fn words(self) -> &'static str {
        match self {
            Aspect::Words => "title or owner",
            Aspect::Status => "status",
            Aspect::Trigger => "trigger",
            Aspect::Key => "key",
            Aspect::Where => "what is counted",
            Aspect::Threshold => "threshold",
            Aspect::Window => "window",
            Aspect::Guard => "guard",
            Aspect::Check => "check",
            Aspect::Limit => "limit",
            Aspect::Actions => "actions",
            Aspect::Zone => "time zone",
        }
    }
}

impl Windows {
    /// Returns what a person reads of it.
    pub fn words(self) -> &'static str {
        match self {
            Windows::Kept => "counters are kept",
            Windows::Reevaluated => "counters are counted anew, nothing fires for it",
            Windows::Refilled => "counters are filled from the journal, nothing fires for it",
            Windows::Cleared => "counters are cleared",
        }
    }
}
