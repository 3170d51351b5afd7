//! The whole history, and windows filled from it (M24): what a rule would have seen, had it been there all along.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use touchline::engine::Taken;
use touchline::id::RuleId;
use touchline::ir::{Rule, Status, Trigger};
use touchline::signal::Signal;
use touchline::value::Value;

use super::shapes::measured;
use super::window::{Part, Seen};
use super::world::World;
use super::{Known, Look, Naive};

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Past {
    Shown {
        signal: Arc<Signal>,
        arrival: u64,
        came: Timestamp,
        late: bool,
        chain: Vec<RuleId>,
        /// Its place among the known signals: an update is shown under the same one (M6).
        known: Option<usize>,
        /// The facts of then (M8).
        world: World,
    },
    /// A rule's case was closed: its counting starts again (M9).
    Closed { rule: RuleId, key: Vec<Value>, at: Timestamp },
}

impl Naive {
    pub(super) fn remember(&mut self, signal: &Arc<Signal>, known: Option<usize>) {
        let late = self.latest_at.is_some_and(|latest| signal.at < latest);
        let (chain, world) = (self.chain.clone(), self.before.clone());
        self.history.push(Past::Shown {
            signal: signal.clone(),
            arrival: self.arrivals,
            came: self.now(),
            late,
            chain,
            known,
            world,
        });
    }

    /// A signal of history (M10, M24): known by its id as any other, in its place however late, and nothing fires for it.
    pub(super) fn take_history(&mut self, signal: Signal) {
        let now = self.now();
        let memory: SignedDuration = self.ruleset.vocabulary.duplicate_memory;
        let still_known = |known: &Known| known.signal.id == signal.id && now < known.since + memory;
        if let Some(place) = self.known.iter().position(still_known) {
            let known = &mut self.known[place];
            if known.content == signal {
                self.step.taken = Taken::Duplicate;
                return;
            }
            self.step.taken = Taken::Update;
            known.content = signal.clone();
            let before = known.signal.clone();
            if known.signal.kind == signal.kind {
                let fields = known.signal.fields.iter_mut().zip(&signal.fields);
                fields.filter(|(field, _)| field.is_missing()).for_each(|(field, value)| *field = value.clone());
            }
            let filled = known.signal.clone();
            if filled != before {
                self.show_quietly(filled, place);
            }
            return;
        }
        let content = signal.clone();
        self.known.push(Known { signal: signal.clone(), since: now, content, took_part: vec![] });
        self.step.taken = Taken::Accepted;
        self.show_quietly(signal.clone(), self.known.len() - 1);
        self.latest_at = self.latest_at.max(Some(signal.at));
    }

    fn show_quietly(&mut self, signal: Signal, known: usize) {
        self.arrivals += 1;
        let late = self.latest_at.is_some_and(|latest| signal.at < latest);
        self.note_seen(&signal);
        self.before = self.world.clone();
        let signal = Arc::new(signal);
        self.remember(&signal, Some(known));
        for rule in self.ruleset.rules.clone() {
            let took = self.known[known].took_part.contains(&rule.id);
            if rule.status != Status::Paused && rule.signals().contains(&signal.kind) && !took {
                self.took_part = false;
                self.take_in(&rule, Look { signal: &signal, arrival: self.arrivals, late });
                if self.took_part {
                    self.known[known].took_part.push(rule.id.clone());
                }
            }
        }
    }

    /// What is over is over; an episode that was entered goes on; the rest is entered at its next signal or check.
    fn take_in(&mut self, rule: &Arc<Rule>, look: Look) {
        let going_on = self.going_on(rule);
        match &rule.trigger {
            Trigger::Absence { first, then, .. } => {
                if let Some(place) = self.see(rule, then, Part::Then, look) {
                    self.look_absence_then(rule, place);
                }
                // Armed where the deadline is still ahead.
                if let Some(place) = self.see(rule, first, Part::First, look)
                    && self.seen(rule)[place].ends <= self.now()
                {
                    self.story(&rule.id).seen.remove(place);
                }
                return;
            }
            _ => self.see_quietly(rule, look),
        }
        let touched = self.seen(rule).iter().find(|seen| seen.arrival == look.arrival).map(|seen| seen.key.clone());
        let Some(key) = touched else { return };
        let goes_on = match &rule.trigger {
            Trigger::Count { .. } => self.settle_around(rule, &key, look.arrival, &going_on),
            Trigger::Reading { .. } => self.settle_reading(rule, &key, &going_on),
            _ => true,
        };
        if !goes_on {
            self.leave(rule, &key);
        }
    }

