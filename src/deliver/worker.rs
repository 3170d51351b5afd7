//! Takes rows from the outbox and sends them, many at once: one slow or failing address holds up nobody else.
//!
//! **Claim before send**: a lease is durable before anything leaves, and a row that was withdrawn meanwhile is not sent.
//! What came of a try is written together with the input that tells the engine, in one turn, so that no crash can separate
//! them; until it is written nothing new is begun. The engine hears of an effect once all its recipients are done with: it
//! went if it went to any of them.
//!
//! Left out: what a try does (`courier`), what becomes of a row (`retry`), who writes the store (`daemon`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::MissedTickBehavior;

use super::Tried;
use super::retry::{Pace, Verdict};
use crate::engine::input::STALE;
use crate::engine::store::{Change, Kind, Row, RowId, RowState, StoreError};
use crate::value::Str;

/// How long what is being sent may take once everything stops.
pub const LAST_WORDS: Duration = Duration::from_secs(10);
/// How long a courier may take to put itself to rest then.
const TO_REST: Duration = Duration::from_secs(1);

/// What the worker needs of the store and whoever writes it.
pub trait Outbox: Send + Sync + 'static {
    /// Returns the present instant.
    fn now(&self) -> Timestamp;

    /// Returns rows of `kind` that are due, at most `most.0` for one recipient and none for those in `except`: those of
    /// the recipients that have waited longest, about `most.1`. It has to cost what it returns, however many wait for one.
    fn due(
        &self,
        now: Timestamp,
        kind: Kind,
        except: &BTreeSet<Str>,
        most: (usize, usize),
    ) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;

    /// Leases these rows for `hold` and returns those that are ours now: due, not withdrawn. Durable when this returns.
    fn lease(
        &self,
        rows: Vec<RowId>,
        hold: SignedDuration,
    ) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;

    /// Returns every row somebody holds.
    fn held(&self) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;

    /// Writes what became of rows, and in the same turn tells the engine of every effect that is at its end by it. Durable
    /// when this returns.
    fn settle(&self, changes: Vec<(RowId, Change)>) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What carries a row once.
pub trait Courier: Send + Sync + 'static {
    /// Returns what a row shares with others that the same slowness would hit: an address, a host.
    fn lane(&self, row: &Row) -> Str;

    /// Carries a row once.
    fn carry(&self, row: &Row, now: Timestamp) -> impl Future<Output = Tried> + Send;

    /// Hears that there is nothing to do.
    fn rest(&self) -> impl Future<Output = ()> + Send;
}

/// How many at once, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Pauses and ends.
    pub pace: Pace,
    /// How many of one kind are sent at once.
    pub at_once: usize,
    /// How many of these to one address or host.
    pub a_lane: usize,
    /// How long one try may take at most; a lease is held a minute longer.
    pub a_try: Duration,
    /// How often the outbox is looked into without being called.
    pub look: Duration,
    /// How many rows are looked at in one look.
    pub page: usize,
    /// How long what is being sent may take once everything stops.
    pub last_words: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            pace: Pace::default(),
            at_once: 16,
            a_lane: 4,
            a_try: Duration::from_secs(600),
            look: Duration::from_secs(1),
            page: 64,
            last_words: LAST_WORDS,
        }
    }
}

/// What was counted since the start.
#[derive(Debug, Default)]
pub struct Counts {
    /// Rows that went.
    pub sent: AtomicU64,
    /// Tries after which a row waits for another one.
    pub retried: AtomicU64,
    /// Those of them that may have arrived.
    pub unknown: AtomicU64,
    /// Rows that became dead letters.
    pub dead: AtomicU64,
    /// Those of them that were too late.
    pub stale: AtomicU64,
    /// Why the outbox cannot be reached.
    failing: Mutex<Option<StoreError>>,
}

impl Counts {
    /// Returns why the outbox cannot be reached, where it cannot.
    pub fn failing(&self) -> Option<StoreError> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes whether it can; what is news is logged.
    fn reached(&self, turn: Result<(), StoreError>) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let now = turn.err();
        match &now {
            // The store is the daemon's matter; nothing is lost by waiting for it.
            Some(error) if *failing != now => tracing::error!(%error, "the outbox cannot be reached; delivery waits"),
            None if failing.is_some() => tracing::info!("the outbox can be reached again"),
            _ => {}
        }
        *failing = now;
    }
}

/// Sends what is in an outbox.
pub struct Worker<O, C> {
    outbox: Arc<O>,
    courier: Arc<C>,
    settings: Settings,
    counts: Arc<Counts>,
    tasks: JoinSet<Tried>,
    flying: HashMap<Id, Row>,
    lanes: BTreeMap<(Kind, Str), usize>,
    /// Ended and not yet written.
    ended: Vec<(RowId, Change)>,
}

