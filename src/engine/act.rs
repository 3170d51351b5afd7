//! Actions: prepared with the values of the firing, done now, planned, or not done; always with a reason.
//!
//! Texts, `with` and recipients' paths use the values of the firing. Address, language, template text and who fills a
//! role are read when the action is handed over (M16). Calendars defer and never drop; what comes too late is
//! cancelled and told in one digest (M17). `when` holds the arithmetic of timings, `recipients` finds people.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::engine::cases::Case;
use crate::engine::contacts::put_off;
use crate::engine::effect::{Effect, Firing, Outcome, QUIET_HOURS, What};
use crate::engine::eval::{Record, Scope};
use crate::engine::input::{SHADOW, STALE};
use crate::engine::state::{Bound, DueKind, Flight, Key, Ladder, RuleNo, Told};
use crate::engine::turn::{Change, Turn};
use crate::id::EffectId;
use crate::ir::Status;
use crate::ir::action::{Action, ActionKind, Step, Timing};
use crate::ir::expr::Operand;
use crate::value::{Str, Value};
use crate::vocabulary::{CalendarNo, FactNo, ThingNo, builtin};

/// How late an alert or a post may go (M17).
const ALERT_TOO_LATE: SignedDuration = SignedDuration::from_hours(24);
/// How late a customer's mail may go (M17).
const MAIL_TOO_LATE: SignedDuration = SignedDuration::from_hours(72);
/// How long what is to be told to an owner is collected, after something was told.
const DIGESTED: SignedDuration = SignedDuration::from_hours(1);
/// How many lines a digest has at most, before it says how many more there are.
const LINES: usize = 20;
/// Why an action that waits for a calendar cannot be done.
const NEVER_OPENS: &str = "its calendar never opens";
/// How many actions may be planned at once; more are refused, and said.
pub const PLANS_KEPT: usize = 1_000_000;

/// Whether a firing acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It does.
    Live,
    /// It decides only: in shadow, or silenced until an instant.
    Silenced { until: Option<Timestamp> },
}

/// Where an action stands in its rule: which list, step, action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct ActionPlace {
    /// Whether it is in the ladder.
    pub ladder: bool,
    pub step: u16,
    pub action: u16,
}

/// An action prepared with the values of its firing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub id: EffectId,
    pub rule: RuleNo,
    /// The key that cases and ladders hang on.
    pub key: Key,
    pub place: ActionPlace,
    pub due: Timestamp,
    /// Whether it was said to be planned.
    pub planned: bool,
    /// Deferred into this calendar.
    pub during: Option<CalendarNo>,
    /// Of a ladder's step: when the next one is due.
    pub next_due: Option<Timestamp>,
    /// The account that is given back if nothing of the firing is sent.
    pub account: Option<u64>,
    pub firing: Arc<Firing>,
    /// The things the firing was about, whatever becomes of the rule's key.
    pub things: Vec<(ThingNo, Str)>,
    pub prepared: Prepared,
}

/// What is to be done, with the values of the firing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Prepared {
    Alert { role: Str, of: Option<(ThingNo, Value)>, text: Str },
    Email { thing: ThingNo, id: Value, address: FactNo, template: Str, language: Language, with: Vec<(Str, Value)> },
    OpenCase { things: Vec<(ThingNo, Str)>, priority: u8, reason: Value },
    Post { endpoint: Str, with: Vec<(Str, Value)> },
    Set { thing: ThingNo, id: Value, fact: FactNo, value: Value },
    Record { signal: crate::vocabulary::SignalNo, fields: Vec<Value> },
}

/// In what language a mail goes: read when it is handed over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Language {
    /// The template's fallback.
    Fallback,
    /// This one.
    Given(Value),
    /// What this fact says then.
    Fact(ThingNo, Value, FactNo),
}

