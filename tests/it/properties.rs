//! The engine against the naive interpreter, on random rules and days.
//!
//! `TOUCHLINE_CASES` says how many (2,000 unless said); a million: `TOUCHLINE_CASES=1000000 cargo test --release --test
//! it properties -- --nocapture`. `TOUCHLINE_SEED` begins elsewhere, or with `TOUCHLINE_CASES=1` repeats one case.
//!
//! A day has signals (ties, late, too late, duplicates, updates, missing fields, clock changes), facts, silences, what people
//! do to ladders and cases, mails that fail, scripts, pauses and, in every second one, up to three reloads: rules reworded,
//! changed in every part, replaced, removed, and back within or after their grace. Left out: a change of vocabulary,
//! directory or templates, a journal that does not reach back, and deliveries heard of after a reload. Erasure is not compared
//! with the interpreter but with the same day in which nobody is erased.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::support::erasing::erasing_matters;
use crate::support::lockstep::{Case, differs, order_matters, saving_matters};
use crate::support::shrink::shrink;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.replace('_', "").parse().ok()).unwrap_or(default)
}

/// Runs `check` on every case, on all cores; a failure comes back as the smallest case that still fails.
fn for_all(check: impl Fn(&Case) -> Option<String> + Sync) {
    for_each_of(number("TOUCHLINE_CASES", 2000), check);
}

fn for_each_of(cases: u64, check: impl Fn(&Case) -> Option<String> + Sync) {
    let first = number("TOUCHLINE_SEED", 1);
    let next = AtomicU64::new(first);
    let failed: Mutex<Option<Case>> = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + cases || failed.lock().expect("no holder panics").is_some() {
                        return;
                    }
                    let case = Case::random(seed);
                    if check(&case).is_some() {
                        failed.lock().expect("no holder panics").get_or_insert(case);
                    }
                }
            });
        }
    });
    if let Some(case) = failed.into_inner().expect("no holder panics") {
        let smallest = shrink(&case, |case| check(case).is_some());
        let told = check(&smallest).unwrap_or_default();
        let how = format!("sleeps: {}, fails: {}", smallest.sleeps, smallest.fails);
        panic!("seed {} ({how})\n{}\n{told}", smallest.seed, smallest.written());
    }
}

#[test]
fn engine_and_naive_interpreter_agree() {
    for_all(differs);
}

/// M7: no first match, no priorities.
#[test]
fn the_order_of_rules_changes_nothing() {
    for_each_of(number("TOUCHLINE_CASES", 2000).div_ceil(4), order_matters);
}

/// An id becomes an alias, and nothing else changes.
#[test]
fn an_erasure_changes_nothing_but_a_name() {
    for_each_of(number("TOUCHLINE_CASES", 2000), erasing_matters);
}

/// State is all there is: what was saved and restored goes on as if nothing had been.
#[test]
fn saving_and_restoring_changes_nothing() {
    for_each_of(number("TOUCHLINE_CASES", 2000).div_ceil(4), saving_matters);
}

/// Prints one smallest difference for each mixture of trigger shapes, for whoever works on the engine.
#[test]
#[ignore = "a tool: prints, never fails"]
fn survey() {
    let (first, cases) = (number("TOUCHLINE_SEED", 1), number("TOUCHLINE_CASES", 2000));
    let show = number("TOUCHLINE_SHOW", 6) as usize;
    std::panic::set_hook(Box::new(|_| {}));
    let mut met = std::collections::BTreeMap::<String, (usize, String)>::new();
    let mut failed = 0;
    for seed in first..first + cases {
        let case = Case::random(seed);
        if differs(&case).is_none() {
            continue;
        }
        failed += 1;
        if failed > 150 {
            break;
        }
        let smallest = shrink(&case, |case| differs(case).is_some());
        let shape = |rule: &std::sync::Arc<touchline::ir::Rule>| {
            let text = format!("{:?}", rule.trigger);
            let end = text.find(['(', ' ']).unwrap_or(text.len());
            format!("{}{}", &text[..end], if rule.limit.is_some() { "+limit" } else { "" })
        };
        let rules = smallest.rules.iter().chain(smallest.later.iter().flatten());
        let shapes: Vec<String> = rules.map(shape).collect();
        let told = differs(&smallest).unwrap_or_default();
        let text =
            format!("seed {seed} sleeps {} fails {}\n{}\n{told}", smallest.sleeps, smallest.fails, smallest.written());
        let entry = met.entry(shapes.join(" ")).or_insert((0, text.clone()));
        entry.0 += 1;
        if text.len() < entry.1.len() {
            entry.1 = text;
        }
    }
    println!("{failed} of {cases} differ");
    for (shapes, (count, text)) in met.iter().take(show) {
        println!("=== {count} × {shapes}\n{text}");
    }
}
