//! The spanned tree: what `.play` and `.play.yaml` both become, and the last place where they differ in nothing
//! but `Playbook::syntax`.
//!
//! Names are as written and unresolved, lengths and numbers are read, sentences have their shape. Comments are
//! kept with their places so that the formatter can put them back. Left out: whether anything named exists
//! (`compile::resolve`) or makes sense (`compile::check`).

use jiff::civil::{Date, Time};

use crate::lang::source::{FileNo, Span, Spanned};
use crate::number::Number;
use crate::value::Currency;

/// A word as written: an id, a field, a signal, a role.
pub type Word = Spanned<String>;
/// A text without its quotes, escapes resolved. `span` covers the quotes where there are any.
pub type Text = Spanned<String>;

/// Which of the two syntaxes a playbook is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// `*.play`
    Play,
    /// `*.play.yaml`
    Yaml,
}

/// One playbook file.
#[derive(Clone, Debug, PartialEq)]
pub struct Playbook {
    /// The file it was read from.
    pub file: FileNo,
    /// Its syntax.
    pub syntax: Syntax,
    /// Its id; `None` where the header is broken.
    pub id: Option<Word>,
    /// Its title.
    pub title: Option<Text>,
    /// Its version, any word or number.
    pub version: Option<Word>,
    /// Its zone, an IANA name.
    pub zone: Option<Text>,
    /// Who hears of its failures: an address, a text. `company.owner` of the directory where absent.
    pub owner: Option<Text>,
    /// Named conditions.
    pub defines: Vec<Define>,
    /// `every rule: unless …`: guards of all rules.
    pub every_rule: Vec<Guard>,
    /// Rules whose text could be read.
    pub rules: Vec<Rule>,
    /// Rules whose text could not: at least their id, so that a running version can be kept.
    pub broken: Vec<BrokenRule>,
    /// Where the tree holds stand-ins for what could not be read (`lang::unread`): reported already, and no further
    /// word is said about it. Some may be in definitions, which good rules use.
    pub holes: Vec<Span>,
    /// Every comment, in order of place, without the `#`.
    pub comments: Vec<Comment>,
}

/// A rule whose text could not be read.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokenRule {
    /// Its id, if that much could be read.
    pub id: Option<Word>,
    /// From the word `rule` to the next rule.
    pub span: Span,
    /// The clauses that could be read, with stand-ins for the rest: to be checked, never to be run.
    pub rest: Option<Box<Rule>>,
}

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The text after `#`, trimmed at the end.
    pub text: String,
    /// From the `#` to the end of the line.
    pub span: Span,
    /// Whether it has its line to itself.
    pub own_line: bool,
}

/// `define detractor as score is at most 6`
#[derive(Clone, Debug, PartialEq)]
pub struct Define {
    /// The name.
    pub name: Word,
    /// What it stands for.
    pub condition: Condition,
    /// The whole clause.
    pub span: Span,
}

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its id.
    pub id: Word,
    /// Its title.
    pub title: Option<Text>,
    /// `live` unless written.
    pub status: Option<Spanned<Status>>,
    /// When it fires.
    pub when: Spanned<Trigger>,
    /// `for each store`, `for each store and touchpoint`: the key of readings, measures and schedules.
    pub for_each: Vec<Path>,
    /// `only if` and `unless`.
    pub guards: Vec<Guard>,
    /// `check every day at 07:00`
    pub check: Option<Spanned<Schedule>>,
    /// `at most once every 7 days per store`
    pub limit: Option<Limit>,
    /// What happens: immediate steps first.
    pub then: Vec<Step>,
    /// From the word `rule` to the end of the last action.
    pub span: Span,
}

/// What a rule may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It acts.
    Live,
    /// It decides and records, and sends nothing.
    Shadow,
    /// It sees nothing and holds what is planned.
    Paused,
}

/// A path such as `customer.company.segment`; a single name is a path of one word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The words between the dots; at least one.
    pub words: Vec<Word>,
    /// All of it.
    pub span: Span,
}

/// A signal with its `where`.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The signal's name as written: singular, or plural in a count.
    pub signal: Word,
    /// The condition after `where`.
    pub filter: Option<Condition>,
}

