//! The store on disk: one SQLite file in WAL mode with `synchronous=FULL`, one writer, any number of readers.
//!
//! A turn is one transaction. Whatever decides anything carries a sum of its own, and pages are checked when the file is
//! opened: damage ends in a message, never in a decision. A damaged message of the outbox is left out and noted (`harm`). What that cannot tell from a crash is a log whose tail is damaged:
//! SQLite reads the log up to its first bad frame. A checkpoint that lies beyond the journal's end gives that away
//! (`daemon::start`). Left out: checkpoints, which are files of their own (`store::checkpoint`).

mod erasure;
mod harm;
pub mod looked;
mod open;
mod row;
pub mod views;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{
    CachedStatement, Connection, OptionalExtension, Params, ToSql, Transaction, TransactionBehavior, params,
};

use crate::engine::effect::Effect;
use crate::engine::record::Record;
use crate::engine::store::{
    Change, Committed, Ends, Epoch, Erasure, Folded, Harmed, Hash, Inspected, Kind, Reader, Rewrite, Row, RowId,
    RowState, RuleSources, SetAside, Store, StoreError, Turn, Version,
};
use crate::id::{EffectId, Position, RuleId};
use crate::store::sqlite::open::{could_not_write, damaged, explain};
use crate::store::sqlite::row::{
    Columns, OUTBOX, file_hash, from_bytes, instant, kind_number, placed, raw_row, sound, state_number, sum, to_bytes,
    whom,
};
use crate::store::{ends_after, follows, private};
use crate::value::Str;

pub use harm::Harm;
pub use open::FILE;

/// The one who writes. Holds the folder's lock as long as it lives.
#[derive(Debug)]
pub struct SqliteStore {
    file: SqliteReader,
    _lock: File,
}

/// A reader with a connection of its own.
#[derive(Debug)]
pub struct SqliteReader {
    path: PathBuf,
    connection: Connection,
    /// What was found damaged: by all readers of one store.
    harm: Arc<Harm>,
}

/// A version as it is written: its files by hash.
#[derive(serde::Serialize, serde::Deserialize)]
struct WrittenVersion {
    from: Position,
    at: Option<Timestamp>,
    hash: Hash,
    files: Vec<(Str, Hash)>,
    kept: Option<(Hash, Vec<RuleId>)>,
}

impl SqliteStore {
    /// Opens the store of a data folder, which is created where it is missing. Refused while somebody else holds it.
    pub fn open(folder: &Path) -> Result<SqliteStore, StoreError> {
        let lock = open::lock(folder)?;
        let connection = open::writer(folder)?;
        let file = SqliteReader { path: open::file(folder), connection, harm: Arc::default() };
        Ok(SqliteStore { file, _lock: lock })
    }

    /// Returns what was found damaged so far, by this and all readers that come from it.
    pub fn harm(&self) -> Arc<Harm> {
        self.file.harm.clone()
    }

    /// Runs `work` in one transaction that sees no other; it is committed where `work` says so.
    fn transact<T>(
        &mut self,
        work: impl FnOnce(&Transaction, &Path) -> Result<Option<T>, StoreError>,
    ) -> Result<Transacted<T>, StoreError> {
        let SqliteReader { path, connection, .. } = &mut self.file;
        let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = begun.map_err(|error| explain(path, error))?;
        let Some(done) = work(&transaction, path)? else { return Ok(Transacted::RolledBack) };
        match transaction.commit() {
            Ok(()) => Ok(Transacted::Done(done)),
            // What says that a transaction counts is written last: it is not there.
            Err(error) if could_not_write(&error) => Err(explain(path, error)),
            Err(error) => {
                tracing::error!(%error, "nobody knows whether a turn was written");
                Ok(Transacted::Unknown)
            }
        }
    }
}

enum Transacted<T> {
    Done(T),
    RolledBack,
    Unknown,
}

