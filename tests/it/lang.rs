//! Playbooks as data: `tests/lang/ok` is read without a word, each file of `tests/lang/err` gives the messages in the
//! snapshot beside it. Adding a case needs no Rust.

use std::path::Path;

use touchline::lang::diagnostic::Diagnostic;
use touchline::lang::play;
use touchline::lang::render::{Look, human};
use touchline::lang::source::Sources;

/// Returns the problems of one file as a person reads them.
fn diagnostics_of(path: &Path) -> String {
    let bytes = std::fs::read(path).expect("the case can be read");
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (sources, problems) = check(&name, &bytes);
    human(&sources, &problems, Look::PLAIN)
}

fn check(name: &str, bytes: &[u8]) -> (Sources, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let file = sources.add(name, bytes);
    let (_, problems) = play::playbook(&sources, file);
    (sources, problems)
}

#[test]
fn good_playbooks_give_no_messages() {
    insta::glob!("../lang/ok", "*.play", |path| {
        let messages = diagnostics_of(path);
        assert!(messages.is_empty(), "{}:\n{messages}", path.display());
    });
}

#[test]
fn mistakes_give_the_messages_beside_them() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("../lang/err");
    settings.set_omit_expression(true);
    settings.bind(|| {
        insta::glob!("../lang/err", "*.play", |path| {
            let messages = diagnostics_of(path);
            assert!(!messages.is_empty(), "{} gives no message", path.display());
            assert!(!shows_the_grammar(&messages), "a name of the grammar shows:\n{messages}");
            insta::assert_snapshot!("message", messages);
        });
    });
}

/// Tells whether a name of a rule of the grammar shows: they begin with one letter and `_`.
fn shows_the_grammar(messages: &str) -> bool {
    let words = messages.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.into_iter().any(|word| word.as_bytes().get(1) == Some(&b'_'))
}

/// The blocks of the grammar's README, which are the language by example.
#[test]
fn every_block_of_the_grammars_readme_is_read() {
    let readme = include_str!("../../grammar/README.md");
    let blocks: Vec<&str> =
        readme.split("```play\n").skip(1).filter_map(|rest| rest.split_once("```").map(|(block, _)| block)).collect();
    assert!(blocks.len() >= 8, "the README has lost its examples");
    for block in blocks {
        let (sources, problems) = check("README.md", whole_playbook(block).as_bytes());
        assert!(problems.is_empty(), "{block}\n{}", human(&sources, &problems, Look::PLAIN));
    }
}

/// The first block is what a newcomer copies: beside the shipped vocabulary it has nothing wrong with it.
#[test]
fn the_first_block_of_the_grammars_readme_passes_check() {
    let readme = include_str!("../../grammar/README.md");
    let block = readme.split("```play\n").nth(1).and_then(|rest| rest.split_once("```")).expect("it has blocks").0;
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/retail");
    let mut unit = Sources::default();
    crate::compile::add_folder(&mut unit, &shipped);
    let mut sources = Sources::default();
    let around = |path: &str| matches!(path, "vocabulary.yaml" | "directory.yaml") || path.starts_with("emails/");
    for file in unit.files.iter().filter(|file| around(&file.path)) {
        sources.add(&file.path, file.text.as_bytes());
    }
    sources.add("copied.play", block.as_bytes());
    let project = touchline::compile::project(&sources, &touchline::compile::Options::default());
    let told = human(&sources, &project.diagnostics, Look::PLAIN);
    assert!(project.diagnostics.is_empty(), "{told}");
    assert_eq!(project.units.iter().map(|unit| unit.rules.len()).sum::<usize>(), 1, "{told}");
}

/// Puts around a fragment what it needs to be a playbook.
fn whole_playbook(block: &str) -> String {
    let header = "playbook example \"Example\" version 1\n";
    let first = block.split_whitespace().find(|word| !word.starts_with('#')).unwrap_or_default();
    match first {
        "playbook" => block.to_owned(),
        "rule" | "define" | "owner" | "time" | "every" => format!("{header}{block}"),
        "when" => format!("{header}rule one \"One\"\n{block}\nthen alert care_team"),
        "where" => format!("{header}rule one \"One\"\nwhen survey_response\n{block}\nthen alert care_team"),
        _ => format!("{header}rule one \"One\"\nwhen survey_response\n{block}"),
    }
}

