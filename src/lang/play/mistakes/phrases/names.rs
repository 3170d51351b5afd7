//! Names as everyday speech has them: `the score`, `the customer's segment`, `customer segment`.

use super::super::super::diagnose::shown;
use super::super::super::grammar::Rule;
use super::super::super::scan::Kind;
use super::super::super::words;
use super::spoken::is_condition;
use super::{Found, Phrase, Words};

const ARTICLES: [&str; 8] = ["the", "a", "an", "our", "their", "his", "her", "its"];

impl Words<'_> {
    pub(super) fn named(&self, entry: Rule) -> Found {
        let steps = matches!(entry, Rule::e_steps | Rule::e_recipient | Rule::e_path | Rule::e_key | Rule::e_operand);
        (is_condition(entry) || steps).then_some(())?;
        let written = self.word(0);
        let article = isize::from(ARTICLES.contains(&&*written));
        if written.is_empty() || article == 0 && words::is_key_word(&written) {
            return None;
        }
        let own = article > 0 && (matches!(&*self.word(1), "same" | "last" | "previous") || self.is_length(1));
        let schedule = self.sentence.tokens.first().is_some_and(|token| self.sentence.word(token) == "every");
        (!own && !schedule && self.text(-1) != "." && (article == 0 || self.text(1) != ".")).then_some(())?;
        let subject = is_condition(entry) && self.begins_term(entry);
        let value = is_condition(entry)
            && matches!(
                &*self.word(-1),
                "is" | "not"
                    | "contains"
                    | "contain"
                    | "mentions"
                    | "than"
                    | "least"
                    | "most"
                    | "of"
                    | "to"
                    | "same"
                    | "each"
            );
        let first = self.path_at(article);
        if first == 0 {
            // `is the "gold"`
            let quoted = value && article > 0 && matches!(self.kind(article), Some(Kind::Text(true) | Kind::Number));
            return quoted.then(|| without(self, article));
        }
        let mut names = vec![self.written(article, article + first)];
        let mut end = article + first;
        while let Some(behind) = self.possessive(end) {
            names.push(self.written(end + 2, end + 2 + behind));
            end += 2 + behind;
        }
        let possessive = names.len() > 1;
        let second = self.path_at(end);
        let moves = |offset: isize| matches!(&*self.word(offset), "goes" | "stays" | "clears");
        let reading = entry == Rule::e_trigger && self.index == 0 && moves(end + second);
        if !possessive && second > 0 && (subject && self.is_said(end + second) || reading) {
            names.push(self.written(end, end + second));
            end += second;
        }
        let name = names.join(".").replace(' ', "");
        match (possessive, names.len(), article) {
            (true, _, _) => Some(Phrase::new(end, &*name).doubtful()),
            (_, 2, _) => {
                let help = format!(
                    "write `{name}`, a field of `{}`; a name of two words is joined by `_`: `{}`",
                    names[0],
                    names.join("_")
                );
                let message = format!("`{}` is not one name", shown(&self.written(article, end)));
                Some(Phrase::new(end, &*name).told(crate::lang::codes::BAD_NAME, message).help(help).doubtful())
            }
            (_, _, 1) if subject && (self.is_said(end) || self.ends_term(end)) || value => Some(without(self, article)),
            _ => None,
        }
    }

    /// Returns how many tokens the name behind `'s` at `offset` has.
    fn possessive(&self, offset: isize) -> Option<isize> {
        let apostrophe =
            matches!(self.text(offset), "'" | "’" | "‘") && self.touches(offset) && self.touches(offset + 1);
        (apostrophe && self.word(offset + 1) == "s").then_some(())?;
        // `'` and `s` are two tokens; behind them stands the name.
        Some(self.name_at(offset + 2)).filter(|length| *length > 0)
    }

    /// Returns how many tokens the name at `offset` has; behind `'s` a key word is a name as well.
    fn name_at(&self, offset: isize) -> isize {
        let mut length = isize::from(self.kind(offset) == Some(Kind::Word));
        while length > 0 && length < 16 && self.text(offset + length) == "." {
            length += 2;
        }
        length
    }

    /// Tells whether a term of a condition begins here.
    fn begins_term(&self, entry: Rule) -> bool {
        let first = self.index == 0 && matches!(entry, Rule::e_condition);
        let joined = matches!(&*self.word(-1), "where" | "and" | "or" | "if" | "unless" | "as");
        let defined = entry == Rule::e_define && self.index == 3;
        first || joined || defined || self.text(-1) == "("
    }

    /// Tells whether a term of a condition ends here.
    fn ends_term(&self, offset: isize) -> bool {
        self.kind(offset).is_none()
            || matches!(self.text(offset), "and" | "or" | ")")
            || words::order(&[self.word(offset)]).is_some()
    }
}

/// The article, taken out.
fn without(at: &Words, article: isize) -> Phrase {
    let name = at.written(article, article + at.path_at(article).max(1));
    let message = format!("names stand without `{}`", at.word(0));
    Phrase::new(article, "").told(crate::lang::codes::OTHER_WORD, message).help(format!("take it out: write `{name}`"))
}
