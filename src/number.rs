//! `Number`: the exact decimal that scores, counts and amounts are kept in.
//!
//! Measures compare exactly (M13), so binary floating point never enters the engine. A `Number` is a
//! whole count of billionths in an `i128`: addition is exact, comparison is integer comparison, and the
//! cross-multiplications of `Ratio` cannot overflow within the accepted range.
//!
//! Left out: rounding for print (see `Display`, which drops trailing zeros) and units.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How many places after the point are kept.
pub const PLACES: usize = 9;
/// How many billionths make one.
const ONE: i128 = 1_000_000_000;
/// The largest accepted magnitude: a million millions. Keeps every product in `Ratio` inside `i128`.
const LIMIT: i128 = 1_000_000_000_000 * ONE;

/// An exact decimal with nine places after the point, between −10¹² and 10¹².
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
// Aligned like a word rather than like an `i128`, so that a `Value` takes 24 bytes and not 48.
#[repr(Rust, packed(8))]
pub struct Number(i128);

/// Why a text is not a `Number`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// The text is not a decimal number.
    #[error("not a number")]
    NotANumber,
    /// The magnitude is over 10¹².
    #[error("too large: numbers go up to 1,000,000,000,000")]
    TooLarge,
}

impl Number {
    /// Zero.
    pub const ZERO: Number = Number(0);

    /// Returns the whole number `whole`, which must lie within ±10¹² (clamped otherwise).
    pub fn from_whole(whole: i64) -> Number {
        Number((whole as i128 * ONE).clamp(-LIMIT, LIMIT))
    }

    /// Returns `billionths / 10⁹`, clamped to the accepted range.
    pub fn from_billionths(billionths: i128) -> Number {
        Number(billionths.clamp(-LIMIT, LIMIT))
    }

    /// Returns the value in billionths.
    pub fn billionths(self) -> i128 {
        self.0
    }

    /// Tells whether there is nothing after the decimal point.
    pub fn is_whole(self) -> bool {
        self.0 % ONE == 0
    }

    /// Returns the whole part, rounded towards zero.
    pub fn whole(self) -> i64 {
        (self.0 / ONE) as i64
    }

    /// Returns the nearest binary floating-point number, for scripts only: the engine compares exactly.
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / ONE as f64
    }
}

impl FromStr for Number {
    type Err = NumberError;

    /// Reads `12`, `-3.5`, `1e3` and the like. Places after the ninth are rounded half away from zero.
    fn from_str(text: &str) -> Result<Number, NumberError> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
                (mantissa, exponent.parse::<i32>().map_err(|_| NumberError::NotANumber)?)
            }
            None => (text, 0),
        };
        let (negative, digits) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let only_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() && fraction.is_empty() || !only_digits(whole) || !only_digits(fraction) {
            return Err(NumberError::NotANumber);
        }
        // `places` is how far the written digits have to move left to count billionths.
        let places = 9i64 - fraction.len() as i64 + exponent as i64;
        let mut value: i128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            value = value
                .checked_mul(10)
                .and_then(|v| v.checked_add((digit - b'0') as i128))
                .ok_or(NumberError::TooLarge)?;
        }
        if value != 0 && places > 0 {
            if places > 38 {
                return Err(NumberError::TooLarge);
            }
            value = value.checked_mul(10i128.pow(places as u32)).ok_or(NumberError::TooLarge)?;
        } else if places < 0 {
            let divisor = if places < -38 { i128::MAX } else { 10i128.pow((-places) as u32) };
            value = value / divisor + i128::from(value % divisor >= divisor / 2 + divisor % 2);
        }
        if value > LIMIT {
            return Err(NumberError::TooLarge);
        }
        Ok(Number(if negative { -value } else { value }))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let (whole, fraction) = (magnitude / ONE as u128, magnitude % ONE as u128);
        if self.0 < 0 {
            f.write_str("-")?;
        }
        write!(f, "{whole}")?;
        if fraction != 0 {
            let digits = format!("{fraction:09}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_what_it_read() {
        for text in ["0", "12", "-3.5", "0.000000001", "129.3", "-27.345", "1000000000000"] {
            assert_eq!(text.parse::<Number>().map(|n| n.to_string()).as_deref(), Ok(text));
        }
        assert_eq!("1e3".parse::<Number>().map(|n| n.to_string()).as_deref(), Ok("1000"));
        assert_eq!("0.30000000000000004".parse::<Number>().map(|n| n.to_string()).as_deref(), Ok("0.3"));
        assert_eq!("2.5e-10".parse::<Number>(), Ok(Number(0)));
        assert_eq!("5e-10".parse::<Number>(), Ok(Number(1)));
    }

    #[test]
    fn refuses_what_is_no_number_or_too_large() {
        for text in ["", "-", ".", "1,5", "12a", "0x10", "NaN", "1e", "--1"] {
            assert_eq!(text.parse::<Number>(), Err(NumberError::NotANumber), "{text}");
        }
        for text in ["1000000000001", "1e30", "1e999", "9".repeat(60).as_str()] {
            assert_eq!(text.parse::<Number>(), Err(NumberError::TooLarge), "{text}");
        }
    }
}
