//! pest's pairs → the tree.
//!
//! The grammar has said that the shape is right; here numbers, dates and times are read, and those that do not
//! exist are reported. A `None` without a problem would mean that grammar and builder disagree.
//!
//! Rooms: this one has rules and triggers, `values` words to conditions, `actions` the right side of `then`.

mod actions;
mod values;

use pest::iterators::{Pair, Pairs};

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{Span, Spanned};
use crate::lang::tree::{self, Side, Trigger};

use super::grammar::Rule;
use super::sentence::Sentence;

/// What every reading function gives.
type Built<T> = Option<T>;

/// Reads pairs of one sentence.
pub(super) struct Builder<'a> {
    sentence: &'a Sentence<'a>,
    /// What is wrong with what was read.
    pub problems: Vec<Diagnostic>,
    /// Where else than at a problem the value does not say what is meant.
    pub holes: Vec<Span>,
}

/// The inside of a pair: its key words and marks apart from its parts, both in order.
pub(super) struct Node<'i> {
    /// The key words.
    pub words: Vec<Rule>,
    parts: std::iter::Peekable<std::vec::IntoIter<Pair<'i, Rule>>>,
}

impl<'i> Node<'i> {
    /// Opens a pair.
    pub fn new(pair: Pair<'i, Rule>) -> Node<'i> {
        Node::of(pair.into_inner())
    }

    fn of(pairs: Pairs<'i, Rule>) -> Node<'i> {
        let mut words = Vec::new();
        let mut parts = Vec::new();
        for pair in pairs {
            if is_mark(pair.as_rule()) {
                words.push(pair.as_rule());
            } else {
                parts.push(pair);
            }
        }
        Node { words, parts: parts.into_iter().peekable() }
    }

    /// Returns the next part if it is a `rule`.
    pub fn take(&mut self, rule: Rule) -> Option<Pair<'i, Rule>> {
        self.parts.next_if(|pair| pair.as_rule() == rule)
    }

    /// Returns the next part.
    pub fn any(&mut self) -> Option<Pair<'i, Rule>> {
        self.parts.next()
    }

    /// Tells whether a key word was written.
    pub fn has(&self, word: Rule) -> bool {
        self.words.contains(&word)
    }
}

/// Tells whether a rule of the grammar is a key word or a mark, with nothing inside to read.
fn is_mark(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::EOI | Rule::open_bracket | Rule::close_bracket | Rule::comma | Rule::colon | Rule::percent_sign
    ) || (Rule::w_above..=Rule::w_zone).contains(&rule)
}

