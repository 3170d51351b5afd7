//! The engine: a function from state, input and time to effects.
//!
//! It reads no clock, no file, no socket and no random number. Read [`input::Input`] and [`effect::Effect`] first.

mod act;
pub mod cases;
mod check;
mod clause;
mod contacts;
mod due;
pub mod effect;
pub mod erase;
mod eval;
mod facts;
mod fire;
mod history;
pub mod input;
pub mod kept;
mod look;
mod name;
mod people;
mod pieces;
pub mod plan;
mod plans;
pub mod record;
pub mod refill;
pub mod reload;
mod remap;
mod replan;
pub mod ruleset;
mod seen;
pub mod state;
pub mod store;
pub mod trace;
pub(crate) mod turn;
mod when;
pub mod window;
mod words;

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use jiff::Timestamp;

use crate::engine::cases::Cases;
use crate::engine::effect::{Effect, Firing};
use crate::engine::input::Input;
use crate::engine::ruleset::RuleSet;
use crate::engine::seen::Arrival;
use crate::engine::state::{RestoreError, RuleNo, RuleState, State};
use crate::engine::trace::{Asked, Decline, Look, Verdict};
use crate::engine::turn::Turn;
use crate::id::{Position, RuleId};
use crate::signal::{FactChange, Signal};
use crate::value::{Str, Value};
use crate::vocabulary::{ThingNo, builtin};

/// What one input led to, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// What the world is asked to do, ordered by playbook id, rule id, key, place in `then` (M7).
    pub effects: Vec<Effect>,
    /// Rules that fired.
    pub firings: Vec<Arc<Firing>>,
    /// Why each rule that looked did or did not fire; empty unless [`Engine::watch`] asked for it.
    pub looks: Vec<Look>,
    /// Every clause that was compared and every guard that was asked, in order; empty unless [`Engine::watch`] asked for it.
    pub asked: Vec<Asked>,
    /// Rules that declined by their state or guard, by their place in the rule set.
    pub declines: Vec<(u32, Decline)>,
    /// What became of the signal itself.
    pub taken: Taken,
    /// Signals that touchline itself made on the way (M20), in the order in which rules saw them.
    pub made: Vec<Arc<Signal>>,
    /// Why what a person did changed nothing; `None` where it changed something, and where the input was nobody's doing.
    pub missed: Option<&'static str>,
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
    state: State,
    watch: Watch,
    /// Rules that fill their windows and never fire (see `refill`).
    observing: BTreeSet<RuleNo>,
}

impl Engine {
    /// Returns the rules that are parked, and since when.
    pub fn parked(&self) -> impl Iterator<Item = (&RuleId, Timestamp)> {
        self.state.parked.iter().map(|parked| (&parked.rule, parked.since))
    }

    /// Returns an engine with empty state.
    pub fn new(ruleset: Arc<RuleSet>) -> Engine {
        let mut state = State { rules: vec![RuleState::default(); ruleset.rules.len()], ..State::default() };
        state.cases.set_customer(ruleset.vocabulary.thing(builtin::CUSTOMER));
        Engine { ruleset, state, watch: Watch::default(), observing: BTreeSet::new() }
    }

    /// Says which looks are recorded from here on.
    pub fn watch(&mut self, watch: Watch) {
        self.watch = watch;
    }

    /// Returns the rule set that decides.
    pub fn ruleset(&self) -> &Arc<RuleSet> {
        &self.ruleset
    }

    /// Returns what was told of things of one kind behind the id `after`, in order of their ids, at most `limit` of those that
    /// are `wanted`: their facts by number.
    pub fn told_of(
        &self,
        thing: ThingNo,
        after: &str,
        limit: usize,
        wanted: impl Fn(&Str, &[Value]) -> bool,
    ) -> Vec<(Str, Vec<Value>)> {
        self.state.facts.page(thing, after, limit, wanted)
    }

    /// Returns the silences in force at `now`: of which rule, or of all, and until when.
    pub fn silences(&self, now: Timestamp) -> impl Iterator<Item = (Option<&RuleId>, Timestamp)> {
        let in_force = self.state.silences.iter().filter(move |silence| silence.until > now);
        in_force.map(|silence| (silence.rule.as_ref(), silence.until))
    }

    /// Returns the cases.
    pub fn cases(&self) -> &Cases {
        &self.state.cases
    }

    /// Returns how many inputs were applied.
    pub fn position(&self) -> Position {
        Position(self.state.position)
    }

    /// Applies one input at `now` and says what should happen next. Never blocks, never fails.
    ///
    /// `now` never goes back: an earlier one counts as the latest. Deadlines run only on [`Input::Tick`]: whoever
    /// drives the engine puts a tick in front of an input when [`Engine::next_deadline`] lies before it. A replay
    /// ticks at each deadline in turn; a daemon ticks at the present.
    pub fn handle(&mut self, input: Input, now: Timestamp) -> Step {
        let ruleset = self.ruleset.clone();
        let first = self.state.now.is_none();
        let now = self.state.now.map_or(now, |before| before.max(now));
        self.state.now = Some(now);
        self.state.position += 1;
        if let Input::Switch(switch) = input {
            return self.switch(switch, now);
        }
        let mut turn = self.turn(&ruleset, now);
        if first {
            turn.schedule_checks(now);
        }
        match input {
            Input::Signal(signal) => turn.signal(signal),
            Input::Fact(change) => turn.fact(change),
            Input::Human(human) => turn.human(human),
            Input::Delivery(delivery) => turn.delivered(delivery.effect, delivery.failed),
            Input::Tick => turn.run_due(),
            Input::Erase(erase) => turn.erase(&erase),
            Input::History(signal) => turn.history(signal),
            Input::Switch(_) => unreachable!("handled above"),
        }
        turn.see_derived();
        turn.send_digests();
        turn.step
    }

