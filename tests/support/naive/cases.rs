//! Cases and what people do (M9, M18, M20).

use touchline::engine::effect::What;
use touchline::engine::input::{Human, HumanAction, Target};
use touchline::id::{EffectId, RuleId};
use touchline::ir::expr::{Access, Operand};
use touchline::signal::Signal;
use touchline::value::{Str, Value};
use touchline::vocabulary::{ThingNo, Type, builtin};

use super::Naive;
use super::acting::Plan;
use super::history::Past;
use super::world::Case;

impl Naive {
    /// M18: joins the open case of the same rule and key and raises its priority, or opens one.
    pub(super) fn open_case(
        &mut self,
        plan: &Plan,
        about: Option<(ThingNo, Access)>,
        priority: Option<Operand>,
        reason: Option<Operand>,
    ) -> What {
        let values = plan.firing.values.clone();
        let value = |operand: &Option<Operand>| operand.as_ref().map(|operand| self.scope(&values).operand(operand));
        let reason = value(&reason).filter(|reason| !reason.is_missing());
        let said = value(&priority).unwrap_or_default();
        let place = |word: &Str| builtin::PRIORITIES.iter().position(|priority| *priority == &**word);
        let priority = said.as_text().and_then(place).unwrap_or(1);
        if let Some(place) = self.world.open_case(&plan.rule.id, &plan.key) {
            let case = &mut self.world.cases[place];
            case.priority = case.priority.max(priority);
            let priority = builtin::PRIORITIES[case.priority].into();
            return What::OpenCase { case: case.id.clone(), joined: true, priority, reason };
        }
        let mut things = plan.things.clone();
        // A case is about what it names, not about another case.
        things.retain(|(kind, _)| Some(*kind) != self.ruleset.vocabulary.thing(builtin::CASE));
        if let Some((thing, access)) = about
            && let Some(id) = self.scope(&values).access(&access).as_text()
            && !things.iter().any(|(kind, known)| *kind == thing && known == id)
        {
            things.push((thing, id.clone()));
        }
        // Planned for later, it keeps the name its firing gave it, unless that case was opened and closed meanwhile.
        let known = |id: &Str| self.world.cases.iter().any(|case| case.id == *id);
        let id = match values.case.as_text() {
            Some(named) if !known(named) => named.clone(),
            _ => Naive::case_id(plan.id),
        };
        let opened_on = self.now().to_zoned(self.ruleset.vocabulary.zone.clone()).date();
        self.world.cases.push(Case {
            id: id.clone(),
            rule: plan.rule.id.clone(),
            key: plan.key.clone(),
            open: true,
            priority,
            reason: reason.clone().unwrap_or_default(),
            outcome: Value::Missing,
            opened_at: self.now(),
            opened_on,
            owner: None,
            things: things.clone(),
        });
        let place = self.world.cases.len() - 1;
        self.tell(builtin::CASE_OPENED, place, plan.id, plan.firing.chain.clone());
        What::OpenCase { case: id, joined: false, priority: builtin::PRIORITIES[priority].into(), reason }
    }

    pub(super) fn case_id(effect: EffectId) -> Str {
        format!("case-{}", &effect.to_string()[..12]).into()
    }

    /// M20: a built-in signal about a case and its things.
    fn tell(&mut self, name: &str, case: usize, id: EffectId, chain: Vec<RuleId>) {
        let Some(kind) = self.ruleset.vocabulary.signal(name) else { return };
        let vocabulary = self.ruleset.vocabulary.clone();
        let case = &self.world.cases[case];
        let value = |field: &touchline::vocabulary::Field| match field.ty {
            Type::Thing(thing) if &*vocabulary.thing_type(thing).name == builtin::CASE => Value::Id(case.id.clone()),
            Type::Thing(thing) => {
                let found = case.things.iter().find(|(kind, _)| *kind == thing);
                found.map_or(Value::Missing, |(_, id)| Value::Id(id.clone()))
            }
            _ => match &*field.name {
                builtin::PRIORITY => Value::Text(builtin::PRIORITIES[case.priority].into()),
                builtin::REASON => case.reason.clone(),
                builtin::OUTCOME => case.outcome.clone(),
                _ => Value::Missing,
            },
        };
        let fields = vocabulary.signal_type(kind).fields.iter().map(value).collect();
        let signal = self.derived_signal(id, kind, fields);
        self.queue.push((signal, chain));
    }

