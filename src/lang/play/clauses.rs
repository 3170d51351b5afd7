//! A broken rule, taken apart into its clauses, each judged by itself: so that a mistake in `when` does not hide one
//! in `then`, and a clause in the wrong place is called that. What could be read goes on to the checks of `compile`.

mod openers;

use std::ops::Range;

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{Span, Spanned};
use crate::lang::suggest::nearest;
use crate::lang::tree;
use crate::lang::unread::Unread;

use super::build::{Builder, Node};
use super::diagnose::{self, shown};
use super::grammar::Rule;
use super::mistakes;
use super::pieces;
use super::scan::Kind;
use super::sentence::{Failure, Reading, Sentence};
use super::words::{self, Here};

/// The clauses of a rule, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Clause {
    Status,
    When,
    ForEach,
    OnlyIf,
    Unless,
    Check,
    Limit,
    Then,
}

impl Clause {
    const ALL: [Clause; 8] = [
        Clause::Status,
        Clause::When,
        Clause::ForEach,
        Clause::OnlyIf,
        Clause::Unless,
        Clause::Check,
        Clause::Limit,
        Clause::Then,
    ];

    fn words(self) -> &'static str {
        match self {
            Clause::Status => "status",
            Clause::When => "when",
            Clause::ForEach => "for each",
            Clause::OnlyIf => "only if",
            Clause::Unless => "unless",
            Clause::Check => "check",
            Clause::Limit => "at most",
            Clause::Then => "then",
        }
    }

    /// Guards share a place.
    fn rank(self) -> usize {
        if self == Clause::Unless { Clause::OnlyIf as usize } else { self as usize }
    }
}

/// A clause as found: its key words, and what follows up to the next clause.
struct Found {
    clause: Clause,
    /// Its key words, as token numbers.
    keyword: Range<usize>,
    /// What is wrong with the key word itself.
    problem: Option<Diagnostic>,
}

/// Says what is wrong with a rule, at least one problem, and gives what could be read of it.
pub(super) fn rule(sentence: &Sentence, failure: &Failure) -> Reading<tree::Rule> {
    let mut problems = Vec::new();
    let body = head(sentence, &mut problems);
    let found = clauses(sentence, body);
    let first = found.first().map_or(sentence.tokens.len(), |found| found.keyword.start);
    if first > body {
        problems.push(stranger(sentence, body));
    }
    let mut rest = Rest::of(sentence, problems);
    let mut next = found.iter().skip(1).map(|found| found.keyword.start).chain([sentence.tokens.len()]);
    for clause in &found {
        let (known, part) = (rest.problems.len(), clause.keyword.end..next.next().unwrap_or(sentence.tokens.len()));
        rest.problems.extend(clause.problem.clone());
        rest.clause(clause, &starting_behind(sentence.part(part), sentence, clause));
        // What is said of the whole limit says how it begins, too.
        if clause.clause == Clause::Limit && rest.problems[known..].iter().any(|told| told.code == codes::BAD_LIMIT) {
            rest.problems.drain(known..known + usize::from(clause.problem.is_some()));
        }
    }
    rest.problems.extend(order(sentence, &found));
    let nothing_done = !found.iter().any(|found| found.clause == Clause::Then) && !acts(sentence, body);
    if rest.problems.is_empty() || rest.has_when && nothing_done {
        rest.problems.extend(missing(sentence, &found));
    }
    if rest.problems.is_empty() {
        rest.problems.extend(diagnose::once(sentence, Rule::e_rule, failure));
    }
    rest.done(sentence)
}

/// What could be read of a rule, clause by clause.
struct Rest {
    rule: tree::Rule,
    has_when: bool,
    problems: Vec<Diagnostic>,
    holes: Vec<Span>,
}

