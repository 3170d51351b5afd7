//! Playbooks changed while they run (M24), sentence by sentence: what becomes of counters, limits, episodes, ladders and
//! planned actions, and that nothing fires for a change.

use std::sync::Arc;

use jiff::Timestamp;
use touchline::compile;
use touchline::engine::effect::{Effect, Outcome, What};
use touchline::engine::input::{Human, HumanAction, Input, Switch, Target};
use touchline::engine::plan::ReloadPlan;
use touchline::engine::refill::refill;
use touchline::engine::ruleset::RuleSet;
use touchline::engine::{Engine, Watch};
use touchline::id::RuleId;
use touchline::lang::source::Sources;
use touchline::replay::driver::{Driver, always_sent};
use touchline::signal::{FeedLine, parse_line};
use touchline::value::Value;

const VOCABULARY: &str = r#"
vocabulary: Small
time_zone: Europe/Madrid
languages: [en]
journey: {all: [checkout]}
channels: [web]
things:
  customer: {segment: "one of bronze, gold", email: "email, personal"}
  store: {name: text}
signals:
  complaint:
    plural: complaints
    about: [customer, store]
    fields: {topic: "text, optional", weight: "number, optional"}
  queue_reading:
    about: [store]
    fields: {wait: duration in minutes}
calendars:
  business_hours: Monday to Friday 09:00 to 18:00
"#;

const DIRECTORY: &str = r#"
company: {owner: cx@example.test, roles: {care_team: [care@example.test], head_office: [head@example.test]}}
"#;

fn rules_with(vocabulary: &str, rules: &str) -> Arc<RuleSet> {
    let mut sources = Sources::default();
    sources.add("shop/vocabulary.yaml", vocabulary.as_bytes());
    sources.add("shop/directory.yaml", DIRECTORY.as_bytes());
    let playbook = format!("playbook care \"Care\"\ntime zone \"Europe/Madrid\"\n{rules}");
    sources.add("shop/care.play", playbook.as_bytes());
    let project = compile::project(&sources, &compile::Options::default());
    let errors: Vec<_> = project.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    project.units[0].ruleset()
}

fn rules(text: &str) -> Arc<RuleSet> {
    rules_with(VOCABULARY, text)
}

/// An engine on a feed, with the journal of what it was given.
struct Shop {
    driver: Driver,
    rules: Arc<RuleSet>,
    journal: Vec<(Input, Timestamp)>,
    signals: usize,
}

fn at(text: &str) -> Timestamp {
    format!("2026-03-{}:00+01:00", text.replace(' ', "T")).parse().expect("day and time of March 2026")
}

impl Shop {
    fn open(rules: Arc<RuleSet>) -> Shop {
        Shop { driver: Driver::new(rules.clone(), Watch::Nothing), rules, journal: vec![], signals: 0 }
    }

    fn give(&mut self, input: Input, at: Timestamp) -> Vec<Effect> {
        self.journal.push((input.clone(), at));
        let mut effects = Vec::new();
        self.driver.input(input, at, &mut always_sent, &mut |turn| effects.extend(turn.step.effects.clone()));
        effects
    }

    fn complaint(&mut self, when: &str, fields: &str) -> Vec<Effect> {
        self.signal("complaint", when, &format!("\"customer\": \"C1\", {fields}"))
    }

    fn signal(&mut self, kind: &str, when: &str, fields: &str) -> Vec<Effect> {
        self.signals += 1;
        let line = format!(
            r#"{{"id": "s{}", "signal": "{kind}", "at": "{}", {}}}"#,
            self.signals,
            at(when),
            fields.trim_end_matches([' ', ','])
        );
        match parse_line(&line, &self.rules.vocabulary) {
            Ok(FeedLine::Signal(signal)) => self.give(Input::Signal(signal), at(when)),
            other => panic!("{line}: {other:?}"),
        }
    }

