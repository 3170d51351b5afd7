//! Actions that differ: `ladder: after 4 business hours: alert manager of store dropped`.

use crate::trust::reading::Reading;
use crate::trust::reading::action::{Act, Place};

/// Returns what differs in what a rule does.
pub fn differing(old: &Reading, new: &Reading) -> Vec<String> {
    let mut said = vec![];
    for place in [Place::Then, Place::Ladder] {
        let own =
            |reading: &Reading| reading.acts.iter().filter(|act| act.place == place).cloned().collect::<Vec<Act>>();
        said.extend(of_place(place, &own(old), &own(new)));
    }
    if said.is_empty() && old.acts == new.acts && old.cut != new.cut {
        said.push("its actions are put into other steps, at the same times".to_owned());
    }
    said
}

fn of_place(place: Place, old: &[Act], new: &[Act]) -> Vec<String> {
    let pairs = pairs(old, new);
    let ladder = if place == Place::Ladder { "ladder: " } else { "" };
    let step = if place == Place::Ladder { "step " } else { "" };
    let mut said = vec![];
    for (number, act) in old.iter().enumerate() {
        if pairs.iter().all(|(was, _)| *was != number) {
            said.push(format!("{ladder}{step}`{}` dropped", whole(act)));
        }
    }
    for (number, act) in new.iter().enumerate() {
        match pairs.iter().find(|(_, is)| *is == number) {
            None => said.push(format!("{ladder}{step}`{}` added", whole(act))),
            Some((was, _)) => said.extend(one(&old[*was], act).into_iter().map(|text| format!("{ladder}{text}"))),
        }
    }
    let order: Vec<usize> =
        (0..new.len()).filter_map(|is| pairs.iter().find(|(_, at)| *at == is)).map(|p| p.0).collect();
    if said.is_empty() && !order.is_sorted() {
        let acts: Vec<String> = new.iter().map(|act| format!("`{}`", whole(act))).collect();
        said.push(format!("{ladder}other order: {}", acts.join(", then ")));
    }
    said
}

/// Tells whether two actions are alike in something.
type Alike<'a> = &'a dyn Fn(&Act, &Act) -> bool;

/// Returns which action of one side is which of the other: those that are alike in most first.
fn pairs(old: &[Act], new: &[Act]) -> Vec<(usize, usize)> {
    let verb = |act: &Act| act.what.split(' ').next().unwrap_or("").to_owned();
    let alike: [Alike; 5] = [
        &|one, other| one == other,
        &|one, other| one.when == other.when && one.what == other.what,
        &|one, other| one.what == other.what && one.with == other.with,
        &|one, other| one.what == other.what,
        &|one, other| one.when == other.when && verb(one) == verb(other),
    ];
    let mut pairs: Vec<(usize, usize)> = vec![];
    for alike in alike {
        for (is, act) in new.iter().enumerate() {
            if pairs.iter().any(|(_, at)| *at == is) {
                continue;
            }
            let free = |was: &usize| pairs.iter().all(|(at, _)| at != was);
            if let Some(was) = (0..old.len()).filter(free).find(|was| alike(&old[*was], act)) {
                pairs.push((was, is));
            }
        }
    }
    pairs
}

/// Returns an action with its time.
fn whole(act: &Act) -> String {
    if act.when.is_empty() { act.what.clone() } else { format!("{}: {}", act.when, act.what) }
}

/// Returns in what an action differs.
fn one(old: &Act, new: &Act) -> Vec<String> {
    let mut said = vec![];
    if old.what != new.what {
        said.push(format!("`{}` instead of `{}`", whole(new), whole(old)));
    } else if old.when != new.when {
        said.push(format!("`{}` {} instead of {}", new.what, new.time(), old.time()));
    }
    let name = &new.what;
    let held = |act: &Act, word: &str| act.with.iter().find(|(own, _)| own == word).map(|(_, value)| value.clone());
    for (word, is) in &new.with {
        match held(old, word) {
            Some(was) if was == *is => {}
            Some(was) => said.push(format!("`{name}` {} {is} instead of {was}", verb(word))),
            None => said.push(format!("`{name}` {} {is}, which it did not before", verb(word))),
        }
    }
    for (word, was) in &old.with {
        if held(new, word).is_none() {
            said.push(format!("`{name}` no longer {} {was}", verb(word)));
        }
    }
    let names = |act: &Act| act.with.iter().map(|(word, _)| word.clone()).collect::<Vec<_>>();
    if said.is_empty() && names(old) != names(new) {
        said.push(format!("`{name}` brings its values in another order"));
    }
    said
}

fn verb(word: &str) -> String {
    match word {
        "saying" => "says".to_owned(),
        "using" => "uses template".to_owned(),
        "in" => "is in".to_owned(),
        "to" => "sets it to".to_owned(),
        other => format!("gives {other}"),
    }
}
