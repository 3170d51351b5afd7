//! One rule: from its tree to the IR.
//!
//! [`Lower`] holds what a playbook's rules share while they are resolved and collects every problem. A rule with an
//! error gives no IR; its other problems are still reported.

use jiff::tz::TimeZone;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::compile::action::opens_case;
use crate::compile::project::Unit;
use crate::compile::scope::{Scope, did_you_mean};
use crate::id::RuleId;
use crate::ir::{self, Here, Limit};
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::format::sentence;
use crate::lang::source::{Sources, Span};
use crate::lang::tree;
use crate::lang::unread;
use crate::template::Templates;
use crate::value::Str;
use crate::vocabulary::Vocabulary;

/// What the rules of one playbook are resolved against, and the problems found.
#[derive(Debug)]
pub struct Lower<'a> {
    /// The files, to find the places of texts and scripts.
    pub sources: &'a Sources,
    /// What exists.
    pub vocabulary: &'a Vocabulary,
    /// Whether what is counted is named in the plural; in YAML its key says so.
    pub plurals: bool,
    /// Every role somebody fills somewhere; `None` without a directory, where no role can be known.
    pub roles: Option<&'a FxHashSet<Str>>,
    /// Whether others may be filled, where the directory could not be read whole.
    pub more_roles: bool,
    /// Mail templates.
    pub templates: &'a Templates,
    /// Templates that are there and cannot be used; their own errors are told in their files.
    pub broken_templates: &'a FxHashSet<String>,
    /// The playbook's defined conditions.
    pub defines: FxHashMap<&'a str, &'a tree::Define>,
    /// Defined conditions being put in the place of their names, outermost first, each with where it is used.
    pub inlining: Vec<(String, Span)>,
    /// Guards of all rules: `every rule: unless …`.
    pub every_rule: &'a [tree::Guard],
    /// Of each, whether some rule could be asked it, and whether what is wrong with it was told.
    pub every_asked: Vec<(bool, bool)>,
    /// Whether the tree is all of a playbook: a guard that no rule knows is an error only there.
    pub is_all: bool,
    /// The playbook's zone.
    pub zone: TimeZone,
    /// How many definitions the condition at hand has unfolded.
    pub inlined: usize,
    /// Defined conditions that some rule uses.
    pub used: FxHashSet<String>,
    /// The `when` at hand, and whether it is about a field of its signal.
    pub when: Option<(Span, bool)>,
    /// Where stand-ins are for what could not be read, in order and apart, all in the playbook's file: nothing more is
    /// said of them.
    pub holes: Vec<Span>,
    /// What was found so far.
    pub problems: Vec<Diagnostic>,
    /// How many errors were found, those about holes included: a rule with one gives no IR.
    pub errors: usize,
}

/// What a rule takes over from its playbook.
#[derive(Clone, Debug)]
pub struct Home {
    /// The playbook's id.
    pub playbook: Str,
    /// Its zone, else the vocabulary's.
    pub zone: TimeZone,
    /// Its owner.
    pub owner: Option<Str>,
}

/// A trigger with what follows from it for the rest of the rule.
pub struct Triggered {
    /// The trigger.
    pub trigger: ir::Trigger,
    /// The key.
    pub key: Vec<ir::KeyPart>,
}

