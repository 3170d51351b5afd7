//! The YAML front end's own tree: nodes with places, scalars as raw text.
//!
//! Playbooks, vocabularies, directories and scenarios are all read from these nodes. A scalar is never typed by
//! YAML: `no` is the text `no`, `21:00` is the text `21:00`.

use crate::lang::source::{FileNo, Offsets, Slice, Span};

/// A node with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// From its first to its last byte, quotes included.
    pub span: Span,
}

/// What a node can be.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// A scalar.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// A mapping in the order of the file. Duplicate keys were reported and only the first is kept.
    Map(Vec<(Key, Node)>),
}

/// A scalar's raw text.
#[derive(Clone, Debug)]
pub struct Scalar {
    /// The value after YAML's own unquoting and folding, and nothing else. Empty for a key without a value.
    pub text: String,
    /// Whether it was plain, quoted or a block.
    pub style: ScalarStyle,
    /// Where the bytes of `text` stand in the file.
    pub offsets: Offsets,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalarStyle {
    /// Without quotes.
    Plain,
    /// In `'single'` quotes.
    Single,
    /// In `"double"` quotes.
    Double,
    /// A `|` or `>` block.
    Block,
}

/// A key of a mapping; always a scalar.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its text.
    pub text: String,
    /// Its place.
    pub span: Span,
}

impl Node {
    /// Returns the scalar, if it is one.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            NodeKind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Returns the text of a scalar.
    pub fn text(&self) -> Option<&str> {
        self.scalar().map(|scalar| scalar.text.as_str())
    }

    /// Returns the elements of a list.
    pub fn list(&self) -> Option<&[Node]> {
        match &self.kind {
            NodeKind::List(nodes) => Some(nodes),
            _ => None,
        }
    }

    /// Returns the entries of a mapping.
    pub fn map(&self) -> Option<&[(Key, Node)]> {
        match &self.kind {
            NodeKind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Returns the value of `key` in a mapping. Linear: for the few keys of a rule, not for a directory.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.map()?.iter().find(|(k, _)| k.text == key).map(|(_, value)| value)
    }

    /// Returns what a person calls this kind of node.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            NodeKind::Scalar(_) => "a single value",
            NodeKind::List(_) => "a list",
            NodeKind::Map(_) => "a mapping",
        }
    }
}

impl Scalar {
    /// Returns the text to parse as a sentence, with its places in `file`.
    pub fn slice(&self, file: FileNo) -> Slice<'_> {
        Slice { text: &self.text, file, offsets: self.offsets.clone() }
    }
}
