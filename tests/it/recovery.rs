//! A mistake in one clause of a rule hides nothing in the others, and nothing is said that only arises from it.
//!
//! Every clause of a rule is written in three ways (right, with an unknown name, with a sentence that cannot be read),
//! and every pair of such clauses gives exactly the messages of both. The same for the terms of a condition, the
//! actions behind `then` and the parts of a trigger.

use std::path::Path;

use touchline::compile::{Options, project};
use touchline::lang::render::{Look, human};
use touchline::lang::source::Sources;

use crate::compile::add_folder;

/// A clause as it may be written: the text, and the code of what is wrong with it.
type Ways = &'static [(&'static str, Option<&'static str>)];

const COUNT: &[Ways] = &[
    &[
        ("when 3 or more complaints", None),
        ("when 3 or more complaint", None),
        ("when 3 or more complants", Some("N002")),
        ("when 3 or mroe complaints", Some("P019")),
    ],
    &[("where topic is \"x\"", None), ("where topc is \"x\"", Some("N001")), ("where topic \"x\"", Some("P039"))],
    &[
        ("for the same customer", None),
        ("for the same custmer", Some("N001")),
        ("per customer", Some("P028")),
        ("by custmer", Some("N001 P028")),
        ("for the same customer or store", Some("P046")),
    ],
    &[("within 14 days", None), ("within 14 dayz", Some("P032")), ("within 0 days", Some("T021"))],
    &[
        ("only if customer.segment is \"gold\"", None),
        ("only if customer.segmnt is \"gold\"", Some("N004")),
        ("only if customer.segment equals \"gold\"", Some("P018")),
    ],
    &[
        ("at most once every 7 days per store", None),
        ("at most once every 7 days per stor", Some("N001")),
        ("at most once per day", Some("P052")),
        ("at most once every 7 days", Some("P029")),
    ],
    &[
        ("then alert manager of store", None),
        ("then alert manger of store", Some("N008")),
        ("then alrt manager of store", Some("P019")),
        ("then alert manager of stor", Some("N001")),
        ("alert mangr of store", Some("N008 P024")),
        ("", Some("P024")),
    ],
];

const TERMS: &[Ways] = &[
    &[("when survey_response where ", None), ("when survey_respons where ", Some("N002"))],
    &[("score is 5", None), ("(score is 5)", None), ("score is \"5\"", Some("T003")), ("score has 5", Some("P018"))],
    &[
        ("and comment mentions kindness", None),
        ("and comment mentions kindnes", Some("N006")),
        ("and comment present", Some("P039")),
    ],
    &[
        ("and stars is between 1 and 3", None),
        ("and stars is between 1 and 9", Some("T002")),
        ("and stars is betwen 1 and 3", Some("P019")),
    ],
    &[
        ("at most once every 1 day per store then alert manager of store saying \"{score}\"", None),
        ("at most once every 1 day per store then alert manager of store saying \"{scores}\"", Some("N012")),
    ],
];

/// Conditions as other languages write them, with names that are misspelt in them.
const FOREIGN_TERMS: &[Ways] = &[
    &[("when survey_response where score", None), ("when survey_response where scroe", Some("N001"))],
    &[
        ("is at most 6", None),
        ("<= 6", Some("P015")),
        ("in (1, 2)", Some("P018")),
        ("is no more than 6", Some("P018")),
        ("=~ 6", Some("P015")),
        ("+ 1 <= 6", Some("P015 P015")),
        ("<= 6,5", Some("P014 P015")),
        ("6", Some("P039")),
    ],
    &[("and", None), ("&&", Some("P015"))],
    &[("comment", None), ("commnt", Some("N001"))],
    &[
        ("contains \"rude\"", None),
        ("mentions \"rude\"", Some("P046")),
        ("contains 'rude'", Some("P012")),
        ("= 'rude'", Some("P012 P015")),
        ("=~ \"rude\"", Some("P015")),
        ("present", Some("P039")),
    ],
    &[
        ("and stars is 3", None),
        ("&& stras == 3", Some("N001 P015 P015")),
        ("&& (stars == 3 && touchpoint is \"chekout\")", Some("N010 P015 P015 P015")),
        ("and stars is one of 3 or 9", Some("P018 T002")),
        ("and comment mentions kindnes", Some("N006")),
    ],
    &[
        ("at most once every 1 day per store then alert manager of store", None),
        ("at most twice per week per store then alert mangr of store \"Call\"", Some("N008 P018 P052")),
        ("at most once every 1 day per store // often\n then alert mangr of store", Some("N008 P018")),
        ("at most once every 1 day per store then alert mangr of stor ??", Some("N001 N008 P015 P015")),
    ],
];

