//! What stands after `when`, cut at the words that begin its parts.

use std::ops::Range;

use crate::lang::codes;
use crate::lang::source::{Span, Spanned};
use crate::lang::suggest::nearest;
use crate::lang::tree::{Length, Measure, MeasureKind, MeasureTest, Path, Schedule, Side, Source, Trigger, Word};

use super::super::build::{Builder, Node};
use super::super::grammar::Rule;
use super::super::mistakes;
use super::super::repair::{self, touches};
use super::super::scan::Kind;
use super::super::sentence::{Reading, Sentence};
use super::super::words;
use super::{Pieces, is_name, word_at};

/// The measures of one field or of signals.
const MEASURES: [&str; 9] = ["nps", "csat", "average", "median", "sum", "lowest", "highest", "count", "share"];

/// Reads a trigger.
pub(in crate::lang::play) fn trigger(sentence: &Sentence) -> Reading<Spanned<Trigger>> {
    let reading = repair::read(sentence, Rule::e_trigger, &|builder, node| builder.trigger(node.any()?));
    if reading.value.is_some() {
        return reading;
    }
    let mut pieces = Pieces::new(sentence, &[]);
    pieces.take(reading.problems);
    let parts = Parts::of(sentence);
    let node = pieces.trigger(&parts);
    pieces.done(Spanned { node, span: sentence.whole() })
}

/// What begins a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begins {
    Head,
    Where,
    Different,
    Same,
    Within,
    Followed,
    NotFollowed,
    OverLast,
    Test,
    Enough,
    Moves,
    Clears,
}

/// A part: how it begins, its first token, and the tokens behind its key words.
#[derive(Clone, Debug)]
struct Part {
    begins: Begins,
    start: usize,
    inner: Range<usize>,
}

struct Parts(Vec<Part>);

impl Parts {
    fn of(sentence: &Sentence) -> Parts {
        let mut parts = vec![Part { begins: Begins::Head, start: 0, inner: 0..0 }];
        let mut index = 0;
        while index < sentence.tokens.len() {
            let last = parts.last().map_or(Begins::Head, |part| part.begins);
            match begins(sentence, index, last) {
                Some((begins, length)) => {
                    let behind = (index + length).min(sentence.tokens.len());
                    parts.push(Part { begins, start: index, inner: behind..behind });
                    index = behind;
                }
                None => {
                    index += 1;
                    if let Some(part) = parts.last_mut() {
                        part.inner.end = index;
                    }
                }
            }
        }
        Parts(parts)
    }

    fn find(&self, begins: Begins) -> Option<&Part> {
        self.0.iter().find(|part| part.begins == begins)
    }

    /// Returns the tokens of the `where` that belongs to a part: the one behind it, or for the head one that stands
    /// too late.
    fn filter(&self, of: Begins) -> Option<Range<usize>> {
        let place = self.0.iter().position(|part| part.begins == of)?;
        let next = self.0.get(place + 1).filter(|part| part.begins == Begins::Where);
        let followed = |part: &Part| matches!(part.begins, Begins::Followed | Begins::NotFollowed);
        let late = || match of {
            Begins::Head if !self.0.iter().any(followed) => self.find(Begins::Where),
            _ => None,
        };
        next.or_else(late).map(|part| part.inner.clone())
    }
}

/// Tells what begins at a token, and with how many key words.
fn begins(sentence: &Sentence, index: usize, last: Begins) -> Option<(Begins, usize)> {
    let word = |offset: usize| word_at(sentence, index + offset);
    let measured = matches!(last, Begins::OverLast | Begins::Test);
    Some(match (word(0), word(1), word(2)) {
        ("where", _, _) => (Begins::Where, 1),
        ("with", "different", _) => (Begins::Different, 2),
        ("with", "at", "least") if measured => (Begins::Enough, 0),
        ("for", "the", "same") => (Begins::Same, 3),
        // `per customer`, `by the same customer`
        ("per" | "by" | "from", _, _) if says_key(sentence, index) => {
            let filler =
                |word: &str| matches!(word, "the" | "same" | "one" | "each" | "a" | "an" | "any" | "every" | "single");
            (Begins::Same, 1 + (1..4).take_while(|offset| filler(word(*offset))).count())
        }
        ("within", _, _) => (Begins::Within, 1),
        ("not", "followed", "by") => (Begins::NotFollowed, 3),
        ("followed", "by", _) => (Begins::Followed, 2),
        ("over", "the", "last") => (Begins::OverLast, 3),
        ("is", _, _) if last == Begins::OverLast => (Begins::Test, 0),
        ("goes" | "stays", "over" | "under" | "above" | "below", _) => (Begins::Moves, 1),
        // `queue_reading.wait > 10 minutes`
        ("", _, _) if last == Begins::Head && index == 3 && is_line(sentence, index) => (Begins::Moves, 0),
        ("clears", "over" | "under" | "above" | "below", _) => (Begins::Clears, 1),
        _ => return None,
    })
}

