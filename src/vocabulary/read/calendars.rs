//! Opening times as a sentence, and lists of holidays.
//!
//! `Monday to Friday 09:00 to 14:00 and 16:00 to 20:00, Saturday 10:00 to 14:00 except holidays_es in "Europe/Madrid"`:
//! groups of weekdays with their shifts, parted by commas; then what is excepted (names of holiday lists, or dates);
//! then a zone. Under `calendars` or `holidays`, a list of dates (`2026-12-25`, `2026-08-01 to 2026-08-15`) is a list
//! of holidays.

use jiff::civil::{Date, Time};
use rustc_hash::FxHashMap;

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{Slice, Span};
use crate::lang::yaml::node::{Key, Node, Scalar};
use crate::lang::yaml::read;
use crate::suggest::nearest;
use crate::vocabulary::calendar::{Calendar, Shift};
use crate::vocabulary::typed;

use super::Reader;

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
/// What people write for `to`.
const UNTIL: [&str; 9] = ["till", "til", "until", "untill", "through", "thru", "-", "–", "—"];
const EXAMPLE: &str = "write days and times: `Monday to Friday 09:00 to 18:00, Saturday 10:00 to 14:00`";
/// The longest stretch of holidays, in days.
const LONGEST_HOLIDAY: i32 = 366;

/// Lists of holidays by name.
type Holidays = FxHashMap<String, Vec<Date>>;

impl Reader {
    pub(super) fn calendars(&mut self, calendars: Option<&Node>, holidays: Option<&Node>) -> Vec<Calendar> {
        let mut lists = Holidays::default();
        let mut sentences: Vec<(&Key, &Scalar, Span)> = Vec::new();
        for (key, node) in self.entries(holidays, "holidays") {
            self.name(key, "holiday list");
            let dates = self.dates(node, &key.text);
            lists.insert(key.text.clone(), dates);
        }
        for (key, node) in self.entries(calendars, "calendars") {
            self.name(key, "calendar");
            if node.list().is_some() {
                let dates = self.dates(node, &key.text);
                lists.entry(key.text.clone()).or_default().extend(dates);
            } else if let Some(scalar) = self.keep(read::expect_scalar(node, &key.text)) {
                sentences.push((key, scalar, node.span));
            }
        }
        sentences.iter().map(|(key, scalar, span)| self.calendar(key, scalar, *span, &lists)).collect()
    }

    fn dates(&mut self, node: &Node, what: &str) -> Vec<Date> {
        let mut dates = Vec::new();
        if node.text() == Some("") {
            return dates;
        }
        for node in self.keep(read::expect_list(node, what)).unwrap_or(&[]) {
            let Some(text) = self.keep(read::expect_text(node, "a holiday")) else { continue };
            let (first, last) = text.split_once(" to ").unwrap_or((text, text));
            let first = self.keep(date(first.trim(), node.span));
            let Some((first, last)) = first.and_then(|first| Some((first, self.keep(date(last.trim(), node.span))?)))
            else {
                continue;
            };
            let length = first.until(last).map_or(0, |span| span.get_days());
            if last < first || length > LONGEST_HOLIDAY {
                let message = format!("`{text}` is no stretch of days of at most a year");
                let help = "write the first day, `to`, and the last day: `2026-08-01 to 2026-08-15`";
                self.say(Diagnostic::error(codes::BAD_HOLIDAY, node.span, message).help(help));
                continue;
            }
            dates.extend(first.series(jiff::Span::new().days(1)).take_while(|day| *day <= last));
        }
        dates
    }

    fn calendar(&mut self, key: &Key, scalar: &Scalar, span: Span, lists: &Holidays) -> Calendar {
        let name = key.text.as_str().into();
        let mut calendar = Calendar { name, week: Default::default(), holidays: Vec::new(), zone: None };
        let slice = scalar.slice(self.file);
        let mut words = Words { words: split(&slice), next: 0, end: span, slips: Vec::new() };
        let read = self.hours(&mut words, &mut calendar).and_then(|()| self.tail(&mut words, &mut calendar, lists));
        self.diagnostics.append(&mut words.slips);
        if let Err(diagnostic) = read {
            self.say(diagnostic);
        }
        calendar.holidays.sort();
        calendar.holidays.dedup();
        calendar
    }

