//! The mistakes beginners make, each with what to type instead.
//!
//! Each recogniser looks at the furthest point that was understood: at the word there, the words before it, and what
//! would have been legal. The first that knows the mistake answers, so the order matters: the particular before the
//! general, did-you-mean last.

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::Span;
use crate::lang::suggest::nearest;

use super::diagnose::shown;
use super::grammar::Rule;
use super::scan::{Kind, Token};
use super::sentence::Sentence;
use super::words::{self, Here};

/// The point where a sentence stopped being understood.
pub(super) struct At<'a> {
    /// The sentence.
    pub sentence: &'a Sentence<'a>,
    /// The token there; as many as there are tokens where the sentence ended too early.
    pub index: usize,
    /// What would have been legal.
    pub expected: &'a [Rule],
    /// What the sentence was to be.
    pub entry: Rule,
}

impl<'a> At<'a> {
    /// Returns the token `offset` away.
    pub fn token(&self, offset: isize) -> Option<&'a Token> {
        self.sentence.tokens.get(self.index.checked_add_signed(offset)?)
    }

    /// Returns the place of the token, or of the end.
    pub fn here(&self) -> Span {
        match self.token(0) {
            Some(token) => self.sentence.span(token),
            None => self.behind(),
        }
    }

    /// Returns the empty place behind the token before.
    fn behind(&self) -> Span {
        let end = self.token(-1).map_or(self.sentence.start, |token| token.end);
        self.sentence.slice.span(end, end)
    }

    /// Tells whether `rule` would have been legal.
    pub fn expects(&self, rule: Rule) -> bool {
        self.expected.contains(&rule)
    }

    fn expects_any(&self, rules: &[Rule]) -> bool {
        rules.iter().any(|rule| self.expects(*rule))
    }

    fn expects_only(&self, rules: &[Rule]) -> bool {
        self.expected.iter().all(|rule| rules.contains(rule))
    }

    /// Returns the word `offset` away in small letters; nothing where there is no word.
    fn word(&self, offset: isize) -> String {
        let word = self.token(offset).filter(|token| token.kind == Kind::Word);
        word.map_or_else(String::new, |token| self.sentence.word(token).to_lowercase())
    }

    fn kind(&self, offset: isize) -> Option<Kind> {
        self.token(offset).map(|token| token.kind)
    }

    /// Returns what is written `offset` away.
    fn text(&self, offset: isize) -> &'a str {
        self.token(offset).map_or("", |token| self.sentence.word(token))
    }

    /// Returns the place of the tokens from `from` to `to`, both included.
    fn span(&self, from: isize, to: isize) -> Span {
        match (self.token(from), self.token(to)) {
            (Some(first), Some(last)) => self.sentence.slice.span(first.start, last.end),
            _ => self.here(),
        }
    }

    /// Tells whether nothing stands between the tokens `offset - 1` and `offset`.
    fn touches(&self, offset: isize) -> bool {
        matches!((self.token(offset - 1), self.token(offset)), (Some(a), Some(b)) if a.end == b.start)
    }

    fn is_at_end(&self) -> bool {
        self.token(0).is_none()
    }

    /// Returns the last of `words` that stands before this point.
    fn last_before(&self, words: &[&str]) -> Option<String> {
        let before = self.sentence.tokens[..self.index].iter().rev().filter(|token| token.kind == Kind::Word);
        before.map(|token| self.sentence.word(token).to_lowercase()).find(|word| words.contains(&word.as_str()))
    }

    fn error(
        &self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Option<Diagnostic> {
        Some(Diagnostic::error(code, span, message).help(help))
    }
}

type Recogniser = fn(&At) -> Option<Diagnostic>;

/// Returns the message of the first recogniser that knows the mistake.
pub(super) fn recognise(at: &At) -> Option<Diagnostic> {
    const KNOWN: &[Recogniser] = &[
        capitals,
        decimal_comma,
        quoted_number,
        quote_in_text,
        hyphen,
        unquoted_text,
        limit_form,
        schedule_form,
        unit,
        mixed_and_or,
        key_joined_by_or,
        negated_comparison,
        comparison,
        each_with_field,
        reading_without_field,
        measure_without_field,
        measured,
        side,
        timing,
        ladder,
        action,
        missing_part,
        bracket,
        other_word,
        misspelt,
        no_predicate,
        reserved,
    ];
    KNOWN.iter().find_map(|recogniser| recogniser(at))
}

/// `When`, `AND`: right but for the capitals.
fn capitals(at: &At) -> Option<Diagnostic> {
    let (written, word) = (at.text(0), at.word(0));
    if word.is_empty() || word == written {
        return None;
    }
    let legal = at.expected.iter().any(|rule| words::first_words(*rule).contains(&word));
    (legal || words::RESERVED.contains(&word.as_str())).then_some(())?;
    let message = format!("key words are written in small letters, `{}` is not", shown(written));
    at.error(codes::CAPITALS, at.here(), message, format!("write `{word}`"))
}

