//! `touchline test`: plays the scenarios beside the playbooks and compares their timelines with the accepted ones.
//!
//! Here: what may be asked, and the run. `judge` plays and compares, `told` shows it to people, `machine` to other programs,
//! `reach` says how far the scenarios reach, `mutate` which changes they would notice, `review` asks about each difference.

mod judge;
mod machine;
mod mutate;
mod reach;
mod review;
mod told;

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, ValueEnum};

use crate::compile::{Unit, uncovered};
use crate::ir::Rule;
use crate::lang::diagnostic::{Diagnostic, Severity};
use crate::lang::source::FileNo;
use crate::replay::scenario::{self, ScenarioFile};
use crate::template::Templates;
use crate::trust::coverage::{Coverage, Report};

use super::ExitCode;
use super::files;
use super::load::{Loaded, load};
use super::screen::Screen;
use judge::{FileJudged, Mark};
use mutate::Mutated;
use review::Reviewed;

/// Plays the scenarios beside the playbooks and compares their timelines with the accepted ones.
///
/// Scenarios lie in `*.test.yaml`, accepted timelines in `snapshots/`.
/// A timeline that is new or has changed is written as `.snap.new` beside the accepted one and shown as a difference;
/// `--review` shows one after the other and asks, `--accept` accepts all, and removes snapshots that belong to no scenario any
/// more. Read them first: the timeline is the test. `cargo insta review` reads the same files.
///
/// A playbook with errors is not played, and a timeline in which something expected did not happen is not accepted.
///
/// Every live rule needs a scenario, unless a file of scenarios names it under `without_scenario`. A scenario with `todo: reason` shows what does not work yet: it has to fail, and says so once it does not.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline test                                        every scenario below this folder
  touchline test playbooks/retail/recovery.test.yaml    one file
  touchline test playbooks --filter ladder              scenarios with this word in their name, file or rules
  touchline test playbooks --review                     look at each difference: accept, reject, skip or quit
  touchline test playbooks --accept                     accept every timeline as it is drawn now
  touchline test playbooks --coverage                   what the scenarios reach, rule by rule
  touchline test playbooks --require 90                 for a build: fail where they reach less than 90 percent
  touchline test playbooks/retail --mutate              which small changes would no scenario notice?
  touchline test playbooks --require-killed 80          for a build: fail where less than 80 percent are noticed
  touchline test playbooks --format junit > test.xml    for a build server; `github` marks the lines of a pull request

Reached is a rule that fires, a clause that is compared, a guard (`only if`, `unless`) that lets a firing pass and holds
one back, a step of a ladder that goes out, and each language of a mail. Shares are rounded down; `--require` asks for
each of the five. Rules in shadow count, paused ones do not.

Steps are signals (with `times`, `late`, `id`), `duplicate`, `acknowledge`, `close`, `reopen`, `contact`, `silence`,
`facts`, `fails`, `reload`, `restart` and `expect`; one that meets nothing is said with its line.

`--mutate` changes one thing at a time: a threshold by one, `at least` for `more than`, a window by a tenth, a condition,
a guard, a part of a key or a limit gone, `and` for `or`, a step of a ladder gone or swapped, an amount that is posted,
mailed, set or recorded by one. A change that no scenario
notices is shown with the sentence it makes and the scenario that came nearest; what provably means the same is left out.
It is noticed when something else is decided or told, not when only the sentence in the timeline reads otherwise.

A step `reload: reload/retail.play` switches to another version of the scenario's playbook. It lies in a folder called
`reload` beside the scenario file: folders of that name are read only by such steps.

Exit codes: 0 all as accepted, 1 something differs, a live rule has no scenario, or too little is
reached or noticed, 2 could not run.")]
pub struct Test {
    /// Files or folders
    #[arg(value_name = "PATHS", default_value = ".")]
    paths: Vec<PathBuf>,
    /// Accept every new or changed timeline
    #[arg(long)]
    accept: bool,
    /// Show every new or changed timeline and ask: accept, reject, skip or quit
    #[arg(long, conflicts_with_all = ["accept", "mutate", "require_killed"])]
    review: bool,
    /// Play only scenarios with this text in their name, their file or the rules they cover
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Show what the scenarios reach in each rule, and what they do not
    #[arg(long)]
    coverage: bool,
    /// Fail where less than this many percent of rules, clauses, guards, ladder steps or languages are reached
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100), conflicts_with = "filter")]
    require: Option<u8>,
    /// Change the playbooks a little, many times, and show the changes that no scenario notices
    #[arg(long, conflicts_with = "filter")]
    mutate: bool,
    /// The same, and fail where less than this many percent of the changes are noticed
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100), conflicts_with = "filter")]
    require_killed: Option<u8>,
    /// How what came of it is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, with the differences
    Human,
    /// One JSON object a line
    Json,
    /// JUnit's XML, which build servers read
    Junit,
    /// Commands that GitHub shows at the lines of a pull request
    Github,
}

