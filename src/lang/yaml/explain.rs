//! The words for what is wrong with a YAML file: what a person sees instead of the parser's own terms.
//!
//! Left out: mistakes in what the keys mean (`read`, `playbook`).

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{FileNo, Span};
use crate::lang::yaml::parse::{ErrorKind, MAX_DEPTH, Stop};

pub(super) fn not_utf8(span: Span) -> Diagnostic {
    Diagnostic::error(codes::INVALID_UTF8, span, "the file is not UTF-8 text")
        .label("the first byte that is not UTF-8")
        .help("save the file with the encoding UTF-8")
}

/// Returns the characters that no YAML file should hold, and their places.
pub(super) fn bad_characters(text: &str) -> impl Iterator<Item = (usize, char)> {
    text.char_indices().filter(|(at, character)| {
        matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{80}'..='\u{84}' | '\u{86}'..='\u{9f}')
            || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            || *character == '\u{feff}' && *at > 0
    })
}

pub(super) fn bad_character_at(span: Span, character: char) -> Diagnostic {
    let what = match character {
        '\0' => "a NUL character stands in the file".to_owned(),
        '\u{feff}' => "a byte order mark stands inside the file".to_owned(),
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            format!(
                "a hidden mark (U+{:04X}) turns the direction of the text, so that it reads otherwise than it is",
                character as u32
            )
        }
        _ => format!("a control character (U+{:04X}) stands in the file", character as u32),
    };
    Diagnostic::error(codes::FORBIDDEN_CHARACTER, span, what).label("here, invisible").help("delete it")
}

pub(super) fn empty(span: Span) -> Diagnostic {
    Diagnostic::error(codes::YAML_EMPTY, span, "the file holds nothing").help("write at least one `key: value`")
}

pub(super) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::error(codes::TOO_DEEP, span, format!("more than {MAX_DEPTH} levels are nested here"))
        .help("nothing in a playbook needs so many: look for a bracket too much")
}

pub(super) fn anchor(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(codes::YAML_ALIAS, span, format!("anchors such as `&{name}` are not read"))
        .help("write the value out where it is needed; a text that begins with `&` goes in quotes")
}

pub(super) fn alias(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(codes::YAML_ALIAS, span, format!("aliases such as `*{name}` are not read"))
        .help("write the value out where it is needed; a text that begins with `*` goes in quotes")
}

pub(super) fn tag(span: Span) -> Diagnostic {
    Diagnostic::error(codes::YAML_TAG, span, "tags (`!` before a value) are not read")
        .help("delete it: every value is read as text; a text that begins with `!` goes in quotes")
}

pub(super) fn merge_key(span: Span) -> Diagnostic {
    Diagnostic::error(codes::YAML_MERGE_KEY, span, "merge keys (`<<`) are not read")
        .help("write the keys out where they are needed")
}

pub(super) fn several_documents(span: Span) -> Diagnostic {
    Diagnostic::error(codes::YAML_SEVERAL_DOCUMENTS, span, "a second document begins here")
        .help("one file holds one document: delete the `---` or make it a file of its own")
}

pub(super) fn complex_key(span: Span) -> Diagnostic {
    Diagnostic::error(codes::YAML_COMPLEX_KEY, span, "a list or mapping stands where a key belongs")
        .help("a key is a single word or text; a value that begins with `{` or `[` goes in quotes")
}

pub(super) fn duplicate_key(span: Span, first: Span, key: &str) -> Diagnostic {
    Diagnostic::error(codes::YAML_DUPLICATE_KEY, span, format!("the key `{key}` stands twice in one mapping"))
        .label("the second one, ignored")
        .related(first, "the first one")
        .help("delete one of them, or give it its right name")
}

pub(super) fn not_a_key(span: Span) -> Diagnostic {
    Diagnostic::error(codes::YAML_SYNTAX, span, "this does not fit the lines around it")
        .help("every line here is a `key: value`, or every line is an entry that begins with `- `")
}

/// Says that an entry of a list begins further left or right than the others.
pub(super) fn other_column(span: Span) -> Diagnostic {
    Diagnostic::error(
        codes::YAML_INDENT,
        span,
        "this entry begins in another column than those of the list it stands in",
    )
    .help("let the dashes of one list stand below each other")
}

/// Says that a dash and what it begins are one word to YAML.
pub(super) fn glued_dash(span: Span) -> Diagnostic {
    Diagnostic::error(codes::YAML_SYNTAX, span, "a space is missing behind the dash")
        .help("begin an entry with a dash and a space: `- id: …`")
}

