//! `touchline why`: why a rule fired on a signal, or why it did not.
//!
//! Here: from a recorded feed, and how the answer looks. `store`: from the journal of a data folder. `made`: signals that
//! touchline made itself.

mod made;
#[cfg(feature = "daemon")]
mod store;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use jiff::tz::TimeZone;

use crate::engine::effect::Firing;
use crate::engine::input::Input;
use crate::engine::ruleset::RuleSet;
use crate::engine::trace::{Compared, Look, Verdict};
use crate::engine::{Taken, Watch};
use crate::id::RuleId;
use crate::ir::{Rule, Trigger};
use crate::lang::source::{Sources, Span};
use crate::replay::driver::{Cause, Driver, Turn, always_sent};
use crate::replay::feed::{Entry, Feed, Place};
use crate::replay::target::Targets;
use crate::replay::words;
use crate::signal::{FeedLine, Signal};
use crate::suggest::nearest;

use super::ExitCode;
use super::after::{After, is_behind};
use super::feed::open;
use super::load::one_unit;
use super::replay::find_rule;
use super::screen::{BAD, BOLD, DIM, GOOD, Screen, WARN, counted, hang, wrap};
use made::{is_begun, is_made, leads_to, made_place, maker, names_a_made_one};

/// Says why a rule fired on a signal, or why it did not.
///
/// A feed is replayed to its end; of the data folder of `touchline serve` the journal is told again, with the rules that
/// decided then, whether or not the daemon runs. Every clause is shown with the value it met, and below it what came of it:
/// the firing the signal counts in, the wait it began, what became of each action.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline why --playbooks playbooks/retail --feed feed.jsonl --rule gold_detractor --signal r-1029
  touchline why --playbooks playbooks/retail --feed june.jsonl july.jsonl --rule repeat_complaint --signal c-17
  touchline why --store data --signal r-1029
  touchline why --store data --signal r-1029 --source shop --rule gold_detractor
  touchline why --store data --signal touchline:0a1b2c3d --rule silent_case

A signal that touchline made itself (a case was opened, a rule recorded one) has an id as well: asked about the signal that
led to it, `why` names those made of it; in `replay --format jsonl` it is the `signal` of the firings it leads to, and the `id`
of the effect that opened the case or recorded it. Such an id belongs to the feed, or to the journal, that was told.

Exit codes: 0 answered, 1 there is no such signal or its line was refused, 2 could not run.")]
pub struct Why {
    /// The folder of the playbooks, all of one vocabulary
    #[arg(long, value_name = "DIR", required_unless_present = "store", conflicts_with = "store")]
    playbooks: Option<PathBuf>,
    /// The recorded signals, one JSON object a line; `-` is standard input
    #[arg(long, value_name = "FILE", required_unless_present = "store", conflicts_with = "store", num_args = 1..)]
    feed: Vec<PathBuf>,
    /// The data folder of `touchline serve`, in place of playbooks and feed; it is only read
    #[arg(long, visible_alias = "data", value_name = "DIR")]
    store: Option<PathBuf>,
    /// The rule: its id, or playbook/rule; of a data folder every rule that looked where none is named
    #[arg(long, value_name = "ID", required_unless_present = "store")]
    rule: Option<String>,
    /// The signal: its id, or source:id; one that touchline made itself as `why` and `replay` print it, such as
    /// touchline:0a1b2c3d
    #[arg(long, value_name = "ID")]
    signal: String,
    /// The signal's source, where several have one id
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
}

/// What was seen of the signal.
#[derive(Default)]
struct Found {
    signal: Option<Signal>,
    place: Option<Place>,
    taken: Taken,
    /// How the rule looked at it, and what it noted with it.
    looks: Vec<Look>,
    /// Firings of the rule with the signal behind them, now or later.
    firings: Vec<Arc<Firing>>,
    /// What the rule did later.
    after: After,
    /// Lines with its id that were refused or held out, and why.
    refused: Vec<(Place, String)>,
    /// How many other lines were refused.
    others_refused: u64,
    /// It came again.
    again: u64,
    /// How often with other content.
    updates: u64,
    /// It came by import.
    imported: bool,
    /// Ids like the one asked for.
    ids: Vec<String>,
    /// The rule that made it, where touchline did.
    made_by: Option<RuleId>,
    /// Signals that touchline made of it, in order.
    led_to: Vec<Arc<Signal>>,
}

