//! A file: cut into its header and its rules, each read by itself, so that one broken rule hides no other.

use std::ops::Range;

use crate::lang::codes;
use crate::lang::diagnostic::{Diagnostic, LARGEST_FILE, More};
use crate::lang::mixed;
use crate::lang::source::{FileNo, Offsets, Slice, Sources, Spanned};
use crate::lang::tree::{self, BrokenRule, Comment, Define, Playbook, Syntax, Text};
use crate::lang::unread::Unread;

use crate::lang::suggest::nearest;

use super::build::{Builder, Node};
use super::clauses;
use super::diagnose;
use super::grammar::Rule;
use super::pieces;
use super::repair;
use super::scan::{Kind, Scan, scan};
use super::sentence::Sentence;
use super::words;

/// How many words of two alphabets are worth naming.
const MOST_MIXED: usize = 50;

/// Reads a `.play` file. What could be read is in the playbook, what could not in the problems.
pub fn playbook(sources: &Sources, file: FileNo) -> (Playbook, Vec<Diagnostic>) {
    let source = sources.file(file);
    let slice = Slice { text: &source.text, file, offsets: Offsets::Shift(0) };
    let mut reader = Reader {
        playbook: empty(file),
        problems: Vec::new(),
        unread: 0,
        bad_characters: Vec::new(),
        passed_over: Vec::new(),
    };
    if let Some(problem) = too_large(&slice) {
        return (reader.playbook, vec![problem]);
    }
    if let Some(at) = source.invalid_utf8_at {
        let problem =
            Diagnostic::error(codes::INVALID_UTF8, slice.span(at, at), "this file is not UTF-8 text from here on");
        reader.problems.push(problem.help("save the file as UTF-8; in most editors: “Save with encoding”"));
    }
    let scan = scan(slice.text);
    reader.problems.extend(character_problems(&slice, &scan));
    reader.problems.extend(mixed_texts(&slice, &scan));
    reader.problems.extend(passed_over(&slice, &scan));
    reader.passed_over = scan.foreign.iter().map(|(at, _)| *at).chain(scan.stops.iter().copied()).collect();
    reader.bad_characters =
        scan.forbidden.iter().map(|(at, _)| *at).chain(scan.mixed.iter().map(|(at, _)| *at)).collect();
    reader.playbook.comments = comments(&slice, &scan);
    if scan.too_deep.is_none() {
        let whole = Sentence { slice: &slice, tokens: &scan.tokens, start: 0, end: slice.text.len() };
        reader.read(&whole);
    }
    (reader.playbook, reader.problems)
}

/// Reports a text that is too long to read.
pub(super) fn too_large(slice: &Slice) -> Option<Diagnostic> {
    let bytes = slice.text.len();
    (bytes > LARGEST_FILE).then(|| Diagnostic::too_large(slice.file, bytes, "split it into several playbooks"))
}

/// Reports what is wrong with single characters and with nesting, wherever it stands.
pub(super) fn character_problems(slice: &Slice, scan: &Scan) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for (at, c) in &scan.forbidden {
        let what = if c.is_control() { "a control character" } else { "an invisible character" };
        let message = format!("{what}, U+{:04X}, which can make a text look like another one", *c as u32);
        let span = slice.span(*at, at + c.len_utf8());
        problems.push(
            Diagnostic::error(codes::FORBIDDEN_CHARACTER, span, message)
                .help("delete it; typing the words again is the surest way"),
        );
    }
    for (start, end) in &scan.mixed {
        let word = &slice.text[*start..*end];
        let strangers: Vec<String> =
            word.chars().filter(|c| !c.is_ascii()).take(5).map(|c| format!("`{c}` (U+{:04X})", c as u32)).collect();
        let message =
            format!("`{}` mixes letters that look alike but differ: {}", diagnose::shown(word), strangers.join(", "));
        problems.push(
            Diagnostic::error(codes::LOOK_ALIKE, slice.span(*start, *end), message)
                .help("type the word again with one keyboard layout"),
        );
    }
    if let Some(at) = scan.too_deep {
        let message = format!("brackets are nested more than {} deep", super::DEEPEST_BRACKETS);
        problems.push(
            Diagnostic::error(codes::TOO_DEEP, slice.span(at, at + 1), message)
                .help("give parts of the condition a name: `define difficult as …`"),
        );
    }
    problems.sort_by_key(|problem| problem.span.start);
    problems
}