/// `0,5`, `1,000`
fn decimal_comma(at: &At) -> Option<Diagnostic> {
    let comma = [0, -1].into_iter().find(|offset| {
        at.text(*offset) == ","
            && at.kind(offset - 1) == Some(Kind::Number)
            && at.kind(offset + 1) == Some(Kind::Number)
            && at.touches(*offset)
            && at.touches(offset + 1)
    })?;
    let (whole, rest) = (at.text(comma - 1), at.text(comma + 1));
    let message = format!("`{whole},{rest}` is written with a comma");
    let help = match rest.len() {
        3 if whole != "0" => format!("write `{whole}{rest}`, or `{whole}.{rest}` if that is the decimal point"),
        _ => format!("write `{whole}.{rest}`"),
    };
    at.error(codes::DECIMAL_COMMA, at.span(comma - 1, comma + 1), message, help)
}

/// `with at least "30" survey_responses`
fn quoted_number(at: &At) -> Option<Diagnostic> {
    at.expects_any(&[Rule::whole, Rule::number, Rule::length, Rule::time]).then_some(())?;
    matches!(at.kind(0), Some(Kind::Text(true))).then_some(())?;
    let inner = at.text(0).trim_matches(|c: char| !c.is_alphanumeric() && c != '-');
    inner.starts_with(|c: char| c.is_ascii_digit()).then_some(())?;
    let message = format!("`{}` is a text, a number stands here", shown(at.text(0)));
    at.error(codes::QUOTED_NUMBER, at.here(), message, format!("write `{}` without quotes", shown(inner)))
}

/// `saying "He said "hello" to me"`
fn quote_in_text(at: &At) -> Option<Diagnostic> {
    let before = matches!(at.kind(-1), Some(Kind::Text(true))) && at.touches(0);
    let inside = matches!(at.kind(0), Some(Kind::Word)) && before;
    inside.then_some(())?;
    at.error(
        codes::QUOTE_IN_TEXT,
        at.here(),
        "the text before this word has ended",
        "inside a text write a quote as `\\\"`",
    )
}

/// `checkout-wait`
fn hyphen(at: &At) -> Option<Diagnostic> {
    let joined = matches!(at.text(0), "-" | "−") && at.kind(-1) == Some(Kind::Word) && at.kind(1) == Some(Kind::Word);
    (joined && at.touches(0) && at.touches(1)).then_some(())?;
    let (a, b) = (at.text(-1), at.text(1));
    let message = format!("`{}-{}` is not one word", shown(a), shown(b));
    let help = format!("names have letters, digits and `_`: write `{}_{}`", shown(a), shown(b));
    at.error(codes::BAD_NAME, at.span(-1, 1), message, help)
}

/// `saying Hello there`
pub(super) fn unquoted_text(at: &At) -> Option<Diagnostic> {
    at.expects(Rule::text).then_some(())?;
    if at.is_at_end() || !matches!(at.kind(0), Some(Kind::Word | Kind::Number)) {
        return None;
    }
    let keyword = at.word(-1);
    let whole_line = keyword == "saying" || matches!(at.entry, Rule::e_zone | Rule::e_owner | Rule::e_header);
    let start = at.token(0)?.start;
    let rest = &at.sentence.tokens[at.index + 1..];
    let line = rest.iter().take_while(|token| whole_line && !token.first);
    // A title without quotes still lets `version` follow.
    let line = line.take_while(|token| at.entry != Rule::e_header || at.sentence.word(token) != "version");
    let end = line.last().map_or(at.token(0)?.end, |token| token.end);
    let text = &at.sentence.slice.text[start..end];
    let message = format!("a text stands in quotes, `{}` does not", shown(text));
    let before = if words::is_key_word(&keyword) { format!("{keyword} ") } else { String::new() };
    let before = if at.entry == Rule::e_zone { "time zone ".to_owned() } else { before };
    let help = format!("write `{before}\"{}\"`", shown(text));
    at.error(codes::UNQUOTED_TEXT, at.sentence.slice.span(start, end), message, help)
}

/// `at most 2 times`, `at most once per day`, `once every 7 days` without `per`.
fn limit_form(at: &At) -> Option<Diagnostic> {
    (at.entry == Rule::e_limit).then_some(())?;
    let written = &at.sentence.text();
    if at.expects(Rule::w_per) {
        return at.error(
            codes::NO_PER,
            at.behind(),
            "this limit does not say per what",
            format!("write `at most {} per customer`, or per store, per case …", shown(written.trim_end())),
        );
    }
    let length = at.expects_any(&[Rule::length, Rule::number]) && words::UNITS.contains(&at.word(0).as_str());
    if length {
        let unit = at.word(0);
        return at.error(codes::BAD_LIMIT, at.here(), "a limit says how many", format!("write `every 1 {unit}`"));
    }
    at.expects_any(&[Rule::limit, Rule::w_once, Rule::w_every]).then_some(())?;
    at.error(
        codes::BAD_LIMIT,
        at.here(),
        "a limit has the form `at most once every …`",
        "write, for example, `at most once every 7 days per customer`",
    )
}

