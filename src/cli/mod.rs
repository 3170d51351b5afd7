//! The `touchline` command: one file a verb. Only this module prints, reads files and chooses exit codes.
//!
//! Read [`Command`] for what can be asked and [`ExitCode`] for what the shell hears back. `files` finds and reads
//! the files of a run, `load` compiles them, `screen` knows width and colour. Left out: every decision; those are
//! made in the pure half.

mod after;
mod backtest;
#[cfg(feature = "daemon")]
mod backup;
mod check;
#[cfg(feature = "daemon")]
mod client;
mod convert;
mod cores;
mod covered;
#[cfg(feature = "daemon")]
mod dead;
#[cfg(feature = "daemon")]
mod demo;
mod diff;
#[cfg(feature = "daemon")]
mod erase;
mod explain;
mod feed;
mod files;
mod fmt;
#[cfg(feature = "daemon")]
mod import;
mod jsonl;
mod load;
mod marks;
mod new;
#[cfg(feature = "daemon")]
mod people;
#[cfg(feature = "daemon")]
mod plan;
#[cfg(feature = "daemon")]
mod refused;
mod replay;
mod screen;
#[cfg(feature = "daemon")]
mod serve;
#[cfg(feature = "daemon")]
mod shipped;
mod side;
#[cfg(feature = "daemon")]
mod status;
#[cfg(feature = "daemon")]
mod store;
mod story;
mod test;
mod why;

use std::io;

use clap::{Parser, Subcommand};

use screen::Screen;

/// What the shell hears: the same three numbers for every verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// Nothing to complain about.
    Clean = 0,
    /// The files were read, and something in them is wrong.
    Problems = 1,
    /// The command could not do its work: a file that is not there, an option that does not exist.
    CouldNotRun = 2,
}

/// Declarative customer-experience playbooks: check them, replay feedback through them, ask why.
#[derive(Debug, Parser)]
#[command(name = "touchline", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "\
Start here:
  touchline new my
  touchline check playbooks/retail
  touchline replay --playbooks playbooks/retail --feed feed.jsonl
  touchline why --playbooks playbooks/retail --feed feed.jsonl --rule repeat_complaint --signal c-17

Exit codes: 0 clean, 1 problems found, 2 could not run.
Colour follows the terminal; NO_COLOR=1 turns it off.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// The verbs. What each says of itself in help stands with its arguments.
#[derive(Debug, Subcommand)]
enum Command {
    New(new::New),
    Check(check::Check),
    Replay(replay::Replay),
    Why(why::Why),
    Test(test::Test),
    Diff(diff::Diff),
    Backtest(backtest::Backtest),
    Fmt(fmt::Fmt),
    Convert(convert::Convert),
    Explain(explain::Explain),
    #[cfg(feature = "daemon")]
    Serve(serve::Serve),
    #[cfg(feature = "daemon")]
    Status(status::Status),
    #[cfg(feature = "daemon")]
    Plan(plan::Plan),
    #[cfg(feature = "daemon")]
    Versions(plan::Versions),
    #[cfg(feature = "daemon")]
    Refused(refused::Refused),
    #[cfg(feature = "daemon")]
    Import(import::Import),
    #[cfg(feature = "daemon")]
    Dead(dead::Dead),
    #[cfg(feature = "daemon")]
    Backup(backup::Backup),
    #[cfg(feature = "daemon")]
    Acknowledge(people::Acknowledge),
    #[cfg(feature = "daemon")]
    Close(people::Close),
    #[cfg(feature = "daemon")]
    Reopen(people::Reopen),
    #[cfg(feature = "daemon")]
    Assign(people::Assign),
    #[cfg(feature = "daemon")]
    Comment(people::Comment),
    #[cfg(feature = "daemon")]
    Contact(people::Contact),
    #[cfg(feature = "daemon")]
    Enable(people::Enable),
    #[cfg(feature = "daemon")]
    Erase(erase::Erase),
}

/// What a shell gives for a program that a closed pipe has stopped: 128 and the number of SIGPIPE.
const CLOSED_PIPE: u8 = 141;

/// Runs the command line of this process.
pub fn main() -> std::process::ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // clap's own exit code for a wrong option is 2, and 0 for `--help`: the same as ours.
        Err(error) => error.exit(),
    };
    let mut screen = Screen::of_terminal();
    let done = run(arguments.command, &mut screen).and_then(|code| {
        screen.flush()?;
        Ok(code)
    });
    let code = match done {
        Ok(code) => code,
        // Whoever reads us has closed the pipe (`| head`): they have what they wanted. What was not said may have been a
        // problem, so it ends as a program does that the closed pipe has stopped.
        Err(error) if is_broken_pipe(&error) => return std::process::ExitCode::from(CLOSED_PIPE),
        Err(error) => {
            screen.complain(&error);
            ExitCode::CouldNotRun
        }
    };
    std::process::ExitCode::from(code as u8)
}

fn run(command: Command, screen: &mut Screen) -> anyhow::Result<ExitCode> {
    match command {
        Command::New(new) => new.run(screen),
        Command::Check(check) => check.run(screen),
        Command::Replay(replay) => replay.run(screen),
        Command::Why(why) => why.run(screen),
        Command::Test(test) => test.run(screen),
        Command::Diff(diff) => diff.run(screen),
        Command::Backtest(backtest) => backtest.run(screen),
        Command::Fmt(fmt) => fmt.run(screen),
        Command::Convert(convert) => convert.run(screen),
        Command::Explain(explain) => explain.run(screen),
        #[cfg(feature = "daemon")]
        Command::Serve(serve) => serve.run(screen),
        #[cfg(feature = "daemon")]
        Command::Status(status) => status.run(screen),
        #[cfg(feature = "daemon")]
        Command::Plan(plan) => plan.run(screen),
        #[cfg(feature = "daemon")]
        Command::Versions(versions) => versions.run(screen),
        #[cfg(feature = "daemon")]
        Command::Refused(refused) => refused.run(screen),
        #[cfg(feature = "daemon")]
        Command::Import(import) => import.run(screen),
        #[cfg(feature = "daemon")]
        Command::Dead(dead) => dead.run(screen),
        #[cfg(feature = "daemon")]
        Command::Backup(backup) => backup.run(screen),
        #[cfg(feature = "daemon")]
        Command::Acknowledge(acknowledge) => acknowledge.run(screen),
        #[cfg(feature = "daemon")]
        Command::Close(close) => close.run(screen),
        #[cfg(feature = "daemon")]
        Command::Reopen(reopen) => reopen.run(screen),
        #[cfg(feature = "daemon")]
        Command::Assign(assign) => assign.run(screen),
        #[cfg(feature = "daemon")]
        Command::Comment(comment) => comment.run(screen),
        #[cfg(feature = "daemon")]
        Command::Contact(contact) => contact.run(screen),
        #[cfg(feature = "daemon")]
        Command::Enable(enable) => enable.run(screen),
        #[cfg(feature = "daemon")]
        Command::Erase(erase) => erase.run(screen),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|e| e.kind() == io::ErrorKind::BrokenPipe)
}
