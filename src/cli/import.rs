//! `touchline import`: history into a data folder.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use jiff::{SignedDuration, Timestamp};

use crate::clock::{self, ManualClock, WallClock, wall_clock_now};
use crate::daemon::config::{Clock, Config};
use crate::daemon::import::Import as Importing;
use crate::daemon::reload::disk::examine;
use crate::replay::feed::{Entry, Feed};
use crate::replay::words;
use crate::signal::FeedLine;
use crate::store::refused::{self, RefusedFile, RefusedLine, RefusedStore};
use crate::store::sqlite;
use crate::vocabulary::Vocabulary;

use super::feed::{self, open};
use super::load::one_unit;
use super::replay::BadLines;
use super::screen::{BOLD, Screen, counted};
use super::serve::{ClockWord, config_for_client, shelf};
use super::{ExitCode, files};

/// Fills windows and facts from history and fires nothing
///
/// The files hold one JSON object a line, as a feed does: signals and facts, oldest first. They go into the journal of the data
/// folder, however old they are, and take their place in windows; no rule fires for them, and no limit counts them. What they
/// reach and still lasts is entered at the next signal or check. A signal whose id is known already changes nothing, so a file
/// may be imported again. The daemon must not run on the folder meanwhile.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline import 2025.jsonl --data data
  touchline import 2024.jsonl 2025.jsonl --data /var/lib/touchline --playbooks playbooks/retail
  zcat 2025.jsonl.gz | touchline import - --data data
  touchline import part_one.jsonl --data data --clock feed

Exit codes: 0 everything was taken in, 1 some lines were not, 2 could not run.")]
pub struct Import {
    /// The recorded signals and facts, one JSON object a line; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    feed: Vec<PathBuf>,
    /// The data folder [default: `data` of touchline.yaml, or `data`]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The folder of the playbooks, for a data folder that is new [default: `playbooks` of touchline.yaml]
    #[arg(long, value_name = "DIR")]
    playbooks: Option<PathBuf>,
    /// The daemon's configuration [default: touchline.yaml where there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Whose time the daemon goes by: with `feed` the present is the latest time in the files
    #[arg(long, value_enum)]
    clock: Option<ClockWord>,
}

/// How far ahead of the clock a line of history may be.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// How many refused lines are kept in one go.
const AT_ONCE: usize = 1_000;

impl Import {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let mut config = config_for_client(self.config.as_deref())?.unwrap_or_default();
        if let Some(data) = &self.data {
            config.data.clone_from(data);
        }
        if let Some(playbooks) = &self.playbooks {
            config.playbooks.clone_from(playbooks);
        }
        if let Some(clock) = self.clock {
            config.clock = clock.into();
        }
        // Said before anything is created.
        for path in self.feed.iter().filter(|path| *path != Path::new("-")) {
            std::fs::File::open(path).map_err(|error| files::explain(path, error))?;
        }
        let mut import = self.begin(&config, screen)?;
        let rules = import.rules();
        let mut lines = open(&self.feed, &rules.vocabulary, screen)?;
        lines.keep_refused();
        let mut taking = Taking { feeds: &self.feed, config: &config, refused: vec![], ahead: 0, people: 0, bad: 0 };
        let mut told = BadLines::default();
        let now = import.now();
        let mut entries = Feed::new(&mut lines);
        while let Some(entry) = entries.next() {
            let bad = match entry {
                Entry::Line(line, place) if line.at() > now.checked_add(AHEAD).unwrap_or(now) => {
                    taking.ahead += 1;
                    Some((place, "it lies ahead of the clock: history is what is past".to_owned()))
                }
                Entry::Line(FeedLine::Signal(signal), _) => import.signal(signal).map(|()| None)?,
                Entry::Line(FeedLine::Facts { change, .. }, _) => import.facts(change).map(|()| None)?,
                Entry::Line(FeedLine::Human(_), _) => {
                    taking.people += 1;
                    None
                }
                Entry::Held(line, place, jump) => {
                    taking.ahead += 1;
                    Some((place, format!("{} is {jump}", words::utc(line.at()))))
                }
                Entry::Refused(place, reason) => {
                    let text = entries.lines().refused_text(place).unwrap_or_default().to_owned();
                    taking.refuse(place, &reason, text)?;
                    Some((place, reason))
                }
            };
            if let Some((place, reason)) = bad {
                let at = format!("{}:{}", feed::name(&self.feed, place), place.number);
                told.tell(screen, &at, place, reason)?;
            }
        }
        told.end(screen)?;
        // What was read before a feed broke off is kept: it is known when the file is imported again.
        let broke = lines.end();
        let imported = import.end()?;
        taking.keep()?;
        if let Some(error) = broke {
            return Err(error).context("the feed broke off");
        }
        taking.summary(&imported, &files::shown(&config.data), screen)
    }

    fn begin(&self, config: &Config, screen: &mut Screen) -> anyhow::Result<Importing> {
        let is_new = !config.data.join(sqlite::FILE).exists();
        let data = files::shown(&config.data);
        if is_new && self.playbooks.is_none() && !config.playbooks.is_dir() {
            bail!("{data} holds no store yet: name the playbooks it is to begin with, `--playbooks DIR`");
        }
        let first = match is_new {
            true => {
                // Tells what is wrong with them, if anything is.
                one_unit(&config.playbooks, screen)?;
                let sources = shelf(config.playbooks.clone())().map_err(anyhow::Error::msg)?;
                let read = examine(&sources, None).map_err(|unusable| anyhow::anyhow!("{}", unusable.why))?;
                Some((read.ruleset, read.sources))
            }
            false => None,
        };
        let vocabulary = match &first {
            Some((rules, _)) => rules.vocabulary.clone(),
            None => running(&config.data)?,
        };
        let clock: Arc<dyn clock::Clock> = match config.clock {
            Clock::Wall => Arc::new(WallClock),
            Clock::Feed => Arc::new(ManualClock::new(self.latest(&vocabulary, screen)?)),
        };
        Ok(Importing::open(&config.data, first, clock)?)
    }

    /// Returns the latest time in the files: the present of a feed's clock.
    fn latest(&self, vocabulary: &Vocabulary, screen: &mut Screen) -> anyhow::Result<Timestamp> {
        if self.feed.iter().any(|path| path == Path::new("-")) {
            bail!("with the feed's clock the files are read twice, and standard input can be read once: name a file");
        }
        let mut lines = open(&self.feed, vocabulary, screen)?;
        let latest = Feed::new(&mut lines).filter_map(|entry| match entry {
            Entry::Line(line, _) => Some(line.at()),
            _ => None,
        });
        let latest = latest.max();
        match lines.end() {
            Some(error) => Err(error).context("the feed broke off"),
            None => latest.context("not one line could be read: a feed has one JSON object a line"),
        }
    }
}

