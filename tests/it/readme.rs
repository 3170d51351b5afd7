//! The readme is true: the commands it shows run, and print what it shows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// Runs a command in a folder and returns what it prints; it ends with this exit code.
fn run_in(folder: &Path, arguments: &str, code: i32) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_touchline"))
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn run(arguments: &str) -> String {
    run_in(Path::new(env!("CARGO_MANIFEST_DIR")), arguments, 0)
}

/// What `cp -r playbooks/retail my` gives, in a folder of its own.
fn copied() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("readme");
    let _ = fs::remove_dir_all(&folder);
    for to in ["my", "playbooks/retail"] {
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/retail"), &folder.join(to));
    }
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => copy(&path, &to.join(entry.file_name())),
            false => drop(fs::copy(&path, to.join(entry.file_name())).unwrap()),
        }
    }
}

/// Changes the first `old` in a file.
fn change(path: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(old), "{} holds no {old}", path.display());
    fs::write(path, text.replacen(old, new, 1)).unwrap();
}

/// The lines of `text` without the blanks at their ends.
fn lines(text: &str) -> String {
    text.trim().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_command_of_the_tour_runs_and_prints_what_is_shown() {
    let readme = readme();
    let blocks: Vec<&str> = readme.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 6, "the tour has lost its commands");
    // What the tour says to do in an editor: a mistake before the first look at one's own copy, mended after it.
    let (home, own) = (copied(), "my/retail_care.play");
    for block in blocks {
        let (command, shown) = block.split_once('\n').unwrap();
        let arguments = command.strip_prefix("$ target/release/touchline ").unwrap();
        let printed = match arguments {
            "check my" => {
                change(&home.join(own), "\"checkout\"", "\"chekout\"");
                let printed = run_in(&home, arguments, 1);
                change(&home.join(own), "\"chekout\"", "\"checkout\"");
                change(&home.join(own), "10 minutes", "12 minutes");
                printed
            }
            "test my" | "diff playbooks/retail my" => run_in(&home, arguments, 1),
            _ if arguments.contains(" my") => run_in(&home, arguments, 0),
            _ => run(arguments),
        };
        assert!(lines(&printed).contains(&lines(shown)), "{command} does not print\n{shown}\nbut\n{printed}");
    }
}

#[test]
fn the_main_job_prints_the_decision_on_the_first_screen() {
    let readme = readme();
    let command = readme.lines().find_map(|line| line.strip_prefix("cargo run --release -- ")).unwrap();
    let shown = readme.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let (day, decision) = shown.split_once('\n').unwrap();
    let printed = lines(&run(command));
    assert!(printed.lines().any(|line| line == day), "no {day}");
    assert!(printed.contains(lines(decision).trim_start()), "the main job does not print\n{shown}");
}

#[test]
fn from_nothing_to_a_backtest_in_an_empty_folder() {
    let readme = readme();
    let blocks = |kind: &str| -> Vec<String> {
        let opening = format!("```{kind}\n");
        readme.split(&opening).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
    };
    let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("readme_nothing");
    let _ = fs::remove_dir_all(&home);
    fs::create_dir_all(&home).unwrap();
    let append = |file: &str, kind: &str| {
        let own = blocks(kind);
        let [text] = &own[..] else { panic!("one {kind}: {own:?}") };
        let before = fs::read_to_string(home.join(file)).unwrap();
        fs::write(home.join(file), format!("{before}\n{text}")).unwrap();
    };
    let shown = blocks("console from nothing");
    assert_eq!(shown.len(), 6, "{shown:?}");
    for block in &shown {
        let (command, shown) = block.split_once('\n').unwrap();
        let arguments = command.strip_prefix("$ touchline ").unwrap();
        match arguments {
            "test first" => append("first/care.test.yaml", "yaml from nothing"),
            _ if arguments.starts_with("backtest") => {
                copy(&home.join("first"), &home.join("before"));
                change(&home.join("first/care.play"), "3 or more", "2 or more");
            }
            _ => {}
        }
        let printed = run_in(&home, arguments, i32::from(arguments == "test first"));
        assert!(lines(&printed).contains(&lines(shown)), "{command} does not print\n{shown}\nbut\n{printed}");
        if arguments.starts_with("new") {
            // What it writes is whole: nothing is wrong with it, it has its shape, and its scenario holds.
            assert!(run_in(&home, "check first --deny warnings", 0).contains("no problems"));
            run_in(&home, "fmt first --check", 0);
            run_in(&home, "test first --accept --require 100", 0);
            let again =
                Command::new(env!("CARGO_BIN_EXE_touchline")).args(["new", "first"]).current_dir(&home).output();
            let said = String::from_utf8(again.unwrap().stderr).unwrap();
            assert!(said.contains("first/vocabulary.yaml is there already"), "{said}");
            append("first/care.play", "from nothing");
        }
    }
    assert!(run_in(&home, "check first --deny warnings", 0).contains("no problems"));
}
