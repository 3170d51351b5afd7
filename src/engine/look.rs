//! A rule looks at a signal: the eight trigger shapes, and what each makes of one.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::clock::Length;
use crate::engine::effect::Values;
use crate::engine::eval::{Record, Scope, grouped};
use crate::engine::fire::{Attempt, Candidate};
use crate::engine::kept::Kept;
use crate::engine::name::Name;
use crate::engine::state::{DueKind, Key, KeyState, Latest, RuleNo, Window};
use crate::engine::trace::{Compared, Verdict};
use crate::engine::turn::Turn;
use crate::engine::window::absence::{AbsenceWindow, Open, Waits};
use crate::engine::window::count::{CountWindow, Counted};
use crate::engine::window::measure::MeasureWindow;
use crate::engine::window::reading::{Read, ReadingWindow, Reads};
use crate::engine::window::sequence::{Pair, SequenceWindow};
use crate::engine::window::{At, Place};
use crate::id::RuleId;
use crate::ir::expr::Operand;
use crate::ir::{KeyPart, Rule, Side, Source, Status, Trigger};
use crate::number::Number;
use crate::signal::Signal;
use crate::value::{Str, Value};
use crate::vocabulary::typed::print_value;
use crate::vocabulary::{FieldNo, SignalNo};

/// A signal in its place.
#[derive(Clone)]
pub(crate) struct Arrived {
    pub signal: Arc<Signal>,
    pub place: Place,
    pub chain: Arc<[RuleId]>,
    /// Whether later ones were seen before it.
    pub late: bool,
    /// The signal as windows keep it, made once one does.
    kept: OnceCell<Kept>,
    /// Its id as windows keep it, likewise.
    name: OnceCell<Name>,
}

impl Arrived {
    /// Returns a signal at its place.
    pub fn new(signal: Arc<Signal>, place: Place, chain: Arc<[RuleId]>, late: bool) -> Arrived {
        Arrived { signal, place, chain, late, kept: OnceCell::new(), name: OnceCell::new() }
    }

    /// Returns its id as windows keep it.
    pub fn name(&self) -> Name {
        self.name.get_or_init(|| Name::of(&self.signal.id)).clone()
    }

    /// Returns the signal as windows keep it.
    fn kept(&self) -> Kept {
        self.kept.get_or_init(|| Kept::of(&self.signal)).clone()
    }
}