/// Returns the vocabulary that decides in a data folder.
fn running(data: &Path) -> anyhow::Result<Arc<Vocabulary>> {
    use crate::engine::store::Reader;
    let reader = sqlite::SqliteReader::open(data)?;
    let latest = reader.versions()?.pop().context("the store is empty")?;
    Ok(crate::daemon::rules::Rules::default().get(latest.hash, &reader)?.vocabulary.clone())
}

/// What is not taken in.
struct Taking<'a> {
    feeds: &'a [PathBuf],
    config: &'a Config,
    refused: Vec<RefusedLine>,
    bad: u64,
    ahead: u64,
    people: u64,
}

impl Taking<'_> {
    fn refuse(&mut self, place: crate::replay::feed::Place, reason: &str, text: String) -> anyhow::Result<()> {
        self.bad += 1;
        let way = format!("import {}:{}", feed::name(self.feeds, place), place.number);
        let (at, field, reason) = (wall_clock_now(), String::new(), reason.to_owned());
        self.refused.push(RefusedLine { at, way, field, reason, text });
        if self.refused.len() >= AT_ONCE { self.keep() } else { Ok(()) }
    }

    fn keep(&mut self) -> anyhow::Result<()> {
        if !self.refused.is_empty() {
            let mut store = RefusedFile::open(&self.config.data.join(refused::FILE), self.config.limits.refused)?;
            store.keep(&std::mem::take(&mut self.refused))?;
        }
        Ok(())
    }

    fn summary(
        &self,
        imported: &crate::daemon::import::Imported,
        data: &str,
        screen: &mut Screen,
    ) -> anyhow::Result<ExitCode> {
        let signals = counted(imported.signals, "signal", "signals");
        let facts = counted(imported.facts, "line of facts", "lines of facts");
        writeln!(screen.out, "{BOLD}{signals}{BOLD:#} and {facts} taken into {data}; nothing fired")?;
        let asides = [
            (imported.known, "signal was known already", "signals were known already"),
            (
                self.people,
                "line of what a person did was passed over: history has no cases",
                "lines of what people did were passed over: history has no cases",
            ),
            (
                self.ahead,
                "line lies ahead of its time and was not taken",
                "lines lie ahead of their time and were not taken",
            ),
            (
                self.bad,
                "line was refused and kept: `touchline refused list`",
                "lines were refused and kept: `touchline refused list`",
            ),
        ];
        for (count, one, many) in asides.iter().filter(|(count, ..)| *count > 0) {
            writeln!(screen.out, "  {}", counted(*count, one, many))?;
        }
        Ok(if self.bad + self.ahead > 0 { ExitCode::Problems } else { ExitCode::Clean })
    }
}
