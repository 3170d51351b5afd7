//! `touchline backup`: a copy of a data folder, while the daemon runs or while it does not.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::daemon::backup::backup;

use super::screen::{BOLD, Screen, counted};
use super::serve::config_for_client;
use super::{ExitCode, files};

/// Copies a data folder, while the daemon runs or while it does not
///
/// The copy stands as of one moment; the daemon goes on meanwhile and nobody waits. A daemon starts on it as on any data
/// folder: `touchline serve --data TO`. What waited to be sent at that moment waits in the copy too: start it with `--shadow`
/// while the first one still runs, or both send it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline backup --data data /backups/2026-03-27
  touchline backup --config /etc/touchline.yaml /backups/2026-03-27
  touchline backup --data /var/lib/touchline /mnt/backup/touchline-$(date +%F)
  touchline replay --journal /backups/2026-03-27 --verify

Exit codes: 0 copied, 2 could not run: what there was of the copy is taken away again.")]
pub struct Backup {
    /// The data folder of `touchline serve` [default: `data` of touchline.yaml, or `data`]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The daemon's configuration, for its data folder [default: touchline.yaml where there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to: a folder that is new or empty
    to: PathBuf,
}

impl Backup {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let configured = || -> anyhow::Result<Option<PathBuf>> {
            Ok(config_for_client(self.config.as_deref())?.map(|config| config.data))
        };
        let data = match self.data {
            Some(data) => Some(data),
            None => configured().context("the data folder cannot be told: name it with --data")?,
        };
        let copied = backup(&data.unwrap_or_else(|| "data".into()), &self.to)?;
        let (inputs, checkpoints) = (copied.ends.last.0, copied.checkpoints as u64);
        let megabytes = copied.bytes.div_ceil(1 << 20);
        writeln!(
            screen.out,
            "{BOLD}{}{BOLD:#}: up to input {inputs}, {}, {megabytes} MB",
            files::shown(&self.to),
            counted(checkpoints, "checkpoint", "checkpoints")
        )?;
        Ok(ExitCode::Clean)
    }
}
