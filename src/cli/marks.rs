//! Problems as other people's tools show them at their lines: GitHub's commands, and SARIF for code scanning.
//!
//! Left out: what a person reads and touchline's own JSON (`lang::render`).

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde_json::{Value, json};

use crate::lang::codes::ALL;
use crate::lang::diagnostic::{Diagnostic, Severity};
use crate::lang::source::{Sources, Span};

/// Writes one of GitHub's workflow commands, which marks a line of a pull request.
pub fn command(
    out: &mut impl Write,
    sources: &Sources,
    level: &str,
    span: Span,
    title: &str,
    text: &str,
) -> io::Result<()> {
    let (line, column) = sources.line_column(span.file, span.start);
    let file = property(&sources.file(span.file).path);
    let (title, text) = (property(title), escaped(text));
    writeln!(out, "::{level} file={file},line={line},col={column},title={title}::{text}")
}

/// Writes a problem as one of GitHub's commands.
pub fn problem(out: &mut impl Write, sources: &Sources, problem: &Diagnostic) -> io::Result<()> {
    let level = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    command(out, sources, level, problem.span, problem.code, &with_help(problem))
}

fn with_help(problem: &Diagnostic) -> String {
    let help = problem.help.as_deref().map(|help| format!("\n{help}")).unwrap_or_default();
    format!("{}{help}", problem.message)
}

/// Returns a text on one line, as GitHub reads it back.
pub fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

/// Returns problems as one run of SARIF 2.1.0 (OASIS, sections 3.14 to 3.30); columns count characters from 1, and the end is
/// just behind.
pub fn sarif(sources: &Sources, problems: &[Diagnostic]) -> Value {
    let codes: BTreeSet<&str> = problems.iter().map(|problem| problem.code).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let meaning = |code: &str| ALL.iter().find(|(of, _)| *of == code).map_or("", |(_, meaning)| meaning);
    let rules = codes.iter().map(|code| {
        let help = format!("`touchline explain {code}` prints its page");
        json!({"id": code, "shortDescription": {"text": meaning(code)}, "help": {"text": help}})
    });
    let results = problems.iter().map(|problem| {
        let level = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let related = problem.related.iter().map(|(span, text)| {
            let mut place = location(sources, *span);
            place["message"] = json!({"text": text});
            place
        });
        json!({
            "ruleId": problem.code,
            "ruleIndex": codes.binary_search(&problem.code).unwrap_or_default(),
            "level": level,
            "message": {"text": with_help(problem)},
            "locations": [location(sources, problem.span)],
            "relatedLocations": related.collect::<Vec<Value>>(),
        })
    });
    let driver = json!({
        "name": "touchline",
        "version": env!("CARGO_PKG_VERSION"),
        "rules": rules.collect::<Vec<Value>>(),
    });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": driver},
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<Value>>(),
        }],
    })
}

fn location(sources: &Sources, span: Span) -> Value {
    let (line, column) = sources.line_column(span.file, span.start);
    let (end_line, end_column) = sources.line_column(span.file, span.end);
    json!({
        "physicalLocation": {
            "artifactLocation": {"uri": uri(&sources.file(span.file).path)},
            "region": {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column},
        },
    })
}

/// Returns a path as a relative reference, or as a file's URI where it begins at the root (RFC 3986).
fn uri(path: &str) -> String {
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::{escaped, property, uri};

    #[test]
    fn texts_stay_within_what_holds_them() {
        assert_eq!(escaped("100 %\nmore"), "100 %25%0Amore");
        assert_eq!(property("a:b,c"), "a%3Ab%2Cc");
        assert_eq!(uri("my rules/zażalenie.play"), "my%20rules/za%C5%BCalenie.play");
        assert_eq!(uri("/srv/a.play"), "file:///srv/a.play");
    }
}
