//! Lines to be, and the comments of the file they come from.
//!
//! A writer says of each line which part of the source it stands for. Afterwards every comment is given back its place: one
//! with a line to itself above the line it stood above, one behind something behind that. Left out: what the lines say.

use crate::lang::source::Span;
use crate::lang::tree::Comment;

/// A line to be.
#[derive(Clone, Debug)]
struct Line {
    indent: usize,
    text: String,
    /// What it stands for begins here in the source.
    from: u32,
    /// And ends here.
    to: u32,
    /// Whether a blank line stands before it.
    apart: bool,
}

/// A file to be.
#[derive(Debug, Default)]
pub(super) struct Page {
    lines: Vec<Line>,
    apart: bool,
}

/// What is put above a line, or below the last.
#[derive(Clone, Debug)]
struct Above {
    indent: usize,
    text: String,
    /// Whether a blank line stood between it and what came next.
    apart: bool,
}

/// Returns where something stood in the file.
pub(super) fn of(span: Span) -> (u32, u32) {
    (span.start, span.end)
}

impl Page {
    /// Adds a line that stands for `from..to` of the source.
    pub fn line(&mut self, indent: usize, text: impl Into<String>, (from, to): (u32, u32)) {
        let apart = std::mem::take(&mut self.apart) && !self.lines.is_empty();
        self.lines.push(Line { indent, text: text.into(), from, to: to.max(from), apart });
    }

    /// Puts a blank line before the next line.
    pub fn blank(&mut self) {
        self.apart = true;
    }

    /// Returns the text with the comments in their places. `source` is the text they stand in.
    pub fn finish(self, source: &str, comments: &[Comment]) -> String {
        let mut above: Vec<Vec<Above>> = vec![Vec::new(); self.lines.len() + 1];
        let mut behind: Vec<Option<&Comment>> = vec![None; self.lines.len()];
        let lines = BySource::new(&self.lines);
        for comment in comments {
            let mut raise = |place: usize, indent: usize, comment: &Comment, apart: bool| {
                above[place].push(Above { indent, text: comment.text.clone(), apart });
            };
            if comment.own_line {
                let (place, indent) = lines.place_of(source, comment);
                raise(place, indent, comment, apart_behind(source, comment));
            } else if let Some(place) = lines.before(comment.span.start) {
                // Two behind one line: the first moves above it.
                if let Some(first) = behind[place].replace(comment) {
                    raise(place, self.lines[place].indent, first, false);
                }
            } else {
                raise(0, 0, comment, false);
            }
        }
        self.written(&above, &behind)
    }

    fn written(&self, above: &[Vec<Above>], behind: &[Option<&Comment>]) -> String {
        let mut text = String::new();
        for (place, comments) in above.iter().enumerate() {
            let line = self.lines.get(place);
            let top = line.is_none_or(|line| line.indent == 0);
            // Indented below the last line of a rule: they belong to that rule.
            let ended = comments.iter().position(|comment| !top || comment.indent == 0).unwrap_or(comments.len());
            let (before, own) = comments.split_at(if top { ended } else { 0 });
            before.iter().for_each(|comment| put(&mut text, comment.indent, "#", &spaced(&comment.text)));
            let apart = line.map_or(!own.is_empty(), |line| line.apart);
            if apart && !text.is_empty() {
                text.push('\n');
            }
            for (number, comment) in own.iter().enumerate() {
                put(&mut text, comment.indent, "#", &spaced(&comment.text));
                if comment.apart && top && (number + 1 < own.len() || line.is_some()) {
                    text.push('\n');
                }
            }
            let Some(line) = line else { break };
            match behind[place] {
                // Behind a value YAML takes `#x` for a slip, and so it reads better anyway.
                Some(comment) => {
                    let words = comment.text.trim_start_matches('#').trim_start();
                    put(&mut text, line.indent, &format!("{}  # ", line.text), words);
                }
                None => put(&mut text, line.indent, &line.text, ""),
            }
        }
        text
    }
}

/// Returns the text of a comment with a blank before its first word.
fn spaced(text: &str) -> String {
    let marks = text.len() - text.trim_start_matches(['#', '!']).len();
    let (marks, words) = text.split_at(marks);
    let blank = if words.is_empty() || words.starts_with(char::is_whitespace) { "" } else { " " };
    format!("{marks}{blank}{words}")
}

fn put(text: &mut String, indent: usize, line: &str, rest: &str) {
    text.extend(std::iter::repeat_n(' ', indent));
    text.push_str(line);
    text.push_str(rest);
    text.truncate(text.trim_end_matches(' ').len());
    text.push('\n');
}

/// The lines by what they stand for in the source.
struct BySource<'a> {
    lines: &'a [Line],
    order: Vec<usize>,
}

impl<'a> BySource<'a> {
    fn new(lines: &'a [Line]) -> BySource<'a> {
        let mut order: Vec<usize> = (0..lines.len()).collect();
        order.sort_by_key(|place| (lines[*place].from, *place));
        BySource { lines, order }
    }

    /// Returns the last line that begins before `at`, or there; of several for one place the first.
    fn before(&self, at: u32) -> Option<usize> {
        let end = self.order.partition_point(|place| self.lines[*place].from <= at);
        let from = self.lines[*self.order.get(end.checked_sub(1)?)?].from;
        self.order.get(self.order.partition_point(|place| self.lines[*place].from < from)).copied()
    }

    /// Returns the first line that begins behind `at`.
    fn after(&self, at: u32) -> Option<usize> {
        self.order.get(self.order.partition_point(|place| self.lines[*place].from <= at)).copied()
    }

    /// Returns the line that a comment with a line to itself stands above, and its indentation.
    fn place_of(&self, source: &str, comment: &Comment) -> (usize, usize) {
        let at = comment.span.start;
        let column = column_of(source, at);
        let before = self.before(at);
        if let Some(place) = before.filter(|place| at < self.lines[*place].to) {
            return (place, self.lines[place].indent);
        }
        let top = |place: usize| self.lines[place].indent == 0;
        match (self.after(at), before) {
            // Indented below the last line of a rule: it belongs there and not to the next rule.
            (Some(next), Some(last)) if top(next) && column > 0 && !top(last) => {
                let end = (last + 1..self.lines.len()).find(|place| top(*place)).unwrap_or(self.lines.len());
                (end, self.lines[end - 1].indent)
            }
            (Some(next), _) => (next, self.lines[next].indent),
            (None, Some(_)) if column > 0 => (self.lines.len(), self.lines.last().map_or(0, |line| line.indent)),
            (None, _) => (self.lines.len(), 0),
        }
    }
}

/// Returns how many characters stand before a place on its line.
fn column_of(source: &str, at: u32) -> usize {
    let before = source.get(..at as usize).unwrap_or("");
    before.len() - before.rfind('\n').map_or(0, |newline| newline + 1)
}

/// Tells whether a blank line follows a comment.
fn apart_behind(source: &str, comment: &Comment) -> bool {
    let rest = source.get(comment.span.end as usize..).unwrap_or("");
    let blank = rest.len() - rest.trim_start().len();
    rest[..blank].matches('\n').count() > 1
}
