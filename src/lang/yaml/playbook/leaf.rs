//! Leaves: sentences, texts and references of a `*.play.yaml`, read by the parsers of the DSL.
//!
//! Here is also said when YAML has cut a sentence before it came here: at ` #`, or at a comma inside brackets.

use rustc_hash::FxHashSet;

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::mixed;
use crate::lang::play;
use crate::lang::source::{FileNo, Offsets, Slice, Sources, Span, Spanned};
use crate::lang::suggest::nearest;
use crate::lang::tree::{Comment, Condition, ConditionKind, Operand, OperandKind, Path, Text, Word};
use crate::lang::unread::Unread;
use crate::lang::yaml::node::{Key, Node, Scalar, ScalarStyle};
use crate::lang::yaml::{read, slips};

use super::keys;

/// Reads leaves and collects problems.
pub(super) struct Reader<'a> {
    pub sources: &'a Sources,
    pub file: FileNo,
    /// The comments of the file, in order of place.
    pub comments: &'a [Comment],
    /// Places whose content was already refused.
    pub refused: FxHashSet<Span>,
    /// Problems found so far.
    pub problems: Vec<Diagnostic>,
    /// How many of them are errors.
    pub errors: usize,
    /// Where stand-ins are for what could not be read.
    pub holes: Vec<Span>,
    /// Where a wrong indentation was told better than by how it looks.
    pub withdrawn: Vec<Span>,
}