/// `daily at 7`, `every day`, `every Mondays at 08:00`, `at 7am`
fn schedule_form(at: &At) -> Option<Diagnostic> {
    let word = at.word(0);
    if at.expects_any(&[Rule::schedule, Rule::w_every]) && at.entry == Rule::e_schedule && !at.is_at_end() {
        let message = format!("`{}` is no schedule", shown(at.text(0)));
        return at.error(
            codes::UNEXPECTED,
            at.here(),
            message,
            "write, for example, `every day at 07:00` or `every Monday at 08:00`",
        );
    }
    if at.expects_any(&[Rule::days, Rule::weekday]) && !word.is_empty() {
        let singular = nearest(&word, words::WEEKDAYS.into_iter().chain(["day", "weekday"]));
        let message = format!("`{}` is no day", shown(at.text(0)));
        let help = match singular {
            Some(day) => format!("did you mean `{day}`?"),
            None if word == "time" => {
                "each signal fires by itself: write `when survey_response`; a schedule is `every day at 07:00`"
                    .to_owned()
            }
            None => "write `every day at 07:00`, `every weekday at 07:00` or `every Monday at 08:00`".to_owned(),
        };
        return at.error(
            if singular.is_some() { codes::MISSPELT } else { codes::UNEXPECTED },
            at.here(),
            message,
            help,
        );
    }
    if at.expects(Rule::time) && at.kind(0) == Some(Kind::Number) {
        let hour = at.text(0).parse().unwrap_or(24u32);
        let (hour, last) = match at.word(1).as_str() {
            "pm" if hour < 12 => (hour + 12, 1),
            "am" | "pm" => (hour, 1),
            _ => (hour, 0),
        };
        let message = "a time of day is written in hours and minutes";
        let help = if hour < 24 { format!("write `{hour:02}:00`") } else { "write it like `07:00`".to_owned() };
        return at.error(codes::BAD_TIME, at.span(0, last), message, help);
    }
    let in_schedule = at.entry == Rule::e_schedule
        || at.entry == Rule::e_trigger && at.sentence.word(at.sentence.tokens.first()?) == "every";
    if in_schedule && at.expects(Rule::w_at) {
        let day = shown(at.text(-1));
        return at.error(
            codes::NO_TIME_OF_DAY,
            at.behind(),
            "this schedule has no time of day",
            format!("write `every {day} at 07:00`"),
        );
    }
    None
}

/// `14 minuts`, `within 14`, `2 months`
fn unit(at: &At) -> Option<Diagnostic> {
    (at.kind(-1) == Some(Kind::Number) && at.expects(Rule::unit)
        || at.word(-1) == "business" && at.expects(Rule::unit))
    .then_some(())?;
    let word = at.word(0);
    let required = at.expects_only(&[Rule::unit, Rule::business]);
    let message = format!("`{}` is no unit of time", shown(at.text(0)));
    let known = "seconds, minutes, hours, days, weeks; business minutes, hours and days";
    match word.as_str() {
        "month" | "months" => {
            return at.error(codes::UNKNOWN_UNIT, at.here(), message, "months differ in length: write `30 days`");
        }
        "year" | "years" | "quarter" | "quarters" => {
            return at.error(codes::UNKNOWN_UNIT, at.here(), message, "write it in days: a year is `365 days`");
        }
        "m" => return at.error(codes::UNKNOWN_UNIT, at.here(), message, "write `minutes`"),
        "working" | "work" | "office" => {
            return at.error(codes::UNKNOWN_UNIT, at.here(), message, "write `business hours` or `business days`");
        }
        "euro" | "euros" | "eur" | "usd" | "pln" | "€" => {
            return at.error(
                codes::UNKNOWN_UNIT,
                at.here(),
                "money is written with its three-letter code",
                "write `50 EUR`",
            );
        }
        _ => {}
    }
    // What may also follow the number as a clause of its own is no unit; `for`, `where` …
    if !word.is_empty()
        && !words::is_key_word(&word)
        && (required || !at.expects(Rule::EOI) || nearest(&word, words::UNITS.into_iter()).is_some())
    {
        let plural = words::UNITS.into_iter().filter(|unit| unit.ends_with('s')).chain(["business"]);
        let near = nearest(&word, plural);
        let help = near.map_or(format!("units are: {known}"), |unit| format!("did you mean `{unit}`?"));
        return at.error(codes::UNKNOWN_UNIT, at.here(), message, help);
    }
    required.then_some(())?;
    let number = shown(at.text(-1));
    at.error(
        codes::NO_UNIT,
        at.span(-1, -1),
        format!("`{number}` of what?"),
        format!("write the unit: `{number} days`, `{number} hours`, `{number} minutes`"),
    )
}