impl Turn<'_> {
    /// Lets every rule see a signal, except those in `except` (an update is not seen twice). Returns the rules it took
    /// part in, and the signal as a window keeps it, if one does.
    pub fn see(&mut self, signal: Arc<Signal>, chain: Arc<[RuleId]>, except: &[RuleNo]) -> (Vec<RuleNo>, Option<Kept>) {
        self.state.arrivals += 1;
        let late = self.state.latest_at.is_some_and(|latest| signal.at < latest);
        self.see_things(&signal);
        let place = Place::new(signal.at, self.state.arrivals);
        let arrived = Arrived::new(signal, place, chain, late);
        let mut took_part = Vec::new();
        let rules = self.rules;
        for rule in rules.candidates(arrived.signal.kind) {
            let takes_part = !except.contains(rule)
                && if self.quiet { self.take_in(*rule, &arrived) } else { self.look(*rule, &arrived) };
            if takes_part {
                took_part.push(*rule);
            }
        }
        (took_part, arrived.kept.into_inner())
    }

    fn see_things(&mut self, signal: &Signal) {
        let kind = self.rules.vocabulary.signal_type(signal.kind);
        for (field, value) in kind.fields.iter().zip(&signal.fields).take(kind.about) {
            if let (crate::vocabulary::Type::Thing(thing), Value::Id(id)) = (&field.ty, value)
                && self.rules.runs_over(*thing)
                && !self.state.things_seen.contains(&(*thing, id.clone()))
            {
                self.state.things_seen.insert((*thing, id.clone()));
            }
        }
    }

    /// One rule looks at one signal; tells whether the signal takes part in it.
    pub(crate) fn look(&mut self, number: RuleNo, arrived: &Arrived) -> bool {
        let rule = self.rule(number);
        if rule.status == Status::Paused {
            self.note(number, vec![], Some(&arrived.signal.id), Verdict::Paused, vec![]);
            return false;
        }
        match &rule.trigger {
            Trigger::Each(source) => self.look_each(number, source, arrived),
            Trigger::Reading { source, field, side, line, clears, stays_for } => {
                let reads = |value: &Value| reads(value, *side, line, clears.as_ref());
                let words = (*side, line);
                self.look_reading(number, source, (*field, words), &reads, *stays_for, arrived)
            }
            Trigger::Count { source, at_least, different, within } => {
                self.look_count(number, source, *at_least as u64, *different, *within, arrived)
            }
            Trigger::Sequence { first, then, within } => self.look_sequence(number, (first, then), *within, arrived),
            Trigger::Absence { first, then, .. } => self.look_absence(number, (first, then), arrived),
            Trigger::Measure(_) => self.look_measure(number, arrived),
            Trigger::Schedule(_) => false,
        }
    }

    /// Tells whether `where` holds and gives the key; notes why not.
    pub(crate) fn matches(
        &mut self,
        number: RuleNo,
        source: &Source,
        arrived: &Arrived,
    ) -> Option<(Key, Vec<Compared>)> {
        let rule = self.rule(number);
        let mut record: Record = self.watching.then(Vec::new);
        let scope = Scope::of_signal(self.facts(), &arrived.signal);
        let holds = source.filter.as_ref().is_none_or(|filter| scope.holds(filter, &mut record));
        self.asked(number, record.as_deref().unwrap_or_default());
        if !holds {
            self.note(number, vec![], Some(&arrived.signal.id), Verdict::NoMatch, record.unwrap_or_default());
            return None;
        }
        match key_of(rule, &Scope::of_signal(self.facts(), &arrived.signal), arrived.signal.kind) {
            Ok(written) => {
                let key: Key = written.iter().cloned().map(grouped).collect();
                if key != written {
                    let state = self.state.rules[number as usize].keys.entry(key.clone()).or_default();
                    state.change_aside(|aside| {
                        aside.shown.get_or_insert(Box::new(written));
                    });
                }
                Some((key, record.unwrap_or_default()))
            }
            Err(part) => {
                let verdict = Verdict::KeyMissing { part };
                self.note(number, vec![], Some(&arrived.signal.id), verdict, record.unwrap_or_default());
                None
            }
        }
    }

    /// Returns the state of a key, unless the signal lies before the closing of its case (M9).
    fn open_key(&mut self, number: RuleNo, key: &Key, arrived: &Arrived) -> Option<&mut KeyState> {
        let keys = &mut self.state.rules[number as usize].keys;
        if !keys.contains_key(key) {
            keys.insert(key.clone(), KeyState::default());
        }
        match keys.get(key).and_then(|state| state.aside().floor) {
            Some(floor) if arrived.place.at < floor => {
                self.note_key(number, key, Some(&arrived.signal.id), Verdict::TooLate, vec![]);
                None
            }
            _ => self.state.rules[number as usize].keys.get_mut(key),
        }
    }

    fn look_each(&mut self, number: RuleNo, source: &Source, arrived: &Arrived) -> bool {
        let Some((_, compared)) = self.matches(number, source, arrived) else { return false };
        let values = Values { signal: Some(arrived.signal.clone()), ..Values::default() };
        let candidate = Candidate::of(number, vec![], values, arrived, vec![arrived.name()], compared);
        self.attempt_once(candidate);
        true
    }

    fn look_count(
        &mut self,
        number: RuleNo,
        source: &Source,
        need: u64,
        different: Option<FieldNo>,
        within: Length,
        arrived: &Arrived,
    ) -> bool {
        let Some((key, compared)) = self.matches(number, source, arrived) else { return false };
        let distinct = different.map(|field| grouped(arrived.signal.field(field).clone()));
        if distinct.as_ref().is_some_and(Value::is_missing) {
            let part = different.map_or_else(Str::default, |field| self.field_name(source.signal, field));
            self.note(number, vec![], Some(&arrived.signal.id), Verdict::KeyMissing { part }, compared);
            return false;
        }
        let (now, at, quiet) = (self.now, arrived.place.at(), self.quiet);
        let zone = &self.rule(number).zone;
        let horizon = self.horizon(source.signal);
        let Some(state) = self.open_key(number, &key, arrived) else { return false };
        let since = state.episode.as_ref().map(|episode| episode.since);
        let waits = state.episode.as_ref().is_some_and(|episode| episode.pending.is_some());
        let window = state.window.count();
        window.trim(horizon);
        let id = arrived.name();
        if quiet {
            let carriers = if since.is_some() { window.carriers(need, now) } else { BTreeSet::new() };
            let end = within.after(at, zone);
            if !window.take_in(arrived.place, end, id, distinct, need, now, &carriers) {
                state.episode = None;
            }
            self.note_key(number, &key, Some(&arrived.signal.id), Verdict::Noted, compared);
            return true;
        }
        let counted = window.insert(arrived.place, within.after(at, zone), id, distinct, need, now);
        let signal = Some(&arrived.signal.id);
        match counted {
            Counted::Below { have } => {
                if !arrived.late {
                    self.leave(number, &key);
                }
                self.note_key(number, &key, signal, Verdict::Counting { have, need }, compared);
            }
            // Who joins an episode that has fired is asked nothing: nobody needs the signals of the window.
            Counted::Joined { lasts } if !lasts || !waits => {
                self.note_key(number, &key, signal, Verdict::Joined { since: since.unwrap_or(now) }, compared);
            }
            Counted::Joined { lasts } => {
                let (have, signals) = (window.have(now.max(at)), window.signals(now.max(at)));
                self.join(self.counted(number, key, have, arrived, signals, compared), lasts);
            }
            Counted::Entered { signals, have, lasts } => {
                self.enter(self.counted(number, key, have, arrived, signals, compared), lasts);
            }
        }
        true
    }

    fn counted(
        &self,
        number: RuleNo,
        key: Key,
        have: u64,
        arrived: &Arrived,
        signals: Vec<Name>,
        compared: Vec<Compared>,
    ) -> Candidate {
        let signal = Some(arrived.signal.clone());
        let values = Values { signal, key: key.clone(), count: whole(have), ..Values::default() };
        Candidate::of(number, key, values, arrived, signals, compared)
    }

    fn look_reading(
        &mut self,
        number: RuleNo,
        source: &Source,
        (field, words): (FieldNo, (Side, &Operand)),
        reads: &dyn Fn(&Value) -> Reads,
        stays_for: Option<Length>,
        arrived: &Arrived,
    ) -> bool {
        let Some((key, compared)) = self.matches(number, source, arrived) else { return false };
        let value = arrived.signal.field(field).clone();
        if value.is_missing() {
            let part = self.field_name(source.signal, field);
            self.note(number, vec![], Some(&arrived.signal.id), Verdict::KeyMissing { part }, compared);
            return false;
        }
        let reads = reads(&value);
        let horizon = self.lateness_horizon(source.signal);
        let Some(state) = self.open_key(number, &key, arrived) else { return false };
        let window = state.window.reading();
        let read = window.insert(arrived.place, arrived.name(), reads);
        window.trim(horizon);
        let over = window.lasts();
        if !over {
            self.leave(number, &key);
        }
        let candidate = |compared| {
            let values = Values { signal: Some(arrived.signal.clone()), key: key.clone(), ..Values::default() };
            Candidate::of(number, key.clone(), values, arrived, vec![arrived.name()], compared)
        };
        let signal = Some(&arrived.signal.id);
        match (read, stays_for) {
            (Read::NotOver, _) => {
                let mut compared = compared;
                if self.watching {
                    compared.push(self.read(number, source, field, words, &arrived.signal, false));
                }
                self.note_key(number, &key, signal, Verdict::NotOver, compared);
            }
            (Read::Joined, _) => self.join(candidate(compared), over),
            (Read::New { lasts, .. }, None) => {
                if let Some(state) = self.state.rules[number as usize].keys.get_mut(&key) {
                    state.window.reading().enter(arrived.place);
                }
                self.enter(candidate(compared), lasts);
            }
            (Read::New { since, .. }, Some(length)) => {
                let until = length.after(since, &self.rule(number).zone);
                self.note_key(number, &key, signal, Verdict::Armed { until }, compared);
            }
        }
        if let Some(length) = stays_for {
            self.arm_stay(number, &key, length, source.signal, arrived);
        }
        true
    }

    /// Returns the comparison of a reading: the value with the line of the rule.
    pub(crate) fn read(
        &self,
        number: RuleNo,
        source: &Source,
        field: FieldNo,
        (side, line): (Side, &Operand),
        signal: &Signal,
        holds: bool,
    ) -> Compared {
        let read = &self.rules.vocabulary.signal_type(source.signal).fields[field.index()];
        let line = match line {
            Operand::Literal(value) => print_value(value, &read.ty),
            Operand::Access(access) => access.name.to_string(),
            Operand::Script(..) => "the script's value".to_owned(),
        };
        let side = if side == Side::Over { "over" } else { "under" };
        let actual = if read.personal { "(personal)".to_owned() } else { print_value(signal.field(field), &read.ty) };
        let clause = format!("{} is {side} {line}", read.name).into();
        Compared { clause, actual: actual.into(), holds, here: self.rule(number).here }
    }

    /// Sets, moves or lifts the deadline of `stays over … for`.
    fn arm_stay(&mut self, number: RuleNo, key: &Key, length: Length, signal: SignalNo, arrived: &Arrived) {
        let wait = self.declared_lateness(signal);
        let zone = &self.rule(number).zone;
        let now = self.now;
        let Some(state) = self.state.rules[number as usize].keys.get_mut(key) else { return };
        let since = state.window.reading().unentered_since();
        let due = since.map(|since| saturating_add(length.after(since, zone), wait).max(now));
        // The latest reading is what the firing will speak of, also where a late one begins its run.
        state.change_aside(|aside| {
            aside.latest = Some(latest_of(aside.latest.take(), arrived));
            aside.ran_out = false;
        });
        self.arm(number, key, due);
    }

    /// Sets the deadline of `stays over … for` from what is kept (after a switch).
    pub(crate) fn arm_stay_again(&mut self, number: RuleNo, key: &Key, length: Length, signal: SignalNo) {
        let wait = self.declared_lateness(signal);
        let zone = &self.rule(number).zone;
        let now = self.now;
        let Some(state) = self.state.rules[number as usize].keys.get_mut(key) else { return };
        let since = state
            .window
            .reading()
            .unentered_since()
            .filter(|_| state.aside().latest.is_some() && !state.aside().ran_out);
        let due = since.map(|since| saturating_add(length.after(since, zone), wait).max(now));
        self.arm(number, key, due);
    }

    /// Makes `due` the deadline of a key in the agenda.
    pub(crate) fn arm(&mut self, number: RuleNo, key: &Key, due: Option<Timestamp>) {
        let Some(state) = self.state.rules[number as usize].keys.get_mut(key) else { return };
        let armed =
            state.change_aside(|aside| std::mem::replace(&mut aside.armed, due.map(At::from))).map(Timestamp::from);
        if armed == due {
            return;
        }
        if let Some(armed) = armed {
            self.take_off(armed, number, key.clone(), DueKind::Deadline);
        }
        if let Some(due) = due {
            self.put(due, number, key.clone(), DueKind::Deadline);
        }
    }

    fn look_sequence(
        &mut self,
        number: RuleNo,
        (first, then): (&Source, &Source),
        within: Length,
        arrived: &Arrived,
    ) -> bool {
        let mut took_part = false;
        // A signal of a kind that is both is first the B of earlier As, then an A.
        if then.signal == arrived.signal.kind
            && let Some((key, compared)) = self.matches(number, then, arrived)
        {
            took_part = true;
            let (a, b) = self.sequence_horizons(first.signal, then.signal);
            if let Some(state) = self.open_key(number, &key, arrived) {
                let window = state.window.sequence();
                window.trim(a, b);
                let pair = window.insert_then(arrived.place, arrived.kept(), arrived.chain.clone());
                self.complete(number, key, pair, arrived, compared);
            }
        }
        if first.signal == arrived.signal.kind
            && let Some((key, compared)) = self.matches(number, first, arrived)
        {
            took_part = true;
            let end = within.after(arrived.place.at(), &self.rule(number).zone);
            if let Some(state) = self.open_key(number, &key, arrived) {
                let pair = state.window.sequence().insert_first(arrived.place, end, arrived.kept());
                self.complete(number, key, pair, arrived, compared);
            }
        }
        took_part
    }

    fn complete(&mut self, number: RuleNo, key: Key, pair: Option<Pair>, arrived: &Arrived, compared: Vec<Compared>) {
        let Some(pair) = pair else {
            return self.note_key(number, &key, Some(&arrived.signal.id), Verdict::Noted, compared);
        };
        let mut signals: Vec<_> = pair.firsts.iter().map(|signal| Name::of(&signal.id)).collect();
        signals.push(Name::of(&pair.then.id));
        let values = Values {
            signal: Some(pair.then.clone()),
            first: pair.firsts.first().cloned(),
            key: key.clone(),
            ..Values::default()
        };
        let mut candidate = Candidate::of(number, key, values, arrived, signals, compared);
        candidate.signal = Some(pair.then.id.clone());
        candidate.chain = pair.chain;
        self.attempt_once(candidate);
    }

    fn look_absence(&mut self, number: RuleNo, (first, then): (&Source, &Source), arrived: &Arrived) -> bool {
        let mut took_part = false;
        if then.signal == arrived.signal.kind
            && let Some((key, compared)) = self.matches(number, then, arrived)
        {
            took_part = true;
            self.answer(number, key, first.signal, arrived, compared);
        }
        if first.signal == arrived.signal.kind
            && let Some((key, compared)) = self.matches(number, first, arrived)
        {
            took_part = true;
            self.wait_for_answer(number, key, then.signal, arrived, compared);
        }
        took_part
    }

    fn answer(&mut self, number: RuleNo, key: Key, first: SignalNo, arrived: &Arrived, compared: Vec<Compared>) {
        let (now, horizon) = (self.now, self.lateness_horizon(first));
        let Some(state) = self.open_key(number, &key, arrived) else { return };
        let window = state.window.absence();
        let (answered, left) = window.insert_then(arrived.place, now);
        window.trim(horizon);
        let first_answer = window.first_answer();
        if left {
            self.leave(number, &key);
        }
        self.forget_answers(number, &key, first_answer, horizon, &arrived.signal);
        let verdict = if answered { Verdict::Answered } else { Verdict::Noted };
        self.note_key(number, &key, Some(&arrived.signal.id), verdict, compared);
        self.arm_absence(number, &key);
    }

    /// Forgets answers too old for any A that may still come: a live one may be late up to `horizon`, one of history is
    /// waited for where its deadline is still ahead, and is answered by what followed it, however long ago (M10).
    fn forget_answers(
        &mut self,
        number: RuleNo,
        key: &Key,
        mut first: Option<Timestamp>,
        horizon: Timestamp,
        signal: &Signal,
    ) {
        while let Some(at) = first.filter(|at| *at < horizon) {
            if self.absence_deadline(number, at, signal) > self.now {
                break;
            }
            let Some(state) = self.key_state(number, key) else { break };
            let window = state.window.absence();
            window.forget_answer();
            first = window.first_answer();
        }
    }

    fn wait_for_answer(
        &mut self,
        number: RuleNo,
        key: Key,
        then: SignalNo,
        arrived: &Arrived,
        compared: Vec<Compared>,
    ) {
        let (now, wait) = (self.now, self.declared_lateness(then));
        let deadline = self.absence_deadline(number, arrived.place.at(), &arrived.signal);
        if self.quiet && deadline <= now {
            // M10: an absence is armed for As whose deadline is still ahead.
            return self.note_key(number, &key, Some(&arrived.signal.id), Verdict::Noted, compared);
        }
        let open =
            Open { place: arrived.place, deadline, signal: arrived.signal.clone(), chain: arrived.chain.clone() };
        let Some(state) = self.open_key(number, &key, arrived) else { return };
        let window = state.window.absence();
        let waits = window.insert_first(open, now, wait);
        let oldest = window.oldest().cloned();
        let candidate = |oldest: &Open, late: bool| {
            let values = Values { signal: Some(oldest.signal.clone()), key: key.clone(), ..Values::default() };
            let signals = vec![Name::of(&oldest.signal.id)];
            let mut candidate = Candidate::of(number, key.clone(), values, arrived, signals, compared.clone());
            candidate.signal = Some(oldest.signal.id.clone());
            candidate.chain = oldest.chain.clone();
            candidate.late = late;
            candidate
        };
        let own = Open { place: arrived.place, deadline, signal: arrived.signal.clone(), chain: arrived.chain.clone() };
        match waits {
            Waits::Answered => self.note_candidate(&candidate(&own, false), Verdict::Answered),
            Waits::Waiting => {
                let lasts = self.key_state(number, &key).is_some_and(|state| state.window.absence().lasts());
                match oldest.filter(|_| lasts) {
                    Some(oldest) => {
                        // What fires is the oldest A's; that this one joined is said of itself.
                        let (since, waits) = self.episode_of(number, &key);
                        let verdict = if self.quiet { Verdict::Noted } else { Verdict::Joined { since } };
                        let candidate = candidate(&oldest, arrived.late);
                        self.note_key(number, &key, Some(&arrived.signal.id), verdict, compared);
                        if waits && !self.quiet {
                            self.ask_again(candidate, since);
                        }
                    }
                    None => self.note_candidate(&candidate(&own, false), Verdict::Armed { until: deadline }),
                }
            }
            Waits::Missed { joined: true, .. } => {
                let since = deadline;
                self.note_candidate(&candidate(&own, true), Verdict::Joined { since });
            }
            Waits::Missed { lasts, joined: false } => {
                self.enter(candidate(if lasts { oldest.as_ref().unwrap_or(&own) } else { &own }, true), lasts);
            }
        }
        self.arm_absence(number, &key);
    }

    /// Sets or lifts the deadline of an absence.
    pub(crate) fn arm_absence(&mut self, number: RuleNo, key: &Key) {
        let Trigger::Absence { then, .. } = &self.rule(number).trigger else { return };
        let wait = self.declared_lateness(then.signal);
        let Some(state) = self.key_state(number, key) else { return };
        let due = state.window.absence().deadline().map(|deadline| saturating_add(deadline, wait));
        self.arm(number, key, due);
    }

    /// Returns the last instant at which an answer to an A at `at` is in time.
    pub(crate) fn absence_deadline(&self, number: RuleNo, at: Timestamp, signal: &Signal) -> Timestamp {
        let rule = self.rule(number);
        let Trigger::Absence { within, .. } = &rule.trigger else { return at };
        self.delayed(rule, *within, at, &self.things_of(signal)).unwrap_or(Timestamp::MAX)
    }

    fn note_candidate(&mut self, candidate: &Candidate, verdict: Verdict) {
        if self.watching {
            let named = named_key(self.rule(candidate.rule), &candidate.key);
            let compared = candidate.compared.clone();
            self.note(candidate.rule, named, candidate.signal.as_ref(), verdict, compared);
        } else {
            self.count(candidate.rule, &verdict);
        }
    }

    /// Enters an episode: it fires, or waits for guard, limit or silence to agree. One that is over already gets
    /// one try.
    pub(crate) fn enter(&mut self, candidate: Candidate, lasts: bool) {
        if self.quiet {
            return self.note_quiet(&candidate);
        }
        if !lasts {
            self.attempt_once(candidate);
            return;
        }
        self.leave(candidate.rule, &candidate.key);
        let attempt = self.attempt(&candidate);
        self.keep_episode(candidate, attempt);
    }

    /// Joins an episode: one that has not fired is asked again.
    pub(crate) fn join(&mut self, candidate: Candidate, lasts: bool) {
        if self.quiet {
            return self.note_quiet(&candidate);
        }
        let (since, waits) = self.episode_of(candidate.rule, &candidate.key);
        if !lasts || !waits {
            return self.note_candidate(&candidate, Verdict::Joined { since });
        }
        self.ask_again(candidate, since);
    }

    /// Returns since when the episode of a key lasts, and whether it waits for guard, limit or silence.
    fn episode_of(&mut self, number: RuleNo, key: &Key) -> (Timestamp, bool) {
        let now = self.now;
        let episode = self.key_state(number, key).and_then(|state| state.episode.as_ref());
        (episode.map_or(now, |episode| episode.since), episode.is_some_and(|episode| episode.pending.is_some()))
    }

    /// Asks an episode that has not fired, on the occasion of a signal that joins it.
    fn ask_again(&mut self, candidate: Candidate, since: Timestamp) {
        // Values are those of the latest signal of the key (M15); an earlier one only gives the occasion to ask again.
        let at = |candidate: &Candidate| candidate.values.signal.as_ref().map(|signal| signal.at);
        let pending = self.pending_candidate(candidate.clone());
        let spoken_of = candidate.signal == pending.signal;
        let late = if spoken_of { pending.late } else { candidate.late };
        let mut candidate = if at(&pending) > at(&candidate) { pending } else { candidate };
        if spoken_of {
            // Late is the signal it speaks of, not the one that gave the occasion (M5).
            candidate.late = late;
        }
        if let Some(until) = self.silenced(&self.rule(candidate.rule).id) {
            // It was said once that this is silenced; the end of the silence asks again.
            self.note_candidate(&candidate, Verdict::Joined { since });
            return self.keep_pending(candidate, Attempt::Silenced { until });
        }
        match self.attempt(&candidate) {
            Attempt::Fired => self.fired(candidate.rule, &candidate.key),
            attempt => self.keep_pending(candidate, attempt),
        }
    }

    pub(crate) fn key_state(&mut self, number: RuleNo, key: &Key) -> Option<&mut KeyState> {
        self.state.rules[number as usize].keys.get_mut(key)
    }

    fn field_name(&self, signal: SignalNo, field: FieldNo) -> Str {
        self.rules.vocabulary.signal_type(signal).fields[field.index()].name.clone()
    }

    fn declared_lateness(&self, signal: SignalNo) -> SignedDuration {
        self.rules.vocabulary.signal_type(signal).declared_lateness.unwrap_or_default()
    }

    /// Before this, a signal of this kind is too late to matter.
    pub(crate) fn lateness_horizon(&self, signal: SignalNo) -> Timestamp {
        let lateness = self.rules.vocabulary.signal_type(signal).lateness();
        self.now.checked_sub(lateness).unwrap_or(Timestamp::MIN)
    }

    fn horizon(&self, signal: SignalNo) -> Timestamp {
        self.lateness_horizon(signal)
    }

    fn sequence_horizons(&self, first: SignalNo, then: SignalNo) -> (Timestamp, Timestamp) {
        (self.lateness_horizon(then), self.lateness_horizon(first))
    }
}