    /// Passes over an input that cannot be applied: positions go on as in the journal, nothing else changes.
    pub fn pass_over(&mut self) {
        self.state.position += 1;
    }

    /// Tells whether two engines remember the same under the same rules.
    pub fn same_state(&self, other: &Engine) -> bool {
        self.ruleset.hash == other.ruleset.hash && self.state == other.state
    }

    fn turn<'a>(&'a mut self, rules: &'a RuleSet, now: Timestamp) -> Turn<'a> {
        Turn {
            rules,
            state: &mut self.state,
            now,
            step: Step::default(),
            watching: self.watch == Watch::Everything,
            observing: &self.observing,
            quiet: false,
            derived: Default::default(),
            changes: Vec::new(),
            ordinal: 0,
            acted: Default::default(),
            digest: Vec::new(),
        }
    }

    /// Returns when a tick next has work: a limit frees, an absence is due, a step is due, a check comes round.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.state.agenda.first().map(|due| due.at)
    }

    /// Returns the rules that have less history than their windows, with when they have enough (M24).
    pub fn filling(&self) -> Vec<(RuleId, Timestamp)> {
        let now = self.state.now.unwrap_or(Timestamp::MIN);
        let rules = self.ruleset.rules.iter().zip(&self.state.rules);
        let filling = rules.filter_map(|(rule, state)| {
            state.filling_until.filter(|until| *until > now).map(|until| (rule.id.clone(), until))
        });
        filling.collect()
    }

    /// Returns the whole state in its saved form.
    pub fn save(&self) -> Vec<u8> {
        let mut saved = Vec::new();
        self.save_to(&mut saved).expect("memory takes every byte");
        saved
    }

    /// Writes the whole state out in its saved form.
    pub fn save_to(&self, to: impl io::Write) -> io::Result<()> {
        self.state.save(self.ruleset.hash, to)
    }

    /// Returns an engine with a saved state, decided by the same rule set as when it was saved.
    pub fn restore(ruleset: Arc<RuleSet>, saved: impl io::Read) -> Result<Engine, RestoreError> {
        let state = State::restore(saved, ruleset.hash)?;
        Ok(Engine { ruleset, state, watch: Watch::default(), observing: BTreeSet::new() })
    }
}

impl Turn<'_> {
    /// A signal arrives: known again, too late, or it takes its place.
    fn signal(&mut self, signal: Signal) {
        let memory = self.rules.vocabulary.duplicate_memory;
        let horizon = self.lateness_horizon(signal.kind);
        let arrival = self.state.seen.arrive(&signal, self.now, memory);
        let verdict = match (&arrival, signal.at < horizon) {
            (Arrival::Duplicate, _) => (Taken::Duplicate, Verdict::Duplicate),
            (Arrival::Update(_), _) => (Taken::Update, Verdict::Update),
            (Arrival::New, true) => (Taken::TooLate, Verdict::TooLate),
            (Arrival::New, false) if self.state.latest_at.is_some_and(|latest| signal.at < latest) => {
                (Taken::Late, Verdict::Fired)
            }
            (Arrival::New, false) => (Taken::Accepted, Verdict::Fired),
        };
        self.step.taken = verdict.0;
        let none: Arc<[RuleId]> = Arc::default();
        match arrival {
            Arrival::New if verdict.0 == Taken::TooLate => self.note_all(&signal, &verdict.1),
            Arrival::New => {
                self.state.latest_at = self.state.latest_at.max(Some(signal.at));
                let signal = Arc::new(signal);
                let took_part = self.see(signal.clone(), none, &[]);
                self.state.seen.keep(&signal, took_part);
            }
            Arrival::Update(Some(original)) if original.signal.at >= horizon => {
                let took_part = self.see(original.signal.clone(), none, &original.took_part);
                self.state.seen.keep(&original.signal, took_part);
            }
            Arrival::Duplicate | Arrival::Update(_) => self.note_all(&signal, &verdict.1),
        }
    }

    /// Notes for every rule that would have looked why it did not.
    fn note_all(&mut self, signal: &Signal, verdict: &Verdict) {
        let rules = self.rules;
        for rule in rules.candidates(signal.kind) {
            self.note(*rule, vec![], Some(&signal.id), verdict.clone(), vec![]);
        }
    }

    fn fact(&mut self, change: FactChange) {
        for (fact, value) in change.facts {
            self.state.facts.tell(change.thing, &change.id, fact, value);
        }
        if self.rules.runs_over(change.thing) {
            self.state.things_seen.insert((change.thing, change.id));
        }
    }
}
