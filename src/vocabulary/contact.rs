//! How often a thing may be written to, and when it is not (M23).
//!
//! `contact_budget: {customer: {email: 2 every 30 days, any: 3 every 30 days, exempt: [transactional]}, quiet_hours: 21:00 to 08:00}`:
//! one budget over all playbooks. Left out: counting (`engine::contacts`).

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use crate::clock::Length;
use crate::vocabulary::{FactNo, ThingNo};

/// How often things may be contacted, and when not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContactBudget {
    /// By thing; a thing that is not named is contacted at any time and without bound.
    pub things: Vec<ThingBudget>,
    /// When nobody of them is contacted.
    pub quiet: Option<QuietHours>,
}

/// How often one kind of thing may be contacted.
#[derive(Clone, Debug, PartialEq)]
pub struct ThingBudget {
    /// Which.
    pub thing: ThingNo,
    /// Its fact that says in which zone it lives, where it has one.
    pub zone: Option<FactNo>,
    /// So many at most, in the order written: all of them hold.
    pub most: Vec<Most>,
    /// What neither counts nor waits.
    pub exempt: Vec<Class>,
}

/// So many contacts in so long a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Most {
    /// Which contacts count.
    pub of: Counted,
    /// How many.
    pub count: u32,
    /// In what time.
    pub every: Length,
}

/// Which contacts a budget counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// All.
    Any,
    /// Those by one way.
    Way(Way),
    /// Those of one class.
    Class(Class),
}

/// A way of contacting somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Way {
    /// A mail.
    Email,
}

/// What kind of contact it is; a mail's template says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Class {
    /// Belongs to something the customer did or asked for.
    Transactional,
    /// Asks the customer something.
    Survey,
    /// Offers or advertises.
    Marketing,
}

/// The time of day at which nobody is contacted: from one time up to, not including, another; over midnight where the
/// second is the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// When it begins.
    pub from: Time,
    /// When it ends.
    pub to: Time,
}

impl Way {
    /// All of them with their words.
    pub const ALL: [(&'static str, Way); 1] = [("email", Way::Email)];

    /// Returns its word.
    pub fn name(self) -> &'static str {
        Way::ALL.iter().find(|(_, way)| *way == self).map_or("", |(name, _)| name)
    }
}

impl Class {
    /// All of them with the word that stands in `template.yaml`.
    pub const ALL: [(&'static str, Class); 3] =
        [("transactional", Class::Transactional), ("survey", Class::Survey), ("marketing", Class::Marketing)];

    /// Returns the word that stands in `template.yaml`.
    pub fn name(self) -> &'static str {
        Class::ALL.iter().find(|(_, class)| *class == self).map_or("", |(name, _)| name)
    }
}

impl Counted {
    /// Returns its word in a budget.
    pub fn name(self) -> &'static str {
        match self {
            Counted::Any => "any",
            Counted::Way(way) => way.name(),
            Counted::Class(class) => class.name(),
        }
    }

    /// Finds one by its word.
    pub fn named(word: &str) -> Option<Counted> {
        let way = || Way::ALL.iter().find(|(name, _)| *name == word).map(|(_, way)| Counted::Way(*way));
        let class = || Class::ALL.iter().find(|(name, _)| *name == word).map(|(_, class)| Counted::Class(*class));
        if word == "any" { Some(Counted::Any) } else { way().or_else(class) }
    }

    /// Returns every word a budget may begin with.
    pub fn words() -> impl Iterator<Item = &'static str> {
        let ways = Way::ALL.iter().map(|(name, _)| *name);
        ways.chain(["any"]).chain(Class::ALL.iter().map(|(name, _)| *name))
    }

    /// Tells whether a contact counts.
    pub fn counts(self, way: Way, class: Class) -> bool {
        match self {
            Counted::Any => true,
            Counted::Way(of) => of == way,
            Counted::Class(of) => of == class,
        }
    }
}

impl ContactBudget {
    /// Returns the budget of a kind of thing.
    pub fn of(&self, thing: ThingNo) -> Option<&ThingBudget> {
        self.things.iter().find(|budget| budget.thing == thing)
    }
}

impl QuietHours {
    /// Tells whether clocks that show `time` are within it.
    pub fn holds(self, time: Time) -> bool {
        match self.from < self.to {
            true => self.from <= time && time < self.to,
            false => self.from <= time || time < self.to,
        }
    }

    /// Returns when it is over for somebody in `zone`; `None` where `at` is not within it.
    pub fn over(self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let quiet = |at: Timestamp| self.holds(at.to_zoned(zone.clone()).time());
        if !quiet(at) {
            return None;
        }
        let today = at.to_zoned(zone.clone()).date();
        let days = [Some(today), today.tomorrow().ok()].into_iter().flatten();
        // A time that happens twice is an end twice; one that never happens ends with the hour that is left out.
        let ends = days.flat_map(|day| {
            let end = zone.to_ambiguous_timestamp(day.to_datetime(self.to));
            [end.earlier().ok(), end.later().ok()]
        });
        let change = zone.following(at).next().map(|change| change.timestamp());
        ends.flatten().chain(change).filter(|end| *end > at && !quiet(*end)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    fn over(quiet: (i8, i8), at: &str) -> Option<String> {
        let zone = TimeZone::get("Europe/Madrid").expect("the zone is known");
        let hours = |quarters: i8| time(quarters / 4, quarters % 4 * 15, 0, 0);
        let quiet = QuietHours { from: hours(quiet.0), to: hours(quiet.1) };
        let over = quiet.over(at.parse().expect("a test's instant is well formed"), &zone)?;
        Some(over.to_zoned(zone).strftime("%F %R %:z").to_string())
    }

    #[test]
    fn quiet_hours_are_half_open_and_may_go_over_midnight() {
        let night = (84, 32);
        assert_eq!(over(night, "2026-03-16T20:59:59+01:00"), None);
        assert_eq!(over(night, "2026-03-16T21:00:00+01:00").as_deref(), Some("2026-03-17 08:00 +01:00"));
        assert_eq!(over(night, "2026-03-17T07:59:59+01:00").as_deref(), Some("2026-03-17 08:00 +01:00"));
        assert_eq!(over(night, "2026-03-17T08:00:00+01:00"), None);
        assert_eq!(over((52, 60), "2026-03-17T13:00:00+01:00").as_deref(), Some("2026-03-17 15:00 +01:00"));
    }

    #[test]
    fn when_clocks_change_they_end_when_the_clock_says_so() {
        // 02:30 does not happen: it is 03:00 and quiet no more.
        assert_eq!(over((84, 10), "2026-03-29T01:59:00+01:00").as_deref(), Some("2026-03-29 03:00 +02:00"));
        // 02:30 happens twice, and between the first and the second the clock says 02:00 once more.
        assert_eq!(over((84, 10), "2026-10-25T02:10:00+02:00").as_deref(), Some("2026-10-25 02:30 +02:00"));
        assert_eq!(over((84, 10), "2026-10-25T02:10:00+01:00").as_deref(), Some("2026-10-25 02:30 +01:00"));
    }
}
