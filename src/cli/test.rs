//! `touchline test`: plays the scenarios beside the playbooks and compares their timelines with the accepted ones.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use crate::compile::{Unit, uncovered};
use crate::lang::diagnostic::{Diagnostic, Severity};
use crate::lang::render;
use crate::replay::coverage::{Coverage, percent};
use crate::replay::replace::replaced;
use crate::replay::run::play;
use crate::replay::scenario::{Scenario, ScenarioFile};
use crate::replay::snapshot;

use super::ExitCode;
use super::files;
use super::load::{Loaded, load};
use super::screen::{BAD, BOLD, GOOD, Screen, WARN, counted, difference, hang};

/// Plays the scenarios beside the playbooks and compares their timelines with the accepted ones.
///
/// Scenarios lie in `*.test.yaml`, accepted timelines in `snapshots/`.
/// A timeline that is new or has changed is written as `.snap.new` beside the accepted one and shown as a difference;
/// `--accept` accepts it. Read it first: the timeline is the test. `cargo insta review` reads the same files.
///
/// A playbook with errors is not played, and a timeline in which something expected did not happen is not accepted.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline test                                        every scenario below this folder
  touchline test playbooks/retail/recovery.test.yaml    one file
  touchline test playbooks --accept                     accept every timeline as it is drawn now

A step `reload: reload/retail.play` switches to another version of the scenario's playbook. It lies in a folder called
`reload` beside the scenario file: folders of that name are read only by such steps.

Exit codes: 0 all as accepted, 1 something differs or a live rule has no scenario, 2 could not run.")]
pub struct Test {
    /// Files or folders
    #[arg(value_name = "PATHS", default_value = ".")]
    paths: Vec<PathBuf>,
    /// Accept every new or changed timeline
    #[arg(long)]
    accept: bool,
}

/// What came of the run.
#[derive(Default)]
struct Outcome {
    played: u64,
    failed: u64,
    accepted: u64,
    /// Scenarios of a playbook with errors.
    not_played: u64,
    problems: Vec<Diagnostic>,
}