impl SqliteReader {
    /// Opens the store of a data folder for reading, whether or not somebody writes it.
    pub fn open(folder: &Path) -> Result<SqliteReader, StoreError> {
        SqliteReader::at(open::file(folder), Arc::default())
    }

    fn at(path: PathBuf, harm: Arc<Harm>) -> Result<SqliteReader, StoreError> {
        let connection = open::reader(&path)?;
        Ok(SqliteReader { path, connection, harm })
    }

    /// Writes a copy of the whole file as it is now, while it is being written, to a file that is not there yet.
    pub fn copy_to(&self, to: &Path) -> Result<(), StoreError> {
        if to.exists() {
            return Err(StoreError::Failed(format!("{} is there already: name a new folder", to.display())));
        }
        let name = to.to_str().ok_or_else(|| StoreError::Failed("the path is no text".into()))?;
        private::ready(to).map_err(|error| StoreError::Failed(format!("{}: {error}", to.display())))?;
        let copy = || -> rusqlite::Result<()> {
            // It writes another file and not this one.
            self.connection.pragma_update(None, "query_only", false)?;
            let copied = self.connection.execute("VACUUM INTO ?1", [name]);
            self.connection.pragma_update(None, "query_only", true)?;
            copied.map(|_| ())
        };
        copy().map_err(|error| explain(&self.path, error))?;
        let synced = File::open(to).and_then(|file| file.sync_all());
        synced.map_err(|error| StoreError::Failed(format!("{}: {error}", to.display())))
    }

    fn statement(&self, sql: &str) -> Result<CachedStatement<'_>, StoreError> {
        self.connection.prepare_cached(sql).map_err(|error| explain(&self.path, error))
    }

    /// Returns the sound contents of rows of `table` with their places.
    fn contents(&self, table: &str, sql: &str, params: impl Params) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        let mut statement = self.statement(sql)?;
        let rows = statement.query_map(params, placed).map_err(|error| explain(&self.path, error))?;
        let mut found = Vec::new();
        for row in rows {
            let row = row.map_err(|error| explain(&self.path, error))?;
            let place = row.0;
            let content = sound(&self.path, table, row);
            if content.is_err() {
                self.harm.note_row(table, place);
            }
            found.push((place, content?));
        }
        Ok(found)
    }

    /// Returns sound rows of the outbox, at most `limit`; how many are read is the last parameter of `sql`. A damaged one is
    /// noted and left out: it holds up no other.
    fn outbox_rows(&self, sql: &str, params: &[&dyn ToSql], limit: usize) -> Result<Vec<Row>, StoreError> {
        loop {
            let room = limit.saturating_add(self.harm.messages()).min(1 << 60);
            let (written, mut rows) = (room as i64, Vec::new());
            let params: Vec<&dyn ToSql> = params.iter().copied().chain([&written as &dyn ToSql]).collect();
            let mut statement = self.statement(sql)?;
            let found = statement.query_map(params.as_slice(), raw_row).map_err(|error| explain(&self.path, error))?;
            let mut read = 0;
            for row in found {
                rows.extend(self.harm.sound(&self.path, row.map_err(|error| explain(&self.path, error))?)?);
                read += 1;
            }
            if rows.len() >= limit || read < room {
                rows.truncate(limit);
                return Ok(rows);
            }
            // Damaged ones that nobody knew of took the place of others.
        }
    }

    fn file_content(&self, hash: &Hash) -> Result<Vec<u8>, StoreError> {
        let mut statement = self.statement("SELECT content FROM file WHERE hash = ?1")?;
        let found = statement.query_row([hash.as_slice()], |row| row.get::<_, Vec<u8>>(0)).optional();
        let content = found.map_err(|error| explain(&self.path, error))?;
        let sound = content.filter(|content| file_hash(content) == *hash);
        sound.ok_or_else(|| damaged(&self.path, "a file of a rule set is not what was written"))
    }

    /// Runs `read` on one state of the file, whatever is written meanwhile.
    fn at_once<T>(&self, read: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        if !self.connection.is_autocommit() {
            return read();
        }
        let transaction = self.connection.unchecked_transaction().map_err(|error| explain(&self.path, error))?;
        let found = read();
        drop(transaction);
        found
    }
}

