//! Triggers written as one would say them (`when a customer complains 3 times in 2 weeks`), and parts of a trigger
//! joined by the words of a conversation.

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;

use super::super::diagnose::shown;
use super::super::grammar::Rule;
use super::super::scan::Kind;
use super::super::words;
use super::At;
use super::actions::or;

/// `survey_response and score …`, `online_review with stars …`: what is asked of a signal begins with `where`.
pub(super) fn where_word(at: &At) -> Option<Diagnostic> {
    (at.entry == Rule::e_trigger && at.index == 1 && at.expects_any(&[Rule::filter, Rule::w_where])).then_some(())?;
    let word = at.word(0);
    let joins = matches!(word.as_str(), "and" | "with" | "having" | "has" | "whose" | "that" | "which" | "when" | "if");
    joins.then_some(())?;
    at.error(codes::OTHER_WORD, at.here(), format!("`{word}` is not how it is said here"), "write `where`")
}

/// `survey_response and complaint for the same customer within 7 days`
pub(super) fn two_signals(at: &At) -> Option<Diagnostic> {
    let chain = at.entry == Rule::e_trigger && at.index == 1 && at.word(0) == "and" && at.kind(1) == Some(Kind::Word);
    (chain && matches!(at.word(2).as_str(), "for" | "within")).then_some(())?;
    at.error(codes::OTHER_WORD, at.here(), "two signals come one after the other", "write `followed by`")
}

/// `no purchase for the same customer within 90 days`
pub(super) fn nothing_happens(at: &At) -> Option<Diagnostic> {
    (at.entry == Rule::e_trigger && at.index == 0).then_some(())?;
    matches!(at.word(0).as_str(), "no" | "not" | "without" | "never").then_some(())?;
    let signal = or(at.text(1), "purchase");
    if at.word(2) == "after" && at.kind(3) == Some(Kind::Word) {
        let help =
            format!("write `{} not followed by {signal} for the same customer within 2 days`", shown(at.text(3)));
        return at.error(codes::UNEXPECTED, at.here(), "what does not happen is missed after something that did", help);
    }
    let help = format!("write, for example, `{signal} not followed by {signal} for the same customer within 90 days`");
    at.error(codes::UNEXPECTED, at.here(), "what does not happen is missed after something that did", help)
}

/// `queue_reading.wait goes over 10 minutes at checkout`
pub(super) fn place(at: &At) -> Option<Diagnostic> {
    (at.entry == Rule::e_trigger && at.index > 0 && at.expects_any(&[Rule::filter, Rule::w_where])).then_some(())?;
    let (word, place) = (at.word(0), at.word(1));
    let stands = matches!(word.as_str(), "at" | "in" | "on" | "from");
    (stands && at.kind(1) == Some(Kind::Word) && !words::is_key_word(&place)).then_some(())?;
    let help = match place.as_str() {
        "any" | "each" | "every" | "all" | "one" => {
            let each = or(at.text(2), "store");
            format!("write `for each {}` behind the whole of `when`", each.strip_suffix('s').unwrap_or(&each))
        }
        _ => format!("write what it has to be after `where`, such as `where touchpoint is \"{}\"`", shown(&place)),
    };
    at.error(codes::OTHER_WORD, at.here(), format!("`{word}` is not how it is said here"), help)
}

/// `complaint is not answered within 48 hours`, `survey_response is bad`
pub(super) fn said_of_signal(at: &At) -> Option<Diagnostic> {
    (at.entry == Rule::e_trigger && at.index == 1 && at.word(0) == "is").then_some(())?;
    at.expects_any(&[Rule::filter, Rule::w_where]).then_some(())?;
    if let kind @ ("nps" | "csat") = &*at.word(-1) {
        let level = at.sentence.part(at.index..at.sentence.tokens.len());
        let level = level.text().split_whitespace().collect::<Vec<_>>().join(" ");
        let help =
            format!("write, for example, `{kind} of survey_response.score over the last 7 days {}`", shown(&level));
        return at.error(codes::UNEXPECTED, at.span(-1, 0), "a measure says of what field and over what time", help);
    }
    if at.word(1) == "followed" || at.word(1) == "not" && at.word(2) == "followed" {
        let message = format!("`{}followed by` stands without `is`", if at.word(1) == "not" { "not " } else { "" });
        return at.error(codes::OTHER_WORD, at.here(), message, "take it out");
    }
    let signal = shown(at.text(-1));
    if at.word(1) == "not" {
        let help = format!(
            "write, for example, `{signal} not followed by customer_contact for the same customer within 48 hours`"
        );
        return at.error(
            codes::UNEXPECTED,
            at.span(-1, 0),
            "what does not come after a signal is said with `not followed by`",
            help,
        );
    }
    let help = format!("write `{signal} where`, a field and what it has to be");
    at.error(codes::UNEXPECTED, at.span(-1, 0), format!("what is said of `{signal}` stands after `where`"), help)
}

