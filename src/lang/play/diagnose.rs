//! Why a text could not be read, in words a user typed.
//!
//! First what can never be right wherever it stands (an operator, a quote that is not closed): all of it. Where there
//! is nothing of the kind, the furthest point pest reached is compared with the known mistakes, one after another;
//! what none of them knows is described by what would have been legal there. Reading on behind a mistake is the work of
//! `repair` and `pieces`; `clauses` takes a rule apart.

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;

use super::grammar::Rule;
use super::mistakes::{self, At};
use super::scan::{Kind, Token};
use super::sentence::{Failure, Sentence};
use super::words;

/// Says what is wrong with a sentence that an entry rule of the grammar could not read, up to the first mistake that
/// hides what is behind it; at least one problem.
pub(super) fn once(sentence: &Sentence, entry: Rule, failure: &Failure) -> Vec<Diagnostic> {
    let index = sentence.tokens.partition_point(|token| token.end <= failure.at);
    let at = At { sentence, index, expected: &failure.expected, entry };
    if let Some(problem) = mistakes::header(sentence, entry) {
        return vec![problem];
    }
    // A text without quotes may hold any character; none of them is a mistake of its own.
    if let Some(problem) = mistakes::unquoted_text(&at) {
        return vec![problem];
    }
    let never_right = never_right(sentence, entry);
    if !never_right.is_empty() {
        return never_right;
    }
    vec![mistakes::recognise(&at).unwrap_or_else(|| unexpected(&at))]
}

/// The last resort: what stands there, and what could.
fn unexpected(at: &At) -> Diagnostic {
    let expected = words::phrases(at.expected, 6);
    let code = if at.entry == Rule::e_header { codes::BAD_HEADER } else { codes::UNEXPECTED };
    let (code, message) = match at.token(0) {
        Some(token) => (code, format!("`{}` does not belong here", shown(at.sentence.word(token)))),
        None => (codes::ENDS_TOO_EARLY, "this sentence ends too early".to_owned()),
    };
    let problem = Diagnostic::error(code, at.here(), message);
    let colon = at.token(0).is_some_and(|token| at.sentence.word(token) == ":");
    match expected.is_empty() || colon {
        true => problem.help("take it out"),
        false if at.token(0).is_none() => problem.help(format!("add {expected}")),
        // Where the sentence may also end, what stands there may be one word too many.
        false if at.expects(Rule::EOI) => problem.help(format!("write {expected} here, or take it out")),
        false => problem.help(format!("write {expected} here")),
    }
}

/// Finds everything that is wrong wherever it stands.
fn never_right(sentence: &Sentence, entry: Rule) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let mut skip = 0;
    for (index, token) in sentence.tokens.iter().enumerate() {
        if index < skip || problems.len() >= 20 {
            continue;
        }
        let phrase = short_negation(sentence, index)
            .or_else(|| mistakes::phrase(sentence, entry, index).map(|known| (known.problem, known.length)));
        if let Some((problem, length)) = phrase {
            problems.push(problem);
            skip = index + length;
            continue;
        }
        problems.extend(bad_token(sentence, entry, index, token));
    }
    problems
}

fn bad_token(sentence: &Sentence, entry: Rule, index: usize, token: &Token) -> Option<Diagnostic> {
    let text = sentence.word(token);
    let span = sentence.span(token);
    let problem = |code, message: &str, help: String| Some(Diagnostic::error(code, span, message).help(help));
    match token.kind {
        Kind::Text(false) => problem(
            codes::UNCLOSED_TEXT,
            "this text has no closing quote",
            "end it with `\"` on the same line; a new line inside a text is written `\\n`".to_owned(),
        ),
        Kind::Script(false) => problem(
            codes::UNCLOSED_SCRIPT,
            "this script has no closing back-tick",
            "end it with a back-tick on the same line".to_owned(),
        ),
        Kind::Single => {
            let inner = text.trim_matches(['\'', '‘', '’']);
            problem(codes::SINGLE_QUOTES, "a text stands in double quotes", format!("write \"{}\"", shown(inner)))
        }
        Kind::Operator => {
            let next = sentence.tokens.get(index + 1).map_or("…", |token| sentence.word(token));
            let before = index.checked_sub(1).and_then(|before| sentence.tokens.get(before));
            let help = in_set(sentence, entry, index).or_else(|| in_trigger(sentence, entry, index));
            let help = help.unwrap_or_else(|| match (text, before) {
                // In `with priority = "high"` nothing is compared.
                ("=", Some(name)) if entry == Rule::e_steps => {
                    format!("take it out: write `{} {}`", sentence.word(name), shown(next))
                }
                _ => operator_help(text, &shown(next)),
            });
            problem(codes::OPERATOR, &format!("`{text}` is an operator of programming languages"), help)
        }
        Kind::Odd => problem(
            codes::UNEXPECTED,
            &format!("`{text}` means nothing here"),
            "take it out, or put it into a text in quotes".to_owned(),
        ),
        _ => None,
    }
}

