//! Rule sets by hash: compiled again from the sources that the store keeps.
//!
//! A rule set may hold rules that were kept from the one before because their new version did not compile (M24); then that
//! one is compiled first. What comes out must have the hash that was asked for: the rules that decided are part of the
//! journal, and others would decide otherwise.
//!
//! Comments and the order of files are no part of a hash, but traces say where a clause is written. So of several versions
//! with one hash the first stands for all of them, live and when the journal is folded again.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::compile;
use crate::engine::ruleset::RuleSet;
use crate::engine::store::{Hash, Reader, RuleSources, StoreError};
use crate::id::RuleId;
use crate::lang::source::Sources;

/// More rule sets than this, each with a rule kept from the one before, are not followed back.
const LONGEST_CHAIN: usize = 10_000;

/// Why a rule set could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store does not know it.
    #[error("the store does not hold the rule set {0}")]
    Unknown(String),
    /// Its sources give another one.
    #[error(
        "the rule set {0} comes out differently when it is compiled again: another version of touchline wrote this store. \
         Start that version on it"
    )]
    Different(String),
}

/// The rule sets of a store, each compiled once.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    compiled: BTreeMap<Hash, Arc<RuleSet>>,
}

impl Rules {
    /// Adds one that is compiled already from the first version with its hash, unless it is known.
    pub fn add(&mut self, ruleset: Arc<RuleSet>) {
        self.compiled.entry(ruleset.hash).or_insert(ruleset);
    }

    /// Takes one that was compiled from the latest version of `store`, and returns the one that stands for it: that of the
    /// first version with its hash.
    pub fn settle(&mut self, ruleset: Arc<RuleSet>, store: &dyn Reader) -> Result<Arc<RuleSet>, RulesError> {
        let hash = ruleset.hash;
        let has_come_back = || Ok::<_, StoreError>(store.versions()?.iter().filter(|of| of.hash == hash).count() > 1);
        if !self.compiled.contains_key(&hash) && !has_come_back()? {
            self.add(ruleset);
        }
        self.get(hash, store)
    }

    /// Returns the rule set with this hash.
    pub fn get(&mut self, hash: Hash, store: &dyn Reader) -> Result<Arc<RuleSet>, RulesError> {
        if let Some(known) = self.compiled.get(&hash) {
            return Ok(known.clone());
        }
        let versions = store.versions()?;
        let sources = |hash: Hash| {
            let found = versions.iter().find(|version| version.hash == hash);
            found.map(|version| &version.sources).ok_or_else(|| RulesError::Unknown(hex(&hash)))
        };
        // Back along the kept rules to one that stands alone or is known, then forward again.
        let mut chain = vec![hash];
        while let Some((before, _)) = &sources(chain[chain.len() - 1])?.kept {
            if self.compiled.contains_key(before) {
                break;
            }
            if chain.contains(before) || chain.len() > LONGEST_CHAIN {
                return Err(RulesError::Different(hex(before)));
            }
            chain.push(*before);
        }
        for hash in chain.into_iter().rev() {
            let sources = sources(hash)?;
            let before = sources.kept.as_ref().and_then(|(before, rules)| Some((self.compiled.get(before)?, rules)));
            let ruleset = compiled(sources, hash, before)?;
            self.add(ruleset);
        }
        self.compiled.get(&hash).cloned().ok_or_else(|| RulesError::Unknown(hex(&hash)))
    }
}

/// Returns the files that a rule set is written in.
pub fn files(sources: &RuleSources) -> Sources {
    let mut files = Sources::default();
    for (path, content) in &sources.files {
        files.add(&**path, content);
    }
    files
}

/// Compiles sources to the rule set with this hash.
fn compiled(
    sources: &RuleSources,
    hash: Hash,
    before: Option<(&Arc<RuleSet>, &Vec<RuleId>)>,
) -> Result<Arc<RuleSet>, RulesError> {
    let files = files(sources);
    let project = compile::project(&files, &compile::Options::default());
    let sets = project.units.iter().filter_map(|unit| {
        let own = unit.ruleset();
        match before {
            Some((running, kept)) => own.keeping(running, kept).ok().map(Arc::new),
            None => Some(own),
        }
    });
    let mut sets = sets.filter(|set| set.hash == hash);
    sets.next().ok_or_else(|| RulesError::Different(hex(&hash)))
}

/// Returns a hash as people see it.
pub fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
