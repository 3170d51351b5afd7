//! Bytes → lines of a feed: what a request or a file holds, each line taken or refused by itself.
//!
//! A request is one object, a list of them, newline-delimited objects, or CloudEvents in their three modes
//! ([`cloudevents`](crate::daemon::cloudevents)). Whatever the way in, every line ends in [`parse_line`]: a signal is the same
//! signal, and a duplicate is known, however it came. Read [`split`] and [`Line`] first.
//!
//! Left out: the socket and its limits (`http`), keeping what was refused (`store::refused`), the journal.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::value::RawValue;

use crate::daemon::cloudevents::{self, Attributes};
use crate::signal::{FeedLine, Refused, parse_line};
use crate::vocabulary::Vocabulary;

/// The most lines of one request.
pub const MOST_LINES: usize = 10_000;

/// What a request says of its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `application/json`: one object, or a list of them.
    Json,
    /// `application/x-ndjson`: one object a line.
    Lines,
    /// `application/cloudevents+json`.
    Event,
    /// `application/cloudevents-batch+json`.
    EventBatch,
    /// `ce-…` headers, the body holds the data.
    EventBinary(Attributes),
}

/// Media types that are taken, as a message lists them.
pub const MEDIA_TYPES: &str =
    "application/json, application/x-ndjson, application/cloudevents+json or application/cloudevents-batch+json";

impl Shape {
    /// Returns the shape of a request; `None` for a media type that is not taken.
    pub fn of(content_type: &str, attributes: Option<Attributes>) -> Option<Shape> {
        let plain = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        match plain.as_str() {
            "application/cloudevents+json" => Some(Shape::Event),
            "application/cloudevents-batch+json" => Some(Shape::EventBatch),
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/x-jsonlines"
            | "application/jsonlines" => Some(Shape::Lines),
            "application/json" if attributes.is_none() => Some(Shape::Json),
            // The headers are the event, so the media type is that of its data.
            _ => attributes.filter(|_| cloudevents::is_json(&plain)).map(Shape::EventBinary),
        }
    }
}

/// One line: as it came, and what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Line<'a> {
    /// The text that would be read again if it is refused.
    pub text: Cow<'a, str>,
    /// What it says.
    pub what: Result<FeedLine, Refused>,
}

/// Why a body as a whole cannot be taken apart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Bytes that are no text.
    #[error("the body is not UTF-8 text")]
    NotText,
    /// Neither an object nor a list.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// Brackets in brackets in brackets.
    #[error("brackets are nested more than {0} deep")]
    TooDeep(usize),
    /// A list that is too long.
    #[error("the body holds more than {MOST_LINES} lines: send them in several requests")]
    TooMany,
    /// Nothing.
    #[error("the body is empty: send one object, a list of them, or one a line")]
    Empty,
}

/// Takes a body apart that arrived at `arrived`, and reads every line of it.
pub fn split<'a>(
    shape: &Shape,
    body: &'a [u8],
    depth: usize,
    vocabulary: &Vocabulary,
    arrived: Timestamp,
) -> Result<Vec<Line<'a>>, Unreadable> {
    if *shape == Shape::Lines {
        return lines(body, depth, vocabulary);
    }
    let text = std::str::from_utf8(body).map_err(|_| Unreadable::NotText)?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() && !matches!(shape, Shape::EventBinary(_)) {
        return Err(Unreadable::Empty);
    }
    if is_deeper(text, depth) {
        return Err(Unreadable::TooDeep(depth));
    }
    let plain = |text: &'a str| Line { text: text.into(), what: parse_line(text, vocabulary) };
    match shape {
        Shape::Json if text.starts_with('[') => Ok(list(text)?.into_iter().map(plain).collect()),
        Shape::Json => Ok(vec![plain(whole(text)?)]),
        Shape::Event => Ok(vec![event(whole(text)?, vocabulary, arrived)]),
        Shape::EventBatch => Ok(list(text)?.into_iter().map(|text| event(text, vocabulary, arrived)).collect()),
        Shape::EventBinary(attributes) => {
            let data = if text.is_empty() { "{}" } else { whole(text)? };
            let line = cloudevents::line(attributes, data, vocabulary, arrived);
            let text = cloudevents::as_structured(attributes, data).into();
            Ok(vec![Line { text, what: line.and_then(|line| parse_event(&line, vocabulary)) }])
        }
        Shape::Lines => Ok(vec![]),
    }
}

/// Reads an event in structured mode. Where it is refused, it is kept as it came, with its data in the open.
fn event<'a>(text: &'a str, vocabulary: &Vocabulary, arrived: Timestamp) -> Line<'a> {
    let line = cloudevents::structured(text, vocabulary, arrived);
    let opened = cloudevents::opened(text).map_or(Cow::Borrowed(text), Cow::Owned);
    Line { text: opened, what: line.and_then(|line| parse_event(&line, vocabulary)) }
}

