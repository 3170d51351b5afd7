//! One file that grows, is moved away and replaced, or is cut off.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A line longer than this is cut: it is no line of a feed.
const LONGEST: usize = 1 << 20;
/// How much is read at once.
const PIECE: usize = 1 << 16;

/// How far a file was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Which file it was, whatever its name.
    pub identity: (u64, u64),
    /// The first byte not yet taken in.
    pub offset: u64,
    /// How many lines lie before it.
    pub line: u64,
}

/// A feed being followed.
#[derive(Debug)]
pub struct Feed {
    path: PathBuf,
    source: Option<Source>,
    /// Read and not yet given out as lines.
    buffer: Vec<u8>,
    place: Place,
    left: Option<Place>,
    /// The rest of a line that was too long.
    skipping: bool,
    over: bool,
}

#[derive(Debug)]
enum Source {
    File(File),
    Input(io::Stdin),
}

impl Feed {
    /// Returns the feed at `path`, to be read from where it was `left` where that still is the same file.
    pub fn new(path: &Path, left: Option<Place>) -> Feed {
        let (buffer, place) = (vec![], Place::default());
        Feed { path: path.to_owned(), source: None, buffer, place, left, skipping: false, over: false }
    }

    /// Returns the path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what messages call it.
    pub fn name(&self) -> String {
        super::shown(&self.path)
    }

    /// Tells whether there will never be more.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Returns how far the lines given out reach; `None` where that cannot be found again.
    pub fn place(&self) -> Option<Place> {
        matches!(self.source, Some(Source::File(_))).then_some(self.place)
    }

    /// Returns the next whole lines with their numbers, at most `most`; none where there is nothing new.
    pub fn lines(&mut self, most: usize) -> io::Result<Vec<(u64, Vec<u8>)>> {
        let mut lines = vec![];
        while lines.len() < most {
            if let Some(line) = self.line() {
                lines.extend(line);
            } else if !self.read()? {
                if lines.is_empty() && self.turned()? {
                    // The old file's last line may lack its end.
                    lines.extend(self.last_line());
                    self.source = None;
                    self.place = Place::default();
                    continue;
                }
                if self.over {
                    lines.extend(self.last_line());
                }
                break;
            }
        }
        Ok(lines)
    }

    /// Takes a whole line off the buffer. The inner `None` is the rest of a line that was too long.
    fn line(&mut self) -> Option<Option<(u64, Vec<u8>)>> {
        let end = self.buffer.iter().position(|byte| *byte == b'\n');
        let (length, whole) = match end {
            Some(end) => (end + 1, true),
            None if self.buffer.len() > LONGEST => (self.buffer.len(), false),
            None => return None,
        };
        let line: Vec<u8> = self.buffer.drain(..length).collect();
        self.place.offset += length as u64;
        let rest = std::mem::replace(&mut self.skipping, !whole);
        if whole {
            self.place.line += 1;
        }
        let number = self.place.line + u64::from(!whole);
        Some((!rest).then_some((number, line)))
    }

    fn last_line(&mut self) -> Option<(u64, Vec<u8>)> {
        let line = std::mem::take(&mut self.buffer);
        self.place.offset += line.len() as u64;
        self.place.line += 1;
        let rest = std::mem::replace(&mut self.skipping, false);
        (!line.is_empty() && !rest).then_some((self.place.line, line))
    }

    /// Reads on; `false` where there is nothing new.
    fn read(&mut self) -> io::Result<bool> {
        if self.source.is_none() && !self.open()? {
            return Ok(false);
        }
        let mut piece = vec![0; PIECE];
        let read = match &mut self.source {
            Some(Source::File(file)) => file.read(&mut piece)?,
            Some(Source::Input(input)) => {
                let read = input.lock().read(&mut piece)?;
                self.over = read == 0;
                read
            }
            None => 0,
        };
        self.buffer.extend_from_slice(&piece[..read]);
        Ok(read > 0)
    }