    fn until(&mut self, when: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.driver.past(at(when), &mut always_sent, &mut |turn| effects.extend(turn.step.effects.clone()));
        effects
    }

    /// Switches with windows filled from the journal, as a daemon would, and returns plan and effects.
    fn reload(&mut self, new: Arc<RuleSet>, when: &str) -> (ReloadPlan, Vec<Effect>) {
        let plan = ReloadPlan::between(&self.rules, &new);
        let fills = refill(&self.rules, &new, &plan.to_fill(), self.journal.clone());
        self.rules = new.clone();
        let switch = Switch { hash: new.hash, ruleset: Some(new), fills };
        let effects = self.give(Input::Switch(switch), at(when));
        (plan, effects)
    }
}

fn words(effects: &[Effect]) -> Vec<String> {
    let word = |effect: &Effect| {
        let text = match &effect.what {
            What::Alert { text, .. } => format!(" {text}"),
            _ => String::new(),
        };
        let due = match effect.outcome {
            Outcome::Planned => effect.due.map(|due| format!(" due {due}")).unwrap_or_default(),
            _ => String::new(),
        };
        format!("{} {} to {}{text}{due}", effect.outcome.word(), effect.what.word(), effect.to)
    };
    effects.iter().map(word).collect()
}

const COUNT: &str = r#"
rule third "Third complaint"
  when 3 or more complaints
    for the same customer
    within 14 days
  then alert care_team saying "three"
"#;

#[test]
fn a_new_title_and_text_leave_counters_untouched() {
    let mut shop = Shop::open(rules(COUNT));
    shop.complaint("02 10:00", "");
    shop.complaint("03 10:00", "");
    let reworded = COUNT.replace("Third complaint", "Look here").replace("\"three\"", "\"now three\"");
    let (plan, effects) = shop.reload(rules(&reworded), "03 12:00");
    assert_eq!(plan.to_string(), "care/third: changed: title or owner, actions; counters are kept\n");
    assert_eq!(words(&effects), Vec::<String>::new());
    assert_eq!(words(&shop.complaint("04 10:00", "")), ["sent alert to care_team now three"]);
}

#[test]
fn a_lower_threshold_fires_nothing_and_enters_at_the_next_signal() {
    let mut shop = Shop::open(rules(COUNT));
    shop.complaint("02 10:00", "");
    shop.complaint("03 10:00", "");
    let (plan, effects) = shop.reload(rules(&COUNT.replace("3 or more", "2 or more")), "03 12:00");
    assert_eq!(plan.to_string(), "care/third: changed: threshold; counters are counted anew, nothing fires for it\n");
    assert_eq!(words(&effects), Vec::<String>::new());
    assert_eq!(words(&shop.until("03 20:00")), Vec::<String>::new());
    assert_eq!(words(&shop.complaint("04 10:00", "")), ["sent alert to care_team three"]);
    assert_eq!(words(&shop.complaint("05 10:00", "")), Vec::<String>::new(), "it joins the episode");
}

#[test]
fn an_episode_that_was_entered_is_not_entered_again_by_a_change() {
    let mut shop = Shop::open(rules(COUNT));
    for day in ["02 10:00", "03 10:00"] {
        shop.complaint(day, "");
    }
    assert_eq!(shop.complaint("04 10:00", "").len(), 1);
    shop.reload(rules(&COUNT.replace("14 days", "21 days")), "04 12:00");
    assert_eq!(words(&shop.complaint("05 10:00", "")), Vec::<String>::new());
}

#[test]
fn a_longer_window_is_filled_from_the_journal() {
    let short = COUNT.replace("14 days", "2 days");
    let mut shop = Shop::open(rules(&short));
    shop.complaint("02 10:00", "");
    shop.complaint("06 10:00", "");
    let (plan, effects) = shop.reload(rules(COUNT), "06 12:00");
    assert_eq!(
        plan.to_string(),
        "care/third: changed: window; counters are filled from the journal, nothing fires for it\n"
    );
    assert_eq!(words(&effects), Vec::<String>::new());
    assert_eq!(words(&shop.complaint("10 10:00", "")), ["sent alert to care_team three"]);
}

