//! What somebody at the playbooks may change while they run: the shipped retail playbooks, and edits of them.

use std::sync::{Arc, OnceLock};

use touchline::compile;
use touchline::engine::ruleset::RuleSet;
use touchline::engine::store::RuleSources;
use touchline::id::RuleId;
use touchline::lang::source::Sources;

use crate::support::daemon::retail_sources;

/// Playbooks as they may lie on the disk.
pub struct Book {
    pub name: &'static str,
    files: RuleSources,
    /// Rules that do not compile.
    broken: Vec<RuleId>,
    own: Arc<RuleSet>,
}

/// An edit: in which file, what, and what instead.
type Edit = (&'static str, &'static str, &'static str);

/// A name, edits, and the rules that do not compile by them.
type Edited = (&'static str, &'static [Edit], &'static [(&'static str, &'static str)]);

const EDITS: [Edited; 9] = [
    ("as shipped", &[], &[]),
    (
        "lower thresholds",
        &[
            ("retail_care.play", "3 or more complaints", "2 or more complaints"),
            ("retail_care.play", "goes over 10 minutes", "goes over 9 minutes"),
        ],
        &[],
    ),
    (
        "other ladders",
        &[
            ("retail_care.play", "after 4 business hours:", "after 2 business hours:"),
            ("recovery.play", "after 4 business hours:", "after 6 business hours:"),
            ("queue_and_counter.play", "after 15 minutes:", "after 25 minutes:"),
        ],
        &[],
    ),
    ("rules removed", &[("queue_and_counter.play", COUNTER, ""), ("retail_care.play", PRAISE, "")], &[]),
    (
        "other limits",
        &[
            ("queue_and_counter.play", "at most once every 1 hour per store", "at most once every 3 hours per store"),
            (
                "recovery.play",
                "at most once every 14 days per customer\n  then open",
                "at most once every 5 days per customer\n  then open",
            ),
            ("retail_care.play", "at most once every 30 days per customer", "at most once every 10 days per customer"),
        ],
        &[],
    ),
    (
        "other vocabulary",
        &[(
            "vocabulary.yaml",
            "signals:\n",
            "signals:\n  aaa_first:\n    plural: aaa_firsts\n    about: [store]\n    fields: {wait: duration in minutes}\n",
        )],
        &[],
    ),
    (
        "a rule that does not compile",
        &[
            (
                "retail_care.play",
                "where detractor\n      and customer.segment",
                "where detraktor\n      and customer.segment",
            ),
            ("retail_care.play", "goes over 10 minutes", "goes over 12 minutes"),
        ],
        &[("retail_care", "gold_detractor")],
    ),
    (
        "other words and people",
        &[
            (
                "directory.yaml",
                "floor_manager: [floor.s7@example.test]",
                "floor_manager: [till.s7@example.test, floor.s7@example.test]",
            ),
            ("retail_care.play", "Please open another till.", "Please open one more till."),
        ],
        &[],
    ),
    (
        "another window",
        &[("retail_care.play", "within 14 days\n  then escalate", "within 3 days\n  then escalate")],
        &[],
    ),
];

const COUNTER: &str = "rule counter_unattended \"Nobody at the service counter\"
  when counter_reading.staff goes under 1
    where touchpoint is \"service\"
  for each store
  unless store.refit is yes
  at most once every 1 hour per store
  then escalate until acknowledged
    now:
      alert floor_manager of store
        saying \"Nobody is at the service counter in {store.name}.\"
    after 15 minutes:
      alert manager of store
        saying \"The service counter in {store.name} was left empty and nobody has answered for 15 minutes.\"
";

const PRAISE: &str = "rule thank_promoter \"Thank promoters who praise our staff\"
  when survey_response
    where score is at least 9
      and comment mentions staff_kindness
  unless customer.open_cases is more than 0
  at most once every 30 days per customer
  then email customer using \"thank_you\" in customer.language with voucher \"KIND10\"
";

/// All of them, compiled once; the first is what is shipped.
pub fn books() -> &'static [Book] {
    static BOOKS: OnceLock<Vec<Book>> = OnceLock::new();
    BOOKS.get_or_init(|| EDITS.iter().map(|(name, edits, broken)| book(name, edits, broken)).collect())
}

fn book(name: &'static str, edits: &[Edit], broken: &[(&str, &str)]) -> Book {
    let mut files = retail_sources();
    for (file, from, to) in edits {
        let found = files.files.iter_mut().find(|(path, _)| path.ends_with(file)).unwrap();
        let text = String::from_utf8(found.1.clone()).unwrap();
        assert!(text.contains(from), "{file} holds {from}");
        found.1 = text.replacen(from, to, 1).into_bytes();
    }
    let broken: Vec<RuleId> = broken.iter().map(|(book, rule)| RuleId::new(*book, *rule)).collect();
    let mut sources = Sources::default();
    for (path, content) in &files.files {
        sources.add(&**path, content);
    }
    let project = compile::project(&sources, &compile::Options::default());
    let errors: Vec<_> = project.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect();
    assert_eq!(errors.is_empty(), broken.is_empty(), "{name}: {errors:#?}");
    Book { name, files, broken, own: project.units[0].ruleset() }
}

impl Book {
    /// What runs on an empty store.
    pub fn first(&self) -> (Arc<RuleSet>, RuleSources) {
        (self.own.clone(), self.files.clone())
    }

    /// What takes over from `running`: rules that do not compile keep what runs. `None` where nothing may.
    pub fn after(&self, running: &Arc<RuleSet>) -> Option<(Arc<RuleSet>, RuleSources)> {
        let kept: Vec<RuleId> = self.broken.iter().filter(|id| running.rule(id).is_some()).cloned().collect();
        if kept.is_empty() {
            return Some(self.first());
        }
        let set = self.own.keeping(running, &kept).ok()?;
        let sources = RuleSources { kept: Some((running.hash, kept)), ..self.files.clone() };
        Some((Arc::new(set), sources))
    }
}
