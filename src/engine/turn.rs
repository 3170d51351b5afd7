//! One turn: everything one input brings about.
//!
//! The other files of the engine add methods to [`Turn`]: `look` (a rule looks at a signal), `check` (a measure or a
//! schedule comes round), `fire` (guard, limit, firing), `act` (actions now, later or not at all), `people` (human
//! actions), `due` (the agenda). Facts change and cases open only once every rule has seen the signal at hand (M8); the
//! signals that brings about come after that, each in its own place (M20).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::engine::Step;
use crate::engine::cases::Case;
use crate::engine::facts::FactView;
use crate::engine::look::named_key;
use crate::engine::ruleset::RuleSet;
use crate::engine::state::{Due, DueKind, Key, RuleNo, State};
use crate::engine::trace::{Asked, Compared, Look, Question, Verdict};
use crate::id::{EffectId, RuleId, SignalId};
use crate::ir::Rule;
use crate::signal::Signal;
use crate::value::{Str, Value};
use crate::vocabulary::{FactNo, ThingNo};

/// The source of signals that touchline itself makes.
pub const DERIVED_SOURCE: &str = "touchline";

/// One input being applied.
pub(crate) struct Turn<'a> {
    pub rules: &'a RuleSet,
    pub state: &'a mut State,
    pub now: Timestamp,
    pub step: Step,
    pub watching: bool,
    /// Rules that fill their windows and never fire.
    pub observing: &'a BTreeSet<RuleNo>,
    /// Whether the signal at hand is one of history: nothing asks to fire for it.
    pub quiet: bool,
    /// Signals that were brought about and not yet seen, with the rules that led to each.
    pub derived: VecDeque<(Signal, Arc<[RuleId]>)>,
    /// What becomes true once every rule has seen the signal at hand.
    pub changes: Vec<Change>,
    /// Which signal of this input is at hand: 0 for the input itself.
    pub ordinal: u32,
    /// How often a rule has fired, or nearly, for what its actions hang on: one late signal can complete two sequences.
    pub acted: BTreeMap<(RuleId, Key), u8>,
    /// What was too late, could not be done or had nobody to go to, for the owners' digests: owner, line.
    pub digest: Vec<(Option<Str>, Str)>,
}

/// Something that becomes true.
pub(crate) enum Change {
    /// A fact.
    Fact { thing: ThingNo, id: Str, fact: FactNo, value: Value },
    /// A case opens.
    Open { id: Str, case: Box<Case> },
    /// An open case's priority rises.
    Raise { id: Str, priority: u8 },
}

