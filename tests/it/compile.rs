//! Compiling whole folders: the shipped playbooks come out without a problem.

use std::path::Path;

use touchline::compile::{Options, Project, project};
use touchline::lang::render::{Look, human};
use touchline::lang::source::Sources;

/// Adds every file of a folder, with paths from there. What lies in `reload` is for scenarios only.
pub fn add_folder(sources: &mut Sources, folder: &Path) {
    let mut folders = vec![folder.to_owned()];
    let mut paths = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the repository can be read") {
            let path = entry.expect("its entries too").path();
            match path.is_dir() {
                true if path.ends_with("reload") => {}
                true => folders.push(path),
                false => paths.push(path),
            }
        }
    }
    paths.sort();
    for path in paths {
        let name = path.strip_prefix(folder).expect("it is inside").to_string_lossy().replace('\\', "/");
        sources.add(name, &std::fs::read(&path).expect("a file can be read"));
    }
}

/// Compiles a folder of the repository.
pub fn compiled(folder: &str) -> (Sources, Project) {
    let mut sources = Sources::default();
    add_folder(&mut sources, &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
    let project = project(&sources, &Options::default());
    (sources, project)
}

#[test]
fn the_shipped_playbooks_have_no_problem() {
    let (sources, project) = compiled("playbooks");
    let told = human(&sources, &project.diagnostics, Look::PLAIN);
    assert!(project.diagnostics.is_empty(), "{told}");
}

/// Compiles one case beside the vocabulary, directory and mails that all cases share.
fn told(path: &Path) -> String {
    let mut sources = Sources::default();
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang/err_meaning/unit");
    add_folder(&mut sources, &unit);
    let name = path.file_name().expect("a case is a file").to_string_lossy().into_owned();
    sources.add(name, &std::fs::read(path).expect("a case can be read"));
    human(&sources, &project(&sources, &Options::default()).diagnostics, Look::PLAIN)
}

#[test]
fn mistakes_of_meaning_give_the_messages_beside_them() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("../lang/err_meaning/messages");
    settings.set_omit_expression(true);
    settings.bind(|| {
        insta::glob!("../lang/err_meaning/cases", "*.play*", |path| {
            insta::assert_snapshot!(told(path));
        });
    });
}

#[test]
fn what_is_close_to_a_problem_is_none() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang/err_meaning/cases/no_problem.play");
    assert_eq!(told(&path), "");
}

/// Codes that need several playbooks, another folder, scenarios or a recording: each has a test of its own below.
const TOLD_ELSEWHERE: [&str; 8] = ["N021", "N022", "L011", "L012", "L016", "L017", "L018", "L019"];
/// Codes that the shape of YAML rules out, or that a key of it already answers.
const ONLY_SENTENCES: [&str; 5] = ["N019", "N025", "N026", "T027", "L002"];

#[test]
fn every_code_about_meaning_has_a_case_in_both_syntaxes() {
    for (ending, but) in [("play", &[][..]), ("play.yaml", &ONLY_SENTENCES[..])] {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang/err_meaning/cases");
        let all: String =
            ["names", "types", "lints"].map(|name| told(&cases.join(format!("{name}.{ending}")))).concat();
        let missing: Vec<&str> = touchline::lang::codes::ALL
            .iter()
            .map(|(code, _)| *code)
            .filter(|code| code.starts_with(['N', 'T', 'L']) && !TOLD_ELSEWHERE.contains(code) && !but.contains(code))
            .filter(|code| !all.contains(&format!("[{code}]")))
            .collect();
        assert!(missing.is_empty(), "no case in *.{ending} shows {missing:?}");
    }
}

#[test]
fn a_field_with_a_name_of_the_wire_is_said_once_and_not_at_every_use() {
    let mut sources = Sources::default();
    let vocabulary = "vocabulary: Shop\ntime_zone: Europe/Madrid\nlanguages: [en]\njourney: {after: [delivery]}\nchannels: [web]\n\
        things: {customer: {}}\nsignals:\n  complaint: {about: [customer], fields: {topic: text}}\n  \
        offer: {about: [customer], fields: {source: text}}\n";
    sources.add("vocabulary.yaml", vocabulary.as_bytes());
    let rules = "playbook a \"A\" version 1\n\nrule one \"One\"\n  when complaint\n  then record offer with source topic\n\n\
        rule two \"Two\"\n  when complaint\n  then record offer with source \"x\"\n";
    sources.add("a.play", rules.as_bytes());
    let found = project(&sources, &Options::default()).diagnostics;
    let errors: Vec<&str> = found.iter().filter(|problem| problem.is_error()).map(|problem| problem.code).collect();
    assert_eq!(errors, [touchline::lang::codes::TAKEN_NAME], "{}", human(&sources, &found, Look::PLAIN));
}

