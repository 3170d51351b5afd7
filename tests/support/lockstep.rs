//! Engine and naive interpreter side by side on one day; and making a day that tells them apart smaller.

use std::fmt::Write;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use touchline::engine::effect::{Effect, Firing, Outcome, What};
use touchline::engine::input::{Delivery, Input};
use touchline::engine::ruleset::RuleSet;
use touchline::engine::{Engine, Taken};
use touchline::id::EffectId;
use touchline::ir::Rule;
use touchline::value::Value;
use touchline::vocabulary::text::fold;

use super::naive::Naive;
use super::random::inputs::Event;
use super::random::{Dice, inputs, rules, ruleset};

/// Rules and a day.
#[derive(Clone, Debug)]
pub struct Case {
    pub seed: u64,
    pub rules: Vec<Arc<Rule>>,
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
        let events = inputs::events(&mut dice, &rules);
        let sleeps = dice.once_in(5);
        let fails = if dice.once_in(4) { 2 } else { 0 };
        Case { seed, rules, events, sleeps, fails }
    }
}

/// What one input led to, as lines that can be compared and read.
fn lines(effects: &[Effect], firings: &[Arc<Firing>], taken: Taken) -> Vec<String> {
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
        other => other.word().to_owned(),
    }
}

/// After a sleep one tick works through many instants; how many of them were idle takes part in the ids.
fn without_ids(line: &str) -> String {
    let words = line.split_inclusive([' ', '[', ']', '-', '"']);
    let is_id = |word: &str| {
        let word = word.trim_end_matches([' ', '[', ']', '-', '"']);
        word.len() >= 12 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    words.map(|word| if is_id(word) { "* " } else { word }).collect()
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
    handed_over: u64,
    sleeps: bool,
    log: String,
}

impl Pair {
    fn new(case: &Case) -> Pair {
        Pair { sleeps: case.sleeps, ..Pair::of(ruleset(&case.rules)) }
    }

    /// Returns both with nothing behind them.
    pub fn of(set: Arc<RuleSet>) -> Pair {
        let (engine, naive) = (Engine::new(set.clone()), Naive::new(set));
        Pair { engine, naive, handed_over: 0, sleeps: false, log: String::new() }
    }

    /// Hands an input to both; an error tells how they differ.
    pub fn input(&mut self, input: Input, at: Timestamp, fails: u64) -> Result<(), String> {
        self.both(input.clone(), input, at, fails)
    }

    fn both(&mut self, input: Input, naives: Input, at: Timestamp, fails: u64) -> Result<(), String> {
        let by_engine = self.engine.handle(input.clone(), at);
        let by_naive = self.naive.handle(naives, at);
        let mut engine = lines(&by_engine.effects, &by_engine.firings, by_engine.taken);
        let mut naive = lines(&by_naive.effects, &by_naive.firings, by_naive.taken);
        // A limit given back within a tick lets another fire in the same tick: how many idle instants lie in between takes
        // part in the ids, as after a sleep.
        let failed = by_engine.effects.iter().any(|effect| effect.outcome == Outcome::Failed);
        self.sleeps |= matches!(input, Input::Tick) && failed && !by_engine.firings.is_empty();
        if self.sleeps {
            engine.iter_mut().chain(&mut naive).for_each(|line| *line = without_ids(line));
        }
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
        Input::Signal(signal) => {
            let fields = super::random::ground().vocabulary.signal_type(signal.kind);
            let named = fields.fields.iter().zip(&signal.fields).filter(|(_, value)| !value.is_missing());
            let named: Vec<String> = named.map(|(field, value)| format!("{}: {value:?}", field.name)).collect();
            format!("{} {} at {} {}", fields.name, signal.id.id, signal.at, named.join(", "))
        }
        other => format!("{other:?}"),
    }
}

/// Plays a day through both; what differs, as a text.
pub fn play(case: &Case) -> Result<(), String> {
    let mut pair = Pair::new(case);
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
        pair.input(event.input.clone(), event.at, case.fails)?;
    }
    if clock > Timestamp::MIN {
        let horizon = clock + SignedDuration::from_hours(24 * 5);
        pair.pass(clock, horizon, case.fails)?;
    }
    Ok(())
}

