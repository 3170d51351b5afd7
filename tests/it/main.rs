//! Integration tests, one binary.

#![allow(clippy::unwrap_used)]

mod architecture;
mod compile;
mod hostile;
mod lang;
mod readme;
mod real_feedback;
mod reload;
mod signals;
mod vocabulary;
mod yaml;
