//! What exists: journey, touchpoints, channels, things and their facts, typed signals, lexicons, calendars;
//! and, in `directory`, who fills which role where.
//!
//! A [`Vocabulary`] is complete and checked once built: every name is a number (`SignalNo`, `ThingNo`, …), so
//! nothing after it compares names. The built-in thing `case` and the built-in signals of M20 stand in it like
//! any other, at the end. Left out: reading the files (`read`) and what a rule does with them.

pub mod builtin;
pub mod calendar;
pub mod contact;
pub mod directory;
pub mod lexicon;
pub mod read;
pub mod spoken;
pub mod text;
pub mod typed;

use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::value::Str;
use calendar::Calendar;
use contact::ContactBudget;
use lexicon::Lexicons;

macro_rules! numbered {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u16);
        impl $name {
            /// Returns the number as an index.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

numbered! {
    /// A kind of signal, by its place in [`Vocabulary::signals`].
    SignalNo;
    /// A field, by its place in [`SignalType::fields`].
    FieldNo;
    /// A thing, by its place in [`Vocabulary::things`].
    ThingNo;
    /// A fact, by its place in [`Thing::facts`].
    FactNo;
    /// A lexicon, by its place in [`Lexicons`].
    LexiconNo;
    /// A calendar, by its place in [`Vocabulary::calendars`].
    CalendarNo;
}

/// Everything a playbook may speak of.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    /// Its name, for people.
    pub name: Str,
    /// The zone of times written without one, unless a playbook or place has its own.
    pub zone: TimeZone,
    /// Languages of customers; the first is the fallback.
    pub languages: Vec<Str>,
    /// Stages of the journey in order.
    pub journey: Vec<Stage>,
    /// Channels by which feedback comes in.
    pub channels: Vec<Str>,
    /// What signals are about. The last one is the built-in `case`.
    pub things: Vec<Thing>,
    /// What can happen. The last ones are built in (M20).
    pub signals: Vec<SignalType>,
    /// Word lists, compiled into one automaton.
    pub lexicons: Lexicons,
    /// Opening times.
    pub calendars: Vec<Calendar>,
    /// How often customers may be contacted, and when not (M23).
    pub contacts: ContactBudget,
    /// How long a signal is known again (M6); 30 days unless declared.
    pub duplicate_memory: SignedDuration,
    /// The words in what could not be read of it, which was said: a name among them may well be declared there.
    pub lost: BTreeSet<Str>,
    /// A hash of all of the above as text: two vocabularies are the same if and only if this is.
    pub fingerprint: [u8; 16],
}

/// A stage of the journey with its touchpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its name, such as `before`.
    pub name: Str,
    /// Its touchpoints.
    pub touchpoints: Vec<Str>,
}

/// What signals are about, such as `customer` or `store`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    /// Its name in the singular.
    pub name: Str,
    /// What can be known of it, built-in facts (`customer.open_cases`, `case.priority`, …) included.
    pub facts: Vec<Field>,
}

/// A kind of signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalType {
    /// Its name in the singular.
    pub name: Str,
    /// Its plural, as a counting rule says it; `None` where none was declared.
    pub plural: Option<Str>,
    /// First the things it is about (as fields of type [`Type::Thing`] named like the thing), then its fields.
    pub fields: Vec<Field>,
    /// How many of `fields` are things it is about.
    pub about: usize,
    /// The declared lateness; seven days where not declared ([`SignalType::lateness`]).
    pub declared_lateness: Option<SignedDuration>,
    /// Whether touchline itself defines it (M20).
    pub builtin: bool,
}

/// A field of a signal or a fact of a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: Str,
    /// What it may hold.
    pub ty: Type,
    /// Whether a signal may come without it. Facts and things a signal is about are always optional.
    pub optional: bool,
    /// Whether it is a person's data: never in logs, metrics or snapshots unless revealed on purpose.
    pub personal: bool,
    /// Whether its type could not be read, which was said: what rules do with it is not judged.
    pub unread: bool,
}