    /// A signal about what a person did.
    fn tell_by_hand(&mut self, name: &str, case: usize) {
        let about = self.world.cases[case].id.clone();
        let id = EffectId::of(&[name.as_bytes(), about.as_bytes(), &self.position.to_le_bytes()]);
        self.tell(name, case, id, vec![]);
    }

    fn target(&self, target: &Target) -> Option<usize> {
        match target {
            Target::Rule { rule, key } => self.world.open_case(rule, key),
            Target::Case(id) => self.world.cases.iter().position(|case| case.id == *id),
        }
    }

    /// The case that is meant, of a rule and key the latest; unless one of that rule and key is open, which is the one that
    /// is joined (M18).
    fn to_reopen(&self, target: &Target) -> Option<usize> {
        let cases = &self.world.cases;
        let of = |rule: &RuleId, key: &[Value]| -> Vec<usize> {
            (0..cases.len()).filter(|case| cases[*case].rule == *rule && cases[*case].key == key).collect()
        };
        let case = match target {
            Target::Case(id) => cases.iter().position(|case| case.id == *id),
            Target::Rule { rule, key } => {
                of(rule, key).into_iter().max_by_key(|case| (cases[*case].opened_at, cases[*case].id.clone()))
            }
        }?;
        let fellows = of(&cases[case].rule, &cases[case].key);
        fellows.iter().all(|case| !cases[*case].open).then_some(case)
    }

    pub(super) fn take_human(&mut self, human: Human) {
        self.before = self.world.clone();
        match human.action {
            HumanAction::Acknowledge(target) => self.acknowledge(&target),
            HumanAction::Close { target, outcome } => {
                if let Some(case) = self.target(&target).filter(|case| self.world.cases[*case].open) {
                    self.close(case, outcome);
                }
            }
            HumanAction::Reopen(target) => {
                if let Some(case) = self.to_reopen(&target) {
                    self.world.cases[case].open = true;
                    self.world.cases[case].outcome = Value::Missing;
                    self.tell_by_hand(builtin::CASE_REOPENED, case);
                }
            }
            HumanAction::Assign { target, to } => {
                if let Some(case) = self.target(&target) {
                    self.world.cases[case].owner = Some(to);
                }
            }
            HumanAction::Comment { .. } => {}
            HumanAction::Contact { target, customer } => self.contact(target, customer),
            HumanAction::Silence { rule, until } => self.silences.push((rule, until)),
        }
    }

    /// M18: stops one ladder, closes no case, ends no episode.
    fn acknowledge(&mut self, target: &Target) {
        let case = self.target(target);
        let (rule, key) = match target {
            Target::Rule { rule, key } => (rule.clone(), key.clone()),
            Target::Case(_) => match case {
                Some(case) => (self.world.cases[case].rule.clone(), self.world.cases[case].key.clone()),
                None => return,
            },
        };
        let stops = |plan: &Plan| {
            let ladder = plan.rule.then.ladder.as_ref().filter(|_| plan.ladder.is_some());
            ladder.is_some_and(|ladder| ladder.until_acknowledged) && plan.rule.id == rule && plan.key == key
        };
        self.cancel(stops, "acknowledged");
        if let Some(case) = case.filter(|case| self.world.cases[*case].open) {
            self.tell_by_hand(builtin::CASE_ACKNOWLEDGED, case);
        }
    }

