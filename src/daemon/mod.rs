//! The running daemon: what stands between the world, the queue of inputs, the store and the engine.

pub mod config;
