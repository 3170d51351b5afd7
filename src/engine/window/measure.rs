//! Measures over the last D and the period before, computed exactly (M13).
//!
//! A signal counts as recent while *a ≤ t < a + D*, as of the period before while *a + D ≤ t < a + D + E*; both ends are
//! counted once from the signal and never earlier than those of the signal before it (M1). Values are ratios of whole
//! billionths: no floating point, rounding only in print.

use std::cmp::Ordering;
use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::engine::name::Name;
use crate::engine::window::{At, INSTANTS_KEPT, Place, make_room};
use crate::ir::MeasureKind;
use crate::number::Number;
use crate::value::Currency;

/// The sample of one key.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "Written")]
pub struct MeasureWindow {
    entries: VecDeque<Entry>,
    /// Whether the episode lasts.
    pub entered: bool,
    /// What entries have that few windows need.
    beside: Option<Box<Beside>>,
}

/// A signal of the sample, in forty bytes: windows of measures are the longest there are.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    place: Place,
    name: Name,
    /// In billionths.
    value: i64,
    /// The two ends, in whole seconds after its time; [`ODD`] where it stands in [`Beside::odd`].
    ends: (u32, u32),
    /// 0 for none, otherwise one more than its place in [`Beside::currencies`].
    currency: u8,
}

/// Says of an entry that it does not fit into its forty bytes.
const ODD: (u32, u32) = (u32::MAX, u32::MAX);

#[derive(Clone, Debug, Default, PartialEq)]
struct Beside {
    currencies: Vec<Currency>,
    /// Entries that have ends apart from their time by more than whole seconds, large values, or one currency too many.
    odd: BTreeMap<Place, Odd>,
}

/// What a signal puts in, whatever it is.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Odd {
    ends: (At, At),
    value: i128,
    currency: Option<Currency>,
}

/// A window as states write it.
#[derive(Deserialize)]
struct Written {
    entries: Vec<WrittenEntry>,
    entered: bool,
}

type WrittenEntry = (Place, At, At, Sample, Name);

impl From<Written> for MeasureWindow {
    fn from(Written { entries, entered }: Written) -> MeasureWindow {
        let mut window = MeasureWindow { entered, entries: VecDeque::with_capacity(entries.len()), beside: None };
        for (place, recent_until, previous_until, Sample { value, currency }, name) in entries {
            let odd = Odd { ends: (recent_until, previous_until), value: value.billionths(), currency };
            let entry = window.entry(place, odd, name);
            window.entries.push_back(entry);
        }
        window
    }
}

impl Serialize for MeasureWindow {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut written = to.serialize_struct("Written", 2)?;
        written.serialize_field("entries", &Entries(self))?;
        written.serialize_field("entered", &self.entered)?;
        written.end()
    }
}

/// The entries of a window, written one by one.
struct Entries<'a>(&'a MeasureWindow);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.written())
    }
}

/// What is kept beside differs with what came and went.
impl PartialEq for MeasureWindow {
    fn eq(&self, other: &MeasureWindow) -> bool {
        self.entered == other.entered && self.written().eq(other.written())
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
        let ends = (ends.0.into(), ends.1.into());
        let odd = Odd { ends, value: sample.value.billionths(), currency: sample.currency };
        let entry = self.entry(place, odd, name);
        make_room(&mut self.entries);
        self.entries.insert(at, entry);
        self.mend_ends(at);
        if self.entries.len() > INSTANTS_KEPT {
            self.drop_first();
        }
    }

    /// No end is earlier than that of the signal before it (M1); those behind the new one at `at` are so up to now.
    fn mend_ends(&mut self, at: usize) {
        for index in at.max(1)..self.entries.len() {
            let (before, own) = (self.whole(&self.entries[index - 1]).ends, self.whole(&self.entries[index]).ends);
            let ends = (own.0.max(before.0), own.1.max(before.1));
            if ends != own {
                self.set_ends(index, ends);
            } else if index > at {
                break;
            }
        }
    }

