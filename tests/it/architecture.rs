//! The shape of the source, held by tests: imports point one way, the pure half reaches nothing outside, and each
//! outside library is known by one module. `src/ARCHITECTURE.md` says why.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The layers, from the words everybody uses to the command line. A module may import its own layer and those before.
const LAYERS: [(&str, &[&str]); 10] = [
    ("words", &["clock", "id", "number", "signal", "suggest", "value", "vocabulary"]),
    ("language", &["lang"]),
    ("reading the vocabulary", &["vocabulary::read"]),
    ("meaning", &["ir", "script", "template"]),
    ("engine", &["engine"]),
    ("compiler", &["compile"]),
    ("replay", &["replay"]),
    ("trust", &["trust"]),
    ("outside world", &["store", "deliver", "inbox", "daemon"]),
    ("command line", &["cli"]),
];

/// Modules that may touch files, sockets, threads and processes.
const OUTSIDE: [&str; 6] = ["store", "deliver", "inbox", "daemon", "cli", "main"];

/// What the pure half never names.
const REACHING_OUT: [&str; 7] =
    ["std::fs", "std::net", "std::thread", "std::process", "std::env", "std::time::Instant", "std::time::SystemTime"];

/// What only `clock.rs` names.
const CLOCK_READS: [&str; 4] = ["Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now"];

/// Libraries that one module knows; the names of the crates as code writes them.
const CONFINED: [(&str, &[&str]); 36] = [
    ("pest", &["lang/play"]),
    ("pest_derive", &["lang/play"]),
    ("granit_parser", &["lang/yaml/parse.rs"]),
    ("serde_yaml", &["lang/yaml/plain.rs"]),
    ("rhai", &["script/machine.rs"]),
    ("lz4_flex", &["engine/state.rs"]),
    ("bumpalo", &["engine/pieces.rs"]),
    ("hashbrown", &["engine/seen.rs"]),
    ("triomphe", &["engine/kept.rs", "engine/name.rs", "engine/plans.rs"]),
    ("minijinja", &["template/mill.rs"]),
    ("annotate_snippets", &["lang/render.rs"]),
    ("aho_corasick", &["vocabulary/lexicon.rs"]),
    ("icu_casemap", &["vocabulary/text.rs"]),
    ("icu_normalizer", &["vocabulary/text.rs"]),
    ("rusqlite", &["store/sqlite", "store/refused.rs"]),
    ("strsim", &["suggest.rs", "lang/suggest.rs", "vocabulary/text.rs"]),
    ("rlimit", &["daemon/http/server/connections.rs"]),
    ("notify", &["daemon/reload/watch.rs"]),
    ("lettre", &["deliver/email"]),
    ("base64", &["daemon/cloudevents.rs", "deliver/email/header.rs", "deliver/webhook.rs"]),
    ("hmac", &["deliver/webhook.rs"]),
    ("reqwest", &["deliver/webhook.rs"]),
    ("rustls", &["deliver/webhook.rs"]),
    ("tokio", &["deliver", "inbox", "daemon", "cli/serve.rs"]),
    ("tracing", &["deliver", "inbox", "daemon", "store"]),
    ("axum", &["daemon/http"]),
    ("hyper", &["daemon/http/server"]),
    ("hyper_util", &["daemon/http/server.rs"]),
    ("prometheus_client", &["daemon/metrics.rs"]),
    ("tracing_subscriber", &["daemon/logs.rs"]),
    ("clap", &["cli"]),
    ("anyhow", &["cli"]),
    ("indicatif", &["cli"]),
    ("anstream", &["cli"]),
    ("anstyle", &["cli"]),
    ("terminal_size", &["cli"]),
];

/// Libraries that belong to everybody, like the standard library: values, derives, hashing, errors.
const COMMON: [&str; 8] = ["jiff", "postcard", "rustc_hash", "serde", "serde_json", "sha2", "similar", "thiserror"];

struct Source {
    /// Below `src/`, with `/` between parts.
    path: String,
    /// Without comments and without what follows `#[cfg(test)]`.
    code: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Source {
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        Source { path: path.to_owned(), code }
    }

    /// `compile::scope` for `compile/scope.rs`, `lang` for `lang/mod.rs`.
    fn module(&self) -> String {
        let path = self.path.trim_end_matches(".rs").trim_end_matches("/mod");
        path.replace('/', "::")
    }

    fn is_test(&self) -> bool {
        self.path.ends_with("tests.rs") || self.path.contains("/tests/")
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root().join("src"), &mut found);
    assert!(found.len() > 20, "the source files were not found");
    found
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let below = path.strip_prefix(root().join("src")).unwrap().to_string_lossy().replace('\\', "/");
            found.push(Source::new(&below, &fs::read_to_string(&path).unwrap()));
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
}

