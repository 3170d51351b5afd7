//! Mistakes in single words, texts and numbers, wherever they stand.

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::suggest::nearest;

use super::super::diagnose::shown;
use super::super::grammar::Rule;
use super::super::scan::Kind;
use super::super::words::{self, Here};
use super::At;
use super::actions::or;

/// `When`, `AND`: right but for the capitals.
pub(super) fn capitals(at: &At) -> Option<Diagnostic> {
    let (written, word) = (at.text(0), at.word(0));
    // `is At Least 9`: the first of the two was read as a name.
    let pair = format!("{} {word}", at.word(-1));
    let comparison = matches!(pair.as_str(), "at least" | "at most" | "more than" | "less than" | "one of");
    if comparison && at.word(-2) == "is" && (word != written || at.word(-1) != at.text(-1)) {
        let message = format!("key words are written in small letters, `{} {written}` is not", at.text(-1));
        return at.error(codes::CAPITALS, at.span(-1, 0), message, format!("write `{pair}`"));
    }
    if word.is_empty() || word == written {
        return None;
    }
    let legal = at.expected.iter().any(|rule| words::first_words(*rule).contains(&word));
    (legal || words::RESERVED.contains(&word.as_str())).then_some(())?;
    let message = format!("key words are written in small letters, `{}` is not", shown(written));
    at.error(codes::CAPITALS, at.here(), message, format!("write `{word}`"))
}

/// `status on`
pub(super) fn status(at: &At) -> Option<Diagnostic> {
    (at.entry == Rule::e_status && at.index == 0 && !at.is_at_end()).then_some(())?;
    let message = format!("`{}` is no status of a rule", shown(at.text(0)));
    let near = nearest(&at.word(0), ["live", "shadow", "paused"].into_iter());
    let help = match (words::status(&at.word(0)), near) {
        (Some(meant), _) => format!("write `{meant}`"),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => "write `live`, `shadow` or `paused`".to_owned(),
    };
    at.error(codes::UNEXPECTED, at.here(), message, help)
}

