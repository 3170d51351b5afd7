//! Feed files and standard input as lines for `replay::feed`, with a progress bar where a person watches.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};

use crate::replay::feed::Line;
use crate::signal::parse_line;
use crate::vocabulary::Vocabulary;

use super::files;
use super::screen::Screen;

/// A line longer than this is refused without being kept.
const LONGEST_LINE: u64 = 1 << 20;
/// A feed shorter than this is over before a bar could be read.
const WORTH_A_BAR: u64 = 4 << 20;

/// All lines of several feeds, one after the other.
pub struct Lines<'a> {
    readers: Vec<Box<dyn BufRead>>,
    vocabulary: &'a Vocabulary,
    bar: Option<ProgressBar>,
    file: usize,
    number: u64,
    buffer: Vec<u8>,
    /// The feed broke off: the disk or the pipe failed.
    failed: Option<io::Error>,
}

/// Opens the feeds; `-` is standard input.
pub fn open<'a>(paths: &[PathBuf], vocabulary: &'a Vocabulary, screen: &Screen) -> anyhow::Result<Lines<'a>> {
    let mut readers: Vec<Box<dyn BufRead>> = vec![];
    let mut length = Some(0);
    for path in paths {
        if path == Path::new("-") {
            readers.push(Box::new(BufReader::with_capacity(1 << 16, io::stdin())));
            length = None;
            continue;
        }
        let file = File::open(path).map_err(|error| files::explain(path, error))?;
        let about = file.metadata().map_err(|error| files::explain(path, error))?;
        if about.is_dir() {
            return Err(files::explain(path, io::ErrorKind::IsADirectory.into()));
        }
        length = length.map(|length| length + about.len());
        readers.push(Box::new(BufReader::with_capacity(1 << 16, file)));
    }
    let bar = (screen.watched && length.is_none_or(|length| length >= WORTH_A_BAR)).then(|| bar(length));
    Ok(Lines { readers, vocabulary, bar, file: 0, number: 0, buffer: vec![], failed: None })
}

fn bar(length: Option<u64>) -> ProgressBar {
    let (bar, template) = match length {
        Some(length) => (ProgressBar::new(length), "{bar:30} {percent:>3} %  {bytes} of {total_bytes}, {eta} to go"),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} read, {elapsed}"),
    };
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

impl Lines<'_> {
    /// Ends the bar, and returns why the feed broke off, if it did.
    pub fn end(&mut self) -> Option<io::Error> {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.failed.take()
    }

    /// Reads the next line into the buffer: its number of bytes, 0 at the end.
    fn read_line(&mut self) -> io::Result<u64> {
        self.buffer.clear();
        let Some(reader) = self.readers.get_mut(self.file) else { return Ok(0) };
        let mut read = reader.by_ref().take(LONGEST_LINE + 1).read_until(b'\n', &mut self.buffer)? as u64;
        if read > LONGEST_LINE && self.buffer.last() != Some(&b'\n') {
            // The rest of a line that is too long is passed over in pieces.
            read += skip_line(reader)?;
        }
        Ok(read)
    }

    fn what(&mut self) -> Option<Result<crate::signal::FeedLine, String>> {
        if self.buffer.len() as u64 > LONGEST_LINE {
            return Some(Err(format!("the line is longer than {} MB", LONGEST_LINE >> 20)));
        }
        let text = match std::str::from_utf8(&self.buffer) {
            Ok(text) => text.trim_start_matches('\u{FEFF}').trim(),
            Err(_) => return Some(Err("the line is not UTF-8 text".into())),
        };
        if text.is_empty() {
            return None;
        }
        Some(parse_line(text, self.vocabulary).map_err(|refused| refused.to_string()))
    }
}

fn skip_line(reader: &mut dyn BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let piece = reader.fill_buf()?;
        if piece.is_empty() {
            return Ok(skipped);
        }
        let (length, ends) = match piece.iter().position(|byte| *byte == b'\n') {
            Some(place) => (place + 1, true),
            None => (piece.len(), false),
        };
        reader.consume(length);
        skipped += length as u64;
        if ends {
            return Ok(skipped);
        }
    }
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        while self.file < self.readers.len() {
            let read = match self.read_line() {
                Ok(read) => read,
                Err(error) => {
                    self.failed = Some(error);
                    return None;
                }
            };
            if read == 0 {
                self.file += 1;
                self.number = 0;
                continue;
            }
            if let Some(bar) = &self.bar {
                bar.inc(read);
            }
            self.number += 1;
            if let Some(what) = self.what() {
                return Some(Line { file: self.file, number: self.number, what });
            }
        }
        None
    }
}
