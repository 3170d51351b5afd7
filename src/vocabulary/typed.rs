//! Values and their types: reading a value of a given type from text, and printing it as a person reads it.
//!
//! Text is what YAML, CSV and the command line give; JSON values come here once `signal` has told strings from
//! numbers. Every refusal is the reason alone, to stand behind the field's name. Where the field is personal the
//! reason does not repeat the value.

use std::borrow::Cow;

use jiff::SignedDuration;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use crate::number::{Number, NumberError};
use crate::suggest::nearest;
use crate::value::{Currency, Str, Value};
use crate::vocabulary::text::fold;
use crate::vocabulary::{Scale, Type, Unit, Vocabulary};

/// The longest id of a signal or thing, in characters.
pub const MAX_ID: usize = 200;

impl Unit {
    /// Returns the number of seconds in one.
    pub fn seconds(self) -> i64 {
        match self {
            Unit::Seconds => 1,
            Unit::Minutes => 60,
            Unit::Hours => 3_600,
            Unit::Days => 86_400,
        }
    }

    /// Returns its name in the plural.
    pub fn plural(self) -> &'static str {
        match self {
            Unit::Seconds => "seconds",
            Unit::Minutes => "minutes",
            Unit::Hours => "hours",
            Unit::Days => "days",
        }
    }

    /// Finds a unit by its singular, plural or customary short form.
    pub fn named(word: &str) -> Option<Unit> {
        match word {
            "second" | "seconds" | "sec" | "secs" | "s" => Some(Unit::Seconds),
            "minute" | "minutes" | "min" | "mins" | "m" => Some(Unit::Minutes),
            "hour" | "hours" | "h" => Some(Unit::Hours),
            "day" | "days" | "d" => Some(Unit::Days),
            _ => None,
        }
    }

    /// Returns `count` of this unit, exactly; `None` beyond what a duration holds.
    pub fn times(self, count: Number) -> Option<SignedDuration> {
        let nanos = count.billionths() * self.seconds() as i128;
        let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).ok()?;
        Some(SignedDuration::new(seconds, nanos.rem_euclid(1_000_000_000) as i32))
    }

    /// Returns how many of this unit a duration is.
    pub fn count(self, duration: SignedDuration) -> Number {
        Number::from_billionths(duration.as_nanos() / self.seconds() as i128)
    }
}

impl Scale {
    /// Returns the name of the scale.
    pub fn name(self) -> &'static str {
        match self {
            Scale::Nps => "nps",
            Scale::Csat => "csat",
            Scale::Ces { .. } => "ces",
            Scale::Stars => "stars",
        }
    }
}

impl Type {
    /// Returns what a value of this type is, as a message says it: `a number`, `one of …`.
    pub fn describe(&self, vocabulary: &Vocabulary) -> String {
        match self {
            Type::Text => "a text".to_owned(),
            Type::Number => "a number".to_owned(),
            Type::WholeNumber => "a whole number".to_owned(),
            Type::YesNo => "yes or no".to_owned(),
            Type::Duration(unit) => format!("a duration, as a number of {}", unit.plural()),
            Type::Money => "an amount of money such as 12.50 EUR".to_owned(),
            Type::Date => "a date such as 2026-12-24".to_owned(),
            Type::Time => "a time such as 09:00".to_owned(),
            Type::Language => "a language code such as `en`".to_owned(),
            Type::Email => "a mail address".to_owned(),
            Type::TimeZone => "a time zone such as `Europe/Madrid`".to_owned(),
            Type::OneOf(words) => format!("one of {}", listed(words.iter())),
            Type::Touchpoint => format!("a touchpoint: {}", listed(touchpoints(vocabulary))),
            Type::Channel => format!("a channel: {}", listed(vocabulary.channels.iter())),
            Type::Thing(thing) => format!("the id of a {}", vocabulary.thing_type(*thing).name),
            Type::Score(scale) => {
                let (low, high) = scale.range();
                format!("a whole score from {low} to {high}")
            }
        }
    }
}

