//! Things with their facts, and signals with their fields; then what touchline itself adds (M20).

use rustc_hash::{FxHashMap, FxHashSet};

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::Span;
use crate::lang::yaml::node::{Key, Node};
use crate::lang::yaml::read;
use crate::signal::RESERVED_KEYS;
use crate::value::Str;
use crate::vocabulary::{Field, SignalType, Thing, ThingNo, Type, Vocabulary, builtin};

use super::{MAX_NAMES, Reader};

const SIGNAL_KEYS: [&str; 4] = ["plural", "about", "lateness", "fields"];

impl Reader {
    pub(super) fn things_and_signals(&mut self, root: &Node, vocabulary: &mut Vocabulary) {
        let things = self.things(root.get("things"));
        vocabulary.things = things;
        vocabulary.signals = self.signals(root.get("signals"), &vocabulary.things);
        builtin::add(vocabulary);
    }

    fn things(&mut self, node: Option<&Node>) -> Vec<Thing> {
        let entries = self.entries(node, "things");
        let mut declared: Vec<&(Key, Node)> = Vec::new();
        for entry in entries {
            let (key, name) = (&entry.0, entry.0.text.as_str());
            self.name(key, "thing");
            if name == builtin::CASE {
                let help =
                    "delete it here: cases are there in every vocabulary, with priority, status, reason and outcome";
                self.say(taken(key, "touchline itself keeps the thing `case`").help(help));
            } else if ["company", "people", "budgets"].contains(&name) {
                let help = format!("choose another name, such as `{name}_account`");
                self.say(taken(key, &format!("`{name}` has a meaning of its own in a directory")).help(help));
            } else if super::types::TYPES.contains(&name) {
                self.say(taken(key, &format!("`{name}` is a type")).help("choose another name for the thing"));
            } else {
                declared.push(entry);
            }
        }
        let names: Vec<Str> = declared.iter().map(|(key, _)| key.text.as_str().into()).collect();
        let mut things = Vec::new();
        for (key, node) in declared {
            let mut facts = Vec::new();
            for (fact, node) in self.entries(Some(node), &key.text) {
                self.name(fact, "fact");
                if builtin::is_builtin_fact(&key.text, &fact.text) {
                    let message = format!("touchline itself keeps `{}.{}`", key.text, fact.text);
                    self.say(taken(fact, &message).help("delete it here: it is there in every vocabulary"));
                    continue;
                }
                let mut field = self.field(fact, node, &names);
                self.like_a_thing(fact, &field, &names);
                field.optional = true;
                facts.push(field);
            }
            things.push(Thing { name: key.text.as_str().into(), facts });
        }
        things
    }

    /// A fact or field that is named like a thing has to be that thing, or a rule could not tell them apart.
    fn like_a_thing(&mut self, key: &Key, field: &Field, things: &[Str]) {
        let Some(thing) = things.iter().position(|thing| **thing == *key.text) else { return };
        if !field.unread && field.ty != Type::Thing(ThingNo(thing as u16)) {
            let message = format!("`{0}` is a thing, and here the name of something else", key.text);
            let help = format!("write `{0}: {0}` to refer to a {0}, or choose another name", key.text);
            self.say(Diagnostic::error(codes::FIELD_LIKE_THING, key.span, message).help(help));
        }
    }

    fn signals(&mut self, node: Option<&Node>, things: &[Thing]) -> Vec<SignalType> {
        let names: Vec<Str> = things.iter().map(|thing| thing.name.clone()).collect();
        let mut signals = Vec::new();
        // Where each singular and plural was said first.
        let mut said: FxHashMap<String, Span> = FxHashMap::default();
        let entries = self.entries(node, "signals");
        for (key, _) in entries {
            said.insert(key.text.clone(), key.span);
        }
        for (key, node) in entries {
            let name = key.text.as_str();
            self.name(key, "signal");
            if builtin::signal_names().any(|(one, many)| name == one || name == many) {
                let help = "delete it here: it is there in every vocabulary";
                self.say(taken(key, &format!("touchline itself sends the signal `{name}`")).help(help));
                continue;
            }
            let mut signal = SignalType {
                name: name.into(),
                plural: None,
                fields: Vec::new(),
                about: 0,
                declared_lateness: None,
                builtin: false,
            };
            for (part, node) in self.entries(Some(node), name) {
                match part.text.as_str() {
                    "plural" => signal.plural = self.plural(node, &mut said),
                    "lateness" => signal.declared_lateness = self.length(node, "lateness"),
                    "about" | "fields" => {}
                    _ => self.say(read::unknown_key(part, &SIGNAL_KEYS)),
                }
            }
            if let Some(about) = node.get("about") {
                signal.fields = self.about(about, &names);
                signal.about = signal.fields.len();
            }
            for (field, node) in self.entries(node.get("fields"), "fields") {
                if let Some(field) = self.signal_field(field, node, &signal, &names) {
                    signal.fields.push(field);
                }
            }
            signals.push(signal);
        }
        signals
    }

