//! Where the names in a mail text stand: between `{{ … }}` and `{% … %}`, and between single braces, which print
//! themselves.
//!
//! Left out: whether a name means anything (`compile`).

use std::ops::Range;

/// The most names in single braces that are looked at in one text.
const MOST: usize = 100;

/// Returns where a text names a value first: as a whole word inside a tag.
pub(super) fn of_name(text: &str, name: &str) -> Range<usize> {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let whole = |at: &usize| {
        !text[..*at].ends_with(part) && !text[at + name.len()..].starts_with(|c| part(c) && c != '.')
            || text[..*at].is_empty()
    };
    let alone = |at: &usize| whole(at) && !text[at + name.len()..].starts_with('.');
    let inside = |tags: &[Range<usize>], found: &dyn Fn(&usize) -> bool| {
        let places = |tag: &Range<usize>| {
            let start = tag.start;
            text[tag.clone()].match_indices(name).map(|(at, _)| start + at).find(|at| found(at))
        };
        tags.iter().find_map(places)
    };
    let tags = tags(text);
    let at = inside(&tags, &alone).or_else(|| inside(&tags, &whole)).or_else(|| text.find(name)).unwrap_or(0);
    at..(at + name.len()).min(text.len())
}

/// Returns the `{{ … }}` and `{% … %}` of a text, in order.
fn tags(text: &str) -> Vec<Range<usize>> {
    let mut tags = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find('{').map(|at| from + at) {
        from = match Brace::at(text, start) {
            Brace::Tag(end) => {
                tags.push(start..end);
                end
            }
            Brace::Skipped(end) => end,
            Brace::Single => start + 1,
        };
    }
    tags
}

/// Returns the paths that stand in single braces, with the places of the braces: `{customer.name}`. Style sheets and
/// scripts in HTML are passed over, and so is what stands in `{% raw %}`.
pub(super) fn in_single_braces(text: &str, html: bool) -> Vec<(&str, Range<usize>)> {
    let passed = if html { styles_and_scripts(text) } else { Vec::new() };
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find('{').map(|at| from + at) {
        if found.len() >= MOST {
            break;
        }
        if let Some(over) = passed.iter().find(|over| over.contains(&start)) {
            from = over.end;
            continue;
        }
        from = match Brace::at(text, start) {
            Brace::Tag(end) | Brace::Skipped(end) => end,
            Brace::Single => {
                let inside = &text[start + 1..];
                let length = inside.find(['{', '}', '\n']).filter(|length| inside[*length..].starts_with('}'));
                if let Some(length) = length.filter(|length| !inside[length + 1..].starts_with('}')) {
                    let path = inside[..length].trim();
                    if is_path(path) {
                        found.push((path, start..start + length + 2));
                    }
                }
                start + 1
            }
        };
    }
    found
}

fn is_path(text: &str) -> bool {
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && word.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    text.len() <= 200 && text.split('.').all(word)
}

/// What begins with a `{`.
enum Brace {
    /// A value or a choice, and where it ends.
    Tag(usize),
    /// A comment or raw text, and where it ends.
    Skipped(usize),
    /// A brace that is said as it stands.
    Single,
}

impl Brace {
    fn at(text: &str, start: usize) -> Brace {
        let end = |from: usize, close: &str| text[from..].find(close).map_or(text.len(), |at| from + at + close.len());
        let rest = &text[start..];
        if rest.starts_with("{{") {
            return Brace::Tag(end(start, "}}"));
        }
        if rest.starts_with("{#") {
            return Brace::Skipped(end(start, "#}"));
        }
        if !rest.starts_with("{%") {
            return Brace::Single;
        }
        let close = end(start, "%}");
        let says = text[start + 2..close].trim_end_matches("%}").trim_matches(['-', '+']).trim();
        match says {
            "raw" => Brace::Skipped(end(close, "endraw")),
            _ => Brace::Tag(close),
        }
    }
}

/// Returns what stands between `<style` and `</style`, and the same for scripts.
fn styles_and_scripts(text: &str) -> Vec<Range<usize>> {
    let small = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for (open, close) in [("<style", "</style"), ("<script", "</script")] {
        let mut from = 0;
        while let Some(start) = small[from..].find(open).map(|at| from + at) {
            from = small[start..].find(close).map_or(small.len(), |at| start + at + close.len());
            found.push(start..from);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_inside_its_tag_and_as_a_whole_word() {
        let text = "customer, {{ customer.name }} {# store #} {% if store is defined %}{{ customers }} {{ customer }}";
        let place = |name: &str| &text[..of_name(text, name).start];
        assert!(place("customer.name").ends_with("customer, {{ "));
        assert!(place("customer").ends_with("{{ customers }} {{ "));
        assert!(place("store").ends_with("{% if "));
        assert_eq!(of_name("nothing", "voucher"), 0..7);
        assert_eq!(of_name("", "voucher"), 0..0);
    }

    #[test]
    fn single_braces_are_found_and_styles_scripts_tags_and_raw_text_are_not() {
        let paths = |text| in_single_braces(text, true).into_iter().map(|(path, _)| path).collect::<Vec<_>>();
        assert_eq!(paths("Dear {customer}, { store.name } {{ score }}"), ["customer", "store.name"]);
        assert_eq!(paths("p {color: red} {} {1} {a b} {a\n} {a {b}"), ["b"]);
        assert_eq!(paths("<STYLE>{store}</style>{a}<script>{store}</script>"), ["a"]);
        assert_eq!(paths("{% raw %}{customer}{% endraw %}{# {store} #}{% if x %}{a}{% endif %}"), ["a"]);
        assert_eq!(paths("{customer}} {{{customer}}}"), Vec::<&str>::new());
        assert_eq!(paths("<style>{store}"), Vec::<&str>::new());
        let text = "Dear {customer}";
        assert_eq!(&text[in_single_braces(text, false)[0].1.clone()], "{customer}");
        assert_eq!(in_single_braces(&"{a}".repeat(1_000), false).len(), MOST);
    }
}
