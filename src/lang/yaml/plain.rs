//! Plainly typed YAML (`touchline.yaml`) through serde, and the writing of scalars.
//!
//! The only file that names `serde_yaml`. That parser hangs on deeply nested brackets, expands aliases without end,
//! stumbles over a byte order mark and knows no places, so it is handed a text only after [`super::parse`] has read it
//! without an error. Left out: playbooks, vocabularies, directories and scenarios, which are read from nodes.

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{FileNo, Sources, Span};
use crate::lang::yaml::node::{Node, NodeKind};
use crate::lang::yaml::parse::parse;

/// Reads a file into a type, where the front end finds no error in it.
pub fn from_plain<T: DeserializeOwned>(sources: &Sources, file: FileNo) -> (Option<T>, Vec<Diagnostic>) {
    let (_, _, mut problems) = parse(sources, file);
    if problems.iter().any(Diagnostic::is_error) {
        return (None, problems);
    }
    match serde_yaml::from_str(text_of(sources, file)) {
        Ok(value) => (Some(value), problems),
        Err(error) => {
            problems.push(wrong_type(sources, file, &error));
            (None, problems)
        }
    }
}

/// Returns the text without a byte order mark.
fn text_of(sources: &Sources, file: FileNo) -> &str {
    let text = sources.file(file).text.as_str();
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn wrong_type(sources: &Sources, file: FileNo, error: &serde_yaml::Error) -> Diagnostic {
    let all = &sources.file(file).text;
    let base = all.len() - text_of(sources, file).len();
    let mut at = error.location().map_or(0, |location| base + location.index()).min(all.len());
    while !all.is_char_boundary(at) {
        at -= 1;
    }
    let width = all[at..].find(|c: char| c.is_whitespace() || matches!(c, ',' | '}' | ']')).unwrap_or(all.len() - at);
    let message = error.to_string();
    // serde adds its own place; ours has a caret.
    let message = message.split(" at line ").next().unwrap_or("").to_owned();
    Diagnostic::error(codes::YAML_PLAIN_TYPE, Span::new(file, at, at + width), message)
        .help("see the manual for what this key takes")
}

/// Writes a text as one scalar on one line that reads back as the same text, inside brackets too: plain where that
/// is safe, otherwise in single quotes, or in double quotes where it holds line breaks or control characters.
pub fn to_plain(text: &str) -> String {
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}')) {
        return double_quoted(text);
    }
    if is_safe(text) { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

/// Tells whether a text means itself without quotes, to this reader and to others that guess types.
fn is_safe(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_alphabetic() || c == '_') || starts_as_length(text);
    let clear = !text.contains(['{', '}', '[', ']', ',', '"', '\'', '`', '#', '&', '*', '!', '|', '>', '%', '@', '\\'])
        && !text.contains(": ")
        // Inside brackets some readers take `a:?` for a key.
        && !text.contains(":?")
        && !text.ends_with([':', ' ']);
    let typed = matches!(
        text.to_lowercase().as_str(),
        "yes" | "no" | "true" | "false" | "on" | "off" | "null" | "y" | "n" | "nan" | "inf"
    );
    begins && clear && !typed
}

/// Tells whether a text is a number with a word behind it, such as `14 days`: no parser takes that for a number.
fn starts_as_length(text: &str) -> bool {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < text.len() && rest.strip_prefix(' ').is_some_and(|rest| rest.starts_with(char::is_alphabetic))
}

pub(in crate::lang) fn double_quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                quoted.push_str(&format!("\\u{:04X}", c as u32));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Holds a tree of ours against what `serde_yaml` reads from the same file, every scalar and key as its raw text;
/// says what differs. It cannot be asked for comments, quoting or places: those are not compared.
pub fn compare(sources: &Sources, file: FileNo, root: &Node) -> Result<(), String> {
    let other = serde_yaml::Deserializer::from_str(text_of(sources, file));
    Like(root).deserialize(other).map_err(|error| error.to_string())
}

/// Expects what a node of ours holds.
struct Like<'a>(&'a Node);