    /// M9: closing the rule's case ends its episode; counting starts again after it. M18: ladders bound to it stop.
    fn close(&mut self, case: usize, outcome: Str) {
        let now = self.now();
        self.world.cases[case].open = false;
        self.world.cases[case].outcome = if outcome.is_empty() { Value::Missing } else { Value::Text(outcome) };
        let closed = self.world.cases[case].clone();
        self.history.push(Past::Closed { rule: closed.rule.clone(), key: closed.key.clone(), at: now });
        let story = self.story(&closed.rule);
        story.seen.retain(|seen| seen.key != closed.key);
        story.met.remove(&closed.key);
        story.floors.insert(closed.key.clone(), now);
        story.waiting.retain(|waiting| waiting.key != closed.key);
        story.entered.remove(&closed.key);
        self.stop_ladders(&closed);
        self.tell_by_hand(builtin::CASE_CLOSED, case);
    }

    /// `until case_closed` binds to the case the firing opened or joined, else the one its signal names, else any case
    /// about its customer (M18).
    fn stop_ladders(&mut self, closed: &Case) {
        let vocabulary = self.ruleset.vocabulary.clone();
        let case_thing = vocabulary.thing(builtin::CASE);
        let customer = vocabulary.thing(builtin::CUSTOMER);
        let named =
            |plan: &Plan, thing: Option<ThingNo>| plan.things.iter().find(|(kind, _)| Some(*kind) == thing).cloned();
        let bound = |plan: &Plan| match plan.firing.values.case.as_text() {
            Some(own) => *own == closed.id,
            None => match named(plan, case_thing) {
                Some((_, id)) => id == closed.id,
                None => named(plan, customer).is_some_and(|customer| closed.things.contains(&customer)),
            },
        };
        let stops = |plan: &&Plan| {
            let ladder = plan.rule.then.ladder.as_ref().filter(|_| plan.ladder.is_some());
            ladder.is_some_and(|ladder| ladder.until_case_closed) && bound(plan)
        };
        let stopped: Vec<EffectId> = self.plans.iter().filter(stops).map(|plan| plan.id).collect();
        self.cancel(|plan| stopped.contains(&plan.id), "case closed");
    }

    /// M20: somebody spoke or wrote to the customer.
    fn contact(&mut self, target: Option<Target>, customer: Option<Str>) {
        let id = EffectId::of(&[b"contact", &self.position.to_le_bytes()]);
        let case = target.as_ref().and_then(|target| self.target(target));
        let thing = self.ruleset.vocabulary.thing(builtin::CUSTOMER);
        let of_case = || {
            let things = &self.world.cases[case?].things;
            things.iter().find(|(kind, _)| Some(*kind) == thing).map(|(_, id)| id.clone())
        };
        let customer = customer.or_else(of_case);
        if let Some(customer) = &customer {
            let today = self.now().to_zoned(self.ruleset.vocabulary.zone.clone()).date();
            self.world.contacts.insert(customer.clone(), today);
        }
        if let Some(case) = case {
            self.tell(builtin::CUSTOMER_CONTACT, case, id, vec![]);
        } else if let (Some(kind), Some(customer)) =
            (self.ruleset.vocabulary.signal(builtin::CUSTOMER_CONTACT), customer)
        {
            let fields = &self.ruleset.vocabulary.signal_type(kind).fields;
            let of = |field: &touchline::vocabulary::Field| match field.ty {
                Type::Thing(kind) if Some(kind) == thing => Value::Id(customer.clone()),
                _ => Value::Missing,
            };
            let signal = self.derived_signal(id, kind, fields.iter().map(of).collect());
            self.queue.push((signal, vec![]));
        }
    }

    /// A contact that came as a signal is one as well.
    pub(super) fn note_contact(&mut self, signal: &Signal) {
        let kind = self.ruleset.vocabulary.signal_type(signal.kind);
        if &*kind.name != builtin::CUSTOMER_CONTACT {
            return;
        }
        let thing = self.ruleset.vocabulary.thing(builtin::CUSTOMER);
        let is_customer =
            |field: &touchline::vocabulary::Field| matches!(field.ty, Type::Thing(kind) if Some(kind) == thing);
        if let Some(place) = kind.fields.iter().position(is_customer)
            && let Some(customer) = signal.fields[place].as_text()
        {
            let day = signal.at.to_zoned(self.ruleset.vocabulary.zone.clone()).date();
            let known = self.world.contacts.entry(customer.clone()).or_insert(day);
            *known = (*known).max(day);
        }
    }
}
