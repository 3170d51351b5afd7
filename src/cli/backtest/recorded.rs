//! What was recorded, as often as it is asked for: feeds, or the journal of a daemon.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::engine::ruleset::RuleSet;
use crate::replay::feed::{Entry, Feed};
use crate::replay::words;
use crate::trust::backtest::Moment;

use super::super::feed::{name, open};
use super::super::replay::BadLines;
use super::super::screen::{Screen, WARN};

/// Where the recording is.
pub enum Recording {
    /// Files.
    Feeds(Vec<PathBuf>),
    /// A data folder.
    #[cfg(feature = "daemon")]
    Store(super::store::Journal),
}

impl Recording {
    pub fn of_feeds(feeds: &[PathBuf]) -> anyhow::Result<Recording> {
        if feeds.iter().any(|feed| feed == Path::new("-")) {
            bail!("a feed is played more than once here: save standard input as a file first");
        }
        Ok(Recording::Feeds(feeds.to_vec()))
    }

    /// Hands over everything in order, as these rules read it; returns how many lines could not be read, and tells them.
    pub fn each(
        &self,
        rules: &RuleSet,
        tell: bool,
        screen: &mut Screen,
        take: &mut dyn FnMut(Moment),
    ) -> anyhow::Result<u64> {
        match self {
            Recording::Feeds(feeds) => of_feeds(feeds, rules, tell, screen, take),
            #[cfg(feature = "daemon")]
            Recording::Store(journal) => journal.each(rules, tell, screen, take),
        }
    }
}

fn of_feeds(
    feeds: &[PathBuf],
    rules: &RuleSet,
    tell: bool,
    screen: &mut Screen,
    take: &mut dyn FnMut(Moment),
) -> anyhow::Result<u64> {
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
