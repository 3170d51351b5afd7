//! A playbook in the DSL, in the one shape it has.
//!
//! Every clause has a line of its own; conditions of several parts have one a part. Indentation is two blanks a level. Left
//! out: which signals have which plural (whoever converts from YAML brings that along) and where comments go (`page`).

use crate::lang::format::page::{Page, of};
use crate::lang::format::{Forms, Keywords, same_timing, sentence};
use crate::lang::source::Span;
use crate::lang::tree::{
    Action, ActionKind, Condition, ConditionKind, Define, DifferenceUnit, Enough, Guard, Length, Measure, MeasureTest,
    Operand, Order, Path, Playbook, Rule, Schedule, Side, Source, Status, Step, Text, Timing, Trigger, Word,
};
use crate::number::Number;

/// The width above which `with …` gets a line of its own.
const WIDTH: usize = 110;

/// Writes a playbook.
pub(super) fn playbook(playbook: &Playbook, forms: &Forms<'_>, keywords: &Keywords<'_>) -> Page {
    let mut writer = Writer { page: Page::default(), forms, keywords };
    writer.header(playbook);
    for define in &playbook.defines {
        writer.define(define);
    }
    writer.every_rule(&playbook.every_rule);
    for rule in &playbook.rules {
        writer.rule(rule);
    }
    writer.page
}

struct Writer<'a> {
    page: Page,
    forms: &'a Forms<'a>,
    keywords: &'a Keywords<'a>,
}

/// Where the lines of an action stand.
#[derive(Clone, Copy)]
struct Place {
    /// The line with the verb.
    line: usize,
    /// What belongs to it.
    inner: usize,
}

