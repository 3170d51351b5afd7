//! Finds and reads the files of a run.
//!
//! A folder is walked in a fixed order; hidden folders, `snapshots` and `reload` (new versions that scenarios switch
//! to) are passed over, and so is a link to a folder that is being walked or holds it. For every path the nearest `vocabulary.yaml`, `directory.yaml` or `directory.csv` and
//! `emails/` are looked for upwards, because a playbook uses those nearest to its own folder. Left out: which of
//! them it uses (`compile`).

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, anyhow, bail};

use crate::lang::source::Sources;

/// Folders are followed this deep.
const DEEPEST: usize = 32;
/// A file larger than this is not read: no playbook is.
const LARGEST: u64 = 64 << 20;

/// Reads every file that belongs to `paths`, in one fixed order whatever the order of the paths.
pub fn gather(paths: &[PathBuf]) -> anyhow::Result<Sources> {
    let mut found = find(paths, false)?;
    // A vocabulary above the working folder has no relative path that a playbook's path begins with; absolute
    // paths then, so that "nearest upwards" can be read off the paths alone.
    if !found.iter().any(|path| file_name(path) == "vocabulary.yaml") {
        let absolute = find(paths, true)?;
        if absolute.iter().any(|path| file_name(path) == "vocabulary.yaml") {
            found = absolute;
        }
    }
    let mut sources = Sources::default();
    for path in found {
        let bytes = read(&path)?;
        sources.add(shown(&path), &bytes);
    }
    Ok(sources)
}

/// Reads one file, and says path and remedy where that fails.
pub fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let about = fs::metadata(path).map_err(|error| explain(path, error))?;
    if about.len() > LARGEST {
        bail!("{} is larger than {} MB: is it the right file?", shown(path), LARGEST >> 20);
    }
    fs::read(path).map_err(|error| explain(path, error))
}

/// Says in plain words why a file or folder cannot be read.
pub fn explain(path: &Path, error: io::Error) -> anyhow::Error {
    let path = shown(path);
    let say = match error.kind() {
        io::ErrorKind::NotFound => format!("{path} does not exist: check the spelling, or where you are"),
        io::ErrorKind::PermissionDenied => format!("{path} cannot be read: you have no permission to"),
        io::ErrorKind::IsADirectory => format!("{path} is a folder: a file is wanted here"),
        _ => format!("{path} cannot be read: {error}"),
    };
    anyhow!(say)
}

