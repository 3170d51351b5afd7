//! Files → units: which playbooks, vocabulary, directory and mail templates belong together.
//!
//! A playbook uses the nearest `vocabulary.yaml` from its own folder upwards, and the nearest directory and `emails/`
//! likewise. Playbooks that find the same three are one unit: their rules run together. No file is opened here.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::compile::lint::lint;
use crate::compile::loops::loops;
use crate::compile::lower::{Home, Lower};
use crate::engine::ruleset::RuleSet;
use crate::id::RuleId;
use crate::ir::Rule;
use crate::lang::codes;
use crate::lang::diagnostic::{Diagnostic, limit};
use crate::lang::source::{FileNo, Sources, Span};
use crate::lang::tree;
use crate::lang::{play, yaml};
use crate::template::Templates;
use crate::value::Str;
use crate::vocabulary::Vocabulary;
use crate::vocabulary::directory::Directory;
use crate::vocabulary::read;

/// How a project is compiled.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long signals are kept: no window or limit can be longer.
    pub retention: SignedDuration,
}

impl Default for Options {
    fn default() -> Options {
        Options { retention: SignedDuration::from_hours(400 * 24) }
    }
}

/// Everything found in a set of files.
#[derive(Debug)]
pub struct Project {
    /// What belongs together, ordered by the vocabulary's path.
    pub units: Vec<Unit>,
    /// Scenario files, ordered by path; not read here.
    pub scenarios: Vec<FileNo>,
    /// Every problem of all files, ordered by path and place.
    pub diagnostics: Vec<Diagnostic>,
}

/// A vocabulary and all that uses it.
#[derive(Debug)]
pub struct Unit {
    /// Where its vocabulary is.
    pub vocabulary_path: String,
    /// Where its directory is, if it has one.
    pub directory_path: Option<String>,
    /// Where its mail templates are, if it has any: the folder that holds `emails/`.
    pub emails_path: Option<String>,
    /// What exists.
    pub vocabulary: Arc<Vocabulary>,
    /// Who fills which role where; empty without a file.
    pub directory: Arc<Directory>,
    /// Mail templates; empty without any.
    pub templates: Arc<Templates>,
    /// Its playbooks, ordered by path.
    pub playbooks: Vec<PlaybookInfo>,
    /// Rules without an error, ordered by id.
    pub rules: Vec<Arc<Rule>>,
}

/// A playbook file.
#[derive(Clone, Debug)]
pub struct PlaybookInfo {
    /// Its file.
    pub file: FileNo,
    /// Where it is.
    pub path: String,
    /// Its id; `None` where its header is broken.
    pub id: Option<Str>,
    /// Its title.
    pub title: Option<Str>,
    /// Its version, as written.
    pub version: Option<Str>,
    /// Who hears of its failures, where it says so.
    pub owner: Option<Str>,
    /// Its rules without an error, in the order of the file.
    pub rules: Vec<RuleId>,
    /// Its rules with one.
    pub broken: Vec<Broken>,
}

/// A rule with an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its id, if that much could be read.
    pub id: Option<Str>,
    /// The whole rule.
    pub span: Span,
}

impl Unit {
    /// Moves rules to the broken ones.
    fn leave_out(&mut self, caught: &FxHashSet<RuleId>) {
        if caught.is_empty() {
            return;
        }
        let (out, rules) = std::mem::take(&mut self.rules).into_iter().partition(|rule| caught.contains(&rule.id));
        self.rules = rules;
        for playbook in &mut self.playbooks {
            playbook.rules.retain(|id| !caught.contains(id));
            let own = |rule: &&Arc<Rule>| Some(&rule.id.playbook) == playbook.id.as_ref();
            let broken = |rule: &Arc<Rule>| Broken { id: Some(rule.id.rule.clone()), span: rule.here.0 };
            playbook.broken.extend(out.iter().filter(own).map(broken));
        }
    }

    /// Returns its rules as the engine takes them.
    pub fn ruleset(&self) -> Arc<RuleSet> {
        let (vocabulary, directory) = (self.vocabulary.clone(), self.directory.clone());
        Arc::new(RuleSet::new(vocabulary, directory, self.templates.clone(), self.rules.clone()))
    }
}

