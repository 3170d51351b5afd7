//! Random edits of random rules: what somebody at a playbook may change while it runs (M24).

use std::sync::Arc;

use touchline::ir::action::{Action, ActionKind, Piece};
use touchline::ir::{Delay, MeasureTest, Rule, Status, Trigger};
use touchline::number::Number;
use touchline::value::Value;

use super::Dice;
use super::rules::Maker;

/// The rules after each of some switches. What was removed may come back, changed or not.
pub fn later(dice: &mut Dice, rules: &[Arc<Rule>]) -> Vec<Vec<Arc<Rule>>> {
    let how_many = if dice.once_in(2) { 0 } else { 1 + dice.below(3) };
    let mut sets: Vec<Vec<Arc<Rule>>> = Vec::new();
    let mut gone: Vec<Arc<Rule>> = Vec::new();
    for _ in 0..how_many {
        let before = sets.last().map_or(rules, Vec::as_slice).to_vec();
        let mut after = Vec::new();
        let mut back = std::mem::take(&mut gone);
        for rule in before {
            if dice.once_in(6) {
                gone.push(rule);
            } else {
                after.push(if dice.once_in(3) { rule } else { edited(dice, &rule) });
            }
        }
        back.retain(|rule| match dice.below(4) {
            0 => true,
            1 => {
                after.push(edited(dice, rule));
                false
            }
            _ => {
                after.push(rule.clone());
                false
            }
        });
        gone.extend(back);
        if dice.once_in(6) {
            let number = 10 + sets.len();
            after.push(Arc::new(Maker::new(dice).rule(number)));
        }
        sets.push(after);
    }
    sets
}

fn edited(dice: &mut Dice, rule: &Arc<Rule>) -> Arc<Rule> {
    let mut rule = (**rule).clone();
    let mut maker = Maker::new(dice);
    maker.edit(&mut rule);
    if maker.dice.once_in(3) {
        maker.edit(&mut rule);
    }
    rule.into()
}

