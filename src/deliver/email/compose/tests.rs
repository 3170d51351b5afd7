//! Mails read back by another library, and hostile texts in every place of one.

use mail_parser::{Message as Read, MessageParser};
use proptest::prelude::*;

use super::*;

fn desk() -> Desk {
    Desk::new("touchline", "care@shop.example.test", Some("team@shop.example.test")).unwrap()
}

fn letter() -> Letter {
    Letter {
        id: "0123abcd.0".to_owned(),
        at: "2026-03-27T16:00:00.75Z".parse().unwrap(),
        to: "lead.s7@example.test".to_owned(),
        subject: "Same complaint three times".to_owned(),
        text: "Please call the customer.\n.\n.hidden\n".to_owned(),
        html: None,
        thread: Some(EffectId::of(&[b"thread"])),
    }
}

fn read(bytes: &[u8]) -> Read<'_> {
    MessageParser::default().parse(bytes).expect("another library reads the mail")
}

/// Names and values of all headers, as they stand.
fn headers(bytes: &[u8]) -> Vec<(String, String)> {
    read(bytes).headers_raw().map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    let found: Vec<&str> = headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str()).collect();
    assert_eq!(found.len(), 1, "{name} in {headers:?}");
    found[0]
}

#[test]
fn a_plain_mail_holds_what_it_should() {
    let composed = desk().compose(&letter()).unwrap();
    let headers = headers(composed.bytes());
    let thread = EffectId::of(&[b"thread"]);
    assert_eq!(header(&headers, "Message-ID"), "<0123abcd.0@shop.example.test>");
    assert_eq!(header(&headers, "In-Reply-To"), format!("<{thread}@shop.example.test>"));
    assert_eq!(header(&headers, "References"), format!("<{thread}@shop.example.test>"));
    assert_eq!(header(&headers, "Date"), "Fri, 27 Mar 2026 16:00:00 +0000");
    assert_eq!(header(&headers, "To"), "lead.s7@example.test");
    assert_eq!(header(&headers, "Reply-To"), "team@shop.example.test");
    assert_eq!(header(&headers, "Auto-Submitted"), "auto-generated");
    let mail = read(composed.bytes());
    assert_eq!(mail.subject(), Some("Same complaint three times"));
    let from = mail.from().unwrap().first().unwrap();
    assert_eq!((from.name(), from.address()), (Some("touchline"), Some("care@shop.example.test")));
    assert_eq!(text(&mail).trim_end(), "Please call the customer.\n.\n.hidden");
}

fn text(mail: &Read<'_>) -> String {
    mail.body_text(0).expect("there is a text").replace("\r\n", "\n")
}

#[test]
fn text_and_html_are_alternatives_and_every_language_arrives() {
    for said in
        ["Ačiū, Jūrate — labai!", "Дякуємо, вам зателефонують. МАЛО", "客服中心的等待时间太长了", "plain = 100 %"]
    {
        let html = format!("<p>{said}</p>");
        let letter = Letter { subject: said.to_owned(), text: said.to_owned(), html: Some(html.clone()), ..letter() };
        let composed = desk().compose(&letter).unwrap();
        let mail = read(composed.bytes());
        assert_eq!(mail.subject(), Some(said));
        assert_eq!(text(&mail).trim_end(), said);
        assert_eq!(mail.body_html(0).unwrap().trim_end(), html);
        assert!(mail.content_type().is_some_and(|kind| kind.subtype() == Some("alternative")));
        assert_eq!(mail.parts.len(), 3);
    }
}

use mail_parser::MimeHeaders as _;

#[test]
fn the_same_letter_gives_the_same_bytes() {
    let letter = Letter { html: Some("<p>Hello</p>".to_owned()), ..letter() };
    assert_eq!(desk().compose(&letter).unwrap().bytes(), desk().compose(&letter).unwrap().bytes());
}

#[test]
fn what_would_be_another_header_is_refused_with_a_reason_that_holds_none_of_it() {
    let hostile = "x\r\nBcc: victim@example.test";
    let refused = |letter: Letter| desk().compose(&letter).expect_err("it is refused").to_string();
    assert_eq!(refused(Letter { subject: hostile.to_owned(), ..letter() }), "the subject holds a line break");
    let to = "lead@example.test\r\nRCPT TO:<victim@example.test>".to_owned();
    assert_eq!(refused(Letter { to, ..letter() }), "the recipient's address holds a line break");
    assert!(Desk::new(hostile, "care@example.test", None).is_err());
    assert!(Desk::new("care", "care@example.test\nX: y", None).is_err());
    assert!(Desk::new("care", "care@example.test", Some("a@example.test>\n")).is_err());
    assert!(Desk::new("=?utf-8?q?=0D=0ABcc:_x?=", "care@example.test", None).is_err());
}