impl<O: Outbox, C: Courier> Worker<O, C> {
    /// Returns a worker that has begun nothing.
    pub fn new(outbox: Arc<O>, courier: Arc<C>, settings: Settings) -> Worker<O, C> {
        Worker {
            outbox,
            courier,
            settings,
            counts: Arc::default(),
            tasks: JoinSet::new(),
            flying: HashMap::new(),
            lanes: BTreeMap::new(),
            ended: Vec::new(),
        }
    }

    /// Returns what is counted.
    pub fn counts(&self) -> Arc<Counts> {
        self.counts.clone()
    }

    /// Sends until `stop` says true; then begins nothing new and returns once everything begun has ended and is written, or
    /// after [`Settings::last_words`]: what is not done by then stays leased, and is sent again after the next start.
    pub async fn run(mut self, wake: Arc<Notify>, mut stop: watch::Receiver<bool>) {
        let mut reclaimed = false;
        let mut looks = tokio::time::interval(self.settings.look);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let over = is_over(stop.clone(), self.settings.last_words);
        tokio::pin!(over);
        loop {
            let stopping = *stop.borrow() || stop.has_changed().is_err();
            tokio::select! {
                biased;
                () = &mut over => break,
                sound = self.turn(&mut reclaimed, stopping) => self.counts.reached(sound),
            }
            if stopping && self.tasks.is_empty() && self.ended.is_empty() {
                break;
            }
            // In this order, so that the same things happening at the same instant always lead to the same; and who is to
            // stop hears it, however much there is to do.
            tokio::select! {
                biased;
                _ = stop.changed(), if !stopping => {}
                () = &mut over => break,
                _ = looks.tick() => {}
                Some(done) = self.tasks.join_next_with_id() => self.take_in(done),
                () = wake.notified(), if !stopping => {}
            }
        }
        let left = self.tasks.len() + self.ended.len();
        if left > 0 {
            tracing::warn!(left, "what was being sent has not ended in time; it is sent again after the next start");
        }
        self.tasks.abort_all();
        let _ = tokio::time::timeout(TO_REST, self.courier.rest()).await;
    }

    /// Writes what has ended, then begins what is due.
    async fn turn(&mut self, reclaimed: &mut bool, stopping: bool) -> Result<(), StoreError> {
        while let Some(done) = self.tasks.try_join_next_with_id() {
            self.take_in(done);
        }
        self.settle().await?;
        if !*reclaimed {
            self.reclaim().await?;
            *reclaimed = true;
        }
        if !stopping {
            for kind in [Kind::Mail, Kind::Webhook] {
                self.begin(kind).await?;
            }
            if self.tasks.is_empty() {
                self.courier.rest().await;
            }
        }
        Ok(())
    }

    /// Frees what a worker before this one held: there is one at a time, so nobody is sending it any more.
    async fn reclaim(&self) -> Result<(), StoreError> {
        let (held, now) = (self.outbox.held().await?, self.outbox.now());
        if held.is_empty() {
            return Ok(());
        }
        tracing::warn!(rows = held.len(), "the process stopped while it was sending; these are sent again");
        let why = "the process stopped while it was being sent";
        let free = |row: &Row| (row.id, Change::Retry { attempt: row.attempt, not_before: now, why: why.into() });
        self.outbox.settle(held.iter().map(free).collect()).await
    }

    /// Leases what is due of one kind, as far as there is room, and begins to send it.
    async fn begin(&mut self, kind: Kind) -> Result<(), StoreError> {
        let flying = self.flying.values().filter(|row| row.kind == kind).count();
        let mut room = self.settings.at_once.saturating_sub(flying);
        let now = self.outbox.now();
        let mut full = self.full(kind);
        while room > 0 {
            let most = (self.settings.a_lane, self.settings.page);
            let page = self.outbox.due(now, kind, &full, most).await?;
            let (all, before) = (page.len() < self.settings.page, full.len());
            let chosen = self.choose(page, room, &mut full);
            room -= chosen.len();
            let begun = chosen.len();
            for row in self.lease(chosen, now).await? {
                self.send(row, now);
            }
            // Recipients that are full are left out of the next page: behind them there may be others.
            if all || (begun == 0 && full.len() == before) {
                break;
            }
        }
        Ok(())
    }

    /// Returns the recipients to whom as much is being sent as may be at once.
    fn full(&self, kind: Kind) -> BTreeSet<Str> {
        let is_full = |row: &&Row| {
            let used = self.lanes.get(&(kind, self.courier.lane(row)));
            row.kind == kind && used.is_some_and(|used| *used >= self.settings.a_lane)
        };
        self.flying.values().filter(is_full).map(|row| row.to.clone()).collect()
    }