/// `set customer.at_risk = yes`: says how a fact is set.
pub(super) fn in_set(sentence: &Sentence, entry: Rule, index: usize) -> Option<String> {
    let word = |index: usize| sentence.tokens.get(index).map_or("", |token| sentence.word(token));
    (entry == Rule::e_steps && word(index) == "=").then_some(())?;
    let start = (index.saturating_sub(16)..index).rfind(|index| word(*index) == "set")?;
    let path = sentence.part(start + 1..index);
    let named = path.tokens.iter().all(|token| token.kind == Kind::Word || sentence.word(token) == ".");
    // A fact belongs to a thing.
    let thing = if path.tokens.len() == 1 { "customer." } else { "" };
    let value = word(index + 1);
    (named && !path.tokens.is_empty()).then(|| format!("write `set {thing}{} to {}`", shown(path.text()), shown(value)))
}

/// `when queue_reading.wait > 10 minutes`: without `where` this may be a reading or a condition.
pub(super) fn in_trigger(sentence: &Sentence, entry: Rule, index: usize) -> Option<String> {
    let word = |index: usize| sentence.tokens.get(index).map_or("", |token| sentence.word(token));
    let first = entry == Rule::e_trigger && index == 3 && word(1) == ".";
    let (goes, is) = match word(index) {
        ">" => ("over", "more than"),
        "<" => ("under", "less than"),
        _ => return None,
    };
    let unit = sentence
        .tokens
        .get(index + 2)
        .filter(|token| token.kind == Kind::Word)
        .map_or("", |token| sentence.word(token));
    let unit = if words::UNITS.contains(&unit) || unit == "min" { format!(" {unit}") } else { String::new() };
    let (signal, field, value) = (shown(word(0)), shown(word(2)), shown(word(index + 1)));
    first.then(|| {
        format!("write `{signal}.{field} goes {goes} {value}{unit}`, or for each signal `{signal} where {field} is {is} {value}{unit}`")
    })
}

fn operator_help(operator: &str, next: &str) -> String {
    match operator {
        "<=" | "≤" | "=<" => format!("write `is at most {next}`"),
        ">=" | "≥" => format!("write `is at least {next}`"),
        "<" => format!("write `is less than {next}`"),
        ">" => format!("write `is more than {next}`"),
        "==" | "===" | "=" => format!("write `is {next}`"),
        "!=" | "!==" | "<>" | "≠" => format!("write `is not {next}`"),
        "=~" => "write `contains \"…\"`, or a script in back-ticks".to_owned(),
        "&&" | "&" => "write `and`".to_owned(),
        "||" | "|" => "write `or`".to_owned(),
        "!" if next == "…" => "take it out: a sentence has no mark at its end".to_owned(),
        "!" => "write `is not …`, or `is no` for a yes/no field".to_owned(),
        "=>" | "→" | "⇒" => "write `then`".to_owned(),
        "[" | "]" => "a list is written without brackets: `is one of \"gold\", \"silver\"`".to_owned(),
        "{" | "}" => "take it out: a rule needs no braces, it ends where the next one begins".to_owned(),
        ";" => "take it out: nothing is needed between clauses or actions".to_owned(),
        "@" | "$" | "?" | "~" | "^" => "take it out; an address or a text stands in quotes".to_owned(),
        _ => "arithmetic stands in a script in back-ticks: `` `a + b` ``".to_owned(),
    }
}

/// Recognises `isn't` and its like, which read as a word and a stray quote.
fn short_negation(sentence: &Sentence, index: usize) -> Option<(Diagnostic, usize)> {
    let [word, quote, ..] = sentence.tokens.get(index..)? else { return None };
    let written = match sentence.word(word).to_lowercase().as_str() {
        "isn" | "aren" | "wasn" => "is not",
        "doesn" | "don" | "didn" => "does not",
        _ => return None,
    };
    let is_quote = word.end == quote.start && sentence.word(quote).starts_with(['\'', '’', '‘']);
    if word.kind != Kind::Word || !is_quote {
        return None;
    }
    let span = sentence.slice.span(word.start, (quote.start + 2).min(sentence.end));
    let message = format!("`{}'t` is written out here", sentence.word(word));
    Some((Diagnostic::error(codes::OTHER_WORD, span, message).help(format!("write `{written}`")), 3))
}

/// Cuts a word for a message.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