/// The layer of a module path such as `vocabulary::read::things`, by its longest known beginning.
fn layer(module: &str) -> Option<usize> {
    let begins = |known: &str| module == known || module.strip_prefix(known).is_some_and(|rest| rest.starts_with("::"));
    let known =
        LAYERS.iter().enumerate().flat_map(|(layer, (_, modules))| modules.iter().map(move |name| (layer, *name)));
    known.filter(|(_, name)| begins(name)).max_by_key(|(_, name)| name.len()).map(|(layer, _)| layer)
}

/// Every `crate::a::b` that `code` names, groups in braces taken apart one level deep.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == '$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(group_members(group)),
            None => {
                found.insert(path_at(rest));
            }
        }
    }
    found
}

fn path_at(text: &str) -> String {
    let end = text.find(|next: char| !(next.is_alphanumeric() || next == '_' || next == ':')).unwrap_or(text.len());
    text[..end].trim_end_matches(':').to_owned()
}

fn group_members(group: &str) -> Vec<String> {
    let (mut depth, mut members, mut member) = (0, Vec::new(), String::new());
    for next in group.chars() {
        match next {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(std::mem::take(&mut member)),
            _ if depth == 0 && !next.is_whitespace() => member.push(next),
            _ => {}
        }
    }
    members.push(member);
    members.into_iter().filter(|member| !member.is_empty()).map(|member| path_at(&member)).collect()
}

fn names(code: &str, path: &str) -> bool {
    let part_of_a_word = |letter: Option<char>| letter.is_some_and(|l| l.is_alphanumeric() || l == '_');
    code.match_indices(path).any(|(at, _)| {
        !part_of_a_word(code[..at].chars().next_back()) && !part_of_a_word(code[at + path.len()..].chars().next())
    })
}

fn names_library(code: &str, library: &str) -> bool {
    code.match_indices(&format!("{library}::"))
        .any(|(at, _)| !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == ':'))
}

fn wrong_imports(source: &Source) -> Vec<String> {
    let Some(own) = layer(&source.module()) else {
        let free = ["lib", "main"].contains(&source.module().as_str());
        return if free { vec![] } else { vec![format!("{} belongs to no layer: add it to LAYERS", source.path)] };
    };
    let above = |import: &String| layer(import).is_none_or(|layer| layer > own);
    let imports = imports(&source.code).into_iter().filter(above);
    imports.map(|import| format!("{} ({}) imports {import}", source.path, LAYERS[own].0)).collect()
}

fn reaching_out(source: &Source) -> Vec<String> {
    let module = source.module();
    let top = module.split("::").next().unwrap_or("");
    let mut found = Vec::new();
    if !OUTSIDE.contains(&top) {
        found.extend(REACHING_OUT.into_iter().filter(|path| names(&source.code, path)));
        // `use std::{fs, io}` names them too.
        for (at, _) in source.code.match_indices("std::{") {
            let members = group_members(&source.code[at + "std::{".len()..]);
            let named = |path: &&str| {
                let last = path.trim_start_matches("std::");
                members.iter().any(|member| member == last || member.starts_with(&format!("{last}::")))
            };
            found.extend(REACHING_OUT.into_iter().filter(named));
        }
    }
    if module != "clock" {
        found.extend(CLOCK_READS.into_iter().filter(|path| names(&source.code, path)));
    }
    found.into_iter().map(|what| format!("{} names {what}", source.path)).collect()
}

fn strangers(source: &Source) -> Vec<String> {
    let stray = CONFINED.iter().filter(|(library, homes)| {
        let at_home = homes.iter().any(|home| source.path.starts_with(home));
        !at_home && names_library(&source.code, library)
    });
    stray.map(|(library, homes)| format!("{} names {library}, which only {homes:?} knows", source.path)).collect()
}

