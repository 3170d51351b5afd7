//! The courier of the running daemon: mail by its carrier, webhooks to their endpoints.
//!
//! An alert or a digest is for a person, and goes the ways the directory names for them, in this order: on to the next where
//! one refuses it for good, or does not take it three times.
//!
//! Left out: where the configuration comes from (`daemon`), how many at once (`worker`).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;

use super::email::{Carrier, Desk};
use super::gone::Gone;
use super::webhook::{Endpoint, Poster};
use super::worker::Courier;
use super::{Tried, payload};
use crate::engine::effect::What;
use crate::engine::store::{Kind, Row};
use crate::value::Str;
use crate::vocabulary::directory::{Directory, Way};

/// From this try on, a way that does not take a row now is no longer waited for where there is another.
const PATIENT: u32 = 3;

/// Carries mail and webhooks.
pub struct Van {
    desk: Desk,
    carrier: Carrier,
    poster: Poster,
    /// Where alerts go for which nobody can be named.
    nobody: Option<Str>,
    places: RwLock<Places>,
    /// Knows how people are reached.
    directory: RwLock<Arc<Directory>>,
}

#[derive(Default)]
struct Places {
    endpoints: BTreeMap<Str, Arc<Endpoint>>,
    gone: Gone,
}

impl Van {
    /// Returns a courier without endpoints.
    pub fn new(desk: Desk, carrier: Carrier, poster: Poster, nobody: Option<Str>) -> Van {
        Van { desk, carrier, poster, nobody, places: RwLock::default(), directory: RwLock::default() }
    }

    /// Remembers in a data folder which endpoints are gone, and takes over what is remembered there.
    pub fn remember(self, data: &Path) -> Van {
        self.places.write().unwrap_or_else(PoisonError::into_inner).gone = Gone::open(data);
        self
    }

    /// Sets the endpoints, by name or by the address of the person who is reached so. One that was gone gets another chance
    /// if it is another one now.
    pub fn set_endpoints(&self, endpoints: BTreeMap<Str, Endpoint>) {
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        let endpoints: BTreeMap<Str, Arc<Endpoint>> =
            endpoints.into_iter().map(|(name, endpoint)| (name, Arc::new(endpoint))).collect();
        places.gone.keep(endpoints.iter().map(|(name, endpoint)| (name, endpoint.url())));
        places.endpoints = endpoints;
    }

    /// Sets who is reached how.
    pub fn set_directory(&self, directory: Arc<Directory>) {
        *self.directory.write().unwrap_or_else(PoisonError::into_inner) = directory;
    }

    /// Returns the addresses of people who are to be reached by a webhook for which there is no endpoint.
    pub fn without_endpoint(&self) -> Vec<Str> {
        let directory = self.directory.read().unwrap_or_else(PoisonError::into_inner).clone();
        let lacks =
            |address: &&Str| directory.ways(address).contains(&Way::Webhook) && self.endpoint(address).is_none();
        directory.people.keys().filter(lacks).cloned().collect()
    }

    /// Returns the ways in which a row may go, the one it was meant for first.
    fn ways(&self, row: &Row) -> Vec<Kind> {
        let mut ways = vec![row.kind];
        if matches!(row.effect.what, What::Alert { .. } | What::Digest { .. }) {
            let directory = self.directory.read().unwrap_or_else(PoisonError::into_inner);
            let kinds = directory.ways(&row.to).iter().map(|way| match way {
                Way::Email => Kind::Mail,
                Way::Webhook => Kind::Webhook,
            });
            ways.extend(kinds.filter(|kind| *kind != row.kind));
        }
        ways.dedup();
        ways
    }

    /// Carries a row one way.
    async fn by(&self, way: Kind, row: &Row, now: Timestamp) -> Tried {
        match way {
            Kind::Mail => self.mail(row).await,
            Kind::Webhook => self.webhook(row, now).await,
        }
    }

