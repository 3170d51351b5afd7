//! Actions: at once, later, and in ladders (M2, M11, M16–M19, M21).

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use touchline::engine::effect::{Effect, Firing, Outcome, Values, What};
use touchline::engine::input::Delivery;
use touchline::id::{EffectId, SignalId};
use touchline::ir::action::{Action, ActionKind, Piece};
use touchline::ir::expr::{Access, Operand};
use touchline::ir::{Rule, Status};
use touchline::signal::Signal;
use touchline::value::{Str, Value};
use touchline::vocabulary::{ThingNo, Type};

use super::Naive;
use super::firing::Became;

/// An action that will be done.
#[derive(Clone, Debug)]
pub struct Plan {
    pub id: EffectId,
    pub rule: Arc<Rule>,
    /// What its case and ladder hang on.
    pub key: Vec<Value>,
    /// What it does, in the words of its firing (M16): a change of the rule moves its time, not what it says (M24).
    pub doing: Action,
    pub title: Str,
    /// What the firing was about.
    pub things: Vec<(ThingNo, Str)>,
    pub during: Option<touchline::vocabulary::CalendarNo>,
    pub step: usize,
    pub action: usize,
    /// The ladder it belongs to: its step from 1, and when the next step is due.
    pub ladder: Option<Rung>,
    pub due: Timestamp,
    pub firing: Arc<Firing>,
    /// The firing's number in the list of outcomes.
    pub number: usize,
}

