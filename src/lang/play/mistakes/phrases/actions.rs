//! Turns of speech behind `then`: `in 2 hours:`, `else`, `alert manager "…"`, `escalate now:`.

use crate::lang::codes;

use super::super::super::diagnose::shown;
use super::super::super::scan::Kind;
use super::super::super::words;
use super::{Found, Phrase, Words};

impl Words<'_> {
    pub(super) fn action(&self) -> Found {
        self.in_time().or_else(|| self.otherwise()).or_else(|| self.said()).or_else(|| self.ladder())
    }

    /// `in 2 hours: alert …`
    fn in_time(&self) -> Found {
        (self.word(0) == "in" && self.is_length(1)).then_some(())?;
        let length = if self.word(2) == "business" { 4 } else { 3 };
        let help = format!("write `after {}:`", self.written(1, length));
        Some(Phrase::new(1, "after").help(help))
    }

    /// `alert manager else alert director`
    fn otherwise(&self) -> Found {
        let is_one = matches!(&*self.word(0), "else" | "otherwise" | "elif" | "elseif");
        let named = self.text(-1) == "." || matches!(&*self.word(-1), "of" | "for" | "using" | "set");
        (is_one && !named).then_some(())?;
        let help = words::elsewhere("else")?.help();
        Some(Phrase::unsure(1, help).told(codes::UNKNOWN_ACTION, format!("`{}` is no action", shown(self.text(0)))))
    }

    /// `alert manager of store "Please call"`, `alert manager with message "Please call"`
    fn said(&self) -> Found {
        let filler = |offset: &isize| {
            let word = self.word(*offset);
            let text =
                matches!(&*word, "with" | "text" | "message" | "say" | "says" | "telling" | "that" | "the" | "a");
            text || matches!(self.text(*offset), ":" | "-")
        };
        let text = (0..4).take_while(filler).count() as isize;
        (matches!(self.kind(text), Some(Kind::Text(true))) && !self.is_first(0)).then_some(())?;
        let place = self.path_before(0);
        let role = match &*self.word(-place - 1) {
            "of" if place > 0 => place + 1 + self.path_before(-place - 1),
            _ => place,
        };
        (role > 0 && self.word(-role - 1) == "alert").then_some(())?;
        let meant = format!("saying {}", self.text(text));
        let help = format!("write `saying {}`", shown_text(self.text(text)));
        let message = "what an alert says stands behind `saying`";
        Some(Phrase::new(text + 1, meant).told(codes::OTHER_WORD, message).help(help))
    }

    /// `escalate now: alert …`
    fn ladder(&self) -> Found {
        (self.word(0) == "escalate").then_some(())?;
        let colon = isize::from(self.text(1) == ":");
        let begins = ["now", "after", "at", "during", "alert", "email", "open", "post", "set", "record"];
        (begins.contains(&&*self.word(1 + colon))).then_some(())?;
        let meant = "escalate until acknowledged";
        let message = "a ladder says until when, and then who is alerted at each step";
        Some(
            Phrase::new(1 + colon, meant)
                .told(codes::UNEXPECTED, message)
                .help(format!("write `{meant}`, and the steps behind it; or `{meant} or case_closed`")),
        )
    }
}

/// Cuts a text for a message, its quotes kept.
fn shown_text(text: &str) -> String {
    match text.chars().count() > 60 {
        true => "\"…\"".to_owned(),
        false => text.to_owned(),
    }
}
