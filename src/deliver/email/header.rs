//! What may stand in a header and in an address; how a subject beyond plain ASCII is written.
//!
//! A header ends at a line break, so nothing with one may ever reach a header. We refuse rather than repair: a text that
//! holds a line break where there can be none was not written by the author of the template.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::Unfit;
use crate::vocabulary::typed::address_problem;

/// The longest subject, in characters; more is cut.
pub(super) const SUBJECT_LENGTH: usize = 250;

/// How many bytes of text go into one encoded word: 75 characters are allowed, `=?utf-8?B?` and `?=` take twelve.
const BYTES_A_WORD: usize = 45;

/// Returns why `text` cannot stand in a header. `what` names it in the reason; the text itself never does.
pub(super) fn check_text(what: &str, text: &str) -> Result<(), Unfit> {
    match text.chars().find(|c| matches!(c, '\r' | '\n' | '\0')) {
        None => Ok(()),
        Some('\0') => Err(Unfit::new(format!("the {what} holds a NUL character"))),
        Some(_) => Err(Unfit::new(format!("the {what} holds a line break"))),
    }
}

/// Returns why `address` is no address that mail can go to. Stricter than the standard, which knows quoted names and
/// comments: none of that occurs in a real address, and all of it has been used for injection.
pub(super) fn check_address(what: &str, address: &str) -> Result<(), Unfit> {
    check_text(&format!("{what}'s address"), address)?;
    if let Some(problem) = address_problem(address) {
        return Err(Unfit::new(format!("the {what}: {problem}")));
    }
    let special = |c: char| matches!(c, '(' | ')' | ':' | '\\' | '[' | ']');
    if address.contains(special) {
        return Err(Unfit::new(format!("the {what}: the address holds a bracket, a colon or a backslash")));
    }
    Ok(())
}

/// Returns `text` as a subject: other control characters become blanks, what is too long is cut.
pub(super) fn subject_of(text: &str) -> Result<String, Unfit> {
    check_text("subject", text)?;
    let plain: String = text.chars().map(|c| if is_break(c) || c.is_control() { ' ' } else { c }).collect();
    Ok(shorten(plain.trim(), SUBJECT_LENGTH))
}

/// Returns the first line that says anything of a text that may have several: for a subject.
pub fn first_line(text: &str) -> &str {
    text.split(|c| is_break(c) || c == '\0').map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}

/// Every character that some reader of mail takes for the end of a line.
fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{0b}' | '\u{0c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

pub(super) fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
    }
}

/// Tells whether `text` can stand in a header as it is: printable ASCII that no reader takes for an encoded word.
pub(super) fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| (b' '..=b'~').contains(&b))
        && !text.contains("=?")
        && text.split(' ').all(|word| word.len() <= 60)
}

/// Returns `text` as encoded words (RFC 2047), one a line.
pub(super) fn encoded_words(text: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = rest.len().min(BYTES_A_WORD);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (word, after) = rest.split_at(end);
        words.push(word);
        rest = after;
    }
    let words: Vec<String> = words.into_iter().map(|word| format!("=?utf-8?B?{}?=", BASE64.encode(word))).collect();
    words.join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_are_short_and_whole() {
        let text = "Ačiū, МАЛО, 客服中心, ".repeat(12);
        let encoded = encoded_words(&text);
        let mut decoded = Vec::new();
        for line in encoded.split("\r\n ") {
            assert!(line.len() <= 75, "{line}");
            let inner = line.strip_prefix("=?utf-8?B?").unwrap().strip_suffix("?=").unwrap();
            let bytes = BASE64.decode(inner).unwrap();
            std::str::from_utf8(&bytes).expect("each word holds whole characters");
            decoded.extend(bytes);
        }
        assert_eq!(String::from_utf8(decoded).unwrap(), text);
    }

    #[test]
    fn what_ends_a_header_is_refused_and_other_control_characters_become_blanks() {
        for hostile in ["a\rb", "a\nb", "a\r\nBcc: x@example.test", "a\0b"] {
            assert!(subject_of(hostile).is_err(), "{hostile:?}");
        }
        assert_eq!(subject_of("a\tb\u{2028}c\u{7f}d ").unwrap(), "a b c d");
        assert_eq!(first_line("\n\r  \u{2029} first \rsecond"), "first");
        assert!(!is_plain("=?utf-8?q?=0D=0ABcc:?="));
        assert_eq!(shorten("abc def", 4), "abc…");
    }

    #[test]
    fn addresses_that_are_no_bare_addresses_are_refused() {
        for hostile in [
            "",
            "nobody",
            "a@b@c.test",
            "a b@example.test",
            "<a@example.test>",
            "a@example.test,b@example.test",
            "\"a\"@example.test",
            "a@example.test\r\nRCPT TO:<b@example.test>",
            "a(comment)@example.test",
            "@example.test:b@example.test",
            "a@[127.0.0.1]",
            "a\0@example.test",
        ] {
            assert!(check_address("recipient", hostile).is_err(), "{hostile:?}");
        }
        check_address("recipient", "store.s7+till@pre-sales.example.test").unwrap();
        check_address("recipient", "jūratė@paštas.example.test").unwrap();
    }
}
