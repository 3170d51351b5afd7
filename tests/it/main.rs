//! Integration tests, one binary.

#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod architecture;
mod backtest;
mod beginners;
mod cli;
mod codes;
mod compile;
#[cfg(feature = "daemon")]
mod config;
#[cfg(feature = "daemon")]
mod damage;
#[cfg(feature = "daemon")]
mod deliver;
mod diff;
#[cfg(feature = "daemon")]
mod endpoints;
#[cfg(feature = "daemon")]
mod erase;
mod explain;
#[cfg(feature = "daemon")]
mod feed_clock;
mod format;
#[cfg(feature = "daemon")]
mod hardships;
#[cfg(feature = "daemon")]
mod history;
mod hostile;
#[cfg(feature = "daemon")]
mod http;
mod journal;
#[cfg(feature = "daemon")]
mod keeping;
mod ladders;
mod lang;
mod mails;
mod packaging;
mod properties;
mod readme;
mod real_feedback;
mod recovery;
mod reload;
#[cfg(feature = "daemon")]
mod reload_live;
mod scenarios;
#[cfg(feature = "daemon")]
mod serve;
mod shown;
mod signals;
#[cfg(feature = "daemon")]
mod simulation;
mod spec;
#[cfg(feature = "daemon")]
mod store;
#[cfg(feature = "daemon")]
mod store_run;
#[cfg(feature = "daemon")]
mod store_sqlite;
#[cfg(feature = "daemon")]
mod store_turns;
#[cfg(feature = "daemon")]
mod store_views;
mod trust;
mod vocabulary;
mod why;
mod yaml;
