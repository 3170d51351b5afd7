//! Conditions: defines inlined, subjects resolved, predicates checked against the subject's type.

use crate::compile::lower::Lower;
use crate::compile::scope::{Scope, did_you_mean};
use crate::compile::value::{Beside, comparable};
use crate::compile::words::describe;
use crate::ir::Here;
use crate::ir::expr::{Condition, Hours, Operand, Predicate, Test};
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::format::sentence;
use crate::lang::play::says_more;
use crate::lang::source::{Span, Spanned};
use crate::lang::tree::{self, ConditionKind, OperandKind, Order, Path};
use crate::script::{Gives, Script};
use crate::suggest::nearest;
use crate::value::{Str, Value};
use crate::vocabulary::Type;

/// How many uses of definitions one condition may unfold: definitions that double would fill the memory.
const MOST_INLINED: usize = 1_000;

impl Lower<'_> {
    /// Resolves and types a condition. Reports every problem in it, and gives it only when there is none.
    pub fn condition(&mut self, scope: &Scope, condition: &tree::Condition) -> Option<Condition> {
        match &condition.kind {
            ConditionKind::And(parts) => {
                let parts = self.conditions(scope, parts)?;
                Some(Condition::All(flat(parts, |part| match part {
                    Condition::All(inner) => Ok(inner),
                    other => Err(other),
                })))
            }
            ConditionKind::Or(parts) => {
                if let Some(problem) = self.or_more(scope, parts) {
                    self.report(problem);
                    return None;
                }
                let parts = self.conditions(scope, parts)?;
                Some(Condition::Any(flat(parts, |part| match part {
                    Condition::Any(inner) => Ok(inner),
                    other => Err(other),
                })))
            }
            ConditionKind::Group(inner) => self.condition(scope, inner),
            ConditionKind::Name(path) => self.named_condition(scope, path, condition.span),
            ConditionKind::Test(subject, predicate) => self.test(scope, subject, predicate, condition.span),
            ConditionKind::Script(script) => {
                let compiled = self.script(scope, &script.node, script.span)?;
                if let Some(problem) = self.no_condition(&compiled, script.span) {
                    self.report(problem);
                    return None;
                }
                Some(Condition::Script(compiled, Here(condition.span)))
            }
            ConditionKind::Hours { outside, calendar } => {
                let text = sentence::hours(*outside, &calendar.node).into();
                let (outside, zone, here) = (*outside, self.zone.clone(), Here(condition.span));
                Some(Condition::Hours(Hours { outside, calendar: self.calendar(calendar)?, zone, text, here }))
            }
        }
    }

    fn conditions(&mut self, scope: &Scope, parts: &[tree::Condition]) -> Option<Vec<Condition>> {
        // Each part is looked at even when an earlier one is broken: one run reports all problems.
        let parts: Vec<Option<Condition>> = parts.iter().map(|part| self.condition(scope, part)).collect();
        parts.into_iter().collect()
    }

    /// `score is 9 or more`, where nothing is called `more`.
    fn or_more(&self, scope: &Scope, parts: &[tree::Condition]) -> Option<Diagnostic> {
        parts.windows(2).find_map(|pair| {
            let ConditionKind::Test(subject, predicate) = &pair[0].kind else { return None };
            let tree::Predicate::Is { negated: false, to } = &predicate.node else { return None };
            let ConditionKind::Name(path) = &pair[1].kind else { return None };
            let [word] = &path.words[..] else { return None };
            let number = matches!(
                to.kind,
                OperandKind::Number(_) | OperandKind::Percent(_) | OperandKind::Length(_) | OperandKind::Money(..)
            );
            let more = says_more(&word.node).filter(|_| number)?;
            let known = self.defines.contains_key(&*word.node) || self.find(scope, path).is_ok();
            (!known).then(|| {
                let order = if more { "at least" } else { "at most" };
                let (subject, to) = (sentence::operand(subject), sentence::operand(to));
                let message = format!("`is {to} or {}` is not how it is said here", word.node);
                Diagnostic::error(codes::OTHER_WORD, predicate.span.to(pair[1].span), message)
                    .help(format!("write `{subject} is {order} {to}`"))
            })
        })
    }

    /// A defined condition, or a field that is yes or no by itself.
    fn named_condition(&mut self, scope: &Scope, path: &Path, span: Span) -> Option<Condition> {
        if let [word] = &path.words[..]
            && let Some(define) = self.defines.get(&*word.node).copied()
        {
            return self.inline(scope, define, word.span);
        }
        let access = match self.find(scope, path) {
            Ok(access) => access,
            Err(problem) => {
                if !scope.incomplete {
                    let problem = self.perhaps_defined(path, *problem);
                    self.report(problem);
                }
                return None;
            }
        };
        if access.ty != Type::YesNo {
            let what = describe(self.vocabulary, &access.ty);
            let message = format!("`{}` is {what}: a condition says something of it", access.name);
            let help =
                format!("write what it has to be, such as `{} is {}`", access.name, super::value::example(&access.ty));
            self.report(
                Diagnostic::error(codes::NOT_A_CONDITION, span, message).label("not a condition by itself").help(help),
            );
            return None;
        }
        let predicate = Predicate::Is { negated: false, to: Operand::Literal(Value::YesNo(true)) };
        let text = access.name.clone();
        Some(Condition::Test(Test { subject: Operand::Access(access), predicate, text, here: Here(span) }))
    }

    /// Reports a script in the place of a condition that can be seen to give no yes or no: it would never match.
    fn no_condition(&self, script: &Script, span: Span) -> Option<Diagnostic> {
        let text = script.text.trim();
        let whole = if text.len() <= 60 && !text.contains(';') { text } else { "…" };
        let (what, help) = match script.gives()? {
            Gives::YesNo => return None,
            Gives::Read(place) => {
                let (name, access) = script.reads.get(place)?;
                if access.ty == Type::YesNo {
                    return None;
                }
                let (what, example) = (describe(self.vocabulary, &access.ty), super::value::example(&access.ty));
                let help = match access.ty {
                    Type::Text => format!("write a sentence: `{name} is present` or `{name} is {example}`"),
                    _ => format!("write a sentence, such as `{name} is {example}`"),
                };
                (what, help)
            }
            Gives::Number => ("a number".into(), format!("compare it, such as `` `{whole} > 10` ``")),
            Gives::Text => ("a text".into(), format!("compare it, such as `` `{whole} == \"text\"` ``")),
            Gives::List => ("a list".into(), format!("ask for what is in it, such as `` `\"text\" in {whole}` ``")),
        };
        Some(
            Diagnostic::error(codes::NOT_A_CONDITION, span, format!("this script gives {what}, and no yes or no"))
                .label("it would never match")
                .help(help),
        )
    }

    /// A name that stands alone may be a misspelt definition as well.
    fn perhaps_defined(&self, path: &Path, problem: Diagnostic) -> Diagnostic {
        match &path.words[..] {
            [word] if problem.code == codes::UNKNOWN_NAME => match nearest(&word.node, self.define_names()) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem,
            },
            _ => problem,
        }
    }

    /// Puts a defined condition in the place of its name. Problems in it are told at the place of use: the same
    /// definition may be right in one rule and wrong in another.
    fn inline(&mut self, scope: &Scope, define: &tree::Define, used: Span) -> Option<Condition> {
        if self.inlining.iter().any(|(name, _)| *name == define.name.node) {
            let chain: Vec<&str> =
                self.inlining.iter().map(|(name, _)| name.as_str()).chain([&*define.name.node]).collect();
            let message = format!("`{}` is defined by itself ({})", define.name.node, chain.join(" → "));
            let problem = Diagnostic::error(codes::RECURSIVE_DEFINE, used, message)
                .help(format!("write out in the definition of `{}` what is meant", define.name.node));
            self.report(problem);
            return None;
        }
        self.inlined = if self.inlining.is_empty() { 1 } else { self.inlined + 1 };
        if self.inlined > MOST_INLINED {
            if self.inlined == MOST_INLINED + 1 {
                let message = format!("definitions within definitions grow to more than {MOST_INLINED} conditions");
                let help = format!("say in fewer words what `{}` means", define.name.node);
                self.report(Diagnostic::error(codes::RECURSIVE_DEFINE, used, message).help(help));
            }
            return None;
        }
        // A definition with an error that was told: nothing more is said, and no rule with it is used.
        self.errors += usize::from(self.has_hole(define.name.span));
        self.used.insert(define.name.node.clone());
        self.inlining.push((define.name.node.clone(), used));
        let condition = self.condition(scope, &define.condition);
        self.inlining.pop();
        condition
    }

    /// Compiles a script whose names are those of `scope`.
    pub fn script(&mut self, scope: &Scope, text: &str, span: Span) -> Option<Script> {
        super::script::compile(self, scope, text, span)
    }

    fn test(
        &mut self,
        scope: &Scope,
        subject: &tree::Operand,
        predicate: &Spanned<tree::Predicate>,
        span: Span,
    ) -> Option<Condition> {
        let name = sentence::operand(subject);
        let (subject_ir, ty) = match &subject.kind {
            OperandKind::Path(path) => match self.access(scope, path) {
                Some(access) => {
                    let ty = access.ty.clone();
                    (Operand::Access(access), Some(ty))
                }
                None => {
                    self.literals_alone(&predicate.node);
                    return None;
                }
            },
            OperandKind::Script(text) => {
                (Operand::Script(self.script(scope, text, subject.span)?, Here(subject.span)), None)
            }
            _ => {
                let problem =
                    Diagnostic::error(codes::LITERAL_SUBJECT, subject.span, format!("`{name}` is always the same"))
                        .label("a condition begins with a name");
                let problem = match reversed(&predicate.node) {
                    Some(other) => problem.help(format!("turn it round, with `{other}` first")),
                    None => problem.help("begin with the field that is looked at"),
                };
                self.report(problem);
                return None;
            }
        };
        let text: Str = sentence::test(subject, &predicate.node).into();
        if let tree::Predicate::Scale { negated, word } = &predicate.node {
            let said = self.scale(*negated, word, ty.as_ref(), predicate.span, &name)?;
            let test = |predicate| {
                Condition::Test(Test { subject: subject_ir.clone(), predicate, text: text.clone(), here: Here(span) })
            };
            let mut said: Vec<Condition> = said.into_iter().map(test).collect();
            return if said.len() == 1 { said.pop() } else { Some(Condition::Any(said)) };
        }
        let predicate_ir = self.predicate(scope, predicate, ty.as_ref(), &name)?;
        Some(Condition::Test(Test { subject: subject_ir, predicate: predicate_ir, text, here: Here(span) }))
    }

    /// Looks at what can be checked without knowing the subject: the lexicon.
    fn literals_alone(&mut self, predicate: &tree::Predicate) {
        if let tree::Predicate::Mentions { lexicon, .. } = predicate {
            self.lexicon(lexicon);
        }
    }

    fn predicate(
        &mut self,
        scope: &Scope,
        predicate: &Spanned<tree::Predicate>,
        ty: Option<&Type>,
        name: &str,
    ) -> Option<Predicate> {
        let beside = Beside::compared(ty, name);
        match &predicate.node {
            tree::Predicate::Is { negated, to } => {
                let to = self.operand(scope, to, Beside { negated: *negated, ..beside })?;
                Some(Predicate::Is { negated: *negated, to })
            }
            tree::Predicate::OneOf { negated, of } => {
                let of: Vec<Option<Operand>> = of.iter().map(|item| self.operand(scope, item, beside)).collect();
                Some(Predicate::OneOf { negated: *negated, of: of.into_iter().collect::<Option<_>>()? })
            }
            tree::Predicate::Compare { order, to } => {
                self.ordered(*order, predicate.span, ty, name)?;
                let to = self.operand(scope, to, beside)?;
                Some(Predicate::Compare { order: strict(*order), to })
            }
            tree::Predicate::Between(from, to) => self.between(scope, from, to, predicate.span, ty, name),
            tree::Predicate::Present => Some(Predicate::Present),
            tree::Predicate::Missing => Some(Predicate::Missing),
            tree::Predicate::Days { negated, past, length } => {
                let (negated, past, zone) = (*negated, *past, self.zone.clone());
                let days = self.days_of_a_date(length, predicate.span, ty, name)?;
                Some(Predicate::Days { negated, past, days, zone })
            }
            // Told with its subject: it may be two comparisons.
            tree::Predicate::Scale { .. } => None,
            tree::Predicate::Contains { negated, text } => {
                let text = self.text_operand(scope, text, ty, name, predicate.span, "contains")?;
                Some(Predicate::Contains { negated: *negated, text })
            }
            tree::Predicate::StartsWith { negated, text } => {
                let text = self.text_operand(scope, text, ty, name, predicate.span, "starts with")?;
                Some(Predicate::StartsWith { negated: *negated, text })
            }
            tree::Predicate::Mentions { negated, lexicon } => {
                let fits = self.must_be_text(ty, name, predicate.span, "mentions");
                let lexicon = self.lexicon(lexicon)?;
                fits.then_some(Predicate::Mentions { negated: *negated, lexicon })
            }
        }
    }

    fn between(
        &mut self,
        scope: &Scope,
        from: &tree::Operand,
        to: &tree::Operand,
        span: Span,
        ty: Option<&Type>,
        name: &str,
    ) -> Option<Predicate> {
        self.ordered(Order::AtLeast, span, ty, name)?;
        let beside = Beside::compared(ty, name);
        let (low, high) = (self.operand(scope, from, beside), self.operand(scope, to, beside));
        let (low, high) = (low?, high?);
        if let (Operand::Literal(one), Operand::Literal(other)) = (&low, &high)
            && one > other
        {
            let (one, other) = (sentence::operand(from), sentence::operand(to));
            self.report(
                Diagnostic::error(codes::REVERSED, span, format!("nothing is between {one} and {other}"))
                    .label("the smaller one comes first")
                    .help(format!("write `is between {other} and {one}`")),
            );
            return None;
        }
        Some(Predicate::Between(low, high))
    }

    /// Checks that a type has an order, and that the words fit it.
    pub fn ordered(&mut self, order: Order, span: Span, ty: Option<&Type>, name: &str) -> Option<()> {
        let Some(ty) = ty else { return Some(()) };
        let what = describe(self.vocabulary, ty);
        let in_time = matches!(ty, Type::Date | Type::Time);
        let words = sentence::order(order);
        let problem = match (order, ty) {
            (Order::Before | Order::After, _) if !in_time => {
                let right = if order == Order::Before { "is less than" } else { "is more than" };
                let problem = format!("`is {words}` is for dates and times, and `{name}` is {what}");
                Diagnostic::error(codes::WRONG_PREDICATE, span, problem).help(format!("write `{name} {right} …`"))
            }
            (Order::MoreThan | Order::LessThan, _) if in_time => {
                let right = if order == Order::MoreThan { "is after" } else { "is before" };
                let problem = format!("dates and times come before or after each other, and `{name}` is {what}");
                Diagnostic::error(codes::WRONG_PREDICATE, span, problem).help(format!("write `{name} {right} …`"))
            }
            (_, Type::Number | Type::WholeNumber | Type::Score(_) | Type::Duration(_) | Type::Money) => return Some(()),
            (_, Type::Date | Type::Time) => return Some(()),
            _ => {
                let problem = format!("`{name}` is {what}: there is no more or less of it");
                Diagnostic::error(codes::WRONG_PREDICATE, span, problem)
                    .help(format!("write `{name} is …` or `{name} is one of …`"))
            }
        };
        self.report(problem);
        None
    }

    fn must_be_text(&mut self, ty: Option<&Type>, name: &str, span: Span, word: &str) -> bool {
        let Some(ty) = ty else { return true };
        if comparable(ty, &Type::Text) {
            return true;
        }
        let what = describe(self.vocabulary, ty);
        let message = format!("`{word}` looks into a text, and `{name}` is {what}");
        self.report(Diagnostic::error(codes::WRONG_PREDICATE, span, message).help(format!("write `{name} is …`")));
        false
    }

    fn text_operand(
        &mut self,
        scope: &Scope,
        text: &tree::Operand,
        ty: Option<&Type>,
        name: &str,
        span: Span,
        word: &str,
    ) -> Option<Operand> {
        let fits = self.must_be_text(ty, name, span, word);
        let operand = self.operand(scope, text, Beside::compared(Some(&Type::Text), name))?;
        fits.then_some(operand)
    }

    fn lexicon(&mut self, word: &tree::Word) -> Option<crate::vocabulary::LexiconNo> {
        let found = self.vocabulary.lexicons.named(&word.node);
        if found.is_none() && self.vocabulary.lost.contains(&*word.node) {
            self.report(Diagnostic::told(word.span));
        } else if found.is_none() {
            let names: Vec<&str> = self.vocabulary.lexicons.lists.iter().map(|lexicon| &*lexicon.name).collect();
            let problem =
                Diagnostic::error(codes::UNKNOWN_LEXICON, word.span, format!("unknown lexicon `{}`", word.node));
            let problem = match names.is_empty() {
                true => problem.help(format!("add `lexicons:` with `{}` to vocabulary.yaml", word.node)),
                false => did_you_mean(problem, &word.node, names, "declared are"),
            };
            self.report(problem);
        }
        found
    }
}

/// `before` and `after` are `less than` and `more than` once the types are known.
pub fn strict(order: Order) -> Order {
    match order {
        Order::Before => Order::LessThan,
        Order::After => Order::MoreThan,
        other => other,
    }
}

/// The name a turned-round comparison would begin with.
fn reversed(predicate: &tree::Predicate) -> Option<String> {
    let (tree::Predicate::Is { to, .. } | tree::Predicate::Compare { to, .. }) = predicate else { return None };
    matches!(to.kind, OperandKind::Path(_)).then(|| sentence::operand(to))
}

/// Lifts nested lists of one kind into the outer one: brackets do not change what `and` of `and` means.
fn flat(parts: Vec<Condition>, open: impl Fn(Condition) -> Result<Vec<Condition>, Condition>) -> Vec<Condition> {
    let mut all = Vec::with_capacity(parts.len());
    for part in parts {
        match open(part) {
            Ok(inner) => all.extend(inner),
            Err(one) => all.push(one),
        }
    }
    all
}
