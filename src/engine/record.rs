//! How an input is written down: position, the `now` it was stamped with, the input itself, under a format version.
//!
//! The same records and rule sets give byte-identical effects on any machine (invariant 1). A switch is written by its
//! hash and its filled windows; whoever reads it back attaches the set. Left out: where records are kept (`engine::store` says how one talks
//! to whoever keeps them).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::input::{FORMAT, Input, OLDEST_FORMAT};
use crate::id::Position;

/// One input in the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Where it stands.
    pub position: Position,
    /// The instant it was stamped with: never earlier than that of the record before.
    pub now: Timestamp,
    /// What happened.
    pub input: Input,
}

/// Why a record could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The bytes are no record.
    #[error("the record cannot be read: {0}")]
    Unreadable(String),
    /// Another format version.
    #[error("the record has format {found}, this version reads formats {OLDEST_FORMAT} to {FORMAT}")]
    Format {
        /// The version found.
        found: u32,
    },
    /// There is more after the end.
    #[error("{0} bytes follow the end of the record")]
    TooLong(usize),
}

impl Record {
    /// Returns the record's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        postcard::to_stdvec(&(FORMAT, self)).expect("an input has no value that cannot be written")
    }

    /// Reads a record back.
    pub fn from_bytes(bytes: &[u8]) -> Result<Record, RecordError> {
        let unreadable = |error: postcard::Error| RecordError::Unreadable(error.to_string());
        let (found, rest): (u32, _) = postcard::take_from_bytes(bytes).map_err(unreadable)?;
        if !(OLDEST_FORMAT..=FORMAT).contains(&found) {
            return Err(RecordError::Format { found });
        }
        let (record, rest): (Record, _) = postcard::take_from_bytes(rest).map_err(unreadable)?;
        if rest.is_empty() { Ok(record) } else { Err(RecordError::TooLong(rest.len())) }
    }
}