/// `a and b or c`
fn mixed_and_or(at: &At) -> Option<Diagnostic> {
    let other = match at.word(0).as_str() {
        "and" => "or",
        "or" => "and",
        _ => return None,
    };
    let context = at.last_before(&["where", "if", "unless", "as", "same", "each", "per", "until"]);
    let condition = !matches!(context.as_deref(), Some("same" | "each" | "per" | "until"));
    (condition && at.last_before(&[other]).is_some()).then_some(())?;
    at.error(
        codes::MIXED_AND_OR,
        at.here(),
        "`and` and `or` stand together without brackets",
        "put brackets around what belongs together: `a and (b or c)`",
    )
}

/// `for the same customer or topic`
fn key_joined_by_or(at: &At) -> Option<Diagnostic> {
    (at.word(0) == "or" || at.text(0) == ",").then_some(())?;
    let context = at.last_before(&["same", "each", "per", "where", "if", "unless", "then"])?;
    (matches!(context.as_str(), "same" | "each" | "per") || at.entry == Rule::e_key).then_some(())?;
    at.error(codes::UNEXPECTED, at.here(), format!("a key is joined by `and`, not by `{}`", at.text(0)), "write `and`")
}

/// `is not at least 5`, `is not between 1 and 3`
fn negated_comparison(at: &At) -> Option<Diagnostic> {
    (at.word(-3) == "is" || at.word(-2) == "is").then_some(())?;
    let from = if at.word(-2) == "not" { -3 } else { return None };
    let help = match (at.word(-1).as_str(), at.word(0).as_str()) {
        ("at", "least") => "write `is less than …`",
        ("at", "most") => "write `is more than …`",
        ("more", "than") => "write `is at most …`",
        ("less", "than") => "write `is at least …`",
        ("over", _) => "write `is at most …`",
        ("under", _) => "write `is at least …`",
        ("before" | "after", _) => "write the opposite, `is before …` or `is after …`",
        ("between", _) => "write `is less than …` or `is more than …` with `or` between two conditions",
        _ => return None,
    };
    at.error(codes::NEGATED, at.span(from, 0), "a comparison is not negated, its opposite is said", help)
}

/// `is greater than 5`, `is atleast 5`, `is moer than 5`, `is at lest 5`: the word after `is` was read as a name.
fn comparison(at: &At) -> Option<Diagnostic> {
    let word = at.word(-1);
    let after_is = at.word(-2) == "is" || at.word(-3) == "is" && at.word(-2) == "not";
    (after_is
        && at.expects_any(&[
            Rule::EOI,
            Rule::w_and,
            Rule::w_least,
            Rule::within,
            Rule::w_than,
            Rule::and_term,
            Rule::close_bracket,
        ])
        || after_is && !word.is_empty() && at.kind(0) == Some(Kind::Number))
    .then_some(())?;
    let next = at.word(0);
    let last = if matches!(next.as_str(), "than" | "to" | "then" | "of") { 0 } else { -1 };
    let value = shown(at.text(last + 1));
    let value = if value.is_empty() { "…".to_owned() } else { value };
    let write = |phrase: &str| format!("write `is {phrase} {value}`");
    let found = |span: Span, help: String| {
        at.error(
            codes::OTHER_WORD,
            span,
            format!(
                "`is {}` is not how it is said here",
                shown(&at.sentence.slice.text[at.token(-1)?.start..at.token(last)?.end])
            ),
            help,
        )
    };
    let span = at.span(-1, last);
    match word.as_str() {
        "greater" | "bigger" | "higher" | "larger" | "above" | "exceeding" => return found(span, write("more than")),
        "smaller" | "lower" | "fewer" | "below" | "beneath" => return found(span, write("less than")),
        "atleast" | "minimum" => return found(span, write("at least")),
        "atmost" | "maximum" => return found(span, write("at most")),
        "morethan" => return found(span, write("more than")),
        "lessthan" => return found(span, write("less than")),
        "more" | "less" if next == "then" => return found(span, write(&format!("{word} than"))),
        "equal" | "exactly" | "equals" => return found(span, format!("write `is {value}`")),
        "in" | "oneof" | "any" => return found(at.span(-1, -1), "write `is one of \"gold\", \"silver\"`".to_owned()),
        "later" => return found(span, write("after")),
        "earlier" => return found(span, write("before")),
        _ => {}
    }
    let phrases = ["at", "more", "less", "one", "between", "before", "after", "over", "under"];
    let second = ["least", "most"];
    if word == "at" && !next.is_empty() {
        let meant = nearest(&next, second.into_iter())?;
        return at.error(
            codes::MISSPELT,
            at.here(),
            format!("unknown word `{}`", shown(at.text(0))),
            format!("did you mean `at {meant}`?"),
        );
    }
    let meant = nearest(&word, phrases.into_iter())?;
    at.error(
        codes::MISSPELT,
        at.span(-1, -1),
        format!("unknown word `{}`", shown(at.text(-1))),
        format!("did you mean `{meant}`?"),
    )
}

