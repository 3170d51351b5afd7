//! Damage that does not stop the rest: what is noted, what is looked through, and how a damaged message is mended.
//!
//! A row of the outbox that is not what was written is left out of every answer and noted; it is neither sent nor changed,
//! because nobody can know how it stood. An input of the journal that is damaged stops whoever reads it, and is noted too:
//! what was folded before goes on. What is noted is logged once. Left out: pages that SQLite itself cannot read, which stop
//! whoever reads them (`open::explain`).

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Transaction, params};

use super::open::explain;
use super::row::{OUTBOX, RawRow, from_bytes, outbox_row, placed, raw_row, row_id, sound};
use super::{SqliteReader, execute, insert_row};
use crate::engine::effect::Effect;
use crate::engine::record::Record;
use crate::engine::store::{Harmed, Inspected, Reader, Row, RowId, StoreError};
use crate::id::Position;

/// What was found damaged.
#[derive(Debug, Default)]
pub struct Harm(Mutex<BTreeSet<Harmed>>);

impl Harm {
    /// Returns all of it.
    pub fn found(&self) -> Vec<Harmed> {
        self.all().iter().copied().collect()
    }

    /// Returns how many messages of the outbox are among it.
    pub fn messages(&self) -> usize {
        self.all().iter().filter(|harmed| matches!(harmed, Harmed::Message(_))).count()
    }

    /// Notes damage; what is new is logged.
    fn note(&self, harmed: Harmed) {
        if !self.all().insert(harmed) {
            return;
        }
        match harmed {
            Harmed::Message(id) => tracing::error!(
                row.id = %id,
                "a message of the outbox is damaged: it is not sent, the others are; `touchline dead show {id}` says what to do"
            ),
            Harmed::Input(position) | Harmed::Effects(position) => tracing::error!(
                position = position.0,
                "{harmed}: what was decided stands and goes on, and what reads the journal from there (views that begin \
                 anew, why, replay, an erasure, a window filled for a changed rule) stops there. Back the folder up, and \
                 start on the latest backup that `touchline replay --journal FOLDER --verify` finds whole if you need these"
            ),
        }
    }

    /// Notes that a row of a table is damaged, where that is one the rest goes on without.
    pub(super) fn note_row(&self, table: &str, place: i64) {
        let position = Position(place as u64);
        match table {
            "journal" => self.note(Harmed::Input(position)),
            "effect" => self.note(Harmed::Effects(position)),
            _ => {}
        }
    }

    /// Returns a row of the outbox if it is what was written; notes it where it is not. One that has not even a name is
    /// damage that stops whoever reads.
    pub(super) fn sound(&self, path: &Path, raw: RawRow) -> Result<Option<Row>, StoreError> {
        let id = row_id(&raw);
        match (outbox_row(path, raw), id) {
            (Ok(row), _) => Ok(Some(row)),
            (Err(_), Some(id)) => {
                self.note(Harmed::Message(id));
                Ok(None)
            }
            (Err(error), None) => Err(error),
        }
    }

    /// Writes another row in the place of a damaged one, or takes it away. A sound one stays as it is.
    pub(super) fn mend(
        &self,
        transaction: &Transaction,
        path: &Path,
        id: RowId,
        row: Option<&Row>,
    ) -> Result<(), StoreError> {
        let place = params![id.effect.0.as_slice(), id.recipient];
        let sql = format!("SELECT {OUTBOX} FROM outbox WHERE effect = ?1 AND recipient = ?2");
        let read = || -> rusqlite::Result<Vec<RawRow>> {
            transaction.prepare_cached(&sql)?.query_map(place, raw_row)?.collect()
        };
        let found = read().map_err(|error| explain(path, error))?;
        if found.into_iter().all(|raw| outbox_row(path, raw).is_ok()) {
            return Ok(());
        }
        execute(transaction, path, "DELETE FROM outbox WHERE effect = ?1 AND recipient = ?2", place)?;
        row.map_or(Ok(()), |row| insert_row(transaction, path, row))
    }

    /// Forgets what is mended, durably.
    pub(super) fn mended(&self, ids: impl Iterator<Item = RowId>) {
        let mut all = self.all();
        for id in ids {
            all.remove(&Harmed::Message(id));
        }
    }

