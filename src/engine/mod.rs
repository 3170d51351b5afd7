//! The engine: a function from state, input and time to effects.
//!
//! It reads no clock, no file, no socket and no random number. Read [`input::Input`] and [`effect::Effect`] first.

pub mod effect;
pub mod input;
pub mod ruleset;
pub mod state;
pub mod trace;

use std::sync::Arc;

use jiff::Timestamp;

use crate::engine::effect::{Effect, Firing};
use crate::engine::input::Input;
use crate::engine::ruleset::RuleSet;
use crate::engine::trace::Look;

/// What one input led to, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// What the world is asked to do, ordered by playbook id, rule id, key, place in `then` (M7).
    pub effects: Vec<Effect>,
    /// Rules that fired.
    pub firings: Vec<Arc<Firing>>,
    /// Why each rule that looked did or did not fire; empty unless [`Engine::watch`] asked for it.
    pub looks: Vec<Look>,
    /// What became of the signal itself.
    pub taken: Taken,
}

/// What became of a signal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Taken {
    /// The input was no signal.
    #[default]
    NotASignal,
    /// It took its place.
    Accepted,
    /// It was late, and took its place (M5).
    Late,
    /// It was later than its declared lateness.
    TooLate,
    /// The same content under the same id again (M6).
    Duplicate,
    /// Other content under the same id (M6).
    Update,
}

/// Which looks are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Watch {
    /// None: the fastest.
    #[default]
    Nothing,
    /// Every look of every rule.
    Everything,
}

/// The engine.
#[derive(Debug)]
pub struct Engine {
    ruleset: Arc<RuleSet>,
    watch: Watch,
}

impl Engine {
    /// Returns an engine with empty state.
    pub fn new(ruleset: Arc<RuleSet>) -> Engine {
        Engine { ruleset, watch: Watch::default() }
    }

    /// Says which looks are recorded from here on.
    pub fn watch(&mut self, watch: Watch) {
        self.watch = watch;
    }

    /// Returns the rule set that decides.
    pub fn ruleset(&self) -> &Arc<RuleSet> {
        &self.ruleset
    }

    /// Applies one input at `now` and says what should happen next. Never blocks, never fails.
    ///
    /// `now` never goes back: an earlier one counts as the latest. Deadlines run only on [`Input::Tick`]: whoever
    /// drives the engine puts a tick in front of an input when [`Engine::next_deadline`] lies before it. A replay
    /// ticks at each deadline in turn; a daemon ticks at the present.
    pub fn handle(&mut self, input: Input, now: Timestamp) -> Step {
        let _ = (input, now);
        Step::default()
    }

    /// Returns when a tick next has work: a limit frees, an absence is due, a step is due, a check comes round.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        None
    }
}
