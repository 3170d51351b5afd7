//! The vocabulary and its calendars, by name: what differs in them, and which rules that touches.

use jiff::SignedDuration;

use crate::compile::Unit;
use crate::replay::words;
use crate::trust::reading::{listed, zone};
use crate::value::Str;
use crate::vocabulary::calendar::{Calendar, Shift};
use crate::vocabulary::lexicon::Lexicon;
use crate::vocabulary::{Field, SignalType, Thing, Vocabulary, builtin};

use super::uses::{Uses, rules};
use super::{Around, Part};

/// Where sentences are gathered.
pub(super) struct Told<'a> {
    pub(super) old: &'a Unit,
    pub(super) new: &'a Unit,
    pub(super) to: &'a mut Vec<Around>,
}

impl Told<'_> {
    /// Tells a sentence that touches the rules for which `is` holds.
    pub(super) fn say(&mut self, part: Part, sentence: String, is: impl Fn(&Uses) -> bool) {
        let touches = rules(self.old, self.new, is);
        self.to.push(Around { part, sentence, touches });
    }

    fn all(&mut self, part: Part, sentence: String) {
        self.say(part, sentence, |_| true);
    }
}

/// Tells what differs in the vocabularies of two units.
pub(super) fn all(old: &Unit, new: &Unit, to: &mut Vec<Around>) {
    if old.vocabulary.fingerprint == new.vocabulary.fingerprint {
        return;
    }
    let (was, is) = (&old.vocabulary, &new.vocabulary);
    let mut told = Told { old, new, to };
    plain(&mut told, was, is);
    for signal in pairs(&was.signals, &is.signals, |signal| &signal.name) {
        self::signal(&mut told, signal, was, is);
    }
    for thing in pairs(&was.things, &is.things, |thing| &thing.name) {
        self::thing(&mut told, thing, was, is);
    }
    for lexicon in pairs(&was.lexicons.lists, &is.lexicons.lists, |list| &list.name) {
        self::lexicon(&mut told, lexicon);
    }
    for calendar in pairs(&was.calendars, &is.calendars, |calendar| &calendar.name) {
        self::calendar(&mut told, calendar);
    }
}

/// One name with what it stands for before and after; at least one is there.
pub(super) type Pair<'a, T> = (Str, Option<&'a T>, Option<&'a T>);

/// Pairs what has one name: in the order they stand now, then what is gone.
fn pairs<'a, T>(old: &'a [T], new: &'a [T], name: impl Fn(&T) -> &Str) -> Vec<Pair<'a, T>> {
    let find = |all: &'a [T], wanted: &Str| all.iter().find(|one| name(one) == wanted);
    let here = new.iter().map(|one| (name(one).clone(), find(old, name(one)), Some(one)));
    let gone = old.iter().filter(|one| find(new, name(one)).is_none()).map(|one| (name(one).clone(), Some(one), None));
    here.chain(gone).collect()
}

/// What stands in no list.
fn plain(told: &mut Told, was: &Vocabulary, is: &Vocabulary) {
    if was.zone != is.zone {
        let sentence = format!("time zone: {} instead of {}", zone(&is.zone), zone(&was.zone));
        told.all(Part::Vocabulary, sentence);
    }
    if was.languages != is.languages {
        let sentence = format!("languages: {} instead of {}", names(&is.languages), names(&was.languages));
        told.say(Part::Vocabulary, sentence, |uses| !uses.templates.is_empty());
    }
    if was.duplicate_memory != is.duplicate_memory {
        let (is, was) = (length(is.duplicate_memory), length(was.duplicate_memory));
        told.all(Part::Vocabulary, format!("a signal is known again for {is} instead of {was}"));
    }
    let touchpoints = |vocabulary: &Vocabulary| {
        let stage = |stage: &crate::vocabulary::Stage| format!("{}: {}", stage.name, names(&stage.touchpoints));
        vocabulary.journey.iter().map(stage).collect::<Vec<_>>().join("; ")
    };
    if was.journey != is.journey {
        let sentence = format!("journey: {} instead of {}", touchpoints(is), touchpoints(was));
        told.say(Part::Vocabulary, sentence, |_| false);
    }
    if was.channels != is.channels {
        let sentence = format!("channels: {} instead of {}", names(&is.channels), names(&was.channels));
        told.say(Part::Vocabulary, sentence, |_| false);
    }
    super::contacts::all(told, was, is);
}

