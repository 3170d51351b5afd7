//! Amounts one up and one down, and lengths a tenth longer and shorter.

use jiff::ToSpan;

use crate::lang::tree::{Length, LengthUnit, Operand, OperandKind};
use crate::number::Number;

use super::{Changed, Kind};

const ONE: i128 = 1_000_000_000;

/// One more and one less.
pub fn neighbours(number: Number) -> [Number; 2] {
    [1, -1].map(|by| Number::from_billionths(number.billionths().saturating_add(by * ONE)))
}

/// The same of a count, which is at least one.
pub fn counts(count: u64) -> impl Iterator<Item = u64> {
    [Some(count.saturating_add(1)), count.checked_sub(1)].into_iter().flatten().filter(|count| *count > 0)
}

/// A literal one up and one down: a number, a length, an amount, a date by a day, a time by a minute. Texts, names and
/// scripts have no neighbours.
pub fn operand(operand: &Operand) -> Vec<Changed<Operand>> {
    let kinds: Vec<OperandKind> = match &operand.kind {
        OperandKind::Number(number) => neighbours(*number).map(OperandKind::Number).into(),
        OperandKind::Percent(number) => neighbours(*number).map(OperandKind::Percent).into(),
        OperandKind::Money(amount, currency) => {
            neighbours(*amount).map(|amount| OperandKind::Money(amount, *currency)).into()
        }
        OperandKind::Length(length) => {
            let longer = neighbours(length.amount).map(|amount| Length { amount, ..length.clone() });
            longer.map(OperandKind::Length).into()
        }
        OperandKind::Date(date) => {
            [date.tomorrow(), date.yesterday()].into_iter().flatten().map(OperandKind::Date).collect()
        }
        OperandKind::Time(time) => {
            let times = [time.checked_add(1.minute()), time.checked_sub(1.minute())];
            times.into_iter().flatten().map(OperandKind::Time).collect()
        }
        OperandKind::Path(_) | OperandKind::Text(_) | OperandKind::YesNo(_) | OperandKind::Script(_) => vec![],
    };
    let changed = |kind| Changed::new(Kind::Threshold, operand.span, Operand { kind, span: operand.span });
    kinds.into_iter().map(changed).collect()
}

/// A length a tenth longer and a tenth shorter, rounded; a small one in a finer unit, and where there is none by one.
pub fn window(length: &Length) -> Vec<Changed<Length>> {
    if !length.amount.is_whole() {
        return vec![];
    }
    let (mut amount, mut unit) = (length.amount.whole(), length.unit);
    while amount < 10
        && let Some((times, finer)) = finer(amount, unit)
    {
        (amount, unit) = (amount.saturating_mul(times), finer);
    }
    let tenth = ((amount + 5) / 10).max(1);
    let lengths = [amount.saturating_add(tenth), amount - tenth];
    let lengths = lengths.into_iter().filter(|amount| *amount > 0);
    let changed = |amount| {
        let amount = Number::from_whole(amount);
        Changed::new(Kind::Window, length.span, Length { amount, unit, ..length.clone() })
    };
    lengths.map(changed).collect()
}

/// Returns the next finer unit and how many of them make one. Days stay days where there are enough of them: a day by the
/// calendar may have 23 hours.
fn finer(amount: i64, unit: LengthUnit) -> Option<(i64, LengthUnit)> {
    match unit {
        LengthUnit::Weeks => Some((7, LengthUnit::Days)),
        LengthUnit::Days if amount < 5 => Some((24, LengthUnit::Hours)),
        LengthUnit::Hours => Some((60, LengthUnit::Minutes)),
        LengthUnit::Minutes => Some((60, LengthUnit::Seconds)),
        LengthUnit::BusinessHours => Some((60, LengthUnit::BusinessMinutes)),
        LengthUnit::Days | LengthUnit::Seconds | LengthUnit::BusinessMinutes | LengthUnit::BusinessDays => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::format::sentence;
    use crate::lang::source::{FileNo, Span};

    fn tenths(amount: i64, unit: LengthUnit) -> Vec<String> {
        let span = Span::new(FileNo(0), 0, 0);
        let length = Length { amount: Number::from_whole(amount), unit, calendar: None, span };
        window(&length).iter().map(|changed| sentence::length(&changed.of)).collect()
    }

    #[test]
    fn windows_change_by_a_tenth_in_whole_units() {
        assert_eq!(tenths(20, LengthUnit::Minutes), ["22 minutes", "18 minutes"]);
        assert_eq!(tenths(14, LengthUnit::Days), ["15 days", "13 days"]);
        assert_eq!(tenths(28, LengthUnit::Days), ["31 days", "25 days"]);
        assert_eq!(tenths(2, LengthUnit::Hours), ["132 minutes", "108 minutes"]);
        assert_eq!(tenths(48, LengthUnit::Hours), ["53 hours", "43 hours"]);
        assert_eq!(tenths(2, LengthUnit::Weeks), ["15 days", "13 days"]);
        assert_eq!(tenths(3, LengthUnit::BusinessDays), ["4 business days", "2 business days"]);
        assert_eq!(tenths(1, LengthUnit::BusinessDays), ["2 business days"]);
        assert_eq!(tenths(1, LengthUnit::Days), ["26 hours", "22 hours"]);
    }

    #[test]
    fn counts_stay_above_nothing() {
        assert_eq!(counts(1).collect::<Vec<_>>(), [2]);
        assert_eq!(counts(3).collect::<Vec<_>>(), [4, 2]);
    }
}
