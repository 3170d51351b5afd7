//! `touchline why` from outside: what it answers for every way in which a signal can fare.

use crate::cli::{Home, Ran, VOCABULARY, complaint, feed};

#[test]
fn why_answers_for_a_firing_a_count_and_an_unknown_signal() {
    let home = Home::new("why");
    home.write("feed.jsonl", &feed(&["2026-03-16T10:00:00Z", "2026-03-17T10:00:00Z"]));
    let why = |signal: &str| {
        home.run(&["why", "--playbooks", "books", "--feed", "feed.jsonl", "--rule", "twice", "--signal", signal])
    };
    let fired = why("c2");
    assert_eq!(fired.code, Some(0), "{fired:?}");
    assert!(fired.out.contains("fired on this signal") && fired.out.contains("c1, c2"), "{}", fired.out);
    assert!(fired.out.contains("2 or more complaints") && fired.out.contains("books/care.play:6"), "{}", fired.out);
    assert!(fired.out.contains("yes 2 or more complaints within 7 days"), "{}", fired.out);
    assert!(fired.out.contains("topic is not \"test\"") && fired.out.contains("yes"), "{}", fired.out);
    let counted = why("c1");
    assert!(counted.out.contains("yes 2 or more complaints within 7 days"), "{}", counted.out);
    assert!(counted.out.contains("counts in the firing"), "{}", counted.out);
    let unknown = why("c22");
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.out.contains("Did you mean"), "{}", unknown.out);
}

/// Asks about a signal; the width of the screen wraps sentences, so that blanks are made single.
fn why(home: &Home, rule: &str, signal: &str) -> Ran {
    let mut ran =
        home.run(&["why", "--playbooks", "books", "--feed", "feed.jsonl", "--rule", rule, "--signal", signal]);
    ran.out = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    ran
}

fn answer(home: &Home, rule: &str, signal: &str) -> String {
    let ran = why(home, rule, signal);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.out
}

const LATER: &str = r#"
playbook later "Later" version 1
time zone "Europe/Madrid"
owner "owner@example.test"

rule sample "Many complaints"
  when count of complaints
    over the last 7 days
    is at least 2
  for each customer
  check every day at 07:00
  then alert care_team
      saying "Many."

rule quiet "Nothing more was heard"
  when complaint
    not followed by praise
    for the same customer
    within 3 days
  then alert care_team
      saying "Nothing more."

rule ask "Ask again"
  when complaint
  unless customer.segment is "staff"
  then alert care_team
      saying "One."
    and after 1 day:
      alert care_team
        saying "Ask."
"#;