/// Compiles all files.
pub fn project(sources: &Sources, options: &Options) -> Project {
    let files = Files::of(sources);
    let mut problems = Vec::new();
    let mut units: BTreeMap<Places, Vec<FileNo>> = BTreeMap::new();
    for file in &files.playbooks {
        match files.places(sources, *file) {
            Some(places) => units.entry(places).or_default().push(*file),
            None => problems.push(no_vocabulary(sources, *file)),
        }
    }
    // A vocabulary without playbooks is checked all the same.
    let used: FxHashSet<FileNo> = units.keys().map(|places| places.vocabulary).collect();
    for (folder, vocabulary) in files.vocabularies.iter().filter(|(_, file)| !used.contains(file)) {
        units.entry(files.places_in(folder, *vocabulary)).or_default();
    }
    let mut cache = Cache::default();
    let units: Vec<Unit> = units
        .into_iter()
        .filter_map(|(places, playbooks)| unit(sources, options, &files, &mut cache, places, &playbooks, &mut problems))
        .collect();
    sort(sources, &mut problems);
    Project { units, scenarios: files.scenarios, diagnostics: problems }
}

/// Orders problems by path and place, and drops what was said twice.
fn sort(sources: &Sources, problems: &mut Vec<Diagnostic>) {
    let mut order: Vec<usize> = (0..sources.files.len()).collect();
    order.sort_by(|one, other| sources.files[*one].path.cmp(&sources.files[*other].path));
    let mut rank = vec![0; order.len()];
    order.iter().enumerate().for_each(|(place, file)| rank[*file] = place);
    let rank_of = |problem: &Diagnostic| rank.get(problem.span.file.0 as usize).copied().unwrap_or(usize::MAX);
    problems.sort_by(|one, other| {
        let key = |problem: &Diagnostic| (rank_of(problem), problem.span.start, problem.span.end, problem.code);
        key(one).cmp(&key(other)).then_with(|| one.message.cmp(&other.message))
    });
    problems.dedup_by(|other, one| is_told_twice(one, other));
    told_better(problems);
    *problems = limited(std::mem::take(problems));
}

/// Tells whether two problems are one: a slip in a mail text is one however many rules send the mail.
fn is_told_twice(one: &Diagnostic, other: &Diagnostic) -> bool {
    let of_text = one.code == codes::TEMPLATE_VALUES && one.code == other.code && one.span == other.span;
    one == other || of_text && one.message == other.message
}

/// Drops what is better told by another problem of the same place.
fn told_better(problems: &mut Vec<Diagnostic>) {
    let place = |problem: &Diagnostic| (problem.span.file, problem.span.start);
    let mut drop = |told: &[&str], by: &dyn Fn(&Diagnostic) -> bool| {
        let is_told = |problem: &Diagnostic| told.contains(&problem.code);
        if problems.iter().any(is_told) {
            let better: FxHashSet<_> = problems.iter().filter(|problem| by(problem)).map(place).collect();
            problems.retain(|problem| !(is_told(problem) && better.contains(&place(problem))));
        }
    };
    // That words lack their quotes, where no text belongs: `score is good enough`.
    let typed = |problem: &Diagnostic| [codes::OTHER_TYPE, codes::UNKNOWN_WORD].contains(&problem.code);
    drop(&[codes::UNQUOTED_TEXT], &typed);
    // What a sentence lacks behind the name of a signal, where the name is none: `wait goes over 10 minutes`.
    let misspelt = |problem: &Diagnostic| problem.help.as_deref().is_some_and(|help| help.starts_with("did you mean"));
    let unknown = |problem: &Diagnostic| problem.code == codes::UNKNOWN_SIGNAL && !misspelt(problem);
    drop(&[codes::NO_FIELD, codes::UNEXPECTED], &unknown);
}

/// Cuts what nobody would read: one line says how much more there is. Problems are ordered by file.
fn limited(problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    let mut rest = problems.into_iter().peekable();
    while let Some(file) = rest.peek().map(|problem| problem.span.file) {
        let mut of_file: Vec<_> = std::iter::from_fn(|| rest.next_if(|problem| problem.span.file == file)).collect();
        limit(&mut of_file);
        told.append(&mut of_file);
    }
    told
}

/// The files of a project by what they are.
#[derive(Debug, Default)]
struct Files {
    playbooks: Vec<FileNo>,
    scenarios: Vec<FileNo>,
    /// By folder.
    vocabularies: BTreeMap<String, FileNo>,
    /// By folder; `directory.yaml` before `directory.csv`.
    directories: BTreeMap<String, FileNo>,
    /// By the folder that holds `emails/`: paths from there, with their files.
    emails: BTreeMap<String, Vec<(String, FileNo)>>,
}

/// What a playbook uses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Places {
    vocabulary: FileNo,
    directory: Option<FileNo>,
    emails: Option<String>,
}