fn ends_of(connection: &Connection, path: &Path) -> Result<Ends, StoreError> {
    let statement = connection.prepare_cached("SELECT one, ends, sum FROM ends");
    let found = statement.and_then(|mut statement| statement.query_row([], placed).optional());
    match found.map_err(|error| explain(path, error))? {
        None => Ok(Ends::default()),
        Some(row) => from_bytes(path, "ends", &sound(path, "ends", row)?),
    }
}

fn write_ends(transaction: &Transaction, path: &Path, ends: &Ends) -> Result<(), StoreError> {
    let content = to_bytes(ends);
    let sql = "INSERT OR REPLACE INTO ends(one, ends, sum) VALUES (1, ?1, ?2)";
    execute(transaction, path, sql, params![content, sum("ends", &[1], &content)]).map(drop)
}

fn execute(transaction: &Transaction, path: &Path, sql: &str, params: impl Params) -> Result<usize, StoreError> {
    let done = transaction.prepare_cached(sql).and_then(|mut statement| statement.execute(params));
    done.map_err(|error| explain(path, error))
}

/// Inserts a row of (place, content, sum).
fn insert(transaction: &Transaction, path: &Path, table: &str, place: i64, content: &[u8]) -> Result<(), StoreError> {
    let sql = match table {
        "journal" => "INSERT INTO journal(position, record, sum) VALUES (?1, ?2, ?3)",
        "effect" => "INSERT INTO effect(position, effects, sum) VALUES (?1, ?2, ?3)",
        "version" => "INSERT INTO version(number, version, sum) VALUES (?1, ?2, ?3)",
        _ => "INSERT OR REPLACE INTO set_aside(position, input, sum) VALUES (?1, ?2, ?3)",
    };
    execute(transaction, path, sql, params![place, content, sum(table, &[place], content)]).map(drop)
}

fn write_version(transaction: &Transaction, path: &Path, version: &Version) -> Result<(), StoreError> {
    let mut files = Vec::new();
    for (name, content) in &version.sources.files {
        let hash = file_hash(content);
        let sql = "INSERT OR IGNORE INTO file(hash, content) VALUES (?1, ?2)";
        execute(transaction, path, sql, params![hash.as_slice(), content])?;
        files.push((name.clone(), hash));
    }
    let Version { from, at, hash, sources } = version;
    let written = WrittenVersion { from: *from, at: *at, hash: *hash, files, kept: sources.kept.clone() };
    let next = transaction.query_row("SELECT coalesce(max(number), 0) + 1 FROM version", [], |row| row.get(0));
    let next = next.map_err(|error| explain(path, error))?;
    insert(transaction, path, "version", next, &to_bytes(&written))
}

fn write_folded(transaction: &Transaction, path: &Path, folded: &Folded) -> Result<(), StoreError> {
    for (position, effects) in &folded.effects {
        insert(transaction, path, "effect", position.0 as i64, &to_bytes(effects))?;
    }
    folded.rows.iter().try_for_each(|row| insert_row(transaction, path, row))
}

/// Inserts a row of the outbox. One that is there already stays as it is.
fn insert_row(transaction: &Transaction, path: &Path, row: &Row) -> Result<(), StoreError> {
    let sql = "INSERT INTO outbox(effect, recipient, state, kind, due, decided, content, sum, whom) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (effect, recipient) DO NOTHING";
    let of = Columns::of(row);
    let id = (row.id.effect.0, row.id.recipient);
    let to = whom(&row.to);
    let values = params![id.0.as_slice(), id.1, of.state, of.kind, of.due, of.decided, of.content, of.sum, to];
    execute(transaction, path, sql, values).map(drop)
}

