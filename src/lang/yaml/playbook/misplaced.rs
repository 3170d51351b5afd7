//! Keys and actions that stand too far to the left: YAML makes them part of what is around them, and they are put
//! where they were meant, with one message for all of them.

use std::borrow::Cow;

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::Span;
use crate::lang::yaml::node::{Key, Node, NodeKind, ScalarStyle};

use super::keys;
use super::leaf::Reader;

impl Reader<'_> {
    /// Returns a mapping in which `parent`, a key without a value, has the keys behind it that can only be its own.
    pub(super) fn gathered<'n>(
        &mut self,
        node: &'n Node,
        parent: &str,
        own: &[&str],
        belongs: impl Fn(&str) -> bool,
    ) -> Cow<'n, Node> {
        let entries = node.map().unwrap_or_default();
        let is_parent = |(key, value): &(Key, Node)| key.text == parent && is_empty(value);
        let Some(place) = entries.iter().position(is_parent) else { return Cow::Borrowed(node) };
        let moves = |key: &Key| !own.contains(&key.text.as_str()) && belongs(&key.text);
        let (inner, rest): (Vec<_>, Vec<_>) = entries[place + 1..].iter().cloned().partition(|(key, _)| moves(key));
        let (Some((first, _)), Some((last, value))) = (inner.first(), inner.last()) else { return Cow::Borrowed(node) };
        let message = format!("`{}` stands in the column of `{parent}`, and belongs to it", first.text);
        let help = format!("begin what belongs to `{parent}` two spaces further right: `{}`", first.text);
        let help = if inner.len() > 1 { format!("{help} and the keys below it") } else { help };
        self.problem(Diagnostic::error(codes::YAML_INDENT, first.span, message).help(help));
        let span = first.span.to(last.span.to(value.span));
        let mut entries = entries[..=place].to_vec();
        entries[place].1 = Node { kind: NodeKind::Map(inner), span };
        entries.extend(rest);
        Cow::Owned(Node { kind: NodeKind::Map(entries), span: node.span })
    }

    /// Returns the rules of a list, with the actions among them under the `then` above them.
    pub(super) fn rules_with_actions<'n>(&mut self, list: &'n [Node]) -> Vec<Cow<'n, Node>> {
        let mut rules: Vec<Cow<'n, Node>> = Vec::with_capacity(list.len());
        let mut told = false;
        for entry in list {
            let above = if is_action(entry) { rules.last_mut() } else { None };
            let Some(above) = above.filter(|rule| told || rule.get("then").is_some_and(is_empty)) else {
                rules.push(Cow::Borrowed(entry));
                told = false;
                continue;
            };
            if !told {
                let first = entry.map().and_then(<[_]>::first).map_or(entry.span, |(key, _)| key.span);
                let message = "this action stands left of the `then` it belongs to";
                let help = "move its dash below `then`, or further right, and what belongs to it with it";
                self.withdrawn.push(first);
                self.problem(Diagnostic::error(codes::YAML_INDENT, first, message).help(help));
            }
            self.withdrawn.push(entry.span);
            told = true;
            add_action(above.to_mut(), entry.clone());
        }
        rules
    }
}

/// Tells whether an entry of a list is an action and no rule.
fn is_action(node: &Node) -> bool {
    let entries = node.map().unwrap_or_default();
    let verb = |key: &Key| keys::VERBS.iter().any(|verb| verb.verb == key.text);
    let rule = |key: &Key| matches!(&*key.text, "id" | "title" | "when" | "then");
    entries.len() < 16 && entries.iter().any(|(key, _)| verb(key)) && !entries.iter().any(|(key, _)| rule(key))
}

fn add_action(rule: &mut Node, action: Node) {
    let NodeKind::Map(entries) = &mut rule.kind else { return };
    let Some((_, then)) = entries.iter_mut().find(|(key, _)| key.text == "then") else { return };
    match &mut then.kind {
        NodeKind::List(actions) => actions.push(action),
        _ => *then = Node { span: action.span, kind: NodeKind::List(vec![action]) },
    }
}

fn is_empty(node: &Node) -> bool {
    node.scalar().is_some_and(|scalar| scalar.style == ScalarStyle::Plain && scalar.text.is_empty())
}

/// Tells whether what is wrong with an indentation is said of what was put where it was meant, and told so.
pub(super) fn is_withdrawn(problem: &Diagnostic, withdrawn: &[Span]) -> bool {
    problem.code == codes::YAML_INDENT
        && withdrawn.iter().any(|place| place.start <= problem.span.start && problem.span.end <= place.end)
}
