//! Opening times, and counting in them (M2).
//!
//! Opening times are civil times of a zone and half open: at the closing minute the place is closed. `4 business
//! hours` is four hours of opening time; `1 business day` is the same clock time on the next open day, counted
//! from the next opening. Which calendar and zone apply is the caller's to know; left out here too is how a
//! vocabulary writes them (`vocabulary::read`).
//!
//! Where a clock change touches an opening time, the rule of M2 holds for it like for any other time: one in a gap
//! moves forward by the gap, one that happens twice is the first. So 01:00 to 02:30 stays an hour and a half long
//! in the night of the spring change, and 02:00 to 02:30 opens once in the night of the autumn change.

use std::collections::VecDeque;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use crate::value::Str;

/// How far ahead anything is looked for before a calendar counts as not open enough, in days.
pub const SEARCH_DAYS: i64 = 3 * 366;

/// For how long a time of day is looked for at which it is open, in days.
pub const CLOCK_TIME_DAYS: i64 = 28;

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
        self.openings(at, zone).next().is_some_and(|opening| opening.starts <= at)
    }

    /// Returns `at` if open, else the next opening; `None` if there is none within [`SEARCH_DAYS`].
    pub fn next_open(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        self.openings(at, zone).next().map(|opening| opening.starts.max(at))
    }

    /// Returns the first of the instants that `next` gives, not before `at`, at which it is open; where it is open at none of
    /// them within [`CLOCK_TIME_DAYS`], the next opening after the first.
    ///
    /// `next` returns the first of its instants not before the one it is given.
    pub fn first_open(
        &self,
        at: Timestamp,
        zone: &TimeZone,
        next: impl Fn(Timestamp) -> Option<Timestamp>,
    ) -> Option<Timestamp> {
        let first = next(at)?;
        let until = first.checked_add(SignedDuration::from_hours(24 * CLOCK_TIME_DAYS)).unwrap_or(Timestamp::MAX);
        let within = self.openings(first, zone).take_while(|opening| opening.starts < until);
        let mut open = within.filter_map(|opening| {
            next(opening.starts.max(first)).filter(|instant| *instant < opening.ends && *instant < until)
        });
        open.next().or_else(|| self.next_open(first, zone))
    }

    /// Returns the first instant by which `length` of opening time has passed since `at`; `None` if the calendar
    /// does not open that much within [`SEARCH_DAYS`].
    ///
    /// A length that is used up at closing time ends at closing time, not at the next opening; no length at
    /// all ends at once.
    pub fn add_open_time(&self, at: Timestamp, length: SignedDuration, zone: &TimeZone) -> Option<Timestamp> {
        if length <= SignedDuration::ZERO {
            return Some(at);
        }
        let mut left = length;
        for opening in self.openings(at, zone) {
            let starts = opening.starts.max(at);
            let open = opening.ends.duration_since(starts);
            if left <= open {
                return starts.checked_add(left).ok();
            }
            left = left.checked_sub(open)?;
        }
        None
    }

    /// Returns the same clock time `days` open days later, counted from the next opening; `None` if there are not
    /// that many open days within [`SEARCH_DAYS`].
    ///
    /// From outside the opening times it is first moved to the next opening. A clock time at which the place is
    /// closed on the day reached moves on to the next opening: from Friday 17:00, with Saturday open until 14:00,
    /// one business day ends on Monday at the opening.
    pub fn add_open_days(&self, at: Timestamp, days: u32, zone: &TimeZone) -> Option<Timestamp> {
        let opening = self.openings(at, zone).next()?;
        let from = opening.starts.max(at);
        if days == 0 {
            return Some(from);
        }
        let clock = from.to_zoned(zone.clone()).time();
        let mut day = opening.day;
        let mut left = days;
        for _ in 0..SEARCH_DAYS {
            day = day.tomorrow().ok()?;
            if self.shifts(day, zone).is_some() {
                left -= 1;
            }
            if left == 0 {
                return self.next_open(instant(day.to_datetime(clock), zone)?, zone);
            }
        }
        None
    }

    /// Returns the shifts of a day; `None` where it is closed all day, or where the zone skips the day altogether.
    fn shifts(&self, day: Date, zone: &TimeZone) -> Option<&[Shift]> {
        let shifts = &self.week[day.weekday().to_monday_zero_offset() as usize];
        if shifts.is_empty() || self.holidays.binary_search(&day).is_ok() {
            return None;
        }
        let begins = instant(day.to_datetime(Time::midnight()), zone)?;
        (begins.to_zoned(zone.clone()).date() == day).then_some(shifts)
    }

    /// Returns what is open at and after `at`, in order and apart from each other, for [`SEARCH_DAYS`].
    fn openings<'a>(&'a self, at: Timestamp, zone: &'a TimeZone) -> Openings<'a> {
        let today = at.to_zoned(zone.clone()).date();
        let never = self.week.iter().all(Vec::is_empty);
        Openings {
            calendar: self,
            zone,
            // Two days back: what closes in a gap before midnight still lasts after it.
            day: (!never).then(|| today.checked_sub(Span::new().days(2)).unwrap_or(Date::MIN)),
            days_left: SEARCH_DAYS + 2,
            ready: VecDeque::new(),
            from: at,
            covered: Timestamp::MIN,
        }
    }
}

