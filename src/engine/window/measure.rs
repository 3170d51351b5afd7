//! Measures over the last D and the period before, computed exactly (M13).
//!
//! A signal counts as recent while *a ≤ t < a + D*, as of the period before while *a + D ≤ t < a + D + E*; both ends are
//! counted once from the signal and never earlier than those of the signal before it (M1). Values are ratios of whole
//! billionths: no floating point, rounding only in print.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::name::Name;
use crate::engine::window::{At, INSTANTS_KEPT, Place, make_room};
use crate::ir::MeasureKind;
use crate::number::Number;
use crate::value::Currency;

/// The sample of one key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MeasureWindow {
    entries: VecDeque<Entry>,
    /// Whether the episode lasts.
    pub entered: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
struct Entry {
    place: Place,
    recent_until: At,
    previous_until: At,
    value: Short,
    currency: Option<Currency>,
    name: Name,
}

/// A number in nine bytes, the lowest first: 10²¹ billionths and a sign take 71 bits.
#[derive(Clone, Copy, PartialEq)]
struct Short([u8; 9]);

impl From<Number> for Short {
    fn from(number: Number) -> Short {
        let mut bytes = [0; 9];
        bytes.copy_from_slice(&number.billionths().to_le_bytes()[..9]);
        Short(bytes)
    }
}

impl Short {
    fn billionths(self) -> i128 {
        let sign = if self.0[8] & 0x80 == 0 { 0 } else { 0xFF };
        let mut bytes = [sign; 16];
        bytes[..9].copy_from_slice(&self.0);
        i128::from_le_bytes(bytes)
    }
}

impl fmt::Debug for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Number::from_billionths(self.billionths()).fmt(f)
    }
}

/// An entry as states write it.
type Written = (Place, At, At, Sample, Name);

impl From<Written> for Entry {
    fn from((place, recent_until, previous_until, sample, name): Written) -> Entry {
        Entry { place, recent_until, previous_until, value: sample.value.into(), currency: sample.currency, name }
    }
}

impl From<Entry> for Written {
    fn from(entry: Entry) -> Written {
        let value = Number::from_billionths(entry.value.billionths());
        let sample = Sample { value, currency: entry.currency };
        (entry.place, entry.recent_until, entry.previous_until, sample, entry.name)
    }
}

/// What one signal puts into the sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The value: a score, a number, seconds of a duration, a difference; 1 or 0 for a share.
    pub value: Number,
    /// The currency of an amount.
    pub currency: Option<Currency>,
}

/// An exact value: billionths over a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    billionths: i128,
    over: i128,
}

/// One period of a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Period {
    /// How many signals.
    pub sample: u64,
    /// The currency of amounts; `None` where no amounts are measured, or none came.
    pub currency: Option<Currency>,
    /// What they measure; `None` for nothing to measure, and for amounts of several currencies: they have no sum.
    pub value: Option<Ratio>,
}

impl MeasureWindow {
    /// Puts a signal in its place; `ends` are *a + D* and *a + D + E*.
    pub fn insert(&mut self, place: Place, ends: (Timestamp, Timestamp), sample: Sample, name: Name) {
        let at = self.entries.partition_point(|entry| entry.place < place);
        let Sample { value, currency } = sample;
        let (recent_until, previous_until) = (ends.0.into(), ends.1.into());
        let entry = Entry { place, recent_until, previous_until, value: value.into(), currency, name };
        make_room(&mut self.entries);
        self.entries.insert(at, entry);
        for index in at.max(1)..self.entries.len() {
            let (recent, previous) = (self.entries[index - 1].recent_until, self.entries[index - 1].previous_until);
            let entry = &mut self.entries[index];
            entry.recent_until = entry.recent_until.max(recent);
            entry.previous_until = entry.previous_until.max(previous);
        }
        if self.entries.len() > INSTANTS_KEPT {
            self.entries.pop_front();
        }
    }

    /// Returns the latest signal's time.
    pub fn latest(&self) -> Option<Timestamp> {
        self.entries.back().map(|entry| entry.place.at())
    }

