//! The report as one HTML file: charts inline, no script, nothing from a network, light and dark, wide and narrow.

use std::fmt::Write;

use jiff::civil::Date;

use crate::trust::backtest::report::{Day, Fate, Report, RoleReport, RuleReport, Two};

use super::super::screen::{counted, thousands};
use super::svg::{bars, days, escaped};
use super::text::{answered, arrow, exceeded, is_told, labelled, mails};

/// How it looks.
const STYLE: &str = include_str!("report.css");

/// Writes the page.
pub fn page(report: &Report) -> String {
    let mut out = String::new();
    let title = format!("{} against {}", escaped(&report.new), escaped(&report.old));
    put(
        &mut out,
        &format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>Backtest: {title}</title>\n\
             <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<header>\n<p class=\"kind\">Backtest</p>\n<h1>{title}</h1>"
        ),
    );
    let recorded = &report.recorded;
    let limits = recorded.limits();
    let signals = counted(recorded.signals, "signal", "signals");
    let (from, to) = (&recorded.from, &recorded.to);
    put(
        &mut out,
        &format!("<p class=\"quiet\">{signals} from {from} to {to} ({}){limits}</p>\n</header>", recorded.zone),
    );
    verdict(report, &mut out);
    numbers(report, &mut out);
    meaning(report, &mut out);
    decisions(report, &mut out);
    alerts(report, &mut out);
    customers(report, &mut out);
    ladders(report, &mut out);
    put(&mut out, "</main>\n</body>\n</html>");
    out
}

fn put(out: &mut String, line: &str) {
    let _ = writeln!(out, "{line}");
}

fn verdict(report: &Report, out: &mut String) {
    let over: Vec<&RoleReport> = report.roles.iter().filter(|role| !role.over.is_empty()).collect();
    if over.is_empty() {
        if report.roles.iter().any(|role| role.budget.is_some()) {
            put(out, "<p class=\"verdict good\">Every budget is kept.</p>");
        }
        return;
    }
    put(out, "<div class=\"verdict bad\">");
    over.iter().for_each(|role| put(out, &format!("<p>{}</p>", escaped(&exceeded(role)))));
    put(out, "</div>");
}

/// The few numbers to be read first.
fn numbers(report: &Report, out: &mut String) {
    let sum = |of: fn(&RuleReport) -> u64| report.rules.iter().map(of).sum::<u64>();
    let alerts = Two {
        old: report.roles.iter().map(|role| role.alerts.old).sum(),
        new: report.roles.iter().map(|role| role.alerts.new).sum(),
    };
    put(out, "<ul class=\"numbers\">");
    for (name, value) in [
        ("new decisions", thousands(sum(|rule| rule.added))),
        ("gone", thousands(sum(|rule| rule.gone))),
        ("moved", thousands(sum(|rule| rule.moved))),
        ("lead to something else", thousands(sum(|rule| rule.otherwise))),
        ("alerts", arrow(alerts)),
        ("mails to customers", arrow(report.customers.mails)),
    ] {
        put(out, &format!("<li><b>{value}</b><span>{name}</span></li>"));
    }
    put(out, "</ul>");
}

fn meaning(report: &Report, out: &mut String) {
    put(out, "<section>\n<h2>What changes</h2>");
    if report.meaning.is_empty() && report.around.is_empty() {
        return put(out, "<p>Both versions mean the same.</p>\n</section>");
    }
    put(out, "<ul class=\"plain\">");
    for (rule, said) in &report.meaning {
        let name = rule.rsplit('/').next().unwrap_or(rule);
        for sentence in said {
            put(out, &format!("<li><code>{}</code> {}</li>", escaped(name), quoted(sentence)));
        }
    }
    report.around.iter().for_each(|sentence| put(out, &format!("<li>{}</li>", quoted(sentence))));
    put(out, "</ul>\n</section>");
}

/// What stands in back-ticks is code.
fn quoted(sentence: &str) -> String {
    let mut out = String::new();
    for (place, part) in sentence.split('`').enumerate() {
        let part = escaped(part);
        out += &if place % 2 == 1 { format!("<code>{part}</code>") } else { part };
    }
    out
}

fn decisions(report: &Report, out: &mut String) {
    put(out, "<section>\n<h2>Decisions</h2>");
    if report.rules.is_empty() {
        put(out, &format!("<p>The same decisions of {}.</p>\n</section>", counted(report.same, "rule", "rules")));
        return;
    }
    legend(out);
    let most = report.rules.iter().map(|rule| rule.fired.old.max(rule.fired.new)).max().unwrap_or(0);
    for rule in &report.rules {
        put(out, "<article>");
        let (title, id) = (escaped(&rule.title), escaped(&rule.rule));
        put(out, &format!("<h3>{title} <code>{id}</code></h3>"));
        let fired = format!("fired {} times before, {} after", thousands(rule.fired.old), thousands(rule.fired.new));
        put(out, &format!("{}\n<p class=\"quiet\">{fired}</p>", bars(rule.fired, most)));
        let counts = [
            (Fate::New, rule.added),
            (Fate::Gone, rule.gone),
            (Fate::Moved, rule.moved),
            (Fate::Otherwise, rule.otherwise),
        ];
        let counts = counts.iter().filter(|(_, count)| *count > 0);
        let chips = counts
            .map(|(fate, count)| format!("<span class=\"chip {0}\">{1} {0}</span>", fate.word(), thousands(*count)));
        let chips: Vec<String> = chips.chain(also(rule)).collect();
        put(out, &format!("<p class=\"chips\">{}</p>", chips.join(" ")));
        examples(rule, out);
        put(out, "</article>");
    }
    let same = counted(report.same, "rule decides", "rules decide");
    put(out, &format!("<p class=\"quiet\">{same} the same.</p>\n</section>"));
}

