//! A stretch of text that one rule of the grammar reads, with its tokens.

use pest::Parser as _;

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{Slice, Span};

use super::build::{Builder, Node};
use super::grammar::{PlayParser, Rule};
use super::scan::Token;

/// A stretch of a slice, from token to token.
#[derive(Clone, Copy)]
pub(super) struct Sentence<'a> {
    /// The text it is part of.
    pub slice: &'a Slice<'a>,
    /// Its tokens; their offsets count from the start of the slice.
    pub tokens: &'a [Token],
    /// Where it starts in the slice.
    pub start: usize,
    /// Where it ends in the slice.
    pub end: usize,
}

/// How a text failed to parse.
pub(super) struct Failure {
    /// The furthest byte of the slice that was understood.
    pub at: usize,
    /// What would have been legal there.
    pub expected: Vec<Rule>,
}

/// What was made of a sentence.
pub(super) struct Reading<T> {
    /// What could be read. Where there are problems it has holes, and is good for looking at the rest of it only.
    pub value: Option<T>,
    /// What is wrong.
    pub problems: Vec<Diagnostic>,
    /// Where the value does not say what is written.
    pub holes: Vec<Span>,
}

impl<T> Reading<T> {
    /// Returns the value where nothing is wrong with it.
    pub fn sound(self, problems: &mut Vec<Diagnostic>) -> Option<T> {
        let sound = self.problems.is_empty();
        problems.extend(self.problems);
        self.value.filter(|_| sound)
    }
}

impl<'a> Sentence<'a> {
    /// Returns its text.
    pub fn text(&self) -> &'a str {
        &self.slice.text[self.start..self.end]
    }

    /// Returns the place of a token.
    pub fn span(&self, token: &Token) -> Span {
        self.slice.span(token.start, token.end)
    }

    /// Returns the text of a token.
    pub fn word(&self, token: &Token) -> &'a str {
        &self.slice.text[token.start..token.end]
    }

    /// Returns the stretch that some of its tokens cover.
    pub fn part(&self, tokens: std::ops::Range<usize>) -> Sentence<'a> {
        let last = tokens.end.min(self.tokens.len());
        let tokens = tokens.start.min(last)..last;
        let behind = self.tokens.get(tokens.start).map_or(self.end, |token| token.start);
        let tokens = &self.tokens[tokens];
        let start = tokens.first().map_or(behind, |token| token.start);
        let end = tokens.last().map_or(start, |token| token.end);
        Sentence { slice: self.slice, tokens, start, end }
    }

    /// Reads it by an entry rule.
    pub fn try_read<T>(
        &self,
        rule: Rule,
        read: impl FnOnce(&mut Builder, &mut Node) -> Option<T>,
    ) -> Result<Reading<T>, Failure> {
        if self.tokens.len() > super::MOST_WORDS {
            let start = self.tokens.first().map_or(self.start, |token| token.start);
            let message = format!("more than {} words in one rule or sentence", super::MOST_WORDS);
            let problem = Diagnostic::error(codes::TOO_LONG, self.slice.span(start, start), message)
                .help("write several rules, or give parts of a condition a name with `define`");
            return Ok(Reading { value: None, holes: vec![self.whole()], problems: vec![problem] });
        }
        let entry = PlayParser::parse(rule, self.text()).map_err(|error| self.failure(error))?.next();
        let mut builder = Builder::new(self);
        let value = entry.and_then(|entry| read(&mut builder, &mut Node::new(entry)));
        let (mut problems, mut holes) = (builder.problems, builder.holes);
        if value.is_none() && problems.is_empty() {
            // The grammar and `build` disagree: a defect of ours, told rather than swallowed.
            problems.push(Diagnostic::error(codes::UNEXPECTED, self.whole(), "this cannot be read"));
        }
        holes.extend(problems.iter().map(|problem| problem.span));
        Ok(Reading { value, problems, holes })
    }

    /// Returns the place of all of it.
    pub fn whole(&self) -> Span {
        self.slice.span(self.start, self.end)
    }

    fn failure(&self, error: pest::error::Error<Rule>) -> Failure {
        let at = match error.location {
            pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _)) => at,
        };
        let expected = match error.variant {
            pest::error::ErrorVariant::ParsingError { positives, .. } => positives,
            pest::error::ErrorVariant::CustomError { .. } => Vec::new(),
        };
        Failure { at: self.start + at, expected }
    }
}