/// Says that an entry of a list goes on where the next one seems to begin.
pub(super) fn missing_dash(span: Span, first: Span, key: &str) -> Diagnostic {
    Diagnostic::error(codes::YAML_DUPLICATE_KEY, span, format!("the key `{key}` stands twice in one entry of the list"))
        .related(first, "the first one")
        .help(format!("begin the next entry with a dash: `- {key}: …`; or delete one of the two"))
}

/// Says that a tab stands in the indentation.
pub(super) fn a_tab(file: FileNo, at: usize) -> Diagnostic {
    Diagnostic::error(codes::YAML_TAB, Span::new(file, at, at + 1), "a tab stands where YAML wants spaces")
        .label("a tab")
        .help("replace it with spaces, two for each level; most editors can do so by themselves")
}

/// Says that a space is missing behind the colon of a key.
pub(super) fn glued_colon(span: Span, key: &str, value: &str) -> Diagnostic {
    Diagnostic::error(codes::YAML_SYNTAX, span, "a space is missing behind the colon")
        .help(format!("write `{key}: {}`", value.trim_end()))
}

/// Returns the key and the value of a line without the space behind its colon.
pub(super) fn glued(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':').filter(|_| !line.contains(": ") || line.contains(['{', '[']))?;
    let named = key.starts_with(|c: char| c.is_alphabetic()) && key.chars().all(|c| c.is_alphanumeric() || c == '_');
    (named && !value.is_empty() && !value.starts_with([' ', '/'])).then_some((key, value))
}

/// Says what the parser stumbled over at `base + offset` of `text`.
pub(super) fn syntax(text: &str, file: FileNo, base: usize, offset: usize, kind: &ErrorKind) -> Stop {
    let mut at = (base + offset).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let place = Place::new(text, file, base, at);
    if matches!(kind, ErrorKind::RecursionLimitExceeded) {
        return Stop { diagnostic: too_deep(place.span()), final_: true };
    }
    Stop { diagnostic: place.explain(kind), final_: false }
}

/// A place in a text with the line around it.
struct Place<'a> {
    text: &'a str,
    file: FileNo,
    /// Where the part begins that is being read.
    base: usize,
    at: usize,
    line_start: usize,
    line: &'a str,
}

