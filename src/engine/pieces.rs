//! Reads a saved state piece by piece, as it comes out of a file.
//!
//! A whole saved form beside the state that is made of it would double the memory a start takes. Left out: what the pieces mean
//! (`state`).

use std::cell::OnceCell;
use std::io::{self, BufRead, Read};

use bumpalo::Bump;
use postcard::de_flavors::Flavor;
use postcard::{Deserializer, Error};
use serde::de::DeserializeOwned;

use crate::engine::state::RestoreError;

/// Reads one value; what comes behind it is left where it is.
pub(crate) fn read<T: DeserializeOwned>(from: &mut impl BufRead) -> Result<T, RestoreError> {
    let (lent, failed) = (Bump::new(), OnceCell::new());
    let mut pieces = Deserializer::from_flavor(Pieces { from, text: vec![], lent: &lent, failed: &failed });
    let read = T::deserialize(&mut pieces);
    read.map_err(|error| match failed.get() {
        Some(failed) => RestoreError::Unreadable(failed.to_string()),
        None => RestoreError::Unreadable(error.to_string()),
    })
}

/// What postcard reads from.
struct Pieces<'de, R> {
    from: &'de mut R,
    /// The latest text.
    text: Vec<u8>,
    /// Texts that are asked for to be kept: instants, which are short.
    lent: &'de Bump,
    /// What went wrong below, because postcard's errors cannot hold it.
    failed: &'de OnceCell<io::Error>,
}

impl<R: BufRead> Pieces<'_, R> {
    fn fail(&self, error: io::Error) -> Error {
        // The first is the one to tell.
        let _ = self.failed.set(error);
        Error::DeserializeUnexpectedEnd
    }
}

impl<'de, R: BufRead> Flavor<'de> for Pieces<'de, R> {
    type Remainder = ();
    type Source = ();

    fn pop(&mut self) -> Result<u8, Error> {
        let byte = match self.from.fill_buf() {
            Ok(chunk) => *chunk.first().ok_or(Error::DeserializeUnexpectedEnd)?,
            Err(error) => return Err(self.fail(error)),
        };
        self.from.consume(1);
        Ok(byte)
    }

    fn try_take_n(&mut self, length: usize) -> Result<&'de [u8], Error> {
        let lent = self.lent;
        self.try_take_n_temp(length).map(|text| &*lent.alloc_slice_copy(text))
    }

    fn try_take_n_temp<'a>(&'a mut self, length: usize) -> Result<&'a [u8], Error>
    where
        'de: 'a,
    {
        self.text.clear();
        // A damaged length takes no more room than there are bytes.
        let read = (&mut *self.from).take(length as u64).read_to_end(&mut self.text);
        match read {
            Ok(read) if read == length => Ok(&self.text),
            Ok(_) => Err(Error::DeserializeUnexpectedEnd),
            Err(error) => Err(self.fail(error)),
        }
    }

    fn finalize(self) -> Result<(), Error> {
        Ok(())
    }
}
