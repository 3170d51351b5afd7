//! What was recorded, as often as it is asked for: feeds, or the journal of a daemon.

use std::path::{Path, PathBuf};

use anyhow::Context;
#[cfg(not(feature = "daemon"))]
use anyhow::bail;

use crate::engine::ruleset::RuleSet;
use crate::replay::feed::{Entry, Feed};
use crate::replay::words;
use crate::trust::backtest::Moment;

use super::super::feed::{name, open};
use super::super::replay::BadLines;
use super::super::screen::{Screen, WARN};

/// Who listens to a recording.
pub struct Listener<'a> {
    /// The rules that read it.
    pub rules: &'a RuleSet,
    /// Whether what could not be read is told.
    pub tell: bool,
    /// Takes one thing after the other.
    pub take: &'a mut dyn FnMut(Moment),
}

/// Where the recording is.
pub enum Recording {
    /// Files.
    Feeds(Vec<PathBuf>),
    /// A data folder.
    #[cfg(feature = "daemon")]
    Store(super::store::Journal),
}

impl Recording {
    /// Returns the feeds, or the journal of a data folder.
    pub fn of(feeds: &[PathBuf], store: Option<&Path>) -> anyhow::Result<Recording> {
        match store {
            None => Ok(Recording::Feeds(feeds.to_vec())),
            #[cfg(feature = "daemon")]
            Some(folder) => Ok(Recording::Store(super::store::Journal::open(folder)?)),
            #[cfg(not(feature = "daemon"))]
            Some(_) => bail!("this touchline was built without the daemon and opens no journal"),
        }
    }

    /// Hands over everything in order, as the listener's rules read it; returns how many lines could not be read.
    pub fn each(&self, listener: Listener<'_>, screen: &mut Screen) -> anyhow::Result<u64> {
        match self {
            Recording::Feeds(feeds) => of_feeds(feeds, listener, screen),
            #[cfg(feature = "daemon")]
            Recording::Store(journal) => journal.each(listener, screen),
        }
    }
}

fn of_feeds(feeds: &[PathBuf], listener: Listener<'_>, screen: &mut Screen) -> anyhow::Result<u64> {
    let Listener { rules, tell, take } = listener;
    let mut lines = open(feeds, &rules.vocabulary, screen)?;
    let mut entries = Feed::new(&mut lines);
    let (mut bad, mut refused) = (BadLines::default(), 0);
    for entry in entries.by_ref() {
        let (place, reason) = match entry {
            Entry::Line(line, _) => {
                take(Moment::from(line));
                continue;
            }
            Entry::Refused(place, reason) => (place, reason),
            Entry::Held(line, place, jump) => (place, format!("held out: {} is {jump}", words::utc(line.at()))),
        };
        refused += 1;
        if tell {
            let at = format!("{}:{}", name(feeds, place), place.number);
            bad.tell(screen, &at, place, reason)?;
        }
    }
    bad.end(screen)?;
    if let Some((place, at, _)) = entries.far_ahead().filter(|_| tell) {
        let told = format!(
            "{}:{}: {} is far ahead of everything before it: is the year right?",
            name(feeds, place),
            place.number,
            words::utc(at)
        );
        screen.say(&told, WARN)?;
    }
    match lines.end() {
        Some(error) => Err(error).context("the feed broke off"),
        None => Ok(refused),
    }
}
