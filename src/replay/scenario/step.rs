//! The steps of a scenario, one mapping each.

use jiff::Timestamp;

use crate::id::SignalId;
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{Span, Spanned};
use crate::lang::yaml::node::{Key, Node};
use crate::lang::yaml::read;
use crate::signal::Signal;
use crate::suggest::nearest;
use crate::value::{Str, Value};
use crate::vocabulary::{SignalNo, Type, builtin};

use super::{About, HumanVerb, Reader, Step, StepKind, moment, suggest, unknown_field};

/// Keys that say what a step is.
const VERBS: [&str; 12] = [
    "signal",
    "duplicate",
    "acknowledge",
    "close",
    "reopen",
    "contact",
    "silence",
    "facts",
    "fails",
    "reload",
    "restart",
    "expect",
];
/// Keys that say more of a step, with the step they belong to.
const MORE: [(&str, &str); 5] =
    [("with", "signal"), ("id", "signal"), ("times", "signal"), ("late", "signal"), ("until", "silence")];
/// What a silence of all rules names.
const EVERY_RULE: &str = "every rule";
/// All keys.
const KEYS: [&str; 18] = [
    "at",
    "signal",
    "with",
    "id",
    "times",
    "late",
    "duplicate",
    "acknowledge",
    "close",
    "reopen",
    "contact",
    "silence",
    "until",
    "facts",
    "fails",
    "reload",
    "restart",
    "expect",
];
/// One step sends at most as many signals.
const MOST_TIMES: usize = 10_000;

/// Tells whether a step of this verb has to say when.
fn takes_time(verb: &str) -> bool {
    !matches!(verb, "expect" | "reload" | "restart" | "fails" | "facts")
}

/// What the steps so far leave behind.
#[derive(Default)]
struct Before {
    clock: Option<Timestamp>,
    sent: Vec<Signal>,
    /// Signals that could not be read, by the id they were given: what names one of them is not told again.
    lost: Vec<Option<Str>>,
    /// Whether other rules may run than those of the playbook as it stands.
    reloaded: bool,
}

impl Before {
    fn lose(&mut self, step: &Node) {
        self.lost.push(step.get("id").and_then(Node::text).map(Str::from));
    }

    /// Tells whether an id may be that of a signal that could not be read.
    fn may_be_lost(&self, id: &str) -> bool {
        let counted = id.strip_prefix('s').and_then(|number| number.parse::<usize>().ok());
        self.lost.iter().any(|lost| match lost {
            Some(lost) => **lost == *id,
            None => counted.is_some_and(|number| (1..=self.sent.len() + self.lost.len()).contains(&number)),
        })
    }
}

