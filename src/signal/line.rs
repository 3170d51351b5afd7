//! The lines of a feed: signals, facts, and what people did, one JSON object each.
//!
//! ```json
//! {"thing": "customer", "id": "C1", "at": "2026-03-27T17:30:00Z", "facts": {"segment": "gold", "language": null}}
//! {"action": "acknowledge", "at": "…", "by": "ana", "rule": "retail_care/repeat_complaint", "key": {"customer": "C1", "topic": "delivery"}}
//! {"action": "close", "at": "…", "case": "c-17", "outcome": "refunded"}
//! {"action": "assign", "at": "…", "case": "c-17", "to": "ana@example.test"}
//! {"action": "contact", "at": "…", "customer": "C1"}
//! {"action": "silence", "at": "…", "rule": "retail_care/repeat_complaint", "until": "…"}
//! ```
//!
//! A fact that is `null` is forgotten. Whether the rule and the case exist is for whoever runs the feed to know.

use jiff::Timestamp;

use crate::id::RuleId;
use crate::signal::wire::{Json, Object, Refused, field_value, id, object, signal, unknown};
use crate::signal::{FactChange, Signal};
use crate::suggest::nearest;
use crate::value::{Str, Value};
use crate::vocabulary::typed::{self, shown};
use crate::vocabulary::{Vocabulary, builtin};

/// One line of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedLine {
    /// Something happened.
    Signal(Signal),
    /// Something became known.
    Facts {
        /// When.
        at: Timestamp,
        /// What.
        change: FactChange,
    },
    /// Somebody did something.
    Human(HumanLine),
}

impl FeedLine {
    /// Returns the line's own time.
    pub fn at(&self) -> Timestamp {
        match self {
            FeedLine::Signal(signal) => signal.at,
            FeedLine::Facts { at, .. } => *at,
            FeedLine::Human(line) => line.at,
        }
    }
}

/// What somebody did, before rule and key are looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HumanLine {
    /// When.
    pub at: Timestamp,
    /// Who: an address or a name; may be empty.
    pub by: Str,
    /// What.
    pub verb: Verb,
}

/// What people do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Takes notice.
    Acknowledge(LineTarget),
    /// Closes a case, with an outcome that may be empty.
    Close(LineTarget, Str),
    /// Opens a closed case again.
    Reopen(LineTarget),
    /// Gives a case to an address.
    Assign(LineTarget, Str),
    /// Says something about a case.
    Comment(LineTarget, Str),
    /// Has spoken or written to a customer: about a case, or to the customer named.
    Contact(Option<LineTarget>, Option<Str>),
    /// Lets a rule, or all, decide and not send, up to an instant (M21).
    Silence(Option<RuleId>, Timestamp),
}

/// What a human action is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineTarget {
    /// What a rule did for a key, by the names of the key's parts. Texts, numbers and yes/no are as written: the type
    /// of a part is the rule's to know.
    Rule(RuleId, Vec<(Str, Value)>),
    /// A case.
    Case(Str),
}

/// Reads one line of a feed.
pub fn parse_line(line: &str, vocabulary: &Vocabulary) -> Result<FeedLine, Refused> {
    let object = object(line)?;
    let kinds = ["signal", "action", "thing"].map(|key| object.get(key).is_some());
    match kinds {
        [true, ..] => signal(&object, vocabulary).map(FeedLine::Signal),
        [false, true, _] => human(&object).map(FeedLine::Human),
        [false, false, true] => facts(&object, vocabulary),
        _ => Err(Refused::field("signal", "it is missing: a line is a signal, or has a `thing` or an `action`")),
    }
}

fn facts(object: &Object<'_>, vocabulary: &Vocabulary) -> Result<FeedLine, Refused> {
    only(object, &["thing", "id", "at", "source", "facts"], "a line of facts")?;
    let name = object.required("thing")?;
    let thing = vocabulary.thing(&name).filter(|_| name != builtin::CASE).ok_or_else(|| {
        let known = vocabulary.things.iter().map(|thing| &*thing.name).filter(|known| *known != builtin::CASE);
        let reason = match nearest(&name, known) {
            Some(near) => format!("unknown thing {}; did you mean `{near}`?", shown(&name)),
            None if name == builtin::CASE => "cases are kept by touchline: use an `action`".to_owned(),
            None => format!("unknown thing {}", shown(&name)),
        };
        Refused::field("thing", reason)
    })?;
    let thing_type = vocabulary.thing_type(thing);
    let (at, id) = (object.at()?, id(object, "id")?);
    let json = object.get("facts").ok_or_else(|| Refused::field("facts", "it is missing"))?;
    let given = nested(json, "facts")?;
    let mut facts = Vec::new();
    for (key, json) in given.entries() {
        let Some(fact) = thing_type.fact(key) else {
            let known = thing_type.facts.iter().map(|fact| &*fact.name);
            return Err(unknown(key, &format!("a `{name}` has no such fact"), known));
        };
        if builtin::is_builtin_fact(&name, key) {
            return Err(Refused::field(key, "the fact is kept by touchline itself"));
        }
        facts.push((fact, field_value(json, &thing_type.facts[fact.index()], vocabulary)?));
    }
    Ok(FeedLine::Facts { at, change: FactChange { thing, id, facts } })
}

