//! `touchline replay`: recorded feedback through playbooks, and what they would have done.
//!
//! `journal`: the journal of a data folder once more, and whether the same comes out.

#[cfg(feature = "daemon")]
mod journal;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::engine::effect::{Outcome, What};
use crate::engine::input::Input;
use crate::engine::ruleset::RuleSet;
use crate::engine::{Taken, Watch};
use crate::id::RuleId;
use crate::lang::source::Sources;
use crate::replay::driver::{Cause, Driver, Turn, always_sent};
use crate::replay::feed::{Entry, Feed, Place};
use crate::replay::target::{Acted, Targets};
use crate::replay::words;
use crate::signal::FeedLine;
use crate::suggest::nearest;

use super::ExitCode;
use super::feed::{self, Lines, open};
use super::jsonl;
use super::load::one_unit;
use super::screen::{BOLD, Screen, WARN, counted};
use super::story::Story;

/// Runs recorded feedback through playbooks and prints what they would have done.
///
/// Nothing is sent, and the clock is a virtual one. A feed has one JSON object a line: a signal, facts about a thing, or what a person did. The clock is the latest time
/// seen. It stops at the last line; `--until` lets it run on, or stops it earlier.
///
/// With `--journal` the inputs are those that a daemon wrote down, at the instants it stamped, decided by the rules that
/// decided then. The same effects come out, byte for byte; `--verify` compares them with what was recorded. It only reads,
/// beside a running daemon as well.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline replay --playbooks playbooks/retail --feed feed.jsonl
  touchline replay --playbooks playbooks/retail --feed feed.jsonl --rule repeat_complaint
  touchline replay --playbooks playbooks/retail --feed june.jsonl july.jsonl --until 2026-08-15
  touchline replay --playbooks playbooks/retail --feed feed.jsonl --format jsonl --show effects
  zcat feed.jsonl.gz | touchline replay --playbooks playbooks/retail --feed -
  touchline replay --journal data --show effects --format jsonl
  touchline replay --journal data --verify

A line that cannot be read, and an action that meets nothing (a case that is not open, say), are told on standard error with
their number and the reason; the rest goes on unless --strict is given. In `--format jsonl` keys are as signals brought them, also
personal ones; for people there stands (personal).

