//! `touchline fmt`: every playbook in its one shape.
//!
//! What is wrong with a playbook is told and its file left alone; `--fix` mends what needs no decision. The shape itself is
//! made in `lang::format`.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::format::{self, Forms};
use crate::lang::source::{FileNo, Sources};
use crate::lang::tree::Playbook;
use crate::lang::{play, yaml};

use super::ExitCode;
use super::files;
use super::load::complain;
use super::screen::{GOOD, Screen, counted, difference};

/// Writes playbooks in the one shape they have; their meaning and their comments stay.
///
/// Both syntaxes: a clause a line, two blanks a level, `10 min` as `10 minutes`, straight quotes. Values are not touched.
/// A playbook with mistakes is not written; the mistakes are shown.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline fmt                            every playbook below this folder
  touchline fmt playbooks/retail --check   change nothing, show what would change: for a build
  touchline fmt --fix recovery.play        also put clauses that stand in the wrong order where they belong
  touchline fmt - < recovery.play          for editors: from standard input to standard output

Exit codes: 0 clean, 1 something would change (--check) or has mistakes, 2 could not run.")]
pub struct Fmt {
    /// Files or folders; `-` is standard input
    #[arg(value_name = "PATHS", default_value = ".")]
    paths: Vec<PathBuf>,
    /// Change nothing; show what would change, and fail if anything would
    #[arg(long)]
    check: bool,
    /// Put clauses in their order too
    #[arg(long)]
    fix: bool,
}

/// What became of the files.
#[derive(Default)]
struct Tally {
    changed: u64,
    same: u64,
    broken: u64,
}

impl Fmt {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        if self.paths.iter().any(|path| path.as_os_str() == "-") {
            return self.through(screen);
        }
        let sources = files::gather(&self.paths)?;
        let playbooks = asked_for(&sources, &self.paths);
        if playbooks.is_empty() {
            let paths: Vec<String> = self.paths.iter().map(|path| files::shown(path)).collect();
            bail!("no playbook in {}: a playbook ends in .play or .play.yaml", paths.join(", "));
        }
        let mut tally = Tally::default();
        for file in playbooks {
            self.file(screen, &sources, file, &mut tally)?;
        }
        let Tally { changed, same, broken } = tally;
        let verb = if self.check { "would change" } else { "formatted" };
        let good = if broken + u64::from(self.check) * changed == 0 { GOOD } else { anstyle::Style::new() };
        let mut told = vec![match self.check {
            true => format!("{} {verb}", counted(changed, "playbook", "playbooks")),
            false => format!("{} {verb}", counted(changed, "playbook", "playbooks")),
        }];
        told.push(format!("{same} as they should be"));
        if broken > 0 {
            told.push(format!("{broken} with mistakes left as they are"));
        }
        writeln!(screen.err, "{good}{}{good:#}", told.join(", "))?;
        let problems = broken > 0 || self.check && changed > 0;
        Ok(if problems { ExitCode::Problems } else { ExitCode::Clean })
    }

    /// From standard input to standard output.
    fn through(&self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        if self.paths.len() > 1 {
            bail!("`-` stands alone: name files, or hand one playbook in on standard input");
        }
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).context("standard input cannot be read")?;
        let name = if looks_like_yaml(&bytes) { "standard input.play.yaml" } else { "standard input.play" };
        let mut sources = Sources::default();
        let file = sources.add(name, &bytes);
        match formatted(&sources, file, self.fix) {
            Ok(text) => {
                write!(screen.out, "{text}")?;
                let same = text == sources.file(file).text;
                Ok(if self.check && !same { ExitCode::Problems } else { ExitCode::Clean })
            }
            Err(problems) => {
                complain(screen, &sources, &problems)?;
                Ok(ExitCode::Problems)
            }
        }
    }

    fn file(&self, screen: &mut Screen, sources: &Sources, file: FileNo, tally: &mut Tally) -> anyhow::Result<()> {
        let source = sources.file(file);
        match formatted(sources, file, self.fix) {
            Err(problems) => {
                complain(screen, sources, &problems)?;
                tally.broken += 1;
            }
            Ok(text) if text == source.text => tally.same += 1,
            Ok(text) => {
                tally.changed += 1;
                writeln!(screen.out, "{}", source.path)?;
                match self.check {
                    true => difference(screen, &source.text, &text)?,
                    false => replace(Path::new(&source.path), &text)?,
                }
            }
        }
        Ok(())
    }
}

