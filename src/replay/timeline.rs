//! The timeline: what happened, line by line, in local time, so that a person can accept it.
//!
//! Each moment has a heading (a signal, an action, or `due`) and below it what every rule made of it: counts building
//! up, firings with the signals behind them, plans with their due time, what was sent, cancellations with the reason,
//! and a `NO` with the first failing clause and its actual value. Equal moments in a row are drawn once. Personal values
//! are never drawn (`replay::words`).

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::engine::effect::{Effect, Firing, Outcome, QUIET_HOURS, What};
use crate::engine::ruleset::RuleSet;
use crate::engine::trace::{Look, Verdict};
use crate::engine::{Step, Taken};
use crate::replay::words;

/// The heading of a moment that nothing but time brought about.
pub const DUE: &str = "due";
/// Heading of what the delivery of something led to; left out where that is nothing.
pub const SENDING: &str = "sending";

/// Draws a timeline.
#[derive(Debug)]
pub struct Pen {
    rules: Arc<RuleSet>,
    zone: TimeZone,
    text: String,
    day: Option<Date>,
    /// The moment of the clock drawn last, how often it came again, and when it last did.
    last_due: Option<(Vec<String>, u32, Timestamp)>,
}

impl Pen {
    /// Returns a pen for a timeline in `zone`.
    pub fn new(rules: Arc<RuleSet>, zone: TimeZone) -> Pen {
        Pen { rules, zone, text: String::new(), day: None, last_due: None }
    }

    /// Returns the zone of its times.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Says which rules decide from here on.
    pub fn switch(&mut self, rules: Arc<RuleSet>) {
        self.rules = rules;
    }

    /// Draws a moment. One of the clock at which nothing came of nothing is left out.
    pub fn moment(&mut self, at: Timestamp, heading: &str, lines: Vec<String>) {
        if lines.is_empty() && [DUE, SENDING].contains(&heading) {
            return;
        }
        let last_due = self.last_due.as_mut().filter(|(same, ..)| heading == DUE && *same == lines);
        if let Some((_, again, last)) = last_due {
            *again += 1;
            *last = at;
            return;
        }
        self.again();
        self.last_due = (heading == DUE).then(|| (lines.clone(), 0, at));
        let local = at.to_zoned(self.zone.clone());
        if self.day != Some(local.date()) {
            self.day = Some(local.date());
            self.text.push_str(&format!("{}\n", local.strftime("%a %Y-%m-%d")));
        }
        self.text.push_str(&format!("  {}  {heading}\n", words::time(local.time())));
        for line in lines {
            self.text.push_str(&format!("         {line}\n"));
        }
    }

    /// Returns an instant as the timeline says it.
    pub fn instant(&self, at: Timestamp) -> String {
        words::instant(at, &self.zone)
    }

    /// Returns the timeline.
    pub fn finish(mut self) -> String {
        self.again();
        self.text
    }

    /// Says how often the last moment of the clock came again.
    fn again(&mut self) {
        if let Some((_, again @ 1.., last)) = self.last_due.take() {
            let times = if again == 1 { "once more".to_owned() } else { format!("{again} times more") };
            self.text.push_str(&format!("         the same {times}, last {}\n", words::instant(last, &self.zone)));
        }
    }

    /// Returns the lines of one step of the engine.
    pub fn lines(&self, step: &Step) -> Vec<String> {
        let mut lines = vec![];
        let mut drawn = vec![false; step.effects.len()];
        let mut firings: Vec<&Arc<Firing>> = step.firings.iter().collect();
        let mut looks = step.looks.iter().peekable();
        while let Some(look) = looks.next() {
            match &look.verdict {
                Verdict::Fired => {
                    let place = firings.iter().position(|f| {
                        f.rule == look.rule && (look.key.is_empty() || words::same_key(&f.key, &look.key))
                    });
                    if let Some(place) = place {
                        self.firing(firings.remove(place), step, &mut drawn, &mut lines);
                    }
                }
                // What became of the signal as a whole stands in the heading.
                Verdict::TooLate | Verdict::Duplicate | Verdict::Update => {}
                _ => {
                    let mut keys = vec![look];
                    // A check that looks at many places with one result is drawn as one line.
                    while let Some(next) = looks.peek().filter(|next| self.is_same(look, next)) {
                        keys.push(next);
                        looks.next();
                    }
                    lines.push(self.look(look, &keys));
                }
            }
        }
        for firing in firings {
            self.firing(firing, step, &mut drawn, &mut lines);
        }
        for (effect, _) in step.effects.iter().zip(&drawn).filter(|(_, drawn)| !**drawn) {
            if !says_again(effect, step) {
                let of = effect.firing.as_ref().map(|f| format!(" ({})", words::for_key(&self.rules, &f.rule, &f.key)));
                lines.push(format!("{}{}", self.effect(effect), of.unwrap_or_default()));
            }
        }
        lines
    }

