//! The switch to another rule set between two inputs.
//!
//! All that can fail was done before. State moves by rule id and follows the [`ReloadPlan`]: nothing fires and nothing
//! is entered by it (M10). What was over before is over; of what still holds, an episode that was entered goes on, and
//! the rest is entered at its next signal or check. The agenda is written anew from the state, so that no deadline of
//! a rule set that is gone can come due. Pending actions are planned again in `replan`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::engine::act::ActionPlace;
use crate::engine::act::Plan;
use crate::engine::eval::Scope;
use crate::engine::fire::limit_key;
use crate::engine::input::Switch;
use crate::engine::look::saturating_add;
use crate::engine::plan::{ReloadPlan, Windows, key_names};
use crate::engine::remap::remap;
use crate::engine::replan::addresses;
use crate::engine::ruleset::RuleSet;
use crate::engine::state::{
    Aside, DueKind, Key, KeyFill, KeyState, Parked, RuleFill, RuleNo, RuleState, State, Waits, Window,
};
use crate::engine::turn::Turn;
use crate::engine::window::At;
use crate::engine::window::measure::MeasureWindow;
use crate::engine::{Engine, Step};
use crate::id::{RuleId, SignalId};
use crate::ir::{Rule, Status, Trigger};
use crate::value::Str;

/// How long a rule that disappeared is kept aside with its state (M24).
pub const REMOVAL_GRACE: SignedDuration = SignedDuration::from_mins(10);

/// What must be known of a rule as it was, to say what a change means for its state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Was {
    /// The names of its key's parts.
    key: Vec<Str>,
    /// The shape of its trigger.
    shape: u8,
    /// How many a count needed.
    need: u64,
    /// The key of its limit, as text: only whether it is the same matters.
    per: String,
    /// Its check or schedule with its zone, likewise.
    schedule: String,
    /// What it did, with its zone, likewise.
    pub then: String,
    shadow: bool,
    /// What each of its actions did to whom.
    pub addresses: Vec<(ActionPlace, String)>,
}

impl Was {
    fn of(rule: &Rule) -> Was {
        let schedule = match &rule.trigger {
            Trigger::Schedule(schedule) => Some(schedule),
            _ => rule.check.as_ref(),
        };
        let (shape, need) = match &rule.trigger {
            Trigger::Each(_) => (0, 0),
            Trigger::Reading { .. } => (1, 0),
            Trigger::Count { at_least, .. } => (2, u64::from(*at_least)),
            Trigger::Sequence { .. } => (3, 0),
            Trigger::Absence { .. } => (4, 0),
            Trigger::Measure(_) => (5, 0),
            Trigger::Schedule(_) => (6, 0),
        };
        Was {
            key: key_names(rule).into_iter().map(Str::from).collect(),
            shape,
            need,
            per: format!("{:?}", rule.limit.as_ref().map(|limit| &limit.per)),
            schedule: format!("{schedule:?} {:?}", rule.zone),
            then: format!("{:?} {:?}", rule.then, rule.zone),
            shadow: rule.status == Status::Shadow,
            addresses: addresses(rule),
        }
    }

    /// Tells whether windows and episodes of then mean the same now.
    fn is_like(&self, other: &Was) -> bool {
        self.key == other.key && self.shape == other.shape
    }
}

impl Engine {
    /// Switches to another rule set. Without one attached to the input, nothing changes.
    pub(crate) fn switch(&mut self, switch: Switch, now: Timestamp) -> Step {
        let Some(new) = switch.ruleset else { return Step::default() };
        let old = std::mem::replace(&mut self.ruleset, new.clone());
        let plan = ReloadPlan::between(&old, &new);
        let back = self.move_rules(&old, &new, now);
        if plan.vocabulary {
            remap(&mut self.state, &old.vocabulary, &new.vocabulary);
        }
        let mut turn = self.turn(&new, now);
        turn.follow(&old, &plan, switch.fills, &back);
        turn.write_agenda();
        turn.see_derived();
        turn.send_digests();
        turn.step
    }

