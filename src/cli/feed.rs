//! Feed files and standard input as lines for `replay::feed`, with a progress bar where a person watches.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;

use crate::replay::feed::{Line, Place};
use crate::signal::parse_line;
use crate::vocabulary::Vocabulary;

use super::files;
use super::screen::Screen;

/// A line longer than this is refused without being kept.
const LONGEST_LINE: u64 = 1 << 20;
/// A feed shorter than this is over before a bar could be read.
const WORTH_A_BAR: u64 = 1 << 20;

/// How many refused lines are kept as they came: more than are read ahead.
const RECENT: usize = 64;

/// A terminal narrower than this shows no bar, only how far it is.
const WIDE_ENOUGH: usize = 80;

/// All lines of several feeds, one after the other.
pub struct Lines<'a> {
    readers: Vec<Box<dyn BufRead>>,
    vocabulary: &'a Vocabulary,
    bar: Option<ProgressBar>,
    file: usize,
    number: u64,
    buffer: Vec<u8>,
    /// The id somebody asks about, and where a refused line has it.
    asked: Option<String>,
    refused_with_it: Vec<Place>,
    /// Refused lines as they came, where somebody keeps them.
    refused: Option<Vec<(Place, String)>>,
    /// The feed broke off: the disk or the pipe failed.
    failed: Option<io::Error>,
}

/// Opens the feeds; `-` is standard input.
pub fn open<'a>(paths: &[PathBuf], vocabulary: &'a Vocabulary, screen: &mut Screen) -> anyhow::Result<Lines<'a>> {
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
    let bar = (screen.watched && length.is_none_or(|length| length >= WORTH_A_BAR)).then(|| bar(length, screen));
    Ok(Lines {
        readers,
        vocabulary,
        bar,
        file: 0,
        number: 0,
        buffer: vec![],
        asked: None,
        refused_with_it: vec![],
        refused: None,
        failed: None,
    })
}

/// Returns the name of the feed a line stands in, as a person gave it.
pub fn name(feeds: &[PathBuf], place: Place) -> String {
    match feeds.get(place.file) {
        Some(path) if path.as_os_str() == "-" => "standard input".into(),
        Some(path) => files::shown(path),
        None => "feed".into(),
    }
}

fn bar(length: Option<u64>, screen: &mut Screen) -> ProgressBar {
    let (bar, template) = match length {
        Some(length) if screen.err_width.is_some_and(|width| width < WIDE_ENOUGH) => {
            (ProgressBar::new(length), "{percent:>3} % of {total_bytes}, {eta} to go")
        }
        Some(length) => (ProgressBar::new(length), "{bar:30} {percent:>3} %  {bytes} of {total_bytes}, {eta} to go"),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} read, {elapsed}"),
    };
    let bar = bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    screen.show(bar.clone());
    bar
}

impl Lines<'_> {
    /// Takes note of refused lines that have this id, `source:id` where there is a source.
    pub fn ask_about(&mut self, id: &str) {
        self.asked = Some(id.to_owned());
    }

    /// Returns the refused lines that have the id asked about.
    pub fn refused_with_it(&self) -> &[Place] {
        &self.refused_with_it
    }

    /// Keeps refused lines as they come.
    #[cfg(feature = "daemon")]
    pub fn keep_refused(&mut self) {
        self.refused.get_or_insert_default();
    }

    /// Returns a refused line as it came, as long as it was not long ago.
    #[cfg(feature = "daemon")]
    pub fn refused_text(&self, place: Place) -> Option<&str> {
        self.refused.iter().flatten().rev().find(|(at, _)| *at == place).map(|(_, text)| text.as_str())
    }

    /// Passes over what is left and returns how many lines that is; blank ones do not count.
    pub fn pass_over(&mut self) -> u64 {
        let mut passed = 0;
        while self.next_line().is_some() {
            passed += u64::from(!self.buffer.iter().all(u8::is_ascii_whitespace));
        }
        passed
    }

    /// Ends the bar, and returns why the feed broke off, if it did.
    pub fn end(&mut self) -> Option<io::Error> {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.failed.take()
    }

    /// Reads the next line of whichever feed is at hand into the buffer; `None` after the last, or where one broke off.
    fn next_line(&mut self) -> Option<u64> {
        while self.file < self.readers.len() {
            match self.read_line() {
                Ok(0) => {
                    self.file += 1;
                    self.number = 0;
                }
                Ok(read) => {
                    if let Some(bar) = &self.bar {
                        bar.inc(read);
                    }
                    self.number += 1;
                    return Some(read);
                }
                Err(error) => {
                    self.failed = Some(error);
                    return None;
                }
            }
        }
        None
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

/// What identifies a line, whatever else is wrong with it.
#[derive(Deserialize)]
struct Named {
    id: String,
    #[serde(default)]
    source: String,
}

/// Tells whether a line that was refused has this id, as far as that can be read.
fn has_id(text: &str, asked: &str) -> bool {
    match serde_json::from_str::<Named>(text) {
        Ok(named) => {
            named.id == asked || (!named.source.is_empty() && format!("{}:{}", named.source, named.id) == asked)
        }
        // Cut in the middle, or no JSON at all.
        Err(_) => text.split("\"id\"").nth(1).is_some_and(|rest| {
            let value = rest.trim_start().trim_start_matches(':').trim_start().strip_prefix('"');
            value.is_some_and(|value| value.split('"').next() == Some(asked))
        }),
    }
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        while self.next_line().is_some() {
            let place = Place { file: self.file, number: self.number };
            if let Some(what) = self.what() {
                if let (Err(_), Some(asked)) = (&what, &self.asked)
                    && std::str::from_utf8(&self.buffer).is_ok_and(|text| has_id(text.trim(), asked))
                {
                    self.refused_with_it.push(place);
                }
                if let (Err(_), Some(kept)) = (&what, &mut self.refused) {
                    if kept.len() == RECENT {
                        kept.drain(..RECENT / 2);
                    }
                    kept.push((place, String::from_utf8_lossy(&self.buffer).trim().to_owned()));
                }
                return Some(Line { file: place.file, number: place.number, what });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::has_id;

    #[test]
    fn a_refused_line_is_known_by_its_id_as_far_as_it_can_be_read() {
        let line = r#"{"id": "c1", "source": "shop", "customer": "C9", "score": 77}"#;
        assert!(has_id(line, "c1") && has_id(line, "shop:c1"));
        assert!(!has_id(line, "C9") && !has_id(line, "c") && !has_id(line, "77"));
        let cut = r#"{"signal": "complaint", "id" : "c1", "customer": "C9"#;
        assert!(has_id(cut, "c1") && !has_id(cut, "C9"));
        assert!(!has_id("", "c1") && !has_id("not json", "c1"));
    }
}