/// Changes the rows of an effect, or one of them, by `change`; it says whether it changed anything. A damaged row is noted
/// and stays as it is.
fn change_rows(
    transaction: &Transaction,
    (path, harm): (&Path, &Harm),
    effect: EffectId,
    recipient: Option<u32>,
    change: impl Fn(&mut Row) -> bool,
) -> Result<(), StoreError> {
    let sql = format!("SELECT {OUTBOX} FROM outbox WHERE effect = ?1 AND (?2 IS NULL OR recipient = ?2)");
    let read = |sql: &str| -> rusqlite::Result<Vec<_>> {
        transaction.prepare_cached(sql)?.query_map(params![effect.0.as_slice(), recipient], raw_row)?.collect()
    };
    for raw in read(&sql).map_err(|error| explain(path, error))? {
        let Some(mut row) = harm.sound(path, raw)? else { continue };
        if change(&mut row) {
            let of = Columns::of(&row);
            let sql = "UPDATE outbox SET state = ?3, due = ?4, content = ?5, sum = ?6, whom = ?7 \
                       WHERE effect = ?1 AND recipient = ?2";
            let id = (effect.0.as_slice(), row.id.recipient);
            execute(transaction, path, sql, params![id.0, id.1, of.state, of.due, of.content, of.sum, whom(&row.to)])?;
        }
    }
    Ok(())
}

fn write_turn(transaction: &Transaction, path: &Path, harm: &Harm, turn: &Turn) -> Result<(), StoreError> {
    for record in &turn.records {
        insert(transaction, path, "journal", record.position.0 as i64, &record.to_bytes())?;
    }
    erasure::note(transaction, path, &turn.records)?;
    for version in &turn.versions {
        write_version(transaction, path, version)?;
    }
    for set_aside in &turn.set_aside {
        insert(transaction, path, "set_aside", set_aside.position.0 as i64, &to_bytes(set_aside))?;
    }
    if let Some(folded) = &turn.folded {
        write_folded(transaction, path, folded)?;
    }
    for (id, change) in &turn.outbox {
        let change: &Change = change;
        change_rows(transaction, (path, harm), id.effect, Some(id.recipient), |row| row.apply(change))?;
    }
    for effect in turn.folded.as_ref().map(|folded| &folded.withdrawn).into_iter().flatten() {
        change_rows(transaction, (path, harm), *effect, None, Row::withdraw)?;
    }
    Ok(())
}

impl Reader for SqliteReader {
    fn reader(&self) -> Result<Box<dyn Reader>, StoreError> {
        Ok(Box::new(SqliteReader::at(self.path.clone(), self.harm.clone())?))
    }

    fn ends(&self) -> Result<Ends, StoreError> {
        ends_of(&self.connection, &self.path)
    }

    fn records(&self, from: Position, limit: usize) -> Result<Vec<Record>, StoreError> {
        let (ends, rows) = self.at_once(|| {
            let sql = "SELECT position, record, sum FROM journal WHERE position >= ?1 ORDER BY position LIMIT ?2";
            let rows = self.contents("journal", sql, params![from.0 as i64, limit as i64])?;
            Ok((self.ends()?, rows))
        })?;
        // Every input from the oldest kept one to the latest is there: a hole is damage.
        let first = from.0.max(ends.trimmed.0 + 1);
        let expected = (first..=ends.last.0).take(limit);
        if !rows.iter().map(|(position, _)| *position as u64).eq(expected) {
            return Err(damaged(&self.path, "inputs are missing in the journal"));
        }
        let read = |(_, bytes): &(i64, Vec<u8>)| {
            let record = Record::from_bytes(bytes);
            record.map_err(|error| damaged(&self.path, &error.to_string()))
        };
        rows.iter().map(read).collect()
    }