/// Texts meant to hang, overflow or blind: each ends in a message. The bound is two seconds in a release build; a debug
/// build on a busy machine gets more, and still fails where the cost is quadratic.
#[test]
fn hostile_files_end_in_a_message() {
    let head = "playbook hostile \"Hostile\" version 1\n";
    let rule =
        |condition: &str| format!("{head}rule one \"One\" when survey_response where {condition} then alert a\n");
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("brackets", rule(&"(".repeat(100_000)).into_bytes()),
        ("closing brackets", rule(&")".repeat(100_000)).into_bytes()),
        ("brackets up to the limit, unclosed", rule(&"(".repeat(64)).into_bytes()),
        ("a long line", rule(&"x".repeat(10_000_000)).into_bytes()),
        ("a long word", rule(&format!("{} 5", "x".repeat(900_000))).into_bytes()),
        ("a long number", rule(&format!("a is {}", "9".repeat(900_000))).into_bytes()),
        ("many quotes", rule(&"\"".repeat(500_001)).into_bytes()),
        ("many back-ticks", rule(&"`".repeat(500_001)).into_bytes()),
        ("many dots", rule(&"a.".repeat(300_000)).into_bytes()),
        ("many nots", rule(&"not ".repeat(200_000)).into_bytes()),
        ("many ands", rule(&"a and ".repeat(150_000)).into_bytes()),
        ("many operators", rule(&"<= ".repeat(300_000)).into_bytes()),
        ("NUL", [0u8; 900_000].to_vec()),
        ("bidi controls", "\u{202E}".repeat(300_000).into_bytes()),
        ("no UTF-8", vec![0xFF; 900_000]),
        ("look-alikes", rule(&"аlert ".repeat(100_000)).into_bytes()),
        ("colons", ":".repeat(900_000).into_bytes()),
        ("whens", "when ".repeat(180_000).into_bytes()),
        (
            "20,000 broken rules",
            (0..20_000)
                .fold(head.to_owned(), |text, n| format!("{text}rule r{n} \"x\" when a b then alert c\n"))
                .into_bytes(),
        ),
        (
            "clauses out of order",
            format!("{head}rule one \"One\" {}", "then alert a when b ".repeat(40_000)).into_bytes(),
        ),
        ("rules in a row", "rule ".repeat(190_000).into_bytes()),
        ("rules without anything", "rule a \"b\"\n".repeat(80_000).into_bytes()),
    ];
    for (name, bytes) in cases {
        let (sources, problems) = check("hostile.play", &bytes);
        let shown = human(&sources, &problems, Look::PLAIN);
        assert!(!problems.is_empty(), "{name} passes unnoticed");
        assert!(problems.len() <= 5_001, "{name}: {} problems", problems.len());
        assert!(shown.len() < 2_000_000, "{name}: {} bytes of messages", shown.len());
    }
}

mod properties {
    use proptest::prelude::*;
    use touchline::lang::source::{FileNo, Offsets, Slice};

    use super::*;

    /// Words and marks of the language, and what people write instead.
    const WORDS: &str = "playbook rule when where then and or not is one of at least most more than less between present missing \
        contains starts with mentions does for each the same within 14 3 0.5 0,5 days hours business minuts over last under goes \
        stays clears followed by every Monday day 07:00 2026-12-24 nps count share gap average points percent below before in both \
        periods only if unless check once per alert email open case escalate until now : after during using saying post to set record \
        \"text\" “curly” \"open `script` ` ( ) , . - % <= && ! ' # define as time zone owner version status live survey_response.score \
        customer store yes no If WHEN atleast аlert \u{202E} \u{0} ż 漢 \n";

    fn sentence() -> impl Strategy<Value = String> {
        let words: Vec<&'static str> = WORDS.split(' ').filter(|word| !word.is_empty()).collect();
        prop::collection::vec(prop::sample::select(words), 0..60).prop_map(|words| words.join(" "))
    }

    fn read_everywhere(text: &str) {
        let table = (0..=text.len() as u32).collect();
        for offsets in [Offsets::Shift(0), Offsets::Table(table)] {
            let slice = Slice { text, file: FileNo(0), offsets };
            let problems = [
                play::condition(&slice).problems,
                play::operand(&slice).problems,
                play::path(&slice).problems,
                play::key(&slice).problems,
                play::length(&slice).problems,
                play::schedule(&slice).problems,
                play::limit(&slice).problems,
                play::predicate(&slice).problems,
                play::source(&slice).problems,
                play::measure(&slice).problems,
                play::trigger(&slice).problems,
                play::word(&slice).problems,
                play::timing(&slice).problems,
                play::time(&slice).problems,
                play::whole(&slice).problems,
                play::recipient(&slice).problems,
                play::field(&slice).problems,
                play::difference(&slice).problems,
                play::placeholders(&slice).1,
            ];
            assert!(problems.iter().flatten().all(|problem| !problem.message.is_empty()));
        }
    }

    /// A leaf that gives no value gives a reason.
    fn says_why(text: &str) {
        let slice = Slice { text, file: FileNo(0), offsets: Offsets::Shift(0) };
        let read = play::condition(&slice);
        assert!(read.value.is_some() || !read.problems.is_empty(), "{text:?} is neither read nor refused");
        assert!(read.holes.is_empty() || !read.problems.is_empty(), "{text:?}: a hole that is not told");
        let read = play::trigger(&slice);
        assert!(read.value.is_some() || !read.problems.is_empty(), "{text:?} is neither read nor refused");
        assert!(read.holes.is_empty() || !read.problems.is_empty(), "{text:?}: a hole that is not told");
    }

    proptest! {
        #[test]
        fn words_in_any_order_never_panic(text in sentence()) {
            let whole = format!("playbook p \"P\"\nrule r \"R\" {text}");
            for text in [&text, &whole] {
                let (sources, problems) = check("random.play", text.as_bytes());
                human(&sources, &problems, Look::PLAIN);
                // Not the rendered text: a long line is cut there, perhaps inside a name.
                for problem in &problems {
                    let said = format!("{} {}", problem.message, problem.help.as_deref().unwrap_or_default());
                    prop_assert!(!super::shows_the_grammar(&said), "{}", said);
                }
            }
            read_everywhere(&text);
            says_why(&text);
        }

        #[test]
        fn bytes_in_any_order_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let (sources, problems) = check("random.play", &bytes);
            human(&sources, &problems, Look::PLAIN);
            let text = String::from_utf8_lossy(&bytes);
            read_everywhere(&text);
            says_why(&text);
        }

        #[test]
        fn a_good_playbook_cut_anywhere_never_panics(cut in 0usize..2_600, gone in 0usize..20) {
            let mut text: Vec<char> = include_str!("../lang/ok/retail_care.play").chars().collect();
            let cut = cut.min(text.len());
            let end = (cut + gone).min(text.len());
            text.drain(cut..end);
            let text: String = text.into_iter().collect();
            let (sources, problems) = check("random.play", text.as_bytes());
            human(&sources, &problems, Look::PLAIN);
        }
    }
}
