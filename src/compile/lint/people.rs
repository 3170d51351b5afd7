//! Lints about whom a rule reaches: roles with gaps, languages without a text, two mails for one signal.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::compile::Unit;
use crate::compile::lint::{head, range};
use crate::compile::loops::actions;
use crate::compile::words::listed;
use crate::ir::action::ActionKind;
use crate::ir::expr::Condition;
use crate::ir::{Rule, Status, Trigger};
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::value::Str;
use crate::vocabulary::directory::Place;
use crate::vocabulary::{SignalNo, ThingNo, Type, builtin};

/// How many pairs of rules on one signal are compared at most. Rules that differ in a value are told apart without being
/// compared, so only thousands of rules with ranges beside each other come near.
const COMPARED_PAIRS: usize = 1_000_000;
/// How far upwards a role is looked for: places do not nest deeper.
const LEVELS: usize = 16;

/// Roles that nobody fills at some place, upwards included. Each role and kind of place is told once.
pub fn roles(unit: &Unit, found: &mut Vec<Diagnostic>) {
    if unit.directory_path.is_none() {
        no_directory(unit, found);
        return;
    }
    if unit.directory.unread {
        return;
    }
    let mut told: FxHashSet<(Str, Option<ThingNo>)> = FxHashSet::default();
    for rule in &unit.rules {
        for action in actions(rule) {
            let ActionKind::Alert { role, of, .. } = &action.kind else { continue };
            let thing = of.as_ref().and_then(|of| match of.ty {
                Type::Thing(thing) => Some(thing),
                _ => None,
            });
            if &**role == builtin::CASE_OWNER || !told.insert((role.clone(), thing)) {
                continue;
            }
            if let Some((where_, help)) = gap(unit, role, thing) {
                let message = format!("nobody fills the role `{role}` {where_}");
                found.push(Diagnostic::warning(codes::ROLE_GAP, action.here.0, message).help(help));
            }
        }
    }
}

fn no_directory(unit: &Unit, found: &mut Vec<Diagnostic>) {
    let alert = unit.rules.iter().flat_map(|rule| actions(rule)).find_map(|action| match &action.kind {
        ActionKind::Alert { role, .. } => Some((role, action.here.0)),
        _ => None,
    });
    if let Some((role, place)) = alert {
        let message = format!("there is no directory, so nobody fills `{role}` or any other role");
        found.push(
            Diagnostic::warning(codes::NO_DIRECTORY, place, message)
                .help("put a `directory.yaml` beside the vocabulary: it says who fills which role where"),
        );
    }
}

/// Says where a role is not filled, and what to do.
fn gap(unit: &Unit, role: &str, thing: Option<ThingNo>) -> Option<(String, String)> {
    let directory = &*unit.directory;
    if filled(directory.company_roles.get(role)) {
        return None;
    }
    let Some(thing) = thing else {
        let help = format!("add it under `company`, `roles` in the directory, or write `alert {role} of …`");
        return Some(("company-wide".into(), help));
    };
    let name = &unit.vocabulary.thing_type(thing).name;
    let places = directory.places.range((thing, Str::from(""))..).take_while(|((kind, _), _)| *kind == thing);
    let (mut empty, mut count) = (Vec::new(), 0);
    for ((_, id), place) in places {
        count += 1;
        if !filled_upwards(unit, thing, place, role) {
            empty.push(id.to_string());
        }
    }
    if count == 0 {
        let help = format!("add the role company-wide, or alert it of a place the directory knows instead of a {name}");
        return Some((format!("at any {name}: the directory has none"), help));
    }
    if empty.is_empty() {
        return None;
    }
    let more = empty.len().saturating_sub(3);
    empty.truncate(3);
    let shown = if more > 0 { format!("{} and {more} more", empty.join(", ")) } else { listed(&empty) };
    Some((format!("at {name} {shown}"), "add it there, in a wider place, or under `company` in the directory".into()))
}

fn filled(people: Option<&Vec<Str>>) -> bool {
    people.is_some_and(|people| !people.is_empty())
}

fn filled_upwards(unit: &Unit, thing: ThingNo, place: &Place, role: &str) -> bool {
    let mut open = vec![(thing, place)];
    for _ in 0..LEVELS {
        // A fact whose type could not be read may name a wider place.
        let unknown = |thing: &ThingNo| unit.vocabulary.thing_type(*thing).facts.iter().any(|fact| fact.unread);
        if open.iter().any(|(thing, place)| filled(place.roles.get(role)) || unknown(thing)) {
            return true;
        }
        open = open.iter().flat_map(|(thing, place)| wider(unit, *thing, place)).collect();
    }
    false
}

/// Returns the places that a place's facts refer to.
fn wider<'u>(unit: &'u Unit, thing: ThingNo, place: &'u Place) -> impl Iterator<Item = (ThingNo, &'u Place)> {
    unit.vocabulary.thing_type(thing).facts.iter().zip(&place.facts).filter_map(|(fact, value)| {
        let (Type::Thing(kind), Some(id)) = (&fact.ty, value.as_text()) else { return None };
        Some((*kind, unit.directory.places.get(&(*kind, id.clone()))?))
    })
}