/// Returns up to a dozen words in back-ticks.
fn listed<'a>(words: impl Iterator<Item = &'a Str>) -> String {
    let mut words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    if words.len() > 12 {
        words.truncate(12);
        words.push("…".to_owned());
    }
    words.join(", ")
}

fn touchpoints(vocabulary: &Vocabulary) -> impl Iterator<Item = &Str> + Clone {
    vocabulary.journey.iter().flat_map(|stage| &stage.touchpoints)
}

/// Reads a value of type `ty` from text as YAML, CSV or a command line gives it: numbers and `yes` are text there.
/// Blank text is missing.
pub fn from_text(text: &str, ty: &Type, vocabulary: &Vocabulary) -> Result<Value, String> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(Value::Missing);
    }
    match ty {
        Type::Number | Type::WholeNumber | Type::Score(_) => number(trimmed, ty, vocabulary),
        Type::Duration(_) => match trimmed.split_once(char::is_whitespace) {
            None => number(trimmed, ty, vocabulary),
            Some((count, word)) => {
                let written = Unit::named(word.trim()).ok_or_else(|| wrong(trimmed, ty, vocabulary))?;
                let count = count.parse::<Number>().map_err(|_| wrong(trimmed, ty, vocabulary))?;
                duration(written, count)
            }
        },
        _ => from_string(text, ty, vocabulary),
    }
}

/// Reads a value of type `ty` from a JSON string. Blank text is missing; a number in quotes is refused.
pub fn from_string(text: &str, ty: &Type, vocabulary: &Vocabulary) -> Result<Value, String> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(Value::Missing);
    }
    let fail = || wrong(trimmed, ty, vocabulary);
    match ty {
        Type::Text => Ok(Value::Text(text.into())),
        Type::Number | Type::WholeNumber | Type::Duration(_) | Type::Score(_) => Err(match trimmed.parse::<Number>() {
            Ok(_) => format!("it has to be {}, written without quotes", ty.describe(vocabulary)),
            Err(_) => fail(),
        }),
        Type::YesNo => match &*fold(trimmed) {
            "yes" | "true" => Ok(Value::YesNo(true)),
            "no" | "false" => Ok(Value::YesNo(false)),
            _ => Err(fail()),
        },
        Type::Money => money(trimmed).ok_or_else(fail),
        Type::Date => trimmed.parse::<Date>().ok().filter(|_| trimmed.len() == 10).map(Value::Date).ok_or_else(fail),
        Type::Time => time(trimmed).map(Value::Time).ok_or_else(fail),
        Type::Language if is_language(trimmed) => Ok(Value::Text(trimmed.into())),
        Type::Email => match address_problem(trimmed) {
            None => Ok(Value::Text(trimmed.into())),
            Some(problem) => Err(problem.to_owned()),
        },
        Type::TimeZone => match TimeZone::get(trimmed) {
            Ok(zone) => Ok(Value::Text(zone.iana_name().unwrap_or(trimmed).into())),
            Err(_) => Err(unlisted(trimmed, "a time zone such as `Europe/Madrid`", nearest_zone(trimmed))),
        },
        Type::OneOf(words) => word(trimmed, words.iter(), || ty.describe(vocabulary)),
        Type::Touchpoint => word(trimmed, touchpoints(vocabulary), || ty.describe(vocabulary)),
        Type::Channel => word(trimmed, vocabulary.channels.iter(), || ty.describe(vocabulary)),
        Type::Thing(_) => id(text).map(Value::Id),
        Type::Language => Err(fail()),
    }
}

/// Reads a value of type `ty` from a decimal number as written.
pub fn number(text: &str, ty: &Type, vocabulary: &Vocabulary) -> Result<Value, String> {
    let number: Number = text.parse().map_err(|error| match error {
        NumberError::TooLarge => TOO_LARGE.to_owned(),
        NumberError::NotANumber => wrong(text, ty, vocabulary),
    })?;
    match ty {
        Type::Number => Ok(Value::Number(number)),
        Type::WholeNumber if number.is_whole() => Ok(Value::Number(number)),
        Type::Duration(unit) => duration(*unit, number),
        Type::Score(scale) => {
            let (low, high) = scale.range();
            let inside = number >= Number::from_whole(low) && number <= Number::from_whole(high);
            if number.is_whole() && inside {
                return Ok(Value::Number(number));
            }
            let what = if inside { "not a whole score" } else { "out of range" };
            Err(format!("{number} is {what}: `{}` goes from {low} to {high}", scale.name()))
        }
        Type::Thing(_) => Err("an id is a text: write it in quotes".to_owned()),
        _ => Err(wrong(text, ty, vocabulary)),
    }
}

