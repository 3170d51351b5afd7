//! Single values of `touchline.yaml`: choices, numbers in bounds, sizes, lengths of time, addresses, secrets.
//!
//! Every function reports at the value's own place and returns `None` where it could not be used, so that one run
//! tells every problem and a default stands in meanwhile.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;

use crate::daemon::config::{DEFAULT_PORT, Lookup, Secret, SecretFrom};
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{FileNo, Span};
use crate::lang::yaml::node::{Key, Node};
use crate::lang::yaml::read::{self, quoted_list};
use crate::suggest::nearest;
use crate::vocabulary::typed::address_problem;

/// Reads values and collects what is wrong with them.
pub(super) struct Reader<'a> {
    pub file: FileNo,
    /// Paths in the file are meant from its own folder.
    pub folder: &'a Path,
    pub lookup: &'a Lookup<'a>,
    pub problems: Vec<Diagnostic>,
}

impl Reader<'_> {
    pub fn say(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    pub fn keep<T>(&mut self, read: Result<T, Diagnostic>) -> Option<T> {
        read.map_err(|problem| self.say(problem)).ok()
    }

    /// Returns the entries of a mapping whose keys are all known.
    pub fn section<'n>(&mut self, node: &'n Node, what: &str, known: &[&str]) -> Vec<&'n (Key, Node)> {
        let Some(entries) = self.keep(read::expect_map(node, what)) else { return vec![] };
        let (good, bad): (Vec<_>, Vec<_>) = entries.iter().partition(|(key, _)| known.contains(&key.text.as_str()));
        bad.iter().for_each(|(key, _)| self.say(read::unknown_key(key, known)));
        good
    }

    pub fn text(&mut self, node: &Node, what: &str) -> Option<String> {
        self.keep(read::expect_text(node, what)).map(str::to_owned)
    }

    pub fn path(&mut self, node: &Node, what: &str) -> Option<PathBuf> {
        let text = self.text(node, what)?;
        Some(if text == "-" { text.into() } else { self.folder.join(text) })
    }

    pub fn choice<T: Copy>(&mut self, node: &Node, what: &str, words: &[(&'static str, T)]) -> Option<T> {
        let text = self.text(node, what)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let problem = Diagnostic::error(codes::CONFIG_CHOICE, node.span, format!("`{what}` cannot be `{text}`"));
        self.say(match nearest(&text, known.iter().copied()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help(format!("write one of {}", quoted_list(&known))),
        });
        None
    }

    pub fn yes_no(&mut self, node: &Node, what: &str) -> Option<bool> {
        self.choice(node, what, &[("yes", true), ("no", false), ("true", true), ("false", false)])
    }

    pub fn number(&mut self, node: &Node, what: &str, bounds: RangeInclusive<u64>) -> Option<u64> {
        let text = self.text(node, what)?;
        let plain: String = text.chars().filter(|letter| *letter != '_').collect();
        match plain.parse::<u64>() {
            Ok(number) if bounds.contains(&number) => Some(number),
            Ok(_) => self.out_of_bounds(node, what, &text, &bounds.start().to_string(), &bounds.end().to_string()),
            Err(_) => {
                let message = format!("`{text}` is not a whole number");
                self.say(
                    Diagnostic::error(codes::CONFIG_NUMBER, node.span, message)
                        .help(format!("write digits only, such as `{what}: {}`", bounds.end().min(&8192))),
                );
                None
            }
        }
    }

    fn out_of_bounds<T>(&mut self, node: &Node, what: &str, text: &str, least: &str, most: &str) -> Option<T> {
        let message = format!("`{what}` cannot be {text}");
        self.say(
            Diagnostic::error(codes::CONFIG_NUMBER, node.span, message)
                .help(format!("write a value from {least} to {most}")),
        );
        None
    }

    /// Reads `1 MB`, `512 kB`.
    pub fn size(&mut self, node: &Node, what: &str, most: usize) -> Option<usize> {
        let text = self.text(node, what)?;
        let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        let unit = match text[digits..].trim().to_ascii_lowercase().as_str() {
            "kb" => Some(1 << 10),
            "mb" => Some(1 << 20),
            _ => None,
        };
        let (Some(unit), Ok(count)) = (unit, text[..digits].parse::<usize>()) else {
            let message = format!("`{text}` is not a size");
            self.say(
                Diagnostic::error(codes::CONFIG_NUMBER, node.span, message)
                    .help("write a number and `kB` or `MB`, such as `1 MB`"),
            );
            return None;
        };
        match count.checked_mul(unit).filter(|bytes| (1 << 10..=most).contains(bytes)) {
            Some(bytes) => Some(bytes),
            None => self.out_of_bounds(node, what, &text, "1 kB", &format!("{} MB", most >> 20)),
        }
    }

    /// Reads `10 seconds`, `30 days`.
    pub fn length(&mut self, node: &Node, what: &str, least: i64, most: i64) -> Option<SignedDuration> {
        const UNITS: [(&str, i64); 4] = [("seconds", 1), ("minutes", 60), ("hours", 3_600), ("days", 86_400)];
        let text = self.text(node, what)?;
        let words: Vec<&str> = text.split_whitespace().collect();
        let unit_of = |word: &str| {
            UNITS.iter().find(|(unit, _)| *unit == word || unit.strip_suffix('s') == Some(word)).map(|unit| unit.1)
        };
        let help = match words[..] {
            [count, unit] => match (count.parse::<i64>(), unit_of(unit)) {
                (Ok(count), Some(seconds)) => {
                    return match count.checked_mul(seconds).filter(|all| (least..=most).contains(all)) {
                        Some(seconds) => Some(SignedDuration::from_secs(seconds)),
                        None => self.out_of_bounds(node, what, &text, &plain_length(least), &plain_length(most)),
                    };
                }
                (Ok(_), None) => match nearest(unit, UNITS.into_iter().map(|(unit, _)| unit)) {
                    Some(near) => format!("did you mean `{count} {near}`?"),
                    None => "write a number and a unit: seconds, minutes, hours, days".to_owned(),
                },
                _ => "write a number and a unit, such as `10 seconds`".to_owned(),
            },
            [count] if count.parse::<i64>().is_ok() => format!("say the unit: `{count} seconds`, `{count} days`"),
            _ => "write a number and a unit, such as `10 seconds`".to_owned(),
        };
        let message = format!("`{text}` is not a length of time");
        self.say(Diagnostic::error(codes::CONFIG_NUMBER, node.span, message).help(help));
        None
    }

    /// Reads `127.0.0.1:7077`, `7077`, `localhost:7077`.
    pub fn listen(&mut self, node: &Node) -> Option<SocketAddr> {
        let text = self.text(node, "listen")?;
        listen_address(&text)
            .map_err(|help| {
                let message = format!("`{text}` is not an address to listen on");
                self.say(Diagnostic::error(codes::CONFIG_ADDRESS, node.span, message).help(help));
            })
            .ok()
    }

    pub fn mail_address(&mut self, node: &Node, what: &str) -> Option<String> {
        let text = self.text(node, what)?;
        let Some(problem) = address_problem(&text) else { return Some(text) };
        let message = format!("`{text}` is not an address that mail can go to: {problem}");
        self.say(
            Diagnostic::error(codes::CONFIG_ADDRESS, node.span, message)
                .help("write the bare address, such as `care@example.test`; a name goes under `name`"),
        );
        None
    }

    /// Reads `{environment: NAME}` or `{file: PATH}`, and asks for what is there.
    pub fn secret(&mut self, node: &Node, what: &str) -> Option<Secret> {
        let how = format!("write `{what}: {{environment: NAME}}` or `{what}: {{file: PATH}}`");
        if node.scalar().is_some() {
            let message = format!("`{what}` stands in the file, where everybody who copies it can read it");
            self.say(Diagnostic::error(codes::CONFIG_SECRET, node.span, message).help(how));
            return None;
        }
        let entries = self.section(node, what, &["environment", "file"]);
        let [(key, value)] = entries[..] else {
            if !entries.is_empty() || node.map().is_some_and(<[_]>::is_empty) {
                let message = format!("`{what}` has to come from one place");
                self.say(Diagnostic::error(codes::YAML_SHAPE, node.span, message).help(how));
            }
            return None;
        };
        let from = match key.text.as_str() {
            "environment" => SecretFrom::Environment(self.text(value, "environment")?),
            _ => SecretFrom::File(self.path(value, "file")?),
        };
        match (self.lookup)(&from) {
            Ok(text) => Some(Secret::new(from, text)),
            Err(why) => {
                let help = match &from {
                    SecretFrom::Environment(name) => format!("set it before the start: `export {name}=…`"),
                    SecretFrom::File(_) => "write the secret into this file, readable by touchline alone".to_owned(),
                };
                let message = format!("there is no secret for `{what}`: {why}");
                self.say(Diagnostic::error(codes::CONFIG_SECRET, value.span, message).help(help));
                None
            }
        }
    }

    /// Returns the first line, for what is missing as a whole.
    pub fn top(&self) -> Span {
        Span::new(self.file, 0, 0)
    }
}

/// Reads an address to listen on; `Err` says what to write.
pub fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(address);
    }
    if let Ok(port) = text.trim_start_matches(':').parse::<u16>() {
        return Ok(SocketAddr::new(loopback, port));
    }
    if let Ok(ip) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        return Ok(SocketAddr::new(ip, DEFAULT_PORT));
    }
    match text.split_once(':') {
        Some(("localhost", port)) if port.parse::<u16>().is_ok() => {
            Ok(SocketAddr::new(loopback, port.parse().unwrap_or(DEFAULT_PORT)))
        }
        _ if text == "localhost" => Ok(SocketAddr::new(loopback, DEFAULT_PORT)),
        _ => Err(format!(
            "write an IP address and a port, such as `127.0.0.1:{DEFAULT_PORT}` or `0.0.0.0:{DEFAULT_PORT}`"
        )),
    }
}

/// Prints seconds in the largest unit that leaves no rest.
pub(super) fn plain_length(seconds: i64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (size, unit) = units.into_iter().find(|(size, _)| seconds % size == 0).unwrap_or((1, "second"));
    let count = seconds / size;
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}
