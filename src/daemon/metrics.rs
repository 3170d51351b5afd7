//! What is counted, in the text form of OpenMetrics. The only file that names prometheus-client.
//!
//! Counters of the engine are those since this start; a restart begins at zero, as scrapers expect. No label holds a name or
//! a word of a customer.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::daemon::board::Counts;
use crate::daemon::reload::report::Standing;
use crate::id::Position;

/// What was counted at the door.
#[derive(Debug, Default)]
pub struct Metrics {
    accepted: AtomicU64,
    refused: AtomicU64,
    turned_away: AtomicU64,
    views: AtomicU64,
    feed_gaps: AtomicU64,
    /// Feeds that cannot be read: why, and since when.
    feeds_unreadable: Mutex<BTreeMap<String, (String, Timestamp)>>,
    /// Why the views do not follow.
    views_failing: Mutex<Option<String>>,
    /// The folder whose files are the store.
    store: Option<PathBuf>,
}

/// What is measured when somebody asks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gauges {
    /// Inputs that wait to be written.
    pub queue: u64,
    /// Inputs written and not yet folded.
    pub lag: u64,
    /// The oldest position that is kept.
    pub oldest: u64,
    /// The latest position.
    pub journal: u64,
    /// Rows that wait to be sent.
    pub outbox: u64,
    /// The age of the oldest of them, in seconds.
    pub outbox_age: u64,
    /// Rows that will not go by themselves.
    pub dead_letters: u64,
    /// Messages and inputs that are not what was written.
    pub damaged: u64,
    /// Refused lines kept.
    pub refused_kept: u64,
    /// Refused lines that went because there were too many.
    pub refused_dropped: u64,
    /// Open cases.
    pub open_cases: u64,
    /// Rules that do not compile.
    pub rules_kept_back: u64,
    /// For how many seconds what runs has not been what is on disk; `None` where it is.
    pub out_of_step: Option<u64>,
    /// By how many seconds the journal's present lies ahead of the clock.
    pub clock_ahead: u64,
    /// Endpoints that said that they are gone.
    pub endpoints_gone: u64,
    /// Erasures that are not done.
    pub erasures_open: u64,
    /// The size of the store.
    pub store_bytes: u64,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Way {
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Of {
    playbook: String,
    rule: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Declined {
    playbook: String,
    rule: String,
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Asked {
    effect: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

impl Metrics {
    /// Returns metrics that measure the files in `store`.
    pub fn of_store(store: PathBuf) -> Metrics {
        Metrics { store: Some(store), ..Metrics::default() }
    }

    /// Counts lines that are on disk.
    pub fn accepted(&self, lines: u64) {
        self.accepted.fetch_add(lines, Ordering::Relaxed);
    }

    /// Counts lines that were refused.
    pub fn refused(&self, lines: u64) {
        self.refused.fetch_add(lines, Ordering::Relaxed);
    }

    /// Counts a request that was answered 503.
    pub fn turned_away(&self) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a feed's file that is not found any more, and was not read to its end.
    pub fn feed_gap(&self) {
        self.feed_gaps.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that a feed cannot be read.
    pub fn feed_unreadable(&self, feed: &str, why: &str, now: Timestamp) {
        let mut unreadable = self.unreadable();
        let since = unreadable.get(feed).map_or(now, |(_, since)| *since);
        unreadable.insert(feed.to_owned(), (why.to_owned(), since));
    }

    /// Notes that a feed can be read again.
    pub fn feed_readable(&self, feed: &str) {
        self.unreadable().remove(feed);
    }

    /// Returns how many files of feeds were lost from sight, and which feeds cannot be read, why and since when.
    pub fn feeds(&self) -> (u64, BTreeMap<String, (String, Timestamp)>) {
        (self.feed_gaps.load(Ordering::Relaxed), self.unreadable().clone())
    }

    fn unreadable(&self) -> MutexGuard<'_, BTreeMap<String, (String, Timestamp)>> {
        self.feeds_unreadable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how far the views have come.
    pub fn views_at(&self, position: Position) {
        self.views.store(position.0, Ordering::Relaxed);
    }

    /// Notes why the views do not follow, or that they do; tells whether that is news.
    pub fn views_fail(&self, why: Option<String>) -> bool {
        let mut failing = self.views_failing.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = *failing != why;
        *failing = why;
        is_news
    }

    /// Returns why the views do not follow, where they do not.
    pub fn views_failing(&self) -> Option<String> {
        self.views_failing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns lines accepted, lines refused, requests turned away.
    pub fn counted(&self) -> (u64, u64, u64) {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (of(&self.accepted), of(&self.refused), of(&self.turned_away))
    }

    fn views_lag(&self, gauges: Gauges) -> u64 {
        let decided = gauges.journal.saturating_sub(gauges.lag);
        decided.saturating_sub(self.views.load(Ordering::Relaxed))
    }

    /// Returns the size of the store's files.
    pub fn store_bytes(&self) -> u64 {
        let files = self.store.as_ref().and_then(|folder| std::fs::read_dir(folder).ok());
        let sizes = files.into_iter().flatten().flatten().filter_map(|entry| entry.metadata().ok());
        sizes.filter(std::fs::Metadata::is_file).map(|file| file.len()).sum()
    }

    /// Returns everything as text.
    pub fn text(&self, counts: &Counts, reloads: &Standing, gauges: Gauges) -> Result<String, std::fmt::Error> {
        let mut registry = Registry::with_prefix("touchline");
        let (accepted, refused, turned_away) = self.counted();
        let signals = Family::<Way, Counter>::default();
        for (outcome, count) in [("accepted", accepted), ("refused", refused)] {
            signals.get_or_create(&Way { outcome }).inc_by(count);
        }
        registry.register("signals", "Lines of feeds and requests, by what became of them", signals);
        let counter = |count: u64| {
            let counter = Counter::<u64>::default();
            counter.inc_by(count);
            counter
        };
        registry.register("turned_away", "Requests answered 503 because too much was waiting", counter(turned_away));
        let (feed_gaps, unreadable) = self.feeds();
        registry.register(
            "feed_gaps",
            "Files of feeds that were moved away or cut off and are not found: lines may be missing",
            counter(feed_gaps),
        );
        registry.register("set_aside", "Inputs the engine could not take", counter(counts.set_aside));
        registry.register(
            "refused_dropped",
            "Refused lines forgotten because there were too many",
            counter(gauges.refused_dropped),
        );
        let firings = Family::<Of, Counter>::default();
        for (rule, count) in &counts.firings {
            let of = Of { playbook: rule.playbook.to_string(), rule: rule.rule.to_string() };
            firings.get_or_create(&of).inc_by(*count);
        }
        registry.register("firings", "Times a rule fired", firings);
        let declines = Family::<Declined, Counter>::default();
        for ((rule, decline), count) in &counts.declines {
            let (playbook, rule) = (rule.playbook.to_string(), rule.rule.to_string());
            declines.get_or_create(&Declined { playbook, rule, reason: decline.word() }).inc_by(*count);
        }
        registry.register("declines", "Times a rule looked and its guard, limit or sample said no", declines);
        let effects = Family::<Asked, Counter>::default();
        for ((effect, outcome), count) in &counts.effects {
            effects.get_or_create(&Asked { effect, outcome }).inc_by(*count);
        }
        registry.register("effects", "What was asked for, by what came of it", effects);
        let reloaded = Family::<Way, Counter>::default();
        for (outcome, count) in &reloads.counts {
            reloaded.get_or_create(&Way { outcome }).inc_by(*count);
        }
        registry.register("reloads", "Times the playbooks were looked at, by what came of it", reloaded);
        let inputs = Family::<Kind, Counter>::default();
        for (kind, count) in &counts.inputs {
            inputs.get_or_create(&Kind { kind }).inc_by(*count);
        }
        registry.register("inputs", "Inputs folded", inputs);
        let measured = [
            ("queue", "Inputs that wait to be written down", gauges.queue),
            ("lag", "Inputs written down and not yet decided on", gauges.lag),
            ("journal_position", "The latest position of the journal", gauges.journal),
            ("journal_oldest_position", "The oldest position of the journal that is kept", gauges.oldest),
            ("views_lag", "Inputs decided on and not yet in the views", self.views_lag(gauges)),
            ("outbox_waiting", "Messages that wait to be sent", gauges.outbox),
            ("outbox_age_seconds", "Age of the oldest message that waits", gauges.outbox_age),
            ("dead_letters", "Messages that will not go by themselves", gauges.dead_letters),
            ("damaged", "Messages and inputs in the store that are not what was written", gauges.damaged),
            ("refused_kept", "Refused lines that wait for somebody", gauges.refused_kept),
            ("open_cases", "Open cases", gauges.open_cases),
            ("feeds_unreadable", "Feeds that cannot be read; they are tried again", unreadable.len() as u64),
            ("rules_in_step", "1 where what runs is what is on disk", u64::from(gauges.out_of_step.is_none())),
            (
                "rules_out_of_step_seconds",
                "For how long what runs has not been what is on disk",
                gauges.out_of_step.unwrap_or(0),
            ),
            (
                "rules_kept_back",
                "Rules that do not compile; an earlier version runs where there is one",
                gauges.rules_kept_back,
            ),
            (
                "clock_ahead_seconds",
                "For how long time stands still because the machine's clock went back",
                gauges.clock_ahead,
            ),
            ("endpoints_gone", "Webhook endpoints that answered 410 and are switched off", gauges.endpoints_gone),
            ("erasures_open", "Erasures that were asked for and are not done everywhere", gauges.erasures_open),
            ("store_bytes", "Size of the store on disk", gauges.store_bytes),
        ];
        for (name, help, value) in measured {
            let gauge = Gauge::<i64>::default();
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
            registry.register(name, help, gauge);
        }
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(text)
    }
}
