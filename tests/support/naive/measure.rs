//! Measures, compared exactly (M1, M3, M9, M13, M14, M22), and what runs at given times.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use touchline::engine::effect::Values;
use touchline::ir::expr::Operand;
use touchline::ir::{DifferenceUnit, Measure, MeasureKind, MeasureTest, Order, Rule, Schedule, Side, Trigger};
use touchline::number::Number;
use touchline::value::Value;
use touchline::vocabulary::{Type, Unit};

use super::firing::Candidate;
use super::window::{Part, Seen, ends, of_key};
use super::{Look, Naive};

/// An exact fraction; the denominator is positive.
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    pub num: i128,
    pub den: i128,
}

impl Ratio {
    fn new(num: i128, den: i128) -> Ratio {
        let (num, den) = if den < 0 { (-num, -den) } else { (num, den) };
        let common = gcd(num.unsigned_abs(), den.unsigned_abs()).max(1) as i128;
        Ratio { num: num / common, den: den / common }
    }

    fn minus(self, other: Ratio) -> Ratio {
        Ratio::new(self.num * other.den - other.num * self.den, self.den * other.den)
    }

    fn times(self, other: Ratio) -> Ratio {
        Ratio::new(self.num * other.num, self.den * other.den)
    }

    fn compare(self, other: Ratio) -> Ordering {
        (self.num * other.den).cmp(&(other.num * self.den))
    }

    fn abs(self) -> Ratio {
        Ratio { num: self.num.abs(), den: self.den }
    }
}

fn gcd(one: u128, other: u128) -> u128 {
    if other == 0 { one } else { gcd(other, one % other) }
}

/// What a look at a measure finds.
enum Found {
    /// Too small a sample, or nothing to measure: neither enters nor leaves (M13).
    Unknown,
    Known {
        holds: bool,
        recent: Ratio,
        previous: Option<Ratio>,
        sample: Vec<usize>,
    },
}

impl Naive {
    /// M13: without `check`, after each of its signals, as of the latest `at` of the key's signals.
    pub(super) fn look_measure(&mut self, rule: &Arc<Rule>, place: usize, look: Look) {
        if rule.check.is_some() {
            return;
        }
        let seen = self.seen(rule);
        let new = seen[place].clone();
        let latest = of_key(seen, &new.key, Part::First).into_iter().map(|place| seen[place].at).max();
        let as_of = latest.expect("it was just seen");
        self.judge_measure(rule, &new.key, as_of, Some((&new, look.late)));
    }

    /// Enters, joins or leaves (M9).
    pub(super) fn judge_measure(
        &mut self,
        rule: &Arc<Rule>,
        key: &[Value],
        as_of: Timestamp,
        by: Option<(&Seen, bool)>,
    ) {
        let Trigger::Measure(measure) = &rule.trigger else { return };
        let Found::Known { holds, recent, previous, sample } = self.measure(rule, measure, key, as_of) else {
            return;
        };
        if !holds {
            self.story(&rule.id).entered.remove(key);
            self.leave(rule, key);
            return;
        }
        let candidate = Candidate {
            key: key.to_vec(),
            signal: by.map(|(seen, _)| seen.signal.id.clone()),
            signals: sample.iter().map(|place| self.seen(rule)[*place].signal.id.clone()).collect(),
            late: by.is_some_and(|(_, late)| late),
            values: Values {
                recent: printed(recent),
                previous: previous.map_or(Value::Missing, printed),
                key: key.to_vec(),
                ..Values::default()
            },
            chain: by.map_or(vec![], |(seen, _)| seen.chain.clone()),
        };
        if self.story(&rule.id).entered.insert(key.to_vec()) {
            self.enter(rule, candidate, true);
        } else {
            self.ask_again(rule, candidate, false);
        }
    }

