//! Engine state = fold(journal): the records of a run, written down and read back, give the same effects and the same
//! state, from the beginning and from any saved state in between (invariant 1).

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use touchline::compile;
use touchline::engine::input::Input;
use touchline::engine::record::{Record, RecordError};
use touchline::engine::ruleset::RuleSet;
use touchline::engine::trace::Decline;
use touchline::engine::{Engine, Step, Watch};
use touchline::id::Position;
use touchline::lang::source::Sources;
use touchline::replay::driver::{Driver, Turn, always_sent};
use touchline::replay::target::Targets;
use touchline::signal::{FeedLine, parse_line};

fn retail() -> Arc<RuleSet> {
    let mut sources = Sources::default();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/retail")];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for path in entries {
            let name = path.to_string_lossy().replace('\\', "/");
            match path.is_dir() {
                true if !name.ends_with("snapshots") && !name.ends_with("reload") => folders.push(path),
                false if !name.ends_with(".jsonl") && !name.ends_with(".py") && !name.ends_with(".test.yaml") => {
                    sources.add(name, &std::fs::read(&path).unwrap());
                }
                _ => {}
            }
        }
    }
    let project = compile::project(&sources, &compile::Options::default());
    assert!(!project.diagnostics.iter().any(|diagnostic| diagnostic.is_error()), "{:#?}", project.diagnostics);
    project.units[0].ruleset()
}

/// Runs the shipped feed and writes down every input with the step it gave.
fn journal(rules: &Arc<RuleSet>) -> (Vec<Vec<u8>>, Vec<Step>) {
    let feed = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/retail/feed/eight_weeks.jsonl");
    let mut engine = Engine::new(rules.clone());
    let (mut records, mut steps, mut clock) = (Vec::new(), Vec::new(), Timestamp::MIN);
    let mut hand_in = |engine: &mut Engine, input: Input, now: Timestamp| {
        let record = Record { position: Position(records.len() as u64 + 1), now, input: input.clone() };
        records.push(record.to_bytes());
        let step = engine.handle(input, now);
        steps.push(step);
    };
    for line in std::fs::read_to_string(feed).unwrap().lines() {
        let (input, at) = match parse_line(line, &rules.vocabulary) {
            Ok(FeedLine::Signal(signal)) => {
                let at = signal.at;
                (Input::Signal(signal), at)
            }
            Ok(FeedLine::Facts { at, change }) => (Input::Fact(change), at),
            _ => continue,
        };
        clock = clock.max(at);
        while let Some(due) = engine.next_deadline().filter(|due| *due < clock) {
            hand_in(&mut engine, Input::Tick, due);
        }
        hand_in(&mut engine, input, clock);
    }
    (records, steps)
}

#[test]
fn a_journal_written_down_and_read_back_gives_the_same_effects_and_state() {
    let rules = retail();
    let (records, steps) = journal(&rules);
    assert!(records.len() > 2_000, "the shipped feed is long");
    assert!(steps.iter().map(|step| step.effects.len()).sum::<usize>() > 100, "and does something");
    let mut again = Engine::new(rules.clone());
    for (place, (bytes, step)) in records.iter().zip(&steps).enumerate() {
        if place % 500 == 499 {
            again = Engine::restore(rules.clone(), &*again.save()).expect("the same rule set");
        }
        let record = Record::from_bytes(bytes).expect("it was written");
        assert_eq!(record.position.0, place as u64 + 1);
        assert_eq!(again.handle(record.input, record.now), *step, "input {place}");
    }
    let mut straight = Engine::new(rules);
    for bytes in &records {
        let record = Record::from_bytes(bytes).expect("it was written");
        straight.handle(record.input, record.now);
    }
    assert_eq!(straight.position(), again.position());
    assert_eq!(straight.next_deadline(), again.next_deadline());
}

#[test]
fn a_record_that_is_cut_or_of_another_format_is_refused() {
    let record = Record { position: Position(7), now: Timestamp::UNIX_EPOCH, input: Input::Tick };
    let bytes = record.to_bytes();
    assert_eq!(Record::from_bytes(&bytes), Ok(record));
    assert!(matches!(Record::from_bytes(&bytes[..bytes.len() - 1]), Err(RecordError::Unreadable(_))));
    assert_eq!(Record::from_bytes(&[&bytes[..], &[0]].concat()), Err(RecordError::TooLong(1)));
    let other = [&[9][..], &bytes[1..]].concat();
    assert_eq!(Record::from_bytes(&other), Err(RecordError::Format { found: 9 }));
}

#[test]
fn the_shipped_feed_makes_every_rule_fire_and_every_rules_guard_say_no() {
    let rules = retail();
    let feed = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/retail/feed/eight_weeks.jsonl");
    let (mut driver, mut targets) = (Driver::new(rules.clone(), Watch::Nothing), Targets::default());
    let (mut fired, mut guarded) = (BTreeSet::new(), BTreeSet::new());
    for line in std::fs::read_to_string(feed).unwrap().lines() {
        let (input, at) = match parse_line(line, &rules.vocabulary) {
            Ok(FeedLine::Signal(signal)) => {
                let at = signal.at;
                (Input::Signal(signal), at)
            }
            Ok(FeedLine::Facts { at, change }) => (Input::Fact(change), at),
            Ok(FeedLine::Human(line)) => match targets.of_human(&line, &rules) {
                Ok(human) => (Input::Human(human), line.at),
                Err(_) => continue,
            },
            Err(_) => continue,
        };
        let mut see = |turn: Turn| {
            turn.step.effects.iter().for_each(|effect| targets.see(effect));
            fired.extend(turn.step.firings.iter().map(|firing| firing.rule.clone()));
            let declined = turn.step.declines.iter().filter(|(_, why)| *why == Decline::Guard);
            guarded.extend(declined.map(|(rule, _)| rules.rules[*rule as usize].id.clone()));
            // Asked once more when a delayed action would really go (M11).
            let cancelled = turn.step.effects.iter().filter(|effect| effect.reason.starts_with("guard"));
            guarded.extend(cancelled.filter_map(|effect| Some(effect.firing.as_ref()?.rule.clone())));
        };
        driver.input(input, at, &mut always_sent, &mut see);
    }
    for rule in &rules.rules {
        assert!(fired.contains(&rule.id), "{} never fires", rule.id);
        assert!(rule.guards.is_empty() || guarded.contains(&rule.id), "the guard of {} never says no", rule.id);
    }
    assert!(rules.rules.iter().filter(|rule| !rule.guards.is_empty()).count() > 5);
}