/// Tells whether a key is said at a token in other words than `for the same`.
fn says_key(sentence: &Sentence, index: usize) -> bool {
    mistakes::phrase(sentence, Rule::e_trigger, index).is_some_and(|phrase| phrase.problem.code == codes::NO_KEY)
}

/// Tells whether an operator stands at a token where `goes over` is meant.
fn is_line(sentence: &Sentence, index: usize) -> bool {
    let token = &sentence.tokens[index];
    let field = sentence.tokens.get(1).is_some_and(|token| sentence.word(token) == ".");
    field && token.kind == Kind::Operator && matches!(sentence.word(token), ">" | "<" | ">=" | "<=")
}

impl Pieces<'_, '_> {
    fn trigger(&mut self, parts: &Parts) -> Trigger {
        let has = |begins: Begins| parts.find(begins).is_some();
        let head = parts.0.first().map_or(0..0, |part| part.inner.clone());
        let first = word_at(self.sentence, head.start);
        let number = self.sentence.tokens.first().is_some_and(|token| token.kind == Kind::Number);
        let measured = matches!(word_at(self.sentence, head.start + 1), "of" | "between");
        if first == "every" {
            let schedule: Schedule = self.hole(self.sentence.whole());
            return Trigger::Schedule(schedule);
        }
        if has(Begins::Moves) {
            return self.reading(parts, head);
        }
        if has(Begins::OverLast) || measured {
            return self.measured(parts, head);
        }
        for (begins, absent) in [(Begins::NotFollowed, true), (Begins::Followed, false)] {
            if let Some(part) = parts.find(begins) {
                let first = self.source(parts, Begins::Head, head);
                let then = self.source(parts, begins, part.inner.clone());
                let (same, within) = (self.same(parts), self.length(parts, Begins::Within));
                return match absent {
                    true => Trigger::Absence { first, then, same, within },
                    false => Trigger::Sequence { first, then, same, within },
                };
            }
        }
        if number || has(Begins::Same) || has(Begins::Within) {
            return self.count(parts, head);
        }
        // `nps is less than 20`
        if MEASURES.contains(&first) && word_at(self.sentence, head.start + 1) == "is" {
            return Trigger::Each(self.hole(self.sentence.whole()));
        }
        Trigger::Each(self.source(parts, Begins::Head, head))
    }

    fn count(&mut self, parts: &Parts, head: Range<usize>) -> Trigger {
        let number = |builder: &mut Builder, node: &mut Node| builder.whole(node.any()?);
        let at_least = match self.sentence.tokens.get(head.start).filter(|token| token.kind == Kind::Number) {
            Some(_) => self.read(head.start..head.start + 1, Rule::e_whole, &number),
            None => self.missing(),
        };
        let sentence = self.sentence;
        let name = |index: &usize| is_name(sentence, *index);
        let more = head.clone().find(|index| word_at(sentence, *index) == "more").map(|more| more + 1);
        let more = more.filter(|index| head.contains(index)).filter(name);
        let counted = self.sentence.tokens.first().is_some_and(|token| token.kind == Kind::Number);
        // `3 new complaints for same customer`: what stands in front of a key word, or last.
        let ends = |index: &usize| index + 1 >= head.end || words::is_key_word(word_at(sentence, index + 1));
        let plain = head.clone().filter(name).find(ends).filter(|_| counted);
        let signal = match more.or(plain) {
            Some(index) => self.word(index),
            None => self.signal(head),
        };
        let filter = parts.filter(Begins::Head).map(|tokens| self.condition(tokens));
        let read = |builder: &mut Builder, node: &mut Node| Some(builder.word(&node.any()?));
        let different = parts.find(Begins::Different).map(|part| self.read(part.inner.clone(), Rule::e_word, &read));
        let (same, within) = (self.same(parts), self.length(parts, Begins::Within));
        Trigger::Count { at_least, source: Source { signal, filter }, different, same, within }
    }