const ACTIONS: &[Ways] = &[
    &[("when complaint at most once every 1 day per store then", None)],
    &[
        ("open case for customer with priority \"high\"", None),
        ("open case for custmer with priority \"high\"", Some("N001")),
        ("open case for customer with priority = \"high\"", Some("P015")),
        ("open case customer with priority \"high\"", Some("P046")),
    ],
    &[
        ("and alert manager of store", None),
        ("\n  and alert mangr of store", Some("N008")),
        ("\n  and alert mangr of store \"Call\"", Some("N008 P018")),
        ("\n  and alert mangr of store !", Some("N008 P015")),
        ("and alert manager for store", Some("P018")),
    ],
    &[
        ("and after 2 hours, during business_hours:", None),
        ("and after 2 hours, during busines_hours:", Some("N007")),
        ("and after 2 hours", Some("P042")),
        ("and after 2 hurs:", Some("P032")),
    ],
    &[
        ("email customer using \"thank_you\" in customer.language with voucher \"A\"", None),
        ("email customer using \"thank_yu\" in customer.language with voucher \"A\"", Some("N009")),
        ("email customer using thank_you in customer.language with voucher \"A\"", Some("P030")),
    ],
];

const LADDER: &[Ways] = &[
    &[("when complaint then", None), ("when complant then", Some("N002"))],
    &[
        ("alert manager of store", None),
        ("alert manger of store", Some("N008")),
        ("alert manager with store", Some("P018")),
    ],
    &[
        ("and escalate until acknowledged now: alert manager of store", None),
        ("and escalate until closed now: alert manager of store", Some("N028")),
        ("and escalate until acknowledged now: alert manager off store", Some("P019")),
    ],
    &[
        ("after 1 day: alert manager of store.region", None),
        ("after 1 day: alert mangr of store.region", Some("N008")),
        ("after 1 dya: alert manager of store.region", Some("P032")),
    ],
    &[("after 2 days: post to \"crm\"", None), ("after 2 days: post to crm", Some("P030"))],
];

const READING: &[Ways] = &[
    &[
        ("when queue_reading.wait", None),
        ("when queue_reading.wat", Some("N001")),
        ("when queue_redding.wait", Some("N002")),
    ],
    &[
        ("goes over 10 minutes", None),
        ("goes over \"10 minutes\"", Some("P031")),
        ("goes above 10 minutes", Some("P018")),
    ],
    &[("where touchpoint is \"checkout\"", None), ("where touchpoint is \"chekout\"", Some("N010")), ("", None)],
    &[
        ("clears under 8 minutes", None),
        ("clears over 8 minutes", Some("T013")),
        ("clears under 8 minits", Some("P032")),
    ],
    &[("for each store", None), ("for each stor", Some("N001")), ("for each store or customer", Some("P046"))],
    &[("then alert manager of store", None), ("then alert manager of store.regoin", Some("N004"))],
];

const MEASURE: &[Ways] = &[
    &[
        ("when nps of survey_response.score", None),
        ("when nps of survey_response.scor", Some("N001")),
        ("when nsp of survey_response.score", Some("P019")),
    ],
    &[("over the last 7 days", None), ("over the last 7 dais", Some("P032"))],
    &[
        ("is at least 15 points below the 28 days before", None),
        ("is at least 215 points below the 28 days before", Some("T002")),
        ("is 15 points below the 28 days before", Some("P046")),
    ],
    &[
        ("with at least 30 survey_responses in both periods", None),
        ("with at least 30 complaints in both periods", Some("T016")),
        ("with at least \"30\" survey_responses in both periods", Some("P031")),
    ],
    &[("for each store", None), ("for each stor", Some("N001"))],
    &[("check every day at 07:00", None), ("check daily", Some("P046"))],
    &[
        ("then alert manager of store saying \"{recent}\"", None),
        ("then alert mngr of store saying \"{recent}\"", Some("N008")),
    ],
];