impl Rest {
    fn of(sentence: &Sentence, problems: Vec<Diagnostic>) -> Rest {
        let place = |index: usize| sentence.tokens.get(index).map_or(sentence.whole(), |token| sentence.span(token));
        let id = match sentence.tokens.get(1).filter(|token| token.kind == Kind::Word) {
            Some(token) => Spanned { node: sentence.word(token).to_owned(), span: sentence.span(token) },
            None => Unread::unread(place(0)),
        };
        let when = Unread::unread(sentence.slice.span(sentence.start, sentence.start));
        let head = sentence.part(0..sentence.tokens.len().min(3));
        let title = head.try_read(Rule::e_rule_head, |builder, node| {
            node.take(Rule::word)?;
            Some(builder.text(node.take(Rule::text)?))
        });
        let rule = tree::Rule {
            id,
            title: title.ok().and_then(|reading| reading.value),
            status: None,
            when,
            for_each: Vec::new(),
            guards: Vec::new(),
            check: None,
            limit: None,
            then: Vec::new(),
            span: sentence.whole(),
        };
        Rest { rule, has_when: false, problems, holes: Vec::new() }
    }

    /// Reads a clause.
    fn clause(&mut self, found: &Found, part: &Sentence) {
        match found.clause {
            Clause::Status => {
                let read = |builder: &mut Builder, node: &mut Node| Some(builder.status(&node.any()?));
                let status = pieces::one(part, Rule::e_status, &read);
                self.rule.status = self.take(status);
            }
            // A second `when` has been told: the first is the one that names are looked up in.
            Clause::When => {
                let when = self.take(pieces::trigger(part));
                if let Some(when) = when.filter(|_| !std::mem::replace(&mut self.has_when, true)) {
                    self.rule.when = when;
                }
            }
            Clause::ForEach => {
                let read = |builder: &mut Builder, node: &mut Node| builder.key(node.any()?);
                self.rule.for_each = self.take(pieces::one(part, Rule::e_key, &read)).unwrap_or_default();
            }
            Clause::OnlyIf | Clause::Unless => {
                let unless = found.clause == Clause::Unless;
                if let Some(condition) = self.take(pieces::condition(part)) {
                    self.rule.guards.push(tree::Guard { unless, condition, span: part.whole() });
                }
            }
            Clause::Check => {
                let read = |builder: &mut Builder, node: &mut Node| builder.schedule(node.any()?);
                let schedule = self.take(pieces::one(part, Rule::e_schedule, &read));
                self.rule.check = schedule.map(|node| Spanned { node, span: part.whole() });
            }
            Clause::Limit => {
                let read = |builder: &mut Builder, node: &mut Node| builder.limit(node.any()?);
                self.rule.limit = self.take(pieces::one(part, Rule::e_limit, &read));
            }
            Clause::Then => {
                let steps = self.take(pieces::steps(part));
                self.rule.then.extend(steps.unwrap_or_default());
            }
        }
    }

    fn take<T>(&mut self, reading: Reading<T>) -> Option<T> {
        self.problems.extend(reading.problems);
        self.holes.extend(reading.holes);
        reading.value
    }

    fn done(mut self, sentence: &Sentence) -> Reading<tree::Rule> {
        if !self.has_when {
            self.holes.push(sentence.slice.span(sentence.start, sentence.start));
        }
        Reading { value: Some(self.rule), problems: self.problems, holes: self.holes }
    }
}

/// An empty clause stands directly behind its key word.
fn starting_behind<'a>(part: Sentence<'a>, whole: &Sentence<'a>, clause: &Found) -> Sentence<'a> {
    if !part.tokens.is_empty() {
        return part;
    }
    let end = whole.tokens[clause.keyword.end - 1].end;
    Sentence { start: end, end, ..part }
}

