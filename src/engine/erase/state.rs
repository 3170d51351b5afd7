//! Erasure of what the engine remembers: the id becomes the alias in every key and fact, and what was on its way to the
//! thing itself is withdrawn.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::engine::act::{Plan, Prepared};
use crate::engine::erase::{ERASED, Eraser, Parts, REASON};
use crate::engine::input::Erase;
use crate::engine::state::{Bound, Due, DueKind, Flight, Key, KeyState, Pending, RuleState, State};
use crate::engine::turn::Turn;
use crate::id::{EffectId, RuleId};
use crate::ir::Rule;
use crate::ir::action::ActionKind;
use crate::ir::expr::Operand;
use crate::value::Value;
use crate::vocabulary::{FactNo, Type, builtin};

impl Turn<'_> {
    /// Gives a thing another id and blanks what is personal about it, wherever the state keeps it. What was on its way to
    /// the thing itself is withdrawn; alerts about it go their way without its name.
    pub(crate) fn erase(&mut self, erase: &Erase) {
        let mut eraser = Eraser::new(self.rules, erase);
        let facts = &self.rules.vocabulary.thing_type(erase.thing).facts;
        let told: Vec<Value> = facts
            .iter()
            .zip(0u16..)
            .filter(|(fact, _)| fact.personal)
            .map(|(_, place)| self.facts().fact(erase.thing, &erase.id, FactNo(place)))
            .collect();
        eraser.know(told.iter().filter_map(super::word));
        let cases = self
            .state
            .cases
            .iter()
            .filter(|(_, case)| case.things.iter().any(|(thing, id)| *thing == erase.thing && *id == erase.id));
        eraser.know_cases(cases.map(|(id, _)| id.clone()).collect::<Vec<_>>());
        eraser.state(self.state);
        self.withdraw_from(erase);
    }

    /// Takes back every mail to the thing that is planned, or handed over and not heard of.
    fn withdraw_from(&mut self, erase: &Erase) {
        let to_it = |plan: &Plan| {
            matches!(&plan.prepared, Prepared::Email { thing, id: Value::Id(id), .. }
                if *thing == erase.thing && *id == erase.alias)
        };
        let order = |plan: &Plan| (plan.firing.rule.clone(), plan.key.clone());
        let mut planned: Vec<((RuleId, Key), u64)> =
            self.state.plans.iter().filter(|(_, plan)| to_it(plan)).map(|(n, plan)| (order(&plan), n)).collect();
        planned.sort();
        for (_, number) in planned {
            let Some(plan) = self.state.plans.remove(number) else { continue };
            self.take_off(plan.due, plan.rule, plan.key.clone(), DueKind::Plan(number));
            self.state.rules[plan.rule as usize].held.retain(|held| *held != number);
            self.forget_step(&plan, number);
            self.cancel(plan, REASON.into());
        }
        let flying = self.state.in_flight.iter().filter(|(_, flight)| to_it(&flight.plan));
        let mut flying: Vec<((RuleId, Key), EffectId)> =
            flying.map(|(id, flight)| (order(&flight.plan), *id)).collect();
        flying.sort();
        for (_, id) in flying {
            let Some(flight) = self.state.in_flight.remove(&id) else { continue };
            self.take_back(flight.plan, REASON);
        }
        // A rule that is aside loses its mails as well; its limits stay as they are until it comes back.
        let mut parked = std::mem::take(&mut self.state.parked);
        for rule in &mut parked {
            let (gone, kept) = std::mem::take(&mut rule.plans).into_iter().partition(|(_, plan)| to_it(plan));
            let gone: Vec<(u64, Plan)> = gone;
            rule.plans = kept;
            gone.into_iter().for_each(|(_, plan)| self.cancel(plan, REASON.into()));
            let (gone, kept) = std::mem::take(&mut rule.flights).into_iter().partition(|(_, f)| to_it(&f.plan));
            let gone: Vec<(EffectId, Flight)> = gone;
            rule.flights = kept;
            gone.into_iter().for_each(|(_, flight)| self.take_back(flight.plan, REASON));
        }
        self.state.parked = parked;
    }
}

