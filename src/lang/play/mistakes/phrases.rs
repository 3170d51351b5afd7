//! Turns of speech of several words that are said otherwise here, known wherever they stand in a sentence that cannot be
//! read: `greater than or equal to 6`, `is 9 or more`, `three or more complaints`.
//!
//! Each covers exactly the words to be replaced, so that the sentence is read on as it was meant.

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;

use super::super::diagnose::shown;
use super::super::grammar::Rule;
use super::super::scan::Kind;
use super::super::sentence::Sentence;
use super::super::words;

/// A phrase: how many words it has, and what to write.
type Found = Option<(usize, String)>;

/// Returns what is wrong with the phrase that begins at the token `index`, and how many tokens it has.
pub(in crate::lang::play) fn phrase(sentence: &Sentence, entry: Rule, index: usize) -> Option<(Diagnostic, usize)> {
    let at = Words { sentence, index };
    let found = at.or_equal().or_else(|| at.or_more()).or_else(|| at.not_verb()).or_else(|| at.enough());
    let found = found.or_else(|| if entry == Rule::e_trigger { at.count() } else { None });
    let found = found.or_else(|| if entry == Rule::e_whole { at.whole() } else { None });
    let (length, meant) = found.or_else(|| at.number_word())?;
    let tokens = sentence.tokens.get(index..index + length)?;
    let (first, last) = (tokens.first()?, tokens.last()?);
    let written = sentence.slice.text.get(first.start..last.end)?;
    let message = format!("`{}` is not how it is said here", shown(written));
    let span = sentence.slice.span(first.start, last.end);
    Some((Diagnostic::error(codes::OTHER_WORD, span, message).help(format!("write `{meant}`")), length))
}

/// Tells whether a word behind `or` says that more is meant (`true`) or less.
pub fn says_more(word: &str) -> Option<bool> {
    match word {
        "more" | "higher" | "greater" | "above" | "over" | "better" | "longer" | "larger" | "up" => Some(true),
        "less" | "fewer" | "lower" | "below" | "under" | "worse" | "shorter" | "smaller" => Some(false),
        _ => None,
    }
}

/// The words of a sentence from one token on.
struct Words<'a> {
    sentence: &'a Sentence<'a>,
    index: usize,
}

impl Words<'_> {
    fn text(&self, offset: isize) -> &str {
        let token = self.index.checked_add_signed(offset).and_then(|index| self.sentence.tokens.get(index));
        token.map_or("", |token| self.sentence.word(token))
    }

    fn word(&self, offset: isize) -> String {
        match self.kind(offset) {
            Some(Kind::Word) => self.text(offset).to_lowercase(),
            _ => String::new(),
        }
    }

    fn kind(&self, offset: isize) -> Option<Kind> {
        self.sentence.tokens.get(self.index.checked_add_signed(offset)?).map(|token| token.kind)
    }

    /// `greater than or equal to 6`
    fn or_equal(&self) -> Found {
        let more = says_more(&self.word(0))?;
        let or = if matches!(&*self.word(1), "than" | "then") { 2 } else { 1 };
        (self.word(or) == "or" && matches!(&*self.word(or + 1), "equal" | "equals")).then_some(())?;
        let length = if matches!(&*self.word(or + 2), "to" | "than") { or + 3 } else { or + 2 };
        (self.word(-1) != "not").then_some(())?;
        let value = self.text(length);
        let value = if value.is_empty() { "…".to_owned() } else { shown(value) };
        Some((length as usize, format!("is at {} {value}", if more { "least" } else { "most" })))
    }

    /// `is 9 or more`
    fn or_more(&self) -> Found {
        (self.word(0) == "is" && self.kind(1) == Some(Kind::Number)).then_some(())?;
        let unit = words::UNITS.contains(&&*self.word(2)) || matches!(self.text(2), "percent" | "%");
        let or = if unit { 3 } else { 2 };
        (self.word(or) == "or").then_some(())?;
        let more = says_more(&self.word(or + 1))?;
        // A field may be called so: something is then said of it.
        let said = matches!(&*self.word(or + 2), "is" | "contains" | "starts" | "mentions" | "does" | "than");
        (!said && self.text(or + 2) != ".").then_some(())?;
        let value = if unit { format!("{} {}", self.text(1), self.text(2)) } else { self.text(1).to_owned() };
        Some((or as usize + 2, format!("is at {} {}", if more { "least" } else { "most" }, shown(&value))))
    }

    /// `comment not mentions kindness`
    fn not_verb(&self) -> Found {
        (self.word(0) == "not" && !matches!(&*self.word(-1), "does" | "do" | "is" | "")).then_some(())?;
        let verb = match &*self.word(1) {
            "mentions" | "mention" => "mention",
            "contains" | "contain" => "contain",
            "starts" | "start" => "start",
            _ => return None,
        };
        Some((2, format!("does not {verb}")))
    }

    /// `with atleast 30 survey_responses`
    fn enough(&self) -> Found {
        let is_one = matches!(&*self.word(0), "atleast" | "at_least") && self.word(-1) == "with";
        (is_one && self.kind(1) == Some(Kind::Number)).then(|| (1, format!("with at least {}", self.text(1))))
    }

    /// `atleast 3 complaints`, `three or more complaints`, `at least three complaints`
    fn count(&self) -> Found {
        (self.index == 0).then_some(())?;
        let (words, more) = match (&*self.word(0), &*self.word(1)) {
            ("atleast" | "at_least", _) => (1, 0),
            ("at", "least") => (2, 0),
            ("more", "than") => (2, 1),
            _ => (0, 0),
        };
        let spelt = number(&self.word(words));
        // `at least 3 complaints` is told by the trigger's own recogniser.
        let digits = self.text(words).parse::<u32>().ok().filter(|_| words == 1);
        let least = spelt.or(digits)?;
        let length = match (words, &*self.word(1), &*self.word(2)) {
            (0, "or", "more") => 3,
            (words, _, _) => words + 1,
        };
        let signal = self.word(length);
        let signal = if signal.is_empty() { "complaints" } else { self.text(length) };
        let least = least.saturating_add(more);
        // Several are counted: the word for one is part of the phrase, so that it is put right with it.
        let several = several(signal);
        let length = length as usize + usize::from(several != signal);
        Some((length, format!("{least} or more {}", shown(&several))))
    }

    /// `three`, where a number stands alone
    fn whole(&self) -> Found {
        (self.index == 0 && self.sentence.tokens.len() == 1).then(|| number(&self.word(0)))?.map(|n| (1, n.to_string()))
    }

    /// `within two weeks`
    fn number_word(&self) -> Found {
        let number = number(&self.word(0))?;
        let unit = self.word(1);
        words::UNITS.contains(&&*unit).then(|| (1, format!("{number} {unit}")))
    }
}

/// Returns a word in the plural, as vocabularies mostly have it; one in the plural as it is.
fn several(word: &str) -> String {
    let consonant = |c: char| !matches!(c, 'a' | 'e' | 'i' | 'o' | 'u');
    let end = |end: &str| word.ends_with(end);
    match word.strip_suffix('y').filter(|rest| rest.ends_with(consonant)) {
        _ if end("s") => word.to_owned(),
        Some(rest) => format!("{rest}ies"),
        None if end("x") || end("ch") || end("sh") => format!("{word}es"),
        None => format!("{word}s"),
    }
}

/// Returns the number that a word says.
fn number(word: &str) -> Option<u32> {
    const WORDS: [&str; 12] =
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    let index = WORDS.iter().position(|known| *known == word)?;
    u32::try_from(index + 1).ok()
}
