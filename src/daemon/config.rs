//! `touchline.yaml`: what the daemon runs with, every value with its default.
//!
//! [`read`] makes a [`Config`] of a file, with every problem of it at its place; [`print`] writes the effective one back,
//! secrets hidden. Options of the command line are laid over it by whoever parsed them. Read [`Config`] first.
//!
//! Left out: opening sockets, folders or servers. The environment and the files of secrets are asked through a
//! [`Lookup`], so that a test needs neither.

mod print;
mod read;
mod values;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;

use crate::daemon::reload::watch::Mode;

pub use print::print;
pub use read::read;
pub use values::listen_address;

/// How much of the history is kept unless something else is said.
pub const DEFAULT_HISTORY: SignedDuration = SignedDuration::from_hours(24 * 365);
/// The port that is listened on unless another is named.
pub const DEFAULT_PORT: u16 = 7077;

/// Everything that can be configured.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The folder of the playbooks.
    pub playbooks: PathBuf,
    /// Where everything is kept.
    pub data: PathBuf,
    /// Where HTTP is answered.
    pub listen: SocketAddr,
    /// JSONL files that are followed as they grow; `-` is standard input.
    pub feeds: Vec<PathBuf>,
    /// Whose time it is.
    pub clock: Clock,
    /// Whether everything is decided and recorded, and nothing sent.
    pub shadow: bool,
    /// What a client has to show before it may write.
    pub token: Option<Secret>,
    /// How mail leaves.
    pub mail: Mail,
    /// Where webhooks go.
    pub webhooks: Webhooks,
    /// What is refused.
    pub limits: Limits,
    /// What is logged, and how.
    pub log: Log,
    /// How changed playbooks are noticed.
    pub watch: Watch,
    /// How much of the history is kept on top of the longest window of the rules; everything where absent.
    pub history: Option<SignedDuration>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            playbooks: "playbooks".into(),
            data: "data".into(),
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), DEFAULT_PORT),
            feeds: vec![],
            clock: Clock::Wall,
            shadow: false,
            token: None,
            mail: Mail::default(),
            webhooks: Webhooks::default(),
            limits: Limits::default(),
            log: Log::default(),
            watch: Watch::default(),
            history: Some(DEFAULT_HISTORY),
        }
    }
}

impl Config {
    /// Says why this must not start: open to the network, and anybody could write.
    pub fn open_to_all(&self) -> Option<String> {
        let open = !self.listen.ip().to_canonical().is_loopback() && self.token.is_none();
        open.then(|| {
            format!(
                "{} can be reached from other machines, and no token protects it: set `token` in touchline.yaml \
                 (`token: {{environment: TOUCHLINE_TOKEN}}`), or listen on 127.0.0.1:{}",
                self.listen,
                self.listen.port()
            )
        })
    }
}

/// Whose time it is (M4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The machine's.
    Wall,
    /// The latest time seen in the feeds.
    Feed,
}

impl Clock {
    /// Every clock with its word.
    pub const WORDS: [(&'static str, Clock); 2] = [("wall", Clock::Wall), ("feed", Clock::Feed)];
}

/// A text that no message, log or print shows, with the place it came from.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// Where it came from.
    pub from: SecretFrom,
    text: String,
}

/// Where a secret comes from. Never the configuration itself, which people copy and commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretFrom {
    /// A variable of the environment.
    Environment(String),
    /// A file: its content without blanks around it.
    File(PathBuf),
}

impl Secret {
    /// Wraps a text.
    pub fn new(from: SecretFrom, text: impl Into<String>) -> Secret {
        Secret { from, text: text.into() }
    }

    /// Returns the text, for the one who needs it.
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "(secret from {:?})", self.from)
    }
}

/// Asks for secrets outside the file: `Err` says why there is none.
pub type Lookup<'a> = dyn Fn(&SecretFrom) -> Result<String, String> + 'a;

