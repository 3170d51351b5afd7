//! A reading over a line, with hysteresis.
//!
//! Readings of a key in order make a chain of states: over after one beyond the line, no longer over after one that
//! clears, unchanged by one in between. An episode is a run of "over". A late reading is put in its place: it enters
//! only if it is itself over and its run belongs to no episode (M5).

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::name::Name;
use crate::engine::window::{INSTANTS_KEPT, Place, make_room};
use crate::id::SignalId;
use crate::value::Value;

/// What a reading says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reads {
    /// Beyond the line.
    Over,
    /// Neither beyond the line nor cleared.
    Between,
    /// Cleared.
    Clear,
}

/// The readings of one key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReadingWindow {
    entries: VecDeque<Entry>,
    /// The state before the first entry.
    over_before: bool,
    /// Where that is over: when its run began. What is forgotten shortens no `stays over … for`.
    over_since: Option<Timestamp>,
    /// Where that is over: whether its run was entered.
    entered_before: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
struct Entry {
    place: Place,
    name: Name,
    reads: Reads,
    over: bool,
    in_episode: bool,
}

/// An entry as states write it: with the value that was read, which is no longer kept, because another line fills the window
/// anew from the journal (M24).
type Written = (Place, Value, Name, Reads, bool, bool);

impl From<Written> for Entry {
    fn from((place, _, name, reads, over, in_episode): Written) -> Entry {
        Entry { place, name, reads, over, in_episode }
    }
}

impl From<Entry> for Written {
    fn from(entry: Entry) -> Written {
        (entry.place, Value::Missing, entry.name, entry.reads, entry.over, entry.in_episode)
    }
}

/// What a reading means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// It is not over.
    NotOver,
    /// It is over, or between and still over, in an episode entered before.
    Joined,
    /// It is over and in no episode: a new run, or one not yet entered.
    New {
        /// When the run began.
        since: Timestamp,
        /// Whether the run lasts up to the latest reading.
        lasts: bool,
    },
}

impl ReadingWindow {
    /// Puts a reading in its place. A [`Read::New`] run is entered only by [`ReadingWindow::enter`].
    pub fn insert(&mut self, place: Place, name: Name, reads: Reads) -> Read {
        let at = self.entries.partition_point(|entry| entry.place < place);
        make_room(&mut self.entries);
        self.entries.insert(at, Entry { place, name, reads, over: false, in_episode: false });
        self.mend_states(at);
        if self.entries.len() > INSTANTS_KEPT {
            self.drop_first();
        }
        let at = self.entries.partition_point(|entry| entry.place < place);
        if at == self.entries.len() || !self.entries[at].over {
            return Read::NotOver;
        }
        let run = self.run(at);
        let goes_on = run.start == 0 && self.over_before && self.entered_before;
        if goes_on || self.entries.range(run.clone()).any(|entry| entry.in_episode) {
            self.mark(run);
            return Read::Joined;
        }
        match reads {
            Reads::Over => Read::New { since: self.began(run.start), lasts: run.end == self.entries.len() },
            // Between: over only because of others that have not entered (`stays over`).
            _ => Read::NotOver,
        }
    }

    fn mend_states(&mut self, from: usize) {
        let mut over = if from == 0 { self.over_before } else { self.entries[from - 1].over };
        for entry in self.entries.range_mut(from..) {
            over = match entry.reads {
                Reads::Over => true,
                Reads::Clear => false,
                Reads::Between => over,
            };
            entry.over = over;
        }
    }

    fn run(&self, at: usize) -> std::ops::Range<usize> {
        let before = self.entries.range(..at).rev().take_while(|entry| entry.over).count();
        let after = self.entries.range(at..).take_while(|entry| entry.over).count();
        at - before..at + after
    }

    /// Returns when the run whose first kept reading is at `start` began.
    fn began(&self, start: usize) -> Timestamp {
        let earlier = self.over_since.filter(|_| start == 0 && self.over_before);
        earlier.unwrap_or_else(|| self.entries[start].place.at())
    }

    fn mark(&mut self, run: std::ops::Range<usize>) {
        self.entries.range_mut(run).for_each(|entry| entry.in_episode = true);
    }

    /// Enters the run that holds the reading at `place`.
    pub fn enter(&mut self, place: Place) {
        let at = self.entries.partition_point(|entry| entry.place < place);
        if at < self.entries.len() && self.entries[at].over {
            let run = self.run(at);
            self.mark(run);
        }
    }

