//! Cases: the closed-loop work items, and who was in contact when.
//!
//! `open case` joins the open case of the same rule and key and raises its priority; other rules' cases are never
//! joined (M18). Left out: the signals and ladders that a case's life brings with it (`engine::people`).

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use jiff::civil::Date;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::engine::state::Key;
use crate::id::RuleId;
use crate::number::Number;
use crate::value::{Str, Value};
use crate::vocabulary::{ThingNo, Vocabulary, builtin};

/// How many closed cases are remembered; the oldest go first.
pub const CLOSED_CASES_KEPT: usize = 100_000;

/// A case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// The rule that opened it.
    pub rule: RuleId,
    /// For which key.
    pub key: Key,
    /// What it is about.
    pub things: Vec<(ThingNo, Str)>,
    /// Index into [`builtin::PRIORITIES`].
    pub priority: u8,
    /// Whether it is open.
    pub open: bool,
    /// Why it was opened.
    pub reason: Value,
    /// With what it was closed.
    pub outcome: Value,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The day of that, in the vocabulary's zone.
    pub opened_on: Date,
    /// To whom it is assigned.
    pub owner: Option<Str>,
}

/// All cases that are remembered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cases {
    cases: BTreeMap<Str, Case>,
    open: BTreeMap<(RuleId, Key), Str>,
    open_of_customer: FxHashMap<Str, u32>,
    last_contact: FxHashMap<Str, Date>,
    closed: VecDeque<Str>,
    customer: Option<ThingNo>,
}

impl Cases {
    /// Says which thing is the customer.
    pub fn set_customer(&mut self, customer: Option<ThingNo>) {
        self.customer = customer;
    }

    /// Returns a case.
    pub fn get(&self, id: &str) -> Option<&Case> {
        self.cases.get(id)
    }

