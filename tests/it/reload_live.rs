//! Playbooks changed under the running daemon: the real binary, real files, every way an editor or a mounted folder has.

// Waiting for another process takes real time.
#![allow(clippy::disallowed_methods)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::serve::{Served, folder, touchline};

const VOCABULARY: &str = r#"
vocabulary: Shop
time_zone: Europe/Madrid
languages: [en]
journey: {after: [delivery]}
channels: [web]
things: {customer: {}}
signals:
  complaint:
    plural: complaints
    about: [customer]
    fields: {topic: text}
"#;

const DIRECTORY: &str = "company: {owner: owner@example.test, roles: {care_team: [care@example.test]}}\n";

const HEADER: &str = "playbook care \"Care\" version 1\ntime zone \"Europe/Madrid\"\nowner \"owner@example.test\"\n\n";

/// A rule that counts complaints about a topic.
fn counting(id: &str, topic: &str, many: u32) -> String {
    format!(
        "rule {id} \"Complaints about {topic}\"\n  when {many} or more complaints\n    where topic is \"{topic}\"\n    \
         for the same customer\n    within 14 days\n  then alert care_team saying \"{{customer}} complains.\"\n\n"
    )
}

fn project(name: &str, rules: &str) -> (PathBuf, PathBuf) {
    let here = folder(&format!("reload_{name}"));
    let (playbooks, data) = (here.join("playbooks"), here.join("data"));
    fs::create_dir_all(&playbooks).unwrap();
    fs::write(playbooks.join("vocabulary.yaml"), VOCABULARY).unwrap();
    fs::write(playbooks.join("directory.yaml"), DIRECTORY).unwrap();
    fs::write(playbooks.join("care.play"), format!("{HEADER}{rules}")).unwrap();
    (playbooks, data)
}

/// Saves as most editors do: a new file under another name, then renamed.
fn save(playbooks: &Path, rules: &str) {
    let new = playbooks.join(".care.play.swp");
    fs::write(&new, format!("{HEADER}{rules}")).unwrap();
    fs::rename(new, playbooks.join("care.play")).unwrap();
}

fn complain(served: &Served, id: &str, customer: &str, topic: &str) {
    let at = touchline::clock::wall_clock_now().to_string();
    let signal = json!({"id": id, "signal": "complaint", "at": at, "customer": customer, "topic": topic});
    let (status, body) = served.ask("POST", "/v1/signals", &signal.to_string()).unwrap();
    assert_eq!(status, 202, "{body}");
}

fn get(served: &Served, path: &str) -> Json {
    let (status, body) = served.ask("GET", path, "").unwrap();
    assert_eq!(status, 200, "{body}");
    body
}

fn all_reloads(served: &Served) -> Vec<Json> {
    get(served, "/v1/reloads")["reloads"].as_array().unwrap().clone()
}

/// The reloads of this run, its start included.
fn reloads(served: &Served) -> Vec<Json> {
    let mut all = all_reloads(served);
    let start = all.iter().rposition(|report| report["asked"] == "start").unwrap();
    all.split_off(start)
}

/// Waits for something to be so.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} does not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits for a switch behind `after` reloads of this run, and returns its report.
fn switched(served: &Served, after: usize) -> Json {
    until("a switch", || reloads(served).into_iter().skip(after).find(|report| report["outcome"] == "switched"))
}

/// Waits until this many firings are on disk, and a moment longer for one too many.
fn fires(served: &Served, times: usize) {
    let count = || get(served, "/v1/firings")["firings"].as_array().unwrap().len();
    until("the firings", || (count() >= times && get(served, "/v1/status")["journal"]["behind"] == 0).then_some(()));
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(count(), times);
}

fn means(report: &Json, rule: &str) -> String {
    let found = report["rules"].as_array().unwrap().iter().find(|entry| entry["rule"] == rule);
    found.map(|entry| format!("{}: {}", entry["change"].as_str().unwrap(), entry["means"].as_str().unwrap())).unwrap()
}

