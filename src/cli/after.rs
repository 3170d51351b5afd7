//! What came after the signal `why` asks about: later looks at its key, and what became of every action.

use std::io::Write;
use std::sync::Arc;

use jiff::Timestamp;

use crate::engine::effect::{Effect, Firing, Outcome, What};
use crate::engine::ruleset::RuleSet;
use crate::engine::trace::{Look, Verdict};
use crate::id::SignalId;
use crate::ir::{Rule, Schedule, Trigger};
use crate::replay::driver::Turn;
use crate::replay::words;
use crate::value::{Str, Value};

use super::screen::{DIM, Screen, wrap};

/// How many looks and firings after the signal are kept.
const KEPT: usize = 1_000;

/// What the rule did after the signal.
pub(super) struct After {
    /// Looks of the rule at the signal's key, in order.
    looks: Vec<Look>,
    /// Firings of the rule under the signal's key, in order.
    firings: Vec<Arc<Firing>>,
    /// The last that came of each action of the firings the signal is behind.
    actions: Vec<Effect>,
    /// How far it goes.
    pub end: Option<Timestamp>,
    /// What goes there: the feed, or the journal.
    pub of: &'static str,
}

impl Default for After {
    fn default() -> After {
        After { looks: vec![], firings: vec![], actions: vec![], end: None, of: "feed" }
    }
}

impl After {
    /// Keeps what a turn after the signal's own tells of the rule under `key`.
    pub fn see(&mut self, turn: &Turn, rule: &Rule, key: &[(Str, Value)]) {
        let looks = turn.step.looks.iter().filter(|look| look.rule == rule.id && words::same_key(&look.key, key));
        self.looks.extend(looks.take(KEPT.saturating_sub(self.looks.len())).cloned());
        let firings =
            turn.step.firings.iter().filter(|firing| firing.rule == rule.id && words::same_key(&firing.key, key));
        self.firings.extend(firings.take(KEPT.saturating_sub(self.firings.len())).cloned());
    }

    /// Keeps the last word on each action of a firing that the signal is behind.
    pub fn see_actions(&mut self, turn: &Turn, rule: &Rule, signal: &SignalId) {
        for effect in &turn.step.effects {
            let of = effect.firing.as_ref().is_some_and(|firing| firing.rule == rule.id && is_behind(firing, signal));
            if !of || matches!(effect.what, What::Withdraw) {
                continue;
            }
            match self.actions.iter().position(|kept| kept.id == effect.id) {
                Some(kept) => self.actions[kept] = effect.clone(),
                None if self.actions.len() < KEPT => self.actions.push(effect.clone()),
                None => {}
            }
        }
    }

    /// Prints what became of each action of `firing`.
    pub fn show_actions(
        &self,
        screen: &mut Screen,
        rules: &RuleSet,
        rule: &Rule,
        firing: &Firing,
    ) -> anyhow::Result<()> {
        let of = |effect: &&Effect| {
            effect
                .firing
                .as_ref()
                .is_some_and(|of| of.at == firing.at && of.position == firing.position && of.key == firing.key)
        };
        let mut actions = self.actions.iter().filter(of).peekable();
        if actions.peek().is_none() {
            return Ok(());
        }
        let end = self.end.map(|end| format!(" by {}, where the {} ends", words::instant(end, &rule.zone), self.of));
        writeln!(screen.out, "\nWhat became of its actions{}:", end.unwrap_or_default())?;
        for effect in actions {
            let (at, action) = (words::instant(effect.at, &rule.zone), words::action(effect, rules));
            let told = match (effect.outcome, effect.due) {
                (Outcome::Planned, Some(due)) => format!("{action}, due {}", words::instant(due, &rule.zone)),
                (Outcome::Sent, _) => action,
                _ => format!("{action}: {}", words::reason(effect, &rule.zone)),
            };
            let lines = wrap(&told, screen.width.saturating_sub(34));
            for (place, line) in lines.iter().enumerate() {
                match place {
                    0 => writeln!(screen.out, "  {:<9}  {DIM}{at:<20}{DIM:#}  {line}", effect.outcome.word())?,
                    _ => writeln!(screen.out, "{:35}{line}", "")?,
                }
            }
        }
        Ok(())
    }