Exit codes: 0 done, 1 a bad line under --strict or a difference under --verify, 2 could not run.")]
pub struct Replay {
    /// The folder of the playbooks, all of one vocabulary
    #[arg(long, value_name = "DIR", required_unless_present = "journal", conflicts_with = "journal")]
    playbooks: Option<PathBuf>,
    /// The recorded signals, one JSON object a line; several are read one after the other, `-` is standard input
    #[arg(long, value_name = "FILE", required_unless_present = "journal", conflicts_with = "journal", num_args = 1..)]
    feed: Vec<PathBuf>,
    /// The data folder of `touchline serve`, in place of playbooks and feed; it is only read
    #[arg(long, value_name = "DIR", conflicts_with_all = ["until", "strict"])]
    journal: Option<PathBuf>,
    /// Print nothing; compare what each input of the journal leads to with what was recorded, and tell the first difference
    #[arg(long, requires = "journal", conflicts_with_all = ["show", "format", "rule", "recorded"])]
    verify: bool,
    /// Print what was recorded, and decide nothing again
    #[arg(long, requires = "journal")]
    recorded: bool,
    /// Play up to this time: `2026-04-01` (where the day begins), `2026-04-01 12:00` (in the playbooks' zone) or RFC 3339
    ///
    /// After the last line the clock runs on to it, and what is due by then happens. Where the feed goes further, playing
    /// stops at the first line later than this: it and all lines after it are only counted.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// What is printed [text: firings with their effects; jsonl: firings]
    #[arg(long, value_enum)]
    show: Option<Show>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Only this rule: its id, or playbook/rule
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    /// Stop at the first line that cannot be read
    #[arg(long)]
    strict: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Show {
    /// Each time a rule fired
    Firings,
    /// Everything that was sent, planned, cancelled or limited
    Effects,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One JSON object a line
    Jsonl,
}

/// What was counted on the way.
#[derive(Debug, Default)]
struct Tally {
    signals: u64,
    others: u64,
    late: u64,
    too_late: u64,
    known: u64,
    refused: u64,
    held: u64,
    /// Actions of people that met nothing.
    missed: u64,
    first: Option<Timestamp>,
    firings: BTreeMap<RuleId, u64>,
    sent: BTreeMap<&'static str, u64>,
    outcomes: BTreeMap<&'static str, u64>,
}

/// Who draws a step: a story for people or lines for machines.
enum Printer {
    Story(Box<Story>),
    Jsonl(Show),
}

impl Replay {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let Some(playbooks) = &self.playbooks else {
            #[cfg(feature = "daemon")]
            return self.of_journal(screen);
            #[cfg(not(feature = "daemon"))]
            bail!("this touchline was built without the daemon and opens no journal");
        };
        let loaded = one_unit(playbooks, screen)?;
        let unit = &loaded.project.units[0];
        let rules = unit.ruleset();
        let zone = rules.rules.first().map_or(rules.vocabulary.zone.clone(), |rule| rule.zone.clone());
        let until = self.until.as_deref().map(|text| moment(text, &zone)).transpose()?;
        let only = self.rule.as_deref().map(|name| find_rule(name, &rules)).transpose()?;
        let lines = open(&self.feed, &rules.vocabulary, screen)?;
        let printer = match self.format {
            Format::Jsonl => Printer::Jsonl(self.show.unwrap_or(Show::Firings)),
            Format::Text => Printer::Story(Box::new(Story::new(rules.clone(), self.show, screen.width))),
        };
        let mut run = Run {
            // People are told the values that were compared; lines for machines do not hold them.
            driver: Driver::new(
                rules.clone(),
                match self.format {
                    Format::Text => Watch::Everything,
                    Format::Jsonl => Watch::Nothing,
                },
            ),
            rules: rules.clone(),
            sources: &loaded.sources,
            targets: Targets::default(),
            acted: Acted::default(),
            missed: None,
            tally: Tally::default(),
            printer,
            only,
            feeds: &self.feed,
            bad: BadLines::default(),
            until,
            not_played: None,
            failed: None,
        };
        let whole = run.feed(lines, self.strict, screen)?;
        if let (Some(until), true) = (until, whole) {
            run.past(until, screen)?;
        }
        if let Printer::Story(story) = &mut run.printer {
            story.end(&mut screen.out)?;
        }
        screen.out.flush()?;
        run.summary(screen, &zone)?;
        Ok(if whole { ExitCode::Clean } else { ExitCode::Problems })
    }
}

/// One replay under way.
struct Run<'a> {
    driver: Driver,
    rules: std::sync::Arc<RuleSet>,
    sources: &'a Sources,
    targets: Targets,
    acted: Acted,
    /// Why the last line met nothing.
    missed: Option<&'static str>,
    tally: Tally,
    printer: Printer,
    only: Option<RuleId>,
    feeds: &'a [PathBuf],
    bad: BadLines,
    until: Option<Timestamp>,
    /// How many lines came after `until`, where playing stopped there.
    not_played: Option<u64>,
    /// Why printing failed; printing stops there.
    failed: Option<std::io::Error>,
}

