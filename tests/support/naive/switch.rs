//! Another rule set decides from here on (M10, M24). Only what needs no journal: rules that stay as they are, come, or
//! change in what leaves state untouched.

use touchline::engine::input::Switch;

use super::{Naive, Story};

impl Naive {
    /// M10: loading never fires and never enters.
    pub(super) fn switch(&mut self, switch: Switch) {
        let Some(ruleset) = switch.ruleset else { return };
        let now = self.now();
        for rule in &ruleset.rules {
            self.stories.entry(rule.id.clone()).or_insert_with(|| Story { last_run: Some(now), ..Story::default() });
        }
        for plan in &mut self.plans {
            if let Some(rule) = ruleset.rules.iter().find(|rule| rule.id == plan.rule.id) {
                plan.rule = rule.clone();
            }
        }
        self.ruleset = ruleset;
    }
}
