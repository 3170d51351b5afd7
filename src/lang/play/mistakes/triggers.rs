//! Mistakes in triggers, schedules and limits.

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::suggest::nearest;

use super::super::diagnose::shown;
use super::super::grammar::Rule;
use super::super::scan::Kind;
use super::super::words;
use super::At;
use super::actions::or;

/// `at most 2 times`, `at most once per day`, `once every 7 days` without `per`.
pub(super) fn limit_form(at: &At) -> Option<Diagnostic> {
    (at.entry == Rule::e_limit).then_some(())?;
    let written = &at.sentence.text();
    // In YAML the key says `at_most`, and the value is a text of its own.
    let limit = if at.sentence.start == 0 && at.sentence.end == at.sentence.slice.text.len() { "" } else { "at most " };
    if at.expects(Rule::w_per) {
        return at.error(
            codes::NO_PER,
            at.behind(),
            "this limit does not say per what",
            format!("add `per customer`, or per store, per case …: `{} per customer`", shown(written.trim_end())),
        );
    }
    let long = match at.word(0).as_str() {
        "month" => Some("30 days"),
        "quarter" => Some("90 days"),
        "year" => Some("365 days"),
        _ => None,
    };
    if let Some(days) = long.filter(|_| at.expects_any(&[Rule::length, Rule::number])) {
        return at.error(codes::BAD_LIMIT, at.here(), "months differ in length", format!("write `every {days}`"));
    }
    let length = at.expects_any(&[Rule::length, Rule::number]) && words::UNITS.contains(&at.word(0).as_str());
    if length {
        let unit = at.word(0);
        return at.error(codes::BAD_LIMIT, at.here(), "a limit says how many", format!("write `every 1 {unit}`"));
    }
    at.expects_any(&[Rule::limit, Rule::w_once, Rule::w_every]).then_some(())?;
    if let Some(help) = several_times(at) {
        return at.error(
            codes::BAD_LIMIT,
            at.here(),
            "a limit lets one firing pass in a time",
            help.replace("at most ", limit),
        );
    }
    // `once a month per customer`, `once per day`
    let every = match (at.word(0).as_str(), at.word(1).as_str()) {
        ("a" | "an" | "per" | "each", unit @ ("hour" | "day" | "week")) => Some(format!("1 {unit}")),
        ("a" | "per" | "each", "month") => Some("30 days".to_owned()),
        ("a" | "per" | "each", "year") => Some("365 days".to_owned()),
        _ => None,
    };
    let per = if at.word(2) == "per" { or(at.text(3), "customer") } else { "customer".to_owned() };
    let help = match every {
        Some(every) => format!("write `{limit}once every {every} per {per}`"),
        None => format!("write, for example, `{limit}once every 7 days per customer`"),
    };
    at.error(codes::BAD_LIMIT, at.here(), "a limit has the form `at most once every …`", help)
}

/// `2 per customer per week`, `3 times a day per store`: says what to type instead.
fn several_times(at: &At) -> Option<String> {
    (at.kind(0) == Some(Kind::Number) || matches!(at.word(0).as_str(), "twice" | "thrice")).then_some(())?;
    let every = (1..8).find_map(|offset| {
        let unit = at.word(offset);
        let one = match unit.as_str() {
            "hour" => "1 hour",
            "day" => "1 day",
            "week" => "7 days",
            "month" => "30 days",
            "year" => "365 days",
            _ if words::UNITS.contains(&unit.as_str()) => "7 days",
            _ => return None,
        };
        // `1 per 30 days` says how many.
        let counted = at.kind(offset - 1) == Some(Kind::Number) && words::UNITS.contains(&unit.as_str());
        Some(if counted { format!("{} {unit}", shown(at.text(offset - 1))) } else { one.to_owned() })
    });
    let is_place = |offset: &isize| {
        let word = at.word(*offset);
        at.word(offset - 1) == "per"
            && !word.is_empty()
            && !words::UNITS.contains(&word.as_str())
            && !matches!(word.as_str(), "month" | "year")
    };
    let per = (1..8).find(is_place).map_or("customer".to_owned(), |offset| shown(at.text(offset)));
    Some(format!("write `at most once every {} per {per}`", every.unwrap_or_else(|| "7 days".to_owned())))
}

