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
    let letters = Letters::of(&folded);
    candidates
        .filter(|candidate| !candidate.is_empty() && candidate.len() <= 64)
        .map(|candidate| (candidate.to_lowercase(), candidate))
        .filter(|(other, _)| letters.least_distance(&Letters::of(other)) <= allowed)
        .map(|(other, candidate)| (strsim::damerau_levenshtein(&folded, &other), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.chars().count())
        // Ties go to the candidate with the same beginning, then to the first in the alphabet.
        .min_by(|(a, left), (b, right)| {
            let other_start = |name: &str| name.chars().next() != folded.chars().next();
            (a, other_start(left), *left).cmp(&(b, other_start(right), *right))
        })
        .map(|(_, candidate)| candidate)
}

/// How often each letter stands in a word, letters that share a place counted together.
struct Letters([i16; 64]);

impl Letters {
    fn of(word: &str) -> Letters {
        let mut counts = [0; 64];
        for letter in word.chars() {
            counts[letter as usize % 64] += 1;
        }
        Letters(counts)
    }

    /// Returns what two words differ by at least: a slip adds one letter, takes one away, or both. Most strangers are
    /// told apart by this, at a small part of what comparing them costs.
    fn least_distance(&self, other: &Letters) -> usize {
        let (mut more, mut fewer) = (0, 0);
        for (own, others) in self.0.iter().zip(&other.0) {
            let difference = own - others;
            more += difference.max(0);
            fewer -= difference.min(0);
        }
        more.max(fewer) as usize
    }
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

    #[test]
    fn the_quick_look_never_promises_more_than_the_distance() {
        let words = ["checkout", "chekcout", "tuokcehc", "store", "stroe", "", "żółw", "wółż", "aaaa", "aabb", "cuhckeot"];
        for (one, other) in words.iter().flat_map(|one| words.map(|other| (*one, other))) {
            let distance = strsim::damerau_levenshtein(one, other);
            assert!(Letters::of(one).least_distance(&Letters::of(other)) <= distance, "{one} and {other}");
        }
        assert_eq!(Letters::of("store").least_distance(&Letters::of("stare")), 1);
    }
}