/// Returns what a value reads against a line.
pub(crate) fn reads(value: &Value, side: Side, line: &Operand, clears: Option<&Operand>) -> Reads {
    let beyond = |value: &Value, line: &Operand, side: Side| {
        let Operand::Literal(line) = line else { return false };
        let compared = match (value, line) {
            (Value::Number(value), Value::Number(line)) => value.cmp(line),
            (Value::Duration(value), Value::Duration(line)) => value.cmp(line),
            (Value::Money(value, currency), Value::Money(line, same)) if currency == same => value.cmp(line),
            _ => return false,
        };
        if side == Side::Over { compared.is_gt() } else { compared.is_lt() }
    };
    let other = if side == Side::Over { Side::Under } else { Side::Over };
    match clears {
        _ if beyond(value, line, side) => Reads::Over,
        Some(clears) if !beyond(value, clears, other) => Reads::Between,
        _ => Reads::Clear,
    }
}

/// Returns the latest of the reading kept and the one that came.
fn latest_of(kept: Option<Box<Latest>>, arrived: &Arrived) -> Box<Latest> {
    match kept {
        Some(kept) if kept.0 > arrived.place => kept,
        _ => Box::new((arrived.place, arrived.signal.clone())),
    }
}

/// Returns the key a signal gives a rule, as it is written and not yet grouped, or the first missing part (M13).
pub(crate) fn key_of(rule: &Rule, scope: &Scope, signal: SignalNo) -> Result<Key, Str> {
    let part = |part: &KeyPart| {
        let from = part.from.iter().find(|(from, _)| *from == signal);
        let value = from.map_or(Value::Missing, |(_, access)| scope.access(access));
        if value.is_missing() { Err(part.name.clone()) } else { Ok(value) }
    };
    rule.key.iter().map(part).collect()
}

/// Returns a key with the names of its parts.
pub(crate) fn named_key(rule: &Rule, key: &Key) -> Vec<(Str, Value)> {
    rule.key.iter().map(|part| part.name.clone()).zip(key.iter().cloned()).collect()
}

pub(crate) fn whole(count: u64) -> Value {
    Value::Number(Number::from_whole(count.min(i64::MAX as u64) as i64))
}

pub(crate) fn saturating_add(at: Timestamp, length: SignedDuration) -> Timestamp {
    at.checked_add(length).unwrap_or(Timestamp::MAX)
}

macro_rules! window {
    ($($name:ident: $variant:ident($type:ty);)*) => {
        impl Window {
            $(
                /// Returns the window as this shape's, made where there was none.
                pub(crate) fn $name(&mut self) -> &mut $type {
                    if !matches!(self, Window::$variant(_)) {
                        *self = Window::$variant(Default::default());
                    }
                    match self {
                        Window::$variant(window) => window,
                        _ => unreachable!("made above"),
                    }
                }
            )*
        }
    };
}

window! {
    count: Count(CountWindow);
    reading: Reading(ReadingWindow);
    sequence: Sequence(SequenceWindow);
    absence: Absence(AbsenceWindow);
    measure: Measure(MeasureWindow);
}
