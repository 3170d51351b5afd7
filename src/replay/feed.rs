//! The lines of a recorded feed in the order of their file, with the clock kept safe from a wrong year.
//!
//! A line that jumps more than seven days ahead of the clock and of the middle one (by time) of the ten lines after it is
//! held out: one `2062` typed for `2026`, or several of them, would otherwise close every window and make everything after
//! them too late. After a true quiet time the lines agree, and none is held. Near the end those lines are asked that there
//! are. Where nothing after it could show that a year is wrong, what came before does: a line more than ten years ahead of
//! more lines than are left is held too, as is one that is centuries ahead of any, and the last line is taken with a word of
//! warning where it is more than 90 days ahead. Left out: reading files and lines (`cli`), and what a line means (`signal`).

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::replay::words;
use crate::signal::FeedLine;

/// How many lines after a jump have their say.
pub const LINES_ASKED: usize = 10;
/// How far ahead of them is a jump.
pub const JUMP: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How far ahead of everything before it the last line may be without a word.
pub const FAR: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How far ahead of everything before it a line near the end may be at all.
pub const NEVER: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);
/// However few lines were before it: every check of every day in between would be played.
pub const CENTURIES: SignedDuration = SignedDuration::from_hours(200 * 365 * 24);

/// One line of a feed that is not blank.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Which of the files, counted from 0.
    pub file: usize,
    /// Its number in the file, counted from 1.
    pub number: u64,
    /// What it says, or why it cannot be read.
    pub what: Result<FeedLine, String>,
}

/// What a feed says next.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A line for the engine.
    Line(FeedLine, Place),
    /// A line that could not be read, and why.
    Refused(Place, String),
    /// A line that is held out, and why.
    Held(FeedLine, Place, Jump),
}

/// What a line is too far ahead of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jump {
    /// More than [`JUMP`] ahead of this, the middle one of the lines after it.
    After(Timestamp),
    /// More than [`NEVER`] ahead of this, the latest before it, and too few lines are left to bear it out.
    Before(Timestamp),
}

impl std::fmt::Display for Jump {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Jump::After(middle) => {
                write!(f, "more than seven days ahead of the lines after it, which are around {}", words::utc(*middle))
            }
            Jump::Before(latest) => {
                write!(f, "more than ten years ahead of everything before it, up to {}", words::utc(*latest))
            }
        }
    }
}

/// Where a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which of the files, counted from 0.
    pub file: usize,
    /// The line, counted from 1.
    pub number: u64,
}

/// Looks ten lines ahead and holds jumps out.
#[derive(Debug)]
pub struct Feed<I> {
    lines: I,
    ahead: VecDeque<Line>,
    clock: Option<Timestamp>,
    /// How many lines were given out for the engine.
    taken: u64,
    far: Option<(Place, Timestamp, Timestamp)>,
}

impl<I: Iterator<Item = Line>> Feed<I> {
    /// Returns a feed of these lines.
    pub fn new(lines: I) -> Feed<I> {
        Feed { lines, ahead: VecDeque::new(), clock: None, taken: 0, far: None }
    }

    /// Returns where the lines come from.
    pub fn lines(&self) -> &I {
        &self.lines
    }

    /// Returns how many lines were read ahead and not given out.
    pub fn ahead(&self) -> u64 {
        self.ahead.len() as u64
    }

    /// Returns the last line where it is so far ahead of everything before it that its year may be wrong: its place, its
    /// instant and the latest before it. Nothing after it could show which of the two is right.
    pub fn far_ahead(&self) -> Option<(Place, Timestamp, Timestamp)> {
        self.far
    }

    /// Returns the instants of the ten readable lines that come next, or of as many as there are.
    fn instants_ahead(&mut self) -> Vec<Timestamp> {
        let mut readable = self.ahead.iter().filter(|line| line.what.is_ok()).count();
        while readable < LINES_ASKED {
            let Some(line) = self.lines.next() else { break };
            readable += usize::from(line.what.is_ok());
            self.ahead.push_back(line);
        }
        let instants = self.ahead.iter().filter_map(|line| line.what.as_ref().ok()).map(FeedLine::at);
        instants.take(LINES_ASKED).collect()
    }

    fn jump(&mut self, at: Timestamp) -> Option<Jump> {
        let is_ahead_of = |other: Timestamp, by: SignedDuration| at.duration_since(other) > by;
        if self.clock.is_some_and(|clock| !is_ahead_of(clock, JUMP)) {
            return None;
        }
        let mut after = self.instants_ahead();
        after.sort_unstable();
        // Of an even number the earlier of the two in the middle: half of the lines may be as wrong as this one.
        let middle = after.get(after.len().saturating_sub(1) / 2);
        if let Some(middle) = middle.filter(|middle| is_ahead_of(**middle, JUMP)) {
            return Some(Jump::After(*middle));
        }
        let most = if (after.len() as u64) + 1 < self.taken { NEVER } else { CENTURIES };
        let few = after.len() < LINES_ASKED;
        self.clock.filter(|clock| few && is_ahead_of(*clock, most)).map(Jump::Before)
    }
}

