//! What a signal means to a rule: each signal, readings, counts, sequences, absences (M1, M3, M5, M9).

use std::sync::Arc;

use jiff::Timestamp;
use touchline::engine::effect::Values;
use touchline::ir::expr::Operand;
use touchline::ir::{Measure, Order, Rule, Side, Source, Trigger};
use touchline::number::Number;
use touchline::signal::Signal;
use touchline::value::Value;
use touchline::vocabulary::FieldNo;

use super::eval::{compares, seeing};
use super::firing::Candidate;
use super::window::{Counted, Interval, Part, Seen, ends, of_key};
use super::{Look, Naive};

impl Naive {
    pub(super) fn look(&mut self, rule: &Arc<Rule>, look: Look) {
        match &rule.trigger {
            Trigger::Each(source) => self.look_each(rule, source, look),
            Trigger::Reading { source, field, .. } => {
                // M13: a missing value is no reading.
                if !look.signal.field(*field).is_missing()
                    && let Some(place) = self.see(rule, source, Part::First, look)
                {
                    self.look_reading(rule, place, look);
                }
            }
            Trigger::Count { source, different, .. } => {
                if !different.is_some_and(|field| look.signal.field(field).is_missing())
                    && let Some(place) = self.see(rule, source, Part::First, look)
                {
                    self.look_count(rule, place, look);
                }
            }
            // A signal that is both is first a B of earlier As, then an A.
            Trigger::Sequence { first, then, .. } => {
                if let Some(place) = self.see(rule, then, Part::Then, look) {
                    self.look_sequence_then(rule, place, look);
                }
                if let Some(place) = self.see(rule, first, Part::First, look) {
                    self.look_sequence_first(rule, place, look);
                }
            }
            Trigger::Absence { first, then, .. } => {
                if let Some(place) = self.see(rule, then, Part::Then, look) {
                    self.look_absence_then(rule, place);
                }
                if let Some(place) = self.see(rule, first, Part::First, look) {
                    self.look_absence_first(rule, place, look.late);
                }
            }
            Trigger::Measure(measure) => {
                self.meet(rule, &measure.source, look);
                // M13: without the measured value it is not of the sample, and an update may still bring it (M6).
                if measured(measure, look.signal)
                    && let Some(place) = self.see(rule, &measure.source, Part::First, look)
                {
                    self.look_measure(rule, place, look);
                }
            }
            Trigger::Schedule(_) => {}
        }
    }

    /// Notes the signal if it passes `where` (M11), has its key (M13) and is not from before the closing of the rule's
    /// case (M9).
    pub(super) fn see(&mut self, rule: &Arc<Rule>, source: &Source, part: Part, look: Look) -> Option<usize> {
        if look.signal.kind != source.signal {
            return None;
        }
        let values = seeing(look.signal);
        let scope = super::eval::Scope { at: look.signal.at, ..self.scope(&values) };
        if source.filter.as_ref().is_some_and(|filter| !scope.holds(filter)) {
            return None;
        }
        let key = scope.key(&rule.key, look.signal)?;
        let in_share = match &rule.trigger {
            Trigger::Measure(measure) => measure.share.as_ref().is_some_and(|share| scope.holds(share)),
            _ => false,
        };
        let (end, judged) = match (&rule.trigger, part) {
            (Trigger::Absence { then, within, .. }, Part::First) => {
                let places = self.things_of_signal(look.signal);
                let end = self.after_delay(*within, look.signal.at, &places, rule);
                let waits = self.ruleset.vocabulary.signal_type(then.signal).declared_lateness.unwrap_or_default();
                (end, end.checked_add(waits).unwrap_or(Timestamp::MAX))
            }
            _ => (Timestamp::MAX, Timestamp::MAX),
        };
        let (chain, now) = (self.chain.clone(), self.now());
        let story = self.story(&rule.id);
        // A rule on each signal counts nothing that could start again.
        let floor = story.floors.get(&key).filter(|_| !matches!(rule.trigger, Trigger::Each(_)));
        if floor.is_some_and(|floor| look.signal.at < *floor) {
            return None;
        }
        story.seen.push(Seen {
            arrival: look.arrival,
            came: now,
            at: look.signal.at,
            key,
            signal: look.signal.clone(),
            part,
            spent: false,
            ends: end,
            judged,
            in_share,
            chain,
        });
        let place = story.seen.len() - 1;
        self.took_part = true;
        Some(place)
    }

