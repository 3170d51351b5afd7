//! N or more within D.
//!
//! A signal at *a* counts while *a ≤ t < end*, where the end is counted once and is never earlier than that of the
//! signal before it (M1). An episode is a longest stretch of time in which the count stays at N or more; what is due
//! to leave at *t* leaves after every signal of *t* (M3). A late signal is put in its place: a stretch it brings
//! about that belongs to no episode is entered once; nothing past is re-opened or merged (M5).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::name::Name;
use crate::engine::window::{At, INSTANTS_KEPT, Place, make_room};
use crate::id::SignalId;
use crate::value::Value;

/// How many entries before a new one are looked at for the same value.
const NEAR: usize = 8;

/// The signals of one key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Restored")]
pub struct CountWindow {
    entries: VecDeque<Entry>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
struct Entry {
    place: Place,
    /// The end that counts: never earlier than that of the entry before.
    end: At,
    name: Name,
    /// The value that must differ, where different ones are counted; shared with an entry near by that has the same.
    distinct: Option<Arc<Value>>,
    /// Whether it was part of an episode.
    in_episode: bool,
}

/// A window as it is read back: nothing is shared yet.
#[derive(Deserialize)]
struct Restored {
    entries: VecDeque<Entry>,
}

impl From<Restored> for CountWindow {
    fn from(Restored { entries }: Restored) -> CountWindow {
        let mut window = CountWindow { entries: VecDeque::with_capacity(entries.len()) };
        for mut entry in entries {
            entry.distinct = entry.distinct.map(|value| window.shared(value, window.entries.len()));
            window.entries.push_back(entry);
        }
        window
    }
}

/// An entry as states write it: place, end, end once more (it was once kept apart from the end of the signal alone), name,
/// what must differ, and whether it was part of an episode.
type Written = (Place, At, At, Name, Option<Value>, bool);

impl From<Written> for Entry {
    fn from((place, _, end, name, distinct, in_episode): Written) -> Entry {
        Entry { place, end, name, distinct: distinct.map(Arc::new), in_episode }
    }
}

impl From<Entry> for Written {
    fn from(entry: Entry) -> Written {
        let distinct = entry.distinct.map(|value| Value::clone(&value));
        (entry.place, entry.end, entry.end, entry.name, distinct, entry.in_episode)
    }
}

/// What an arrival means.
#[derive(Clone, Debug, PartialEq)]
pub enum Counted {
    /// Not N yet.
    Below {
        /// How many at the signal's own time.
        have: u64,
    },
    /// N or more, in an episode entered before.
    Joined {
        /// Whether that episode lasts up to now.
        lasts: bool,
    },
    /// N or more, in no episode: entered.
    Entered {
        /// The signals behind it, oldest first.
        signals: Vec<Name>,
        /// How many are counted: signals, or different values.
        have: u64,
        /// Whether the new episode lasts up to now; a late signal may bring about one that is over already.
        lasts: bool,
    },
}

/// A stretch of time in which the count is reached: `from ≤ t < until`.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from: Timestamp,
    until: Timestamp,
}

impl CountWindow {
    /// Puts a signal in its place and says what that means at `now`.
    pub fn insert(
        &mut self,
        place: Place,
        end: Timestamp,
        name: Name,
        distinct: Option<Value>,
        need: u64,
        now: Timestamp,
    ) -> Counted {
        let at = self.place_in(place, end, name, distinct);
        let in_order = at + 1 == self.entries.len();
        let counted = if in_order { self.in_order(need, now) } else { self.late(at, need, now) };
        if self.entries.len() > INSTANTS_KEPT {
            self.entries.pop_front();
        }
        counted
    }

