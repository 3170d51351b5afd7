//! `touchline serve`: the daemon, and the demonstration of it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::daemon::config::{self, Clock, Config, listen_address};
use crate::daemon::logs;
use crate::daemon::reload::Shelf;
use crate::daemon::serve::{Daemon, Setup, has_run};
use crate::engine::ruleset::RuleSet;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::Sources;

use super::demo::Teller;
use super::load::{complain, load, one_unit};
use super::screen::{BOLD, DIM, Screen};
use super::{ExitCode, files};

/// Takes feedback as it arrives, keeps it, decides, and acts: until Ctrl-C or SIGTERM.
///
/// Asked to end, it takes nothing more, gives what is being sent ten seconds, writes what was taken, and ends; what was being
/// sent and has not come to its end is sent again after the next start. Asked a second time, it ends at once.
///
/// Everything can stand in `touchline.yaml`; options here count more. Without a token only this machine is answered. Mails
/// are written as files into DATA/mail until a mail server is configured.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline serve --demo
  touchline serve --playbooks playbooks/retail --data /var/lib/touchline
  touchline serve --config touchline.yaml
  touchline serve --playbooks playbooks/retail --data data --feed tills.jsonl --feed surveys.jsonl
  touchline serve --config touchline.yaml --print-config
  curl -X POST http://127.0.0.1:7077/v1/signals -H 'Content-Type: application/json' -d '{\"id\": \"r-1\", …}'

Exit codes: 0 ended as asked, 1 the configuration has problems, 2 could not run.")]
pub struct Serve {
    /// The configuration [default: touchline.yaml where there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of the playbooks
    #[arg(long, value_name = "DIR")]
    playbooks: Option<PathBuf>,
    /// Where everything is kept
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where HTTP is answered: `127.0.0.1:7077`; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// A JSONL file to follow as it grows; may stand several times, `-` is standard input
    #[arg(long, value_name = "FILE")]
    feed: Vec<PathBuf>,
    /// Whose time it is
    #[arg(long, value_enum)]
    clock: Option<ClockWord>,
    /// Decide and record, and send nothing: what is decided so never goes, also after a start without it
    #[arg(long)]
    shadow: bool,
    /// Play the shipped feed in a temporary folder, tell each decision as it is made, and end; it needs no files, but plays
    /// those of --playbooks, with the feed beside them, where named
    #[arg(long, conflicts_with_all = ["config", "data", "feed", "clock"])]
    demo: bool,
    /// Print the configuration in force, secrets hidden, and end
    #[arg(long)]
    print_config: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ClockWord {
    /// The machine's
    Wall,
    /// The latest time seen in the feeds
    Feed,
}

impl From<ClockWord> for Clock {
    fn from(word: ClockWord) -> Clock {
        match word {
            ClockWord::Wall => Clock::Wall,
            ClockWord::Feed => Clock::Feed,
        }
    }
}

/// The configuration that is looked for where none is named.
const USUAL: &str = "touchline.yaml";

impl Serve {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let Some(mut config) = read_config(self.config.as_deref(), screen)? else { return Ok(ExitCode::Problems) };
        self.lay_over(&mut config)?;
        if self.print_config {
            write!(screen.out, "{}", config::print(&config))?;
            return Ok(ExitCode::Clean);
        }
        if let Some(why) = config.open_to_all() {
            bail!("{why}");
        }
        let demo = self.demo.then(|| Demo::prepare(&mut config, self.playbooks.is_some())).transpose()?;
        are_there(&config.playbooks)?;
        let ruleset = self.first_look(&config, screen)?;
        if !self.demo {
            logs::begin(config.log);
        }
        let teller =
            |ruleset| demo.as_ref().map(|demo| Arc::new(Teller::new(ruleset, demo.mail.clone(), screen.width)));
        let teller = ruleset.and_then(teller);
        teller.iter().for_each(Teller::watch);
        let follower = teller.clone().map(|teller| teller as Arc<dyn crate::daemon::fold::Follower>);
        let said = Said::of(&config);
        let shelf = shelf(config.playbooks.clone());
        let setup = Setup { config, shelf, follower, once: self.demo };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build()?;
        let served = runtime.block_on(serve(setup, &said, screen));
        // What blocks is not waited for: after an end that was not asked for least of all.
        runtime.shutdown_background();
        served?;
        if let (Some(demo), Some(teller)) = (demo, teller) {
            teller.end();
            demo.end(&teller, screen)?;
        }
        Ok(ExitCode::Clean)
    }

