//! `check --feed` and `--store`: what a recording says about the playbooks.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::lang::codes::EXPECTED_VOLUME;
use crate::lang::diagnostic::Diagnostic;
use crate::replay::words;
use crate::trust::backtest::player::{Played, Player};
use crate::trust::recorded::{Found, LOOKED_BACK, Volume, lint};

use super::super::backtest::play;
use super::super::backtest::recorded::Recording;
use super::super::load::Loaded;
use super::super::screen::{BOLD, DIM, Screen, WARN, counted, hang, thousands};

/// What was played, and what it says.
pub struct Recorded {
    /// What was found.
    pub found: Found,
    /// What was looked at, in words.
    said: String,
}

/// Plays the recording under the playbooks, and looks at it; says why where they cannot be played.
pub fn play_recorded(
    loaded: &Loaded,
    (feed, store): (&[PathBuf], Option<&Path>),
    problems: &mut Vec<Diagnostic>,
    screen: &mut Screen,
) -> anyhow::Result<Option<Recorded>> {
    if loaded.project.diagnostics.iter().any(Diagnostic::is_error) {
        screen.say("the recording is not played: the playbooks have errors", WARN)?;
        return Ok(None);
    }
    let units: Vec<_> = loaded.project.units.iter().filter(|unit| !unit.playbooks.is_empty()).collect();
    let [unit] = units[..] else {
        bail!("a recording belongs to one vocabulary: name a folder with the playbooks of one");
    };
    let (rules, recording) = (unit.ruleset(), Recording::of(feed, store)?);
    let (played, refused) = play(Player::alone(rules.clone()), &recording, &rules, None, true, screen)?;
    if played.span.is_none() {
        bail!("nothing of what was recorded could be read: a feed has one JSON object a line");
    }
    let found = lint(unit, &played, problems);
    problems.extend(found.problems.iter().cloned());
    let zone = rules.rules.first().map_or(&rules.vocabulary.zone, |rule| &rule.zone);
    Ok(Some(Recorded { found, said: said(&played, refused, zone) }))
}

fn said(played: &Played, refused: u64, zone: &jiff::tz::TimeZone) -> String {
    let Some((first, last)) = played.span else { return String::new() };
    let signals = counted(played.signals, "signal", "signals");
    let (from, to) = (words::instant(first, zone), words::instant(last, zone));
    let back = match last.duration_since(first) > LOOKED_BACK {
        true => format!("; the last {} days are counted, what is older fills windows", LOOKED_BACK.as_hours() / 24),
        false => String::new(),
    };
    let refused = match refused {
        0 => String::new(),
        refused => format!("; {} left out", counted(refused, "line", "lines")),
    };
    format!("{signals} from {from} to {to}{back}{refused}")
}

impl Recorded {
    /// Tells whether a problem is shown in the table rather than at its line.
    pub fn is_in_table(problem: &Diagnostic) -> bool {
        problem.code == EXPECTED_VOLUME
    }

    /// Prints how many alerts a week each rule would send.
    pub fn table(&self, screen: &mut Screen) -> io::Result<()> {
        let width = screen.width;
        let out = &mut screen.out;
        writeln!(out, "{BOLD}what was recorded{BOLD:#}\n  {}", hang(&self.said, 2, width))?;
        let (some, none): (Vec<&Volume>, Vec<&Volume>) =
            self.found.volumes.iter().partition(|volume| volume.alerts > 0);
        if !some.is_empty() {
            let name = |volume: &Volume| format!("{} → {}{}", volume.rule.rule, volume.to, trial(volume));
            let wide = some.iter().map(|volume| name(volume).chars().count()).max().unwrap_or(0).clamp(10, 56);
            writeln!(out, "  {BOLD}{:wide$}{:>9}{:>9}{:>9}{BOLD:#}", "alerts", "in all", "a week", "at most")?;
            for volume in some {
                let step = if volume.step > 0 { format!("  {DIM}step {}{DIM:#}", volume.step) } else { String::new() };
                let (all, most) = (thousands(volume.alerts), thousands(volume.most));
                writeln!(out, "  {:wide$}{all:>9}{:>9}{most:>9}{step}", name(volume), volume.a_week())?;
            }
        }
        if !none.is_empty() {
            let step =
                |volume: &Volume| if volume.step > 0 { format!(" (step {})", volume.step) } else { String::new() };
            let name = |volume: &&Volume| format!("{} → {}{}", volume.rule.rule, volume.to, step(volume));
            let names: BTreeSet<String> = none.iter().map(name).collect();
            let names = names.into_iter().collect::<Vec<_>>().join(", ");
            writeln!(out, "  {DIM}no alert: {}{DIM:#}", hang(&names, 12, width))?;
        }
        writeln!(out)
    }
}

fn trial(volume: &Volume) -> &'static str {
    if volume.shadow { " (on trial)" } else { "" }
}
