//! Erasure changes nothing but a name: a random day in which a customer is erased, beside the same day in which nobody is.
//!
//! From then on one day speaks of the alias where the other speaks of the customer, and the same has to come of both, input
//! by input. Left out: mails to the customer, which an erasure takes back; what is done to a case by its place among all
//! cases, whose names are hashes; updates of signals from before, which fill nothing that was erased; and rules that name
//! the customer.

use std::collections::BTreeSet;

use jiff::Timestamp;
use touchline::engine::Engine;
use touchline::engine::input::{Erase, HumanAction, Input, Target};
use touchline::ir::action::ActionKind;
use touchline::signal::Signal;
use touchline::value::{Str, Value};
use touchline::vocabulary::SignalNo;

use super::lockstep::{Case, Journal, lines};
use super::random::inputs::Happens;
use super::random::{ground, ruleset};

/// What one input led to, and whether the erasure was before it.
struct Came {
    after: bool,
    lines: Vec<String>,
}

/// Tells what an erasure in the middle of a day changes that it must not.
pub fn erasing_matters(case: &Case) -> Option<String> {
    if has_mails(case) || has_cases(case) || case.events.len() < 4 {
        return None;
    }
    let middle = case.events.len() / 4 + case.seed as usize % (case.events.len() / 2);
    let id: Str = format!("C{}", 1 + case.seed % 3).into();
    let mut rules = case.rules.iter().chain(case.later.iter().flatten());
    if rules.any(|rule| format!("{rule:?}").contains(&*id)) {
        return None;
    }
    // It stands where the id stood in every order.
    let alias: Str = format!("{id}~").into();
    let (erased, plain) = (day(case, middle, &id, &alias), day(case, middle, "nobody", "nobody~"));
    for (step, (erased, plain)) in erased.iter().zip(&plain).enumerate() {
        let renamed = |line: &String| if plain.after { renamed(line, &id, &alias) } else { line.clone() };
        let sorted = |lines: &mut dyn Iterator<Item = String>| {
            let mut lines: Vec<String> = lines.collect();
            lines.sort();
            lines
        };
        let plain = sorted(&mut plain.lines.iter().map(renamed));
        let erased = sorted(&mut erased.lines.iter().cloned());
        if erased != plain {
            return Some(format!("{id} is erased before event {middle}; step {step}\n{erased:#?}\n{plain:#?}\n"));
        }
    }
    (erased.len() != plain.len()).then(|| format!("{} steps and {}\n", erased.len(), plain.len()))
}

fn has_mails(case: &Case) -> bool {
    let rules = case.rules.iter().chain(case.later.iter().flatten());
    let steps = rules.flat_map(|rule| rule.then.steps.iter().chain(rule.then.ladder.iter().flat_map(|l| &l.steps)));
    steps.flat_map(|step| &step.actions).any(|action| matches!(action.kind, ActionKind::Email { .. }))
}

/// Tells whether a signal of the day is about a case: in these days cases are called as customers are.
fn has_cases(case: &Case) -> bool {
    let vocabulary = &ground().vocabulary;
    let about_case = |kind: SignalNo| vocabulary.signal_type(kind).builtin;
    let of_rules = case.rules.iter().chain(case.later.iter().flatten()).flat_map(|rule| rule.signals());
    let of_events = case.events.iter().filter_map(|event| match &event.what {
        Happens::Input(Input::Signal(signal) | Input::History(signal)) => Some(signal.kind),
        _ => None,
    });
    of_rules.chain(of_events).any(about_case)
}