    fn all(&self) -> MutexGuard<'_, BTreeSet<Harmed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns what was noted and still is damaged; forgets what was mended, or is no longer kept.
pub(super) fn still(reader: &SqliteReader) -> Result<Vec<Harmed>, StoreError> {
    let noted = reader.harm.found();
    for harmed in noted {
        let is_damaged = match harmed {
            Harmed::Message(id) => is_damaged_row(reader, id)?,
            Harmed::Input(position) => {
                let ends = reader.ends()?;
                position > ends.trimmed && inspect_journal(reader, position.0 - 1, 1)?.contains(&position.0)
            }
            Harmed::Effects(position) => is_damaged_effects(reader, position)?,
        };
        if !is_damaged {
            reader.harm.all().remove(&harmed);
        }
    }
    Ok(reader.harm.found())
}

fn is_damaged_row(reader: &SqliteReader, id: RowId) -> Result<bool, StoreError> {
    let sql = format!("SELECT {OUTBOX} FROM outbox WHERE effect = ?1 AND recipient = ?2");
    let mut statement = reader.statement(&sql)?;
    let failed = |error| explain(&reader.path, error);
    let rows = statement.query_map(params![id.effect.0.as_slice(), id.recipient], raw_row).map_err(failed)?;
    let rows: Vec<RawRow> = rows.collect::<rusqlite::Result<_>>().map_err(failed)?;
    Ok(rows.into_iter().any(|raw| outbox_row(&reader.path, raw).is_err()))
}

fn is_damaged_effects(reader: &SqliteReader, position: Position) -> Result<bool, StoreError> {
    let before = position.0.saturating_sub(1);
    let (damaged, _) = inspect_effects(reader, before, 1)?;
    Ok(damaged.contains(&position.0))
}

/// Looks through what is kept; see [`Reader::inspect`].
pub(super) fn inspect(reader: &SqliteReader, from: Inspected, limit: usize) -> Result<Option<Inspected>, StoreError> {
    let note = |damaged: Vec<u64>, of: fn(Position) -> Harmed| {
        damaged.into_iter().for_each(|position| reader.harm.note(of(Position(position))));
    };
    match from {
        Inspected::Journal(after) => {
            let ends = reader.ends()?;
            let after = after.max(ends.trimmed.0);
            note(inspect_journal(reader, after, limit as u64)?, Harmed::Input);
            let next = after + limit as u64;
            Ok(Some(if next < ends.last.0 { Inspected::Journal(next) } else { Inspected::Effects(0) }))
        }
        Inspected::Effects(after) => {
            let (damaged, last) = inspect_effects(reader, after, limit)?;
            note(damaged, Harmed::Effects);
            Ok(Some(last.map_or(Inspected::Outbox(0), Inspected::Effects)))
        }
        Inspected::Outbox(after) => Ok(inspect_outbox(reader, after, limit)?.map(Inspected::Outbox)),
    }
}

/// Returns which of the positions behind `after` are missing or damaged, of at most `limit`.
fn inspect_journal(reader: &SqliteReader, after: u64, limit: u64) -> Result<Vec<u64>, StoreError> {
    reader.at_once(|| {
        let ends = reader.ends()?;
        let upto = (after + limit).min(ends.last.0);
        let sql = "SELECT position, record, sum FROM journal WHERE position > ?1 AND position <= ?2";
        let is_whole = |bytes: &[u8]| Record::from_bytes(bytes).is_ok();
        let whole = whole(reader, "journal", sql, (after as i64, upto as i64), is_whole)?;
        let whole: BTreeSet<u64> = whole.into_iter().filter(|(_, whole)| *whole).map(|(place, _)| place).collect();
        // Every input from the oldest kept one to the latest is there: a hole is damage.
        Ok((after.max(ends.trimmed.0) + 1..=upto).filter(|position| !whole.contains(position)).collect())
    })
}

/// Returns which positions behind `after` have damaged effects, of at most `limit`, and the latest of these; none where there
/// is nothing.
fn inspect_effects(reader: &SqliteReader, after: u64, limit: usize) -> Result<(Vec<u64>, Option<u64>), StoreError> {
    let sql = "SELECT position, effects, sum FROM effect WHERE position > ?1 ORDER BY position LIMIT ?2";
    let is_whole = |bytes: &[u8]| from_bytes::<Vec<Effect>>(&reader.path, "effect", bytes).is_ok();
    let whole = whole(reader, "effect", sql, (after as i64, limit as i64), is_whole)?;
    let last = whole.last().map(|(place, _)| *place);
    Ok((whole.into_iter().filter(|(_, whole)| !whole).map(|(place, _)| place).collect(), last))
}

/// Returns the places of rows, and whether each is what was written and can be read.
fn whole(
    reader: &SqliteReader,
    table: &str,
    sql: &str,
    between: (i64, i64),
    is_whole: impl Fn(&[u8]) -> bool,
) -> Result<Vec<(u64, bool)>, StoreError> {
    let failed = |error| explain(&reader.path, error);
    let mut statement = reader.statement(sql)?;
    let mut rows = statement.query(between).map_err(failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let place = row.get::<_, i64>(0).map_err(failed)? as u64;
        let read = placed(row).ok().and_then(|row| sound(&reader.path, table, row).ok());
        found.push((place, read.is_some_and(|bytes| is_whole(&bytes))));
    }
    Ok(found)
}

/// Looks at rows of the outbox behind a place; returns the latest, none where there is nothing.
fn inspect_outbox(reader: &SqliteReader, after: u64, limit: usize) -> Result<Option<u64>, StoreError> {
    let failed = |error| explain(&reader.path, error);
    let sql = format!("SELECT {OUTBOX}, rowid FROM outbox WHERE rowid > ?1 ORDER BY rowid LIMIT ?2");
    let mut statement = reader.statement(&sql)?;
    let mut rows = statement.query((after as i64, limit as i64)).map_err(failed)?;
    let mut last = None;
    while let Some(row) = rows.next().map_err(failed)? {
        last = Some(row.get::<_, i64>(8).map_err(failed)? as u64);
        reader.harm.sound(&reader.path, raw_row(row).map_err(failed)?)?;
    }
    Ok(last)
}
