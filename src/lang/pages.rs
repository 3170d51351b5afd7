//! What is to be read about a code: what it means, a text that shows it with the message it gets, and what to type instead.
//!
//! Examples are messages that the tests hold, in `pages.txt`; `TOUCHLINE_PAGES=rewrite cargo test --test it explain` writes
//! them anew. A head line `%% CODE case` stands before each.

use crate::lang::codes::ALL;

/// The examples.
const PAGES: &str = include_str!("pages.txt");

/// A page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The code.
    pub code: &'static str,
    /// What it means, in one line.
    pub meaning: &'static str,
    /// A message with the text it is about; empty where no single file shows it.
    pub example: &'static str,
    /// The case the example is from.
    pub case: &'static str,
}

/// Finds the page of a code, however it is written: `P010`, `p010`, `error[P010]`.
pub fn page(code: &str) -> Option<Page> {
    let code = code.trim();
    let code = code.split_once('[').map_or(code, |(_, rest)| rest.trim_end_matches([']', ':']));
    let (code, meaning) = ALL.iter().find(|(known, _)| known.eq_ignore_ascii_case(code))?;
    let (case, example) = examples().find(|(of, ..)| of == code).map_or(("", ""), |(_, case, example)| (case, example));
    Some(Page { code, meaning, example, case })
}

/// Returns code, case and message of every example.
fn examples() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    PAGES.split("%% ").skip(1).filter_map(|page| {
        let (head, example) = page.split_once('\n')?;
        let (code, case) = head.split_once(' ')?;
        Some((code, case, example.trim_end()))
    })
}

/// Says in words what a code is about, by its letter.
pub fn area(code: &str) -> &'static str {
    match code.chars().next() {
        Some('P') => "how a playbook is written",
        Some('Y') => "YAML",
        Some('N') => "names",
        Some('T') => "types and values",
        Some('V') => "vocabulary and directory",
        Some('E') => "mail templates",
        Some('L') => "what is probably not meant",
        Some('S') => "scenarios",
        _ => "the daemon's configuration",
    }
}
