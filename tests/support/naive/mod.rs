//! The naive interpreter: the rules' meaning once more, from LANGUAGE.md's M-numbers and the IR alone.
//!
//! It shares nothing with the engine but the types that go in and come out. There is no index and no sharing; the
//! whole history stands in lists that are looked through from the start each time. Read it beside the M-numbers:
//! each function names its own. Read [`Naive::handle`] first. Left out: speed, traces,
//! the digests for owners, and erasure.

mod acting;
mod cases;
mod contacts;
mod deadlines;
mod eval;
mod firing;
mod history;
mod mail;
mod measure;
mod replan;
mod shapes;
mod switch;
mod timing;
mod window;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use touchline::engine::Taken;
use touchline::engine::effect::{Effect, Firing};
use touchline::engine::input::Input;
use touchline::engine::ruleset::RuleSet;
use touchline::id::RuleId;
use touchline::ir::Status;
use touchline::signal::{FactChange, Signal};
use touchline::value::Value;
use touchline::vocabulary::Type;

use firing::{LimitEntry, Waiting};
use window::Seen;
use world::World;

/// What one input led to.
#[derive(Clone, Debug, Default)]
pub struct NaiveStep {
    pub effects: Vec<Effect>,
    pub firings: Vec<Arc<Firing>>,
    pub taken: Taken,
}

/// The interpreter.
pub struct Naive {
    ruleset: Arc<RuleSet>,
    /// The engine clock (M4); `None` before the first input.
    now: Option<Timestamp>,
    /// How many inputs there were, and how many derived signals the present one has led to.
    position: u64,
    derived: u32,
    /// How often each rule has fired, or nearly, for a key of its actions in this input.
    acted: BTreeMap<(RuleId, Vec<Value>), u8>,
    /// M6: every signal that came, by whom, and when it was first seen.
    known: Vec<Known>,
    /// The latest `at` of all signals: what is before it came late (M5).
    latest_at: Option<Timestamp>,
    arrivals: u64,
    world: World,
    /// M8: the world as it was before the input, which is what rules and actions look at.
    before: World,
    stories: BTreeMap<RuleId, Story>,
    plans: Vec<acting::Plan>,
    /// Every firing and what came of its actions, for giving limits back (M12).
    outcomes: Vec<firing::Outcomes>,
    /// What was handed over.
    sent: Vec<Effect>,
    /// Derived signals still to be processed, with their chain (M20).
    queue: Vec<(Signal, Vec<RuleId>)>,
    /// The chain of the signal at hand.
    chain: Vec<RuleId>,
    /// Whether the rule at hand has taken the signal at hand.
    took_part: bool,
    silences: Vec<(Option<RuleId>, Timestamp)>,
    /// Everything that was shown, and every case that was closed: what windows are filled from (M24).
    history: Vec<history::Past>,
    /// Rules that disappeared (M24).
    parked: Vec<switch::Parked>,
    /// When the rules changed last.
    switched_at: Option<Timestamp>,
    step: NaiveStep,
}

/// What one rule has seen and done.
#[derive(Clone, Debug, Default)]
pub struct Story {
    pub seen: Vec<Seen>,
    /// Keys of a measure's signals, also of those that had nothing to measure (M14).
    pub met: BTreeSet<Vec<Value>>,
    /// Closing the rule's case: what happened before this enters no window any more (M9).
    pub floors: BTreeMap<Vec<Value>, Timestamp>,
    /// Episodes of a measure that were entered and not left.
    pub entered: BTreeSet<Vec<Value>>,
    /// Episodes entered and unfired, at most one a key (M11, M12).
    pub waiting: Vec<Waiting>,
    pub limit: Vec<LimitEntry>,
    /// The last run of its check or schedule, or when the rule came.
    pub last_run: Option<Timestamp>,
    /// Keys whose `stays over … for` had run out when the rule changed: they enter at their next reading (M10).
    pub ran_out: BTreeSet<Vec<Value>>,
}

/// A signal that came, as filled by its updates (M6).
#[derive(Clone, Debug)]
struct Known {
    signal: Signal,
    since: Timestamp,
    /// What came last under its id.
    content: Signal,
    /// Rules it has taken part in: an update does not show it to them again.
    took_part: Vec<RuleId>,
}

/// One signal, check or deadline as all rules look at it.
#[derive(Clone, Copy)]
struct Look<'a> {
    signal: &'a Arc<Signal>,
    arrival: u64,
    late: bool,
}

impl Naive {
    pub fn new(ruleset: Arc<RuleSet>) -> Naive {
        let stories = ruleset.rules.iter().map(|rule| (rule.id.clone(), Story::default())).collect();
        Naive {
            ruleset,
            now: None,
            position: 0,
            derived: 0,
            acted: BTreeMap::new(),
            known: vec![],
            latest_at: None,
            arrivals: 0,
            world: World::default(),
            before: World::default(),
            stories,
            plans: vec![],
            outcomes: vec![],
            sent: vec![],
            queue: vec![],
            chain: vec![],
            took_part: false,
            silences: vec![],
            history: vec![],
            parked: vec![],
            switched_at: None,
            step: NaiveStep::default(),
        }
    }

