//! How far the scenarios reach, as a line, as a table, and against what is required.

use std::io::{self, Write};

use crate::trust::coverage::{Kind, Report, Tally};

use super::super::screen::{BOLD, DIM, GOOD, Screen, WARN, hang};

/// The widest a rule's name may be in the table.
const WIDEST_NAME: usize = 34;

/// Prints one line, with what was missed of rules and clauses; or all of it, rule by rule.
pub fn show(whole: bool, screen: &mut Screen, report: &Report) -> io::Result<()> {
    if report.rules.is_empty() {
        return writeln!(screen.out);
    }
    if whole {
        table(screen, report)?;
    }
    writeln!(screen.out, "\n{}", hang(&line(report), 2, screen.width))?;
    let width = screen.width;
    for rule in &report.rules {
        let told = |kind: Kind| whole || matches!(kind, Kind::Rule | Kind::Clause);
        // A rule without a scenario is a problem of its own, told below.
        let uncovered = |kind: Kind| kind == Kind::Rule && report.without_scenario.contains(&rule.rule);
        for missed in rule.missed.iter().filter(|missed| told(missed.kind) && !uncovered(missed.kind)) {
            let (mark, what) = missed.what.split_once(": ").unwrap_or((&missed.what, ""));
            let between = if what.is_empty() { "" } else { ": " };
            let text = hang(&format!("{}{between}{what}", rule.rule), mark.len() + 4, width);
            writeln!(screen.out, "  {WARN}{mark}{WARN:#}  {text}")?;
        }
    }
    writeln!(screen.out)
}

/// `reached: 6 of 6 rules (100 %), 9 of 10 clauses (90 %)`
fn line(report: &Report) -> String {
    let told = Kind::ALL.into_iter().zip(report.total).filter(|(kind, tally)| tally.all > 0 || *kind == Kind::Rule);
    let told = told
        .map(|(kind, tally)| format!("{} of {} {} ({} %)", tally.reached, tally.all, kind.plural(), tally.percent()));
    format!("reached: {}", told.collect::<Vec<_>>().join(", "))
}

fn table(screen: &mut Screen, report: &Report) -> io::Result<()> {
    let out = &mut screen.out;
    let names = report.rules.iter().map(|rule| rule.rule.rule.chars().count() + 2);
    let wide = names.max().unwrap_or(0).clamp(12, WIDEST_NAME);
    let heads = Kind::ALL.map(|kind| format!("{:>13}", kind.plural())).concat();
    writeln!(out, "\n{BOLD}{:wide$}{heads}{BOLD:#}", "")?;
    let mut playbook = "";
    for rule in &report.rules {
        if *rule.rule.playbook != *playbook {
            playbook = &rule.rule.playbook;
            writeln!(out, "{playbook}")?;
        }
        write!(out, "{:wide$}", format!("  {}", rule.rule.rule))?;
        for tally in rule.tallies {
            cell(out, tally, &format!("{}/{}", tally.reached, tally.all))?;
        }
        writeln!(out)?;
    }
    for (name, of) in [("all", false), ("", true)] {
        write!(out, "{BOLD}{name:wide$}{BOLD:#}")?;
        for tally in report.total {
            let text = if of { format!("{} %", tally.percent()) } else { format!("{}/{}", tally.reached, tally.all) };
            cell(out, tally, &text)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn cell(out: &mut impl Write, tally: Tally, text: &str) -> io::Result<()> {
    match (tally.all, tally.reached == tally.all) {
        (0, _) => write!(out, "{DIM}{:>13}{DIM:#}", "–"),
        (_, true) => write!(out, "{GOOD}{text:>13}{GOOD:#}"),
        (_, false) => write!(out, "{WARN}{text:>13}{WARN:#}"),
    }
}

/// Returns what is required and not reached, one line each.
pub fn lacking(report: &Report, percent: u8) -> Vec<String> {
    let below = report.below(usize::from(percent)).into_iter();
    let told = below.map(|(kind, tally)| {
        let (kind, reached) = (kind.plural(), tally.percent());
        format!("{kind}: {} of {} reached, {reached} %; required are {percent} %", tally.reached, tally.all)
    });
    told.collect()
}