impl<'a> Builder<'a> {
    /// Returns a builder for the pairs of `sentence`.
    pub fn new(sentence: &'a Sentence<'a>) -> Builder<'a> {
        Builder { sentence, problems: Vec::new(), holes: Vec::new() }
    }

    /// Returns the place of a pair. pest counts the blanks and comments behind it as part of it: they are cut off.
    fn span(&self, pair: &Pair<Rule>) -> Span {
        let place = pair.as_span();
        let (start, end) = (self.sentence.start + place.start(), self.sentence.start + place.end());
        let behind = self.sentence.tokens.partition_point(|token| token.start < end);
        let last = self.sentence.tokens[..behind].last().map_or(end, |token| token.end);
        self.sentence.slice.span(start, last.min(end).max(start))
    }

    fn problem(&mut self, code: &'static str, span: Span, message: String, help: &str) {
        self.problems.push(Diagnostic::error(code, span, message).help(help));
    }

    /// Reads `rule checkout_wait "…" …`.
    pub fn rule(&mut self, pair: Pair<Rule>) -> Built<tree::Rule> {
        let span = self.span(&pair);
        let mut node = Node::new(pair);
        let id = self.word(&node.take(Rule::word)?);
        let title = node.take(Rule::text).map(|text| self.text(text));
        let status = node.take(Rule::status_word).map(|word| self.status(&word));
        let when = self.trigger(node.take(Rule::trigger)?)?;
        let for_each = match node.take(Rule::for_each) {
            Some(pair) => self.key(Node::new(pair).take(Rule::key)?)?,
            None => Vec::new(),
        };
        let mut guards = Vec::new();
        while let Some(pair) = node.take(Rule::guard) {
            guards.push(self.guard(pair)?);
        }
        let check = match node.take(Rule::check) {
            Some(pair) => {
                let schedule = Node::new(pair).take(Rule::schedule)?;
                let place = self.span(&schedule);
                Some(Spanned { node: self.schedule(schedule)?, span: place })
            }
            None => None,
        };
        let limit = match node.take(Rule::limit) {
            Some(pair) => Some(self.limit(pair)?),
            None => None,
        };
        let then = self.steps(node.take(Rule::steps)?)?;
        Some(tree::Rule { id, title, status, when, for_each, guards, check, limit, then, span })
    }

    /// Reads `live`, `shadow` or `paused`.
    pub fn status(&self, pair: &Pair<Rule>) -> Spanned<tree::Status> {
        let node = match pair.as_str() {
            "shadow" => tree::Status::Shadow,
            "paused" => tree::Status::Paused,
            _ => tree::Status::Live,
        };
        Spanned { node, span: self.span(pair) }
    }

    /// Reads `define detractor as …`.
    pub fn define(&mut self, pair: Pair<Rule>) -> Built<tree::Define> {
        let span = self.span(&pair);
        let mut node = Node::new(pair);
        let name = self.word(&node.take(Rule::word)?);
        let condition = self.condition(node.take(Rule::condition)?)?;
        Some(tree::Define { name, condition, span })
    }

    /// Reads the guards of `every rule:`.
    pub fn every_rule(&mut self, pair: Pair<Rule>) -> Built<Vec<tree::Guard>> {
        let mut node = Node::new(pair);
        let mut guards = Vec::new();
        while let Some(pair) = node.take(Rule::guard) {
            guards.push(self.guard(pair)?);
        }
        Some(guards)
    }

    fn guard(&mut self, pair: Pair<Rule>) -> Built<tree::Guard> {
        let span = self.span(&pair);
        let mut node = Node::new(pair);
        let unless = node.has(Rule::w_unless);
        Some(tree::Guard { unless, condition: self.condition(node.take(Rule::condition)?)?, span })
    }

    /// Reads `once every 7 days per store`.
    pub fn limit(&mut self, pair: Pair<Rule>) -> Built<tree::Limit> {
        let span = self.span(&pair);
        let mut node = Node::new(pair);
        let every = self.length(node.take(Rule::length)?)?;
        Some(tree::Limit { every, per: self.key(node.take(Rule::key)?)?, span })
    }

    /// Reads any of the eight trigger shapes.
    pub fn trigger(&mut self, pair: Pair<Rule>) -> Built<Spanned<Trigger>> {
        let span = self.span(&pair);
        let shape = Node::new(pair).any()?;
        let rule = shape.as_rule();
        let mut node = Node::new(shape);
        let trigger = match rule {
            Rule::t_schedule => Trigger::Schedule(self.schedule(node.take(Rule::schedule)?)?),
            Rule::t_count => self.count(&mut node)?,
            Rule::t_measure => self.measured(&mut node)?,
            Rule::t_reading => self.reading(&mut node)?,
            _ => self.chain(&mut node)?,
        };
        Some(Spanned { node: trigger, span })
    }

    fn count(&mut self, node: &mut Node) -> Built<Trigger> {
        let at_least = self.whole(node.take(Rule::whole)?)?;
        let source = self.source(node.take(Rule::source)?)?;
        let different = match node.take(Rule::different) {
            Some(pair) => Some(self.word(&Node::new(pair).take(Rule::word)?)),
            None => None,
        };
        let (same, within) = self.same_within(node)?;
        Some(Trigger::Count { at_least, source, different, same, within })
    }

    fn same_within(&mut self, node: &mut Node) -> Built<(Vec<tree::Path>, tree::Length)> {
        let same = self.key(Node::new(node.take(Rule::same)?).take(Rule::key)?)?;
        let within = self.length(Node::new(node.take(Rule::within)?).take(Rule::length)?)?;
        Some((same, within))
    }

    fn measured(&mut self, node: &mut Node) -> Built<Trigger> {
        let measure = self.measure(node.take(Rule::measure)?)?;
        let over = self.length(node.take(Rule::length)?)?;
        let test = node.any()?;
        let test = if test.as_rule() == Rule::previous {
            self.previous(Node::new(test))?
        } else {
            let span = self.span(&test);
            let predicate = self.predicate_shape(Node::new(test).any()?)?;
            tree::MeasureTest::Level(Spanned { node: predicate, span })
        };
        let enough = match node.take(Rule::enough) {
            Some(pair) => Some(self.enough(pair)?),
            None => None,
        };
        Some(Trigger::Measure { measure, over, test, enough })
    }

    /// Reads `is at least 15 points below the 28 days before`.
    pub fn previous(&mut self, mut node: Node) -> Built<tree::MeasureTest> {
        let order = node.take(Rule::step_order)?;
        let op = Spanned { span: self.span(&order), node: self.order_of(&Node::new(order).words) };
        let by = self.number(&node.take(Rule::number)?);
        let unit = self.difference_unit(node.take(Rule::difference_unit)?);
        let side = node.take(Rule::step_side)?;
        let side_span = self.span(&side);
        let side = if Node::new(side).has(Rule::w_above) { Side::Over } else { Side::Under };
        let before = self.length(node.take(Rule::length)?)?;
        Some(tree::MeasureTest::Previous { op, by, unit, side: Spanned { node: side, span: side_span }, before })
    }

    /// Reads `points` or `percent`.
    pub fn difference_unit(&self, pair: Pair<Rule>) -> Spanned<tree::DifferenceUnit> {
        let span = self.span(&pair);
        let node = Node::new(pair);
        let points = node.has(Rule::w_points) || node.has(Rule::w_point);
        Spanned { node: if points { tree::DifferenceUnit::Points } else { tree::DifferenceUnit::Percent }, span }
    }

    /// Reads `with at least 30 survey_responses in both periods`.
    pub fn enough(&mut self, pair: Pair<Rule>) -> Built<tree::Enough> {
        let span = self.span(&pair);
        let mut node = Node::new(pair);
        let at_least = self.whole(node.take(Rule::whole)?)?;
        let signal = self.word(&node.take(Rule::word)?);
        Some(tree::Enough { at_least, signal, both_periods: node.take(Rule::both_periods).is_some(), span })
    }

    fn reading(&mut self, node: &mut Node) -> Built<Trigger> {
        let (signal, field) = self.field(node.take(Rule::field)?)?;
        let mut filter = self.filter(node)?;
        let moves = node.any()?;
        let stays = moves.as_rule() == Rule::stays;
        let mut inner = Node::new(moves);
        let side = self.side(inner.take(Rule::side)?).node;
        let line = self.line(inner.take(Rule::operand)?)?;
        let stays_for = if stays { Some(self.length(inner.take(Rule::length)?)?) } else { None };
        filter = filter.or(self.filter(node)?);
        let clears = match node.take(Rule::clears) {
            Some(pair) => {
                let mut inner = Node::new(pair);
                Some((self.side(inner.take(Rule::side)?), self.line(inner.take(Rule::operand)?)?))
            }
            None => None,
        };
        Some(Trigger::Reading { source: tree::Source { signal, filter }, field, side, line, stays_for, clears })
    }

    fn side(&self, pair: Pair<Rule>) -> Spanned<Side> {
        let span = self.span(&pair);
        let over = Node::new(pair).has(Rule::w_over);
        Spanned { node: if over { Side::Over } else { Side::Under }, span }
    }

    fn chain(&mut self, node: &mut Node) -> Built<Trigger> {
        let first = self.source(node.take(Rule::source)?)?;
        let Some(next) = node.any() else {
            return Some(Trigger::Each(first));
        };
        let absent = next.as_rule() == Rule::not_followed;
        let mut inner = Node::new(next);
        let then = self.source(inner.take(Rule::source)?)?;
        let (same, within) = self.same_within(&mut inner)?;
        Some(match absent {
            true => Trigger::Absence { first, then, same, within },
            false => Trigger::Sequence { first, then, same, within },
        })
    }

    /// Reads a signal with its `where`.
    pub fn source(&mut self, pair: Pair<Rule>) -> Built<tree::Source> {
        let mut node = Node::new(pair);
        let signal = self.word(&node.take(Rule::word)?);
        Some(tree::Source { signal, filter: self.filter(&mut node)? })
    }

    /// Reads a `where` if one is next. The outer `Option` is whether it could be built.
    fn filter(&mut self, node: &mut Node) -> Built<Option<tree::Condition>> {
        match node.take(Rule::filter) {
            Some(pair) => Some(Some(self.condition(Node::new(pair).take(Rule::condition)?)?)),
            None => Some(None),
        }
    }

    /// Reads a measure.
    pub fn measure(&mut self, pair: Pair<Rule>) -> Built<tree::Measure> {
        let span = self.span(&pair);
        let shape = Node::new(pair).any()?;
        let rule = shape.as_rule();
        let whole = self.span(&shape);
        // The kind is one word; its place is the first token of the measure.
        let first = |length: usize| Span { file: whole.file, start: whole.start, end: whole.start + length as u32 };
        let mut node = Node::new(shape);
        let (kind, signal, field, second) = match rule {
            Rule::m_count => {
                let source = self.source(node.take(Rule::source)?)?;
                let kind = Spanned { node: tree::MeasureKind::Count, span: first("count".len()) };
                return Some(tree::Measure { kind, source, field: None, second: None, span });
            }
            Rule::m_share => {
                let kind = Spanned { node: tree::MeasureKind::Share, span: first("share".len()) };
                (kind, self.word(&node.take(Rule::word)?), None, None)
            }
            Rule::m_gap => {
                let kind = Spanned { node: tree::MeasureKind::Gap, span: first("gap".len()) };
                let (signal, field) = self.field(node.take(Rule::field)?)?;
                let second = self.second_field(&signal, &mut node)?;
                (kind, signal, Some(field), Some(second))
            }
            _ => {
                let kind = self.measure_kind(&node.take(Rule::m_kind)?);
                let (signal, field) = self.field(node.take(Rule::field)?)?;
                (kind, signal, Some(field), None)
            }
        };
        let filter = self.filter(&mut node)?;
        Some(tree::Measure { kind, source: tree::Source { signal, filter }, field, second, span })
    }

    fn second_field(&mut self, signal: &tree::Word, node: &mut Node) -> Built<tree::Word> {
        if let Some(pair) = node.take(Rule::word) {
            return Some(self.word(&pair));
        }
        let (other, field) = self.field(node.take(Rule::field)?)?;
        if other.node != signal.node {
            let message = format!("a gap between fields of two signals, `{}` and `{}`", signal.node, other.node);
            let help = format!("compare two fields of one signal: `gap between {0}.a and {0}.b`", signal.node);
            self.problem(codes::TWO_SIGNALS, other.span, message, &help);
        }
        Some(field)
    }

    fn measure_kind(&self, pair: &Pair<Rule>) -> Spanned<tree::MeasureKind> {
        let node = match pair.as_str() {
            "nps" => tree::MeasureKind::Nps,
            "csat" => tree::MeasureKind::Csat,
            "median" => tree::MeasureKind::Median,
            "sum" => tree::MeasureKind::Sum,
            "lowest" => tree::MeasureKind::Lowest,
            "highest" => tree::MeasureKind::Highest,
            _ => tree::MeasureKind::Average,
        };
        Spanned { node, span: self.span(pair) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `is_mark` relies on the key words standing together at the end of the grammar.
    #[test]
    fn key_words_are_exactly_the_rules_named_so() {
        for rule in Rule::all_rules() {
            let name = format!("{rule:?}");
            let in_range = (Rule::w_above..=Rule::w_zone).contains(rule);
            assert_eq!(name.starts_with("w_"), in_range, "{name}");
        }
    }
}
