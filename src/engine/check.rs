//! Measures are looked at, and schedules come round.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::clock::Length;
use crate::engine::clause;
use crate::engine::effect::Values;
use crate::engine::eval::{Record, Scope, holds_in_order};
use crate::engine::fire::Candidate;
use crate::engine::look::Arrived;
use crate::engine::name::Name;
use crate::engine::state::{DueKind, Key, RuleNo, Window};
use crate::engine::trace::{Compared, Unknown, Verdict};
use crate::engine::turn::Turn;
use crate::engine::window::measure::{MeasureWindow, Period, Ratio, Sample};
use crate::ir::expr::Operand;
use crate::ir::{DifferenceUnit, Measure, MeasureKind, MeasureTest, Rule, Side, Status, Trigger};
use crate::number::Number;
use crate::signal::Signal;
use crate::value::{Currency, Value};
use crate::vocabulary::{ThingNo, Type, Unit};

/// A measure at one instant.
struct Measured {
    recent: Period,
    previous: Option<Period>,
    /// Whether the test holds; `None` where too little is known.
    holds: Option<bool>,
}

impl Turn<'_> {
    /// A measure's signal arrives.
    pub(crate) fn look_measure(&mut self, number: RuleNo, arrived: &Arrived) -> bool {
        let rule = self.rule(number);
        let Trigger::Measure(measure) = &rule.trigger else { return false };
        let Some((key, mut compared)) = self.matches(number, &measure.source, arrived) else { return false };
        // A value seen is looked at from here on, also where this signal brings nothing to measure (M14).
        self.state.rules[number as usize].keys.entry(key.clone()).or_default().window.measure();
        let filtered = compared.len();
        let sample = self.sample(measure, &arrived.signal, &mut compared);
        self.asked(number, &compared[filtered..]);
        let Some(sample) = sample else {
            let part = measure.field.map_or("count".into(), |field| {
                self.rules.vocabulary.signal_type(measure.source.signal).fields[field.index()].name.clone()
            });
            self.note(number, vec![], Some(&arrived.signal.id), Verdict::KeyMissing { part }, compared);
            return false;
        };
        let at = arrived.place.at();
        let ends = ends(rule, measure, at);
        let horizon = self.lateness_horizon(measure.source.signal);
        let state = self.state.rules[number as usize].keys.entry(key.clone()).or_default();
        if state.aside().floor.is_some_and(|floor| at < floor) {
            return false;
        }
        let window = state.window.measure();
        window.trim(horizon);
        window.insert(arrived.place, ends, sample, arrived.name());
        let as_of = window.latest().unwrap_or(at);
        if rule.check.is_none() && !self.quiet {
            self.look_at_measure(number, &key, as_of, Some(arrived));
        } else {
            self.note_key(number, &key, Some(&arrived.signal.id), Verdict::Noted, compared);
        }
        true
    }

    /// Returns what a signal puts into a measure's sample; `None` where its value is missing.
    fn sample(&self, measure: &Measure, signal: &Signal, compared: &mut Vec<Compared>) -> Option<Sample> {
        let plain = |value: Number| Some(Sample { value, currency: None });
        match measure.kind {
            MeasureKind::Count => plain(Number::from_whole(1)),
            MeasureKind::Share => {
                let share = measure.share.as_ref()?;
                let mut record: Record = self.watching.then(Vec::new);
                let picked = Scope::of_signal(self.facts(), signal).holds(share, &mut record);
                compared.extend(record.unwrap_or_default());
                plain(Number::from_whole(i64::from(picked)))
            }
            MeasureKind::Gap => {
                let one = number_of(signal.field(measure.field?))?;
                let other = number_of(signal.field(measure.second?))?;
                plain(Number::from_billionths(one.value.billionths() - other.value.billionths()))
            }
            _ => number_of(signal.field(measure.field?)),
        }
    }

    /// A check or a schedule comes round; of missed runs only the latest runs (M22).
    pub(crate) fn check(&mut self, number: RuleNo, due: Timestamp) {
        let rule = self.rule(number);
        let schedule = match &rule.trigger {
            Trigger::Schedule(schedule) => Some(schedule),
            _ => rule.check.as_ref(),
        };
        let Some(schedule) = schedule else { return };
        let mut run = due;
        while let Some(next) = schedule.next_after(run, &rule.zone).filter(|next| *next <= self.now) {
            run = next;
        }
        if run > due {
            // Of missed runs only the latest runs, and that one in its turn (M22).
            self.state.rules[number as usize].check_due = Some(run);
            return self.put(run, number, vec![], DueKind::Check);
        }
        self.schedule_check(number, run);
        if rule.status == Status::Paused {
            return;
        }
        for key in self.keys_to_check(number) {
            match &rule.trigger {
                Trigger::Schedule(_) => {
                    let values = Values { key: key.clone(), ..Values::default() };
                    self.attempt_once(unsignalled(number, key, values, vec![], vec![]));
                }
                _ => self.look_at_measure(number, &key, run, None),
            }
        }
    }

    /// Returns the keys a check runs over: those that wait for their limit first, the longest-waiting first; the rest
    /// in order.
    fn keys_to_check(&self, number: RuleNo) -> Vec<Key> {
        let rule = self.rule(number);
        let state = &self.state.rules[number as usize];
        let keys: BTreeSet<Key> = match &rule.key[..] {
            [] => BTreeSet::from([vec![]]),
            [part] if part.thing.is_some() => part.thing.into_iter().flat_map(|thing| self.all_of(thing)).collect(),
            // A key under which only a ladder of an earlier version climbs is none of this one.
            _ => {
                let seen = state.keys.iter().filter(|(_, state)| !matches!(state.window, Window::None));
                seen.map(|(key, _)| key.clone()).collect()
            }
        };
        let waits = |key: &Key| {
            let episode = state.keys.get(key)?.episode.as_ref()?;
            episode.pending.as_ref().map(|_| (episode.since, episode.number))
        };
        let mut keys: Vec<Key> = keys.into_iter().collect();
        keys.sort_by_key(|key| waits(key).map_or((true, None), |since| (false, Some(since))));
        keys
    }

    /// Returns every key of one thing: each in the directory and each one seen (M14).
    fn all_of(&self, thing: ThingNo) -> Vec<Key> {
        let known = self.rules.directory.places.keys().filter(|(of, _)| *of == thing).map(|(_, id)| id);
        let seen = self.state.things_seen.iter().filter(|(of, _)| *of == thing).map(|(_, id)| id);
        let told = self.state.facts.ids(thing);
        known.chain(seen).chain(told).map(|id| vec![Value::Id(id.clone())]).collect()
    }

    /// Looks at a measure as of an instant: enters, joins or leaves its episode.
    fn look_at_measure(&mut self, number: RuleNo, key: &Key, as_of: Timestamp, arrived: Option<&Arrived>) {
        let rule = self.rule(number);
        let Trigger::Measure(measure) = &rule.trigger else { return };
        let nothing = MeasureWindow::default();
        let state = self.state.rules[number as usize].keys.get(key);
        let window = match state.map(|state| &state.window) {
            Some(crate::engine::state::Window::Measure(window)) => window,
            _ => &nothing,
        };
        let scale = self.measured_unit(measure).map_or(1, |unit| unit.seconds() as i128);
        let measured = measured(measure, window, as_of, scale);
        let entered = window.entered;
        let signals = window.signals(as_of);
        // A firing keeps its trace; of the rest nobody asks but who watches.
        let kept = self.watching || measured.holds == Some(true);
        let compared = if kept { vec![self.compared(measure, rule, &measured)] } else { vec![] };
        let signal = arrived.map(|arrived| arrived.signal.id.clone());
        let values = Values {
            key: key.clone(),
            recent: self.printable(measure, &measured.recent),
            previous: measured.previous.as_ref().map_or(Value::Missing, |period| self.printable(measure, period)),
            ..Values::default()
        };
        let mut candidate = unsignalled(number, key.clone(), values, signals, compared.clone());
        if let Some(arrived) = arrived {
            candidate.signal = signal.clone();
            candidate.chain = arrived.chain.clone();
            candidate.late = arrived.late;
        }
        match measured.holds {
            None => {
                let verdict = Verdict::Unknown(why_unknown(measure, &measured));
                self.note_key(number, key, signal.as_ref(), verdict, compared);
            }
            Some(false) => {
                self.note_key(number, key, signal.as_ref(), Verdict::TestFails, compared);
                self.set_entered(number, key, false);
                self.leave(number, key);
            }
            Some(true) if entered => self.join(candidate, true),
            Some(true) => {
                self.set_entered(number, key, true);
                self.enter(candidate, true);
            }
        }
    }

    fn set_entered(&mut self, number: RuleNo, key: &Key, entered: bool) {
        if entered || self.state.rules[number as usize].keys.contains_key(key) {
            let state = self.state.rules[number as usize].keys.entry(key.clone()).or_default();
            state.window.measure().entered = entered;
        }
    }

    fn printable(&self, measure: &Measure, period: &Period) -> Value {
        let Some(value) = period.value else { return Value::Missing };
        let rounded = value.rounded();
        match (self.measured_unit(measure), &period.currency) {
            (Some(_), _) => Value::Duration(SignedDuration::from_nanos_i128(rounded.billionths())),
            (None, Some(currency)) => Value::Money(rounded, *currency),
            (None, None) => Value::Number(rounded),
        }
    }

    /// Returns the unit of the measured field, where it is a duration and the measure keeps its unit.
    fn measured_unit(&self, measure: &Measure) -> Option<Unit> {
        let keeps = !matches!(measure.kind, MeasureKind::Count | MeasureKind::Share);
        let field = measure.field.filter(|_| keeps)?;
        match &self.rules.vocabulary.signal_type(measure.source.signal).fields[field.index()].ty {
            Type::Duration(unit) => Some(*unit),
            _ => None,
        }
    }

    fn compared(&self, measure: &Measure, rule: &Rule, measured: &Measured) -> Compared {
        let vocabulary = &self.rules.vocabulary;
        let value = |period: &Period| self.printable(measure, period);
        let recent = value(&measured.recent);
        let previous = measured.previous.as_ref().map(|period| (period, value(period)));
        let previous = previous.as_ref().map(|(period, value)| (*period, value));
        let actual = clause::met(measure, vocabulary, (&measured.recent, &recent), previous).into();
        let clause = clause::asked(measure, vocabulary).into();
        Compared { clause, actual, holds: measured.holds == Some(true), here: rule.here }
    }
}

