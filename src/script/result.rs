//! What a script gives, where that shows without running it: so that one that is no condition is refused at load.
//!
//! Looks at the signs and words outside all brackets only. What it cannot tell it leaves open: an `if`, a `switch`, a
//! list's element.

use super::scan::{Kind, Token, tokens};

/// What a script, or a part of one, gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gives {
    /// `true` or `false`.
    YesNo,
    /// The value of a field or path it reads, unchanged: its place among the script's reads.
    Read(usize),
    /// A number.
    Number,
    /// A text.
    Text,
    /// Several values.
    List,
}

/// Functions by what they give. `otherwise`, `min` and `max` give what they are handed.
const GIVEN: [(Gives, &[&str]); 4] = [
    (Gives::YesNo, &["contains", "ends_with", "is_empty", "missing", "present", "starts_with"]),
    (Gives::Number, &["abs", "ceiling", "floor", "index_of", "len", "round", "to_float", "to_int"]),
    (Gives::Text, &["fold", "replace", "sub_string", "to_lower", "to_string", "to_upper", "trim"]),
    (Gives::List, &["split"]),
];

/// Returns what `text` gives; `reads` are the names of what it reads, in their order, with what each holds.
pub(super) fn gives(text: &str, reads: &[(&str, Gives)]) -> Option<Gives> {
    let tokens = tokens(text).ok()?;
    let mut parts = apart(&tokens, ";");
    let last = parts.pop().filter(|last| !last.is_empty())?;
    let lines: Vec<&[Token<'_>]> = parts;
    Look { text, reads, lines: &lines }.of(last)
}

/// A script whose expressions are looked at.
struct Look<'a> {
    text: &'a str,
    reads: &'a [(&'a str, Gives)],
    /// The `let` lines that an expression can use.
    lines: &'a [&'a [Token<'a>]],
}

