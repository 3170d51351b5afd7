//! Engine and naive interpreter side by side on one day.
//!
//! Compared are what became of each signal, the firings, and every effect with its id, due time, recipient and content, in
//! order. Not compared: the wording of reasons, traces, and the digests for owners. A delivery is heard of before the
//! next input.

use std::fmt::Write;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use touchline::engine::effect::{Effect, Firing, Outcome, What};
use touchline::engine::input::{Delivery, Input, Switch};
use touchline::engine::plan::ReloadPlan;
use touchline::engine::refill::refill;
use touchline::engine::ruleset::RuleSet;
use touchline::engine::{Engine, Taken};
use touchline::id::EffectId;
use touchline::ir::Rule;
use touchline::value::{Str, Value};
use touchline::vocabulary::text::fold;

use super::naive::Naive;
use super::random::inputs::{Event, Happens};
use super::random::{Dice, edits, inputs, rules, ruleset};

/// Rules and a day.
#[derive(Clone, Debug)]
pub struct Case {
    pub seed: u64,
    pub rules: Vec<Arc<Rule>>,
    /// The rules after each switch.
    pub later: Vec<Vec<Arc<Rule>>>,
    pub events: Vec<Event>,
    /// A replay ticks at each deadline in turn; a daemon that slept ticks once before the next input.
    pub sleeps: bool,
    /// Every so manyth delivery fails; 0 is never.
    pub fails: u64,
}

impl Case {
    pub fn random(seed: u64) -> Case {
        let mut dice = Dice::new(seed);
        let rules = rules::rules(&mut dice);
        let later = edits::later(&mut dice, &rules);
        let all: Vec<Arc<Rule>> = rules.iter().chain(later.iter().flatten()).cloned().collect();
        let events = inputs::events(&mut dice, &all);
        let events = inputs::with_switches(&mut dice, events, later.len());
        let sleeps = dice.once_in(5);
        let fails = if dice.once_in(4) { 2 } else { 0 };
        Case { seed, rules, later, events, sleeps, fails }
    }
}

impl Case {
    /// The rules of each set; of a later one only those that differ from the set before.
    pub fn written(&self) -> String {
        let mut text = String::new();
        let mut before: &[Arc<Rule>] = &[];
        for (number, rules) in [&self.rules].into_iter().chain(&self.later).enumerate() {
            if number > 0 && !self.events.iter().any(|event| event.what == Happens::Switch(number - 1)) {
                continue;
            }
            writeln!(text, "set {number}:").expect("a text takes everything");
            for rule in rules {
                match before.contains(rule) {
                    true => writeln!(text, "  {} as before", rule.id),
                    false => writeln!(text, "  {rule:?}"),
                }
                .expect("a text takes everything");
            }
            before = rules;
        }
        text
    }
}

/// What one input led to, as lines that can be compared and read.
pub(super) fn lines(effects: &[Effect], firings: &[Arc<Firing>], taken: Taken) -> Vec<String> {
    let mut lines = vec![];
    if !matches!(taken, Taken::NotASignal | Taken::Accepted) {
        lines.push(format!("taken {taken:?}"));
    }
    lines.extend(firings.iter().map(|firing| format!("fired {}", about(firing))));
    for effect in effects {
        if matches!(effect.what, What::Digest { .. }) {
            continue;
        }
        let due = effect.due.map_or(String::new(), |due| format!(" due {due}"));
        let firing = effect.firing.as_ref().map_or(String::new(), |firing| about(firing));
        lines.push(format!(
            "{} {} {} #{}{due} [{}] <- {firing}",
            effect.outcome.word(),
            what(&effect.what, effect.outcome),
            if matches!(effect.what, What::Alert { .. }) { &effect.to } else { "" },
            effect.step,
            effect.id,
        ));
    }
    lines
}

