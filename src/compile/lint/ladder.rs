//! Ladders whose steps overtake each other: a later step that can be due before the one above it.
//!
//! The engine holds such a step back (M18), so the ladder is not what was written. A week is tried, every quarter of
//! an hour; ladders that only add elapsed time are compared at once.

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

/// How many starts are tried: every quarter of an hour of a week.
const STARTS: i64 = 7 * 24 * 4;

/// What was found for pairs of steps: rules share their ladders.
#[derive(Debug, Default)]
pub struct Ladders(FxHashMap<String, i64>);

impl Ladders {
    /// Reports each step of a rule's ladder that can be due before the one above it.
    pub fn overtakes(&mut self, unit: &Unit, rule: &Rule, found: &mut Vec<Diagnostic>) {
        let Some(ladder) = &rule.then.ladder else { return };
        for (place, pair) in ladder.steps.windows(2).enumerate() {
            let [above, below] = pair else { continue };
            let early = self.starts_overtaken(&unit.vocabulary, &rule.zone, above, below);
            let Some(action) = below.actions.first().filter(|_| early > 0) else { continue };
            let share = early * 100 / STARTS;
            let share = if share == 0 { "less than 1".to_owned() } else { share.to_string() };
            let calendar = match below.timing.and_then(|timing| timing.after).or(above.timing.and_then(|t| t.after)) {
                Some(Delay::OpenTime(_, calendar) | Delay::OpenDays(_, calendar)) => {
                    format!(" (opening times of `{}`)", calendar_name(&unit.vocabulary, calendar))
                }
                _ => String::new(),
            };
            let message = format!("step {} of this ladder can be due before step {}", place + 2, place + 1);
            found.push(
                Diagnostic::warning(codes::LADDER_OVERTAKES, action.here.0, message)
                    .label(format!("in {share} percent of the week{calendar}"))
                    .related(above.actions.first().map_or(rule.here.0, |action| action.here.0), "the step above")
                    .help("write both delays in the same unit, or make this one longer"),
            );
        }
    }

    fn starts_overtaken(&mut self, vocabulary: &Vocabulary, zone: &TimeZone, above: &Step, below: &Step) -> i64 {
        if let (Some(one), Some(other)) = (plain(above), plain(below))
            && std::mem::discriminant(&one) == std::mem::discriminant(&other)
        {
            return if other.nominal() < one.nominal() { STARTS } else { 0 };
        }
        let key = format!("{:?} {:?} {:?}", above.timing, below.timing, zone.iana_name());
        *self.0.entry(key).or_insert_with(|| {
            let starts = (0..STARTS).filter_map(|quarter| start(quarter, zone));
            let early = |at: &Timestamp| match (due(vocabulary, zone, above, *at), due(vocabulary, zone, below, *at)) {
                (Some(first), Some(second)) => second < first,
                _ => false,
            };
            starts.filter(early).count() as i64
        })
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
fn start(quarter: i64, zone: &TimeZone) -> Option<Timestamp> {
    let monday = civil::date(2026, 2, 2).to_datetime(civil::Time::midnight());
    let monday = zone.to_ambiguous_timestamp(monday).compatible().ok()?;
    monday.checked_add(SignedDuration::from_mins(quarter * 15)).ok()
}

fn due(vocabulary: &Vocabulary, zone: &TimeZone, step: &Step, at: Timestamp) -> Option<Timestamp> {
    let Some(timing) = step.timing else { return Some(at) };
    let calendar = |number: Option<CalendarNo>| {
        let number = number.or_else(|| vocabulary.calendar(crate::compile::length::BUSINESS_HOURS))?;
        vocabulary.calendars.get(number.index())
    };
    let mut due = match timing.after {
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
    if let Some(time) = timing.at {
        let every_day = crate::ir::Schedule { days: [true; 7], times: vec![time] };
        due = every_day.next_after(due.checked_sub(SignedDuration::from_nanos(1)).ok()?, zone)?;
    }
    if let Some(number) = timing.during {
        let calendar = calendar(Some(number))?;
        due = calendar.next_open(due, calendar.zone.as_ref().unwrap_or(zone))?;
    }
    Some(due)
}
