//! `touchline new`: a folder to begin with, in which everything works.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use super::ExitCode;
use super::files;
use super::screen::{BOLD, Screen};

/// What is written, file by file, with what it is.
const FILES: [(&str, &str, &str); 5] = [
    ("vocabulary.yaml", "what may be spoken of", include_str!("../../packaging/new/vocabulary.yaml")),
    ("directory.yaml", "who fills which role where", include_str!("../../packaging/new/directory.yaml")),
    ("care.play", "a playbook with one rule", include_str!("../../packaging/new/care.play")),
    ("care.test.yaml", "a scenario: what must happen", include_str!("../../packaging/new/care.test.yaml")),
    ("feed.jsonl", "a few recorded signals", include_str!("../../packaging/new/feed.jsonl")),
];

/// Writes a folder to begin with: a vocabulary, a directory, a playbook, a scenario and a few recorded signals.
///
/// Nothing that is there already is changed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline new my          then: touchline check my
  touchline new .           in this folder

Exit codes: 0 written, 2 a file of that name is there, or the folder cannot be written.")]
pub struct New {
    /// The folder; it is made where it is not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl New {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let there = FILES.iter().map(|(name, ..)| self.folder.join(name)).find(|path| path.exists());
        if let Some(path) = there {
            bail!("{} is there already, and nothing is written over: name another folder", files::shown(&path));
        }
        fs::create_dir_all(&self.folder).map_err(|error| files::explain(&self.folder, error))?;
        for (name, _, text) in FILES {
            let path = self.folder.join(name);
            fs::write(&path, text).map_err(|error| files::explain(&path, error))?;
        }
        let out = &mut screen.out;
        let shown = files::shown(&self.folder);
        for (name, what, _) in FILES {
            writeln!(out, "{:32}{what}", files::shown(&self.folder.join(name)))?;
        }
        writeln!(out, "\n{BOLD}go on with{BOLD:#}")?;
        for (command, does) in [
            ("check", "says what is wrong, with what to type instead"),
            ("test", "plays the scenarios; add --accept once the timelines are right"),
        ] {
            let typed = format!("touchline {command} {shown}");
            writeln!(out, "  {typed:30}{does}")?;
        }
        let typed =
            format!("touchline replay --playbooks {shown} --feed {}", files::shown(&self.folder.join("feed.jsonl")));
        writeln!(out, "  {typed}")?;
        Ok(ExitCode::Clean)
    }
}
