//! A letter becomes the bytes of a mail: the same letter gives the same bytes, so that a mail that is tried again is
//! the same mail.
//!
//! Defence in depth against injection: what stands in a header is checked before lettre sees it, bodies are always
//! encoded, and the finished bytes are read once more ([`inspect`]) before anybody may send them.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message, MessageBuilder, MultiPart, SinglePart};
use lettre::{Address, address::Envelope};
use sha2::{Digest, Sha256};

use super::header;
use crate::id::EffectId;

/// Why a mail cannot be made, ever: another try would fail the same way. Holds neither address nor text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(String);

impl Unfit {
    pub(super) fn new(reason: String) -> Unfit {
        Unfit(reason)
    }
}

/// What a mail says, to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The outbox row's name, in letters, digits and full stops: the left half of the `Message-ID`.
    pub id: String,
    /// The instant in `Date`.
    pub at: Timestamp,
    /// The recipient's bare address.
    pub to: String,
    /// The subject: one line, or the mail is refused.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// What it belongs to: mails of one thread name the same root in `In-Reply-To` and `References`.
    pub thread: Option<EffectId>,
}

/// A mail ready to go.
#[derive(Clone, Debug)]
pub struct Composed {
    id: String,
    at: Timestamp,
    envelope: Envelope,
    bytes: Vec<u8>,
}

impl Composed {
    /// Returns the mail as it is sent and written to files.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the outbox row it is of.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the instant in `Date`.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    pub(super) fn envelope(&self) -> &Envelope {
        &self.envelope
    }
}

/// Who writes: the same for every mail.
#[derive(Clone, Debug)]
pub struct Desk {
    from: Mailbox,
    reply_to: Option<Mailbox>,
    /// The right half of every `Message-ID`.
    domain: String,
}

impl Desk {
    /// Checks the sender of a configuration. `from` and `reply_to` are bare addresses; `name` may be empty.
    pub fn new(name: &str, from: &str, reply_to: Option<&str>) -> Result<Desk, Unfit> {
        header::check_text("sender's name", name)?;
        if name.chars().any(char::is_control) || name.contains("=?") {
            return Err(Unfit::new("the sender's name holds a control character or an encoded word".to_owned()));
        }
        let name = Some(name.trim()).filter(|name| !name.is_empty()).map(|name| header::shorten(name, 80));
        let from = address("sender", from)?;
        if !AsRef::<str>::as_ref(&from).is_ascii() {
            return Err(Unfit::new("the sender's address holds letters beyond ASCII".to_owned()));
        }
        let domain = from.domain().to_owned();
        let reply_to = match reply_to {
            Some(reply_to) => Some(Mailbox::new(None, address("receiver of replies", reply_to)?)),
            None => None,
        };
        Ok(Desk { from: Mailbox::new(name, from), reply_to, domain })
    }

    /// Returns the `Message-ID` of a row, without angle brackets.
    pub fn message_id(&self, id: &str) -> String {
        format!("{id}@{}", self.domain)
    }

    /// Makes the mail of a letter.
    pub fn compose(&self, letter: &Letter) -> Result<Composed, Unfit> {
        if letter.id.is_empty() || !letter.id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.') {
            return Err(Unfit::new("the mail has no name to be known by".to_owned()));
        }
        let to = address("recipient", &letter.to)?;
        let subject = header::subject_of(&letter.subject)?;
        let mut builder = Message::builder()
            .message_id(Some(format!("<{}>", self.message_id(&letter.id))))
            .date(system_time(letter.at))
            .from(self.from.clone())
            .to(Mailbox::new(None, to.clone()))
            .raw_header(subject_header(&subject));
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        if let Some(thread) = letter.thread {
            let root = format!("<{}>", self.message_id(&thread.to_string()));
            builder = builder.in_reply_to(root.clone()).references(root);
        }
        // Machines that answer mail are asked not to answer this one (RFC 3834).
        builder = builder.raw_header(raw("Auto-Submitted", "auto-generated"));
        let message = with_body(builder, letter)?;
        let bytes = message.formatted();
        inspect(&bytes, letter.html.is_some())?;
        let envelope = Envelope::new(Some(self.from.email.clone()), vec![to])
            .map_err(|_| Unfit::new("the mail has no recipient".to_owned()))?;
        Ok(Composed { id: letter.id.clone(), at: letter.at, envelope, bytes })
    }
}

