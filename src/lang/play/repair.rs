//! Reading a sentence, and reading it again where it cannot be read: what has one sure meaning (an operator, a key
//! word in capitals, a misspelt one) hides everything behind it, so it is replaced by what was meant in a copy of the
//! sentence, and the copy is read.
//!
//! What is then said of a replaced piece itself is left out.

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{Offsets, Slice, Span};

use super::build::{Builder, Node};
use super::diagnose;
use super::grammar::Rule;
use super::mistakes;
use super::scan::{Kind, scan};
use super::sentence::{Reading, Sentence};
use super::words;

/// How often a sentence is read again.
const MOST_READINGS: usize = 12;

/// Reads a sentence by an entry rule; where it cannot be read, as it was meant, if `problems` leave no doubt of that.
pub(super) fn read<T>(
    sentence: &Sentence,
    entry: Rule,
    read: &dyn Fn(&mut Builder, &mut Node) -> Option<T>,
) -> Reading<T> {
    match sentence.try_read(entry, read) {
        Ok(reading) => reading,
        Err(failure) => {
            let mut problems = diagnose::once(sentence, entry, &failure);
            let (value, holes) = again(sentence, entry, read, &mut problems, 0);
            Reading { value, problems, holes }
        }
    }
}

/// Reads a sentence again as it was meant, and adds what else is wrong.
fn again<T>(
    sentence: &Sentence,
    entry: Rule,
    read: &dyn Fn(&mut Builder, &mut Node) -> Option<T>,
    problems: &mut Vec<Diagnostic>,
    readings: usize,
) -> (Option<T>, Vec<Span>) {
    let nothing = (None, Vec::new());
    if readings >= MOST_READINGS {
        return nothing;
    }
    let Some((text, table, doubtful)) = repaired(sentence, entry, problems) else { return nothing };
    let slice = Slice { text: &text, file: sentence.slice.file, offsets: Offsets::Table(table) };
    let scan = scan(&text);
    let copy = Sentence { slice: &slice, tokens: &scan.tokens, start: 0, end: text.len() };
    let known: Vec<Span> = problems.iter().map(|problem| problem.span).collect();
    // `a && b || c`: that the two are mixed is another mistake than how they are written.
    let new = |problem: &Diagnostic| problem.code == codes::MIXED_AND_OR || !touches(&known, problem.span);
    let (value, mut holes, mut found) = match copy.try_read(entry, read) {
        Ok(mut reading) => {
            reading.problems.retain(new);
            (reading.value, reading.holes, reading.problems)
        }
        Err(failure) => {
            let mut found = diagnose::once(&copy, entry, &failure);
            found.retain(new);
            if found.is_empty() {
                return nothing;
            }
            let (value, holes) = again(&copy, entry, read, &mut found, readings + 1);
            found.retain(new);
            (value, holes, found)
        }
    };
    holes.extend(doubtful);
    problems.append(&mut found);
    problems.sort_by_key(|problem| problem.span.start);
    (value, holes)
}

/// Tells whether a place overlaps one of `known`, or lies directly beside it.
pub(super) fn touches(known: &[Span], span: Span) -> bool {
    known.iter().any(|known| span.start <= known.end && span.end >= known.start)
}

