//! Ladders whose steps overtake each other: a later step that can be due before the one above it.
//!
//! The engine holds such a step back (M18), so the ladder is not what was written. A plain week of the rule's zone is
//! tried, to the minute: every quarter of an hour, and each minute of those within which it changes. The share is rounded
//! down. Ladders that only add elapsed time are compared at once.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};
use rustc_hash::FxHashMap;

use crate::clock::Length;
use crate::compile::Unit;
use crate::compile::length::calendar_name;
use crate::ir::action::{Step, Timing};
use crate::ir::{Delay, Rule};
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::vocabulary::{CalendarNo, Vocabulary};

/// How many minutes a week has.
const WEEK: i64 = 7 * 24 * 60;
/// How many minutes apart starts are tried first.
const QUARTER: i64 = 15;

/// How many different pairs of steps are tried: each takes about a millisecond, and ladders are shared.
const MOST_PAIRS: usize = 500;

/// The minutes of a week found for pairs of steps: rules share their ladders.
#[derive(Debug, Default)]
pub struct Ladders {
    found: FxHashMap<String, i64>,
    /// Whether it was said that there are more than are tried.
    too_many: bool,
}

impl Ladders {
    /// Reports each step of a rule's ladder that can be due before the one above it.
    pub fn overtakes(&mut self, unit: &Unit, rule: &Rule, found: &mut Vec<Diagnostic>) {
        let Some(ladder) = &rule.then.ladder else { return };
        for (place, pair) in ladder.steps.windows(2).enumerate() {
            let [above, below] = pair else { continue };
            let Some(early) = self.minutes_overtaken(&unit.vocabulary, &rule.zone, above, below) else {
                found.extend(self.not_tried(rule));
                continue;
            };
            let Some(action) = below.actions.first().filter(|_| early > 0) else { continue };
            let share = early * 100 / WEEK;
            let share = if share == 0 { "less than 1".to_owned() } else { share.to_string() };
            let calendar = [below, above].into_iter().find_map(calendar_of).map_or(String::new(), |calendar| {
                format!(" (opening times of `{}`)", calendar_name(&unit.vocabulary, calendar))
            });
            let message = format!("step {} of this ladder can be due before step {}", place + 2, place + 1);
            found.push(
                Diagnostic::warning(codes::LADDER_OVERTAKES, action.here.0, message)
                    .label(format!("in {share} percent of the week{calendar}"))
                    .related(above.actions.first().map_or(rule.here.0, |action| action.here.0), "the step above")
                    .help("write both delays in the same unit, or make this one longer"),
            );
        }
    }

    /// Counts the minutes of a week in which a ladder that begins has its step `below` due before the one `above`; `None`
    /// where too many were counted.
    fn minutes_overtaken(
        &mut self,
        vocabulary: &Vocabulary,
        zone: &TimeZone,
        above: &Step,
        below: &Step,
    ) -> Option<i64> {
        if let (Some(one), Some(other)) = (plain(above), plain(below))
            && std::mem::discriminant(&one) == std::mem::discriminant(&other)
        {
            return Some(if other.nominal() < one.nominal() { WEEK } else { 0 });
        }
        let key = format!("{:?} {:?} {:?}", above.timing, below.timing, zone.iana_name());
        if self.found.len() >= MOST_PAIRS && !self.found.contains_key(&key) {
            return None;
        }
        let minutes = self.found.entry(key).or_insert_with(|| {
            let early = |minute: i64| {
                let due = |step: &Step| due(vocabulary, zone, step, start(minute, zone)?);
                matches!((due(above), due(below)), (Some(first), Some(second)) if second < first)
            };
            let mut minutes = 0;
            let mut before = early(0);
            for quarter in (0..WEEK).step_by(QUARTER as usize) {
                let after = early(quarter + QUARTER);
                minutes += match (before, after) {
                    (true, true) => QUARTER,
                    (false, false) => 0,
                    _ => (quarter..quarter + QUARTER).filter(|minute| early(*minute)).count() as i64,
                };
                before = after;
            }
            minutes
        });
        Some(*minutes)
    }

