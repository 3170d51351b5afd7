//! The simulation of `tests/it/simulation.rs` in a binary of its own.

#![allow(clippy::unwrap_used)]
// What the tests share is more than what this one needs.
#![allow(dead_code)]

#[path = "../it/simulation.rs"]
mod simulation;
#[path = "../support/mod.rs"]
mod support;
