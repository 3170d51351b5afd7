//! A disk as the power finds it: what is durable, and what was written since.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::random::Dice;

/// What is written at once or not at all.
const SECTORS: [usize; 2] = [512, 4_096];

/// One call that changes something, or says something to the outside world.
#[derive(Debug)]
pub enum Event {
    /// A name for a file, a new one where there was none.
    Open {
        name: PathBuf,
        fd: i32,
        cut: bool,
    },
    Write {
        fd: i32,
        at: Option<usize>,
        data: Vec<u8>,
    },
    Cut {
        fd: i32,
        length: usize,
    },
    Sync {
        fd: i32,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Unlink {
        name: PathBuf,
    },
    Said(String),
}

/// Reads what `strace -f -xx` wrote of a process, as far as it is about `folder` or standard output. Names are relative to
/// the folder.
pub fn read_trace(trace: &[u8], folder: &Path) -> Vec<Event> {
    let text = String::from_utf8_lossy(trace);
    let mut fds: BTreeMap<i32, bool> = BTreeMap::new();
    let mut events = Vec::new();
    for line in text.lines() {
        let Some((_, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        assert!(
            !call.contains("<unfinished") && !call.starts_with("<..."),
            "two threads wrote at once: {}",
            &call[..call.len().min(80)]
        );
        let (Some((name, rest)), Some((_, result))) = (call.split_once('('), call.rsplit_once(" = ")) else { continue };
        let Ok(result) = result.split(' ').next().unwrap_or("").parse::<i64>() else { continue };
        if result < 0 {
            continue;
        }
        let strings = strings(rest);
        let first: Option<i32> = rest.split([',', ')']).next().and_then(|fd| fd.trim().parse().ok());
        let ours = |fd: Option<i32>| fd.filter(|fd| fds.get(fd) == Some(&true));
        let inside = |place: usize| {
            let path = PathBuf::from(String::from_utf8_lossy(&strings[place]).into_owned());
            path.strip_prefix(folder).map(Path::to_path_buf).ok()
        };
        let last = || {
            rest.rsplit_once(')')
                .and_then(|(all, _)| all.rsplit_once(", "))
                .and_then(|(_, last)| last.trim().parse::<usize>().ok())
        };
        match name {
            "openat" | "open" | "creat" => {
                let fd = result as i32;
                let name = inside(0);
                fds.insert(fd, name.is_some());
                let cut = rest.contains("O_TRUNC");
                events.extend(name.map(|name| Event::Open { name, fd, cut }));
            }
            "pwrite64" => events.extend(ours(first).map(|fd| Event::Write {
                fd,
                at: last(),
                data: strings[0][..result as usize].to_vec(),
            })),
            "write" if first == Some(1) => events.push(Event::Said(String::from_utf8_lossy(&strings[0]).into_owned())),
            "write" => events.extend(ours(first).map(|fd| Event::Write {
                fd,
                at: None,
                data: strings[0][..result as usize].to_vec(),
            })),
            "ftruncate" => events.extend(ours(first).map(|fd| Event::Cut { fd, length: last().unwrap() })),
            "fsync" | "fdatasync" => events.extend(ours(first).map(|fd| Event::Sync { fd })),
            "rename" | "renameat" | "renameat2" => {
                events.extend(inside(0).zip(inside(1)).map(|(from, to)| Event::Rename { from, to }))
            }
            "unlink" | "unlinkat" => events.extend(inside(0).map(|name| Event::Unlink { name })),
            "mkdir" => {}
            other if ours(first).is_some() => panic!("{other} is not understood"),
            _ => {}
        }
    }
    assert!(events.iter().any(|event| matches!(event, Event::Sync { .. })), "the trace holds no sync");
    events
}

/// The strings among a call's arguments: `"\x68\x69"`.
fn strings(rest: &str) -> Vec<Vec<u8>> {
    let quoted = rest.split('"').skip(1).step_by(2);
    quoted.map(|text| text.split("\\x").skip(1).map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()).collect()
}

#[derive(Clone, Debug)]
enum Change {
    Write { at: usize, data: Vec<u8> },
    Cut(usize),
}

#[derive(Debug, Default)]
struct File {
    durable: Vec<u8>,
    /// What was done since the last sync, in order.
    since: Vec<Change>,
    /// Its length as its writer sees it.
    length: usize,
}

type Names = BTreeMap<PathBuf, usize>;

/// Files by number, and their names.
#[derive(Debug, Default)]
pub struct Disk {
    files: Vec<File>,
    durable: Names,
    /// How the names of each folder changed since it was synced, in order.
    since: BTreeMap<PathBuf, Vec<(PathBuf, Option<usize>)>>,
    names: Names,
    open: BTreeMap<i32, (Option<usize>, PathBuf)>,
    /// Where each descriptor stands that writes without saying where.
    stands: BTreeMap<i32, usize>,
}

impl Disk {
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Open { name, fd, cut } => self.open(name, *fd, *cut),
            Event::Write { fd, at, data } => {
                let Some(file) = self.open[fd].0 else { return };
                let stands = self.stands.entry(*fd).or_default();
                let at = at.unwrap_or(*stands);
                *stands = at + data.len();
                let file = &mut self.files[file];
                file.length = file.length.max(at + data.len());
                file.since.push(Change::Write { at, data: data.clone() });
            }
            Event::Cut { fd, length } => {
                let Some(file) = self.open[fd].0 else { return };
                self.files[file].length = *length;
                self.files[file].since.push(Change::Cut(*length));
            }
            Event::Sync { fd } => match self.open[fd].clone() {
                (Some(file), _) => {
                    let file = &mut self.files[file];
                    for change in std::mem::take(&mut file.since) {
                        change.made(&mut file.durable);
                    }
                }
                (None, folder) => {
                    for (name, file) in self.since.remove(&folder).unwrap_or_default() {
                        named(&mut self.durable, name, file);
                    }
                }
            },
            Event::Rename { from, to } => {
                let Some(file) = self.names.get(from).copied() else { return };
                self.name(to, Some(file));
                self.name(from, None);
            }
            Event::Unlink { name } => self.name(name, None),
            Event::Said(_) => {}
        }
    }

    fn name(&mut self, name: &Path, file: Option<usize>) {
        named(&mut self.names, name.to_path_buf(), file);
        let folder = name.parent().unwrap_or(Path::new("")).to_path_buf();
        self.since.entry(folder).or_default().push((name.to_path_buf(), file));
    }

    fn open(&mut self, name: &Path, fd: i32, cut: bool) {
        self.stands.insert(fd, 0);
        // Folders are opened to be read or synced: they are the ones without a name of a file.
        let is_folder = name.as_os_str().is_empty() || name == Path::new("checkpoints");
        if is_folder {
            self.open.insert(fd, (None, name.to_path_buf()));
            return;
        }
        let file = match self.names.get(name) {
            Some(file) => *file,
            None => {
                self.files.push(File::default());
                self.name(name, Some(self.files.len() - 1));
                self.files.len() - 1
            }
        };
        if cut && self.files[file].length > 0 {
            self.files[file].length = 0;
            self.files[file].since.push(Change::Cut(0));
        }
        self.open.insert(fd, (Some(file), name.to_path_buf()));
    }

    /// Writes a folder as the disk may hold it now; tells whether there was anything that may be missing.
    pub fn write_image(&self, folder: &Path, dice: &mut Dice) -> bool {
        fs::create_dir_all(folder.join("checkpoints")).unwrap();
        let mut names = self.durable.clone();
        let mut unsynced = false;
        for changes in self.since.values() {
            unsynced |= !changes.is_empty();
            for (name, file) in &changes[..dice.below(changes.len() + 1)] {
                named(&mut names, name.clone(), *file);
            }
        }
        for (name, file) in names {
            // Shared memory, and an empty lock: neither holds anything after the power was gone.
            if name.to_string_lossy().ends_with("-shm") {
                continue;
            }
            let file = &self.files[file];
            unsynced |= !file.since.is_empty();
            fs::write(folder.join(&name), file.as_found(dice)).unwrap();
        }
        unsynced
    }
}

fn named(names: &mut Names, name: PathBuf, file: Option<usize>) {
    match file {
        Some(file) => drop(names.insert(name, file)),
        None => drop(names.remove(&name)),
    }
}

impl Change {
    fn made(&self, content: &mut Vec<u8>) {
        match self {
            Change::Cut(length) => content.resize(*length, 0),
            Change::Write { at, data } => put(content, *at, data),
        }
    }
}

fn put(content: &mut Vec<u8>, at: usize, data: &[u8]) {
    if content.len() < at + data.len() {
        content.resize(at + data.len(), 0);
    }
    content[at..at + data.len()].copy_from_slice(data);
}

impl File {
    /// The content after the power was gone: any part of what was done since the last sync, by whole sectors.
    fn as_found(&self, dice: &mut Dice) -> Vec<u8> {
        let mut content = self.durable.clone();
        // Mostly some of it; now and then all or nothing.
        let share = *dice.pick(&[0, 1, 2, 3, 4]);
        let sector = *dice.pick(&SECTORS);
        for change in &self.since {
            match change {
                Change::Cut(_) if dice.below(4) < share => change.made(&mut content),
                Change::Cut(_) => {}
                Change::Write { at, data } => {
                    let mut done = 0;
                    while done < data.len() {
                        // A sector ends where the disk's does.
                        let here = (sector - (at + done) % sector).min(data.len() - done);
                        if dice.below(4) < share {
                            put(&mut content, at + done, &data[done..done + here]);
                        }
                        done += here;
                    }
                }
            }
        }
        content
    }
}