/// One stretch of opening time.
struct Opening {
    day: Date,
    starts: Timestamp,
    ends: Timestamp,
}

/// The stretches of opening time that end after an instant.
struct Openings<'a> {
    calendar: &'a Calendar,
    zone: &'a TimeZone,
    day: Option<Date>,
    days_left: i64,
    ready: VecDeque<Opening>,
    /// What ends before or at this instant is left out.
    from: Timestamp,
    /// The end of what was returned last.
    covered: Timestamp,
}

impl Openings<'_> {
    fn read_day(&mut self, day: Date) {
        let Some(shifts) = self.calendar.shifts(day, self.zone) else {
            return;
        };
        for shift in shifts {
            let closes = match shift.closes {
                Some(closes) => instant(day.to_datetime(closes), self.zone),
                None => day.tomorrow().ok().and_then(|next| instant(next.to_datetime(Time::midnight()), self.zone)),
            };
            if let (Some(starts), Some(ends)) = (instant(day.to_datetime(shift.opens), self.zone), closes) {
                self.ready.push_back(Opening { day, starts, ends });
            }
        }
        // A gap can push an early shift behind a later one.
        if self.ready.len() > 1 {
            self.ready.make_contiguous().sort_by_key(|opening| opening.starts);
        }
    }
}

impl Iterator for Openings<'_> {
    type Item = Opening;

    fn next(&mut self) -> Option<Opening> {
        loop {
            while let Some(mut opening) = self.ready.pop_front() {
                opening.starts = opening.starts.max(self.covered);
                if opening.ends > self.from && opening.ends > opening.starts {
                    self.covered = opening.ends;
                    return Some(opening);
                }
            }
            let day = self.day.filter(|_| self.days_left > 0)?;
            self.read_day(day);
            self.days_left -= 1;
            self.day = day.tomorrow().ok();
        }
    }
}

