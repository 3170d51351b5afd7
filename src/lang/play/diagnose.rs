//! Why a text could not be read, in words a user typed.
use super::grammar::Rule;
use super::sentence::{Failure, Sentence};
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;

pub(super) fn sentence(sentence: &Sentence, _rule: Rule, failure: &Failure) -> Vec<Diagnostic> {
    let span = sentence.slice.span(failure.at, failure.at);
    vec![Diagnostic::error(codes::UNEXPECTED, span, format!("unexpected; expected {:?}", failure.expected))]
}
pub(super) fn rule(text: &Sentence, failure: &Failure) -> Vec<Diagnostic> {
    sentence(text, Rule::e_rule, failure)
}
/// Cuts a word for a message.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
