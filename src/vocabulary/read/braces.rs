//! Sentences as braces and brackets leave them: `{comment: text, personal, optional}`, which YAML ends at its first
//! comma, and `[bronze, silver]` for `one of bronze, silver`.
//!
//! Put together again before they are read, each with a message, so that a field that was meant to be personal is one for
//! everything that is checked after it. Left out: what a type or a calendar says (`types`, `calendars`).

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{FileNo, Offsets, Span};
use crate::lang::yaml::node::{Key, Node, NodeKind, Scalar, ScalarStyle};
use crate::suggest::nearest;

use super::types;

/// What may follow a type behind a comma.
const FLAGS: [&str; 2] = ["optional", "personal"];

/// Puts the types of all facts and fields together.
pub(super) fn put_together(root: &mut Node, text: &str, file: FileNo, problems: &mut Vec<Diagnostic>) {
    let mut braces = Braces { text, file, problems };
    for (_, thing) in entries(root, "things") {
        braces.types(thing);
    }
    for (_, signal) in entries(root, "signals") {
        for (_, fields) in map(signal).filter(|(key, _)| key.text == "fields") {
            braces.types(fields);
        }
    }
    for (_, calendars) in map(root).filter(|(key, _)| key.text == "calendars") {
        braces.cut_apart(calendars, What::Calendar);
    }
}

fn map(node: &mut Node) -> impl Iterator<Item = &mut (Key, Node)> {
    match &mut node.kind {
        NodeKind::Map(entries) => entries.iter_mut(),
        _ => [].iter_mut(),
    }
}

fn entries<'a>(root: &'a mut Node, name: &str) -> impl Iterator<Item = &'a mut (Key, Node)> {
    let found = map(root).find(|(key, _)| key.text == name);
    found.into_iter().flat_map(|(_, node)| map(node))
}

/// What the sentences of a mapping are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Type,
    Calendar,
}

struct Braces<'a> {
    text: &'a str,
    file: FileNo,
    problems: &'a mut Vec<Diagnostic>,
}

impl Braces<'_> {
    /// Puts the types of one mapping together.
    fn types(&mut self, node: &mut Node) {
        let in_braces = self.is_in_braces(node);
        for (key, value) in map(node) {
            self.listed(key, value, in_braces);
        }
        self.cut_apart(node, What::Type);
    }

    fn is_in_braces(&self, node: &Node) -> bool {
        self.text.get(node.span.start as usize..).is_some_and(|text| text.starts_with('{'))
    }

    /// Puts together the sentences that commas have cut apart in one mapping.
    fn cut_apart(&mut self, node: &mut Node, what: What) {
        if !self.is_in_braces(node) {
            return;
        }
        let NodeKind::Map(entries) = &mut node.kind else { return };
        let mut cut: Vec<Span> = Vec::new();
        for (key, value) in entries.iter_mut() {
            if cut.last().is_none_or(|last| key.span.start >= last.end) {
                cut.extend(self.cut(key, value, what));
            }
        }
        // What was cut off stands there as keys without a value, and the second `optional` as a key that stands twice.
        let was_cut = |span: Span| {
            let before = cut.partition_point(|piece| piece.start <= span.start);
            cut[..before].last().is_some_and(|piece| span.end <= piece.end)
        };
        entries.retain(|(key, _)| !was_cut(key.span));
        self.problems.retain(|problem| {
            !(matches!(problem.code, codes::YAML_DUPLICATE_KEY | codes::YAML_EMPTY_VALUE) && was_cut(problem.span))
        });
        self.problems.extend(entries.iter().filter_map(|(key, value)| {
            let sentence = value.text().filter(|_| cut.iter().any(|piece| piece.end == value.span.end))?;
            let message = format!("YAML ends `{}` at the comma inside `{{…}}`", key.text);
            let problem = Diagnostic::error(codes::YAML_CUT_BY_COMMA, value.span, message);
            Some(problem.help(format!("write `{}: \"{sentence}\"`", key.text)))
        }));
    }

    /// Makes a value reach to the end of what YAML has cut off, and returns the place of that.
    fn cut(&mut self, key: &Key, value: &mut Node, what: What) -> Option<Span> {
        let NodeKind::Scalar(scalar) = &mut value.kind else { return None };
        if scalar.text.is_empty() || scalar.style == ScalarStyle::Block || key.span.file != self.file {
            return None;
        }
        let (start, choice) = (value.span.end as usize, types::choice(&scalar.text).is_some());
        let mut sentence = scalar.text.clone();
        let mut end = start;
        let mut flags = false;
        while let Some((piece, behind)) = piece(self.text, end) {
            let flag = FLAGS.contains(&piece) || nearest(piece, FLAGS.into_iter()).is_some();
            let one = choice && !flags && piece.split_once(" or ").unwrap_or((piece, "")).0.split(' ').count() == 1;
            if what == What::Type && !flag && !one {
                break;
            }
            flags |= flag;
            sentence.push_str(", ");
            sentence.push_str(piece);
            end = behind;
        }
        (end > start).then(|| {
            value.span.end = end as u32;
            put(scalar, sentence, value.span);
            Span::new(self.file, start, end)
        })
    }

    /// A list where a type belongs is a choice.
    fn listed(&mut self, key: &Key, value: &mut Node, in_braces: bool) {
        let NodeKind::List(nodes) = &value.kind else { return };
        let words: Option<Vec<&str>> = nodes.iter().map(Node::text).collect();
        let Some(words) = words.filter(|words| !words.is_empty() && words.iter().all(|word| !word.is_empty())) else {
            return;
        };
        let sentence = format!("one of {}", words.join(", "));
        let quote = if in_braces { "\"" } else { "" };
        let message = format!("`{}` is a list, and a choice is written as a sentence", key.text);
        let problem = Diagnostic::error(codes::YAML_WRONG_KIND, value.span, message);
        self.problems.push(problem.help(format!("write `{}: {quote}{sentence}{quote}`", key.text)));
        let mut scalar =
            Scalar { text: String::new(), style: ScalarStyle::Double, offsets: Offsets::Shift(value.span.start) };
        put(&mut scalar, sentence, value.span);
        value.kind = NodeKind::Scalar(scalar);
    }
}

/// Makes a sentence the text of a value that stands at `span`, roughly where each of its bytes is.
fn put(scalar: &mut Scalar, sentence: String, span: Span) {
    let place = |byte: usize| (span.start + byte as u32).min(span.end);
    scalar.offsets = Offsets::Table((0..=sentence.len()).map(place).collect());
    scalar.text = sentence;
}

/// Returns the words between the comma at `from` and the next comma or brace, and where they end.
fn piece(text: &str, from: usize) -> Option<(&str, usize)> {
    let comma = from + text.get(from..)?.find(|c: char| !c.is_whitespace())?;
    let inside = text[comma..].strip_prefix(',')?;
    // The colon of a time ends no key.
    let ends = |(at, c): (usize, char)| match c {
        ':' => !inside[at + 1..].starts_with(|c: char| c.is_ascii_digit()),
        c => matches!(c, ',' | '}' | '#' | '"' | '\'' | '{' | '[' | ']'),
    };
    let length = inside.char_indices().find(|place| ends(*place))?.0;
    let words = inside[..length].trim();
    let ends = inside[length..].starts_with([',', '}']) && !words.is_empty() && words.len() <= 200;
    (ends && !words.contains('\n')).then(|| (words, comma + 1 + inside[..length].trim_end().len()))
}
