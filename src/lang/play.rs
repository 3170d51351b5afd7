//! The DSL front end: the only place that names pest.
//!
//! [`playbook`] reads a file; the other functions read one sentence or part of a sentence, for the leaves of the
//! YAML form, which share every rule of the grammar and every message. All of them take text with its places and
//! give what could be read together with the problems; none of them fails or panics, whatever it is handed.
//!
//! Rooms: `scan` cuts text into tokens and collects comments, `file` cuts a file into its header and rules, `build`
//! turns pest's pairs into the tree, `diagnose` says in words a user typed why a text could not be read, with the
//! known mistakes in `mistakes`, clause by clause in `clauses`, and the words of other languages and tools in `words`.

// pest names the variants of `Rule` after the grammar's rules, in small letters; a local called `rule` is no slip.
#![allow(bindings_with_variant_name)]

mod build;
mod clauses;
mod diagnose;
mod file;
mod mistakes;
mod placeholders;
mod scan;
mod sentence;
mod words;

use pest::iterators::Pair;

use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{Slice, Spanned};
use crate::lang::tree;
use crate::number::Number;

use build::{Builder, Node};
use grammar::Rule;

pub use file::playbook;
pub use placeholders::{Piece, placeholders};

/// What pest makes of `grammar/play.pest`.
mod grammar {
    /// The generated parser.
    #[derive(pest_derive::Parser)]
    #[grammar = "../grammar/play.pest"]
    pub struct PlayParser;
}

/// The longest text that is read, in bytes.
pub const LONGEST_TEXT: usize = 1_000_000;
/// How deep brackets may be nested.
pub const DEEPEST_BRACKETS: usize = 64;
/// How many words and marks one rule may have.
pub const MOST_WORDS: usize = 10_000;
/// After how many problems in one file its further rules are not read, only counted.
pub const MOST_PROBLEMS: usize = 1_000;

/// What a leaf parser gives: the value, where it could be read, and the problems.
pub type Read<T> = (Option<T>, Vec<Diagnostic>);

/// Reads a condition: `score is at most 6 and comment is present`.
pub fn condition(slice: &Slice) -> Read<tree::Condition> {
    leaf(slice, Rule::e_condition, |builder, pair| builder.condition(pair))
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
    leaf(slice, Rule::e_trigger, |builder, pair| builder.trigger(pair))
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
    leaf(slice, Rule::e_field, |builder, pair| builder.field(pair))
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
fn leaf<T>(slice: &Slice, rule: Rule, read: impl Fn(&mut Builder, Pair<Rule>) -> Option<T>) -> Read<T> {
    leaf_node(slice, rule, |builder, node| read(builder, node.any()?))
}

fn leaf_node<T>(slice: &Slice, rule: Rule, read: impl Fn(&mut Builder, &mut Node) -> Option<T>) -> Read<T> {
    if let Some(problem) = file::too_large(slice) {
        return (None, vec![problem]);
    }
    let scan = scan::scan(slice.text);
    let mut problems = file::character_problems(slice, &scan);
    if scan.too_deep.is_some() {
        return (None, problems);
    }
    let text = sentence::Sentence { slice, tokens: &scan.tokens, start: 0, end: slice.text.len() };
    let value = text.read(rule, read, &mut problems);
    problems.truncate(MOST_PROBLEMS);
    (value, problems)
}