#[test]
fn a_rule_with_less_history_than_its_window_says_until_when() {
    let mut shop = Shop::open(rules(&COUNT.replace("14 days", "2 days")));
    shop.complaint("02 10:00", "");
    shop.reload(rules(COUNT), "06 12:00");
    let filling = shop.driver.engine().filling();
    assert_eq!(filling.len(), 1);
    assert_eq!((filling[0].0.to_string().as_str(), filling[0].1), ("care/third", at("16 10:00")));
    shop.complaint("16 10:00", "");
    assert_eq!(shop.driver.engine().filling(), vec![]);
}

#[test]
fn a_changed_where_is_filled_with_facts_as_they_were() {
    let gold = COUNT.replace("complaints\n", "complaints\n    where customer.segment is \"gold\"\n");
    let mut shop = Shop::open(rules(COUNT));
    shop.complaint("02 10:00", "");
    let fact = r#"{"thing": "customer", "id": "C1", "at": "2026-03-02T12:00:00+01:00", "facts": {"segment": "gold"}}"#;
    match parse_line(fact, &shop.rules.vocabulary) {
        Ok(FeedLine::Facts { change, .. }) => drop(shop.give(Input::Fact(change), at("02 12:00"))),
        other => panic!("{other:?}"),
    }
    shop.complaint("03 10:00", "");
    shop.reload(rules(&gold), "03 12:00");
    // The first one was not yet about a gold customer: two more are needed, not one.
    assert_eq!(words(&shop.complaint("04 10:00", "")), Vec::<String>::new());
    assert_eq!(words(&shop.complaint("05 10:00", "")), ["sent alert to care_team three"]);
}

#[test]
fn a_changed_key_clears_the_counters_and_says_so() {
    let mut shop = Shop::open(rules(COUNT));
    shop.complaint("02 10:00", "\"topic\": \"delivery\"");
    shop.complaint("03 10:00", "\"topic\": \"delivery\"");
    let by_topic = COUNT.replace("same customer", "same customer and topic");
    let (plan, _) = shop.reload(rules(&by_topic), "03 12:00");
    assert_eq!(plan.to_string(), "care/third: changed: key; counters are cleared\n");
    assert_eq!(words(&shop.complaint("04 10:00", "\"topic\": \"delivery\"")), Vec::<String>::new());
}

#[test]
fn an_added_rule_is_filled_and_fires_nothing() {
    let mut shop = Shop::open(rules(""));
    for day in ["02 10:00", "03 10:00", "04 10:00"] {
        shop.complaint(day, "");
    }
    let (_, effects) = shop.reload(rules(COUNT), "04 12:00");
    assert_eq!(words(&effects), Vec::<String>::new());
    assert_eq!(words(&shop.until("04 20:00")), Vec::<String>::new());
    assert_eq!(words(&shop.complaint("05 10:00", "")), ["sent alert to care_team three"]);
}

const LIMITED: &str = r#"
rule each "Each complaint"
  when complaint
  at most once every 7 days per customer
  then alert care_team saying "one"
"#;

#[test]
fn a_limit_is_recomputed_from_the_last_firing() {
    let mut shop = Shop::open(rules(LIMITED));
    assert_eq!(words(&shop.complaint("02 10:00", "")), ["sent alert to care_team one"]);
    shop.reload(rules(&LIMITED.replace("7 days", "3 days")), "02 12:00");
    assert_eq!(words(&shop.complaint("04 10:00", "")), ["limited firing to "]);
    assert_eq!(words(&shop.complaint("05 10:00", "")), ["sent alert to care_team one"]);
    shop.reload(rules(&LIMITED.replace("7 days", "10 days")), "05 12:00");
    assert_eq!(words(&shop.complaint("14 10:00", "")), ["limited firing to "]);
    assert_eq!(words(&shop.complaint("15 10:00", "")), ["sent alert to care_team one"]);
}

