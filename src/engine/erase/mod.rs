//! Erasure: an id becomes an alias, and what is personal is blanked, wherever something holds it.
//!
//! An [`Eraser`] knows whose id it is and what it becomes, and changes one thing at a time: a signal, a firing, an input, an
//! effect. It goes by types, not by text: the customer `17` and the store `17` are two. Only in texts that were made for the
//! thing (an alert's text, a reason) the id and the personal words are looked for as words. Times, kinds, scores and all
//! other fields stay, so no window moves. What the engine remembers is in `state`. Left out: where records lie
//! (`daemon::erase`), and what a text of another signal says about somebody.

mod state;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::engine::effect::{Effect, Firing, What};
use crate::engine::input::{Erase, HumanAction, Input, Target};
use crate::engine::ruleset::RuleSet;
use crate::engine::state::{KeyFill, RuleFill, Window};
use crate::engine::store::Row;
use crate::engine::trace::Compared;
use crate::id::RuleId;
use crate::ir::{Rule, Trigger};
use crate::signal::Signal;
use crate::value::{Str, Value};
use crate::vocabulary::{Field, ThingNo, Type, Vocabulary};

/// What stands where a personal word stood in a text.
const ERASED: &str = "(erased)";
/// The reason of what is withdrawn.
pub const REASON: &str = "erased";

/// One thing, and what its id becomes. The rule set says what the numbers and keys at hand mean.
#[derive(Clone, Debug)]
pub struct Eraser<'a> {
    rules: &'a RuleSet,
    thing: ThingNo,
    name: Str,
    id: Str,
    alias: Str,
    words: Vec<Str>,
    cases: BTreeSet<Str>,
}

/// Which parts of a key may be the thing's id.
enum Parts {
    These(Vec<bool>),
    /// Nobody knows any more: every id that reads so.
    Any,
}

impl Parts {
    fn may(&self, place: usize) -> bool {
        match self {
            Parts::These(parts) => parts.get(place).copied().unwrap_or(false),
            Parts::Any => true,
        }
    }
}

