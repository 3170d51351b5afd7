//! `Diagnostic`: one problem with its place and its remedy.
//!
//! A problem in a file is data, never an error type: a run collects all of them. The same value feeds people
//! (`lang::render`), JSON, SARIF and editors. Codes are listed in `lang::codes`.

use serde::{Deserialize, Serialize};

use crate::lang::codes;
use crate::lang::source::{FileNo, Span};

/// The largest file of playbooks, vocabulary or directory that is read, in bytes.
pub const LARGEST_FILE: usize = 1_000_000;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The rule or file cannot be used.
    Error,
    /// It can be used, and is probably not what was meant.
    Warning,
    /// No problem: something to know, such as how many more there are.
    Note,
}

/// How many problems a notice stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct More {
    /// That many errors.
    pub errors: u64,
    /// That many warnings.
    pub warnings: u64,
    /// Whether there may be more of them: rules were counted and not taken apart.
    pub at_least: bool,
}

impl More {
    /// Adds a problem, or what a notice stands for.
    pub fn add(&mut self, problem: &Diagnostic) {
        match (&problem.more, problem.severity) {
            (Some(more), _) => {
                self.errors += more.errors;
                self.warnings += more.warnings;
                self.at_least |= more.at_least;
            }
            (None, Severity::Error) => self.errors += 1,
            (None, Severity::Warning) => self.warnings += 1,
            (None, Severity::Note) => {}
        }
    }
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable code such as `P014`, from `lang::codes`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One lowercase sentence without a full stop; the user's words in back-ticks.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What stands there, in a few words, beside the caret; may be empty.
    pub label: String,
    /// Other places that matter, each with a few words (the first of two definitions, for one).
    pub related: Vec<(Span, String)>,
    /// What to type.
    pub help: Option<String>,
    /// What it stands for, where it is a notice of what is not shown.
    pub more: Option<More>,
}

impl Diagnostic {
    /// Returns an error at `span`.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, Severity::Error, span, message.into())
    }

    /// Returns a warning at `span`.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, Severity::Warning, span, message.into())
    }

    /// Returns a note at `span`.
    pub fn note(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, Severity::Note, span, message.into())
    }

    fn new(code: &'static str, severity: Severity, span: Span, message: String) -> Diagnostic {
        let message = clipped(message);
        Diagnostic { code, severity, message, span, label: String::new(), related: Vec::new(), help: None, more: None }
    }

    /// Returns what is told already, where it arises: it makes useless what hangs on it and is not told again.
    pub fn told(span: Span) -> Diagnostic {
        Diagnostic::error(TOLD, span, "")
    }

    /// Returns the error of a file too large to be read.
    pub fn too_large(file: FileNo, bytes: usize, help: &str) -> Diagnostic {
        let (megabytes, most) = (bytes as f64 / 1e6, LARGEST_FILE as f64 / 1e6);
        let message = format!("the file has {megabytes:.1} MB, and at most {most} MB are read");
        Diagnostic::error(codes::FILE_TOO_LARGE, Span::new(file, 0, 0), message).help(help)
    }

    /// Returns the notice that more is wrong than is shown.
    pub fn more(span: Span, more: More) -> Diagnostic {
        let count = more.errors + more.warnings;
        let at_least = if more.at_least { "at least " } else { "" };
        let (problems, are) = if count == 1 { ("problem", "is") } else { ("problems", "are") };
        let message = format!("{at_least}{count} more {problems} in this file {are} not shown");
        let notice = Diagnostic::new(codes::TOO_MANY, Severity::Note, span, message);
        Diagnostic { more: Some(more), ..notice.help("mend the problems above first") }
    }

    /// Tells whether this was told already.
    pub fn is_told(&self) -> bool {
        self.code == TOLD
    }

    /// Adds what stands beside the caret.
    pub fn label(mut self, label: impl Into<String>) -> Diagnostic {
        self.label = clipped(label.into());
        self
    }

    /// Adds what to type.
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(clipped(help.into()));
        self
    }

    /// Adds another place that matters.
    pub fn related(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.related.push((span, clipped(text.into())));
        self
    }

    /// Tells whether it belongs among the errors: as one of them, or as the notice of further ones.
    pub fn is_among_errors(&self) -> bool {
        self.is_error() || self.more.is_some_and(|more| more.errors > 0)
    }

    /// Tells whether this is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// How many problems of one file are shown.
pub const MOST_SHOWN: usize = 200;

/// Keeps the first [`MOST_SHOWN`] problems of a file, errors before warnings, and says in one notice how many more
/// there are. They are in order.
pub fn limit(problems: &mut Vec<Diagnostic>) {
    let notices = problems.iter().any(|problem| problem.more.is_some());
    if problems.len() <= MOST_SHOWN && !notices {
        return;
    }
    let (mut more, mut place) = (More::default(), None);
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    let mut room = [MOST_SHOWN, MOST_SHOWN.saturating_sub(errors)];
    problems.retain(|problem| {
        let room = &mut room[usize::from(!problem.is_error())];
        if problem.more.is_none() && *room > 0 {
            *room -= 1;
            return true;
        }
        more.add(problem);
        place.get_or_insert(problem.span);
        false
    });
    problems.extend(place.map(|place| Diagnostic::more(place, more)));
}

/// The code of what nobody is shown.
const TOLD: &str = "";

/// The longest sentence of a message, in bytes: a word may be as long as its file.
const MAX_SENTENCE: usize = 600;

/// Cuts the middle out of a sentence that nobody would read.
fn clipped(text: String) -> String {
    if text.len() <= MAX_SENTENCE {
        return text;
    }
    let boundary = |from: usize| (from..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    format!("{} … {}", &text[..boundary(MAX_SENTENCE / 2)], &text[boundary(text.len() - MAX_SENTENCE / 4)..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_shown_before_warnings_and_notices_become_one() {
        let place = |at| Span::new(FileNo(0), at, at + 1);
        let mut problems: Vec<Diagnostic> = (0..250)
            .map(|at| match at % 2 {
                0 => Diagnostic::warning("L001", place(at), "a warning"),
                _ => Diagnostic::error("P046", place(at), "an error"),
            })
            .collect();
        let unread = More { errors: 40, warnings: 0, at_least: true };
        problems.push(Diagnostic::more(place(250), unread));
        limit(&mut problems);
        let shown = |error: bool| problems.iter().filter(|p| p.more.is_none() && p.is_error() == error).count();
        assert_eq!((shown(true), shown(false), problems.len()), (125, 75, MOST_SHOWN + 1));
        let notice = problems.last().expect("there is one");
        assert_eq!(notice.more, Some(More { errors: 40, warnings: 50, at_least: true }));
        assert_eq!(notice.message, "at least 90 more problems in this file are not shown");
        assert!(!notice.is_error() && notice.is_among_errors());
    }
}