#[test]
fn imports_point_one_way() {
    let wrong: Vec<String> = sources().iter().filter(|source| !source.is_test()).flat_map(wrong_imports).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_pure_half_reaches_no_file_socket_thread_or_clock() {
    let wrong: Vec<String> = sources().iter().filter(|source| !source.is_test()).flat_map(reaching_out).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_module_knows_each_outside_library() {
    let wrong: Vec<String> = sources().iter().filter(|source| !source.is_test()).flat_map(strangers).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_dependency_has_a_home_or_is_common() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let section = manifest.split("[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
    let known = |name: &str| CONFINED.iter().any(|(library, _)| *library == name) || COMMON.contains(&name);
    let homeless: Vec<String> = section
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.trim().replace('-', "_"))
        .filter(|name| !known(name))
        .collect();
    assert!(homeless.is_empty(), "say which module knows {homeless:?}");
}

#[test]
fn a_breach_of_each_law_is_found() {
    let breach = |path: &str, code: &str| {
        let source = Source::new(path, code);
        [wrong_imports(&source), reaching_out(&source), strangers(&source)].map(|found| found.len())
    };
    assert_eq!(breach("engine/eval.rs", "use crate::ir::Rule;\nuse crate::value::Value;"), [0, 0, 0]);
    assert_eq!(breach("engine/eval.rs", "use crate::replay::Run;"), [1, 0, 0]);
    assert_eq!(breach("engine/mod.rs", "use crate::{value::Value, compile::{a, b}};"), [1, 0, 0]);
    assert_eq!(breach("lang/play.rs", "fn f() { crate::vocabulary::read::all() }"), [1, 0, 0]);
    assert_eq!(breach("vocabulary/read.rs", "use crate::lang::tree;"), [0, 0, 0]);
    assert_eq!(breach("vocabulary/mod.rs", "use crate::lang::tree;"), [1, 0, 0]);
    assert_eq!(breach("novelty.rs", ""), [1, 0, 0]);
    assert_eq!(breach("engine/eval.rs", "use std::{fs, io};"), [0, 1, 0]);
    assert_eq!(breach("engine/eval.rs", "std::thread::spawn(|| {});"), [0, 1, 0]);
    assert_eq!(breach("replay/run.rs", "let now = jiff::Timestamp::now();"), [0, 1, 0]);
    assert_eq!(breach("cli/replay.rs", "let now = jiff::Timestamp::now();"), [0, 1, 0]);
    assert_eq!(breach("cli/replay.rs", "use std::fs;"), [0, 0, 0]);
    assert_eq!(breach("clock.rs", "let now = jiff::Timestamp::now();"), [0, 0, 0]);
    assert_eq!(breach("engine/eval.rs", "use rhai::Engine;"), [0, 0, 1]);
    assert_eq!(breach("engine/eval.rs", "// use rhai::Engine;"), [0, 0, 0]);
}

#[test]
fn the_readme_names_every_dependency() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let sections = manifest
        .split("\n[")
        .filter(|section| section.starts_with("dependencies]") || section.starts_with("dev-dependencies]"));
    let names = sections.flat_map(|section| section.lines().filter_map(|line| line.split_once(" = ")));
    let missing: Vec<&str> = names.map(|(name, _)| name.trim()).filter(|name| !names_word(&readme, name)).collect();
    assert!(missing.is_empty(), "README.md does not say what these are for: {missing:?}");
}

fn names_word(text: &str, word: &str) -> bool {
    text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == '-')).any(|known| known == word)
}

#[test]
fn every_test_that_the_map_names_exists() {
    let map = fs::read_to_string(root().join("src/ARCHITECTURE.md")).unwrap();
    let mut code = String::new();
    for folder in ["src", "tests"] {
        everything(&root().join(folder), &mut code);
    }
    let named = map.split('`').skip(1).step_by(2).filter(|quoted| {
        let plain =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_' || letter == ':';
        quoted.contains("::")
            && quoted.chars().all(plain)
            && quoted.rsplit("::").next().is_some_and(|last| last.contains('_'))
    });
    let named: Vec<&str> = named.collect();
    assert!(named.len() > 5, "the map names no tests");
    let lost: Vec<&&str> =
        named.iter().filter(|test| !code.contains(&format!("fn {}(", test.rsplit("::").next().unwrap()))).collect();
    assert!(lost.is_empty(), "src/ARCHITECTURE.md names what is not there: {lost:?}");
}

fn everything(folder: &Path, code: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            everything(&path, code);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            code.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// `tests/planted/run.sh` and its like stop at a patch that no longer applies: said here, in seconds.
#[test]
fn every_planted_bug_still_applies() {
    let mut patches = vec![];
    for folder in ["tests/planted", "tests/planted/daemon"] {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        patches.extend(
            entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "patch")),
        );
    }
    assert!(patches.len() >= 20, "where have they gone?");
    let applies = |patch: &PathBuf| {
        let mut command = Command::new("patch");
        command.args(["-s", "-p1", "--dry-run", "-i"]).arg(patch).current_dir(root());
        command.output().map(|output| output.status.success())
    };
    if applies(&patches[0]).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        return println!("skipped: this machine has no `patch`");
    }
    let stale: Vec<_> = patches.iter().filter(|patch| !applies(patch).unwrap()).collect();
    assert!(stale.is_empty(), "write these anew: {stale:#?}");
}