/// Everything that came of a run.
struct Run<'a> {
    loaded: &'a Loaded,
    files: Vec<FileJudged>,
    /// Files of a playbook with errors, with how many scenarios they hold.
    broken: Vec<(String, u64)>,
    coverage: Report,
    /// Snapshots of files of scenarios that are no longer there.
    orphans: Vec<PathBuf>,
    /// Playbooks with scenarios that could not be read: what they reach is not told.
    unread: Vec<String>,
    /// What came of changes, where they were asked for and every scenario holds.
    mutated: Option<Mutated>,
    /// What belongs to no single scenario.
    problems: Vec<Diagnostic>,
    /// What a person answered, where somebody was asked.
    reviewed: Option<Reviewed>,
    /// What is required and not reached, in words.
    lacking: Vec<String>,
    /// How many scenarios were left out by `--filter`.
    filtered: u64,
}

impl Run<'_> {
    fn count(&self, is: impl Fn(Mark) -> bool) -> u64 {
        self.files.iter().flat_map(|file| &file.scenarios).filter(|scenario| is(scenario.mark)).count() as u64
    }

    fn not_played(&self) -> u64 {
        self.count(|mark| mark == Mark::NotPlayed) + self.broken.iter().map(|(_, count)| count).sum::<u64>()
    }

    fn failed(&self) -> bool {
        self.count(Mark::fails) > 0
            || !self.broken.is_empty()
            || !self.lacking.is_empty()
            || self.problems.iter().any(Diagnostic::is_error)
    }
}