/// What a field may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// Any text.
    Text,
    /// A decimal number.
    Number,
    /// A number without decimals.
    WholeNumber,
    /// `yes` or `no`; on the wire `true` or `false` as well.
    YesNo,
    /// A length of time; on the wire a number of this unit.
    Duration(Unit),
    /// An amount with a currency.
    Money,
    /// A calendar day.
    Date,
    /// A time of day.
    Time,
    /// A language code.
    Language,
    /// A mail address.
    Email,
    /// An IANA time zone name.
    TimeZone,
    /// One of the listed words.
    OneOf(Vec<Str>),
    /// A touchpoint of the journey.
    Touchpoint,
    /// A declared channel.
    Channel,
    /// The id of a thing.
    Thing(ThingNo),
    /// A score that knows its range and its meaning.
    Score(Scale),
}

/// A unit of elapsed time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
    /// Days of 24 hours (a field is elapsed time, never civil).
    Days,
}

/// A score scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scale {
    /// Net Promoter Score: 0–10; promoters 9–10, passives 7–8, detractors 0–6.
    Nps,
    /// Customer satisfaction: 1–5; satisfied 4 and 5.
    Csat,
    /// Customer effort score: 1–7, with its declared direction.
    Ces {
        /// Whether 7 means an easy contact (otherwise 7 means much effort).
        high_is_easy: bool,
    },
    /// Stars: 1–5.
    Stars,
}

impl Scale {
    /// Returns the lowest and highest whole score.
    pub fn range(self) -> (i64, i64) {
        match self {
            Scale::Nps => (0, 10),
            Scale::Csat | Scale::Stars => (1, 5),
            Scale::Ces { .. } => (1, 7),
        }
    }
}

/// How late a signal may come where nothing is declared (M5): nightly exports are normal.
pub const DEFAULT_LATENESS: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long a signal is known again where nothing is declared (M6).
pub const DEFAULT_DUPLICATE_MEMORY: SignedDuration = SignedDuration::from_hours(30 * 24);

impl SignalType {
    /// Returns how late this signal may come and still take its place.
    pub fn lateness(&self) -> SignedDuration {
        self.declared_lateness.unwrap_or(DEFAULT_LATENESS)
    }

    /// Finds a field or a thing it is about.
    pub fn field(&self, name: &str) -> Option<FieldNo> {
        self.fields.iter().position(|field| &*field.name == name).map(|place| FieldNo(place as u16))
    }
}

impl Thing {
    /// Finds a fact.
    pub fn fact(&self, name: &str) -> Option<FactNo> {
        self.facts.iter().position(|fact| &*fact.name == name).map(|place| FactNo(place as u16))
    }
}

impl Vocabulary {
    /// Finds a kind of signal by its singular.
    pub fn signal(&self, name: &str) -> Option<SignalNo> {
        self.signals.iter().position(|signal| &*signal.name == name).map(|place| SignalNo(place as u16))
    }

    /// Finds a kind of signal by its plural.
    pub fn plural(&self, name: &str) -> Option<SignalNo> {
        let is = |signal: &SignalType| signal.plural.as_deref() == Some(name);
        self.signals.iter().position(is).map(|place| SignalNo(place as u16))
    }

    /// Finds a thing.
    pub fn thing(&self, name: &str) -> Option<ThingNo> {
        self.things.iter().position(|thing| &*thing.name == name).map(|place| ThingNo(place as u16))
    }

    /// Finds a calendar.
    pub fn calendar(&self, name: &str) -> Option<CalendarNo> {
        self.calendars.iter().position(|calendar| &*calendar.name == name).map(|place| CalendarNo(place as u16))
    }

    /// Returns the kind of signal with this number.
    pub fn signal_type(&self, signal: SignalNo) -> &SignalType {
        &self.signals[signal.index()]
    }

    /// Returns the thing with this number.
    pub fn thing_type(&self, thing: ThingNo) -> &Thing {
        &self.things[thing.index()]
    }

    /// Returns the stage that holds `touchpoint`.
    pub fn stage_of(&self, touchpoint: &str) -> Option<&Stage> {
        self.journey.iter().find(|stage| stage.touchpoints.iter().any(|t| &**t == touchpoint))
    }
}
