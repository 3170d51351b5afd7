//! CloudEvents 1.0 as lines of a feed: `type` is the signal, `time` is `at`, `id` and `source` make it known again, and
//! `data` holds the fields.
//!
//! A `type` such as `com.example.survey_response` means its last part where the whole is no signal. `subject`,
//! `dataschema` and extensions are passed over. Left out: data that is not JSON, and `data_base64`: both are refused by name.

use std::collections::BTreeMap;

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

/// Reads an event in structured mode into a line.
pub fn structured(text: &str, vocabulary: &Vocabulary) -> Result<String, Refused> {
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
    if entries.contains_key("data_base64") {
        return Err(refused("data_base64", "send the fields as JSON in `data`"));
    }
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
    line(&attributes, entries.get("data").map_or("{}", |data| data.get()), vocabulary)
}

fn is_json(media_type: &str) -> bool {
    let plain = media_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    plain == "application/json" || plain == "text/json" || plain.ends_with("+json")
}

/// Makes a line of attributes and data.
pub fn line(attributes: &Attributes, data: &str, vocabulary: &Vocabulary) -> Result<String, Refused> {
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
    let (kind, time) = (needed("type", &attributes.kind)?, needed("time", &attributes.time)?);
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
