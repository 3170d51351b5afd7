//! Checkpoints as files: the whole state of the engine at one position, in a file of its own.
//!
//! A file says what it is, which format, position and rule set it has and how long it is, and ends with a SHA-256 of all of
//! that and the state. It is written beside its place, synced, renamed, and the folder is synced: there is a whole one or none.
//! Two are kept, so that a damaged newest one leaves the one before. Left out: when one is due (`daemon::fold`).

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::engine::store::{Checkpoint, Ends, Hash, StoreError, Vault};
use crate::id::Position;
use crate::store::private;

/// How a file begins.
const MAGIC: &[u8; 21] = b"touchline checkpoint\n";
/// The version of the frame; the state within has its own.
const FORMAT: u32 = 1;
/// Magic, format, position, rule set, length.
const HEADER: usize = MAGIC.len() + 4 + 8 + 16 + 8;
const SUM: usize = 32;
/// How many are kept.
const KEPT: usize = 2;
const PREFIX: &str = "checkpoint-";

/// Where those are that are held on to for the history.
const HELD: &str = "history";

/// The folder that checkpoints are kept in.
#[derive(Clone, Debug)]
pub struct CheckpointFolder {
    folder: PathBuf,
}

impl CheckpointFolder {
    /// Returns the checkpoints of a data folder, which is created where it is missing.
    pub fn open(data: &Path) -> Result<CheckpointFolder, StoreError> {
        let folder = data.join("checkpoints");
        private::folder(&folder).map_err(|error| failed(&folder, &error))?;
        Ok(CheckpointFolder { folder })
    }

    /// Returns the checkpoints of a data folder for reading: nothing is created.
    pub fn at(data: &Path) -> CheckpointFolder {
        CheckpointFolder { folder: data.join("checkpoints") }
    }

    /// Holds on to a checkpoint, however many newer ones come.
    pub fn hold(&self, position: Position) -> Result<(), StoreError> {
        let held = self.folder.join(HELD);
        let (from, to) = (self.folder.join(name(position.0)), held.join(name(position.0)));
        let hold = || -> io::Result<()> {
            private::folder(&held)?;
            // The same file under another name, where the disk can do that.
            fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(drop))?;
            File::open(&held)?.sync_all()
        };
        if to.exists() { Ok(()) } else { hold().map_err(|error| failed(&to, &error)) }
    }

    /// Holds on to a checkpoint no longer.
    pub fn let_go(&self, position: Position) -> Result<(), StoreError> {
        let path = self.folder.join(HELD).join(name(position.0));
        fs::remove_file(&path).map_err(|error| failed(&path, &error))
    }

    /// Forgets every checkpoint before `position`, those included that are held on to for the history.
    pub fn forget_before(&self, position: Position) -> Result<(), StoreError> {
        for folder in [self.folder.clone(), self.folder.join(HELD)] {
            let old = found_in(&folder)?.into_iter().filter(|at| *at < position.0);
            let mut any = false;
            for at in old {
                fs::remove_file(folder.join(name(at))).map_err(|error| failed(&folder, &error))?;
                any = true;
            }
            if any {
                File::open(&folder).and_then(|folder| folder.sync_all()).map_err(|error| failed(&folder, &error))?;
            }
        }
        Ok(())
    }

    /// Returns the positions of those that are held on to, oldest first.
    pub fn held(&self) -> Result<Vec<Position>, StoreError> {
        let mut held = found_in(&self.folder.join(HELD))?;
        held.sort_unstable();
        Ok(held.into_iter().map(Position).collect())
    }

    /// Returns the positions of what is there, newest first.
    fn found(&self) -> Result<Vec<u64>, StoreError> {
        let mut found = found_in(&self.folder)?;
        found.extend(found_in(&self.folder.join(HELD))?);
        found.sort_unstable_by(|one, other| other.cmp(one));
        found.dedup();
        Ok(found)
    }

    /// Copies the checkpoints that a journal with these ends can go on from into another data folder. Returns how many. One
    /// that goes away meanwhile, because newer ones came, is not missed.
    pub fn copy_to(&self, data: &Path, ends: Ends) -> Result<usize, StoreError> {
        let there = CheckpointFolder::open(data)?;
        let mut copied = 0;
        for position in self.found()?.into_iter().filter(|at| (ends.trimmed.0..=ends.cursor.0).contains(at)) {
            if let Ok(checkpoint) = self.read(position) {
                there.write(&checkpoint).map_err(|error| failed(&there.path(position), &error))?;
                copied += 1;
            }
        }
        Ok(copied)
    }

    fn path(&self, position: u64) -> PathBuf {
        let path = self.folder.join(name(position));
        if path.exists() { path } else { self.folder.join(HELD).join(name(position)) }
    }

    fn read(&self, position: u64) -> Result<Checkpoint, String> {
        let bytes = fs::read(self.path(position)).map_err(|error| error.to_string())?;
        let checkpoint = unframe(&bytes)?;
        match checkpoint.position.0 == position {
            true => Ok(checkpoint),
            false => Err(format!("it is of position {}", checkpoint.position.0)),
        }
    }

    fn write(&self, checkpoint: &Checkpoint) -> io::Result<()> {
        let (path, aside) = (self.folder.join(name(checkpoint.position.0)), self.folder.join("next"));
        let mut file = private::file(&aside)?;
        let header = header(checkpoint);
        let sum = Sha256::new().chain_update(&header).chain_update(&checkpoint.state).finalize();
        file.write_all(&header)?;
        file.write_all(&checkpoint.state)?;
        file.write_all(&sum)?;
        file.sync_all()?;
        fs::rename(&aside, &path)?;
        File::open(&self.folder)?.sync_all()
    }
}

