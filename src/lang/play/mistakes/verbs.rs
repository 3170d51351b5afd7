//! Actions as other tools call them (`notify manager of store`, `send an SMS to the customer`), and what to type for
//! the one that is meant: whoever works here is alerted, a customer gets a mail, other systems a message.

use super::super::diagnose::shown;
use super::super::scan::Kind;
use super::super::words;
use super::At;

/// How somebody is to be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Any,
    Mail,
    /// By something that the rules hand on to.
    Message,
    Phone,
    /// By giving them a case.
    Case,
}

/// Who is to be reached, and how.
struct Meant {
    by: By,
    /// `sms`
    channel: String,
    /// `manager of store`; empty where nobody is named.
    who: String,
    customer: bool,
    template: Option<String>,
    saying: Option<String>,
}

/// Says what to type for an action that tells somebody something; `None` where the word at this point does not.
pub(super) fn help(at: &At) -> Option<String> {
    let by = match at.word(0).as_str() {
        "send" | "write" => By::Any,
        "mail" | "e" => By::Mail,
        "notify" | "inform" | "tell" | "warn" | "ping" | "page" | "message" | "remind" | "contact" => By::Any,
        word if words::is_alert(word) || words::is_send(word) => By::Any,
        "sms" | "text" | "whatsapp" | "slack" | "teams" | "telegram" | "push" => By::Message,
        "call" | "phone" | "ring" | "telephone" => By::Phone,
        "assign" | "delegate" | "forward" => By::Case,
        _ => return None,
    };
    Some(meant(at, by).help())
}

fn meant(at: &At, verb: By) -> Meant {
    let channel = if verb == By::Message { at.word(0) } else { String::new() };
    let mut meant = Meant { by: verb, channel, who: String::new(), customer: false, template: None, saying: None };
    let mut names: Vec<String> = Vec::new();
    let mut place = None;
    for offset in 1..16 {
        let (word, before) = (at.word(offset), at.word(offset - 1));
        match at.kind(offset) {
            None => break,
            Some(_) if at.token(offset).is_some_and(|token| token.first) || word == "and" => break,
            Some(Kind::Text(true)) if matches!(before.as_str(), "using" | "template") => {
                meant.template = Some(shown(at.text(offset)));
            }
            Some(Kind::Text(true)) => meant.saying = Some(shown(at.text(offset))),
            Some(Kind::Word) => match word.as_str() {
                "email" | "mail" | "e" if at.text(offset - 1) != "." => meant.by = By::Mail,
                "sms" | "text" | "whatsapp" | "slack" | "teams" | "telegram" | "push" => {
                    (meant.by, meant.channel) = (By::Message, word);
                }
                // What was named before `to` is what is sent.
                "to" => names.clear(),
                "of" => {
                    let skip = if matches!(at.word(offset + 1).as_str(), "the" | "a" | "their") { 2 } else { 1 };
                    place = Some(shown(at.text(offset + skip)));
                }
                "using" | "template" | "saying" | "with" | "in" | "via" | "by" | "on" | "for" => {}
                "a" | "an" | "the" | "our" | "his" | "her" | "their" | "alert" | "notification" | "message"
                | "note" => {}
                _ if place.is_some()
                    || matches!(before.as_str(), "using" | "template" | "in" | "via" | "by" | "with") => {}
                _ if at.text(offset - 1) == "." || names.len() >= 2 => {}
                _ => names.push(shown(at.text(offset))),
            },
            _ => {}
        }
    }
    if meant.by == By::Mail && meant.template.is_none() {
        meant.template = meant.saying.take();
    }
    let customers =
        ["customer", "customers", "client", "clients", "guest", "guests", "shopper", "shoppers", "them", "him"];
    meant.customer = names.iter().any(|name| customers.contains(&name.to_lowercase().as_str()));
    meant.who = match (&names[..], place) {
        ([], _) => String::new(),
        ([place, role], None) if matches!(place.to_lowercase().as_str(), "store" | "region" | "shop") => {
            format!("{role} of {place}")
        }
        (names, Some(place)) => format!("{} of {place}", names.join("_")),
        (names, None) => names.join("_"),
    };
    meant
}

impl Meant {
    fn help(&self) -> String {
        let template = self.template.as_deref().unwrap_or("\"thank_you\"");
        let mail = format!("`email customer using {template}`");
        let saying = self.saying.as_ref().map(|text| format!(" saying {text}")).unwrap_or_default();
        let alert = match self.who.is_empty() {
            true => format!("`alert floor_manager of store{saying}`"),
            false => format!("`alert {}{saying}`", self.who),
        };
        let post = format!("`post to \"{}\"`", shown(&self.channel));
        match (self.by, self.customer, self.who.is_empty()) {
            (By::Case, _, true) | (By::Case, true, _) => "write `open case for customer`".into(),
            (By::Case, ..) => format!("write `open case for customer`, and behind it {alert}"),
            (By::Phone, true, _) => {
                "write `open case for customer`: somebody calls, and the case keeps what came of it".into()
            }
            (By::Message, true, _) => {
                format!("write {mail}, or hand it to what sends such messages: {post}")
            }
            (By::Message, false, true) => {
                format!("write {alert} for people who work here, {mail} for customers, or {post}")
            }
            (By::Message | By::Mail, false, false) => {
                format!("write {alert}: the directory says how people who work here are reached")
            }
            (By::Mail, _, true) | (By::Any | By::Mail, true, _) => format!("write {mail}"),
            (By::Any | By::Phone, false, _) => format!("write {alert}"),
        }
    }
}
