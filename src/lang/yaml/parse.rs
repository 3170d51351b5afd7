//! YAML text → nodes with places, comments, and every problem found on the way.
//!
//! The only file that names the YAML parser. YAML is read as the plain notation it is mostly used for: aliases,
//! anchors, tags, merge keys, several documents and keys that are not single values are refused, and nothing is
//! ever typed. Work is linear in the size of the file and bounded by the limits below. Read [`parse_all`] first.
//!
//! Left out: what the keys mean (`playbook`, `vocabulary`), the words for syntax errors (`explain`) and the
//! cutting of a broken file into readable parts (`salvage`).

use std::borrow::Cow;

pub(super) use granit_parser::ErrorKind;
use granit_parser::{Event, Parser, ScalarStyle as Style, StructureStyle};
use rustc_hash::FxHashMap;

use crate::lang::diagnostic::{Diagnostic, LARGEST_FILE, MOST_SHOWN, More, limit};
use crate::lang::source::{FileNo, Sources, Span};
use crate::lang::tree::Comment;
use crate::lang::yaml::node::{Key, Node, NodeKind, Scalar, ScalarStyle};
use crate::lang::yaml::offsets::offsets;
use crate::lang::yaml::{explain, salvage};

/// The largest file that is read, in bytes.
pub const MAX_BYTES: usize = LARGEST_FILE;
/// How many levels may be nested.
pub const MAX_DEPTH: usize = 64;
/// How many refused pieces of one file are kept; further ones are counted.
const MOST_REFUSED: usize = 10 * MOST_SHOWN;

/// What was read from a file.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// Its content; `None` where nothing could be read or nothing was there.
    pub root: Option<Node>,
    /// Its comments, in order of place.
    pub comments: Vec<Comment>,
    /// Its problems, in order of place.
    pub diagnostics: Vec<Diagnostic>,
    /// Entries of lists and mappings that could not be read and are missing in `root`.
    pub lost: Vec<Span>,
}

/// Reads a file. See [`parse_all`] for what was lost to syntax errors.
pub fn parse(sources: &Sources, file: FileNo) -> (Option<Node>, Vec<Comment>, Vec<Diagnostic>) {
    let parsed = parse_all(sources, file);
    (parsed.root, parsed.comments, parsed.diagnostics)
}

/// Reads a file. A syntax error costs only the entry it stands in.
pub fn parse_all(sources: &Sources, file: FileNo) -> Parsed {
    let mut parsed = parse_unlimited(sources, file);
    limit_problems(&mut parsed.diagnostics);
    parsed
}

/// Reads a file without cutting the list of its problems: for a reader that adds its own and cuts then.
pub(super) fn parse_unlimited(sources: &Sources, file: FileNo) -> Parsed {
    let source = sources.file(file);
    let text = source.text.as_str();
    let mut diagnostics = Vec::new();
    if let Some(at) = source.invalid_utf8_at {
        diagnostics.push(explain::not_utf8(Span::new(file, at, at + '\u{fffd}'.len_utf8())));
    }
    if text.len() > MAX_BYTES {
        diagnostics.push(Diagnostic::too_large(file, text.len(), "split it into several files"));
        return Parsed { diagnostics, ..Parsed::default() };
    }
    let cleaned = without_bad_characters(text, file, &mut diagnostics);
    let text = &*cleaned;
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut parsed = Parsed { diagnostics, ..Parsed::default() };
    let mut whole = read_part(text, file, start..text.len());
    match whole.stopped.take() {
        Some(problem) => salvage::salvage(text, file, start, whole, problem, &mut parsed),
        None => {
            parsed.root = whole.root;
            parsed.comments = whole.comments;
            parsed.diagnostics.extend(whole.diagnostics);
        }
    }
    if parsed.root.is_none() && parsed.diagnostics.is_empty() {
        parsed.diagnostics.push(explain::empty(Span::new(file, start, start)));
    }
    parsed
}