impl Look<'_> {
    fn of(&self, tokens: &[Token<'_>]) -> Option<Gives> {
        let [first, rest @ ..] = tokens else { return None };
        if ["if", "switch", "return", "let"].iter().any(|word| first.is(word))
            || outside(tokens).any(|at| tokens[at].is("{"))
        {
            return None;
        }
        if let [inner @ .., last] = rest
            && first.is("(")
            && last.is(")")
            && outside(tokens).eq([0, tokens.len() - 1])
        {
            return self.of(inner);
        }
        let signs: Vec<usize> = outside(tokens).filter(|at| tokens[*at].kind == Kind::Sign).collect();
        let any = |of: &[&str]| signs.iter().any(|at| of.iter().any(|sign| tokens[*at].is(sign)));
        let is_in = outside(tokens).any(|at| tokens[at].is("in"));
        if any(&["??", "..", "..=", "=>"]) {
            return None;
        }
        if is_in || any(&["||", "&&", "==", "!=", "<", "<=", ">", ">=", "!"]) {
            return Some(Gives::YesNo);
        }
        if any(&["-", "*", "/", "%"]) {
            return Some(Gives::Number);
        }
        if any(&["+"]) {
            return self.sum(tokens);
        }
        self.one(tokens)
    }

    /// Numbers added are a number; where one part is a text, all of it is.
    fn sum(&self, tokens: &[Token<'_>]) -> Option<Gives> {
        let held = |part: &[Token<'_>]| match self.of(part)? {
            Gives::Read(place) => Some(self.reads[place].1.clone()),
            gives => Some(gives),
        };
        let parts: Vec<Gives> = apart(tokens, "+").into_iter().filter_map(held).collect();
        [Gives::Text, Gives::Number].into_iter().find(|gives| parts.contains(gives))
    }

    /// A value without an operator outside its brackets.
    fn one(&self, tokens: &[Token<'_>]) -> Option<Gives> {
        let [first, .., last] = tokens else {
            let [only] = tokens else { return None };
            return match only.kind {
                Kind::Number => Some(Gives::Number),
                Kind::Text => Some(Gives::Text),
                Kind::Word if only.is("true") || only.is("false") => Some(Gives::YesNo),
                Kind::Word => self.named(tokens),
                Kind::Sign => None,
            };
        };
        if first.is("[") && outside(tokens).eq([0, tokens.len() - 1]) {
            return Some(Gives::List);
        }
        if !last.is(")") {
            return self.named(tokens);
        }
        let opens = outside(tokens).filter(|at| tokens[*at].is("(")).last()?;
        let function = tokens.get(opens.checked_sub(1)?)?;
        GIVEN.iter().find(|(_, names)| names.contains(&function.text)).map(|(gives, _)| gives.clone())
    }

    /// A path that is read, or the name of a `let` line.
    fn named(&self, tokens: &[Token<'_>]) -> Option<Gives> {
        let (first, last) = (tokens.first()?, tokens.last()?);
        let name = self.text.get(first.start..last.end())?;
        if let Some(read) = self.reads.iter().position(|(read, _)| *read == name) {
            return Some(Gives::Read(read));
        }
        let place = self.lines.iter().rposition(|line| line.len() > 3 && line[0].is("let") && line[1].is(name))?;
        Look { lines: &self.lines[..place], ..*self }.of(&self.lines[place][3..])
    }
}

/// Returns the places of what stands outside all brackets, with the brackets themselves.
fn outside<'a>(tokens: &'a [Token<'a>]) -> impl Iterator<Item = usize> + 'a {
    let mut depth = 0usize;
    tokens.iter().enumerate().filter_map(move |(at, token)| {
        let closes = [")", "]", "}"].iter().any(|sign| token.is(sign));
        depth = depth.saturating_sub(usize::from(closes));
        let shown = depth == 0;
        depth += usize::from(["(", "[", "{"].iter().any(|sign| token.is(sign)));
        shown.then_some(at)
    })
}

/// Cuts at every `sign` outside brackets.
fn apart<'t, 'a>(tokens: &'t [Token<'a>], sign: &str) -> Vec<&'t [Token<'a>]> {
    let cuts: Vec<usize> = outside(tokens).filter(|at| tokens[*at].is(sign)).collect();
    let starts = std::iter::once(0).chain(cuts.iter().map(|cut| cut + 1));
    starts.zip(cuts.iter().copied().chain([tokens.len()])).map(|(start, end)| &tokens[start..end]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_script_gives_is_told_where_it_shows() {
        let reads = [("comment", Gives::Text), ("score", Gives::Number), ("customer.segment", Gives::Text)];
        let cases = [
            ("comment", Some(Gives::Read(0))),
            ("customer.segment", Some(Gives::Read(2))),
            ("((score))", Some(Gives::Read(1))),
            ("score + 1", Some(Gives::Number)),
            ("1 + comment", Some(Gives::Text)),
            ("1 + 2", Some(Gives::Number)),
            ("comment + \"!\"", Some(Gives::Text)),
            ("-score", Some(Gives::Number)),
            ("score * 2", Some(Gives::Number)),
            ("(score > 3)", Some(Gives::YesNo)),
            ("score * 2 > 3", Some(Gives::YesNo)),
            ("!comment.is_empty()", Some(Gives::YesNo)),
            ("\"a\" in comment", Some(Gives::YesNo)),
            ("comment.len()", Some(Gives::Number)),
            ("comment.fold().contains(\"a\")", Some(Gives::YesNo)),
            ("present(comment)", Some(Gives::YesNo)),
            ("comment.contains(\"==\").to_string()", Some(Gives::Text)),
            ("comment.split(\",\")", Some(Gives::List)),
            ("comment.split(\",\")[0]", None),
            ("[1, 2]", Some(Gives::List)),
            ("\"yes\"", Some(Gives::Text)),
            ("true", Some(Gives::YesNo)),
            ("let x = comment.len(); x", Some(Gives::Number)),
            ("let x = comment.len(); x > 3", Some(Gives::YesNo)),
            ("if score > 3 { true } else { false }", None),
            ("comment.otherwise(\"\")", None),
            ("max(score, 3)", None),
        ];
        for (text, expected) in cases {
            assert_eq!(gives(text, &reads), expected, "{text}");
        }
    }
}