    fn reading(&mut self, parts: &Parts, head: Range<usize>) -> Trigger {
        let (signal, field) = self.signal_and_field(head);
        let filter = parts.filter(Begins::Head).map(|tokens| self.condition(tokens));
        let moves = parts.find(Begins::Moves).cloned();
        let moves = moves.unwrap_or(Part { begins: Begins::Moves, start: 0, inner: 0..0 });
        let stays = word_at(self.sentence, moves.start) == "stays";
        let (side, line) = (self.side(moves.inner.start).node, moves.inner.start + 1..moves.inner.end);
        let last = line.clone().find(|index| stays && word_at(self.sentence, *index) == "for");
        let operand = |builder: &mut Builder, node: &mut Node| builder.operand(node.any()?);
        let length = |builder: &mut Builder, node: &mut Node| builder.length(node.any()?);
        let stays_for = last.map(|last| self.read(last + 1..line.end.max(last + 1), Rule::e_length, &length));
        let line = self.read(line.start..last.unwrap_or(line.end).max(line.start), Rule::e_operand, &operand);
        let clears = parts.find(Begins::Clears).map(|part| {
            let side = self.side(part.inner.start);
            (side, self.read(part.inner.start + 1..part.inner.end, Rule::e_operand, &operand))
        });
        Trigger::Reading { source: Source { signal, filter }, field, side, line, stays_for, clears }
    }

    fn side(&mut self, index: usize) -> Spanned<Side> {
        let over = matches!(word_at(self.sentence, index), "over" | "above");
        Spanned { node: if over { Side::Over } else { Side::Under }, span: self.place(index..index + 1) }
    }

    fn measured(&mut self, parts: &Parts, head: Range<usize>) -> Trigger {
        let measure = self.measure(parts, head);
        let over = self.length(parts, Begins::OverLast);
        let test = match parts.find(Begins::Test) {
            Some(part) => self.test(part.inner.clone()),
            None => self.missing(),
        };
        let enough = parts.find(Begins::Enough).and_then(|part| {
            let read = |builder: &mut Builder, node: &mut Node| builder.enough(node.any()?);
            let quiet = touches(&self.told, self.place(part.inner.clone()));
            let reading = repair::read(&self.sentence.part(part.inner.clone()), Rule::e_enough, &read);
            self.told_of(reading, quiet)
        });
        Trigger::Measure { measure, over, test, enough }
    }

    fn measure(&mut self, parts: &Parts, head: Range<usize>) -> Measure {
        let filter = parts.filter(Begins::Head);
        let end = filter.as_ref().filter(|filter| filter.start == head.end + 1).map_or(head.end, |filter| filter.end);
        let whole = self.sentence.part(head.start..end);
        let read = |builder: &mut Builder, node: &mut Node| builder.measure(node.any()?);
        if let Ok(reading) = whole.try_read(Rule::e_measure, read)
            && let Some(measure) = reading.value.filter(|_| reading.problems.is_empty())
        {
            return measure;
        }
        let written = word_at(self.sentence, head.start);
        let kind = match nearest(written, MEASURES.into_iter()).unwrap_or(written) {
            "nps" => MeasureKind::Nps,
            "csat" => MeasureKind::Csat,
            "median" => MeasureKind::Median,
            "sum" => MeasureKind::Sum,
            "lowest" => MeasureKind::Lowest,
            "highest" => MeasureKind::Highest,
            "share" => MeasureKind::Share,
            "average" => MeasureKind::Average,
            _ => MeasureKind::Count,
        };
        let kind = Spanned { node: kind, span: self.place(head.start..head.start + 1) };
        if !matches!(word_at(self.sentence, head.start + 1), "of" | "between") {
            return self.hole(self.place(head));
        }
        let of = (head.start + 2).min(head.end)..head.end;
        let (signal, field) = match kind.node {
            MeasureKind::Count | MeasureKind::Share => (self.signal(of), None),
            _ => {
                let (signal, field) = self.signal_and_field(of);
                (signal, Some(field))
            }
        };
        let filter = filter.map(|tokens| self.condition(tokens));
        // A share whose `where` is lost is not told that it needs one.
        let filter = filter.or_else(|| (kind.node == MeasureKind::Share).then(|| self.missing()));
        Measure { kind, source: Source { signal, filter }, field, second: None, span: whole.whole() }
    }

