//! Plays a scenario: steps in, a timeline out, with what was expected and did not happen.
//!
//! Only the rules of the scenario's own playbook take part, so that another playbook in the folder changes no
//! timeline. A step that only names a time lets everything due up to then happen, that instant included, unless a
//! signal of the same instant follows.

use std::sync::Arc;

use jiff::Timestamp;

use crate::engine::effect::{Effect, Outcome, What};
use crate::engine::input::{Human, HumanAction, Input, Target};
use crate::engine::plan::RuleChange;
use crate::engine::ruleset::RuleSet;
use crate::engine::trace::Look;
use crate::engine::{Engine, Step as EngineStep, Watch};
use crate::id::RuleId;
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{Span, Spanned};
use crate::replay::driver::{Cause, Driver, Turn};
use crate::replay::reached::Reached;
use crate::replay::scenario::{About, HumanVerb, NOTHING, NOTHING_ELSE, Scenario, ScenarioFile, Step, StepKind};
use crate::replay::target::{Acted, Targets};
use crate::replay::timeline::{DUE, Pen, SENDING, taken};
use crate::replay::words;
use crate::signal::Signal;
use crate::value::{Str, Value};

/// What came of a scenario.
#[derive(Debug)]
pub struct Played {
    /// The drawing.
    pub timeline: String,
    /// What was expected and did not happen, and steps that could not be taken.
    pub problems: Vec<Diagnostic>,
    /// Everything that was decided, in order.
    pub decided: Vec<Effect>,
    /// Why each rule that looked did or did not fire.
    pub looks: Vec<Look>,
    /// What was reached in the rules it began with.
    pub reached: Reached,
}

/// Gives the rule set with a file replaced by the one named, or says why it cannot.
pub type Reload<'a> = dyn FnMut(&str) -> Result<Arc<RuleSet>, String> + 'a;

/// Returns the rule set with the rules of one playbook only.
pub fn only(rules: &RuleSet, playbook: &str) -> Arc<RuleSet> {
    let own = rules.rules.iter().filter(|rule| &*rule.id.playbook == playbook).cloned().collect();
    Arc::new(RuleSet::new(rules.vocabulary.clone(), rules.directory.clone(), rules.templates.clone(), own))
}

/// Plays one scenario of a file.
pub fn play(file: &ScenarioFile, scenario: &Scenario, rules: &RuleSet, reload: &mut Reload) -> Played {
    play_own(file, scenario, only(rules, &file.playbook), reload)
}

/// Plays one scenario of a file under the rules of its own playbook.
pub fn play_own(file: &ScenarioFile, scenario: &Scenario, rules: Arc<RuleSet>, reload: &mut Reload) -> Played {
    let mut play = Play {
        driver: Driver::new(rules.clone(), Watch::Everything),
        pen: Pen::new(rules.clone(), file.zone.clone()),
        rules: rules.clone(),
        targets: Targets::default(),
        fails: vec![],
        acted: Acted::default(),
        effects: vec![],
        missed: None,
        played: Played {
            timeline: String::new(),
            problems: vec![],
            decided: vec![],
            looks: vec![],
            reached: Reached::new(rules.clone()),
        },
    };
    if scenario.steps.iter().any(|step| matches!(step.kind, StepKind::Reload(_))) {
        play.driver.keep_journal();
    }
    if let Some(start) = scenario.steps.iter().find_map(|step| step.at) {
        for fact in &file.given {
            play.input(Input::Fact(fact.clone()), start);
        }
    }
    for (place, step) in scenario.steps.iter().enumerate() {
        play.step(step, &scenario.steps[place + 1..], file, reload);
    }
    play.never_failed();
    let mut played = play.played;
    played.timeline = play.pen.finish();
    played
}

