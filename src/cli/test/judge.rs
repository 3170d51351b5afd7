//! Plays every scenario, on every core, and compares what was drawn with what was accepted.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::compile::Unit;
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::Span;
use crate::replay::replace::replaced;
use crate::replay::run::{Played, play};
use crate::replay::scenario::{Scenario, ScenarioFile};
use crate::replay::snapshot;

use super::super::cores;
use super::super::files;
use super::super::load::Loaded;
use super::Test;

/// What came of a file of scenarios.
pub struct FileJudged {
    /// Where it is.
    pub path: String,
    /// Of each scenario, in order.
    pub scenarios: Vec<Judged>,
    /// Snapshots that no scenario writes any more.
    pub left_over: Vec<PathBuf>,
}

/// What came of a scenario.
pub struct Judged {
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub span: Span,
    /// How it ended.
    pub mark: Mark,
    /// Why, in brackets, where there is more to say.
    pub says: String,
    /// The accepted timeline and the drawn one, where they differ.
    pub difference: Option<(String, String)>,
    /// What was expected and did not happen.
    pub problems: Vec<Diagnostic>,
}

/// How a scenario ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// As accepted.
    Ok,
    /// Its timeline was accepted now.
    Accepted,
    /// It differs, or something expected did not happen.
    NotOk,
    /// It has a mistake.
    NotPlayed,
    /// It fails, as it says.
    Todo,
}

impl Judged {
    /// Tells whether a person may accept what was drawn: it differs, and everything expected happened.
    pub fn can_be_accepted(&self) -> bool {
        self.mark == Mark::NotOk && self.difference.is_some() && self.problems.is_empty()
    }
}

impl Mark {
    /// Tells whether the run has failed.
    pub fn fails(self) -> bool {
        matches!(self, Mark::NotOk | Mark::NotPlayed)
    }

    /// Returns the words of it.
    pub fn words(self) -> &'static str {
        match self {
            Mark::Ok => "ok",
            Mark::Accepted => "accepted",
            Mark::NotOk => "not ok",
            Mark::NotPlayed => "not played",
            Mark::Todo => "todo",
        }
    }
}

/// Plays every scenario of every file.
pub fn play_all(loaded: &Loaded, files: &[(ScenarioFile, &Unit)]) -> anyhow::Result<Vec<Vec<Played>>> {
    let sets: Vec<_> = files.iter().map(|(_, unit)| unit.ruleset()).collect();
    let of_file = |place: usize| (0..files[place].0.scenarios.len()).map(move |scenario| (place, scenario));
    let jobs: Vec<(usize, usize)> = (0..files.len()).flat_map(of_file).collect();
    let played = cores::each(&jobs, |(place, scenario)| {
        let (file, unit) = &files[*place];
        let mut read = |path: &str| files::read(Path::new(path)).map_err(|error| error.to_string());
        let mut reload = |name: &str| replaced(&loaded.sources, unit, file, name, &mut read);
        play(file, &file.scenarios[*scenario], &sets[*place], &mut reload)
    });
    let mut played = played.context("the scenarios cannot be played")?.into_iter();
    Ok(files.iter().map(|(file, _)| played.by_ref().take(file.scenarios.len()).collect()).collect())
}

/// Judges what was played of a file; `problems` are those of all files.
pub fn file(
    test: &Test,
    loaded: &Loaded,
    file: &ScenarioFile,
    played: &[Played],
    problems: &[Diagnostic],
) -> anyhow::Result<FileJudged> {
    let path = loaded.sources.file(file.file).path.clone();
    // A scenario that could not be read has a timeline all the same: nothing is left over then.
    let whole = !problems.iter().any(|problem| problem.is_error() && problem.span.file == file.file);
    let mut scenarios = vec![];
    for (scenario, played) in file.scenarios.iter().zip(played) {
        scenarios.push(one(test, &path, scenario, played)?);
    }
    let left_over = match whole && test.filter.is_none() {
        true => left_over(test.accept, &path, file)?,
        false => vec![],
    };
    Ok(FileJudged { path, scenarios, left_over })
}

fn one(test: &Test, path: &str, scenario: &Scenario, played: &Played) -> anyhow::Result<Judged> {
    let mut judged = Judged {
        name: scenario.name.to_string(),
        span: scenario.span,
        mark: Mark::Ok,
        says: String::new(),
        difference: None,
        problems: vec![],
    };
    if !scenario.whole {
        // What was read is a part of what is meant: its timeline is neither right nor to be accepted.
        return Ok(Judged { mark: Mark::NotPlayed, says: ": see below".into(), ..judged });
    }
    let unmet = !played.problems.is_empty();
    if let Some(todo) = &scenario.todo {
        if unmet {
            return Ok(Judged { mark: Mark::Todo, says: format!(" (to do: {})", todo.node), ..judged });
        }
        let message = "everything expected happens: this is no longer to do";
        let problem = Diagnostic::error(codes::TODO, todo.span, message).help("take out the line `todo`");
        return Ok(Judged { mark: Mark::NotOk, problems: vec![problem], ..judged });
    }
    judged.problems = played.problems.clone();
    let accept = test.accept && !unmet;
    let compared = compare(path, &scenario.name, &played.timeline, accept)?;
    judged.mark = match (&compared, unmet) {
        (Compared::Differs { .. }, _) | (_, true) => Mark::NotOk,
        (Compared::Accepted, _) => Mark::Accepted,
        (Compared::Same, _) => Mark::Ok,
    };
    if let Compared::Differs { accepted, says } = compared {
        judged.says = match test.accept {
            true => " (not accepted: something expected did not happen)".into(),
            false => says,
        };
        judged.difference = Some((accepted, played.timeline.clone()));
    }
    Ok(judged)
}