    /// Reads the groups of weekdays with their shifts.
    fn hours(&mut self, words: &mut Words<'_>, calendar: &mut Calendar) -> Result<(), Diagnostic> {
        let mut said: [Option<Span>; 7] = [None; 7];
        loop {
            let from = words.span();
            let days = days(words)?;
            let group = from.to(words.last_span());
            let shifts = shifts(words)?;
            for day in days {
                if let Some(first) = said[day].replace(group) {
                    let message = format!("{} has opening times twice", WEEKDAYS[day]);
                    let help = "write all shifts of a day together: `Monday 09:00 to 14:00 and 16:00 to 20:00`";
                    let twice = Diagnostic::error(codes::SHIFTS_OVERLAP, group, message);
                    self.say(twice.related(first, "the first time").help(help));
                    continue;
                }
                calendar.week[day] = shifts.clone();
            }
            if !words.take(&[",", "and"]) || words.at_end() {
                return Ok(());
            }
        }
    }

    /// Reads what is excepted, and the zone.
    fn tail(&mut self, words: &mut Words<'_>, calendar: &mut Calendar, lists: &Holidays) -> Result<(), Diagnostic> {
        let none = Holidays::default();
        if words.take(&["except"]) {
            loop {
                let (word, span) = words.expect("the name of a list of holidays after `except`")?;
                if word.starts_with(|c: char| c.is_ascii_digit()) {
                    calendar.holidays.push(date(word, span)?);
                } else if let Some(dates) = lists.get(word) {
                    calendar.holidays.extend(dates);
                } else {
                    let unknown = unknown_holidays(word, span, if self.is_full() { &none } else { lists });
                    self.say(unknown);
                }
                if !words.take(&["and", ","]) {
                    break;
                }
            }
        }
        if words.take(&["in"]) {
            let (zone, span) = words.expect("a time zone after `in`")?;
            calendar.zone = self.zone_named(zone.trim_matches('"'), span);
        }
        match words.peek() {
            None => Ok(()),
            Some((word, span)) => {
                let near = nearest(word, ["and", "except", "in"].into_iter());
                let extra = Diagnostic::error(codes::BAD_CALENDAR, span, format!("`{word}` is not expected here"));
                Err(extra.help(match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "after the times come `except` with a list of holidays, then `in` with a zone".to_owned(),
                }))
            }
        }
    }
}

fn unknown_holidays(word: &str, span: Span, lists: &Holidays) -> Diagnostic {
    let message = format!("no holidays are listed as `{word}`, so nothing is excepted");
    let unknown = Diagnostic::warning(codes::UNKNOWN_HOLIDAYS, span, message);
    let mut names: Vec<&str> = lists.keys().map(String::as_str).collect();
    names.sort_unstable();
    unknown.help(match nearest(word, names.into_iter()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("list them: `holidays: {{{word}: [2026-12-25, 2026-12-26]}}`"),
    })
}

/// Reads `Monday`, `Monday to Friday`, `Monday, Wednesday and Friday` or `every day`.
fn days(words: &mut Words<'_>) -> Result<Vec<usize>, Diagnostic> {
    if words.peek().is_some_and(|(word, _)| word.eq_ignore_ascii_case("every")) {
        words.next += 1;
        let (word, span) = words.expect("`day` after `every`")?;
        if !word.eq_ignore_ascii_case("day") {
            return Err(unknown_weekday(word, span).help("write `every day`"));
        }
        return Ok((0..7).collect());
    }
    let mut days = Vec::new();
    loop {
        let first = weekday(words)?;
        let last = if words.to() { weekday(words)? } else { first };
        // `Saturday to Monday` goes over the end of the week.
        days.extend((0..7).map(|n| (first + n) % 7).take((last + 7 - first) % 7 + 1));
        if !words.take(&[",", "and"]) {
            return Ok(days);
        }
    }
}

fn weekday(words: &mut Words<'_>) -> Result<usize, Diagnostic> {
    let (word, span) = words.expect("a weekday")?;
    if let Some(day) = weekday_named(word) {
        return Ok(day);
    }
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        let message = format!("`{word}` stands where a weekday belongs");
        return Err(Diagnostic::error(codes::BAD_CALENDAR, span, message).help(EXAMPLE));
    }
    let help = match word.to_lowercase().as_str() {
        "weekday" | "weekdays" | "workdays" => "write `Monday to Friday`".to_owned(),
        "weekend" | "weekends" => "write `Saturday to Sunday`".to_owned(),
        "daily" | "always" => "write `every day`".to_owned(),
        _ => match nearest(word, WEEKDAYS.into_iter()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => EXAMPLE.to_owned(),
        },
    };
    Err(unknown_weekday(word, span).help(help))
}

