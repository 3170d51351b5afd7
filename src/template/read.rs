//! The folders under `emails/`: which files belong to which template, and what `template.yaml` declares.
//!
//! Left out: what a text may say (`mill`).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::mill::{Broken, Mill};
use super::places;
use super::{Class, HTML, SUBJECT, TEXT, Template};
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{FileNo, Sources, Span};
use crate::lang::suggest::nearest;
use crate::lang::yaml::node::{Key, Node};
use crate::lang::yaml::parse;
use crate::lang::yaml::read::{expect_map, expect_text, missing_key, one_or_list, quoted_list, unknown_key};
use crate::value::Str;

/// The largest text of a template, in bytes.
const MAX_TEXT: usize = 64 * 1024;
const DECLARATION: &str = "template.yaml";
const KEYS: [&str; 4] = ["class", "fallback", "variables", "defaults"];

/// The files of one template.
#[derive(Default)]
pub(super) struct Folder {
    name: Str,
    declaration: Option<FileNo>,
    languages: BTreeMap<Str, BTreeMap<&'static str, FileNo>>,
}

/// What the texts of a template name, and where first.
#[derive(Default)]
struct Named {
    variables: BTreeMap<Str, Span>,
    in_single_braces: Vec<(Str, Span)>,
}

/// What `template.yaml` says.
struct Declared {
    class: Class,
    fallback: (Str, Span),
    variables: Option<Vec<(Str, Span)>>,
    defaults: BTreeMap<Str, (Str, Span)>,
}

/// Sorts the files into folders.
pub(super) fn templates(sources: &Sources, files: &[(String, FileNo)]) -> (Vec<Folder>, Vec<Diagnostic>) {
    let mut folders: BTreeMap<Str, Folder> = BTreeMap::new();
    let mut diagnostics = Vec::new();
    for (path, file) in files {
        let parts: Vec<&str> = path.strip_prefix("emails/").unwrap_or(path).split('/').collect();
        let whole = Span::new(*file, 0, 0);
        let (name, place) = match parts[..] {
            [name, DECLARATION] => (name, None),
            [name, language, part] => match [SUBJECT, TEXT, HTML].into_iter().find(|known| *known == part) {
                Some(part) => (name, Some((language, part))),
                None => {
                    diagnostics.push(stray(whole, path));
                    continue;
                }
            },
            _ => {
                diagnostics.push(stray(whole, path));
                continue;
            }
        };
        if sources.file(*file).text.len() > MAX_TEXT {
            let message = format!("`{path}` is larger than {} KB", MAX_TEXT / 1024);
            diagnostics.push(Diagnostic::error(codes::TEMPLATE_TOO_LARGE, whole, message).help("shorten it"));
            continue;
        }
        let folder = folders.entry(name.into()).or_default();
        folder.name = name.into();
        match place {
            None => folder.declaration = Some(*file),
            Some((language, part)) => {
                folder.languages.entry(language.into()).or_default().insert(part, *file);
            }
        }
    }
    (folders.into_values().collect(), diagnostics)
}

fn stray(span: Span, path: &str) -> Diagnostic {
    Diagnostic::warning(codes::TEMPLATE_STRAY_FILE, span, format!("`{path}` belongs to no template"))
        .help("a template has `template.yaml` and, in one folder a language, `subject.txt`, `body.txt`, `body.html`")
}