fn what(what: &What, outcome: Outcome) -> String {
    match what {
        What::Alert { role, addresses, text } if outcome == Outcome::Sent => {
            format!("alert {role} {addresses:?} {text:?}")
        }
        What::Alert { role, text, .. } => format!("alert {role} {text:?}"),
        What::OpenCase { case, joined, priority, .. } if outcome == Outcome::Sent => {
            format!("open_case {case} {joined} {priority}")
        }
        What::Set { thing, id, fact, value } => format!("set {thing:?} {id} {fact:?} {value:?}"),
        What::Record { signal } if outcome == Outcome::Sent => {
            format!("record {:?}", signal.fields.iter().map(folded).collect::<Vec<_>>())
        }
        What::Post { values, .. } => format!("post {values:?}"),
        What::Email { template, mail } if outcome == Outcome::Sent => {
            // A mail may name the key as it was first written.
            fold(&format!("email {template} {mail:?}")).replace(' ', "")
        }
        other => other.word().to_owned(),
    }
}

/// A key is printed as it was first written: which writing that is takes no part in the comparison.
fn folded(value: &Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(fold(text).into()),
        other => other.clone(),
    }
}

fn about(firing: &Firing) -> String {
    let signals: Vec<&str> = firing.signals.iter().map(|id| &*id.id).collect();
    format!(
        "{} at {} key {:?} signal {:?} signals {:?} late {}",
        firing.rule,
        firing.at,
        firing.key.iter().map(|(name, value)| format!("{name}={:?}", folded(value))).collect::<Vec<_>>(),
        firing.signal.as_ref().map(|id| &*id.id),
        signals,
        firing.late,
    )
}

/// The engine and what it is compared with, given the same inputs.
pub struct Pair {
    engine: Engine,
    naive: Naive,
    journal: Journal,
    handed_over: u64,
    log: String,
}

/// What windows are filled from when rules change.
pub(super) struct Journal {
    /// The rules that decided at its beginning.
    first: Arc<RuleSet>,
    inputs: Vec<(Input, Timestamp)>,
}

impl Journal {
    pub(super) fn new(first: Arc<RuleSet>) -> Journal {
        Journal { first, inputs: vec![] }
    }

    /// Takes an input down.
    pub(super) fn push(&mut self, input: Input, at: Timestamp) {
        self.inputs.push((input, at));
    }

    /// The switch from one set to another, as a daemon would prepare it.
    pub(super) fn switch(&self, old: &RuleSet, new: Arc<RuleSet>) -> Input {
        let plan = ReloadPlan::between(old, &new);
        let fills = refill(&self.first, &new, &plan.to_fill(), self.inputs.clone());
        Input::Switch(Switch { hash: new.hash, ruleset: Some(new), fills })
    }
}

impl Pair {
    /// Returns both with nothing behind them.
    pub fn of(set: Arc<RuleSet>) -> Pair {
        let (engine, naive) = (Engine::new(set.clone()), Naive::new(set.clone()));
        Pair { engine, naive, journal: Journal::new(set), handed_over: 0, log: String::new() }
    }

    /// Hands an input to both; an error tells how they differ.
    pub fn input(&mut self, input: Input, at: Timestamp, fails: u64) -> Result<(), String> {
        self.both(input.clone(), input, at, fails)
    }

    /// Switches both to other rules.
    pub fn switch(&mut self, new: Arc<RuleSet>, at: Timestamp, fails: u64) -> Result<(), String> {
        let input = self.journal.switch(self.engine.ruleset(), new);
        self.input(input, at, fails)
    }

