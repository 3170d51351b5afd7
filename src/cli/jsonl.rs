//! `replay --format jsonl`: one JSON object a firing or an effect. The shape is a promise to scripts.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::engine::Step;
use crate::engine::effect::{Effect, Firing, What};
use crate::engine::trace::Compared;
use crate::id::{RuleId, SignalId};
use crate::lang::source::Sources;
use crate::replay::words;
use crate::value::{Str, Value};

use super::replay::Show;

/// A `firings` line.
#[derive(Serialize)]
struct FiringLine<'a> {
    at: String,
    #[serde(flatten)]
    firing: FiringFields<'a>,
    compared: Vec<ComparedFields<'a>>,
}

/// One comparison behind a firing, with the place it is written at.
#[derive(Serialize)]
struct ComparedFields<'a> {
    clause: &'a str,
    actual: &'a str,
    holds: bool,
    file: &'a str,
    line: usize,
}

/// What both kinds of line say of a firing.
#[derive(Serialize)]
struct FiringFields<'a> {
    playbook: &'a str,
    rule: &'a str,
    key: Map<String, Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<String>,
    signals: Vec<String>,
    late: bool,
}

/// An `effects` line.
#[derive(Serialize)]
struct EffectLine<'a> {
    at: String,
    outcome: &'a str,
    effect: &'a str,
    to: &'a str,
    due: Option<String>,
    reason: &'a str,
    id: String,
    #[serde(flatten)]
    firing: Option<FiringFields<'a>>,
}

/// Prints what one step of the engine led to.
pub fn step(step: &Step, show: Show, only: Option<&RuleId>, sources: &Sources, out: &mut dyn Write) -> io::Result<()> {
    let wanted = |rule: Option<&RuleId>| only.is_none_or(|only| rule == Some(only));
    match show {
        Show::Firings => {
            for firing in step.firings.iter().filter(|firing| wanted(Some(&firing.rule))) {
                let compared = firing.compared.iter().map(|made| compared(made, sources)).collect();
                line(&FiringLine { at: utc(firing.at), firing: fields(firing), compared }, out)?;
            }
        }
        Show::Effects => {
            for effect in step.effects.iter().filter(|effect| wanted(effect.firing.as_ref().map(|f| &f.rule))) {
                line(&effect_line(effect), out)?;
            }
        }
    }
    Ok(())
}

fn line(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

fn effect_line(effect: &Effect) -> EffectLine<'_> {
    EffectLine {
        at: utc(effect.at),
        outcome: effect.outcome.word(),
        effect: effect.what.word(),
        to: match &effect.what {
            // A digest is of no firing: whose it is stands in it, where the owner has an address.
            What::Digest { address: Some(address), .. } => address,
            _ => &effect.to,
        },
        due: effect.due.map(utc),
        reason: &effect.reason,
        id: effect.id.to_string(),
        firing: effect.firing.as_deref().map(fields),
    }
}

fn fields(firing: &Firing) -> FiringFields<'_> {
    FiringFields {
        playbook: &firing.rule.playbook,
        rule: &firing.rule.rule,
        key: firing.key.iter().map(|(name, value): &(Str, Value)| (name.to_string(), words::json(value))).collect(),
        signal: firing.signal.as_ref().map(id),
        signals: firing.signals.iter().map(id).collect(),
        late: firing.late,
    }
}

fn compared<'a>(made: &'a Compared, sources: &'a Sources) -> ComparedFields<'a> {
    let span = made.here.0;
    let (line, _) = sources.line_column(span.file, span.start);
    let file = &sources.file(span.file).path;
    ComparedFields { clause: &made.clause, actual: &made.actual, holds: made.holds, file, line }
}

fn id(id: &SignalId) -> String {
    id.id.to_string()
}

fn utc(at: Timestamp) -> String {
    words::utc(at)
}
