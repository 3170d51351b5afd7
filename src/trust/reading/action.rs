//! What a rule does, one action after the other: when, what, and with what.

use crate::ir::action::{ActionKind, Piece, Step, Timing};
use crate::ir::expr::{Access, Operand};
use crate::lang::format::sentence::quoted;
use crate::replay::words;
use crate::value::Str;

use super::Reader;

/// Where an action stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Among what is done at once or at a time.
    Then,
    /// On the ladder.
    Ladder,
}

/// One action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Where it stands.
    pub place: Place,
    /// `after 2 hours, at 09:00`; empty at once.
    pub when: String,
    /// `alert manager of store`, without what it says.
    pub what: String,
    /// What it says, uses and brings along: `saying`, `using`, `voucher`, each with its value.
    pub with: Vec<(String, String)>,
}

impl Act {
    /// Returns when it is done: `now` where nothing is waited for.
    pub fn time(&self) -> &str {
        if self.when.is_empty() { "now" } else { &self.when }
    }
}

impl Reader<'_> {
    /// Returns every action in order, and how many each step holds.
    pub(super) fn acts(&self) -> (Vec<Act>, Vec<(Place, usize)>) {
        let then = &self.rule.then;
        let steps = then.steps.iter().map(|step| (Place::Then, step));
        let ladder = then.ladder.iter().flat_map(|ladder| &ladder.steps).map(|step| (Place::Ladder, step));
        let all: Vec<(Place, &Step)> = steps.chain(ladder).collect();
        let cut = all.iter().map(|(place, step)| (*place, step.actions.len())).collect();
        let acts = all.into_iter().flat_map(|(place, step)| {
            let when = step.timing.map(|timing| self.timing(timing)).unwrap_or_default();
            step.actions.iter().map(move |action| {
                let (what, with) = self.action(&action.kind);
                Act { place, when: when.clone(), what, with }
            })
        });
        (acts.collect(), cut)
    }

    fn timing(&self, timing: Timing) -> String {
        let after = timing.after.map(|delay| format!("after {}", self.delay(delay)));
        let at = timing.at.map(|time| format!("at {}", words::time(time)));
        let during =
            timing.during.map(|calendar| format!("during {}", self.vocabulary.calendars[calendar.index()].name));
        [after, at, during].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    fn action(&self, kind: &ActionKind) -> (String, Vec<(String, String)>) {
        let of = |access: &Access| access.name.to_string();
        let value = |name: &str, value: &Operand| (name.to_owned(), self.operand(value, None));
        let all = |with: &[(Str, Operand)]| with.iter().map(|(name, to)| value(name, to)).collect::<Vec<_>>();
        match kind {
            ActionKind::Alert { role, of: place, saying } => {
                let place = place.as_ref().map(|place| format!(" of {}", of(place))).unwrap_or_default();
                (format!("alert {role}{place}"), vec![("saying".to_owned(), quoted(&text(saying)))])
            }
            ActionKind::Email { who, template, language, with, .. } => {
                let mut said = vec![("using".to_owned(), quoted(template))];
                said.extend(language.as_ref().map(|language| value("in", language)));
                said.extend(all(with));
                (format!("email {}", of(who)), said)
            }
            ActionKind::OpenCase { about, priority, reason } => {
                let about = about.as_ref().map(|(_, about)| format!(" for {}", of(about))).unwrap_or_default();
                let said = [("priority", priority), ("reason", reason)];
                let said = said.iter().filter_map(|(name, held)| held.as_ref().map(|held| value(name, held)));
                (format!("open case{about}"), said.collect())
            }
            ActionKind::Post { endpoint, with } => (format!("post to {}", quoted(endpoint)), all(with)),
            ActionKind::Set { thing, who, fact, to } => {
                let fact = &self.vocabulary.thing_type(*thing).facts[fact.index()];
                (format!("set {}.{}", who.name, fact.name), vec![("to".into(), self.operand(to, Some(&fact.ty)))])
            }
            ActionKind::Record { signal, fields } => {
                let kind = self.vocabulary.signal_type(*signal);
                let said = fields.iter().map(|(field, to)| {
                    let field = &kind.fields[field.index()];
                    (field.name.to_string(), self.operand(to, Some(&field.ty)))
                });
                (format!("record {}", kind.name), said.collect())
            }
        }
    }
}

/// Returns a text with its placeholders.
fn text(pieces: &[Piece]) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.to_string(),
        Piece::Value(access) => format!("{{{}}}", access.name),
    };
    pieces.iter().map(piece).collect()
}
