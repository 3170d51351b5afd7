//! One side of a comparison: a folder or a file, or what stood there at a git ref.
//!
//! Of a ref the files that matter are read out of git into a folder that is gone again afterwards; the working tree is left
//! alone, and messages name them `REF:path`. `git` is asked as a command: whoever names a ref has it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, anyhow, bail};

use crate::compile::Unit;
use crate::suggest::nearest;

use super::files;
use super::load::{Loaded, compiled, complain, load};
use super::screen::Screen;

/// One side, compiled without an error.
pub struct Side {
    /// What was named, as messages name it.
    pub shown: String,
    /// What stands there.
    pub loaded: Loaded,
}

impl Side {
    /// Returns the units that hold playbooks.
    pub fn units(&self) -> Vec<&Unit> {
        self.loaded.project.units.iter().filter(|unit| !unit.playbooks.is_empty()).collect()
    }

    /// Returns where a unit lies below what was named.
    pub fn place<'a>(&self, unit: &'a Unit) -> &'a str {
        let path = unit.vocabulary_path.strip_prefix(&*self.shown).unwrap_or(&unit.vocabulary_path);
        path.trim_start_matches('/')
    }
}

/// Reads a side: a path that exists, `REF:path`, or a ref, which stands for the same path as `beside`.
pub fn side(name: &str, beside: &Path, screen: &mut Screen) -> anyhow::Result<Side> {
    let side = match Path::new(name).exists() {
        true => Side { shown: files::shown(Path::new(name)), loaded: load(&[PathBuf::from(name)])? },
        false => at_ref(name, beside)?,
    };
    let shown = &side.shown;
    if !side.loaded.has_playbooks() {
        bail!("{shown} holds no playbook: name a folder with *.play or *.play.yaml files");
    }
    let errors = side.loaded.errors();
    if !errors.is_empty() {
        complain(screen, &side.loaded.sources, &errors)?;
        bail!("the playbooks in {shown} have errors, and what they mean is not known: mend them first");
    }
    Ok(side)
}

fn at_ref(name: &str, beside: &Path) -> anyhow::Result<Side> {
    let (reference, path) = match name.split_once(':') {
        Some((reference, path)) => (reference, Some(path)),
        None => (name, None),
    };
    if reference.is_empty() || reference.starts_with('-') {
        bail!("{name} does not exist, and is no git ref: check the spelling, or where you are");
    }
    let here = match path {
        Some(_) => PathBuf::from("."),
        None if beside.is_dir() => beside.to_owned(),
        None => beside.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned(),
    };
    let git = Git { here };
    let prefix = git.prefix(name)?;
    let commit = git.commit(reference, name)?;
    let within = match path {
        Some(path) => match path.strip_prefix("./") {
            Some(from_here) => format!("{prefix}{from_here}"),
            None => path.to_owned(),
        },
        None if beside.is_dir() => prefix,
        None => format!("{prefix}{}", beside.file_name().and_then(|name| name.to_str()).unwrap_or("")),
    };
    let within = within.trim_matches('/').to_owned();
    let shown = format!("{reference}:{within}");
    let blobs = git.blobs(&commit, &within)?;
    if blobs.is_empty() {
        bail!("{shown} holds no playbook: at {reference} there is nothing of the kind under that path");
    }
    let folder = Scratch::new()?;
    git.write(&blobs, &folder.0)?;
    let mut sources = files::gather(&[folder.0.join(&within)])?;
    let root = format!("{}/", files::shown(&folder.0));
    sources.files.retain(|file| file.path.starts_with(&root));
    sources.files.iter_mut().for_each(|file| drop(file.path.drain(..root.len())));
    let mut loaded = compiled(sources);
    named(&mut loaded, &format!("{reference}:"));
    Ok(Side { shown, loaded })
}

/// Puts the ref in front of every path, once it is settled what is above what.
fn named(loaded: &mut Loaded, reference: &str) {
    let put = |path: &mut String| path.insert_str(0, reference);
    loaded.sources.files.iter_mut().for_each(|file| put(&mut file.path));
    for unit in &mut loaded.project.units {
        put(&mut unit.vocabulary_path);
        unit.directory_path.iter_mut().chain(&mut unit.emails_path).for_each(put);
        unit.playbooks.iter_mut().for_each(|book| put(&mut book.path));
    }
}

/// A folder of our own that goes away with its owner.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> anyhow::Result<Scratch> {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        for number in 0..1_000 {
            let path = std::env::temp_dir().join(format!("touchline-{}-{number}", std::process::id()));
            match builder.create(&path) {
                // Links on the way to it would hide what lies below it.
                Ok(()) => return Ok(Scratch(path.canonicalize().unwrap_or(path))),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(files::explain(&path, error)),
            }
        }
        bail!("{} is full of folders of ours: delete them", std::env::temp_dir().display())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The `git` command, asked in a folder.
struct Git {
    here: PathBuf,
}

/// A file at a commit: its object and its path from the root of the repository.
struct Blob {
    object: String,
    path: String,
}