/// Borrows the parts of a play that a turn leaves something in, beside those that draw it.
macro_rules! seen {
    ($play:expr) => {
        Seen {
            rules: &$play.rules,
            targets: &mut $play.targets,
            acted: &mut $play.acted,
            effects: &mut $play.effects,
            played: &mut $play.played,
        }
    };
}

struct Play {
    driver: Driver,
    pen: Pen,
    rules: Arc<RuleSet>,
    targets: Targets,
    /// What cannot be sent when it comes.
    fails: Vec<Spanned<String>>,
    /// What has fired and alerted so far.
    acted: Acted,
    /// Everything since the last `expect`.
    effects: Vec<Effect>,
    /// Why the last input met nothing.
    missed: Option<&'static str>,
    played: Played,
}

impl Play {
    fn step(&mut self, step: &Step, rest: &[Step], file: &ScenarioFile, reload: &mut Reload) {
        let Some(at) = step.at.or(self.driver.clock()) else {
            // Nothing can be before the first time but what needs none.
            return self.timeless(step);
        };
        match &step.kind {
            StepKind::Time => self.time(at, rest),
            StepKind::Signals(signals) => self.signals(signals, at),
            StepKind::Facts(changes) => {
                let steps: Vec<String> =
                    changes.iter().flat_map(|change| self.input(Input::Fact(change.clone()), at)).collect();
                let told: Vec<String> = changes.iter().map(|change| self.fact_words(change)).collect();
                self.pen.moment(at, &format!("facts: {}", told.join("; ")), steps);
            }
            StepKind::Human(verb, about) => self.human(*verb, about, step.span, at),
            StepKind::Silence(rule, until) => self.silence(rule.as_ref(), *until, at),
            StepKind::Reload(name) => self.reload(name, at, file, reload),
            StepKind::Restart => self.restart(at, step.span),
            StepKind::Fails(_) | StepKind::Expect(_) => {
                if step.at.is_some() {
                    self.time(at, rest);
                }
                self.timeless(step);
            }
        }
    }

    fn timeless(&mut self, step: &Step) {
        match &step.kind {
            StepKind::Fails(phrase) => self.fails.push(phrase.clone()),
            StepKind::Expect(expected) => self.expect(expected),
            _ => {}
        }
    }

    fn time(&mut self, at: Timestamp, rest: &[Step]) {
        let same_instant = rest.iter().take_while(|step| step.at.is_none_or(|next| next == at));
        let signals_follow =
            same_instant.filter(|step| !matches!(step.kind, StepKind::Time | StepKind::Expect(_))).count() > 0;
        let (driver, pen) = (&mut self.driver, &mut self.pen);
        let mut seen = seen!(self);
        let fails = &mut self.fails;
        let mut sends = |effect: &Effect| fail(fails, effect);
        let mut see = |turn: Turn| {
            seen.turn(turn.step);
            let lines = pen.lines(turn.step);
            pen.moment(turn.now, if turn.cause == Cause::Delivery { SENDING } else { DUE }, lines);
        };
        match signals_follow {
            true => driver.before(at, &mut sends, &mut see),
            false => driver.past(at, &mut sends, &mut see),
        }
    }

    /// Hands in an input, draws what was due before it, and returns the lines of the input itself.
    fn input(&mut self, input: Input, at: Timestamp) -> Vec<String> {
        self.input_taken(input, at).0
    }

    fn input_taken(&mut self, input: Input, at: Timestamp) -> (Vec<String>, &'static str) {
        self.missed = None;
        let (driver, pen) = (&mut self.driver, &mut self.pen);
        let mut seen = seen!(self);
        let fails = &mut self.fails;
        let mut own = vec![];
        let mut took = "";
        let missed = &mut self.missed;
        let mut handed_in = false;
        let mut see = |turn: Turn| {
            seen.turn(turn.step);
            let lines = pen.lines(turn.step);
            handed_in |= turn.cause == Cause::Input;
            match turn.cause {
                Cause::Input => {
                    took = taken(turn.step.taken);
                    *missed = turn.step.missed;
                    own.extend(lines);
                }
                // What a delivery of this very input led to belongs to it.
                Cause::Delivery if handed_in => own.extend(lines),
                Cause::Delivery | Cause::Deadline => pen.moment(turn.now, DUE, lines),
            }
        };
        driver.input(input, at, &mut |effect| fail(fails, effect), &mut see);
        (own, took)
    }

