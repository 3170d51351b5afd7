//! `--mutate`: every small change of the playbooks, played against their scenarios.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};

use crate::compile::{PlaybookInfo, Unit};
use crate::engine::ruleset::RuleSet;
use crate::lang::source::Span;
use crate::replay::replace::{is_running, replaced};
use crate::replay::run::{Played, only};
use crate::replay::scenario::{ScenarioFile, StepKind};
use crate::trust::coverage::Tally;
use crate::trust::mutate::judge::{Case, Fate, Version, judge};
use crate::trust::mutate::{Mutant, prepare};

use super::super::cores;
use super::super::files;
use super::super::load::Loaded;
use super::super::screen::{BAD, BOLD, DIM, GOOD, Screen, WARN, hang, thousands};

/// What came of all changes.
pub struct Mutated {
    /// By playbook, in the order of their paths.
    pub books: Vec<Book>,
}

/// What came of the changes of one playbook.
pub struct Book {
    /// Its id.
    pub playbook: String,
    /// Of each change, in the order of the file.
    pub changes: Vec<Change>,
}

/// What came of one change.
pub struct Change {
    /// The rules that mean something else by it.
    pub rules: String,
    /// What kind of change it is.
    pub kind: &'static str,
    /// Where it is.
    pub span: Span,
    /// The lines that are gone.
    pub was: Vec<String>,
    /// The lines in their place.
    pub is: Vec<String>,
    /// The scenario that notices it.
    pub killed_by: Option<String>,
    /// Else the one that came nearest, with what it met.
    pub nearest: Option<(String, String)>,
}

impl Mutated {
    /// Returns how many changes are noticed, of how many.
    pub fn tally(&self) -> Tally {
        let all = self.books.iter().map(Book::tally);
        all.fold(Tally::default(), |sum, one| Tally { reached: sum.reached + one.reached, all: sum.all + one.all })
    }
}

impl Book {
    fn tally(&self) -> Tally {
        let reached = self.changes.iter().filter(|change| change.killed_by.is_some()).count();
        Tally { reached, all: self.changes.len() }
    }
}

/// The scenarios of a playbook, as they are played without a change.
struct Suite<'a> {
    playbook: &'a PlaybookInfo,
    rules: Arc<RuleSet>,
    cases: Vec<Case<'a>>,
    mutants: Vec<Mutant>,
}

/// Plays every change of every playbook that has scenarios.
pub fn run(
    screen: &mut Screen,
    loaded: &Loaded,
    files: &[(ScenarioFile, &Unit)],
    played: &[Vec<Played>],
) -> anyhow::Result<Mutated> {
    let versions: Vec<BTreeMap<String, Version>> =
        files.iter().map(|(file, unit)| versions(loaded, file, unit)).collect();
    let mut suites: Vec<Suite<'_>> = vec![];
    for (((file, unit), played), versions) in files.iter().zip(played).zip(&versions) {
        let Some(book) = unit.playbooks.iter().find(|book| book.id.as_ref() == Some(&file.playbook)) else { continue };
        let place = suites.iter().position(|suite| suite.playbook.path == book.path).unwrap_or_else(|| {
            let rules = only(&unit.ruleset(), &file.playbook);
            let mutants = prepare(&loaded.sources, unit, book);
            suites.push(Suite { playbook: book, rules, cases: vec![], mutants });
            suites.len() - 1
        });
        let cases = file.scenarios.iter().zip(played).filter(|(scenario, _)| scenario.todo.is_none());
        let case = |(scenario, base)| Case { file, scenario, base, versions };
        suites[place].cases.extend(cases.map(case));
    }
    let bar = bar(suites.iter().map(|suite| suite.mutants.len() as u64).sum(), screen);
    let books = suites.iter().map(|suite| suite.play(&bar)).collect::<io::Result<Vec<Book>>>();
    bar.finish_and_clear();
    Ok(Mutated { books: books.context("the changes cannot be played")? })
}

