//! Windows filled from the journal, aside, before a switch (M24).
//!
//! The journal is folded once more with the rules that decided then, so that facts and cases are as they were, and with
//! the new rules beside them as observers: they fill their windows and never fire. Where the vocabulary changes too,
//! the new rules stand in for the old ones, and the journal is read with the vocabulary that was in force at each place.

use std::sync::Arc;

use jiff::Timestamp;

use crate::engine::Engine;
use crate::engine::input::{Erase, Input, Switch};
use crate::engine::ruleset::RuleSet;
use crate::engine::state::{Key, KeyFill, KeyState, RuleFill, RuleNo, Window};
use crate::engine::window::absence::AbsenceWindow;
use crate::id::RuleId;
use crate::ir::{Rule, Status};
use crate::vocabulary::{ThingNo, Vocabulary};

/// A playbook id no file can have: observers keep clear of the rules that decide.
const OBSERVER: &str = "\u{0}observer/";

/// Returns the windows of `rules` of `new`, as `journal` fills them: see [`Filling`].
pub fn refill(
    old: &Arc<RuleSet>,
    new: &Arc<RuleSet>,
    rules: &[&RuleId],
    journal: impl IntoIterator<Item = (Input, Timestamp)>,
) -> Vec<RuleFill> {
    let mut filling = Filling::begin(old, new, rules);
    journal.into_iter().for_each(|(input, now)| filling.feed(input, now));
    filling.end()
}

/// Windows being filled: fed with the journal piece by piece, so that whoever reads it need not hold all of it.
pub struct Filling {
    engine: Engine,
    new: Arc<RuleSet>,
    wanted: Vec<Arc<Rule>>,
    observers: Vec<Arc<Rule>>,
    /// What the numbers in the journal stand for, from here on.
    read_with: Arc<Vocabulary>,
    since: Option<Timestamp>,
}

impl Filling {
    /// Begins to fill the windows of `rules` of `new`; `old` are the rules that decided at the beginning of the journal.
    pub fn begin(old: &Arc<RuleSet>, new: &Arc<RuleSet>, rules: &[&RuleId]) -> Filling {
        let wanted: Vec<Arc<Rule>> = rules.iter().filter_map(|id| new.rule(id)).cloned().collect();
        let decide = if is_same(&old.vocabulary, &new.vocabulary) { old } else { new };
        // A pause hides nothing from the journal.
        let observer =
            |rule: &Arc<Rule>| Arc::new(Rule { id: observer_id(&rule.id), status: Status::Live, ..(**rule).clone() });
        let observers: Vec<Arc<Rule>> = wanted.iter().map(observer).collect();
        let together: Vec<Arc<Rule>> = decide.rules.iter().chain(&observers).cloned().collect();
        let set = RuleSet::new(new.vocabulary.clone(), decide.directory.clone(), decide.templates.clone(), together);
        let mut engine = Engine::new(Arc::new(set));
        engine.observe();
        let read_with = old.vocabulary.clone();
        Filling { engine, new: new.clone(), wanted, observers, read_with, since: None }
    }

    /// Takes the next input of the journal, with the `now` it was stamped with. A switch is followed where its rule set
    /// is attached.
    pub fn feed(&mut self, input: Input, now: Timestamp) {
        // History reaches further back than the journal.
        let at = if let Input::History(signal) = &input { now.min(signal.at) } else { now };
        self.since = Some(self.since.map_or(at, |since| since.min(at)));
        let input = match input {
            Input::Switch(switch) => Some(Input::Switch(self.observed(switch))),
            input if is_same(&self.read_with, &self.new.vocabulary) => Some(input),
            Input::Signal(signal) => signal.remap(&self.read_with, &self.new.vocabulary).map(Input::Signal),
            Input::History(signal) => signal.remap(&self.read_with, &self.new.vocabulary).map(Input::History),
            Input::Fact(change) => change.remap(&self.read_with, &self.new.vocabulary).map(Input::Fact),
            Input::Erase(erase) => {
                let thing = self.new.vocabulary.thing(&self.read_with.thing_type(erase.thing).name);
                thing.map(|thing| Input::Erase(Erase { thing, ..erase }))
            }
            input => Some(input),
        };
        // What the new vocabulary has no word for fills no window.
        let Some(input) = input else { return };
        let switches = matches!(input, Input::Switch(_));
        self.engine.handle(input, now);
        if switches {
            self.engine.observe();
        }
    }

    /// Returns the windows.
    pub fn end(mut self) -> Vec<RuleFill> {
        let (engine, since) = (&mut self.engine, self.since);
        self.wanted.iter().filter_map(|rule| fill_of(engine, rule, since)).collect()
    }

    /// The same switch, with the observers beside the rules that decide from there on. Under another vocabulary it stays
    /// out.
    fn observed(&mut self, switch: Switch) -> Switch {
        if let Some(set) = &switch.ruleset {
            self.read_with = set.vocabulary.clone();
        }
        let set = switch.ruleset.filter(|set| is_same(&set.vocabulary, &self.new.vocabulary));
        let set = set.map(|set| {
            let together = set.rules.iter().chain(&self.observers).cloned().collect();
            RuleSet::new(set.vocabulary.clone(), set.directory.clone(), set.templates.clone(), together).into()
        });
        Switch { ruleset: set, ..switch }
    }
}

fn is_same(one: &Vocabulary, other: &Vocabulary) -> bool {
    one.fingerprint == other.fingerprint
}

fn fill_of(engine: &mut Engine, rule: &Rule, since: Option<Timestamp>) -> Option<RuleFill> {
    let rules = &engine.ruleset.rules;
    let place = rules.binary_search_by(|other| other.id.cmp(&observer_id(&rule.id))).ok()?;
    let keys = std::mem::take(&mut engine.state.rules[place].keys);
    let fill = |(key, state): (Key, KeyState)| KeyFill {
        key,
        floor: state.aside().floor.map(Timestamp::from),
        shown: state.aside().shown.clone(),
        latest: state.aside().latest.clone(),
        window: at_rest(state),
    };
    let mut keys: Vec<KeyFill> = keys.into_iter().map(fill).collect();
    keys.sort_by(|one, other| one.key.cmp(&other.key));
    let took_part = engine.state.seen.took_part(place as RuleNo);
    let runs_over = |thing: ThingNo| rule.key.iter().any(|part| part.thing == Some(thing));
    let things = engine.state.things_seen.iter().filter(|(thing, _)| runs_over(*thing)).cloned().collect();
    Some(RuleFill { rule: rule.id.clone(), keys, took_part, things, since })
}

impl Engine {
    /// Finds the observers among the rules.
    fn observe(&mut self) {
        let observers = self.ruleset.rules.iter().zip(0..).filter(|(rule, _)| is_observer(&rule.id));
        self.observing = observers.map(|(_, number)| number).collect();
    }
}

/// Returns a window as a rule finds it on loading: nothing was entered yet (M10).
fn at_rest(state: KeyState) -> Window {
    let mut window = state.window;
    match &mut window {
        Window::Measure(window) => window.entered = false,
        Window::Absence(window) => window.keep_past(&AbsenceWindow::default()),
        // The switch settles the others; what a sequence has used up stays so.
        Window::Count(_) | Window::Reading(_) | Window::Sequence(_) | Window::None => {}
    }
    window
}

pub(crate) fn observer_id(id: &RuleId) -> RuleId {
    RuleId::new(format!("{OBSERVER}{}", id.playbook), id.rule.clone())
}

fn is_observer(id: &RuleId) -> bool {
    id.playbook.starts_with(OBSERVER)
}