/// Reports characters that no file should hold and puts a space of as many bytes in their place, so that the rest of the
/// file is read too and every place stays where it is.
fn without_bad_characters<'t>(text: &'t str, file: FileNo, diagnostics: &mut Vec<Diagnostic>) -> Cow<'t, str> {
    let mut cleaned = Cow::Borrowed(text);
    for (at, character) in explain::bad_characters(text) {
        let range = at..at + character.len_utf8();
        if diagnostics.len() <= MOST_SHOWN {
            diagnostics.push(explain::bad_character_at(Span::new(file, range.start, range.end), character));
        }
        if let Cow::Borrowed(_) = cleaned {
            cleaned = Cow::Owned(String::with_capacity(text.len()));
        }
        if let Cow::Owned(cleaned) = &mut cleaned {
            cleaned.push_str(&text[cleaned.len()..range.start]);
            cleaned.push(match range.len() {
                1 => ' ',
                2 => '\u{a0}',
                _ => '\u{2007}',
            });
        }
    }
    if let Cow::Owned(cleaned) = &mut cleaned {
        cleaned.push_str(&text[cleaned.len()..]);
    }
    cleaned
}

/// Sorts problems by place and keeps the first of too many.
pub(super) fn limit_problems(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    limit(diagnostics);
}

/// What was read from a part of a file.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Its content.
    pub root: Option<Node>,
    /// Its comments.
    pub comments: Vec<Comment>,
    /// Its problems, without the one that stopped it.
    pub diagnostics: Vec<Diagnostic>,
    /// The problem that stopped it, and whether the rest of the file is worth reading.
    pub stopped: Option<Stop>,
}

/// Why reading stopped.
#[derive(Debug)]
pub(super) struct Stop {
    /// What to say.
    pub diagnostic: Diagnostic,
    /// Whether to give up on the file: it is hostile rather than mistaken.
    pub final_: bool,
}

/// Reads the bytes `range` of `text` as a document of its own.
pub(super) fn read_part(text: &str, file: FileNo, range: std::ops::Range<usize>) -> Part {
    let mut options = granit_parser::options! {
        disallow_directives: true,
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        flow_nesting_limit: MAX_DEPTH + 1,
        block_nesting_limit: MAX_DEPTH + 1,
    };
    // Comments are part of the tree; their number is bounded by the size of the file.
    options.max_buffered_comment_events = MAX_BYTES;
    let base = range.start;
    let mut builder = Builder { text, file, part: Part::default(), open: Vec::new(), documents: 0 };
    for event in Parser::new_from_str_with_options(&text[range.clone()], options) {
        match event {
            Ok((event, at)) => {
                let bytes = at.byte_range().unwrap_or(0..0);
                let span = Span::new(file, base + bytes.start, base + bytes.end);
                let tag = at.tag_span().and_then(|tag| tag.byte_range());
                if let Some(tag) = tag {
                    builder.refuse(explain::tag(Span::new(file, base + tag.start, base + tag.end)));
                }
                if let Some(stop) = builder.event(event, span) {
                    builder.part.stopped = Some(stop);
                    break;
                }
            }
            Err(error) => {
                let offset = error.marker().byte_offset().unwrap_or(0);
                builder.part.stopped = Some(explain::syntax(text, file, base, offset, error.kind()));
                break;
            }
        }
    }
    builder.part
}

/// The tree under construction: a list of open collections instead of recursion, so that no nesting can exhaust
/// the stack.
struct Builder<'a> {
    text: &'a str,
    file: FileNo,
    part: Part,
    open: Vec<Open>,
    documents: usize,
}

/// A collection that is not closed yet.
struct Open {
    /// Where it begins.
    span: Span,
    /// Whether it is written in brackets.
    flow: bool,
    /// What is in it so far.
    items: Items,
}