    /// M1: in the last D while a ≤ t < a + D; in the period before while a + D ≤ t < a + D + before, each end never
    /// earlier than that of the signal before.
    fn measure(&self, rule: &Rule, measure: &Measure, key: &[Value], t: Timestamp) -> Found {
        let seen = self.seen(rule);
        let places = of_key(seen, key, Part::First);
        let list: Vec<&Seen> = places.iter().map(|place| &seen[*place]).collect();
        let recent_ends = ends(&list, measure.over, &rule.zone);
        let recent: Vec<usize> =
            (0..list.len()).filter(|i| list[*i].at <= t && t < recent_ends[*i]).map(|i| places[i]).collect();
        let previous: Option<Vec<usize>> = match measure.test {
            MeasureTest::Previous { before, .. } => {
                let mut latest = Timestamp::MIN;
                let mut sample = vec![];
                for (i, seen) in list.iter().enumerate() {
                    latest = latest.max(after_both(measure.over, before, seen.at, rule));
                    if recent_ends[i] <= t && t < latest {
                        sample.push(places[i]);
                    }
                }
                Some(sample)
            }
            _ => None,
        };
        let few = measure.enough.is_some_and(|enough| {
            let small = |sample: &[usize]| sample.len() < enough.at_least as usize;
            small(&recent) || enough.both_periods && previous.as_deref().is_some_and(small)
        });
        let found = self.compare(rule, measure, recent, previous);
        match (measure.kind, found) {
            // What is counted is known however little it is: only that it is reached takes a sample.
            (MeasureKind::Count, Found::Known { holds: false, recent, previous, sample }) => {
                Found::Known { holds: false, recent, previous, sample }
            }
            (_, found) => {
                if few {
                    Found::Unknown
                } else {
                    found
                }
            }
        }
    }

    fn compare(&self, rule: &Rule, measure: &Measure, recent: Vec<usize>, previous: Option<Vec<usize>>) -> Found {
        let Some(recent_value) = self.value(rule, measure, &recent) else {
            return Found::Unknown;
        };
        match &measure.test {
            MeasureTest::Level(order, level) => {
                let Some(level) = as_ratio(level) else { return Found::Unknown };
                let holds = in_order(recent_value.compare(level), *order);
                Found::Known { holds, recent: recent_value, previous: None, sample: recent }
            }
            MeasureTest::Between(low, high) => {
                let (Some(low), Some(high)) = (as_ratio(low), as_ratio(high)) else { return Found::Unknown };
                let holds =
                    recent_value.compare(low) != Ordering::Less && recent_value.compare(high) != Ordering::Greater;
                Found::Known { holds, recent: recent_value, previous: None, sample: recent }
            }
            MeasureTest::Previous { order, by, unit, side, before } => {
                let Some(previous_value) = self.value(rule, measure, &previous.unwrap_or_default()) else {
                    return Found::Unknown;
                };
                // M13: counts and sums of the period before are scaled to the recent length.
                let previous_value = match measure.kind {
                    MeasureKind::Count | MeasureKind::Sum => {
                        let over = measure.over.nominal().as_nanos();
                        previous_value.times(Ratio::new(over, before.nominal().as_nanos()))
                    }
                    _ => previous_value,
                };
                let difference = match side {
                    Side::Over => recent_value.minus(previous_value),
                    Side::Under => previous_value.minus(recent_value),
                };
                let by = Ratio::new(by.billionths(), 1_000_000_000);
                let needed = match unit {
                    DifferenceUnit::Points => by.times(self.unit_of(measure)),
                    // Percent of nothing is unknown.
                    DifferenceUnit::Percent if previous_value.num == 0 => return Found::Unknown,
                    DifferenceUnit::Percent => by.times(previous_value.abs()).times(Ratio::new(1, 100)),
                };
                let holds = in_order(difference.compare(needed), *order);
                Found::Known { holds, recent: recent_value, previous: Some(previous_value), sample: recent }
            }
        }
    }