impl<I: Iterator<Item = Line>> Iterator for Feed<I> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let line = self.ahead.pop_front().or_else(|| self.lines.next())?;
        let place = Place { file: line.file, number: line.number };
        let said = match line.what {
            Ok(said) => said,
            Err(reason) => return Some(Entry::Refused(place, reason)),
        };
        if let Some(jump) = self.jump(said.at()) {
            return Some(Entry::Held(said, place, jump));
        }
        if let Some(clock) = self.clock.filter(|clock| said.at().duration_since(*clock) > FAR)
            && self.instants_ahead().is_empty()
        {
            self.far = Some((place, said.at(), clock));
        }
        self.clock = self.clock.max(Some(said.at()));
        self.taken += 1;
        Some(Entry::Line(said, place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SignalId;
    use crate::signal::Signal;
    use crate::vocabulary::SignalNo;

    fn line(number: u64, day: i64) -> Line {
        let id = SignalId { source: "".into(), id: format!("s{number}").into() };
        let at = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day);
        Line { file: 0, number, what: Ok(FeedLine::Signal(Signal { id, kind: SignalNo(0), at, fields: vec![] })) }
    }

    fn held(days: &[i64]) -> Vec<u64> {
        let lines = days.iter().enumerate().map(|(place, day)| line(place as u64 + 1, *day));
        let held = |entry| match entry {
            Entry::Held(_, place, _) => Some(place.number),
            _ => None,
        };
        Feed::new(lines).filter_map(held).collect()
    }

    #[test]
    fn a_line_far_ahead_of_those_after_it_is_held_however_many_are_wrong_in_a_row() {
        assert_eq!(held(&[0, 1, 100, 2, 3]), [3]);
        assert_eq!(held(&[100, 1, 2]), [1], "the first line too");
        assert_eq!(held(&[0, 100, 100, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]), [2, 3], "two that agree");
        assert_eq!(held(&[0, 100, 1, 90, 2, 80, 3, 4]), [2, 4, 6], "others of the ten are wrong as well");
        assert_eq!(held(&[0, 100, 100, 100, 100, 100, 100, 1, 2, 3, 4, 5, 6]), [2, 3, 4, 5, 6, 7]);
        assert_eq!(held(&[0, 100, 100, 1]), [2, 3], "near the end");
    }

    #[test]
    fn a_quiet_time_and_what_comes_late_after_it_are_no_jumps() {
        assert!(held(&[0, 100, 101]).is_empty());
        assert!(held(&[0, 100, 98, 101, 60, 102, 103, 104, 99, 105, 106]).is_empty());
        assert!(held(&[0, 7, 0]).is_empty(), "exactly seven days");
        assert_eq!(held(&[0, 8, 0]), [2]);
        assert!(held(&[0, 1, 100]).is_empty(), "none comes after the last");
        let two_files: Vec<i64> = (90..102).chain(0..12).collect();
        assert!(held(&two_files).is_empty(), "a second file begins anew");
        let eleventh_agrees = [0, 100, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100];
        assert_eq!(held(&eleventh_agrees), [2], "only ten lines are asked");
    }

    #[test]
    fn near_the_end_a_line_decades_ahead_of_more_lines_than_are_left_is_held() {
        let decades = 20 * 365;
        assert_eq!(held(&[0, 1, 2, decades]), [4]);
        assert_eq!(held(&[0, 1, 2, 3, decades, decades]), [5, 6], "they bear each other out, and are fewer");
        assert!(held(&[0, 1, 2, 9 * 365]).is_empty());
        assert!(held(&[0, decades]).is_empty(), "either may be wrong");
        assert_eq!(held(&[0, 30 * decades, 30 * decades]), [2, 3], "nobody plays six centuries");
        assert!(held(&[0, decades, decades, decades]).is_empty(), "rather the first is wrong");
        let new_life: Vec<i64> = (0..30).map(|line| if line < 15 { line } else { decades + line }).collect();
        assert!(held(&new_life).is_empty(), "ten others bear it out");
    }

    #[test]
    fn the_last_line_is_taken_and_named_where_it_is_far_ahead() {
        let far = |days: &[i64]| {
            let lines = days.iter().enumerate().map(|(place, day)| line(place as u64 + 1, *day));
            let mut feed = Feed::new(lines);
            let taken = feed.by_ref().filter(|entry| matches!(entry, Entry::Line(..))).count();
            assert_eq!(taken, days.len(), "{days:?}");
            feed.far_ahead().map(|(place, ..)| place.number)
        };
        assert_eq!(far(&[0, 1, 92]), Some(3));
        assert_eq!(far(&[0, 1, 91]), None, "ninety days are a season");
        assert_eq!(far(&[0, 1, 200, 201]), None, "another one agrees");
        assert_eq!(far(&[1000]), None);
    }

    #[test]
    fn bad_lines_have_no_say_and_keep_their_numbers() {
        let bad = Line { file: 0, number: 2, what: Err("not JSON".into()) };
        let lines = [line(1, 100), bad, line(3, 1)];
        let entries: Vec<Entry> = Feed::new(lines.into_iter()).collect();
        assert!(matches!(&entries[0], Entry::Held(_, Place { number: 1, .. }, _)));
        assert!(matches!(&entries[1], Entry::Refused(Place { number: 2, .. }, reason) if reason == "not JSON"));
        assert!(matches!(&entries[2], Entry::Line(_, Place { number: 3, .. })));
    }
}