/// Plays a day in which `id` is erased before the event at `middle`.
fn day(case: &Case, middle: usize, id: &str, alias: &str) -> Vec<Came> {
    let first = ruleset(&case.rules);
    let thing = ground().vocabulary.thing("customer").expect("it stands in the ground");
    let mut journal = Journal::new(first.clone());
    let mut engine = Engine::new(first);
    let (mut came, mut clock, mut known, mut after) = (vec![], None, BTreeSet::new(), false);
    for (number, event) in case.events.iter().enumerate() {
        let mut apply = |engine: &mut Engine, journal: &mut Journal, input: Input, at: Timestamp| {
            after |= matches!(input, Input::Erase(_));
            journal.push(input.clone(), at);
            let done = engine.handle(input, at);
            came.push(Came { after, lines: nameless(lines(&done.effects, &done.firings, done.taken)) });
        };
        let mut ticks = 0;
        while let Some(due) = engine.next_deadline().filter(|due| clock.is_some() && *due < event.at && ticks < 500) {
            apply(&mut engine, &mut journal, Input::Tick, due);
            ticks += 1;
        }
        clock = Some(event.at);
        if number == middle {
            let erase = Erase { thing, id: id.into(), alias: alias.into() };
            apply(&mut engine, &mut journal, Input::Erase(erase), event.at);
        }
        let mut input = match &event.what {
            Happens::Input(input) => input.clone(),
            Happens::Switch(number) => journal.switch(engine.ruleset(), ruleset(&case.later[*number])),
            Happens::OfCase(..) => continue,
        };
        if let Input::Signal(signal) | Input::History(signal) = &input {
            match number < middle {
                true => drop(known.insert(signal.id.clone())),
                false if known.contains(&signal.id) => continue,
                false => {}
            }
        }
        if number >= middle {
            rename(&mut input, id, alias);
        }
        apply(&mut engine, &mut journal, input, event.at);
    }
    came
}

/// Speaks of the alias from here on. Ids of different things differ in these days.
fn rename(input: &mut Input, id: &str, alias: &str) {
    let text = |text: &mut Str| {
        if **text == *id {
            *text = alias.into();
        }
    };
    let value = |value: &mut Value| {
        if let Value::Id(of) = value {
            text(of);
        }
    };
    let signal = |signal: &mut Signal| signal.fields.iter_mut().for_each(value);
    let target = |target: &mut Target| {
        if let Target::Rule { key, .. } = target {
            key.iter_mut().for_each(value);
        }
    };
    match input {
        Input::Signal(of) | Input::History(of) => signal(of),
        Input::Fact(change) => text(&mut change.id),
        Input::Human(human) => match &mut human.action {
            HumanAction::Acknowledge(of) | HumanAction::Reopen(of) => target(of),
            HumanAction::Close { target: of, .. } | HumanAction::Assign { target: of, .. } => target(of),
            HumanAction::Comment { target: of, .. } => target(of),
            HumanAction::Contact { target: of, customer } => {
                of.iter_mut().for_each(target);
                customer.iter_mut().for_each(text);
            }
            HumanAction::Silence { .. } => {}
        },
        _ => {}
    }
}

fn renamed(line: &str, id: &str, alias: &str) -> String {
    let parts: Vec<&str> = line.split(id).collect();
    let mut text = parts[0].to_owned();
    for (before, after) in parts.iter().zip(&parts[1..]) {
        let alone = |letter: Option<char>| !letter.is_some_and(char::is_alphanumeric);
        let whole = alone(before.chars().next_back()) && alone(after.chars().next());
        text.push_str(if whole { alias } else { id });
        text.push_str(after);
    }
    text
}

/// Takes the hashes out: an effect's id and a case's name are made with the key inside.
fn nameless(lines: Vec<String>) -> Vec<String> {
    let is_hash = |word: &str| word.len() >= 12 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let nameless = |line: String| {
        let mut text = String::new();
        let mut word = String::new();
        for letter in line.chars().chain(['\n']) {
            if letter.is_ascii_alphanumeric() {
                word.push(letter);
                continue;
            }
            text.push_str(if is_hash(&word) { "#" } else { &word });
            text.push(letter);
            word.clear();
        }
        text
    };
    lines.into_iter().map(nameless).collect()
}
