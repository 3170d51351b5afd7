//! What happens to a row: whether it is still worth a try, when to try again, and when to stop.
//!
//! Pauses grow, and are spread so that what failed together does not come back together. No random numbers: the spread is a
//! hash of the row and the attempt, so a replay and a test give the same instants. Nothing here waits or reads a clock.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Tried;
use crate::engine::effect::What;
use crate::engine::input::STALE;
use crate::engine::store::{Change, Row};
use crate::id::EffectId;
use crate::store::outbox::Patience;
use crate::value::Str;

/// How patient delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The pause after the first try.
    pub first: SignedDuration,
    /// The longest pause of our own choice.
    pub longest: SignedDuration,
    /// When an alert is too late (M17).
    pub stale_alert: SignedDuration,
    /// When a customer's mail is too late (M17).
    pub stale_mail: SignedDuration,
    /// How long a row is tried, by which rows get their `give_up`.
    pub hold: Patience,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            first: SignedDuration::from_secs(30),
            longest: SignedDuration::from_hours(1),
            stale_alert: SignedDuration::from_hours(24),
            stale_mail: SignedDuration::from_hours(24 * 3),
            hold: Patience::default(),
        }
    }
}

/// What a try, or the lack of one, does to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The change to write.
    pub change: Change,
    /// Why the row will never go, in words for the journal; `None` where it went or will be tried again.
    pub failed: Option<Str>,
}

impl Verdict {
    fn dead(row: &Row, why: impl Into<Str>) -> Verdict {
        let why: Str = why.into();
        Verdict { change: Change::Dead { attempt: row.attempt, why: why.clone() }, failed: Some(why) }
    }
}

impl Pace {
    /// Returns what becomes of a leased row that is not worth a try at `now`: too late, or tried for long enough.
    pub fn before(&self, row: &Row, now: Timestamp) -> Option<Verdict> {
        if self.is_stale(row, now) {
            return Some(Verdict::dead(row, STALE));
        }
        (now > row.give_up).then(|| Verdict::dead(row, gave_up(&row.why)))
    }

    /// Returns what a try makes of a leased row.
    pub fn after(&self, row: &Row, tried: &Tried, now: Timestamp) -> Verdict {
        let attempt = row.attempt;
        match tried {
            Tried::Sent => Verdict { change: Change::Sent { attempt }, failed: None },
            Tried::Refused { reason } | Tried::Gone { reason } => Verdict::dead(row, reason.as_str()),
            Tried::Later { reason, after } => self.later(row, reason, now, *after),
            Tried::Unknown { reason } => self.later(row, reason, now, None),
        }
    }

    fn later(&self, row: &Row, why: &str, now: Timestamp, asked: Option<Duration>) -> Verdict {
        let asked = asked.map_or(SignedDuration::ZERO, |asked| asked.try_into().unwrap_or(SignedDuration::MAX));
        let pause = self.pause(row, row.attempt).max(asked);
        let not_before = now.checked_add(pause).unwrap_or(Timestamp::MAX);
        if not_before > row.give_up {
            return Verdict::dead(row, gave_up(why));
        }
        Verdict { change: Change::Retry { attempt: row.attempt, not_before, why: why.into() }, failed: None }
    }

    /// Returns the pause after a try: twice that of the try before, plus up to half of it.
    fn pause(&self, row: &Row, attempt: u32) -> SignedDuration {
        let doubled = self.first.checked_mul(1 << attempt.saturating_sub(1).min(20)).unwrap_or(self.longest);
        let base = doubled.min(self.longest);
        let id = row.id.recipient.to_le_bytes();
        let hash = EffectId::of(&[b"pause", &row.id.effect.0, &id, &attempt.to_le_bytes()]).0;
        let share = i128::from(u16::from_le_bytes([hash[0], hash[1]]));
        base + SignedDuration::from_nanos_i128(share * base.as_nanos() / (2 * i128::from(u16::MAX)))
    }

    /// Tells whether a row is too late to be any good (M17). A webhook never is: what it tells stays true.
    fn is_stale(&self, row: &Row, now: Timestamp) -> bool {
        let most = match row.effect.what {
            What::Alert { .. } => self.stale_alert,
            What::Email { .. } => self.stale_mail,
            _ => return false,
        };
        // What a person has sent again counts from then.
        let begun = row.give_up.checked_sub(self.hold_of(row)).unwrap_or(Timestamp::MIN);
        let since = if begun > row.effect.at { begun } else { row.effect.due.unwrap_or(row.effect.at) };
        now.duration_since(since) > most
    }

    fn hold_of(&self, row: &Row) -> SignedDuration {
        match row.effect.what {
            What::Email { .. } => self.hold.mail,
            _ => self.hold.alert,
        }
    }

    /// Returns the change that sends a dead letter again, for as long as a new one is tried.
    pub fn again(&self, row: &Row, now: Timestamp) -> Change {
        Change::Again { not_before: now, give_up: now.checked_add(self.hold_of(row)).unwrap_or(Timestamp::MAX) }
    }
}

