//! Files → a compiled project, and the one unit that `replay` and `why` run.

use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::compile::{Options, Project, Unit, project};
use crate::id::RuleId;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::render;
use crate::lang::source::{FileNo, Sources};
use crate::replay::scenario::{self, LeftOut, ScenarioFile};

use super::files;
use super::screen::Screen;

/// What was read and compiled.
pub struct Loaded {
    /// The files.
    pub sources: Sources,
    /// What they say.
    pub project: Project,
}

/// Reads and compiles everything that belongs to `paths`.
pub fn load(paths: &[PathBuf]) -> anyhow::Result<Loaded> {
    Ok(compiled(files::gather(paths)?))
}

/// Compiles what was read.
pub fn compiled(sources: Sources) -> Loaded {
    let project = project(&sources, &Options::default());
    Loaded { sources, project }
}

impl Loaded {
    /// Tells whether any playbook was found.
    pub fn has_playbooks(&self) -> bool {
        self.sources.files.iter().any(|file| files::is_playbook(&file.path))
    }

    /// Returns the errors of all files, with the notices that there are more.
    pub fn errors(&self) -> Vec<Diagnostic> {
        self.project.diagnostics.iter().filter(|problem| problem.is_among_errors()).cloned().collect()
    }

    /// Tells whether a playbook of a unit, or anything all playbooks of the unit stand on, has an error.
    pub fn has_errors(&self, unit: &Unit, playbook: &str) -> bool {
        let own = |path: &str| {
            unit.playbooks.iter().any(|book| book.id.as_deref().is_none_or(|id| id == playbook) && book.path == path)
        };
        let emails = unit.emails_path.as_deref().map(|folder| match folder {
            "" => "emails/".to_owned(),
            folder => format!("{folder}/emails/"),
        });
        let context = |path: &str| {
            path == unit.vocabulary_path
                || unit.directory_path.as_deref() == Some(path)
                || emails.as_deref().is_some_and(|emails| path.starts_with(emails))
        };
        let errors = self.project.diagnostics.iter().filter(|problem| problem.is_error());
        errors.map(|error| &*self.sources.file(error.span.file).path).any(|path| own(path) || context(path))
    }

    /// Returns the unit whose playbooks a scenario file is for: the one with a playbook in or nearest above its folder.
    pub fn unit_of(&self, scenario: FileNo) -> Option<&Unit> {
        let path = &self.sources.file(scenario).path;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let named = scenario::playbook_of(&self.sources, scenario);
        let has_it = |unit: &&Unit| unit.playbooks.iter().any(|book| book.id.as_deref() == named.as_deref());
        let nearness = |unit: &&Unit| {
            let own = unit.playbooks.iter().filter(|book| named.is_none() || book.id.as_deref() == named.as_deref());
            own.map(|book| common(folder, &book.path)).max().unwrap_or(0)
        };
        let named_ones = self.project.units.iter().filter(has_it).max_by_key(nearness);
        named_ones.or_else(|| self.project.units.iter().max_by_key(|unit| common(folder, &unit.vocabulary_path)))
    }

    /// Reads every file of scenarios. Those of a unit without rules are left out: there is nothing to say of them yet.
    pub fn scenarios(&self) -> (Vec<(ScenarioFile, &Unit)>, Vec<Diagnostic>) {
        let (mut read, mut problems) = (vec![], vec![]);
        for file in &self.project.scenarios {
            let Some(unit) = self.unit_of(*file) else { continue };
            if unit.rules.is_empty() {
                continue;
            }
            let (scenarios, mut found) = scenario::read_despite(&left_out(unit), &self.sources, *file, &unit.ruleset());
            problems.append(&mut found);
            problems.extend(scenarios.iter().flat_map(scenario::unsaid));
            read.extend(scenarios.map(|scenarios| (scenarios, unit)));
        }
        (read, problems)
    }
}

/// Returns what a unit's rule set lacks because of errors: they are told where they are.
fn left_out(unit: &Unit) -> LeftOut {
    let mut left_out = LeftOut::default();
    for book in &unit.playbooks {
        let Some(id) = &book.id else {
            left_out.nameless_playbook = true;
            continue;
        };
        left_out.playbooks.insert(id.clone());
        for broken in &book.broken {
            match &broken.id {
                Some(rule) => drop(left_out.rules.insert(RuleId::new(&**id, &**rule))),
                None => drop(left_out.with_nameless_rule.insert(id.clone())),
            }
        }
    }
    left_out
}

