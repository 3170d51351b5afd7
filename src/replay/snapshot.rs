//! Accepted timelines in insta's file format, so that `cargo insta review` reads them too.
//!
//! A file is a YAML header between two lines of `---`, then the text. Only the text is compared. Pure: `cli` reads and
//! writes the files.

/// Returns the name of a scenario's snapshot without its folder and ending: `retail_care__the_third_complaint`.
pub fn file_stem(scenario_file: &str, scenario: &str) -> String {
    let name = scenario_file.rsplit('/').next().unwrap_or(scenario_file);
    let name = name.strip_suffix(".test.yaml").unwrap_or(name);
    format!("{}__{}", slug(name), slug(scenario))
}

/// Returns a text as part of a file's name: letters and digits of any alphabet, `_` between words.
pub fn slug(text: &str) -> String {
    /// Most file systems allow 255 bytes; two of these, the ending and insta's own additions fit.
    const LONGEST: usize = 100;
    let mut slug = String::new();
    for letter in text.chars().flat_map(char::to_lowercase) {
        if slug.len() + letter.len_utf8() > LONGEST {
            break;
        }
        if letter.is_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        }
    }
    slug.trim_end_matches('_').to_owned()
}

/// Returns the content of a snapshot's file.
pub fn write(source: &str, scenario: &str, text: &str) -> String {
    format!("---\nsource: {}\nexpression: {}\n---\n{}\n", quoted(source), quoted(scenario), text.trim_end())
}

/// Returns the text of a snapshot's file; `None` where it has no header.
pub fn read(file: &str) -> Option<String> {
    let file = file.replace("\r\n", "\n");
    let body = file.strip_prefix("---\n")?;
    let (_, text) = body.split_once("\n---\n")?;
    Some(text.trim_end().to_owned())
}

/// Tells whether a snapshot's file was written for a scenario, and not by something else that insta's format is used by.
pub fn is_of_scenario(file: &str) -> bool {
    let source = file.lines().take(4).find_map(|line| line.strip_prefix("source: "));
    source.is_some_and(|source| source.trim_matches(['"', ' ', '\r']).ends_with(".test.yaml"))
}

/// Tells whether a drawn timeline is the accepted one: line ends and blank lines at the end do not count, as for insta.
pub fn is_same(accepted: &str, drawn: &str) -> bool {
    accepted.trim_end() == drawn.trim_end()
}

/// Returns a JSON text, which is a YAML text on one line.
fn quoted(text: &str) -> String {
    // A str always serialises.
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_reads_back_as_it_was_written() {
        let text = "Mon 2026-03-16\n  10:00  complaint s1\n\n---\nnot a header";
        let file = write("a/b.test.yaml", "it: says \"no\"", text);
        assert!(file.starts_with("---\nsource: \"a/b.test.yaml\"\nexpression: \"it: says \\\"no\\\"\"\n---\nMon"));
        assert_eq!(read(&file).as_deref(), Some(text));
        assert_eq!(read(&file.replace('\n', "\r\n")).as_deref(), Some(text));
        assert!(is_of_scenario(&file) && !is_of_scenario("---\nsource: tests/it/cli.rs\n---\n"));
        assert_eq!(read("no header"), None);
        assert!(is_same("a\n", "a") && !is_same("a", " a"));
    }

    #[test]
    fn names_of_files_are_readable_and_short() {
        let stem = file_stem("playbooks/retail_care.test.yaml", "The third complaint climbs the ladder, once");
        assert_eq!(stem, "retail_care__the_third_complaint_climbs_the_ladder_once");
        assert_eq!(slug("Жалоба — 3 раза!"), "жалоба_3_раза");
        assert!(slug(&"ж".repeat(300)).len() <= 100);
    }
}
