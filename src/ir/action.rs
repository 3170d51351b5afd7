//! What a rule does, resolved and typed.

use jiff::civil::Time;

use crate::ir::expr::{Access, Operand};
use crate::ir::{Delay, Here};
use crate::value::Str;
use crate::vocabulary::{CalendarNo, FactNo, FieldNo, SignalNo, ThingNo};

/// All actions of a rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Then {
    /// Immediate and timed steps, in the order written.
    pub steps: Vec<Step>,
    /// The ladder; always the last thing.
    pub ladder: Option<Ladder>,
}

/// A timing with the actions it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When; `None` is at once.
    pub timing: Option<Timing>,
    /// At least one.
    pub actions: Vec<Action>,
}

/// `after D`, then the first `at` not before, then deferred into `during`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// From the firing, or from the ladder's start.
    pub after: Option<Delay>,
    /// A time of day in the rule's zone.
    pub at: Option<Time>,
    /// A calendar to wait for.
    pub during: Option<CalendarNo>,
}

/// An escalation.
#[derive(Clone, Debug, PartialEq)]
pub struct Ladder {
    /// Whether an acknowledgement stops it.
    pub until_acknowledged: bool,
    /// Whether the closing of the case stops it.
    pub until_case_closed: bool,
    /// Its steps; only alerts, mails and posts.
    pub steps: Vec<Step>,
}

/// An action with its place in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// What it does.
    pub kind: ActionKind,
    /// The clause.
    pub here: Here,
}

/// What a rule can do.
#[derive(Clone, Debug, PartialEq)]
pub enum ActionKind {
    /// A message to a role.
    Alert {
        /// The role.
        role: Str,
        /// The place whose role it is; company-wide without. Its type is a thing.
        of: Option<Access>,
        /// The text; the rule's title where nothing was said.
        saying: Vec<Piece>,
    },
    /// A mail to a thing that has an address.
    Email {
        /// The thing.
        who: Access,
        /// Its kind.
        thing: ThingNo,
        /// Its fact of type email.
        address: FactNo,
        /// The template.
        template: Str,
        /// The language: an access or a literal; the template's fallback without.
        language: Option<Operand>,
        /// Values for the template.
        with: Vec<(Str, Operand)>,
    },
    /// Opens a case, or joins the open one of the same rule and key (M18).
    OpenCase {
        /// A thing it is about besides the things of the firing's signal or key.
        about: Option<(ThingNo, Access)>,
        /// `low`, `normal`, `high`, `urgent`; normal without.
        priority: Option<Operand>,
        /// Why.
        reason: Option<Operand>,
    },
    /// A signed webhook.
    Post {
        /// The endpoint's name.
        endpoint: Str,
        /// What is posted besides the firing.
        with: Vec<(Str, Operand)>,
    },
    /// Changes a fact.
    Set {
        /// The thing.
        thing: ThingNo,
        /// Which one.
        who: Access,
        /// The fact.
        fact: FactNo,
        /// Its new value.
        to: Operand,
    },
    /// Makes a derived signal (M20). Things it is about are those of the firing unless given.
    Record {
        /// The kind of signal.
        signal: SignalNo,
        /// Its fields.
        fields: Vec<(FieldNo, Operand)>,
    },
}

/// A piece of a text with placeholders.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// As it stands.
    Text(Str),
    /// A value of the firing.
    Value(Access),
}
