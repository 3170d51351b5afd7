//! One line of JSON → a [`Signal`] in typed slots, or the reason why not with the field's name.
//!
//! The object is read once: keys and raw values borrowed from the line, each value then read as what its field
//! wants. Numbers keep their decimals because they are never made floating point. Left out: generosity towards
//! crooked feedback (numbers as text, stars as words); what the vocabulary says is what is taken.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::id::SignalId;
use crate::signal::{RESERVED_KEYS, Signal};
use crate::suggest::nearest;
use crate::value::{Str, Value};
use crate::vocabulary::typed::{self, shown};
use crate::vocabulary::{Field, SignalNo, Type, Vocabulary};

/// Why a line was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The field at fault; `None` where it is the line as a whole.
    pub field: Option<String>,
    /// The reason, without the values of personal fields.
    pub reason: String,
}

impl Refused {
    pub(super) fn line(reason: impl Into<String>) -> Refused {
        Refused { field: None, reason: reason.into() }
    }

    pub(super) fn field(field: &str, reason: impl Into<String>) -> Refused {
        Refused { field: Some(field.to_owned()), reason: reason.into() }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "`{field}`: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for Refused {}

/// Reads a signal from one JSON object.
pub fn parse(line: &str, vocabulary: &Vocabulary) -> Result<Signal, Refused> {
    signal(&object(line)?, vocabulary)
}

/// The most keys a line may have.
const MAX_KEYS: usize = 1_000;

/// The keys of a line with their values, still as JSON.
pub(super) struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

impl<'a> Object<'a> {
    pub(super) fn get(&self, key: &str) -> Option<Json<'a>> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| *value).filter(|value| !value.is_null())
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, Json<'a>)> {
        self.0.iter().map(|(name, value)| (&**name, *value))
    }

    /// Returns the text of `key`: a string that is not blank.
    pub(super) fn text(&self, key: &str) -> Result<Option<Cow<'a, str>>, Refused> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let text = value.string().ok_or_else(|| Refused::field(key, value.not("a text in quotes")))?;
        Ok(Some(text).filter(|text| !text.trim().is_empty()))
    }

    /// Returns the text of `key`, which must be there.
    pub(super) fn required(&self, key: &str) -> Result<Cow<'a, str>, Refused> {
        self.text(key)?.ok_or_else(|| Refused::field(key, "it is missing"))
    }

    /// Reads `at`.
    pub(super) fn at(&self) -> Result<Timestamp, Refused> {
        self.instant("at")
    }

    /// Reads an instant that must be there.
    pub(super) fn instant(&self, key: &str) -> Result<Timestamp, Refused> {
        instant(&self.required(key)?).map_err(|reason| Refused::field(key, reason))
    }
}

/// One value, still as JSON.
#[derive(Clone, Copy)]
pub(super) struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    fn first(self) -> u8 {
        self.0.as_bytes().first().copied().unwrap_or(b' ')
    }

    pub(super) fn is_null(self) -> bool {
        self.first() == b'n'
    }

    pub(super) fn string(self) -> Option<Cow<'a, str>> {
        if self.first() != b'"' {
            return None;
        }
        let inner = self.0.get(1..self.0.len().checked_sub(1)?)?;
        match inner.contains('\\') {
            false => Some(Cow::Borrowed(inner)),
            true => serde_json::from_str::<String>(self.0).ok().map(Cow::Owned),
        }
    }

    pub(super) fn bool(self) -> Option<bool> {
        self.0.parse().ok()
    }

    pub(super) fn number(self) -> Option<&'a str> {
        matches!(self.first(), b'-' | b'0'..=b'9').then_some(self.0)
    }

    pub(super) fn is_object(self) -> bool {
        self.first() == b'{'
    }

    pub(super) fn object(self) -> Option<Object<'a>> {
        self.is_object().then(|| object(self.0).ok()).flatten()
    }

    /// Says that this is not what was wanted.
    pub(super) fn not(self, wanted: &str) -> String {
        let is = match self.first() {
            b'"' => "a text",
            b'{' => "an object",
            b'[' => "a list",
            b't' | b'f' => "true or false",
            b'n' => "null",
            _ => "a number",
        };
        format!("it is {is}, it has to be {wanted}")
    }

    /// Reads a value of type `ty`.
    pub(super) fn value(self, ty: &Type, vocabulary: &Vocabulary) -> Result<Value, String> {
        let not = || self.not(&ty.describe(vocabulary));
        if self.is_null() {
            return Ok(Value::Missing);
        }
        if let Some(text) = self.string() {
            return typed::from_string(&text, ty, vocabulary);
        }
        if let Some(number) = self.number() {
            let fits =
                matches!(ty, Type::Number | Type::WholeNumber | Type::Duration(_) | Type::Score(_) | Type::Thing(_));
            return if fits { typed::number(number, ty, vocabulary) } else { Err(not()) };
        }
        match (ty, self.bool()) {
            (Type::YesNo, Some(yes)) => Ok(Value::YesNo(yes)),
            (Type::Money, None) => self.money().ok_or_else(not),
            _ => Err(not()),
        }
    }

    /// Reads `{"amount": 12.5, "currency": "EUR"}`.
    fn money(self) -> Option<Value> {
        let object = self.object().filter(|object| object.0.len() == 2)?;
        typed::amount_of(object.get("amount")?.number()?, object.get("currency")?.string()?.trim())
    }
}

