//! Problems as a person reads them, and as JSON.
//!
//! The only place that names annotate-snippets. Whoever prints decides about colour and width and hands them in;
//! nothing here asks the terminal. Lines and columns are counted once a file, however many problems it has.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use serde::Serialize;

use crate::lang::diagnostic::{Diagnostic, More, Severity};
use crate::lang::source::{FileNo, Sources, Span};

/// A line longer than this is not shown: a minified or hostile file would fill the screen.
const LONGEST_LINE_SHOWN: usize = 2_000;

/// How to render for people.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Whether to use ANSI colours.
    pub colour: bool,
    /// How many columns the terminal has.
    pub width: usize,
}

impl Look {
    /// Without colour, for files, pipes and snapshots.
    pub const PLAIN: Look = Look { colour: false, width: 120 };
}

/// Returns all problems as text, in the order given, a blank line after each.
pub fn human(sources: &Sources, diagnostics: &[Diagnostic], look: Look) -> String {
    let mut places = Places::new(sources);
    let renderer = if look.colour { Renderer::styled() } else { Renderer::plain() }.term_width(look.width.max(40));
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(renderer.render(&[group(&mut places, diagnostic)]).trim_end());
        text.push_str("\n\n");
    }
    text
}

/// Returns one JSON object a line, one a problem.
pub fn json(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut places = Places::new(sources);
    let mut text = String::new();
    for diagnostic in diagnostics {
        let place = places.place(diagnostic.span);
        let related = diagnostic.related.iter();
        let object = Object {
            code: diagnostic.code,
            severity: diagnostic.severity,
            message: &diagnostic.message,
            place,
            label: &diagnostic.label,
            related: related.map(|(span, message)| Related { place: places.place(*span), message }).collect(),
            help: diagnostic.help.as_deref(),
            more: diagnostic.more,
        };
        // A struct of texts and numbers always serialises.
        text.push_str(&serde_json::to_string(&object).unwrap_or_default());
        text.push('\n');
    }
    text
}

/// Returns `file:line:column` of the start of a span.
pub fn place(sources: &Sources, span: Span) -> String {
    let (line, column) = sources.line_column(span.file, span.start);
    format!("{}:{line}:{column}", sources.file(span.file).path)
}

/// The wire form of a problem.
#[derive(Serialize)]
struct Object<'a> {
    code: &'a str,
    severity: Severity,
    message: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
    label: &'a str,
    related: Vec<Related<'a>>,
    help: Option<&'a str>,
    /// How many problems it stands for, where it is a notice of what is not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<More>,
}

/// The wire form of another place that matters.
#[derive(Serialize)]
struct Related<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    message: &'a str,
}

/// The wire form of a place; lines and columns from 1, columns in characters, the end just behind.
#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

fn group<'a>(places: &mut Places<'a>, diagnostic: &'a Diagnostic) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code);
    let mut elements: Vec<Element<'a>> = Vec::new();
    // Related places of the same file share the snippet, so that both carets stand in one picture.
    let (near, far): (Vec<_>, Vec<_>) =
        diagnostic.related.iter().partition(|(span, _)| span.file == diagnostic.span.file);
    elements.push(places.snippet(diagnostic.span, &diagnostic.label, AnnotationKind::Primary, &near));
    for (span, text) in far {
        elements.push(places.snippet(*span, text, AnnotationKind::Context, &[]));
    }
    if let Some(help) = &diagnostic.help {
        elements.push(Level::HELP.message(help.as_str()).into());
    }
    title.elements(elements)
}

/// Where lines begin, by file, counted when first asked for.
struct Places<'a> {
    sources: &'a Sources,
    line_starts: HashMap<FileNo, Vec<usize>>,
}

impl<'a> Places<'a> {
    fn new(sources: &'a Sources) -> Places<'a> {
        Places { sources, line_starts: HashMap::new() }
    }

    /// Returns the number (from 0) of the line of `offset` and where it starts.
    fn line(&mut self, file: FileNo, offset: usize) -> (usize, usize) {
        let text = &self.sources.file(file).text;
        let starts = self.line_starts.entry(file).or_insert_with(|| {
            std::iter::once(0).chain(text.match_indices('\n').map(|(newline, _)| newline + 1)).collect()
        });
        let line = starts.partition_point(|start| *start <= offset).saturating_sub(1);
        (line, starts[line])
    }

    /// Returns the end of the line (from 0) without its line break.
    fn line_end(&self, file: FileNo, line: usize) -> usize {
        let text = &self.sources.file(file).text;
        let starts = self.line_starts.get(&file).map_or(&[][..], Vec::as_slice);
        let end = starts.get(line + 1).map_or(text.len(), |next| next - 1);
        if text[..end].ends_with('\r') { end - 1 } else { end }
    }

    fn place(&mut self, span: Span) -> Place<'a> {
        let file = self.sources.file(span.file);
        let range = self.clamp(span);
        let mut line_column = |offset: usize| {
            let (line, start) = self.line(span.file, offset);
            (line + 1, file.text[start..offset].chars().count() + 1)
        };
        let (line, column) = line_column(range.start);
        let (end_line, end_column) = line_column(range.end);
        Place { file: &file.path, line, column, end_line, end_column }
    }

