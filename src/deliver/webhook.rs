//! Signed webhooks after Standard Webhooks 1.0. The only file that knows reqwest and rustls.
//!
//! An endpoint's name is resolved once a connection, every address is checked against the networks that nobody outside
//! should reach through us, and the connection goes to exactly an address that passed: a name that says something else the
//! second time gains nothing. Redirects are not followed and no proxy is asked.
//!
//! Left out: what is posted (`payload`), when to try again (`retry`).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER, USER_AGENT};
use reqwest::{Client, Response, StatusCode, Url};
use sha2::Sha256;

use super::network::{Networks, refusal};
use super::{Secret, Tried};

/// How much of an answer is read, so that the connection can be used again; nobody looks at it.
const ANSWER: usize = 64 * 1024;
/// The longest wait an endpoint can ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// Where a webhook goes, and how it is signed.
#[derive(Clone, Debug)]
pub struct Endpoint {
    url: Url,
    keys: Vec<Key>,
}

#[derive(Clone)]
struct Key(Vec<u8>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

/// Why an endpoint cannot be used as configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// No address to post to.
    #[error("the endpoint's address is not one of the web: write `https://host/path`")]
    NoUrl,
    /// A name or password in the address.
    #[error("the endpoint's address holds a user or password: the signature says who we are")]
    User,
    /// Over plain HTTP.
    #[error("the endpoint's address begins with `http://`: only networks that are allowed by name may be reached so")]
    Plain,
    /// No secret.
    #[error("the endpoint has no secret")]
    NoSecret,
    /// A secret in another form.
    #[error("a secret of the endpoint is not `whsec_` and 24 to 64 bytes in base64")]
    Secret,
    /// TLS could not be set up.
    #[error("the certificates could not be read")]
    Certificates,
}

impl Endpoint {
    /// Checks an endpoint of a configuration. All `secrets` sign, so that one can be changed for another without a gap.
    pub fn new(url: &str, secrets: &[Secret]) -> Result<Endpoint, EndpointError> {
        let mut url = Url::parse(url).map_err(|_| EndpointError::NoUrl)?;
        if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none_or(str::is_empty) {
            return Err(EndpointError::NoUrl);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError::User);
        }
        url.set_fragment(None);
        if secrets.is_empty() {
            return Err(EndpointError::NoSecret);
        }
        let keys = secrets.iter().map(key).collect::<Result<Vec<Key>, EndpointError>>()?;
        Ok(Endpoint { url, keys })
    }

    /// Returns the host, the unit of politeness: so many at once to one host.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Returns where it is.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Returns the value of `webhook-signature`: one signature a secret, separated by blanks.
    pub fn signature(&self, id: &str, at: Timestamp, body: &[u8]) -> String {
        let signed: Vec<String> = self.keys.iter().map(|key| sign(&key.0, id, at.as_second(), body)).collect();
        signed.join(" ")
    }
}

fn key(secret: &Secret) -> Result<Key, EndpointError> {
    let text = secret.reveal().strip_prefix("whsec_").ok_or(EndpointError::Secret)?;
    let bytes = BASE64.decode(text).map_err(|_| EndpointError::Secret)?;
    if (24..=64).contains(&bytes.len()) { Ok(Key(bytes)) } else { Err(EndpointError::Secret) }
}

fn sign(key: &[u8], id: &str, seconds: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body);
    format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()))
}

/// How webhooks are posted: the same for every endpoint.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Networks that may be reached although nobody outside should: by name, in the configuration.
    pub allowed: Networks,
    /// How long connecting may take.
    pub connecting: Duration,
    /// How long all of it may take.
    pub patience: Duration,
    /// Certificates to trust beside those of the machine, as PEM.
    pub trust: Option<Vec<u8>>,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            allowed: Networks::default(),
            connecting: Duration::from_secs(10),
            patience: Duration::from_secs(20),
            trust: None,
        }
    }
}

/// What gives the addresses of a name.
pub type Lookup = Arc<dyn Fn(String) -> LookingUp + Send + Sync>;
/// Addresses to come.
pub type LookingUp = std::pin::Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send>>;

/// Posts webhooks.
pub struct Poster {
    client: Client,
    allowed: Networks,
}

/// The addresses of a name are all such that we do not connect to them.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct RefusedAddress(&'static str);

struct Checked {
    lookup: Lookup,
    allowed: Networks,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (looking, allowed) = ((self.lookup)(name.as_str().to_owned()), self.allowed.clone());
        Box::pin(async move {
            let found = looking.await?;
            let passes = |ip: &IpAddr| allowed.contains(*ip) || refusal(*ip).is_none();
            let (good, bad): (Vec<IpAddr>, Vec<IpAddr>) = found.into_iter().partition(passes);
            if let (true, Some(reason)) = (good.is_empty(), bad.first().and_then(|ip| refusal(*ip))) {
                return Err(Box::new(RefusedAddress(reason)) as Box<dyn std::error::Error + Send + Sync>);
            }
            // Port 0: that of the address in the URL.
            Ok(Box::new(good.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs)
        })
    }
}