impl<'a> Place<'a> {
    fn new(text: &'a str, file: FileNo, base: usize, at: usize) -> Place<'a> {
        // At the very end, the last line with something in it is the one to show.
        let at = if text[at..].trim().is_empty() { base.max(text[..at].trim_end().len()) } else { at };
        let line_start = text[base..at].rfind(['\n', '\r']).map_or(base, |newline| base + newline + 1);
        let length = text[line_start..].find(['\n', '\r']).unwrap_or(text.len() - line_start);
        Place { text, file, base, at, line_start, line: &text[line_start..line_start + length] }
    }

    /// Returns the place as a span of one character, or of none at the end.
    fn span(&self) -> Span {
        let width = self.text[self.at..].chars().next().filter(|c| !c.is_whitespace()).map_or(0, char::len_utf8);
        Span::new(self.file, self.at, self.at + width)
    }

    /// Returns the line from its first character that is not white space.
    fn line_span(&self) -> Span {
        let lead = self.line.len() - self.line.trim_start().len();
        Span::new(self.file, self.line_start + lead, self.line_start + self.line.trim_end().len().max(lead))
    }

    fn explain(&self, kind: &ErrorKind) -> Diagnostic {
        use ErrorKind as K;
        if let Some(tab) = self.tab(kind) {
            return tab;
        }
        match kind {
            K::UnclosedQuotedScalar | K::DocumentIndicatorInQuotedScalar => self.unclosed_quote(),
            K::InvalidQuotedScalarIndent => self.quote_above(),
            K::InvalidTrailingSingleQuotedScalar | K::InvalidTrailingDoubleQuotedScalar => {
                let help = match kind {
                    K::InvalidTrailingSingleQuotedScalar => {
                        "a single quote inside single quotes is written twice ('It''s late'), or use double quotes"
                    }
                    _ => "quote a value that begins with a quote as a whole: key: '\"gold\" is …'",
                };
                Diagnostic::error(codes::YAML_NEEDS_QUOTES, self.span(), "something stands after the closing quote")
                    .label("the value ended at the quote before this")
                    .help(help)
            }
            K::UnclosedFlowCollection { .. }
            | K::UnexpectedEofFlowSequence
            | K::UnexpectedEofFlowMapping
            | K::UnexpectedEofImplicitFlowMapping
            | K::UnexpectedEof
            | K::MisplacedFlowCollectionEnd
            | K::MismatchedFlowCollectionEnd { .. }
            | K::BlockEntryInFlowCollection
            | K::ExpectedFlowMappingSeparator
            | K::ExpectedFlowSequenceSeparator => self.brackets(kind),
            K::UnknownQuotedScalarEscape
            | K::InvalidQuotedScalarHexEscape
            | K::InvalidLowSurrogateHexEscape
            | K::InvalidLowSurrogate
            | K::MissingLowSurrogate
            | K::UnpairedLowSurrogate
            | K::InvalidUnicodeEscape => Diagnostic::error(
                codes::YAML_SYNTAX,
                self.span(),
                "a backslash in double quotes begins no known escape",
            )
            .help("use single quotes ('…'), in which a backslash is only a backslash, or write it twice"),
            K::DirectiveDisallowed => {
                Diagnostic::error(codes::YAML_TAG, self.span(), "directives (`%` at the start of a line) are not read")
                    .help("delete the line; a text that begins with `%` goes in quotes")
            }
            _ => self.quotes_or_indent(),
        }
    }

    /// A tab in the indentation explains every error of a line and of the lines that hang on it.
    fn tab(&self, kind: &ErrorKind) -> Option<Diagnostic> {
        use ErrorKind as K;
        let lead = &self.line[..self.line.len() - self.line.trim_start().len()];
        let tab = lead.find('\t').map(|tab| self.line_start + tab).or_else(|| {
            matches!(
                kind,
                K::TabNotAllowed
                    | K::TabInBlockIndentation
                    | K::TabAtBlockScalarStart
                    | K::TabInIndentation
                    | K::TabInPlainScalar
            )
            .then(|| self.text[self.at..].find('\t').map_or(self.at, |tab| self.at + tab))
        });
        let tab = tab.or_else(|| self.tab_above())?;
        Some(a_tab(self.file, tab))
    }

    /// Returns a tab at the start of the line above, whose text YAML then takes for the end of a value.
    fn tab_above(&self) -> Option<usize> {
        let above = self.text[self.base..self.line_start].trim_end_matches(['\n', '\r']);
        let start = above.rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
        above[start..].starts_with('\t').then_some(self.base + start)
    }

    /// `- id:one`: what is no key to YAML cannot have keys beside it.
    fn glued_above(&self) -> Option<Diagnostic> {
        let above = self.text[self.base..self.line_start].trim_end();
        let start = above.rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
        let line = above[start..].trim_start().trim_start_matches("- ").trim_start();
        let (key, value) = glued(line)?;
        let end = self.base + above.len();
        Some(glued_colon(Span::new(self.file, end - line.len(), end), key, value))
    }

    fn unclosed_quote(&self) -> Diagnostic {
        let quote = self.text[self.at..].chars().next().filter(|c| matches!(c, '"' | '\'')).unwrap_or('"');
        Diagnostic::error(codes::YAML_UNCLOSED, self.span(), format!("the quote `{quote}` is never closed"))
            .label("it begins here")
            .help(format!("add the closing `{quote}` at the end of the text"))
    }

    /// The line ends a quoted text by standing too far left: the quote is in a line above.
    fn quote_above(&self) -> Diagnostic {
        let before = &self.text[self.base..self.at];
        let opened = [": '", ": \"", "- '", "- \"", ", '", ", \"", "['", "[\""]
            .iter()
            .filter_map(|opening| before.rfind(opening).map(|at| self.base + at + opening.len() - 1))
            .max();
        Place { at: opened.unwrap_or(self.at), ..*self }.unclosed_quote()
    }

    fn brackets(&self, kind: &ErrorKind) -> Diagnostic {
        use ErrorKind as K;
        if let Some(cut) = self.bracket_in_comment().or_else(|| self.colon_in_value()) {
            return cut;
        }
        match kind {
            K::UnclosedFlowCollection { open } => self.unclosed_bracket(*open),
            K::MismatchedFlowCollectionEnd { open, close } => {
                Diagnostic::error(codes::YAML_UNCLOSED, self.span(), format!("the bracket `{open}` is closed by `{close}`"))
                    .help(format!("write `{}` here; a text with brackets in it goes in quotes", closing(*open)))
            }
            K::MisplacedFlowCollectionEnd => {
                Diagnostic::error(codes::YAML_UNCLOSED, self.span(), "this bracket closes nothing")
                    .help("delete it; a text with brackets in it goes in quotes")
            }
            K::UnexpectedEofFlowSequence => self.unclosed_bracket('['),
            K::UnexpectedEofFlowMapping | K::UnexpectedEofImplicitFlowMapping => self.unclosed_bracket('{'),
            K::BlockEntryInFlowCollection => {
                Diagnostic::error(codes::YAML_UNCLOSED, self.span(), "an entry that begins with `- ` stands inside brackets")
                    .help("close the bracket above; inside `[…]` entries are parted by commas")
            }
            _ if self.text[self.at..].starts_with(['{', '[']) => Diagnostic::error(
                codes::YAML_NEEDS_QUOTES,
                self.span(),
                "a bracket inside a value makes YAML read a list or mapping",
            )
            .help("quote the whole value: key: \"Hi {name}\""),
            _ => Diagnostic::error(codes::YAML_UNCLOSED, self.span(), "a comma or a closing bracket is missing before this")
                .help("part the entries by commas and close the bracket; a value with quotes, brackets or commas in it goes in quotes as a whole"),
        }
    }

    /// `{where: score is at most 6 # why}`: the bracket that is missed stands in what YAML takes for a comment.
    fn bracket_in_comment(&self) -> Option<Diagnostic> {
        let above = self.text[self.base..self.line_start].trim_end();
        let above_start = above.rfind(['\n', '\r']).map_or(self.base, |newline| self.base + newline + 1);
        let lines = [(above_start, &self.text[above_start..self.base + above.len()]), (self.line_start, self.line)];
        let (start, end) = lines.into_iter().find_map(|(start, line)| {
            let comment = line.match_indices(" #").map(|(at, _)| at + 1).find(|at| {
                let before = &line[..*at];
                let opened = before.matches(['{', '[']).count() > before.matches(['}', ']']).count();
                // `{saying: "a #b"}` is a text that YAML leaves whole; `{where: topic is "a #b"}` is none.
                let quote = before.rfind('"').filter(|_| before.matches('"').count() % 2 == 1);
                let text = quote.is_some_and(|quote| before[..quote].trim_end().ends_with([':', ',', '{', '[']));
                opened && !text
            })?;
            line[comment..].contains(['}', ']']).then_some((start + comment, start + line.trim_end().len()))
        })?;
        let (line, cut) = (&self.text[..end], start);
        let quoted = cut_value(line, cut);
        Some(
            Diagnostic::error(
                codes::YAML_CUT_BY_COMMENT,
                Span::new(self.file, start, end),
                "YAML ends a value at ` #`, and so loses the closing bracket",
            )
            .label("read as a comment")
            .help(match quoted {
                Some(value) => format!("quote the whole value: `{value}`; or put a comment behind the bracket"),
                None => "quote the whole value, or put the comment behind the bracket".to_owned(),
            }),
        )
    }

    /// `{saying: Look: a thing}`: the colon that ends no key.
    fn colon_in_value(&self) -> Option<Diagnostic> {
        let at = self.at - self.line_start;
        let (before, rest) = (self.line.get(..at)?, self.line.get(at..)?);
        rest.starts_with(": ").then_some(())?;
        let start = before.rfind(": ")? + 2;
        (!before[start..].contains(['{', '[', ',', '"', '\''])).then_some(())?;
        let key = before[..start - 2].rsplit(['{', '[', ',', ' ']).next()?;
        let value = &self.line[start..at + rest.find(['{', '}', '[', ']', ',']).unwrap_or(rest.len())];
        let from = self.line_start + start;
        let span = Span::new(self.file, from, from + value.trim_end().len());
        Some(
            Diagnostic::error(codes::YAML_NEEDS_QUOTES, span, "a `: ` inside a value makes YAML read a second key")
                .help(quote_it(key, value)),
        )
    }

    fn unclosed_bracket(&self, open: char) -> Diagnostic {
        Diagnostic::error(codes::YAML_UNCLOSED, self.span(), format!("the bracket `{open}` is never closed"))
            .help(format!("add the closing `{}`; a text with brackets in it goes in quotes", closing(open)))
    }

    /// `when: {signal: complaint} // each of them`
    fn foreign_comment(&self) -> Option<Diagnostic> {
        let content = self.line.trim_start();
        let lead = self.line.len() - content.len();
        let own_line = content.starts_with("//") || content.starts_with("/*");
        let at = if own_line { lead } else { self.line.find(" //").filter(|at| self.line_start + at <= self.at)? + 1 };
        let written = self.line[at..].trim_end();
        let inner = written.trim_start_matches(['/', '*']).trim_end_matches("*/").trim();
        let span = Span::new(self.file, self.line_start + at, self.line_start + at + written.len());
        Some(
            Diagnostic::error(codes::YAML_SYNTAX, span, format!("`{}` begins no comment here", &written[..2]))
                .help(format!("a comment goes from ` #` to the end of its line: write `# {inner}`")),
        )
    }

    /// What is left is a value that YAML reads as something else, or a line that stands too far left or right.
    fn quotes_or_indent(&self) -> Diagnostic {
        if let Some(comment) = self.foreign_comment() {
            return comment;
        }
        let quoted = "quote the whole value: key: '…' (a single quote inside is written twice)";
        let before = self.line.get(..self.at - self.line_start).unwrap_or("");
        let character = self.text[self.at..].chars().next().unwrap_or('\n');
        if matches!(character, '`' | '@' | '%')
            && (before.trim_end().ends_with([':', '-', ',', '[', '{']) || before.trim().is_empty())
        {
            let what = if character == '`' { "a back-tick".to_owned() } else { format!("`{character}`") };
            return Diagnostic::error(
                codes::YAML_NEEDS_QUOTES,
                self.span(),
                format!("YAML does not let a value begin with {what}"),
            )
            .help(quoted);
        }
        let line = self.line.trim_start().trim_start_matches("- ").trim_start();
        let value = line.split_once(": ").map(|(_, value)| value.trim_start());
        if line.find(": ").is_some_and(|colon| colon > 1000) {
            return Diagnostic::error(codes::YAML_SYNTAX, self.span(), "a key of more than 1000 characters")
                .help("a key is a word or two: look for a quote that is missing");
        }
        if value.is_some_and(|value| value.starts_with(['{', '[']) && !value.trim_end().ends_with(['}', ']', '{', '[']))
        {
            let message = "something stands after the closing bracket";
            return Diagnostic::error(codes::YAML_NEEDS_QUOTES, self.line_span(), message)
                .label("a value that begins with a bracket is a list or mapping")
                .help(quoted);
        }
        // Inside brackets a `: ` is what it should be: the line stands in the wrong column.
        let bracketed = value.is_some_and(|value| value.starts_with(['{', '[']));
        if let Some((key, value)) = line.split_once(": ").filter(|_| !bracketed)
            && (value.contains(": ") || value.ends_with(':'))
        {
            let message = "a `: ` inside a value makes YAML read a second key";
            return Diagnostic::error(codes::YAML_NEEDS_QUOTES, self.line_span(), message).help(quote_it(key, value));
        }
        if let Some((key, value)) = glued(line) {
            return glued_colon(self.line_span(), key, value);
        }
        if let Some(above) = self.glued_above() {
            return above;
        }
        if !line.contains(':') && !self.line.trim_start().starts_with("- ") && !line.is_empty() {
            return Diagnostic::error(
                codes::YAML_SYNTAX,
                self.line_span(),
                "this line has no `key: ` and belongs to no value above it",
            )
            .help("write `key: value`, or indent the line more than the key whose value it continues");
        }
        Diagnostic::error(codes::YAML_INDENT, self.line_span(), "this line stands too far to the left or to the right")
            .label("it fits nothing above")
            .help("keys of one mapping begin in the same column, what belongs to a key two spaces further right; use spaces only")
    }
}

/// Returns the key and the value around `cut` as they are typed, where the value holds a text in quotes that is cut.
fn cut_value(text: &str, cut: usize) -> Option<String> {
    let line = text[..cut].rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
    let before = &text[line..cut];
    let start = before.rfind(": ")?;
    let key = before[..start].rsplit(['{', '[', ',', ' ']).next()?;
    let open = before[start..].matches('"').count() % 2 == 1;
    let closed = text[cut..].find('"').filter(|_| open)? + 1;
    let value = before[start + 2..].to_owned() + &text[cut..cut + closed];
    (!value.contains('\'') && value.len() <= 120).then(|| format!("{key}: '{value}'"))
}

/// Says how a value is typed that YAML would misread.
fn quote_it(key: &str, value: &str) -> String {
    let (key, value) = (key.trim(), value.trim());
    let quoted = match value.contains(['"', '\\']) {
        false => format!("\"{value}\""),
        true => format!("'{}'", value.replace('\'', "''")),
    };
    format!("quote the whole value: `{key}: {quoted}`")
}

fn closing(open: char) -> char {
    if open == '[' { ']' } else { '}' }
}