const ABSENCE: &[Ways] = &[
    &[("when complaint", None), ("when complant", Some("N002"))],
    &[("where urgent", None), ("where urgnt", Some("N001")), ("where topic contain \"x\"", Some("P019"))],
    &[("not followed by survey_response", None), ("not followed by survey_respons", Some("N002"))],
    &[("where score is 5", None), ("where score = 5", Some("P015")), ("where score is 15", Some("T002"))],
    &[("for the same customer", None), ("for the same customer and topic", Some("N014"))],
    &[("within 48 hours", None), ("within 48 ours", Some("P032"))],
    &[("then alert manager of store", None), ("then alrt manager of store", Some("P019"))],
];

/// The same in YAML, where a clause is a key; `""` leaves it out.
const YAML_COUNT: &[Ways] = &[
    &[("at_least: 3", None), ("AT_LEAST: 3", Some("Y020")), ("at_least: 3.5", Some("P046"))],
    &[("signal: complaint", None), ("signal: complant", Some("N002")), ("event: complaint", Some("Y020"))],
    &[
        ("where: topic is \"x\"", None),
        ("where: topc is \"x\"", Some("N001")),
        ("where: [topic \"x\", urgent]", Some("P039")),
        ("where: [topic is \"x\", urgnt]", Some("N001")),
        ("where: topc == \"x\" && urgnt || topic =~ \"y\"", Some("N001 N001 P015 P015 P015 P015")),
    ],
    &[("same: customer", None), ("Same: custmer", Some("N001 Y020")), ("same: customer or store", Some("P046"))],
    &[("within: 14 days", None), ("within: 14 dayz", Some("P032")), ("", Some("P027"))],
    &[("only_if: customer.segment is \"gold\"", None), ("Only_If: customer.segmnt is \"gold\"", Some("N004 Y020"))],
    &[("at_most: once every 7 days per store", None), ("at_most: once per day", Some("P052"))],
    &[
        ("- {alert: manager of store}", None),
        ("- {Alert: manger of store}", Some("N008 Y020")),
        ("- {alert: manager off store, saying: \"{topc}\"}", Some("N012 P019")),
        ("- {email: customer, template: thank_yu}", Some("N009 Y020")),
    ],
];

const YAML_READING: &[Ways] = &[
    &[
        ("reading: queue_reading.wait", None),
        ("reading: queue_reading.wat", Some("N001")),
        ("Reading: queue_reading.wait", Some("Y020")),
    ],
    &[
        ("goes_over: 10 minutes", None),
        ("Goes_over: 10 minutes", Some("Y020")),
        ("goes_over: 10 minits", Some("P032")),
        ("", Some("Y022")),
    ],
    &[("where: touchpoint is \"checkout\"", None), ("where: touchpoint is \"chekout\"", Some("N010"))],
    &[("", None), ("", None)],
    &[("clears_under: 8 minutes", None), ("clears_under: 8", Some("T004"))],
    &[("for_each: store", None), ("for_each: stor", Some("N001")), ("foreach: store", Some("Y020"))],
    &[("", None), ("unless: store.name equals \"x\"", Some("P018")), ("unless: store.nme is \"x\"", Some("N004"))],
    &[
        ("- {alert: manager of store}", None),
        ("- {open_case: store, with: {priority: high, reson: x}}", Some("N015")),
        ("- {after: 2 hurs, alert: manager of stor}", Some("N001 P032")),
    ],
];