/// A parser of the DSL for one kind of leaf.
type Parse<T> = fn(&Slice<'_>) -> play::Read<T>;

impl<'a> Reader<'a> {
    /// Notes a problem.
    pub fn problem(&mut self, diagnostic: Diagnostic) {
        self.errors += usize::from(diagnostic.is_error());
        self.problems.push(diagnostic);
    }

    /// Returns a stand-in for what could not be read, which was said: so that the rest of its rule is checked.
    pub fn hole<T: Unread>(&mut self, span: Span) -> T {
        self.holes.push(span);
        T::unread(span)
    }

    /// Returns a stand-in for what is not there. Its hole touches the mapping it is missed in and nothing inside.
    pub fn missing<T: Unread>(&mut self, node: &Node) -> T {
        self.hole(Span { end: node.span.start, ..node.span })
    }

    /// Notes the problem of a result, if it is one.
    pub fn ok<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(diagnostic) => {
                self.problem(diagnostic);
                None
            }
        }
    }

    /// Tells whether a place was already refused; it then counts as an error of what it belongs to.
    fn was_refused(&mut self, node: &Node) -> bool {
        let refused = self.refused.contains(&node.span);
        self.errors += usize::from(refused);
        refused
    }

    /// Returns the entries of a mapping.
    pub fn map<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [(Key, Node)]> {
        if self.was_refused(node) {
            return None;
        }
        self.ok(read::expect_map(node, what))
    }

    /// Returns the entries of a list.
    pub fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        if self.was_refused(node) {
            return None;
        }
        self.ok(read::expect_list(node, what))
    }

    /// Notes that a mapping lacks a key, unless one of its keys was meant to be it or was refused.
    pub fn needed(&mut self, node: &Node, key: &str, code: &'static str, message: &str, help: &str) {
        if node.get(key).is_some() {
            return;
        }
        let inside = |span: &Span| span.start >= node.span.start && span.end <= node.span.end;
        let entries = node.map().unwrap_or_default();
        let meant = |word: &str| {
            if keys::is_known(word) {
                return false;
            }
            // `when:{signal: complaint}`
            if word.split_once(':').is_some_and(|(name, _)| name == key) {
                return true;
            }
            keys::foreign(word, &[key]).is_some() || nearest(word, [key].into_iter()).is_some_and(|near| near == key)
        };
        // `same: customer within 14 days`: said inside another value, and told there.
        let spoken = if key == "same" { " for the same ".to_owned() } else { format!(" {} ", key.replace('_', " ")) };
        let inside_value = |value: &Node| value.text().is_some_and(|text| text.contains(&spoken));
        if entries.iter().any(|(found, value)| meant(&found.text) || inside_value(value))
            || self.refused.iter().any(inside)
        {
            self.errors += 1;
            return;
        }
        let place = entries.first().map_or(node.span, |(key, _)| key.span);
        self.problem(Diagnostic::error(code, place, message).help(help));
    }

    /// Notes keys that may not stand in a mapping.
    pub fn check_keys(&mut self, entries: &[(Key, Node)], known: &[&str]) {
        for (key, value) in entries {
            if !known.contains(&key.text.as_str()) {
                let there = |word: &str| entries.len() <= 64 && entries.iter().any(|(key, _)| key.text == word);
                let problem = self.unknown_key(key, value, known, &there);
                if problem.code == codes::DECIMAL_COMMA {
                    self.holes.push(problem.span);
                }
                self.problem(problem);
            }
        }
    }

    fn unknown_key(&self, key: &Key, value: &Node, known: &[&str], there: &dyn Fn(&str) -> bool) -> Diagnostic {
        // `{saying: one, two}`: what follows the comma is a key without a value.
        let empty = value.span.start == value.span.end;
        let before = self.text_before(key.span);
        let cut = before.len() - before.rfind(['\n', '{', '[']).map_or(0, |start| start + 1);
        let cut = &before[before.len() - cut..];
        let in_brackets = cut.matches('(').count() > cut.matches(')').count();
        if empty
            && !in_brackets
            && let Some(problem) = slips::decimal_comma(&self.sources.file(self.file).text, key)
        {
            return problem;
        }
        if empty && self.text_before(key.span).ends_with(',') {
            return Diagnostic::error(codes::YAML_CUT_BY_COMMA, key.span, "YAML ends a value at a comma inside `{…}`")
                .label("this is read as a key of its own")
                .help(match self.value_around(key.span) {
                    Some(value) => format!("quote the whole value: `{value}`, or write each key on a line of its own"),
                    None => "quote the whole value, or write each key on a line of its own".to_owned(),
                });
        }
        let small = key.text.to_lowercase();
        if known.contains(&small.as_str()) {
            let message = format!("keys are written in small letters, `{}` is not", key.text);
            return Diagnostic::error(codes::YAML_UNKNOWN_KEY, key.span, message).help(format!("write `{small}`"));
        }
        // `else: […]`
        if let Some(advice) =
            play::advice(&small).filter(|_| !known.iter().any(|known| nearest(&small, [*known].into_iter()).is_some()))
        {
            let message = format!("unknown key `{}`", key.text);
            return Diagnostic::error(codes::YAML_UNKNOWN_KEY, key.span, message).help(advice);
        }
        if let Some(previous) = keys::moves(&small).filter(|_| known.contains(&"by_at_least")) {
            let by = value.text().filter(|by| !by.is_empty()).unwrap_or("10 points");
            let by = if by.contains(' ') { by.to_owned() } else { format!("{by} points") };
            let help = match there(previous) {
                true => format!("write `by_at_least: {by}`"),
                false => format!("write `by_at_least: {by}`, and beside it `{previous}: 28 days`"),
            };
            let message = format!("unknown key `{}`", key.text);
            return Diagnostic::error(codes::YAML_UNKNOWN_KEY, key.span, message).help(help);
        }
        match keys::foreign_beside(&key.text, known, there) {
            Some(meant) => Diagnostic::error(codes::YAML_UNKNOWN_KEY, key.span, format!("unknown key `{}`", key.text))
                .help(format!("write `{meant}`")),
            None => read::unknown_key(key, known),
        }
    }

    /// Returns the key and the value that a comma has cut in front of `span`, as they are typed.
    fn value_around(&self, span: Span) -> Option<String> {
        let text = &self.sources.file(self.file).text;
        let line = text[..span.start as usize].rfind('\n').map_or(0, |newline| newline + 1);
        let before = &text[line..span.start as usize];
        let colon = before.rfind(": ")?;
        let key = before[..colon].rsplit(['{', '[', ',', ' ']).next()?;
        let rest = &text[span.start as usize..];
        let end = rest.find(['}', ']', '\n']).unwrap_or(rest.len());
        // What stands behind the next comma may be a key with a value.
        let end = rest[..end].find(": ").map_or(end, |colon| rest[..colon].rfind(',').unwrap_or(0));
        let value = format!("{}{}", &before[colon + 2..], rest[..end].trim_end());
        let plain = value.len() <= 100 && !value.contains(['\'', '\\']) && !key.is_empty();
        plain.then(|| if value.contains('"') { format!("{key}: '{value}'") } else { format!("{key}: \"{value}\"") })
    }

    fn text_before(&self, span: Span) -> &str {
        self.sources.file(self.file).text[..span.start as usize].trim_end()
    }

    /// Reads a scalar that is not empty.
    pub fn scalar<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n Scalar> {
        if self.was_refused(node) {
            return None;
        }
        let scalar = self.ok(read::expect_scalar(node, what))?;
        if scalar.text.trim().is_empty() && scalar.style == ScalarStyle::Plain {
            self.problem(read::empty_value(node.span, what));
            return None;
        }
        Some(scalar)
    }

    /// Reads a text: nothing in it means anything.
    pub fn text(&mut self, node: &Node, what: &str) -> Option<Text> {
        let scalar = self.scalar(node, what)?;
        if let Some(comment) = self.comment_after(node.span).filter(|_| scalar.style == ScalarStyle::Plain)
            && !comment.text.starts_with(' ')
            && !comment.text.is_empty()
        {
            let problem = cut_by_comment(comment, what, &scalar.text);
            self.problem(problem);
            self.holes.push(node.span);
        }
        if scalar.style == ScalarStyle::Plain
            && let Some(inner) = slips::inside_curly_quotes(&scalar.text)
        {
            let message = "curly quotes are part of the text to YAML";
            let problem = Diagnostic::warning(codes::YAML_LOOKS_TYPED, node.span, message)
                .help(format!("write straight quotes: `\"{inner}\"`"));
            self.problem(problem);
        }
        if !scalar.text.is_ascii() {
            self.problems.extend(mixed::warnings(&scalar.slice(self.file)));
        }
        Some(Spanned { node: scalar.text.clone(), span: node.span })
    }

    /// Reads a text that something hangs on; a stand-in where it cannot be read.
    pub fn text_or_hole(&mut self, node: &Node, what: &str) -> Text {
        match self.text(node, what) {
            Some(text) => text,
            None => self.hole(node.span),
        }
    }

    /// Reads a sentence or reference; a stand-in where it cannot be read.
    pub fn leaf<T: Unread>(&mut self, node: &Node, what: &str, parse: Parse<T>) -> T {
        self.sentence(node, what, ["", ""], parse)
    }

    /// Reads a sentence or reference; `None` where anything is wrong with it.
    pub fn sound<T: Unread>(&mut self, node: &Node, what: &str, parse: Parse<T>) -> Option<T> {
        let before = self.errors;
        let value = self.leaf(node, what, parse);
        (self.errors == before).then_some(value)
    }

    /// Reads a sentence whose first and last words, `around`, are said by its key and place.
    pub fn sentence<T: Unread>(&mut self, node: &Node, what: &str, around: [&str; 2], parse: Parse<T>) -> T {
        let Some(scalar) = self.scalar(node, what) else { return self.hole(node.span) };
        let slice = scalar.slice(self.file);
        if around == ["", ""] {
            return self.parse(node, what, &slice, parse);
        }
        let [before, after] = around;
        let text = format!("{before}{}{after}", scalar.text);
        let place = |at: usize| slice.span(at, at).start;
        let length = scalar.text.len();
        let table = std::iter::repeat_n(place(0), before.len())
            .chain((0..=length).map(place))
            .chain(std::iter::repeat_n(place(length), after.len()))
            .collect();
        let whole = Slice { text: &text, file: self.file, offsets: Offsets::Table(table) };
        self.parse(node, what, &whole, parse)
    }

    fn parse<T: Unread>(&mut self, node: &Node, what: &str, slice: &Slice<'_>, parse: Parse<T>) -> T {
        let read = parse(slice);
        let failed = read.problems.iter().any(Diagnostic::is_error);
        if failed && self.note_cut(node, what) {
            return self.hole(node.span);
        }
        for problem in read.problems {
            self.problem(problem);
        }
        self.holes.extend(read.holes);
        match read.value {
            Some(value) => value,
            None => self.hole(node.span),
        }
    }

    /// Says that YAML cut a sentence that failed, where that is why; the sentence's own problems are then void.
    fn note_cut(&mut self, node: &Node, what: &str) -> bool {
        let Some(scalar) = node.scalar().filter(|scalar| scalar.style == ScalarStyle::Plain) else { return false };
        let odd = |quote: char| scalar.text.matches(quote).count() % 2 == 1;
        let open = odd('"') || odd('`');
        if let Some(comment) = self.comment_after(node.span)
            && (open || !comment.text.starts_with(' '))
        {
            let problem = cut_by_comment(comment, what, &scalar.text);
            self.problem(problem);
            return true;
        }
        let after = &self.sources.file(self.file).text[node.span.end as usize..];
        // `{where: score in 1, 2}`: the rest of the value is told, as a key that is none.
        let rest = after
            .trim_start()
            .strip_prefix(',')
            .map(|rest| &rest[..rest.find([',', '}', ']', '\n']).unwrap_or(rest.len())]);
        let in_map = self.text_before(node.span).ends_with(':');
        if in_map && rest.is_some_and(|rest| !rest.trim().is_empty() && !rest.contains(':')) && !open {
            self.errors += 1;
            return true;
        }
        if open && after.trim_start().starts_with(',') {
            let end = Span { start: node.span.end, ..node.span };
            let problem =
                Diagnostic::error(codes::YAML_CUT_BY_COMMA, end, "YAML ends a value at a comma inside brackets")
                    .help("quote the whole value with single quotes, or write it on a line of its own");
            self.problem(problem);
            return true;
        }
        false
    }

    /// Returns the comment that follows on the same line.
    fn comment_after(&self, span: Span) -> Option<&'a Comment> {
        let next = self.comments.partition_point(|comment| comment.span.start < span.end);
        let comment = self.comments.get(next)?;
        let text = &self.sources.file(self.file).text;
        let between = text.get(span.end as usize..comment.span.start as usize)?;
        between.chars().all(|c| c == ' ' || c == '\t').then_some(comment)
    }

    /// Reads a condition; a list is all of them, each in brackets of its own.
    pub fn condition(&mut self, node: &Node, what: &str) -> Condition {
        if let Some([(key, value), ..]) = node.map() {
            let said = value.text().unwrap_or("…").trim();
            let verbs = ["is", "contains", "starts", "mentions", "does"];
            let is = if verbs.iter().any(|verb| said.split(' ').next() == Some(*verb)) { "" } else { "is " };
            let message = format!("`{what}` is a mapping, it has to be a sentence");
            let help = format!("write `{what}: {} {is}{said}`; several are a list", key.text);
            self.problem(Diagnostic::error(codes::YAML_WRONG_KIND, node.span, message).help(help));
            return self.hole(node.span);
        }
        let Some(list) = node.list() else { return self.leaf(node, what, play::condition) };
        if self.cut_in_list(node, list, what) || self.cut_in_number(node, list) {
            return self.hole(node.span);
        }
        let mut all: Vec<Condition> =
            list.iter().map(|entry| bracketed(self.leaf(entry, what, play::condition))).collect();
        match all.pop() {
            None => {
                self.problem(read::empty_value(node.span, what));
                self.hole(node.span)
            }
            Some(one) if all.is_empty() => one,
            Some(last) => {
                all.push(last);
                Condition { kind: ConditionKind::And(all), span: node.span }
            }
        }
    }

    /// Says that YAML has cut `[… is one of "gold", "silver"]` at its comma.
    fn cut_in_list(&mut self, node: &Node, list: &[Node], what: &str) -> bool {
        if !self.sources.slice(node.span).starts_with('[') {
            return false;
        }
        let value_only = |node: &Node| {
            node.scalar()
                .is_some_and(|s| s.style != ScalarStyle::Plain && !s.text.contains(' ') || !s.text.trim().contains(' '))
        };
        let cut = list.windows(2).find(|pair| {
            let list_of =
                pair[0].scalar().is_some_and(|s| s.style == ScalarStyle::Plain && s.text.contains(" one of "));
            list_of && value_only(&pair[1])
        });
        let Some(pair) = cut else { return false };
        let span = pair[0].span.to(pair[1].span);
        let help =
            format!("quote the whole condition with single quotes, or write it below `{what}` on a line of its own");
        self.problem(
            Diagnostic::error(codes::YAML_CUT_BY_COMMA, span, "YAML cuts this list of values at its comma")
                .label("read as two conditions")
                .help(help),
        );
        true
    }

    /// Says that YAML has cut `[score is at most 6,5]` at its decimal comma.
    fn cut_in_number(&mut self, node: &Node, list: &[Node]) -> bool {
        if !self.sources.slice(node.span).starts_with('[') {
            return false;
        }
        let plain = |node: &Node| node.scalar().filter(|s| s.style == ScalarStyle::Plain).map(|s| s.text.clone());
        let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
        let cut = list.windows(2).find_map(|pair| {
            let (before, rest) = (plain(&pair[0])?, plain(&pair[1])?);
            let whole = before.rsplit(' ').next().filter(|whole| digits(whole))?.to_owned();
            let touches = self.sources.slice(pair[0].span.to(pair[1].span)).ends_with(&format!("{whole},{rest}"));
            (digits(&rest) && touches).then(|| (pair[0].span.to(pair[1].span), format!("{before}.{rest}"), whole, rest))
        });
        let Some((span, sentence, whole, rest)) = cut else { return false };
        let message = format!("`{whole},{rest}` is written with a comma");
        let help = format!("write `{whole}.{rest}`: `{sentence}`");
        self.problem(Diagnostic::error(codes::DECIMAL_COMMA, span, message).help(help));
        true
    }

    /// Reads a key: one path or several, as a list or joined by `and`.
    pub fn paths(&mut self, node: &Node, what: &str) -> Vec<Path> {
        self.several(node, what, |reader, entry| reader.leaf(entry, what, play::key))
    }

    /// Reads one word or several, as a list or joined by `or`.
    pub fn words(&mut self, node: &Node, what: &str) -> Vec<Word> {
        self.several(node, what, |reader, entry| reader.words_of(entry, what).unwrap_or_default())
    }

    fn several<T>(&mut self, node: &Node, what: &str, read: impl Fn(&mut Self, &Node) -> Vec<T>) -> Vec<T> {
        if node.list().is_some_and(<[Node]>::is_empty) {
            self.problem(read::empty_value(node.span, what));
        }
        read::one_or_list(node).iter().flat_map(|entry| read(self, entry)).collect()
    }

    fn words_of(&mut self, node: &Node, what: &str) -> Option<Vec<Word>> {
        let slice = self.scalar(node, what)?.slice(self.file);
        let mut words = Vec::new();
        for (start, end) in stretches_between(slice.text, " or ") {
            words.push(self.parse(node, what, &slice.part(start, end), play::word));
        }
        Some(words)
    }

    /// Reads the values of `with`: text, or with a leading `=` a reference.
    pub fn with(&mut self, node: &Node) -> Vec<(Word, Operand)> {
        let entries = self.map(node, "with");
        // `- voucher: KIND10`: read on below the dashes.
        let listed = node.list().unwrap_or_default().iter().flat_map(|entry| entry.map().unwrap_or_default());
        let mut with = Vec::new();
        for (key, value) in entries.unwrap_or_default().iter().chain(listed) {
            let name = Spanned { node: key.text.clone(), span: key.span };
            let given = match self.value(value, &key.text) {
                Some(given) => given,
                None => self.hole(value.span),
            };
            with.push((name, given));
        }
        with
    }

    fn value(&mut self, node: &Node, what: &str) -> Option<Operand> {
        let scalar = self.scalar(node, what)?;
        let Some(rest) = scalar.text.strip_prefix('=') else {
            if scalar.style == ScalarStyle::Plain && looks_typed(&scalar.text) {
                let text = &scalar.text;
                let problem = Diagnostic::warning(
                    codes::YAML_LOOKS_TYPED,
                    node.span,
                    format!("`{text}` is read as the text \"{text}\""),
                )
                .help(match text.as_str() {
                    "~" | "null" => "delete the line if there is no value, or quote it".to_owned(),
                    _ => format!("write `={text}` for the value, or quote it, \"{text}\", for the text"),
                });
                self.problem(problem);
            }
            let text = self.text(node, what)?;
            return Some(Operand { kind: OperandKind::Text(text.node), span: text.span });
        };
        if rest.starts_with('=') {
            return Some(Operand { kind: OperandKind::Text(rest.to_owned()), span: node.span });
        }
        let slice = scalar.slice(self.file);
        Some(self.parse(node, what, &slice.part(1, slice.text.len()), play::operand))
    }
}

