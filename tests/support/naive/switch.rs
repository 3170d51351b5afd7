//! Another rule set decides from here on (M10, M21, M24). It never fires and never enters: what was over before is
//! over; of what still holds, an episode that was entered goes on, and the rest is entered at its next signal or check.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use touchline::clock::Length;
use touchline::engine::input::Switch;
use touchline::ir::{Measure, MeasureTest, Rule, Status, Trigger};
use touchline::value::Value;

use super::acting::Plan;
use super::history::spent;
use super::measure::schedule_of;
use super::window::{Part, of_key};
use super::{Naive, Story};

/// How long a rule that disappeared is kept aside.
pub const GRACE: SignedDuration = SignedDuration::from_mins(10);

/// A rule that disappeared, with what hangs on it.
pub struct Parked {
    pub rule: Arc<Rule>,
    pub since: Timestamp,
    pub story: Story,
    pub plans: Vec<Plan>,
}

/// What a change means for what a rule has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Seeing {
    Kept,
    CountedAnew,
    Filled,
    Cleared,
}

impl Naive {
    pub(super) fn switch(&mut self, switch: Switch) {
        let Some(ruleset) = switch.ruleset else { return };
        let now = self.now();
        self.before = self.world.clone();
        self.switched_at = Some(now);
        let old = std::mem::replace(&mut self.ruleset, ruleset.clone());
        let mut back = std::mem::take(&mut self.parked);
        for rule in old.rules.iter().filter(|rule| ruleset.rule(&rule.id).is_none()) {
            let story = self.stories.remove(&rule.id).expect("every rule has one");
            let (plans, kept) = std::mem::take(&mut self.plans).into_iter().partition(|plan| plan.rule.id == rule.id);
            self.plans = kept;
            self.parked.push(Parked { rule: rule.clone(), since: now, story, plans });
        }
        for rule in &ruleset.rules {
            if let Some(was) = old.rule(&rule.id) {
                if was != rule {
                    self.change(was, rule, false);
                }
            } else if let Some(place) = back.iter().position(|parked| parked.rule.id == rule.id) {
                let parked = back.remove(place);
                self.stories.insert(rule.id.clone(), parked.story);
                self.plans.extend(parked.plans);
                self.change(&parked.rule, rule, true);
            } else {
                self.stories.insert(rule.id.clone(), Story { last_run: Some(just_before(now)), ..Story::default() });
                self.fill(rule, rule);
            }
        }
        self.parked.splice(..0, back);
        // What waits for a limit waits for that of the rule as it is now; without one, or where a part of its key is missing,
        // it is asked at once.
        for rule in &ruleset.rules {
            let mut waiting = std::mem::take(&mut self.story(&rule.id).waiting);
            for waiting in &mut waiting {
                waiting.per = self.limit_key(rule, &waiting.candidate.values).unwrap_or_default();
            }
            self.story(&rule.id).waiting = waiting;
        }
    }

    /// One rule changes, or comes back: then its windows missed something, and are filled.
    fn change(&mut self, was: &Arc<Rule>, rule: &Arc<Rule>, back: bool) {
        let now = self.now();
        for plan in self.plans.iter_mut().filter(|plan| plan.rule.id == rule.id) {
            plan.rule = rule.clone();
        }
        let story = self.story(&rule.id);
        // M12: it remembers when the rule last fired for the key: for the key of that limit.
        if was.limit.as_ref().map(|limit| &limit.per) != rule.limit.as_ref().map(|limit| &limit.per) {
            story.limit.clear();
        }
        if schedule_of(was) != schedule_of(rule) || was.zone != rule.zone {
            story.last_run = Some(just_before(now));
        } else if was.status == Status::Paused {
            // M21: what came round meanwhile came round unseen.
            story.last_run = story.last_run.max(Some(just_before(now)));
        }
        let seeing = match seeing(was, rule) {
            Seeing::Kept | Seeing::CountedAnew if back => Seeing::Filled,
            seeing => seeing,
        };
        match seeing {
            Seeing::Kept if was.status == Status::Paused && rule.status != Status::Paused => self.count_anew(was, rule),
            Seeing::Kept => {}
            Seeing::CountedAnew => self.count_anew(was, rule),
            Seeing::Filled => self.fill(was, rule),
            Seeing::Cleared => {
                let same_key = key_names(was) == key_names(rule);
                let story = self.story(&rule.id);
                let floors = std::mem::take(&mut story.floors);
                *story =
                    Story { limit: std::mem::take(&mut story.limit), last_run: story.last_run, ..Story::default() };
                if same_key {
                    story.floors = floors;
                }
                if back {
                    self.fill(rule, rule);
                }
            }
        }
        if was.then != rule.then || was.zone != rule.zone {
            self.replan(was, rule);
        }
    }

