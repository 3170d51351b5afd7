//! Turns of speech behind `then`: `in 2 hours:`, `else`, `alert manager "…"`, `escalate now:`.

use crate::lang::codes;

use super::super::super::diagnose::shown;
use super::super::super::scan::Kind;
use super::super::super::words;
use super::{Found, Phrase, Words};

impl Words<'_> {
    pub(super) fn action(&self) -> Found {
        let found = self.in_time().or_else(|| self.otherwise()).or_else(|| self.said()).or_else(|| self.ladder());
        let found = found.or_else(|| self.nothing()).or_else(|| self.template());
        found.or_else(|| self.waits()).or_else(|| self.again_and_again())
    }

    /// `wait 2 hours then alert …`
    fn waits(&self) -> Found {
        let waits = matches!(&*self.word(0), "wait" | "delay" | "pause");
        let begins = self.index == 0 || self.word(-1) == "and" || self.is_first(0);
        let first = if self.word(1) == "for" { 2 } else { 1 };
        (waits && begins && self.is_length(first)).then_some(())?;
        let length = if self.word(first + 1) == "business" { first + 3 } else { first + 2 };
        let mut end = length;
        while matches!(self.text(end), "," | ":" | "and" | "then") {
            end += 1;
        }
        let meant = format!("after {}:", self.written(first, length));
        Some(Phrase::new(end, meant).told(codes::UNKNOWN_ACTION, format!("`{}` is no action", self.word(0))))
    }

    /// `alert care_team every day`
    fn again_and_again(&self) -> Found {
        let unit = if self.kind(1) == Some(Kind::Number) { 2 } else { 1 };
        let timed = words::unit(&self.word(unit)).is_some()
            || words::WEEKDAYS.iter().any(|day| day.eq_ignore_ascii_case(&self.word(unit)));
        (self.word(0) == "every" && self.index > 0 && timed).then_some(())?;
        let help = "take it out: a report comes with `when every day at 07:00`, and a rule is held back with \
                    `at most once every 1 day per customer` in front of `then`";
        let message = "how often is no part of an action";
        Some(Phrase { meant: Some(String::new()), ..Phrase::unsure(unit + 1, help).told(codes::UNEXPECTED, message) })
    }

    /// `do nothing`
    fn nothing(&self) -> Found {
        let begins = self.index == 0 || self.word(-1) == "and" || self.text(-1) == ":";
        let length = match (&*self.word(0), &*self.word(1)) {
            ("do", "nothing") | ("no", "action") | ("take", "no") => 2,
            ("nothing" | "ignore" | "skip" | "pass" | "stop" | "none", _) => 1,
            _ => return None,
        };
        let alone = self.kind(length).is_none() || matches!(&*self.word(length), "it" | "action" | "this");
        (begins && alone).then_some(())?;
        let help = "write `status shadow` in front of `when`, and here the action: the rule then only notes what it would \
                    do; or take the rule out";
        let written = self.written(0, length);
        Some(Phrase::unsure(length, help).told(codes::UNKNOWN_ACTION, format!("`{written}` is no action")))
    }

    /// `email customer with template "thank_you"`, `email customer "thank_you"`
    fn template(&self) -> Found {
        let filler = |offset: &isize| {
            matches!(
                &*self.word(*offset),
                "with" | "template" | "the" | "using" | "from" | "a" | "an" | "mail" | "text"
            )
        };
        let text = (0..4).take_while(filler).count() as isize;
        let right = text == 1 && self.word(0) == "using";
        (matches!(self.kind(text), Some(Kind::Text(true))) && !right).then_some(())?;
        let whom = self.path_before(0);
        (whom > 0 && self.word(-whom - 1) == "email").then_some(())?;
        let meant = format!("using {}", self.text(text));
        let help = format!("write `using {}`", shown_text(self.text(text)));
        Some(Phrase::new(text + 1, meant).told(codes::OTHER_WORD, "a template stands behind `using`").help(help))
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
