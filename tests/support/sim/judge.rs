//! The laws: an engine of its own folds the journal as it is written down, and everything else has to agree with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use touchline::daemon::turn::Arrived;
use touchline::engine::Engine;
use touchline::engine::effect::{Effect, Firing, Outcome, What};
use touchline::engine::input::{HumanAction, Input};
use touchline::engine::record::Record;
use touchline::engine::ruleset::RuleSet;
use touchline::engine::store::{Ends, Hash, Kind, Reader, RowId, RowState, RuleSources};
use touchline::id::{EffectId, Position, RuleId};
use touchline::ir::expr::Root;
use touchline::ir::{Rule, Trigger};
use touchline::store::memory::MemoryStore;
use touchline::store::outbox::{Patience, rows};
use touchline::value::{Str, Value};

use super::server::{Copy, Server};

/// A firing, with what it asked for.
type Acted<'a> = (&'a Arc<Firing>, Vec<EffectId>);
/// Where something was decided, and what.
type Came<'a> = (u64, &'a Effect);

/// Folds the journal by itself and compares.
pub struct Judge {
    peek: MemoryStore,
    pub engine: Engine,
    /// Every rule set that may have run, with what it is made of.
    rulesets: Vec<(RuleSources, Arc<RuleSet>)>,
    records: Vec<Record>,
    /// What each position asked for.
    effects: BTreeMap<u64, Vec<Effect>>,
    /// Rows these become, by the directory of then.
    wanted: BTreeMap<RowId, (Str, Kind)>,
    /// Which rule set decides from where on.
    versions: Vec<(u64, Arc<RuleSet>)>,
    ends: Ends,
}

impl Judge {
    pub fn new(peek: MemoryStore, (first, sources): &(Arc<RuleSet>, RuleSources)) -> Judge {
        Judge {
            peek,
            engine: Engine::new(first.clone()),
            rulesets: vec![(sources.clone(), first.clone())],
            records: vec![],
            effects: BTreeMap::new(),
            wanted: BTreeMap::new(),
            versions: vec![(0, first.clone())],
            ends: Ends::default(),
        }
    }

    /// Hears of a rule set that may take over.
    pub fn may_run(&mut self, set: &Arc<RuleSet>, sources: &RuleSources) {
        if !self.rulesets.iter().any(|(of, known)| known.hash == set.hash && of == sources) {
            self.rulesets.push((sources.clone(), set.clone()));
        }
    }

    /// Returns the rule set that stands for a hash, with what it is made of: that of the first version.
    pub fn standing(&self, hash: Hash) -> (Arc<RuleSet>, RuleSources) {
        let first = self.peek.versions().unwrap().into_iter().find(|version| version.hash == hash).unwrap();
        let found = self.rulesets.iter().find(|(sources, set)| set.hash == hash && *sources == first.sources);
        (found.expect("nobody offered it").1.clone(), first.sources)
    }

    pub fn effects(&self) -> impl Iterator<Item = (u64, &Effect)> {
        self.effects.iter().flat_map(|(at, effects)| effects.iter().map(move |effect| (*at, effect)))
    }

    /// Every rule set that has run.
    pub fn known(&self) -> BTreeMap<Hash, Arc<RuleSet>> {
        self.versions.iter().map(|(_, set)| (set.hash, set.clone())).collect()
    }

    /// A switch stands where it was said to, behind everything that had been answered when it was asked for.
    pub fn check_switches(&self, switches: &[(Position, Hash, Option<Position>)]) {
        for (position, hash, answered) in switches {
            let found = &self.records[position.0 as usize - 1].input;
            assert!(matches!(found, Input::Switch(switch) if switch.hash == *hash), "at {} is no switch", position.0);
            assert!(answered.is_none_or(|answered| answered < *position), "a switch overtook what was answered");
        }
    }

    pub fn switches(&self) -> usize {
        self.versions.len() - 1
    }

