//! `contact_budget`: how often a thing may be contacted, what is exempt, and when it is quiet.

use jiff::civil::Time;

use crate::clock::Length;
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::Span;
use crate::lang::yaml::node::{Key, Node};
use crate::lang::yaml::read::{self, one_or_list, quoted_list};
use crate::suggest::nearest;
use crate::vocabulary::contact::{Class, ContactBudget, Counted, Most, QuietHours, ThingBudget};
use crate::vocabulary::{FactNo, Thing, ThingNo, Type, Unit, Vocabulary, builtin, typed};

use super::Reader;

const QUIET: &str = "quiet_hours";
const EXEMPT: &str = "exempt";
/// The most contacts a budget may count.
const MOST: u32 = 1_000;
/// The longest time a budget may look back, in days.
const LONGEST: i64 = 366;

impl Reader {
    /// Reads the contact budget; things are known by now.
    pub(super) fn contact_budget(&mut self, node: Option<&Node>, vocabulary: &Vocabulary) -> ContactBudget {
        let mut budget = ContactBudget::default();
        for (key, node) in self.entries(node, "contact_budget") {
            if key.text == QUIET {
                budget.quiet = self.quiet_hours(node);
            } else if let Some(thing) = vocabulary.thing(&key.text).filter(|_| key.text != builtin::CASE) {
                let of_thing = self.thing_budget(node, thing, vocabulary);
                budget.things.push(of_thing);
            } else {
                self.no_such_thing(key, vocabulary);
            }
        }
        // Quiet hours alone are those of customers.
        if let (Some(_), [], Some(thing)) = (budget.quiet, &budget.things[..], vocabulary.thing(builtin::CUSTOMER)) {
            let zone = zone_of(vocabulary.thing_type(thing));
            budget.things.push(ThingBudget { thing, zone, most: vec![], exempt: vec![] });
        }
        budget
    }

    fn no_such_thing(&mut self, key: &Key, vocabulary: &Vocabulary) {
        let word = key.text.as_str();
        if self.lost.contains(word) {
            return;
        }
        let things = vocabulary.things.iter().map(|thing| &*thing.name).filter(|name| *name != builtin::CASE);
        let things: Vec<&str> = things.collect();
        let help = match nearest(word, things.iter().copied().chain([QUIET])) {
            Some(near) => format!("did you mean `{near}`?"),
            None if Counted::named(word).is_some() => {
                format!("say whose: `{}: {{{word}: 2 every 30 days}}`", things.first().unwrap_or(&"customer"))
            }
            None => format!("it is one of {}, or `{QUIET}`", quoted_list(&things)),
        };
        let message = format!("{} is no thing that has a budget", typed::shown(word));
        self.say(Diagnostic::error(codes::BAD_CONTACT_BUDGET, key.span, message).help(help));
    }

    fn thing_budget(&mut self, node: &Node, thing: ThingNo, vocabulary: &Vocabulary) -> ThingBudget {
        let zone = zone_of(vocabulary.thing_type(thing));
        let mut budget = ThingBudget { thing, zone, most: vec![], exempt: vec![] };
        for (key, node) in self.entries(Some(node), &vocabulary.thing_type(thing).name) {
            if key.text == EXEMPT {
                let nodes = one_or_list(node).iter().filter(|node| node.text() != Some(""));
                budget.exempt = nodes.filter_map(|node| self.class(node)).collect();
            } else if let Some(of) = Counted::named(&key.text) {
                budget.most.extend(self.most(node, of));
            } else {
                let known: Vec<&str> = Counted::words().chain([EXEMPT]).collect();
                let help = match (&*key.text, nearest(&key.text, known.iter().copied())) {
                    ("mail" | "mails" | "emails" | "e-mail", _) => "write `email`".to_owned(),
                    ("all" | "total" | "every" | "contacts", _) => "write `any`".to_owned(),
                    (QUIET, _) => format!("write `{QUIET}` beside the things, not in one of them"),
                    (_, Some(near)) => format!("did you mean `{near}`?"),
                    (_, None) => format!("it is one of {}", quoted_list(&known)),
                };
                let message = format!("{} is nothing that is counted", typed::shown(&key.text));
                self.say(Diagnostic::error(codes::BAD_CONTACT_BUDGET, key.span, message).help(help));
            }
        }
        budget
    }

    fn class(&mut self, node: &Node) -> Option<Class> {
        let word = self.keep(read::expect_text(node, EXEMPT))?;
        let found = Class::ALL.iter().find(|(name, _)| *name == word).map(|(_, class)| *class);
        if found.is_none() {
            let names = Class::ALL.map(|(name, _)| name);
            let help = match nearest(word, names.into_iter()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it is one of {}", quoted_list(&names)),
            };
            let message = format!("{} is no class of contact", typed::shown(word));
            self.say(Diagnostic::error(codes::BAD_CONTACT_BUDGET, node.span, message).help(help));
        }
        found
    }

