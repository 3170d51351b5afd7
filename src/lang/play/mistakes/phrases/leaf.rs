//! A clause inside a value of the YAML form, which has a key of its own: `where: score is 3 unless customer.at_risk`.

use crate::lang::codes;

use super::super::super::diagnose::shown;
use super::super::super::grammar::Rule;
use super::{Found, Phrase, Words};

/// The words of a clause, and its key.
const CLAUSES: &[(&[&str], &str)] = &[
    (&["unless"], "unless"),
    (&["only", "if"], "only_if"),
    (&["for", "each"], "for_each"),
    (&["at", "most", "once"], "at_most"),
    (&["check", "every"], "check"),
    (&["where"], "where"),
    (&["within"], "within"),
    (&["for", "the", "same"], "same"),
    (&["with", "different"], "different"),
    (&["over", "the", "last"], "over_last"),
    (&["goes", "over"], "goes_over"),
    (&["goes", "under"], "goes_under"),
    (&["stays", "over"], "stays_over"),
    (&["stays", "under"], "stays_under"),
    (&["clears", "over"], "clears_over"),
    (&["clears", "under"], "clears_under"),
    (&["not", "followed", "by"], "not_followed_by"),
    (&["followed", "by"], "followed_by"),
    (&["saying"], "saying"),
    (&["using"], "using"),
];

impl Words<'_> {
    /// A clause up to the next one.
    pub(super) fn leaf_clause(&self, entry: Rule) -> Found {
        let sentence = self.sentence;
        let leaf = sentence.start == 0 && sentence.end == sentence.slice.text.len();
        let whole = matches!(
            entry,
            Rule::e_trigger
                | Rule::e_steps
                | Rule::e_rule
                | Rule::e_header
                | Rule::e_define
                | Rule::e_zone
                | Rule::e_owner
        );
        (leaf && !whole && self.index > 0).then_some(())?;
        let (words, key) = self.clause_at(0)?;
        // What is measured has its `where` beside it, and in its own value.
        (*key != "where" || !matches!(entry, Rule::e_measure | Rule::e_source)).then_some(())?;
        let kept = if matches!(*key, "at_most" | "check") { words.len() - 1 } else { words.len() } as isize;
        let mut end = words.len() as isize;
        while self.kind(end).is_some() && self.clause_at(end).is_none() {
            end += 1;
        }
        let value = self.written(kept, end);
        let value = if value.is_empty() { "…".to_owned() } else { value };
        let message = format!("`{}` is a key of its own in YAML", words[..kept.unsigned_abs()].join(" "));
        let help = format!("move it to its own key: write `{key}: {}`", shown(&value));
        // What lacks the clause is not told again.
        Some(Phrase::new(end, "").told(codes::YAML_WRONG_KIND, message).help(help).doubtful())
    }

    fn clause_at(&self, offset: isize) -> Option<&'static (&'static [&'static str], &'static str)> {
        let said =
            |words: &[&str]| words.iter().enumerate().all(|(place, word)| self.word(offset + place as isize) == *word);
        CLAUSES.iter().find(|(words, _)| said(words) && self.text(offset - 1) != ".")
    }
}
