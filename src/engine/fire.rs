//! From a match to a firing: chain, guard, limit, silence; and episodes that wait for them.
//!
//! A firing on each signal that may not pass is gone. An episode stays entered and unfired and fires the first time
//! guard and limit both agree (M11, M12): the guard is asked at its further signals or checks, the limit frees by
//! itself, a silence ends.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::engine::act::Mode;
use crate::engine::clause;
use crate::engine::effect::{Effect, Firing, LISTED_SIGNALS, Outcome, Values, What};
use crate::engine::eval::{Record, Scope, grouped};
use crate::engine::look::{Arrived, named_key};
use crate::engine::name::Name;
use crate::engine::state::{Account, DueKind, Episode, Key, LimitState, Pending, RuleNo, Waits, Window};
use crate::engine::trace::{Compared, Verdict};
use crate::engine::turn::Turn;
use crate::id::{Position, RuleId, SignalId};
use crate::ir::{Limit, Source, Status, Trigger};
use crate::signal::Signal;
use crate::value::{Str, Value};
use crate::vocabulary::Type;

/// The longest chain of derived signals (M20).
pub const LONGEST_CHAIN: usize = 5;

/// The word of the effect that stands for a firing as a whole in its id.
const WHOLE: u16 = u16::MAX;

/// A match that asks to fire.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub rule: RuleNo,
    /// The key of window and episode.
    pub key: Key,
    pub values: Values,
    pub signal: Option<SignalId>,
    pub signals: Vec<Name>,
    pub late: bool,
    pub chain: Arc<[RuleId]>,
    pub compared: Vec<Compared>,
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Attempt {
    Fired,
    Guard,
    Limited {
        limit_key: Key,
        last: Timestamp,
        frees_at: Timestamp,
    },
    Silenced {
        until: Timestamp,
    },
    /// It never will: a part of the limit's key is missing, or the chain is refused.
    Refused,
}

impl Candidate {
    /// Returns the candidate an arrived signal makes.
    pub fn of(
        rule: RuleNo,
        key: Key,
        values: Values,
        arrived: &Arrived,
        signals: Vec<Name>,
        compared: Vec<Compared>,
    ) -> Candidate {
        let (signal, late, chain) = (Some(arrived.signal.id.clone()), arrived.late, arrived.chain.clone());
        Candidate { rule, key, values, signal, signals, late, chain, compared }
    }

    fn into_pending(self, waits: Waits) -> Box<Pending> {
        let Candidate { values, signal, signals, late, chain, compared, .. } = self;
        Box::new(Pending { values, signal, signals, late, chain, compared, waits })
    }

    fn of_pending(rule: RuleNo, key: Key, pending: &Pending) -> Candidate {
        let Pending { values, signal, signals, late, chain, compared, .. } = pending.clone();
        Candidate { rule, key, values, signal, signals, late, chain, compared }
    }
}