impl<'a> Eraser<'a> {
    /// Returns the eraser of a thing that `rules` number as `erase` does.
    pub fn new(rules: &'a RuleSet, erase: &Erase) -> Eraser<'a> {
        let name = rules.vocabulary.thing_type(erase.thing).name.clone();
        let (id, alias) = (erase.id.clone(), erase.alias.clone());
        Eraser { rules, thing: erase.thing, name, id, alias, words: vec![], cases: BTreeSet::new() }
    }

    /// Returns the same under other rules; `None` where they know no such thing.
    pub fn under<'b>(&self, rules: &'b RuleSet) -> Option<Eraser<'b>> {
        let Eraser { name, id, alias, words, cases, .. } = self.clone();
        Some(Eraser { rules, thing: rules.vocabulary.thing(&name)?, name, id, alias, words, cases })
    }

    /// Adds personal words of the thing that are looked for in texts.
    pub fn know(&mut self, words: impl IntoIterator<Item = Str>) {
        self.words.extend(words);
        self.words.sort_by(|one, other| (other.len(), one).cmp(&(one.len(), other)));
        self.words.dedup();
    }

    /// Adds cases that are about the thing.
    pub fn know_cases(&mut self, cases: impl IntoIterator<Item = Str>) {
        self.cases.extend(cases);
    }

    /// Returns what the facts told of the thing say that is personal.
    pub fn personal_words(&self, input: &Input) -> Vec<Str> {
        let Input::Fact(change) = input else { return vec![] };
        if change.thing != self.thing || change.id != self.id {
            return vec![];
        }
        let facts = &self.rules.vocabulary.thing_type(self.thing).facts;
        let told = change.facts.iter().filter(|(fact, _)| facts.get(fact.index()).is_some_and(|fact| fact.personal));
        told.filter_map(|(_, value)| word(value)).collect()
    }

    fn vocabulary(&self) -> &'a Vocabulary {
        &self.rules.vocabulary
    }

    fn is_it(&self, value: &Value) -> bool {
        matches!(value, Value::Id(id) if *id == self.id)
    }

    /// Gives an id of type `ty` its alias.
    fn typed(&self, value: &mut Value, ty: &Type) -> bool {
        let is_it = *ty == Type::Thing(self.thing) && self.is_it(value);
        if is_it {
            *value = Value::Id(self.alias.clone());
        }
        is_it
    }

    fn named(&self, thing: ThingNo, id: &mut Str) -> bool {
        let is_it = thing == self.thing && *id == self.id;
        if is_it {
            *id = self.alias.clone();
        }
        is_it
    }

    fn things(&self, things: &mut [(ThingNo, Str)]) -> bool {
        things.iter_mut().fold(false, |any, (thing, id)| self.named(*thing, id) | any)
    }

    /// Gives the id its alias wherever a key holds it.
    fn key(&self, key: &mut [Value], parts: &Parts) -> bool {
        let mut any = false;
        for (place, value) in key.iter_mut().enumerate() {
            if parts.may(place) && self.is_it(value) {
                *value = Value::Id(self.alias.clone());
                any = true;
            }
        }
        any
    }

    /// Returns which parts of a rule's key are ids of the thing.
    fn parts(&self, rule: &Rule) -> Parts {
        let mine = |part: &crate::ir::KeyPart| {
            part.thing == Some(self.thing) || part.from.iter().any(|(_, access)| access.ty == Type::Thing(self.thing))
        };
        Parts::These(rule.key.iter().map(mine).collect())
    }

    fn limit_parts(&self, rule: &Rule) -> Parts {
        let per = rule.limit.as_ref().map_or(&[][..], |limit| &limit.per);
        Parts::These(per.iter().map(|(_, access)| access.ty == Type::Thing(self.thing)).collect())
    }

    /// Returns the same of the key that cases and ladders hang on: of a rule without one its limit's, else the first thing
    /// its signal is about.
    fn acting_parts(&self, rule: &Rule) -> Parts {
        match (&rule.trigger, &rule.limit) {
            (_, _) if !rule.key.is_empty() => self.parts(rule),
            (_, Some(limit)) if !limit.per.is_empty() => self.limit_parts(rule),
            (Trigger::Each(source), _) => {
                let kind = self.vocabulary().signal_type(source.signal);
                Parts::These(vec![kind.fields.iter().take(kind.about).any(|field| field.ty == Type::Thing(self.thing))])
            }
            _ => Parts::These(vec![]),
        }
    }

    /// Returns the parts of a rule that may be gone.
    fn parts_of(&self, rule: &RuleId, acting: bool) -> Parts {
        match self.rules.rule(rule) {
            Some(rule) if acting => self.acting_parts(rule),
            Some(rule) => self.parts(rule),
            None => Parts::Any,
        }
    }

    fn in_fields(&self, fields: &[Value], types: &[Field]) -> bool {
        types.iter().zip(fields).any(|(field, value)| field.ty == Type::Thing(self.thing) && self.is_it(value))
    }

    fn fields(&self, fields: &mut [Value], types: &[Field]) -> bool {
        if !self.in_fields(fields, types) {
            return false;
        }
        let own = own_words(fields, types);
        for (field, value) in types.iter().zip(fields) {
            if !self.typed(value, &field.ty) {
                match field.personal {
                    true => *value = Value::Missing,
                    false => self.value(value, &own),
                }
            }
        }
        true
    }

    /// Changes a signal that names the thing; tells whether it does.
    pub fn signal(&self, signal: &mut Signal) -> bool {
        self.fields(&mut signal.fields, &self.vocabulary().signal_type(signal.kind).fields)
    }

    fn names(&self, signal: &Signal) -> bool {
        self.in_fields(&signal.fields, &self.vocabulary().signal_type(signal.kind).fields)
    }

    /// Returns a shared signal as it is afterwards: another one only where it names the thing.
    fn shared(&self, signal: &Arc<Signal>) -> Arc<Signal> {
        if !self.names(signal) {
            return signal.clone();
        }
        let mut changed = (**signal).clone();
        self.signal(&mut changed);
        Arc::new(changed)
    }

    /// Returns the personal words of a signal that names the thing.
    fn words_of(&self, signal: &Signal) -> Vec<Str> {
        let types = &self.vocabulary().signal_type(signal.kind).fields;
        if self.names(signal) { own_words(&signal.fields, types) } else { vec![] }
    }

    /// Takes the id and the personal words out of a text that was made for the thing.
    fn text(&self, text: &mut Str, own: &[Str]) {
        let mut now = replaced(text, &self.id, &self.alias);
        for word in own.iter().chain(&self.words) {
            if let Some(without) = replaced(now.as_deref().unwrap_or(text), word, ERASED) {
                now = Some(without);
            }
        }
        if let Some(now) = now {
            *text = now.into();
        }
    }

    /// The same of a value that may be any: an id that reads so, or a text.
    fn value(&self, value: &mut Value, own: &[Str]) {
        match value {
            Value::Id(id) if *id == self.id => *id = self.alias.clone(),
            Value::Text(text) => self.text(text, own),
            _ => {}
        }
    }

    /// Changes `customer C1` where it stands alone or in a line.
    pub(super) fn phrase(&self, text: &mut Str) -> bool {
        let now = replaced(text, &format!("{} {}", self.name, self.id), &format!("{} {}", self.name, self.alias));
        let any = now.is_some();
        if let Some(now) = now {
            *text = now.into();
        }
        any
    }

    /// Changes a firing that is about the thing. Returns it with its personal words; `None` where it is not.
    fn firing(&self, firing: &Firing) -> Option<(Arc<Firing>, Vec<Str>)> {
        let mut new = firing.clone();
        let rule = self.rules.rule(&firing.rule);
        let mut about = false;
        for (name, value) in &mut new.key {
            let part = rule.and_then(|rule| rule.key.iter().position(|part| part.name == *name));
            let per = rule.and_then(|rule| rule.limit.as_ref()?.per.iter().find(|(of, _)| of == name));
            let mine = match (rule, part, per) {
                (Some(rule), Some(part), _) => self.parts(rule).may(part),
                (_, _, Some((_, access))) => access.ty == Type::Thing(self.thing),
                _ => **name == *self.name,
            };
            if mine && self.is_it(value) {
                *value = Value::Id(self.alias.clone());
                about = true;
            }
        }
        about |= self.key(&mut new.values.key, &self.parts_of(&firing.rule, false));
        let mut own = Vec::new();
        for signal in [&mut new.values.signal, &mut new.values.first].into_iter().flatten() {
            own.extend(self.words_of(signal));
            let changed = self.shared(signal);
            about |= !Arc::ptr_eq(&changed, signal);
            *signal = changed;
        }
        about |= matches!(&new.values.case, Value::Id(case) if self.cases.contains(case));
        self.compared(&mut new.compared, &own);
        about.then(|| (Arc::new(new), own))
    }

    fn compared(&self, compared: &mut [Compared], own: &[Str]) {
        compared.iter_mut().for_each(|compared| self.text(&mut compared.actual, own));
    }

    /// Changes an effect; tells whether it is about the thing.
    pub fn effect(&self, effect: &mut Effect) -> bool {
        let firing = effect.firing.as_ref().and_then(|firing| self.firing(firing));
        let to_it = self.phrase(&mut effect.to);
        let about = firing.is_some();
        let (firing, own) = firing.unzip();
        let own = own.unwrap_or_default();
        if let Some(firing) = firing {
            effect.firing = Some(firing);
            self.text(&mut effect.to, &own);
            self.text(&mut effect.reason, &own);
        }
        let inner = match &mut effect.what {
            What::Email { mail, .. } if to_it => mail.take().is_some(),
            What::Email { mail: Some(mail), .. } if about => {
                self.text(&mut mail.subject, &own);
                self.text(&mut mail.text, &own);
                mail.html.iter_mut().for_each(|html| self.text(html, &own));
                true
            }
            What::Alert { text, .. } if about => {
                self.text(text, &own);
                true
            }
            What::OpenCase { reason: Some(reason), .. } if about => {
                self.value(reason, &own);
                true
            }
            What::Post { values, .. } if about => {
                values.iter_mut().for_each(|(_, value)| self.value(value, &own));
                true
            }
            What::Set { thing, id, fact, value } => {
                let facts = &self.vocabulary().thing_type(*thing).facts;
                let mine = self.named(*thing, id);
                match facts.get(fact.index()) {
                    Some(fact) if mine && fact.personal => *value = Value::Missing,
                    Some(fact) => return self.typed(value, &fact.ty) | mine | about | to_it,
                    None => {}
                }
                mine
            }
            What::Record { signal } => self.signal(signal),
            What::Digest { lines, .. } => lines.iter_mut().fold(false, |any, line| self.phrase(line) | any),
            _ => false,
        };
        about | to_it | inner
    }

    /// Changes a row of the outbox; tells whether it is about the thing. What is for the thing itself goes out no more.
    pub fn row(&self, row: &mut Row) -> bool {
        let mut to = row.effect.to.clone();
        let to_it = matches!(row.effect.what, What::Email { .. }) && self.phrase(&mut to);
        let about = self.effect(&mut row.effect);
        if to_it {
            row.to = Str::default();
            row.why = REASON.into();
            row.erased();
        }
        about
    }

    /// Changes an input; tells whether it is about the thing.
    pub fn input(&self, input: &mut Input) -> bool {
        match input {
            Input::Signal(signal) | Input::History(signal) => self.signal(signal),
            Input::Fact(change) => {
                let mine = self.named(change.thing, &mut change.id);
                let facts = &self.vocabulary().thing_type(change.thing).facts;
                let mut any = mine;
                for (fact, value) in &mut change.facts {
                    match facts.get(fact.index()) {
                        Some(fact) if mine && fact.personal => *value = Value::Missing,
                        Some(fact) => any |= self.typed(value, &fact.ty),
                        None => {}
                    }
                }
                any
            }
            Input::Human(human) => self.action(&mut human.action),
            Input::Delivery(delivery) => {
                let before = delivery.failed.clone();
                // A mail server may name the address it refuses.
                for word in self.words.iter().filter(|word| word.contains('@')) {
                    if let Some(why) = &mut delivery.failed
                        && let Some(without) = replaced(why, word, ERASED)
                    {
                        *why = without.into();
                    }
                }
                before != delivery.failed
            }
            Input::Switch(switch) => switch.fills.iter_mut().fold(false, |any, fill| self.fill(fill) | any),
            Input::Erase(erase) if erase.thing == self.thing && erase.id == self.id => {
                erase.id = erase.alias.clone();
                true
            }
            Input::Erase(_) | Input::Tick => false,
        }
    }

    fn target(&self, target: &mut Target) -> bool {
        match target {
            Target::Rule { rule, key } => self.key(key, &self.parts_of(rule, true)),
            Target::Case(case) => self.cases.contains(case),
        }
    }

    fn action(&self, action: &mut HumanAction) -> bool {
        match action {
            HumanAction::Acknowledge(target) | HumanAction::Reopen(target) | HumanAction::Assign { target, .. } => {
                self.target(target)
            }
            HumanAction::Close { target, outcome } => {
                let about = self.target(target);
                if about {
                    self.text(outcome, &[]);
                }
                about
            }
            HumanAction::Comment { target, text } => {
                let about = self.target(target);
                if about {
                    *text = ERASED.into();
                }
                about
            }
            HumanAction::Contact { target, customer } => {
                let about = target.as_mut().is_some_and(|target| self.target(target));
                let thing = self.vocabulary().thing(crate::vocabulary::builtin::CUSTOMER);
                let named = customer.as_mut().zip(thing).is_some_and(|(id, thing)| self.named(thing, id));
                about | named
            }
            HumanAction::Silence { .. } => false,
        }
    }

    /// Changes windows that were filled for a rule before a switch.
    fn fill(&self, fill: &mut RuleFill) -> bool {
        let parts = self.parts_of(&fill.rule, false);
        let rule = self.rules.rule(&fill.rule).cloned();
        let mut any = self.things(&mut fill.things);
        for KeyFill { key, window, shown, latest, .. } in &mut fill.keys {
            any |= self.key(key, &parts);
            any |= self.window(window, rule.as_deref());
            any |= shown.as_mut().is_some_and(|shown| self.key(shown, &parts));
            if let Some((_, latest)) = latest.as_deref_mut() {
                let changed = self.shared(latest);
                any |= !Arc::ptr_eq(&changed, latest);
                *latest = changed;
            }
        }
        any
    }

    /// Changes the signals that a window holds whole, and the ids it counts.
    fn window(&self, window: &mut Window, rule: Option<&Rule>) -> bool {
        let any = std::cell::Cell::new(false);
        let change = |signal: &Arc<Signal>| {
            let changed = self.shared(signal);
            any.set(any.get() | !Arc::ptr_eq(&changed, signal));
            changed
        };
        match window {
            Window::Sequence(window) => window.remap(&change),
            Window::Absence(window) => window.remap(&change),
            Window::Count(window) => {
                let counted = rule.and_then(|rule| match &rule.trigger {
                    Trigger::Count { source, different: Some(field), .. } => {
                        self.vocabulary().signal_type(source.signal).fields.get(field.index())
                    }
                    _ => None,
                });
                if let Some(field) = counted {
                    window.each_different(|value| any.set(any.get() | self.typed(value, &field.ty)));
                }
            }
            Window::Reading(_) | Window::Measure(_) | Window::None => {}
        }
        any.get()
    }
}