impl Test {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let loaded = load(&self.paths)?;
        if !loaded.has_playbooks() {
            let paths: Vec<String> = self.paths.iter().map(|path| files::shown(path)).collect();
            bail!("{} holds no playbook: name a folder with *.play or *.play.yaml files", paths.join(", "));
        }
        let errors = loaded.errors();
        let (scenarios, mut problems) = loaded.scenarios();
        problems.extend(errors.iter().cloned());
        let named = |path: &PathBuf| path.to_str().is_some_and(files::is_playbook);
        if loaded.project.scenarios.is_empty() && problems.is_empty() && self.paths.iter().all(named) {
            let paths: Vec<String> = self.paths.iter().map(|path| files::shown(path)).collect();
            bail!(
                "no scenario comes along with {}: scenarios lie in *.test.yaml files, name one of those or their folder",
                paths.join(", ")
            );
        }
        let mut outcome = Outcome { problems, ..Outcome::default() };
        let mut coverage = Coverage::default();
        let (broken, sound): (Vec<_>, Vec<_>) =
            scenarios.into_iter().partition(|(file, unit)| loaded.has_errors(unit, &file.playbook));
        for (file, unit) in &sound {
            self.file(screen, &loaded, file, unit, &mut outcome, &mut coverage)?;
        }
        for (file, _) in &broken {
            let path = &loaded.sources.file(file.file).path;
            let count = file.scenarios.len() as u64;
            outcome.not_played += count;
            let scenarios = counted(count, "scenario", "scenarios");
            writeln!(screen.out, "{BOLD}{path}{BOLD:#}")?;
            writeln!(screen.out, "  {BAD}not played{BAD:#}  {scenarios}: the playbook has errors, see below")?;
        }
        self.coverage(screen, &loaded, &sound, &coverage, &mut outcome)?;
        let look = render::Look { colour: true, width: screen.width };
        write!(screen.out, "{}", render::human(&loaded.sources, &outcome.problems, look))?;
        self.summary(screen, &outcome)
    }

    fn file(
        &self,
        screen: &mut Screen,
        loaded: &Loaded,
        file: &ScenarioFile,
        unit: &Unit,
        outcome: &mut Outcome,
        coverage: &mut Coverage,
    ) -> anyhow::Result<()> {
        let path = &loaded.sources.file(file.file).path;
        writeln!(screen.out, "{BOLD}{path}{BOLD:#}")?;
        let rules = unit.ruleset();
        // A scenario that could not be read has a timeline all the same: nothing is left over then.
        let whole = !outcome.problems.iter().any(|problem| problem.is_error() && problem.span.file == file.file);
        let mut written = vec![];
        for scenario in &file.scenarios {
            let mut read = |path: &str| files::read(Path::new(path)).map_err(|error| error.to_string());
            let mut reload = |name: &str| replaced(&loaded.sources, unit, file, name, &mut read);
            let played = play(file, scenario, &rules, &mut reload);
            coverage.add(scenario, &played);
            outcome.played += 1;
            let stem = snapshot::file_stem(path, &scenario.name);
            if !scenario.whole {
                // What was read is a part of what is meant: its timeline is neither right nor to be accepted.
                outcome.not_played += 1;
                outcome.played -= 1;
                let told = hang(&format!("{}: see below", scenario.name), 14, screen.width);
                writeln!(screen.out, "  {BAD}not played{BAD:#}  {told}")?;
                written.push(stem);
                continue;
            }
            let unmet = !played.problems.is_empty();
            let accept = self.accept && !unmet;
            let (held, mut says) = compare(screen, path, &stem, scenario, &played.timeline, accept)?;
            if self.accept && held == Held::Differs {
                says = " (not accepted: something expected did not happen)".into();
            }
            outcome.problems.extend(played.problems);
            outcome.accepted += u64::from(held == Held::Accepted);
            outcome.failed += u64::from(held == Held::Differs || unmet);
            let (style, mark) = match (held, unmet) {
                (Held::Differs, _) | (_, true) => (BAD, "not ok"),
                (Held::Accepted, _) => (WARN, "accepted"),
                (Held::Same, _) => (GOOD, "ok"),
            };
            let told = hang(&format!("{}{says}", scenario.name), mark.len() + 4, screen.width);
            writeln!(screen.out, "  {style}{mark}{style:#}  {told}")?;
            written.push(stem);
        }
        if whole { self.left_over(screen, path, &written) } else { Ok(()) }
    }

    /// Names snapshots that no scenario writes any more; `--accept` removes them.
    fn left_over(&self, screen: &mut Screen, path: &str, written: &[String]) -> anyhow::Result<()> {
        let own = snapshot::file_stem(path, "");
        let Ok(entries) = fs::read_dir(snapshots(path)) else { return Ok(()) };
        let mut left: Vec<PathBuf> = vec![];
        for entry in entries {
            let path = entry.context("the snapshots cannot be listed")?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
            let stem = name.strip_suffix(".snap.new").or(name.strip_suffix(".snap"));
            if stem.is_some_and(|stem| stem.starts_with(&own) && !written.iter().any(|known| known == stem)) {
                left.push(path);
            }
        }
        left.sort();
        for path in left {
            match self.accept {
                true => remove(&path)?,
                false => writeln!(screen.out, "  {WARN}left over{WARN:#}  {}", files::shown(&path))?,
            }
        }
        Ok(())
    }

    fn coverage(
        &self,
        screen: &mut Screen,
        loaded: &Loaded,
        scenarios: &[(ScenarioFile, &Unit)],
        coverage: &Coverage,
        outcome: &mut Outcome,
    ) -> anyhow::Result<()> {
        // Whoever names files asks about these; whoever names a folder asks about all in it.
        let all = self.paths.iter().all(|path| path.is_dir());
        let mut rules = vec![];
        for unit in &loaded.project.units {
            let told = |playbook: &str| {
                // Of a playbook with errors nothing was played: what its scenarios reach is not known.
                !loaded.has_errors(unit, playbook)
                    && (all
                        || scenarios.iter().any(|(file, of)| std::ptr::eq(*of, unit) && *file.playbook == *playbook))
            };
            rules.extend(unit.rules.iter().filter(|rule| told(&rule.id.playbook)));
        }
        let report = coverage.report(rules.iter().map(|rule| &***rule));
        let out = &mut screen.out;
        let (fired, asked) = (report.rules, report.clauses);
        if fired.1 == 0 {
            return Ok(writeln!(out)?);
        }
        writeln!(
            out,
            "\nreached: {} of {} live rules ({} %), {} of {} clauses ({} %)",
            fired.0,
            fired.1,
            percent(fired),
            asked.0,
            asked.1,
            percent(asked)
        )?;
        for rule in &report.never_fired {
            writeln!(out, "  {WARN}never fired{WARN:#}  {rule}")?;
        }
        for (rule, clause) in &report.never_asked {
            writeln!(out, "  {WARN}never asked{WARN:#}  {rule}: {clause}")?;
        }
        writeln!(out)?;
        for rule in rules.iter().filter(|rule| report.without_scenario.contains(&rule.id)) {
            outcome.problems.push(Diagnostic { severity: Severity::Error, ..uncovered(rule) });
        }
        Ok(())
    }

    fn summary(&self, screen: &mut Screen, outcome: &Outcome) -> anyhow::Result<ExitCode> {
        let out = &mut screen.out;
        let played = counted(outcome.played, "scenario", "scenarios");
        let failed = outcome.failed > 0 || outcome.problems.iter().any(Diagnostic::is_error);
        let accepted = match outcome.accepted {
            0 => String::new(),
            count => format!(", {} accepted", counted(count, "timeline", "timelines")),
        };
        if !failed {
            writeln!(out, "{GOOD}{played}, all as accepted{accepted}{GOOD:#}")?;
            return Ok(ExitCode::Clean);
        }
        let not_ok = outcome.failed;
        let not_played = match outcome.not_played {
            0 => String::new(),
            count => format!(", {count} not played"),
        };
        writeln!(out, "{BAD}{played}, {not_ok} not ok{accepted}{not_played}{BAD:#}")?;
        if !self.accept && not_ok > 0 {
            writeln!(out, "read the differences, then `touchline test --accept` or `cargo insta review`")?;
        }
        Ok(ExitCode::Problems)
    }
}