impl Git {
    fn command(&self) -> Command {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.here).env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0").stdin(Stdio::null());
        command
    }

    fn ask(&self, words: &[&str]) -> anyhow::Result<Output> {
        self.command().args(words).output().map_err(missing)
    }

    /// Returns where `here` lies below the root of its repository: empty or ending in `/`.
    fn prefix(&self, name: &str) -> anyhow::Result<String> {
        let asked = self.ask(&["rev-parse", "--show-prefix"])?;
        if !asked.status.success() {
            let said = String::from_utf8_lossy(&asked.stderr);
            let here = files::shown(&std::path::absolute(&self.here).unwrap_or_else(|_| self.here.clone()));
            if said.contains("not a git repository") {
                bail!("{name} does not exist, and {here} is in no git repository: name a folder that exists");
            }
            bail!("git says: {}", said.trim());
        }
        Ok(String::from_utf8_lossy(&asked.stdout).trim_end_matches('\n').to_owned())
    }

    fn commit(&self, reference: &str, name: &str) -> anyhow::Result<String> {
        let wanted = format!("{reference}^{{commit}}");
        let asked = self.ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted])?;
        if asked.status.success() {
            return Ok(String::from_utf8_lossy(&asked.stdout).trim().to_owned());
        }
        let known = self.ask(&["for-each-ref", "--format=%(refname:short)"])?;
        let known = String::from_utf8_lossy(&known.stdout).into_owned();
        let near = match nearest(reference, known.lines()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "check the spelling, or `git fetch` it first".to_owned(),
        };
        bail!("no file or folder is called {name}, and git knows no `{reference}`: {near}")
    }

    /// Returns the files that matter to the playbooks under `within`: those below it, and what they use from above.
    fn blobs(&self, commit: &str, within: &str) -> anyhow::Result<Vec<Blob>> {
        let asked = self.ask(&["ls-tree", "-r", "-z", "--full-tree", commit])?;
        if !asked.status.success() {
            bail!("git says: {}", String::from_utf8_lossy(&asked.stderr).trim());
        }
        let listed = String::from_utf8_lossy(&asked.stdout).into_owned();
        let mut found = vec![];
        for entry in listed.split('\0').filter(|entry| !entry.is_empty()) {
            let (about, path) = entry.split_once('\t').context("git lists a file without a path")?;
            let mut words = about.split(' ');
            let (mode, object) = (words.next().unwrap_or(""), words.nth(1).unwrap_or(""));
            // Links and other repositories are not followed.
            if mode.starts_with("100") && matters(path, within) {
                found.push(Blob { object: object.to_owned(), path: path.to_owned() });
            }
        }
        let playbook = |blob: &Blob| files::is_playbook(&blob.path) && is_below(&blob.path, within);
        Ok(if found.iter().any(playbook) { found } else { vec![] })
    }

    /// Writes files into a folder, each at its path.
    fn write(&self, blobs: &[Blob], folder: &Path) -> anyhow::Result<()> {
        let mut child = self
            .command()
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(missing)?;
        let mut asks = child.stdin.take().context("git takes no questions")?;
        let mut answers = BufReader::new(child.stdout.take().context("git gives no answers")?);
        for blob in blobs {
            writeln!(asks, "{}", blob.object)?;
            asks.flush()?;
            let mut head = String::new();
            answers.read_line(&mut head)?;
            let length = head.trim_end().rsplit(' ').next().and_then(|length| length.parse::<u64>().ok());
            let length = length.with_context(|| format!("git cannot read {}: {}", blob.path, head.trim_end()))?;
            let mut bytes = vec![];
            answers.by_ref().take(length).read_to_end(&mut bytes)?;
            answers.read_exact(&mut [0])?;
            let below = Path::new(&blob.path);
            if below.components().any(|part| !matches!(part, Component::Normal(_))) {
                bail!("{} is no path of a file", blob.path);
            }
            let path = folder.join(below);
            fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(|error| files::explain(&path, error))?;
            fs::write(&path, bytes).map_err(|error| files::explain(&path, error))?;
        }
        drop(asks);
        child.wait()?;
        Ok(())
    }
}

fn missing(error: std::io::Error) -> anyhow::Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            anyhow!("git is not installed, and a ref is asked of it: name a folder instead")
        }
        _ => anyhow!("git cannot be run: {error}"),
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Tells whether playbooks under `within` may use a file.
fn matters(path: &str, within: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mail = path.split('/').any(|part| part == "emails");
    let context = files::is_context(name) || mail;
    if is_below(path, within) {
        return context || files::is_playbook(name);
    }
    // What lies above: directly in a folder on the way, or in its `emails/`.
    let home = match path.find("emails/").filter(|_| mail) {
        Some(place) => path[..place].trim_end_matches('/'),
        None => path.rsplit_once('/').map_or("", |(folder, _)| folder),
    };
    context && is_below(within, home)
}

#[cfg(test)]
mod tests {
    use super::matters;

    #[test]
    fn what_playbooks_use_is_read_from_above_and_nothing_else() {
        for (path, read) in [
            ("playbooks/retail/care.play", true),
            ("playbooks/retail/emails/a/en/subject.txt", true),
            ("playbooks/retail/care.test.yaml", false),
            ("playbooks/vocabulary.yaml", true),
            ("vocabulary.yaml", true),
            ("emails/a/en/subject.txt", true),
            ("other/emails/a/en/subject.txt", false),
            ("playbooks/retail_yaml/care.play.yaml", false),
            ("playbooks/retail_yaml/vocabulary.yaml", false),
            ("src/main.rs", false),
        ] {
            assert_eq!(matters(path, "playbooks/retail"), read, "{path}");
        }
        assert!(matters("care.play", "") && matters("care.play", "care.play"));
    }
}
