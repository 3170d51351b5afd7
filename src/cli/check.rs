//! `touchline check`: everything that is wrong with playbooks, and what each of them uses. `recorded` says what a recording
//! tells about them.

mod recorded;

use std::io::Write;
use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, ValueEnum};

use crate::compile::Unit;
use crate::lang::diagnostic::{Diagnostic, MOST_SHOWN, More, Severity};
use crate::lang::pages::page;
use crate::lang::render;

use super::ExitCode;
use super::covered;
use super::files;
use super::load::{Loaded, load};
use super::marks;
use super::screen::{BOLD, DIM, GOOD, Screen, counted};
use recorded::{Recorded, play_recorded};

/// Reads playbooks and says everything that is wrong with them, in one run.
///
/// With them are read the vocabulary, the directory, the mail templates and the scenarios.
/// A path is a file or a folder; the nearest vocabulary, directory and mail templates are found upwards from it. In a
/// folder that has scenarios (`*.test.yaml`), a live rule without one is warned of. Of one file the first 200 problems
/// are shown; the last line counts all of them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline check                                  every playbook below this folder
  touchline check playbooks/retail/recovery.play   one file, with the vocabulary beside it
  touchline check playbooks --deny warnings        for a build: warnings count as problems
  touchline check playbooks --format json          one JSON object a line, for editors and scripts
  touchline check playbooks/retail --feed june.jsonl july.jsonl   and what that feedback says about the rules
  touchline check playbooks --allow L005 L018      say nothing about these
  touchline check playbooks --format sarif > found.sarif   for code scanning; `github` marks the lines of a pull request

With a recording (`--feed`, or the data folder of `touchline serve` with `--store`) the rules are played on it, nothing is
sent, and its last 90 days are looked at: how many alerts a week each rule sends, by role and step of its ladder; readings that
enter again and again without `clears under`; rules and steps that are never reached; and pairs of rules that wrote to one
customer within a day. Of a recording shorter than 90 days, what is never reached is only noted.

Exit codes: 0 clean, 1 problems found, 2 could not run.")]
pub struct Check {
    /// Files or folders
    #[arg(value_name = "PATHS", default_value = ".")]
    paths: Vec<PathBuf>,
    /// How problems are printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// What counts as a problem besides errors
    #[arg(long, value_enum)]
    deny: Option<Deny>,
    /// Codes of warnings and notes that are not told: `touchline explain` knows them
    #[arg(long, value_name = "CODE", num_args = 1.., value_parser = code)]
    allow: Vec<String>,
    /// Recorded signals, one JSON object a line: say what they tell about the rules; several are read one after the other
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "store")]
    feed: Vec<PathBuf>,
    /// The data folder of `touchline serve`, in place of a feed; it is only read
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Name every playbook and rule with what it uses
    #[arg(short, long)]
    verbose: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, with the line and a caret
    Human,
    /// One JSON object a line
    Json,
    /// SARIF 2.1.0, which code scanning reads
    Sarif,
    /// Commands that mark the lines of a pull request on GitHub
    Github,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Deny {
    /// Warnings too
    Warnings,
}