/// Calls `each` with every choice of one way of each clause in which two clauses at most are not written in their first
/// way.
fn every_pair(clauses: &[Ways], each: &mut impl FnMut(&[(&'static str, Option<&'static str>)])) {
    let first: Vec<_> = clauses.iter().map(|ways| ways[0]).collect();
    each(&first);
    for (one, ways) in clauses.iter().enumerate() {
        for way in &ways[1..] {
            let mut chosen = first.clone();
            chosen[one] = *way;
            each(&chosen);
            for (other, ways) in clauses.iter().enumerate().skip(one + 1) {
                for way in &ways[1..] {
                    let mut chosen = chosen.clone();
                    chosen[other] = *way;
                    each(&chosen);
                }
            }
        }
    }
}

/// Returns the codes of the errors of a file beside the vocabulary of the cases, in order of code.
fn errors(unit: &Sources, name: &str, text: &str) -> (Vec<&'static str>, String) {
    let mut sources = unit.clone();
    sources.add(name, text.as_bytes());
    let project = project(&sources, &Options::default());
    let mut codes: Vec<&str> =
        project.diagnostics.iter().filter(|problem| problem.is_error()).map(|problem| problem.code).collect();
    codes.sort_unstable();
    (codes, human(&sources, &project.diagnostics, Look::PLAIN))
}

fn unit() -> Sources {
    let mut sources = Sources::default();
    add_folder(&mut sources, &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang/err_meaning/unit"));
    sources
}

/// Checks every pair.
fn check(name: &str, clauses: &[Ways], whole: impl Fn(&[&str]) -> String) {
    let unit = unit();
    let mut wrong = Vec::new();
    every_pair(clauses, &mut |chosen| {
        let clauses: Vec<&str> = chosen.iter().map(|(text, _)| *text).collect();
        let text = whole(&clauses);
        let mut expected: Vec<&str> =
            chosen.iter().filter_map(|(_, codes)| *codes).flat_map(|codes| codes.split(' ')).collect();
        expected.sort_unstable();
        let (found, told) = errors(&unit, name, &text);
        if found != expected {
            wrong.push((expected.len(), format!("{text}\nexpected {expected:?}, found {found:?}\n{told}")));
        }
    });
    // The simplest first.
    wrong.sort();
    let wrong: Vec<String> = wrong.into_iter().map(|(_, wrong)| wrong).collect();
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong[..wrong.len().min(12)].join("\n────\n"));
}

fn check_play(clauses: &[Ways]) {
    check("p.play", clauses, |clauses| {
        format!("playbook p \"P\" version 1\n\nrule r \"R\"\n  {}\n", clauses.join("\n  "))
    });
}

/// The first five are keys of `when`, the last stands below `then`, the others are keys of the rule.
fn check_yaml(clauses: &[Ways]) {
    check("p.play.yaml", clauses, |clauses| {
        let mut text = "playbook: p\ntitle: P\nversion: 1\nrules:\n- id: r\n  title: R\n  when:\n".to_owned();
        for (place, clause) in clauses.iter().enumerate().filter(|(_, clause)| !clause.is_empty()) {
            let indent = match place {
                0..5 => "    ",
                _ if place + 1 < clauses.len() => "  ",
                _ => "  then:\n  ",
            };
            text.push_str(&format!("{indent}{clause}\n"));
        }
        text
    });
}

#[test]
fn every_key_of_a_count_speaks_for_itself() {
    check_yaml(YAML_COUNT);
}

#[test]
fn every_key_of_a_reading_speaks_for_itself() {
    check_yaml(YAML_READING);
}

#[test]
fn every_clause_of_a_count_speaks_for_itself() {
    check_play(COUNT);
}

#[test]
fn every_term_of_a_condition_speaks_for_itself() {
    check_play(TERMS);
}

#[test]
fn every_term_of_a_condition_in_foreign_words_speaks_for_itself() {
    check_play(FOREIGN_TERMS);
}

#[test]
fn every_action_speaks_for_itself() {
    check_play(ACTIONS);
}

#[test]
fn every_step_of_a_ladder_speaks_for_itself() {
    check_play(LADDER);
}

