//! Literals and operands against the type they stand beside.
//!
//! A literal becomes a value of the subject's type or a message that says how to write it. Text is folded where it
//! is compared and kept as written where it is printed.

use jiff::civil::{Date, Time};

use crate::compile::lower::Lower;
use crate::compile::scope::{Scope, did_you_mean};
use crate::compile::words::{describe, listed, unit_word};
use crate::ir::expr::{Access, Operand};
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::format::sentence;
use crate::lang::source::Span;
use crate::lang::tree::{self, OperandKind, Path};
use crate::number::Number;
use crate::script::{Gives, Script};
use crate::suggest::nearest;
use crate::value::{Str, Value};
use crate::vocabulary::text::fold;
use crate::vocabulary::{Type, builtin};

/// What an operand stands beside.
#[derive(Clone, Copy, Debug)]
pub struct Beside<'a> {
    /// The type it must fit; `None` fits anything.
    pub ty: Option<&'a Type>,
    /// The subject as written, for messages.
    pub name: &'a str,
    /// Whether text is compared (and folded) or printed (and kept).
    pub compared: bool,
    /// Whether a comparison with it is negated: `is not …`.
    pub negated: bool,
}

impl<'a> Beside<'a> {
    /// Returns the place beside a subject that is compared.
    pub fn compared(ty: Option<&'a Type>, name: &'a str) -> Beside<'a> {
        Beside { ty, name, compared: true, negated: false }
    }

    /// Returns the place of a value that is handed on.
    pub fn printed(ty: Option<&'a Type>, name: &'a str) -> Beside<'a> {
        Beside { ty, name, compared: false, negated: false }
    }
}