    fn recent_range(&self, t: Timestamp) -> std::ops::Range<usize> {
        let until = self.entries.partition_point(|entry| entry.place.at <= t);
        let from = self.entries.partition_point(|entry| entry.recent_until <= t);
        from.min(until)..until
    }

    /// Measures the last D as of `t`.
    pub fn recent(&self, kind: MeasureKind, t: Timestamp) -> Period {
        self.period(kind, self.recent_range(t))
    }

    /// Measures the period before as of `t`.
    pub fn previous(&self, kind: MeasureKind, t: Timestamp) -> Period {
        let until = self.recent_range(t).start;
        let from = self.entries.partition_point(|entry| entry.previous_until <= t);
        self.period(kind, from.min(until)..until)
    }

    /// Returns the signals of the last D, oldest first.
    pub fn signals(&self, t: Timestamp) -> Vec<Name> {
        self.entries.range(self.recent_range(t)).map(|entry| entry.name.clone()).collect()
    }

    fn period(&self, kind: MeasureKind, range: std::ops::Range<usize>) -> Period {
        let sample = range.len() as u64;
        let samples = || self.entries.range(range.clone());
        let mut currencies = samples().map(|entry| entry.currency);
        let first = currencies.next();
        let mixed = currencies.any(|currency| Some(currency) != first);
        let values: Vec<i128> = samples().map(|entry| entry.value.billionths()).collect();
        let currency = first.filter(|_| !mixed).flatten();
        Period { sample, currency, value: if mixed { None } else { measured(kind, values) } }
    }

    /// Counts both ends anew (a length changed, M24).
    pub fn recount(&mut self, ends: impl Fn(Timestamp) -> (Timestamp, Timestamp)) {
        let mut before = (Timestamp::MIN, Timestamp::MIN);
        for entry in &mut self.entries {
            let own = ends(entry.place.at());
            before = (before.0.max(own.0), before.1.max(own.1));
            (entry.recent_until, entry.previous_until) = (before.0.into(), before.1.into());
        }
    }

    /// Forgets what left the period before ahead of `horizon`.
    pub fn trim(&mut self, horizon: Timestamp) {
        while self.entries.front().is_some_and(|entry| entry.previous_until < horizon) {
            self.entries.pop_front();
        }
    }

    /// Tells whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// One billion: a whole in billionths.
const ONE: i128 = 1_000_000_000;

/// Measures values given in billionths. Of nothing, count and sum are 0 and all else unknown.
fn measured(kind: MeasureKind, mut values: Vec<i128>) -> Option<Ratio> {
    let n = values.len() as i128;
    let ratio = |billionths, over| Some(Ratio { billionths, over });
    let share = |picked: usize| ratio(100 * ONE * picked as i128, n);
    match kind {
        MeasureKind::Count => return ratio(n * ONE, 1),
        MeasureKind::Sum => return ratio(values.iter().sum(), 1),
        _ if values.is_empty() => return None,
        _ => {}
    }
    match kind {
        MeasureKind::Count | MeasureKind::Sum => unreachable!("answered above"),
        MeasureKind::Average | MeasureKind::Gap => ratio(values.iter().sum(), n),
        MeasureKind::Lowest => ratio(*values.iter().min()?, 1),
        MeasureKind::Highest => ratio(*values.iter().max()?, 1),
        MeasureKind::Median => {
            values.sort();
            let middle = values.len() / 2;
            match values.len() % 2 {
                1 => ratio(values[middle], 1),
                _ => ratio(values[middle - 1] + values[middle], 2),
            }
        }
        MeasureKind::Nps => {
            let promoters = values.iter().filter(|score| **score >= 9 * ONE).count() as i128;
            let detractors = values.iter().filter(|score| **score <= 6 * ONE).count() as i128;
            ratio(100 * ONE * (promoters - detractors), n)
        }
        MeasureKind::Csat => share(values.iter().filter(|score| **score >= 4 * ONE).count()),
        MeasureKind::Share => share(values.iter().filter(|picked| **picked == ONE).count()),
    }
}

impl Ratio {
    /// Returns a number as a ratio.
    pub fn of(number: Number) -> Ratio {
        Ratio { billionths: number.billionths(), over: 1 }
    }

