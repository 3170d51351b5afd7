//! The DSL front end: the only place that names pest.
//!
//! [`playbook`] reads a file; the other functions read one sentence or part of a sentence, for the leaves of the
//! YAML form, which share every rule of the grammar and every message. All of them take text with its places and
//! give what could be read together with the problems; none of them fails or panics, whatever it is handed.
//!
//! Rooms: `scan` cuts text into tokens and collects comments, `file` cuts a file into its header and rules, `build`
//! turns pest's pairs into the tree, `repair` and `pieces` read what is left of a broken sentence, `diagnose` says in words a user typed why a text could not be read, with the
//! known mistakes in `mistakes`, clause by clause in `clauses`, and the words of other languages and tools in `words`.

// pest names the variants of `Rule` after the grammar's rules, in small letters; a local called `rule` is no slip.
#![allow(bindings_with_variant_name)]

mod build;
mod clauses;
mod diagnose;
mod file;
mod mistakes;
mod pieces;
mod placeholders;
mod repair;
mod scan;
mod sentence;
mod words;

use pest::iterators::Pair;

use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{Slice, Span, Spanned};
use crate::lang::tree;
use crate::lang::unread::Unread;
use crate::number::Number;

use build::{Builder, Node};
use grammar::Rule;
use sentence::{Reading, Sentence};

pub use file::playbook;
pub use mistakes::says_more;
pub use placeholders::{Piece, placeholders};
pub use words::{advice, key_word_for, status};

/// What pest makes of `grammar/play.pest`.
mod grammar {
    /// The generated parser.
    #[derive(pest_derive::Parser)]
    #[grammar = "../grammar/play.pest"]
    pub struct PlayParser;
}

/// How deep brackets may be nested.
pub const DEEPEST_BRACKETS: usize = 64;
/// How many words and marks one rule may have.
pub const MOST_WORDS: usize = 10_000;
/// After how many problems in one file further broken rules are not taken apart, only counted.
pub const MOST_PROBLEMS: usize = 5_000;

/// What a leaf parser gives.
#[derive(Clone, Debug)]
pub struct Read<T> {
    /// The value. Where there are problems it has holes, and is good for looking at the rest of it only; `None` where
    /// nothing at all could be read.
    pub value: Option<T>,
    /// What is wrong.
    pub problems: Vec<Diagnostic>,
    /// Where the value does not say what is written.
    pub holes: Vec<Span>,
}

impl<T> Read<T> {
    /// Returns the value where nothing is wrong with it.
    pub fn sound(self) -> Option<T> {
        self.value.filter(|_| !self.problems.iter().any(Diagnostic::is_error))
    }
}

/// Reads a condition: `score is at most 6 and comment is present`.
pub fn condition(slice: &Slice) -> Read<tree::Condition> {
    read(slice, pieces::condition)
}

/// Reads a value: `"gold"`, `10 minutes`, `customer.language`.
pub fn operand(slice: &Slice) -> Read<tree::Operand> {
    leaf(slice, Rule::e_operand, |builder, pair| builder.operand(pair))
}

/// Reads a name or a path: `customer.company`.
pub fn path(slice: &Slice) -> Read<tree::Path> {
    leaf(slice, Rule::e_path, |builder, pair| builder.path(pair))
}

/// Reads a key: paths joined by `and`.
pub fn key(slice: &Slice) -> Read<Vec<tree::Path>> {
    leaf(slice, Rule::e_key, |builder, pair| builder.key(pair))
}

/// Reads a length of time: `14 days`, `4 business hours of support_desk`.
pub fn length(slice: &Slice) -> Read<tree::Length> {
    leaf(slice, Rule::e_length, |builder, pair| builder.length(pair))
}

/// Reads a schedule: `every Monday at 08:00`.
pub fn schedule(slice: &Slice) -> Read<tree::Schedule> {
    leaf(slice, Rule::e_schedule, |builder, pair| builder.schedule(pair))
}

/// Reads a limit without its `at most`: `once every 7 days per store`.
pub fn limit(slice: &Slice) -> Read<tree::Limit> {
    leaf(slice, Rule::e_limit, |builder, pair| builder.limit(pair))
}

