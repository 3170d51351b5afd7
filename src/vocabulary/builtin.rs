//! What is there in every vocabulary (M20): the thing `case`, the signals about cases, and two facts of a customer.
//!
//! A case is about whatever the signal behind it was about: it has a fact for each declared thing, so that roles climb
//! from a case to its store. All fields of these signals may be missing.

use crate::value::Str;
use crate::vocabulary::{Field, SignalType, Thing, ThingNo, Type, Vocabulary};

/// The closed-loop work item.
pub const CASE: &str = "case";
/// A case was opened.
pub const CASE_OPENED: &str = "case_opened";
/// Somebody took notice of a case or of an alert that belongs to it.
pub const CASE_ACKNOWLEDGED: &str = "case_acknowledged";
/// A case was closed.
pub const CASE_CLOSED: &str = "case_closed";
/// A closed case was opened again.
pub const CASE_REOPENED: &str = "case_reopened";
/// Somebody spoke or wrote to the customer.
pub const CUSTOMER_CONTACT: &str = "customer_contact";
/// The thing whose built-in facts are `open_cases` and `last_contact`.
pub const CUSTOMER: &str = "customer";
/// How many open cases a customer has (a whole number).
pub const OPEN_CASES: &str = "open_cases";
/// The day of the last contact with a customer, in the vocabulary's zone (a date).
pub const LAST_CONTACT: &str = "last_contact";
/// Facts of a case: priority (`low`, `normal`, `high`, `urgent`), status (`open`, `closed`), reason,
/// outcome, opened_on (date).
pub const PRIORITY: &str = "priority";
/// See [`PRIORITY`].
pub const STATUS: &str = "status";
/// See [`PRIORITY`].
pub const REASON: &str = "reason";
/// See [`PRIORITY`].
pub const OUTCOME: &str = "outcome";
/// See [`PRIORITY`].
pub const OPENED_ON: &str = "opened_on";
/// The role that the person a case is assigned to fills.
pub const CASE_OWNER: &str = "case_owner";
/// Priorities, from the lowest.
pub const PRIORITIES: [&str; 4] = ["low", "normal", "high", "urgent"];

/// Tells whether touchline itself keeps this fact, so that no feed, directory or rule may set it.
pub fn is_builtin_fact(thing: &str, fact: &str) -> bool {
    thing == CASE || thing == CUSTOMER && (fact == OPEN_CASES || fact == LAST_CONTACT)
}

/// Singular, plural and own fields of each built-in signal.
const SIGNALS: [(&str, &str, &[&str]); 5] = [
    (CASE_OPENED, "cases_opened", &[PRIORITY, REASON]),
    (CASE_ACKNOWLEDGED, "cases_acknowledged", &[PRIORITY]),
    (CASE_CLOSED, "cases_closed", &[PRIORITY, OUTCOME]),
    (CASE_REOPENED, "cases_reopened", &[PRIORITY]),
    (CUSTOMER_CONTACT, "customer_contacts", &[]),
];

/// Returns singular and plural of each built-in signal.
pub fn signal_names() -> impl Iterator<Item = (&'static str, &'static str)> {
    SIGNALS.into_iter().map(|(one, many, _)| (one, many))
}

/// Returns the field of a signal for a thing it is about.
pub(super) fn about(thing: Str, number: ThingNo) -> Field {
    Field { name: thing, ty: Type::Thing(number), optional: true, personal: false, unread: false }
}

/// Adds the built-in facts, thing and signals to what was declared.
pub(super) fn add(vocabulary: &mut Vocabulary) {
    let declared: Vec<Field> = vocabulary
        .things
        .iter()
        .enumerate()
        .map(|(place, thing)| about(thing.name.clone(), ThingNo(place as u16)))
        .collect();
    if let Some(customer) = vocabulary.things.iter_mut().find(|thing| &*thing.name == CUSTOMER) {
        customer.facts.push(fact(OPEN_CASES, Type::WholeNumber));
        customer.facts.push(fact(LAST_CONTACT, Type::Date));
    }
    let case = ThingNo(vocabulary.things.len() as u16);
    let mut facts: Vec<Field> = [PRIORITY, STATUS, REASON, OUTCOME, OPENED_ON].map(case_fact).into();
    facts.extend(declared.iter().cloned());
    vocabulary.things.push(Thing { name: CASE.into(), facts });
    for (name, plural, own) in SIGNALS {
        let mut fields = vec![about(CASE.into(), case)];
        fields.extend(declared.iter().cloned());
        let about = fields.len();
        fields.extend(own.iter().copied().map(case_fact));
        vocabulary.signals.push(SignalType {
            name: name.into(),
            plural: Some(plural.into()),
            fields,
            about,
            declared_lateness: None,
            builtin: true,
        });
    }
}

fn fact(name: &str, ty: Type) -> Field {
    Field { name: name.into(), ty, optional: true, personal: false, unread: false }
}

fn case_fact(name: &str) -> Field {
    let words = |words: &[&str]| Type::OneOf(words.iter().map(|word| (*word).into()).collect());
    match name {
        PRIORITY => fact(name, words(&PRIORITIES)),
        STATUS => fact(name, words(&["open", "closed"])),
        OPENED_ON => fact(name, Type::Date),
        // Most often a verbatim.
        REASON => Field { personal: true, ..fact(name, Type::Text) },
        _ => fact(name, Type::Text),
    }
}
