//! Integration tests, one binary.

#![allow(clippy::unwrap_used)]

mod compile;
mod architecture;
mod lang;
mod real_feedback;
mod signals;
mod vocabulary;
mod yaml;
