//! Source files and places in them.
//!
//! A [`Span`] is a byte range in a file of a [`Sources`]; lines and columns are counted only when printed.
//! Files are handed in as bytes: whoever reads the disk is outside the pure half.

use serde::{Deserialize, Serialize};

/// A file, by its place in [`Sources`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileNo(pub u32);

/// A byte range in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The file.
    pub file: FileNo,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// Returns the range `start..end` of `file`.
    pub fn new(file: FileNo, start: usize, end: usize) -> Span {
        Span { file, start: start as u32, end: end as u32 }
    }

    /// Returns the smallest span that holds both; `self` where the files differ.
    pub fn to(self, other: Span) -> Span {
        if self.file != other.file {
            return self;
        }
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// Something with the place where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// What was written.
    pub node: T,
    /// Where.
    pub span: Span,
}

/// One file.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The path as the user would type it, with `/` between parts.
    pub path: String,
    /// The content. Bytes that are not UTF-8 are replaced on reading and reported (`lang::read`).
    pub text: String,
    /// The byte offset of the first invalid UTF-8 sequence, if there was one.
    pub invalid_utf8_at: Option<usize>,
}

/// All files of one run.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The files, in the order they were added.
    pub files: Vec<SourceFile>,
}

impl Sources {
    /// Adds a file and returns its number.
    pub fn add(&mut self, path: impl Into<String>, bytes: &[u8]) -> FileNo {
        let (text, invalid_utf8_at) = match std::str::from_utf8(bytes) {
            Ok(text) => (text.to_owned(), None),
            Err(error) => (String::from_utf8_lossy(bytes).into_owned(), Some(error.valid_up_to())),
        };
        self.files.push(SourceFile { path: path.into(), text, invalid_utf8_at });
        FileNo(self.files.len() as u32 - 1)
    }

    /// Returns a file.
    pub fn file(&self, file: FileNo) -> &SourceFile {
        &self.files[file.0 as usize]
    }

    /// Returns the text of a span.
    pub fn slice(&self, span: Span) -> &str {
        self.file(span.file).text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// Returns line and column (both from 1, columns in characters) of a byte offset.
    pub fn line_column(&self, file: FileNo, offset: u32) -> (usize, usize) {
        let text = &self.file(file).text;
        let mut offset = (offset as usize).min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// A text to parse together with where each of its bytes stands in a file.
///
/// A `.play` file is its own slice. A leaf of a YAML file is the scalar's value: where quoting or folding made
/// value and file differ, a table keeps the places true.
#[derive(Clone, Debug)]
pub struct Slice<'a> {
    /// What to parse.
    pub text: &'a str,
    /// The file it comes from.
    pub file: FileNo,
    /// Where its bytes stand.
    pub offsets: Offsets,
}

/// Where the bytes of a [`Slice`] stand in its file.
#[derive(Clone, Debug)]
pub enum Offsets {
    /// Byte *n* stands at this + *n*.
    Shift(u32),
    /// Byte *n* stands at `table[n]`; one more entry for the end.
    Table(Vec<u32>),
}

impl Slice<'_> {
    /// Returns the bytes `start..end` of the text, with their places.
    pub fn part(&self, start: usize, end: usize) -> Slice<'_> {
        let offsets = match &self.offsets {
            Offsets::Shift(shift) => Offsets::Shift(shift + start as u32),
            Offsets::Table(_) => Offsets::Table((start..=end).map(|at| self.span(at, at).start).collect()),
        };
        Slice { text: &self.text[start..end], file: self.file, offsets }
    }

    /// Returns the place in the file of the bytes `start..end` of the text.
    pub fn span(&self, start: usize, end: usize) -> Span {
        let place = |offset: usize| match &self.offsets {
            Offsets::Shift(shift) => *shift as usize + offset,
            Offsets::Table(table) => table.get(offset).or(table.last()).map_or(0, |place| *place as usize),
        };
        Span::new(self.file, place(start), place(end))
    }
}