/// What the engine alone makes of a day, line by line, with something done between the inputs.
fn alone(case: &Case, rules: &[Arc<Rule>], between: impl Fn(Engine, usize) -> Engine) -> Vec<String> {
    let mut told = Vec::new();
    let mut step = 0;
    let mut input = |engine: &mut Option<Engine>, input: Input, at: Timestamp| {
        let mut own = between(engine.take().expect("it is always put back"), step);
        step += 1;
        let done = own.handle(input, at);
        told.extend(lines(&done.effects, &done.firings, done.taken));
        *engine = Some(own);
    };
    let mut engine = Some(Engine::new(ruleset(rules)));
    let next = |engine: &Option<Engine>| engine.as_ref().and_then(Engine::next_deadline);
    for event in &case.events {
        let mut ticks = 0;
        while let Some(due) = next(&engine).filter(|due| *due < event.at && ticks < 500) {
            input(&mut engine, Input::Tick, due);
            ticks += 1;
        }
        input(&mut engine, event.input.clone(), event.at);
    }
    told
}

/// Whether rules in another order (of files, or in a file) change anything (M7).
pub fn order_matters(case: &Case) -> Option<String> {
    let mut dice = Dice::new(case.seed ^ 0x5EED);
    let mut shuffled = case.rules.clone();
    dice.shuffle(&mut shuffled);
    first_difference(&alone(case, &case.rules, |engine, _| engine), &alone(case, &shuffled, |engine, _| engine))
}

/// Whether saving and restoring the state before every third input, or before each, changes anything.
pub fn saving_matters(case: &Case) -> Option<String> {
    let set = ruleset(&case.rules);
    let every = 1 + case.seed as usize % 3;
    let through_bytes = |engine: Engine, step: usize| match step % every {
        0 => Engine::restore(set.clone(), &engine.save()).expect("it was saved by the same rules"),
        _ => engine,
    };
    first_difference(&alone(case, &case.rules, |engine, _| engine), &alone(case, &case.rules, through_bytes))
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

/// Removes rules and inputs as long as `fails` still does.
pub fn shrink(case: &Case, fails: impl Fn(&Case) -> bool) -> Case {
    let mut smallest = case.clone();
    loop {
        let mut smaller = Vec::new();
        for i in 0..smallest.rules.len() {
            let mut case = smallest.clone();
            case.rules.remove(i);
            smaller.push(case);
            let mut case = smallest.clone();
            let mut rule = (*case.rules[i]).clone();
            rule.guards.clear();
            case.rules[i] = rule.into();
            let mut limitless = smallest.clone();
            let mut rule = (*limitless.rules[i]).clone();
            rule.limit = None;
            limitless.rules[i] = rule.into();
            let parts = [(!smallest.rules[i].guards.is_empty(), case), (smallest.rules[i].limit.is_some(), limitless)];
            smaller.extend(parts.into_iter().filter(|(changed, _)| *changed).map(|(_, case)| case));
            let rule = &smallest.rules[i];
            for step in 0..rule.then.steps.len() {
                let mut rule = (**rule).clone();
                if rule.then.steps.len() + usize::from(rule.then.ladder.is_some()) > 1 {
                    rule.then.steps.remove(step);
                    let mut case = smallest.clone();
                    case.rules[i] = rule.into();
                    smaller.push(case);
                }
            }
            if rule.then.ladder.is_some() && !rule.then.steps.is_empty() {
                let mut rule = (**rule).clone();
                rule.then.ladder = None;
                let mut case = smallest.clone();
                case.rules[i] = rule.into();
                smaller.push(case);
            }
        }
        let mut length = smallest.events.len().div_ceil(2);
        while length > 0 {
            for start in (0..smallest.events.len()).step_by(length) {
                let mut case = smallest.clone();
                case.events.drain(start..(start + length).min(smallest.events.len()));
                smaller.push(case);
            }
            length /= 2;
        }
        if smallest.sleeps {
            smaller.push(Case { sleeps: false, ..smallest.clone() });
        }
        if smallest.fails > 0 {
            smaller.push(Case { fails: 0, ..smallest.clone() });
        }
        match smaller.into_iter().find(&fails) {
            Some(case) => smallest = case,
            None => return smallest,
        }
    }
}