    fn both(&mut self, input: Input, naives: Input, at: Timestamp, fails: u64) -> Result<(), String> {
        self.journal.inputs.push((input.clone(), at));
        let by_engine = self.engine.handle(input.clone(), at);
        let by_naive = self.naive.handle(naives, at);
        let engine = lines(&by_engine.effects, &by_engine.firings, by_engine.taken);
        let naive = lines(&by_naive.effects, &by_naive.firings, by_naive.taken);
        writeln!(self.log, "{at} {}", short(&input)).expect("a text takes everything");
        if engine != naive {
            let mut told = format!("{}engine and naive interpreter differ:\n", self.log);
            for line in &engine {
                let mark = if naive.contains(line) { "  both  " } else { "  engine" };
                writeln!(told, "{mark} {line}").expect("a text takes everything");
            }
            for line in naive.iter().filter(|line| !engine.contains(line)) {
                writeln!(told, "  naive  {line}").expect("a text takes everything");
            }
            let (engine, naive) = (self.engine.next_deadline(), self.naive.next_deadline());
            writeln!(told, "next deadlines: engine {engine:?}, naive {naive:?}").expect("a text takes everything");
            return Err(told);
        }
        engine.iter().for_each(|line| writeln!(self.log, "    {line}").expect("a text takes everything"));
        let went = |effect: &&Effect| {
            effect.outcome == Outcome::Sent
                && matches!(effect.what, What::Alert { .. } | What::Email { .. } | What::Post { .. })
        };
        let sent = |effects: &[Effect]| effects.iter().filter(went).map(|effect| effect.id).collect::<Vec<EffectId>>();
        for (effect, naives) in sent(&by_engine.effects).into_iter().zip(sent(&by_naive.effects)) {
            self.handed_over += 1;
            let failed = (fails > 0 && self.handed_over.is_multiple_of(fails)).then(|| "bounced".into());
            let own = Delivery { effect: naives, failed: failed.clone() };
            self.both(Input::Delivery(Delivery { effect, failed }), Input::Delivery(own), at, fails)?;
        }
        Ok(())
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        let both = [self.engine.next_deadline(), self.naive.next_deadline()];
        both.into_iter().flatten().min()
    }

    /// Ticks at each deadline before `until`.
    pub fn pass(&mut self, from: Timestamp, until: Timestamp, fails: u64) -> Result<(), String> {
        let mut clock = from;
        let mut same = 0;
        while let Some(due) = self.next_deadline().filter(|due| *due < until) {
            same = if due <= clock { same + 1 } else { 0 };
            if same > 20 {
                let (engine, naive) = (self.engine.next_deadline(), self.naive.next_deadline());
                return Err(format!("{}the deadline does not go away: engine {engine:?}, naive {naive:?}\n", self.log));
            }
            clock = clock.max(due);
            self.input(Input::Tick, clock, fails)?;
        }
        Ok(())
    }
}

fn short(input: &Input) -> String {
    match input {
        Input::Signal(signal) | Input::History(signal) => {
            let history = if matches!(input, Input::History(_)) { "history: " } else { "" };
            let fields = super::random::ground().vocabulary.signal_type(signal.kind);
            let named = fields.fields.iter().zip(&signal.fields).filter(|(_, value)| !value.is_missing());
            let named: Vec<String> = named.map(|(field, value)| format!("{}: {value:?}", field.name)).collect();
            format!("{history}{} {} at {} {}", fields.name, signal.id.id, signal.at, named.join(", "))
        }
        Input::Switch(_) => "other rules".into(),
        other => format!("{other:?}"),
    }
}

fn nth_case(engine: &Engine, number: usize) -> Option<Str> {
    let cases: Vec<&Str> = engine.cases().iter().map(|(id, _)| id).collect();
    let place = number.checked_rem(cases.len())?;
    Some(cases[place].clone())
}

/// Plays a day through both; what differs, as a text.
pub fn play(case: &Case) -> Result<(), String> {
    let mut pair = Pair::of(ruleset(&case.rules));
    let mut clock = Timestamp::MIN;
    for event in &case.events {
        if clock > Timestamp::MIN {
            if case.sleeps {
                if pair.next_deadline().is_some_and(|due| due < event.at) {
                    pair.input(Input::Tick, event.at, case.fails)?;
                }
            } else {
                pair.pass(clock, event.at, case.fails)?;
            }
        }
        clock = clock.max(event.at);
        match &event.what {
            Happens::Input(input) => pair.input(input.clone(), event.at, case.fails)?,
            Happens::Switch(number) => pair.switch(ruleset(&case.later[*number]), event.at, case.fails)?,
            Happens::OfCase(number, doing) => {
                if let Some(case_id) = nth_case(&pair.engine, *number) {
                    pair.input(doing.to(case_id), event.at, case.fails)?;
                }
            }
        }
    }
    if clock > Timestamp::MIN {
        let horizon = clock + SignedDuration::from_hours(24 * 5);
        pair.pass(clock, horizon, case.fails)?;
    }
    Ok(())
}

