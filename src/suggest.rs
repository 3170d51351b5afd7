//! Did-you-mean: the nearest of some names. Used by every message about a word nobody knows.

/// Returns the candidate most like `word`, if one is like it enough to be meant.
///
/// Capitals do not count. A word of one or two letters is never corrected; longer ones may differ by about a third.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Longer words are no misspelling of anything, and the comparison is quadratic.
    if word.len() > 64 {
        return None;
    }
    let folded = word.to_lowercase();
    let length = folded.chars().count();
    if length < 3 {
        return None;
    }
    let allowed = if length <= 4 { 1 } else { (length / 3).max(2) };
    candidates
        .filter(|candidate| !candidate.is_empty() && candidate.len() <= 64)
        .map(|candidate| (strsim::damerau_levenshtein(&folded, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.chars().count())
        // Ties go to the candidate with the same beginning, then to the first in the alphabet.
        .min_by(|(a, left), (b, right)| {
            let other_start = |name: &str| name.chars().next() != folded.chars().next();
            (a, other_start(left), *left).cmp(&(b, other_start(right), *right))
        })
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_leaves_strangers_alone() {
        let names = ["checkout", "customer", "store", "unless", "minutes", "score"];
        let near = |word| nearest(word, names.into_iter());
        assert_eq!(near("chekout"), Some("checkout"));
        assert_eq!(near("unles"), Some("unless"));
        assert_eq!(near("minuts"), Some("minutes"));
        assert_eq!(near("STORE"), Some("store"));
        assert_eq!(near("scroe"), Some("score"));
        assert_eq!(near("weather"), None);
        assert_eq!(near("st"), None);
        assert_eq!(near(&"x".repeat(100_000)), None);
    }
}
