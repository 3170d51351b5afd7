//! Lints: what can be used and is probably not meant. All of them are warnings and need no history.
//!
//! They look at resolved rules, so both syntaxes give the same. Rooms: `range` what can never hold, `ladder` steps that
//! overtake, `people` roles and mails, `own_guard` rules that forbid themselves. Left out: what only a journal can show.

mod ladder;
mod own_guard;
mod people;
mod range;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rustc_hash::FxHashMap;

use crate::compile::Unit;
use crate::compile::loops::actions;
use crate::compile::measure::reach;
use crate::ir::action::ActionKind;
use crate::ir::{Delay, MeasureKind, Rule, Status, Trigger};
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::Span;
use crate::vocabulary::{SignalNo, Type, builtin};

/// Looks at all rules of a unit.
pub fn lint(unit: &Unit, retention: SignedDuration) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let opens_cases = unit.rules.iter().any(|rule| {
        rule.status != Status::Paused && actions(rule).any(|action| matches!(action.kind, ActionKind::OpenCase { .. }))
    });
    let mut ladders = ladder::Ladders::default();
    for rule in &unit.rules {
        range::never_holds(unit, rule, &mut found);
        never_reached(unit, rule, opens_cases, &mut found);
        ladders.overtakes(unit, rule, &mut found);
        no_sample(unit, rule, &mut found);
        no_limit(rule, &mut found);
        own_guard::cancels_itself(rule, &mut found);
        not_kept(rule, retention, &mut found);
    }
    people::roles(unit, &mut found);
    people::languages(unit, &mut found);
    unit.rules.iter().for_each(|rule| people::personal_key(rule, &mut found));
    people::two_mails(unit, &mut found);
    look_alike(unit, &mut found);
    found
}

/// Returns the warning for a live rule that no scenario covers. Who knows the scenarios asks for it.
pub fn uncovered(rule: &Rule) -> Diagnostic {
    let id = &rule.id.rule;
    let message = format!("no scenario covers the live rule `{id}`");
    let file = format!("{}.test.yaml", rule.id.playbook);
    Diagnostic::warning(codes::NOT_COVERED, head(rule), message).help(format!(
        "add one to {file} beside the playbook, with `covers: {id}`, or name it there under `without_scenario`, or write \
         `status shadow` while it is on trial"
    ))
}

/// Returns the places of those steps of a rule's ladder that would be due before the one above them if it began at an instant.
pub fn overtaken(unit: &Unit, rule: &Rule, at: Timestamp) -> Vec<usize> {
    ladder::overtaken(&unit.vocabulary, rule, at)
}

/// Returns the place of a rule's beginning: its word `rule` in the DSL, its first key in YAML.
pub fn head(rule: &Rule) -> Span {
    let here = rule.here.0;
    Span { end: here.end.min(here.start + 4), ..here }
}

/// Rules that wait for a case nobody opens, or for more different values than there are.
fn never_reached(unit: &Unit, rule: &Rule, opens_cases: bool, found: &mut Vec<Diagnostic>) {
    let about_cases = [builtin::CASE_OPENED, builtin::CASE_ACKNOWLEDGED, builtin::CASE_CLOSED, builtin::CASE_REOPENED];
    let needed: Vec<SignalNo> = match &rule.trigger {
        Trigger::Absence { first, .. } => vec![first.signal],
        _ => rule.signals(),
    };
    let names = needed.iter().map(|signal| &*unit.vocabulary.signal_type(*signal).name);
    if let Some(name) = names.into_iter().find(|name| !opens_cases && about_cases.contains(name)) {
        let message = format!("rule `{}` waits for `{name}`, and no rule opens a case", rule.id.rule);
        found.push(
            Diagnostic::warning(codes::UNREACHABLE, head(rule), message)
                .help("add `open case` to the rule that should lead here"),
        );
    }
    let Trigger::Count { source, at_least, different: Some(field), .. } = &rule.trigger else { return };
    let field = &unit.vocabulary.signal_type(source.signal).fields[field.index()];
    let values = match &field.ty {
        Type::OneOf(words) => words.len(),
        Type::YesNo => 2,
        Type::Touchpoint => unit.vocabulary.journey.iter().map(|stage| stage.touchpoints.len()).sum(),
        Type::Channel => unit.vocabulary.channels.len(),
        _ => return,
    };
    if (*at_least as usize) > values {
        let message = format!("`{}` has {values} different values, never {at_least}", field.name);
        found.push(
            Diagnostic::warning(codes::UNREACHABLE, head(rule), message)
                .help(format!("write `{values} or more`, or fewer")),
        );
    }
}

