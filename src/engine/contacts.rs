//! The contact budget: who was contacted when, over all rules of all playbooks, and whether it is quiet (M23).
//!
//! Quiet hours defer and a full budget drops, both asked when a contact would really go out. What could not be delivered, or
//! was taken back, does not count. Only things with a budget are remembered, and no longer than it looks back.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::clock::Length;
use crate::engine::act::{Plan, Prepared};
use crate::engine::clause;
use crate::engine::effect::{Outcome, QUIET_HOURS};
use crate::engine::state::DueKind;
use crate::engine::turn::Turn;
use crate::id::EffectId;
use crate::value::{Str, Value};
use crate::vocabulary::contact::{Class, ContactBudget, Counted, Most, ThingBudget, Way};
use crate::vocabulary::{ThingNo, Vocabulary};

/// How many things are remembered before those whose contacts are over are looked for.
const FIRST_SWEEP: usize = 1_024;

/// Who was contacted when.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Contacts {
    of: BTreeMap<(ThingNo, Str), Vec<Contact>>,
    /// How many there were after the last sweep.
    swept: u64,
}

/// One contact that counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Contact {
    at: Timestamp,
    effect: EffectId,
    way: Way,
    class: Class,
}

/// Whom a plan contacts, and what that counts against.
struct Contacted<'a> {
    thing: ThingNo,
    id: Str,
    way: Way,
    class: Class,
    budget: &'a ThingBudget,
}

impl Contacts {
    /// Moves everything to another vocabulary, by name.
    pub fn remap(&mut self, old: &Vocabulary, new: &Vocabulary) {
        let moved = std::mem::take(&mut self.of).into_iter().filter_map(|((thing, id), contacts)| {
            let thing = new.thing(&old.things.get(thing.index())?.name)?;
            Some(((thing, id), contacts))
        });
        self.of = moved.collect();
    }

    /// Gives a thing another id.
    pub fn rename(&mut self, thing: ThingNo, id: &Str, alias: &Str) {
        if let Some(contacts) = self.of.remove(&(thing, id.clone())) {
            self.of.insert((thing, alias.clone()), contacts);
        }
    }

    fn sweep(&mut self, budget: &ContactBudget, now: Timestamp, zone: &TimeZone) {
        self.of.retain(|(thing, _), contacts| {
            contacts.retain(|contact| budget.of(*thing).is_some_and(|budget| counts(budget, contact, now, zone)));
            !contacts.is_empty()
        });
        self.swept = self.of.len() as u64;
    }
}

