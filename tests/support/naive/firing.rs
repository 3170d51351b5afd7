//! From "it matches" to a firing: chains, guards, limits, and episodes that wait for them (M9, M11, M12, M20).

use std::sync::Arc;

use jiff::Timestamp;
use touchline::engine::effect::{Effect, Firing, LISTED_SIGNALS, Outcome, Values, What};
use touchline::id::{EffectId, RuleId, SignalId};
use touchline::ir::Rule;
use touchline::value::{Str, Value};

use super::Naive;
use super::eval::{Scope, folded};

/// A match that would fire if guard and limit agree.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub key: Vec<Value>,
    pub signal: Option<SignalId>,
    /// Oldest first.
    pub signals: Vec<SignalId>,
    pub late: bool,
    pub values: Values,
    /// The chain of the signal it comes from (M20).
    pub chain: Vec<RuleId>,
}

/// An episode that was entered and has not fired.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub key: Vec<Value>,
    /// When it was entered, by the engine's clock, and the input that did it.
    pub since: (Timestamp, u64),
    pub why: Why,
    /// The limit it met.
    pub per: Vec<Value>,
    pub candidate: Candidate,
}

/// What an episode waits for, besides its further signals and checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Nothing else.
    Guard,
    /// That the limit frees (M12).
    Limit,
    /// That the silence ends (M21).
    Silence(Timestamp),
}

/// M12: when the rule fired for a limit key; never an expiry.
#[derive(Clone, Debug)]
pub struct LimitEntry {
    pub per: Vec<Value>,
    pub at: Timestamp,
    pub firing: usize,
    /// When, if it was: nothing of the firing went.
    pub given_back: Option<Timestamp>,
    /// M21: shadow has limits of its own.
    pub shadow: bool,
}

/// What came of the effects of one firing.
#[derive(Clone, Debug)]
pub struct Outcomes {
    pub rule: RuleId,
    pub effects: Vec<(EffectId, Became)>,
}

/// What came of one effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    Planned,
    HandedOver,
    Went,
    CameToNothing,
}

/// What guard and limit said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Fired,
    GuardSaysNo,
    Limited,
    /// M21: a silence decides and does not send.
    Silenced(Timestamp),
    /// A missing part of the limit's key, or a refused chain: no match.
    NoMatch,
}

fn is_shadow(rule: &Rule) -> bool {
    rule.status == touchline::ir::Status::Shadow
}

impl Asked {
    fn waits_for(self) -> Option<Why> {
        match self {
            Asked::GuardSaysNo => Some(Why::Guard),
            Asked::Limited => Some(Why::Limit),
            Asked::Silenced(until) => Some(Why::Silence(until)),
            Asked::Fired | Asked::NoMatch => None,
        }
    }
}

impl Naive {
    /// M21: up to when the rule is silenced, if it is.
    pub(super) fn silenced_until(&self, rule: &Rule) -> Option<Timestamp> {
        let mine = self.silences.iter().filter(|(of, _)| of.as_ref().is_none_or(|of| *of == rule.id));
        mine.map(|(_, until)| *until).filter(|until| *until > self.now()).max()
    }

    /// Shapes without episodes (each signal, sequences, schedules): now or never (M11, M12).
    pub(super) fn fire_or_not(&mut self, rule: &Arc<Rule>, candidate: Candidate) {
        if self.ask(rule, &candidate) == Asked::Limited {
            self.report_firing(rule, &candidate, Outcome::Limited, "limit");
        }
    }

    /// An episode is entered (M9): it fires, or waits. `lasts` is whether it is still so at this moment: an episode of
    /// the past that a late signal brought to light cannot wait (M5).
    pub(super) fn enter(&mut self, rule: &Arc<Rule>, candidate: Candidate, lasts: bool) {
        if lasts {
            self.leave(rule, &candidate.key);
        }
        let asked = self.ask(rule, &candidate);
        if !lasts && asked == Asked::Limited {
            self.report_firing(rule, &candidate, Outcome::Limited, "limit");
        }
        if let (true, Some(why)) = (lasts, asked.waits_for()) {
            let since = (self.now(), self.position);
            let per = self.limit_key(rule, &candidate.values).unwrap_or_default();
            let waiting = Waiting { key: candidate.key.clone(), since, why, per, candidate };
            self.story(&rule.id).waiting.push(waiting);
        }
    }