    /// How many of what values are kept in make one point: seconds for durations.
    fn unit_of(&self, measure: &Measure) -> Ratio {
        let fields = &self.ruleset.vocabulary.signal_type(measure.source.signal).fields;
        let ty = measure.field.map(|field| &fields[field.index()].ty);
        Ratio::new(
            match ty {
                Some(Type::Duration(Unit::Minutes)) => 60,
                Some(Type::Duration(Unit::Hours)) => 3600,
                Some(Type::Duration(Unit::Days)) => 86400,
                _ => 1,
            },
            1,
        )
    }

    /// M13: the measure of a sample. `count` and `sum` of nothing are 0, others unknown.
    fn value(&self, rule: &Rule, measure: &Measure, sample: &[usize]) -> Option<Ratio> {
        let seen = self.seen(rule);
        let n = sample.len() as i128;
        let of = |field: Option<_>| -> Vec<Ratio> {
            let values = sample.iter().filter_map(|place| field.map(|field| seen[*place].signal.field(field).clone()));
            values.filter_map(|value| as_ratio(&Operand::Literal(value))).collect()
        };
        let values = of(measure.field);
        let total = |values: &[Ratio]| values.iter().fold(Ratio::new(0, 1), |sum, value| sum.minus(negative(*value)));
        let percent = |how_many: i128| Ratio::new(how_many * 100, n);
        let at_least = |line: i128| {
            values.iter().filter(|value| value.compare(Ratio::new(line, 1)) != Ordering::Less).count() as i128
        };
        match measure.kind {
            MeasureKind::Count => return Some(Ratio::new(n, 1)),
            MeasureKind::Sum => return Some(total(&values)),
            _ if n == 0 => return None,
            _ => {}
        }
        let mut sorted = values.clone();
        sorted.sort_by(|one, other| one.compare(*other));
        Some(match measure.kind {
            MeasureKind::Nps => {
                // Promoters 9 and 10, detractors 0 to 6.
                let detractors =
                    values.iter().filter(|value| value.compare(Ratio::new(6, 1)) != Ordering::Greater).count();
                percent(at_least(9) - detractors as i128)
            }
            MeasureKind::Csat => percent(at_least(4)),
            MeasureKind::Share => percent(sample.iter().filter(|place| seen[**place].in_share).count() as i128),
            MeasureKind::Average => total(&values).times(Ratio::new(1, n)),
            MeasureKind::Gap => total(&values).minus(total(&of(measure.second))).times(Ratio::new(1, n)),
            MeasureKind::Median => {
                let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
                low.minus(negative(high)).times(Ratio::new(1, 2))
            }
            MeasureKind::Lowest => sorted[0],
            MeasureKind::Highest => sorted[sorted.len() - 1],
            MeasureKind::Count | MeasureKind::Sum => unreachable!("returned above"),
        })
    }

    /// M14: a rule for each thing runs over every one in the directory and every one seen; any other over the keys
    /// seen.
    fn keys_to_run(&self, rule: &Rule) -> BTreeSet<Vec<Value>> {
        match rule.key.as_slice() {
            [] => BTreeSet::from([vec![]]),
            [part] if part.thing.is_some() => {
                let thing = part.thing.expect("just looked");
                let ids = self.before.all_of(&self.ruleset.directory, thing);
                ids.into_iter().map(|id| vec![Value::Id(id)]).collect()
            }
            _ => self.stories[&rule.id].met.clone(),
        }
    }

    /// M12: with `check`, those that wait are asked at the next check, the longest-waiting first.
    fn in_turn(&self, rule: &Rule, keys: BTreeSet<Vec<Value>>) -> Vec<Vec<Value>> {
        let waiting = &self.stories[&rule.id].waiting;
        let since = |key: &Vec<Value>| waiting.iter().find(|waiting| waiting.key == *key).map(|waiting| waiting.since);
        let mut keys: Vec<Vec<Value>> = keys.into_iter().collect();
        keys.sort_by_key(|key| (since(key).is_none(), since(key), key.clone()));
        keys
    }

    /// The latest run that is due and not done (M22: of missed runs only the latest).
    pub(super) fn run_due(&self, rule: &Rule, now: Timestamp) -> Option<Timestamp> {
        let after = self.stories[&rule.id].last_run?;
        runs(rule, after, now).into_iter().rev().find(|run| *run <= now)
    }