impl Files {
    fn of(sources: &Sources) -> Files {
        let mut files = Files::default();
        let mut by_path: Vec<usize> = (0..sources.files.len()).collect();
        by_path.sort_by(|one, other| sources.files[*one].path.cmp(&sources.files[*other].path));
        for place in by_path {
            let (path, file) = (&sources.files[place].path, FileNo(place as u32));
            let (folder, name) = split(path);
            if let Some((unit, inside)) = in_emails(path) {
                files.emails.entry(unit.to_owned()).or_default().push((inside.to_owned(), file));
            } else if name == "vocabulary.yaml" || name == "vocabulary.yml" {
                files.vocabularies.entry(folder.to_owned()).or_insert(file);
            } else if name == "directory.yaml" || name == "directory.yml" {
                files.directories.insert(folder.to_owned(), file);
            } else if name == "directory.csv" {
                files.directories.entry(folder.to_owned()).or_insert(file);
            } else if name.ends_with(".test.yaml") || name.ends_with(".test.yml") {
                files.scenarios.push(file);
            } else if name.ends_with(".play") || is_yaml_playbook(name) {
                files.playbooks.push(file);
            }
        }
        files
    }

    fn places(&self, sources: &Sources, playbook: FileNo) -> Option<Places> {
        let (folder, _) = split(&sources.file(playbook).path);
        let vocabulary = upwards(folder).find_map(|folder| self.vocabularies.get(folder))?;
        Some(self.places_in(folder, *vocabulary))
    }

    fn places_in(&self, folder: &str, vocabulary: FileNo) -> Places {
        let directory = upwards(folder).find_map(|folder| self.directories.get(folder)).copied();
        let emails = upwards(folder).find(|folder| self.emails.contains_key(*folder)).map(str::to_owned);
        Places { vocabulary, directory, emails }
    }

    /// Returns the folders that hold mail templates.
    fn template_names(&self, emails: Option<&str>) -> impl Iterator<Item = &str> {
        let files = emails.and_then(|folder| self.emails.get(folder)).map_or(&[][..], Vec::as_slice);
        files.iter().filter_map(|(path, _)| path.strip_prefix("emails/")?.split_once('/')).map(|(name, _)| name)
    }
}

fn is_yaml_playbook(name: &str) -> bool {
    name.ends_with(".play.yaml") || name.ends_with(".play.yml")
}

/// Cuts a path into folder and name.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// Cuts a path at its `emails/` folder.
fn in_emails(path: &str) -> Option<(&str, &str)> {
    if path.starts_with("emails/") {
        return Some(("", path));
    }
    let place = path.find("/emails/")?;
    Some((&path[..place], &path[place + 1..]))
}

/// Returns a folder and those above it, nearest first.
fn upwards(folder: &str) -> impl Iterator<Item = &str> {
    let mut next = Some(folder);
    std::iter::from_fn(move || {
        let here = next?;
        next = match here {
            "" => None,
            "/" => Some(""),
            _ => Some(here.rsplit_once('/').map_or("", |(above, _)| above)),
        };
        Some(here)
    })
}

fn no_vocabulary(sources: &Sources, file: FileNo) -> Diagnostic {
    let (folder, _) = split(&sources.file(file).path);
    let looked: Vec<String> = upwards(folder)
        .map(
            |folder| {
                if folder.is_empty() { "`vocabulary.yaml`".to_owned() } else { format!("`{folder}/vocabulary.yaml`") }
            },
        )
        .collect();
    let here = if folder.is_empty() { "beside this file".to_owned() } else { format!("in `{folder}`") };
    Diagnostic::error(codes::NO_VOCABULARY, Span::new(file, 0, 0), "this playbook has no vocabulary")
        .label(format!("looked for {}", looked.join(", ")))
        .help(format!("put a `vocabulary.yaml` {here}, or check its folder together with this file"))
}

/// Files that several units use are read once.
#[derive(Debug, Default)]
struct Cache {
    vocabularies: FxHashMap<FileNo, Option<Arc<Vocabulary>>>,
    directories: FxHashMap<(FileNo, FileNo), Arc<Directory>>,
    templates: FxHashMap<String, Arc<Templates>>,
}

