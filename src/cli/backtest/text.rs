//! The report for a terminal.

use std::io::{self, Write};

use crate::trust::backtest::report::{Example, Fate, Report, RoleReport, RuleReport, Two};

use super::super::screen::{BAD, BOLD, DIM, GOOD, Screen, WARN, counted, thousands, wrap};

/// How wide the words in front of a line of an example are.
const LABEL: usize = 9;

pub fn show(report: &Report, screen: &mut Screen) -> io::Result<()> {
    let width = screen.width;
    let out = &mut screen.out;
    let recorded = &report.recorded;
    writeln!(out, "{BOLD}{} against {}{BOLD:#}", report.new, report.old)?;
    let mut told = format!(
        "{} from {} to {} ({})",
        counted(recorded.signals, "signal", "signals"),
        recorded.from,
        recorded.to,
        recorded.zone
    );
    told += &recorded.limits();
    lines(out, &told, 0, width)?;
    meaning(report, out, width)?;
    decisions(report, out, width)?;
    for rule in &report.rules {
        for example in &rule.examples {
            self::example(rule, example, out, width)?;
        }
    }
    alerts(report, out, width)?;
    customers(report, out)?;
    ladders(report, out, width)?;
    writeln!(out)?;
    for role in report.roles.iter().filter(|role| !role.over.is_empty()) {
        lines(out, &format!("{BAD}{}{BAD:#}", exceeded(role)), 0, width)?;
    }
    if !report.exceeded && report.roles.iter().any(|role| role.budget.is_some()) {
        writeln!(out, "{GOOD}every budget is kept{GOOD:#}")?;
    }
    Ok(())
}

/// Says which budget is exceeded, and when.
pub fn exceeded(role: &RoleReport) -> String {
    let budget = role.budget.unwrap_or(0);
    let days = role.over.len() as u64;
    let worst = role.over.iter().max_by_key(|day| day.alerts.new);
    let worst = worst.map(|day| format!("{} on {}", thousands(day.alerts.new), day.day)).unwrap_or_default();
    let (days, enough) = (counted(days, "day", "days"), counted(budget.into(), "alert", "alerts"));
    format!("budget exceeded: {} gets more than {enough} on {days}, at most {worst}", role.to)
}

fn meaning(report: &Report, out: &mut dyn Write, width: usize) -> io::Result<()> {
    if report.meaning.is_empty() && report.around.is_empty() {
        return writeln!(out, "\nBoth versions mean the same.");
    }
    writeln!(out, "\n{BOLD}what changes{BOLD:#}")?;
    for (rule, said) in &report.meaning {
        let name = rule.rsplit('/').next().unwrap_or(rule);
        said.iter().try_for_each(|sentence| lines(out, &format!("{name} {sentence}"), 2, width))?;
    }
    report.around.iter().try_for_each(|sentence| lines(out, sentence, 2, width))
}

fn decisions(report: &Report, out: &mut dyn Write, width: usize) -> io::Result<()> {
    writeln!(out)?;
    if report.rules.is_empty() {
        return writeln!(out, "{GOOD}the same decisions{GOOD:#} of {}", counted(report.same, "rule", "rules"));
    }
    let name = |rule: &RuleReport| rule.rule.rsplit('/').next().unwrap_or(&rule.rule).to_owned();
    let longest = report.rules.iter().map(|rule| name(rule).chars().count()).max().unwrap_or(0);
    let first = longest.clamp(9, width.saturating_sub(50).max(9)) + 2;
    let head = ["before", "after", "new", "gone", "moved", "otherwise"];
    write!(out, "{BOLD}{:<first$}", "decisions")?;
    head.iter().try_for_each(|word| write!(out, "{word:>10}"))?;
    writeln!(out, "{BOLD:#}")?;
    for rule in &report.rules {
        write!(out, "{:<first$}", name(rule))?;
        for count in [rule.fired.old, rule.fired.new, rule.added, rule.gone, rule.moved, rule.otherwise] {
            write!(out, "{:>10}", thousands(count))?;
        }
        writeln!(out)?;
    }
    writeln!(out, "{DIM}the same decisions: {}{DIM:#}", counted(report.same, "rule", "rules"))
}

fn example(rule: &RuleReport, example: &Example, out: &mut dyn Write, width: usize) -> io::Result<()> {
    let style = match example.fate {
        Fate::New => GOOD,
        Fate::Gone => BAD,
        Fate::Moved | Fate::Otherwise => WARN,
    };
    let key = if example.key.is_empty() { String::new() } else { format!(" · {}", example.key) };
    writeln!(out)?;
    writeln!(out, "{style}{}{style:#}  {BOLD}{}{key}{BOLD:#}  {}", example.fate.word(), rule.title, example.at)?;
    for (label, said) in labelled(example) {
        for (place, line) in wrap(&said, width.saturating_sub(2 + LABEL).max(20)).into_iter().enumerate() {
            let label = if place == 0 { label } else { "" };
            writeln!(out, "  {DIM}{label:<LABEL$}{DIM:#}{line}")?;
        }
    }
    Ok(())
}