impl Writer<'_> {
    fn header(&mut self, playbook: &Playbook) {
        let Some(id) = &playbook.id else { return };
        let title = playbook.title.as_ref();
        let mut line =
            format!("playbook {} {}", id.node, sentence::quoted(title.map_or(&*id.node, |title| &title.node)));
        let mut span = title.map_or(id.span, |title| id.span.to(title.span));
        if let Some(version) = &playbook.version {
            line += &format!(" version {}", version.node);
            span = span.to(version.span);
        }
        self.page.line(0, line, of(span));
        for (word, text) in [("time zone", &playbook.zone), ("owner", &playbook.owner)] {
            if let Some(text) = text {
                self.page.line(0, format!("{word} {}", sentence::quoted(&text.node)), of(text.span));
            }
        }
        self.page.blank();
    }

    fn define(&mut self, define: &Define) {
        let head = format!("define {} as ", define.name.node);
        self.condition(0, &head, &define.condition, define.name.span.start);
    }

    fn every_rule(&mut self, guards: &[Guard]) {
        let Some(first) = guards.first() else { return };
        self.page.blank();
        let from = self.keywords.before(first.span.start, "rule").and_then(|at| self.keywords.before(at, "every"));
        let from = from.unwrap_or(first.span.start);
        self.page.line(0, "every rule:".to_owned(), (from, from));
        for Guard { unless, condition, .. } in guards {
            self.condition(2, if *unless { "unless " } else { "only if " }, condition, condition.span.start);
        }
        self.page.blank();
    }

    fn rule(&mut self, rule: &Rule) {
        self.page.blank();
        let title = rule.title.as_ref();
        let text = sentence::quoted(title.map_or(&*rule.id.node, |title| &title.node));
        let span = title.map_or(rule.id.span, |title| rule.id.span.to(title.span));
        self.page.line(0, format!("rule {} {text}", rule.id.node), of(span));
        if let Some(status) = &rule.status {
            self.page.line(2, format!("status {}", word_of(status.node)), of(status.span));
        }
        self.when(&rule.when.node, rule.when.span);
        if let Some((first, last)) = ends(&rule.for_each) {
            self.page.line(2, format!("for each {}", paths(&rule.for_each)), of(first.to(last)));
        }
        for Guard { unless, condition, .. } in &rule.guards {
            self.condition(2, if *unless { "unless " } else { "only if " }, condition, condition.span.start);
        }
        if let Some(check) = &rule.check {
            self.page.line(2, format!("check {}", schedule(&check.node)), of(check.span));
        }
        if let Some(limit) = &rule.limit {
            let every = sentence::length(&limit.every);
            self.page.line(2, format!("at most once every {every} per {}", paths(&limit.per)), of(limit.span));
        }
        self.then(&rule.then);
        self.page.blank();
    }

    /// A condition behind its key word; each part of an `and` or an `or` has its line. `from` is where the clause begins.
    fn condition(&mut self, indent: usize, head: &str, condition: &Condition, from: u32) {
        let (parts, word) = match &condition.kind {
            ConditionKind::And(parts) => (&parts[..], "and"),
            ConditionKind::Or(parts) => (&parts[..], "or"),
            _ => (std::slice::from_ref(condition), ""),
        };
        for (number, part) in parts.iter().enumerate() {
            let text = sentence::condition(part);
            match number {
                0 => self.page.line(indent, format!("{head}{text}"), (from.min(part.span.start), part.span.end)),
                _ => self.page.line(indent + 2, format!("{word} {text}"), of(part.span)),
            }
        }
    }

    fn filter(&mut self, indent: usize, source: &Source) {
        if let Some(filter) = &source.filter {
            self.condition(indent, "where ", filter, filter.span.start);
        }
    }

    fn when(&mut self, trigger: &Trigger, span: Span) {
        match trigger {
            Trigger::Each(source) => {
                self.page.line(2, format!("when {}", source.signal.node), of(source.signal.span));
                self.filter(4, source);
            }
            Trigger::Reading { source, field, side, line, stays_for, clears } => {
                let verb = if stays_for.is_some() { "stays" } else { "goes" };
                let words = side_word(*side);
                let mut text =
                    format!("when {}.{} {verb} {words} {}", source.signal.node, field.node, sentence::operand(line));
                if let Some(length) = stays_for {
                    text += &format!(" for {}", sentence::length(length));
                }
                self.page.line(2, text, of(source.signal.span.to(field.span)));
                self.filter(4, source);
                if let Some((side, line)) = clears {
                    let text = format!("clears {} {}", side_word(side.node), sentence::operand(line));
                    self.page.line(4, text, of(line.span));
                }
            }
            Trigger::Count { at_least, source, different, same, within } => {
                let signal = (self.forms.plural)(&source.signal.node);
                self.page.line(
                    2,
                    format!("when {} or more {signal}", at_least.node),
                    of(at_least.span.to(source.signal.span)),
                );
                self.filter(4, source);
                if let Some(field) = different {
                    self.page.line(4, format!("with different {}", field.node), of(field.span));
                }
                self.same_within(same, within);
            }
            Trigger::Sequence { first, then, same, within } => self.pair("followed by", first, then, same, within),
            Trigger::Absence { first, then, same, within } => self.pair("not followed by", first, then, same, within),
            Trigger::Measure { measure, over, test, enough } => self.measure(measure, over, test, enough.as_ref()),
            Trigger::Schedule(when) => self.page.line(2, format!("when {}", schedule(when)), of(span)),
        }
    }

    fn pair(&mut self, words: &str, first: &Source, then: &Source, same: &[Path], within: &Length) {
        self.page.line(2, format!("when {}", first.signal.node), of(first.signal.span));
        self.filter(4, first);
        self.page.line(4, format!("{words} {}", then.signal.node), of(then.signal.span));
        self.filter(6, then);
        self.same_within(same, within);
    }

    fn same_within(&mut self, same: &[Path], within: &Length) {
        if let Some((first, last)) = ends(same) {
            self.page.line(4, format!("for the same {}", paths(same)), of(first.to(last)));
        }
        self.page.line(4, format!("within {}", sentence::length(within)), of(within.span));
    }

    fn measure(&mut self, measure: &Measure, over: &Length, test: &MeasureTest, enough: Option<&Enough>) {
        self.page.line(2, format!("when {}", measured(measure)), span_of(measure));
        self.filter(4, &measure.source);
        self.page.line(4, format!("over the last {}", sentence::length(over)), of(over.span));
        match test {
            MeasureTest::Level(predicate) => {
                self.page.line(4, sentence::predicate(&predicate.node), of(predicate.span));
            }
            MeasureTest::Previous { op, by, unit, side, before } => {
                let words = if side.node == Side::Over { "above" } else { "below" };
                let (order, by_text) = (sentence::order(op.node), difference(by.node, unit.node));
                let text = format!("is {order} {by_text} {words} the {} before", sentence::length(before));
                self.page.line(4, text, of(by.span.to(before.span)));
            }
        }
        if let Some(enough) = enough {
            let signal = (self.forms.plural)(&enough.signal.node);
            let both = if enough.both_periods { " in both periods" } else { "" };
            self.page.line(4, format!("with at least {} {signal}{both}", enough.at_least.node), of(enough.span));
        }
    }

    fn then(&mut self, steps: &[Step]) {
        let steps = merged(steps);
        let single = steps.len() == 1;
        for (number, (timing, actions)) in steps.iter().enumerate() {
            let begins = actions.first().map_or(0, |action| action.span.start);
            match timing {
                Some(timing) => {
                    let (indent, word) = if number == 0 { (2, "then ") } else { (4, "and ") };
                    self.page.line(indent, format!("{word}{}:", timing_text(timing)), of(timing.span));
                    let line = if single { 4 } else { 6 };
                    self.actions(actions, line);
                }
                None => {
                    let alone = single && actions.len() == 1;
                    let inner = if alone { 4 } else { 6 };
                    let from = self.keywords.before(begins, "then").unwrap_or(begins);
                    for (place, action) in actions.iter().enumerate() {
                        match place {
                            0 => self.action("then ", Place { line: 2, inner }, action, from),
                            _ => self.action("and ", Place { line: 4, inner }, action, action.span.start),
                        }
                    }
                }
            }
        }
    }

    /// The actions of a timing: each on lines of its own, `line` deep.
    fn actions(&mut self, actions: &[&Action], line: usize) {
        for (number, action) in actions.iter().enumerate() {
            let word = if number == 0 { "" } else { "and " };
            self.action(word, Place { line, inner: line + 2 }, action, action.span.start);
        }
    }

    fn action(&mut self, word: &str, place: Place, action: &Action, from: u32) {
        let (mut text, with, saying, ladder) = action_text(&action.kind);
        if !with.is_empty() && place.line + word.len() + text.chars().count() + with.chars().count() < WIDTH {
            text += " ";
            text += &with;
        }
        let broken = !with.is_empty() && !text.ends_with(&with);
        let end = match &action.kind {
            ActionKind::Escalate { until, .. } => until.last().map_or(from, |until| until.span.end),
            ActionKind::Alert { role, of, .. } => of.as_ref().map_or(role.span.end, |of| of.span.end),
            _ if broken => from,
            _ => action.span.end,
        };
        self.page.line(place.line, format!("{word}{text}"), (from, end));
        if broken {
            let begins = with_span(&action.kind).unwrap_or(action.span.end);
            self.page.line(place.inner, with, (begins, action.span.end));
        }
        if let Some(saying) = saying {
            self.page.line(place.inner, format!("saying {}", sentence::quoted(&saying.node)), of(saying.span));
        }
        if let Some(steps) = ladder {
            self.ladder(steps, place.inner);
        }
    }

    fn ladder(&mut self, steps: &[Step], indent: usize) {
        for (timing, actions) in merged(steps) {
            let begins = actions.first().map_or(0, |action| action.span.start);
            match timing {
                Some(timing) => self.page.line(indent, format!("{}:", timing_text(timing)), of(timing.span)),
                None => {
                    let from = self.keywords.before(begins, "now").unwrap_or(begins);
                    self.page.line(indent, "now:", (from, from));
                }
            }
            self.actions(&actions, indent + 2);
        }
    }
}

