//! `touchline backtest`: what a change of playbooks would have done on recorded feedback.
//!
//! Here: what may be asked, and the three passes: the version that was, the one that is to be, and the first once more, to be
//! asked why it did not decide what the other one does. `recorded` reads feeds, `store` the journal of a daemon; `text`,
//! `markdown` and `html` show the report.

mod html;
mod markdown;
mod recorded;
#[cfg(feature = "daemon")]
mod store;
mod svg;
mod text;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::engine::ruleset::RuleSet;
use crate::trust::backtest::answers::Answers;
use crate::trust::backtest::player::{Played, Player};
use crate::trust::backtest::report::{Material, Report, asker, report};
use crate::trust::diff::Change;

use super::ExitCode;
use super::diff;
use super::files;
use super::load::one_unit;
use super::screen::Screen;
use super::side::{Side, side};
use recorded::Recording;

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
        let recording = self.recording()?;
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

    fn recording(&self) -> anyhow::Result<Recording> {
        match &self.store {
            None => Recording::of_feeds(&self.feed),
            #[cfg(feature = "daemon")]
            Some(folder) => Ok(Recording::Store(store::Journal::open(folder)?)),
            #[cfg(not(feature = "daemon"))]
            Some(_) => bail!("this touchline was built without the daemon and opens no journal"),
        }
    }

    fn compared(
        &self,
        recording: &Recording,
        (old, new): (&Side, &Side),
        rules: (Arc<RuleSet>, Arc<RuleSet>),
        assume: Option<SignedDuration>,
        screen: &mut Screen,
    ) -> anyhow::Result<Report> {
        let (was, _) = pass(Player::of_old(rules.0.clone()), recording, &rules.0, false, screen)?;
        let player = Player::of_new(rules.1.clone(), &was, Answers::of(&was, assume));
        let (is, refused) = pass(player, recording, &rules.1, true, screen)?;
        if was.span.is_none() && is.span.is_none() {
            bail!("nothing of what was recorded could be read: a feed has one JSON object a line");
        }
        let (asked, _) = pass(asker(rules.0.clone(), &is), recording, &rules.0, false, screen)?;
        let last = was.span.or(is.span).map(|(_, last)| last);
        let zone = rules.1.rules.first().map_or(rules.1.vocabulary.zone.clone(), |rule| rule.zone.clone());
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
            assume,
            refused,
        }))
    }
}

/// Plays the whole recording; returns what was decided and how many lines could not be read.
fn pass(
    mut player: Player,
    recording: &Recording,
    rules: &RuleSet,
    tell: bool,
    screen: &mut Screen,
) -> anyhow::Result<(Played, u64)> {
    let refused = recording.each(rules, tell, screen, &mut |moment| player.take(moment))?;
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
        return super::replay::moment(text, zone);
    }
    let days = duration(text, "--since")?;
    Ok(last.checked_sub(days).unwrap_or(Timestamp::MIN))
}