/// Returns the instant of a civil time: forward by the gap, the first of two; `None` beyond the end of time.
fn instant(civil: jiff::civil::DateTime, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(civil).compatible().ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a test's instant is well formed")
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("the zone is known")
    }

    fn shift(opens: &str, closes: &str) -> Shift {
        let time = |text: &str| text.parse::<Time>().expect("a test's time is well formed");
        Shift { opens: time(opens), closes: (closes != "24:00").then(|| time(closes)) }
    }

    fn calendar(week: [Vec<Shift>; 7], holidays: &[&str]) -> Calendar {
        let holidays = holidays.iter().map(|day| day.parse().expect("a test's date is well formed")).collect();
        Calendar { name: "business_hours".into(), week, holidays, zone: None }
    }

    /// Madrid: weekdays in two shifts, Saturday morning, closed on Good Friday.
    fn shop() -> Calendar {
        let day = vec![shift("09:00", "14:00"), shift("16:00", "20:00")];
        let saturday = vec![shift("10:00", "14:00")];
        let week = [day.clone(), day.clone(), day.clone(), day.clone(), day, saturday, vec![]];
        calendar(week, &["2026-04-03"])
    }

    #[test]
    fn opening_times_are_half_open() {
        let (shop, madrid) = (shop(), zone("Europe/Madrid"));
        for (instant, open) in [
            ("2026-03-27T08:59:59+01:00", false),
            ("2026-03-27T09:00:00+01:00", true),
            ("2026-03-27T13:59:59+01:00", true),
            ("2026-03-27T14:00:00+01:00", false),
            ("2026-03-28T12:00:00+01:00", true),
            ("2026-03-29T12:00:00+02:00", false),
            ("2026-04-03T12:00:00+02:00", false),
        ] {
            assert_eq!(shop.is_open(at(instant), &madrid), open, "{instant}");
        }
        assert_eq!(shop.next_open(at("2026-03-27T14:00:00+01:00"), &madrid), Some(at("2026-03-27T16:00:00+01:00")));
        assert_eq!(shop.next_open(at("2026-03-28T14:00:00+01:00"), &madrid), Some(at("2026-03-30T09:00:00+02:00")));
        assert_eq!(shop.next_open(at("2026-03-27T10:30:00+01:00"), &madrid), Some(at("2026-03-27T10:30:00+01:00")));
    }

    #[test]
    fn business_hours_skip_what_is_closed() {
        let (shop, madrid) = (shop(), zone("Europe/Madrid"));
        let after = |start: &str, hours| shop.add_open_time(at(start), SignedDuration::from_hours(hours), &madrid);
        assert_eq!(after("2026-03-27T17:00:00+01:00", 4), Some(at("2026-03-28T11:00:00+01:00")));
        assert_eq!(after("2026-03-27T16:00:00+01:00", 4), Some(at("2026-03-27T20:00:00+01:00")));
        assert_eq!(after("2026-03-28T13:00:00+01:00", 2), Some(at("2026-03-30T10:00:00+02:00")));
        assert_eq!(after("2026-04-02T19:00:00+02:00", 2), Some(at("2026-04-04T11:00:00+02:00")));
        assert_eq!(after("2026-03-29T03:10:00+02:00", 0), Some(at("2026-03-29T03:10:00+02:00")));
    }

    #[test]
    fn a_business_day_is_the_same_clock_time_on_the_next_open_day() {
        let (shop, madrid) = (shop(), zone("Europe/Madrid"));
        let after = |start: &str, days| shop.add_open_days(at(start), days, &madrid);
        assert_eq!(after("2026-03-26T17:00:00+01:00", 1), Some(at("2026-03-27T17:00:00+01:00")));
        // From outside the opening times: first the next opening.
        assert_eq!(after("2026-03-29T12:00:00+02:00", 1), Some(at("2026-03-31T09:00:00+02:00")));
        assert_eq!(after("2026-03-26T15:00:00+01:00", 1), Some(at("2026-03-27T16:00:00+01:00")));
        // Closed at that clock time: the next opening.
        assert_eq!(after("2026-03-27T17:00:00+01:00", 1), Some(at("2026-03-30T09:00:00+02:00")));
        assert_eq!(after("2026-03-27T09:30:00+01:00", 1), Some(at("2026-03-28T10:00:00+01:00")));
        // Over a holiday.
        assert_eq!(after("2026-04-02T11:00:00+02:00", 1), Some(at("2026-04-04T11:00:00+02:00")));
        assert_eq!(after("2026-03-29T12:00:00+02:00", 0), Some(at("2026-03-30T09:00:00+02:00")));
    }

    #[test]
    fn a_calendar_that_never_opens_says_so_and_the_edges_of_time_do_not_panic() {
        let never = calendar(Default::default(), &[]);
        let always = vec![shift("00:00", "24:00")];
        let always = calendar(std::array::from_fn(|_| always.clone()), &[]);
        for zone in [zone("Pacific/Kiritimati"), zone("Pacific/Pago_Pago"), TimeZone::UTC] {
            for instant in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
                assert!(!never.is_open(instant, &zone));
                assert_eq!(never.next_open(instant, &zone), None);
                assert_eq!(never.add_open_days(instant, u32::MAX, &zone), None);
                assert_eq!(never.add_open_time(instant, SignedDuration::MAX, &zone), None);
                assert_eq!(always.add_open_time(instant, SignedDuration::MAX, &zone), None);
                assert_eq!(always.add_open_days(instant, u32::MAX, &zone), None);
                let _ = (
                    always.is_open(instant, &zone),
                    always.next_open(instant, &zone),
                    always.add_open_days(instant, 1, &zone),
                );
            }
            assert!(always.is_open(Timestamp::UNIX_EPOCH, &zone));
        }
    }

    #[test]
    fn night_shifts_meet_the_clock_changes_as_documented() {
        let night = calendar(std::array::from_fn(|_| vec![shift("01:00", "02:30")]), &[]);
        let madrid = zone("Europe/Madrid");
        let after = |start: &str, minutes| night.add_open_time(at(start), SignedDuration::from_mins(minutes), &madrid);
        assert_eq!(after("2026-03-29T00:00:00+01:00", 90), Some(at("2026-03-29T03:30:00+02:00")));
        assert_eq!(after("2026-10-25T00:00:00+02:00", 90), Some(at("2026-10-25T02:30:00+02:00")));
        assert!(!night.is_open(at("2026-10-25T02:15:00+01:00"), &madrid));
    }

    /// Weeks around a clock change, minute by minute, written without the code under test.
    struct Minutes {
        start: Timestamp,
        open: Vec<bool>,
        /// Every day that exists in the zone and has a shift, in order.
        open_days: BTreeSet<Date>,
    }

    const MINUTES: i64 = 5 * 7 * 24 * 60;

    impl Minutes {
        fn of(calendar: &Calendar, start: Timestamp, zone: &TimeZone) -> Minutes {
            let minute = |n: i64| start + SignedDuration::from_mins(n);
            let days: BTreeSet<Date> = (0..MINUTES).map(|n| minute(n).to_zoned(zone.clone()).date()).collect();
            let mut this = Minutes { start, open: vec![false; MINUTES as usize], open_days: BTreeSet::new() };
            for day in days {
                let shifts = &calendar.week[day.weekday().to_monday_zero_offset() as usize];
                if shifts.is_empty() || calendar.holidays.contains(&day) {
                    continue;
                }
                this.open_days.insert(day);
                for shift in shifts {
                    let midnight = day.tomorrow().expect("not the end of time").at(0, 0, 0, 0);
                    let closes = shift.closes.map_or(midnight, |time| day.to_datetime(time));
                    let place = |civil: jiff::civil::DateTime| {
                        let moved = civil.to_zoned(zone.clone()).expect("not the end of time").timestamp();
                        moved.duration_since(start).as_secs().div_euclid(60).clamp(0, MINUTES) as usize
                    };
                    let (from, to) = (place(day.to_datetime(shift.opens)), place(closes));
                    this.open[from.min(to)..to].fill(true);
                }
            }
            this
        }

        fn next_open(&self, from: i64) -> Option<i64> {
            (from..MINUTES).find(|n| self.open[*n as usize])
        }

        fn add_open_time(&self, from: i64, length: i64) -> Option<i64> {
            let mut left = length;
            for n in from..MINUTES {
                if left == 0 {
                    return Some(n);
                }
                left -= i64::from(self.open[n as usize]);
            }
            None
        }

        fn add_open_days(&self, from: i64, days: usize, zone: &TimeZone) -> Option<i64> {
            let opening = self.next_open(from)?;
            let opening = (self.start + SignedDuration::from_mins(opening)).to_zoned(zone.clone());
            // The day an opening belongs to is its civil day here: no shift of these tests is pushed over midnight.
            let target = self.open_days.range(opening.date()..).nth(days)?;
            let civil = target.to_datetime(opening.time());
            let reached = civil.to_zoned(zone.clone()).ok()?.timestamp();
            self.next_open(reached.duration_since(self.start).as_secs().div_euclid(60))
        }
    }

    fn shifts() -> impl Strategy<Value = Vec<Shift>> {
        // Up to three shifts cut from a day at even places of a sorted list of quarter hours; often in the night.
        let quarter = prop_oneof![0i64..=20, 0i64..=96, Just(96)];
        prop::collection::btree_set(quarter, 0..=6).prop_map(|cuts| {
            let time = |quarter: i64| {
                Time::new((quarter / 4) as i8, (quarter % 4 * 15) as i8, 0, 0).expect("a quarter hour of a day")
            };
            let cuts: Vec<i64> = cuts.into_iter().collect();
            let shift = |pair: &[i64]| Shift { opens: time(pair[0]), closes: (pair[1] < 96).then(|| time(pair[1])) };
            cuts.chunks_exact(2).map(shift).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn agrees_with_stepping_minute_by_minute(
            place in prop::sample::select(vec![
                ("Europe/Madrid", "2026-03-15T00:00:00Z"),
                ("Europe/Madrid", "2026-10-10T00:00:00Z"),
                ("America/Sao_Paulo", "2017-10-01T00:00:00Z"),
                ("America/Sao_Paulo", "2018-02-04T00:00:00Z"),
                ("Australia/Lord_Howe", "2026-09-20T00:00:00Z"),
                ("Pacific/Apia", "2011-12-18T00:00:00Z"),
            ]),
            week in prop::array::uniform7(shifts()),
            holidays in prop::collection::btree_set(0i64..35, 0..4),
            instants in prop::collection::vec((3 * 1440..MINUTES, 1i64..4000, 1usize..9), 24),
        ) {
            let (zone, start) = (zone(place.0), at(place.1));
            let first = start.to_zoned(zone.clone()).date();
            let holidays = holidays.into_iter().map(|n| first + Span::new().days(n)).collect();
            let calendar = Calendar { name: "business_hours".into(), week, holidays, zone: None };
            let minutes = Minutes::of(&calendar, start, &zone);
            let minute = |n: i64| start + SignedDuration::from_mins(n);
            for (from, length, days) in instants {
                let now = minute(from);
                prop_assert_eq!(calendar.is_open(now, &zone), minutes.open[from as usize]);
                // Nothing is compared that lies beyond the weeks stepped through.
                let last = minute(MINUTES - 1440 - 1);
                if let Some(next) = minutes.next_open(from).map(minute).filter(|next| *next < last) {
                    prop_assert_eq!(calendar.next_open(now, &zone), Some(next));
                }
                if let Some(done) = minutes.add_open_time(from, length).map(minute).filter(|done| *done < last) {
                    prop_assert_eq!(calendar.add_open_time(now, SignedDuration::from_mins(length), &zone), Some(done));
                }
                if let Some(done) = minutes.add_open_days(from, days, &zone).map(minute).filter(|d| *d < last) {
                    prop_assert_eq!(calendar.add_open_days(now, days as u32, &zone), Some(done));
                }
            }
        }
    }
}