    /// Says once that the ladders from here on are not tried.
    fn not_tried(&mut self, rule: &Rule) -> Option<Diagnostic> {
        let message = format!("ladders from here on were not tried: {MOST_PAIRS} different pairs of steps were");
        let first = !std::mem::replace(&mut self.too_many, true);
        first.then(|| {
            Diagnostic::warning(codes::LADDER_OVERTAKES, rule.here.0, message)
                .help("give ladders the same delays where they may have them, or check some of the playbooks alone")
        })
    }
}

/// Returns the places of the steps that are due before the one above them where the ladder begins at an instant.
pub fn overtaken(vocabulary: &Vocabulary, rule: &Rule, at: Timestamp) -> Vec<usize> {
    let steps = rule.then.ladder.iter().flat_map(|ladder| &ladder.steps);
    let due: Vec<Option<Timestamp>> = steps.map(|step| due(vocabulary, &rule.zone, step, at)).collect();
    let early = |place: &usize| matches!((due[place - 1], due[*place]), (Some(above), Some(below)) if below < above);
    (1..due.len()).filter(early).collect()
}

/// Returns the calendar a step waits for, `Some(None)` for the one where none is named.
fn calendar_of(step: &Step) -> Option<Option<CalendarNo>> {
    let timing = step.timing?;
    match timing.after {
        Some(Delay::OpenTime(_, calendar) | Delay::OpenDays(_, calendar)) => Some(calendar),
        _ => timing.during.map(Some),
    }
}

/// A step that only adds elapsed time, or only days.
fn plain(step: &Step) -> Option<Length> {
    match step.timing {
        None => Some(Length::Elapsed(SignedDuration::ZERO)),
        Some(Timing { after: Some(Delay::Plain(length)), at: None, during: None }) => Some(length),
        _ => None,
    }
}

/// An ordinary week: no change of the clock, and few holidays anywhere.
///
/// The middle of a minute stands for it: calendars and delays change their answer on whole minutes.
fn start(minute: i64, zone: &TimeZone) -> Option<Timestamp> {
    let monday = civil::date(2026, 2, 2).to_datetime(civil::Time::midnight());
    let monday = zone.to_ambiguous_timestamp(monday).compatible().ok()?;
    monday.checked_add(SignedDuration::from_secs(minute * 60 + 30)).ok()
}

fn due(vocabulary: &Vocabulary, zone: &TimeZone, step: &Step, at: Timestamp) -> Option<Timestamp> {
    let Some(timing) = step.timing else { return Some(at) };
    let calendar = |number: Option<CalendarNo>| {
        let number = number.or_else(|| vocabulary.calendar(crate::compile::length::BUSINESS_HOURS))?;
        vocabulary.calendars.get(number.index())
    };
    let due = match timing.after {
        None => at,
        Some(Delay::Plain(length)) => length.after(at, zone),
        Some(Delay::OpenTime(length, number)) => {
            let calendar = calendar(number)?;
            calendar.add_open_time(at, length, calendar.zone.as_ref().unwrap_or(zone))?
        }
        Some(Delay::OpenDays(days, number)) => {
            let calendar = calendar(number)?;
            calendar.add_open_days(at, days, calendar.zone.as_ref().unwrap_or(zone))?
        }
    };
    let at = |time, from: Timestamp| {
        let every_day = crate::ir::Schedule { days: [true; 7], times: vec![time] };
        every_day.next_after(from.checked_sub(SignedDuration::from_nanos(1)).ok()?, zone)
    };
    match (timing.at, timing.during) {
        (None, None) => Some(due),
        (Some(time), None) => at(time, due),
        (time, Some(number)) => {
            let calendar = calendar(Some(number))?;
            let of = calendar.zone.as_ref().unwrap_or(zone);
            match time {
                None => calendar.next_open(due, of),
                Some(time) => calendar.first_open(due, of, |from| at(time, from)),
            }
        }
    }
}