#[test]
fn why_tells_what_came_after_the_signal() {
    let home = Home::new("why_after");
    home.write(
        "books/vocabulary.yaml",
        &format!("{VOCABULARY}  praise: {{plural: praises, about: [customer], fields: {{}}}}\n"),
    );
    home.write("books/care.play", LATER);
    let why = |feed: &str, rule: &str, signal: &str| {
        home.write("feed.jsonl", feed);
        answer(&home, rule, signal)
    };
    let one = feed(&["2026-03-16T10:00:00Z"]);
    let two = feed(&["2026-03-16T10:00:00Z", "2026-03-17T10:00:00Z"]);
    let end = complaint("z", "2026-03-30T10:00:00Z").replace("\"C1\"", "\"C9\"") + "\n";
    let praise =
        |at: &str| format!("{{\"id\": \"p1\", \"signal\": \"praise\", \"at\": \"{at}\", \"customer\": \"C1\"}}\n");

    let sample = why(&one, "sample", "c1");
    assert!(sample.contains("part of the sample, which the check looks at every day at 07:00."), "{sample}");
    assert!(sample.contains("The next one is Tue 2026-03-17 07:00; the feed ends before it."), "{sample}");
    let sample = why(&format!("{one}{end}"), "sample", "c1");
    assert!(sample.contains("The next one was Tue 2026-03-17 07:00. There, the test did not hold"), "{sample}");
    assert!(sample.contains("count of complaints is at least 2 (1)."), "{sample}");

    let joined = why(&format!("{two}{end}"), "quiet", "c2");
    assert!(joined.contains("joins the one that c1 entered at Thu 2026-03-19 11:00."), "{joined}");
    let answered = why(&format!("{two}{}{end}", praise("2026-03-18T10:00:00Z")), "quiet", "c2");
    assert!(answered.contains("its wait was answered by p1 at Wed 2026-03-18 11:00."), "{answered}");
    let unfinished = why(&two, "quiet", "c2");
    assert!(unfinished.contains("it waits until Fri 2026-03-20 11:00, and the feed ends at Tue 2026-03-17 11:00."));
    let unasked = why(&praise("2026-03-18T10:00:00Z"), "quiet", "p1");
    assert!(unasked.contains("nothing waited for one"), "{unasked}");

    let planned = why(&one, "ask", "c1");
    assert!(planned.contains("ok unless customer.segment is \"staff\""), "{planned}");
    assert!(planned.contains("sent Mon 2026-03-16 11:00 alert care_team"), "{planned}");
    assert!(planned.contains("alert care_team, due Tue 2026-03-17 11:00"), "{planned}");
    let staff = "{\"thing\": \"customer\", \"id\": \"C1\", \"at\": \"2026-03-16T12:00:00Z\", \"facts\": {\"segment\": \"staff\"}}\n";
    let cancelled = why(&format!("{one}{staff}{end}"), "ask", "c1");
    assert!(cancelled.contains("cancelled Tue 2026-03-17 11:00 alert care_team"), "{cancelled}");
    let refused = why(&format!("{staff}{}", feed(&["2026-03-16T13:00:00Z"])), "ask", "c1");
    assert!(refused.contains("no unless customer.segment is \"staff\""), "{refused}");
}

const STORES: &str = r#"
vocabulary: Test
time_zone: Europe/Madrid
languages: [en]
journey: {all: [shop]}
channels: [store]
things: {customer: {segment: text}, store: {name: text}}
signals:
  complaint: {plural: complaints, about: [customer], fields: {topic: text, comment: "text, optional"}}
  praise: {plural: praises, about: [customer], fields: {}}
  wait_reading: {about: [store], fields: {wait: duration in minutes}}
  survey_response: {plural: survey_responses, about: [store], fields: {score: nps}}
"#;

const MANY_SHAPES: &str = r#"
playbook shapes "Shapes" version 1
time zone "Europe/Madrid"
owner "owner@example.test"

rule long_wait "Long wait"
  when wait_reading.wait stays over 10 minutes for 20 minutes
  for each store
  then alert care_team

rule fell "NPS fell"
  when nps of survey_response.score
    over the last 7 days
    is less than 20
    with at least 2 survey_responses
  for each store
  check every day at 07:00
  then alert care_team

rule worse "Worse than before"
  when average of survey_response.score
    over the last 7 days
    is at least 2 points below the 28 days before
  for each store
  then alert care_team

rule busy "Busy"
  when count of complaints
    over the last 7 days
    is more than 50 percent above the 14 days before
  for each customer
  then alert care_team

rule quiet "Nothing more was heard"
  when complaint
    not followed by praise
    for the same customer
    within 3 days
  then alert care_team
"#;

fn shapes(name: &str) -> Home {
    let home = Home::new(name);
    home.write("books/vocabulary.yaml", STORES);
    home.write("books/care.play", MANY_SHAPES);
    home
}

fn reading(id: &str, at: &str, wait: u32) -> String {
    format!(
        "{{\"id\": \"{id}\", \"signal\": \"wait_reading\", \"at\": \"2026-03-16T{at}:00Z\", \"store\": \"S7\", \"wait\": {wait}}}\n"
    )
}

fn response(id: &str, at: &str, score: u32) -> String {
    format!(
        "{{\"id\": \"{id}\", \"signal\": \"survey_response\", \"at\": \"{at}:00Z\", \"store\": \"S7\", \"score\": {score}}}\n"
    )
}

