//! Text → tokens and comments, in one pass, for everything that pest does not do: cutting a file at its rules,
//! keeping comments, and saying what is wrong.
//!
//! Tokens know more than the grammar (operators, quotes that are never closed), because mistakes are made of them.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters, digits and `_`, beginning with a letter or `_`.
    Word,
    /// `12`, `0.5`
    Number,
    /// `2026-12-24`
    Date,
    /// `09:00`
    Time,
    /// A text; whether it is closed on its line.
    Text(bool),
    /// A text in single quotes, closed on its line.
    Single,
    /// A script; whether it is closed on its line.
    Script(bool),
    /// `.` `,` `:` `(` `)` `%` `-`
    Mark,
    /// What programming languages write and this one does not: `<=`, `&&`, `{`, `;` …
    Operator,
    /// Any other character.
    Odd,
}

/// A piece of text; offsets count from the start of the scanned text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its first byte.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// Whether it is the first of its line.
    pub first: bool,
}

/// A comment, from `#` to the end of its line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comment {
    /// The `#`.
    pub start: usize,
    /// The end of the line, without trailing blanks.
    pub end: usize,
    /// Whether it has its line to itself.
    pub own_line: bool,
}

/// Tokens, comments, and the characters that must not be there.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// In order.
    pub tokens: Vec<Token>,
    /// In order.
    pub comments: Vec<Comment>,
    /// Comments as other languages write them, behind `//` or between `/*` and `*/`.
    pub foreign: Vec<(usize, usize)>,
    /// Full stops behind a sentence.
    pub stops: Vec<usize>,
    /// Control characters and those that change how the text around them is shown, wherever they stand.
    pub forbidden: Vec<(usize, char)>,
    /// Words of letters of two alphabets.
    pub mixed: Vec<(usize, usize)>,
    /// The bracket at which nesting becomes too deep.
    pub too_deep: Option<usize>,
}

/// How many bad characters are worth listing.
const MOST_LISTED: usize = 100;

/// Cuts text into tokens.
pub(super) fn scan(text: &str) -> Scan {
    let mut scan = Scan::default();
    let mut depth = 0usize;
    let mut at = 0;
    let mut fresh_line = true;
    while let Some(c) = text[at..].chars().next() {
        if c == '\n' {
            fresh_line = true;
            at += 1;
            continue;
        }
        if is_blank(c) {
            at += c.len_utf8();
            continue;
        }
        if is_forbidden(c) {
            note_forbidden(&mut scan, at, c);
            at += c.len_utf8();
            continue;
        }
        if c == '#' {
            let end = at + text[at..].find('\n').unwrap_or(text.len() - at);
            let own_line = fresh_line;
            let comment = &text[at..end];
            scan.comments.push(Comment { start: at, end: at + comment.trim_end().len(), own_line });
            forbid_within(&mut scan, text, at, end);
            at = end;
            continue;
        }
        if let Some(length) = foreign_comment(&text[at..]) {
            // `http://…`
            if !text[..at].ends_with(':') && scan.foreign.len() < MOST_LISTED {
                scan.foreign.push((at, at + text[at..at + length].trim_end().len()));
            }
            forbid_within(&mut scan, text, at, at + length);
            fresh_line |= text[at..at + length].contains('\n');
            at += length;
            continue;
        }
        if is_full_stop(&text[at..]) {
            if scan.stops.len() < MOST_LISTED {
                scan.stops.push(at);
            }
            at += 1;
            continue;
        }
        let apostrophe = is_apostrophe(&text[..at], &text[at..], c);
        let (kind, length) = if apostrophe { (Kind::Odd, c.len_utf8()) } else { token(&text[at..], c) };
        match (kind, c) {
            (Kind::Mark, '(') => {
                depth += 1;
                if depth > super::DEEPEST_BRACKETS && scan.too_deep.is_none() {
                    scan.too_deep = Some(at);
                }
            }
            (Kind::Mark, ')') => depth = depth.saturating_sub(1),
            (Kind::Word, _) if mixes_alphabets(&text[at..at + length]) && scan.mixed.len() < MOST_LISTED => {
                scan.mixed.push((at, at + length));
            }
            (Kind::Text(_) | Kind::Script(_) | Kind::Single, _) => forbid_within(&mut scan, text, at, at + length),
            _ => {}
        }
        scan.tokens.push(Token { kind, start: at, end: at + length, first: fresh_line });
        fresh_line = false;
        at += length;
    }
    scan
}

/// Returns how long the comment of another language at the start of `rest` is. Agrees with `COMMENT` of the grammar.
fn foreign_comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    rest.starts_with("/*").then(|| rest[2..].find("*/").map_or(rest.len(), |end| end + 4))
}

/// Tells whether `rest` begins with a point that belongs to no name and no number. Agrees with `COMMENT` of the grammar.
fn is_full_stop(rest: &str) -> bool {
    rest.strip_prefix('.').is_some_and(|rest| rest.chars().next().is_none_or(char::is_whitespace))
}

/// `customer's`, `doesn't`: an apostrophe begins no text in single quotes.
fn is_apostrophe(before: &str, rest: &str, c: char) -> bool {
    let letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
    matches!(c, '\'' | '‘' | '’') && letter(before.chars().next_back()) && letter(rest.chars().nth(1))
}

