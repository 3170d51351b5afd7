//! Text → one spanned tree and the problems found on the way; never fails.
//!
//! `play` reads the DSL, `yaml` the same in YAML; both give a [`tree::Playbook`]. Left out: whether names exist
//! (`compile`).

pub mod codes;
pub mod diagnostic;
pub mod format;
pub mod mixed;
pub mod pages;
pub mod play;
pub mod render;
pub mod source;
pub mod tree;
pub mod unread;
pub mod yaml;

pub use crate::suggest;
