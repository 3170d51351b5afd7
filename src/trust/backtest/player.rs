//! Plays what was recorded under one version of the playbooks and keeps what was decided.
//!
//! Everything is delivered at once. People do what they did; ladders that never ran live are answered as [`Answers`] says.
//! Looks are asked about decisions that the other version made, so that each can be told why it is not there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use crate::engine::Watch;
use crate::engine::effect::{Effect, Firing, Outcome, What};
use crate::engine::input::{Human, HumanAction, Input, Target};
use crate::engine::ruleset::RuleSet;
use crate::engine::trace::{Look, Verdict};
use crate::id::{Position, RuleId, SignalId};
use crate::replay::driver::{Driver, Turn, always_sent};
use crate::replay::target::{Targets, of_effect};
use crate::replay::words;
use crate::value::{Str, Value};
use crate::vocabulary::SignalNo;

use super::answers::{Answers, How};
use super::{Moment, Said};

/// A firing's key, by the names of its parts.
type Key = Vec<(Str, Value)>;

/// Cases by what opened them.
pub type Cases = HashMap<Str, Target>;

/// Everything one version decided.
#[derive(Debug, Default)]
pub struct Played {
    /// Each time a rule fired, in order.
    pub decisions: Vec<Decision>,
    /// The cases it opened.
    pub cases: Cases,
    /// How many signals there were, and how many other things.
    pub signals: u64,
    /// Facts and people's actions.
    pub others: u64,
    /// The kinds of signals there were.
    pub kinds: BTreeSet<SignalNo>,
    /// The first and the last instant.
    pub span: Option<(Timestamp, Timestamp)>,
    /// How ladders were answered that did not run live as they do here.
    pub answered: BTreeMap<How, u64>,
    /// Why the rules here did not decide what the other version did, by its place among the decisions of that version.
    pub declined: HashMap<usize, Declined>,
}

/// Why a version did not decide what the other one did.
#[derive(Clone, Debug, Default)]
pub struct Declined {
    /// In words.
    pub said: String,
    /// Since when the episode lasted that it would have begun.
    pub since: Option<Timestamp>,
}

/// One time a rule fired, and what came of it up to the end.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The firing.
    pub firing: Arc<Firing>,
    /// Its key, with cases by what opened them: each version calls them otherwise.
    pub key: String,
    /// What came of it.
    pub effects: Vec<Came>,
    /// When its ladder was acknowledged.
    pub acknowledged: Option<Timestamp>,
    /// Whether it started a ladder.
    pub ladder: bool,
}

/// One thing that came of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Came {
    /// When.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: Outcome,
    /// What kind.
    pub kind: Kind,
    /// To whom: `team_lead of S7`, `customer C1`.
    pub to: Str,
    /// The step of the ladder, from 1; 0 where it is not of one.
    pub step: u16,
    /// The template of a mail.
    pub template: Option<Str>,
    /// The action in words, with its text.
    pub words: String,
    /// The same with cases by what opened them.
    pub same: String,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A message to a role.
    Alert,
    /// A mail to a customer.
    Mail,
    /// A case opened.
    Case,
    /// Anything else.
    Other,
}

/// What the other version decided, to be asked about.
#[derive(Debug, Default)]
pub struct Asked {
    by_signal: HashMap<(RuleId, SignalId), Vec<usize>>,
    by_time: HashMap<(RuleId, Timestamp), Vec<(Key, usize)>>,
}

impl Asked {
    /// Returns what is asked: why not this, of every decision.
    pub fn of(decisions: &[Decision]) -> Asked {
        let mut asked = Asked::default();
        for (place, decision) in decisions.iter().enumerate() {
            let firing = &decision.firing;
            match firing.signal.as_ref().filter(|signal| !is_made(signal)) {
                Some(signal) => {
                    asked.by_signal.entry((firing.rule.clone(), signal.clone())).or_default().push(place);
                }
                None => {
                    let at = asked.by_time.entry((firing.rule.clone(), firing.at)).or_default();
                    at.push((firing.key.clone(), place));
                }
            }
        }
        asked
    }

    fn about(&self, look: &Look) -> Vec<usize> {
        match look.signal.as_ref().filter(|signal| !is_made(signal)) {
            Some(signal) => self.by_signal.get(&(look.rule.clone(), signal.clone())).cloned().unwrap_or_default(),
            None => {
                let at = self.by_time.get(&(look.rule.clone(), look.at)).map(Vec::as_slice).unwrap_or_default();
                at.iter().filter(|(key, _)| words::same_key(key, &look.key)).map(|(_, place)| *place).collect()
            }
        }
    }
}

