//! `touchline refused`: signals that were refused, to be looked at, corrected and sent again.

use std::io::Write;

use clap::{Args, Subcommand};
use serde_json::Value as Json;

use super::ExitCode;
use super::client::Server;
use super::screen::{BOLD, DIM, Screen};

/// Lists signals that were refused, shows one, sends one again
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline refused list
  touchline refused show 12
  touchline refused retry 12
  touchline refused retry 12 --with '{\"id\": \"r-7\", \"signal\": \"survey_response\", …}'
  touchline refused forget 12

Exit codes: 0 done, 1 refused again, 2 could not run.")]
pub struct Refused {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists them, oldest first, one a line: number, time, where from, why
    List {
        /// Only those behind this number
        #[arg(long, value_name = "NUMBER", default_value_t = 0)]
        after: u64,
    },
    /// Shows one as it came
    Show {
        /// Its number
        number: u64,
    },
    /// Sends one again: as it came, or corrected
    Retry {
        /// Its number
        number: u64,
        /// The corrected object: a line of a feed, or a CloudEvent in structured mode
        #[arg(long, value_name = "JSON")]
        with: Option<String>,
    },
    /// Forgets one
    Forget {
        /// Its number
        number: u64,
    },
}

impl Refused {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let server = &self.server;
        match self.verb {
            Verb::List { after } => list(server, after, screen),
            Verb::Show { number } => {
                let said = server.ask("GET", &format!("/v1/refused/{number}"), None)?.good()?;
                let text = |name: &str| said[name].as_str().unwrap_or("").to_owned();
                writeln!(screen.out, "{BOLD}{number}{BOLD:#}  {}  {}", text("at"), text("way"))?;
                writeln!(screen.out, "{}\n{}", why(&said), text("line"))?;
                Ok(ExitCode::Clean)
            }
            Verb::Retry { number, with } => {
                let body = match &with {
                    Some(with) => serde_json::from_str(with)
                        .map_err(|error| anyhow::anyhow!("--with is not a JSON object: {error}"))?,
                    None => Json::Object(serde_json::Map::new()),
                };
                let answer = server.ask("POST", &format!("/v1/refused/{number}/retry"), Some(&body))?;
                if answer.status == 422 {
                    writeln!(
                        screen.out,
                        "{number} is refused again: {}",
                        answer.body["detail"].as_str().unwrap_or("")
                    )?;
                    return Ok(ExitCode::Problems);
                }
                answer.good()?;
                writeln!(screen.out, "{number} was taken")?;
                Ok(ExitCode::Clean)
            }
            Verb::Forget { number } => {
                server.ask("DELETE", &format!("/v1/refused/{number}"), None)?.good()?;
                writeln!(screen.out, "{number} is forgotten")?;
                Ok(ExitCode::Clean)
            }
        }
    }
}

fn why(said: &Json) -> String {
    let reason = said["reason"].as_str().unwrap_or("");
    said["field"].as_str().map_or_else(|| reason.to_owned(), |field| format!("`{field}`: {reason}"))
}

fn list(server: &Server, mut after: u64, screen: &mut Screen) -> anyhow::Result<ExitCode> {
    let mut told = 0_u64;
    loop {
        let said = server.ask("GET", &format!("/v1/refused?after={after}&limit=500"), None)?.good()?;
        for entry in said["refused"].as_array().into_iter().flatten() {
            told += 1;
            let text = |name: &str| entry[name].as_str().unwrap_or("").to_owned();
            writeln!(screen.out, "{:>6}  {}  {}  {}", entry["number"], text("at"), text("way"), why(entry))?;
        }
        match said["next"].as_str().and_then(|next| next.parse().ok()) {
            Some(next) => after = next,
            None => {
                if told == 0 {
                    writeln!(screen.err, "{DIM}nothing was refused{DIM:#}")?;
                }
                return Ok(ExitCode::Clean);
            }
        }
    }
}
