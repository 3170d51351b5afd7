//! Which decisions of two versions are the same, which moved, which are new and which are gone.
//!
//! The same: rule, key and instant; one that led to something else is told apart. Moved: the same rule and key at another time,
//! with a signal behind both, or one episode: where one version decides, the other says that the episode lasts since it did.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use crate::engine::effect::Outcome;
use crate::id::RuleId;
use crate::vocabulary::text::fold;

use super::answers::shares;
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

impl Sides<'_> {
    /// Tells whether two decisions are one at different times.
    fn moved(&self, was: usize, is: usize) -> bool {
        let (one, other) = (&self.old[was].firing, &self.new[is].firing);
        let lasts =
            |declined: Option<&Declined>, since: Timestamp| declined.is_some_and(|why| why.since == Some(since));
        shares(one, other) || lasts(self.old_declined.get(&was), other.at) || lasts(self.new_declined.get(&is), one.at)
    }
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
    let mut left = both.old;
    let mut free = vec![];
    // A rule without a key may decide on several signals of one instant.
    let alike: [fn(&Decision, &Decision) -> bool; 2] = [
        |one, other| one.firing.at == other.firing.at && one.firing.signal == other.firing.signal,
        |one, other| one.firing.at == other.firing.at,
    ];
    let mut open = both.new;
    for alike in alike {
        for is in std::mem::take(&mut open) {
            match left.iter().position(|was| alike(&old[*was], &new[is])) {
                Some(place) => {
                    let was = left.remove(place);
                    let same = consequences(&old[was]) == consequences(&new[is]);
                    pairs.push(if same { Pair::Same(was, is) } else { Pair::Otherwise(was, is) });
                }
                None => open.push(is),
            }
        }
    }
    for is in open {
        match left.iter().position(|was| sides.moved(*was, is)) {
            Some(place) => pairs.push(Pair::Moved(left.remove(place), is)),
            None => free.push(is),
        }
    }
    pairs.extend(left.into_iter().map(Pair::Gone));
    pairs.extend(free.into_iter().map(Pair::New));
    pairs
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