/// Warns of words in texts and scripts that mix letters of two alphabets.
pub(super) fn mixed_texts(slice: &Slice, scan: &Scan) -> Vec<Diagnostic> {
    if slice.text.is_ascii() {
        return Vec::new();
    }
    let texts = scan.tokens.iter().filter(|token| matches!(token.kind, Kind::Text(_) | Kind::Single | Kind::Script(_)));
    texts.flat_map(|token| mixed::warnings(&slice.part(token.start, token.end))).take(MOST_MIXED).collect()
}

/// Says what was passed over: comments as other languages write them, and full stops.
pub(super) fn passed_over(slice: &Slice, scan: &Scan) -> Vec<Diagnostic> {
    let mut problems = foreign_comments(slice, scan);
    problems.extend(scan.stops.iter().filter_map(|at| full_stop(slice, *at)));
    problems
}

/// Says that a sentence needs no full stop; `customer. segment` is a name, and told where it stands.
fn full_stop(slice: &Slice, at: usize) -> Option<Diagnostic> {
    let line = slice.text[at + 1..].lines().next().unwrap_or("");
    let next = line.split_whitespace().next().unwrap_or("").to_lowercase();
    let name = next.starts_with(char::is_alphabetic) && !words::is_key_word(&next);
    let behind_name = slice.text[..at].ends_with(char::is_alphabetic);
    let problem = Diagnostic::error(codes::UNEXPECTED, slice.span(at, at + 1), "a sentence has no full stop here");
    (!name || !behind_name)
        .then(|| problem.help("take it out: a line's end means nothing, and a rule ends where the next one begins"))
}

fn foreign_comments(slice: &Slice, scan: &Scan) -> Vec<Diagnostic> {
    let told = |(start, end): &(usize, usize)| {
        let written = slice.text.get(*start..*end).unwrap_or("");
        let inner = written.trim_start_matches(['/', '*']).trim_end_matches("*/").trim();
        let one_line = if inner.contains('\n') { "…" } else { inner };
        let message = format!("`{}` begins no comment here", &written[..2.min(written.len())]);
        Diagnostic::error(codes::OTHER_WORD, slice.span(*start, *end), message)
            .help(format!("a comment goes from `#` to the end of its line: write `# {}`", diagnose::shown(one_line)))
    };
    scan.foreign.iter().map(told).collect()
}

fn comments(slice: &Slice, scan: &Scan) -> Vec<Comment> {
    let read = |comment: &super::scan::Comment| Comment {
        text: slice.text[comment.start + 1..comment.end].to_owned(),
        span: slice.span(comment.start, comment.end),
        own_line: comment.own_line,
    };
    scan.comments.iter().map(read).collect()
}

fn empty(file: FileNo) -> Playbook {
    Playbook {
        file,
        syntax: Syntax::Play,
        id: None,
        title: None,
        version: None,
        zone: None,
        owner: None,
        defines: Vec::new(),
        every_rule: Vec::new(),
        rules: Vec::new(),
        broken: Vec::new(),
        holes: Vec::new(),
        comments: Vec::new(),
    }
}

/// What a stretch of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Header,
    Zone,
    Owner,
    Define,
    /// `every rule:`
    Every,
    Rule,
}

struct Reader {
    playbook: Playbook,
    problems: Vec<Diagnostic>,
    /// Broken rules of which nobody asked what is wrong with them.
    unread: u64,
    /// Where characters stand that must not.
    bad_characters: Vec<usize>,
    /// Where comments begin that are written as in other languages, and where full stops stand.
    passed_over: Vec<usize>,
}