    fn set_ends(&mut self, index: usize, ends: (At, At)) {
        let entry = &self.entries[index];
        let (place, name, whole) = (entry.place, entry.name.clone(), self.whole(entry));
        self.forget(index);
        self.entries[index] = self.entry(place, Odd { ends, ..whole }, name);
    }

    /// Makes an entry, of which beside is kept what does not fit.
    fn entry(&mut self, place: Place, whole: Odd, name: Name) -> Entry {
        let after = |end: At| place.at.seconds_until(end).filter(|seconds| *seconds < u32::MAX);
        let fits =
            (i64::try_from(whole.value), after(whole.ends.0), after(whole.ends.1), self.currency(whole.currency));
        if let (Ok(value), Some(recent), Some(previous), Some(currency)) = fits {
            return Entry { place, name, value, ends: (recent, previous), currency };
        }
        self.beside.get_or_insert_default().odd.insert(place, whole);
        Entry { place, name, value: 0, ends: ODD, currency: 0 }
    }

    /// Returns the number of a currency within this window; `None` where there are too many of them.
    fn currency(&mut self, currency: Option<Currency>) -> Option<u8> {
        let Some(currency) = currency else { return Some(0) };
        let known = &mut self.beside.get_or_insert_default().currencies;
        let place = known.iter().position(|of| *of == currency).unwrap_or(known.len());
        let number = u8::try_from(place + 1).ok()?;
        if place == known.len() {
            known.push(currency);
        }
        Some(number)
    }

