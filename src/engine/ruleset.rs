//! `RuleSet`: every rule of one vocabulary, immutable, with its hash and its index.

use std::collections::BTreeSet;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::id::RuleId;
use crate::ir::{Rule, Trigger};
use crate::template::Templates;
use crate::vocabulary::directory::Directory;
use crate::vocabulary::{SignalNo, ThingNo, Vocabulary};

/// Rules compiled together.
#[derive(Debug)]
pub struct RuleSet {
    /// What the rules speak of.
    pub vocabulary: Arc<Vocabulary>,
    /// Who fills which role where.
    pub directory: Arc<Directory>,
    /// Mail templates.
    pub templates: Arc<Templates>,
    /// The rules, ordered by id.
    pub rules: Vec<Arc<Rule>>,
    /// A hash of all of the above.
    pub hash: [u8; 16],
    by_signal: Vec<Vec<u32>>,
    /// Things that some check or schedule runs over.
    runs_over: BTreeSet<ThingNo>,
}

impl RuleSet {
    /// Builds the set and its index. Rules may come in any order; ids are unique (the compiler saw to it).
    pub fn new(
        vocabulary: Arc<Vocabulary>,
        directory: Arc<Directory>,
        templates: Arc<Templates>,
        mut rules: Vec<Arc<Rule>>,
    ) -> RuleSet {
        rules.sort_by(|one, other| one.id.cmp(&other.id));
        let mut by_signal = vec![Vec::new(); vocabulary.signals.len()];
        for (place, rule) in rules.iter().enumerate() {
            for signal in rule.signals() {
                by_signal[signal.index()].push(place as u32);
            }
        }
        let mut sum = Sha256::new();
        sum.update(vocabulary.fingerprint);
        sum.update(directory.fingerprint);
        sum.update(templates.fingerprint());
        rules.iter().for_each(|rule| sum.update(rule.fingerprint()));
        let mut hash = [0; 16];
        hash.copy_from_slice(&sum.finalize()[..16]);
        let runs_over =
            rules.iter().filter(|rule| rule.check.is_some() || matches!(rule.trigger, Trigger::Schedule(_)));
        let runs_over = runs_over.flat_map(|rule| &rule.key).filter_map(|part| part.thing).collect();
        RuleSet { vocabulary, directory, templates, rules, hash, by_signal, runs_over }
    }

    /// Returns this set with the running version of every rule in `broken`, where `running` has one: a rule that does not
    /// compile keeps what runs (M24). A vocabulary changes together with all rules or not at all: with another one,
    /// nothing can be kept, and the set is refused with the rules that stand in its way.
    pub fn keeping(&self, running: &RuleSet, broken: &[RuleId]) -> Result<RuleSet, Vec<RuleId>> {
        let kept: Vec<&Arc<Rule>> = broken.iter().filter_map(|id| running.rule(id)).collect();
        if !kept.is_empty() && self.vocabulary.fingerprint != running.vocabulary.fingerprint {
            return Err(kept.into_iter().map(|rule| rule.id.clone()).collect());
        }
        let sound = self.rules.iter().filter(|rule| !broken.contains(&rule.id));
        let rules = sound.chain(kept).cloned().collect();
        Ok(RuleSet::new(self.vocabulary.clone(), self.directory.clone(), self.templates.clone(), rules))
    }

    /// Returns the places in `rules` of every rule that could match a signal of this kind: may name too many,
    /// never too few (invariant 9). Ordered by rule id.
    pub fn candidates(&self, signal: SignalNo) -> &[u32] {
        self.by_signal.get(signal.index()).map_or(&[], Vec::as_slice)
    }

    /// Tells whether some check or schedule runs over every one of a thing.
    pub(crate) fn runs_over(&self, thing: ThingNo) -> bool {
        self.runs_over.contains(&thing)
    }

    /// Finds a rule.
    pub fn rule(&self, id: &RuleId) -> Option<&Arc<Rule>> {
        let place = self.rules.binary_search_by(|rule| rule.id.cmp(id)).ok()?;
        self.rules.get(place)
    }
}