    /// Tells what is wrong with the playbooks before anything is started. What ran before can go on without them; where
    /// nothing did, or in a demonstration, they must be sound.
    fn first_look(&self, config: &Config, screen: &mut Screen) -> anyhow::Result<Option<Arc<RuleSet>>> {
        if self.demo || !has_run(&config.data) {
            return Ok(Some(one_unit(&config.playbooks, screen)?.project.units[0].ruleset()));
        }
        let loaded = load(std::slice::from_ref(&config.playbooks))?;
        let errors = loaded.errors();
        complain(screen, &loaded.sources, &errors)?;
        Ok(None)
    }

    /// Lays the options over what the file says.
    fn lay_over(&self, config: &mut Config) -> anyhow::Result<()> {
        if let Some(playbooks) = &self.playbooks {
            config.playbooks.clone_from(playbooks);
        }
        if let Some(data) = &self.data {
            config.data.clone_from(data);
        }
        if let Some(listen) = &self.listen {
            config.listen = listen_address(listen)
                .map_err(|help| anyhow::anyhow!("`{listen}` is not an address to listen on: {help}"))?;
        }
        if !self.feed.is_empty() {
            config.feeds.clone_from(&self.feed);
        }
        if let Some(clock) = self.clock {
            config.clock = clock.into();
        }
        config.shadow |= self.shadow;
        Ok(())
    }
}

/// Reads a configuration and tells its problems; `None` where one is an error.
fn read_config(path: Option<&Path>, screen: &mut Screen) -> anyhow::Result<Option<Config>> {
    let Some((config, sources, problems)) = find_config(path)? else { return Ok(Some(Config::default())) };
    complain(screen, &sources, &problems)?;
    Ok((!problems.iter().any(Diagnostic::is_error)).then_some(config))
}

fn find_config(path: Option<&Path>) -> anyhow::Result<Option<(Config, Sources, Vec<Diagnostic>)>> {
    let path = match path {
        Some(path) => path,
        None if Path::new(USUAL).is_file() => Path::new(USUAL),
        None => return Ok(None),
    };
    let bytes = files::read(path)?;
    let mut sources = Sources::default();
    let file = sources.add(files::shown(path), &bytes);
    let (config, problems) = config::read(&sources, file, path.parent().unwrap_or(Path::new("")), &config::lookup);
    Ok(Some((config, sources, problems)))
}

/// Returns the configuration of the daemon that a client talks to, as far as it can be read.
pub(super) fn config_for_client(path: Option<&Path>) -> anyhow::Result<Option<Config>> {
    Ok(find_config(path)?.map(|(config, ..)| config))
}

/// Returns what reads the playbooks of a folder, without their scenarios.
pub(super) fn shelf(folder: PathBuf) -> Shelf {
    Arc::new(move || {
        let mut sources = files::gather(std::slice::from_ref(&folder)).map_err(|error| format!("{error:#}"))?;
        sources.files.retain(|file| !files::is_scenario(&file.path));
        Ok(sources)
    })
}

/// What is said once it runs.
struct Said {
    data: String,
    token: bool,
    shadow: bool,
}

impl Said {
    fn of(config: &Config) -> Said {
        Said { data: files::shown(&config.data), token: config.token.is_some(), shadow: config.shadow }
    }

    fn say(&self, rules: usize, at: std::net::SocketAddr, screen: &mut Screen) -> std::io::Result<()> {
        let rules = super::screen::counted(rules as u64, "rule", "rules");
        writeln!(screen.err, "{BOLD}touchline{BOLD:#} runs {rules} on http://{at}, data in {}", self.data)?;
        if !self.token {
            writeln!(screen.err, "{DIM}no token: only this machine is answered; see `token` in touchline.yaml{DIM:#}")?;
        }
        if self.shadow {
            writeln!(screen.err, "{DIM}shadow: everything is decided and recorded, nothing is sent{DIM:#}")?;
        }
        screen.flush()
    }
}

