//! What a newcomer has to be able to see: why for signals that touchline made, what absences and sequences compared, keys that
//! are personal, actions that meet nothing.

use std::path::Path;

use touchline::engine::Watch;
use touchline::engine::effect::What;
use touchline::engine::input::{Human, HumanAction, Input};
use touchline::engine::ruleset::RuleSet;
use touchline::replay::driver::{Driver, always_sent};
use touchline::replay::target::{Acted, Targets, of_effect};
use touchline::signal::{FeedLine, parse_line};
use touchline::value::Value;

use crate::cli::{Home, VOCABULARY};
use crate::compile::compiled;

const BOOK: &str = r#"
playbook care "Care" version 1
time zone "Europe/Madrid"
owner "owner@example.test"

rule open_one "A complaint about prices"
  when complaint
    where topic is "price"
  at most once every 1 hour per customer
  then open case for customer
    and record praise with topic "made"

rule silent_case "Nobody called back"
  when case_opened
    where priority is "normal"
    not followed by customer_contact
    for the same case
    within 2 days
  then alert care_team

rule heard "A case after a praise"
  when praise
    where topic is "made"
    followed by complaint
    where topic is not "made"
    for the same customer
    within 3 days
  then alert care_team
"#;

fn home(name: &str) -> Home {
    let home = Home::new(name);
    let vocabulary = VOCABULARY
        .replace("segment: text", "segment: text, status: text")
        .replace("signals:", "signals:\n  praise: {about: [customer], fields: {topic: text}}");
    home.write("books/vocabulary.yaml", &vocabulary);
    home.write("books/care.play", BOOK);
    home
}

fn line(id: &str, at: &str, customer: &str, topic: &str) -> String {
    format!(
        "{{\"id\": \"{id}\", \"signal\": \"complaint\", \"at\": \"2026-03-{at}:00Z\", \"customer\": \"{customer}\", \"topic\": \"{topic}\"}}\n"
    )
}