impl Turn<'_> {
    /// Does, plans or silences every action of a firing. Returns the firing with the case it opened or joined.
    pub(crate) fn act(
        &mut self,
        number: RuleNo,
        mut firing: Firing,
        key: Key,
        account: Option<u64>,
        mode: Mode,
    ) -> Arc<Firing> {
        let rule = self.rule(number);
        firing.values.case = self.case_of_firing(number, &key);
        let firing = Arc::new(firing);
        let mut plans = Vec::new();
        for (step, place) in rule.then.steps.iter().zip(0..) {
            let base = firing.at;
            plans.extend(self.prepare_step(number, step, (false, place), base, &firing, &key, account));
        }
        let climbs = rule.then.ladder.is_some() && self.key_state(number, &key).is_none_or(|s| s.ladder.is_none());
        if climbs {
            plans.extend(self.prepare_ladder(number, &firing, &key, account));
        }
        self.open_account(account, plans.len());
        let mut later = Vec::new();
        for plan in plans {
            match (mode, plan) {
                (Mode::Silenced { until }, Ok(plan)) => self.silence(plan, until),
                // In shadow nothing goes to anybody.
                (Mode::Silenced { .. }, Err(plan)) => self.fail(plan, NEVER_OPENS.into()),
                (Mode::Live, Err(plan)) => self.fail_told(plan, NEVER_OPENS.into()),
                (Mode::Live, Ok(plan)) if plan.due <= self.now => match self.quiet_until(&plan) {
                    Some(until) => {
                        let mut plan = plan;
                        put_off(&mut plan, until);
                        later.extend(self.plan(plan, QUIET_HOURS));
                    }
                    None => self.hand_over(plan),
                },
                (Mode::Live, Ok(plan)) => later.extend(self.plan(plan, "delayed")),
            }
        }
        self.has_acted(&rule.id, &key);
        if climbs && mode == Mode::Live {
            self.start_ladder(number, &firing, key, later);
        }
        firing
    }

    fn open_account(&mut self, account: Option<u64>, actions: usize) {
        let Some(number) = account else { return };
        match actions {
            0 => drop(self.state.accounts.remove(&number)),
            actions => {
                if let Some(account) = self.state.accounts.get_mut(&number) {
                    account.open = actions as u32;
                }
            }
        }
    }

    fn start_ladder(&mut self, number: RuleNo, firing: &Firing, key: Key, planned: Vec<(u64, ActionPlace)>) {
        let plans: Vec<u64> = planned.iter().filter(|(_, place)| place.ladder).map(|(plan, _)| *plan).collect();
        if plans.is_empty() {
            return;
        }
        // Also where closing does not stop it: it may from the next playbook on (M24).
        let bound = self.bound(firing);
        let state = self.state.rules[number as usize].keys.entry(key).or_default();
        state.ladder = Some(Box::new(Ladder { started: firing.at, plans, bound }));
    }

    /// Returns what `until case_closed` is bound to: the firing's case, else the one its signal names, else any case
    /// about its customer (M18).
    fn bound(&self, firing: &Firing) -> Bound {
        if let Value::Id(case) = &firing.values.case {
            return Bound::Case(case.clone());
        }
        let things = self.things_of_firing(firing);
        let named = |name: &str| {
            let thing = self.rules.vocabulary.thing(name);
            things.iter().find(|(of, _)| Some(*of) == thing).map(|(_, id)| id.clone())
        };
        match (named(builtin::CASE), named(builtin::CUSTOMER)) {
            (Some(case), _) => Bound::Case(case),
            (None, Some(customer)) => Bound::Customer(customer),
            (None, None) => Bound::Nothing,
        }
    }

    /// Returns the case a firing opens or joins, if its rule opens any: the open one of the same rule and key, else
    /// a new one named after the action's effect.
    fn case_of_firing(&self, number: RuleNo, key: &Key) -> Value {
        let rule = self.rule(number);
        let mut opening = rule.then.steps.iter().zip(0u16..).flat_map(|(step, at)| {
            let actions = step.actions.iter().zip(0u16..);
            actions.filter(|(action, _)| matches!(action.kind, ActionKind::OpenCase { .. })).map(move |(_, n)| (at, n))
        });
        let Some((step, action)) = opening.next() else { return Value::Missing };
        match self.state.cases.open_case(&rule.id, key) {
            Some(case) => Value::Id(case.clone()),
            None => Value::Id(case_id(self.effect_id(&rule.id, key, step, action, 0))),
        }
    }

    /// Prepares the actions of a step; `Err` where its calendar never opens.
    #[expect(clippy::too_many_arguments, reason = "what a plan is made of")]
    fn prepare_step(
        &self,
        number: RuleNo,
        step: &Step,
        (ladder, place): (bool, u16),
        base: Timestamp,
        firing: &Arc<Firing>,
        key: &Key,
        account: Option<u64>,
    ) -> Vec<Result<Plan, Plan>> {
        let actions = step.actions.iter().zip(0u16..);
        let plans = actions.map(|(action, at)| {
            let place = ActionPlace { ladder, step: place, action: at };
            let prepared = self.prepare(number, action, firing);
            let due = match &step.timing {
                Some(timing) => {
                    self.timed(self.rule(number), timing, base, &places(&prepared, self.things_of_firing(firing)))
                }
                None => Some(base),
            };
            let plan = Plan {
                id: self.effect_id(&firing.rule, key, place.step, at, u8::from(ladder)),
                rule: number,
                key: key.clone(),
                place,
                due: due.unwrap_or(base),
                planned: false,
                during: step.timing.as_ref().and_then(|timing| timing.during),
                next_due: None,
                account,
                firing: firing.clone(),
                things: self.things_of_firing(firing),
                prepared,
            };
            if due.is_some() { Ok(plan) } else { Err(plan) }
        });
        plans.collect()
    }

    /// Prepares a ladder: a step never overtakes the one before.
    fn prepare_ladder(
        &self,
        number: RuleNo,
        firing: &Arc<Firing>,
        key: &Key,
        account: Option<u64>,
    ) -> Vec<Result<Plan, Plan>> {
        let Some(ladder) = &self.rule(number).then.ladder else { return vec![] };
        let mut not_before = firing.at;
        let mut steps: Vec<Vec<Result<Plan, Plan>>> = Vec::new();
        for (step, place) in ladder.steps.iter().zip(0..) {
            let mut plans = self.prepare_step(number, step, (true, place), firing.at, firing, key, account);
            for plan in plans.iter_mut().flatten() {
                plan.due = plan.due.max(not_before);
            }
            not_before = plans.iter().flatten().map(|plan| plan.due).max().unwrap_or(not_before);
            steps.push(plans);
        }
        for step in 1..steps.len() {
            let next = steps[step].iter().flatten().map(|plan| plan.due).min();
            steps[step - 1].iter_mut().flatten().for_each(|plan| plan.next_due = next);
        }
        steps.into_iter().flatten().collect()
    }

    /// Evaluates an action's texts, values and paths.
    fn prepare(&self, number: RuleNo, action: &Action, firing: &Firing) -> Prepared {
        let scope = Scope::of_values(self.facts(), &firing.values);
        let values = |with: &[(Str, Operand)]| -> Vec<(Str, Value)> {
            with.iter().map(|(name, operand)| (name.clone(), scope.operand(operand))).collect()
        };
        match &action.kind {
            ActionKind::Alert { role, of, saying } => Prepared::Alert {
                role: role.clone(),
                of: of.as_ref().map(|access| (thing_of(&access.ty), scope.access(access))),
                text: self.text(saying, &scope, &self.rule(number).title),
            },
            ActionKind::Email { who, thing, address, template, language, with } => Prepared::Email {
                thing: *thing,
                id: scope.access(who),
                address: *address,
                template: template.clone(),
                language: language_of(language.as_ref(), &scope),
                with: values(with),
            },
            ActionKind::OpenCase { about, priority, reason } => {
                let mut things = self.things_of_firing(firing);
                if let Some((thing, access)) = about
                    && let Value::Id(id) = scope.access(access)
                {
                    things.retain(|(of, _)| of != thing);
                    things.push((*thing, id));
                }
                let case = self.rules.vocabulary.thing(builtin::CASE);
                things.retain(|(thing, _)| Some(*thing) != case);
                let priority = priority.as_ref().map(|priority| scope.operand(priority)).unwrap_or_default();
                let reason = reason.as_ref().map(|reason| scope.operand(reason)).unwrap_or_default();
                Prepared::OpenCase { things, priority: priority_of(&priority), reason }
            }
            ActionKind::Post { endpoint, with } => Prepared::Post { endpoint: endpoint.clone(), with: values(with) },
            ActionKind::Set { thing, who, fact, to } => {
                Prepared::Set { thing: *thing, id: scope.access(who), fact: *fact, value: scope.operand(to) }
            }
            ActionKind::Record { signal, fields } => {
                let kind = self.rules.vocabulary.signal_type(*signal);
                let things = self.things_of_firing(firing);
                let taken_over = |field: &crate::vocabulary::Field| match field.ty {
                    crate::vocabulary::Type::Thing(thing) => {
                        let found = things.iter().find(|(of, _)| *of == thing);
                        found.map_or(Value::Missing, |(_, id)| Value::Id(id.clone()))
                    }
                    _ => Value::Missing,
                };
                let about = kind.fields.iter().take(kind.about).map(taken_over);
                let mut all: Vec<Value> =
                    about.chain(std::iter::repeat(Value::Missing)).take(kind.fields.len()).collect();
                for (field, operand) in fields {
                    all[field.index()] = scope.operand(operand);
                }
                Prepared::Record { signal: *signal, fields: all }
            }
        }
    }

    /// Does an action that is due, or says why not.
    pub(crate) fn hand_over(&mut self, plan: Plan) {
        match plan.prepared.clone() {
            Prepared::Alert { role, of, text } => self.hand_alert(plan, role, of, text),
            Prepared::Email { .. } => self.hand_mail(plan),
            Prepared::OpenCase { things, priority, reason } => self.open_case(plan, things, priority, reason),
            Prepared::Post { endpoint, with } => {
                let what = What::Post { endpoint, values: with };
                self.send(plan, what, "immediate");
            }
            Prepared::Set { thing, id, fact, value } => match id {
                Value::Id(id) => {
                    let what = What::Set { thing, id: id.clone(), fact, value: value.clone() };
                    self.changes.push(Change::Fact { thing, id, fact, value });
                    self.done(plan, what);
                }
                _ => self.fail_told(plan, "nobody knows whose fact it is: its id is missing".into()),
            },
            Prepared::Record { signal, fields } => {
                let signal = self.derived_signal(plan.id, signal, fields);
                self.derived.push_back((signal.clone(), plan.firing.chain.clone().into()));
                self.done(plan, What::Record { signal: Box::new(signal) });
            }
        }
    }

    fn hand_alert(&mut self, plan: Plan, role: Str, of: Option<(ThingNo, Value)>, text: Str) {
        let place = match of {
            Some((thing, Value::Id(id))) => Some((thing, id)),
            // Without the place, the company-wide role is the next wider one (M19).
            Some(_) | None => None,
        };
        let addresses = self.people(&role, place);
        if addresses.is_empty() && self.rules.directory.is_given() {
            return self.fail_told(plan, format!("nobody fills {role}, here or in any wider place").into());
        }
        self.send(plan, What::Alert { role, addresses, text }, "immediate");
    }

    fn open_case(&mut self, plan: Plan, things: Vec<(ThingNo, Str)>, priority: u8, reason: Value) {
        let rule = plan.firing.rule.clone();
        let word: Str = builtin::PRIORITIES[priority as usize].into();
        if let Some(open) = self.state.cases.open_case(&rule, &plan.key).cloned() {
            // What this turn has raised already counts as well.
            let raised = self.changes.iter().filter_map(|change| match change {
                Change::Raise { id, priority } if *id == open => Some(*priority),
                _ => None,
            });
            let raised = raised.max().unwrap_or(priority).max(priority);
            let now = self.state.cases.get(&open).map_or(raised, |case| case.priority.max(raised));
            self.changes.push(Change::Raise { id: open.clone(), priority });
            let priority = builtin::PRIORITIES[now as usize % 4].into();
            let what = What::OpenCase { case: open, joined: true, priority, reason: reason.present().cloned() };
            return self.done(plan, what);
        }
        // One that was opened in this turn is open as well (M18).
        let opened = self.changes.iter().rev().find_map(|change| match change {
            Change::Open { id, case } if case.rule == rule && case.key == plan.key => Some((id.clone(), case.priority)),
            _ => None,
        });
        if let Some((open, now)) = opened {
            let raised = self.changes.iter().filter_map(|change| match change {
                Change::Raise { id, priority } if *id == open => Some(*priority),
                _ => None,
            });
            let now = raised.max().unwrap_or(now).max(now).max(priority);
            self.changes.push(Change::Raise { id: open.clone(), priority });
            let priority = builtin::PRIORITIES[now as usize % 4].into();
            let what = What::OpenCase { case: open, joined: true, priority, reason: reason.present().cloned() };
            return self.done(plan, what);
        }
        let id = match &plan.firing.values.case {
            // A case planned for later keeps the name its firing gave it, unless that one was opened and closed.
            Value::Id(id) if self.state.cases.get(id).is_none() => id.clone(),
            _ => case_id(plan.id),
        };
        let case = Case {
            rule,
            key: plan.key.clone(),
            things: things.clone(),
            priority,
            open: true,
            reason: reason.clone(),
            outcome: Value::Missing,
            opened_at: self.now,
            opened_on: self.today(),
            owner: None,
        };
        self.changes.push(Change::Open { id: id.clone(), case: Box::new(case) });
        let extra = [(builtin::PRIORITY, Value::Text(word.clone())), (builtin::REASON, reason.clone())];
        let chain: Arc<[_]> = plan.firing.chain.clone().into();
        self.about_case(builtin::CASE_OPENED, plan.id, &id, &things, &extra, chain);
        let what = What::OpenCase { case: id, joined: false, priority: word, reason: reason.present().cloned() };
        self.done(plan, what);
    }

    /// Hands something to the outbox.
    pub(crate) fn send(&mut self, plan: Plan, what: What, immediate: &str) {
        let reason: Str = if self.was_planned(&plan) { "due".into() } else { immediate.into() };
        self.state.in_flight.insert(plan.id, Flight { plan: plan.clone() });
        self.say(&plan, Outcome::Sent, reason, what);
    }

    /// Something that needs no delivery was done.
    fn done(&mut self, plan: Plan, what: What) {
        let reason: Str = match &what {
            What::OpenCase { joined: true, .. } => "joined the open case of the same rule and key".into(),
            _ if self.was_planned(&plan) => "due".into(),
            _ => "immediate".into(),
        };
        self.account_sent(plan.account);
        self.say(&plan, Outcome::Sent, reason, what);
    }

    fn was_planned(&self, plan: &Plan) -> bool {
        plan.planned || plan.due > plan.firing.at
    }

    /// Something could not be done, and its owner is told why.
    pub(crate) fn fail_told(&mut self, plan: Plan, reason: Str) {
        self.tell_owner(&plan, &reason);
        self.fail(plan, reason);
    }

    /// Something could not be done.
    fn fail(&mut self, plan: Plan, reason: Str) {
        let what = self.unsent(&plan);
        self.account_lost(plan.account);
        self.say(&plan, Outcome::Failed, reason, what);
    }

    /// Something is no longer to be done.
    pub(crate) fn cancel(&mut self, plan: Plan, reason: Str) {
        let what = self.unsent(&plan);
        self.account_lost(plan.account);
        self.say(&plan, Outcome::Cancelled, reason, what);
    }

    fn silence(&mut self, plan: Plan, until: Option<Timestamp>) {
        let reason: Str = match until {
            Some(until) => format!("silence until {until}").into(),
            None => "shadow".into(),
        };
        // In shadow, the limit stays taken: it is one of its own.
        self.account_sent(plan.account);
        let what = self.unsent(&plan);
        self.say(&plan, Outcome::Silenced, reason, what);
    }

    /// Plans an action; gives its number and place.
    pub(crate) fn plan(&mut self, mut plan: Plan, reason: &str) -> Option<(u64, ActionPlace)> {
        if self.state.plans.len() >= PLANS_KEPT {
            self.fail_told(plan, format!("{PLANS_KEPT} actions are planned already").into());
            return None;
        }
        plan.planned = true;
        let (number, place) = (self.next_number(), plan.place);
        let what = self.unsent(&plan);
        self.say(&plan, Outcome::Planned, reason.into(), what);
        self.put(plan.due, plan.rule, plan.key.clone(), DueKind::Plan(number));
        self.state.plans.insert(number, plan);
        Some((number, place))
    }

    /// A planned action is due: guards and calendars are asked at the present moment (M11, M22).
    pub(crate) fn plan_due(&mut self, number: u64) {
        let Some(plan) = self.state.plans.remove(number) else { return };
        let rule = self.rule(plan.rule);
        if rule.status == Status::Paused {
            self.state.rules[plan.rule as usize].held.push(number);
            self.state.plans.insert(number, plan);
            return;
        }
        if self.is_stale(&plan) {
            self.forget_step(&plan, number);
            self.tell_owner(&plan, "came too late and was not sent");
            return self.cancel(plan, STALE.into());
        }
        if self.now > plan.due
            && let Some(due) = self.deferred(&plan)
        {
            return self.defer(plan, number, due);
        }
        if let Some(until) = self.quiet_until(&plan) {
            return self.wait_out(plan, number, until);
        }
        self.forget_step(&plan, number);
        let mut record: Record = Some(Vec::new());
        let values = self.values_now(&plan);
        let scope = Scope::of_values(self.facts(), &values);
        let refused = rule.guards.iter().position(|guard| !scope.guard(guard, &mut record));
        self.guarded(plan.rule, refused, record.as_deref().unwrap_or_default());
        if refused.is_some() {
            let clause = record.unwrap_or_default().pop();
            let reason = clause.map_or_else(
                || "the guard says no".to_owned(),
                |compared| format!("the guard says no: {} (it is {})", compared.clause, compared.actual),
            );
            return self.cancel(plan, reason.into());
        }
        if rule.status == Status::Shadow {
            return self.silence(plan, None);
        }
        if let Some(until) = self.silenced(&rule.id) {
            return self.silence(plan, Some(until));
        }
        self.hand_over(plan);
    }

    fn is_stale(&self, plan: &Plan) -> bool {
        let over = |limit: SignedDuration| self.now.duration_since(plan.due) > limit;
        if let Some(next_due) = plan.next_due {
            return self.now > plan.due && self.now >= next_due;
        }
        match plan.prepared {
            Prepared::Alert { .. } | Prepared::Post { .. } => over(ALERT_TOO_LATE),
            Prepared::Email { .. } => over(MAIL_TOO_LATE),
            Prepared::OpenCase { .. } | Prepared::Set { .. } | Prepared::Record { .. } => false,
        }
    }

    fn defer(&mut self, mut plan: Plan, number: u64, due: Timestamp) {
        plan.due = due;
        let what = self.unsent(&plan);
        self.say(&plan, Outcome::Planned, "deferred to the next opening".into(), what);
        self.put(due, plan.rule, plan.key.clone(), DueKind::Plan(number));
        self.state.plans.insert(number, plan);
    }

    /// Takes a step out of its ladder; a ladder without steps to come is over.
    pub(crate) fn forget_step(&mut self, plan: &Plan, number: u64) {
        if !plan.place.ladder {
            return;
        }
        let Some(state) = self.key_state(plan.rule, &plan.key) else { return };
        let Some(ladder) = &mut state.ladder else { return };
        ladder.plans.retain(|of| *of != number);
        if ladder.plans.is_empty() {
            state.ladder = None;
        }
    }

    /// Stops a ladder: cancels its steps to come and withdraws what is still unsent.
    pub(crate) fn stop_ladder(&mut self, rule: RuleNo, key: &Key, reason: &str) -> bool {
        let Some(ladder) = self.key_state(rule, key).and_then(|state| state.ladder.take()) else { return false };
        for number in ladder.plans {
            if let Some(plan) = self.state.plans.remove(number) {
                self.take_off(plan.due, rule, key.clone(), DueKind::Plan(number));
                self.cancel(plan, reason.into());
            }
        }
        let of_ladder =
            |flight: &&Flight| flight.plan.place.ladder && flight.plan.rule == rule && flight.plan.key == *key;
        let flying: Vec<EffectId> = self.state.in_flight.values().filter(of_ladder).map(|f| f.plan.id).collect();
        for id in flying {
            if let Some(flight) = self.state.in_flight.remove(&id) {
                self.take_back(flight.plan, reason);
            }
        }
        true
    }

    /// Withdraws what was handed over, as far as it is unsent.
    pub(crate) fn take_back(&mut self, plan: Plan, reason: &str) {
        self.forget_contact(&plan);
        self.account_lost(plan.account);
        self.say(&plan, Outcome::Cancelled, reason.into(), What::Withdraw);
    }

    /// Hears what became of an effect.
    pub(crate) fn delivered(&mut self, effect: EffectId, failed: Option<Str>) {
        let Some(Flight { plan }) = self.state.in_flight.remove(&effect) else { return };
        if failed.is_some() {
            self.forget_contact(&plan);
        }
        match failed {
            None => self.account_sent(plan.account),
            Some(reason) if &*reason == SHADOW => self.silence(plan, None),
            Some(reason) if &*reason == STALE => {
                self.tell_owner(&plan, "came too late and was not sent");
                self.cancel(plan, reason);
            }
            Some(reason) => {
                self.tell_owner(&plan, &format!("could not be delivered: {reason}"));
                self.fail(plan, reason);
            }
        }
    }

    pub(crate) fn account_sent(&mut self, account: Option<u64>) {
        if let Some(number) = account {
            self.state.accounts.remove(&number);
        }
    }

    fn account_lost(&mut self, account: Option<u64>) {
        let Some(number) = account else { return };
        let Some(account) = self.state.accounts.get_mut(&number) else { return };
        account.open = account.open.saturating_sub(1);
        if account.open == 0
            && let Some(account) = self.state.accounts.remove(&number)
        {
            self.give_back(number, account);
        }
    }

    /// Adds a line to the digest of a rule's owner.
    fn tell_owner(&mut self, plan: &Plan, what: &str) {
        let rule = self.rule(plan.rule);
        let owner = rule.owner.clone().or_else(|| self.rules.directory.owner.clone());
        let name =
            |thing: &ThingNo| self.rules.vocabulary.things.get(thing.index()).map_or("thing", |thing| &thing.name);
        let about: Vec<String> = plan.things.iter().map(|(thing, id)| format!("{} {id}", name(thing))).collect();
        let about = if about.is_empty() { String::new() } else { format!(" for {}", about.join(", ")) };
        let to = self.to(plan);
        let line = format!("{} \"{}\"{about}: {} {to}: {what}", rule.id, rule.title, self.unsent(plan).word());
        self.digest.push((owner, line.into()));
    }

    /// Tells each owner what this turn has to tell: the first at once, and what follows within an hour in one digest at its
    /// end.
    pub(crate) fn send_digests(&mut self) {
        let mut told = std::mem::take(&mut self.digest);
        told.sort_by(|one, other| one.0.cmp(&other.0));
        for group in told.chunk_by(|one, other| one.0 == other.0) {
            let owner = group[0].0.clone();
            let is_new = !self.state.told.contains_key(&owner);
            let until = self.now.checked_add(DIGESTED).unwrap_or(Timestamp::MAX);
            let told = self.state.told.entry(owner.clone()).or_insert(Told { until, lines: vec![], more: 0 });
            for (_, line) in group {
                match told.lines.len() < LINES {
                    true => told.lines.push(line.clone()),
                    false => told.more += 1,
                }
            }
            if is_new {
                self.send_digest(owner);
            }
        }
        let over = self.state.told.iter().filter(|(_, told)| told.until <= self.now);
        let over: Vec<Option<Str>> = over.map(|(owner, _)| owner.clone()).collect();
        over.into_iter().for_each(|owner| self.send_digest(owner));
    }

    /// Sends what an owner is to be told, and collects from here on; where there was nothing to tell, the next is told at once.
    fn send_digest(&mut self, address: Option<Str>) {
        let Some(Told { mut lines, more, .. }) = self.state.told.remove(&address) else { return };
        if lines.is_empty() {
            return;
        }
        if more > 0 {
            lines.push(format!("and {more} more").into());
        }
        let until = self.now.checked_add(DIGESTED).unwrap_or(Timestamp::MAX);
        self.state.told.insert(address.clone(), Told { until, lines: vec![], more: 0 });
        self.put(until, RuleNo::MAX, vec![], DueKind::Digest);
        let position = self.state.position.to_le_bytes();
        let id = EffectId::of(&[b"digest", address.as_deref().unwrap_or("").as_bytes(), &position]);
        let outcome = if address.is_some() { Outcome::Sent } else { Outcome::Failed };
        let reason: Str = match address {
            Some(_) => "what was too late, could not be done or had nobody to go to".into(),
            None => "neither the playbook nor the directory names an owner".into(),
        };
        let (at, to) = (self.now, Str::from("owner"));
        let what = What::Digest { address, lines };
        self.step.effects.push(Effect { id, at, outcome, reason, what, to, due: None, step: 0, firing: None });
    }

    /// Says what came of an action.
    pub(crate) fn say(&mut self, plan: &Plan, outcome: Outcome, reason: Str, what: What) {
        let due = (outcome == Outcome::Planned || self.was_planned(plan)).then_some(plan.due);
        let step = if plan.place.ladder { plan.place.step + 1 } else { 0 };
        let (id, at, to, firing) = (plan.id, self.now, self.to(plan), Some(plan.firing.clone()));
        self.step.effects.push(Effect { id, at, outcome, reason, what, to, due, step, firing });
    }

    /// Says that an action is planned for another time.
    pub(crate) fn say_planned(&mut self, plan: &Plan, reason: &str, what: What) {
        self.say(plan, Outcome::Planned, reason.into(), what);
    }

    /// Says that an action of a rule that is gone will not be done.
    pub(crate) fn say_gone(&mut self, plan: &Plan) {
        let what = self.unsent(plan);
        self.say(plan, Outcome::Cancelled, "the rule is no longer in any playbook".into(), what);
    }

    fn deferred(&self, plan: &Plan) -> Option<Timestamp> {
        let rule = self.rule(plan.rule);
        let timing = Timing { after: None, at: None, during: plan.during };
        let due = self.timed(rule, &timing, self.now, &places(&plan.prepared, plan.things.clone()))?;
        (due > self.now).then_some(due)
    }
}