    /// Picks rows whose lane has room.
    fn choose(&self, page: Vec<Row>, room: usize, full: &mut BTreeSet<Str>) -> Vec<Row> {
        let mut taken: BTreeMap<Str, usize> = BTreeMap::new();
        let mut chosen = Vec::new();
        for row in page {
            let lane = self.courier.lane(&row);
            let used = self.lanes.get(&(row.kind, lane.clone())).copied().unwrap_or(0);
            let more = taken.entry(lane).or_default();
            if used + *more >= self.settings.a_lane {
                full.insert(row.to.clone());
            } else if chosen.len() < room && !self.flying.values().any(|other| other.id == row.id) {
                *more += 1;
                chosen.push(row);
            }
        }
        chosen
    }

    /// Leases rows and returns those that are worth a try.
    async fn lease(&mut self, rows: Vec<Row>, now: Timestamp) -> Result<Vec<Row>, StoreError> {
        if rows.is_empty() {
            return Ok(rows);
        }
        let hold = SignedDuration::try_from(self.settings.a_try).unwrap_or(SignedDuration::from_hours(1));
        let ids = rows.iter().map(|row| row.id).collect();
        let mut leased = Vec::new();
        for row in self.outbox.lease(ids, hold + SignedDuration::from_mins(1)).await? {
            match self.settings.pace.before(&row, now) {
                Some(verdict) => self.end(row, verdict),
                None => leased.push(row),
            }
        }
        Ok(leased)
    }

    fn send(&mut self, row: Row, now: Timestamp) {
        *self.lanes.entry((row.kind, self.courier.lane(&row))).or_default() += 1;
        let (courier, patience, sent) = (self.courier.clone(), self.settings.a_try, row.clone());
        let task = self.tasks.spawn(async move {
            let overdue = || Tried::Unknown { reason: "the try took too long and was given up".to_owned() };
            tokio::time::timeout(patience, courier.carry(&sent, now)).await.unwrap_or_else(|_| overdue())
        });
        self.flying.insert(task.id(), row);
    }

    /// Takes in what came of a try.
    fn take_in(&mut self, done: Result<(Id, Tried), JoinError>) {
        let (id, tried) = match done {
            Ok(done) => done,
            Err(error) => (error.id(), Tried::Unknown { reason: "the try broke off within touchline".to_owned() }),
        };
        let Some(row) = self.flying.remove(&id) else { return };
        let lane = (row.kind, self.courier.lane(&row));
        if let Some(used) = self.lanes.get_mut(&lane) {
            *used -= 1;
            if *used == 0 {
                self.lanes.remove(&lane);
            }
        }
        let verdict = self.settings.pace.after(&row, &tried, self.outbox.now());
        if matches!(tried, Tried::Unknown { .. }) {
            self.counts.unknown.fetch_add(1, Ordering::Relaxed);
        }
        self.end(row, verdict);
    }

    fn end(&mut self, row: Row, verdict: Verdict) {
        let (id, attempt) = (row.id, row.attempt);
        let count = match &verdict.change {
            Change::Sent { .. } => {
                tracing::info!(row.id = %id, attempt, "sent");
                &self.counts.sent
            }
            Change::Dead { why, .. } => {
                tracing::warn!(row.id = %id, attempt, reason = %why, "not sent, and not tried again");
                if &**why == STALE {
                    self.counts.stale.fetch_add(1, Ordering::Relaxed);
                }
                &self.counts.dead
            }
            Change::Retry { why, not_before, .. } => {
                tracing::info!(row.id = %id, attempt, reason = %why, again = %not_before, "not sent yet");
                &self.counts.retried
            }
            Change::Lease { .. } | Change::Again { .. } => return,
        };
        count.fetch_add(1, Ordering::Relaxed);
        self.ended.push((id, verdict.change));
    }

    /// Writes what has ended. Kept for the next turn where that fails.
    async fn settle(&mut self) -> Result<(), StoreError> {
        if self.ended.is_empty() {
            return Ok(());
        }
        self.outbox.settle(self.ended.clone()).await?;
        self.ended.clear();
        Ok(())
    }
}

/// Returns `patience` after `stop` has said true, or nobody is left to say it.
async fn is_over(mut stop: watch::Receiver<bool>, patience: Duration) {
    let _ = stop.wait_for(|stop| *stop).await;
    tokio::time::sleep(patience).await;
}

/// Sends dead letters again. Returns how many of `rows` were dead letters.
pub async fn send_again<O: Outbox>(outbox: &O, pace: &Pace, rows: &[Row]) -> Result<usize, StoreError> {
    let now = outbox.now();
    let dead = rows.iter().filter(|row| row.state == RowState::Dead);
    let changes: Vec<(RowId, Change)> = dead.map(|row| (row.id, pace.again(row, now))).collect();
    let count = changes.len();
    outbox.settle(changes).await?;
    Ok(count)
}