/// The eight trigger shapes, a closed list.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// `survey_response where …`
    Each(Source),
    /// `queue_reading.wait goes over 10 minutes where … clears under 8 minutes`;
    /// `… stays over 10 minutes for 20 minutes`
    Reading {
        /// The signal with its `where`.
        source: Source,
        /// The field of the signal.
        field: Word,
        /// Over or under.
        side: Side,
        /// The line.
        line: Operand,
        /// `for D`, with `stays`.
        stays_for: Option<Length>,
        /// `clears under Y` (or `clears over Y` for `goes under`).
        clears: Option<(Spanned<Side>, Operand)>,
    },
    /// `3 or more complaints where … with different topic for the same customer within 14 days`
    Count {
        /// The N.
        at_least: Spanned<u64>,
        /// The signals.
        source: Source,
        /// `with different <field>`
        different: Option<Word>,
        /// `for the same …`
        same: Vec<Path>,
        /// `within D`
        within: Length,
    },
    /// `A followed by B for the same K within D`
    Sequence {
        /// A.
        first: Source,
        /// B.
        then: Source,
        /// `for the same …`
        same: Vec<Path>,
        /// `within D`
        within: Length,
    },
    /// `A not followed by B for the same K within D`
    Absence {
        /// A.
        first: Source,
        /// B.
        then: Source,
        /// `for the same …`
        same: Vec<Path>,
        /// `within D`
        within: Length,
    },
    /// `nps of survey_response.score over the last 7 days is …`
    Measure {
        /// What is measured.
        measure: Measure,
        /// `over the last D`
        over: Length,
        /// What it is held against.
        test: MeasureTest,
        /// `with at least 30 survey_responses in both periods`
        enough: Option<Enough>,
    },
    /// `every Monday at 08:00`
    Schedule(Schedule),
}

/// Over or under a line. The line itself is neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// More than the line.
    Over,
    /// Less than the line.
    Under,
}

/// What is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// How.
    pub kind: Spanned<MeasureKind>,
    /// The signal (singular before a field; singular or plural for `count of` and `share of`) and its `where`:
    /// for `share of` the condition picks the share, otherwise the sample.
    pub source: Source,
    /// The field; `None` for `count of` and `share of`.
    pub field: Option<Word>,
    /// The B of `gap between A and B`: a second field of the same signal.
    pub second: Option<Word>,
    /// All of it, `where` included.
    pub span: Span,
}

/// The measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MeasureKind {
    /// Percent promoters minus percent detractors, −100 to +100.
    Nps,
    /// Percent satisfied (4 and 5 of 5).
    Csat,
    /// The arithmetic mean.
    Average,
    /// The middle value; of an even number the mean of the two.
    Median,
    /// The sum; of nothing 0.
    Sum,
    /// How many; of nothing 0.
    Count,
    /// Percent of signals that meet the condition.
    Share,
    /// The lowest value.
    Lowest,
    /// The highest value.
    Highest,
    /// The mean of A − B over the signals that have both.
    Gap,
}

impl MeasureKind {
    /// Returns the word a sentence has for it: `nps of …`, `gap between …`.
    pub fn word(self) -> &'static str {
        match self {
            MeasureKind::Nps => "nps",
            MeasureKind::Csat => "csat",
            MeasureKind::Average => "average",
            MeasureKind::Median => "median",
            MeasureKind::Sum => "sum",
            MeasureKind::Count => "count",
            MeasureKind::Share => "share",
            MeasureKind::Lowest => "lowest",
            MeasureKind::Highest => "highest",
            MeasureKind::Gap => "gap",
        }
    }
}

/// What a measure is held against.
#[derive(Clone, Debug, PartialEq)]
pub enum MeasureTest {
    /// `is less than 20`: one of the comparing predicates.
    Level(Spanned<Predicate>),
    /// `is at least 15 points below the 28 days before`
    Previous {
        /// Whether at least (`at least 15`) or more than (`more than 15`).
        op: Spanned<Order>,
        /// By how much.
        by: Spanned<Number>,
        /// `points` or `percent`.
        unit: Spanned<DifferenceUnit>,
        /// `below` is [`Side::Under`], `above` [`Side::Over`].
        side: Spanned<Side>,
        /// `the 28 days before`
        before: Length,
    },
}

