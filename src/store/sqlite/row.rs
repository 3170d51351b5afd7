//! How things are written into rows and read back, with a sum over what they are and where they stand.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::Row as SqlRow;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::engine::store::{Hash, Kind, Row, RowId, RowState, StoreError};
use crate::id::EffectId;
use crate::store::sqlite::open::damaged;

/// Returns the first 64 bits of SHA-256 over a table's name, the row's place in it and its content.
pub(super) fn sum(table: &str, place: &[i64], content: &[u8]) -> i64 {
    let mut hash = Sha256::new();
    hash.update(table);
    place.iter().for_each(|part| hash.update(part.to_le_bytes()));
    hash.update(content);
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    i64::from_le_bytes(first)
}

/// Returns the hash a file is kept under.
pub(super) fn file_hash(content: &[u8]) -> Hash {
    let mut hash = [0; 16];
    hash.copy_from_slice(&Sha256::digest(content)[..16]);
    hash
}

pub(super) fn to_bytes(value: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(value).expect("what a store keeps has no value that cannot be written")
}

/// Reads (place, content, sum) from the first three columns.
pub(super) fn placed(row: &SqlRow) -> rusqlite::Result<(i64, Vec<u8>, i64)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

/// Compares the sum of a row of `table`; returns its content.
pub(super) fn sound(
    path: &Path,
    table: &str,
    (place, content, written): (i64, Vec<u8>, i64),
) -> Result<Vec<u8>, StoreError> {
    match sum(table, &[place], &content) == written {
        true => Ok(content),
        false => Err(damaged(path, &format!("row {place} of `{table}` is not what was written"))),
    }
}

/// Reads a sound row back.
pub(super) fn from_bytes<T: DeserializeOwned>(path: &Path, table: &str, bytes: &[u8]) -> Result<T, StoreError> {
    postcard::from_bytes(bytes).map_err(|error| damaged(path, &format!("a row of `{table}` cannot be read: {error}")))
}

/// Returns what stands for a recipient in a column.
pub(super) fn whom(to: &str) -> i64 {
    sum("whom", &[], to.as_bytes())
}

/// The columns of an outbox row.
pub(super) struct Columns {
    pub state: i64,
    pub kind: i64,
    pub due: Option<i64>,
    pub decided: i64,
    pub content: Vec<u8>,
    pub sum: i64,
}

pub(super) fn state_number(state: RowState) -> i64 {
    match state {
        RowState::Waiting => 0,
        RowState::Leased { .. } => 1,
        RowState::Sent => 2,
        RowState::Dead => 3,
        RowState::Withdrawn => 4,
        RowState::Silenced => 5,
    }
}

pub(super) fn kind_number(kind: Kind) -> i64 {
    match kind {
        Kind::Mail => 0,
        Kind::Webhook => 1,
    }
}

/// Returns an instant as a column holds it, in whole microseconds, rounded down.
pub(super) fn instant(at: Timestamp) -> i64 {
    at.as_microsecond()
}

impl Columns {
    pub fn of(row: &Row) -> Columns {
        let content = to_bytes(row);
        let (state, kind) = (state_number(row.state), kind_number(row.kind));
        let (due, decided) = (row.due().map(instant), instant(row.effect.at));
        let sum = sum("outbox", &[state, kind, due.unwrap_or(i64::MIN), decided], &content);
        Columns { state, kind, due, decided, content, sum }
    }
}

/// The columns that [`outbox_row`] reads, in its order.
pub(super) const OUTBOX: &str = "effect, recipient, state, kind, due, decided, content, sum";

/// What is read of an outbox row before it is compared.
pub(super) type RawRow = (Vec<u8>, i64, Columns);

/// Reads the columns. What is not even of its type is damaged like what is not what was written: the sum tells.
pub(super) fn raw_row(row: &SqlRow) -> rusqlite::Result<RawRow> {
    let number = |column: usize| Ok::<i64, rusqlite::Error>(row.get_ref(column)?.as_i64().unwrap_or(i64::MIN));
    let bytes = |column: usize| Ok::<Vec<u8>, rusqlite::Error>(row.get_ref(column)?.as_blob().unwrap_or(&[]).to_vec());
    let due = row.get_ref(4)?.as_i64_or_null().unwrap_or(Some(i64::MIN));
    let (state, kind, decided) = (number(2)?, number(3)?, number(5)?);
    Ok((bytes(0)?, number(1)?, Columns { state, kind, due, decided, content: bytes(6)?, sum: number(7)? }))
}

/// Returns the name of a row, as its columns have it; `None` where they hold none.
pub(super) fn row_id((effect, recipient, _): &RawRow) -> Option<RowId> {
    let effect = EffectId(effect.as_slice().try_into().ok()?);
    Some(RowId { effect, recipient: u32::try_from(*recipient).ok()? })
}

/// Returns an outbox row whose columns, content and sum agree.
pub(super) fn outbox_row(path: &Path, (effect, recipient, found): RawRow) -> Result<Row, StoreError> {
    let wrong = || damaged(path, "a row of `outbox` is not what was written");
    let place = [found.state, found.kind, found.due.unwrap_or(i64::MIN), found.decided];
    if sum("outbox", &place, &found.content) != found.sum {
        return Err(wrong());
    }
    let row: Row = from_bytes(path, "outbox", &found.content)?;
    let effect = effect.try_into().map(EffectId).map_err(|_| wrong())?;
    let recipient = u32::try_from(recipient).map_err(|_| wrong())?;
    if row.id == (RowId { effect, recipient }) { Ok(row) } else { Err(wrong()) }
}