#[test]
fn why_follows_a_wait_that_has_to_stay_over_the_line() {
    let home = shapes("why_stays");
    let feed = reading("q1", "10:00", 12)
        + &reading("q2", "10:10", 9)
        + &reading("q3", "10:15", 15)
        + &reading("q4", "10:25", 16)
        + &reading("q5", "10:36", 17)
        + &reading("q6", "10:40", 7)
        + &reading("q7", "10:50", 11);
    home.write("feed.jsonl", &feed);
    let why = |signal| answer(&home, "long_wait", signal);
    let ended = why("q1");
    assert!(
        ended.ends_with("long_wait for S7 did not fire: its wait was ended by q2 at Mon 2026-03-16 11:10."),
        "{ended}"
    );
    let short = why("q2");
    assert!(short.contains("no wait is over 10 minutes 9 minutes"), "{short}");
    // The twenty minutes count from q3; the firing speaks of the latest reading.
    let first = why("q3");
    assert!(first.ends_with("waited until Mon 2026-03-16 11:35; it fired at Mon 2026-03-16 11:35 for q4."), "{first}");
    let latest = why("q4");
    assert!(latest.contains("fired for this signal, at Mon 2026-03-16 11:35."), "{latest}");
    assert!(latest.contains("yes wait stays over 10 minutes for 20 minutes 16 minutes"), "{latest}");
    let joins = why("q5");
    assert!(joins.ends_with("fires once an episode, and this joins the one since Mon 2026-03-16 11:35."), "{joins}");
    let waits = why("q7");
    assert!(
        waits.ends_with(
            "has not fired yet: it waits until Mon 2026-03-16 12:10, and the feed ends at Mon 2026-03-16 11:50."
        ),
        "{waits}"
    );
}

#[test]
fn why_says_that_a_signal_was_too_late_known_or_never_taken() {
    let home = shapes("why_taken");
    let complaint = |id: &str, at: &str, more: &str| {
        format!(
            "{{\"id\": \"{id}\", \"signal\": \"complaint\", \"at\": \"{at}:00Z\", \"customer\": \"C1\", \"topic\": {more}}}\n"
        )
    };
    let feed = complaint("c1", "2026-03-16T10:00", "\"a\"")
        + &complaint("c1", "2026-03-16T10:00", "\"a\"")
        + &complaint("c2", "2026-03-16T10:30", "\"a\"")
        + &complaint("c2", "2026-03-16T10:30", "\"a\", \"comment\": \"more\"")
        + &complaint("c3", "2026-03-16T11:00", "7")
        + &complaint("c4", "2062-03-16T11:00", "\"a\"")
        + &complaint("c5", "2026-03-08T10:00", "\"a\"")
        + "{\"id\": \"c6\", \"signal\": \"complaint\", \"customer\": \"C1\n"
        + "not json, c1\n";
    home.write("feed.jsonl", &feed);
    let known = answer(&home, "quiet", "c1");
    assert!(known.contains("it came 1 time more under the same id: known already, it fires nothing twice"), "{known}");
    assert!(!known.contains("not json"), "{known}");
    let update = answer(&home, "quiet", "c2");
    assert!(
        update.contains("1 time more under the same id, 1 time with other content, which filled only what was missing"),
        "{update}"
    );
    let late = answer(&home, "quiet", "c5");
    assert!(
        late.contains("quiet did not fire: the signal came too late. A `complaint` may be 7 days behind the clock"),
        "{late}"
    );

    let refused = |signal: &str, reason: &str| {
        let ran = why(&home, "quiet", signal);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.out.contains(&format!("No rule looked at `{signal}`: its line was not taken.")), "{ran:?}");
        assert!(ran.out.ends_with(reason), "only the line asked about is shown: {ran:?}");
        assert_eq!(ran.out.matches("feed.jsonl:").count(), 1, "{ran:?}");
    };
    refused("c3", "feed.jsonl:5: `topic`: it is a number, it has to be a text");
    let held = "more than seven days ahead of the lines after it, which are around 2026-03-08T10:00:00Z";
    refused("c4", &format!("feed.jsonl:6: held out: {held}"));
    refused("c6", "feed.jsonl:8: the line is not JSON: it ends in the middle, at column 51");
    let unknown = why(&home, "quiet", "nobody");
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    assert!(unknown.out.contains("No signal is called `nobody` in the feed. 3 lines of the feed could not be read"));
}

