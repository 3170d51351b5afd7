//! Turns of speech that are said otherwise here, known wherever they stand in a sentence that cannot be read:
//! `greater than or equal to 6`, `is 9 or more`, `three or more complaints`, `24.12.2026`.
//!
//! Each covers exactly the words to be replaced, so that the sentence is read on as it was meant. Rooms: `values` dates,
//! times, money and addresses, `lists` values that are listed, `names` what something is said of, `spoken` what is said in
//! everyday speech and other languages, `leaf` clauses inside a value of YAML, `triggers` what stands behind `when`, `actions` what stands behind `then`.

mod actions;
mod leaf;
mod lists;
mod names;
mod spoken;
mod triggers;
mod values;

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;

use super::super::diagnose::shown;
use super::super::grammar::Rule;
use super::super::scan::Kind;
use super::super::sentence::Sentence;
use super::super::words;

/// What is known of a turn of speech.
struct Phrase {
    /// How many tokens it has.
    length: usize,
    /// What to write in their place, where that is sure.
    meant: Option<String>,
    code: &'static str,
    /// What is wrong, where there is more to say than that it is said otherwise.
    message: Option<String>,
    /// What to do, where there is more to say than to write what is meant.
    help: Option<String>,
    /// Whether what is put in its place is only probably meant: nothing more is said of it.
    doubtful: bool,
}

impl Phrase {
    /// A phrase of `length` tokens for which `meant` is to be written.
    fn new(length: isize, meant: impl Into<String>) -> Phrase {
        let meant = Some(meant.into());
        let length = length.unsigned_abs();
        Phrase { length, meant, code: codes::OTHER_WORD, message: None, help: None, doubtful: false }
    }

    /// A phrase that nothing can be put in the place of.
    fn unsure(length: isize, help: impl Into<String>) -> Phrase {
        Phrase { meant: None, ..Phrase::new(length, "") }.help(help)
    }

    fn told(self, code: &'static str, message: impl Into<String>) -> Phrase {
        Phrase { code, message: Some(message.into()), ..self }
    }

    fn help(self, help: impl Into<String>) -> Phrase {
        Phrase { help: Some(help.into()), ..self }
    }

    fn doubtful(self) -> Phrase {
        Phrase { doubtful: true, ..self }
    }
}

/// A phrase, if it is one.
type Found = Option<Phrase>;

/// A phrase in a sentence: what to say of it, how many tokens it has, and what to write instead where that is sure.
pub(in crate::lang::play) struct Known {
    pub problem: Diagnostic,
    pub length: usize,
    pub meant: Option<String>,
    pub doubtful: bool,
}

