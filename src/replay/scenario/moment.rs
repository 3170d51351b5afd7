//! `Mon 2026-03-16 10:00`: a moment as scenarios write it. Weekday and date must agree.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::Span;
use crate::vocabulary::typed;

const WEEKDAYS: [(&str, &str, Weekday); 7] = [
    ("mon", "monday", Weekday::Monday),
    ("tue", "tuesday", Weekday::Tuesday),
    ("wed", "wednesday", Weekday::Wednesday),
    ("thu", "thursday", Weekday::Thursday),
    ("fri", "friday", Weekday::Friday),
    ("sat", "saturday", Weekday::Saturday),
    ("sun", "sunday", Weekday::Sunday),
];

/// Reads a moment in `zone`. A time that the spring change skips moves forward; one that happens twice is the first.
pub fn read(text: &str, span: Span, zone: &TimeZone) -> Result<Timestamp, Diagnostic> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let weekday = match words.first() {
        Some(word) if word.starts_with(char::is_alphabetic) => Some((weekday(word), words.remove(0))),
        _ => None,
    };
    let [date, time] = words[..] else {
        return Err(malformed(text, span));
    };
    let date_is: Date = date.parse().map_err(|_| malformed(text, span))?;
    let time: Time = typed::time(time).ok_or_else(|| malformed(text, span))?;
    match weekday {
        None => {}
        Some((None, word)) => {
            let message = format!("`{word}` is no weekday");
            return Err(
                Diagnostic::error(codes::SCENARIO_TIME, span, message).help(format!("write `{}`", full(date_is, time)))
            );
        }
        Some((Some(said), _)) if said != date_is.weekday() => {
            let message = format!("{date} is a {}, not a {}", long(date_is.weekday()), long(said));
            return Err(Diagnostic::error(codes::SCENARIO_WEEKDAY, span, message)
                .help(format!("write `{}`, or another date", full(date_is, time))));
        }
        Some(_) => {}
    }
    let civil = DateTime::from_parts(date_is, time);
    zone.to_ambiguous_timestamp(civil).compatible().map_err(|_| malformed(text, span))
}

fn weekday(word: &str) -> Option<Weekday> {
    let word = word.to_lowercase();
    WEEKDAYS.iter().find(|(short, long, _)| word == *short || word == *long).map(|(_, _, day)| *day)
}

fn long(weekday: Weekday) -> String {
    let name = WEEKDAYS[weekday.to_monday_zero_offset() as usize].1;
    name[..1].to_uppercase() + &name[1..]
}

fn full(date: Date, time: Time) -> String {
    format!("{} {date} {}", &long(date.weekday())[..3], crate::replay::words::time(time))
}

fn malformed(text: &str, span: Span) -> Diagnostic {
    Diagnostic::error(codes::SCENARIO_TIME, span, format!("`{text}` is not a moment"))
        .help("write weekday, date and time: `Mon 2026-03-16 10:00`")
}