impl Folder {
    /// Checks the folder and adds its texts. `None` where a problem makes it unusable.
    pub(super) fn build(
        self,
        sources: &Sources,
        mill: &mut Mill,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<(Str, Template)> {
        let before = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
        let declared = self.declared(sources, diagnostics);
        let mut named = Named::default();
        for (language, parts) in &self.languages {
            self.check_complete(language, parts, diagnostics);
            for (part, file) in parts {
                self.add(sources, mill, (language, part, *file), &mut named, diagnostics);
            }
        }
        let declared = declared?;
        self.check_fallback(&declared, diagnostics);
        check_variables(&declared, &named.variables, diagnostics);
        let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
        (errors == before).then(|| {
            let has_html = |parts: &BTreeMap<&str, FileNo>| parts.contains_key(HTML);
            let template = Template {
                class: declared.class,
                fallback: declared.fallback.0,
                languages: self.languages.keys().cloned().collect(),
                variables: named.variables,
                lists_variables: declared.variables.is_some(),
                in_single_braces: named.in_single_braces,
                defaults: declared.defaults.into_iter().map(|(name, (text, _))| (name, text)).collect(),
                file: self.declaration.unwrap_or_default(),
                html: self
                    .languages
                    .iter()
                    .filter(|(_, parts)| has_html(parts))
                    .map(|(name, _)| name.clone())
                    .collect(),
            };
            (self.name.clone(), template)
        })
    }

    /// Returns a place to point at where nothing better is known.
    fn somewhere(&self) -> Span {
        let text = self.languages.values().flat_map(BTreeMap::values).next();
        Span::new(self.declaration.or(text.copied()).unwrap_or_default(), 0, 0)
    }

    fn check_complete(&self, language: &str, parts: &BTreeMap<&str, FileNo>, diagnostics: &mut Vec<Diagnostic>) {
        for part in [SUBJECT, TEXT].into_iter().filter(|part| !parts.contains_key(part)) {
            let message = format!("template `{}` has no `{language}/{part}`", self.name);
            let span = parts.values().next().map_or(self.somewhere(), |file| Span::new(*file, 0, 0));
            diagnostics.push(
                Diagnostic::error(codes::TEMPLATE_INCOMPLETE, span, message)
                    .help(format!("add `emails/{}/{language}/{part}`", self.name)),
            );
        }
    }

    fn check_fallback(&self, declared: &Declared, diagnostics: &mut Vec<Diagnostic>) {
        let (fallback, span) = &declared.fallback;
        if self.languages.contains_key(fallback) {
            return;
        }
        let languages: Vec<&str> = self.languages.keys().map(|language| &**language).collect();
        let message = format!("template `{}` has no texts in its fallback language `{fallback}`", self.name);
        let help = match languages.is_empty() {
            true => format!("add `emails/{}/{fallback}/subject.txt` and `body.txt`", self.name),
            false => format!("it has {}", quoted_list(&languages)),
        };
        diagnostics.push(Diagnostic::error(codes::TEMPLATE_NO_FALLBACK, *span, message).help(help));
    }

    /// Adds one text and collects the values it names.
    fn add(
        &self,
        sources: &Sources,
        mill: &mut Mill,
        (language, part, file): (&str, &str, FileNo),
        named: &mut Named,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let source = sources.file(file);
        if let Some(at) = source.invalid_utf8_at {
            let message = format!("`{}` is not UTF-8 text", source.path);
            let span = Span::new(file, at, at + '\u{fffd}'.len_utf8());
            diagnostics.push(Diagnostic::error(codes::INVALID_UTF8, span, message).help("save the file as UTF-8"));
            return;
        }
        let bom = if source.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let text = &source.text[bom..];
        let text = if part == SUBJECT { text.trim_end_matches(['\r', '\n']) } else { text };
        if let Some(at) = text.find(['\r', '\n']).filter(|_| part == SUBJECT) {
            let message = format!("the subject of template `{}` in `{language}` has more than one line", self.name);
            let span = Span::new(file, bom + at, bom + at + 1);
            diagnostics.push(Diagnostic::error(codes::TEMPLATE_SUBJECT, span, message).help("keep the first line"));
            return;
        }
        match mill.add(&format!("{}/{language}/{part}", self.name), text) {
            Ok(names) => {
                let span = |place: Range<usize>| Span::new(file, bom + place.start, bom + place.end);
                for name in names {
                    let place = span(places::of_name(text, &name));
                    named.variables.entry(name).or_insert(place);
                }
                let braces = places::in_single_braces(text, part == HTML).into_iter();
                named.in_single_braces.extend(braces.map(|(path, place)| (path.into(), span(place))));
            }
            Err(Broken { message, place }) => diagnostics.push(
                Diagnostic::error(
                    codes::TEMPLATE_SYNTAX,
                    Span::new(file, bom + place.start, bom + place.end),
                    format!("this text of template `{}` cannot be read: {message}", self.name),
                )
                .help("a value stands as `{{ name }}`, a choice as `{% if name is defined %}…{% endif %}`"),
            ),
        }
    }

    fn declared(&self, sources: &Sources, diagnostics: &mut Vec<Diagnostic>) -> Option<Declared> {
        let Some(file) = self.declaration else {
            let message = format!("template `{}` has no `template.yaml`", self.name);
            let help =
                format!("add `emails/{}/template.yaml` with `class: transactional` and `fallback: en`", self.name);
            diagnostics.push(Diagnostic::error(codes::TEMPLATE_UNDECLARED, self.somewhere(), message).help(help));
            return None;
        };
        let (root, _, problems) = parse::parse(sources, file);
        diagnostics.extend(problems);
        let root = root?;
        let entries = expect_map(&root, "template.yaml").map_err(|problem| diagnostics.push(problem)).ok()?;
        for (key, _) in entries.iter().filter(|(key, _)| !KEYS.contains(&key.text.as_str())) {
            diagnostics.push(unknown_key(key, &KEYS));
        }
        let class = required(&root, "class", diagnostics).and_then(|node| read_class(node, diagnostics));
        let fallback = required(&root, "fallback", diagnostics).and_then(|node| text_of(node, "fallback", diagnostics));
        let variables = root.get("variables").map(|node| {
            let names = one_or_list(node).iter().filter(|node| node.text() != Some(""));
            names.filter_map(|node| text_of(node, "variables", diagnostics)).collect()
        });
        let defaults = root.get("defaults").map(|node| read_defaults(node, diagnostics)).unwrap_or_default();
        Some(Declared { class: class?, fallback: fallback?, variables, defaults })
    }
}

fn required<'a>(root: &'a Node, key: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<&'a Node> {
    let node = root.get(key);
    if node.is_none() {
        diagnostics.push(missing_key(Span { end: root.span.start, ..root.span }, "a template", key));
    }
    node
}