impl<'de> DeserializeSeed<'de> for Like<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, other: D) -> Result<(), D::Error> {
        match &self.0.kind {
            NodeKind::Scalar(_) => other.deserialize_str(self),
            NodeKind::List(_) => other.deserialize_seq(self),
            NodeKind::Map(_) => other.deserialize_map(self),
        }
    }
}

impl<'de> Visitor<'de> for Like<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.kind_name())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        match self.0.text() {
            Some(ours) if ours == text => Ok(()),
            ours => Err(E::custom(format!("we read {ours:?}, the other reads {text:?}"))),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        for node in self.0.list().unwrap_or_default() {
            list.next_element_seed(Like(node))?.ok_or_else(|| A::Error::custom("the other list is shorter"))?;
        }
        match list.next_element::<serde::de::IgnoredAny>()? {
            Some(_) => Err(A::Error::custom("the other list is longer")),
            None => Ok(()),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        for (key, node) in self.0.map().unwrap_or_default() {
            let other: Option<String> = map.next_key()?;
            if other.as_deref() != Some(&key.text) {
                return Err(A::Error::custom(format!("we read the key {:?}, the other {other:?}", key.text)));
            }
            map.next_value_seed(Like(node))?;
        }
        match map.next_key::<String>()? {
            Some(key) => Err(A::Error::custom(format!("the other has one more key, {key:?}"))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Config {
        port: u16,
        #[serde(default)]
        names: Vec<String>,
    }

    fn read(text: &str) -> (Option<Config>, Vec<Diagnostic>, Sources) {
        let mut sources = Sources::default();
        let file = sources.add("touchline.yaml", text.as_bytes());
        let (config, problems) = from_plain(&sources, file);
        (config, problems, sources)
    }

    #[test]
    fn a_plain_file_is_read_only_when_the_front_end_accepts_it() {
        let (config, problems, _) = read("\u{feff}port: 8080\r\nnames: [a, b]\r\n");
        assert_eq!(config, Some(Config { port: 8080, names: vec!["a".into(), "b".into()] }));
        assert!(problems.is_empty());
        let (config, problems, _) = read("port: &p 80\nnames: [*p]\n");
        assert_eq!((config, problems.len(), problems[0].code), (None, 2, codes::YAML_ALIAS));
        let (config, problems, sources) = read("\u{feff}names: [a]\nport: many\n");
        assert_eq!((config, problems.len(), problems[0].code), (None, 1, codes::YAML_PLAIN_TYPE));
        assert_eq!(sources.slice(problems[0].span), "many", "{problems:?}");
    }

    #[test]
    fn scalars_are_written_plain_where_that_is_safe() {
        for plain in ["gold", "14 days", "alert me", "score is at most 6", "a:b", "ą ł"] {
            assert_eq!(to_plain(plain), plain);
        }
        assert_eq!(to_plain("no"), "'no'");
        assert_eq!(to_plain("21:00"), "'21:00'");
        assert_eq!(to_plain("A:?"), "'A:?'");
        assert_eq!(to_plain("it's: here"), "'it''s: here'");
        assert_eq!(to_plain("a\nb"), "\"a\\nb\"");
        assert_eq!(to_plain(""), "''");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_in_a_mapping_and_in_brackets(text in "[ -~\u{a0}-\u{17f}\n\t]{0,24}|(yes|NO|~|1e3|0x1f|- a|=b|2026-01-01|: |a: b|a #b|---)") {
            // Between U+0080 and U+009F only escapes may stand in a file, which is what is written.
            let written = to_plain(&text);
            let source = format!("a: {written}\nb: [{written}, {{c: {written}}}]\n");
            let mut sources = Sources::default();
            let file = sources.add("x.yaml", source.as_bytes());
            let (root, _, problems) = parse(&sources, file);
            prop_assert!(problems.is_empty(), "{source:?} {problems:?}");
            let root = root.expect("something was written");
            prop_assert_eq!(root.get("a").and_then(Node::text), Some(text.as_str()));
            let list = root.get("b").and_then(Node::list).expect("a list");
            prop_assert_eq!(list[0].text(), Some(text.as_str()));
            prop_assert_eq!(list[1].get("c").and_then(Node::text), Some(text.as_str()));
            prop_assert_eq!(compare(&sources, file, &root), Ok(()));
        }
    }
}