/// `when survey_response.score is at most 6`
fn each_with_field(at: &At) -> Option<Diagnostic> {
    (at.entry == Rule::e_trigger && at.expects_any(&[Rule::goes, Rule::w_goes]) && at.text(-2) == ".").then_some(())?;
    matches!(at.word(0).as_str(), "is" | "contains" | "mentions" | "does" | "starts").then_some(())?;
    let (signal, field) = (shown(at.text(-3)), shown(at.text(-1)));
    at.error(
        codes::UNEXPECTED,
        at.here(),
        format!("what is said of `{field}` stands after `where`"),
        format!("write `when {signal} where {field} {} …`", at.word(0)),
    )
}

/// `when queue_reading goes over 10 minutes`
fn reading_without_field(at: &At) -> Option<Diagnostic> {
    (matches!(at.word(0).as_str(), "goes" | "stays") && at.entry == Rule::e_trigger).then_some(())?;
    let signal = at.sentence.tokens.first().map_or("", |token| at.sentence.word(token));
    let first = at.sentence.slice.span(at.sentence.start, at.sentence.tokens.first()?.end);
    at.error(
        codes::NO_FIELD,
        first,
        format!("`{}` is a signal; one of its fields goes over a line", shown(signal)),
        format!("write the field behind a dot, such as `{}.wait {} over …`", shown(signal), at.word(0)),
    )
}

/// `nps of survey_response over the last 7 days`
fn measure_without_field(at: &At) -> Option<Diagnostic> {
    (at.expects(Rule::field) && at.kind(0) == Some(Kind::Word) && at.text(1) != "." && at.text(-1) != ".")
        .then_some(())?;
    let measured = matches!(at.word(-1).as_str(), "of" | "between" | "and") || at.entry == Rule::e_field;
    measured.then_some(())?;
    let signal = shown(at.text(0));
    at.error(
        codes::NO_FIELD,
        at.here(),
        format!("`{signal}` is a signal; one of its fields is measured"),
        format!("write the field behind a dot, such as `{signal}.score`"),
    )
}

/// A measure with a misspelt name, without its window, or with a difference that says neither `at least` nor `more than`.
fn measured(at: &At) -> Option<Diagnostic> {
    (at.entry == Rule::e_trigger).then_some(())?;
    let word = at.word(0);
    if word == "of" && at.index == 1 {
        let kinds = ["nps", "csat", "average", "median", "sum", "lowest", "highest", "count", "share"];
        let message = format!("unknown measure `{}`", shown(at.text(-1)));
        let (code, help) = match (at.word(-1).as_str(), nearest(&at.word(-1), kinds.into_iter())) {
            ("mean" | "avg", _) => (codes::OTHER_WORD, "write `average of …`".to_owned()),
            ("min" | "minimum", _) => (codes::OTHER_WORD, "write `lowest of …`".to_owned()),
            ("max" | "maximum", _) => (codes::OTHER_WORD, "write `highest of …`".to_owned()),
            ("number" | "total", _) => (codes::OTHER_WORD, "write `count of …` or `sum of …`".to_owned()),
            (_, Some(kind)) => (codes::MISSPELT, format!("did you mean `{kind}`?")),
            (_, None) => (codes::UNEXPECTED, format!("measures are: {}, gap between", kinds.join(", "))),
        };
        return at.error(code, at.span(-1, -1), message, help);
    }
    if word == "is" && at.expects(Rule::w_over) {
        return at.error(
            codes::NO_WITHIN,
            at.here(),
            "this measure does not say over what time",
            "write before it, for example, `over the last 7 days`",
        );
    }
    let number =
        [-1, -2].into_iter().find(|offset| at.kind(*offset) == Some(Kind::Number) && at.word(offset - 1) == "is")?;
    let difference = matches!(word.as_str(), "points" | "point" | "below" | "above");
    difference.then_some(())?;
    let unit = if number == -2 { at.word(-1) } else { "points".to_owned() };
    let side = if word.starts_with("point") { or(&at.word(1), "below") } else { word };
    let help = format!("write `is at least {} {unit} {side} the … before`", shown(at.text(number)));
    at.error(codes::UNEXPECTED, at.span(number, number), "a difference is hardly ever met exactly", help)
}

