//! Making effects happen: mail and webhooks, tried until they went, were refused for good, or came too late.
//!
//! [`email`] and [`webhook`] carry one thing once and say what came of it as a [`Tried`]; [`payload`] says what a row of the
//! outbox becomes; [`retry`] says what happens to the row then; [`worker`] does this for many at once, [`courier`] is what it sends with. Read [`Tried`] first.
//!
//! Left out: deciding anything (`engine`), keeping the outbox (`store`), configuration files (`daemon`).

pub mod courier;
pub mod email;
pub mod gone;
pub mod network;
pub mod payload;
pub mod retry;
pub mod webhook;
pub mod worker;

use std::time::Duration;

/// What came of one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tried {
    /// The other side has taken it over.
    Sent,
    /// Not now: the other side did not take it.
    Later {
        /// Why: no address, no word of a customer.
        reason: String,
        /// How long the other side asked us to wait.
        after: Option<Duration>,
    },
    /// The connection broke after everything was handed over: it may have arrived. It is tried again under the same id.
    Unknown {
        /// Why.
        reason: String,
    },
    /// Never: another try would be answered the same.
    Refused {
        /// Why.
        reason: String,
    },
    /// Never, and nothing else to this endpoint either: it said that it is gone.
    Gone {
        /// Why.
        reason: String,
    },
}

impl Tried {
    /// Returns a temporary failure.
    pub fn later(reason: impl Into<String>) -> Tried {
        Tried::Later { reason: reason.into(), after: None }
    }

    /// Returns a failure for good.
    pub fn refused(reason: impl Into<String>) -> Tried {
        Tried::Refused { reason: reason.into() }
    }

    /// Returns the reason where it did not go.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Tried::Sent => None,
            Tried::Later { reason, .. }
            | Tried::Unknown { reason }
            | Tried::Refused { reason }
            | Tried::Gone { reason } => Some(reason),
        }
    }

    /// Returns one word, for logs and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Tried::Sent => "sent",
            Tried::Later { .. } => "later",
            Tried::Unknown { .. } => "unknown",
            Tried::Refused { .. } => "refused",
            Tried::Gone { .. } => "gone",
        }
    }
}

/// A text that no log, error or debug print shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}