    /// Says how a signal that is part of a measure's sample fared at the next check.
    pub fn of_sample(&self, name: &str, rule: &Rule, signal_at: Timestamp) -> Option<String> {
        let (Trigger::Measure(_), Some(check)) = (&rule.trigger, &rule.check) else { return None };
        let mut told = format!(
            "{name} does not look at single signals: this one is part of the sample, which the check looks at {}.",
            schedule(check)
        );
        match self.looks.iter().find(|look| look.signal.is_none() && look.at >= signal_at) {
            Some(look) => {
                let at = words::instant(look.at, &rule.zone);
                let met: Vec<String> = look.compared.iter().map(words::compared).collect();
                let met = if met.is_empty() { String::new() } else { format!(": {}", met.join(", ")) };
                let came = match &look.verdict {
                    Verdict::Fired => format!("it fired{met}"),
                    Verdict::TestFails => format!("the test did not hold{met}"),
                    _ => words::verdict(look, Some(rule), &rule.zone).unwrap_or_default(),
                };
                told.push_str(&format!(" The next one was {at}. There, {came}."));
            }
            None => {
                let next = check.next_after(self.end.unwrap_or(signal_at), &rule.zone);
                let next = next.map(|next| format!(" The next one is {}", words::instant(next, &rule.zone)));
                told.push_str(&format!("{}; the {} ends before it.", next.unwrap_or_default(), self.of));
            }
        }
        Some(told)
    }

    /// Says what came of the first signal of a pair, once the other one was there.
    pub fn of_pair(&self, name: &str, rule: &Rule) -> String {
        match self.looks.iter().find(|look| says_no(&look.verdict)) {
            Some(look) => {
                let by = look.signal.as_ref().map_or("the other one".to_owned(), words::signal_id);
                let told = words::verdict(look, Some(rule), &rule.zone).unwrap_or_default();
                format!(
                    "{name} did not fire: the signal was noted, {by} completed the pair at {}, and then {told}.",
                    words::instant(look.at, &rule.zone)
                )
            }
            None => format!("{name} did not fire: the signal was noted, and the other one it takes is not there."),
        }
    }

    /// Says what came of a wait that would have ended at `until`.
    pub fn of_wait(&self, name: &str, rule: &Rule, until: Timestamp) -> String {
        let zone = &rule.zone;
        let waited = format!("{name} waited until {}", words::instant(until, zone));
        let fired = self.firings.iter().find(|firing| firing.at >= until);
        let ended = |look: &&Look| match look.verdict {
            Verdict::Answered => look.at <= until,
            Verdict::NotOver => look.at < until,
            _ => false,
        };
        if let Some(look) = self.looks.iter().find(ended) {
            let by = look.signal.as_ref().map_or("a signal".to_owned(), words::signal_id);
            let verb = if look.verdict == Verdict::Answered { "was answered by" } else { "was ended by" };
            return format!("{name} did not fire: its wait {verb} {by} at {}.", words::instant(look.at, zone));
        }
        // The episode that another signal of the key entered while this one waited.
        if let Some(firing) = self.firings.iter().find(|firing| firing.at < until) {
            let by = firing.signal.as_ref().map(|by| format!(" {}", words::signal_id(by))).unwrap_or_default();
            return format!(
                "{name} did not fire again: it fires once an episode, and this joins the one that{by} entered at {}.",
                words::instant(firing.at, zone)
            );
        }
        // A look at the deadline names the signal that waited, unless a tick or a check made it.
        let at_end = |look: &&Look| look.at >= until && (look.signal.is_none() || says_no(&look.verdict));
        if let Some(look) = self.looks.iter().find(at_end) {
            let told = words::verdict(look, Some(rule), zone).unwrap_or_else(|| "it fired".to_owned());
            return format!("{waited}. At {} it looked again: {told}.", words::instant(look.at, zone));
        }
        if let Some(firing) = fired {
            let by = firing.signal.as_ref().map(|by| format!(" for {}", words::signal_id(by))).unwrap_or_default();
            return format!("{waited}; it fired at {}{by}.", words::instant(firing.at, zone));
        }
        match self.end.filter(|end| *end <= until) {
            Some(end) => format!(
                "{name} has not fired yet: it waits until {}, and the {} ends at {}.",
                words::instant(until, zone),
                self.of,
                words::instant(end, zone)
            ),
            None => format!("{waited}, and nothing came of it up to the end of the {}.", self.of),
        }
    }
}

/// Tells whether guard, limit or a silence said no where everything else held.
fn says_no(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::GuardSaysNo | Verdict::Limited { .. } | Verdict::Silenced { .. })
}

/// Tells whether a firing has the signal behind it.
pub(super) fn is_behind(firing: &Firing, signal: &SignalId) -> bool {
    firing.signal.as_ref() == Some(signal) || firing.signals.contains(signal)
}

/// Returns `every day at 07:00`, `every Mon and Thu at 07:00 and 19:00`.
fn schedule(schedule: &Schedule) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let days: Vec<&str> = DAYS.iter().zip(schedule.days).filter(|(_, on)| *on).map(|(day, _)| *day).collect();
    let days = if days.len() == DAYS.len() { "day".to_owned() } else { days.join(" and ") };
    let times: Vec<String> = schedule.times.iter().map(|time| words::time(*time)).collect();
    format!("every {days} at {}", times.join(" and "))
}