impl Eraser<'_> {
    /// Changes everything that is remembered of the thing.
    fn state(&self, state: &mut State) {
        state.facts.erase(self.thing, &self.id, &self.alias, self.vocabulary());
        for case in state.cases.each_about(self.thing, &self.id) {
            self.things(&mut case.things);
            self.key(&mut case.key, &self.parts_of(&case.rule, true));
            match self.rules.rule(&case.rule).is_none_or(|rule| reason_is_personal(rule)) {
                true if !case.reason.is_missing() => case.reason = Value::Text(ERASED.into()),
                _ => self.value(&mut case.reason, &[]),
            }
            self.value(&mut case.outcome, &[]);
        }
        state.contacts.rename(self.thing, &self.id, &self.alias);
        state.cases.each_key(&|rule, key| self.key(key, &self.parts_of(rule, true)));
        if self.vocabulary().thing(builtin::CUSTOMER) == Some(self.thing) {
            state.cases.rename_customer(&self.id, &self.alias);
        }
        if state.things_seen.remove(&(self.thing, self.id.clone())) {
            state.things_seen.insert((self.thing, self.alias.clone()));
        }
        state.seen.erase(&|signal| self.names(signal));
        for (of_rule, rule) in state.rules.iter_mut().zip(&self.rules.rules) {
            self.rule_state(of_rule, Some(rule));
        }
        let rules = &self.rules.rules;
        let agenda = std::mem::take(&mut state.agenda);
        state.agenda = agenda.into_iter().map(|due| self.due(due, rules)).collect();
        state.plans.each(|plan| self.plan(plan));
        state.in_flight.values_mut().for_each(|flight| self.plan(&mut flight.plan));
        for account in state.accounts.values_mut() {
            let parts = rules.get(account.rule as usize).map_or(Parts::Any, |rule| self.limit_parts(rule));
            self.key(&mut account.limit_key, &parts);
        }
        for told in state.told.values_mut() {
            for line in &mut told.lines {
                self.phrase(line);
            }
        }
        for parked in &mut state.parked {
            self.rule_state(&mut parked.state, None);
            parked.plans.iter_mut().for_each(|(_, plan)| self.plan(plan));
            parked.flights.iter_mut().for_each(|(_, flight)| self.plan(&mut flight.plan));
            for (_, account) in &mut parked.accounts {
                self.key(&mut account.limit_key, &Parts::Any);
            }
        }
    }

    fn due(&self, mut due: Due, rules: &[Arc<Rule>]) -> Due {
        let parts = match rules.get(due.rule as usize) {
            None => Parts::Any,
            Some(rule) if due.kind == DueKind::LimitFrees => self.limit_parts(rule),
            Some(rule) => self.acting_parts(rule),
        };
        self.key(&mut due.key, &parts);
        due
    }

    fn rule_state(&self, state: &mut RuleState, rule: Option<&Rule>) {
        let acting = rule.map_or(Parts::Any, |rule| self.acting_parts(rule));
        let per = rule.map_or(Parts::Any, |rule| self.limit_parts(rule));
        self.rename(&mut state.keys, &acting);
        self.rename(&mut state.limits, &per);
        self.rename(&mut state.other_limits, &per);
        state.keys.values_mut().for_each(|key| self.key_state(key, rule, &acting));
        state.waiting = std::mem::take(&mut state.waiting)
            .into_iter()
            .map(|(mut limit_key, waiting)| {
                self.key(&mut limit_key, &per);
                let renamed = waiting.into_iter().map(|(since, number, mut key)| {
                    self.key(&mut key, &acting);
                    (since, number, key)
                });
                (limit_key, renamed.collect::<BTreeSet<_>>())
            })
            .collect::<BTreeMap<_, _>>();
    }

    /// Gives keys that hold the id others that hold the alias.
    fn rename<V>(&self, map: &mut FxHashMap<Key, V>, parts: &Parts) {
        let holds = |key: &&Key| key.iter().enumerate().any(|(place, value)| parts.may(place) && self.is_it(value));
        let found: Vec<Key> = map.keys().filter(holds).cloned().collect();
        for mut key in found {
            if let Some(value) = map.remove(&key) {
                self.key(&mut key, parts);
                map.insert(key, value);
            }
        }
    }

    fn key_state(&self, state: &mut KeyState, rule: Option<&Rule>, parts: &Parts) {
        self.window(&mut state.window, rule);
        state.change_aside(|aside| {
            if let Some(shown) = &mut aside.shown {
                self.key(shown, parts);
            }
            if let Some((_, latest)) = aside.latest.as_deref_mut() {
                *latest = self.shared(latest);
            }
        });
        if let Some(pending) = state.episode.as_mut().and_then(|episode| episode.pending.as_mut()) {
            self.pending(pending, parts);
        }
        let customer = self.vocabulary().thing(builtin::CUSTOMER) == Some(self.thing);
        if let Some(Bound::Customer(id)) = state.ladder.as_mut().map(|ladder| &mut ladder.bound)
            && customer
            && *id == self.id
        {
            *id = self.alias.clone();
        }
    }

    fn pending(&self, pending: &mut Pending, parts: &Parts) {
        let mut own = Vec::new();
        for signal in [&mut pending.values.signal, &mut pending.values.first].into_iter().flatten() {
            own.extend(self.words_of(signal));
            *signal = self.shared(signal);
        }
        self.key(&mut pending.values.key, parts);
        self.compared(&mut pending.compared, &own);
    }

    fn plan(&self, plan: &mut Plan) {
        let parts = self.parts_of(&plan.firing.rule, true);
        let mut about = self.key(&mut plan.key, &parts) | self.things(&mut plan.things);
        let mut own = Vec::new();
        if let Some((firing, words)) = self.firing(&plan.firing) {
            (plan.firing, own, about) = (firing, words, true);
        }
        match &mut plan.prepared {
            Prepared::Alert { of, text, .. } => {
                if let Some((thing, id)) = of {
                    self.typed(id, &Type::Thing(*thing));
                }
                if about {
                    self.text(text, &own);
                }
            }
            Prepared::Email { thing, id, with, .. } => {
                self.typed(id, &Type::Thing(*thing));
                with.iter_mut().filter(|_| about).for_each(|(_, value)| self.value(value, &own));
            }
            Prepared::OpenCase { things, reason, .. } => {
                if self.things(things) | about {
                    self.value(reason, &own);
                }
            }
            Prepared::Post { with, .. } => {
                with.iter_mut().filter(|_| about).for_each(|(_, value)| self.value(value, &own));
            }
            Prepared::Set { thing, id, fact, value } => {
                let mine = self.typed(id, &Type::Thing(*thing));
                let fact = self.vocabulary().things.get(thing.index()).and_then(|of| of.facts.get(fact.index()));
                match fact {
                    Some(fact) if mine && fact.personal => *value = Value::Missing,
                    Some(fact) => drop(self.typed(value, &fact.ty)),
                    None => {}
                }
            }
            Prepared::Record { signal, fields } => {
                self.fields(fields, &self.vocabulary().signal_type(*signal).fields);
            }
        }
    }
}

/// Tells whether the reason a rule gives its cases may be what a customer wrote.
fn reason_is_personal(rule: &Rule) -> bool {
    let actions = rule.then.steps.iter().chain(rule.then.ladder.iter().flat_map(|ladder| &ladder.steps));
    let mut actions = actions.flat_map(|step| &step.actions);
    actions.any(|action| match &action.kind {
        ActionKind::OpenCase { reason: Some(Operand::Access(access)), .. } => access.personal,
        ActionKind::OpenCase { reason: Some(Operand::Script(..)), .. } => true,
        _ => false,
    })
}