#[test]
fn ten_thousand_rules_are_compiled_without_quadratic_work() {
    let mut sources = Sources::default();
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang/err_meaning/unit");
    add_folder(&mut sources, &unit);
    for book in 0..50 {
        let mut text = format!("playbook book_{book} \"Book\" version 1\n\ndefine low as score is at most 6\n");
        for rule in 0..200 {
            text.push_str(&format!(
                "\nrule rule_{rule} \"Rule\"\n  when survey_response where low and customer.segment is \"gold\" and comment is present\n  at most once every 7 days per customer\n  then open case for customer with priority \"high\", reason comment\n    and email customer using \"thank_you\" in customer.language with voucher \"A\"\n"
            ));
        }
        sources.add(format!("book_{book}.play"), text.as_bytes());
    }
    let project = project(&sources, &Options::default());
    assert_eq!(project.units[0].rules.len(), 10_000);
    assert!(project.diagnostics.iter().all(|problem| !problem.is_error()));
}

/// However many rules on one signal exclude each other, the one that does not is found.
#[test]
fn two_mails_for_one_signal_are_found_among_thousands_of_rules() {
    let mut sources = Sources::default();
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang/err_meaning/unit");
    add_folder(&mut sources, &unit);
    let mut text = "playbook many \"Many\" version 1\n".to_owned();
    let mut rule = |id: &str, condition: &str| {
        text.push_str(&format!(
            "rule {id} \"Rule\" when complaint where {condition} then email customer using \"thank_you\" with voucher \"A\"\n"
        ));
    };
    for topic in 0..3_000 {
        rule(&format!("r{topic:04}"), &format!("topic is \"topic {topic}\""));
    }
    rule("s1", "topic is \"topic 2999\" and urgent is present");
    rule("s2", "topic is one of \"topic 7000\", \"topic 2000\"");
    rule("s3", "topic is \"topic 7001\"");
    sources.add("many.play", text.as_bytes());
    let project = project(&sources, &Options::default());
    let told: Vec<&str> =
        project.diagnostics.iter().filter(|problem| problem.code == "L009").map(|problem| &*problem.message).collect();
    assert_eq!(
        told,
        [
            "rules `many/r2999` and `many/s1` can both mail one customer for one `complaint`",
            "rules `many/r2000` and `many/s2` can both mail one customer for one `complaint`",
        ]
    );
}

#[test]
fn both_syntaxes_give_the_same_rules() {
    let (sources, project) = compiled("playbooks");
    let rules = |path: &str| {
        let unit = project.units.iter().find(|unit| unit.vocabulary_path == path).expect("the unit is there");
        let rules: Vec<_> = unit.rules.iter().filter(|rule| &*rule.id.playbook == "retail_care").cloned().collect();
        rules
    };
    let sentences = rules("retail/vocabulary.yaml");
    let yaml = rules("retail_yaml/vocabulary.yaml");
    assert_eq!(sentences.len(), 6, "{}", human(&sources, &project.diagnostics, Look::PLAIN));
    assert_eq!(sentences, yaml);
    insta::assert_snapshot!(format!("{sentences:#?}"));
}

#[test]
fn a_playbook_alone_is_told_where_a_vocabulary_was_looked_for() {
    let mut sources = Sources::default();
    sources.add(
        "shops/north/care.play",
        b"playbook care \"Care\" version 1\n\nrule a \"A\"\n  when x\n  then post to \"y\"\n",
    );
    let told = human(&sources, &project(&sources, &Options::default()).diagnostics, Look::PLAIN);
    insta::assert_snapshot!(told);
}

#[test]
fn one_id_in_two_files_is_told_with_both_places() {
    let mut sources = Sources::default();
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang/err_meaning/unit");
    sources.add("vocabulary.yaml", &std::fs::read(unit.join("vocabulary.yaml")).expect("it is there"));
    let text = b"playbook care \"Care\" version 1\n\nrule a \"A\"\n  when 2 or more complaints for the same customer within 2 days\n  then alert care_team\n";
    sources.add("one.play", text);
    sources.add("two.play", text);
    let project = project(&sources, &Options::default());
    insta::assert_snapshot!(human(&sources, &project.diagnostics, Look::PLAIN));
    assert_eq!(project.units[0].rules.len(), 1, "the rules of the second file are left out");
}
