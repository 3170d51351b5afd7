//! `replay` for people: day by day, in the playbook's own time, who would have been told what, and why.

use std::io::{self, Write};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::engine::Step;
use crate::engine::effect::{Effect, Firing, Outcome, QUIET_HOURS, What};
use crate::engine::ruleset::RuleSet;
use crate::id::RuleId;
use crate::ir::Trigger;
use crate::replay::words;

use super::replay::Show;
use super::screen::{BAD, BOLD, DIM, GOOD, WARN, wrap};

/// Where the text of a block begins: after the time of day.
const INDENT: usize = 9;
/// How wide the words in front of each line are: `email`, `later`, `why`.
const LABEL: usize = 9;

/// Draws a replay.
pub struct Story {
    rules: Arc<RuleSet>,
    show: Option<Show>,
    width: usize,
    day: Option<Date>,
}

/// One line of a block: a label with its style, and what it says.
struct Entry {
    label: &'static str,
    style: anstyle::Style,
    text: String,
}

impl Story {
    /// Returns a story of these rules, at most `width` columns wide.
    pub fn new(rules: Arc<RuleSet>, show: Option<Show>, width: usize) -> Story {
        Story { rules, show, width, day: None }
    }

    /// Tells what one step of the engine led to.
    pub fn step(&mut self, step: &Step, only: Option<&RuleId>, out: &mut dyn Write) -> io::Result<()> {
        let wanted = |rule: &RuleId| only.is_none_or(|only| rule == only);
        let mut told = vec![false; step.effects.len()];
        for firing in &step.firings {
            if let Some(group) = self.group(step, firing, &wanted) {
                // Drawn with the first of them.
                if Arc::ptr_eq(group[0], firing) {
                    self.together(step, &group, &mut told, out)?;
                }
                continue;
            }
            let own = self.own(step, firing, &mut told);
            if wanted(&firing.rule) && self.show != Some(Show::Effects) {
                let mut entries = self.why(firing);
                if self.show.is_none() {
                    entries.extend(own.iter().filter_map(|effect| self.entry(effect)));
                }
                self.block(firing, firing.at, true, entries, out)?;
            } else if wanted(&firing.rule) {
                let entries = own.iter().filter_map(|effect| self.entry(effect)).collect();
                self.block(firing, firing.at, false, entries, out)?;
            }
        }
        if self.show == Some(Show::Firings) {
            return Ok(());
        }
        self.rest(step, &mut told, &wanted, out)
    }

