//! Dates, times of day, money and addresses as other places write them: `24.12.2026`, `9am`, `€50`, `boss@shop.lt`.

use jiff::civil::Date;

use crate::lang::codes;
use crate::number::Number;

use super::super::super::diagnose::shown;
use super::super::super::grammar::Rule;
use super::super::super::scan::Kind;
use super::super::super::words;
use super::{Found, Phrase, Words};

impl Words<'_> {
    /// A value of which nobody doubts what it is.
    pub(super) fn value(&self, entry: Rule) -> Found {
        if entry == Rule::e_header {
            return None;
        }
        self.quoted_number(entry)
            .or_else(|| self.date())
            .or_else(|| self.named_date())
            .or_else(|| self.half_day())
            .or_else(|| self.money())
            .or_else(|| self.address(entry))
    }

    /// `"3" or more complaints`, `over "10" minutes`, `at least "15" points`
    fn quoted_number(&self, entry: Rule) -> Found {
        let counts = entry == Rule::e_trigger && self.index == 0 && self.word(1) == "or";
        let unit = self.word(1);
        let measured = words::unit(&unit).is_some() || matches!(&*unit, "points" | "percent" | "business");
        (matches!(self.kind(0), Some(Kind::Text(true))) && (counts || measured)).then_some(())?;
        let number = self.text(0).trim_matches(|c: char| !c.is_alphanumeric() && c != '-');
        number.parse::<Number>().is_ok().then_some(())?;
        let message = format!("`{}` is a text, a number stands here", shown(self.text(0)));
        let help = format!("write `{number}` without quotes");
        Some(Phrase::new(1, number).told(codes::QUOTED_NUMBER, message).help(help))
    }

    /// `24.12.2026`, `24/12/2026`, `2026/12/24`
    fn date(&self) -> Found {
        matches!(self.kind(0), Some(Kind::Number | Kind::Date)).then_some(())?;
        let start = self.sentence.tokens.get(self.index)?.start;
        let (bytes, dates) = date(self.sentence.slice.text.get(start..self.sentence.end)?)?;
        let tokens = self.sentence.tokens[self.index..].iter();
        let length = tokens.take_while(|token| token.end <= start + bytes).count();
        (length > 0 && self.sentence.tokens[self.index + length - 1].end == start + bytes).then_some(())?;
        let message = "a date is written year first";
        Some(match &dates[..] {
            [one] => Phrase::new(length as isize, one).told(codes::BAD_DATE, message).doubtful(),
            [one, other, ..] => {
                Phrase::unsure(length as isize, format!("write `{one}`, or `{other}` if the first number is the month"))
                    .told(codes::BAD_DATE, message)
            }
            [] => return None,
        })
    }

    /// `24 December 2026`, `December 24, 2026`
    fn named_date(&self) -> Found {
        let number =
            |offset: isize| self.text(offset).parse::<i16>().ok().filter(|_| self.kind(offset) == Some(Kind::Number));
        let (day, month, year, length) = match (month(&self.word(0)), month(&self.word(1))) {
            (Some(month), _) => {
                let comma = isize::from(self.text(2) == ",");
                (number(1)?, month, number(2 + comma)?, 3 + comma)
            }
            (None, Some(month)) => (number(0)?, month, number(2)?, 3),
            _ => return None,
        };
        let date = Date::new(year, month, i8::try_from(day).ok()?).ok().filter(|_| year >= 1000)?;
        Some(Phrase::new(length, date.to_string()).told(codes::BAD_DATE, "a date is written year first").doubtful())
    }

    /// `9am`, `9:30 pm`
    fn half_day(&self) -> Found {
        let afternoon = match &*self.word(1) {
            "am" => false,
            "pm" => true,
            _ => return None,
        };
        let (hour, minute) = match self.kind(0)? {
            Kind::Time => self.text(0).split_once(':')?,
            Kind::Number => self.text(0).split_once('.').unwrap_or((self.text(0), "00")),
            _ => return None,
        };
        let hour: u32 = hour.parse().ok().filter(|hour| *hour <= 12)?;
        let minute: u32 = minute.parse().ok().filter(|minute| *minute < 60)?;
        let hour = hour % 12 + if afternoon { 12 } else { 0 };
        let message = "a time of day is written in hours and minutes";
        Some(Phrase::new(2, format!("{hour:02}:{minute:02}")).told(codes::BAD_TIME, message).doubtful())
    }

    /// `€50`, `50€`, `50 euros`, `EUR 50`
    fn money(&self) -> Found {
        let code = |offset: isize| match self.kind(offset)? {
            Kind::Word | Kind::Odd | Kind::Operator => currency(self.text(offset)),
            _ => None,
        };
        let number = |offset: isize| self.kind(offset) == Some(Kind::Number);
        let ahead = || {
            let capitals = self.text(0);
            let known = capitals.len() == 3 && capitals.chars().all(|c| c.is_ascii_uppercase());
            if known { Some(capitals) } else { code(0) }
        };
        let (amount, code) = match (number(0), number(1)) {
            (true, _) if self.text(1) != "EUR" => (self.text(0), code(1)?),
            (false, true) => (self.text(1), ahead()?),
            _ => return None,
        };
        let message = "money is written with its three-letter code";
        Some(Phrase::new(2, format!("{} {code}", shown(amount))).told(codes::UNKNOWN_UNIT, message))
    }

    /// `alert boss@shop.lt`
    fn address(&self, entry: Rule) -> Found {
        let length = self.address_at(0)?;
        let address = self.written(0, length);
        let message = format!("`{address}` is an address");
        let alone = self.index == 0 && entry == Rule::e_recipient;
        Some(match &*self.word(-1) {
            "alert" => {
                let help = format!(
                    "write the role, such as `alert manager of store`; directory.yaml says who fills it: `roles: {{manager: [{address}]}}`"
                );
                Phrase::unsure(length, help).told(codes::UNEXPECTED, format!("{message}, a role stands here"))
            }
            "" if alone => {
                let help = format!(
                    "write the role, such as `manager of store`; directory.yaml says who fills it: `roles: {{manager: [{address}]}}`"
                );
                Phrase::unsure(length, help).told(codes::UNEXPECTED, format!("{message}, a role stands here"))
            }
            "email" => {
                let help = "write whom it is about, such as `email customer using \"thank_you\"`; people who work here are alerted: `alert manager of store`";
                Phrase::unsure(length, help).told(codes::UNEXPECTED, format!("{message}, a customer stands here"))
            }
            "" if entry == Rule::e_path => {
                let help = "write whom it is about, such as `customer`; people who work here are alerted: `alert: manager of store`";
                Phrase::unsure(length, help).told(codes::UNEXPECTED, format!("{message}, a name stands here"))
            }
            _ => Phrase::new(length, format!("\"{address}\""))
                .told(codes::UNQUOTED_TEXT, format!("{message}, and stands in quotes")),
        })
    }

    /// Returns how many tokens the address at `offset` has.
    fn address_at(&self, offset: isize) -> Option<isize> {
        let tokens = self.sentence.tokens.get(self.index.checked_add_signed(offset)?..)?;
        let first = tokens.first().filter(|token| matches!(token.kind, Kind::Word | Kind::Number))?;
        let touching = tokens.windows(2).take(30).take_while(|pair| pair[0].end == pair[1].start).count();
        let part = |token: &super::super::super::scan::Token| {
            matches!(token.kind, Kind::Word | Kind::Number)
                || matches!(self.sentence.word(token), "." | "-" | "@" | "+")
        };
        let length = tokens[..=touching].iter().take_while(|token| part(token)).count();
        let text = self.sentence.slice.text.get(first.start..tokens[length - 1].end)?.trim_end_matches('.');
        let (name, domain) = text.split_once('@')?;
        let sound = !name.is_empty() && domain.contains('.') && !domain.contains('@') && !domain.starts_with('.');
        let before = self.index.checked_sub(1).and_then(|before| self.sentence.tokens.get(before));
        (sound && before.is_none_or(|before| before.end < first.start)).then_some(length as isize)
    }
}

