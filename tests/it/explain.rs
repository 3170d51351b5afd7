//! `touchline explain`: every code has a page with a text that gets its message, held by a case of these tests.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use touchline::lang::codes::ALL;
use touchline::lang::pages::page;

use crate::cli::Home;

/// Codes that no snapshot shows, and why.
const WITHOUT: [(&str, &str); 1] = [("Y028", "only files that are read as plainly typed YAML")];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn snapshots() -> Vec<PathBuf> {
    let mut found = vec![];
    let mut folders = vec![root().join("tests/lang"), root().join("tests/it/snapshots")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|end| end == "snap") => found.push(path),
                false => {}
            }
        }
    }
    found.sort();
    found
}

/// The code of a line that begins a message.
fn begins(line: &str) -> Option<&str> {
    let rest = ["error[", "warning[", "note["].iter().find_map(|head| line.strip_prefix(head))?;
    rest.split(']').next()
}

/// The messages of a snapshot, each with its code.
fn messages(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = vec![];
    let mut open = false;
    for line in text.lines() {
        if let Some(code) = begins(line) {
            found.push((code.to_owned(), String::new()));
            open = true;
        }
        open &= !line.trim().is_empty();
        if let (true, Some((_, message))) = (open, found.last_mut()) {
            writeln!(message, "{line}").unwrap();
        }
    }
    found
}

/// Writes the examples anew: of each code the shortest message with a line of its text and a help, sentences before YAML.
fn rewritten() -> String {
    let mut best: BTreeMap<String, (bool, bool, usize, String, String)> = BTreeMap::new();
    for path in snapshots() {
        let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        for (code, message) in messages(&fs::read_to_string(&path).unwrap()) {
            let lacks = !message.contains(" = help: ") || !message.contains("^");
            let yaml = message.contains(".play.yaml:");
            let found = (lacks, yaml, message.len(), name.clone(), message);
            if best.get(&code).is_none_or(|known| found < *known) {
                best.insert(code, found);
            }
        }
    }
    best.into_iter().map(|(code, (.., name, message))| format!("%% {code} {name}\n{message}\n")).collect()
}

#[test]
fn every_code_has_a_page_with_a_text_that_gets_its_message() {
    if std::env::var("TOUCHLINE_PAGES").is_ok_and(|value| value == "rewrite") {
        fs::write(root().join("src/lang/pages.txt"), rewritten()).unwrap();
        return;
    }
    let mut wrong = String::new();
    for (code, meaning) in ALL {
        let page = page(&code.to_lowercase()).expect("every code has a page");
        assert_eq!((page.code, page.meaning), (*code, *meaning));
        if WITHOUT.iter().any(|(without, _)| without == code) {
            assert!(page.example.is_empty(), "{code} has an example: it is no exception");
            continue;
        }
        let shown = page.example.lines().next().and_then(begins);
        // Words may change; the case has to show the code still.
        let case = fs::read_to_string(root().join(page.case)).unwrap_or_default();
        if shown != Some(code) || !messages(&case).iter().any(|(of, _)| of == code) {
            writeln!(wrong, "{code} ({meaning}): no example").unwrap();
        }
    }
    assert!(
        wrong.is_empty(),
        "TOUCHLINE_PAGES=rewrite cargo test --test it explain writes the examples anew:\n{wrong}"
    );
}

#[test]
fn a_page_says_what_it_means_and_what_to_type() {
    let home = Home::new("explain");
    let told = home.run(&["explain", "error[p031]"]);
    assert_eq!(told.code, Some(0));
    for part in ["P031  a number stands in quotes", "error[P031]: ", "= help: write `", "` without quotes"] {
        assert!(told.out.contains(part), "{part} is not in:\n{}", told.out);
    }
    let all = home.run(&["explain"]).out;
    assert!(ALL.iter().all(|(code, meaning)| all.contains(&format!("  {code}  {meaning}\n"))), "{all}");
    let none = home.run(&["explain", "P0100"]);
    assert_eq!(
        (none.code, none.err.starts_with("error: no message has the code P0100: did you mean P0")),
        (Some(2), true),
        "{}",
        none.err
    );
}
