//! Folders and files for nobody but the account that runs touchline: what customers said stands in them.
//!
//! What is there already keeps the permissions it has: somebody may have given them on purpose. Where the system knows no
//! such permissions, what is made has those of its folder.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

/// Makes a folder, with those above it where they are missing, that only its owner may look into.
pub fn folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes a file that only its owner may read, or empties the one that is there.
pub fn file(path: &Path) -> io::Result<File> {
    options().truncate(true).open(path)
}

/// Sees to it that there is a file that only its owner may read, for a library that opens it by name: an empty one where
/// there is none. What SQLite puts beside a file has the file's permissions.
pub fn ready(path: &Path) -> io::Result<()> {
    options().truncate(false).open(path).map(drop)
}

/// Tells whether others than its owner may look into a folder.
pub fn is_open(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

fn options() -> OpenOptions {
    let mut options = File::options();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
