//! What a person typed and YAML takes otherwise: curly quotes, and the comma of a number inside braces.
//!
//! Put right in files whose values are names and values (vocabulary, directory, scenarios), each with a message, so that
//! the rest is read as it was meant. A text of a playbook is left as it is (`playbook`).

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{FileNo, Offsets, Sources, Span};
use crate::lang::yaml::node::{Key, Node, NodeKind, Scalar, ScalarStyle};

/// How many entries a text in curly quotes may be cut into.
const MOST_PIECES: usize = 64;

/// Puts a file right and says what was put right.
pub fn put_right(root: &mut Node, sources: &Sources, file: FileNo) -> Vec<Diagnostic> {
    let text = &sources.file(file).text;
    let mut slips = Slips { text, file, found: Vec::new() };
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        if let NodeKind::Scalar(scalar) = &mut node.kind {
            slips.scalar(scalar, node.span);
            continue;
        }
        slips.pieces(node);
        match &mut node.kind {
            NodeKind::List(nodes) => open.extend(nodes),
            NodeKind::Map(entries) => {
                for (key, value) in entries {
                    slips.key(key);
                    open.push(value);
                }
            }
            NodeKind::Scalar(_) => {}
        }
    }
    slips.found.sort_by_key(|problem| problem.span.start);
    slips.found
}

/// Returns what stands between two curly quotes.
pub(super) fn inside_curly_quotes(text: &str) -> Option<&str> {
    let quotes = ['“', '”', '„', '‟', '«', '»'];
    let inner = text.strip_prefix(quotes)?.strip_suffix(quotes)?;
    (!inner.contains(['"', '\\']) && !inner.contains(quotes)).then_some(inner)
}

/// `{goes_over: 10,5 minutes}`: says that the comma before `key` is that of a number, which it cuts.
pub(super) fn decimal_comma(text: &str, key: &Key) -> Option<Diagnostic> {
    let before = text.get(..key.span.start as usize)?.strip_suffix(',')?;
    let digits = |text: &str| text.len() - text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let whole = &before[before.len() - digits(before)..];
    let rest = &key.text[..key.text.find(|c: char| !c.is_ascii_digit()).unwrap_or(key.text.len())];
    (!whole.is_empty() && !rest.is_empty() && whole.len() <= 20 && rest.len() <= 20).then_some(())?;
    let start = key.span.start as usize - 1 - whole.len();
    let span = Span::new(key.span.file, start, key.span.start as usize + rest.len());
    let problem = Diagnostic::error(codes::DECIMAL_COMMA, span, format!("`{whole},{rest}` is written with a comma"));
    Some(problem.help(format!("write `{whole}.{rest}`")))
}

/// Returns a number with a decimal comma, or a length of time with one, as it is written here.
pub fn with_point(text: &str) -> Option<String> {
    let (whole, rest) = text.trim().split_once(',')?;
    let digits = |text: &str| !text.is_empty() && text.len() <= 20 && text.chars().all(|c| c.is_ascii_digit());
    let (fraction, unit) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
    let plain = digits(whole.trim_start_matches('-')) && digits(fraction) && !unit.contains(',') && unit.len() <= 20;
    plain.then(|| format!("{whole}.{fraction}{unit}"))
}

/// The walk over a file.
struct Slips<'a> {
    text: &'a str,
    file: FileNo,
    found: Vec<Diagnostic>,
}

impl Slips<'_> {
    fn curly(&mut self, span: Span, inner: &str) {
        let message = "curly quotes are no quotes to YAML";
        self.found.push(
            Diagnostic::warning(codes::YAML_LOOKS_TYPED, span, message)
                .label("read without them")
                .help(format!("write straight quotes: `\"{inner}\"`")),
        );
    }

    fn key(&mut self, key: &mut Key) {
        // Guillemets belong to names in many languages.
        if key.text.starts_with(['“', '”', '„'])
            && let Some(inner) = inside_curly_quotes(&key.text)
        {
            let inner = inner.to_owned();
            self.curly(key.span, &inner);
            key.text = inner;
        }
    }

    fn scalar(&mut self, scalar: &mut Scalar, span: Span) {
        let plain = scalar.style == ScalarStyle::Plain && scalar.text.starts_with(['“', '”', '„']);
        let Some(inner) = inside_curly_quotes(&scalar.text).filter(|_| plain) else { return };
        let start = scalar.text.len() - scalar.text.trim_start_matches(['“', '”', '„']).len();
        let (inner, end) = (inner.to_owned(), start + inner.len());
        scalar.offsets = scalar.slice(self.file).part(start, end).offsets;
        self.curly(span, &inner);
        scalar.text = inner;
    }

    /// Joins what YAML has cut at a comma inside curly quotes or inside a number.
    fn pieces(&mut self, node: &mut Node) {
        if !self.text.get(node.span.start as usize..).is_some_and(|text| text.starts_with(['{', '['])) {
            return;
        }
        match &mut node.kind {
            NodeKind::Map(entries) => {
                let last = |at: usize| {
                    let mut pieces =
                        entries[at + 1..].iter().take(MOST_PIECES).take_while(|(_, value)| is_empty(value));
                    let closes = |(key, _): &(Key, Node)| key.text.ends_with(['“', '”', '„']);
                    pieces.position(closes).map(|place| at + 1 + place)
                };
                let mut cuts: Vec<(usize, usize, Option<Diagnostic>)> = Vec::new();
                for (at, (_, value)) in entries.iter().enumerate() {
                    if cuts.last().is_some_and(|(_, last, _)| at <= *last) {
                        continue;
                    }
                    if begins_curly(value) {
                        cuts.extend(last(at).map(|last| (at, last, None)));
                    } else if let Some((key, _)) = entries.get(at + 1).filter(|(_, value)| is_empty(value))
                        && value.scalar().is_some()
                        && let Some(problem) = decimal_comma(self.text, key)
                    {
                        cuts.push((at, at + 1, Some(problem)));
                    }
                }
                for (at, last, problem) in cuts.into_iter().rev() {
                    let end = entries[last].0.span;
                    entries.drain(at + 1..=last);
                    join(self.text, &mut entries[at].1, end, problem.is_some());
                    self.found.extend(problem);
                }
            }
            NodeKind::List(nodes) => {
                let mut at = 0;
                while at < nodes.len() {
                    let closes = |node: &Node| node.text().is_some_and(|text| text.ends_with(['“', '”', '„']));
                    let pieces = nodes[at + 1..].iter().take(MOST_PIECES).take_while(|node| node.scalar().is_some());
                    if begins_curly(&nodes[at])
                        && let Some(place) = pieces.map(closes).position(|closes| closes)
                    {
                        let end = nodes[at + 1 + place].span;
                        nodes.drain(at + 1..=at + 1 + place);
                        join(self.text, &mut nodes[at], end, false);
                    }
                    at += 1;
                }
            }
            NodeKind::Scalar(_) => {}
        }
    }
}