fn gave_up(why: &str) -> String {
    if why.is_empty() { "gave up".to_owned() } else { format!("gave up: {why}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::payload::tests::{alert, firing, instant, row};
    use crate::engine::store::RowState;

    fn leased(attempt: u32) -> Row {
        let row = row(alert("a"), "lead@example.test", 0, Some(firing()));
        Row { attempt, state: RowState::Leased { until: instant("2026-03-27T16:10:00Z") }, ..row }
    }

    #[test]
    fn pauses_grow_up_to_the_longest_and_depend_on_row_and_attempt_alone() {
        let pace = Pace::default();
        let mut fifths = std::collections::BTreeSet::new();
        for recipient in 0..200 {
            let mut row = leased(1);
            row.id.recipient = recipient;
            let pauses: Vec<SignedDuration> = (1..=12).map(|attempt| pace.pause(&row, attempt)).collect();
            for (before, after) in pauses.iter().zip(&pauses[1..7]) {
                assert!(after > before, "{pauses:?}");
            }
            assert!(pauses[0] >= pace.first && pauses[0] <= pace.first * 3 / 2);
            assert!(pauses[11] >= pace.longest && pauses[11] <= pace.longest * 3 / 2);
            assert_eq!(pace.pause(&row, 3), pauses[2]);
            fifths.insert(pauses[4].as_nanos());
        }
        assert!(fifths.len() > 190, "rows that failed together come back together");
    }

    #[test]
    fn what_the_other_side_asks_for_is_a_lower_bound_and_the_end_is_the_end() {
        let (pace, now) = (Pace::default(), instant("2026-03-27T16:00:00Z"));
        let not_before = |attempt: u32, now: Timestamp, after: Option<Duration>| {
            let tried = Tried::Later { reason: "busy".to_owned(), after };
            match pace.after(&leased(attempt), &tried, now).change {
                Change::Retry { not_before, .. } => Some(not_before),
                _ => None,
            }
        };
        assert_eq!(not_before(1, now, Some(Duration::from_secs(7200))), Some(instant("2026-03-27T18:00:00Z")));
        assert!(
            not_before(1, now, Some(Duration::from_secs(1))).is_some_and(|at| at >= instant("2026-03-27T16:00:30Z"))
        );
        assert!(not_before(u32::MAX, now, None).is_some());
        assert_eq!(not_before(20, instant("2026-03-28T15:30:00Z"), None), None);
        assert_eq!(not_before(1, now, Some(Duration::MAX)), None);
        let over = pace.after(&leased(20), &Tried::later("busy"), instant("2026-03-28T15:30:00Z"));
        assert_eq!(over.failed.as_deref(), Some("gave up: busy"));
    }

    #[test]
    fn each_outcome_has_its_change_and_only_an_end_without_success_has_a_reason() {
        let (pace, row, now) = (Pace::default(), leased(2), instant("2026-03-27T16:00:00Z"));
        let sent = pace.after(&row, &Tried::Sent, now);
        assert_eq!(sent, Verdict { change: Change::Sent { attempt: 2 }, failed: None });
        for tried in [Tried::refused("no such user"), Tried::Gone { reason: "no such user".to_owned() }] {
            let dead = pace.after(&row, &tried, now);
            assert_eq!(dead.change, Change::Dead { attempt: 2, why: "no such user".into() });
            assert_eq!(dead.failed.as_deref(), Some("no such user"));
        }
        let unknown = pace.after(&row, &Tried::Unknown { reason: "broke".to_owned() }, now);
        assert!(matches!(unknown.change, Change::Retry { attempt: 2, .. }) && unknown.failed.is_none());
    }

    #[test]
    fn an_alert_is_stale_after_a_day_a_mail_after_three_and_a_webhook_never() {
        let pace = Pace::default();
        let stale = |what: What, now: &str| {
            let row = row(what, "x", 0, Some(firing()));
            let hold = pace.hold_of(&row);
            let row = Row { give_up: row.effect.at + hold, ..row };
            pace.is_stale(&row, instant(now))
        };
        let mail = || What::Email { template: "t".into(), mail: None };
        let post = || What::Post { endpoint: "crm".into(), values: vec![] };
        assert!(!stale(alert("a"), "2026-03-28T16:00:00Z") && stale(alert("a"), "2026-03-28T16:00:01Z"));
        assert!(!stale(mail(), "2026-03-30T16:00:00Z") && stale(mail(), "2026-03-30T16:00:01Z"));
        assert!(!stale(post(), "2027-03-30T16:00:00Z"));
    }

    #[test]
    fn a_dead_letter_sent_again_has_as_long_as_a_new_one() {
        let (pace, now) = (Pace::default(), instant("2026-04-07T09:00:00Z"));
        let mut row = leased(9);
        assert!(row.apply(&Change::Dead { attempt: 9, why: STALE.into() }));
        assert!(row.apply(&pace.again(&row, now)));
        assert_eq!((row.state, row.give_up), (RowState::Waiting, instant("2026-04-08T09:00:00Z")));
        assert_eq!(pace.before(&row, now), None);
        assert_eq!(pace.before(&row, instant("2026-04-08T09:00:01Z")).and_then(|v| v.failed).as_deref(), Some(STALE));
    }
}
