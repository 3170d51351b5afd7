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
use super::{Pieces, word_at};

/// Reads the steps of a rule.
pub(in crate::lang::play) fn steps(sentence: &Sentence) -> Reading<Vec<Step>> {
    let read = |builder: &mut Builder, node: &mut Node| builder.steps(node.any()?);
    let mut reading = repair::read(sentence, Rule::e_steps, &read);
    if reading.value.is_some() {
        return reading;
    }
    let parts = parts(sentence);
    if parts.len() < 2 {
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
        let quiet = touches(&self.told, self.place(tokens.clone()));
        let steps: Vec<Step> = self.read_piece(tokens, Rule::e_steps, quiet, &read);
        steps.into_iter().flat_map(|step| step.actions).collect()
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
