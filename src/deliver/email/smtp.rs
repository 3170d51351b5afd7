//! SMTP, one step at a time, because what a failure means depends on the step.
//!
//! | where it fails | what it means |
//! | --- | --- |
//! | connecting, greeting, TLS, signing in, `MAIL FROM` | nothing to do with the recipient: later, whatever the code |
//! | `RCPT TO`, `DATA`, the answer to the mail: 4xx | later |
//! | the same: 5xx | refused for good |
//! | no answer after the mail was handed over | unknown: it may have arrived, and goes again under the same `Message-ID` |
//!
//! We hold the connections ourselves rather than use lettre's pool: its pool takes a connection back even when a send was
//! given up half-way (a timeout), and the next mail would then read answers meant for the one before.

use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Noop, Quit, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::response::Response;
use lettre::transport::smtp::{Error, SUBMISSION_PORT, SUBMISSIONS_PORT};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::Composed;
use crate::deliver::{Secret, Tried};

/// How many idle connections are kept.
const IDLE: usize = 4;
/// How many mails one connection carries: many servers stop at a hundred.
const MAILS_A_CONNECTION: u32 = 90;

/// How the way to the server is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// From the first byte.
    Implicit,
    /// By `STARTTLS`, or not at all.
    Required,
    /// By `STARTTLS` where the server offers it. Never signs in without.
    Opportunistic,
    /// In the clear: only to this machine.
    None,
}

/// A user at the server.
#[derive(Clone, Debug)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// A mail server.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its name or address.
    pub host: String,
    /// Its port; 465 or 587 by the mode where absent.
    pub port: Option<u16>,
    /// How the way is kept private.
    pub tls: TlsMode,
    /// Who signs in.
    pub login: Option<Login>,
    /// Our name in `EHLO`; an address literal where absent.
    pub hello: Option<String>,
    /// A certificate to trust beside those of the machine, as PEM.
    pub trust: Option<Vec<u8>>,
    /// How long connecting, and each answer, may take.
    pub patience: Duration,
    /// How long the answer to the mail itself may take: servers look at it before they answer.
    pub patience_after_data: Duration,
}

impl Server {
    /// Returns a server with the usual patience: half a minute an answer, five minutes for the mail itself.
    pub fn new(host: impl Into<String>, tls: TlsMode) -> Server {
        Server {
            host: host.into(),
            port: None,
            tls,
            login: None,
            hello: None,
            trust: None,
            patience: Duration::from_secs(30),
            patience_after_data: Duration::from_secs(300),
        }
    }

    /// Tells whether it is this machine.
    fn is_local(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    fn port(&self) -> u16 {
        self.port.unwrap_or(if self.tls == TlsMode::Implicit { SUBMISSIONS_PORT } else { SUBMISSION_PORT })
    }
}

/// Why a server cannot be used as configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmtpError {
    /// Mail would cross the network in the clear.
    #[error("`tls: none` is for a server on this machine: use `required` or `opportunistic`")]
    InTheClear,
    /// The name is none.
    #[error("the {0} holds a character that no host name has")]
    NoHost(&'static str),
    /// TLS could not be set up.
    #[error("the certificates could not be read: {0}")]
    Certificates(String),
}

/// A server, and the connections to it that are idle.
pub struct Smtp {
    server: Server,
    hello: ClientId,
    parameters: Option<TlsParameters>,
    login: Option<Credentials>,
    idle: Mutex<Vec<Line>>,
}

/// One connection. Whoever takes it owns it, and gives it back only after an answer that ends a mail: one that was given
/// up half-way is closed by being dropped.
struct Line {
    connection: AsyncSmtpConnection,
    mails: u32,
}

/// A step that did not succeed.
struct Failure {
    tried: Tried,
    /// Whether the server answered properly and the connection can carry the next mail.
    usable: bool,
}

impl Smtp {
    /// Checks a server's configuration; connects to nothing yet.
    pub fn new(server: Server) -> Result<Smtp, SmtpError> {
        if server.tls == TlsMode::None && !server.is_local() {
            return Err(SmtpError::InTheClear);
        }
        let fits = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_graphic());
        if !fits(&server.host) {
            return Err(SmtpError::NoHost("name of the mail server"));
        }
        let hello = match &server.hello {
            Some(name) if !fits(name) => return Err(SmtpError::NoHost("name in `hello`")),
            Some(name) => ClientId::Domain(name.clone()),
            None => ClientId::Ipv4(std::net::Ipv4Addr::LOCALHOST),
        };
        let parameters = match server.tls {
            TlsMode::None => None,
            _ => Some(parameters(&server)?),
        };
        let login = server.login.as_ref();
        let login = login.map(|login| Credentials::new(login.user.clone(), login.password.reveal().to_owned()));
        Ok(Smtp { server, hello, parameters, login, idle: Mutex::new(Vec::new()) })
    }