/// Returns a length of time: nothing takes less than no time.
fn duration(unit: Unit, count: Number) -> Result<Value, String> {
    if count < Number::from_whole(0) {
        return Err(format!("{count} is below zero: a duration is a length of time, 0 or more"));
    }
    unit.times(count).map(Value::Duration).ok_or_else(|| TOO_LARGE.to_owned())
}

const TOO_LARGE: &str = "the number is too large";

/// Says that a text is no value of the type.
fn wrong(text: &str, ty: &Type, vocabulary: &Vocabulary) -> String {
    format!("{} is not {}", shown(text), ty.describe(vocabulary))
}

/// Returns a text in back-ticks, cut where it is long.
pub fn shown(text: &str) -> String {
    let mut cut: String = text.chars().take(40).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(40).is_some() {
        cut.push('…');
    }
    format!("`{cut}`")
}

/// Reads one of the listed words, whatever its case, and gives it as listed.
fn word<'a>(
    text: &str,
    words: impl Iterator<Item = &'a Str> + Clone,
    describe: impl Fn() -> String,
) -> Result<Value, String> {
    let folded = fold(text);
    match words.clone().find(|word| fold(word) == folded) {
        Some(word) => Ok(Value::Text(word.clone())),
        None => Err(unlisted(text, &describe(), nearest(text, words.map(|word| &**word)).map(Cow::Borrowed))),
    }
}

fn unlisted(text: &str, what: &str, near: Option<Cow<'_, str>>) -> String {
    match near {
        Some(near) => format!("{} is not {what}; did you mean `{near}`?", shown(text)),
        None => format!("{} is not {what}", shown(text)),
    }
}

/// Returns the name of the known time zone that is nearest to `name`.
pub fn nearest_zone(name: &str) -> Option<Cow<'static, str>> {
    let zones: Vec<String> = jiff::tz::db().available().map(|zone| zone.as_str().to_owned()).collect();
    // A city alone is what people type most.
    let city = fold(name).replace(' ', "_");
    let by_city = zones.iter().find(|zone| zone.rsplit('/').next().is_some_and(|last| fold(last) == city));
    let near = by_city.map(String::as_str).or_else(|| nearest(name, zones.iter().map(String::as_str)));
    near.map(|zone| Cow::Owned(zone.to_owned()))
}

/// Reads an id: a text of 1 to [`MAX_ID`] characters on one line. Ids are exact, so white space around one is refused.
pub fn id(text: &str) -> Result<Str, String> {
    if text.trim().is_empty() {
        Err("the id is empty".to_owned())
    } else if text.chars().nth(MAX_ID).is_some() {
        Err(format!("the id has more than {MAX_ID} characters"))
    } else if text.chars().any(char::is_control) {
        Err("the id holds a control character".to_owned())
    } else if text.trim() != text {
        Err("the id begins or ends with white space".to_owned())
    } else {
        Ok(text.into())
    }
}

/// Reads `12.50 EUR` or `EUR 12.50`.
fn money(text: &str) -> Option<Value> {
    let (one, other) = text.split_once(char::is_whitespace)?;
    let (amount, code) = if one.starts_with(|c: char| c.is_ascii_alphabetic()) { (other, one) } else { (one, other) };
    amount_of(amount.trim(), code.trim())
}

/// Returns an amount with a currency code of three letters.
pub fn amount_of(amount: &str, code: &str) -> Option<Value> {
    Some(Value::Money(amount.parse().ok()?, Currency::of(code)?))
}

