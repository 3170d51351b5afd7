//! Values that are listed as other languages list them: `in (1, 2)`, `not in ["a", "b"]`, `is one of 6 and 7`.

use super::super::super::diagnose::shown;
use super::super::super::grammar::Rule;
use super::super::super::scan::Kind;
use super::super::super::words;
use super::{Found, Phrase, Words};

impl Words<'_> {
    /// A list of values that is not written as `is one of 6, 7`.
    pub(super) fn list(&self, entry: Rule) -> Found {
        let compares = matches!(
            entry,
            Rule::e_trigger | Rule::e_condition | Rule::e_predicate | Rule::e_source | Rule::e_measure | Rule::e_define
        );
        (compares && !matches!(&*self.word(-1), "is" | "not")).then_some(())?;
        let is = isize::from(self.word(0) == "is");
        let not = isize::from(self.word(is) == "not");
        let (words, right) = match (&*self.word(is + not), &*self.word(is + not + 1)) {
            ("one", "of") if is > 0 => (2, true),
            ("in" | "oneof" | "one_of", _) => (1, false),
            ("any" | "either", "of") if is > 0 => (2, false),
            ("either", _) if is > 0 => (1, false),
            _ => return None,
        };
        let first = is + not + words;
        let open = isize::from(matches!(self.text(first), "(" | "[" | "{"));
        let (values, mut next, commas) = self.values(first + open, open > 0)?;
        // `complaints in 14 days`, `complaint in store`
        let named = is + not + open > 0 || self.kind(first) != Some(Kind::Word) && self.path_before(0) > 0;
        (named && !(is + not + open == 0 && self.is_length(first)) && !(right && open == 0 && commas)).then_some(())?;
        next += isize::from(open > 0 && matches!(self.text(next), ")" | "]" | "}"));
        let negation = if not > 0 { "not " } else { "" };
        let meant = match &values[..] {
            [one] => format!("is {negation}{one}"),
            several => format!("is {negation}one of {}", several.join(", ")),
        };
        let subject = self.path_before(0);
        let subject = if subject > 0 { self.written(-subject, 0) + " " } else { String::new() };
        let help = format!("write `{}{}`", subject, shown_list(&meant));
        Some(Phrase::new(next, meant).help(help))
    }

    /// Reads values from `first` on: what they are, where they end, and whether nothing but commas stands between them.
    fn values(&self, first: isize, open: bool) -> Option<(Vec<String>, isize, bool)> {
        let (mut values, mut next, mut commas) = (Vec::new(), first, true);
        loop {
            let length = self.value_at(next)?;
            values.push(self.value_written(next, length));
            next += length;
            let joint = match (self.text(next), &*self.word(next + 1)) {
                (",", "and" | "or") => 2,
                (",", _) | ("and" | "or", _) => 1,
                _ => return Some((values, next, commas)),
            };
            let length = self.value_at(next + joint).unwrap_or(0);
            // `… and urgent`, `… and stars is 3`: another condition.
            let name = self.kind(next + joint) == Some(Kind::Word) && !open && self.text(next) != ",";
            if length == 0 || values.len() > 40 || name || self.is_said(next + joint + length) {
                return Some((values, next, commas));
            }
            commas &= self.text(next) == "," && joint == 1;
            next += joint;
        }
    }

    /// Returns how many tokens the value at `offset` has.
    fn value_at(&self, offset: isize) -> Option<isize> {
        match self.kind(offset)? {
            Kind::Number | Kind::Time | Kind::Date => self.quantity(offset),
            Kind::Text(true) | Kind::Single => Some(1),
            Kind::Word if matches!(&*self.word(offset), "yes" | "no") => Some(1),
            Kind::Word => Some(self.path_at(offset)).filter(|length| *length > 0),
            _ => None,
        }
    }

    fn value_written(&self, offset: isize, length: isize) -> String {
        match self.kind(offset) {
            Some(Kind::Single) => format!("\"{}\"", self.text(offset).trim_matches(['\'', '‘', '’'])),
            _ => self.written(offset, offset + length),
        }
    }

    /// Returns how many tokens a number has together with its unit; `None` where there is no number.
    pub(super) fn quantity(&self, offset: isize) -> Option<isize> {
        match self.kind(offset)? {
            Kind::Number if self.is_length(offset) => Some(2),
            Kind::Number => {
                let code = self.text(offset + 1);
                let money = code.len() == 3 && code.chars().all(|c| c.is_ascii_uppercase());
                Some(1 + isize::from(money || matches!(code, "%" | "percent")))
            }
            Kind::Time | Kind::Date => Some(1),
            _ => None,
        }
    }

    /// Tells whether a length of time stands at `offset`.
    pub(super) fn is_length(&self, offset: isize) -> bool {
        let unit = self.word(offset + 1);
        let business = unit == "business" && words::UNITS.contains(&&*self.word(offset + 2));
        self.kind(offset) == Some(Kind::Number)
            && (words::unit(&unit).is_some() || business || matches!(&*unit, "month" | "months"))
    }
}

/// Cuts a long list for a message, between two values.
fn shown_list(list: &str) -> String {
    match list.len() > 120 {
        true => list.split(", ").take(3).map(shown).collect::<Vec<_>>().join(", ") + ", …",
        false => list.to_owned(),
    }
}