    /// Applies one input. Deadlines run only on ticks.
    pub fn handle(&mut self, input: Input, now: Timestamp) -> NaiveStep {
        let now = self.now.map_or(now, |latest| latest.max(now));
        if self.now.is_none() {
            // A run at the first instant is still to come: it runs after every signal of it (M3).
            let before = now.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(now);
            self.stories.values_mut().for_each(|story| story.last_run = Some(before));
        }
        self.now = Some(now);
        self.position += 1;
        self.derived = 0;
        self.acted.clear();
        self.step = NaiveStep::default();
        match input {
            Input::Signal(signal) => self.take_signal(signal),
            Input::Fact(change) => self.take_fact(&change),
            Input::Human(human) => self.take_human(human),
            Input::Delivery(delivery) => self.take_delivery(&delivery),
            Input::Tick => self.run_deadlines(),
            Input::Switch(switch) => self.switch(switch),
            Input::Erase(_) => {}
            Input::History(signal) => self.take_history(signal),
        }
        self.process_derived();
        std::mem::take(&mut self.step)
    }

    fn now(&self) -> Timestamp {
        self.now.expect("set by `handle`")
    }

    fn story(&mut self, id: &RuleId) -> &mut Story {
        self.stories.entry(id.clone()).or_default()
    }

    /// M6: known by source and id for as long as the duplicate memory; an update fills what was missing, and only rules
    /// that it has not taken part in look at it again. M5: later than declared, it is kept and nothing more.
    fn take_signal(&mut self, signal: Signal) {
        let now = self.now();
        let memory: SignedDuration = self.ruleset.vocabulary.duplicate_memory;
        let lateness = self.ruleset.vocabulary.signal_type(signal.kind).lateness();
        let still_known = |known: &Known| known.signal.id == signal.id && now < known.since + memory;
        if let Some(place) = self.known.iter().position(still_known) {
            let known = &mut self.known[place];
            if known.content == signal {
                self.step.taken = Taken::Duplicate;
                return;
            }
            self.step.taken = Taken::Update;
            known.content = signal.clone();
            let before = known.signal.clone();
            if known.signal.kind == signal.kind {
                let fields = known.signal.fields.iter_mut().zip(&signal.fields);
                fields.filter(|(field, _)| field.is_missing()).for_each(|(field, value)| *field = value.clone());
            }
            let filled = known.signal.clone();
            if filled != before && filled.at + lateness >= now {
                let except = known.took_part.clone();
                let took_part = self.show(filled, Some(place), &except);
                self.known[place].took_part.extend(took_part);
            }
            return;
        }
        let (since, content) = (now, signal.clone());
        self.known.push(Known { signal: signal.clone(), since, content, took_part: vec![] });
        if signal.at + lateness < now {
            self.step.taken = Taken::TooLate;
            return;
        }
        let late = self.latest_at.is_some_and(|latest| signal.at < latest);
        self.step.taken = if late { Taken::Late } else { Taken::Accepted };
        self.latest_at = self.latest_at.max(Some(signal.at));
        let place = self.known.len() - 1;
        let took_part = self.show(signal, Some(place), &[]);
        self.known[place].took_part = took_part;
    }

    /// M20: derived signals, each at its own place after its parent and before the next input.
    fn process_derived(&mut self) {
        while !self.queue.is_empty() {
            self.derived += 1;
            let (signal, chain) = self.queue.remove(0);
            self.chain = chain;
            self.show(signal, None, &[]);
        }
        self.chain = vec![];
    }

    /// M7: every rule sees every signal. M8: all of them with the facts of before.
    fn show(&mut self, signal: Signal, known: Option<usize>, except: &[RuleId]) -> Vec<RuleId> {
        self.arrivals += 1;
        let late = self.latest_at.is_some_and(|latest| signal.at < latest);
        let mut took_part = vec![];
        self.note_seen(&signal);
        self.before = self.world.clone();
        let signal = Arc::new(signal);
        let look = Look { signal: &signal, arrival: self.arrivals, late };
        self.remember(&signal, known);
        for rule in self.ruleset.rules.clone() {
            // M21: a paused rule sees nothing.
            if rule.status != Status::Paused && rule.signals().contains(&signal.kind) && !except.contains(&rule.id) {
                self.took_part = false;
                self.look(&rule, look);
                if self.took_part {
                    took_part.push(rule.id.clone());
                }
            }
        }
        self.note_contact(&signal);
        took_part
    }

    /// M14: every one seen.
    fn note_seen(&mut self, signal: &Signal) {
        let kind = self.ruleset.vocabulary.signal_type(signal.kind);
        for (field, value) in kind.fields.iter().zip(&signal.fields).take(kind.about) {
            if let (Type::Thing(thing), Some(id)) = (&field.ty, value.as_text()) {
                self.world.seen.insert((*thing, id.clone()));
            }
        }
    }

    fn take_fact(&mut self, change: &FactChange) {
        self.world.seen.insert((change.thing, change.id.clone()));
        for (fact, value) in &change.facts {
            self.world.facts.insert((change.thing, change.id.clone(), *fact), value.clone());
        }
    }
}