impl Suite<'_> {
    fn play(&self, bar: &ProgressBar) -> io::Result<Book> {
        let fates = cores::each(&self.mutants, |mutant| {
            let fate = judge(&self.rules, mutant, &self.cases);
            bar.inc(1);
            fate
        })?;
        let name = |case: usize| self.cases[case].scenario.name.to_string();
        let change = |(mutant, fate): (&Mutant, Fate)| {
            let (killed_by, nearest) = match fate {
                Fate::Killed(case) => (Some(name(case)), None),
                Fate::Survived(nearest) => (None, nearest.map(|nearest| (name(nearest.case), nearest.met))),
            };
            let rules: Vec<&str> = mutant.rules.iter().map(|rule| &*rule.id.rule).collect();
            Change {
                rules: rules.join(", "),
                kind: mutant.kind.words(),
                span: mutant.span,
                was: mutant.was.clone(),
                is: mutant.is.clone(),
                killed_by,
                nearest,
            }
        };
        let changes = self.mutants.iter().zip(fates).map(change).collect();
        Ok(Book { playbook: self.playbook.id.as_deref().unwrap_or_default().to_owned(), changes })
    }
}

/// Reads every version that a file's scenarios switch to, once.
fn versions(loaded: &Loaded, file: &ScenarioFile, unit: &Unit) -> BTreeMap<String, Version> {
    let mut read = |path: &str| files::read(Path::new(path)).map_err(|error| error.to_string());
    let mut versions = BTreeMap::new();
    for step in file.scenarios.iter().flat_map(|scenario| &scenario.steps) {
        let StepKind::Reload(name) = &step.kind else { continue };
        versions.entry(name.node.clone()).or_insert_with(|| {
            match is_running(&loaded.sources, unit, file, &name.node) {
                true => Version::Own,
                false => Version::Other(replaced(&loaded.sources, unit, file, &name.node, &mut read)),
            }
        });
    }
    versions
}

/// Fewer changes than this are over before a bar could be read.
const WORTH_A_BAR: u64 = 50;

fn bar(changes: u64, screen: &mut Screen) -> ProgressBar {
    if !screen.watched || changes < WORTH_A_BAR {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{bar:30} {percent:>3} %  {human_pos} of {human_len} changes, {eta} to go");
    let bar = ProgressBar::new(changes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    screen.show(bar.clone());
    bar
}

/// Prints what survived, then how much was noticed.
pub fn show(screen: &mut Screen, mutated: &Mutated) -> io::Result<()> {
    for book in &mutated.books {
        for change in book.changes.iter().filter(|change| change.killed_by.is_none()) {
            survivor(screen, &book.playbook, change)?;
        }
    }
    let widest = mutated.books.iter().map(|book| book.playbook.chars().count()).max().unwrap_or(0).max(3);
    let books: Vec<(&str, Tally)> = mutated.books.iter().map(|book| (&*book.playbook, book.tally())).collect();
    writeln!(screen.out, "{BOLD}changes noticed{BOLD:#}")?;
    let all = (books.len() > 1).then(|| ("all", mutated.tally()));
    for (name, tally) in books.into_iter().chain(all) {
        let style = if tally.reached == tally.all { GOOD } else { WARN };
        let told = format!("{} of {}", thousands(tally.reached as u64), thousands(tally.all as u64));
        writeln!(screen.out, "  {name:widest$}  {style}{told:>14}  {:>3} %{style:#}", tally.percent())?;
    }
    writeln!(screen.out)
}

fn survivor(screen: &mut Screen, playbook: &str, change: &Change) -> io::Result<()> {
    let width = screen.width;
    let out = &mut screen.out;
    writeln!(out, "  {WARN}survived{WARN:#}  {playbook}/{}  {DIM}{}{DIM:#}", change.rules, change.kind)?;
    for (style, sign, lines) in [(BAD, '-', &change.was), (GOOD, '+', &change.is)] {
        for line in lines {
            writeln!(out, "            {style}{sign} {}{style:#}", hang(line, 14, width))?;
        }
    }
    let nearest = match &change.nearest {
        Some((scenario, met)) if met.is_empty() => format!("nearest: {scenario}"),
        Some((scenario, met)) => format!("nearest: {scenario} – {met}"),
        None => "no scenario comes near: the rule looks in none".to_owned(),
    };
    writeln!(out, "            {DIM}{}{DIM:#}\n", hang(&nearest, 14, width))
}

/// Says that too little is noticed, where more is required.
pub fn lacking(mutated: &Mutated, percent: u8) -> Option<String> {
    let tally = mutated.tally();
    (tally.percent() < usize::from(percent)).then(|| {
        let noticed = tally.percent();
        format!("changes: {} of {} noticed, {noticed} %; required are {percent} %", tally.reached, tally.all)
    })
}