    pub(super) fn next_run(&self, rule: &Rule) -> Option<Timestamp> {
        let after = self.stories[&rule.id].last_run?;
        runs(rule, after, after).into_iter().next()
    }

    /// A check or schedule comes round: as of the run's own time, after every signal of it (M3).
    pub(super) fn run(&mut self, rule: &Arc<Rule>, at: Timestamp) {
        self.story(&rule.id).last_run = Some(at);
        for key in self.in_turn(rule, self.keys_to_run(rule)) {
            match &rule.trigger {
                Trigger::Measure(_) => self.judge_measure(rule, &key, at, None),
                _ => {
                    let values = Values { key: key.clone(), ..Values::default() };
                    let candidate =
                        Candidate { key, signal: None, signals: vec![], late: false, values, chain: vec![] };
                    self.fire_or_not(rule, candidate);
                }
            }
        }
    }
}

pub fn schedule_of(rule: &Rule) -> Option<&Schedule> {
    match &rule.trigger {
        Trigger::Schedule(schedule) => Some(schedule),
        _ => rule.check.as_ref(),
    }
}

/// M2: the runs after an instant, in order, up to some days after another.
fn runs(rule: &Rule, after: Timestamp, until: Timestamp) -> Vec<Timestamp> {
    let Some(schedule) = schedule_of(rule) else { return vec![] };
    let mut date = after.to_zoned(rule.zone.clone()).date().yesterday().expect("not the beginning of time");
    let last = until.to_zoned(rule.zone.clone()).date().checked_add(jiff::Span::new().days(9)).expect("nor the end");
    let mut runs = Vec::new();
    while date <= last {
        if schedule.days[date.weekday().to_monday_zero_offset() as usize] {
            let run = |time: &jiff::civil::Time| {
                rule.zone.to_ambiguous_timestamp(date.to_datetime(*time)).compatible().expect("nor the end")
            };
            runs.extend(schedule.times.iter().map(run));
        }
        date = date.tomorrow().expect("nor the end");
    }
    runs.retain(|run| *run > after);
    runs.sort();
    runs
}

/// `a + D + before`: the recent length and the period before it, days counted as days where both are.
fn after_both(
    over: touchline::clock::Length,
    before: touchline::clock::Length,
    at: Timestamp,
    rule: &Rule,
) -> Timestamp {
    use touchline::clock::Length;
    match (over, before) {
        (Length::Days(over), Length::Days(before)) => Length::Days(over + before).after(at, &rule.zone),
        _ => before.after(over.after(at, &rule.zone), &rule.zone),
    }
}

fn negative(ratio: Ratio) -> Ratio {
    Ratio { num: -ratio.num, den: ratio.den }
}

/// A number, an amount, or a length in seconds.
fn as_ratio(operand: &Operand) -> Option<Ratio> {
    match operand {
        Operand::Literal(Value::Number(number) | Value::Money(number, _)) => {
            Some(Ratio::new(number.billionths(), 1_000_000_000))
        }
        Operand::Literal(Value::Duration(length)) => Some(Ratio::new(length.as_nanos(), 1_000_000_000)),
        _ => None,
    }
}

fn in_order(ordering: Ordering, order: Order) -> bool {
    match order {
        Order::AtLeast => ordering != Ordering::Less,
        Order::AtMost => ordering != Ordering::Greater,
        Order::MoreThan | Order::After => ordering == Ordering::Greater,
        Order::LessThan | Order::Before => ordering == Ordering::Less,
    }
}

/// M13: rounded only in print: two places, half away from zero.
fn printed(ratio: Ratio) -> Value {
    let (num, den) = (ratio.num.abs() * 100, ratio.den);
    let rounded = (num * 2 + den) / (den * 2);
    Value::Number(Number::from_billionths(rounded * 10_000_000 * ratio.num.signum()))
}
