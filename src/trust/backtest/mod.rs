//! What a change would have done on recorded feedback: two versions of the playbooks on the same days, and what differs.
//!
//! A [`player::Player`] takes what was recorded, moment by moment, under one version and keeps what was decided. The version
//! that was is played first: [`answers`] knows from it which ladders were acknowledged, and when. [`compare`] pairs the
//! decisions of both, [`counts`] adds up what reached customers and people, [`report`] is what is shown, with `examples` and their why. Pure: `cli::backtest`
//! reads feeds, journals and git, and prints.

pub mod answers;
pub mod compare;
pub mod counts;
mod examples;
pub mod player;
pub mod report;

use jiff::Timestamp;

use crate::engine::input::Human;
use crate::signal::{FactChange, FeedLine, HumanLine, Signal};

/// One thing that was recorded.
#[derive(Clone, Debug)]
pub struct Moment {
    /// When: the line's own time, or when a daemon took it.
    pub at: Timestamp,
    /// What.
    pub said: Said,
}

/// What can have been recorded.
#[derive(Clone, Debug)]
pub enum Said {
    /// Feedback.
    Signal(Signal),
    /// Feedback from before anything ran: it fills windows and fires nothing.
    History(Signal),
    /// A fact.
    Fact(FactChange),
    /// What a person did, as a feed has it.
    Line(HumanLine),
    /// What a person did, as a journal has it.
    Human(Human),
}

impl From<FeedLine> for Moment {
    fn from(line: FeedLine) -> Moment {
        let at = line.at();
        let said = match line {
            FeedLine::Signal(signal) => Said::Signal(signal),
            FeedLine::Facts { change, .. } => Said::Fact(change),
            FeedLine::Human(human) => Said::Line(human),
        };
        Moment { at, said }
    }
}