/// Returns the playbooks that were named, without those that only came along with a scenario beside them.
fn asked_for(sources: &Sources, paths: &[PathBuf]) -> Vec<FileNo> {
    let playbooks = sources.files.iter().zip(0..).filter(|(file, _)| files::is_playbook(&file.path));
    let named = |path: &str| {
        let path = Path::new(path);
        paths.iter().any(|asked| {
            let asked = asked.strip_prefix(".").unwrap_or(asked);
            path.starts_with(asked) || path.ends_with(asked) || asked.is_absolute() || asked.starts_with("..")
        })
    };
    playbooks.filter(|(file, _)| named(&file.path)).map(|(_, number)| FileNo(number)).collect()
}

/// Reads a playbook, without asking whether what it names exists.
pub(super) fn parsed(sources: &Sources, file: FileNo) -> (Playbook, Vec<Diagnostic>) {
    let reader = if sources.file(file).path.ends_with(".yaml") { yaml::playbook::playbook } else { play::playbook };
    let (playbook, problems) = reader(sources, file);
    (playbook, problems.into_iter().filter(Diagnostic::is_error).collect())
}

/// Returns a playbook in its own syntax; its mistakes if it has any.
fn formatted(sources: &Sources, file: FileNo, fix: bool) -> Result<String, Vec<Diagnostic>> {
    let (mut playbook, mut problems) = parsed(sources, file);
    if fix {
        put_in_order(&mut playbook, &mut problems);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let as_it_is: &dyn Fn(&str) -> String = &str::to_owned;
    let forms = Forms { plural: as_it_is, singular: as_it_is };
    Ok(format::playbook(&playbook, sources, playbook.syntax, &forms))
}

/// Takes rules whose only mistakes are clauses in the wrong order for sound: written again they are in order.
fn put_in_order(playbook: &mut Playbook, problems: &mut Vec<Diagnostic>) {
    let (out_of_order, rest): (Vec<_>, Vec<_>) =
        std::mem::take(problems).into_iter().partition(|problem| problem.code == codes::CLAUSE_ORDER);
    let (mut sound, mut broken) = (Vec::new(), Vec::new());
    for rule in std::mem::take(&mut playbook.broken) {
        let own = |problem: &Diagnostic| rule.span.start <= problem.span.start && problem.span.end <= rule.span.end;
        let only_order = out_of_order.iter().any(own) && !rest.iter().any(own);
        match rule.rest.as_ref().filter(|_| only_order) {
            Some(_) => sound.extend(rule.rest.map(|rule| *rule)),
            None => broken.push(rule),
        }
    }
    let left = |problem: &Diagnostic| {
        !sound.iter().any(|rule| rule.span.start <= problem.span.start && problem.span.end <= rule.span.end)
    };
    *problems = rest.into_iter().chain(out_of_order.into_iter().filter(left)).collect();
    playbook.rules.extend(sound);
    playbook.rules.sort_by_key(|rule| rule.span.start);
    playbook.broken = broken;
}

/// Tells whether a text begins as a playbook in YAML does.
fn looks_like_yaml(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .next()
        .is_some_and(|line| line.starts_with("---") || line.split_once(' ').is_none_or(|(word, _)| word.ends_with(':')))
}

/// Writes a file whole or not at all; a link is followed.
pub(super) fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let path = fs::canonicalize(path).map_err(|error| files::explain(path, error))?;
    let about = fs::metadata(&path).map_err(|error| files::explain(&path, error))?;
    if about.permissions().readonly() {
        bail!("{} may not be written: it is marked read-only", files::shown(&path));
    }
    let aside = path.with_extension(format!("{}.touchline", std::process::id()));
    let written = fs::write(&aside, text)
        .and_then(|()| fs::set_permissions(&aside, about.permissions()))
        .and_then(|()| fs::rename(&aside, &path));
    if written.is_err() {
        // What could not be put in place is not left lying about.
        let _ = fs::remove_file(&aside);
    }
    written.with_context(|| format!("{} cannot be written", files::shown(&path)))
}