const DELAYED: &str = r#"
rule later "Later"
  when complaint
  then alert care_team saying "at once"
    after 4 hours:
      alert head_office saying "after four hours"
"#;

#[test]
fn a_pending_action_is_planned_anew_from_its_original_start() {
    let mut shop = Shop::open(rules(DELAYED));
    shop.complaint("02 10:00", "");
    let (plan, effects) = shop.reload(rules(&DELAYED.replace("4 hours", "6 hours")), "02 12:00");
    assert_eq!(plan.to_string(), "care/later: changed: actions; counters are kept\n");
    assert_eq!(words(&effects), ["planned alert to head_office after four hours due 2026-03-02T15:00:00Z"]);
    assert_eq!(words(&shop.until("02 15:59")), Vec::<String>::new());
    assert_eq!(words(&shop.until("02 16:00")), ["sent alert to head_office after four hours"]);
}

#[test]
fn a_pending_action_that_is_gone_is_cancelled() {
    let mut shop = Shop::open(rules(DELAYED));
    shop.complaint("02 10:00", "");
    let cut = DELAYED.split("    after").next().expect("a first part").to_owned();
    let (_, effects) = shop.reload(rules(&cut), "02 12:00");
    assert_eq!(words(&effects), ["cancelled alert to head_office after four hours"]);
    assert_eq!(words(&shop.until("03 10:00")), Vec::<String>::new());
}

#[test]
fn a_new_guard_holds_at_once_for_what_is_pending() {
    let mut shop = Shop::open(rules(DELAYED));
    shop.complaint("02 10:00", "");
    let guarded = DELAYED.replace("  then alert", "  only if customer.segment is \"gold\"\n  then alert");
    shop.reload(rules(&guarded), "02 12:00");
    assert_eq!(words(&shop.until("02 14:00")), ["cancelled alert to head_office after four hours"]);
}

#[test]
fn a_rule_that_comes_back_within_the_grace_keeps_its_state_and_steps() {
    let both = format!("{COUNT}{DELAYED}");
    let mut shop = Shop::open(rules(&both));
    shop.complaint("02 10:00", "");
    shop.complaint("02 10:01", "");
    let (plan, effects) = shop.reload(rules(""), "02 10:02");
    assert_eq!(plan.rules.len(), 2);
    assert_eq!(words(&effects), Vec::<String>::new());
    let (_, effects) = shop.reload(rules(&both), "02 10:11");
    assert_eq!(words(&effects), Vec::<String>::new());
    let third = shop.complaint("02 10:20", "");
    assert!(words(&third).contains(&"sent alert to care_team three".to_owned()), "{:?}", words(&third));
    let sent = words(&shop.until("02 14:02"));
    assert_eq!(sent, ["sent alert to head_office after four hours", "sent alert to head_office after four hours"]);
}

#[test]
fn a_rule_that_stays_away_is_given_up_and_its_steps_are_listed() {
    let mut shop = Shop::open(rules(DELAYED));
    shop.complaint("02 10:00", "");
    shop.reload(rules(""), "02 10:02");
    assert_eq!(words(&shop.until("02 10:11")), Vec::<String>::new());
    assert_eq!(words(&shop.until("02 10:12")), ["cancelled alert to head_office after four hours"]);
    assert_eq!(words(&shop.until("03 10:00")), Vec::<String>::new());
}

const LADDER: &str = r#"
rule climb "Climb"
  when complaint
  then escalate until acknowledged
    now:
      alert care_team saying "first"
    after 2 hours:
      alert head_office saying "second"
"#;