    /// Signals of one step that led to the same are drawn once.
    fn signals(&mut self, signals: &[Signal], at: Timestamp) {
        let mut groups: Vec<(&Signal, &Signal, usize, &'static str, Vec<String>)> = vec![];
        for signal in signals {
            let (lines, took) = self.input_taken(Input::Signal(signal.clone()), at);
            match groups.last_mut() {
                Some((_, last, count, same, told)) if *told == lines && *same == took => {
                    *last = signal;
                    *count += 1;
                }
                _ => groups.push((signal, signal, 1, took, lines)),
            }
        }
        for (first, last, count, took, lines) in groups {
            let ids = match count {
                1 => words::signal_id(&first.id),
                _ => format!("{} to {} ({count} times)", words::signal_id(&first.id), words::signal_id(&last.id)),
            };
            let name = &self.rules.vocabulary.signal_type(first.kind).name;
            let mut heading = format!("{name} {ids}: {}", words::fields(first, &self.rules.vocabulary));
            if first.at != at {
                heading.push_str(&format!(", of {}", words::instant(first.at, &self.pen_zone())));
            }
            heading.push_str(took);
            self.pen.moment(at, &heading, lines);
        }
    }

    fn pen_zone(&self) -> jiff::tz::TimeZone {
        self.pen.zone().clone()
    }

    fn fact_words(&self, change: &crate::signal::FactChange) -> String {
        let thing = self.rules.vocabulary.thing_type(change.thing);
        let parts = change.facts.iter().map(|(number, value)| {
            let fact = &thing.facts[number.index()];
            match (fact.personal, value) {
                (true, _) => format!("{} {}", fact.name, words::PERSONAL),
                (false, Value::Missing) => format!("{} forgotten", fact.name),
                (false, value) => format!("{} {}", fact.name, crate::vocabulary::typed::print_value(value, &fact.ty)),
            }
        });
        let told = parts.collect::<Vec<_>>().join(", ");
        let told = if told.is_empty() { "nothing is told of it" } else { &told };
        format!("{} {}: {told}", thing.name, change.id)
    }

    fn human(&mut self, verb: HumanVerb, about: &About, span: Span, at: Timestamp) {
        let (told, target) = match about {
            About::Customer(customer) => (format!("customer {customer}"), Err(customer.clone())),
            About::Rule { rule, values } => {
                let told = self.named(rule, values);
                // Whatever is due before may open the case that is meant.
                self.until(at);
                match self.target(rule, values) {
                    Ok(target) => (told, Ok(target)),
                    Err(reason) => {
                        let message = format!("`{} {told}`: {reason}", verb.word());
                        let problem = Diagnostic::error(codes::SCENARIO_TARGET, span, message);
                        self.played.problems.push(problem.help(
                            "name the rule and the values of one of its firings above, as the timeline shows them",
                        ));
                        return;
                    }
                }
            }
        };
        let action = match (verb, target) {
            (HumanVerb::Contact, Err(customer)) => HumanAction::Contact { target: None, customer: Some(customer) },
            (HumanVerb::Contact, Ok(target)) => HumanAction::Contact { target: Some(target), customer: None },
            (HumanVerb::Acknowledge, Ok(target)) => HumanAction::Acknowledge(target),
            (HumanVerb::Close, Ok(target)) => HumanAction::Close { target, outcome: "".into() },
            (HumanVerb::Reopen, Ok(target)) => HumanAction::Reopen(target),
            // The reader takes a customer with `contact` only.
            (_, Err(_)) => return,
        };
        let mut lines = self.input(Input::Human(Human { by: "".into(), action: action.clone() }), at);
        if let Some(reason) = self.acted.missed(&action, self.missed) {
            lines.push(format!("NO {}: {reason}", verb.word()));
            if action.target().is_some_and(|target| !self.acted.has(target)) {
                let message =
                    format!("`{} {told}` meets nothing: {reason}, and the rule has never fired for it", verb.word());
                let problem = Diagnostic::error(codes::SCENARIO_TARGET, span, message);
                self.played.problems.push(
                    problem
                        .help("name the rule and the values of one of its firings above, as the timeline shows them"),
                );
            }
        }
        self.pen.moment(at, &format!("{} {told}", verb.word()), lines);
    }

    /// Returns a rule with the values of its key as a step writes them, without what is personal.
    fn named(&self, rule: &RuleId, values: &[Str]) -> String {
        let of = self.rules.rule(rule);
        let part = |(place, value): (usize, &Str)| {
            let name = of.and_then(|of| {
                of.key
                    .get(place)
                    .map(|part| &part.name)
                    .or_else(|| of.limit.as_ref().and_then(|limit| limit.per.get(place).map(|(name, _)| name)))
            });
            let personal = name.is_some_and(|name| words::is_personal_part(&self.rules, rule, place, name));
            if personal { words::PERSONAL.to_owned() } else { value.to_string() }
        };
        let values: Vec<String> = values.iter().enumerate().map(part).collect();
        if values.is_empty() { rule.rule.to_string() } else { format!("{} for {}", rule.rule, values.join(" and ")) }
    }

    fn silence(&mut self, rule: Option<&RuleId>, until: Timestamp, at: Timestamp) {
        let whom = rule.map_or("every rule", |rule| &*rule.rule).to_owned();
        let action = HumanAction::Silence { rule: rule.cloned(), until };
        let lines = self.input(Input::Human(Human { by: "".into(), action }), at);
        self.pen.moment(at, &format!("silence {whom} until {}", self.pen.instant(until)), lines);
    }

    /// What was to fail and was never sent: the scenario shows something else than it says.
    fn never_failed(&mut self) {
        for phrase in std::mem::take(&mut self.fails) {
            let message =
                format!("`fails: {}` meets nothing: nothing that reads like this was sent after it", phrase.node);
            let problem = Diagnostic::error(codes::SCENARIO_TARGET, phrase.span, message);
            self.played.problems.push(problem.help(
                "name what is sent after this step, as the timeline shows it: `alert team_lead of S7`, `email customer C1 using thank_you`",
            ));
        }
    }

    fn target(&self, rule: &RuleId, values: &[Str]) -> Result<Target, String> {
        let rule = self.rules.rule(rule).ok_or("the rule is gone")?;
        self.targets.of_values(rule, values, &self.rules)
    }

    /// Runs and draws what is due before `at`.
    fn until(&mut self, at: Timestamp) {
        let (driver, pen) = (&mut self.driver, &mut self.pen);
        let mut seen = seen!(self);
        let fails = &mut self.fails;
        let mut see = |turn: Turn| {
            seen.turn(turn.step);
            let lines = pen.lines(turn.step);
            pen.moment(turn.now, DUE, lines);
        };
        driver.before(at, &mut |effect| fail(fails, effect), &mut see);
    }

    fn reload(&mut self, name: &Spanned<String>, at: Timestamp, file: &ScenarioFile, reload: &mut Reload) {
        let rules = match reload(&name.node) {
            Ok(rules) => only(&rules, &file.playbook),
            Err(reason) => {
                let message = format!("`{}` cannot be loaded: {reason}", name.node);
                let problem = Diagnostic::error(codes::SCENARIO_RELOAD, name.span, message);
                self.played.problems.push(
                    problem.help("name a playbook file without errors, with its path from this scenario's folder"),
                );
                return;
            }
        };
        self.until(at);
        self.rules = rules.clone();
        self.pen.switch(rules.clone());
        self.played.reached.switch(&rules);
        let mut steps = vec![];
        let (driver, pen) = (&mut self.driver, &self.pen);
        let mut seen = seen!(self);
        let fails = &mut self.fails;
        let mut see = |turn: Turn| {
            seen.turn(turn.step);
            steps.extend(pen.lines(turn.step));
        };
        let plan = driver.switch(&rules, at, &mut |effect| fail(fails, effect), &mut see);
        let changed = plan.rules.iter().filter(|(_, change)| *change != RuleChange::Unchanged);
        let mut lines: Vec<String> = changed.map(|(id, change)| format!("{}: {change}", id.rule)).collect();
        let filling = self.driver.engine().filling().into_iter();
        let until = filling.map(|(id, until)| format!("{}: filling until {}", id.rule, self.pen.instant(until)));
        lines.extend(until);
        lines.extend(steps);
        self.pen.moment(at, &format!("reload {}", name.node), lines);
    }

    /// Saves the engine and goes on with what was saved: nothing may get lost.
    fn restart(&mut self, at: Timestamp, span: Span) {
        self.until(at);
        let saved = self.driver.engine().save();
        match Engine::restore(self.rules.clone(), &*saved) {
            Ok(mut engine) => {
                engine.watch(Watch::Everything);
                self.driver.replace(engine);
                self.pen.moment(at, "restart", vec![]);
            }
            Err(error) => {
                let message = format!("the engine does not start again: {error}");
                let problem = Diagnostic::error(codes::SCENARIO_RELOAD, span, message);
                self.played.problems.push(problem.help("leave the step out, and tell the makers of touchline"));
            }
        }
    }

    fn expect(&mut self, expected: &[Spanned<String>]) {
        let happened: Vec<Effect> = std::mem::take(&mut self.effects);
        let mut open: Vec<&Effect> = happened.iter().filter(|effect| is_told(effect)).collect();
        for wanted in expected.iter().filter(|wanted| ![NOTHING, NOTHING_ELSE].contains(&&*wanted.node)) {
            match open.iter().position(|effect| reads_like(effect, &wanted.node, &self.rules)) {
                Some(place) => drop(open.remove(place)),
                None => {
                    let message = format!("`{}` did not happen", wanted.node);
                    let problem = Diagnostic::error(codes::NOT_EXPECTED, wanted.span, message);
                    self.played.problems.push(problem.help(self.what_happened(&happened)));
                }
            }
        }
        // A digest goes to the owner of the playbooks, and tells what has been told.
        let is_sent =
            |effect: &&&Effect| effect.outcome == Outcome::Sent && !matches!(effect.what, What::Digest { .. });
        let nothing = expected.iter().find(|wanted| [NOTHING, NOTHING_ELSE].contains(&&*wanted.node));
        if let Some(nothing) = nothing.filter(|_| open.iter().any(|effect| is_sent(&effect))) {
            let told = open.iter().filter(is_sent);
            let told: Vec<String> = told.map(|effect| format!("`{}`", words::action(effect, &self.rules))).collect();
            let message = format!("{} happened as well", told.join(", "));
            let problem = Diagnostic::error(codes::NOT_EXPECTED, nothing.span, message);
            self.played.problems.push(problem.help("expect it, or mend the rule"));
        }
    }

    fn what_happened(&self, effects: &[Effect]) -> String {
        let told = effects.iter().filter(|effect| is_told(effect));
        let told: Vec<String> = told
            .map(|effect| match effect.outcome {
                Outcome::Sent => format!("`{}`", words::action(effect, &self.rules)),
                outcome => format!("`{} {}`", outcome.word(), words::action(effect, &self.rules)),
            })
            .collect();
        match told.is_empty() {
            true => "nothing has happened since the last `expect`".to_owned(),
            false => format!("since the last `expect` there was {}", told.join(", ")),
        }
    }
}

/// What every turn leaves behind besides its drawing.
struct Seen<'a> {
    rules: &'a RuleSet,
    targets: &'a mut Targets,
    acted: &'a mut Acted,
    effects: &'a mut Vec<Effect>,
    played: &'a mut Played,
}

