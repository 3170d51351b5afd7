//! What a human action is about: from the names a person uses to the engine's [`Target`].
//!
//! A person says `repeat_complaint for C1 and delivery`. A rule with a key is met by its key; a rule on each signal has
//! none, so the case it opened last for a firing with these values is looked up among the effects seen so far.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::engine::effect::{Effect, Firing, Outcome, What};
use crate::engine::input::{Human, HumanAction, Target};
use crate::engine::ruleset::RuleSet;
use crate::id::RuleId;
use crate::ir::{KeyPart, Rule};
use crate::signal::{HumanLine, LineTarget, Verb};
use crate::value::{Str, Value};
use crate::vocabulary::text::fold;
use crate::vocabulary::{Type, Vocabulary, typed};

/// The cases opened so far, latest last, by rule.
#[derive(Debug, Default)]
pub struct Targets {
    cases: HashMap<RuleId, Vec<(Str, Arc<Firing>)>>,
}

/// What has fired and alerted somebody so far: whoever tells that an action met nothing asks it. It grows with the keys of
/// a recorded day; a daemon has none.
#[derive(Debug, Default)]
pub struct Acted {
    fired: BTreeSet<(RuleId, Vec<Value>)>,
    alerted: BTreeSet<(RuleId, Vec<Value>)>,
    cases: BTreeSet<Str>,
}

impl Acted {
    /// Takes note of an effect.
    pub fn see(&mut self, effect: &Effect, vocabulary: &Vocabulary) {
        if let What::OpenCase { case, .. } = &effect.what {
            self.cases.insert(case.clone());
        }
        if let Some(Target::Rule { rule, key }) = of_effect(effect, vocabulary) {
            if matches!((&effect.what, effect.outcome), (What::Alert { .. }, Outcome::Sent)) {
                self.alerted.insert((rule.clone(), key.clone()));
            }
            self.fired.insert((rule, key));
        }
    }

    /// Tells whether anything ever came of what is meant.
    pub fn has(&self, target: &Target) -> bool {
        match target {
            Target::Rule { rule, key } => self.fired.contains(&(rule.clone(), key.clone())),
            Target::Case(case) => self.cases.contains(case),
        }
    }

    /// Returns why what a person did met nothing, from what the engine says of it. An alert that was sent can be
    /// acknowledged without a ladder or a case.
    pub fn missed(&self, action: &HumanAction, said: Option<&'static str>) -> Option<&'static str> {
        match action {
            HumanAction::Acknowledge(Target::Rule { rule, key }) => {
                said.filter(|_| !self.alerted.contains(&(rule.clone(), key.clone())))
            }
            _ => said,
        }
    }
}

/// Returns what an effect hangs on: the rule's key; of a rule without one its limit's; else the first thing its signal is
/// about, as the engine has it.
pub fn of_effect(effect: &Effect, vocabulary: &Vocabulary) -> Option<Target> {
    let firing = effect.firing.as_ref()?;
    let values = &firing.values;
    let first_thing = || {
        let signal = values.signal.as_ref()?;
        let about = vocabulary.signal_type(signal.kind).about;
        signal.fields.iter().take(about).find(|value| !value.is_missing()).cloned()
    };
    let key: Vec<Value> = match (values.key.is_empty(), firing.key.is_empty()) {
        (false, _) => values.key.clone(),
        (true, false) => firing.key.iter().map(|(_, value)| value.clone()).collect(),
        (true, true) => first_thing().into_iter().collect(),
    };
    // A firing speaks of its key as it was written; the engine compares it without case.
    let grouped = |value: Value| match &value {
        Value::Text(text) => Value::Text(fold(text).as_ref().into()),
        _ => value,
    };
    Some(Target::Rule { rule: firing.rule.clone(), key: key.into_iter().map(grouped).collect() })
}

impl Targets {
    /// Takes note of what an effect opened.
    pub fn see(&mut self, effect: &Effect) {
        if let (What::OpenCase { case, joined: false, .. }, Some(firing)) = (&effect.what, &effect.firing) {
            self.cases.entry(firing.rule.clone()).or_default().push((case.clone(), firing.clone()));
        }
    }

    /// Returns what the values of `rule` in the order written are about; an `Err` says why nothing is.
    pub fn of_values(&self, rule: &Rule, values: &[Str], rules: &RuleSet) -> Result<Target, String> {
        if rule.key.is_empty() {
            return self.of_keyless(rule, |firing| values.iter().all(|value| has_value(firing, None, value)), values);
        }
        if values.len() != rule.key.len() {
            let names: Vec<&str> = rule.key.iter().map(|part| &*part.name).collect();
            return Err(format!("its key is {}: {} wanted, {} given", names.join(" and "), names.len(), values.len()));
        }
        let parts = rule.key.iter().zip(values);
        let key = parts.map(|(part, value)| key_value(part, value, rules)).collect::<Result<_, _>>()?;
        Ok(Target::Rule { rule: rule.id.clone(), key })
    }

