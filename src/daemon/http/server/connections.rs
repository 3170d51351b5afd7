//! Who is connected, and who makes room when there are too many.
//!
//! A connection on which nothing whole has come for longest is ended when another one wants its place: one that sends its
//! head or its body slowly, or that is merely kept open. One whose request is being answered is left alone. How many there
//! may be is bounded by how many files the process may open, too ([`most`]). The only file that names rlimit.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::clock::wall_clock_now;

/// What a connection may at least take before it has to make room.
const AT_LEAST: Duration = Duration::from_millis(500);
/// Files that are kept for the store, for feeds and for what is sent; of a low limit it is half.
const RESERVED: u64 = 256;
/// A report is given once in so long.
const SELDOM: Duration = Duration::from_secs(60);

/// Lets the process open as many files as it is allowed to, and returns how many connections it may hold of those wanted.
pub fn most(wanted: usize) -> usize {
    #[cfg(unix)]
    {
        // Where it cannot be raised, what is allowed counts.
        let allowed = rlimit::increase_nofile_limit(u64::MAX).or_else(|_| rlimit::Resource::NOFILE.get_soft());
        let most = within(wanted, allowed.unwrap_or(u64::MAX));
        if most < wanted {
            tracing::warn!(
                connections = most,
                wanted,
                "this process may not open enough files for `limits.connections`: fewer are held at once (`ulimit -n`)"
            );
        }
        most
    }
    #[cfg(not(unix))]
    wanted
}

#[cfg(unix)]
fn within(wanted: usize, files: u64) -> usize {
    let left = files.saturating_sub(RESERVED.min(files / 2)).max(1);
    wanted.min(usize::try_from(left).unwrap_or(usize::MAX))
}

/// Everybody who is connected.
#[derive(Debug, Default)]
pub struct Connections {
    all: Mutex<BTreeMap<u64, Arc<Connection>>>,
    next: AtomicU64,
}

/// One connection.
#[derive(Debug)]
pub struct Connection {
    number: u64,
    /// Since when something is awaited from the client; nothing while a request is being answered.
    waits_since: Mutex<Option<Timestamp>>,
    /// Says that it has to make room.
    pub ended: Notify,
}

impl Connections {
    fn all(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Connection>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one in.
    pub fn open(&self, now: Timestamp) -> Arc<Connection> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let waits_since = Mutex::new(Some(now));
        let connection = Arc::new(Connection { number, waits_since, ended: Notify::new() });
        self.all().insert(number, connection.clone());
        connection
    }

    /// Lets one go.
    pub fn close(&self, connection: &Connection) {
        self.all().remove(&connection.number);
    }

    /// Ends the connection from which something has been awaited longest; `false` where nobody is slow enough.
    pub fn make_room(&self, now: Timestamp) -> bool {
        let mut all = self.all();
        let waiting = all.values().filter_map(|connection| Some((connection.since()?, connection.number)));
        let Some((since, number)) = waiting.min() else { return false };
        if now.duration_since(since).unsigned_abs() < AT_LEAST {
            return false;
        }
        all.remove(&number).is_some_and(|connection| {
            connection.ended.notify_one();
            true
        })
    }
}

impl Connection {
    fn since(&self) -> Option<Timestamp> {
        *self.waits_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something is awaited from now on.
    pub fn waits(&self, now: Timestamp) {
        *self.waits_since.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// All is there; it is being answered.
    pub fn answers(&self) {
        *self.waits_since.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// A request's body, which says when it is whole.
#[derive(Debug)]
pub struct Awaited {
    body: Incoming,
    connection: Arc<Connection>,
}

impl Awaited {
    /// Returns a body that is awaited on a connection.
    pub fn new(body: Incoming, connection: Arc<Connection>) -> Awaited {
        match body.is_end_stream() {
            true => connection.answers(),
            false => connection.waits(wall_clock_now()),
        }
        Awaited { body, connection }
    }
}

impl HttpBody for Awaited {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if matches!(polled, Poll::Ready(None)) || (polled.is_ready() && self.body.is_end_stream()) {
            self.connection.answers();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Something that may happen often and is told seldom.
#[derive(Debug, Default)]
pub struct Seldom {
    told: Option<Timestamp>,
    times: u64,
}

impl Seldom {
    /// Counts one; returns how many there were since they were told last, where it is time to tell.
    pub fn count(&mut self, now: Timestamp) -> Option<u64> {
        self.times += 1;
        if self.told.is_some_and(|told| now.duration_since(told).unsigned_abs() < SELDOM) {
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.times))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn fewer_connections_are_held_where_fewer_files_may_be_open() {
        let expected = [(4_096, 1 << 20, 4_096), (4_096, 1_024, 768), (4_096, 128, 64), (10, 128, 10), (4_096, 1, 1)];
        for (wanted, files, most) in expected {
            assert_eq!(within(wanted, files), most, "{wanted} {files}");
        }
    }

    #[tokio::test]
    async fn the_one_that_is_awaited_longest_makes_room_and_one_that_is_answered_does_not() {
        let connections = Connections::default();
        let now = Timestamp::UNIX_EPOCH;
        let (first, second) = (connections.open(now), connections.open(now));
        assert!(!connections.make_room(now), "nobody has been slow yet");
        let now = now + AT_LEAST;
        first.answers();
        assert!(connections.make_room(now));
        second.ended.notified().await;
        assert!(!connections.make_room(now), "the other one is being answered");
        first.waits(now);
        assert!(!connections.make_room(now));
        assert!(connections.make_room(now + AT_LEAST));
    }

    #[test]
    fn what_happens_often_is_told_once_a_minute_with_how_often() {
        let mut seldom = Seldom::default();
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!([seldom.count(now), seldom.count(now), seldom.count(now)], [Some(1), None, None]);
        assert_eq!(seldom.count(now + SELDOM), Some(3));
    }
}