impl Lower<'_> {
    /// Resolves and types an operand.
    pub fn operand(&mut self, scope: &Scope, operand: &tree::Operand, beside: Beside<'_>) -> Option<Operand> {
        match &operand.kind {
            OperandKind::Path(path) => self.named_operand(scope, path, beside).map(Operand::Access),
            OperandKind::Script(text) => {
                let script = self.script(scope, text, operand.span)?;
                if let Some(problem) = self.no_match(&script, operand.span, beside) {
                    self.report(problem);
                    return None;
                }
                Some(Operand::Script(script, crate::ir::Here(operand.span)))
            }
            _ => self.literal(operand, beside).map(Operand::Literal),
        }
    }

    /// Reports a script that can be seen to give something the value beside it is never equal to, more or less than.
    fn no_match(&self, script: &Script, span: Span, beside: Beside<'_>) -> Option<Diagnostic> {
        let ty = beside.ty.filter(|_| beside.compared)?;
        let number = matches!(ty, Type::Number | Type::WholeNumber | Type::Score(_) | Type::Duration(_));
        let worded = !number && !matches!(ty, Type::YesNo | Type::Money | Type::Date | Type::Time);
        let what = match script.gives()? {
            Gives::Read(place) => {
                let (_, access) = script.reads.get(place)?;
                (!comparable(ty, &access.ty)).then(|| describe(self.vocabulary, &access.ty))
            }
            Gives::YesNo => (*ty != Type::YesNo).then(|| "yes or no".into()),
            Gives::Number => (!number).then(|| "a number".into()),
            Gives::Text => (!worded).then(|| "a text".into()),
            Gives::List => Some("a list".into()),
        }?;
        let that = describe(self.vocabulary, ty);
        let message = format!("this script gives {what}, and `{}` is {that}", beside.name);
        let problem = Diagnostic::error(codes::OTHER_TYPE, span, message).label("it would never match");
        let words = self.words_of(ty);
        let example = words.first().map_or_else(|| example(ty).to_owned(), |word| sentence::quoted(word));
        Some(problem.help(format!("write the value itself, such as `{} is {example}`", beside.name)))
    }

    fn named_operand(&mut self, scope: &Scope, path: &Path, beside: Beside<'_>) -> Option<Access> {
        let access = match self.find(scope, path) {
            Ok(access) => access,
            Err(problem) => {
                if !scope.incomplete {
                    let word = if problem.is_told() { None } else { self.unquoted_word(path, beside) };
                    self.report(word.unwrap_or(*problem));
                }
                return None;
            }
        };
        match beside.ty {
            Some(ty) if !comparable(ty, &access.ty) => {
                let (this, that) = (describe(self.vocabulary, &access.ty), describe(self.vocabulary, ty));
                let message = format!("`{}` is {this}, and `{}` is {that}", access.name, beside.name);
                let mut problem = Diagnostic::error(codes::OTHER_TYPE, path.span, message).label(this);
                // `is gold` where a field happens to be called gold.
                if path.words.len() == 1 && self.words_of(ty).iter().any(|word| **word == *access.name) {
                    problem = problem.help(format!("if the word is meant, quote it: `\"{}\"`", access.name));
                } else {
                    problem = problem.help(format!("compare `{}` with {that}", beside.name));
                }
                self.report(problem);
                None
            }
            _ => Some(access),
        }
    }

    /// Recognises a listed word, or any text, that lacks its quotes.
    fn unquoted_word(&self, path: &Path, beside: Beside<'_>) -> Option<Diagnostic> {
        let ty = beside.ty?;
        let written = sentence::path(path);
        let words = self.words_of(ty);
        let quote = |word: &str| format!("quote it: `{}`", sentence::quoted(word));
        let problem =
            || Diagnostic::error(codes::UNQUOTED_WORD, path.span, format!("`{written}` is no name that is known here"));
        if let Some(presence) = match &*written.to_lowercase() {
            "empty" | "blank" | "null" | "none" | "nothing" | "unknown" => Some("missing"),
            "filled" | "given" | "known" | "there" | "available" => Some("present"),
            _ => None,
        } && !words.iter().any(|word| fold(word) == fold(&written))
        {
            let presence = match (presence, beside.negated) {
                ("missing", true) => "present",
                ("present", true) => "missing",
                (presence, _) => presence,
            };
            return Some(problem().help(format!("write `{} is {presence}`", beside.name)));
        }
        if let (Type::Language, Some(code)) = (ty, language_code(&written)) {
            return Some(problem().help(format!("write `{}`, the code of the language", sentence::quoted(code))));
        }
        if let Some(fact) = self.fact_that_says(ty, &written, beside.name) {
            return Some(problem().label(format!("`{}` is a reference", beside.name)).help(fact));
        }
        if words.iter().any(|word| fold(word) == fold(&written)) {
            return Some(problem().label("a word without quotes is a name").help(quote(&written)));
        }
        if let Some(near) = nearest(&written, words.iter().map(|word| &**word)) {
            return Some(problem().help(format!("did you mean `{}`?", sentence::quoted(near))));
        }
        if let Some(near) = nearest(&written, ["present", "missing"].into_iter()) {
            return Some(problem().help(format!("did you mean `{near}`?")));
        }
        let plain = matches!(ty, Type::Text | Type::Language | Type::Email | Type::TimeZone | Type::Thing(_));
        (plain && path.words.len() == 1).then(|| {
            problem().label("a word without quotes is a name").help(format!("if a text is meant, {}", quote(&written)))
        })
    }

    /// `customer is gold`: finds the fact of a thing that can be so, and says how it is asked.
    fn fact_that_says(&self, ty: &Type, written: &str, name: &str) -> Option<String> {
        let Type::Thing(thing) = ty else { return None };
        let facts = &self.vocabulary.thing_type(*thing).facts;
        let says = |ty: &Type| self.words_of(ty).iter().any(|word| fold(word) == fold(written));
        if let Some(fact) = facts.iter().find(|fact| says(&fact.ty)) {
            return Some(format!("write `{name}.{} is {}`", fact.name, sentence::quoted(written)));
        }
        let fact = facts.iter().find(|fact| fact.ty == Type::YesNo && *fact.name == *written)?;
        Some(format!("write `{name}.{0} is yes` or `{name}.{0} is no`", fact.name))
    }

    /// Types a literal.
    pub fn literal(&mut self, operand: &tree::Operand, beside: Beside<'_>) -> Option<Value> {
        match beside.ty {
            None => self.untyped(operand, beside),
            Some(ty) => self.typed(operand, ty, beside),
        }
    }

    /// Reads a literal as what it looks like.
    fn untyped(&mut self, operand: &tree::Operand, beside: Beside<'_>) -> Option<Value> {
        Some(match &operand.kind {
            OperandKind::Text(text) => Value::Text(self.text(text, beside)),
            OperandKind::Number(number) => Value::Number(*number),
            OperandKind::Percent(number) if beside.compared => Value::Number(*number),
            OperandKind::Percent(number) => Value::Text(format!("{number} percent").into()),
            OperandKind::Length(length) => Value::Duration(self.value_length(length)?),
            OperandKind::Money(amount, currency) => Value::Money(*amount, *currency),
            OperandKind::Date(date) => Value::Date(*date),
            OperandKind::Time(time) => Value::Time(*time),
            OperandKind::YesNo(yes) => Value::YesNo(*yes),
            OperandKind::Path(_) | OperandKind::Script(_) => {
                self.not_a_literal(operand, beside);
                return None;
            }
        })
    }

    fn typed(&mut self, operand: &tree::Operand, ty: &Type, beside: Beside<'_>) -> Option<Value> {
        match (ty, &operand.kind) {
            (Type::Language, OperandKind::Text(text)) if language_code(text).is_some() => {
                let message = format!("`{}` is compared with the code of a language", beside.name);
                let code = language_code(text).unwrap_or_default();
                self.report(
                    Diagnostic::error(codes::UNKNOWN_LANGUAGE, operand.span, message)
                        .help(format!("write `{}`", sentence::quoted(code))),
                );
                None
            }
            (Type::Text | Type::Email | Type::TimeZone | Type::Language, OperandKind::Text(text)) => {
                Some(Value::Text(self.text(text, beside)))
            }
            (Type::OneOf(_) | Type::Touchpoint | Type::Channel, OperandKind::Text(text)) => {
                self.listed_word(text, operand.span, ty, beside)
            }
            (Type::Thing(_), OperandKind::Text(id)) => Some(Value::Id(id.trim().into())),
            (Type::Number | Type::WholeNumber, OperandKind::Number(number)) => Some(Value::Number(*number)),
            (Type::Score(_), OperandKind::Number(number)) => self.score(*number, operand.span, ty, beside),
            (Type::Duration(_), OperandKind::Length(length)) => self.value_length(length).map(Value::Duration),
            (Type::Money, OperandKind::Money(amount, currency)) => Some(Value::Money(*amount, *currency)),
            (Type::Date, OperandKind::Date(date)) => Some(Value::Date(*date)),
            (Type::Time, OperandKind::Time(time)) => Some(Value::Time(*time)),
            (Type::YesNo, OperandKind::YesNo(yes)) => Some(Value::YesNo(*yes)),
            (_, OperandKind::Path(_) | OperandKind::Script(_)) => {
                self.not_a_literal(operand, beside);
                None
            }
            _ => {
                let problem = self.other_type(operand, ty, beside);
                self.report(problem);
                None
            }
        }
    }

    fn text(&self, text: &str, beside: Beside<'_>) -> Str {
        if beside.compared { fold(text).into() } else { text.into() }
    }

    fn not_a_literal(&mut self, operand: &tree::Operand, beside: Beside<'_>) {
        let message = format!("`{}` is held against a value written here, not against a name or a script", beside.name);
        let example = beside.ty.map_or("10", |ty| example(ty));
        self.report(
            Diagnostic::error(codes::NOT_A_LITERAL, operand.span, message)
                .help(format!("write a value, such as `{example}`")),
        );
    }

    fn listed_word(&mut self, text: &str, span: Span, ty: &Type, beside: Beside<'_>) -> Option<Value> {
        let words = self.words_of(ty);
        if let Some(word) = words.iter().find(|word| fold(word) == fold(text)) {
            return Some(Value::Text(if beside.compared { fold(word).into() } else { word.clone() }));
        }
        if matches!(ty, Type::Touchpoint | Type::Channel) && self.vocabulary.lost.contains(text) {
            self.report(Diagnostic::told(span));
            return None;
        }
        let message = match ty {
            Type::Touchpoint => format!("unknown touchpoint `{text}`"),
            Type::Channel => format!("unknown channel `{text}`"),
            _ => format!("`{}` is never `{text}`", beside.name),
        };
        let problem = Diagnostic::error(codes::UNKNOWN_WORD, span, message);
        let names = words.iter().map(|word| &**word).collect();
        let otherwise = match ty {
            Type::Touchpoint => "the journey's touchpoints are",
            Type::Channel => "declared are",
            _ => "it is one of",
        };
        let problem = did_you_mean(problem, text, names, otherwise);
        self.report(problem);
        None
    }

    fn score(&mut self, number: Number, span: Span, ty: &Type, beside: Beside<'_>) -> Option<Value> {
        let Type::Score(scale) = ty else { return None };
        let (lowest, highest) = scale.range();
        if number >= Number::from_whole(lowest) && number <= Number::from_whole(highest) {
            return Some(Value::Number(number));
        }
        let message =
            format!("`{}` goes from {lowest} to {highest}, so it is never compared with {number}", beside.name);
        self.report(
            Diagnostic::error(codes::OUT_OF_SCALE, span, message)
                .label(describe(self.vocabulary, ty))
                .help(format!("write a number from {lowest} to {highest}")),
        );
        None
    }

    /// Says how a literal of another type would be written as this one.
    fn other_type(&self, operand: &tree::Operand, ty: &Type, beside: Beside<'_>) -> Diagnostic {
        let written = sentence::operand(operand);
        let what = describe(self.vocabulary, ty);
        let name = beside.name;
        let error =
            |code, message: String| Diagnostic::error(code, operand.span, message).label(format!("`{name}` is {what}"));
        match (ty, &operand.kind) {
            (Type::Number | Type::WholeNumber | Type::Score(_), OperandKind::Text(text))
                if text.trim().parse::<Number>().is_ok() =>
            {
                error(codes::QUOTED_VALUE, "a number stands without quotes".into())
                    .help(format!("write `{}`", text.trim()))
            }
            (Type::YesNo, OperandKind::Text(text)) if yes_or_no(text).is_some() => {
                error(codes::QUOTED_VALUE, "`yes` and `no` stand without quotes".into())
                    .help(format!("write `{}`", yes_or_no(text).unwrap_or("yes")))
            }
            (Type::Date, OperandKind::Text(text)) if text.trim().parse::<Date>().is_ok() => {
                error(codes::QUOTED_VALUE, "a date stands without quotes".into())
                    .help(format!("write `{}`", text.trim()))
            }
            (Type::Time, OperandKind::Text(text)) if text.trim().parse::<Time>().is_ok() => {
                error(codes::QUOTED_VALUE, "a time of day stands without quotes".into())
                    .help(format!("write `{}`", text.trim()))
            }
            (Type::Duration(unit), OperandKind::Number(number)) => {
                error(codes::MISSING_UNIT, format!("`{written}` has no unit, and `{name}` is a length of time"))
                    .help(format!("write `{number} {}`", one_or_more(*number, unit_word(*unit))))
            }
            (Type::Duration(unit), OperandKind::Text(text)) => {
                let inner = text.trim();
                let begins_with_number = inner.starts_with(|c: char| c.is_ascii_digit());
                let right = if begins_with_number && !inner.ends_with(|c: char| c.is_ascii_digit()) {
                    inner.to_owned()
                } else {
                    format!("10 {}", unit_word(*unit))
                };
                error(codes::QUOTED_VALUE, "a length of time stands without quotes".into())
                    .help(format!("write `{right}`"))
            }
            (Type::Money, OperandKind::Number(number)) => {
                error(codes::MISSING_UNIT, format!("`{written}` has no currency, and `{name}` is an amount of money"))
                    .help(format!("write `{number} EUR`"))
            }
            (Type::Number | Type::WholeNumber | Type::Score(_), OperandKind::Length(length)) => {
                error(codes::OTHER_TYPE, format!("`{name}` is {what}, and `{written}` is a length of time"))
                    .help(format!("write `{}`", length.amount))
            }
            (
                Type::Number | Type::WholeNumber | Type::Score(_),
                OperandKind::Percent(number) | OperandKind::Money(number, _),
            ) => error(codes::OTHER_TYPE, format!("`{name}` is {what}, without a unit"))
                .help(format!("write `{number}`")),
            (Type::Text | Type::Email | Type::Language | Type::TimeZone | Type::Thing(_), _) => {
                error(codes::OTHER_TYPE, format!("`{name}` is {what}, and `{written}` is not"))
                    .help(format!("quote it: `\"{written}\"`"))
            }
            (Type::OneOf(_) | Type::Touchpoint | Type::Channel, _) => {
                let words: Vec<String> = self.words_of(ty).iter().take(8).map(|word| sentence::quoted(word)).collect();
                error(codes::OTHER_TYPE, format!("`{name}` is {what}, and `{written}` is not"))
                    .help(format!("write one of {}", listed(&words)))
            }
            _ => error(codes::OTHER_TYPE, format!("`{name}` is {what}, and `{written}` is not"))
                .help(format!("write it like `{}`", example(ty))),
        }
    }

    /// Returns the words a type allows; none where it is not a list.
    pub fn words_of(&self, ty: &Type) -> Vec<Str> {
        match ty {
            Type::OneOf(words) => words.clone(),
            Type::Touchpoint => {
                self.vocabulary.journey.iter().flat_map(|stage| stage.touchpoints.iter().cloned()).collect()
            }
            Type::Channel => self.vocabulary.channels.clone(),
            _ => Vec::new(),
        }
    }
}

