//! `vocabulary.yaml` → [`Vocabulary`], with every problem found on the way; and, in `directory`, `directory.yaml` or
//! CSV → [`Directory`].
//!
//! What is wrong costs only itself: the rest is read, so that one run reports everything and a playbook is still
//! checked against the names that are there. A vocabulary that comes with an error is for reporting only.
//!
//! This room and those inside it are the one part of `vocabulary` that reads text, and so the one that uses `lang`.
//!
//! [`Directory`]: crate::vocabulary::directory::Directory

mod braces;
mod calendars;
mod contacts;
mod csv;
mod directory;
mod lexicons;
mod names;
mod signals;
mod types;

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

use crate::lang::codes;
use crate::lang::diagnostic::{Diagnostic, MOST_SHOWN, limit};
use crate::lang::mixed;
use crate::lang::source::{FileNo, Sources, Span};
use crate::lang::yaml::node::{Key, Node};
use crate::lang::yaml::parse::Parsed;
use crate::lang::yaml::{parse, read, slips};
use crate::suggest::nearest;
use crate::value::Str;
use crate::vocabulary::contact::ContactBudget;
use crate::vocabulary::lexicon::Lexicons;
use crate::vocabulary::typed::{is_language, nearest_zone};
use crate::vocabulary::{DEFAULT_DUPLICATE_MEMORY, Stage, Vocabulary};

pub use csv::directory_csv;
pub use directory::directory;

/// The most signals, things, fields, calendars or lexicons there may be of one kind.
pub const MAX_NAMES: usize = 1_000;
/// The most entries of a lexicon in one language.
const MAX_ENTRIES: usize = 100_000;

const KEYS: [&str; 12] = [
    "vocabulary",
    "time_zone",
    "languages",
    "journey",
    "channels",
    "things",
    "signals",
    "lexicons",
    "calendars",
    "holidays",
    "contact_budget",
    "duplicate_memory",
];

/// Reads a vocabulary. `None` only where nothing of the file can be used.
pub fn vocabulary(sources: &Sources, file: FileNo) -> (Option<Vocabulary>, Vec<Diagnostic>) {
    let Parsed { root, diagnostics, lost, .. } = parse::parse_all(sources, file);
    let lost = lost.iter().flat_map(|span| words_of(sources.slice(*span))).collect();
    let mut reader = Reader { file, diagnostics, lost, skipped: false };
    let Some(mut root) = root else { return (None, reader.finish()) };
    reader.diagnostics.extend(slips::put_right(&mut root, sources, file));
    braces::put_together(&mut root, &sources.file(file).text, file, &mut reader.diagnostics);
    reader.diagnostics.extend(mixed::in_file(&root, file));
    let Some(entries) = reader.keep(read::expect_map(&root, "vocabulary")) else {
        return (None, reader.finish());
    };
    let mut vocabulary = empty(fingerprint(sources, file));
    for (key, node) in entries {
        match key.text.as_str() {
            "vocabulary" => {
                if let Some(name) = reader.keep(read::expect_text(node, "vocabulary")) {
                    vocabulary.name = name.into();
                }
            }
            "time_zone" => {
                if let Some(zone) = reader.zone(node, "time_zone") {
                    vocabulary.zone = zone;
                }
            }
            "languages" => vocabulary.languages = reader.languages(node),
            "journey" => vocabulary.journey = reader.journey(node),
            "channels" => vocabulary.channels = reader.words(node, "channels", "channel"),
            "duplicate_memory" => {
                if let Some(length) = reader.length(node, "duplicate_memory") {
                    vocabulary.duplicate_memory = length;
                }
            }
            key_text if KEYS.contains(&key_text) => {}
            misspelt => {
                reader.say(read::unknown_key(key, &KEYS));
                // What is missing without it, and what follows from that, is not told beside it.
                if reader.nearest(misspelt, KEYS.iter().copied()) == Some("languages") {
                    vocabulary.languages = reader.languages(node);
                }
            }
        }
    }
    let top = root_place(file, entries);
    if !entries.iter().any(|(key, _)| key.text == "vocabulary") {
        reader.say(read::missing_key(top, "the vocabulary", "vocabulary").help("add `vocabulary: …` with its name"));
    }
    if vocabulary.languages.is_empty() {
        reader.no_language(top, &root);
        vocabulary.languages.push("en".into());
    }
    reader.things_and_signals(&root, &mut vocabulary);
    vocabulary.lexicons = Lexicons::new(reader.lexicons(root.get("lexicons"), &vocabulary.languages));
    vocabulary.calendars = reader.calendars(root.get("calendars"), root.get("holidays"));
    vocabulary.contacts = reader.contact_budget(root.get("contact_budget"), &vocabulary);
    vocabulary.lost = std::mem::take(&mut reader.lost);
    (Some(vocabulary), reader.finish())
}

