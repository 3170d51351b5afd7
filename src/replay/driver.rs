//! `Driver`: an engine on a virtual clock.
//!
//! The clock is the latest instant seen (M4). Before an input at *t* every deadline before *t* runs at its own
//! time; a deadline at exactly *t* waits until the clock passes *t*, so that all signals of *t* are in it (M3).
//! Whatever is sent is delivered at once, unless the caller knows better.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;

use crate::engine::effect::{Effect, Outcome, What};
use crate::engine::input::{Delivery, Input, Switch};
use crate::engine::plan::ReloadPlan;
use crate::engine::refill::refill;
use crate::engine::ruleset::RuleSet;
use crate::engine::{Engine, Step, Watch};
use crate::value::Str;

/// More deadlines than this at one instant mean that the engine does not move on.
const DEADLINES_AT_ONCE: u32 = 1_000_000;

/// One call of the engine and what came of it.
#[derive(Debug)]
pub struct Turn<'a> {
    /// What the engine was given, as far as it matters to a reader.
    pub cause: Cause,
    /// The clock.
    pub now: Timestamp,
    /// What came of it.
    pub step: &'a Step,
}

/// Why the engine was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// What the caller handed in.
    Input,
    /// A deadline.
    Deadline,
    /// What became of an effect.
    Delivery,
}

/// Says why sending an effect fails; `None` where it goes.
pub type Sends<'a> = dyn FnMut(&Effect) -> Option<Str> + 'a;

/// An engine with the clock that drives it.
#[derive(Debug)]
pub struct Driver {
    engine: Engine,
    clock: Option<Timestamp>,
    /// Every input with the `now` it was stamped with, where somebody asked for it.
    journal: Option<Vec<(Input, Timestamp)>>,
    /// The rules that decided at its beginning.
    first: Arc<RuleSet>,
}

impl Driver {
    /// Returns a driver of a fresh engine.
    pub fn new(ruleset: Arc<RuleSet>, watch: Watch) -> Driver {
        let mut engine = Engine::new(ruleset.clone());
        engine.watch(watch);
        Driver { engine, clock: None, journal: None, first: ruleset }
    }

    /// Keeps every input from here on: what a change of playbooks fills windows from.
    pub fn keep_journal(&mut self) {
        self.journal.get_or_insert_default();
    }

    /// Switches to another rule set at `at`, with windows filled from the kept journal, and returns what becomes of each
    /// rule.
    pub fn switch(
        &mut self,
        new: &Arc<RuleSet>,
        at: Timestamp,
        sends: &mut Sends,
        seen: &mut dyn FnMut(Turn),
    ) -> ReloadPlan {
        let old = self.engine.ruleset().clone();
        let plan = ReloadPlan::between(&old, new);
        let journal = self.journal.clone().unwrap_or_default();
        let fills = refill(&self.first, new, &plan.to_fill(), journal);
        if plan.vocabulary {
            self.move_journal(&old, new);
            self.first = new.clone();
        }
        let switch = Switch { hash: new.hash, ruleset: Some(new.clone()), fills };
        self.input(Input::Switch(switch), at, sends, seen);
        plan
    }

    /// Reads the journal under another vocabulary from here on.
    fn move_journal(&mut self, old: &RuleSet, new: &RuleSet) {
        let (old, new) = (&old.vocabulary, &new.vocabulary);
        let moved = |(input, now): (Input, Timestamp)| match input {
            Input::Signal(signal) => Some((Input::Signal(signal.remap(old, new)?), now)),
            Input::History(signal) => Some((Input::History(signal.remap(old, new)?), now)),
            Input::Fact(change) => Some((Input::Fact(change.remap(old, new)?), now)),
            other => Some((other, now)),
        };
        self.journal = self.journal.take().map(|journal| journal.into_iter().filter_map(moved).collect());
    }

    /// Returns the engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Puts another engine in the place of this one: a restart.
    pub fn replace(&mut self, engine: Engine) {
        self.engine = engine;
    }

    /// Returns the latest instant seen.
    pub fn clock(&self) -> Option<Timestamp> {
        self.clock
    }

    /// Hands in `input` at `at`, after every deadline before it.
    pub fn input(&mut self, input: Input, at: Timestamp, sends: &mut Sends, seen: &mut dyn FnMut(Turn)) {
        let now = self.clock.map_or(at, |clock| clock.max(at));
        self.deadlines(sends, seen, |due| due < now);
        self.clock = Some(now);
        self.turn(input, Cause::Input, now, sends, seen);
    }

    /// Moves the clock to `at` and runs every deadline before it.
    pub fn before(&mut self, at: Timestamp, sends: &mut Sends, seen: &mut dyn FnMut(Turn)) {
        self.deadlines(sends, seen, |due| due < at);
        self.clock = Some(self.clock.map_or(at, |clock| clock.max(at)));
    }

    /// Moves the clock past `at`: every deadline up to and including it runs.
    pub fn past(&mut self, at: Timestamp, sends: &mut Sends, seen: &mut dyn FnMut(Turn)) {
        self.deadlines(sends, seen, |due| due <= at);
        let now = self.clock.map_or(at, |clock| clock.max(at));
        self.clock = Some(now);
        self.turn(Input::Tick, Cause::Deadline, now, sends, seen);
    }

    fn deadlines(&mut self, sends: &mut Sends, seen: &mut dyn FnMut(Turn), is_due: impl Fn(Timestamp) -> bool) {
        let mut at_once = 0;
        while let Some(due) = self.engine.next_deadline().filter(|due| is_due(*due)) {
            let now = self.clock.map_or(due, |clock| clock.max(due));
            at_once = if self.clock == Some(now) { at_once + 1 } else { 0 };
            assert!(at_once < DEADLINES_AT_ONCE, "the engine's deadline at {due} does not go away");
            self.clock = Some(now);
            self.turn(Input::Tick, Cause::Deadline, now, sends, seen);
        }
    }

    fn turn(&mut self, input: Input, cause: Cause, now: Timestamp, sends: &mut Sends, seen: &mut dyn FnMut(Turn)) {
        let mut waiting = VecDeque::from([(input, cause)]);
        while let Some((input, cause)) = waiting.pop_front() {
            if let Some(journal) = &mut self.journal {
                journal.push((input.clone(), now));
            }
            let step = self.engine.handle(input, now);
            for effect in step.effects.iter().filter(|effect| leaves_the_house(effect)) {
                let delivery = Delivery { effect: effect.id, failed: sends(effect) };
                waiting.push_back((Input::Delivery(delivery), Cause::Delivery));
            }
            seen(Turn { cause, now, step: &step });
        }
    }
}

/// Tells whether an effect is handed to the outside world, which answers with a delivery.
fn leaves_the_house(effect: &Effect) -> bool {
    effect.outcome == Outcome::Sent
        && matches!(effect.what, What::Alert { .. } | What::Email { .. } | What::Post { .. })
}

/// Everything is delivered.
pub fn always_sent(_: &Effect) -> Option<Str> {
    None
}