/// Judges `rule id "title"` and returns the token number behind it.
fn head(sentence: &Sentence, problems: &mut Vec<Diagnostic>) -> usize {
    let tokens = sentence.tokens;
    let kind = |index: usize| tokens.get(index).map(|token| token.kind);
    let keyword = sentence.word(&tokens[0]);
    if keyword != "rule" {
        let near = nearest(keyword, ["rule"].into_iter()).is_some() && !words::is_rule(&keyword.to_lowercase());
        let (code, message, help) = match (keyword.eq_ignore_ascii_case("rule"), near) {
            (true, _) => {
                let message = format!("key words are written in small letters, `{keyword}` is not");
                (codes::CAPITALS, message, "write `rule`")
            }
            (false, true) => (codes::MISSPELT, format!("unknown word `{}`", shown(keyword)), "did you mean `rule`?"),
            (false, false) => {
                let message = format!("`{}` is not a word of playbooks", shown(keyword));
                (codes::OTHER_WORD, message, "write `rule`")
            }
        };
        problems.push(Diagnostic::error(code, sentence.span(&tokens[0]), message).help(help));
    }
    // Where id and title are in their places, the id may look like a clause, and the title may have a line of its own.
    let named = kind(1) == Some(Kind::Word) && matches!(kind(2), Some(Kind::Text(_)));
    let line = (2..tokens.len()).find(|index| tokens[*index].first && !named).unwrap_or(tokens.len());
    let title = tokens.iter().take(8.min(line)).position(|token| matches!(token.kind, Kind::Text(_)));
    let clause = (if named { 3 } else { 2.min(line) }..tokens.len().min(8).min(line))
        .find(|index| clause_at(sentence, *index, 0).is_some())
        .unwrap_or(tokens.len().min(8).min(line));
    let behind = title.filter(|title| *title < clause).map_or(clause, |title| title + 1);
    let part = sentence.part(0..behind);
    let correct = keyword == "rule" && part.try_read(Rule::e_rule_head, |_, _| Some(())).is_ok();
    if correct || keyword != "rule" && kind(1) == Some(Kind::Word) && kind(2) == Some(Kind::Text(true)) && behind == 3 {
        return behind;
    }
    let span = part.slice.span(part.start, part.end);
    let example =
        "write rule checkout_wait \"Long wait at checkout\": an id of letters, digits and `_`, and a title in quotes";
    let id = tokens.get(1).map_or("", |token| sentence.word(token));
    let problem = match (kind(1), title) {
        _ if tokens[..behind].iter().any(|token| token.kind == Kind::Text(false)) => {
            let text = tokens[..behind].iter().find(|token| token.kind == Kind::Text(false)).unwrap_or(&tokens[0]);
            Diagnostic::error(codes::UNCLOSED_TEXT, sentence.span(text), "this text has no closing quote")
                .help("end it with `\"` on the same line")
        }
        (Some(Kind::Text(_)), _) => {
            let title = sentence.word(&tokens[1]);
            Diagnostic::error(codes::RULE_HEAD, span, "this rule has a title and no id").help(format!(
                "write `rule {} {}`",
                mistakes::id_of(title),
                shown(title)
            ))
        }
        (Some(Kind::Word), _) if words::RESERVED.contains(&id.to_lowercase().as_str()) => Diagnostic::error(
            codes::RESERVED_WORD,
            sentence.span(&tokens[1]),
            format!("`{id}` cannot be a name: it is a key word"),
        )
        .help(format!("choose another id, such as `{id}_rule`")),
        (Some(Kind::Word), None) => {
            let (help, behind) = title_in_words(sentence, behind).unwrap_or_else(|| {
                // `rule checkout-wait`
                let named = &sentence.slice.text[tokens[1].start..tokens[behind.max(2) - 1].end];
                let id = if named.contains(['\n', ' ']) { id } else { named };
                let (plain, title) = (id.replace('-', "_"), mistakes::title_of(id));
                (format!("write `rule {} \"{}\"`, with a title of your own", shown(&plain), shown(&title)), behind)
            });
            problems.push(Diagnostic::error(codes::RULE_HEAD, span, "this rule has no title in quotes").help(help));
            return behind;
        }
        (Some(Kind::Number), Some(title)) => {
            let (from, to) = (tokens[1].start, tokens[title - 1].end);
            let id = &sentence.slice.text[from..to];
            let better: String = id.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
            let message = format!("an id begins with a letter, `{}` does not", shown(id));
            Diagnostic::error(codes::BAD_NAME, sentence.slice.span(from, to), message)
                .help(format!("write, for example, `rule_{}`", shown(&better)))
        }
        (_, Some(title)) if title > 2 => {
            let (from, to) = (tokens[1].start, tokens[title - 1].end);
            let id = &sentence.slice.text[from..to];
            let better: String = id.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
            Diagnostic::error(
                codes::BAD_NAME,
                sentence.slice.span(from, to),
                format!("`{}` is not one word", shown(id)),
            )
            .help(format!("ids have letters, digits and `_`: write `{}`", shown(&better)))
        }
        _ => Diagnostic::error(codes::RULE_HEAD, span, "a rule begins with its id and its title").help(example),
    };
    problems.push(problem);
    behind
}