    /// Opens the file; `false` where there is none at the moment.
    fn open(&mut self) -> io::Result<bool> {
        if self.path == Path::new("-") {
            self.source = Some(Source::Input(io::stdin()));
            return Ok(true);
        }
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let about = file.metadata()?;
        let identity = identity(&about);
        self.place = Place { identity, ..Place::default() };
        if let Some(left) = self.left.take().filter(|left| left.identity == identity && left.offset <= about.len()) {
            file.seek(SeekFrom::Start(left.offset))?;
            self.place = left;
        }
        self.source = Some(Source::File(file));
        Ok(true)
    }

    /// Tells whether another file lies under the name now, or the file is shorter than what was read of it.
    fn turned(&mut self) -> io::Result<bool> {
        let Some(Source::File(_)) = &self.source else { return Ok(false) };
        match fs::metadata(&self.path) {
            Ok(about) => {
                let read = self.place.offset + self.buffer.len() as u64;
                Ok(identity(&about) != self.place.identity || about.len() < read)
            }
            // Moved away, and the next one is not there yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[cfg(unix)]
fn identity(about: &fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (about.dev(), about.ino())
}

#[cfg(not(unix))]
fn identity(about: &fs::Metadata) -> (u64, u64) {
    // No number of its own: the moment it was made has to do.
    let made = about.created().ok().and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok());
    (0, made.map_or(0, |made| made.as_nanos() as u64))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("touchline-feed-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn texts(feed: &mut Feed) -> Vec<(u64, String)> {
        let lines = feed.lines(100).unwrap().into_iter();
        lines.map(|(number, line)| (number, String::from_utf8(line).unwrap().trim_end().to_owned())).collect()
    }

    fn of(lines: &[(u64, &str)]) -> Vec<(u64, String)> {
        lines.iter().map(|(number, line)| (*number, (*line).to_owned())).collect()
    }

    #[test]
    fn a_file_is_followed_as_it_grows_line_by_whole_line() {
        let path = folder("grows").join("a.jsonl");
        let mut feed = Feed::new(&path, None);
        assert_eq!(texts(&mut feed), [], "it need not be there yet");
        fs::write(&path, "one\ntw").unwrap();
        assert_eq!(texts(&mut feed), of(&[(1, "one")]));
        assert_eq!(texts(&mut feed), []);
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"o\nthree\n").unwrap();
        assert_eq!(texts(&mut feed), of(&[(2, "two"), (3, "three")]));
        let left = feed.place().unwrap();
        file.write_all(b"four\n").unwrap();
        assert_eq!(texts(&mut Feed::new(&path, Some(left))), of(&[(4, "four")]), "it goes on where it was left");
    }

    #[test]
    fn a_file_that_is_moved_away_is_read_to_its_end_before_the_next() {
        let folder = folder("moved");
        let path = folder.join("a.jsonl");
        fs::write(&path, "one\n").unwrap();
        let mut feed = Feed::new(&path, None);
        assert_eq!(texts(&mut feed), of(&[(1, "one")]));
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        fs::rename(&path, folder.join("a.1")).unwrap();
        assert_eq!(texts(&mut feed), []);
        file.write_all(b"two\nhalf").unwrap();
        fs::write(&path, "new\n").unwrap();
        assert_eq!(texts(&mut feed), of(&[(2, "two")]));
        assert_eq!(texts(&mut feed), of(&[(3, "half"), (1, "new")]));
        let left = feed.place().unwrap();
        fs::write(&path, "n\n").unwrap();
        assert_eq!(texts(&mut feed), of(&[(1, "n")]), "cut off: from its beginning");
        fs::write(folder.join("b"), "other\n").unwrap();
        fs::rename(folder.join("b"), &path).unwrap();
        assert_eq!(texts(&mut Feed::new(&path, Some(left))), of(&[(1, "other")]), "another file is read whole");
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_and_the_next_is_whole() {
        let path = folder("long").join("a.jsonl");
        fs::write(&path, format!("{}\nnext\n", "x".repeat(3 * LONGEST))).unwrap();
        let mut feed = Feed::new(&path, None);
        let lines = feed.lines(100).unwrap();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].0 == 1 && lines[0].1.len() <= LONGEST + PIECE);
        assert_eq!((lines[1].0, &lines[1].1[..]), (2, &b"next\n"[..]));
    }
}
