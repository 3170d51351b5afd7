//! Looks for damage where nobody else looks: all that is kept, in small steps, after the start and once a day.
//!
//! A start reads what it goes on from, and whoever reads a row compares it. What lies behind the checkpoint is read by nobody
//! until it is asked for: a damaged input there is to be known while a sound backup is still at hand. What is found is noted
//! where every reader notes it (`Reader::harmed`), and said at `/readyz`. Read [`Inspector`]. Left out: mending.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::daemon::aside::Aside;
use crate::engine::store::{Harmed, Inspected, Reader, StoreError};

/// How much is looked at in one step.
const AT_ONCE: usize = 500;
/// How long it rests between two steps.
const PAUSE: Duration = Duration::from_millis(5);
/// How often it begins again.
const EVERY: Duration = Duration::from_secs(24 * 3_600);

/// Looks for damage.
pub struct Inspector {
    /// A reader of its own.
    pub reader: Box<dyn Reader>,
}

impl Inspector {
    /// Begins to look.
    pub fn begin(self) -> std::io::Result<Aside> {
        Aside::begin("inspector", move |stop| self.run(stop))
    }

    fn run(self, stop: &AtomicBool) {
        while !stop.load(Ordering::SeqCst) {
            let rest = || {
                thread::park_timeout(PAUSE);
                !stop.load(Ordering::SeqCst)
            };
            if let Err(error) = inspect(&*self.reader, rest) {
                tracing::error!(%error, "not all that is kept could be looked through for damage");
            }
            if !stop.load(Ordering::SeqCst) {
                thread::park_timeout(EVERY);
            }
        }
    }
}

/// Looks through all that is kept, as long as `goes_on` says so after each step; returns what is damaged.
pub fn inspect(reader: &dyn Reader, mut goes_on: impl FnMut() -> bool) -> Result<Vec<Harmed>, StoreError> {
    let mut next = Some(Inspected::Journal(0));
    while let Some(from) = next {
        next = reader.inspect(from, AT_ONCE)?;
        if !goes_on() {
            break;
        }
    }
    reader.harmed()
}
