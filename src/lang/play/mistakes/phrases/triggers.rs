//! Turns of speech behind `when`: what rises and falls, for whom is counted, and when something is done.

use crate::lang::codes;

use super::super::super::diagnose::shown;
use super::super::super::grammar::Rule;
use super::super::super::scan::Kind;
use super::super::super::words;
use super::{Found, Phrase, Words};

/// How a value moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moves {
    /// To the other side of a line: up or down.
    Over(bool),
    /// By an amount: up or down.
    By(bool),
}

impl Words<'_> {
    pub(super) fn trigger(&self) -> Found {
        let found = self.where_joined().or_else(|| self.moving()).or_else(|| self.previous());
        let found = found.or_else(|| self.key_last()).or_else(|| self.in_the_last()).or_else(|| self.key());
        found.or_else(|| self.timed()).or_else(|| self.every_hours())
    }

    /// Returns how many words in front of a length say that all happens within it: `within`, `in the last`.
    fn within_words(&self) -> isize {
        match (&*self.word(0), &*self.word(1), &*self.word(2)) {
            ("in" | "within" | "during" | "over", "the", "last" | "past") => 3,
            ("within", _, _) => 1,
            _ => 0,
        }
    }

    /// `for the same customer in the last 14 days`
    fn in_the_last(&self) -> Found {
        let measured =
            matches!(self.sentence.tokens.get(1).map(|token| self.sentence.word(token)), Some("of" | "between"));
        let words = self.within_words();
        (words == 3 && !measured && self.has_word_before(&["same"]) && self.is_length(words)).then_some(())?;
        let length = self.written(words, words + if self.word(words + 1) == "business" { 3 } else { 2 });
        let help = format!("write `within {length}`");
        Some(Phrase::new(words, "within").help(help))
    }

    /// `complaint during business_hours`, `complaint on weekends`, `complaint after 18:00`
    fn timed(&self) -> Found {
        // `daily at 07:00` is a schedule.
        let scheduled = matches!(&*self.word(-1), "daily" | "weekly" | "nightly" | "everyday" | "weekdays" | "every");
        let behind_signal = self.index == 1 && !scheduled;
        let time = matches!(self.kind(1), Some(Kind::Time | Kind::Number));
        let named = matches!(
            &*self.word(1),
            "weekends"
                | "weekend"
                | "weekdays"
                | "business"
                | "business_hours"
                | "opening"
                | "working"
                | "office"
                | "night"
        ) || matches!(&*self.word(1), "the" | "a")
            && matches!(&*self.word(2), "weekend" | "night" | "morning" | "evening");
        let stands = match &*self.word(0) {
            "during" | "outside" => true,
            "after" | "before" | "at" => time || named,
            "on" => named || words::WEEKDAYS.iter().any(|day| self.word(1).starts_with(&day.to_lowercase())),
            _ => false,
        };
        (behind_signal && stands).then_some(())?;
        let mut end = 2;
        while self.kind(end).is_some() {
            end += 1;
        }
        let help =
            "write it behind `then`, where it says when something is done: `then during business_hours: alert …`";
        let message = "a signal is seen whenever it comes";
        Some(Phrase { meant: Some(String::new()), ..Phrase::unsure(end, help).told(codes::UNEXPECTED, message) })
    }

    /// `every 2 hours`
    fn every_hours(&self) -> Found {
        let unit = self.word(2);
        let counted = self.index == 0 && self.word(0) == "every" && self.kind(1) == Some(Kind::Number);
        (counted && words::unit(&unit).is_some()).then_some(())?;
        let help = match words::unit(&unit) {
            Some("days" | "weeks" | "day" | "week") => "write the days, such as `every Monday at 08:00`",
            _ => "write the times of day, such as `every day at 08:00, 12:00 and 16:00`",
        };
        let message = "a schedule names days and times of day";
        Some(Phrase::unsure(3, help).told(codes::UNEXPECTED, message))
    }

    /// `below the previous 28 days`, `below the last 28 days`
    fn previous(&self) -> Found {
        let the = isize::from(self.word(0) == "the");
        let compared = matches!(&*self.word(-1), "below" | "above" | "than");
        let previous = matches!(&*self.word(the), "previous" | "prior" | "preceding" | "past" | "last" | "earlier");
        (compared && previous && self.is_length(the + 1)).then_some(())?;
        let end = if self.word(the + 2) == "business" { the + 4 } else { the + 3 };
        Some(Phrase::new(end, format!("the {} before", self.written(the + 1, end))))
    }

    /// `survey_response && score …`
    fn where_joined(&self) -> Found {
        let joined = self.index == 1 && matches!(self.text(0), "&&" | "&") && self.kind(1) == Some(Kind::Word);
        joined.then(|| {
            let message = format!("`{}` is an operator of programming languages", self.text(0));
            Phrase::new(1, "where").told(codes::OPERATOR, message)
        })
    }

    fn moves(&self) -> Option<(Moves, isize)> {
        let up = match &*self.word(0) {
            "exceeds" | "surpasses" | "tops" => return Some((Moves::Over(true), 1)),
            word if words::is_exceeds(word) => return Some((Moves::Over(true), 1)),
            "rises" | "climbs" | "grows" | "jumps" | "increases" | "rose" => true,
            "falls" | "drops" | "sinks" | "declines" | "decreases" | "dips" | "fell" | "dropped" => false,
            "gets" | "moves" => matches!(&*self.word(1), "above" | "over" | "past" | "beyond"),
            _ => return None,
        };
        match (&*self.word(1), up) {
            ("above" | "over" | "past" | "beyond", true) => Some((Moves::Over(true), 2)),
            ("below" | "under" | "beneath", false) => Some((Moves::Over(false), 2)),
            ("by", up) => Some((Moves::By(up), 2)),
            _ => None,
        }
    }

    /// `queue_reading.wait exceeds 10 minutes`, `nps of survey_response.score drops by 10 points`
    fn moving(&self) -> Found {
        let (moves, length) = self.moves()?;
        let measured =
            matches!(self.sentence.tokens.get(1).map(|token| self.sentence.word(token)), Some("of" | "between"));
        let windowed = self.has_word_before(&["last"]) && measured;
        let field = self.text(-2) == ".";
        let side = |up: bool| if up { "above" } else { "below" };
        let order = |up: bool| if up { "more" } else { "less" };
        match moves {
            Moves::Over(up) if !measured && field && self.index == 3 => {
                let goes = if up { "goes over" } else { "goes under" };
                let line = self.quantity(length).map_or("…".to_owned(), |end| self.written(length, length + end));
                let help = format!("write `{} {goes} {line}`", self.written(-3, 0));
                Some(Phrase::new(length, goes).help(help))
            }
            Moves::Over(up) if windowed => Some(Phrase::new(length, format!("is {} than", order(up)))),
            Moves::Over(up) if measured && field => {
                let level = shown(self.text(length));
                let meant = format!("over the last 7 days is {} than", order(up));
                let help = format!("write `{meant} {level}`");
                Some(Phrase::new(length, meant).help(help))
            }
            Moves::By(up) if measured && (field || windowed) => {
                let number = self.kind(length) == Some(Kind::Number);
                let amount = if number { self.text(length) } else { "10" };
                let mut end = length + isize::from(number);
                let unit = match self.text(end) {
                    unit @ ("points" | "point" | "percent" | "%") => {
                        end += 1;
                        if unit == "%" { "percent" } else { unit }
                    }
                    _ => "points",
                };
                let window = match (self.text(end), self.text(end + 1), self.text(end + 2)) {
                    ("over" | "in" | "within" | "during", "the", "last") if !windowed && self.is_length(end + 3) => {
                        let window = self.written(end + 3, end + 5);
                        end += 5;
                        window
                    }
                    _ => "7 days".to_owned(),
                };
                let before = if windowed || window == "7 days" { "28 days" } else { &window };
                let over = if windowed { String::new() } else { format!("over the last {window} ") };
                let meant = format!("{over}is at least {} {unit} {} the {before} before", shown(amount), side(up));
                Some(Phrase::new(end, meant))
            }
            Moves::By(up) if field && self.index == 3 => {
                let help = format!(
                    "write, for example, `average of {} over the last 7 days is at least {} points {} the 28 days before`",
                    self.written(-3, 0),
                    shown(self.text(length)),
                    side(up)
                );
                Some(Phrase::unsure(length, help).told(codes::UNEXPECTED, "how much something changes is measured"))
            }
            _ => None,
        }
    }

    /// `3 or more complaints per customer`, `… by customer`, `… from the same customer`
    fn key(&self) -> Found {
        let begins = match &*self.word(0) {
            "per" | "from" => true,
            "by" => !matches!(&*self.word(-1), "followed" | "drops" | "rises" | "falls"),
            "for" => matches!(&*self.word(1), "each" | "every" | "one" | "any" | "a" | "single"),
            _ => false,
        };
        (begins && self.index > 0).then_some(())?;
        let fillers = (1..4).take_while(|offset| {
            matches!(&*self.word(*offset), "the" | "same" | "one" | "each" | "a" | "an" | "any" | "every" | "single")
        });
        let name = 1 + fillers.count() as isize;
        let length = self.path_at(name);
        let end = name + length;
        let ends = self.kind(end).is_none() || matches!(&*self.word(end), "within" | "in" | "where" | "with" | "over");
        (length > 0 && ends).then_some(())?;
        let key = self.written(name, end);
        let first = self.sentence.tokens.first()?;
        let second = self.sentence.tokens.get(1).map_or("", |token| self.sentence.word(token));
        if matches!(second, "of" | "between") || first.kind == Kind::Word && second == "." {
            let help = format!("write `for each {key}` behind the whole of `when`");
            return Some(
                Phrase::unsure(end, help).told(codes::UNEXPECTED, "this runs for each of them, and says so last"),
            );
        }
        let counted = first.kind == Kind::Number || self.has_word_before(&["followed"]);
        let meant = format!("for the same {key}");
        counted.then(|| Phrase::new(end, meant).told(codes::NO_KEY, "a key is said with `for the same`"))
    }

    /// `within 14 days per customer`, `within 14 days for the same customer`
    fn key_last(&self) -> Found {
        let words = self.within_words();
        (words > 0 && self.is_length(words) && !self.has_word_before(&["same"])).then_some(())?;
        let length = words + if self.word(words + 1) == "business" { 3 } else { 2 };
        let begins = matches!(&*self.word(length), "per" | "by" | "from" | "for");
        let filler = |offset: &isize| {
            matches!(&*self.word(*offset), "the" | "same" | "one" | "each" | "a" | "any" | "every" | "single")
        };
        let name = length + 1 + (length + 1..length + 4).take_while(filler).count() as isize;
        let path = self.path_at(name);
        let end = name + path;
        (begins && path > 0 && self.kind(end).is_none()).then_some(())?;
        let measured =
            matches!(self.sentence.tokens.get(1).map(|token| self.sentence.word(token)), Some("of" | "between"));
        (!measured).then_some(())?;
        let meant = format!("for the same {} within {}", self.written(name, end), self.written(words, length));
        Some(Phrase::new(end, meant).told(codes::NO_KEY, "what it is the same of stands in front of `within`"))
    }

    /// `is less than 20 points`, of a level
    pub(super) fn level_in_points(&self, entry: Rule) -> Found {
        let level = matches!(entry, Rule::e_trigger | Rule::e_predicate | Rule::e_condition);
        (level && matches!(&*self.word(0), "points" | "point") && self.kind(-1) == Some(Kind::Number)).then_some(())?;
        let compared = matches!(&*self.word(-2), "than" | "least" | "most" | "over" | "under");
        let goes_on = matches!(
            &*self.word(1),
            "below" | "above" | "under" | "over" | "lower" | "higher" | "less" | "worse" | "better"
        );
        (compared && !goes_on).then_some(())?;
        let is = (-5..-1).rev().find(|offset| self.word(*offset) == "is")?;
        let help = format!(
            "take it out: write `{}`; a difference goes on, such as `{} points below the 28 days before`",
            self.written(is, 0),
            self.written(is, 0)
        );
        let message = "a level is a number, `points` measure a difference";
        Some(Phrase::new(1, "").told(codes::UNEXPECTED, message).help(help))
    }

    /// `daily at 07:00`, `weekly on Monday at 08:00`, `each day at 07:00`
    pub(super) fn schedule(&self, entry: Rule) -> Found {
        let every = self.index == 1 && self.word(-1) == "every";
        let begins = self.index == 0 || every;
        (begins && matches!(entry, Rule::e_schedule | Rule::e_trigger)).then_some(())?;
        let day = |offset: isize| words::WEEKDAYS.into_iter().find(|day| day.eq_ignore_ascii_case(&self.word(offset)));
        let (length, days) = match (&*self.word(0), &*self.word(1)) {
            ("weekly", "on") => (3, day(2)?),
            ("weekly", _) => (1, "Monday"),
            ("daily" | "nightly" | "everyday", _) => (1, "day"),
            ("weekdays", _) => (1, "weekday"),
            ("each", "day" | "weekday") => (2, if self.word(1) == "day" { "day" } else { "weekday" }),
            ("each", _) => (2, day(1)?),
            _ => return None,
        };
        // A signal or a field may be called so.
        (entry == Rule::e_schedule || self.word(length) == "at" || self.kind(length).is_none()).then_some(())?;
        let meant = if every { days.to_owned() } else { format!("every {days}") };
        let message = format!("`{}` is no schedule", self.written(0, length));
        match self.word(length) == "at" {
            true => {
                let time = self.kind(length + 1) == Some(Kind::Time);
                let rest = if time { format!(" at {}", self.text(length + 1)) } else { String::new() };
                let help = format!("write `{meant}{rest}`");
                Some(Phrase::new(length, meant).told(codes::UNEXPECTED, message).help(help))
            }
            false => Some(Phrase::new(length, format!("{meant} at 07:00")).told(codes::UNEXPECTED, message)),
        }
    }

    /// `in 2 hours`, `within 14 days`, where nothing but a length of time stands: the key of a YAML leaf says the rest.
    pub(super) fn length(&self, entry: Rule) -> Found {
        let word = self.word(0);
        let filler = matches!(&*word, "in" | "within" | "after" | "for" | "over" | "last" | "the" | "about");
        (entry == Rule::e_length && self.index == 0 && filler).then_some(())?;
        let number = (1..4).find(|offset| self.kind(*offset) == Some(Kind::Number))?;
        let end = self.sentence.tokens.len() as isize;
        let help = format!("write `{}`", self.written(number, end.min(number + 4)));
        Some(Phrase::new(number, "").help(help))
    }
}
