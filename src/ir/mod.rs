//! The intermediate representation: resolved and typed rules.
//!
//! Nothing unresolved can be written down here: a name is a number or an [`Access`](expr::Access), a text a list
//! of pieces, a script is compiled. Both syntaxes of one rule give equal values: places in files are kept
//! ([`Here`]) but do not take part in equality, and `{:#?}` of a rule is the form our snapshots hold.
//!
//! Read [`Rule`] first. Left out: how it is found (`compile`) and what it does (`engine`).

pub mod action;
pub mod expr;

use std::fmt;

use jiff::SignedDuration;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::Length;
use crate::id::RuleId;
use crate::ir::action::Then;
use crate::ir::expr::{Access, Condition, Operand};
use crate::lang::source::Span;
pub use crate::lang::tree::{DifferenceUnit, MeasureKind, Order, Side, Status};
use crate::value::Str;
use crate::vocabulary::{CalendarNo, FieldNo, SignalNo, ThingNo};

/// A place in a file that does not take part in equality, hashing or printing.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub struct Here(pub Span);

impl PartialEq for Here {
    fn eq(&self, _: &Here) -> bool {
        true
    }
}
impl Eq for Here {}
impl fmt::Debug for Here {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("·")
    }
}

/// A rule, resolved and typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Playbook id and rule id.
    pub id: RuleId,
    /// Its title; its id where none was written.
    pub title: Str,
    /// Live, shadow or paused.
    pub status: Status,
    /// Who hears of its failures, where the playbook says so; otherwise the directory's owner.
    pub owner: Option<Str>,
    /// The playbook's zone: its own, else the vocabulary's.
    pub zone: TimeZone,
    /// When it fires.
    pub trigger: Trigger,
    /// The key of its windows and episodes, in the order written; empty for a rule on each signal.
    pub key: Vec<KeyPart>,
    /// How things must be now: all of them (M11).
    pub guards: Vec<Guard>,
    /// When a measure is looked at; without it, after each of its signals (M13).
    pub check: Option<Schedule>,
    /// At most once an interval (M12).
    pub limit: Option<Limit>,
    /// What happens.
    pub then: Then,
    /// The whole rule.
    pub here: Here,
}

/// One part of a key, such as `customer`, `topic` or `customer.company`.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyPart {
    /// As written.
    pub name: Str,
    /// The thing whose ids it takes, where it is one: then `for each` runs over the directory too (M14).
    pub thing: Option<ThingNo>,
    /// How each kind of signal of this rule gives it (root [`Signal`](expr::Root::Signal)); none for a schedule.
    pub from: Vec<(SignalNo, Access)>,
}

/// The eight trigger shapes.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// Each signal.
    Each(Source),
    /// A reading over a line.
    Reading {
        /// The signal.
        source: Source,
        /// The field that is read.
        field: FieldNo,
        /// Over or under.
        side: Side,
        /// The line: a literal of the field's type.
        line: Operand,
        /// Where it counts as left: strictly on the other side of this; without it, the first value not over.
        clears: Option<Operand>,
        /// How long it must stay over before the episode is entered.
        stays_for: Option<Length>,
    },
    /// N or more within D.
    Count {
        /// The signals.
        source: Source,
        /// N, at least 1.
        at_least: u32,
        /// Count different values of this field instead of signals.
        different: Option<FieldNo>,
        /// D.
        within: Length,
    },
    /// A followed by B within D, the end included (M3).
    Sequence {
        /// A.
        first: Source,
        /// B.
        then: Source,
        /// D.
        within: Length,
    },
    /// A not followed by B within D, the end included (M3).
    Absence {
        /// A.
        first: Source,
        /// B.
        then: Source,
        /// D, perhaps in opening time.
        within: Delay,
    },
    /// A measure over the last D.
    Measure(Measure),
    /// At given times.
    Schedule(Schedule),
}

/// A signal with its `where`.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The kind of signal.
    pub signal: SignalNo,
    /// What must hold of it, with [`Root::Signal`](expr::Root::Signal) as the signal itself.
    pub filter: Option<Condition>,
}

/// A measure and its test.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// How it is measured.
    pub kind: MeasureKind,
    /// The signal and its `where`; for [`MeasureKind::Share`] the filter is absent (see `share`).
    pub source: Source,
    /// The measured field; `None` for count and share.
    pub field: Option<FieldNo>,
    /// The B of a gap.
    pub second: Option<FieldNo>,
    /// What picks the share.
    pub share: Option<Condition>,
    /// D: the last D.
    pub over: Length,
    /// What it is held against.
    pub test: MeasureTest,
    /// The least number of signals in the sample, in the last D and, if `both_periods`, in the period before.
    pub enough: Option<Enough>,
}