/// Returns the words of a text that may be names.
fn words_of(text: &str) -> impl Iterator<Item = Str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).map(Str::from)
}

fn empty(fingerprint: [u8; 16]) -> Vocabulary {
    Vocabulary {
        name: "".into(),
        zone: TimeZone::UTC,
        languages: Vec::new(),
        journey: Vec::new(),
        channels: Vec::new(),
        things: Vec::new(),
        signals: Vec::new(),
        lexicons: Lexicons::default(),
        calendars: Vec::new(),
        contacts: ContactBudget::default(),
        duplicate_memory: DEFAULT_DUPLICATE_MEMORY,
        lost: BTreeSet::new(),
        fingerprint,
    }
}

/// Returns the first 16 bytes of SHA-256 of a file's text.
fn fingerprint(sources: &Sources, file: FileNo) -> [u8; 16] {
    let mut fingerprint = [0; 16];
    fingerprint.copy_from_slice(&Sha256::digest(sources.file(file).text.as_bytes())[..16]);
    fingerprint
}

/// Returns the place of a file's first key, for what is missing from the whole.
fn root_place(file: FileNo, entries: &[(Key, Node)]) -> Span {
    entries.first().map_or(Span::new(file, 0, 0), |(key, _)| key.span)
}

/// Collects the problems of one file.
struct Reader {
    file: FileNo,
    diagnostics: Vec<Diagnostic>,
    /// The words in what could not be read of the vocabulary: a name among them is not called unknown.
    lost: BTreeSet<Str>,
    /// Whether something was left out without a word, because the vocabulary could not be read whole.
    skipped: bool,
}

impl Reader {
    fn say(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Tells whether there are more problems than anybody is shown, so that a near name is not worth looking for.
    fn is_full(&self) -> bool {
        self.diagnostics.len() > 2 * MOST_SHOWN
    }

    fn nearest<'a>(&self, word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
        if self.is_full() { None } else { nearest(word, known) }
    }