#[test]
fn a_ladder_keeps_what_was_sent_and_plans_the_rest_anew() {
    let mut shop = Shop::open(rules(LADDER));
    let first = words(&shop.complaint("02 10:00", ""));
    assert_eq!(
        first,
        ["sent alert to care_team first", "planned alert to head_office second due 2026-03-02T11:00:00Z"]
    );
    let (_, effects) = shop.reload(rules(&LADDER.replace("2 hours", "5 hours")), "02 11:00");
    assert_eq!(words(&effects), ["planned alert to head_office second due 2026-03-02T14:00:00Z"]);
    assert_eq!(words(&shop.until("02 15:00")), ["sent alert to head_office second"]);
}

#[test]
fn pausing_holds_what_is_planned_and_shadow_sends_nothing() {
    let mut shop = Shop::open(rules(DELAYED));
    shop.complaint("02 10:00", "");
    let status = |word: &str| rules(&DELAYED.replace("\"Later\"\n", &format!("\"Later\"\n  status {word}\n")));
    shop.reload(status("paused"), "02 11:00");
    assert_eq!(words(&shop.complaint("02 11:30", "")), Vec::<String>::new(), "a paused rule sees nothing");
    assert_eq!(words(&shop.until("02 15:00")), Vec::<String>::new(), "and holds what is planned");
    shop.reload(rules(DELAYED), "02 16:00");
    assert_eq!(words(&shop.until("02 16:01")), ["sent alert to head_office after four hours"]);
    shop.reload(status("shadow"), "02 17:00");
    let silenced = words(&shop.complaint("02 18:00", ""));
    assert_eq!(silenced, ["silenced alert to care_team at once", "silenced alert to head_office after four hours"]);
}

#[test]
fn a_rule_that_does_not_compile_keeps_its_running_version() {
    let both = format!("{COUNT}{LIMITED}");
    let mut shop = Shop::open(rules(&both));
    shop.complaint("02 10:00", "");
    shop.complaint("03 10:00", "");
    // `third` is broken in the new file, and `each` says something else.
    let new = rules(&LIMITED.replace("\"one\"", "\"another\""));
    let broken = [touchline::id::RuleId::new("care", "third")];
    let kept = Arc::new(new.keeping(&shop.rules, &broken).expect("the vocabulary is the same"));
    let (plan, effects) = shop.reload(kept, "03 12:00");
    assert_eq!(plan.to_string(), "care/each: changed: actions; counters are kept\ncare/third: unchanged\n");
    assert_eq!(words(&effects), Vec::<String>::new());
    assert!(words(&shop.complaint("04 10:00", "")).contains(&"sent alert to care_team three".to_owned()));
    let other = rules_with(&VOCABULARY.replace("weight", "heaviness"), LIMITED);
    assert_eq!(other.keeping(&shop.rules, &broken).unwrap_err(), broken, "a vocabulary changes with all rules or not");
}

#[test]
fn a_changed_vocabulary_moves_what_is_kept_by_name() {
    let moved = VOCABULARY
        .replace(
            "about: [customer, store]\n    fields: {topic:",
            "about: [store, customer]\n    fields: {mood: \"text, optional\", topic:",
        )
        .replace("  customer: {segment", "  region: {name: text}\n  customer: {nickname: text, segment");
    let sequence = r#"
rule again "Again about the same"
  when complaint where topic is "delivery"
    followed by complaint where topic is "refund"
    for the same customer
    within 14 days
  then alert care_team saying "{first.topic} then {topic} of {customer}"
"#;
    let mut shop = Shop::open(rules(sequence));
    shop.complaint("02 10:00", "\"topic\": \"delivery\"");
    shop.reload(rules_with(&moved, sequence), "02 12:00");
    assert_eq!(
        words(&shop.complaint("03 10:00", "\"topic\": \"refund\"")),
        ["sent alert to care_team delivery then refund of C1"]
    );
}