    /// Folds what is new in the journal. Nothing in the store ever goes back.
    pub fn follow(&mut self) {
        let (before, ends) = (self.ends, self.peek.ends().unwrap());
        let grown = ends.epoch >= before.epoch
            && ends.turn >= before.turn
            && ends.last >= before.last
            && ends.cursor >= before.cursor
            && ends.now >= before.now;
        assert!(grown, "the store ran back from {before:?} to {ends:?}");
        assert!(ends.cursor <= ends.last, "{ends:?}");
        self.ends = ends;
        let next = Position(self.engine.position().0 + 1);
        for record in self.peek.records(next, usize::MAX >> 2).unwrap() {
            self.fold(record);
        }
        assert_eq!(self.engine.position(), ends.last, "every input up to the latest is there");
    }

    fn fold(&mut self, record: Record) {
        let position = record.position.0;
        assert_eq!(position, self.engine.position().0 + 1, "positions follow one another");
        assert!(self.records.last().is_none_or(|before| before.now <= record.now), "stamps never go back");
        self.records.push(record.clone());
        let mut input = record.input;
        if let Input::Switch(switch) = &mut input {
            let set = self.standing(switch.hash).0;
            self.versions.push((position, set.clone()));
            switch.ruleset = Some(set);
        }
        let effects = self.engine.handle(input, record.now).effects;
        let directory = self.engine.ruleset().directory.clone();
        for effect in &effects {
            for row in rows(effect, &directory, Patience::default()) {
                self.wanted.insert(row.id, (row.to, row.kind));
            }
        }
        if !effects.is_empty() {
            self.effects.insert(position, effects);
        }
    }

    /// An answer says that an input stands there: so it does, with what was sent.
    pub fn stands(peek: &MemoryStore, position: Position, arrived: &Arrived, sets: &[Arc<RuleSet>]) -> bool {
        let found = peek.records(position, 1).unwrap().pop().filter(|record| record.position == position);
        found.is_some_and(|record| is_same(&record.input, arrived, sets))
    }

    /// Everything that holds at any moment.
    pub fn check(&mut self, agains: &BTreeSet<EffectId>) {
        self.follow();
        self.check_effects();
        self.check_outbox();
        self.check_deliveries(agains);
        self.check_versions();
    }

    /// What is committed is exactly what the journal asks for up to the cursor.
    fn check_effects(&self) {
        let found = self.peek.effects(Position(0), usize::MAX >> 2).unwrap();
        let expected: Vec<(&u64, &Vec<Effect>)> = self.effects.range(..=self.ends.cursor.0).collect();
        let positions = |found: Vec<u64>| found;
        assert_eq!(
            positions(found.iter().map(|(at, _)| at.0).collect()),
            positions(expected.iter().map(|(at, _)| **at).collect()),
            "the inputs that asked for something, up to {:?}",
            self.ends.cursor
        );
        for ((at, found), (_, expected)) in found.iter().zip(&expected) {
            let bytes = |effects: &Vec<Effect>| postcard::to_stdvec(effects).unwrap();
            assert!(bytes(found) == bytes(expected), "the effects of {} are\n{found:#?}\nand not\n{expected:#?}", at.0);
        }
    }

    /// One row for each recipient of each effect, none twice; what is withdrawn does not wait.
    fn check_outbox(&self) {
        let kept = self.peek.outbox(None, None, usize::MAX >> 2).unwrap();
        let upto = |effect: &EffectId| {
            self.effects.range(..=self.ends.cursor.0).any(|(_, e)| e.iter().any(|e| e.id == *effect))
        };
        let mut ids = BTreeMap::new();
        for row in &kept {
            ids.insert(row.id, (row.to.clone(), row.kind));
        }
        for (id, to) in &ids {
            assert_eq!(self.wanted.get(id), Some(to), "the outbox holds {id}, which no effect asks for");
        }
        for (id, to) in &self.wanted {
            assert!(ids.get(id) == Some(to) || !upto(&id.effect), "the outbox does not hold {id}");
        }
        let withdrawn: BTreeSet<EffectId> = self
            .effects
            .range(..=self.ends.cursor.0)
            .flat_map(|(_, effects)| effects)
            .filter(|effect| effect.what == What::Withdraw)
            .map(|effect| effect.id)
            .collect();
        for row in kept.iter().filter(|row| withdrawn.contains(&row.id.effect)) {
            assert!(row.state != RowState::Waiting, "{} was withdrawn and waits", row.id);
            assert!(
                !matches!(row.state, RowState::Leased { .. }) || row.withdrawn,
                "{} was withdrawn and is tried",
                row.id
            );
        }
    }