    /// Returns a case for changing what does not count open cases.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut Case> {
        self.cases.get_mut(id)
    }

    /// Returns the open case of a rule and key.
    pub fn open_case(&self, rule: &RuleId, key: &Key) -> Option<&Str> {
        self.open.get(&(rule.clone(), key.clone()))
    }

    /// Returns every remembered case with its id, in order of id.
    pub fn iter(&self) -> impl Iterator<Item = (&Str, &Case)> {
        self.cases.iter()
    }

    /// Returns the customer a case is about.
    pub fn customer_of(&self, id: &str) -> Option<&Str> {
        let case = self.cases.get(id)?;
        case.things.iter().find(|(thing, _)| Some(*thing) == self.customer).map(|(_, id)| id)
    }

    /// Opens a case.
    pub fn open(&mut self, id: Str, case: Case) {
        self.open.insert((case.rule.clone(), case.key.clone()), id.clone());
        self.cases.insert(id.clone(), case);
        self.count_open(&id, true);
    }

    /// Closes an open case; tells whether it was open.
    pub fn close(&mut self, id: &str, outcome: Value) -> bool {
        let Some((id, case)) = self.cases.get_key_value(id) else { return false };
        if !case.open {
            return false;
        }
        let id = id.clone();
        self.open.remove(&(case.rule.clone(), case.key.clone()));
        self.count_open(&id, false);
        if let Some(case) = self.cases.get_mut(&id) {
            case.open = false;
            case.outcome = outcome;
        }
        self.closed.push_back(id);
        while self.closed.len() > CLOSED_CASES_KEPT {
            let oldest = self.closed.pop_front();
            if let Some(oldest) = oldest.filter(|id| self.cases.get(id).is_some_and(|case| !case.open)) {
                self.cases.remove(&oldest);
            }
        }
        true
    }

    /// Opens a closed case again; tells whether it did: not while another of the same rule and key is open, which is the
    /// one that is joined.
    pub fn reopen(&mut self, id: &str) -> bool {
        let Some((id, case)) = self.cases.get_key_value(id) else { return false };
        if case.open {
            return false;
        }
        let (id, slot) = (id.clone(), (case.rule.clone(), case.key.clone()));
        if self.open.contains_key(&slot) {
            return false;
        }
        self.open.insert(slot, id.clone());
        if let Some(case) = self.cases.get_mut(&id) {
            case.open = true;
            case.outcome = Value::Missing;
        }
        self.closed.retain(|closed| *closed != id);
        self.count_open(&id, true);
        true
    }

    /// Notes a contact with a customer.
    pub fn contact(&mut self, customer: &Str, on: Date) {
        let last = self.last_contact.entry(customer.clone()).or_insert(on);
        *last = on.max(*last);
    }

    fn count_open(&mut self, id: &str, opened: bool) {
        let Some(customer) = self.customer_of(id).cloned() else { return };
        let open = self.open_of_customer.entry(customer).or_default();
        *open = if opened { *open + 1 } else { open.saturating_sub(1) };
    }

    /// Returns `customer.open_cases`.
    pub fn open_cases_of(&self, customer: &str) -> Value {
        Value::Number(Number::from_whole(self.open_of_customer.get(customer).copied().unwrap_or(0) as i64))
    }

    /// Returns `customer.last_contact`.
    pub fn last_contact_of(&self, customer: &str) -> Value {
        self.last_contact.get(customer).map_or(Value::Missing, |date| Value::Date(*date))
    }

    /// Returns a fact of a case by name.
    pub fn fact(&self, id: &str, name: &str, vocabulary: &Vocabulary) -> Value {
        let Some(case) = self.cases.get(id) else { return Value::Missing };
        match name {
            builtin::PRIORITY => Value::Text(builtin::PRIORITIES[case.priority as usize % 4].into()),
            builtin::STATUS => Value::Text(if case.open { "open" } else { "closed" }.into()),
            builtin::REASON => case.reason.clone(),
            builtin::OUTCOME => case.outcome.clone(),
            builtin::OPENED_ON => Value::Date(case.opened_on),
            thing => {
                let Some(thing) = vocabulary.thing(thing) else { return Value::Missing };
                let found = case.things.iter().find(|(about, _)| *about == thing);
                found.map_or(Value::Missing, |(_, id)| Value::Id(id.clone()))
            }
        }
    }

    /// Returns the cases that are about a thing, for changing what they say of it.
    pub fn each_about(&mut self, thing: ThingNo, id: &str) -> impl Iterator<Item = &mut Case> {
        let is_about = move |case: &&mut Case| case.things.iter().any(|(of, named)| *of == thing && **named == *id);
        self.cases.values_mut().filter(is_about)
    }

    /// Changes the keys of all cases.
    pub fn each_key(&mut self, change: &dyn Fn(&RuleId, &mut Key) -> bool) {
        for case in self.cases.values_mut() {
            change(&case.rule, &mut case.key);
        }
        let open = std::mem::take(&mut self.open);
        let changed = open.into_iter().map(|((rule, mut key), case)| {
            change(&rule, &mut key);
            ((rule, key), case)
        });
        self.open = changed.collect();
    }

    /// Gives a customer another id.
    pub fn rename_customer(&mut self, id: &str, alias: &Str) {
        if let Some(open) = self.open_of_customer.remove(id) {
            self.open_of_customer.insert(alias.clone(), open);
        }
        if let Some(last) = self.last_contact.remove(id) {
            self.last_contact.insert(alias.clone(), last);
        }
    }

    /// Moves what cases are about to another vocabulary by name.
    pub fn remap(&mut self, old: &Vocabulary, new: &Vocabulary) {
        for case in self.cases.values_mut() {
            let moved = case
                .things
                .drain(..)
                .filter_map(|(thing, id)| new.thing(&old.thing_type(thing).name).map(|thing| (thing, id)));
            case.things = moved.collect();
        }
        self.customer = new.thing(builtin::CUSTOMER);
    }
}
