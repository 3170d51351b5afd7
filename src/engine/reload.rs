//! The switch to another rule set between two inputs, and erasure.
//!
//! All that can fail was done before. State moves by rule id and follows the [`ReloadPlan`]: nothing fires and nothing
//! is entered by it (M10). The agenda is written anew from the state, so that no deadline of a rule set that is gone
//! can come due.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::engine::act::{ActionPlace, Language, Plan, Prepared};
use crate::engine::effect::Firing;
use crate::engine::input::{Erase, Switch};
use crate::engine::look::{reads, saturating_add};
use crate::engine::plan::{ReloadPlan, RuleChange, Windows};
use crate::engine::ruleset::RuleSet;
use crate::engine::state::{DueKind, Key, KeyState, Parked, RuleFill, RuleNo, RuleState, State, Window};
use crate::engine::turn::Turn;
use crate::engine::{Engine, Step};
use crate::id::RuleId;
use crate::ir::action::{Action, ActionKind, Timing};
use crate::ir::{Limit, Rule, Status, Trigger};
use crate::signal::Signal;
use crate::vocabulary::{FactNo, ThingNo, Vocabulary};

/// How long a rule that disappeared is kept aside with its state (M24).
pub const REMOVAL_GRACE: SignedDuration = SignedDuration::from_mins(10);

impl Engine {
    /// Switches to another rule set. Without one attached to the input, nothing changes.
    pub(crate) fn switch(&mut self, switch: Switch, now: Timestamp) -> Step {
        let Some(new) = switch.ruleset else { return Step::default() };
        let old = std::mem::replace(&mut self.ruleset, new.clone());
        let plan = ReloadPlan::between(&old, &new);
        self.move_rules(&old, &new, now);
        if plan.vocabulary {
            remap(&mut self.state, &old.vocabulary, &new.vocabulary);
        }
        let mut turn = self.turn(&new, now);
        turn.follow(&old, &plan, switch.fills);
        turn.write_agenda();
        turn.see_derived();
        turn.send_digests();
        turn.step
    }

    /// Moves the state of every rule to its new place; parks what disappeared, brings back what was parked.
    fn move_rules(&mut self, old: &RuleSet, new: &RuleSet, now: Timestamp) {
        let state = &mut self.state;
        let place = |id: &RuleId| new.rules.binary_search_by(|rule| rule.id.cmp(id)).ok().map(|at| at as RuleNo);
        let moved: Vec<Option<RuleNo>> = old.rules.iter().map(|rule| place(&rule.id)).collect();
        let to = |rule: RuleNo| moved.get(rule as usize).copied().flatten();
        let mut rules: Vec<RuleState> = new.rules.iter().map(|_| RuleState::default()).collect();
        let mut parked: Vec<Parked> = Vec::new();
        for ((before, rule), number) in std::mem::take(&mut state.rules).into_iter().zip(&old.rules).zip(0..) {
            match to(number) {
                Some(at) => rules[at as usize] = before,
                None => parked.push(park(state, number, rule.id.clone(), before, now)),
            }
        }
        for plan in state.plans.values_mut().chain(state.in_flight.values_mut().map(|flight| &mut flight.plan)) {
            plan.rule = to(plan.rule).unwrap_or(RuleNo::MAX);
        }
        state.in_flight.retain(|_, flight| flight.plan.rule != RuleNo::MAX);
        state.accounts.values_mut().for_each(|account| account.rule = to(account.rule).unwrap_or(RuleNo::MAX));
        state.rules = rules;
        for mut back in std::mem::take(&mut state.parked) {
            match place(&back.rule) {
                Some(at) => {
                    back.plans.iter_mut().for_each(|(_, plan)| plan.rule = at);
                    back.accounts.iter_mut().for_each(|(_, account)| account.rule = at);
                    state.plans.extend(back.plans);
                    state.accounts.extend(back.accounts);
                    state.rules[at as usize] = back.state;
                }
                None => state.parked.push(back),
            }
        }
        state.parked.extend(parked);
        let places = |rule: RuleNo| to(rule);
        state.seen.remap(&old.vocabulary, &new.vocabulary, &places);
    }
}

