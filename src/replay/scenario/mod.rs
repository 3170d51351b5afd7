//! `*.test.yaml`: scenarios for a playbook, on a virtual clock.
//!
//! A file is read against the rule set it is about, so that every name in a [`Scenario`] is resolved. Its mistakes are
//! diagnostics like those of playbooks, all of them in one run. Left out: playing one (`replay::run`).

mod expected;
mod gaps;
mod moment;
mod step;

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::engine::ruleset::RuleSet;
use crate::id::RuleId;
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::mixed;
use crate::lang::source::{FileNo, Sources, Span, Spanned};
use crate::lang::yaml::node::{Key, Node};
use crate::lang::yaml::parse::parse;
use crate::lang::yaml::{read, slips};
use crate::signal::{FactChange, Signal};
use crate::suggest::nearest;
use crate::value::Str;
use crate::vocabulary::{Field, ThingNo, Vocabulary, builtin, typed};
pub use gaps::unsaid;

/// One file of scenarios.
#[derive(Clone, Debug)]
pub struct ScenarioFile {
    /// The file.
    pub file: FileNo,
    /// The playbook they are for: only its rules take part.
    pub playbook: Str,
    /// The zone of every time in it.
    pub zone: TimeZone,
    /// What is known at the start.
    pub given: Vec<FactChange>,
    /// Rules that need no scenario, by name.
    pub without: Vec<Spanned<RuleId>>,
    /// The scenarios, in order.
    pub scenarios: Vec<Scenario>,
}

/// One scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name: one sentence.
    pub name: Str,
    /// Where the name stands.
    pub span: Span,
    /// The rules it is about.
    pub covers: Vec<RuleId>,
    /// Why it must still fail, where it shows what does not work yet.
    pub todo: Option<Spanned<String>>,
    /// What happens, in order.
    pub steps: Vec<Step>,
    /// Whether all of it could be read. Where not, its timeline is no more than a part, and is not to be accepted.
    pub whole: bool,
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where it stands.
    pub span: Span,
    /// When; `None` for a step that takes no time.
    pub at: Option<Timestamp>,
    /// What.
    pub kind: StepKind,
}

/// What a step can be.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// Nothing but time passes.
    Time,
    /// A signal arrives; several of the same come with ids of their own.
    Signals(Vec<Signal>),
    /// Somebody does something about what a rule did, or about a customer.
    Human(HumanVerb, About),
    /// Facts become known.
    Facts(Vec<FactChange>),
    /// The next effect that reads like this cannot be sent.
    Fails(Spanned<String>),
    /// A rule, or every rule of the playbook, decides and does not send, up to an instant.
    Silence(Option<RuleId>, Timestamp),
    /// The playbook is replaced by another version of its file.
    Reload(Spanned<String>),
    /// The engine is stopped and started again.
    Restart,
    /// What a reviewer must not lose.
    Expect(Vec<Spanned<String>>),
}

/// What a person does in a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HumanVerb {
    /// Takes notice.
    Acknowledge,
    /// Closes the case.
    Close,
    /// Opens it again.
    Reopen,
    /// Has spoken to the customer.
    Contact,
}

impl HumanVerb {
    /// Returns the key of the step.
    pub fn word(self) -> &'static str {
        match self {
            HumanVerb::Acknowledge => "acknowledge",
            HumanVerb::Close => "close",
            HumanVerb::Reopen => "reopen",
            HumanVerb::Contact => "contact",
        }
    }
}

/// What it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// `repeat_complaint for C1 and delivery`
    Rule {
        /// The rule.
        rule: RuleId,
        /// The values, as written.
        values: Vec<Str>,
    },
    /// `customer C1`
    Customer(Str),
}

/// Words of `expect` that name no effect.
pub const NOTHING: &str = "nothing";
/// See [`NOTHING`].
pub const NOTHING_ELSE: &str = "nothing else";

/// What a rule set lacks because of mistakes that are told where they are: a scenario that names it is not told again.
#[derive(Clone, Debug, Default)]
pub struct LeftOut {
    /// Playbooks, by id, none of whose rules may be left.
    pub playbooks: BTreeSet<Str>,
    /// Some playbook has no id that could be read.
    pub nameless_playbook: bool,
    /// Rules with an error.
    pub rules: BTreeSet<RuleId>,
    /// Playbooks that hold a rule whose id could not be read.
    pub with_nameless_rule: BTreeSet<Str>,
}

