//! When things are due: delays, times of day, calendars (M2, M17).

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use touchline::clock::{Length, add_days};
use touchline::engine::effect::{Firing, Values};
use touchline::ir::action::{Action, ActionKind, Timing};
use touchline::ir::{Delay, Rule};
use touchline::signal::Signal;
use touchline::value::{Str, Value};
use touchline::vocabulary::directory::Place;
use touchline::vocabulary::{CalendarNo, ThingNo, Type};

use super::Naive;

impl Naive {
    /// `after D`, then the first `at` not before, and with `during` the first of these at which it is open: deferred only
    /// where it is open at none of them in four weeks (M2, M17).
    pub(super) fn due(
        &self,
        rule: &Rule,
        firing: &Firing,
        things: &[(ThingNo, Str)],
        action: &Action,
        timing: &Timing,
    ) -> Timestamp {
        let places = self.places_of_action(action, &firing.values, things);
        let mut due = firing.at;
        if let Some(after) = timing.after {
            due = self.after_delay(after, due, &places, rule);
        }
        if let Some(at) = timing.at {
            let day = due.to_zoned(rule.zone.clone()).date();
            let that_day = |date: jiff::civil::Date| {
                rule.zone.to_ambiguous_timestamp(date.to_datetime(at)).compatible().unwrap_or(Timestamp::MAX)
            };
            let days = day.yesterday().unwrap_or(day).series(1.day());
            let runs: Vec<Timestamp> = days.take(32).map(that_day).filter(|run| *run >= due).collect();
            let first = runs.first().copied().unwrap_or(due);
            let four_weeks = first.checked_add(SignedDuration::from_hours(28 * 24)).unwrap_or(Timestamp::MAX);
            let is_open = |run: &Timestamp| {
                timing.during.is_some_and(|calendar| self.next_open(calendar, *run, &places, rule) == *run)
            };
            due = runs.into_iter().filter(|run| *run < four_weeks).find(is_open).unwrap_or(first);
        }
        match timing.during {
            Some(calendar) => self.next_open(calendar, due, &places, rule),
            None => due,
        }
    }

    /// The places whose calendar and zone count (M2): the recipient's, then the things of the firing.
    pub(super) fn places_of_action(
        &self,
        action: &Action,
        values: &Values,
        things: &[(ThingNo, Str)],
    ) -> Vec<(ThingNo, Str)> {
        let own = match &action.kind {
            ActionKind::Alert { of: Some(access), .. } => self.thing_at(access, values),
            _ => None,
        };
        own.into_iter().chain(things.iter().cloned()).collect()
    }

    /// For an absence: the things of the signal.
    pub(super) fn things_of_signal(&self, signal: &Signal) -> Vec<(ThingNo, Str)> {
        let kind = self.ruleset.vocabulary.signal_type(signal.kind);
        let things = kind.fields.iter().zip(&signal.fields).take(kind.about);
        let thing = |(field, value): (&touchline::vocabulary::Field, &Value)| match (&field.ty, value.as_text()) {
            (Type::Thing(thing), Some(id)) => Some((*thing, id.clone())),
            _ => None,
        };
        things.filter_map(thing).collect()
    }

    /// What the first of the places has, itself or upwards.
    fn at_places<T>(&self, places: &[(ThingNo, Str)], what: impl Fn(&Place) -> Option<T>) -> Option<T> {
        let (vocabulary, directory) = (&self.ruleset.vocabulary, &self.ruleset.directory);
        places.iter().find_map(|(thing, id)| self.before.nearest(vocabulary, directory, Some((*thing, id)), &what))
    }

    /// M2: elapsed, civil, or opening time.
    pub(super) fn after_delay(
        &self,
        delay: Delay,
        from: Timestamp,
        places: &[(ThingNo, Str)],
        rule: &Rule,
    ) -> Timestamp {
        let named = match delay {
            Delay::Plain(Length::Elapsed(length)) => return from.checked_add(length).unwrap_or(Timestamp::MAX),
            Delay::Plain(Length::Days(days)) => return add_days(from, days.into(), &rule.zone),
            Delay::OpenTime(_, calendar) | Delay::OpenDays(_, calendar) => calendar,
        };
        let Some((calendar, zone)) = self.calendar(named, places, rule) else {
            return Timestamp::MAX;
        };
        let calendar = &self.ruleset.vocabulary.calendars[calendar.index()];
        match delay {
            Delay::OpenTime(length, _) => calendar.add_open_time(from, length, &zone),
            Delay::OpenDays(days, _) => calendar.add_open_days(from, days, &zone),
            Delay::Plain(_) => unreachable!("returned above"),
        }
        .unwrap_or(Timestamp::MAX)
    }

    pub(super) fn next_open(
        &self,
        calendar: CalendarNo,
        from: Timestamp,
        places: &[(ThingNo, Str)],
        rule: &Rule,
    ) -> Timestamp {
        let Some((calendar, zone)) = self.calendar(Some(calendar), places, rule) else { return from };
        let calendar = &self.ruleset.vocabulary.calendars[calendar.index()];
        calendar.next_open(from, &zone).unwrap_or(Timestamp::MAX)
    }

    /// The named calendar, else the place's own, else `business_hours`; its zone, else the place's, else the rule's.
    fn calendar(
        &self,
        named: Option<CalendarNo>,
        places: &[(ThingNo, Str)],
        rule: &Rule,
    ) -> Option<(CalendarNo, TimeZone)> {
        let own = || self.at_places(places, |place| place.calendar);
        let calendar = named.or_else(own).or_else(|| self.ruleset.vocabulary.calendar("business_hours"))?;
        let zone = self.ruleset.vocabulary.calendars[calendar.index()].zone.clone();
        let zone = zone.or_else(|| self.at_places(places, |place| place.zone.clone()));
        Some((calendar, zone.unwrap_or_else(|| rule.zone.clone())))
    }
}
