//! `{x.y}` inside the texts after `saying`.

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{Offsets, Slice};
use crate::lang::tree;

/// A stretch of a text with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Said as it stands; `{{` and `}}` are braces by now.
    Literal(String),
    /// The value of a path.
    Path(tree::Path),
}

/// Cuts a text (without its quotes) into what is said as it stands and what is filled in.
pub fn placeholders(slice: &Slice) -> (Vec<Piece>, Vec<Diagnostic>) {
    let mut pieces = Vec::new();
    let mut problems = Vec::new();
    let mut literal = String::new();
    let text = slice.text;
    let mut at = 0;
    while let Some(brace) = text[at..].find(['{', '}']).map(|offset| at + offset) {
        literal.push_str(&text[at..brace]);
        let rest = &text[brace..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            literal.push_str(&rest[..1]);
            at = brace + 2;
        } else if rest.starts_with('}') {
            problems.push(lonely(slice, brace, "`}` without a `{` before it"));
            at = brace + 1;
        } else if let Some(length) = rest[1..].find(['{', '}']).filter(|length| rest[1 + length..].starts_with('}')) {
            let (start, end) = (brace + 1, brace + 1 + length);
            match inside(slice, start, end) {
                Ok(path) => {
                    if !literal.is_empty() {
                        pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                    }
                    pieces.push(Piece::Path(path));
                }
                Err(problem) => problems.push(problem),
            }
            at = end + 1;
        } else {
            problems.push(lonely(slice, brace, "`{` without a `}` behind it"));
            at = brace + 1;
        }
    }
    literal.push_str(&text[at..]);
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    problems.truncate(super::MOST_PROBLEMS);
    (pieces, problems)
}

fn lonely(slice: &Slice, brace: usize, message: &str) -> Diagnostic {
    Diagnostic::error(codes::PLACEHOLDER, slice.span(brace, brace + 1), message)
        .help("write `{store.name}` for a value, `{{` or `}}` for a brace")
}

fn inside(slice: &Slice, start: usize, end: usize) -> Result<tree::Path, Diagnostic> {
    let offsets = match &slice.offsets {
        Offsets::Shift(shift) => Offsets::Shift(shift + start as u32),
        Offsets::Table(table) => {
            Offsets::Table(table.get(start..).unwrap_or(&[]).iter().take(end - start + 1).copied().collect())
        }
    };
    let inner = Slice { text: &slice.text[start..end], file: slice.file, offsets };
    // To the grammar a comment would begin at `#`.
    let plain = !inner.text.contains(['#', '/']);
    super::path(&inner).sound().filter(|_| plain).ok_or_else(|| {
        let shown = inner.text.trim();
        let message = if shown.is_empty() {
            "an empty placeholder".to_owned()
        } else {
            format!("`{{{shown}}}` is no placeholder: between braces stands the name of a value")
        };
        Diagnostic::error(codes::PLACEHOLDER, slice.span(start - 1, end + 1), message)
            .help("write a name or a path, such as `{store.name}`; for a brace itself write `{{`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::source::FileNo;

    fn read(text: &str) -> (Vec<String>, Vec<String>) {
        let slice = Slice { text, file: FileNo(0), offsets: Offsets::Shift(0) };
        let (pieces, problems) = placeholders(&slice);
        let shown = pieces.iter().map(|piece| match piece {
            Piece::Literal(text) => text.clone(),
            Piece::Path(path) => {
                format!("<{}>", path.words.iter().map(|word| word.node.as_str()).collect::<Vec<_>>().join("."))
            }
        });
        (shown.collect(), problems.into_iter().map(|problem| problem.message).collect())
    }

    #[test]
    fn finds_paths_and_keeps_braces() {
        let (pieces, problems) = read("Wait in {store.name} is {wait}, {{really}}.");
        assert_eq!(pieces, ["Wait in ", "<store.name>", " is ", "<wait>", ", {really}."]);
        assert!(problems.is_empty(), "{problems:?}");
    }

    #[test]
    fn says_what_is_wrong_with_braces() {
        assert_eq!(read("a } b").1, ["`}` without a `{` before it"]);
        assert_eq!(read("a { b").1, ["`{` without a `}` behind it"]);
        assert_eq!(read("a {} b").1, ["an empty placeholder"]);
        assert_eq!(read("a {x + 1} b").1.len(), 1);
        assert_eq!(read(&"{".repeat(10_001)).1.len(), 1);
    }
}
