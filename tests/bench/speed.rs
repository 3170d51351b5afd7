//! What a signal costs as rules grow, what share of it is reading JSON, and what loading ten thousand rules costs.
//!
//! `cargo bench` runs all of it; `cargo bench -- signal` one group. Throughput is signals (or rules) a second.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use touchline::compile::{Options, Project, project};
use touchline::engine::Engine;
use touchline::engine::input::Input;
use touchline::engine::ruleset::RuleSet;
use touchline::lang::source::Sources;
use touchline::signal::{FeedLine, parse_line};
use touchline::vocabulary::Vocabulary;

/// How many signals of the sample feed one measurement plays.
const SIGNALS: usize = 500;

fn retail() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/retail")
}

/// How many rules stand in one playbook: a file may have 1 MB.
const A_FILE: usize = 1_000;

/// Returns a playbook of rules of the four most common shapes, each with its own thresholds.
fn playbook(file: usize, numbers: std::ops::Range<usize>) -> String {
    let mut text = format!("playbook bench{file} \"Bench\" version 1\ntime zone \"Europe/Madrid\"\n");
    for number in numbers {
        let (score, minutes, days, stars) = (number % 9 + 1, number % 40 + 5, number % 28 + 1, number % 4 + 1);
        text += &match number % 4 {
            0 => format!(
                "rule r{number} \"Score\"\n  when survey_response\n    where score is at most {score}\n      and touchpoint is \"checkout\"\n      \
                 and customer.segment is \"gold\"\n  at most once every {days} days per customer\n  then alert manager of store\n"
            ),
            1 => format!(
                "rule r{number} \"Count\"\n  when {} or more complaints\n    for the same customer and topic\n    within {days} days\n  \
                 then alert manager of store\n",
                number % 5 + 2
            ),
            2 => format!(
                "rule r{number} \"Queue\"\n  when queue_reading.wait goes over {minutes} minutes\n    where touchpoint is \"checkout\"\n    \
                 clears under {} minutes\n  for each store\n  then alert manager of store\n",
                minutes - 2
            ),
            _ => format!(
                "rule r{number} \"Words\"\n  when online_review\n    where stars is at most {stars}\n      and comment mentions staff_kindness\n  \
                 at most once every {days} days per store\n  then alert manager of store\n"
            ),
        };
    }
    text
}

fn sources(count: usize) -> Sources {
    let mut sources = Sources::default();
    for name in ["vocabulary.yaml", "directory.yaml"] {
        sources.add(name, &fs::read(retail().join(name)).unwrap());
    }
    for file in 0..count.div_ceil(A_FILE) {
        let text = playbook(file, file * A_FILE..count.min((file + 1) * A_FILE));
        sources.add(format!("bench{file}.play"), text.as_bytes());
    }
    sources
}

fn compiled(sources: &Sources) -> Project {
    let project = project(sources, &Options::default());
    let errors: Vec<_> = project.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect();
    assert!(errors.is_empty(), "{:?}", errors.first());
    project
}

fn ruleset(count: usize) -> Arc<RuleSet> {
    let project = compiled(&sources(count));
    assert_eq!(project.units[0].rules.len(), count);
    project.units[0].ruleset()
}

fn lines() -> Vec<String> {
    let feed = fs::read_to_string(retail().join("feed/eight_weeks.jsonl")).unwrap();
    feed.lines().filter(|line| line.contains("\"signal\"")).take(SIGNALS).map(str::to_owned).collect()
}

fn inputs(lines: &[String], vocabulary: &Vocabulary) -> Vec<(Input, Timestamp)> {
    let read = |line: &String| match parse_line(line, vocabulary).unwrap() {
        FeedLine::Signal(signal) => {
            let at = signal.at;
            (Input::Signal(signal), at)
        }
        other => panic!("no signal: {other:?}"),
    };
    lines.iter().map(read).collect()
}

/// Plays all inputs, with the deadlines between them, and returns how many effects came out.
fn play(mut engine: Engine, inputs: Vec<(Input, Timestamp)>) -> usize {
    let mut effects = 0;
    for (input, at) in inputs {
        while let Some(due) = engine.next_deadline().filter(|due| *due < at) {
            effects += engine.handle(Input::Tick, due).effects.len();
        }
        effects += engine.handle(input, at).effects.len();
    }
    effects
}

fn signal(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("signal");
    group.sample_size(10);
    group.throughput(Throughput::Elements(SIGNALS as u64));
    let lines = lines();
    for count in [10, 100, 1_000, 10_000] {
        let ruleset = ruleset(count);
        let inputs = inputs(&lines, &ruleset.vocabulary);
        group.bench_with_input(BenchmarkId::new("rules", count), &count, |bencher, _| {
            let fresh = || (Engine::new(ruleset.clone()), inputs.clone());
            bencher.iter_batched(fresh, |(engine, inputs)| black_box(play(engine, inputs)), BatchSize::LargeInput);
        });
    }
    group.finish();
}

fn json(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("json");
    group.throughput(Throughput::Elements(SIGNALS as u64));
    let (lines, ruleset) = (lines(), ruleset(10));
    group.bench_function("parse", |bencher| bencher.iter(|| black_box(inputs(&lines, &ruleset.vocabulary))));
    group.finish();
}

fn load(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("load");
    group.sample_size(10);
    for count in [1_000, 10_000] {
        group.throughput(Throughput::Elements(count as u64));
        let sources = sources(count);
        group.bench_with_input(BenchmarkId::new("rules", count), &count, |bencher, _| {
            bencher.iter(|| black_box(compiled(&sources)));
        });
    }
    group.finish();
}

criterion_group!(benches, json, signal, load);
criterion_main!(benches);