    /// Tells whether two looks of a check differ in nothing but their key.
    fn is_same(&self, one: &Look, other: &Look) -> bool {
        let told = |look| words::verdict(look, self.rules.rule(&one.rule).map(|rule| &**rule), &self.zone);
        one.signal.is_none() && other.signal.is_none() && one.rule == other.rule && told(one) == told(other)
    }

    fn look(&self, look: &Look, same: &[&Look]) -> String {
        let shown = |look: &&Look| words::shown_key(&self.rules, &look.rule, &look.key);
        let keys: Vec<String> = same.iter().map(shown).filter(|key| !key.is_empty()).collect();
        let name = match keys.is_empty() {
            true => look.rule.rule.to_string(),
            false => format!("{} for {}", look.rule.rule, keys.join(", ")),
        };
        let why = words::verdict(look, self.rules.rule(&look.rule).map(|rule| &**rule), &self.zone).unwrap_or_default();
        match words::is_progress(&look.verdict) {
            true => format!("{name}: {why}"),
            false => format!("NO {name}: {why}"),
        }
    }

    fn firing(&self, firing: &Arc<Firing>, step: &Step, drawn: &mut [bool], lines: &mut Vec<String>) {
        let mut line = format!("FIRES {}", words::for_key(&self.rules, &firing.rule, &firing.key));
        let behind = behind(firing);
        if !behind.is_empty() {
            line.push_str(&format!(", behind it {behind}"));
        }
        if firing.late {
            line.push_str(" (late)");
        }
        lines.push(line);
        for (place, effect) in step.effects.iter().enumerate() {
            if effect.firing.as_ref().is_some_and(|of| of.rule == firing.rule && of.key == firing.key) && !drawn[place]
            {
                drawn[place] = true;
                lines.push(format!("  {}", self.effect(effect)));
            }
        }
    }

    fn effect(&self, effect: &Effect) -> String {
        let mut line = format!("{:<9} {}", effect.outcome.word(), words::action(effect, &self.rules));
        if let (Outcome::Planned, Some(due)) = (effect.outcome, effect.due) {
            line.push_str(&format!(", due {}", words::instant(due, &self.zone)));
            if &*effect.reason == QUIET_HOURS {
                line.push_str(": quiet hours");
            }
        }
        let told = matches!(effect.outcome, Outcome::Sent | Outcome::Planned);
        if let (Outcome::Sent, Some(text)) = (effect.outcome, words::text(effect, &self.rules)) {
            line.push_str(&format!(": {text}"));
        }
        if !told {
            line.push_str(&format!(": {}", words::reason(effect, &self.zone)));
        }
        line
    }
}

/// Tells whether an effect says what a look of the same step has said.
fn says_again(effect: &Effect, step: &Step) -> bool {
    let looked = |rule| step.looks.iter().any(|look| &look.rule == rule);
    matches!(effect.what, What::Firing) && effect.firing.as_ref().is_some_and(|firing| looked(&firing.rule))
}

/// Returns the ids behind a firing: all of a few, first and last of many.
fn behind(firing: &Firing) -> String {
    let ids: Vec<String> = firing.signals.iter().map(words::signal_id).collect();
    match &ids[..] {
        [] => String::new(),
        few @ ([_] | [_, _] | [_, _, _] | [_, _, _, _] | [_, _, _, _, _]) => few.join(", "),
        [.., last] => format!("{} signals up to {last}", firing.signals_total),
    }
}

/// Returns what is said of a signal in its heading besides its fields.
pub fn taken(taken: Taken) -> &'static str {
    match taken {
        Taken::NotASignal | Taken::Accepted => "",
        Taken::Late => " (late)",
        Taken::TooLate => " (too late: it enters no window and fires nothing)",
        Taken::Duplicate => " (known already)",
        Taken::Update => " (an update: fills what was missing)",
    }
}
