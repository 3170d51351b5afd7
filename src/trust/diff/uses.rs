//! What a rule uses: signals, facts, lexicons, calendars, roles, templates. It says which rules a change beside them touches,
//! and rather names one too many than one too few.

use std::collections::BTreeSet;

use crate::compile::Unit;
use crate::id::RuleId;
use crate::ir::action::{ActionKind, Piece, Step};
use crate::ir::expr::{Access, Condition, Operand, Predicate, Root, Test};
use crate::ir::{Delay, MeasureTest, Rule, Source, Trigger};
use crate::value::Str;
use crate::vocabulary::{CalendarNo, Type, Vocabulary};

/// Everything a rule uses, by name.
#[derive(Debug, Default)]
pub struct Uses {
    pub signals: BTreeSet<Str>,
    /// `customer.segment`
    pub facts: BTreeSet<String>,
    pub things: BTreeSet<Str>,
    pub lexicons: BTreeSet<Str>,
    pub calendars: BTreeSet<Str>,
    /// Opening times of wherever it is: the place's own, else `business_hours`.
    pub places_own_calendar: bool,
    pub roles: BTreeSet<Str>,
    pub templates: BTreeSet<Str>,
    /// It runs over every thing of a kind, whether heard of or not.
    pub runs_over: BTreeSet<Str>,
}

/// Returns the rules of either unit for which `is` holds.
pub fn rules(old: &Unit, new: &Unit, is: impl Fn(&Uses) -> bool) -> Vec<RuleId> {
    let touched = |unit: &Unit| {
        let rules = unit.rules.iter().filter(|rule| is(&of(rule, &unit.vocabulary)));
        rules.map(|rule| rule.id.clone()).collect::<BTreeSet<RuleId>>()
    };
    let mut all = touched(new);
    // What is gone is told of itself.
    all.extend(touched(old).into_iter().filter(|id| new.rules.iter().any(|rule| rule.id == *id)));
    all.into_iter().collect()
}

/// Returns what a rule uses.
pub fn of(rule: &Rule, vocabulary: &Vocabulary) -> Uses {
    let mut finder = Finder { vocabulary, uses: Uses::default() };
    for signal in rule.signals() {
        finder.uses.signals.insert(vocabulary.signal_type(signal).name.clone());
    }
    finder.trigger(&rule.trigger);
    for part in &rule.key {
        part.from.iter().for_each(|(_, access)| finder.access(access));
        if let Some(thing) = part.thing {
            let name = vocabulary.thing_type(thing).name.clone();
            if rule.check.is_some() || matches!(rule.trigger, Trigger::Schedule(_)) {
                finder.uses.runs_over.insert(name.clone());
            }
            finder.uses.things.insert(name);
        }
    }
    rule.guards.iter().for_each(|guard| finder.condition(&guard.condition));
    rule.limit.iter().flat_map(|limit| &limit.per).for_each(|(_, access)| finder.access(access));
    let ladder = rule.then.ladder.iter().flat_map(|ladder| &ladder.steps);
    rule.then.steps.iter().chain(ladder).for_each(|step| finder.step(step));
    finder.uses
}

struct Finder<'a> {
    vocabulary: &'a Vocabulary,
    uses: Uses,
}

