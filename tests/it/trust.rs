//! `touchline test` from outside, as far as it says how much a suite of scenarios is worth: what is reached, what is
//! required, what may be missing, and in which shapes it is told.

use serde_json::Value;

use crate::cli::{Home, Ran};

const PLAYBOOK: &str = r#"
playbook care "Care" version 1
owner "owner@example.test"

rule often_late "Late again and again"
  when share of complaints
    where topic is "late"
    over the last 7 days
    is more than 50 percent
    with at least 2 complaints
  for each customer
  then alert care_team

rule resting "Not now"
  status paused
  when complaint
  at most once every 1 day per customer
  then alert care_team

rule twice "Complained twice"
  when 2 or more complaints
    where topic is not "test"
    for the same customer
    within 7 days
  unless customer.segment is "staff"
  then escalate until acknowledged
    now:
      alert care_team
    after 1 day:
      alert care_team
"#;

const SCENARIOS: &str = r#"
playbook: care
scenarios:
  - name: the second complaint
    covers: twice
    steps:
      - {at: Mon 2026-03-16 10:00, signal: complaint, with: {customer: C1, topic: late}}
      - {at: Tue 2026-03-17 10:00, signal: complaint, with: {customer: C1, topic: price}}
      - expect: [alert care_team, nothing else]
"#;

const STAFF: &str = r#"
  - name: one of us
    covers: twice
    steps:
      - {at: Mon 2026-03-16 09:00, facts: {customers: {C2: {segment: staff}}}}
      - {at: Mon 2026-03-16 10:00, signal: complaint, with: {customer: C2, topic: price}}
      - {at: Tue 2026-03-17 10:00, signal: complaint, with: {customer: C2, topic: price}}
      - expect: [nothing]
  - name: nobody answers for a day
    covers: [twice, often_late]
    steps:
      - {at: Mon 2026-03-16 10:00, times: 2, signal: complaint, with: {customer: C1, topic: late}}
      - {at: Wed 2026-03-18 10:00}
      - expect: [alert care_team, alert care_team, alert care_team, nothing else]
"#;

fn home(name: &str, scenarios: &str) -> Home {
    let home = Home::new(name);
    home.write("books/care.play", PLAYBOOK);
    home.write("books/care.test.yaml", scenarios);
    home
}

fn line<'a>(lines: &'a [Value], key: &str) -> &'a Value {
    lines.iter().find_map(|line| line.get(key)).unwrap_or_else(|| panic!("no {key} among {lines:?}"))
}

fn tally(lines: &[Value], kind: &str) -> (i64, i64, i64) {
    let of = &line(lines, "coverage")["total"][kind];
    (of["reached"].as_i64().unwrap(), of["all"].as_i64().unwrap(), of["percent"].as_i64().unwrap())
}

const JSON: [&str; 4] = ["test", "books", "--format", "json"];

fn json(home: &Home, more: &[&str]) -> Ran {
    home.run(&[&JSON[..], more].concat())
}

#[test]
fn coverage_counts_what_was_reached_and_names_what_was_not() {
    let home = home("coverage", SCENARIOS);
    home.run(&["test", "books", "--accept"]);
    let first = json(&home, &["--coverage"]);
    let lines = first.lines();
    // The paused rule does not count. The clause of a share without `check` is asked of each signal.
    assert_eq!(tally(&lines, "rules"), (1, 2, 50));
    assert_eq!(tally(&lines, "clauses"), (3, 3, 100));
    assert_eq!(tally(&lines, "guards"), (0, 1, 0));
    assert_eq!(tally(&lines, "ladder_steps"), (1, 2, 50));
    assert_eq!(tally(&lines, "languages"), (0, 0, 100));
    let rules = line(&lines, "coverage")["rules"].as_array().unwrap();
    assert_eq!(rules[0]["missed"], serde_json::json!(["never fired"]));
    let missed = [
        "never held anything back: unless customer.segment is \"staff\"",
        "never went out: step 2 of the ladder, alert care_team",
    ];
    assert_eq!(rules[1]["missed"], serde_json::json!(missed));
    assert_eq!(first.code, Some(1), "a live rule has no scenario");

    home.write("books/care.test.yaml", &format!("{SCENARIOS}{STAFF}"));
    home.run(&["test", "books", "--accept"]);
    let whole = home.run(&["test", "books", "--require", "100"]);
    assert_eq!(whole.code, Some(0), "{whole:?}");
    assert!(whole.out.contains("2/2") && whole.out.contains("100 %"), "{}", whole.out);
}

