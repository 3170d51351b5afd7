//! `touchline diff`: what a change of playbooks means, in sentences for a reviewer.

use std::io::Write;
use std::path::Path;

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use crate::lang::source::{Sources, Span};
use crate::trust::diff::{self, Around, Change, RuleDiff, Version};

use super::ExitCode;
use super::screen::{BAD, BOLD, DIM, GOOD, Screen, WARN, counted, wrap};
use super::side::{Side, side};

/// Says what a change of playbooks means, rule by rule, in sentences.
///
/// A and B are folders or files. Each may also be a git ref, which stands for the same path at that ref, or `REF:path` as
/// git writes it. Compared is what playbooks compile to: comments, spelling, layout, the order of rules and files, and the
/// syntax are said to be wording, and are no difference. So is whatever differs in vocabulary, directory, calendars or mail
/// templates that no rule uses. Scenarios are not compared.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline diff main playbooks/retail            what has changed since the branch left main
  touchline diff HEAD                             the folder here against what was committed last
  touchline diff main:playbooks/retail my         a path at a ref, and another folder
  touchline diff live/retail next/retail          two folders
  touchline diff care.play care.play.yaml         is the converted file the same?
  touchline diff main playbooks --format json

Exit codes: 0 the same meaning, 1 another meaning, 2 could not run.")]
pub struct Diff {
    /// What was: a folder, a file, a git ref or REF:path
    #[arg(value_name = "A")]
    old: String,
    /// What is now
    #[arg(value_name = "B", default_value = ".")]
    new: String,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// For machines: one JSON object
    Json,
}

/// How far the text below a rule stands in.
const INDENT: usize = 2;

impl Diff {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let old = side(&self.old, Path::new(&self.new), screen)?;
        let new = side(&self.new, Path::new(&self.old), screen)?;
        let diff = between(&old, &new);
        match self.format {
            Format::Json => writeln!(screen.out, "{}", to_json(&diff, &old, &new))?,
            Format::Human => told(&diff, &old, &new, screen)?,
        }
        Ok(if diff.is_same() { ExitCode::Clean } else { ExitCode::Problems })
    }
}

/// Compares unit with unit: the one with the one, of several those that lie at the same place.
pub fn between(old: &Side, new: &Side) -> diff::Diff {
    let (was, is) = (old.units(), new.units());
    let alone = was.len() == 1 && is.len() == 1;
    let before = |unit| Version { sources: &old.loaded.sources, unit };
    let after = |unit| Version { sources: &new.loaded.sources, unit };
    let mut all = diff::Diff::default();
    for unit in &is {
        let same = was.iter().find(|other| alone || old.place(other) == new.place(unit));
        all.add(diff::between(before(same.copied()), after(Some(*unit))));
    }
    for unit in was {
        if !alone && is.iter().all(|other| old.place(unit) != new.place(other)) {
            all.add(diff::between(before(Some(unit)), after(None)));
        }
    }
    all
}

fn told(diff: &diff::Diff, old: &Side, new: &Side, screen: &mut Screen) -> anyhow::Result<()> {
    let width = screen.width;
    let out = &mut screen.out;
    let mut empty = true;
    for rule in &diff.rules {
        if !std::mem::take(&mut empty) {
            writeln!(out)?;
        }
        let (verb, style) = match rule.change {
            Change::Changed(_) => ("", WARN),
            Change::Added(_) => (" added", GOOD),
            Change::Removed(_) => (" dropped", BAD),
        };
        let at = place(rule.span, of(rule, old, new));
        writeln!(
            out,
            "{BOLD}rule {}{BOLD:#}{style}{verb}{style:#} · {}  {DIM}{at}{DIM:#}",
            rule.rule.rule, rule.title
        )?;
        match &rule.change {
            Change::Changed(said) => bullets(out, said, width)?,
            Change::Added(lines) | Change::Removed(lines) => {
                let sign = if matches!(rule.change, Change::Added(_)) { '+' } else { '-' };
                for line in lines.iter().skip(1) {
                    writeln!(out, "{style}  {sign} {}{style:#}", line.strip_prefix("  ").unwrap_or(line))?;
                }
            }
        }
    }
    around(out, diff, width, &mut empty)?;
    if !diff.wording.is_empty() {
        let gap = if std::mem::take(&mut empty) { "" } else { "\n" };
        writeln!(out, "{gap}{BOLD}wording only{BOLD:#}")?;
        bullets(out, &diff.wording, width)?;
    }
    let gap = if empty { "" } else { "\n" };
    let unchanged = counted(diff.unchanged, "rule", "rules");
    if diff.is_same() {
        let also = if diff.wording.is_empty() && diff.around.is_empty() { "" } else { ", written otherwise" };
        writeln!(out, "{gap}{GOOD}the same meaning{GOOD:#}{also}: {unchanged}")?;
        return Ok(());
    }
    let count = |is: fn(&Change) -> bool| diff.rules.iter().filter(|rule| is(&rule.change)).count() as u64;
    let kinds = [
        (count(|change| matches!(change, Change::Changed(_))), "changed"),
        (count(|change| matches!(change, Change::Added(_))), "added"),
        (count(|change| matches!(change, Change::Removed(_))), "dropped"),
    ];
    let mut parts: Vec<String> =
        kinds.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    parts.push(format!("{} the same", diff.unchanged));
    let touched: std::collections::BTreeSet<_> = diff.around.iter().flat_map(|around| &around.touches).collect();
    if !touched.is_empty() {
        parts.push(format!("{} touched by what stands around them", touched.len()));
    }
    writeln!(out, "{gap}{BOLD}rules: {}{BOLD:#}", parts.join(", "))?;
    Ok(())
}