    fn keep<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|diagnostic| self.say(diagnostic)).ok()
    }

    /// Returns the problems in order of place, the first of too many.
    fn finish(mut self) -> Vec<Diagnostic> {
        self.diagnostics.sort_by_key(|diagnostic| diagnostic.span);
        limit(&mut self.diagnostics);
        self.diagnostics
    }

    /// Returns the entries of an optional mapping.
    fn entries<'a>(&mut self, node: Option<&'a Node>, what: &str) -> &'a [(Key, Node)] {
        match node {
            // A key without a value holds nothing yet.
            Some(node) if node.text() == Some("") => &[],
            Some(node) => {
                let entries = self.keep(read::expect_map(node, what)).unwrap_or(&[]);
                self.not_too_many(entries, what)
            }
            None => &[],
        }
    }

    /// Cuts a list of names at the most there may be.
    fn not_too_many<'a>(&mut self, entries: &'a [(Key, Node)], what: &str) -> &'a [(Key, Node)] {
        match entries.get(MAX_NAMES) {
            None => entries,
            Some((key, _)) => {
                self.too_many(key.span, what);
                &entries[..MAX_NAMES]
            }
        }
    }

    fn too_many(&mut self, span: Span, what: &str) {
        let message = format!("`{what}` has more than {MAX_NAMES} names");
        let help = format!("keep it to {MAX_NAMES}; what there are many of is a fact or a text, not a name");
        self.say(Diagnostic::error(codes::TOO_MANY_NAMES, span, message).help(help));
    }

    fn zone(&mut self, node: &Node, what: &str) -> Option<TimeZone> {
        let name = self.keep(read::expect_text(node, what))?;
        self.zone_named(name, node.span)
    }

    fn zone_named(&mut self, name: &str, span: Span) -> Option<TimeZone> {
        match TimeZone::get(name) {
            Ok(zone) => Some(zone),
            Err(_) => {
                let unknown = Diagnostic::error(codes::UNKNOWN_ZONE, span, format!("unknown time zone `{name}`"));
                let near = if self.is_full() { None } else { nearest_zone(name) };
                self.say(unknown.help(match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "write an IANA name: continent and city, such as `Europe/Madrid`".to_owned(),
                }));
                None
            }
        }
    }

    fn languages(&mut self, node: &Node) -> Vec<Str> {
        let mut languages = Vec::new();
        for node in self.list_of_words(node, "languages", "language") {
            match is_language(&node.0) {
                true => languages.push(node.0),
                false => self.say(bad_language(&node.0, node.1)),
            }
        }
        languages
    }

    fn no_language(&mut self, top: Span, root: &Node) {
        let help = "add `languages: [en]`; the first one is the fallback for customers of unknown language";
        match root.get("languages") {
            // What was wrong with the codes has been said.
            Some(node) if !matches!(node.text(), Some("")) && node.list().is_none_or(|list| !list.is_empty()) => {}
            Some(node) => self
                .say(Diagnostic::error(codes::NO_LANGUAGE, node.span, "the vocabulary lists no language").help(help)),
            None => self.say(
                Diagnostic::warning(
                    codes::NO_LANGUAGE,
                    top,
                    "the vocabulary does not say its languages, `en` is taken",
                )
                .help(help),
            ),
        }
    }

    fn journey(&mut self, node: &Node) -> Vec<Stage> {
        let mut seen = FxHashMap::default();
        let mut stages = Vec::new();
        for (key, node) in self.entries(Some(node), "journey") {
            self.name(key, "stage");
            let words = self.list_of_words(node, &key.text, "touchpoint");
            let mut touchpoints = Vec::new();
            for (word, span) in words {
                match seen.insert(word.clone(), span) {
                    Some(first) => self.say(listed_twice("touchpoint", &word, span, first)),
                    None if seen.len() > MAX_NAMES => self.too_many(span, "journey"),
                    None => touchpoints.push(word),
                }
            }
            stages.push(Stage { name: key.text.as_str().into(), touchpoints });
        }
        stages
    }

    fn words(&mut self, node: &Node, what: &str, one: &str) -> Vec<Str> {
        self.list_of_words(node, what, one).into_iter().map(|(word, _)| word).collect()
    }

    /// Reads a list of different words, with the place of each.
    fn list_of_words(&mut self, node: &Node, what: &str, one: &str) -> Vec<(Str, Span)> {
        let mut words: Vec<(Str, Span)> = Vec::new();
        if node.text() == Some("") {
            return words;
        }
        let mut seen = FxHashMap::default();
        for node in self.keep(read::expect_list(node, what)).unwrap_or(&[]) {
            let Some(word) = self.keep(read::expect_text(node, one)) else { continue };
            let limit = if one == "entry" { MAX_ENTRIES } else { MAX_NAMES };
            if words.len() >= limit {
                self.too_many(node.span, what);
                break;
            }
            match seen.insert(word.to_owned(), node.span) {
                Some(first) => self.say(listed_twice(one, word, node.span, first)),
                None => words.push((word.into(), node.span)),
            }
        }
        words
    }
}

fn listed_twice(one: &str, word: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::error(codes::LISTED_TWICE, span, format!("the {one} `{word}` is listed twice"))
        .related(first, "the first time")
        .help("delete one of them")
}

fn bad_language(word: &str, span: Span) -> Diagnostic {
    Diagnostic::error(codes::BAD_LANGUAGE, span, format!("`{word}` is not a language code"))
        .help("write the code of two or three letters, such as `en`, `pl` or `pt-BR`")
}
