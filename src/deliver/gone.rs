//! Endpoints that answered 410, remembered across restarts: nothing is posted to them until their address changes or a person
//! switches them on again.
//!
//! A small file beside the store holds each name with a hash of the address that said so: an address may hold a secret.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::id::EffectId;
use crate::store::private;
use crate::value::Str;

/// The file in a data folder.
pub const FILE: &str = "endpoints.json";

/// Endpoints that are switched off.
#[derive(Debug, Default)]
pub(super) struct Gone {
    file: Option<PathBuf>,
    by_name: BTreeMap<String, String>,
}

impl Gone {
    /// Reads what is kept in a data folder. One that cannot be read is said: what is gone says so once more.
    pub fn open(data: &Path) -> Gone {
        let file = data.join(FILE);
        let by_name = match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::warn!(%error, "which endpoints are switched off cannot be read; they are asked again");
                BTreeMap::new()
            }),
            Err(_) => BTreeMap::new(),
        };
        Gone { file: Some(file), by_name }
    }

    /// Tells whether the endpoint of this name is switched off.
    pub fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Returns the names of those that are.
    pub fn names(&self) -> Vec<Str> {
        self.by_name.keys().map(|name| name.as_str().into()).collect()
    }

    /// Switches one off, at the address it has now.
    pub fn add(&mut self, name: &str, url: &str) {
        if self.by_name.insert(name.to_owned(), hash(url)).is_none() {
            self.save();
        }
    }

    /// Switches one on again; tells whether it was off.
    pub fn remove(&mut self, name: &str) -> bool {
        let was_off = self.by_name.remove(name).is_some();
        if was_off {
            self.save();
        }
        was_off
    }

    /// Keeps those off that have the address that said so.
    pub fn keep<'a>(&mut self, endpoints: impl Iterator<Item = (&'a Str, &'a str)>) {
        let same: BTreeSet<(String, String)> = endpoints.map(|(name, url)| (name.to_string(), hash(url))).collect();
        let before = self.by_name.len();
        self.by_name.retain(|name, url| same.contains(&(name.clone(), url.clone())));
        if self.by_name.len() != before {
            self.save();
        }
    }

    fn save(&self) {
        let Some(file) = &self.file else { return };
        let write = || -> io::Result<()> {
            let aside = file.with_extension("json.new");
            let mut written = private::file(&aside)?;
            written.write_all(&serde_json::to_vec(&self.by_name)?)?;
            written.sync_all()?;
            fs::rename(&aside, file)
        };
        if let Err(error) = write() {
            tracing::warn!(%error, "which endpoints are switched off could not be kept");
        }
    }
}

fn hash(url: &str) -> String {
    EffectId::of(&[b"endpoint", url.as_bytes()]).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_said_that_it_is_gone_stays_off_across_a_restart_until_its_address_changes_or_somebody_says_so() {
        let data = std::env::temp_dir().join(format!("touchline-gone-{}", std::process::id()));
        fs::create_dir_all(&data).unwrap();
        let (crm, till): (Str, Str) = ("crm".into(), "till".into());
        let mut gone = Gone::open(&data);
        gone.add("crm", "https://crm.example.test/secret");
        gone.add("till", "https://till.example.test/");
        assert!(!fs::read_to_string(data.join(FILE)).unwrap().contains("secret"));
        let mut gone = Gone::open(&data);
        gone.keep([(&crm, "https://crm.example.test/secret"), (&till, "https://till.example.test/")].into_iter());
        assert_eq!(gone.names(), [crm.clone(), till.clone()]);
        gone.keep([(&crm, "https://crm.example.test/secret"), (&till, "https://till.example.test/new")].into_iter());
        assert_eq!(Gone::open(&data).names(), [crm]);
        assert!(gone.remove("crm") && !gone.remove("crm"));
        assert!(!Gone::open(&data).contains("crm"));
        fs::remove_dir_all(&data).unwrap();
    }
}
