//! Small aids for whoever reads a YAML file: kinds of nodes, unknown and missing keys, near names.
//!
//! Every function gives a value or a finished diagnostic, so that all readers speak with one voice.

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::Span;
use crate::lang::suggest::nearest;
use crate::lang::yaml::node::{Key, Node, NodeKind, Scalar};

/// Returns the entries of a mapping, or says that `what` has to be one.
pub fn expect_map<'a>(node: &'a Node, what: &str) -> Result<&'a [(Key, Node)], Diagnostic> {
    node.map().ok_or_else(|| wrong_kind(node, what, "a mapping", "write its keys below it, each as `key: value`"))
}

/// Returns the entries of a list, or says that `what` has to be one.
pub fn expect_list<'a>(node: &'a Node, what: &str) -> Result<&'a [Node], Diagnostic> {
    node.list()
        .ok_or_else(|| wrong_kind(node, what, "a list", "write its entries below it, each after `- `, or as [a, b]"))
}

/// Returns a scalar, or says that `what` has to be one.
pub fn expect_scalar<'a>(node: &'a Node, what: &str) -> Result<&'a Scalar, Diagnostic> {
    let brackets = matches!(&node.kind, NodeKind::Map(_) | NodeKind::List(_));
    let help =
        if brackets { "write one value; a text that begins with `{` or `[` goes in quotes" } else { "write one value" };
    node.scalar().ok_or_else(|| wrong_kind(node, what, "a single value", help))
}

/// Returns the text of a scalar that is not empty, or says that `what` has to be one.
pub fn expect_text<'a>(node: &'a Node, what: &str) -> Result<&'a str, Diagnostic> {
    let scalar = expect_scalar(node, what)?;
    if scalar.text.is_empty() {
        return Err(empty_value(node.span, what));
    }
    Ok(&scalar.text)
}

/// Returns the entries of a list, or the node itself as the only entry.
pub fn one_or_list(node: &Node) -> &[Node] {
    node.list().unwrap_or(std::slice::from_ref(node))
}

/// Says that `what` is of the wrong kind.
fn wrong_kind(node: &Node, what: &str, wanted: &str, help: &str) -> Diagnostic {
    let found = node.kind_name();
    Diagnostic::error(codes::YAML_WRONG_KIND, node.span, format!("{} is {found}, it has to be {wanted}", named(what)))
        .help(help)
}

/// Puts a key in back-ticks; `a rule` and the like are no keys.
fn named(what: &str) -> String {
    if what.contains(' ') { what.to_owned() } else { format!("`{what}`") }
}

/// Says that `what` has no value.
pub fn empty_value(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error(codes::YAML_EMPTY_VALUE, span, format!("{} has no value", named(what)))
        .help(format!("write `{what}: …`, or delete the line"))
}

/// Says that a key is not among `known`, with the nearest of them.
pub fn unknown_key(key: &Key, known: &[&str]) -> Diagnostic {
    let diagnostic = Diagnostic::error(codes::YAML_UNKNOWN_KEY, key.span, format!("unknown key `{}`", key.text));
    // `{signal:complaint}`
    if let Some((name, value)) =
        key.text.split_once(':').filter(|(name, value)| known.contains(name) && !value.is_empty())
    {
        let message = "a space is missing behind the colon";
        let bracket = value.starts_with(['{', '[']);
        let value = if bracket { &value[..1] } else { value };
        let help = format!("write `{name}: {value}{}`", if bracket { "…" } else { "" });
        return Diagnostic::error(codes::YAML_SYNTAX, key.span, message).help(help);
    }
    // `for each` and `for-each` are `for_each`.
    let word = key.text.trim().replace([' ', '-'], "_");
    match nearest(&word, known.iter().copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => diagnostic.help("delete it"),
        None => {
            let mut once: Vec<&str> = Vec::new();
            known.iter().for_each(|word| {
                if !once.contains(word) {
                    once.push(word)
                }
            });
            diagnostic.help(format!("keys that may stand here: {}", quoted_list(&once)))
        }
    }
}

/// Says that `what`, a mapping at `span`, lacks `key`.
pub fn missing_key(span: Span, what: &str, key: &str) -> Diagnostic {
    Diagnostic::error(codes::YAML_MISSING_KEY, span, format!("{what} has no `{key}`")).help(format!("add `{key}: …`"))
}

/// Returns `` `a`, `b`, `c` ``.
pub fn quoted_list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
