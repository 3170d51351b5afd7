//! Mails through a real SMTP server and a webhook to a real receiver. Ignored by `cargo test`: `bash tests/mail/run.sh`
//! starts the servers, runs this, and reads back what arrived with other people's libraries.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value as Json, json};
use touchline::deliver::courier::Van;
use touchline::deliver::email::{Carrier, Desk, Login, Server, Smtp, TlsMode};
use touchline::deliver::network::Networks;
use touchline::deliver::webhook::{Endpoint, Poster, Rules};
use touchline::deliver::worker::Courier;
use touchline::deliver::{Secret, Tried, payload};
use touchline::engine::effect::{Effect, Firing, Mail, Values, What};
use touchline::engine::store::{Kind, Row};
use touchline::id::{Position, RuleId};
use touchline::number::Number;
use touchline::store::outbox::{Patience, rows};
use touchline::value::Value;
use touchline::vocabulary::directory::Directory;

use super::outbox::{alert, effect, start};
use super::run;

fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `bash tests/mail/run.sh`"))
}

fn server(tls: TlsMode, port: &str, password: &str) -> Server {
    let login = Login { user: setting("MAIL_USER"), password: Secret::new(password) };
    Server {
        port: Some(setting(port).parse().unwrap()),
        login: Some(login),
        trust: Some(std::fs::read(setting("MAIL_CA")).unwrap()),
        hello: Some("touchline.example.test".to_owned()),
        patience: Duration::from_secs(10),
        ..Server::new("localhost", tls)
    }
}

fn van(server: Server) -> Van {
    let desk = Desk::new("Kundendienst Käse", "care@shop.example.test", Some("team@shop.example.test")).unwrap();
    let allowed = Networks(vec!["127.0.0.1".parse().unwrap()]);
    let poster = Poster::new(Rules { allowed, ..Rules::default() }).unwrap();
    Van::new(desk, Carrier::Smtp(Box::new(Smtp::new(server).unwrap())), poster, None)
}

fn row(effect: &Effect) -> Row {
    rows(effect, &Directory::default(), Patience::default()).remove(0)
}

fn firing(case: Value) -> Firing {
    Firing {
        rule: RuleId::new("retail_care", "repeat_complaint"),
        at: start(),
        position: Position(7),
        key: vec![("customer".into(), Value::Id("C1".into()))],
        signal: None,
        signals: vec![],
        signals_total: 3,
        late: false,
        ruleset: [0; 16],
        chain: vec![],
        values: Values { case, ..Values::default() },
        compared: vec![],
    }
}

/// A mail to a customer.
fn letter(number: u32, to: &str, subject: &str, text: &str, html: Option<&str>) -> Row {
    let mail = Mail {
        address: to.into(),
        language: "en".into(),
        subject: subject.into(),
        text: text.into(),
        html: html.map(Into::into),
    };
    row(&effect(number, What::Email { template: "thank_you".into(), mail: Some(mail) }))
}

fn letters() -> Vec<Row> {
    let long = "A long line without an end, ".repeat(80);
    let mut rows = vec![
        letter(1, "c1@example.test", "Thank you", "Thank you.\n.\n.hidden\n..\nFrom here on\n", None),
        letter(
            2,
            "c2@example.test",
            "Ačiū, Jūrate — labai!",
            "Ačiū už laišką.\n",
            Some("<p>Ačiū už <b>laišką</b></p>\n"),
        ),
        letter(3, "c3@example.test", "Дякуємо", "Дякуємо, вам зателефонують.\n", Some("<p>Дякуємо</p>\n")),
        letter(4, "c4@example.test", "=?utf-8?q?=0D=0ABcc:_victim=40example.test?=", &long, None),
        letter(5, "c5+a.b@sub.example.test", &"Zażółć gęślą jaźń ".repeat(12), "=3D = %0A =\n\n\n", Some(&long)),
        letter(
            6,
            "c6@example.test",
            "\"quoted\" <b> & 客服中心",
            "客服中心的等待时间太长了。\n--part-\nBcc: victim@example.test\n",
            None,
        ),
    ];
    // Two steps of a ladder are one thread; so are two alerts about one case.
    for (number, step, case) in [(10, 1, Value::Missing), (11, 2, Value::Missing)] {
        let effect = Effect { step, firing: Some(firing(case).into()), ..alert(number, &["lead@example.test"]) };
        rows.push(row(&effect));
    }
    for number in [20, 21] {
        let case = firing(Value::Id("case-1".into()));
        rows.push(row(&Effect { firing: Some(case.into()), ..alert(number, &["owner@example.test"]) }));
    }
    rows
}