impl Run<'_> {
    /// Reads the feed to its end; `false` where a bad line ended it.
    fn feed(&mut self, mut lines: Lines, strict: bool, screen: &mut Screen) -> anyhow::Result<bool> {
        let mut whole = true;
        let mut entries = Feed::new(&mut lines);
        while let Some(entry) = entries.next() {
            let bad = match entry {
                Entry::Line(line, _) if self.until.is_some_and(|until| line.at() > until) => {
                    self.not_played = Some(1 + entries.ahead());
                    break;
                }
                Entry::Line(line, place) => self.line(line, place, screen)?,
                Entry::Refused(place, reason) => {
                    self.tally.refused += 1;
                    Some((place, reason))
                }
                Entry::Held(line, place, jump) => {
                    self.tally.held += 1;
                    Some((place, format!("held out: {} is {jump}", words::utc(line.at()))))
                }
            };
            if let Some((place, reason)) = bad {
                let at = format!("{}:{}", feed::name(self.feeds, place), place.number);
                self.bad.tell(screen, &at, place, reason)?;
                if strict {
                    whole = false;
                    break;
                }
            }
            if let Some(error) = self.failed.take() {
                lines.end();
                return Err(error.into());
            }
        }
        self.bad.end(screen)?;
        if let Some((place, at, before)) = entries.far_ahead() {
            let name = format!("{}:{}", feed::name(self.feeds, place), place.number);
            let days = at.duration_since(before).as_hours() / 24;
            let told =
                format!("{name}: {} is {days} days ahead of everything before it: is the year right?", words::utc(at));
            screen.say(&told, WARN)?;
        }
        if let Some(not_played) = &mut self.not_played {
            *not_played += lines.pass_over();
        }
        if let Some(error) = lines.end() {
            return Err(error).context("the feed broke off");
        }
        Ok(whole)
    }

    /// Hands in one line; `Some` where it turns out to be about nothing.
    fn line(&mut self, line: FeedLine, place: Place, screen: &mut Screen) -> anyhow::Result<Option<(Place, String)>> {
        let at = line.at();
        let input = match line {
            FeedLine::Signal(signal) => {
                self.tally.signals += 1;
                Input::Signal(signal)
            }
            FeedLine::Facts { change, .. } => {
                self.tally.others += 1;
                Input::Fact(change)
            }
            FeedLine::Human(human) => {
                // What is due before may open the case that is meant.
                self.drive(screen, |driver, see| driver.before(at, &mut always_sent, see));
                match self.targets.of_human(&human, &self.rules) {
                    Ok(human) => {
                        self.tally.others += 1;
                        Input::Human(human)
                    }
                    Err(reason) => {
                        self.tally.refused += 1;
                        return Ok(Some((place, reason)));
                    }
                }
            }
        };
        self.tally.first = self.tally.first.or(Some(at));
        let action = match &input {
            Input::Human(human) => Some(human.action.clone()),
            _ => None,
        };
        self.drive(screen, |driver, see| driver.input(input, at, &mut always_sent, see));
        let missed = action.and_then(|action| self.acted.missed(&action, self.missed.take()));
        Ok(missed.map(|reason| {
            self.tally.missed += 1;
            (place, format!("the action meets nothing: {reason}"))
        }))
    }

    fn past(&mut self, until: Timestamp, screen: &mut Screen) -> anyhow::Result<()> {
        self.drive(screen, |driver, see| driver.past(until, &mut always_sent, see));
        self.failed.take().map_or(Ok(()), |error| Err(error.into()))
    }

    fn drive(&mut self, screen: &mut Screen, go: impl FnOnce(&mut Driver, &mut dyn FnMut(Turn))) {
        let Run { driver, targets, acted, missed, tally, printer, only, failed, sources, rules, .. } = self;
        let mut see = |turn: Turn| {
            for effect in &turn.step.effects {
                targets.see(effect);
                acted.see(effect, &rules.vocabulary);
            }
            if turn.cause == Cause::Input {
                *missed = turn.step.missed;
            }
            tally.see(&turn, only.as_ref());
            if failed.is_none() {
                let printed = match printer {
                    Printer::Story(story) => story.step(turn.step, only.as_ref(), &mut screen.out),
                    Printer::Jsonl(show) => jsonl::step(turn.step, *show, only.as_ref(), sources, &mut screen.out),
                };
                *failed = printed.err();
            }
        };
        go(driver, &mut see);
    }

    fn summary(&self, screen: &mut Screen, zone: &TimeZone) -> anyhow::Result<()> {
        let tally = &self.tally;
        let span = match (tally.first, self.driver.clock()) {
            (Some(first), Some(last)) => {
                let zone_name = zone.iana_name().map(|name| format!(" ({name})")).unwrap_or_default();
                format!(" from {} to {}{zone_name}", words::instant(first, zone), words::instant(last, zone))
            }
            _ => String::new(),
        };
        screen.say(&format!("{}{span}", counted(tally.signals, "signal", "signals")), BOLD)?;
        let asides = [
            (tally.others, "other line (facts, people's actions)", "other lines (facts, people's actions)"),
            (tally.late, "late", "late"),
            (tally.too_late, "too late", "too late"),
            (tally.known, "known already", "known already"),
            (tally.refused, "line refused", "lines refused"),
            (tally.held, "held out", "held out"),
            (tally.missed, "action that met nothing", "actions that met nothing"),
        ];
        let told = asides.iter().filter(|(count, ..)| *count > 0);
        let told: Vec<String> = told.map(|(count, one, many)| counted(*count, one, many)).collect();
        listed(screen, "", &told)?;
        if tally.signals + tally.others == 0 && tally.refused > 0 {
            screen.say("  not one line could be read: a feed has one JSON object a line", WARN)?;
        }
        if let (Some(until), Some(not_played)) = (self.until, self.not_played) {
            let lines = counted(not_played, "line", "lines");
            let until = words::instant(until, zone);
            screen.say(&format!("  stopped at {until}, as --until says: {lines} from there on not played"), WARN)?;
        }
        let firings: u64 = tally.firings.values().sum();
        let ran = self.rules.rules.iter().filter(|rule| self.only.as_ref().is_none_or(|only| rule.id == *only));
        let rules = counted(ran.count() as u64, "rule", "rules");
        screen.say(&format!("{} of {rules}", counted(firings, "firing", "firings")), BOLD)?;
        let kinds = tally.sent.iter().chain(&tally.outcomes);
        let told: Vec<String> =
            kinds.map(|(word, count)| format!("{word} {}", super::screen::thousands(*count))).collect();
        listed(screen, "", &told)?;
        if self.only.is_none() {
            let silent = self.rules.rules.iter().filter(|rule| !tally.firings.contains_key(&rule.id));
            let quiet: BTreeSet<String> = silent.map(|rule| rule.id.rule.to_string()).collect();
            listed(screen, "never fired: ", &quiet.into_iter().collect::<Vec<_>>())?;
        }
        Ok(())
    }
}

