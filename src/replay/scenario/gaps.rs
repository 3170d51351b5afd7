//! What scenarios say of what they do not show: a `todo`, rules allowed to have no scenario, and nothing at all.

use crate::id::RuleId;
use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::Spanned;
use crate::lang::yaml::node::Node;
use crate::lang::yaml::read;

use super::{Reader, Scenario, ScenarioFile, Step, StepKind};

impl Reader<'_> {
    /// Reads why a scenario must still fail. One that expects nothing could never fail.
    pub(super) fn todo(&mut self, node: &Node, steps: &[Step]) -> Option<Spanned<String>> {
        let reason = self.keep(read::expect_text(node, "todo"))?.trim().to_owned();
        if !steps.iter().any(expects) {
            let problem = Diagnostic::error(codes::TODO, node.span, "nothing is expected, so nothing can be to do");
            self.say(problem.help("add a step `expect: …` with what should happen and does not yet"));
        }
        Some(Spanned { node: reason, span: node.span })
    }

    /// Reads the rules that need no scenario; one that has one is to be taken out.
    pub(super) fn without(&mut self, node: &Node) -> Vec<Spanned<RuleId>> {
        let mut rules = vec![];
        for node in read::one_or_list(node) {
            let Some(name) = self.keep(read::expect_text(node, "without_scenario")) else { continue };
            rules.extend(self.rule(name, node.span).map(|rule| Spanned { node: rule, span: node.span }));
        }
        rules
    }

    pub(super) fn needlessly_without(&mut self, without: &[Spanned<RuleId>], scenarios: &[Scenario]) {
        for allowed in without {
            let covers = |scenario: &&Scenario| scenario.todo.is_none() && scenario.covers.contains(&allowed.node);
            if let Some(scenario) = scenarios.iter().find(covers) {
                let message = format!("`{}` has a scenario", allowed.node.rule);
                let problem = Diagnostic::warning(codes::NEEDLESSLY_ALLOWED, allowed.span, message);
                self.say(problem.related(scenario.span, "here").help("take it out of `without_scenario`"));
            }
        }
    }

    /// Says that nothing happens in a scenario.
    pub(super) fn empty(&mut self, node: &Node, steps: &[Step]) {
        if steps.iter().all(|step| matches!(step.kind, StepKind::Expect(_) | StepKind::Fails(_)) && step.at.is_none()) {
            let problem = Diagnostic::error(codes::EMPTY_SCENARIO, node.span, "nothing happens in this scenario");
            self.say(
                problem.help("add steps such as `{at: Mon 2026-03-16 10:00, signal: …}`, or take the scenario out"),
            );
        }
    }
}

fn expects(step: &Step) -> bool {
    matches!(step.kind, StepKind::Expect(_))
}

/// Warns of scenarios that do not say what must happen, not even that nothing must.
pub fn unsaid(file: &ScenarioFile) -> Vec<Diagnostic> {
    let silent = file.scenarios.iter().filter(|scenario| scenario.whole && !scenario.steps.iter().any(expects));
    let warning = |scenario: &Scenario| {
        Diagnostic::warning(codes::NOTHING_SAID, scenario.span, "this scenario does not say what must happen").help(
            "end it with `- expect: […]`, or with `- expect: [nothing]`: an accepted timeline is only what happened",
        )
    };
    silent.map(warning).collect()
}
