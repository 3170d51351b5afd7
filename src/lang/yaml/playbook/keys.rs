//! The closed table of keys: what may stand where in a `*.play.yaml`. `grammar/YAML.md` prints it.

use crate::lang::play;
use crate::lang::suggest::nearest;

/// Keys of the file.
pub(super) const FILE: &[&str] =
    &["playbook", "title", "version", "time_zone", "owner", "define", "every_rule", "rules"];
/// Keys of `every_rule`.
pub(super) const EVERY_RULE: &[&str] = &["only_if", "unless"];
/// Keys of a rule, in the order of the sentence.
pub(super) const RULE: &[&str] =
    &["id", "title", "status", "when", "for_each", "only_if", "unless", "check", "at_most", "then"];
/// Keys of `enough`.
pub(super) const ENOUGH: &[&str] = &["signal", "at_least", "in"];
/// Keys of `escalate`.
pub(super) const ESCALATE: &[&str] = &["until", "ladder"];
/// Keys of a timing, beside the verb of every action.
pub(super) const TIMING: &[&str] = &["after", "at", "during"];

/// A shape of `when`.
pub(super) struct Shape {
    /// What a person calls it.
    pub name: &'static str,
    /// The key that makes it this shape.
    pub mark: &'static str,
    /// Keys it may have besides, the needed ones included.
    pub keys: &'static [&'static str],
}

/// The shapes of `when`; the first whose mark is there is meant.
pub(super) const SHAPES: &[Shape] = &[
    Shape { name: "a schedule", mark: "every", keys: &[] },
    Shape {
        name: "a measure",
        mark: "measure",
        keys: &[
            "where",
            "over_last",
            "is",
            "below_previous",
            "above_previous",
            "by_at_least",
            "by_more_than",
            "enough",
        ],
    },
    Shape {
        name: "a reading",
        mark: "reading",
        keys: &["where", "goes_over", "goes_under", "stays_over", "stays_under", "for", "clears_under", "clears_over"],
    },
    Shape { name: "a count", mark: "at_least", keys: &["signal", "where", "different", "same", "within"] },
    Shape {
        name: "an absence",
        mark: "not_followed_by",
        keys: &["signal", "where", "not_followed_by_where", "same", "within"],
    },
    Shape {
        name: "a sequence",
        mark: "followed_by",
        keys: &["signal", "where", "followed_by_where", "same", "within"],
    },
    Shape { name: "each signal", mark: "signal", keys: &["where"] },
];

/// A verb of `then`.
pub(super) struct Verb {
    /// Its key.
    pub verb: &'static str,
    /// Keys it may have besides the timing.
    pub keys: &'static [&'static str],
}

/// The verbs of `then`.
pub(super) const VERBS: &[Verb] = &[
    Verb { verb: "alert", keys: &["saying"] },
    Verb { verb: "email", keys: &["using", "in", "with"] },
    Verb { verb: "open_case", keys: &["with"] },
    Verb { verb: "escalate", keys: &[] },
    Verb { verb: "post_to", keys: &["with"] },
    Verb { verb: "set", keys: &["to"] },
    Verb { verb: "record", keys: &["with"] },
];

/// Words that people bring from elsewhere, with the key used here.
pub(super) const FOREIGN: &[(&str, &str)] = &[
    ("name", "id"),
    ("name", "title"),
    ("description", "title"),
    ("trigger", "when"),
    ("on", "when"),
    ("event", "signal"),
    ("action", "then"),
    ("actions", "then"),
    ("do", "then"),
    ("steps", "then"),
    ("steps", "ladder"),
    ("if", "where"),
    ("condition", "where"),
    ("conditions", "where"),
    ("filter", "where"),
    ("group_by", "same"),
    ("key", "same"),
    ("window", "within"),
    ("count", "at_least"),
    ("limit", "at_most"),
    ("throttle", "at_most"),
    ("schedule", "every"),
    ("cron", "every"),
    ("timezone", "time_zone"),
    ("tz", "time_zone"),
    ("message", "saying"),
    ("text", "saying"),
    ("body", "saying"),
    ("template", "using"),
    ("language", "in"),
    ("delay", "after"),
    ("wait", "after"),
    ("send_email", "email"),
    ("mail", "email"),
    ("notify", "alert"),
    ("send_alert", "alert"),
    ("inform", "alert"),
    ("tell", "alert"),
    ("warn", "alert"),
    ("send", "email"),
    ("sms", "post_to"),
    ("slack", "post_to"),
    ("webhook", "post_to"),
    ("post", "post_to"),
    ("http", "post_to"),
    ("create_case", "open_case"),
    ("case", "open_case"),
    ("ticket", "open_case"),
    ("update", "set"),
    ("value", "to"),
    ("emit", "record"),
    ("calendar", "during"),
    ("enabled", "status"),
    ("no_more_than", "at_most"),
    ("by", "same"),
    ("per", "same"),
    ("for", "same"),
    ("for_same", "same"),
    ("for_the_same", "same"),
    ("from", "same"),
    ("in", "after"),
    ("in", "within"),
    ("now", "ladder"),
    ("exceeds", "goes_over"),
    ("rises_above", "goes_over"),
    ("goes_above", "goes_over"),
    ("above", "goes_over"),
    ("over", "goes_over"),
    ("falls_below", "goes_under"),
    ("drops_below", "goes_under"),
    ("goes_below", "goes_under"),
    ("below", "goes_under"),
    ("under", "goes_under"),
    ("daily", "every"),
    ("if", "only_if"),
    ("only_when", "only_if"),
    ("provided", "only_if"),
    ("except", "unless"),
    ("except_if", "unless"),
    ("except_when", "unless"),
    ("but_not", "unless"),
    ("and_then", "then"),
    ("limit_to", "at_most"),
    ("max", "at_most"),
    ("maximum", "at_most"),
    ("period", "over_last"),
    ("last", "over_last"),
    ("over_the_last", "over_last"),
    ("saying_that", "saying"),
    ("say", "saying"),
    ("says", "saying"),
];