    /// A further signal or check of an episode (M11): if it is unfired, guard and limit are asked again, with the
    /// values of this candidate; or what it waited for has come, `in_time`.
    pub(super) fn ask_again(&mut self, rule: &Arc<Rule>, candidate: Candidate, in_time: bool) {
        let story = self.story(&rule.id);
        let Some(place) = story.waiting.iter().position(|waiting| waiting.key == candidate.key) else {
            return;
        };
        let mut waiting = story.waiting.remove(place);
        // M15: the values of the latest signal; an earlier one that came late is only the occasion.
        let at = |candidate: &Candidate| candidate.values.signal.as_ref().map(|signal| signal.at);
        let mut candidate = if at(&waiting.candidate) > at(&candidate) { waiting.candidate.clone() } else { candidate };
        // M5: late is the signal it speaks of, not the one that gave the occasion.
        if candidate.signal == waiting.candidate.signal {
            candidate.late = waiting.candidate.late;
        }
        // M21: a further signal does not ask while a silence lasts, and what was silenced is not said again: the end of the
        // silence asks.
        let silent = !in_time || waiting.why != Why::Limit;
        let why = match self.silenced_until(rule).filter(|_| silent) {
            Some(until) => Some(Why::Silence(until)),
            None => self.ask(rule, &candidate).waits_for(),
        };
        if let Some(why) = why {
            waiting.why = why;
            waiting.per = self.limit_key(rule, &candidate.values).unwrap_or_default();
            waiting.candidate = candidate;
            self.story(&rule.id).waiting.push(waiting);
        }
    }

    /// The episode of a key is left: what waits, waits no more.
    pub(super) fn leave(&mut self, rule: &Arc<Rule>, key: &[Value]) {
        self.story(&rule.id).waiting.retain(|waiting| waiting.key != key);
    }

    /// M11, M12: guard, then limit; where both agree, it fires.
    fn ask(&mut self, rule: &Arc<Rule>, candidate: &Candidate) -> Asked {
        if candidate.chain.contains(&rule.id) || candidate.chain.len() >= 5 {
            self.report_firing(rule, candidate, Outcome::Failed, "chain");
            return Asked::NoMatch;
        }
        if !self.scope(&candidate.values).guards(&rule.guards) {
            return Asked::GuardSaysNo;
        }
        let Some(per) = self.limit_key(rule, &candidate.values) else {
            return Asked::NoMatch;
        };
        if self.limit_frees_at(rule, &per).is_some_and(|frees_at| frees_at > self.now()) {
            return Asked::Limited;
        }
        let number = self.outcomes.len();
        self.outcomes.push(Outcomes { rule: rule.id.clone(), effects: vec![] });
        if let Some(until) = self.silenced_until(rule) {
            // It is no firing: no limit is taken for it.
            let firing = self.firing(rule, candidate);
            let key = self.acting_key(rule, candidate);
            self.act(rule, firing, key, number, false);
            return Asked::Silenced(until);
        }
        let entry = LimitEntry { per, at: self.now(), firing: number, given_back: None, shadow: is_shadow(rule) };
        self.story(&rule.id).limit.push(entry);
        let firing = self.firing(rule, candidate);
        let key = self.acting_key(rule, candidate);
        self.act(rule, firing, key, number, true);
        self.give_back(number);
        Asked::Fired
    }

    pub(super) fn scope<'a>(&'a self, values: &'a Values) -> Scope<'a> {
        Scope { ruleset: &self.ruleset, world: &self.before, values, at: self.now() }
    }

    /// M13: a missing part of a limit key means no match.
    pub(super) fn limit_key(&self, rule: &Rule, values: &Values) -> Option<Vec<Value>> {
        let Some(limit) = &rule.limit else {
            return Some(vec![]);
        };
        let scope = self.scope(values);
        limit.per.iter().map(|(_, access)| folded(scope.access(access)).present().cloned()).collect()
    }

    /// M12: the last firing for the key plus the interval. A firing that was given back does not count.
    fn limit_frees_at(&self, rule: &Rule, per: &[Value]) -> Option<Timestamp> {
        let limit = rule.limit.as_ref()?;
        let log = &self.stories[&rule.id].limit;
        let last = log
            .iter()
            .filter(|entry| entry.per == per && entry.shadow == is_shadow(rule) && entry.given_back.is_none())
            .map(|entry| entry.at)
            .max()?;
        Some(limit.every.after(last, &rule.zone))
    }