/// What the engine alone makes of a day, line by line, with something done between the inputs. `arrange` says in which
/// order the rules stand.
fn alone(
    case: &Case,
    arrange: impl Fn(&[Arc<Rule>]) -> Vec<Arc<Rule>>,
    between: impl Fn(Engine, usize) -> Engine,
) -> Vec<String> {
    let mut told = Vec::new();
    let first = ruleset(&arrange(&case.rules));
    let mut journal = Journal::new(first.clone());
    let mut engine = Engine::new(first);
    let mut clock = None;
    for event in &case.events {
        let mut ticks = 0;
        let mut input = |engine: Engine, input: Input, at: Timestamp| {
            let mut engine = between(engine, journal.inputs.len());
            journal.inputs.push((input.clone(), at));
            let done = engine.handle(input, at);
            told.extend(lines(&done.effects, &done.firings, done.taken));
            engine
        };
        while let Some(due) = engine.next_deadline().filter(|due| clock.is_some() && *due < event.at && ticks < 500) {
            engine = input(engine, Input::Tick, due);
            ticks += 1;
        }
        clock = Some(event.at);
        let happens = match &event.what {
            Happens::Input(input) => input.clone(),
            Happens::Switch(number) => journal.switch(engine.ruleset(), ruleset(&arrange(&case.later[*number]))),
            Happens::OfCase(number, doing) => match nth_case(&engine, *number) {
                Some(case) => doing.to(case),
                None => continue,
            },
        };
        let mut own = between(engine, journal.inputs.len());
        journal.inputs.push((happens.clone(), event.at));
        let done = own.handle(happens, event.at);
        told.extend(lines(&done.effects, &done.firings, done.taken));
        engine = own;
    }
    told
}

/// Whether rules in another order (of files, or in a file) change anything (M7).
pub fn order_matters(case: &Case) -> Option<String> {
    let as_written = |rules: &[Arc<Rule>]| rules.to_vec();
    let shuffled = |rules: &[Arc<Rule>]| {
        let mut rules = rules.to_vec();
        Dice::new(case.seed ^ 0x5EED).shuffle(&mut rules);
        rules
    };
    first_difference(&alone(case, as_written, |engine, _| engine), &alone(case, shuffled, |engine, _| engine))
}

/// Whether saving and restoring the state before every third input, or before each, changes anything.
pub fn saving_matters(case: &Case) -> Option<String> {
    let every = 1 + case.seed as usize % 3;
    let as_written = |rules: &[Arc<Rule>]| rules.to_vec();
    let through_bytes = |engine: Engine, step: usize| match step % every {
        0 => Engine::restore(engine.ruleset().clone(), &*engine.save()).expect("it was saved by the same rules"),
        _ => engine,
    };
    first_difference(&alone(case, as_written, |engine, _| engine), &alone(case, as_written, through_bytes))
}

fn first_difference(one: &[String], other: &[String]) -> Option<String> {
    let longest = one.len().max(other.len());
    let place = (0..longest).find(|place| one.get(*place) != other.get(*place))?;
    Some(format!("line {place}:\n  {:?}\n  {:?}\n", one.get(place), other.get(place)))
}

/// A panic is a difference, too.
pub fn differs(case: &Case) -> Option<String> {
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| play(case)));
    match outcome {
        Ok(Ok(())) => None,
        Ok(Err(told)) => Some(told),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Some(format!("panic: {}", text.unwrap_or_default()))
        }
    }
}
