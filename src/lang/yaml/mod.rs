//! The YAML front end: `node` is its tree, `parse` makes it, the only place that names the YAML parser.
//!
//! `read` holds what every reader of a YAML file needs: kinds, required and unknown keys.

mod explain;
pub mod node;
mod offsets;
pub mod parse;
pub mod plain;
pub mod playbook;
pub mod read;
mod salvage;
pub mod slips;
#[cfg(test)]
mod tests;
