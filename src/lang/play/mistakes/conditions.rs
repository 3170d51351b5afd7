//! Mistakes in conditions and keys.

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::Span;
use crate::lang::suggest::nearest;

use super::super::diagnose::shown;
use super::super::grammar::Rule;
use super::super::scan::Kind;
use super::super::words;
use super::At;

/// `a and b or c`
pub(super) fn mixed_and_or(at: &At) -> Option<Diagnostic> {
    let other = match at.word(0).as_str() {
        "and" => "or",
        "or" => "and",
        _ => return None,
    };
    let context = at.last_before(&["where", "if", "unless", "as", "same", "each", "per", "until"]);
    let condition = !matches!(context.as_deref(), Some("same" | "each" | "per" | "until"));
    (condition && at.last_before(&[other]).is_some()).then_some(())?;
    let help = match bracketed(at) {
        Some([one, other]) => format!("put brackets around what belongs together: write `{one}` or `{other}`"),
        None => "put brackets around what belongs together: `a and (b or c)`".to_owned(),
    };
    at.error(codes::MIXED_AND_OR, at.here(), "`and` and `or` stand together without brackets", help)
}

/// The longest condition that is written out with its brackets, in bytes.
const LONGEST_SHOWN: usize = 160;

/// Returns the condition at hand with brackets around what `or` joins, and around what `and` joins.
fn bracketed(at: &At) -> Option<[String; 2]> {
    let (terms, joints) = terms(at)?;
    let grouped = |inner: &str| {
        // Each group is a run of terms joined by `inner`; groups are joined by the other word.
        let mut groups: Vec<Vec<&str>> = vec![vec![&terms[0]]];
        for (joint, term) in joints.iter().zip(&terms[1..]) {
            match groups.last_mut().filter(|_| joint == inner) {
                Some(group) => group.push(term),
                None => groups.push(vec![term]),
            }
        }
        let outer = if inner == "or" { " and " } else { " or " };
        let group = |group: &Vec<&str>| match group[..] {
            [one] => one.to_owned(),
            _ => format!("({})", group.join(&format!(" {inner} "))),
        };
        groups.iter().map(group).collect::<Vec<_>>().join(outer)
    };
    let both = [grouped("or"), grouped("and")];
    both.iter().all(|text| text.len() <= LONGEST_SHOWN).then_some(both)
}