impl Finder<'_> {
    fn trigger(&mut self, trigger: &Trigger) {
        match trigger {
            Trigger::Each(source) | Trigger::Reading { source, .. } | Trigger::Count { source, .. } => {
                self.source(source);
            }
            Trigger::Sequence { first, then, .. } => [first, then].into_iter().for_each(|source| self.source(source)),
            Trigger::Absence { first, then, within } => {
                [first, then].into_iter().for_each(|source| self.source(source));
                self.delay(*within);
            }
            Trigger::Measure(measure) => {
                self.source(&measure.source);
                measure.share.iter().for_each(|share| self.condition(share));
                match &measure.test {
                    MeasureTest::Level(_, to) => self.operand(to),
                    MeasureTest::Between(low, high) => [low, high].into_iter().for_each(|level| self.operand(level)),
                    MeasureTest::Previous { .. } => {}
                }
            }
            Trigger::Schedule(_) => {}
        }
    }

    fn source(&mut self, source: &Source) {
        source.filter.iter().for_each(|filter| self.condition(filter));
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| self.condition(part)),
            Condition::Test(test) => self.test(test),
            Condition::Hours(hours) => {
                let name = self.vocabulary.calendars[hours.calendar.index()].name.clone();
                self.uses.calendars.insert(name);
            }
            Condition::Script(script, _) => script.reads.iter().for_each(|(_, access)| self.access(access)),
        }
    }

    fn test(&mut self, test: &Test) {
        self.operand(&test.subject);
        match &test.predicate {
            Predicate::Is { to, .. } | Predicate::Compare { to, .. } => self.operand(to),
            Predicate::OneOf { of, .. } => of.iter().for_each(|one| self.operand(one)),
            Predicate::Between(low, high) => [low, high].into_iter().for_each(|end| self.operand(end)),
            Predicate::Contains { text, .. } | Predicate::StartsWith { text, .. } => self.operand(text),
            Predicate::Mentions { lexicon, .. } => {
                self.uses.lexicons.insert(self.vocabulary.lexicons.lists[lexicon.index()].name.clone());
            }
            Predicate::Present | Predicate::Missing | Predicate::Days { .. } => {}
        }
    }

    fn operand(&mut self, operand: &Operand) {
        match operand {
            Operand::Literal(_) => {}
            Operand::Access(access) => self.access(access),
            Operand::Script(script, _) => script.reads.iter().for_each(|(_, access)| self.access(access)),
        }
    }

    fn access(&mut self, access: &Access) {
        for (thing, fact) in &access.facts {
            let thing = self.vocabulary.thing_type(*thing);
            self.uses.facts.insert(format!("{}.{}", thing.name, thing.facts[fact.index()].name));
        }
        if let Type::Thing(thing) = access.ty {
            self.uses.things.insert(self.vocabulary.thing_type(thing).name.clone());
        }
        if access.root == Root::Case {
            self.uses.things.insert("case".into());
        }
    }

    fn delay(&mut self, delay: Delay) {
        match delay {
            Delay::Plain(_) => {}
            Delay::OpenTime(_, calendar) | Delay::OpenDays(_, calendar) => match calendar {
                Some(calendar) => self.calendar(calendar),
                None => self.uses.places_own_calendar = true,
            },
        }
    }

    fn calendar(&mut self, calendar: CalendarNo) {
        self.uses.calendars.insert(self.vocabulary.calendars[calendar.index()].name.clone());
    }

    fn step(&mut self, step: &Step) {
        if let Some(timing) = step.timing {
            timing.after.into_iter().for_each(|delay| self.delay(delay));
            timing.during.into_iter().for_each(|calendar| self.calendar(calendar));
        }
        step.actions.iter().for_each(|action| self.action(&action.kind));
    }

    fn action(&mut self, kind: &ActionKind) {
        match kind {
            ActionKind::Alert { role, of, saying } => {
                self.uses.roles.insert(role.clone());
                of.iter().for_each(|of| self.access(of));
                for piece in saying {
                    if let Piece::Value(access) = piece {
                        self.access(access);
                    }
                }
            }
            ActionKind::Email { who, template, language, with, .. } => {
                self.uses.templates.insert(template.clone());
                self.access(who);
                language.iter().for_each(|language| self.operand(language));
                with.iter().for_each(|(_, value)| self.operand(value));
            }
            ActionKind::OpenCase { about, priority, reason } => {
                about.iter().for_each(|(_, about)| self.access(about));
                priority.iter().chain(reason).for_each(|value| self.operand(value));
            }
            ActionKind::Post { with, .. } => with.iter().for_each(|(_, value)| self.operand(value)),
            ActionKind::Set { thing, who, fact, to } => {
                let thing = self.vocabulary.thing_type(*thing);
                self.uses.facts.insert(format!("{}.{}", thing.name, thing.facts[fact.index()].name));
                self.access(who);
                self.operand(to);
            }
            ActionKind::Record { signal, fields } => {
                self.uses.signals.insert(self.vocabulary.signal_type(*signal).name.clone());
                fields.iter().for_each(|(_, value)| self.operand(value));
            }
        }
    }
}
