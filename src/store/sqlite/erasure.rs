//! Erasures: how far each has come, and the one transaction in which a thing's rows are written anew.

use std::path::Path;

use rusqlite::{Transaction, params};

use super::row::{sum, to_bytes};
use super::{Harm, SqliteReader, change_rows, execute, explain, insert};
use crate::engine::input::Input;
use crate::engine::record::Record;
use crate::engine::store::{Erasure, ErasureStage, Rewrite, StoreError};
use crate::id::Position;

fn number(stage: ErasureStage) -> i64 {
    match stage {
        ErasureStage::Asked => 0,
        ErasureStage::Rewritten => 1,
        ErasureStage::Done => 2,
    }
}

/// Takes note of the erasures among new records.
pub(super) fn note(transaction: &Transaction, path: &Path, records: &[Record]) -> Result<(), StoreError> {
    for record in records.iter().filter(|record| matches!(record.input, Input::Erase(_))) {
        let sql = "INSERT OR IGNORE INTO erasure(position, stage) VALUES (?1, 0)";
        execute(transaction, path, sql, [record.position.0 as i64])?;
    }
    Ok(())
}

/// Returns every erasure that is known, in order.
pub(super) fn all(reader: &SqliteReader) -> Result<Vec<Erasure>, StoreError> {
    // Who only reads may meet a file of an earlier format.
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'erasure'";
    let there = reader.statement(tables)?.query_row([], |row| row.get::<_, i64>(0));
    if there.map_err(|error| explain(&reader.path, error))? == 0 {
        return Ok(vec![]);
    }
    let mut statement = reader.statement("SELECT position, stage FROM erasure ORDER BY position")?;
    let read = |row: &rusqlite::Row| -> rusqlite::Result<Erasure> {
        let stage = match row.get::<_, i64>(1)? {
            0 => ErasureStage::Asked,
            1 => ErasureStage::Rewritten,
            _ => ErasureStage::Done,
        };
        Ok(Erasure { position: Position(row.get::<_, i64>(0)? as u64), stage })
    };
    let rows = statement.query_map([], read).map_err(|error| explain(&reader.path, error))?;
    rows.map(|row| row.map_err(|error| explain(&reader.path, error))).collect()
}

/// Writes rows anew where they stand. What is no longer there stays away.
pub(super) fn rewrite(
    transaction: &Transaction,
    (path, harm): (&Path, &Harm),
    rewrite: &Rewrite,
) -> Result<(), StoreError> {
    for record in &rewrite.records {
        let (position, content) = (record.position.0 as i64, record.to_bytes());
        let sql = "UPDATE journal SET record = ?2, sum = ?3 WHERE position = ?1";
        execute(transaction, path, sql, params![position, content, sum("journal", &[position], &content)])?;
    }
    for (position, effects) in &rewrite.effects {
        let (position, content) = (position.0 as i64, to_bytes(effects));
        let sql = "UPDATE effect SET effects = ?2, sum = ?3 WHERE position = ?1";
        execute(transaction, path, sql, params![position, content, sum("effect", &[position], &content)])?;
    }
    for aside in &rewrite.set_aside {
        insert(transaction, path, "set_aside", aside.position.0 as i64, &to_bytes(aside))?;
    }
    for row in &rewrite.rows {
        let of = Some(row.id.recipient);
        change_rows(transaction, (path, harm), row.id.effect, of, |there| there.rewritten(row))?;
    }
    for (id, row) in &rewrite.mended {
        harm.mend(transaction, path, *id, row.as_ref())?;
    }
    let at = params![rewrite.erasure.0 as i64, number(rewrite.stage)];
    execute(transaction, path, "UPDATE erasure SET stage = ?2 WHERE position = ?1", at).map(drop)
}