/// `rule wait Queue is too long`: says how the title is written, and where the words of it end.
fn title_in_words(sentence: &Sentence, behind: usize) -> Option<(String, usize)> {
    let tokens = sentence.tokens;
    let goes_on = |index: &usize| {
        !tokens[*index].first && tokens[*index].kind != Kind::Mark && clause_at(sentence, *index, 0).is_none()
    };
    let end = (2..tokens.len()).take_while(goes_on).last()? + 1;
    let title = sentence.slice.text.get(tokens[2].start..tokens[end - 1].end)?;
    let plain = !title.contains(['"', '\\', '`']) && title.len() <= 80;
    plain.then(|| (format!("write `rule {} \"{title}\"`", shown(sentence.word(&tokens[1]))), behind.max(end)))
}

/// Finds the clauses from the token `body` on.
fn clauses(sentence: &Sentence, body: usize) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut index = body;
    while index < sentence.tokens.len() {
        let clause = openers::clause(sentence, index, &found)
            .or_else(|| clause_at(sentence, index, body))
            .or_else(|| nearly_at_most(sentence, index, body))
            .or_else(|| nearly(sentence, index, body, &found));
        match clause {
            Some(clause) => {
                // A word that is missing has no length.
                index = clause.keyword.end.max(index + 1);
                found.push(clause);
            }
            None => index += 1,
        }
    }
    forgotten_then(sentence, body, &mut found);
    found
}

/// Adds the `then` that is missing in front of the first action.
fn forgotten_then(sentence: &Sentence, body: usize, found: &mut Vec<Found>) {
    let has = |clause: Clause| found.iter().any(|found| found.clause == clause);
    if has(Clause::Then) || !has(Clause::When) {
        return;
    }
    let Some(index) = (body + 2..sentence.tokens.len()).find(|index| begins_action(sentence, *index)) else { return };
    let token = &sentence.tokens[index];
    let verb = sentence.word(token);
    let next = sentence.tokens.get(index + 1).map_or("…", |token| sentence.word(token));
    let message = "what is done stands behind `then`";
    let problem = Diagnostic::error(codes::NO_THEN, sentence.slice.span(token.start, token.start), message)
        .help(format!("write `then {} {}`", shown(verb), shown(next)));
    let place = found.partition_point(|found| found.keyword.start < index);
    // `complaint: alert …`, `complaint -> alert …`, `complaint do alert …`
    let instead = |index: &usize| {
        let word = sentence.word(&sentence.tokens[*index]);
        let then = matches!(words::elsewhere(word), Some(Here::Clause("then")));
        then || matches!(word, ":" | "-" | "," | ">" | "=>" | "→" | "⇒" | "=" | "–" | "—")
    };
    let start = (body + 2..index).rev().take_while(instead).last().unwrap_or(index);
    found.insert(place, Found { clause: Clause::Then, keyword: start..index, problem: Some(problem) });
}

/// Tells whether an action begins with a token, though no `then` stands in front of it.
fn begins_action(sentence: &Sentence, index: usize) -> bool {
    let word = |index: usize| {
        let token = sentence.tokens.get(index).filter(|token| token.kind == Kind::Word);
        token.map_or("", |token| sentence.word(token))
    };
    let before = sentence.word(&sentence.tokens[index - 1]);
    let part =
        matches!(before, "." | "," | "is" | "of" | "by" | "same" | "each" | "per" | "not" | "when" | "where" | "with");
    let next = word(index + 1);
    let object = !next.is_empty() && !words::is_key_word(next);
    !part
        && match word(index) {
            "alert" | "email" | "record" => object,
            "set" => object && sentence.tokens.get(index + 2).is_some_and(|token| sentence.word(token) == "."),
            "open" => next == "case",
            "post" => next == "to",
            "escalate" => next == "until",
            "send" | "notify" => !next.is_empty() && !words::RESERVED.contains(&next),
            _ => false,
        }
}

