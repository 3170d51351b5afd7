//! Everything that is kept by number moves to another vocabulary, by name.

use std::sync::Arc;

use jiff::Timestamp;

use crate::engine::act::{Language, Plan, Prepared};
use crate::engine::effect::Firing;
use crate::engine::state::{State, Window};
use crate::signal::Signal;
use crate::vocabulary::{FactNo, ThingNo, Vocabulary};

/// Moves everything that is kept by number to another vocabulary, by name.
pub(crate) fn remap(state: &mut State, old: &Vocabulary, new: &Vocabulary) {
    state.facts.remap(old, new);
    state.cases.remap(old, new);
    state.contacts.remap(old, new);
    let thing = |number: ThingNo| new.thing(&old.thing_type(number).name);
    let seen = std::mem::take(&mut state.things_seen);
    state.things_seen = seen.into_iter().filter_map(|(number, id)| Some((thing(number)?, id))).collect();
    let signal = |signal: &Arc<Signal>| signal.remap(old, new).map_or_else(|| signal.clone(), Arc::new);
    for key in state.rules.iter_mut().flat_map(|rule| rule.keys.values_mut()) {
        match &mut key.window {
            Window::Sequence(window) => window.remap(&signal),
            Window::Absence(window) => window.remap(&signal),
            _ => {}
        }
        key.change_aside(|aside| {
            if let Some((_, latest)) = aside.latest.as_deref_mut() {
                *latest = signal(latest);
            }
        });
        if let Some(pending) = key.episode.as_mut().and_then(|episode| episode.pending.as_mut()) {
            pending.values.signal = pending.values.signal.as_ref().map(&signal);
            pending.values.first = pending.values.first.as_ref().map(&signal);
        }
    }
    let remap_plan = |plan: &mut Plan| {
        let mut firing: Firing = (*plan.firing).clone();
        firing.values.signal = firing.values.signal.as_ref().map(&signal);
        firing.values.first = firing.values.first.as_ref().map(&signal);
        plan.firing = Arc::new(firing);
        let things = std::mem::take(&mut plan.things);
        plan.things = things.into_iter().filter_map(|(number, id)| Some((thing(number)?, id))).collect();
        remap_prepared(&mut plan.prepared, old, new);
    };
    state.plans.each(remap_plan);
    state.in_flight.values_mut().for_each(|flight| remap_plan(&mut flight.plan));
}

fn remap_prepared(prepared: &mut Prepared, old: &Vocabulary, new: &Vocabulary) {
    let thing = |number: &mut ThingNo| match old.things.get(number.index()).and_then(|thing| new.thing(&thing.name)) {
        Some(moved) => *number = moved,
        None => *number = ThingNo(u16::MAX),
    };
    let fact = |of: ThingNo, number: &mut FactNo| {
        let name = old.things.get(of.index()).and_then(|thing| thing.facts.get(number.index())).map(|fact| &fact.name);
        let moved = old.things.get(of.index()).and_then(|thing| new.thing(&thing.name)).zip(name);
        let moved = moved.and_then(|(thing, name)| new.thing_type(thing).fact(name));
        *number = moved.unwrap_or(FactNo(u16::MAX));
    };
    match prepared {
        Prepared::Alert { of, .. } => of.iter_mut().for_each(|(number, _)| thing(number)),
        Prepared::Email { thing: of, address, language, .. } => {
            fact(*of, address);
            thing(of);
            if let Language::Fact(of, _, number) = language {
                fact(*of, number);
                thing(of);
            }
        }
        Prepared::OpenCase { things, .. } => things.iter_mut().for_each(|(number, _)| thing(number)),
        Prepared::Set { thing: of, fact: number, .. } => {
            fact(*of, number);
            thing(of);
        }
        Prepared::Record { signal, fields } => {
            let id = crate::id::SignalId { source: "".into(), id: "".into() };
            let of = Signal { id, kind: *signal, at: Timestamp::UNIX_EPOCH, fields: std::mem::take(fields) };
            if let Some(moved) = of.remap(old, new) {
                (*signal, *fields) = (moved.kind, moved.fields);
            }
        }
        Prepared::Post { .. } => {}
    }
}
