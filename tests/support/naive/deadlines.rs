//! The passing of time (M3, M22): everything due up to now, in order of (due, playbook, rule, key).

use std::sync::Arc;

use jiff::Timestamp;
use touchline::id::RuleId;
use touchline::ir::{Rule, Status, Trigger};
use touchline::value::Value;

use super::Naive;
use super::firing::Why;
use super::switch::GRACE;

/// One thing that is due.
#[derive(Clone, Debug)]
struct Due {
    at: Timestamp,
    rule: Arc<Rule>,
    key: Vec<Value>,
    work: Work,
}

#[derive(Clone, Debug)]
enum Work {
    /// A planned action, by its place in the list of plans.
    Plan(usize),
    /// A check or schedule.
    Run,
    /// An absence's A, by its place in what the rule has seen.
    Absence(usize),
    Stays,
    /// An episode whose limit frees.
    Limit {
        key: Vec<Value>,
        since: (Timestamp, u64),
    },
    /// An episode outlasts a silence.
    SilenceEnds {
        key: Vec<Value>,
    },
}

impl Work {
    fn rank(&self) -> u8 {
        match self {
            Work::Run => 0,
            Work::Absence(_) => 1,
            Work::Stays => 2,
            Work::Limit { .. } => 3,
            Work::SilenceEnds { .. } => 4,
            Work::Plan(_) => 5,
        }
    }
}

impl Naive {
    /// When a tick next has work.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.now?;
        let work = self.all_due().into_iter().map(|due| due.at);
        let runs = self.active_rules().into_iter().filter_map(|rule| self.next_run(&rule));
        let parked = self.parked.iter().map(|parked| parked.since + GRACE);
        work.chain(runs).chain(parked).min()
    }

    /// Runs what is due, one after the other; what one piece of work leads to may be due at once as well. All that is
    /// due at one instant sees the facts of before it, as the rules that look at one signal do (M8).
    pub(super) fn run_deadlines(&mut self) {
        let now = self.now();
        let mut instant = None;
        loop {
            let mut due: Vec<Due> = self.all_due().into_iter().filter(|due| due.at <= now).collect();
            for rule in self.active_rules() {
                if let Some(at) = self.run_due(&rule, now) {
                    due.push(Due { at, rule, key: vec![], work: Work::Run });
                }
            }
            due.sort_by(|one, other| order(one).cmp(&order(other)));
            let first = due.into_iter().next();
            // Rules that stayed away are given up after everything else of that instant.
            let gives_up = self.parked.iter().map(|parked| parked.since + GRACE).filter(|at| *at <= now).min();
            let next = [first.as_ref().map(|due| due.at), gives_up].into_iter().flatten().min();
            if let Some((at, effects)) = instant
                && Some(at) != next
            {
                self.process_derived();
                // Effects of different instants have different ids, also within one tick.
                self.derived += u32::from(self.step.effects.len() > effects);
                instant = None;
                continue;
            }
            let Some(at) = next else { return };
            if instant.is_none() {
                self.before = self.world.clone();
                instant = Some((at, self.step.effects.len()));
            }
            match first.filter(|due| due.at == at) {
                Some(due) => self.run_one(due),
                None => self.give_up(),
            }
        }
    }

    fn active_rules(&self) -> Vec<Arc<Rule>> {
        self.ruleset.rules.iter().filter(|rule| rule.status != Status::Paused).cloned().collect()
    }

    /// Everything with a deadline but checks and schedules.
    fn all_due(&self) -> Vec<Due> {
        let mut due = Vec::new();
        for (place, plan) in self.plans.iter().enumerate() {
            // M21: a paused rule holds what is planned.
            if plan.rule.status != Status::Paused {
                let key = plan.key.clone();
                due.push(Due { at: plan.due, rule: plan.rule.clone(), key, work: Work::Plan(place) });
            }
        }
        for rule in self.active_rules() {
            for key in self.keys_seen(&rule.id) {
                let mut push = |at, work| due.push(Due { at, rule: rule.clone(), key: key.clone(), work });
                match &rule.trigger {
                    Trigger::Absence { .. } => self
                        .absences_due(&rule, &key)
                        .into_iter()
                        .for_each(|(at, first)| push(at, Work::Absence(first))),
                    Trigger::Reading { stays_for: Some(_), .. } => {
                        self.stays_due(&rule, &key).into_iter().for_each(|at| push(at, Work::Stays));
                    }
                    _ => {}
                }
            }
            // M12: the longest-waiting first; the others wait on for the same limit.
            for waiting in &self.stories[&rule.id].waiting {
                if let Some((at, own)) = self.wakes_at(&rule, waiting) {
                    let (key, since) = (waiting.key.clone(), waiting.since);
                    let work = match waiting.why {
                        Why::Silence(_) => Work::SilenceEnds { key },
                        _ => Work::Limit { key, since },
                    };
                    due.push(Due { at, rule: rule.clone(), key: own, work });
                }
            }
        }
        due
    }

    fn keys_seen(&self, rule: &RuleId) -> std::collections::BTreeSet<Vec<Value>> {
        self.stories[rule].seen.iter().map(|seen| seen.key.clone()).collect()
    }

    fn run_one(&mut self, due: Due) {
        match due.work {
            Work::Plan(place) => self.carry_out(place),
            Work::Run => self.run(&due.rule, due.at),
            Work::Absence(first) => self.absence_passed(&due.rule, first, false),
            Work::Stays => self.stays_passed(&due.rule, &due.key),
            Work::Limit { key, .. } | Work::SilenceEnds { key } => self.asked_in_time(&due.rule, &key),
        }
    }

    /// M12, M21: the limit frees or the silence ends: it fires, if the episode still lasts; with the values of its latest
    /// signal (M15).
    fn asked_in_time(&mut self, rule: &Arc<Rule>, key: &[Value]) {
        let story = self.story(&rule.id);
        let Some(waiting) = story.waiting.iter().find(|waiting| waiting.key == key).cloned() else { return };
        let candidate = match &rule.trigger {
            Trigger::Count { .. } if !self.count_lasts(rule, key) => None,
            _ => Some(waiting.candidate),
        };
        match candidate {
            Some(candidate) => self.ask_again(rule, candidate, true),
            None => self.leave(rule, key),
        }
    }
}

type Order<'a> = (Timestamp, &'a RuleId, &'a [Value], u8, (Timestamp, u64), usize);

/// (due, playbook id, rule id, key); the key of a limit is its own, and of the episodes that wait for it the
/// longest-waiting is first.
fn order(due: &Due) -> Order<'_> {
    let (since, place) = match due.work {
        Work::Limit { since, .. } => (since, 0),
        Work::Plan(place) => ((Timestamp::MIN, 0), place),
        _ => ((Timestamp::MIN, 0), 0),
    };
    (due.at, &due.rule.id, &due.key, due.work.rank(), since, place)
}
