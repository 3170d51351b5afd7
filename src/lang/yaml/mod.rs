//! The YAML front end: `node` is its tree, `parse` the only place that names the YAML parser.

pub mod node;
