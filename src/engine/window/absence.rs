//! A not followed by B within D, the end included (M3).
//!
//! An absence is entered when the oldest unanswered A passes its deadline, and left when a B arrives (M9). A B
//! answers every A before it. As whose deadline had passed by then were part of the episode and go with it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::window::{INSTANTS_KEPT, Place, make_room};
use crate::id::{RuleId, SignalId};
use crate::signal::Signal;

/// The signals of one key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AbsenceWindow {
    /// As not answered, in order.
    open: VecDeque<Open>,
    /// Places of Bs, for As that come late.
    answers: VecDeque<Place>,
    /// Whether the oldest deadline has passed and was entered.
    entered: bool,
    /// As whose B came too late while their deadline still waits for late signals, with the time of that B.
    overdue: VecDeque<(Open, Timestamp)>,
    /// Episodes that are over: the place of the A that entered it, and the time of the B that left it.
    past: VecDeque<(Place, Timestamp)>,
}

/// An unanswered A.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Open {
    /// Its place.
    pub place: Place,
    /// The last instant at which a B is in time.
    pub deadline: Timestamp,
    /// The signal.
    pub signal: Arc<Signal>,
    /// The rules that led to it.
    pub chain: Arc<[RuleId]>,
}

/// What an A means.
#[derive(Clone, Debug, PartialEq)]
pub enum Waits {
    /// A B in time is known already.
    Answered,
    /// Its deadline is ahead, or an episode lasts that it joins.
    Waiting,
    /// It came so late that its deadline has passed, and no B was in time.
    Missed {
        /// Whether nobody has answered to this day.
        lasts: bool,
        /// Whether it belongs to an episode entered before.
        joined: bool,
    },
}

impl AbsenceWindow {
    /// Takes an A in, at `now`. `wait` is how long after a deadline a late B is waited for.
    pub fn insert_first(&mut self, open: Open, now: Timestamp, wait: jiff::SignedDuration) -> Waits {
        // A signal that is both A and B does not answer itself: its own place is not after it.
        let next = self.answers.partition_point(|answer| *answer <= open.place);
        let answer = self.answers.get(next).copied();
        match answer {
            Some(answer) if answer.at <= open.deadline => return Waits::Answered,
            Some(answer) => {
                // As with the same next B have one episode.
                let next_of = |place: &Place| self.answers.get(self.answers.partition_point(|other| *other <= *place));
                let joined = self.past.iter().any(|(oldest, _)| next_of(oldest) == Some(&answer));
                if !joined && open.deadline.checked_add(wait).unwrap_or(Timestamp::MAX) >= now {
                    let at = self.overdue.partition_point(|(other, _)| other.place < open.place);
                    self.overdue.insert(at, (open, answer.at()));
                    return Waits::Waiting;
                }
                if !joined {
                    self.overdue.retain(|(_, until)| *until != answer.at());
                    self.past.push_back((open.place, answer.at()));
                }
                return Waits::Missed { lasts: false, joined };
            }
            None => {}
        }
        let passed = open.deadline.checked_add(wait).unwrap_or(Timestamp::MAX) < now;
        let at = self.open.partition_point(|other| other.place < open.place);
        make_room(&mut self.open);
        self.open.insert(at, open);
        if self.open.len() > INSTANTS_KEPT {
            self.open.pop_front();
        }
        match (self.entered, passed) {
            (false, true) => {
                self.entered = true;
                Waits::Missed { lasts: true, joined: false }
            }
            _ => Waits::Waiting,
        }
    }

    /// Takes a B in, at `now`. Tells whether it answered anything, and whether it left an episode.
    pub fn insert_then(&mut self, place: Place, now: Timestamp) -> (bool, bool) {
        let at = self.answers.partition_point(|answer| *answer < place);
        make_room(&mut self.answers);
        self.answers.insert(at, place);
        if self.answers.len() > INSTANTS_KEPT {
            self.answers.pop_front();
        }
        self.overdue.retain(|(open, _)| !(open.place < place && place.at <= open.deadline));
        let between = |open: &Open, until: Timestamp| open.place < place && place.at < until;
        let split = self.overdue.iter_mut().filter(|(open, until)| between(open, *until));
        split.for_each(|(_, until)| *until = place.at());
        let answered = self.open.partition_point(|open| open.place < place);
        if answered == 0 {
            return (false, false);
        }
        let left = self.entered;
        let before: Vec<Open> = self.open.drain(..answered).collect();
        if left {
            // Those whose end had passed before it were part of that episode, whatever comes late between them.
            let part = |(number, open): &(usize, &Open)| *number == 0 || open.deadline < place.at;
            let part = before.iter().enumerate().filter(part);
            self.past.extend(part.map(|(_, open)| (open.place, place.at())));
        }
        if !left {
            // M3: a B after the end is not in time, also while the deadline waits for late ones.
            let missed = before.into_iter().filter(|open| open.deadline < place.at);
            self.overdue.extend(missed.map(|open| (open, place.at())));
        }
        if left {
            self.entered = false;
            self.open.retain(|open| open.deadline >= now);
        }
        (true, left)
    }