fn cut_by_comment(comment: &Comment, what: &str, text: &str) -> Diagnostic {
    let value = format!("{} #{}", text.trim(), comment.text.trim_end());
    let quoted =
        if value.contains(['"', '\\']) { format!("'{}'", value.replace('\'', "''")) } else { format!("\"{value}\"") };
    let quoted =
        if value.len() <= 100 && !what.contains(' ') { format!(": `{what}: {quoted}`") } else { String::new() };
    Diagnostic::error(codes::YAML_CUT_BY_COMMENT, comment.span, format!("YAML ends the value of `{what}` at ` #`"))
        .label("read as a comment")
        .help(format!("quote the whole value{quoted}; before a real comment write `# ` with a space after it"))
}

/// Puts a condition of several parts in brackets, so that a list reads as it stands.
fn bracketed(condition: Condition) -> Condition {
    match condition.kind {
        ConditionKind::And(_) | ConditionKind::Or(_) => {
            let span = condition.span;
            Condition { kind: ConditionKind::Group(Box::new(condition)), span }
        }
        _ => condition,
    }
}

/// Returns the stretches of `text` between occurrences of `word`.
fn stretches_between(text: &str, word: &str) -> Vec<(usize, usize)> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(word) {
        parts.push((start, at));
        start = at + word.len();
    }
    parts.push((start, text.len()));
    parts
}

/// Tells whether YAML, or its reader, might take a text for something else than text.
fn looks_typed(text: &str) -> bool {
    let lower = text.to_lowercase();
    let word = matches!(lower.as_str(), "yes" | "no" | "true" | "false" | "on" | "off" | "null" | "~" | "y" | "n");
    let digits = text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+' || c == '.');
    let numeric = digits
        && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ':' | '-' | '+' | '_' | ',' | 'e' | 'E'));
    word || numeric && text.chars().any(|c| c.is_ascii_digit())
}