    /// Carries one mail once.
    pub async fn send(&self, mail: &Composed) -> Tried {
        let mut line = match self.line().await {
            Ok(line) => line,
            Err(tried) => return tried,
        };
        match self.hand_over(&mut line, mail).await {
            Ok(()) => {
                self.keep(line).await;
                Tried::Sent
            }
            Err(failure) => {
                if failure.usable && self.ask(&mut line, Rset).await.is_ok() {
                    self.keep(line).await;
                }
                failure.tried
            }
        }
    }

    /// Says goodbye on every idle connection.
    pub async fn rest(&self) {
        let idle = std::mem::take(&mut *self.idle.lock().await);
        for mut line in idle {
            // Their answer changes nothing; a second is courtesy.
            let _ = timeout(Duration::from_secs(1), line.connection.command(Quit)).await;
        }
    }

    /// Returns an idle connection that still answers, or a new one.
    async fn line(&self) -> Result<Line, Tried> {
        loop {
            let Some(mut line) = self.idle.lock().await.pop() else { break };
            if self.ask(&mut line, Noop).await.is_ok() {
                return Ok(line);
            }
        }
        match timeout(self.server.patience * 3, self.connect()).await {
            Ok(connected) => connected,
            Err(_) => Err(Tried::later("the mail server did not get through its greeting in time")),
        }
    }

    async fn keep(&self, line: Line) {
        let mut idle = self.idle.lock().await;
        if line.mails < MAILS_A_CONNECTION && idle.len() < IDLE {
            idle.push(line);
        }
    }

    async fn connect(&self) -> Result<Line, Tried> {
        let at = (self.server.host.as_str(), self.server.port());
        let implicit = self.parameters.clone().filter(|_| self.server.tls == TlsMode::Implicit);
        let patience = Some(self.server.patience);
        let connecting = AsyncSmtpConnection::connect_tokio1(at, patience, &self.hello, implicit, None);
        let mut connection = connecting.await.map_err(|error| before("the connection to the mail server", &error))?;
        if let Some(parameters) = &self.parameters
            && !connection.is_encrypted()
        {
            if connection.can_starttls() {
                let starting = connection.starttls(parameters.clone(), &self.hello);
                starting.await.map_err(|error| before("TLS with the mail server", &error))?;
            } else if self.server.tls == TlsMode::Required {
                return Err(Tried::later("the mail server does not offer STARTTLS, which is required"));
            }
        }
        if let Some(login) = &self.login {
            if !connection.is_encrypted() && !self.server.is_local() {
                return Err(Tried::later("the mail server does not offer STARTTLS: the password is not sent without"));
            }
            let signing_in = connection.auth(DEFAULT_MECHANISMS, login);
            signing_in.await.map_err(|error| before("signing in at the mail server", &error))?;
        }
        Ok(Line { connection, mails: 0 })
    }

