//! What users copy into their own repositories, tried in one that holds nothing but playbooks.

use std::path::Path;
use std::process::{Command, Output};

use crate::cli::Home;
use crate::diff::copy;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A program in a folder, with the touchline that is tested on the path.
fn program(folder: &Path, name: &str, words: &[&str]) -> Command {
    let own = Path::new(env!("CARGO_BIN_EXE_touchline")).parent().unwrap();
    let mut command = Command::new(name);
    command
        .args(words)
        .current_dir(folder)
        .env("PATH", format!("{}:{}", own.display(), std::env::var("PATH").unwrap()));
    for (name, value) in [("NAME", "Test"), ("EMAIL", "test@example.test")] {
        command.env(format!("GIT_AUTHOR_{name}"), value).env(format!("GIT_COMMITTER_{name}"), value);
    }
    command
}

fn run(folder: &Path, name: &str, words: &[&str]) -> Output {
    program(folder, name, words).output().unwrap()
}

fn said(ran: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr))
}

fn git(folder: &Path, words: &[&str]) {
    let ran = run(folder, "git", words);
    assert!(ran.status.success(), "{words:?}: {}", said(&ran));
}

/// A repository that holds the shipped retail playbooks, and nothing else.
fn repository(home: &Home) -> std::path::PathBuf {
    let folder = home.0.join("repository");
    copy(&root().join("playbooks/retail"), &folder);
    git(&folder, &["init", "-q", "-b", "main"]);
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "-q", "-m", "first"]);
    folder
}

fn change(folder: &Path, file: &str, from: &str, to: &str) {
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
}

#[cfg(unix)]
#[test]
fn the_hook_lets_no_mistake_pass_into_a_commit() {
    let home = Home::new("hook");
    let folder = repository(&home);
    std::fs::copy(root().join("packaging/pre-commit"), folder.join(".git/hooks/pre-commit")).unwrap();
    let commit = || run(&folder, "git", &["commit", "-q", "-a", "-m", "next"]);
    let refused = [
        ("touchpoint is \"checkout\"", "touchpoint is \"chekout\"", "did you mean `checkout`?"),
        ("goes over 10 minutes", "goes over 10 min", "touchline fmt"),
        ("goes over 10 minutes", "goes over 12 minutes", "checkout_wait for S7"),
    ];
    for (from, to, told) in refused {
        change(&folder, "retail_care.play", from, to);
        let ran = commit();
        assert!(!ran.status.success() && said(&ran).contains(told), "{to}: {}", said(&ran));
        change(&folder, "retail_care.play", to, from);
    }
    change(&folder, "retail_care.play", "playbook retail_care", "# Ours.\nplaybook retail_care");
    let ran = commit();
    assert!(ran.status.success(), "{}", said(&ran));
}

#[cfg(unix)]
#[test]
fn every_step_of_the_workflow_runs_as_it_stands() {
    let home = Home::new("workflow");
    let folder = repository(&home);
    let work = home.0.join("work");
    git(&home.0, &["clone", "-q", folder.to_str().unwrap(), work.to_str().unwrap()]);
    change(&work, "retail_care.play", "goes over 10 minutes", "goes over 12 minutes");

    let workflow = std::fs::read_to_string(root().join("packaging/github-workflow.yml")).unwrap();
    let workflow: serde_yaml::Value = serde_yaml::from_str(&workflow).unwrap();
    let steps = workflow["jobs"]["playbooks"]["steps"].as_sequence().unwrap();
    let summary = home.0.join("summary.md");
    let step = |step: &serde_yaml::Value| {
        let mut bash = program(&work, "bash", &["-e", "-c", step["run"].as_str().unwrap()]);
        bash.env("PLAYBOOKS", workflow["env"]["PLAYBOOKS"].as_str().unwrap());
        bash.env("FEEDBACK", "feed/eight_weeks.jsonl");
        bash.env("GITHUB_BASE_REF", "main").env("GITHUB_STEP_SUMMARY", &summary);
        bash.output().unwrap()
    };
    let named = |name: &str| steps.iter().find(|step| step["name"].as_str() == Some(name)).unwrap();
    // The change is caught by the scenarios, at their line.
    let ran = step(named("scenarios"));
    assert!(!ran.status.success() && said(&ran).contains("::error file=retail_care.test.yaml,line="), "{}", said(&ran));
    assert!(run(&work, "touchline", &["test", "--accept"]).status.success() || work.join("snapshots").is_dir());
    for name in ["one form", "no mistakes", "what the change means", "what the change would have done"] {
        let ran = step(named(name));
        assert!(ran.status.success(), "{name}: {}", said(&ran));
    }
    let told = std::fs::read_to_string(summary).unwrap();
    assert!(told.contains("12 minutes instead of 10 minutes") && told.contains("checkout_wait"), "{told}");
    // Nothing but the checkout and the installation is left out.
    let runs = steps.iter().filter(|step| step["run"].is_string()).count();
    assert_eq!(runs, 6, "a step of the workflow is not tried");
}
