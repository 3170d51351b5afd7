//! Scripts: compiled with the names of their place.

use crate::compile::lower::Lower;
use crate::compile::scope::{Scope, did_you_mean};
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{Span, Spanned};
use crate::lang::tree::Path;
use crate::script::Script;

/// Compiles the script at `span` (back-ticks included), or reports why not.
pub fn compile(lower: &mut Lower<'_>, scope: &Scope, text: &str, span: Span) -> Option<Script> {
    let find = |lower: &Lower<'_>, name: &str| {
        let words = name.split('.').map(|word| Spanned { node: word.to_owned(), span }).collect();
        lower.find(scope, &Path { words, span })
    };
    match Script::compile(text, &|name| find(lower, name).ok()) {
        Ok(script) => Some(script),
        Err(problem) => {
            if scope.incomplete && problem.unknown.is_some() {
                return None;
            }
            if let Some(unknown) = &problem.unknown
                && find(lower, unknown).is_err_and(|problem| problem.is_told())
            {
                lower.report(Diagnostic::told(span));
                return None;
            }
            let place = within(lower, text, span, problem.start, problem.end);
            let mut told = Diagnostic::error(codes::SCRIPT, place, problem.message);
            told.help = problem.help;
            if let Some(unknown) = &problem.unknown {
                told = did_you_mean(told, unknown, scope.names(lower.vocabulary), "known here are");
            }
            if told.help.is_none() {
                told.help = Some("mend the script, or say it in a sentence: `score is more than 3`".into());
            }
            lower.report(told);
            None
        }
    }
}

/// Returns the place of a stretch of the script in its file: exact where the file holds the script as it is.
fn within(lower: &Lower<'_>, text: &str, span: Span, start: usize, end: usize) -> Span {
    match lower.sources.slice(span).find(text) {
        Some(begins) => {
            let base = span.start as usize + begins;
            Span::new(span.file, base + start.min(text.len()), base + end.min(text.len()))
        }
        None => span,
    }
}