/// Asks the environment of this process, and the disk.
pub fn lookup(from: &SecretFrom) -> Result<String, String> {
    let text = match from {
        SecretFrom::Environment(name) => std::env::var(name).map_err(|error| match error {
            std::env::VarError::NotPresent => format!("the variable `{name}` is not set"),
            std::env::VarError::NotUnicode(_) => format!("the variable `{name}` is not text"),
        })?,
        SecretFrom::File(path) => std::fs::read_to_string(path)
            .map_err(|error| format!("{} cannot be read: {}", path.display(), error.kind()))?,
    };
    match text.trim() {
        "" => Err("it is empty".into()),
        text => Ok(text.to_owned()),
    }
}

/// How mail leaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Mail {
    /// The sender's address.
    pub from: String,
    /// The sender's name; may be empty.
    pub name: String,
    /// Where answers go; to the sender where absent.
    pub reply_to: Option<String>,
    /// The server; without one, mails are written as `.eml` files into `DATA/mail`.
    pub server: Option<MailServer>,
}

impl Default for Mail {
    fn default() -> Mail {
        Mail { from: "touchline@localhost".into(), name: String::new(), reply_to: None, server: None }
    }
}

/// A mail server.
#[derive(Clone, Debug, PartialEq)]
pub struct MailServer {
    /// Its name.
    pub host: String,
    /// Its port; 465 or 587 by `tls` where absent.
    pub port: Option<u16>,
    /// How the way to it is kept private.
    pub tls: Tls,
    /// Who signs in.
    pub login: Option<(String, Secret)>,
}

/// How the way to a mail server is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte.
    Implicit,
    /// By STARTTLS, or not at all.
    Required,
    /// By STARTTLS where it is offered.
    Opportunistic,
    /// In the clear: only on this machine.
    None,
}

impl Tls {
    /// Every way with its word.
    pub const WORDS: [(&'static str, Tls); 4] = [
        ("implicit", Tls::Implicit),
        ("required", Tls::Required),
        ("opportunistic", Tls::Opportunistic),
        ("none", Tls::None),
    ];
}

/// Where webhooks go.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Webhooks {
    /// Networks that may be reached although nobody outside should: `10.1.0.0/16`.
    pub allow: Vec<String>,
    /// By the name that `post to` uses.
    pub endpoints: BTreeMap<String, Endpoint>,
}

/// One endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// Its address.
    pub url: String,
    /// What signs: all of them, so that one can be changed for another without a gap.
    pub secrets: Vec<Secret>,
}

/// What is refused, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest request body, in bytes.
    pub body: usize,
    /// The deepest nesting of brackets in it.
    pub depth: usize,
    /// How many inputs may wait to be written down.
    pub queue: usize,
    /// How many connections are held at once.
    pub connections: usize,
    /// How long the head of a request may take.
    pub header_timeout: Duration,
    /// How long its body may take.
    pub body_timeout: Duration,
    /// How many refused signals are kept.
    pub refused: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            body: 1 << 20,
            depth: 64,
            queue: 8_192,
            connections: 4_096,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            refused: 100_000,
        }
    }
}

/// How changed playbooks are noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// By whom.
    pub mode: Mode,
    /// How often files are looked at, whatever anybody tells.
    pub every: Duration,
    /// How long they must lie still before they are taken.
    pub settle: Duration,
}

impl Default for Watch {
    fn default() -> Watch {
        Watch { mode: Mode::Notify, every: Duration::from_secs(30), settle: Duration::from_millis(300) }
    }
}

/// What is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// For people or for machines.
    pub format: LogFormat,
    /// From what weight on.
    pub level: Level,
}

impl Default for Log {
    fn default() -> Log {
        Log { format: LogFormat::Readable, level: Level::Info }
    }
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Readable,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// Every format with its word.
    pub const WORDS: [(&'static str, LogFormat); 2] = [("readable", LogFormat::Readable), ("json", LogFormat::Json)];
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// What failed.
    Error,
    /// And what should be looked at.
    Warn,
    /// And what happens.
    Info,
    /// And how.
    Debug,
}

impl Level {
    /// Every level with its word.
    pub const WORDS: [(&'static str, Level); 4] =
        [("error", Level::Error), ("warn", Level::Warn), ("info", Level::Info), ("debug", Level::Debug)];
}

/// Returns the word of a choice.
fn word_of<T: PartialEq + Copy>(words: &[(&'static str, T)], value: T) -> &'static str {
    words.iter().find(|(_, other)| *other == value).map_or("", |(word, _)| word)
}
