//! `touchline explain`: the page of a message.

use std::io::Write;

use anyhow::bail;
use clap::Args;

use crate::lang::codes::ALL;
use crate::lang::pages::{area, page};
use crate::suggest::nearest;

use super::ExitCode;
use super::screen::{BOLD, DIM, Screen};

/// Says what a message means: a text that gets it, and what to type instead.
///
/// Every message has a code, such as `P010` in `error[P010]`. Without one, all codes are listed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline explain P010
  touchline explain            every code in a line

Exit codes: 0 done, 2 there is no such code.")]
pub struct Explain {
    /// The code of the message
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

impl Explain {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let out = &mut screen.out;
        let Some(asked) = &self.code else {
            let mut last = "";
            for (code, meaning) in ALL {
                if area(code) != last {
                    last = area(code);
                    writeln!(out, "{BOLD}{last}{BOLD:#}")?;
                }
                writeln!(out, "  {code}  {meaning}")?;
            }
            return Ok(ExitCode::Clean);
        };
        let Some(page) = page(asked) else {
            let asked = asked.to_uppercase();
            match nearest(&asked, ALL.iter().map(|(code, _)| *code)) {
                Some(near) => bail!("no message has the code {asked}: did you mean {near}?"),
                None => bail!("no message has the code {asked}: `touchline explain` lists all"),
            }
        };
        writeln!(out, "{BOLD}{}{BOLD:#}  {}  {DIM}({}){DIM:#}", page.code, page.meaning, area(page.code))?;
        if !page.example.is_empty() {
            writeln!(out, "\nFor example:\n")?;
            for line in page.example.lines() {
                writeln!(out, "{}", format!("  {line}").trim_end())?;
            }
        }
        Ok(ExitCode::Clean)
    }
}
