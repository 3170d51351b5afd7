//! Clauses that no condition holds, as a person reads them: what a count or a measure was asked, and what it met.
//!
//! They stand in traces beside the clauses of conditions, whose text is kept by the compiler.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::clock::Length;
use crate::engine::window::measure::Period;
use crate::ir::expr::{Condition, Operand};
use crate::ir::{Delay, DifferenceUnit, Measure, MeasureKind, MeasureTest, Order, Side, Source};
use crate::number::Number;
use crate::value::Value;
use crate::vocabulary::typed::print_value;
use crate::vocabulary::{FieldNo, Type, Vocabulary};

/// Returns a length as a playbook writes it: `14 days`, `90 minutes`.
pub(crate) fn length(length: Length) -> String {
    let (count, unit) = match length {
        Length::Days(days) => (i64::from(days), "day"),
        Length::Elapsed(elapsed) => match elapsed.as_secs() {
            seconds if seconds % 3_600 == 0 => (seconds / 3_600, "hour"),
            seconds if seconds % 60 == 0 => (seconds / 60, "minute"),
            seconds => (seconds, "second"),
        },
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Returns a delay as a playbook writes it: `48 hours`, `4 business hours of support_desk`.
fn delay(delay: &Delay, vocabulary: &Vocabulary) -> String {
    let (length, calendar) = match delay {
        Delay::Plain(plain) => return length(*plain),
        Delay::OpenTime(open, calendar) => (length(Length::Elapsed(*open)), calendar),
        Delay::OpenDays(days, calendar) => (length(Length::Days(*days)), calendar),
    };
    let of = calendar.map(|number| format!(" of {}", vocabulary.calendars[number.index()].name)).unwrap_or_default();
    format!("{}{of}", length.replacen(' ', " business ", 1))
}

/// Returns what an absence asks: `case_opened not followed by customer_contact within 48 hours`.
pub(crate) fn not_followed(first: &Source, then: &Source, within: &Delay, vocabulary: &Vocabulary) -> String {
    let name = |source: &Source| vocabulary.signal_type(source.signal).name.clone();
    let (first, awaited) = (name(first), awaited(then, vocabulary));
    format!("{first} not followed by {awaited} within {}", delay(within, vocabulary))
}

/// Returns what a sequence asks: `order_delivered followed by survey_response within 3 days`.
pub(crate) fn followed(first: &Source, then: &Source, within: Length, vocabulary: &Vocabulary) -> String {
    let name = |source: &Source| vocabulary.signal_type(source.signal).name.clone();
    format!("{} followed by {} within {}", name(first), name(then), length(within))
}

/// Returns the signal that is waited for, with what must hold of it.
fn awaited(then: &Source, vocabulary: &Vocabulary) -> String {
    let name = &vocabulary.signal_type(then.signal).name;
    match &then.filter {
        None => name.to_string(),
        Some(filter) => format!("{name} where {}", condition(filter)),
    }
}

/// Returns a condition as it reads.
pub(crate) fn condition(of: &Condition) -> String {
    let all = |parts: &[Condition], word: &str| {
        let part = |part: &Condition| match part {
            Condition::Test(_) | Condition::Script(..) | Condition::Hours(_) => condition(part),
            group => format!("({})", condition(group)),
        };
        parts.iter().map(part).collect::<Vec<_>>().join(word)
    };
    match of {
        Condition::All(parts) => all(parts, " and "),
        Condition::Any(parts) => all(parts, " or "),
        Condition::Test(test) => test.text.to_string(),
        Condition::Script(script, _) => format!("`{}`", script.text),
        Condition::Hours(hours) => hours.text.to_string(),
    }
}

/// Returns an instant as a person of the rule's zone reads it: `Fri 2026-03-27 17:00`.
pub(crate) fn instant(at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    let time = if local.second() == 0 && local.subsec_nanosecond() == 0 { "%H:%M" } else { "%H:%M:%S" };
    local.strftime(&format!("%a %Y-%m-%d {time}")).to_string()
}

/// Returns what a measure is asked: `nps of score is at least 15 points below the 28 days before`.
pub(crate) fn asked(measure: &Measure, vocabulary: &Vocabulary) -> String {
    format!("{} is {}", subject(measure, vocabulary), test(measure, &unit(measure, vocabulary)))
}

/// Returns what it met: `12 from 40`, `recent 12 from 40, previous 31 from 38`.
pub(crate) fn met(
    measure: &Measure,
    vocabulary: &Vocabulary,
    recent: (&Period, &Value),
    previous: Option<(&Period, &Value)>,
) -> String {
    let unit = unit(measure, vocabulary);
    let counts = measure.kind == MeasureKind::Count;
    let of = |(period, value): (&Period, &Value)| match (value, counts) {
        (Value::Missing, _) => format!("unknown from {}", period.sample),
        (value, true) => printed(value, &unit),
        (value, false) => format!("{} from {}", printed(value, &unit), period.sample),
    };
    match (previous, &measure.test) {
        (Some(previous), MeasureTest::Previous { before, .. }) => {
            // A count of the period before is told for the length of the recent one.
            let whole = match counts && *before != measure.over {
                true => format!(", that is {} in {}", previous.0.sample, length(*before)),
                false => String::new(),
            };
            format!("recent {}, previous {}{whole}", of(recent), of(previous))
        }
        _ => of(recent),
    }
}

fn subject(measure: &Measure, vocabulary: &Vocabulary) -> String {
    let signal = vocabulary.signal_type(measure.source.signal);
    let field = |number: Option<FieldNo>| number.map_or(&*signal.name, |number| &*signal.fields[number.index()].name);
    let all = signal.plural.as_deref().unwrap_or(&signal.name);
    let word = match measure.kind {
        MeasureKind::Count => return format!("count of {all}"),
        MeasureKind::Share => return format!("share of {all}"),
        MeasureKind::Gap => return format!("gap between {} and {}", field(measure.field), field(measure.second)),
        MeasureKind::Nps => "nps",
        MeasureKind::Csat => "csat",
        MeasureKind::Average => "average",
        MeasureKind::Median => "median",
        MeasureKind::Sum => "sum",
        MeasureKind::Lowest => "lowest",
        MeasureKind::Highest => "highest",
    };
    format!("{word} of {}", field(measure.field))
}

fn test(measure: &Measure, unit: &Unit) -> String {
    let word = |order: Order| match order {
        Order::AtLeast => "at least",
        Order::AtMost => "at most",
        Order::MoreThan | Order::After => "more than",
        Order::LessThan | Order::Before => "less than",
    };
    let level = |operand: &Operand| match operand {
        Operand::Literal(value) => printed(value, unit),
        Operand::Access(access) => access.name.to_string(),
        Operand::Script(..) => "the script's value".to_owned(),
    };
    match &measure.test {
        MeasureTest::Level(order, operand) => format!("{} {}", word(*order), level(operand)),
        MeasureTest::Between(low, high) => format!("between {} and {}", level(low), level(high)),
        MeasureTest::Previous { order, by, unit, side, before } => {
            let unit = match unit {
                DifferenceUnit::Points if *by == Number::from_whole(1) => "point",
                DifferenceUnit::Points => "points",
                DifferenceUnit::Percent => "percent",
            };
            let side = if *side == Side::Over { "above" } else { "below" };
            format!("{} {by} {unit} {side} the {} before", word(*order), length(*before))
        }
    }
}

/// How values of a measure are printed.
enum Unit {
    Percent,
    Of(Type),
}

fn unit(measure: &Measure, vocabulary: &Vocabulary) -> Unit {
    let fields = &vocabulary.signal_type(measure.source.signal).fields;
    match (measure.kind, measure.field) {
        (MeasureKind::Share | MeasureKind::Csat, _) => Unit::Percent,
        (MeasureKind::Count | MeasureKind::Nps, _) | (_, None) => Unit::Of(Type::Number),
        (_, Some(field)) => match &fields[field.index()].ty {
            ty @ Type::Duration(_) => Unit::Of(ty.clone()),
            _ => Unit::Of(Type::Number),
        },
    }
}

fn printed(value: &Value, unit: &Unit) -> String {
    match unit {
        Unit::Percent => format!("{} percent", print_value(value, &Type::Number)),
        Unit::Of(ty) => print_value(value, ty),
    }
}
