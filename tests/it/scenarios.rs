//! Every shipped scenario, through insta, on the very files that `touchline test` writes: so `cargo insta review` works
//! here, and the format stays true.

use std::fs;
use std::path::{Path, PathBuf};

use touchline::compile::{Options, Unit, project};
use touchline::lang::render::{Look, human};
use touchline::lang::source::Sources;
use touchline::replay::replace::replaced;
use touchline::replay::{run, scenario, snapshot};

#[test]
fn every_shipped_scenario_plays_as_accepted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Sources::default();
    let mut files = vec![];
    walk(&root.join("playbooks"), &mut files);
    for path in &files {
        let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        sources.add(name, &fs::read(path).unwrap());
    }
    let project = project(&sources, &Options::default());
    assert!(project.scenarios.len() >= 5, "the scenarios were not found");
    let mut played = 0;
    for number in &project.scenarios {
        let path = sources.file(*number).path.clone();
        let folder = path.rsplit_once('/').unwrap().0;
        let unit = project.units.iter().find(|unit| home(unit) == folder).expect("a vocabulary lies beside it");
        let (file, problems) = scenario::read(&sources, *number, &unit.ruleset());
        assert!(problems.is_empty(), "{}", human(&sources, &problems, Look::PLAIN));
        let file = file.expect("a file without problems is read");
        for one in &file.scenarios {
            let mut read = |path: &str| fs::read(root.join(path)).map_err(|error| error.to_string());
            let mut reload = |name: &str| replaced(&sources, unit, &file, name, &mut read);
            let done = run::play(&file, one, &unit.ruleset(), &mut reload);
            assert!(done.problems.is_empty(), "{}", human(&sources, &done.problems, Look::PLAIN));
            let mut settings = insta::Settings::clone_current();
            settings.set_snapshot_path(root.join(folder).join("snapshots"));
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            settings.bind(|| insta::assert_snapshot!(snapshot::file_stem(&path, &one.name), done.timeline));
            played += 1;
        }
    }
    assert!(played > 40, "only {played} scenarios were played");
}

fn home(unit: &Unit) -> &str {
    unit.vocabulary_path.rsplit_once('/').unwrap().0
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true if ["snapshots", "feed", "reload"].iter().any(|name| path.ends_with(name)) => {}
            true => walk(&path, found),
            false => found.push(path),
        }
    }
    found.sort();
}

const MISTAKES: &str = r#"playbook: retail_care
clock: Europe/Madrd
given:
  shops: {S7: {name: Atocha}}
  customers: {C1: {segmnt: gold, open_cases: 1}}
scenarios:
  - name: mistakes
    covers: repeat_complant
    steps:
      - {at: Tue 2026-03-16 10:00, signal: complaint, with: {customer: C1, topic: delivery}}
      - {at: Monday morning, signal: complaint, with: {customer: C1, topic: delivery}}
      - {at: Mon 2026-03-16 10:00, signl: complaint}
      - {at: Mon 2026-03-16 10:00, signal: complaints, with: {customer: C1, topic: delivery}}
      - {at: Mon 2026-03-16 10:00, signal: survey_response, with: {customer: C1, score: 11, touchpont: checkout}}
      - {at: Mon 2026-03-16 10:00, signal: survey_response, with: {customer: C1}}
      - {at: Mon 2026-03-16 09:00}
      - {signal: complaint, with: {customer: C1, topic: delivery}}
      - {at: Mon 2026-03-16 10:00, acknowledge: repeat_complaint for C1}
      - {at: Mon 2026-03-16 10:00, duplicate: s9}
      - {at: Mon 2026-03-16 10:00, close: repeat_complaint for C1 and delivery, contact: customer C1}
      - {at: noon, signal: complant, with: {custmer: C1, topic: delivery}, times: many, late: never}
      - {at: today, silence: repeat_complant, until: tomorrow}
      - {at: later, acknowledge: repeat_complant for C1, times: 3}
      - {signal: complaint, with: {topik: delivery}}
      - expect: [alrt team_lead of S7]
  - name: Mistakes!
    steps: [expect: [nothing]]
"#;

#[test]
fn mistakes_in_scenarios_are_all_said_at_their_place_with_what_to_type() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Sources::default();
    for name in ["vocabulary.yaml", "directory.yaml", "retail_care.play"] {
        sources.add(name, &fs::read(root.join("playbooks/retail").join(name)).unwrap());
    }
    let number = sources.add("retail_care.test.yaml", MISTAKES.as_bytes());
    let project = project(&sources, &Options::default());
    let (_, problems) = scenario::read(&sources, number, &project.units[0].ruleset());
    assert!(problems.iter().all(|problem| problem.span.file == number), "each has its place in the file");
    insta::assert_snapshot!("scenario_mistakes", human(&sources, &problems, Look::PLAIN));
}
