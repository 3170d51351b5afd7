//! Opening the file: lock, settings, format version with migrations, and the checks for damage.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction};

use super::row::whom;
use crate::engine::store::{Row, StoreError};
use crate::store::private;

/// The file in a data folder.
pub const FILE: &str = "touchline.sqlite";
/// Who holds this lock may write.
const LOCK: &str = "lock";
/// A holder that is just ending is waited for.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(50);
/// `TLJ1`: so that nobody takes another file for a store.
const APPLICATION: i32 = 0x544c_4a31;
/// How long a reader or the writer waits for SQLite's own short locks.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the log waits for a reader before it is cut another time.
const LOG_PATIENCE: Duration = Duration::from_millis(100);

/// What brings a file from each format version to the next. The version of a file is how many of them it has seen. One that
/// was published is never changed: another is added.
const MIGRATIONS: [&str; 4] = [
    include_str!("format_1.sql"),
    include_str!("format_2.sql"),
    include_str!("format_3.sql"),
    include_str!("format_4.sql"),
];
/// The first one whose outbox names the recipient in a column.
const WITH_RECIPIENTS: i32 = 4;

/// Takes the lock of a data folder; it is given back when the file is dropped or the process ends, however it ends.
pub(super) fn lock(folder: &Path) -> Result<File, StoreError> {
    private::folder(folder).map_err(|error| failed(folder, &error))?;
    let path = folder.join(LOCK);
    let file = private::ready(&path).and_then(|()| File::options().write(true).open(&path));
    let file = file.map_err(|error| failed(&path, &error))?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(failed(&path, &error)),
        }
    }
    Err(StoreError::InUse(folder.display().to_string()))
}

/// Opens the file for writing, creates it where it is missing, brings it to this version's format and checks it.
pub(super) fn writer(folder: &Path) -> Result<Connection, StoreError> {
    let path = folder.join(FILE);
    let is_new = !path.exists();
    private::ready(&path).map_err(|error| failed(&path, &error))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&path, flags).map_err(|error| explain(&path, error))?;
    let settings = || -> rusqlite::Result<()> {
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // NORMAL passes every test that kills a process, and loses acknowledged signals when the power goes.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "secure_delete", true)?;
        // In kibibytes. The journal only grows at its end, and the outbox is short.
        connection.pragma_update(None, "cache_size", -4_096)?;
        connection.pragma_update(None, "journal_size_limit", 64 << 20)
    };
    settings().map_err(|error| explain(&path, error))?;
    migrate(&mut connection, &path)?;
    if is_new {
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|error| failed(folder, &error))?;
    } else {
        check(&connection, &path)?;
    }
    Ok(connection)
}

/// Opens the file for reading beside whoever writes it.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    if !path.exists() {
        let say = format!("{} does not exist: is this the folder that `touchline serve` keeps?", path.display());
        return Err(StoreError::Failed(say));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| explain(path, error))?;
    let settings = || -> rusqlite::Result<()> {
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.pragma_update(None, "trusted_schema", false)
    };
    settings().map_err(|error| explain(path, error))?;
    known(&connection, path)?;
    Ok(connection)
}

/// Returns the file's format, or says that it is none of ours or of a later version.
fn known(connection: &Connection, path: &Path) -> Result<usize, StoreError> {
    let read = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let found = read("user_version").map_err(|error| explain(path, error))?;
    let application = read("application_id").map_err(|error| explain(path, error))?;
    let what = || path.display().to_string();
    if found != 0 && application != APPLICATION {
        return Err(damaged(path, "it does not say that it is a store of touchline"));
    }
    match usize::try_from(found) {
        Ok(found) if found <= MIGRATIONS.len() => Ok(found),
        _ => Err(StoreError::TooNew { what: what(), found: found as u32, known: MIGRATIONS.len() as u32 }),
    }
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let found = known(connection, path)?;
    let tables = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = connection.query_row(tables, [], |row| row.get(0)).map_err(|error| explain(path, error))?;
    if found == 0 && tables > 0 {
        return Err(damaged(path, "it has tables and no format version"));
    }
    for (migration, number) in MIGRATIONS.iter().zip(1i32..).skip(found) {
        let step = |connection: &mut Connection| -> rusqlite::Result<()> {
            let transaction = connection.transaction()?;
            transaction.execute_batch(migration)?;
            if number == WITH_RECIPIENTS {
                name_recipients(&transaction)?;
            }
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", number)?;
            transaction.commit()
        };
        step(connection).map_err(|error| explain(path, error))?;
    }
    Ok(())
}