/// `goes above 10 minutes`, and `stays over` without how long.
fn side(at: &At) -> Option<Diagnostic> {
    let moves = matches!(at.word(-1).as_str(), "goes" | "stays" | "clears");
    if moves && at.expects_any(&[Rule::side, Rule::w_over]) {
        let side = match at.word(0).as_str() {
            "above" | "past" | "beyond" | "more" | "higher" | "up" => "over",
            "below" | "beneath" | "less" | "lower" | "down" => "under",
            _ => return None,
        };
        let message = format!("`{}` is not how it is said here", at.word(0));
        return at.error(codes::OTHER_WORD, at.here(), message, format!("write `{} {side}`", at.word(-1)));
    }
    let lasting = at.last_before(&["goes", "stays", "clears"]).is_some_and(|word| word == "stays");
    if lasting && at.expects(Rule::w_for) && at.is_at_end() {
        return at.error(
            codes::NO_WITHIN,
            at.behind(),
            "this does not say how long it stays",
            "write, for example, `for 20 minutes`",
        );
    }
    None
}

/// `during opening, after 2 hours:`, `after 2 hours alert …`
fn timing(at: &At) -> Option<Diagnostic> {
    at.expects(Rule::colon).then_some(())?;
    let next = if at.text(0) == "," { at.word(1) } else { at.word(0) };
    if matches!(next.as_str(), "after" | "at" | "during") {
        let message = format!("`{next} …` does not stand here in a timing");
        return at.error(
            codes::TIMING_ORDER,
            at.here(),
            message,
            "the parts stand in this order: `after 2 hours, at 09:00, during business_hours:`",
        );
    }
    let ends = at.is_at_end() || words::ACTIONS.iter().any(|action| action.split(' ').next() == Some(next.as_str()));
    ends.then_some(())?;
    let before = &at.sentence.tokens[..at.index];
    let start = before.iter().rposition(|token| matches!(at.sentence.word(token), "after" | "during"))?;
    let written = &at.sentence.slice.text[before[start].start..before.last()?.end];
    at.error(codes::NO_COLON, at.behind(), "a timing ends in a colon", format!("write `{}:`", shown(written)))
}

/// `escalate` inside a ladder; `escalate` without its end.
fn ladder(at: &At) -> Option<Diagnostic> {
    (at.word(0) == "escalate" && at.expects_any(&[Rule::plain_action, Rule::ladder_step, Rule::EOI])).then_some(())?;
    at.last_before(&["escalate"])?;
    at.error(
        codes::LADDER_NOT_LAST,
        at.here(),
        "a ladder has no ladder inside",
        "alert somebody here, or write a second rule",
    )
}

/// `send email to customer`, `notify manager`, `email to customer`
fn action(at: &At) -> Option<Diagnostic> {
    let word = at.word(0);
    // `the` and `to` read as names; the word behind them is where reading stopped.
    let (verb, filler) = (at.word(-2), at.word(-1));
    if matches!(verb.as_str(), "alert" | "email") && matches!(filler.as_str(), "the" | "a" | "an" | "to") {
        let what = or(at.text(0), "customer");
        let help = if verb == "email" {
            format!("write `email {what} using \"template\"`")
        } else {
            format!("write `alert {what}`")
        };
        return at.error(codes::OTHER_WORD, at.span(-1, -1), format!("`{verb}` needs no `{filler}`"), help);
    }
    if at.word(-2) == "alert" && matches!(word.as_str(), "for" | "in" | "from") && at.expects(Rule::w_of) {
        return at.error(
            codes::OTHER_WORD,
            at.here(),
            format!("`{word}` is not how it is said here"),
            format!("write `alert {} of {}`", shown(at.text(-1)), or(at.text(1), "store")),
        );
    }
    if at.word(-2) == "alert"
        && matches!(word.as_str(), "with" | "say" | "text" | "message" | "says")
        && at.expects(Rule::w_saying)
    {
        return at.error(
            codes::OTHER_WORD,
            at.here(),
            format!("`{word}` is not how it is said here"),
            "write `saying \"…\"`",
        );
    }
    if at.word(-2) == "email" && matches!(word.as_str(), "with" | "template" | "the")
        || at.word(-1) == "email" && word == "template"
    {
        return at.error(
            codes::OTHER_WORD,
            at.here(),
            format!("`{word}` is not how it is said here"),
            "write `email customer using \"template\"`",
        );
    }
    let acting = at.expects_any(&[Rule::action, Rule::plain_action, Rule::steps, Rule::now_step, Rule::ladder_now]);
    (acting && !word.is_empty() && !words::RESERVED.contains(&word.as_str())).then_some(())?;
    if word == "now" {
        return at.error(
            codes::UNEXPECTED,
            at.here(),
            "`now:` begins a ladder only",
            "take it out: the first actions are immediate",
        );
    }
    if matches!(word.as_str(), "the" | "a" | "please") {
        return at.error(
            codes::UNKNOWN_ACTION,
            at.here(),
            format!("`{word}` is not needed here"),
            "begin with the action: `alert floor_manager of store`",
        );
    }
    // `send email to customer using "x"`: the words after it say which action is meant.
    let sends_mail =
        matches!(word.as_str(), "send" | "mail" | "write") || matches!(at.word(1).as_str(), "email" | "mail" | "e");
    let help = match words::elsewhere(&word) {
        Some(Here::Action(_))
            if sends_mail && matches!(at.word(1).as_str(), "alert" | "notification" | "sms" | "message") =>
        {
            "write `alert floor_manager of store saying \"…\"`".to_owned()
        }
        Some(Here::Action(action)) if action.starts_with("alert") && at.word(2) == "of" => {
            format!("write `alert {} of {}`", shown(at.text(1)), or(at.text(3), "store"))
        }
        Some(Here::Action(action)) => format!("write `{action}`"),
        Some(here) => here.help(),
        None => {
            let near = nearest(
                &word,
                words::ACTIONS.into_iter().filter_map(|action| action.split(' ').next()).chain(["after", "during"]),
            );
            match near {
                Some(near) => {
                    return at.error(
                        codes::MISSPELT,
                        at.here(),
                        format!("unknown word `{}`", shown(at.text(0))),
                        format!("did you mean `{near}`?"),
                    );
                }
                // Behind a finished action this may be anything.
                None if at.expects(Rule::EOI) => return None,
                None => format!("actions are: {}", words::ACTIONS.join(", ")),
            }
        }
    };
    at.error(codes::UNKNOWN_ACTION, at.here(), format!("`{}` is no action", shown(at.text(0))), help)
}