    async fn hand_over(&self, line: &mut Line, mail: &Composed) -> Result<(), Failure> {
        line.mails += 1;
        let envelope = mail.envelope();
        let mut options = Vec::new();
        if !envelope.to().iter().all(|to| AsRef::<str>::as_ref(to).is_ascii()) {
            if !line.connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                let tried = Tried::refused("the mail server takes no addresses beyond ASCII");
                return Err(Failure { tried, usable: true });
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        self.step(line, "the sender", false, Mail::new(envelope.from().cloned(), options)).await?;
        for to in envelope.to() {
            self.step(line, "the recipient", true, Rcpt::new(Address::clone(to), vec![])).await?;
        }
        self.step(line, "the mail", true, Data).await?;
        let answer = timeout(self.server.patience_after_data, line.connection.message(mail.bytes())).await;
        match answer {
            // 354 or another intermediate answer here is an answer to something else.
            Ok(Ok(answer)) if answer.code().to_string().starts_with('2') => Ok(()),
            Ok(Ok(_)) => Err(unknown("the mail server answered out of turn after the mail was handed over")),
            Ok(Err(error)) if error.status().is_some() => Err(answered("the mail", true, &error)),
            Ok(Err(_)) => Err(unknown("the connection broke after the mail was handed over")),
            Err(_) => Err(unknown("the mail server did not answer in time after the mail was handed over")),
        }
    }

    /// One command before the mail itself. `about_this_mail`: a 5xx is meant for this mail and no other.
    async fn step(
        &self,
        line: &mut Line,
        what: &str,
        about_this_mail: bool,
        command: impl std::fmt::Display,
    ) -> Result<(), Failure> {
        match timeout(self.server.patience, line.connection.command(command)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.status().is_some() => Err(answered(what, about_this_mail, &error)),
            Ok(Err(_)) => Err(broken("the connection to the mail server broke")),
            Err(_) => Err(broken("the mail server did not answer in time")),
        }
    }

    async fn ask(&self, line: &mut Line, command: impl std::fmt::Display) -> Result<Response, ()> {
        timeout(self.server.patience, line.connection.command(command)).await.map_err(drop)?.map_err(drop)
    }
}

fn parameters(server: &Server) -> Result<TlsParameters, SmtpError> {
    let failed = |error: Error| SmtpError::Certificates(error.to_string());
    let mut builder = TlsParameters::builder(server.host.clone());
    if let Some(pem) = &server.trust {
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(failed)?);
    }
    builder.build().map_err(failed)
}

/// A failure before the mail was spoken of: an operator's matter, so the mail waits.
fn before(what: &str, error: &Error) -> Tried {
    match error.status() {
        Some(code) => Tried::later(format!("{what} failed ({code})")),
        None if error.is_tls() => Tried::later(format!("{what} failed: the certificate was not accepted, or no TLS")),
        None if error.is_timeout() => Tried::later(format!("{what} failed: no answer in time")),
        None => Tried::later(format!("{what} failed")),
    }
}

/// The server said no in so many words. Its words may hold an address, so only the codes are told.
fn answered(what: &str, about_this_mail: bool, error: &Error) -> Failure {
    let code = error.status().map(|code| code.to_string()).unwrap_or_default();
    let detail = enhanced(&error.to_string()).map(|detail| format!(" {detail}")).unwrap_or_default();
    let reason = format!("the mail server refused {what} ({code}{detail})");
    // Not signed in, or not well enough: nothing the recipient can help.
    let ours = ["530", "535", "538", "421"].contains(&code.as_str());
    let for_good = error.is_permanent() && about_this_mail && !ours;
    let tried = if for_good { Tried::refused(reason) } else { Tried::later(reason) };
    Failure { tried, usable: code != "421" }
}

/// Returns the enhanced status code (RFC 3463) of an answer, such as `5.1.1`.
fn enhanced(text: &str) -> Option<&str> {
    let number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    text.split_whitespace().find(|word| {
        let parts: Vec<&str> = word.split('.').collect();
        parts.len() == 3 && matches!(parts[0], "4" | "5") && parts.iter().all(|part| number(part))
    })
}

fn broken(reason: &str) -> Failure {
    Failure { tried: Tried::later(reason), usable: false }
}

fn unknown(reason: &str) -> Failure {
    Failure { tried: Tried::Unknown { reason: reason.to_owned() }, usable: false }
}