impl Reader {
    fn read(&mut self, whole: &Sentence) {
        let sections = sections(whole);
        if !matches!(sections.first(), Some((Section::Header, _))) {
            let first = whole.tokens.first().map_or(whole.slice.span(0, 0), |token| whole.span(token));
            let problem = Diagnostic::error(codes::NO_HEADER, first, "a playbook begins with its `playbook` line");
            self.problems.push(problem.help("write first: playbook retail_care \"Retail customer care\" version 1"));
        }
        for (section, tokens) in sections {
            let sentence = whole.part(tokens);
            match section {
                Section::Header => self.header(&sentence),
                Section::Zone => {
                    let zone = self.line(&sentence, Rule::e_zone, &header_text);
                    self.once(zone, &sentence, "time zone", |playbook| &mut playbook.zone);
                }
                Section::Owner => {
                    let owner = self.line(&sentence, Rule::e_owner, &header_text);
                    self.once(owner, &sentence, "owner", |playbook| &mut playbook.owner);
                }
                Section::Define => self.define(&sentence),
                Section::Every => self.every_rule(&sentence),
                Section::Rule => self.rule(&sentence),
            }
        }
        if self.unread > 0 {
            let end = whole.slice.span(whole.end, whole.end);
            let more = More { errors: self.unread, warnings: 0, at_least: true };
            self.problems.push(Diagnostic::more(end, more));
        }
    }

    fn header(&mut self, sentence: &Sentence) {
        let read = |builder: &mut Builder, node: &mut Node| {
            let mut line = Node::new(node.any()?);
            let id = builder.word(&line.take(Rule::word)?);
            let title = builder.text(line.take(Rule::text)?);
            Some((id, title, line.take(Rule::version).map(|version| builder.word(&version))))
        };
        match self.line(sentence, Rule::e_header, &read) {
            Some((id, title, version)) => {
                self.playbook.id = Some(id);
                self.playbook.title = Some(title);
                self.playbook.version = version;
            }
            None => self.playbook.id = id_after(sentence, "playbook"),
        }
    }

    fn once(
        &mut self,
        text: Option<Text>,
        sentence: &Sentence,
        what: &str,
        place: fn(&mut Playbook) -> &mut Option<Text>,
    ) {
        let Some(text) = text else { return };
        let known = place(&mut self.playbook);
        match known {
            None => *known = Some(text),
            Some(first) => {
                let span = sentence.slice.span(sentence.start, sentence.end);
                let problem = Diagnostic::error(codes::CLAUSE_TWICE, span, format!("`{what}` stands twice"));
                self.problems.push(problem.related(first.span, "first here").help("keep one of them"));
            }
        }
    }

    /// Reads one line of the header; `None` where anything is wrong with it.
    fn line<T>(
        &mut self,
        sentence: &Sentence,
        entry: Rule,
        read: &dyn Fn(&mut Builder, &mut Node) -> Option<T>,
    ) -> Option<T> {
        repair::read(sentence, entry, read).sound(&mut self.problems)
    }

    fn define(&mut self, sentence: &Sentence) {
        let read = |builder: &mut Builder, node: &mut Node| builder.define(node.any()?);
        let mut reading = repair::read(sentence, Rule::e_define, &read);
        let span = sentence.whole();
        if reading.value.is_none()
            && let Some(name) = id_after(sentence, "define")
        {
            // A definition whose sentence is broken is one all the same: what uses its name is right.
            let meaning = sentence.part(sentence.tokens.len().min(3)..sentence.tokens.len());
            let is_condition = sentence.tokens.get(2).is_some_and(|token| sentence.word(token) == "as");
            let condition = match is_condition && !meaning.tokens.is_empty() {
                true => {
                    let read = pieces::condition(&meaning);
                    (reading.problems, reading.holes) = (read.problems, read.holes);
                    read.value
                }
                false => None,
            };
            let condition = condition.unwrap_or_else(|| {
                reading.holes.push(span);
                Unread::unread(span)
            });
            reading.value = Some(Define { name, condition, span });
        }
        let sound = reading.problems.is_empty();
        self.problems.extend(reading.problems);
        self.playbook.holes.extend(reading.holes);
        let Some(define) = reading.value else { return };
        if !sound {
            // Rules that use it cannot be used either.
            self.playbook.holes.push(define.name.span);
        }
        if sound && (!self.playbook.rules.is_empty() || !self.playbook.broken.is_empty()) {
            let message = format!("`define {}` stands below a rule", define.name.node);
            let problem = Diagnostic::error(codes::MISPLACED_DEFINE, define.span, message);
            self.problems.push(problem.help("move it above the first rule"));
        }
        self.playbook.defines.push(define);
    }