    /// Moves the state of every rule to its new place; parks what disappeared, brings back what was parked. Returns what
    /// those that came back were.
    fn move_rules(&mut self, old: &RuleSet, new: &RuleSet, now: Timestamp) -> BTreeMap<RuleId, Was> {
        let state = &mut self.state;
        let place = |id: &RuleId| new.rules.binary_search_by(|rule| rule.id.cmp(id)).ok().map(|at| at as RuleNo);
        let moved: Vec<Option<RuleNo>> = old.rules.iter().map(|rule| place(&rule.id)).collect();
        let to = |rule: RuleNo| moved.get(rule as usize).copied().flatten();
        let mut rules: Vec<RuleState> = new.rules.iter().map(|_| RuleState::default()).collect();
        let mut parked: Vec<Parked> = Vec::new();
        for ((before, rule), number) in std::mem::take(&mut state.rules).into_iter().zip(&old.rules).zip(0..) {
            match to(number) {
                Some(at) => rules[at as usize] = before,
                None => parked.push(park(state, number, rule, before, now)),
            }
        }
        let place_of = |rule: RuleNo| to(rule).unwrap_or(RuleNo::MAX);
        state.plans.each_rule(place_of);
        state.in_flight.values_mut().for_each(|flight| flight.plan.rule = place_of(flight.plan.rule));
        state.accounts.values_mut().for_each(|account| account.rule = place_of(account.rule));
        state.rules = rules;
        let mut returned = BTreeMap::new();
        for mut back in std::mem::take(&mut state.parked) {
            let Some(at) = place(&back.rule) else {
                state.parked.push(back);
                continue;
            };
            let plans = back.plans.iter_mut().map(|(_, plan)| plan);
            plans.chain(back.flights.iter_mut().map(|(_, flight)| &mut flight.plan)).for_each(|plan| plan.rule = at);
            back.accounts.iter_mut().for_each(|(_, account)| account.rule = at);
            state.plans.extend(back.plans);
            state.in_flight.extend(back.flights);
            state.accounts.extend(back.accounts);
            state.rules[at as usize] = back.state;
            returned.insert(back.rule, back.was);
        }
        state.parked.extend(parked);
        let places = |rule: RuleNo| to(rule);
        state.seen.remap(&old.vocabulary, &new.vocabulary, &places);
        returned
    }
}

/// Takes a rule's state, steps and accounts aside.
fn park(state: &mut State, number: RuleNo, rule: &Rule, of_rule: RuleState, now: Timestamp) -> Parked {
    let plans: Vec<(u64, Plan)> = state.plans.of_rule(number).collect();
    plans.iter().for_each(|(of, _)| drop(state.plans.remove(*of)));
    let mine: Vec<u64> = state.accounts.iter().filter(|(_, account)| account.rule == number).map(|(n, _)| *n).collect();
    let accounts = mine.into_iter().filter_map(|n| state.accounts.remove(&n).map(|account| (n, account))).collect();
    let flying = state.in_flight.iter().filter(|(_, flight)| flight.plan.rule == number).map(|(id, _)| *id);
    let flying: Vec<_> = flying.collect();
    let flights = flying.into_iter().filter_map(|id| state.in_flight.remove(&id).map(|flight| (id, flight))).collect();
    Parked { rule: rule.id.clone(), since: now, was: Was::of(rule), state: of_rule, plans, accounts, flights }
}