#[test]
fn every_part_of_a_reading_speaks_for_itself() {
    check_play(READING);
}

#[test]
fn every_part_of_a_measure_speaks_for_itself() {
    check_play(MEASURE);
}

#[test]
fn every_part_of_an_absence_speaks_for_itself() {
    check_play(ABSENCE);
}

/// The second of five rules in YAML, each time with another mistake that YAML itself stumbles over, and its code.
const BROKEN_YAML: &[(&str, &str)] = &[
    ("- id: two\n  title: \"Two\n  WHEN\n  THEN\n", "Y013"),
    ("- id: two\n  title: 'Two\n  WHEN\n  THEN\n", "Y013"),
    ("- id: two\n  title: Two\n  WHEN\n  then: [{alert: care_team, saying: \"Hello}]\n", "Y013"),
    ("- id: two\n  title: Two\n\tWHEN\n  THEN\n", "Y011"),
    ("- id: two\n  title: Two\n   WHEN\n  THEN\n", "Y012"),
    ("- id: two\n  title: Two\n WHEN\n  THEN\n", "Y012"),
    ("- id: two\n  title: Two\nWHEN\n  THEN\n", "Y012"),
    ("- id: two\n  title: Two\n  when: {signal: complaint\n  THEN\n", "Y013"),
    ("- id: two\n  title: Two\n  WHEN\n  then: [{alert: care_team}\n", "Y013"),
    ("- {id: two, title: Two, WHEN, then: [{alert: care_team}]\n", "Y013"),
    ("- {id: two, title: \"Two, WHEN, then: [{alert: care_team}]}\n", "Y013"),
    ("- id: two\n  title: Two\n  WHEN}\n  THEN\n", "Y013"),
    ("- id: two\n  title: Two: again\n  WHEN\n  THEN\n", "Y014"),
    (" - id: two\n   title: Two\n   WHEN\n   THEN\n", "Y012"),
    ("  id: two\n  title: Two\n  WHEN\n  THEN\n", "Y010"),
    ("-id: two\n  title: Two\n  WHEN\n  THEN\n", "Y015"),
    ("- id: two\n  title:Two\n  WHEN\n  THEN\n", "Y015"),
];

/// A rule that is no YAML costs itself: the mistakes of those behind it come out, and those without any are there.
#[test]
fn broken_yaml_in_one_rule_hides_no_other() {
    let rule = |id: &str, signal: &str, key: &str, role: &str| {
        format!(
            "- id: {id}\n  title: T\n  when: {{at_least: 2, signal: {signal}, same: {key}, within: 2 days}}\n  then: [{{alert: {role}}}]\n"
        )
    };
    let good = |id| rule(id, "complaint", "customer", "care_team");
    let behind = format!(
        "{}{}{}",
        rule("three", "complant", "customer", "care_team"),
        rule("four", "complaint", "custmer", "care_teem"),
        good("five")
    );
    let unit = unit();
    let mut wrong = Vec::new();
    for (broken, code) in BROKEN_YAML {
        let when = "when: {at_least: 2, signal: complaint, same: customer, within: 2 days}";
        let broken = broken.replace("WHEN", when).replace("THEN", "then: [{alert: care_team}]");
        for indent in ["", "  "] {
            let rules = format!("{}{broken}{behind}", good("one"));
            let rules: String = rules.lines().map(|line| format!("{indent}{line}\n")).collect();
            let text = format!("playbook: p\ntitle: P\nversion: 1\nrules:\n{rules}");
            let mut sources = unit.clone();
            sources.add("p.play.yaml", text.as_bytes());
            let project = project(&sources, &Options::default());
            let mut found: Vec<&str> = project.diagnostics.iter().map(|problem| problem.code).collect();
            found.sort_unstable();
            let sound: Vec<&str> = project.units[0].rules.iter().map(|rule| &*rule.id.rule).collect();
            if found != ["N001", "N002", "N008", code] || sound != ["five", "one"] {
                wrong.push(format!("{text}\n{sound:?}\n{}", human(&sources, &project.diagnostics, Look::PLAIN)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n────\n"));
}