/// Returns the places whose calendar may count: the recipient's, then the things of the firing.
pub(crate) fn places(prepared: &Prepared, things: Vec<(ThingNo, Str)>) -> Vec<(ThingNo, Str)> {
    let own = match prepared {
        Prepared::Alert { of: Some((thing, Value::Id(id))), .. } => Some((*thing, id.clone())),
        _ => None,
    };
    own.into_iter().chain(things).collect()
}

/// Returns the id of the case that an effect opens.
fn case_id(effect: EffectId) -> Str {
    format!("case-{}", &effect.to_string()[..12]).into()
}

fn thing_of(ty: &crate::vocabulary::Type) -> ThingNo {
    match ty {
        crate::vocabulary::Type::Thing(thing) => *thing,
        _ => ThingNo(u16::MAX),
    }
}

fn priority_of(value: &Value) -> u8 {
    let word = value.as_text().map(|word| crate::vocabulary::text::fold(word).into_owned());
    let known = word.and_then(|word| builtin::PRIORITIES.iter().position(|priority| *priority == word));
    known.unwrap_or(1) as u8
}

fn language_of(language: Option<&Operand>, scope: &Scope) -> Language {
    match language {
        None => Language::Fallback,
        Some(Operand::Access(access)) => match access.facts.split_last() {
            None => Language::Given(scope.access(access)),
            Some(((thing, fact), before)) => {
                let whose = crate::ir::expr::Access { facts: before.to_vec(), ..access.clone() };
                Language::Fact(*thing, scope.access(&whose), *fact)
            }
        },
        Some(operand) => Language::Given(scope.operand(operand)),
    }
}