    /// Returns what a line of a feed is about.
    pub fn of_line(&self, target: &LineTarget, rules: &RuleSet) -> Result<Target, String> {
        let (id, named) = match target {
            LineTarget::Case(case) => return Ok(Target::Case(case.clone())),
            LineTarget::Rule(id, named) => (id, named),
        };
        let rule = rules.rule(id).ok_or_else(|| format!("no rule is called {id}"))?;
        let printed: Vec<(Str, Str)> =
            named.iter().map(|(name, value)| (name.clone(), super::words::value(value).into())).collect();
        if rule.key.is_empty() {
            let values: Vec<Str> = printed.iter().map(|(_, value)| value.clone()).collect();
            let is_it =
                |firing: &Firing| printed.iter().all(|(name, value)| has_value(firing, Some((name, rules)), value));
            return self.of_keyless(rule, is_it, &values);
        }
        let mut values = vec![];
        for part in &rule.key {
            match printed.iter().find(|(name, _)| *name == part.name) {
                Some((_, value)) => values.push(value.clone()),
                None => return Err(format!("the key lacks `{}`", part.name)),
            }
        }
        self.of_values(rule, &values, rules)
    }

    /// Returns the human action of a feed's line.
    pub fn of_human(&self, line: &HumanLine, rules: &RuleSet) -> Result<Human, String> {
        let of = |target: &LineTarget| self.of_line(target, rules);
        let action = match &line.verb {
            Verb::Acknowledge(target) => HumanAction::Acknowledge(of(target)?),
            Verb::Close(target, outcome) => HumanAction::Close { target: of(target)?, outcome: outcome.clone() },
            Verb::Reopen(target) => HumanAction::Reopen(of(target)?),
            Verb::Assign(target, to) => HumanAction::Assign { target: of(target)?, to: to.clone() },
            Verb::Comment(target, text) => HumanAction::Comment { target: of(target)?, text: text.clone() },
            Verb::Silence(rule, until) => {
                if let Some(rule) = rule.as_ref().filter(|rule| rules.rule(rule).is_none()) {
                    return Err(format!("no rule is called {rule}"));
                }
                HumanAction::Silence { rule: rule.clone(), until: *until }
            }
            Verb::Contact(target, customer) => {
                HumanAction::Contact { target: target.as_ref().map(of).transpose()?, customer: customer.clone() }
            }
        };
        Ok(Human { by: line.by.clone(), action })
    }

    /// A rule on each signal acts under its limit's key, else under the first thing its signal is about.
    fn of_keyless(&self, rule: &Rule, is_it: impl Fn(&Firing) -> bool, values: &[Str]) -> Result<Target, String> {
        if let Some(limit) = rule.limit.as_ref().filter(|limit| limit.per.len() == values.len()) {
            let key = values.iter().zip(&limit.per).map(|(value, (_, access))| match access.ty {
                Type::Thing(_) => Value::Id(value.clone()),
                _ => Value::Text(fold(value).as_ref().into()),
            });
            return Ok(Target::Rule { rule: rule.id.clone(), key: key.collect() });
        }
        let cases = self.cases.get(&rule.id).map_or(&[][..], Vec::as_slice);
        if let Some((case, _)) = cases.iter().rev().find(|(_, firing)| is_it(firing)) {
            return Ok(Target::Case(case.clone()));
        }
        match values {
            [] => Ok(Target::Rule { rule: rule.id.clone(), key: vec![] }),
            [thing] => Ok(Target::Rule { rule: rule.id.clone(), key: vec![Value::Id(thing.clone())] }),
            _ => Err("it has opened no case for that so far".to_owned()),
        }
    }
}

/// Tells whether a firing's signal or key holds this value, under `name` where one is given.
fn has_value(firing: &Firing, name: Option<(&Str, &RuleSet)>, value: &str) -> bool {
    let is = |held: &Value| match held {
        Value::Text(text) => fold(text) == fold(value),
        held => !held.is_missing() && super::words::value(held) == value,
    };
    let in_key = firing.key.iter().any(|(part, held)| name.is_none_or(|(name, _)| name == part) && is(held));
    let in_signal = firing.values.signal.as_ref().is_some_and(|signal| match name {
        None => signal.fields.iter().any(is),
        Some((name, rules)) => {
            let kind = rules.vocabulary.signal_type(signal.kind);
            kind.field(name).is_some_and(|field| is(signal.field(field)))
        }
    });
    in_key || in_signal
}

/// Reads one part of a key as the engine holds it: ids exact, texts folded (M14).
fn key_value(part: &KeyPart, text: &Str, rules: &RuleSet) -> Result<Value, String> {
    if part.thing.is_some() {
        return Ok(Value::Id(text.clone()));
    }
    let Some((_, access)) = part.from.first() else { return Ok(Value::Text(fold(text).as_ref().into())) };
    let value =
        typed::from_text(text, &access.ty, &rules.vocabulary).map_err(|reason| format!("`{}`: {reason}", part.name))?;
    Ok(match value {
        Value::Text(text) => Value::Text(fold(&text).as_ref().into()),
        value => value,
    })
}