/// Reads an object inside the line; what is wrong with it is said of `key`.
fn nested<'a>(json: Json<'a>, key: &str) -> Result<Object<'a>, Refused> {
    json.object().ok_or_else(|| {
        let twice = "it has a key that stands twice, or too many keys".to_owned();
        Refused::field(key, if json.is_object() { twice } else { json.not("an object such as {\"name\": …}") })
    })
}

const VERBS: [&str; 7] = ["acknowledge", "close", "reopen", "assign", "comment", "contact", "silence"];

fn human(object: &Object<'_>) -> Result<HumanLine, Refused> {
    let verb = object.required("action")?;
    let own: &[&str] = match &*verb {
        "acknowledge" | "reopen" => &[],
        "close" => &["outcome"],
        "assign" => &["to"],
        "comment" => &["text"],
        "contact" => &["customer"],
        "silence" => return silence(object),
        _ => {
            let reason = match nearest(&verb, VERBS.into_iter()) {
                Some(near) => format!("unknown action {}; did you mean `{near}`?", shown(&verb)),
                None => format!("unknown action {}: it is one of {}", shown(&verb), VERBS.join(", ")),
            };
            return Err(Refused::field("action", reason));
        }
    };
    let known = [&["action", "at", "by", "id", "source", "rule", "key", "case"], own].concat();
    only(object, &known, &format!("the action `{verb}`"))?;
    let (at, by) = (object.at()?, Str::from(&*object.text("by")?.unwrap_or_default()));
    let about = target(object)?;
    let needed = || {
        about.clone().ok_or_else(|| Refused::field("case", "it is missing: name a `case`, or a `rule` and its `key`"))
    };
    let text = |key| object.required(key).map(|text| Str::from(&*text));
    let verb = match &*verb {
        "acknowledge" => Verb::Acknowledge(needed()?),
        "reopen" => Verb::Reopen(needed()?),
        "close" => Verb::Close(needed()?, Str::from(&*object.text("outcome")?.unwrap_or_default())),
        "assign" => Verb::Assign(needed()?, assignee(text("to")?)?),
        "comment" => Verb::Comment(needed()?, text("text")?),
        _ => {
            let customer = object.get("customer").map(|_| id(object, "customer")).transpose()?;
            if about.is_none() && customer.is_none() {
                return Err(Refused::field("customer", "it is missing: name the `customer`, or the `case`"));
            }
            Verb::Contact(about.clone(), customer)
        }
    };
    Ok(HumanLine { at, by, verb })
}

/// Reads a silence, of one rule or of all.
fn silence(object: &Object<'_>) -> Result<HumanLine, Refused> {
    only(object, &["action", "at", "by", "id", "source", "rule", "until"], "the action `silence`")?;
    let (at, by) = (object.at()?, Str::from(&*object.text("by")?.unwrap_or_default()));
    let rule = object.text("rule")?.map(|rule| rule_id(&rule)).transpose()?;
    let until = object.instant("until")?;
    if until <= at {
        return Err(Refused::field("until", "the silence is over before it begins"));
    }
    Ok(HumanLine { at, by, verb: Verb::Silence(rule, until) })
}

/// Reads `playbook/rule`.
fn rule_id(text: &str) -> Result<RuleId, Refused> {
    let parts = text.split_once('/').filter(|(playbook, name)| !playbook.is_empty() && !name.is_empty());
    let (playbook, name) = parts.ok_or_else(|| {
        let reason = format!("{} is not playbook and rule, such as `retail_care/repeat_complaint`", shown(text));
        Refused::field("rule", reason)
    })?;
    Ok(RuleId::new(playbook, name))
}

fn assignee(to: Str) -> Result<Str, Refused> {
    match typed::address_problem(&to) {
        None => Ok(to),
        Some(problem) => Err(Refused::field("to", problem)),
    }
}

fn target(object: &Object<'_>) -> Result<Option<LineTarget>, Refused> {
    let rule = object.text("rule")?;
    match (object.get("case"), rule) {
        (Some(_), Some(_)) => Err(Refused::field("case", "name either the `case` or the `rule`, not both")),
        (Some(_), None) => id(object, "case").map(|case| Some(LineTarget::Case(case))),
        (None, None) if object.get("key").is_some() => {
            Err(Refused::field("rule", "it is missing: a `key` is a rule's"))
        }
        (None, None) => Ok(None),
        (None, Some(rule)) => {
            let rule = rule_id(&rule)?;
            let mut key = Vec::new();
            if let Some(json) = object.get("key") {
                for (part, json) in nested(json, "key")?.entries() {
                    key.push((Str::from(part), key_value(part, json)?));
                }
            }
            Ok(Some(LineTarget::Rule(rule, key)))
        }
    }
}

/// Reads a part of a key by what it looks like; the rule's own type decides later.
fn key_value(part: &str, json: Json<'_>) -> Result<Value, Refused> {
    if let Some(text) = json.string() {
        return Ok(Value::Text(text.as_ref().into()));
    }
    if let Some(yes) = json.bool() {
        return Ok(Value::YesNo(yes));
    }
    let number = json.number().and_then(|number| number.parse().ok());
    number.map(Value::Number).ok_or_else(|| Refused::field(part, json.not("a text, a number, true or false")))
}

/// Refuses keys that mean nothing in this kind of line.
fn only(object: &Object<'_>, known: &[&str], what: &str) -> Result<(), Refused> {
    match object.entries().find(|(key, _)| !known.contains(key)) {
        Some((key, _)) => Err(unknown(key, &format!("{what} has no such key"), known.iter().copied())),
        None => Ok(()),
    }
}
