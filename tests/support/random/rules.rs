//! Random rules of every shape, as the compiler would resolve them.

use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::time;
use jiff::tz::TimeZone;
use touchline::clock::Length;
use touchline::id::RuleId;
use touchline::ir::action::{Action, ActionKind, Ladder, Piece, Step, Then, Timing};
use touchline::ir::expr::{Access, Condition, Hours, Operand, Predicate, Root, Test};
use touchline::ir::{
    Delay, DifferenceUnit, Enough, Guard, Here, KeyPart, Limit, Measure, MeasureKind, MeasureTest, Order, Rule,
    Schedule, Side, Source, Status, Trigger,
};
use touchline::number::Number;
use touchline::script::Script;
use touchline::value::{Str, Value};
use touchline::vocabulary::{FieldNo, SignalNo, ThingNo, Type, Vocabulary};

use super::{Dice, ground};

/// Makes one rule.
pub struct Maker<'a> {
    pub dice: &'a mut Dice,
    vocabulary: Arc<Vocabulary>,
}

pub fn rules(dice: &mut Dice) -> Vec<Arc<Rule>> {
    let how_many = 1 + dice.below(4);
    let mut maker = Maker::new(dice);
    (0..how_many).map(|number| Arc::new(maker.rule(number))).collect()
}

impl<'a> Maker<'a> {
    pub fn new(dice: &'a mut Dice) -> Maker<'a> {
        Maker { dice, vocabulary: ground().vocabulary.clone() }
    }
}

impl Maker<'_> {
    fn signal(&self, name: &str) -> SignalNo {
        self.vocabulary.signal(name).expect("it stands in the ground")
    }

    fn thing(&self, name: &str) -> ThingNo {
        self.vocabulary.thing(name).expect("it stands in the ground")
    }

    /// A path of a signal, such as `customer.segment`; `None` where the signal has no such field.
    fn path(&self, root: impl Fn(FieldNo) -> Root, signal: SignalNo, path: &str) -> Option<Access> {
        let mut words = path.split('.');
        let kind = self.vocabulary.signal_type(signal);
        let field = kind.field(words.next()?)?;
        let mut ty = kind.fields[field.index()].ty.clone();
        let facts = self.facts(&mut ty, words)?;
        Some(Access { root: root(field), facts, ty, personal: false, name: path.into() })
    }

