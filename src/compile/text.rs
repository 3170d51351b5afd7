//! Texts with placeholders: where the bytes of a text stand in its file.

use crate::lang::diagnostic::Diagnostic;
use crate::lang::play::{Piece, placeholders};
use crate::lang::source::{Offsets, Slice, Sources};
use crate::lang::tree::Text;

/// Cuts a text into what is said as it stands and what is filled in.
pub fn pieces(sources: &Sources, text: &Text) -> (Vec<Piece>, Vec<Diagnostic>) {
    placeholders(&slice(sources, text))
}

/// Returns a text with its places: exact where the file holds it as it is, near where quotes or folding changed it.
fn slice<'a>(sources: &Sources, text: &'a Text) -> Slice<'a> {
    let written = sources.slice(text.span);
    let offsets = match written.find(&*text.node) {
        Some(begins) => Offsets::Shift(text.span.start + begins as u32),
        None => {
            let last = text.span.end.saturating_sub(1);
            let place = |byte: usize| (text.span.start + 1 + byte as u32).min(last);
            Offsets::Table((0..=text.node.len()).map(place).collect())
        }
    };
    Slice { text: &text.node, file: text.span.file, offsets }
}
