//! What comes in: random signals of the retail vocabulary, few customers and stores so that keys meet, duplicates,
//! updates, late ones, facts, and what people do.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use touchline::engine::Engine;
use touchline::engine::input::{Human, HumanAction, Input, Target};
use touchline::id::RuleId;
use touchline::signal::{FeedLine, parse_line};
use touchline::value::{Str, Value};
use touchline::vocabulary::Vocabulary;

use crate::support::random::Dice;

const STORES: [&str; 4] = ["S7", "S9", "S21", "S23"];
const CUSTOMERS: [&str; 4] = ["C1", "C2", "C3", "C4"];
const TOPICS: [&str; 2] = ["delivery", "Queue"];

/// Makes lines, each with an id of its own.
#[derive(Default)]
pub struct Sender {
    next: u64,
    lines: Vec<String>,
}

/// What is known of the customers before anything happens.
pub fn facts(at: Timestamp) -> Vec<String> {
    let segment = ["gold", "gold", "silver", "bronze"];
    let language = ["en", "pl", "ru", "lt"];
    let line = |(n, customer): (usize, &&str)| {
        let email = format!("{}@example.test", customer.to_lowercase());
        let facts =
            json!({"segment": segment[n], "language": language[n], "email": email, "time_zone": "Europe/Madrid"});
        json!({"thing": "customer", "id": customer, "at": at.to_string(), "facts": facts}).to_string()
    };
    CUSTOMERS.iter().enumerate().map(line).collect()
}

/// Reads a line as the way in does.
pub fn read(line: &str, vocabulary: &Vocabulary) -> Input {
    match parse_line(line, vocabulary).unwrap_or_else(|refused| panic!("{line}: {refused:?}")) {
        FeedLine::Signal(signal) => Input::Signal(signal),
        FeedLine::Facts { change, .. } => Input::Fact(change),
        FeedLine::Human(_) => panic!("{line} is of a person"),
    }
}

impl Sender {
    /// A signal that happened about now; now and then one that was sent before.
    pub fn line(&mut self, dice: &mut Dice, now: Timestamp) -> String {
        if !self.lines.is_empty() && dice.once_in(14) {
            let line = dice.pick(&self.lines).clone();
            // The same content is a duplicate, other content an update.
            return if dice.once_in(3) { line.replace("\"score\":4", "\"score\":5") } else { line };
        }
        self.next += 1;
        let late = if dice.once_in(9) { *dice.pick(&[60, 600, 7_200, 90_000, 400_000, 900_000]) } else { 0 };
        let at = (now - SignedDuration::from_secs(late)).to_string();
        let (customer, store) = (*dice.pick(&CUSTOMERS), *dice.pick(&STORES));
        let id = format!("s{}", self.next);
        let head = json!({"id": id, "at": at, "store": store});
        let more = match dice.below(20) {
            0..=4 => {
                json!({"signal": "survey_response", "customer": customer, "touchpoint": "checkout", "channel": "store",
                "score": *dice.pick(&[1, 4, 4, 8, 10]),
                "comment": *dice.pick(&["Nobody helped me", "so kind and helpful", "never again", "small print"])})
            }
            5..=8 => json!({"signal": "complaint", "customer": customer, "topic": *dice.pick(&TOPICS)}),
            9..=11 => json!({"signal": "queue_reading", "touchpoint": "checkout",
                "wait": *dice.pick(&[1, 7, 9, 11, 15])}),
            12..=14 => json!({"signal": "counter_reading", "touchpoint": "service",
                "staff": *dice.pick(&[0, 0, 1, 3]), "reaction": *dice.pick(&[1, 6])}),
            15 => json!({"signal": "online_review", "customer": customer, "stars": *dice.pick(&[1, 2, 5]),
                "channel": "web", "comment": "refund"}),
            16 => json!({"signal": "order_placed", "customer": customer, "order": format!("O{}", dice.below(6))}),
            17 => json!({"signal": "order_delivered", "customer": customer, "order": format!("O{}", dice.below(6))}),
            18 => json!({"signal": "purchase", "customer": customer, "amount": "20 EUR", "channel": "store"}),
            _ => json!({"signal": "service_rating", "customer": customer, "satisfaction": 1 + dice.below(5)}),
        };
        let mut line = head;
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let line = line.to_string();
        self.lines.push(line.clone());
        line
    }

    /// A fact that changes.
    pub fn fact(&mut self, dice: &mut Dice, now: Timestamp) -> String {
        let facts = match dice.below(3) {
            0 => json!({"segment": *dice.pick(&["gold", "silver", "bronze"])}),
            1 => json!({"email": format!("c{}@example.test", 1 + dice.below(9))}),
            _ => json!({"language": *dice.pick(&["en", "pl"])}),
        };
        json!({"thing": "customer", "id": *dice.pick(&CUSTOMERS), "at": now.to_string(), "facts": facts}).to_string()
    }
}

/// What somebody does: mostly about a case that there is.
pub fn person(dice: &mut Dice, engine: &Engine, now: Timestamp) -> Input {
    let open: Vec<Str> = engine.cases().iter().filter(|(_, case)| case.open).map(|(id, _)| id.clone()).collect();
    let target = match open.is_empty() || dice.once_in(3) {
        false => Target::Case(dice.pick(&open).clone()),
        true if dice.once_in(2) => {
            let key = vec![
                Value::Id((*dice.pick(&CUSTOMERS)).into()),
                Value::Text((*dice.pick(&["delivery", "queue"])).into()),
            ];
            Target::Rule { rule: RuleId::new("retail_care", "repeat_complaint"), key }
        }
        true => {
            let key = vec![Value::Id((*dice.pick(&STORES)).into())];
            Target::Rule { rule: RuleId::new("queue_and_counter", "counter_unattended"), key }
        }
    };
    let action = match dice.below(10) {
        0..=2 => HumanAction::Acknowledge(target),
        3..=5 => HumanAction::Close { target, outcome: "called".into() },
        6 => HumanAction::Assign { target, to: "ana@example.test".into() },
        7 => HumanAction::Contact { target: Some(target), customer: None },
        8 => HumanAction::Contact { target: None, customer: Some((*dice.pick(&CUSTOMERS)).into()) },
        _ => HumanAction::Silence {
            rule: Some(RuleId::new("queue_and_counter", "counter_unattended")),
            until: now + SignedDuration::from_hours(1 + dice.below(5) as i64),
        },
    };
    Input::Human(Human { by: "ana".into(), action })
}
