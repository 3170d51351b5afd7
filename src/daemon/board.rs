//! What people look at while the engine works: cases, counts, and what runs now.
//!
//! It follows what was folded, is rebuilt at the start, and decides nothing. Whoever looks takes a short lock, never the
//! writer's time. Left out: alerts and firings, which are read from the store (`http::lists`).

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::daemon::fold::{FoldedTurn, Follower, Glance};
use crate::engine::Engine;
use crate::engine::cases::{CLOSED_CASES_KEPT, Case};
use crate::engine::effect::{Effect, Firing, Outcome, What};
use crate::engine::input::{Human, Target};
use crate::engine::ruleset::RuleSet;
use crate::engine::trace::Decline;
use crate::id::{EffectId, Position, RuleId};
use crate::replay::target::Targets;
use crate::signal::HumanLine;
use crate::value::Str;
use crate::vocabulary::ThingNo;

/// More cases than this, and those are looked for that the engine has forgotten.
const MOST_CASES: usize = 2 * CLOSED_CASES_KEPT;
/// How many actions that met nothing are kept.
const MOST_MISSED: usize = 1_000;

/// What people look at.
#[derive(Debug)]
pub struct Board(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    rules: Arc<RuleSet>,
    cases: BTreeMap<Str, Case>,
    targets: Targets,
    /// What is planned still, and when that was last said.
    planned: HashMap<EffectId, Timestamp>,
    counts: Counts,
    missed: VecDeque<Missed>,
}

/// Something a person did that met nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Missed {
    /// Where it stands in the journal.
    pub position: Position,
    /// When.
    pub at: Timestamp,
    /// What, and who did it.
    pub human: Human,
    /// Why it met nothing.
    pub why: &'static str,
}

/// What was counted since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The latest position folded, and the instant it was stamped with.
    pub folded: (Position, Option<Timestamp>),
    /// Firings by rule.
    pub firings: BTreeMap<RuleId, u64>,
    /// Effects by what and outcome.
    pub effects: BTreeMap<(&'static str, &'static str), u64>,
    /// Inputs folded, by kind.
    pub inputs: BTreeMap<&'static str, u64>,
    /// How often rules declined by their state or guard, by why.
    pub declines: BTreeMap<(RuleId, Decline), u64>,
    /// Inputs set aside.
    pub set_aside: u64,
}

/// One case, as a list shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseEntry {
    /// Its id.
    pub id: Str,
    /// What is known of it.
    pub case: Case,
}

