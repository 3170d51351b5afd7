//! `touchline backtest`: what it counts is what two plain replays give, and what it says of the difference is so.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cli::{Home, Ran, complaint};
use crate::diff::{change, committed, copy, shipped};
use crate::real_feedback;

const FEED: &str = "old/feed/eight_weeks.jsonl";

fn backtest(home: &Home, more: &[&str]) -> Ran {
    let words = ["backtest", "--playbooks", "new", "--against", "old", "--feed", FEED];
    home.run(&[&words, more].concat())
}

fn json(home: &Home, more: &[&str]) -> Value {
    let ran = backtest(home, &[more, &["--format", "json"]].concat());
    assert!(ran.code != Some(2), "{}", ran.err);
    ran.lines().remove(0)
}

/// How often each rule fires in a plain replay.
fn fired(home: &Home, playbooks: &str, feed: &str) -> BTreeMap<String, u64> {
    let ran = home.run(&["replay", "--playbooks", playbooks, "--feed", feed, "--format", "jsonl"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let mut counts = BTreeMap::new();
    for firing in ran.lines() {
        let rule = format!("{}/{}", firing["playbook"].as_str().unwrap(), firing["rule"].as_str().unwrap());
        *counts.entry(rule).or_default() += 1;
    }
    counts
}

/// What was sent in a plain replay: alerts by role and place, mails by customer.
fn sent(home: &Home, playbooks: &str, feed: &str, what: &str) -> BTreeMap<String, u64> {
    let words = ["replay", "--playbooks", playbooks, "--feed", feed, "--format", "jsonl", "--show", "effects"];
    let mut counts = BTreeMap::new();
    for effect in home.run(&words).lines() {
        if effect["outcome"] == "sent" && effect["effect"] == what {
            *counts.entry(effect["to"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    counts
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// Holds a report against two plain replays; ladders must have been answered by nobody but the recording.
fn agrees(home: &Home, report: &Value, feed: &str) {
    let (old, new) = (fired(home, "old", feed), fired(home, "new", feed));
    let told: BTreeMap<&str, &Value> =
        report["rules"].as_array().unwrap().iter().map(|rule| (rule["rule"].as_str().unwrap(), rule)).collect();
    for rule in old.keys().chain(new.keys()) {
        let count = |counts: &BTreeMap<String, u64>| counts.get(rule).copied().unwrap_or(0);
        match told.get(&**rule) {
            None => assert_eq!(count(&old), count(&new), "{rule} differs and is not told"),
            Some(report) => {
                let of = |name: &str| number(&report[name]);
                assert_eq!(number(&report["fired"]["old"]), count(&old), "{rule} before");
                assert_eq!(number(&report["fired"]["new"]), count(&new), "{rule} after");
                assert_eq!(count(&old) + of("added"), count(&new) + of("gone"), "{rule}: new and gone");
            }
        }
    }
    let mails = |folder| sent(home, folder, feed, "email");
    let customers = &report["customers"];
    for (name, mails) in [("old", mails("old")), ("new", mails("new"))] {
        assert_eq!(number(&customers["mails"][name]), mails.values().sum::<u64>(), "mails {name}");
        assert_eq!(number(&customers["reached"][name]), mails.len() as u64, "customers {name}");
    }
    for (name, alerts) in [("old", sent(home, "old", feed, "alert")), ("new", sent(home, "new", feed, "alert"))] {
        let told: u64 = report["roles"].as_array().unwrap().iter().map(|role| number(&role["alerts"][name])).sum();
        assert_eq!(told, alerts.values().sum::<u64>(), "alerts {name}");
        let days: u64 = report["days"].as_array().unwrap().iter().map(|day| number(&day[name])).sum();
        assert_eq!(told, days, "alerts {name} by day");
    }
}

fn rule<'a>(report: &'a Value, name: &str) -> &'a Value {
    let mut rules = report["rules"].as_array().unwrap().iter();
    rules.find(|rule| rule["rule"] == name).unwrap_or_else(|| panic!("{name} is not told: {report:#}"))
}

fn example<'a>(report: &'a Value, name: &str, fate: &str) -> &'a Value {
    let mut examples = rule(report, name)["examples"].as_array().unwrap().iter();
    examples.find(|example| example["fate"] == fate).unwrap_or_else(|| panic!("no {fate} of {name}"))
}

#[test]
fn nothing_changes_where_nothing_means_something_else() {
    let home = shipped("backtest_same");
    change(&home, "retail_care.play", "within 14 days", "within 2 weeks");
    let ran = backtest(&home, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(
        ran.out.contains("Both versions mean the same.") && ran.out.contains("the same decisions of 25 rules"),
        "{}",
        ran.out
    );
    agrees(&home, &json(&home, &[]), FEED);
}

#[test]
fn a_threshold_a_window_and_a_dropped_guard_are_told_with_why() {
    let home = shipped("backtest_three");
    change(&home, "retail_care.play", "goes over 10 minutes", "goes over 12 minutes");
    change(&home, "retail_care.play", "within 14 days", "within 5 days");
    change(&home, "retail_care.play", "  unless customer.open_cases is more than 0\n", "");
    let report = json(&home, &[]);
    agrees(&home, &report, FEED);

    let wait = rule(&report, "retail_care/checkout_wait");
    // What came later is one episode; what never came over twelve is gone, and nothing is new.
    let of = |name: &str| number(&wait[name]);
    assert!(of("gone") > 0 && of("moved") > 0 && of("added") == 0, "{wait:#}");
    let moved = example(&report, "retail_care/checkout_wait", "moved");
    assert!(moved["why"][0].as_str().unwrap().contains("wait is over 12 minutes ("), "{moved:#}");
    let gone = example(&report, "retail_care/checkout_wait", "gone");
    assert!(gone["otherwise"].as_str().unwrap().starts_with("wait is over 12 minutes ("), "{gone:#}");
    assert!(gone["why"][0].as_str().unwrap().contains("wait is over 10 minutes ("), "{gone:#}");

    let repeat = rule(&report, "retail_care/repeat_complaint");
    assert!(number(&repeat["gone"]) > 0, "{repeat:#}");
    let gone = example(&report, "retail_care/repeat_complaint", "gone");
    assert!(gone["otherwise"].as_str().unwrap().ends_with("of 3"), "{gone:#}");

    let thanks = rule(&report, "retail_care/thank_promoter");
    assert!(number(&thanks["added"]) > 0, "{thanks:#}");
    let new = example(&report, "retail_care/thank_promoter", "new");
    assert!(new["otherwise"].as_str().unwrap().starts_with("guard: customer.open_cases is more than 0 ("), "{new:#}");
    assert!(new["led_to"][0].as_str().unwrap().starts_with("sent email customer C"), "{new:#}");
    assert_eq!(report["meaning"].as_array().unwrap().len(), 3);
}

#[test]
fn only_decisions_since_then_are_counted_and_windows_are_full_all_the_same() {
    let home = shipped("backtest_since");
    change(&home, "retail_care.play", "goes over 10 minutes", "goes over 6 minutes");
    change(&home, "retail_care.play", "clears under 8 minutes", "clears under 5 minutes");
    let (all, late) = (json(&home, &[]), json(&home, &["--since", "21d"]));
    let of = |report: &Value| number(&rule(report, "retail_care/checkout_wait")["fired"]["new"]);
    assert!(0 < of(&late) && of(&late) < of(&all), "{} of {}", of(&late), of(&all));
    let from = late["recorded"]["since"].as_str().unwrap().to_owned();
    let date = from.split(' ').nth(1).unwrap().to_owned();
    let words = ["replay", "--playbooks", "new", "--feed", FEED, "--format", "jsonl", "--rule", "checkout_wait"];
    let fired = home.run(&words).lines();
    let earlier = fired.iter().filter(|firing| firing["at"].as_str().unwrap() < &*date).count() as u64;
    assert!(fired.len() as u64 - of(&late) >= earlier && of(&late) <= fired.len() as u64 - earlier);
    assert_eq!(json(&home, &["--since", &date])["recorded"]["since"].as_str().unwrap().split(' ').nth(1), Some(&*date));
    let wrong = backtest(&home, &["--since", "soon"]);
    assert_eq!((wrong.code, wrong.err.contains("write 30m, 2h, 90d or 12 weeks")), (Some(2), true), "{}", wrong.err);
}

const LADDER: &str = r#"
playbook care "Care" version 1
time zone "Europe/Madrid"
owner "owner@example.test"

rule twice "Complained twice"
  when 2 or more complaints
    for the same customer
    within 7 days
  then escalate until acknowledged
    now:
      alert care_team
    after 1 hour:
      alert care_team
        saying "Nobody has answered {customer}."
"#;

/// A home whose ladder was answered live half an hour after it began, and a version in which it begins with the third.
fn ladders(name: &str, later: &str) -> Home {
    let home = Home::new(name);
    home.write("books/care.play", LADDER);
    copy(&home.0.join("books"), &home.0.join("new"));
    home.write("new/care.play", later);
    let acknowledged = r#"{"action": "acknowledge", "at": "2026-03-02T10:30:00+01:00", "by": "ana", "rule": "care/twice", "key": {"customer": "C1"}}"#;
    let mut feed: Vec<String> = vec![
        complaint("c1", "2026-03-02T09:00:00+01:00"),
        complaint("c2", "2026-03-02T10:00:00+01:00"),
        acknowledged.to_owned(),
    ];
    feed.push(complaint("c3", "2026-03-02T15:00:00+01:00"));
    feed.push(complaint("c4", "2026-03-03T15:00:00+01:00"));
    home.write("feed.jsonl", &feed.iter().map(|line| format!("{line}\n")).collect::<String>());
    home
}

fn of_ladders(home: &Home, more: &[&str]) -> Value {
    let words = ["backtest", "--playbooks", "new", "--against", "books", "--feed", "feed.jsonl", "--format", "json"];
    home.run(&[&words, more].concat()).lines().remove(0)
}

#[test]
fn a_ladder_that_ran_live_takes_the_acknowledgement_of_then() {
    // Earlier, or later than the acknowledgement: it takes half an hour again. At the same time: it is stopped when it was.
    let home = ladders("backtest_live", &LADDER.replace("2 or more", "3 or more"));
    let report = of_ladders(&home, &["--assume-ack", "50m"]);
    assert_eq!((&report["ladders"]["as_long"], &report["ladders"]["assumed"]), (&1.into(), &0.into()), "{report:#}");
    let moved = example(&report, "care/twice", "moved");
    assert_eq!(
        (moved["at"].as_str(), moved["was"].as_str()),
        (Some("Mon 2026-03-02 15:00"), Some("Mon 2026-03-02 10:00"))
    );
    let led_to: Vec<&str> = moved["led_to"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert!(led_to.iter().any(|line| line.starts_with("Mon 2026-03-02 15:30 cancelled alert")), "{led_to:?}");

    let home = ladders("backtest_live_earlier", &LADDER.replace("2 or more", "1 or more"));
    let report = of_ladders(&home, &[]);
    assert_eq!((&report["ladders"]["live"], &report["ladders"]["as_long"]), (&0.into(), &1.into()), "{report:#}");
    let moved = example(&report, "care/twice", "moved");
    let led_to = moved["led_to"].as_array().unwrap();
    assert!(
        led_to.iter().any(|line| line.as_str().unwrap().starts_with("Mon 2026-03-02 09:30 cancelled")),
        "{moved:#}"
    );

    let home = ladders("backtest_live_same", &LADDER.replace("after 1 hour", "after 20 minutes"));
    let report = of_ladders(&home, &[]);
    assert_eq!((&report["ladders"]["live"], &report["ladders"]["as_long"]), (&1.into(), &0.into()), "{report:#}");
    assert_eq!(rule(&report, "care/twice")["otherwise"], 1, "{report:#}");
}

#[test]
fn a_new_ladder_is_acknowledged_after_the_assumed_time_and_the_report_says_so() {
    let renamed = LADDER.replace("rule twice", "rule again");
    let home = ladders("backtest_assumed", &renamed);
    let alerts = |report: &Value| number(&rule(report, "care/again")["alerts"]["new"]);
    let climbs = of_ladders(&home, &[]);
    assert_eq!((alerts(&climbs), &climbs["ladders"]["unanswered"]), (2, &1.into()), "{climbs:#}");
    let soon = of_ladders(&home, &["--assume-ack", "50m"]);
    assert_eq!((alerts(&soon), &soon["ladders"]["assumed"]), (1, &1.into()), "{soon:#}");
    let late = of_ladders(&home, &["--assume-ack", "2 hours"]);
    assert_eq!(alerts(&late), 2, "{late:#}");
    let words = ["backtest", "--playbooks", "new", "--against", "books", "--feed", "feed.jsonl", "--assume-ack", "50m"];
    let told = home.run(&words).out;
    assert!(told.contains("1 did not run before, acknowledged after 50 minutes as assumed"), "{told}");
}

#[test]
fn it_stops_where_until_says_and_runs_on_to_it() {
    let home = ladders("backtest_until", &LADDER.replace("within 7 days", "within 8 days"));
    // Somebody whom nobody answers, at the end of the feed.
    let more = ["2026-03-04T09:00:00+01:00", "2026-03-04T10:00:00+01:00"].map(|at| complaint(&format!("u{at}"), at));
    let more = more.map(|line| line.replace("C1", "C9") + "\n").concat();
    home.write("feed.jsonl", &format!("{}{more}", home.read("feed.jsonl")));
    let told = |until: &[&str]| {
        let report = of_ladders(&home, until);
        (number(&report["recorded"]["signals"]), report["recorded"]["until"].clone(), report["roles"].clone())
    };
    let (all, none, plain) = told(&[]);
    assert!(none.is_null() && all > 1, "{none}");
    let (stopped, at, _) = told(&["--until", "2026-03-03"]);
    assert!(
        stopped < all && at.as_str().is_some_and(|at| at.ends_with("2026-03-03 00:00")),
        "{stopped} of {all}, {at}"
    );
    assert_eq!(stopped, 3);
    let (on, _, climbed) = told(&["--until", "2027-01-01"]);
    assert_eq!(on, all, "nothing more was recorded");
    let alerts =
        |roles: &Value| -> u64 { roles.as_array().unwrap().iter().map(|role| number(&role["alerts"]["new"])).sum() };
    assert_eq!(alerts(&climbed), alerts(&plain) + 1, "what was planned is due: {climbed} after {plain}");
}

#[test]
fn a_budget_that_is_exceeded_fails_and_one_that_is_kept_does_not() {
    let home = shipped("backtest_budget");
    change(&home, "retail_care.play", "goes over 10 minutes", "goes over 6 minutes");
    change(&home, "retail_care.play", "clears under 8 minutes", "clears under 5 minutes");
    change(&home, "directory.yaml", "floor_manager: 5 alerts per day", "floor_manager: 1 alert per day");
    let ran = backtest(&home, &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    assert!(ran.out.contains("budget exceeded: floor_manager of S"), "{}", ran.out);
    let report = json(&home, &[]);
    let roles = report["roles"].as_array().unwrap().iter().filter(|role| !role["over"].as_array().unwrap().is_empty());
    for role in roles {
        assert!(role["to"].as_str().unwrap().starts_with("floor_manager of S"), "{role:#}");
        assert!(role["over"].as_array().unwrap().iter().all(|day| number(&day["new"]) > 1), "{role:#}");
    }
    change(&home, "directory.yaml", "floor_manager: 1 alert per day", "floor_manager: 50 alerts per day");
    let ran = backtest(&home, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.out);
    assert!(ran.out.contains("every budget is kept"), "{}", ran.out);
}

#[test]
fn the_page_reaches_for_nothing_and_what_customers_are_called_is_only_text() {
    let home = Home::new("backtest_page");
    copy(&home.0.join("books"), &home.0.join("new"));
    home.write("new/care.play", &home.read("new/care.play").replace("2 or more", "1 or more"));
    let feed = complaint("c1", "2026-03-02T09:00:00+01:00").replace("\"C1\"", "\"<script>alert(1)</script>\"");
    home.write("feed.jsonl", &format!("{feed}\n"));
    committed(&home);
    let words =
        ["backtest", "--playbooks", "new", "--against", "HEAD:books", "--feed", "feed.jsonl", "--html", "report.html"];
    let markdown = home.run(&[&words[..], &["--format", "markdown"]].concat());
    assert_eq!(markdown.code, Some(0), "{}", markdown.err);
    let page = home.read("report.html");
    for reaching in ["<script", "http:", "https:", "src=", "href=", "@import", "url("] {
        assert!(!page.contains(reaching), "the page has {reaching}");
    }
    assert!(page.contains("<svg") && page.contains("&lt;script&gt;") && page.contains("prefers-color-scheme: dark"));
    assert!(page.contains("new against HEAD:books"), "{page}");
    assert!(markdown.out.contains("### ✅ Backtest: new against HEAD:books"), "{}", markdown.out);
    assert!(markdown.out.contains("&lt;script&gt;") && !markdown.out.contains("<script"), "{}", markdown.out);
    assert!(markdown.out.contains("| Complained twice | 0 | 1 | 1 | 0 | 0 | 0 |"), "{}", markdown.out);
}

#[test]
fn what_cannot_be_played_is_told() {
    let home = Home::new("backtest_refused");
    home.write("feed.jsonl", "");
    let told = |words: &[&str]| {
        let ran = home.run(&[&["backtest", "--playbooks", "books"], words].concat());
        assert_eq!(ran.code, Some(2), "{}", ran.out);
        ran.err
    };
    let empty = told(&["--against", "books", "--feed", "feed.jsonl"]);
    assert!(empty.contains("nothing of what was recorded could be read"), "{empty}");
    let input = told(&["--against", "books", "--feed", "-"]);
    assert!(input.contains("save standard input as a file first"), "{input}");
    let ack = told(&["--against", "books", "--feed", "feed.jsonl", "--assume-ack", "soon"]);
    assert!(ack.contains("--assume-ack: `soon` is no length of time"), "{ack}");
}

/// Changes by hand to the rules of real feedback: what is counted is what two plain replays give.
#[test]
fn real_feedback_counts_as_two_replays_do() {
    let Some(data) = real_feedback::data() else {
        eprintln!("skipped: no folder with real feedback (data/expected.json) beside the checkout");
        return;
    };
    for (set, file, old, new) in [
        ("olist", "utc.play", "score is at most 2", "score is at most 3"),
        ("olist", "america_sao_paulo.play", "at least 0.5 points", "at least 2 points"),
        ("skytrax", "utc.play", " days", " days"),
        ("nyc311_noise", "utc.play", "within 30 days", "within 7 days"),
    ] {
        let home = Home::new("backtest_real");
        copy(&data.join(set), &home.0.join("old"));
        copy(&data.join(set), &home.0.join("new"));
        let text = home.read(&format!("new/{file}"));
        home.write(&format!("new/{file}"), &text.replace(old, new));
        let feed = "old/signals.jsonl";
        let words = ["backtest", "--playbooks", "new", "--against", "old", "--feed", feed, "--format", "json"];
        let ran = home.run(&words);
        assert_eq!(ran.code, Some(0), "{set}: {}", ran.err);
        let report = ran.lines().remove(0);
        agrees(&home, &report, feed);
        let differs = !report["rules"].as_array().unwrap().is_empty();
        assert_eq!(differs, text.contains(old) && old != new, "{set}, {old}");
    }
}

/// A daemon that was fed a feed has the same decisions in its journal as the feed itself.
#[cfg(all(unix, feature = "daemon"))]
#[test]
fn the_journal_of_a_daemon_gives_what_its_feed_gives() {
    use crate::keeping::serve_feed;
    const LINES: usize = 900;
    let home = shipped("backtest_store");
    let part: String = home.read(FEED).lines().take(LINES).map(|line| format!("{line}\n")).collect();
    home.write("part.jsonl", &part);
    let data = crate::serve::folder("backtest_store");
    serve_feed(&home.0.join("old"), &data, &home.0.join("part.jsonl"), LINES);
    change(&home, "retail_care.play", "goes over 10 minutes", "goes over 12 minutes");
    change(&home, "retail_care.play", "  unless customer.open_cases is more than 0\n", "");
    change(
        &home,
        "vocabulary.yaml",
        "signals:\n",
        "signals:\n  parking_note:\n    about: [store]\n    fields: {text: text}\n",
    );
    let words = ["backtest", "--playbooks", "new", "--against", "old", "--format", "json"];
    let told = |source: &[&str]| {
        let ran = home.run(&[&words, source].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        ran.lines().remove(0)
    };
    let (store, feed) = (told(&["--store", &data.to_string_lossy()]), told(&["--feed", "part.jsonl"]));
    assert!(!feed["rules"].as_array().unwrap().is_empty(), "{feed:#}");
    for part in ["rules", "roles", "days", "customers", "ladders", "meaning"] {
        assert_eq!(store[part], feed[part], "{part}");
    }
}
