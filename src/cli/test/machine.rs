//! What came of a run, for other programs: JSON lines, JUnit's XML, GitHub's commands.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::{Value, json};
use similar::TextDiff;

use crate::lang::diagnostic::Severity;
use crate::lang::render;
use crate::trust::coverage::{Kind, Report, Tally};

use super::super::marks;
use super::super::screen::{Screen, counted};
use super::judge::{Judged, Mark};
use super::mutate::{Book, Change};
use super::{Run, Test};

/// One object a line: scenarios in their order, then problems, then what was reached, then the end.
pub fn json(test: &Test, screen: &mut Screen, run: &Run<'_>) -> io::Result<()> {
    let sources = &run.loaded.sources;
    for file in &run.files {
        for scenario in &file.scenarios {
            let mut object = json!({
                "scenario": scenario.name,
                "file": file.path,
                "line": sources.line_column(scenario.span.file, scenario.span.start).0,
                "result": scenario.mark.words(),
            });
            if let Some(difference) = difference(scenario) {
                object["difference"] = Value::from(difference);
            }
            if scenario.mark == Mark::Todo {
                object["says"] = Value::from(scenario.says.trim_matches([' ', '(', ')']));
            }
            writeln!(screen.out, "{object}")?;
            write!(screen.out, "{}", render::json(sources, &scenario.problems))?;
        }
    }
    write!(screen.out, "{}", render::json(sources, &run.problems))?;
    if test.coverage || test.require.is_some() {
        writeln!(screen.out, "{}", coverage(&run.coverage))?;
    }
    if let Some(mutated) = &run.mutated {
        for book in &mutated.books {
            book.changes.iter().try_for_each(|change| writeln!(screen.out, "{}", changed(run, book, change)))?;
        }
        let tally = mutated.tally();
        let told = json!({"killed": tally.reached, "all": tally.all, "percent": tally.percent()});
        writeln!(screen.out, "{}", json!({"mutation": told}))?;
    }
    let end = json!({"summary": {
        "ok": run.count(|mark| matches!(mark, Mark::Ok | Mark::Accepted)),
        "not_ok": run.count(|mark| mark == Mark::NotOk),
        "not_played": run.not_played(),
        "todo": run.count(|mark| mark == Mark::Todo),
        "left_out": run.filtered,
        "lacking": run.lacking,
        "failed": run.failed(),
    }});
    writeln!(screen.out, "{end}")
}

fn changed(run: &Run<'_>, book: &Book, change: &Change) -> Value {
    let (line, _) = run.loaded.sources.line_column(change.span.file, change.span.start);
    let nearest = change.nearest.as_ref().map(|(scenario, met)| json!({"scenario": scenario, "met": met}));
    json!({
        "change": change.kind,
        "playbook": book.playbook,
        "rules": change.rules,
        "file": run.loaded.sources.file(change.span.file).path,
        "line": line,
        "was": change.was,
        "is": change.is,
        "killed_by": change.killed_by,
        "nearest": nearest,
    })
}

fn coverage(report: &Report) -> Value {
    let tallies = |tallies: &[Tally; 5]| -> Value {
        let each = Kind::ALL.into_iter().zip(tallies).map(|(kind, tally)| {
            let told = json!({"reached": tally.reached, "all": tally.all, "percent": tally.percent()});
            (kind.plural().replace(' ', "_"), told)
        });
        Value::Object(each.collect())
    };
    let rules = report.rules.iter().map(|rule| {
        let missed: Vec<&str> = rule.missed.iter().map(|missed| &*missed.what).collect();
        json!({"rule": rule.rule.to_string(), "reached": tallies(&rule.tallies), "missed": missed})
    });
    json!({"coverage": {"total": tallies(&report.total), "rules": rules.collect::<Vec<_>>()}})
}

/// One suite a file, and one for what belongs to no scenario.
pub fn junit(screen: &mut Screen, run: &Run<'_>) -> io::Result<()> {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"touchline\">\n");
    for file in &run.files {
        let cases = file.scenarios.iter().map(|scenario| (scenario.name.as_str(), case(run, scenario)));
        suite(&mut text, &file.path, &cases.collect::<Vec<_>>());
    }
    for (path, _) in &run.broken {
        suite(&mut text, path, &[("all scenarios", failure("not played", "the playbook has errors"))]);
    }
    let errors = run.problems.iter().filter(|problem| problem.severity == Severity::Error);
    let mut rest: Vec<(String, String)> = errors
        .map(|problem| {
            let name = format!("{}: {}", render::place(&run.loaded.sources, problem.span), problem.message);
            (name, failure(problem.code, problem.help.as_deref().unwrap_or("")))
        })
        .collect();
    let survivors = run.mutated.iter().flat_map(|mutated| &mutated.books).flat_map(|book| book.changes.iter());
    let survived = survivors.filter(|change| change.killed_by.is_none()).map(|change| {
        let place = render::place(&run.loaded.sources, change.span);
        let name = format!("{place}: {}, {}", change.rules, change.kind);
        (name, format!("<skipped message=\"{}\"/>", xml(&format!("survives: {}", sentence(change)))))
    });
    rest.extend(survived);
    rest.extend(run.lacking.iter().map(|lacking| ("coverage".to_owned(), failure("not enough is reached", lacking))));
    let rest: Vec<(&str, String)> = rest.iter().map(|(name, body)| (name.as_str(), body.clone())).collect();
    if !rest.is_empty() {
        suite(&mut text, "playbooks", &rest);
    }
    writeln!(screen.out, "{text}</testsuites>")
}

