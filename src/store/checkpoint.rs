//! Checkpoints as files: the whole state of the engine at one position, in a file of its own.
//!
//! A file says what it is, which format, position and rule set it has, and ends with how long the state is and a SHA-256 of all
//! that comes before. It is written beside its place, piece by piece as the state is written out, synced, renamed, and the
//! folder is synced: there is a whole one or none. Files of the first format have the length at the beginning; they are read.
//! Two are kept, so that a damaged newest one leaves the one before. Left out: when one is due (`daemon::fold`).

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::engine::store::{Draft, Ends, Hash, Saved, StoreError, Vault, WriteState};
use crate::id::Position;
use crate::store::private;

/// How a file begins.
const MAGIC: &[u8; 21] = b"touchline checkpoint\n";
/// The version of the frame; the state within has its own.
const FORMAT: u32 = 2;
/// Magic, format, position, rule set.
const HEADER: usize = MAGIC.len() + 4 + 8 + 16;
const LENGTH: usize = 8;
const SUM: usize = 32;
/// How many are kept.
const KEPT: usize = 2;
const PREFIX: &str = "checkpoint-";
/// How one is called that is written and not kept yet.
const DRAFT: &str = "draft-";

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
            if let Ok(Saved { position, ruleset, mut state }) = self.read(position) {
                there.keep(there.draft(position, ruleset, &mut |mut to| io::copy(&mut state, &mut to).map(drop)))?;
                copied += 1;
            }
        }
        Ok(copied)
    }

    fn path(&self, position: u64) -> PathBuf {
        let path = self.folder.join(name(position));
        if path.exists() { path } else { self.folder.join(HELD).join(name(position)) }
    }

    /// Opens one whose frame is whole and sound, or says what is wrong with it.
    fn read(&self, position: u64) -> Result<Saved, String> {
        let file = File::open(self.path(position)).map_err(|error| error.to_string())?;
        let saved = unframe(file)?;
        match saved.position.0 == position {
            true => Ok(saved),
            false => Err(format!("it is of position {}", saved.position.0)),
        }
    }

    fn draft_of(&self, position: u64) -> PathBuf {
        self.folder.join(format!("{DRAFT}{position:020}"))
    }

    fn write(&self, position: Position, ruleset: Hash, state: WriteState) -> io::Result<()> {
        let file = private::file(&self.draft_of(position.0))?;
        let mut framed = Framed { to: BufWriter::new(file), sum: Sha256::new(), length: 0 };
        framed.write_all(&header(position, ruleset))?;
        framed.length = 0;
        state(&mut framed)?;
        let length = framed.length.to_le_bytes();
        framed.write_all(&length)?;
        let Framed { mut to, sum, .. } = framed;
        to.write_all(&sum.finalize())?;
        to.flush()
    }

    fn make_durable(&self, position: u64) -> io::Result<()> {
        let (draft, path) = (self.draft_of(position), self.folder.join(name(position)));
        File::open(&draft)?.sync_all()?;
        fs::rename(&draft, &path)?;
        File::open(&self.folder)?.sync_all()
    }

    /// Removes what was written and not kept, up to a position: one of a daemon that was killed, or that a newer one has made
    /// needless. One that stays is no harm: it is removed another time.
    fn drop_drafts(&self, upto: u64) {
        let names = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for name in names.filter_map(|entry| entry.file_name().into_string().ok()) {
            let position = name.strip_prefix(DRAFT).and_then(|position| position.parse::<u64>().ok());
            if position.is_some_and(|position| position <= upto) {
                let _ = fs::remove_file(self.folder.join(name));
            }
        }
    }
}

/// Counts and sums up what is written.
struct Framed {
    to: BufWriter<File>,
    sum: Sha256,
    length: u64,
}

impl Write for Framed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.sum.update(&bytes[..written]);
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
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

fn header(position: Position, ruleset: Hash) -> Vec<u8> {
    let mut header = Vec::with_capacity(HEADER);
    header.extend(MAGIC);
    header.extend(FORMAT.to_le_bytes());
    header.extend(position.0.to_le_bytes());
    header.extend(ruleset);
    header
}

/// Sums up the next bytes of a file.
fn summed(file: &mut File, length: u64) -> io::Result<[u8; SUM]> {
    let (mut sum, mut left) = (Sha256::new(), length);
    let mut bytes = vec![0; 1 << 16];
    while left > 0 {
        let some = left.min(bytes.len() as u64) as usize;
        file.read_exact(&mut bytes[..some])?;
        sum.update(&bytes[..some]);
        left -= some as u64;
    }
    Ok(sum.finalize().into())
}

/// Takes a checkpoint out of its frame, or says what is wrong with it. All of the file is read, and none of it kept.
fn unframe(mut file: File) -> Result<Saved, String> {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => "it is cut short".to_owned(),
        _ => error.to_string(),
    };
    let all = file.metadata().map_err(unreadable)?.len();
    let mut header = [0; HEADER];
    let read = file.read_exact(&mut header);
    if !header.starts_with(MAGIC) {
        return Err("it is no checkpoint".into());
    }
    read.map_err(unreadable)?;
    if all < (HEADER + LENGTH + SUM) as u64 {
        return Err("it is cut short".into());
    }
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    let (format, rest) = header[MAGIC.len()..].split_at(4);
    let (position, ruleset) = rest.split_at(8);
    let (position, format) = (number(position), number(format));
    let ruleset = Hash::try_from(ruleset).map_err(|_| "it is cut short")?;
    let body = all - (HEADER + LENGTH + SUM) as u64;
    let (length, state) = match format {
        1 => (HEADER as u64, (HEADER + LENGTH) as u64),
        2 => (HEADER as u64 + body, HEADER as u64),
        _ => return Err(format!("it has format {format}, this version reads formats 1 to {FORMAT}")),
    };
    let mut said = [0; LENGTH];
    file.seek(SeekFrom::Start(length)).and_then(|_| file.read_exact(&mut said)).map_err(unreadable)?;
    if number(&said) != body {
        return Err("it is cut short, or too long".into());
    }
    let sum = file.rewind().and_then(|()| summed(&mut file, all - SUM as u64)).map_err(unreadable)?;
    let mut said = [0; SUM];
    file.read_exact(&mut said).map_err(unreadable)?;
    if sum != said {
        return Err("it is not what was written".into());
    }
    file.seek(SeekFrom::Start(state)).map_err(unreadable)?;
    Ok(Saved { position: Position(position), ruleset, state: Box::new(file.take(body)) })
}

fn failed(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Failed(format!("{}: {error}", path.display()))
}

impl Vault for CheckpointFolder {
    fn draft(&self, position: Position, ruleset: Hash, state: WriteState) -> Draft {
        let written = self.write(position, ruleset, state);
        let failed = |error: io::Error| failed(&self.draft_of(position.0), &error);
        Draft { position, body: written.map(|()| None).map_err(failed) }
    }

    fn keep(&self, draft: Draft) -> Result<(), StoreError> {
        let position = draft.position.0;
        let kept = draft
            .body
            .and_then(|_| self.make_durable(position).map_err(|error| failed(&self.draft_of(position), &error)));
        self.drop_drafts(position);
        kept?;
        let found = found_in(&self.folder)?;
        let older = found.iter().filter(|of| **of <= position).skip(KEPT);
        for position in older {
            fs::remove_file(self.folder.join(name(*position))).map_err(|error| failed(&self.folder, &error))?;
        }
        Ok(())
    }

    fn newest(&self, upto: Position) -> Result<(Option<Saved>, Vec<String>), StoreError> {
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