/// Says what there is, separated by commas; nothing where there is nothing.
fn listed(screen: &mut Screen, lead: &str, told: &[String]) -> std::io::Result<()> {
    match told.is_empty() {
        true => Ok(()),
        false => screen.say(&format!("  {lead}{}", told.join(", ")), anstyle::Style::new()),
    }
}

/// Tells which lines were bad. Of many neighbours with one reason (the wrong file, the wrong encoding) the first few
/// stand for all.
#[derive(Default)]
pub(super) struct BadLines {
    last: Option<(Place, String)>,
    /// How many with this reason in a row.
    same: u64,
}

impl BadLines {
    /// How many neighbours with one reason are told each.
    const TOLD: u64 = 10;

    pub(super) fn tell(&mut self, screen: &mut Screen, at: &str, place: Place, reason: String) -> std::io::Result<()> {
        let goes_on = |(last, same): &(Place, String)| {
            last.file == place.file && last.number + 1 == place.number && *same == reason
        };
        if !self.last.as_ref().is_some_and(goes_on) {
            self.end(screen)?;
        }
        self.same += 1;
        if self.same <= BadLines::TOLD {
            screen.say(&format!("{at}: {reason}"), WARN)?;
        }
        self.last = Some((place, reason));
        Ok(())
    }

    /// Says how many were not told each.
    pub(super) fn end(&mut self, screen: &mut Screen) -> std::io::Result<()> {
        let (last, same) = (self.last.take(), std::mem::take(&mut self.same));
        match last {
            Some((place, _)) if same > BadLines::TOLD => {
                let more = counted(same - BadLines::TOLD, "more line", "more lines");
                screen.say(&format!("the same for {more}, up to line {}", place.number), WARN)
            }
            _ => Ok(()),
        }
    }
}