/// How many refused lines with the id asked about are shown.
const REFUSED_SHOWN: usize = 5;
/// How many signals that were made of one are shown.
const MADE_SHOWN: usize = 8;
/// How many ids are kept for a suggestion.
const IDS_KEPT: usize = 200_000;

impl Why {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let (Some(playbooks), Some(rule)) = (&self.playbooks, &self.rule) else {
            #[cfg(feature = "daemon")]
            return self.of_store(screen);
            #[cfg(not(feature = "daemon"))]
            anyhow::bail!("this touchline was built without the daemon and opens no store");
        };
        let loaded = one_unit(playbooks, screen)?;
        let rules = loaded.project.units[0].ruleset();
        let id = find_rule(rule, &rules)?;
        let Some(rule) = rules.rule(&id).cloned() else { anyhow::bail!("no rule is called {id}") };
        let found = self.search(&rules, &rule, screen)?;
        self.show_rule(screen, &loaded.sources, &rule)?;
        let Some(signal) = &found.signal else {
            self.unknown(screen, &found)?;
            return Ok(ExitCode::Problems);
        };
        let place = found.place.map(|place| self.name(place)).unwrap_or_default();
        let place = if is_made(&signal.id) { made_place(&found, &place) } else { place };
        self.show_signal(screen, &rules, &rule.zone, signal, &found, &place)?;
        self.answer(screen, &loaded.sources, &rules, &rule, signal, &found)?;
        Ok(ExitCode::Clean)
    }

    /// Runs the whole feed, so that a firing much later that the signal is part of is found too.
    fn search(&self, rules: &Arc<RuleSet>, rule: &Rule, screen: &mut Screen) -> anyhow::Result<Found> {
        let mut found = Found::default();
        let mut driver = Driver::new(rules.clone(), Watch::Everything);
        let mut targets = Targets::default();
        let mut lines = open(&self.feed, &rules.vocabulary, screen)?;
        lines.ask_about(&self.signal);
        let mut entries = Feed::new(&mut lines);
        while let Some(entry) = entries.next() {
            match entry {
                Entry::Line(line, place) => self.line(line, place, rules, rule, &mut driver, &mut targets, &mut found),
                Entry::Refused(place, reason) if entries.lines().refused_with_it().contains(&place) => {
                    found.refused.push((place, reason));
                }
                Entry::Refused(..) => found.others_refused += 1,
                Entry::Held(FeedLine::Signal(signal), place, jump) if self.is_it(&signal) => {
                    found.refused.push((place, format!("held out: {jump}")));
                }
                Entry::Held(..) => {}
            }
        }
        found.after.end = driver.clock();
        match lines.end() {
            Some(error) => Err(error.into()),
            None => Ok(found),
        }
    }

    fn is_it(&self, signal: &Signal) -> bool {
        let of_source = self.source.as_ref().is_none_or(|source| *signal.id.source == **source);
        let made = || is_made(&signal.id) && is_begun(&signal.id.id, &self.signal);
        of_source && (*signal.id.id == *self.signal || words::signal_id(&signal.id) == self.signal || made())
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one search")]
    fn line(
        &self,
        line: FeedLine,
        place: Place,
        rules: &RuleSet,
        rule: &Rule,
        driver: &mut Driver,
        targets: &mut Targets,
        found: &mut Found,
    ) {
        let at = line.at();
        driver.before(at, &mut always_sent, &mut |turn| {
            turn.step.effects.iter().for_each(|effect| targets.see(effect));
            self.see_made(&turn, None, rule, found);
        });
        let (mut is_first, mut is_again) = (false, false);
        let input = match line {
            FeedLine::Signal(signal) => {
                if found.ids.len() < IDS_KEPT {
                    found.ids.push(signal.id.id.to_string());
                }
                if self.is_it(&signal) {
                    found.again += u64::from(found.signal.is_some());
                    is_first = found.signal.is_none();
                    if is_first {
                        (found.signal, found.place) = (Some(signal.clone()), Some(place));
                    }
                }
                is_again = !is_first && self.is_it(&signal);
                Input::Signal(signal)
            }
            FeedLine::Facts { change, .. } => Input::Fact(change),
            FeedLine::Human(human) => match targets.of_human(&human, rules) {
                Ok(human) => Input::Human(human),
                Err(_) => return,
            },
        };
        driver.input(input, at, &mut always_sent, &mut |turn| {
            turn.step.effects.iter().for_each(|effect| targets.see(effect));
            found.updates += u64::from(is_again && turn.step.taken == Taken::Update);
            match is_first {
                true => self.see(&turn, rule, true, found),
                false => self.see_made(&turn, (turn.cause == Cause::Input).then_some(place), rule, found),
            }
        });
    }

    /// Takes a turn in that may make the signal asked about: one of touchline's own.
    fn see_made(&self, turn: &Turn, place: Option<Place>, rule: &Rule, found: &mut Found) {
        let made = turn.step.made.iter().find(|signal| found.signal.is_none() && self.is_it(signal));
        if let Some(signal) = made {
            found.signal = Some(Signal::clone(signal));
            found.place = place;
            found.made_by = maker(turn, signal);
        }
        self.see(turn, rule, made.is_some(), found);
    }

    fn see(&self, turn: &Turn, rule: &Rule, is_it: bool, found: &mut Found) {
        let Some(signal) = &found.signal else { return };
        if is_it && turn.step.taken != Taken::NotASignal && !is_made(&signal.id) {
            found.taken = turn.step.taken;
        }
        let of_it = |made: &&Arc<Signal>| {
            let chained = is_made(&signal.id) || !is_it;
            made.id != signal.id && (!chained || leads_to(turn, &signal.id, made))
        };
        found.led_to.extend(turn.step.made.iter().filter(of_it).cloned());
        let own = |look: &&Look| look.rule == rule.id && look.signal.as_ref() == Some(&signal.id);
        if is_it {
            found.looks.extend(turn.step.looks.iter().filter(own).cloned());
        }
        found.after.see_actions(turn, rule, &signal.id);
        if let (false, Some(look)) = (is_it, found.looks.last()) {
            found.after.see(turn, rule, &look.key);
        }
        let behind = |firing: &&Arc<Firing>| firing.rule == rule.id && is_behind(firing, &signal.id);
        found.firings.extend(turn.step.firings.iter().filter(behind).cloned());
    }

    fn show_rule(&self, screen: &mut Screen, sources: &Sources, rule: &Rule) -> anyhow::Result<()> {
        let span = rule.here.0;
        let (line, _) = sources.line_column(span.file, span.start);
        let (out, width) = (&mut screen.out, screen.width);
        let file = sources.file(span.file);
        let place = format!("{}:{line}", file.path);
        let between = if rule.title.chars().count() + 1 + place.chars().count() > width { "\n" } else { " " };
        writeln!(out, "{BOLD}{}{BOLD:#}{between}{DIM}{place}{DIM:#}", rule.title)?;
        let start = file.text[..span.start as usize].rfind('\n').map_or(0, |newline| newline + 1);
        let text = file.text.get(start..span.end as usize).unwrap_or("");
        for (place, text) in text.trim_end().lines().enumerate() {
            let indent = text.chars().count() - text.trim_start().chars().count();
            let text = match 7 + text.chars().count() > width {
                true => format!("{:indent$}{}", "", hang(text, 7 + indent + 2, width)),
                false => text.to_owned(),
            };
            writeln!(out, "{DIM}{:>5}{DIM:#}  {text}", line + place)?;
        }
        writeln!(out)?;
        Ok(())
    }

    fn show_signal(
        &self,
        screen: &mut Screen,
        rules: &RuleSet,
        zone: &TimeZone,
        signal: &Signal,
        found: &Found,
        place: &str,
    ) -> anyhow::Result<()> {
        let kind = rules.vocabulary.signal_type(signal.kind);
        let (name, at) = (format!("{} {}", kind.name, words::signal_id(&signal.id)), words::instant(signal.at, zone));
        let used = [&*name, &*at, place].iter().map(|text| text.chars().count()).sum::<usize>() + 3;
        let between = if used > screen.width { "\n       " } else { " " };
        writeln!(screen.out, "{BOLD}{name}{BOLD:#}, {at}{between}{DIM}{place}{DIM:#}")?;
        let fields = words::fields(signal, &rules.vocabulary);
        writeln!(screen.out, "       {}", hang(&fields, 7, screen.width))?;
        self.refused_lines(screen, found)?;
        if !found.led_to.is_empty() {
            let named = |made: &Arc<Signal>| {
                format!("{} {}", rules.vocabulary.signal_type(made.kind).name, words::signal_id(&made.id))
            };
            let mut told: Vec<String> = found.led_to.iter().take(MADE_SHOWN).map(named).collect();
            if found.led_to.len() > MADE_SHOWN {
                told.push(format!("{} more", found.led_to.len() - MADE_SHOWN));
            }
            let told = format!("touchline made of it: {} (`--signal` takes these ids)", told.join(", "));
            for line in wrap(&told, screen.width.saturating_sub(7)) {
                writeln!(screen.out, "       {line}")?;
            }
        }
        if found.again > 0 {
            let mut told = format!("it came {} more under the same id", counted(found.again, "time", "times"));
            if found.updates > 0 {
                let times = counted(found.updates, "time", "times");
                told.push_str(&format!(", {times} with other content, which filled only what was missing"));
            }
            told.push_str(": known already, it fires nothing twice");
            for line in wrap(&told, screen.width.saturating_sub(7)) {
                writeln!(screen.out, "       {line}")?;
            }
        }
        writeln!(screen.out)?;
        Ok(())
    }

    fn name(&self, place: Place) -> String {
        format!("{}:{}", super::feed::name(&self.feed, place), place.number)
    }

    fn answer(
        &self,
        screen: &mut Screen,
        sources: &Sources,
        rules: &RuleSet,
        rule: &Rule,
        signal: &Signal,
        found: &Found,
    ) -> anyhow::Result<()> {
        for look in &found.looks {
            clauses(screen, sources, rule, &look.compared, look.verdict == Verdict::GuardSaysNo)?;
        }
        let fired = found.firings.iter().find(|firing| firing.signal.as_ref() == Some(&signal.id));
        let fired = fired.or(found.firings.first());
        if let Some(firing) = fired
            && !found.looks.iter().any(|look| look.verdict == Verdict::Fired)
        {
            let told = |compared: &&Compared| !found.looks.iter().any(|look| look.compared.contains(compared));
            let compared: Vec<Compared> = firing.compared.iter().filter(told).cloned().collect();
            if !compared.is_empty() && firing.signal.as_ref() != Some(&signal.id) {
                writeln!(screen.out, "When it fired, {}:", words::instant(firing.at, &rule.zone))?;
            }
            clauses(screen, sources, rule, &compared, false)?;
        }
        let (style, sentence) = match fired {
            Some(firing) => (GOOD, fired_sentence(firing, signal, rule, rules)),
            None => (BAD, self.why_not(rules, rule, signal, found)),
        };
        for line in wrap(&sentence, screen.width) {
            writeln!(screen.out, "{style}{line}{style:#}")?;
        }
        match fired {
            Some(firing) => found.after.show_actions(screen, rules, rule, firing),
            None => Ok(()),
        }
    }

    /// Says in a sentence why it did not fire.
    fn why_not(&self, rules: &RuleSet, rule: &Rule, signal: &Signal, found: &Found) -> String {
        let name = &rule.id.rule;
        let kind = &rules.vocabulary.signal_type(signal.kind).name;
        if !rule.signals().contains(&signal.kind) {
            let kinds: Vec<String> =
                rule.signals().iter().map(|kind| format!("`{}`", rules.vocabulary.signal_type(*kind).name)).collect();
            return match kinds.is_empty() {
                true => format!("{name} did not look at it: the rule runs at set times and listens to no signal."),
                false => {
                    let heard = found.led_to.iter().filter(|made| rule.signals().contains(&made.kind));
                    let heard: Vec<String> = heard.take(MADE_SHOWN).map(|made| words::signal_id(&made.id)).collect();
                    let heard = match heard.is_empty() {
                        true => String::new(),
                        false => format!(" Of this one touchline made {}: ask about that.", heard.join(" and ")),
                    };
                    let kinds = kinds.join(" and ");
                    format!("{name} did not look at it: the rule listens to {kinds}, this is a `{kind}`.{heard}")
                }
            };
        }
        match found.taken {
            Taken::TooLate => {
                let lateness = words::length(rules.vocabulary.signal_type(signal.kind).lateness());
                return format!(
                    "{name} did not fire: the signal came too late. A `{kind}` may be {lateness} behind the clock; later \
                     than that it enters no window and fires nothing."
                );
            }
            Taken::Duplicate => return format!("{name} did not look at it: a signal with this id was known already."),
            Taken::Update => {
                return format!("{name} did not look at it: it updates a signal with this id that was known already.");
            }
            Taken::NotASignal | Taken::Accepted | Taken::Late => {}
        }
        match found.looks.last() {
            Some(look) if found.imported && !matches!(look.verdict, Verdict::NoMatch | Verdict::KeyMissing { .. }) => {
                format!("{name} did not fire: the signal was imported. It fills windows and fires nothing.")
            }
            Some(look) => why_not(look, rule, signal, &found.after, rules),
            None => format!("{name} did not fire: it did not look at this signal."),
        }
    }

    /// Says that no rule ever looked at the signal: its line was refused, or there is none.
    fn unknown(&self, screen: &mut Screen, found: &Found) -> anyhow::Result<()> {
        if !found.refused.is_empty() {
            writeln!(screen.out, "{BAD}No rule looked at `{}`: its line was not taken.{BAD:#}", self.signal)?;
            return self.refused_lines(screen, found);
        }
        writeln!(screen.out, "{BAD}No signal is called `{}` in the feed.{BAD:#}", self.signal)?;
        if let Some(near) = nearest(&self.signal, found.ids.iter().map(String::as_str)) {
            writeln!(screen.out, "Did you mean `{near}`?")?;
        }
        if names_a_made_one(&self.signal) {
            writeln!(screen.out, "Ask about the signal that led to it: `why` names those that touchline made of one.")?;
        }
        if found.others_refused > 0 {
            let lines = counted(found.others_refused, "line", "lines");
            writeln!(screen.out, "{lines} of the feed could not be read: `touchline replay` names them.")?;
        }
        Ok(())
    }

    fn refused_lines(&self, screen: &mut Screen, found: &Found) -> anyhow::Result<()> {
        for (place, reason) in found.refused.iter().take(REFUSED_SHOWN) {
            let told = format!("{}: {reason}", self.name(*place));
            for line in wrap(&told, screen.width.saturating_sub(7)) {
                writeln!(screen.out, "       {WARN}{line}{WARN:#}")?;
            }
        }
        Ok(())
    }
}