    /// Reads guards of all rules. One that cannot be read holds for all rules as well: none of them runs without it.
    fn every_rule(&mut self, sentence: &Sentence) {
        let read = |builder: &mut Builder, node: &mut Node| builder.every_rule(node.any()?);
        let mut reading = repair::read(sentence, Rule::e_every, &read);
        let span = sentence.whole();
        if let Some(token) = sentence.tokens.get(3).filter(|_| !reading.problems.is_empty())
            && sentence.word(&sentence.tokens[2]) == ":"
            && !["unless", "only"].contains(&sentence.word(token))
        {
            let word = sentence.word(token);
            let help = match nearest(word, ["unless", "only"].into_iter()) {
                Some("only") => "did you mean `only if`?".to_owned(),
                Some(near) => format!("did you mean `{near}`?"),
                None => "write `unless` or `only if`, then what has to hold".to_owned(),
            };
            let message = format!("`every rule:` has guards, and `{}` begins none", diagnose::shown(word));
            reading.problems = vec![Diagnostic::error(codes::MISSPELT, sentence.span(token), message).help(help)];
        }
        let sound = reading.problems.is_empty();
        if sound && (!self.playbook.rules.is_empty() || !self.playbook.broken.is_empty()) {
            let problem = Diagnostic::error(codes::MISPLACED_DEFINE, span, "`every rule:` stands below a rule");
            self.problems.push(problem.help("move it above the first rule"));
        }
        if let (Some(guards), true) = (reading.value, sound) {
            self.playbook.every_rule.extend(guards);
            return;
        }
        // In pieces, for the misspelt names in it; what was told of the whole is not told again.
        let words: Vec<&str> = sentence.tokens.iter().map(|token| sentence.word(token)).collect();
        let from = words.iter().position(|word| ["unless", "if"].contains(word)).map(|place| place + 1);
        let condition = from.filter(|from| *from < words.len()).map(|from| {
            let read = pieces::condition(&sentence.part(from..words.len()));
            if sound {
                self.problems.extend(read.problems);
            }
            self.playbook.holes.extend(read.holes);
            read.value
        });
        self.problems.extend(reading.problems);
        self.playbook.holes.push(span);
        let condition = condition.flatten().unwrap_or_else(|| Unread::unread(span));
        self.playbook.every_rule.push(tree::Guard { unless: true, condition, span });
    }

    fn rule(&mut self, sentence: &Sentence) {
        let enough = self.problems.len() >= super::MOST_PROBLEMS;
        let reading = match sentence.try_read(Rule::e_rule, |builder, node| builder.rule(node.any()?)) {
            Ok(reading) => reading,
            // Enough is told: what is wrong with it is not asked.
            Err(_) if enough => {
                self.unread += 1;
                return self.broken(sentence, None);
            }
            // Bad characters are reported already, and explain whatever else would be said.
            Err(_) if self.has_bad_characters(sentence) => return self.broken(sentence, None),
            Err(failure) => clauses::rule(sentence, &failure),
        };
        self.playbook.holes.extend(reading.holes);
        match reading.value {
            Some(rule) if reading.problems.is_empty() && !self.passes_over(sentence) => {
                self.playbook.rules.push(rule);
            }
            rest => self.broken(sentence, rest),
        }
        self.problems.extend(reading.problems);
    }

    fn passes_over(&self, sentence: &Sentence) -> bool {
        self.passed_over.iter().any(|at| (sentence.start..=sentence.end).contains(at))
    }

    fn has_bad_characters(&self, sentence: &Sentence) -> bool {
        let inside = |at: &usize| (sentence.start..sentence.end).contains(at);
        self.bad_characters.iter().any(inside)
    }

    fn broken(&mut self, sentence: &Sentence, rest: Option<tree::Rule>) {
        let (id, span) = (id_after(sentence, "rule"), sentence.whole());
        self.playbook.broken.push(BrokenRule { id, span, rest: rest.map(Box::new) });
    }
}

fn header_text(builder: &mut Builder, node: &mut Node) -> Option<Text> {
    let text = Node::new(node.any()?).take(Rule::text)?;
    Some(builder.text(text))
}

