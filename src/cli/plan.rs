//! `touchline plan`: what the playbooks on disk would change in a running daemon, before they do; `touchline versions`: what
//! ran before.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::daemon::config::Config;
use crate::daemon::reload::disk::{examine, gone};
use crate::daemon::reload::report::{Findings, told, told_kept_back, told_warnings};
use crate::daemon::rules::{Rules, hex};
use crate::daemon::serve::has_run;
use crate::engine::plan::ReloadPlan;
use crate::engine::ruleset::RuleSet;
use crate::engine::store::{Reader, Version};
use crate::replay::words;
use crate::store::sqlite::SqliteReader;
use crate::value::Str;

use super::ExitCode;
use super::files;
use super::load::load;
use super::screen::{BAD, BOLD, DIM, GOOD, Screen, counted};
use super::serve::{config_for_client, shelf};

/// Says what the playbooks on disk would change in the daemon, and changes nothing.
///
/// Compared with what ran last on the data folder, or with another folder of playbooks: rule by rule what is unchanged,
/// changed, added, parked or kept back, and what becomes of counters, limits and pending steps.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline plan --playbooks playbooks/retail --data data
  touchline plan --playbooks playbooks/retail --against ../live/playbooks/retail
  touchline plan                                     what touchline.yaml names

Exit codes: 0 all of it would run, 1 something would be kept back, 2 could not run.")]
pub struct Plan {
    /// The playbooks that are to run [default: those of touchline.yaml]
    #[arg(long, value_name = "DIR")]
    playbooks: Option<PathBuf>,
    /// The data folder of the daemon; it may be running [default: that of touchline.yaml]
    #[arg(long, value_name = "DIR", conflicts_with = "against")]
    data: Option<PathBuf>,
    /// Compare with these playbooks instead of a daemon's
    #[arg(long, value_name = "DIR")]
    against: Option<PathBuf>,
    /// The daemon's configuration [default: touchline.yaml where there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Lists every rule set that ran, the latest last.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline versions --data data
  touchline versions --data data --format json
  touchline versions --data data --show 4f2a            print the files of that version

Exit codes: 0 done, 2 could not run.")]
pub struct Versions {
    /// The data folder of the daemon; it may be running [default: that of touchline.yaml]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The daemon's configuration [default: touchline.yaml where there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the files of the version whose hash begins like this
    #[arg(long, value_name = "HASH")]
    show: Option<String>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For machines: one JSON object; of versions, one a line
    Json,
}

impl Plan {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let config = config_for_client(self.config.as_deref())?;
        let playbooks = named(self.playbooks, config.as_ref().map(|config| &config.playbooks), "--playbooks")?;
        let (running, was) = match &self.against {
            Some(other) => (sound(other)?, vec![]),
            None => last_run(&named(self.data, config.as_ref().map(|config| &config.data), "--data")?)?,
        };
        let sources = shelf(playbooks.clone())().map_err(anyhow::Error::msg)?;
        if let Some(why) = gone(&sources, was.iter().map(|file| &**file)) {
            match self.format {
                Format::Json => writeln!(screen.out, "{}", Findings::default().to_json())?,
                Format::Text => writeln!(screen.out, "{BAD}nothing would change{BAD:#}: {why}")?,
            }
            return Ok(ExitCode::Problems);
        }
        let on_disk = match examine(&sources, Some(&running)) {
            Ok(on_disk) => on_disk,
            Err(unusable) => {
                let problems = told_kept_back(&[], &unusable.problems);
                match self.format {
                    Format::Json => {
                        let findings = Findings { problems: &unusable.problems, ..Findings::default() };
                        writeln!(screen.out, "{}", findings.to_json())?;
                    }
                    Format::Text => {
                        write!(screen.out, "{BAD}nothing would change{BAD:#}: {}\n{problems}", unusable.why)?
                    }
                }
                return Ok(ExitCode::Problems);
            }
        };
        let plan = ReloadPlan::between(&running, &on_disk.ruleset);
        match self.format {
            Format::Json => {
                let (kept_back, problems, warnings) = (&on_disk.kept_back, &on_disk.problems, &on_disk.warnings);
                let findings = Findings { plan: Some(&plan), back: None, kept_back, problems, warnings };
                writeln!(screen.out, "{}", findings.to_json())?;
            }
            Format::Text => {
                match plan.is_empty() {
                    true if !on_disk.kept_back.is_empty() => {
                        writeln!(screen.out, "{BAD}nothing would change{BAD:#}: what compiles runs already")?;
                    }
                    true => writeln!(screen.out, "{GOOD}nothing would change{GOOD:#}")?,
                    false => write!(screen.out, "{}", told(&plan, &BTreeSet::new()))?,
                }
                write!(screen.out, "{}", told_kept_back(&on_disk.kept_back, &on_disk.problems))?;
                write!(screen.out, "{}", told_warnings(&on_disk.warnings))?;
            }
        }
        Ok(if on_disk.kept_back.is_empty() { ExitCode::Clean } else { ExitCode::Problems })
    }
}