/// Returns what a signal's personal fields say in words.
fn own_words(fields: &[Value], types: &[Field]) -> Vec<Str> {
    let personal = types.iter().zip(fields).filter(|(field, _)| field.personal);
    let mut words: Vec<Str> = personal.filter_map(|(_, value)| word(value)).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
}

fn word(value: &Value) -> Option<Str> {
    value.as_text().filter(|text| !text.trim().is_empty()).cloned()
}

/// Replaces `word` in `text` wherever it stands as a word of its own; `None` where it does not.
fn replaced(text: &str, word: &str, with: &str) -> Option<String> {
    if word.is_empty() || !text.contains(word) {
        return None;
    }
    let part_of_word = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let (mut now, mut any, mut done) = (String::with_capacity(text.len()), false, 0);
    for (at, _) in text.match_indices(word) {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        let joined_before = part_of_word(word.chars().next()) && part_of_word(before.chars().next_back());
        let joined_after = part_of_word(word.chars().next_back()) && part_of_word(after.chars().next());
        if at < done || joined_before || joined_after {
            continue;
        }
        now.push_str(&text[done..at]);
        now.push_str(with);
        (any, done) = (true, at + word.len());
    }
    now.push_str(&text[done..]);
    any.then_some(now)
}

/// Tells whether a text holds `word` as a word of its own.
pub fn mentions(text: &str, word: &str) -> bool {
    replaced(text, word, "").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_are_replaced() {
        assert_eq!(replaced("C12, C1 and xC1; C1", "C1", "…").as_deref(), Some("C12, … and xC1; …"));
        assert_eq!(replaced("C12", "C1", "…"), None);
        assert_eq!(replaced("ąC1", "C1", "…"), None);
        assert_eq!(replaced("to ana@example.test.", "ana@example.test", "…").as_deref(), Some("to …."));
    }
}
