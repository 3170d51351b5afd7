//! `--review`: asks a person about each timeline that is new or has changed, and about each that nothing draws any more.
//!
//! An answer is a line, so that it works in every terminal and over every connection. What is accepted is in its place at once:
//! whoever stops half-way keeps what was answered. Left out: timelines in which something expected did not happen, which nobody
//! can accept.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::bail;

use super::super::files;
use super::super::screen::{BAD, BOLD, DIM, GOOD, Screen, WARN, difference, hang};
use super::judge::{FileJudged, Mark, Snapshot, remove};

/// What came of a review.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reviewed {
    /// Timelines that were accepted, and left-over ones that were removed.
    pub accepted: u64,
    /// Those that were thrown away.
    pub rejected: u64,
    /// Those that are still to be answered.
    pub skipped: u64,
}

/// What a person answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Accept,
    Reject,
    Skip,
    Quit,
}

/// Refuses to ask where nobody could answer.
pub fn must_be_watched(paths: &[PathBuf]) -> anyhow::Result<()> {
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        return Ok(());
    }
    let named = paths.iter().map(|path| files::shown(path)).collect::<Vec<_>>().join(" ");
    bail!(
        "--review asks a person at a terminal, and here is none: read what `touchline test {named}` shows, then type \
         `touchline test {named} --accept`"
    )
}

/// Asks about everything that differs, in the order it was played, and does what is answered.
pub fn walk(screen: &mut Screen, files: &mut [FileJudged], answers: &mut dyn BufRead) -> anyhow::Result<Reviewed> {
    let all = files.iter().map(open_questions).sum::<usize>();
    let mut walk = Walk { screen, answers, asked: 0, all, quit: false, reviewed: Reviewed::default() };
    for file in files {
        walk.file(file)?;
    }
    Ok(walk.reviewed)
}

fn open_questions(file: &FileJudged) -> usize {
    file.scenarios.iter().filter(|scenario| scenario.can_be_accepted()).count() + file.left_over.len()
}

struct Walk<'a> {
    screen: &'a mut Screen,
    answers: &'a mut dyn BufRead,
    asked: usize,
    all: usize,
    quit: bool,
    reviewed: Reviewed,
}

impl Walk<'_> {
    fn file(&mut self, file: &mut FileJudged) -> anyhow::Result<()> {
        let path = file.path.clone();
        for scenario in file.scenarios.iter_mut().filter(|scenario| scenario.can_be_accepted()) {
            let Some((accepted, drawn)) = scenario.difference.take() else { continue };
            let is_new = accepted.trim().is_empty();
            let what = if is_new { "new" } else { "changed" };
            if !self.quit {
                self.heading(&path, &scenario.name, what)?;
                difference(self.screen, &accepted, &drawn)?;
            }
            let snapshot = Snapshot::of(&path, &scenario.name);
            match self.ask()? {
                Answer::Accept => {
                    snapshot.accept(&path, &scenario.name, &drawn)?;
                    (scenario.mark, scenario.says) = (Mark::Accepted, String::new());
                }
                Answer::Reject => {
                    snapshot.reject()?;
                    let says = if is_new { "nothing is accepted yet" } else { "the accepted timeline stays" };
                    scenario.says = format!(" (rejected: {says})");
                }
                Answer::Skip | Answer::Quit => {}
            }
        }
        let mut left = vec![];
        for snapshot in file.left_over.drain(..) {
            if !self.quit {
                let name = snapshot.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
                self.heading(&path, &name, "left over: to accept this is to remove the file")?;
            }
            match self.ask()? {
                Answer::Accept => remove(&snapshot)?,
                Answer::Reject | Answer::Skip | Answer::Quit => left.push(snapshot),
            }
        }
        file.left_over = left;
        Ok(())
    }

    fn heading(&mut self, path: &str, name: &str, what: &str) -> io::Result<()> {
        let place = format!("{} of {}", self.asked + 1, self.all);
        let told = hang(&format!("{name} ({what})"), place.len() + 2, self.screen.width);
        writeln!(self.screen.out, "\n{DIM}{path}{DIM:#}\n{BOLD}{place}  {told}{BOLD:#}")
    }

    /// Asks until an answer is understood; whoever has quit, or hung up, skips the rest.
    fn ask(&mut self) -> io::Result<Answer> {
        let answer = if self.quit { Answer::Quit } else { self.answered()? };
        self.asked += 1;
        match answer {
            Answer::Accept => self.reviewed.accepted += 1,
            Answer::Reject => self.reviewed.rejected += 1,
            Answer::Skip | Answer::Quit => self.reviewed.skipped += 1,
        }
        self.quit |= answer == Answer::Quit;
        Ok(answer)
    }

    fn answered(&mut self) -> io::Result<Answer> {
        loop {
            write!(
                self.screen.out,
                "{GOOD}a{GOOD:#} accept  {BAD}r{BAD:#} reject  {WARN}s{WARN:#} skip  {BOLD}q{BOLD:#} quit, then Enter: "
            )?;
            self.screen.flush()?;
            let mut line = String::new();
            if self.answers.read_line(&mut line)? == 0 {
                writeln!(self.screen.out)?;
                return Ok(Answer::Quit);
            }
            match line.trim().to_lowercase().as_str() {
                "a" | "accept" => return Ok(Answer::Accept),
                "r" | "reject" => return Ok(Answer::Reject),
                "s" | "skip" => return Ok(Answer::Skip),
                "q" | "quit" => return Ok(Answer::Quit),
                _ => self.explain()?,
            }
        }
    }

    fn explain(&mut self) -> io::Result<()> {
        for (letter, means) in [
            ("a", "what is drawn now is right: it becomes the accepted timeline"),
            ("r", "it is wrong: it is thrown away, and the scenario stays not ok until the playbook is mended"),
            ("s", "ask again the next time"),
            ("q", "stop here; what was answered stays answered"),
        ] {
            writeln!(self.screen.out, "  {letter}  {}", hang(means, 5, self.screen.width))?;
        }
        Ok(())
    }
}

