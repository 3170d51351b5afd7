//! Signals known again (M6).
//!
//! A signal is known by source and id for the vocabulary's duplicate memory, counted on the engine's clock from its
//! first arrival. The same content again is a duplicate; other content is an update, which fills only fields that
//! were missing. Only hashes are kept, except of signals with something missing: those are kept whole, a bounded
//! number of them, so that an update can be laid over them.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::engine::kept::Kept;
use crate::engine::state::RuleNo;
use crate::id::EffectId;
use crate::signal::Signal;
use crate::vocabulary::Vocabulary;

/// How many signals with missing fields are kept whole; the oldest are given up, and updates to them fill nothing.
pub const ORIGINALS_KEPT: usize = 200_000;

/// What is known of earlier signals.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seen {
    known: FxHashMap<EffectId, Known>,
    /// In order of first arrival.
    order: VecDeque<(Timestamp, EffectId)>,
    originals: VecDeque<EffectId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Known {
    content: EffectId,
    original: Option<Box<Original>>,
}

/// A signal that had something missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Original {
    /// The signal, with what updates have filled.
    signal: Kept,
    /// Rules it took part in: they never see it a second time.
    took_part: Vec<RuleNo>,
}

/// A signal of which an update has filled something.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Filled {
    /// The signal, with what updates have filled.
    pub signal: Arc<Signal>,
    /// Rules it took part in before.
    pub took_part: Vec<RuleNo>,
}

/// What an arrival is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Arrival {
    /// Never seen.
    New,
    /// The same content.
    Duplicate,
    /// Other content. The original where it is kept and the update fills something.
    Update(Option<Filled>),
}

/// Returns the hash a signal is known by.
fn name(signal: &Signal) -> EffectId {
    EffectId::of(&[signal.id.source.as_bytes(), signal.id.id.as_bytes()])
}

impl Seen {
    /// Takes note of a signal arriving at `now` and says what it is.
    pub fn arrive(&mut self, signal: &Signal, now: Timestamp, memory: SignedDuration) -> Arrival {
        self.forget(now, memory);
        let bytes = postcard::to_stdvec(&(signal.kind, signal.at, &signal.fields));
        let content = EffectId::of(&[&bytes.expect("a signal has no value that cannot be written")]);
        let name = name(signal);
        match self.known.get_mut(&name) {
            None => {
                self.known.insert(name, Known { content, original: None });
                self.order.push_back((now, name));
                Arrival::New
            }
            Some(known) if known.content == content => Arrival::Duplicate,
            Some(known) => {
                known.content = content;
                Arrival::Update(known.original.as_mut().and_then(|original| original.fill(signal)))
            }
        }
    }

    /// Keeps a signal whole that has something missing, with the rules it took part in; as `kept` where a window keeps it, too.
    pub fn keep(&mut self, signal: &Signal, (took_part, kept): (Vec<RuleNo>, Option<Kept>)) {
        if !signal.fields.iter().any(|field| field.is_missing()) {
            return;
        }
        let name = name(signal);
        let Some(known) = self.known.get_mut(&name) else { return };
        match &mut known.original {
            Some(original) => original.took_part.extend(took_part),
            None => {
                let signal = kept.unwrap_or_else(|| Kept::of(signal));
                known.original = Some(Box::new(Original { signal, took_part }));
                self.originals.push_back(name);
            }
        }
        while self.originals.len() > ORIGINALS_KEPT {
            let oldest = self.originals.pop_front().and_then(|oldest| self.known.get_mut(&oldest));
            oldest.into_iter().for_each(|known| known.original = None);
        }
    }

    /// Returns the signals with something missing that a rule took part in.
    pub fn took_part(&self, rule: RuleNo) -> Vec<EffectId> {
        let took = |known: &Known| known.original.as_ref().is_some_and(|original| original.took_part.contains(&rule));
        let mut names: Vec<EffectId> =
            self.known.iter().filter(|(_, known)| took(known)).map(|(name, _)| *name).collect();
        names.sort();
        names
    }

    /// Says in which of them a rule took part, and in no others.
    pub fn set_took_part(&mut self, rule: RuleNo, names: &[EffectId]) {
        for (name, known) in &mut self.known {
            if let Some(original) = &mut known.original {
                original.took_part.retain(|of| *of != rule);
                if names.binary_search(name).is_ok() {
                    original.took_part.push(rule);
                }
            }
        }
    }

    fn forget(&mut self, now: Timestamp, memory: SignedDuration) {
        while let Some((at, oldest)) = self.order.front().copied() {
            if at.checked_add(memory).is_ok_and(|until| until > now) {
                break;
            }
            self.order.pop_front();
            self.known.remove(&oldest);
            if self.originals.front() == Some(&oldest) {
                self.originals.pop_front();
            }
        }
    }

    /// Keeps signals no longer whole that `gone` says: an update lays nothing over them.
    pub fn erase(&mut self, gone: &dyn Fn(&Signal) -> bool) {
        for known in self.known.values_mut() {
            if known.original.as_ref().is_some_and(|original| gone(&original.signal.signal())) {
                known.original = None;
            }
        }
        let known = &self.known;
        self.originals.retain(|name| known.get(name).is_some_and(|known| known.original.is_some()));
    }

    /// Moves kept signals to another vocabulary, and rules to their new places.
    pub fn remap(&mut self, old: &Vocabulary, new: &Vocabulary, places: &dyn Fn(RuleNo) -> Option<RuleNo>) {
        for known in self.known.values_mut() {
            known.original = known.original.take().and_then(|original| {
                let signal = original.signal.signal().remap(old, new)?;
                let took_part = original.took_part.iter().filter_map(|rule| places(*rule)).collect();
                Some(Box::new(Original { signal: Kept::of(&signal), took_part }))
            });
        }
    }
}

impl Original {
    /// Lays an update over what was missing; returns the result if that filled anything.
    fn fill(&mut self, update: &Signal) -> Option<Filled> {
        let mut filled = (*self.signal.signal()).clone();
        if update.kind != filled.kind {
            return None;
        }
        let mut any = false;
        for (field, value) in filled.fields.iter_mut().zip(&update.fields) {
            if field.is_missing() && !value.is_missing() {
                *field = value.clone();
                any = true;
            }
        }
        if !any {
            return None;
        }
        self.signal = Kept::of(&filled);
        Some(Filled { signal: Arc::new(filled), took_part: self.took_part.clone() })
    }
}