/// The least sample of a measure. The sample is the signals that take part: those with the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enough {
    /// How many.
    pub at_least: u32,
    /// Whether the period before needs as many.
    pub both_periods: bool,
}

/// What a measure is held against.
#[derive(Clone, Debug, PartialEq)]
pub enum MeasureTest {
    /// A level: an order and a literal in the measure's unit.
    Level(Order, Operand),
    /// Between two literals, both included.
    Between(Operand, Operand),
    /// The period before.
    Previous {
        /// At least or more than.
        order: Order,
        /// By how much: points in the measure's own unit (for durations: their literal's amount in the field's
        /// unit), or percent of the period before.
        by: crate::number::Number,
        /// Points or percent.
        unit: DifferenceUnit,
        /// Above or below the period before.
        side: Side,
        /// How long the period before is.
        before: Length,
    },
}

/// A length that may be counted in opening time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// Elapsed or civil.
    Plain(Length),
    /// Opening time of the named calendar, else the place's own, else `business_hours` (M2).
    OpenTime(SignedDuration, Option<CalendarNo>),
    /// Open days of the same.
    OpenDays(u32, Option<CalendarNo>),
}

/// `only if` or `unless`.
#[derive(Clone, Debug, PartialEq)]
pub struct Guard {
    /// Whether the condition must not hold.
    pub unless: bool,
    /// The condition.
    pub condition: Condition,
    /// The clause.
    pub here: Here,
}

/// Weekdays and times of day in the rule's zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Monday first.
    pub days: [bool; 7],
    /// In order, each once.
    pub times: Vec<Time>,
}

/// At most once an interval per key.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// The interval; days are civil in the rule's zone.
    pub every: Length,
    /// The limit's own key, from the values of the firing.
    pub per: Vec<(Str, Access)>,
    /// The clause.
    pub here: Here,
}

impl Rule {
    /// Returns the kinds of signal it listens to, each once.
    pub fn signals(&self) -> Vec<SignalNo> {
        match &self.trigger {
            Trigger::Each(source) | Trigger::Reading { source, .. } | Trigger::Count { source, .. } => {
                vec![source.signal]
            }
            Trigger::Sequence { first, then, .. } | Trigger::Absence { first, then, .. } => {
                let mut signals = vec![first.signal, then.signal];
                signals.dedup();
                signals
            }
            Trigger::Measure(measure) => vec![measure.source.signal],
            Trigger::Schedule(_) => vec![],
        }
    }

    /// Returns the instant up to which a signal at `at` can matter to it: the end of its window; `None` where it looks at
    /// each signal alone.
    pub fn matters_until(&self, at: jiff::Timestamp) -> Option<jiff::Timestamp> {
        let after = |length: Length| Some(length.after(at, &self.zone));
        match &self.trigger {
            Trigger::Each(_) | Trigger::Schedule(_) => None,
            Trigger::Reading { stays_for, .. } => stays_for.and_then(after),
            Trigger::Count { within, .. } | Trigger::Sequence { within, .. } => after(*within),
            // An absence is armed for As whose deadline is ahead; opening time is nominal here.
            Trigger::Absence { within: Delay::Plain(length), .. } => after(*length),
            Trigger::Absence { within: Delay::OpenTime(length, _), .. } => at.checked_add(*length).ok(),
            Trigger::Absence { within: Delay::OpenDays(days, _), .. } => after(Length::Days(*days)),
            Trigger::Measure(measure) => {
                let recent = measure.over.after(at, &self.zone);
                match measure.test {
                    MeasureTest::Previous { before, .. } => Some(before.after(recent, &self.zone)),
                    _ => Some(recent),
                }
            }
        }
    }

    /// Returns a hash of its meaning, titles and places in files left out of the latter but not the former.
    pub fn fingerprint(&self) -> [u8; 16] {
        let mut hash = [0; 16];
        hash.copy_from_slice(&Sha256::digest(format!("{self:?}"))[..16]);
        hash
    }
}

impl Schedule {
    /// Returns the first run strictly after `at`, in `zone`; `None` at the end of time.
    pub fn next_after(&self, at: jiff::Timestamp, zone: &TimeZone) -> Option<jiff::Timestamp> {
        let today = at.to_zoned(zone.clone()).date();
        // A day with a run comes within a week; the day before catches a time that a gap moved past midnight.
        let mut date = today.yesterday().ok()?;
        for _ in 0..10 {
            if self.days[date.weekday().to_monday_zero_offset() as usize] {
                // A gap can push an early time behind a later one: the earliest instant counts, not the first time.
                let run = |time: &Time| zone.to_ambiguous_timestamp(date.to_datetime(*time)).compatible().ok();
                if let Some(next) = self.times.iter().filter_map(run).filter(|run| *run > at).min() {
                    return Some(next);
                }
            }
            date = date.tomorrow().ok()?;
        }
        None
    }
}