/// Returns the name that stands directly after a key word at the start of a sentence.
fn id_after(sentence: &Sentence, keyword: &str) -> Option<Spanned<String>> {
    let [first, second, ..] = sentence.tokens else { return None };
    let is_name = second.kind == Kind::Word && sentence.word(first).eq_ignore_ascii_case(keyword);
    is_name.then(|| Spanned { node: sentence.word(second).to_owned(), span: sentence.span(second) })
}

/// Cuts a file at everything that starts a section.
fn sections(whole: &Sentence) -> Vec<(Section, Range<usize>)> {
    let mut starts: Vec<(Section, usize)> = Vec::new();
    let mut in_rules = false;
    for index in 0..whole.tokens.len() {
        match section_at(whole, index) {
            Some(section @ (Section::Rule | Section::Define | Section::Every)) => {
                in_rules |= section == Section::Rule;
                starts.push((section, index));
            }
            Some(section @ (Section::Zone | Section::Owner)) if !in_rules => starts.push((section, index)),
            _ if index == 0 => starts.push((Section::Header, 0)),
            _ => {}
        }
    }
    let ends = starts.iter().skip(1).map(|(_, start)| *start).chain([whole.tokens.len()]);
    starts.iter().zip(ends).map(|((section, start), end)| (*section, *start..end)).collect()
}

/// `rul checkout "…"`, `regla checkout "…"`, `trigger checkout "…" when …`: cut here all the same, or it would be read
/// as part of the rule above.
fn begins_rule(first: &str, id: Option<&str>, titled: bool, behind: Option<&str>) -> bool {
    let small = first.to_lowercase();
    let action = matches!(&*small, "post" | "set" | "record" | "alert" | "email");
    if action || id.is_none() {
        return false;
    }
    let goes_on = behind.is_some_and(|word| clauses::is_when(&word.to_lowercase()));
    let unknown = !words::is_key_word(&small) && goes_on;
    words::is_rule(&small) || titled && (unknown || nearest(first, ["rule"].into_iter()).is_some())
}

fn section_at(whole: &Sentence, index: usize) -> Option<Section> {
    let token = whole.tokens[index];
    if token.kind != Kind::Word {
        return None;
    }
    let word = |offset: usize| {
        let token = whole.tokens.get(index + offset)?;
        (token.kind == Kind::Word).then(|| whole.word(token))
    };
    let is_text =
        |offset: usize| whole.tokens.get(index + offset).is_some_and(|token| matches!(token.kind, Kind::Text(_)));
    let is = |offset: usize, expected: &str| word(offset).is_some_and(|word| word.eq_ignore_ascii_case(expected));
    if is(0, "rule") {
        // `where rule is "x"` speaks of a field called rule.
        let predicate = word(1).is_some_and(|word| matches!(word, "is" | "contains" | "mentions" | "does" | "starts"));
        let named = word(1).is_some() && is_text(2) && !predicate;
        // `rule 1b "…"`: its id is no name, and it is a rule all the same.
        let follows = whole.tokens.get(index + 1).is_some_and(|token| !token.first && token.kind == Kind::Number);
        let first = token.first && !predicate && (word(1).is_some() || is_text(1) || follows);
        return (named || first).then_some(Section::Rule);
    }
    if is(0, "every") && is(1, "rule") {
        return Some(Section::Every);
    }
    if is(0, "define") && (word(1).is_some() && is(2, "as") || token.first && word(1).is_some()) {
        return Some(Section::Define);
    }
    if is(0, "time") && is(1, "zone") && (token.first || is_text(2)) {
        return Some(Section::Zone);
    }
    if token.first && begins_rule(word(0)?, word(1), is_text(2), word(3)) {
        return Some(Section::Rule);
    }
    // `(owner is "x"` or `is after owner)` on a line of its own speaks of a field called owner.
    let goes_on = |word| matches!(word, "is" | "contains" | "mentions" | "does" | "starts" | "and" | "or");
    let own_line = token.first && word(1).is_some_and(|word| !goes_on(word));
    (is(0, "owner") && (own_line || is_text(1))).then_some(Section::Owner)
}