fn signal(told: &mut Told, (name, old, new): Pair<SignalType>, was: &Vocabulary, is: &Vocabulary) {
    let uses = |uses: &Uses| uses.signals.contains(&name);
    let (old, new) = match (old, new) {
        (Some(old), Some(new)) => (old, new),
        (None, _) => return told.say(Part::Vocabulary, format!("signal `{name}` added"), uses),
        (_, None) => return told.say(Part::Vocabulary, format!("signal `{name}` dropped"), uses),
    };
    // What touchline itself tells and keeps follows from the things there are.
    if new.builtin {
        return;
    }
    if old.lateness() != new.lateness() || old.declared_lateness.is_some() != new.declared_lateness.is_some() {
        let late = |signal: &SignalType| match signal.declared_lateness {
            Some(late) => length(late),
            None => format!("{} (not declared)", length(signal.lateness())),
        };
        let sentence = format!("signal `{name}` may come {} late instead of {}", late(new), late(old));
        told.say(Part::Vocabulary, sentence, uses);
    }
    let about = |signal: &SignalType| {
        let mut about: Vec<Str> = signal.fields.iter().take(signal.about).map(|field| field.name.clone()).collect();
        about.sort();
        about
    };
    if about(old) != about(new) {
        let sentence = format!("signal `{name}` is about {} instead of {}", names(&about(new)), names(&about(old)));
        told.say(Part::Vocabulary, sentence, uses);
    }
    for field in pairs(&old.fields[old.about..], &new.fields[new.about..], |field| &field.name) {
        let field_name = field.0.clone();
        for sentence in self::field(field, was, is) {
            let sentence = format!("signal `{name}`: field `{field_name}` {sentence}");
            told.say(Part::Vocabulary, sentence, uses);
        }
    }
}

fn thing(told: &mut Told, (name, old, new): Pair<Thing>, was: &Vocabulary, is: &Vocabulary) {
    let uses = |uses: &Uses| uses.things.contains(&name);
    let (old, new) = match (old, new) {
        (Some(old), Some(new)) => (old, new),
        (None, _) => return told.say(Part::Vocabulary, format!("thing `{name}` added"), uses),
        (_, None) => return told.say(Part::Vocabulary, format!("thing `{name}` dropped"), uses),
    };
    if &*name == builtin::CASE {
        return;
    }
    for fact in pairs(&old.facts, &new.facts, |fact| &fact.name) {
        let path = format!("{name}.{}", fact.0);
        for sentence in field(fact, was, is) {
            told.say(Part::Vocabulary, format!("fact `{path}` {sentence}"), |uses| uses.facts.contains(&path));
        }
    }
}

/// Returns in what a field or a fact differs.
fn field((_, old, new): Pair<Field>, was: &Vocabulary, is: &Vocabulary) -> Vec<String> {
    let (old, new) = match (old, new) {
        (Some(old), Some(new)) => (old, new),
        (None, _) => return vec!["added".to_owned()],
        (_, None) => return vec!["dropped".to_owned()],
    };
    let (before, after) = (old.ty.describe(was), new.ty.describe(is));
    let mut said = vec![];
    if before != after {
        said.push(format!("is {after} instead of {before}"));
    }
    if old.optional != new.optional {
        said.push(if new.optional { "may be missing now" } else { "may no longer be missing" }.to_owned());
    }
    if old.personal != new.personal {
        said.push(if new.personal { "is personal now" } else { "is no longer personal" }.to_owned());
    }
    said
}

