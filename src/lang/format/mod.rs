//! The tree back into text.
//!
//! `sentence` writes conditions, operands and lengths in the one form the language has for them. Left out so far:
//! whole files with their comments and indentation.

pub mod sentence;