/// M23: what went out before counts under the new budget, also after a restart; quiet hours hold from the switch on.
#[test]
fn a_changed_contact_budget_counts_what_went_out_before() {
    let mailing = |budget: &str| {
        let vocabulary = format!("{VOCABULARY}contact_budget:\n  customer: {{email: {budget}}}\n{QUIET}");
        let mut sources = Sources::default();
        sources.add("shop/vocabulary.yaml", vocabulary.as_bytes());
        sources.add("shop/directory.yaml", DIRECTORY.as_bytes());
        sources.add("shop/emails/sorry/template.yaml", b"class: survey\nfallback: en\n");
        sources.add("shop/emails/sorry/en/subject.txt", b"Sorry");
        sources.add("shop/emails/sorry/en/body.txt", b"We are.");
        let rule = "rule sorry \"Sorry\"\n  when complaint\n  then email customer using \"sorry\"\n";
        sources.add("shop/care.play", format!("playbook care \"Care\"\n{rule}").as_bytes());
        let project = compile::project(&sources, &compile::Options::default());
        let errors: Vec<_> = project.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        project.units[0].ruleset()
    };
    const QUIET: &str = "  quiet_hours: 21:00 to 08:00\n";
    let (sent, limited) = (["sent email to customer C1"], ["limited email to customer C1"]);
    let mut shop = Shop::open(mailing("3 every 7 days"));
    let address = r#"{"thing": "customer", "id": "C1", "at": "2026-03-02T09:00:00+01:00", "facts": {"email": "c1@example.test"}}"#;
    let Ok(FeedLine::Facts { change, .. }) = parse_line(address, &shop.rules.vocabulary) else {
        panic!("it is a fact")
    };
    shop.give(Input::Fact(change), at("02 09:00"));
    assert_eq!(words(&shop.complaint("02 10:00", "")), sent);
    assert_eq!(words(&shop.complaint("03 10:00", "")), sent);
    let tighter = mailing("2 every 7 days");
    shop.reload(tighter.clone(), "03 12:00");
    assert_eq!(words(&shop.complaint("04 10:00", "")), limited, "two went out in these seven days");
    let saved = shop.driver.engine().save();
    shop.driver.replace(Engine::restore(tighter, &*saved).expect("it was saved under this set"));
    assert_eq!(words(&shop.complaint("05 10:00", "")), limited);
    assert_eq!(words(&shop.complaint("09 10:00", "")), sent, "the first is seven days old");
    shop.reload(mailing("9 every 7 days"), "09 12:00");
    assert_eq!(words(&shop.complaint("09 13:00", "")), sent, "a wider budget has room at once");
    let waits = ["planned email to customer C1 due 2026-03-10T07:00:00Z"];
    assert_eq!(words(&shop.complaint("09 22:00", "")), waits);
    assert_eq!(words(&shop.until("10 09:00")), sent);
}

#[test]
fn state_that_was_saved_goes_on_after_a_change() {
    let mut shop = Shop::open(rules(COUNT));
    shop.complaint("02 10:00", "");
    let changed = rules(&COUNT.replace("14 days", "10 days"));
    shop.reload(changed.clone(), "02 12:00");
    let saved = shop.driver.engine().save();
    assert!(Engine::restore(rules(COUNT), &*saved).is_err(), "a state belongs to its rule set");
    shop.driver.replace(Engine::restore(changed, &*saved).expect("it was saved under this set"));
    shop.complaint("03 10:00", "");
    assert_eq!(words(&shop.complaint("04 10:00", "")), ["sent alert to care_team three"]);
}

#[test]
fn a_closed_case_counts_also_when_a_window_is_filled() {
    let care = COUNT.replace("  then alert care_team saying \"three\"", "  then open case for customer");
    let mut shop = Shop::open(rules(&care.replace("14 days", "2 days")));
    for hour in ["02 10:00", "02 11:00", "02 12:00"] {
        shop.complaint(hour, "");
    }
    let target = Target::Rule { rule: RuleId::new("care", "third"), key: vec![Value::Id("C1".into())] };
    let close = HumanAction::Close { target, outcome: "done".into() };
    shop.give(Input::Human(Human { by: "".into(), action: close }), at("02 13:00"));
    shop.reload(rules(&care), "02 14:00");
    shop.complaint("02 15:00", "");
    assert_eq!(words(&shop.complaint("02 16:00", "")), Vec::<String>::new(), "counting starts again after the case");
    assert_eq!(words(&shop.complaint("02 17:00", "")), ["sent open_case to customer C1"]);
}