    /// Returns the firings of one rule that came at once and have no signal to tell of: a schedule for each store.
    fn group<'a>(
        &self,
        step: &'a Step,
        firing: &Firing,
        wanted: &dyn Fn(&RuleId) -> bool,
    ) -> Option<Vec<&'a Arc<Firing>>> {
        let is_plain = |other: &&Arc<Firing>| other.rule == firing.rule && other.signals_total == 0;
        let group: Vec<&Arc<Firing>> = step.firings.iter().filter(is_plain).collect();
        (group.len() > 1 && self.show.is_none() && wanted(&firing.rule) && firing.signals_total == 0).then_some(group)
    }

    fn together(
        &mut self,
        step: &Step,
        group: &[&Arc<Firing>],
        told: &mut [bool],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut entries = vec![];
        for firing in group {
            entries.extend(self.own(step, firing, told).into_iter().filter_map(|effect| self.entry(effect)));
        }
        let mut all = Firing::clone(group[0]);
        all.key = vec![("".into(), crate::value::Value::Text(format!("{} times", group.len()).into()))];
        self.block(&all, all.at, true, entries, out)
    }

    /// Ends the story.
    pub fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        match self.day {
            Some(_) => writeln!(out),
            None => writeln!(out, "Nothing fired."),
        }
    }

    /// Tells effects of earlier firings: what came due, what was cancelled.
    fn rest(
        &mut self,
        step: &Step,
        told: &mut [bool],
        wanted: &dyn Fn(&RuleId) -> bool,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        for place in 0..step.effects.len() {
            let effect = &step.effects[place];
            if told[place] {
                continue;
            }
            match &effect.firing {
                Some(firing) if wanted(&firing.rule) => {
                    let own = self.own(step, firing, told);
                    let entries: Vec<Entry> = own.iter().filter_map(|effect| self.entry(effect)).collect();
                    if !entries.is_empty() {
                        self.block(firing, effect.at, false, entries, out)?;
                    }
                }
                Some(_) => told[place] = true,
                None => self.digest(effect, out)?,
            }
        }
        Ok(())
    }

    /// Takes the effects that belong to a firing.
    fn own<'a>(&self, step: &'a Step, firing: &Firing, told: &mut [bool]) -> Vec<&'a Effect> {
        let mut own = vec![];
        for (place, effect) in step.effects.iter().enumerate() {
            let is_own = effect.firing.as_ref().is_some_and(|of| of.rule == firing.rule && of.key == firing.key);
            if is_own && !told[place] {
                told[place] = true;
                own.push(effect);
            }
        }
        own
    }

    fn zone(&self, rule: &RuleId) -> TimeZone {
        self.rules.rule(rule).map_or_else(|| self.rules.vocabulary.zone.clone(), |rule| rule.zone.clone())
    }

    fn block(
        &mut self,
        firing: &Firing,
        at: Timestamp,
        fires: bool,
        entries: Vec<Entry>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let zone = self.zone(&firing.rule);
        let local = at.to_zoned(zone);
        if self.day != Some(local.date()) {
            if self.day.is_some() {
                writeln!(out)?;
            }
            self.day = Some(local.date());
            writeln!(out, "{BOLD}{}{BOLD:#}", local.strftime("%A %-d %B %Y"))?;
        }
        let title = self.rules.rule(&firing.rule).map_or(&firing.rule.rule, |rule| &rule.title);
        let late = if firing.late { " (a late signal)" } else { "" };
        let key = match firing.key.is_empty() {
            true => self.subject(firing),
            false => words::shown_key(&self.rules, &firing.rule, &firing.key),
        };
        let key = if key.is_empty() { key } else { format!(" · {key}") };
        let name = &firing.rule.rule;
        let time = local.strftime("%H:%M");
        let heading = format!("{title}{key}{late}");
        let style = if fires { BOLD } else { anstyle::Style::new() };
        let used = INDENT + heading.chars().count();
        let room = self.width.saturating_sub(used + name.chars().count());
        match room {
            2.. => writeln!(out, "  {time}  {style}{heading}{style:#}{}{DIM}{name}{DIM:#}", " ".repeat(room))?,
            _ => {
                writeln!(out, "  {time}  {style}{heading}{style:#}")?;
                writeln!(out, "{}{DIM}{name}{DIM:#}", " ".repeat(INDENT))?;
            }
        }
        entries.iter().try_for_each(|entry| self.line(entry, out))
    }

    fn line(&self, entry: &Entry, out: &mut dyn Write) -> io::Result<()> {
        let Entry { label, style, text } = entry;
        let width = self.width.saturating_sub(INDENT + LABEL).max(20);
        for (place, line) in wrap(text, width).iter().enumerate() {
            let label = if place == 0 { *label } else { "" };
            writeln!(out, "{}{style}{label:<LABEL$}{style:#}{line}", " ".repeat(INDENT))?;
        }
        Ok(())
    }

    /// Returns the first thing that the signal of a rule without a key is about.
    fn subject(&self, firing: &Firing) -> String {
        let Some(signal) = &firing.values.signal else { return String::new() };
        let about = self.rules.vocabulary.signal_type(signal.kind).about;
        let first = signal.fields.iter().take(about).find(|value| !value.is_missing());
        first.map(words::value).unwrap_or_default()
    }

    /// Says why it fired: the signals behind it, and the values that were compared.
    fn why(&self, firing: &Firing) -> Vec<Entry> {
        let mut entries = vec![];
        let plain = |text: String| Entry { label: "", style: DIM, text };
        let compared = words::reasons(firing, &self.rules);
        let mut told = vec![];
        if !compared.is_empty() {
            told.push(compared.join(", "));
        }
        told.extend(self.behind(firing));
        entries.extend(told.into_iter().map(plain));
        if let Some(first) = entries.first_mut() {
            first.label = "why";
        }
        entries
    }

    fn behind(&self, firing: &Firing) -> Vec<String> {
        let Some(signal) = &firing.values.signal else {
            return match firing.signals_total {
                0 => vec![],
                total => vec![format!("{} responses", super::screen::thousands(total))],
            };
        };
        let kind = self.rules.vocabulary.signal_type(signal.kind);
        let fields = words::fields(signal, &self.rules.vocabulary);
        let rule = self.rules.rule(&firing.rule).map(|rule| &rule.trigger);
        let ids: Vec<String> = firing.signals.iter().rev().take(3).rev().map(words::signal_id).collect();
        match (rule, firing.signals_total) {
            (Some(Trigger::Count { .. }), total @ 2..) => {
                let name = kind.plural.as_deref().unwrap_or(&kind.name);
                let more = if total > ids.len() as u64 { "…, " } else { "" };
                vec![format!("{total} {name}: {more}{}", ids.join(", ")), format!("the last: {fields}")]
            }
            (Some(Trigger::Sequence { .. }), _) => match &firing.values.first {
                Some(first) => {
                    let before = self.rules.vocabulary.signal_type(first.kind);
                    let zone = self.zone(&firing.rule);
                    let at = words::instant(first.at, &zone);
                    vec![format!("{} {} of {at}, then", before.name, words::signal_id(&first.id)), self.signal(firing)]
                }
                None => vec![self.signal(firing)],
            },
            (Some(Trigger::Absence { .. }), _) => {
                let zone = self.zone(&firing.rule);
                vec![format!("unanswered: {} of {}", self.signal(firing), words::instant(signal.at, &zone))]
            }
            _ => vec![self.signal(firing)],
        }
    }

    fn signal(&self, firing: &Firing) -> String {
        let Some(signal) = &firing.values.signal else { return String::new() };
        let kind = self.rules.vocabulary.signal_type(signal.kind);
        let fields = words::fields(signal, &self.rules.vocabulary);
        format!("{} {}: {fields}", kind.name, words::signal_id(&signal.id))
    }

    fn entry(&self, effect: &Effect) -> Option<Entry> {
        let action = words::action(effect, &self.rules);
        // The verb stands in the label already.
        let (label, whom) = match &effect.what {
            What::Alert { .. } => ("alert", action.strip_prefix("alert ").unwrap_or(&action).to_owned()),
            What::Email { .. } => ("email", action.strip_prefix("email ").unwrap_or(&action).to_owned()),
            What::OpenCase { .. } => ("case", action.clone()),
            What::Post { .. } => ("post", action.strip_prefix("post ").unwrap_or(&action).to_owned()),
            What::Set { .. } => ("set", action.strip_prefix("set ").unwrap_or(&action).to_owned()),
            What::Record { .. } => ("record", action.strip_prefix("record ").unwrap_or(&action).to_owned()),
            What::Firing => ("", action.clone()),
            What::Withdraw => return None,
            What::Digest { .. } => ("digest", action.clone()),
        };
        let zone = effect.firing.as_ref().map_or_else(|| self.rules.vocabulary.zone.clone(), |f| self.zone(&f.rule));
        let entry = |label, style, text| Some(Entry { label, style, text });
        let reason = words::reason(effect, &zone);
        match effect.outcome {
            Outcome::Sent => {
                let text = words::text(effect, &self.rules).map(|text| format!(": {text}")).unwrap_or_default();
                entry(label, GOOD, format!("{whom}{text}"))
            }
            Outcome::Planned => {
                let due = effect.due.map(|due| words::instant(due, &zone)).unwrap_or_default();
                let quiet = if &*effect.reason == QUIET_HOURS { ": quiet hours" } else { "" };
                entry("later", DIM, format!("{due} {action}{quiet}"))
            }
            Outcome::Limited => entry("limited", WARN, format!("{action}: {reason}")),
            Outcome::Silenced => entry("silenced", WARN, format!("{action}: {reason}")),
            Outcome::Cancelled => entry("dropped", WARN, format!("{action}: {reason}")),
            Outcome::Failed => entry("failed", BAD, format!("{action}: {reason}")),
        }
    }

    fn digest(&mut self, effect: &Effect, out: &mut dyn Write) -> io::Result<()> {
        let What::Digest { lines, .. } = &effect.what else { return Ok(()) };
        let time = effect.at.to_zoned(self.rules.vocabulary.zone.clone());
        writeln!(out, "  {}  To the owner of the playbooks", time.strftime("%H:%M"))?;
        for text in lines {
            self.line(&Entry { label: "digest", style: WARN, text: text.to_string() }, out)?;
        }
        Ok(())
    }
}