/// Returns the text as it was meant, where each of its bytes comes from, and what of it is only probably meant; nothing
/// where a problem has no remedy.
fn repaired(sentence: &Sentence, entry: Rule, problems: &[Diagnostic]) -> Option<(String, Vec<u32>, Vec<Span>)> {
    let mut doubtful = Vec::new();
    let mut text = String::new();
    let mut table = Vec::new();
    let mut at = sentence.start;
    let place = |at: usize| sentence.slice.span(at, at).start;
    let mut mended = 0;
    // The phrase that is being replaced, up to its last token.
    let mut replaced: Option<Span> = None;
    for (index, token) in sentence.tokens.iter().enumerate() {
        let span = sentence.span(token);
        let inside = |problem: &&Diagnostic| problem.span.start <= span.start && span.end <= problem.span.end;
        let Some(problem) = problems.iter().find(inside) else { continue };
        let written = sentence.word(token);
        let before = index.checked_sub(1).map_or("", |before| sentence.word(&sentence.tokens[before]));
        let begins = span.start == problem.span.start;
        let phrase = begins.then(|| mistakes::phrase(sentence, entry, index)).flatten();
        let phrase = phrase.filter(|known| known.problem.span == problem.span && known.problem.code == problem.code);
        let meant = match problem.code {
            _ if replaced == Some(problem.span) => String::new(),
            _ if phrase.is_some() => {
                replaced = Some(problem.span);
                let known = phrase?;
                doubtful.extend(known.doubtful.then_some(known.problem.span));
                let (meant, length) = (known.meant?, known.length);
                let behind = sentence.tokens.get(index + length).map_or("", |token| sentence.word(token));
                let meant = without_behind(&meant, behind);
                format!(" {} ", meant.strip_prefix(&format!("{before} ")).unwrap_or(meant))
            }
            codes::CAPITALS => written.to_lowercase(),
            codes::OPERATOR if token.kind == Kind::Operator => {
                let meant = match diagnose::in_set(sentence, entry, index) {
                    Some(_) => {
                        // A fact that names no thing is told by the help.
                        let fact = index.checked_sub(1).and_then(|fact| sentence.tokens.get(fact));
                        let bare = index < 2 || sentence.word(&sentence.tokens[index - 2]) == "set";
                        doubtful.extend(fact.filter(|_| bare).map(|fact| sentence.span(fact)));
                        "to"
                    }
                    None if diagnose::in_trigger(sentence, entry, index).is_some() => goes(written)?,
                    None => operator(written, entry)?,
                };
                // `score is <= 6` has its `is` already.
                let meant = if before == "is" { meant.strip_prefix("is").unwrap_or(meant) } else { meant };
                format!(" {} ", meant.trim())
            }
            codes::SINGLE_QUOTES => {
                let inner = written.trim_matches(['\'', '‘', '’']);
                (!inner.contains(['"', '\\'])).then(|| format!(" \"{inner}\" "))?
            }
            codes::DECIMAL_COMMA if written == "," => ".".to_owned(),
            codes::DECIMAL_COMMA => written.to_owned(),
            codes::MISSPELT | codes::UNKNOWN_UNIT if span == problem.span => {
                let meant = did_you_mean(problem)?;
                // `is at lest 9` means `at least`, and has its `at`.
                let meant = meant.strip_prefix(&format!("{before} ")).unwrap_or(meant);
                format!(" {meant} ")
            }
            codes::OTHER_WORD if span == problem.span => {
                let meant = instead(problem)?;
                let meant = meant.strip_prefix(&format!("{before} ")).unwrap_or(meant);
                format!(" {meant} ")
            }
            // `for the same customer or store`
            codes::UNEXPECTED if span == problem.span => {
                format!(" {} ", instead(problem).filter(|meant| !meant.is_empty())?)
            }
            codes::UNQUOTED_TEXT => match begins {
                true => quoted(sentence, token.start, problem)?,
                false => String::new(),
            },
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
    (mended > 0 && mended == problems.len()).then_some((text, table, doubtful))
}

/// Returns the key words that a message about a foreign one says to write; nothing for one to be taken out.
fn instead(problem: &Diagnostic) -> Option<&str> {
    if problem.help.as_deref()?.starts_with("take it out") {
        return Some("");
    }
    let words = help_to_write(problem)?;
    let known = |word: &str| words::is_key_word(word) && word.chars().all(|c| c.is_ascii_lowercase());
    words.split(' ').all(known).then_some(words)
}

/// Returns what a message says to write.
fn help_to_write(problem: &Diagnostic) -> Option<&str> {
    problem.help.as_deref()?.strip_prefix("write `")?.strip_suffix('`')
}

/// Returns the words of a suggestion without the last, where it stands behind them already.
fn without_behind<'w>(words: &'w str, behind: &str) -> &'w str {
    words.strip_suffix(behind).filter(|_| !behind.is_empty()).and_then(|rest| rest.strip_suffix(' ')).unwrap_or(words)
}

/// Returns the text that lacks its quotes, in quotes.
fn quoted(sentence: &Sentence, start: usize, problem: &Diagnostic) -> Option<String> {
    let last = sentence.tokens.iter().rfind(|token| sentence.span(token).end <= problem.span.end)?;
    let text = sentence.slice.text.get(start..last.end)?;
    (!text.contains(['"', '\\', '\n'])).then(|| format!("\"{text}\""))
}

/// Returns the word that a message about a misspelt one suggests.
fn did_you_mean(problem: &Diagnostic) -> Option<&str> {
    problem.help.as_deref()?.strip_prefix("did you mean `")?.strip_suffix("`?")
}

/// Returns the words for a line that a reading is held against.
fn goes(written: &str) -> Option<&'static str> {
    Some(match written {
        ">" => "goes over",
        "<" => "goes under",
        _ => return None,
    })
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
