//! The running daemon: what stands between the queue of inputs, the store and the engine.
