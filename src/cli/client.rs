//! Talks to the running daemon: one small HTTP/1.1 request over a plain connection.
//!
//! Left out: TLS, redirects, anything a daemon of ours does not answer with. Behind a proxy use its own client.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use serde_json::Value as Json;

/// How long connecting, and each read, may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most that is read of an answer.
const MOST: u64 = 64 << 20;

/// Where the daemon is.
#[derive(Debug, Args)]
pub struct Server {
    /// The running daemon, as host and port [default: `listen` of touchline.yaml, or 127.0.0.1:7077]
    #[arg(long, global = true, value_name = "ADDR")]
    server: Option<String>,
    /// The daemon's configuration, for its address and token [default: touchline.yaml where there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// An answer.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body; null where it is none.
    pub body: Json,
}

impl Answer {
    /// Returns the body where all is well; otherwise says what the daemon said.
    pub fn good(self) -> anyhow::Result<Json> {
        if self.status < 400 {
            return Ok(self.body);
        }
        let detail = self.body["detail"].as_str().map(str::to_owned);
        let detail = detail.unwrap_or_else(|| format!("the daemon answered {}", self.status));
        match self.status {
            401 => bail!("{detail}: set TOUCHLINE_TOKEN, or name the daemon's touchline.yaml with --config"),
            _ => bail!("{detail}"),
        }
    }
}

impl Server {
    fn place(&self) -> anyhow::Result<(String, Option<String>)> {
        let config = super::serve::config_for_client(self.config.as_deref())?;
        let address = match (&self.server, &config) {
            (Some(address), _) => address.trim_start_matches("http://").trim_end_matches('/').to_owned(),
            (None, Some(config)) => reachable(config.listen).to_string(),
            (None, None) => format!("127.0.0.1:{}", crate::daemon::config::DEFAULT_PORT),
        };
        if self.server.as_deref().is_some_and(|server| server.starts_with("https://")) {
            bail!("this client speaks no TLS: use curl, or name the daemon's own address");
        }
        let token = std::env::var("TOUCHLINE_TOKEN").ok().filter(|token| !token.trim().is_empty());
        let token = token.or_else(|| config.and_then(|config| Some(config.token?.reveal().to_owned())));
        Ok((address, token))
    }

    /// Asks, and returns whatever is answered.
    pub fn ask(&self, method: &str, path: &str, body: Option<&Json>) -> anyhow::Result<Answer> {
        let (address, token) = self.place()?;
        let unreachable = || format!("no daemon answers on {address}: is `touchline serve` running there?");
        let addresses = address.to_socket_addrs().with_context(unreachable)?;
        let stream = addresses.into_iter().find_map(|to| TcpStream::connect_timeout(&to, PATIENCE).ok());
        let mut stream = stream.ok_or_else(|| anyhow!(unreachable()))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let body = body.map(Json::to_string).unwrap_or_default();
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
        if let Some(token) = token {
            head.push_str(&format!("Authorization: Bearer {}\r\n", token.trim()));
        }
        if method != "GET" {
            head.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
        }
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).with_context(unreachable)?;
        let mut answer = vec![];
        stream.take(MOST).read_to_end(&mut answer).context("the daemon did not answer")?;
        read(&answer).ok_or_else(|| anyhow!("what answers on {address} is not touchline"))
    }
}

/// Where a daemon that listens everywhere is met on this machine.
fn reachable(listen: std::net::SocketAddr) -> std::net::SocketAddr {
    let mut to = listen;
    if listen.ip().is_unspecified() {
        to.set_ip(match listen.ip().is_ipv4() {
            true => std::net::Ipv4Addr::LOCALHOST.into(),
            false => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    to
}

fn read(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some(Answer { status, body: serde_json::from_slice(&answer[end + 4..]).unwrap_or(Json::Null) })
}

/// Writes a text as part of a path.
pub fn coded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