#[test]
fn a_saved_rule_takes_over_with_its_window_filled_and_fires_for_nothing_past() {
    let (playbooks, data) = project("window", &counting("a", "invoice", 3));
    let served = Served::beside(&playbooks, &data, &["--shadow"]);
    for n in 0..2 {
        complain(&served, &format!("d{n}"), "C1", "delivery");
    }
    for n in 0..5 {
        complain(&served, &format!("e{n}"), "C2", "delivery");
    }
    save(&playbooks, &counting("a", "delivery", 3));
    let report = switched(&served, 0);
    assert!(means(&report, "care/a").contains("filled from the journal"), "{report}");
    assert_eq!(report["journal_read"], 7, "{report}");
    // Nothing fires for what is past.
    fires(&served, 0);
    complain(&served, "d2", "C1", "delivery");
    // The third one counts the two before the switch.
    fires(&served, 1);
    // As it was: the restart folds across the switch.
    drop(served);
    let served = Served::on(&playbooks, &data, &["--shadow"]);
    fires(&served, 1);
    complain(&served, "d3", "C1", "delivery");
    // The episode goes on.
    fires(&served, 1);
}

#[test]
fn a_rule_that_does_not_compile_keeps_its_running_version_across_a_restart_and_the_rest_moves() {
    let sound = counting("a", "invoice", 2) + &counting("b", "invoice", 2);
    let (playbooks, data) = project("kept", &sound);
    let served = Served::on(&playbooks, &data, &["--shadow"]);
    let wrong = counting("a", "invoice", 2).replace("within", "withn") + &counting("b", "parcel", 2);
    let plan = |expected: i32| {
        let arguments = ["plan", "--playbooks", playbooks.to_str().unwrap(), "--data", data.to_str().unwrap()];
        let output = touchline(&arguments).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(expected), "{said}");
        said
    };
    assert!(plan(0).contains("nothing would change"));
    save(&playbooks, &wrong);
    let said = plan(1);
    assert!(said.contains("care/a: kept back, does not compile; keeps its running version"), "{said}");
    assert!(said.contains("care/b: changed: title or owner, what is counted"), "{said}");
    let report = switched(&served, 0);
    assert_eq!(report["kept_back"], json!([{"rule": "care/a", "runs": true}]), "{report}");
    assert!(report["problems"][0]["place"].as_str().unwrap().contains("care.play:"), "{report}");
    let check = |served: &Served, round: &str| {
        for n in 0..2 {
            complain(served, &format!("i{round}{n}"), &format!("I{round}"), "invoice");
            complain(served, &format!("p{round}{n}"), &format!("P{round}"), "parcel");
        }
        fires(served, if round == "1" { 2 } else { 4 });
        let mut fired: Vec<String> = get(served, "/v1/firings")["firings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|firing| firing["key"]["customer"].as_str().unwrap().ends_with(round))
            .map(|firing| {
                format!("{} {}", firing["rule"].as_str().unwrap(), firing["key"]["customer"].as_str().unwrap())
            })
            .collect();
        fired.sort();
        assert_eq!(fired, [format!("a I{round}"), format!("b P{round}")]);
        let status = get(served, "/v1/status");
        assert_eq!(status["reloads"]["in_step"], false, "{status}");
        assert_eq!(status["reloads"]["kept_back"], 1, "{status}");
    };
    check(&served, "1");
    assert_eq!(served.end(), 0);
    let served = Served::on(&playbooks, &data, &["--shadow"]);
    check(&served, "2");
    // Killed, and without the file that does not compile.
    served.kill();
    fs::remove_file(playbooks.join("care.play")).unwrap();
    fs::write(playbooks.join("other.play"), HEADER.replace("care", "other") + &counting("c", "parcel", 9)).unwrap();
    let served = Served::on(&playbooks, &data, &["--shadow"]);
    let report = switched(&served, 0);
    assert!(means(&report, "care/a").starts_with("parked"), "{report}");
    save(&playbooks, &sound);
    let report = switched(&served, 1);
    assert!(means(&report, "care/a").starts_with("back: back within ten minutes"), "{report}");
    assert_eq!(get(&served, "/v1/status")["reloads"]["in_step"], true);
    let versions = touchline(&["versions", "--data", data.to_str().unwrap(), "--format", "json"]).output().unwrap();
    let versions: Vec<Json> =
        String::from_utf8(versions.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(versions.len(), 4, "{versions:?}");
    assert_eq!(versions[1]["kept"], json!(["care/a"]));
    assert_eq!(versions[3]["hash"], get(&served, "/v1/status")["ruleset"]);
}

#[test]
fn a_playbook_half_written_or_without_its_head_parks_nothing() {
    let sound = counting("a", "invoice", 2) + &counting("b", "invoice", 2);
    let (playbooks, data) = project("half", &sound);
    let served = Served::on(&playbooks, &data, &["--shadow"]);
    let place = playbooks.join("care.play");
    // Stops in the middle of the first rule, without the second.
    fs::write(&place, format!("{HEADER}{}", &sound[..60])).unwrap();
    let report = until("a report", || reloads(&served).into_iter().nth(1));
    assert_eq!(report["kept_back"].as_array().unwrap().len(), 2, "{report}");
    assert_eq!(get(&served, "/v1/status")["rules"], 2);
    fs::write(&place, &sound).unwrap();
    let report = until("a report", || reloads(&served).into_iter().nth(2));
    assert_eq!(report["kept_back"].as_array().unwrap().len(), 2, "{report}");
    // A vocabulary that cannot be read keeps everything back.
    fs::write(playbooks.join("vocabulary.yaml"), "vocabulary: Shop\nsignals: [\n").unwrap();
    let report = until("a report", || reloads(&served).into_iter().nth(3));
    assert_eq!(report["outcome"], "kept_back", "{report}");
    assert!(report["why"].as_str().unwrap().contains("vocabulary.yaml"), "{report}");
    fs::write(playbooks.join("vocabulary.yaml"), VOCABULARY).unwrap();
    save(&playbooks, &sound);
    until("all to run", || (get(&served, "/v1/status")["reloads"]["in_step"] == true).then_some(()));
    let (status, body) = served.ask("GET", "/metrics", "").unwrap_or_default();
    assert_eq!((status, body), (200, Json::Null));
}

#[test]
fn a_burst_of_saves_ends_with_the_last_and_a_deleted_folder_comes_back() {
    let (playbooks, data) = project("burst", &counting("a", "invoice", 2));
    let served = Served::beside(&playbooks, &data, &["--shadow"]);
    for many in 3..40 {
        save(&playbooks, &counting("a", "invoice", many));
        std::thread::sleep(Duration::from_millis(5));
    }
    switched(&served, 0);
    let away = playbooks.with_file_name("away");
    fs::rename(&playbooks, &away).unwrap();
    let failed = until("a failure", || reloads(&served).into_iter().find(|report| report["outcome"] == "failed"));
    assert!(failed["why"].as_str().unwrap().contains("does not exist"), "{failed}");
    assert_eq!(get(&served, "/v1/status")["rules"], 1, "what runs goes on");
    fs::rename(&away, &playbooks).unwrap();
    until("the folder to be back", || (get(&served, "/v1/status")["reloads"]["in_step"] == true).then_some(()));
    save(&playbooks, &counting("b", "invoice", 2));
    let report = until("a switch", || {
        let report = reloads(&served).into_iter().rfind(|report| report["outcome"] == "switched")?;
        report["rules"].as_array()?.iter().any(|entry| entry["rule"] == "care/b").then_some(report)
    });
    assert!(means(&report, "care/a").starts_with("parked"), "{report}");
    assert!(reloads(&served).len() < 30, "many saves are few reloads");
}

#[cfg(unix)]
#[test]
fn a_mounted_folder_that_swaps_its_link_is_noticed_and_so_is_a_folder_by_polling() {
    let (playbooks, data) = project("mounted", &counting("a", "invoice", 2));
    // As a mounted configuration has it: files are links through `..data`, which is swapped by a rename.
    let link = |to: &Path, from: &Path| std::os::unix::fs::symlink(to, from).unwrap();
    let mount = playbooks.with_file_name("mount");
    fs::create_dir_all(mount.join("..one")).unwrap();
    let files = ["vocabulary.yaml", "directory.yaml", "care.play"];
    files.iter().for_each(|name| assert!(fs::copy(playbooks.join(name), mount.join("..one").join(name)).unwrap() > 0));
    link(Path::new("..one"), &mount.join("..data"));
    files.iter().for_each(|name| link(&Path::new("..data").join(name), &mount.join(name)));
    let served = Served::on(&mount, &data, &["--shadow"]);
    fs::create_dir_all(mount.join("..two")).unwrap();
    files.iter().for_each(|name| assert!(fs::copy(playbooks.join(name), mount.join("..two").join(name)).unwrap() > 0));
    fs::write(mount.join("..two/care.play"), format!("{HEADER}{}", counting("a", "invoice", 3))).unwrap();
    link(Path::new("..two"), &mount.join("..data_new"));
    fs::rename(mount.join("..data_new"), mount.join("..data")).unwrap();
    fs::remove_dir_all(mount.join("..one")).unwrap();
    let report = switched(&served, 0);
    assert!(means(&report, "care/a").contains("threshold"), "{report}");
    assert_eq!(served.end(), 0);
    let config = playbooks.with_file_name("touchline.yaml");
    fs::write(&config, "watch: {mode: poll, every: 1 second}\n").unwrap();
    let served = Served::on(&playbooks, &data, &["--shadow", "--config", config.to_str().unwrap()]);
    let before = reloads(&served).len();
    save(&playbooks, &counting("a", "invoice", 7));
    switched(&served, before);
}

#[cfg(unix)]
#[test]
fn without_watching_a_reload_is_asked_for_by_signal_or_over_http() {
    let (playbooks, data) = project("asked", &counting("a", "invoice", 2));
    let config = playbooks.with_file_name("touchline.yaml");
    fs::write(&config, "watch: {mode: off, every: 1 second}\n").unwrap();
    let served = Served::on(&playbooks, &data, &["--shadow", "--config", config.to_str().unwrap()]);
    save(&playbooks, &counting("a", "invoice", 3));
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(reloads(&served).len(), 1, "nobody asked");
    let in_step = |served: &Served| get(served, "/v1/status")["reloads"]["in_step"].as_bool().unwrap();
    until("word that the files have changed", || (!in_step(&served)).then_some(()));
    served.signal("-HUP");
    let report = switched(&served, 1);
    assert_eq!(report["asked"], "signal");
    assert!(in_step(&served));
    let (status, report) = served.ask("POST", "/-/reload", "{}").unwrap();
    assert_eq!((status, report["outcome"].as_str()), (200, Some("unchanged")), "{report}");
    save(&playbooks, &counting("a", "invoice", 3).replace("complaints", "complants"));
    let (status, report) = served.ask("POST", "/-/reload", "{}").unwrap();
    assert_eq!(status, 409, "{report}");
    assert_eq!(report["kept_back"], json!([{"rule": "care/a", "runs": true}]), "{report}");
    assert!(report["problems"][0]["help"].as_str().unwrap().contains("complaint"), "{report}");
}

#[cfg(unix)]
#[test]
fn a_directory_or_mails_gone_entirely_change_nothing_until_they_are_back_or_the_daemon_is_restarted() {
    let alert = "then alert care_team saying \"{customer} complains.\"";
    let mailing = counting("a", "invoice", 2).replace(alert, "then email customer using \"sorry\"");
    let rules = mailing.clone() + &counting("b", "parcel", 2);
    let (playbooks, data) = project("gone", &rules);
    fs::write(
        playbooks.join("vocabulary.yaml"),
        VOCABULARY.replace("{customer: {}}", "{customer: {email: \"email, personal\", language: language}}"),
    )
    .unwrap();
    let mail = |name: &str| {
        let folder = playbooks.join("emails").join(name);
        fs::create_dir_all(folder.join("en")).unwrap();
        fs::write(folder.join("template.yaml"), "class: transactional\nfallback: en\n").unwrap();
        fs::write(folder.join("en/subject.txt"), "We are sorry\n").unwrap();
        fs::write(folder.join("en/body.txt"), "We will look into it.\n").unwrap();
    };
    mail("sorry");
    let served = Served::on(&playbooks, &data, &["--shadow"]);
    let hash = get(&served, "/v1/status")["ruleset"].clone();
    for what in ["directory.yaml", "emails"] {
        let before = reloads(&served).len();
        fs::rename(playbooks.join(what), playbooks.with_file_name("aside")).unwrap();
        let report = until("a report", || reloads(&served).into_iter().nth(before));
        assert_eq!(report["outcome"], "kept_back", "{report}");
        let why = report["why"].as_str().unwrap();
        assert!(why.contains(what) && why.contains("is gone: put it back, or restart"), "{why}");
        let plan = ["plan", "--playbooks", playbooks.to_str().unwrap(), "--data", data.to_str().unwrap()];
        let said = touchline(&plan).output().unwrap();
        assert_eq!(said.status.code(), Some(1));
        assert!(String::from_utf8(said.stdout).unwrap().contains("is gone: put it back"));
        assert_eq!(get(&served, "/v1/status")["reloads"]["in_step"], false);
        fs::rename(playbooks.with_file_name("aside"), playbooks.join(what)).unwrap();
        until("what was there", || (get(&served, "/v1/status")["reloads"]["in_step"] == true).then_some(()));
        assert_eq!(get(&served, "/v1/status")["ruleset"], hash);
    }
    // One mail of two, needed by a rule that does not compile without it.
    mail("other");
    let two = switched(&served, 0)["now"].clone();
    let before = reloads(&served).len();
    fs::remove_dir_all(playbooks.join("emails/sorry")).unwrap();
    let report = until("a report", || reloads(&served).into_iter().nth(before));
    assert_eq!(report["outcome"], "kept_back", "{report}");
    assert!(report["why"].as_str().unwrap().contains("the mail `sorry` is gone"), "{report}");
    assert_eq!(get(&served, "/v1/status")["ruleset"], two);
    // Started anew without it, the daemon goes on without it, and warns.
    save(&playbooks, &counting("b", "parcel", 2));
    switched(&served, before);
    fs::remove_file(playbooks.join("directory.yaml")).unwrap();
    assert_eq!(served.end(), 0);
    let served = Served::on(&playbooks, &data, &["--shadow"]);
    let report = switched(&served, 0);
    assert_eq!(report["directory"], true, "{report}");
    assert!(report["warnings"].as_array().unwrap().iter().any(|warning| warning["code"] == "gone"), "{report}");
}

/// Waits for this many switches, and returns the report of the latest.
fn switches(served: &Served, times: usize) -> Json {
    until("a switch", || {
        let switched = reloads(served).into_iter().filter(|report| report["outcome"] == "switched");
        let switched: Vec<Json> = switched.collect();
        (switched.len() >= times).then(|| switched[times - 1].clone())
    })
}

#[test]
fn the_journal_of_a_run_with_reloads_in_it_gives_the_same_effects_again() {
    let (a, b, c) = (counting("a", "invoice", 2), counting("b", "invoice", 3), counting("c", "parcel", 2));
    let (playbooks, data) = project("verify", &format!("{a}{b}{c}"));
    let served = Served::on(&playbooks, &data, &["--shadow"]);
    let mut number = 0;
    let mut day = |served: &Served| {
        for customer in ["C1", "C2", "C3"] {
            for topic in ["invoice", "parcel", "delivery"] {
                number += 1;
                complain(served, &format!("v{number}"), &format!("{customer}{}", number / 37), topic);
            }
        }
    };
    day(&served);
    day(&served);
    // Changed: its windows are filled from the journal. Kept back: it does not compile. Added.
    let changed = counting("a", "delivery", 2);
    let broken = b.replace("within", "withn");
    save(&playbooks, &format!("{changed}{broken}{c}{}", counting("d", "parcel", 4)));
    let report = switches(&served, 1);
    assert_eq!(report["kept_back"], json!([{"rule": "care/b", "runs": true}]), "{report}");
    assert!(means(&report, "care/a").contains("filled from the journal"), "{report}");
    day(&served);
    day(&served);
    // Removed: it is aside with its state. And back again, with another threshold.
    save(&playbooks, &format!("{changed}{broken}{}", counting("d", "parcel", 4)));
    assert!(means(&switches(&served, 2), "care/c").starts_with("parked"));
    day(&served);
    save(&playbooks, &format!("{changed}{broken}{}{}", counting("c", "parcel", 3), counting("d", "parcel", 4)));
    switches(&served, 3);
    day(&served);
    day(&served);
    let fired = get(&served, "/v1/firings")["firings"].as_array().unwrap().len();
    assert!(fired >= 5, "{fired}");
    served.kill();
    let shown = data.to_string_lossy();
    let say = |arguments: &[&str]| touchline(arguments).output().unwrap();
    let output = say(&["replay", "--journal", &shown, "--verify"]);
    let verified = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && verified.contains("the same byte for byte"), "{verified}");
    // The rule that was kept back fired, by the version that ran.
    let told = say(&["replay", "--journal", &shown, "--show", "effects", "--format", "jsonl"]).stdout;
    let told = String::from_utf8(told).unwrap();
    for rule in ["care/a", "care/b", "care/c"] {
        assert!(told.contains(&format!("\"{}\"", rule.trim_start_matches("care/"))), "{rule}: {told}");
    }
    // What was recorded is compared, not only decided: one record taken away is found.
    let store = rusqlite::Connection::open(data.join("touchline.sqlite")).unwrap();
    store.execute("DELETE FROM effect WHERE position = (SELECT max(position) FROM effect)", []).unwrap();
    drop(store);
    assert_eq!(say(&["replay", "--journal", &shown, "--verify"]).status.code(), Some(1));
}