/// Tells whether touchline made a signal itself: its id is another one in each version.
pub(super) fn is_made(signal: &SignalId) -> bool {
    &*signal.source == "touchline"
}

/// One version under way.
pub struct Player<'a> {
    driver: Driver,
    rules: Arc<RuleSet>,
    targets: Targets,
    answers: Answers<'a>,
    asked: Asked,
    /// Cases as the version that was calls them.
    known: Option<&'a Cases>,
    places: HashMap<(RuleId, Position, Key), usize>,
    played: Played,
}

impl<'a> Player<'a> {
    /// Returns a player of playbooks that are compared with nothing.
    pub fn alone(rules: Arc<RuleSet>) -> Player<'a> {
        let driver = Driver::new(rules.clone(), Watch::Nothing);
        Player { driver, ..Player::of_old(rules) }
    }

    /// Returns a player of the version that was: ladders climb as they did.
    pub fn of_old(rules: Arc<RuleSet>) -> Player<'a> {
        Player::new(rules, Answers::default(), Asked::default(), None)
    }

    /// Returns a player of the version that is to be, after the one that was has been played.
    pub fn of_new(rules: Arc<RuleSet>, old: &'a Played, answers: Answers<'a>) -> Player<'a> {
        Player::new(rules, answers, Asked::of(&old.decisions), Some(&old.cases))
    }

    /// Returns a player of the version that was once more, to be asked why it did not decide what the other one does.
    pub fn ask_about(rules: Arc<RuleSet>, asked: Asked) -> Player<'a> {
        Player::new(rules, Answers::default(), asked, None)
    }

    fn new(rules: Arc<RuleSet>, answers: Answers<'a>, asked: Asked, known: Option<&'a Cases>) -> Player<'a> {
        Player {
            driver: Driver::new(rules.clone(), Watch::Everything),
            rules,
            targets: Targets::default(),
            answers,
            asked,
            known,
            places: HashMap::new(),
            played: Played::default(),
        }
    }

    /// Takes what was recorded next.
    pub fn take(&mut self, moment: Moment) {
        let at = moment.at;
        self.answer_before(at);
        let input = match moment.said {
            Said::Signal(signal) => Input::Signal(signal),
            Said::History(signal) => Input::History(signal),
            Said::Fact(change) => Input::Fact(change),
            Said::Line(line) => {
                // What is due before may open the case that is meant.
                self.drive(|driver, see| driver.before(at, &mut always_sent, see));
                match self.targets.of_human(&line, &self.rules) {
                    Ok(human) => Input::Human(self.meant(human)),
                    // A rule that is not in this version: nobody could have answered it.
                    Err(_) => return,
                }
            }
            Said::Human(human) => Input::Human(self.meant(human)),
        };
        match &input {
            Input::Signal(signal) | Input::History(signal) => {
                self.played.signals += 1;
                self.played.kinds.insert(signal.kind);
            }
            _ => self.played.others += 1,
        }
        let clock = self.driver.clock().map_or(at, |clock| clock.max(at));
        self.played.span = Some(self.played.span.map_or((at, clock), |(first, _)| (first.min(at), clock)));
        self.drive(|driver, see| driver.input(input, at, &mut always_sent, see));
    }

    /// Lets time run on to an instant after the last thing that was recorded: what is planned until then is due.
    pub fn run_on(&mut self, until: Timestamp) {
        if self.driver.clock().is_none_or(|clock| clock > until) {
            return;
        }
        self.answer_before(until);
        self.drive(|driver, see| driver.past(until, &mut always_sent, see));
    }

    /// Ends it, with the last thing that was recorded.
    pub fn finish(self) -> Played {
        self.played
    }

    /// Lets everybody answer who would have before `at`.
    fn answer_before(&mut self, at: Timestamp) {
        while let Some(next) = self.answers.next_before(at) {
            // Ladders that start until then may be answered earlier.
            self.drive(|driver, see| driver.before(next, &mut always_sent, see));
            let Some((due, target)) = self.answers.take_before(at) else { return };
            let human = Human { by: "".into(), action: HumanAction::Acknowledge(target) };
            self.drive(|driver, see| driver.input(Input::Human(human), due, &mut always_sent, see));
        }
    }

    /// A case is called otherwise in each version: what is meant is the rule and its key.
    fn meant(&self, human: Human) -> Human {
        let Some(known) = self.known else { return human };
        human.about(|target| match target {
            Target::Case(case) => known.get(&case).cloned().unwrap_or(Target::Case(case)),
            other => other,
        })
    }

    fn drive(&mut self, go: impl FnOnce(&mut Driver, &mut dyn FnMut(Turn))) {
        let Player { driver, rules, targets, answers, asked, places, played, .. } = self;
        let mut see = |turn: Turn| {
            for look in turn.step.looks.iter().filter(|look| look.verdict != Verdict::Fired) {
                for place in asked.about(look) {
                    let rule = rules.rule(&look.rule);
                    let zone = rule.map_or(&rules.vocabulary.zone, |rule| &rule.zone);
                    let said = words::verdict(look, rule.map(|rule| &**rule), zone).unwrap_or_default();
                    let since = match look.verdict {
                        Verdict::Joined { since } => Some(since),
                        _ => None,
                    };
                    played.declined.insert(place, Declined { said, since });
                }
            }
            for firing in &turn.step.firings {
                let place = played.decisions.len();
                places.insert((firing.rule.clone(), firing.position, firing.key.clone()), place);
                let key = plain(&words::key(&firing.key), firing, &played.cases);
                let firing = firing.clone();
                played.decisions.push(Decision { firing, key, effects: vec![], acknowledged: None, ladder: false });
            }
            for effect in &turn.step.effects {
                targets.see(effect);
                let Some(firing) = &effect.firing else { continue };
                if let (What::OpenCase { case, .. }, Some(target)) =
                    (&effect.what, of_effect(effect, &rules.vocabulary))
                {
                    played.cases.entry(case.clone()).or_insert(target);
                }
                let place = (firing.rule.clone(), firing.position, firing.key.clone());
                let Some(decision) = places.get(&place).and_then(|place| played.decisions.get_mut(*place)) else {
                    continue;
                };
                if ladder(effect, decision)
                    && let Some(target) = of_effect(effect, &rules.vocabulary)
                    && stops(rules, &firing.rule)
                    && let Some(how) = answers.starts(firing, target)
                {
                    *played.answered.entry(how).or_default() += 1;
                }
                decision.effects.extend(came(effect, rules, firing, &played.cases));
            }
        };
        go(driver, &mut see);
    }
}

