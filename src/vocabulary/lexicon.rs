//! Word lists in several languages, compiled into one automaton.
//!
//! An entry is a word or several words; `word*` matches a beginning. Text and entries are folded
//! (`text::fold`), and an entry matches whole words only: a word is what letters, digits and combining marks make,
//! with apostrophes between them (`don't`, `п'ять`). All lexicons are looked for in one pass over a text. Left out:
//! word forms; `word*` is how a list speaks of them.

use aho_corasick::{AhoCorasick, MatchKind};

use crate::value::Str;
use crate::vocabulary::LexiconNo;
use crate::vocabulary::text::fold;

/// All lexicons of a vocabulary.
#[derive(Clone, Debug, Default)]
pub struct Lexicons {
    /// Name and entries by language, in the order of the file.
    pub lists: Vec<Lexicon>,
    /// Finds every entry of every list; `None` where there is none.
    automaton: Option<AhoCorasick>,
    /// What each pattern of the automaton stands for.
    patterns: Vec<Pattern>,
}

/// One lexicon as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lexicon {
    /// Its name, such as `staff_kindness`.
    pub name: Str,
    /// Entries by language, as written.
    pub entries: Vec<(Str, Vec<Str>)>,
}

/// One entry in the automaton.
#[derive(Clone, Debug)]
struct Pattern {
    lexicon: LexiconNo,
    /// As written in the vocabulary.
    entry: Str,
    /// Whether it matches a beginning.
    begins: bool,
}

/// Which lexicons a text mentions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LexiconSet(Vec<u64>);

impl LexiconSet {
    /// Tells whether `lexicon` is mentioned.
    pub fn contains(&self, lexicon: LexiconNo) -> bool {
        self.0.get(lexicon.index() / 64).is_some_and(|word| word & (1 << (lexicon.index() % 64)) != 0)
    }

    fn insert(&mut self, lexicon: LexiconNo) {
        if self.0.len() <= lexicon.index() / 64 {
            self.0.resize(lexicon.index() / 64 + 1, 0);
        }
        self.0[lexicon.index() / 64] |= 1 << (lexicon.index() % 64);
    }
}

impl Lexicons {
    /// Compiles the lists into one automaton. An entry without a letter, digit or sign is left out
    /// (`vocabulary::read` reports it).
    pub fn new(lists: Vec<Lexicon>) -> Lexicons {
        let mut patterns = Vec::new();
        let mut texts = Vec::new();
        for (place, list) in lists.iter().enumerate() {
            for entry in list.entries.iter().flat_map(|(_, entries)| entries) {
                let (text, begins) = match entry.trim_end().strip_suffix('*') {
                    Some(text) => (plain(text), true),
                    None => (plain(entry), false),
                };
                if !text.is_empty() {
                    patterns.push(Pattern { lexicon: LexiconNo(place as u16), entry: entry.clone(), begins });
                    texts.push(text);
                }
            }
        }
        let automaton = (!texts.is_empty()).then(|| {
            let built = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&texts);
            built.expect("a vocabulary of at most 1 MB is far below the 2³¹ states of an automaton")
        });
        Lexicons { lists, automaton, patterns }
    }

    /// Finds a lexicon.
    pub fn named(&self, name: &str) -> Option<LexiconNo> {
        self.lists.iter().position(|list| &*list.name == name).map(|place| LexiconNo(place as u16))
    }

    /// Returns the first entry of `lexicon` found in `text` (any language), as written in the vocabulary; the longest
    /// where several begin at one place.
    pub fn find(&self, lexicon: LexiconNo, text: &str) -> Option<&Str> {
        let text = plain(text);
        let own = self.matches(&text).filter(|(pattern, _)| pattern.lexicon == lexicon);
        let first = own.min_by_key(|(_, found)| (found.start(), std::cmp::Reverse(found.end())));
        first.map(|(pattern, _)| &pattern.entry)
    }

    /// Returns every lexicon that `text` mentions, in one pass.
    pub fn mentions_all(&self, text: &str) -> LexiconSet {
        let mut set = LexiconSet::default();
        if self.automaton.is_some() {
            let text = plain(text);
            self.matches(&text).for_each(|(pattern, _)| set.insert(pattern.lexicon));
        }
        set
    }

    /// Returns all whole-word matches in a text made plain.
    fn matches<'a, 't>(
        &'a self,
        text: &'t str,
    ) -> impl Iterator<Item = (&'a Pattern, aho_corasick::Match)> + use<'a, 't> {
        let found = self.automaton.iter().flat_map(move |automaton| automaton.find_overlapping_iter(text));
        found.filter_map(move |found| {
            let pattern = &self.patterns[found.pattern().as_usize()];
            let whole = !splits_word(text, found.start()) && (pattern.begins || !splits_word(text, found.end()));
            whole.then_some((pattern, found))
        })
    }
}

/// Returns the folded text with one space between words and one kind of apostrophe.
fn plain(text: &str) -> String {
    let folded = fold(text);
    let mut plain = String::with_capacity(folded.len());
    for word in folded.split_whitespace() {
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.extend(word.chars().map(|c| if is_apostrophe(c) { '\'' } else { c }));
    }
    plain
}

