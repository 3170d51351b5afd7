//! The formatter: one shape for every playbook, in either syntax, and nothing lost on the way.

use std::path::{Path, PathBuf};

use touchline::lang::format::{self, Forms};
use touchline::lang::play;
use touchline::lang::source::Sources;
use touchline::lang::tree::{Playbook, Syntax};
use touchline::lang::yaml;

use crate::cli::Home;
use crate::support::random;
use crate::yaml::plain;

fn read(name: &str, text: &str) -> (Sources, Playbook) {
    let mut sources = Sources::default();
    let file = sources.add(name, text.as_bytes());
    let reader = if name.ends_with(".yaml") { yaml::playbook::playbook } else { play::playbook };
    let (playbook, problems) = reader(&sources, file);
    let errors: Vec<_> = problems.iter().filter(|problem| problem.is_error()).collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}\n{text}");
    (sources, playbook)
}

/// Formats a text into a syntax, with plurals as `s`.
fn written(name: &str, text: &str, syntax: Syntax) -> String {
    let (sources, playbook) = read(name, text);
    let plural = |name: &str| if name.ends_with('s') { name.to_owned() } else { format!("{name}s") };
    let singular = |name: &str| name.trim_end_matches('s').to_owned();
    format::playbook(&playbook, &sources, syntax, &Forms { plural: &plural, singular: &singular })
}

fn name_of(syntax: Syntax) -> &'static str {
    if syntax == Syntax::Play { "p.play" } else { "p.play.yaml" }
}

/// The words of the comments of a playbook, whatever their order.
fn comments(playbook: &Playbook) -> Vec<String> {
    let words = |text: &str| text.trim_start_matches(['#', ' ']).to_owned();
    let mut all: Vec<String> = playbook.comments.iter().map(|comment| words(&comment.text)).collect();
    all.sort();
    all
}

fn difference(one: &str, other: &str) -> String {
    similar::TextDiff::from_lines(one, other).unified_diff().context_radius(3).to_string()
}

/// Formats and converts a text every way, and says what changed that must not.
fn holds(name: &str, text: &str) {
    let (_, tree) = read(name, text);
    let own = tree.syntax;
    let once = written(name, text, own);
    let twice = written(name_of(own), &once, own);
    assert!(once == twice, "formatting {name} twice changes something:\n{}", difference(&once, &twice));
    let other = if own == Syntax::Play { Syntax::Yaml } else { Syntax::Play };
    let converted = written(name, text, other);
    let back = written(name_of(other), &converted, own);
    for (name, text) in [(name_of(own), &once), (name_of(other), &converted), (name_of(own), &back)] {
        let (_, again) = read(name, text);
        assert_eq!(comments(&again), comments(&tree), "comments of {text}");
        let (left, right) = (plain(tree.clone()), plain(again));
        assert!(left == right, "{text}\n{}", difference(&left, &right));
    }
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => folders.push(path),
                false if [".play", ".play.yaml"].iter().any(|end| path.to_string_lossy().ends_with(end)) => {
                    found.push(path)
                }
                false => {}
            }
        }
    }
    found.sort();
    found
}

#[test]
fn what_ships_is_formatted() {
    for path in files("playbooks") {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.to_string_lossy().into_owned();
        let syntax = if name.ends_with(".yaml") { Syntax::Yaml } else { Syntax::Play };
        let written = written(&name, &text, syntax);
        assert!(written == text, "{name}: run `touchline fmt playbooks`\n{}", difference(&text, &written));
    }
}

#[test]
fn formatting_and_converting_change_nothing_but_the_form() {
    let all: Vec<_> = files("playbooks").into_iter().chain(files("tests/lang/ok")).collect();
    assert!(all.len() > 10);
    for path in all {
        holds(&path.to_string_lossy(), &std::fs::read_to_string(&path).unwrap());
    }
}

/// `TOUCHLINE_CASES` says how many (1,000 unless said), `TOUCHLINE_SEED` where they begin.
#[test]
fn random_playbooks_mean_the_same_in_every_form() {
    let number =
        |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (first, cases) = (number("TOUCHLINE_SEED", 1), number("TOUCHLINE_CASES", 1000));
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                for seed in (first..first + cases).filter(|seed| seed % threads == thread) {
                    let text = random::text::playbook(&mut random::Dice::new(seed));
                    let failed = std::panic::catch_unwind(|| holds("p.play", &text)).is_err();
                    assert!(!failed, "seed {seed}:\n{text}");
                }
            });
        }
    });
}

