//! The switch to another rule set, and erasure.

use jiff::Timestamp;

use crate::engine::input::{Erase, Switch};
use crate::engine::turn::Turn;
use crate::engine::{Engine, Step};

impl Engine {
    pub(crate) fn switch(&mut self, switch: Switch, now: Timestamp) -> Step {
        let _ = (switch, now);
        Step::default()
    }
}

impl Turn<'_> {
    pub(crate) fn erase(&mut self, erase: &Erase) {
        let thing = self.rules.vocabulary.thing_type(erase.thing);
        let personal: Vec<bool> = thing.facts.iter().map(|fact| fact.personal).collect();
        self.state.facts.erase(erase.thing, &erase.id, &erase.alias, &personal);
    }

    pub(crate) fn give_up_parked(&mut self) {}
}
