//! The log on standard error: for people or, one JSON object a line, for machines. The only file that names
//! tracing-subscriber.
//!
//! What is logged holds ids of rules, rows and positions, never a customer's words or address.

use tracing::Level as Weight;
use tracing_subscriber::fmt;

use crate::daemon::config::{Level, Log, LogFormat};

/// Begins to log; where somebody has begun already, theirs goes on.
pub fn begin(log: Log) {
    let weight = match log.level {
        Level::Error => Weight::ERROR,
        Level::Warn => Weight::WARN,
        Level::Info => Weight::INFO,
        Level::Debug => Weight::DEBUG,
    };
    let lines = fmt().with_max_level(weight).with_writer(std::io::stderr).with_target(false).with_ansi(false);
    let begun = match log.format {
        LogFormat::Readable => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    drop(begun);
}