fn weekday_named(word: &str) -> Option<usize> {
    let short = |name: &str| word.len() == 3 && name[..3].eq_ignore_ascii_case(word);
    WEEKDAYS.iter().position(|name| name.eq_ignore_ascii_case(word) || short(name))
}

fn unknown_weekday(word: &str, span: Span) -> Diagnostic {
    Diagnostic::error(codes::UNKNOWN_WEEKDAY, span, format!("unknown weekday `{word}`"))
}

/// Reads `09:00 to 14:00 and 16:00 to 20:00`, in order and apart.
fn shifts(words: &mut Words<'_>) -> Result<Vec<Shift>, Diagnostic> {
    let mut shifts: Vec<(Shift, Span)> = Vec::new();
    loop {
        let from = words.span();
        let (opens, open_span) = words.expect("an opening time such as 09:00")?;
        let opens = time(opens, open_span)?.ok_or_else(|| bad_time("24:00", open_span))?;
        if !words.to() {
            let here = words.span();
            let message = "an opening time without its closing time";
            return Err(Diagnostic::error(codes::BAD_CALENDAR, here, message).help("write both: `09:00 to 18:00`"));
        }
        let (closes, span) = words.expect("a closing time such as 18:00")?;
        let closes = time(closes, span)?;
        let place = from.to(span);
        if closes.is_some_and(|closes| closes <= opens) {
            return Err(closes_first(opens, closes, place));
        }
        shifts.push((Shift { opens, closes }, place));
        // An `and` or a comma before a time goes on with the day; before a weekday it ends it.
        let goes_on = words.peek_at(1).is_some_and(|(word, _)| word.starts_with(|c: char| c.is_ascii_digit()));
        if !goes_on || !words.take(&["and", ","]) {
            break;
        }
    }
    shifts.sort_by_key(|(shift, _)| shift.opens);
    for pair in shifts.windows(2) {
        let ((one, first), (other, second)) = (pair[0], pair[1]);
        if one.closes.is_none_or(|closes| closes > other.opens) {
            let overlap =
                Diagnostic::error(codes::SHIFTS_OVERLAP, second, "this shift begins before the other one ends");
            return Err(overlap
                .related(first, "the other one")
                .help("let the first one end earlier, or make them one"));
        }
    }
    Ok(shifts.into_iter().map(|(shift, _)| shift).collect())
}

fn closes_first(opens: Time, closes: Option<Time>, place: Span) -> Diagnostic {
    let print = |time: Time| format!("{:02}:{:02}", time.hour(), time.minute());
    let (opens, closes) = (print(opens), closes.map_or("24:00".to_owned(), print));
    let message = format!("a shift closes at {closes}, before it opens at {opens}");
    let help =
        format!("over midnight, write the two parts: `{opens} to 24:00` on one day, `00:00 to {closes}` on the next");
    Diagnostic::error(codes::SHIFT_ORDER, place, message).help(help)
}

/// Reads a time of day; `24:00` is `None`.
fn time(word: &str, span: Span) -> Result<Option<Time>, Diagnostic> {
    if word == "24:00" {
        return Ok(None);
    }
    typed::time(word).map(Some).ok_or_else(|| bad_time(word, span))
}

fn bad_time(word: &str, span: Span) -> Diagnostic {
    let mended = typed::time(&word.replace(['.', 'h'], ":")).or_else(|| typed::time(&format!("{word}:00")));
    let help = match mended {
        Some(time) => format!("write `{:02}:{:02}`", time.hour(), time.minute()),
        None => "write hours and minutes from 00:00 to 24:00, such as `09:30`; a day ends at 24:00".to_owned(),
    };
    Diagnostic::error(codes::BAD_OPENING_TIME, span, format!("`{word}` is not a time of day")).help(help)
}

fn date(text: &str, span: Span) -> Result<Date, Diagnostic> {
    if let Ok(date) = text.parse::<Date>()
        && text.len() == 10
    {
        return Ok(date);
    }
    let parts: Vec<i16> = text.split('-').filter_map(|part| part.parse().ok()).collect();
    let help = match parts[..] {
        [year, month @ 1..=12, _] if text.len() == 10 => match Date::new(year, month as i8, 1) {
            Ok(first) => format!("that month has {} days", first.days_in_month()),
            Err(_) => "write year, month and day: `2026-12-25`".to_owned(),
        },
        _ => "write year, month and day: `2026-12-25`".to_owned(),
    };
    Err(Diagnostic::error(codes::BAD_HOLIDAY, span, format!("`{text}` is not a date that exists")).help(help))
}