/// Returns how long the date at the start of a text is, and what it may be.
fn date(text: &str) -> Option<(usize, Vec<String>)> {
    let digits = |from: usize| text[from..].len() - text[from..].trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let first = digits(0);
    let mark = text[first..].chars().next().filter(|mark| matches!(mark, '.' | '/' | '-'))?;
    let second = digits(first + 1);
    text[first + 1 + second..].starts_with(mark).then_some(())?;
    let third = digits(first + second + 2);
    let end = first + second + third + 2;
    let goes_on = text[end..].starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '/'));
    (!goes_on && first <= 4 && second <= 2 && third <= 4).then_some(())?;
    let part = |from: usize, length: usize| text[from..from + length].parse::<i16>().ok();
    let (a, b, c) = (part(0, first)?, part(first + 1, second)?, part(first + second + 2, third)?);
    let iso = |year: i16, month: i16, day: i16| {
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok().map(|date| date.to_string())
    };
    let dates = match (first, third) {
        (4, 1 | 2) => vec![iso(a, b, c)],
        (1 | 2, 2 | 4) => {
            let year = if third == 2 { 2000 + c } else { c };
            let american = if mark == '.' { None } else { iso(year, a, b) };
            vec![iso(year, b, a), american.filter(|other| iso(year, b, a).as_ref() != Some(other))]
        }
        _ => return None,
    };
    let dates: Vec<String> = dates.into_iter().flatten().collect();
    (!dates.is_empty()).then_some((end, dates))
}

fn month(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let is = |known: &&str| *known == word || word.len() >= 3 && known.starts_with(word) && word.len() <= 4;
    MONTHS.iter().position(is).and_then(|place| i8::try_from(place + 1).ok())
}

/// Returns the code of a currency by its sign or name.
fn currency(word: &str) -> Option<&'static str> {
    Some(match word.to_lowercase().as_str() {
        "€" | "eur" | "euro" | "euros" | "eurų" | "eurai" | "евро" => "EUR",
        "$" | "usd" | "dollar" | "dollars" => "USD",
        "£" | "gbp" | "pounds" => "GBP",
        "zł" | "pln" | "złotych" | "złoty" => "PLN",
        "₽" | "rub" | "руб" | "рублей" => "RUB",
        "chf" => "CHF",
        _ => return None,
    })
}
