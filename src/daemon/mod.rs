//! The running daemon: what stands between the world, the queue of inputs, the store and the engine.
//!
//! [`turn`] writes, [`fold`] folds, [`start`] brings both up from a store, [`rules`] compiles rule sets from what the store
//! keeps; none of these starts a thread or waits. [`run`] drives them with threads behind a [`queue`]:
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use touchline::clock::WallClock;
//! # use touchline::daemon::fold::{FoldOptions, Pace};
//! # use touchline::daemon::{run::Running, start::start, turn::Arrived};
//! # use touchline::engine::input::Input;
//! # use touchline::engine::store::{RuleSources, Vault};
//! # use touchline::engine::ruleset::RuleSet;
//! # use touchline::store::{checkpoint::CheckpointFolder, outbox::Patience, sqlite::SqliteStore};
//! # fn serve(data: &std::path::Path, ruleset: Arc<RuleSet>, sources: RuleSources) -> Result<(), Box<dyn std::error::Error>> {
//! let store = SqliteStore::open(data)?;
//! let vault: Arc<dyn Vault> = Arc::new(CheckpointFolder::open(data)?);
//! let clock = Arc::new(WallClock);
//! let options = FoldOptions {
//!     vault: vault.clone(),
//!     clock: clock.clone(),
//!     pace: Pace::default(),
//!     patience: Patience::default(),
//!     probe: None,
//! };
//! let started = start(Box::new(store), (ruleset, sources), options)?;
//! let running = Running::begin(started, vault, clock, Arc::new(|event| eprintln!("{event:?}")))?;
//! let receipt = running.handle().submit_receipt(vec![Arrived { input: Input::Tick, read_with: None }])?;
//! let places = receipt.wait()?; // durable now: answer 202
//! running.stop()?;
//! # Ok(())
//! # }
//! ```

pub mod aside;
pub mod backup;
pub mod board;
pub mod cloudevents;
pub mod config;
pub mod erase;
pub mod feeds;
pub mod fold;
pub mod http;
pub mod import;
pub mod ingest;
pub mod inspect;
pub mod intake;
pub mod keep;
pub mod logs;
pub mod metrics;
pub mod outgoing;
pub mod queue;
pub mod reload;
pub mod retell;
pub mod rules;
pub mod run;
pub mod serve;
pub mod start;
pub mod turn;
pub mod views;
