//! The mistakes beginners make, each with what to type instead.
//!
//! Each recogniser looks at the furthest point that was understood: at the word there, the words before it, and what
//! would have been legal. The first that knows the mistake answers, so the order matters: the particular before the
//! general, did-you-mean last. The rooms hold them by where they are made.

mod actions;
mod conditions;
mod header;
mod literals;
mod phrases;
mod prose;
mod triggers;
mod verbs;

use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::Span;

use super::grammar::Rule;
use super::scan::{Kind, Token};
use super::sentence::Sentence;

/// The point where a sentence stopped being understood.
pub(super) struct At<'a> {
    /// The sentence.
    pub sentence: &'a Sentence<'a>,
    /// The token there; as many as there are tokens where the sentence ended too early.
    pub index: usize,
    /// What would have been legal.
    pub expected: &'a [Rule],
    /// What the sentence was to be.
    pub entry: Rule,
}

impl<'a> At<'a> {
    /// Returns the token `offset` away.
    pub fn token(&self, offset: isize) -> Option<&'a Token> {
        self.sentence.tokens.get(self.index.checked_add_signed(offset)?)
    }

    /// Returns the place of the token, or of the end.
    pub fn here(&self) -> Span {
        match self.token(0) {
            Some(token) => self.sentence.span(token),
            None => self.behind(),
        }
    }

    /// Returns the empty place behind the token before.
    fn behind(&self) -> Span {
        let end = self.token(-1).map_or(self.sentence.start, |token| token.end);
        self.sentence.slice.span(end, end)
    }

    /// Tells whether `rule` would have been legal.
    pub fn expects(&self, rule: Rule) -> bool {
        self.expected.contains(&rule)
    }

    fn expects_any(&self, rules: &[Rule]) -> bool {
        rules.iter().any(|rule| self.expects(*rule))
    }

    fn expects_only(&self, rules: &[Rule]) -> bool {
        self.expected.iter().all(|rule| rules.contains(rule))
    }

    /// Returns the word `offset` away in small letters; nothing where there is no word.
    fn word(&self, offset: isize) -> String {
        let word = self.token(offset).filter(|token| token.kind == Kind::Word);
        word.map_or_else(String::new, |token| self.sentence.word(token).to_lowercase())
    }

    fn kind(&self, offset: isize) -> Option<Kind> {
        self.token(offset).map(|token| token.kind)
    }

    /// Returns what is written `offset` away.
    fn text(&self, offset: isize) -> &'a str {
        self.token(offset).map_or("", |token| self.sentence.word(token))
    }

    /// Returns the name or path that ends `offset` away, as it is written.
    fn path(&self, offset: isize) -> String {
        let mut path = self.text(offset).to_owned();
        let mut before = offset - 1;
        while self.text(before) == "." && path.len() < 80 {
            path = format!("{}.{path}", self.text(before - 1));
            before -= 2;
        }
        super::diagnose::shown(&path)
    }

    /// Returns the place of the tokens from `from` to `to`, both included.
    fn span(&self, from: isize, to: isize) -> Span {
        match (self.token(from), self.token(to)) {
            (Some(first), Some(last)) => self.sentence.slice.span(first.start, last.end),
            _ => self.here(),
        }
    }

    /// Tells whether nothing stands between the tokens `offset - 1` and `offset`.
    fn touches(&self, offset: isize) -> bool {
        matches!((self.token(offset - 1), self.token(offset)), (Some(a), Some(b)) if a.end == b.start)
    }

    /// Tells whether the token `offset` away is the last.
    fn is_last(&self, offset: isize) -> bool {
        self.token(offset).is_some() && self.token(offset + 1).is_none()
    }

    fn is_at_end(&self) -> bool {
        self.token(0).is_none()
    }

    /// Returns the last of `words` that stands before this point.
    fn last_before(&self, words: &[&str]) -> Option<String> {
        let before = self.sentence.tokens[..self.index].iter().rev().filter(|token| token.kind == Kind::Word);
        before.map(|token| self.sentence.word(token).to_lowercase()).find(|word| words.contains(&word.as_str()))
    }

    fn error(
        &self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Option<Diagnostic> {
        Some(Diagnostic::error(code, span, message).help(help))
    }
}

pub(super) use actions::no_colon;
pub(super) use header::{header, id_of, title_of};
pub(super) use literals::unquoted_text;
pub(super) use phrases::phrase;
pub use phrases::says_more;

type Recogniser = fn(&At) -> Option<Diagnostic>;

/// Returns the message of the first recogniser that knows the mistake.
pub(super) fn recognise(at: &At) -> Option<Diagnostic> {
    const KNOWN: &[Recogniser] = &[
        literals::status,
        literals::capitals,
        literals::decimal_comma,
        literals::quoted_number,
        literals::quote_in_text,
        literals::hyphen,
        literals::one_name,
        literals::unquoted_text,
        prose::share,
        prose::nothing_happens,
        actions::escalate_to,
        actions::quoted_role,
        actions::set_value,
        triggers::limit_form,
        triggers::count_form,
        triggers::either_signal,
        triggers::schedule_form,
        literals::unit,
        conditions::mixed_and_or,
        conditions::key_joined_by_or,
        conditions::negated_comparison,
        conditions::second_comparison,
        conditions::second_value,
        conditions::comparison,
        prose::two_signals,
        prose::where_word,
        prose::said_of_signal,
        triggers::each_with_field,
        triggers::reading_without_field,
        triggers::measure_without_field,
        triggers::measured,
        triggers::side,
        prose::place,
        conditions::one_text,
        actions::timing,
        actions::ladder,
        actions::action,
        triggers::missing_part,
        literals::bracket,
        conditions::unquoted_words,
        literals::other_word,
        literals::misspelt,
        conditions::value_alone,
        conditions::no_predicate,
        prose::prose,
        prose::article,
        literals::reserved,
    ];
    KNOWN.iter().find_map(|recogniser| recogniser(at))
}
