//! Who fills which role where: places with their facts, people with their channels.
//!
//! A role is looked for in the place itself, then upwards (M19): along the place's facts that are things, then
//! company-wide. Left out: handing anything to a person (`deliver`).

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::value::{Str, Value};
use crate::vocabulary::{CalendarNo, ThingNo};

/// The directory of one company.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// The address that hears of failures: `company.owner`.
    pub owner: Option<Str>,
    /// Roles filled company-wide.
    pub company_roles: Roles,
    /// Places by thing and id.
    pub places: BTreeMap<(ThingNo, Str), Place>,
    /// People by address.
    pub people: BTreeMap<Str, Person>,
    /// How many alerts a day one role is to get at most, at one place: what a backtest holds a change against.
    pub budgets: BTreeMap<Str, u32>,
    /// Whether parts of it could not be read, which was said: roles may be filled there.
    pub unread: bool,
    /// A hash of the text it was read from.
    pub fingerprint: [u8; 16],
}

/// Addresses by role.
pub type Roles = BTreeMap<Str, Vec<Str>>;

/// A store, region or other thing the directory knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// Facts by number; as long as the thing's list of facts.
    pub facts: Vec<Value>,
    /// Who fills which role here.
    pub roles: Roles,
    /// Its own zone.
    pub zone: Option<TimeZone>,
    /// Its own working calendar.
    pub calendar: Option<CalendarNo>,
}

/// A person who can be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Their name.
    pub name: Option<Str>,
    /// The language they read.
    pub language: Option<Str>,
    /// How they are reached, in order of preference: by mail unless said.
    pub by: Vec<Way>,
}

/// A way of reaching a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A mail to their address.
    Email,
    /// A post to the endpoint that is configured under their address.
    Webhook,
}

impl Way {
    /// Every way with its word.
    pub const WORDS: [(&'static str, Way); 2] = [("email", Way::Email), ("webhook", Way::Webhook)];
}

impl Directory {
    /// Returns the ways in which the person with an address is reached, in order of preference: at least one.
    pub fn ways(&self, address: &str) -> &[Way] {
        match self.people.get(address).map(|person| person.by.as_slice()) {
            None | Some([]) => &[Way::Email],
            Some(ways) => ways,
        }
    }

    /// Tells whether there is a directory at all. Without one nobody is known to fill a role or not to: an alert goes to
    /// the role by its name.
    pub fn is_given(&self) -> bool {
        self.owner.is_some() || !self.company_roles.is_empty() || !self.places.is_empty() || !self.people.is_empty()
    }

    /// Tells whether any place, or the company, fills `role`.
    pub fn knows_role(&self, role: &str) -> bool {
        self.company_roles.contains_key(role) || self.places.values().any(|place| place.roles.contains_key(role))
    }

    /// Returns every role that is filled anywhere, in order, each once.
    pub fn roles(&self) -> Vec<&Str> {
        let places = self.places.values().flat_map(|place| place.roles.keys());
        let mut roles: Vec<&Str> = self.company_roles.keys().chain(places).collect();
        roles.sort();
        roles.dedup();
        roles
    }
}
