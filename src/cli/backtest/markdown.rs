//! The report as a summary for a pull request.

use std::fmt::Write;

use crate::trust::backtest::report::{Report, Two};

use super::super::screen::{counted, thousands};
use super::text::{answered, arrow, exceeded, is_told, labelled, mails};

/// Writes the summary: what changes, what it would have done, and the first examples folded away.
pub fn summary(report: &Report) -> String {
    let mut out = String::new();
    let recorded = &report.recorded;
    let mark = if report.exceeded { "❌" } else { "✅" };
    put(&mut out, &format!("### {mark} Backtest: {} against {}\n", escaped(&report.new), escaped(&report.old)));
    let limits = recorded.limits();
    let signals = counted(recorded.signals, "signal", "signals");
    put(&mut out, &format!("{signals} from {} to {} ({}){limits}.\n", recorded.from, recorded.to, recorded.zone));
    for role in report.roles.iter().filter(|role| !role.over.is_empty()) {
        put(&mut out, &format!("> **{}**\n", escaped(&exceeded(role))));
    }
    if !(report.meaning.is_empty() && report.around.is_empty()) {
        put(&mut out, "**What changes**\n");
        for (rule, said) in &report.meaning {
            said.iter().for_each(|sentence| put(&mut out, &format!("- `{rule}` {}", escaped(sentence))));
        }
        report.around.iter().for_each(|sentence| put(&mut out, &format!("- {}", escaped(sentence))));
        out.push('\n');
    }
    decisions(report, &mut out);
    roles(report, &mut out);
    if report.customers.mails != Two::default() {
        put(&mut out, &format!("Mails to customers: {}.\n", mails(report)));
    }
    let ladders = answered(report);
    if !ladders.is_empty() {
        put(&mut out, &format!("Ladders: {}.\n", escaped(&ladders.join("; "))));
    }
    out
}

fn decisions(report: &Report, out: &mut String) {
    if report.rules.is_empty() {
        return put(out, &format!("The same decisions of {}.\n", counted(report.same, "rule", "rules")));
    }
    put(out, "| rule | before | after | new | gone | moved | otherwise |\n| --- | --: | --: | --: | --: | --: | --: |");
    for rule in &report.rules {
        let counts = [rule.fired.old, rule.fired.new, rule.added, rule.gone, rule.moved, rule.otherwise];
        let counts: Vec<String> = counts.into_iter().map(thousands).collect();
        put(out, &format!("| {} | {} |", cell(&rule.title), counts.join(" | ")));
    }
    put(out, &format!("\n{} the same.\n", counted(report.same, "more rule decides", "more rules decide")));
    for rule in report.rules.iter().filter(|rule| !rule.examples.is_empty()) {
        put(out, &format!("<details><summary>{}: the first examples</summary>\n", html(&rule.title)));
        for example in &rule.examples {
            let key = if example.key.is_empty() { String::new() } else { format!(" · {}", escaped(&example.key)) };
            put(out, &format!("- **{}**{key}, {}", example.fate.word(), example.at));
            for (label, said) in labelled(example) {
                let label = if label.is_empty() { String::new() } else { format!("{label}: ") };
                put(out, &format!("  - {label}{}", escaped(&said)));
            }
        }
        put(out, "\n</details>\n");
    }
}

fn roles(report: &Report, out: &mut String) {
    let told: Vec<_> = report.roles.iter().filter(|role| is_told(role)).collect();
    if told.is_empty() {
        return;
    }
    put(out, "| alerts | before | after | most a day | budget |\n| --- | --: | --: | --: | --: |");
    for role in told {
        let budget = role.budget.map_or("–".to_owned(), |budget| budget.to_string());
        let (old, new) = (thousands(role.alerts.old), thousands(role.alerts.new));
        put(out, &format!("| {} | {old} | {new} | {} | {budget} |", cell(&role.to), arrow(role.most)));
    }
    out.push('\n');
}

fn put(out: &mut String, line: &str) {
    let _ = writeln!(out, "{line}");
}

/// What a customer wrote may hold anything: nothing of it is a link, a picture or a tag here.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '\n' | '\r' => safe.push(' '),
            '\\' | '*' | '_' | '[' | ']' | '!' | '#' | '|' | '~' | '@' => safe.extend(['\\', letter]),
            letter => safe.push(letter),
        }
    }
    safe
}

fn cell(text: &str) -> String {
    escaped(text)
}

fn html(text: &str) -> String {
    super::svg::escaped(text)
}