impl Board {
    /// Returns the board of an engine as it stands.
    pub fn of(engine: &Engine) -> Board {
        let cases = engine.cases().iter().map(|(id, case)| (id.clone(), case.clone())).collect();
        Board(Mutex::new(Inner {
            rules: engine.ruleset().clone(),
            cases,
            targets: Targets::default(),
            planned: HashMap::new(),
            counts: Counts { folded: (engine.position(), None), ..Counts::default() },
            missed: VecDeque::new(),
        }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Whoever panicked while looking changed nothing.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the rule set that decides.
    pub fn rules(&self) -> Arc<RuleSet> {
        self.inner().rules.clone()
    }

    /// Returns what was counted.
    pub fn counts(&self) -> Counts {
        self.inner().counts.clone()
    }

    /// Returns a case.
    pub fn case(&self, id: &str) -> Option<CaseEntry> {
        self.inner().cases.get_key_value(id).map(|(id, case)| CaseEntry { id: id.clone(), case: case.clone() })
    }

    /// Returns why what somebody did met nothing, where the engine has found so.
    pub fn missed(&self, position: Position) -> Option<&'static str> {
        self.inner().missed.iter().rfind(|missed| missed.position == position).map(|missed| missed.why)
    }

    /// Returns what people did since the start that met nothing, behind `after`, at most `limit`.
    pub fn all_missed(&self, after: Position, limit: usize) -> Vec<Missed> {
        self.inner().missed.iter().filter(|missed| missed.position > after).take(limit).cloned().collect()
    }

    /// Returns cases behind `after` that are wanted, in order of id, at most `limit`.
    pub fn cases(&self, after: &str, limit: usize, wanted: impl Fn(&Str, &Case) -> bool) -> Vec<CaseEntry> {
        let inner = self.inner();
        let behind = inner.cases.iter().filter(|(id, case)| &***id > after && wanted(id, case));
        behind.take(limit).map(|(id, case)| CaseEntry { id: id.clone(), case: case.clone() }).collect()
    }

    /// Returns the cases that are about a thing.
    pub fn cases_about(&self, thing: ThingNo, id: &str) -> Vec<Str> {
        let about = |case: &Case| case.things.iter().any(|(of, named)| *of == thing && **named == *id);
        self.inner().cases.iter().filter(|(_, case)| about(case)).map(|(id, _)| id.clone()).collect()
    }

    /// Returns how many cases are open.
    pub fn open_cases(&self) -> usize {
        self.inner().cases.values().filter(|case| case.open).count()
    }

    /// Returns what a line about a human action means to the engine; `Err` says what it is about that is not there.
    pub fn human(&self, line: &HumanLine) -> Result<Human, String> {
        let inner = self.inner();
        inner.targets.of_human(line, &inner.rules)
    }

    /// Follows effects from before the start, so that a person can speak of a case by its rule and key.
    pub fn remember(&self, effects: &[Effect]) {
        let mut inner = self.inner();
        effects.iter().for_each(|effect| inner.see(effect));
    }

    /// Tells whether an effect is the latest word on something that is planned.
    pub fn is_planned(&self, effect: &Effect) -> bool {
        self.inner().planned.get(&effect.id) == Some(&effect.at)
    }
}

impl Follower for Board {
    fn folded(&self, engine: &Engine, inputs: &[Glance], turn: &FoldedTurn) {
        let mut inner = self.inner();
        inner.rules = engine.ruleset().clone();
        for (of, count) in &turn.declines {
            *inner.counts.declines.entry(of.clone()).or_default() += count;
        }
        inner.counts.set_aside += turn.set_aside.len() as u64;
        for input in inputs {
            inner.counts.folded = (input.position, Some(input.now));
            *inner.counts.inputs.entry(input.kind).or_default() += 1;
        }
        for (position, why) in &turn.missed {
            let of = inputs.iter().find(|input| input.position == *position);
            let Some((at, human)) = of.and_then(|input| Some((input.now, input.human.clone()?))) else { continue };
            if inner.missed.len() == MOST_MISSED {
                inner.missed.pop_front();
            }
            inner.missed.push_back(Missed { position: *position, at, human, why });
        }
        for (position, effects) in &turn.folded.effects {
            inner.count(*position, effects);
            effects.iter().for_each(|effect| inner.see(effect));
        }
        for id in touched(engine, inputs, turn) {
            if let Some(case) = engine.cases().get(&id) {
                inner.cases.insert(id, case.clone());
            }
        }
        if inputs.iter().any(|input| input.kind == "erase") {
            // What they name may be an alias by now.
            inner.missed.clear();
            inner.cases = engine.cases().iter().map(|(id, case)| (id.clone(), case.clone())).collect();
        }
        // The engine forgets the oldest closed cases; so does the board.
        if inner.cases.len() > MOST_CASES {
            inner.cases.retain(|id, _| engine.cases().get(id).is_some());
        }
    }
}

impl Inner {
    fn see(&mut self, effect: &Effect) {
        self.targets.see(effect);
        match effect.outcome {
            Outcome::Planned => drop(self.planned.insert(effect.id, effect.at)),
            _ => drop(self.planned.remove(&effect.id)),
        }
    }

    fn count(&mut self, position: Position, effects: &[Effect]) {
        for firing in firings(position, effects) {
            *self.counts.firings.entry(firing.rule.clone()).or_default() += 1;
        }
        for effect in effects {
            *self.counts.effects.entry((effect.what.word(), effect.outcome.word())).or_default() += 1;
        }
    }
}

/// Returns the firings of an input, each once: those of its effects that were decided by it.
pub fn firings(position: Position, effects: &[Effect]) -> Vec<&Arc<Firing>> {
    let mut found: Vec<&Arc<Firing>> = vec![];
    for effect in effects {
        let Some(firing) = &effect.firing else { continue };
        // Later words on a firing's plans stand behind later inputs; a limited one came to nothing.
        let is_its_own = firing.position == position && !matches!(effect.what, What::Firing | What::Withdraw);
        let is_told =
            |told: &&Arc<Firing>| told.rule == firing.rule && told.key == firing.key && told.signal == firing.signal;
        if is_its_own && !found.iter().any(is_told) {
            found.push(firing);
        }
    }
    found
}

/// Returns the cases that inputs or effects may have changed.
fn touched(engine: &Engine, inputs: &[Glance], turn: &FoldedTurn) -> Vec<Str> {
    let effects = turn.folded.effects.iter().flat_map(|(_, effects)| effects);
    let opened = effects.filter_map(|effect| match (&effect.what, effect.outcome) {
        (What::OpenCase { case, .. }, Outcome::Sent) => Some(case.clone()),
        _ => None,
    });
    let mut touched: Vec<Str> = opened.collect();
    for human in inputs.iter().filter_map(|input| input.human.as_ref()) {
        match human.action.target() {
            Some(Target::Case(case)) => touched.push(case.clone()),
            Some(Target::Rule { rule, key }) => {
                let mine = engine.cases().iter().filter(|(_, case)| case.rule == *rule && case.key == *key);
                touched.extend(mine.map(|(id, _)| id.clone()));
            }
            None => {}
        }
    }
    touched
}