/// Reads the line of an event; what is wrong with it is said in the event's own words.
fn parse_event(line: &str, vocabulary: &Vocabulary) -> Result<FeedLine, Refused> {
    parse_line(line, vocabulary).map_err(cloudevents::in_own_words)
}

/// Reads once more what was refused, as it came at `arrived` or corrected: a line of a feed or an event.
pub fn read_again(
    text: &str,
    depth: usize,
    vocabulary: &Vocabulary,
    arrived: Timestamp,
) -> Option<Result<FeedLine, Refused>> {
    let line = read_line(text.as_bytes(), depth, vocabulary)?;
    // Where it nests too deep it is not looked into any more.
    match line.what.is_err() && !is_deeper(text, depth) && cloudevents::is_event(text) {
        true => Some(event(text, vocabulary, arrived).what),
        false => Some(line.what),
    }
}

fn lines<'a>(body: &'a [u8], depth: usize, vocabulary: &Vocabulary) -> Result<Vec<Line<'a>>, Unreadable> {
    let mut found = vec![];
    for line in body.split(|byte| *byte == b'\n') {
        if let Some(line) = read_line(line, depth, vocabulary) {
            if found.len() == MOST_LINES {
                return Err(Unreadable::TooMany);
            }
            found.push(line);
        }
    }
    if found.is_empty() { Err(Unreadable::Empty) } else { Ok(found) }
}

/// Reads one line of a feed; `None` where it is blank.
pub fn read_line<'a>(line: &'a [u8], depth: usize, vocabulary: &Vocabulary) -> Option<Line<'a>> {
    let refused = |reason: String| Err(Refused { field: None, reason });
    let Ok(text) = std::str::from_utf8(line) else {
        let text = String::from_utf8_lossy(line).trim().to_owned();
        return Some(Line { text: text.into(), what: refused("the line is not UTF-8 text".into()) });
    };
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return None;
    }
    let what = match is_deeper(text, depth) {
        true => refused(Unreadable::TooDeep(depth).to_string()),
        false => parse_line(text, vocabulary),
    };
    Some(Line { text: text.into(), what })
}

/// Checks that a text is one JSON value, so that what follows it is not silently lost.
fn whole(text: &str) -> Result<&str, Unreadable> {
    serde_json::from_str::<&RawValue>(text).map(RawValue::get).map_err(|error| match error.is_syntax() {
        true if error.to_string().starts_with("trailing characters") => Unreadable::NotJson(
            "something stands after the object; several objects go into a list, or one a line as application/x-ndjson"
                .into(),
        ),
        _ => Unreadable::NotJson(error.to_string()),
    })
}

fn list(text: &str) -> Result<Vec<&str>, Unreadable> {
    let values: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| Unreadable::NotJson(error.to_string()))?;
    match values.len() {
        0 => Err(Unreadable::Empty),
        1..=MOST_LINES => Ok(values.into_iter().map(RawValue::get).collect()),
        _ => Err(Unreadable::TooMany),
    }
}

/// Tells whether brackets are nested more than `depth` deep, without reading anything else.
fn is_deeper(text: &str, depth: usize) -> bool {
    let (mut level, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                level += 1;
                if level > depth {
                    return true;
                }
            }
            b'}' | b']' if !in_text => level = level.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_texts_do_not_nest() {
        assert!(is_deeper("[[[]]]", 2) && !is_deeper("[[[]]]", 3));
        assert!(!is_deeper(r#"["[[[[", "\"[[[["]"#, 1));
        assert!(!is_deeper("[][][][]{}", 1));
        assert!(is_deeper(&"[".repeat(1_000_000), 64));
    }

    #[test]
    fn the_media_type_says_how_a_body_is_read() {
        let of = |text| Shape::of(text, None);
        assert_eq!(of("application/json; charset=utf-8"), Some(Shape::Json));
        assert_eq!(of("Application/X-NDJSON"), Some(Shape::Lines));
        assert_eq!(of("application/cloudevents+json; charset=UTF-8"), Some(Shape::Event));
        assert_eq!(of("application/vnd.example+json"), None, "without an event's headers it is nothing we know");
        let event = |text| Shape::of(text, Some(Attributes::default()));
        for json in ["application/json", "application/vnd.example+json; charset=utf-8", "text/json"] {
            assert_eq!(event(json), Some(Shape::EventBinary(Attributes::default())), "{json}");
        }
        assert_eq!(event("application/cloudevents+json"), Some(Shape::Event));
        assert_eq!(event("application/xml"), None);
        assert_eq!(of("text/plain"), None);
        assert_eq!(of(""), None);
    }
}
