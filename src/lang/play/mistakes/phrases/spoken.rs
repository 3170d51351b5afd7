//! Turns of speech that are always said in one way here, and ranges and comparisons as everyday speech and other
//! languages have them: `and also`, `followed by no`, `is 0-6`, `is höchstens 6`, `10 минут`.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::lang::codes;
use crate::lang::suggest::nearest;

use super::super::super::diagnose::shown;
use super::super::super::grammar::Rule;
use super::super::super::scan::Kind;
use super::super::super::words;
use super::{Found, Phrase, Words};

/// Where a turn of speech is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum In {
    Condition,
    Trigger,
    /// In front of the signal.
    First,
    /// Behind the signal.
    Behind,
    Steps,
}

/// Turns by their first word: every word of a broken sentence is asked for.
static BY_FIRST_WORD: LazyLock<FxHashMap<&str, Vec<&Turn>>> = LazyLock::new(|| {
    let mut turns: FxHashMap<&str, Vec<&Turn>> = FxHashMap::default();
    for turn in TURNS {
        turns.entry(turn.0.split(' ').next().unwrap_or("")).or_default().push(turn);
    }
    turns
});

/// The words, where they stand, and what is written for them.
type Turn = (&'static str, In, &'static str);

/// The words, where they stand, and what is written for them. The longer of two that begin alike stands first.
const TURNS: &[Turn] = &[
    ("and also", In::Condition, "and"),
    ("but also", In::Condition, "and"),
    ("as well as", In::Condition, "and"),
    ("and furthermore", In::Condition, "and"),
    ("and at the same time", In::Condition, "and"),
    ("or else", In::Condition, "or"),
    ("or alternatively", In::Condition, "or"),
    ("and or", In::Condition, "or"),
    ("is the same as", In::Condition, "is"),
    ("is identical to", In::Condition, "is"),
    ("is different from", In::Condition, "is not"),
    ("is different to", In::Condition, "is not"),
    ("is other than", In::Condition, "is not"),
    ("is anything but", In::Condition, "is not"),
    ("is none of", In::Condition, "is not one of"),
    ("is neither of", In::Condition, "is not one of"),
    ("is filled in", In::Condition, "is present"),
    ("is left empty", In::Condition, "is missing"),
    ("is left blank", In::Condition, "is missing"),
    ("talks about", In::Condition, "mentions"),
    ("speaks of", In::Condition, "mentions"),
    ("says something about", In::Condition, "mentions"),
    ("begins with", In::Condition, "starts with"),
    ("followed by no", In::Trigger, "not followed by"),
    ("but not followed by", In::Trigger, "not followed by"),
    ("and not followed by", In::Trigger, "not followed by"),
    ("never followed by", In::Trigger, "not followed by"),
    ("without being followed by", In::Trigger, "not followed by"),
    ("and then followed by", In::Trigger, "followed by"),
    ("with no", In::Trigger, "not followed by"),
    ("without", In::Behind, "not followed by"),
    ("over last", In::Trigger, "over the last"),
    ("over the past", In::Trigger, "over the last"),
    ("there is a", In::First, ""),
    ("there is an", In::First, ""),
    ("there is", In::First, ""),
    ("there are", In::First, ""),
    ("we get a", In::First, ""),
    ("we receive a", In::First, ""),
    ("has been received", In::Behind, ""),
    ("was received", In::Behind, ""),
    ("is received", In::Behind, ""),
    ("is submitted", In::Behind, ""),
    ("is filed", In::Behind, ""),
    ("is made", In::Behind, ""),
    ("comes in", In::Behind, ""),
    ("arrives", In::Behind, ""),
    ("happens", In::Behind, ""),
    ("occurs", In::Behind, ""),
    ("appears", In::Behind, ""),
    ("and please", In::Steps, "and"),
    ("and also", In::Steps, "and"),
    ("immediately", In::Steps, ""),
    ("right away", In::Steps, ""),
    ("straight away", In::Steps, ""),
    ("at once", In::Steps, ""),
    ("asap", In::Steps, ""),
    ("as soon as possible", In::Steps, ""),
    ("with high priority", In::Steps, "with priority \"high\""),
    ("with low priority", In::Steps, "with priority \"low\""),
    ("with normal priority", In::Steps, "with priority \"normal\""),
];