/// Tells whether anything in a rule looks like an action.
fn acts(sentence: &Sentence, body: usize) -> bool {
    let verbs =
        ["alert", "email", "open", "escalate", "post", "set", "record", "send", "notify", "case", "then", "inform"];
    let near = |word: &str| nearest(word, ["then", "alert", "email", "escalate", "record"].into_iter()).is_some();
    let is_word = |index: &usize| sentence.tokens[*index].kind == Kind::Word;
    // A text that is not closed may hold all of it.
    if sentence.tokens.iter().any(|token| matches!(token.kind, Kind::Text(false) | Kind::Script(false))) {
        return true;
    }
    (body..sentence.tokens.len()).filter(is_word).any(|index| {
        let word = sentence.word(&sentence.tokens[index]).to_lowercase();
        verbs.contains(&&*word) || !words::is_key_word(&word) && near(&word)
    })
}

/// Tells whether a word in small letters is what stands behind the title of a rule, here or in another language.
pub(super) fn is_when(word: &str) -> bool {
    matches!(word, "when" | "status") || matches!(words::elsewhere(word), Some(Here::Clause("when")))
}

/// Recognises the key words of a clause, capitals included.
fn clause_at(sentence: &Sentence, index: usize, body: usize) -> Option<Found> {
    let token = sentence.tokens[index];
    if token.kind != Kind::Word {
        return None;
    }
    let word = |offset: usize| {
        let token = sentence.tokens.get(index + offset).filter(|token| token.kind == Kind::Word);
        token.map_or_else(String::new, |token| sentence.word(token).to_lowercase())
    };
    let before = index.checked_sub(1).map(|before| sentence.word(&sentence.tokens[before]));
    // After a dot any word may stand, and `is at most` compares.
    if before == Some(".") {
        return None;
    }
    let starts_line = token.first || index == body;
    let (clause, length) = match (word(0).as_str(), word(1).as_str()) {
        ("status", "live" | "shadow" | "paused") => (Clause::Status, 1),
        ("status", next) if index == body && !matches!(next, "is" | "contains") => (Clause::Status, 1),
        ("when", _) => (Clause::When, 1),
        // `3 or more complaints for each customer within 14 days` means the same customer.
        ("for", "each") if is_key_of_count(sentence, index) => return None,
        ("for", "each") => (Clause::ForEach, 2),
        ("only", "if") => (Clause::OnlyIf, 2),
        ("unless", _) => (Clause::Unless, 1),
        ("check", "every" | "daily" | "weekly" | "nightly" | "each") => (Clause::Check, 1),
        ("check", next) if starts_line && next != "is" => (Clause::Check, 1),
        ("at", "most") if word(2) == "once" || starts_line && before != Some("is") => (Clause::Limit, 2),
        ("at", "most") if before != Some("is") && says_how_often(sentence, index + 2) => (Clause::Limit, 2),
        // `is more then 6` means `than`.
        ("then", _) if matches!(before, Some("more" | "less" | "greater" | "smaller")) => return None,
        // `wait 2 hours then alert …` is one action.
        ("then", _) if ends_wait(sentence, index) => return None,
        ("then", _) => (Clause::Then, 1),
        _ => return None,
    };
    let (from, to) = (token.start, sentence.tokens[index + length - 1].end);
    let written = &sentence.slice.text[from..to];
    let problem = written.chars().any(char::is_uppercase).then(|| {
        let message = format!("key words are written in small letters, `{written}` is not");
        Diagnostic::error(codes::CAPITALS, sentence.slice.span(from, to), message)
            .help(format!("write `{}`", clause.words()))
    });
    Some(Found { clause, keyword: index..index + length, problem })
}

/// Tells whether `wait 2 hours` stands in front of a token.
fn ends_wait(sentence: &Sentence, index: usize) -> bool {
    let word = |back: usize| index.checked_sub(back).map_or("", |place| sentence.word(&sentence.tokens[place]));
    let number = index.checked_sub(2).is_some_and(|place| sentence.tokens[place].kind == Kind::Number);
    number && words::unit(word(1)).is_some() && (word(3) == "wait" || word(3) == "for" && word(4) == "wait")
}