/// `0,5`, `1,000`
pub(super) fn decimal_comma(at: &At) -> Option<Diagnostic> {
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
pub(super) fn quoted_number(at: &At) -> Option<Diagnostic> {
    at.expects_any(&[Rule::whole, Rule::number, Rule::length, Rule::time]).then_some(())?;
    matches!(at.kind(0), Some(Kind::Text(true))).then_some(())?;
    let inner = at.text(0).trim_matches(|c: char| !c.is_alphanumeric() && c != '-');
    inner.starts_with(|c: char| c.is_ascii_digit()).then_some(())?;
    let message = format!("`{}` is a text, a number stands here", shown(at.text(0)));
    at.error(codes::QUOTED_NUMBER, at.here(), message, format!("write `{}` without quotes", shown(inner)))
}

/// `saying "He said "hello" to me"`
pub(super) fn quote_in_text(at: &At) -> Option<Diagnostic> {
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
pub(super) fn hyphen(at: &At) -> Option<Diagnostic> {
    let joined = matches!(at.text(0), "-" | "−") && at.kind(-1) == Some(Kind::Word) && at.kind(1) == Some(Kind::Word);
    (joined && at.touches(0) && at.touches(1)).then_some(())?;
    let (a, b) = (at.text(-1), at.text(1));
    let message = format!("`{}-{}` is not one word", shown(a), shown(b));
    let help = format!("names have letters, digits and `_`: write `{}_{}`", shown(a), shown(b));
    at.error(codes::BAD_NAME, at.span(-1, 1), message, help)
}

/// `playbook: third try`, `until: acknowledged, case_closed`: one name stands in a leaf of its own.
pub(super) fn one_name(at: &At) -> Option<Diagnostic> {
    (at.entry == Rule::e_word && at.index == 1).then_some(())?;
    if at.text(0) == "," {
        let help = format!(
            "write one name; names that may be several are joined by `or`: `{} or {}`",
            shown(at.text(-1)),
            shown(at.text(1))
        );
        return at.error(codes::UNEXPECTED, at.here(), "one name stands here", help);
    }
    let tokens = at.sentence.tokens;
    (tokens.len() <= 8 && tokens.iter().all(|token| token.kind == Kind::Word)).then_some(())?;
    let words: Vec<&str> = tokens.iter().map(|token| at.sentence.word(token)).collect();
    if let [one, joint @ ("or" | "and"), other] = words[..] {
        let help = format!("write `{}`; for `{}` write a second rule", shown(one), shown(other));
        return at.error(
            codes::UNEXPECTED,
            at.here(),
            format!("one name stands here, none is joined by `{joint}`"),
            help,
        );
    }
    let message = format!("`{}` is not one word", shown(&words.join(" ")));
    let help = format!("names have letters, digits and `_`: write `{}`", shown(&words.join("_")));
    at.error(codes::BAD_NAME, at.span(-1, tokens.len() as isize - 2), message, help)
}

/// `saying Hello there`
pub(in crate::lang::play) fn unquoted_text(at: &At) -> Option<Diagnostic> {
    at.expects(Rule::text).then_some(())?;
    if at.is_at_end() || !matches!(at.kind(0), Some(Kind::Word | Kind::Number)) {
        return None;
    }
    let keyword = at.word(-1);
    if keyword == "using" && at.word(0) == "template" && matches!(at.kind(1), Some(Kind::Text(_))) {
        return at.error(codes::OTHER_WORD, at.here(), "`using` needs no `template`", "take it out");
    }
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

/// `14 minuts`, `within 14`, `2 months`
pub(super) fn unit(at: &At) -> Option<Diagnostic> {
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
            let help = match at.word(1).as_str() {
                unit @ ("hour" | "hours" | "day" | "days" | "minutes") => format!("write `business {unit}`"),
                _ => "write `business hours` or `business days`".to_owned(),
            };
            return at.error(codes::UNKNOWN_UNIT, at.here(), message, help);
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

/// Brackets without partners.
pub(super) fn bracket(at: &At) -> Option<Diagnostic> {
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
pub(super) fn other_word(at: &At) -> Option<Diagnostic> {
    let word = at.word(0);
    if word.is_empty() {
        return None;
    }
    if word == "not" && at.expects_any(&[Rule::condition, Rule::operand, Rule::test, Rule::yes_name, Rule::group]) {
        let mut path = at.text(1).to_owned();
        let mut next = 2;
        while at.text(next) == "." && path.len() < 80 {
            path = format!("{path}.{}", at.text(next + 1));
            next += 2;
        }
        let alone = at.kind(1) == Some(Kind::Word) && matches!(at.word(next).as_str(), "" | "and" | "or");
        let help = match alone {
            true if path.contains('.') => format!("write `{} is no`", shown(&path)),
            true => {
                format!("write `{} is no` of a yes/no field; of a condition with a name, its opposite", shown(&path))
            }
            false => "write the opposite of the condition: `is not …`, `does not contain …`, `is missing`".to_owned(),
        };
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
        Here::Predicate(_) if predicate && word == "has" && at.kind(1) == Some(Kind::Word) => {
            let subject = or(&at.path(-1), "customer");
            match (at.word(1).as_str(), at.word(2).as_str()) {
                ("no", "open") => format!("write `{subject}.open_cases is 0`"),
                ("open", "case" | "cases") | ("a" | "an", "open") => {
                    format!("write `{subject}.open_cases is more than 0`")
                }
                ("no", fact) => format!("write `{subject}.{} is missing`", shown(fact)),
                ("a" | "an", fact) if !fact.is_empty() => format!("write `{subject}.{} is present`", shown(fact)),
                (fact, _) => format!("write `{subject}.{} is present`", shown(fact)),
            }
        }
        Here::Predicate(text) if predicate => {
            let skip = if matches!(at.word(1).as_str(), "than" | "to" | "then") { 2 } else { 1 };
            let value = match at.word(skip).as_str() {
                "true" => "yes".to_owned(),
                "false" => "no".to_owned(),
                _ => or(at.text(skip), "…"),
            };
            format!("write `{} {}`", or(&at.path(-1), "score"), text.replace('…', &value))
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
pub(super) fn misspelt(at: &At) -> Option<Diagnostic> {
    let word = at.word(0);
    let mut legal: Vec<String> = at.expected.iter().flat_map(|rule| words::first_words(*rule)).collect();
    // A missing `is`: `score at least 9`.
    if at.expects(Rule::predicate)
        && matches!(
            word.as_str(),
            "at" | "more" | "less" | "one" | "between" | "over" | "under" | "present" | "missing"
        )
    {
        let second = match (word.as_str(), at.word(1).as_str()) {
            ("more" | "less", "than" | "then") => " than",
            ("at", "least") => " least",
            ("at", "most") => " most",
            ("one", "of") => " of",
            _ => "",
        };
        let value = at.text(if second.is_empty() { 1 } else { 2 });
        let value = if value.is_empty() { "…".to_owned() } else { shown(value) };
        let value = match (word.as_str(), at.word(2).as_str()) {
            ("between", "and") => format!("{value} and {}", or(at.text(3), "…")),
            _ => value,
        };
        let rest = format!("{word}{second} {value}");
        let rest = if matches!(word.as_str(), "present" | "missing") { word.clone() } else { rest };
        return at.error(
            codes::NO_PREDICATE,
            at.here(),
            "a comparison begins with `is`",
            format!("write `{} is {rest}`", or(&at.path(-1), "score")),
        );
    }
    let in_rule = matches!(
        at.entry,
        Rule::e_trigger | Rule::e_key | Rule::e_condition | Rule::e_schedule | Rule::e_limit | Rule::e_steps
    );
    if in_rule && at.expects(Rule::EOI) {
        let next = ["where", "for", "only", "unless", "check", "then", "rule"];
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

/// A key word where a name stands.
pub(super) fn reserved(at: &At) -> Option<Diagnostic> {
    let word = at.word(0);
    words::RESERVED.contains(&word.as_str()).then_some(())?;
    let names = at.expects_only(&[Rule::word, Rule::path, Rule::key, Rule::recipient, Rule::source, Rule::part]);
    names.then_some(())?;
    at.error(
        codes::RESERVED_WORD,
        at.here(),
        format!("`{word}` is a key word, a name stands here"),
        match at.token(1) {
            Some(_) => "write the name before it".to_owned(),
            None => format!("write a name here; `{word}` itself cannot be one, but `{word}_1` can"),
        },
    )
}