/// Reads what is said of a subject: `is at least 15`.
pub fn predicate(slice: &Slice) -> Read<Spanned<tree::Predicate>> {
    leaf(slice, Rule::e_predicate, |builder, pair| builder.predicate(pair))
}

/// Reads a signal with an optional `where`.
pub fn source(slice: &Slice) -> Read<tree::Source> {
    leaf(slice, Rule::e_source, |builder, pair| builder.source(pair))
}

/// Reads a measure: `nps of survey_response.score where touchpoint is "checkout"`.
pub fn measure(slice: &Slice) -> Read<tree::Measure> {
    leaf(slice, Rule::e_measure, |builder, pair| builder.measure(pair))
}

/// Reads a whole trigger, any of the eight shapes.
pub fn trigger(slice: &Slice) -> Read<Spanned<tree::Trigger>> {
    read(slice, pieces::trigger)
}

/// Reads one name.
pub fn word(slice: &Slice) -> Read<tree::Word> {
    leaf(slice, Rule::e_word, |builder, pair| Some(builder.word(&pair)))
}

/// Reads the timing of a step, with or without its colon: `after 2 hours, during business_hours`.
pub fn timing(slice: &Slice) -> Read<tree::Timing> {
    leaf(slice, Rule::e_timing, |builder, pair| builder.timing_parts(pair))
}

/// Reads a time of day: `09:00`.
pub fn time(slice: &Slice) -> Read<Spanned<jiff::civil::Time>> {
    leaf(slice, Rule::e_time, |builder, pair| builder.time(pair))
}

/// Reads a whole number without sign: `30`.
pub fn whole(slice: &Slice) -> Read<Spanned<u64>> {
    leaf(slice, Rule::e_whole, |builder, pair| builder.whole(pair))
}

/// Reads a role with an optional `of <path>`: `floor_manager of store`.
pub fn recipient(slice: &Slice) -> Read<(tree::Word, Option<tree::Path>)> {
    leaf(slice, Rule::e_recipient, |builder, pair| builder.recipient(pair))
}

/// Reads a signal's field: `queue_reading.wait`.
pub fn field(slice: &Slice) -> Read<(tree::Word, tree::Word)> {
    read(slice, pieces::field)
}

/// Reads a difference: `15 points`, `20 percent`.
pub fn difference(slice: &Slice) -> Read<(Spanned<Number>, Spanned<tree::DifferenceUnit>)> {
    let read = |builder: &mut Builder, pairs: &mut Node| {
        let amount = pairs.take(Rule::number)?;
        let unit = pairs.take(Rule::difference_unit)?;
        Some((builder.number(&amount), builder.difference_unit(unit)))
    };
    leaf_node(slice, Rule::e_difference, read)
}

/// Reads `slice` by `rule`, an entry of the grammar with one rule in it.
fn leaf<T: Unread>(slice: &Slice, rule: Rule, build: impl Fn(&mut Builder, Pair<Rule>) -> Option<T>) -> Read<T> {
    leaf_node(slice, rule, |builder, node| build(builder, node.any()?))
}

fn leaf_node<T: Unread>(slice: &Slice, rule: Rule, build: impl Fn(&mut Builder, &mut Node) -> Option<T>) -> Read<T> {
    read(slice, |sentence| pieces::one(sentence, rule, &build))
}

fn read<T>(slice: &Slice, read: impl FnOnce(&Sentence) -> Reading<T>) -> Read<T> {
    let whole = || vec![slice.span(0, slice.text.len())];
    if let Some(problem) = file::too_large(slice) {
        return Read { value: None, problems: vec![problem], holes: whole() };
    }
    let scan = scan::scan(slice.text);
    let mut problems = file::character_problems(slice, &scan);
    if scan.too_deep.is_some() {
        return Read { value: None, problems, holes: whole() };
    }
    let reading = read(&Sentence { slice, tokens: &scan.tokens, start: 0, end: slice.text.len() });
    let mut holes = reading.holes;
    if !problems.is_empty() {
        holes.extend(whole());
    }
    problems.extend(reading.problems);
    problems.extend(file::passed_over(slice, &scan));
    problems.extend(file::mixed_texts(slice, &scan));
    problems.truncate(MOST_PROBLEMS);
    Read { value: reading.value, problems, holes }
}