/// How a timeline compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Same,
    Accepted,
    Differs,
}

/// Compares a timeline with the accepted one; what is new is written beside it, or in its place where it is accepted.
fn compare(
    screen: &mut Screen,
    path: &str,
    stem: &str,
    scenario: &Scenario,
    timeline: &str,
    accept: bool,
) -> anyhow::Result<(Held, String)> {
    let folder = snapshots(path);
    let (accepted_path, new_path) = (folder.join(format!("{stem}.snap")), folder.join(format!("{stem}.snap.new")));
    let accepted = match fs::read_to_string(&accepted_path) {
        Ok(text) => snapshot::read(&text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(files::explain(&accepted_path, error)),
    };
    if accepted.as_deref().is_some_and(|accepted| snapshot::is_same(accepted, timeline)) {
        remove(&new_path)?;
        return Ok((Held::Same, String::new()));
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let text = snapshot::write(name, &scenario.name, timeline);
    fs::create_dir_all(&folder).map_err(|error| files::explain(&folder, error))?;
    if accept {
        fs::write(&accepted_path, text).map_err(|error| files::explain(&accepted_path, error))?;
        remove(&new_path)?;
        return Ok((Held::Accepted, String::new()));
    }
    fs::write(&new_path, text).map_err(|error| files::explain(&new_path, error))?;
    difference(screen, accepted.as_deref().unwrap_or(""), timeline)?;
    let what = if accepted.is_some() { "differs from the accepted timeline" } else { "no accepted timeline yet" };
    Ok((Held::Differs, format!(" ({what}: {})", files::shown(&new_path))))
}

/// Returns the folder of a scenario file's snapshots.
fn snapshots(path: &str) -> PathBuf {
    Path::new(path).parent().unwrap_or(Path::new("")).join("snapshots")
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(files::explain(path, error)),
    }
}
