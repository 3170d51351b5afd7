//! The effective configuration as a file that could be read again, secrets shown only by where they come from.

use std::fmt::Write;
use std::path::Path;

use crate::daemon::config::values::plain_length;
use crate::daemon::config::{Clock, Config, Level, Limits, LogFormat, Secret, SecretFrom, Tls, word_of};
use crate::daemon::reload::watch::Mode;
use crate::lang::yaml::plain::to_plain;

/// Returns the configuration as YAML.
pub fn print(config: &Config) -> String {
    let mut out = String::new();
    // Writing into a text cannot fail.
    let _ = write(config, &mut out);
    out
}

fn write(config: &Config, out: &mut String) -> std::fmt::Result {
    writeln!(out, "playbooks: {}", path(&config.playbooks))?;
    writeln!(out, "data: {}", path(&config.data))?;
    writeln!(out, "listen: {}", to_plain(&config.listen.to_string()))?;
    let feeds: Vec<String> = config.feeds.iter().map(|feed| path(feed)).collect();
    writeln!(out, "feeds: [{}]", feeds.join(", "))?;
    writeln!(out, "clock: {}", word_of(&Clock::WORDS, config.clock))?;
    writeln!(out, "shadow: {}", if config.shadow { "yes" } else { "no" })?;
    match &config.token {
        Some(token) => writeln!(out, "token: {}", secret(token))?,
        None => writeln!(out, "# token: none; only this machine may write")?,
    }
    write_mail(config, out)?;
    write_webhooks(config, out)?;
    write_limits(&config.limits, out)?;
    let (format, level) = (word_of(&LogFormat::WORDS, config.log.format), word_of(&Level::WORDS, config.log.level));
    writeln!(out, "log: {{format: {format}, level: {level}}}")?;
    let (mode, every) = (word_of(&Mode::WORDS, config.watch.mode), plain_length(config.watch.every.as_secs() as i64));
    writeln!(out, "watch: {{mode: {mode}, every: {every}}}")?;
    let history = config.history.map_or("all".to_owned(), |history| plain_length(history.as_secs()));
    writeln!(out, "keep: {{history: {history}}}")
}

fn write_mail(config: &Config, out: &mut String) -> std::fmt::Result {
    let mail = &config.mail;
    writeln!(out, "mail:\n  from: {}", to_plain(&mail.from))?;
    if !mail.name.is_empty() {
        writeln!(out, "  name: {}", to_plain(&mail.name))?;
    }
    if let Some(reply_to) = &mail.reply_to {
        writeln!(out, "  reply_to: {}", to_plain(reply_to))?;
    }
    let Some(server) = &mail.server else {
        return writeln!(out, "  # server: none; mails are written as files into {}/mail", path(&config.data));
    };
    writeln!(out, "  server:\n    host: {}", to_plain(&server.host))?;
    if let Some(port) = server.port {
        writeln!(out, "    port: {port}")?;
    }
    writeln!(out, "    tls: {}", word_of(&Tls::WORDS, server.tls))?;
    match &server.login {
        Some((user, password)) => writeln!(out, "    user: {}\n    password: {}", to_plain(user), secret(password)),
        None => Ok(()),
    }
}

fn write_webhooks(config: &Config, out: &mut String) -> std::fmt::Result {
    let webhooks = &config.webhooks;
    let allow: Vec<String> = webhooks.allow.iter().map(|network| to_plain(network)).collect();
    writeln!(out, "webhooks:\n  allow: [{}]", allow.join(", "))?;
    if webhooks.endpoints.is_empty() {
        return writeln!(out, "  endpoints: {{}}");
    }
    writeln!(out, "  endpoints:")?;
    for (name, endpoint) in &webhooks.endpoints {
        let secrets: Vec<String> = endpoint.secrets.iter().map(secret).collect();
        writeln!(out, "    {}:\n      url: {}", to_plain(name), to_plain(&endpoint.url))?;
        writeln!(out, "      secrets: [{}]", secrets.join(", "))?;
    }
    Ok(())
}

fn write_limits(limits: &Limits, out: &mut String) -> std::fmt::Result {
    let seconds = |length: std::time::Duration| plain_length(length.as_secs() as i64);
    writeln!(out, "limits:\n  body: {} kB", limits.body >> 10)?;
    writeln!(out, "  depth: {}\n  queue: {}\n  connections: {}", limits.depth, limits.queue, limits.connections)?;
    writeln!(out, "  header_timeout: {}", seconds(limits.header_timeout))?;
    writeln!(out, "  body_timeout: {}", seconds(limits.body_timeout))?;
    writeln!(out, "  refused: {}", limits.refused)
}

fn path(path: &Path) -> String {
    to_plain(&path.to_string_lossy().replace('\\', "/"))
}

fn secret(secret: &Secret) -> String {
    match &secret.from {
        SecretFrom::Environment(name) => format!("{{environment: {}}}", to_plain(name)),
        SecretFrom::File(file) => format!("{{file: {}}}", path(file)),
    }
}
