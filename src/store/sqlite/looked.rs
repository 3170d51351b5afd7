//! What people said and did, read from the views: comments, contacts and who silenced what.
//!
//! Left out: keeping the views current (`views`). They may be a moment behind; [`Looked::at`] waits for them.

use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Row, params};

use super::open::explain;
use super::views::{FILE, FORMAT};
use crate::engine::store::StoreError;
use crate::id::Position;

/// How long the views may rest before they follow.
const PAUSE: Duration = Duration::from_millis(20);

/// The views, open for reading.
#[derive(Debug)]
pub struct Looked {
    connection: Connection,
}

/// Something that was said or done, as the views have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Where it stands in the journal.
    pub position: u64,
    /// When.
    pub at: String,
    /// Who; may be empty.
    pub by: String,
    /// Of which case, if any.
    pub case: Option<String>,
    /// What was said; of a contact, the customer.
    pub what: Option<String>,
}

/// What is asked for; nothing where nothing is said of it.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Of this case.
    pub case: Option<String>,
    /// By this person.
    pub by: Option<String>,
    /// With this customer.
    pub customer: Option<String>,
    /// Behind this position.
    pub after: u64,
    /// At most so many.
    pub limit: usize,
}

impl Looked {
    /// Opens the views of a data folder once they have come to `position`, after `patience` at most; nothing where there are
    /// none even then.
    pub fn at(folder: &Path, position: Position, patience: Duration) -> Result<Option<Looked>, StoreError> {
        let mut left = patience;
        loop {
            let looked = Looked::open(folder)?;
            if left.is_zero() || looked.as_ref().is_some_and(|looked| looked.position() >= position) {
                return Ok(looked);
            }
            drop(looked);
            thread::sleep(PAUSE);
            left = left.saturating_sub(PAUSE);
        }
    }

    fn open(folder: &Path) -> Result<Option<Looked>, StoreError> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open_with_flags(&path, flags)?;
            connection.busy_timeout(Duration::from_secs(2))?;
            connection.pragma_update(None, "query_only", true)?;
            Ok(connection)
        };
        let connection = open().map_err(|error| explain(&path, error))?;
        // Until it is made, and where it is of another version, it is none.
        let format = connection.pragma_query_value(None, "user_version", |row| row.get::<_, i32>(0));
        Ok(format.is_ok_and(|format| format == FORMAT).then_some(Looked { connection }))
    }

    fn position(&self) -> Position {
        let at = self.connection.query_row("SELECT position FROM follows", [], |row| row.get::<_, i64>(0));
        Position(at.map_or(0, |at| at as u64))
    }

    /// Returns comments, oldest first.
    pub fn comments(&self, wanted: &Wanted) -> Result<Vec<Said>, StoreError> {
        let sql = "SELECT position, at, commented_by, case_id, text FROM comment WHERE position > ?1 \
                   AND (?2 IS NULL OR case_id = ?2) AND (?3 IS NULL OR commented_by = ?3) ORDER BY position LIMIT ?4";
        self.said(sql, params![wanted.after as i64, wanted.case, wanted.by, wanted.limit as i64])
    }

    /// Returns contacts with customers, oldest first.
    pub fn contacts(&self, wanted: &Wanted) -> Result<Vec<Said>, StoreError> {
        let sql = "SELECT position, at, contacted_by, case_id, customer FROM contact WHERE position > ?1 \
                   AND (?2 IS NULL OR case_id = ?2) AND (?3 IS NULL OR contacted_by = ?3) \
                   AND (?5 IS NULL OR customer = ?5) ORDER BY position LIMIT ?4";
        let limit = wanted.limit as i64;
        self.said(sql, params![wanted.after as i64, wanted.case, wanted.by, limit, wanted.customer])
    }

    /// Returns when and by whom a rule, or all rules, were silenced up to `until`.
    pub fn silence(&self, rule: Option<(&str, &str)>, until: &str) -> Result<Option<(String, String)>, StoreError> {
        let sql = "SELECT at, silenced_by FROM silence WHERE playbook IS ?1 AND rule IS ?2 AND until = ?3 \
                   ORDER BY position DESC LIMIT 1";
        let (playbook, rule) = rule.unzip();
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        let found = statement.query_map(params![playbook, rule, until], |row| Ok((row.get(0)?, row.get(1)?)));
        found.map_err(failed)?.next().transpose().map_err(failed)
    }

    fn said(&self, sql: &str, params: impl rusqlite::Params) -> Result<Vec<Said>, StoreError> {
        let read = |row: &Row| {
            let position = row.get::<_, i64>(0)? as u64;
            Ok(Said { position, at: row.get(1)?, by: row.get(2)?, case: row.get(3)?, what: row.get(4)? })
        };
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        let found = statement.query_map(params, read).map_err(failed)?;
        found.collect::<rusqlite::Result<_>>().map_err(failed)
    }
}

fn failed(error: rusqlite::Error) -> StoreError {
    explain(Path::new(FILE), error)
}
