//! How far a file was read, and the file known again: by its number on its device, and by a fingerprint of what was read.
//!
//! A number alone is not enough (a file that was cut off keeps it, and a new file may get it), nor is a fingerprint alone
//! where one is at hand. [`find`] looks for a file that was moved or copied away among those beside the feed, [`later`] for
//! those that came and went while nobody read. Left out: reading (`super::file`).

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How many bytes a fingerprint is of, at most.
pub const PRINTED: usize = 1 << 10;
/// What a file is called that cannot be read as lines.
const PACKED: [&str; 5] = ["gz", "bz2", "xz", "zst", "zip"];

/// What some bytes are known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Print {
    /// How many.
    pub length: u64,
    /// The beginning of their SHA-256.
    pub hash: u64,
}

impl Print {
    /// Returns what `bytes` are known by.
    pub fn of(bytes: &[u8]) -> Print {
        let hash = Sha256::digest(bytes).iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte));
        Print { length: bytes.len() as u64, hash }
    }
}

/// How far a file was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Which file it was, whatever its name.
    pub identity: (u64, u64),
    /// The first byte not yet taken in.
    pub offset: u64,
    /// How many lines lie before it.
    pub line: u64,
    /// What the file begins with; places of the first format have none.
    #[serde(default)]
    pub head: Option<Print>,
    /// What stands right before the place.
    #[serde(default)]
    pub tail: Option<Print>,
    /// When the file had changed, in nanoseconds since 1970.
    #[serde(default)]
    pub changed: Option<u64>,
}

impl Place {
    /// Tells whether a file holds before this place what was read, as far as that is known.
    pub fn fits(&self, file: &File) -> io::Result<bool> {
        if file.metadata()?.len() < self.offset {
            return Ok(false);
        }
        let is = |print: Option<Print>, from: u64| -> io::Result<bool> {
            match print {
                Some(print) if print.length > PRINTED as u64 || from + print.length > self.offset => Ok(false),
                Some(print) => Ok(Print::of(&bytes_at(file, from, print.length)?) == print),
                None => Ok(true),
            }
        };
        let before = self.offset.saturating_sub(self.tail.map_or(0, |tail| tail.length));
        Ok(is(self.tail, before)? && is(self.head, 0)?)
    }

    /// Tells whether a file is the one that was read: the same content under any number, or the same number where no
    /// fingerprint is known.
    pub fn is_of(&self, file: &File) -> io::Result<bool> {
        let known = identity(&file.metadata()?) == self.identity || self.tail.is_some();
        Ok(known && self.fits(file)?)
    }
}

/// Returns the file that was read up to `place`, looked for beside the feed at `path`.
pub fn find(path: &Path, place: &Place) -> Option<File> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let mut candidates: Vec<(u8, PathBuf)> = vec![];
    for (beside, about) in siblings(path) {
        let rank = match () {
            () if about.len() < place.offset => continue,
            () if identity(&about) == place.identity => 0,
            () if place.tail.is_none() => continue,
            () if beside.file_name().is_some_and(|other| other.to_string_lossy().starts_with(&name)) => 1,
            () => 2,
        };
        candidates.push((rank, beside));
    }
    candidates.sort();
    let mut files = candidates.into_iter().filter_map(|(_, beside)| File::open(beside).ok());
    files.find(|file| place.is_of(file).unwrap_or(false))
}

/// Returns the files with the feed's name and more (`feed.jsonl.1`, `feed.jsonl-20260301`) that changed after `place` was
/// noted and are neither its file nor the feed: moved away before anybody read them. The oldest first.
pub fn later(path: &Path, place: &Place) -> Vec<PathBuf> {
    let (Some(name), Some(since)) = (path.file_name(), place.changed) else { return vec![] };
    let name = name.to_string_lossy().into_owned();
    let own = |file: &Path| file.file_name().is_some_and(|other| other.to_string_lossy().starts_with(&name));
    let packed = |file: &Path| file.extension().is_some_and(|end| PACKED.iter().any(|packed| end == *packed));
    let mut found: Vec<(u64, PathBuf)> = siblings(path)
        .filter(|(file, about)| own(file) && !packed(file) && identity(about) != place.identity)
        .filter_map(|(file, about)| Some((changed(&about)?, file)))
        .filter(|(changed, _)| *changed >= since)
        .collect();
    found.sort();
    found.into_iter().map(|(_, file)| file).collect()
}

/// Returns the files in the feed's folder but the feed.
fn siblings(path: &Path) -> impl Iterator<Item = (PathBuf, Metadata)> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let own = path.file_name().map(ToOwned::to_owned);
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let others = entries.filter(move |entry| Some(entry.file_name()) != own);
    let about = others.filter_map(|entry| Some((entry.path(), fs::metadata(entry.path()).ok()?)));
    about.filter(|(_, about)| about.is_file())
}

/// Returns `length` bytes of a file from `from`. Where the file is read on stays.
pub fn bytes_at(mut file: &File, from: u64, length: u64) -> io::Result<Vec<u8>> {
    let place = file.stream_position()?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = vec![];
    let read = file.take(length).read_to_end(&mut bytes);
    file.seek(SeekFrom::Start(place))?;
    read.map(|_| bytes)
}

/// Returns when a file has changed.
pub fn changed(about: &Metadata) -> Option<u64> {
    let since = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_nanos()).ok()
}

/// Returns which file it is, whatever its name.
#[cfg(unix)]
pub fn identity(about: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (about.dev(), about.ino())
}

/// Returns which file it is, whatever its name.
#[cfg(not(unix))]
pub fn identity(about: &Metadata) -> (u64, u64) {
    // No number of its own: the moment it was made has to do.
    let made = about.created().ok().and_then(|made| made.duration_since(UNIX_EPOCH).ok());
    (0, made.map_or(0, |made| made.as_nanos() as u64))
}
