//! One file that grows, is moved away and replaced, or is cut off.
//!
//! Before anything is read on, what stands before the place must be what was read: a file that was cut off and has grown
//! again is found out. Then the old file is looked for beside the feed and read to its end; where it is not found, that is
//! a [`Gap`], which somebody must be told of.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::trail::{self, PRINTED, Place, Print, identity};

/// A line longer than this is cut: it is no line of a feed.
const LONGEST: usize = 1 << 20;
/// How much is read at once.
const PIECE: usize = 1 << 16;

/// A feed being followed.
#[derive(Debug)]
pub struct Feed {
    path: PathBuf,
    source: Option<Source>,
    /// Read and not yet given out as lines.
    buffer: Vec<u8>,
    place: Place,
    /// The first bytes of what was given out of this file.
    head: Vec<u8>,
    /// The latest bytes of it; only the last of them are of interest.
    tail: Vec<u8>,
    left: Option<Place>,
    /// Files that were moved away before anybody read them.
    passed: VecDeque<PathBuf>,
    /// Whether one of those is being read.
    in_passed: bool,
    gaps: Vec<Gap>,
    /// The rest of a line that was too long.
    skipping: bool,
    over: bool,
}

/// A file that was not read to its end, and is not found any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The last line that was read of it.
    pub line: u64,
    /// How many bytes were read of it.
    pub offset: u64,
}

#[derive(Debug)]
enum Source {
    File(File),
    Input(io::Stdin),
}

/// Whether the file that is read is still the feed.
enum Now {
    /// It is, or there is no other yet.
    Same,
    /// Another one lies under the name.
    Moved,
    /// It does not hold any more what was read.
    Cut,
}

/// A line with its number.
type Line = (u64, Vec<u8>);