fn suite(text: &mut String, name: &str, cases: &[(&str, String)]) {
    let with = |what: &str| cases.iter().filter(|(_, body)| body.starts_with(what)).count();
    let (failures, skipped) = (with("<failure"), with("<skipped"));
    // A String takes everything.
    let _ = writeln!(
        text,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" skipped=\"{skipped}\">",
        xml(name),
        cases.len()
    );
    for (case, body) in cases {
        let head = format!("    <testcase classname=\"{}\" name=\"{}\"", xml(name), xml(case));
        let _ = match body.is_empty() {
            true => writeln!(text, "{head}/>"),
            false => writeln!(text, "{head}>{body}</testcase>"),
        };
    }
    text.push_str("  </testsuite>\n");
}

fn case(run: &Run<'_>, scenario: &Judged) -> String {
    match scenario.mark {
        Mark::Ok | Mark::Accepted => String::new(),
        Mark::Todo => format!("<skipped message=\"{}\"/>", xml(scenario.says.trim())),
        Mark::NotPlayed => failure("not played", "the scenario has a mistake"),
        Mark::NotOk => {
            let look = render::Look::PLAIN;
            let problems = render::human(&run.loaded.sources, &scenario.problems, look);
            failure("not as accepted", &format!("{problems}{}", difference(scenario).unwrap_or_default()))
        }
    }
}

/// Returns a change on one line.
fn sentence(change: &Change) -> String {
    match change.is.is_empty() {
        true => format!("without `{}`", change.was.join(" ")),
        false => format!("`{}`", change.is.join(" ")),
    }
}

fn failure(message: &str, text: &str) -> String {
    format!("<failure message=\"{}\">{}</failure>", xml(message), xml(text))
}

/// Returns a text as XML holds it; control characters, which it cannot hold, are left out.
fn xml(text: &str) -> String {
    let mut held = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => held.push_str("&amp;"),
            '<' => held.push_str("&lt;"),
            '>' => held.push_str("&gt;"),
            '"' => held.push_str("&quot;"),
            '\n' | '\t' => held.push(letter),
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => {}
            letter => held.push(letter),
        }
    }
    held
}

/// One command a problem, at its line.
pub fn github(screen: &mut Screen, run: &Run<'_>) -> io::Result<()> {
    let sources = &run.loaded.sources;
    for file in &run.files {
        for scenario in file.scenarios.iter().filter(|scenario| scenario.mark.fails()) {
            let title = format!("{}: {}", scenario.mark.words(), scenario.name);
            let text = difference(scenario).unwrap_or_else(|| title.clone());
            marks::command(&mut screen.out, sources, "error", scenario.span, &title, &text)?;
            scenario.problems.iter().try_for_each(|problem| marks::problem(&mut screen.out, sources, problem))?;
        }
    }
    run.problems.iter().try_for_each(|problem| marks::problem(&mut screen.out, sources, problem))?;
    for change in run.mutated.iter().flat_map(|mutated| &mutated.books).flat_map(|book| &book.changes) {
        if change.killed_by.is_none() {
            let title = format!("{}: {}", change.rules, change.kind);
            let text = format!("no scenario notices {}", sentence(change));
            marks::command(&mut screen.out, sources, "notice", change.span, &title, &text)?;
        }
    }
    for lacking in &run.lacking {
        writeln!(screen.out, "::error title=not enough is reached::{}", marks::escaped(lacking))?;
    }
    let all = run.files.iter().map(|file| file.scenarios.len() as u64).sum::<u64>();
    let not_ok = run.count(Mark::fails);
    writeln!(screen.out, "{}, {not_ok} not ok", counted(all, "scenario", "scenarios"))
}

/// Returns what differs from the accepted timeline, as a patch has it.
fn difference(scenario: &Judged) -> Option<String> {
    let (accepted, drawn) = scenario.difference.as_ref()?;
    let (accepted, drawn) = (format!("{}\n", accepted.trim_end()), format!("{}\n", drawn.trim_end()));
    Some(TextDiff::from_lines(&accepted, &drawn).unified_diff().header("accepted", "drawn").to_string())
}

#[cfg(test)]
mod tests {
    use super::xml;

    #[test]
    fn texts_stay_within_what_holds_them() {
        assert_eq!(xml("a < \"b\" & c\u{1b}[0m\n"), "a &lt; &quot;b&quot; &amp; c[0m\n");
    }
}
