//! `touchline backtest`: what a change of playbooks would have done on recorded feedback.
//!
//! Here: what may be asked, and the three passes: the version that was, the one that is to be, and the first once more, to be
//! asked why it did not decide what the other one does. `recorded` reads feeds, `store` the journal of a daemon; `text`,
//! `markdown` and `html` show the report.

mod html;
mod markdown;
pub(super) mod recorded;
#[cfg(feature = "daemon")]
mod store;
mod svg;
mod text;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::engine::ruleset::RuleSet;
use crate::trust::backtest::Moment;
use crate::trust::backtest::answers::Answers;
use crate::trust::backtest::player::{Played, Player};
use crate::trust::backtest::report::{Material, Report, asker, report};
use crate::trust::diff::Change;

use super::ExitCode;
use super::diff;
use super::files;
use super::load::one_unit;
use super::replay::moment;
use super::screen::Screen;
use super::side::{Side, side};
use recorded::{Listener, Recording};

/// Says what a change of playbooks would have done on recorded feedback.
///
/// What was recorded is played twice: under the playbooks as they are (`--against`: a git ref, a folder or REF:path) and as
/// they are to be. Nothing is sent. Told are the decisions that are new, gone, moved or lead to something else, rule by rule
/// with the first examples and why; what customers and roles get; and whether a budget of the directory is exceeded.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline backtest --playbooks playbooks/retail --against main --feed feed.jsonl
  touchline backtest --playbooks next --against live --feed june.jsonl july.jsonl --since 90d
  touchline backtest --against HEAD --feed feed.jsonl --assume-ack 30m --html report.html
  touchline backtest --against main --store data --since 2026-06-01 --format markdown
  touchline backtest --against main --feed feed.jsonl --until 2026-07-01   past the end of the feed: ladders climb on

Two decisions are the same where rule, key and time are. One has moved where rule and key are the
same and the time is not, and a signal behind both is, or the episode. `otherwise` is the same
decision with other consequences: another step of a ladder, another text. The rest is new or gone.

People do what the recording says. A ladder that also ran under the old playbooks (the same rule
and key, with a signal in common or within a day) takes the acknowledgement of then: at that
instant, or, where it starts earlier or only after it, as long after its start. One that did not
run is acknowledged after `--assume-ack`, or climbs to its end. The report says how many of each.

A budget stands in directory.yaml: `budgets: {team_lead: 20 alerts per day}`. It is for each team
lead, and a day is one of the playbook's time zone.

Exit codes: 0 done, 1 a budget is exceeded, 2 could not run.")]
pub struct Backtest {
    /// The playbooks as they are to be: a folder, all of one vocabulary
    #[arg(long, value_name = "DIR", default_value = ".")]
    playbooks: PathBuf,
    /// The playbooks as they are: a git ref (the same folder then), REF:path, or a folder
    #[arg(long, value_name = "GITREF|DIR")]
    against: String,
    /// The recorded signals, one JSON object a line; several are read one after the other
    #[arg(long, value_name = "FILE", required_unless_present = "store", conflicts_with = "store", num_args = 1..)]
    feed: Vec<PathBuf>,
    /// The data folder of `touchline serve`, in place of a feed; it is only read
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Count from here on: `90d` before the last thing recorded, `12 weeks`, or a date; everything before fills windows
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Stop here, or run on to here until what was still planned is due: a date or a time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Acknowledge ladders that did not run under the old playbooks after this long: `30m`, `2 hours`
    #[arg(long, value_name = "DURATION")]
    assume_ack: Option<String>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Also write the report with charts as one HTML file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For machines: one JSON object
    Json,
    /// A summary for a pull request
    Markdown,
    /// The report with charts, one file
    Html,
}