/// Reads one file of scenarios. What cannot be read is left out and said.
pub fn read(sources: &Sources, file: FileNo, rules: &RuleSet) -> (Option<ScenarioFile>, Vec<Diagnostic>) {
    read_despite(&LeftOut::default(), sources, file, rules)
}

/// The same for rules of which some were left out: what names those is left out too, without a word.
pub fn read_despite(
    left_out: &LeftOut,
    sources: &Sources,
    file: FileNo,
    rules: &RuleSet,
) -> (Option<ScenarioFile>, Vec<Diagnostic>) {
    let (root, _, mut problems) = parse(sources, file);
    let Some(mut root) = root else { return (None, problems) };
    problems.extend(slips::put_right(&mut root, sources, file));
    let zone = rules.vocabulary.zone.clone();
    let left_out = left_out.clone();
    let mut reader = Reader { rules, left_out, zone, playbook: "".into(), problems: vec![] };
    let scenarios = reader.file(file, &root);
    problems.append(&mut reader.problems);
    problems.extend(mixed::in_file(&root, file));
    problems.sort_by_key(|problem| problem.span.start);
    (scenarios, problems)
}

/// Returns the playbook a file of scenarios says it is for, whatever else is wrong with it.
pub fn playbook_of(sources: &Sources, file: FileNo) -> Option<String> {
    parse(sources, file).0?.get("playbook")?.text().map(str::to_owned)
}

