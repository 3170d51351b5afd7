//! The daemon's clock and its outbox as delivery sees it, on one thread.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use touchline::clock::Clock;
use touchline::daemon::queue::{Handle, Then};
use touchline::daemon::turn::{Which, WriteError};
use touchline::deliver::worker::Outbox;
use touchline::engine::store::{Change, Kind, Reader, Row, RowId, RowState, StoreError};
use touchline::store::memory::MemoryStore;
use touchline::value::Str;

use super::server::Server;

/// A clock that follows the runtime's, and can be set.
#[derive(Debug)]
pub struct Watch {
    pub begun: Instant,
    pub start: Timestamp,
    pub skew: Mutex<SignedDuration>,
}

impl Clock for Watch {
    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.begun.elapsed()).unwrap();
        self.start + passed + *self.skew.lock().unwrap()
    }

    fn patience(&self, _: Timestamp) -> Option<Duration> {
        None
    }
}

/// The outbox as the worker sees it; the daemon's own does the same on other threads.
#[derive(Clone)]
pub struct Post {
    pub handle: Handle,
    pub reader: Arc<MemoryStore>,
    pub peek: MemoryStore,
    pub clock: Arc<Watch>,
    pub bell: Arc<Notify>,
    pub server: Server,
}

impl Post {
    async fn answered<T>(&self, answered: oneshot::Receiver<Result<T, WriteError>>) -> Result<T, StoreError> {
        self.bell.notify_one();
        match answered.await {
            Ok(Ok(said)) => Ok(said),
            Ok(Err(WriteError::Store(error))) => Err(error),
            Ok(Err(error)) => Err(StoreError::Failed(error.to_string())),
            Err(_) => Err(StoreError::Failed("the daemon ended before it answered".to_owned())),
        }
    }

    /// What is handed out is leased by then, and not withdrawn.
    fn is_handed_out(&self, row: &Row) {
        let held = self.peek.rows(row.id.effect).unwrap().into_iter().find(|held| held.id == row.id);
        let sound = held.as_ref().is_some_and(|held| {
            matches!(held.state, RowState::Leased { .. }) && held.attempt == row.attempt && !held.withdrawn
        });
        if !sound {
            self.server.breaks(format!("{} is handed out, and the store holds {held:?}", row.id));
        }
    }
}

impl Outbox for Post {
    fn now(&self) -> Timestamp {
        self.handle.progress().ends.now.map_or(self.clock.now(), |stamped| stamped.max(self.clock.now()))
    }

    async fn due(
        &self,
        now: Timestamp,
        kind: Kind,
        except: &BTreeSet<Str>,
        most: (usize, usize),
    ) -> Result<Vec<Row>, StoreError> {
        self.reader.due_for_each(now, kind, except, most)
    }

    async fn lease(&self, rows: Vec<RowId>, hold: SignedDuration) -> Result<Vec<Row>, StoreError> {
        let (answer, answered) = oneshot::channel();
        let own = self.clone();
        let then: Then<Vec<Row>> = Box::new(move |said| {
            said.iter().flatten().for_each(|row| own.is_handed_out(row));
            drop(answer.send(said));
        });
        self.handle.lease(Which::These(rows), hold, then).map_err(|refused| StoreError::Failed(refused.to_string()))?;
        self.answered(answered).await
    }

    async fn held(&self) -> Result<Vec<Row>, StoreError> {
        self.reader.outbox(None, Some(RowState::Leased { until: Timestamp::MIN }), usize::MAX >> 2)
    }

    async fn settle(&self, changes: Vec<(RowId, Change)>) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        let (own, told) = (self.clone(), changes.clone());
        let then: Then<()> = Box::new(move |said| {
            if said.is_ok() {
                for (row, change) in &told {
                    match change {
                        Change::Sent { .. } => own.server.is_over(*row, "went"),
                        Change::Dead { .. } => own.server.is_over(*row, "was given up"),
                        Change::Again { .. } => own.server.again(*row),
                        Change::Lease { .. } | Change::Retry { .. } => {}
                    }
                }
            }
            drop(answer.send(said));
        });
        self.handle.settle(changes, then).map_err(|refused| StoreError::Failed(refused.to_string()))?;
        self.answered(answered).await
    }
}
