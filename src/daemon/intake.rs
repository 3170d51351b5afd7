//! The door to the journal: inputs go in, and come to stand at a position once they are on disk.
//!
//! HTTP and feeds know only this. Behind it is the writer's queue (`run`); in a test, whatever stalls or fails.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::daemon::queue::{Handle, Refused};
use crate::daemon::turn::{Arrived, WriteError};
use crate::engine::input::Input;
use crate::id::Position;
use crate::value::Str;
use crate::vocabulary::Vocabulary;

/// Why nothing was taken in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// The queue is full: ask again in a moment.
    #[error("more is waiting to be written down than is kept in memory")]
    Full,
    /// The daemon is stopping, or cannot write any more: nothing was taken.
    #[error("{0}")]
    Stopped(String),
    /// It broke off, and nobody knows how much of it was written.
    #[error("{0}")]
    Unknown(String),
}

/// Where each input stands, or why it was refused after all. Durable.
pub type Places = Vec<Result<Position, Str>>;

/// What will be known once it is on disk.
pub type Receipt = oneshot::Receiver<Result<Places, NotTaken>>;

/// Takes inputs in.
pub trait Intake: Send + Sync + 'static {
    /// Hands inputs to the writer, whose numbers are of `vocabulary`. All of them go in, or none does. Never waits.
    fn submit(&self, inputs: Vec<Input>, vocabulary: Arc<Vocabulary>) -> Result<Receipt, NotTaken>;

    /// Returns how many inputs wait to be written.
    fn waiting(&self) -> usize;
}

/// The writer's queue as a door.
#[derive(Clone, Debug)]
pub struct Gate {
    handle: Handle,
    most: usize,
}

impl Gate {
    /// Returns the door to a queue that takes at most `most` inputs, and never more than the queue itself.
    pub fn new(handle: Handle, most: usize) -> Gate {
        Gate { handle, most }
    }
}

impl Intake for Gate {
    fn submit(&self, inputs: Vec<Input>, vocabulary: Arc<Vocabulary>) -> Result<Receipt, NotTaken> {
        let waiting = self.waiting();
        if waiting > 0 && waiting + inputs.len() > self.most {
            return Err(NotTaken::Full);
        }
        let (answer, receipt) = oneshot::channel();
        let arrived = |input| Arrived { input, read_with: Some(vocabulary.clone()) };
        let then = move |said: Result<Places, WriteError>| {
            // Whoever asked may be gone by now.
            let not = |error: WriteError| match error {
                WriteError::Unknown | WriteError::Partly(_) => NotTaken::Unknown(error.to_string()),
                error => NotTaken::Stopped(error.to_string()),
            };
            drop(answer.send(said.map_err(not)));
        };
        let queued = self.handle.submit(inputs.into_iter().map(arrived).collect(), Box::new(then));
        queued.map(|()| receipt).map_err(|refused| match refused {
            Refused::Full => NotTaken::Full,
            Refused::Stopped(why) => NotTaken::Stopped(why),
        })
    }

    fn waiting(&self) -> usize {
        self.handle.progress().waiting
    }
}
