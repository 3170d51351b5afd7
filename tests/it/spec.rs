//! Runs the manual: every `timeline` block in `tests/spec/*.md` is what really happens.
//!
//! A chapter is prose with blocks. `vocabulary`, `directory`, `given` and `play` stay in force until they are written
//! again; a `play` block may begin with its first rule; ```` ```play named=later.play ```` is a version for a `reload` step.
//! `steps` are those of a scenario. A `timeline` block must equal what is drawn of the steps before it, `coverage` what they reach,
//! `changes` which small changes of the playbook they would notice. `csv` is the directory
//! as a table, `mail named=…` a mail in English (`template.yaml`, then its subject, then its text), `feed` recorded lines; a
//! block `touchline replay …`, `touchline why …`, `check`, `fmt` or `convert` must equal what the command prints of
//! them, with `--playbooks` and `--feed` given. For `touchline diff` and `touchline backtest` the present playbook lies in `before/`, and
//! each `play named=…` in a folder of its name.
//! `TOUCHLINE_SPEC=rewrite cargo test --test it spec` writes the timelines anew: read them before they are committed.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use touchline::compile::{Options, Project, Unit, project};
use touchline::engine::ruleset::RuleSet;
use touchline::lang::diagnostic::Diagnostic;
use touchline::lang::render::{Look, human};
use touchline::lang::source::Sources;
use touchline::replay::run::{Played, play};
use touchline::replay::scenario::{self, ScenarioFile};
use touchline::trust::coverage::{Coverage, Kind};
use touchline::trust::mutate::judge::{Case, Fate, judge};
use touchline::trust::mutate::prepare;

/// One chapter, line by line.
#[derive(Default)]
struct Chapter {
    heading: String,
    vocabulary: String,
    directory: String,
    csv: String,
    feed: String,
    given: String,
    mails: Vec<(String, String)>,
    play: String,
    later: Vec<(String, String)>,
    steps: String,
    timelines: usize,
}