#[test]
fn windows_that_a_reload_fills_after_an_erasure_are_those_of_the_alias() {
    let (playbooks, data) = project("erased", &counting("a", "invoice", 3));
    let served = Served::on(&playbooks, &data, &["--shadow"]);
    complain(&served, "d0", "C1", "delivery");
    complain(&served, "d1", "C1", "delivery");
    let (status, body) = served.ask("DELETE", "/v1/things/customer/C1", "").unwrap();
    assert_eq!(status, 202, "{body}");
    // At once, and once more when all is rewritten: the erasure stands in the journal either way.
    save(&playbooks, &counting("a", "delivery", 3));
    assert!(means(&switches(&served, 1), "care/a").contains("filled from the journal"));
    until("the erasure", || {
        let erasures = get(&served, "/v1/erasures")["erasures"].as_array().unwrap().clone();
        (erasures.len() == 1 && erasures[0]["stage"] == "done").then_some(())
    });
    let alias = until("the alias", || {
        let views = rusqlite::Connection::open(data.join("views.sqlite")).ok()?;
        let sql = "SELECT json_extract(fields, '$.customer') FROM v_signals WHERE signal_id = 'd1'";
        views.query_row(sql, [], |row| row.get::<_, String>(0)).ok().filter(|alias| alias.starts_with("erased-"))
    });
    complain(&served, "d2", "C1", "delivery");
    fires(&served, 0);
    complain(&served, "d3", &alias, "delivery");
    fires(&served, 1);
    let rule = counting("a", "delivery", 3).replace("14 days", "15 days");
    save(&playbooks, &rule);
    switches(&served, 2);
    complain(&served, "d4", &alias, "delivery");
    // The episode of the alias goes on.
    fires(&served, 1);
    assert_eq!(served.end(), 0);
    let output = touchline(&["replay", "--journal", &data.to_string_lossy(), "--verify"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[cfg(unix)]
#[test]
fn playbooks_that_come_back_with_other_comments_decide_the_same_again_byte_for_byte() {
    let late = counting("late", "delivery", 1);
    let (playbooks, data) = project("comes_back", &late);
    let served = Served::on(&playbooks, &data, &["--shadow"]);
    let runs = |hash: Option<&str>| {
        let now = reloads(&served).last().unwrap()["now"].as_str().unwrap().to_owned();
        hash.is_none_or(|hash| now != hash).then_some(now)
    };
    let first = runs(None).unwrap();
    complain(&served, "a", "C1", "delivery");
    save(&playbooks, &counting("late", "delivery", 2));
    let second = until("another threshold", || runs(Some(&first)));
    // The same rules, written further down: they have the hash of the first ones.
    save(&playbooks, &format!("# Somebody has tidied up.\n# And said so.\n\n{late}"));
    assert_eq!(until("the first one is back", || runs(Some(&second))), first);
    complain(&served, "b", "C2", "delivery");
    let positions = || get(&served, "/v1/firings")["firings"].as_array().unwrap().len();
    until("two fire", || (positions() == 2).then_some(()));
    assert_eq!(served.end(), 0);
    let verified = touchline(&["replay", "--verify", "--journal", data.to_str().unwrap()]).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[cfg(unix)]
#[test]
fn reports_of_earlier_runs_are_still_there_after_a_kill_and_in_a_backup() {
    let (playbooks, data) = project("reports", &counting("late", "delivery", 1));
    let served = Served::on(&playbooks, &data, &["--shadow"]);
    complain(&served, "a", "C1", "delivery");
    save(&playbooks, &counting("late", "delivery", 2));
    until("the switch is told", || reloads(&served).iter().any(|report| report["outcome"] == "switched").then_some(()));
    let before = all_reloads(&served);
    served.kill();
    let copy = data.with_file_name("copy");
    let copied = touchline(&["backup", "--data", data.to_str().unwrap(), copy.to_str().unwrap()]).output().unwrap();
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    for data in [data, copy] {
        let served = Served::on(&playbooks, &data, &["--shadow"]);
        let after = all_reloads(&served);
        assert_eq!(after[..before.len()], before[..], "what was told is told again");
        assert_eq!(after.len(), before.len() + 1, "and this start");
        let last = &after[before.len()];
        assert_eq!((&last["asked"], &last["number"]), (&json!("start"), &json!(before.len() + 1)));
        let page = get(&served, &format!("/v1/reloads?limit=1&after={}", before.len() - 1));
        assert_eq!((&page["reloads"][0], &page["next"]), (&before[before.len() - 1], &json!(before.len().to_string())));
        served.kill();
    }
}