fn address(what: &str, text: &str) -> Result<Address, Unfit> {
    header::check_address(what, text)?;
    text.parse().map_err(|_| Unfit::new(format!("the {what}: the address is not one that mail can go to")))
}

fn raw(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn subject_header(subject: &str) -> HeaderValue {
    if header::is_plain(subject) {
        return raw("Subject", subject);
    }
    // Written by us: lettre leaves ASCII that looks like an encoded word as it is, and a reader would decode it.
    let words = header::encoded_words(subject);
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str("Subject"), subject.to_owned(), words)
}

fn with_body(builder: MessageBuilder, letter: &Letter) -> Result<Message, Unfit> {
    let text = part(ContentType::TEXT_PLAIN, &letter.text)?;
    let made = match &letter.html {
        None => builder.singlepart(text),
        Some(html) => {
            let parts = MultiPart::alternative().boundary(boundary(letter));
            builder.multipart(parts.singlepart(text).singlepart(part(ContentType::TEXT_HTML, html)?))
        }
    };
    made.map_err(|_| Unfit::new("the mail could not be put together".to_owned()))
}

/// One body, never as it stands: encoded, no line of it can be mistaken for anything.
fn part(kind: ContentType, text: &str) -> Result<SinglePart, Unfit> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "\u{fffd}");
    let beyond = text.bytes().filter(|byte| !byte.is_ascii()).count();
    let encoding = if beyond * 4 > text.len() {
        ContentTransferEncoding::Base64
    } else {
        ContentTransferEncoding::QuotedPrintable
    };
    let body = Body::new_with_encoding(text, encoding);
    let body = body.map_err(|_| Unfit::new("the text of the mail could not be encoded".to_owned()))?;
    Ok(SinglePart::builder().header(kind).body(body))
}

/// Hashes what it separates, so that no text can hold its own separator, and the same mail has the same.
fn boundary(letter: &Letter) -> String {
    let mut hash = Sha256::new();
    for part in [letter.id.as_bytes(), letter.text.as_bytes(), letter.html.as_deref().unwrap_or_default().as_bytes()] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    digest[..16].iter().fold("part-".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

fn system_time(at: Timestamp) -> SystemTime {
    // Mail knows neither fractions of a second nor years before 1970.
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(at.as_second()).unwrap_or(0))
}

/// The headers we write, in lower case. A mail that holds another one, or one twice, is not sent.
const HEADERS: [&str; 12] = [
    "message-id",
    "date",
    "from",
    "to",
    "subject",
    "reply-to",
    "in-reply-to",
    "references",
    "auto-submitted",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
];

/// Reads the finished bytes once more: plain ASCII in whole lines (but for an address beyond
/// it), and no header that we did not write.
fn inspect(bytes: &[u8], multipart: bool) -> Result<(), Unfit> {
    let wrong = |what: &str| Err(Unfit::new(format!("the finished mail {what}; it was not sent")));
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0')) else {
        return wrong("holds bytes that mail cannot carry");
    };
    let bare = |line: &str| line.contains(['\r', '\n']) || line.len() > 998;
    if text.split("\r\n").any(bare) {
        return wrong("holds a bare line break or a line that is too long");
    }
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return wrong("has no end of its headers") };
    // An address beyond ASCII stands in its header as it is (RFC 6532), and the server is asked whether it takes that.
    let beyond = |line: &str| !line.is_ascii() && !line.starts_with("To: ");
    if !body.is_ascii() || head.split("\r\n").any(beyond) {
        return wrong("holds bytes that mail cannot carry");
    }
    let mut seen: Vec<String> = Vec::new();
    for line in head.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])) {
        let name = line.split_once(": ").map(|(name, _)| name.to_ascii_lowercase()).unwrap_or_default();
        if !HEADERS.contains(&name.as_str()) || seen.contains(&name) {
            return wrong("holds a header that does not belong there");
        }
        seen.push(name);
    }
    let needed = ["message-id", "date", "from", "to", "subject", "auto-submitted", "mime-version", "content-type"];
    if needed.iter().any(|name| !seen.iter().any(|found| found == name)) {
        return wrong("lacks a header");
    }
    if seen.iter().any(|name| name == "content-transfer-encoding") == multipart {
        return wrong("has a body of another shape");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
