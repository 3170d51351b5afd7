//! Random rules and random days: everything from one seed, which a failure prints.

pub mod edits;
pub mod inputs;
pub mod rules;
pub mod text;

use std::sync::{Arc, OnceLock};

use touchline::engine::ruleset::RuleSet;
use touchline::ir::Rule;
use touchline::lang::source::Sources;
use touchline::template::Templates;
use touchline::vocabulary::directory::Directory;
use touchline::vocabulary::{Vocabulary, read};

/// A small generator (SplitMix64): the same numbers from the same seed on any machine.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// True once in `n`.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for i in (1..list.len()).rev() {
            list.swap(i, self.below(i + 1));
        }
    }
}

/// The vocabulary and directory that random rules speak of.
pub struct Ground {
    pub vocabulary: Arc<Vocabulary>,
    pub directory: Arc<Directory>,
    pub templates: Arc<Templates>,
}

const TEMPLATES: [(&str, &str); 11] = [
    (
        "emails/thanks/template.yaml",
        "class: marketing\nfallback: en\nvariables: [voucher, customer.segment]\ndefaults: {voucher: none}\n",
    ),
    ("emails/thanks/en/subject.txt", "Thank you"),
    ("emails/thanks/en/body.txt", "{{ voucher }} for {{ customer.segment }}"),
    ("emails/sorry/template.yaml", "class: survey\nfallback: pl\nvariables: [voucher]\n"),
    ("emails/sorry/pl/subject.txt", "Przepraszamy"),
    ("emails/sorry/pl/body.txt", "{{ voucher }}"),
    ("emails/thanks/pl/subject.txt", "Dziękujemy"),
    ("emails/thanks/pl/body.txt", "{{ voucher }}"),
    ("emails/receipt/template.yaml", "class: transactional\nfallback: en\n"),
    ("emails/receipt/en/subject.txt", "Your receipt"),
    ("emails/receipt/en/body.txt", "Here it is."),
];

pub fn ground() -> &'static Ground {
    static GROUND: OnceLock<Ground> = OnceLock::new();
    GROUND.get_or_init(|| {
        let mut sources = Sources::default();
        let file = sources.add("vocabulary.yaml", include_bytes!("ground.yaml"));
        let (vocabulary, diagnostics) = read::vocabulary(&sources, file);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let vocabulary = vocabulary.expect("it reads");
        let file = sources.add("directory.yaml", include_bytes!("directory.yaml"));
        let (directory, diagnostics) = read::directory(&sources, file, &vocabulary);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let mut files = Vec::new();
        for (path, text) in TEMPLATES {
            files.push((path.to_owned(), sources.add(path, text.as_bytes())));
        }
        let (templates, diagnostics) = Templates::build(&sources, &files);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        Ground { vocabulary: vocabulary.into(), directory: directory.into(), templates: templates.into() }
    })
}

pub fn ruleset(rules: &[Arc<Rule>]) -> Arc<RuleSet> {
    let ground = ground();
    let templates = ground.templates.clone();
    RuleSet::new(ground.vocabulary.clone(), ground.directory.clone(), templates, rules.to_vec()).into()
}