impl Words<'_> {
    /// A turn of speech of the table, a range, or words of another language.
    pub(super) fn spoken(&self, entry: Rule) -> Found {
        let found = self.unit_elsewhere().or_else(|| self.turn(entry));
        let found = found.or_else(|| self.define_as(entry));
        if !is_condition(entry) {
            return found;
        }
        let found = found.or_else(|| self.some_signal(entry)).or_else(|| self.contains_word());
        let found = found.or_else(|| self.reading_where(entry)).or_else(|| self.lower_than());
        found.or_else(|| self.range()).or_else(|| self.order_elsewhere()).or_else(|| self.but_not())
    }

    fn turn(&self, entry: Rule) -> Found {
        let stands = |place: In| match place {
            In::Condition => is_condition(entry),
            In::Trigger => entry == Rule::e_trigger,
            In::First => entry == Rule::e_trigger && self.index == 0,
            In::Behind => entry == Rule::e_trigger && self.index == 1,
            In::Steps => entry == Rule::e_steps && self.index > 0,
        };
        let said = |turn: &str| turn.split(' ').enumerate().all(|(offset, word)| self.word(offset as isize) == word);
        let first = self.word(0);
        let fits = |(turn, place, _): &&&'static Turn| stands(*place) && said(turn) && self.text(-1) != ".";
        let (turn, place, meant) = BY_FIRST_WORD.get(&*first)?.iter().find(fits)?;
        let length = turn.split(' ').count() as isize;
        // `complaint with no customer_contact for the same customer`
        let with_no = !matches!(*turn, "with no" | "without") || self.has_word_behind(length, &["within"]);
        let found = Phrase::new(length, *meant);
        with_no.then(|| match (*place, meant.is_empty()) {
            (In::First | In::Behind, true) => found.help("take it out: the signal itself says what happens"),
            (_, true) => found.help("take it out: what has no timing in front of it is done at once"),
            _ => found,
        })
    }

    /// `a survey_response where …`, `new complaint`, `the nps of …`
    fn some_signal(&self, entry: Rule) -> Found {
        (entry == Rule::e_trigger && self.index == 0).then_some(())?;
        let filler = |offset: &isize| {
            matches!(&*self.word(*offset), "a" | "an" | "the" | "any" | "each" | "every" | "some" | "new" | "another")
        };
        let words = (0..3).take_while(filler).count() as isize;
        let name = self.path_at(words).max(isize::from(self.word(words + 1) == "of"));
        let day = nearest(&self.word(words), words::WEEKDAYS.into_iter().chain(["weekday"])).is_some();
        let ends = self.kind(words + name).is_none()
            || matches!(&*self.word(words + name), "where" | "followed" | "not" | "of" | "goes" | "stays");
        (words > 0 && name > 0 && ends && !day).then_some(())?;
        let written = self.written(0, words);
        let help = format!("take it out: write `{}`", self.written(words, words + name));
        Some(Phrase::new(words, "").help(help).told(codes::OTHER_WORD, format!("signals stand without `{written}`")))
    }

    /// `contains the word "rude"`
    fn contains_word(&self) -> Found {
        let verb = self.word(0);
        matches!(&*verb, "contains" | "contain").then_some(())?;
        let the = if matches!(&*self.word(1), "the" | "a") { 2 } else { 1 };
        matches!(&*self.word(the), "word" | "words" | "text" | "phrase" | "string").then_some(())?;
        let text = the + 1;
        let meant = match self.kind(text)? {
            Kind::Text(true) => format!("{verb} {}", self.text(text)),
            Kind::Word => format!("{verb} \"{}\"", self.text(text)),
            _ => return None,
        };
        let help = format!("write `{}`", shown(&meant));
        Some(Phrase::new(text + 1, meant).help(help))
    }

    /// `queue_reading.wait goes over 10 minutes and touchpoint is "checkout"`
    fn reading_where(&self, entry: Rule) -> Found {
        let name = self.path_at(1);
        let joins = matches!(&*self.word(0), "and" | "if" | "when") && name > 0 && self.is_said(1 + name);
        let reading = || entry == Rule::e_trigger && self.has_word_before(&["goes", "stays"]);
        (joins && reading() && !self.has_word_before(&["where"])).then(|| Phrase::new(1, "where"))
    }

    /// `at least 15 points lower than the 28 days before`
    fn lower_than(&self) -> Found {
        let side = match &*self.word(0) {
            "lower" | "less" | "worse" | "smaller" | "fewer" => "below",
            "higher" | "more" | "better" | "greater" | "larger" => "above",
            _ => return None,
        };
        let unit = matches!(self.text(-1), "points" | "point" | "percent" | "%");
        let number = self.kind(-1) == Some(Kind::Number);
        let than = 1 + isize::from(matches!(&*self.word(1), "than" | "then"));
        ((unit || number) && self.word(than) == "the").then_some(())?;
        Some(Phrase::new(than, if unit { side.to_owned() } else { format!("points {side}") }))
    }

    fn has_word_behind(&self, offset: isize, words: &[&str]) -> bool {
        (offset..offset + 40).any(|offset| words.contains(&&*self.word(offset)))
    }

    /// `10 Min`, `10 минут`
    fn unit_elsewhere(&self) -> Found {
        let counted = self.kind(-1) == Some(Kind::Number) || self.word(-1) == "business";
        let written = self.text(0);
        let word = self.word(0);
        (counted && !word.is_empty()).then_some(())?;
        let unit = words::unit(&word).filter(|_| word != written || !words::is_unit(&word))?;
        let found = Phrase::new(1, unit);
        Some(match words::is_unit(&word) {
            true => {
                let message = format!("key words are written in small letters, `{}` is not", shown(written));
                found.told(codes::CAPITALS, message)
            }
            false => found.told(codes::UNKNOWN_UNIT, format!("`{}` is no unit of time", shown(written))),
        })
    }

    /// `define detractor = …`, `define detractor: …`
    fn define_as(&self, entry: Rule) -> Found {
        (entry == Rule::e_define && self.index == 2).then_some(())?;
        let written = self.text(0);
        let joins =
            matches!(written, "=" | "==" | ":" | "-") || matches!(&*self.word(0), "is" | "means" | "if" | "when");
        let length = if written == ":" && self.text(1) == "=" { 2 } else { 1 };
        let message = "what a name stands for is said behind `as`";
        let code = if written == "=" { codes::OPERATOR } else { codes::OTHER_WORD };
        joins.then(|| Phrase::new(length, "as").told(code, message))
    }

    /// `is between 0 to 6`, `is 0-6`, `is from 0 to 6`
    fn range(&self) -> Found {
        let is = isize::from(self.word(0) == "is");
        let not = isize::from(is > 0 && self.word(1) == "not");
        (is > 0 || self.is_behind_name()).then_some(())?;
        let word = self.word(is + not);
        let words = isize::from(matches!(&*word, "between" | "from") || is > 0 && matches!(&*word, "in" | "within"));
        let first = is + not + words;
        let one = self.quantity(first)?;
        let joint = first + one;
        let to = matches!(self.text(joint), "-" | "–" | "—" | "−" | "to" | "till" | "until")
            || matches!(&*word, "from") && self.word(joint) == "and";
        let points = self.text(joint) == "." && self.text(joint + 1) == ".";
        (to || points).then_some(())?;
        let last = joint + if points { 2 } else { 1 };
        let other = self.quantity(last)?;
        let unit = if one == 1 && other == 2 { format!(" {}", self.text(last + 1)) } else { String::new() };
        let (low, high) = (self.written(first, joint), self.written(last, last + other));
        match not {
            0 => Some(Phrase::new(last + other, format!("is between {low}{unit} and {high}"))),
            _ => {
                let subject = self.path_before(0);
                let subject = if subject > 0 { self.written(-subject, 0) } else { "score".to_owned() };
                let help = format!("write `({subject} is less than {low}{unit} or {subject} is more than {high})`");
                Some(Phrase::unsure(last + other, help))
            }
        }
    }

    /// `ist höchstens 6`, `is höchstens 6`, `es 6`
    fn order_elsewhere(&self) -> Found {
        let is = self.word(0) == "is";
        let foreign_is = words::is_is(&self.word(0)) && self.is_behind_name();
        let first = isize::from(is || foreign_is);
        (first > 0 || self.is_behind_name()).then_some(())?;
        if !foreign_is && !words::begins_order(&self.word(first)) {
            return None;
        }
        let said: Vec<String> = (first..first + 4).map(|offset| self.word(offset)).collect();
        let (order, length) = match words::order(&said) {
            Some((order, words)) => (format!("is {order}"), first + words as isize),
            None if foreign_is => ("is".to_owned(), 1),
            None => return None,
        };
        match self.quantity(length) {
            Some(value) => {
                let value_written = self.written(length, length + value);
                let meant = format!("{order} {value_written}");
                let found = Phrase::new(length, order).help(format!("write `{meant}`"));
                Some(found)
            }
            None => Some(Phrase::new(length, order)),
        }
    }

    /// Tells whether a name stands in front of here.
    fn is_behind_name(&self) -> bool {
        let name = self.word(-1);
        !name.is_empty() && (self.text(-2) == "." || !words::is_key_word(&name))
    }

    /// `… but not on "web"`
    fn but_not(&self) -> Found {
        (self.word(0) == "but" && self.index > 0 && self.kind(1).is_some()).then_some(())?;
        if self.word(1) != "not" {
            return Some(Phrase::new(1, "and"));
        }
        let filler = matches!(&*self.word(2), "on" | "in" | "at" | "for" | "from" | "by" | "with" | "the");
        let value = 2 + isize::from(filler);
        let help = match self.kind(value) {
            Some(Kind::Text(true)) => {
                format!("write what has to be so, such as `and channel is not {}`", shown(self.text(value)))
            }
            _ => "write what has to be so, such as `and channel is not \"web\"`; when it may happen is said with `during`"
                .to_owned(),
        };
        let mut end = value;
        while self.kind(end).is_some() && !matches!(&*self.word(end), "and" | "or" | "for" | "within" | "over") {
            end += 1;
        }
        Some(Phrase { meant: Some(String::new()), ..Phrase::unsure(end.max(2), help) })
    }
}

/// Tells whether conditions stand in what an entry reads.
pub(super) fn is_condition(entry: Rule) -> bool {
    matches!(
        entry,
        Rule::e_trigger | Rule::e_condition | Rule::e_predicate | Rule::e_source | Rule::e_measure | Rule::e_define
    )
}