/// `3 complaints`, `more than 3 complaints`, `at least 3 complaints`
pub(super) fn count_form(at: &At) -> Option<Diagnostic> {
    (at.entry == Rule::e_trigger && at.index == 1).then_some(())?;
    let (first, number, more) = match (at.word(-1).as_str(), at.word(0).as_str()) {
        ("more", "than" | "then") => (-1, 1, 1),
        ("at", "least") => (-1, 1, 0),
        (_, "or") => return None,
        _ if at.kind(0) == Some(Kind::Word) && at.expects(Rule::w_or) => (0, -1, 0),
        _ => return None,
    };
    let least = at.text(number).parse::<u32>().ok().filter(|_| at.kind(number) == Some(Kind::Number))?;
    let signal = at.text(if first == 0 { 0 } else { 2 });
    let signal = if signal.is_empty() { "complaints".to_owned() } else { shown(signal) };
    at.error(
        codes::UNEXPECTED,
        at.span(first.min(number), first.max(number).max(0)),
        "how many signals is said with `or more`",
        format!("write `{} or more {signal}`", least.saturating_add(more)),
    )
}

/// `complaint or praise`
pub(super) fn either_signal(at: &At) -> Option<Diagnostic> {
    let joined = at.word(0) == "or" || at.text(0) == "," || at.word(0) == "and" && at.is_last(1);
    (at.entry == Rule::e_trigger && at.index == 1 && joined && at.kind(1) == Some(Kind::Word)).then_some(())?;
    let (one, other) = (shown(at.text(-1)), shown(at.text(1)));
    let help = format!("write a rule for each: `when {one}` in this one, `when {other}` in a second");
    at.error(codes::UNEXPECTED, at.here(), "a rule waits for one signal", help)
}

/// `daily at 7`, `every day`, `every Mondays at 08:00`, `at 7am`
pub(super) fn schedule_form(at: &At) -> Option<Diagnostic> {
    let word = at.word(0);
    if at.expects_any(&[Rule::schedule, Rule::w_every]) && at.entry == Rule::e_schedule && !at.is_at_end() {
        let message = format!("`{}` is no schedule", shown(at.text(0)));
        let help = match at.kind(0) {
            Some(Kind::Time) => format!("write `every day at {}`", shown(at.text(0))),
            _ => "write, for example, `every day at 07:00` or `every Monday at 08:00`".to_owned(),
        };
        return at.error(codes::UNEXPECTED, at.here(), message, help);
    }
    if at.expects_any(&[Rule::days, Rule::weekday]) && matches!(word.as_str(), "week" | "month" | "hour" | "morning") {
        let day = (1..4)
            .map(|offset| at.text(offset))
            .find(|day| words::WEEKDAYS.iter().any(|known| known.eq_ignore_ascii_case(day)));
        let help = match (word.as_str(), day) {
            (_, Some(day)) => format!("write `every {day} at 08:00`"),
            ("week", None) => "write `every Monday at 08:00`".to_owned(),
            _ => "write `every day at 07:00`: a schedule names days and times of day".to_owned(),
        };
        return at.error(codes::UNEXPECTED, at.here(), format!("`{word}` is no day"), help);
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
        // `9.30`
        if let Some((hour, minute)) =
            at.text(0).split_once('.').filter(|(hour, minute)| hour.len() <= 2 && minute.len() == 2)
        {
            let help = format!("write `{hour:0>2}:{minute}`");
            return at.error(codes::BAD_TIME, at.here(), "a time of day is written with a colon", help);
        }
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
        if matches!(at.kind(0), Some(Kind::Time | Kind::Number)) {
            let hour = if at.kind(0) == Some(Kind::Number) { ":00" } else { "" };
            let help = format!("write `every {day} at {}{hour}`", shown(at.text(0)));
            return at.error(codes::NO_TIME_OF_DAY, at.here(), "a time of day stands behind `at`", help);
        }
        return at.error(
            codes::NO_TIME_OF_DAY,
            at.behind(),
            "this schedule has no time of day",
            format!("write `every {day} at 07:00`"),
        );
    }
    None
}