enum Items {
    List(Vec<Node>),
    Map {
        entries: Vec<(Key, Node)>,
        /// Where each key stands, to report both places of a second one.
        seen: FxHashMap<String, Span>,
        /// The key whose value comes next.
        pending: Option<Pending>,
    },
}

/// A key that waits for its value.
enum Pending {
    Key(Key),
    /// A key that was refused: its value is read and dropped.
    Refused,
}

impl Builder<'_> {
    fn refuse(&mut self, diagnostic: Diagnostic) {
        // The list is cut to its first entries later; this only bounds memory.
        match self.part.diagnostics.len() < MOST_REFUSED {
            true => self.part.diagnostics.push(diagnostic),
            false => match self.part.diagnostics.last_mut().and_then(|last| last.more.as_mut()) {
                Some(more) => more.add(&diagnostic),
                None => {
                    let more = More { errors: 1, ..More::default() };
                    self.part.diagnostics.push(Diagnostic::more(diagnostic.span, more));
                }
            },
        }
    }

    /// Takes one event; returns why to stop.
    fn event(&mut self, event: Event<'_>, span: Span) -> Option<Stop> {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.refuse(explain::several_documents(self.marker(span)));
                    // What follows is read by nobody, so its mistakes do not matter.
                    return Some(Stop { diagnostic: self.part.diagnostics.pop()?, final_: true });
                }
            }
            Event::Comment(text, _) => self.comment(&text, span),
            Event::Anchor(_, name) => self.refuse(explain::anchor(span, &name)),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                let name = self.slice(span).trim_start_matches('*').to_owned();
                self.refuse(explain::alias(span, &name));
                self.node(Node { kind: NodeKind::Scalar(empty_scalar(span)), span });
            }
            Event::Scalar(value, style, ..) => self.scalar(value, style, span),
            Event::SequenceStart(style, ..) => return self.open(span, style, Items::List(Vec::new())),
            Event::MappingStart(style, ..) => {
                let items = Items::Map { entries: Vec::new(), seen: FxHashMap::default(), pending: None };
                return self.open(span, style, items);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            // The parser's enum may grow; today the rest is the start and end of stream and document.
            _ => {}
        }
        None
    }

    fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// Returns the `---` at `span`, or the place itself.
    fn marker(&self, span: Span) -> Span {
        let start = span.start as usize;
        let dashes = self.text.get(start..start + 3) == Some("---");
        Span::new(self.file, start, if dashes { start + 3 } else { span.end as usize })
    }

    fn comment(&mut self, text: &str, span: Span) {
        let line = self.text[..span.start as usize].rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
        let before = self.text[line..span.start as usize].trim_start_matches('\u{feff}');
        let own_line = before.trim().is_empty();
        self.part.comments.push(Comment { text: text.trim_end().to_owned(), span, own_line });
    }

    fn scalar(&mut self, value: Cow<'_, str>, style: Style, span: Span) {
        let style = match style {
            Style::Plain => ScalarStyle::Plain,
            Style::SingleQuoted => ScalarStyle::Single,
            Style::DoubleQuoted => ScalarStyle::Double,
            Style::Literal | Style::Folded => ScalarStyle::Block,
        };
        // The parser writes `~` where nothing stands.
        let value = if span.start == span.end { Cow::Borrowed("") } else { value };
        let mut from = span.start as usize;
        if style == ScalarStyle::Block {
            // The parser leaves out the indentation of the first line; the walk needs that of every line.
            from = self.text[..from].trim_end_matches(' ').len();
        }
        let source = self.text.get(from..span.end as usize).unwrap_or("");
        let offsets = offsets(&value, source, from, style);
        let scalar = Scalar { text: value.into_owned(), style, offsets };
        self.node(Node { kind: NodeKind::Scalar(scalar), span });
    }

    fn open(&mut self, span: Span, style: StructureStyle, items: Items) -> Option<Stop> {
        if self.open.len() >= MAX_DEPTH {
            return Some(Stop { diagnostic: explain::too_deep(span), final_: true });
        }
        self.open.push(Open { span, flow: style == StructureStyle::Flow, items });
        None
    }

    fn close(&mut self, end: Span) {
        let Some(Open { span, flow, items }) = self.open.pop() else { return };
        let mut span = span;
        let (kind, last) = match items {
            Items::List(nodes) => {
                if let Some(first) = nodes.first().filter(|_| !flow) {
                    span.start = self.dash_before(first.span.start);
                }
                let last = nodes.last().map(|node| node.span);
                (NodeKind::List(nodes), last)
            }
            Items::Map { entries, .. } => {
                let last = entries.last().map(|(key, value)| key.span.to(value.span));
                (NodeKind::Map(entries), last)
            }
        };
        // The end of a block is where the next line begins; its last entry is what a reader takes for its end.
        let span = if flow { span.to(end) } else { last.map_or(span, |last| span.to(last)) };
        self.node(Node { kind, span });
    }

    /// Returns the place of the `-` before an entry of a block list.
    fn dash_before(&self, entry: u32) -> u32 {
        let before = self.text[..entry as usize].trim_end_matches([' ', '\n', '\r']);
        if before.ends_with('-') { before.len() as u32 - 1 } else { entry }
    }

    /// Where the first key of a mapping in a list comes again, the next entry was meant and its dash is missing: what
    /// came so far is an entry.
    fn split_entry(&mut self, node: &Node) {
        let [.., Open { flow: false, items: Items::List(nodes), .. }, map] = &mut self.open[..] else { return };
        let Open { flow: false, span, items: Items::Map { entries, seen, pending: None } } = map else { return };
        // A single key that comes again at once is a slip of another kind.
        let [(first, _), .., (_, last)] = &entries[..] else { return };
        if node.text() != Some(&first.text) {
            return;
        }
        let problem = explain::missing_dash(node.span, first.span, &first.text);
        let whole = first.span.to(last.span);
        nodes.push(Node { kind: NodeKind::Map(std::mem::take(entries)), span: whole });
        seen.clear();
        *span = node.span;
        self.refuse(problem);
    }

    /// Puts a finished node where it belongs.
    fn node(&mut self, node: Node) {
        self.split_entry(&node);
        let Some(open) = self.open.last_mut() else {
            self.part.root.get_or_insert(node);
            return;
        };
        let problem = match &mut open.items {
            Items::List(nodes) => {
                nodes.push(node);
                None
            }
            Items::Map { entries, seen, pending } => match pending.take() {
                Some(Pending::Key(key)) => {
                    entries.push((key, node));
                    None
                }
                Some(Pending::Refused) => None,
                None => {
                    let (next, problem) = take_key(node, seen);
                    *pending = Some(next);
                    problem
                }
            },
        };
        if let Some(problem) = problem {
            self.refuse(problem);
        }
    }
}

/// Reads a node that stands where a key belongs.
fn take_key(node: Node, seen: &mut FxHashMap<String, Span>) -> (Pending, Option<Diagnostic>) {
    let span = node.span;
    let NodeKind::Scalar(scalar) = node.kind else {
        return (Pending::Refused, Some(explain::complex_key(span)));
    };
    if scalar.style == ScalarStyle::Plain && scalar.text == "<<" {
        return (Pending::Refused, Some(explain::merge_key(span)));
    }
    if let Some(first) = seen.get(&scalar.text) {
        return (Pending::Refused, Some(explain::duplicate_key(span, *first, &scalar.text)));
    }
    seen.insert(scalar.text.clone(), span);
    (Pending::Key(Key { text: scalar.text, span }), None)
}

/// Returns a scalar without text, for a place whose content was refused.
fn empty_scalar(span: Span) -> Scalar {
    Scalar { text: String::new(), style: ScalarStyle::Plain, offsets: crate::lang::source::Offsets::Shift(span.start) }
}
