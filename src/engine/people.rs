//! What people do, and the signals that touchline makes of cases (M18, M20).

use std::sync::Arc;

use crate::engine::input::{Human, HumanAction, Target};
use crate::engine::refill::observer_id;
use crate::engine::state::{Bound, Key, KeyState, RuleNo, Silence, Window};
use crate::engine::turn::{DERIVED_SOURCE, Turn};
use crate::engine::words::fill;
use crate::id::{EffectId, RuleId, SignalId};
use crate::ir::Trigger;
use crate::signal::Signal;
use crate::value::{Str, Value};
use crate::vocabulary::{SignalNo, ThingNo, Type, builtin};

/// Why an action met nothing.
const NO_OPEN_CASE: &str = "no case of it is open";

/// Says that no case is meant: a rule is met by its open case, a case that is named by any.
fn no_case(target: &Target) -> &'static str {
    match target {
        Target::Rule { .. } => NO_OPEN_CASE,
        Target::Case(_) => "there is no such case",
    }
}

impl Turn<'_> {
    /// Applies a human action.
    pub(crate) fn human(&mut self, human: Human) {
        let by = human.by;
        match human.action {
            HumanAction::Acknowledge(target) => self.acknowledge(&target, &by),
            HumanAction::Close { target, outcome } => match self.case_of(&target) {
                Some(case) => self.close_case(&case, outcome, &by),
                None => self.step.missed = Some(NO_OPEN_CASE),
            },
            HumanAction::Reopen(target) => match self.closed_case_of(&target) {
                Some(case) if self.state.cases.reopen(&case) => self.tell_case(builtin::CASE_REOPENED, &case, &[]),
                _ => self.step.missed = Some("no case of it is closed"),
            },
            HumanAction::Assign { target, to } => {
                let case = self.known_case_of(&target);
                match case.and_then(|case| self.state.cases.get_mut(&case)) {
                    Some(case) => case.owner = Some(to),
                    None => self.step.missed = Some(no_case(&target)),
                }
            }
            // Kept in the journal; decides nothing.
            HumanAction::Comment { target, .. } => {
                if self.known_case_of(&target).is_none() {
                    self.step.missed = Some(no_case(&target));
                }
            }
            HumanAction::Contact { target, customer } => self.contact(target.as_ref(), customer),
            HumanAction::Silence { rule, until } => {
                let now = self.now;
                self.state.silences.retain(|silence| silence.until > now);
                if until <= now {
                    self.step.missed = Some("it is over before it begins");
                }
                self.state.silences.push(Silence { rule, until });
            }
        }
    }

    fn acknowledge(&mut self, target: &Target, by: &Str) {
        let reason = if by.is_empty() { "acknowledged".to_owned() } else { format!("acknowledged by {by}") };
        let case = self.case_of(target);
        let of = match target {
            Target::Rule { rule, key } => Some((rule.clone(), key.clone())),
            // One ladder: that of the rule that opened the case, for its key.
            Target::Case(case) => self.state.cases.get(case).map(|case| (case.rule.clone(), case.key.clone())),
        };
        let ladder = of.and_then(|(rule, key)| Some((self.number_of(&rule)?, key)));
        let stopped = ladder.is_some_and(|(number, key)| self.stop_acknowledged(number, &key, &reason));
        match case {
            Some(case) => self.tell_case(builtin::CASE_ACKNOWLEDGED, &case, &[]),
            None if !stopped => {
                self.step.missed = Some("no ladder of it is under way that this stops, and no case of it is open");
            }
            None => {}
        }
    }

    /// Stops a ladder that an acknowledgement stops; tells whether there was one.
    fn stop_acknowledged(&mut self, number: RuleNo, key: &Key, reason: &str) -> bool {
        let stops = self.rule(number).then.ladder.as_ref().is_some_and(|ladder| ladder.until_acknowledged);
        stops && self.stop_ladder(number, key, reason)
    }

    fn close_case(&mut self, case: &Str, outcome: Str, by: &Str) {
        let said = if outcome.is_empty() { Value::Missing } else { Value::Text(outcome) };
        let customer = self.state.cases.customer_of(case).cloned();
        if !self.state.cases.close(case, said.clone()) {
            return;
        }
        let reason =
            if by.is_empty() { "the case was closed".to_owned() } else { format!("the case was closed by {by}") };
        let stops = |bound: &Bound| match bound {
            Bound::Case(of) => of == case,
            Bound::Customer(of) => Some(of) == customer.as_ref(),
            Bound::Nothing => false,
        };
        for (number, key) in self.ladders(stops) {
            if self.rule(number).then.ladder.as_ref().is_some_and(|ladder| ladder.until_case_closed) {
                self.stop_ladder(number, &key, &reason);
            }
        }
        self.end_episode_of(case);
        self.tell_case(builtin::CASE_CLOSED, case, &[(builtin::OUTCOME, said)]);
    }

    /// Closing the rule's case ends its episode: counting starts again after it (M9).
    fn end_episode_of(&mut self, case: &Str) {
        let Some((rule, key)) = self.state.cases.get(case).map(|case| (case.rule.clone(), case.key.clone())) else {
            return;
        };
        let now = self.now;
        // Whoever fills windows for this rule from the journal begins again there, too.
        let observer = self.number_of(&observer_id(&rule)).filter(|number| self.observing.contains(number));
        for number in self.number_of(&rule).into_iter().chain(observer) {
            // On each signal, or at given times, nothing is counted.
            if matches!(self.rule(number).trigger, Trigger::Each(_) | Trigger::Schedule(_)) {
                continue;
            }
            self.arm(number, &key, None);
            let state = self.state.rules[number as usize].keys.entry(key.clone()).or_default();
            let ladder = state.ladder.take();
            *state = KeyState::of(Window::None, ladder);
            state.change_aside(|aside| aside.floor = Some(now.into()));
        }
    }

    fn contact(&mut self, target: Option<&Target>, customer: Option<Str>) {
        let case = target.and_then(|target| self.known_case_of(target));
        if let (Some(target), None, None) = (target, &case, &customer) {
            self.step.missed = Some(no_case(target));
        }
        let customer = customer.or_else(|| case.as_ref().and_then(|case| self.state.cases.customer_of(case).cloned()));
        if let Some(customer) = &customer {
            let today = self.today();
            self.state.cases.contact(customer, today);
        }
        let mut things = case.as_ref().and_then(|case| self.state.cases.get(case)).map(|case| case.things.clone());
        let things = things.get_or_insert_default();
        let thing = self.rules.vocabulary.thing(builtin::CUSTOMER);
        if let (Some(thing), Some(customer)) = (thing, customer) {
            things.retain(|(of, _)| *of != thing);
            things.push((thing, customer));
        }
        let id = EffectId::of(&[b"contact", &self.state.position.to_le_bytes()]);
        let things = std::mem::take(things);
        self.about(builtin::CUSTOMER_CONTACT, id, case.as_ref(), &things, &[], Arc::default());
    }

    /// Returns every ladder with steps to come whose binding is asked for, in order of rule and key.
    fn ladders(&self, asked: impl Fn(&Bound) -> bool) -> Vec<(RuleNo, Key)> {
        let rules = self.state.rules.iter().zip(0..);
        let ladders = rules.flat_map(|(rule, number)| {
            let bound = |state: &KeyState| state.ladder.as_ref().is_some_and(|ladder| asked(&ladder.bound));
            rule.keys.iter().filter(move |(_, state)| bound(state)).map(move |(key, _)| (number, key.clone()))
        });
        let mut ladders: Vec<_> = ladders.collect();
        ladders.sort();
        ladders
    }

    /// Returns the open case a target means.
    fn case_of(&self, target: &Target) -> Option<Str> {
        match target {
            Target::Case(case) => self.state.cases.get(case).filter(|case| case.open).map(|_| case.clone()),
            Target::Rule { rule, key } => self.state.cases.open_case(rule, key).cloned(),
        }
    }

    /// Returns the case a target means, also a closed one that is named.
    fn known_case_of(&self, target: &Target) -> Option<Str> {
        match target {
            Target::Case(case) => self.state.cases.get(case).map(|_| case.clone()),
            Target::Rule { rule, key } => self.state.cases.open_case(rule, key).cloned(),
        }
    }

    /// Returns the case a target means, the latest closed one where none is open.
    fn closed_case_of(&self, target: &Target) -> Option<Str> {
        match target {
            Target::Case(case) => Some(case.clone()),
            Target::Rule { rule, key } => {
                let mine = self.state.cases.iter().filter(|(_, case)| case.rule == *rule && case.key == *key);
                mine.max_by_key(|(id, case)| (case.opened_at, (*id).clone())).map(|(id, _)| id.clone())
            }
        }
    }

    /// Finds a rule's place.
    pub(crate) fn number_of(&self, rule: &RuleId) -> Option<RuleNo> {
        self.rules.rules.binary_search_by(|other| other.id.cmp(rule)).ok().map(|place| place as RuleNo)
    }

    /// Makes a signal about a case of what a person did.
    fn tell_case(&mut self, kind: &str, case: &Str, extra: &[(&str, Value)]) {
        let id = EffectId::of(&[kind.as_bytes(), case.as_bytes(), &self.state.position.to_le_bytes()]);
        let things = self.state.cases.get(case).map(|case| case.things.clone()).unwrap_or_default();
        self.about_case(kind, id, case, &things, extra, Arc::default());
    }

    /// Makes a signal about a case and its things.
    pub(crate) fn about_case(
        &mut self,
        kind: &str,
        id: EffectId,
        case: &Str,
        things: &[(ThingNo, Str)],
        extra: &[(&str, Value)],
        chain: Arc<[RuleId]>,
    ) {
        self.about(kind, id, Some(case), things, extra, chain);
    }

    fn about(
        &mut self,
        kind: &str,
        id: EffectId,
        case: Option<&Str>,
        things: &[(ThingNo, Str)],
        extra: &[(&str, Value)],
        chain: Arc<[RuleId]>,
    ) {
        let vocabulary = &self.rules.vocabulary;
        let Some(number) = vocabulary.signal(kind) else { return };
        let signal_type = vocabulary.signal_type(number);
        let mut signal = self.derived_signal(id, number, vec![Value::Missing; signal_type.fields.len()]);
        for (field, place) in signal_type.fields.iter().zip(0u16..) {
            let Type::Thing(thing) = field.ty else { continue };
            let about = things.iter().find(|(of, _)| *of == thing).map(|(_, id)| id);
            let about = if &*field.name == builtin::CASE { case } else { about };
            let value = about.map_or(Value::Missing, |id| Value::Id(id.clone()));
            fill(&mut signal, Some(crate::vocabulary::FieldNo(place)), value);
        }
        for (name, value) in extra {
            fill(&mut signal, signal_type.field(name), value.clone());
        }
        self.derived.push_back((signal, chain));
    }

    /// Returns a signal that touchline makes.
    pub(crate) fn derived_signal(&self, id: EffectId, kind: SignalNo, fields: Vec<Value>) -> Signal {
        let id = SignalId { source: DERIVED_SOURCE.into(), id: id.to_string().into() };
        Signal { id, kind, at: self.now, fields }
    }
}