fn text_of(node: &Node, key: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<(Str, Span)> {
    match expect_text(node, key) {
        Ok(text) => Some((text.into(), node.span)),
        Err(problem) => {
            diagnostics.push(problem);
            None
        }
    }
}

fn read_class(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Class> {
    let (word, span) = text_of(node, "class", diagnostics)?;
    if let Some((_, class)) = Class::ALL.iter().find(|(name, _)| *name == &*word) {
        return Some(*class);
    }
    let names = Class::ALL.map(|(name, _)| name);
    let help = match nearest(&word, names.into_iter()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it is one of {}", quoted_list(&names)),
    };
    diagnostics
        .push(Diagnostic::error(codes::TEMPLATE_CLASS, span, format!("`{word}` is no class of mail")).help(help));
    None
}

fn read_defaults(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> BTreeMap<Str, (Str, Span)> {
    let entries: &[(Key, Node)] = match expect_map(node, "defaults") {
        Ok(entries) => entries,
        Err(problem) => {
            diagnostics.push(problem);
            return BTreeMap::new();
        }
    };
    let mut defaults = BTreeMap::new();
    for (key, value) in entries {
        match value.text() {
            Some(text) => {
                defaults.insert(Str::from(key.text.as_str()), (Str::from(text), key.span));
            }
            None => diagnostics.extend(expect_text(value, &key.text).err()),
        }
    }
    defaults
}

/// Compares what is declared with what the texts name.
fn check_variables(declared: &Declared, used: &BTreeMap<Str, Span>, diagnostics: &mut Vec<Diagnostic>) {
    let known: BTreeSet<&str> = declared.variables.iter().flatten().map(|(name, _)| &**name).collect();
    if declared.variables.is_some() {
        for (name, span) in used.iter().filter(|(name, _)| !known.contains(&***name)) {
            let help = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("add `{name}` to `variables` in `template.yaml`"),
            };
            let message = format!("`{name}` is not among the template's `variables`");
            diagnostics.push(Diagnostic::error(codes::TEMPLATE_VARIABLE, *span, message).help(help));
        }
    }
    let listed = declared.variables.iter().flatten().map(|(name, span)| (name, span));
    for (name, span) in listed.chain(declared.defaults.iter().map(|(name, (_, span))| (name, span))) {
        if !used.contains_key(name) {
            let message = format!("no text of the template names `{name}`");
            diagnostics.push(Diagnostic::warning(codes::TEMPLATE_UNUSED, *span, message).help("delete it here"));
        }
    }
}
