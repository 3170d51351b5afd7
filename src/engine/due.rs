//! The agenda: deadlines, limits that free, checks that come round, planned actions.
//!
//! A tick runs all that is due, in the order of due time, playbook id, rule id and key. Overdue work runs once, and of
//! a check's missed runs only the latest (M22). Facts change between instants, not within one.

use jiff::Timestamp;

use crate::engine::effect::Values;
use crate::engine::fire::Candidate;
use crate::engine::look::Arrived;
use crate::engine::name::Name;
use crate::engine::state::{Due, DueKind, Key, RuleNo, Window};
use crate::engine::turn::Turn;
use crate::engine::window::Place;
use crate::ir::{Status, Trigger};

impl Turn<'_> {
    /// Runs everything due up to now.
    pub(crate) fn run_due(&mut self) {
        // The instant at hand, and how many effects there were before it.
        let mut instant: Option<(Timestamp, usize)> = None;
        while let Some(first) = self.state.agenda.first() {
            if first.at > self.now {
                break;
            }
            if let Some((at, effects)) = instant
                && at != first.at
            {
                self.see_derived();
                // Effects of different instants have different ids, also within one tick; idle ones take no part.
                self.ordinal += u32::from(self.step.effects.len() > effects);
                // What that brought about may be due earlier than what comes next.
                instant = None;
                continue;
            }
            let effects = self.step.effects.len();
            instant.get_or_insert((first.at, effects));
            if let Some(due) = self.state.agenda.pop_first() {
                self.run(due);
            }
        }
        self.see_derived();
    }

    fn run(&mut self, due: Due) {
        match due.kind {
            DueKind::Check => self.check(due.rule, due.at),
            DueKind::Deadline => self.deadline(due.rule, &due.key),
            DueKind::LimitFrees => self.limit_frees(due.rule, &due.key),
            DueKind::SilenceEnds => self.silence_ends(due.rule, &due.key),
            DueKind::Plan(number) => self.plan_due(number),
            DueKind::GiveUp => self.give_up_parked(),
            // It is sent behind everything else of the turn.
            DueKind::Digest => {}
        }
    }

    /// The deadline of an absence, or of `stays over … for`.
    fn deadline(&mut self, number: RuleNo, key: &Key) {
        let rule = self.rule(number);
        let now = self.now;
        let paused = rule.status == Status::Paused;
        let Some(state) = self.key_state(number, key) else { return };
        state.change_aside(|aside| aside.armed = None);
        let (signal, chain, lasts) = match &mut state.window {
            // A paused rule sees nothing: what passes meanwhile passes unseen.
            Window::Absence(window) if paused => return window.drop_passed(now),
            Window::Reading(_) if paused => return,
            Window::Absence(window) => {
                let Some((oldest, lasts)) = window.enter() else { return };
                (oldest.signal, oldest.chain, lasts)
            }
            Window::Reading(window) => {
                window.enter_last();
                let Some((_, signal)) = state.change_aside(|aside| aside.latest.take()).map(|latest| *latest) else {
                    return;
                };
                (signal, std::sync::Arc::default(), true)
            }
            _ => return,
        };
        let values = Values { signal: Some(signal.clone()), key: key.clone(), ..Values::default() };
        let place = Place::new(signal.at, 0);
        let signals = vec![Name::of(&signal.id)];
        let arrived = Arrived::new(signal, place, chain, false);
        let candidate = Candidate::of(number, key.clone(), values, &arrived, signals, vec![]);
        self.enter(candidate, lasts);
        // Another absence of the key may be waiting out its lateness.
        self.arm_absence(number, key);
    }

    /// Schedules the first check of every rule that has one, not before `from`.
    pub(crate) fn schedule_checks(&mut self, from: Timestamp) {
        let before = from.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(from);
        for number in 0..self.rules.rules.len() as RuleNo {
            if self.state.rules[number as usize].check_due.is_none() {
                self.schedule_check(number, before);
            }
        }
    }

    /// Schedules the next check of a rule, after `after`.
    pub(crate) fn schedule_check(&mut self, number: RuleNo, after: Timestamp) {
        let rule = self.rule(number);
        let schedule = match &rule.trigger {
            Trigger::Schedule(schedule) => Some(schedule),
            _ => rule.check.as_ref(),
        };
        let next = schedule.and_then(|schedule| schedule.next_after(after, &rule.zone));
        self.state.rules[number as usize].check_due = next;
        if let Some(next) = next {
            self.put(next, number, vec![], DueKind::Check);
        }
    }
}