impl Maker<'_> {
    fn edit(&mut self, rule: &mut Rule) {
        match self.dice.below(14) {
            0 => self.reword(rule),
            1 => match rule.guards.is_empty() || self.dice.once_in(2) {
                true => rule.guards = self.guard(&rule.trigger, &rule.key).into_iter().collect(),
                false => rule.guards.clear(),
            },
            2 | 3 => self.edit_limit(rule),
            4 | 5 => self.edit_threshold(rule),
            6 | 7 => self.edit_window(rule),
            8 => self.edit_where(rule),
            9 => self.edit_key(rule),
            10 => self.edit_times(rule),
            11 => self.edit_steps(rule),
            12 => {
                rule.status = *self.dice.pick(&[Status::Live, Status::Live, Status::Shadow, Status::Paused]);
            }
            _ => self.edit_rest(rule),
        }
    }

    fn reword(&mut self, rule: &mut Rule) {
        rule.title = format!("{}, reworded", rule.title).into();
        for action in actions(rule) {
            if let ActionKind::Alert { saying, .. } = &mut action.kind {
                saying.insert(0, Piece::Text("now ".into()));
            }
        }
    }

    fn edit_limit(&mut self, rule: &mut Rule) {
        match &mut rule.limit {
            Some(limit) if !self.dice.once_in(4) => limit.every = self.length(),
            Some(_) if self.dice.once_in(2) => rule.limit = None,
            _ => rule.limit = self.limit(&rule.trigger, &rule.key),
        }
    }

    fn edit_threshold(&mut self, rule: &mut Rule) {
        match &mut rule.trigger {
            Trigger::Count { at_least, .. } => *at_least = 1 + self.dice.below(4) as u32,
            Trigger::Reading { line, clears, .. } => {
                let moved = |value: &mut touchline::ir::expr::Operand, by: i64| {
                    if let touchline::ir::expr::Operand::Literal(value) = value {
                        match value {
                            Value::Duration(length) => *length += jiff::SignedDuration::from_mins(by * 5),
                            Value::Number(number) => *number = Number::from_whole(number.whole() + by),
                            _ => {}
                        }
                    }
                };
                let by = *self.dice.pick(&[-1, 1]);
                moved(line, by);
                match clears {
                    Some(clears) => moved(clears, by),
                    None if self.dice.once_in(2) => *clears = Some(line.clone()),
                    None => {}
                }
            }
            Trigger::Measure(measure) => match &mut measure.test {
                MeasureTest::Level(order, _) => *order = self.order(),
                MeasureTest::Between(low, high) => std::mem::swap(low, high),
                MeasureTest::Previous { by, .. } => {
                    *by = Number::from_billionths(500_000_000 * self.dice.below(40) as i128);
                }
            },
            _ => self.edit_window(rule),
        }
    }

    fn edit_window(&mut self, rule: &mut Rule) {
        match &mut rule.trigger {
            Trigger::Count { within, .. } | Trigger::Sequence { within, .. } => *within = self.length(),
            Trigger::Absence { within, .. } => *within = self.delay(),
            Trigger::Reading { stays_for, .. } => *stays_for = (!self.dice.once_in(3)).then(|| self.length()),
            Trigger::Measure(measure) => match &mut measure.test {
                MeasureTest::Previous { before, .. } if self.dice.once_in(2) => *before = self.length(),
                _ => measure.over = self.length(),
            },
            Trigger::Each(_) | Trigger::Schedule(_) => self.edit_limit(rule),
        }
    }

    fn edit_where(&mut self, rule: &mut Rule) {
        match &mut rule.trigger {
            Trigger::Each(source) | Trigger::Reading { source, .. } => {
                source.filter = self.condition(source.signal);
            }
            Trigger::Count { source, different, .. } => match self.dice.once_in(3) {
                true if different.is_some() => *different = None,
                _ => source.filter = self.condition(source.signal),
            },
            Trigger::Sequence { first, then, .. } | Trigger::Absence { first, then, .. } => {
                let source = if self.dice.once_in(2) { first } else { then };
                source.filter = self.condition(source.signal);
            }
            Trigger::Measure(measure) => match &mut measure.share {
                Some(share) => {
                    if let Some(condition) = self.condition(measure.source.signal) {
                        *share = condition;
                    }
                }
                None => measure.source.filter = self.condition(measure.source.signal),
            },
            Trigger::Schedule(schedule) => *schedule = self.schedule(),
        }
    }

    /// With the key goes what names its parts.
    fn edit_key(&mut self, rule: &mut Rule) {
        let signals = rule.signals();
        if rule.key.is_empty() || signals.is_empty() {
            return self.replace(rule);
        }
        rule.key = self.some_key(&signals);
        rule.guards = self.guard(&rule.trigger, &rule.key).into_iter().collect();
        if rule.limit.is_some() {
            rule.limit = self.limit(&rule.trigger, &rule.key);
        }
        rule.then = self.then(&rule.trigger, &rule.key);
    }

    fn edit_times(&mut self, rule: &mut Rule) {
        let mut timings: Vec<_> = rule.then.steps.iter_mut().filter_map(|step| step.timing.as_mut()).collect();
        if let Some(ladder) = &mut rule.then.ladder {
            timings.extend(ladder.steps.iter_mut().filter_map(|step| step.timing.as_mut()));
        }
        if timings.is_empty() {
            return self.edit_steps(rule);
        }
        for timing in timings {
            if !self.dice.once_in(3) {
                let after: Delay = self.delay();
                timing.after = Some(after);
            } else if self.dice.once_in(2) {
                timing.during = self.timing().during;
            }
        }
    }

    /// Steps and actions go, come, and change places.
    fn edit_steps(&mut self, rule: &mut Rule) {
        if self.dice.once_in(4) {
            rule.then = self.then(&rule.trigger, &rule.key);
            return;
        }
        let new = Action { kind: self.alert(&rule.trigger, &rule.key), here: Default::default() };
        let lists = [Some(&mut rule.then.steps), rule.then.ladder.as_mut().map(|ladder| &mut ladder.steps)];
        for steps in lists.into_iter().flatten().filter(|steps| !steps.is_empty()) {
            match self.dice.below(4) {
                0 if steps.len() > 1 => drop(steps.pop()),
                1 if steps.len() > 1 => {
                    // The actions change places, the times stay.
                    let last = steps.len() - 1;
                    let moved = std::mem::take(&mut steps[last].actions);
                    steps[last].actions = std::mem::replace(&mut steps[0].actions, moved);
                }
                2 => {
                    let place = self.dice.below(steps.len());
                    steps[place].actions.insert(0, new.clone());
                }
                _ => {
                    let place = self.dice.below(steps.len());
                    if steps[place].actions.len() > 1 {
                        steps[place].actions.remove(0);
                    }
                }
            }
        }
        if let Some(ladder) = &mut rule.then.ladder
            && self.dice.once_in(4)
        {
            std::mem::swap(&mut ladder.until_acknowledged, &mut ladder.until_case_closed);
        }
    }

    fn edit_rest(&mut self, rule: &mut Rule) {
        match self.dice.below(4) {
            0 => {
                let zone = *self.dice.pick(&["Europe/Madrid", "UTC"]);
                rule.zone = jiff::tz::TimeZone::get(zone).expect("the zone is known");
            }
            1 | 2 if matches!(rule.trigger, Trigger::Measure(_)) => {
                rule.check = (rule.check.is_none() || self.dice.once_in(2)).then(|| self.schedule());
            }
            _ => self.replace(rule),
        }
    }

    /// Another rule under the same id.
    fn replace(&mut self, rule: &mut Rule) {
        let other = self.rule(0);
        *rule = Rule { id: rule.id.clone(), title: rule.title.clone(), ..other };
    }
}

fn actions(rule: &mut Rule) -> impl Iterator<Item = &mut Action> {
    let ladder = rule.then.ladder.iter_mut().flat_map(|ladder| &mut ladder.steps);
    rule.then.steps.iter_mut().chain(ladder).flat_map(|step| &mut step.actions)
}
