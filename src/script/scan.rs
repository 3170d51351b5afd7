//! Which fields a script names, and whether it keeps to the part of Rhai that scripts may use.
//!
//! This is a scan over tokens, not a parser: it decides what every word is (a field, a local of `let`, a function, a
//! key word) and refuses whatever could loop, assign or reach outside. Grammar is left to the machine behind it.

use std::collections::BTreeSet;

use super::{FUNCTIONS, MAX_READS, MAX_TEXT, ScriptProblem};
use crate::ir::expr::Access;
use crate::lang::suggest::nearest;

/// How deep brackets may nest.
const MAX_DEPTH: usize = 16;
/// The words of Rhai that scripts keep.
const KEYWORDS: [&str; 8] = ["else", "false", "if", "in", "let", "return", "switch", "true"];
/// Words of Rhai and of other languages, which deserve a better answer than "unknown name".
const REFUSED: [&str; 22] = [
    "const",
    "debug",
    "do",
    "eval",
    "exit",
    "export",
    "fn",
    "for",
    "import",
    "loop",
    "print",
    "private",
    "sleep",
    "throw",
    "timestamp",
    "try",
    "until",
    "var",
    "while",
    "break",
    "continue",
    "this",
];

/// What a script names.
pub(super) struct Names {
    /// Each field or path once, in the order of first use.
    pub reads: Vec<(String, Access)>,
    /// Where each of them stands: byte range in the text, and place in `reads`.
    pub uses: Vec<(usize, usize, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Number,
    Text,
    Sign,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    pub start: usize,
}

impl Token<'_> {
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    pub fn is(&self, text: &str) -> bool {
        self.kind != Kind::Text && self.text == text
    }

    fn problem(&self, message: impl Into<String>) -> ScriptProblem {
        ScriptProblem::new(message, self.start, self.end())
    }
}

/// Resolves every word of `text`.
pub(super) fn resolve(text: &str, scope: &dyn Fn(&str) -> Option<Access>) -> Result<Names, ScriptProblem> {
    if text.trim().is_empty() {
        return Err(ScriptProblem::new("the script is empty", 0, text.len()));
    }
    if text.len() > MAX_TEXT {
        return Err(ScriptProblem::new(format!("the script is longer than {MAX_TEXT} bytes"), 0, text.len()));
    }
    let tokens = tokens(text)?;
    check_signs(&tokens)?;
    let mut walk =
        Walk { text, tokens: &tokens, scope, locals: BTreeSet::new(), names: Names { reads: vec![], uses: vec![] } };
    let mut at = 0;
    while at < tokens.len() {
        at = walk.word(at)?;
    }
    Ok(walk.names)
}

/// Refuses the signs that could assign, define or reach outside, and brackets that nest too deep.
fn check_signs(tokens: &[Token<'_>]) -> Result<(), ScriptProblem> {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.kind == Kind::Sign) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            "=" if at < 2 || !tokens[at - 2].is("let") => {
                return Err(token
                    .problem("a script cannot change a value")
                    .help("compare with `==`, or name a new value: `let x = …;`"));
            }
            "+=" | "-=" | "*=" | "/=" | "%=" | "**=" | "&=" | "|=" | "^=" | "<<=" | ">>=" => {
                return Err(token.problem("a script cannot change a value").help("name a new value: `let x = …;`"));
            }
            "**" | "<<" | ">>" | "&" | "|" | "^" | "::" | "#" | "@" | "$" | "~" | "\\" | "?" | "`" => {
                return Err(token.problem(format!("scripts have no `{}`", token.text)).help(sign_help(token.text)));
            }
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(token
                .problem(format!("brackets nest deeper than {MAX_DEPTH}"))
                .help("split it with `let x = …;`"));
        }
        let unit = token.is("(")
            && tokens.get(at + 1).is_some_and(|next| next.is(")"))
            && !at.checked_sub(1).is_some_and(|before| tokens[before].kind == Kind::Word);
        if unit {
            return Err(token.problem("`()` cannot be compared with").help("write `missing(x)` or `present(x)`"));
        }
    }
    Ok(())
}