/// `when survey_response.score is at most 6`
pub(super) fn each_with_field(at: &At) -> Option<Diagnostic> {
    (at.entry == Rule::e_trigger && at.expects_any(&[Rule::goes, Rule::w_goes]) && at.text(-2) == ".").then_some(())?;
    matches!(at.word(0).as_str(), "is" | "contains" | "mentions" | "does" | "starts").then_some(())?;
    let (signal, field) = (shown(at.text(-3)), shown(at.text(-1)));
    let rest: Vec<&str> = (1..6).map(|offset| at.text(offset)).collect();
    let line = match rest[..] {
        ["over" | "above", ref line @ ..] => Some(("over", line)),
        ["more" | "greater" | "higher" | "longer" | "larger" | "bigger", "than", ref line @ ..] => Some(("over", line)),
        ["under" | "below", ref line @ ..] => Some(("under", line)),
        ["less" | "lower" | "fewer" | "shorter" | "smaller", "than", ref line @ ..] => Some(("under", line)),
        _ => None,
    };
    let help = match line.filter(|_| at.word(0) == "is") {
        Some((side, line)) => {
            let unit = line.get(1).filter(|unit| words::UNITS.contains(unit) || **unit == "min");
            let line = format!("{}{}", shown(line[0]), unit.map(|unit| format!(" {unit}")).unwrap_or_default());
            let order = if side == "over" { "more than" } else { "less than" };
            format!(
                "write `{signal}.{field} goes {side} {line}`, or for each signal `{signal} where {field} is {order} {line}`"
            )
        }
        None => format!("write `when {signal} where {field} {} …`", at.word(0)),
    };
    at.error(codes::UNEXPECTED, at.here(), format!("what is said of `{field}` stands after `where`"), help)
}

/// `when queue_reading goes over 10 minutes`
pub(super) fn reading_without_field(at: &At) -> Option<Diagnostic> {
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
pub(super) fn measure_without_field(at: &At) -> Option<Diagnostic> {
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
pub(super) fn measured(at: &At) -> Option<Diagnostic> {
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
    if at.expects(Rule::w_over) && !word.is_empty() {
        let later = at.sentence.tokens[at.index..].windows(3).position(|words| {
            ["over", "the", "last"].iter().zip(words).all(|(word, token)| at.sentence.word(token) == *word)
        });
        let number = (1..4).find(|offset| at.kind(*offset) == Some(Kind::Number));
        let length = match (number, word.as_str()) {
            (Some(at_number), _) => format!("{} {}", shown(at.text(at_number)), or(at.text(at_number + 1), "days")),
            (None, "today") => "1 day".to_owned(),
            _ => "7 days".to_owned(),
        };
        let help = match (word.as_str(), later) {
            ("is", Some(_)) => "`over the last …` stands in front of `is`".to_owned(),
            ("is", None) => "write before it, for example, `over the last 7 days`".to_owned(),
            ("today" | "this" | "last" | "in" | "within" | "during" | "for" | "yesterday", _) => {
                format!("write `over the last {length}`")
            }
            _ => return None,
        };
        return at.error(codes::NO_WITHIN, at.here(), "this measure does not say over what time", help);
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
pub(super) fn side(at: &At) -> Option<Diagnostic> {
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
    if at.word(0) == "for" && at.kind(1) == Some(Kind::Number) && at.expects_any(&[Rule::clears, Rule::w_clears]) {
        let start = at.sentence.tokens.iter().rposition(|token| at.sentence.word(token) == "goes")?;
        let tokens = at.sentence.tokens.get(start + 1..at.index).filter(|tokens| tokens.len() < 8)?;
        let line = &at.sentence.slice.text[tokens.first()?.start..tokens.last()?.end];
        let help = format!("write `stays {line} for {} {}`", shown(at.text(1)), or(at.text(2), "minutes"));
        return at.error(
            codes::OTHER_WORD,
            at.here(),
            "a reading goes over its line at once, and stays over it for a time",
            help,
        );
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

/// `within`, `for the same` that are not there.
pub(super) fn missing_part(at: &At) -> Option<Diagnostic> {
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
    let second = word == "where" && at.expects_any(&[Rule::and_term, Rule::w_and]);
    if second && at.last_before(&["where", "followed", "same", "within", "last"]).as_deref() == Some("where") {
        return at.error(
            codes::OTHER_WORD,
            at.here(),
            "`where` stands once, and its conditions are joined",
            "write `and`",
        );
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
            let length = at.kind(1) == Some(Kind::Number) && at.kind(2) == Some(Kind::Word);
            let help = match length && !at.is_at_end() {
                true => format!("write `within {} {}`", shown(at.text(1)), shown(at.text(2))),
                false => "write how long at most, such as `within 14 days`".to_owned(),
            };
            return at.error(code, span, message, help);
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
