//! Rules whose own `set` answers their guard: what they do later is cancelled by it, and what they do at once they do once.
//!
//! Left out: facts that another rule sets, and guards that scripts answer.

use crate::ir::Rule;
use crate::ir::action::{Action, ActionKind, Step};
use crate::ir::expr::{Access, Condition, Operand, Predicate, Test};
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::value::Value;
use crate::vocabulary::text::fold;

/// A rule that forbids by what it sets at once what it does later: guards are asked once more when a delayed action would go.
pub fn cancels_itself(rule: &Rule, found: &mut Vec<Diagnostic>) {
    let ladder = rule.then.ladder.iter().flat_map(|ladder| &ladder.steps);
    let later = rule.then.steps.iter().chain(ladder).find(|step| step.timing.is_some());
    let (Some(later), Some((guard, set))) = (later.and_then(|step| step.actions.first()), forbids(rule)) else {
        return;
    };
    let word = if rule.guards[guard].unless { "unless" } else { "only if" };
    let message = format!(
        "rule `{}` sets at once what its `{word}` forbids: what it does later is cancelled by that, every time",
        rule.id.rule
    );
    let problem = Diagnostic::warning(codes::CANCELS_ITSELF, rule.guards[guard].here.0, message);
    let problem = problem.related(set.here.0, "the fact is set here").related(later.here.0, "this never goes");
    found.push(problem.help(
        "ask it under `where`, which is asked once, when the signal comes, or set the fact in the last step: a guard is asked \
         again when a delayed action would go",
    ));
}

/// Tells whether a rule forbids itself to fire again by a fact that it sets at once.
pub fn limits_itself(rule: &Rule) -> bool {
    forbids(rule).is_some()
}

/// Returns the guard that says no by what the rule sets at once, by its place, and the action that sets it.
fn forbids(rule: &Rule) -> Option<(usize, &Action)> {
    let at_once = |step: &&Step| step.timing.is_none();
    let actions: Vec<&Action> = rule.then.steps.iter().filter(at_once).flat_map(|step| &step.actions).collect();
    rule.guards.iter().enumerate().find_map(|(place, guard)| {
        let set = actions.iter().rev().find(|set| answer(&guard.condition, set) == Some(guard.unless))?;
        Some((place, *set))
    })
}

/// Returns what a condition comes to once an action has set its fact; `None` where that leaves it open.
fn answer(condition: &Condition, set: &Action) -> Option<bool> {
    let ActionKind::Set { thing, who, fact, to: Operand::Literal(value) } = &set.kind else { return None };
    let asks_it = |access: &Access| {
        let (last, before) = access.facts.split_last()?;
        (access.root == who.root && *before == who.facts[..] && *last == (*thing, *fact)).then_some(())
    };
    match condition {
        Condition::Test(Test { subject: Operand::Access(access), predicate, .. }) => {
            asks_it(access)?;
            says(predicate, value)
        }
        Condition::Test(_) | Condition::Script(..) | Condition::Hours(_) => None,
        Condition::All(parts) => joined(parts, set, false),
        Condition::Any(parts) => joined(parts, set, true),
    }
}

/// One part that comes to `decides` decides; else all have to be known.
fn joined(parts: &[Condition], set: &Action, decides: bool) -> Option<bool> {
    let answers: Vec<Option<bool>> = parts.iter().map(|part| answer(part, set)).collect();
    if answers.contains(&Some(decides)) {
        return Some(decides);
    }
    answers.iter().all(Option::is_some).then_some(!decides)
}

fn says(predicate: &Predicate, value: &Value) -> Option<bool> {
    let literal = |operand: &Operand| match operand {
        Operand::Literal(literal) => Some(same(literal, value)),
        _ => None,
    };
    match predicate {
        Predicate::Present => Some(!value.is_missing()),
        Predicate::Missing => Some(value.is_missing()),
        Predicate::Is { negated, to } => Some(literal(to)? != *negated),
        Predicate::OneOf { negated, of } => {
            let listed = of.iter().map(literal).collect::<Option<Vec<bool>>>()?;
            Some(listed.contains(&true) != *negated)
        }
        _ => None,
    }
}

fn same(one: &Value, other: &Value) -> bool {
    match (one.as_text(), other.as_text()) {
        (Some(one), Some(other)) => fold(one) == fold(other),
        _ => one == other,
    }
}