/// Returns the lines of an example, each with what it is.
pub fn labelled(example: &Example) -> Vec<(&'static str, String)> {
    let mut told = vec![];
    if let Some(was) = &example.was {
        told.push(("was", was.clone()));
    }
    for (label, said) in [("why", &example.why), ("led to", &example.led_to), ("before", &example.led_to_before)] {
        for (place, line) in said.iter().enumerate() {
            told.push((if place == 0 { label } else { "" }, line.clone()));
        }
    }
    if let Some(otherwise) = &example.otherwise {
        told.push((if example.fate == Fate::Gone { "now" } else { "before" }, otherwise.clone()));
    }
    told
}

fn alerts(report: &Report, out: &mut dyn Write, width: usize) -> io::Result<()> {
    let told: Vec<&RoleReport> = report.roles.iter().filter(|role| is_told(role)).collect();
    let same = report.roles.len() - told.len();
    if report.roles.is_empty() {
        return Ok(());
    }
    let first =
        told.iter().map(|role| role.to.chars().count()).max().unwrap_or(0).clamp(6, width.saturating_sub(50)) + 2;
    writeln!(
        out,
        "\n{BOLD}{:<first$}{:>10}{:>10}{:>15}{:>10}{BOLD:#}",
        "alerts", "before", "after", "most a day", "budget"
    )?;
    for role in told {
        let budget = role.budget.map_or("–".to_owned(), |budget| budget.to_string());
        let most = arrow(role.most);
        let style = if role.over.is_empty() { anstyle::Style::new() } else { BAD };
        let (old, new) = (thousands(role.alerts.old), thousands(role.alerts.new));
        writeln!(out, "{style}{:<first$}{old:>10}{new:>10}{most:>15}{budget:>10}{style:#}", role.to)?;
    }
    if same > 0 {
        writeln!(out, "{DIM}as many as before, every day: {}{DIM:#}", counted(same as u64, "role", "roles"))?;
    }
    Ok(())
}

/// Tells whether there is anything to say of a role.
pub fn is_told(role: &RoleReport) -> bool {
    role.alerts.old != role.alerts.new || role.most.old != role.most.new || !role.over.is_empty()
}

fn customers(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let customers = &report.customers;
    if customers.mails == Two::default() {
        return Ok(());
    }
    writeln!(out, "\n{BOLD}mails to customers{BOLD:#}  {}", mails(report))?;
    for (to, mails) in &customers.changed {
        writeln!(out, "  {to}  {}", arrow(*mails))?;
    }
    Ok(())
}

/// Says what customers get.
pub fn mails(report: &Report) -> String {
    let customers = &report.customers;
    format!(
        "{}, to {} customers, at most {} each; {} get more, {} fewer",
        arrow(customers.mails),
        arrow(customers.reached),
        arrow(customers.most),
        thousands(customers.more),
        thousands(customers.fewer)
    )
}

fn ladders(report: &Report, out: &mut dyn Write, width: usize) -> io::Result<()> {
    let told = answered(report);
    if told.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{BOLD}ladders{BOLD:#}")?;
    told.iter().try_for_each(|line| lines(out, line, 2, width))
}

/// Says how ladders were answered.
pub fn answered(report: &Report) -> Vec<String> {
    let ladders = &report.ladders;
    let assumed = format!(
        "did not run before, acknowledged after {} as assumed",
        ladders.assume.as_deref().unwrap_or("no time at all")
    );
    let kinds = [
        (ladders.live, "acknowledged when they were before"),
        (ladders.as_long, "acknowledged as long after their start as before"),
        (ladders.climbed_live, "nobody acknowledged before, nor now"),
        (ladders.assumed, &*assumed),
        (ladders.unanswered, "did not run before, and nobody acknowledges them: --assume-ack would"),
    ];
    let told = kinds.iter().filter(|(count, _)| *count > 0);
    told.map(|(count, said)| format!("{} {said}", thousands(*count))).collect()
}

/// Returns `12 → 9`, `12` where nothing changes.
pub fn arrow(two: Two) -> String {
    match two.old == two.new {
        true => thousands(two.new),
        false => format!("{} → {}", thousands(two.old), thousands(two.new)),
    }
}

fn lines(out: &mut dyn Write, text: &str, indent: usize, width: usize) -> io::Result<()> {
    for (place, line) in wrap(text, width.saturating_sub(indent + 2)).into_iter().enumerate() {
        let indent = if place == 0 { indent } else { indent + 2 };
        writeln!(out, "{:indent$}{line}", "")?;
    }
    Ok(())
}
