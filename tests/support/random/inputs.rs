//! Random days: ties, late and too late, duplicates, updates, missing fields, clock changes, people and facts.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use touchline::engine::input::{Human, HumanAction, Input, Target};
use touchline::id::SignalId;
use touchline::ir::Rule;
use touchline::number::Number;
use touchline::signal::{FactChange, Signal};
use touchline::value::{Str, Value};
use touchline::vocabulary::{FactNo, SignalNo, Type};

use super::{Dice, ground};

/// One input with the instant it is stamped with.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub at: Timestamp,
    pub what: Happens,
}

/// What happens to both.
#[derive(Clone, Debug, PartialEq)]
pub enum Happens {
    Input(Input),
    /// The switch to a later set of rules, by its number.
    Switch(usize),
    /// Somebody does something to a case: the one with this number among those there are, in order of id.
    OfCase(usize, Doing),
}

/// What people do to a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    Acknowledge,
    Close,
    Reopen,
    Assign,
    Comment,
    Contact,
}

impl Doing {
    /// The input for a case.
    pub fn to(self, case: Str) -> Input {
        let target = Target::Case(case);
        let action = match self {
            Doing::Acknowledge => HumanAction::Acknowledge(target),
            Doing::Close => HumanAction::Close { target, outcome: "".into() },
            Doing::Reopen => HumanAction::Reopen(target),
            Doing::Assign => HumanAction::Assign { target, to: "mine@example.test".into() },
            Doing::Comment => HumanAction::Comment { target, text: "called".into() },
            Doing::Contact => HumanAction::Contact { target: Some(target), customer: None },
        };
        Input::Human(Human { by: "".into(), action })
    }
}

const STARTS: [&str; 4] =
    ["2026-03-27T08:00:00Z", "2026-10-23T20:00:00Z", "2026-06-01T06:00:00Z", "2026-03-28T00:30:00Z"];

/// Steps of the clock, in minutes: ties, and whole lengths of the rules' windows so that edges are met.
const STEPS: [i64; 14] = [0, 0, 0, 1, 30, 30, 60, 60, 120, 360, 360, 720, 1440, 1500];

/// Puts `switches` switches into a day, in order: many right after something, so that ties and the grace of a rule that
/// disappeared (M24) are met.
pub fn with_switches(dice: &mut Dice, mut events: Vec<Event>, switches: usize) -> Vec<Event> {
    let mut after = dice.below(events.len());
    for number in 0..switches {
        let next = events.get(after + 1).map(|event| event.at);
        let at = events[after].at + SignedDuration::from_mins(*dice.pick(&[0, 0, 1, 5, 9, 10, 11, 45]));
        let at = next.map_or(at, |next| at.min(next));
        events.insert(after + 1, Event { at, what: Happens::Switch(number) });
        after += 1;
        if !dice.once_in(3) {
            after = (after + dice.below(6)).min(events.len() - 1);
        }
    }
    events
}

pub fn events(dice: &mut Dice, rules: &[Arc<Rule>]) -> Vec<Event> {
    let mut now: Timestamp = dice.pick(&STARTS).parse().expect("it is well formed");
    let mut events: Vec<Event> = Vec::new();
    let relevant: Vec<SignalNo> = rules.iter().flat_map(|rule| rule.signals()).collect();
    // A few customers in most days, so that keys meet.
    let few = 1 + dice.below(3);
    for number in 0..4 + dice.below(30) {
        // Now and then a month passes: long enough to forget a signal, or nearly.
        let minutes = if dice.once_in(150) { *dice.pick(&[43_140, 43_200]) } else { *dice.pick(&STEPS) };
        now = now.checked_add(SignedDuration::from_mins(minutes)).expect("within the calendar");
        if dice.once_in(12) {
            let doing = [
                Doing::Acknowledge,
                Doing::Close,
                Doing::Close,
                Doing::Reopen,
                Doing::Assign,
                Doing::Comment,
                Doing::Contact,
            ];
            let what = Happens::OfCase(dice.below(4), *dice.pick(&doing));
            events.push(Event { at: now, what });
            continue;
        }
        let input = match dice.below(20) {
            0 => Input::Fact(fact(dice)),
            1 | 2 => person(dice, rules, now),
            // Right after a long pause, somebody sends once more what came before it.
            _ if minutes > 40_000 => again(dice, &events).unwrap_or_else(|| Input::Fact(fact(dice))),
            4 if dice.once_in(2) => Input::History(signal(dice, &relevant, now, number, few)),
            3 => again(dice, &events).unwrap_or_else(|| Input::Signal(signal(dice, &relevant, now, number, few))),
            _ => Input::Signal(signal(dice, &relevant, now, number, few)),
        };
        events.push(Event { at: now, what: Happens::Input(input) });
    }
    events
}

