//! A mail server, and endpoints, that fail in every way; and what may never be seen at their door.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;
use touchline::deliver::email::Desk;
use touchline::deliver::worker::Courier;
use touchline::deliver::{Tried, payload};
use touchline::engine::store::{Kind, Reader, Row, RowId, RowState};
use touchline::id::EffectId;
use touchline::store::memory::MemoryStore;
use touchline::value::Str;

/// What happens to one try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Takes,
    /// 4xx, also with a wish when to come again.
    Busy,
    /// 5xx.
    Refuses,
    /// Hangs up before the mail.
    DropsBefore,
    /// Keeps it and hangs up without a word.
    KeepsAndDrops,
    /// Forgets it and hangs up without a word.
    ForgetsAndDrops,
    /// Never answers, before the mail.
    Tarpit,
    /// Keeps it and never says so.
    KeepsAndTarpits,
}

const MOODS: [Mood; 8] = [
    Mood::Takes,
    Mood::Busy,
    Mood::Refuses,
    Mood::DropsBefore,
    Mood::KeepsAndDrops,
    Mood::ForgetsAndDrops,
    Mood::Tarpit,
    Mood::KeepsAndTarpits,
];

/// Longer than the worker waits.
const FOREVER: Duration = Duration::from_secs(3_600);

/// What arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    pub message_id: String,
    bytes: Vec<u8>,
    /// Whether we were told that it was taken.
    pub told: bool,
    /// In which life of the daemon.
    pub life: u32,
}

#[derive(Default)]
struct Inner {
    healed: bool,
    life: u32,
    tries: BTreeMap<RowId, u64>,
    flying: BTreeSet<RowId>,
    copies: BTreeMap<RowId, Vec<Copy>>,
    /// Rows of which the store holds that they went, or never will.
    over: BTreeMap<RowId, &'static str>,
    broken: Vec<String>,
    begun: u64,
}

/// The world that mail and webhooks go to.
#[derive(Clone)]
pub struct Server {
    seed: u64,
    desk: Arc<Desk>,
    peek: MemoryStore,
    inner: Arc<Mutex<Inner>>,
}