fn around(out: &mut dyn Write, diff: &diff::Diff, width: usize, empty: &mut bool) -> std::io::Result<()> {
    let mut sorted: Vec<&Around> = diff.around.iter().collect();
    sorted.sort_by_key(|around| around.part);
    let mut part = None;
    for around in sorted {
        if part != Some(around.part) {
            part = Some(around.part);
            let gap = if std::mem::take(empty) { "" } else { "\n" };
            writeln!(out, "{gap}{BOLD}{}{BOLD:#}", around.part.word())?;
        }
        bullets(out, std::slice::from_ref(&around.sentence), width)?;
        let rules: Vec<&str> = around.touches.iter().map(|rule| &*rule.rule).collect();
        let touches = match rules.is_empty() {
            true => "touches no rule".to_owned(),
            false => format!("touches {}", rules.join(", ")),
        };
        for line in wrap(&touches, width.saturating_sub(2 * INDENT)) {
            writeln!(out, "{DIM}{:1$}{line}{DIM:#}", "", 2 * INDENT)?;
        }
    }
    Ok(())
}

/// Writes sentences, each with its lines below each other.
fn bullets(out: &mut dyn Write, said: &[String], width: usize) -> std::io::Result<()> {
    for sentence in said {
        for (number, line) in wrap(sentence, width.saturating_sub(2 * INDENT)).into_iter().enumerate() {
            let indent = if number == 0 { INDENT } else { 2 * INDENT };
            writeln!(out, "{:indent$}{line}", "")?;
        }
    }
    Ok(())
}

fn of<'a>(rule: &RuleDiff, old: &'a Side, new: &'a Side) -> &'a Sources {
    let side = if matches!(rule.change, Change::Removed(_)) { old } else { new };
    &side.loaded.sources
}

fn place(span: Span, sources: &Sources) -> String {
    let (line, _) = sources.line_column(span.file, span.start);
    format!("{}:{line}", sources.file(span.file).path)
}

fn to_json(diff: &diff::Diff, old: &Side, new: &Side) -> Json {
    let rule = |rule: &RuleDiff| {
        let sources = of(rule, old, new);
        let (line, _) = sources.line_column(rule.span.file, rule.span.start);
        let (change, sentences, text) = match &rule.change {
            Change::Changed(said) => ("changed", said.clone(), None),
            Change::Added(lines) => ("added", vec![], Some(lines.join("\n"))),
            Change::Removed(lines) => ("dropped", vec![], Some(lines.join("\n"))),
        };
        json!({
            "rule": rule.rule.to_string(), "title": &*rule.title, "change": change, "sentences": sentences, "text": text,
            "file": sources.file(rule.span.file).path, "line": line,
        })
    };
    let around = |around: &Around| {
        let touches: Vec<String> = around.touches.iter().map(ToString::to_string).collect();
        json!({"part": around.part.word(), "sentence": around.sentence, "touches": touches})
    };
    json!({
        "old": old.shown, "new": new.shown, "same": diff.is_same(), "unchanged": diff.unchanged,
        "rules": diff.rules.iter().map(rule).collect::<Vec<_>>(),
        "around": diff.around.iter().map(around).collect::<Vec<_>>(),
        "wording": diff.wording,
    })
}
