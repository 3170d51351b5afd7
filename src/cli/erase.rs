//! `touchline erase`: a customer, or any other thing, becomes an alias everywhere in the data folder.

use std::io::Write;
use std::thread;
use std::time::Duration;

use clap::Args;

use super::ExitCode;
use super::client::{Server, coded};
use super::screen::{BOLD, Screen, WARN};

/// How often it is asked how far it has come.
const EVERY: Duration = Duration::from_millis(200);
/// How often at most: after that it goes on by itself.
const TIMES: u32 = 150;

/// Erases a customer, or another thing: its id becomes an alias that nobody can trace back, and what is personal is blanked
///
/// Times, kinds and scores stay, so no window, limit or open case moves. Mails to it that have not gone are withdrawn;
/// alerts to staff go their way without its name. Everything in the data folder is rewritten: journal, outbox, refused
/// signals, checkpoints, views. Not reached are backups, mails written as files, feeds, and the files of your playbooks and
/// directory with the copies that each rule set keeps of them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline erase customer C123
  touchline erase customer C123 --server 127.0.0.1:8080

Exit codes: 0 erased, or under way where it takes longer than half a minute; 2 could not run or refused.")]
pub struct Erase {
    /// The kind of thing, such as customer
    thing: String,
    /// Its id
    id: String,
    #[command(flatten)]
    server: Server,
}

impl Erase {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let path = format!("/v1/things/{}/{}", coded(&self.thing), coded(&self.id));
        let position = self.server.ask("DELETE", &path, None)?.good()?["position"].as_u64().unwrap_or(0);
        let how = format!("/v1/erasures?limit=1&after={}", position.saturating_sub(1));
        for _ in 0..TIMES {
            let said = self.server.ask("GET", &how, None)?.good()?;
            if said["erasures"][0]["stage"] == "done" {
                writeln!(screen.out, "{BOLD}erased{BOLD:#}, at position {position} of the journal")?;
                return Ok(ExitCode::Clean);
            }
            thread::sleep(EVERY);
        }
        let say = format!(
            "it is decided, at position {position}, and the data folder is still being rewritten: see /v1/erasures"
        );
        screen.say(&say, WARN)?;
        Ok(ExitCode::Clean)
    }
}