/// Tells whether this separates words and is nothing else. Agrees with `WHITESPACE` of the grammar.
pub(super) fn is_blank(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t'
            | '\r'
            | '\n'
            | '\u{A0}'
            | '\u{FEFF}'
            | '\u{202F}'
            | '\u{2007}'
            | '\u{2009}'
            | '\u{3000}'
            | '\u{2028}'
            | '\u{2029}'
    )
}

/// Control characters, and invisible ones that change the order or the look of what is shown.
fn is_forbidden(c: char) -> bool {
    let control = c.is_control() && !matches!(c, '\t' | '\r' | '\n');
    control || matches!(c, '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}')
}

/// Forbidden inside texts and comments too. Joiners and direction marks are ordinary letters of some languages there.
fn forbid_within(scan: &mut Scan, text: &str, start: usize, end: usize) {
    let allowed = |c: char| matches!(c, '\u{61C}' | '\u{200C}'..='\u{200F}');
    for (offset, c) in text[start..end].char_indices() {
        if is_forbidden(c) && !allowed(c) {
            note_forbidden(scan, start + offset, c);
        }
    }
}

fn note_forbidden(scan: &mut Scan, at: usize, c: char) {
    if scan.forbidden.len() < MOST_LISTED {
        scan.forbidden.push((at, c));
    }
}

/// Returns the kind and length of the token at the start of `rest`, whose first character is `c`.
fn token(rest: &str, c: char) -> (Kind, usize) {
    if c.is_ascii_digit() {
        return number(rest);
    }
    if is_word_start(c) {
        return (Kind::Word, run(rest, is_word_part));
    }
    match c {
        '"' | '“' | '”' | '„' | '‟' | '«' | '»' => quoted(rest, c),
        // Searches stop at the line's end: asking for the whole line first would make many quotes cost its length each.
        '`' => match rest[1..].find(['`', '\n']).map(|offset| offset + 1) {
            Some(close) if rest[close..].starts_with('`') => (Kind::Script(true), close + 1),
            end => (Kind::Script(false), rest[..end.unwrap_or(rest.len())].trim_end().len()),
        },
        '\'' | '‘' | '’' => match rest[c.len_utf8()..].find(['\'', '’', '‘', '\n']) {
            Some(close) if !rest[c.len_utf8() + close..].starts_with('\n') => {
                let close = c.len_utf8() + close;
                (Kind::Single, close + rest[close..].chars().next().map_or(0, char::len_utf8))
            }
            _ => (Kind::Odd, c.len_utf8()),
        },
        '.' | ',' | ':' | '(' | ')' | '%' | '-' | '−' => (Kind::Mark, c.len_utf8()),
        '≤' | '≥' | '≠' | '→' | '⇒' => (Kind::Operator, c.len_utf8()),
        '<' | '>' | '=' | '!' | '&' | '|' | ';' | '{' | '}' | '[' | ']' | '+' | '*' | '/' | '~' | '^' | '?' | '@'
        | '$' => {
            let pair = ["<=", ">=", "==", "!=", "<>", "&&", "||", "=>", "=<", "=~"]
                .iter()
                .find(|pair| rest.starts_with(**pair));
            let triple = ["===", "!=="].iter().find(|triple| rest.starts_with(**triple));
            (Kind::Operator, triple.or(pair).map_or(1, |operator| operator.len()))
        }
        _ => (Kind::Odd, c.len_utf8()),
    }
}

fn run(rest: &str, part: impl Fn(char) -> bool) -> usize {
    rest.find(|c| !part(c)).unwrap_or(rest.len())
}

fn is_word_start(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

fn is_word_part(c: char) -> bool {
    // Marks above and below letters are part of a word; everything else beyond ASCII that is no letter is not.
    is_word_start(c) || c.is_numeric() || matches!(c, '\u{300}'..='\u{36F}')
}

fn number(rest: &str) -> (Kind, usize) {
    let digits = |at: usize| run(&rest[at..], |c| c.is_ascii_digit());
    let whole = digits(0);
    let follows = |at: usize, mark: char, count: usize| rest[at..].starts_with(mark) && digits(at + 1) == count;
    if whole == 4 && follows(4, '-', 2) && follows(7, '-', 2) {
        return (Kind::Date, 10);
    }
    if whole <= 2 && follows(whole, ':', 2) {
        return (Kind::Time, whole + 3);
    }
    if rest[whole..].starts_with('.') && digits(whole + 1) > 0 {
        return (Kind::Number, whole + 1 + digits(whole + 1));
    }
    (Kind::Number, whole)
}

/// A text ends at its closing quote; one that is never closed ends with its line, so that it hides nothing below.
fn quoted(rest: &str, open: char) -> (Kind, usize) {
    let mut escaped = false;
    for (offset, c) in rest.char_indices().skip(1) {
        if c == '\n' {
            return (Kind::Text(false), rest[..offset].trim_end().len());
        }
        let closes = c == '"' || open != '"' && matches!(c, '“' | '”' | '„' | '‟' | '«' | '»');
        if !escaped && closes {
            return (Kind::Text(true), offset + c.len_utf8());
        }
        escaped = !escaped && c == '\\';
    }
    (Kind::Text(false), rest.trim_end().len())
}

/// Tells whether a word mixes Latin letters with Cyrillic or Greek ones.
fn mixes_alphabets(word: &str) -> bool {
    if word.is_ascii() {
        return false;
    }
    let latin = word.chars().any(|c| c.is_ascii_alphabetic() || matches!(c, '\u{C0}'..='\u{24F}'));
    let other = word.chars().any(|c| matches!(c, '\u{370}'..='\u{52F}'));
    latin && other
}
