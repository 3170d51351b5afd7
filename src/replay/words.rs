//! What happened, in words: instants, keys, signals, effects and declines as a person reads them.
//!
//! One voice for timelines, `replay` and `why`. Personal values are never in it: a text that was filled with one is
//! replaced as a whole, because a part of it could still tell.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::engine::effect::{Effect, Firing, What};
use crate::engine::ruleset::RuleSet;
use crate::engine::trace::{Compared, Look, Unknown, Verdict};
use crate::id::{RuleId, SignalId};
use crate::ir::Rule;
use crate::ir::action::{ActionKind, Piece};
use crate::ir::expr::Operand;
use crate::replay::reasons::{self, No};
use crate::signal::Signal;
use crate::value::{Str, Value};
use crate::vocabulary::spoken::in_text;
use crate::vocabulary::text::fold;
use crate::vocabulary::typed::print_value;
use crate::vocabulary::{Type, Vocabulary};

/// What stands for a value that is a person's own.
pub const PERSONAL: &str = "(personal)";

/// Returns `Fri 2026-03-27 17:00`, with seconds only where there are some.
pub fn instant(at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    format!("{} {}", local.strftime("%a %Y-%m-%d"), time(local.time()))
}

/// Returns `17:00`, with seconds only where there are some.
pub fn time(time: Time) -> String {
    match (time.second(), time.subsec_nanosecond()) {
        (0, 0) => time.strftime("%H:%M").to_string(),
        (_, 0) => time.strftime("%H:%M:%S").to_string(),
        _ => time.to_string(),
    }
}

/// Returns `2026-03-27T16:30:00Z`, without a fraction where it is zero.
pub fn utc(at: Timestamp) -> String {
    at.to_string()
}

/// Returns why an effect came out as it did, with the instants in it as a person of `zone` reads them.
pub fn reason(effect: &Effect, zone: &TimeZone) -> String {
    let shown = |word: &str| {
        let bare = word.trim_end_matches([',', ';', ')']);
        match bare.strip_suffix('Z').and_then(|_| bare.parse::<Timestamp>().ok()) {
            Some(at) => format!("{}{}", instant(at, zone), &word[bare.len()..]),
            None => word.to_owned(),
        }
    };
    effect.reason.split(' ').map(shown).collect::<Vec<_>>().join(" ")
}