impl Backtest {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let assume = self.assume_ack.as_deref().map(|text| duration(text, "--assume-ack")).transpose()?;
        let new = Side { shown: files::shown(&self.playbooks), loaded: one_unit(&self.playbooks, screen)? };
        let old = side(&self.against, &self.playbooks, screen)?;
        let [unit] = old.units()[..] else {
            bail!(
                "{} holds playbooks for more than one vocabulary, and one is wanted here: name a folder in it",
                old.shown
            );
        };
        let rules = (unit.ruleset(), new.loaded.project.units[0].ruleset());
        if self.feed.iter().any(|feed| feed == Path::new("-")) {
            bail!("a feed is played more than once here: save standard input as a file first");
        }
        let recording = Recording::of(&self.feed, self.store.as_deref())?;
        let report = self.compared(&recording, (&old, &new), rules, assume, screen)?;
        if let Some(path) = &self.html {
            std::fs::write(path, html::page(&report)).map_err(|error| files::explain(path, error))?;
        }
        match self.format {
            Format::Text => text::show(&report, screen)?,
            Format::Json => writeln!(screen.out, "{}", serde_json::to_string(&report)?)?,
            Format::Markdown => write!(screen.out, "{}", markdown::summary(&report))?,
            Format::Html => write!(screen.out, "{}", html::page(&report))?,
        }
        Ok(if report.exceeded { ExitCode::Problems } else { ExitCode::Clean })
    }

    fn compared(
        &self,
        recording: &Recording,
        (old, new): (&Side, &Side),
        rules: (Arc<RuleSet>, Arc<RuleSet>),
        assume: Option<SignedDuration>,
        screen: &mut Screen,
    ) -> anyhow::Result<Report> {
        let zone = rules.1.rules.first().map_or(rules.1.vocabulary.zone.clone(), |rule| rule.zone.clone());
        let until = self.until.as_deref().map(|text| moment(text, &zone)).transpose()?;
        let mut pass = |player, rules: &RuleSet, tell| play(player, recording, rules, until, tell, screen);
        let (was, _) = pass(Player::of_old(rules.0.clone()), &rules.0, false)?;
        let player = Player::of_new(rules.1.clone(), &was, Answers::of(&was, assume));
        let (is, refused) = pass(player, &rules.1, true)?;
        if was.span.is_none() && is.span.is_none() {
            bail!("nothing of what was recorded could be read: a feed has one JSON object a line");
        }
        let (asked, _) = pass(asker(rules.0.clone(), &is), &rules.0, false)?;
        let last = was.span.or(is.span).map(|(_, last)| last);
        let since = match (&self.since, last) {
            (Some(text), Some(last)) => Some(since(text, last, &zone)?),
            _ => None,
        };
        let sentences = |change: &Change| match change {
            Change::Changed(said) => said.clone(),
            Change::Added(_) => vec!["the rule is new".to_owned()],
            Change::Removed(_) => vec!["the rule is gone".to_owned()],
        };
        let differing = diff::between(old, new);
        let meaning = differing.rules.iter().map(|rule| (rule.rule.clone(), sentences(&rule.change))).collect();
        Ok(report(Material {
            names: (old.shown.clone(), new.shown.clone()),
            around: differing
                .around
                .iter()
                .map(|around| format!("{}: {}", around.part.word(), around.sentence))
                .collect(),
            rules,
            played: (&was, &is),
            declined: &asked.declined,
            meaning,
            since,
            until,
            assume,
            refused,
        }))
    }
}

/// Plays a recording, up to `until` or to its end; returns what was decided and how many lines could not be read.
pub(super) fn play(
    mut player: Player,
    recording: &Recording,
    rules: &RuleSet,
    until: Option<Timestamp>,
    tell: bool,
    screen: &mut Screen,
) -> anyhow::Result<(Played, u64)> {
    let mut take = |moment: Moment| {
        if until.is_none_or(|until| moment.at <= until) {
            player.take(moment);
        }
    };
    let refused = recording.each(Listener { rules, tell, take: &mut take }, screen)?;
    if let Some(until) = until {
        player.run_on(until);
    }
    Ok((player.finish(), refused))
}

/// Reads a length of time: `90d`, `30 minutes`, `2h`, `12 weeks`.
fn duration(text: &str, option: &str) -> anyhow::Result<SignedDuration> {
    use crate::vocabulary::Unit;
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let (count, unit) = (text[..digits].parse::<i64>(), text[digits..].trim());
    let seconds = match unit {
        "w" | "week" | "weeks" => Some(7 * 86_400),
        unit => Unit::named(unit).map(Unit::seconds),
    };
    match (count, seconds) {
        (Ok(count @ 0..=1_000_000), Some(seconds)) => Ok(SignedDuration::from_secs(count * seconds)),
        _ => bail!("{option}: `{text}` is no length of time: write 30m, 2h, 90d or 12 weeks"),
    }
}

fn since(text: &str, last: Timestamp, zone: &TimeZone) -> anyhow::Result<Timestamp> {
    if text.contains('-') {
        return moment(text, zone);
    }
    let days = duration(text, "--since")?;
    Ok(last.checked_sub(days).unwrap_or(Timestamp::MIN))
}