    /// Reads `2 every 30 days`.
    fn most(&mut self, node: &Node, of: Counted) -> Option<Most> {
        let text = self.keep(read::expect_text(node, of.name()))?;
        match amount(text) {
            Ok((count, every)) => Some(Most { of, count, every }),
            Err(help) => {
                let message = format!("{} does not say how many in what time", typed::shown(text));
                self.say(Diagnostic::error(codes::BAD_CONTACT_BUDGET, node.span, message).help(help));
                None
            }
        }
    }

    /// Reads `21:00 to 08:00`.
    fn quiet_hours(&mut self, node: &Node) -> Option<QuietHours> {
        let text = self.keep(read::expect_text(node, QUIET))?;
        let words: Vec<&str> = text.split_whitespace().collect();
        let at = |word: &str| typed::time(word).filter(|time| time.second() == 0);
        let (help, span): (String, Span) = match words[..] {
            [from, "to", to] => match (at(from), at(to)) {
                (Some(from), Some(to)) if from != to => return Some(QuietHours { from, to }),
                (Some(_), Some(_)) => ("they would never end: write two different times".to_owned(), node.span),
                _ => (with_minutes(from, to), node.span),
            },
            [from, "till" | "until" | "-" | "–" | "and", to] => (with_minutes(from, to), node.span),
            _ => ("write when they begin and end: `21:00 to 08:00`".to_owned(), node.span),
        };
        let message = format!("{} is no time of day from one hour to another", typed::shown(text));
        self.say(Diagnostic::error(codes::BAD_CONTACT_BUDGET, span, message).help(help));
        None
    }
}

/// Says how two times are written, where it can be told.
fn with_minutes(from: &str, to: &str) -> String {
    let hour = |word: &str| {
        let time =
            typed::time(word).or_else(|| Time::new(word.parse::<i8>().ok().filter(|h| *h < 24)?, 0, 0, 0).ok())?;
        Some(time.strftime("%H:%M").to_string())
    };
    match (hour(from), hour(to)) {
        (Some(from), Some(to)) => format!("write `{from} to {to}`"),
        _ => "write when they begin and end: `21:00 to 08:00`".to_owned(),
    }
}

fn zone_of(thing: &Thing) -> Option<FactNo> {
    let place = thing.facts.iter().position(|fact| fact.ty == Type::TimeZone)?;
    Some(FactNo(place as u16))
}

/// Reads how many in what time; an error says what to write.
fn amount(text: &str) -> Result<(u32, Length), String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let example = "write a number and a time: `2 every 30 days`";
    let (count, number, unit) = match words[..] {
        [count, "every", number, unit] => (count, number, unit),
        [count, .., "every" | "per" | "a" | "in" | "within" | "each", number, unit] => {
            return Err(format!("write `{count} every {number} {unit}`"));
        }
        [count, .., "every" | "per" | "a" | "each", unit] => {
            let length = match unit {
                "month" => "30 days".to_owned(),
                "year" => "365 days".to_owned(),
                unit => format!("1 {unit}"),
            };
            return Err(format!("write `{count} every {length}`"));
        }
        _ => return Err(example.to_owned()),
    };
    let Some(count) = count.parse().ok().filter(|count| (1..=MOST).contains(count)) else {
        return Err(format!("write a number from 1 to {MOST} before `every`: `2 every {number} {unit}`"));
    };
    let Some(number) = number.parse::<u32>().ok().filter(|number| *number > 0) else { return Err(example.to_owned()) };
    let every = match unit {
        "week" | "weeks" => Length::Days(number.saturating_mul(7)),
        "month" | "months" => return Err(format!("write days: `{count} every {} days`", number.saturating_mul(30))),
        "year" | "years" => return Err(format!("write days: `{count} every 365 days`")),
        _ => match Unit::named(unit) {
            Some(Unit::Days) => Length::Days(number),
            Some(unit) => match unit.times(crate::number::Number::from_whole(i64::from(number))) {
                Some(time) => Length::Elapsed(time),
                None => return Err(example.to_owned()),
            },
            None => {
                let units = ["minutes", "hours", "days", "weeks"];
                return Err(match nearest(unit, units.into_iter()) {
                    Some(near) => format!("did you mean `{count} every {number} {near}`?"),
                    None => example.to_owned(),
                });
            }
        },
    };
    match every.nominal() > jiff::SignedDuration::from_hours(24 * LONGEST) {
        true => Err(format!("contacts are remembered for at most {LONGEST} days")),
        false => Ok((count, every)),
    }
}