    fn test(&mut self, tokens: Range<usize>) -> MeasureTest {
        let part = self.sentence.part(tokens);
        let level = |builder: &mut Builder, node: &mut Node| builder.predicate(node.any()?);
        let previous = |builder: &mut Builder, node: &mut Node| builder.previous(Node::new(node.any()?));
        if let Ok(reading) = part.try_read(Rule::e_previous, previous)
            && let Some(test) = reading.value.filter(|_| reading.problems.is_empty())
        {
            return test;
        }
        let reading = repair::read(&part, Rule::e_predicate, &level);
        let sound = reading.problems.is_empty();
        match reading.value.filter(|_| sound) {
            Some(predicate) => MeasureTest::Level(predicate),
            None => self.hole(part.whole()),
        }
    }

    fn source(&mut self, parts: &Parts, of: Begins, tokens: Range<usize>) -> Source {
        let signal = self.signal(tokens);
        Source { signal, filter: parts.filter(of).map(|tokens| self.condition(tokens)) }
    }

    /// Reads a signal: the first word, where what follows it is no part of a name.
    fn signal(&mut self, tokens: Range<usize>) -> Word {
        let next = tokens.start + 1;
        let alone = next >= tokens.end || words::is_key_word(word_at(self.sentence, next));
        let dot = self.sentence.tokens.get(next).is_some_and(|token| self.sentence.word(token) == ".");
        if tokens.start >= tokens.end || !is_name(self.sentence, tokens.start) || !alone && !dot {
            return self.hole(self.place(tokens));
        }
        if next + 1 < tokens.end {
            // Whatever was meant by the rest, the trigger is another one.
            let rest = self.place(next + 1..tokens.end);
            self.holes.push(rest);
        }
        self.word(tokens.start)
    }

    fn signal_and_field(&mut self, tokens: Range<usize>) -> (Word, Word) {
        let read = |builder: &mut Builder, node: &mut Node| builder.field(node.any()?);
        if let Ok(reading) = self.sentence.part(tokens.clone()).try_read(Rule::e_field, read)
            && let Some(field) = reading.value
        {
            return field;
        }
        let place = self.place(tokens.clone());
        if tokens.len() == 1 && is_name(self.sentence, tokens.start) {
            // The field is missed behind the signal, and the signal itself is no hole.
            let behind = Span { start: place.end + 1, end: place.end + 1, ..place };
            return (self.word(tokens.start), self.hole(behind));
        }
        (self.signal(tokens), self.hole(place))
    }

    fn word(&mut self, index: usize) -> Word {
        let token = &self.sentence.tokens[index];
        Spanned { node: self.sentence.word(token).to_owned(), span: self.sentence.span(token) }
    }

    fn same(&mut self, parts: &Parts) -> Vec<Path> {
        let read = |builder: &mut Builder, node: &mut Node| builder.key(node.any()?);
        match parts.find(Begins::Same) {
            Some(part) => self.read(part.inner.clone(), Rule::e_key, &read),
            None => self.missing(),
        }
    }

    fn length(&mut self, parts: &Parts, begins: Begins) -> Length {
        let read = |builder: &mut Builder, node: &mut Node| builder.length(node.any()?);
        match parts.find(begins) {
            Some(part) => self.read(part.inner.clone(), Rule::e_length, &read),
            None => self.missing(),
        }
    }
}
