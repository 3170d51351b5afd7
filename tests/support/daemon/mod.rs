//! A daemon driven by hand: the shipped playbooks and feed, a clock that is moved, and the laws that hold whatever happened.

pub mod world;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use touchline::clock::{Clock, ManualClock};
use touchline::compile;
use touchline::daemon::fold::{FoldOptions, Pace};
use touchline::engine::Engine;
use touchline::engine::effect::{Effect, What};
use touchline::engine::input::Input;
use touchline::engine::record::Record;
use touchline::engine::ruleset::RuleSet;
use touchline::engine::store::{Reader, Row, RowState, RuleSources, Vault};
use touchline::id::Position;
use touchline::lang::source::Sources;
use touchline::signal::{FeedLine, parse_line};
use touchline::store::outbox::{Patience, rows};

/// The files of the shipped retail playbooks, as a store keeps them.
pub fn retail_sources() -> RuleSources {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("playbooks/retail")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for path in entries {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            match path.is_dir() {
                true if !name.ends_with("snapshots") && !name.ends_with("reload") => folders.push(path),
                false if [".jsonl", ".py", ".test.yaml"].iter().all(|end| !name.ends_with(end)) => {
                    files.push((name.into(), std::fs::read(&path).unwrap()));
                }
                _ => {}
            }
        }
    }
    RuleSources { files, kept: None }
}

/// Compiles sources that hold one unit.
pub fn compiled(from: &RuleSources) -> Arc<RuleSet> {
    let mut sources = Sources::default();
    for (path, content) in &from.files {
        sources.add(&**path, content);
    }
    let project = compile::project(&sources, &compile::Options::default());
    let errors: Vec<_> = project.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    project.units[0].ruleset()
}

/// The shipped playbooks, compiled once.
pub fn retail() -> (Arc<RuleSet>, RuleSources) {
    static RETAIL: OnceLock<(Arc<RuleSet>, RuleSources)> = OnceLock::new();
    let retail = RETAIL.get_or_init(|| {
        let sources = retail_sources();
        (compiled(&sources), sources)
    });
    retail.clone()
}

/// The shipped feed, with when each line happened.
pub fn feed(rules: &RuleSet) -> Vec<(Input, Timestamp)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/retail/feed/eight_weeks.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let read = |line: &str| match parse_line(line, &rules.vocabulary) {
        Ok(FeedLine::Signal(signal)) => {
            let at = signal.at;
            Some((Input::Signal(signal), at))
        }
        Ok(FeedLine::Facts { at, change }) => Some((Input::Fact(change), at)),
        _ => None,
    };
    text.lines().filter_map(read).collect()
}

pub fn options(vault: Arc<dyn Vault>, clock: Arc<dyn Clock>, checkpoint_every: u64) -> FoldOptions {
    let pace = Pace { inputs: checkpoint_every, time: jiff::SignedDuration::from_hours(24 * 365) };
    FoldOptions { vault, clock, pace, patience: Patience::default(), probe: None }
}

pub fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH))
}

/// All records, in pieces as a start reads them.
pub fn all_records(reader: &dyn Reader) -> Vec<Record> {
    let mut all: Vec<Record> = Vec::new();
    loop {
        let next = Position(all.last().map_or(1, |record| record.position.0 + 1));
        let more = reader.records(next, 777).unwrap();
        if more.is_empty() {
            return all;
        }
        all.extend(more);
    }
}

/// An engine that follows the journal by itself: what the daemon's has to be equal to.
pub struct Reference {
    pub engine: Engine,
    /// What each position asked for.
    pub effects: BTreeMap<u64, Vec<Effect>>,
    rulesets: BTreeMap<[u8; 16], Arc<RuleSet>>,
}

impl Reference {
    pub fn new(rules: &Arc<RuleSet>) -> Reference {
        let rulesets = BTreeMap::from([(rules.hash, rules.clone())]);
        Reference { engine: Engine::new(rules.clone()), effects: BTreeMap::new(), rulesets }
    }

    /// Folds what is new in the journal, as it is written down.
    pub fn follow(&mut self, reader: &dyn Reader) {
        loop {
            let records = reader.records(Position(self.engine.position().0 + 1), 1_000).unwrap();
            if records.is_empty() {
                return;
            }
            for record in records {
                let mut record = Record::from_bytes(&record.to_bytes()).unwrap();
                assert_eq!(record.position.0, self.engine.position().0 + 1);
                if let Input::Switch(switch) = &mut record.input {
                    switch.ruleset = Some(self.rulesets[&switch.hash].clone());
                }
                let effects = self.engine.handle(record.input, record.now).effects;
                if !effects.is_empty() {
                    self.effects.insert(record.position.0, effects);
                }
            }
        }
    }

    /// The laws of the outbox: what is committed is exactly what the journal asks for up to the cursor, once.
    pub fn check(&self, reader: &dyn Reader) {
        let cursor = reader.ends().unwrap().cursor;
        let expected: Vec<(Position, Vec<Effect>)> =
            self.effects.range(..=cursor.0).map(|(at, effects)| (Position(*at), effects.clone())).collect();
        let found = reader.effects(Position(0), usize::MAX >> 2).unwrap();
        assert_eq!(found.len(), expected.len(), "as many inputs asked for something");
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.0, expected.0);
            let bytes = |effects: &Vec<Effect>| postcard::to_stdvec(effects).unwrap();
            assert_eq!(bytes(&found.1), bytes(&expected.1), "the effects of {}", found.0.0);
        }
        let all: Vec<&Effect> = expected.iter().flat_map(|(_, effects)| effects).collect();
        // The directory of the first rule set will do: these playbooks keep theirs.
        let directory = &self.engine.ruleset().directory;
        let mut wanted: Vec<Row> = all.iter().flat_map(|effect| rows(effect, directory, Patience::default())).collect();
        wanted.sort_by_key(|row| row.id);
        let kept = reader.outbox(None, None, usize::MAX >> 2).unwrap();
        let ids = |rows: &[Row]| rows.iter().map(|row| (row.id, row.to.clone(), row.kind)).collect::<Vec<_>>();
        assert_eq!(ids(&kept), ids(&wanted), "one row for each recipient of each effect, none twice");
        for effect in all.iter().filter(|effect| effect.what == What::Withdraw) {
            let open = kept.iter().filter(|row| row.id.effect == effect.id && row.state == RowState::Waiting);
            assert_eq!(open.count(), 0, "what is withdrawn does not wait");
        }
    }
}
