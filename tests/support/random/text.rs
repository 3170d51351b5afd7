//! Random playbooks as people might type them: every clause of the language, blanks and line breaks anywhere, spellings that
//! are accepted, and comments wherever a blank may stand. They can be read; they need not make sense.

use super::Dice;

const SIGNALS: &[&str] = &["complaint", "survey_response", "queue_reading", "żądanie"];
const FIELDS: &[&str] = &["score", "wait", "topic", "comment", "case", "owner_name", "time", "język"];
const THINGS: &[&str] = &["customer", "store", "order", "store.region", "customer.company.segment", "customer.when"];
const ROLES: &[&str] = &["manager", "team_lead", "care_team", "open"];
const TEXTS: &[&str] = &[
    "gold",
    "say \\\"hi\\\"",
    "a # b: c",
    "yes",
    "x 007",
    "= 5",
    "",
    "Nie — {store.name}: {wait}!",
    "line\\nbreak",
    "C:\\\\x",
    " 'x' ",
];
const CALENDARS: &[&str] = &["business_hours", "nights"];
const COMMENTS: &[&str] = &[" why", "", "# twice", " rule x \"y\"", " when: then", " ąčę\ttab", " - a: b", "no blank"];

/// Writes one playbook.
pub fn playbook(dice: &mut Dice) -> String {
    let mut text = Text { dice, tokens: Vec::new() };
    text.file();
    let tokens = std::mem::take(&mut text.tokens);
    joined(dice, &tokens)
}

/// Puts blanks, line breaks and comments between tokens.
fn joined(dice: &mut Dice, tokens: &[String]) -> String {
    let mut text = String::new();
    if dice.once_in(3) {
        text += &format!("#{}\n\n", dice.pick(COMMENTS));
    }
    for token in tokens {
        let top = matches!(token.as_str(), "rule" | "define" | "owner" | "time zone" | "every");
        match dice.below(24) {
            0 => text += &format!("  #{}\n", dice.pick(COMMENTS)),
            1 => text += &format!("\n{}#{}\n", " ".repeat(dice.below(7)), dice.pick(COMMENTS)),
            2 => text += &format!("\n#{}\n\n#{}\n    ", dice.pick(COMMENTS), dice.pick(COMMENTS)),
            3 => text += "\t\u{a0}",
            4..8 => text += &format!("\n{}", " ".repeat(dice.below(9))),
            _ if top => text.push('\n'),
            _ => text.push(' '),
        }
        text += token;
    }
    match dice.below(4) {
        0 => text += &format!("\n    #{}", dice.pick(COMMENTS)),
        1 => text += &format!(" #{}\r\n\n#{}\n", dice.pick(COMMENTS), dice.pick(COMMENTS)),
        _ => text.push('\n'),
    }
    text
}

struct Text<'a> {
    dice: &'a mut Dice,
    tokens: Vec<String>,
}

