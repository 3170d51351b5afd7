//! Changes in when a rule fires, shape by shape.

use crate::lang::source::Spanned;
use crate::lang::tree::{Enough, Length, Measure, MeasureKind, MeasureTest, Path, Source, Trigger};

use super::amount::{self, window};
use super::{Changed, Kind, condition, key, within};

/// Changes of a trigger.
pub fn of(trigger: &Trigger) -> Vec<Changed<Trigger>> {
    match trigger {
        Trigger::Each(source) => within(condition::filter(source), Trigger::Each).collect(),
        Trigger::Reading { .. } => reading(trigger),
        Trigger::Count { .. } => count(trigger),
        Trigger::Sequence { first, then, same, within: length } => {
            pair(first, then, same, length, |first, then, same, within| Trigger::Sequence { first, then, same, within })
        }
        Trigger::Absence { first, then, same, within: length } => {
            pair(first, then, same, length, |first, then, same, within| Trigger::Absence { first, then, same, within })
        }
        Trigger::Measure { .. } => measure(trigger),
        Trigger::Schedule(_) => vec![],
    }
}

/// Returns a trigger with something in it changed by `change`.
fn changed(trigger: &Trigger, change: impl FnOnce(&mut Trigger)) -> Trigger {
    let mut changed = trigger.clone();
    change(&mut changed);
    changed
}

fn reading(trigger: &Trigger) -> Vec<Changed<Trigger>> {
    let Trigger::Reading { source, line, stays_for, clears, .. } = trigger else { return vec![] };
    let mut all: Vec<_> = within(condition::filter(source), |new| {
        changed(trigger, |trigger| {
            if let Trigger::Reading { source, .. } = trigger {
                *source = new
            }
        })
    })
    .collect();
    all.extend(within(amount::operand(line), |new| {
        changed(trigger, |trigger| {
            if let Trigger::Reading { line, .. } = trigger {
                *line = new
            }
        })
    }));
    all.extend(within(stays_for.as_ref().map(window).unwrap_or_default(), |new| {
        changed(trigger, |trigger| {
            if let Trigger::Reading { stays_for, .. } = trigger {
                *stays_for = Some(new)
            }
        })
    }));
    if let Some((side, line)) = clears {
        let put = |new| {
            changed(trigger, |trigger| {
                if let Trigger::Reading { clears, .. } = trigger {
                    *clears = new
                }
            })
        };
        all.push(Changed::new(Kind::Condition, line.span, put(None)));
        all.extend(within(amount::operand(line), |line| put(Some((side.clone(), line)))));
    }
    all
}

fn count(trigger: &Trigger) -> Vec<Changed<Trigger>> {
    let Trigger::Count { at_least, source, different, same, within: length } = trigger else { return vec![] };
    let counts = amount::counts(at_least.node).map(|count| Changed::new(Kind::Threshold, at_least.span, count));
    let mut all: Vec<_> = within(counts.collect(), |new| {
        changed(trigger, |trigger| {
            if let Trigger::Count { at_least, .. } = trigger {
                at_least.node = new
            }
        })
    })
    .collect();
    all.extend(within(condition::filter(source), |new| {
        changed(trigger, |trigger| {
            if let Trigger::Count { source, .. } = trigger {
                *source = new
            }
        })
    }));
    let gone = different.as_ref().map(|field| Changed::new(Kind::Condition, field.span, None));
    all.extend(within(gone.into_iter().collect(), |new| {
        changed(trigger, |trigger| {
            if let Trigger::Count { different, .. } = trigger {
                *different = new
            }
        })
    }));
    all.extend(within(key(same), |new| {
        changed(trigger, |trigger| {
            if let Trigger::Count { same, .. } = trigger {
                *same = new
            }
        })
    }));
    all.extend(within(window(length), |new| {
        changed(trigger, |trigger| {
            if let Trigger::Count { within, .. } = trigger {
                *within = new
            }
        })
    }));
    all
}

fn pair(
    first: &Source,
    then: &Source,
    same: &[Path],
    length: &Length,
    put: impl Fn(Source, Source, Vec<Path>, Length) -> Trigger,
) -> Vec<Changed<Trigger>> {
    let mut all: Vec<_> =
        within(condition::filter(first), |first| put(first, then.clone(), same.to_vec(), length.clone())).collect();
    all.extend(within(condition::filter(then), |then| put(first.clone(), then, same.to_vec(), length.clone())));
    all.extend(within(key(same), |same| put(first.clone(), then.clone(), same, length.clone())));
    all.extend(within(window(length), |length| put(first.clone(), then.clone(), same.to_vec(), length)));
    all
}

fn measure(trigger: &Trigger) -> Vec<Changed<Trigger>> {
    let Trigger::Measure { measure, over, test, enough } = trigger else { return vec![] };
    let mut filters = condition::filter(&measure.source);
    // What picks a share cannot go.
    filters.retain(|changed| measure.kind.node != MeasureKind::Share || changed.of.filter.is_some());
    let mut all: Vec<_> = within(filters, |source| {
        let new = Measure { source, ..measure.clone() };
        changed(trigger, |trigger| {
            if let Trigger::Measure { measure, .. } = trigger {
                *measure = new
            }
        })
    })
    .collect();
    all.extend(within(window(over), |new| {
        changed(trigger, |trigger| {
            if let Trigger::Measure { over, .. } = trigger {
                *over = new
            }
        })
    }));
    all.extend(within(tests(test), |new| {
        changed(trigger, |trigger| {
            if let Trigger::Measure { test, .. } = trigger {
                *test = new
            }
        })
    }));
    all.extend(within(samples(enough.as_ref()), |new| {
        changed(trigger, |trigger| {
            if let Trigger::Measure { enough, .. } = trigger {
                *enough = new
            }
        })
    }));
    all
}

fn tests(test: &MeasureTest) -> Vec<Changed<MeasureTest>> {
    let MeasureTest::Previous { op, by, unit, side, before } = test else {
        let MeasureTest::Level(level) = test else { return vec![] };
        return within(condition::predicate(level), |node| MeasureTest::Level(Spanned { node, span: level.span }))
            .collect();
    };
    let put = |op, by, before| MeasureTest::Previous { op, by, unit: unit.clone(), side: side.clone(), before };
    let mut all = vec![];
    if let Some(order) = condition::flipped(op.node) {
        let op = Spanned { node: order, span: op.span };
        all.push(Changed::new(Kind::Order, op.span, put(op, by.clone(), before.clone())));
    }
    for node in amount::neighbours(by.node) {
        let by = Spanned { node, span: by.span };
        all.push(Changed::new(Kind::Threshold, by.span, put(op.clone(), by, before.clone())));
    }
    all.extend(within(window(before), |before| put(op.clone(), by.clone(), before)));
    all
}

/// Changes in how many answers are enough.
fn samples(enough: Option<&Enough>) -> Vec<Changed<Option<Enough>>> {
    let Some(enough) = enough else { return vec![] };
    let mut all = vec![Changed::new(Kind::Condition, enough.span, None)];
    for count in amount::counts(enough.at_least.node) {
        let mut new = enough.clone();
        new.at_least.node = count;
        all.push(Changed::new(Kind::Threshold, enough.at_least.span, Some(new)));
    }
    if enough.both_periods {
        let new = Enough { both_periods: false, ..enough.clone() };
        all.push(Changed::new(Kind::Condition, enough.span, Some(new)));
    }
    all
}
