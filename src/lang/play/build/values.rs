//! Words, values, lengths, schedules, conditions.

use jiff::civil::{Date, Time};
use pest::iterators::Pair;

use crate::lang::codes;
use crate::lang::source::Spanned;
use crate::lang::tree::{self, ConditionKind, LengthUnit, OperandKind, Order, Predicate};
use crate::lang::unread::Unread;
use crate::number::Number;
use crate::value::Currency;

use super::{Builder, Built, Node, Rule};

impl Builder<'_> {
    /// Reads one name.
    pub fn word(&self, pair: &Pair<Rule>) -> tree::Word {
        Spanned { node: pair.as_str().to_owned(), span: self.span(pair) }
    }

    /// Reads a text in quotes.
    pub fn text(&mut self, pair: Pair<Rule>) -> tree::Text {
        let span = self.span(&pair);
        let Some(body) = pair.into_inner().next() else {
            return Spanned { node: String::new(), span };
        };
        let raw = body.as_str();
        let mut text = String::with_capacity(raw.len());
        let mut characters = raw.char_indices();
        while let Some((at, c)) = characters.next() {
            if c != '\\' {
                text.push(c);
                continue;
            }
            match characters.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, c @ ('"' | '\\' | '“' | '”' | '„' | '‟' | '«' | '»'))) => text.push(c),
                Some((_, other)) => {
                    let start = self.sentence.start + body.as_span().start() + at;
                    let place = self.sentence.slice.span(start, start + 1 + other.len_utf8());
                    let message = format!("`\\{other}` means nothing in a text");
                    self.problem(
                        codes::BAD_ESCAPE,
                        place,
                        message,
                        "write `\\\"` for a quote, `\\n` for a new line, `\\\\` for a backslash",
                    );
                }
                None => {}
            }
        }
        Spanned { node: text, span }
    }

    /// Reads a number; one out of range is reported and 0.
    pub fn number(&mut self, pair: &Pair<Rule>) -> Spanned<Number> {
        let span = self.span(pair);
        let places = pair.as_str().split_once('.').map_or(0, |(_, places)| places.trim_end_matches('0').len());
        if places > crate::number::PLACES {
            let message = format!("`{}` has more than nine places after the point", shorten(pair.as_str()));
            self.problem(
                codes::BAD_NUMBER,
                span,
                message,
                "write it with nine at most: everything is counted in billionths",
            );
        }
        let node = match pair.as_str().replace('−', "-").parse() {
            Ok(number) => number,
            Err(error) => {
                self.problem(
                    codes::BAD_NUMBER,
                    span,
                    format!("`{}` is {error}", shorten(pair.as_str())),
                    "write a smaller number",
                );
                Number::ZERO
            }
        };
        Spanned { node, span }
    }

    /// `1.000 EUR`: a thousand in one country, and one in another.
    fn ask_for_thousands(&mut self, number: &Pair<Rule>, currency: &str) {
        let written = number.as_str().trim();
        let Some((whole, places)) = written.split_once('.').filter(|(_, places)| places.len() == 3) else { return };
        let message = format!("`{written}` is a thousand times as much in some countries as in others");
        let cents = if places.ends_with('0') { &places[..2] } else { places };
        let other = format!("{whole}.{cents}{}", if places.ends_with('0') { "" } else { "0" });
        let help = format!("write `{whole}{places} {currency}`, or `{other} {currency}`");
        self.problem(codes::BAD_NUMBER, self.span(number), message, &help);
    }

    /// Reads a whole number.
    pub fn whole(&mut self, pair: Pair<Rule>) -> Built<Spanned<u64>> {
        let number = self.number(&pair);
        Some(Spanned { node: u64::try_from(number.node.whole()).unwrap_or(0), span: number.span })
    }

    /// Reads a path.
    pub fn path(&mut self, pair: Pair<Rule>) -> Built<tree::Path> {
        let span = self.span(&pair);
        let words: Vec<tree::Word> = pair.into_inner().map(|word| self.word(&word)).collect();
        (!words.is_empty()).then_some(tree::Path { words, span })
    }

    /// Reads `signal.field`.
    pub fn field(&mut self, pair: Pair<Rule>) -> Built<(tree::Word, tree::Word)> {
        let mut words = pair.into_inner();
        Some((self.word(&words.next()?), self.word(&words.next()?)))
    }

    /// Reads paths joined by `and`.
    pub fn key(&mut self, pair: Pair<Rule>) -> Built<Vec<tree::Path>> {
        let mut node = Node::new(pair);
        let mut paths = Vec::new();
        while let Some(path) = node.take(Rule::path) {
            paths.push(self.path(path)?);
        }
        Some(paths)
    }

    /// Reads a length.
    pub fn length(&mut self, pair: Pair<Rule>) -> Built<tree::Length> {
        let span = self.span(&pair);
        let mut node = Node::new(pair);
        let number = node.take(Rule::number)?;
        let amount = self.number(&number);
        if amount.node < Number::ZERO {
            let message = format!("`{}`: a length of time cannot be negative", number.as_str());
            self.problem(codes::BAD_NUMBER, amount.span, message, "write it without the minus sign");
        }
        let business = node.take(Rule::business).is_some();
        let unit_pair = node.take(Rule::unit)?;
        let plain = unit_of(unit_pair.as_str());
        let unit = if business { business_unit(plain) } else { Some(plain) };
        if unit.is_none() {
            let message = format!("there are no `business {}`", unit_pair.as_str());
            let place = self.span(&unit_pair);
            self.problem(codes::UNKNOWN_UNIT, place, message, "business minutes, hours and days can be counted");
        }
        let calendar = match node.take(Rule::of_calendar) {
            Some(pair) => Some(self.word(&Node::new(pair).take(Rule::word)?)),
            None => None,
        };
        Some(tree::Length { amount: amount.node, unit: unit.unwrap_or(plain), calendar, span })
    }

    /// Reads a time of day; one that does not exist is reported.
    pub fn time(&mut self, pair: Pair<Rule>) -> Built<Spanned<Time>> {
        let span = self.span(&pair);
        let (hour, minute) = pair.as_str().split_once(':')?;
        match Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0) {
            Ok(node) => Some(Spanned { node, span }),
            Err(_) => {
                let message = format!("there is no `{}` in a day", pair.as_str());
                self.problem(codes::BAD_TIME, span, message, "write a time from `00:00` to `23:59`");
                Some(Unread::unread(span))
            }
        }
    }

    fn date(&mut self, pair: &Pair<Rule>) -> Built<Date> {
        let mut parts = pair.as_str().split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        match Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?) {
            Ok(date) => Some(date),
            Err(_) => {
                let message = format!("there is no day `{}`", pair.as_str());
                let span = self.span(pair);
                self.problem(codes::BAD_DATE, span, message, "write year, month and day, such as `2026-12-24`");
                Some(Date::ZERO)
            }
        }
    }

    /// Reads a schedule.
    pub fn schedule(&mut self, pair: Pair<Rule>) -> Built<tree::Schedule> {
        let mut node = Node::new(pair);
        let mut written = Node::new(node.take(Rule::days)?);
        let mut days = [written.has(Rule::w_day); 7];
        if written.has(Rule::w_weekday) {
            days[..5].fill(true);
        }
        while let Some(day) = written.take(Rule::weekday) {
            let name = day.as_str().to_ascii_lowercase();
            let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
            days[names.iter().position(|known| *known == name)?] = true;
        }
        let mut times = Vec::new();
        while let Some(time) = node.take(Rule::time) {
            times.push(self.time(time)?);
        }
        Some(tree::Schedule { days, times })
    }

    /// Reads a value.
    pub fn operand(&mut self, pair: Pair<Rule>) -> Built<tree::Operand> {
        let span = self.span(&pair);
        let value = Node::new(pair).any()?;
        let kind = match value.as_rule() {
            Rule::script => OperandKind::Script(value.into_inner().next()?.as_str().to_owned()),
            Rule::text => OperandKind::Text(self.text(value).node),
            Rule::date => OperandKind::Date(self.date(&value)?),
            Rule::time => OperandKind::Time(self.time(value)?.node),
            Rule::number => OperandKind::Number(self.number(&value).node),
            Rule::length => OperandKind::Length(self.length(value)?),
            Rule::yes_no => OperandKind::YesNo(value.as_str() == "yes"),
            Rule::percent => {
                let number = Node::new(value).take(Rule::number)?;
                OperandKind::Percent(self.number(&number).node)
            }
            Rule::money => {
                let mut node = Node::new(value);
                let (number, currency) = (node.take(Rule::number)?, node.take(Rule::currency)?);
                self.ask_for_thousands(&number, currency.as_str());
                OperandKind::Money(self.number(&number).node, Currency::of(currency.as_str())?)
            }
            _ => OperandKind::Path(self.path(value)?),
        };
        self.refuse_true_false(&kind);
        Some(tree::Operand { kind, span })
    }

    /// Reads a condition.
    pub fn condition(&mut self, pair: Pair<Rule>) -> Built<tree::Condition> {
        let span = self.span(&pair);
        let mut node = Node::new(pair);
        let first = node.any()?;
        let first = self.term(first)?;
        let mut terms = vec![first];
        let mut any_of = false;
        while let Some(pair) = node.any() {
            any_of = pair.as_rule() == Rule::or_term;
            terms.push(self.term(Node::new(pair).any()?)?);
        }
        if terms.len() == 1 {
            return terms.pop();
        }
        let kind = if any_of { ConditionKind::Or(terms) } else { ConditionKind::And(terms) };
        Some(tree::Condition { kind, span })
    }

    fn term(&mut self, pair: Pair<Rule>) -> Built<tree::Condition> {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        if rule == Rule::script {
            let body = pair.into_inner().next()?.as_str().to_owned();
            return Some(tree::Condition { kind: ConditionKind::Script(Spanned { node: body, span }), span });
        }
        let mut node = Node::new(pair);
        let kind = match rule {
            Rule::group => ConditionKind::Group(Box::new(self.condition(node.take(Rule::condition)?)?)),
            Rule::open_hours => {
                let outside = node.has(Rule::w_outside);
                ConditionKind::Hours { outside, calendar: self.word(&node.take(Rule::word)?) }
            }
            Rule::yes_name => ConditionKind::Name(self.path(node.take(Rule::path)?)?),
            _ => {
                let subject = self.operand(node.take(Rule::operand)?)?;
                ConditionKind::Test(subject, self.predicate(node.take(Rule::predicate)?)?)
            }
        };
        Some(tree::Condition { kind, span })
    }

    /// Reads what is said of a subject.
    pub fn predicate(&mut self, pair: Pair<Rule>) -> Built<Spanned<Predicate>> {
        let span = self.span(&pair);
        Some(Spanned { node: self.predicate_shape(Node::new(pair).any()?)?, span })
    }

    /// Reads one of the shapes of a predicate.
    pub fn predicate_shape(&mut self, pair: Pair<Rule>) -> Built<Predicate> {
        let rule = pair.as_rule();
        let mut node = Node::new(pair);
        let negated = node.has(Rule::w_not);
        Some(match rule {
            Rule::p_present => Predicate::Present,
            Rule::p_missing => Predicate::Missing,
            Rule::p_mentions => Predicate::Mentions { negated, lexicon: self.word(&node.take(Rule::word)?) },
            Rule::p_days => Predicate::Days {
                negated,
                past: node.has(Rule::w_last),
                length: self.length(node.take(Rule::length)?)?,
            },
            Rule::p_scale => {
                node.take(Rule::article);
                let word = node.take(Rule::scale_word).or_else(|| node.take(Rule::word))?;
                Predicate::Scale { negated, word: self.word(&word) }
            }
            Rule::p_contains => Predicate::Contains { negated, text: self.operand(node.take(Rule::operand)?)? },
            Rule::p_starts => Predicate::StartsWith { negated, text: self.operand(node.take(Rule::operand)?)? },
            Rule::p_between => {
                let low = self.line(node.take(Rule::operand)?)?;
                Predicate::Between(low, self.line(node.take(Rule::operand)?)?)
            }
            Rule::p_compare => {
                let order = self.order_of(&Node::new(node.take(Rule::order)?).words);
                Predicate::Compare { order, to: self.line(node.take(Rule::operand)?)? }
            }
            Rule::p_one_of => {
                let mut of = Vec::new();
                while let Some(operand) = node.take(Rule::operand) {
                    of.push(self.operand(operand)?);
                }
                Predicate::OneOf { negated, of }
            }
            _ => {
                let to = self.operand(node.take(Rule::operand)?)?;
                if negated {
                    self.refuse_negated_presence(&to);
                }
                Predicate::Is { negated, to }
            }
        })
    }

    /// Reads a value that something is compared with: a number in quotes is a slip, texts have no order.
    pub(super) fn line(&mut self, pair: Pair<Rule>) -> Built<tree::Operand> {
        let operand = self.operand(pair)?;
        if let OperandKind::Text(text) = &operand.kind
            && text.trim_start().starts_with(|c: char| c.is_ascii_digit() || c == '-')
        {
            let message = format!("`\"{}\"` is a text, a number stands here", shorten(text));
            let help = format!("write `{}` without quotes", shorten(text));
            self.problem(codes::QUOTED_NUMBER, operand.span, message, &help);
        }
        Some(operand)
    }

    fn refuse_true_false(&mut self, kind: &OperandKind) {
        let OperandKind::Path(path) = kind else { return };
        let [word] = path.words.as_slice() else { return };
        let here = match word.node.to_lowercase().as_str() {
            "true" => "yes",
            "false" => "no",
            _ => return,
        };
        let message = format!("`{}` is not a word of playbooks", word.node);
        self.problem(codes::OTHER_WORD, word.span, message, &format!("write `{here}`"));
    }

    /// `is not present` would read as a comparison with something called `present`.
    fn refuse_negated_presence(&mut self, to: &tree::Operand) {
        let OperandKind::Path(path) = &to.kind else { return };
        let opposite = match path.words.as_slice() {
            [word] if word.node == "present" => "missing",
            [word] if word.node == "missing" => "present",
            _ => return,
        };
        let message = format!("`is not {}` is said the other way round", path.words[0].node);
        self.problem(codes::NEGATED, to.span, message, &format!("write `is {opposite}`"));
    }

    /// Returns the comparison that key words say.
    pub(super) fn order_of(&self, words: &[Rule]) -> Order {
        let has = |word| words.contains(&word);
        match () {
            () if has(Rule::w_least) => Order::AtLeast,
            () if has(Rule::w_most) => Order::AtMost,
            () if has(Rule::w_more) || has(Rule::w_over) => Order::MoreThan,
            () if has(Rule::w_before) => Order::Before,
            () if has(Rule::w_after) => Order::After,
            () => Order::LessThan,
        }
    }
}

fn unit_of(word: &str) -> LengthUnit {
    match word.as_bytes().first() {
        Some(b's') => LengthUnit::Seconds,
        Some(b'm') => LengthUnit::Minutes,
        Some(b'h') => LengthUnit::Hours,
        Some(b'd') => LengthUnit::Days,
        _ => LengthUnit::Weeks,
    }
}

fn business_unit(unit: LengthUnit) -> Option<LengthUnit> {
    match unit {
        LengthUnit::Minutes => Some(LengthUnit::BusinessMinutes),
        LengthUnit::Hours => Some(LengthUnit::BusinessHours),
        LengthUnit::Days => Some(LengthUnit::BusinessDays),
        _ => None,
    }
}

/// Cuts a long literal for a message.
fn shorten(text: &str) -> String {
    match text.char_indices().nth(24) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
