//! How far a playbook can be trusted: what its scenarios reach, and which changes they would notice.
//!
//! [`coverage`] holds what scenarios reached against what there is to reach, [`mutate`] changes rules a little and plays
//! scenarios against each change. Pure: `cli::test` brings the files and prints.

pub mod coverage;
pub mod mutate;