fn sign_help(sign: &str) -> &'static str {
    match sign {
        "&" => "write `&&` for \"and\"",
        "|" => "write `||` for \"or\"",
        "#" => "write the rule's conditions as sentences; a script has numbers, texts and lists",
        _ => "a script has + - * / % == != < <= > >= && || !",
    }
}

struct Walk<'a> {
    text: &'a str,
    tokens: &'a [Token<'a>],
    scope: &'a dyn Fn(&str) -> Option<Access>,
    locals: BTreeSet<&'a str>,
    names: Names,
}

impl<'a> Walk<'a> {
    /// Decides what the token at `at` is and returns where to go on.
    fn word(&mut self, at: usize) -> Result<usize, ScriptProblem> {
        let token = self.tokens[at];
        if token.kind != Kind::Word {
            return Ok(at + 1);
        }
        let before = at.checked_sub(1).map(|before| self.tokens[before]);
        let called = self.tokens.get(at + 1).is_some_and(|next| next.is("("));
        if before.is_some_and(|before| before.is(".") || before.is("?.")) {
            return self.method(token, called).map(|()| at + 1);
        }
        if before.is_some_and(|before| before.is("let")) {
            return self.local(token).map(|()| at + 1);
        }
        if KEYWORDS.contains(&token.text) || token.text == "_" {
            return Ok(at + 1);
        }
        if called {
            return self.function(token).map(|()| at + 1);
        }
        if self.locals.contains(token.text) {
            return Ok(at + 1);
        }
        self.path(at)
    }

    fn method(&self, token: Token<'a>, called: bool) -> Result<(), ScriptProblem> {
        if called {
            return self.function(token);
        }
        let mut problem = token.problem(format!("unknown name `{}`", token.text));
        problem.unknown = Some(token.text.to_owned());
        problem.help = match FUNCTIONS.contains(&token.text) {
            true => Some(format!("write `.{}()`", token.text)),
            false => near(token.text).map(|name| format!("did you mean `.{name}()`?")),
        };
        Err(problem)
    }

    fn function(&self, token: Token<'a>) -> Result<(), ScriptProblem> {
        if FUNCTIONS.contains(&token.text) {
            return Ok(());
        }
        if let Some(problem) = refused(token) {
            return Err(problem);
        }
        Err(token.problem(format!("scripts have no function `{}`", token.text)).help(match near(token.text) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("they have {}", FUNCTIONS.join(", ")),
        }))
    }

    fn local(&mut self, token: Token<'a>) -> Result<(), ScriptProblem> {
        if (self.scope)(token.text).is_some() {
            return Err(token
                .problem(format!("`{}` is a field already", token.text))
                .help("choose another name after `let`"));
        }
        if token.text.starts_with('_') || FUNCTIONS.contains(&token.text) {
            return Err(token
                .problem(format!("`{}` cannot be a name here", token.text))
                .help("choose another name after `let`"));
        }
        self.locals.insert(token.text);
        Ok(())
    }

    /// Takes the longest path from `at` that `scope` knows.
    fn path(&mut self, at: usize) -> Result<usize, ScriptProblem> {
        let mut ends = vec![at];
        let mut next = at;
        while let [dot, word, ..] = &self.tokens[next + 1..]
            && dot.is(".")
            && word.kind == Kind::Word
            && dot.start == self.tokens[next].end()
            && word.start == dot.end()
        {
            next += 2;
            // `x.len(…)` is a call, never a part of the path.
            if self.tokens.get(next + 1).is_some_and(|after| after.is("(")) {
                break;
            }
            ends.push(next);
        }
        let start = self.tokens[at].start;
        for &last in ends.iter().rev() {
            let end = self.tokens[last].end();
            let name = &self.text[start..end];
            if let Some(access) = (self.scope)(name) {
                self.read(name, access, start, end)?;
                return Ok(last + 1);
            }
        }
        let token = self.tokens[at];
        let whole = &self.text[start..self.tokens[ends[ends.len() - 1]].end()];
        if let Some(problem) = refused(token) {
            return Err(problem);
        }
        let mut problem = ScriptProblem::new(format!("unknown name `{whole}`"), start, start + whole.len());
        problem.unknown = Some(whole.to_owned());
        if FUNCTIONS.contains(&whole) {
            problem.help = Some(format!("write `{whole}(…)`"));
        }
        Err(problem)
    }

    fn read(&mut self, name: &str, access: Access, start: usize, end: usize) -> Result<(), ScriptProblem> {
        let place = match self.names.reads.iter().position(|(known, _)| known == name) {
            Some(place) => place,
            None => {
                self.names.reads.push((name.to_owned(), access));
                self.names.reads.len() - 1
            }
        };
        if place >= MAX_READS {
            return Err(ScriptProblem::new(format!("the script reads more than {MAX_READS} values"), start, end));
        }
        self.names.uses.push((start, end, place));
        Ok(())
    }
}