impl Cache {
    fn vocabulary(
        &mut self,
        sources: &Sources,
        file: FileNo,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Arc<Vocabulary>> {
        let read = || {
            let (vocabulary, found) = read::vocabulary(sources, file);
            problems.extend(found);
            vocabulary.map(Arc::new)
        };
        self.vocabularies.entry(file).or_insert_with(read).clone()
    }

    fn directory(
        &mut self,
        sources: &Sources,
        places: &Places,
        vocabulary: &Vocabulary,
        problems: &mut Vec<Diagnostic>,
    ) -> Arc<Directory> {
        let Some(file) = places.directory else { return Arc::default() };
        let read = || {
            let csv = sources.file(file).path.ends_with(".csv");
            let read = if csv { read::directory_csv } else { read::directory };
            let (directory, found) = read(sources, file, vocabulary);
            problems.extend(found);
            Arc::new(directory)
        };
        self.directories.entry((places.vocabulary, file)).or_insert_with(read).clone()
    }

    fn templates(
        &mut self,
        sources: &Sources,
        files: &Files,
        places: &Places,
        problems: &mut Vec<Diagnostic>,
    ) -> Arc<Templates> {
        let Some(folder) = &places.emails else { return Arc::default() };
        let read = || {
            let (templates, found) = Templates::build(sources, files.emails.get(folder).map_or(&[], Vec::as_slice));
            problems.extend(found);
            Arc::new(templates)
        };
        self.templates.entry(folder.clone()).or_insert_with(read).clone()
    }
}

fn unit(
    sources: &Sources,
    options: &Options,
    files: &Files,
    cache: &mut Cache,
    places: Places,
    playbooks: &[FileNo],
    problems: &mut Vec<Diagnostic>,
) -> Option<Unit> {
    let vocabulary = cache.vocabulary(sources, places.vocabulary, problems);
    let trees: Vec<tree::Playbook> = playbooks.iter().map(|file| parse(sources, *file, problems)).collect();
    let vocabulary = vocabulary?;
    let directory = cache.directory(sources, &places, &vocabulary, problems);
    let templates = cache.templates(sources, files, &places, problems);
    let roles: Option<FxHashSet<Str>> = places.directory.map(|_| directory.roles().into_iter().cloned().collect());
    let broken_templates: FxHashSet<String> = files
        .template_names(places.emails.as_deref())
        .filter(|name| templates.get(name).is_none())
        .map(str::to_owned)
        .collect();
    let mut unit = Unit {
        vocabulary_path: sources.file(places.vocabulary).path.clone(),
        directory_path: places.directory.map(|file| sources.file(file).path.clone()),
        emails_path: places.emails,
        vocabulary,
        directory,
        templates,
        playbooks: Vec::with_capacity(trees.len()),
        rules: Vec::new(),
    };
    let twice = playbooks_twice(&trees, problems);
    for tree in &trees {
        let mut lower = Lower::of(sources, &unit, tree, roles.as_ref(), &broken_templates);
        let (mut info, mut rules) = lower.playbook(sources, tree);
        problems.append(&mut lower.problems);
        if twice.contains(&tree.file) {
            // Two rules with one id would share their state: those of the later file are left out.
            info.rules.clear();
            info.broken.extend(rules.drain(..).map(|rule| Broken { id: Some(rule.id.rule), span: rule.here.0 }));
        }
        unit.playbooks.push(info);
        unit.rules.extend(rules.into_iter().map(Arc::new));
    }
    unit.rules.sort_by(|one, other| one.id.cmp(&other.id));
    let (found, caught) = loops(&unit.vocabulary, &unit.rules);
    problems.extend(found);
    unit.leave_out(&caught);
    problems.extend(lint(&unit, options.retention));
    Some(unit)
}

/// Reports files with one playbook id, and returns all but the first of them.
fn playbooks_twice(trees: &[tree::Playbook], problems: &mut Vec<Diagnostic>) -> FxHashSet<FileNo> {
    let mut seen: FxHashMap<&str, Span> = FxHashMap::default();
    let mut later = FxHashSet::default();
    for id in trees.iter().filter_map(|tree| tree.id.as_ref()) {
        let first = *seen.entry(&id.node).or_insert(id.span);
        if first != id.span {
            let message = format!("there is a playbook `{}` already", id.node);
            problems.push(
                Diagnostic::error(codes::PLAYBOOK_TWICE, id.span, message)
                    .related(first, "the first one")
                    .help(
                        "give one of them another id, or move a next version that scenarios switch to into a folder called `reload`",
                    ),
            );
            later.insert(id.span.file);
        }
    }
    later
}

fn parse(sources: &Sources, file: FileNo, problems: &mut Vec<Diagnostic>) -> tree::Playbook {
    let read = if sources.file(file).path.ends_with(".play") { play::playbook } else { yaml::playbook::playbook };
    let (tree, found) = read(sources, file);
    problems.extend(found);
    tree
}

impl<'a> Lower<'a> {
    /// Resolves all rules of a playbook.
    pub(super) fn playbook(&mut self, sources: &Sources, tree: &'a tree::Playbook) -> (PlaybookInfo, Vec<Rule>) {
        let text = |text: &tree::Text| Str::from(text.node.as_str());
        let mut info = PlaybookInfo {
            file: tree.file,
            path: sources.file(tree.file).path.clone(),
            id: tree.id.as_ref().map(text),
            title: tree.title.as_ref().map(text),
            version: tree.version.as_ref().map(text),
            owner: tree.owner.as_ref().map(text),
            rules: Vec::new(),
            broken: tree.broken.iter().map(|rule| Broken { id: rule.id.as_ref().map(text), span: rule.span }).collect(),
        };
        self.defines(&tree.defines);
        let home = Home {
            playbook: info.id.clone().unwrap_or_else(|| "".into()),
            zone: self.zone(tree.zone.as_ref()),
            owner: info.owner.clone(),
        };
        self.zone = home.zone.clone();
        self.every_rule = &tree.every_rule;
        self.every_asked = vec![(false, false); tree.every_rule.len()];
        let mut rules = Vec::with_capacity(tree.rules.len());
        let mut seen: FxHashMap<&str, Span> = FxHashMap::default();
        // What could be read of a broken rule is checked with the others, in the order of the file, and goes no further.
        let rest = tree.broken.iter().filter_map(|broken| Some((broken.rest.as_deref()?, false)));
        let mut all: Vec<(&tree::Rule, bool)> = tree.rules.iter().map(|rule| (rule, true)).chain(rest).collect();
        all.sort_by_key(|(rule, _)| rule.span);
        for (rule, whole) in all {
            let lowered = self.rule(&home, rule);
            let first = *seen.entry(&rule.id.node).or_insert(rule.id.span);
            let twice = first != rule.id.span;
            if twice {
                self.twice(
                    codes::RULE_TWICE,
                    rule.id.span,
                    first,
                    &format!("there is a rule `{}` already", rule.id.node),
                    "id",
                );
            }
            if !whole {
                continue;
            }
            match lowered.filter(|_| !twice && info.id.is_some()) {
                Some(lowered) => {
                    info.rules.push(lowered.id.clone());
                    rules.push(lowered);
                }
                None => info.broken.push(Broken { id: Some(text(&rule.id)), span: rule.span }),
            }
        }
        info.broken.sort_by_key(|rule| rule.span);
        // A rule that could not be read may use what seems unused.
        if tree.broken.is_empty() {
            self.unused_defines(&tree.defines);
            if self.is_all && !tree.rules.is_empty() {
                self.unasked();
            }
        }
        (info, rules)
    }

