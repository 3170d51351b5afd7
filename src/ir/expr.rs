//! Conditions and operands, resolved and typed.
//!
//! Every text literal is stored folded (`vocabulary::text::fold`) because text compares folded (M14); ids are
//! stored as [`Value::Id`] and compare exactly. Units are gone: durations are lengths, scores numbers.

use jiff::tz::TimeZone;

use crate::ir::{Here, Order};
use crate::script::Script;
use crate::value::{Str, Value};
use crate::vocabulary::{CalendarNo, FactNo, FieldNo, LexiconNo, ThingNo, Type};

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// All of them.
    All(Vec<Condition>),
    /// At least one of them.
    Any(Vec<Condition>),
    /// One comparison.
    Test(Test),
    /// A script that must give `true`.
    Script(Script, Here),
    /// What time it is: of a `where` that of its signal, of a guard now.
    Hours(Hours),
}

/// Opening times as a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Hours {
    /// Whether it has to be closed.
    pub outside: bool,
    /// The calendar.
    pub calendar: CalendarNo,
    /// The rule's zone, where neither the calendar nor a place has one.
    pub zone: TimeZone,
    /// As it reads in the DSL.
    pub text: Str,
    /// The clause.
    pub here: Here,
}

/// One comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// What is looked at.
    pub subject: Operand,
    /// What is said of it.
    pub predicate: Predicate,
    /// The clause as it reads in the DSL, in one normalised form whatever the syntax: for traces.
    pub text: Str,
    /// The clause.
    pub here: Here,
}

/// What is said of a subject. A missing subject or operand satisfies none but `Missing` (M13).
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    /// Equal, or present and not equal.
    Is {
        /// Whether `is not`.
        negated: bool,
        /// To what.
        to: Operand,
    },
    /// Equal to one of, or present and equal to none of.
    OneOf {
        /// Whether `is not one of`.
        negated: bool,
        /// Of what.
        of: Vec<Operand>,
    },
    /// An order. `Before` and `After` are `LessThan` and `MoreThan` of dates and times.
    Compare {
        /// Which.
        order: Order,
        /// To what.
        to: Operand,
    },
    /// Both ends included.
    Between(Operand, Operand),
    /// Not missing.
    Present,
    /// Missing.
    Missing,
    /// Has the text within.
    Contains {
        /// Whether `does not contain`.
        negated: bool,
        /// The text.
        text: Operand,
    },
    /// Begins with the text.
    StartsWith {
        /// Whether `does not start with`.
        negated: bool,
        /// The text.
        text: Operand,
    },
    /// A date from today to that many days ahead, or back; both included.
    Days {
        /// Whether `is not in`: present, and another date.
        negated: bool,
        /// Whether back.
        past: bool,
        /// How many.
        days: u32,
        /// Whose today: the rule's zone.
        zone: TimeZone,
    },
    /// Has a word of the lexicon.
    Mentions {
        /// Whether `does not mention`.
        negated: bool,
        /// The lexicon.
        lexicon: LexiconNo,
    },
}

/// Something with a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A literal; a text is folded, except where it is printed (values of `with`, `set … to`).
    Literal(Value),
    /// A field or a fact.
    Access(Access),
    /// A script.
    Script(Script, Here),
}

/// How to get at a value: where it starts, and the facts on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Access {
    /// Where it starts.
    pub root: Root,
    /// Facts from thing to thing: `store.region.name` is the field `store`, then `region` of store, then `name`
    /// of region. All but the last give the id of the next thing.
    pub facts: Vec<(ThingNo, FactNo)>,
    /// The type of what comes out.
    pub ty: Type,
    /// Whether what comes out is a person's data.
    pub personal: bool,
    /// As written.
    pub name: Str,
}

/// Where an access starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// A field of the signal at hand: the one being filtered, and in guards and actions the one that entered the
    /// episode (M15).
    Signal(FieldNo),
    /// `first.x`: a field of a sequence's A.
    First(FieldNo),
    /// A part of the key, by its place; in rules whose firing has only its key (M15).
    Key(u8),
    /// `recent`: a measure's value over the last D.
    Recent,
    /// `previous`: its value over the period before.
    Previous,
    /// `count`: how many signals a count has reached.
    Count,
    /// `case`: the case this firing opened or joined.
    Case,
}