#[cfg(test)]
mod tests {
    use jiff::civil::time as clock;

    use super::*;
    use crate::lang::source::{FileNo, Offsets};
    use crate::lang::tree::{
        ConditionKind, DifferenceUnit, LengthUnit, MeasureKind, MeasureTest, OperandKind, Order, Predicate, Side,
        Trigger,
    };

    /// Reads a text that must be right.
    fn good<T: std::fmt::Debug>(text: &str, read: fn(&Slice) -> Read<T>) -> T {
        let slice = Slice { text, file: FileNo(0), offsets: Offsets::Shift(0) };
        let read = read(&slice);
        assert!(read.problems.is_empty() && read.holes.is_empty(), "{text}: {read:?}");
        read.value.expect("what has no problem has a value")
    }

    fn number(text: &str) -> Number {
        text.parse().expect("a number")
    }

    #[test]
    fn comparisons_keep_their_direction() {
        let orders = [
            ("at least", Order::AtLeast),
            ("at most", Order::AtMost),
            ("more than", Order::MoreThan),
            ("over", Order::MoreThan),
            ("less than", Order::LessThan),
            ("under", Order::LessThan),
            ("before", Order::Before),
            ("after", Order::After),
        ];
        for (words, expected) in orders {
            match good(&format!("is {words} 15"), predicate).node {
                Predicate::Compare { order, to } => {
                    assert_eq!((order, to.kind), (expected, OperandKind::Number(number("15"))), "{words}");
                }
                other => panic!("{words}: {other:?}"),
            }
        }
    }

    #[test]
    fn negations_are_kept() {
        let negated = |text: &str| match good(text, predicate).node {
            Predicate::Is { negated, .. }
            | Predicate::OneOf { negated, .. }
            | Predicate::Contains { negated, .. }
            | Predicate::StartsWith { negated, .. }
            | Predicate::Mentions { negated, .. } => negated,
            other => panic!("{text}: {other:?}"),
        };
        for text in ["is gold", "is one of a, b", "contains \"x\"", "starts with \"x\"", "mentions x"] {
            assert!(!negated(text), "{text}");
        }
        for text in [
            "is not gold",
            "is not one of a, b",
            "does not contain \"x\"",
            "does not start with \"x\"",
            "does not mention x",
        ] {
            assert!(negated(text), "{text}");
        }
    }

    #[test]
    fn lengths_have_their_units() {
        let units = [
            ("30 s", "30", LengthUnit::Seconds),
            ("10 min", "10", LengthUnit::Minutes),
            ("48h", "48", LengthUnit::Hours),
            ("1.5 days", "1.5", LengthUnit::Days),
            ("2 weeks", "2", LengthUnit::Weeks),
            ("30 business minutes", "30", LengthUnit::BusinessMinutes),
            ("4 business hours of desk", "4", LengthUnit::BusinessHours),
            ("1 business day", "1", LengthUnit::BusinessDays),
        ];
        for (text, amount, unit) in units {
            let read = good(text, length);
            assert_eq!((read.amount, read.unit), (number(amount), unit), "{text}");
            assert_eq!(read.calendar.map(|word| word.node), text.contains(" of ").then(|| "desk".to_owned()));
            assert_eq!((read.span.start, read.span.end as usize), (0, text.len()), "{text}");
        }
    }

