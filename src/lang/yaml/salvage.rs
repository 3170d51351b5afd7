//! A file with a syntax error, read in parts: each top-level entry for itself and, where one cannot be read, each
//! of its own entries, so that one broken rule hides neither the others nor their mistakes.
//!
//! Parts are cut by indentation alone. What that gets wrong costs a better message, never a wrong tree: every part
//! is read by the same parser. Each byte is read at most four times.

use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{FileNo, Span};
use crate::lang::yaml::explain;
use crate::lang::yaml::node::{Key, Node, NodeKind, ScalarStyle};
use crate::lang::yaml::parse::{Parsed, Part, Stop, read_part};

/// After how many problems the rest of an entry is given up.
const MAX_LOST: usize = 20_000;

/// The longest line that may hold nothing but a key and a comment.
const LONGEST_KEY: usize = 4_096;

/// Reads what can be read of a file whose reading stopped with `problem`, into `parsed`.
pub(super) fn salvage(text: &str, file: FileNo, start: usize, whole: Part, problem: Stop, parsed: &mut Parsed) {
    if problem.final_ {
        parsed.root = whole.root;
        parsed.comments = whole.comments;
        parsed.diagnostics.extend(whole.diagnostics);
        parsed.diagnostics.push(problem.diagnostic);
        return;
    }
    let before = parsed.diagnostics.len();
    let mut salvage = Salvage { text, file, parsed, entries: Vec::new(), seen: FxHashMap::default() };
    for part in top_level(text, start) {
        salvage.top(part);
    }
    let entries = std::mem::take(&mut salvage.entries);
    if parsed.diagnostics.len() == before {
        // Every part is fine by itself: what is wrong is how they stand together.
        parsed.diagnostics.push(problem.diagnostic);
    }
    parsed.root = root_of(entries);
}

fn root_of(entries: Vec<(Key, Node)>) -> Option<Node> {
    let first = entries.first()?.0.span;
    let span = entries.last().map_or(first, |(_, value)| first.to(value.span));
    Some(Node { kind: NodeKind::Map(entries), span })
}

struct Salvage<'a> {
    text: &'a str,
    file: FileNo,
    parsed: &'a mut Parsed,
    entries: Vec<(Key, Node)>,
    seen: FxHashMap<String, Span>,
}

impl Salvage<'_> {
    /// Reads one top-level entry.
    fn top(&mut self, part: Range<usize>) {
        let mut read = read_part(self.text, self.file, part.clone());
        match read.stopped.take() {
            None => self.keep(read),
            Some(stop) => match self.children(part.clone()) {
                Some(node) => self.entry(node),
                None => self.lose(part, read, stop),
            },
        }
    }

    /// Takes over a part that was read to its end.
    fn keep(&mut self, read: Part) {
        self.parsed.comments.extend(read.comments);
        self.parsed.diagnostics.extend(read.diagnostics);
        let Some(root) = read.root else { return };
        match root.kind {
            NodeKind::Map(entries) => entries.into_iter().for_each(|entry| self.entry(entry)),
            _ => self.parsed.diagnostics.push(explain::not_a_key(root.span)),
        }
    }

    fn entry(&mut self, (key, node): (Key, Node)) {
        add_entry((key, node), &mut self.entries, &mut self.seen, self.parsed);
    }

    fn lose(&mut self, part: Range<usize>, read: Part, stop: Stop) {
        self.parsed.comments.extend(read.comments);
        self.parsed.diagnostics.extend(read.diagnostics);
        self.parsed.diagnostics.push(stop.diagnostic);
        let length = self.text[part.clone()].trim_end().len();
        self.parsed.lost.push(Span::new(self.file, part.start, part.start + length));
    }

    /// Says that an entry's dash needs a space behind it.
    fn glued(&self, part: &Range<usize>) -> Option<Diagnostic> {
        let line = self.line_behind_dash(part);
        let dash = (line.start as usize).checked_sub(1)?;
        is_glued(self.text[dash..].lines().next()?).then(|| explain::glued_dash(Span { start: dash as u32, ..line }))
    }

    /// Says that an entry begins with a tab.
    fn begins_with_tab(&self, part: &Range<usize>) -> Option<Diagnostic> {
        let mut lines = lines(self.text, part.clone());
        let first = lines.find(|line| has_content(&self.text[line.clone()]))?;
        self.text[first.clone()].starts_with('\t').then(|| explain::a_tab(self.file, first.start))
    }

    /// Returns the first line of an entry, behind its dash and spaces.
    fn line_behind_dash(&self, part: &Range<usize>) -> Span {
        let text = &self.text[part.clone()];
        let start = text.find('-').map_or(0, |dash| dash + 1);
        let start = start + text[start..].len() - text[start..].trim_start_matches(' ').len();
        let length = text[start..].lines().next().map_or(0, |line| line.trim_end().len());
        Span::new(self.file, part.start + start, part.start + start + length)
    }

    /// Reads the entries of one top-level entry for themselves; `None` where its first line is more than a key.
    fn children(&mut self, part: Range<usize>) -> Option<(Key, Node)> {
        let header_end = part.start + line_length(&self.text[part.clone()]);
        // A first line as long as a file is a file on one line, and no key.
        if header_end - part.start > LONGEST_KEY {
            return None;
        }
        let header = read_part(self.text, self.file, part.start..header_end);
        let NodeKind::Map(mut entries) = header.root.filter(|_| header.stopped.is_none())?.kind else { return None };
        let (key, value) = entries.pop().filter(|_| entries.is_empty())?;
        if !value.scalar().is_some_and(|scalar| scalar.text.is_empty() && scalar.style == ScalarStyle::Plain) {
            return None;
        }
        let parts = children(self.text, header_end..part.end);
        if parts.is_empty() {
            return None;
        }
        let end = Span::new(self.file, part.start, part.start + self.text[part].trim_end().len());
        let is_list = self.text[parts[0].clone()].trim_start().starts_with('-');
        let indent = column(&self.text[parts[0].clone()]);
        self.parsed.comments.extend(header.comments);
        let mut list = Vec::new();
        let mut map = Vec::new();
        let mut seen = FxHashMap::default();
        for part in parts {
            if self.parsed.diagnostics.len() >= MAX_LOST {
                self.parsed.lost.push(Span { start: part.start as u32, ..end });
                break;
            }
            if is_list && let Some(problem) = self.glued(&part) {
                self.lose(part, Part::default(), Stop { diagnostic: problem, final_: false });
                continue;
            }
            if let Some(problem) = self.begins_with_tab(&part) {
                self.lose(part, Part::default(), Stop { diagnostic: problem, final_: false });
                continue;
            }
            let mut read = read_part(self.text, self.file, part.clone());
            if let Some(stop) = read.stopped.take() {
                match if is_list && !stop.final_ { self.keys_of(part.clone(), &stop) } else { None } {
                    Some(node) => list.push(node),
                    None => self.lose(part, read, stop),
                }
                continue;
            }
            if is_list && column(&self.text[part.clone()]) != indent {
                self.parsed.diagnostics.push(explain::other_column(self.line_behind_dash(&part)));
            }
            self.parsed.comments.extend(read.comments);
            self.parsed.diagnostics.extend(read.diagnostics);
            match read.root.map(|root| (root.span, root.kind)) {
                Some((_, NodeKind::List(nodes))) if is_list => list.extend(nodes),
                Some((_, NodeKind::Map(entries))) if !is_list => {
                    for entry in entries {
                        add_entry(entry, &mut map, &mut seen, self.parsed);
                    }
                }
                Some((span, _)) => self.parsed.diagnostics.push(explain::not_a_key(span)),
                None => {}
            }
        }
        let kind = if is_list { NodeKind::List(list) } else { NodeKind::Map(map) };
        let span = Span { start: key.span.end, ..end };
        Some((key, Node { kind, span }))
    }
}

