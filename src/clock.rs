//! Time as a value: lengths as the language knows them, and how an instant moves by one (M2).
//!
//! Hours, minutes and seconds are elapsed time. Days and weeks are civil time in a zone: the same clock time
//! some days later; a time in a gap moves forward by the gap, one that happens twice is the first. Business
//! lengths need a calendar and are counted in `vocabulary::calendar`.
//!
//! This is the only file that may ask what time it is, and only the daemon and the command line call that.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Serialize};

/// A length of time as a playbook writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Length {
    /// `10 minutes`: elapsed time.
    Elapsed(SignedDuration),
    /// `14 days`, `2 weeks` (14): civil days in the playbook's zone.
    Days(u32),
}

impl Length {
    /// Returns `at` moved forward by this length, in `zone` for days. Saturates at the end of time.
    pub fn after(self, at: Timestamp, zone: &TimeZone) -> Timestamp {
        match self {
            Length::Elapsed(duration) => at.checked_add(duration).unwrap_or(Timestamp::MAX),
            Length::Days(days) => add_days(at, days as i64, zone),
        }
    }

    /// Returns `at` moved back by this length, in `zone` for days. Saturates at the beginning of time.
    pub fn before(self, at: Timestamp, zone: &TimeZone) -> Timestamp {
        match self {
            Length::Elapsed(duration) => at.checked_sub(duration).unwrap_or(Timestamp::MIN),
            Length::Days(days) => add_days(at, -(days as i64), zone),
        }
    }

    /// Returns the nominal length, a day being 24 hours: for scaling periods and comparing lengths, never
    /// for moving an instant.
    pub fn nominal(self) -> SignedDuration {
        match self {
            Length::Elapsed(duration) => duration,
            Length::Days(days) => SignedDuration::from_hours(days as i64 * 24),
        }
    }
}

/// Returns the instant `days` civil days after `at` in `zone` (before, where negative).
pub fn add_days(at: Timestamp, days: i64, zone: &TimeZone) -> Timestamp {
    let edge = if days < 0 { Timestamp::MIN } else { Timestamp::MAX };
    let Ok(span) = Span::new().try_days(days) else {
        return edge;
    };
    let Ok(moved) = at.to_zoned(zone.clone()).datetime().checked_add(span) else {
        return edge;
    };
    // `compatible` is the rule of M2: forward by the gap, the first of two.
    zone.to_ambiguous_timestamp(moved).compatible().unwrap_or(edge)
}

/// Returns the current instant of the machine's clock.
///
/// The engine never calls this: whoever drives it stamps each input.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn wall_clock_now() -> Timestamp {
    Timestamp::now()
}

/// A clock that somebody who waits can ask: the machine's, or one that a test moves.
pub trait Clock: std::fmt::Debug + Send + Sync {
    /// Returns the current instant.
    fn now(&self) -> Timestamp;

    /// Returns how long to sleep before it is worth asking again whether `at` has come; `None` where somebody will say so.
    fn patience(&self, at: Timestamp) -> Option<Duration>;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        wall_clock_now()
    }

    /// Never longer than a second: the machine may sleep, and somebody may set its clock.
    fn patience(&self, at: Timestamp) -> Option<Duration> {
        let left = Duration::try_from(at.duration_since(self.now())).unwrap_or_default();
        Some(left.min(Duration::from_secs(1)))
    }
}

/// A clock that stands until it is moved, back and forth.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// Returns a clock that stands at `now`.
    pub fn new(now: Timestamp) -> ManualClock {
        ManualClock(Mutex::new(now))
    }

    /// Moves it to `now`.
    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn patience(&self, _: Timestamp) -> Option<Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Timestamp {
        text.parse().expect("a test's instant is well formed")
    }

    #[test]
    fn days_are_civil_and_hours_elapsed_across_the_spring_change() {
        let madrid = TimeZone::get("Europe/Madrid").expect("the zone is known");
        let before = instant("2026-03-28T12:00:00+01:00");
        assert_eq!(Length::Days(1).after(before, &madrid), instant("2026-03-29T12:00:00+02:00"));
        let day = Length::Elapsed(SignedDuration::from_hours(24));
        assert_eq!(day.after(before, &madrid), instant("2026-03-29T13:00:00+02:00"));
    }

    #[test]
    fn a_time_in_a_gap_moves_forward_and_one_that_happens_twice_is_the_first() {
        let madrid = TimeZone::get("Europe/Madrid").expect("the zone is known");
        let gap = Length::Days(1).after(instant("2026-03-28T02:30:00+01:00"), &madrid);
        assert_eq!(gap, instant("2026-03-29T03:30:00+02:00"));
        let twice = Length::Days(1).after(instant("2026-10-24T02:30:00+02:00"), &madrid);
        assert_eq!(twice, instant("2026-10-25T02:30:00+02:00"));
    }
}
