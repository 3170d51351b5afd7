//! What a `reload` step of a scenario switches to: the playbook of the scenario, read from another file.
//!
//! Left out: reading the file. Whoever plays scenarios hands that in.

use std::sync::Arc;

use crate::compile::{Options, Unit, project};
use crate::engine::ruleset::RuleSet;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::Sources;
use crate::replay::scenario::ScenarioFile;

/// Returns the unit's rules with the scenario's playbook replaced by the file `name`, relative to the scenario's folder.
pub fn replaced(
    sources: &Sources,
    unit: &Unit,
    file: &ScenarioFile,
    name: &str,
    read: &mut dyn FnMut(&str) -> Result<Vec<u8>, String>,
) -> Result<Arc<RuleSet>, String> {
    let path = beside(sources, file, name);
    let base = name.rsplit('/').next().unwrap_or(name);
    if !base.ends_with(".play") && !base.ends_with(".play.yaml") {
        return Err("its name ends neither in .play nor in .play.yaml".to_owned());
    }
    let own = unit.playbooks.iter().find(|book| book.id.as_deref() == Some(&*file.playbook));
    if let Some(book) = unit.playbooks.iter().find(|book| book.path == path) {
        return match own.is_some_and(|own| own.path == book.path) {
            true => Ok(unit.ruleset()),
            false => Err("it runs already, beside the playbook it would replace: move it into a folder called \
                          `reload`, which is read only by scenarios"
                .to_owned()),
        };
    }
    let bytes = read(&path)?;
    let old = own.ok_or_else(|| format!("the playbook `{}` has no file", file.playbook))?;
    let mut sources = sources.clone();
    let number = old.file.0 as usize;
    // In the old one's folder, so that it finds the same vocabulary; under its own ending, so that its syntax is known.
    let home = old.path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    sources.files[number].path = format!("{home}{base}");
    sources.files[number].text = String::from_utf8_lossy(&bytes).into_owned();
    let project = project(&sources, &Options::default());
    // A scenario shows what a version does that is good: a file with an error is refused as a whole.
    let errors: Vec<&Diagnostic> =
        project.diagnostics.iter().filter(|problem| problem.is_error() && problem.span.file == old.file).collect();
    if !errors.is_empty() {
        return Err(told(&sources, &errors));
    }
    let same = project.units.iter().find(|other| other.vocabulary_path == unit.vocabulary_path);
    same.map(Unit::ruleset).ok_or_else(|| "its vocabulary is gone".to_owned())
}

/// Tells whether a `reload` step names the playbook of the scenario as it stands.
pub fn is_running(sources: &Sources, unit: &Unit, file: &ScenarioFile, name: &str) -> bool {
    let own = unit.playbooks.iter().find(|book| book.id.as_deref() == Some(&*file.playbook));
    own.is_some_and(|own| own.path == beside(sources, file, name))
}

/// Returns the path of a file named from a scenario's folder.
fn beside(sources: &Sources, file: &ScenarioFile, name: &str) -> String {
    let folder = sources.file(file.file).path.rsplit_once('/').map_or("", |(folder, _)| folder);
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// How many errors of a file are told.
const ERRORS_TOLD: usize = 3;

/// Says what is wrong with a file that no check has shown.
fn told(sources: &Sources, errors: &[&Diagnostic]) -> String {
    let one = |error: &&Diagnostic| {
        let (line, column) = sources.line_column(error.span.file, error.span.start);
        let help = error.help.as_deref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("line {line}, column {column}: {}{help}", error.message)
    };
    let mut lines: Vec<String> = errors.iter().take(ERRORS_TOLD).map(one).collect();
    if errors.len() > ERRORS_TOLD {
        lines.push(format!("and {} more", errors.len() - ERRORS_TOLD));
    }
    lines.join("; ")
}
