//! `touchline diff`: every small change has its sentence, and what means the same is said to.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use touchline::compile::{Options, Project, Unit, project};
use touchline::ir::Rule;
use touchline::lang::source::Sources;
use touchline::trust::diff::{Change, OTHERWISE, Version, between};
use touchline::trust::mutate::prepare;
use touchline::trust::{reading, same};

use crate::cli::{Home, Ran};
use crate::support::random;

/// The shipped retail playbooks in a folder of their own, next to which they may be changed.
pub fn shipped(name: &str) -> Home {
    let home = Home::new(name);
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/retail"), &home.0.join("old"));
    copy(&home.0.join("old"), &home.0.join("new"));
    home
}

pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => copy(&path, &to.join(entry.file_name())),
            false => drop(std::fs::copy(&path, to.join(entry.file_name())).unwrap()),
        }
    }
}

/// Changes the first `old` of a file of `new`.
pub fn change(home: &Home, file: &str, old: &str, new: &str) {
    let path = format!("new/{file}");
    let text = home.read(&path);
    assert!(text.contains(old), "{file} holds no {old}");
    home.write(&path, &text.replacen(old, new, 1));
}

fn diff(home: &Home) -> Ran {
    home.run(&["diff", "old", "new"])
}

#[track_caller]
fn says(ran: &Ran, lines: &[&str]) {
    for line in lines {
        assert!(ran.out.lines().any(|told| told.trim() == *line), "{line:?} is not said:\n{}{}", ran.out, ran.err);
    }
}

fn loaded(folder: &Path) -> (Sources, Project) {
    let mut sources = Sources::default();
    let mut files = vec![];
    walk(folder, &mut files);
    files.sort();
    for path in files {
        let below = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        sources.add(below, &std::fs::read(path).unwrap());
    }
    let project = project(&sources, &Options::default());
    (sources, project)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true if ["snapshots", "reload", "feed"].iter().any(|name| path.ends_with(name)) => {}
            true => walk(&path, found),
            false => found.push(path),
        }
    }
}

fn with_rules(unit: &Unit, rules: Vec<Arc<Rule>>) -> Unit {
    Unit {
        vocabulary_path: unit.vocabulary_path.clone(),
        directory_path: unit.directory_path.clone(),
        emails_path: unit.emails_path.clone(),
        vocabulary: unit.vocabulary.clone(),
        directory: unit.directory.clone(),
        templates: unit.templates.clone(),
        playbooks: vec![],
        rules,
    }
}

#[test]
fn every_small_change_of_a_shipped_playbook_has_its_sentence() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/retail");
    let (sources, project) = loaded(&folder);
    let unit = &project.units[0];
    let before = Version { sources: &sources, unit: Some(unit) };
    let (mut told, mut all) = (String::new(), 0);
    for book in &unit.playbooks {
        for mutant in prepare(&sources, unit, book) {
            let is = |rule: &Arc<Rule>| mutant.rules.iter().find(|changed| changed.id == rule.id).cloned();
            let rules = unit.rules.iter().map(|rule| is(rule).unwrap_or_else(|| rule.clone())).collect();
            let changed = with_rules(unit, rules);
            let diff = between(before, Version { sources: &sources, unit: Some(&changed) });
            assert_eq!(diff.rules.len(), mutant.rules.len(), "{:?}", mutant.is);
            for rule in &diff.rules {
                let Change::Changed(said) = &rule.change else { panic!("{:?}", rule.change) };
                told += &format!("{}: {}\n", rule.rule.rule, said.join("; "));
                all += 1;
            }
        }
    }
    assert!(all > 100, "the shipped playbooks can be changed in many ways: {all}");
    assert!(!told.contains(OTHERWISE), "{told}");
    for sentence in [
        "checkout_wait: fires over 11 minutes instead of 10 minutes",
        "repeat_complaint: fires at 4 instead of 3",
        "repeat_complaint: looks at each customer instead of customer and topic",
        "repeat_complaint: ladder: step `after 4 business hours: alert manager of store` dropped",
        "counter_unattended: guard `unless store.refit is yes` dropped",
        "gold_silent: guard `unless customer.open_cases is more than 0 and customer.at_risk is yes` instead of \
         `unless customer.open_cases is more than 0 or customer.at_risk is yes`",
        "thank_promoter: limit `at most once every 30 days per customer` dropped",
    ] {
        assert!(told.lines().any(|line| line == sentence), "{sentence:?} is not among:\n{told}");
    }
}