    /// Returns when the run that lasts began, if one does and it has not been entered.
    pub fn unentered_since(&self) -> Option<Timestamp> {
        let last = self.entries.len().checked_sub(1).filter(|last| self.entries[*last].over)?;
        let run = self.run(last);
        let entered = self.entries.range(run.clone()).any(|entry| entry.in_episode);
        (!entered).then(|| self.began(run.start))
    }

    /// Enters the run that lasts.
    pub fn enter_last(&mut self) {
        if let Some(last) = self.entries.back().map(|entry| entry.place) {
            self.enter(last);
        }
    }

    /// Tells whether the latest reading leaves it over.
    pub fn lasts(&self) -> bool {
        self.entries.back().map_or(self.over_before, |entry| entry.over)
    }

    /// Returns the latest reading of a run that was entered and lasts.
    pub fn carrier(&self) -> Option<SignalId> {
        self.entries.back().filter(|entry| entry.over && entry.in_episode).map(|entry| entry.name.id())
    }

    /// Settles episodes after a change (M24): runs that are over are over, entered or not; the one that lasts is an
    /// episode if the one that `carrier` carried goes on in it, which is told.
    pub fn settle(&mut self, carrier: Option<&SignalId>) -> bool {
        let lasting = match self.entries.len().checked_sub(1) {
            Some(last) if self.entries[last].over => self.run(last),
            _ => 0..0,
        };
        // The carrier itself may have been forgotten since: then what stands before the first entry speaks for it.
        let before = carrier.is_some() && lasting.start == 0 && self.over_before && self.entered_before;
        let goes_on = before && !lasting.is_empty()
            || self.entries.range(lasting.clone()).any(|entry| carrier.is_some_and(|carrier| entry.name == *carrier));
        for (place, entry) in self.entries.iter_mut().enumerate() {
            entry.in_episode = entry.over && (goes_on || !lasting.contains(&place));
        }
        self.entered_before = goes_on || lasting.start > 0 || lasting.is_empty();
        goes_on
    }

    /// Tells whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Forgets readings before `horizon`, all but the last.
    pub fn trim(&mut self, horizon: Timestamp) {
        while self.entries.len() > 1 && self.entries[0].place.at < horizon {
            // The second keeps what the first knew: that its run was entered.
            let (over, entered) = (self.entries[0].over, self.entries[0].in_episode);
            if over && entered && self.entries[1].over {
                self.entries[1].in_episode = true;
            }
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        let began = self.began(0);
        let Some(first) = self.entries.pop_front() else { return };
        let over = first.over;
        self.over_before = over;
        self.entered_before = first.in_episode;
        self.over_since = over.then_some(began);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).expect("a test's instant is small")
    }

    fn insert(window: &mut ReadingWindow, minute: i64, reads: Reads) -> Read {
        let id = SignalId { source: "".into(), id: minute.to_string().as_str().into() };
        let read = window.insert(Place::new(instant(minute), minute as u64), Name::of(&id), reads);
        window.trim(instant(minute - 2));
        read
    }

    #[test]
    fn forgetting_readings_does_not_shorten_the_run_they_began() {
        let mut window = ReadingWindow::default();
        insert(&mut window, 0, Reads::Clear);
        for minute in [5, 10, 15] {
            let since = instant(5);
            assert_eq!(insert(&mut window, minute, Reads::Over), Read::New { since, lasts: true });
            assert_eq!(window.unentered_since(), Some(since));
        }
        insert(&mut window, 20, Reads::Clear);
        insert(&mut window, 25, Reads::Over);
        assert_eq!(window.unentered_since(), Some(instant(25)));
    }

    #[test]
    fn an_episode_goes_on_though_the_reading_that_carried_it_is_forgotten() {
        let mut window = ReadingWindow::default();
        insert(&mut window, 0, Reads::Over);
        window.enter_last();
        let carrier = window.carrier();
        assert!(carrier.is_some());
        // The next one is so much later that the first is forgotten by it.
        insert(&mut window, 60, Reads::Between);
        assert!(window.settle(carrier.as_ref()), "between neither clears nor enters again");
        assert_eq!(insert(&mut window, 61, Reads::Over), Read::Joined);
        insert(&mut window, 120, Reads::Clear);
        assert!(!window.settle(carrier.as_ref()));
    }
}
