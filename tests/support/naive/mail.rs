//! A customer's mail as it goes out (M16): the values are those of the firing; address, language, template and what is
//! known of things are read now. A value that is missing and has no default fails that mail.

use touchline::engine::effect::Mail;
use touchline::ir::expr::Operand;
use touchline::value::{Str, Value};
use touchline::vocabulary::{FactNo, ThingNo, Type};

use super::Naive;
use super::acting::{Plan, printed};

impl Naive {
    pub(super) fn mail(
        &self,
        plan: &Plan,
        (thing, who, address): (ThingNo, &Value, FactNo),
        template: &Str,
        language: Option<&Operand>,
        with: &[(Str, Value)],
    ) -> Option<Mail> {
        let (vocabulary, directory) = (&self.ruleset.vocabulary, &self.ruleset.directory);
        let to = self.before.fact(vocabulary, directory, thing, who.as_text()?, address);
        let language = language.map(|language| self.scope(&plan.firing.values).operand(language));
        let language = language.and_then(|language| language.as_text().cloned()).unwrap_or_else(|| "".into());
        let value = |path: &str| match with.iter().find(|(name, _)| &**name == path) {
            Some((_, value)) => value.present().map(printed),
            None => self.known_as(plan, path),
        };
        let mail = self.ruleset.templates.render(template, &language, &value).ok()?;
        Some(Mail {
            address: to.as_text()?.clone(),
            language: mail.language,
            subject: mail.subject.into(),
            text: mail.text.into(),
            html: mail.html.map(Str::from),
        })
    }

    /// A field of the firing's signal or a part of its key, and facts of it.
    fn known_as(&self, plan: &Plan, path: &str) -> Option<String> {
        let (vocabulary, directory) = (&self.ruleset.vocabulary, &self.ruleset.directory);
        let mut words = path.split('.');
        let first = words.next()?;
        let of_signal = plan.firing.values.signal.as_ref().and_then(|signal| {
            let field = vocabulary.signal_type(signal.kind).field(first)?;
            Some((signal.field(field).clone(), vocabulary.signal_type(signal.kind).fields[field.index()].ty.clone()))
        });
        let of_key = || {
            let (_, value) = plan.firing.key.iter().find(|(name, _)| &**name == first)?;
            Some((value.clone(), vocabulary.thing(first).map_or(Type::Text, Type::Thing)))
        };
        let (mut value, mut ty) = of_signal.or_else(of_key)?;
        for word in words {
            let Type::Thing(thing) = ty else { return None };
            let fact = vocabulary.thing_type(thing).fact(word)?;
            value = self.before.fact(vocabulary, directory, thing, value.as_text()?, fact);
            ty = vocabulary.thing_type(thing).facts[fact.index()].ty.clone();
        }
        value.present().map(printed)
    }
}
