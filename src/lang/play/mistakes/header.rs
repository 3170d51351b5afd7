//! Mistakes in the line that begins a playbook, and in the one that begins a rule: an id of two words, no title.

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;

use super::super::diagnose::shown;
use super::super::grammar::Rule;
use super::super::scan::Kind;
use super::super::sentence::Sentence;

/// `playbook my book "My book"`, `playbook book`, `playbook "My book"`
pub(in crate::lang::play) fn header(sentence: &Sentence, entry: Rule) -> Option<Diagnostic> {
    let tokens = sentence.tokens;
    let word = |index: usize| tokens.get(index).map_or("", |token| sentence.word(token));
    (entry == Rule::e_header && word(0) == "playbook").then_some(())?;
    let is_word = |index: &usize| tokens[*index].kind == Kind::Word && word(*index) != "version";
    let words = (1..tokens.len()).take_while(is_word).count();
    let next = tokens.get(words + 1);
    let title = next.filter(|token| token.kind == Kind::Text(true)).map(|token| sentence.word(token));
    // What stands in front of a hyphen or a bracket is told elsewhere.
    (title.is_some() || next.is_none_or(|token| sentence.word(token) == "version")).then_some(())?;
    let span = |from: usize, to: usize| sentence.slice.span(tokens[from].start, tokens[to].end);
    let named = sentence.slice.text.get(tokens.get(1)?.start..tokens.get(words.max(1))?.end)?;
    let named = named.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = |id: &str, title: &str| format!("write `playbook {} {}`", shown(id), shown(title));
    let quoted = |text: &str| format!("\"{text}\"");
    let (code, span, message, help) = match (words, title) {
        (0, Some(title)) => {
            let message = "an id stands between `playbook` and the title".to_owned();
            (codes::BAD_HEADER, span(1, 1), message, line(&id_of(title), title))
        }
        (1, None) => {
            let message = "this playbook has no title in quotes".to_owned();
            (codes::BAD_HEADER, span(0, 1), message, line(word(1), &quoted(&title_of(word(1)))))
        }
        (2.., Some(title)) => {
            let message = format!("`{}` is not one word", shown(&named));
            (codes::BAD_NAME, span(1, words), message, line(&id_of(&named), title))
        }
        // `playbook retail Retail customer care`
        (2.., None) if word(2).starts_with(char::is_uppercase) => {
            let title = sentence.slice.text.get(tokens[2].start..tokens[words].end)?;
            let message = format!("a text stands in quotes, `{}` does not", shown(title));
            (codes::UNQUOTED_TEXT, span(2, words), message, line(word(1), &quoted(title)))
        }
        (2.., None) => {
            let message = format!("`{}` is not one word, and a title in quotes is missing", shown(&named));
            (codes::BAD_NAME, span(1, words), message, line(&id_of(&named), &quoted(&title_of(&named))))
        }
        _ => return None,
    };
    Some(Diagnostic::error(code, span, message).help(help))
}

/// Makes an id of a title.
pub(in crate::lang::play) fn id_of(title: &str) -> String {
    let plain: String = title.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let id = plain.split_whitespace().take(4).collect::<Vec<_>>().join("_").to_lowercase();
    match id.chars().next() {
        Some(first) if first.is_alphabetic() => id,
        Some(_) => format!("rule_{id}"),
        None => "long_wait".to_owned(),
    }
}

/// Makes a title of an id.
pub(in crate::lang::play) fn title_of(id: &str) -> String {
    let plain = id.replace(['_', '-'], " ");
    let mut letters = plain.trim().chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}", letters.as_str())
}
