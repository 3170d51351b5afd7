//! `touchline dead`: messages that will not go by themselves, to be looked at and sent again.

use std::io::Write;

use clap::{Args, Subcommand};
use serde_json::Value as Json;

use super::ExitCode;
use super::client::{Server, coded};
use super::screen::{BOLD, DIM, Screen, counted};

/// Lists messages that will not go by themselves, shows one, sends one again
///
/// A message is a dead letter when it was refused for good, or could not be sent for as long as it is tried. One that is
/// damaged on disk is listed too: nobody knows whether it went, so a person sends it, or drops it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline dead list
  touchline dead show 0f3a6c1d9b2e4f708192a3b4c5d6e7f8.0
  touchline dead send 0f3a6c1d9b2e4f708192a3b4c5d6e7f8.0
  touchline dead send --all
  touchline dead drop 0f3a6c1d9b2e4f708192a3b4c5d6e7f8.0

Exit codes: 0 done, 2 could not run.")]
pub struct Dead {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists them, one a line: id, time, how often it was tried, to whom, why it failed
    List,
    /// Shows one
    Show {
        /// Its id
        id: String,
    },
    /// Sends one again, or all of them
    Send {
        /// Its id
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<String>,
        /// All of them, but none that is damaged
        #[arg(long)]
        all: bool,
    },
    /// Gives up one that is damaged
    Drop {
        /// Its id
        id: String,
    },
}

impl Dead {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let server = &self.server;
        match self.verb {
            Verb::List => {
                let mut told = 0_u64;
                each(server, "damaged", |row| {
                    told += 1;
                    writeln!(screen.out, "{}  {}", text(row, "id"), text(row, "why"))?;
                    Ok(())
                })?;
                each(server, "dead", |row| {
                    told += 1;
                    let (id, at) = (text(row, "id"), text(row, "at"));
                    let times = counted(row["attempts"].as_u64().unwrap_or(0), "try", "tries");
                    writeln!(screen.out, "{id}  {at}  {times}  {}  {}", to(row), text(row, "why"))?;
                    Ok(())
                })?;
                if told == 0 {
                    writeln!(screen.err, "{DIM}no dead letters{DIM:#}")?;
                }
            }
            Verb::Show { id } => {
                let row = server.ask("GET", &format!("/v1/outbox/{}", coded(&id)), None)?.good()?;
                writeln!(screen.out, "{BOLD}{id}{BOLD:#}  {}", text(&row, "state"))?;
                if row["what"].is_null() {
                    writeln!(screen.out, "{}", text(&row, "why"))?;
                    return Ok(ExitCode::Clean);
                }
                writeln!(screen.out, "{} to {}, decided {}", text(&row, "what"), to(&row), text(&row, "at"))?;
                if let (Some(playbook), Some(rule)) = (row["playbook"].as_str(), row["rule"].as_str()) {
                    writeln!(screen.out, "by {playbook}/{rule}")?;
                }
                if row["state"] == "damaged" {
                    writeln!(screen.out, "{}", text(&row, "why"))?;
                    return Ok(ExitCode::Clean);
                }
                let times = counted(row["attempts"].as_u64().unwrap_or(0), "try", "tries");
                let why = Some(text(&row, "why")).filter(|why| !why.is_empty());
                writeln!(screen.out, "{times}{}", why.map(|why| format!(": {why}")).unwrap_or_default())?;
            }
            Verb::Send { id: Some(id), .. } => {
                send(server, &id)?;
                writeln!(screen.out, "{id} waits to be sent again")?;
            }
            Verb::Send { id: None, .. } => {
                // Listed first: what fails again meanwhile is not sent a third time.
                let mut ids = vec![];
                each(server, "dead", |row| {
                    ids.push(text(row, "id"));
                    Ok(())
                })?;
                for id in &ids {
                    send(server, id)?;
                }
                let letters = counted(ids.len() as u64, "message waits", "messages wait");
                writeln!(screen.out, "{letters} to be sent again")?;
            }
            Verb::Drop { id } => {
                server.ask("DELETE", &format!("/v1/outbox/{}", coded(&id)), None)?.good()?;
                writeln!(screen.out, "{id} is given up")?;
            }
        }
        Ok(ExitCode::Clean)
    }
}

fn send(server: &Server, id: &str) -> anyhow::Result<()> {
    server
        .ask("POST", &format!("/v1/outbox/{}/send", coded(id)), Some(&Json::Object(serde_json::Map::new())))?
        .good()?;
    Ok(())
}

fn each(server: &Server, state: &str, mut see: impl FnMut(&Json) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut after = String::new();
    loop {
        let said = server.ask("GET", &format!("/v1/outbox?state={state}&limit=500{after}"), None)?.good()?;
        for row in said["outbox"].as_array().into_iter().flatten() {
            see(row)?;
        }
        match said["next"].as_str() {
            Some(next) => after = format!("&after={}", coded(next)),
            None => return Ok(()),
        }
    }
}

fn text(row: &Json, name: &str) -> String {
    row[name].as_str().unwrap_or("").to_owned()
}

fn to(row: &Json) -> String {
    Some(text(row, "to")).filter(|to| !to.is_empty()).unwrap_or_else(|| "nobody known".to_owned())
}
