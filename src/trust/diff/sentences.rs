//! Clauses that differ, each as one sentence: `fires over 10 minutes instead of 15 minutes`.

use crate::trust::reading::{Aspect, Clause, Reading};

use super::of;

/// Aspects of which a rule has one at most, in the order they are told.
const SINGLE: [Aspect; 20] = [
    Aspect::Title,
    Aspect::Status,
    Aspect::Owner,
    Aspect::Zone,
    Aspect::Signal,
    Aspect::Answer,
    Aspect::Measured,
    Aspect::Line,
    Aspect::Clears,
    Aspect::Stays,
    Aspect::AtLeast,
    Aspect::Different,
    Aspect::Window,
    Aspect::Test,
    Aspect::Enough,
    Aspect::Runs,
    Aspect::Key,
    Aspect::Check,
    Aspect::Limit,
    Aspect::Until,
];

/// Aspects of which a rule may have many, with what they are called.
const MANY: [(Aspect, &str); 4] = [
    (Aspect::Where, "condition"),
    (Aspect::AnswerWhere, "condition of what follows"),
    (Aspect::Share, "what makes the share: condition"),
    (Aspect::Guard, "guard"),
];

/// Aspects that are a part of `when`.
fn in_when(aspect: Aspect) -> bool {
    (Aspect::Signal..=Aspect::Share).contains(&aspect)
}

/// Returns what differs in the clauses of a rule.
pub fn clauses(old: &Reading, new: &Reading) -> Vec<String> {
    let mut said = vec![];
    let reshaped = of(old, Aspect::When) != of(new, Aspect::When);
    let told = |aspect: Aspect| !(reshaped && in_when(aspect));
    let mut reshape = reshaped.then(|| format!("fires on `{}` instead of `{}`", new.when, old.when));
    for aspect in SINGLE.into_iter().filter(|aspect| told(*aspect)) {
        if aspect > Aspect::Zone {
            said.extend(reshape.take());
        }
        let one = |reading| of(reading, aspect).first().map(|clause: &&Clause| clause.shown.clone());
        let (before, after) = (one(old), one(new));
        if before != after {
            said.extend(single(aspect, before.as_deref(), after.as_deref(), new));
        }
    }
    for (aspect, name) in MANY.into_iter().filter(|(aspect, _)| told(*aspect)) {
        said.extend(many(name, &of(old, aspect), &of(new, aspect)));
    }
    said
}

/// Returns a sentence of one clause that differs.
fn single(aspect: Aspect, old: Option<&str>, new: Option<&str>, reading: &Reading) -> Option<String> {
    let shape = of(reading, Aspect::When).first().map_or("", |clause| &clause.shown);
    // `over 10 minutes instead of 15 minutes`: what both begin with is said once.
    let rest = |old: &str, new: &str| {
        let (word, rest) = old.split_once(' ').unwrap_or(("", old));
        if new.starts_with(&format!("{word} ")) { rest.to_owned() } else { old.to_owned() }
    };
    let (lead, tail) = match aspect {
        Aspect::Title => ("is called", ""),
        Aspect::Status => ("is", ""),
        Aspect::Owner => ("failures are told to", ""),
        Aspect::Zone => ("time zone:", ""),
        Aspect::Signal => ("listens to", ""),
        Aspect::Answer if shape == "an absence" => ("waits for", ""),
        Aspect::Answer => ("is followed by", ""),
        Aspect::Measured if shape == "a reading" => ("reads", ""),
        Aspect::Measured => ("measures", ""),
        Aspect::Line => ("fires", ""),
        Aspect::Clears => ("clears", ""),
        Aspect::Stays => ("has to stay there for", ""),
        Aspect::AtLeast => ("fires at", ""),
        Aspect::Different => ("counts different", ""),
        Aspect::Window => ("window:", ""),
        Aspect::Test => ("fires when the measure is", ""),
        Aspect::Enough => ("needs at least", " of its signals"),
        Aspect::Runs => ("runs", ""),
        Aspect::Key => ("looks at each", ""),
        Aspect::Check => ("looks", ""),
        Aspect::Limit => ("limit:", ""),
        Aspect::Until => ("ladder ends when", ""),
        _ => return None,
    };
    Some(match (old, new) {
        (Some(old), Some(new)) => {
            let old = match aspect {
                Aspect::Line | Aspect::Clears => rest(old, new),
                Aspect::Limit => old.trim_start_matches("at most once ").to_owned(),
                _ => old.to_owned(),
            };
            format!("{lead} {new} instead of {old}{tail}")
        }
        (None, Some(new)) => match aspect {
            Aspect::Owner => format!("failures are told to {new} instead of the directory's owner"),
            Aspect::Clears => format!("clears {new} instead of at the first value not over its line"),
            Aspect::Stays => format!("has to stay there for {new}, and fires only then"),
            Aspect::Different => format!("counts different {new} instead of signals"),
            Aspect::Enough => format!("sample: needs at least {new} of its signals"),
            Aspect::Check => format!("looks {new} instead of after each signal"),
            Aspect::Limit => format!("limit added: {new}"),
            Aspect::Key => format!("looks at each {new}"),
            Aspect::Until => format!("ladder added, until {new}"),
            _ => format!("{lead} {new}{tail}"),
        },
        (Some(old), None) => match aspect {
            Aspect::Owner => format!("failures are told to the directory's owner instead of {old}"),
            Aspect::Clears => format!("clears at the first value not over its line instead of {old}"),
            Aspect::Stays => format!("fires at once instead of after {old}"),
            Aspect::Different => format!("counts every signal instead of different {old}"),
            Aspect::Enough => format!("sample: the least of {old} dropped"),
            Aspect::Check => format!("looks after each signal instead of {old}"),
            Aspect::Limit => format!("limit `{old}` dropped"),
            Aspect::Key => format!("no longer looks at each {old}"),
            Aspect::Until => format!("ladder dropped, it ran until {old}"),
            _ => format!("no longer {lead} {old}{tail}"),
        },
        (None, None) => return None,
    })
}

/// Returns sentences of parts that are there on one side only.
fn many(name: &str, old: &[&Clause], new: &[&Clause]) -> Vec<String> {
    let missing = |of: &[&Clause], there: &[&Clause]| {
        let lacks = |clause: &&&Clause| there.iter().all(|other| other.same != clause.same);
        of.iter().filter(lacks).map(|clause| clause.shown.clone()).collect::<Vec<String>>()
    };
    let (mut gone, mut added) = (missing(old, new), missing(new, old));
    let mut said = vec![];
    // What speaks of the same thing is told together.
    added.retain(|is| match gone.iter().position(|was| subject(was) == subject(is)) {
        Some(place) => {
            said.push(format!("{name} `{is}` instead of `{}`", gone.remove(place)));
            false
        }
        None => true,
    });
    let listed = |parts: &[String]| parts.iter().map(|part| format!("`{part}`")).collect::<Vec<_>>().join(" and ");
    match (gone.is_empty(), added.is_empty()) {
        (false, false) => said.push(format!("{name} {} instead of {}", listed(&added), listed(&gone))),
        _ => {
            said.extend(gone.iter().map(|part| format!("{name} `{part}` dropped")));
            said.extend(added.iter().map(|part| format!("{name} `{part}` added")));
        }
    }
    said
}

/// Returns the words up to what is said of something, the key word of a guard left out.
fn subject(part: &str) -> &str {
    let part = part.strip_prefix("only if ").or_else(|| part.strip_prefix("unless ")).unwrap_or(part);
    part.split(' ').next().unwrap_or(part)
}
