//! Which rows of the outbox an effect becomes: one for each recipient.
//!
//! Left out: sending them (`deliver`), and what becomes of a row (`engine::store::Row::apply`).

use jiff::SignedDuration;

use crate::engine::effect::{Effect, Outcome, What};
use crate::engine::input::Delivery;
use crate::engine::store::{Change, Folded, Kind, Row, RowId, RowState};
use crate::id::{EffectId, Position};
use crate::value::{Str, Value};
use crate::vocabulary::directory::{Directory, Way};

/// How long a row is tried before it is a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For alerts, webhooks and digests.
    pub alert: SignedDuration,
    /// For mails to customers.
    pub mail: SignedDuration,
}

impl Default for Patience {
    /// Returns a day for alerts and three for mails.
    fn default() -> Patience {
        Patience { alert: SignedDuration::from_hours(24), mail: SignedDuration::from_hours(72) }
    }
}

/// Returns the rows an effect becomes: none where nothing leaves the house.
///
/// A person is to be reached the first way the directory names for them, by mail where it names none; whoever delivers goes
/// on to the next where that one does not work. An alert to a role that
/// nobody can be named for is one row without an address: whoever delivers knows where such alerts go, or says that it
/// cannot be done.
pub fn rows(effect: &Effect, directory: &Directory, patience: Patience) -> Vec<Row> {
    if effect.outcome != Outcome::Sent {
        return vec![];
    }
    let (mail, post) = (Kind::Mail, Kind::Webhook);
    let (recipients, hold): (Vec<(Kind, Str)>, _) = match &effect.what {
        What::Alert { addresses, .. } if addresses.is_empty() => (vec![(mail, "".into())], patience.alert),
        What::Alert { addresses, .. } => {
            let each = addresses.iter().map(|address| (way(directory, address), address.clone()));
            (each.collect(), patience.alert)
        }
        What::Email { mail: Some(letter), .. } => (vec![(mail, letter.address.clone())], patience.mail),
        What::Post { endpoint, .. } => (vec![(post, endpoint.clone())], patience.alert),
        What::Digest { address: Some(address), .. } => {
            (vec![(way(directory, address), address.clone())], patience.alert)
        }
        _ => return vec![],
    };
    let thread = effect.firing.as_ref().and_then(|firing| match &firing.values.case {
        Value::Id(case) => Some(case.clone()),
        _ => None,
    });
    let row = |((kind, to), recipient): ((Kind, Str), u32)| Row {
        id: RowId { effect: effect.id, recipient },
        kind,
        to,
        thread: thread.clone(),
        state: RowState::Waiting,
        attempt: 0,
        not_before: effect.at,
        give_up: effect.at.checked_add(hold).unwrap_or(jiff::Timestamp::MAX),
        withdrawn: false,
        why: "".into(),
        effect: effect.clone(),
    };
    recipients.into_iter().zip(0..).map(row).collect()
}

/// Returns what the engine has to hear of an effect whose rows these are, once `changes` are made to them: nothing while one
/// is open, or where all of them were at their end before. It went if it went to anybody.
pub fn told(effect: EffectId, mut rows: Vec<Row>, changes: &[(RowId, Change)]) -> Option<Delivery> {
    let was_over = rows.iter().all(|row| row.state.is_final());
    for (id, change) in changes {
        if let Some(row) = rows.iter_mut().find(|row| row.id == *id) {
            row.apply(change);
        }
    }
    if was_over || !rows.iter().all(|row| row.state.is_final()) {
        return None;
    }
    if rows.iter().any(|row| row.state == RowState::Sent) {
        return Some(Delivery { effect, failed: None });
    }
    // Where there is no dead one everything was withdrawn: the engine said so itself.
    let dead = rows.iter().find(|row| row.state == RowState::Dead)?;
    Some(Delivery { effect, failed: Some(dead.why.clone()) })
}

fn way(directory: &Directory, address: &Str) -> Kind {
    match directory.ways(address).first() {
        Some(Way::Webhook) => Kind::Webhook,
        Some(Way::Email) | None => Kind::Mail,
    }
}

impl Folded {
    /// Returns nothing folded yet, from `from` on.
    pub fn starting(from: Position) -> Folded {
        Folded { from, to: from, ..Folded::default() }
    }

    /// Adds what the input at `position` asked for.
    pub fn add(&mut self, position: Position, effects: Vec<Effect>, directory: &Directory, patience: Patience) {
        self.to = position;
        for effect in &effects {
            self.rows.extend(rows(effect, directory, patience));
            if effect.what == What::Withdraw {
                self.withdrawn.push(effect.id);
            }
        }
        if !effects.is_empty() {
            self.effects.push((position, effects));
        }
    }

    /// Adds what was folded behind this.
    pub fn append(&mut self, mut next: Folded) {
        debug_assert_eq!(self.to, next.from, "stretches follow one another");
        self.to = next.to;
        self.effects.append(&mut next.effects);
        self.rows.append(&mut next.rows);
        self.withdrawn.append(&mut next.withdrawn);
    }
}
