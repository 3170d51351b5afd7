//! The contact budget and quiet hours: what differs in them. They touch every rule that writes to somebody.

use crate::replay::words;
use crate::trust::reading::{length, listed};
use crate::vocabulary::contact::{Counted, Most, QuietHours, ThingBudget};
use crate::vocabulary::{ThingNo, Vocabulary};

use super::Part;
use super::around::Told;

/// Tells what differs in what somebody may be contacted, and when.
pub(super) fn all(told: &mut Told, was: &Vocabulary, is: &Vocabulary) {
    if was.contacts.quiet != is.contacts.quiet {
        let named = |quiet: Option<QuietHours>| {
            quiet.map_or("none".to_owned(), |quiet| format!("{} to {}", words::time(quiet.from), words::time(quiet.to)))
        };
        let sentence = format!("quiet hours: {} instead of {}", named(is.contacts.quiet), named(was.contacts.quiet));
        told.say(Part::Vocabulary, sentence, |uses| !uses.templates.is_empty());
    }
    for (thing, number) in is.things.iter().zip(0..) {
        let old = was.thing(&thing.name).and_then(|number| was.contacts.of(number));
        let new = is.contacts.of(ThingNo(number));
        let (old, new) = (budget(old), budget(new));
        if old != new {
            let sentence = format!("contact budget of `{}`: {new} instead of {old}", thing.name);
            told.say(Part::Vocabulary, sentence, |uses| !uses.templates.is_empty());
        }
    }
}

/// Returns `email 2 every 30 days and any 3 every 30 days, transactional exempt`.
fn budget(budget: Option<&ThingBudget>) -> String {
    let Some(budget) = budget else { return "none".to_owned() };
    let most = |most: &Most| {
        let of = match most.of {
            Counted::Any => "any",
            of => of.name(),
        };
        format!("{of} {} every {}", most.count, length(most.every))
    };
    let most: Vec<String> = budget.most.iter().map(most).collect();
    let exempt: Vec<String> = budget.exempt.iter().map(|class| class.name().to_owned()).collect();
    let most = if most.is_empty() { "none".to_owned() } else { listed(&most) };
    if exempt.is_empty() { most } else { format!("{most}, {} exempt", listed(&exempt)) }
}
