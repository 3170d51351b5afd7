//! Live rules without a scenario, as `check` warns of them. `touchline test` fails on the same rules.
//!
//! A rule has a scenario when one names it under `covers`, or when it fires in one; only for rules that none names are
//! scenarios played. Nobody is asked for scenarios in a folder without any.

use std::path::Path;

use crate::compile::{Unit, uncovered};
use crate::ir::{Rule, Status};
use crate::lang::diagnostic::Diagnostic;
use crate::replay::replace::replaced;
use crate::replay::run::play;
use crate::replay::scenario::ScenarioFile;
use crate::trust::coverage::Coverage;

use super::files;
use super::load::Loaded;

/// Returns a warning for each; `problems` are those of the scenarios.
pub fn warnings(loaded: &Loaded, scenarios: &[(ScenarioFile, &Unit)], problems: &[Diagnostic]) -> Vec<Diagnostic> {
    let mut found = vec![];
    for unit in &loaded.project.units {
        let own: Vec<&ScenarioFile> =
            scenarios.iter().filter(|(_, of)| std::ptr::eq(*of, unit)).map(|(file, _)| file).collect();
        let asked = |rule: &&Rule| rule.status == Status::Live && is_asked(loaded, unit, &rule.id.playbook, problems);
        let mut coverage = Coverage::default();
        own.iter().for_each(|file| coverage.add_named(file));
        let open: Vec<&Rule> =
            unit.rules.iter().map(|rule| &**rule).filter(asked).filter(|rule| !coverage.is_covered(&rule.id)).collect();
        if open.is_empty() {
            continue;
        }
        let (rules, mut read) = (unit.ruleset(), read);
        for file in own.iter().filter(|file| open.iter().any(|rule| rule.id.playbook == file.playbook)) {
            for scenario in &file.scenarios {
                let mut reload = |name: &str| replaced(&loaded.sources, unit, file, name, &mut read);
                coverage.add(scenario, &play(file, scenario, &rules, &mut reload).reached);
            }
        }
        found.extend(open.into_iter().filter(|rule| !coverage.is_covered(&rule.id)).map(uncovered));
    }
    found
}

fn read(path: &str) -> Result<Vec<u8>, String> {
    files::read(Path::new(path)).map_err(|error| error.to_string())
}

/// Tells whether scenarios are expected of a playbook: some lie in its folder or below, and both it and they can be read.
fn is_asked(loaded: &Loaded, unit: &Unit, playbook: &str, problems: &[Diagnostic]) -> bool {
    let Some(book) = unit.playbooks.iter().find(|book| book.id.as_deref() == Some(playbook)) else { return false };
    let folder = book.path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let mut beside =
        loaded.project.scenarios.iter().filter(|file| loaded.sources.file(**file).path.starts_with(&folder));
    let broken =
        problems.iter().any(|problem| problem.is_error() && loaded.project.scenarios.contains(&problem.span.file));
    beside.next().is_some() && !broken && !loaded.has_errors(unit, playbook)
}
