//! Signals known again (M6).
//!
//! A signal is known by source and id for the vocabulary's duplicate memory, counted on the engine's clock from its
//! first arrival. The same content again is a duplicate; other content is an update, which fills only fields that
//! were missing. Only hashes are kept, except of signals with something missing: those are kept whole, a bounded
//! number of them, so that an update can be laid over them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use hashbrown::HashTable;
use jiff::{SignedDuration, Timestamp};
use rustc_hash::FxHashMap;
use serde::de::Error;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::engine::kept::Kept;
use crate::engine::state::RuleNo;
use crate::engine::window::At;
use crate::id::EffectId;
use crate::signal::Signal;
use crate::vocabulary::Vocabulary;

/// How many signals with missing fields are kept whole; the oldest are given up, and updates to them fill nothing.
pub const ORIGINALS_KEPT: usize = 200_000;

/// What is known of earlier signals. Millions are known at a time, so each takes one entry of 36 bytes and a number in a
/// table: a map of names would take three times that.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// In order of first arrival.
    known: VecDeque<Known>,
    /// The number of the first of `known`.
    first: u64,
    /// Where each name is: the lower half of its number.
    places: HashTable<u32>,
    /// By number.
    originals: BTreeMap<u64, Box<Original>>,
}

/// One signal that is known.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Known {
    /// When it came first.
    at: At,
    name: EffectId,
    content: Content,
}

/// The first half of a hash: of two contents of one signal it is asked whether they differ, and of no others.
type Content = [u8; 8];

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
        let content = half(content);
        let name = name(signal);
        let Some(place) = self.find(name) else {
            self.know(Known { at: now.into(), name, content });
            return Arrival::New;
        };
        if self.known[place].content == content {
            return Arrival::Duplicate;
        }
        self.known[place].content = content;
        let number = self.first + place as u64;
        Arrival::Update(self.originals.get_mut(&number).and_then(|original| original.fill(signal)))
    }

    /// Keeps a signal whole that has something missing, with the rules it took part in; as `kept` where a window keeps it, too.
    pub fn keep(&mut self, signal: &Signal, (took_part, kept): (Vec<RuleNo>, Option<Kept>)) {
        if !signal.fields.iter().any(|field| field.is_missing()) {
            return;
        }
        let Some(place) = self.find(name(signal)) else { return };
        match self.originals.get_mut(&(self.first + place as u64)) {
            Some(original) => original.took_part.extend(took_part),
            None => {
                let signal = kept.unwrap_or_else(|| Kept::of(signal));
                self.originals.insert(self.first + place as u64, Box::new(Original { signal, took_part }));
            }
        }
        while self.originals.len() > ORIGINALS_KEPT {
            self.originals.pop_first();
        }
    }

    /// Returns the signals with something missing that a rule took part in.
    pub fn took_part(&self, rule: RuleNo) -> Vec<EffectId> {
        let took = |(_, original): &(EffectId, &Original)| original.took_part.contains(&rule);
        let mut names: Vec<EffectId> = self.originals().filter(took).map(|(name, _)| name).collect();
        names.sort();
        names
    }

    /// Says in which of them a rule took part, and in no others.
    pub fn set_took_part(&mut self, rule: RuleNo, names: &[EffectId]) {
        for (number, original) in &mut self.originals {
            original.took_part.retain(|of| *of != rule);
            let name = self.known[(number - self.first) as usize].name;
            if names.binary_search(&name).is_ok() {
                original.took_part.push(rule);
            }
        }
    }

    fn forget(&mut self, now: Timestamp, memory: SignedDuration) {
        while let Some(oldest) = self.known.front().copied() {
            if Timestamp::from(oldest.at).checked_add(memory).is_ok_and(|until| until > now) {
                break;
            }
            let number = self.first;
            if let Ok(found) = self.places.find_entry(hash(oldest.name), |of| *of == number as u32) {
                found.remove();
            }
            self.originals.remove(&number);
            self.known.pop_front();
            self.first += 1;
        }
    }

    /// Keeps signals no longer whole that `gone` says: an update lays nothing over them.
    pub fn erase(&mut self, gone: &dyn Fn(&Signal) -> bool) {
        self.originals.retain(|_, original| !gone(&original.signal.signal()));
    }

    /// Moves kept signals to another vocabulary, and rules to their new places.
    pub fn remap(&mut self, old: &Vocabulary, new: &Vocabulary, places: &dyn Fn(RuleNo) -> Option<RuleNo>) {
        self.originals.retain(|_, original| {
            let moved = original.signal.signal().remap(old, new);
            original.took_part = original.took_part.iter().filter_map(|rule| places(*rule)).collect();
            moved.map(|signal| original.signal = Kept::of(&signal)).is_some()
        });
    }

    /// Returns where in `known` a signal is.
    fn find(&self, name: EffectId) -> Option<usize> {
        let found = self.places.find(hash(name), |number| self.known[place(*number, self.first)].name == name);
        found.map(|number| place(*number, self.first))
    }

    /// Takes in one that is not known.
    fn know(&mut self, new: Known) {
        let number = self.first + self.known.len() as u64;
        self.known.push_back(new);
        let Seen { known, first, places, .. } = self;
        places.insert_unique(hash(new.name), number as u32, |of| hash(known[place(*of, *first)].name));
    }

    /// Returns those kept whole, by name, in order of arrival.
    fn originals(&self) -> impl ExactSizeIterator<Item = (EffectId, &Original)> {
        self.originals.iter().map(|(number, original)| {
            let name = self.known[(number - self.first) as usize].name;
            (name, &**original)
        })
    }
}