    #[test]
    fn values_are_what_they_look_like() {
        let kind = |text: &str| good(text, operand).kind;
        assert_eq!(kind("“a \\“b\\” c”"), OperandKind::Text("a “b” c".into()));
        assert_eq!(kind("\"a \\\"b\\\" \\\\ \\n\""), OperandKind::Text("a \"b\" \\ \n".into()));
        assert_eq!(kind("-0.5"), OperandKind::Number(number("-0.5")));
        assert_eq!(kind("20%"), OperandKind::Percent(number("20")));
        assert_eq!(
            kind("50 EUR"),
            OperandKind::Money(number("50"), crate::value::Currency::of("EUR").expect("three letters"))
        );
        assert_eq!(kind("2026-12-24"), OperandKind::Date(jiff::civil::date(2026, 12, 24)));
        assert_eq!(kind("9:05"), OperandKind::Time(clock(9, 5, 0, 0)));
        assert_eq!(kind("no"), OperandKind::YesNo(false));
        assert_eq!(kind("`a + 1`"), OperandKind::Script("a + 1".into()));
        match kind("customer.when.then") {
            OperandKind::Path(path) => assert_eq!(path.words.len(), 3),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn and_or_and_brackets_keep_their_shape() {
        let read = good("a and (b or c is 1) and `d`", condition);
        let ConditionKind::And(terms) = read.kind else { panic!("{read:?}") };
        assert!(matches!(terms[0].kind, ConditionKind::Name(_)));
        assert!(matches!(terms[2].kind, ConditionKind::Script(_)));
        let ConditionKind::Group(inner) = &terms[1].kind else { panic!("{terms:?}") };
        assert!(matches!(&inner.kind, ConditionKind::Or(terms) if terms.len() == 2));
    }

    #[test]
    fn schedules_know_their_days() {
        let days = |text: &str| good(text, schedule).days;
        assert_eq!(days("every day at 07:00"), [true; 7]);
        assert_eq!(days("every weekday at 07:00"), [true, true, true, true, true, false, false]);
        assert_eq!(days("every Monday, Wednesday and Sunday at 07:00"), [true, false, true, false, false, false, true]);
        let times: Vec<_> = good("every day at 08:00 and 16:30", schedule).times.iter().map(|time| time.node).collect();
        assert_eq!(times, [clock(8, 0, 0, 0), clock(16, 30, 0, 0)]);
    }

    #[test]
    fn a_measure_against_the_period_before_keeps_its_sides() {
        let text = "nps of a.b over the last 7 days is more than 0.5 percent above the 28 days before with at least 30 as in both periods";
        let Trigger::Measure { measure, over, test, enough } = good(text, trigger).node else { panic!("{text}") };
        assert_eq!((measure.kind.node, over.amount), (MeasureKind::Nps, number("7")));
        let MeasureTest::Previous { op, by, unit, side, before } = test else { panic!("{test:?}") };
        assert_eq!((op.node, by.node, unit.node), (Order::MoreThan, number("0.5"), DifferenceUnit::Percent));
        assert_eq!((side.node, before.amount), (Side::Over, number("28")));
        assert_eq!(enough.map(|enough| (enough.at_least.node, enough.both_periods)), Some((30, true)));
    }

    #[test]
    fn readings_and_chains_are_told_apart() {
        let Trigger::Reading { side, stays_for, clears, source, .. } =
            good("q.wait stays under 10 minutes for 2 hours where a clears over 12 minutes", trigger).node
        else {
            panic!("no reading")
        };
        assert_eq!((side, stays_for.is_some(), source.filter.is_some()), (Side::Under, true, true));
        assert_eq!(clears.map(|(side, _)| side.node), Some(Side::Over));
        let chain = |text: &str| good(text, trigger).node;
        assert!(matches!(chain("a followed by b for the same c within 1 day"), Trigger::Sequence { .. }));
        assert!(matches!(chain("a not followed by b for the same c within 1 day"), Trigger::Absence { .. }));
        assert!(matches!(chain("a"), Trigger::Each(_)));
        assert!(matches!(chain("every day at 07:00"), Trigger::Schedule(_)));
    }

    #[test]
    fn places_of_a_leaf_come_from_its_table() {
        let table = (0..=20).map(|offset| 100 + 2 * offset).collect();
        let slice = Slice { text: "score is atleast 9", file: FileNo(0), offsets: Offsets::Table(table) };
        let problems = condition(&slice).problems;
        assert_eq!(problems.len(), 1);
        assert_eq!((problems[0].span.start, problems[0].span.end), (118, 132));
    }
}
