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