impl Versions {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let config = config_for_client(self.config.as_deref())?;
        let data = named(self.data, config.as_ref().map(|config: &Config| &config.data), "--data")?;
        let versions = reader(&data)?.versions()?;
        if let Some(wanted) = &self.show {
            return show(&versions, wanted, screen);
        }
        for version in &versions {
            let at = version.at.map_or_else(|| "the beginning".to_owned(), words::utc);
            let kept: Vec<String> =
                version.sources.kept.iter().flat_map(|(_, rules)| rules).map(ToString::to_string).collect();
            match self.format {
                Format::Json => {
                    let files: Vec<&str> = version.sources.files.iter().map(|(path, _)| &**path).collect();
                    let at = version.at.map(words::utc);
                    let (from, hash) = (version.from.0, hex(&version.hash));
                    writeln!(
                        screen.out,
                        "{}",
                        json!({"hash": hash, "from": from, "at": at, "files": files, "kept": kept})
                    )?;
                }
                Format::Text => {
                    let files = counted(version.sources.files.len() as u64, "file", "files");
                    let hash = hex(&version.hash);
                    writeln!(screen.out, "{BOLD}{hash}{BOLD:#}  from position {} ({at})  {files}", version.from.0)?;
                    if !kept.is_empty() {
                        writeln!(screen.out, "{DIM}  kept from the one before: {}{DIM:#}", kept.join(", "))?;
                    }
                }
            }
        }
        Ok(ExitCode::Clean)
    }
}

fn show(versions: &[Version], wanted: &str, screen: &mut Screen) -> anyhow::Result<ExitCode> {
    let mut found: Vec<&Version> = versions.iter().filter(|version| hex(&version.hash).starts_with(wanted)).collect();
    found.dedup_by_key(|version| version.hash);
    match found[..] {
        [] => bail!("no version begins with {wanted}: `touchline versions` lists them"),
        [version] => {
            for (path, bytes) in &version.sources.files {
                writeln!(screen.out, "{BOLD}# {path}{BOLD:#}\n{}", String::from_utf8_lossy(bytes))?;
            }
            Ok(ExitCode::Clean)
        }
        _ => bail!("more than one version begins with {wanted}: write more of the hash"),
    }
}

/// Returns what was named, or what the configuration names.
fn named(named: Option<PathBuf>, configured: Option<&PathBuf>, option: &str) -> anyhow::Result<PathBuf> {
    match named.or_else(|| configured.cloned()) {
        Some(path) => Ok(path),
        None => bail!("name it with {option}, or stand where touchline.yaml is"),
    }
}

fn reader(data: &Path) -> anyhow::Result<SqliteReader> {
    if !has_run(data) {
        bail!("{} is no data folder: no daemon ever ran on it", files::shown(data));
    }
    Ok(SqliteReader::open(data)?)
}

/// Returns what ran last on a data folder, and the files it is made of.
fn last_run(data: &Path) -> anyhow::Result<(Arc<RuleSet>, Vec<Str>)> {
    let reader = reader(data)?;
    let versions = reader.versions()?;
    let last = versions.last().with_context(|| format!("{} holds no playbooks yet", files::shown(data)))?;
    let files = last.sources.files.iter().map(|(path, _)| path.clone()).collect();
    Ok((Rules::default().get(last.hash, &reader)?, files))
}

/// Returns playbooks without an error.
fn sound(folder: &Path) -> anyhow::Result<Arc<RuleSet>> {
    let loaded = load(&[folder.to_owned()])?;
    match examine(&loaded.sources, None) {
        Ok(on_disk) => Ok(on_disk.ruleset),
        Err(unusable) => bail!(
            "the playbooks in {} cannot be compared with: {}; `touchline check` shows what is wrong",
            files::shown(folder),
            unusable.why
        ),
    }
}
