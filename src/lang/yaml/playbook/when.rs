//! `when`: the eight trigger shapes, told apart by their keys.

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::play;
use crate::lang::source::{Span, Spanned};
use crate::lang::tree::{
    Condition, Enough, Length, Measure, MeasureTest, Order, Path, Schedule, Side, Source, Trigger,
};
use crate::lang::unread::Unread;
use crate::lang::yaml::node::{Key, Node};
use crate::lang::yaml::read;

use super::as_meant;
use super::keys::{self, SHAPES, Shape};
use super::leaf::Reader;

impl Reader<'_> {
    /// Reads `when`; what could not be read of it is a stand-in.
    pub(super) fn when(&mut self, node: &Node) -> Spanned<Trigger> {
        if let Some(scalar) = node.scalar().filter(|scalar| !scalar.text.is_empty()) {
            let problem = Diagnostic::error(codes::YAML_WRONG_KIND, node.span, "`when` is a single value, it has to be a mapping")
                .help("in YAML its parts have keys: `when: {signal: …, where: …}`; the whole sentence goes into a `.play` file");
            self.problem(problem);
            let sentence = play::trigger(&scalar.slice(self.file)).sound();
            return sentence.unwrap_or_else(|| self.hole(node.span));
        }
        if self.map(node, "when").is_none() {
            return self.hole(node.span);
        }
        let measure = SHAPES.iter().find(|shape| shape.mark == "measure");
        let own = measure.map_or(&[][..], |shape| shape.keys);
        let node = &*self.gathered(node, "enough", own, |key| keys::ENOUGH.contains(&key));
        let entries = node.map().unwrap_or_default();
        let all: Vec<&str> = SHAPES.iter().flat_map(|shape| shape.keys.iter().copied().chain([shape.mark])).collect();
        let meant = as_meant(node, &all);
        let Some(shape) = SHAPES.iter().find(|shape| meant.get(shape.mark).is_some()) else {
            self.no_shape(node, entries, &all);
            return self.hole(node.span);
        };
        self.check_shape(entries, shape);
        let node = &*meant;
        let trigger = match shape.mark {
            "every" => Trigger::Schedule(
                self.valued(node, "every", |reader, value| reader.schedule(value, "every", "every ").node),
            ),
            "measure" => self.measure(node),
            "reading" => self.reading(node),
            "at_least" => self.count(node),
            "signal" => Trigger::Each(self.source(node, "signal", "where")),
            mark => self.pair(node, mark),
        };
        Spanned { node: trigger, span: node.span }
    }

    /// Reads the value of a key; a stand-in where it is not there.
    fn valued<T: Unread>(&mut self, node: &Node, key: &str, read: impl FnOnce(&mut Self, &Node) -> T) -> T {
        match node.get(key) {
            Some(value) => read(self, value),
            None => self.missing(node),
        }
    }

    fn no_shape(&mut self, node: &Node, entries: &[(Key, Node)], all: &[&str]) {
        let marks: Vec<&str> = SHAPES.iter().rev().map(|shape| shape.mark).collect();
        let before = self.errors;
        self.check_keys(entries, all);
        if self.errors == before {
            let message = "`when` does not say what it waits for";
            let help = format!("it needs one of {}", read::quoted_list(&marks));
            self.problem(Diagnostic::error(codes::YAML_SHAPE, node.span, message).help(help));
        }
    }

    /// Notes keys that do not belong to a shape.
    fn check_shape(&mut self, entries: &[(Key, Node)], shape: &Shape) {
        let own: Vec<&str> = std::iter::once(shape.mark).chain(shape.keys.iter().copied()).collect();
        let of_another =
            |key: &str| SHAPES.iter().filter(|s| s.mark != shape.mark).find(|s| s.mark == key || s.keys.contains(&key));
        let (mixed, rest): (Vec<_>, Vec<_>) = entries
            .iter()
            .filter(|(key, _)| !own.contains(&key.text.as_str()))
            .partition(|(key, _)| of_another(&key.text).is_some());
        for (key, _) in mixed {
            let Some(other) = of_another(&key.text) else { continue };
            let message = format!("`{}` does not go with `{}`", key.text, shape.mark);
            let place = entries.iter().find(|(key, _)| key.text == shape.mark).map(|(key, _)| key.span);
            let mut problem = Diagnostic::error(codes::YAML_SHAPE, key.span, message)
                .label(format!("a key of {}", other.name))
                .help(format!(
                    "`{}` goes with {}; beside `{}` there may be {}",
                    key.text,
                    read::quoted_list(&marks_with(&key.text)),
                    shape.mark,
                    read::quoted_list(shape.keys)
                ));
            if marks_with(&key.text).is_empty() {
                problem = problem.help(format!("keep one of the two: with `{}` it is {}", key.text, other.name));
            }
            if shape.keys.is_empty() {
                problem = problem.help(format!("`{}` stands alone", shape.mark));
            }
            if let Some(place) = place {
                problem = problem.related(place, format!("this makes it {}", shape.name));
            }
            self.problem(problem);
        }
        for (key, value) in rest {
            self.check_keys(std::slice::from_ref(&(key.clone(), value.clone())), &own);
        }
    }

    /// Reads a schedule that may lack its first word.
    pub(super) fn schedule(&mut self, node: &Node, what: &str, prefix: &str) -> Spanned<Schedule> {
        Spanned { node: self.sentence(node, what, [prefix, ""], play::schedule), span: node.span }
    }

    fn filter(&mut self, node: &Node, key: &str) -> Option<Condition> {
        node.get(key).map(|value| self.condition(value, key))
    }

    /// Reads a signal with its condition.
    fn source(&mut self, node: &Node, signal: &str, filter: &str) -> Source {
        let filter = self.filter(node, filter);
        if node.get(signal).is_none() {
            let message = format!("`when` has no `{signal}`");
            self.needed(node, signal, codes::YAML_MISSING_KEY, &message, &format!("add `{signal}: …`"));
        }
        let signal = self.valued(node, signal, |reader, value| match value.list() {
            Some([one, other, ..]) => {
                let [one, other] = [one, other].map(|node| node.text().unwrap_or("…"));
                let help = format!("write `{signal}: {one}`; for `{other}` write a second rule");
                let problem = Diagnostic::error(codes::YAML_WRONG_KIND, value.span, "a rule waits for one signal");
                reader.problem(problem.help(help));
                reader.hole(value.span)
            }
            _ => reader.leaf(value, signal, play::word),
        });
        Source { signal, filter }
    }

    fn within(&mut self, node: &Node, shape: &str) -> Length {
        if node.get("within").is_none() {
            let message = format!("{shape} does not say within what time");
            self.needed(node, "within", codes::NO_WITHIN, &message, "add `within: 14 days`");
        }
        self.valued(node, "within", |reader, value| reader.leaf(value, "within", play::length))
    }

    fn same(&mut self, node: &Node, shape: &str) -> Vec<Path> {
        if node.get("same").is_none() {
            let message = format!("{shape} does not say for the same what");
            self.needed(node, "same", codes::NO_KEY, &message, "add `same: customer`");
        }
        self.valued(node, "same", |reader, value| reader.paths(value, "same"))
    }

    fn count(&mut self, node: &Node) -> Trigger {
        let at_least = self.valued(node, "at_least", |reader, value| reader.leaf(value, "at_least", play::whole));
        let source = self.source(node, "signal", "where");
        let different = node.get("different").map(|value| self.leaf(value, "different", play::word));
        let same = self.same(node, "a count");
        let within = self.within(node, "a count");
        Trigger::Count { at_least, source, different, same, within }
    }

    /// Reads a sequence or an absence; `mark` is `followed_by` or `not_followed_by`.
    fn pair(&mut self, node: &Node, mark: &str) -> Trigger {
        let absence = mark == "not_followed_by";
        let shape = if absence { "an absence" } else { "a sequence" };
        let first = self.source(node, "signal", "where");
        let then = self.source(node, mark, &format!("{mark}_where"));
        let same = self.same(node, shape);
        let within = self.within(node, shape);
        match absence {
            true => Trigger::Absence { first, then, same, within },
            false => Trigger::Sequence { first, then, same, within },
        }
    }

    /// Returns the only one of `keys` that is there; says so where there are none or several.
    fn one_of<'n, 'k>(&mut self, node: &'n Node, names: &[&'k str], what: &str) -> Option<(&'k str, Span, &'n Node)> {
        let entries = node.map()?;
        let mut found = entries.iter().filter_map(|(key, value)| {
            let name = names.iter().copied().find(|name| *name == key.text)?;
            Some((name, key.span, value))
        });
        let first = found.next();
        if let (Some((first, place, _)), Some((second, span, _))) = (first, found.next()) {
            let message = format!("`{second}` and `{first}` exclude each other");
            let problem = Diagnostic::error(codes::YAML_SHAPE, span, message).related(place, "the other one").help(
                match first.starts_with("goes_") && second.starts_with("stays_") {
                    true => "keep `stays_…` with the line, and say with `for` how long",
                    false => "delete one of them, or make it a rule of its own",
                },
            );
            self.problem(problem);
        }
        // `drops_by: 10 points` is told with all that it means.
        let moves = |key: &Key| {
            keys::moves(&key.text).is_some_and(|previous| names.contains(&previous) || names.contains(&"by_at_least"))
        };
        if first.is_none() && entries.iter().any(|(key, _)| moves(key)) {
            self.errors += 1;
        } else if first.is_none() {
            let help = format!("add one of {}", read::quoted_list(names));
            let place = entries.first().map_or(node.span, |(key, _)| key.span);
            self.problem(Diagnostic::error(codes::YAML_MISSING_KEY, place, what).help(help));
        }
        first
    }

    fn reading(&mut self, node: &Node) -> Trigger {
        let filter = self.filter(node, "where");
        let (signal, field) = self.valued(node, "reading", |reader, value| reader.leaf(value, "reading", play::field));
        let lines = ["goes_over", "goes_under", "stays_over", "stays_under"];
        let line = self.one_of(node, &lines, "`reading` does not say over or under which line");
        let stays_for = node.get("for").map(|value| self.leaf(value, "for", play::length));
        let clears = match (node.get("clears_under"), node.get("clears_over")) {
            (None, None) => None,
            _ => self.one_of(node, &["clears_under", "clears_over"], "").map(|(key, span, value)| {
                let side = Spanned { node: side_of(key), span };
                (side, self.leaf(value, key, play::operand))
            }),
        };
        let (side, line) = match line {
            Some((key, key_span, value)) => {
                let line = self.leaf(value, key, play::operand);
                self.check_for(node, key, key_span);
                (side_of(key), line)
            }
            None => (Side::Over, self.missing(node)),
        };
        Trigger::Reading { source: Source { signal, filter }, field, side, line, stays_for, clears }
    }

    /// `stays_over` needs `for`; `goes_over` has none.
    fn check_for(&mut self, node: &Node, key: &str, key_span: Span) {
        let stays = key.starts_with("stays");
        match node.map().and_then(|entries| entries.iter().find(|(key, _)| key.text == "for")) {
            None if stays => {
                let message = format!("`{key}` does not say for how long");
                self.problem(
                    Diagnostic::error(codes::YAML_MISSING_KEY, key_span, message).help("add `for: 20 minutes`"),
                );
            }
            Some((for_key, _)) if !stays => {
                let message = format!("`for` does not go with `{key}`");
                let help = format!("write `{}` for a reading that has to last", key.replace("goes", "stays"));
                let problem = Diagnostic::error(codes::YAML_SHAPE, for_key.span, message)
                    .related(key_span, "this happens at once");
                self.problem(problem.help(help));
            }
            _ => {}
        }
    }

    fn measure(&mut self, node: &Node) -> Trigger {
        let filter = self.filter(node, "where");
        // `share of` is no sentence without its `where`: a word stands in for the condition until it is put in.
        let value = node.get("measure");
        let own = value.and_then(Node::text).is_some_and(|text| text.contains(" where "));
        let ending = if node.get("where").is_some() && !own { " where condition" } else { "" };
        let measure = self
            .valued(node, "measure", |reader, value| reader.sentence(value, "measure", ["", ending], play::measure));
        if node.get("over_last").is_none() {
            let (message, help) = ("`measure` does not say over what time", "add `over_last: 7 days`");
            self.needed(node, "over_last", codes::YAML_MISSING_KEY, message, help);
        }
        let over = self.valued(node, "over_last", |reader, value| reader.leaf(value, "over_last", play::length));
        let test = match self.measure_test(node) {
            Some(test) => test,
            None => self.missing(node),
        };
        let enough = node.get("enough").and_then(|value| self.enough(value));
        let measure = self.filtered(measure, node, filter, own);
        Trigger::Measure { measure, over, test, enough }
    }

    /// Gives a measure the condition under `where`; `own` tells that it brought one along.
    fn filtered(&mut self, mut measure: Measure, node: &Node, filter: Option<Condition>, own: bool) -> Measure {
        let Some((filter, value)) = filter.zip(node.get("where")) else { return measure };
        if let Some(other) = measure.source.filter.as_ref().filter(|_| own) {
            let problem = Diagnostic::error(codes::YAML_SHAPE, filter.span, "the measure has two `where`")
                .related(other.span, "the other one")
                .help("write both conditions under the key `where`");
            self.problem(problem);
            return measure;
        }
        measure.span = measure.span.to(value.span);
        measure.source.filter = Some(filter);
        measure
    }

    fn measure_test(&mut self, node: &Node) -> Option<MeasureTest> {
        let tests = ["is", "below_previous", "above_previous"];
        let (key, key_span, value) = self.one_of(node, &tests, "`measure` does not say what it is held against")?;
        let by = ["by_at_least", "by_more_than"];
        if key == "is" {
            if let Some((name, _)) = node.map()?.iter().find(|(name, _)| by.contains(&name.text.as_str())) {
                let message = format!("`{}` does not go with `is`", name.text);
                let help =
                    "it says by how much a measure differs from the period before: write `below_previous: 28 days`";
                self.problem(
                    Diagnostic::error(codes::YAML_SHAPE, name.span, message).related(key_span, "a level").help(help),
                );
            }
            let predicate = self.sentence(value, "is", ["is ", ""], play::predicate);
            return Some(MeasureTest::Level(Spanned { node: predicate.node, span: value.span }));
        }
        let before = self.leaf(value, key, play::length);
        let (by_key, by_span, by) = self.one_of(node, &by, &format!("`{key}` does not say by how much"))?;
        let order = if by_key == "by_at_least" { Order::AtLeast } else { Order::MoreThan };
        let (by, unit) = self.leaf(by, by_key, play::difference);
        let side = if key == "below_previous" { Side::Under } else { Side::Over };
        Some(MeasureTest::Previous {
            op: Spanned { node: order, span: by_span },
            by,
            unit,
            side: Spanned { node: side, span: key_span },
            before,
        })
    }

    fn enough(&mut self, node: &Node) -> Option<Enough> {
        let entries = self.map(node, "enough")?;
        self.check_keys(entries, keys::ENOUGH);
        self.needed(
            node,
            "signal",
            codes::YAML_MISSING_KEY,
            "`enough` has no `signal`",
            "add `signal: survey_response`",
        );
        self.needed(node, "at_least", codes::YAML_MISSING_KEY, "`enough` has no `at_least`", "add `at_least: 30`");
        let node = &*as_meant(node, keys::ENOUGH);
        let signal = self.valued(node, "signal", |reader, value| reader.leaf(value, "signal", play::word));
        let at_least = self.valued(node, "at_least", |reader, value| reader.leaf(value, "at_least", play::whole));
        let both_periods = match node.get("in") {
            None => false,
            Some(value) if value.text() == Some("both periods") => true,
            Some(value) => {
                let problem = Diagnostic::error(codes::UNEXPECTED, value.span, "`in` can only be `both periods`");
                self.problem(problem.help("write `in: both periods`, or delete it"));
                return None;
            }
        };
        Some(Enough { at_least, signal, both_periods, span: node.span })
    }
}

/// Returns the keys that make a `when` in which `key` may stand.
fn marks_with(key: &str) -> Vec<&'static str> {
    SHAPES.iter().filter(|shape| shape.mark != key && shape.keys.contains(&key)).map(|shape| shape.mark).collect()
}

fn side_of(key: &str) -> Side {
    if key.ends_with("over") { Side::Over } else { Side::Under }
}
