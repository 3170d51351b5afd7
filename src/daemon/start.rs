//! Start: the newest sound checkpoint at or before the cursor, its rule set by hash, the journal folded up to the cursor with
//! its effects thrown away (they are committed), then on to the end with its effects kept.

use std::sync::Arc;

use crate::daemon::fold::{FoldError, FoldOptions, Folder};
use crate::daemon::rules::Rules;
use crate::daemon::turn::{WriteError, Writer, commit};
use crate::engine::ruleset::RuleSet;
use crate::engine::store::{Epoch, RuleSources, Store, StoreError, Turn, Vault, Version};
use crate::id::Position;

/// A daemon that is ready to run: drive the two by hand, or hand them to `daemon::run`.
pub struct Started {
    /// Writes.
    pub writer: Writer,
    /// Folds.
    pub folder: Folder,
    /// What there is to say.
    pub report: Report,
}

/// What a start did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Whether the store was empty.
    pub is_new: bool,
    /// Where the checkpoint stood that it went on from; 0 for the very beginning.
    pub from: Position,
    /// How far the journal reached.
    pub to: Position,
    /// How many inputs were folded again whose effects were committed.
    pub folded_again: u64,
    /// How many inputs were folded whose effects were not.
    pub folded_anew: u64,
    /// Checkpoints that were passed over.
    pub damaged: Vec<String>,
    /// Inputs that were set aside now.
    pub set_aside: Vec<Position>,
}

/// Why there is no start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// The first turn.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// An empty store, and nothing to begin it with.
    #[error("the store is empty, and there are no playbooks to begin with")]
    NoRules,
}

/// Starts on a store: takes it over, restores the state and folds what is left. An empty store begins with `first`, which is
/// not looked at otherwise, and may be absent then: whoever calls compares what runs then with what is on disk, and switches.
pub fn start(
    mut store: Box<dyn Store>,
    first: impl Into<Option<(Arc<RuleSet>, RuleSources)>>,
    options: FoldOptions,
) -> Result<Started, StartError> {
    let epoch = store.acquire()?;
    let clock = options.clock.clone();
    let mut rules = Rules::default();
    let first = first.into();
    let versions = store.versions()?;
    if let Some((ruleset, sources)) = &first {
        // What is on disk now need not be compiled again, unless it differs in what no hash tells.
        let stands = versions.iter().find(|version| version.hash == ruleset.hash);
        if versions.is_empty() || stands.is_some_and(|version| version.sources == *sources) {
            rules.add(ruleset.clone());
        }
    }
    let mut report = Report { is_new: versions.is_empty(), ..Report::default() };
    if report.is_new {
        begin(&mut *store, epoch, first.ok_or(StartError::NoRules)?)?;
    }
    let ends = store.ends()?;
    ends_where_checkpoints_do(&*options.vault, ends.last)?;
    let (mut folder, damaged) = Folder::open(store.reader()?, rules, options, ends.cursor)?;
    report.damaged = damaged;
    (report.from, report.to) = (folder.engine().position(), ends.last);
    let again = folder.fold_journal(ends.cursor)?;
    let mut writer = Writer::new(store, epoch, folder.engine().ruleset().clone(), clock)?;
    let mut anew = folder.fold_journal(ends.last)?;
    report.folded_again = ends.cursor.0 - report.from.0;
    report.folded_anew = ends.last.0 - ends.cursor.0;
    // What was folded again is committed; only what was newly found to be poisonous is news.
    anew.set_aside.splice(0..0, again.set_aside);
    anew.checkpoint = anew.checkpoint.or(again.checkpoint);
    report.set_aside = anew.set_aside.iter().map(|aside| aside.position).collect();
    writer.rules_now(folder.engine().ruleset().clone());
    writer.take(anew);
    Ok(Started { writer, folder, report })
}

/// Writes the first rule set into an empty store.
fn begin(
    store: &mut dyn Store,
    epoch: Epoch,
    (ruleset, sources): (Arc<RuleSet>, RuleSources),
) -> Result<(), StartError> {
    let number = store.ends()?.turn + 1;
    let first = Version { from: Position(0), at: None, hash: ruleset.hash, sources };
    let turn = Turn { number, versions: vec![first], ..Turn::default() };
    Ok(commit(store, epoch, &turn)?)
}

/// A checkpoint is kept only once what it holds is in the journal: one beyond its end means that the journal has lost its
/// end, which the journal itself cannot tell from a crash.
fn ends_where_checkpoints_do(vault: &dyn Vault, last: Position) -> Result<(), StoreError> {
    match vault.positions()?.last() {
        Some(position) if *position > last => Err(StoreError::Damaged {
            what: "the journal".into(),
            how: format!("it ends at position {}, and a checkpoint is of position {}", last.0, position.0),
            remedy: "Its log (`touchline.sqlite-wal`) is missing or damaged: put it back if you have it, or put the \
                     latest backup (`touchline backup`) in a new folder, and start on that."
                .into(),
        }),
        _ => Ok(()),
    }
}