impl Salvage<'_> {
    /// Reads the keys of one entry of a list for themselves, where its first is readable: a wrong indentation under one
    /// of them costs that one.
    fn keys_of(&mut self, part: Range<usize>, whole: &Stop) -> Option<Node> {
        let text = &self.text[part.clone()];
        let dash = text.find('-').filter(|dash| text[..*dash].lines().all(|line| !has_content(line)))?;
        let start = part.start + dash + 1;
        let first = start + self.text[start..part.end].len() - self.text[start..part.end].trim_start_matches(' ').len();
        let column = first - self.text[..first].rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
        let begins = |line: &str| {
            let content = line.trim_start_matches(' ');
            let name = content.len() - content.trim_start_matches(|c: char| c.is_ascii_lowercase() || c == '_').len();
            line.len() - content.len() == column && name > 0 && content[name..].starts_with(':')
        };
        let pieces = cut(self.text, first..part.end, begins);
        // Without its id a rule could not be named.
        if pieces.len() < 2 || pieces[0].start != first {
            return None;
        }
        let mut reads: Vec<Part> = pieces.iter().map(|piece| self.key_of_entry(piece.clone())).collect();
        let readable =
            |read: &Part| read.stopped.is_none() && read.root.as_ref().is_some_and(|root| root.map().is_some());
        let mended = reads.iter().any(|read| !read.diagnostics.is_empty());
        if !readable(&reads[0]) || reads.iter().all(readable) && !mended {
            return None;
        }
        let (mut entries, mut seen) = (Vec::new(), FxHashMap::default());
        for read in &mut reads {
            self.parsed.comments.append(&mut read.comments);
            self.parsed.diagnostics.append(&mut read.diagnostics);
            match (read.stopped.take(), read.root.take().map(|root| root.kind)) {
                (Some(stop), _) => self.parsed.diagnostics.push(stop.diagnostic),
                (None, Some(NodeKind::Map(found))) => {
                    for entry in found {
                        add_entry(entry, &mut entries, &mut seen, self.parsed);
                    }
                }
                (None, Some(_)) => self.parsed.diagnostics.push(whole.diagnostic.clone()),
                (None, None) => {}
            }
        }
        let end = part.start + text.trim_end().len();
        Some(Node { kind: NodeKind::Map(entries), span: Span::new(self.file, first, end) })
    }
}