/// Returns a path as a person types it, with `/` between parts and no leading `./`.
pub fn shown(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    match text.strip_prefix("./") {
        Some("") => ".".into(),
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

/// What a file is, by its name.
pub fn is_playbook(name: &str) -> bool {
    name.ends_with(".play") || name.ends_with(".play.yaml")
}

/// Tells whether a file holds scenarios.
pub fn is_scenario(name: &str) -> bool {
    name.ends_with(".test.yaml")
}

/// Tells whether playbooks may use a file beside or above them.
pub fn is_context(name: &str) -> bool {
    matches!(name, "vocabulary.yaml" | "directory.yaml" | "directory.csv")
}

fn find(paths: &[PathBuf], absolute: bool) -> anyhow::Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    for path in paths {
        let path = match absolute {
            true => std::path::absolute(path).with_context(|| format!("{} has no place", path.display()))?,
            false => tidy(path),
        };
        let about = fs::metadata(&path).map_err(|error| explain(&path, error))?;
        let folder = if about.is_dir() {
            walk(&path, false, &mut vec![], &mut found)?;
            Some(path.as_path())
        } else {
            let in_emails = || path.components().any(|part| part.as_os_str() == "emails");
            let name = file_name(&path);
            if !(is_playbook(name) || is_scenario(name) || is_context(name) || in_emails()) {
                let path = shown(&path);
                bail!("{path} is nothing to check: a playbook ends in .play or .play.yaml, scenarios in .test.yaml");
            }
            found.insert(path.clone());
            if is_scenario(file_name(&path)) {
                beside(&path, &mut found)?;
            }
            path.parent()
        };
        climb(folder.unwrap_or(Path::new("")), &mut found)?;
    }
    Ok(found)
}

/// Adds the playbooks in a scenario file's own folder: it is about one of them.
fn beside(scenario: &Path, found: &mut BTreeSet<PathBuf>) -> anyhow::Result<()> {
    let folder = scenario.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for entry in fs::read_dir(folder).map_err(|error| explain(folder, error))? {
        let name = entry.map_err(|error| explain(folder, error))?.file_name();
        let path = scenario.with_file_name(&name);
        if is_playbook(file_name(&path)) && path.is_file() {
            found.insert(path);
        }
    }
    Ok(())
}

/// Removes `.` parts and the trailing slash: `./a//b/` becomes `a/b`.
fn tidy(path: &Path) -> PathBuf {
    let tidy: PathBuf = path.components().filter(|part| !matches!(part, Component::CurDir)).collect();
    if tidy.as_os_str().is_empty() { PathBuf::from(".") } else { tidy }
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or("")
}

/// Adds the files below a folder. `above` holds where the folders on the way to it really lie: a link back to one of them,
/// or to a folder that holds one, would lead round and name every file again.
fn walk(folder: &Path, in_emails: bool, above: &mut Vec<PathBuf>, found: &mut BTreeSet<PathBuf>) -> anyhow::Result<()> {
    let real = fs::canonicalize(folder).map_err(|error| explain(folder, error))?;
    let leads_back = fs::symlink_metadata(folder).is_ok_and(|about| about.is_symlink());
    if above.len() > DEEPEST || (leads_back && above.iter().any(|walked| walked.starts_with(&real))) {
        return Ok(());
    }
    above.push(real);
    let walked = entries(folder, in_emails, above, found);
    above.pop();
    walked
}

fn entries(
    folder: &Path,
    in_emails: bool,
    above: &mut Vec<PathBuf>,
    found: &mut BTreeSet<PathBuf>,
) -> anyhow::Result<()> {
    let entries = fs::read_dir(folder).map_err(|error| explain(folder, error))?;
    for entry in entries {
        let entry = entry.map_err(|error| explain(folder, error))?;
        let path = match folder == Path::new(".") {
            true => PathBuf::from(entry.file_name()),
            false => entry.path(),
        };
        let name = file_name(&path).to_owned();
        // A link that leads nowhere is an editor's lock file: not ours to complain about.
        let Ok(about) = fs::metadata(&path) else { continue };
        if name.starts_with('.') || name.is_empty() {
            continue;
        }
        if about.is_dir() {
            if !matches!(name.as_str(), "snapshots" | "reload" | "target" | "node_modules") {
                walk(&path, in_emails || name == "emails", above, found)?;
            }
        } else if in_emails || is_playbook(&name) || is_scenario(&name) || is_context(&name) {
            found.insert(path);
        }
    }
    Ok(())
}

/// Adds the nearest vocabulary, directory and emails from `folder` upwards.
fn climb(folder: &Path, found: &mut BTreeSet<PathBuf>) -> anyhow::Result<()> {
    let (mut vocabulary, mut directory, mut emails) = (false, false, false);
    let start = if folder == Path::new(".") { Path::new("") } else { folder };
    for folder in start.ancestors() {
        let mut take = |name: &str| {
            let path = folder.join(name);
            let there = path.is_file();
            if there {
                found.insert(path);
            }
            there
        };
        vocabulary = vocabulary || take("vocabulary.yaml");
        if !directory {
            directory = take("directory.yaml");
            directory |= take("directory.csv");
        }
        let mails = folder.join("emails");
        if !emails && mails.is_dir() {
            walk(&mails, true, &mut vec![], found)?;
            emails = true;
        }
        if vocabulary && directory && emails {
            break;
        }
    }
    Ok(())
}