/// Says what came of it; `not_ok` scenarios are so in the end.
pub fn show(screen: &mut Screen, reviewed: Reviewed, not_ok: u64) -> io::Result<()> {
    if reviewed == Reviewed::default() {
        let why =
            if not_ok > 0 { ": where something expected does not happen, there is nothing to accept" } else { "" };
        return writeln!(screen.out, "nothing to review{why}");
    }
    let counts = [(reviewed.accepted, "accepted"), (reviewed.rejected, "rejected"), (reviewed.skipped, "skipped")];
    let told = counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    writeln!(screen.out, "{BOLD}reviewed: {}{BOLD:#}", told.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::fs;
    use std::path::PathBuf;
    use std::rc::Rc;

    use super::super::judge::Judged;
    use super::*;
    use crate::lang::codes;
    use crate::lang::diagnostic::Diagnostic;
    use crate::lang::source::{FileNo, Span};
    use crate::replay::snapshot;

    /// A sheet that is read while somebody writes on it.
    #[derive(Clone, Default)]
    struct Sheet(Rc<RefCell<Vec<u8>>>);

    impl Write for Sheet {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A folder with four scenarios: one is new, one changed, one as accepted, one misses what it expects. And a timeline
    /// that nothing draws.
    struct Desk {
        folder: Folder,
        files: Vec<FileJudged>,
    }

    struct Folder(PathBuf);

    const NOWHERE: Span = Span { file: FileNo(0), start: 0, end: 0 };

    impl Desk {
        fn new(name: &str) -> Desk {
            let folder = std::env::temp_dir().join(format!("touchline-review-{}-{name}", std::process::id()));
            fs::create_dir_all(folder.join("snapshots")).expect("a folder for a test");
            let scenario = |name: &str, accepted: Option<&str>, drawn: &str| Judged {
                name: name.to_owned(),
                span: NOWHERE,
                mark: if accepted == Some(drawn) { Mark::Ok } else { Mark::NotOk },
                says: " (differs)".to_owned(),
                difference: (accepted != Some(drawn)).then(|| (accepted.unwrap_or_default().into(), drawn.into())),
                problems: vec![],
            };
            let mut scenarios = vec![
                scenario("one", None, "Mon\n  fires"),
                scenario("two", Some("Mon\n  fires"), "Mon\n  NO"),
                scenario("three", Some("Tue"), "Tue"),
                scenario("four", Some("Wed"), "Thu"),
            ];
            scenarios[3].problems.push(Diagnostic::error(codes::TODO, NOWHERE, "something expected did not happen"));
            let desk = Desk { folder: Folder(folder), files: vec![] };
            let left_over = desk.write("gone.snap", "");
            for (name, text) in [("two", "Mon\n  fires"), ("three", "Tue"), ("four", "Wed")] {
                desk.write(&format!("x__{name}.snap"), &snapshot::write("x.test.yaml", name, text));
            }
            for name in ["one", "two", "four"] {
                desk.write(&format!("x__{name}.snap.new"), "drawn");
            }
            let path = desk.folder.0.join("x.test.yaml").to_string_lossy().into_owned();
            Desk { files: vec![FileJudged { path, scenarios, left_over: vec![left_over] }], ..desk }
        }

        fn write(&self, name: &str, text: &str) -> PathBuf {
            let path = self.folder.0.join("snapshots").join(name);
            fs::write(&path, text).expect("a folder for a test");
            path
        }

        fn read(&self, name: &str) -> Option<String> {
            let text = fs::read_to_string(self.folder.0.join("snapshots").join(name)).ok()?;
            Some(snapshot::read(&text).unwrap_or(text))
        }

        /// Answers, and returns what came of it and what was shown.
        fn answer(&mut self, lines: &str) -> (Reviewed, String) {
            let sheet = Sheet::default();
            let mut screen = Screen::on_paper(Box::new(sheet.clone()));
            let reviewed = walk(&mut screen, &mut self.files, &mut lines.as_bytes()).expect("a folder for a test");
            screen.flush().expect("a vector takes everything");
            let shown = String::from_utf8(sheet.0.borrow().clone()).expect("text");
            (reviewed, shown)
        }

        fn marks(&self) -> Vec<(Mark, &str)> {
            self.files[0].scenarios.iter().map(|scenario| (scenario.mark, &*scenario.says)).collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn what_is_accepted_is_in_its_place_and_what_is_rejected_is_gone() {
        let mut desk = Desk::new("answers");
        let (reviewed, shown) = desk.answer("a\nReject\na\n");
        assert_eq!(reviewed, Reviewed { accepted: 2, rejected: 1, skipped: 0 });
        assert_eq!((desk.read("x__one.snap").as_deref(), desk.read("x__one.snap.new")), (Some("Mon\n  fires"), None));
        assert_eq!((desk.read("x__two.snap").as_deref(), desk.read("x__two.snap.new")), (Some("Mon\n  fires"), None));
        assert_eq!(desk.read("x__four.snap").as_deref(), Some("Wed"), "nobody was asked about it");
        assert!(!shown.contains("four") && !shown.contains("three"), "{shown}");
        assert!(desk.files[0].left_over.is_empty() && desk.read("gone.snap").is_none(), "it was to be removed");
        let rejected = (Mark::NotOk, " (rejected: the accepted timeline stays)");
        assert_eq!(desk.marks()[..2], [(Mark::Accepted, ""), rejected]);
        for shows in
            ["1 of 3  one (new)", "    + Mon", "2 of 3  two (changed)", "    -   fires", "    +   NO", "3 of 3"]
        {
            assert!(shown.contains(shows), "no {shows} in\n{shown}");
        }
    }

    #[test]
    fn what_is_skipped_stays_to_be_asked_again_and_nonsense_is_explained() {
        let mut desk = Desk::new("skipped");
        let (reviewed, shown) = desk.answer("s\n\nyes\nQUIT\na\n");
        assert_eq!(reviewed, Reviewed { accepted: 0, rejected: 0, skipped: 3 });
        assert_eq!(shown.matches("becomes the accepted timeline").count(), 2, "an empty line and a word: {shown}");
        assert!(!shown.contains("3 of 3"), "nothing is shown after the end: {shown}");
        assert!(desk.read("x__one.snap.new").is_some() && desk.read("x__two.snap.new").is_some());
        assert!(desk.read("x__one.snap").is_none() && desk.read("gone.snap").is_some());
        assert_eq!(desk.files[0].left_over.len(), 1);
    }

    #[test]
    fn who_hangs_up_has_quit() {
        let mut desk = Desk::new("hung_up");
        let (reviewed, _) = desk.answer("a");
        assert_eq!(reviewed, Reviewed { accepted: 1, rejected: 0, skipped: 2 });
        assert!(desk.read("x__one.snap").is_some(), "what was answered stays answered");
        let (again, shown) = Desk { files: vec![], ..Desk::new("nothing") }.answer("a\n");
        assert_eq!((again, shown.as_str()), (Reviewed::default(), ""));
    }
}
