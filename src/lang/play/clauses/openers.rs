//! Words that begin a clause in everyday speech (`only when`, `but not if`, `and then`, `maximum once`), and the clause
//! that is meant.

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;

use super::super::scan::Kind;
use super::super::sentence::Sentence;
use super::super::words;
use super::{Clause, Found, says_how_often};

/// The words in their order, and what is meant. The longer of two that begin alike stands first.
const OPENERS: &[(&[&str], Clause)] = &[
    (&["if", "and", "only", "if"], Clause::OnlyIf),
    (&["but", "only", "if"], Clause::OnlyIf),
    (&["but", "only", "when"], Clause::OnlyIf),
    (&["and", "only", "if"], Clause::OnlyIf),
    (&["and", "only", "when"], Clause::OnlyIf),
    (&["only", "when"], Clause::OnlyIf),
    (&["as", "long", "as"], Clause::OnlyIf),
    (&["provided", "that"], Clause::OnlyIf),
    (&["but", "not", "if"], Clause::Unless),
    (&["but", "not", "when"], Clause::Unless),
    (&["but", "unless"], Clause::Unless),
    (&["and", "unless"], Clause::Unless),
    (&["and", "not", "if"], Clause::Unless),
    (&["and", "not", "when"], Clause::Unless),
    (&["unless", "if"], Clause::Unless),
    (&["unless", "when"], Clause::Unless),
    (&["except", "if"], Clause::Unless),
    (&["except", "when"], Clause::Unless),
    (&["and", "then"], Clause::Then),
    (&["for", "each", "and", "every"], Clause::ForEach),
    (&["no", "more", "than"], Clause::Limit),
    (&["not", "more", "than"], Clause::Limit),
    (&["but", "at", "most"], Clause::Limit),
    (&["and", "at", "most"], Clause::Limit),
    (&["up", "to"], Clause::Limit),
    (&["at", "maximum"], Clause::Limit),
    (&["maximum"], Clause::Limit),
    (&["maximally"], Clause::Limit),
    (&["max"], Clause::Limit),
    (&["only"], Clause::Limit),
    (&[], Clause::Limit),
];

/// Recognises a clause that begins in other words at the token `index`.
pub(super) fn clause(sentence: &Sentence, index: usize, found: &[Found]) -> Option<Found> {
    let text = |index: usize| sentence.tokens.get(index).map_or("", |token| sentence.word(token));
    let word = |index: usize| {
        let token = sentence.tokens.get(index).filter(|token| token.kind == Kind::Word);
        token.map_or_else(String::new, |token| sentence.word(token).to_lowercase())
    };
    let before = index.checked_sub(1).map_or("", text);
    // Names behind a dot, and comparisons.
    if matches!(before, "." | "is" | "does" | "not" | "at" | "most" | "than") {
        return None;
    }
    let first = word(index);
    let said = |words: &[&str]| {
        words.first().is_none_or(|begins| *begins == first)
            && words.iter().enumerate().skip(1).all(|(place, said)| word(index + place) == *said)
    };
    let often = |place: usize| {
        (place > index || first == "once")
            && word(place) == "once"
            && says_how_often(sentence, place)
            && limits(sentence, place)
    };
    let fits =
        |(words, clause): &&(&[&str], Clause)| said(words) && (*clause != Clause::Limit || often(index + words.len()));
    let (spoken, clause) = OPENERS.iter().find(fits)?;
    // `atmost once …` has its `at most`.
    if spoken.is_empty() && found.last().is_some_and(|last| last.keyword.end == index) {
        return None;
    }
    // Behind `then` nothing but a limit is likely to be meant as a clause.
    let acting = found.iter().any(|found| found.clause == Clause::Then);
    if acting && *clause == Clause::Then {
        return None;
    }
    let end = index + spoken.len();
    let place = match spoken.len() {
        0 => sentence.span(&sentence.tokens[index]),
        _ => sentence.slice.span(sentence.tokens[index].start, sentence.tokens[end - 1].end),
    };
    let (message, help) = match (clause, spoken.len()) {
        (Clause::Limit, 0) => ("a limit begins with `at most`".to_owned(), "write `at most once`".to_owned()),
        _ => {
            let written = spoken.join(" ");
            (format!("`{written}` is not how it is said here"), format!("write `{}`", clause.words()))
        }
    };
    let problem = Diagnostic::error(codes::OTHER_WORD, place, message).help(help);
    Some(Found { clause: *clause, keyword: index..end, problem: Some(problem) })
}

/// Tells whether `once` at a token goes on as a limit: `once every …`, `once a week`, `once per customer`.
fn limits(sentence: &Sentence, index: usize) -> bool {
    let word = |index: usize| sentence.tokens.get(index).map_or("", |token| sentence.word(token));
    let a_time = matches!(word(index + 1), "a" | "an" | "per" | "each") && !words::is_key_word(word(index + 2));
    word(index + 1) == "every" || a_time || words::UNITS.contains(&word(index + 2))
}