    /// Compares exactly; `None` where the numbers are too large to.
    pub fn compare(self, other: Ratio) -> Option<Ordering> {
        Some(self.billionths.checked_mul(other.over)?.cmp(&other.billionths.checked_mul(self.over)?))
    }

    /// Returns `self − other`.
    pub fn minus(self, other: Ratio) -> Option<Ratio> {
        let left = self.billionths.checked_mul(other.over)?;
        let right = other.billionths.checked_mul(self.over)?;
        Some(Ratio { billionths: left.checked_sub(right)?, over: self.over.checked_mul(other.over)? })
    }

    /// Returns `self × numerator / denominator`, both positive.
    pub fn times(self, numerator: i128, denominator: i128) -> Option<Ratio> {
        let common = gcd(numerator, denominator).max(1);
        let billionths = self.billionths.checked_mul(numerator / common)?;
        Some(Ratio { billionths, over: self.over.checked_mul(denominator / common)? })
    }

    /// Returns `|self| × percent / 100`; `None` for a percentage of nothing.
    pub fn percent(self, percent: Number) -> Option<Ratio> {
        if self.billionths == 0 {
            return None;
        }
        let part = Ratio { billionths: self.billionths.abs(), over: self.over };
        part.times(percent.billionths(), 100 * ONE).or(Some(part).filter(|_| percent == Number::ZERO))
    }

    /// Returns the value rounded half away from zero to two places, for print.
    pub fn rounded(self) -> Number {
        let cent = ONE / 100;
        let divisor = self.over * cent;
        let half = divisor / 2 * self.billionths.signum();
        Number::from_billionths((self.billionths + half) / divisor * cent)
    }
}

fn gcd(one: i128, other: i128) -> i128 {
    if other == 0 { one.abs() } else { gcd(other, one % other) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: MeasureKind, values: &[i64]) -> Option<String> {
        let values = values.iter().map(|value| Number::from_whole(*value).billionths()).collect();
        measured(kind, values).map(|ratio| ratio.rounded().to_string())
    }

    #[test]
    fn measures_are_those_of_the_field() {
        assert_eq!(of(MeasureKind::Nps, &[10, 9, 8, 7, 6, 0]).as_deref(), Some("0"));
        assert_eq!(of(MeasureKind::Nps, &[6, 6, 9]).as_deref(), Some("-33.33"));
        assert_eq!(of(MeasureKind::Csat, &[5, 4, 3]).as_deref(), Some("66.67"));
        assert_eq!(of(MeasureKind::Median, &[1, 9, 4, 2]).as_deref(), Some("3"));
        assert_eq!(of(MeasureKind::Average, &[]), None);
        assert_eq!(of(MeasureKind::Sum, &[]).as_deref(), Some("0"));
        assert_eq!(of(MeasureKind::Count, &[]).as_deref(), Some("0"));
    }

    #[test]
    fn numbers_are_what_they_were_in_nine_bytes() {
        let largest = Number::from_whole(i64::MAX);
        let least = Number::from_whole(i64::MIN);
        let small = ["0", "0.000000001", "-0.000000001", "-1", "4.5", "255", "-256"]
            .map(|text| text.parse::<Number>().expect("a test's number"));
        for number in small.into_iter().chain([largest, least]) {
            assert_eq!(Short::from(number).billionths(), number.billionths());
        }
        assert_eq!(size_of::<Entry>(), 56);
    }

    #[test]
    fn thirds_compare_exactly() {
        let third = Ratio { billionths: ONE, over: 3 };
        let sixth = Ratio { billionths: ONE, over: 6 };
        assert_eq!(third.minus(sixth).and_then(|left| left.compare(sixth)), Some(Ordering::Equal));
    }
}
