//! The directory: who fills which role where, what is known of places, how people are reached.

use std::collections::{BTreeMap, BTreeSet};

use crate::compile::Unit;
use crate::trust::reading::zone;
use crate::value::{Str, Value};
use crate::vocabulary::Vocabulary;
use crate::vocabulary::directory::{Directory, Person, Place, Roles};
use crate::vocabulary::typed::print_value;

use super::around::{Told, names};
use super::{Around, Part};

/// Places by thing and id, in names.
type Places<'a> = BTreeMap<(Str, Str), &'a Place>;

/// Tells what differs in the directories of two units.
pub(super) fn all(old: &Unit, new: &Unit, to: &mut Vec<Around>) {
    let (was, is) = (&*old.directory, &*new.directory);
    if was.fingerprint == is.fingerprint && old.vocabulary.fingerprint == new.vocabulary.fingerprint {
        return;
    }
    let mut told = Told { old, new, to };
    if was.owner != is.owner {
        let named = |owner: &Option<Str>| owner.as_deref().unwrap_or("nobody").to_owned();
        let sentence = format!("failures are told to {} instead of {}", named(&is.owner), named(&was.owner));
        told.say(Part::Directory, sentence, |_| true);
    }
    roles(&mut told, "the company", &was.company_roles, &is.company_roles);
    let (before, after) = (places(was, &old.vocabulary), places(is, &new.vocabulary));
    let all: BTreeSet<&(Str, Str)> = before.keys().chain(after.keys()).collect();
    for key in all {
        match (before.get(key), after.get(key)) {
            (Some(one), Some(other)) => place(&mut told, key, one, other),
            (None, Some(_)) => whole(&mut told, key, "added"),
            _ => whole(&mut told, key, "dropped"),
        }
    }
    people(&mut told, was, is);
    budgets(&mut told, was, is);
}

/// A budget decides nothing; a reviewer wants to know of it all the same.
fn budgets(told: &mut Told, was: &Directory, is: &Directory) {
    let all: BTreeSet<&Str> = was.budgets.keys().chain(is.budgets.keys()).collect();
    for role in all {
        let (before, after) = (was.budgets.get(role), is.budgets.get(role));
        if before != after {
            let named = |budget: Option<&u32>| match budget {
                None => "none".to_owned(),
                Some(1) => "1 alert per day".to_owned(),
                Some(budget) => format!("{budget} alerts per day"),
            };
            let sentence = format!("budget of {role}: {} instead of {}", named(after), named(before));
            told.say(Part::Directory, sentence, |_| false);
        }
    }
}

fn places<'a>(directory: &'a Directory, vocabulary: &Vocabulary) -> Places<'a> {
    let named = directory.places.iter();
    named.map(|((thing, id), place)| ((vocabulary.thing_type(*thing).name.clone(), id.clone()), place)).collect()
}

/// A place that is there on one side only.
fn whole(told: &mut Told, (thing, id): &(Str, Str), verb: &str) {
    told.say(Part::Directory, format!("{thing} {id} {verb}"), |uses| uses.things.contains(thing));
}

fn roles(told: &mut Told, place: &str, was: &Roles, is: &Roles) {
    let all: BTreeSet<&Str> = was.keys().chain(is.keys()).collect();
    for role in all {
        let (before, after) = (was.get(role), is.get(role));
        if before == after {
            continue;
        }
        let named = |people: Option<&Vec<Str>>| people.map_or("nobody".to_owned(), |people| names(people));
        let sentence = format!("{role} of {place} is {} instead of {}", named(after), named(before));
        told.say(Part::Directory, sentence, |uses| uses.roles.contains(role));
    }
}

fn place(told: &mut Told, key: &(Str, Str), was: &Place, is: &Place) {
    let (thing, id) = key;
    let name = format!("{thing} {id}");
    roles(told, &name, &was.roles, &is.roles);
    for (fact, before, after) in facts(told, thing, was, is) {
        let sentence = format!("{name}: {fact} is {after} instead of {before}");
        let path = format!("{thing}.{fact}");
        // A role is looked for along the facts that are things.
        told.say(Part::Directory, sentence, |uses| uses.facts.contains(&path));
    }
    if was.zone != is.zone {
        let named = |place: &Place| place.zone.as_ref().map_or("the playbook's".to_owned(), zone);
        let sentence = format!("{name}: time zone {} instead of {}", named(is), named(was));
        told.say(Part::Directory, sentence, |uses| {
            uses.things.contains(thing) && (uses.places_own_calendar || !uses.calendars.is_empty())
        });
    }
    let calendar = |place: &Place, vocabulary: &Vocabulary| {
        place.calendar.map_or("business_hours".into(), |calendar| vocabulary.calendars[calendar.index()].name.clone())
    };
    let (before, after) = (calendar(was, &told.old.vocabulary), calendar(is, &told.new.vocabulary));
    if before != after {
        let sentence = format!("{name}: opening times are {after} instead of {before}");
        told.say(Part::Directory, sentence, |uses| uses.things.contains(thing) && uses.places_own_calendar);
    }
}

/// Returns the facts that differ, with both values.
fn facts(told: &Told, thing: &str, was: &Place, is: &Place) -> Vec<(Str, String, String)> {
    let known = |place: &Place, vocabulary: &Vocabulary| {
        let facts = vocabulary.thing(thing).map(|thing| &vocabulary.thing_type(thing).facts[..]).unwrap_or_default();
        let held = facts.iter().zip(&place.facts).filter(|(_, value)| **value != Value::Missing);
        held.map(|(fact, value)| (fact.name.clone(), print_value(value, &fact.ty))).collect::<BTreeMap<_, _>>()
    };
    let (before, after) = (known(was, &told.old.vocabulary), known(is, &told.new.vocabulary));
    let all: BTreeSet<&Str> = before.keys().chain(after.keys()).collect();
    let named = |of: &BTreeMap<Str, String>, fact: &Str| of.get(fact).cloned().unwrap_or("(missing)".into());
    let differ = all.into_iter().filter(|fact| before.get(*fact) != after.get(*fact));
    differ.map(|fact| (fact.clone(), named(&before, fact), named(&after, fact))).collect()
}

fn people(told: &mut Told, was: &Directory, is: &Directory) {
    let all: BTreeSet<&Str> = was.people.keys().chain(is.people.keys()).collect();
    for address in all {
        let (before, after) = (was.people.get(address), is.people.get(address));
        let nobody = Person::default();
        let (one, other) = (before.unwrap_or(&nobody), after.unwrap_or(&nobody));
        if one.language == other.language && was.ways(address) == is.ways(address) {
            continue;
        }
        // Under which roles they are reached.
        let mut filled: BTreeSet<Str> = BTreeSet::new();
        for directory in [was, is] {
            let roles =
                [&directory.company_roles].into_iter().chain(directory.places.values().map(|place| &place.roles));
            let own = roles.flatten().filter(|(_, people)| people.contains(address));
            filled.extend(own.map(|(role, _)| role.clone()));
        }
        let sentence = format!("{address} is reached otherwise: other language or other ways");
        told.say(Part::Directory, sentence, |uses| uses.roles.intersection(&filled).next().is_some());
    }
}