impl Text<'_> {
    fn say(&mut self, words: &str) {
        self.tokens.extend(words.split(' ').filter(|word| !word.is_empty()).map(str::to_owned));
    }

    fn token(&mut self, token: String) {
        self.tokens.push(token);
    }

    fn one(&mut self, list: &[&str]) {
        let words = *self.dice.pick(list);
        self.say(words);
    }

    fn maybe(&mut self) -> bool {
        self.dice.once_in(2)
    }

    fn quoted(&mut self) {
        let text = *self.dice.pick(TEXTS);
        let token = match self.dice.below(4) {
            0 if !text.contains(['"', '\\']) => format!("„{text}”"),
            _ => format!("\"{text}\""),
        };
        self.token(token);
    }

    fn file(&mut self) {
        self.say("playbook p");
        self.quoted();
        if self.maybe() {
            self.say("version 3");
        }
        if self.maybe() {
            self.say("time zone \"Europe/Madrid\"");
        }
        if self.maybe() {
            self.say("owner");
            self.quoted();
        }
        for number in 0..self.dice.below(3) {
            self.say("define");
            self.token(format!("d{number}"));
            self.say("as");
            self.condition(0);
        }
        if self.dice.once_in(3) {
            self.say("every rule :");
            for _ in 0..1 + self.dice.below(2) {
                self.one(&["unless", "only if"]);
                self.condition(0);
            }
        }
        for number in 0..1 + self.dice.below(4) {
            self.rule(number);
        }
    }

    fn rule(&mut self, number: usize) {
        self.say("rule");
        self.token(format!("r{number}"));
        self.quoted();
        if self.dice.once_in(3) {
            self.say("status");
            self.one(&["live", "shadow", "paused"]);
        }
        self.say("when");
        self.trigger();
        if self.maybe() {
            self.say("for each");
            self.key();
        }
        for _ in 0..self.dice.below(3) {
            self.one(&["unless", "only if"]);
            self.condition(0);
        }
        if self.dice.once_in(3) {
            self.say("check");
            self.schedule();
        }
        if self.maybe() {
            self.say("at most once every");
            self.length(false);
            self.say("per");
            self.key();
        }
        self.say("then");
        self.steps();
    }

    fn trigger(&mut self) {
        match self.dice.below(8) {
            0 => self.source(false),
            1 => self.reading(),
            2 => {
                let n = 1 + self.dice.below(9);
                self.token(n.to_string());
                self.say("or more");
                self.source(true);
                if self.maybe() {
                    self.say("with different");
                    self.one(FIELDS);
                }
                self.same();
            }
            3 => {
                self.source(false);
                self.say("followed by");
                self.source(false);
                self.same();
            }
            4 => {
                self.source(false);
                self.say("not followed by");
                self.source(false);
                self.same();
            }
            5 | 6 => self.measure(),
            _ => self.schedule(),
        }
    }

    fn same(&mut self) {
        self.say("for the same");
        self.key();
        self.say("within");
        self.length(true);
    }

    fn field(&mut self) {
        let token = format!("{}.{}", self.dice.pick(SIGNALS), self.dice.pick(FIELDS));
        self.token(token);
    }

    fn reading(&mut self) {
        self.field();
        let before = self.maybe();
        let filter = self.maybe();
        if filter && before {
            self.filter();
        }
        if self.maybe() {
            self.one(&["goes over", "goes under"]);
            self.operand();
        } else {
            self.one(&["stays over", "stays under"]);
            self.operand();
            self.say("for");
            self.length(false);
        }
        if filter && !before {
            self.filter();
        }
        if self.maybe() {
            self.one(&["clears under", "clears over"]);
            self.operand();
        }
    }

    fn source(&mut self, plural: bool) {
        let name = *self.dice.pick(SIGNALS);
        self.token(format!("{name}{}", if plural { "s" } else { "" }));
        if self.maybe() {
            self.filter();
        }
    }

    fn filter(&mut self) {
        self.say("where");
        self.condition(0);
    }

    fn measure(&mut self) {
        match self.dice.below(6) {
            0 => {
                self.say("count of");
                self.source(true);
            }
            1 => {
                self.say("share of complaint");
                self.filter();
            }
            2 => {
                self.say("gap between complaint.score and");
                self.one(&["complaint.wait", "wait"]);
                if self.maybe() {
                    self.filter();
                }
            }
            _ => {
                self.one(&["nps of", "csat of", "average of", "median of", "sum of", "lowest of", "highest of"]);
                self.field();
                if self.maybe() {
                    self.filter();
                }
            }
        }
        self.say("over the last");
        self.length(false);
        match self.dice.below(3) {
            0 => {
                self.say("is");
                self.one(&["at least", "more than"]);
                self.number();
                self.one(&["points", "point", "percent", "%"]);
                self.one(&["above", "below"]);
                self.say("the");
                self.length(false);
                self.say("before");
            }
            1 => {
                self.say("is between");
                self.operand();
                self.say("and");
                self.operand();
            }
            _ => {
                self.say("is");
                self.one(&["less than", "at least", "over"]);
                self.operand();
            }
        }
        if self.maybe() {
            self.say("with at least 30 complaints");
            if self.maybe() {
                self.say("in both periods");
            }
        }
    }

    fn schedule(&mut self) {
        self.say("every");
        self.one(&[
            "day",
            "weekday",
            "Monday",
            "monday, Tuesday",
            "Friday and Sunday",
            "Monday , Wednesday and Sunday",
        ]);
        self.say("at");
        self.one(&["07:00", "9:05", "08:00 and 16:30", "06:00, 07:00 and 08:00"]);
    }

    fn length(&mut self, business: bool) {
        self.one(&["1", "2", "10", "1.5", "90"]);
        match business && self.dice.once_in(3) {
            true => {
                self.one(&["business days", "business day", "business hours", "business min"]);
                if self.maybe() {
                    self.say("of");
                    self.one(CALENDARS);
                }
            }
            false => self.one(&["day", "days", "d", "h", "hours", "min", "minutes", "weeks", "wk", "secs", "s"]),
        }
    }

    fn key(&mut self) {
        self.one(THINGS);
        for _ in 0..self.dice.below(3) {
            self.say("and");
            self.one(THINGS);
        }
    }

    fn number(&mut self) {
        self.one(&["0", "1", "15", "0.50", "-3", "−7", "1000000"]);
    }

    fn operand(&mut self) {
        match self.dice.below(10) {
            0 | 1 => self.one(FIELDS),
            2 => self.one(THINGS),
            3 => self.quoted(),
            4 => self.length(false),
            5 => self.one(&["20 percent", "5%", "50 EUR", "12.30 PLN"]),
            6 => self.one(&["2026-12-24", "09:00", "7:30", "yes", "no"]),
            7 => self.token("`score * 2 - \"#: x\".len()`".to_owned()),
            _ => self.number(),
        }
    }

    fn condition(&mut self, depth: usize) {
        self.term(depth);
        let word = *self.dice.pick(&["and", "or"]);
        for _ in 0..self.dice.below(3) {
            self.say(word);
            self.term(depth);
        }
    }

    fn term(&mut self, depth: usize) {
        match self.dice.below(9) {
            8 => self.one(&["within business_hours", "outside nights"]),
            0 if depth < 3 => {
                self.say("(");
                self.condition(depth + 1);
                self.say(")");
            }
            1 => self.one(THINGS),
            2 => self.token("`comment.len() > 40`".to_owned()),
            _ => {
                self.one(&["score", "customer.segment", "comment", "store"]);
                self.predicate();
            }
        }
    }

    fn predicate(&mut self) {
        match self.dice.below(11) {
            9 => {
                self.one(&["is in the next", "is not in the last", "is in the last"]);
                self.one(&["1 day", "60 days", "2 weeks", "30 d"]);
            }
            10 => self.one(&["is a detractor", "is not a promoter", "is passive", "is a passive", "is not passive"]),
            0 => self.one(&["is present", "is missing"]),
            1 => {
                self.one(&["contains", "does not contain", "starts with", "does not start with"]);
                self.quoted();
            }
            2 => {
                self.one(&["mentions", "does not mention"]);
                self.say("staff_kindness");
            }
            3 => {
                self.one(&["is one of", "is not one of"]);
                self.operand();
                for _ in 0..self.dice.below(3) {
                    self.say(",");
                    self.operand();
                }
            }
            4 => {
                self.say("is between");
                self.operand();
                self.say("and");
                self.operand();
            }
            5 | 6 => {
                self.one(&[
                    "is at least",
                    "is at most",
                    "is over",
                    "is under",
                    "is more than",
                    "is before",
                    "is after",
                ]);
                self.operand();
            }
            _ => {
                self.one(&["is", "is not"]);
                self.operand();
            }
        }
    }

    fn steps(&mut self) {
        let mut begun = self.maybe();
        if begun {
            self.actions(false);
        }
        for _ in 0..self.dice.below(3) + usize::from(!begun) {
            if begun && self.maybe() {
                self.say("and");
            }
            begun = true;
            self.timing();
            self.actions(false);
        }
        if self.dice.once_in(3) {
            self.say("and");
            self.escalate();
        }
    }

    fn escalate(&mut self) {
        self.say("escalate until");
        self.one(&["acknowledged", "case_closed", "acknowledged or case_closed"]);
        let mut begun = self.maybe();
        if begun {
            self.say("now :");
            self.actions(true);
        }
        for _ in 0..self.dice.below(3) + usize::from(!begun) {
            if begun && self.maybe() {
                self.say("and");
            }
            begun = true;
            self.timing();
            self.actions(true);
        }
    }

    fn timing(&mut self) {
        let which = 1 + self.dice.below(7);
        let mut begun = false;
        let comma = |text: &mut Text, begun: &mut bool| {
            if std::mem::replace(begun, true) && text.maybe() {
                text.say(",");
            }
        };
        if which & 1 > 0 {
            comma(self, &mut begun);
            self.say("after");
            self.length(true);
        }
        if which & 2 > 0 {
            comma(self, &mut begun);
            self.say("at");
            self.one(&["09:00", "7:30"]);
        }
        if which & 4 > 0 {
            comma(self, &mut begun);
            self.say("during");
            self.one(CALENDARS);
        }
        self.say(":");
    }

    fn actions(&mut self, plain: bool) {
        self.action();
        for _ in 0..self.dice.below(3) {
            if !plain || self.maybe() {
                self.say("and");
            }
            self.action();
        }
    }

    fn action(&mut self) {
        match self.dice.below(6) {
            0 | 1 => {
                self.say("alert");
                self.one(ROLES);
                if self.maybe() {
                    self.say("of");
                    self.one(THINGS);
                }
                if self.maybe() {
                    self.say("saying");
                    self.quoted();
                }
            }
            2 => {
                self.say("email");
                self.one(THINGS);
                self.say("using \"thank_you\"");
                if self.maybe() {
                    self.say("in");
                    self.one(&["customer.language", "\"pl\""]);
                }
                self.with();
            }
            3 => {
                self.say("open case");
                if self.maybe() {
                    self.say("for");
                    self.one(THINGS);
                }
                self.with();
            }
            4 => {
                self.say("set customer.at_risk to");
                self.operand();
            }
            _ => {
                self.one(&["record offer", "post to \"crm\""]);
                self.with();
            }
        }
    }

    fn with(&mut self) {
        let mut names = ["reason", "priority", "voucher", "very_long_name_of_a_value_that_is_handed_on"];
        self.dice.shuffle(&mut names);
        for (number, name) in names.into_iter().take(self.dice.below(4)).enumerate() {
            self.say(if number == 0 { "with" } else { "," });
            self.say(name);
            self.operand();
        }
    }
}