impl Seen<'_> {
    fn turn(&mut self, step: &EngineStep) {
        for effect in &step.effects {
            self.targets.see(effect);
            self.acted.see(effect, &self.rules.vocabulary);
        }
        self.effects.extend(step.effects.iter().cloned());
        self.played.decided.extend(step.effects.iter().cloned());
        self.played.looks.extend(step.looks.iter().cloned());
        self.played.reached.see(step, self.rules);
    }
}

/// Says why an effect cannot be sent, if the scenario says so.
fn fail(fails: &mut Vec<Spanned<String>>, effect: &Effect) -> Option<Str> {
    let is_it = |phrase: &Spanned<String>| phrases(effect).iter().any(|said| begins_with(said, &phrase.node));
    let place = fails.iter().position(is_it)?;
    fails.remove(place);
    Some("it could not be delivered".into())
}

/// Tells whether an effect is something a reader of `expect` counts.
fn is_told(effect: &Effect) -> bool {
    !matches!(effect.what, What::Withdraw | What::Firing)
}

fn reads_like(effect: &Effect, wanted: &str, rules: &RuleSet) -> bool {
    let outcome = match effect.outcome {
        Outcome::Sent => String::new(),
        outcome => format!("{} ", outcome.word()),
    };
    let mut said = phrases(effect);
    said.push(words::action(effect, rules));
    if let What::Set { thing, id, fact, .. } = &effect.what {
        let thing = rules.vocabulary.thing_type(*thing);
        said.push(format!("set {} {id}", thing.name));
        said.push(format!("set {}.{}", thing.name, thing.facts[fact.index()].name));
    }
    if let (What::OpenCase { joined, .. }, Some(firing)) = (&effect.what, &effect.firing) {
        let verb = if *joined { "join case" } else { "open case" };
        said.extend(about(firing, rules).into_iter().map(|thing| format!("{verb} for {thing}")));
    }
    said.iter().any(|said| begins_with(&format!("{outcome}{said}"), wanted))
}