fn why(home: &Home, rule: &str, signal: &str) -> (Option<i32>, String) {
    let ran = home.run(&["why", "--playbooks", "books", "--feed", "feed.jsonl", "--rule", rule, "--signal", signal]);
    (ran.code, ran.out.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Returns the id behind a word such as `case_opened`, as `why` prints it.
fn named(said: &str, signal: &str) -> String {
    let rest = said.split(&format!("{signal} touchline:")).nth(1).unwrap_or_else(|| panic!("{said}"));
    format!("touchline:{}", &rest[..8])
}

#[test]
fn why_is_answered_for_signals_that_touchline_made() {
    let home = home("why_made");
    let contact = "{\"action\": \"contact\", \"at\": \"2026-03-17T10:00:00Z\", \"rule\": \"care/open_one\", \"key\": {\"customer\": \"C2\"}}\n";
    let feed = line("c1", "16T10:00", "C1", "price")
        + &line("c2", "16T11:00", "C2", "price")
        + contact
        + &line("c3", "17T11:00", "C1", "queue")
        + &line("z", "20T10:00", "C9", "queue");
    home.write("feed.jsonl", &feed);
    let (code, parent) = why(&home, "open_one", "c1");
    assert_eq!(code, Some(0));
    let (case, praise) = (named(&parent, "case_opened"), named(&parent, "praise"));
    let (_, other) = why(&home, "silent_case", "c1");
    assert!(other.contains(&format!("Of this one touchline made {case}: ask about that.")), "{other}");

    let (code, fired) = why(&home, "silent_case", &case);
    assert_eq!(code, Some(0), "{fired}");
    assert!(fired.contains(&format!("case_opened {case}, Mon 2026-03-16 11:00 made by open_one at feed.jsonl:1")));
    assert!(fired.contains("yes priority is \"normal\" normal"), "{fired}");
    let asked = "case_opened not followed by customer_contact within 48 hours none by Wed 2026-03-18 11:00";
    assert!(fired.contains(asked) || fired.contains(&asked.replace("48 hours", "2 days")), "{fired}");
    assert!(fired.contains("fired for this signal, at Wed 2026-03-18 11:00."), "{fired}");
    let (_, second) = why(&home, "open_one", "c2");
    let (_, answered) = why(&home, "silent_case", &named(&second, "case_opened"));
    assert!(answered.contains("its wait was answered by touchline:"), "{answered}");
    let (_, answer) = why(&home, "silent_case", &answered.split("answered by ").nth(1).unwrap()[..18]);
    assert!(answer.contains("customer_contact touchline:") && answer.contains("made by touchline at feed.jsonl:3"));
    assert!(answer.contains("the signal is the answer it waits for"), "{answer}");

    let (_, behind) = why(&home, "heard", &praise);
    assert!(behind.contains("praise touchline:") && behind.contains("it counts in the firing of"), "{behind}");
    // In full, as `replay` has it.
    let firings = home.run(&["replay", "--playbooks", "books", "--feed", "feed.jsonl", "--format", "jsonl"]).lines();
    let chained = firings.iter().find(|firing| firing["rule"] == "silent_case").unwrap()["signal"].as_str().unwrap();
    assert_eq!(chained.len(), 32);
    assert!(why(&home, "silent_case", chained).1.contains("fired for this signal"));
    let (code, unknown) = why(&home, "silent_case", "touchline:00000000");
    assert!(code == Some(1) && unknown.contains("Ask about the signal that led to it"), "{unknown}");
}

#[test]
fn firings_of_absences_and_sequences_say_what_was_compared() {
    let home = home("traces");
    let feed = line("c1", "16T10:00", "C1", "price")
        + &line("c2", "17T11:00", "C1", "queue")
        + &line("z", "20T10:00", "C9", "queue");
    home.write("feed.jsonl", &feed);
    let firings = home.run(&["replay", "--playbooks", "books", "--feed", "feed.jsonl", "--format", "jsonl"]).lines();
    let compared = |rule: &str| -> Vec<String> {
        let firing = firings.iter().find(|firing| firing["rule"] == rule).unwrap_or_else(|| panic!("{firings:?}"));
        let compared = firing["compared"].as_array().unwrap().iter();
        compared
            .map(|made| {
                assert!(made["holds"] == true && made["file"] == "books/care.play", "{made}");
                format!("{} | {}", made["clause"].as_str().unwrap(), made["actual"].as_str().unwrap())
            })
            .collect()
    };
    assert_eq!(
        compared("silent_case"),
        [
            "priority is \"normal\" | normal",
            "case_opened not followed by customer_contact within 2 days | none by Wed 2026-03-18 11:00"
        ]
    );
    assert_eq!(
        compared("heard"),
        [
            "topic is \"made\" | made",
            "topic is not \"made\" | queue",
            "praise followed by complaint within 3 days | Mon 2026-03-16 11:00, then Tue 2026-03-17 12:00"
        ]
    );
    // Whoever is shown everything is shown the same.
    let text = home.run(&["replay", "--playbooks", "books", "--feed", "feed.jsonl"]);
    let told = text.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("why priority is \"normal\" (normal), case_opened not followed by"), "{told}");
    assert!(told.contains("topic is \"made\" (made), topic is not \"made\" (queue), praise followed by"), "{told}");
}

#[test]
fn what_held_when_a_signal_came_is_not_denied_by_facts_that_changed_since() {
    let home = home("traces_facts");
    let book = "playbook care \"Care\" version 1\ntime zone \"Europe/Madrid\"\nowner \"owner@example.test\"\n\nrule quiet \"Quiet\"\n  when complaint\n    where customer.segment is \"gold\"\n    not followed by praise\n    for the same customer\n    within 2 days\n  then alert care_team\n";
    home.write("books/care.play", book);
    let fact = |at: &str, segment: &str| {
        format!(
            "{{\"thing\": \"customer\", \"id\": \"C1\", \"at\": \"2026-03-{at}:00Z\", \"facts\": {{\"segment\": \"{segment}\"}}}}\n"
        )
    };
    let z = line("z", "20T10:00", "C9", "queue");
    let compared = |feed: String| {
        home.write("feed.jsonl", &feed);
        let ran = home.run(&["replay", "--playbooks", "books", "--feed", "feed.jsonl", "--format", "jsonl"]);
        let firing = &ran.lines()[0];
        (firing["compared"][0]["holds"] == true, firing["compared"][0]["actual"].as_str().unwrap().to_owned())
    };
    let came = fact("16T09:00", "gold") + &line("c1", "16T10:00", "C1", "price");
    assert_eq!(compared(came.clone() + &z), (true, "gold, as known when it fired".to_owned()));
    let changed = came + &fact("17T09:00", "bronze") + &z;
    assert_eq!(compared(changed), (true, "(held when it came; facts have changed since)".to_owned()));
}

#[test]
fn what_waited_says_what_was_compared_when_it_came() {
    let home = home("traces_pending");
    let book = "playbook care \"Care\" version 1\ntime zone \"Europe/Madrid\"\nowner \"owner@example.test\"\n\nrule twice \"Twice\"\n  when 2 or more complaints\n    where customer.segment is \"gold\"\n    for the same customer\n    within 2 days\n  then alert care_team\n";
    home.write("books/care.play", book);
    let fact = |at: &str, segment: &str| {
        format!(
            "{{\"thing\": \"customer\", \"id\": \"C1\", \"at\": \"2026-03-16T{at}:00Z\", \"facts\": {{\"segment\": \"{segment}\"}}}}\n"
        )
    };
    let silence = "{\"action\": \"silence\", \"at\": \"2026-03-16T09:30:00Z\", \"until\": \"2026-03-16T12:00:00Z\"}\n";
    let feed = fact("09:00", "gold")
        + silence
        + &line("c1", "16T10:00", "C1", "price")
        + &line("c2", "16T10:30", "C1", "price")
        + &fact("11:00", "bronze")
        + &line("z", "16T13:00", "C9", "queue");
    home.write("feed.jsonl", &feed);
    let ran = home.run(&["replay", "--playbooks", "books", "--feed", "feed.jsonl", "--format", "jsonl"]);
    let firing = &ran.lines()[0];
    assert_eq!(firing["at"], "2026-03-16T12:00:00Z", "{firing}");
    let first = &firing["compared"][0];
    assert!(first["actual"] == "gold" && first["holds"] == true, "{firing}");
    let text = home.run(&["replay", "--playbooks", "books", "--feed", "feed.jsonl"]);
    assert!(text.out.contains("customer.segment is \"gold\" (gold)"), "{}", text.out);
}

const PHONES: &str = r#"
playbook care "Care" version 1
time zone "Europe/Madrid"
owner "owner@example.test"

rule same_phone "The same phone"
  when 2 or more calls
    for the same phone
    within 2 days
  then open case
    and alert care_team

rule seldom "Seldom"
  when call
  at most once every 7 days per phone
  then post to "crm"
"#;

#[test]
fn a_personal_key_is_warned_of_and_never_drawn() {
    let home = Home::new("personal_key");
    let vocabulary = VOCABULARY.replace(
        "signals:",
        "signals:\n  call: {plural: calls, about: [customer], fields: {phone: \"text, personal\"}}",
    );
    home.write("books/vocabulary.yaml", &vocabulary);
    home.write("books/care.play", PHONES);
    let phone = "+34 600 111 222";
    let call = |id: &str, at: &str| {
        format!(
            "{{\"id\": \"{id}\", \"signal\": \"call\", \"at\": \"2026-03-16T{at}:00Z\", \"customer\": \"C1\", \"phone\": \"{phone}\"}}\n"
        )
    };
    let close = format!(
        "{{\"action\": \"close\", \"at\": \"2026-03-16T13:00:00Z\", \"rule\": \"care/same_phone\", \"key\": {{\"phone\": \"{phone}\"}}}}\n"
    );
    home.write("feed.jsonl", &(call("c1", "10:00") + &call("c2", "11:00") + &close + &call("c3", "14:00")));
    let check = home.run(&["check", "books"]);
    assert_eq!(check.out.matches("warning[L015]").count(), 2, "{}", check.out);
    assert!(check.out.contains("the limit of rule `seldom` is kept for each `phone`"), "{}", check.out);

    for more in [&["replay"][..], &["replay", "--show", "effects"], &["why", "--rule", "same_phone", "--signal", "c2"]]
    {
        let ran = home.run(&[more, &["--playbooks", "books", "--feed", "feed.jsonl"]].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(!ran.out.contains("600") && !ran.err.contains("600"), "{more:?}: {}{}", ran.out, ran.err);
        assert!(ran.out.contains("(personal)"), "{more:?}: {}", ran.out);
    }
    let limited =
        home.run(&["why", "--rule", "seldom", "--signal", "c2", "--playbooks", "books", "--feed", "feed.jsonl"]);
    assert!(limited.code == Some(0) && !limited.out.contains("600"), "{}", limited.out);
    // For other programs the key is what it is.
    let firings = home.run(&["replay", "--playbooks", "books", "--feed", "feed.jsonl", "--format", "jsonl"]).lines();
    assert!(firings.iter().any(|firing| firing["key"]["phone"] == phone), "{firings:?}");

    let scenario = format!(
        "playbook: care\nscenarios:\n  - name: calls\n    steps:\n      - {{at: Mon 2026-03-16 10:00, signal: call, times: 2, with: {{customer: C1, phone: \"{phone}\"}}}}\n      - {{at: Mon 2026-03-16 11:00, close: same_phone for {phone}}}\n"
    );
    home.write("books/care.test.yaml", &scenario);
    let ran = home.run(&["test", "books", "--accept"]);
    let snap = home.read("books/snapshots/care__calls.snap");
    assert!(
        snap.contains("FIRES same_phone for (personal)") && snap.contains("close same_phone for (personal)"),
        "{snap}"
    );
    assert!(!snap.contains("600") && !ran.out.contains("600"), "{snap}{}", ran.out);
}

fn steps(home: &Home, steps: &str) -> String {
    let steps: String = steps.lines().map(|step| format!("      - {step}\n")).collect();
    let scenario = format!(
        "playbook: care\nscenarios:\n  - name: one\n    covers: [open_one, silent_case, heard]\n    steps:\n{steps}"
    );
    home.write("books/care.test.yaml", &scenario);
    home.run(&["test", "books", "--accept"]).out
}

const PRICE: &str = "{at: Mon 2026-03-16 10:00, signal: complaint, with: {customer: C1, topic: price}}";

#[test]
fn steps_that_meet_nothing_are_said_with_their_line() {
    let home = home("steps_missed");
    let out = steps(&home, &format!("{PRICE}\n{{at: Mon 2026-03-16 11:00, close: open_one for C9}}"));
    assert!(out.contains("error[S015]: `close open_one for C9` meets nothing: no case of it is open"), "{out}");
    assert!(out.contains("care.test.yaml:7:"), "{out}");
    let out = steps(&home, &format!("{PRICE}\n{{at: Mon 2026-03-16 11:00, acknowledge: silent_case for x}}"));
    assert!(out.contains("error[S015]: `acknowledge silent_case for x` meets nothing"), "{out}");
    let out = steps(&home, &format!("fails: alert care_teem\n{PRICE}"));
    assert!(
        out.contains("error[S015]: `fails: alert care_teem` meets nothing") && out.contains("care.test.yaml:6:"),
        "{out}"
    );
    // Known, and nothing left to do: no mistake, and said.
    let close = "{at: Mon 2026-03-16 11:00, close: open_one for C1}";
    let out = steps(&home, &format!("{PRICE}\n{close}\n{}", close.replace("11:00", "12:00")));
    assert!(!out.contains("error"), "{out}");
    let snap = home.read("books/snapshots/care__one.snap");
    assert!(snap.contains("12:00  close open_one for C1\n         NO close: no case of it is open"), "{snap}");
    assert_eq!(snap.matches("NO close").count(), 1, "{snap}");
}

#[test]
fn steps_that_contradict_themselves_are_mistakes() {
    let home = home("steps_wrong");
    let out = steps(&home, &format!("{PRICE}\nexpect: [nothing, open case for customer C1]"));
    assert!(out.contains("error[S010]: `nothing` is expected, and something beside it"), "{out}");
    assert!(out.contains("care.test.yaml:7:") && out.contains("write `nothing else`"), "{out}");
    let out = steps(
        &home,
        "{at: Mon 2026-03-16 10:00, silence: open_one}\n{at: Mon 2026-03-16 10:00, silence: open_on, until: Mon 2026-03-16 11:00}\n{at: Mon 2026-03-16 10:00, silence: every rule, until: Mon 2026-03-16 09:00}",
    );
    assert!(out.contains("the silence has no end") && out.contains("did you mean `open_one`?"), "{out}");
    assert!(out.contains("the silence is over before it begins"), "{out}");
    let out = steps(&home, "{at: Mon 2026-03-16 10:00, acknowledge: open_one for C1, times: 3}");
    assert!(out.contains("`times` says more of a `signal`, and this step has none"), "{out}");
}

#[test]
fn a_mistake_in_a_scenario_has_no_consequences_that_are_false() {
    let home = home("steps_broken");
    let out = steps(
        &home,
        "{at: Mon 2026-03-16 10:00, signal: complant, with: {customer: C1, topic: price}}\n{at: Mon 2026-03-16 11:00, signal: complaint, with: {customer: C1, topic: price}}\n{at: Mon 2026-03-16 12:00, duplicate: s2}",
    );
    assert_eq!(out.matches("error[").count(), 1, "{out}");
    assert!(!out.contains("never fired") && !out.contains("no scenario covers"), "{out}");
    assert!(out.contains("what the scenarios of care reach is not told: some of them could not be read"), "{out}");
    home.write("books/care.test.yaml", "playbook: care\nscenarios:\n  - nme: one\n    steps: []\n");
    let out = home.run(&["test", "books"]).out;
    assert!(out.contains("error[") && !out.contains("never fired") && !out.contains("no scenario covers"), "{out}");
}

#[test]
fn actions_of_a_feed_that_meet_nothing_are_reported_with_their_line() {
    let home = home("feed_missed");
    let act = |action: &str, at: &str, customer: &str| {
        format!(
            "{{\"action\": \"{action}\", \"at\": \"2026-03-{at}:00Z\", \"rule\": \"care/open_one\", \"key\": {{\"customer\": \"{customer}\"}}}}\n"
        )
    };
    let feed = line("c1", "16T10:00", "C1", "price")
        + &act("acknowledge", "16T10:01", "C1")
        + &act("close", "16T10:02", "C2")
        + &act("close", "16T10:03", "C1")
        + &act("reopen", "16T10:04", "C1")
        + "{\"action\": \"close\", \"at\": \"2026-03-16T10:05:00Z\", \"case\": \"c-none\"}\n"
        + "{\"action\": \"silence\", \"at\": \"2026-03-16T10:06:00Z\", \"until\": \"2026-03-16T12:00:00Z\"}\n"
        + "{\"action\": \"silence\", \"at\": \"2026-03-16T10:07:00Z\", \"rule\": \"care/nobody\", \"until\": \"2026-03-16T12:00:00Z\"}\n"
        + "{\"action\": \"silence\", \"at\": \"2026-03-16T10:08:00Z\", \"until\": \"2026-03-16T10:00:00Z\"}\n"
        + &line("c2", "16T11:30", "C5", "price");
    home.write("feed.jsonl", &feed);
    let ran = home.run(&["replay", "--playbooks", "books", "--feed", "feed.jsonl"]);
    assert_eq!(ran.code, Some(0));
    for told in [
        "feed.jsonl:3: the action meets nothing: no case of it is open",
        "feed.jsonl:6: the action meets nothing: no case of it is open",
        "feed.jsonl:8: no rule is called care/nobody",
        "feed.jsonl:9: `until`: the silence is over before it begins",
        "2 actions that met nothing",
    ] {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    assert_eq!(ran.err.matches("meets nothing").count(), 2, "{}", ran.err);
    assert!(ran.out.contains("silenced open case"), "{}", ran.out);
    let (_, silenced) = why(&home, "open_one", "c2");
    assert!(silenced.contains("sent nothing: a silence until Mon 2026-03-16 13:00."), "{silenced}");
    assert!(silenced.contains("yes topic is \"price\" price"), "{silenced}");
    let strict = home.run(&["replay", "--playbooks", "books", "--feed", "feed.jsonl", "--strict"]);
    assert!(strict.code == Some(1) && !strict.err.contains("feed.jsonl:6"), "{}", strict.err);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_back_names_no_file_twice() {
    let home = home("links");
    std::fs::create_dir_all(home.0.join("books/more/deep")).unwrap();
    std::os::unix::fs::symlink("..", home.0.join("books/more/back")).unwrap();
    std::os::unix::fs::symlink("../..", home.0.join("books/more/deep/up")).unwrap();
    std::os::unix::fs::symlink("../..", home.0.join("books/more/out")).unwrap();
    let ran = home.run(&["check", "books"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("care: 3 rules"), "{}", ran.out);
    // One that leads elsewhere is followed.
    std::fs::rename(home.0.join("books/care.play"), home.0.join("care.play")).unwrap();
    std::fs::create_dir(home.0.join("elsewhere")).unwrap();
    std::fs::rename(home.0.join("care.play"), home.0.join("elsewhere/care.play")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", home.0.join("books/linked")).unwrap();
    let ran = home.run(&["check", "books"]);
    assert!(ran.code == Some(0) && ran.out.contains("care: 3 rules"), "{}{}", ran.out, ran.err);
}

/// Hands the lines of a feed to an engine, and gives what came of each.
fn driven(rules: &std::sync::Arc<RuleSet>, lines: &str, watch: Watch, see: &mut dyn FnMut(&touchline::engine::Step)) {
    let (mut driver, mut targets) = (Driver::new(rules.clone(), watch), Targets::default());
    for line in lines.lines() {
        let Ok(said) = parse_line(line, &rules.vocabulary) else { continue };
        let at = said.at();
        let input = match said {
            FeedLine::Signal(signal) => Input::Signal(signal),
            FeedLine::Facts { change, .. } => Input::Fact(change),
            FeedLine::Human(line) => match targets.of_human(&line, rules) {
                Ok(human) => Input::Human(human),
                Err(_) => continue,
            },
        };
        driver.input(input, at, &mut always_sent, &mut |turn| {
            turn.step.effects.iter().for_each(|effect| targets.see(effect));
            see(turn.step);
        });
    }
}

#[test]
fn whoever_watches_gets_the_same_traces_as_whoever_does_not() {
    let (_, project) = compiled("playbooks/retail");
    let rules = project.units[0].ruleset();
    let feed = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/retail/feed/eight_weeks.jsonl");
    let feed = std::fs::read_to_string(feed).unwrap();
    let effects = |watch| {
        let mut all = vec![];
        driven(&rules, &feed, watch, &mut |step| all.push(step.effects.clone()));
        all
    };
    let (watched, plain) = (effects(Watch::Everything), effects(Watch::Nothing));
    assert_eq!(watched.len(), plain.len());
    for (place, (one, other)) in watched.iter().zip(&plain).enumerate() {
        assert_eq!(one, other, "step {place}");
    }
    let firings = plain.iter().flatten().filter_map(|effect| effect.firing.as_deref());
    let silent = firings.filter(|firing| firing.rule.rule == "silent_case".into());
    assert!(silent.clone().count() > 5 && silent.into_iter().all(|firing| firing.compared.len() == 1));
}

#[test]
fn an_alert_is_acknowledged_by_its_key_however_that_was_written() {
    let mut sources = touchline::lang::source::Sources::default();
    sources.add("vocabulary.yaml", VOCABULARY.as_bytes());
    let book = "playbook care \"Care\" version 1\n\nrule twice \"Twice\"\n  when 2 or more complaints\n    for the same customer and topic\n    within 7 days\n  then escalate until acknowledged\n    now:\n      alert care_team\n    after 1 day:\n      alert care_team\n";
    sources.add("care.play", book.as_bytes());
    let rules = touchline::compile::project(&sources, &Default::default()).units[0].ruleset();
    let mut driver = Driver::new(rules.clone(), Watch::Nothing);
    let (mut alert, mut acted) = (None, Acted::default());
    let lines = line("c1", "16T10:00", "C1", "Late  DELIVERY") + &line("c2", "16T11:00", "C1", "late  delivery");
    for line in lines.lines() {
        let Ok(FeedLine::Signal(signal)) = parse_line(line, &rules.vocabulary) else { panic!("{line}") };
        let at = signal.at;
        driver.input(Input::Signal(signal), at, &mut always_sent, &mut |turn| {
            turn.step.effects.iter().for_each(|effect| acted.see(effect, &rules.vocabulary));
            alert = alert.take().or(turn
                .step
                .effects
                .iter()
                .find(|effect| matches!(effect.what, What::Alert { .. }))
                .cloned());
        });
    }
    let alert = alert.expect("it alerted");
    assert_eq!(alert.firing.as_ref().unwrap().key[1].1, Value::Text("Late  DELIVERY".into()), "as it was written");
    let target = of_effect(&alert, &rules.vocabulary).unwrap();
    let action = HumanAction::Acknowledge(target.clone());
    assert!(acted.has(&target) && acted.missed(&action, Some("nothing")).is_none());
    let mut told = vec![];
    let human = Input::Human(Human { by: "ana".into(), action });
    let at = driver.clock().unwrap();
    driver.input(human, at, &mut always_sent, &mut |turn| {
        assert_eq!(turn.step.missed, None);
        told.extend(turn.step.effects.iter().map(|effect| effect.outcome.word()));
    });
    assert_eq!(told, ["cancelled"], "the ladder stops");
}
