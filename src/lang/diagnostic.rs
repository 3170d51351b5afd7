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

    fn new(code: &'static str, severity: Severity, span: Span, message: String) -> Diagnostic {
        let message = clipped(message);
        Diagnostic { code, severity, message, span, label: String::new(), related: Vec::new(), help: None }
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

    /// Tells whether this is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
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