#[test]
fn why_tells_what_an_absence_waited_for() {
    let home = shapes("why_absence");
    let complaint =
        |id: &str, at: &str, customer: &str| complaint(id, at).replace("C1", customer).replace("my secret", "") + "\n";
    let feed = complaint("c1", "2026-03-16T10:00:00Z", "C1") + &complaint("c2", "2026-03-20T10:00:00Z", "C2");
    home.write("feed.jsonl", &feed);
    let fired = answer(&home, "quiet", "c1");
    assert!(fired.contains("quiet for C1 fired for this signal, at Thu 2026-03-19 11:00."), "{fired}");
    assert!(fired.ends_with("sent Thu 2026-03-19 11:00 alert care_team"), "{fired}");
    let waits = answer(&home, "quiet", "c2");
    assert!(
        waits.ends_with(
            "has not fired yet: it waits until Mon 2026-03-23 11:00, and the feed ends at Fri 2026-03-20 11:00."
        ),
        "{waits}"
    );
    home.write("feed.jsonl", &(feed + &complaint("c3", "2026-03-21T10:00:00Z", "C1")));
    let joins = answer(&home, "quiet", "c3");
    assert!(
        joins.ends_with(
            "quiet for C1 did not fire for this signal: it fires once, for the oldest that nobody has answered, and this \
             joins that episode, which runs since Thu 2026-03-19 11:00."
        ),
        "{joins}"
    );
    let other = answer(&home, "long_wait", "c1");
    assert!(other.ends_with("the rule listens to `wait_reading`, this is a `complaint`."), "{other}");
}

#[test]
fn why_and_replay_say_what_a_measure_was_asked_and_what_it_met() {
    let home = shapes("why_measure");
    let week = |from: u32, score: u32| -> String {
        (0..4).map(|n| response(&format!("r{from}.{n}"), &format!("2026-03-{:02}T1{n}:00", from + n), score)).collect()
    };
    let complaints: String = (0..4)
        .map(|n| complaint(&format!("c{n}"), &format!("2026-03-2{n}T10:00:00Z")).replace("my secret", "") + "\n")
        .collect();
    let usual = complaint("usual", "2026-03-05T15:00:00Z").replace("my secret", "") + "\n";
    let other = complaint("other", "2026-03-19T12:00:00Z").replace("my secret", "").replace("C1", "C2") + "\n";
    home.write("feed.jsonl", &(week(2, 9) + &usual + &week(16, 5) + &other + &complaints));
    let checked = answer(&home, "fell", "r16.0");
    assert!(
        checked.contains("When it fired, Wed 2026-03-18 07:00: 11 yes nps of score is less than 20 -100 from 2"),
        "{checked}"
    );
    assert!(
        checked.contains("it counts in the firing of Wed 2026-03-18 07:00. Behind it are 2 signals: r16.0, r16.1."),
        "{checked}"
    );
    let unlooked = answer(&home, "fell", "r16.3");
    assert!(
        unlooked.contains("There, it joins")
            || unlooked.contains("There, joins the episode since Wed 2026-03-18 07:00."),
        "{unlooked}"
    );
    let before = answer(&home, "worse", "r2.3");
    assert!(before.ends_with("worse for S7 did not fire: nothing to compare with in the period before."), "{before}");
    let fell = answer(&home, "worse", "r16.0");
    let asked = "average of score is at least 2 points below the 28 days before";
    assert!(fell.contains(&format!("yes {asked} recent 5 from 1, previous 9 from 4")), "{fell}");
    let busy = answer(&home, "busy", "c0");
    let counted = "count of complaints is more than 50 percent above the 14 days before";
    let met = "recent 1, previous 0.5, that is 1 in 14 days";
    assert!(busy.contains(&format!("yes {counted} {met}")), "{busy}");
    let nothing = answer(&home, "busy", "other");
    assert!(nothing.contains(&format!("no {counted} recent 1, previous 0, that is 0 in 14 days")), "{nothing}");
    assert!(nothing.contains("busy for C2 did not fire: a percentage of nothing is not known: count of"), "{nothing}");

    let replay = home.run(&["replay", "--playbooks", "books", "--feed", "feed.jsonl"]);
    let told = replay.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains(&format!("why {asked} (recent 5 from 1, previous 9 from 4)")), "{told}");
    assert!(told.contains("why nps of score is less than 20 (-100 from 2) 2 responses"), "{told}");
    assert!(told.contains(&format!("why {counted} ({met})")), "{told}");
}