impl Reader<'_> {
    pub(super) fn steps(&mut self, list: &Node) -> Option<Vec<Step>> {
        let nodes = self.keep(read::expect_list(list, "steps"))?.to_vec();
        let mut before = Before::default();
        let steps = nodes.iter().filter_map(|node| self.step(node, &mut before)).collect();
        Some(steps)
    }

    fn step(&mut self, node: &Node, before: &mut Before) -> Option<Step> {
        // The one step that says nothing but its name.
        if node.text() == Some("restart") {
            return Some(Step { span: node.span, at: None, kind: StepKind::Restart });
        }
        let entries = self.keep(read::expect_map(node, "a step"))?;
        self.known_keys(entries, &KEYS);
        let all_known = entries.iter().all(|(key, _)| KEYS.contains(&&*key.text));
        // A time that cannot be read hides nothing else of its step.
        let at = node.get("at").and_then(|at| self.moment("at", at));
        let has_time = node.get("at").is_some();
        self.goes_forward(at, node, before);
        let verbs: Vec<&(Key, Node)> = entries.iter().filter(|(key, _)| VERBS.contains(&&*key.text)).collect();
        if let [first, second, ..] = verbs[..] {
            let message = format!("`{}` and `{}` are two steps", first.0.text, second.0.text);
            let problem = Diagnostic::error(codes::STEP_SHAPE, second.0.span, message);
            self.say(problem.related(first.0.span, "the first").help("write each as a step of its own, with `- `"));
            return None;
        }
        let verb = verbs.first().map(|(key, _)| &*key.text);
        if all_known && (verb.is_some() || has_time) {
            self.belong(entries, verb);
        }
        let kind = match verbs.first() {
            Some((key, value)) => self.kind(key, value, node, at, before)?,
            None if has_time => StepKind::Time,
            None => {
                let message = "the step says neither when nor what";
                self.say(
                    Diagnostic::error(codes::STEP_SHAPE, node.span, message)
                        .help("write a time such as `at: Mon 2026-03-16 10:00`, a `signal`, or another of the steps"),
                );
                return None;
            }
        };
        let is_lost = at.is_none() && (has_time || verb.is_some_and(takes_time));
        (!is_lost).then_some(Step { span: node.span, at, kind })
    }

    /// Keys that say more of another step than this one would be passed over without a word.
    fn belong(&mut self, entries: &[(Key, Node)], verb: Option<&str>) {
        for (key, _) in entries {
            let of = MORE.iter().find(|(name, _)| *name == key.text).map(|(_, of)| *of);
            if let Some(of) = of.filter(|of| verb != Some(of)) {
                let message = format!("`{}` says more of a `{of}`, and this step has none", key.text);
                let help = format!("write it in the step with `{of}`, or leave it out");
                self.say(Diagnostic::error(codes::STEP_SHAPE, key.span, message).help(help));
            }
        }
    }

    fn moment(&mut self, what: &str, node: &Node) -> Option<Timestamp> {
        let text = self.keep(read::expect_text(node, what))?;
        let zone = self.zone.clone();
        self.keep(moment::read(text, node.span, &zone))
    }

    fn goes_forward(&mut self, at: Option<Timestamp>, node: &Node, before: &mut Before) {
        let Some(at) = at else { return };
        if let Some(clock) = before.clock.filter(|clock| *clock > at) {
            let span = node.get("at").map_or(node.span, |at| at.span);
            let earlier = crate::replay::words::instant(clock, &self.zone);
            let problem = Diagnostic::error(codes::STEP_BACK, span, format!("the step before is at {earlier}"));
            self.say(problem.help("time only goes forward; a signal that arrives late has `late: <when it happened>`"));
        }
        before.clock = before.clock.max(Some(at));
    }

    fn kind(
        &mut self,
        key: &Key,
        value: &Node,
        step: &Node,
        at: Option<Timestamp>,
        before: &mut Before,
    ) -> Option<StepKind> {
        if takes_time(&key.text) && step.get("at").is_none() {
            let help = format!("add `at: Mon 2026-03-16 10:00` in front of `{}`", key.text);
            self.say(Diagnostic::error(codes::STEP_SHAPE, key.span, "the step has no time").help(help));
        }
        Some(match &*key.text {
            "signal" => {
                let signals = self.signals(value, step, at, before);
                if signals.is_none() {
                    before.lose(step);
                }
                StepKind::Signals(signals?)
            }
            "duplicate" => StepKind::Signals(vec![self.duplicate(value, before)?]),
            "acknowledge" => self.human(HumanVerb::Acknowledge, value)?,
            "close" => self.human(HumanVerb::Close, value)?,
            "reopen" => self.human(HumanVerb::Reopen, value)?,
            "contact" => self.human(HumanVerb::Contact, value)?,
            "silence" => self.silence(value, step, at)?,
            "facts" => StepKind::Facts(self.facts(value)),
            "fails" => {
                let phrase = self.keep(read::expect_text(value, "fails"))?.to_owned();
                StepKind::Fails(Spanned { node: phrase, span: value.span })
            }
            "reload" => {
                before.reloaded = true;
                let file = self.keep(read::expect_text(value, "reload"))?.to_owned();
                StepKind::Reload(Spanned { node: file, span: value.span })
            }
            "restart" => StepKind::Restart,
            _ => StepKind::Expect(self.expectations(value, before.reloaded)),
        })
    }

    /// Reads the signals of a step, all of it before anything is given up. `at` is `None` where it could not be read.
    fn signals(&mut self, name: &Node, step: &Node, at: Option<Timestamp>, before: &mut Before) -> Option<Vec<Signal>> {
        let (kind, is_sound) = self.signal_kind(name)?;
        let fields = self.with(kind, name, step.get("with"));
        let at = match step.get("late") {
            Some(late) => self.happened(late, at),
            None => at,
        };
        let times = match step.get("times") {
            Some(times) => self.times(times),
            None => Some(1),
        };
        let given = match step.get("id") {
            Some(id) => Some(self.keep(read::expect_text(id, "id"))?.to_owned()),
            None => None,
        };
        let (fields, at, times) = (fields.filter(|_| is_sound)?, at?, times?);
        let mut signals = vec![];
        for time in 1..=times {
            let id: Str = match &given {
                Some(id) if times == 1 => id.as_str().into(),
                Some(id) => format!("{id}.{time}").into(),
                None => format!("s{}", before.sent.len() + 1).into(),
            };
            let signal = Signal { id: SignalId { source: "".into(), id }, kind, at, fields: fields.clone() };
            before.sent.push(signal.clone());
            signals.push(signal);
        }
        Some(signals)
    }

    /// Finds a kind of signal, or the one that is meant, and tells which of the two it is: the fields of a misspelt one are
    /// checked too.
    fn signal_kind(&mut self, node: &Node) -> Option<(SignalNo, bool)> {
        let name = self.keep(read::expect_text(node, "signal"))?;
        let vocabulary = self.rules.vocabulary.clone();
        if let Some(kind) = vocabulary.signal(name) {
            return Some((kind, true));
        }
        let known: Vec<&str> = vocabulary.signals.iter().map(|signal| &*signal.name).collect();
        let problem = Diagnostic::error(codes::SCENARIO_NAME, node.span, format!("unknown signal `{name}`"));
        let plural = vocabulary.plural(name);
        self.say(match plural {
            Some(kind) => problem.help(format!("write `{}`: one signal arrives", vocabulary.signal_type(kind).name)),
            None => problem.help(suggest(name, &known)),
        });
        let near = || nearest(name, known.iter().copied()).and_then(|near| vocabulary.signal(near));
        Some((plural.or_else(near)?, false))
    }

    /// Reads the fields of a signal; required ones must be there.
    fn with(&mut self, kind: SignalNo, name: &Node, with: Option<&Node>) -> Option<Vec<Value>> {
        let rules = self.rules;
        let kind = rules.vocabulary.signal_type(kind);
        let mut fields = vec![Value::Missing; kind.fields.len()];
        let entries = match with {
            Some(with) => self.keep(read::expect_map(with, "with"))?,
            None => &[],
        };
        let mut whole = true;
        for (key, value) in entries {
            let Some(field) = kind.field(&key.text) else {
                self.say(unknown_field(key, &kind.fields, "field"));
                whole = false;
                continue;
            };
            match self.value(&key.text, value, &kind.fields[field.index()]) {
                Some(value) => fields[field.index()] = value,
                None => whole = false,
            }
        }
        for (place, field) in kind.fields.iter().enumerate() {
            let may_lack = field.optional || place < kind.about || matches!(field.ty, Type::Thing(_));
            let given = entries.iter().any(|(key, _)| *key.text == *field.name);
            if !may_lack && !given {
                let span = with.map_or(name.span, |with| with.span);
                let message = format!("`{}` has no `{}`", kind.name, field.name);
                let help = format!("add `{}: …` to `with`, or declare it optional in the vocabulary", field.name);
                self.say(Diagnostic::error(codes::SCENARIO_VALUE, span, message).help(help));
                whole = false;
            }
        }
        whole.then_some(fields)
    }

    fn happened(&mut self, late: &Node, arrives: Option<Timestamp>) -> Option<Timestamp> {
        let happened = self.moment("late", late)?;
        let arrives = arrives?;
        if happened > arrives {
            let problem = Diagnostic::error(codes::STEP_BACK, late.span, "it happened after it arrives");
            self.say(problem.help("`at` is when it arrives, `late` when it happened"));
            return None;
        }
        Some(happened)
    }

    fn times(&mut self, node: &Node) -> Option<usize> {
        let text = self.keep(read::expect_text(node, "times"))?;
        match text.parse::<usize>() {
            Ok(times) if (1..=MOST_TIMES).contains(&times) => Some(times),
            _ => {
                let message = format!("`times` is a whole number from 1 to {MOST_TIMES}");
                self.say(
                    Diagnostic::error(codes::SCENARIO_VALUE, node.span, message)
                        .help("write `times: 5` for five signals, or leave it out for one"),
                );
                None
            }
        }
    }

    fn duplicate(&mut self, node: &Node, before: &Before) -> Option<Signal> {
        let id = self.keep(read::expect_text(node, "duplicate"))?;
        let found = before.sent.iter().find(|signal| &*signal.id.id == id);
        if found.is_none() && !before.may_be_lost(id) {
            let known: Vec<&str> = before.sent.iter().map(|signal| &*signal.id.id).collect();
            let problem = Diagnostic::error(codes::SCENARIO_NAME, node.span, format!("no signal `{id}` before this"));
            self.say(match known.is_empty() {
                true => problem.help("no signal has arrived yet"),
                false => problem.help(format!("{}; signals without an id are s1, s2, … in order", suggest(id, &known))),
            });
        }
        found.cloned()
    }

    /// Reads `silence: store_nps_drop` with its `until`, or `silence: every rule`.
    fn silence(&mut self, node: &Node, step: &Node, at: Option<Timestamp>) -> Option<StepKind> {
        let text = self.keep(read::expect_text(node, "silence"))?.trim().to_owned();
        let rule = match text.as_str() {
            EVERY_RULE => Some(None),
            name => self.rule(name, node.span).map(Some),
        };
        let Some(end) = step.get("until") else {
            let problem = Diagnostic::error(codes::STEP_SHAPE, node.span, "the silence has no end");
            self.say(problem.help("add `until: Mon 2026-03-16 18:00`: from then on it is sent again"));
            return None;
        };
        let until = self.moment("until", end)?;
        if until <= at? {
            let problem = Diagnostic::error(codes::STEP_BACK, end.span, "the silence is over before it begins");
            self.say(problem.help("`at` is when somebody asks for it, `until` when it ends"));
            return None;
        }
        Some(StepKind::Silence(rule?, until))
    }

    /// Reads `repeat_complaint for C1 and delivery`, or `customer C1`.
    fn human(&mut self, verb: HumanVerb, node: &Node) -> Option<StepKind> {
        let text = self.keep(read::expect_text(node, verb.word()))?;
        let customer = text.strip_prefix(builtin::CUSTOMER).and_then(|rest| rest.strip_prefix(' '));
        if let (HumanVerb::Contact, Some(customer)) = (verb, customer) {
            return Some(StepKind::Human(verb, About::Customer(customer.trim().into())));
        }
        let (name, values) = match text.split_once(" for ") {
            Some((name, values)) => (name.trim(), values.split(" and ").map(|value| value.trim().into()).collect()),
            None => (text.trim(), vec![]),
        };
        let rule = self.rule(name, node.span)?;
        let key = self.rules.rule(&rule).map_or(0, |rule| rule.key.len());
        if key > 0 && key != values.len() {
            self.say(key_problem(self.rules.rule(&rule)?, &values, node.span));
            return None;
        }
        Some(StepKind::Human(verb, About::Rule { rule, values }))
    }
}

fn key_problem(rule: &crate::ir::Rule, values: &[Str], span: Span) -> Diagnostic {
    let names: Vec<&str> = rule.key.iter().map(|part| &*part.name).collect();
    let message = match values.len() {
        0 => format!("`{}` is kept for each {}", rule.id.rule, names.join(" and ")),
        given => format!("the key of `{}` has {} parts, {given} given", rule.id.rule, names.len()),
    };
    let sample: Vec<String> = names.iter().map(|name| format!("<{name}>")).collect();
    Diagnostic::error(codes::SCENARIO_KEY, span, message).help(format!(
        "write `{} for {}`",
        rule.id.rule,
        sample.join(" and ")
    ))
}