#[test]
fn a_subject_that_pretends_to_be_encoded_arrives_as_it_was_written() {
    let subject = "=?utf-8?q?=0D=0ABcc:_victim=40example.test?=";
    let composed = desk().compose(&Letter { subject: subject.to_owned(), ..letter() }).unwrap();
    assert_eq!(read(composed.bytes()).subject(), Some(subject));
}

#[test]
fn finished_bytes_with_a_stranger_in_their_head_are_not_sent() {
    let good = desk().compose(&letter()).unwrap();
    let good = std::str::from_utf8(good.bytes()).unwrap();
    inspect(good.as_bytes(), false).unwrap();
    for (from, to) in [
        ("Subject: ", "Bcc: victim@example.test\r\nSubject: "),
        ("Subject: ", "Subject: one\r\nSubject: "),
        ("Subject: ", "X\r\nSubject: "),
        ("Subject: ", "\r\nSubject: "),
        ("Same complaint", "Same\ncomplaint"),
        ("Same complaint", "Same\rcomplaint"),
        ("Same complaint", "Same\0complaint"),
        ("Same complaint", "Sáme complaint"),
        ("Please", &"x".repeat(999)),
        ("Auto-Submitted: auto-generated\r\n", ""),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "the test changes nothing");
        assert!(inspect(bad.as_bytes(), false).is_err(), "{from:?} → {to:?}");
    }
}

/// Texts made to break out of their place.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => any::<String>(),
        2 => "[ -~]{0,80}",
        2 => prop::sample::select(vec![
            "\r\n", "\n", "\r", "\0", "\r\n\r\n", "\r\n.\r\n", "\n.\n", "\n.\r\n", "\r.\r", ".", "..", " ", "\t", ": ", "\u{2028}", "\u{85}", "\u{b}",
            "Bcc: victim@example.test", "\r\nBcc: victim@example.test\r\n", "MAIL FROM:<a@b.test>\r\n", "--part-",
            "Content-Type: text/html", "=?utf-8?q?=0D=0A?=", "=?", "?=", "=0D=0A", "<", ">", "@", ",", ";", "\"", "\\",
            "(", ")", "\u{202e}", "\u{feff}", "ß", "客", "\u{7f}", "\u{1b}[2J",
        ]).prop_map(str::to_owned),
        1 => (0..1200_usize).prop_map(|length| "x".repeat(length)),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn address_like() -> impl Strategy<Value = String> {
    prop_oneof![
        hostile(),
        (hostile(), hostile()).prop_map(|(name, host)| format!("{name}@{host}")),
        hostile().prop_map(|rest| format!("lead@example.test{rest}")),
        hostile().prop_map(|rest| format!("{rest}lead@example.test")),
        Just("lead@example.test".to_owned()),
    ]
}

/// The names of the headers, up to the first empty line, by the most naive of readings.
fn names(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    // Any break ends a line, as for the most careless reader.
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let lines = head.split(['\r', '\n']).filter(|line| !line.is_empty() && !line.starts_with([' ', '\t']));
    let names = lines.map(|line| line.split_once(':').unwrap_or((line, "")));
    names.map(|(name, _)| name.to_ascii_lowercase()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// Whatever is written where: a mail is refused, or it has our headers, one recipient and the texts it was given.
    #[test]
    fn nothing_written_into_a_mail_adds_a_header_a_recipient_or_a_mail(
        to in address_like(), subject in hostile(), text in hostile(), html in prop::option::of(hostile()),
    ) {
        let letter = Letter { to: to.clone(), subject: subject.clone(), text: text.clone(), html, ..letter() };
        let Ok(composed) = desk().compose(&letter) else {
            let plain = to == "lead@example.test" && !subject.contains(['\r', '\n', '\0']);
            prop_assert!(!plain, "an honest mail was refused");
            return Ok(());
        };
        let bytes = composed.bytes();
        prop_assert!(!subject.contains(['\r', '\n', '\0']));
        prop_assert!(!to.contains(['\r', '\n', '\0', ' ', '<', '>']));
        for name in names(bytes) {
            prop_assert!(HEADERS.contains(&name.as_str()), "{name} in {}", String::from_utf8_lossy(bytes));
        }
        prop_assert_eq!(composed.envelope().to().len(), 1);
        prop_assert_eq!(composed.envelope().to()[0].as_ref() as &str, to.as_str());
        let mail = read(bytes);
        prop_assert!(mail.bcc().is_none() && mail.cc().is_none());
        prop_assert_eq!(mail.to().map(|to| to.iter().count()), Some(1));
        let lines = |text: &str| -> Vec<String> {
            let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "\u{fffd}");
            text.trim_end().split('\n').map(|line| line.trim_end().to_owned()).collect()
        };
        let arrived = mail.body_text(0).unwrap_or_default();
        prop_assert_eq!(lines(&arrived), lines(&text));
        prop_assert_eq!(mail.parts.len(), if letter.html.is_some() { 3 } else { 1 });
    }
}
