//! What came of a run, for people.

use std::io::Write;

use crate::lang::diagnostic::Diagnostic;
use crate::lang::render;

use super::super::files;
use super::super::screen::{BAD, BOLD, GOOD, Screen, WARN, counted, difference, hang};
use super::judge::{Judged, Mark};
use super::{Run, Test, mutate, reach, review};

/// Prints it.
pub fn show(test: &Test, screen: &mut Screen, run: &Run<'_>) -> anyhow::Result<()> {
    let mut problems: Vec<Diagnostic> = run.problems.clone();
    if run.reviewed.is_some() {
        writeln!(screen.out)?;
    }
    for file in &run.files {
        writeln!(screen.out, "{BOLD}{}{BOLD:#}", file.path)?;
        for scenario in &file.scenarios {
            one(screen, scenario)?;
            problems.extend(scenario.problems.iter().cloned());
        }
        for path in &file.left_over {
            writeln!(screen.out, "  {WARN}left over{WARN:#}  {}", files::shown(path))?;
        }
    }
    if !run.orphans.is_empty() {
        writeln!(screen.out, "{BOLD}snapshots of no file of scenarios{BOLD:#}")?;
        for path in &run.orphans {
            writeln!(screen.out, "  {WARN}left over{WARN:#}  {}", files::shown(path))?;
        }
    }
    for (path, count) in &run.broken {
        let scenarios = counted(*count, "scenario", "scenarios");
        writeln!(screen.out, "{BOLD}{path}{BOLD:#}")?;
        writeln!(screen.out, "  {BAD}not played{BAD:#}  {scenarios}: the playbook has errors, see below")?;
    }
    reach::show(test.coverage || test.require.is_some(), screen, &run.coverage)?;
    for playbook in &run.unread {
        writeln!(screen.out, "what the scenarios of {playbook} reach is not told: some of them could not be read")?;
    }
    if !run.unread.is_empty() {
        writeln!(screen.out)?;
    }
    if let Some(mutated) = &run.mutated {
        mutate::show(screen, mutated)?;
    }
    for lacking in &run.lacking {
        writeln!(screen.out, "{BAD}{lacking}{BAD:#}")?;
    }
    let look = render::Look { colour: true, width: screen.width };
    write!(screen.out, "{}", render::human(&run.loaded.sources, &in_order(problems), look))?;
    summary(test, screen, run)?;
    if let Some(reviewed) = run.reviewed {
        review::show(screen, reviewed, run.count(|mark| mark == Mark::NotOk))?;
    }
    Ok(())
}

/// Those of scenarios' files first, as they are played; then those of playbooks.
fn in_order(mut problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    problems.sort_by_key(|problem| !problem.code.starts_with('S'));
    problems
}

fn one(screen: &mut Screen, scenario: &Judged) -> anyhow::Result<()> {
    if let Some((accepted, drawn)) = &scenario.difference {
        difference(screen, accepted, drawn)?;
    }
    let style = match scenario.mark {
        Mark::NotOk | Mark::NotPlayed => BAD,
        Mark::Accepted | Mark::Todo => WARN,
        Mark::Ok => GOOD,
    };
    let mark = scenario.mark.words();
    let told = hang(&format!("{}{}", scenario.name, scenario.says), mark.len() + 4, screen.width);
    writeln!(screen.out, "  {style}{mark}{style:#}  {told}")?;
    Ok(())
}

fn summary(test: &Test, screen: &mut Screen, run: &Run<'_>) -> anyhow::Result<()> {
    let out = &mut screen.out;
    let (todo, not_played) = (run.count(|mark| mark == Mark::Todo), run.not_played());
    let all = run.files.iter().map(|file| file.scenarios.len() as u64).sum::<u64>();
    let played = counted(all - run.count(|mark| mark == Mark::NotPlayed), "scenario", "scenarios");
    let mut more = String::new();
    match run.count(|mark| mark == Mark::Accepted) {
        0 => {}
        count => more += &format!(", {} accepted", counted(count, "timeline", "timelines")),
    }
    for (count, word) in [(not_played, "not played"), (todo, "to do"), (run.filtered, "left out")] {
        if count > 0 {
            more += &format!(", {count} {word}");
        }
    }
    let left_over = run.orphans.len() + run.files.iter().map(|file| file.left_over.len()).sum::<usize>();
    if left_over > 0 {
        let (snapshots, belong) = match left_over {
            1 => ("1 snapshot".to_owned(), "belongs"),
            many => (format!("{many} snapshots"), "belong"),
        };
        writeln!(
            out,
            "{WARN}{snapshots} {belong} to no scenario: `touchline test --accept` removes what is left over{WARN:#}"
        )?;
    }
    if !run.failed() {
        writeln!(out, "{GOOD}{played}, all as accepted{more}{GOOD:#}")?;
        return Ok(());
    }
    let not_ok = run.count(|mark| mark == Mark::NotOk);
    writeln!(out, "{BAD}{played}, {not_ok} not ok{more}{BAD:#}")?;
    if !test.accept && not_ok > 0 && run.reviewed.is_none() {
        writeln!(
            out,
            "read the differences, then `touchline test --accept`; `--review` asks about one after the other"
        )?;
    }
    Ok(())
}