/// Takes note of a ladder that starts, or is acknowledged; tells whether this effect is its first.
fn ladder(effect: &Effect, decision: &mut Decision) -> bool {
    if effect.step == 0 {
        return false;
    }
    if effect.outcome == Outcome::Cancelled && effect.reason.starts_with("acknowledged") {
        decision.acknowledged.get_or_insert(effect.at);
    }
    let starts = matches!(effect.outcome, Outcome::Planned | Outcome::Sent) && !decision.ladder;
    decision.ladder |= starts;
    starts
}

/// Tells whether an acknowledgement stops the ladder of a rule.
fn stops(rules: &RuleSet, rule: &RuleId) -> bool {
    rules.rule(rule).and_then(|rule| rule.then.ladder.as_ref()).is_some_and(|ladder| ladder.until_acknowledged)
}

fn came(effect: &Effect, rules: &RuleSet, firing: &Firing, cases: &Cases) -> Option<Came> {
    let kind = match &effect.what {
        What::Alert { .. } => Kind::Alert,
        What::Email { .. } => Kind::Mail,
        What::OpenCase { joined: false, .. } => Kind::Case,
        What::Firing | What::Withdraw | What::Digest { .. } => return None,
        _ => Kind::Other,
    };
    let text = words::text(effect, rules).map(|text| format!(": {text}")).unwrap_or_default();
    let words = format!("{}{text}", words::action(effect, rules));
    let same = plain(&words, firing, cases);
    // `case_owner of` a case is whoever looks after cases.
    let to = match effect.to.split_once(" of ") {
        Some((role, case)) if cases.contains_key(case) => role.into(),
        _ => effect.to.clone(),
    };
    let template = match &effect.what {
        What::Email { template, .. } => Some(template.clone()),
        _ => None,
    };
    Some(Came { at: effect.at, outcome: effect.outcome, kind, to, step: effect.step, template, words, same })
}

/// Returns a text with every case that a firing speaks of by what opened it.
fn plain(text: &str, firing: &Firing, cases: &Cases) -> String {
    let values = &firing.values;
    let signals = [&values.signal, &values.first].into_iter().flatten().flat_map(|signal| &signal.fields);
    let held = signals.chain(&values.key).chain([&values.case]).filter_map(Value::as_text);
    let mut text = text.to_owned();
    for (case, target) in held.filter_map(|id| cases.get_key_value(id)) {
        let name = match target {
            Target::Rule { rule, key } => {
                let key: Vec<String> = key.iter().map(words::value).collect();
                format!("(case of {rule} for {})", key.join(" and "))
            }
            Target::Case(_) => "(case)".to_owned(),
        };
        text = text.replace(&**case, &name);
    }
    text
}
