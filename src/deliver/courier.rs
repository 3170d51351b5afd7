//! The courier of the running daemon: mail by its carrier, webhooks to their endpoints.
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
use crate::engine::store::{Kind, Row};
use crate::value::Str;

/// Carries mail and webhooks.
pub struct Van {
    desk: Desk,
    carrier: Carrier,
    poster: Poster,
    /// Where alerts go for which nobody can be named.
    nobody: Option<Str>,
    places: RwLock<Places>,
}

#[derive(Default)]
struct Places {
    endpoints: BTreeMap<Str, Arc<Endpoint>>,
    gone: Gone,
}

impl Van {
    /// Returns a courier without endpoints.
    pub fn new(desk: Desk, carrier: Carrier, poster: Poster, nobody: Option<Str>) -> Van {
        Van { desk, carrier, poster, nobody, places: RwLock::default() }
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
            return Tried::refused("no endpoint of this name is configured");
        };
        if self.places.read().unwrap_or_else(PoisonError::into_inner).gone.contains(&row.to) {
            return Tried::refused("the endpoint said that it is gone, and is switched off");
        }
        let Some(body) = payload::webhook(row) else {
            return Tried::refused("there is nothing in it that a webhook could say");
        };
        let tried = self.poster.post(&endpoint, &row.id.to_string(), now, body).await;
        if matches!(tried, Tried::Gone { .. }) {
            tracing::warn!(endpoint = &*row.to, "the endpoint said that it is gone, and is switched off");
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
        match row.kind {
            Kind::Mail => self.mail(row).await,
            Kind::Webhook => self.webhook(row, now).await,
        }
    }

    async fn rest(&self) {
        self.carrier.rest().await;
    }
}
