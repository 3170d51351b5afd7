//! `touchline status`: the running daemon at a glance.

use std::io::Write;

use clap::Args;
use serde_json::Value as Json;

use super::ExitCode;
use super::client::Server;
use super::screen::{BAD, BOLD, Screen, thousands};

/// Says at a glance how the running daemon is
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline status
  touchline status --server 127.0.0.1:8080 --json

Exit codes: 0 it runs, 2 nobody answers.")]
pub struct Status {
    /// Print what the daemon says, for machines
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

impl Status {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let said = self.server.ask("GET", "/v1/status", None)?.good()?;
        if self.json {
            writeln!(screen.out, "{said}")?;
            return Ok(ExitCode::Clean);
        }
        let number = |place: &Json| thousands(place.as_u64().unwrap_or(0));
        let text = |place: &Json| place.as_str().unwrap_or("").to_owned();
        let out = &mut screen.out;
        let shadow = if said["shadow"] == true { ", in shadow: nothing is sent" } else { "" };
        writeln!(out, "{BOLD}{}{BOLD:#} since {}{shadow}", text(&said["state"]), text(&said["started"]))?;
        for what in said["ailing"].as_array().into_iter().flatten() {
            writeln!(out, "{BAD}          {}{BAD:#}", text(what))?;
        }
        writeln!(out, "rules     {} of {}", number(&said["rules"]), text(&said["vocabulary"]))?;
        let reloads = &said["reloads"];
        if reloads["in_step"] == false {
            let (since, kept) = (text(&reloads["out_of_step_since"]), number(&reloads["kept_back"]));
            writeln!(
                out,
                "{BAD}          not what is on disk since {since}, {kept} kept back: see /v1/reloads{BAD:#}"
            )?;
        }
        let (journal, signals) = (&said["journal"], &said["signals"]);
        let size = journal["bytes"].as_u64().unwrap_or(0).div_ceil(1 << 20);
        writeln!(
            out,
            "journal   {} inputs, {} behind, {} waiting, {size} MB",
            number(&journal["last"]),
            number(&journal["behind"]),
            number(&journal["queue"])
        )?;
        writeln!(out, "signals   {} accepted, {} refused", number(&signals["accepted"]), number(&signals["refused"]))?;
        for feed in said["feeds"]["unreadable"].as_array().into_iter().flatten() {
            let (name, since, why) = (text(&feed["feed"]), text(&feed["since"]), text(&feed["why"]));
            writeln!(out, "{BAD}feed      {name} cannot be read since {since}: {why}{BAD:#}")?;
        }
        if said["feeds"]["gaps"].as_u64().unwrap_or(0) != 0 {
            let gaps = number(&said["feeds"]["gaps"]);
            writeln!(
                out,
                "{BAD}feeds     lines may be missing: {gaps} files were not found any more{BAD:#}, see the log"
            )?;
        }
        writeln!(out, "firings   {}", number(&said["firings"]))?;
        if said["silenced"] != 0 {
            writeln!(out, "          {} actions silenced, not sent", number(&said["silenced"]))?;
        }
        writeln!(out, "cases     {} open", number(&said["cases"]["open"]))?;
        let outbox = &said["outbox"];
        let oldest = number(&outbox["oldest_seconds"]);
        writeln!(out, "outbox    {} waiting, the oldest for {oldest} s", number(&outbox["waiting"]))?;
        if outbox["dead"] != 0 {
            writeln!(out, "{BAD}          {} dead letters{BAD:#}: `touchline dead list`", number(&outbox["dead"]))?;
        }
        if said["refused"]["kept"] != 0 {
            writeln!(out, "refused   {} kept: `touchline refused list`", number(&said["refused"]["kept"]))?;
        }
        for name in said["endpoints"]["gone"].as_array().into_iter().flatten() {
            let name = text(name);
            writeln!(out, "{BAD}endpoint  {name} is gone (410) and switched off{BAD:#}: `touchline enable {name}`")?;
        }
        if said["erasures"]["open"].as_u64().unwrap_or(0) != 0 {
            writeln!(out, "erasures  {} under way", number(&said["erasures"]["open"]))?;
        }
        Ok(ExitCode::Clean)
    }
}
