//! What a name means at one place of a rule, and the way from thing to thing behind its dots.
//!
//! A `where` sees the fields of its own signal; guards and actions see the values of the firing (M15). Left out:
//! defined conditions (`condition`), which are names of sentences and not of values.

use crate::compile::lower::Lower;
use crate::compile::words::{describe, listed};
use crate::ir::expr::{Access, Root};
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::format::sentence;
use crate::lang::tree::{Path, Word};
use crate::suggest::nearest;
use crate::value::Str;
use crate::vocabulary::{Field, SignalNo, ThingNo, Type, Vocabulary, builtin};

/// What can be named at one place of a rule.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The signal whose fields can be named.
    pub signal: Option<SignalNo>,
    /// The A of a sequence, behind `first.`.
    pub first: Option<SignalNo>,
    /// The parts of the key, where the firing has only its key.
    pub key: Vec<KeyName>,
    /// The type of `recent`, in measures.
    pub recent: Option<Type>,
    /// Whether there is a `previous` besides.
    pub previous: bool,
    /// Whether there is a `count`.
    pub count: bool,
    /// Whether the rule opens a case that can be named.
    pub case: bool,
    /// Whether it may open one: part of it could not be read.
    pub perhaps_case: bool,
    /// Why fields are not to be had, where they are not: `a measure`, `a schedule`.
    pub only_key: Option<OnlyKey>,
    /// Part of the rule could not be resolved: an unknown name is probably a consequence and is not reported.
    pub incomplete: bool,
}

/// Why a firing has only its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnlyKey {
    /// A measure over the signals of this kind.
    Measure(SignalNo),
    /// A schedule.
    Schedule,
}

/// A part of the key as a name.
#[derive(Clone, Debug)]
pub struct KeyName {
    /// The words between the dots, as written.
    pub words: Vec<Str>,
    /// What it holds.
    pub ty: Type,
    /// Whether it is a person's data.
    pub personal: bool,
}

impl Scope {
    /// Returns the scope of a `where`: the fields of its signal.
    pub fn of_signal(signal: SignalNo) -> Scope {
        Scope { signal: Some(signal), ..Scope::default() }
    }

    /// Returns the names a path can begin with.
    pub fn names<'v>(&'v self, vocabulary: &'v Vocabulary) -> Vec<&'v str> {
        let mut names: Vec<&str> = Vec::new();
        if let Some(signal) = self.signal {
            names.extend(vocabulary.signal_type(signal).fields.iter().map(|field| &*field.name));
        }
        names.extend(self.key.iter().filter_map(|key| key.words.first()).map(|word| &**word));
        names.extend(self.first.map(|_| "first"));
        names.extend(self.recent.as_ref().map(|_| "recent"));
        names.extend(self.previous.then_some("previous"));
        names.extend(self.count.then_some("count"));
        names.extend(self.case.then_some(builtin::CASE));
        names.dedup();
        names
    }
}

/// Returns what a field or fact holds, and whether that is personal; nothing is known of one whose type could not be
/// read.
fn held(field: &Field, word: &Word) -> Result<(Type, bool), Box<Diagnostic>> {
    if field.unread { Err(Box::new(Diagnostic::told(word.span))) } else { Ok((field.ty.clone(), field.personal)) }
}

/// A path's beginning, resolved: where it starts, how many words that took, and what it holds.
struct Start {
    root: Root,
    taken: usize,
    ty: Type,
    personal: bool,
}

