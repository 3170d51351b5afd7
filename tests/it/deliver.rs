//! Delivery against servers that misbehave: nothing is lost, and nothing is doubled but what may have arrived, which then
//! carries the same `Message-ID`.

mod daemon;
mod laws;
mod misbehaving;
mod outbox;
mod real;
mod smtp;

/// Runs a future on a runtime of its own.
fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(future)
}