#[test]
fn what_is_required_and_not_reached_fails_by_name() {
    let home = home("require", &SCENARIOS.replace("playbook: care", "playbook: care\nwithout_scenario: often_late"));
    assert_eq!(home.run(&["test", "books", "--accept"]).code, Some(0), "the file allows it");
    assert_eq!(home.run(&["test", "books", "--require", "0"]).code, Some(0));
    let some = home.run(&["test", "books", "--require", "50"]);
    assert_eq!(some.code, Some(1));
    assert!(some.out.contains("guards: 0 of 1 reached, 0 %; required are 50 %"), "{}", some.out);
    assert!(!some.out.contains("ladder steps: 1 of 2 reached"), "half of it is enough: {}", some.out);
    assert!(home.run(&["test", "books", "--require", "51"]).out.contains("ladder steps: 1 of 2 reached, 50 %"));
    assert_eq!(home.run(&["test", "books", "--require", "101"]).code, Some(2));
    // A scenario for it, and it need not be named any more.
    let needless =
        format!("{SCENARIOS}{STAFF}").replace("playbook: care", "playbook: care\nwithout_scenario: often_late");
    home.write("books/care.test.yaml", &needless);
    assert!(home.run(&["test", "books", "--accept"]).out.contains("S033"));
}

#[test]
fn another_version_of_a_rule_reaches_nothing_of_this_one() {
    let scenario = "\nplaybook: care\nscenarios:\n  - name: changed\n    covers: [twice, often_late]\n    steps:\n      - {at: Mon 2026-03-16 09:00, reload: reload/care.play}\n      - {at: Mon 2026-03-16 10:00, signal: complaint, with: {customer: C1, topic: late}}\n      - expect: [alert care_team]\n";
    let home = home("coverage_reload", scenario);
    std::fs::create_dir_all(home.0.join("books/reload")).unwrap();
    home.write("books/reload/care.play", &PLAYBOOK.replace("2 or more", "1 or more"));
    let lines = json(&home, &["--accept", "--coverage"]).lines();
    let rules = line(&lines, "coverage")["rules"].as_array().unwrap();
    assert_eq!(rules[1]["reached"]["rules"]["reached"], 0, "{rules:?}");
    assert_eq!(rules[1]["reached"]["clauses"]["reached"], 0, "{rules:?}");
    assert_eq!(rules[0]["reached"]["clauses"]["reached"], 1, "this one is the same in both: {rules:?}");
}

#[test]
fn a_filter_plays_some_and_judges_no_rule() {
    let home = home("filter", &format!("{SCENARIOS}{STAFF}"));
    home.run(&["test", "books", "--accept"]);
    let some = home.run(&["test", "books", "--filter", "ANSWERS"]);
    assert_eq!(some.code, Some(0), "{some:?}");
    assert!(some.out.contains("nobody answers") && !some.out.contains("one of us"), "{}", some.out);
    assert!(some.out.contains("1 scenario, all as accepted, 2 left out"), "{}", some.out);
    assert!(!some.out.contains("left over") && !some.out.contains("no scenario covers"), "{}", some.out);
    assert!(home.run(&["test", "books", "--filter", "often"]).out.contains("1 scenario, all"), "by a rule it covers");
    let none = home.run(&["test", "books", "--filter", "twyce"]);
    assert!(none.code == Some(2) && none.err.contains("no scenario has `twyce`"), "{none:?}");
}

