//! How text groups and compares (M14): NFKC, case folding, trimming, in every language.
//!
//! Ids never come here: they are exact.

use std::borrow::Cow;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;

/// Returns `text` trimmed, in NFKC and case-folded. Two texts are the same text to a rule if and only if
/// their folds are equal. Allocates only where something changes.
pub fn fold(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    if trimmed.is_ascii() {
        return match trimmed.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(trimmed.to_ascii_lowercase()),
            false => Cow::Borrowed(trimmed),
        };
    }
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    let folded = CaseMapper::new().fold_string(&nfkc.normalize(trimmed)).into_owned();
    // Folding can leave a form that composes again; one more pass makes `fold` idempotent.
    Cow::Owned(nfkc.normalize(&folded).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn text_is_one_text_whatever_its_case_width_or_composition() {
        for (one, other) in [
            ("Delivery", " delivery "),
            ("UPRZEJMIE", "uprzejmie"),
            ("МАЛО", "мало"),
            ("Ačiū", "AC\u{30C}IU\u{304}"),
            ("ﬁne", "FINE"),
            ("straße", "STRASSE"),
            ("１０", "10"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} and {other}");
        }
        assert_ne!(fold("lot"), fold("łot"));
    }
}