/// Keys that are a person's data: they stand wherever a key does, and an erasure goes by ids.
pub fn personal_key(rule: &Rule, found: &mut Vec<Diagnostic>) {
    let help = "keep it for each thing, such as `customer`: a key stands in the clear in the data folder, in webhooks, in mails \
                to staff and in `replay --format jsonl`, and an erasure does not find it";
    let mut told = |name: &str, span, what: &str| {
        let message = format!("{what} of rule `{}` is kept for each `{name}`, which is personal", rule.id.rule);
        found.push(Diagnostic::warning(codes::PERSONAL_KEY, span, message).help(help));
    };
    for part in rule.key.iter().filter(|part| part.from.iter().any(|(_, access)| access.personal)) {
        told(&part.name, head(rule), "the state");
    }
    let limit = rule.limit.iter().flat_map(|limit| limit.per.iter().map(|(name, access)| (name, access, limit.here.0)));
    for (name, _, here) in
        limit.filter(|(name, access, _)| access.personal && !rule.key.iter().any(|p| p.name == **name))
    {
        told(name, here, "the limit");
    }
}

/// Templates that lack a declared language: customers of that language get the fallback.
pub fn languages(unit: &Unit, found: &mut Vec<Diagnostic>) {
    let mut told: FxHashSet<Str> = FxHashSet::default();
    for rule in &unit.rules {
        for action in actions(rule) {
            let ActionKind::Email { template: name, language: Some(_), .. } = &action.kind else { continue };
            let Some(template) = unit.templates.get(name).filter(|_| told.insert(name.clone())) else { continue };
            let has = |language: &Str| {
                template.languages.contains(language) || template.languages.contains(main_part(language))
            };
            let missing: Vec<String> =
                unit.vocabulary.languages.iter().filter(|language| !has(language)).map(|l| format!("`{l}`")).collect();
            if missing.is_empty() {
                continue;
            }
            let message = format!("the template `{name}` has no text in {}", listed(&missing));
            let first = missing[0].trim_matches('`').to_owned();
            found.push(
                Diagnostic::warning(codes::LANGUAGE_MISSING, action.here.0, message)
                    .label(format!("such customers get it in `{}`", template.fallback))
                    .help(format!("add `emails/{name}/{first}/subject.txt` and `body.txt`")),
            );
        }
    }
}

fn main_part(language: &str) -> &str {
    language.split(['-', '_']).next().unwrap_or(language)
}

/// A rule with its `where`.
type Filtered<'u> = (&'u Arc<Rule>, Option<&'u Condition>);

/// Two live rules that can mail one customer for one signal.
pub fn two_mails(unit: &Unit, found: &mut Vec<Diagnostic>) {
    let mut by_signal: BTreeMap<(SignalNo, ThingNo), Vec<Filtered<'_>>> = BTreeMap::new();
    for rule in unit.rules.iter().filter(|rule| rule.status == Status::Live) {
        let Trigger::Each(source) = &rule.trigger else { continue };
        let mails: FxHashMap<ThingNo, ()> = actions(rule)
            .filter_map(|action| match &action.kind {
                ActionKind::Email { thing, .. } => Some((*thing, ())),
                _ => None,
            })
            .collect();
        for thing in mails.into_keys() {
            by_signal.entry((source.signal, thing)).or_default().push((rule, source.filter.as_ref()));
        }
    }
    for ((signal, thing), rules) in by_signal {
        let name = &unit.vocabulary.thing_type(thing).name;
        let signal = &unit.vocabulary.signal_type(signal).name;
        for (first, second) in overlapping(&rules) {
            let (other, rule) = (rules[first].0, rules[second].0);
            let message = format!("rules `{}` and `{}` can both mail one {name} for one `{signal}`", other.id, rule.id);
            found.push(
                Diagnostic::warning(codes::TWO_MAILS, head(rule), message)
                    .related(head(other), "the other rule")
                    .help("add to one `where` what excludes the other, or join them in one rule"),
            );
        }
    }
}

/// Returns for each rule that overlaps with one before it the first such rule and itself.
///
/// Most rules on one signal ask for one value each of one field. They stand in a drawer a value, and a rule is compared
/// only with those in its own drawers and with those that take any value.
fn overlapping(rules: &[Filtered<'_>]) -> Vec<(usize, usize)> {
    let pins: Vec<_> = rules.iter().map(|(_, filter)| range::pins(*filter)).collect();
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for (field, _) in pins.iter().flatten() {
        *uses.entry(field).or_default() += 1;
    }
    let field = uses.into_iter().max_by_key(|(_, count)| *count).map(|(field, _)| field);
    let (mut drawers, mut any, mut left) = (FxHashMap::<&str, Vec<usize>>::default(), Vec::new(), COMPARED_PAIRS);
    let mut pairs = Vec::new();
    for (second, (_, filter)) in rules.iter().enumerate() {
        let values = pins[second].iter().find(|(pinned, _)| Some(pinned.as_str()) == field).map(|(_, values)| values);
        let mut first_of = |earlier: &mut dyn Iterator<Item = usize>| {
            earlier.take(left).find(|first| {
                left -= 1;
                !range::exclude(rules[*first].1, *filter)
            })
        };
        let first = match values {
            None => first_of(&mut (0..second)),
            Some(values) => {
                let in_drawers = values.iter().filter_map(|value| drawers.get(value.as_str()));
                let lists = in_drawers.chain([&any]);
                lists.filter_map(|list| first_of(&mut list.iter().copied())).min()
            }
        };
        pairs.extend(first.map(|first| (first, second)));
        match values {
            None => any.push(second),
            Some(values) => values.iter().for_each(|value| drawers.entry(value).or_default().push(second)),
        }
    }
    pairs
}
