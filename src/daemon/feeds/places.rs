//! How far each feed was read, in a small file beside the store.
//!
//! It is written after the lines are on disk, at most once a second and at the end. Lost or old, some lines are read once
//! more and known as duplicates. A file of the first format, without fingerprints, is still read.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::trail::Place;
use crate::clock::wall_clock_now;
use crate::store::private;

/// The file in a data folder.
pub const PLACES: &str = "feeds.json";
/// The format it is written in. The first was the bare feeds, without fingerprints.
const FORMAT: u32 = 2;
const PAUSE: SignedDuration = SignedDuration::from_secs(1);

/// The places of all feeds.
#[derive(Debug)]
pub struct Places {
    file: PathBuf,
    inner: Mutex<Inner>,
}

/// The file's content.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    format: u32,
    feeds: BTreeMap<String, Place>,
}

#[derive(Debug)]
struct Inner {
    places: BTreeMap<String, Place>,
    saved: Timestamp,
    changed: bool,
}

impl Places {
    /// Reads the places kept in a data folder; none where the file is not there or cannot be read.
    pub fn open(data: &Path) -> Places {
        let file = data.join(PLACES);
        let places = match fs::read(&file) {
            Ok(bytes) => read(&bytes).unwrap_or_else(|| {
                tracing::warn!(file = %file.display(), "how far feeds were read is not legible: they are read from their beginnings");
                BTreeMap::new()
            }),
            Err(_) => BTreeMap::new(),
        };
        Places { file, inner: Mutex::new(Inner { places, saved: Timestamp::MIN, changed: false }) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns where a feed was left.
    pub fn get(&self, path: &Path) -> Option<Place> {
        self.inner().places.get(&name(path)).copied()
    }

    /// Notes how far a feed was read.
    pub fn set(&self, path: &Path, place: Place) {
        let mut inner = self.inner();
        inner.changed |= inner.places.insert(name(path), place) != Some(place);
    }

    /// Writes the file where something has changed: now, or when a second has passed since the last time.
    pub fn save(&self, now: bool) {
        let mut inner = self.inner();
        let at = wall_clock_now();
        let recent = inner.saved != Timestamp::MIN && at.duration_since(inner.saved).abs() < PAUSE;
        if !inner.changed || (recent && !now) {
            return;
        }
        match self.write(&inner.places) {
            Ok(()) => (inner.saved, inner.changed) = (at, false),
            Err(error) => tracing::warn!(%error, "how far feeds were read could not be kept"),
        }
    }

    fn write(&self, places: &BTreeMap<String, Place>) -> std::io::Result<()> {
        let aside = self.file.with_extension("json.new");
        let mut file = private::file(&aside)?;
        file.write_all(&serde_json::to_vec(&Written { format: FORMAT, feeds: places.clone() })?)?;
        file.sync_all()?;
        fs::rename(&aside, &self.file)
    }
}

fn read(bytes: &[u8]) -> Option<BTreeMap<String, Place>> {
    let written = serde_json::from_slice::<Written>(bytes).ok().filter(|written| written.format == FORMAT);
    written.map(|written| written.feeds).or_else(|| serde_json::from_slice(bytes).ok())
}

fn name(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_both_formats_are_read() {
        let first = br#"{"/a.jsonl":{"identity":[1,2],"offset":30,"line":4}}"#;
        let place = read(first).unwrap()["/a.jsonl"];
        assert_eq!(place, Place { identity: (1, 2), offset: 30, line: 4, ..Place::default() });
        let print = super::super::trail::Print::of(b"x");
        let place = Place { head: Some(print), tail: Some(print), changed: Some(7), ..place };
        let written = Written { format: FORMAT, feeds: BTreeMap::from([("/a.jsonl".to_owned(), place)]) };
        assert_eq!(read(&serde_json::to_vec(&written).unwrap()).unwrap()["/a.jsonl"], place);
        assert_eq!(read(b"{\"format\":"), None);
    }
}