    /// Puts a signal of history in its place: nothing is entered by it. A stretch it is part of and that is over is over; of one
    /// that lasts, an episode that `carriers` carry goes on, and otherwise it is entered at the next signal. Tells whether
    /// the episode of now goes on.
    #[expect(clippy::too_many_arguments, reason = "as `insert`, and what carries")]
    pub fn take_in(
        &mut self,
        place: Place,
        end: Timestamp,
        name: Name,
        distinct: Option<Value>,
        need: u64,
        now: Timestamp,
        carriers: &BTreeSet<SignalId>,
    ) -> bool {
        let index = self.place_in(place, end, name, distinct);
        let settled = carriers.is_empty() && index + 1 == self.entries.len() && self.settle_last(need, now);
        let goes_on = !settled && self.settle_around(index, need, now, carriers);
        if self.entries.len() > INSTANTS_KEPT {
            self.entries.pop_front();
        }
        goes_on
    }

    /// Puts a signal in its place and mends the ends behind it; returns where it stands.
    fn place_in(&mut self, place: Place, end: Timestamp, name: Name, distinct: Option<Value>) -> usize {
        let at = self.entries.partition_point(|entry| entry.place < place);
        make_room(&mut self.entries);
        let (end, distinct) = (end.into(), distinct.map(|value| self.shared(Arc::new(value), at)));
        self.entries.insert(at, Entry { place, end, name, distinct, in_episode: false });
        self.mend_ends(at);
        at
    }

    /// Returns a value that has to differ, as an entry just before it has it if one does.
    fn shared(&self, value: Arc<Value>, at: usize) -> Arc<Value> {
        let mut near =
            self.entries.range(at.saturating_sub(NEAR)..at).rev().filter_map(|entry| entry.distinct.as_ref());
        near.find(|of| **of == value).cloned().unwrap_or(value)
    }

    /// Changes the values that have to differ.
    pub fn each_different(&mut self, change: impl FnMut(&mut Value)) {
        self.entries.iter_mut().filter_map(|entry| entry.distinct.as_mut()).map(Arc::make_mut).for_each(change);
    }

    /// The usual case, without looking at the whole window: history in order, and no episode. Tells whether it was that.
    fn settle_last(&mut self, need: u64, now: Timestamp) -> bool {
        let last = self.entries.len() - 1;
        let at = self.entries[last].place.at();
        if at > now {
            return false;
        }
        if self.count_at(at) < need {
            return true;
        }
        // After the last of its key the count only falls.
        if self.count_at(now) < need {
            self.entries[last].in_episode = true;
            return true;
        }
        // What is over carries marks: it may reach up to now by this one.
        last == 0 || !self.entries[last - 1].in_episode
    }

    /// Settles the stretches that the entry at `index` is part of; tells whether the episode of now goes on.
    fn settle_around(&mut self, index: usize, need: u64, now: Timestamp, carriers: &BTreeSet<SignalId>) -> bool {
        let (at, end) = (self.entries[index].place.at(), self.entries[index].end);
        let stretches = self.stretches(need);
        let touched = stretches.iter().filter(|stretch| stretch.from < end && at < stretch.until);
        let mut goes_on = true;
        for stretch in touched {
            let lasts = stretch.holds(now);
            if lasts {
                let inside = |entry: &&Entry| stretch.holds(entry.place.at());
                goes_on = self.entries.iter().filter(inside).any(|entry| carriers.contains(&entry.name.id()));
            }
            let marked = !lasts || goes_on;
            for entry in self.entries.iter_mut().filter(|entry| stretch.holds(entry.place.at())) {
                entry.in_episode = marked;
            }
        }
        goes_on
    }

    fn mend_ends(&mut self, from: usize) {
        for index in from..self.entries.len() {
            let before = index.checked_sub(1).map(|before| self.entries[before].end);
            let own = self.entries[index].end;
            let end = before.map_or(own, |before| before.max(own));
            if index > from && own == end {
                break;
            }
            self.entries[index].end = end;
        }
    }