/// The unit of a difference between two periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DifferenceUnit {
    /// The measure's own unit.
    Points,
    /// Of the period before.
    Percent,
}

/// `with at least 30 survey_responses in both periods`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enough {
    /// The 30.
    pub at_least: Spanned<u64>,
    /// The signal, singular or plural.
    pub signal: Word,
    /// Whether `in both periods` was written.
    pub both_periods: bool,
    /// All of it.
    pub span: Span,
}

/// `only if …` or `unless …`
#[derive(Clone, Debug, PartialEq)]
pub struct Guard {
    /// Whether it is an `unless`.
    pub unless: bool,
    /// The condition.
    pub condition: Condition,
    /// All of it.
    pub span: Span,
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Its shape.
    pub kind: ConditionKind,
    /// All of it, brackets included.
    pub span: Span,
}

/// The shapes of a condition. `and` and `or` never mix without brackets.
#[derive(Clone, Debug, PartialEq)]
pub enum ConditionKind {
    /// All of two or more.
    And(Vec<Condition>),
    /// At least one of two or more.
    Or(Vec<Condition>),
    /// `(…)`: kept so that the formatter can write it back.
    Group(Box<Condition>),
    /// A defined name, or a yes/no field.
    Name(Path),
    /// A subject and what is said of it.
    Test(Operand, Spanned<Predicate>),
    /// A script in back-ticks, without them.
    Script(Text),
    /// `within business_hours`, `outside business_hours`: what time it is.
    Hours {
        /// Whether `outside`.
        outside: bool,
        /// The calendar.
        calendar: Word,
    },
}

/// What is said of a subject.
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    /// `is X`, `is not X`
    Is {
        /// Whether `not`.
        negated: bool,
        /// X.
        to: Operand,
    },
    /// `is one of A, B`, `is not one of A, B`
    OneOf {
        /// Whether `not`.
        negated: bool,
        /// At least one.
        of: Vec<Operand>,
    },
    /// `is at least X` and the like; `is over X` is [`Order::MoreThan`], `is before X` [`Order::Before`].
    Compare {
        /// Which.
        order: Order,
        /// X.
        to: Operand,
    },
    /// `is between A and B`, both included.
    Between(Operand, Operand),
    /// `is present`
    Present,
    /// `is missing`
    Missing,
    /// `contains "x"`, `does not contain "x"`
    Contains {
        /// Whether `does not`.
        negated: bool,
        /// The text.
        text: Operand,
    },
    /// `starts with "x"`, `does not start with "x"`
    StartsWith {
        /// Whether `does not`.
        negated: bool,
        /// The text.
        text: Operand,
    },
    /// `mentions staff_kindness`, `does not mention staff_kindness`
    Mentions {
        /// Whether `does not`.
        negated: bool,
        /// The lexicon.
        lexicon: Word,
    },
    /// `is in the next 60 days`, `is not in the last 2 weeks`, of dates
    Days {
        /// Whether `not`.
        negated: bool,
        /// Whether `last`.
        past: bool,
        /// How many.
        length: Length,
    },
    /// `is a detractor`, `is not passive`, of scores
    Scale {
        /// Whether `not`.
        negated: bool,
        /// The word, without its article.
        word: Word,
    },
}

/// A comparison of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// `is at least`
    AtLeast,
    /// `is at most`
    AtMost,
    /// `is more than`, `is over`
    MoreThan,
    /// `is less than`, `is under`
    LessThan,
    /// `is before`, of dates and times
    Before,
    /// `is after`, of dates and times
    After,
}

/// Something with a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Operand {
    /// Which.
    pub kind: OperandKind,
    /// Where.
    pub span: Span,
}