fn signal(dice: &mut Dice, relevant: &[SignalNo], now: Timestamp, number: usize, few: usize) -> Signal {
    let vocabulary = &ground().vocabulary;
    let kind = match relevant.is_empty() || dice.once_in(6) {
        true => SignalNo(dice.below(5) as u16),
        false => *dice.pick(relevant),
    };
    let late = if dice.once_in(5) { *dice.pick(&[1, 30, 30, 60, 360, 1440, 2880, 20000]) } else { 0 };
    let at = now.checked_sub(SignedDuration::from_mins(late)).expect("within the calendar");
    let kind_of = vocabulary.signal_type(kind);
    let fields = kind_of
        .fields
        .iter()
        .map(|field| {
            if field.optional && dice.once_in(7) {
                return Value::Missing;
            }
            match &field.ty {
                Type::Thing(thing) => {
                    let name = &vocabulary.thing_type(*thing).name;
                    let number = 1 + dice.below(few);
                    Value::Id(format!("{}{number}", name[..1].to_uppercase()).into())
                }
                Type::Text => Value::Text(
                    (*dice.pick(&["delivery", " Delivery", "STRASSE", "queue", "so kind and helpful"])).into(),
                ),
                Type::OneOf(words) => Value::Text(dice.pick(words).clone()),
                Type::Score(scale) => {
                    let (low, high) = scale.range();
                    Value::Number(Number::from_whole(low + dice.below((high - low + 1) as usize) as i64))
                }
                Type::Number => Value::Number(Number::from_billionths(500_000_000 * dice.below(10) as i128)),
                Type::Duration(_) => Value::Duration(SignedDuration::from_mins(5 * dice.below(6) as i64)),
                Type::YesNo => Value::YesNo(dice.once_in(2)),
                _ => Value::Missing,
            }
        })
        .collect();
    Signal { id: SignalId { source: "".into(), id: format!("s{number}").into() }, kind, at, fields }
}

/// A duplicate of an earlier signal, or an update of it.
fn again(dice: &mut Dice, events: &[Event]) -> Option<Input> {
    let signals: Vec<&Signal> = events
        .iter()
        .filter_map(|event| match &event.what {
            Happens::Input(Input::Signal(signal) | Input::History(signal)) => Some(signal),
            _ => None,
        })
        .collect();
    if signals.is_empty() {
        return None;
    }
    let mut signal = (*dice.pick(&signals)).clone();
    if dice.once_in(2) {
        for field in &mut signal.fields {
            match field {
                Value::Number(number) => *number = Number::from_whole((number.whole() + 1) % 5 + 1),
                Value::Missing => *field = Value::Missing,
                _ => {}
            }
        }
    }
    Some(Input::Signal(signal))
}

fn fact(dice: &mut Dice) -> FactChange {
    let vocabulary = &ground().vocabulary;
    let thing = vocabulary.thing("customer").expect("it stands in the ground");
    let (name, value) = match dice.below(9) {
        7 | 8 => ("zone", Value::Text((*dice.pick(&["Asia/Tokyo", "America/New_York", "Europe/Madrid"])).into())),
        4 => ("email", Value::Text((*dice.pick(&["one@example.test", "two@example.test"])).into())),
        5 => ("language", Value::Text((*dice.pick(&["pl", "en", "lt"])).into())),
        6 => ("email", Value::Missing),
        0 => ("segment", Value::Text((*dice.pick(&["gold", "silver", "bronze"])).into())),
        1 => ("company", Value::Text((*dice.pick(&["Acme", "ACME ", "Other"])).into())),
        2 => ("home", Value::Id((*dice.pick(&["S1", "S2", "S9"])).into())),
        _ => ("segment", Value::Missing),
    };
    let fact: FactNo = vocabulary.thing_type(thing).fact(name).expect("it stands in the ground");
    FactChange { thing, id: format!("C{}", 1 + dice.below(3)).into(), facts: vec![(fact, value)] }
}

/// Somebody acknowledges, closes or speaks, most often about a key that there is.
fn person(dice: &mut Dice, rules: &[Arc<Rule>], now: Timestamp) -> Input {
    let rule = dice.pick(rules).clone();
    let key = rule
        .key
        .iter()
        .map(|part| match part.thing {
            Some(thing) => {
                let name = &ground().vocabulary.thing_type(thing).name;
                Value::Id(format!("{}{}", name[..1].to_uppercase(), 1 + dice.below(2)).into())
            }
            None => Value::Text((*dice.pick(&["delivery", "queue", "acme"])).into()),
        })
        .collect();
    let target = Target::Rule { rule: rule.id.clone(), key };
    let action = match dice.below(8) {
        0 | 1 => HumanAction::Acknowledge(target),
        2 | 3 => HumanAction::Close { target, outcome: "done".into() },
        4 => HumanAction::Reopen(target),
        5 => HumanAction::Contact { target: Some(target), customer: None },
        6 => {
            let until = now + SignedDuration::from_mins(*dice.pick(&[30, 60, 120, 360, 1440]));
            HumanAction::Silence { rule: dice.once_in(2).then(|| rule.id.clone()), until }
        }
        _ => HumanAction::Contact { target: None, customer: Some(format!("C{}", 1 + dice.below(2)).into()) },
    };
    Input::Human(Human { by: "".into(), action })
}