    /// M14: a measure runs over the values seen, whatever else the signal had.
    pub(super) fn meet(&mut self, rule: &Arc<Rule>, source: &Source, look: Look) {
        let values = seeing(look.signal);
        let scope = super::eval::Scope { at: look.signal.at, ..self.scope(&values) };
        let passes =
            look.signal.kind == source.signal && source.filter.as_ref().is_none_or(|filter| scope.holds(filter));
        if let Some(key) = scope.key(&rule.key, look.signal).filter(|_| passes) {
            self.story(&rule.id).met.insert(key);
        }
    }

    pub(super) fn seen(&self, rule: &Rule) -> &[Seen] {
        &self.stories[&rule.id].seen
    }

    pub(super) fn spend(&mut self, rule: &Rule, places: &[usize]) {
        let story = self.story(&rule.id);
        places.iter().for_each(|place| story.seen[*place].spent = true);
    }

    /// A candidate whose values come from one signal (M15).
    fn candidate(&self, seen: &Seen, signals: &[&Seen], late: bool) -> Candidate {
        Candidate {
            key: seen.key.clone(),
            signal: Some(seen.signal.id.clone()),
            signals: signals.iter().map(|seen| seen.signal.id.clone()).collect(),
            late,
            values: Values { signal: Some(seen.signal.clone()), key: seen.key.clone(), ..Values::default() },
            chain: seen.chain.clone(),
        }
    }

    /// Shape 1. It needs no key; with one, a missing part means no match (M13).
    fn look_each(&mut self, rule: &Arc<Rule>, source: &Source, look: Look) {
        if let Some(place) = self.see(rule, source, Part::First, look) {
            let seen = self.seen(rule)[place].clone();
            let candidate = self.candidate(&seen, &[&seen], look.late);
            self.fire_or_not(rule, candidate);
        }
    }

    /// Shape 2. The readings of a key in order of time, cut into runs: a run begins at a value over the line and lasts
    /// up to, not including, the one that leaves it (M9).
    pub(super) fn runs(&self, rule: &Rule, key: &[Value]) -> Vec<Vec<usize>> {
        let seen = self.seen(rule);
        let mut runs: Vec<Vec<usize>> = Vec::new();
        let mut inside = false;
        for place in of_key(seen, key, Part::First) {
            match stands(rule, &seen[place]) {
                Stands::Over if !inside => {
                    runs.push(vec![place]);
                    inside = true;
                }
                Stands::Over | Stands::Between if inside => {
                    runs.last_mut().expect("inside a run").push(place);
                }
                Stands::Left => inside = false,
                _ => {}
            }
        }
        runs
    }

    /// The run that still lasts, if any.
    pub(super) fn current_run(&self, rule: &Rule, key: &[Value]) -> Option<Vec<usize>> {
        let run = self.runs(rule, key).pop()?;
        let last = *of_key(self.seen(rule), key, Part::First).last()?;
        run.contains(&last).then_some(run)
    }

    fn look_reading(&mut self, rule: &Arc<Rule>, place: usize, look: Look) {
        let Trigger::Reading { stays_for, .. } = &rule.trigger else { return };
        let key = self.seen(rule)[place].key.clone();
        self.story(&rule.id).ran_out.remove(&key);
        let run = self.runs(rule, &key).into_iter().find(|run| run.contains(&place));
        let current = self.current_run(rule, &key);
        if current.is_none() {
            self.leave(rule, &key);
        }
        let Some(run) = run else { return };
        let owned = run.iter().any(|place| self.seen(rule)[*place].spent);
        let lasts = current.as_ref() == Some(&run);
        let latest = self.seen(rule)[*run.last().expect("it holds `place`")].clone();
        if owned {
            self.spend(rule, &run);
            if lasts {
                let candidate = self.candidate(&latest, &[&latest], look.late);
                self.ask_again(rule, candidate, false);
            }
        } else if stays_for.is_none() && stands(rule, &self.seen(rule)[place]) == Stands::Over {
            self.spend(rule, &run);
            let seen = self.seen(rule)[place].clone();
            let candidate = self.candidate(&seen, &[&seen], look.late);
            self.enter(rule, candidate, lasts);
        }
    }

    /// `stays over X for D`: when the run that lasts has lasted D, if it was not entered before. Waits out declared
    /// lateness (M5).
    pub(super) fn stays_due(&self, rule: &Rule, key: &[Value]) -> Option<Timestamp> {
        let Trigger::Reading { source, stays_for: Some(length), .. } = &rule.trigger else { return None };
        let run = self.current_run(rule, key)?;
        let seen = self.seen(rule);
        if run.iter().any(|place| seen[*place].spent) || self.stories[&rule.id].ran_out.contains(key) {
            return None;
        }
        let waits = self.ruleset.vocabulary.signal_type(source.signal).declared_lateness.unwrap_or_default();
        let due = length.after(seen[run[0]].at, &rule.zone).checked_add(waits).ok()?;
        // Of readings that came late it is known then.
        let came = seen.iter().filter(|seen| seen.key == key).map(|seen| seen.came).max()?;
        Some(due.max(came))
    }

