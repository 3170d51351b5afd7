//! The tree back into text, in the one shape it has in either syntax.
//!
//! `sentence` writes conditions, operands and lengths in the one form the language has for them, [`play`] and [`yaml`] whole
//! files, `page` puts the comments back. What was written keeps its meaning: formatting and converting never change what a
//! playbook compiles to. Left out: files with mistakes, which whoever calls has to refuse.

mod page;
mod play;
pub mod sentence;
mod yaml;

use crate::lang::source::Sources;
use crate::lang::tree::{Comment, Playbook, Syntax, Timing};

/// The names of signals, which DSL and YAML have in different forms: a count says `3 or more complaints` in the one and
/// `signal: complaint` in the other.
pub struct Forms<'a> {
    /// The plural of a signal; of a plural itself.
    pub plural: &'a dyn Fn(&str) -> String,
    /// The singular of a signal; of a singular itself.
    pub singular: &'a dyn Fn(&str) -> String,
}

/// Writes a playbook without mistakes in a syntax. Where it is the one it is written in, no form of a name is changed.
pub fn playbook(playbook: &Playbook, sources: &Sources, syntax: Syntax, forms: &Forms<'_>) -> String {
    let source = &*sources.file(playbook.file).text;
    let keywords = Keywords { source, comments: &playbook.comments };
    let as_it_is: &dyn Fn(&str) -> String = &str::to_owned;
    let own = Forms { plural: as_it_is, singular: as_it_is };
    let forms = if playbook.syntax == syntax { &own } else { forms };
    let page = match syntax {
        Syntax::Play => play::playbook(playbook, forms, &keywords),
        Syntax::Yaml => yaml::playbook(playbook, forms, &keywords),
    };
    page.finish(source, &playbook.comments)
}

/// Where key words stand in the source that the tree has no place for.
struct Keywords<'a> {
    source: &'a str,
    comments: &'a [Comment],
}

impl Keywords<'_> {
    /// Returns where a word stands right before a place, with nothing but blanks, colons, dashes and comments between.
    fn before(&self, at: u32, word: &str) -> Option<u32> {
        let mut end = at as usize;
        loop {
            let text = self
                .source
                .get(..end)?
                .trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '-' | '{' | '['));
            end = text.len();
            let before = self.comments.partition_point(|comment| (comment.span.start as usize) < end);
            match before.checked_sub(1).map(|last| self.comments[last].span) {
                Some(comment) if comment.end as usize >= end => end = comment.start as usize,
                _ => return text.ends_with(word).then(|| (end - word.len()) as u32),
            }
        }
    }

    /// Returns where the comments begin that have lines to themselves right above a place; the place itself without any.
    fn with_comments(&self, at: u32) -> u32 {
        let above = self.comments.iter().rev().skip_while(|comment| comment.span.start >= at);
        let mut begin = at;
        for comment in above.take_while(|comment| comment.own_line) {
            let between = self.source.get(comment.span.end as usize..begin as usize);
            if between.is_none_or(|between| !between.trim().is_empty()) {
                break;
            }
            begin = comment.span.start;
        }
        begin
    }
}

/// Tells whether two timings say the same.
pub(crate) fn same_timing(one: Option<&Timing>, other: Option<&Timing>) -> bool {
    let plain = |timing: &Timing| {
        let after = timing.after.as_ref();
        let after = after.map(|l| (l.amount, l.unit, l.calendar.as_ref().map(|calendar| calendar.node.clone())));
        (after, timing.at.as_ref().map(|at| at.node), timing.during.as_ref().map(|calendar| calendar.node.clone()))
    };
    one.map(plain) == other.map(plain)
}