#[test]
fn of_random_rules_the_reading_differs_where_the_meaning_does_and_nowhere_else() {
    let vocabulary = &random::ground().vocabulary;
    let mut pairs = 0;
    for seed in 0..1_500 {
        let mut dice = random::Dice::new(seed);
        let mut before = random::rules::rules(&mut dice);
        for after in random::edits::later(&mut dice, &before) {
            for rule in &after {
                let Some(was) = before.iter().find(|was| was.id == rule.id) else { continue };
                let read = |rule| reading::read(rule, vocabulary);
                let normal = |rule| same::normal(rule, vocabulary);
                let (means, reads) = (normal(was) == normal(rule), read(was).same(&read(rule)));
                assert_eq!(means, reads, "seed {seed}\n{was:#?}\n{rule:#?}\n{:#?}\n{:#?}", read(was), read(rule));
                pairs += u32::from(!means);
            }
            before = after;
        }
    }
    assert!(pairs > 500, "{pairs}");
}

#[test]
fn three_changes_by_hand_are_told_rule_by_rule() {
    let home = shipped("diff_three");
    let same = diff(&home);
    assert_eq!((same.code, &*same.out), (Some(0), "the same meaning: 25 rules\n"), "{}", same.err);
    change(&home, "retail_care.play", "goes over 10 minutes", "goes over 12 minutes");
    change(&home, "retail_care.play", "within 14 days", "within 7 days");
    change(&home, "queue_and_counter.play", "  unless store.refit is yes\n", "");
    change(&home, "recovery.play", "after 4 business hours", "after 2 business hours");
    let told = diff(&home);
    assert_eq!(told.code, Some(1));
    says(
        &told,
        &[
            "rule checkout_wait · Long wait at checkout  new/retail_care.play:10",
            "fires over 12 minutes instead of 10 minutes",
            "window: 7 days instead of 14 days",
            "guard `unless store.refit is yes` dropped",
            "ladder: `alert manager of store` after 2 business hours instead of after 4 business hours",
            "rules: 4 changed, 21 the same",
        ],
    );
}

#[test]
fn a_contact_budget_is_told_with_the_rules_that_write_to_somebody() {
    let home = shipped("diff_budget");
    let vocabulary = home.read("new/vocabulary.yaml");
    let budget =
        "contact_budget:\n  customer: {email: 2 every 30 days, any: 3 every 30 days, exempt: [transactional]}\n";
    home.write("new/vocabulary.yaml", &format!("{vocabulary}\n{budget}  quiet_hours: 21:00 to 08:00\n"));
    let told = diff(&home);
    assert!(told.out.contains("quiet hours: 21:00 to 08:00 instead of none"), "{}{}", told.out, told.err);
    let said = "contact budget of `customer`: email 2 every 30 days and any 3 every 30 days, transactional";
    assert!(told.out.contains(said), "{}{}", told.out, told.err);
    assert!(
        told.out.contains("touches gold_silent, order_not_delivered, gold_detractor, thank_promoter"),
        "{}",
        told.out
    );
}

#[test]
fn comments_spelling_order_and_syntax_are_wording() {
    let home = shipped("diff_wording");
    change(&home, "retail_care.play", "within 14 days", "within 2 weeks");
    change(&home, "retail_care.play", "48 hours", "48h # two days");
    let mut rules = home.read("new/voice_of_customer.play");
    let last = rules.split_off(rules.find("rule topic_on_the_rise").unwrap());
    let first = rules.find("rule hidden_conditions").unwrap();
    rules.insert_str(first, &format!("{}\n", last.trim_end()));
    home.write("new/voice_of_customer.play", &rules);
    assert_eq!(home.run(&["convert", "new/recovery.play"]).code, Some(0));
    let converted = home.run(&["convert", "new/recovery.play"]);
    home.write("new/recovery.play.yaml", &converted.out);
    std::fs::remove_file(home.0.join("new/recovery.play")).unwrap();
    let told = diff(&home);
    assert_eq!(told.code, Some(0), "{}{}", told.out, told.err);
    says(
        &told,
        &[
            "new/recovery.play.yaml: written in YAML instead of sentences",
            "new/voice_of_customer.play: rules in another order",
            "new/retail_care.play: other comments; repeat_complaint written otherwise, with the same meaning",
            "the same meaning, written otherwise: 25 rules",
        ],
    );
}

#[test]
fn a_vocabulary_whose_numbers_move_changes_nothing_and_one_whose_words_change_touches_rules() {
    let home = shipped("diff_vocabulary");
    change(
        &home,
        "vocabulary.yaml",
        "signals:\n",
        "signals:\n  parking_note:\n    about: [store]\n    fields: {text: text}\n",
    );
    change(&home, "vocabulary.yaml", "things:\n", "things:\n  car: {plate: text}\n");
    let told = diff(&home);
    assert_eq!(told.code, Some(0), "{}", told.out);
    says(&told, &["signal `parking_note` added", "thing `car` added", "the same meaning, written otherwise: 25 rules"]);

    change(&home, "vocabulary.yaml", "\"malon*\"", "\"malon*\", puiku");
    change(&home, "directory.yaml", "team_lead: [lead.s7@example.test]", "team_lead: [other.s7@example.test]");
    home.write("new/emails/thank_you/en/body.txt", "Thanks. {{ voucher }}");
    change(&home, "directory.yaml", "team_lead: 4 alerts per day", "team_lead: 1 alert per day");
    let told = diff(&home);
    assert_eq!(told.code, Some(1), "{}", told.out);
    says(
        &told,
        &[
            "lexicon `staff_kindness` also counts `puiku` (lt)",
            "touches thank_promoter",
            "team_lead of store S7 is other.s7@example.test instead of lead.s7@example.test",
            "touches recovery_worked, repeat_complaint",
            "budget of team_lead: 1 alert per day instead of 4 alerts per day",
            "mail `thank_you` reads otherwise in en/body.txt",
            "rules: 25 the same, 3 touched by what stands around them",
        ],
    );
}

