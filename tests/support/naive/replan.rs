//! Pending actions when what a rule does changes (M24): sent steps stay sent, pending ones are planned again from the
//! original start, matched by verb and recipient.

use std::sync::Arc;

use jiff::Timestamp;
use touchline::engine::effect::{Effect, Firing, Outcome, Values};
use touchline::ir::action::{Action, ActionKind, Step};
use touchline::ir::{Rule, Trigger};
use touchline::signal::Signal;
use touchline::value::Value;
use touchline::vocabulary::SignalNo;

use super::Naive;
use super::acting::{Done, Plan, Rung};

/// Step and action in their list.
type Place = (usize, usize);

impl Naive {
    pub(super) fn replan(&mut self, was: &Arc<Rule>, rule: &Arc<Rule>) {
        let mut mine: Vec<usize> =
            (0..self.plans.len()).filter(|place| self.plans[*place].rule.id == rule.id).collect();
        // M7: by key; of a key in the order they were planned in.
        mine.sort_by(|one, other| self.plans[*one].key.cmp(&self.plans[*other].key));
        let mut planned: Vec<(usize, Option<(Place, Timestamp)>)> = mine
            .into_iter()
            .map(|number| {
                let plan = &self.plans[number];
                let ladder = plan.ladder.is_some();
                let place = counterpart(list(was, ladder), list(rule, ladder), (plan.step, plan.action));
                (number, place.map(|place| (place, self.due_again(rule, plan, place))))
            })
            .collect();
        self.in_order(rule, &mut planned);
        let now = self.now();
        let mut cancelled = vec![];
        for (number, found) in planned {
            let Some(((step, action), due)) = found else {
                cancelled.push(self.plans[number].id);
                let plan = self.plans[number].clone();
                self.emit_cancelled(&plan);
                continue;
            };
            let due = due.max(now);
            let plan = &mut self.plans[number];
            let moved = plan.due != due;
            (plan.step, plan.action, plan.due) = (step, action, due);
            plan.during = list(rule, plan.ladder.is_some())[step].timing.and_then(|timing| timing.during);
            if let Some(rung) = &mut plan.ladder {
                rung.step = step as u16 + 1;
            }
            let plan = plan.clone();
            if moved {
                let (what, to) = self.foretell(&plan);
                let done = Done { outcome: Outcome::Planned, reason: "changed".into(), what, to };
                self.emit(&plan, done, Some(due));
            }
        }
        self.plans.retain(|plan| !cancelled.contains(&plan.id));
        self.link_rungs(rule);
    }

    fn due_again(&self, rule: &Rule, plan: &Plan, (step, _): Place) -> Timestamp {
        match list(rule, plan.ladder.is_some())[step].timing {
            Some(timing) => self.due(rule, &plan.firing, &plan.things, &plan.doing, &timing),
            None => plan.firing.at,
        }
    }

    /// M18: of the pending steps of a ladder, none overtakes the one before.
    fn in_order(&self, rule: &Rule, planned: &mut [(usize, Option<(Place, Timestamp)>)]) {
        let steps = rule.then.ladder.as_ref().map_or(0, |ladder| ladder.steps.len());
        let mut keys: Vec<Vec<Value>> = planned.iter().map(|(number, _)| self.plans[*number].key.clone()).collect();
        keys.dedup();
        for key in keys {
            let mut latest = Timestamp::MIN;
            for step in 0..steps {
                let of_step = planned.iter_mut().filter_map(|(number, found)| {
                    let plan = &self.plans[*number];
                    let found = found.as_mut().filter(|(place, _)| place.0 == step);
                    found.filter(|_| plan.ladder.is_some() && plan.key == key)
                });
                let mut own = latest;
                for (_, due) in of_step {
                    *due = (*due).max(latest);
                    own = own.max(*due);
                }
                latest = own;
            }
        }
    }

    /// M17: a step is too late when the next is due.
    fn link_rungs(&mut self, rule: &Rule) {
        let rungs: Vec<(Vec<Value>, u16, Timestamp)> = self
            .plans
            .iter()
            .filter(|plan| plan.rule.id == rule.id)
            .filter_map(|plan| Some((plan.key.clone(), plan.ladder?.step, plan.due)))
            .collect();
        for plan in self.plans.iter_mut().filter(|plan| plan.rule.id == rule.id) {
            let Some(Rung { step, .. }) = plan.ladder else { continue };
            let later = rungs.iter().filter(|(key, other, _)| *key == plan.key && *other > step);
            let next = later.clone().map(|(_, other, _)| *other).min();
            let next_due = later.filter(|(_, other, _)| Some(*other) == next).map(|(_, _, due)| *due).min();
            plan.ladder = Some(Rung { step, next_due });
        }
    }