#[test]
fn what_is_to_do_has_to_fail_until_it_does_not() {
    let todo = "    todo: the second one should be enough for two alerts\n    steps:\n      - {at: Mon 2026-03-16 10:00, signal";
    let scenarios = format!("{SCENARIOS}{STAFF}");
    let (first, rest) = scenarios.split_once("    steps:\n      - {at: Mon 2026-03-16 10:00, signal").unwrap();
    let home = home(
        "todo",
        &format!("{first}{todo}{}", rest.replacen("alert care_team,", "alert care_team, alert care_team,", 1)),
    );
    let fails = home.run(&["test", "books", "--accept"]);
    assert_eq!(fails.code, Some(0), "{fails:?}");
    assert!(fails.out.contains("todo  the second complaint (to do: the second one"), "{}", fails.out);
    assert!(
        !home.0.join("books/snapshots/care__the_second_complaint.snap").exists(),
        "a wrong timeline is not accepted"
    );
    home.write("books/care.test.yaml", &format!("{first}{todo}{rest}"));
    let holds = home.run(&["test", "books"]);
    assert_eq!(holds.code, Some(1));
    assert!(holds.out.contains("S032") && holds.out.contains("take out the line `todo`"), "{}", holds.out);
}

#[test]
fn other_programs_hear_the_same_in_their_own_words() {
    let home = home("formats", &SCENARIOS.replace("nothing else", "alert \"<nobody>\", nothing else"));
    let junit = home.run(&["test", "books", "--format", "junit"]).out;
    assert!(junit.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites"), "{junit}");
    assert!(
        junit.contains("<testsuite name=\"books/care.test.yaml\" tests=\"1\" failures=\"1\" skipped=\"0\">"),
        "{junit}"
    );
    assert!(junit.contains("alert &quot;&lt;nobody&gt;&quot;") && junit.contains("no scenario covers"), "{junit}");
    assert_eq!(junit.matches("<testcase ").count(), junit.matches("<failure ").count(), "{junit}");
    let github = home.run(&["test", "books", "--format", "github"]).out;
    assert!(
        github.contains("::error file=books/care.test.yaml,line=4,col=11,title=not ok%3A the second complaint::"),
        "{github}"
    );
    assert!(github.lines().all(|line| line.starts_with("::") || line == "1 scenario, 1 not ok"), "{github}");
    let ran = json(&home, &[]);
    let summary = &line(&ran.lines(), "summary").clone();
    assert_eq!((&summary["ok"], &summary["not_ok"], &summary["failed"]), (&0.into(), &1.into(), &true.into()));
    assert_eq!(ran.code, Some(1));
}

#[test]
fn scenarios_are_told_in_their_order_however_many_cores_play_them() {
    let one = |n: usize| {
        let times = 1 + (n * 7) % 40;
        format!(
            "  - name: number {n}\n    covers: [twice, often_late]\n    steps:\n      - {{at: Mon 2026-03-16 10:00, times: {times}, signal: complaint, with: {{customer: C1, topic: late}}}}\n      - expect: [alert care_team]\n"
        )
    };
    let all: String = (0..60).map(one).collect();
    let home = home("order", &format!("playbook: care\nscenarios:\n{all}"));
    home.run(&["test", "books", "--accept"]);
    let ran = json(&home, &[]);
    let names: Vec<String> =
        ran.lines().iter().filter_map(|line| Some(line.get("scenario")?.as_str()?.to_owned())).collect();
    assert_eq!(names, (0..60).map(|n| format!("number {n}")).collect::<Vec<_>>());
    assert_eq!(ran.out, json(&home, &[]).out);
}

fn changes(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter(|line| line.get("change").is_some()).collect()
}

#[test]
fn changes_are_noticed_by_name_or_survive_with_the_nearest_scenario() {
    let home = home("mutate", &format!("{SCENARIOS}{STAFF}"));
    home.run(&["test", "books", "--accept"]);
    let ran = json(&home, &["--mutate"]);
    assert_eq!(ran.code, Some(0), "survivors are told, they are no failure: {ran:?}");
    let lines = ran.lines();
    let all = changes(&lines);
    let of = |is: &str| {
        let found = all.iter().find(|change| change["is"].as_array().unwrap().iter().any(|line| line == is));
        *found.unwrap_or_else(|| panic!("no {is} among {all:#?}"))
    };
    assert_eq!(of("when 3 or more complaints")["killed_by"], "the second complaint");
    assert_eq!(of("when 1 or more complaints")["change"], "threshold");
    let window = of("within 8 days");
    assert_eq!((&window["killed_by"], &window["was"][0]), (&Value::Null, &"within 7 days".into()));
    assert_eq!(window["nearest"]["scenario"], "the second complaint");
    assert_eq!(window["rules"], "twice");
    let guard = all.iter().find(|change| change["change"] == "guard").unwrap();
    assert_eq!((&guard["killed_by"], &guard["is"]), (&"one of us".into(), &serde_json::json!([])));
    assert!(all.iter().all(|change| change["rules"] != "resting"), "a paused rule decides nothing");
    // Both steps of the ladder alert the same team: that they swap places means nothing.
    let ladder = all.iter().filter(|change| change["change"] == "ladder").count();
    assert_eq!(ladder, 2, "one of two steps gone, twice: {all:#?}");
    let told = line(&lines, "mutation");
    let killed = all.iter().filter(|change| !change["killed_by"].is_null()).count();
    assert_eq!((told["killed"].as_u64(), told["all"].as_u64()), (Some(killed as u64), Some(all.len() as u64)));
    assert_eq!(told["percent"].as_u64(), Some((killed * 100 / all.len()) as u64));

    let text = home.run(&["test", "books", "--mutate"]).out;
    assert!(
        text.contains("survived  care/twice  window\n            - within 7 days\n            + within 8 days"),
        "{text}"
    );
    assert!(text.contains("nearest: the second complaint"), "{text}");
    let required = home.run(&["test", "books", "--require-killed", "100"]);
    assert!(required.code == Some(1) && required.out.contains("required are 100 %"), "{required:?}");
    assert_eq!(home.run(&["test", "books", "--require-killed", "1"]).code, Some(0));
    assert_eq!(home.run(&["test", "books", "--mutate", "--filter", "us"]).code, Some(2));
    let both = home.run(&["test", "books", "--accept", "--mutate"]);
    assert!(both.code == Some(2) && both.err.contains("accept first, then change"), "{both:?}");
}

#[test]
fn an_amount_that_is_posted_wrong_is_noticed_and_shown() {
    let home = home("amounts", SCENARIOS);
    let post = "\n\nrule credit \"A credit\"\n  when complaint\n    where topic is \"late\"\n  then post to \"accounting\" with customer customer, credit 15.5 EUR\n";
    home.write("books/care.play", &format!("{}{post}", PLAYBOOK.trim_end()));
    let scenario = "\nplaybook: care\nscenarios:\n  - name: credit\n    covers: [twice, often_late, credit]\n    steps:\n      - {at: Mon 2026-03-16 10:00, signal: complaint, with: {customer: C1, topic: late}}\n      - expect: [\"post to accounting with customer C1 and a credit\"]\n";
    home.write("books/care.test.yaml", scenario);
    let told = home.run(&["test", "books", "--accept"]).out;
    assert!(told.contains("expected"), "a wrong expectation is told: {told}");
    home.write("books/care.test.yaml", &scenario.replace(" and a credit", ", credit 15.50 EUR"));
    let accepted = home.run(&["test", "books", "--accept"]);
    assert_eq!(accepted.code, Some(0), "{accepted:?}");
    let ran = json(&home, &["--mutate"]);
    let lines = ran.lines();
    let amounts: Vec<&Value> = changes(&lines).into_iter().filter(|change| change["change"] == "value").collect();
    let is: Vec<&str> = amounts.iter().filter_map(|change| change["is"][0].as_str()).collect();
    assert!(is.len() == 2 && is.iter().all(|line| line.contains("16.5 EUR") || line.contains("14.5 EUR")), "{is:?}");
    assert!(amounts.iter().all(|change| change["killed_by"] == "credit"), "{amounts:?}");
}

#[test]
fn snapshots_of_scenarios_that_are_no_more_are_told_and_removed() {
    let home = home("renamed", SCENARIOS);
    let alone = |name: &str| {
        format!(
            "\nplaybook: care\nscenarios:\n  - name: {name}\n    covers: [twice, often_late]\n    steps:\n      - {{at: Mon 2026-03-16 10:00, times: 2, signal: complaint, with: {{customer: C1, topic: late}}}}\n      - expect: [alert care_team]\n"
        )
    };
    home.write("books/care.test.yaml", &alone("one"));
    assert_eq!(home.run(&["test", "books", "--accept"]).code, Some(0));
    // Somebody else's, in the same folder.
    home.write("books/snapshots/it__cli.snap", "---\nsource: tests/it/cli.rs\n---\ntext\n");
    home.write("books/care.test.yaml", &alone("other"));
    let told = home.run(&["test", "books"]).out;
    assert!(told.contains("left over  books/snapshots/care__one.snap"), "{told}");
    assert!(told.contains("1 snapshot belongs to no scenario: `touchline test --accept` removes"), "{told}");
    // The file itself has another name now; what was drawn and not accepted under the old one is left over too.
    let old = home.0.join("books/care.test.yaml");
    std::fs::rename(old, home.0.join("books/desk.test.yaml")).unwrap();
    let told = home.run(&["test", "books"]).out;
    for left in ["care__one.snap\n", "care__other.snap.new\n"] {
        assert!(told.contains(&format!("left over  books/snapshots/{left}")), "{told}");
    }
    assert!(told.contains("2 snapshots belong to no scenario"), "{told}");
    assert_eq!(home.run(&["test", "books", "--accept"]).code, Some(0));
    let mut left: Vec<String> = std::fs::read_dir(home.0.join("books/snapshots"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["desk__other.snap", "it__cli.snap"]);
}

#[test]
fn a_change_in_a_definition_is_one_change_of_all_rules_that_use_it() {
    let play = PLAYBOOK
        .replace("rule often_late", "define late as topic is \"late\"\n  and comment is missing\n\nrule often_late");
    let home = home("mutate_define", SCENARIOS);
    home.write(
        "books/care.play",
        &play.replace("where topic is \"late\"", "where late").replace("where topic is not \"test\"", "where late"),
    );
    home.write("books/care.test.yaml", &format!("{SCENARIOS}{STAFF}").replace("topic: price", "topic: late"));
    let ran = json(&home, &["--accept"]);
    assert_eq!(ran.code, Some(1), "expectations differ now, and nothing is tried: {ran:?}");
    let refused = home.run(&["test", "books", "--mutate"]);
    assert!(refused.code == Some(1) && refused.out.contains("only tried where every scenario holds"), "{refused:?}");
    let one = "\nplaybook: care\nscenarios:\n  - name: two\n    covers: [twice, often_late]\n    steps:\n      - {at: Mon 2026-03-16 10:00, times: 2, signal: complaint, with: {customer: C1, topic: late}}\n      - expect: [alert care_team]\n";
    home.write("books/care.test.yaml", one);
    assert_eq!(home.run(&["test", "books", "--accept"]).code, Some(0));
    let lines = json(&home, &["--mutate"]).lines();
    let defined: Vec<&Value> = changes(&lines)
        .into_iter()
        .filter(|change| {
            change["was"].to_string().contains("late as") || change["was"].to_string().contains("and comment")
        })
        .collect();
    assert_eq!(defined.len(), 3, "`or`, and either part gone: {defined:#?}");
    assert!(defined.iter().all(|change| change["rules"] == "often_late, twice"), "{defined:#?}");
}

#[test]
fn the_shipped_scenarios_reach_everything_and_notice_nearly_every_change() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let words = ["test", "playbooks/retail", "--require", "100", "--require-killed", "90"];
    let ran = std::process::Command::new(env!("CARGO_BIN_EXE_touchline")).args(words).current_dir(root).output();
    let ran = ran.unwrap();
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stdout));
}

