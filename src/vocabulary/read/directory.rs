//! `directory.yaml` → [`Directory`]: places with their facts and roles, and people.
//!
//! Beside the facts of its thing a place may have `roles`, `time_zone` and `calendar`; where the thing declares a
//! fact of that name (`time_zone`, say), the value is both.

use std::collections::BTreeMap;

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::mixed;
use crate::lang::source::{FileNo, Sources, Span};
use crate::lang::yaml::node::Node;
use crate::lang::yaml::{parse, read, slips};
use crate::suggest::nearest;
use crate::value::{Str, Value};
use crate::vocabulary::directory::{Directory, Person, Place, Roles, Way};
use crate::vocabulary::typed::{self, address_problem, is_language};
use crate::vocabulary::{CalendarNo, ThingNo, Type, Vocabulary, builtin};

use super::{Reader, bad_language, fingerprint};

const PLACE_KEYS: [&str; 3] = ["roles", "time_zone", "calendar"];
const PERSON_KEYS: [&str; 3] = ["name", "language", "by"];

/// Reads a directory.
pub fn directory(sources: &Sources, file: FileNo, vocabulary: &Vocabulary) -> (Directory, Vec<Diagnostic>) {
    let (mut root, _, mut diagnostics) = parse::parse(sources, file);
    diagnostics.extend(root.iter_mut().flat_map(|root| slips::put_right(root, sources, file)));
    let mut reader = Reader { file, diagnostics, lost: vocabulary.lost.clone(), skipped: false };
    reader.diagnostics.extend(root.iter().flat_map(|root| mixed::in_file(root, file)));
    let mut directory = Directory { fingerprint: fingerprint(sources, file), ..Directory::default() };
    let entries = root.as_ref().and_then(|root| reader.keep(read::expect_map(root, "directory"))).unwrap_or(&[]);
    let mut references = References::default();
    // Read last: only then it is known who fills a role.
    let mut budgets = None;
    for (key, node) in entries {
        match key.text.as_str() {
            "company" => reader.company(node, &mut directory),
            "people" => reader.people(node, &mut directory.people),
            "budgets" => budgets = Some(node),
            kind => match vocabulary.thing(kind).filter(|_| kind != builtin::CASE) {
                Some(thing) => reader.places(node, thing, vocabulary, &mut directory, &mut references),
                None if reader.lost.contains(kind) => reader.skipped = true,
                None => {
                    let unknown = reader.unknown_kind(&key.text, key.span, vocabulary);
                    reader.say(unknown);
                }
            },
        }
    }
    if let Some(node) = budgets {
        reader.budgets(node, &mut directory);
    }
    reader.check_references(&references, vocabulary, &directory);
    directory.unread = reader.lost_a_part();
    (directory, reader.finish())
}

/// Facts that refer to other places, looked up once all places are known.
#[derive(Default)]
pub(super) struct References(Vec<(ThingNo, Str, Span)>);

impl Reader {
    /// Tells whether something is missing from a directory that may hold roles.
    pub(super) fn lost_a_part(&self) -> bool {
        // A wrong key or value costs only itself.
        let costs_more = |code: &str| {
            let of_itself = [codes::YAML_UNKNOWN_KEY, codes::YAML_DUPLICATE_KEY].contains(&code);
            let of_all = [codes::UNKNOWN_PLACE_KIND, codes::BAD_CSV, codes::FILE_TOO_LARGE, codes::TOO_DEEP];
            code.starts_with('Y') && !of_itself || of_all.contains(&code)
        };
        self.skipped || self.diagnostics.iter().any(|problem| problem.is_error() && costs_more(problem.code))
    }

    fn company(&mut self, node: &Node, directory: &mut Directory) {
        for (key, node) in self.entries(Some(node), "company") {
            match key.text.as_str() {
                "owner" => {
                    if let Some(owner) = self.keep(read::expect_text(node, "owner")) {
                        self.address(owner, node.span);
                        directory.owner = Some(owner.into());
                    }
                }
                "roles" => directory.company_roles = self.roles(node),
                _ => {
                    self.say(read::unknown_key(key, &["owner", "roles"]));
                    if means_roles(&key.text, node) {
                        directory.company_roles.append(&mut self.roles(node));
                    }
                }
            }
        }
    }