/// `more than 20% of survey_responses …`
pub(super) fn share(at: &At) -> Option<Diagnostic> {
    (at.entry == Rule::e_trigger && at.index <= 3).then_some(())?;
    let tokens = at.sentence.tokens;
    let number = tokens.iter().take(4).position(|token| token.kind == Kind::Number)?;
    let word = |index: usize| tokens.get(index).map_or("", |token| at.sentence.word(token));
    matches!(word(number + 1), "%" | "percent").then_some(())?;
    let (percent, of) = (word(number), word(number + 2));
    let signals = if of == "of" { or(word(number + 3), "survey_responses") } else { "survey_responses".into() };
    let span = at.sentence.slice.span(tokens[0].start, tokens[number + 1].end);
    let help = format!(
        "write, for example, `share of {signals} where score is at most 6 over the last 7 days is more than {percent} percent`"
    );
    at.error(codes::UNEXPECTED, span, "a share is measured, and then held against a level", help)
}

/// `a customer gives a score below 5`, `customer complains 3 times`, `nps drops by 10 points`
pub(super) fn prose(at: &At) -> Option<Diagnostic> {
    let chain = at.entry == Rule::e_trigger && at.expects_any(&[Rule::filter, Rule::w_where]) && at.index == 1;
    let word = at.word(0);
    (chain && !word.is_empty() && !words::is_key_word(&word) && words::elsewhere(&word).is_none()).then_some(())?;
    let (tokens, text) =
        (at.sentence.tokens, |index: usize| at.sentence.tokens.get(index).map(|t| at.sentence.word(t)));
    let number = tokens.iter().position(|token| token.kind == Kind::Number);
    let first = at.word(-1);
    let said = |index: usize| text(index).unwrap_or_default().to_lowercase();
    let help = match number.map(|at| (text(at).unwrap_or_default(), said(at + 1))) {
        _ if (0..2).any(|place| matches!(&*said(place), "average" | "median" | "share" | "sum" | "total")) => {
            let level = number.and_then(text).unwrap_or("7");
            format!("write, for example, `average of survey_response.score over the last 7 days is less than {level}`")
        }
        _ if matches!(first.as_str(), "nps" | "csat")
            && (1..5).any(|place| matches!(&*said(place), "below" | "under" | "above" | "over" | "exceeds")) =>
        {
            let less = (1..5).any(|place| matches!(&*said(place), "below" | "under"));
            let level = number.and_then(text).unwrap_or("20");
            let order = if less { "less" } else { "more" };
            format!(
                "write, for example, `{first} of survey_response.score over the last 7 days is {order} than {level}`"
            )
        }
        _ if matches!(first.as_str(), "nps" | "csat") => {
            let by = number.and_then(text).unwrap_or("10");
            format!(
                "write, for example, `{first} of survey_response.score over the last 7 days is at least {by} points below the 28 days before`"
            )
        }
        Some((count, unit)) if matches!(unit.as_str(), "times" | "x") => {
            format!("write, for example, `{count} or more complaints for the same customer within 14 days`")
        }
        _ => {
            "write, for example, `survey_response where score is at most 6`; the signals are listed in vocabulary.yaml"
                .to_owned()
        }
    };
    let span = at.sentence.slice.span(tokens.first()?.start, at.token(0)?.end);
    at.error(codes::UNEXPECTED, span, "behind `when` stands the name of a signal, then what is asked of it", help)
}

/// `the customer` read as a name, and the name behind it as something unexpected.
pub(super) fn article(at: &At) -> Option<Diagnostic> {
    let article = at.word(-1);
    let is_one =
        matches!(article.as_str(), "the" | "a" | "an" | "our" | "my" | "their" | "this" | "that" | "each" | "any");
    let name = at.kind(0) == Some(Kind::Word) && !words::is_key_word(&at.word(0));
    (is_one && name && at.index > 0).then_some(())?;
    let help = format!("take it out: write `{}`", shown(at.text(0)));
    at.error(codes::OTHER_WORD, at.span(-1, -1), format!("names stand without `{article}`"), help)
}
