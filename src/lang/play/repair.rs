//! What else is wrong with a sentence beside an operator or a key word in capitals: both hide everything behind them,
//! so they are replaced by what was meant in a copy of the sentence, and the copy is read.
//!
//! Only what has one sure meaning is replaced. What is then said of a replaced piece itself is left out.

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{Offsets, Slice, Span};

use super::diagnose;
use super::grammar::Rule;
use super::scan::{Kind, scan};
use super::sentence::Sentence;

/// How often a sentence is read again.
const MOST_READINGS: usize = 12;

/// Reads a sentence again as it was meant, where `problems` leave no doubt of that, and adds what else is wrong.
pub(super) fn look_again(sentence: &Sentence, entry: Rule, problems: &mut Vec<Diagnostic>, readings: usize) {
    if readings >= MOST_READINGS {
        return;
    }
    let Some((text, table)) = repaired(sentence, entry, problems) else { return };
    let slice = Slice { text: &text, file: sentence.slice.file, offsets: Offsets::Table(table) };
    let scan = scan(&text);
    let copy = Sentence { slice: &slice, tokens: &scan.tokens, start: 0, end: text.len() };
    let Err(failure) = copy.try_read(entry, |_, _| Some(())) else { return };
    let known: Vec<Span> = problems.iter().map(|problem| problem.span).collect();
    let touches = |span: Span| known.iter().any(|known| span.start <= known.end && span.end >= known.start);
    let mut found = diagnose::once(&copy, entry, &failure);
    found.retain(|problem| !touches(problem.span));
    if !found.is_empty() {
        look_again(&copy, entry, &mut found, readings + 1);
        found.retain(|problem| !touches(problem.span));
        problems.extend(found);
        problems.sort_by_key(|problem| problem.span.start);
    }
}

/// Returns the text as it was meant and where each of its bytes comes from; nothing where a problem has no sure remedy.
fn repaired(sentence: &Sentence, entry: Rule, problems: &[Diagnostic]) -> Option<(String, Vec<u32>)> {
    let mut text = String::new();
    let mut table = Vec::new();
    let mut at = sentence.start;
    let place = |at: usize| sentence.slice.span(at, at).start;
    let mut mended = 0;
    for (index, token) in sentence.tokens.iter().enumerate() {
        let span = sentence.span(token);
        let inside = |problem: &&Diagnostic| problem.span.start <= span.start && span.end <= problem.span.end;
        let Some(problem) = problems.iter().find(inside) else { continue };
        let written = sentence.word(token);
        let before = index.checked_sub(1).map_or("", |before| sentence.word(&sentence.tokens[before]));
        let meant = match problem.code {
            codes::CAPITALS => written.to_lowercase(),
            codes::OPERATOR if token.kind == Kind::Operator => {
                let meant = operator(written, entry)?;
                // `score is <= 6` has its `is` already.
                let meant = if before == "is" { meant.strip_prefix("is").unwrap_or(meant) } else { meant };
                format!(" {} ", meant.trim())
            }
            _ => return None,
        };
        mended += usize::from(span.end == problem.span.end);
        table.extend((at..token.start).map(place));
        text.push_str(&sentence.slice.text[at..token.start]);
        table.extend(std::iter::repeat_n(place(token.start), meant.len()));
        text.push_str(&meant);
        at = token.end;
    }
    table.extend((at..=sentence.end).map(place));
    text.push_str(&sentence.slice.text[at..sentence.end]);
    (mended > 0 && mended == problems.len()).then_some((text, table))
}

/// Returns the words for an operator; nothing where that is not sure.
fn operator(written: &str, entry: Rule) -> Option<&'static str> {
    Some(match written {
        // In `with priority = "high"` nothing is compared.
        "=" if entry == Rule::e_steps => "",
        "<=" | "≤" | "=<" => "is at most",
        ">=" | "≥" => "is at least",
        "<" => "is less than",
        ">" => "is more than",
        "==" | "===" | "=" => "is",
        "!=" | "!==" | "<>" | "≠" => "is not",
        "&&" | "&" => "and",
        "||" | "|" => "or",
        ";" | "{" | "}" => "",
        _ => return None,
    })
}