impl<'a> Turn<'a> {
    /// Returns the facts of now.
    pub fn facts(&self) -> FactView<'_> {
        FactView {
            now: self.now,
            vocabulary: &self.rules.vocabulary,
            directory: &self.rules.directory,
            facts: &self.state.facts,
            cases: &self.state.cases,
        }
    }

    /// Returns a rule. It lives as long as the set, not as this borrow.
    pub fn rule(&self, rule: RuleNo) -> &'a Arc<Rule> {
        &self.rules.rules[rule as usize]
    }

    /// Returns today in the vocabulary's zone.
    pub fn today(&self) -> Date {
        self.now.to_zoned(self.rules.vocabulary.zone.clone()).date()
    }

    /// Returns a number that no plan, episode or account has had.
    pub fn next_number(&mut self) -> u64 {
        self.state.next_number += 1;
        self.state.next_number
    }

    /// Puts something on the agenda.
    pub fn put(&mut self, at: Timestamp, rule: RuleNo, key: Key, kind: DueKind) {
        self.state.agenda.insert(Due { at, rule, key, kind });
    }

    /// Takes something off the agenda.
    pub fn take_off(&mut self, at: Timestamp, rule: RuleNo, key: Key, kind: DueKind) {
        self.state.agenda.remove(&Due { at, rule, key, kind });
    }

    /// Returns the id of what `rule` does for `key` in this turn at a place: step, action, and a word for which list.
    pub fn effect_id(&self, rule: &RuleId, key: &Key, step: u16, action: u16, list: u8) -> EffectId {
        let times = self.acted.get(&(rule.clone(), key.clone())).copied().unwrap_or(0);
        let list = list.wrapping_add(times.wrapping_mul(2));
        let key = postcard::to_stdvec(key).expect("a key has no value that cannot be written");
        EffectId::of(&[
            rule.playbook.as_bytes(),
            rule.rule.as_bytes(),
            &key,
            &self.state.position.to_le_bytes(),
            &self.ordinal.to_le_bytes(),
            &step.to_le_bytes(),
            &action.to_le_bytes(),
            &[list],
        ])
    }

    /// Notes what came of a look, if anybody watches.
    pub fn note(
        &mut self,
        rule: RuleNo,
        key: Vec<(Str, Value)>,
        signal: Option<&SignalId>,
        verdict: Verdict,
        compared: Vec<Compared>,
    ) {
        self.count(rule, &verdict);
        if self.watching {
            let key = self.as_written(rule, key);
            let rule = self.rule(rule).id.clone();
            self.step.looks.push(Look { at: self.now, rule, key, signal: signal.cloned(), verdict, compared });
        }
    }

    /// Notes what came of a look that got as far as a key.
    pub fn note_key(
        &mut self,
        rule: RuleNo,
        key: &Key,
        signal: Option<&SignalId>,
        verdict: Verdict,
        compared: Vec<Compared>,
    ) {
        // Most looks are watched by nobody: the key is only named where it is shown.
        match self.watching {
            true => self.note(rule, named_key(self.rule(rule), key), signal, verdict, compared),
            false => self.count(rule, &verdict),
        }
    }

    /// Notes that clauses were compared, if anybody watches.
    pub fn asked(&mut self, rule: RuleNo, compared: &[Compared]) {
        if self.watching {
            let question = |one: &Compared| Asked { rule, what: Question::Clause(one.here), yes: one.holds };
            self.step.asked.extend(compared.iter().map(question));
        }
    }

    /// Notes what the guards of a rule were asked: those before `refused` let pass, that one did not, the rest were not
    /// asked.
    pub fn guarded(&mut self, rule: RuleNo, refused: Option<usize>, compared: &[Compared]) {
        if self.watching {
            self.asked(rule, compared);
            let passed = refused.unwrap_or(self.rule(rule).guards.len());
            let answer = |place, yes| Asked { rule, what: Question::Guard(place), yes };
            self.step.asked.extend((0..passed).map(|place| answer(place, true)));
            self.step.asked.extend(refused.map(|place| answer(place, false)));
        }
    }

    /// Returns a key as its first signal wrote it: a person reads it, and it compares without case.
    fn as_written(&self, rule: RuleNo, key: Vec<(Str, Value)>) -> Vec<(Str, Value)> {
        let grouped: Key = key.iter().map(|(_, value)| value.clone()).collect();
        let state = self.state.rules.get(rule as usize).and_then(|rule| rule.keys.get(&grouped));
        match state.and_then(|state| state.aside().shown.as_deref()) {
            Some(shown) => key.into_iter().zip(shown).map(|((name, _), value)| (name, value.clone())).collect(),
            None => key,
        }
    }

    /// Counts a decline.
    pub fn count(&mut self, rule: RuleNo, verdict: &Verdict) {
        if !self.quiet
            && let Some(decline) = verdict.decline()
            && !self.observing.contains(&rule)
        {
            self.step.declines.push((rule, decline));
        }
    }

    /// Notes that a rule has fired, or nearly: what it does next in this turn has other ids.
    pub fn has_acted(&mut self, rule: &RuleId, key: &Key) {
        let times = self.acted.entry((rule.clone(), key.clone())).or_default();
        *times = times.saturating_add(1);
    }

    /// Makes true what the signal at hand brought about.
    pub fn settle(&mut self) {
        for change in std::mem::take(&mut self.changes) {
            match change {
                Change::Fact { thing, id, fact, value } => self.state.facts.tell(thing, &id, fact, value),
                Change::Open { id, case } => self.state.cases.open(id, *case),
                Change::Raise { id, priority } => {
                    if let Some(case) = self.state.cases.get_mut(&id) {
                        case.priority = case.priority.max(priority);
                    }
                }
            }
        }
    }

    /// Lets every rule see the signals that were brought about, and those that they bring about in turn.
    pub fn see_derived(&mut self) {
        self.settle();
        while let Some((signal, chain)) = self.derived.pop_front() {
            self.ordinal += 1;
            let signal = Arc::new(signal);
            self.step.made.push(signal.clone());
            self.see(signal, chain, &[]);
            self.settle();
        }
    }
}