fn refused(token: Token<'_>) -> Option<ScriptProblem> {
    let help = match token.text {
        "and" => "write `&&`",
        "or" => "write `||`",
        "not" => "write `!`",
        "null" | "nil" | "None" | "undefined" => "write `missing(x)` or `present(x)`",
        word if REFUSED.contains(&word) => "a script is one expression, with `let x = …;` lines before it if needed",
        _ => return None,
    };
    Some(token.problem(format!("scripts have no `{}`", token.text)).help(help))
}

fn near(name: &str) -> Option<&'static str> {
    nearest(name, FUNCTIONS.into_iter())
}

/// The signs of more than one character, the longest first.
const LONG_SIGNS: [&str; 27] = [
    "**=", "<<=", ">>=", "..=", "==", "!=", "<=", ">=", "=>", "&&", "||", "::", "..", "**", "<<", ">>", "+=", "-=",
    "*=", "/=", "%=", "&=", "|=", "^=", "??", "?.", "?[",
];

/// Splits `text` into tokens; white space and comments are dropped.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, ScriptProblem> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (kind, len) = match first {
            _ if first.is_whitespace() => {
                at += first.len_utf8();
                continue;
            }
            _ if rest.starts_with("//") || rest.starts_with("/*") => {
                return Err(ScriptProblem::new("a script has no comments", at, at + 2)
                    .help("put `#` and the comment before the rule"));
            }
            '"' => (Kind::Text, quoted(rest, at)?),
            '\'' => {
                return Err(ScriptProblem::new("text stands in double quotes", at, at + 1).help("write \"…\""));
            }
            'a'..='z' | 'A'..='Z' | '_' => (Kind::Word, run(rest)),
            '0'..='9' => (Kind::Number, number(rest)),
            _ if first.is_ascii_graphic() => {
                (Kind::Sign, LONG_SIGNS.iter().find(|sign| rest.starts_with(**sign)).map_or(1, |sign| sign.len()))
            }
            _ => {
                let message = format!("`{}` means nothing in a script", first.escape_default());
                return Err(ScriptProblem::new(message, at, at + first.len_utf8()));
            }
        };
        tokens.push(Token { kind, text: &text[at..at + len], start: at });
        at += len;
    }
    Ok(tokens)
}

fn run(rest: &str) -> usize {
    rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
}

fn number(rest: &str) -> usize {
    let whole = run(rest);
    match rest.as_bytes().get(whole..whole + 2) {
        Some([b'.', digit]) if digit.is_ascii_digit() => whole + 1 + run(&rest[whole + 1..]),
        _ => whole,
    }
}

fn quoted(rest: &str, at: usize) -> Result<usize, ScriptProblem> {
    let mut escaped = false;
    for (offset, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            b'\n' | b'\r' => break,
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Ok(offset + 1),
            _ => {}
        }
    }
    Err(ScriptProblem::new("the text is not closed", at, at + 1).help("end it with `\"` on the same line"))
}
