//! A sentence that cannot be read as a whole, read in pieces: so that one broken condition, key or action hides
//! neither what is wrong with the others nor their misspelt names.
//!
//! A piece that cannot be read becomes a stand-in (`lang::unread`) and a hole. What is wrong in a piece is told once:
//! a piece that holds a problem told of the whole sentence is read in silence. Rooms: `trigger` cuts what stands after
//! `when`, `steps` what stands after `then`; conditions are cut here.

mod steps;
mod trigger;

use std::ops::Range;

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{Span, Spanned};
use crate::lang::suggest::nearest;
use crate::lang::tree::{Condition, ConditionKind, Operand, OperandKind, Predicate, Word};
use crate::lang::unread::Unread;

use super::build::{Builder, Node};
use super::grammar::Rule;
use super::mistakes;
use super::repair::{self, touches};
use super::scan::Kind;
use super::sentence::{Reading, Sentence};
use super::words::{self, Here};

pub(super) use steps::steps;
pub(super) use trigger::trigger;

/// How many pieces of a sentence are read.
const MOST_PIECES: usize = 400;
/// After how many problems of a sentence nothing more is said of its further pieces.
const MOST_PROBLEMS: usize = 20;

/// Reads a sentence that has no pieces.
pub(super) fn one<T: Unread>(
    sentence: &Sentence,
    entry: Rule,
    read: &dyn Fn(&mut Builder, &mut Node) -> Option<T>,
) -> Reading<T> {
    let mut reading = repair::read(sentence, entry, read);
    if reading.value.is_none() {
        reading.holes.push(sentence.whole());
        reading.value = Some(T::unread(sentence.whole()));
    }
    reading
}

/// Reads a signal with its field; a signal alone is known all the same.
pub(super) fn field(sentence: &Sentence) -> Reading<(Word, Word)> {
    let mut reading = one(sentence, Rule::e_field, &|builder, node| builder.field(node.any()?));
    if let ([token], false) = (sentence.tokens, reading.problems.is_empty())
        && token.kind == Kind::Word
    {
        // The field is missed behind the signal, and the signal itself is no hole.
        let signal = Spanned { node: sentence.word(token).to_owned(), span: sentence.span(token) };
        let behind = Span { start: signal.span.end + 1, end: signal.span.end + 1, ..signal.span };
        reading.holes = vec![behind];
        reading.value = Some((signal, Unread::unread(behind)));
    }
    reading
}

/// Reads a condition.
pub(super) fn condition(sentence: &Sentence) -> Reading<Condition> {
    condition_beside(sentence, &[])
}

/// Reads a condition that is part of a sentence with problems at `told`.
fn condition_beside(sentence: &Sentence, told: &[Span]) -> Reading<Condition> {
    let read = |builder: &mut Builder, node: &mut Node| builder.condition(node.any()?);
    let mut reading = repair::read(sentence, Rule::e_condition, &read);
    let chunks = chunks(sentence);
    let mut pieces = Pieces::new(sentence, told);
    let silent: Vec<Span> = chunks.iter().map(|chunk| sentence.part(chunk.clone()).whole()).collect();
    let silent: Vec<Span> = silent.into_iter().filter(|chunk| touches(told, *chunk)).collect();
    let new = |problem: &Diagnostic| !touches(&silent, problem.span) && !touches(told, problem.span);
    pieces.take(reading.problems.into_iter().filter(new));
    if let Some(value) = reading.value.take() {
        pieces.holes.extend(reading.holes);
        return pieces.done(value);
    }
    let mut terms = Vec::new();
    for chunk in &chunks {
        let place = sentence.part(chunk.clone()).whole();
        let quiet = touches(&pieces.told, place);
        for term in between_brackets(sentence, chunk.clone()) {
            // The only piece there is has been read already.
            terms.push(match chunks.len() == 1 && term.len() == sentence.tokens.len() {
                true => pieces.subject(&sentence.part(term)),
                false => pieces.term(term, quiet, &read),
            });
        }
    }
    let span = sentence.whole();
    let value = match terms.pop() {
        None => pieces.hole(span),
        Some(one) if terms.is_empty() => one,
        Some(last) => {
            terms.push(last);
            Condition { kind: ConditionKind::And(terms), span }
        }
    };
    pieces.done(value)
}