    fn count_anew(&mut self, was: &Arc<Rule>, rule: &Arc<Rule>) {
        if matches!(rule.trigger, Trigger::Measure(_) | Trigger::Sequence { .. }) {
            return;
        }
        let going_on = self.going_on(was);
        let entered = spent(self.seen(rule));
        self.settle(rule, &going_on, &entered);
    }

    fn fill(&mut self, was: &Arc<Rule>, rule: &Arc<Rule>) {
        let going_on = self.going_on(was);
        let old = self.seen(rule).to_vec();
        let entered = spent(&old);
        self.fill_from_history(rule);
        match rule.trigger {
            // What was used up or has fired stays so.
            Trigger::Sequence { .. } => {
                let story = self.story(&rule.id);
                story.seen.iter_mut().for_each(|seen| seen.spent |= entered.contains(&(seen.arrival, seen.part)));
            }
            // An episode of a measure goes on until a look finds otherwise.
            Trigger::Measure(_) => {}
            Trigger::Absence { .. } => {
                // An episode that is over stays one for As that come late, also where its own A is no longer looked for.
                for past in old.into_iter().filter(|seen| seen.spent && seen.part == Part::First) {
                    let known = |seen: &super::window::Seen| seen.arrival == past.arrival && seen.part == past.part;
                    if !self.seen(rule).iter().any(known) {
                        self.story(&rule.id).seen.push(past);
                        let place = self.seen(rule).len() - 1;
                        if self.answer_to(rule, place).is_none() {
                            self.story(&rule.id).seen.pop();
                        }
                    }
                }
                self.settle(rule, &going_on, &entered);
            }
            _ => self.settle(rule, &going_on, &entered),
        }
    }

    /// The signals that carry the episodes which last and were entered, by their numbers: those in a count's window, the
    /// latest of a run of readings, the unanswered As of an absence.
    pub(super) fn going_on(&self, was: &Arc<Rule>) -> BTreeSet<u64> {
        let now = self.now();
        let seen = self.seen(was);
        let keys: BTreeSet<Vec<Value>> = seen.iter().map(|seen| seen.key.clone()).collect();
        let mut carriers = BTreeSet::new();
        for key in keys {
            match &was.trigger {
                Trigger::Count { .. } => {
                    let counted = self.counted(was, &key);
                    let lasting = counted.intervals().into_iter().find(|(from, to)| *from <= now && now < *to);
                    if let Some((from, to)) = lasting {
                        let inside = counted.list.iter().filter(|seen| from <= seen.at && seen.at < to);
                        if inside.clone().any(|seen| seen.spent) {
                            let window = counted.window(now);
                            carriers.extend(window.iter().filter(|seen| from <= seen.at).map(|seen| seen.arrival));
                        }
                    }
                }
                Trigger::Reading { .. } => {
                    let run = self.current_run(was, &key).unwrap_or_default();
                    if run.iter().any(|place| seen[*place].spent) {
                        carriers.extend(run.last().map(|place| seen[*place].arrival));
                    }
                }
                Trigger::Absence { .. } => {
                    let firsts = of_key(seen, &key, Part::First).into_iter();
                    let open: Vec<usize> = firsts.filter(|place| self.answer_to(was, *place).is_none()).collect();
                    if open.iter().any(|place| seen[*place].spent) {
                        carriers.extend(open.iter().map(|place| seen[*place].arrival));
                    }
                }
                _ => {}
            }
        }
        carriers
    }

