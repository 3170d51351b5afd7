//! Pending actions when what a rule does changes (M24): sent steps stay sent, pending ones are planned again from their
//! original start, matched by verb and recipient. What they say they said when they were planned.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::engine::act::{ActionPlace, Plan, places};
use crate::engine::effect::Values;
use crate::engine::state::{Key, RuleNo};
use crate::engine::turn::Turn;
use crate::ir::action::{Action, ActionKind, Timing};
use crate::ir::{Rule, Trigger};
use crate::signal::Signal;
use crate::value::Value;
use crate::vocabulary::{SignalNo, Vocabulary};

impl Turn<'_> {
    /// Plans a rule's pending actions anew. `was` and `is` say what each action does to whom.
    pub(crate) fn replan(&mut self, number: RuleNo, was: &[(ActionPlace, String)], is: &[(ActionPlace, String)]) {
        let counterparts = counterparts(was, is);
        let mine = self.state.plans.of_rule(number);
        // M7: by key; of a key in the order they were planned in.
        let mut mine: Vec<(Key, u64)> = mine.map(|(number, plan)| (plan.key, number)).collect();
        mine.sort();
        let mut due: BTreeMap<u64, (ActionPlace, Timestamp)> = BTreeMap::new();
        for (_, plan_number) in &mine {
            let Some(plan) = self.state.plans.get(*plan_number) else { continue };
            let found = counterparts.get(&plan.place);
            let again = found.and_then(|place| Some((*place, self.due_again(number, *place, &plan)?)));
            due.extend(again.map(|again| (*plan_number, again)));
        }
        self.keep_order(&mut due);
        for (_, plan_number) in mine {
            let Some(mut plan) = self.state.plans.remove(plan_number) else { continue };
            let Some((place, due)) = due.get(&plan_number).copied() else {
                self.forget_step(&plan, plan_number);
                self.cancel(plan, "no longer in the playbook".into());
                continue;
            };
            let due = due.max(self.now);
            let moved = plan.due != due;
            (plan.place, plan.due) = (place, due);
            plan.during = timing_of(self.rule(number), place).and_then(|timing| timing.during);
            if moved {
                let what = self.unsent(&plan);
                self.say_planned(&plan, "the playbook changed", what);
            }
            self.state.plans.insert(plan_number, plan);
        }
        self.link_steps(number);
    }

    /// Returns when an action is due, counted from the original start.
    fn due_again(&self, number: RuleNo, place: ActionPlace, plan: &Plan) -> Option<Timestamp> {
        let rule = self.rule(number);
        let Some(timing) = timing_of(rule, place) else { return Some(plan.firing.at) };
        self.timed(rule, &timing, plan.firing.at, &places(&plan.prepared, plan.things.clone()))
    }

    /// Of the pending steps of a ladder, none overtakes the one before (M18).
    fn keep_order(&self, due: &mut BTreeMap<u64, (ActionPlace, Timestamp)>) {
        let mut ladders: BTreeMap<Key, Vec<(ActionPlace, u64)>> = BTreeMap::new();
        for (number, (place, _)) in due.iter().filter(|(_, (place, _))| place.ladder) {
            if let Some(plan) = self.state.plans.get(*number) {
                ladders.entry(plan.key).or_default().push((*place, *number));
            }
        }
        for mut steps in ladders.into_values() {
            steps.sort();
            let mut not_before = Timestamp::MIN;
            for step in steps.chunk_by(|one, other| one.0.step == other.0.step) {
                let mut latest = not_before;
                for (_, number) in step {
                    if let Some((_, due)) = due.get_mut(number) {
                        *due = (*due).max(not_before);
                        latest = latest.max(*due);
                    }
                }
                not_before = latest;
            }
        }
    }

    /// Says of each step of a ladder when the next is due: then it comes too late (M17).
    fn link_steps(&mut self, number: RuleNo) {
        let mine: Vec<(u64, Plan)> = self.state.plans.of_rule(number).filter(|(_, plan)| plan.place.ladder).collect();
        let mut ladders: BTreeMap<Key, BTreeMap<u16, Timestamp>> = BTreeMap::new();
        for (_, plan) in &mine {
            let steps = ladders.entry(plan.key.clone()).or_default();
            let first = steps.entry(plan.place.step).or_insert(plan.due);
            *first = (*first).min(plan.due);
        }
        for (of, mut plan) in mine {
            let later = ladders.get(&plan.key).and_then(|steps| steps.range(plan.place.step + 1..).next());
            plan.next_due = later.map(|(_, due)| *due);
            self.state.plans.insert(of, plan);
        }
    }

    /// Returns the values of a planned action's firing as the rule of now reads them: the key and, where it listens to
    /// another kind of signal, the fields by name.
    pub(crate) fn values_now(&self, plan: &Plan) -> Values {
        let rule = self.rule(plan.rule);
        let mut values = plan.firing.values.clone();
        let named = |part: &crate::ir::KeyPart| {
            plan.firing.key.iter().find(|(name, _)| *name == part.name).map(|(_, value)| value.clone())
        };
        if plan.firing.key.len() != rule.key.len()
            || rule.key.iter().zip(&plan.firing.key).any(|(part, (name, _))| part.name != *name)
        {
            values.key = rule.key.iter().map(|part| named(part).unwrap_or_default()).collect();
        }
        let (signal, first) = speaks_of(&rule.trigger);
        let vocabulary = &self.rules.vocabulary;
        values.signal = values.signal.and_then(|known| read_as(vocabulary, known, signal));
        values.first = values.first.and_then(|known| read_as(vocabulary, known, first));
        values
    }
}

