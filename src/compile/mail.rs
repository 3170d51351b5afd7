//! What a rule gives to the texts of a mail, and what they name: problems that stand in the texts are told there.
//!
//! Left out: the texts themselves (`template`), and to whom a mail goes (`action`).

use crate::compile::lower::Lower;
use crate::compile::scope::{Scope, did_you_mean};
use crate::compile::words::listed;
use crate::ir::expr::Operand;
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{Span, Spanned};
use crate::lang::tree::{self, Path, Text, Word};
use crate::suggest::nearest;
use crate::template::Template;
use crate::value::Str;
use crate::vocabulary::Type;

type With = [(Word, tree::Operand)];

impl Lower<'_> {
    /// Checks that a template exists and gets what its texts name: from `with`, else from the firing, else a default.
    pub(super) fn template(
        &mut self,
        scope: &Scope,
        text: &Text,
        with: &With,
        values: Option<Vec<(Str, Operand)>>,
    ) -> Option<Vec<(Str, Operand)>> {
        let name = text.node.as_str();
        let Some(template) = self.templates.get(name) else {
            if !self.broken_templates.contains(name) {
                self.unknown_template(text);
            }
            return None;
        };
        let mut values = values?;
        self.unknown_values(template, name, with);
        let given = |variable: &str| with.iter().any(|(word, _)| word.node == variable);
        let mut missing = Vec::new();
        for (variable, place) in template.variables.iter().filter(|(variable, _)| !given(variable)) {
            match self.find(scope, &path_of(variable, text.span)) {
                Ok(access) => values.push((variable.clone(), Operand::Access(access))),
                Err(_) if template.defaults.contains_key(variable) => {}
                Err(problem) if problem.is_told() => self.report(*problem),
                Err(_) => missing.push((variable, *place)),
            }
        }
        if !scope.incomplete {
            self.missing_values(scope, text, template, with, missing);
            self.single_braces(scope, template, with);
        }
        Some(values)
    }

    /// Says what `with` gives and no text names.
    fn unknown_values(&mut self, template: &Template, name: &str, with: &With) {
        for (word, _) in with.iter().filter(|(word, _)| !template.variables.contains_key(word.node.as_str())) {
            let message = format!("no text of the template `{name}` names `{}`", word.node);
            let problem = Diagnostic::error(codes::UNKNOWN_WITH, word.span, message);
            let names: Vec<&str> = template.variables.keys().map(|name| &**name).collect();
            let braces = template.in_single_braces.iter().find(|(path, _)| **path == *word.node);
            let problem = match (braces, names.is_empty()) {
                (Some((path, place)), _) => {
                    problem.related(*place, "here").help(format!("write `{{{{ {path} }}}}` in the mail text"))
                }
                (None, true) => problem.help("leave it out: this template names no values"),
                (None, false) => did_you_mean(problem, &word.node, names, "it names"),
            };
            self.report(problem);
        }
    }

    /// Says what the texts name and nobody gives: in the text where it is probably misspelt, else in the rule.
    fn missing_values(
        &mut self,
        scope: &Scope,
        text: &Text,
        template: &Template,
        with: &With,
        missing: Vec<(&Str, Span)>,
    ) {
        let mut needed = Vec::new();
        for (variable, place) in missing {
            let near = if template.lists_variables { None } else { self.value_like(scope, variable, template, with) };
            match near {
                Some(near) => {
                    let message = format!("nothing gives `{variable}` to this mail text");
                    let problem = Diagnostic::error(codes::TEMPLATE_VALUES, place, message);
                    let help = format!("did you mean `{near}`?");
                    self.report(problem.related(text.span, "the mail is sent here").help(help));
                }
                None => needed.push((variable.to_string(), place)),
            }
        }
        let Some((first, place)) = needed.first() else { return };
        let quoted: Vec<String> = needed.iter().map(|(name, _)| format!("`{name}`")).collect();
        let message = format!("the template `{}` needs {}", text.node, listed(&quoted));
        let item = if with.is_empty() { format!("with {first} …") } else { format!(", {first} …") };
        let help = format!("add `{item}`, or a default in its `template.yaml`");
        let problem = Diagnostic::error(codes::TEMPLATE_VALUES, text.span, message).help(help);
        self.report(problem.related(*place, format!("`{first}` is named here")));
    }

    /// Returns the value that a name in a mail text is most like.
    fn value_like(&self, scope: &Scope, name: &str, template: &Template, with: &With) -> Option<String> {
        if !name.contains('.')
            && let Some(full) = self.fact_of_something(scope, name)
        {
            return Some(full);
        }
        let starts = scope.names(self.vocabulary);
        let mut names: Vec<String> = template.defaults.keys().map(|name| name.to_string()).collect();
        names.extend(with.iter().map(|(word, _)| word.node.clone()));
        for start in starts {
            let place = Span::default();
            if let Ok(access) = self.find(scope, &path_of(start, place))
                && let Type::Thing(thing) = access.ty
            {
                let facts = self.vocabulary.thing_type(thing).facts.iter();
                names.extend(facts.map(|fact| format!("{start}.{}", fact.name)));
            }
            names.push(start.to_owned());
        }
        nearest(name, names.iter().map(String::as_str)).map(str::to_owned)
    }

    /// `{customer}` is how a `saying` names a value; a mail says it as it stands.
    fn single_braces(&mut self, scope: &Scope, template: &Template, with: &With) {
        for (path, place) in &template.in_single_braces {
            let first = path.split('.').next().unwrap_or(path);
            let begins = |name: &str| name == first || name.starts_with(&format!("{first}."));
            let known = self.vocabulary.thing(first).is_some()
                || with.iter().any(|(word, _)| begins(&word.node))
                || template.variables.keys().any(|name| begins(name))
                || self.find(scope, &path_of(first, *place)).is_ok();
            if known {
                let message = format!("`{{{path}}}` goes out as it stands, in braces");
                let help = format!("write `{{{{ {path} }}}}` for the value");
                self.report(Diagnostic::warning(codes::TEMPLATE_BRACES, *place, message).help(help));
            }
        }
    }

    fn unknown_template(&mut self, text: &Text) {
        let name = text.node.as_str();
        let problem = Diagnostic::error(codes::UNKNOWN_TEMPLATE, text.span, format!("unknown mail template `{name}`"));
        let names: Vec<&str> = self.templates.names().collect();
        let problem = match names.is_empty() {
            true => problem.help(format!("put its texts into `emails/{name}/`, beside the vocabulary")),
            false => did_you_mean(problem, name, names, "there are"),
        };
        self.report(problem);
    }
}

/// Returns a name of a mail text as a path that stands at `span`.
fn path_of(name: &str, span: Span) -> Path {
    let words = name.split('.').map(|word| Spanned { node: word.to_owned(), span }).collect();
    Path { words, span }
}