    /// The engine hears once of every effect that came to its end in the outbox; again, where somebody sent it again.
    fn check_deliveries(&self, agains: &BTreeSet<EffectId>) {
        let mut heard: BTreeMap<EffectId, Vec<&Option<Str>>> = BTreeMap::new();
        for record in &self.records {
            if let Input::Delivery(delivery) = &record.input {
                heard.entry(delivery.effect).or_default().push(&delivery.failed);
            }
        }
        let mut by_effect: BTreeMap<EffectId, Vec<RowState>> = BTreeMap::new();
        for row in self.peek.outbox(None, None, usize::MAX >> 2).unwrap() {
            by_effect.entry(row.id.effect).or_default().push(row.state);
        }
        for (effect, states) in by_effect {
            let heard = heard.remove(&effect).unwrap_or_default();
            let went = heard.iter().filter(|failed| failed.is_none()).count();
            assert!(went <= 1 || agains.contains(&effect), "the engine heard {went} times that {effect} went");
            if states.iter().all(|state| state.is_final()) && !states.contains(&RowState::Withdrawn) {
                let last = heard.last().map(|failed| failed.is_none());
                assert_eq!(
                    last,
                    Some(states.contains(&RowState::Sent)),
                    "what the engine heard of {effect}: {states:?}"
                );
            }
        }
        assert!(heard.is_empty(), "the engine heard of {heard:?}, which nobody sent");
    }

    /// The store says from where on which rules decide, and from there on they do: exact to one input.
    fn check_versions(&self) {
        let said: Vec<(u64, Hash)> = self.peek.versions().unwrap().iter().map(|v| (v.from.0, v.hash)).collect();
        let are: Vec<(u64, Hash)> = self.versions.iter().map(|(from, set)| (*from, set.hash)).collect();
        assert_eq!(said, are, "which rules decide from where on");
        for (_, effect) in self.effects() {
            let Some(firing) = &effect.firing else { continue };
            let decided = self.rules_at(firing.position.0).hash;
            assert_eq!(firing.ruleset, decided, "the rules that decided {} at {}", firing.rule, firing.position.0);
        }
    }

    fn rules_at(&self, position: u64) -> &Arc<RuleSet> {
        let found = self.versions.iter().rev().find(|(from, _)| *from <= position);
        &found.expect("the first is from the beginning").1
    }

    /// What was answered, is there, and in the order in which it was answered.
    pub fn check_answers(&self, answered: &[(Position, Arrived)], submitted: &BTreeMap<(Str, Str), u32>) {
        let sets: Vec<Arc<RuleSet>> = self.versions.iter().map(|(_, set)| set.clone()).collect();
        for (position, arrived) in answered {
            assert!(
                Judge::stands(&self.peek, *position, arrived, &sets),
                "acknowledged at {} and lost: {arrived:?}",
                position.0
            );
        }
        let mut times: BTreeMap<(Str, Str), u32> = BTreeMap::new();
        for record in &self.records {
            if let Input::Signal(signal) = &record.input {
                *times.entry((signal.id.source.clone(), signal.id.id.clone())).or_default() += 1;
            }
        }
        for (id, times) in times {
            let sent = submitted.get(&id).copied().unwrap_or(0);
            assert!(times <= sent, "{id:?} is in the journal {times} times and was sent {sent} times");
        }
    }

    /// Everything that holds once nothing fails any more and time has passed.
    pub fn check_the_end(&mut self, server: &Server, agains: &BTreeSet<EffectId>, now: Timestamp) {
        self.check(agains);
        self.everything_came_to_its_end(server);
        self.nothing_was_decided_twice();
        self.limits_were_respected();
        self.plans_came_due(now);
        self.alerts_were_answered_or_escalated(now);
    }

