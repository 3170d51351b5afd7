//! `Plans`: actions to come, as they are kept.
//!
//! Steps of ladders wait by the hundred thousand, and each is looked at again once, when it is due or taken back. Spread out,
//! a plan with its firing takes over a kilobyte; in their written form, the firing written once for all its plans, a quarter
//! of that. Left out: what becomes of a plan (`act`, `replan`).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use triomphe::ThinArc;

use crate::engine::act::{ActionPlace, Plan, Prepared};
use crate::engine::effect::Firing;
use crate::engine::state::{Key, RuleNo};
use crate::id::EffectId;
use crate::value::Str;
use crate::vocabulary::{CalendarNo, ThingNo};

/// Actions to come, by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plans {
    kept: BTreeMap<u64, Kept>,
    /// The firing written last: plans of one firing come one after the other.
    last: Option<(Arc<Firing>, Written)>,
}

/// A plan in its written form, one word wide: its rule and its firing, and the rest.
#[derive(Clone, Debug, PartialEq)]
struct Kept(ThinArc<(RuleNo, Written), u8>);

/// A firing in its written form.
type Written = ThinArc<(), u8>;

/// What is written of a plan beside its firing and its rule. Instants are numbers: in letters they would take half of it.
type Rest<Key, Things, Prepared> =
    (EffectId, Key, ActionPlace, Instant, bool, Option<CalendarNo>, Option<Instant>, Option<u64>, Things, Prepared);

type Instant = (i64, i32);

impl Plans {
    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Takes one in.
    pub fn insert(&mut self, number: u64, plan: Plan) {
        let kept = self.pack(plan);
        self.kept.insert(number, kept);
    }

    /// Takes one out.
    pub fn remove(&mut self, number: u64) -> Option<Plan> {
        self.kept.remove(&number).map(|kept| kept.plan())
    }

    /// Returns one.
    pub fn get(&self, number: u64) -> Option<Plan> {
        self.kept.get(&number).map(Kept::plan)
    }

    /// Returns all, by number.
    pub fn iter(&self) -> impl Iterator<Item = (u64, Plan)> {
        self.kept.iter().map(|(number, kept)| (*number, kept.plan()))
    }

    /// Returns those of a rule, by number.
    pub fn of_rule(&self, rule: RuleNo) -> impl Iterator<Item = (u64, Plan)> {
        let mine = self.kept.iter().filter(move |(_, kept)| kept.rule() == rule);
        mine.map(|(number, kept)| (*number, kept.plan()))
    }

    /// Takes in many.
    pub fn extend(&mut self, plans: Vec<(u64, Plan)>) {
        plans.into_iter().for_each(|(number, plan)| self.insert(number, plan));
    }

    /// Says of each which rule it is of.
    pub fn each_rule(&mut self, change: impl Fn(RuleNo) -> RuleNo) {
        for kept in self.kept.values_mut() {
            let (_, firing) = &kept.0.header.header;
            *kept = Kept::of((change(kept.rule()), firing.clone()), &kept.0.slice);
        }
    }

    /// Changes every one.
    pub fn each(&mut self, mut change: impl FnMut(&mut Plan)) {
        for (number, kept) in std::mem::take(&mut self.kept) {
            let mut plan = kept.plan();
            change(&mut plan);
            self.insert(number, plan);
        }
    }

    fn pack(&mut self, plan: Plan) -> Kept {
        let Plan { id, rule, key, place, due, planned, during, next_due, account, firing, things, prepared } = plan;
        let (due, next_due) = (instant(due), next_due.map(instant));
        let rest: Rest<_, _, _> = (id, key, place, due, planned, during, next_due, account, things, prepared);
        Kept::of((rule, self.firing(firing)), &written(&rest))
    }

    /// Returns a firing in its written form, shared with the plan before where it is the same.
    fn firing(&mut self, firing: Arc<Firing>) -> Written {
        if let Some((last, bytes)) = &self.last
            && Arc::ptr_eq(last, &firing)
        {
            return bytes.clone();
        }
        let mut bytes = Written::from_header_and_slice((), &written(&*firing));
        // Those read back from a state, or taken out and put back, have each a firing of their own.
        if let Some((_, last)) = &self.last
            && *last == bytes
        {
            bytes = last.clone();
        }
        self.last = Some((firing, bytes.clone()));
        bytes
    }
}

impl Kept {
    fn of(head: (RuleNo, Written), rest: &[u8]) -> Kept {
        Kept(ThinArc::from_header_and_slice(head, rest))
    }

    fn rule(&self) -> RuleNo {
        self.0.header.header.0
    }

    fn plan(&self) -> Plan {
        let (rule, firing) = &self.0.header.header;
        let rest: Rest<Key, Vec<(ThingNo, Str)>, Prepared> = read(&self.0.slice);
        let (id, key, place, due, planned, during, next_due, account, things, prepared) = rest;
        let (due, next_due) = (timestamp(due), next_due.map(timestamp));
        let (rule, firing) = (*rule, Arc::new(read(&firing.slice)));
        Plan { id, rule, key, place, due, planned, during, next_due, account, firing, things, prepared }
    }
}

fn instant(at: Timestamp) -> Instant {
    (at.as_second(), at.subsec_nanosecond())
}

fn timestamp((second, nanosecond): Instant) -> Timestamp {
    Timestamp::new(second, nanosecond).expect("it was made from one")
}

fn written<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).expect("a plan has no value that cannot be written")
}

fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> T {
    postcard::from_bytes(bytes).expect("it was written by `written`")
}

impl PartialEq for Plans {
    fn eq(&self, other: &Plans) -> bool {
        self.kept == other.kept
    }
}

/// Written as a map of numbers to plans.
impl Serialize for Plans {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.len()))?;
        for (number, plan) in self.iter() {
            map.serialize_entry(&number, &plan)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Plans {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Plans, D::Error> {
        let mut plans = Plans::default();
        from.deserialize_map(Reader(&mut plans))?;
        Ok(plans)
    }
}

/// Packs plans as they are read: all of them spread out would take several times the room.
struct Reader<'a>(&'a mut Plans);

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("plans by number")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((number, plan)) = map.next_entry()? {
            self.0.insert(number, plan);
        }
        Ok(())
    }
}
