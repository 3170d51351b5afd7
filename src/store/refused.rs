//! Signals that were refused, with the reason: kept until somebody has corrected them, or they are too many.
//!
//! They are in a file of their own beside the journal, because they are no part of it: nothing was decided from them.
//! Each keeper has one connection; whoever asks waits for one short transaction. What is kept may hold personal words, as
//! it was sent: it is for the eyes of whoever may read the store.
//!
//! The oldest go when there are more than a number, or more than [`MOST_BYTES`] in all; how many went is counted.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::engine::store::StoreError;
use crate::store::private;

/// The most text of one refused line that is kept.
pub const LONGEST: usize = 64 << 10;
/// The most text that is kept in all.
pub const MOST_BYTES: u64 = 256 << 20;
const FORMAT: u32 = 1;
/// The file in a data folder.
pub const FILE: &str = "refused.db";

/// A line that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedLine {
    /// When it came.
    pub at: Timestamp,
    /// Which way: `http`, or a feed's name and line.
    pub way: String,
    /// The field at fault; empty where it is the line as a whole.
    pub field: String,
    /// The reason.
    pub reason: String,
    /// The line as it came, cut at [`LONGEST`].
    pub text: String,
}

/// A refused line that is kept, with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its number: never used twice.
    pub number: u64,
    /// The line.
    pub line: RefusedLine,
}

/// Keeps refused lines.
pub trait RefusedStore: Send {
    /// Keeps lines, in order, and returns their numbers. Durable when this returns.
    fn keep(&mut self, lines: &[RefusedLine]) -> Result<Vec<u64>, StoreError>;

    /// Returns lines behind the number `after`, oldest first, at most `limit`.
    fn list(&self, after: u64, limit: usize) -> Result<Vec<Kept>, StoreError>;

    /// Returns one line.
    fn get(&self, number: u64) -> Result<Option<Kept>, StoreError>;

    /// Forgets a line, because it was taken after all or is not wanted. Tells whether it was there.
    fn forget(&mut self, number: u64) -> Result<bool, StoreError>;

    /// Returns how many are kept, and how many went because there were too many.
    fn count(&self) -> Result<(u64, u64), StoreError>;

    /// Sees to it that nothing is left in a log of what was forgotten; tells whether that could be done now.
    fn cut_log(&mut self) -> Result<bool, StoreError>;
}

/// Copies what is kept as it is now, while it is being written; nothing where nothing is kept.
pub fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    if !from.exists() {
        return Ok(());
    }
    let name = to.to_str().ok_or_else(|| StoreError::Failed("the path is no text".into()))?;
    private::ready(to).map_err(unmade)?;
    let connection = Connection::open(from).map_err(failed)?;
    connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(failed)?;
    connection.execute("VACUUM INTO ?1", [name]).map_err(failed)?;
    Ok(())
}

/// Keeps them in SQLite.
#[derive(Debug)]
pub struct RefusedFile {
    connection: Connection,
    most: u64,
    /// How many are kept, and how much text in all: counting anew would read them all.
    lines: u64,
    bytes: u64,
}

impl RefusedFile {
    /// Opens or makes the file at `path`, for at most `most` lines.
    pub fn open(path: &Path, most: u64) -> Result<RefusedFile, StoreError> {
        private::ready(path).map_err(unmade)?;
        let connection = Connection::open(path).map_err(failed)?;
        RefusedFile::with(connection, most)
    }

    fn with(connection: Connection, most: u64) -> Result<RefusedFile, StoreError> {
        connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(failed)?;
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;")
            .map_err(failed)?;
        let found: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
        if found > FORMAT {
            return Err(StoreError::TooNew { what: "refused.db".into(), found, known: FORMAT });
        }
        connection
            .execute_batch(
                "CREATE TABLE IF NOT EXISTS refused (number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL,
                     way TEXT NOT NULL, field TEXT NOT NULL, reason TEXT NOT NULL, line TEXT NOT NULL) STRICT;
                 CREATE TABLE IF NOT EXISTS gone (only INTEGER PRIMARY KEY CHECK (only = 0), count INTEGER NOT NULL) STRICT;
                 INSERT OR IGNORE INTO gone VALUES (0, 0);
                 PRAGMA user_version = 1;",
            )
            .map_err(failed)?;
        let query = "SELECT count(*), coalesce(sum(octet_length(line)), 0) FROM refused";
        let (lines, bytes) = connection.query_row(query, [], two).map_err(failed)?;
        Ok(RefusedFile { connection, most, lines, bytes })
    }

    /// Forgets the oldest: as many as are too many, and a hundredth more, so that this is seldom.
    fn thin_out(&mut self) -> rusqlite::Result<()> {
        let mut gone = self.lines.saturating_sub(self.most);
        if gone > 0 {
            gone += self.most / 100;
        }
        if self.bytes > MOST_BYTES {
            gone = gone.max(self.lines.div_ceil(10));
        }
        let turn = self.connection.transaction()?;
        let delete = "DELETE FROM refused WHERE number IN (SELECT number FROM refused ORDER BY number LIMIT ?1)";
        let gone = turn.execute(delete, [signed(gone)])?;
        turn.execute("UPDATE gone SET count = count + ?1", [signed(gone as u64)])?;
        turn.commit()?;
        self.recount()
    }

    /// Counts what is kept anew, after something was forgotten.
    fn recount(&mut self) -> rusqlite::Result<()> {
        let query = "SELECT count(*), coalesce(sum(octet_length(line)), 0) FROM refused";
        (self.lines, self.bytes) = self.connection.query_row(query, [], two)?;
        Ok(())
    }
}