/// Cuts the condition around this point at its `and` and `or`, brackets left whole.
fn terms(at: &At) -> Option<(Vec<String>, Vec<String>)> {
    let tokens = at.sentence.tokens;
    let word = |index: usize| tokens.get(index).map_or("", |token| at.sentence.word(token));
    let small = |index: usize| word(index).to_lowercase();
    let mut depth = 0;
    let opens = |index: &usize| {
        match word(*index) {
            ")" => depth += 1,
            "(" => depth -= 1,
            _ => {}
        }
        depth < 0 || depth == 0 && matches!(&*small(*index), "where" | "if" | "unless" | "as")
    };
    let start = (0..at.index).rev().find(opens).map_or(0, |index| index + 1);
    let ends = |index: usize| match &*small(index) {
        "for" | "within" | "clears" | "followed" => true,
        "not" => small(index + 1) == "followed",
        "over" => small(index + 1) == "the",
        "with" => !small(index - 1).starts_with("start"),
        _ => false,
    };
    let (mut terms, mut joints, mut from) = (Vec::new(), Vec::new(), start);
    let text = |from: usize, to: usize| {
        let (first, last) = (tokens.get(from)?, tokens.get(to.checked_sub(1)?)?);
        let written = at.sentence.slice.text.get(first.start..last.end).filter(|_| from < to)?;
        Some(written.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let (mut depth, mut index) = (0, start);
    while index < tokens.len() && index - start <= 200 {
        match word(index) {
            "(" => depth += 1,
            ")" if depth == 0 => break,
            ")" => depth -= 1,
            _ if depth > 0 || tokens[index].kind != Kind::Word => {}
            _ if index > start && ends(index) => break,
            "and" | "or" if !is_between(&(from..index).map(small).collect::<Vec<_>>()) => {
                terms.push(text(from, index)?);
                joints.push(small(index));
                from = index + 1;
            }
            _ => {}
        }
        index += 1;
    }
    terms.push(text(from, index)?);
    let mixed = joints.iter().any(|joint| joint == "and") && joints.iter().any(|joint| joint == "or");
    mixed.then_some((terms, joints))
}

/// Tells whether the next `and` belongs to an `is between … and …`.
fn is_between(words: &[String]) -> bool {
    let between = words.iter().rposition(|word| word == "between");
    between.is_some_and(|at| !words[at..].iter().any(|word| word == "and"))
}

/// `for the same customer or topic`
pub(super) fn key_joined_by_or(at: &At) -> Option<Diagnostic> {
    (at.word(0) == "or" || at.text(0) == ",").then_some(())?;
    let context = at.last_before(&["same", "each", "per", "where", "if", "unless", "then"])?;
    (matches!(context.as_str(), "same" | "each" | "per") || at.entry == Rule::e_key).then_some(())?;
    at.error(codes::UNEXPECTED, at.here(), format!("a key is joined by `and`, not by `{}`", at.text(0)), "write `and`")
}

/// `is not at least 5`, `is not between 1 and 3`
pub(super) fn negated_comparison(at: &At) -> Option<Diagnostic> {
    (at.word(-3) == "is" || at.word(-2) == "is").then_some(())?;
    let from = if at.word(-2) == "not" { -3 } else { return None };
    let value = |offset: isize| match at.text(offset) {
        "" => "…".to_owned(),
        text => shown(text),
    };
    let help = match (at.word(-1).as_str(), at.word(0).as_str()) {
        ("at", "least") => format!("write `is less than {}`", value(1)),
        ("at", "most") => format!("write `is more than {}`", value(1)),
        ("more", "than") => format!("write `is at most {}`", value(1)),
        ("less", "than") => format!("write `is at least {}`", value(1)),
        ("over", _) => format!("write `is at most {}`", value(0)),
        ("under", _) => format!("write `is at least {}`", value(0)),
        ("before", _) => format!("write the opposite: `is after {}`", value(0)),
        ("after", _) => format!("write the opposite: `is before {}`", value(0)),
        ("between", _) => "write `is less than …` or `is more than …` with `or` between two conditions".to_owned(),
        _ => return None,
    };
    at.error(codes::NEGATED, at.span(from, 0), "a comparison is not negated, its opposite is said", help)
}

/// `score is at least 3 and at most 5`: the field is not said again.
pub(super) fn second_comparison(at: &At) -> Option<Diagnostic> {
    // `at`, `more`, `less`, `over` and `under` were read as a name; `is` cannot be one.
    let is_joint = |offset: isize| matches!(at.word(offset).as_str(), "and" | "or");
    let joint = [-1, -2].into_iter().find(|offset| is_joint(*offset))?;
    let from = if at.word(joint + 1) == "is" { joint + 2 } else { joint + 1 };
    let (second, words) = order_at(at, from)?;
    let upper = shown(at.text(from + words));
    let is = (joint - 6..joint).rev().find(|offset| at.word(*offset) == "is")?;
    let (first, length) = order_at(at, is + 1)?;
    let lower = (is + 1 + length..joint).map(|offset| at.text(offset)).collect::<Vec<_>>().join(" ");
    let (subject, lower) = (at.path(is - 1), shown(&lower));
    let help = match (first, at.word(joint).as_str(), second) {
        ("at least", "and", "at most") => format!("write `{subject} is between {lower} and {upper}`"),
        (first, word, second) => {
            format!("write `{subject} is {first} {lower} {word} {subject} is {second} {upper}`")
        }
    };
    at.error(codes::NO_PREDICATE, at.span(joint + 1, from + words - 1), "each comparison says what is compared", help)
}

/// Returns the comparison that stands at `offset`, and how many words it has.
fn order_at(at: &At, offset: isize) -> Option<(&'static str, isize)> {
    Some(match (at.word(offset).as_str(), at.word(offset + 1).as_str()) {
        ("at", "least") => ("at least", 2),
        ("at", "most") => ("at most", 2),
        ("more", "than") => ("more than", 2),
        ("less", "than") => ("less than", 2),
        ("over", _) => ("over", 1),
        ("under", _) => ("under", 1),
        _ => return None,
    })
}

/// `is greater than 5`, `is atleast 5`, `is moer than 5`, `is at lest 5`: the word after `is` was read as a name.
pub(super) fn comparison(at: &At) -> Option<Diagnostic> {
    let word = at.word(-1);
    let after_is = at.word(-2) == "is" || at.word(-3) == "is" && at.word(-2) == "not";
    (after_is
        && at.expects_any(&[
            Rule::EOI,
            Rule::w_and,
            Rule::w_least,
            Rule::within,
            Rule::w_than,
            Rule::and_term,
            Rule::close_bracket,
        ])
        || after_is && !word.is_empty() && at.kind(0) == Some(Kind::Number))
    .then_some(())?;
    let next = at.word(0);
    let last = if matches!(next.as_str(), "than" | "to" | "then" | "of") { 0 } else { -1 };
    let value = shown(at.text(last + 1));
    let value = if value.is_empty() { "…".to_owned() } else { value };
    let write = |phrase: &str| format!("write `is {phrase} {value}`");
    let found = |span: Span, help: String| {
        at.error(
            codes::OTHER_WORD,
            span,
            format!(
                "`is {}` is not how it is said here",
                shown(&at.sentence.slice.text[at.token(-1)?.start..at.token(last)?.end])
            ),
            help,
        )
    };
    let span = at.span(-1, last);
    // `is lower than the 7 days before`
    let less = matches!(word.as_str(), "lower" | "smaller" | "below" | "worse" | "less");
    if at.word(last + 1) == "the"
        && (less || matches!(word.as_str(), "higher" | "greater" | "above" | "better" | "more"))
    {
        let side = if less { "below" } else { "above" };
        return at.error(
            codes::OTHER_WORD,
            span,
            "two periods are compared by how much they differ",
            format!("write `is at least 5 points {side} the …`"),
        );
    }
    match word.as_str() {
        "greater" | "bigger" | "higher" | "larger" | "above" | "exceeding" => return found(span, write("more than")),
        "smaller" | "lower" | "fewer" | "below" | "beneath" => return found(span, write("less than")),
        "atleast" | "minimum" => return found(span, write("at least")),
        "atmost" | "maximum" => return found(span, write("at most")),
        "morethan" => return found(span, write("more than")),
        "lessthan" => return found(span, write("less than")),
        "more" | "less" if next == "then" => return found(span, write(&format!("{word} than"))),
        "equal" | "exactly" | "equals" => return found(span, format!("write `is {value}`")),
        "in" | "oneof" | "any" => return found(at.span(-1, -1), "write `is one of \"gold\", \"silver\"`".to_owned()),
        "later" => return found(span, write("after")),
        "earlier" => return found(span, write("before")),
        _ => {}
    }
    let phrases = ["at", "more", "less", "one", "between", "before", "after", "over", "under"];
    let second = ["least", "most"];
    if word == "at" && !next.is_empty() {
        let meant = nearest(&next, second.into_iter())?;
        return at.error(
            codes::MISSPELT,
            at.here(),
            format!("unknown word `{}`", shown(at.text(0))),
            format!("did you mean `at {meant}`?"),
        );
    }
    let meant = nearest(&word, phrases.into_iter())?;
    at.error(
        codes::MISSPELT,
        at.span(-1, -1),
        format!("unknown word `{}`", shown(at.text(-1))),
        format!("did you mean `{meant}`?"),
    )
}

/// `score is 9 or 10`, `segment is "gold" or "silver"`: what is compared is not said again.
pub(super) fn second_value(at: &At) -> Option<Diagnostic> {
    let is_value = |offset: isize| matches!(at.kind(offset), Some(Kind::Number | Kind::Text(true)));
    let joined = matches!(at.word(-2).as_str(), "or" | "and");
    (joined && is_value(-1) && is_value(-3) && at.expects_any(&[Rule::predicate, Rule::w_is])).then_some(())?;
    let (one, other) = (shown(at.text(-3)), shown(at.text(-1)));
    let help = match (at.word(-4).as_str(), at.word(-5).as_str()) {
        ("is", _) => format!("write `{} is one of {one}, {other}`", at.path(-5)),
        ("not", "is") => format!("write `{} is not one of {one}, {other}`", at.path(-6)),
        ("contains", _) => format!("write `{0} contains {one} or {0} contains {other}`", at.path(-5)),
        _ => return None,
    };
    at.error(codes::NO_PREDICATE, at.span(-1, -1), "each condition says what is compared", help)
}

/// `contains "rude", "impolite"`
pub(super) fn one_text(at: &At) -> Option<Diagnostic> {
    let listed = at.text(0) == "," || at.word(0) == "or" && matches!(at.kind(1), Some(Kind::Text(_)));
    (listed && matches!(at.kind(-1), Some(Kind::Text(_)))).then_some(())?;
    let (verb, subject) = match at.word(-2).as_str() {
        verb @ ("contains" | "contain") => (verb.to_owned(), at.path(-3)),
        "with" if matches!(at.word(-3).as_str(), "starts" | "start") => ("starts with".to_owned(), at.path(-4)),
        _ => return None,
    };
    let (one, other) = (shown(at.text(-1)), shown(at.text(1)));
    let help = format!(
        "write `{subject} {verb} {one} or {subject} {verb} {other}`; many words make a lexicon: `{subject} mentions …`"
    );
    at.error(codes::UNEXPECTED, at.here(), format!("`{verb}` looks for one text"), help)
}

/// `where no`, `where 21:00`, `where "rude"`: a value alone.
pub(super) fn value_alone(at: &At) -> Option<Diagnostic> {
    let ends = at.is_at_end() || matches!(at.word(0).as_str(), "and" | "or") || at.text(0) == ")";
    (ends && at.expects(Rule::predicate)).then_some(())?;
    let begins = at.token(-2).is_none() || matches!(at.word(-2).as_str(), "where" | "if" | "unless" | "and" | "or");
    (begins || at.text(-2) == "(").then_some(())?;
    let value = at.text(-1);
    let text = match at.kind(-1)? {
        Kind::Text(true) => shown(value),
        Kind::Number | Kind::Date | Kind::Time => format!("\"{}\"", shown(value)),
        Kind::Word if matches!(at.word(-1).as_str(), "yes" | "no") => format!("\"{value}\""),
        _ => return None,
    };
    let value = shown(value);
    let help = match at.kind(-1)? {
        Kind::Number => format!(
            "write what has to be so, such as `score is {value}`, or a text in quotes: `comment contains {text}`"
        ),
        _ => format!("write what has to be so, a text in quotes, such as `comment contains {text}`"),
    };
    at.error(codes::NO_PREDICATE, at.span(-1, -1), format!("`{value}` alone is no condition"), help)
}

/// `where score 5`
pub(super) fn no_predicate(at: &At) -> Option<Diagnostic> {
    at.expects(Rule::predicate).then_some(())?;
    let value = matches!(at.kind(0)?, Kind::Number | Kind::Text(_) | Kind::Script(_) | Kind::Date | Kind::Time);
    let subject = at.path(-1);
    let known = at.word(0);
    let word = at.kind(0) == Some(Kind::Word) && !words::is_key_word(&known) && at.kind(-1) == Some(Kind::Word);
    (value || word).then_some(())?;
    let value = shown(at.text(0));
    at.error(
        codes::NO_PREDICATE,
        at.here(),
        format!("nothing says how `{subject}` and `{value}` belong together"),
        format!("write `{subject} is {value}`, or `is at least`, `contains` …"),
    )
}

/// `topic is late delivery`, `comment contains too slow`: a text of several words without its quotes.
pub(super) fn unquoted_words(at: &At) -> Option<Diagnostic> {
    let is_plain = |offset: isize| {
        let word = at.word(offset);
        !word.is_empty() && !words::is_key_word(&word)
    };
    (is_plain(0) && is_plain(-1)).then_some(())?;
    // A word that means something elsewhere is told as such, and a misspelt one, unless it is an everyday one.
    let everyday = matches!(&*at.word(0), "wait" | "delay" | "later" | "case" | "ticket" | "task" | "end" | "limit");
    (everyday || words::elsewhere(&at.word(0)).is_none()).then_some(())?;
    super::literals::misspelt(at).is_none().then_some(())?;
    let verb = (2..8).map(|back| -back).find(|offset| !is_plain(*offset))?;
    let says = match (at.word(verb - 1).as_str(), at.word(verb).as_str()) {
        (_, "is" | "contains" | "contain") | ("is", "not") | ("starts" | "start", "with") | ("one", "of") => true,
        _ => at.text(verb) == "," && at.last_before(&["of", "with", "is"]).as_deref() == Some("of"),
    };
    says.then_some(())?;
    let ends = |offset: &isize| {
        let clause = nearest(&at.word(*offset), ["unless", "where", "within"].into_iter()).is_some();
        clause || !is_plain(*offset) || at.token(*offset).is_some_and(|token| token.first)
    };
    let last = (1..12).find(ends)? - 1;
    let text = at.sentence.slice.text.get(at.token(verb + 1)?.start..at.token(last)?.end)?;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let message = format!("a text stands in quotes, `{}` does not", shown(&text));
    at.error(codes::UNQUOTED_TEXT, at.span(verb + 1, last), message, format!("write `\"{}\"`", shown(&text)))
}