/// Returns where in `known` the signal with this half of a number is.
fn place(number: u32, first: u64) -> usize {
    number.wrapping_sub(first as u32) as usize
}

/// A name is a hash already.
fn hash(name: EffectId) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&name.0[..8]);
    u64::from_le_bytes(first)
}

fn half(content: EffectId) -> Content {
    let mut half = [0; 8];
    half.copy_from_slice(&content.0[..8]);
    half
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

/// Two that know the same are the same, wherever they began to count.
impl PartialEq for Seen {
    fn eq(&self, other: &Seen) -> bool {
        self.known == other.known && self.originals().eq(other.originals())
    }
}

/// The written form: who is known, in what order they came, and which are kept whole. It is that of format 5 of the
/// state, and older ones; a content takes the whole of a hash there.
impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut written = to.serialize_struct("Seen", 3)?;
        written.serialize_field("known", &Names(self))?;
        written.serialize_field("order", &Order(self))?;
        let originals: Vec<EffectId> = self.originals().map(|(name, _)| name).collect();
        written.serialize_field("originals", &originals)?;
        written.end()
    }
}

struct Names<'a>(&'a Seen);

impl Serialize for Names<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Seen { known, first, originals, .. } = self.0;
        let written = |(known, number): (&Known, u64)| {
            let mut content = EffectId([0; 16]);
            content.0[..8].copy_from_slice(&known.content);
            (known.name, (content, originals.get(&number)))
        };
        to.collect_map(known.iter().zip(*first..).map(written))
    }
}

struct Order<'a>(&'a Seen);

impl Serialize for Order<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.known.iter().map(|known| (Timestamp::from(known.at), known.name)))
    }
}

#[derive(Deserialize)]
#[serde(rename = "Seen")]
struct Written {
    known: FxHashMap<EffectId, (EffectId, Option<Box<Original>>)>,
    order: VecDeque<(Timestamp, EffectId)>,
    /// Those of `known` that are kept whole.
    #[expect(dead_code, reason = "part of the written form")]
    originals: VecDeque<EffectId>,
}

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Seen, D::Error> {
        let Written { known: mut names, order, .. } = Written::deserialize(from)?;
        let mut seen = Seen::default();
        for (number, (at, name)) in (0..).zip(order) {
            let missing = || D::Error::custom("a signal has an order and no content");
            let (content, original) = names.remove(&name).ok_or_else(missing)?;
            seen.know(Known { at: at.into(), name, content: half(content) });
            seen.originals.extend(original.map(|original| (number, original)));
        }
        Ok(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SignalId;
    use crate::value::Value;
    use crate::vocabulary::SignalNo;

    fn signal(id: u64, value: Value) -> Signal {
        let id = SignalId { source: "".into(), id: id.to_string().as_str().into() };
        Signal { id, kind: SignalNo(0), at: Timestamp::UNIX_EPOCH, fields: vec![value] }
    }

    fn second(second: u64) -> Timestamp {
        Timestamp::from_second(second as i64).expect("a test's instant is small")
    }

    #[test]
    fn what_is_known_is_known_for_its_time_and_again_after_it_was_written() {
        let memory = SignedDuration::from_secs(1_000);
        let mut seen = Seen::default();
        for at in 0..5_000 {
            let one = signal(at, Value::Missing);
            assert_eq!(seen.arrive(&one, second(at), memory), Arrival::New);
            seen.keep(&one, (vec![at as RuleNo % 3], None));
        }
        let bytes = postcard::to_stdvec(&seen).expect("it can be written");
        let again: Seen = postcard::from_bytes(&bytes).expect("it was written by us");
        assert_eq!(again, seen);
        assert_eq!(again.took_part(1), seen.took_part(1));
        assert_eq!(seen.took_part(1).len(), 334);
        for mut seen in [seen, again] {
            assert_eq!(seen.known.len(), 1_000);
            let now = second(4_999);
            for at in 4_000..5_000 {
                assert_eq!(seen.arrive(&signal(at, Value::Missing), now, memory), Arrival::Duplicate);
            }
            let told = signal(4_321, Value::YesNo(true));
            let filled = Filled { signal: Arc::new(told.clone()), took_part: vec![4_321 % 3] };
            assert_eq!(seen.arrive(&told, now, memory), Arrival::Update(Some(filled)));
            assert_eq!(seen.arrive(&told, now, memory), Arrival::Duplicate);
            assert_eq!(seen.arrive(&signal(3_999, Value::Missing), now, memory), Arrival::New);
        }
    }

    #[test]
    fn numbers_go_round_the_end_of_their_half() {
        let memory = SignedDuration::from_secs(10);
        let mut seen = Seen { first: u64::from(u32::MAX) - 20, ..Seen::default() };
        for at in 0..100 {
            let one = signal(at, Value::Missing);
            assert_eq!(seen.arrive(&one, second(at), memory), Arrival::New);
            seen.keep(&one, (vec![], None));
            assert_eq!(seen.arrive(&one, second(at), memory), Arrival::Duplicate);
        }
        assert_eq!((seen.known.len(), seen.places.len(), seen.originals.len()), (10, 10, 10));
    }
}