    /// What is over is over, whether it was entered or not; what lasts is entered if it is an episode that goes on.
    fn settle(&mut self, rule: &Arc<Rule>, going_on: &BTreeSet<u64>, entered: &[(u64, Part)]) {
        let keys: BTreeSet<Vec<Value>> = self.seen(rule).iter().map(|seen| seen.key.clone()).collect();
        let waiting: BTreeSet<Vec<Value>> =
            self.story(&rule.id).waiting.iter().map(|waiting| waiting.key.clone()).collect();
        for key in waiting.difference(&keys) {
            self.leave(rule, key);
        }
        for key in &keys {
            let goes_on = match rule.trigger {
                Trigger::Count { .. } => self.settle_count(rule, key, going_on),
                Trigger::Reading { .. } => self.settle_reading(rule, key, going_on),
                Trigger::Absence { .. } => self.settle_absence(rule, key, going_on, entered),
                _ => true,
            };
            if !goes_on {
                self.leave(rule, key);
            }
        }
    }

    fn settle_count(&mut self, rule: &Arc<Rule>, key: &[Value], going_on: &BTreeSet<u64>) -> bool {
        let now = self.now();
        let counted = self.counted(rule, key);
        let mut over = BTreeSet::new();
        let mut goes_on = false;
        for (from, to) in counted.intervals() {
            let inside = counted.list.iter().filter(|seen| from <= seen.at && seen.at < to);
            let inside: Vec<u64> = inside.map(|seen| seen.arrival).collect();
            let lasts = from <= now && now < to;
            goes_on |= lasts && inside.iter().any(|arrival| going_on.contains(arrival));
            if !lasts || goes_on {
                over.extend(inside);
            }
        }
        self.mark(rule, key, Part::First, &over);
        goes_on
    }

    pub(super) fn settle_reading(&mut self, rule: &Arc<Rule>, key: &[Value], going_on: &BTreeSet<u64>) -> bool {
        let now = self.now();
        let current = self.current_run(rule, key);
        let mut over = BTreeSet::new();
        let mut goes_on = false;
        for run in self.runs(rule, key) {
            let arrivals: Vec<u64> = run.iter().map(|place| self.seen(rule)[*place].arrival).collect();
            let lasts = current.as_ref() == Some(&run);
            goes_on |= lasts && arrivals.iter().any(|arrival| going_on.contains(arrival));
            if !lasts || goes_on {
                over.extend(arrivals);
            }
        }
        self.mark(rule, key, Part::First, &over);
        self.story(&rule.id).ran_out.remove(key);
        if self.stays_due(rule, key).is_some_and(|due| due <= now) {
            self.story(&rule.id).ran_out.insert(key.to_vec());
        }
        goes_on
    }

    /// M10: armed for As whose deadline is still ahead; the others are over, unless their episode was entered and lasts.
    fn settle_absence(
        &mut self,
        rule: &Arc<Rule>,
        key: &[Value],
        going_on: &BTreeSet<u64>,
        entered: &[(u64, Part)],
    ) -> bool {
        let now = self.now();
        let seen = self.seen(rule);
        let firsts = of_key(seen, key, Part::First);
        let open: Vec<usize> = firsts.iter().copied().filter(|place| self.answer_to(rule, *place).is_none()).collect();
        let goes_on = open.iter().any(|place| going_on.contains(&seen[*place].arrival));
        let was_entered = |place: &usize| entered.contains(&(seen[*place].arrival, Part::First));
        // The episode is one, whichever of its As began it: where that one is no longer looked for, the oldest carries it. The
        // others have only joined, and are free again where a late B parts them from it.
        let carrier = open.iter().find(|place| was_entered(place)).or(open.first());
        let carries = |place: &usize| goes_on && (was_entered(place) || carrier == Some(place));
        let is_marked = |place: &&usize| if open.contains(*place) { carries(place) } else { was_entered(place) };
        let marked: BTreeSet<u64> = firsts.iter().filter(is_marked).map(|place| seen[*place].arrival).collect();
        let passed = |place: &&usize| {
            let lasts = goes_on && open.contains(*place);
            !lasts
                && seen[**place].ends <= now
                && !marked.contains(&seen[**place].arrival)
                && self.is_unanswered(rule, **place)
        };
        let gone: BTreeSet<u64> = firsts.iter().filter(passed).map(|place| seen[*place].arrival).collect();
        self.mark(rule, key, Part::First, &marked);
        let story = self.story(&rule.id);
        story.seen.retain(|seen| seen.part != Part::First || seen.key != key || !gone.contains(&seen.arrival));
        goes_on
    }

