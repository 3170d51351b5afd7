//! What a step expects: its verb, and the names in it as far as a misspelt one can be told.
//!
//! A name that is like none of those known is left to the run: the timeline says what happened instead.

use crate::ir::action::{Action, ActionKind};
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{Span, Spanned};
use crate::lang::yaml::node::Node;
use crate::lang::yaml::read;
use crate::suggest::nearest;
use crate::vocabulary::builtin;

use super::{NOTHING, NOTHING_ELSE, Reader};

/// First words of an expectation.
const EXPECTED: [&str; 14] = [
    "alert",
    "email",
    "open",
    "join",
    "post",
    "set",
    "record",
    "nothing",
    "planned",
    "cancelled",
    "failed",
    "limited",
    "silenced",
    "digest",
];
/// Those that say what became of an action, which follows.
const OUTCOMES: [&str; 5] = ["planned", "cancelled", "failed", "limited", "silenced"];

/// A name in an expectation, and what it may be.
struct Named<'a> {
    what: &'a str,
    word: &'a str,
    known: Vec<&'a str>,
}

impl Reader<'_> {
    /// Reads the lines of an `expect`; after a reload rules act that are not known here.
    pub(super) fn expectations(&mut self, node: &Node, reloaded: bool) -> Vec<Spanned<String>> {
        let mut expected = vec![];
        for node in read::one_or_list(node) {
            let Some(text) = self.keep(read::expect_text(node, "expect")) else { continue };
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let problem = bad_expectation(&text, node.span);
            let problem = problem.or_else(|| if reloaded { None } else { self.misspelt_name(&text, node) });
            match problem {
                Some(problem) => self.say(problem),
                None => expected.push(Spanned { node: text, span: node.span }),
            }
        }
        let is_none = |wanted: &&Spanned<String>| [NOTHING, NOTHING_ELSE].contains(&&*wanted.node);
        if let (Some(nothing), 2..) = (expected.iter().find(|wanted| wanted.node == NOTHING), expected.len()) {
            let message = "`nothing` is expected, and something beside it";
            let problem = Diagnostic::error(codes::SCENARIO_EXPECT, nothing.span, message);
            let other = expected.iter().find(|wanted| !is_none(wanted));
            let problem = match other {
                Some(other) => problem.related(other.span, "the other one"),
                None => problem,
            };
            self.say(problem.help("write `nothing else`, or leave one of them out"));
        }
        expected
    }

    /// Finds a name that is nearly one that is known.
    fn misspelt_name(&self, text: &str, node: &Node) -> Option<Diagnostic> {
        let words: Vec<&str> = text.split(' ').collect();
        let words = if OUTCOMES.contains(words.first()?) { &words[1..] } else { &words };
        let misspelt = |named: &Named<'_>| {
            let near = nearest(named.word, named.known.iter().copied());
            near.filter(|_| !named.known.contains(&named.word)).map(str::to_owned)
        };
        let (named, near) =
            self.names(words).into_iter().find_map(|named| misspelt(&named).map(|near| (named, near)))?;
        let scalar = node.scalar()?;
        let place = scalar
            .text
            .find(named.word)
            .map_or(node.span, |start| scalar.slice(node.span.file).span(start, start + named.word.len()));
        let message = format!("unknown {} `{}`", named.what, named.word);
        Some(Diagnostic::error(codes::SCENARIO_EXPECT, place, message).help(format!("did you mean `{near}`?")))
    }

    /// Returns the names in an expectation.
    fn names<'a>(&'a self, words: &[&'a str]) -> Vec<Named<'a>> {
        let bare = |word: &'a str| word.trim_matches(['"', ':', ',']);
        let vocabulary = &*self.rules.vocabulary;
        let things = || vocabulary.things.iter().map(|thing| &*thing.name).collect();
        let thing = |word| Named { what: "thing", word: bare(word), known: things() };
        match words {
            ["alert", role, ..] => {
                let used = self.acted().filter_map(|action| match &action.kind {
                    ActionKind::Alert { role, .. } => Some(&**role),
                    _ => None,
                });
                let filled = self.rules.directory.roles().into_iter().map(|role| &**role);
                let known = used.chain(filled).chain([builtin::CASE_OWNER]).collect();
                vec![Named { what: "role", word: bare(role), known }]
            }
            ["email", who, rest @ ..] => {
                let template = rest.windows(2).find(|pair| pair[0] == "using").map(|pair| bare(pair[1]));
                let known = || self.rules.templates.names().collect();
                let template = template.map(|word| Named { what: "mail template", word, known: known() });
                std::iter::once(thing(who)).chain(template).collect()
            }
            ["open" | "join", "case", "for", who, ..] => vec![thing(who)],
            ["post", "to", endpoint, ..] => {
                let known = self.acted().filter_map(|action| match &action.kind {
                    ActionKind::Post { endpoint, .. } => Some(&**endpoint),
                    _ => None,
                });
                let known: Vec<&str> = known.collect();
                // The rule that posts there may be one with an error, of which nothing is known.
                let all = self.left_out.rules.is_empty() && self.left_out.with_nameless_rule.is_empty();
                vec![Named { what: "endpoint", word: bare(endpoint), known: if all { known } else { vec![] } }]
            }
            ["set", path, ..] => match path.split_once('.') {
                None => vec![thing(path)],
                Some((of, fact)) => {
                    let kind = vocabulary.thing(of).map(|number| vocabulary.thing_type(number));
                    let facts = kind.map(|kind| kind.facts.iter().map(|fact| &*fact.name).collect());
                    let fact = Named { what: "fact", word: bare(fact), known: facts.unwrap_or_default() };
                    vec![thing(of), fact]
                }
            },
            ["record", signal, ..] => {
                let known = vocabulary.signals.iter().map(|signal| &*signal.name).collect();
                vec![Named { what: "signal", word: bare(signal), known }]
            }
            _ => vec![],
        }
    }

    /// Returns everything the playbook's rules do.
    fn acted(&self) -> impl Iterator<Item = &Action> {
        let rules = self.rules.rules.iter().filter(|rule| rule.id.playbook == self.playbook);
        let steps = rules
            .flat_map(|rule| rule.then.steps.iter().chain(rule.then.ladder.iter().flat_map(|ladder| &ladder.steps)));
        steps.flat_map(|step| &step.actions)
    }
}

fn bad_expectation(text: &str, span: Span) -> Option<Diagnostic> {
    let first = text.split(' ').next().unwrap_or("");
    if EXPECTED.contains(&first) {
        return None;
    }
    let problem = Diagnostic::error(codes::SCENARIO_EXPECT, span, format!("`{text}` is nothing that can be expected"));
    Some(match nearest(first, EXPECTED.into_iter()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help(
            "write `alert team_lead of S7`, `email customer C1`, `open case for customer C1`, `nothing` or `nothing else`",
        ),
    })
}
