//! Files on disk → the rule set that could run, with what is kept back and why. Nothing here waits or changes anything.
//!
//! A rule that does not compile keeps its running version, the rest moves (M24). Where a file is so broken that its rules
//! cannot be told apart, every running rule that could be among them is kept: nothing is parked because of a typing
//! mistake. What all rules stand on (vocabulary, directory, mails) changes together with all of them or not at all.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::compile::{self, Options, Project, Unit};
use crate::engine::ruleset::RuleSet;
use crate::engine::store::{Hash, RuleSources};
use crate::id::RuleId;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::render;
use crate::lang::source::{FileNo, Sources};

/// What the files on disk come to.
#[derive(Clone, Debug)]
pub struct OnDisk {
    /// What could run.
    pub ruleset: Arc<RuleSet>,
    /// What that is made of.
    pub sources: RuleSources,
    /// What is kept back.
    pub kept_back: Vec<KeptBack>,
    /// Errors, in the order of files and places.
    pub problems: Vec<Problem>,
    /// What the check warns of and runs nevertheless.
    pub warnings: Vec<Problem>,
}

/// A rule that does not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptBack {
    /// Which.
    pub rule: RuleId,
    /// Whether an earlier version of it runs; otherwise it does not run at all.
    pub runs: bool,
}

/// An error as a line of a log shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// `file:line:column`.
    pub place: String,
    /// Its code.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to type; may be empty.
    pub help: String,
}

/// Why nothing of what is on disk could run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// In a sentence.
    pub why: String,
    /// The errors behind it.
    pub problems: Vec<Problem>,
}

/// Returns why files on disk are not taken that lack what every rule stands on: a vocabulary, a directory or all mails that
/// were among the files that run (`was`) and are gone entirely. A folder that is being copied looks like that for a moment.
pub fn gone<'a>(sources: &Sources, was: impl Iterator<Item = &'a str>) -> Option<String> {
    let name = |path: &str| path.rsplit('/').next().unwrap_or("").to_owned();
    let kind_of = |path: &str| match name(path).as_str() {
        "vocabulary.yaml" => Some("vocabulary"),
        "directory.yaml" | "directory.csv" => Some("directory"),
        _ => path.split('/').rev().skip(1).any(|folder| folder == "emails").then_some("mails"),
    };
    let now: BTreeSet<&str> = sources.files.iter().filter_map(|file| kind_of(&file.path)).collect();
    let missing: Vec<&str> = was.filter(|path| kind_of(path).is_some_and(|kind| !now.contains(kind))).collect();
    let first = missing.first()?;
    let others = match missing.len() {
        1 => String::new(),
        many => format!(" and {} more", many - 1),
    };
    Some(format!("{first}{others} was there and is gone: put it back, or restart the daemon to go on without it"))
}

/// Compiles what is on disk to what could follow `running`.
pub fn examine(sources: &Sources, running: Option<&Arc<RuleSet>>) -> Result<OnDisk, Unusable> {
    let project = compile::project(sources, &Options::default());
    let errors: Vec<&Diagnostic> = project.diagnostics.iter().filter(|problem| problem.is_error()).collect();
    let told = project.diagnostics.iter().filter(|problem| problem.is_among_errors());
    let problems: Vec<Problem> = told.map(|error| problem(sources, error)).collect();
    let warned = project.diagnostics.iter().filter(|problem| !problem.is_among_errors());
    let warnings: Vec<Problem> = warned.map(|warning| problem(sources, warning)).collect();
    let unusable = |why: &str| Unusable { why: why.to_owned(), problems: problems.clone() };
    let unit = the_unit(&project).map_err(unusable)?;
    let own_files: BTreeSet<FileNo> = unit.playbooks.iter().map(|book| book.file).collect();
    let scenarios: BTreeSet<FileNo> = project.scenarios.iter().copied().collect();
    let foundation =
        |error: &&Diagnostic| !own_files.contains(&error.span.file) && !scenarios.contains(&error.span.file);
    if let Some(error) = errors.iter().copied().find(|error| foundation(error)) {
        let file = &sources.file(error.span.file).path;
        return Err(unusable(&format!(
            "{file} has errors, and every rule stands on it: nothing changes until it is mended"
        )));
    }
    let own = unit.ruleset();
    let broken = broken(unit, &errors, running);
    if errors.is_empty() || broken.is_empty() {
        let sources = RuleSources { files: files(sources), kept: None };
        return Ok(OnDisk { ruleset: own, sources, kept_back: vec![], problems, warnings });
    }
    let Some(running) = running else {
        return Err(unusable("the playbooks have errors, and nothing runs yet that could be kept"));
    };
    let kept: Vec<RuleId> = broken.iter().filter(|id| running.rule(id).is_some()).cloned().collect();
    // A kept rule sends the mails it was compiled with.
    let mails: BTreeSet<&str> = own.templates.names().collect();
    if let Some(mail) = running.templates.names().find(|mail| !kept.is_empty() && !mails.contains(mail)) {
        return Err(unusable(&format!(
            "the mail `{mail}` is gone, and rules that do not compile are kept as they ran: put it back, or mend them first"
        )));
    }
    let ruleset = own.keeping(running, &kept).map_err(|_| {
        unusable(
            "the vocabulary has changed, and it changes together with all rules or not at all: some do not compile",
        )
    })?;
    let kept_back = broken.into_iter().map(|rule| KeptBack { runs: running.rule(&rule).is_some(), rule }).collect();
    let kept = (!kept.is_empty()).then_some((running.hash, kept));
    let sources = RuleSources { files: files(sources), kept };
    Ok(OnDisk { ruleset: Arc::new(ruleset), sources, kept_back, problems, warnings })
}