    pub(super) fn stays_passed(&mut self, rule: &Arc<Rule>, key: &[Value]) {
        let Some(run) = self.current_run(rule, key) else { return };
        self.spend(rule, &run);
        let latest = self.seen(rule)[*run.last().expect("a run has a reading")].clone();
        let candidate = self.candidate(&latest, &[&latest], false);
        self.enter(rule, candidate, true);
    }

    /// Shape 3 over what was seen of a key.
    pub(super) fn counted<'a>(&'a self, rule: &Rule, key: &[Value]) -> Counted<'a> {
        let Trigger::Count { at_least, different, within, .. } = &rule.trigger else {
            unreachable!("only asked of counts")
        };
        let seen = self.seen(rule);
        let list: Vec<&Seen> = of_key(seen, key, Part::First).into_iter().map(|place| &seen[place]).collect();
        let ends = ends(&list, *within, &rule.zone);
        Counted { list, ends, at_least: *at_least as usize, different: *different }
    }

    /// Shape 3 (M1, M3, M5, M9): the stretches of time in which N is reached and the new signal counts. One that belongs
    /// to no episode is entered, once; the others are joined.
    fn look_count(&mut self, rule: &Arc<Rule>, place: usize, look: Look) {
        let now = self.now();
        let new = self.seen(rule)[place].clone();
        let counted = self.counted(rule, &new.key);
        let own = counted.list.iter().position(|seen| seen.arrival == new.arrival).expect("it was just seen");
        let end = counted.ends[own];
        let meets = |(from, to): &Interval| *from <= now && *from < end && *to > new.at;
        let affected: Vec<Interval> = counted.intervals().into_iter().filter(meets).collect();
        let within = |interval: &Interval, seen: &Seen| interval.0 <= seen.at && seen.at < interval.1;
        let is_owned = |interval: &&Interval| counted.list.iter().any(|seen| seen.spent && within(interval, seen));
        let unowned = affected.iter().find(|interval| !is_owned(interval)).copied();
        let lasts = |interval: &Interval| interval.0 <= now && now < interval.1;
        let current = affected.iter().find(|interval| lasts(interval)).copied();
        let candidate_at = |t: Timestamp| self.count_candidate(rule, &new, &counted, t, look.late);
        let entering = unowned.map(|interval| (candidate_at(interval.0.max(new.at)), lasts(&interval)));
        let joining = current.map(|_| candidate_at(now));
        let is_part = |seen: &Seen| seen.key == new.key && affected.iter().any(|interval| within(interval, seen));
        let part: Vec<usize> = (0..self.seen(rule).len()).filter(|place| is_part(&self.seen(rule)[*place])).collect();
        if !self.count_lasts(rule, &new.key) {
            self.leave(rule, &new.key);
        }
        self.spend(rule, &part);
        match (entering, joining) {
            (Some((candidate, lasts)), _) => self.enter(rule, candidate, lasts),
            (None, Some(candidate)) => self.ask_again(rule, candidate, false),
            (None, None) => {}
        }
    }

    /// M15: the values of the signal that made it reach N.
    fn count_candidate(&self, rule: &Rule, trigger: &Seen, counted: &Counted, t: Timestamp, late: bool) -> Candidate {
        let _ = rule;
        let window = counted.window(t);
        let mut candidate = self.candidate(trigger, &window, late);
        candidate.values.count = Value::Number(Number::from_whole(counted.count(t) as i64));
        candidate
    }

    pub(super) fn count_lasts(&self, rule: &Rule, key: &[Value]) -> bool {
        let counted = self.counted(rule, key);
        counted.count(self.now()) >= counted.at_least
    }

    /// Shape 4, M1: the last instant at which a B is in time for each A, in order of time.
    fn sequence_ends(&self, rule: &Rule, key: &[Value]) -> Vec<(usize, Timestamp)> {
        let Trigger::Sequence { within, .. } = &rule.trigger else { return vec![] };
        let seen = self.seen(rule);
        let places = of_key(seen, key, Part::First);
        let list: Vec<&Seen> = places.iter().map(|place| &seen[*place]).collect();
        let ends = ends(&list, *within, &rule.zone);
        places.into_iter().zip(ends).collect()
    }

    /// The oldest unused A for which this B is in time, the end included (M3); an A of the same instant must have come
    /// before it (M1).
    pub(super) fn first_for(&self, rule: &Rule, then: usize) -> Option<usize> {
        let seen = self.seen(rule);
        let b = &seen[then];
        let fits = |(first, end): &(usize, Timestamp)| {
            let a = &seen[*first];
            !a.spent && a.place() < b.place() && b.at <= *end
        };
        self.sequence_ends(rule, &b.key).into_iter().find(fits).map(|(first, _)| first)
    }

    fn look_sequence_then(&mut self, rule: &Arc<Rule>, then: usize, look: Look) {
        if let Some(first) = self.first_for(rule, then) {
            self.follow(rule, first, then, look.late);
        }
    }

    /// M5: a late A finds the earliest B after it that has not fired and is in time.
    fn look_sequence_first(&mut self, rule: &Arc<Rule>, first: usize, look: Look) {
        if let Some((first, then)) = self.then_for(rule, first) {
            self.follow(rule, first, then, look.late);
        }
    }

    pub(super) fn then_for(&self, rule: &Rule, first: usize) -> Option<(usize, usize)> {
        let seen = self.seen(rule);
        let thens = of_key(seen, &seen[first].key, Part::Then);
        let mut unfired = thens.into_iter().filter(|then| !seen[*then].spent);
        unfired.find_map(|then| Some((self.first_for(rule, then)?, then)))
    }

    /// M9: uses up a B and the As before it.
    pub(super) fn use_up(&mut self, rule: &Arc<Rule>, then: usize) {
        let seen = self.seen(rule);
        let b = &seen[then];
        let earlier = |place: &usize| seen[*place].place() < b.place();
        let mut used: Vec<usize> = of_key(seen, &b.key, Part::First).into_iter().filter(earlier).collect();
        used.push(then);
        self.spend(rule, &used);
    }

    /// M9: a B fires once and uses up the earlier As of its key. M15: the values are B's; `first` is A.
    fn follow(&mut self, rule: &Arc<Rule>, first: usize, then: usize, late: bool) {
        let seen = self.seen(rule);
        let (a, b) = (seen[first].clone(), seen[then].clone());
        let earlier = |place: &usize| seen[*place].place() < b.place();
        let in_time = |(place, end): &(usize, Timestamp)| !seen[*place].spent && earlier(place) && b.at <= *end;
        let behind: Vec<usize> =
            self.sequence_ends(rule, &b.key).into_iter().filter(in_time).map(|(place, _)| place).collect();
        let behind: Vec<&Seen> = behind.into_iter().chain([then]).map(|place| &seen[place]).collect();
        let mut candidate = self.candidate(&b, &behind, late);
        candidate.values.first = Some(a.signal.clone());
        self.use_up(rule, then);
        self.fire_or_not(rule, candidate);
    }

    /// Shape 5: the first B after an A; of the same instant, one that came later.
    pub(super) fn answer_to(&self, rule: &Rule, first: usize) -> Option<usize> {
        let seen = self.seen(rule);
        let after = |then: &usize| seen[*then].place() > seen[first].place();
        of_key(seen, &seen[first].key, Part::Then).into_iter().find(after)
    }

    /// M3: whether no B came in time, the end included: then sooner or later it is an absence.
    pub(super) fn is_unanswered(&self, rule: &Rule, first: usize) -> bool {
        let seen = self.seen(rule);
        self.answer_to(rule, first).is_none_or(|then| seen[then].at > seen[first].ends)
    }

    /// Whether an episode between two Bs was entered before: As with the same next B have one episode.
    fn absence_owned(&self, rule: &Rule, first: usize) -> bool {
        let seen = self.seen(rule);
        let answer = self.answer_to(rule, first);
        let fellows = of_key(seen, &seen[first].key, Part::First).into_iter();
        fellows.into_iter().any(|place| seen[place].spent && self.answer_to(rule, place) == answer)
    }

    /// M9: the oldest unanswered A of each stretch between two Bs whose episode was not entered, with its deadline.
    pub(super) fn absences_due(&self, rule: &Rule, key: &[Value]) -> Vec<(Timestamp, usize)> {
        let seen = self.seen(rule);
        let mut answers = Vec::new();
        let mut due = Vec::new();
        for first in of_key(seen, key, Part::First) {
            let answer = self.answer_to(rule, first);
            if self.is_unanswered(rule, first) && !self.absence_owned(rule, first) && !answers.contains(&answer) {
                answers.push(answer);
                due.push((seen[first].judged, first));
            }
        }
        due
    }

    pub(super) fn absence_passed(&mut self, rule: &Arc<Rule>, first: usize, late: bool) {
        let lasts = self.answer_to(rule, first).is_none();
        let a = self.seen(rule)[first].clone();
        self.spend(rule, &[first]);
        let candidate = self.candidate(&a, &[&a], late);
        self.enter(rule, candidate, lasts);
    }

    /// A late A whose deadline has passed belongs to the episode of its stretch, or is one itself (M5); a further A of
    /// an unfired episode asks its guard again (M11), with the values of the oldest (M15).
    fn look_absence_first(&mut self, rule: &Arc<Rule>, first: usize, late: bool) {
        let owned = self.absence_owned(rule, first);
        let lasts = self.answer_to(rule, first).is_none();
        let a = self.seen(rule)[first].clone();
        if owned && lasts {
            let waiting = self.story(&rule.id).waiting.iter().find(|waiting| waiting.key == a.key).cloned();
            if let Some(waiting) = waiting {
                self.ask_again(rule, Candidate { late, ..waiting.candidate }, false);
            }
        } else if owned && self.is_unanswered(rule, first) {
            // It belongs to an episode that is over, whatever comes late between them.
            self.spend(rule, &[first]);
        } else if !owned && a.judged < self.now() && self.is_unanswered(rule, first) {
            let seen = self.seen(rule);
            let fellow = |place: &usize| {
                self.answer_to(rule, *place) == self.answer_to(rule, first) && self.is_unanswered(rule, *place)
            };
            let oldest = of_key(seen, &a.key, Part::First).into_iter().find(fellow).unwrap_or(first);
            self.absence_passed(rule, oldest, true);
        }
    }

    /// M9: a B leaves the episode of the As before it; As that had joined it go with it.
    pub(super) fn look_absence_then(&mut self, rule: &Arc<Rule>, then: usize) {
        let now = self.now();
        let b = self.seen(rule)[then].clone();
        let seen = self.seen(rule);
        // The episode that lasted up to now: As with no B after them but this one. One B after any of them leaves it.
        let firsts = of_key(seen, &b.key, Part::First);
        let member = |place: &&usize| self.answer_to(rule, **place).is_none_or(|answer| answer == then);
        let lasted: Vec<usize> = match of_key(seen, &b.key, Part::Then).last() == Some(&then) {
            true => firsts.iter().filter(member).copied().collect(),
            false => vec![],
        };
        let left = lasted.iter().any(|place| seen[*place].spent)
            && lasted.iter().any(|place| seen[*place].place() < b.place());
        if left {
            let gone: Vec<u64> = firsts
                .iter()
                .map(|place| &seen[*place])
                .filter(|a| a.place() > b.place() && a.ends < now)
                .map(|a| a.arrival)
                .collect();
            // Those whose end had passed before it were part of that episode, whatever comes late between them.
            let joined = |place: &&usize| self.answer_to(rule, **place) == Some(then) && seen[**place].ends < b.at;
            let joined: Vec<usize> = firsts.iter().filter(joined).copied().collect();
            self.spend(rule, &joined);
            self.leave(rule, &b.key);
            let is_gone = |seen: &Seen| seen.part == Part::First && gone.contains(&seen.arrival);
            self.story(&rule.id).seen.retain(|seen| !is_gone(seen));
        }
    }
}

pub fn measured(measure: &Measure, signal: &Signal) -> bool {
    let fields = [measure.field, measure.second].into_iter().flatten();
    fields.into_iter().all(|field| !signal.field(field).is_missing())
}

/// Where a reading stands: strictly over the line, strictly beyond the clearing line, or between (M9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    Over,
    Between,
    Left,
}

fn stands(rule: &Rule, seen: &Seen) -> Stands {
    let Trigger::Reading { field, side, line, clears, .. } = &rule.trigger else {
        unreachable!("only asked of readings")
    };
    let literal = |operand: &Operand| match operand {
        Operand::Literal(value) => value.clone(),
        _ => Value::Missing,
    };
    let (over, left) = match side {
        Side::Over => (Order::MoreThan, Order::LessThan),
        Side::Under => (Order::LessThan, Order::MoreThan),
    };
    let value = seen.signal.field(FieldNo(field.0));
    if compares(value, over, &literal(line)) {
        return Stands::Over;
    }
    match clears {
        Some(clears) if !compares(value, left, &literal(clears)) => Stands::Between,
        _ => Stands::Left,
    }
}
