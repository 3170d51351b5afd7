//! What is known of things now: facts told, facts of the directory, and what touchline itself knows of cases and
//! customers (M20).
//!
//! A fact that was told wins over the directory's. Changes that an input brings about become visible only after
//! every rule has seen that input (M8): the engine applies them then.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::engine::cases::Cases;
use crate::signal::Signal;
use crate::value::{Str, Value};
use crate::vocabulary::directory::Directory;
use crate::vocabulary::{FactNo, Field, ThingNo, Type, Vocabulary, builtin};

/// Facts that were told, by thing and id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Facts {
    told: BTreeMap<ThingNo, FxHashMap<Str, Vec<Value>>>,
}

impl Facts {
    /// Takes note of one fact.
    pub fn tell(&mut self, thing: ThingNo, id: &Str, fact: FactNo, value: Value) {
        let facts = self.told.entry(thing).or_default().entry(id.clone()).or_default();
        if facts.len() <= fact.index() {
            facts.resize(fact.index() + 1, Value::Missing);
        }
        facts[fact.index()] = value;
    }

    fn get(&self, thing: ThingNo, id: &str, fact: FactNo) -> Option<&Value> {
        self.told.get(&thing)?.get(id)?.get(fact.index())?.present()
    }

    /// Returns one fact as it was told; missing where it was not.
    pub fn told(&self, thing: ThingNo, id: &str, fact: FactNo) -> Value {
        self.get(thing, id, fact).cloned().unwrap_or(Value::Missing)
    }

    /// Returns what was told of things of one kind behind `after`, in order of their ids, at most `limit` of those that are
    /// `wanted`.
    pub fn page(
        &self,
        thing: ThingNo,
        after: &str,
        limit: usize,
        wanted: impl Fn(&Str, &[Value]) -> bool,
    ) -> Vec<(Str, Vec<Value>)> {
        let mut first: BTreeMap<&Str, &Vec<Value>> = BTreeMap::new();
        for (id, facts) in self.told.get(&thing).into_iter().flatten() {
            let full = first.len() == limit && first.last_key_value().is_some_and(|(last, _)| id > *last);
            let says_something = facts.iter().any(|fact| !fact.is_missing());
            if full || **id <= *after || !says_something || !wanted(id, facts) {
                continue;
            }
            first.insert(id, facts);
            if first.len() > limit {
                first.pop_last();
            }
        }
        first.into_iter().map(|(id, facts)| (id.clone(), facts.clone())).collect()
    }

    /// Returns every id of `thing` of which something was told, in no order.
    pub fn ids(&self, thing: ThingNo) -> impl Iterator<Item = &Str> {
        self.told.get(&thing).into_iter().flat_map(|things| things.keys())
    }

    /// Moves all facts to another vocabulary by name; what no longer exists is forgotten.
    pub fn remap(&mut self, old: &Vocabulary, new: &Vocabulary) {
        let mut moved = Facts::default();
        for (thing, ids) in std::mem::take(&mut self.told) {
            let old_thing = old.thing_type(thing);
            let Some(new_thing) = new.thing(&old_thing.name) else { continue };
            for (id, facts) in ids {
                for (place, value) in facts.into_iter().enumerate() {
                    let fact = old_thing.facts.get(place);
                    let fact = fact.and_then(|fact| new.thing_type(new_thing).fact(&fact.name));
                    if let Some(fact) = fact {
                        moved.tell(new_thing, &id, fact, value);
                    }
                }
            }
        }
        *self = moved;
    }

    /// Gives a thing another id, also where it is a fact of others, and forgets its personal facts.
    pub fn erase(&mut self, thing: ThingNo, id: &str, alias: &Str, vocabulary: &Vocabulary) {
        if let Some(things) = self.told.get_mut(&thing)
            && let Some(mut facts) = things.remove(id)
        {
            for (fact, field) in facts.iter_mut().zip(&vocabulary.thing_type(thing).facts) {
                if field.personal {
                    *fact = Value::Missing;
                }
            }
            things.insert(alias.clone(), facts);
        }
        for (of, things) in &mut self.told {
            let fields = &vocabulary.thing_type(*of).facts;
            let is_thing = |field: &Field| field.ty == Type::Thing(thing);
            let places: Vec<usize> = (0..fields.len()).filter(|place| is_thing(&fields[*place])).collect();
            if places.is_empty() {
                continue;
            }
            for facts in things.values_mut() {
                for place in &places {
                    if let Some(Value::Id(of)) = facts.get_mut(*place)
                        && **of == *id
                    {
                        *of = alias.clone();
                    }
                }
            }
        }
    }
}

/// A look at all facts.
#[derive(Clone, Copy)]
pub(crate) struct FactView<'a> {
    /// The engine's clock.
    pub now: Timestamp,
    /// What exists.
    pub vocabulary: &'a Vocabulary,
    /// Who and what the directory knows.
    pub directory: &'a Directory,
    /// What was told.
    pub facts: &'a Facts,
    /// Cases and contacts.
    pub cases: &'a Cases,
}

impl FactView<'_> {
    /// Returns a fact of a thing, missing where nothing is known.
    pub fn fact(&self, thing: ThingNo, id: &str, fact: FactNo) -> Value {
        let thing_type = self.vocabulary.thing_type(thing);
        let Some(field) = thing_type.facts.get(fact.index()) else { return Value::Missing };
        match &*thing_type.name {
            builtin::CASE => return self.cases.fact(id, &field.name, self.vocabulary),
            builtin::CUSTOMER if &*field.name == builtin::OPEN_CASES => return self.cases.open_cases_of(id),
            builtin::CUSTOMER if &*field.name == builtin::LAST_CONTACT => return self.cases.last_contact_of(id),
            _ => {}
        }
        if let Some(told) = self.facts.get(thing, id, fact) {
            return told.clone();
        }
        // The directory's key owns its text; looking up by a borrowed pair needs one short-lived copy.
        let place = self.directory.places.get(&(thing, Str::from(id)));
        place.and_then(|place| place.facts.get(fact.index())).cloned().unwrap_or_default()
    }

    /// Returns the zone of the first place that has one, of those a signal is about and upwards from each.
    pub fn zone_of(&self, signal: &Signal) -> Option<TimeZone> {
        const WIDEST: usize = 16;
        let kind = self.vocabulary.signal_type(signal.kind);
        let about = kind.fields.iter().zip(&signal.fields).take(kind.about);
        let things = about.filter_map(|(field, value)| match (&field.ty, value) {
            (Type::Thing(thing), Value::Id(id)) => Some((*thing, id.clone())),
            _ => None,
        });
        for thing in things {
            let mut level = vec![thing];
            for _ in 0..WIDEST {
                let zone =
                    |place: &(ThingNo, Str)| self.directory.places.get(place).and_then(|place| place.zone.clone());
                if let Some(zone) = level.iter().find_map(zone) {
                    return Some(zone);
                }
                level = level.iter().flat_map(|(thing, id)| self.wider(*thing, id)).collect();
            }
        }
        None
    }

    /// Returns the things a thing belongs to: its facts that are things, in order.
    pub fn wider(&self, thing: ThingNo, id: &str) -> Vec<(ThingNo, Str)> {
        let facts = &self.vocabulary.thing_type(thing).facts;
        let wider = facts.iter().enumerate().filter_map(|(place, field)| {
            let crate::vocabulary::Type::Thing(wider) = field.ty else { return None };
            match self.fact(thing, id, FactNo(place as u16)) {
                Value::Id(id) => Some((wider, id)),
                _ => None,
            }
        });
        wider.collect()
    }
}