impl Turn<'_> {
    /// Does to each rule's state what the plan says.
    fn follow(&mut self, old: &RuleSet, plan: &ReloadPlan, fills: Vec<RuleFill>, back: &BTreeMap<RuleId, Was>) {
        let mut fills: BTreeMap<RuleId, RuleFill> = fills.into_iter().map(|fill| (fill.rule.clone(), fill)).collect();
        for (id, _) in &plan.rules {
            let Some(number) = self.number_of(id) else { continue };
            let rule = self.rule(number);
            let was = match (old.rule(id), back.get(id)) {
                (Some(before), _) if before == rule && !plan.vocabulary => continue,
                (Some(before), _) => Some(Was::of(before)),
                (None, back) => back.cloned(),
            };
            let is = Was::of(rule);
            if let Some(was) = &was {
                self.change_limits(number, was, &is);
            }
            if was.as_ref().is_none_or(|was| was.schedule != is.schedule) {
                self.state.rules[number as usize].check_due = None;
            }
            let fill = fills.remove(id);
            if let Some(fill) = &fill {
                self.state.things_seen.extend(fill.things.iter().cloned());
            }
            self.note_filling(number, plan.windows(id), fill.as_ref());
            let like = was.as_ref().filter(|was| was.is_like(&is));
            match (plan.windows(id), fill) {
                (Windows::Kept, _) => {}
                (Windows::Cleared, _) => {
                    self.clear_windows(number, was.as_ref().is_some_and(|was| was.key == is.key));
                }
                (Windows::Refilled, Some(fill)) => self.take_fill(number, like, fill),
                // What was read is not kept: how it reads against another line is not known.
                (Windows::Refilled, None) if matches!(rule.trigger, Trigger::Reading { .. }) => {
                    self.clear_windows(number, true);
                }
                (Windows::Reevaluated | Windows::Refilled, _) => self.count_anew(number, like),
            }
            if let Some(was) = was.filter(|was| was.then != is.then) {
                self.replan(number, &was.addresses, &is.addresses);
            }
        }
    }

    /// Notes up to when a rule has less history than its window.
    fn note_filling(&mut self, number: RuleNo, windows: Windows, fill: Option<&RuleFill>) {
        let now = self.now;
        let since = match windows {
            Windows::Kept | Windows::Reevaluated => return,
            Windows::Cleared => now,
            Windows::Refilled => fill.and_then(|fill| fill.since).unwrap_or(now),
        };
        let until = self.rule(number).matters_until(since).filter(|until| *until > now);
        self.state.rules[number as usize].filling_until = until;
    }

    fn change_limits(&mut self, number: RuleNo, was: &Was, is: &Was) {
        let state = &mut self.state.rules[number as usize];
        if was.per != is.per {
            state.limits.clear();
            state.other_limits.clear();
        }
        if was.shadow != is.shadow {
            std::mem::swap(&mut state.limits, &mut state.other_limits);
        }
    }

    fn clear_windows(&mut self, number: RuleNo, same_key: bool) {
        for state in self.state.rules[number as usize].keys.values_mut() {
            let floor = state.aside().floor.filter(|_| same_key);
            *state = KeyState::of(Window::None, state.ladder.take());
            state.change_aside(|aside| aside.floor = floor);
        }
        self.drop_idle_keys(number);
    }

    fn drop_idle_keys(&mut self, number: RuleNo) {
        let idle =
            |state: &KeyState| state.ladder.is_none() && state.aside().floor.is_none() && state.window == Window::None;
        self.state.rules[number as usize].keys.retain(|_, state| !idle(state));
    }

    /// Takes windows filled from the journal; an episode that was entered goes on where it still holds.
    fn take_fill(&mut self, number: RuleNo, was: Option<&Was>, fill: RuleFill) {
        self.state.seen.set_took_part(number, &fill.took_part);
        let mut old = std::mem::take(&mut self.state.rules[number as usize].keys);
        let mut keys = Vec::new();
        for KeyFill { key, window, floor, shown, latest } in fill.keys {
            let mut before = old.remove(&key).unwrap_or_default();
            let carriers = was.map_or_else(BTreeSet::new, |was| self.carriers(&before.window, was.need));
            let shown = before.change_aside(|aside| aside.shown.take()).or(shown);
            let mut state = KeyState::of(window, before.ladder.take());
            let floor = floor.map(At::from);
            state.change_aside(|aside| *aside = Aside { floor, shown, latest, ..Aside::default() });
            match (&mut state.window, &before.window) {
                (Window::Measure(window), Window::Measure(before)) if was.is_some() => window.entered = before.entered,
                (Window::Sequence(window), Window::Sequence(before)) if was.is_some() => window.keep_used(before),
                (Window::Absence(window), Window::Absence(before)) if was.is_some() => window.keep_past(before),
                _ => {}
            }
            if self.settle_key(number, &mut state, &carriers) && was.is_some() {
                state.episode = before.episode.take();
            }
            keys.push((key, state));
        }
        // Of keys that the journal does not know any more only ladders are left, and episodes of a measure, which go on until
        // a look finds otherwise.
        keys.extend(old.into_iter().map(|(key, state)| {
            let goes_on = matches!(&state.window, Window::Measure(window) if was.is_some() && window.entered);
            let mut entered = MeasureWindow::default();
            entered.entered = true;
            let (window, episode) =
                if goes_on { (Window::Measure(Box::new(entered)), state.episode) } else { (Window::None, None) };
            let mut kept = KeyState::of(window, state.ladder);
            kept.episode = episode;
            (key, kept)
        }));
        self.state.rules[number as usize].keys = keys.into_iter().collect();
        self.drop_idle_keys(number);
    }

    /// Counts every window of a rule anew from what it keeps.
    fn count_anew(&mut self, number: RuleNo, was: Option<&Was>) {
        let rule = self.rule(number);
        let mut keys = std::mem::take(&mut self.state.rules[number as usize].keys);
        for state in keys.values_mut() {
            let carriers = was.map_or_else(BTreeSet::new, |was| self.carriers(&state.window, was.need));
            match (&mut state.window, &rule.trigger) {
                (Window::Count(window), Trigger::Count { within, .. }) => {
                    window.recount(|at| within.after(at, &rule.zone));
                }
                (Window::Sequence(window), Trigger::Sequence { within, .. }) => {
                    window.recount(|at| within.after(at, &rule.zone));
                }
                (Window::Absence(window), Trigger::Absence { .. }) => {
                    window.recount(|open| self.absence_deadline(number, open.place.at(), &open.signal));
                }
                (Window::Measure(window), Trigger::Measure(measure)) => {
                    window.recount(|at| crate::engine::check::ends(rule, measure, at));
                }
                _ => {}
            }
            if !self.settle_key(number, state, &carriers) {
                state.episode = None;
            }
        }
        self.state.rules[number as usize].keys = keys;
    }

    /// Returns the signals that carry the episode which was entered and lasts.
    pub(crate) fn carriers(&self, window: &Window, need: u64) -> BTreeSet<SignalId> {
        match window {
            Window::Count(window) => window.carriers(need, self.now),
            Window::Reading(window) => window.carrier().into_iter().collect(),
            Window::Absence(window) => window.carriers(),
            Window::Measure(_) | Window::Sequence(_) | Window::None => BTreeSet::new(),
        }
    }

    /// Settles the episodes of a key after a change; tells whether one goes on.
    pub(crate) fn settle_key(&self, number: RuleNo, state: &mut KeyState, carriers: &BTreeSet<SignalId>) -> bool {
        let (rule, now) = (self.rule(number), self.now);
        match (&mut state.window, &rule.trigger) {
            (Window::Count(window), Trigger::Count { at_least, .. }) => {
                window.settle(u64::from(*at_least), now, carriers)
            }
            (Window::Reading(window), Trigger::Reading { stays_for, source, .. }) => {
                let goes_on = window.settle(carriers.first());
                let wait = self.rules.vocabulary.signal_type(source.signal).declared_lateness.unwrap_or_default();
                let due = |(since, length): (Timestamp, crate::clock::Length)| {
                    saturating_add(length.after(since, &rule.zone), wait)
                };
                let ran_out = window.unentered_since().zip(*stays_for).map(due).is_some_and(|due| due <= now);
                state.change_aside(|aside| aside.ran_out = ran_out);
                goes_on
            }
            (Window::Absence(window), Trigger::Absence { .. }) => window.settle(now, carriers),
            (window, _) => !matches!(window, Window::None),
        }
    }

    /// Writes the agenda anew from the state.
    pub(crate) fn write_agenda(&mut self) {
        self.state.agenda.clear();
        let now = self.now;
        for number in 0..self.rules.rules.len() as RuleNo {
            match self.state.rules[number as usize].check_due {
                Some(due) => self.put(due, number, vec![], DueKind::Check),
                // A run at this very instant is still to come (M3).
                None => self.schedule_check(number, just_before(now)),
            }
            self.arm_all(number);
            self.wait_again(number);
        }
        let plans: Vec<(u64, Timestamp, RuleNo, Key)> =
            self.state.plans.iter().map(|(n, plan)| (n, plan.due, plan.rule, plan.key)).collect();
        for (plan, due, number, key) in plans {
            let held = self.state.rules[number as usize].held.contains(&plan);
            if !held || self.rule(number).status != Status::Paused {
                self.put(due, number, key, DueKind::Plan(plan));
            }
        }
        for number in 0..self.rules.rules.len() {
            if self.rules.rules[number].status != Status::Paused {
                self.state.rules[number].held.clear();
            }
        }
        let parked: Vec<Timestamp> = self.state.parked.iter().map(|parked| parked.since).collect();
        for since in parked {
            self.put(saturating_add(since, REMOVAL_GRACE), RuleNo::MAX, vec![], DueKind::GiveUp);
        }
        let told: Vec<Timestamp> = self.state.told.values().map(|told| told.until).collect();
        for until in told {
            self.put(until, RuleNo::MAX, vec![], DueKind::Digest);
        }
    }

    fn arm_all(&mut self, number: RuleNo) {
        let mut keys: Vec<Key> = self.state.rules[number as usize].keys.keys().cloned().collect();
        keys.sort();
        let rule = self.rule(number);
        for key in keys {
            if let Some(state) = self.key_state(number, &key) {
                state.change_aside(|aside| aside.armed = None);
            }
            match &rule.trigger {
                Trigger::Absence { .. } => self.arm_absence(number, &key),
                Trigger::Reading { stays_for: Some(length), source, .. } => {
                    self.arm_stay_again(number, &key, *length, source.signal);
                }
                _ => {}
            }
        }
    }

    /// Puts what waits for a limit or a silence back on the agenda; intervals count from the last firing (M24).
    fn wait_again(&mut self, number: RuleNo) {
        let (rule, now) = (self.rule(number), self.now);
        self.state.rules[number as usize].waiting.clear();
        if rule.check.is_some() {
            return;
        }
        let of_key = |(key, state): (&Key, &KeyState)| {
            let episode = state.episode.as_ref()?;
            let pending = episode.pending.as_ref()?;
            Some((key.clone(), episode.since, episode.number, pending.waits, pending.values.clone()))
        };
        let waiting: Vec<_> = self.state.rules[number as usize].keys.iter().filter_map(of_key).collect();
        for (key, since, order, waits, values) in waiting {
            match waits {
                Waits::Guard => {}
                Waits::Silence(until) => self.put(until.max(now), number, key, DueKind::SilenceEnds),
                Waits::Limit => {
                    let scope = Scope::of_values(self.facts(), &values);
                    let limit = rule.limit.as_ref();
                    let per = limit.and_then(|limit| limit_key(limit, &scope).ok()).unwrap_or_default();
                    let state = &mut self.state.rules[number as usize];
                    let last = state.limits.get(&per).and_then(|limit| limit.firings.back());
                    let frees = match (limit, last) {
                        (Some(limit), Some((last, _))) => limit.every.after(*last, &rule.zone).max(now),
                        _ => now,
                    };
                    state.waiting.entry(per.clone()).or_default().insert((since, order, key));
                    self.put(frees, number, per, DueKind::LimitFrees);
                }
            }
        }
    }

    /// Gives up rules that were parked long enough: their steps are cancelled and listed.
    pub(crate) fn give_up_parked(&mut self) {
        let now = self.now;
        let over = |parked: &Parked| saturating_add(parked.since, REMOVAL_GRACE) <= now;
        let (gone, kept) = std::mem::take(&mut self.state.parked).into_iter().partition(over);
        self.state.parked = kept;
        let mut gone: Vec<Parked> = gone;
        gone.sort_by(|one, other| one.rule.cmp(&other.rule));
        for mut parked in gone {
            parked.plans.sort_by(|one, other| (&one.1.key, one.0).cmp(&(&other.1.key, other.0)));
            parked.plans.iter().for_each(|(_, plan)| self.say_gone(plan));
        }
    }
}

fn just_before(at: Timestamp) -> Timestamp {
    at.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(at)
}
