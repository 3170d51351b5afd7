//! A playbook's tree compiled once more against what its unit has read already: for trees that stand in no file.

use rustc_hash::FxHashSet;

use crate::compile::lower::Lower;
use crate::compile::project::Unit;
use crate::ir::Rule;
use crate::lang::source::Sources;
use crate::lang::tree;
use crate::value::Str;

/// Resolves all rules of a tree; `None` where anything in it is an error. Mail templates count as sound.
pub fn again(sources: &Sources, unit: &Unit, tree: &tree::Playbook) -> Option<Vec<Rule>> {
    let roles: Option<FxHashSet<Str>> =
        unit.directory_path.as_ref().map(|_| unit.directory.roles().into_iter().cloned().collect());
    let broken_templates = FxHashSet::default();
    let mut lower = Lower::of(sources, unit, tree, roles.as_ref(), &broken_templates);
    lower.is_all = false;
    let (_, rules) = lower.playbook(sources, tree);
    (lower.errors == 0).then_some(rules)
}