impl<'a> Lower<'a> {
    /// Returns one for the rules of a playbook of this unit. `roles` are those somebody fills, where that is known.
    pub fn of(
        sources: &'a Sources,
        unit: &'a Unit,
        tree: &tree::Playbook,
        roles: Option<&'a FxHashSet<Str>>,
        broken_templates: &'a FxHashSet<String>,
    ) -> Lower<'a> {
        Lower {
            sources,
            vocabulary: &unit.vocabulary,
            plurals: tree.syntax == tree::Syntax::Play,
            roles,
            more_roles: unit.directory.unread,
            templates: &unit.templates,
            broken_templates,
            defines: FxHashMap::default(),
            inlining: Vec::new(),
            every_rule: &[],
            every_asked: Vec::new(),
            is_all: true,
            zone: TimeZone::UTC,
            inlined: 0,
            used: FxHashSet::default(),
            when: None,
            holes: apart(&tree.holes),
            problems: Vec::new(),
            errors: 0,
        }
    }

    /// Returns the names of all defined conditions.
    pub fn define_names(&self) -> impl Iterator<Item = &'a str> {
        self.defines.keys().copied()
    }

    /// Keeps a problem. In a defined condition it is told where the condition is used, with the definition beside it.
    pub fn report(&mut self, mut problem: Diagnostic) {
        if let Some((name, used)) = self.inlining.first() {
            let inside = std::mem::replace(&mut problem.span, *used);
            let label = if problem.label.is_empty() { format!("in the definition of `{name}`") } else { problem.label };
            problem.related.insert(0, (inside, label));
            problem.label = format!("`{name}` cannot be used here");
        }
        self.errors += usize::from(problem.is_error());
        if !problem.is_told() && !self.is_about_a_hole(&problem) {
            self.problems.push(problem);
        }
    }

    /// Tells whether a problem only arises from something that could not be read, and that was told.
    fn is_about_a_hole(&self, problem: &Diagnostic) -> bool {
        if self.holes.is_empty() {
            return false;
        }
        let places = std::iter::once(problem.span).chain(problem.related.iter().map(|(place, _)| *place));
        let said = |text: &str| text.contains(unread::NAME);
        places.into_iter().any(|place| self.has_hole(place))
            || said(&problem.message)
            || problem.help.as_deref().is_some_and(said)
    }

    /// Tells whether a place overlaps a hole, or lies directly beside it.
    pub fn has_hole(&self, place: Span) -> bool {
        let behind = self.holes.partition_point(|hole| hole.start <= place.end);
        self.holes[..behind].last().is_some_and(|hole| hole.file == place.file && hole.end >= place.start)
    }

    /// Resolves a rule; `None` if it has an error.
    pub fn rule(&mut self, home: &Home, rule: &tree::Rule) -> Option<ir::Rule> {
        let before = self.errors;
        // Until the signal is known: what is unknown then is a consequence.
        let mut scope = Scope { incomplete: true, ..Scope::default() };
        let triggered = self.trigger(rule, &mut scope);
        let guards = self.guards(&scope, &rule.guards);
        let of_all = self.guards_of_all(&scope);
        let check = self.check(rule);
        let limit = rule.limit.as_ref().map(|limit| self.limit(&scope, limit));
        scope.case = opens_case(&rule.then);
        // An action that could not be read may be the one that opens the case.
        scope.perhaps_case = self.has_hole(rule.span);
        let title: Str = rule.title.as_ref().unwrap_or(&rule.id).node.as_str().into();
        let then = self.then(&scope, &title, &rule.then);
        if self.errors > before {
            return None;
        }
        let triggered = triggered?;
        Some(ir::Rule {
            id: RuleId::new(home.playbook.clone(), rule.id.node.as_str()),
            title,
            status: rule.status.as_ref().map_or(tree::Status::Live, |status| status.node),
            owner: home.owner.clone(),
            zone: home.zone.clone(),
            trigger: triggered.trigger,
            key: triggered.key,
            guards: [guards?, of_all?].concat(),
            check,
            limit: match limit {
                Some(limit) => Some(limit?),
                None => None,
            },
            then: then?,
            here: Here(rule.span),
        })
    }

    /// In one order whichever syntax they were written in: YAML has one key for all `only if` and one for all `unless`.
    fn guards(&mut self, scope: &Scope, guards: &[tree::Guard]) -> Option<Vec<ir::Guard>> {
        let mut ordered: Vec<&tree::Guard> = guards.iter().collect();
        ordered.sort_by_key(|guard| guard.unless);
        let guards: Vec<Option<ir::Guard>> = ordered
            .iter()
            .map(|guard| {
                let condition = self.condition(scope, &guard.condition)?;
                Some(ir::Guard { unless: guard.unless, condition, here: Here(guard.span) })
            })
            .collect();
        guards.into_iter().collect()
    }

    /// Resolves the guards that hold for all rules, as far as this one knows what they speak of: a rule on readings of a
    /// store is not asked about a customer.
    fn guards_of_all(&mut self, scope: &Scope) -> Option<Vec<ir::Guard>> {
        let mut ordered: Vec<(usize, &tree::Guard)> = self.every_rule.iter().enumerate().collect();
        ordered.sort_by_key(|(_, guard)| guard.unless);
        let mut guards = Some(Vec::new());
        for (place, guard) in ordered {
            if scope.incomplete || !self.knows(scope, &guard.condition, 0) {
                continue;
            }
            let (before, told) = (self.problems.len(), self.every_asked[place].1);
            self.every_asked[place].0 = true;
            match self.condition(scope, &guard.condition) {
                Some(condition) => {
                    let guard = ir::Guard { unless: guard.unless, condition, here: Here(guard.span) };
                    guards.iter_mut().for_each(|guards| guards.push(guard.clone()));
                }
                None => guards = None,
            }
            // What is wrong with it is told once, not for each rule.
            match told {
                true => self.problems.truncate(before),
                false => self.every_asked[place].1 = self.problems.len() > before,
            }
        }
        guards
    }

    /// Tells whether every subject of a condition is known in a scope.
    fn knows(&self, scope: &Scope, condition: &tree::Condition, deep: usize) -> bool {
        const DEEPEST: usize = 32;
        match &condition.kind {
            tree::ConditionKind::And(parts) | tree::ConditionKind::Or(parts) => {
                parts.iter().all(|part| self.knows(scope, part, deep))
            }
            tree::ConditionKind::Group(inner) => self.knows(scope, inner, deep),
            tree::ConditionKind::Name(path) => match self.defines.get(path.words[0].node.as_str()) {
                Some(define) if path.words.len() == 1 => {
                    deep > DEEPEST || self.knows(scope, &define.condition, deep + 1)
                }
                _ => self.begins(scope, path),
            },
            tree::ConditionKind::Test(subject, _) => match &subject.kind {
                tree::OperandKind::Path(path) => self.begins(scope, path),
                _ => true,
            },
            tree::ConditionKind::Script(_) | tree::ConditionKind::Hours { .. } => true,
        }
    }

    /// Reports guards of all rules that no rule can be asked.
    pub(super) fn unasked(&mut self) {
        for (guard, (asked, _)) in self.every_rule.iter().zip(self.every_asked.clone()) {
            if asked || self.has_hole(guard.span) {
                continue;
            }
            let names: Vec<&str> = self.vocabulary.things.iter().map(|thing| &*thing.name).collect();
            let subject = subject(&guard.condition);
            let (span, name) = subject.map_or((guard.span, ""), |word| (word.span, word.node.as_str()));
            let message = format!("no rule of this playbook knows `{name}`");
            let problem = Diagnostic::error(codes::UNKNOWN_NAME, span, message);
            self.report(did_you_mean(problem, name, names, "things are"));
        }
    }

    fn check(&mut self, rule: &tree::Rule) -> Option<ir::Schedule> {
        let check = rule.check.as_ref()?;
        if matches!(rule.when.node, tree::Trigger::Measure { .. }) {
            return Some(schedule(&check.node));
        }
        let (why, help) = match rule.when.node {
            tree::Trigger::Schedule(_) => ("this rule has its times in `when` already", "leave `check` out"),
            _ => (
                "this rule looks at each of its signals as it comes",
                "leave `check` out, or write the rule on a measure (`count of … over the last 7 days`)",
            ),
        };
        let message = "`check` is for rules on a measure";
        self.report(Diagnostic::error(codes::CHECK_NOT_ALLOWED, check.span, message).label(why).help(help));
        None
    }

    fn limit(&mut self, scope: &Scope, limit: &tree::Limit) -> Option<Limit> {
        let every = self.plain_length(&limit.every, "a limit");
        let per: Vec<Option<(Str, ir::expr::Access)>> = limit
            .per
            .iter()
            .map(|path| {
                let access = self.access(scope, path)?;
                Some((Str::from(sentence::path(path)), access))
            })
            .collect();
        Some(Limit { per: per.into_iter().collect::<Option<_>>()?, every: every?, here: Here(limit.span) })
    }
}