#[test]
fn a_rule_more_or_less_is_shown_as_it_reads_also_to_machines() {
    let home = Home::new("diff_rules");
    home.write("care.play", &home.read("books/care.play"));
    home.write("books/care.play", &home.read("books/care.play").replace("rule twice", "rule again"));
    home.write("vocabulary.yaml", &home.read("books/vocabulary.yaml"));
    home.write("directory.yaml", &home.read("books/directory.yaml"));
    let told = home.run(&["diff", "care.play", "books"]);
    assert_eq!(told.code, Some(1));
    says(
        &told,
        &[
            "rule again added · Complained twice  books/care.play:6",
            "+ when 2 or more complaints",
            "rule twice dropped · Complained twice  care.play:6",
            "- when 2 or more complaints",
            "rules: 1 added, 1 dropped, 0 the same",
        ],
    );
    let lines = home.run(&["diff", "care.play", "books", "--format", "json"]).lines();
    let told = &lines[0];
    assert_eq!((told["same"].as_bool(), told["rules"][0]["change"].as_str()), (Some(false), Some("added")));
    assert_eq!(told["rules"][1]["rule"], "care/twice");
}

fn git(folder: &Path, words: &[&str]) {
    let run = Command::new("git")
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.test", "-c", "init.defaultBranch=main"])
        .args(words)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(run.status.success(), "{words:?}: {}", String::from_utf8_lossy(&run.stderr));
}

/// A repository with the playbooks of a home committed.
pub fn committed(home: &Home) {
    git(&home.0, &["init", "-q"]);
    git(&home.0, &["add", "."]);
    git(&home.0, &["commit", "-q", "-m", "first"]);
}

#[test]
fn a_git_ref_stands_for_the_same_path_then() {
    let home = Home::new("diff_git");
    home.write("vocabulary.yaml", &home.read("books/vocabulary.yaml"));
    std::fs::remove_file(home.0.join("books/vocabulary.yaml")).unwrap();
    committed(&home);
    home.write("books/care.play", &home.read("books/care.play").replace("within 7 days", "within 8 days"));
    for words in [&["diff", "main", "books"][..], &["diff", "HEAD"], &["diff", "main:books", "books/care.play"]] {
        let told = home.run(words);
        assert_eq!(told.code, Some(1), "{words:?}: {}{}", told.out, told.err);
        says(&told, &["window: 8 days instead of 7 days"]);
    }
    let back = home.run(&["diff", "books", "main"]);
    says(&back, &["rule twice · Complained twice  main:books/care.play:6", "window: 7 days instead of 8 days"]);
    // From another folder of the repository.
    let mut below = home.command(&["diff", "HEAD", "."]);
    let below = below.current_dir(home.0.join("books")).output().unwrap();
    assert!(String::from_utf8_lossy(&below.stdout).contains("window: 8 days instead of 7 days"));
    let left: Vec<_> = std::fs::read_dir(std::env::temp_dir()).unwrap().flatten().collect();
    let pid = format!("touchline-{}-", std::process::id());
    assert!(left.iter().all(|entry| !entry.file_name().to_string_lossy().starts_with(&pid)));
}

#[test]
fn what_cannot_be_compared_is_told_with_what_to_do() {
    let home = Home::new("diff_refused");
    committed(&home);
    let near = home.run(&["diff", "mian", "books"]);
    assert_eq!(near.code, Some(2));
    assert_eq!(near.err, "error: no file or folder is called mian, and git knows no `mian`: did you mean `main`?\n");
    let empty = home.run(&["diff", "main:nowhere", "books"]);
    assert_eq!(empty.code, Some(2));
    assert!(empty.err.contains("main:nowhere holds no playbook"), "{}", empty.err);
    let without = home.command(&["diff", "main", "books"]).env("PATH", "").output().unwrap();
    assert_eq!(without.status.code(), Some(2));
    let said = String::from_utf8_lossy(&without.stderr).into_owned();
    assert!(said.contains("git is not installed, and a ref is asked of it: name a folder instead"), "{said}");
    home.write("books/care.play", &home.read("books/care.play").replace("topic is", "topc is"));
    let broken = home.run(&["diff", "main", "books"]);
    assert_eq!(broken.code, Some(2));
    assert!(broken.err.contains("did you mean `topic`?") && broken.err.contains("mend them first"), "{}", broken.err);
}