    /// M12: a limit is given back when all actions of the firing were cancelled or failed before any was sent.
    pub(super) fn give_back(&mut self, number: usize) {
        let now = self.now();
        let outcomes = &self.outcomes[number];
        let to_nothing = |(_, became): &(EffectId, Became)| *became == Became::CameToNothing;
        if outcomes.effects.is_empty() || !outcomes.effects.iter().all(to_nothing) {
            return;
        }
        let rule = outcomes.rule.clone();
        let parked = self.parked.iter_mut().find(|parked| parked.rule.id == rule);
        let story = match parked {
            Some(parked) => Some(&mut parked.story),
            None => self.stories.get_mut(&rule),
        };
        let log = story.into_iter().flat_map(|story| story.limit.iter_mut());
        log.filter(|entry| entry.firing == number).for_each(|entry| {
            entry.given_back.get_or_insert(now);
        });
    }

    /// M12: when each waiting episode is asked again: with `check`, never by itself; otherwise when its limit frees.
    pub(super) fn wakes_at(&self, rule: &Rule, waiting: &Waiting) -> Option<(Timestamp, Vec<Value>)> {
        if rule.check.is_some() {
            return None;
        }
        match waiting.why {
            Why::Guard => return None,
            Why::Silence(until) => return Some((until, waiting.key.clone())),
            Why::Limit => {}
        }
        let per = waiting.per.clone();
        // Not before it was given back, nor before the rules changed: then it was known.
        let log = &self.stories[&rule.id].limit;
        let given_back = log.iter().filter(|entry| entry.per == per).filter_map(|entry| entry.given_back).max();
        let frees = [self.limit_frees_at(rule, &per), given_back, self.switched_at];
        Some((frees.into_iter().flatten().max().unwrap_or(self.now()), per))
    }

    /// What cases and ladders hang on (M18): the rule's key; of a rule without one its limit's; else the first thing the
    /// signal is about.
    fn acting_key(&self, rule: &Rule, candidate: &Candidate) -> Vec<Value> {
        if !candidate.key.is_empty() {
            return candidate.key.clone();
        }
        if let Some(per) = self.limit_key(rule, &candidate.values).filter(|per| !per.is_empty()) {
            return per;
        }
        let Some(signal) = &candidate.values.signal else { return vec![] };
        let about = self.ruleset.vocabulary.signal_type(signal.kind).about;
        signal.fields[..about].iter().find(|value| !value.is_missing()).cloned().into_iter().collect()
    }

    pub(super) fn firing(&self, rule: &Rule, candidate: &Candidate) -> Firing {
        let mut key: Vec<(Str, Value)> =
            rule.key.iter().map(|part| part.name.clone()).zip(candidate.key.iter().cloned()).collect();
        if let (true, Some(limit)) = (key.is_empty(), &rule.limit) {
            let values = self.limit_key(rule, &candidate.values).unwrap_or_default();
            key = limit.per.iter().map(|(name, _)| name.clone()).zip(values).collect();
        }
        let total = candidate.signals.len();
        let mut chain = candidate.chain.clone();
        chain.push(rule.id.clone());
        Firing {
            rule: rule.id.clone(),
            at: self.now(),
            position: touchline::id::Position(self.position),
            key,
            signal: candidate.signal.clone(),
            signals: candidate.signals[total.saturating_sub(LISTED_SIGNALS)..].to_vec(),
            signals_total: total as u64,
            late: candidate.late,
            ruleset: self.ruleset.hash,
            chain,
            values: Values { key: candidate.key.clone(), ..candidate.values.clone() },
            compared: vec![],
        }
    }

    fn report_firing(&mut self, rule: &Rule, candidate: &Candidate, outcome: Outcome, reason: &str) {
        let firing = Arc::new(self.firing(rule, candidate));
        let key = self.acting_key(rule, candidate);
        let id = self.effect_id(rule, &key, u16::MAX, 0, false);
        *self.acted.entry((rule.id.clone(), key)).or_default() += 1;
        self.step.effects.push(Effect {
            id,
            at: self.now(),
            outcome,
            reason: reason.into(),
            what: What::Firing,
            to: "".into(),
            due: None,
            step: 0,
            firing: Some(firing),
        });
    }
}
