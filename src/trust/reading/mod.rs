//! A rule read aloud from what it means: clause by clause, in names, whatever its file looks like.
//!
//! Everything a rule means stands in a [`Reading`], so that two rules of two vocabularies, whose numbers stand for different
//! names, can be compared. Each clause has a form for people and one in which equal meanings are equal texts. Rooms:
//! `condition` conditions and values, `trigger` the clauses of `when`, `action` what is done. Left out: what differs between
//! two readings (`trust::diff`), and clauses as their author wrote them (`lang::format`).

pub mod action;
mod condition;
mod trigger;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use crate::clock::Length;
use crate::ir::{Delay, KeyPart, Rule, Schedule, Status};
use crate::lang::format::sentence::quoted;
use crate::replay::words;
use crate::value::Value;
use crate::vocabulary::typed::print_value;
use crate::vocabulary::{CalendarNo, Type, Unit, Vocabulary};

use action::{Act, Place};

/// What a clause is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aspect {
    /// Its title.
    Title,
    /// Live, shadow or paused.
    Status,
    /// Who hears of its failures.
    Owner,
    /// Its time zone.
    Zone,
    /// The whole of `when` where the shapes differ.
    When,
    /// The signal it listens to.
    Signal,
    /// The signal that follows or does not.
    Answer,
    /// The field that is read, or what is measured.
    Measured,
    /// `over 10 minutes`.
    Line,
    /// Where a reading clears.
    Clears,
    /// How long it stays over.
    Stays,
    /// How many.
    AtLeast,
    /// `different topic`.
    Different,
    /// A window or deadline.
    Window,
    /// What a measure is held against.
    Test,
    /// The least sample.
    Enough,
    /// When a schedule runs.
    Runs,
    /// One part of `where`.
    Where,
    /// One part of the `where` of what follows.
    AnswerWhere,
    /// What picks a share.
    Share,
    /// The key.
    Key,
    /// One guard.
    Guard,
    /// `check`.
    Check,
    /// `at most`.
    Limit,
    /// When its ladder ends.
    Until,
}

/// A clause: as a person reads it, and as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// What it is about.
    pub aspect: Aspect,
    /// For people.
    pub shown: String,
    /// Equal for equal meanings.
    pub same: String,
}

/// A rule, clause by clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The whole of `when` in one sentence, for people.
    pub when: String,
    /// Its clauses; of `where` and guards each part is one.
    pub clauses: Vec<Clause>,
    /// What it does, in order.
    pub acts: Vec<Act>,
    /// How its steps are cut: two ways of writing one list of actions.
    pub cut: Vec<(Place, usize)>,
}

/// What a clause is read with.
#[derive(Clone, Copy)]
struct Reader<'a> {
    rule: &'a Rule,
    vocabulary: &'a Vocabulary,
}

/// Reads a rule.
pub fn read(rule: &Rule, vocabulary: &Vocabulary) -> Reading {
    let reader = Reader { rule, vocabulary };
    let mut clauses = vec![];
    let mut say = |aspect, text: String| clauses.push(Clause { aspect, same: text.clone(), shown: text });
    say(Aspect::Title, quoted(&rule.title));
    say(Aspect::Status, status(rule.status).to_owned());
    if let Some(owner) = &rule.owner {
        say(Aspect::Owner, owner.to_string());
    }
    say(Aspect::Zone, zone(&rule.zone));
    if !rule.key.is_empty() {
        say(Aspect::Key, key(&rule.key));
    }
    if let Some(check) = &rule.check {
        say(Aspect::Check, schedule(check));
    }
    if let Some(limit) = &rule.limit {
        let per: Vec<&str> = limit.per.iter().map(|(name, _)| &**name).collect();
        say(Aspect::Limit, format!("at most once every {} per {}", length(limit.every), per.join(" and ")));
    }
    if let Some(ladder) = &rule.then.ladder {
        let ends = [(ladder.until_acknowledged, "acknowledged"), (ladder.until_case_closed, "case_closed")];
        let ends: Vec<&str> = ends.into_iter().filter(|(does, _)| *does).map(|(_, word)| word).collect();
        say(Aspect::Until, ends.join(" or "));
    }
    clauses.extend(reader.when());
    clauses.extend(reader.guards());
    let when = reader.when_sentence(&clauses);
    let (acts, cut) = reader.acts();
    Reading { when, clauses, acts, cut }
}

impl Reading {
    /// Tells whether two readings have one meaning: the same clauses in any order, the same actions in the same order.
    pub fn same(&self, other: &Reading) -> bool {
        let sorted = |reading: &Reading| {
            let mut all: Vec<(Aspect, String)> =
                reading.clauses.iter().map(|clause| (clause.aspect, clause.same.clone())).collect();
            all.sort();
            all.dedup();
            all
        };
        sorted(self) == sorted(other) && self.acts == other.acts && self.cut == other.cut
    }
}

/// Returns `customer and topic`.
fn key(parts: &[KeyPart]) -> String {
    parts.iter().map(|part| &*part.name).collect::<Vec<_>>().join(" and ")
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Live => "live",
        Status::Shadow => "in shadow",
        Status::Paused => "paused",
    }
}

/// Returns `14 days` of civil days, `48 hours` of elapsed time: the two do not mean the same.
pub fn length(length: Length) -> String {
    match length {
        Length::Elapsed(time) => elapsed(time),
        Length::Days(days) => counted(days, "day"),
    }
}

/// Returns `90 minutes`, `48 hours`: never days, which are civil.
fn elapsed(time: SignedDuration) -> String {
    let whole = |unit: &Unit| time.as_nanos() % (i128::from(unit.seconds()) * 1_000_000_000) == 0;
    let unit = [Unit::Hours, Unit::Minutes].into_iter().find(whole).unwrap_or(Unit::Seconds);
    print_value(&Value::Duration(time), &Type::Duration(unit))
}

/// Returns the name of a zone.
pub fn zone(zone: &TimeZone) -> String {
    zone.iana_name().map_or_else(|| format!("{zone:?}"), str::to_owned)
}

fn counted(count: u32, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

impl Reader<'_> {
    fn delay(&self, delay: Delay) -> String {
        let of = |calendar: Option<CalendarNo>| match calendar {
            Some(calendar) => format!(" of {}", self.vocabulary.calendars[calendar.index()].name),
            None => String::new(),
        };
        match delay {
            Delay::Plain(plain) => length(plain),
            Delay::OpenTime(open, calendar) => {
                let text = elapsed(open);
                let (count, unit) = text.split_once(' ').unwrap_or((&text, ""));
                format!("{count} business {unit}{}", of(calendar))
            }
            Delay::OpenDays(days, calendar) => format!("{}{}", counted(days, "business day"), of(calendar)),
        }
    }
}

/// Returns `every Monday and Thursday at 08:00`.
fn schedule(schedule: &Schedule) -> String {
    const NAMES: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let days = match schedule.days {
        [true, true, true, true, true, true, true] => "day".to_owned(),
        [true, true, true, true, true, false, false] => "weekday".to_owned(),
        days => {
            let named = NAMES.iter().zip(days).filter(|(_, on)| *on).map(|(name, _)| (*name).to_owned());
            listed(&named.collect::<Vec<_>>())
        }
    };
    let times: Vec<String> = schedule.times.iter().map(|time| words::time(*time)).collect();
    format!("every {days} at {}", listed(&times))
}

/// Returns `a, b and c`.
pub fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}