/// Returns what names the content of all files, whatever it means.
pub fn content_of(sources: &Sources) -> Hash {
    use sha2::{Digest, Sha256};
    let mut sum = Sha256::new();
    for file in &sources.files {
        for part in [&file.path, &file.text] {
            sum.update((part.len() as u64).to_le_bytes());
            sum.update(part);
        }
    }
    let whole = sum.finalize();
    std::array::from_fn(|place| whole[place])
}

fn files(sources: &Sources) -> Vec<(crate::value::Str, Vec<u8>)> {
    sources.files.iter().map(|file| (file.path.as_str().into(), file.text.clone().into_bytes())).collect()
}

fn problem(sources: &Sources, error: &Diagnostic) -> Problem {
    Problem {
        place: render::place(sources, error.span),
        code: error.code,
        message: error.message.clone(),
        help: error.help.clone().unwrap_or_default(),
    }
}

fn the_unit(project: &Project) -> Result<&Unit, &'static str> {
    let mut units = project.units.iter().filter(|unit| !unit.playbooks.is_empty());
    match (units.next(), units.next()) {
        (Some(unit), None) => Ok(unit),
        (None, _) => Err("there is no playbook that could run"),
        (Some(_), Some(_)) => Err("there are playbooks for more than one vocabulary: give each its own daemon"),
    }
}

/// Returns the rules that do not compile, as far as that can be told.
fn broken(unit: &Unit, errors: &[&Diagnostic], running: Option<&Arc<RuleSet>>) -> BTreeSet<RuleId> {
    let runs = || running.into_iter().flat_map(|running| running.rules.iter().map(|rule| &rule.id));
    let mut broken = BTreeSet::new();
    let mut nameless = false;
    for book in &unit.playbooks {
        let Some(id) = &book.id else {
            nameless = true;
            continue;
        };
        let named = book.broken.iter().filter_map(|rule| rule.id.as_ref());
        broken.extend(named.map(|rule| RuleId::new(&**id, &**rule)));
        let inside = |error: &&Diagnostic| {
            let at = error.span;
            let of =
                |rule: &compile::Broken| rule.id.is_some() && rule.span.start <= at.start && at.start <= rule.span.end;
            at.file == book.file && !book.broken.iter().any(of)
        };
        // A file that ends in a broken rule may be half written: what stood behind it is not gone.
        let sound = unit.rules.iter().filter(|rule| rule.id.playbook == *id).map(|rule| rule.here.0.start);
        let last_sound = sound.max().unwrap_or(0);
        let ends_broken = book.broken.iter().any(|rule| rule.span.start > last_sound);
        if ends_broken || errors.iter().copied().any(|error| inside(&error)) {
            broken.extend(runs().filter(|rule| rule.playbook == *id && !book.rules.contains(rule)).cloned());
        }
    }
    if nameless {
        // Its rules are among those that run under a name that no file has now.
        let named: BTreeSet<_> = unit.playbooks.iter().filter_map(|book| book.id.as_ref()).collect();
        broken.extend(runs().filter(|rule| !named.contains(&rule.playbook)).cloned());
    }
    broken
}