/// Tells whether a word goes on over the place `at` of a text.
fn splits_word(text: &str, at: usize) -> bool {
    let (mut before, mut after) = (text[..at].chars().rev(), text[at..].chars());
    let before = (before.next(), before.next());
    let after = (after.next(), after.next());
    let in_word = |c: Option<char>| c.is_some_and(is_word_char);
    match (before.0, after.0) {
        (Some(left), Some(right)) if is_word_char(left) => {
            is_word_char(right) || is_apostrophe(right) && in_word(after.1)
        }
        (Some(left), Some(right)) => is_apostrophe(left) && in_word(before.1) && is_word_char(right),
        _ => false,
    }
}

/// Tells whether a word may be made of `c`. `char::is_alphanumeric` leaves out the combining marks that no
/// composed letter took up, such as a stress mark on a Cyrillic vowel.
fn is_word_char(c: char) -> bool {
    let is_mark = matches!(c, '\u{300}'..='\u{36F}' | '\u{483}'..='\u{489}' | '\u{1AB0}'..='\u{1AFF}'
        | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}');
    c.is_alphanumeric() || is_mark
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | 'ʼ' | '＇')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lexicons(lists: &[(&str, &[&str])]) -> Lexicons {
        let list = |(name, entries): &(&str, &[&str])| Lexicon {
            name: (*name).into(),
            entries: vec![("en".into(), entries.iter().map(|entry| (*entry).into()).collect())],
        };
        Lexicons::new(lists.iter().map(list).collect())
    }

    fn kindness() -> Lexicons {
        lexicons(&[
            (
                "kind",
                &["kind", "helpful*", "friendly", "miłą*", "uprzejm*", "вежлив*", "добр*", "malon*", "ačiū", "👍"],
            ),
            ("rude", &["not kind", "rud*", "don't care", "хам", "-1"]),
        ])
    }

    #[test]
    fn entries_are_whole_words_and_a_star_is_a_beginning_in_every_language() {
        let lexicons = kindness();
        for (text, entry) in [
            ("So KIND!", Some("kind")),
            ("kindle", None),
            ("mankind", None),
            ("unkind", None),
            ("(kind)", Some("kind")),
            ("'kind'", Some("kind")),
            ("kind's", None),
            ("kind-hearted", Some("kind")),
            ("Very helpfully done", Some("helpful*")),
            ("unhelpful", None),
            ("z MIŁĄ obsługą", Some("miłą*")),
            ("miłąż", Some("miłą*")),
            ("Nieuprzejmie", None),
            ("była uprzejma", Some("uprzejm*")),
            ("ВЕЖЛИВЫЙ продавец", Some("вежлив*")),
            ("невежливый", None),
            ("о доброте", Some("добр*")),
            ("подобрали", None),
            ("Maloniai aptarnavo", Some("malon*")),
            ("nemalonu", None),
            ("AC\u{30C}IU\u{304}, labai", Some("ačiū")),
            ("Ačiūkas", None),
            ("kind\u{301}", None),
            ("great👍great", Some("👍")),
            ("", None),
        ] {
            let found = lexicons.find(LexiconNo(0), text).map(|entry| &**entry);
            assert_eq!(found, entry, "{text}");
            assert_eq!(lexicons.mentions_all(text).contains(LexiconNo(0)), entry.is_some(), "{text}");
        }
    }

    #[test]
    fn entries_of_several_words_match_over_any_white_space_and_apostrophe() {
        let lexicons = kindness();
        let rude = lexicons.named("rude").expect("declared above");
        let find = |text| lexicons.find(rude, text).map(|entry| &**entry);
        assert_eq!(find("they were not \n\t kind"), Some("not kind"));
        assert_eq!(find("not\u{a0}kind"), Some("not kind"));
        assert_eq!(find("not kindly"), None);
        assert_eq!(find("They DON’T care"), Some("don't care"));
        assert_eq!(find("хамство"), None);
        assert_eq!(find("rated -1"), Some("-1"));
        let both = lexicons.mentions_all("rude, not kind");
        assert!(both.contains(rude) && both.contains(LexiconNo(0)) && !both.contains(LexiconNo(2)));
        assert_eq!(lexicons.named("kindness"), None);
    }

    #[test]
    fn no_lexicon_and_no_entry_mention_nothing() {
        assert_eq!(Lexicons::default().mentions_all("kind"), LexiconSet::default());
        assert_eq!(lexicons(&[("empty", &["", "*", "  "])]).find(LexiconNo(0), "kind *"), None);
    }

    proptest! {
        /// One pass over all lists finds what looking at each word of the text for each entry finds.
        #[test]
        fn agrees_with_comparing_word_by_word(
            entries in prop::collection::vec("[abą]{1,2}('[abą])?\\*?", 1..6),
            text in "[abąB' ]{0,24}",
        ) {
            let list: Vec<&str> = entries.iter().map(String::as_str).collect();
            let lexicons = lexicons(&[("all", &list)]);
            let lower = text.to_lowercase();
            // Apostrophes belong to a word only one at a time and between letters.
            let mut words = lower.split(' ').flat_map(|word| word.split("''")).map(|word| word.trim_matches('\''));
            let expected = words.any(|word| {
                entries.iter().any(|entry| match entry.strip_suffix('*') {
                    Some(start) => word.starts_with(start),
                    None => word == entry,
                })
            });
            prop_assert_eq!(lexicons.mentions_all(&text).contains(LexiconNo(0)), expected);
        }

        #[test]
        fn never_panics(text in "\\PC{0,40}", entry in "\\PC{0,8}") {
            let lexicons = lexicons(&[("one", &[entry.as_str()])]);
            let _ = lexicons.find(LexiconNo(0), &text);
        }
    }
}
