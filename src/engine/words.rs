//! Words of effects: texts with placeholders, mails, and to whom something goes, as a person says it.

use crate::engine::act::{Language, Plan, Prepared};
use crate::engine::effect::{Mail, What};
use crate::engine::eval::Scope;
use crate::engine::turn::Turn;
use crate::ir::action::Piece;
use crate::ir::expr::Access;
use crate::signal::Signal;
use crate::value::{Str, Value};
use crate::vocabulary::spoken::{in_mail, in_text};
use crate::vocabulary::{FieldNo, Type};

/// What stands where a value is missing (M16).
pub const MISSING: &str = "(missing)";

impl Turn<'_> {
    /// Writes a text with the values of a firing; `title` where nothing was said.
    pub(crate) fn text(&self, pieces: &[Piece], scope: &Scope, title: &Str) -> Str {
        if pieces.is_empty() {
            return title.clone();
        }
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Value(access) => text.push_str(&printed(scope, access)),
            }
        }
        text.into()
    }

    /// Writes and hands over a mail, or says why it cannot or may not go: that it cannot, to the owner as well (M16).
    pub(crate) fn hand_mail(&mut self, plan: Plan) {
        match self.mail(&plan) {
            Err(reason) => self.fail_told(plan, reason),
            Ok((template, mail)) => match self.full_budget(&plan) {
                Some(reason) => self.drop_contact(plan, reason),
                None => {
                    self.note_contact(&plan);
                    self.send(plan, What::Email { template, mail: Some(mail) }, "immediate");
                }
            },
        }
    }

    fn mail(&self, plan: &Plan) -> Result<(Str, Mail), Str> {
        let Prepared::Email { thing, id, address, template, language, with } = &plan.prepared else {
            return Err("this is no mail".into());
        };
        let facts = self.facts();
        let thing_name = &self.rules.vocabulary.thing_type(*thing).name;
        let Value::Id(id) = id else { return Err(format!("the {thing_name} to write to is missing").into()) };
        let Value::Text(to) = facts.fact(*thing, id, *address) else {
            return Err(format!("{thing_name} {id} has no address").into());
        };
        let language = match language {
            Language::Fallback => Value::Missing,
            Language::Given(value) => value.clone(),
            Language::Fact(thing, Value::Id(id), fact) => facts.fact(*thing, id, *fact),
            Language::Fact(..) => Value::Missing,
        };
        let language = language.as_text().map_or("", |language| language);
        let template_of = self.rules.templates.get(template);
        let written_in = template_of.map_or("", |template| template.language(language));
        let values = |path: &str| {
            let (value, ty) = self.mail_value(plan, with, path)?;
            Some(in_mail(&value, &ty, written_in))
        };
        let mail = self.rules.templates.render(template, language, &values)?;
        let mail = Mail {
            address: to,
            language: mail.language,
            subject: mail.subject.into(),
            text: mail.text.into(),
            html: mail.html.map(Str::from),
        };
        Ok((template.clone(), mail))
    }

    /// Returns what a template's `{{ path }}` stands for: a value of `with`, of the firing, or a fact of a thing.
    fn mail_value(&self, plan: &Plan, with: &[(Str, Value)], path: &str) -> Option<(Value, Type)> {
        if let Some((_, value)) = with.iter().find(|(name, _)| &**name == path) {
            return value.present().map(|value| (value.clone(), Type::Text));
        }
        let mut words = path.split('.');
        let (mut value, mut ty) = self.firing_value(plan, words.next()?)?;
        for word in words {
            let Type::Thing(thing) = ty else { return None };
            let fact = self.rules.vocabulary.thing_type(thing).fact(word)?;
            let id = value.as_text()?.clone();
            value = self.facts().fact(thing, &id, fact);
            ty = self.rules.vocabulary.thing_type(thing).facts[fact.index()].ty.clone();
            // A missing name prints the id (M16).
            if value.is_missing() && word == "name" {
                return Some((Value::Id(id), Type::Text));
            }
        }
        (!value.is_missing()).then_some((value, ty))
    }

    fn firing_value(&self, plan: &Plan, name: &str) -> Option<(Value, Type)> {
        let values = &plan.firing.values;
        match name {
            "recent" => return Some((values.recent.clone(), Type::Number)),
            "previous" => return Some((values.previous.clone(), Type::Number)),
            "count" => return Some((values.count.clone(), Type::Number)),
            _ => {}
        }
        let vocabulary = &self.rules.vocabulary;
        if let Some(signal) = &values.signal {
            let kind = vocabulary.signal_type(signal.kind);
            if let Some(field) = kind.field(name) {
                return Some((signal.field(field).clone(), kind.fields[field.index()].ty.clone()));
            }
        }
        if let (crate::vocabulary::builtin::CASE, Some(case)) = (name, vocabulary.thing(name)) {
            return Some((values.case.clone(), Type::Thing(case)));
        }
        // By name: the rule's key may be another one by now.
        let (_, value) = plan.firing.key.iter().find(|(part, _)| &**part == name)?;
        let ty = vocabulary.thing(name).map_or(Type::Text, Type::Thing);
        Some((value.clone(), ty))
    }

    /// Says to whom a plan goes: `floor_manager of S7`, `customer C1`; empty where to nobody.
    pub(crate) fn to(&self, plan: &Plan) -> Str {
        let thing_name = |thing: &crate::vocabulary::ThingNo| {
            self.rules.vocabulary.things.get(thing.index()).map_or("thing", |thing| &*thing.name)
        };
        match &plan.prepared {
            Prepared::Alert { role, of: None, .. } => role.clone(),
            Prepared::Alert { role, of: Some((_, Value::Id(id))), .. } => format!("{role} of {id}").into(),
            Prepared::Alert { role, of: Some((thing, _)), .. } => {
                format!("{role} of {} {MISSING}", thing_name(thing)).into()
            }
            Prepared::Email { thing, id, .. } | Prepared::Set { thing, id, .. } => {
                let id = id.as_text().map_or(MISSING, |id| id);
                format!("{} {id}", thing_name(thing)).into()
            }
            Prepared::Post { endpoint, .. } => endpoint.clone(),
            Prepared::OpenCase { things, .. } => {
                let customer = self.rules.vocabulary.thing(crate::vocabulary::builtin::CUSTOMER);
                let first = things.iter().find(|(thing, _)| Some(*thing) == customer).or(things.first());
                first.map_or_else(Str::default, |(thing, id)| format!("{} {id}", thing_name(thing)).into())
            }
            Prepared::Record { .. } => Str::default(),
        }
    }

    /// Returns what a plan asks for while nothing of it has been read that is read only when it is handed over.
    pub(crate) fn unsent(&self, plan: &Plan) -> What {
        match &plan.prepared {
            Prepared::Alert { role, text, .. } => {
                What::Alert { role: role.clone(), addresses: vec![], text: text.clone() }
            }
            Prepared::Email { template, .. } => What::Email { template: template.clone(), mail: None },
            Prepared::OpenCase { priority, reason, .. } => {
                let case = plan.firing.values.case.as_text().cloned().unwrap_or_default();
                let priority = crate::vocabulary::builtin::PRIORITIES[*priority as usize % 4].into();
                What::OpenCase { case, joined: false, priority, reason: reason.present().cloned() }
            }
            Prepared::Post { endpoint, with } => What::Post { endpoint: endpoint.clone(), values: with.clone() },
            Prepared::Set { thing, id, fact, value } => {
                let id = id.as_text().cloned().unwrap_or_default();
                What::Set { thing: *thing, id, fact: *fact, value: value.clone() }
            }
            Prepared::Record { signal, fields } => {
                let signal = self.derived_signal(plan.id, *signal, fields.clone());
                What::Record { signal: Box::new(signal) }
            }
        }
    }
}

/// Prints a value of a firing: a missing name is the id of what has none, another missing value says so (M16).
fn printed(scope: &Scope, access: &Access) -> String {
    let value = scope.access(access);
    if let Some(value) = value.present() {
        return in_text(value, &access.ty);
    }
    let is_name = access.name.ends_with(".name");
    match access.facts.split_last().filter(|_| is_name) {
        Some((_, before)) => {
            let whose = scope.access(&Access { facts: before.to_vec(), ..access.clone() });
            whose.as_text().map_or(MISSING.to_owned(), |id| id.to_string())
        }
        None => MISSING.to_owned(),
    }
}

/// Fills a field by its name, if the kind has it.
pub(crate) fn fill(signal: &mut Signal, field: Option<FieldNo>, value: Value) {
    if let Some(slot) = field.and_then(|field| signal.fields.get_mut(field.index())) {
        *slot = value;
    }
}