impl Salvage<'_> {
    /// Reads one key with its value; `id:one`, which lacks its space, as it was meant.
    fn key_of_entry(&self, piece: Range<usize>) -> Part {
        let line = self.text[piece.clone()].lines().next().unwrap_or("");
        let content = line.trim_start();
        let Some((name, value)) = explain::glued(content) else { return read_part(self.text, self.file, piece) };
        let start = piece.start + line.len() - content.len();
        let mut read = read_part(self.text, self.file, start + name.len() + 1..piece.end);
        let whole = Span::new(self.file, start, start + content.trim_end().len());
        read.diagnostics.push(explain::glued_colon(whole, name, value));
        let key = Key { text: name.to_owned(), span: Span::new(self.file, start, start + name.len()) };
        read.root = read.root.map(|root| Node { span: whole, kind: NodeKind::Map(vec![(key, root)]) });
        read
    }
}

/// Returns how far to the right the first line with content begins.
fn column(part: &str) -> usize {
    let first = part.lines().find(|line| has_content(line)).unwrap_or("");
    first.len() - first.trim_start_matches(' ').len()
}

fn add_entry(
    (key, node): (Key, Node),
    entries: &mut Vec<(Key, Node)>,
    seen: &mut FxHashMap<String, Span>,
    parsed: &mut Parsed,
) {
    match seen.get(&key.text) {
        Some(first) => parsed.diagnostics.push(explain::duplicate_key(key.span, *first, &key.text)),
        None => {
            seen.insert(key.text.clone(), key.span);
            entries.push((key, node));
        }
    }
}

/// Cuts a file at every line that begins with a key in the first column.
fn top_level(text: &str, start: usize) -> Vec<Range<usize>> {
    let parts = cut(text, start..text.len(), |line| {
        !line.starts_with([' ', '\t', '#', '\r', '\n', ']', '}', '-']) && !line.is_empty()
    });
    // A key with a value has no list below it: it is one of the list above that lacks its indentation.
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(parts.len());
    for part in parts {
        match joined.last_mut().filter(|_| is_stray(&text[part.clone()])) {
            Some(above) => above.end = part.end,
            None => joined.push(part),
        }
    }
    joined
}

/// Tells whether an entry has both a value and a list in the first column.
fn is_stray(part: &str) -> bool {
    let first = part.lines().next().unwrap_or("");
    let value = first.split_once(": ").is_some_and(|(_, value)| has_content(value));
    value && part.lines().any(|line| line.starts_with("- "))
}

/// Cuts the lines under a key at every line as far to the right as the first of them.
fn children(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let content = || lines(text, range.clone()).map(|line| &text[line]).filter(|line| has_content(line));
    let Some(first) = content().next() else { return Vec::new() };
    // Where the first entry begins with a tab, the others show how far to the right entries begin.
    let spaces = |line: &&str| line.len() - line.trim_start_matches(' ').len();
    let first = match first.starts_with('\t') {
        true => content().filter(|line| !line.starts_with('\t')).min_by_key(spaces).unwrap_or(first),
        false => first,
    };
    let indent = first.len() - first.trim_start_matches(' ').len();
    let item = first.trim_start().starts_with("- ");
    cut(text, range, |line| {
        let content = line.trim_start_matches(' ');
        let column = line.len() - content.len();
        match item {
            // What belongs to an entry stands two columns further right at least, its own lists too.
            true => {
                column <= indent + 1 && (content.starts_with("- ") || content.trim_end() == "-" || is_glued(content))
            }
            false => column == indent && has_content(line) && !content.starts_with('\t'),
        }
    })
}

/// Tells whether an entry begins without the space behind its dash: `-id: one`.
fn is_glued(line: &str) -> bool {
    line.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic() || c == '{'))
}

fn has_content(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}

/// Cuts `range` before every line for which `starts` says yes. What stands before the first such line is a part of
/// its own where it has content.
fn cut(text: &str, range: Range<usize>, starts: impl Fn(&str) -> bool) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut begin = range.start;
    let mut any = false;
    for line in lines(text, range.clone()) {
        let starts_here = starts(text[line.clone()].trim_end_matches(['\r', '\n']));
        if starts_here {
            if any || text[begin..line.start].lines().any(has_content) {
                parts.push(begin..line.start);
                begin = line.start;
            }
            any = true;
        }
    }
    if begin < range.end && text[begin..range.end].lines().any(has_content) {
        parts.push(begin..range.end);
    }
    parts
}

/// Returns the ranges of the lines in `range`, line breaks included.
fn lines(text: &str, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut at = range.start;
    std::iter::from_fn(move || {
        let rest = text.get(at..range.end).filter(|rest| !rest.is_empty())?;
        let line = at..at + line_length(rest);
        at = line.end;
        Some(line)
    })
}

/// Returns the length of the first line of `text`, its line break (LF, CRLF or CR) included.
fn line_length(text: &str) -> usize {
    match text.find(['\n', '\r']) {
        Some(end) if text[end..].starts_with("\r\n") => end + 2,
        Some(end) => end + 1,
        None => text.len(),
    }
}