/// Returns a candidate of a check: it has no signal.
fn unsignalled(rule: RuleNo, key: Key, values: Values, signals: Vec<Name>, compared: Vec<Compared>) -> Candidate {
    let chain: Arc<[_]> = Arc::default();
    Candidate { rule, key, values, signal: None, signals, late: false, chain, compared }
}

/// Returns when a signal leaves the last D, and when the period before.
pub(crate) fn ends(rule: &Rule, measure: &Measure, at: Timestamp) -> (Timestamp, Timestamp) {
    let recent = measure.over.after(at, &rule.zone);
    let previous = match &measure.test {
        MeasureTest::Previous { before, .. } => match (measure.over, *before) {
            // Days add up as days: a + 35 d, not (a + 7 d) + 28 d with a clock change in between.
            (crate::clock::Length::Days(over), crate::clock::Length::Days(before)) => {
                crate::clock::Length::Days(over.saturating_add(before)).after(at, &rule.zone)
            }
            _ => before.after(recent, &rule.zone),
        },
        _ => recent,
    };
    (recent, previous)
}

fn number_of(value: &Value) -> Option<Sample> {
    match value {
        Value::Number(value) => Some(Sample { value: *value, currency: None }),
        Value::Duration(duration) => {
            Some(Sample { value: Number::from_billionths(duration.as_nanos()), currency: None })
        }
        Value::Money(value, currency) => Some(Sample { value: *value, currency: Some(*currency) }),
        _ => None,
    }
}