/// Steps of one timing that stand one behind the other are one step.
pub(super) fn merged(steps: &[Step]) -> Vec<(Option<&Timing>, Vec<&Action>)> {
    let mut all: Vec<(Option<&Timing>, Vec<&Action>)> = Vec::new();
    for step in steps {
        let timing = step.timing.as_ref();
        match all.last_mut() {
            Some((last, actions)) if same_timing(*last, timing) => actions.extend(&step.actions),
            _ => all.push((timing, step.actions.iter().collect())),
        }
    }
    all
}

/// A verb with what stands on its line; `with …`; `saying …`; and the ladder it starts.
type ActionText<'a> = (String, String, Option<&'a Text>, Option<&'a [Step]>);

fn action_text(kind: &ActionKind) -> ActionText<'_> {
    match kind {
        ActionKind::Alert { role, of, saying } => {
            (format!("alert {}", recipient(role, of.as_ref())), String::new(), saying.as_ref(), None)
        }
        ActionKind::Email { who, template, language, with } => {
            let language = language.as_ref().map(|language| format!(" in {}", sentence::operand(language)));
            let template = sentence::quoted(&template.node);
            let text = format!("email {} using {template}{}", sentence::path(who), language.unwrap_or_default());
            (text, with_text(with), None, None)
        }
        ActionKind::OpenCase { of, with } => {
            let about = of.as_ref().map(|of| format!(" for {}", sentence::path(of))).unwrap_or_default();
            (format!("open case{about}"), with_text(with), None, None)
        }
        ActionKind::Escalate { until, ladder } => {
            let until: Vec<&str> = until.iter().map(|word| &*word.node).collect();
            (format!("escalate until {}", until.join(" or ")), String::new(), None, Some(ladder))
        }
        ActionKind::Post { endpoint, with } => {
            (format!("post to {}", sentence::quoted(&endpoint.node)), with_text(with), None, None)
        }
        ActionKind::Set { fact, to } => {
            let text = format!("set {} to {}", sentence::path(fact), sentence::operand(to));
            (text, String::new(), None, None)
        }
        ActionKind::Record { signal, with } => (format!("record {}", signal.node), with_text(with), None, None),
    }
}

