//! `touchline.yaml` → [`Config`], with every problem of the file at its place.

use std::path::Path;
use std::time::Duration;

use jiff::SignedDuration;

use crate::daemon::config::values::Reader;
use crate::daemon::config::{
    Clock, Config, Endpoint, Level, Limits, Log, LogFormat, Lookup, Mail, MailServer, Tls, Watch, Webhooks,
};
use crate::daemon::reload::watch::Mode;
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{FileNo, Sources};
use crate::lang::yaml::node::Node;
use crate::lang::yaml::{parse, read};

const KEYS: [&str; 13] = [
    "playbooks",
    "data",
    "listen",
    "feeds",
    "clock",
    "shadow",
    "token",
    "mail",
    "webhooks",
    "limits",
    "log",
    "watch",
    "keep",
];
/// The longest history that can be asked for short of all of it, in seconds.
const CENTURY: i64 = 100 * 365 * 86_400;

/// Reads a configuration. Paths in it are meant from `folder`, that of the file. The configuration is of use only where
/// no problem is an error.
pub fn read(sources: &Sources, file: FileNo, folder: &Path, lookup: &Lookup) -> (Config, Vec<Diagnostic>) {
    let (root, _, mut problems) = parse::parse(sources, file);
    // A file of comments alone says nothing, and everything has a default.
    problems.retain(|problem| problem.code != codes::YAML_EMPTY);
    let mut reader = Reader { file, folder, lookup, problems };
    let mut config = Config::default();
    config.playbooks = folder.join(&config.playbooks);
    config.data = folder.join(&config.data);
    if let Some(root) = root {
        reader.root(&root, &mut config);
    }
    let mut problems = reader.problems;
    problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
    (config, problems)
}

/// Lays `read` over `place`, where there is anything.
fn put<T>(place: &mut T, read: Option<T>) {
    if let Some(value) = read {
        *place = value;
    }
}

fn short(length: jiff::SignedDuration) -> Duration {
    Duration::try_from(length).unwrap_or_default()
}