/// The kinds of signal whose fields a rule's guards and actions read: its own, and `first`.
fn speaks_of(trigger: &Trigger) -> (Option<SignalNo>, Option<SignalNo>) {
    match trigger {
        Trigger::Each(source) | Trigger::Reading { source, .. } | Trigger::Count { source, .. } => {
            (Some(source.signal), None)
        }
        Trigger::Sequence { first, then, .. } => (Some(then.signal), Some(first.signal)),
        Trigger::Absence { first, .. } => (Some(first.signal), None),
        Trigger::Measure(_) | Trigger::Schedule(_) => (None, None),
    }
}

fn read_as(
    vocabulary: &Vocabulary,
    signal: std::sync::Arc<Signal>,
    kind: Option<SignalNo>,
) -> Option<std::sync::Arc<Signal>> {
    let kind = kind?;
    if signal.kind == kind {
        return Some(signal);
    }
    let old = vocabulary.signal_type(signal.kind);
    let value = |field: &crate::vocabulary::Field| old.field(&field.name).map(|place| signal.field(place).clone());
    let fields: Vec<Value> =
        vocabulary.signal_type(kind).fields.iter().map(|field| value(field).unwrap_or_default()).collect();
    Some(std::sync::Arc::new(Signal { id: signal.id.clone(), kind, at: signal.at, fields }))
}

/// Says what each action of the old text is in the new one: the one in its place if it does the same to the same, else
/// the first such that no other old action stands for. A sent action keeps its counterpart taken.
fn counterparts(was: &[(ActionPlace, String)], is: &[(ActionPlace, String)]) -> BTreeMap<ActionPlace, ActionPlace> {
    let mut found: BTreeMap<ActionPlace, ActionPlace> =
        was.iter().filter(|old| is.contains(old)).map(|(place, _)| (*place, *place)).collect();
    for (place, address) in was {
        if found.contains_key(place) {
            continue;
        }
        let fits = |(other, of): &&(ActionPlace, String)| {
            other.ladder == place.ladder && of == address && !found.values().any(|taken| taken == other)
        };
        if let Some((other, _)) = is.iter().find(fits) {
            found.insert(*place, *other);
        }
    }
    found
}

fn timing_of(rule: &Rule, place: ActionPlace) -> Option<Timing> {
    let ladder = rule.then.ladder.as_ref().map_or(&[][..], |ladder| &ladder.steps);
    let steps = if place.ladder { ladder } else { &rule.then.steps };
    steps.get(place.step as usize)?.timing
}

/// Returns what each action of a rule does to whom, in order.
pub(crate) fn addresses(rule: &Rule) -> Vec<(ActionPlace, String)> {
    let ladder = rule.then.ladder.iter().flat_map(|ladder| ladder.steps.iter()).zip(0u16..).map(|s| (true, s));
    let steps = rule.then.steps.iter().zip(0u16..).map(|step| (false, step));
    let actions = steps.chain(ladder).flat_map(|(ladder, (step, at))| {
        let actions = step.actions.iter().zip(0u16..);
        actions.map(move |(action, number)| (ActionPlace { ladder, step: at, action: number }, address(action)))
    });
    actions.collect()
}

/// Verb and recipient, as a text that only whether it is the same matters of.
fn address(action: &Action) -> String {
    match &action.kind {
        ActionKind::Alert { role, of, .. } => format!("alert {role} {of:?}"),
        ActionKind::Email { who, .. } => format!("email {who:?}"),
        ActionKind::OpenCase { about, .. } => format!("open case {about:?}"),
        ActionKind::Post { endpoint, .. } => format!("post {endpoint}"),
        ActionKind::Set { who, fact, .. } => format!("set {who:?} {fact:?}"),
        ActionKind::Record { signal, .. } => format!("record {signal:?}"),
    }
}
