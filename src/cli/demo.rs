//! Tells each decision of the demonstration as it is made, and each mail as its file appears.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::daemon::board::firings;
use crate::daemon::fold::{FoldedTurn, Follower, Glance};
use crate::engine::Engine;
use crate::engine::effect::{Effect, Firing, Outcome, What};
use crate::engine::ruleset::RuleSet;
use crate::replay::words;

use super::files;
use super::screen::wrap;

/// How often the mail folder is looked into.
const LOOK: Duration = Duration::from_millis(100);

/// Tells decisions on standard output.
pub struct Teller {
    rules: Arc<RuleSet>,
    mail: PathBuf,
    width: usize,
    told: Mutex<BTreeSet<PathBuf>>,
    firings: AtomicU64,
    over: Arc<AtomicBool>,
}

impl Teller {
    /// Returns one who also looks into the folder `mail`.
    pub fn new(rules: Arc<RuleSet>, mail: PathBuf, width: usize) -> Teller {
        let (firings, over) = (AtomicU64::new(0), Arc::new(AtomicBool::new(false)));
        Teller { rules, mail, width, told: Mutex::default(), firings, over }
    }

    /// Begins to look for mails.
    pub fn watch(self: &Arc<Self>) {
        let (teller, over) = (self.clone(), self.over.clone());
        std::thread::spawn(move || {
            while !over.load(Ordering::SeqCst) {
                teller.tell_mails();
                std::thread::sleep(LOOK);
            }
        });
    }

    /// Tells the last mails.
    pub fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
        self.tell_mails();
    }

    /// Returns how many decisions were told.
    pub fn firings(&self) -> u64 {
        self.firings.load(Ordering::SeqCst)
    }

    /// Returns how many mails were told.
    pub fn mails(&self) -> u64 {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }

    fn tell_mails(&self) {
        let found = std::fs::read_dir(&self.mail).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut mails: Vec<PathBuf> =
            found.filter(|path| path.extension().is_some_and(|extension| extension == "eml")).collect();
        mails.sort();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for mail in mails {
            if !told.contains(&mail) {
                say(&format!("  mail    {}\n", files::shown(&mail)));
                told.insert(mail);
            }
        }
    }

    fn tell(&self, firing: &Firing, effects: &[Effect]) {
        let zone = self.rules.rule(&firing.rule).map_or(&self.rules.vocabulary.zone, |rule| &rule.zone);
        let mut text = format!(
            "{}  {}\n",
            words::instant(firing.at, zone),
            words::for_key(&self.rules, &firing.rule, &firing.key)
        );
        // What an `unless` names did not hold: that is no reason.
        let held = firing.compared.iter().filter(|compared| compared.holds);
        let compared: Vec<String> = held.map(words::compared).collect();
        for (place, line) in wrap(&compared.join(", "), self.width.saturating_sub(10)).iter().enumerate() {
            text.push_str(&format!("  {:7} {line}\n", if place == 0 { "why" } else { "" }));
        }
        let own = effects.iter().filter(|effect| effect.firing.as_deref() == Some(firing));
        for effect in own.filter(|effect| !matches!(effect.what, What::Withdraw | What::Firing)) {
            let what = match &effect.what {
                What::OpenCase { case, .. } => format!("case {case}"),
                _ => effect.to.to_string(),
            };
            let when = match (effect.outcome, effect.due) {
                (Outcome::Planned, Some(due)) => format!(", due {}", words::instant(due, zone)),
                (Outcome::Sent, _) => String::new(),
                (outcome, _) => format!(", {}: {}", outcome.word(), words::reason(effect, zone)),
            };
            text.push_str(&format!("  {:7} {what}{when}\n", effect.what.word()));
        }
        say(&text);
    }
}

impl Follower for Teller {
    fn folded(&self, _: &Engine, _: &[Glance], turn: &FoldedTurn) {
        for (position, effects) in &turn.folded.effects {
            for firing in firings(*position, effects) {
                self.firings.fetch_add(1, Ordering::SeqCst);
                self.tell(firing, effects);
            }
        }
    }
}

/// Whoever reads may have had enough: the demonstration goes on.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
