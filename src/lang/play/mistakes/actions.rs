//! Mistakes behind `then`.

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::Span;
use crate::lang::suggest::nearest;

use super::super::diagnose::shown;
use super::super::grammar::Rule;
use super::super::scan::Kind;
use super::super::words;
use super::At;
use super::verbs;

/// `during opening, after 2 hours:`, `after 2 hours alert …`
pub(super) fn timing(at: &At) -> Option<Diagnostic> {
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
    if at.is_at_end()
        && let Some(late) = timing_behind(at)
    {
        return Some(late);
    }
    let start = before.iter().rposition(|token| matches!(at.sentence.word(token), "after" | "during"))?;
    let written = &at.sentence.slice.text[before[start].start..before.last()?.end];
    Some(no_colon(at.behind(), written))
}

/// `alert manager of store after 2 hours`: a timing behind the action it is for.
fn timing_behind(at: &At) -> Option<Diagnostic> {
    let tokens = &at.sentence.tokens[..at.index];
    let word = |index: usize| at.sentence.word(&tokens[index]);
    let is_time = |index: usize| tokens.get(index).is_some_and(|token| token.kind == Kind::Time);
    let is_timing =
        |index: &usize| matches!(word(*index), "after" | "during") || word(*index) == "at" && is_time(*index + 1);
    let timing = (0..tokens.len()).rfind(is_timing)?;
    // One that begins a line, or stands behind `and`, was meant to go on with an action.
    (timing > 0 && !tokens[timing].first && word(timing - 1) != "and").then_some(())?;
    let is_action = |index: &usize| {
        matches!(word(*index), "alert" | "email" | "post" | "set" | "record" | "open")
            && (*index == 0 || word(*index - 1) != ".")
    };
    let action = (0..timing).rfind(is_action)?;
    let text = |from: usize, to: usize| shown(&at.sentence.slice.text[tokens[from].start..tokens[to].end]);
    let help = format!("write `{}: {}`", text(timing, tokens.len() - 1), text(action, timing - 1));
    let span = at.sentence.slice.span(tokens[timing].start, tokens[tokens.len() - 1].end);
    at.error(codes::TIMING_ORDER, span, "a timing stands in front of its actions", help)
}

/// Says that a timing does not end in a colon.
pub(in crate::lang::play) fn no_colon(behind: Span, written: &str) -> Diagnostic {
    Diagnostic::error(codes::NO_COLON, behind, "a timing ends in a colon")
        .help(format!("write `{}:`", shown(&written.split_whitespace().collect::<Vec<_>>().join(" "))))
}

/// `escalate` inside a ladder; `escalate` without its end.
pub(super) fn ladder(at: &At) -> Option<Diagnostic> {
    (at.word(0) == "escalate" && at.expects_any(&[Rule::plain_action, Rule::ladder_step, Rule::EOI])).then_some(())?;
    at.last_before(&["escalate"])?;
    at.error(
        codes::LADDER_NOT_LAST,
        at.here(),
        "a ladder has no ladder inside",
        "alert somebody here, or write a second rule",
    )
}

/// `escalate to manager of store after 1 day`
pub(super) fn escalate_to(at: &At) -> Option<Diagnostic> {
    (at.word(-1) == "escalate" && at.expects(Rule::w_until) && !at.is_at_end()).then_some(())?;
    let from = if matches!(at.word(0).as_str(), "to" | "the") { 1 } else { 0 };
    let of = if at.word(from + 1) == "of" { format!(" of {}", shown(at.text(from + 2))) } else { String::new() };
    let role = or(at.text(from), "manager");
    let help = format!("write `escalate until acknowledged now: alert {role}{of} after 4 hours: alert …`");
    at.error(codes::UNEXPECTED, at.here(), "a ladder says until when, and then who is alerted at each step", help)
}

/// `alert "care_team"`, `alert "boss@shop.lt"`
pub(super) fn quoted_role(at: &At) -> Option<Diagnostic> {
    let begins = at.word(-1) == "alert" || at.index == 0 && at.entry == Rule::e_recipient;
    (begins && matches!(at.kind(0), Some(Kind::Text(true))) && at.expects_any(&[Rule::recipient, Rule::word]))
        .then_some(())?;
    let inner = shown(at.text(0).trim_matches(['"', '“', '”', '„', '‟', '«', '»']).trim());
    let name = inner.chars().all(|c| c.is_alphanumeric() || c == '_') && inner.starts_with(char::is_alphabetic);
    let (message, help) = match (inner.contains('@'), name) {
        (true, _) => (
            format!("`{inner}` is an address, a role stands here"),
            format!(
                "write the role, such as `alert manager of store`; directory.yaml says who fills it: `roles: {{manager: [{inner}]}}`"
            ),
        ),
        (false, true) => ("a role stands without quotes".to_owned(), format!("write `alert {inner}`")),
        (false, false) => (
            "a role stands behind `alert`, then what it is told".to_owned(),
            format!("write whom to alert, such as `alert manager of store saying \"{inner}\"`"),
        ),
    };
    at.error(codes::UNEXPECTED, at.here(), message, help)
}