impl Feed {
    /// Returns the feed at `path`, to be read from where it was `left`.
    pub fn new(path: &Path, left: Option<Place>) -> Feed {
        Feed {
            path: path.to_owned(),
            source: None,
            buffer: vec![],
            place: Place::default(),
            head: vec![],
            tail: vec![],
            left,
            passed: VecDeque::new(),
            in_passed: false,
            gaps: vec![],
            skipping: false,
            over: false,
        }
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

    /// Returns what could not be found since this was asked last.
    pub fn gaps(&mut self) -> Vec<Gap> {
        std::mem::take(&mut self.gaps)
    }

    /// Returns how far the lines given out reach; `None` where that cannot be found again.
    pub fn place(&self) -> Option<Place> {
        let Some(Source::File(file)) = &self.source else { return None };
        file.metadata().is_ok_and(|about| about.is_file()).then(|| self.printed())
    }

    /// Returns the place with the fingerprints of what was given out.
    fn printed(&self) -> Place {
        let tail = &self.tail[self.tail.len().saturating_sub(PRINTED)..];
        Place { head: Some(Print::of(&self.head)), tail: Some(Print::of(tail)), ..self.place }
    }

    /// Returns the next whole lines with their numbers, at most `most`; none where there is nothing new.
    pub fn lines(&mut self, most: usize) -> io::Result<Vec<Line>> {
        let mut lines = vec![];
        while lines.len() < most {
            if let Some(line) = self.line() {
                lines.extend(line);
                continue;
            }
            match self.more(&mut lines) {
                Ok(true) => {}
                Ok(false) => break,
                // What was read counts as given out; the error comes again.
                Err(_) if !lines.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(lines)
    }

    /// Reads on, in this file or in the next; `false` where there is nothing new. A next file is not begun, and nothing is
    /// looked for, while lines wait to be given out.
    fn more(&mut self, lines: &mut Vec<Line>) -> io::Result<bool> {
        let now = self.now();
        if !matches!(now, Ok(Now::Cut)) && self.read()? {
            return Ok(true);
        }
        if self.over {
            lines.extend(self.last_line());
        }
        if !lines.is_empty() {
            return Ok(false);
        }
        match now? {
            Now::Same => return Ok(false),
            // The old file's last line may lack its end.
            Now::Moved => lines.extend(self.last_line()),
            Now::Cut => {
                let place = self.printed();
                if let Some(copy) = trail::find(&self.path, &place) {
                    self.resume(copy, place)?;
                    return Ok(true);
                }
                self.gaps.push(Gap { line: place.line, offset: place.offset });
                lines.extend(self.last_line());
            }
        }
        self.leave();
        Ok(true)
    }

    /// Takes a whole line off the buffer. The inner `None` is the rest of a line that was too long.
    fn line(&mut self) -> Option<Option<Line>> {
        let end = self.buffer.iter().position(|byte| *byte == b'\n');
        let (length, whole) = match end {
            Some(end) => (end + 1, true),
            None if self.buffer.len() > LONGEST => (self.buffer.len(), false),
            None => return None,
        };
        let line: Vec<u8> = self.buffer.drain(..length).collect();
        self.taken(&line);
        let rest = std::mem::replace(&mut self.skipping, !whole);
        if whole {
            self.place.line += 1;
        }
        let number = self.place.line + u64::from(!whole);
        Some((!rest).then_some((number, line)))
    }

    fn last_line(&mut self) -> Option<Line> {
        let line = std::mem::take(&mut self.buffer);
        self.taken(&line);
        self.place.line += 1;
        let rest = std::mem::replace(&mut self.skipping, false);
        (!line.is_empty() && !rest).then_some((self.place.line, line))
    }

    /// Notes that these bytes are given out.
    fn taken(&mut self, bytes: &[u8]) {
        self.place.offset += bytes.len() as u64;
        let room = PRINTED - self.head.len();
        self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(PRINTED)..]);
        if self.tail.len() > 16 * PRINTED {
            self.tail.drain(..self.tail.len() - PRINTED);
        }
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

    /// Opens what is to be read next; `false` where there is nothing at the moment.
    fn open(&mut self) -> io::Result<bool> {
        if self.path == Path::new("-") {
            self.source = Some(Source::Input(io::stdin()));
            return Ok(true);
        }
        while let Some(passed) = self.passed.pop_front() {
            if let Ok(file) = File::open(&passed) {
                self.in_passed = true;
                return self.begin(file).map(|()| true);
            }
            self.gaps.push(Gap { line: 0, offset: 0 });
        }
        self.in_passed = false;
        let file = match File::open(&self.path) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if file.as_ref().map(File::metadata).transpose()?.is_some_and(|about| about.is_dir()) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if let Some(left) = self.left {
            return self.go_on(file, left);
        }
        file.map(|file| self.begin(file)).transpose().map(|begun| begun.is_some())
    }

    /// Goes on where a feed was left: in the file under its name where it is that one, or else in the one that was moved
    /// away, wherever it is now.
    fn go_on(&mut self, file: Option<File>, left: Place) -> io::Result<bool> {
        let same = file.as_ref().map_or(Ok(false), |file| left.is_of(file))?;
        let (old, new) = if same { (file, None) } else { (trail::find(&self.path, &left), file) };
        match (old, new) {
            (Some(old), _) => self.resume(old, left)?,
            // Nothing lies under the name yet.
            (None, None) => return Ok(false),
            (None, Some(_)) => {
                self.gaps.push(Gap { line: left.line, offset: left.offset });
                self.place = left;
                self.leave();
                self.left = None;
                return self.open();
            }
        }
        self.left = None;
        Ok(true)
    }

    /// Reads a file from its beginning.
    fn begin(&mut self, file: File) -> io::Result<()> {
        self.resume(file, Place::default())
    }

    /// Reads a file from a place.
    fn resume(&mut self, mut file: File, from: Place) -> io::Result<()> {
        let about = file.metadata()?;
        (self.head, self.tail) = (vec![], vec![]);
        // What has no places, as a pipe, is read as it comes.
        if from.offset > 0 {
            let printed = from.offset.min(PRINTED as u64);
            self.head = trail::bytes_at(&file, 0, printed)?;
            self.tail = trail::bytes_at(&file, from.offset - printed, printed)?;
            file.seek(SeekFrom::Start(from.offset))?;
        }
        self.place = Place { identity: identity(&about), changed: from.changed.or(trail::changed(&about)), ..from };
        self.buffer.clear();
        self.skipping = false;
        self.source = Some(Source::File(file));
        Ok(())
    }

    /// Is done with a file: those that were moved away since are next.
    fn leave(&mut self) {
        if !self.in_passed {
            self.passed = trail::later(&self.path, &self.place).into();
        }
        self.source = None;
        self.place = Place::default();
        self.head.clear();
        self.tail.clear();
    }

    /// Tells whether the file that is read still holds what was read of it, and still is the feed. An empty new file is
    /// none yet: whoever writes may have the old one open until it is used.
    fn now(&mut self) -> io::Result<Now> {
        let Some(Source::File(file)) = &self.source else { return Ok(Now::Same) };
        let about = file.metadata()?;
        if about.is_file() {
            let read = self.place.offset + self.buffer.len() as u64;
            if about.len() < read || !self.printed().fits(file)? {
                return Ok(Now::Cut);
            }
            self.place.changed = trail::changed(&about);
        }
        if !self.passed.is_empty() {
            return Ok(Now::Moved);
        }
        match fs::metadata(&self.path) {
            Ok(about) if about.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(about) if identity(&about) != self.place.identity && about.len() > 0 => Ok(Now::Moved),
            // Moved away, and the next one is not there yet.
            Ok(_) => Ok(Now::Same),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Now::Same),
            Err(error) => Err(error),
        }
    }
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

    fn places_of(path: &Path, lines: &[(u64, &str)]) -> Place {
        let mut feed = Feed::new(path, None);
        assert_eq!(texts(&mut feed), of(lines));
        feed.place().unwrap()
    }

    fn append(path: &Path, text: &str) {
        let mut file = fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn a_file_moved_away_while_nobody_read_is_found_and_read_to_its_end_with_those_that_came_between() {
        let folder = folder("rotated");
        let path = folder.join("a.jsonl");
        fs::write(&path, "a1\n").unwrap();
        fs::write(folder.join("a.jsonl.2"), "older\n").unwrap();
        let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        File::open(folder.join("a.jsonl.2")).unwrap().set_modified(long_ago).unwrap();
        let left = places_of(&path, &[(1, "a1")]);
        append(&path, "a2\n");
        fs::rename(&path, folder.join("a.jsonl.1")).unwrap();
        let mut feed = Feed::new(&path, Some(left));
        assert_eq!(texts(&mut feed), of(&[(2, "a2")]), "before the next one is there");
        fs::write(&path, "").unwrap();
        append(&folder.join("a.jsonl.1"), "late\n");
        assert_eq!(texts(&mut feed), of(&[(3, "late")]), "an empty new file is none yet");
        fs::rename(&path, folder.join("a.jsonl.0")).unwrap();
        fs::write(folder.join("a.jsonl.0"), "b1\n").unwrap();
        fs::write(&path, "c1\n").unwrap();
        let mut feed = Feed::new(&path, Some(left));
        assert_eq!(texts(&mut feed), of(&[(2, "a2"), (3, "late")]));
        assert_eq!(texts(&mut feed), of(&[(1, "b1")]));
        assert_eq!(texts(&mut feed), of(&[(1, "c1")]));
        assert_eq!(texts(&mut feed), []);
        assert_eq!(feed.gaps(), [], "nothing is missing");
    }

    #[test]
    fn a_file_cut_off_that_has_grown_past_the_place_is_found_out_and_its_copy_is_read_first() {
        for stopped in [true, false] {
            let folder = folder(if stopped { "copied-stopped" } else { "copied" });
            let path = folder.join("a.jsonl");
            fs::write(&path, "a1\n").unwrap();
            let mut feed = Feed::new(&path, None);
            assert_eq!(texts(&mut feed), of(&[(1, "a1")]));
            let left = feed.place();
            append(&path, "a2\n");
            fs::copy(&path, folder.join("kept")).unwrap();
            fs::write(&path, "b1\nb2\nb3\n").unwrap();
            let mut feed = if stopped { Feed::new(&path, left) } else { feed };
            assert_eq!(texts(&mut feed), of(&[(2, "a2")]), "{stopped}");
            assert_eq!(texts(&mut feed), of(&[(1, "b1"), (2, "b2"), (3, "b3")]), "{stopped}");
            assert_eq!(feed.gaps(), [], "{stopped}");
            let left = feed.place();
            fs::write(&path, "c1\nc2\nc3\nc4\n").unwrap();
            let mut feed = if stopped { Feed::new(&path, left) } else { feed };
            assert_eq!(texts(&mut feed), of(&[(1, "c1"), (2, "c2"), (3, "c3"), (4, "c4")]), "{stopped}");
            assert_eq!(feed.gaps(), [Gap { line: 3, offset: 9 }], "no copy: that is told");
        }
    }

    #[test]
    fn a_place_of_the_first_format_is_still_good_and_the_file_is_found_by_its_number() {
        let folder = folder("first-format");
        let path = folder.join("a.jsonl");
        fs::write(&path, "a1\n").unwrap();
        let left = places_of(&path, &[(1, "a1")]);
        let old = Place { head: None, tail: None, changed: None, ..left };
        append(&path, "a2\n");
        assert_eq!(texts(&mut Feed::new(&path, Some(old))), of(&[(2, "a2")]));
        fs::rename(&path, folder.join("elsewhere")).unwrap();
        fs::write(&path, "b1\n").unwrap();
        let mut feed = Feed::new(&path, Some(old));
        assert_eq!(texts(&mut feed), of(&[(2, "a2")]));
        assert_eq!(texts(&mut feed), of(&[(1, "b1")]));
    }

    #[test]
    fn a_folder_in_the_feeds_place_is_an_error_and_lines_go_on_behind_it() {
        let folder = folder("in-place");
        let path = folder.join("a.jsonl");
        fs::create_dir(&path).unwrap();
        let mut feed = Feed::new(&path, None);
        assert!(feed.lines(100).is_err());
        fs::remove_dir(&path).unwrap();
        fs::write(&path, "one\n").unwrap();
        assert_eq!(texts(&mut feed), of(&[(1, "one")]));
        fs::rename(&path, folder.join("aside")).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(feed.lines(100).is_err());
        fs::remove_dir(&path).unwrap();
        fs::rename(folder.join("aside"), &path).unwrap();
        append(&path, "two\n");
        assert_eq!(texts(&mut feed), of(&[(2, "two")]));
    }
}
