//! A playbook in YAML, in the one shape it has: block style, one key a line, quotes where they are needed.
//!
//! The keys stand in the order of the sentence. Left out: which signals have which plural, and where comments go (`page`).

use crate::lang::format::page::{Page, of};
use crate::lang::format::play::{
    by_key, difference, measured, merged, paths, recipient, schedule, side_word, span_of, word_of,
};
use crate::lang::format::{Forms, Keywords, sentence};
use crate::lang::source::Span;
use crate::lang::tree::{
    Action, ActionKind, Condition, ConditionKind, Enough, Guard, Length, MeasureTest, Operand, OperandKind, Path,
    Playbook, Rule, Side, Source, Step, Timing, Trigger, Word,
};
use crate::lang::yaml::plain;

/// Writes a playbook.
pub(super) fn playbook(playbook: &Playbook, forms: &Forms<'_>, keywords: &Keywords<'_>) -> Page {
    let mut writer = Writer { page: Page::default(), forms, keywords };
    writer.header(playbook);
    if let Some(first) = playbook.rules.first() {
        let from = writer.keywords.before(first.span.start, "rules");
        let from = from.unwrap_or_else(|| writer.keywords.with_comments(first.span.start));
        writer.page.line(0, "rules:", (from, from));
    }
    for (number, rule) in playbook.rules.iter().enumerate() {
        if number > 0 {
            writer.page.blank();
        }
        writer.rule(rule);
    }
    writer.page
}

struct Writer<'a> {
    page: Page,
    forms: &'a Forms<'a>,
    keywords: &'a Keywords<'a>,
}

