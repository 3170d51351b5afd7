//! Values as people read them: amounts with the places their currency has, and in a customer's mail dates and decimal
//! points the way the mail's language writes them.
//!
//! Traces and conditions show a value as a playbook writes it (`typed::print_value`). Left out: words for units (`12 minutes`
//! stays English) and signs between thousands.

use jiff::civil::Date;

use crate::number::Number;
use crate::value::{Currency, Value};
use crate::vocabulary::Type;
use crate::vocabulary::typed::print_value;

/// Returns a value as a text to staff shows it: `15.50 EUR`, else as a playbook writes it.
pub fn in_text(value: &Value, ty: &Type) -> String {
    match value {
        Value::Money(amount, currency) => money(*amount, *currency),
        other => print_value(other, ty),
    }
}

/// Returns a value as a mail in `language` shows it: `15,50 EUR` and `24 grudnia 2026` in Polish. A language that is not known
/// here keeps the decimal point, and dates as `2026-12-24`.
pub fn in_mail(value: &Value, ty: &Type, language: &str) -> String {
    let main = language.split(['-', '_']).next().unwrap_or("").to_ascii_lowercase();
    match value {
        Value::Date(date) => in_words(*date, &main).unwrap_or_else(|| print_value(value, ty)),
        Value::Money(..) | Value::Number(_) | Value::Duration(_) if COMMA.contains(&&*main) => {
            in_text(value, ty).replacen('.', ",", 1)
        }
        other => in_text(other, ty),
    }
}

/// Returns an amount with at least the places its currency has: `15.50 EUR`, `1500 JPY`, `1.234 KWD`.
fn money(amount: Number, currency: Currency) -> String {
    let mut digits = amount.to_string();
    let places = places(currency);
    let written = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    if written < places {
        if written == 0 {
            digits.push('.');
        }
        digits.extend(std::iter::repeat_n('0', places - written));
    }
    format!("{digits} {currency}")
}

/// Returns how many places after the point a currency has (ISO 4217).
fn places(currency: Currency) -> usize {
    match currency.code() {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// Languages that write a comma before the places.
const COMMA: [&str; 17] =
    ["be", "bg", "cs", "da", "de", "es", "et", "fi", "fr", "it", "lt", "lv", "nl", "pl", "pt", "ru", "uk"];

/// Returns a date in the words of a language, in the form that stands after words such as `until`.
fn in_words(date: Date, language: &str) -> Option<String> {
    let months = match language {
        "en" => ENGLISH,
        "pl" => POLISH,
        "ru" => RUSSIAN,
        "lt" => LITHUANIAN,
        "es" => SPANISH,
        "de" => GERMAN,
        "fr" => FRENCH,
        _ => return None,
    };
    let month = months.split(' ').nth(usize::from(date.month().unsigned_abs()).checked_sub(1)?)?;
    let (day, year) = (date.day(), date.year());
    Some(match language {
        "lt" => format!("{year} m. {month} {day} d."),
        "es" => format!("{day} de {month} de {year}"),
        "de" => format!("{day}. {month} {year}"),
        "fr" if day == 1 => format!("1er {month} {year}"),
        _ => format!("{day} {month} {year}"),
    })
}

const ENGLISH: &str = "January February March April May June July August September October November December";
const POLISH: &str =
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia";
const RUSSIAN: &str = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря";
const LITHUANIAN: &str =
    "sausio vasario kovo balandžio gegužės birželio liepos rugpjūčio rugsėjo spalio lapkričio gruodžio";
const SPANISH: &str = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre";
const GERMAN: &str = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember";
const FRENCH: &str = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre";

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(amount: &str, currency: &str) -> Value {
        Value::Money(amount.parse().expect("a test's number"), Currency::of(currency).expect("a test's currency"))
    }

    #[test]
    fn amounts_have_the_places_of_their_currency() {
        let shown =
            [("15.5", "EUR"), ("50", "PLN"), ("-0.05", "EUR"), ("0.125", "EUR"), ("1500", "JPY"), ("1.2", "KWD")];
        let shown = shown.map(|(sum, currency)| in_text(&amount(sum, currency), &Type::Money));
        assert_eq!(shown, ["15.50 EUR", "50.00 PLN", "-0.05 EUR", "0.125 EUR", "1500 JPY", "1.200 KWD"]);
    }

    #[test]
    fn mails_speak_the_way_of_their_language() {
        let date = Value::Date(jiff::civil::date(2026, 5, 1));
        let of = |language| {
            let said = |value: &Value, ty| in_mail(value, &ty, language);
            [said(&amount("15.5", "EUR"), Type::Money), said(&date, Type::Date)].join("; ")
        };
        assert_eq!(of("en"), "15.50 EUR; 1 May 2026");
        assert_eq!(of("en-GB"), "15.50 EUR; 1 May 2026");
        assert_eq!(of("pl"), "15,50 EUR; 1 maja 2026");
        assert_eq!(of("ru"), "15,50 EUR; 1 мая 2026");
        assert_eq!(of("lt"), "15,50 EUR; 2026 m. gegužės 1 d.");
        assert_eq!(of("es"), "15,50 EUR; 1 de mayo de 2026");
        assert_eq!(of("ja"), "15.50 EUR; 2026-05-01");
        let number = Value::Number("7.25".parse().expect("a test's number"));
        assert_eq!(in_mail(&number, &Type::Number, "lt"), "7,25");
        assert_eq!(in_mail(&Value::Text("1.5".into()), &Type::Text, "lt"), "1.5");
        for months in [ENGLISH, POLISH, RUSSIAN, LITHUANIAN, SPANISH, GERMAN, FRENCH] {
            assert_eq!(months.split(' ').count(), 12, "{months}");
        }
    }
}