#[test]
fn the_yaml_form_of_a_playbook_has_the_same_changes() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let of = |paths: &[&str]| {
        let arguments = [&["test"], paths, &["--mutate", "--format", "json"]].concat();
        let ran =
            std::process::Command::new(env!("CARGO_BIN_EXE_touchline")).args(arguments).current_dir(root).output();
        let text = String::from_utf8(ran.unwrap().stdout).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let own = changes(&lines)
            .into_iter()
            .map(|change| (change["rules"].clone(), change["was"].clone(), change["is"].clone()));
        let mut own: Vec<String> = own.map(|change| format!("{change:?}")).collect();
        own.sort();
        own
    };
    let play = of(&["playbooks/retail/retail_care.test.yaml"]);
    assert!(play.len() > 30, "only {} changes", play.len());
    assert_eq!(play, of(&["playbooks/retail_yaml/retail_care.test.yaml"]));
}

#[test]
fn a_review_needs_somebody_to_ask_and_says_what_to_type_instead() {
    let home = home("review", SCENARIOS);
    let piped = home.run_with(&["test", "books", "--review"], "a\na\n");
    assert_eq!(piped.code, Some(2), "{piped:?}");
    assert!(piped.err.contains("type `touchline test books --accept`"), "{}", piped.err);
    assert!(!home.0.join("books/snapshots").exists(), "nothing was played, nothing accepted");
    assert_eq!(home.run(&["test", "books", "--review", "--accept"]).code, Some(2));
    let shaped = home.run(&["test", "books", "--review", "--format", "json"]);
    assert!(shaped.code == Some(2) && shaped.err.contains("--format"), "{shaped:?}");
}

