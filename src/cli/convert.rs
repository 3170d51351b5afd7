//! `touchline convert`: a playbook in the other syntax, comments included.
//!
//! A count names its signals in the plural in the one syntax and in the singular in the other, so the vocabulary beside the
//! playbook is read as well.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueEnum};

use crate::compile::Unit;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::format::{self, Forms};
use crate::lang::source::{FileNo, Sources};
use crate::lang::tree::Syntax;

use super::ExitCode;
use super::files;
use super::fmt::parsed;
use super::load::{complain, load};
use super::screen::Screen;

/// Writes a playbook in the other syntax: from `.play` to YAML, or back. Its meaning and its comments stay.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline convert playbooks/retail/recovery.play             print it in YAML
  touchline convert --write playbooks/retail/recovery.play     put recovery.play.yaml in its place
  touchline convert --write --to play playbooks                every playbook in YAML becomes a .play

Exit codes: 0 clean, 1 a playbook has mistakes, 2 could not run.")]
pub struct Convert {
    /// Files or folders
    #[arg(value_name = "PATHS", required = true)]
    paths: Vec<PathBuf>,
    /// The syntax to write; of one file the other one unless said
    #[arg(long, value_enum)]
    to: Option<To>,
    /// Write it beside the playbook and remove the one it came from
    #[arg(long)]
    write: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum To {
    /// Sentences: `*.play`
    Play,
    /// `*.play.yaml`
    Yaml,
}

impl Convert {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let loaded = load(&self.paths)?;
        let sources = &loaded.sources;
        let all: Vec<FileNo> = sources
            .files
            .iter()
            .zip(0..)
            .filter(|(file, _)| files::is_playbook(&file.path))
            .map(|(_, number)| FileNo(number))
            .collect();
        let wanted = |file: &FileNo| match self.to {
            Some(to) => syntax_of(&sources.file(*file).path) != wanted_syntax(to),
            None => true,
        };
        let chosen: Vec<FileNo> = all.iter().copied().filter(wanted).collect();
        match (chosen.len(), self.write) {
            (0, _) if all.is_empty() => bail!("no playbook is there: a playbook ends in .play or .play.yaml"),
            (0, _) => bail!("nothing to convert: every playbook there is in this syntax already"),
            (1, _) => {}
            (_, false) => bail!("several playbooks: name one to print it, or add `--write` to write them"),
            (_, true) if self.to.is_none() => bail!("several playbooks: say `--to yaml` or `--to play`"),
            _ => {}
        }
        let mut code = ExitCode::Clean;
        for file in chosen {
            let unit = loaded.project.units.iter().find(|unit| unit.playbooks.iter().any(|book| book.file == file));
            match converted(sources, file, unit)? {
                Ok(text) if self.write => self.put(screen, &sources.file(file).path, &text)?,
                Ok(text) => write!(screen.out, "{text}")?,
                Err(problems) => {
                    complain(screen, sources, &problems)?;
                    code = ExitCode::Problems;
                }
            }
        }
        Ok(code)
    }

    fn put(&self, screen: &mut Screen, from: &str, text: &str) -> anyhow::Result<()> {
        let to = match from.strip_suffix(".yaml") {
            Some(play) => play.to_owned(),
            None => format!("{from}.yaml"),
        };
        let mut file = match std::fs::OpenOptions::new().write(true).create_new(true).open(&to) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                bail!("{to} is there already: move it away first, nothing was changed")
            }
            Err(error) => return Err(files::explain(Path::new(&to), error)),
        };
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(|error| files::explain(Path::new(&to), error))?;
        std::fs::remove_file(from).map_err(|error| files::explain(Path::new(from), error))?;
        writeln!(screen.out, "{from} is now {to}")?;
        Ok(())
    }
}

fn syntax_of(path: &str) -> Syntax {
    if path.ends_with(".yaml") { Syntax::Yaml } else { Syntax::Play }
}

fn wanted_syntax(to: To) -> Syntax {
    if to == To::Play { Syntax::Play } else { Syntax::Yaml }
}

/// Returns a playbook in the other syntax; its mistakes if it has any.
fn converted(sources: &Sources, file: FileNo, unit: Option<&Unit>) -> anyhow::Result<Result<String, Vec<Diagnostic>>> {
    let (playbook, problems) = parsed(sources, file);
    if !problems.is_empty() {
        return Ok(Err(problems));
    }
    let path = &sources.file(file).path;
    let Some(vocabulary) = unit.map(|unit| unit.vocabulary.clone()) else {
        bail!(
            "{path} has no vocabulary: singular and plural of its signals stand in `vocabulary.yaml`, beside it or above"
        );
    };
    let plural = |name: &str| {
        let signal = vocabulary.signal(name).and_then(|signal| vocabulary.signal_type(signal).plural.clone());
        signal.map_or_else(|| name.to_owned(), |plural| plural.to_string())
    };
    let singular = |name: &str| {
        let signal = vocabulary.plural(name).map(|signal| vocabulary.signal_type(signal).name.clone());
        signal.map_or_else(|| name.to_owned(), |singular| singular.to_string())
    };
    let other = if playbook.syntax == Syntax::Play { Syntax::Yaml } else { Syntax::Play };
    Ok(Ok(format::playbook(&playbook, sources, other, &Forms { plural: &plural, singular: &singular })))
}