    /// Returns the names of all endpoints.
    pub fn endpoints(&self) -> Vec<Str> {
        self.places.read().unwrap_or_else(PoisonError::into_inner).endpoints.keys().cloned().collect()
    }

    /// Gives an endpoint that was gone another chance; tells whether it was.
    pub fn enable(&self, name: &str) -> bool {
        self.places.write().unwrap_or_else(PoisonError::into_inner).gone.remove(name)
    }

    /// Returns the endpoints that said that they are gone.
    pub fn gone(&self) -> Vec<Str> {
        self.places.read().unwrap_or_else(PoisonError::into_inner).gone.names()
    }

    fn endpoint(&self, name: &str) -> Option<Arc<Endpoint>> {
        self.places.read().unwrap_or_else(PoisonError::into_inner).endpoints.get(name).cloned()
    }

    async fn mail(&self, row: &Row) -> Tried {
        let Some(mut letter) = payload::letter(row) else {
            return Tried::refused("there is nothing in it that a mail could say");
        };
        if letter.to.is_empty() {
            match &self.nobody {
                Some(address) => letter.to = address.to_string(),
                None => {
                    return Tried::refused("nobody is known to fill the role, and no address is set for such alerts");
                }
            }
        }
        match self.desk.compose(&letter) {
            Ok(mail) => self.carrier.send(&mail).await,
            Err(unfit) => Tried::refused(unfit.to_string()),
        }
    }

    async fn webhook(&self, row: &Row, now: Timestamp) -> Tried {
        let Some(endpoint) = self.endpoint(&row.to) else {
            return Tried::refused(match &row.effect.what {
                What::Post { .. } => "no endpoint of this name is configured",
                _ => "no endpoint is configured under this person's address",
            });
        };
        if self.places.read().unwrap_or_else(PoisonError::into_inner).gone.contains(&row.to) {
            return Tried::refused("the endpoint said that it is gone, and is switched off");
        }
        let Some(body) = payload::webhook(row) else {
            return Tried::refused("there is nothing in it that a webhook could say");
        };
        let tried = self.poster.post(&endpoint, &row.id.to_string(), now, body).await;
        if matches!(tried, Tried::Gone { .. }) {
            // An endpoint that a person is reached by has that person's address for a name: no log holds addresses.
            let endpoint_name = if row.to.contains('@') { "(a person's)" } else { &*row.to };
            tracing::warn!(endpoint = endpoint_name, row = %row.id, "the endpoint said that it is gone, and is switched off");
            self.places.write().unwrap_or_else(PoisonError::into_inner).gone.add(&row.to, endpoint.url());
        }
        tried
    }
}

impl Courier for Van {
    fn lane(&self, row: &Row) -> Str {
        match row.kind {
            Kind::Mail => row.to.to_ascii_lowercase().into(),
            Kind::Webhook => self.endpoint(&row.to).map_or_else(|| row.to.clone(), |endpoint| endpoint.host().into()),
        }
    }

    async fn carry(&self, row: &Row, now: Timestamp) -> Tried {
        let mut failed: Option<Tried> = None;
        for way in self.ways(row) {
            let tried = self.by(way, row, now).await;
            if tried == Tried::Sent {
                if failed.is_some() {
                    tracing::info!(row.id = %row.id, "it went another way");
                }
                return tried;
            }
            // Where no way works now, one that may work later says what happens next.
            let may_work_later = matches!(tried, Tried::Later { .. } | Tried::Unknown { .. });
            let is_final = |tried: &Tried| matches!(tried, Tried::Refused { .. } | Tried::Gone { .. });
            if failed.as_ref().is_none_or(|before| may_work_later && is_final(before)) {
                failed = Some(tried);
            }
            if may_work_later && row.attempt < PATIENT {
                break;
            }
        }
        failed.unwrap_or_else(|| Tried::refused("there is no way to go"))
    }

    async fn rest(&self) {
        self.carrier.rest().await;
    }
}