/// Returns how an effect may be named without knowing the vocabulary.
fn phrases(effect: &Effect) -> Vec<String> {
    match &effect.what {
        What::Alert { role, .. } => vec![format!("alert {}", effect.to), format!("alert {role}")],
        What::Email { template, .. } => vec![format!("email {} using {template}", effect.to)],
        What::OpenCase { joined: true, .. } => vec![format!("join case for {}", effect.to)],
        What::OpenCase { .. } => vec![format!("open case for {}", effect.to)],
        What::Post { endpoint, .. } => vec![format!("post to {endpoint}")],
        _ => vec![],
    }
}

/// Returns the things a firing is about: `customer C1`, `store S7`.
fn about(firing: &crate::engine::effect::Firing, rules: &RuleSet) -> Vec<String> {
    let mut things: Vec<String> =
        firing.key.iter().map(|(name, value)| format!("{name} {}", words::value(value))).collect();
    if let Some(signal) = &firing.values.signal {
        let kind = rules.vocabulary.signal_type(signal.kind);
        let held = kind.fields.iter().zip(&signal.fields).take(kind.about);
        things.extend(
            held.filter(|(_, value)| !value.is_missing())
                .map(|(field, value)| format!("{} {}", field.name, words::value(value))),
        );
    }
    things
}

/// Tells whether `said` is `wanted` or goes on after it with another word. Quotes do not count.
fn begins_with(said: &str, wanted: &str) -> bool {
    let (said, wanted) = (said.replace('"', ""), wanted.replace('"', ""));
    said.strip_prefix(wanted.trim()).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ':', ',']))
}
