//! Triggers: the eight shapes, their signals, fields and keys.

use crate::compile::lower::{Lower, Triggered, schedule};
use crate::compile::scope::{KeyName, OnlyKey, Scope, did_you_mean};
use crate::compile::value::Beside;
use crate::compile::words::{describe, listed};
use crate::ir::expr::Operand;
use crate::ir::{self, KeyPart};
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::format::sentence;
use crate::lang::source::{Span, Spanned};
use crate::lang::tree::{self, Path, Side, Trigger, Word};
use crate::value::{Str, Value};
use crate::vocabulary::{FieldNo, SignalNo, Type};

impl Lower<'_> {
    /// Resolves when a rule fires, and fills `scope` with what its guards and actions can name.
    pub fn trigger(&mut self, rule: &tree::Rule, scope: &mut Scope) -> Option<Triggered> {
        let of_field = match &rule.when.node {
            Trigger::Reading { .. } => true,
            Trigger::Measure { measure, .. } => measure.field.is_some(),
            _ => false,
        };
        self.when = Some((rule.when.span, of_field));
        match &rule.when.node {
            Trigger::Each(source) => {
                let allowed = self.no_for_each(
                    rule,
                    "each signal stands for itself",
                    "leave `for each` out; a limit says `per …`",
                );
                let source = self.source(source, false)?;
                *scope = Scope::of_signal(source.signal);
                allowed.then_some(Triggered { trigger: ir::Trigger::Each(source), key: vec![] })
            }
            Trigger::Reading { source, field, side, line, stays_for, clears } => {
                self.reading(rule, scope, Reading { source, field, side: *side, line, stays_for, clears })
            }
            Trigger::Count { at_least, source, different, same, within } => {
                let allowed = self.no_for_each(
                    rule,
                    "a count says `for the same …`",
                    "write `for the same` instead of `for each`",
                );
                let word = &source.signal;
                let source = self.source(source, true);
                self.many_of(at_least, word);
                let within = self.plain_length(within, "the `within` of a count");
                let at_least = self.count_of(at_least);
                let source = source?;
                *scope = Scope { count: true, ..Scope::of_signal(source.signal) };
                let key = self.key(same, &[source.signal]);
                let different = different.as_ref().map(|field| self.field(source.signal, field));
                let trigger = ir::Trigger::Count {
                    different: match different {
                        Some(different) => Some(different?),
                        None => None,
                    },
                    source,
                    at_least: at_least?,
                    within: within?,
                };
                let key = key?;
                allowed.then_some(Triggered { trigger, key })
            }
            Trigger::Sequence { first, then, same, within } => {
                let within = self.plain_length(within, "the `within` of `followed by`");
                let (first, then, key) = self.pair(rule, first, then, same)?;
                *scope = Scope { first: Some(first.signal), ..Scope::of_signal(then.signal) };
                Some(Triggered { trigger: ir::Trigger::Sequence { first, then, within: within? }, key: key? })
            }
            Trigger::Absence { first, then, same, within } => {
                let within = self.delay(within, "the `within` of `not followed by`");
                let (first, then, key) = self.pair(rule, first, then, same)?;
                *scope = Scope::of_signal(first.signal);
                Some(Triggered { trigger: ir::Trigger::Absence { first, then, within: within? }, key: key? })
            }
            Trigger::Measure { measure, over, test, enough } => {
                self.measure(rule, scope, measure, over, test, enough.as_ref())
            }
            Trigger::Schedule(when) => {
                let key = self.schedule_key(&rule.for_each, scope)?;
                Some(Triggered { trigger: ir::Trigger::Schedule(schedule(when)), key })
            }
        }
    }

    /// The two signals of a sequence or an absence, with their key.
    fn pair(
        &mut self,
        rule: &tree::Rule,
        first: &tree::Source,
        then: &tree::Source,
        same: &[Path],
    ) -> Option<(ir::Source, ir::Source, Option<Vec<KeyPart>>)> {
        let allowed =
            self.no_for_each(rule, "`followed by` says `for the same …`", "write `for the same` instead of `for each`");
        let (first, then) = (self.source(first, false), self.source(then, false));
        let (first, then) = (first?, then?);
        let mut signals = vec![first.signal, then.signal];
        signals.dedup();
        let key = self.key(same, &signals).filter(|_| allowed);
        Some((first, then, key))
    }

    /// Resolves a signal with its `where`.
    pub fn source(&mut self, source: &tree::Source, many: bool) -> Option<ir::Source> {
        let Some(signal) = self.signal(&source.signal, many) else {
            // Names in the filter mean nothing without the signal; what else can be wrong in it is still told.
            if let Some(filter) = &source.filter {
                self.condition(&Scope { incomplete: true, ..Scope::default() }, filter);
            }
            return None;
        };
        let filter = source.filter.as_ref().map(|filter| self.condition(&Scope::of_signal(signal), filter));
        // A broken filter leaves the signal known, so that the rest of the rule is checked; the error is on record.
        Some(ir::Source { signal, filter: filter.flatten() })
    }

    /// Resolves a signal's name; `many` where a plural is right as well.
    pub fn signal(&mut self, word: &Word, many: bool) -> Option<SignalNo> {
        let name = &*word.node;
        if let Some(signal) = self.vocabulary.signal(name) {
            return Some(signal);
        }
        if let Some(signal) = self.vocabulary.plural(name) {
            if many {
                return Some(signal);
            }
            let one = &self.vocabulary.signal_type(signal).name;
            let message = format!("`{name}` are many, and one is meant here");
            self.report(Diagnostic::error(codes::PLURAL, word.span, message).help(format!("write `{one}`")));
            return Some(signal);
        }
        let problem = self.unknown_signal(word, many);
        let meant = suggested(&problem).and_then(|name| self.vocabulary.signal(name).or(self.vocabulary.plural(name)));
        self.report(problem);
        // The rule is lost; what else is wrong with it shows when it is read as it was meant.
        meant.or_else(|| self.singular_of(name).filter(|_| many))
    }

    /// Suggests the plural of a signal that several are counted of.
    pub fn many_of(&mut self, count: &Spanned<u64>, word: &Word) {
        let Some(signal) = self.vocabulary.signal(&word.node).filter(|_| self.plurals && count.node != 1) else {
            return;
        };
        if let Some(plural) = &self.vocabulary.signal_type(signal).plural {
            let message = format!("`{}` is one, and several are counted here", word.node);
            self.report(Diagnostic::warning(codes::PLURAL, word.span, message).help(format!("write `{plural}`")));
        }
    }

    fn unknown_signal(&self, word: &Word, many: bool) -> Diagnostic {
        let name = &*word.node;
        if self.vocabulary.lost.contains(name) {
            return Diagnostic::told(word.span);
        }
        if many && let Some(signal) = self.singular_of(name) {
            let signal = self.vocabulary.signal_type(signal);
            let problem = match &signal.plural {
                Some(plural) => {
                    let message = format!("`{name}` is not the plural of `{}`", signal.name);
                    Diagnostic::error(codes::PLURAL, word.span, message).help(format!("did you mean `{plural}`?"))
                }
                None => {
                    let message = format!("`{}` has no plural in the vocabulary", signal.name);
                    Diagnostic::error(codes::PLURAL, word.span, message)
                        .label(format!("the plural of `{}`?", signal.name))
                        .help(format!(
                            "add `plural: {name}` under `{0}` in vocabulary.yaml, or write `{0}`",
                            signal.name
                        ))
                }
            };
            return problem;
        }
        let problem = Diagnostic::error(codes::UNKNOWN_SIGNAL, word.span, format!("unknown signal `{name}`"));
        if let Some(thing) = self.vocabulary.thing(name) {
            let about = |signal: &&crate::vocabulary::SignalType| {
                signal.fields[..signal.about].iter().any(|field| field.ty == Type::Thing(thing))
            };
            let happens = self.vocabulary.signals.iter().find(about).map_or("survey_response", |signal| &*signal.name);
            return problem.label(format!("a {name} is no signal")).help(format!(
                "name what happens, such as `{happens}`; how the {name} is then is asked with `only if {name}.…`"
            ));
        }
        if let Some(help) = self.signal_with_field(word) {
            return problem.label("a field is no signal").help(help);
        }
        let signals = self.vocabulary.signals.iter();
        let names = signals.flat_map(|signal| [Some(&signal.name), signal.plural.as_ref().filter(|_| many)]);
        did_you_mean(problem, name, names.flatten().map(|name| &**name).collect(), "declared are")
    }

    /// Says what to write where a signal's name is that of a field: `wait goes over 10 minutes`.
    fn signal_with_field(&self, word: &Word) -> Option<String> {
        let field = &*word.node;
        let has = |signal: &&crate::vocabulary::SignalType| signal.field(field).is_some();
        let with: Vec<&str> = self.vocabulary.signals.iter().filter(has).map(|signal| &*signal.name).collect();
        let (first, others) = with.split_first()?;
        let (when, of_field) = self.when?;
        // What is said of the field, as it is written.
        let rest = Span { start: word.span.end, ..when };
        let rest = self.sources.slice(rest).split_whitespace().collect::<Vec<_>>().join(" ");
        let rest = if rest.is_empty() || rest.len() > 80 { "…".to_owned() } else { rest };
        let write = match (of_field, self.plurals) {
            (true, _) => format!("write `{first}.{field}`"),
            (false, true) => format!("write `{first} where {field} {rest}`"),
            (false, false) => format!("write `{first}`, and beside it `where: {field} …`"),
        };
        Some(match others {
            [] => write,
            others => {
                let others: Vec<String> = others.iter().map(|name| format!("`{name}`")).take(5).collect();
                format!("{write}; {} has a `{field}` too", listed(&others))
            }
        })
    }

    /// Guesses which signal a plural belongs to.
    fn singular_of(&self, plural: &str) -> Option<SignalNo> {
        let is_plural = |one: &str| {
            let ies = one.strip_suffix('y').map(|stem| format!("{stem}ies"));
            plural == format!("{one}s") || plural == format!("{one}es") || ies.as_deref() == Some(plural)
        };
        let place = self.vocabulary.signals.iter().position(|signal| is_plural(&signal.name))?;
        Some(SignalNo(place as u16))
    }

    /// Resolves a field of a signal.
    pub fn field(&mut self, signal: SignalNo, word: &Word) -> Option<FieldNo> {
        let kind = self.vocabulary.signal_type(signal);
        if let Some(found) = kind.field(&word.node) {
            if kind.fields[found.index()].unread {
                self.report(Diagnostic::told(word.span));
                return None;
            }
            return Some(found);
        }
        let message = format!("`{}` is no field of `{}`", word.node, kind.name);
        let names = kind.fields.iter().map(|field| &*field.name).collect();
        let problem = Diagnostic::error(codes::UNKNOWN_NAME, word.span, message);
        let problem = did_you_mean(problem, &word.node, names, "it has");
        let meant = suggested(&problem).and_then(|name| kind.field(name));
        self.report(problem);
        meant
    }

    /// Resolves the parts of a key in each of the rule's signals.
    pub fn key(&mut self, paths: &[Path], signals: &[SignalNo]) -> Option<Vec<KeyPart>> {
        let parts: Vec<Option<KeyPart>> = paths.iter().map(|path| self.key_part(path, signals)).collect();
        self.no_part_twice(paths);
        parts.into_iter().collect()
    }

    fn key_part(&mut self, path: &Path, signals: &[SignalNo]) -> Option<KeyPart> {
        let mut from = Vec::with_capacity(signals.len());
        for signal in signals {
            match self.find(&Scope::of_signal(*signal), path) {
                Ok(access) => from.push((*signal, access)),
                Err(problem) => {
                    let problem =
                        if problem.is_told() { *problem } else { self.key_problem(path, *signal, signals, *problem) };
                    self.report(problem);
                }
            }
        }
        if from.len() < signals.len() {
            return None;
        }
        let thing = match from.first().map(|(_, access)| &access.ty) {
            Some(Type::Thing(thing)) => Some(*thing),
            _ => None,
        };
        if let [(_, one), (_, other)] = &from[..]
            && !super::value::comparable(&one.ty, &other.ty)
        {
            let (this, that) = (describe(self.vocabulary, &one.ty), describe(self.vocabulary, &other.ty));
            let message = format!("`{}` is {this} in one signal and {that} in the other", sentence::path(path));
            self.report(
                Diagnostic::error(codes::OTHER_TYPE, path.span, message).help("choose a key that both signals share"),
            );
            return None;
        }
        Some(KeyPart { name: sentence::path(path).into(), thing, from })
    }

    fn key_problem(&self, path: &Path, signal: SignalNo, signals: &[SignalNo], problem: Diagnostic) -> Diagnostic {
        let name = sentence::path(path);
        let kind = &self.vocabulary.signal_type(signal).name;
        if path.words.len() == 1
            && let Some(thing) = self.vocabulary.thing(&name)
        {
            let message = format!("`{kind}` is not about a {name}, so `{name}` cannot be its key");
            let problem = Diagnostic::error(codes::KEY_OUT_OF_REACH, path.span, message);
            return match self.way_to(signal, thing) {
                Some(way) => problem.help(format!("write `{way}`")),
                None => {
                    problem.help(format!("add it to `about` of `{kind}` in vocabulary.yaml, or choose another key"))
                }
            };
        }
        match signals.len() {
            0 | 1 => problem,
            _ => {
                let names: Vec<String> =
                    signals.iter().map(|signal| format!("`{}`", self.vocabulary.signal_type(*signal).name)).collect();
                let message = format!("`{name}` has to be in both signals, and `{kind}` has none");
                let shared = self.shared_fields(signals);
                let problem = Diagnostic::error(codes::KEY_OUT_OF_REACH, path.span, message);
                match shared.is_empty() {
                    true => {
                        problem.help(format!("{} have no field in common: add one in vocabulary.yaml", listed(&names)))
                    }
                    false => problem.help(format!("both {} have {}", listed(&names), listed(&shared))),
                }
            }
        }
    }

    fn shared_fields(&self, signals: &[SignalNo]) -> Vec<String> {
        let [one, rest @ ..] = signals else { return vec![] };
        let in_all = |name: &str| rest.iter().all(|signal| self.vocabulary.signal_type(*signal).field(name).is_some());
        let fields = &self.vocabulary.signal_type(*one).fields;
        fields.iter().filter(|field| in_all(&field.name)).map(|field| format!("`{}`", field.name)).take(6).collect()
    }

    fn no_part_twice(&mut self, paths: &[Path]) {
        for (place, path) in paths.iter().enumerate() {
            let name = sentence::path(path);
            if let Some(first) = paths[..place].iter().find(|first| sentence::path(first) == name) {
                let problem = Diagnostic::error(codes::KEY_TWICE, path.span, format!("`{name}` is in the key twice"));
                self.report(problem.related(first.span, "the first time").help("leave one of them out"));
            }
        }
    }

    /// The key of a schedule: things of the directory.
    fn schedule_key(&mut self, paths: &[Path], scope: &mut Scope) -> Option<Vec<KeyPart>> {
        scope.only_key = Some(OnlyKey::Schedule);
        scope.incomplete = false;
        let mut key = Vec::new();
        for path in paths {
            let name = sentence::path(path);
            match self.vocabulary.thing(&name) {
                Some(thing) => {
                    scope.key.push(KeyName {
                        words: vec![name.as_str().into()],
                        ty: Type::Thing(thing),
                        personal: false,
                    });
                    key.push(KeyPart { name: name.into(), thing: Some(thing), from: vec![] });
                }
                None if self.vocabulary.lost.contains(&*name) => {
                    self.report(Diagnostic::told(path.span));
                    scope.incomplete = true;
                }
                None => {
                    let message = format!("a schedule runs for each thing of the directory, and `{name}` is none");
                    let names = self.vocabulary.things.iter().map(|thing| &*thing.name).collect();
                    let problem = Diagnostic::error(codes::KEY_OUT_OF_REACH, path.span, message);
                    let problem = did_you_mean(problem, &name, names, "things are");
                    self.report(problem);
                    scope.incomplete = true;
                }
            }
        }
        self.no_part_twice(paths);
        (key.len() == paths.len()).then_some(key)
    }

    /// Says what to write instead of a `for each` that does not belong here.
    fn no_for_each(&mut self, rule: &tree::Rule, why: &str, help: &str) -> bool {
        let [first, ..] = &rule.for_each[..] else { return true };
        if self.has_hole(rule.when.span) {
            // What could not be read may be what it is for.
            return true;
        }
        let span = rule.for_each.iter().fold(first.span, |span, path| span.to(path.span));
        let message = "`for each` is for readings, measures and schedules";
        self.report(Diagnostic::error(codes::FOR_EACH_NOT_ALLOWED, span, message).label(why).help(help));
        false
    }

    /// Says that a `for each` is missing, and suggests one.
    pub fn needs_for_each(&mut self, rule: &tree::Rule, signal: SignalNo, what: &str) {
        let kind = self.vocabulary.signal_type(signal);
        let thing = kind.fields.first().map_or("store", |field| &field.name);
        let message = format!("{what} needs `for each`: whose is it?");
        self.report(
            Diagnostic::error(codes::FOR_EACH_MISSING, rule.when.span, message)
                .help(format!("add `for each {thing}` after `when`, before the guards and `then`")),
        );
    }

    fn count_of(&mut self, at_least: &Spanned<u64>) -> Option<u32> {
        if at_least.node == 0 {
            let message = "`0 or more` is always true";
            self.report(
                Diagnostic::error(codes::BAD_COUNT, at_least.span, message)
                    .help("write `2 or more`, or a higher number"),
            );
            return None;
        }
        let most = u64::from(u16::MAX);
        if at_least.node > most {
            let message = format!("no more than {most} signals are counted for one key");
            self.report(
                Diagnostic::error(codes::BAD_COUNT, at_least.span, message)
                    .help("write a smaller number, or use a measure (`count of … over the last …`)"),
            );
            return None;
        }
        u32::try_from(at_least.node).ok()
    }

    fn reading(&mut self, rule: &tree::Rule, scope: &mut Scope, reading: Reading<'_>) -> Option<Triggered> {
        let source = self.source(reading.source, false);
        let stays_for = reading.stays_for.as_ref().map(|length| self.plain_length(length, "the `for` of `stays`"));
        let source = source?;
        *scope = Scope::of_signal(source.signal);
        let key = self.key(&rule.for_each, &[source.signal]);
        if rule.for_each.is_empty() {
            self.needs_for_each(rule, source.signal, "a reading");
            return None;
        }
        let field = self.field(source.signal, reading.field)?;
        let kind = self.vocabulary.signal_type(source.signal);
        let ty = kind.fields[field.index()].ty.clone();
        let name = format!("{}.{}", kind.name, reading.field.node);
        let measurable =
            matches!(ty, Type::Number | Type::WholeNumber | Type::Score(_) | Type::Duration(_) | Type::Money);
        if !measurable {
            let message = format!("`{name}` is {}: it has no line to go over", describe(self.vocabulary, &ty));
            let help = format!("write `when {} where {} is …`", kind.name, reading.field.node);
            self.report(Diagnostic::error(codes::READING_TYPE, reading.field.span, message).help(help));
            return None;
        }
        let line = self.literal(reading.line, Beside::compared(Some(&ty), &name));
        let clears = reading.clears.as_ref().map(|clears| self.clears(&reading, &line, clears, &ty, &name));
        let trigger = ir::Trigger::Reading {
            source,
            field,
            side: reading.side,
            line: Operand::Literal(line?),
            clears: match clears {
                Some(clears) => Some(clears?),
                None => None,
            },
            stays_for: match stays_for {
                Some(length) => Some(length?),
                None => None,
            },
        };
        Some(Triggered { trigger, key: key? })
    }

    /// The clearing line lies on the other side, and not beyond the line itself.
    fn clears(
        &mut self,
        reading: &Reading<'_>,
        line: &Option<Value>,
        (side, operand): &(Spanned<Side>, tree::Operand),
        ty: &Type,
        name: &str,
    ) -> Option<Operand> {
        let clears = self.literal(operand, Beside::compared(Some(ty), name));
        let (goes, right, less) = match reading.side {
            Side::Over => ("over", "under", "less"),
            Side::Under => ("under", "over", "more"),
        };
        let written = sentence::operand(operand);
        if side.node == reading.side {
            let message = format!("a reading that goes {goes} its line clears {right} another");
            self.report(
                Diagnostic::error(codes::CLEARS_SIDE, side.span, message)
                    .help(format!("write `clears {right} {written}`")),
            );
            return None;
        }
        let (line, clears) = (line.as_ref()?, clears?);
        let wrong = match reading.side {
            Side::Over => clears > *line,
            Side::Under => clears < *line,
        };
        if wrong {
            let line_text = sentence::operand(reading.line);
            let message = format!("it would clear {right} {written} while it is still {goes} {line_text}");
            self.report(
                Diagnostic::error(codes::CLEARS_SIDE, operand.span, message)
                    .related(reading.line.span, "the line")
                    .help(format!("write something {less} than {line_text}, or leave `clears` out")),
            );
            return None;
        }
        Some(Operand::Literal(clears))
    }
}

/// Returns the name that a message about an unknown one suggests.
fn suggested(problem: &Diagnostic) -> Option<&str> {
    problem.help.as_deref()?.strip_prefix("did you mean `")?.strip_suffix("`?")
}

/// The parts of a reading, as written.
struct Reading<'t> {
    source: &'t tree::Source,
    field: &'t Word,
    side: Side,
    line: &'t tree::Operand,
    stays_for: &'t Option<tree::Length>,
    clears: &'t Option<(Spanned<Side>, tree::Operand)>,
}

/// Returns the key as names, for a firing that has only its key.
pub fn key_names(key: &[KeyPart]) -> Vec<KeyName> {
    let name = |part: &KeyPart| {
        let (ty, personal) = match part.from.first() {
            Some((_, access)) => (access.ty.clone(), access.personal),
            None => (part.thing.map_or(Type::Text, Type::Thing), false),
        };
        KeyName { words: part.name.split('.').map(Str::from).collect(), ty, personal }
    };
    key.iter().map(name).collect()
}