/// What every part of the reader needs.
struct Reader<'a> {
    rules: &'a RuleSet,
    left_out: LeftOut,
    zone: TimeZone,
    playbook: Str,
    problems: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn say(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    /// Keeps the value, or the problem.
    fn keep<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|problem| self.say(problem)).ok()
    }

    fn known_keys(&mut self, entries: &[(Key, Node)], known: &[&str]) {
        for (key, _) in entries.iter().filter(|(key, _)| !known.contains(&&*key.text)) {
            let problem = Diagnostic::error(codes::UNKNOWN_STEP, key.span, format!("unknown key `{}`", key.text));
            self.say(problem.help(suggest(&key.text, known)));
        }
    }

    fn file(&mut self, file: FileNo, root: &Node) -> Option<ScenarioFile> {
        let entries = self.keep(read::expect_map(root, "a file of scenarios"))?.to_vec();
        self.known_keys(&entries, &["playbook", "clock", "given", "without_scenario", "scenarios"]);
        let is_known = self.playbook(root);
        self.clock(root);
        let given = root.get("given").map(|node| self.facts(node)).unwrap_or_default();
        let Some(list) = root.get("scenarios") else {
            self.say(read::missing_key(root.span, "the file", "scenarios"));
            return None;
        };
        let nodes = self.keep(read::expect_list(list, "scenarios"))?.to_vec();
        let without = root.get("without_scenario").map(|node| self.without(node)).unwrap_or_default();
        if nodes.is_empty() {
            let problem = Diagnostic::error(codes::EMPTY_SCENARIO, list.span, "the file holds no scenario");
            self.say(problem.help("add one with `name` and `steps`, or delete the file"));
        }
        let mut names: HashMap<String, Span> = HashMap::new();
        let mut scenarios = vec![];
        for node in &nodes {
            let Some(scenario) = self.scenario(node) else { continue };
            match names.insert(crate::replay::snapshot::slug(&scenario.name), scenario.span) {
                None => scenarios.push(scenario),
                Some(first) => self.say(
                    Diagnostic::error(codes::TWO_SCENARIOS, scenario.span, "two scenarios have one name")
                        .related(first, "the first")
                        .help("give each a name of its own: the snapshot's file is called like it"),
                ),
            }
        }
        self.needlessly_without(&without, &scenarios);
        let (playbook, zone) = (self.playbook.clone(), self.zone.clone());
        is_known.then_some(ScenarioFile { file, playbook, zone, given, without, scenarios })
    }

    /// Finds the playbook the file is for, and tells whether there is one. Where there is none, the rest is read as if it were for
    /// the one that is meant, or else without asking for rules: its other mistakes come out in the same run.
    fn playbook(&mut self, root: &Node) -> bool {
        let Some(node) = root.get("playbook") else {
            self.say(read::missing_key(root.span, "the file", "playbook"));
            self.left_out.with_nameless_rule.insert(self.playbook.clone());
            return false;
        };
        let name = self.keep(read::expect_text(node, "playbook")).unwrap_or_default();
        let known = playbooks(self.rules);
        let near = nearest(name, known.iter().copied());
        self.playbook = near.unwrap_or(name).into();
        if known.contains(&name) || self.left_out.playbooks.contains(name) {
            self.playbook = name.into();
            return true;
        }
        if near.is_none() {
            self.left_out.with_nameless_rule.insert(self.playbook.clone());
        }
        // An empty name is told as that, and what may be a playbook without a readable id where that is.
        let is_told = name.is_empty() || self.left_out.nameless_playbook && near.is_none();
        if !is_told {
            let problem = Diagnostic::error(codes::SCENARIO_PLAYBOOK, node.span, format!("unknown playbook `{name}`"));
            self.say(problem.help(suggest(name, &known)));
        }
        false
    }

    fn clock(&mut self, root: &Node) {
        let rules = self.rules;
        if let Some(rule) = rules.rules.iter().find(|rule| rule.id.playbook == self.playbook) {
            self.zone = rule.zone.clone();
        }
        let Some(node) = root.get("clock") else { return };
        let Some(name) = self.keep(read::expect_text(node, "clock")) else { return };
        match TimeZone::get(name) {
            Ok(zone) => self.zone = zone,
            Err(_) => {
                let problem = Diagnostic::error(codes::SCENARIO_ZONE, node.span, format!("unknown time zone `{name}`"));
                self.say(match typed::nearest_zone(name) {
                    Some(near) => problem.help(format!("did you mean `{near}`?")),
                    None => problem.help("write a name such as `Europe/Madrid`"),
                });
            }
        }
    }

    /// Reads `{customers: {C1: {segment: gold}}}`.
    fn facts(&mut self, node: &Node) -> Vec<FactChange> {
        let Some(things) = self.keep(read::expect_map(node, "given")) else { return vec![] };
        let mut changes = vec![];
        for (key, ids) in things {
            let Some(thing) = self.thing(key) else { continue };
            let Some(ids) = self.keep(read::expect_map(ids, &key.text)) else { continue };
            for (id, facts) in ids {
                changes.extend(self.facts_of(thing, id, facts));
            }
        }
        changes
    }

    fn facts_of(&mut self, thing: ThingNo, id: &Key, node: &Node) -> Option<FactChange> {
        let rules = self.rules;
        let known = &rules.vocabulary.thing_type(thing).facts;
        let mut facts = vec![];
        for (key, value) in self.keep(read::expect_map(node, &id.text))? {
            let Some(place) = known.iter().position(|fact| *fact.name == *key.text) else {
                self.say(unknown_field(key, known, "fact"));
                continue;
            };
            let of = &rules.vocabulary.thing_type(thing).name;
            if builtin::is_builtin_fact(of, &key.text) {
                let message = format!("touchline itself keeps `{of}.{}`", key.text);
                let problem = Diagnostic::error(codes::BUILTIN_FACT, key.span, message);
                self.say(problem.help("delete it: it follows from the cases and contacts of the steps"));
                continue;
            }
            if let Some(value) = self.value(&key.text, value, &known[place]) {
                facts.push((crate::vocabulary::FactNo(place as u16), value));
            }
        }
        Some(FactChange { thing, id: id.text.as_str().into(), facts })
    }

    /// Finds a thing by its name, or its name and `s` or `es` or `ies`.
    fn thing(&mut self, key: &Key) -> Option<ThingNo> {
        let vocabulary: &Vocabulary = &self.rules.vocabulary;
        let is = |name: &str| key.text == name || key.text == plural(name);
        let found = vocabulary.things.iter().position(|thing| is(&thing.name) && &*thing.name != builtin::CASE);
        if found.is_none() {
            let known: Vec<String> = vocabulary.things.iter().map(|thing| plural(&thing.name)).collect();
            let known: Vec<&str> = known.iter().map(String::as_str).filter(|name| *name != "cases").collect();
            let problem = Diagnostic::error(codes::SCENARIO_NAME, key.span, format!("unknown thing `{}`", key.text));
            self.say(problem.help(suggest(&key.text, &known)));
        }
        found.map(|place| ThingNo(place as u16))
    }

    fn value(&mut self, name: &str, node: &Node, field: &Field) -> Option<crate::value::Value> {
        let scalar = self.keep(read::expect_scalar(node, name))?;
        match typed::from_text(&scalar.text, &field.ty, &self.rules.vocabulary) {
            Ok(value) => Some(value),
            Err(reason) => {
                let problem = Diagnostic::error(codes::SCENARIO_VALUE, node.span, format!("`{name}`: {reason}"));
                let vocabulary = &self.rules.vocabulary;
                let fits = |right: &String| typed::from_text(right, &field.ty, vocabulary).is_ok();
                self.say(problem.help(match slips::with_point(&scalar.text).filter(fits) {
                    Some(right) => format!("write `{right}`"),
                    None => format!("write {} here", field.ty.describe(vocabulary)),
                }));
                None
            }
        }
    }

    fn scenario(&mut self, node: &Node) -> Option<Scenario> {
        let known_before = self.problems.len();
        let entries = self.keep(read::expect_map(node, "a scenario"))?.to_vec();
        self.known_keys(&entries, &["name", "covers", "todo", "steps"]);
        let Some(name) = node.get("name") else {
            self.say(read::missing_key(node.span, "the scenario", "name"));
            return None;
        };
        let text = self.keep(read::expect_text(name, "name"))?;
        let covers = node.get("covers").map(|node| self.covers(node)).unwrap_or_default();
        let Some(list) = node.get("steps") else {
            self.say(read::missing_key(name.span, "the scenario", "steps"));
            return None;
        };
        let steps = self.steps(list)?;
        let todo = node.get("todo").and_then(|node| self.todo(node, &steps));
        if !self.problems[known_before..].iter().any(Diagnostic::is_error) {
            self.empty(list, &steps);
        }
        let whole = !self.problems[known_before..].iter().any(Diagnostic::is_error);
        Some(Scenario { name: text.into(), span: name.span, covers, todo, steps, whole })
    }

    fn covers(&mut self, node: &Node) -> Vec<RuleId> {
        let mut rules = vec![];
        for node in read::one_or_list(node) {
            let Some(name) = self.keep(read::expect_text(node, "covers")) else { continue };
            rules.extend(self.rule(name, node.span));
        }
        rules
    }

    /// Finds a rule of the playbook by its id.
    fn rule(&mut self, name: &str, span: Span) -> Option<RuleId> {
        let id = RuleId::new(&*self.playbook, name);
        if self.rules.rule(&id).is_some() {
            return Some(id);
        }
        let playbook = self.playbook.clone();
        if self.left_out.rules.contains(&id) {
            return None;
        }
        let known: Vec<&str> =
            self.rules.rules.iter().filter(|rule| rule.id.playbook == playbook).map(|rule| &*rule.id.rule).collect();
        let broken = self.left_out.rules.iter().filter(|rule| rule.playbook == playbook).map(|rule| &*rule.rule);
        let known: Vec<&str> = known.into_iter().chain(broken).collect();
        if self.left_out.with_nameless_rule.contains(&playbook) && nearest(name, known.iter().copied()).is_none() {
            return None;
        }
        let help = suggest(name, &known);
        let message = format!("`{playbook}` has no rule `{name}`");
        self.say(Diagnostic::error(codes::SCENARIO_RULE, span, message).help(help));
        None
    }
}

/// Returns the plural of a thing's name as `given` writes it.
fn plural(name: &str) -> String {
    let stem = |end: &str| name.strip_suffix(end);
    match stem("y") {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if name.ends_with(['s', 'x']) || name.ends_with("ch") || name.ends_with("sh") => format!("{name}es"),
        _ => format!("{name}s"),
    }
}

/// Returns `did you mean …?`, or what may stand here.
fn suggest(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}", read::quoted_list(known)),
    }
}

fn unknown_field(key: &Key, known: &[Field], what: &str) -> Diagnostic {
    let names: Vec<&str> = known.iter().map(|field| &*field.name).collect();
    let problem = Diagnostic::error(codes::SCENARIO_NAME, key.span, format!("unknown {what} `{}`", key.text));
    match names.is_empty() {
        true => problem.help(format!("it has no {what}s: delete the line, or declare it in the vocabulary")),
        false => problem.help(suggest(&key.text, &names)),
    }
}

/// Returns the ids of all playbooks of a rule set, each once.
pub fn playbooks(rules: &RuleSet) -> Vec<&str> {
    let mut names: Vec<&str> = rules.rules.iter().map(|rule| &*rule.id.playbook).collect();
    names.dedup();
    names
}
