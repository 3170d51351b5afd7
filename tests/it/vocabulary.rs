//! Vocabularies and directories: what must load, and what every mistake is answered with.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use touchline::lang::diagnostic::Diagnostic;
use touchline::lang::render;
use touchline::lang::source::Sources;
use touchline::vocabulary::directory::Directory;
use touchline::vocabulary::{Vocabulary, read};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn load(path: &str, text: &str) -> (Vocabulary, Sources, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let file = sources.add(path, text.as_bytes());
    let (vocabulary, diagnostics) = read::vocabulary(&sources, file);
    (vocabulary.expect("the file is a mapping"), sources, diagnostics)
}

fn shown(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    render::human(sources, diagnostics, render::Look { colour: false, width: 100 })
}

/// The vocabulary of the manual, without its holidays: they are listed nowhere there, which is only a warning.
#[test]
fn the_vocabulary_of_the_manual_loads() {
    let (vocabulary, sources, diagnostics) = load("vocabulary.yaml", include_str!("../lang/vocabulary/manual.yaml"));
    insta::assert_snapshot!("manual_messages", shown(&sources, &diagnostics));
    insta::assert_snapshot!("manual", describe(&vocabulary));
}

/// One line a thing and signal: enough to see that every type was understood.
fn describe(vocabulary: &Vocabulary) -> String {
    let mut out = format!(
        "{} · {} · {}\n",
        vocabulary.name,
        vocabulary.zone.iana_name().unwrap_or("?"),
        vocabulary.languages.join(" ")
    );
    for stage in &vocabulary.journey {
        writeln!(out, "stage {}: {}", stage.name, stage.touchpoints.join(" ")).expect("a text takes everything");
    }
    let field = |field: &touchline::vocabulary::Field| {
        let flags = [(field.optional, " optional"), (field.personal, " personal")];
        let flags: String = flags.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
        format!("  {}: {}{flags}\n", field.name, field.ty.describe(vocabulary))
    };
    for thing in &vocabulary.things {
        writeln!(out, "thing {}", thing.name).expect("a text takes everything");
        out.extend(thing.facts.iter().map(field));
    }
    for signal in &vocabulary.signals {
        let plural = signal.plural.as_deref().unwrap_or("no plural");
        writeln!(out, "signal {} ({plural}), about {}, late {:#}", signal.name, signal.about, signal.lateness())
            .expect("a text takes everything");
        out.extend(signal.fields.iter().map(field));
    }
    for calendar in &vocabulary.calendars {
        writeln!(out, "calendar {} ({} holidays)", calendar.name, calendar.holidays.len())
            .expect("a text takes everything");
        for (day, shifts) in calendar.week.iter().enumerate() {
            let print = |shift: &touchline::vocabulary::calendar::Shift| {
                format!(" {}–{}", shift.opens, shift.closes.map_or("24:00".to_owned(), |time| time.to_string()))
            };
            writeln!(out, "  {day}:{}", shifts.iter().map(print).collect::<String>()).expect("a text takes everything");
        }
    }
    out
}

#[test]
fn shipped_vocabularies_and_directories_load_without_a_message() {
    let mut seen = 0;
    for folder in ["retail", "retail_yaml"] {
        let folder = root().join("playbooks").join(folder);
        let read_text = |name: &str| std::fs::read(folder.join(name)).expect("it ships");
        let mut sources = Sources::default();
        let file = sources.add("vocabulary.yaml", &read_text("vocabulary.yaml"));
        let (vocabulary, diagnostics) = read::vocabulary(&sources, file);
        assert_eq!(shown(&sources, &diagnostics), "");
        let file = sources.add("directory.yaml", &read_text("directory.yaml"));
        let (directory, diagnostics) = read::directory(&sources, file, &vocabulary.expect("it has no errors"));
        assert_eq!(shown(&sources, &diagnostics), "");
        assert!(directory.knows_role("floor_manager") && directory.places.len() > 5);
        seen += 1;
    }
    assert_eq!(seen, 2);
}

/// The vocabularies beside real feedback, where it is there to test with.
#[test]
fn vocabularies_of_real_feedback_load_without_a_message() {
    let data = crate::real_feedback::data();
    if data.is_none() {
        eprintln!("skipped: no folder with real feedback beside the checkout");
    }
    for set in data.iter().flat_map(std::fs::read_dir).flatten().flatten() {
        let Ok(text) = std::fs::read_to_string(set.path().join("vocabulary.yaml")) else { continue };
        let (_, sources, diagnostics) = load("vocabulary.yaml", &text);
        assert_eq!(shown(&sources, &diagnostics), "", "{:?}", set.path());
    }
}

/// Each case is a file; its messages are its snapshot. A file named `directory_…` is a directory in YAML or CSV, read
/// with the vocabulary `with.yaml` beside it.
#[test]
fn every_mistake_is_answered_with_its_place_and_what_to_type() {
    insta::glob!("../lang/err_vocabulary", "*.*", |path| {
        let text = std::fs::read(path).expect("the case is there");
        let name = path.file_name().and_then(|name| name.to_str()).expect("names of cases are plain");
        let mut sources = Sources::default();
        let diagnostics = if name.starts_with("directory_") {
            let with = include_bytes!("../lang/vocabulary/with.yaml");
            let with = sources.add("vocabulary.yaml", with);
            let (vocabulary, problems) = read::vocabulary(&sources, with);
            assert_eq!(shown(&sources, &problems), "");
            let file = sources.add(name, &text);
            let reader = if name.ends_with(".csv") { read::directory_csv } else { read::directory };
            reader(&sources, file, &vocabulary.expect("it has no errors")).1
        } else {
            let file = sources.add(name, &text);
            read::vocabulary(&sources, file).1
        };
        assert!(!diagnostics.is_empty(), "{name} has no mistake");
        assert!(diagnostics.iter().all(|problem| problem.help.is_some()), "a message without help");
        insta::assert_snapshot!(shown(&sources, &diagnostics));
    });
}

/// Every code of vocabularies and directories is met by some case.
#[test]
fn every_code_has_a_case() {
    let folder = root().join("tests/it/snapshots");
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).expect("snapshots are there").flatten() {
        let path: PathBuf = entry.path();
        if path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.contains("it__vocabulary")) {
            all.push_str(&std::fs::read_to_string(path).expect("a snapshot is text"));
        }
    }
    let missing: Vec<&str> = touchline::lang::codes::ALL
        .iter()
        .map(|(code, _)| *code)
        .filter(|code| code.starts_with('V') && !all.contains(&format!("[{code}]")))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

/// The same company as a table.
#[test]
fn a_directory_in_csv_says_what_the_same_in_yaml_says() {
    let mut sources = Sources::default();
    let with = sources.add("vocabulary.yaml", include_bytes!("../lang/vocabulary/with.yaml"));
    let vocabulary = read::vocabulary(&sources, with).0.expect("it has no errors");
    let yaml = sources.add("directory.yaml", include_bytes!("../lang/vocabulary/directory.yaml"));
    let csv = sources.add("directory.csv", include_bytes!("../lang/vocabulary/directory.csv"));
    let (from_yaml, problems) = read::directory(&sources, yaml, &vocabulary);
    assert_eq!(shown(&sources, &problems), "");
    let (from_csv, problems) = read::directory_csv(&sources, csv, &vocabulary);
    assert_eq!(shown(&sources, &problems), "");
    let same = |directory: Directory| {
        (directory.owner, directory.company_roles, directory.places, directory.people.into_keys().collect::<Vec<_>>())
    };
    assert_eq!(same(from_yaml), same(from_csv));
}
