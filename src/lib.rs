//! touchline: declarative customer-experience playbooks.
//!
//! A playbook is compiled into an immutable rule set; a pure engine folds signals, human actions and the passing
//! of time into effects. The map of the modules, the invariants and the test that holds each are in
//! `src/ARCHITECTURE.md`. Imports point up this list, never down; everything above `cli` reads no clock, no file
//! and no socket.

pub mod clock;
pub mod id;
pub mod number;
pub mod signal;
pub mod suggest;
pub mod value;
pub mod vocabulary;

pub mod lang;

pub mod ir;
pub mod script;
pub mod template;

pub mod compile;

pub mod engine;

pub mod replay;

pub mod trust;

#[cfg(feature = "daemon")]
pub mod daemon;
#[cfg(feature = "daemon")]
pub mod deliver;
#[cfg(feature = "daemon")]
pub mod store;

pub mod cli;