/// Cuts a condition at every `and` and `or`, and at the operators that are meant to be these, inside brackets too, but not between `between` and its `and`.
fn chunks(sentence: &Sentence) -> Vec<Range<usize>> {
    let mut chunks = Vec::new();
    let mut start = 0;
    let mut between = false;
    let mut skip = 0;
    for index in 0..sentence.tokens.len() {
        // `is one of 3 or 9` is one term.
        if index < skip {
            continue;
        }
        if matches!(word_at(sentence, index), "is" | "in" | "not")
            && let Some(phrase) = mistakes::phrase(sentence, Rule::e_condition, index)
        {
            skip = index + phrase.length;
            continue;
        }
        let operator = sentence.tokens[index].kind == Kind::Operator;
        match word_at(sentence, index) {
            "" if operator && matches!(sentence.word(&sentence.tokens[index]), "&&" | "&" | "||" | "|") => {
                chunks.push(start..index);
                start = index + 1;
                between = false;
            }
            "between" => between = true,
            // `is betwen 1 and 3`
            word if index > 0
                && !word.is_empty()
                && word_at(sentence, index - 1) == "is"
                && nearest(word, ["between"].into_iter()).is_some() =>
            {
                between = true;
            }
            "and" if between => between = false,
            "and" | "or" => {
                chunks.push(start..index);
                start = index + 1;
                between = false;
            }
            _ => {}
        }
    }
    chunks.push(start..sentence.tokens.len());
    chunks.retain(|chunk| !chunk.is_empty());
    chunks
}

/// Returns how many tokens the name at the start of a term has, if something is said of it: an operator stands behind
/// it, a word that compares (here or in other languages), or a value.
fn subject_length(term: &Sentence) -> Option<usize> {
    let text = |index: usize| term.tokens.get(index).map_or("", |token| term.word(token));
    let named = is_name(term, 0) && !matches!(text(0), "not" | "the" | "a" | "an");
    let mut length = usize::from(named);
    while length > 0 && text(length) == "." && term.tokens.get(length + 1).map(|token| token.kind) == Some(Kind::Word) {
        length += 2;
    }
    let next = term.tokens.get(length)?;
    let said = match next.kind {
        Kind::Operator | Kind::Number | Kind::Text(_) | Kind::Single | Kind::Date | Kind::Time => true,
        Kind::Word => {
            let word = term.word(next).to_lowercase();
            let order = ["at", "more", "less", "one", "between", "over", "under", "present", "missing", "not"];
            let ours = ["is", "contains", "starts", "mentions", "does"];
            ours.contains(&&*word)
                || order.contains(&&*word)
                || matches!(words::elsewhere(&word), Some(Here::Predicate(_)))
                || nearest(&word, ours.into_iter().filter(|word| word.len() > 2)).is_some()
        }
        _ => false,
    };
    // A name that the next word touches is part of something else: `comment.isEmpty()`.
    (length > 0 && said && term.tokens[length - 1].end < next.start).then_some(length)
}

/// Tells whether a token is a word that could be a name.
fn is_name(sentence: &Sentence, index: usize) -> bool {
    let word = word_at(sentence, index);
    !word.is_empty() && !words::is_key_word(word)
}

/// Cuts a stretch at its brackets.
fn between_brackets(sentence: &Sentence, tokens: Range<usize>) -> Vec<Range<usize>> {
    let mut terms = Vec::new();
    let mut start = tokens.start;
    for index in tokens.clone() {
        if matches!(sentence.word(&sentence.tokens[index]), "(" | ")") {
            terms.push(start..index);
            start = index + 1;
        }
    }
    terms.push(start..tokens.end);
    terms.retain(|term| !term.is_empty());
    terms
}

/// Returns the word that is the token `index`; nothing for anything else, and for names behind a dot.
fn word_at<'a>(sentence: &Sentence<'a>, index: usize) -> &'a str {
    let text = |index: usize| sentence.tokens.get(index).map_or("", |token| sentence.word(token));
    let behind_dot = index.checked_sub(1).is_some_and(|before| text(before) == ".");
    match sentence.tokens.get(index).map(|token| token.kind) {
        Some(Kind::Word) if !behind_dot => text(index),
        _ => "",
    }
}

/// What has been made of the pieces of a sentence so far.
struct Pieces<'s, 'a> {
    sentence: &'s Sentence<'a>,
    /// Places of what has been told.
    told: Vec<Span>,
    problems: Vec<Diagnostic>,
    holes: Vec<Span>,
    pieces: usize,
}

impl<'s, 'a> Pieces<'s, 'a> {
    fn new(sentence: &'s Sentence<'a>, told: &[Span]) -> Pieces<'s, 'a> {
        Pieces { sentence, told: told.to_vec(), problems: Vec::new(), holes: Vec::new(), pieces: 0 }
    }

    fn take(&mut self, problems: impl IntoIterator<Item = Diagnostic>) {
        for problem in problems {
            self.told.push(problem.span);
            self.problems.push(problem);
        }
    }

    /// Makes a hole.
    fn hole<T: Unread>(&mut self, span: Span) -> T {
        self.holes.push(span);
        T::unread(span)
    }