    /// Returns the bytes of a span, made to fit the text and its characters.
    fn clamp(&self, span: Span) -> Range<usize> {
        let text = &self.sources.file(span.file).text;
        let fit = |offset: u32| {
            let mut offset = (offset as usize).min(text.len());
            while !text.is_char_boundary(offset) {
                offset -= 1;
            }
            offset
        };
        let start = fit(span.start);
        start..fit(span.end).max(start)
    }

    /// Returns the lines around a span with its caret; only its place where the line is too long to show.
    fn snippet(
        &mut self,
        span: Span,
        label: &'a str,
        kind: AnnotationKind,
        also: &[&'a (Span, String)],
    ) -> Element<'a> {
        let file = self.sources.file(span.file);
        let mut marks = vec![(self.one_line(span), label, kind)];
        marks.extend(also.iter().map(|(span, text)| (self.one_line(*span), text.as_str(), AnnotationKind::Context)));
        let first = marks.iter().map(|(range, ..)| range.start).min().unwrap_or(0);
        let last = marks.iter().map(|(range, ..)| range.end).max().unwrap_or(0);
        let (first_line, start) = self.line(span.file, first);
        let (last_line, _) = self.line(span.file, last);
        let end = self.line_end(span.file, last_line).max(last);
        let shown = &file.text[start..end];
        if shown.split('\n').any(|line| line.len() > LONGEST_LINE_SHOWN) {
            let place = self.place(span);
            return Origin::path(place.file).line(place.line).char_column(place.column).into();
        }
        let annotations = marks.into_iter().map(|(range, label, kind)| {
            kind.span(range.start - start..range.end - start).label((!label.is_empty()).then_some(label))
        });
        let shown: Cow<'a, str> = Cow::Borrowed(shown);
        Snippet::source(shown).line_start(first_line + 1).path(file.path.as_str()).annotations(annotations).into()
    }

    /// Cuts a range at the end of its first line: a caret under a whole rule says nothing.
    fn one_line(&mut self, span: Span) -> Range<usize> {
        let range = self.clamp(span);
        let (line, _) = self.line(span.file, range.start);
        let end = self.line_end(span.file, line);
        range.start..range.end.min(end).max(range.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> (Sources, Vec<Diagnostic>) {
        let mut sources = Sources::default();
        let file = sources.add("a.play", "first\nżółw chekout\nthird chekout\n".as_bytes());
        let start = "first\nżółw ".len();
        let problem = Diagnostic::error("P019", Span::new(file, start, start + 7), "unknown touchpoint `chekout`")
            .label("here")
            .related(Span::new(file, start + 14, start + 21), "and here")
            .help("did you mean `checkout`?");
        (sources, vec![problem])
    }

    #[test]
    fn people_see_code_place_caret_and_help() {
        let (sources, problems) = example();
        insta::assert_snapshot!(human(&sources, &problems, Look::PLAIN));
        assert!(human(&sources, &problems, Look { colour: true, width: 80 }).contains("\u{1b}["));
    }

    #[test]
    fn machines_see_lines_and_columns_in_characters() {
        let (sources, problems) = example();
        insta::assert_snapshot!(json(&sources, &problems));
    }

    #[test]
    fn a_very_long_line_is_named_and_not_shown() {
        let mut sources = Sources::default();
        let file = sources.add("a.play", "x".repeat(100_000).as_bytes());
        let problem = Diagnostic::error("P046", Span::new(file, 50_000, 50_001), "unexpected `x`");
        let text = human(&sources, &[problem], Look::PLAIN);
        assert!(text.contains("a.play:1:50001") && text.len() < 500, "{text}");
    }

    #[test]
    fn a_span_outside_its_file_does_no_harm() {
        let mut sources = Sources::default();
        let file = sources.add("a.play", "ż".as_bytes());
        for (start, end) in [(0, 1), (1, 1), (7, 9), (2, 0)] {
            let problem = Diagnostic::error("P046", Span::new(file, start, end), "unexpected");
            assert!(human(&sources, std::slice::from_ref(&problem), Look::PLAIN).contains("a.play"));
            assert!(json(&sources, &[problem]).contains("\"line\":1"));
        }
    }
}