impl Plan {
    /// M23: a mail that waits for the end of the quiet hours does not come too late because the next step comes first.
    fn put_off(mut self, over: Timestamp) -> Plan {
        self.due = over;
        if let Some(rung) = &mut self.ladder {
            rung.next_due = rung.next_due.filter(|next| *next > over);
        }
        self
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Rung {
    pub step: u16,
    pub next_due: Option<Timestamp>,
}

/// What doing an action comes to.
pub struct Done {
    pub outcome: Outcome,
    pub reason: Str,
    pub what: What,
    pub to: Str,
}

impl Naive {
    /// Does what a firing asks for, in the order written; the ladder last.
    pub(super) fn act(&mut self, rule: &Arc<Rule>, firing: Firing, key: Vec<Value>, number: usize, fires: bool) {
        let mut firing = firing;
        // The case a firing opens or joins is its own from the start, also where that happens later (M18).
        let opening = rule.then.steps.iter().enumerate().find_map(|(step, written)| {
            let opens = |action: &Action| matches!(action.kind, ActionKind::OpenCase { .. });
            Some((step, written.actions.iter().position(opens)?))
        });
        if let Some((step, action)) = opening {
            let id = self.effect_id(rule, &key, step as u16, action as u16, false);
            let case = match self.before.open_case(&rule.id, &key) {
                Some(open) => self.before.cases[open].id.clone(),
                None => Naive::case_id(id),
            };
            firing.values.case = Value::Id(case);
        }
        if fires {
            self.step.firings.push(Arc::new(firing.clone()));
        }
        let things = self.things_of(rule, &firing.values);
        for (step, written) in rule.then.steps.iter().enumerate() {
            for (action, doing) in written.actions.iter().enumerate() {
                let due = written.timing.as_ref().map(|timing| self.due(rule, &firing, &things, doing, timing));
                self.now_or_later(rule, &firing, (&key, number), (step, action), None, due);
            }
        }
        if rule.then.ladder.is_some() {
            self.climb(rule, &firing, &key, number);
        }
        *self.acted.entry((rule.id.clone(), key)).or_default() += 1;
    }

    /// M18: one ladder a key; entering again joins it. Step times count from its start; none overtakes the one before.
    fn climb(&mut self, rule: &Arc<Rule>, firing: &Firing, key: &[Value], number: usize) {
        let running = |plan: &Plan| plan.ladder.is_some() && plan.rule.id == rule.id && plan.key == key;
        if self.plans.iter().any(running) {
            return;
        }
        let ladder = rule.then.ladder.clone().expect("the caller looked");
        let things = self.things_of(rule, &firing.values);
        let mut latest = self.now();
        let mut dues = Vec::new();
        for step in &ladder.steps {
            let own = step.actions.iter().map(|action| match &step.timing {
                Some(timing) => self.due(rule, firing, &things, action, timing).max(latest),
                None => latest,
            });
            let own: Vec<Timestamp> = own.collect();
            latest = own.iter().copied().max().unwrap_or(latest);
            dues.push(own);
        }
        for (step, written) in ladder.steps.iter().enumerate() {
            let rung =
                Rung { step: step as u16 + 1, next_due: dues.get(step + 1).and_then(|own| own.iter().min().copied()) };
            let own = dues[step].clone();
            for (action, due) in own.into_iter().enumerate().take(written.actions.len()) {
                let due = Some(due);
                self.now_or_later(rule, firing, (key, number), (step, action), Some(rung), due);
            }
        }
    }

    fn now_or_later(
        &mut self,
        rule: &Arc<Rule>,
        firing: &Firing,
        (key, number): (&[Value], usize),
        (step, action): (usize, usize),
        ladder: Option<Rung>,
        due: Option<Timestamp>,
    ) {
        let id = self.effect_id(rule, key, step as u16, action as u16, ladder.is_some());
        let written = match ladder {
            None => &rule.then.steps[step],
            Some(_) => &rule.then.ladder.as_ref().expect("it climbs one").steps[step],
        };
        let plan = Plan {
            id,
            rule: rule.clone(),
            key: key.to_vec(),
            doing: written.actions[action].clone(),
            title: rule.title.clone(),
            things: self.things_of(rule, &firing.values),
            during: written.timing.and_then(|timing| timing.during),
            step,
            action,
            ladder,
            due: due.unwrap_or(self.now()),
            firing: Arc::new(firing.clone()),
            number,
        };
        let silence = self.silence(rule);
        match due {
            // M17: what is due now goes now.
            Some(due) if due > self.now() && silence.is_none() => {
                let (what, to) = self.foretell(&plan);
                let reason = "planned".into();
                self.emit(&plan, Done { outcome: Outcome::Planned, reason, what, to }, Some(due));
                self.plans.push(plan);
            }
            // M23: quiet hours defer.
            _ if silence.is_none()
                && let Some(over) = self.quiet_over(&plan) =>
            {
                let plan = plan.put_off(over);
                let (what, to) = self.foretell(&plan);
                let reason = "quiet".into();
                self.emit(&plan, Done { outcome: Outcome::Planned, reason, what, to }, Some(over));
                self.plans.push(plan);
            }
            _ => {
                let done = match silence {
                    Some(reason) => {
                        let (what, to) = self.foretell(&plan);
                        Done { outcome: Outcome::Silenced, reason, what, to }
                    }
                    None => self.perform(&plan),
                };
                let due = due.filter(|due| *due > self.now());
                self.emit(&plan, done, due);
            }
        }
    }

    /// M21: shadow, or a silence.
    fn silence(&self, rule: &Rule) -> Option<Str> {
        if rule.status == Status::Shadow {
            return Some("shadow".into());
        }
        self.silenced_until(rule).map(|_| "silence".into())
    }

    /// A planned action is due (M11, M17).
    pub(super) fn carry_out(&mut self, place: usize) {
        let plan = self.plans.remove(place);
        let now = self.now();
        let (what, to) = self.foretell(&plan);
        let due = Some(plan.due);
        let day = SignedDuration::from_hours(24);
        let stale_at = match (&plan.doing.kind, plan.ladder) {
            (_, Some(Rung { next_due: Some(next), .. })) => next,
            (ActionKind::Email { .. }, _) => plan.due + day * 3,
            (ActionKind::Alert { .. } | ActionKind::Post { .. }, _) => plan.due + day,
            _ => Timestamp::MAX,
        };
        let cancelled = |reason: &str| {
            Some(Done { outcome: Outcome::Cancelled, reason: reason.into(), what: what.clone(), to: to.clone() })
        };
        let stale =
            if plan.ladder.is_some_and(|rung| rung.next_due.is_some()) { now >= stale_at } else { now > stale_at };
        let quiet = self.quiet_over(&plan);
        let declined = if now > plan.due && stale {
            cancelled("stale")
        } else if self.reopens(&plan) <= now
            && quiet.is_none()
            && !self.scope(&self.as_read_by(&plan.rule, &plan.firing)).guards(&plan.rule.guards)
        {
            // M11: asked when it would really go.
            cancelled("guard")
        } else if self.reopens(&plan) > now {
            // M22: calendars are asked at the present moment; they defer, they never drop.
            let open = self.reopens(&plan);
            let plan = Plan { due: open, ..plan };
            let done = Done { outcome: Outcome::Planned, reason: "closed".into(), what, to };
            self.emit(&plan, done, Some(open));
            self.plans.insert(place, plan);
            return;
        } else if let Some(over) = quiet {
            // M23: quiet hours defer, too.
            let plan = plan.put_off(over);
            let done = Done { outcome: Outcome::Planned, reason: "quiet".into(), what, to };
            self.emit(&plan, done, Some(over));
            self.plans.insert(place, plan);
            return;
        } else {
            // M21: a silence decides when it would really go.
            let silenced = |reason| Done { outcome: Outcome::Silenced, reason, what, to };
            self.silence(&plan.rule).map(silenced)
        };
        let done = declined.unwrap_or_else(|| self.perform(&plan));
        self.emit(&plan, done, due);
        self.give_back(plan.number);
    }

    fn reopens(&self, plan: &Plan) -> Timestamp {
        let during = plan.during.filter(|_| self.now() > plan.due);
        let Some(during) = during else { return self.now() };
        let places = self.places_of_action(&plan.doing, &plan.firing.values, &plan.things);
        self.next_open(during, self.now(), &places, &plan.rule)
    }

    pub(super) fn cancel(&mut self, which: impl Fn(&Plan) -> bool, reason: &str) {
        let mut gone: Vec<Plan> = self.plans.iter().filter(|plan| which(plan)).cloned().collect();
        // M7.
        gone.sort_by(|one, other| (&one.rule.id, &one.key).cmp(&(&other.rule.id, &other.key)));
        self.plans.retain(|plan| !which(plan));
        for plan in gone {
            let (what, to) = self.foretell(&plan);
            let done = Done { outcome: Outcome::Cancelled, reason: reason.into(), what, to };
            self.emit(&plan, done, Some(plan.due));
            self.give_back(plan.number);
        }
    }

    pub(super) fn emit(&mut self, plan: &Plan, done: Done, due: Option<Timestamp>) {
        let instant = matches!(done.what, What::OpenCase { .. } | What::Set { .. } | What::Record { .. });
        let became = match done.outcome {
            Outcome::Planned => Became::Planned,
            Outcome::Sent if instant => Became::Went,
            Outcome::Sent => Became::HandedOver,
            Outcome::Silenced | Outcome::Limited => Became::Went,
            Outcome::Cancelled | Outcome::Failed => Became::CameToNothing,
        };
        let effects = &mut self.outcomes[plan.number].effects;
        effects.retain(|(id, _)| *id != plan.id);
        effects.push((plan.id, became));
        let effect = Effect {
            id: plan.id,
            at: self.now(),
            outcome: done.outcome,
            reason: done.reason,
            what: done.what,
            to: done.to,
            due,
            step: plan.ladder.map_or(0, |rung| rung.step),
            firing: Some(plan.firing.clone()),
        };
        if became == Became::HandedOver {
            self.sent.push(effect.clone());
        }
        self.step.effects.push(effect);
    }

    /// What became of an effect that was handed over (M12).
    pub(super) fn take_delivery(&mut self, delivery: &Delivery) {
        let became = if delivery.failed.is_some() { Became::CameToNothing } else { Became::Went };
        let holds = |(id, became): &(EffectId, Became)| *id == delivery.effect && *became == Became::HandedOver;
        let Some(number) = self.outcomes.iter().position(|outcomes| outcomes.effects.iter().any(holds)) else {
            return;
        };
        let effects = self.outcomes[number].effects.iter_mut();
        effects.filter(|effect| holds(effect)).for_each(|effect| effect.1 = became);
        if became == Became::CameToNothing
            && let Some(sent) = self.sent.iter().find(|effect| effect.id == delivery.effect)
        {
            let failed = Effect { at: self.now(), outcome: Outcome::Failed, ..sent.clone() };
            self.step.effects.push(failed);
        }
        self.give_back(number);
    }

    /// An action as it reads before it is done: nothing of now is in it (M16).
    pub(super) fn foretell(&self, plan: &Plan) -> (What, Str) {
        let values = &plan.firing.values;
        let value = |operand: &Operand| self.scope(values).operand(operand);
        match &plan.doing.kind {
            ActionKind::Alert { role, of, saying } => {
                let text = self.text(saying, values, &plan.title);
                let to = self.to_role(role, of.as_ref(), values);
                (What::Alert { role: role.clone(), addresses: vec![], text }, to)
            }
            ActionKind::Email { who, thing, template, .. } => {
                let id = printed(&self.scope(values).access(who));
                let name = &self.ruleset.vocabulary.thing_type(*thing).name;
                (What::Email { template: template.clone(), mail: None }, format!("{name} {id}").into())
            }
            ActionKind::OpenCase { reason, .. } => {
                let reason = reason.as_ref().map(value).filter(|reason| !reason.is_missing());
                let what = What::OpenCase { case: "".into(), joined: false, priority: "".into(), reason };
                (what, "".into())
            }
            ActionKind::Post { endpoint, with } => {
                let values = with.iter().map(|(name, operand)| (name.clone(), value(operand))).collect();
                (What::Post { endpoint: endpoint.clone(), values }, "".into())
            }
            ActionKind::Set { thing, who, fact, to } => {
                let id = self.scope(values).access(who).as_text().cloned().unwrap_or_else(|| "".into());
                (What::Set { thing: *thing, id, fact: *fact, value: value(to) }, "".into())
            }
            ActionKind::Record { .. } => (What::Record { signal: Box::new(self.recorded(plan)) }, "".into()),
        }
    }

    /// Does an action now. Address and who fills a role are read at this moment (M16, M19).
    fn perform(&mut self, plan: &Plan) -> Done {
        let values = plan.firing.values.clone();
        let (what, to) = self.foretell(plan);
        let done = |outcome, reason: &str, what, to| Done { outcome, reason: reason.into(), what, to };
        match plan.doing.kind.clone() {
            ActionKind::Alert { role, of, .. } => {
                // M19: of a place that is missing, the next wider one is the company.
                let place = of.as_ref().and_then(|access| self.thing_at(access, &values));
                let (vocabulary, directory) = (&self.ruleset.vocabulary, &self.ruleset.directory);
                let place = place.as_ref().map(|(thing, id)| (*thing, id));
                let found = self.before.role(vocabulary, directory, &role, place);
                if found.is_empty() {
                    return done(Outcome::Failed, "nobody", what, to);
                }
                let What::Alert { text, .. } = what else { unreachable!("foretold from the same action") };
                done(Outcome::Sent, "sent", What::Alert { role, addresses: found, text }, to)
            }
            ActionKind::Email { who, thing, address, template, language, with } => {
                let firing = self.scope(&values);
                let who = firing.access(&who);
                let with: Vec<(Str, Value)> =
                    with.iter().map(|(name, operand)| (name.clone(), firing.operand(operand))).collect();
                match self.mail(plan, (thing, &who, address), &template, language.as_ref(), &with) {
                    // M23: a full budget drops.
                    Some(_) if self.is_full(plan) => done(Outcome::Limited, "budget", what, to),
                    Some(mail) => done(Outcome::Sent, "sent", What::Email { template, mail: Some(mail) }, to),
                    None => done(Outcome::Failed, "mail", what, to),
                }
            }
            ActionKind::OpenCase { about, priority, reason } => {
                let what = self.open_case(plan, about, priority, reason);
                done(Outcome::Sent, "opened", what, to)
            }
            ActionKind::Post { .. } => done(Outcome::Sent, "sent", what, to),
            ActionKind::Set { thing, fact, .. } => {
                let What::Set { id, value, .. } = &what else { unreachable!("foretold from the same action") };
                if id.is_empty() {
                    return done(Outcome::Failed, "missing", what, to);
                }
                self.world.facts.insert((thing, id.clone(), fact), value.clone());
                self.world.seen.insert((thing, id.clone()));
                done(Outcome::Sent, "set", what, to)
            }
            ActionKind::Record { .. } => {
                let signal = self.recorded(plan);
                self.queue.push((signal, plan.firing.chain.clone()));
                done(Outcome::Sent, "recorded", what, to)
            }
        }
    }

    fn to_role(&self, role: &Str, of: Option<&Access>, values: &Values) -> Str {
        match of {
            None => role.clone(),
            Some(access) => match self.scope(values).access(access) {
                Value::Missing => {
                    let name = access.name.rsplit('.').next().expect("a name has a last word");
                    format!("{role} of {name} (missing)").into()
                }
                place => format!("{role} of {}", printed(&place)).into(),
            },
        }
    }

    /// The thing an access leads to.
    pub(super) fn thing_at(&self, access: &Access, values: &Values) -> Option<(ThingNo, Str)> {
        let Type::Thing(thing) = access.ty else { return None };
        Some((thing, self.scope(values).access(access).as_text()?.clone()))
    }

    /// M16: a missing value prints `(missing)`; without a text, the rule's title.
    fn text(&self, saying: &[Piece], values: &Values, title: &Str) -> Str {
        if saying.is_empty() {
            return title.clone();
        }
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.to_string(),
            Piece::Value(access) => printed(&self.scope(values).access(access)),
        };
        saying.iter().map(piece).collect::<String>().into()
    }

    /// M20: a recorded signal. The things it is about are those of the firing.
    fn recorded(&self, plan: &Plan) -> Signal {
        let ActionKind::Record { signal, fields } = plan.doing.kind.clone() else {
            unreachable!("only asked of records")
        };
        let values = &plan.firing.values;
        let kind = self.ruleset.vocabulary.signal_type(signal);
        let things = &plan.things;
        let mut made = vec![Value::Missing; kind.fields.len()];
        for (place, field) in kind.fields.iter().enumerate().take(kind.about) {
            if let Type::Thing(thing) = field.ty {
                let found = things.iter().find(|(kind, _)| *kind == thing);
                made[place] = found.map_or(Value::Missing, |(_, id)| Value::Id(id.clone()));
            }
        }
        for (field, operand) in fields {
            made[field.index()] = self.scope(values).operand(&operand);
        }
        self.derived_signal(plan.id, signal, made)
    }

    pub(super) fn derived_signal(
        &self,
        id: EffectId,
        kind: touchline::vocabulary::SignalNo,
        fields: Vec<Value>,
    ) -> Signal {
        let id = SignalId { source: "touchline".into(), id: id.to_string().into() };
        Signal { id, kind, at: self.now(), fields }
    }

    /// The things a firing is about: those of its key, and of its signal.
    pub(super) fn things_of(&self, rule: &Rule, values: &Values) -> Vec<(ThingNo, Str)> {
        let mut things = Vec::new();
        let mut add = |thing: ThingNo, value: &Value| {
            if let (Some(id), false) = (value.as_text(), things.iter().any(|(kind, _)| *kind == thing)) {
                things.push((thing, id.clone()));
            }
        };
        for (part, value) in rule.key.iter().zip(&values.key) {
            if let Some(thing) = part.thing {
                add(thing, value);
            }
        }
        if let Some(signal) = &values.signal {
            let kind = self.ruleset.vocabulary.signal_type(signal.kind);
            for (field, value) in kind.fields.iter().zip(&signal.fields).take(kind.about) {
                if let Type::Thing(thing) = field.ty {
                    add(thing, value);
                }
            }
        }
        things
    }

    /// Invariant 3: a hash of what decided, never a counter of effects.
    pub(super) fn effect_id(&self, rule: &Rule, key: &[Value], step: u16, action: u16, ladder: bool) -> EffectId {
        let given = key.to_vec();
        let key = postcard::to_stdvec(key).expect("values can be written");
        EffectId::of(&[
            rule.id.playbook.as_bytes(),
            rule.id.rule.as_bytes(),
            &key,
            &self.position.to_le_bytes(),
            &self.derived.to_le_bytes(),
            &step.to_le_bytes(),
            &action.to_le_bytes(),
            // Of one input a rule may fire more than once for a key.
            &[u8::from(ladder) + 2 * self.acted.get(&(rule.id.clone(), given)).copied().unwrap_or(0)],
        ])
    }
}

/// A value as a person reads it. Random rules print only texts, ids and numbers.
pub fn printed(value: &Value) -> String {
    match value {
        Value::Missing => "(missing)".into(),
        Value::Text(text) | Value::Id(text) => text.to_string(),
        Value::Number(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}
