//! Rules and steps of ladders that nothing recorded reached, and how often steps really overtook each other.

use crate::compile::{lint_head, overtaken};
use crate::engine::effect::Outcome;
use crate::ir::{Rule, Status};
use crate::lang::codes;
use crate::lang::diagnostic::{Diagnostic, Severity};
use crate::vocabulary::builtin;

use super::Recording;

pub(super) fn rules(of: &Recording, found: &mut Vec<Diagnostic>) {
    for rule in of.unit.rules.iter().filter(|rule| rule.status != Status::Paused) {
        if of.of_rule(rule).next().is_none() {
            found.push(never_fired(of, rule));
        } else {
            steps(of, rule, found);
        }
    }
}

fn never_fired(of: &Recording, rule: &Rule) -> Diagnostic {
    let (id, length) = (&rule.id.rule, of.length_in_words());
    if let Some(name) = unheard(of, rule) {
        let message = format!("rule `{id}` never fired in the {length} recorded: there is no `{name}` in them");
        let help = format!("try it on a recording with `{name}`, or see why none arrives");
        return Diagnostic::note(codes::NOT_REACHED, lint_head(rule), message).help(help);
    }
    let message = format!("rule `{id}` never fired in the {length} recorded");
    let help = "look whether its line is too far away: `touchline why` says for a signal which clause said no";
    let never = Diagnostic::warning(codes::NOT_REACHED, lint_head(rule), message).help(help);
    Diagnostic { severity: of.severity(), ..never }
}

/// Returns a kind of signal that a rule needs and that nobody recorded; those that touchline makes are not recorded.
fn unheard<'a>(of: &'a Recording, rule: &Rule) -> Option<&'a str> {
    let name = |signal| &*of.unit.vocabulary.signal_type(signal).name;
    let made = |name: &str| builtin::signal_names().any(|(own, _)| own == name);
    let mut missing = rule.signals().into_iter().filter(|signal| !of.played.kinds.contains(signal)).map(name);
    missing.find(|name| !made(name))
}

fn steps(of: &Recording, rule: &Rule, found: &mut Vec<Diagnostic>) {
    let Some(ladder) = &rule.then.ladder else { return };
    let ladders = of.of_rule(rule).filter(|decision| decision.ladder).count();
    let gone = |outcome| matches!(outcome, Outcome::Sent | Outcome::Silenced | Outcome::Failed);
    let reached = |step: u16| {
        let mut came = of.of_rule(rule).flat_map(|decision| &decision.effects);
        came.any(|came| came.step == step && gone(came.outcome))
    };
    for (step, number) in ladder.steps.iter().zip(1_u16..).filter(|(_, number)| ladders > 0 && !reached(*number)) {
        let length = of.length_in_words();
        let times = if ladders == 1 { "once".to_owned() } else { format!("{ladders} times") };
        let message = format!(
            "step {number} of the ladder of rule `{}` was never reached in the {length} recorded: it began {times}",
            rule.id.rule
        );
        let here = step.actions.first().map_or(lint_head(rule), |action| action.here.0);
        let help = "somebody always answered before; where that is not what the recording shows, its delay is too long";
        let never = Diagnostic::warning(codes::NOT_REACHED, here, message).help(help);
        found.push(Diagnostic { severity: of.severity(), ..never });
    }
}

/// Adds to each step that can overtake the one above how many of the ladders recorded began in such a time.
pub(super) fn overtaking(of: &Recording, told: &mut [Diagnostic]) {
    for rule in of.unit.rules.iter().filter(|rule| rule.then.ladder.is_some()) {
        let starts: Vec<_> = of.of_rule(rule).filter(|decision| decision.ladder).map(|one| one.firing.at).collect();
        let steps = rule.then.ladder.iter().flat_map(|ladder| &ladder.steps).enumerate();
        for (place, step) in steps.filter(|_| !starts.is_empty()) {
            let Some(here) = step.actions.first().map(|action| action.here.0) else { continue };
            let own = |one: &&mut Diagnostic| one.code == codes::LADDER_OVERTAKES && one.span == here;
            let Some(problem) = told.iter_mut().find(own).filter(|problem| problem.severity != Severity::Note) else {
                continue;
            };
            let early = starts.iter().filter(|at| overtaken(of.unit, rule, **at).contains(&place)).count();
            problem.label += &format!("; recorded: {early} of {} ladders", starts.len());
        }
    }
}