    /// Of a count, the stretches that the signal is part of: what is over is over; one that lasts is entered if it is an
    /// episode that goes on.
    fn settle_around(&mut self, rule: &Arc<Rule>, key: &[Value], arrival: u64, going_on: &BTreeSet<u64>) -> bool {
        let now = self.now();
        let counted = self.counted(rule, key);
        let own = counted.list.iter().position(|seen| seen.arrival == arrival).expect("it was just seen");
        let (at, end) = (counted.list[own].at, counted.ends[own]);
        let (mut over, mut open, mut lasting) = (BTreeSet::new(), BTreeSet::new(), true);
        for (from, to) in counted.intervals().into_iter().filter(|(from, to)| *from < end && at < *to) {
            let inside = counted.list.iter().filter(|seen| from <= seen.at && seen.at < to);
            let inside: Vec<u64> = inside.map(|seen| seen.arrival).collect();
            let lasts = from <= now && now < to;
            let goes_on = inside.iter().any(|arrival| going_on.contains(arrival));
            if lasts {
                lasting = goes_on;
            }
            if lasts && !goes_on { &mut open } else { &mut over }.extend(inside);
        }
        for seen in self.story(&rule.id).seen.iter_mut().filter(|seen| seen.key == key) {
            seen.spent = (seen.spent || over.contains(&seen.arrival)) && !open.contains(&seen.arrival);
        }
        lasting
    }

    /// M24: what the rule has seen is read from the history, with the facts of then. Nothing fires for it. What is
    /// complete in itself, a B that followed its A, is over: it is not told later, and its As are used up.
    pub(super) fn fill_from_history(&mut self, rule: &Arc<Rule>) {
        let history = std::mem::take(&mut self.history);
        let (now_chain, now_before) = (std::mem::take(&mut self.chain), self.before.clone());
        let story = self.story(&rule.id);
        story.seen.clear();
        story.met.clear();
        story.floors.clear();
        self.known.iter_mut().for_each(|known| known.took_part.retain(|id| *id != rule.id));
        for past in &history {
            match past {
                Past::Closed { rule: of, key, at } if *of == rule.id => {
                    let story = self.story(of);
                    story.seen.retain(|seen| seen.key != *key);
                    story.met.remove(key);
                    story.floors.insert(key.clone(), *at);
                }
                Past::Closed { .. } => {}
                Past::Shown { signal, arrival, came, late, chain, known, world } => {
                    let took = |known: &usize| self.known[*known].took_part.contains(&rule.id);
                    if !rule.signals().contains(&signal.kind) || known.as_ref().is_some_and(took) {
                        continue;
                    }
                    self.before = world.clone();
                    self.chain = chain.clone();
                    self.took_part = false;
                    self.see_quietly(rule, Look { signal, arrival: *arrival, late: *late });
                    let seen = self.story(&rule.id).seen.iter_mut();
                    seen.filter(|seen| seen.arrival == *arrival).for_each(|seen| seen.came = *came);
                    if let (true, Some(known)) = (self.took_part, known) {
                        self.known[*known].took_part.push(rule.id.clone());
                    }
                }
            }
        }
        self.history = history;
        self.chain = now_chain;
        self.before = now_before;
    }

    fn see_quietly(&mut self, rule: &Arc<Rule>, look: Look) {
        match &rule.trigger {
            Trigger::Each(source) => drop(self.see(rule, source, Part::First, look)),
            Trigger::Reading { source, field, .. } => {
                if !look.signal.field(*field).is_missing() {
                    self.see(rule, source, Part::First, look);
                }
            }
            Trigger::Count { source, different, .. } => {
                if !different.is_some_and(|field| look.signal.field(field).is_missing()) {
                    self.see(rule, source, Part::First, look);
                }
            }
            Trigger::Sequence { first, then, .. } => {
                if let Some(place) = self.see(rule, then, Part::Then, look) {
                    self.pair_with_then(rule, place);
                }
                if let Some(place) = self.see(rule, first, Part::First, look) {
                    self.pair_with_first(rule, place);
                }
            }
            Trigger::Absence { first, then, .. } => {
                self.see(rule, then, Part::Then, look);
                self.see(rule, first, Part::First, look);
            }
            Trigger::Measure(measure) => {
                self.meet(rule, &measure.source, look);
                if measured(measure, look.signal) {
                    self.see(rule, &measure.source, Part::First, look);
                }
            }
            Trigger::Schedule(_) => {}
        }
    }

    fn pair_with_then(&mut self, rule: &Arc<Rule>, then: usize) {
        if self.first_for(rule, then).is_some() {
            self.use_up(rule, then);
        }
    }

    fn pair_with_first(&mut self, rule: &Arc<Rule>, first: usize) {
        if let Some((_, then)) = self.then_for(rule, first) {
            self.use_up(rule, then);
        }
    }
}

/// The numbers of what was spent.
pub fn spent(seen: &[Seen]) -> Vec<(u64, Part)> {
    seen.iter().filter(|seen| seen.spent).map(|seen| (seen.arrival, seen.part)).collect()
}