/// How a measure moves, with the key of the period it is then held against.
const MOVES: &[(&str, &str)] = &[
    ("drops_by", "below_previous"),
    ("drop_by", "below_previous"),
    ("falls_by", "below_previous"),
    ("declines_by", "below_previous"),
    ("decreases_by", "below_previous"),
    ("rises_by", "above_previous"),
    ("rise_by", "above_previous"),
    ("grows_by", "above_previous"),
    ("increases_by", "above_previous"),
];

/// Returns the key of the period before that `drops_by` and its like are about.
pub(super) fn moves(word: &str) -> Option<&'static str> {
    MOVES.iter().find(|(known, _)| *known == word).map(|(_, key)| *key)
}

/// Returns the key meant by a foreign word, if it may stand here.
pub(super) fn foreign<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    foreign_beside(word, known, &|_| false)
}

/// Returns the key meant by a foreign word, if it may stand here and does not do so yet.
pub(super) fn foreign_beside<'a>(word: &str, known: &[&'a str], there: &dyn Fn(&str) -> bool) -> Option<&'a str> {
    let word = word.to_lowercase().replace([' ', '-'], "_");
    let fits = |key: &&str| known.contains(key) && !there(key);
    let own = FOREIGN.iter().find(|(foreign, key)| *foreign == word && fits(key)).map(|(_, key)| *key);
    // `when` and `then` in other languages are known to sentences.
    let key = own.or_else(|| play::key_word_for(&word).filter(fits))?;
    known.iter().copied().find(|known| *known == key)
}

/// Returns the key that is meant by something that is none: in capitals, foreign or misspelt.
pub(super) fn meant<'a>(word: &str, known: &[&'a str], there: &dyn Fn(&str) -> bool) -> Option<&'a str> {
    if known.contains(&word) {
        return None;
    }
    let small = word.to_lowercase();
    let plain = word.trim().replace([' ', '-'], "_");
    let in_capitals = || known.iter().copied().find(|known| *known == small);
    in_capitals().or_else(|| foreign_beside(word, known, there)).or_else(|| nearest(&plain, known.iter().copied()))
}

/// Tells whether a word is a key of some `when`.
pub(super) fn is_of_when(word: &str) -> bool {
    SHAPES.iter().any(|shape| shape.mark == word || shape.keys.contains(&word))
}

/// Tells whether a word is a key of an action.
pub(super) fn is_of_action(word: &str) -> bool {
    TIMING.contains(&word) || VERBS.iter().any(|verb| verb.verb == word || verb.keys.contains(&word))
}

/// Tells whether a word is a key somewhere in a playbook.
pub(super) fn is_known(word: &str) -> bool {
    all().any(|key| key == word)
}

/// Returns every key.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    let shapes = SHAPES.iter().flat_map(|shape| shape.keys.iter().chain([&shape.mark]));
    let verbs = VERBS.iter().flat_map(|verb| verb.keys.iter().chain([&verb.verb]));
    [FILE, RULE, ENOUGH, ESCALATE, TIMING].into_iter().flatten().chain(shapes).chain(verbs).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_names_every_key() {
        let manual = include_str!("../../../../grammar/YAML.md");
        for key in all() {
            assert!(manual.contains(&format!("`{key}`")), "{key} is missing in grammar/YAML.md");
        }
    }

    #[test]
    fn foreign_words_lead_to_keys_and_are_none_themselves() {
        for (word, key) in FOREIGN {
            assert!(is_known(key), "{key}");
            let own = [RULE, FILE].into_iter().flatten().any(|known| known == word);
            assert!(!own, "{word} is a key of a rule or file");
        }
    }
}