/// The words of a sentence with their places.
struct Words<'a> {
    words: Vec<(&'a str, Span)>,
    next: usize,
    /// The place of the whole.
    end: Span,
    /// Words that were taken for others.
    slips: Vec<Diagnostic>,
}

impl<'a> Words<'a> {
    fn peek(&self) -> Option<(&'a str, Span)> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Option<(&'a str, Span)> {
        self.words.get(self.next + ahead).copied()
    }

    fn at_end(&self) -> bool {
        self.next >= self.words.len()
    }

    /// Passes over the next word if it is one of these.
    fn take(&mut self, wanted: &[&str]) -> bool {
        let taken = self.peek().is_some_and(|(word, _)| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(word)));
        self.next += usize::from(taken);
        taken
    }

    /// Passes over `to`, or over what people write for it, which is said.
    fn to(&mut self) -> bool {
        if self.take(&["to"]) {
            return true;
        }
        let Some((word, span)) = self.peek() else { return false };
        let other = UNTIL.iter().any(|other| other.eq_ignore_ascii_case(word));
        if other
            && let (Some((first, _)), Some((last, _))) = (self.words.get(self.next.wrapping_sub(1)), self.peek_at(1))
            && last.starts_with(char::is_alphanumeric)
        {
            let problem = Diagnostic::error(codes::BAD_CALENDAR, span, format!("`{word}` stands where `to` belongs"));
            self.slips.push(problem.help(format!("write `{first} to {last}`")));
            self.next += 1;
            return true;
        }
        false
    }

    fn expect(&mut self, what: &str) -> Result<(&'a str, Span), Diagnostic> {
        let word = self.peek();
        self.next += 1;
        word.ok_or_else(|| {
            let message = format!("the sentence ends where {what} belongs");
            Diagnostic::error(codes::BAD_CALENDAR, self.last_span(), message).help(format!("add {what}"))
        })
    }

    /// Returns the place of the next word, or of the whole at the end.
    fn span(&self) -> Span {
        self.peek().map_or(self.end, |(_, span)| span)
    }

    /// Returns the place of the word before.
    fn last_span(&self) -> Span {
        self.words.get(self.next.min(self.words.len()).wrapping_sub(1)).map_or(self.end, |(_, span)| *span)
    }
}

/// Adds a word, or the three that a dash makes of `Mon-Fri` and `09:00–18:00`. Dates and names keep theirs.
fn push<'a>(words: &mut Vec<(&'a str, Span)>, slice: &Slice<'a>, from: usize, end: usize) {
    let word = &slice.text[from..end];
    let hours = |text: &str| {
        let short = text.len() <= 2 || text.len() <= 5 && text.contains([':', '.', 'h']);
        short && text.starts_with(|c: char| c.is_ascii_digit())
    };
    let dash = word.char_indices().find(|(_, c)| matches!(c, '-' | '–' | '—')).filter(|(at, dash)| {
        let (first, last) = (&word[..*at], &word[at + dash.len_utf8()..]);
        weekday_named(first).is_some() && !last.is_empty() || hours(first) && hours(last)
    });
    let mut add = |from: usize, end: usize| words.push((&slice.text[from..end], slice.span(from, end)));
    match dash {
        Some((at, dash)) => {
            let (dash, behind) = (from + at, from + at + dash.len_utf8());
            add(from, dash);
            add(dash, behind);
            add(behind, end);
        }
        None => add(from, end),
    }
}

/// Cuts a sentence into words; a comma is a word of its own, and so is a text in quotes.
fn split<'a>(slice: &Slice<'a>) -> Vec<(&'a str, Span)> {
    let text = slice.text;
    let mut words = Vec::new();
    let mut start = None;
    let mut quoted = false;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        quoted ^= c == '"';
        let cuts = (c.is_whitespace() || c == ',') && !quoted || at == text.len();
        match (start, cuts) {
            (None, false) => start = Some(at),
            (Some(from), true) => {
                push(&mut words, slice, from, at);
                start = None;
            }
            _ => {}
        }
        if c == ',' && !quoted {
            words.push((&text[at..at + 1], slice.span(at, at + 1)));
        }
    }
    words
}