/// Measures and tests, exactly.
fn measured(measure: &Measure, window: &MeasureWindow, as_of: Timestamp, scale: i128) -> Measured {
    let recent = window.recent(measure.kind, as_of);
    let previous = match measure.test {
        MeasureTest::Previous { before, .. } => {
            Some(to_recent_length(measure, before, window.previous(measure.kind, as_of)))
        }
        _ => None,
    };
    let enough = too_few(measure, &recent, previous.as_ref()).is_none();
    let holds = match test(measure, &recent, previous.as_ref(), scale) {
        Some(true) if !enough => None,
        // A count of few is known: it is few. The least sample keeps a rule from firing, never an episode from ending.
        Some(false) if !enough && measure.kind != MeasureKind::Count => None,
        holds => holds,
    };
    Measured { recent, previous, holds }
}

/// Returns which of the periods has too few signals, and how many are needed.
fn too_few(measure: &Measure, recent: &Period, previous: Option<&Period>) -> Option<Unknown> {
    let enough = measure.enough?;
    let need = u64::from(enough.at_least);
    let few = |period: &Period| Some(period.sample).filter(|sample| *sample < need);
    let (recent, previous) = (few(recent), previous.filter(|_| enough.both_periods).and_then(few));
    (recent.is_some() || previous.is_some()).then_some(Unknown::Few { recent, previous, need })
}

