//! The lines of a recorded feed in the order of their file, with the clock kept safe from a wrong year.
//!
//! A line that jumps more than seven days ahead of the clock and of all of the ten lines after it is held out: one
//! `2062` typed for `2026` would otherwise close every window and make everything after it too late. Near the end those
//! lines are asked that there are; the last line harms nothing after it and is taken, with a word of warning where it is
//! more than 90 days ahead. Left out:
//! reading files and lines (`cli`), and what a line means (`signal`).

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::signal::FeedLine;

/// How many lines after a jump have their say.
pub const LINES_ASKED: usize = 10;
/// How far ahead of them is a jump.
pub const JUMP: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How far ahead of everything before it the last line may be without a word.
pub const FAR: SignedDuration = SignedDuration::from_hours(90 * 24);

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
    /// A line that is held out, with the latest instant of the lines after it.
    Held(FeedLine, Place, Timestamp),
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
    far: Option<(Place, Timestamp, Timestamp)>,
}

impl<I: Iterator<Item = Line>> Feed<I> {
    /// Returns a feed of these lines.
    pub fn new(lines: I) -> Feed<I> {
        Feed { lines, ahead: VecDeque::new(), clock: None, far: None }
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

    /// Returns the latest instant of the ten readable lines that come next; `None` where there are none.
    fn latest_ahead(&mut self) -> Option<Timestamp> {
        let mut readable = self.ahead.iter().filter(|line| line.what.is_ok()).count();
        while readable < LINES_ASKED {
            let Some(line) = self.lines.next() else { break };
            readable += usize::from(line.what.is_ok());
            self.ahead.push_back(line);
        }
        let instants = self.ahead.iter().filter_map(|line| line.what.as_ref().ok()).map(FeedLine::at);
        instants.take(LINES_ASKED).max()
    }

    fn is_jump(&mut self, at: Timestamp) -> Option<Timestamp> {
        let is_ahead_of = |other: Timestamp| at.duration_since(other) > JUMP;
        if self.clock.is_some_and(|clock| !is_ahead_of(clock)) {
            return None;
        }
        self.latest_ahead().filter(|latest| is_ahead_of(*latest))
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
        if let Some(latest) = self.is_jump(said.at()) {
            return Some(Entry::Held(said, place, latest));
        }
        if let Some(clock) = self.clock.filter(|clock| said.at().duration_since(*clock) > FAR)
            && self.latest_ahead().is_none()
        {
            self.far = Some((place, said.at(), clock));
        }
        self.clock = self.clock.max(Some(said.at()));
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
    fn a_signal_far_ahead_of_the_ten_after_it_is_held() {
        assert_eq!(held(&[0, 1, 100, 2, 3]), [3]);
        assert_eq!(held(&[100, 1, 2]), [1], "the first line too");
        // Each of two that agree is among the ten lines after the other: together they are a quiet time's end.
        assert!(held(&[0, 100, 100, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]).is_empty());
    }

    #[test]
    fn a_quiet_time_exactly_seven_days_and_the_last_line_are_no_jumps() {
        assert!(held(&[0, 100, 101]).is_empty());
        assert!(held(&[0, 7, 0]).is_empty());
        assert!(held(&[0, 1, 100]).is_empty());
        assert_eq!(held(&[0, 8, 0]), [2]);
        let eleventh_agrees = [0, 100, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100];
        assert_eq!(held(&eleventh_agrees), [2], "only ten lines are asked");
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
