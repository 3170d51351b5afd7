//! Integration tests, one binary.

mod architecture;
mod lang;
mod signals;
mod vocabulary;
mod yaml;