    fn effects(&self, from: Position, limit: usize) -> Result<Vec<(Position, Vec<Effect>)>, StoreError> {
        let sql = "SELECT position, effects, sum FROM effect WHERE position >= ?1 ORDER BY position LIMIT ?2";
        let rows = self.contents("effect", sql, params![from.0 as i64, limit as i64])?;
        let read = |(position, bytes): (i64, Vec<u8>)| {
            Ok((Position(position as u64), from_bytes(&self.path, "effect", &bytes)?))
        };
        rows.into_iter().map(read).collect()
    }

    fn versions(&self) -> Result<Vec<Version>, StoreError> {
        self.at_once(|| {
            let rows = self.contents("version", "SELECT number, version, sum FROM version ORDER BY number", [])?;
            let mut versions = Vec::new();
            for (_, bytes) in rows {
                let WrittenVersion { from, at, hash, files, kept } = from_bytes(&self.path, "version", &bytes)?;
                let mut contents = Vec::new();
                for (name, file) in files {
                    contents.push((name, self.file_content(&file)?));
                }
                versions.push(Version { from, at, hash, sources: RuleSources { files: contents, kept } });
            }
            Ok(versions)
        })
    }

    fn set_aside(&self) -> Result<Vec<SetAside>, StoreError> {
        let rows = self.contents("set_aside", "SELECT position, input, sum FROM set_aside ORDER BY position", [])?;
        rows.iter().map(|(_, bytes)| from_bytes(&self.path, "set_aside", bytes)).collect()
    }

    fn erasures(&self) -> Result<Vec<Erasure>, StoreError> {
        erasure::all(self)
    }

    fn due(&self, now: Timestamp, kind: Option<Kind>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let sql = format!(
            "SELECT {OUTBOX} FROM outbox WHERE due <= ?1 AND (?2 IS NULL OR kind = ?2) \
             ORDER BY due, effect, recipient LIMIT ?3"
        );
        let mut rows = self.outbox_rows(&sql, params![instant(now), kind.map(kind_number)], limit)?;
        // The column is in microseconds.
        rows.retain(|row| row.is_due(now));
        Ok(rows)
    }

    fn due_for_each(
        &self,
        now: Timestamp,
        kind: Kind,
        except: &BTreeSet<Str>,
        (each, limit): (usize, usize),
    ) -> Result<Vec<Row>, StoreError> {
        let except: BTreeSet<i64> = except.iter().map(|to| whom(to)).collect();
        let (kind, until) = (kind_number(kind), instant(now));
        let failed = |error| explain(&self.path, error);
        let sql = format!(
            "SELECT {OUTBOX} FROM outbox WHERE kind = ?1 AND whom = ?2 AND due <= ?3 ORDER BY due, effect, recipient \
             LIMIT ?4"
        );
        self.at_once(|| {
            let longest = "SELECT whom FROM recipient WHERE kind = ?1 AND due <= ?2 ORDER BY due, whom";
            let mut longest = self.statement(longest)?;
            let mut longest = longest.query([kind, until]).map_err(failed)?;
            let mut found = Vec::new();
            while let Some(row) = longest.next().map_err(failed)?.filter(|_| found.len() < limit) {
                let whom: i64 = row.get(0).map_err(failed)?;
                if !except.contains(&whom) {
                    found.extend(self.outbox_rows(&sql, params![kind, whom, until], each)?);
                }
            }
            found.retain(|row| row.is_due(now));
            found.sort_by_key(|row| (row.due(), row.id));
            Ok(found)
        })
    }

    fn count(&self, state: RowState) -> Result<u64, StoreError> {
        // Each has an index of its own, which has to be asked for by its very words.
        let only = match state {
            RowState::Dead => "state = 3",
            state if state.is_final() => "due IS NULL",
            _ => "due IS NOT NULL",
        };
        let sql = format!("SELECT count(*) FROM outbox WHERE state = ?1 AND {only}");
        let count = self.statement(&sql)?.query_row([state_number(state)], |row| row.get::<_, i64>(0));
        count.map(|count| count as u64).map_err(|error| explain(&self.path, error))
    }

