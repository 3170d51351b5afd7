//! The readme is true: the commands it shows run, and print what it shows.

use std::fs;
use std::path::Path;
use std::process::Command;

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

fn run(arguments: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_touchline"))
        .args(arguments.split_whitespace())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The lines of `text` without the blanks at their ends.
fn lines(text: &str) -> String {
    text.trim().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_command_of_the_tour_runs_and_prints_what_is_shown() {
    let readme = readme();
    let blocks: Vec<&str> = readme.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 3, "the tour has lost its commands");
    for block in blocks {
        let (command, shown) = block.split_once('\n').unwrap();
        let printed = run(command.strip_prefix("$ target/release/touchline ").unwrap());
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
