//! The contact budget and quiet hours (M23), from the list of all that was handed over.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use touchline::engine::effect::What;
use touchline::ir::action::ActionKind;
use touchline::value::Str;
use touchline::vocabulary::ThingNo;
use touchline::vocabulary::contact::{Class, ThingBudget, Way};

use super::Naive;
use super::acting::Plan;
use super::firing::Became;

impl Naive {
    /// Whom a mail goes to, and of what class it is; nothing where no budget is asked.
    fn contacted(&self, plan: &Plan) -> Option<(ThingNo, Str, Class, ThingBudget)> {
        let ActionKind::Email { who, thing, template, .. } = &plan.doing.kind else { return None };
        let id = self.scope(&plan.firing.values).access(who).as_text()?.clone();
        let class = self.ruleset.templates.get(template)?.class;
        let budgets = &self.ruleset.vocabulary.contacts.things;
        let budget = budgets.iter().find(|budget| budget.thing == *thing)?.clone();
        if budget.exempt.contains(&class) { None } else { Some((*thing, id, class, budget)) }
    }

    /// Quiet hours defer: the clock of the customer is looked at minute by minute until it is quiet no more.
    pub(super) fn quiet_over(&self, plan: &Plan) -> Option<Timestamp> {
        let (vocabulary, directory) = (&self.ruleset.vocabulary, &self.ruleset.directory);
        let quiet = vocabulary.contacts.quiet?;
        let (thing, id, _, budget) = self.contacted(plan)?;
        let named = budget.zone.map(|fact| self.before.fact(vocabulary, directory, thing, &id, fact));
        let named = named.and_then(|name| TimeZone::get(name.as_text()?).ok());
        let zone = named.unwrap_or_else(|| vocabulary.zone.clone());
        let is_quiet = |at: Timestamp| {
            let shown = at.to_zoned(zone.clone()).time();
            let (after, before) = (shown >= quiet.from, shown < quiet.to);
            if quiet.from < quiet.to { after && before } else { after || before }
        };
        let mut at = self.now();
        while is_quiet(at) {
            let minute = at.as_second().div_euclid(60) + 1;
            at = Timestamp::from_second(minute * 60).expect("within the calendar");
        }
        (at > self.now()).then_some(at)
    }

    /// A full budget drops: too many of what went out, and did not come back, still count.
    pub(super) fn is_full(&self, plan: &Plan) -> bool {
        let Some((thing, id, class, budget)) = self.contacted(plan) else { return false };
        let name = &self.ruleset.vocabulary.thing_type(thing).name;
        let to = format!("{name} {id}");
        let came_back = |effect: &&touchline::engine::effect::Effect| {
            let mut all = self.outcomes.iter().flat_map(|outcomes| &outcomes.effects);
            all.any(|(id, became)| *id == effect.id && *became == Became::CameToNothing)
        };
        budget.most.iter().filter(|most| most.of.counts(Way::Email, class)).any(|most| {
            let counted = self.sent.iter().filter(|effect| *effect.to == *to).filter(|effect| {
                let What::Email { template, .. } = &effect.what else { return false };
                let class = self.ruleset.templates.get(template).expect("it went out").class;
                !budget.exempt.contains(&class) && most.of.counts(Way::Email, class)
            });
            let counted = counted.filter(|effect| !came_back(effect));
            let still = counted.filter(|sent| most.every.after(sent.at, &self.ruleset.vocabulary.zone) > self.now());
            still.count() >= most.count as usize
        })
    }
}