    fn everything_came_to_its_end(&self, server: &Server) {
        assert_eq!(self.ends.cursor, self.ends.last, "everything is folded and written");
        let copies = server.copies();
        for row in self.peek.outbox(None, None, usize::MAX >> 2).unwrap() {
            assert!(row.state.is_final(), "{} never came to its end: {:?}", row.id, row.state);
            let arrived = copies.get(&row.id).map_or(0, Vec::len);
            match row.state {
                RowState::Sent => assert!(arrived > 0, "{} is said to have gone, and did not arrive", row.id),
                _ => {
                    // A process that was told so and killed before it could note that cannot tell.
                    let told = |copy: &Copy| copy.told && copy.life == server.life();
                    let told = copies.get(&row.id).is_some_and(|copies| copies.iter().any(told));
                    assert!(!told, "{} is {:?}, and was taken", row.id, row.state);
                }
            }
        }
        let mut names: BTreeMap<&str, RowId> = BTreeMap::new();
        for (id, copies) in &copies {
            assert!(self.wanted.contains_key(id), "{id} arrived, and no effect asks for it");
            for copy in copies {
                let other = names.insert(&copy.message_id, *id);
                assert!(other.is_none_or(|other| other == *id), "two mails are called {}", copy.message_id);
            }
        }
    }

    fn nothing_was_decided_twice(&self) {
        let mut sent = BTreeSet::new();
        let mut fired: BTreeMap<(RuleId, Str, Str), u64> = BTreeMap::new();
        for (at, effect) in self.effects() {
            if effect.outcome == Outcome::Sent {
                assert!(sent.insert(effect.id), "{} was handed over twice, the second time at {at}", effect.id);
            }
            if let (Some(due), Outcome::Sent) = (effect.due, effect.outcome) {
                assert!(effect.at >= due, "{} was handed over before it was due at {due}", effect.id);
            }
            let Some(firing) = &effect.firing else { continue };
            let each = matches!(self.rule_of(firing).map(|rule| &rule.trigger), Some(Trigger::Each(_)));
            if let (true, Some(signal)) = (each, &firing.signal) {
                let key = (firing.rule.clone(), signal.source.clone(), signal.id.clone());
                let first = *fired.entry(key).or_insert(firing.position.0);
                assert_eq!(first, firing.position.0, "{} fired twice for {signal:?}", firing.rule);
            }
        }
    }

    fn rule_of(&self, firing: &Firing) -> Option<&Arc<Rule>> {
        self.rules_at(firing.position.0).rule(&firing.rule)
    }

    /// `at most once every …`, counted anew from what fired: two firings under one key of the limit lie as far apart as
    /// the limit said at the second, unless nothing of the first came to anything.
    fn limits_were_respected(&self) {
        let mut outcomes: BTreeMap<EffectId, Vec<Outcome>> = BTreeMap::new();
        let mut firings: BTreeMap<(RuleId, String), Vec<Acted>> = BTreeMap::new();
        for (at, effect) in self.effects() {
            outcomes.entry(effect.id).or_default().push(effect.outcome);
            let Some(firing) = effect.firing.as_ref().filter(|firing| firing.position.0 == at) else { continue };
            let acted = matches!(effect.outcome, Outcome::Sent | Outcome::Planned | Outcome::Failed);
            if !acted || effect.what == What::Firing {
                continue;
            }
            let Some(key) = self.rule_of(firing).and_then(|rule| limit_key(rule, firing)) else { continue };
            let of_key = firings.entry((firing.rule.clone(), key)).or_default();
            match of_key.last_mut().filter(|(last, _)| last.position == firing.position) {
                Some((_, effects)) => effects.push(effect.id),
                None => of_key.push((firing, vec![effect.id])),
            }
        }
        for ((rule, key), firings) in &firings {
            for pair in firings.windows(2) {
                let ((first, effects), (second, _)) = (&pair[0], &pair[1]);
                let between =
                    self.versions.iter().filter(|(from, _)| (first.position.0..=second.position.0).contains(from));
                // One that was gone for more than its grace has forgotten.
                if between.into_iter().any(|(_, set)| set.rule(rule).is_none()) {
                    continue;
                }
                let came_to_nothing = effects.iter().all(|id| {
                    outcomes[id].iter().any(|outcome| matches!(outcome, Outcome::Cancelled | Outcome::Failed))
                });
                let Some(limit) = self.rule_of(second).and_then(|rule| Some((rule.limit.as_ref()?, &rule.zone))) else {
                    continue;
                };
                let frees_at = limit.0.every.after(first.at, limit.1);
                assert!(
                    came_to_nothing || second.at >= frees_at,
                    "{rule} fired for {key} at {} and again at {}",
                    first.at,
                    second.at
                );
            }
        }
    }