/// Returns how many parts two paths have in common from their beginning.
fn common(one: &str, other: &str) -> usize {
    let parts = |path| str::split(path, '/').filter(|part| !part.is_empty());
    1 + parts(one).zip(parts(other)).take_while(|(one, other)| one == other).count()
}

/// Prints problems for people on standard error.
pub fn complain(screen: &mut Screen, sources: &Sources, problems: &[Diagnostic]) -> std::io::Result<()> {
    use std::io::Write;
    let look = render::Look { colour: true, width: screen.err_width.unwrap_or(screen.width) };
    write!(screen.err, "{}", render::human(sources, problems, look))
}

/// Loads the one unit in a folder, without a single error; otherwise says what to name or mend.
pub fn one_unit(folder: &Path, screen: &mut Screen) -> anyhow::Result<Loaded> {
    let mut loaded = load(&[folder.to_owned()])?;
    let shown = files::shown(folder);
    if !loaded.has_playbooks() {
        bail!("{shown} holds no playbook: name a folder with *.play or *.play.yaml files");
    }
    let errors = loaded.errors();
    if !errors.is_empty() {
        complain(screen, &loaded.sources, &errors)?;
        bail!("the playbooks in {shown} have errors: mend them first, `touchline check {shown}` shows them all");
    }
    loaded.project.units.retain(|unit| !unit.playbooks.is_empty());
    if loaded.project.units.len() > 1 {
        let typed: Vec<String> = std::env::args().collect();
        let commands = loaded.project.units.iter().map(|unit| format!("  {}", instead(&typed, folder, &home(unit))));
        bail!(
            "{shown} holds playbooks for more than one vocabulary, and one is wanted here: type one of\n{}",
            commands.collect::<Vec<_>>().join("\n")
        );
    }
    if loaded.project.units.is_empty() {
        bail!("{shown} holds no rule that could run");
    }
    Ok(loaded)
}

/// Returns the command that was typed, with another folder of playbooks in the place of `folder`, to be copied.
fn instead(typed: &[String], folder: &Path, other: &str) -> String {
    let other = if other.is_empty() { "." } else { other };
    let mut words = vec![quoted(typed.first().map_or("touchline", String::as_str))];
    let mut named = false;
    for word in typed.iter().skip(1) {
        let (option, value) = match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (format!("{option}="), value),
            _ => (String::new(), word.as_str()),
        };
        let is_it = !value.is_empty() && Path::new(value) == folder;
        named |= is_it;
        words.push(quoted(&format!("{option}{}", if is_it { other } else { value })));
    }
    if !named {
        words.extend(["--playbooks".to_owned(), quoted(other)]);
    }
    words.join(" ")
}

/// Returns a word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:=,@%+".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// Returns the folder that names a unit alone: that of its playbooks.
fn home(unit: &Unit) -> String {
    let folder = |path: &str| path.rsplit_once('/').map_or(".", |(folder, _)| folder).to_owned();
    let folders: Vec<String> = unit.playbooks.iter().map(|book| folder(&book.path)).collect();
    match folders.first() {
        Some(first) if folders.iter().all(|other| other == first) => first.clone(),
        _ => folder(&unit.vocabulary_path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_that_would_do_is_the_one_that_was_typed_with_another_folder() {
        let instead = |typed: &str| {
            let typed: Vec<String> = typed.split(' ').map(str::to_owned).collect();
            instead(&typed, Path::new("playbooks"), "playbooks/our shop")
        };
        let named = "touchline serve --playbooks 'playbooks/our shop'";
        assert_eq!(instead("touchline serve"), named);
        assert_eq!(instead("touchline serve --playbooks playbooks/"), named);
        assert_eq!(instead("target/release/touchline serve"), format!("target/release/{named}"));
        assert_eq!(
            instead("touchline serve --playbooks=playbooks"),
            "touchline serve '--playbooks=playbooks/our shop'"
        );
        assert_eq!(
            instead("touchline serve --data /tmp/it's"),
            r"touchline serve --data '/tmp/it'\''s' --playbooks 'playbooks/our shop'"
        );
    }
}