/// How a timeline compares.
enum Compared {
    Same,
    Accepted,
    Differs { accepted: String, says: String },
}

/// Compares a timeline with the accepted one; what is new is written beside it, or in its place where it is accepted.
fn compare(path: &str, name: &str, timeline: &str, accept: bool) -> anyhow::Result<Compared> {
    let snapshot = Snapshot::of(path, name);
    let accepted = match fs::read_to_string(&snapshot.accepted) {
        Ok(text) => snapshot::read(&text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(files::explain(&snapshot.accepted, error)),
    };
    if accepted.as_deref().is_some_and(|accepted| snapshot::is_same(accepted, timeline)) {
        remove(&snapshot.new)?;
        return Ok(Compared::Same);
    }
    if accept {
        snapshot.accept(path, name, timeline)?;
        return Ok(Compared::Accepted);
    }
    put(&snapshot.new, &text_of(path, name, timeline))?;
    let what = if accepted.is_some() { "differs from the accepted timeline" } else { "no accepted timeline yet" };
    let says = format!(" ({what}: {})", files::shown(&snapshot.new));
    Ok(Compared::Differs { accepted: accepted.unwrap_or_default(), says })
}

/// The two files of a scenario's timeline.
pub struct Snapshot {
    accepted: PathBuf,
    /// What was drawn and is not accepted yet.
    new: PathBuf,
}

impl Snapshot {
    /// Returns those of a scenario in the file at `path`.
    pub fn of(path: &str, name: &str) -> Snapshot {
        let (folder, stem) = (snapshots(path), snapshot::file_stem(path, name));
        Snapshot { accepted: folder.join(format!("{stem}.snap")), new: folder.join(format!("{stem}.snap.new")) }
    }

    /// Makes what was drawn the accepted timeline.
    pub fn accept(&self, path: &str, name: &str, timeline: &str) -> anyhow::Result<()> {
        put(&self.accepted, &text_of(path, name, timeline))?;
        remove(&self.new)
    }

    /// Throws away what was drawn.
    pub fn reject(&self) -> anyhow::Result<()> {
        remove(&self.new)
    }
}

fn text_of(path: &str, name: &str, timeline: &str) -> String {
    snapshot::write(path.rsplit('/').next().unwrap_or(path), name, timeline)
}

fn put(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder).map_err(|error| files::explain(folder, error))?;
    fs::write(path, text).map_err(|error| files::explain(path, error))
}

/// Returns snapshots that no scenario writes any more; with `accept` they are removed instead.
fn left_over(accept: bool, path: &str, file: &ScenarioFile) -> anyhow::Result<Vec<PathBuf>> {
    let own = snapshot::file_stem(path, "");
    let written: Vec<String> =
        file.scenarios.iter().map(|scenario| snapshot::file_stem(path, &scenario.name)).collect();
    let Ok(entries) = fs::read_dir(snapshots(path)) else { return Ok(vec![]) };
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
    if accept {
        left.drain(..).try_for_each(|path| remove(&path))?;
    }
    Ok(left)
}

/// Returns snapshots beside the files that are named, of a file of scenarios that is no longer there; with `accept` they are
/// removed instead. Snapshots that something else than scenarios wrote are left alone.
pub fn orphans(accept: bool, paths: &BTreeSet<&str>) -> anyhow::Result<Vec<PathBuf>> {
    let folders: BTreeSet<PathBuf> = paths.iter().map(|path| snapshots(path)).collect();
    let mut found = vec![];
    for folder in folders {
        let beside = folder.parent().filter(|beside| !beside.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let known: Vec<String> = names(beside)?.iter().map(|name| snapshot::file_stem(name, "")).collect();
        for name in names(&folder).unwrap_or_default() {
            let Some(stem) = name.strip_suffix(".snap.new").or(name.strip_suffix(".snap")) else { continue };
            let path = folder.join(&name);
            let written = |path: &Path| fs::read_to_string(path).is_ok_and(|text| snapshot::is_of_scenario(&text));
            if !known.iter().any(|known| stem.starts_with(known)) && written(&path) {
                found.push(path);
            }
        }
    }
    if accept {
        found.drain(..).try_for_each(|path| remove(&path))?;
    }
    Ok(found)
}

/// Returns the names in a folder, in order.
fn names(folder: &Path) -> anyhow::Result<Vec<String>> {
    let entries = fs::read_dir(folder).map_err(|error| files::explain(folder, error))?;
    let mut names: Vec<String> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|name| [".test.yaml", ".snap", ".snap.new"].iter().any(|ending| name.ends_with(ending)));
    names.sort();
    Ok(names)
}

/// Returns the folder of a scenario file's snapshots.
fn snapshots(path: &str) -> PathBuf {
    Path::new(path).parent().unwrap_or(Path::new("")).join("snapshots")
}

/// Removes a file that may be there.
pub fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(files::explain(path, error)),
    }
}