impl Check {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let loaded = load(&self.paths)?;
        if loaded.sources.files.is_empty() {
            let paths: Vec<String> = self.paths.iter().map(|path| files::shown(path)).collect();
            bail!(
                "nothing to check in {}: no playbook, vocabulary or scenario is there; `touchline new my` writes a \
                 folder to begin with",
                paths.join(", ")
            );
        }
        let mut problems = loaded.project.diagnostics.clone();
        let (scenarios, of_scenarios) = loaded.scenarios();
        problems.extend(covered::warnings(&loaded, &scenarios, &of_scenarios));
        problems.extend(of_scenarios);
        let recorded = match self.feed.is_empty() && self.store.is_none() {
            true => None,
            false => play_recorded(&loaded, (&self.feed, self.store.as_deref()), &mut problems, screen)?,
        };
        problems.retain(|problem| problem.is_error() || !self.allow.iter().any(|allowed| allowed == problem.code));
        match self.format {
            Format::Json => write!(screen.out, "{}", render::json(&loaded.sources, &problems))?,
            Format::Sarif => writeln!(screen.out, "{}", marks::sarif(&loaded.sources, &problems))?,
            Format::Github => {
                problems.iter().try_for_each(|one| marks::problem(&mut screen.out, &loaded.sources, one))?
            }
            Format::Human => {
                let look = render::Look { colour: true, width: screen.width };
                let shown: Vec<Diagnostic> =
                    problems.iter().filter(|one| self.verbose || !Recorded::is_in_table(one)).cloned().collect();
                write!(screen.out, "{}", render::human(&loaded.sources, &shown, look))?;
                recorded.map_or(Ok(()), |recorded| recorded.table(screen))?;
                self.summary(screen, &loaded, &problems)?;
            }
        }
        let warnings = self.deny == Some(Deny::Warnings);
        let denied = |problem: &Diagnostic| problem.is_error() || warnings && problem.severity == Severity::Warning;
        Ok(if problems.iter().any(denied) { ExitCode::Problems } else { ExitCode::Clean })
    }

    fn summary(&self, screen: &mut Screen, loaded: &Loaded, problems: &[Diagnostic]) -> anyhow::Result<()> {
        for unit in loaded.project.units.iter().filter(|unit| !unit.playbooks.is_empty()) {
            self.unit(screen, unit)?;
        }
        let mut all = More::default();
        problems.iter().for_each(|problem| all.add(problem));
        let out = &mut screen.out;
        match (all.errors, all.warnings) {
            (0, 0) => writeln!(out, "{GOOD}no problems{GOOD:#}")?,
            (errors, warnings) => {
                let at_least = if all.at_least { "at least " } else { "" };
                let (errors, warnings) = (counted(errors, "error", "errors"), counted(warnings, "warning", "warnings"));
                writeln!(out, "{BOLD}{at_least}{errors}, {warnings}{}{BOLD:#}", shown(problems))?;
            }
        }
        Ok(())
    }

    fn unit(&self, screen: &mut Screen, unit: &Unit) -> anyhow::Result<()> {
        let broken: usize = unit.playbooks.iter().map(|book| book.broken.len()).sum();
        let rules = match (unit.rules.len(), broken) {
            (sound, 0) => counted(sound as u64, "rule", "rules"),
            (sound, broken) => format!("{sound} of {}", counted((sound + broken) as u64, "rule", "rules")),
        };
        let out = &mut screen.out;
        if self.verbose {
            for book in &unit.playbooks {
                let id = book.id.as_deref().unwrap_or("a playbook without an id");
                let title = book.title.as_deref().map(|title| format!(" \"{title}\"")).unwrap_or_default();
                writeln!(out, "{BOLD}{id}{BOLD:#}{title} {DIM}{}{DIM:#}", book.path)?;
                for rule in unit.rules.iter().filter(|rule| book.rules.contains(&rule.id)) {
                    writeln!(out, "  {} \"{}\"", rule.id.rule, rule.title)?;
                }
                for broken in &book.broken {
                    writeln!(out, "  {} (has errors)", broken.id.as_deref().unwrap_or("a rule without an id"))?;
                }
            }
        }
        // A playbook without an id is told as a problem; here its file stands for it.
        let names: Vec<&str> =
            unit.playbooks.iter().map(|book| book.id.as_deref().unwrap_or(book.path.as_str())).collect();
        let playbooks = match names.len() {
            1..=6 => names.join(", "),
            many => counted(many as u64, "playbook", "playbooks"),
        };
        writeln!(out, "{playbooks}: {rules}")?;
        let none = |what: &str| format!("no {what}");
        let emails = unit.emails_path.as_deref().map(|folder| match folder {
            "" => "emails".to_owned(),
            folder if folder == "emails" || folder.ends_with("/emails") => folder.to_owned(),
            folder => format!("{folder}/emails"),
        });
        let directory = unit.directory_path.clone().unwrap_or_else(|| none("directory"));
        let emails = emails.unwrap_or_else(|| none("emails"));
        writeln!(out, "  {DIM}with {}, {directory}, {emails}{DIM:#}", unit.vocabulary_path)?;
        Ok(())
    }
}

/// Reads the code of a message.
fn code(text: &str) -> Result<String, String> {
    match page(text) {
        Some(page) => Ok(page.code.to_owned()),
        None => Err(format!("`{text}` is no code of a message: `touchline explain` lists them")),
    }
}

/// Says how many of the problems are shown, where not all of them are.
fn shown(problems: &[Diagnostic]) -> String {
    let file = |problem: &Diagnostic| problem.span.file;
    let cut = problems.iter().any(|problem| problem.more.is_some());
    let several = problems.windows(2).any(|pair| file(&pair[0]) != file(&pair[1]));
    match (cut, several) {
        (false, _) => String::new(),
        (true, false) => format!("; the first {MOST_SHOWN} are shown"),
        (true, true) => format!("; of one file the first {MOST_SHOWN} are shown"),
    }
}