fn expected(row: &Row) -> Json {
    let letter = payload::letter(row).unwrap();
    let desk = Desk::new("", "care@shop.example.test", None).unwrap();
    json!({
        "message_id": format!("<{}>", desk.message_id(&letter.id)),
        "to": letter.to,
        "subject": letter.subject.trim(),
        "text": letter.text,
        "html": letter.html,
        "thread": letter.thread.map(|root| format!("<{}>", desk.message_id(&root.to_string()))),
    })
}

#[test]
#[ignore = "needs the servers of tests/mail/run.sh"]
fn mails_pass_a_real_server_and_a_webhook_a_real_receiver() {
    run(async {
        let password = setting("MAIL_PASSWORD");
        let starttls = van(server(TlsMode::Required, "MAIL_STARTTLS_PORT", &password));
        let implicit = van(server(TlsMode::Implicit, "MAIL_TLS_PORT", &password));
        let rows = letters();
        for (n, row) in rows.iter().enumerate() {
            let van = if n % 2 == 0 { &starttls } else { &implicit };
            assert_eq!(van.carry(row, start()).await, Tried::Sent, "mail {n}");
        }
        starttls.rest().await;
        implicit.rest().await;
        let expected: Vec<Json> = rows.iter().map(expected).collect();
        std::fs::write(setting("MAIL_EXPECTED"), serde_json::to_vec(&expected).unwrap()).unwrap();

        let wrong = van(server(TlsMode::Required, "MAIL_STARTTLS_PORT", "wrong")).carry(&rows[0], start()).await;
        assert_eq!(wrong, Tried::later("signing in at the mail server failed (535)"));
        let stranger = Server { trust: None, ..server(TlsMode::Required, "MAIL_STARTTLS_PORT", &password) };
        let distrusted = van(stranger).carry(&rows[0], start()).await;
        assert!(matches!(&distrusted, Tried::Later { reason, .. } if reason.contains("TLS")), "{distrusted:?}");
        let refused = letter(90, "nobody@example.test", "Thank you", "Thank you.", None);
        assert_eq!(
            starttls.carry(&refused, start()).await,
            Tried::refused("the mail server refused the recipient (550 5.1.1)")
        );
        post(&starttls).await;
    });
}

async fn post(van: &Van) {
    let url = format!("http://127.0.0.1:{}/hook", setting("HOOK_PORT"));
    let secrets = [Secret::new(setting("HOOK_NEW_SECRET")), Secret::new(setting("HOOK_SECRET"))];
    let endpoint = Endpoint::new(&url, &secrets).unwrap();
    van.set_endpoints(BTreeMap::from([("crm".into(), endpoint)]));
    let values = vec![
        ("customer".into(), Value::Id("C1".into())),
        ("score".into(), Value::Number(Number::from_whole(4))),
        ("say".into(), Value::Text("Ačiū \"labai\"\n".into())),
    ];
    let post = row(&effect(30, What::Post { endpoint: "crm".into(), values }));
    assert_eq!(post.kind, Kind::Webhook);
    let now = touchline::clock::wall_clock_now();
    assert_eq!(van.carry(&post, now).await, Tried::Sent);
}