/// Returns where the values behind `with` begin.
fn with_span(kind: &ActionKind) -> Option<u32> {
    match kind {
        ActionKind::Email { with, .. }
        | ActionKind::OpenCase { with, .. }
        | ActionKind::Post { with, .. }
        | ActionKind::Record { with, .. } => with.first().map(|(name, _)| name.span.start),
        ActionKind::Alert { .. } | ActionKind::Escalate { .. } | ActionKind::Set { .. } => None,
    }
}

fn with_text(with: &[(Word, Operand)]) -> String {
    if with.is_empty() {
        return String::new();
    }
    let items: Vec<String> =
        with.iter().map(|(name, value)| format!("{} {}", name.node, sentence::operand(value))).collect();
    format!("with {}", items.join(", "))
}

/// `manager of store`
pub(super) fn recipient(role: &Word, of: Option<&Path>) -> String {
    match of {
        Some(of) => format!("{} of {}", role.node, sentence::path(of)),
        None => role.node.clone(),
    }
}

fn timing_text(timing: &Timing) -> String {
    let after = timing.after.as_ref().map(|length| format!("after {}", sentence::length(length)));
    let at = timing.at.as_ref().map(|time| format!("at {}", time.node.strftime("%H:%M")));
    let during = timing.during.as_ref().map(|calendar| format!("during {}", calendar.node));
    [after, at, during].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Where a measure stands, without its `where`.
pub(super) fn span_of(measure: &Measure) -> (u32, u32) {
    let last = measure.second.as_ref().or(measure.field.as_ref()).unwrap_or(&measure.source.signal);
    (measure.span.start, last.span.end)
}

/// `nps of survey_response.score`, without its `where`.
pub(super) fn measured(measure: &Measure) -> String {
    let signal = &measure.source.signal.node;
    let field = measure.field.as_ref().map(|field| format!("{signal}.{}", field.node));
    let of = field.clone().unwrap_or_else(|| signal.clone());
    match &measure.second {
        Some(second) => format!("gap between {of} and {signal}.{}", second.node),
        None => format!("{} of {of}", measure.kind.node.word()),
    }
}

/// `15 points`, `1 point`, `20 percent`
pub(super) fn difference(by: Number, unit: DifferenceUnit) -> String {
    match unit {
        DifferenceUnit::Percent => format!("{by} percent"),
        DifferenceUnit::Points if by == Number::from_whole(1) => format!("{by} point"),
        DifferenceUnit::Points => format!("{by} points"),
    }
}

/// `every Monday and Thursday at 08:00`
pub(super) fn schedule(schedule: &Schedule) -> String {
    const NAMES: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let days = match schedule.days {
        [true, true, true, true, true, true, true] => "day".to_owned(),
        [true, true, true, true, true, false, false] => "weekday".to_owned(),
        days => listed(
            &NAMES.iter().zip(days).filter(|(_, on)| *on).map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>(),
        ),
    };
    let times: Vec<String> = schedule.times.iter().map(|time| time.node.strftime("%H:%M").to_string()).collect();
    format!("every {days} at {}", listed(&times))
}

/// `a, b and c`
fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// `customer and topic`
pub(super) fn paths(paths: &[Path]) -> String {
    paths.iter().map(sentence::path).collect::<Vec<_>>().join(" and ")
}

fn ends(paths: &[Path]) -> Option<(Span, Span)> {
    Some((paths.first()?.span, paths.last()?.span))
}

pub(super) fn side_word(side: Side) -> &'static str {
    if side == Side::Over { "over" } else { "under" }
}

pub(super) fn word_of(status: Status) -> &'static str {
    match status {
        Status::Live => "live",
        Status::Shadow => "shadow",
        Status::Paused => "paused",
    }
}

/// `by_at_least` or `by_more_than`.
pub(super) fn by_key(order: Order) -> &'static str {
    if order == Order::AtLeast { "by_at_least" } else { "by_more_than" }
}