/// Tells whether values of two types can be equal.
pub fn comparable(one: &Type, other: &Type) -> bool {
    family(one) == family(other) && (!matches!(one, Type::Thing(_)) || one == other)
}

/// Groups types whose values compare with each other.
fn family(ty: &Type) -> u8 {
    match ty {
        Type::Text | Type::Language | Type::Email | Type::TimeZone => 0,
        Type::OneOf(_) | Type::Touchpoint | Type::Channel => 0,
        Type::Number | Type::WholeNumber | Type::Score(_) => 1,
        Type::YesNo => 2,
        Type::Duration(_) => 3,
        Type::Money => 4,
        Type::Date => 5,
        Type::Time => 6,
        Type::Thing(_) => 7,
    }
}

/// Returns a literal of a type, as one writes it.
pub fn example(ty: &Type) -> &'static str {
    match ty {
        Type::Number | Type::WholeNumber => "10",
        Type::Score(_) => "5",
        Type::YesNo => "yes",
        Type::Duration(Unit::Seconds) => "30 seconds",
        Type::Duration(Unit::Minutes) => "10 minutes",
        Type::Duration(Unit::Hours) => "2 hours",
        Type::Duration(Unit::Days) => "3 days",
        Type::Money => "50 EUR",
        Type::Date => "2026-12-24",
        Type::Time => "09:00",
        Type::Language => "\"en\"",
        _ => "\"text\"",
    }
}