/// What an operand can be.
#[derive(Clone, Debug, PartialEq)]
pub enum OperandKind {
    /// A name or a path. A bare word is always a name, never a text.
    Path(Path),
    /// `"gold"`
    Text(String),
    /// `0.5`
    Number(Number),
    /// `10 minutes`
    Length(Length),
    /// `20 percent`
    Percent(Number),
    /// `50 EUR`
    Money(Number, Currency),
    /// `2026-12-24`
    Date(Date),
    /// `09:00`
    Time(Time),
    /// `yes`, `no`
    YesNo(bool),
    /// A script in back-ticks, without them.
    Script(String),
}

/// A length as written: `14 days`, `4 business hours of support_desk`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Length {
    /// How many.
    pub amount: Number,
    /// Of what.
    pub unit: LengthUnit,
    /// `of <calendar>`, only after a business unit.
    pub calendar: Option<Word>,
    /// All of it.
    pub span: Span,
}

/// Units of a written length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LengthUnit {
    /// Elapsed seconds.
    Seconds,
    /// Elapsed minutes.
    Minutes,
    /// Elapsed hours.
    Hours,
    /// Civil days.
    Days,
    /// Civil weeks.
    Weeks,
    /// Minutes of opening time.
    BusinessMinutes,
    /// Hours of opening time.
    BusinessHours,
    /// The same clock time on the next open day.
    BusinessDays,
}

/// `every day at 07:00`, `every Monday and Thursday at 08:00 and 16:00`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// On which weekdays, Monday first. `every day` is all seven, `every weekday` the first five.
    pub days: [bool; 7],
    /// At what times of day; at least one.
    pub times: Vec<Spanned<Time>>,
}

/// `at most once every 7 days per store`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The interval.
    pub every: Length,
    /// `per customer and topic`; at least one.
    pub per: Vec<Path>,
    /// All of it.
    pub span: Span,
}

/// A timing with the actions it takes; without a timing they are immediate.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When; `None` is at once (in a ladder also written `now:`).
    pub timing: Option<Timing>,
    /// At least one.
    pub actions: Vec<Action>,
    /// All of it.
    pub span: Span,
}

/// `after 2 hours, at 09:00, during business_hours:` — each part may be absent, not all three.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// `after D`
    pub after: Option<Length>,
    /// `at 09:00`: the first such time not before.
    pub at: Option<Spanned<Time>>,
    /// `during <calendar>`: deferred to the next opening.
    pub during: Option<Word>,
    /// All of it.
    pub span: Span,
}

/// An action with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// Which.
    pub kind: ActionKind,
    /// All of it.
    pub span: Span,
}

/// What a rule can do.
#[derive(Clone, Debug, PartialEq)]
pub enum ActionKind {
    /// `alert floor_manager of store saying "…"`
    Alert {
        /// The role.
        role: Word,
        /// `of <path>`; company-wide without.
        of: Option<Path>,
        /// The text with its `{placeholders}`.
        saying: Option<Text>,
    },
    /// `email customer using "template" in customer.language with voucher "KIND10"`
    Email {
        /// To whom: a path that ends in a thing with an `email` fact.
        who: Path,
        /// The template's folder under `emails/`.
        template: Text,
        /// `in <language>`: a path or a text.
        language: Option<Operand>,
        /// `with name value, …`
        with: Vec<(Word, Operand)>,
    },
    /// `open case for customer with priority "high", reason comment`
    OpenCase {
        /// Whom it is about besides the signal's own things.
        of: Option<Path>,
        /// `with name value, …`: priority, reason.
        with: Vec<(Word, Operand)>,
    },
    /// `escalate until acknowledged or case_closed now: …`
    Escalate {
        /// `acknowledged`, `case_closed`; at least one.
        until: Vec<Word>,
        /// The steps of the ladder; at least one.
        ladder: Vec<Step>,
    },
    /// `post to "crm" with …`
    Post {
        /// The endpoint's name.
        endpoint: Text,
        /// `with name value, …`
        with: Vec<(Word, Operand)>,
    },
    /// `set customer.at_risk to yes`
    Set {
        /// A thing's fact.
        fact: Path,
        /// The value.
        to: Operand,
    },
    /// `record recovery_offer with reason "…"`
    Record {
        /// The signal.
        signal: Word,
        /// `with name value, …`
        with: Vec<(Word, Operand)>,
    },
}