    fn emit_cancelled(&mut self, plan: &Plan) {
        let (what, to) = self.foretell(plan);
        let done = Done { outcome: Outcome::Cancelled, reason: "gone".into(), what, to };
        self.emit(plan, done, Some(plan.due));
        self.give_back(plan.number);
    }

    /// An action of a rule that stayed away.
    pub(super) fn list_as_gone(&mut self, plan: &Plan) {
        let (what, to) = self.foretell(plan);
        self.step.effects.push(Effect {
            id: plan.id,
            at: self.now(),
            outcome: Outcome::Cancelled,
            reason: "gone".into(),
            what,
            to,
            due: Some(plan.due),
            step: plan.ladder.map_or(0, |rung| rung.step),
            firing: Some(plan.firing.clone()),
        });
    }
}

impl Naive {
    /// A guard asks for names (M11, M24): the key's parts and, of another kind of signal, its fields.
    pub(super) fn as_read_by(&self, rule: &Rule, firing: &Firing) -> Values {
        let of_key = |name: &str| firing.key.iter().find(|(of, _)| &**of == name).map(|(_, value)| value.clone());
        let key = rule.key.iter().map(|part| of_key(&part.name).unwrap_or_default()).collect();
        let (signal, first) = match &rule.trigger {
            Trigger::Each(source) | Trigger::Reading { source, .. } | Trigger::Count { source, .. } => {
                (Some(source.signal), None)
            }
            Trigger::Sequence { first, then, .. } => (Some(then.signal), Some(first.signal)),
            Trigger::Absence { first, .. } => (Some(first.signal), None),
            Trigger::Measure(_) | Trigger::Schedule(_) => (None, None),
        };
        let signal = signal.and_then(|kind| self.read_as(firing.values.signal.as_deref()?, kind));
        let first = first.and_then(|kind| self.read_as(firing.values.first.as_deref()?, kind));
        Values { key, signal, first, ..firing.values.clone() }
    }

    fn read_as(&self, signal: &Signal, kind: SignalNo) -> Option<Arc<Signal>> {
        let vocabulary = &self.ruleset.vocabulary;
        let value = |name: &str| {
            let place = vocabulary.signal_type(signal.kind).field(name)?;
            Some(signal.field(place).clone())
        };
        let fields = &vocabulary.signal_type(kind).fields;
        let fields = fields.iter().map(|field| value(&field.name).unwrap_or_default()).collect();
        Some(Arc::new(Signal { kind, fields, ..signal.clone() }))
    }
}

fn list(rule: &Rule, ladder: bool) -> &[Step] {
    match (&rule.then.ladder, ladder) {
        (_, false) => &rule.then.steps,
        (Some(ladder), true) => &ladder.steps,
        (None, true) => &[],
    }
}

/// What an action of the old list is in the new one: the one in its place if it does the same to the same, else the
/// first such that no other old action stands for.
fn counterpart(old: &[Step], new: &[Step], of: Place) -> Option<Place> {
    let places = |list: &[Step]| -> Vec<Place> {
        let places = list.iter().enumerate();
        places.flat_map(|(step, at)| (0..at.actions.len()).map(move |action| (step, action))).collect()
    };
    let at = |list: &[Step], (step, action): Place| list.get(step).and_then(|step| step.actions.get(action).cloned());
    let same = |one: Place, other: Place| match (at(old, one), at(new, other)) {
        (Some(one), Some(other)) => same_address(&one, &other),
        _ => false,
    };
    let mut found: Vec<(Place, Place)> =
        places(old).into_iter().filter(|place| same(*place, *place)).map(|place| (place, place)).collect();
    for place in places(old) {
        if found.iter().any(|(one, _)| *one == place) {
            continue;
        }
        let free =
            places(new).into_iter().find(|other| same(place, *other) && !found.iter().any(|(_, taken)| taken == other));
        found.extend(free.map(|other| (place, other)));
    }
    found.into_iter().find(|(one, _)| *one == of).map(|(_, other)| other)
}

fn same_address(one: &Action, other: &Action) -> bool {
    use ActionKind::{Alert, Email, OpenCase, Post, Record, Set};
    match (&one.kind, &other.kind) {
        (Alert { role: r1, of: o1, .. }, Alert { role: r2, of: o2, .. }) => r1 == r2 && o1 == o2,
        (Email { who: w1, .. }, Email { who: w2, .. }) => w1 == w2,
        (OpenCase { about: a1, .. }, OpenCase { about: a2, .. }) => a1 == a2,
        (Post { endpoint: e1, .. }, Post { endpoint: e2, .. }) => e1 == e2,
        (Set { who: w1, fact: f1, .. }, Set { who: w2, fact: f2, .. }) => w1 == w2 && f1 == f2,
        (Record { signal: s1, .. }, Record { signal: s2, .. }) => s1 == s2,
        _ => false,
    }
}
