//! What rows say; and rows for other tests.

use std::sync::Arc;

use super::*;
use crate::engine::effect::{Mail, Outcome, Values};
use crate::engine::store::{Kind, RowId, RowState};
use crate::id::{Position, RuleId};
use crate::number::Number;

/// A firing of `retail_care/repeat_complaint` for customer C1.
pub(crate) fn firing() -> Firing {
    Firing {
        rule: RuleId::new("retail_care", "repeat_complaint"),
        at: instant("2026-03-27T16:00:00Z"),
        position: Position(7),
        key: vec![("customer".into(), Value::Id("C1".into())), ("topic".into(), Value::Text("delivery".into()))],
        signal: None,
        signals: vec![],
        signals_total: 3,
        late: false,
        ruleset: [0; 16],
        chain: vec![],
        values: Values::default(),
        compared: vec![],
    }
}

/// A row with `what` for `to`, of [`firing`].
pub(crate) fn row(what: What, to: &str, step: u16, firing: Option<Firing>) -> Row {
    let thread = match firing.as_ref().map(|firing| &firing.values.case) {
        Some(Value::Id(case)) => Some(case.clone()),
        _ => None,
    };
    let effect = Effect {
        id: EffectId::of(&[b"effect", &step.to_le_bytes()]),
        at: instant("2026-03-27T16:00:00Z"),
        outcome: Outcome::Sent,
        reason: "immediate".into(),
        what,
        to: "team_lead of S7".into(),
        due: None,
        step,
        firing: firing.map(Arc::new),
    };
    Row {
        id: RowId { effect: effect.id, recipient: 0 },
        kind: if matches!(effect.what, What::Post { .. }) { Kind::Webhook } else { Kind::Mail },
        to: to.into(),
        thread,
        state: RowState::Waiting,
        attempt: 0,
        not_before: effect.at,
        give_up: instant("2026-03-28T16:00:00Z"),
        withdrawn: false,
        why: "".into(),
        effect,
    }
}

pub(crate) fn alert(text: &str) -> What {
    What::Alert { role: "team_lead".into(), addresses: vec![], text: text.into() }
}

pub(crate) fn instant(text: &str) -> Timestamp {
    text.parse().expect("a test's instant is well formed")
}

fn mail() -> What {
    let mail = Mail {
        address: "c1@example.test".into(),
        language: "lt".into(),
        subject: "Ačiū".into(),
        text: "Ačiū, Jūrate!".into(),
        html: Some("<p>Ačiū</p>".into()),
    };
    What::Email { template: "thank_you".into(), mail: Some(mail) }
}

#[test]
fn an_alert_is_its_text_with_a_first_line_as_subject_and_a_footer_to_find_it_again() {
    let row = row(alert("Same complaint three times.\nPlease call."), "lead@example.test", 2, Some(firing()));
    let letter = letter(&row).unwrap();
    assert_eq!(letter.subject, "Same complaint three times.");
    assert_eq!(
        letter.text,
        "Same complaint three times.\nPlease call.\n\n-- \nrule     retail_care/repeat_complaint\n\
         for      C1 and delivery\nstep     2 of the ladder\nto       team_lead of S7\n\
         decided  2026-03-27T16:00:00Z\n"
    );
    assert_eq!((letter.html, letter.to.as_str()), (None, "lead@example.test"));
}

#[test]
fn the_steps_of_one_ladder_share_a_thread_and_other_firings_and_customers_do_not() {
    let root = |what: What, step: u16, firing: Firing| letter(&row(what, "x", step, Some(firing))).unwrap().thread;
    let later = Firing { position: Position(90), ..firing() };
    let of_case = |position: u64| Firing {
        position: Position(position),
        values: Values { case: Value::Id("case-1".into()), ..Values::default() },
        ..firing()
    };
    let first = root(alert("a"), 1, firing());
    assert!(first.is_some());
    assert_eq!(first, root(alert("b"), 2, firing()));
    assert_ne!(first, root(alert("a"), 1, later));
    assert_eq!(root(alert("a"), 0, firing()), None);
    assert_eq!(root(alert("a"), 0, of_case(1)), root(alert("b"), 3, of_case(2)));
    assert_ne!(root(alert("a"), 0, of_case(1)), root(mail(), 0, of_case(1)));
}

#[test]
fn a_customers_mail_is_what_its_template_made_and_nothing_else() {
    let letter = letter(&row(mail(), "c1@example.test", 0, Some(firing()))).unwrap();
    assert_eq!((letter.subject.as_str(), letter.text.as_str()), ("Ačiū", "Ačiū, Jūrate!"));
    assert_eq!(letter.html.as_deref(), Some("<p>Ačiū</p>"));
    let unfilled = What::Email { template: "thank_you".into(), mail: None };
    assert_eq!(super::letter(&row(unfilled, "c1@example.test", 0, Some(firing()))), None);
    assert_eq!(super::letter(&row(What::Firing, "c1@example.test", 0, None)), None);
}

#[test]
fn a_webhook_tells_type_time_and_data_and_is_the_same_on_every_try() {
    let values = vec![
        ("score".into(), Value::Number(Number::from_whole(4))),
        ("share".into(), Value::Number("0.25".parse().unwrap())),
        ("gold".into(), Value::YesNo(true)),
        ("topic".into(), Value::Missing),
        ("say".into(), Value::Text("\"quoted\"\n".into())),
    ];
    let row = row(What::Post { endpoint: "crm".into(), values }, "crm", 0, Some(firing()));
    let body = webhook(&row).unwrap();
    assert_eq!(body, webhook(&row).unwrap());
    let read: Json = serde_json::from_slice(&body).unwrap();
    assert_eq!(read["type"], "post.retail_care.repeat_complaint");
    assert_eq!(read["timestamp"], "2026-03-27T16:00:00Z");
    let expected = json!({"score": 4, "share": 0.25, "gold": true, "topic": null, "say": "\"quoted\"\n"});
    assert_eq!(read["data"]["values"], expected);
    assert_eq!(read["data"]["firing"]["key"], json!({"customer": "C1", "topic": "delivery"}));
    assert_eq!(webhook(&super::tests::row(mail(), "x", 0, None)), None);
}
