//! The machine that renders templates. The only file that names minijinja.
//!
//! INVARIANT: a closed list of filters and tests, no globals, no includes, no clock; `safe` is left out, so no value
//! reaches HTML unescaped. Work is bounded by fuel, output by [`MAX_OUTPUT`].

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::sync::Arc;

use minijinja::value::{Object, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, escape_formatter, filters, tests};

use crate::value::Str;

/// How many instructions one text may take.
const FUEL: u64 = 50_000;
/// The longest text that may come out, in bytes.
pub(super) const MAX_OUTPUT: usize = 256 * 1024;

/// All texts, parsed.
#[derive(Debug)]
pub(super) struct Mill(Environment<'static>);

/// Why a text is no template.
pub(super) struct Broken {
    pub message: String,
    /// Byte range in the text.
    pub place: Range<usize>,
}

impl Default for Mill {
    fn default() -> Mill {
        let mut mill = Environment::empty();
        mill.set_undefined_behavior(UndefinedBehavior::Strict);
        mill.set_fuel(Some(FUEL));
        mill.set_recursion_limit(16);
        mill.set_debug(true);
        mill.set_auto_escape_callback(|name| if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None });
        mill.set_formatter(|out, state, value| match value.downcast_object_ref::<Place>() {
            Some(Place { text: None, .. }) => Err(ErrorKind::UndefinedError.into()),
            _ => escape_formatter(out, state, value),
        });
        mill.add_filter("default", |value: &Value, other: Value| match value.downcast_object_ref::<Place>() {
            Some(Place { text: None, .. }) => other,
            _ if value.is_undefined() => other,
            _ => value.clone(),
        });
        mill.add_filter("upper", filters::upper);
        mill.add_filter("lower", filters::lower);
        mill.add_filter("capitalize", filters::capitalize);
        mill.add_filter("title", filters::title);
        mill.add_filter("trim", filters::trim);
        mill.add_filter("replace", filters::replace);
        mill.add_filter("length", filters::length);
        mill.add_filter("escape", filters::escape);
        mill.add_filter("e", filters::escape);
        mill.add_test("defined", tests::is_defined);
        mill.add_test("undefined", tests::is_undefined);
        Mill(mill)
    }
}

impl Mill {
    /// Adds a text and returns the values it names.
    pub(super) fn add(&mut self, name: &str, text: &str) -> Result<BTreeSet<Str>, Broken> {
        if let Some(place) = long_tag(text) {
            return Err(Broken { message: format!("`{{{{ … }}}}` is longer than {MAX_TAG} bytes"), place });
        }
        self.0.add_template_owned(name.to_owned(), text.to_owned()).map_err(|error| broken(&error, text))?;
        let template = self.0.get_template(name).map_err(|error| broken(&error, text))?;
        Ok(template.undeclared_variables(true).into_iter().map(Str::from).collect())
    }

    /// Renders a text with the given values; a missing one is an error only where it is printed or compared.
    pub(super) fn render(&self, name: &str, values: &[(&str, Option<String>)]) -> Result<String, String> {
        let template = self.0.get_template(name).map_err(|_| "the text does not exist".to_owned())?;
        let mut out = Bounded(Vec::new());
        template.render_captured_to(context(values), &mut out).map_err(|error| why(&error, values))?;
        String::from_utf8(out.0).map_err(|_| "the text is not UTF-8".to_owned())
    }
}

/// The longest `{{ … }}` or `{% … %}`. The library reads expressions by recursion and bounds brackets, but not signs.
const MAX_TAG: usize = 400;

fn long_tag(text: &str) -> Option<Range<usize>> {
    let mut from = 0;
    while let Some(start) = ["{{", "{%"].iter().filter_map(|open| text[from..].find(open)).min().map(|at| from + at) {
        let close = if text[start..].starts_with("{{") { "}}" } else { "%}" };
        let end = text[start..].find(close).map_or(text.len(), |at| start + at + close.len());
        if end - start > MAX_TAG {
            return Some(start..start + 2);
        }
        from = end;
    }
    None
}

fn broken(error: &Error, text: &str) -> Broken {
    let line = error.line().unwrap_or(1).max(1);
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let end = start + text[start..].lines().next().map_or(0, str::len);
    let mut place = error.range().filter(|range| text.get(range.clone()).is_some()).unwrap_or(start..end);
    place.end = place.end.min(end.max(place.start));
    Broken { message: error.detail().unwrap_or("it cannot be read").to_owned(), place }
}

fn why(error: &Error, values: &[(&str, Option<String>)]) -> String {
    let line = error.line().map(|line| format!(" (line {line})")).unwrap_or_default();
    match error.kind() {
        ErrorKind::UndefinedError => {
            let source = error.template_source().zip(error.range()).and_then(|(text, range)| text.get(range));
            let named = source.filter(|source| values.iter().any(|(path, _)| path == source));
            let missing = values.iter().filter(|(_, text)| text.is_none()).map(|(path, _)| *path);
            let names = named.map_or_else(|| missing.collect::<Vec<_>>(), |name| vec![name]).join("`, `");
            format!("a value is missing and has no default: `{names}`{line}")
        }
        ErrorKind::OutOfFuel => "it takes too long".to_owned(),
        ErrorKind::WriteFailure => format!("it is longer than {MAX_OUTPUT} bytes"),
        kind => format!("{}{line}", error.detail().map_or_else(|| kind.to_string(), str::to_owned)),
    }
}

/// A part of a path: `store` of `store.name`, with the text of `store` itself if it has one.
#[derive(Debug, Default)]
struct Place {
    text: Option<String>,
    parts: BTreeMap<String, Place>,
}

impl Place {
    fn value(self) -> Value {
        match self {
            Place { text: Some(text), parts } if parts.is_empty() => Value::from(text),
            Place { text: None, parts } if parts.is_empty() => Value::UNDEFINED,
            place => Value::from_object(place),
        }
    }
}

impl Clone for Place {
    fn clone(&self) -> Place {
        Place { text: self.text.clone(), parts: self.parts.clone() }
    }
}

impl Object for Place {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let part = self.parts.get(key.as_str()?)?.clone().value();
        (!part.is_undefined()).then_some(part)
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text.as_deref().unwrap_or(""))
    }
}

/// Builds what `{{ store.name }}` is looked up in.
fn context(values: &[(&str, Option<String>)]) -> Value {
    let mut root = Place::default();
    for (path, text) in values {
        let mut place = &mut root;
        for part in path.split('.') {
            place = place.parts.entry(part.to_owned()).or_default();
        }
        place.text.clone_from(text);
    }
    Value::from_object(root)
}

/// Takes at most [`MAX_OUTPUT`] bytes.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_OUTPUT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