/// A year of complaints, one every fourth day, and nobody who answers.
fn a_year() -> String {
    let day = |n: i64| jiff::civil::date(2026, 1, 1).checked_add(jiff::Span::new().days(n * 4)).unwrap();
    (0..91).map(|n| crate::cli::complaint(&format!("c{n}"), &format!("{}T10:00:00Z", day(n))) + "\n").collect()
}

#[test]
fn a_recording_says_how_many_alerts_a_week_in_every_shape() {
    let home = home("recorded", SCENARIOS);
    home.write("feed.jsonl", &a_year());
    let check = |more: &[&str]| home.run(&[&["check", "books/care.play", "--feed", "feed.jsonl"], more].concat());
    let lines = check(&["--format", "json"]).lines();
    let messages = |lines: &[Value], code: &str| -> Vec<(String, String)> {
        let own = lines.iter().filter(|line| line["code"] == code);
        own.map(|line| (line["severity"].as_str().unwrap().into(), line["message"].as_str().unwrap().into())).collect()
    };
    // One every fourth day: the count of two within seven days is left after three of them and entered at the next, 22.5 times
    // in 90 days. The share is all of them all the time: it was entered long before.
    let volumes = messages(&lines, "L016");
    assert_eq!(volumes.len(), 3, "the paused rule has none: {volumes:?}");
    assert!(volumes.iter().all(|(severity, _)| severity == "note"), "{volumes:?}");
    assert!(
        volumes.iter().any(|(_, said)| said.contains("`twice` (step 1 of the ladder): 1.8 a week, 2 in")),
        "{volumes:?}"
    );
    let unreached = messages(&lines, "L018");
    assert!(
        unreached
            .iter()
            .any(|(severity, said)| severity == "warning" && said.contains("`often_late` never fired in the 90 days")),
        "{unreached:?}"
    );
    assert_eq!(check(&["--deny", "warnings"]).code, Some(1));
    assert_eq!(check(&["--deny", "warnings", "--allow", "l018"]).code, Some(0));
    assert!(check(&["--allow", "L999"]).err.contains("`L999` is no code"));
    let github = check(&["--format", "github"]).out;
    assert!(github.contains("::notice file=books/care.play,line=") && github.contains("title=L016::"), "{github}");
    let sarif: Value = serde_json::from_str(&check(&["--format", "sarif"]).out).unwrap();
    let levels: Vec<&Value> = sarif["runs"][0]["results"].as_array().unwrap().iter().map(|one| &one["level"]).collect();
    assert!(levels.contains(&&"note".into()) && levels.contains(&&"warning".into()), "{levels:?}");

    // A part of a year says less, and less loudly.
    home.write("short.jsonl", &a_year().lines().take(2).map(|line| line.to_owned() + "\n").collect::<String>());
    let short = home.run(&["check", "books/care.play", "--feed", "short.jsonl", "--format", "json"]).lines();
    assert!(
        messages(&short, "L016")
            .iter()
            .any(|(_, said)| said.contains("`twice` (step 1 of the ladder): 1 a week, 1 in the busiest")),
        "{short:?}"
    );
    assert!(messages(&short, "L018").iter().all(|(severity, _)| severity == "note"), "{short:?}");

    // What cannot be played is said.
    home.write("books/care.play", &PLAYBOOK.replace("care_team", "nobody"));
    let broken = check(&[]);
    assert!(broken.code == Some(1) && broken.err.contains("the recording is not played"), "{broken:?}");
    home.write("books/care.play", PLAYBOOK);
    home.write("feed.jsonl", "nonsense\n");
    assert_eq!(check(&[]).code, Some(2));
}