/// Returns the first name that a condition speaks of.
fn subject(condition: &tree::Condition) -> Option<&tree::Word> {
    match &condition.kind {
        tree::ConditionKind::And(parts) | tree::ConditionKind::Or(parts) => parts.iter().find_map(subject),
        tree::ConditionKind::Group(inner) => subject(inner),
        tree::ConditionKind::Name(path) => path.words.first(),
        tree::ConditionKind::Test(tree::Operand { kind: tree::OperandKind::Path(path), .. }, _) => path.words.first(),
        _ => None,
    }
}

/// Returns a schedule with its times in order, each once.
pub fn schedule(schedule: &tree::Schedule) -> ir::Schedule {
    let mut times: Vec<_> = schedule.times.iter().map(|time| time.node).collect();
    times.sort_unstable();
    times.dedup();
    ir::Schedule { days: schedule.days, times }
}

/// Returns places in order, with those that overlap or touch made one.
fn apart(places: &[Span]) -> Vec<Span> {
    let mut places = places.to_vec();
    places.sort_unstable_by_key(|place| (place.start, place.end));
    let mut apart: Vec<Span> = Vec::with_capacity(places.len());
    for place in places {
        match apart.last_mut() {
            Some(last) if place.start <= last.end => last.end = last.end.max(place.end),
            _ => apart.push(place),
        }
    }
    apart
}
