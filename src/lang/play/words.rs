//! Words: what a rule of the grammar looks like to whoever types it, and words of other languages and tools with the
//! ones used here.

mod foreign;

use std::sync::LazyLock;

use rustc_hash::FxHashSet;

use super::grammar::Rule;

/// Clauses of a rule in their order, as a user types them.
pub(super) const CLAUSE_ORDER: &str = "status, when, for each, only if / unless, check, at most, then";

/// The words that begin an action.
pub(super) const ACTIONS: [&str; 7] = ["alert", "email", "open case", "escalate", "post to", "set", "record"];

/// Units of time as they are written in full.
pub(super) const UNITS: [&str; 10] =
    ["seconds", "second", "minutes", "minute", "hours", "hour", "days", "day", "weeks", "week"];

/// Units of time as they may be written beside.
const SHORT_UNITS: [(&str, &str); 12] = [
    ("s", "seconds"),
    ("sec", "seconds"),
    ("secs", "seconds"),
    ("min", "minutes"),
    ("mins", "minutes"),
    ("h", "hours"),
    ("hr", "hours"),
    ("hrs", "hours"),
    ("d", "days"),
    ("w", "weeks"),
    ("wk", "weeks"),
    ("wks", "weeks"),
];

/// Returns the unit of time that a word in small letters means, here or in another language.
pub(super) fn unit(word: &str) -> Option<&'static str> {
    let own = UNITS.into_iter().find(|unit| *unit == word);
    let short = || SHORT_UNITS.iter().find(|(short, _)| *short == word).map(|(_, unit)| *unit);
    own.or_else(short).or_else(|| meant_by(foreign::UNITS, word))
}

/// Tells whether a word in small letters is a unit of time here, in full or short.
pub(super) fn is_unit(word: &str) -> bool {
    UNITS.contains(&word) || SHORT_UNITS.iter().any(|(short, _)| *short == word && word != "wks")
}

