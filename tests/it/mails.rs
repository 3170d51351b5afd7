//! What customers' mails and staff's texts say of amounts and dates.

use jiff::Timestamp;
use touchline::compile::{Options, project};
use touchline::engine::Watch;
use touchline::engine::effect::What;
use touchline::engine::input::Input;
use touchline::lang::source::Sources;
use touchline::replay::driver::{Driver, Turn, always_sent};
use touchline::signal::{FeedLine, parse_line};

const VOCABULARY: &str = "vocabulary: Shop\ntime_zone: Europe/Warsaw\nlanguages: [en, pl, lt]\njourney: {after: [delivery]}\nchannels: [web]\n\
    things: {customer: {language: language, email: \"email, personal\"}}\n\
    signals:\n  refund:\n    about: [customer]\n    fields: {amount: money, by_day: date}\n";

const PLAYBOOK: &str = r#"playbook shop "Shop" version 1

rule refund "A refund"
  when refund
  at most once every 1 day per customer
  then alert care_team saying "{amount} by {by_day}."
    and email customer using "refund" in customer.language with fee 0.5 EUR, code "1.5"
"#;

#[test]
fn amounts_have_their_places_and_mails_speak_the_way_of_their_language() {
    let mut sources = Sources::default();
    sources.add("vocabulary.yaml", VOCABULARY.as_bytes());
    sources.add("directory.yaml", b"company: {owner: o@example.test, roles: {care_team: [care@example.test]}}\n");
    sources.add("shop.play", PLAYBOOK.as_bytes());
    sources.add("emails/refund/template.yaml", b"class: transactional\nfallback: en\n");
    for language in ["en", "pl", "lt"] {
        let body = "{{ amount }} / {{ by_day }} / {{ fee }} / {{ code }}\n";
        sources.add(format!("emails/refund/{language}/subject.txt"), b"Refund\n");
        sources.add(format!("emails/refund/{language}/body.txt"), body.as_bytes());
    }
    let project = project(&sources, &Options::default());
    assert!(project.diagnostics.is_empty(), "{:?}", project.diagnostics);
    let rules = project.units[0].ruleset();
    let mut driver = Driver::new(rules.clone(), Watch::Nothing);
    let mut said = vec![];
    for (number, language) in [(1, "en"), (2, "pl"), (3, "lt-LT"), (4, "")] {
        let at: Timestamp = format!("2026-03-1{number}T10:00:00Z").parse().unwrap();
        let facts = match language {
            "" => r#"{"email": "c@example.test"}"#.to_owned(),
            _ => format!(r#"{{"email": "c@example.test", "language": "{}"}}"#, &language[..2]),
        };
        let lines = [
            format!(r#"{{"thing": "customer", "id": "C{number}", "at": "{at}", "facts": {facts}}}"#),
            format!(
                r#"{{"id": "r-{number}", "signal": "refund", "at": "{at}", "customer": "C{number}", "amount": "15.5 EUR", "by_day": "2026-12-01"}}"#
            ),
        ];
        for line in lines {
            let input = match parse_line(&line, &rules.vocabulary).unwrap() {
                FeedLine::Signal(signal) => Input::Signal(signal),
                FeedLine::Facts { change, .. } => Input::Fact(change),
                FeedLine::Human(_) => unreachable!("no such line is there"),
            };
            let mut see = |turn: Turn| {
                said.extend(turn.step.effects.iter().filter_map(|effect| match &effect.what {
                    What::Alert { text, .. } => Some(text.to_string()),
                    What::Email { mail: Some(mail), .. } => Some(mail.text.trim().to_owned()),
                    _ => None,
                }));
            };
            driver.input(input, at, &mut always_sent, &mut see);
        }
    }
    let alert = "15.50 EUR by 2026-12-01.";
    let english = "15.50 EUR / 1 December 2026 / 0.50 EUR / 1.5";
    let polish = "15,50 EUR / 1 grudnia 2026 / 0,50 EUR / 1.5";
    let lithuanian = "15,50 EUR / 2026 m. gruodžio 1 d. / 0,50 EUR / 1.5";
    assert_eq!(said, [alert, english, alert, polish, alert, lithuanian, alert, english]);
}
