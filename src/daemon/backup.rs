//! A copy of a data folder while it is being written: a daemon that starts on it goes on from there.
//!
//! The journal is copied as it stands at one moment, by a reader; nobody waits for it. What is beside it is copied in the order
//! that keeps the copy whole: how far feeds were read first (older than the journal, so that lines are read twice and known,
//! never passed over), and checkpoints last, those the copied journal reaches. A copy that broke off is taken away again.
//!
//! Left out: what is built anew (`views.sqlite`), and mails written as files.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::daemon::feeds;
use crate::daemon::reload::kept;
use crate::deliver::gone;
use crate::engine::store::{Ends, Reader, StoreError};
use crate::store::checkpoint::CheckpointFolder;
use crate::store::sqlite::SqliteReader;
use crate::store::{private, refused};

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// How far the copied journal reaches.
    pub ends: Ends,
    /// How many checkpoints are with it.
    pub checkpoints: usize,
    /// How many bytes it is.
    pub bytes: u64,
}

/// Copies the data folder `data` to the folder `to`, which must be new or empty.
pub fn backup(data: &Path, to: &Path) -> Result<Copied, StoreError> {
    // Says what is wrong with `data` before anything is created.
    let reader = SqliteReader::open(data)?;
    let created = make_room(to)?;
    copy(data, &reader, to).inspect_err(|_| {
        // What there is of it is no backup.
        let parts = fs::read_dir(to).into_iter().flatten().flatten().map(|entry| entry.path());
        for part in parts {
            let _ = if part.is_dir() { fs::remove_dir_all(&part) } else { fs::remove_file(&part) };
        }
        if created {
            let _ = fs::remove_dir(to);
        }
    })
}

/// Makes the folder, or finds it empty; tells whether it was made.
fn make_room(to: &Path) -> Result<bool, StoreError> {
    match fs::read_dir(to) {
        Ok(mut entries) => match entries.next() {
            None => Ok(false),
            Some(_) => Err(StoreError::Failed(format!("{} is not empty: name a new folder", to.display()))),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            private::folder(to).map_err(|error| failed(to, &error))?;
            Ok(true)
        }
        Err(error) => Err(failed(to, &error)),
    }
}

fn copy(data: &Path, reader: &SqliteReader, to: &Path) -> Result<Copied, StoreError> {
    for beside in [feeds::PLACES, gone::FILE, kept::FILE, kept::SINCE] {
        let (source, target) = (data.join(beside), to.join(beside));
        if source.exists() {
            fs::copy(&source, &target).map_err(|error| failed(&source, &error))?;
            synced(&target)?;
        }
    }
    reader.copy_to(&to.join(crate::store::sqlite::FILE))?;
    refused::copy(&data.join(refused::FILE), &to.join(refused::FILE))?;
    // What the copy says of itself: the one it was made of has gone on.
    let ends = SqliteReader::open(to)?.ends()?;
    let checkpoints = CheckpointFolder::at(data).copy_to(to, ends)?;
    for folder in [to.join("checkpoints"), to.to_owned()] {
        if folder.exists() {
            synced(&folder)?;
        }
    }
    Ok(Copied { ends, checkpoints, bytes: size(to) })
}

fn synced(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| failed(path, &error))
}

fn size(folder: &Path) -> u64 {
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    let mut bytes = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(about) if about.is_dir() => folders.push(entry.path()),
                Ok(about) => bytes += about.len(),
                Err(_) => {}
            }
        }
    }
    bytes
}

fn failed(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Failed(format!("{}: {error}", path.display()))
}