/// Returns what is known of the phrase that begins at the token `index`.
pub(in crate::lang::play) fn phrase(sentence: &Sentence, entry: Rule, index: usize) -> Option<Known> {
    let at = Words { sentence, index };
    let found = at.leaf_clause(entry).or_else(|| at.spoken(entry)).or_else(|| at.named(entry));
    let found = found.or_else(|| at.or_equal()).or_else(|| at.or_more()).or_else(|| at.not_verb());
    let found = found.or_else(|| at.enough());
    let found = found.or_else(|| if entry == Rule::e_trigger { at.count() } else { None });
    let found = found.or_else(|| if entry == Rule::e_whole { at.whole() } else { None });
    let found = found.or_else(|| at.no_more()).or_else(|| at.list(entry)).or_else(|| at.value(entry));
    let found = found.or_else(|| at.mentions_text()).or_else(|| at.level_in_points(entry));
    let found = found.or_else(|| if entry == Rule::e_trigger { at.trigger() } else { None });
    let found = found.or_else(|| at.schedule(entry)).or_else(|| at.length(entry));
    let found = found.or_else(|| if entry == Rule::e_steps { at.action() } else { None });
    let found = found.or_else(|| at.number_word())?;
    let tokens = sentence.tokens.get(index..index + found.length)?;
    let (first, last) = (tokens.first()?, tokens.last()?);
    let written = sentence.slice.text.get(first.start..last.end)?;
    let message = found.message.unwrap_or_else(|| format!("`{}` is not how it is said here", shown(written)));
    let span = sentence.slice.span(first.start, last.end);
    let help = found.help.or_else(|| found.meant.as_ref().map(|meant| format!("write `{meant}`")))?;
    let problem = Diagnostic::error(found.code, span, message).help(help);
    Some(Known { problem, length: found.length, meant: found.meant, doubtful: found.doubtful })
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

/// Looking at the words.
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

    /// Tells whether nothing stands in front of a token since the one before it.
    fn touches(&self, offset: isize) -> bool {
        let token = |offset: isize| self.sentence.tokens.get(self.index.checked_add_signed(offset)?);
        token(offset - 1).zip(token(offset)).is_some_and(|(before, token)| before.end == token.start)
    }

    /// Tells whether the token begins a line.
    fn is_first(&self, offset: isize) -> bool {
        let token = self.index.checked_add_signed(offset).and_then(|index| self.sentence.tokens.get(index));
        token.is_some_and(|token| token.first)
    }

    /// Returns what is written from one token up to another, that one left out.
    fn written(&self, from: isize, to: isize) -> String {
        let token = |offset: isize| self.sentence.tokens.get(self.index.checked_add_signed(offset)?);
        let text = token(from).zip(token(to - 1)).filter(|_| from < to);
        let text = text.and_then(|(first, last)| self.sentence.slice.text.get(first.start..last.end));
        shown(&text.unwrap_or("").split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Returns how many tokens in front of `offset` are a name or a path.
    fn path_before(&self, offset: isize) -> isize {
        let mut length = isize::from(self.kind(offset - 1) == Some(Kind::Word));
        while length > 0 && length < 16 && self.text(offset - length - 1) == "." {
            length += 2;
        }
        length
    }

    /// Returns how many tokens from `offset` on are a name or a path; none where a key word stands.
    fn path_at(&self, offset: isize) -> isize {
        let name = self.kind(offset) == Some(Kind::Word) && !words::is_key_word(&self.word(offset));
        let mut length = isize::from(name);
        while length > 0 && length < 16 && self.text(offset + length) == "." {
            length += 2;
        }
        length
    }

    /// Tells whether something is said of what stands in front of `offset`.
    fn is_said(&self, offset: isize) -> bool {
        matches!(&*self.word(offset), "is" | "contains" | "starts" | "mentions" | "does")
    }

    /// Tells whether a token is the end of the sentence or a word that stands behind the condition it may follow.
    fn has_word_before(&self, words: &[&str]) -> bool {
        let before = self.sentence.tokens[..self.index].iter();
        before.rev().take(200).any(|token| words.contains(&self.sentence.word(token)))
    }
}

/// Turns of speech of many kinds of sentences.
impl Words<'_> {
    /// `greater than or equal to 6`
    fn or_equal(&self) -> Found {
        let more = says_more(&self.word(0))?;
        let or = if matches!(&*self.word(1), "than" | "then") { 2 } else { 1 };
        (self.word(or) == "or" && matches!(&*self.word(or + 1), "equal" | "equals")).then_some(())?;
        let length = if matches!(&*self.word(or + 2), "to" | "than") { or + 3 } else { or + 2 };
        (self.word(-1) != "not").then_some(())?;
        let value = self.text(length);
        let value = if value.is_empty() { "…".to_owned() } else { shown(value) };
        Some(Phrase::new(length, format!("is at {} {value}", if more { "least" } else { "most" })))
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
        Some(Phrase::new(or + 2, format!("is at {} {}", if more { "least" } else { "most" }, shown(&value))))
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
        Some(Phrase::new(2, format!("does not {verb}")))
    }

    /// `with atleast 30 survey_responses`
    fn enough(&self) -> Found {
        let is_one = matches!(&*self.word(0), "atleast" | "at_least") && self.word(-1) == "with";
        (is_one && self.kind(1) == Some(Kind::Number))
            .then(|| Phrase::new(1, format!("with at least {}", self.text(1))))
    }

    /// `atleast 3 complaints`, `three or more complaints`, `at least three complaints`, `>= 3 complaints`, `3+ complaints`
    fn count(&self) -> Found {
        (self.index == 0).then_some(())?;
        let plus = self.text(1) == "+";
        let (words, more) = match (&*self.word(0), &*self.word(1)) {
            ("atleast" | "at_least", _) => (1, 0),
            ("at", "least") => (2, 0),
            ("more", "than") => (2, 1),
            _ => match self.text(0) {
                ">=" | "≥" => (1, 0),
                ">" => (1, 1),
                _ => (0, 0),
            },
        };
        let spelt = number(&self.word(words));
        // `at least 3 complaints` is told by the trigger's own recogniser.
        let digits = self.text(words).parse::<u32>().ok().filter(|_| words == 1 || plus);
        let least = spelt.or(digits)?;
        let length = match (words, &*self.word(1), &*self.word(2)) {
            (0, "or", "more") => 3,
            (0, _, _) if plus => 2,
            (words, _, _) => words + 1,
        };
        let signal = self.word(length);
        let signal = if signal.is_empty() { "complaints" } else { self.text(length) };
        let least = least.saturating_add(more);
        // Several are counted: the word for one is part of the phrase, so that it is put right with it.
        let several = several(signal);
        let length = length + isize::from(several != signal);
        Some(Phrase::new(length, format!("{least} or more {}", shown(&several))))
    }

    /// `three`, where a number stands alone
    fn whole(&self) -> Found {
        let alone = self.index == 0 && self.sentence.tokens.len() == 1;
        alone.then(|| number(&self.word(0)))?.map(|number| Phrase::new(1, number.to_string()))
    }

    /// `within two weeks`, `within a week`, `within one month`, `the last week`
    fn number_word(&self) -> Found {
        if matches!((&*self.word(-2), &*self.word(-1)), ("the", "last")) {
            let days = match &*self.word(0) {
                "day" => 1,
                "week" => 7,
                "month" => 30,
                "quarter" => 90,
                "year" => 365,
                _ => return None,
            };
            return Some(Phrase::new(1, format!("{days} days")));
        }
        let timed = matches!(&*self.word(-1), "within" | "after" | "for" | "last" | "over" | "");
        let one = matches!(&*self.word(0), "a" | "an" | "one") && timed;
        let number = if one { 1 } else { number(&self.word(0))? };
        let unit = self.word(1);
        let days = match &*unit {
            "month" | "months" => 30,
            "quarter" | "quarters" => 90,
            "year" | "years" => 365,
            _ => 0,
        };
        if days > 0 {
            let meant = format!("{} days", number * days);
            let message = format!("`{unit}` differ in length: it is said in days");
            return Some(Phrase::new(2, meant).told(codes::UNKNOWN_UNIT, message));
        }
        let several = one && self.word(0) != "one";
        let known = words::UNITS.contains(&&*unit);
        known.then(|| Phrase::new(1 + isize::from(several), format!("{number} {unit}")))
    }

    /// `is no more than 6`, `is up to 6`
    fn no_more(&self) -> Found {
        let (negated, order) = match (&*self.word(0), &*self.word(1), &*self.word(2), &*self.word(3)) {
            ("is", "no", order, "than" | "then") => (4, says_more(order).map(|more| !more)?),
            ("no", order, "than" | "then", _) if self.word(-1) != "is" && self.path_before(0) > 0 => {
                (3, says_more(order).map(|more| !more)?)
            }
            ("is", "up", "to", _) => (3, false),
            _ => return None,
        };
        let order = if order { "at least" } else { "at most" };
        match self.quantity(negated) {
            Some(length) => {
                Some(Phrase::new(negated + length, format!("is {order} {}", self.written(negated, negated + length))))
            }
            None => Some(Phrase::new(negated, format!("is {order}"))),
        }
    }

    /// `mentions "rude"`, `does not mention "rude"`
    fn mentions_text(&self) -> Found {
        let verb = match &*self.word(0) {
            "mentions" => "contains",
            "mention" => "contain",
            _ => return None,
        };
        matches!(self.kind(1), Some(Kind::Text(true))).then_some(())?;
        let meant = format!("{verb} {}", self.text(1));
        let negation = if verb == "contain" && self.word(-1) == "not" { "does not " } else { "" };
        let help = format!(
            "write `{negation}{}`; `mentions` asks for a list of words that has its name under `lexicons`",
            shown(&meant)
        );
        Some(
            Phrase::new(2, meant)
                .told(codes::UNEXPECTED, "a lexicon stands behind `mentions`, a text behind `contains`")
                .help(help),
        )
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