impl Writer<'_> {
    fn header(&mut self, playbook: &Playbook) {
        let texts = [("title", &playbook.title), ("time_zone", &playbook.zone), ("owner", &playbook.owner)];
        if let Some(id) = &playbook.id {
            self.page.line(0, format!("playbook: {}", id.node), of(id.span));
        }
        for (key, value) in texts {
            if let Some(value) = value {
                self.page.line(0, format!("{key}: {}", text(&value.node)), of(value.span));
            }
            if let (Some(version), "title") = (&playbook.version, key) {
                self.page.line(0, format!("version: {}", leaf(&version.node)), of(version.span));
            }
        }
        if let Some(first) = playbook.defines.first() {
            let from = self.keywords.before(first.span.start, "define").unwrap_or(first.span.start);
            self.page.line(0, "define:", (from, from));
        }
        for define in &playbook.defines {
            self.condition(2, &define.name.node, &define.condition, define.name.span.start);
        }
        if let Some(first) = playbook.every_rule.first() {
            let from = self.keywords.before(first.span.start, "every_rule").unwrap_or(first.span.start);
            self.page.line(0, "every_rule:", (from, from));
            self.guards(&playbook.every_rule, false);
            self.guards(&playbook.every_rule, true);
        }
    }

    fn rule(&mut self, rule: &Rule) {
        self.page.line(0, format!("- id: {}", rule.id.node), of(rule.id.span));
        if let Some(title) = &rule.title {
            self.page.line(2, format!("title: {}", text(&title.node)), of(title.span));
        }
        if let Some(status) = &rule.status {
            self.page.line(2, format!("status: {}", word_of(status.node)), of(status.span));
        }
        let from = self.keywords.before(rule.when.span.start, "when").unwrap_or(rule.when.span.start);
        self.page.line(2, "when:", (from, from));
        self.when(&rule.when.node, rule.when.span);
        self.paths(2, "for_each", &rule.for_each);
        self.guards(&rule.guards, false);
        self.guards(&rule.guards, true);
        if let Some(check) = &rule.check {
            self.page.line(2, format!("check: {}", schedule(&check.node)), of(check.span));
        }
        if let Some(limit) = &rule.limit {
            let text = format!("once every {} per {}", sentence::length(&limit.every), paths(&limit.per));
            self.page.line(2, format!("at_most: {text}"), of(limit.span));
        }
        let from = rule.then.first().map_or(rule.span.end, |step| step.span.start);
        let from = self.keywords.before(from, "then").unwrap_or(from);
        self.page.line(2, "then:", (from, from));
        self.steps(2, &rule.then);
    }

    /// `only_if` or `unless`: one, or a list of them.
    fn guards(&mut self, guards: &[Guard], unless: bool) {
        let key = if unless { "unless" } else { "only_if" };
        let guards: Vec<_> = guards.iter().filter(|guard| guard.unless == unless).collect();
        if let [one] = guards[..] {
            let text = leaf(&sentence::condition(&one.condition));
            self.page.line(2, format!("{key}: {text}"), of(one.span));
            return;
        }
        for (number, guard) in guards.iter().enumerate() {
            if number == 0 {
                self.page.line(2, format!("{key}:"), (guard.span.start, guard.span.start));
            }
            self.page.line(2, format!("- {}", leaf(&sentence::condition(&guard.condition))), of(guard.condition.span));
        }
    }

    /// A condition under its key; the parts of an `and` are a list. `from` is where it begins.
    fn condition(&mut self, indent: usize, key: &str, condition: &Condition, from: u32) {
        match &condition.kind {
            ConditionKind::And(parts) => {
                self.page.line(indent, format!("{key}:"), (from, from));
                for part in parts {
                    self.page.line(indent, format!("- {}", leaf(&sentence::condition(part))), of(part.span));
                }
            }
            _ => {
                let text = leaf(&sentence::condition(condition));
                self.page.line(indent, format!("{key}: {text}"), (from.min(condition.span.start), condition.span.end));
            }
        }
    }

    fn filter(&mut self, key: &str, source: &Source) {
        if let Some(filter) = &source.filter {
            self.condition(4, key, filter, filter.span.start);
        }
    }

    fn paths(&mut self, indent: usize, key: &str, paths: &[Path]) {
        let (Some(first), Some(last)) = (paths.first(), paths.last()) else { return };
        let words: Vec<String> = paths.iter().map(sentence::path).collect();
        let value = if words.len() == 1 { words[0].clone() } else { format!("[{}]", words.join(", ")) };
        self.page.line(indent, format!("{key}: {value}"), of(first.span.to(last.span)));
    }

    fn entry(&mut self, key: &str, value: &str, span: Span) {
        self.page.line(4, format!("{key}: {}", leaf(value)), of(span));
    }

    fn when(&mut self, trigger: &Trigger, span: Span) {
        match trigger {
            Trigger::Each(source) => {
                self.entry("signal", &source.signal.node, source.signal.span);
                self.filter("where", source);
            }
            Trigger::Reading { source, field, side, line, stays_for, clears } => {
                let span = source.signal.span.to(field.span);
                self.entry("reading", &format!("{}.{}", source.signal.node, field.node), span);
                let verb = if stays_for.is_some() { "stays" } else { "goes" };
                self.entry(&format!("{verb}_{}", side_word(*side)), &sentence::operand(line), line.span);
                if let Some(length) = stays_for {
                    self.entry("for", &sentence::length(length), length.span);
                }
                self.filter("where", source);
                if let Some((side, line)) = clears {
                    self.entry(&format!("clears_{}", side_word(side.node)), &sentence::operand(line), line.span);
                }
            }
            Trigger::Count { at_least, source, different, same, within } => {
                self.entry("at_least", &at_least.node.to_string(), at_least.span);
                let signal = (self.forms.singular)(&source.signal.node);
                self.entry("signal", &signal, source.signal.span);
                self.filter("where", source);
                if let Some(field) = different {
                    self.entry("different", &field.node, field.span);
                }
                self.same_within(same, within);
            }
            Trigger::Sequence { first, then, same, within } => self.pair("followed_by", first, then, same, within),
            Trigger::Absence { first, then, same, within } => self.pair("not_followed_by", first, then, same, within),
            Trigger::Measure { measure, over, test, enough } => {
                self.page.line(4, format!("measure: {}", leaf(&measured(measure))), span_of(measure));
                self.filter("where", &measure.source);
                self.entry("over_last", &sentence::length(over), over.span);
                self.test(test);
                self.enough(enough.as_ref());
            }
            Trigger::Schedule(when) => {
                let text = schedule(when);
                self.entry("every", text.strip_prefix("every ").unwrap_or(&text), span);
            }
        }
    }

    fn pair(&mut self, mark: &str, first: &Source, then: &Source, same: &[Path], within: &Length) {
        self.entry("signal", &first.signal.node, first.signal.span);
        self.filter("where", first);
        self.entry(mark, &then.signal.node, then.signal.span);
        self.filter(&format!("{mark}_where"), then);
        self.same_within(same, within);
    }

    fn same_within(&mut self, same: &[Path], within: &Length) {
        self.paths(4, "same", same);
        self.entry("within", &sentence::length(within), within.span);
    }

    fn test(&mut self, test: &MeasureTest) {
        match test {
            MeasureTest::Level(predicate) => {
                let text = sentence::predicate(&predicate.node);
                self.entry("is", text.strip_prefix("is ").unwrap_or(&text), predicate.span);
            }
            MeasureTest::Previous { op, by, unit, side, before } => {
                let key = if side.node == Side::Over { "above_previous" } else { "below_previous" };
                self.entry(key, &sentence::length(before), before.span);
                self.entry(by_key(op.node), &difference(by.node, unit.node), by.span);
            }
        }
    }

    fn enough(&mut self, enough: Option<&Enough>) {
        let Some(enough) = enough else { return };
        self.page.line(4, "enough:", (enough.span.start, enough.span.start));
        let signal = (self.forms.singular)(&enough.signal.node);
        self.page.line(6, format!("signal: {signal}"), of(enough.signal.span));
        self.page.line(6, format!("at_least: {}", enough.at_least.node), of(enough.at_least.span));
        if enough.both_periods {
            self.page.line(6, "in: both periods", (enough.span.end, enough.span.end));
        }
    }

    /// Actions, one mapping each; the actions of one timing each say it.
    fn steps(&mut self, indent: usize, steps: &[Step]) {
        for (timing, actions) in merged(steps) {
            for (number, action) in actions.into_iter().enumerate() {
                let mut entry = Entry { indent, begun: false };
                if let Some(timing) = timing {
                    let from = if number == 0 { timing.span.start } else { action.span.start };
                    self.timing(&mut entry, timing, from);
                }
                self.action(&mut entry, action);
            }
        }
    }

    fn put(&mut self, entry: &mut Entry, key: &str, value: &str, span: (u32, u32)) {
        let dash = if std::mem::replace(&mut entry.begun, true) { "  " } else { "- " };
        let space = if value.is_empty() { "" } else { " " };
        self.page.line(entry.indent, format!("{dash}{key}:{space}{value}"), span);
    }

    fn timing(&mut self, entry: &mut Entry, timing: &Timing, from: u32) {
        if let Some(length) = &timing.after {
            self.put(entry, "after", &leaf(&sentence::length(length)), (from, from));
        }
        if let Some(time) = &timing.at {
            self.put(entry, "at", &format!("\"{}\"", time.node.strftime("%H:%M")), (from, from));
        }
        if let Some(calendar) = &timing.during {
            self.put(entry, "during", &calendar.node, (from, from));
        }
    }

    fn action(&mut self, entry: &mut Entry, action: &Action) {
        let at = (action.span.start, action.span.start);
        match &action.kind {
            ActionKind::Alert { role, of: place, saying } => {
                self.put(entry, "alert", &recipient(role, place.as_ref()), of(role.span));
                if let Some(saying) = saying {
                    self.put(entry, "saying", &text(&saying.node), of(saying.span));
                }
            }
            ActionKind::Email { who, template, language, with } => {
                self.put(entry, "email", &sentence::path(who), of(who.span));
                self.put(entry, "using", &text(&template.node), of(template.span));
                if let Some(language) = language {
                    self.put(entry, "in", &leaf(&sentence::operand(language)), of(language.span));
                }
                self.with(entry, with);
            }
            ActionKind::OpenCase { of: about, with } => {
                let about = about.as_ref().map(sentence::path).unwrap_or_default();
                self.put(entry, "open_case", &about, at);
                self.with(entry, with);
            }
            ActionKind::Escalate { until, ladder } => {
                self.put(entry, "escalate", "", at);
                let words: Vec<&str> = until.iter().map(|word| &*word.node).collect();
                let span = until.first().map_or(at, |word| of(word.span));
                let value = if words.len() == 1 { words[0].to_owned() } else { format!("[{}]", words.join(", ")) };
                self.page.line(entry.indent + 4, format!("until: {value}"), span);
                let from = ladder.first().map_or(span.1, |step| step.span.start);
                let from = self.keywords.before(from, "ladder").unwrap_or(from);
                self.page.line(entry.indent + 4, "ladder:", (from, from));
                self.steps(entry.indent + 4, ladder);
            }
            ActionKind::Post { endpoint, with } => {
                self.put(entry, "post_to", &text(&endpoint.node), of(endpoint.span));
                self.with(entry, with);
            }
            ActionKind::Set { fact, to } => {
                self.put(entry, "set", &sentence::path(fact), of(fact.span));
                self.put(entry, "to", &leaf(&sentence::operand(to)), of(to.span));
            }
            ActionKind::Record { signal, with } => {
                self.put(entry, "record", &signal.node, of(signal.span));
                self.with(entry, with);
            }
        }
    }

    fn with(&mut self, entry: &mut Entry, with: &[(Word, Operand)]) {
        let Some((first, _)) = with.first() else { return };
        let from = self.keywords.before(first.span.start, "with").unwrap_or(first.span.start);
        self.put(entry, "with", "", (from, from));
        for (name, value) in with {
            let value_text = match &value.kind {
                OperandKind::Text(written) if written.starts_with('=') => text(&format!("={written}")),
                OperandKind::Text(written) => text(written),
                _ => leaf(&format!("={}", sentence::operand(value))),
            };
            self.page.line(entry.indent + 4, format!("{}: {value_text}", name.node), of(name.span.to(value.span)));
        }
    }
}

/// A mapping in a list, whose first key has the dash.
struct Entry {
    indent: usize,
    begun: bool,
}

/// A text: plain where every reader of YAML takes it for a text, otherwise in double quotes.
fn text(text: &str) -> String {
    // In the middle of an address an `@` is a letter like any other.
    let like = text.replace('@', "a");
    if !text.starts_with('@') && plain::to_plain(&like) == like { text.to_owned() } else { plain::double_quoted(text) }
}

/// A sentence: plain where YAML leaves it whole, otherwise in single quotes.
fn leaf(sentence: &str) -> String {
    let begins = sentence.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '=');
    let clock = sentence.starts_with(|c: char| c.is_ascii_digit()) && sentence.contains([':', '-']);
    let cut = sentence.contains(": ") || sentence.contains(" #") || sentence.ends_with([':', ' ']);
    let typed = matches!(sentence, "yes" | "no" | "true" | "false" | "on" | "off" | "null" | "y" | "n");
    let odd = sentence.chars().any(|c| c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}'));
    match () {
        () if odd => plain::double_quoted(sentence),
        () if begins && !clock && !cut && !typed => sentence.to_owned(),
        () => format!("'{}'", sentence.replace('\'', "''")),
    }
}