/// Tells whether `for each` at a token stands inside a count, in front of its `within`.
fn is_key_of_count(sentence: &Sentence, index: usize) -> bool {
    let word = |index: usize| sentence.tokens.get(index).map_or("", |token| sentence.word(token));
    let when = (0..index).rfind(|index| word(*index) == "when");
    let counted = when.and_then(|when| sentence.tokens.get(when + 1)).is_some_and(|token| token.kind == Kind::Number);
    let key = |index: &usize| matches!(word(*index), "and" | ".") || !words::is_key_word(word(*index));
    let end = (index + 2..(index + 10).min(sentence.tokens.len())).find(|index| !key(index));
    counted && end.is_some_and(|end| word(end) == "within")
}

/// Tells whether a limit goes on here as one says it: `once`, `2 times`, `2 per customer`.
fn says_how_often(sentence: &Sentence, index: usize) -> bool {
    let word = |index: usize| sentence.tokens.get(index).map_or("", |token| sentence.word(token));
    let number = sentence.tokens.get(index).is_some_and(|token| token.kind == Kind::Number);
    matches!(word(index), "once" | "twice" | "thrice")
        || number && matches!(word(index + 1), "per" | "time" | "times" | "every" | "a" | "each")
}

/// Recognises `atmost once every …` and `at mots once every …`, wherever they stand.
fn nearly_at_most(sentence: &Sentence, index: usize, body: usize) -> Option<Found> {
    let small = |index: usize| {
        let token = sentence.tokens.get(index).filter(|token| token.kind == Kind::Word);
        token.map_or_else(String::new, |token| sentence.word(token).to_lowercase())
    };
    let before = index.checked_sub(1).map(|before| sentence.word(&sentence.tokens[before]));
    if matches!(before, Some("." | "is" | "not")) {
        return None;
    }
    let one = matches!(&*small(index), "atmost" | "at_most");
    let words = match (&*small(index), &*small(index + 1)) {
        _ if one => 1,
        ("at", second) if nearest(second, ["most"].into_iter()).is_some() => 2,
        _ => return None,
    };
    let starts_line = sentence.tokens[index].first || index == body;
    (says_how_often(sentence, index + words) || one && starts_line).then_some(())?;
    let span = sentence.slice.span(sentence.tokens[index].start, sentence.tokens[index + words - 1].end);
    let written = sentence.slice.text.get(sentence.tokens[index].start..sentence.tokens[index + words - 1].end);
    let problem = Diagnostic::error(codes::MISSPELT, span, format!("unknown word `{}`", shown(written.unwrap_or(""))))
        .help("did you mean `at most`?");
    Some(Found { clause: Clause::Limit, keyword: index..index + words, problem: Some(problem) })
}

/// Recognises a misspelt or foreign clause word, only where a clause is likely to start: at the start of a line.
fn nearly(sentence: &Sentence, index: usize, body: usize, found: &[Found]) -> Option<Found> {
    let token = sentence.tokens[index];
    if token.kind != Kind::Word || !(token.first || index == body) {
        return None;
    }
    let written = sentence.word(&token);
    let word = written.to_lowercase();
    // What already follows `then` is an action, which has misspellings of its own.
    let acting = found.iter().any(|found| found.clause == Clause::Then);
    if word == "for"
        && let Some(next) = sentence.tokens.get(index + 1).filter(|next| next.kind == Kind::Word)
    {
        let each = sentence.word(next).to_lowercase();
        let meant = matches!(&*each, "every" | "all" | "any") || nearest(&each, ["each"].into_iter()).is_some();
        let span = sentence.slice.span(token.start, next.end);
        let message = format!("`for {}` is not how it is said here", shown(&each));
        let problem = Diagnostic::error(codes::OTHER_WORD, span, message).help("write `for each`");
        return meant.then(|| Found { clause: Clause::ForEach, keyword: index..index + 2, problem: Some(problem) });
    }
    if words::is_key_word(&word) && word != "if" {
        return None;
    }
    let span = sentence.span(&token);
    let seen = |clause: Clause| found.iter().any(|found| found.clause == clause);
    if let Some(Here::Clause(meant)) = words::elsewhere(&word) {
        let clause = Clause::ALL.into_iter().find(|clause| meant.starts_with(clause.words()))?;
        let (clause, help) = match clause {
            Clause::When if seen(Clause::When) => {
                (Clause::OnlyIf, "write `only if` for how things are, `where` for what happened".to_owned())
            }
            Clause::When => {
                (Clause::When, "write `when` for what happens, `only if` for how things are then".to_owned())
            }
            clause => (clause, format!("write `{meant}`")),
        };
        if acting && clause != Clause::Then {
            return None;
        }
        let problem =
            Diagnostic::error(codes::OTHER_WORD, span, format!("`{written}` is not a word of playbooks")).help(help);
        return Some(Found { clause, keyword: index..index + 1, problem: Some(problem) });
    }
    let candidates = if acting { vec![] } else { vec!["status", "when", "unless", "check", "then"] };
    let meant = nearest(&word, candidates.into_iter())?;
    let clause = Clause::ALL.into_iter().find(|clause| clause.words() == meant)?;
    if seen(clause) && clause != Clause::Unless {
        return None;
    }
    let problem = Diagnostic::error(codes::MISSPELT, span, format!("unknown word `{}`", shown(written)));
    Some(Found { clause, keyword: index..index + 1, problem: Some(problem.help(format!("did you mean `{meant}`?"))) })
}

