//! Signals of history: from before anything ran here, brought in by `import`.
//!
//! One takes its place in windows, however late it is, and fires nothing, now or later: by M10 and M24 it does what filling
//! windows does on loading. What was reached by it and is over is over; what it reaches and still lasts is entered at the next
//! signal or check; an episode that was entered goes on; a limit counts nothing for it; an absence is armed where its
//! deadline is still ahead. It is known by its id as any other. Facts of history are facts.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::engine::eval::{Scope, grouped};
use crate::engine::look::{Arrived, key_of};
use crate::engine::seen::Arrival;
use crate::engine::state::{Key, RuleNo};
use crate::engine::trace::Verdict;
use crate::engine::turn::Turn;
use crate::engine::{Engine, Taken};
use crate::id::RuleId;
use crate::ir::{Status, Trigger};
use crate::signal::Signal;
use crate::value::{Str, Value};
use crate::vocabulary::{FactNo, ThingNo};

impl Engine {
    /// Returns a fact as it was told; missing where it was not, whatever the directory says.
    pub fn told(&self, thing: ThingNo, id: &Str, fact: FactNo) -> Value {
        self.state.facts.told(thing, id, fact)
    }
}

impl Turn<'_> {
    /// A signal of history arrives: known again, or it takes its place quietly.
    pub(crate) fn history(&mut self, signal: Signal) {
        let memory = self.rules.vocabulary.duplicate_memory;
        let arrival = self.state.seen.arrive(&signal, self.now, memory);
        let none: Arc<[RuleId]> = Arc::default();
        self.quiet = true;
        match arrival {
            Arrival::New => {
                self.step.taken = Taken::Accepted;
                let signal = Arc::new(signal);
                let took_part = self.see(signal.clone(), none, &[]);
                self.state.latest_at = self.state.latest_at.max(Some(signal.at));
                self.state.seen.keep(&signal, took_part);
            }
            Arrival::Update(Some(original)) => {
                self.step.taken = Taken::Update;
                let took_part = self.see(original.signal.clone(), none, &original.took_part);
                self.state.seen.keep(&original.signal, took_part);
            }
            Arrival::Update(None) => {
                self.step.taken = Taken::Update;
                self.note_all(&signal, &Verdict::Update);
            }
            Arrival::Duplicate => {
                self.step.taken = Taken::Duplicate;
                self.note_all(&signal, &Verdict::Duplicate);
            }
        }
        self.quiet = false;
    }

    /// One rule takes a signal of history in; tells whether it takes part in it. Nothing below asks to fire meanwhile; what a
    /// run of readings makes of it is put in order here, as after a switch.
    pub(crate) fn take_in(&mut self, number: RuleNo, arrived: &Arrived) -> bool {
        let rule = self.rule(number);
        if !matches!(rule.trigger, Trigger::Reading { .. }) {
            return self.look(number, arrived);
        }
        let key: Option<Key> = {
            let scope = Scope::of_signal(self.facts(), &arrived.signal);
            key_of(rule, &scope, arrived.signal.kind).ok().map(|key| key.into_iter().map(grouped).collect())
        };
        let Some(key) = key.filter(|_| rule.status != Status::Paused) else { return self.look(number, arrived) };
        let before = self.state.rules[number as usize].keys.get(&key);
        let carriers = before.map_or_else(BTreeSet::new, |state| self.carriers(&state.window, 0));
        let episode = before.and_then(|state| state.episode.clone());
        let took_part = self.look(number, arrived);
        let Some(mut state) = self.state.rules[number as usize].keys.remove(&key) else { return took_part };
        if took_part {
            state.episode = if self.settle_key(number, &mut state, &carriers) { episode } else { None };
        }
        self.state.rules[number as usize].keys.insert(key.clone(), state);
        if let (true, Trigger::Reading { stays_for: Some(length), source, .. }) = (took_part, &rule.trigger) {
            self.arm_stay_again(number, &key, *length, source.signal);
        }
        took_part
    }
}