fn lexicon(told: &mut Told, (name, old, new): Pair<Lexicon>) {
    let uses = |uses: &Uses| uses.lexicons.contains(&name);
    let entries = |list: Option<&Lexicon>| {
        let of = |(language, words): &(Str, Vec<Str>)| {
            words.iter().map(|word| (language.clone(), word.clone())).collect::<Vec<_>>()
        };
        list.map(|list| list.entries.iter().flat_map(of).collect::<Vec<_>>()).unwrap_or_default()
    };
    let (was, is) = (entries(old), entries(new));
    let only = |here: &[(Str, Str)], there: &[(Str, Str)]| {
        let own = here.iter().filter(|entry| !there.contains(entry));
        own.map(|(language, word)| format!("`{word}` ({language})")).collect::<Vec<String>>()
    };
    let mut said = vec![];
    for (words, verb) in [(only(&was, &is), "no longer counts"), (only(&is, &was), "also counts")] {
        if !words.is_empty() {
            said.push(format!("{verb} {}", listed(&words)));
        }
    }
    match (old, new) {
        (None, _) => told.say(Part::Vocabulary, format!("lexicon `{name}` added"), uses),
        (_, None) => told.say(Part::Vocabulary, format!("lexicon `{name}` dropped"), uses),
        _ if said.is_empty() => {}
        _ => told.say(Part::Vocabulary, format!("lexicon `{name}` {}", said.join(" and ")), uses),
    }
}

fn calendar(told: &mut Told, (name, old, new): Pair<Calendar>) {
    // A place may have any calendar for its own.
    let uses = |uses: &Uses| uses.calendars.contains(&name) || uses.places_own_calendar;
    let (old, new) = match (old, new) {
        (Some(old), Some(new)) => (old, new),
        (None, _) => return told.say(Part::Calendars, format!("calendar `{name}` added"), uses),
        (_, None) => return told.say(Part::Calendars, format!("calendar `{name}` dropped"), uses),
    };
    let mut said = vec![];
    if old.week != new.week {
        said.push(format!("{} instead of {}", week(&new.week), week(&old.week)));
    }
    let days = |here: &Calendar, there: &Calendar| {
        let own = here.holidays.iter().filter(|day| !there.holidays.contains(day));
        own.map(ToString::to_string).collect::<Vec<_>>()
    };
    let (closed, open) = (days(new, old), days(old, new));
    if !closed.is_empty() {
        said.push(format!("closed on {} too", some(closed)));
    }
    if !open.is_empty() {
        said.push(format!("no longer closed on {}", some(open)));
    }
    if old.zone != new.zone {
        let named = |calendar: &Calendar| calendar.zone.as_ref().map_or("the place's".to_owned(), zone);
        said.push(format!("time zone {} instead of {}", named(new), named(old)));
    }
    if !said.is_empty() {
        told.say(Part::Calendars, format!("calendar `{name}`: {}", said.join("; ")), uses);
    }
}

/// Returns `Mon–Fri 09:00 to 18:00`: neighbours with equal shifts together.
fn week(week: &[Vec<Shift>; 7]) -> String {
    const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let shift = |shift: &Shift| {
        format!("{} to {}", words::time(shift.opens), shift.closes.map_or("24:00".to_owned(), words::time))
    };
    let mut said = vec![];
    let mut from = 0;
    while from < 7 {
        let end = (from..7).take_while(|day| week[*day] == week[from]).last().unwrap_or(from);
        if !week[from].is_empty() {
            let days = if end == from { NAMES[from].to_owned() } else { format!("{} to {}", NAMES[from], NAMES[end]) };
            said.push(format!("{days} {}", week[from].iter().map(shift).collect::<Vec<_>>().join(" and ")));
        }
        from = end + 1;
    }
    if said.is_empty() { "never open".to_owned() } else { said.join(", ") }
}

/// Returns the first few of many.
fn some(mut all: Vec<String>) -> String {
    const SHOWN: usize = 6;
    let more = all.len().saturating_sub(SHOWN);
    all.truncate(SHOWN);
    match more {
        0 => listed(&all),
        more => format!("{} and {more} more days", all.join(", ")),
    }
}

/// Returns `a, b and c`, `nothing` of nothing.
pub(super) fn names(all: &[Str]) -> String {
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    if all.is_empty() { "nothing".to_owned() } else { listed(&all) }
}

fn length(length: SignedDuration) -> String {
    words::length(length)
}