fn or(text: &str, otherwise: &str) -> String {
    if text.is_empty() { otherwise.to_owned() } else { shown(text) }
}

/// `within`, `for the same` that are not there.
fn missing_part(at: &At) -> Option<Diagnostic> {
    let word = at.word(0);
    if word == "within" && at.expects_any(&[Rule::same, Rule::w_for]) {
        let later = at.sentence.tokens[at.index..]
            .windows(2)
            .any(|pair| at.sentence.word(&pair[0]) == "for" && at.sentence.word(&pair[1]) == "the");
        let help = if later {
            "write `for the same …` first, then `within …`"
        } else {
            "write `for the same customer` before `within`"
        };
        return at.error(codes::NO_KEY, at.here(), "this does not say for the same what", help);
    }
    if word == "where" && !at.expects(Rule::filter) && !at.expects(Rule::w_where) && at.entry == Rule::e_trigger {
        return at.error(
            codes::UNEXPECTED,
            at.here(),
            "`where` stands directly after the signal or measure it filters",
            "move it up, behind the signal's name",
        );
    }
    if at.expects_any(&[Rule::within, Rule::w_within]) {
        let wrong = matches!(
            word.as_str(),
            "in" | "during" | "over" | "for" | "inside" | "by" | "withing" | "whithin" | "with"
        );
        if at.is_at_end() || wrong && !at.expects(Rule::w_for) {
            let (span, message) = match at.is_at_end() {
                true => (at.behind(), "this does not say within what time".to_owned()),
                false => (at.here(), format!("`{word}` is not how it is said here")),
            };
            let code = if at.is_at_end() { codes::NO_WITHIN } else { codes::OTHER_WORD };
            return at.error(code, span, message, "write how long at most, such as `within 14 days`");
        }
    }
    if at.is_at_end()
        && at.entry == Rule::e_trigger
        && at.expects_any(&[Rule::same, Rule::w_for])
        && !at.expects(Rule::EOI)
    {
        let message = "this does not say for the same what, and within what time";
        return at.error(
            codes::NO_KEY,
            at.behind(),
            message,
            "write, for example, `for the same customer within 14 days`",
        );
    }
    if at.word(-1) == "for" && at.expects(Rule::w_the) && !word.is_empty() {
        let last = if word == "same" || word == "each" || word == "every" { 0 } else { -1 };
        return at.error(
            codes::NO_KEY,
            at.span(-1, last),
            "a key is said with `for the same`",
            format!("write `for the same {}`", or(at.text(last + 1), "customer")),
        );
    }
    None
}

/// Brackets without partners.
fn bracket(at: &At) -> Option<Diagnostic> {
    if at.expects(Rule::close_bracket) && at.is_at_end() {
        let mut open = Vec::new();
        for token in at.sentence.tokens {
            match at.sentence.word(token) {
                "(" => open.push(token),
                ")" => drop(open.pop()),
                _ => {}
            }
        }
        let span = open.last().map_or(at.behind(), |token| at.sentence.span(token));
        return at.error(codes::BRACKET, span, "this bracket is not closed", "write `)` where it ends");
    }
    (at.text(0) == ")").then_some(())?;
    let empty = at.text(-1) == "(";
    let message = if empty { "there is nothing in these brackets" } else { "this bracket closes nothing" };
    at.error(
        codes::BRACKET,
        at.here(),
        message,
        if empty { "write a condition in them" } else { "take it out, or open it with `(`" },
    )
}