impl Server {
    pub fn new(seed: u64, peek: MemoryStore) -> Server {
        let desk = Desk::new("touchline", "care@shop.example.test", None).unwrap();
        Server { seed, desk: desk.into(), peek, inner: Arc::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// From here on everything is taken.
    pub fn heal(&self) {
        self.inner().healed = true;
    }

    /// Another process sends from here on.
    pub fn next_life(&self) {
        self.inner().life += 1;
    }

    /// Which life of the daemon sends now.
    pub fn life(&self) -> u32 {
        self.inner().life
    }

    /// Hears that it is durable that a row went, or never will by itself.
    pub fn is_over(&self, row: RowId, how: &'static str) {
        self.inner().over.insert(row, how);
    }

    /// Hears that somebody sends dead letters again.
    pub fn again(&self, row: RowId) {
        self.inner().over.remove(&row);
    }

    pub fn breaks(&self, law: String) {
        self.inner().broken.push(law);
    }

    /// The first law that was broken.
    pub fn broken(&self) -> Option<String> {
        self.inner().broken.first().cloned()
    }

    pub fn copies(&self) -> BTreeMap<RowId, Vec<Copy>> {
        self.inner().copies.clone()
    }

    /// How many tries there were.
    pub fn tries(&self) -> u64 {
        self.inner().begun
    }

    fn mood(&self, row: &Row) -> Mood {
        let mut inner = self.inner();
        let nth = inner.tries.entry(row.id).or_default();
        *nth += 1;
        let (id, nth) = (row.id.recipient.to_le_bytes(), nth.to_le_bytes());
        let hash = EffectId::of(&[b"mood", &self.seed.to_le_bytes(), &row.id.effect.0, &id, &nth]).0;
        let nobody = EffectId::of(&[b"nobody", &self.seed.to_le_bytes(), row.to.as_bytes()]).0[0] < 12;
        match (inner.healed, nobody, hash[0] % 3) {
            (true, ..) => Mood::Takes,
            (_, true, _) => Mood::Refuses,
            (_, _, 0) => Mood::Takes,
            // One in sixteen is refused for good: otherwise little would ever be tried again.
            _ => match MOODS[hash[1] as usize % MOODS.len()] {
                Mood::Refuses if hash[2] > 127 => Mood::Busy,
                mood => mood,
            },
        }
    }

    /// A try begins: what the store must hold by now.
    fn begins(&self, row: &Row) {
        let held = self.peek.rows(row.id.effect).unwrap().into_iter().find(|held| held.id == row.id);
        let mut inner = self.inner();
        inner.begun += 1;
        let id = row.id;
        let is_ours = held
            .as_ref()
            .is_some_and(|held| matches!(held.state, RowState::Leased { .. }) && held.attempt == row.attempt);
        if !is_ours {
            inner
                .broken
                .push(format!("{id} is sent without a lease: attempt {}, the store holds {held:?}", row.attempt));
        }
        if !inner.flying.insert(id) {
            inner.broken.push(format!("{id} is sent while it is being sent"));
        }
        if let Some(how) = inner.over.get(&id) {
            let broken = format!("{id} is sent though it was durable that it {how}");
            inner.broken.push(broken);
        }
        let life = inner.life;
        let last = inner.copies.get(&id).and_then(|copies| copies.last());
        if last.is_some_and(|copy| copy.told && copy.life == life) {
            inner.broken.push(format!("{id} is sent again by the process that was told that it was taken"));
        }
    }

    fn keeps(&self, row: &Row, told: bool) {
        let (message_id, bytes) = match row.kind {
            Kind::Webhook => (row.id.to_string(), payload::webhook(row).unwrap_or_default()),
            Kind::Mail => {
                let mut letter = payload::letter(row).expect("a mail says something");
                if letter.to.is_empty() {
                    letter.to = "care@shop.example.test".into();
                }
                let bytes = self.desk.compose(&letter).expect("it is fit").bytes().to_vec();
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let message_id = text.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap_or("none");
                (message_id.to_owned(), bytes)
            }
        };
        let mut inner = self.inner();
        let copy = Copy { message_id, bytes, told, life: inner.life };
        let before = inner.copies.entry(row.id).or_default();
        let same = before.iter().all(|other| (&other.message_id, &other.bytes) == (&copy.message_id, &copy.bytes));
        before.push(copy);
        if !same {
            inner.broken.push(format!("{} arrived twice, and differs", row.id));
        }
    }
}

/// A try that is being made.
struct Flight<'a>(&'a Server, RowId);

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.0.inner().flying.remove(&self.1);
    }
}

fn unknown(reason: &str) -> Tried {
    Tried::Unknown { reason: reason.to_owned() }
}

impl Courier for Server {
    fn lane(&self, row: &Row) -> Str {
        row.to.clone()
    }

    async fn carry(&self, row: &Row, _: Timestamp) -> Tried {
        self.begins(row);
        let _flight = Flight(self, row.id);
        let mood = self.mood(row);
        let before = EffectId::of(&[b"wait", &self.seed.to_le_bytes(), &row.id.effect.0, &row.attempt.to_le_bytes()]).0;
        tokio::time::sleep(Duration::from_millis(u64::from(before[0]) * 10)).await;
        let took = match mood {
            Mood::Busy => {
                let after = (before[1] < 60).then(|| Duration::from_secs(u64::from(before[1]) * 60));
                return Tried::Later { reason: "451 later".to_owned(), after };
            }
            Mood::Refuses => return Tried::refused("550 no such user"),
            Mood::DropsBefore => return Tried::later("the connection broke before the mail"),
            Mood::Tarpit => {
                tokio::time::sleep(FOREVER).await;
                return Tried::later("nothing was said");
            }
            Mood::Takes => true,
            Mood::KeepsAndDrops | Mood::KeepsAndTarpits => true,
            Mood::ForgetsAndDrops => false,
        };
        if took {
            self.keeps(row, mood == Mood::Takes);
        }
        match mood {
            Mood::Takes => Tried::Sent,
            Mood::KeepsAndTarpits => {
                tokio::time::sleep(FOREVER).await;
                unknown("nothing was said")
            }
            _ => unknown("the connection broke after the mail"),
        }
    }

    async fn rest(&self) {}
}
