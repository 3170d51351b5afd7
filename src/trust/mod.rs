//! How far a playbook and a change to it can be trusted: what its scenarios reach, which changes they would notice, and what a
//! change means.
//!
//! [`coverage`] holds what scenarios reached against what there is to reach, [`mutate`] changes rules a little and plays
//! scenarios against each change. [`reading`] reads a rule aloud from what it means, [`diff`] says what differs between two
//! readings, [`same`] when two rules provably mean the same, [`backtest`] what a change would have done on recorded
//! feedback, [`recorded`] what such feedback says about rules as they are. Pure: `cli` brings the files and prints.

pub mod backtest;
pub mod coverage;
pub mod diff;
pub mod mutate;
pub mod reading;
pub mod recorded;
pub mod same;