    fn oldest_waiting(&self) -> Result<Option<Timestamp>, StoreError> {
        let [waiting, leased] =
            [RowState::Waiting, RowState::Leased { until: Timestamp::UNIX_EPOCH }].map(state_number);
        if self.harm.messages() > 0 {
            // The columns of a damaged one mean nothing: it waits for a person.
            let sql = format!(
                "SELECT {OUTBOX} FROM outbox WHERE state IN (?1, ?2) AND due IS NOT NULL ORDER BY decided LIMIT ?3"
            );
            let rows = self.outbox_rows(&sql, params![waiting, leased], 1)?;
            return Ok(rows.first().map(|row| row.effect.at));
        }
        let sql = "SELECT decided FROM outbox WHERE state IN (?1, ?2) AND due IS NOT NULL ORDER BY decided LIMIT 1";
        let mut statement = self.statement(sql)?;
        let oldest = statement.query_row([waiting, leased], |row| row.get::<_, i64>(0)).optional();
        let oldest = oldest.map_err(|error| explain(&self.path, error))?;
        Ok(oldest.and_then(|oldest| Timestamp::from_microsecond(oldest).ok()))
    }

    fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = format!("SELECT {OUTBOX} FROM outbox WHERE due IS NOT NULL ORDER BY due LIMIT ?1");
        Ok(self.outbox_rows(&sql, &[], 1)?.first().and_then(Row::due))
    }

    fn rows(&self, effect: EffectId) -> Result<Vec<Row>, StoreError> {
        let sql = format!("SELECT {OUTBOX} FROM outbox WHERE effect = ?1 ORDER BY recipient LIMIT ?2");
        self.outbox_rows(&sql, params![effect.0.as_slice()], usize::MAX)
    }

    fn outbox(&self, after: Option<RowId>, state: Option<RowState>, limit: usize) -> Result<Vec<Row>, StoreError> {
        // Dead ones have an index of their own, which has to be asked for by its very words.
        let dead = if state == Some(RowState::Dead) { "AND state = 3" } else { "" };
        let sql = format!(
            "SELECT {OUTBOX} FROM outbox WHERE (effect, recipient) > (?1, ?2) AND (?3 IS NULL OR state = ?3) {dead} \
             ORDER BY effect, recipient LIMIT ?4"
        );
        // Before every effect stands the empty blob.
        let effect = after.map_or(vec![], |after| after.effect.0.to_vec());
        let recipient = after.map_or(0, |after| after.recipient);
        self.outbox_rows(&sql, params![effect, recipient, state.map(state_number)], limit)
    }

    fn harmed(&self) -> Result<Vec<Harmed>, StoreError> {
        harm::still(self)
    }

    fn inspect(&self, from: Inspected, limit: usize) -> Result<Option<Inspected>, StoreError> {
        harm::inspect(self, from, limit)
    }
}

impl Reader for SqliteStore {
    fn reader(&self) -> Result<Box<dyn Reader>, StoreError> {
        self.file.reader()
    }

    fn ends(&self) -> Result<Ends, StoreError> {
        self.file.ends()
    }

    fn records(&self, from: Position, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.file.records(from, limit)
    }

    fn effects(&self, from: Position, limit: usize) -> Result<Vec<(Position, Vec<Effect>)>, StoreError> {
        self.file.effects(from, limit)
    }

    fn versions(&self) -> Result<Vec<Version>, StoreError> {
        self.file.versions()
    }

    fn set_aside(&self) -> Result<Vec<SetAside>, StoreError> {
        self.file.set_aside()
    }

    fn erasures(&self) -> Result<Vec<Erasure>, StoreError> {
        self.file.erasures()
    }

    fn due(&self, now: Timestamp, kind: Option<Kind>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.file.due(now, kind, limit)
    }

    fn due_for_each(
        &self,
        now: Timestamp,
        kind: Kind,
        except: &BTreeSet<Str>,
        most: (usize, usize),
    ) -> Result<Vec<Row>, StoreError> {
        self.file.due_for_each(now, kind, except, most)
    }

