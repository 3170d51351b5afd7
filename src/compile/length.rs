//! Written lengths → time: what a length may be in its place, and whether it makes sense.

use jiff::SignedDuration;

use crate::clock::Length;
use crate::compile::lower::Lower;
use crate::compile::scope::did_you_mean;
use crate::ir::Delay;
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::format::sentence;
use crate::lang::source::Span;
use crate::lang::tree::{self, LengthUnit, Word};
use crate::number::Number;
use crate::value::Str;
use crate::vocabulary::CalendarNo;

/// No length in a rule is longer than a hundred years.
const LONGEST_DAYS: i64 = 36_525;
/// Opening time is looked for in three years of a calendar, so no delay in it is longer than one.
const LONGEST_OPEN_DAYS: i64 = 366;
/// What business lengths count in where neither they nor the place name a calendar (M2).
pub const BUSINESS_HOURS: &str = "business_hours";

/// Tells whether a unit counts opening time.
pub fn is_business(unit: LengthUnit) -> bool {
    matches!(unit, LengthUnit::BusinessMinutes | LengthUnit::BusinessHours | LengthUnit::BusinessDays)
}

impl Lower<'_> {
    /// Returns an elapsed or civil length; opening time is refused, `place` being what the length is for.
    pub fn plain_length(&mut self, length: &tree::Length, place: &str) -> Option<Length> {
        if is_business(length.unit) {
            let plain = match length.unit {
                LengthUnit::BusinessMinutes => LengthUnit::Minutes,
                LengthUnit::BusinessHours => LengthUnit::Hours,
                _ => LengthUnit::Days,
            };
            let plain = tree::Length { unit: plain, calendar: None, ..length.clone() };
            let message = format!("{place} cannot be counted in opening time");
            self.report(
                Diagnostic::error(codes::BUSINESS_LENGTH, length.span, message)
                    .label("opening time counts in delays, ladders and the `within` of `not followed by`")
                    .help(format!("write `{}`", sentence::length(&plain))),
            );
            return None;
        }
        self.positive(length)?;
        match length.unit {
            LengthUnit::Days => self.days(length, 1, LONGEST_DAYS).map(Length::Days),
            LengthUnit::Weeks => self.days(length, 7, LONGEST_DAYS).map(Length::Days),
            unit => self.elapsed(length, seconds_of(unit), LONGEST_DAYS).map(Length::Elapsed),
        }
    }

    /// Returns a length that may be counted in opening time.
    pub fn delay(&mut self, length: &tree::Length, place: &str) -> Option<Delay> {
        if !is_business(length.unit) {
            return self.plain_length(length, place).map(Delay::Plain);
        }
        let calendar = match &length.calendar {
            Some(word) => Some(self.calendar(word)?),
            None => self.default_calendar(length.span)?,
        };
        self.positive(length)?;
        match length.unit {
            LengthUnit::BusinessDays => {
                self.days(length, 1, LONGEST_OPEN_DAYS).map(|days| Delay::OpenDays(days, calendar))
            }
            unit => {
                let length = self.elapsed(length, seconds_of(unit), LONGEST_OPEN_DAYS)?;
                Some(Delay::OpenTime(length, calendar))
            }
        }
    }

    /// Resolves a calendar.
    pub fn calendar(&mut self, word: &Word) -> Option<CalendarNo> {
        let found = self.vocabulary.calendar(&word.node);
        if found.is_none() && self.vocabulary.lost.contains(&*word.node) {
            self.report(Diagnostic::told(word.span));
        } else if found.is_none() {
            let names: Vec<&str> = self.vocabulary.calendars.iter().map(|calendar| &*calendar.name).collect();
            let problem =
                Diagnostic::error(codes::NO_SUCH_CALENDAR, word.span, format!("unknown calendar `{}`", word.node));
            let problem = match names.is_empty() {
                true => problem.help(format!("add `calendars:` with `{}` to vocabulary.yaml", word.node)),
                false => did_you_mean(problem, &word.node, names, "declared are"),
            };
            self.report(problem);
        }
        found
    }

    /// Business lengths without a calendar's name fall back on `business_hours`, which must exist then.
    fn default_calendar(&mut self, span: Span) -> Option<Option<CalendarNo>> {
        if self.vocabulary.calendar(BUSINESS_HOURS).is_some() {
            return Some(None);
        }
        if self.vocabulary.lost.contains(BUSINESS_HOURS) {
            self.report(Diagnostic::told(span));
            return None;
        }
        self.report(
            Diagnostic::error(codes::NO_SUCH_CALENDAR, span, "opening time needs the calendar `business_hours`").help(
                "add it to vocabulary.yaml (`calendars: {business_hours: Monday to Friday 09:00 to 18:00}`), \
                 or name another one: `4 business hours of support_desk`",
            ),
        );
        None
    }

    /// Reads a length as the value of a duration field: always elapsed, a day being 24 hours.
    pub fn value_length(&mut self, length: &tree::Length) -> Option<SignedDuration> {
        if is_business(length.unit) {
            self.plain_length(length, "a value")?;
        }
        let seconds = match length.unit {
            LengthUnit::Days => 86_400,
            LengthUnit::Weeks => 7 * 86_400,
            unit => seconds_of(unit),
        };
        self.elapsed(length, seconds, LONGEST_DAYS)
    }

    fn positive(&mut self, length: &tree::Length) -> Option<()> {
        if length.amount > Number::ZERO {
            return Some(());
        }
        let zero = if length.amount == Number::ZERO { "zero" } else { "negative" };
        self.report(
            Diagnostic::error(codes::EMPTY_LENGTH, length.span, format!("a length of time cannot be {zero} here"))
                .help("write a length of at least `1 second`"),
        );
        None
    }

    fn days(&mut self, length: &tree::Length, each: i64, longest: i64) -> Option<u32> {
        if !length.amount.is_whole() {
            let hours = Number::from_billionths(length.amount.billionths() * i128::from(24 * each));
            self.report(
                Diagnostic::error(codes::BROKEN_DAY, length.span, "days and weeks are whole: they follow the calendar")
                    .help(format!("write `{hours} hours`, or a whole number of days")),
            );
            return None;
        }
        let days = length.amount.whole().saturating_mul(each);
        if days > longest {
            self.too_long(length.span, longest);
            return None;
        }
        u32::try_from(days).ok()
    }

    fn elapsed(&mut self, length: &tree::Length, seconds: i64, longest: i64) -> Option<SignedDuration> {
        let nanos = length.amount.billionths().checked_mul(i128::from(seconds))?;
        if nanos > i128::from(longest) * 86_400 * 1_000_000_000 {
            self.too_long(length.span, longest);
            return None;
        }
        let (whole, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
        Some(SignedDuration::new(i64::try_from(whole).ok()?, i32::try_from(rest).ok()?))
    }

    fn too_long(&mut self, span: Span, longest: i64) {
        let longest = if longest == LONGEST_DAYS { "a hundred years" } else { "a year of opening time" };
        self.report(
            Diagnostic::error(codes::LENGTH_TOO_LONG, span, format!("this is longer than {longest}"))
                .help("write a shorter time"),
        );
    }
}

fn seconds_of(unit: LengthUnit) -> i64 {
    match unit {
        LengthUnit::Seconds => 1,
        LengthUnit::Minutes | LengthUnit::BusinessMinutes => 60,
        LengthUnit::Hours | LengthUnit::BusinessHours => 3_600,
        LengthUnit::Days | LengthUnit::BusinessDays => 86_400,
        LengthUnit::Weeks => 7 * 86_400,
    }
}

/// Returns a calendar's name, or `business_hours`.
pub fn calendar_name(vocabulary: &crate::vocabulary::Vocabulary, calendar: Option<CalendarNo>) -> Str {
    calendar.map_or_else(|| BUSINESS_HOURS.into(), |number| vocabulary.calendars[number.index()].name.clone())
}
