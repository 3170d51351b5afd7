//! Integration tests, one binary.

mod lang;
