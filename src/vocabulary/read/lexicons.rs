//! Word lists by language.

use rustc_hash::FxHashSet;

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::yaml::node::Node;
use crate::value::Str;
use crate::vocabulary::lexicon::Lexicon;
use crate::vocabulary::typed::is_language;

use super::{Reader, bad_language};

impl Reader {
    pub(super) fn lexicons(&mut self, node: Option<&Node>, declared: &[Str]) -> Vec<Lexicon> {
        let declared: FxHashSet<&str> = declared.iter().map(|code| &**code).collect();
        let mut lists = Vec::new();
        for (key, node) in self.entries(node, "lexicons") {
            self.name(key, "lexicon");
            let mut entries = Vec::new();
            for (language, node) in self.entries(Some(node), &key.text) {
                let code = language.text.as_str();
                if !is_language(code) {
                    self.say(bad_language(code, language.span));
                } else if !declared.contains(code) {
                    let message =
                        format!("the lexicon `{}` has words in `{code}`, which is not a declared language", key.text);
                    let help = format!("add `{code}` to `languages`; the words are looked for all the same");
                    self.say(Diagnostic::warning(codes::LEXICON_LANGUAGE, language.span, message).help(help));
                }
                entries.push((code.into(), self.entries_of(node, code)));
            }
            lists.push(Lexicon { name: key.text.as_str().into(), entries });
        }
        lists
    }

    fn entries_of(&mut self, node: &Node, language: &str) -> Vec<Str> {
        let mut entries = Vec::new();
        for (entry, span) in self.list_of_words(node, language, "entry") {
            let problem = match entry.trim_end().trim_end_matches('*') {
                "" => Some(("an entry needs something before its `*`", "write the beginning of a word: `helpful*`")),
                word if word.contains('*') || entry.contains("**") => {
                    Some(("`*` stands only at the end of an entry", "write each form as an entry of its own"))
                }
                word if !word.chars().any(|c| !c.is_whitespace()) => Some(("the entry holds no word", "delete it")),
                _ => None,
            };
            match problem {
                Some((message, help)) => self.say(Diagnostic::error(codes::LEXICON_ENTRY, span, message).help(help)),
                None => entries.push(entry),
            }
        }
        entries
    }
}