    /// Makes a hole for a part that is not there, in front of the sentence, where it touches no other part.
    fn missing<T: Unread>(&mut self) -> T {
        let front = self.sentence.start.saturating_sub(1);
        let front = self.sentence.slice.span(front, front);
        self.hole(front)
    }

    /// Returns the place of some tokens.
    fn place(&self, tokens: Range<usize>) -> Span {
        self.sentence.part(tokens).whole()
    }

    /// Reads some tokens; in silence where a problem in them has been told.
    fn read<T: Unread>(
        &mut self,
        tokens: Range<usize>,
        entry: Rule,
        read: &dyn Fn(&mut Builder, &mut Node) -> Option<T>,
    ) -> T {
        let quiet = touches(&self.told, self.place(tokens.clone()));
        self.read_piece(tokens, entry, quiet, read)
    }

    fn read_piece<T: Unread>(
        &mut self,
        tokens: Range<usize>,
        entry: Rule,
        quiet: bool,
        read: &dyn Fn(&mut Builder, &mut Node) -> Option<T>,
    ) -> T {
        let part = self.sentence.part(tokens);
        self.pieces += 1;
        if part.tokens.is_empty() || self.pieces > MOST_PIECES {
            return self.hole(part.whole());
        }
        let value = match self.problems.len() < MOST_PROBLEMS {
            true => {
                let reading = repair::read(&part, entry, read);
                self.told_of(reading, quiet)
            }
            // Enough is told: what can be read is checked, and why the rest cannot is not asked.
            false => part
                .try_read(entry, read)
                .ok()
                .filter(|reading| reading.problems.is_empty())
                .and_then(|read| read.value),
        };
        match value {
            Some(value) => value,
            None => self.hole(part.whole()),
        }
    }

    /// Keeps what a piece says, and returns what could be read of it.
    fn told_of<T>(&mut self, reading: Reading<T>, quiet: bool) -> Option<T> {
        // These are what they are, whatever is wrong around them.
        let sure = |code: &str| matches!(code, codes::DECIMAL_COMMA | codes::QUOTED_NUMBER | codes::UNKNOWN_UNIT);
        // What one piece says is no reason for the next to be silent.
        let new = |problem: &Diagnostic| (!quiet || sure(problem.code)) && !touches(&self.told, problem.span);
        self.problems.extend(reading.problems.into_iter().filter(new));
        self.holes.extend(reading.holes);
        reading.value
    }

    /// Reads a term of a condition; of one that cannot be read, what it is said of.
    fn term(
        &mut self,
        tokens: Range<usize>,
        quiet: bool,
        read: &dyn Fn(&mut Builder, &mut Node) -> Option<Condition>,
    ) -> Condition {
        let part = self.sentence.part(tokens.clone());
        let holes = self.holes.len();
        let term: Condition = self.read_piece(tokens, Rule::e_condition, quiet, read);
        let unread = self.holes.len() == holes + 1 && self.holes[holes] == part.whole();
        if !unread || part.tokens.is_empty() {
            return term;
        }
        self.holes.truncate(holes);
        self.subject(&part)
    }

    /// Makes a condition of a term that cannot be read: its name is looked up where it is clear that it is one.
    fn subject(&mut self, part: &Sentence) -> Condition {
        let Some(length) = subject_length(part) else { return self.hole(part.whole()) };
        let name = part.part(0..length);
        let path = name.try_read(Rule::e_path, |builder, node| builder.path(node.any()?));
        let Some(path) = path.ok().filter(|read| read.problems.is_empty()).and_then(|read| read.value) else {
            return self.hole(part.whole());
        };
        // The hole begins where what is said of the name does, and does not touch the name.
        let rest = part.part(length..part.tokens.len()).whole();
        let subject = Operand { span: path.span, kind: OperandKind::Path(path) };
        let predicate: Spanned<Predicate> = self.hole(rest);
        Condition { kind: ConditionKind::Test(subject, predicate), span: part.whole() }
    }

    /// Reads a condition that is one of the pieces.
    fn condition(&mut self, tokens: Range<usize>) -> Condition {
        let part = self.sentence.part(tokens);
        if part.tokens.is_empty() {
            return self.hole(part.whole());
        }
        let reading = condition_beside(&part, &self.told);
        self.problems.extend(reading.problems);
        self.holes.extend(reading.holes);
        match reading.value {
            Some(value) => value,
            None => self.hole(part.whole()),
        }
    }

    fn done<T>(mut self, value: T) -> Reading<T> {
        self.problems.sort_by_key(|problem| problem.span.start);
        Reading { value: Some(value), problems: self.problems, holes: self.holes }
    }
}