    fn plural(&mut self, node: &Node, said: &mut FxHashMap<String, Span>) -> Option<Str> {
        let plural = self.keep(read::expect_text(node, "plural"))?;
        self.name(&Key { text: plural.to_owned(), span: node.span }, "plural");
        if builtin::signal_names().any(|(one, many)| plural == one || plural == many) {
            let message = format!("touchline itself uses the name `{plural}`");
            self.say(Diagnostic::error(codes::TAKEN_NAME, node.span, message).help("choose another plural"));
            return None;
        }
        if let Some(first) = said.insert(plural.to_owned(), node.span) {
            let message = format!("`{plural}` is already the name of a signal, or the plural of one");
            let help = "give each signal a singular and a plural of its own, such as `complaint` and `complaints`";
            self.say(
                Diagnostic::error(codes::NAME_TWICE, node.span, message).related(first, "the first time").help(help),
            );
            return None;
        }
        Some(plural.into())
    }

    fn about(&mut self, node: &Node, things: &[Str]) -> Vec<Field> {
        let mut fields = Vec::new();
        for (word, span) in self.list_of_words(node, "about", "thing") {
            match things.iter().position(|thing| *thing == word) {
                Some(thing) => fields.push(builtin::about(word, ThingNo(thing as u16))),
                None if self.lost.contains(&word) => fields.push(unread(word)),
                None => {
                    let unknown = Diagnostic::error(codes::UNKNOWN_THING, span, format!("unknown thing `{word}`"));
                    let near = self.nearest(&word, things.iter().map(|thing| &**thing));
                    // What is meant, so that rules are checked as if it were written.
                    let meant = near.and_then(|near| things.iter().position(|thing| **thing == *near));
                    fields.push(match meant {
                        Some(thing) => builtin::about(things[thing].clone(), ThingNo(thing as u16)),
                        None => unread(word.clone()),
                    });
                    self.say(unknown.help(match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None if &*word == builtin::CASE => "only touchline's own signals are about cases".to_owned(),
                        None => format!("declare it under `things`: `{word}: {{}}`"),
                    }));
                }
            }
        }
        let mut seen = FxHashSet::default();
        fields.retain(|field: &Field| seen.insert(field.name.clone()));
        fields
    }

    fn signal_field(&mut self, key: &Key, node: &Node, signal: &SignalType, things: &[Str]) -> Option<Field> {
        let name = key.text.as_str();
        self.name(key, "field");
        if RESERVED_KEYS.contains(&name) {
            let message = format!("`{name}` already belongs to every signal on the wire");
            self.say(taken(key, &message).help(format!("choose another name, such as `{}_{name}`", signal.name)));
            // What rules say of it is what is meant by it.
            return Some(unread(name.into()));
        }
        let is_thing = things.iter().any(|thing| **thing == *name) || name == builtin::CASE;
        if is_thing {
            let message = format!("`{name}` is a thing, and cannot be the name of a field");
            let help = match signal.field(name) {
                Some(_) => "delete it: the signal is about it already".to_owned(),
                None => format!("write it under `about`: `about: [{name}]`, or choose another name"),
            };
            self.say(Diagnostic::error(codes::FIELD_LIKE_THING, key.span, message).help(help));
            return None;
        }
        if signal.fields.len() >= MAX_NAMES {
            return None;
        }
        Some(self.field(key, node, things))
    }
}

/// Returns a thing that a signal is about and of which nothing could be read.
fn unread(name: Str) -> Field {
    Field { name, ty: Type::Text, optional: true, personal: false, unread: true }
}

fn taken(key: &Key, message: &str) -> Diagnostic {
    Diagnostic::error(codes::TAKEN_NAME, key.span, message)
}