/// As people type: long lines, short units, clauses that hang together.
const TYPED: &str = "# Care.
playbook care \"Care\"   version 1 time zone \"Europe/Madrid\"
owner \"owner@example.test\"
rule twice “Complained twice” when 2 or more complaints where topic is not \"test\" for the same customer
  within 48h   # two days
  # Nobody else.
  then alert care_team saying \"Look.\"
";

const FORMATTED: &str = "# Care.
playbook care \"Care\" version 1
time zone \"Europe/Madrid\"
owner \"owner@example.test\"

rule twice \"Complained twice\"
  when 2 or more complaints
    where topic is not \"test\"
    for the same customer
    within 48 hours  # two days
  # Nobody else.
  then alert care_team
    saying \"Look.\"
";

const IN_YAML: &str = "# Care.
playbook: care
title: Care
version: 1
time_zone: Europe/Madrid
owner: owner@example.test
rules:
- id: twice
  title: Complained twice
  when:
    at_least: 2
    signal: complaint
    where: topic is not \"test\"
    same: customer
    within: 48 hours  # two days
  # Nobody else.
  then:
  - alert: care_team
    saying: Look.
";

#[test]
fn fmt_writes_what_is_sound_and_says_what_is_not() {
    let home = Home::new("fmt");
    home.write("books/care.play", TYPED);
    let checked = home.run(&["fmt", "--check", "books"]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert!(checked.out.contains("+     within 48 hours  # two days"), "{}", checked.out);
    assert_eq!(home.read("books/care.play"), TYPED, "`--check` changes nothing");
    let done = home.run(&["fmt", "books"]);
    assert_eq!((done.code, &*done.out), (Some(0), "books/care.play\n"), "{done:?}");
    assert_eq!(home.read("books/care.play"), FORMATTED);
    let again = home.run(&["fmt", "--check", "books"]);
    assert_eq!((again.code, &*again.out), (Some(0), ""), "{again:?}");
    assert_eq!(home.run_with(&["fmt", "-"], TYPED).out, FORMATTED);
    // A mistake: shown, and not a letter of the file is touched.
    let broken = TYPED.replace("within 48h", "within 48 parsecs");
    home.write("books/care.play", &broken);
    let told = home.run(&["fmt", "books"]);
    assert_eq!(told.code, Some(1));
    assert!(told.err.contains("parsecs") && told.err.contains("with mistakes left as they are"), "{}", told.err);
    assert_eq!(home.read("books/care.play"), broken);
    let none = home.run(&["fmt", "books/vocabulary.yaml"]);
    assert_eq!(none.code, Some(2), "{none:?}");
}

#[test]
fn fmt_puts_clauses_in_order_when_it_is_told_to() {
    let home = Home::new("fmt-fix");
    let jumbled = "playbook care \"Care\" version 1\nrule a \"A\"\n  at most once every 1 day per customer\n  when complaint\n  \
                   unless topic is missing  # no topic\n  status shadow\n  then alert care_team\n";
    home.write("books/care.play", jumbled);
    assert_eq!(home.run(&["fmt", "books"]).code, Some(1), "without `--fix` it is a mistake");
    let fixed = home.run(&["fmt", "--fix", "books"]);
    assert_eq!(fixed.code, Some(0), "{fixed:?}");
    let expected = "playbook care \"Care\" version 1\n\nrule a \"A\"\n  status shadow\n  when complaint\n  \
                    unless topic is missing  # no topic\n  at most once every 1 day per customer\n  then alert care_team\n";
    assert_eq!(home.read("books/care.play"), expected);
    assert_eq!(home.run(&["check", "books"]).code, Some(0));
}

#[test]
fn convert_writes_the_other_syntax() {
    let home = Home::new("convert");
    home.write("books/care.play", TYPED);
    assert_eq!(home.run(&["convert", "books/care.play"]).out, IN_YAML);
    let written = home.run(&["convert", "--write", "books/care.play"]);
    assert_eq!(
        (written.code, &*written.out),
        (Some(0), "books/care.play is now books/care.play.yaml\n"),
        "{written:?}"
    );
    assert_eq!(home.read("books/care.play.yaml"), IN_YAML);
    assert_eq!(home.run(&["check", "books"]).code, Some(0));
    assert_eq!(home.run(&["convert", "books/care.play.yaml"]).out, FORMATTED);
    // Nothing is overwritten.
    home.write("books/care.play", TYPED);
    let refused = home.run(&["convert", "--write", "books/care.play"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("is there already"), "{}", refused.err);
    assert_eq!(home.read("books/care.play"), TYPED);
    let several = home.run(&["convert", "books"]);
    assert_eq!(several.code, Some(2));
    assert!(several.err.contains("--write"), "{}", several.err);
}