/// Judges what stands between the title and the first clause.
fn stranger(sentence: &Sentence, body: usize) -> Diagnostic {
    let token = &sentence.tokens[body];
    let word = sentence.word(token).to_lowercase();
    let span = sentence.span(token);
    match words::elsewhere(&word) {
        Some(here) => {
            Diagnostic::error(codes::OTHER_WORD, span, format!("`{}` is not a word of playbooks", shown(&word)))
                .help(here.help())
        }
        None => Diagnostic::error(
            codes::UNEXPECTED,
            span,
            format!("`{}` does not belong here", shown(sentence.word(token))),
        )
        .help("after its title a rule goes on with `when …`"),
    }
}

/// Finds clauses that stand twice or in the wrong order.
fn order(sentence: &Sentence, found: &[Found]) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let place = |found: &Found| {
        let last = found.keyword.end.max(found.keyword.start + 1) - 1;
        sentence.slice.span(sentence.tokens[found.keyword.start].start, sentence.tokens[last].end)
    };
    for (index, clause) in found.iter().enumerate() {
        let name = clause.clause.words();
        let guard = clause.clause.rank() == Clause::OnlyIf as usize;
        if let Some(first) = found[..index].iter().find(|first| first.clause == clause.clause && !guard) {
            let help = match clause.clause {
                Clause::Then => "keep one `then`: its actions follow one another, with or without `and`",
                Clause::When => "keep one `when`: what happens differently is a second rule",
                _ => "keep one of them",
            };
            let problem =
                Diagnostic::error(codes::CLAUSE_TWICE, place(clause), format!("`{name}` stands twice in this rule"));
            problems.push(problem.related(place(first), "first here").help(help));
        } else if let Some(later) = found[..index].iter().find(|later| later.clause.rank() > clause.clause.rank()) {
            let message = format!("`{name}` stands after `{}`", later.clause.words());
            let help = format!("move it up: the order is {}", words::CLAUSE_ORDER);
            problems.push(Diagnostic::error(codes::CLAUSE_ORDER, place(clause), message).help(help));
        }
    }
    problems
}

/// Finds clauses that must be there and are not.
fn missing(sentence: &Sentence, found: &[Found]) -> Option<Diagnostic> {
    let has = |clause: Clause| found.iter().any(|found| found.clause == clause);
    let head = &sentence.tokens[..sentence.tokens.len().min(3)];
    let span = sentence.slice.span(head[0].start, head[head.len() - 1].end);
    if !has(Clause::When) {
        let problem = Diagnostic::error(codes::NO_WHEN, span, "this rule does not say when it fires");
        return Some(problem.help("after the title write `when survey_response`, or another thing that happens"));
    }
    (!has(Clause::Then)).then(|| {
        Diagnostic::error(codes::NO_THEN, span, "this rule does not say what to do")
            .help("end it with an action, such as `then alert floor_manager of store`")
    })
}