    /// What was planned was done, or not done for a reason.
    fn plans_came_due(&self, now: Timestamp) {
        let mut planned: BTreeMap<EffectId, &Effect> = BTreeMap::new();
        for (_, effect) in self.effects() {
            match effect.outcome {
                Outcome::Planned => drop(planned.insert(effect.id, effect)),
                _ => drop(planned.remove(&effect.id)),
            }
        }
        for effect in planned.values() {
            let due = effect.due.expect("what is planned has a time");
            assert!(
                due > now - SignedDuration::from_mins(1),
                "{} was planned for {due} and nothing came of it",
                effect.id
            );
        }
    }

    /// Every open alert was acknowledged, closed or escalated: a ladder's steps all went, one after the other, or a person
    /// did something, or it is said why not.
    fn alerts_were_answered_or_escalated(&self, now: Timestamp) {
        let mut ladders: BTreeMap<(u64, RuleId, String), BTreeMap<u16, Vec<Came>>> = BTreeMap::new();
        for (at, effect) in self.effects().filter(|(_, effect)| effect.step > 0) {
            let Some(firing) = &effect.firing else { continue };
            let name = (firing.position.0, firing.rule.clone(), format!("{:?}", firing.values.key));
            ladders.entry(name).or_default().entry(effect.step).or_default().push((at, effect));
        }
        for ((position, rule, key), steps) in ladders {
            let firing = &self.effects[&position];
            let begun = firing[0].at;
            if now.duration_since(begun) < SignedDuration::from_hours(24 * 8) {
                continue;
            }
            let changed = self.versions.iter().any(|(from, _)| *from > position);
            let all = self
                .rules_at(position)
                .rule(&rule)
                .and_then(|rule| rule.then.ladder.as_ref())
                .map_or(0, |l| l.steps.len());
            assert!(changed || steps.len() == all, "{rule} for {key} at {position}: {} of {all} steps", steps.len());
            for (step, effects) in &steps {
                let (at, last) = effects
                    .iter()
                    .rev()
                    .find(|(_, effect)| effect.outcome != Outcome::Planned)
                    .unwrap_or_else(|| panic!("{rule} for {key} at {position}: nothing came of step {step}"));
                let by = &self.records[*at as usize - 1].input;
                let answered =
                    |human: &HumanAction| matches!(human, HumanAction::Acknowledge(_) | HumanAction::Close { .. });
                match last.outcome {
                    Outcome::Cancelled if last.reason.starts_with("acknowledged") || last.reason.contains("closed") => {
                        let person = matches!(by, Input::Human(human) if answered(&human.action));
                        assert!(person, "{rule} for {key}, step {step}: {} by {by:?}", last.reason);
                    }
                    _ => assert!(!last.reason.is_empty()),
                }
            }
        }
    }
}

/// Tells whether what is written is what arrived, by name where the vocabulary has changed.
fn is_same(written: &Input, arrived: &Arrived, sets: &[Arc<RuleSet>]) -> bool {
    if *written == arrived.input {
        return true;
    }
    let Some(old) = &arrived.read_with else { return false };
    let moved = |new: &Arc<RuleSet>| match &arrived.input {
        Input::Signal(signal) => signal.remap(old, &new.vocabulary).map(Input::Signal),
        Input::Fact(change) => change.remap(old, &new.vocabulary).map(Input::Fact),
        _ => None,
    };
    sets.iter().any(|new| moved(new).as_ref() == Some(written))
}

/// The key of a rule's limit, from a firing's values, as text: `None` where it has no limit or it cannot be told.
fn limit_key(rule: &Rule, firing: &Firing) -> Option<String> {
    let limit = rule.limit.as_ref()?;
    let signal = firing.values.signal.as_ref();
    let part = |access: &touchline::ir::expr::Access| -> Option<Value> {
        if !access.facts.is_empty() {
            return None;
        }
        match access.root {
            Root::Signal(field) => signal.map(|signal| signal.field(field).clone()),
            Root::Key(place) => firing.values.key.get(place as usize).cloned(),
            _ => None,
        }
    };
    let parts: Option<Vec<Value>> = limit.per.iter().map(|(_, access)| part(access)).collect();
    parts.map(|parts| format!("{parts:?}"))
}