    /// Of a key, these are spent and no others.
    fn mark(&mut self, rule: &Rule, key: &[Value], part: Part, arrivals: &BTreeSet<u64>) {
        let seen = self.story(&rule.id).seen.iter_mut();
        seen.filter(|seen| seen.key == key && seen.part == part)
            .for_each(|seen| seen.spent = arrivals.contains(&seen.arrival));
    }

    /// The grace of a rule that disappeared is over: its steps are cancelled and listed.
    pub(super) fn give_up(&mut self) {
        let now = self.now();
        let (gone, kept): (Vec<Parked>, Vec<Parked>) =
            std::mem::take(&mut self.parked).into_iter().partition(|parked| parked.since + GRACE <= now);
        self.parked = kept;
        let mut gone = gone;
        gone.sort_by(|one, other| one.rule.id.cmp(&other.rule.id));
        for mut parked in gone {
            parked.plans.sort_by(|one, other| one.key.cmp(&other.key));
            for plan in &parked.plans {
                self.list_as_gone(plan);
            }
        }
    }
}

fn just_before(now: Timestamp) -> Timestamp {
    now.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(now)
}

fn key_names(rule: &Rule) -> Vec<&str> {
    rule.key.iter().map(|part| &*part.name).collect()
}

/// M24. A window is longer if it is not shorter, as a day is sometimes longer than 24 hours.
fn seeing(was: &Rule, rule: &Rule) -> Seeing {
    if key_names(was) != key_names(rule) {
        return Seeing::Cleared;
    }
    let length = |one: Length, other: Length| match () {
        () if one == other => Seeing::Kept,
        () if other.nominal() < one.nominal() => Seeing::CountedAnew,
        () => Seeing::Filled,
    };
    let changed = |differs: bool, seeing: Seeing| if differs { seeing } else { Seeing::Kept };
    let by_trigger = match (&was.trigger, &rule.trigger) {
        (Trigger::Each(_), Trigger::Each(_)) | (Trigger::Schedule(_), Trigger::Schedule(_)) => return Seeing::Kept,
        (Trigger::Reading { .. }, Trigger::Reading { .. }) | (Trigger::Absence { .. }, Trigger::Absence { .. }) => {
            changed(was.trigger != rule.trigger, Seeing::Filled)
        }
        (
            Trigger::Count { source: s1, at_least: n1, different: d1, within: w1 },
            Trigger::Count { source: s2, at_least: n2, different: d2, within: w2 },
        ) => changed(s1 != s2 || d1 != d2, Seeing::Filled)
            .max(changed(n1 != n2, Seeing::CountedAnew))
            .max(length(*w1, *w2)),
        (
            Trigger::Sequence { first: a1, then: b1, within: w1 },
            Trigger::Sequence { first: a2, then: b2, within: w2 },
        ) => changed(a1 != a2 || b1 != b2, Seeing::Filled).max(length(*w1, *w2)),
        (Trigger::Measure(one), Trigger::Measure(other)) => {
            let sample = |m: &Measure| (m.source.clone(), m.kind, m.field, m.second, m.share.clone());
            changed(sample(one) != sample(other), Seeing::Filled)
                .max(changed(one.over != other.over || before(one) != before(other), Seeing::Filled))
        }
        _ => return Seeing::Cleared,
    };
    by_trigger.max(changed(was.zone != rule.zone, Seeing::Filled))
}

fn before(measure: &Measure) -> Option<Length> {
    match measure.test {
        MeasureTest::Previous { before, .. } => Some(before),
        _ => None,
    }
}
