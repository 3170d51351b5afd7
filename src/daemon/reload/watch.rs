//! Notices that something in the folders of the playbooks has changed. The only file that names notify.
//!
//! Folders are watched, never files: editors write a new file and rename it, mounted folders swap a link, a folder goes and
//! comes back. What an event says is not believed; it only has somebody look (`daemon::reload` compares contents). A look at
//! regular times finds what no event told, as on network drives, where `watch: {mode: poll}` is for.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::clock::wall_clock_now;
use crate::daemon::reload::Ask;
use crate::daemon::reload::report::Asked;

/// How changes are noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The operating system tells.
    Notify,
    /// By looking at regular times alone: for drives of other machines.
    Poll,
    /// Only when asked.
    Off,
}

impl Mode {
    /// Every mode with its word.
    pub const WORDS: [(&'static str, Mode); 3] = [("notify", Mode::Notify), ("poll", Mode::Poll), ("off", Mode::Off)];
}

/// How often the thread asks whether it is to end.
const TICK: Duration = Duration::from_millis(200);
/// How far upwards a vocabulary, a directory or mails are looked for.
const HIGHEST: usize = 16;

/// Asks for a look whenever something has changed below `root` or above it, and every `every`; until it is stopped.
pub fn watch(root: &Path, mode: Mode, every: Duration, asks: &Sender<Ask>, stop: &Arc<AtomicBool>) {
    if mode == Mode::Off {
        return compare(every, asks, stop);
    }
    // Events name whole paths.
    let root = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
    let mut eyes = Eyes { root, watched: BTreeSet::new(), watcher: None };
    let mut news = None;
    let mut looked = wall_clock_now();
    while !stop.load(Ordering::SeqCst) {
        if mode == Mode::Notify
            && let Some(receiver) = eyes.open()
        {
            // What changed before the folders were watched is found by looking.
            news = Some(receiver);
            if asks.send(Ask { asked: Asked::Look, then: None }).is_err() {
                return;
            }
        }
        let changed = match &news {
            Some(news) => eyes.told(news),
            None => {
                std::thread::sleep(TICK);
                false
            }
        };
        let asked = match changed {
            true => Asked::Change,
            // A clock that is set back is no reason to stop looking.
            false if wall_clock_now().duration_since(looked).unsigned_abs() >= every => Asked::Look,
            false => continue,
        };
        looked = wall_clock_now();
        if asks.send(Ask { asked, then: None }).is_err() {
            return;
        }
    }
}

/// Has somebody compare every now and then, so that it can be said whether what runs is what is on disk.
fn compare(every: Duration, asks: &Sender<Ask>, stop: &Arc<AtomicBool>) {
    let mut looked = wall_clock_now();
    while !stop.load(Ordering::SeqCst) {
        std::thread::sleep(TICK);
        if wall_clock_now().duration_since(looked).unsigned_abs() < every {
            continue;
        }
        looked = wall_clock_now();
        if asks.send(Ask { asked: Asked::Compare, then: None }).is_err() {
            return;
        }
    }
}

/// What is watched.
struct Eyes {
    root: PathBuf,
    watched: BTreeSet<Place>,
    watcher: Option<RecommendedWatcher>,
}

/// A folder that is watched: as itself, because another may come under its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    path: PathBuf,
    is_deep: bool,
    is: (u64, u64),
}

impl Eyes {
    /// Begins to watch, where what is to be watched is not what is watched already. A folder that cannot be watched is
    /// left to the looks.
    fn open(&mut self) -> Option<Receiver<PathBuf>> {
        let wanted = places(&self.root);
        if wanted == self.watched && self.watcher.is_some() {
            return None;
        }
        let (tell, news) = channel();
        let hear = move |event: notify::Result<Event>| {
            // A queue that ran over is told as an error: then anything may have changed.
            let event = event.unwrap_or_else(|_| Event::new(EventKind::Any));
            if !matches!(event.kind, EventKind::Access(_)) {
                let paths = if event.paths.is_empty() { vec![PathBuf::new()] } else { event.paths };
                paths.into_iter().for_each(|path| drop(tell.send(path)));
            }
        };
        self.watcher = notify::recommended_watcher(hear)
            .inspect_err(|error| tracing::warn!(%error, "changes are not told here; files are looked at instead"))
            .ok();
        for place in &wanted {
            let deep = if place.is_deep { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            if let Some(watcher) = &mut self.watcher
                && let Err(error) = watcher.watch(&place.path, deep)
            {
                tracing::warn!(%error, folder = %place.path.display(), "a folder cannot be watched; it is looked at");
            }
        }
        self.watched = wanted;
        Some(news)
    }

    /// Waits a moment for news, and tells whether any of it matters.
    fn told(&self, news: &Receiver<PathBuf>) -> bool {
        match news.recv_timeout(TICK) {
            Ok(first) => std::iter::once(first).chain(news.try_iter()).any(|path| self.matters(&path)),
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => {
                std::thread::sleep(TICK);
                false
            }
        }
    }

    /// Tells whether a change of this path may mean anything: above the root only what a playbook may stand on.
    fn matters(&self, path: &Path) -> bool {
        let Some(name) = path.file_name() else { return true };
        let deep = self.watched.iter().any(|place| place.is_deep && path.starts_with(&place.path));
        deep || is_foundation(name) || self.root.file_name() == Some(name)
    }
}

fn is_foundation(name: &OsStr) -> bool {
    ["vocabulary.yaml", "directory.yaml", "directory.csv", "emails"].iter().any(|known| name == *known)
}

/// Returns the folders to watch: the root with all below it, the one it stands in, and those above that hold a vocabulary,
/// a directory or mails.
fn places(root: &Path) -> BTreeSet<Place> {
    let mut places = BTreeSet::new();
    let mut add = |path: &Path, is_deep: bool| {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        if let Ok(about) = std::fs::metadata(path)
            && about.is_dir()
        {
            places.insert(Place { path: path.to_owned(), is_deep, is: identity(&about) });
        }
    };
    add(root, true);
    for (height, folder) in root.ancestors().skip(1).take(HIGHEST).enumerate() {
        let holds = |name: &str| folder.join(name).exists();
        if height == 0 || holds("vocabulary.yaml") || holds("directory.yaml") || holds("directory.csv") {
            add(folder, false);
        }
        add(&folder.join("emails"), true);
    }
    places
}

#[cfg(unix)]
fn identity(about: &std::fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (about.dev(), about.ino())
}

#[cfg(not(unix))]
fn identity(_: &std::fs::Metadata) -> (u64, u64) {
    (0, 0)
}
