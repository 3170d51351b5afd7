//! What each failure of a mail server means, one mail at a time.

use std::time::Duration;

use touchline::deliver::Secret;
use touchline::deliver::Tried;
use touchline::deliver::email::{Composed, Desk, Letter, Login, Server as Configured, Smtp, SmtpError, TlsMode};

use super::misbehaving::{Mood, Server};
use super::outbox::start;
use super::run;

fn mail(to: &str) -> Composed {
    let letter = Letter {
        id: "0123abcd.0".to_owned(),
        at: start(),
        to: to.to_owned(),
        subject: "Same complaint three times".to_owned(),
        text: "Please call.\n.\n..two\n".to_owned(),
        html: None,
        thread: None,
    };
    Desk::new("touchline", "care@shop.example.test", None).unwrap().compose(&letter).unwrap()
}

pub fn configured(port: u16) -> Configured {
    let patience = Duration::from_millis(400);
    let server = Configured::new("127.0.0.1", TlsMode::None);
    Configured { port: Some(port), patience, patience_after_data: patience, ..server }
}

async fn send(moods: &[Mood]) -> (Vec<Tried>, Server) {
    let server = Server::scripted(moods).await;
    let smtp = Smtp::new(configured(server.port)).unwrap();
    let mut tried = Vec::new();
    for _ in moods {
        tried.push(smtp.send(&mail("lead@example.test")).await);
    }
    smtp.rest().await;
    (tried, server)
}

#[test]
fn each_failure_means_what_the_table_says() {
    run(async {
        let later = |reason: &str| Tried::later(reason);
        let unknown = |reason: &str| Tried::Unknown { reason: reason.to_owned() };
        for (mood, expected, kept) in [
            (Mood::Takes, Tried::Sent, 1),
            (Mood::BusyAtRecipient, later("the mail server refused the recipient (450 4.2.1)"), 0),
            (Mood::BusyAfterData, later("the mail server refused the mail (451 4.3.0)"), 0),
            (Mood::NoSuchUser, Tried::refused("the mail server refused the recipient (550 5.1.1)"), 0),
            (Mood::Spam, Tried::refused("the mail server refused the mail (554 5.7.1)"), 0),
            (Mood::NoSuchSender, later("the mail server refused the recipient (530 5.7.0)"), 0),
            (Mood::Closes, later("the mail server refused the recipient (421 4.3.2)"), 0),
            (Mood::DropsBeforeData, later("the connection to the mail server broke"), 0),
            (Mood::KeepsAndDrops, unknown("the connection broke after the mail was handed over"), 1),
            (Mood::ForgetsAndDrops, unknown("the connection broke after the mail was handed over"), 0),
            (Mood::Tarpit, later("the mail server did not answer in time"), 0),
            (
                Mood::KeepsAndTarpits,
                unknown("the mail server did not answer in time after the mail was handed over"),
                1,
            ),
            (Mood::OutOfTurn, unknown("the mail server answered out of turn after the mail was handed over"), 0),
        ] {
            let (tried, server) = send(&[mood]).await;
            assert_eq!(tried, [expected], "{mood:?}");
            assert_eq!(server.kept().len(), kept, "{mood:?}");
        }
    });
}

#[test]
fn the_mail_arrives_byte_for_byte_and_its_dots_are_its_own() {
    run(async {
        let (_, server) = send(&[Mood::Takes]).await;
        let kept = server.kept();
        let sent = mail("lead@example.test");
        assert_eq!(kept[0].text.trim_end(), std::str::from_utf8(sent.bytes()).unwrap().trim_end());
        assert_eq!(kept[0].recipients, ["lead@example.test"]);
        assert_eq!(kept[0].message_id(), "<0123abcd.0@shop.example.test>");
    });
}

#[test]
fn a_connection_carries_many_mails_and_one_left_half_way_carries_no_other() {
    run(async {
        let (tried, server) = send(&[Mood::Takes, Mood::NoSuchUser, Mood::BusyAfterData, Mood::Takes]).await;
        assert_eq!(tried.iter().filter(|tried| **tried == Tried::Sent).count(), 2);
        assert_eq!(server.connections(), 1);
        // After a tarpit or an answer out of turn the next mail must not read answers meant for the one before.
        for mood in [Mood::Tarpit, Mood::KeepsAndTarpits, Mood::OutOfTurn, Mood::Closes, Mood::DropsBeforeData] {
            let (tried, server) = send(&[Mood::Takes, mood, Mood::Takes]).await;
            assert_eq!((&tried[0], &tried[2]), (&Tried::Sent, &Tried::Sent), "{mood:?}");
            assert_eq!(server.connections(), 2, "{mood:?}");
            assert_eq!(server.kept().iter().filter(|kept| kept.told).count(), 2, "{mood:?}");
        }
    });
}

#[test]
fn a_server_that_is_not_there_or_says_nothing_is_tried_later() {
    run(async {
        let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = nobody.local_addr().unwrap().port();
        let silent = Smtp::new(configured(port)).unwrap().send(&mail("lead@example.test")).await;
        assert!(matches!(silent, Tried::Later { .. }), "{silent:?}");
        drop(nobody);
        let closed = Smtp::new(configured(port)).unwrap().send(&mail("lead@example.test")).await;
        assert_eq!(closed, Tried::later("the connection to the mail server failed"));
    });
}

#[test]
fn a_required_way_is_required_and_addresses_beyond_ascii_are_told() {
    run(async {
        let server = Server::scripted(&[]).await;
        let required = Configured { tls: TlsMode::Required, ..configured(server.port) };
        let tried = Smtp::new(required).unwrap().send(&mail("lead@example.test")).await;
        assert_eq!(tried, Tried::later("the mail server does not offer STARTTLS, which is required"));
        let opportunistic = Configured { tls: TlsMode::Opportunistic, ..configured(server.port) };
        assert_eq!(Smtp::new(opportunistic).unwrap().send(&mail("lead@example.test")).await, Tried::Sent);
        let smtp = Smtp::new(configured(server.port)).unwrap();
        let tried = smtp.send(&mail("jūratė@example.test")).await;
        assert_eq!(tried, Tried::refused("the mail server takes no addresses beyond ASCII"));
    });
}

#[test]
fn mail_crosses_no_network_in_the_clear() {
    let elsewhere = Configured::new("mail.example.test", TlsMode::None);
    assert_eq!(Smtp::new(elsewhere).err(), Some(SmtpError::InTheClear));
    let hello = Configured { hello: Some("a\r\nMAIL FROM:<x>".to_owned()), ..configured(1) };
    assert!(matches!(Smtp::new(hello).err(), Some(SmtpError::NoHost(_))));
    let login = Login { user: "touchline".to_owned(), password: Secret::new("hush") };
    assert!(!format!("{login:?}").contains("hush"));
}