fn meant_by(table: &[(&'static str, &[&str])], word: &str) -> Option<&'static str> {
    table.iter().find(|(_, foreign)| foreign.contains(&word)).map(|(meant, _)| *meant)
}

/// Tells whether a word in small letters begins a rule in another language.
pub(super) fn is_rule(word: &str) -> bool {
    foreign::RULE.contains(&word)
}

/// Tells whether a word in small letters is what `is` is called in another language.
pub(super) fn is_is(word: &str) -> bool {
    foreign::IS.contains(&word)
}

/// Tells whether a word in small letters is what `goes over` is called in another language.
pub(super) fn is_exceeds(word: &str) -> bool {
    foreign::EXCEEDS.contains(&word)
}

/// Tells whether a word in small letters is what `alert` is called in another language.
pub(super) fn is_alert(word: &str) -> bool {
    foreign::ALERT.contains(&word)
}

/// Tells whether a word in small letters is what sending is called in another language.
pub(super) fn is_send(word: &str) -> bool {
    foreign::SEND.contains(&word)
}

/// Tells whether a word in small letters begins a comparison of another language.
pub(super) fn begins_order(word: &str) -> bool {
    static FIRST: LazyLock<FxHashSet<&str>> = LazyLock::new(|| {
        let phrases = foreign::ORDERS.iter().flat_map(|(_, phrases)| phrases.iter());
        phrases.filter_map(|phrase| phrase.split(' ').next()).collect()
    });
    FIRST.contains(word)
}

/// Returns the comparison that begins a text of another language, and of how many words it is.
pub(super) fn order(text: &[String]) -> Option<(&'static str, usize)> {
    let phrases =
        foreign::ORDERS.iter().flat_map(|(meant, phrases)| phrases.iter().map(move |phrase| (*meant, *phrase)));
    let said = |(meant, phrase): (&'static str, &str)| {
        let words: Vec<&str> = phrase.split(' ').collect();
        let same = words.len() <= text.len() && words.iter().zip(text).all(|(word, said)| word == said);
        same.then_some((meant, words.len()))
    };
    phrases.filter_map(said).max_by_key(|(_, length)| *length)
}

/// Returns the status that a word in small letters means.
pub fn status(word: &str) -> Option<&'static str> {
    Some(match word {
        "live" | "on" | "active" | "enabled" | "yes" | "true" | "running" | "production" => "live",
        "paused" | "off" | "disabled" | "inactive" | "no" | "false" | "stopped" | "pause" => "paused",
        "shadow" | "test" | "testing" | "draft" | "dry" | "dry_run" | "dry-run" | "trial" | "silent" => "shadow",
        _ => return None,
    })
}

/// Weekdays.
pub(super) const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Words that are never names.
pub(super) const RESERVED: [&str; 11] =
    ["and", "or", "not", "is", "where", "when", "then", "unless", "within", "yes", "no"];

/// Tells whether `word`, in small letters, has a meaning of its own somewhere in the language.
pub(super) fn is_key_word(word: &str) -> bool {
    // Asked for every word of a broken sentence, and of many of them.
    static KEY_WORDS: LazyLock<FxHashSet<String>> =
        LazyLock::new(|| Rule::all_rules().iter().filter_map(|rule| key_word(*rule)).collect());
    RESERVED.contains(&word) || UNITS.contains(&word) || KEY_WORDS.contains(word)
}

/// Returns the key word a rule stands for: the grammar names such rules `w_` and the word.
pub(super) fn key_word(rule: Rule) -> Option<String> {
    if !(Rule::w_above..=Rule::w_zone).contains(&rule) {
        return None;
    }
    format!("{rule:?}").strip_prefix("w_").map(str::to_owned)
}

/// Returns the words that may be typed where `rule` is expected, for did-you-mean.
pub(super) fn first_words(rule: Rule) -> Vec<String> {
    if let Some(word) = key_word(rule) {
        return vec![word];
    }
    let words: &[&str] = match rule {
        Rule::predicate | Rule::test => &["is", "contains", "starts", "mentions", "does"],
        Rule::p_is | Rule::p_compare | Rule::level | Rule::previous => &["is"],
        Rule::action => &["alert", "email", "open", "escalate", "post", "set", "record"],
        Rule::plain_action | Rule::ladder_now => &["alert", "email", "open", "post", "set", "record", "now"],
        Rule::timing | Rule::timing_parts | Rule::timed_step | Rule::ladder_step => &["after", "at", "during"],
        Rule::steps | Rule::now_step => {
            &["alert", "email", "open", "escalate", "post", "set", "record", "after", "at", "during"]
        }
        Rule::side => &["over", "under"],
        Rule::order => &["at", "more", "less", "over", "under", "before", "after"],
        Rule::step_order => &["at", "more"],
        Rule::step_side => &["above", "below"],
        Rule::difference_unit => &["points", "percent"],
        Rule::days => &["day", "weekday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        Rule::weekday => &WEEKDAYS,
        Rule::unit => &UNITS,
        Rule::business => &["business"],
        Rule::status_word => &["live", "shadow", "paused"],
        Rule::m_kind | Rule::measure | Rule::t_measure => {
            &["nps", "csat", "average", "median", "sum", "lowest", "highest", "count", "share", "gap"]
        }
        Rule::trigger => {
            &["every", "nps", "csat", "average", "median", "sum", "lowest", "highest", "count", "share", "gap"]
        }
        Rule::schedule | Rule::t_schedule => &["every"],
        Rule::goes => &["goes"],
        Rule::stays => &["stays"],
        Rule::clears => &["clears"],
        Rule::filter => &["where"],
        Rule::same => &["for"],
        Rule::within => &["within"],
        Rule::different | Rule::with | Rule::enough => &["with"],
        Rule::followed => &["followed"],
        Rule::not_followed => &["not"],
        Rule::and_term => &["and"],
        Rule::or_term => &["or"],
        Rule::percent => &["percent"],
        _ => &[],
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Says what may stand where `rule` is expected. `None` where it goes without saying.
pub(super) fn phrase(rule: Rule) -> Option<String> {
    let phrase = match rule {
        Rule::EOI | Rule::comma | Rule::percent_sign | Rule::currency => return None,
        Rule::operand => "a value",
        Rule::condition | Rule::group | Rule::test | Rule::yes_name | Rule::open_bracket => "a condition",
        Rule::predicate => "`is …`, `contains …`, `starts with …` or `mentions …`",
        Rule::action => "an action (`alert`, `email`, `open case`, `escalate`, `post to`, `set`, `record`)",
        Rule::plain_action | Rule::ladder_now => {
            "an action (`alert`, `email`, `open case`, `post to`, `set`, `record`)"
        }
        Rule::steps | Rule::now_step => "an action (`alert`, `email`, …) or a timing (`after 2 hours:`)",
        Rule::timing | Rule::timing_parts | Rule::timed_step | Rule::ladder_step => "a timing such as `after 2 hours:`",
        Rule::after => "`after …`",
        Rule::at => "`at 09:00`",
        Rule::during => "`during …`",
        Rule::word | Rule::path | Rule::key | Rule::recipient => "a name",
        Rule::part => "a name after the dot",
        Rule::field => "a signal with its field, such as `survey_response.score`",
        Rule::source | Rule::t_chain => "a signal",
        Rule::text => "a text in quotes",
        Rule::script => "a script in back-ticks",
        Rule::number => "a number",
        Rule::whole => "a whole number",
        Rule::length => "a length of time such as `7 days`",
        Rule::unit | Rule::business => "a unit of time (`minutes`, `hours`, `business hours`, `days`, `weeks`)",
        Rule::of_calendar => "`of` and a calendar",
        Rule::time => "a time of day such as `09:00`",
        Rule::date => "a date such as `2026-12-24`",
        Rule::yes_no => "`yes` or `no`",
        Rule::days | Rule::weekday => "`day`, `weekday` or a day of the week",
        Rule::status_word => "`live`, `shadow` or `paused`",
        Rule::side => "`over` or `under`",
        Rule::order => "`at least`, `at most`, `more than`, `less than`, `over`, `under`, `before` or `after`",
        Rule::step_order => "`at least` or `more than`",
        Rule::step_side => "`below` or `above`",
        Rule::difference_unit => "`points` or `percent`",
        Rule::level | Rule::previous | Rule::p_is | Rule::p_compare | Rule::p_between => "`is …`",
        Rule::measure | Rule::m_kind | Rule::t_measure => "a measure such as `nps of survey_response.score`",
        Rule::trigger => "what happens: a signal, a count, a measure or `every …`",
        Rule::schedule | Rule::t_schedule => "`every day at 07:00`",
        Rule::limit | Rule::w_once => "`once every 7 days per customer`",
        Rule::filter | Rule::w_where => "`where …`",
        Rule::same => "`for the same …`",
        Rule::within => "`within …`",
        Rule::different => "`with different …`",
        Rule::enough => "`with at least 30 …`",
        Rule::w_using => "`using` and the name of a template",
        Rule::with => "`with …`",
        Rule::item => "a name and its value",
        Rule::goes => "`goes over …`",
        Rule::stays => "`stays over …`",
        Rule::clears => "`clears under …`",
        Rule::followed | Rule::w_followed => "`followed by …`",
        Rule::not_followed => "`not followed by …`",
        Rule::both_periods => "`in both periods`",
        Rule::percent => "`percent`",
        Rule::version => "a version",
        Rule::and_term => "`and …`",
        Rule::or_term => "`or …`",
        Rule::close_bracket => "`)`",
        Rule::colon => "`:`",
        _ => return key_word(rule).map(|word| format!("`{word}`")),
    };
    Some(phrase.to_owned())
}

/// Returns all that is expected, in words, `limit` of them at most.
pub(super) fn phrases(expected: &[Rule], limit: usize) -> String {
    let mut all: Vec<String> = Vec::new();
    // A condition begins with a value or a name: saying so as well would only confuse.
    let condition = expected
        .iter()
        .any(|rule| matches!(rule, Rule::condition | Rule::group | Rule::test | Rule::yes_name | Rule::open_bracket));
    let part = |rule: &Rule| matches!(rule, Rule::operand | Rule::path | Rule::word | Rule::script);
    // A mail needs its template; what else it may have can wait.
    let optional =
        |rule: &Rule| expected.contains(&Rule::w_using) && matches!(rule, Rule::w_in | Rule::with | Rule::w_with);
    let expected = expected.iter().filter(|rule| !(optional(rule) || condition && part(rule)));
    for phrase in expected.filter_map(|rule| phrase(*rule)) {
        if !all.contains(&phrase) {
            all.push(phrase);
        }
    }
    // What has to stand there is more useful than what may; conditions and values first, marks last.
    all.truncate(limit);
    match all.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// What a word of another language or tool is called here.
pub(super) enum Here {
    /// It begins a clause.
    Clause(&'static str),
    /// It compares.
    Predicate(&'static str),
    /// It acts.
    Action(&'static str),
    /// Anything else: what to write.
    Other(&'static str),
    /// There is no such thing here: what to do instead.
    Advice(&'static str),
}

/// Returns what a word of another language or tool is called here.
pub(super) fn elsewhere(word: &str) -> Option<Here> {
    use Here::{Action, Advice, Clause, Other, Predicate};
    Some(match word {
        "if" | "whenever" | "on" | "upon" | "cuando" | "wenn" | "falls" | "sobald" | "quand" | "lorsque" | "quando"
        | "gdy" | "kiedy" | "jeśli" | "jeżeli" | "когда" | "если" | "kai" | "jei" | "si" | "se" | "trigger"
        | "коли" | "якщо" => Clause("when"),
        "do" | "entonces" | "wtedy" | "тогда" | "тоді" | "то" | "tada" | "dann" | "alors" | "allora" | "então"
        | "action" | "actions" => Clause("then"),
        "except" | "chyba" | "salvo" | "кроме" | "nebent" | "außer" | "sauf" | "tranne" | "oprócz" | "крім" => {
            Clause("unless")
        }
        "donde" | "gdzie" | "где" | "kur" | "wobei" | "wo" | "où" | "dove" | "onde" | "having" | "filter"
        | "with_filter" => Other("where …"),
        "foreach" | "for_each" | "cada" => Clause("for each"),
        "onlyif" | "only_if" | "provided" => Clause("only if"),
        "limit" | "throttle" | "cooldown" | "max" => Clause("at most once every 7 days per customer"),
        "daily" => Other("every day at 07:00"),
        "weekly" => Other("every Monday at 08:00"),
        "hourly" | "monthly" => Other("every day at 07:00"),
        "equals" | "equal" | "eq" | "igual" | "равно" | "równa" => Predicate("is …"),
        "atleast" | "at_least" | "gte" => Predicate("is at least …"),
        "atmost" | "at_most" | "lte" => Predicate("is at most …"),
        "morethan" | "more_than" | "gt" | "greater" | "bigger" | "higher" | "larger" | "exceeds" | "above" | "more" => {
            Predicate("is more than …")
        }
        "lessthan" | "less_than" | "lt" | "smaller" | "lower" | "fewer" | "below" | "less" => {
            Predicate("is less than …")
        }
        "oneof" | "one_of" | "in" => Predicate("is one of …"),
        "exists" | "filled" => Predicate("is present"),
        "empty" | "null" | "none" | "blank" => Predicate("is missing"),
        "has" | "includes" | "include" | "containing" | "matches" | "like" => Predicate("contains …"),
        "mentioning" | "mention" => Predicate("mentions …"),
        "startswith" | "begins" | "beginning" => Predicate("starts with …"),
        "doesnt" | "doesn" => Predicate("does not contain …"),
        "isnt" | "isn" => Predicate("is not …"),
        "create" | "ticket" | "case" | "task" | "assign" => Action("open case for customer"),
        "webhook" | "http" => Action("post to \"endpoint\""),
        "log" | "emit" | "track" => Action("record signal_name"),
        "update" | "change" => Action("set customer.at_risk to yes"),
        "wait" | "delay" | "later" => Other("after 2 hours:"),
        "else" | "otherwise" | "elif" | "elseif" => {
            Advice("write a second rule with the opposite condition: a rule has one `then`")
        }
        "end" | "endif" | "begin" | "fi" | "done" => Advice("take it out: a rule ends where the next one begins"),
        "timezone" | "time_zone" | "tz" => Other("time zone \"Europe/Madrid\""),
        "true" | "да" | "tak" | "taip" | "sí" | "ja" | "oui" | "sì" | "sim" => Other("yes"),
        "false" | "нет" | "nie" | "ne" | "nein" | "non" | "não" => Other("no"),
        "y" | "и" | "ir" | "und" | "oraz" | "et" | "і" | "та" => Other("and"),
        "или" | "lub" | "arba" | "oder" | "albo" | "ou" | "або" => Other("or"),
        "set_status" | "enabled" | "disabled" => Other("status live"),
        _ => return None,
    })
}

/// Returns the key word of a clause or action that a word of another language means, its words joined by `_`.
pub fn key_word_for(word: &str) -> Option<&'static str> {
    match elsewhere(word) {
        Some(Here::Clause("for each")) => Some("for_each"),
        Some(Here::Clause("only if")) => Some("only_if"),
        Some(Here::Clause(text)) if text.starts_with("at most") => Some("at_most"),
        Some(Here::Clause(text)) => Some(text),
        Some(Here::Other("where …")) => Some("where"),
        _ if is_alert(word) => Some("alert"),
        _ if is_send(word) => Some("email"),
        _ => None,
    }
}

/// Returns what to do about a word of another language or tool for which there is nothing here.
pub fn advice(word: &str) -> Option<&'static str> {
    match elsewhere(word)? {
        Here::Advice(text) => Some(text),
        _ => None,
    }
}

impl Here {
    /// Returns what to do.
    pub fn help(&self) -> String {
        match self {
            Here::Clause(text) | Here::Predicate(text) | Here::Action(text) | Here::Other(text) => {
                format!("write `{text}`")
            }
            Here::Advice(text) => (*text).to_owned(),
        }
    }
}