#[test]
fn every_chapter_of_the_manual_is_true() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spec");
    let mut chapters: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "md") && !path.ends_with("README.md"))
        .collect();
    chapters.sort();
    assert!(chapters.len() >= 8, "the chapters were not found");
    let rewrite = std::env::var("TOUCHLINE_SPEC").is_ok_and(|value| value == "rewrite");
    let mut wrong = String::new();
    for path in chapters {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let drawn = run(&name, &text, &mut wrong);
        if drawn != text {
            match rewrite {
                true => fs::write(&path, &drawn).unwrap(),
                false => {
                    let diff = similar::TextDiff::from_lines(&text, &drawn);
                    writeln!(wrong, "{name}:\n{}", diff.unified_diff().context_radius(4)).unwrap();
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_first_page_names_every_chapter_once_in_the_order_to_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spec");
    let page = fs::read_to_string(folder.join("README.md")).unwrap();
    let mut named: Vec<&str> = page.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    let numbers = page.lines().filter_map(|line| line.split_once(". [")?.0.parse::<usize>().ok());
    assert_eq!(numbers.collect::<Vec<_>>(), (1..=named.len()).collect::<Vec<_>>(), "they are counted");
    named.sort_unstable();
    let mut chapters: Vec<String> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    chapters.retain(|name| name.ends_with(".md") && name != "README.md");
    chapters.sort_unstable();
    assert_eq!(named, chapters);
}

/// Returns the chapter with every timeline as it is drawn.
fn run(name: &str, text: &str, wrong: &mut String) -> String {
    let mut chapter = Chapter::default();
    let mut drawn = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        writeln!(drawn, "{line}").unwrap();
        if line.starts_with('#') {
            chapter.heading = line.trim_start_matches('#').trim().to_owned();
        }
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
        let block: String =
            lines.by_ref().take_while(|line| *line != "```").fold(String::new(), |block, line| block + line + "\n");
        let shown = match info.strip_prefix("touchline ") {
            _ if info == "timeline" => chapter.timeline(name, wrong),
            _ if info == "coverage" => chapter.coverage(),
            _ if info == "changes" => chapter.changes(),
            Some(command) => chapter.command(name, command),
            None => block.clone(),
        };
        writeln!(drawn, "{shown}```").unwrap();
        chapter.take(info, block, name);
    }
    assert!(chapter.timelines > 0, "{name} holds no timeline");
    drawn
}

impl Chapter {
    fn take(&mut self, info: &str, block: String, name: &str) {
        match info {
            "vocabulary" => self.vocabulary = block,
            "directory" => (self.directory, self.csv) = (block, String::new()),
            "csv" => (self.directory, self.csv) = (String::new(), block),
            "feed" => self.feed = block,
            "given" => self.given = block,
            "play" => self.play = block,
            "steps" => self.steps = block,
            "timeline" => self.timelines += 1,
            "text" | "coverage" | "changes" => {}
            _ if info.starts_with("touchline ") => self.timelines += 1,
            _ => match (info.strip_prefix("play named="), info.strip_prefix("mail named=")) {
                (Some(file), _) => self.later.push((file.to_owned(), block)),
                (_, Some(mail)) => self.mails.push((mail.to_owned(), block)),
                _ => panic!("{name}: `{info}` is no kind of block"),
            },
        }
    }

    fn sources(&self, play: &str) -> Sources {
        let mut sources = Sources::default();
        sources.add("vocabulary.yaml", self.vocabulary.as_bytes());
        match self.csv.is_empty() {
            true => sources.add("directory.yaml", self.directory.as_bytes()),
            false => sources.add("directory.csv", self.csv.as_bytes()),
        };
        sources.add("manual.play", whole(play).as_bytes());
        for (mail, text) in &self.mails {
            let (declared, rest) = text.split_once("subject: ").unwrap();
            let (subject, body) = rest.split_once('\n').unwrap();
            for (file, text) in [("template.yaml", declared), ("en/subject.txt", subject), ("en/body.txt", body)] {
                sources.add(format!("emails/{mail}/{file}"), text.as_bytes());
            }
        }
        let given = match self.given.is_empty() {
            true => String::new(),
            false => format!("given:\n{}", indented(&self.given, 2)),
        };
        let scenario = format!(
            "playbook: manual\nclock: Europe/Madrid\n{given}scenarios:\n  - name: manual\n    steps:\n{}",
            indented(&self.steps, 6)
        );
        sources.add("manual.test.yaml", scenario.as_bytes());
        sources
    }

    /// Runs a command in a folder of its own and returns what it prints.
    fn command(&self, name: &str, command: &str) -> String {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("spec").join(name);
        fs::create_dir_all(&place).unwrap();
        let (kept, gone, table) = match self.csv.is_empty() {
            true => ("directory.yaml", "directory.csv", &self.directory),
            false => ("directory.csv", "directory.yaml", &self.csv),
        };
        fs::remove_file(place.join(gone)).ok();
        let files = [
            ("vocabulary.yaml", &self.vocabulary),
            (kept, table),
            ("manual.play", &whole(&self.play)),
            ("feed.jsonl", &self.feed),
        ];
        files.iter().for_each(|(file, text)| fs::write(place.join(file), text).unwrap());
        let mut words = command.split(' ');
        let verb = words.next().unwrap();
        let given: &[&str] = match verb {
            "diff" => &[],
            "backtest" => &["--feed", "feed.jsonl"],
            "check" => &["manual.play", "--feed", "feed.jsonl"],
            "fmt" | "convert" => &["manual.play"],
            _ => &["--playbooks", ".", "--feed", "feed.jsonl"],
        };
        let now = ("before.play".to_owned(), self.play.clone());
        for (name, play) in self.later.iter().chain([&now]).filter(|_| ["diff", "backtest"].contains(&verb)) {
            let folder = place.join(name.trim_end_matches(".play"));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("manual.play"), whole(play)).unwrap();
        }
        let run = Command::new(env!("CARGO_BIN_EXE_touchline"))
            .arg(verb)
            .args(given)
            .args(words)
            .current_dir(&place)
            .output()
            .unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        text.lines().fold(String::new(), |text, line| text + line.trim_end() + "\n")
    }

    fn timeline(&self, name: &str, wrong: &mut String) -> String {
        let sources = self.sources(&self.play);
        let compiled = compile(&sources);
        let errors: Vec<Diagnostic> = compiled.diagnostics.iter().filter(|d| d.is_error()).cloned().collect();
        let mut say = |sources: &Sources, problems: &[Diagnostic]| {
            if !problems.is_empty() {
                let told = human(sources, problems, Look::PLAIN);
                writeln!(wrong, "{name}, {}:\n{told}", self.heading).unwrap();
            }
        };
        say(&sources, &errors);
        let Some(unit) = compiled.units.first() else { return String::new() };
        let (scenarios, problems) = scenario::read(&sources, compiled.scenarios[0], &unit.ruleset());
        say(&sources, &problems);
        let Some(file) = scenarios else { return String::new() };
        let Some(one) = file.scenarios.first() else { return String::new() };
        let mut reload = |file: &str| self.reloaded(file);
        let played = play(&file, one, &unit.ruleset(), &mut reload);
        say(&sources, &played.problems);
        played.timeline
    }

    /// Plays the steps and hands them on with what they are about.
    fn played<T>(&self, tell: impl FnOnce(&Sources, &Unit, &ScenarioFile, &Played) -> T) -> T {
        let sources = self.sources(&self.play);
        let compiled = compile(&sources);
        let unit = &compiled.units[0];
        let file = scenario::read(&sources, compiled.scenarios[0], &unit.ruleset()).0.unwrap();
        let played = play(&file, &file.scenarios[0], &unit.ruleset(), &mut |file| self.reloaded(file));
        tell(&sources, unit, &file, &played)
    }

    fn coverage(&self) -> String {
        self.played(|_, unit, file, played| {
            let mut coverage = Coverage::default();
            coverage.add(&file.scenarios[0], &played.reached);
            let report = coverage.report(unit.rules.iter().map(|rule| (&**rule, &*unit.templates)));
            let mut told = String::new();
            for (kind, tally) in Kind::ALL.into_iter().zip(report.total).filter(|(_, tally)| tally.all > 0) {
                let share = tally.percent();
                writeln!(told, "{} of {} {}, {share} %", tally.reached, tally.all, kind.plural()).unwrap();
            }
            for rule in &report.rules {
                rule.missed.iter().for_each(|missed| writeln!(told, "{}: {}", rule.rule.rule, missed.what).unwrap());
            }
            told
        })
    }

    fn changes(&self) -> String {
        self.played(|sources, unit, file, base| {
            let versions = BTreeMap::new();
            let cases = [Case { file, scenario: &file.scenarios[0], base, versions: &versions }];
            let mut told = String::new();
            for mutant in prepare(sources, unit, &unit.playbooks[0]) {
                let noticed = matches!(judge(&unit.ruleset(), &mutant, &cases), Fate::Killed(_));
                let sentence = match mutant.is.is_empty() {
                    true => format!("- {}", mutant.was.join(" ")),
                    false => mutant.is.join(" "),
                };
                writeln!(told, "{}  {sentence}", if noticed { "noticed " } else { "survived" }).unwrap();
            }
            told
        })
    }

    fn reloaded(&self, file: &str) -> Result<std::sync::Arc<RuleSet>, String> {
        let (_, text) = self.later.iter().find(|(name, _)| name == file).ok_or("there is no such block")?;
        let sources = self.sources(text);
        let compiled = compile(&sources);
        match compiled.diagnostics.iter().find(|problem| problem.is_error()) {
            Some(error) => Err(error.message.clone()),
            None => Ok(compiled.units[0].ruleset()),
        }
    }
}

/// Returns a playbook with a header.
fn whole(play: &str) -> String {
    let header =
        "playbook manual \"The manual\" version 1\ntime zone \"Europe/Madrid\"\nowner \"owner@example.test\"\n\n";
    if play.starts_with("playbook") { play.to_owned() } else { format!("{header}{play}") }
}

fn compile(sources: &Sources) -> Project {
    project(sources, &Options::default())
}

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{}{line}\n", " ".repeat(by))).collect()
}