/// Reads `09:00` or `09:00:30`.
pub fn time(text: &str) -> Option<Time> {
    let digits = |part: &str| part.len() <= 2 && !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = text.split(':').collect();
    if !(2..=3).contains(&parts.len()) || !parts.iter().all(|part| digits(part)) || parts[1].len() != 2 {
        return None;
    }
    let part = |n: usize| parts.get(n).map_or(Ok(0), |part| part.parse::<i8>()).ok();
    Time::new(part(0)?, part(1)?, part(2)?, 0).ok()
}

/// Tells whether a text has the shape of a language code: `en`, `pt-BR`, `zh-Hant`.
pub fn is_language(text: &str) -> bool {
    let mut parts = text.split(['-', '_']);
    let first = parts.next().unwrap_or("");
    (2..=3).contains(&first.len())
        && first.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Returns why a text cannot be written to as a mail address; `None` where it can.
///
/// CR, LF and other control characters are refused here, long before a mail header could be built of them.
pub fn address_problem(text: &str) -> Option<&'static str> {
    if text.chars().any(char::is_control) {
        return Some("the address holds a line break or another control character");
    }
    if text.chars().any(|c| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | '"')) {
        return Some("the address holds a space, a comma, quotes or angle brackets: write the bare address");
    }
    match text.rsplit_once('@') {
        None => Some("the address has no `@`"),
        Some((name, host)) if name.is_empty() || host.is_empty() || name.contains('@') => {
            Some("the address needs exactly one `@` with something on both sides")
        }
        Some((_, host)) if host.starts_with('.') || host.ends_with('.') || host.contains("..") => {
            Some("the part after the `@` is no host name")
        }
        Some(_) if text.chars().count() > 254 => Some("the address has more than 254 characters"),
        Some(_) => None,
    }
}

/// Returns a value as a text shows it: `12 minutes`, `4`, `50 EUR`, `2026-12-24`, `yes`.
pub fn print_value(value: &Value, ty: &Type) -> String {
    match value {
        Value::Missing => "(missing)".to_owned(),
        Value::Text(text) | Value::Id(text) => text.to_string(),
        Value::Number(number) => number.to_string(),
        Value::YesNo(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Duration(duration) => {
            let unit = match ty {
                Type::Duration(unit) => *unit,
                _ => natural_unit(*duration),
            };
            let count = unit.count(*duration);
            let plural = unit.plural();
            let word = if count == Number::from_whole(1) { &plural[..plural.len() - 1] } else { plural };
            format!("{count} {word}")
        }
        Value::Money(amount, currency) => format!("{amount} {currency}"),
        Value::Date(date) => date.to_string(),
        Value::Time(time) if time.second() == 0 => format!("{:02}:{:02}", time.hour(), time.minute()),
        Value::Time(time) => format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second()),
    }
}

/// Returns the largest unit that a duration is a whole number of.
fn natural_unit(duration: SignedDuration) -> Unit {
    let whole =
        |unit: &Unit| !duration.is_zero() && duration.as_nanos() % (unit.seconds() as i128 * 1_000_000_000) == 0;
    [Unit::Days, Unit::Hours, Unit::Minutes].into_iter().find(whole).unwrap_or(Unit::Seconds)
}

/// Moves a value of one vocabulary to the same field of another: `Missing` where the type has changed or the word
/// is no longer listed.
pub fn remap(value: &Value, from: (&Type, &Vocabulary), to: (&Type, &Vocabulary)) -> Value {
    let same = match (from.0, to.0) {
        (Type::Thing(one), Type::Thing(other)) => from.1.thing_type(*one).name == to.1.thing_type(*other).name,
        (Type::OneOf(_), Type::OneOf(_)) | (Type::Touchpoint, Type::Touchpoint) | (Type::Channel, Type::Channel) => {
            let Value::Text(text) = value else { return Value::Missing };
            return from_string(text, to.0, to.1).unwrap_or_default();
        }
        // A duration is a length, whatever unit it is written in.
        (Type::Duration(_), Type::Duration(_)) => true,
        (one, other) => one == other,
    };
    if same { value.clone() } else { Value::Missing }
}