/// Makes a value reach to `end`; the comma of a number becomes a point.
fn join(text: &str, value: &mut Node, end: Span, number: bool) {
    value.span = value.span.to(end);
    let NodeKind::Scalar(scalar) = &mut value.kind else { return };
    let written = text.get(value.span.start as usize..value.span.end as usize).unwrap_or("");
    scalar.text = if number { written.replacen(',', ".", 1) } else { written.to_owned() };
    scalar.offsets = Offsets::Shift(value.span.start);
}

/// Tells whether a value begins with a curly quote that it does not end with.
fn begins_curly(node: &Node) -> bool {
    let curly = ['“', '”', '„'];
    node.scalar().is_some_and(|scalar| {
        scalar.style == ScalarStyle::Plain && scalar.text.starts_with(curly) && !scalar.text.ends_with(curly)
    })
}

fn is_empty(node: &Node) -> bool {
    node.scalar().is_some_and(|scalar| scalar.style == ScalarStyle::Plain && scalar.text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::yaml::parse::parse;

    /// Returns the texts of a file as they are read, and the first suggestion of each message.
    fn read(text: &str) -> (String, Vec<String>) {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", text.as_bytes());
        let (root, _, problems) = parse(&sources, file);
        let mut root = root.expect("it is YAML");
        assert!(problems.is_empty(), "{problems:?}");
        let found = put_right(&mut root, &sources, file);
        let mut texts = Vec::new();
        let mut open = vec![&root];
        while let Some(node) = open.pop() {
            match &node.kind {
                NodeKind::Scalar(scalar) => {
                    let slice = scalar.slice(file);
                    let (start, end) = (
                        slice.span(0, 0).start as usize,
                        slice.span(scalar.text.len(), scalar.text.len()).end as usize,
                    );
                    assert_eq!(
                        text[start..end].replace(',', "."),
                        scalar.text.replace(',', "."),
                        "it stands where it is read"
                    );
                    texts.push(scalar.text.clone());
                }
                NodeKind::List(nodes) => open.extend(nodes.iter().rev()),
                NodeKind::Map(entries) => {
                    texts.extend(entries.iter().map(|(key, _)| key.text.clone()));
                    open.extend(entries.iter().rev().map(|(_, value)| value));
                }
            }
        }
        (texts.join(" | "), found.into_iter().filter_map(|problem| problem.help).collect())
    }

    #[test]
    fn curly_quotes_are_taken_off_and_what_a_comma_cut_is_joined() {
        let told = |words: &str| format!("write straight quotes: `\"{words}\"`");
        assert_eq!(read("a: “x y”\n“b”: z\n"), ("a | b | x y | z".into(), vec![told("x y"), told("b")]));
        assert_eq!(read("{a: “x, y, z”, b: c}"), ("a | b | x, y, z | c".into(), vec![told("x, y, z")]));
        assert_eq!(read("[“x, y”, “z”]"), ("x, y | z".into(), vec![told("x, y"), told("z")]));
        let comma = "write `1.5`".to_owned();
        assert_eq!(read("{a: 1,5 hours, b: c}"), ("a | b | 1.5 hours | c".into(), vec![comma]));
        for right in ["a: «Ромашка»\n", "a: it is “x” here\n", "[1,5]", "{a: \"“x”\"}", "{a: “x, b: y”}"]
        {
            assert_eq!(read(right).1, Vec::<String>::new(), "{right}");
        }
    }

    #[test]
    fn a_decimal_comma_is_seen_in_a_number_and_nowhere_else() {
        assert_eq!(with_point("6,5").as_deref(), Some("6.5"));
        assert_eq!(with_point("1,5 hours").as_deref(), Some("1.5 hours"));
        for text in ["6", "a, b", "1,5, 6", "red, 5", ",5", "5,"] {
            assert_eq!(with_point(text), None, "{text}");
        }
    }
}