/// Returns why a measure that is unknown is.
fn why_unknown(measure: &Measure, measured: &Measured) -> Unknown {
    let Measured { recent, previous, .. } = measured;
    if let Some(few) = too_few(measure, recent, previous.as_ref()) {
        return few;
    }
    let in_percent = matches!(measure.test, MeasureTest::Previous { unit: DifferenceUnit::Percent, .. });
    match previous {
        _ if recent.sample == 0 && recent.value.is_none() => Unknown::Nothing,
        Some(before) if before.sample == 0 && before.value.is_none() => Unknown::NothingBefore,
        Some(Period { value: Some(before), .. }) if in_percent && before.rounded() == Number::ZERO => {
            Unknown::PercentOfNothing
        }
        _ => Unknown::Incomparable,
    }
}

/// Returns the period before with counts and sums scaled to the length of the recent one (M13): what is compared is
/// also what is printed.
fn to_recent_length(measure: &Measure, before: Length, mut period: Period) -> Period {
    if matches!(measure.kind, MeasureKind::Count | MeasureKind::Sum) {
        let (over, before) = (measure.over.nominal().as_nanos(), before.nominal().as_nanos());
        period.value = period.value.and_then(|value| value.times(over, before));
    }
    period
}

/// `scale` is how many seconds a point is, where a duration is measured.
fn test(measure: &Measure, recent: &Period, previous: Option<&Period>, scale: i128) -> Option<bool> {
    let value = recent.value?;
    match &measure.test {
        MeasureTest::Level(order, level) => Some(holds_in_order(value.compare(literal(level, recent)?)?, *order)),
        MeasureTest::Between(low, high) => {
            Some(value.compare(literal(low, recent)?)?.is_ge() && value.compare(literal(high, recent)?)?.is_le())
        }
        MeasureTest::Previous { order, by, unit, side, .. } => {
            let previous = previous.filter(|previous| one_currency(&previous.currency, &recent.currency))?.value?;
            let by = match unit {
                DifferenceUnit::Points => Ratio::of(*by).times(scale, 1)?,
                DifferenceUnit::Percent => previous.percent(*by)?,
            };
            let difference = match side {
                Side::Over => value.minus(previous)?,
                Side::Under => previous.minus(value)?,
            };
            Some(holds_in_order(difference.compare(by)?, *order))
        }
    }
}

/// Returns the level a period is held against; `None` for an amount in another currency.
fn literal(operand: &Operand, period: &Period) -> Option<Ratio> {
    match operand {
        Operand::Literal(value) => number_of(value)
            .filter(|level| one_currency(&level.currency, &period.currency))
            .map(|level| Ratio::of(level.value)),
        _ => None,
    }
}

/// Tells whether two amounts can be compared: nothing at all is nothing in every currency.
fn one_currency(one: &Option<Currency>, other: &Option<Currency>) -> bool {
    one.is_none() || other.is_none() || one == other
}