/// Says of every open row for whom it is. One that cannot be read is left as it is: that is said when it is read.
fn name_recipients(transaction: &Transaction) -> rusqlite::Result<()> {
    let mut open = transaction.prepare("SELECT rowid, content FROM outbox WHERE due IS NOT NULL")?;
    let rows = open.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
    for row in rows.collect::<rusqlite::Result<Vec<_>>>()? {
        if let Ok(content) = postcard::from_bytes::<Row>(&row.1) {
            transaction.execute("UPDATE outbox SET whom = ?2 WHERE rowid = ?1", (row.0, whom(&content.to)))?;
        }
    }
    Ok(())
}

/// Writes the log into the file and cuts it to nothing; tells whether it could: not while somebody reads from it. Nobody is
/// waited for longer than a moment, because the writer waits here.
pub(super) fn cut_log(connection: &Connection, path: &Path) -> Result<bool, StoreError> {
    let cut = || -> rusqlite::Result<bool> {
        connection.busy_timeout(LOG_PATIENCE)?;
        let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        connection.busy_timeout(PATIENCE)?;
        Ok(busy? == 0)
    };
    cut().map_err(|error| explain(path, error))
}

/// Looks for damage: the pages of the whole file, and the outbox with its indexes. Rows have sums of their own, which are
/// compared whenever one is read.
fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    for pragma in ["PRAGMA quick_check(1)", "PRAGMA integrity_check(outbox)"] {
        let said = connection.query_row(pragma, [], |row| row.get::<_, String>(0));
        let said = said.map_err(|error| explain(path, error))?;
        if said != "ok" {
            return Err(damaged(path, said.lines().nth(1).unwrap_or(&said)));
        }
    }
    Ok(())
}

/// Says that a file is damaged, and what to do.
pub(super) fn damaged(path: &Path, how: &str) -> StoreError {
    StoreError::Damaged {
        what: path.display().to_string(),
        how: how.to_owned(),
        remedy:
            "Keep the folder as it is for looking into it, put the latest backup (`touchline backup`) in a new one, \
                 and start on that."
                .to_owned(),
    }
}

/// Tells whether the system refused to write at all: the disk is full, or the file must not grow. What was to be written is
/// not there, not even in part. Of anything else that fails while a transaction is committed nobody knows that.
pub(super) fn could_not_write(error: &rusqlite::Error) -> bool {
    let is_write = |error: &rusqlite::ffi::Error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_WRITE;
    error.sqlite_error_code() == Some(ErrorCode::DiskFull) || error.sqlite_error().is_some_and(is_write)
}

/// Turns what SQLite says into what a person can act on.
pub(super) fn explain(path: &Path, error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => damaged(path, &error.to_string()),
        _ if could_not_write(&error) => {
            let (why, until) = match error.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => ("the disk is full".to_owned(), "there is room"),
                _ => (format!("it cannot be written to ({error})"), "it can"),
            };
            let is_store = path.file_name().is_some_and(|name| name == FILE);
            let until = if is_store { format!("; nothing is accepted until {until}") } else { String::new() };
            StoreError::Failed(format!("{}: {why}{until}", path.display()))
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::InUse(path.display().to_string()),
        _ => StoreError::Failed(format!("{}: {error}", path.display())),
    }
}

fn failed(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Failed(format!("{}: {error}", path.display()))
}

/// Returns the file of a data folder.
pub(super) fn file(folder: &Path) -> PathBuf {
    folder.join(FILE)
}
