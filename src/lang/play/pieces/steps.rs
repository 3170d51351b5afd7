//! What stands after `then`, cut at its actions and timings.

use std::ops::Range;

use crate::lang::source::{Span, Spanned};
use crate::lang::tree::{Action, ActionKind, Step, Timing, Word};

use super::super::build::{Builder, Node};
use super::super::grammar::Rule;
use super::super::mistakes;
use super::super::repair::{self, touches};
use super::super::scan::Kind;
use super::super::sentence::{Reading, Sentence};
use super::{Pieces, is_name, word_at};

/// Reads the steps of a rule.
pub(in crate::lang::play) fn steps(sentence: &Sentence) -> Reading<Vec<Step>> {
    let read = |builder: &mut Builder, node: &mut Node| builder.steps(node.any()?);
    let mut reading = repair::read(sentence, Rule::e_steps, &read);
    if reading.value.is_some() {
        return reading;
    }
    let parts = parts(sentence);
    if let [(_, part)] = &parts[..] {
        let mut pieces = Pieces::new(sentence, &[]);
        pieces.take(reading.problems);
        let part = sentence.part(part.clone());
        let steps = match pieces.names_of(&part) {
            Some(action) => vec![Step { timing: None, actions: vec![action], span: part.whole() }],
            None => pieces.hole(sentence.whole()),
        };
        return pieces.done(steps);
    }
    if parts.is_empty() {
        reading.holes.push(sentence.whole());
        reading.value = Some(Vec::new());
        return reading;
    }
    let mut pieces = Pieces::new(sentence, &[]);
    pieces.take(reading.problems);
    let steps = pieces.steps(&parts);
    pieces.done(steps)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begins {
    Action,
    Timing,
    Ladder,
}

/// Cuts at everything that begins an action, a timing or a ladder.
fn parts(sentence: &Sentence) -> Vec<(Begins, Range<usize>)> {
    let mut starts: Vec<(Begins, usize)> = Vec::new();
    for index in 0..sentence.tokens.len() {
        // Behind `send` or another word that is no action, `email` is a part of what was meant.
        let acting = starts.last().is_some_and(|(_, start)| is_verb(sentence, *start));
        if let Some(begins) = begins(sentence, index, acting).or((index == 0).then_some(Begins::Action)) {
            starts.push((begins, index));
        }
    }
    let ends = starts.iter().skip(1).map(|(_, start)| *start).chain([sentence.tokens.len()]);
    let joins = |index: usize| {
        matches!(word_at(sentence, index), "and" | "now") || sentence.word(&sentence.tokens[index]) == ":"
    };
    let cut = |((begins, start), end): (&(Begins, usize), usize)| {
        // An `and` in front of the next part belongs to neither; nor does `now:`.
        let mut end = end;
        while *begins != Begins::Timing && end > start + 1 && joins(end - 1) {
            end -= 1;
        }
        (*begins, *start..end)
    };
    starts.iter().zip(ends).map(cut).collect()
}

/// Tells whether an action begins with the token `index`.
fn is_verb(sentence: &Sentence, index: usize) -> bool {
    matches!(
        (word_at(sentence, index), word_at(sentence, index + 1)),
        ("alert" | "email" | "record" | "set", _) | ("open", "case") | ("post", "to")
    )
}

fn begins(sentence: &Sentence, index: usize, acting: bool) -> Option<Begins> {
    let token = sentence.tokens[index];
    let before = index.checked_sub(1).map_or("", |before| sentence.word(&sentence.tokens[before]));
    // `post to "crm" with email customer.email`: a name or a value, no action.
    if token.kind != Kind::Word || matches!(before, "." | "," | "of" | "with" | "to" | "in" | "for" | "using" | "set") {
        return None;
    }
    let free = index == 0 || token.first || matches!(before, "and" | ":" | "then");
    Some(match (word_at(sentence, index), word_at(sentence, index + 1)) {
        ("escalate", _) => Begins::Ladder,
        ("set", _) if !free => return None,
        _ if is_verb(sentence, index) && (free || acting) => Begins::Action,
        ("after" | "at" | "during", _) if free => Begins::Timing,
        ("saying" | "and" | "or" | "now" | "until" | "using" | "in" | "with" | "for" | "of" | "to", _) => return None,
        // Whatever else begins a line is probably meant as an action.
        _ if token.first && index > 0 => Begins::Action,
        _ => return None,
    })
}

impl Pieces<'_, '_> {
    fn steps(&mut self, parts: &[(Begins, Range<usize>)]) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        let mut ladder: Option<(Action, Vec<Step>)> = None;
        for (begins, tokens) in parts {
            let open = ladder.as_mut().map_or(&mut steps, |(_, steps)| steps);
            let span = self.place(tokens.clone());
            match begins {
                Begins::Timing => {
                    let read = |builder: &mut Builder, node: &mut Node| builder.timing_parts(node.any()?);
                    let timing: Timing = self.read(tokens.clone(), Rule::e_timing, &read);
                    self.colon(tokens.clone());
                    open.push(Step { timing: Some(timing), actions: Vec::new(), span });
                }
                Begins::Action => {
                    let actions = self.actions(tokens.clone());
                    match open.last_mut() {
                        Some(step) => step.actions.extend(actions),
                        None => open.push(Step { timing: None, actions, span }),
                    }
                }
                // A second ladder, or one inside the first, has been told: its steps are read with the others.
                Begins::Ladder if ladder.is_some() => {}
                Begins::Ladder => {
                    let until = self.until(tokens.clone());
                    let kind = ActionKind::Escalate { until, ladder: Vec::new() };
                    ladder = Some((Action { kind, span }, Vec::new()));
                }
            }
        }
        if let Some((mut action, climbed)) = ladder {
            if let ActionKind::Escalate { ladder, .. } = &mut action.kind {
                *ladder = climbed;
            }
            let span = action.span;
            match steps.last_mut().filter(|step| step.timing.is_none()) {
                Some(step) => step.actions.push(action),
                None => steps.push(Step { timing: None, actions: vec![action], span }),
            }
        }
        steps
    }

    /// Says that a timing does not end in a colon, where nothing else has been said of it.
    fn colon(&mut self, tokens: Range<usize>) {
        let part = self.sentence.part(tokens);
        let whole = part.whole();
        let told = self.told.iter().copied().chain(self.problems.iter().map(|problem| problem.span));
        let told: Vec<Span> = told.collect();
        if !part.text().ends_with(':') && !touches(&told, whole) {
            self.problems.push(mistakes::no_colon(Span { start: whole.end, ..whole }, part.text()));
        }
    }

    fn actions(&mut self, tokens: Range<usize>) -> Vec<Action> {
        let read = |builder: &mut Builder, node: &mut Node| builder.steps(node.any()?);
        let part = self.sentence.part(tokens.clone());
        let quiet = touches(&self.told, part.whole());
        let holes = self.holes.len();
        let steps: Vec<Step> = self.read_piece(tokens, Rule::e_steps, quiet, &read);
        let unread = self.holes.len() == holes + 1 && self.holes[holes] == part.whole();
        if unread && let Some(action) = self.names_of(&part) {
            self.holes.remove(holes);
            return vec![action];
        }
        steps.into_iter().flat_map(|step| step.actions).collect()
    }

    /// Makes an action of one that cannot be read, with the names it surely has: the role that is alerted, and whom a
    /// mail goes to with which template.
    fn names_of(&mut self, part: &Sentence) -> Option<Action> {
        let text = |index: usize| part.tokens.get(index).map_or("", |token| part.word(token));
        let path_at = |from: usize| {
            let mut length = usize::from(is_name(part, from));
            while length > 0 && text(from + length) == "." {
                length += 2;
            }
            from + length
        };
        let rest = |from: usize| part.part(from..part.tokens.len()).whole();
        // A name that the next word touches is part of something else: `boss@shop.lt`.
        let touched = |end: usize| {
            let pair = part.tokens.get(end - 1).zip(part.tokens.get(end));
            pair.is_some_and(|(last, next)| last.end == next.start)
        };
        let end = path_at(1);
        // `alert store manager`: a name of several words is none.
        let goes_on = is_name(part, end);
        if end == 1 || touched(end) || goes_on {
            return None;
        }
        let span = part.whole();
        let kind = match text(0) {
            "alert" => {
                let of = if text(end) == "of" { path_at(end + 1) } else { end };
                let end = if of > end + 1 && !touched(of) { of } else { end };
                let read = |builder: &mut Builder, node: &mut Node| builder.recipient(node.any()?);
                let recipient = part.part(1..end).try_read(Rule::e_recipient, read).ok()?;
                let (role, of) = recipient.value.filter(|_| recipient.problems.is_empty())?;
                self.holes.push(rest(end));
                ActionKind::Alert { role, of, saying: None }
            }
            "email" => {
                let read = |builder: &mut Builder, node: &mut Node| builder.path(node.any()?);
                let who = part.part(1..end).try_read(Rule::e_path, read).ok()?;
                let who = who.value.filter(|_| who.problems.is_empty())?;
                let named = |index: &usize| matches!(text(*index), "using" | "template");
                let template = (end..part.tokens.len()).find(named).map(|index| index + 1);
                let template = template
                    .filter(|index| matches!(part.tokens.get(*index), Some(token) if token.kind == Kind::Text(true)));
                let template = match template {
                    Some(index) => {
                        let token = &part.tokens[index];
                        let inner = text(index).trim_matches(['"', '“', '”', '„', '‟', '«', '»']);
                        Spanned { node: inner.to_owned(), span: part.span(token) }
                    }
                    None => self.hole(rest(end)),
                };
                self.holes.push(Span { end: span.start, ..span });
                ActionKind::Email { who, template, language: None, with: Vec::new() }
            }
            _ => return None,
        };
        Some(Action { kind, span })
    }

    /// Reads what ends a ladder: words joined by `or`.
    fn until(&mut self, tokens: Range<usize>) -> Vec<Word> {
        let sentence = self.sentence;
        let words = tokens.clone().skip(1).filter(|index| !matches!(word_at(sentence, *index), "" | "until" | "or"));
        let words: Vec<Word> = words
            .map(|index| {
                let token = &sentence.tokens[index];
                Spanned { node: sentence.word(token).to_owned(), span: sentence.span(token) }
            })
            .collect();
        let place = self.place(tokens);
        if touches(&self.told, place) {
            self.holes.push(place);
        }
        words
    }
}
