//! Mails as `.eml` files: what happens until a server is configured.
//!
//! A file is written beside its place and renamed, so that a name is either absent or a whole mail; writing the same mail
//! again finds it there and changes nothing.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Composed;
use crate::deliver::Tried;
use crate::store::private;

/// A folder that mails are written into.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Takes the folder at `path`; it is made when the first mail is written.
    pub fn new(path: impl Into<PathBuf>) -> Folder {
        Folder { path: path.into() }
    }

    /// Returns where a mail is written: `20260327T163000Z-<outbox id>.eml`.
    pub fn file_of(&self, mail: &Composed) -> PathBuf {
        self.path.join(format!("{}-{}.eml", mail.at().strftime("%Y%m%dT%H%M%SZ"), mail.id()))
    }

    /// Writes one mail.
    pub async fn send(&self, mail: &Composed) -> Tried {
        let (path, bytes) = (self.file_of(mail), mail.bytes().to_vec());
        match tokio::task::spawn_blocking(move || write(&path, &bytes)).await {
            Ok(Ok(())) => Tried::Sent,
            Ok(Err(error)) => Tried::later(format!("the mail could not be written to its folder: {}", error.kind())),
            Err(_) => Tried::later("the mail could not be written: the writer was stopped"),
        }
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if path.try_exists()? {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    private::folder(folder)?;
    // Two that write the same mail at once write the same bytes; the name says it is not a mail yet.
    let beside = path.with_extension("eml.part");
    let mut file = private::file(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    // The rename itself must be on disk before anybody is told that the mail went.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}