    /// The usual case, without looking at the whole window: the new entry is the last.
    fn in_order(&mut self, need: u64, now: Timestamp) -> Counted {
        let last = self.entries.len() - 1;
        let at = self.entries[last].place.at();
        let have = self.count_at(at);
        if have < need {
            return Counted::Below { have };
        }
        // In order, only an entry of this instant or the one before it can carry an episode up to here; it broke off if
        // the count just before this instant was below N. An instant is judged after all its signals (M3).
        let before = self.entries.partition_point(|entry| entry.place.at < at);
        let owned = self.entries.range(before..last).any(|entry| entry.in_episode)
            || before > 0 && self.entries[before - 1].in_episode && self.count_just_before(at, before) >= need;
        self.entries[last].in_episode = true;
        // The last of its key may still be so late that the count is over by now.
        let lasts = self.count_at(now.max(at)) >= need;
        match owned {
            true => Counted::Joined { lasts },
            false => Counted::Entered { signals: self.signals_at(at), have, lasts },
        }
    }

    fn late(&mut self, index: usize, need: u64, now: Timestamp) -> Counted {
        let (at, end) = (self.entries[index].place.at(), self.entries[index].end);
        let touched: Vec<Stretch> = self
            .stretches(need)
            .into_iter()
            .filter(|stretch| stretch.from < end && at < stretch.until && stretch.from <= now)
            .collect();
        if touched.is_empty() {
            return Counted::Below { have: self.count_at(at) };
        }
        let owned =
            |stretch: &Stretch| self.entries.iter().any(|entry| entry.in_episode && stretch.holds(entry.place.at()));
        let new: Vec<Stretch> = touched.iter().filter(|stretch| !owned(stretch)).copied().collect();
        for entry in &mut self.entries {
            entry.in_episode |= touched.iter().any(|stretch| stretch.holds(entry.place.at()));
        }
        match new.first() {
            None => Counted::Joined { lasts: touched.iter().any(|stretch| now < stretch.until) },
            Some(first) => {
                let at = at.max(first.from);
                let lasts = new.iter().any(|stretch| now < stretch.until);
                Counted::Entered { signals: self.signals_at(at), have: self.count_at(at), lasts }
            }
        }
    }

    /// Returns every longest stretch in which the count is at least `need`, in order.
    fn stretches(&self, need: u64) -> Vec<Stretch> {
        let mut instants: Vec<Timestamp> =
            self.entries.iter().flat_map(|entry| [entry.place.at(), entry.end.into()]).collect();
        instants.sort();
        instants.dedup();
        let mut stretches: Vec<Stretch> = Vec::new();
        let mut sweep = Sweep::over(&self.entries);
        for pair in instants.windows(2) {
            if sweep.count_at(pair[0]) < need {
                continue;
            }
            match stretches.last_mut() {
                Some(last) if last.until == pair[0] => last.until = pair[1],
                _ => stretches.push(Stretch { from: pair[0], until: pair[1] }),
            }
        }
        stretches
    }

    /// Entries that count at `t`: ends and times both rise, so they stand together.
    fn range_at(&self, t: Timestamp) -> std::ops::Range<usize> {
        let until = self.entries.partition_point(|entry| entry.place.at <= t);
        let from = self.entries.partition_point(|entry| entry.end <= t);
        from.min(until)..until
    }

    fn count_at(&self, t: Timestamp) -> u64 {
        self.counted(self.range_at(t))
    }

    /// Counts the first `entries` entries just before `t`.
    fn count_just_before(&self, t: Timestamp, entries: usize) -> u64 {
        let from = self.entries.partition_point(|entry| entry.end < t);
        self.counted(from.min(entries)..entries)
    }

    fn counted(&self, range: std::ops::Range<usize>) -> u64 {
        match self.entries.front() {
            Some(first) if first.distinct.is_some() => {
                let values: BTreeSet<_> = self.entries.range(range).map(|entry| &entry.distinct).collect();
                values.len() as u64
            }
            _ => range.len() as u64,
        }
    }

    fn signals_at(&self, t: Timestamp) -> Vec<Name> {
        self.entries.range(self.range_at(t)).map(|entry| entry.name.clone()).collect()
    }

    /// Tells whether the count is reached at `t`, for an episode that waits.
    pub fn lasts(&self, need: u64, t: Timestamp) -> bool {
        self.count_at(t) >= need
    }

    /// Returns the signals in the window at `t`, oldest first.
    pub fn signals(&self, t: Timestamp) -> Vec<Name> {
        self.signals_at(t)
    }