fn name(position: u64) -> String {
    format!("{PREFIX}{position:020}")
}

/// Returns the positions of the checkpoints in one folder, newest first; none where there is no such folder.
fn found_in(folder: &Path) -> Result<Vec<u64>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
        entries => entries.map_err(|error| failed(folder, &error))?,
    };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut found: Vec<u64> = names.filter_map(|name| name.strip_prefix(PREFIX)?.parse().ok()).collect();
    found.sort_unstable_by(|one, other| other.cmp(one));
    Ok(found)
}

fn header(checkpoint: &Checkpoint) -> Vec<u8> {
    let mut header = Vec::with_capacity(HEADER);
    header.extend(MAGIC);
    header.extend(FORMAT.to_le_bytes());
    header.extend(checkpoint.position.0.to_le_bytes());
    header.extend(checkpoint.ruleset);
    header.extend((checkpoint.state.len() as u64).to_le_bytes());
    header
}

/// Takes a checkpoint out of its frame, or says what is wrong with it.
fn unframe(bytes: &[u8]) -> Result<Checkpoint, String> {
    let rest = bytes.strip_prefix(MAGIC).ok_or("it is no checkpoint")?;
    if bytes.len() < HEADER + SUM {
        return Err("it is cut short".into());
    }
    let (format, rest) = rest.split_at(4);
    let (position, rest) = rest.split_at(8);
    let (ruleset, rest) = rest.split_at(16);
    let (length, rest) = rest.split_at(8);
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    if number(format) != u64::from(FORMAT) {
        return Err(format!("it has format {}, this version reads format {FORMAT}", number(format)));
    }
    if number(length) != (rest.len() - SUM) as u64 {
        return Err("it is cut short, or too long".into());
    }
    let (state, sum) = rest.split_at(rest.len() - SUM);
    if Sha256::digest(&bytes[..bytes.len() - SUM])[..] != *sum {
        return Err("it is not what was written".into());
    }
    let hash = Hash::try_from(ruleset).map_err(|_| "it is cut short")?;
    Ok(Checkpoint { position: Position(number(position)), ruleset: hash, state: state.to_vec() })
}

fn failed(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Failed(format!("{}: {error}", path.display()))
}

impl Vault for CheckpointFolder {
    fn keep(&self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        self.write(checkpoint).map_err(|error| failed(&self.path(checkpoint.position.0), &error))?;
        let found = found_in(&self.folder)?;
        let older = found.iter().filter(|position| **position <= checkpoint.position.0).skip(KEPT);
        for position in older {
            fs::remove_file(self.folder.join(name(*position))).map_err(|error| failed(&self.folder, &error))?;
        }
        Ok(())
    }

    fn newest(&self, upto: Position) -> Result<(Option<Checkpoint>, Vec<String>), StoreError> {
        let mut damaged = Vec::new();
        for position in self.found()?.into_iter().filter(|position| *position <= upto.0) {
            match self.read(position) {
                Ok(checkpoint) => return Ok((Some(checkpoint), damaged)),
                Err(how) => damaged.push(format!("{}: {how}", self.path(position).display())),
            }
        }
        Ok((None, damaged))
    }

    fn positions(&self) -> Result<Vec<Position>, StoreError> {
        Ok(self.found()?.into_iter().rev().map(Position).collect())
    }
}