    pub(super) fn roles(&mut self, node: &Node) -> Roles {
        let mut roles = BTreeMap::new();
        for (key, node) in self.entries(Some(node), "roles") {
            self.name(key, "role");
            let mut addresses = Vec::new();
            let people = match node.text() {
                Some("") => &[],
                _ => read::one_or_list(node),
            };
            for node in people {
                let Some(address) = self.keep(read::expect_text(node, "address")) else { continue };
                self.address(address, node.span);
                addresses.push(address.into());
            }
            roles.insert(key.text.as_str().into(), addresses);
        }
        roles
    }

    pub(super) fn address(&mut self, address: &str, span: Span) {
        if let Some(problem) = address_problem(address) {
            let message = format!("{} is not an address: {problem}", typed::shown(address));
            let help = "write one bare address, such as `team@example.test`";
            self.say(Diagnostic::error(codes::BAD_ADDRESS, span, message).help(help));
        }
    }

    fn people(&mut self, node: &Node, people: &mut BTreeMap<Str, Person>) {
        let Some(entries) = self.keep(read::expect_map(node, "people")) else { return };
        for (key, node) in entries {
            self.address(&key.text, key.span);
            let mut person = Person::default();
            for (part, node) in self.entries(Some(node), &key.text) {
                match part.text.as_str() {
                    "name" => person.name = self.keep(read::expect_text(node, "name")).map(Str::from),
                    "language" => match self.keep(read::expect_text(node, "language")) {
                        Some(code) if is_language(code) => person.language = Some(code.into()),
                        Some(code) => self.say(bad_language(code, node.span)),
                        None => {}
                    },
                    "by" => {
                        person.by = read::one_or_list(node).iter().filter_map(|node| self.way(node)).collect();
                    }
                    _ => self.say(read::unknown_key(part, &PERSON_KEYS)),
                }
            }
            people.insert(key.text.as_str().into(), person);
        }
    }

