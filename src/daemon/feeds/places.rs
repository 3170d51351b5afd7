//! How far each feed was read, in a small file beside the store.
//!
//! It is written after the lines are on disk, at most once a second and at the end. Lost or old, some lines are read once
//! more and known as duplicates.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::file::Place;
use crate::clock::wall_clock_now;

/// The file in a data folder.
pub const PLACES: &str = "feeds.json";
const PAUSE: SignedDuration = SignedDuration::from_secs(1);

/// The places of all feeds.
#[derive(Debug)]
pub struct Places {
    file: PathBuf,
    inner: Mutex<Inner>,
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
        let places = fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
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
        let mut file = File::create(&aside)?;
        file.write_all(&serde_json::to_vec(places)?)?;
        file.sync_all()?;
        fs::rename(&aside, &self.file)
    }
}

fn name(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
}