    /// Returns how many are counted at `t`.
    pub fn have(&self, t: Timestamp) -> u64 {
        self.count_at(t)
    }

    /// Counts every end anew (a window length changed, M24): [`CountWindow::settle`] says what that means for episodes.
    pub fn recount(&mut self, end: impl Fn(Timestamp) -> Timestamp) {
        let mut before = Timestamp::MIN;
        for entry in &mut self.entries {
            before = before.max(end(entry.place.at()));
            entry.end = before.into();
        }
    }

    /// Returns the signals in the window at `now` that carry an episode which was entered and lasts.
    pub fn carriers(&self, need: u64, now: Timestamp) -> BTreeSet<SignalId> {
        let Some(lasting) = self.lasting(need, now) else { return BTreeSet::new() };
        let inside = |entry: &&Entry| lasting.holds(entry.place.at());
        if !self.entries.iter().filter(inside).any(|entry| entry.in_episode) {
            return BTreeSet::new();
        }
        self.entries.range(self.range_at(now)).filter(inside).map(|entry| entry.name.id()).collect()
    }

    fn lasting(&self, need: u64, now: Timestamp) -> Option<Stretch> {
        self.stretches(need).into_iter().find(|stretch| stretch.holds(now))
    }

    /// Settles episodes after a change (M24): what is over is over, entered or not; what lasts is an episode if one that
    /// `carriers` carry goes on in it, which is told.
    pub fn settle(&mut self, need: u64, now: Timestamp, carriers: &BTreeSet<SignalId>) -> bool {
        let stretches = self.stretches(need);
        let lasting = stretches.iter().find(|stretch| stretch.holds(now)).copied();
        let in_it = |entry: &Entry| lasting.is_some_and(|lasting| lasting.holds(entry.place.at()));
        let goes_on = self.entries.iter().any(|entry| in_it(entry) && carriers.contains(&entry.name.id()));
        for entry in &mut self.entries {
            let lasts = in_it(entry);
            let over = stretches.iter().any(|stretch| stretch.holds(entry.place.at())) && !lasts;
            entry.in_episode = over || lasts && goes_on;
        }
        goes_on
    }

    /// Forgets what has ended before `horizon` and can no longer matter.
    pub fn trim(&mut self, horizon: Timestamp) {
        while self.entries.front().is_some_and(|entry| entry.end < horizon) && self.entries.len() > 1 {
            self.entries.pop_front();
        }
        if self.entries.len() == 1 && self.entries[0].end < horizon {
            self.entries.clear();
        }
    }

    /// Tells whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Counts at one instant after the other: times and ends both rise.
struct Sweep<'a> {
    entries: &'a VecDeque<Entry>,
    from: usize,
    until: usize,
    /// Where different values are counted: how often each is inside.
    values: Option<BTreeMap<&'a Option<Arc<Value>>, u64>>,
}

impl<'a> Sweep<'a> {
    fn over(entries: &'a VecDeque<Entry>) -> Sweep<'a> {
        let differs = entries.front().is_some_and(|first| first.distinct.is_some());
        Sweep { entries, from: 0, until: 0, values: differs.then(BTreeMap::new) }
    }

    /// Counts at `t`, which is later than the one before.
    fn count_at(&mut self, t: Timestamp) -> u64 {
        while let Some(entry) = self.entries.get(self.until).filter(|entry| entry.place.at <= t) {
            if let Some(values) = &mut self.values {
                *values.entry(&entry.distinct).or_default() += 1;
            }
            self.until += 1;
        }
        while self.from < self.until && self.entries[self.from].end <= t {
            let value = &self.entries[self.from].distinct;
            if let Some(values) = &mut self.values
                && let Some(inside) = values.get_mut(value)
            {
                *inside -= 1;
                if *inside == 0 {
                    values.remove(value);
                }
            }
            self.from += 1;
        }
        self.values.as_ref().map_or((self.until - self.from) as u64, |values| values.len() as u64)
    }
}

impl Stretch {
    fn holds(&self, t: Timestamp) -> bool {
        self.from <= t && t < self.until
    }
}
