//! Mail templates: what stands in `emails/<name>/`, checked when it is loaded and rendered when a mail goes out.
//!
//! ```text
//! emails/thank_you/template.yaml      class, fallback, variables, defaults
//! emails/thank_you/en/subject.txt     one line
//! emails/thank_you/en/body.txt
//! emails/thank_you/en/body.html       if wanted; values are escaped in it
//! ```
//!
//! A value without a default that is missing fails that mail and says which (M16): nobody gets "Dear ,". Templates see
//! the values they name and nothing else; they have no clock, cannot include one another, and their work and output
//! are bounded. Read [`Templates`] first; `read` checks the folders, `places` knows where
//! names stand, `mill` is the only file that names minijinja.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::EffectId;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{FileNo, Sources, Span};
use crate::value::Str;
pub use crate::vocabulary::contact::Class;

mod mill;
mod places;
mod read;

/// All templates of one unit.
#[derive(Debug, Default)]
pub struct Templates {
    templates: BTreeMap<Str, Template>,
    mill: mill::Mill,
    fingerprint: [u8; 16],
}

/// One template with its texts in several languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// What kind of mail it is, for the contact budget (M23).
    pub class: Class,
    /// The language used where the customer's own is unknown or not here.
    pub fallback: Str,
    /// The languages it is written in.
    pub languages: BTreeSet<Str>,
    /// The values its texts name, such as `voucher` and `customer.name`, over all languages, with the first place of
    /// each.
    pub variables: BTreeMap<Str, Span>,
    /// Whether `template.yaml` lists them, so that none is a slip of the pen.
    pub lists_variables: bool,
    /// What stands in single braces and may be meant as one of them.
    pub in_single_braces: Vec<(Str, Span)>,
    /// Texts for values that a rule leaves out.
    pub defaults: BTreeMap<Str, Str>,
    /// Where it is declared.
    pub file: FileNo,
    /// The languages that have a `body.html`.
    html: BTreeSet<Str>,
}

/// A mail as it goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedMail {
    /// One line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same in HTML, where the template has it.
    pub html: Option<String>,
    /// The language it is in.
    pub language: Str,
}

impl Templates {
    /// Reads all files under `emails/`; paths are relative to the unit, with `/` between parts
    /// (`emails/thank_you/en/subject.txt`). A template with a problem is left out and reported.
    pub fn build(sources: &Sources, files: &[(String, FileNo)]) -> (Templates, Vec<Diagnostic>) {
        let (found, mut diagnostics) = read::templates(sources, files);
        let mut built = Templates { fingerprint: fingerprint(sources, files), ..Templates::default() };
        for folder in found {
            if let Some((name, template)) = folder.build(sources, &mut built.mill, &mut diagnostics) {
                built.templates.insert(name, template);
            }
        }
        diagnostics.sort_by_key(|diagnostic| diagnostic.span);
        (built, diagnostics)
    }

    /// Returns a template by its name.
    pub fn get(&self, name: &str) -> Option<&Template> {
        self.templates.get(name)
    }

    /// Returns the names of all templates, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.templates.keys().map(|name| &**name)
    }

    /// Writes the mail `name` in `language` (empty where unknown). `values` answers each of [`Template::variables`] with
    /// the text to put there. An error says in one line why this mail cannot go out.
    pub fn render(
        &self,
        name: &str,
        language: &str,
        values: &dyn Fn(&str) -> Option<String>,
    ) -> Result<RenderedMail, String> {
        let template = self.get(name).ok_or_else(|| format!("there is no template `{name}`"))?;
        let language = template.language(language);
        let texts: Vec<(&str, Option<String>)> = template
            .variables
            .keys()
            .map(|path| (&**path, values(path).or_else(|| template.defaults.get(path).map(|text| text.to_string()))))
            .collect();
        let part = |part: &str| {
            let failed = |why: String| format!("template `{name}` in `{language}`, {part}: {why}");
            self.mill.render(&format!("{name}/{language}/{part}"), &texts).map_err(failed)
        };
        let subject = part(SUBJECT)?;
        if let Some(bad) = subject.chars().find(|letter| letter.is_control()) {
            let bad = bad.escape_debug();
            return Err(format!(
                "template `{name}` in `{language}`: the subject has more than one line or a control character (`{bad}`)"
            ));
        }
        let html = template.html.contains(language).then(|| part(HTML)).transpose()?;
        Ok(RenderedMail { subject, text: part(TEXT)?, html, language: language.clone() })
    }

    /// Returns a hash of the text of all templates.
    pub fn fingerprint(&self) -> [u8; 16] {
        self.fingerprint
    }
}

impl Template {
    /// Returns the language a customer of `wanted` is written to: that one, its main part (`es` of `es-MX`), or the
    /// fallback.
    pub fn language(&self, wanted: &str) -> &Str {
        let wanted = wanted.trim().to_ascii_lowercase().replace('_', "-");
        let main = wanted.split('-').next().unwrap_or("");
        let has = |language: &str| self.languages.iter().find(|known| known.eq_ignore_ascii_case(language));
        has(&wanted).or_else(|| has(main)).unwrap_or(&self.fallback)
    }
}

const SUBJECT: &str = "subject.txt";
const TEXT: &str = "body.txt";
const HTML: &str = "body.html";

fn fingerprint(sources: &Sources, files: &[(String, FileNo)]) -> [u8; 16] {
    let mut texts: Vec<(&str, &str)> =
        files.iter().map(|(path, file)| (path.as_str(), sources.file(*file).text.as_str())).collect();
    texts.sort_unstable();
    let parts: Vec<&[u8]> = texts.iter().flat_map(|(path, text)| [path.as_bytes(), text.as_bytes()]).collect();
    EffectId::of(&parts).0
}

#[cfg(test)]
mod tests;