#[test]
fn windows_are_filled_with_what_the_rules_of_then_decided() {
    let marks = r#"
rule mark "Mark"
  when complaint where topic is "delivery"
  then set customer.segment to "gold"
"#;
    let gold = COUNT.replace("complaints\n", "complaints\n    where customer.segment is \"gold\"\n");
    let mut shop = Shop::open(rules(marks));
    let first = shop.rules.clone();
    shop.complaint("02 10:00", "\"topic\": \"delivery\"");
    // From here on nobody marks customers; the first one stays gold.
    shop.reload(rules(""), "02 11:00");
    shop.complaint("02 12:00", "");
    shop.complaint("02 13:00", "");
    shop.rules = first;
    shop.reload(rules(&gold), "02 14:00");
    assert_eq!(words(&shop.complaint("02 15:00", "")), ["sent alert to care_team three"]);
}

const CHECKED: &str = r#"
rule busy "Busy"
  when count of complaint over the last 7 days is at least 1
  for each store
  check every day at 07:00
  then alert care_team saying "busy"
"#;

#[test]
fn a_check_that_comes_round_at_the_instant_of_a_change_still_comes() {
    let mut shop = Shop::open(rules(CHECKED));
    shop.signal("complaint", "02 10:00", "\"customer\": \"C1\", \"store\": \"S7\"");
    shop.reload(rules(&CHECKED.replace("\"busy\"", "\"very busy\"")), "03 07:00");
    assert_eq!(words(&shop.until("03 07:01")), ["sent alert to care_team very busy"]);
}

#[test]
fn a_rule_that_begins_to_check_knows_every_store_seen_before() {
    let unchecked = CHECKED.replace("  check every day at 07:00\n", "").replace("at least 1", "less than 1");
    let mut shop = Shop::open(rules(&unchecked));
    shop.signal("queue_reading", "02 10:00", "\"store\": \"S9\", \"wait\": 1");
    shop.reload(rules(&CHECKED.replace("at least 1", "less than 1")), "02 12:00");
    assert_eq!(words(&shop.until("03 07:01")), ["sent alert to care_team busy"]);
}

#[test]
fn a_rule_that_comes_back_changed_follows_its_change() {
    let mut shop = Shop::open(rules(DELAYED));
    shop.complaint("02 10:00", "");
    shop.reload(rules(""), "02 10:02");
    let (_, effects) = shop.reload(rules(&DELAYED.replace("head_office", "care_team")), "02 10:05");
    assert_eq!(words(&effects), ["cancelled alert to head_office after four hours"]);
    assert_eq!(words(&shop.until("03 10:00")), Vec::<String>::new());
}

#[test]
fn a_stay_that_would_have_run_out_waits_for_the_next_reading() {
    let stays = r#"
rule long "Long wait"
  when queue_reading.wait stays over 10 minutes for 3 hours
  for each store
  then alert care_team saying "long"
"#;
    let mut shop = Shop::open(rules(stays));
    shop.signal("queue_reading", "02 10:00", "\"store\": \"S7\", \"wait\": 20");
    shop.reload(rules(&stays.replace("3 hours", "1 hour")), "02 12:00");
    assert_eq!(words(&shop.until("02 18:00")), Vec::<String>::new());
    shop.signal("queue_reading", "02 18:00", "\"store\": \"S7\", \"wait\": 20");
    assert_eq!(words(&shop.until("02 18:01")), ["sent alert to care_team long"]);
}