    fn count(&self, state: RowState) -> Result<u64, StoreError> {
        self.file.count(state)
    }

    fn oldest_waiting(&self) -> Result<Option<Timestamp>, StoreError> {
        self.file.oldest_waiting()
    }

    fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.file.next_due()
    }

    fn rows(&self, effect: EffectId) -> Result<Vec<Row>, StoreError> {
        self.file.rows(effect)
    }

    fn outbox(&self, after: Option<RowId>, state: Option<RowState>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.file.outbox(after, state, limit)
    }

    fn harmed(&self) -> Result<Vec<Harmed>, StoreError> {
        self.file.harmed()
    }

    fn inspect(&self, from: Inspected, limit: usize) -> Result<Option<Inspected>, StoreError> {
        self.file.inspect(from, limit)
    }
}

impl Store for SqliteStore {
    fn acquire(&mut self) -> Result<Epoch, StoreError> {
        let taken = self.transact(|transaction, path| {
            let mut ends = ends_of(transaction, path)?;
            ends.epoch.0 += 1;
            write_ends(transaction, path, &ends)?;
            Ok(Some(ends.epoch))
        })?;
        match taken {
            Transacted::Done(epoch) => Ok(epoch),
            _ => Err(StoreError::Failed(format!("{}: it could not be taken over", self.file.path.display()))),
        }
    }

    fn write(&mut self, epoch: Epoch, turn: &Turn) -> Result<Committed, StoreError> {
        let harm = self.harm();
        let written = self.transact(|transaction, path| {
            let ends = ends_of(transaction, path)?;
            if !follows(&ends, epoch, turn) {
                return Ok(None);
            }
            write_turn(transaction, path, &harm, turn)?;
            write_ends(transaction, path, &ends_after(&ends, turn)).map(Some)
        })?;
        Ok(match written {
            Transacted::Done(()) => Committed::Ok,
            Transacted::RolledBack => Committed::Fenced,
            Transacted::Unknown => Committed::Unknown,
        })
    }

    fn trim(&mut self, epoch: Epoch, upto: Position, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let trimmed = self.transact(|transaction, path| {
            let mut ends = ends_of(transaction, path)?;
            let upto = upto.0.min(ends.cursor.0).min(ends.trimmed.0 + limit as u64);
            if epoch != ends.epoch {
                return Ok(None);
            }
            let mut gone = 0;
            if upto > ends.trimmed.0 {
                gone += execute(transaction, path, "DELETE FROM journal WHERE position <= ?1", [upto as i64])?;
                execute(transaction, path, "DELETE FROM effect WHERE position <= ?1", [upto as i64])?;
                ends.trimmed = Position(upto);
            }
            let sql = "DELETE FROM outbox WHERE rowid IN \
                       (SELECT rowid FROM outbox WHERE due IS NULL AND decided < ?1 ORDER BY decided LIMIT ?2)";
            gone += execute(transaction, path, sql, params![instant(before), limit as i64])?;
            write_ends(transaction, path, &ends)?;
            Ok(Some(gone))
        })?;
        Ok(if let Transacted::Done(gone) = trimmed { gone } else { 0 })
    }

    fn rewrite(&mut self, epoch: Epoch, rewrite: &Rewrite) -> Result<bool, StoreError> {
        let harm = self.harm();
        let done = self.transact(|transaction, path| {
            if ends_of(transaction, path)?.epoch != epoch {
                return Ok(None);
            }
            erasure::rewrite(transaction, (path, &harm), rewrite).map(Some)
        })?;
        let done = matches!(done, Transacted::Done(()));
        if done {
            harm.mended(rewrite.mended.iter().map(|(id, _)| *id));
        }
        Ok(done)
    }

    fn cut_log(&mut self) -> Result<bool, StoreError> {
        open::cut_log(&self.file.connection, &self.file.path)
    }
}