impl Tally {
    fn see(&mut self, turn: &Turn, only: Option<&RuleId>) {
        match turn.step.taken {
            Taken::NotASignal | Taken::Accepted => {}
            Taken::Late => self.late += 1,
            Taken::TooLate => self.too_late += 1,
            Taken::Duplicate | Taken::Update => self.known += 1,
        }
        for firing in turn.step.firings.iter().filter(|firing| only.is_none_or(|only| firing.rule == *only)) {
            *self.firings.entry(firing.rule.clone()).or_default() += 1;
        }
        for effect in &turn.step.effects {
            let of = effect.firing.as_ref().map(|firing| &firing.rule);
            if only.is_some_and(|only| of != Some(only)) {
                continue;
            }
            match (effect.outcome, &effect.what) {
                (Outcome::Sent, What::Withdraw | What::Firing) => {}
                (Outcome::Sent, what) => *self.sent.entry(plural(what)).or_default() += 1,
                (Outcome::Planned, _) => {}
                (outcome, _) => *self.outcomes.entry(outcome.word()).or_default() += 1,
            }
        }
    }
}

/// Returns what is counted, in the plural.
fn plural(what: &What) -> &'static str {
    match what {
        What::Alert { .. } => "alerts",
        What::Email { .. } => "emails",
        What::OpenCase { joined: false, .. } => "cases opened",
        What::OpenCase { .. } => "cases joined",
        What::Post { .. } => "posts",
        What::Set { .. } => "facts set",
        What::Record { .. } => "signals recorded",
        What::Firing | What::Withdraw => "others",
        What::Digest { .. } => "digests",
    }
}

/// Reads a time: a date, a date with a time in `zone`, or RFC 3339.
pub(super) fn moment(text: &str, zone: &TimeZone) -> anyhow::Result<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let civil = text.parse::<jiff::civil::DateTime>();
    let civil = civil.or_else(|_| text.parse::<jiff::civil::Date>().map(|date| date.at(0, 0, 0, 0)));
    let at = civil.ok().and_then(|civil| zone.to_ambiguous_timestamp(civil).compatible().ok());
    at.with_context(|| format!("`{text}` is not a time: write 2026-04-01, 2026-04-01T12:00 or 2026-04-01T12:00:00Z"))
}

/// Finds a rule by its id, or by playbook/rule.
pub(super) fn find_rule(name: &str, rules: &RuleSet) -> anyhow::Result<RuleId> {
    let is = |id: &RuleId| *id.rule == *name || id.to_string() == name;
    let found: Vec<&RuleId> = rules.rules.iter().map(|rule| &rule.id).filter(|id| is(id)).collect();
    match found[..] {
        [one] => Ok(one.clone()),
        [] => {
            let near = nearest(name, rules.rules.iter().map(|rule| &*rule.id.rule));
            let known: Vec<&str> = rules.rules.iter().map(|rule| &*rule.id.rule).collect();
            match near {
                Some(near) => bail!("no rule is called `{name}`: did you mean `{near}`?"),
                None => bail!("no rule is called `{name}`: there are {}", known.join(", ")),
            }
        }
        _ => {
            let names: Vec<String> = found.iter().map(|id| id.to_string()).collect();
            bail!("several rules are called `{name}`: name one of {}", names.join(", "))
        }
    }
}
