//! How far a playbook can be trusted: what its scenarios reach, and which changes they would notice.
//!
//! [`coverage`] holds what scenarios reached against what there is to reach. Pure: `cli::test` plays and prints.

pub mod coverage;
