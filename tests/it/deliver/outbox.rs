//! An outbox over the store in memory, on a clock that the test moves; and rows to put into it.

use std::collections::BTreeSet;
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use touchline::deliver::worker::Outbox;
use touchline::engine::effect::{Effect, Mail, Outcome, What};
use touchline::engine::input::Delivery;
use touchline::engine::store::{
    Change, Committed, Epoch, Folded, Kind, Reader, Row, RowId, RowState, Store, StoreError, Turn,
};
use touchline::id::EffectId;
use touchline::store::memory::{Disk, MemoryStore};
use touchline::store::outbox::{Patience, rows, told};
use touchline::value::Str;
use touchline::vocabulary::directory::Directory;

/// The store and its one writer.
pub struct Memory {
    inner: Mutex<Inner>,
}

struct Inner {
    store: MemoryStore,
    epoch: Epoch,
    now: Timestamp,
    told: Vec<Delivery>,
}

pub fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn start() -> Timestamp {
    instant("2026-03-27T16:00:00Z")
}

/// A mail to a customer.
pub fn mail(number: u32, to: &str) -> Effect {
    let mail = Mail {
        address: to.into(),
        language: "en".into(),
        subject: format!("Mail {number}").into(),
        text: "Thank you.\n".into(),
        html: None,
    };
    effect(number, What::Email { template: "thank_you".into(), mail: Some(mail) })
}

/// An alert to people.
pub fn alert(number: u32, to: &[&str]) -> Effect {
    let addresses = to.iter().map(|to| Str::from(*to)).collect();
    effect(number, What::Alert { role: "lead".into(), addresses, text: format!("Alert {number}").into() })
}

pub fn effect(number: u32, what: What) -> Effect {
    Effect {
        id: EffectId::of(&[b"effect", &number.to_le_bytes()]),
        at: start(),
        outcome: Outcome::Sent,
        reason: "immediate".into(),
        what,
        to: "somebody".into(),
        due: None,
        step: 0,
        firing: None,
    }
}

impl Memory {
    /// Returns an outbox on `disk` that is its only holder.
    pub fn open(disk: &Disk) -> Memory {
        let mut store = disk.open();
        let epoch = store.acquire().unwrap();
        Memory { inner: Mutex::new(Inner { store, epoch, now: start(), told: vec![] }) }
    }

    /// Puts effects in, as a fold would.
    pub fn put(&self, effects: &[Effect]) {
        let directory = Directory::default();
        let rows = effects.iter().flat_map(|effect| rows(effect, &directory, Patience::default())).collect();
        self.turn(|turn| turn.folded.get_or_insert_default().rows = rows).unwrap();
    }

    /// Withdraws an effect, as a fold would.
    pub fn withdraw(&self, effect: EffectId) {
        self.turn(|turn| turn.folded.get_or_insert_default().withdrawn = vec![effect]).unwrap();
    }

    pub fn all(&self) -> Vec<Row> {
        self.inner.lock().unwrap().store.outbox(None, None, usize::MAX).unwrap()
    }

    pub fn told(&self) -> Vec<Delivery> {
        self.inner.lock().unwrap().told.clone()
    }

    pub fn is_done(&self) -> bool {
        self.all().iter().all(|row| row.state.is_final())
    }

    /// Moves the clock.
    pub fn pass(&self, length: SignedDuration) {
        self.inner.lock().unwrap().now += length;
    }

    /// Moves the clock to when the next row is due, if nobody is sending and nothing is.
    pub fn jump(&self) {
        let rows = self.all();
        if rows.iter().any(|row| matches!(row.state, RowState::Leased { .. })) {
            return;
        }
        let mut inner = self.inner.lock().unwrap();
        let next = rows.iter().filter(|row| row.state == RowState::Waiting).map(|row| row.not_before).min();
        inner.now = next.map_or(inner.now, |next| next.max(inner.now));
    }

    fn turn(&self, fill: impl FnOnce(&mut Turn)) -> Result<(), StoreError> {
        let mut inner = self.inner.lock().unwrap();
        let (epoch, ends) = (inner.epoch, inner.store.ends()?);
        let mut turn = Turn { number: ends.turn + 1, ..Turn::default() };
        turn.folded = None;
        fill(&mut turn);
        if let Some(folded) = &mut turn.folded {
            *folded = Folded { from: ends.cursor, to: ends.cursor, ..std::mem::take(folded) };
        }
        match inner.store.write(epoch, &turn)? {
            Committed::Ok => Ok(()),
            other => Err(StoreError::Failed(format!("{other:?}"))),
        }
    }
}

impl Outbox for Memory {
    fn now(&self) -> Timestamp {
        self.inner.lock().unwrap().now
    }

    async fn due(
        &self,
        now: Timestamp,
        kind: Kind,
        except: &BTreeSet<Str>,
        most: (usize, usize),
    ) -> Result<Vec<Row>, StoreError> {
        self.inner.lock().unwrap().store.due_for_each(now, kind, except, most)
    }

    async fn lease(&self, ids: Vec<RowId>, hold: SignedDuration) -> Result<Vec<Row>, StoreError> {
        let now = self.now();
        let until = now + hold;
        let wanted = |row: &Row| ids.contains(&row.id) && row.is_due(now);
        let free: Vec<RowId> = self.all().iter().filter(|row| wanted(row)).map(|row| row.id).collect();
        self.turn(|turn| turn.outbox = free.iter().map(|id| (*id, Change::Lease { until })).collect())?;
        Ok(self.all().into_iter().filter(|row| free.contains(&row.id)).collect())
    }

    async fn held(&self) -> Result<Vec<Row>, StoreError> {
        let leased = RowState::Leased { until: Timestamp::MIN };
        self.inner.lock().unwrap().store.outbox(None, Some(leased), usize::MAX)
    }

    async fn settle(&self, changes: Vec<(RowId, Change)>) -> Result<(), StoreError> {
        let effects: BTreeSet<EffectId> = changes.iter().map(|(id, _)| id.effect).collect();
        let rows = |effect| self.inner.lock().unwrap().store.rows(effect);
        let mut heard = Vec::new();
        for effect in effects {
            heard.extend(told(effect, rows(effect)?, &changes));
        }
        self.turn(|turn| turn.outbox = changes)?;
        self.inner.lock().unwrap().told.extend(heard);
        Ok(())
    }
}