/// Prints every comparison of a look with the value it met. What an `unless` names is fine where it does not hold;
/// `refused` tells that the guard of the last comparison said no.
fn clauses(
    screen: &mut Screen,
    sources: &Sources,
    rule: &Rule,
    made: &[Compared],
    refused: bool,
) -> anyhow::Result<()> {
    /// Where a clause begins, and a value below it.
    const INDENT: usize = 11;
    const VALUE: usize = INDENT + 4;
    /// How much room clauses have at least, so that most values stand in one column.
    const ACTUAL_FROM: usize = 50;
    let marks = screen.colour;
    let unless = |compared: &Compared| {
        let (clause, guards) = (compared.here.0, &rule.guards);
        let around = |guard: Span| guard.file == clause.file && guard.start <= clause.start && clause.end <= guard.end;
        guards.iter().position(|guard| guard.unless && around(guard.here.0))
    };
    let refusing = made.last().filter(|_| refused).and_then(unless);
    for compared in made {
        let (line, _) = sources.line_column(compared.here.0.file, compared.here.0.start);
        let guard = unless(compared);
        let fine = match guard {
            Some(_) if guard == refusing => !compared.holds,
            Some(_) => true,
            None => compared.holds,
        };
        let (style, mark) = match (fine, guard.is_some(), marks) {
            (true, _, true) => (GOOD, "✓  "),
            (false, _, true) => (BAD, "✗  "),
            (true, true, false) => (GOOD, "ok "),
            (true, false, false) => (GOOD, "yes"),
            (false, _, false) => (BAD, "no "),
        };
        let clause = match guard {
            Some(_) => format!("unless {}", compared.clause),
            None => compared.clause.to_string(),
        };
        let length = clause.chars().count().max(ACTUAL_FROM.min(screen.width / 2));
        let shown = match INDENT + length + 1 + compared.actual.chars().count() <= screen.width {
            true => format!("{clause:<length$} {}", compared.actual),
            // Too long for one line: the value stands below its clause.
            false => {
                let (clause, actual) = (hang(&clause, INDENT, screen.width), &compared.actual);
                format!("{clause}\n{:VALUE$}{}", "", hang(actual, VALUE, screen.width))
            }
        };
        writeln!(screen.out, "{DIM}{line:>5}{DIM:#}  {style}{mark}{style:#} {shown}")?;
    }
    if !made.is_empty() {
        writeln!(screen.out)?;
    }
    Ok(())
}