impl Turn<'_> {
    /// Asks once: what may not pass is gone.
    pub(crate) fn attempt_once(&mut self, candidate: Candidate) {
        if self.quiet {
            return self.note_quiet(&candidate);
        }
        if let Attempt::Limited { last, frees_at, .. } = self.attempt(&candidate) {
            let reason: Str = format!("the limit: last fired at {last}, free again at {frees_at}").into();
            self.whole_firing(&candidate, Outcome::Limited, reason);
        }
    }

    /// Notes that a signal of history asks nothing.
    pub(crate) fn note_quiet(&mut self, candidate: &Candidate) {
        self.note_attempt(candidate, Verdict::Noted, Some(candidate.compared.clone()));
    }

    /// Asks chain, guard, limit and silence, in this order, and fires if all agree.
    pub(crate) fn attempt(&mut self, candidate: &Candidate) -> Attempt {
        if self.observing.contains(&candidate.rule) {
            return Attempt::Refused;
        }
        let rule = self.rule(candidate.rule);
        if candidate.chain.contains(&rule.id) || candidate.chain.len() >= LONGEST_CHAIN {
            return self.refuse_chain(candidate);
        }
        // Texts speak of the key as it was written.
        let mut candidate = candidate.clone();
        if let Some(shown) =
            self.key_state(candidate.rule, &candidate.key).and_then(|state| state.aside().shown.as_deref())
        {
            candidate.values.key = shown.clone();
        }
        let candidate = &candidate;
        let mut record: Record = Some(candidate.compared.clone());
        let scope = Scope::of_values(self.facts(), &candidate.values);
        let refused = rule.guards.iter().position(|guard| !scope.guard(guard, &mut record));
        self.guarded(candidate.rule, refused, &record.as_deref().unwrap_or_default()[candidate.compared.len()..]);
        if refused.is_some() {
            self.note_attempt(candidate, Verdict::GuardSaysNo, record);
            return Attempt::Guard;
        }
        let scope = Scope::of_values(self.facts(), &candidate.values);
        let limit_key = match &rule.limit {
            None => vec![],
            Some(limit) => match limit_key(limit, &scope) {
                Ok(key) => key,
                Err(part) => {
                    self.note_attempt(candidate, Verdict::KeyMissing { part }, record);
                    return Attempt::Refused;
                }
            },
        };
        if let Some(limit) = &rule.limit
            && let Some((last, frees_at)) = self.limited(candidate.rule, limit, &limit_key)
        {
            self.note_attempt(candidate, Verdict::Limited { last, frees_at }, record);
            return Attempt::Limited { limit_key, last, frees_at };
        }
        let mut candidate = candidate.clone();
        candidate.compared = self.traced(&candidate, record.unwrap_or_default());
        candidate.compared.extend(self.reached(&candidate));
        if let Some(until) = self.silenced(&rule.id) {
            self.note_attempt(&candidate, Verdict::Silenced { until }, Some(candidate.compared.clone()));
            self.fire(&candidate, limit_key, Mode::Silenced { until: Some(until) });
            return Attempt::Silenced { until };
        }
        let mode = if rule.status == Status::Shadow { Mode::Silenced { until: None } } else { Mode::Live };
        self.fire(&candidate, limit_key, mode);
        Attempt::Fired
    }

    /// Returns everything that was compared: `where`, then the guards in `made`. The comparisons of `where` are made again
    /// for a firing where nobody wrote them down; those of an absence and of a sequence always, for they are asked of
    /// signals that came earlier. Whoever watches gets the same trace as whoever does not.
    fn traced(&self, candidate: &Candidate, mut made: Vec<Compared>) -> Vec<Compared> {
        let guards = made.split_off(candidate.compared.len().min(made.len()));
        let values = &candidate.values;
        let mut compared = match &self.rule(candidate.rule).trigger {
            Trigger::Sequence { first, then, .. } => {
                let earlier = values.first.as_deref();
                let mut compared = earlier.map_or_else(Vec::new, |signal| self.asked_before(first, signal, true));
                // What completes a pair has just come, unless an earlier one came late.
                let later = values.signal.as_deref().into_iter();
                compared.extend(later.flat_map(|signal| self.asked_before(then, signal, candidate.late)));
                compared
            }
            Trigger::Absence { first, .. } => {
                values.signal.as_deref().map_or_else(Vec::new, |signal| self.asked_before(first, signal, true))
            }
            Trigger::Each(source) | Trigger::Count { source, .. } | Trigger::Reading { source, .. }
                if made.is_empty() =>
            {
                let mut record: Record = Some(Vec::new());
                if let (Some(filter), Some(signal)) = (&source.filter, &values.signal) {
                    Scope::of_signal(self.facts(), signal).holds(filter, &mut record);
                }
                record.unwrap_or_default()
            }
            _ => made,
        };
        compared.extend(guards);
        compared
    }

    /// Returns the comparisons of a `where` that held when the signal came. Fields are as they were; of a fact that has
    /// changed since, what it was is no longer known. `again` tells that the signal came before.
    fn asked_before(&self, source: &Source, signal: &Signal, again: bool) -> Vec<Compared> {
        let Some(filter) = &source.filter else { return vec![] };
        let mut record: Record = Some(Vec::new());
        let scope = Scope { again, ..Scope::of_signal(self.facts(), signal) };
        if scope.holds(filter, &mut record) {
            return record.unwrap_or_default();
        }
        let first = record.into_iter().flatten().next().map(|compared| compared.here);
        let clause = clause::condition(filter).into();
        let actual = "(held when it came; facts have changed since)".into();
        first.map(|here| Compared { clause, actual, holds: true, here }).into_iter().collect()
    }

    /// Returns what the trigger itself compared, where it compares something: a count with its number, a reading with
    /// its line, a sequence with the times of both, an absence with what nobody sent in time. A measure has said so
    /// already.
    fn reached(&self, candidate: &Candidate) -> Option<Compared> {
        let rule = self.rule(candidate.rule);
        match &rule.trigger {
            Trigger::Count { source, at_least, within, .. } => {
                let signal = self.rules.vocabulary.signal_type(source.signal);
                let name = signal.plural.as_ref().unwrap_or(&signal.name);
                let clause = format!("{at_least} or more {name} within {}", clause::length(*within)).into();
                let actual = crate::vocabulary::typed::print_value(&candidate.values.count, &Type::Number).into();
                Some(Compared { clause, actual, holds: true, here: rule.here })
            }
            Trigger::Reading { source, field, side, line, stays_for, .. } => {
                let signal = candidate.values.signal.as_ref()?;
                let mut read = self.read(candidate.rule, source, *field, (*side, line), signal, true);
                if let Some(length) = stays_for {
                    let stays = read.clause.replacen(" is ", " stays ", 1);
                    read.clause = format!("{stays} for {}", clause::length(*length)).into();
                }
                Some(read)
            }
            Trigger::Sequence { first, then, within } => {
                let (earlier, later) = (candidate.values.first.as_deref()?, candidate.values.signal.as_deref()?);
                let clause = clause::followed(first, then, *within, &self.rules.vocabulary).into();
                let instant = |signal: &Signal| clause::instant(signal.at, &rule.zone);
                let actual = format!("{}, then {}", instant(earlier), instant(later)).into();
                Some(Compared { clause, actual, holds: true, here: rule.here })
            }
            Trigger::Absence { first, then, within } => {
                let signal = candidate.values.signal.as_deref()?;
                let clause = clause::not_followed(first, then, within, &self.rules.vocabulary).into();
                let until = self.absence_deadline(candidate.rule, signal.at, signal);
                let actual = format!("none by {}", clause::instant(until, &rule.zone)).into();
                Some(Compared { clause, actual, holds: true, here: rule.here })
            }
            _ => None,
        }
    }

    fn limited(&self, rule: RuleNo, limit: &Limit, key: &Key) -> Option<(Timestamp, Timestamp)> {
        let (last, _) = self.state.rules[rule as usize].limits.get(key)?.firings.back()?;
        let frees_at = limit.every.after(*last, &self.rule(rule).zone);
        (frees_at > self.now).then_some((*last, frees_at))
    }

    pub(crate) fn silenced(&self, rule: &RuleId) -> Option<Timestamp> {
        let mine = self.state.silences.iter().filter(|silence| silence.rule.as_ref().is_none_or(|of| of == rule));
        mine.map(|silence| silence.until).filter(|until| *until > self.now).max()
    }

    fn refuse_chain(&mut self, candidate: &Candidate) -> Attempt {
        let id = self.rule(candidate.rule).id.clone();
        let mut chain: Vec<RuleId> = candidate.chain.to_vec();
        chain.push(id);
        let words: Vec<String> = chain.iter().map(RuleId::to_string).collect();
        let reason = format!("a chain of signals that touchline made: {}", words.join(" → "));
        self.note_attempt(candidate, Verdict::ChainRefused { chain }, None);
        self.whole_firing(candidate, Outcome::Failed, reason.into());
        Attempt::Refused
    }

    fn note_attempt(&mut self, candidate: &Candidate, verdict: Verdict, record: Record) {
        if self.watching {
            let named = named_key(self.rule(candidate.rule), &candidate.key);
            self.note(candidate.rule, named, candidate.signal.as_ref(), verdict, record.unwrap_or_default());
        } else {
            self.count(candidate.rule, &verdict);
        }
    }

    /// Reports a firing that came to nothing as a whole.
    fn whole_firing(&mut self, candidate: &Candidate, outcome: Outcome, reason: Str) {
        let compared = self.traced(candidate, candidate.compared.clone());
        let candidate = &Candidate { compared, ..candidate.clone() };
        let scope = Scope::of_values(self.facts(), &candidate.values);
        let limit = self.rule(candidate.rule).limit.as_ref();
        let limit_key = limit.and_then(|limit| limit_key(limit, &scope).ok()).unwrap_or_default();
        let firing = Arc::new(self.firing(candidate, &limit_key));
        let acting = self.acting_key(candidate, &limit_key);
        let id = self.effect_id(&firing.rule, &acting, WHOLE, 0, 0);
        self.has_acted(&firing.rule, &acting);
        let at = self.now;
        let (what, to) = (What::Firing, Str::default());
        self.step.effects.push(Effect { id, at, outcome, reason, what, to, due: None, step: 0, firing: Some(firing) });
    }

    /// Makes a firing and lets its actions happen.
    fn fire(&mut self, candidate: &Candidate, limit_key: Key, mode: Mode) {
        let rule = self.rule(candidate.rule);
        let counts = !matches!(mode, Mode::Silenced { until: Some(_) });
        let mut account = None;
        if rule.limit.is_some() && counts {
            let number = self.next_number();
            let limit = self.state.rules[candidate.rule as usize].limits.entry(limit_key.clone()).or_default();
            limit.fired(self.now, number);
            account = Some(number);
            // Counts what may still come to nothing; `act` says how much that is.
            let kept = Account { rule: candidate.rule, limit_key: limit_key.clone(), open: 0 };
            self.state.accounts.insert(number, kept);
        }
        let firing = self.firing(candidate, &limit_key);
        let acting = self.acting_key(candidate, &limit_key);
        if counts {
            self.note_attempt(candidate, Verdict::Fired, Some(candidate.compared.clone()));
        }
        let firing = self.act(candidate.rule, firing, acting, account, mode);
        if counts {
            self.step.firings.push(firing);
        }
    }

    fn firing(&self, candidate: &Candidate, limit_key: &[Value]) -> Firing {
        let rule = self.rule(candidate.rule);
        let mut key = named_key(rule, &candidate.values.key);
        if let (true, false, Some(limit)) = (key.is_empty(), limit_key.is_empty(), &rule.limit) {
            let scope = Scope::of_values(self.facts(), &candidate.values);
            key = limit.per.iter().map(|(name, access)| (name.clone(), scope.access(access))).collect();
        }
        let mut chain: Vec<RuleId> = candidate.chain.to_vec();
        chain.push(rule.id.clone());
        let skipped = candidate.signals.len().saturating_sub(LISTED_SIGNALS);
        Firing {
            rule: rule.id.clone(),
            at: self.now,
            position: Position(self.state.position),
            key,
            signal: candidate.signal.clone(),
            signals: candidate.signals[skipped..].iter().map(Name::id).collect(),
            signals_total: candidate.signals.len() as u64,
            late: candidate.late,
            ruleset: self.rules.hash,
            chain,
            values: candidate.values.clone(),
            compared: candidate.compared.clone(),
        }
    }

    /// Returns the key that cases and ladders hang on: the rule's; of a rule without one its limit's; else the first
    /// thing the signal is about.
    pub(crate) fn acting_key(&self, candidate: &Candidate, limit_key: &[Value]) -> Key {
        if !candidate.key.is_empty() {
            return candidate.key.clone();
        }
        if !limit_key.is_empty() {
            return limit_key.to_vec();
        }
        let Some(signal) = &candidate.values.signal else { return vec![] };
        let about = self.rules.vocabulary.signal_type(signal.kind).about;
        signal.fields.iter().take(about).find(|value| !value.is_missing()).cloned().into_iter().collect()
    }

    /// Notes that an episode was entered, with what came of the first asking.
    pub(crate) fn keep_episode(&mut self, candidate: Candidate, attempt: Attempt) {
        let (since, number) = (self.now, self.next_number());
        let (rule, key) = (candidate.rule, candidate.key.clone());
        let state = self.state.rules[rule as usize].keys.entry(key.clone()).or_default();
        state.episode = Some(Box::new(Episode { since, number, pending: None }));
        match attempt {
            Attempt::Fired | Attempt::Refused => {}
            attempt => self.keep_pending(candidate, attempt),
        }
    }

    /// Keeps what would have fired, and when to ask again.
    pub(crate) fn keep_pending(&mut self, mut candidate: Candidate, attempt: Attempt) {
        // What was compared is written down while facts are as they were then.
        candidate.compared = self.traced(&candidate, candidate.compared.clone());
        let (rule, key) = (candidate.rule, candidate.key.clone());
        let Some(episode) = self.key_state(rule, &key).and_then(|state| state.episode.as_mut()) else { return };
        let (since, number) = (episode.since, episode.number);
        let waits = match &attempt {
            Attempt::Limited { .. } => Waits::Limit,
            Attempt::Silenced { until } => Waits::Silence(*until),
            Attempt::Guard | Attempt::Fired | Attempt::Refused => Waits::Guard,
        };
        episode.pending = Some(candidate.into_pending(waits));
        let has_check = self.rule(rule).check.is_some();
        match attempt {
            Attempt::Fired => self.fired(rule, &key),
            Attempt::Refused => {
                if let Some(episode) = self.key_state(rule, &key).and_then(|state| state.episode.as_mut()) {
                    episode.pending = None;
                }
            }
            // With `check`, the next check asks again.
            Attempt::Limited { limit_key, frees_at, .. } if !has_check => {
                let waiting = &mut self.state.rules[rule as usize].waiting;
                waiting.entry(limit_key.clone()).or_default().insert((since, number, key));
                self.put(frees_at, rule, limit_key, DueKind::LimitFrees);
            }
            Attempt::Silenced { until } if !has_check => self.put(until, rule, key, DueKind::SilenceEnds),
            Attempt::Guard | Attempt::Limited { .. } | Attempt::Silenced { .. } => {}
        }
    }

    /// Notes that an episode has fired.
    pub(crate) fn fired(&mut self, rule: RuleNo, key: &Key) {
        if let Some(episode) = self.key_state(rule, key).and_then(|state| state.episode.as_mut()) {
            episode.pending = None;
        }
    }

    /// Ends an episode. Cancels nothing by itself (M9).
    pub(crate) fn leave(&mut self, rule: RuleNo, key: &Key) {
        if let Some(state) = self.key_state(rule, key) {
            state.episode = None;
        }
    }

    /// Returns the candidate that waits in the episode of this one's key.
    pub(crate) fn pending_candidate(&mut self, candidate: Candidate) -> Candidate {
        let (rule, key) = (candidate.rule, candidate.key.clone());
        let episode = self.key_state(rule, &key).and_then(|state| state.episode.as_ref());
        match episode.and_then(|episode| episode.pending.as_deref()) {
            Some(pending) => Candidate::of_pending(rule, key, pending),
            None => candidate,
        }
    }

    /// A limit frees: those that wait for it are asked, the longest-waiting first.
    pub(crate) fn limit_frees(&mut self, rule: RuleNo, limit_key: &Key) {
        // A paused rule waits on; the switch that ends the pause asks again.
        if self.rule(rule).status == Status::Paused {
            return;
        }
        let waiting = self.state.rules[rule as usize].waiting.remove(limit_key).unwrap_or_default();
        let mut left: BTreeSet<(Timestamp, u64, Key)> = BTreeSet::new();
        let mut frees_again = None;
        for (since, number, key) in waiting {
            let Some(candidate) = self.waiting_candidate(rule, &key, Some(number), |waits| waits == Waits::Limit)
            else {
                continue;
            };
            if frees_again.is_some() {
                // The limit is taken; the rest waits on in its order.
                left.insert((since, number, key));
                continue;
            }
            let attempt = self.attempt(&candidate);
            match attempt {
                Attempt::Fired => self.fired(rule, &key),
                // What it is limited by is another by now: it waits for that one, in its turn.
                Attempt::Limited { limit_key: ref met, .. } if met != limit_key => {
                    self.keep_pending(candidate, attempt);
                    continue;
                }
                Attempt::Limited { frees_at, .. } => {
                    frees_again = Some(frees_at);
                    left.insert((since, number, key));
                    continue;
                }
                attempt => self.keep_pending(candidate, attempt),
            }
            let limit = self.rule(rule).limit.as_ref();
            frees_again = limit.and_then(|limit| self.limited(rule, limit, limit_key)).map(|(_, frees_at)| frees_at);
        }
        if let (false, Some(frees_at)) = (left.is_empty(), frees_again) {
            self.state.rules[rule as usize].waiting.insert(limit_key.clone(), left);
            self.put(frees_at, rule, limit_key.clone(), DueKind::LimitFrees);
        }
    }

    /// A silence ends: an episode that outlasted it is asked.
    pub(crate) fn silence_ends(&mut self, rule: RuleNo, key: &Key) {
        let now = self.now;
        if self.rule(rule).status == Status::Paused {
            return;
        }
        let ended = |waits: Waits| matches!(waits, Waits::Silence(until) if until <= now);
        if let Some(candidate) = self.waiting_candidate(rule, key, None, ended) {
            if let Some(until) = self.silenced(&self.rule(rule).id) {
                // Another silence lasts: it was said once that this is silenced.
                return self.keep_pending(candidate, Attempt::Silenced { until });
            }
            match self.attempt(&candidate) {
                Attempt::Fired => self.fired(rule, key),
                attempt => self.keep_pending(candidate, attempt),
            }
        }
    }

    /// Returns what waits in an episode, if the episode lasts and, where asked, is still the one with this number.
    fn waiting_candidate(
        &mut self,
        rule: RuleNo,
        key: &Key,
        number: Option<u64>,
        asked: impl Fn(Waits) -> bool,
    ) -> Option<Candidate> {
        let now = self.now;
        let need = match &self.rule(rule).trigger {
            Trigger::Count { at_least, .. } => *at_least as u64,
            _ => 0,
        };
        let state = self.key_state(rule, key)?;
        let episode = state.episode.as_ref().filter(|episode| number.is_none_or(|of| of == episode.number))?;
        let pending = episode.pending.as_deref().filter(|pending| asked(pending.waits))?;
        let lasts = match &state.window {
            Window::Count(window) => window.lasts(need, now),
            _ => true,
        };
        let candidate = Candidate::of_pending(rule, key.clone(), pending);
        if !lasts {
            state.episode = None;
            return None;
        }
        Some(candidate)
    }

    /// Takes a firing back out of its limit: nothing of it was sent (M12). Who waits is asked at once.
    pub(crate) fn give_back(&mut self, number: u64, account: Account) {
        let rule = &mut self.state.rules[account.rule as usize];
        if let Some(limit) = rule.limits.get_mut(&account.limit_key) {
            limit.firings.retain(|(_, of)| *of != number);
        }
        if rule.waiting.contains_key(&account.limit_key) {
            self.put(self.now, account.rule, account.limit_key, DueKind::LimitFrees);
        }
    }
}

impl LimitState {
    fn fired(&mut self, at: Timestamp, account: u64) {
        // Most keys fire once: left alone, the first would make room for four.
        self.firings.reserve_exact(1);
        self.firings.push_back((at, account));
        while self.firings.len() > 2 {
            self.firings.pop_front();
        }
    }
}

/// Returns a limit's key from the values of a firing, or the first missing part.
pub(crate) fn limit_key(limit: &Limit, scope: &Scope) -> Result<Key, Str> {
    let part = |(name, access): &(Str, crate::ir::expr::Access)| {
        let value = grouped(scope.access(access));
        if value.is_missing() { Err(name.clone()) } else { Ok(value) }
    };
    limit.per.iter().map(part).collect()
}