fn no_sample(unit: &Unit, rule: &Rule, found: &mut Vec<Diagnostic>) {
    let Trigger::Measure(measure) = &rule.trigger else { return };
    let exact =
        matches!(measure.kind, MeasureKind::Count | MeasureKind::Sum | MeasureKind::Lowest | MeasureKind::Highest);
    if exact || measure.enough.is_some() {
        return;
    }
    let kind = unit.vocabulary.signal_type(measure.source.signal);
    let signals = kind.plural.as_ref().unwrap_or(&kind.name);
    let both = matches!(measure.test, crate::ir::MeasureTest::Previous { .. });
    let message = format!("rule `{}` believes the {} of a single signal", rule.id.rule, measure.kind.word());
    let periods = if both { " in both periods" } else { "" };
    found.push(
        Diagnostic::warning(codes::NO_SAMPLE, head(rule), message)
            .help(format!("add `with at least 30 {signals}{periods}`")),
    );
}

fn no_limit(rule: &Rule, found: &mut Vec<Diagnostic>) {
    let alert = actions(rule).find(|action| matches!(action.kind, ActionKind::Alert { .. }));
    if let (Trigger::Each(_), None, Some(alert)) = (&rule.trigger, &rule.limit, alert)
        && !own_guard::limits_itself(rule)
    {
        let message = format!("rule `{}` alerts somebody for each signal, however many come", rule.id.rule);
        found.push(
            Diagnostic::warning(codes::NO_LIMIT, alert.here.0, message)
                .help("add a limit, such as `at most once every 1 day per customer`"),
        );
    }
}

fn not_kept(rule: &Rule, retention: SignedDuration, found: &mut Vec<Diagnostic>) {
    let window = match &rule.trigger {
        Trigger::Count { within, .. } | Trigger::Sequence { within, .. } => within.nominal(),
        Trigger::Absence { within: Delay::Plain(within), .. } => within.nominal(),
        Trigger::Measure(measure) => reach(measure),
        _ => SignedDuration::ZERO,
    };
    let days = retention.as_hours() / 24;
    let told = |span, what: &str| {
        let message =
            format!("{what} of rule `{}` looks further back than the {days} days that are kept", rule.id.rule);
        Diagnostic::warning(codes::NOT_KEPT, span, message).help(format!("write at most `{days} days`"))
    };
    if window > retention {
        found.push(told(head(rule), "the window"));
    }
    if let Some(limit) = rule.limit.as_ref().filter(|limit| limit.every.nominal() > retention) {
        found.push(told(limit.here.0, "the limit"));
    }
}

/// Ids of one playbook, or of two, that a reader takes for each other.
fn look_alike(unit: &Unit, found: &mut Vec<Diagnostic>) {
    let mut seen: FxHashMap<(String, String), &Arc<Rule>> = FxHashMap::default();
    for rule in &unit.rules {
        let key = (rule.id.playbook.to_string(), skeleton(&rule.id.rule));
        match seen.get(&key) {
            Some(first) if first.id != rule.id => {
                let message = format!("the ids `{}` and `{}` look alike", first.id.rule, rule.id.rule);
                found.push(
                    Diagnostic::warning(codes::LOOKS_ALIKE, head(rule), message)
                        .related(head(first), "the other one")
                        .help("give one of them another id"),
                );
            }
            Some(_) => {}
            None => {
                seen.insert(key, rule);
            }
        }
    }
}

/// Returns a word with letters and digits that look alike made equal.
fn skeleton(word: &str) -> String {
    let plain = |letter: char| match letter {
        'а' | 'А' => 'a',
        'е' | 'ё' | 'Е' => 'e',
        'о' | 'О' | '0' | 'O' => 'o',
        'р' | 'Р' => 'p',
        'с' | 'С' => 'c',
        'у' | 'У' => 'y',
        'х' | 'Х' => 'x',
        'і' | 'І' | '1' | 'l' | 'I' => 'i',
        'к' | 'К' => 'k',
        'м' | 'М' => 'm',
        'т' | 'Т' => 't',
        'в' | 'В' => 'b',
        'н' | 'Н' => 'h',
        other => other,
    };
    let folded: String = word.chars().map(plain).collect();
    folded.to_lowercase().replace("rn", "m").replace("vv", "w").replace("__", "_")
}
