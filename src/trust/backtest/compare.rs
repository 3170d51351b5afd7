//! Which decisions of two versions are the same, which moved, which are new and which are gone.
//!
//! The same: rule, key and instant; one that led to something else is told apart. Moved: the same rule and key at another time,
//! with a signal behind both, or one episode: where one version decides, the other says that the episode lasts since it did.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use jiff::Timestamp;

use crate::engine::effect::Outcome;
use crate::id::{RuleId, SignalId};
use crate::vocabulary::text::fold;

use super::answers::behind;
use super::player::{Decision, Declined};

/// What became of a decision. Places are those among the decisions of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pair {
    /// Both decide it, at the same time, with the same consequences.
    Same(usize, usize),
    /// Both decide it at the same time, and something else comes of it.
    Otherwise(usize, usize),
    /// Both decide it, at different times.
    Moved(usize, usize),
    /// Only the version that was.
    Gone(usize),
    /// Only the version that is to be.
    New(usize),
}

impl Pair {
    /// Returns its places in both.
    pub fn places(self) -> (Option<usize>, Option<usize>) {
        match self {
            Pair::Same(old, new) | Pair::Otherwise(old, new) | Pair::Moved(old, new) => (Some(old), Some(new)),
            Pair::Gone(old) => (Some(old), None),
            Pair::New(new) => (None, Some(new)),
        }
    }
}

/// Decisions of one rule and key of both versions.
#[derive(Default)]
struct Both {
    old: Vec<usize>,
    new: Vec<usize>,
}

/// What both versions decided, and why each did not decide what the other one did.
#[derive(Clone, Copy)]
pub struct Sides<'a> {
    /// Decisions of the version that was.
    pub old: &'a [Decision],
    /// Decisions of the version that is to be.
    pub new: &'a [Decision],
    /// Why the new version declined decisions of the old one, by their places.
    pub old_declined: &'a HashMap<usize, Declined>,
    /// Why the old version declined decisions of the new one.
    pub new_declined: &'a HashMap<usize, Declined>,
}

/// Pairs the decisions of two versions from `since` on, rule by rule, in order of time.
pub fn pairs(sides: Sides, since: Option<Timestamp>) -> BTreeMap<RuleId, Vec<Pair>> {
    let Sides { old, new, .. } = sides;
    let mut groups: HashMap<(RuleId, String), Both> = HashMap::new();
    let name = |decision: &Decision| (decision.firing.rule.clone(), fold(&decision.key).into_owned());
    for (place, decision) in old.iter().enumerate() {
        groups.entry(name(decision)).or_default().old.push(place);
    }
    for (place, decision) in new.iter().enumerate() {
        groups.entry(name(decision)).or_default().new.push(place);
    }
    let mut pairs: BTreeMap<RuleId, Vec<Pair>> = BTreeMap::new();
    for ((rule, _), both) in groups {
        pairs.entry(rule).or_default().extend(of_group(sides, both));
    }
    let at = |pair: &Pair| {
        let (was, is) = pair.places();
        let instants = [was.map(|place| old[place].firing.at), is.map(|place| new[place].firing.at)];
        (instants.into_iter().flatten().min(), instants.into_iter().flatten().max(), was, is)
    };
    for found in pairs.values_mut() {
        found.retain(|pair| since.is_none_or(|since| at(pair).1.is_some_and(|last| last >= since)));
        found.sort_by_key(at);
    }
    pairs
}

fn of_group(sides: Sides, both: Both) -> Vec<Pair> {
    let Sides { old, new, .. } = sides;
    let mut pairs = vec![];
    let (mut left, mut open) = (both.old, both.new);
    // A rule without a key may decide on several signals of one instant: first those of one signal.
    for by_signal in [true, false] {
        let name = |decision: &Decision| {
            let signal = decision.firing.signal.clone().filter(|_| by_signal);
            (decision.firing.at, signal)
        };
        let mut waiting: HashMap<_, VecDeque<usize>> = HashMap::new();
        left.iter().for_each(|was| waiting.entry(name(&old[*was])).or_default().push_back(*was));
        let mut taken = BTreeSet::new();
        open.retain(|is| {
            let Some(was) = waiting.get_mut(&name(&new[*is])).and_then(VecDeque::pop_front) else { return true };
            let same = consequences(&old[was]) == consequences(&new[*is]);
            pairs.push(if same { Pair::Same(was, *is) } else { Pair::Otherwise(was, *is) });
            taken.insert(was);
            false
        });
        left.retain(|was| !taken.contains(was));
    }
    let alike = Alike::of(sides, &left);
    let mut gone: BTreeSet<usize> = left.into_iter().collect();
    for is in open {
        let was = alike.to(sides, is).into_iter().find(|was| gone.contains(was));
        pairs.push(was.map_or(Pair::New(is), |was| Pair::Moved(was, is)));
        if let Some(was) = was {
            gone.remove(&was);
        }
    }
    pairs.extend(gone.into_iter().map(Pair::Gone));
    pairs
}

/// Decisions of the version that was, by what a decision at another time can have in common with them.
#[derive(Default)]
struct Alike<'a> {
    /// The signals behind them.
    signals: HashMap<&'a SignalId, Vec<usize>>,
    /// When they were made.
    at: HashMap<Timestamp, Vec<usize>>,
    /// Since when the new version says that their episode lasts.
    since: HashMap<Timestamp, Vec<usize>>,
}

impl<'a> Alike<'a> {
    fn of(sides: Sides<'a>, left: &[usize]) -> Alike<'a> {
        let mut alike = Alike::default();
        for was in left {
            let firing = &sides.old[*was].firing;
            behind(firing).for_each(|signal| alike.signals.entry(signal).or_default().push(*was));
            alike.at.entry(firing.at).or_default().push(*was);
            if let Some(since) = sides.old_declined.get(was).and_then(|why| why.since) {
                alike.since.entry(since).or_default().push(*was);
            }
        }
        alike
    }

    /// Returns what may be the same as a decision of the new version, the earliest first.
    fn to(&self, sides: Sides, is: usize) -> BTreeSet<usize> {
        let firing = &sides.new[is].firing;
        let lasts = sides.new_declined.get(&is).and_then(|why| why.since);
        let of_signals = behind(firing).filter_map(|signal| self.signals.get(signal));
        let of_episode = [lasts.and_then(|since| self.at.get(&since)), self.since.get(&firing.at)];
        of_signals.chain(of_episode.into_iter().flatten()).flatten().copied().collect()
    }
}

/// Returns what came of a decision: what was sent or done, and how long after it.
fn consequences(decision: &Decision) -> BTreeSet<(i64, &str, usize)> {
    let mut again: HashMap<(i64, &str), usize> = HashMap::new();
    let done = decision.effects.iter().filter(|came| came.outcome == Outcome::Sent);
    done.map(|came| {
        let after = came.at.duration_since(decision.firing.at).as_secs();
        let times = again.entry((after, &*came.same)).or_default();
        *times += 1;
        (after, &*came.same, *times)
    })
    .collect()
}