impl<'a> Turn<'a> {
    /// Returns whom a plan contacts, where that counts.
    fn contacted(&self, plan: &Plan) -> Option<Contacted<'a>> {
        let rules = self.rules;
        let Prepared::Email { thing, id: Value::Id(id), template, .. } = &plan.prepared else { return None };
        let class = rules.templates.get(template)?.class;
        let budget = rules.vocabulary.contacts.of(*thing).filter(|budget| !budget.exempt.contains(&class))?;
        Some(Contacted { thing: *thing, id: id.clone(), way: Way::Email, class, budget })
    }

    /// Returns when the quiet hours are over in which a plan may not go now.
    pub(crate) fn quiet_until(&self, plan: &Plan) -> Option<Timestamp> {
        let quiet = self.rules.vocabulary.contacts.quiet?;
        let Contacted { thing, id, budget, .. } = self.contacted(plan)?;
        let told = budget.zone.map(|fact| self.facts().fact(thing, &id, fact));
        let told = told.as_ref().and_then(Value::as_text).and_then(|name| TimeZone::get(name).ok());
        let place = || self.rules.directory.places.get(&(thing, id.clone())).and_then(|place| place.zone.clone());
        let zone = told.or_else(place).unwrap_or_else(|| self.rules.vocabulary.zone.clone());
        quiet.over(self.now, &zone)
    }

    /// Waits for the end of the quiet hours.
    pub(crate) fn wait_out(&mut self, mut plan: Plan, number: u64, until: Timestamp) {
        put_off(&mut plan, until);
        let what = self.unsent(&plan);
        self.say_planned(&plan, QUIET_HOURS, what);
        self.put(until, plan.rule, plan.key.clone(), DueKind::Plan(number));
        self.state.plans.insert(number, plan);
    }

    /// Returns why a plan may not go, where its budget is full.
    pub(crate) fn full_budget(&self, plan: &Plan) -> Option<Str> {
        let Contacted { thing, id, way, class, budget } = self.contacted(plan)?;
        let known = self.state.contacts.of.get(&(thing, id))?;
        let zone = &self.rules.vocabulary.zone;
        let full = |most: &&Most| -> Option<(Most, Timestamp)> {
            let mine = known.iter().filter(|contact| most.of.counts(contact.way, contact.class));
            let mut ends: Vec<Timestamp> = mine.map(|contact| most.every.after(contact.at, zone)).collect();
            ends.retain(|end| *end > self.now);
            ends.sort();
            let over = ends.len().checked_sub(most.count as usize)?;
            Some((**most, ends[over]))
        };
        let mine = budget.most.iter().filter(|most| most.of.counts(way, class));
        let (most, frees_at) = mine.filter_map(|most| full(&most)).max_by_key(|(_, frees_at)| *frees_at)?;
        let of = match most.of {
            Counted::Any => "",
            of => of.name(),
        };
        let (count, every) = (most.count, clause::length(most.every));
        let what = [of, if count == 1 { "contact" } else { "contacts" }];
        let what = what.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        Some(format!("the contact budget: {count} {what} every {every}, full until {frees_at}").into())
    }

    /// Drops a plan whose budget is full. Its rule's limit stays taken: the rule has decided.
    pub(crate) fn drop_contact(&mut self, plan: Plan, reason: Str) {
        let what = self.unsent(&plan);
        self.account_sent(plan.account);
        self.say(&plan, Outcome::Limited, reason, what);
    }

    /// Remembers that a plan goes out.
    pub(crate) fn note_contact(&mut self, plan: &Plan) {
        let Some(Contacted { thing, id, way, class, budget }) = self.contacted(plan) else { return };
        let (now, zone) = (self.now, &self.rules.vocabulary.zone);
        let contact = Contact { at: now, effect: plan.id, way, class };
        if !counts(budget, &contact, now, zone) {
            return;
        }
        let contacts = &mut self.state.contacts;
        if contacts.of.len() >= (2 * contacts.swept as usize).max(FIRST_SWEEP) {
            contacts.sweep(&self.rules.vocabulary.contacts, now, zone);
        }
        let known = contacts.of.entry((thing, id)).or_default();
        known.retain(|contact| counts(budget, contact, now, zone));
        known.push(contact);
    }

    /// Forgets a contact that did not come about.
    pub(crate) fn forget_contact(&mut self, plan: &Plan) {
        let Prepared::Email { thing, id: Value::Id(id), .. } = &plan.prepared else { return };
        let of = (*thing, id.clone());
        let Some(known) = self.state.contacts.of.get_mut(&of) else { return };
        known.retain(|contact| contact.effect != plan.id);
        if known.is_empty() {
            self.state.contacts.of.remove(&of);
        }
    }
}

/// Puts a plan off to the end of the quiet hours. A later step of its ladder may come first: that makes it no older.
pub(crate) fn put_off(plan: &mut Plan, until: Timestamp) {
    plan.due = until;
    plan.next_due = plan.next_due.filter(|next| *next > until);
}

/// Tells whether some budget still counts a contact.
fn counts(budget: &ThingBudget, contact: &Contact, now: Timestamp, zone: &TimeZone) -> bool {
    let within = |every: Length| every.after(contact.at, zone) > now;
    budget.most.iter().any(|most| most.of.counts(contact.way, contact.class) && within(most.every))
}