/// Asks the machine's resolver.
fn system_lookup() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

impl Poster {
    /// Sets up the client.
    pub fn new(rules: Rules) -> Result<Poster, EndpointError> {
        Poster::with_lookup(rules, system_lookup())
    }

    /// Sets up the client over another resolver.
    pub fn with_lookup(rules: Rules, lookup: Lookup) -> Result<Poster, EndpointError> {
        // Whoever installed one first has chosen; both know the same suites.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .http1_only()
            .connect_timeout(rules.connecting)
            .timeout(rules.patience)
            .pool_max_idle_per_host(2)
            .dns_resolver(Checked { lookup, allowed: rules.allowed.clone() });
        if let Some(pem) = &rules.trust {
            let found = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| EndpointError::Certificates)?;
            builder = builder.tls_certs_merge(found);
        }
        let client = builder.build().map_err(|_| EndpointError::Certificates)?;
        Ok(Poster { client, allowed: rules.allowed })
    }

    /// Posts `body` once. `id` is the same on every try, `at` the present instant.
    pub async fn post(&self, endpoint: &Endpoint, id: &str, at: Timestamp, body: Vec<u8>) -> Tried {
        if let Err(reason) = self.check_literal(&endpoint.url) {
            return Tried::refused(reason);
        }
        let request = self
            .client
            .post(endpoint.url.clone())
            .header(USER_AGENT, concat!("touchline/", env!("CARGO_PKG_VERSION")))
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", at.as_second().to_string())
            .header("webhook-signature", endpoint.signature(id, at, &body))
            .body(body);
        match request.send().await {
            Ok(response) => answered(response, at).await,
            Err(error) => failed(&error),
        }
    }

    /// An address written as one is never looked up: it is checked here. Over plain HTTP only what is allowed by name is
    /// reached, and by its address, for a name could be answered by anybody on the way.
    fn check_literal(&self, url: &Url) -> Result<(), String> {
        let host = url.host_str().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        match literal {
            Some(ip) if self.allowed.contains(ip) => Ok(()),
            Some(ip) if refusal(ip).is_some() => Err(refused(refusal(ip).unwrap_or_default())),
            _ if url.scheme() != "https" && host != "localhost" => Err(EndpointError::Plain.to_string()),
            _ => Ok(()),
        }
    }
}

fn refused(reason: &str) -> String {
    format!("the endpoint's address is {reason}, which is not connected to unless it is allowed")
}

async fn answered(mut response: Response, now: Timestamp) -> Tried {
    let (status, after) = (response.status(), wait(response.headers(), now));
    drain(&mut response).await;
    let said = |what: &str| format!("the endpoint {what} ({})", status.as_u16());
    match status {
        _ if status.is_success() => Tried::Sent,
        StatusCode::GONE => Tried::Gone { reason: said("is gone") },
        StatusCode::TOO_MANY_REQUESTS => Tried::Later { reason: said("is asked too often"), after },
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => Tried::Later { reason: said("wants it again"), after },
        _ if status.is_server_error() => Tried::Later { reason: said("failed"), after },
        _ if status.is_redirection() => Tried::refused(said("answered with a redirect, which is not followed")),
        _ => Tried::refused(said("refused it")),
    }
}

/// Reads what little there is, so that the connection can be used again; a long answer ends with its connection.
async fn drain(response: &mut Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if read > ANSWER {
            return;
        }
    }
}

/// `Retry-After`, in seconds or as a date.
fn wait(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let asked = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
            Duration::try_from(at.duration_since(now)).ok()?
        }
    };
    Some(asked.min(LONGEST_WAIT))
}

fn failed(error: &reqwest::Error) -> Tried {
    let mut source: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(inner) = source {
        if let Some(RefusedAddress(reason)) = inner.downcast_ref() {
            return Tried::refused(refused(reason));
        }
        source = inner.source();
    }
    match error {
        _ if error.is_dns() => Tried::later("the endpoint's name could not be resolved"),
        _ if error.is_connect() && error.is_timeout() => Tried::later("the endpoint could not be reached in time"),
        _ if error.is_connect() => Tried::later("the connection to the endpoint failed"),
        _ if error.is_builder() => Tried::refused("the request could not be put together"),
        _ if error.is_timeout() => unknown("the endpoint did not answer in time"),
        _ => unknown("the connection to the endpoint broke"),
    }
}

fn unknown(reason: &str) -> Tried {
    Tried::Unknown { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests;
