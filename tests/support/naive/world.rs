//! What is known of things: facts, cases and who fills which role (M8, M14, M19, M20).

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use touchline::id::RuleId;
use touchline::number::Number;
use touchline::value::{Str, Value};
use touchline::vocabulary::directory::{Directory, Place};
use touchline::vocabulary::{FactNo, ThingNo, Type, Vocabulary, builtin};

/// Everything known of things at one moment.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Facts that became known; they win over the directory's.
    pub facts: BTreeMap<(ThingNo, Str, FactNo), Value>,
    /// Every case there ever was.
    pub cases: Vec<Case>,
    /// The day of the last contact with each customer.
    pub contacts: BTreeMap<Str, Date>,
    /// Every id seen in a signal or fact.
    pub seen: BTreeSet<(ThingNo, Str)>,
}

/// A case (M18, M20).
#[derive(Clone, Debug)]
pub struct Case {
    pub id: Str,
    pub rule: RuleId,
    pub key: Vec<Value>,
    pub open: bool,
    pub priority: usize,
    pub reason: Value,
    pub outcome: Value,
    pub opened_at: jiff::Timestamp,
    pub opened_on: Date,
    pub owner: Option<Str>,
    /// What it is about.
    pub things: Vec<(ThingNo, Str)>,
}

impl World {
    /// The value of a fact now: what became known, else what the directory says, else missing.
    pub fn fact(
        &self,
        vocabulary: &Vocabulary,
        directory: &Directory,
        thing: ThingNo,
        id: &Str,
        fact: FactNo,
    ) -> Value {
        let names = vocabulary.thing_type(thing);
        if let Some(built_in) = self.built_in(vocabulary, &names.name, &names.facts[fact.index()].name, thing, id) {
            return built_in;
        }
        if let Some(value) = self.facts.get(&(thing, id.clone(), fact)) {
            return value.clone();
        }
        let place = directory.places.get(&(thing, id.clone()));
        place.and_then(|place| place.facts.get(fact.index())).cloned().unwrap_or_default()
    }

    /// M20: the facts that touchline itself keeps.
    fn built_in(&self, vocabulary: &Vocabulary, thing: &str, fact: &str, thing_no: ThingNo, id: &Str) -> Option<Value> {
        let _ = vocabulary;
        match (thing, fact) {
            (builtin::CUSTOMER, builtin::OPEN_CASES) => {
                let about = |case: &&Case| case.open && case.things.contains(&(thing_no, id.clone()));
                Some(Value::Number(Number::from_whole(self.cases.iter().filter(about).count() as i64)))
            }
            (builtin::CUSTOMER, builtin::LAST_CONTACT) => {
                Some(self.contacts.get(id).map_or(Value::Missing, |day| Value::Date(*day)))
            }
            (builtin::CASE, fact) => {
                let Some(case) = self.cases.iter().find(|case| case.id == *id) else {
                    return Some(Value::Missing);
                };
                Some(match fact {
                    builtin::PRIORITY => Value::Text(builtin::PRIORITIES[case.priority].into()),
                    builtin::STATUS => Value::Text(if case.open { "open" } else { "closed" }.into()),
                    builtin::REASON => case.reason.clone(),
                    builtin::OUTCOME => case.outcome.clone(),
                    builtin::OPENED_ON => Value::Date(case.opened_on),
                    _ => return None,
                })
            }
            _ => None,
        }
    }

    /// The open case of a rule and key.
    pub fn open_case(&self, rule: &RuleId, key: &[Value]) -> Option<usize> {
        self.cases.iter().position(|case| case.open && case.rule == *rule && case.key == key)
    }

    /// M14: every one of a kind in the directory, and every one seen.
    pub fn all_of(&self, directory: &Directory, thing: ThingNo) -> BTreeSet<Str> {
        let listed = directory.places.keys().filter(|(kind, _)| *kind == thing).map(|(_, id)| id.clone());
        let seen = self.seen.iter().filter(|(kind, _)| *kind == thing).map(|(_, id)| id.clone());
        listed.chain(seen).collect()
    }

    /// A place and, in order, the wider places around it: along its facts that are things.
    pub fn upwards(
        &self,
        vocabulary: &Vocabulary,
        directory: &Directory,
        thing: ThingNo,
        id: &Str,
    ) -> Vec<(ThingNo, Str)> {
        let mut places = vec![(thing, id.clone())];
        let mut next = 0;
        while next < places.len() {
            let (thing, id) = places[next].clone();
            next += 1;
            if &*vocabulary.thing_type(thing).name == builtin::CASE {
                let case = self.cases.iter().find(|case| case.id == id);
                places.extend(case.into_iter().flat_map(|case| case.things.clone()));
                continue;
            }
            for (number, fact) in vocabulary.thing_type(thing).facts.iter().enumerate() {
                if let Type::Thing(wider) = fact.ty
                    && let Some(wider_id) =
                        self.fact(vocabulary, directory, thing, &id, FactNo(number as u16)).as_text()
                    && !places.contains(&(wider, wider_id.clone()))
                {
                    places.push((wider, wider_id.clone()));
                }
            }
        }
        places
    }

    /// M19: who fills a role in a place, else in the next wider one, else company-wide; everybody who does.
    pub fn role(
        &self,
        vocabulary: &Vocabulary,
        directory: &Directory,
        role: &str,
        of: Option<(ThingNo, &Str)>,
    ) -> Vec<Str> {
        let places = of.map_or(Vec::new(), |(thing, id)| self.upwards(vocabulary, directory, thing, id));
        for (thing, id) in places {
            if &*vocabulary.thing_type(thing).name == builtin::CASE && role == builtin::CASE_OWNER {
                let case = self.cases.iter().find(|case| case.id == id);
                if let Some(owner) = case.and_then(|case| case.owner.clone()) {
                    return vec![owner];
                }
            }
            let place = directory.places.get(&(thing, id));
            if let Some(people) = place.and_then(|place| place.roles.get(role)).filter(|people| !people.is_empty()) {
                return people.clone();
            }
        }
        directory.company_roles.get(role).cloned().unwrap_or_default()
    }

    /// The first place, the given one or wider, for which `what` gives something.
    pub fn nearest<T>(
        &self,
        vocabulary: &Vocabulary,
        directory: &Directory,
        of: Option<(ThingNo, &Str)>,
        what: impl Fn(&Place) -> Option<T>,
    ) -> Option<T> {
        let (thing, id) = of?;
        let places = self.upwards(vocabulary, directory, thing, id);
        places.iter().find_map(|place| directory.places.get(place).and_then(&what))
    }
}