    fn facts<'p>(
        &self,
        ty: &mut Type,
        words: impl Iterator<Item = &'p str>,
    ) -> Option<Vec<(ThingNo, touchline::vocabulary::FactNo)>> {
        let mut facts = Vec::new();
        for word in words {
            let Type::Thing(thing) = *ty else { return None };
            let fact = self.vocabulary.thing_type(thing).fact(word)?;
            *ty = self.vocabulary.thing_type(thing).facts[fact.index()].ty.clone();
            facts.push((thing, fact));
        }
        Some(facts)
    }

    fn key_path(&self, key: &[KeyPart], path: &str) -> Option<Access> {
        let mut words = path.split('.');
        let first = words.next()?;
        let place = key.iter().position(|part| &*part.name == first)?;
        let mut ty = key[place].thing.map_or(Type::Text, Type::Thing);
        let facts = self.facts(&mut ty, words)?;
        Some(Access { root: Root::Key(place as u8), facts, ty, personal: false, name: path.into() })
    }

    /// A literal that suits the type; near what inputs hold.
    fn literal(&mut self, ty: &Type) -> Option<Value> {
        Some(match ty {
            Type::Text => Value::Text((*self.dice.pick(&["delivery", "straße", "queue"])).into()),
            Type::OneOf(words) => Value::Text(self.dice.pick(words).clone()),
            Type::Number | Type::Score(_) | Type::WholeNumber => {
                Value::Number(Number::from_billionths(500_000_000 * self.dice.below(14) as i128))
            }
            Type::Duration(_) => Value::Duration(SignedDuration::from_mins(5 * self.dice.below(5) as i64)),
            Type::YesNo => Value::YesNo(self.dice.once_in(2)),
            Type::Thing(_) => Value::Id((*self.dice.pick(&["C1", "S1", "s1", "R1"])).into()),
            _ => return None,
        })
    }

    fn test(&mut self, access: Access) -> Option<Condition> {
        if access.ty == Type::Date {
            let zone = TimeZone::get("Europe/Madrid").expect("the zone is known");
            let (negated, past, days) = (self.dice.once_in(3), self.dice.once_in(2), self.dice.below(3) as u32);
            let predicate = Predicate::Days { negated, past, days, zone };
            let text = format!("{} …", access.name).into();
            return Some(Condition::Test(Test {
                subject: Operand::Access(access),
                predicate,
                text,
                here: Here::default(),
            }));
        }
        let ty = access.ty.clone();
        let to = Operand::Literal(self.literal(&ty)?);
        let negated = self.dice.once_in(3);
        let ordered = matches!(ty, Type::Number | Type::Score(_) | Type::WholeNumber | Type::Duration(_));
        let predicate = match self.dice.below(8) {
            0 => Predicate::Present,
            1 => Predicate::Missing,
            2 => Predicate::OneOf { negated, of: vec![to, Operand::Literal(self.literal(&ty)?)] },
            3 if ty == Type::Text => Predicate::Contains { negated, text: to },
            4 if ty == Type::Text => Predicate::StartsWith { negated, text: to },
            5 if ty == Type::Text => {
                Predicate::Mentions { negated, lexicon: self.vocabulary.lexicons.named("kindness")? }
            }
            3 | 4 if ordered => Predicate::Between(to, Operand::Literal(self.literal(&ty)?)),
            5..=7 if ordered => Predicate::Compare { order: self.order(), to },
            _ => Predicate::Is { negated, to },
        };
        let text = format!("{} …", access.name).into();
        Some(Condition::Test(Test { subject: Operand::Access(access), predicate, text, here: Here::default() }))
    }

    pub(super) fn order(&mut self) -> Order {
        *self.dice.pick(&[Order::AtLeast, Order::AtMost, Order::MoreThan, Order::LessThan])
    }

    /// A script over a signal's fields: one that is pure comparison, one that fails where something is missing (M13).
    fn script(&mut self, signal: SignalNo) -> Option<Condition> {
        let texts = [
            "score > 5",
            "topic.len() > 5",
            "present(topic) && fold(topic).contains(\"deliver\")",
            "missing(level) || level * 2 < 5.0",
            "wait.otherwise(0.0) >= 10.0",
            "customer.segment == \"gold\"",
            "7 / score < 2",
            "topic",
        ];
        let text = *self.dice.pick(&texts);
        let script = Script::compile(text, &|name| self.path(Root::Signal, signal, name)).ok()?;
        Some(Condition::Script(script, Here::default()))
    }

    pub(super) fn condition(&mut self, signal: SignalNo) -> Option<Condition> {
        let paths = [
            "score",
            "comment",
            "topic",
            "level",
            "other",
            "wait",
            "urgent",
            "customer.segment",
            "store.region",
            "customer.home.region",
            "customer",
            "customer.open_cases",
            "store",
            "customer.company",
            "customer.last_contact",
            "customer.last_contact",
        ];
        let script = if self.dice.once_in(6) { self.script(signal) } else { None };
        let hours = self.dice.once_in(6).then(|| {
            let name = *self.dice.pick(&["business_hours", "nights"]);
            let calendar = self.vocabulary.calendar(name).expect("it stands in the ground");
            let zone = TimeZone::get("Europe/Madrid").expect("the zone is known");
            let outside = self.dice.once_in(2);
            Condition::Hours(Hours { outside, calendar, zone, text: name.into(), here: Here::default() })
        });
        let tests: Vec<Condition> = (0..1 + self.dice.below(6))
            .filter_map(|_| {
                let path = *self.dice.pick(&paths);
                let access = self.path(Root::Signal, signal, path)?;
                self.test(access)
            })
            .chain(script)
            .chain(hours)
            .take(2)
            .collect();
        match (tests.len(), self.dice.below(2)) {
            (0, _) => None,
            (1, _) => tests.into_iter().next(),
            (_, 0) => Some(Condition::All(tests)),
            _ => Some(Condition::Any(tests)),
        }
    }

    fn source(&mut self, signal: SignalNo) -> Source {
        let filter = if self.dice.once_in(3) { self.condition(signal) } else { None };
        Source { signal, filter }
    }

    pub(super) fn length(&mut self) -> Length {
        match self.dice.below(6) {
            0 => Length::Elapsed(SignedDuration::from_mins(30)),
            1 => Length::Elapsed(SignedDuration::from_hours(1)),
            2 => Length::Elapsed(SignedDuration::from_hours(6)),
            3 => Length::Elapsed(SignedDuration::from_hours(24)),
            4 => Length::Days(1),
            _ => Length::Days(2),
        }
    }

    pub(super) fn delay(&mut self) -> Delay {
        let calendar = match self.dice.below(3) {
            0 => None,
            1 => self.vocabulary.calendar("business_hours"),
            _ => self.vocabulary.calendar("nights"),
        };
        match self.dice.below(5) {
            0 => Delay::OpenTime(SignedDuration::from_mins(30 * (1 + self.dice.below(8) as i64)), calendar),
            1 => Delay::OpenDays(1, calendar),
            _ => Delay::Plain(self.length()),
        }
    }

    /// A key every one of these signals has.
    fn key(&mut self, signals: &[SignalNo], parts: &[&str]) -> Vec<KeyPart> {
        let mut key = Vec::new();
        for path in parts {
            let from: Option<Vec<_>> =
                signals.iter().map(|signal| Some((*signal, self.path(Root::Signal, *signal, path)?))).collect();
            if let Some(from) = from {
                let thing = match from[0].1.ty {
                    Type::Thing(thing) => Some(thing),
                    _ => None,
                };
                key.push(KeyPart { name: (*path).into(), thing, from });
            }
        }
        key
    }

    pub(super) fn some_key(&mut self, signals: &[SignalNo]) -> Vec<KeyPart> {
        let choices: [&[&str]; 7] = [
            &["customer"],
            &["store"],
            &["customer", "topic"],
            &["topic"],
            &["store.region"],
            &["customer.company"],
            &["store", "topic"],
        ];
        for _ in 0..8 {
            let parts = *self.dice.pick(&choices);
            let key = self.key(signals, parts);
            if key.len() == parts.len() {
                return key;
            }
        }
        self.key(signals, &["customer", "store"])
    }

    fn any_signal(&mut self) -> SignalNo {
        let names =
            ["survey", "survey", "reading", "complaint", "complaint", "answer", "note", "case_opened", "case_closed"];
        let name = *self.dice.pick(&names);
        self.signal(name)
    }

    pub(super) fn schedule(&mut self) -> Schedule {
        let days = match self.dice.below(3) {
            0 => [true; 7],
            1 => std::array::from_fn(|day| day < 5),
            _ => std::array::from_fn(|day| day % 3 == 0),
        };
        let times = match self.dice.below(3) {
            0 => vec![time(7, 0, 0, 0)],
            1 => vec![time(2, 30, 0, 0), time(3, 0, 0, 0)],
            _ => vec![time(0, 0, 0, 0), time(12, 0, 0, 0), time(18, 30, 0, 0)],
        };
        Schedule { days, times }
    }

    fn measure(&mut self) -> (Measure, Vec<KeyPart>) {
        let signal = *self.dice.pick(&["survey", "complaint", "reading", "answer"]);
        let signal = self.signal(signal);
        let kind = self.vocabulary.signal_type(signal).clone();
        let field = |name: &str| kind.field(name);
        let all = [
            MeasureKind::Nps,
            MeasureKind::Csat,
            MeasureKind::Average,
            MeasureKind::Median,
            MeasureKind::Sum,
            MeasureKind::Count,
            MeasureKind::Share,
            MeasureKind::Lowest,
            MeasureKind::Highest,
            MeasureKind::Gap,
        ];
        let number = field("score").or(field("level"));
        let nps = matches!(&*kind.name, "survey");
        let csat = matches!(&*kind.name, "answer");
        let (measured, field, second) = loop {
            let measured = *self.dice.pick(&all);
            match measured {
                MeasureKind::Nps if !nps => continue,
                MeasureKind::Csat if !csat => continue,
                MeasureKind::Gap => match (field("level"), field("other")) {
                    (Some(a), Some(b)) => break (measured, Some(a), Some(b)),
                    _ => continue,
                },
                MeasureKind::Count | MeasureKind::Share => break (measured, None, None),
                MeasureKind::Average | MeasureKind::Sum | MeasureKind::Highest if self.dice.once_in(3) => {
                    match field("wait") {
                        Some(wait) => break (measured, Some(wait), None),
                        None => continue,
                    }
                }
                _ => break (measured, number, None),
            }
        };
        let share = match measured {
            MeasureKind::Share => loop {
                if let Some(condition) = self.condition(signal) {
                    break Some(condition);
                }
            },
            _ => None,
        };
        let mut source = self.source(signal);
        if measured == MeasureKind::Share {
            source.filter = None;
        }
        let over = self.length();
        let is_duration = field.is_some_and(|field| matches!(kind.fields[field.index()].ty, Type::Duration(_)));
        let level = |dice: &mut Dice| {
            Operand::Literal(match is_duration {
                true => Value::Duration(SignedDuration::from_mins(dice.below(30) as i64)),
                false if matches!(measured, MeasureKind::Nps | MeasureKind::Csat | MeasureKind::Share) => {
                    Value::Number(Number::from_whole(dice.below(5) as i64 * 25 - 25))
                }
                false => Value::Number(Number::from_whole(dice.below(6) as i64)),
            })
        };
        let test = match self.dice.below(5) {
            0 => MeasureTest::Between(level(self.dice), level(self.dice)),
            1 | 2 => MeasureTest::Level(self.order(), level(self.dice)),
            _ => MeasureTest::Previous {
                order: *self.dice.pick(&[Order::AtLeast, Order::MoreThan]),
                by: Number::from_billionths(500_000_000 * self.dice.below(40) as i128),
                unit: *self.dice.pick(&[DifferenceUnit::Points, DifferenceUnit::Percent]),
                side: *self.dice.pick(&[Side::Over, Side::Under]),
                before: self.length(),
            },
        };
        let both_periods = matches!(test, MeasureTest::Previous { .. }) && self.dice.once_in(2);
        let enough = (!self.dice.once_in(3)).then(|| Enough { at_least: 1 + self.dice.below(3) as u32, both_periods });
        // Of nothing these are 0, and for how long a value counts as seen is the engine's to bound: things stay seen.
        let key = match measured {
            MeasureKind::Sum | MeasureKind::Count => self.key(&[signal], &[if csat { "customer" } else { "store" }]),
            _ => self.some_key(&[signal]),
        };
        (Measure { kind: measured, source, field, second, share, over, test, enough }, key)
    }

    fn trigger(&mut self) -> (Trigger, Vec<KeyPart>) {
        let signal = self.any_signal();
        let readable = |maker: &mut Self| {
            let signal = *maker.dice.pick(&["reading", "reading", "complaint", "survey"]);
            let signal = maker.signal(signal);
            let kind = maker.vocabulary.signal_type(signal).clone();
            let field = kind.field("wait").filter(|_| maker.dice.once_in(2)).or(kind.field("level"));
            (signal, field.or(kind.field("score")).expect("each has one"), kind)
        };
        match self.dice.below(10) {
            0 | 1 => (Trigger::Each(self.source(signal)), vec![]),
            2 => {
                let (signal, field, kind) = readable(self);
                let side = *self.dice.pick(&[Side::Over, Side::Under]);
                let line = |n: i64| {
                    Operand::Literal(match kind.fields[field.index()].ty {
                        Type::Duration(_) => Value::Duration(SignedDuration::from_mins(n * 5)),
                        _ => Value::Number(Number::from_whole(n)),
                    })
                };
                let (line, cleared) = match side {
                    Side::Over => (line(3), line(2)),
                    Side::Under => (line(2), line(3)),
                };
                let clears = self.dice.once_in(2).then_some(cleared);
                let stays_for = self.dice.once_in(2).then(|| self.length());
                let key = self.some_key(&[signal]);
                (Trigger::Reading { source: self.source(signal), field, side, line, clears, stays_for }, key)
            }
            3 | 4 => {
                let different = match self.dice.below(3) {
                    0 => self.vocabulary.signal_type(signal).field("topic"),
                    _ => None,
                };
                let trigger = Trigger::Count {
                    source: self.source(signal),
                    at_least: 1 + self.dice.below(4) as u32,
                    different,
                    within: self.length(),
                };
                (trigger, self.some_key(&[signal]))
            }
            5 => {
                let then = if self.dice.once_in(3) { signal } else { self.any_signal() };
                let key = self.some_key(&[signal, then]);
                let (first, then) = (self.source(signal), self.source(then));
                (Trigger::Sequence { first, then, within: self.length() }, key)
            }
            6 | 7 => {
                let then = if self.dice.once_in(4) { signal } else { self.any_signal() };
                let key = self.some_key(&[signal, then]);
                let (first, then) = (self.source(signal), self.source(then));
                (Trigger::Absence { first, then, within: self.delay() }, key)
            }
            8 => {
                let (measure, key) = self.measure();
                (Trigger::Measure(measure), key)
            }
            _ => {
                let thing = *self.dice.pick(&["store", "customer"]);
                let key = vec![KeyPart { name: thing.into(), thing: Some(self.thing(thing)), from: vec![] }];
                (Trigger::Schedule(self.schedule()), key)
            }
        }
    }

    /// A path that actions, guards and limits of this rule may use (M15).
    fn reachable(&mut self, trigger: &Trigger, key: &[KeyPart], path: &str) -> Option<Access> {
        let in_key = self.key_path(key, path);
        if in_key.is_some() && self.dice.once_in(2) {
            return in_key;
        }
        match trigger {
            Trigger::Measure(_) | Trigger::Schedule(_) => in_key,
            Trigger::Sequence { first, then, .. } => {
                if self.dice.once_in(3) {
                    self.path(Root::First, first.signal, path)
                } else {
                    self.path(Root::Signal, then.signal, path)
                }
            }
            Trigger::Absence { first: source, .. }
            | Trigger::Each(source)
            | Trigger::Count { source, .. }
            | Trigger::Reading { source, .. } => self.path(Root::Signal, source.signal, path),
        }
    }

    pub(super) fn guard(&mut self, trigger: &Trigger, key: &[KeyPart]) -> Option<Guard> {
        let paths = ["customer.segment", "customer.open_cases", "store.region", "customer.company", "customer.home"];
        let path = *self.dice.pick(&paths);
        let access = self.reachable(trigger, key, path)?;
        Some(Guard { unless: self.dice.once_in(2), condition: self.test(access)?, here: Here::default() })
    }

    pub(super) fn limit(&mut self, trigger: &Trigger, key: &[KeyPart]) -> Option<Limit> {
        let path = *self.dice.pick(&["customer", "store", "topic", "store.region", "customer.company"]);
        let access = self.reachable(trigger, key, path)?;
        Some(Limit { every: self.length(), per: vec![(path.into(), access)], here: Here::default() })
    }

    pub(super) fn alert(&mut self, trigger: &Trigger, key: &[KeyPart]) -> ActionKind {
        let (role, path) = *self.dice.pick(&[
            ("care_team", ""),
            ("floor_manager", "store"),
            ("director", "store"),
            ("director", "store.region"),
            ("nobody", "store"),
            ("care_team", "store"),
            ("case_owner", "case"),
            ("case_owner", "case"),
        ]);
        let of = (!path.is_empty()).then(|| self.reachable(trigger, key, path)).flatten();
        let role = if of.is_none() && !path.is_empty() { "care_team" } else { role };
        let mut saying = vec![Piece::Text("look: ".into())];
        let root = match trigger {
            Trigger::Count { .. } => Some((Root::Count, "count")),
            // A length would be printed in words of its own.
            Trigger::Measure(measure) => {
                let fields = &self.vocabulary.signal_type(measure.source.signal).fields;
                let ty = measure.field.map(|field| &fields[field.index()].ty);
                (!matches!(ty, Some(Type::Duration(_)))).then_some((Root::Recent, "recent"))
            }
            _ => None,
        };
        if let Some((root, name)) = root {
            let ty = Type::Number;
            saying.push(Piece::Value(Access { root, facts: vec![], ty, personal: false, name: name.into() }));
        }
        ActionKind::Alert { role: role.into(), of, saying }
    }

    /// A mail to a customer: in a language that may be unknown, with values that may be missing.
    fn email(&mut self, who: Access, trigger: &Trigger, key: &[KeyPart]) -> Option<ActionKind> {
        let thing = self.thing("customer");
        let address = self.vocabulary.thing_type(thing).fact("email")?;
        let language = match self.dice.below(3) {
            0 => None,
            1 => Some(Operand::Literal(Value::Text((*self.dice.pick(&["pl", "de"])).into()))),
            _ => self.reachable(trigger, key, "customer.language").map(Operand::Access),
        };
        let with = match self.dice.below(3) {
            0 => vec![],
            1 => vec![("voucher".into(), Operand::Literal(Value::Text("KIND10".into())))],
            _ => {
                let about = self.reachable(trigger, key, "topic").map(Operand::Access)?;
                vec![("voucher".into(), about)]
            }
        };
        let template = (*self.dice.pick(&["thanks", "thanks", "sorry", "sorry", "receipt"])).into();
        Some(ActionKind::Email { who, thing, address, template, language, with })
    }

    fn action(&mut self, trigger: &Trigger, key: &[KeyPart], first: bool) -> ActionKind {
        let literal = |text: &str| Operand::Literal(Value::Text(text.into()));
        let choice = self.dice.below(12);
        let made = match choice {
            0 | 1 if first => {
                let priority =
                    self.dice.once_in(2).then(|| literal(self.dice.pick::<&str>(&["low", "high", "urgent"])));
                let reason = self.reachable(trigger, key, "topic").map(Operand::Access);
                Some(ActionKind::OpenCase { about: None, priority, reason })
            }
            6 => self.reachable(trigger, key, "customer").and_then(|who| self.email(who, trigger, key)),
            2 => Some(ActionKind::Post { endpoint: "hook".into(), with: vec![("n".into(), literal("x"))] }),
            3 | 4 => self.reachable(trigger, key, "customer").and_then(|who| {
                let thing = self.thing("customer");
                let (fact, value) = *self.dice.pick(&[("segment", "gold"), ("segment", "silver"), ("company", "Acme")]);
                let fact = self.vocabulary.thing_type(thing).fact(fact)?;
                Some(ActionKind::Set { thing, who, fact, to: literal(value) })
            }),
            5 => {
                let signal = self.signal("note");
                let topic = self.vocabulary.signal_type(signal).field("topic").expect("it has one");
                let value = match self.reachable(trigger, key, "topic") {
                    Some(access) if self.dice.once_in(2) => Operand::Access(access),
                    _ => literal("delivery"),
                };
                Some(ActionKind::Record { signal, fields: vec![(topic, value)] })
            }
            _ => None,
        };
        made.unwrap_or_else(|| self.alert(trigger, key))
    }

    pub(super) fn timing(&mut self) -> Timing {
        let after = (!self.dice.once_in(4)).then(|| self.delay());
        let at =
            self.dice.once_in(4).then(|| *self.dice.pick(&[time(9, 0, 0, 0), time(2, 30, 0, 0), time(23, 0, 0, 0)]));
        let during = if after.is_none() && at.is_none() || self.dice.once_in(5) {
            let calendar = *self.dice.pick(&["business_hours", "nights"]);
            self.vocabulary.calendar(calendar)
        } else {
            None
        };
        Timing { after, at, during }
    }

    fn step(&mut self, trigger: &Trigger, key: &[KeyPart], timing: Option<Timing>, ladder: bool) -> Step {
        let actions = (0..1 + self.dice.below(2))
            .map(|place| {
                // One case a step is enough.
                let kind = if ladder { self.alert(trigger, key) } else { self.action(trigger, key, place == 0) };
                Action { kind, here: Here::default() }
            })
            .collect();
        Step { timing, actions }
    }

    pub(super) fn then(&mut self, trigger: &Trigger, key: &[KeyPart]) -> Then {
        let mut steps = Vec::new();
        if !self.dice.once_in(5) {
            steps.push(self.step(trigger, key, None, false));
        }
        if self.dice.once_in(3) {
            let timing = self.timing();
            steps.push(self.step(trigger, key, Some(timing), false));
        }
        let ladder = (steps.is_empty() || self.dice.once_in(4)).then(|| {
            let first = self.step(trigger, key, None, true);
            let mut steps = vec![first];
            for _ in 0..1 + self.dice.below(2) {
                let timing = Timing { after: Some(self.delay()), at: None, during: None };
                steps.push(self.step(trigger, key, Some(timing), true));
            }
            let until_acknowledged = !self.dice.once_in(3);
            let until_case_closed = !until_acknowledged || self.dice.once_in(2);
            Ladder { until_acknowledged, until_case_closed, steps }
        });
        Then { steps, ladder }
    }

    pub(super) fn rule(&mut self, number: usize) -> Rule {
        let (trigger, key) = self.trigger();
        let guards = match self.dice.below(3) {
            0 => self.guard(&trigger, &key).into_iter().collect(),
            _ => vec![],
        };
        let check = match trigger {
            Trigger::Measure(_) if self.dice.once_in(2) => Some(self.schedule()),
            _ => None,
        };
        let limit = if self.dice.once_in(3) { self.limit(&trigger, &key) } else { None };
        let then = self.then(&trigger, &key);
        let playbook: Str = (*self.dice.pick(&["a", "b"])).into();
        let zone = *self.dice.pick(&["Europe/Madrid", "Europe/Madrid", "UTC"]);
        let status = match self.dice.below(24) {
            0 | 1 => Status::Shadow,
            2 => Status::Paused,
            _ => Status::Live,
        };
        Rule {
            id: RuleId::new(playbook, format!("r{number}")),
            title: format!("Rule {number}").into(),
            status,
            owner: None,
            zone: TimeZone::get(zone).expect("the zone is known"),
            trigger,
            key,
            guards,
            check,
            limit,
            then,
            here: Here::default(),
        }
    }
}