use crate::vocabulary::Unit;

fn one_or_more(number: Number, unit: &str) -> &str {
    if number == Number::from_whole(1) { unit.trim_end_matches('s') } else { unit }
}

fn yes_or_no(text: &str) -> Option<&'static str> {
    match &*fold(text) {
        "yes" | "true" => Some("yes"),
        "no" | "false" => Some("no"),
        _ => None,
    }
}

/// Returns the priorities of a case as a type.
pub fn priorities() -> Type {
    Type::OneOf(builtin::PRIORITIES.iter().map(|word| (*word).into()).collect())
}

/// Returns the code of a language that is written by its English name.
fn language_code(name: &str) -> Option<&'static str> {
    const CODES: [(&str, &str); 20] = [
        ("english", "en"),
        ("spanish", "es"),
        ("german", "de"),
        ("french", "fr"),
        ("italian", "it"),
        ("portuguese", "pt"),
        ("polish", "pl"),
        ("russian", "ru"),
        ("lithuanian", "lt"),
        ("latvian", "lv"),
        ("estonian", "et"),
        ("ukrainian", "uk"),
        ("dutch", "nl"),
        ("czech", "cs"),
        ("swedish", "sv"),
        ("danish", "da"),
        ("finnish", "fi"),
        ("greek", "el"),
        ("turkish", "tr"),
        ("romanian", "ro"),
    ];
    let name = name.trim().to_lowercase();
    CODES.iter().find(|(known, _)| *known == name).map(|(_, code)| *code)
}