/// Words of other languages and tools.
fn other_word(at: &At) -> Option<Diagnostic> {
    let word = at.word(0);
    if word.is_empty() {
        return None;
    }
    if word == "not" && at.expects_any(&[Rule::condition, Rule::operand, Rule::test, Rule::yes_name, Rule::group]) {
        let help = "write the opposite of the condition: `is not …`, `does not contain …`, `is missing`";
        return at.error(codes::NEGATED, at.here(), "`not` does not stand before a condition", help);
    }
    if matches!(word.as_str(), "not" | "isnt") && at.expects(Rule::predicate) {
        return at.error(
            codes::NEGATED,
            at.here(),
            "`not` needs its `is`",
            format!("write `is not {}`", or(at.text(1), "…")),
        );
    }
    let here = words::elsewhere(&word)?;
    let predicate = at.expects_any(&[Rule::predicate, Rule::test]);
    let message = format!("`{}` is not a word of playbooks", shown(at.text(0)));
    let help = match here {
        Here::Predicate(text) if predicate => {
            let skip = if matches!(at.word(1).as_str(), "than" | "to") { 2 } else { 1 };
            let value = match at.word(skip).as_str() {
                "true" => "yes".to_owned(),
                "false" => "no".to_owned(),
                _ => or(at.text(skip), "…"),
            };
            format!("write `{} {}`", or(at.text(-1), "score"), text.replace('…', &value))
        }
        Here::Predicate(_) => return None,
        Here::Clause("when") => "write `only if …` for how things are, `where …` for what happened".to_owned(),
        Here::Clause(text) => format!("write `{text}`"),
        Here::Other(text) => format!("write `{text}`"),
        Here::Advice(text) => text.to_owned(),
        Here::Action(_) => return None,
    };
    at.error(codes::OTHER_WORD, at.here(), message, help)
}

/// Did-you-mean over the words that are legal here, and over those that begin the next clause.
fn misspelt(at: &At) -> Option<Diagnostic> {
    let word = at.word(0);
    let mut legal: Vec<String> = at.expected.iter().flat_map(|rule| words::first_words(*rule)).collect();
    // A missing `is`: `score at least 9`.
    if at.expects(Rule::predicate)
        && matches!(
            word.as_str(),
            "at" | "more" | "less" | "one" | "between" | "over" | "under" | "present" | "missing"
        )
    {
        let rest = if matches!(at.word(1).as_str(), "least" | "most" | "than" | "of") {
            format!("{word} {} …", at.word(1))
        } else {
            format!("{word} …")
        };
        let rest = if matches!(word.as_str(), "present" | "missing") { word.clone() } else { rest };
        return at.error(
            codes::NO_PREDICATE,
            at.here(),
            "a comparison begins with `is`",
            format!("write `{} is {rest}`", or(at.text(-1), "score")),
        );
    }
    let in_rule = matches!(
        at.entry,
        Rule::e_trigger | Rule::e_key | Rule::e_condition | Rule::e_schedule | Rule::e_limit | Rule::e_steps
    );
    if in_rule && at.expects(Rule::EOI) {
        let next = ["when", "where", "for", "only", "unless", "check", "then", "rule"];
        legal.extend(next.into_iter().map(str::to_owned));
    }
    if at.entry == Rule::e_header && at.expects(Rule::EOI) {
        legal.extend(["time", "owner", "define", "rule", "version"].into_iter().map(str::to_owned));
    }
    if word.is_empty() || legal.contains(&word) {
        return None;
    }
    let meant = nearest(&word, legal.iter().map(String::as_str))?;
    at.error(
        codes::MISSPELT,
        at.here(),
        format!("unknown word `{}`", shown(at.text(0))),
        format!("did you mean `{meant}`?"),
    )
}

/// `where score 5`
fn no_predicate(at: &At) -> Option<Diagnostic> {
    at.expects(Rule::predicate).then_some(())?;
    let value = matches!(at.kind(0)?, Kind::Number | Kind::Text(_) | Kind::Script(_) | Kind::Date | Kind::Time);
    let subject = shown(at.text(-1));
    let known = at.word(0);
    let word = at.kind(0) == Some(Kind::Word) && !words::is_key_word(&known) && at.kind(-1) == Some(Kind::Word);
    (value || word).then_some(())?;
    let value = shown(at.text(0));
    at.error(
        codes::NO_PREDICATE,
        at.here(),
        format!("nothing says how `{subject}` and `{value}` belong together"),
        format!("write `{subject} is {value}`, or `is at least`, `contains` …"),
    )
}

/// A key word where a name stands.
fn reserved(at: &At) -> Option<Diagnostic> {
    let word = at.word(0);
    words::RESERVED.contains(&word.as_str()).then_some(())?;
    let names = at.expects_only(&[Rule::word, Rule::path, Rule::key, Rule::recipient, Rule::source, Rule::part]);
    names.then_some(())?;
    at.error(
        codes::RESERVED_WORD,
        at.here(),
        format!("`{word}` is a key word, a name stands here"),
        "write the name before it",
    )
}