/// Takes a rule's state, steps and accounts aside.
fn park(state: &mut State, number: RuleNo, rule: RuleId, of_rule: RuleState, now: Timestamp) -> Parked {
    let mine: Vec<u64> = state.plans.iter().filter(|(_, plan)| plan.rule == number).map(|(n, _)| *n).collect();
    let plans = mine.into_iter().filter_map(|n| state.plans.remove(&n).map(|plan| (n, plan))).collect();
    let mine: Vec<u64> = state.accounts.iter().filter(|(_, account)| account.rule == number).map(|(n, _)| *n).collect();
    let accounts = mine.into_iter().filter_map(|n| state.accounts.remove(&n).map(|account| (n, account))).collect();
    Parked { rule, since: now, state: of_rule, plans, accounts }
}

impl Turn<'_> {
    /// Does to each rule's state what the plan says.
    fn follow(&mut self, old: &RuleSet, plan: &ReloadPlan, fills: Vec<RuleFill>) {
        let mut fills: BTreeMap<RuleId, RuleFill> = fills.into_iter().map(|fill| (fill.rule.clone(), fill)).collect();
        for (id, change) in &plan.rules {
            let Some(number) = self.number_of(id) else { continue };
            let before = old.rule(id);
            if let (RuleChange::Changed { .. }, Some(before)) = (change, before) {
                self.change_limits(number, before);
            }
            let fill = fills.remove(id);
            self.note_filling(number, plan.windows(id), fill.as_ref());
            match (plan.windows(id), fill) {
                (Windows::Kept, _) => {}
                (Windows::Cleared, _) => self.clear_windows(number),
                (Windows::Refilled, Some(fill)) => self.take_fill(number, fill),
                (Windows::Reevaluated | Windows::Refilled, _) => self.count_anew(number),
            }
            self.replan(number, before.map(|rule| &**rule));
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

    fn change_limits(&mut self, number: RuleNo, before: &Rule) {
        let rule = self.rule(number);
        let state = &mut self.state.rules[number as usize];
        let per = |limit: &Option<Limit>| limit.as_ref().map(|limit| limit.per.clone());
        if per(&rule.limit) != per(&before.limit) {
            state.limits.clear();
            state.other_limits.clear();
        }
        if (rule.status == Status::Shadow) != (before.status == Status::Shadow) {
            std::mem::swap(&mut state.limits, &mut state.other_limits);
        }
    }

    fn clear_windows(&mut self, number: RuleNo) {
        let state = &mut self.state.rules[number as usize];
        state.waiting.clear();
        state.keys.retain(|_, state| state.ladder.is_some());
        for state in state.keys.values_mut() {
            *state = KeyState { ladder: state.ladder.take(), ..KeyState::default() };
        }
    }

    /// Takes windows filled from the journal; what was in an episode stays in it.
    fn take_fill(&mut self, number: RuleNo, fill: RuleFill) {
        let now = self.now;
        let mut old = std::mem::take(&mut self.state.rules[number as usize].keys);
        for (key, mut window) in fill.keys {
            let before = old.remove(&key).unwrap_or_default();
            match (&mut window, &before.window) {
                (Window::Count(window), Window::Count(before)) => window.keep_episodes(&before.in_episodes()),
                (Window::Reading(window), Window::Reading(before)) => window.keep_episodes(&before.in_episodes()),
                (Window::Measure(window), Window::Measure(before)) => window.entered = before.entered,
                (Window::Sequence(window), Window::Sequence(before)) => window.keep_used(before),
                (Window::Absence(window), Window::Absence(before)) if before.lasts() => window.keep_episode(true),
                (Window::Absence(window), _) => window.drop_passed(now),
                _ => {}
            }
            let state = KeyState { window, ..before };
            self.state.rules[number as usize].keys.insert(key, state);
        }
        old.retain(|_, state| state.ladder.is_some());
        for state in old.values_mut() {
            *state = KeyState { ladder: state.ladder.take(), floor: state.floor, ..KeyState::default() };
        }
        self.state.rules[number as usize].keys.extend(old);
    }

    /// Counts every window of a rule anew from what it keeps.
    fn count_anew(&mut self, number: RuleNo) {
        let rule = self.rule(number);
        let mut keys = std::mem::take(&mut self.state.rules[number as usize].keys);
        for state in keys.values_mut() {
            match (&mut state.window, &rule.trigger) {
                (Window::Count(window), Trigger::Count { within, .. }) => {
                    window.recount(|at| within.after(at, &rule.zone));
                }
                (Window::Reading(window), Trigger::Reading { side, line, clears, .. }) => {
                    window.reread(|value| reads(value, *side, line, clears.as_ref()));
                    if !window.lasts() {
                        state.episode = None;
                    }
                }
                (Window::Sequence(window), Trigger::Sequence { within, .. }) => {
                    window.recount(|at| within.after(at, &rule.zone));
                }
                (Window::Absence(window), Trigger::Absence { .. }) => {
                    window.recount(|open| self.absence_deadline(number, open.place.at, &open.signal));
                    window.drop_passed(self.now);
                }
                (Window::Measure(window), Trigger::Measure(measure)) => {
                    window.recount(|at| crate::engine::check::ends(rule, measure, at));
                }
                _ => {}
            }
        }
        self.state.rules[number as usize].keys = keys;
    }

    /// Plans a rule's pending actions anew from their original start, matched by verb and recipient.
    fn replan(&mut self, number: RuleNo, before: Option<&Rule>) {
        let rule = self.rule(number);
        if before.is_none_or(|before| before.then == rule.then && before.zone == rule.zone) {
            return;
        }
        let mine: Vec<u64> = self.state.plans.iter().filter(|(_, plan)| plan.rule == number).map(|(n, _)| *n).collect();
        let mut taken: BTreeSet<(Key, ActionPlace)> = BTreeSet::new();
        for plan_number in mine {
            let Some(mut plan) = self.state.plans.remove(&plan_number) else { continue };
            let place = self.match_action(number, before, &plan, &taken);
            let due = place.and_then(|place| self.due_again(number, place, &plan).map(|due| (place, due)));
            let Some((place, due)) = due else {
                self.forget(&plan, plan_number);
                self.cancel(plan, "no longer in the playbook".into());
                continue;
            };
            taken.insert((plan.key.clone(), place));
            plan.place = place;
            plan.during = timing_of(rule, place).and_then(|timing| timing.during);
            if plan.due != due {
                plan.due = due.max(self.now);
                let what = self.unsent(&plan);
                self.say_planned(&plan, "the playbook changed", what);
            }
            self.state.plans.insert(plan_number, plan);
        }
        self.mend_ladder_order(number);
    }

    /// A step never overtakes the one before (M18), also after a change.
    fn mend_ladder_order(&mut self, number: RuleNo) {
        let mut ladders: BTreeMap<Key, Vec<(ActionPlace, u64)>> = BTreeMap::new();
        for (plan_number, plan) in self.state.plans.iter().filter(|(_, plan)| plan.rule == number && plan.place.ladder)
        {
            ladders.entry(plan.key.clone()).or_default().push((plan.place, *plan_number));
        }
        for mut steps in ladders.into_values() {
            steps.sort();
            let mut not_before = Timestamp::MIN;
            let mut later: Option<(u16, Timestamp)> = None;
            for (_, plan_number) in &steps {
                if let Some(plan) = self.state.plans.get_mut(plan_number) {
                    plan.due = plan.due.max(not_before);
                    not_before = plan.due;
                }
            }
            for (place, plan_number) in steps.iter().rev() {
                if let Some(plan) = self.state.plans.get_mut(plan_number) {
                    plan.next_due = later.filter(|(step, _)| *step != place.step).map(|(_, due)| due).or(plan.next_due);
                    later = Some((place.step, plan.due));
                }
            }
        }
    }

    fn forget(&mut self, plan: &Plan, number: u64) {
        if let Some(state) = self.key_state(plan.rule, &plan.key)
            && let Some(ladder) = &mut state.ladder
        {
            ladder.plans.retain(|of| *of != number);
            if ladder.plans.is_empty() {
                state.ladder = None;
            }
        }
    }

    /// Finds the action a plan is for now: the same verb to the same recipient, in the same list, the one at the same
    /// place first.
    fn match_action(
        &self,
        number: RuleNo,
        before: Option<&Rule>,
        plan: &Plan,
        taken: &BTreeSet<(Key, ActionPlace)>,
    ) -> Option<ActionPlace> {
        let was = before.and_then(|before| action_at(before, plan.place))?;
        let rule = self.rule(number);
        let free = |place: &ActionPlace| !taken.contains(&(plan.key.clone(), *place));
        let same = |place: &ActionPlace| action_at(rule, *place).is_some_and(|action| same_address(action, was));
        let mut places: Vec<ActionPlace> = places_of(rule).filter(|place| place.ladder == plan.place.ladder).collect();
        places.sort_by_key(|place| (*place != plan.place, *place));
        places.into_iter().find(|place| free(place) && same(place) && timing_of(rule, *place).is_some())
    }

    /// Returns when an action is due, counted from the original start.
    fn due_again(&self, number: RuleNo, place: ActionPlace, plan: &Plan) -> Option<Timestamp> {
        let rule = self.rule(number);
        let Some(timing) = timing_of(rule, place) else { return Some(plan.firing.at) };
        let mut places = self.things_of_firing(&plan.firing);
        if let Prepared::Alert { of: Some((thing, crate::value::Value::Id(id))), .. } = &plan.prepared {
            places.insert(0, (*thing, id.clone()));
        }
        self.timed(rule, &timing, plan.firing.at, &places)
    }

    /// Writes the agenda anew from the state.
    pub(crate) fn write_agenda(&mut self) {
        self.state.agenda.clear();
        let now = self.now;
        for number in 0..self.rules.rules.len() as RuleNo {
            self.schedule_check(number, now);
            self.arm_all(number);
            self.wait_again(number);
        }
        let plans: Vec<(u64, Timestamp, RuleNo, Key)> =
            self.state.plans.iter().map(|(n, plan)| (*n, plan.due, plan.rule, plan.key.clone())).collect();
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
    }

    fn arm_all(&mut self, number: RuleNo) {
        let mut keys: Vec<Key> = self.state.rules[number as usize].keys.keys().cloned().collect();
        keys.sort();
        let rule = self.rule(number);
        for key in keys {
            if let Some(state) = self.key_state(number, &key) {
                state.armed = None;
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
        let rule = self.rule(number);
        let now = self.now;
        let keys: Vec<Key> = self.state.rules[number as usize].waiting.keys().cloned().collect();
        for key in keys {
            let last =
                self.state.rules[number as usize].limits.get(&key).and_then(|limit| limit.firings.back().copied());
            let frees = match (&rule.limit, last) {
                (Some(limit), Some((last, _))) => limit.every.after(last, &rule.zone).max(now),
                _ => now,
            };
            self.put(frees, number, key, DueKind::LimitFrees);
        }
        if let Some(until) = self.silenced(&rule.id) {
            let state = &self.state.rules[number as usize];
            let waits = |state: &KeyState| state.episode.as_ref().is_some_and(|episode| episode.pending.is_some());
            let keys: Vec<Key> =
                state.keys.iter().filter(|(_, state)| waits(state)).map(|(key, _)| key.clone()).collect();
            keys.into_iter().for_each(|key| self.put(until, number, key, DueKind::SilenceEnds));
        }
    }

    /// Gives up rules that were parked long enough: their steps are cancelled and listed.
    pub(crate) fn give_up_parked(&mut self) {
        let now = self.now;
        let over = |parked: &Parked| saturating_add(parked.since, REMOVAL_GRACE) <= now;
        let (gone, kept) = std::mem::take(&mut self.state.parked).into_iter().partition(over);
        self.state.parked = kept;
        let gone: Vec<Parked> = gone;
        for parked in gone {
            for (_, plan) in parked.plans {
                self.say_gone(&plan);
            }
        }
    }

    /// Gives a thing another id and blanks what is personal about it, wherever the state keeps it.
    pub(crate) fn erase(&mut self, erase: &Erase) {
        let thing = self.rules.vocabulary.thing_type(erase.thing);
        let personal: Vec<bool> = thing.facts.iter().map(|fact| fact.personal).collect();
        self.state.facts.erase(erase.thing, &erase.id, &erase.alias, &personal);
    }
}

fn timing_of(rule: &Rule, place: ActionPlace) -> Option<Timing> {
    let ladder = rule.then.ladder.as_ref().map_or(&[][..], |ladder| &ladder.steps);
    let steps = if place.ladder { ladder } else { &rule.then.steps };
    steps.get(place.step as usize)?.timing
}

fn action_at(rule: &Rule, place: ActionPlace) -> Option<&Action> {
    let ladder = rule.then.ladder.as_ref().map_or(&[][..], |ladder| &ladder.steps);
    let steps = if place.ladder { ladder } else { &rule.then.steps };
    steps.get(place.step as usize)?.actions.get(place.action as usize)
}

fn places_of(rule: &Rule) -> impl Iterator<Item = ActionPlace> {
    let ladder = rule.then.ladder.iter().flat_map(|ladder| ladder.steps.iter()).zip(0u16..).map(|s| (true, s));
    let steps = rule.then.steps.iter().zip(0u16..).map(|step| (false, step));
    steps.chain(ladder).flat_map(|(ladder, (step, at))| {
        (0..step.actions.len() as u16).map(move |action| ActionPlace { ladder, step: at, action })
    })
}

/// Tells whether two actions do the same to the same recipient.
fn same_address(one: &Action, other: &Action) -> bool {
    match (&one.kind, &other.kind) {
        (ActionKind::Alert { role: r1, of: o1, .. }, ActionKind::Alert { role: r2, of: o2, .. }) => {
            r1 == r2 && o1 == o2
        }
        (ActionKind::Email { who: w1, .. }, ActionKind::Email { who: w2, .. }) => w1 == w2,
        (ActionKind::OpenCase { about: a1, .. }, ActionKind::OpenCase { about: a2, .. }) => a1 == a2,
        (ActionKind::Post { endpoint: e1, .. }, ActionKind::Post { endpoint: e2, .. }) => e1 == e2,
        (ActionKind::Set { who: w1, fact: f1, .. }, ActionKind::Set { who: w2, fact: f2, .. }) => w1 == w2 && f1 == f2,
        (ActionKind::Record { signal: s1, .. }, ActionKind::Record { signal: s2, .. }) => s1 == s2,
        _ => false,
    }
}

/// Moves everything that is kept by number to another vocabulary, by name.
fn remap(state: &mut State, old: &Vocabulary, new: &Vocabulary) {
    state.facts.remap(old, new);
    state.cases.remap(old, new);
    let thing = |number: ThingNo| new.thing(&old.thing_type(number).name);
    let seen = std::mem::take(&mut state.things_seen);
    state.things_seen = seen.into_iter().filter_map(|(number, id)| Some((thing(number)?, id))).collect();
    let signal = |signal: &Arc<Signal>| signal.remap(old, new).map_or_else(|| signal.clone(), Arc::new);
    for key in state.rules.iter_mut().flat_map(|rule| rule.keys.values_mut()) {
        match &mut key.window {
            Window::Sequence(window) => window.remap(&signal),
            Window::Absence(window) => window.remap(&signal),
            _ => {}
        }
        if let Some((_, latest)) = &mut key.latest {
            *latest = signal(latest);
        }
        if let Some(pending) = key.episode.as_mut().and_then(|episode| episode.pending.as_mut()) {
            pending.values.signal = pending.values.signal.as_ref().map(&signal);
            pending.values.first = pending.values.first.as_ref().map(&signal);
        }
    }
    let plans = state.plans.values_mut().chain(state.in_flight.values_mut().map(|flight| &mut flight.plan));
    for plan in plans {
        let mut firing: Firing = (*plan.firing).clone();
        firing.values.signal = firing.values.signal.as_ref().map(&signal);
        firing.values.first = firing.values.first.as_ref().map(&signal);
        plan.firing = Arc::new(firing);
        remap_prepared(&mut plan.prepared, old, new);
    }
}

fn remap_prepared(prepared: &mut Prepared, old: &Vocabulary, new: &Vocabulary) {
    let thing = |number: &mut ThingNo| match old.things.get(number.index()).and_then(|thing| new.thing(&thing.name)) {
        Some(moved) => *number = moved,
        None => *number = ThingNo(u16::MAX),
    };
    let fact = |of: ThingNo, number: &mut FactNo| {
        let name = old.things.get(of.index()).and_then(|thing| thing.facts.get(number.index())).map(|fact| &fact.name);
        let moved = old.things.get(of.index()).and_then(|thing| new.thing(&thing.name)).zip(name);
        let moved = moved.and_then(|(thing, name)| new.thing_type(thing).fact(name));
        *number = moved.unwrap_or(FactNo(u16::MAX));
    };
    match prepared {
        Prepared::Alert { of, .. } => of.iter_mut().for_each(|(number, _)| thing(number)),
        Prepared::Email { thing: of, address, language, .. } => {
            fact(*of, address);
            thing(of);
            if let Language::Fact(of, _, number) = language {
                fact(*of, number);
                thing(of);
            }
        }
        Prepared::OpenCase { things, .. } => things.iter_mut().for_each(|(number, _)| thing(number)),
        Prepared::Set { thing: of, fact: number, .. } => {
            fact(*of, number);
            thing(of);
        }
        Prepared::Record { signal, fields } => {
            let id = crate::id::SignalId { source: "".into(), id: "".into() };
            let of = Signal { id, kind: *signal, at: Timestamp::UNIX_EPOCH, fields: std::mem::take(fields) };
            if let Some(moved) = of.remap(old, new) {
                (*signal, *fields) = (moved.kind, moved.fields);
            }
        }
        Prepared::Post { .. } => {}
    }
}