fn fired_sentence(firing: &Firing, signal: &Signal, rule: &Rule, rules: &RuleSet) -> String {
    let name = words::for_key(rules, &rule.id, &firing.key);
    let at = words::instant(firing.at, &rule.zone);
    let behind = match firing.signals_total {
        0 | 1 => String::new(),
        total => {
            let ids: Vec<String> = firing.signals.iter().rev().take(8).rev().map(words::signal_id).collect();
            let latest = if total > ids.len() as u64 { ", the latest" } else { ":" };
            format!(" Behind it are {total} signals{latest} {}.", ids.join(", "))
        }
    };
    let late = if firing.late { " It came late." } else { "" };
    match firing.signal.as_ref() == Some(&signal.id) {
        true if firing.at == signal.at => format!("{name} fired on this signal.{behind}{late}"),
        true => format!("{name} fired for this signal, at {at}.{behind}{late}"),
        false => {
            let by = firing.signal.as_ref().map(|id| format!(", on {}", words::signal_id(id))).unwrap_or_default();
            format!("{name} did not fire on this signal, but it counts in the firing of {at}{by}.{behind}{late}")
        }
    }
}

fn why_not(look: &Look, rule: &Rule, signal: &Signal, after: &After, rules: &RuleSet) -> String {
    let zone = &rule.zone;
    let name = words::for_key(rules, &rule.id, &look.key);
    let told = words::verdict(look, Some(rule), zone).unwrap_or_default();
    match &look.verdict {
        Verdict::Fired => format!("{name} fired on this signal."),
        Verdict::NoMatch => format!("{name} did not fire: {told}."),
        Verdict::KeyMissing { part } => format!("{name} did not fire: the signal has no `{part}` to be counted under."),
        Verdict::Counting { have, need } => format!("{name} did not fire: this is {have} of {need}."),
        Verdict::Joined { since } if matches!(rule.trigger, Trigger::Absence { .. }) => {
            let since = words::instant(*since, zone);
            format!(
                "{name} did not fire for this signal: it fires once, for the oldest that nobody has answered, and this joins \
                 that episode, which runs since {since}."
            )
        }
        Verdict::Joined { since } => {
            let since = words::instant(*since, zone);
            format!("{name} did not fire again: it fires once an episode, and this joins the one since {since}.")
        }
        Verdict::Limited { last, frees_at } => format!(
            "{name} did not fire: the limit. It last fired {}, and may again from {}.",
            words::instant(*last, zone),
            words::instant(*frees_at, zone)
        ),
        Verdict::Silenced { until } => {
            let once = matches!(rule.trigger, Trigger::Each(_) | Trigger::Sequence { .. } | Trigger::Schedule(_));
            let then = if once { "" } else { " What lasts longer fires at its end." };
            let until = words::instant(*until, zone);
            format!("{name} decided on this signal and sent nothing: a silence until {until}.{then}")
        }
        Verdict::Armed { until } => after.of_wait(&name, rule, *until),
        Verdict::Answered => format!("{name} did not fire: the signal is the answer it waits for."),
        Verdict::Noted => match (after.of_sample(&name, rule, signal.at), &rule.trigger) {
            (Some(told), _) => told,
            (None, Trigger::Absence { .. }) => {
                format!("{name} did not fire: the signal is the answer it waits for, and nothing waited for one.")
            }
            _ => after.of_pair(&name, rule),
        },
        Verdict::GuardSaysNo => format!("{name} did not fire: {told}."),
        _ => format!("{name} did not fire: {told}."),
    }
}
