//! Trees → IR, with every problem of all files.
//!
//! [`project`] groups files into units (a vocabulary and all that uses it), reads them, and resolves every rule.
//! One run reports all problems; a rule with an error is left out and hides no other. Rooms: `lower` one rule,
//! `scope` what a name means, `condition`, `said`, `value`, `length`, `trigger`, `measure`, `action`, `mail` its parts, `duplicates`
//! and `loops` what only shows between rules, `lint` what is probably not meant. Left out: reading the disk, and
//! scenarios (`replay`).

mod action;
mod again;
mod condition;
mod length;
mod lint;
mod loops;
mod lower;
mod mail;
mod measure;
mod project;
mod said;
mod scope;
mod script;
mod text;
mod trigger;
mod value;
mod words;

pub use again::again;
pub use lint::{head as lint_head, overtaken, uncovered};
pub use project::{Broken, Options, PlaybookInfo, Project, Unit, project};