impl Lower<'_> {
    /// Resolves a path and reports it where it means nothing.
    pub fn access(&mut self, scope: &Scope, path: &Path) -> Option<Access> {
        match self.find(scope, path) {
            Ok(access) => Some(access),
            Err(problem) => {
                if !scope.incomplete {
                    self.report(*problem);
                }
                None
            }
        }
    }

    /// Resolves a path.
    pub fn find(&self, scope: &Scope, path: &Path) -> Result<Access, Box<Diagnostic>> {
        let Some(start) = self.start(scope, &path.words)? else {
            return Err(Box::new(self.unknown_name(scope, path)));
        };
        let mut access = Access {
            root: start.root,
            facts: Vec::new(),
            ty: start.ty,
            personal: start.personal,
            name: sentence::path(path).into(),
        };
        for (place, word) in path.words.iter().enumerate().skip(start.taken) {
            self.step(&mut access, &path.words[..place], word)?;
        }
        Ok(access)
    }

    /// Tells whether a path begins with something that is known.
    pub fn begins(&self, scope: &Scope, path: &Path) -> bool {
        !matches!(self.start(scope, &path.words), Ok(None))
    }

    fn start(&self, scope: &Scope, words: &[Word]) -> Result<Option<Start>, Box<Diagnostic>> {
        let Some(head) = words.first() else { return Ok(None) };
        if let Some((place, key)) = longest_key(scope, words) {
            let (ty, personal) = (key.ty.clone(), key.personal);
            return Ok(Some(Start { root: Root::Key(place as u8), taken: key.words.len(), ty, personal }));
        }
        if let Some(signal) = scope.signal
            && let Some(field) = self.vocabulary.signal_type(signal).field(&head.node)
        {
            let (ty, personal) = held(&self.vocabulary.signal_type(signal).fields[field.index()], head)?;
            return Ok(Some(Start { root: Root::Signal(field), taken: 1, ty, personal }));
        }
        let plain = |root, ty| Ok(Some(Start { root, taken: 1, ty, personal: false }));
        match (&*head.node, &scope.recent) {
            ("first", _) if scope.first.is_some() => self.start_first(scope, words),
            ("recent", Some(ty)) => plain(Root::Recent, ty.clone()),
            ("previous", Some(ty)) if scope.previous => plain(Root::Previous, ty.clone()),
            ("count", _) if scope.count => plain(Root::Count, Type::WholeNumber),
            (builtin::CASE, _) if scope.case || scope.perhaps_case => match self.vocabulary.thing(builtin::CASE) {
                Some(case) => plain(Root::Case, Type::Thing(case)),
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// Resolves `first.x`.
    fn start_first(&self, scope: &Scope, words: &[Word]) -> Result<Option<Start>, Box<Diagnostic>> {
        let (Some(signal), Some(head)) = (scope.first, words.first()) else { return Ok(None) };
        let kind = self.vocabulary.signal_type(signal);
        let Some(word) = words.get(1) else {
            let problem = Diagnostic::error(codes::NOT_A_VALUE, head.span, "`first` is a signal, not a value").help(
                format!("write which field of it is meant: `first.{}`", kind.fields.first().map_or("…", |f| &f.name)),
            );
            return Err(Box::new(problem));
        };
        match kind.field(&word.node) {
            Some(field) => {
                let (ty, personal) = held(&kind.fields[field.index()], word)?;
                Ok(Some(Start { root: Root::First(field), taken: 2, ty, personal }))
            }
            None => {
                let names = kind.fields.iter().map(|field| &*field.name);
                let problem = Diagnostic::error(
                    codes::UNKNOWN_NAME,
                    word.span,
                    format!("`{}` is no field of `{}`", word.node, kind.name),
                );
                Err(Box::new(did_you_mean(problem, &word.node, names.collect(), "it has")))
            }
        }
    }

    /// Goes one dot further.
    fn step(&self, access: &mut Access, before: &[Word], word: &Word) -> Result<(), Box<Diagnostic>> {
        let so_far = before.iter().map(|word| &*word.node).collect::<Vec<_>>().join(".");
        let Type::Thing(thing) = access.ty else {
            let what = describe(self.vocabulary, &access.ty);
            let message = format!("`{so_far}` is {what}, so there is nothing behind its dot");
            let problem = Diagnostic::error(codes::NO_FACTS, word.span, message).help(format!("write `{so_far}`"));
            return Err(Box::new(problem));
        };
        let kind = self.vocabulary.thing_type(thing);
        let Some(fact) = kind.fact(&word.node) else {
            let message = format!("nothing named `{}` is known of a {}", word.node, kind.name);
            let problem = Diagnostic::error(codes::NO_SUCH_FACT, word.span, message);
            let names: Vec<&str> = kind.facts.iter().map(|fact| &*fact.name).collect();
            let problem = match names.is_empty() {
                true => problem.help(format!("add it under `things`, `{}` in vocabulary.yaml", kind.name)),
                false => did_you_mean(problem, &word.node, names, "known are"),
            };
            return Err(Box::new(problem));
        };
        access.facts.push((thing, fact));
        (access.ty, access.personal) = held(&kind.facts[fact.index()], word)?;
        Ok(())
    }

    /// Says why a name means nothing at this place, and what is probably meant.
    fn unknown_name(&self, scope: &Scope, path: &Path) -> Diagnostic {
        let Some(head) = path.words.first() else {
            return Diagnostic::error(codes::UNKNOWN_NAME, path.span, "a name is missing here");
        };
        let name = &*head.node;
        if self.vocabulary.lost.contains(name) {
            return Diagnostic::told(head.span);
        }
        if let Some(problem) = self.out_of_reach(scope, head) {
            return problem;
        }
        let message = match scope.signal {
            Some(signal) => format!("`{name}` is no field of `{}`", self.vocabulary.signal_type(signal).name),
            None => format!("`{name}` is not known here"),
        };
        let problem = Diagnostic::error(codes::UNKNOWN_NAME, head.span, message);
        // A fact without its thing in front: `segment` for `customer.segment`.
        if let Some(full) = self.fact_of_something(scope, name) {
            return problem.help(format!("did you mean `{full}`?"));
        }
        if let Some(help) = clock_word(name) {
            return problem.help(help);
        }
        // Key words are small letters, `yes` and `no` among them.
        if let Some(word) = ["yes", "no"].into_iter().find(|word| name.eq_ignore_ascii_case(word)) {
            return problem.help(format!("write `{word}`"));
        }
        let names = scope.names(self.vocabulary);
        did_you_mean(problem, name, names, "known here are")
    }

    /// Recognises names that exist, but not here (M15).
    fn out_of_reach(&self, scope: &Scope, head: &Word) -> Option<Diagnostic> {
        let name = &*head.node;
        let unreachable = |message: String| Diagnostic::error(codes::OUT_OF_REACH, head.span, message);
        match (name, scope.only_key) {
            ("recent" | "previous", _) if scope.recent.is_none() => {
                let message = format!("`{name}` is only known in rules on a measure");
                return Some(unreachable(message).help("name a field of the signal instead"));
            }
            ("previous", _) => {
                let message = "`previous` is only known where a measure is held against the period before";
                return Some(unreachable(message.into()).help("write `recent`, or compare with `the 28 days before`"));
            }
            ("count", _) if !scope.count => {
                let message = "`count` is only known in rules that count (`3 or more …`)";
                return Some(unreachable(message.into()).help("name a field of the signal instead"));
            }
            ("first", _) if scope.first.is_none() => {
                let message = "`first` is only known in rules with `followed by`";
                return Some(unreachable(message.into()).help("name the field without `first.`"));
            }
            (builtin::CASE, _) => {
                let message = "there is no case here: this rule opens none, and its signal is about none";
                return Some(unreachable(message.into()).help("add `open case` to the rule's actions"));
            }
            _ => {}
        }
        let keys: Vec<String> = scope.key.iter().map(|key| key.words.join(".")).collect();
        let has = if keys.is_empty() { "nothing else".into() } else { format!("only its key: {}", listed(&keys)) };
        match scope.only_key? {
            OnlyKey::Measure(signal) => {
                let kind = self.vocabulary.signal_type(signal);
                let field = &kind.fields[kind.field(name)?.index()];
                let message = format!("`{name}` is different in each signal, and a measure is over many of them");
                // One group for each text, number or person's data would be one for each signal.
                let groups = !field.personal
                    && matches!(
                        field.ty,
                        Type::Thing(_)
                            | Type::OneOf(_)
                            | Type::Touchpoint
                            | Type::Channel
                            | Type::Language
                            | Type::YesNo
                    );
                let key = keys.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(" and ");
                let help = match groups {
                    true => format!("add it to the key (`for each {key}`), or leave it out"),
                    false => format!("leave it out, or write a rule on each signal: `when {}`", kind.name),
                };
                Some(unreachable(message).label(format!("a measure has {has}")).help(help))
            }
            OnlyKey::Schedule => {
                self.vocabulary.thing(name)?;
                let message = format!("a schedule knows no `{name}` unless it runs for each one");
                Some(unreachable(message).label(format!("a schedule has {has}")).help(format!("add `for each {name}`")))
            }
        }
    }

    /// Finds `thing.name` where a thing that can be named here has a fact of that name.
    pub(super) fn fact_of_something(&self, scope: &Scope, name: &str) -> Option<String> {
        let with_fact = |start: &str, ty: &Type| match ty {
            Type::Thing(thing) if self.vocabulary.thing_type(*thing).fact(name).is_some() => {
                Some(format!("{start}.{name}"))
            }
            _ => None,
        };
        let fields = scope.signal.map(|signal| &self.vocabulary.signal_type(signal).fields[..]).unwrap_or_default();
        let of_field = fields.iter().find_map(|field| with_fact(&field.name, &field.ty));
        of_field.or_else(|| scope.key.iter().find_map(|key| with_fact(&key.words.join("."), &key.ty)))
    }

    /// Finds how `thing` is reached from a signal over one fact: `store.region`.
    pub fn way_to(&self, signal: SignalNo, thing: ThingNo) -> Option<String> {
        self.vocabulary.signal_type(signal).fields.iter().find_map(|field| {
            let Type::Thing(near) = field.ty else { return None };
            let facts = &self.vocabulary.thing_type(near).facts;
            let fact = facts.iter().find(|fact| fact.ty == Type::Thing(thing))?;
            Some(format!("{}.{}", field.name, fact.name))
        })
    }
}

/// Says what to do instead of asking the time of now, which no condition knows.
fn clock_word(name: &str) -> Option<&'static str> {
    let small = name.to_lowercase();
    let asked = ["now", "today", "day", "weekday", "weekend", "hour", "time", "month"].contains(&&*small);
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"].contains(&&*small);
    (asked || days).then_some(
        "a condition asks a calendar for the time: `within business_hours`, `outside business_hours`; to act at a time, plan it: `then during business_hours: alert …`",
    )
}

fn longest_key<'s>(scope: &'s Scope, words: &[Word]) -> Option<(usize, &'s KeyName)> {
    let begins = |key: &KeyName| {
        key.words.len() <= words.len() && key.words.iter().zip(words).all(|(have, word)| **have == *word.node)
    };
    scope.key.iter().enumerate().filter(|(_, key)| begins(key)).max_by_key(|(_, key)| key.words.len())
}

/// Adds `did you mean …`, or where nothing is near, what there is.
pub fn did_you_mean(problem: Diagnostic, word: &str, names: Vec<&str>, otherwise: &str) -> Diagnostic {
    if let Some(near) = nearest(word, names.iter().copied()) {
        return problem.help(format!("did you mean `{near}`?"));
    }
    let mut names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    names.sort();
    names.dedup();
    match names.len() {
        0 => problem,
        1..=12 => problem.help(format!("{otherwise} {}", listed(&names))),
        more => {
            names.truncate(10);
            problem.help(format!("{otherwise} {} and {} more", names.join(", "), more - 10))
        }
    }
}