impl Test {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        if self.accept && self.mutates() {
            bail!(
                "accept first, then change: whether a change is noticed is measured by timelines that somebody has read. Type \
                 `touchline test --accept`, and `touchline test --mutate` once they are as they should be"
            );
        }
        if self.review {
            if self.format != Format::Human {
                bail!("--review asks a person: it goes with no --format but human");
            }
            review::must_be_watched(&self.paths)?;
        }
        let loaded = load(&self.paths)?;
        if !loaded.has_playbooks() {
            bail!(
                "{} holds no playbook: name a folder with *.play or *.play.yaml files, or let `touchline new my` write one",
                self.named()
            );
        }
        let (mut scenarios, mut problems) = loaded.scenarios();
        problems.extend(loaded.errors());
        let named = |path: &PathBuf| path.to_str().is_some_and(files::is_playbook);
        if loaded.project.scenarios.is_empty() && problems.is_empty() && self.paths.iter().all(named) {
            bail!(
                "no scenario comes along with {}: scenarios lie in *.test.yaml files, name one of those or their folder",
                self.named()
            );
        }
        let filtered = self.leave_out(&loaded, &mut scenarios)?;
        let (broken, sound): (Vec<_>, Vec<_>) =
            scenarios.into_iter().partition(|(file, unit)| loaded.has_errors(unit, &file.playbook));
        let played = judge::play_all(&loaded, &sound)?;
        let mut coverage = Coverage::default();
        for ((file, _), played) in sound.iter().zip(&played) {
            coverage.add_named(file);
            let pairs = file.scenarios.iter().zip(played);
            pairs.for_each(|(scenario, played)| coverage.add(scenario, &played.reached));
        }
        let unread = unread_books(&loaded, &problems);
        let rules = self.asked_about(&loaded, &sound, &problems);
        let coverage = coverage.report(rules.iter().copied());
        if self.filter.is_none() {
            let without = rules.iter().filter(|(rule, _)| coverage.without_scenario.contains(&rule.id));
            problems.extend(without.map(|(rule, _)| Diagnostic { severity: Severity::Error, ..uncovered(rule) }));
        }
        let mut lacking = self.require.map_or(vec![], |percent| reach::lacking(&coverage, percent));
        let mut judged = vec![];
        for ((file, _), played) in sound.iter().zip(&played) {
            judged.push(judge::file(&self, &loaded, file, played, &problems)?);
        }
        let reviewed = match self.review {
            true => Some(review::walk(screen, &mut judged, &mut std::io::stdin().lock())?),
            false => None,
        };
        let orphans = match self.filter.is_none() && self.paths.iter().all(|path| path.is_dir()) {
            true => judge::orphans(self.accept, &judged.iter().map(|file| file.path.as_str()).collect())?,
            false => vec![],
        };
        let hold = judged.iter().flat_map(|file| &file.scenarios).all(|scenario| !scenario.mark.fails());
        let mutated = match self.mutates() {
            // What a scenario that fails would notice is not known.
            true if hold && broken.is_empty() => Some(mutate::run(screen, &loaded, &sound, &played)?),
            true => {
                lacking.push("changes are only tried where every scenario holds".to_owned());
                None
            }
            false => None,
        };
        if let (Some(mutated), Some(percent)) = (&mutated, self.require_killed) {
            lacking.extend(mutate::lacking(mutated, percent));
        }
        let broken =
            broken.iter().map(|(file, _)| (loaded.sources.file(file.file).path.clone(), file.scenarios.len() as u64));
        let broken = broken.collect();
        let run = Run {
            loaded: &loaded,
            files: judged,
            broken,
            coverage,
            orphans,
            unread,
            mutated,
            problems,
            reviewed,
            lacking,
            filtered,
        };
        match self.format {
            Format::Human => told::show(&self, screen, &run)?,
            Format::Json => machine::json(&self, screen, &run)?,
            Format::Junit => machine::junit(screen, &run)?,
            Format::Github => machine::github(screen, &run)?,
        }
        Ok(if run.failed() { ExitCode::Problems } else { ExitCode::Clean })
    }

    fn mutates(&self) -> bool {
        self.mutate || self.require_killed.is_some()
    }

    fn named(&self) -> String {
        self.paths.iter().map(|path| files::shown(path)).collect::<Vec<_>>().join(", ")
    }

    /// Leaves out what `--filter` does not ask for, and returns how many scenarios that are.
    fn leave_out(&self, loaded: &Loaded, scenarios: &mut Vec<(ScenarioFile, &Unit)>) -> anyhow::Result<u64> {
        let Some(filter) = &self.filter else { return Ok(0) };
        let wanted = filter.to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&wanted);
        let mut filtered = 0;
        for (file, _) in scenarios.iter_mut() {
            let all = file.scenarios.len();
            if !has(&loaded.sources.file(file.file).path) {
                file.scenarios.retain(|one| has(&one.name) || one.covers.iter().any(|rule| has(&rule.rule)));
            }
            filtered += (all - file.scenarios.len()) as u64;
        }
        scenarios.retain(|(file, _)| !file.scenarios.is_empty());
        if scenarios.is_empty() {
            bail!("no scenario has `{filter}` in its name, its file or the rules it covers");
        }
        Ok(filtered)
    }

    /// Returns the rules that coverage is about: whoever names files asks about these, whoever names a folder about all in it.
    fn asked_about<'a>(
        &self,
        loaded: &'a Loaded,
        scenarios: &[(ScenarioFile, &Unit)],
        problems: &[Diagnostic],
    ) -> Vec<(&'a Rule, &'a Templates)> {
        let all = self.filter.is_none() && self.paths.iter().all(|path| path.is_dir());
        let mut rules: Vec<(&Rule, &Templates)> = vec![];
        for unit in &loaded.project.units {
            let told = |playbook: &str| {
                // Of a playbook with errors nothing was played, and of one with scenarios that could not be read not all:
                // what its scenarios reach is not known.
                !loaded.has_errors(unit, playbook)
                    && !unread(loaded, unit, playbook, problems)
                    && (all
                        || scenarios.iter().any(|(file, of)| std::ptr::eq(*of, unit) && *file.playbook == *playbook))
            };
            let own = unit.rules.iter().filter(|rule| told(&rule.id.playbook));
            rules.extend(own.map(|rule| (&**rule, &*unit.templates)));
        }
        rules
    }
}

/// Returns the sound playbooks of which some scenarios could not be read.
fn unread_books(loaded: &Loaded, problems: &[Diagnostic]) -> Vec<String> {
    let books = loaded.project.units.iter().flat_map(|unit| unit.playbooks.iter().map(move |book| (unit, book)));
    let sound = books.filter_map(|(unit, book)| book.id.as_deref().map(|id| (unit, id)));
    sound
        .filter(|(unit, id)| !loaded.has_errors(unit, id) && unread(loaded, unit, id, problems))
        .map(|(_, id)| id.to_owned())
        .collect()
}

/// Tells whether scenarios that are, or may be, for a playbook could not be read.
fn unread(loaded: &Loaded, unit: &Unit, playbook: &str, problems: &[Diagnostic]) -> bool {
    let broken = |file: &FileNo| problems.iter().any(|problem| problem.is_error() && problem.span.file == *file);
    let known = |book: &str| unit.playbooks.iter().any(|own| own.id.as_deref() == Some(book));
    loaded.project.scenarios.iter().copied().filter(broken).any(|file| {
        let of_unit = loaded.unit_of(file).is_none_or(|of| std::ptr::eq(of, unit));
        let named = scenario::playbook_of(&loaded.sources, file);
        of_unit && named.is_none_or(|named| named == playbook || !known(&named))
    })
}
