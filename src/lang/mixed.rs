//! Words that mix alphabets: `сomplaint` with a Cyrillic `с` reads like `complaint` and never equals it.
//!
//! Looked for in texts and in names of a vocabulary, where any letter may stand. What is a word of two alphabets by
//! intent passes: an abbreviation with an ending (`SMSки`), a unit (`μm`), letters that look like nothing of the other
//! alphabet. In a sentence of the DSL such a word is an error already (`lang::play`).

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{FileNo, Slice, Span};
use crate::lang::yaml::node::{Node, NodeKind};

/// How many of them are worth naming in one file.
const MOST_NAMED: usize = 50;

/// Cyrillic letters and the Latin ones they look like.
const CYRILLIC: &str = "аaеeоoрpсcуyхxіiјjѕsкkмmтtвbнhАAВBЕEКKМMНHОOРPСCТTУYХXІIЈJЅS";
/// Greek letters and the Latin ones they look like.
const GREEK: &str = "οoαaνvρpκkιiχxυuΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧX";

/// A word that mixes alphabets.
#[derive(Debug, PartialEq, Eq)]
struct Mixed {
    start: usize,
    end: usize,
    /// A letter that is not of the word's own alphabet.
    stranger: char,
    /// Its alphabet.
    alphabet: &'static str,
    /// The word in one alphabet.
    meant: String,
}

/// Returns a warning for each word of a text that mixes alphabets.
pub fn warnings(slice: &Slice<'_>) -> Vec<Diagnostic> {
    let told = |mixed: Mixed| told(slice.text, &mixed, slice.span(mixed.start, mixed.end));
    words(slice.text).take(MOST_NAMED).map(told).collect()
}

/// Returns a warning for each such word in the keys and values of a file.
pub fn in_file(root: &Node, file: FileNo) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(node) = open.pop().filter(|_| found.len() < MOST_NAMED) {
        match &node.kind {
            NodeKind::Scalar(scalar) if scalar.text.is_ascii() => {}
            NodeKind::Scalar(scalar) => found.extend(warnings(&scalar.slice(file))),
            NodeKind::List(nodes) => open.extend(nodes.iter().rev()),
            NodeKind::Map(entries) => {
                for (key, value) in entries.iter().rev() {
                    found.extend(words(&key.text).map(|mixed| told(&key.text, &mixed, key.span)));
                    open.push(value);
                }
            }
        }
    }
    found
}

fn told(text: &str, mixed: &Mixed, span: Span) -> Diagnostic {
    let word = text.get(mixed.start..mixed.end).unwrap_or("");
    let Mixed { stranger, alphabet, meant, .. } = mixed;
    let message = format!("`{word}` mixes letters of two alphabets, so that it equals no word that looks like it");
    Diagnostic::warning(codes::MIXED_ALPHABETS, span, message)
        .label(format!("`{stranger}` (U+{:04X}) is a {alphabet} letter", *stranger as u32))
        .help(format!("type it again with one keyboard layout: `{meant}`"))
}

/// Returns the words of a text that mix alphabets.
fn words(text: &str) -> impl Iterator<Item = Mixed> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = if text.is_ascii() { text.len() } else { 0 };
    std::iter::from_fn(move || {
        while at < text.len() {
            let start = at + text[at..].find(is_part)?;
            let end = text[start..].find(|c| !is_part(c)).map_or(text.len(), |length| start + length);
            at = end;
            if let Some((stranger, alphabet, meant)) = mixed(&text[start..end]) {
                return Some(Mixed { start, end, stranger, alphabet, meant });
            }
        }
        None
    })
}

/// Returns the first letter of the lesser alphabet of a word, and the word without such letters.
fn mixed(word: &str) -> Option<(char, &'static str, String)> {
    if word.is_ascii() || word.len() > 200 {
        return None;
    }
    let is_latin = |c: char| c.is_ascii_alphabetic() || matches!(c, '\u{C0}'..='\u{24F}');
    let is_other = |c: char| matches!(c, '\u{370}'..='\u{3FF}' | '\u{400}'..='\u{52F}');
    let latin = word.chars().filter(|c| is_latin(*c)).count();
    let other = word.chars().filter(|c| is_other(*c)).count();
    if latin == 0 || other == 0 || is_abbreviation(word, is_other) {
        return None;
    }
    let (pairs, name) = match word.chars().find(|c| is_other(*c))? {
        '\u{370}'..='\u{3FF}' => (GREEK, "Greek"),
        _ => (CYRILLIC, "Cyrillic"),
    };
    let letters: Vec<char> = pairs.chars().collect();
    let twin = |c: char, from: usize| letters.chunks_exact(2).find(|pair| pair[from] == c).map(|pair| pair[1 - from]);
    // The lesser alphabet is the foreign one; each of its letters has to look like one of the other.
    let latin_is_own = latin >= other;
    let in_one = |from: usize, is_foreign: &dyn Fn(char) -> bool| -> Option<String> {
        word.chars().map(|c| if is_foreign(c) { twin(c, from) } else { Some(c) }).collect()
    };
    match latin_is_own {
        true => Some((word.chars().find(|c| is_other(*c))?, name, in_one(0, &is_other)?)),
        false => Some((word.chars().find(|c| is_latin(*c))?, "Latin", in_one(1, &is_latin)?)),
    }
}

/// Tells whether a word is an abbreviation in capitals with an ending: `SMSки`.
fn is_abbreviation(word: &str, is_other: impl Fn(char) -> bool) -> bool {
    let capitals = word.chars().take_while(char::is_ascii_uppercase).count();
    let mut ending = word.chars().skip(capitals);
    capitals > 1 && ending.all(|c| is_other(c) && c.is_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_are_found_and_words_of_two_alphabets_by_intent_are_not() {
        let found =
            |text: &str| words(text).map(|mixed| (mixed.stranger, mixed.alphabet, mixed.meant)).collect::<Vec<_>>();
        assert_eq!(found("a сomplaint"), [('с', "Cyrillic", "complaint".to_owned())]);
        assert_eq!(found("очeнь долго"), [('e', "Latin", "очень".to_owned())]);
        assert_eq!(found("cοst"), [('ο', "Greek", "cost".to_owned())]);
        assert_eq!(found("Tесо and Жalо").len(), 1, "Ж looks like nothing Latin");
        for text in ["complaint", "жалоба", "a жалоба", "SMSки", "5 μm", "e-mailы", "żółw", "iPhone'ом", "Café"]
        {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
