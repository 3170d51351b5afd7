//! CloudEvents 1.0 as lines of a feed: `type` is the signal, `time` is `at`, `id` and `source` make it known again, and
//! `data` holds the fields.
//!
//! A `type` such as `com.example.survey_response` means its last part where the whole is no signal. An event without `time`
//! happened when it arrived. `subject`, `dataschema` and extensions are passed over. Left out: data that is not JSON, which
//! is refused by name.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde_json::json;
use serde_json::value::RawValue;

use crate::signal::Refused;
use crate::vocabulary::Vocabulary;

/// The attributes that matter, as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// `specversion`.
    pub version: Option<String>,
    /// `id`.
    pub id: Option<String>,
    /// `source`.
    pub source: Option<String>,
    /// `type`.
    pub kind: Option<String>,
    /// `time`.
    pub time: Option<String>,
}

fn refused(field: &str, reason: impl Into<String>) -> Refused {
    Refused { field: Some(field.to_owned()), reason: reason.into() }
}

/// Tells whether an object is an event in structured mode rather than a line of a feed.
pub fn is_event(text: &str) -> bool {
    let entries = serde_json::from_str::<BTreeMap<String, &RawValue>>(text).unwrap_or_default();
    entries.contains_key("specversion") && !entries.contains_key("signal")
}

/// Reads an event in structured mode, which arrived at `arrived`, into a line.
pub fn structured(text: &str, vocabulary: &Vocabulary, arrived: Timestamp) -> Result<String, Refused> {
    let whole = |reason: String| Refused { field: None, reason };
    if !text.starts_with('{') {
        return Err(whole("the event is not a JSON object: it has to begin with `{`".into()));
    }
    let entries: BTreeMap<String, &RawValue> =
        serde_json::from_str(text).map_err(|error| whole(format!("the event is not JSON: {error}")))?;
    let attribute = |name: &str| match entries.get(name).map(|value| value.get()) {
        None | Some("null") => Ok(None),
        Some(json) => {
            serde_json::from_str::<String>(json).map(Some).map_err(|_| refused(name, "it has to be a text in quotes"))
        }
    };
    if let Some(kind) = attribute("datacontenttype")?.filter(|kind| !is_json(kind)) {
        return Err(refused("datacontenttype", format!("`{kind}` is not JSON: send application/json")));
    }
    let attributes = Attributes {
        version: attribute("specversion")?,
        id: attribute("id")?,
        source: attribute("source")?,
        kind: attribute("type")?,
        time: attribute("time")?,
    };
    let decoded = attribute("data_base64")?.map(|text| decoded(&text)).transpose()?;
    let data = match (entries.get("data"), &decoded) {
        (Some(_), Some(_)) => return Err(refused("data_base64", "it stands beside `data`: an event has one of them")),
        (Some(data), None) => data.get(),
        (None, decoded) => decoded.as_deref().unwrap_or("{}"),
    };
    line(&attributes, data, vocabulary, arrived)
}

/// Returns an event with its data in the open, where it is in base64: what is kept of it must be found when somebody is erased.
pub fn opened(text: &str) -> Option<String> {
    let mut entries: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
    let coded = serde_json::from_str::<String>(entries.remove("data_base64")?.get()).ok()?;
    let data = decoded(&coded).ok().filter(|_| !entries.contains_key("data"))?;
    let mut parts: Vec<String> = entries.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
    parts.push(format!("\"data\":{data}"));
    Some(format!("{{{}}}", parts.join(",")))
}

/// Reads the JSON in `data_base64`.
fn decoded(text: &str) -> Result<String, Refused> {
    let bytes = BASE64.decode(text.trim()).map_err(|_| refused("data_base64", "it is not base64"))?;
    let json = String::from_utf8(bytes).map_err(|_| refused("data_base64", "what it holds is not UTF-8 text"))?;
    match serde_json::from_str::<&RawValue>(&json) {
        Ok(_) => Ok(json),
        Err(error) => Err(refused("data_base64", format!("what it holds is not JSON: {error}"))),
    }
}

/// Returns an event of binary mode as one of structured mode: what is kept where it is refused.
pub fn as_structured(attributes: &Attributes, data: &str) -> String {
    let named = [
        ("specversion", &attributes.version),
        ("id", &attributes.id),
        ("source", &attributes.source),
        ("type", &attributes.kind),
        ("time", &attributes.time),
    ];
    let said = named.iter().filter_map(|(name, value)| Some(format!("\"{name}\":{}", json!(value.as_ref()?))));
    let mut parts: Vec<String> = said.collect();
    parts.push(format!("\"data\":{data}"));
    format!("{{{}}}", parts.join(","))
}

/// Tells whether a media type is JSON.
pub fn is_json(media_type: &str) -> bool {
    let plain = media_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    plain == "application/json" || plain == "text/json" || plain.ends_with("+json")
}

/// Makes a line of attributes and data that arrived at `arrived`.
pub fn line(
    attributes: &Attributes,
    data: &str,
    vocabulary: &Vocabulary,
    arrived: Timestamp,
) -> Result<String, Refused> {
    match attributes.version.as_deref() {
        Some("1.0") => {}
        Some(other) => return Err(refused("specversion", format!("`{other}` is not known here: send 1.0"))),
        None => return Err(refused("specversion", "it is missing: an event says `1.0`")),
    }
    let needed = |name: &str, value: &Option<String>| {
        let value = value.as_deref().filter(|value| !value.is_empty());
        value.map(str::to_owned).ok_or_else(|| refused(name, "it is missing"))
    };
    let (id, source) = (needed("id", &attributes.id)?, needed("source", &attributes.source)?);
    let kind = needed("type", &attributes.kind)?;
    let time = attributes.time.clone().unwrap_or_else(|| arrived.to_string());
    let last = kind.rsplit('.').next().unwrap_or(&kind);
    let signal = if vocabulary.signal(&kind).is_none() && vocabulary.signal(last).is_some() { last } else { &kind };
    let fields = data.trim().strip_prefix('{').and_then(|data| data.strip_suffix('}')).map(str::trim);
    let Some(fields) = fields else { return Err(refused("data", "it has to be an object with the signal's fields")) };
    let head = serde_json::json!({"id": id, "source": source, "signal": signal, "at": time}).to_string();
    let head = head.trim_end_matches('}');
    Ok(if fields.is_empty() { format!("{head}}}") } else { format!("{head},{fields}}}") })
}

/// Names the fields of a refusal as the event calls them.
pub fn in_own_words(refused: Refused) -> Refused {
    let field = refused.field.map(|field| match field.as_str() {
        "at" => "time".to_owned(),
        "signal" => "type".to_owned(),
        _ => field,
    });
    Refused { field, reason: refused.reason }
}