    fn written(&self) -> impl Iterator<Item = WrittenEntry> + '_ {
        self.entries.iter().map(|entry| {
            let Odd { ends: (recent_until, previous_until), value, currency } = self.whole(entry);
            let sample = Sample { value: Number::from_billionths(value), currency };
            (entry.place, recent_until, previous_until, sample, entry.name.clone())
        })
    }

    /// Returns an entry spread out.
    fn whole(&self, entry: &Entry) -> Odd {
        let beside = || self.beside.as_deref().expect("an entry that needs it put it there");
        if entry.ends == ODD {
            return beside().odd[&entry.place];
        }
        let ends = (entry.place.at.later(entry.ends.0), entry.place.at.later(entry.ends.1));
        let currency = usize::from(entry.currency).checked_sub(1).map(|place| beside().currencies[place]);
        Odd { ends, value: entry.value.into(), currency }
    }

    /// Forgets what is kept beside an entry.
    fn forget(&mut self, index: usize) {
        let entry = &self.entries[index];
        if let (true, Some(beside)) = (entry.ends == ODD, &mut self.beside) {
            beside.odd.remove(&entry.place);
        }
    }

    fn drop_first(&mut self) {
        self.forget(0);
        self.entries.pop_front();
    }

    /// Returns the latest signal's time.
    pub fn latest(&self) -> Option<Timestamp> {
        self.entries.back().map(|entry| entry.place.at())
    }

    fn recent_range(&self, t: Timestamp) -> std::ops::Range<usize> {
        let until = self.entries.partition_point(|entry| entry.place.at <= t);
        let from = self.entries.partition_point(|entry| self.whole(entry).ends.0 <= t);
        from.min(until)..until
    }

    /// Measures the last D as of `t`.
    pub fn recent(&self, kind: MeasureKind, t: Timestamp) -> Period {
        self.period(kind, self.recent_range(t))
    }

    /// Measures the period before as of `t`.
    pub fn previous(&self, kind: MeasureKind, t: Timestamp) -> Period {
        let until = self.recent_range(t).start;
        let from = self.entries.partition_point(|entry| self.whole(entry).ends.1 <= t);
        self.period(kind, from.min(until)..until)
    }

    /// Returns the signals of the last D, oldest first.
    pub fn signals(&self, t: Timestamp) -> Vec<Name> {
        self.entries.range(self.recent_range(t)).map(|entry| entry.name.clone()).collect()
    }

    fn period(&self, kind: MeasureKind, range: std::ops::Range<usize>) -> Period {
        let sample = range.len() as u64;
        let samples = || self.entries.range(range.clone()).map(|entry| self.whole(entry));
        let mut currencies = samples().map(|entry| entry.currency);
        let first = currencies.next();
        let mixed = currencies.any(|currency| Some(currency) != first);
        let values: Vec<i128> = samples().map(|entry| entry.value).collect();
        let currency = first.filter(|_| !mixed).flatten();
        Period { sample, currency, value: if mixed { None } else { measured(kind, values) } }
    }

    /// Counts both ends anew (a length changed, M24).
    pub fn recount(&mut self, ends: impl Fn(Timestamp) -> (Timestamp, Timestamp)) {
        let mut before = (Timestamp::MIN, Timestamp::MIN);
        for index in 0..self.entries.len() {
            let own = ends(self.entries[index].place.at());
            before = (before.0.max(own.0), before.1.max(own.1));
            self.set_ends(index, (before.0.into(), before.1.into()));
        }
    }

    /// Forgets what left the period before ahead of `horizon`.
    pub fn trim(&mut self, horizon: Timestamp) {
        while self.entries.front().is_some_and(|entry| self.whole(entry).ends.1 < horizon) {
            self.drop_first();
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
    fn what_does_not_fit_into_an_entry_comes_back_whole() {
        assert_eq!(size_of::<Entry>(), 40);
        let at = |second, nanosecond| Timestamp::new(second, nanosecond).expect("a test's instant");
        let numbers = ["0", "0.000000001", "-0.000000001", "-1", "4.5", "9223372036.854775807", "9223372036.854775808"];
        let mut numbers: Vec<Number> = numbers.iter().map(|text| text.parse().expect("a test's number")).collect();
        numbers.extend([Number::from_whole(i64::MAX), Number::from_whole(i64::MIN)]);
        // More currencies than an entry has numbers for.
        let codes = (b'A'..=b'Z').flat_map(|one| (b'A'..=b'L').map(move |other| [one, other, b'X']));
        let codes = codes.map(|code| Currency::of(std::str::from_utf8(&code).expect("letters")));
        let mut window = MeasureWindow::default();
        let mut put = Vec::new();
        for (number, currency) in (0u64..).zip(codes.chain([None])) {
            let second = number as i64 * 10;
            let ends = match number % 3 {
                0 => (at(second + 60, 7), at(second + 120, 7)),
                1 => (at(second + 60, 8), at(second + 120, 7)),
                _ => (at(second + 60, 7), at(second + i64::from(u32::MAX), 7)),
            };
            let sample = Sample { value: numbers[number as usize % numbers.len()], currency };
            let place = Place::new(at(second, 7), number);
            window.insert(place, ends, sample.clone(), name(number));
            put.push((place, sample));
        }
        let entries: Vec<WrittenEntry> = window.written().collect();
        let came_back: Vec<(Place, Sample)> =
            entries.iter().map(|(place, _, _, sample, _)| (*place, sample.clone())).collect();
        assert_eq!(came_back, put);
        assert!(entries.is_sorted_by_key(|entry| entry.1) && entries.is_sorted_by_key(|entry| entry.2));
        assert_eq!(MeasureWindow::from(Written { entries, entered: false }), window);
        window.trim(Timestamp::MAX);
        assert!(window.is_empty() && window.beside.is_some_and(|beside| beside.odd.is_empty()));
    }

    fn name(number: u64) -> Name {
        Name::of(&crate::id::SignalId { source: "".into(), id: number.to_string().as_str().into() })
    }

    #[test]
    fn thirds_compare_exactly() {
        let third = Ratio { billionths: ONE, over: 3 };
        let sixth = Ratio { billionths: ONE, over: 6 };
        assert_eq!(third.minus(sixth).and_then(|left| left.compare(sixth)), Some(Ordering::Equal));
    }
}
