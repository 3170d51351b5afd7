//! Integration tests, one binary.

mod lang;
mod vocabulary;