async fn serve(setup: Setup, said: &Said, screen: &mut Screen) -> anyhow::Result<()> {
    let address = setup.config.listen;
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("{address} cannot be listened on: is another daemon there?"))?;
    let at = listener.local_addr()?;
    // Bringing a store up may take a while; signals that end the process are heard all the same.
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        end_asked().await;
        let _ = stop.send(true);
        // Whoever asks twice does not want to wait. Nothing is lost by it that was answered.
        end_asked().await;
        std::process::exit(ExitCode::CouldNotRun as i32);
    });
    let daemon = tokio::task::spawn_blocking(move || Daemon::open(setup)).await??;
    said.say(daemon.app().board.rules().rules.len(), at, screen)?;
    daemon.run(listener, stopped).await?;
    Ok(())
}

/// Says what to type where there are no playbooks.
fn are_there(playbooks: &Path) -> anyhow::Result<()> {
    if playbooks.exists() {
        return Ok(());
    }
    let holds = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let is_playbook = |name: &str| name.ends_with(".play") || name.ends_with(".play.yaml");
        entries.into_iter().any(|entry| entry.file_name().to_str().is_some_and(is_playbook))
    };
    let here = if holds(Path::new(".")) { "." } else { "FOLDER" };
    bail!(
        "{} does not exist: there are no playbooks to run. Type one of\n  \
         touchline serve --demo                          shows it with playbooks that ship\n  \
         touchline serve --playbooks {here:<6} --data data  runs yours{}",
        files::shown(playbooks),
        if here == "." { ", which are in this folder" } else { ": FOLDER holds *.play files and a vocabulary.yaml" }
    )
}

/// Waits for Ctrl-C or SIGTERM.
async fn end_asked() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// The demonstration: a folder of its own, the shipped feed, its clock.
struct Demo {
    data: PathBuf,
    mail: PathBuf,
    begun: Timestamp,
}

impl Demo {
    /// Without playbooks of its own, it plays those of the repository it stands in, or those within the binary.
    fn prepare(config: &mut Config, named: bool) -> anyhow::Result<Demo> {
        let begun = crate::clock::wall_clock_now();
        let data = std::env::temp_dir().join(format!("touchline-demo-{}-{}", std::process::id(), begun.as_second()));
        crate::store::private::folder(&data).map_err(|error| files::explain(&data, error))?;
        let shipped = Path::new("playbooks/retail");
        if !named && shipped.join("feed").is_dir() {
            config.playbooks = shipped.into();
        } else if !named {
            config.playbooks = data.join("playbooks");
            super::shipped::write(&config.playbooks).map_err(|error| files::explain(&config.playbooks, error))?;
        }
        let folder = config.playbooks.join("feed");
        let entries = std::fs::read_dir(&folder).map_err(|error| files::explain(&folder, error))?;
        let mut feeds: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        feeds.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
        feeds.sort();
        if feeds.is_empty() {
            bail!("{} holds no feed to play", files::shown(&folder));
        }
        config.listen.set_port(0);
        (config.feeds, config.clock, config.data) = (feeds, Clock::Feed, data.clone());
        Ok(Demo { mail: data.join("mail"), data, begun })
    }

    fn end(self, teller: &Teller, screen: &mut Screen) -> anyhow::Result<()> {
        let seconds = crate::clock::wall_clock_now().duration_since(self.begun).as_secs();
        let firings = super::screen::counted(teller.firings(), "decision", "decisions");
        let mails = super::screen::counted(teller.mails(), "mail", "mails");
        writeln!(
            screen.err,
            "{BOLD}{firings}{BOLD:#}, {mails}, {seconds} seconds; kept in {}",
            files::shown(&self.data)
        )?;
        Ok(())
    }
}