/// What else a rule does more or less often.
fn also(rule: &RuleReport) -> impl Iterator<Item = String> {
    let kinds = [("alerts", rule.alerts), ("mails", rule.mails), ("cases", rule.cases)];
    let differ = kinds.into_iter().filter(|(_, two)| two.old != two.new);
    differ.map(|(name, two)| format!("<span class=\"chip\">{name} {}</span>", arrow(two)))
}

fn examples(rule: &RuleReport, out: &mut String) {
    if rule.examples.is_empty() {
        return;
    }
    put(out, "<details>\n<summary>The first examples, and why</summary>");
    for example in &rule.examples {
        let key = if example.key.is_empty() { String::new() } else { format!("{} · ", escaped(&example.key)) };
        let word = example.fate.word();
        put(
            out,
            &format!("<div class=\"example\">\n<p><span class=\"chip {word}\">{word}</span> {key}{}</p>", example.at),
        );
        put(out, "<dl>");
        for (label, said) in labelled(example) {
            put(out, &format!("<dt>{label}</dt><dd>{}</dd>", escaped(&said)));
        }
        put(out, "</dl>\n</div>");
    }
    put(out, "</details>");
}

fn legend(out: &mut String) {
    put(out, "<p class=\"legend\"><span class=\"key old\"></span> before <span class=\"key new\"></span> after</p>");
}

fn alerts(report: &Report, out: &mut String) {
    if report.days.is_empty() {
        return;
    }
    put(out, "<section>\n<h2>Alerts day by day</h2>");
    legend(out);
    put(out, "<article>\n<h3>All roles</h3>");
    chart(&report.days, None, out);
    put(out, "</article>");
    let told: Vec<&RoleReport> = report.roles.iter().filter(|role| is_told(role)).collect();
    for role in &told {
        let budget = role.budget.map(|budget| format!(", budget {budget} a day")).unwrap_or_default();
        put(out, &format!("<article>\n<h3>{}</h3>", escaped(&role.to)));
        let (alerts, most) = (arrow(role.alerts), arrow(role.most));
        put(out, &format!("<p class=\"quiet\">{alerts} alerts, at most {most} a day{budget}</p>"));
        chart(&filled(report, role), role.budget, out);
        put(out, "</article>");
    }
    let same = report.roles.len() - told.len();
    if same > 0 {
        let roles = counted(same as u64, "role gets", "roles get");
        put(out, &format!("<p class=\"quiet\">{roles} as many as before, every day.</p>"));
    }
    put(out, "</section>");
}

/// The days of a role in the place that each has among all days.
fn filled(report: &Report, role: &RoleReport) -> Vec<Day> {
    let own = |day: &Day| role.days.iter().find(|own| own.day == day.day).map(|own| own.alerts).unwrap_or_default();
    report.days.iter().map(|day| Day { day: day.day.clone(), alerts: own(day) }).collect()
}

fn chart(all: &[Day], budget: Option<u32>, out: &mut String) {
    let most = all.iter().map(|day| day.alerts.old.max(day.alerts.new)).max().unwrap_or(0);
    let most = most.max(budget.map_or(0, u64::from));
    let shown = |day: Option<&Day>| {
        let date = day.and_then(|day| day.day.parse::<Date>().ok());
        date.map(|date| date.strftime("%-d %b %Y").to_string()).unwrap_or_default()
    };
    put(out, &format!("<figure>\n<span class=\"top\">{}</span>\n{}", thousands(most), days(all, budget)));
    let (first, last) = (shown(all.first()), shown(all.last()));
    put(out, &format!("<figcaption><span>{first}</span><span>{last}</span></figcaption>\n</figure>"));
}

fn customers(report: &Report, out: &mut String) {
    let customers = &report.customers;
    if customers.mails == Two::default() {
        return;
    }
    put(out, "<section>\n<h2>Mails to customers</h2>");
    put(out, &format!("<p>{}.</p>", mails(report)));
    legend(out);
    let most = customers.histogram.iter().map(|(_, old, new)| *old.max(new)).max().unwrap_or(0);
    put(out, "<table>\n<thead><tr><th>mails each</th><th class=\"wide\"></th><th>customers</th></tr></thead>\n<tbody>");
    for (count, old, new) in &customers.histogram {
        let two = Two { old: *old, new: *new };
        let bars = bars(two, most);
        put(out, &format!("<tr><td>{count}</td><td class=\"wide\">{bars}</td><td>{}</td></tr>", arrow(two)));
    }
    put(out, "</tbody>\n</table>");
    if !customers.changed.is_empty() {
        put(out, "<h3>Where most changes</h3>\n<ul class=\"plain\">");
        for (to, mails) in &customers.changed {
            put(out, &format!("<li>{}: {}</li>", escaped(to), arrow(*mails)));
        }
        put(out, "</ul>");
    }
    put(out, "</section>");
}

fn ladders(report: &Report, out: &mut String) {
    let told = answered(report);
    if told.is_empty() {
        return;
    }
    put(out, "<section>\n<h2>Ladders</h2>\n<ul class=\"plain\">");
    told.iter().for_each(|line| put(out, &format!("<li>{}</li>", escaped(line))));
    put(out, "</ul>\n</section>");
}
