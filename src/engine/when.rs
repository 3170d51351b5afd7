//! When things are due: delays, times of day, calendars (M2, M17).

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use crate::engine::effect::Firing;
use crate::engine::turn::Turn;
use crate::ir::action::Timing;
use crate::ir::{Delay, Rule};
use crate::signal::Signal;
use crate::value::{Str, Value};
use crate::vocabulary::calendar::Calendar;
use crate::vocabulary::directory::Place;
use crate::vocabulary::{CalendarNo, ThingNo, Type};

/// The calendar that counts where neither the playbook nor the place names one.
pub const BUSINESS_HOURS: &str = "business_hours";
/// How many steps a way upwards may have: a directory that goes in circles ends here.
const WIDEST: usize = 16;

impl Turn<'_> {
    /// Returns the instant a timing is due, counted from `base`: after its delay, at its time of day, while its calendar is
    /// open. Where it is never open at that time, at its next opening; `None` where a calendar never opens.
    pub(crate) fn timed(
        &self,
        rule: &Rule,
        timing: &Timing,
        base: Timestamp,
        places: &[(ThingNo, Str)],
    ) -> Option<Timestamp> {
        let due = match timing.after {
            Some(delay) => self.delayed(rule, delay, base, places)?,
            None => base,
        };
        let at = |time, from| first_time_not_before(from, time, &rule.zone);
        let calendar = |number| self.calendar(rule, Some(number), places);
        match (timing.at, timing.during.map(calendar)) {
            (None, None) => Some(due),
            (Some(time), None) => at(time, due),
            (None, Some(calendar)) => {
                let (calendar, zone) = calendar?;
                calendar.next_open(due, &zone)
            }
            (Some(time), Some(calendar)) => {
                let (calendar, zone) = calendar?;
                calendar.first_open(due, &zone, |from| at(time, from))
            }
        }
    }

    /// Returns the instant a delay after `from` has passed; `None` where its calendar never opens.
    pub(crate) fn delayed(
        &self,
        rule: &Rule,
        delay: Delay,
        from: Timestamp,
        places: &[(ThingNo, Str)],
    ) -> Option<Timestamp> {
        match delay {
            Delay::Plain(length) => Some(length.after(from, &rule.zone)),
            Delay::OpenTime(length, named) => {
                let (calendar, zone) = self.calendar(rule, named, places)?;
                calendar.add_open_time(from, length, &zone)
            }
            Delay::OpenDays(days, named) => {
                let (calendar, zone) = self.calendar(rule, named, places)?;
                calendar.add_open_days(from, days, &zone)
            }
        }
    }

    /// Returns the calendar that counts, and its zone: the named one, else the place's own, else `business_hours`; the
    /// calendar's zone, else the place's, else the rule's.
    fn calendar(
        &self,
        rule: &Rule,
        named: Option<CalendarNo>,
        places: &[(ThingNo, Str)],
    ) -> Option<(&Calendar, TimeZone)> {
        let vocabulary = &self.rules.vocabulary;
        let of_place = || self.first_of(places, |place| place.calendar);
        let number = named.or_else(of_place).or_else(|| vocabulary.calendar(BUSINESS_HOURS))?;
        let calendar = &vocabulary.calendars[number.index()];
        let zone = calendar.zone.clone().or_else(|| self.first_of(places, |place| place.zone.clone()));
        Some((calendar, zone.unwrap_or_else(|| rule.zone.clone())))
    }

    /// Looks for something in each place and upwards from it.
    fn first_of<T>(&self, places: &[(ThingNo, Str)], pick: impl Fn(&Place) -> Option<T>) -> Option<T> {
        places.iter().find_map(|place| {
            let mut level = vec![place.clone()];
            for _ in 0..WIDEST {
                let known = level.iter().filter_map(|place| self.rules.directory.places.get(place));
                if let Some(found) = known.clone().find_map(&pick) {
                    return Some(found);
                }
                level = level.iter().flat_map(|(thing, id)| self.facts().wider(*thing, id)).collect();
            }
            None
        })
    }

    /// Returns who fills a role in a place, or in the next wider one that has somebody, or company-wide (M19).
    pub(crate) fn people(&self, role: &str, place: Option<(ThingNo, Str)>) -> Vec<Str> {
        let mut level: Vec<(ThingNo, Str)> = place.into_iter().collect();
        for _ in 0..WIDEST {
            for (thing, id) in &level {
                let owner =
                    self.state.cases.get(id).filter(|_| self.is_case(*thing)).and_then(|case| case.owner.clone());
                if let (crate::vocabulary::builtin::CASE_OWNER, Some(owner)) = (role, owner) {
                    return vec![owner];
                }
                let here = self.rules.directory.places.get(&(*thing, id.clone()));
                if let Some(people) = here.and_then(|place| place.roles.get(role)).filter(|people| !people.is_empty()) {
                    return people.clone();
                }
            }
            level = level.iter().flat_map(|(thing, id)| self.facts().wider(*thing, id)).collect();
            if level.is_empty() {
                break;
            }
        }
        self.rules.directory.company_roles.get(role).cloned().unwrap_or_default()
    }

    fn is_case(&self, thing: ThingNo) -> bool {
        &*self.rules.vocabulary.thing_type(thing).name == crate::vocabulary::builtin::CASE
    }

    /// Returns the things a signal is about, in the order of its kind.
    pub(crate) fn things_of(&self, signal: &Signal) -> Vec<(ThingNo, Str)> {
        let kind = self.rules.vocabulary.signal_type(signal.kind);
        let about = kind.fields.iter().zip(&signal.fields).take(kind.about);
        let things = about.filter_map(|(field, value)| match (&field.ty, value) {
            (Type::Thing(thing), Value::Id(id)) => Some((*thing, id.clone())),
            _ => None,
        });
        things.collect()
    }

    /// Returns the things a firing is about: those of its key, then those of its signal.
    pub(crate) fn things_of_firing(&self, firing: &Firing) -> Vec<(ThingNo, Str)> {
        let rule = self.rules.rule(&firing.rule);
        let parts = rule.into_iter().flat_map(|rule| rule.key.iter()).zip(&firing.values.key);
        let of_key = parts.filter_map(|(part, value)| match (part.thing, value) {
            (Some(thing), Value::Id(id)) => Some((thing, id.clone())),
            _ => None,
        });
        let mut things: Vec<(ThingNo, Str)> = of_key.collect();
        for thing in firing.values.signal.iter().flat_map(|signal| self.things_of(signal)) {
            if !things.iter().any(|(of, _)| *of == thing.0) {
                things.push(thing);
            }
        }
        things
    }
}

/// Returns the first instant not before `from` at which the clocks of `zone` show `time`.
fn first_time_not_before(from: Timestamp, time: Time, zone: &TimeZone) -> Option<Timestamp> {
    let mut date = from.to_zoned(zone.clone()).date();
    for _ in 0..3 {
        let at = zone.to_ambiguous_timestamp(date.to_datetime(time)).compatible().ok()?;
        if at >= from {
            return Some(at);
        }
        date = date.tomorrow().ok()?;
    }
    None
}
