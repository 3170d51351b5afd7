//! Actions: recipients reachable, roles and templates known, facts and signals of the right type.

use crate::compile::lower::Lower;
use crate::compile::scope::{Scope, did_you_mean};
use crate::compile::value::{Beside, priorities};
use crate::compile::words::{describe, listed};
use crate::ir::Here;
use crate::ir::action::{Action, ActionKind, Ladder, Piece, Step, Then, Timing};
use crate::ir::expr::{Access, Operand};
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::format::sentence;
use crate::lang::play;
use crate::lang::source::{Span, Spanned};
use crate::lang::tree::{self, OperandKind, Path, Text, Word};
use crate::suggest::nearest;
use crate::value::{Str, Value};
use crate::vocabulary::{FactNo, FieldNo, SignalNo, ThingNo, Type, builtin};

/// Tells whether a rule opens a case that its other actions can name.
pub fn opens_case(steps: &[tree::Step]) -> bool {
    steps.iter().any(|step| step.actions.iter().any(|action| matches!(action.kind, tree::ActionKind::OpenCase { .. })))
}

impl Lower<'_> {
    /// Resolves everything a rule does. That immediate actions come first is seen to by both readers.
    pub fn then(&mut self, scope: &Scope, title: &Str, steps: &[tree::Step]) -> Option<Then> {
        let mut then = Then::default();
        let mut whole = true;
        let count: usize = steps.iter().map(|step| step.actions.len()).sum();
        let mut seen = 0;
        for step in steps {
            let timing = self.timing(step.timing.as_ref());
            let mut actions = Vec::new();
            for action in &step.actions {
                seen += 1;
                if let tree::ActionKind::Escalate { until, ladder } = &action.kind {
                    self.ladder_place(action, step, seen == count, then.ladder.is_some());
                    then.ladder = self.ladder(scope, title, until, ladder);
                    whole &= then.ladder.is_some();
                    continue;
                }
                match self.action(scope, title, action) {
                    Some(action) => actions.push(action),
                    None => whole = false,
                }
            }
            match timing {
                Some(timing) if !actions.is_empty() => then.steps.push(Step { timing, actions }),
                Some(_) => {}
                None => whole = false,
            }
        }
        whole.then_some(then)
    }

    fn ladder_place(&mut self, action: &tree::Action, step: &tree::Step, last: bool, second: bool) {
        let at = Span { end: action.span.end.min(action.span.start + "escalate".len() as u32), ..action.span };
        let problem = |message: &str, help: &str| Diagnostic::error(codes::LADDER_PLACE, at, message).help(help);
        if second {
            self.report(problem("a rule has one ladder", "put the steps into one `escalate`, or write two rules"));
        } else if !last {
            self.report(problem("`escalate` is the last thing a rule does", "move it to the end of `then`"));
        } else if let Some(timing) = &step.timing {
            let help = "put the time into the ladder: `escalate until … after 2 hours: …`";
            self.report(problem("a ladder starts at once, its steps wait", help).related(timing.span, "this waits"));
        }
    }

    fn timing(&mut self, timing: Option<&tree::Timing>) -> Option<Option<Timing>> {
        let Some(timing) = timing else { return Some(None) };
        let after = timing.after.as_ref().map(|length| self.delay(length, "a delay"));
        let during = timing.during.as_ref().map(|word| self.calendar(word));
        Some(Some(Timing {
            after: match after {
                Some(after) => Some(after?),
                None => None,
            },
            at: timing.at.as_ref().map(|time| time.node),
            during: match during {
                Some(during) => Some(during?),
                None => None,
            },
        }))
    }

    fn ladder(&mut self, scope: &Scope, title: &Str, until: &[Word], steps: &[tree::Step]) -> Option<Ladder> {
        let mut ladder = Ladder { until_acknowledged: false, until_case_closed: false, steps: Vec::new() };
        let mut whole = true;
        for word in until {
            match &*word.node {
                "acknowledged" => ladder.until_acknowledged = true,
                builtin::CASE_CLOSED => ladder.until_case_closed = true,
                other => {
                    let message = format!("a ladder ends when it is `acknowledged` or `case_closed`, not `{other}`");
                    let problem = Diagnostic::error(codes::UNTIL, word.span, message);
                    let closed = other.contains("clos") || other.contains("solved");
                    let problem = match nearest(other, ["acknowledged", builtin::CASE_CLOSED].into_iter()) {
                        Some(near) => problem.help(format!("did you mean `{near}`?")),
                        None if closed => problem.help("did you mean `case_closed`?"),
                        None => problem.help("write `acknowledged`, `case_closed` or `acknowledged or case_closed`"),
                    };
                    self.report(problem);
                    whole = false;
                }
            }
        }
        for step in steps {
            let timing = self.timing(step.timing.as_ref());
            let mut actions = Vec::new();
            for action in &step.actions {
                match self.ladder_action(scope, title, action) {
                    Some(action) => actions.push(action),
                    None => whole = false,
                }
            }
            match timing {
                Some(timing) => ladder.steps.push(Step { timing, actions }),
                None => whole = false,
            }
        }
        whole.then_some(ladder)
    }

    fn ladder_action(&mut self, scope: &Scope, title: &Str, action: &tree::Action) -> Option<Action> {
        let word = match &action.kind {
            tree::ActionKind::Alert { .. } | tree::ActionKind::Email { .. } | tree::ActionKind::Post { .. } => {
                return self.action(scope, title, action);
            }
            tree::ActionKind::OpenCase { .. } => "open case",
            tree::ActionKind::Set { .. } => "set",
            tree::ActionKind::Record { .. } => "record",
            tree::ActionKind::Escalate { .. } => "escalate",
        };
        self.report(
            Diagnostic::error(
                codes::LADDER_ACTION,
                action.span,
                format!("a ladder's steps tell somebody: they do not `{word}`"),
            )
            .label("only `alert`, `email` and `post` climb a ladder")
            .help(format!("move `{word}` in front of `escalate`")),
        );
        None
    }

    fn action(&mut self, scope: &Scope, title: &Str, action: &tree::Action) -> Option<Action> {
        let kind = match &action.kind {
            tree::ActionKind::Alert { role, of, saying } => {
                self.alert(scope, title, role, of.as_ref(), saying.as_ref())
            }
            tree::ActionKind::Email { who, template, language, with } => {
                self.email(scope, who, template, language.as_ref(), with)
            }
            tree::ActionKind::OpenCase { of, with } => self.open_case(scope, of.as_ref(), with),
            tree::ActionKind::Post { endpoint, with } => {
                if endpoint.node.trim().is_empty() {
                    let message = "an endpoint needs a name";
                    self.report(
                        Diagnostic::error(codes::EMPTY_NAME, endpoint.span, message).help("write `post to \"crm\"`"),
                    );
                }
                let with = self.values(scope, with)?;
                Some(ActionKind::Post { endpoint: endpoint.node.as_str().into(), with })
            }
            tree::ActionKind::Set { fact, to } => self.set(scope, fact, to),
            tree::ActionKind::Record { signal, with } => self.record(scope, signal, with),
            // `then` takes ladders apart before it comes here, and a ladder within one is refused above.
            tree::ActionKind::Escalate { .. } => None,
        };
        Some(Action { kind: kind?, here: Here(action.span) })
    }

    fn alert(
        &mut self,
        scope: &Scope,
        title: &Str,
        role: &Word,
        of: Option<&Path>,
        saying: Option<&Text>,
    ) -> Option<ActionKind> {
        let known = self.role(role);
        let of = of.map(|path| self.thing_at(scope, path, "a role is filled at a place"));
        let saying = match saying {
            Some(text) => self.pieces(scope, text),
            None => Some(vec![Piece::Text(title.clone())]),
        };
        let of = match of {
            Some(of) => Some(of?.0),
            None => None,
        };
        let saying = saying?;
        known.then(|| ActionKind::Alert { role: role.node.as_str().into(), of, saying })
    }

    fn role(&mut self, role: &Word) -> bool {
        let Some(roles) = self.roles else { return true };
        if role.node == builtin::CASE_OWNER || roles.contains(role.node.as_str()) {
            return true;
        }
        let names: Vec<&str> = roles.iter().map(|role| &**role).chain([builtin::CASE_OWNER]).collect();
        if self.more_roles && nearest(&role.node, names.iter().copied()).is_none() {
            self.report(Diagnostic::told(role.span));
            return false;
        }
        let problem =
            Diagnostic::error(codes::UNKNOWN_ROLE, role.span, format!("nobody fills the role `{}`", role.node));
        let problem = did_you_mean(problem, &role.node, names, "the directory has");
        self.report(problem);
        false
    }

    /// Resolves a path that must give a thing.
    fn thing_at(&mut self, scope: &Scope, path: &Path, why: &str) -> Option<(Access, ThingNo)> {
        let access = self.access(scope, path)?;
        if let Type::Thing(thing) = access.ty {
            return Some((access, thing));
        }
        let what = describe(self.vocabulary, &access.ty);
        let message = format!("{why}, and `{}` is {what}", access.name);
        let things = self.things_in(scope);
        let problem = Diagnostic::error(codes::NOT_A_THING, path.span, message).label(what);
        let problem = match things.is_empty() {
            true => problem.help("name something the signal is about"),
            false => problem.help(format!("things known here are {}", listed(&things))),
        };
        self.report(problem);
        None
    }

    fn things_in(&self, scope: &Scope) -> Vec<String> {
        let fields = scope.signal.map(|signal| &self.vocabulary.signal_type(signal).fields[..]).unwrap_or_default();
        let is_thing = |ty: &Type| matches!(ty, Type::Thing(_));
        let fields = fields.iter().filter(|field| is_thing(&field.ty)).map(|field| format!("`{}`", field.name));
        let keys = scope.key.iter().filter(|key| is_thing(&key.ty)).map(|key| format!("`{}`", key.words.join(".")));
        fields.chain(keys).collect()
    }

    /// Cuts a text with placeholders and resolves each of them.
    fn pieces(&mut self, scope: &Scope, text: &Text) -> Option<Vec<Piece>> {
        let (parts, problems) = super::text::pieces(self.sources, text);
        let mut whole = problems.is_empty();
        self.doubled_braces(scope, text);
        let mut pieces = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                play::Piece::Literal(text) => pieces.push(Piece::Text(text.into())),
                play::Piece::Path(path) => match self.find(scope, &path) {
                    Ok(access) => pieces.push(Piece::Value(access)),
                    Err(mut problem) => {
                        whole = false;
                        if !scope.incomplete {
                            if problem.code == codes::UNKNOWN_NAME {
                                problem.code = codes::UNKNOWN_PLACEHOLDER;
                                problem.message = format!("unknown placeholder `{{{}}}`", sentence::path(&path));
                            }
                            self.report(*problem);
                        }
                    }
                },
            }
        }
        for problem in problems {
            self.report(problem);
        }
        whole.then_some(pieces)
    }

    /// `{{topic}}` is how mail templates say it; in a text it is said as it stands.
    fn doubled_braces(&mut self, scope: &Scope, text: &Text) {
        for (start, _) in text.node.match_indices("{{") {
            let Some((name, _)) = text.node[start + 2..].split_once("}}") else { continue };
            let word = |word: &str| Spanned { node: word.to_owned(), span: text.span };
            let words: Vec<Word> = name.trim().split('.').map(word).collect();
            if self.find(scope, &Path { words, span: text.span }).is_ok() {
                let message = format!("`{{{{{name}}}}}` is said as it stands, in braces");
                let help = format!("write `{{{}}}` for the value", name.trim());
                self.report(Diagnostic::warning(codes::PLACEHOLDER, text.span, message).help(help));
            }
        }
    }

    fn email(
        &mut self,
        scope: &Scope,
        who: &Path,
        template: &Text,
        language: Option<&tree::Operand>,
        with: &[(Word, tree::Operand)],
    ) -> Option<ActionKind> {
        let recipient = match self.mailed_role(scope, who) {
            true => None,
            false => self.thing_at(scope, who, "a mail goes to somebody with an address"),
        };
        let recipient = recipient.and_then(|(access, thing)| Some((access, thing, self.address_of(thing, who)?)));
        let language = language.map(|language| self.language(scope, language));
        let values = self.values(scope, with);
        let values = self.template(scope, template, with, values);
        let (who, thing, address) = recipient?;
        let language = match language {
            Some(language) => Some(language?),
            None => None,
        };
        Some(ActionKind::Email {
            who,
            thing,
            address,
            template: template.node.as_str().into(),
            language,
            with: values?,
        })
    }

    /// `email region_manager`: people who work here are alerted.
    fn mailed_role(&mut self, scope: &Scope, who: &Path) -> bool {
        let [word] = &who.words[..] else { return false };
        let role = self.roles.is_some_and(|roles| roles.contains(word.node.as_str()));
        if !role || self.find(scope, who).is_ok() {
            return false;
        }
        let message = format!("`{}` is a role, and a mail goes to somebody the signal is about", word.node);
        let help = format!("write `alert {}`, with `of` and the place where the role is filled", word.node);
        self.report(Diagnostic::error(codes::NOT_A_THING, word.span, message).help(help));
        true
    }

    fn address_of(&mut self, thing: ThingNo, who: &Path) -> Option<FactNo> {
        let kind = self.vocabulary.thing_type(thing);
        let place = kind.facts.iter().position(|fact| fact.ty == Type::Email);
        if place.is_none() && kind.facts.iter().any(|fact| fact.unread) {
            self.report(Diagnostic::told(who.span));
        } else if place.is_none() {
            let with_address: Vec<String> = self
                .vocabulary
                .things
                .iter()
                .filter(|thing| thing.facts.iter().any(|fact| fact.ty == Type::Email))
                .map(|thing| format!("`{}`", thing.name))
                .collect();
            let message = format!("no mail address is known of a {}", kind.name);
            let problem = Diagnostic::error(codes::NO_ADDRESS, who.span, message);
            let add = format!("add `email: email, personal` under `things`, `{}` in vocabulary.yaml", kind.name);
            let problem = match with_address.is_empty() {
                true => problem.help(add),
                false => problem.help(format!("mail {}, or {add}", listed(&with_address))),
            };
            self.report(problem);
        }
        place.map(|place| FactNo(place as u16))
    }

    fn language(&mut self, scope: &Scope, language: &tree::Operand) -> Option<Operand> {
        let OperandKind::Text(text) = &language.kind else {
            return self.operand(scope, language, Beside::printed(Some(&Type::Language), "the language of a mail"));
        };
        let languages = &self.vocabulary.languages;
        if let Some(found) = languages.iter().find(|known| known.eq_ignore_ascii_case(text.trim())) {
            return Some(Operand::Literal(Value::Text(found.clone())));
        }
        let message = format!("`{text}` is none of the declared languages");
        let names: Vec<String> = languages.iter().map(|language| sentence::quoted(language)).collect();
        let help = format!("write one of {}, or add it to `languages` in vocabulary.yaml", listed(&names));
        self.report(Diagnostic::error(codes::UNKNOWN_LANGUAGE, language.span, message).help(help));
        None
    }

    /// Resolves the values after `with`, which are printed and may be of any type.
    fn values(&mut self, scope: &Scope, with: &[(Word, tree::Operand)]) -> Option<Vec<(Str, Operand)>> {
        self.no_name_twice(with);
        let values: Vec<Option<(Str, Operand)>> = with
            .iter()
            .map(|(name, value)| {
                let value = self.operand(scope, value, Beside::printed(None, &name.node))?;
                Some((Str::from(name.node.as_str()), value))
            })
            .collect();
        values.into_iter().collect()
    }

    fn no_name_twice(&mut self, with: &[(Word, tree::Operand)]) {
        for (place, (name, _)) in with.iter().enumerate() {
            if let Some((first, _)) = with[..place].iter().find(|(first, _)| first.node == name.node) {
                let message = format!("`{}` is given twice", name.node);
                let problem = Diagnostic::error(codes::GIVEN_TWICE, name.span, message);
                self.report(problem.related(first.span, "the first time").help("leave one of them out"));
            }
        }
    }

    fn open_case(&mut self, scope: &Scope, of: Option<&Path>, with: &[(Word, tree::Operand)]) -> Option<ActionKind> {
        self.no_name_twice(with);
        let about = of.map(|path| self.thing_at(scope, path, "a case is about a thing"));
        let (mut priority, mut reason, mut whole) = (None, None, true);
        for (name, value) in with {
            let found = match &*name.node {
                builtin::PRIORITY => {
                    let ty = priorities();
                    let value = self.operand(scope, value, Beside::printed(Some(&ty), "priority"));
                    priority = value.clone();
                    value
                }
                builtin::REASON => {
                    let value = self.operand(scope, value, Beside::printed(None, "reason"));
                    reason = value.clone();
                    value
                }
                other => {
                    let message = format!("a case is opened with `priority` and `reason`, not with `{other}`");
                    let problem = Diagnostic::error(codes::UNKNOWN_WITH, name.span, message);
                    let problem = did_you_mean(problem, other, vec![builtin::PRIORITY, builtin::REASON], "it takes");
                    self.report(problem);
                    None
                }
            };
            whole &= found.is_some();
        }
        let about = match about {
            Some(about) => {
                let (access, thing) = about?;
                Some((thing, access))
            }
            None => None,
        };
        whole.then_some(ActionKind::OpenCase { about, priority, reason })
    }

    fn set(&mut self, scope: &Scope, fact: &Path, to: &tree::Operand) -> Option<ActionKind> {
        let [way @ .., last] = &fact.words[..] else { return None };
        let name = sentence::path(fact);
        let Some(first) = way.first() else {
            let message = format!("`set` changes a fact of a thing, and `{name}` names no thing");
            let help = format!("write `set customer.{name} to …`, with the thing it is known of");
            self.report(Diagnostic::error(codes::SET_FACT, fact.span, message).help(help));
            return None;
        };
        let span = way.iter().fold(first.span, |span, word| span.to(word.span));
        let way = Path { words: way.to_vec(), span };
        let (who, thing) = self.thing_at(scope, &way, "`set` changes a fact of a thing")?;
        // The whole path once more: the fact's own mistakes come out like those of any path.
        let target = self.access(scope, fact)?;
        let (_, number) = *target.facts.last()?;
        let kind = self.vocabulary.thing_type(thing);
        if self.is_builtin_fact(thing, &last.node) {
            let message = format!("touchline itself keeps `{name}`: it cannot be set");
            let help = "set a fact that the vocabulary declares".to_owned();
            self.report(
                Diagnostic::error(codes::BUILT_IN, last.span, message)
                    .label(format!("built in for every {}", kind.name))
                    .help(help),
            );
            return None;
        }
        let to = self.operand(scope, to, Beside::printed(Some(&target.ty), &name))?;
        Some(ActionKind::Set { thing, who, fact: number, to })
    }

    fn is_builtin_fact(&self, thing: ThingNo, fact: &str) -> bool {
        match &*self.vocabulary.thing_type(thing).name {
            builtin::CASE => true,
            builtin::CUSTOMER => fact == builtin::OPEN_CASES || fact == builtin::LAST_CONTACT,
            _ => false,
        }
    }

    fn record(&mut self, scope: &Scope, signal: &Word, with: &[(Word, tree::Operand)]) -> Option<ActionKind> {
        self.no_name_twice(with);
        let number = self.signal(signal, false)?;
        let kind = self.vocabulary.signal_type(number);
        if kind.builtin {
            let message = format!("touchline itself tells `{}`: it cannot be recorded", kind.name);
            let names: Vec<String> = self
                .vocabulary
                .signals
                .iter()
                .filter(|s| !s.builtin)
                .take(8)
                .map(|s| format!("`{}`", s.name))
                .collect();
            let help = format!("record a signal that the vocabulary declares: {}", listed(&names));
            self.report(Diagnostic::error(codes::BUILT_IN, signal.span, message).help(help));
            return None;
        }
        let fields: Vec<Option<(FieldNo, Operand)>> = with
            .iter()
            .map(|(name, value)| {
                let field = self.field(number, name)?;
                let ty = &self.vocabulary.signal_type(number).fields[field.index()].ty;
                let value = self.operand(scope, value, Beside::printed(Some(ty), &name.node))?;
                Some((field, value))
            })
            .collect();
        let complete = self.required_given(signal, number, with);
        let fields = fields.into_iter().collect::<Option<_>>()?;
        complete.then_some(ActionKind::Record { signal: number, fields })
    }

    /// Every field that a signal must have is given.
    fn required_given(&mut self, word: &Word, signal: SignalNo, with: &[(Word, tree::Operand)]) -> bool {
        let kind = self.vocabulary.signal_type(signal);
        let given = |name: &str| with.iter().any(|(word, _)| word.node == name);
        let missing: Vec<String> = kind.fields[kind.about.min(kind.fields.len())..]
            .iter()
            .filter(|field| !field.optional && !given(&field.name))
            .map(|field| format!("`{}`", field.name))
            .collect();
        if missing.is_empty() {
            return true;
        }
        let message = format!("`{}` needs {}", kind.name, listed(&missing));
        let first = missing[0].trim_matches('`').to_owned();
        let item = if with.is_empty() { format!("with {first} …") } else { format!(", {first} …") };
        self.report(Diagnostic::error(codes::FIELDS_MISSING, word.span, message).help(format!("add `{item}`")));
        false
    }
}