    /// `budgets: {team_lead: 20 alerts per day}`
    fn budgets(&mut self, node: &Node, directory: &mut Directory) {
        let Some(entries) = self.keep(read::expect_map(node, "budgets")) else { return };
        for (key, node) in entries {
            let role = key.text.as_str();
            if !directory.knows_role(role) && role != builtin::CASE_OWNER && !self.skipped {
                let message = format!("nobody fills the role {}", typed::shown(role));
                let near = nearest(role, directory.roles().into_iter().map(|role| &**role));
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "name a role that somebody fills, as rules write it behind `alert`".to_owned(),
                };
                self.say(Diagnostic::error(codes::BAD_BUDGET, key.span, message).help(help));
                continue;
            }
            let Some(text) = self.keep(read::expect_scalar(node, role)) else { continue };
            match alerts_a_day(&text.text) {
                Some(alerts) => drop(directory.budgets.insert(role.into(), alerts)),
                None => {
                    let message =
                        format!("{} is no budget: it says how many alerts a day are enough", typed::shown(&text.text));
                    let number: String = text.text.chars().filter(char::is_ascii_digit).take(6).collect();
                    let help = match number.parse::<u32>() {
                        Ok(number) => {
                            format!("write `{number} {} per day`", if number == 1 { "alert" } else { "alerts" })
                        }
                        Err(_) => "write a number: `20 alerts per day`".to_owned(),
                    };
                    self.say(Diagnostic::error(codes::BAD_BUDGET, node.span, message).help(help));
                }
            }
        }
    }

    fn way(&mut self, node: &Node) -> Option<Way> {
        let word = self.keep(read::expect_text(node, "by"))?;
        let found = Way::WORDS.iter().find(|(known, _)| *known == word).map(|(_, way)| *way);
        if found.is_none() {
            let message = format!("nobody can be reached by {}", typed::shown(word));
            let near = nearest(word, Way::WORDS.iter().map(|(word, _)| *word));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write `email`, `webhook`, or both in the order in which they are to be tried".to_owned(),
            };
            self.say(Diagnostic::error(codes::UNKNOWN_WAY, node.span, message).help(help));
        }
        found
    }

    fn places(
        &mut self,
        node: &Node,
        thing: ThingNo,
        vocabulary: &Vocabulary,
        directory: &mut Directory,
        references: &mut References,
    ) {
        if node.text() == Some("") {
            return;
        }
        let thing_type = vocabulary.thing_type(thing);
        let name = &thing_type.name;
        // Places are many, and no names: no bound but the size of the file.
        for (key, node) in self.keep(read::expect_map(node, name)).unwrap_or(&[]) {
            let Some(id) = self.place_id(&key.text, key.span) else { continue };
            let mut place = new_place(thing, vocabulary);
            for (part, node) in self.entries(Some(node), &key.text) {
                if part.text == "roles" {
                    place.roles.append(&mut self.roles(node));
                } else if thing_type.fact(&part.text).is_none() && means_roles(&part.text, node) {
                    self.say(read::unknown_key(part, &["roles"]));
                    place.roles.append(&mut self.roles(node));
                } else if let Some(text) = self.keep(read::expect_scalar(node, &part.text)) {
                    let entry = Entry { key: &part.text, key_span: part.span, text: &text.text, span: node.span };
                    self.place_entry(entry, thing, vocabulary, &mut place, references);
                }
            }
            directory.places.insert((thing, id), place);
        }
    }

    pub(super) fn place_id(&mut self, id: &str, span: Span) -> Option<Str> {
        typed::id(id)
            .map_err(|problem| {
                let message = match id.trim() {
                    "" => "the id is empty".to_owned(),
                    _ => format!("{} cannot be an id: {problem}", typed::shown(id)),
                };
                self.say(Diagnostic::error(codes::BAD_PLACE_ID, span, message).help("write it as signals bring it"));
            })
            .ok()
    }

    /// Takes one fact, zone or calendar of a place.
    pub(super) fn place_entry(
        &mut self,
        entry: Entry<'_>,
        thing: ThingNo,
        vocabulary: &Vocabulary,
        place: &mut Place,
        references: &mut References,
    ) {
        let thing_type = vocabulary.thing_type(thing);
        if builtin::is_builtin_fact(&thing_type.name, entry.key) {
            let message = format!("touchline itself keeps `{}.{}`", thing_type.name, entry.key);
            self.say(Diagnostic::error(codes::BUILTIN_FACT, entry.key_span, message).help("delete it"));
            return;
        }
        let fact = thing_type.fact(entry.key);
        match entry.key {
            "time_zone" if !entry.text.is_empty() => place.zone = self.zone_named(entry.text, entry.span),
            "calendar" if fact.is_none() => place.calendar = self.calendar_named(entry.text, entry.span, vocabulary),
            _ if fact.is_none() => {
                let unknown = self.unknown_fact(&entry, thing, vocabulary);
                self.say(unknown);
            }
            _ => {}
        }
        let Some(fact) = fact else { return };
        let ty = &thing_type.facts[fact.index()].ty;
        match typed::from_text(entry.text, ty, vocabulary) {
            Ok(value) => {
                if let (Type::Thing(other), Value::Id(id)) = (ty, &value) {
                    references.0.push((*other, id.clone(), entry.span));
                }
                place.facts[fact.index()] = value;
            }
            // The zone has been reported above.
            Err(_) if entry.key == "time_zone" => {}
            Err(problem) => {
                let message = format!("`{}.{}`: {problem}", thing_type.name, entry.key);
                let help = match slips::with_point(entry.text)
                    .filter(|right| typed::from_text(right, ty, vocabulary).is_ok())
                {
                    Some(right) => format!("write `{right}`"),
                    None => format!("write {}, or leave it out", ty.describe(vocabulary)),
                };
                self.say(Diagnostic::error(codes::WRONG_FACT, entry.span, message).help(help));
            }
        }
    }

    fn calendar_named(&mut self, name: &str, span: Span, vocabulary: &Vocabulary) -> Option<CalendarNo> {
        let found = vocabulary.calendar(name);
        if found.is_none() && !self.lost.contains(name) {
            let unknown = Diagnostic::error(codes::UNKNOWN_CALENDAR, span, format!("unknown calendar `{name}`"));
            let near = self.nearest(name, vocabulary.calendars.iter().map(|calendar| &*calendar.name));
            self.say(unknown.help(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "declare it under `calendars` in vocabulary.yaml".to_owned(),
            }));
        }
        found
    }

    pub(super) fn unknown_kind(&self, kind: &str, span: Span, vocabulary: &Vocabulary) -> Diagnostic {
        let things = vocabulary.things.iter().map(|thing| &*thing.name).filter(|name| *name != builtin::CASE);
        let known: Vec<&str> = ["company", "people", "budgets"].into_iter().chain(things).collect();
        if kind == builtin::CASE {
            let message = "cases are kept by touchline itself, not by the directory";
            return Diagnostic::error(codes::UNKNOWN_PLACE_KIND, span, message).help("delete it");
        }
        let message = format!("the vocabulary has no thing {}", typed::shown(kind));
        let unknown = Diagnostic::error(codes::UNKNOWN_PLACE_KIND, span, message);
        unknown.help(match self.nearest(kind, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("places stand under the name of their thing: {}", some(&known)),
        })
    }

    fn unknown_fact(&self, entry: &Entry<'_>, thing: ThingNo, vocabulary: &Vocabulary) -> Diagnostic {
        let name = &vocabulary.thing_type(thing).name;
        let facts = vocabulary.thing_type(thing).facts.iter().map(|fact| &*fact.name);
        let own = facts.filter(|fact| !builtin::is_builtin_fact(name, fact));
        let known: Vec<&str> = own.filter(|fact| !PLACE_KEYS.contains(fact)).chain(PLACE_KEYS).collect();
        let message = format!("a `{name}` has no fact {}", typed::shown(entry.key));
        let unknown = Diagnostic::error(codes::UNKNOWN_FACT, entry.key_span, message);
        unknown.help(match self.nearest(entry.key, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}; others are declared under `things` in vocabulary.yaml", some(&known)),
        })
    }

    /// Warns of references to places that are not in the directory.
    pub(super) fn check_references(&mut self, references: &References, vocabulary: &Vocabulary, directory: &Directory) {
        for (thing, id, span) in &references.0 {
            if self.is_full() || directory.places.contains_key(&(*thing, id.clone())) {
                continue;
            }
            let name = &vocabulary.thing_type(*thing).name;
            let message = format!("the directory has no {name} `{id}`");
            let known = directory.places.keys().filter(|(kind, _)| kind == thing).map(|(_, id)| &**id);
            self.say(Diagnostic::warning(codes::UNKNOWN_PLACE, *span, message).help(match nearest(id, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("add it: `{name}: {{{id}: {{…}}}}`; until then nobody is found there for a role"),
            }));
        }
    }
}

/// Reads `20 alerts per day`, `1 alert a day`.
fn alerts_a_day(text: &str) -> Option<u32> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        [count, "alert" | "alerts", "per" | "a" | "every", "day"] => count.parse().ok(),
        _ => None,
    }
}

/// Tells whether a key with a mapping is a misspelt `roles`: who is named below it then still fills them.
fn means_roles(key: &str, node: &Node) -> bool {
    node.map().is_some() && nearest(key, ["roles"].into_iter()).is_some()
}

/// One key of a place with its value as text.
pub(super) struct Entry<'a> {
    pub key: &'a str,
    pub key_span: Span,
    pub text: &'a str,
    pub span: Span,
}

pub(super) fn new_place(thing: ThingNo, vocabulary: &Vocabulary) -> Place {
    Place { facts: vec![Value::Missing; vocabulary.thing_type(thing).facts.len()], ..Place::default() }
}

/// Lists the first dozen of some names.
fn some(names: &[&str]) -> String {
    read::quoted_list(&names[..names.len().min(12)])
}