    fn defines(&mut self, defines: &'a [tree::Define]) {
        for define in defines {
            match self.defines.get(define.name.node.as_str()) {
                Some(first) => {
                    let message = format!("`{}` is defined already", define.name.node);
                    self.twice(codes::DEFINE_TWICE, define.name.span, first.name.span, &message, "name");
                }
                None => {
                    self.defines.insert(&define.name.node, define);
                }
            }
        }
    }

    fn unused_defines(&mut self, defines: &[tree::Define]) {
        for define in defines.iter().filter(|define| !self.used.contains(&define.name.node)) {
            let message = format!("no rule uses the definition of `{}`", define.name.node);
            let problem = Diagnostic::warning(codes::DEFINE_UNUSED, define.name.span, message);
            self.problems.push(problem.help("use it after `where`, or take it out"));
        }
    }

    /// Reports the second of two equal names, with the place of the first.
    fn twice(&mut self, code: &'static str, span: Span, first: Span, message: &str, what: &str) {
        self.report(
            Diagnostic::error(code, span, message)
                .related(first, "the first one")
                .help(format!("give one of them another {what}")),
        );
    }

    fn zone(&mut self, zone: Option<&tree::Text>) -> TimeZone {
        let Some(zone) = zone else { return self.vocabulary.zone.clone() };
        match TimeZone::get(zone.node.trim()) {
            Ok(found) => found,
            Err(_) => {
                let message = format!("unknown time zone `{}`", zone.node);
                let problem = Diagnostic::error(codes::NO_SUCH_ZONE, zone.span, message);
                self.report(match crate::vocabulary::typed::nearest_zone(&zone.node) {
                    Some(near) => problem.help(format!("did you mean `{near}`?")),
                    None => problem.help("write a zone by region and city, such as `\"Europe/Madrid\"`"),
                });
                self.vocabulary.zone.clone()
            }
        }
    }
}