/// Reads a field's value; the reason spares the value of a personal one.
pub(super) fn field_value(json: Json<'_>, field: &Field, vocabulary: &Vocabulary) -> Result<Value, Refused> {
    json.value(&field.ty, vocabulary).map_err(|reason| {
        let reason = match field.personal {
            true => format!("it has to be {}", field.ty.describe(vocabulary)),
            false => reason,
        };
        Refused::field(&field.name, reason)
    })
}

/// Reads the keys and raw values of an object, each key once.
pub(super) fn object(line: &str) -> Result<Object<'_>, Refused> {
    let text = line.trim();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.starts_with('{') {
        return Err(Refused::line("the line is not a JSON object: it has to begin with `{`"));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = reader.deserialize_map(Entries).and_then(|entries| reader.end().map(|()| entries));
    let entries = read.map_err(|error| not_json(&error))?;
    if entries.0.len() > MAX_KEYS {
        return Err(Refused::line(format!("the object has more than {MAX_KEYS} keys")));
    }
    for (place, (key, _)) in entries.0.iter().enumerate() {
        if entries.0[..place].iter().any(|(earlier, _)| earlier == key) {
            return Err(Refused::field(key, "the key stands twice"));
        }
    }
    Ok(entries)
}

fn not_json(error: &serde_json::Error) -> Refused {
    let message = error.to_string();
    let what = message.split(" at line ").next().unwrap_or(&message);
    let what = match what {
        _ if error.is_eof() => "it ends in the middle",
        "trailing characters" => "something stands after the object",
        other => other,
    };
    Refused::line(format!("the line is not JSON: {what}, at column {}", error.column()))
}

/// Collects the entries of an object as they stand.
struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
        let mut entries = Vec::with_capacity(12);
        while let Some(BorrowedKey(key)) = map.next_key()? {
            let value: &'de RawValue = map.next_value()?;
            // One more than allowed is enough to know; the rest is only skipped over.
            if entries.len() <= MAX_KEYS {
                entries.push((key, Json(value.get())));
            }
        }
        Ok(Object(entries))
    }
}

/// A key, borrowed where it holds no escape.
#[derive(serde::Deserialize)]
struct BorrowedKey<'a>(#[serde(borrow)] Cow<'a, str>);

/// Checks the entries of a signal against the vocabulary.
pub(super) fn signal(object: &Object<'_>, vocabulary: &Vocabulary) -> Result<Signal, Refused> {
    let name = object.required("signal")?;
    let kind = kind(&name, vocabulary)?;
    let signal_type = vocabulary.signal_type(kind);
    let at = object.at()?;
    let id = SignalId { source: source(object)?, id: id(object, "id")? };
    let mut fields = vec![Value::Missing; signal_type.fields.len()];
    for (key, json) in object.entries() {
        if let Some(number) = signal_type.field(key) {
            fields[number.index()] = field_value(json, &signal_type.fields[number.index()], vocabulary)?;
        } else if !RESERVED_KEYS.contains(&key) {
            let known = signal_type.fields.iter().map(|field| &*field.name).chain(RESERVED_KEYS);
            return Err(unknown(key, &format!("a `{}` has no such field", signal_type.name), known));
        }
    }
    let lacks = |(field, value): &(&Field, &Value)| !field.optional && value.is_missing();
    if let Some((field, _)) = signal_type.fields.iter().zip(&fields).skip(signal_type.about).find(lacks) {
        let reason = format!("it is missing: a `{}` needs {}", signal_type.name, field.ty.describe(vocabulary));
        return Err(Refused::field(&field.name, reason));
    }
    Ok(Signal { id, kind, at, fields })
}

fn kind(name: &str, vocabulary: &Vocabulary) -> Result<SignalNo, Refused> {
    vocabulary.signal(name).ok_or_else(|| {
        let reason = match nearest(name, vocabulary.signals.iter().map(|signal| &*signal.name)) {
            Some(near) => format!("unknown signal {}; did you mean `{near}`?", shown(name)),
            None => format!("unknown signal {}", shown(name)),
        };
        Refused::field("signal", reason)
    })
}

/// Says that a key means nothing here.
pub(super) fn unknown<'a>(key: &str, reason: &str, known: impl Iterator<Item = &'a str>) -> Refused {
    let key = shown(key).trim_matches('`').to_owned();
    match nearest(&key, known) {
        Some(near) => Refused::field(&key, format!("{reason}; did you mean `{near}`?")),
        None => Refused::field(&key, reason),
    }
}

/// Reads an id that must be there.
pub(super) fn id(object: &Object<'_>, key: &str) -> Result<Str, Refused> {
    let value = object.get(key).ok_or_else(|| Refused::field(key, "it is missing"))?;
    let text = value.string().ok_or_else(|| Refused::field(key, value.not("a text in quotes")))?;
    typed::id(&text).map_err(|reason| Refused::field(key, reason))
}

/// The source of signals that name none: one piece of memory for all of them.
static NO_SOURCE: LazyLock<Str> = LazyLock::new(|| "".into());

fn source(object: &Object<'_>) -> Result<Str, Refused> {
    match object.text("source")? {
        Some(source) => {
            typed::id(&source).map_err(|reason| Refused::field("source", reason.replace("the id", "the source")))
        }
        None => Ok(NO_SOURCE.clone()),
    }
}

/// Reads an instant, which needs an offset or `Z`.
fn instant(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    text.parse::<Timestamp>().map_err(|_| match text.parse::<DateTime>() {
        Ok(_) => format!("{} has no zone: end it with `Z` or an offset such as `+01:00`", shown(text)),
        Err(_) => format!("{} is not a time such as `2026-03-27T17:30:00+01:00`", shown(text)),
    })
}