fn unmade(error: std::io::Error) -> StoreError {
    StoreError::Failed(format!("refused.db: {error}"))
}

fn failed(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => StoreError::Damaged {
            what: "refused.db".into(),
            how: error.to_string(),
            remedy: "It holds only refused signals: move it away to start with an empty one.".into(),
        },
        _ => StoreError::Failed(format!("refused signals cannot be kept: {error}")),
    }
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let at: String = row.get(1)?;
    let line = RefusedLine {
        at: at.parse().unwrap_or(Timestamp::UNIX_EPOCH),
        way: row.get(2)?,
        field: row.get(3)?,
        reason: row.get(4)?,
        text: row.get(5)?,
    };
    Ok(Kept { number: row.get::<_, i64>(0)?.unsigned_abs(), line })
}

/// SQLite's numbers are signed.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn two(row: &Row<'_>) -> rusqlite::Result<(u64, u64)> {
    Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, i64>(1)?.unsigned_abs()))
}

/// Cuts a text at [`LONGEST`], between letters.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

const COLUMNS: &str = "number, at, way, field, reason, line";

impl RefusedStore for RefusedFile {
    fn keep(&mut self, lines: &[RefusedLine]) -> Result<Vec<u64>, StoreError> {
        let keep = |connection: &mut Connection| -> rusqlite::Result<Vec<u64>> {
            let turn = connection.transaction()?;
            let mut numbers = Vec::with_capacity(lines.len());
            {
                let mut insert = turn
                    .prepare_cached("INSERT INTO refused (at, way, field, reason, line) VALUES (?1, ?2, ?3, ?4, ?5)")?;
                for line in lines {
                    let at = line.at.to_string();
                    insert.execute(params![at, line.way, line.field, cut(&line.reason), cut(&line.text)])?;
                    numbers.push(turn.last_insert_rowid() as u64);
                }
            }
            turn.commit()?;
            Ok(numbers)
        };
        let numbers = keep(&mut self.connection).map_err(failed)?;
        self.lines += lines.len() as u64;
        self.bytes += lines.iter().map(|line| cut(&line.text).len() as u64).sum::<u64>();
        if self.lines > self.most || self.bytes > MOST_BYTES {
            self.thin_out().map_err(failed)?;
        }
        Ok(numbers)
    }

    fn list(&self, after: u64, limit: usize) -> Result<Vec<Kept>, StoreError> {
        let list = || -> rusqlite::Result<Vec<Kept>> {
            let query = format!("SELECT {COLUMNS} FROM refused WHERE number > ?1 ORDER BY number LIMIT ?2");
            let mut query = self.connection.prepare_cached(&query)?;
            query.query_map(params![signed(after), signed(limit as u64)], kept)?.collect()
        };
        list().map_err(failed)
    }

    fn get(&self, number: u64) -> Result<Option<Kept>, StoreError> {
        let query = format!("SELECT {COLUMNS} FROM refused WHERE number = ?1");
        self.connection.query_row(&query, [signed(number)], kept).optional().map_err(failed)
    }

    fn forget(&mut self, number: u64) -> Result<bool, StoreError> {
        let Some(kept) = self.get(number)? else { return Ok(false) };
        let gone =
            self.connection.execute("DELETE FROM refused WHERE number = ?1", [signed(number)]).map_err(failed)?;
        self.lines = self.lines.saturating_sub(gone as u64);
        self.bytes = self.bytes.saturating_sub(kept.line.text.len() as u64);
        Ok(gone > 0)
    }

    fn count(&self) -> Result<(u64, u64), StoreError> {
        let query = "SELECT (SELECT count(*) FROM refused), (SELECT count FROM gone)";
        self.connection.query_row(query, [], two).map_err(failed)
    }

    fn cut_log(&mut self) -> Result<bool, StoreError> {
        let cut = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        cut.map(|busy| busy == 0).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> RefusedLine {
        let at = Timestamp::UNIX_EPOCH;
        RefusedLine { at, way: "http".into(), field: "score".into(), reason: "too high".into(), text: text.into() }
    }

    fn texts(store: &RefusedFile) -> Vec<String> {
        store.list(0, 100).unwrap().into_iter().map(|kept| kept.line.text).collect()
    }

    #[test]
    fn refused_lines_are_kept_listed_and_forgotten_and_the_oldest_go_first() {
        let mut store = RefusedFile::with(Connection::open_in_memory().unwrap(), 3).unwrap();
        assert_eq!(store.keep(&[line("a"), line("b")]).unwrap(), [1, 2]);
        assert_eq!(store.get(2).unwrap().unwrap().line, line("b"));
        assert_eq!(store.list(1, 10).unwrap().len(), 1);
        assert!(store.forget(1).unwrap() && !store.forget(1).unwrap());
        assert_eq!(store.keep(&[line("c"), line("d"), line("e")]).unwrap(), [3, 4, 5]);
        assert_eq!(texts(&store), ["c", "d", "e"]);
        assert_eq!(store.count().unwrap(), (3, 1));
    }

    #[test]
    fn long_lines_are_cut_between_letters() {
        let mut store = RefusedFile::with(Connection::open_in_memory().unwrap(), 3).unwrap();
        store.keep(&[line(&format!("x{}", "ą".repeat(LONGEST)))]).unwrap();
        assert_eq!(texts(&store)[0].len(), LONGEST - 1);
    }
}
