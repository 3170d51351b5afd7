//! Connections: so many at once, each with a time for its head, and a graceful end.
//!
//! `axum::serve` knows neither a time for the head of a request nor a bound on connections, so hyper is driven here. A
//! client that sends a byte a second holds one of the connections until its time is over or, where all are taken, until
//! somebody else wants one.

mod connections;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::connections::{Awaited, Connection, Connections, Seldom, most};
use crate::clock::wall_clock_now;
use crate::daemon::config::Limits;

/// The most bytes of a request's head.
const HEAD: usize = 32 << 10;
/// How long is waited before it is tried again to take a connection.
const PAUSE: Duration = Duration::from_millis(50);
/// How long those under way may take once everything stops.
const GRACE: Duration = Duration::from_secs(10);

/// Answers connections until `stop` says so, then lets those under way end.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, mut stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(most(limits.connections)));
    let connections = Arc::new(Connections::default());
    let graceful = GracefulShutdown::new();
    let mut failures = Seldom::default();
    let mut full = Seldom::default();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Too many open files, or a client that left at once: the next one may be luckier, a little later.
                if let Some(times) = failures.count(wall_clock_now()) {
                    tracing::warn!(%error, times, "a connection could not be taken; this is said once a minute");
                }
                connections.make_room(wall_clock_now());
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let place = tokio::select! {
            place = place(&places, &connections, &mut full) => place,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let Some(place) = place else { break };
        let connection = connections.open(wall_clock_now());
        let answered = graceful.watch(answer(stream, &router, limits, connection.clone()));
        let connections = connections.clone();
        tokio::spawn(async move {
            tokio::select! {
                answered = answered => {
                    // What goes wrong on a connection is its client's: a time that ran out, a head that is none.
                    if let Err(error) = answered {
                        tracing::debug!(%error, "a connection ended early");
                    }
                }
                () = connection.ended.notified() => tracing::debug!("a slow connection made room"),
            }
            connections.close(&connection);
            drop(place);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
}

/// Waits for a place; where all are taken, the slowest connection makes room.
async fn place(places: &Arc<Semaphore>, connections: &Connections, full: &mut Seldom) -> Option<OwnedSemaphorePermit> {
    if let Ok(place) = places.clone().try_acquire_owned() {
        return Some(place);
    }
    if let Some(times) = full.count(wall_clock_now()) {
        tracing::warn!(times, "all connections are taken: the slowest make room; this is said once a minute");
    }
    loop {
        connections.make_room(wall_clock_now());
        if let Ok(place) = tokio::time::timeout(PAUSE, places.clone().acquire_owned()).await {
            return place.ok();
        }
    }
}

/// Answers one connection.
fn answer(
    stream: TcpStream,
    router: &Router,
    limits: Limits,
    connection: Arc<Connection>,
) -> http1::Connection<
    TokioIo<TcpStream>,
    impl Service<
        axum::http::Request<Incoming>,
        Response = axum::response::Response,
        Error = std::convert::Infallible,
        Future: Send,
    > + use<>,
> {
    let _ = stream.set_nodelay(true);
    let router = TowerToHyperService::new(router.clone());
    let service = service_fn(move |request: axum::http::Request<Incoming>| {
        let answered = connection.clone();
        let response = router.call(request.map(|body| Awaited::new(body, connection.clone())));
        async move {
            let response = response.await;
            answered.waits(wall_clock_now());
            response
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(stream), service)
}