    /// Returns the oldest unanswered A.
    pub fn oldest(&self) -> Option<&Open> {
        self.open.front()
    }

    /// Returns the deadline to wait for: that of the oldest A, unless its episode was entered.
    pub fn deadline(&self) -> Option<Timestamp> {
        let open = if self.entered { None } else { self.open.front().map(|open| open.deadline) };
        let overdue = self.overdue.iter().map(|(open, _)| open.deadline).min();
        open.into_iter().chain(overdue).min()
    }

    /// Enters the episode whose deadline is next; returns its oldest A, and whether it lasts.
    pub fn enter(&mut self) -> Option<(Open, bool)> {
        let next = self.deadline()?;
        let overdue = self.overdue.iter().find(|(open, _)| open.deadline == next).map(|(_, until)| *until);
        if let Some(answered) = overdue {
            let oldest = self.overdue.iter().find(|(_, until)| *until == answered)?.0.clone();
            self.overdue.retain(|(_, until)| *until != answered);
            self.past.push_back((oldest.place, answered));
            return Some((oldest, false));
        }
        self.entered = true;
        Some((self.open.front()?.clone(), true))
    }

    /// Tells whether an episode lasts.
    pub fn lasts(&self) -> bool {
        self.entered
    }

    /// Forgets As whose deadline passed before `now` without anybody looking (M10, or a paused rule).
    pub fn drop_passed(&mut self, now: Timestamp) {
        if !self.entered {
            self.open.retain(|open| open.deadline > now);
        }
        self.overdue.clear();
    }

    /// Returns the As of an episode that was entered and lasts.
    pub fn carriers(&self) -> BTreeSet<SignalId> {
        let lasting = self.open.iter().filter(|_| self.entered);
        lasting.map(|open| open.signal.id.clone()).collect()
    }

    /// Takes over from an earlier window which episodes are over: As that come late belong to them.
    pub fn keep_past(&mut self, before: &AbsenceWindow) {
        self.past = before.past.clone();
    }

    /// Settles episodes after a change (M10, M24): the one that `carriers` carry goes on, which is told; without one it is
    /// armed for As whose deadline is still ahead.
    pub fn settle(&mut self, now: Timestamp, carriers: &BTreeSet<SignalId>) -> bool {
        self.entered = self.open.iter().any(|open| carriers.contains(&open.signal.id));
        self.drop_passed(now);
        self.entered
    }

    /// Counts every deadline anew (the length changed, M24).
    pub fn recount(&mut self, deadline: impl Fn(&Open) -> Timestamp) {
        for open in &mut self.open {
            open.deadline = deadline(open);
        }
    }

    /// Applies `change` to every kept signal (the vocabulary changed).
    pub fn remap(&mut self, change: &dyn Fn(&Arc<Signal>) -> Arc<Signal>) {
        let overdue = self.overdue.iter_mut().map(|(open, _)| open);
        self.open.iter_mut().chain(overdue).for_each(|open| open.signal = change(&open.signal));
    }

    /// Returns when the first answer came that is kept.
    pub fn first_answer(&self) -> Option<Timestamp> {
        self.answers.front().map(|answer| answer.at())
    }

    /// Forgets the first answer: no A can come any more that it would answer.
    pub fn forget_answer(&mut self) {
        self.answers.pop_front();
    }

    /// Forgets past episodes before `horizon`.
    pub fn trim(&mut self, horizon: Timestamp) {
        while self.past.front().is_some_and(|(_, until)| *until < horizon) {
            self.past.pop_front();
        }
    }

    /// Tells whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.overdue.is_empty() && self.answers.is_empty() && self.past.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::vocabulary::SignalNo;

    fn instant(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("a test's instant is small")
    }

    fn open(at: i64, deadline: i64) -> Open {
        let id = SignalId { source: "".into(), id: "a".into() };
        let signal = Signal { id, kind: SignalNo(0), at: instant(at), fields: vec![] };
        let place = Place::new(instant(at), at as u64);
        Open { place, deadline: instant(deadline), signal: Arc::new(signal), chain: [].into() }
    }

    #[test]
    fn a_signal_that_is_both_answers_the_one_before_it_and_not_itself() {
        let mut window = AbsenceWindow::default();
        let (one, other) = (open(10, 20), open(15, 25));
        assert_eq!(window.insert_then(one.place, instant(10)), (false, false));
        assert_eq!(window.insert_first(one, instant(10), SignedDuration::ZERO), Waits::Waiting);
        assert_eq!(window.insert_then(other.place, instant(15)), (true, false));
        assert_eq!(window.insert_first(other, instant(15), SignedDuration::ZERO), Waits::Waiting);
        assert_eq!(window.deadline(), Some(instant(25)));
    }
}