/// `set customer.at_risk yes`, `set customer.at_risk as yes`
pub(super) fn set_value(at: &At) -> Option<Diagnostic> {
    (at.entry == Rule::e_steps && at.expects(Rule::w_to) && !at.is_at_end()).then_some(())?;
    let path = at.path(-1);
    let words = path.split('.').count() as isize;
    (at.word(-2 * words) == "set" && path.contains('.')).then_some(())?;
    let filler = matches!(at.word(0).as_str(), "as" | "is" | "into" | "equal") || matches!(at.text(0), ":" | "-");
    let value = or(at.text(isize::from(filler)), "yes");
    at.error(
        codes::UNEXPECTED,
        at.here(),
        "`to` stands between a fact and its value",
        format!("write `set {path} to {value}`"),
    )
}

/// `send email to customer`, `notify manager`, `email to customer`
pub(super) fn action(at: &At) -> Option<Diagnostic> {
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
    // `open case customer`; what begins another action or timing does not belong to the case.
    if (at.word(-2).as_str(), at.word(-1).as_str()) == ("open", "case") && at.expects(Rule::w_for) {
        let whom = at.word(0);
        let other = words::is_key_word(&whom) && whom != "case" || verbs::help(at).is_some() || at.token(0)?.first;
        if at.kind(0) == Some(Kind::Word) && !other {
            let help = format!("write `open case for {}`", shown(at.text(0)));
            return at.error(codes::UNEXPECTED, at.here(), "whom a case is about is said with `for`", help);
        }
    }
    if at.word(-1) == "open" && matches!(word.as_str(), "a" | "the" | "new") && at.expects(Rule::w_case) {
        let help = "write `open case for customer`";
        return at.error(codes::OTHER_WORD, at.here(), format!("`open case` needs no `{word}`"), help);
    }
    let plain_word = at.kind(0) == Some(Kind::Word) && !words::is_key_word(&word);
    let misspelt = nearest(&word, ["of", "saying"].into_iter()).is_some();
    if at.word(-2) == "alert" && plain_word && !misspelt && at.expects(Rule::w_of) && !at.token(0)?.first {
        let (first, second) = (shown(at.text(-1)), shown(at.text(0)));
        let help = match first.to_lowercase().as_str() {
            "store" | "region" | "shop" => format!("write `alert {second} of {first}`"),
            _ => format!("write `alert {first}_{second}`, the role as the directory names it"),
        };
        return at.error(
            codes::UNEXPECTED,
            at.here(),
            "a role is one word, and where it is filled stands behind `of`",
            help,
        );
    }
    if at.word(-2) == "set" && plain_word && at.expects(Rule::w_to) {
        let help = format!("write `set {}.{} to …`", shown(at.text(-1)), shown(at.text(0)));
        return at.error(codes::UNEXPECTED, at.here(), "a fact stands behind a dot", help);
    }
    if at.word(-1) == "after" && at.kind(0) == Some(Kind::Time) {
        let help = format!("write it in front of the action: `at {}: alert …`", shown(at.text(0)));
        return at.error(codes::TIMING_ORDER, at.span(-1, 0), "`after` says how long, `at` says when", help);
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
    if matches!(word.as_str(), "if" | "when" | "unless" | "until" | "otherwise") {
        let climbs = (1..6).any(|offset| {
            matches!(at.word(offset).as_str(), "acknowledged" | "answered" | "reply" | "answer" | "reaction")
        });
        let help = match climbs {
            true => "write a ladder: `escalate until acknowledged now: alert … after 4 hours: alert …`",
            false => "write `only if …` in front of `then`, or a second rule",
        };
        return at.error(
            codes::UNKNOWN_ACTION,
            at.here(),
            format!("behind `then` nothing is asked, so `{word}` is no action"),
            help,
        );
    }
    let help = match (verbs::help(at), words::elsewhere(&word)) {
        (Some(help), _) => help,
        (None, Some(here)) => here.help(),
        (None, None) => {
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

pub(super) fn or(text: &str, otherwise: &str) -> String {
    if text.is_empty() { otherwise.to_owned() } else { shown(text) }
}