impl Reader<'_> {
    fn root(&mut self, root: &Node, config: &mut Config) {
        let mut listens = self.top();
        for (key, node) in self.section(root, "the configuration", &KEYS) {
            match key.text.as_str() {
                "playbooks" => put(&mut config.playbooks, self.path(node, "playbooks")),
                "data" => put(&mut config.data, self.path(node, "data")),
                "listen" => {
                    listens = node.span;
                    put(&mut config.listen, self.listen(node));
                }
                "feeds" => {
                    let nodes = read::one_or_list(node);
                    config.feeds = nodes.iter().filter_map(|node| self.path(node, "feeds")).collect();
                }
                "clock" => put(&mut config.clock, self.choice(node, "clock", &Clock::WORDS)),
                "shadow" => put(&mut config.shadow, self.yes_no(node, "shadow")),
                "token" => config.token = self.token(node),
                "mail" => config.mail = self.mail(node),
                "webhooks" => config.webhooks = self.webhooks(node),
                "limits" => config.limits = self.limits(node),
                "log" => config.log = self.log(node),
                "watch" => config.watch = self.watch(node),
                _ => self.history(node, &mut config.history),
            }
        }
        let has_token = root.get("token").is_some();
        if !has_token && config.open_to_all().is_some() {
            let message = format!("{} can be reached from other machines, and no token protects it", config.listen);
            self.say(Diagnostic::error(codes::CONFIG_OPEN, listens, message).help(format!(
                "add `token: {{environment: TOUCHLINE_TOKEN}}`, or write `listen: 127.0.0.1:{}`",
                config.listen.port()
            )));
        }
    }

    fn token(&mut self, node: &Node) -> Option<super::Secret> {
        let token = self.secret(node, "token")?;
        let fits = token.reveal().len() >= 16 && token.reveal().bytes().all(|byte| byte.is_ascii_graphic());
        if !fits {
            let message =
                "the token is shorter than 16 characters, or holds something else than letters, digits and signs";
            self.say(
                Diagnostic::error(codes::CONFIG_SECRET, node.span, message)
                    .help("make one with `openssl rand -hex 32`"),
            );
        }
        fits.then_some(token)
    }

    fn mail(&mut self, node: &Node) -> Mail {
        let mut mail = Mail::default();
        let entries = self.section(node, "mail", &["from", "name", "reply_to", "server"]);
        for (key, node) in &entries {
            match key.text.as_str() {
                "from" => put(&mut mail.from, self.mail_address(node, "from")),
                "name" => put(&mut mail.name, self.text(node, "name")),
                "reply_to" => mail.reply_to = self.mail_address(node, "reply_to"),
                _ => mail.server = self.mail_server(node),
            }
        }
        if node.get("server").is_some() && node.get("from").is_none() {
            self.say(read::missing_key(node.span, "`mail`", "from").help("add `from: …` with the sender's address"));
        }
        mail
    }

    fn mail_server(&mut self, node: &Node) -> Option<MailServer> {
        let (mut host, mut port, mut tls, mut user, mut password) = (None, None, Tls::Required, None, None);
        for (key, node) in self.section(node, "server", &["host", "port", "tls", "user", "password"]) {
            match key.text.as_str() {
                "host" => host = self.text(node, "host"),
                "port" => port = self.number(node, "port", 1..=65_535).map(|port| port as u16),
                "tls" => put(&mut tls, self.choice(node, "tls", &Tls::WORDS)),
                "user" => user = self.text(node, "user"),
                _ => password = self.secret(node, "password"),
            }
        }
        let has = |key: &str| node.get(key).is_some();
        if node.map().is_some() && !has("host") {
            self.say(read::missing_key(node.span, "`server`", "host"));
        }
        if has("user") != has("password") {
            let lacks = if has("user") { "password" } else { "user" };
            let help = match lacks {
                "password" => "add `password: {environment: SMTP_PASSWORD}`",
                _ => "add `user: …`",
            };
            self.say(read::missing_key(node.span, "`server`", lacks).help(help));
        }
        let host = host?;
        let local = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if tls == Tls::None && !local {
            let span = node.get("tls").map_or(node.span, |node| node.span);
            let message = format!("mails and password would cross the network to `{host}` in the clear");
            self.say(
                Diagnostic::error(codes::CONFIG_OPEN, span, message)
                    .help("write `tls: required` or `tls: implicit`; `none` is for a server on this machine"),
            );
        }
        Some(MailServer { host, port, tls, login: user.zip(password) })
    }

    fn webhooks(&mut self, node: &Node) -> Webhooks {
        let mut webhooks = Webhooks::default();
        for (key, node) in self.section(node, "webhooks", &["allow", "endpoints"]) {
            if key.text == "allow" {
                let nodes = read::one_or_list(node);
                webhooks.allow = nodes.iter().filter_map(|node| self.network(node)).collect();
                continue;
            }
            let entries = self.keep(read::expect_map(node, "endpoints")).unwrap_or_default();
            for (name, node) in entries {
                if let Some(endpoint) = self.endpoint(&name.text, node) {
                    webhooks.endpoints.insert(name.text.clone(), endpoint);
                }
            }
        }
        webhooks
    }

    fn network(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node, "allow")?;
        let (base, bits) = text.split_once('/').map_or((text.as_str(), None), |(base, bits)| (base, Some(bits)));
        let fits = base.parse::<std::net::IpAddr>().is_ok_and(|ip| {
            let most = if ip.is_ipv4() { 32 } else { 128 };
            bits.is_none_or(|bits| bits.parse::<u8>().is_ok_and(|bits| bits <= most))
        });
        if !fits {
            self.say(
                Diagnostic::error(codes::CONFIG_ADDRESS, node.span, format!("`{text}` is not a network"))
                    .help("write `10.1.0.0/16`, `fd00::/8` or one address"),
            );
        }
        fits.then_some(text)
    }

    fn endpoint(&mut self, name: &str, node: &Node) -> Option<Endpoint> {
        let (mut url, mut secrets) = (None, vec![]);
        for (key, value) in self.section(node, name, &["url", "secret", "secrets"]) {
            match key.text.as_str() {
                "url" => url = self.url(value),
                "secret" => secrets.extend(self.secret(value, "secret")),
                _ => {
                    let nodes = read::one_or_list(value);
                    secrets.extend(nodes.iter().filter_map(|node| self.secret(node, "secrets")));
                }
            }
        }
        if node.map().is_some() {
            if node.get("url").is_none() {
                self.say(read::missing_key(node.span, &format!("`{name}`"), "url"));
            }
            if node.get("secret").is_none() && node.get("secrets").is_none() {
                self.say(
                    read::missing_key(node.span, &format!("`{name}`"), "secret")
                        .help("add `secret: {environment: NAME}`; its value is `whsec_` and 24 to 64 bytes in base64"),
                );
            }
        }
        Some(Endpoint { url: url?, secrets })
    }

    fn url(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node, "url")?;
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or(""));
        let problem = match host {
            None | Some("") => Some("it is not an address of the web"),
            Some(host) if host.contains('@') => Some("it holds a user or password: the signature says who we are"),
            Some(_) if text.contains(char::is_whitespace) => Some("it holds a blank"),
            Some(_) => None,
        };
        if let Some(problem) = problem {
            self.say(
                Diagnostic::error(
                    codes::CONFIG_ADDRESS,
                    node.span,
                    format!("a webhook cannot go to `{text}`: {problem}"),
                )
                .help("write `https://host/path`"),
            );
            return None;
        }
        Some(text)
    }

    fn limits(&mut self, node: &Node) -> Limits {
        const KEYS: [&str; 7] = ["body", "depth", "queue", "connections", "header_timeout", "body_timeout", "refused"];
        let mut limits = Limits::default();
        for (key, node) in self.section(node, "limits", &KEYS) {
            let name = key.text.as_str();
            match name {
                "body" => put(&mut limits.body, self.size(node, name, 64 << 20)),
                "depth" => put(&mut limits.depth, self.number(node, name, 2..=128).map(|n| n as usize)),
                "queue" => put(&mut limits.queue, self.number(node, name, 1..=8_192).map(|n| n as usize)),
                "connections" => {
                    put(&mut limits.connections, self.number(node, name, 1..=100_000).map(|n| n as usize));
                }
                "header_timeout" => put(&mut limits.header_timeout, self.length(node, name, 1, 600).map(short)),
                "body_timeout" => put(&mut limits.body_timeout, self.length(node, name, 1, 3_600).map(short)),
                _ => put(&mut limits.refused, self.number(node, name, 0..=10_000_000)),
            }
        }
        limits
    }

    fn watch(&mut self, node: &Node) -> Watch {
        let mut watch = Watch::default();
        for (key, node) in self.section(node, "watch", &["mode", "every"]) {
            match key.text.as_str() {
                "mode" => put(&mut watch.mode, self.choice(node, "mode", &Mode::WORDS)),
                _ => put(&mut watch.every, self.length(node, "every", 1, 86_400).map(short)),
            }
        }
        watch
    }

    /// Reads what is kept: a length of time, or `all`.
    fn history(&mut self, node: &Node, history: &mut Option<SignedDuration>) {
        for (_, node) in self.section(node, "keep", &["history"]) {
            if node.text() == Some("all") {
                *history = None;
            } else if let Some(length) = self.length(node, "history", 86_400, CENTURY) {
                *history = Some(length);
            }
        }
    }

    fn log(&mut self, node: &Node) -> Log {
        let mut log = Log::default();
        for (key, node) in self.section(node, "log", &["format", "level"]) {
            match key.text.as_str() {
                "format" => put(&mut log.format, self.choice(node, "format", &LogFormat::WORDS)),
                _ => put(&mut log.level, self.choice(node, "level", &Level::WORDS)),
            }
        }
        log
    }
}
