//! Where the bytes of a scalar's value stand in its file.
//!
//! The YAML parser gives a value and the place of its whole notation. Between the two lie quotes, escapes, folded
//! lines and indentation. Both are walked side by side here, so that a caret under a word of a sentence is true
//! however the sentence was quoted. Left out: reading YAML (`parse`); the value is taken as given, and where value
//! and notation cannot be matched the place stays at the last match.

use crate::lang::source::Offsets;
use crate::lang::yaml::node::ScalarStyle;

/// Returns where each byte of `value` stands, for a scalar whose notation is `source` and begins at byte `at`. That
/// of a block begins with the indentation of its first line.
pub(super) fn offsets(value: &str, source: &str, at: usize, style: ScalarStyle) -> Offsets {
    let inside = match style {
        ScalarStyle::Plain | ScalarStyle::Block => 0,
        ScalarStyle::Single | ScalarStyle::Double => 1,
    };
    if source.get(inside..).is_some_and(|rest| rest.starts_with(value)) && style != ScalarStyle::Block {
        return Offsets::Shift((at + inside) as u32);
    }
    let mut table = match style {
        ScalarStyle::Block => block(value, source),
        _ => flow(value, source, inside, style),
    };
    for place in &mut table {
        *place += at as u32;
    }
    Offsets::Table(table)
}

/// Walks a plain or quoted scalar.
fn flow(value: &str, source: &str, inside: usize, style: ScalarStyle) -> Vec<u32> {
    let mut table = Vec::with_capacity(value.len() + 1);
    let mut place = inside.min(source.len());
    // Newlines of a folded run that are still to be matched, all at the same place.
    let mut owed = 0usize;
    for wanted in value.chars() {
        if owed > 0 && wanted == '\n' {
            owed -= 1;
            push(&mut table, wanted, place);
            continue;
        }
        owed = 0;
        // A backslash at the end of a line joins two lines: it stands for nothing.
        while style == ScalarStyle::Double && joins_lines(&source[place..]) {
            place += 1;
            place += folded_run(&source[place..]).map_or(0, |run| run.bytes);
        }
        let rest = &source[place..];
        if let Some(run) = folded_run(rest) {
            push(&mut table, wanted, place);
            if wanted == ' ' || wanted == '\n' {
                place += run.bytes;
                owed = run.breaks.saturating_sub(2);
            }
            continue;
        }
        push(&mut table, wanted, place);
        place += match rest.chars().next() {
            Some('\\') if style == ScalarStyle::Double => escape_bytes(rest),
            Some('\'') if style == ScalarStyle::Single && wanted == '\'' => 2,
            Some(found) if found == wanted => found.len_utf8(),
            _ => 0,
        };
        place = place.min(source.len());
    }
    table.push(place as u32);
    table
}

/// Adds an entry for each byte of a character that stands at `place`; its further bytes follow where it is written
/// as itself, and are never looked at otherwise.
fn push(table: &mut Vec<u32>, character: char, place: usize) {
    table.extend(std::iter::repeat_n(place as u32, character.len_utf8()));
}

/// White space with at least one line break in it.
struct Run {
    /// Its length.
    bytes: usize,
    /// How many line breaks.
    breaks: usize,
}

/// Returns the white space at the start of `rest` if it holds a line break.
fn folded_run(rest: &str) -> Option<Run> {
    let bytes = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    let run = &rest.as_bytes()[..bytes];
    let breaks =
        (0..run.len()).filter(|&i| run[i] == b'\n' || run[i] == b'\r' && run.get(i + 1) != Some(&b'\n')).count();
    (breaks > 0).then_some(Run { bytes, breaks })
}

/// Tells whether `rest` begins with a backslash at the end of a line.
fn joins_lines(rest: &str) -> bool {
    rest.starts_with("\\\n") || rest.starts_with("\\\r")
}

/// Returns the length of the escape at the start of `rest`.
fn escape_bytes(rest: &str) -> usize {
    let digits = |n: usize| 2 + n;
    let bytes = match rest.as_bytes().get(1) {
        Some(b'x') => digits(2),
        Some(b'u') => {
            // A pair of surrogates is one character.
            let high = rest
                .get(2..4)
                .is_some_and(|hex| matches!(hex.to_ascii_lowercase().as_str(), "d8" | "d9" | "da" | "db"));
            if high && rest.get(6..8) == Some("\\u") { 12 } else { digits(4) }
        }
        Some(b'U') => digits(8),
        Some(_) => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        None => 1,
    };
    bytes.min(rest.len())
}

/// Walks a `|` or `>` block: line by line, each found in the value after the line breaks or spaces that fold it.
fn block(value: &str, source: &str) -> Vec<u32> {
    let mut table = Vec::with_capacity(value.len() + 1);
    let mut lines = lines_of(source).peekable();
    while lines.peek().is_some_and(|(_, line)| line.trim_matches([' ', '\t']).is_empty()) {
        lines.next();
    }
    let indent = lines.peek().map_or(0, |(_, line)| {
        let in_value = value.trim_start_matches('\n');
        leading_spaces(line).saturating_sub(leading_spaces(in_value))
    });
    let mut end = 0;
    for (start, line) in lines {
        let strip = leading_spaces(line).min(indent);
        let content = &line[strip..];
        if content.is_empty() {
            continue;
        }
        while !value[table.len()..].starts_with(content) {
            match value.as_bytes().get(table.len()) {
                Some(b' ' | b'\n') => table.push(end as u32),
                _ => break,
            }
        }
        if value[table.len()..].starts_with(content) {
            table.extend((0..content.len()).map(|i| (start + strip + i) as u32));
            end = start + line.len();
        }
    }
    table.resize(value.len() + 1, end as u32);
    table
}

/// Returns the lines of `text`, each with its start and without its line break (LF, CRLF or CR).
fn lines_of(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let at = start;
        let after = &rest[length..];
        start += length + if after.starts_with("\r\n") { 2 } else { after.len().min(1) };
        Some((at, &rest[..length]))
    })
}

fn leading_spaces(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}
