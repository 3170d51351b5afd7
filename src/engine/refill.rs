//! Windows filled from the journal, aside, before a switch (M24).
//!
//! The journal is folded once more with the rules that decided then, so that facts and cases are as they were, and with
//! the new rules beside them as observers: they fill their windows and never fire. Where the vocabulary changes too,
//! the new rules stand in for the old ones.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::engine::Engine;
use crate::engine::input::Input;
use crate::engine::ruleset::RuleSet;
use crate::engine::state::{KeyState, RuleFill, Window};
use crate::id::RuleId;
use crate::ir::Rule;

/// A playbook id no file can have: observers keep clear of the rules that decide.
const OBSERVER: &str = "\u{0}observer/";

/// Returns the windows of `rules` of `new`, as `journal` fills them: inputs with the `now` they were stamped with, oldest
/// first, read under the vocabulary of `old`.
pub fn refill(
    old: &Arc<RuleSet>,
    new: &Arc<RuleSet>,
    rules: &[&RuleId],
    journal: impl IntoIterator<Item = (Input, Timestamp)>,
) -> Vec<RuleFill> {
    let same = old.vocabulary.fingerprint == new.vocabulary.fingerprint;
    let wanted: Vec<&Arc<Rule>> = rules.iter().filter_map(|id| new.rule(id)).collect();
    let decide = if same { old } else { new };
    let observers = wanted.iter().map(|rule| Arc::new(Rule { id: observer_id(&rule.id), ..(***rule).clone() }));
    let together: Vec<Arc<Rule>> = decide.rules.iter().cloned().chain(observers).collect();
    let set = RuleSet::new(new.vocabulary.clone(), decide.directory.clone(), decide.templates.clone(), together);
    let set = Arc::new(set);
    let mut engine = Engine::new(set.clone());
    engine.observing = set.rules.iter().zip(0..).filter(|(rule, _)| is_observer(&rule.id)).map(|(_, n)| n).collect();
    let mut since = None;
    for (input, now) in journal {
        since.get_or_insert(now);
        let input = match input {
            // Which rules decided later matters only for cases and facts they set; the first set stands for all.
            Input::Switch(_) => continue,
            Input::Signal(signal) if !same => match signal.remap(&old.vocabulary, &new.vocabulary) {
                Some(signal) => Input::Signal(signal),
                None => continue,
            },
            Input::Fact(change) if !same => match change.remap(&old.vocabulary, &new.vocabulary) {
                Some(change) => Input::Fact(change),
                None => continue,
            },
            input => input,
        };
        engine.handle(input, now);
    }
    let fill = |rule: &&Arc<Rule>| {
        let place = set.rules.binary_search_by(|other| other.id.cmp(&observer_id(&rule.id))).ok()?;
        let keys = std::mem::take(&mut engine.state.rules[place].keys);
        let mut keys: Vec<_> = keys.into_iter().map(|(key, state)| (key, at_rest(state))).collect();
        keys.sort_by(|one, other| one.0.cmp(&other.0));
        Some(RuleFill { rule: rule.id.clone(), keys, since })
    };
    wanted.iter().filter_map(fill).collect()
}

/// Returns a window as a rule finds it on loading: nothing was entered yet (M10).
fn at_rest(state: KeyState) -> Window {
    let mut window = state.window;
    match &mut window {
        Window::Count(window) => window.keep_episodes(&BTreeSet::new()),
        Window::Reading(window) => window.keep_episodes(&BTreeSet::new()),
        Window::Measure(window) => window.entered = false,
        Window::Absence(window) => window.leave_all(),
        Window::Sequence(_) | Window::None => {}
    }
    window
}

fn observer_id(id: &RuleId) -> RuleId {
    RuleId::new(format!("{OBSERVER}{}", id.playbook), id.rule.clone())
}

fn is_observer(id: &RuleId) -> bool {
    id.playbook.starts_with(OBSERVER)
}