/// Returns a length of time in its two largest units: `2 hours 5 minutes`.
pub fn length(length: SignedDuration) -> String {
    let mut rest = length.as_secs().unsigned_abs();
    let mut parts = vec![];
    for (seconds, name) in [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")] {
        let count = rest / seconds;
        rest %= seconds;
        if count > 0 && parts.len() < 2 {
            parts.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
    }
    let sign = if length.is_negative() { "-" } else { "" };
    if parts.is_empty() { "0 seconds".into() } else { format!("{sign}{}", parts.join(" ")) }
}

/// Returns a value of unknown type.
pub fn value(value: &Value) -> String {
    match value {
        Value::Missing => "(missing)".into(),
        Value::Text(text) | Value::Id(text) => text.to_string(),
        Value::Number(number) => number.to_string(),
        Value::YesNo(yes) => if *yes { "yes" } else { "no" }.into(),
        Value::Duration(duration) => length(*duration),
        Value::Money(amount, currency) => format!("{amount} {currency}"),
        Value::Date(date) => date.to_string(),
        Value::Time(at) => time(*at),
    }
}

/// Returns a value for other programs: numbers that JSON holds exactly and yes/no stay what they are, everything else is
/// a text.
pub fn json(held: &Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match held {
        Value::Missing => Json::Null,
        Value::YesNo(yes) => Json::Bool(*yes),
        Value::Number(number) if number.is_whole() => Json::from(number.whole()),
        Value::Number(number) => serde_json::from_str(&number.to_string()).unwrap_or(Json::Null),
        held => Json::String(value(held)),
    }
}

/// Returns a key as `C1 and delivery`, personal parts as they are: for mails to staff. Empty for a rule without one.
pub fn key(key: &[(Str, Value)]) -> String {
    key.iter().map(|(_, part)| value(part)).collect::<Vec<_>>().join(" and ")
}

/// Returns a key as `C1 and delivery`, without what is personal in it; empty for a rule without one.
pub fn shown_key(rules: &RuleSet, rule: &RuleId, key: &[(Str, Value)]) -> String {
    let part = |(place, (name, part)): (usize, &(Str, Value))| match is_personal_part(rules, rule, place, name) {
        true => PERSONAL.to_owned(),
        false => value(part),
    };
    key.iter().enumerate().map(part).collect::<Vec<_>>().join(" and ")
}

/// Returns the rule's id followed by ` for C1 and delivery` where there is a key, without what is personal in it.
pub fn for_key(rules: &RuleSet, rule: &RuleId, key: &[(Str, Value)]) -> String {
    let name = &rule.rule;
    if key.is_empty() { name.to_string() } else { format!("{name} for {}", shown_key(rules, rule, key)) }
}

/// Tells whether a part of a rule's key, or of its limit's where it has none, is a person's data.
pub fn is_personal_part(rules: &RuleSet, rule: &RuleId, place: usize, name: &str) -> bool {
    let Some(rule) = rules.rule(rule) else {
        // The rule is gone since. What its key was made of is told by its name alone.
        let last = name.rsplit('.').next().unwrap_or(name);
        let signals = rules.vocabulary.signals.iter().flat_map(|signal| &signal.fields);
        let mut fields = signals.chain(rules.vocabulary.things.iter().flat_map(|thing| &thing.facts));
        return fields.any(|field| field.personal && *field.name == *last);
    };
    let own = rule.key.get(place).filter(|part| *part.name == *name);
    let limit = rule.limit.as_ref().filter(|_| rule.key.is_empty()).and_then(|limit| limit.per.get(place));
    own.is_some_and(|part| part.from.iter().any(|(_, access)| access.personal))
        || limit.is_some_and(|(part, access)| **part == *name && access.personal)
}

/// Tells whether two keys are one: they are told as they are written, or as they are grouped.
pub fn same_key(one: &[(Str, Value)], other: &[(Str, Value)]) -> bool {
    one == other || (one.len() == other.len() && fold(&key(one)) == fold(&key(other)))
}

/// Returns a signal's id, with its source where it has one. The long ids of derived signals are cut.
pub fn signal_id(id: &SignalId) -> String {
    const SHOWN_OF_DERIVED: usize = 8;
    match &*id.source {
        "" => id.id.to_string(),
        "touchline" => format!("touchline:{}", id.id.get(..SHOWN_OF_DERIVED).unwrap_or(&id.id)),
        source => format!("{source}:{}", id.id),
    }
}

/// Returns a clause with the value it met: `score is at least 9 (4)`.
pub fn compared(compared: &Compared) -> String {
    // `(missing)` and `(personal)` have their brackets already.
    match compared.actual.starts_with('(') {
        true => format!("{} {}", compared.clause, compared.actual),
        false => format!("{} ({})", compared.clause, compared.actual),
    }
}

/// Returns a signal's fields, `customer C1, topic delivery, comment (personal)`; missing ones are left out.
pub fn fields(signal: &Signal, vocabulary: &Vocabulary) -> String {
    let kind = vocabulary.signal_type(signal.kind);
    let mut parts = vec![];
    for (field, held) in kind.fields.iter().zip(&signal.fields) {
        match held {
            Value::Missing => {}
            _ if field.personal => parts.push(format!("{} {PERSONAL}", field.name)),
            held => parts.push(format!("{} {}", field.name, print_value(held, &field.ty))),
        }
    }
    parts.join(", ")
}

/// Returns what an effect asks for and of whom: `alert team_lead of S7`.
pub fn action(effect: &Effect, rules: &RuleSet) -> String {
    let to = &*effect.to;
    let with_to = |words: String| if to.is_empty() { words } else { format!("{words} {to}") };
    match &effect.what {
        What::Alert { role, .. } => match to.is_empty() {
            true => format!("alert {role}"),
            false => format!("alert {to}"),
        },
        What::Email { template, .. } => format!("{} using \"{template}\"", with_to("email".into())),
        What::OpenCase { joined, priority, .. } => {
            let verb = if *joined { "join case" } else { "open case" };
            let whom = if to.is_empty() { String::new() } else { format!(" for {to}") };
            format!("{verb}{whom} with priority {priority}")
        }
        What::Post { endpoint, values } => {
            let posted = |(name, held): &(Str, Value)| match is_posted_personal(effect, rules, endpoint, name) {
                true => format!("{name} {PERSONAL}"),
                false => format!("{name} {}", in_text(held, &Type::Text)),
            };
            let posted: Vec<String> = values.iter().map(posted).collect();
            let with = if posted.is_empty() { String::new() } else { format!(" with {}", posted.join(", ")) };
            format!("post to \"{endpoint}\"{with}")
        }
        What::Set { thing, id, fact, value: held } => {
            let thing = rules.vocabulary.thing_type(*thing);
            let fact = &thing.facts[fact.index()];
            let held = if fact.personal { PERSONAL.into() } else { print_value(held, &fact.ty) };
            format!("set {}.{} of {id} to {held}", thing.name, fact.name)
        }
        What::Record { signal } => {
            let name = &rules.vocabulary.signal_type(signal.kind).name;
            format!("record {name}: {}", fields(signal, &rules.vocabulary))
        }
        What::Firing => effect.firing.as_ref().map_or("firing".into(), |firing| fired(firing, rules)),
        What::Withdraw => with_to("withdraw what is unsent".into()),
        What::Digest { lines, .. } if lines.len() == 1 => "digest to the owner, 1 line".into(),
        What::Digest { lines, .. } => format!("digest to the owner, {} lines", lines.len()),
    }
}

/// Returns `firing of repeat_complaint for C1 and delivery`.
fn fired(firing: &Firing, rules: &RuleSet) -> String {
    format!("firing of {}", for_key(rules, &firing.rule, &firing.key))
}

/// Returns the text an effect carries, as far as it may be shown: of an alert, or the reason of a case.
pub fn text(effect: &Effect, rules: &RuleSet) -> Option<String> {
    let shown = |held: String| if carries_personal(effect, rules) { PERSONAL.to_owned() } else { held };
    match &effect.what {
        What::Alert { text, .. } if !text.is_empty() => Some(shown(text.to_string())),
        What::OpenCase { reason: Some(reason), .. } if !reason.is_missing() => Some(shown(value(reason))),
        What::Digest { lines, .. } => Some(lines.join("; ")),
        _ => None,
    }
}

/// Tells whether an action of the effect's rule that could have given this effect uses a personal value.
fn carries_personal(effect: &Effect, rules: &RuleSet) -> bool {
    let Some(firing) = &effect.firing else { return false };
    // A rule that is gone since: nothing is known of what its texts were filled with.
    let Some(rule) = rules.rule(&firing.rule) else { return true };
    let steps = rule.then.steps.iter().chain(rule.then.ladder.iter().flat_map(|ladder| &ladder.steps));
    steps.flat_map(|step| &step.actions).any(|action| match (&action.kind, &effect.what) {
        (ActionKind::Alert { role, saying, .. }, What::Alert { role: sent, .. }) => {
            role == sent && saying.iter().any(|piece| matches!(piece, Piece::Value(access) if access.personal))
        }
        (ActionKind::OpenCase { reason, .. }, What::OpenCase { .. }) => reason.as_ref().is_some_and(is_personal),
        _ => false,
    })
}

/// Tells whether a posted value may be a person's data: one that the rule fills from such, or of a rule that is gone.
fn is_posted_personal(effect: &Effect, rules: &RuleSet, endpoint: &str, name: &str) -> bool {
    let rule = effect.firing.as_ref().and_then(|firing| rules.rule(&firing.rule));
    let Some(rule) = rule else { return true };
    let steps = rule.then.steps.iter().chain(rule.then.ladder.iter().flat_map(|ladder| &ladder.steps));
    steps.flat_map(|step| &step.actions).any(|action| match &action.kind {
        ActionKind::Post { endpoint: own, with } if **own == *endpoint => {
            with.iter().any(|(of, operand)| **of == *name && is_personal(operand))
        }
        _ => false,
    })
}

fn is_personal(operand: &Operand) -> bool {
    match operand {
        Operand::Literal(_) => false,
        Operand::Access(access) => access.personal,
        Operand::Script(script, _) => script.reads.iter().any(|(_, access)| access.personal),
    }
}

/// Returns why a rule that looked did not fire, or how far it has come, in a few words; `None` where it fired. `rule` is the
/// one that looked, where it is there.
pub fn verdict(look: &Look, rule: Option<&Rule>, zone: &TimeZone) -> Option<String> {
    let last = || look.compared.last().map_or(String::new(), compared);
    Some(match &look.verdict {
        Verdict::Fired => return None,
        Verdict::Armed { until } => format!("waiting until {}", instant(*until, zone)),
        Verdict::Answered => "answered".into(),
        Verdict::NoMatch => failed(look, rule).unwrap_or_else(last),
        Verdict::KeyMissing { part } => format!("{part} is missing"),
        Verdict::Counting { have, need } => format!("{have} of {need}"),
        Verdict::Joined { since } => format!("joins the episode since {}", instant(*since, zone)),
        Verdict::NotOver => failed(look, rule).unwrap_or_else(|| "not over the line".into()),
        Verdict::Noted => "noted".into(),
        Verdict::TestFails => or_else(last(), "the test does not hold"),
        Verdict::Unknown(Unknown::Nothing) => "nothing to measure".into(),
        Verdict::Unknown(Unknown::NothingBefore) => "nothing to compare with in the period before".into(),
        Verdict::Unknown(Unknown::PercentOfNothing) => {
            format!("a percentage of nothing is not known: {}", last())
        }
        Verdict::Unknown(Unknown::Incomparable) => format!("unknown: {}", last()),
        Verdict::Unknown(Unknown::Few { recent, previous, need }) => match (recent, previous) {
            (Some(recent), Some(before)) => format!("too few responses: {recent} of {need}, {before} of {need} before"),
            (None, Some(before)) => format!("too few responses in the period before: {before} of {need}"),
            (recent, None) => format!("too few responses: {} of {need}", recent.unwrap_or_default()),
        },
        Verdict::GuardSaysNo => {
            format!("guard: {}", reasons::refused(&look.compared, rule).map(no).unwrap_or_default())
        }
        Verdict::Limited { last, frees_at } => {
            format!("limited: last fired {}, frees {}", instant(*last, zone), instant(*frees_at, zone))
        }
        Verdict::Silenced { until } => format!("silenced until {}", instant(*until, zone)),
        Verdict::TooLate => "too late".into(),
        Verdict::Duplicate => "known already".into(),
        Verdict::Update => "an update of a signal it has seen".into(),
        Verdict::Paused => "paused".into(),
        Verdict::ChainRefused { chain } => {
            let names: Vec<String> = chain.iter().map(|rule| rule.rule.to_string()).collect();
            format!("refused, it would go in a circle: {}", names.join(" → "))
        }
    })
}

fn or_else(text: String, other: &str) -> String {
    if text.is_empty() { other.into() } else { text }
}

/// Returns what decided against, with its actual values.
fn failed(look: &Look, rule: Option<&Rule>) -> Option<String> {
    reasons::failed(&look.compared, rule).map(no)
}

/// Returns what a firing rests on, each comparison with the value it met.
pub fn reasons(firing: &Firing, rules: &RuleSet) -> Vec<String> {
    let held = reasons::held(&firing.compared, rules.rule(&firing.rule).map(|rule| &**rule));
    held.into_iter().map(compared).collect()
}

fn no(no: No<'_>) -> String {
    let told = |all: Vec<&Compared>| all.into_iter().map(compared).collect::<Vec<_>>();
    match no {
        No::Failed(all) if all.len() > 1 => format!("neither {}", told(all).join(" nor ")),
        No::Failed(all) | No::Held(all) => told(all).join(" and "),
    }
}

/// Tells whether a verdict is a step on the way rather than a decline.
pub fn is_progress(verdict: &Verdict) -> bool {
    use Verdict::{Answered, Armed, Counting, Joined, Noted};
    matches!(verdict, Armed { .. } | Answered | Counting { .. } | Joined { .. } | Noted)
}