#[test]
fn why_names_the_guard_or_the_limit_that_said_no_when_a_wait_or_a_pair_was_over() {
    let home = Home::new("why_deadline");
    let vocabulary = VOCABULARY
        .replace("segment: text", "segment: text, at_risk: yes/no")
        .replace("signals:", "signals:\n  praise: {about: [customer], fields: {topic: text}}");
    home.write("books/vocabulary.yaml", &vocabulary);
    let head = "playbook care \"Care\" version 1\ntime zone \"Europe/Madrid\"\nowner \"owner@example.test\"\n\n";
    let rule = |id: &str, when: &str, only: &str| {
        format!(
            "rule {id} \"{id}\"\n  when complaint {when}\n    for the same customer\n    within 2 days\n  {only}\n  then alert care_team saying \"x\"\n\n"
        )
    };
    let guard = "unless customer.at_risk is yes";
    let limit = "at most once every 30 days per customer";
    let rules = rule("quiet", "not followed by praise", guard)
        + &rule("pair", "followed by praise", guard)
        + &rule("rare", "not followed by praise", limit);
    home.write("books/care.play", &format!("{head}{rules}"));
    let line = |id: &str, signal: &str, day: u32, customer: &str| {
        format!(
            "{{\"id\": \"{id}\", \"signal\": \"{signal}\", \"at\": \"2026-03-{day:02}T10:00:00Z\", \"customer\": \"{customer}\", \"topic\": \"x\"}}\n"
        )
    };
    let fact =
        "{\"thing\": \"customer\", \"id\": \"C1\", \"at\": \"2026-03-01T10:00:00Z\", \"facts\": {\"at_risk\": true}}\n";
    let feed = fact.to_owned()
        + &line("a1", "complaint", 2, "C1")
        + &line("b1", "complaint", 2, "C2")
        + &line("a2", "complaint", 9, "C1")
        + &line("p1", "praise", 10, "C1")
        + &line("p2", "praise", 12, "C2")
        + &line("b2", "complaint", 16, "C2")
        + &line("z", "praise", 20, "C9");
    home.write("feed.jsonl", &feed);
    let waited = answer(&home, "quiet", "a1");
    assert!(waited.contains("waited until Wed 2026-03-04 11:00"), "{waited}");
    assert!(waited.contains("it looked again: guard: customer.at_risk is yes (yes)"), "{waited}");
    let paired = answer(&home, "pair", "a2");
    assert!(
        paired.contains("p1 completed the pair at Tue 2026-03-10 11:00, and then guard: customer.at_risk is yes (yes)"),
        "{paired}"
    );
    let alone = answer(&home, "pair", "b1");
    assert!(alone.contains("the other one it takes is not there"), "{alone}");
    let limited = answer(&home, "rare", "b2");
    assert!(limited.contains("At Wed 2026-03-18 11:00 it looked again: limit"), "{limited}");
}
