//! Everything the engine remembers, and its saved form.
//!
//! The state is a fold over the journal (invariant 1). Rules stand in it by their place in the rule set, which the
//! saved form names by hash; a switch moves them by id (`engine::reload`). Iteration that shows goes over ordered
//! collections only.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, BufReader, BufWriter, IntoInnerError, Read, Write};
use std::sync::Arc;

use jiff::Timestamp;
use lz4_flex::frame::{FrameDecoder, FrameEncoder};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize, Serializer};

use crate::engine::act::Plan;
use crate::engine::cases::Cases;
use crate::engine::contacts::Contacts;
use crate::engine::effect::Values;
use crate::engine::facts::Facts;
use crate::engine::name::Name;
use crate::engine::pieces;
use crate::engine::plans::Plans;
use crate::engine::reload::Was;
use crate::engine::seen::Seen;
use crate::engine::trace::Compared;
use crate::engine::window::At;
use crate::engine::window::absence::AbsenceWindow;
use crate::engine::window::count::CountWindow;
use crate::engine::window::measure::MeasureWindow;
use crate::engine::window::reading::ReadingWindow;
use crate::engine::window::sequence::SequenceWindow;
use crate::id::{EffectId, RuleId, SignalId};
use crate::value::{Str, Value};
use crate::vocabulary::ThingNo;

/// The version of the saved form.
pub const FORMAT: u32 = 6;
/// How many bytes are compressed at a time.
const CHUNK: usize = 1 << 16;

/// A key: one value a part; texts folded, ids exact.
pub type Key = Vec<Value>;

/// The place of a rule in its rule set.
pub(crate) type RuleNo = u32;

/// Everything the engine remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    /// The engine's clock: the latest `now` of an input.
    pub now: Option<Timestamp>,
    /// The latest time of a signal seen: what a signal is late against.
    pub latest_at: Option<Timestamp>,
    /// How many inputs were folded.
    pub position: u64,
    /// How many signals took a place, derived ones included.
    pub arrivals: u64,
    /// Signals known again (M6).
    pub seen: Seen,
    /// What was told of things.
    pub facts: Facts,
    /// Cases and contacts.
    pub cases: Cases,
    /// Things seen in signals, of the kinds some rule runs over.
    pub things_seen: BTreeSet<(ThingNo, Str)>,
    /// By place of the rule.
    pub rules: Vec<RuleState>,
    /// What is due when.
    pub agenda: BTreeSet<Due>,
    /// Actions to come, by number.
    pub plans: Plans,
    /// The next plan's number; also orders episodes.
    pub next_number: u64,
    /// Effects handed over of which nothing was heard yet.
    pub in_flight: BTreeMap<EffectId, Flight>,
    /// Firings whose limit may still be given back (M12).
    pub accounts: BTreeMap<u64, Account>,
    /// Silences in force.
    pub silences: Vec<Silence>,
    /// Rules that disappeared, with their state, until they are given up (M24).
    pub parked: Vec<Parked>,
    /// What owners are told, by whose it is; states of format 3 end before it.
    pub told: BTreeMap<Option<Str>, Told>,
    /// Who was contacted (M23); the last, because states of format 5 end before it.
    pub contacts: Contacts,
}

/// What an owner is told when the time for collecting it is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// When that is.
    pub until: Timestamp,
    /// The first lines.
    pub lines: Vec<Str>,
    /// How many more there are.
    pub more: u64,
}

/// What one rule remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RuleState {
    /// By key.
    pub keys: FxHashMap<Key, KeyState>,
    /// When it last fired, by limit key.
    pub limits: FxHashMap<Key, LimitState>,
    /// The limits of its other life: of live while in shadow, and the other way round (M21).
    pub other_limits: FxHashMap<Key, LimitState>,
    /// Episodes waiting for a limit, by limit key: since when, in what order, which key.
    pub waiting: BTreeMap<Key, BTreeSet<(Timestamp, u64, Key)>>,
    /// The next run of its check or schedule.
    pub check_due: Option<Timestamp>,
    /// Up to when its windows cover less than their length: the journal did not reach back far enough (M24).
    pub filling_until: Option<Timestamp>,
    /// Plans that came due while it was paused.
    pub held: Vec<u64>,
}

/// What one rule remembers of one key, in fifty-six bytes: what most keys never have stands aside.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "Written")]
pub(crate) struct KeyState {
    /// Its signals.
    pub window: Window,
    /// The episode, once entered. A count's may be over without anybody having looked.
    pub episode: Option<Box<Episode>>,
    /// The ladder, while steps are to come.
    pub ladder: Option<Box<Ladder>>,
    /// Nothing where all of it is as at first.
    aside: Option<Box<Aside>>,
}

/// What most keys never have.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Aside {
    /// Signals before this enter no window: the rule's case was closed then (M9).
    pub floor: Option<At>,
    /// The key as it was first written, where its texts are not folded already.
    pub shown: Option<Box<Key>>,
    /// The latest reading, while `stays over … for` waits.
    pub latest: Option<Box<Latest>>,
    /// The deadline in the agenda (absence, `stays over`).
    pub armed: Option<At>,
    /// Whether the time of `stays over … for` had run out when the rule changed: its next reading enters (M10).
    pub ran_out: bool,
}

impl KeyState {
    /// Returns a key with a window and a ladder.
    pub fn of(window: Window, ladder: Option<Box<Ladder>>) -> KeyState {
        KeyState { window, ladder, ..KeyState::default() }
    }

    /// Returns what most keys never have.
    pub fn aside(&self) -> &Aside {
        static AT_FIRST: Aside = Aside { floor: None, shown: None, latest: None, armed: None, ran_out: false };
        self.aside.as_deref().unwrap_or(&AT_FIRST)
    }

    /// Changes it.
    pub fn change_aside<T>(&mut self, change: impl FnOnce(&mut Aside) -> T) -> T {
        let Some(aside) = &mut self.aside else {
            let mut aside = Aside::default();
            let told = change(&mut aside);
            self.aside = (aside != Aside::default()).then(|| Box::new(aside));
            return told;
        };
        let told = change(aside);
        if **aside == Aside::default() {
            self.aside = None;
        }
        told
    }
}

/// What is remembered of one key, as states write it.
#[derive(Deserialize)]
struct Written {
    window: Window,
    episode: Option<Box<Episode>>,
    floor: Option<At>,
    ladder: Option<Box<Ladder>>,
    shown: Option<Box<Key>>,
    latest: Option<Box<Latest>>,
    armed: Option<At>,
    ran_out: bool,
}

impl From<Written> for KeyState {
    fn from(Written { window, episode, floor, ladder, shown, latest, armed, ran_out }: Written) -> KeyState {
        let mut state = KeyState { window, episode, ladder, aside: None };
        state.change_aside(|aside| *aside = Aside { floor, shown, latest, armed, ran_out });
        state
    }
}

impl Serialize for KeyState {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Aside { floor, shown, latest, armed, ran_out } = self.aside();
        (&self.window, &self.episode, floor, &self.ladder, shown, latest, armed, ran_out).serialize(to)
    }
}

/// A reading and its place.
pub(crate) type Latest = (crate::engine::window::Place, Arc<crate::signal::Signal>);

/// A window by trigger shape. What most keys never have stands in boxes: keys are kept by the million.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Window {
    /// A rule on each signal, or on a schedule.
    #[default]
    None,
    /// See [`CountWindow`].
    Count(CountWindow),
    /// See [`ReadingWindow`].
    Reading(Box<ReadingWindow>),
    /// See [`SequenceWindow`].
    Sequence(Box<SequenceWindow>),
    /// See [`AbsenceWindow`].
    Absence(Box<AbsenceWindow>),
    /// See [`MeasureWindow`].
    Measure(Box<MeasureWindow>),
}

/// The time a condition stays true, entered once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Episode {
    /// When it was entered, by the engine's clock.
    pub since: Timestamp,
    /// Orders episodes entered at one instant.
    pub number: u64,
    /// What would have fired, where guard, limit or silence said no (M11, M12, M21); `None` once fired.
    pub pending: Option<Box<Pending>>,
}

/// A firing that waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// The values as of the latest signal.
    pub values: Values,
    /// The signal that would have triggered it.
    pub signal: Option<SignalId>,
    /// The signals behind it.
    pub signals: Vec<Name>,
    /// Whether a late signal brought it about.
    pub late: bool,
    /// The rules that led here.
    pub chain: Arc<[RuleId]>,
    /// The comparisons made.
    pub compared: Vec<Compared>,
    /// What it waits for.
    pub waits: Waits,
}

/// What an episode that has not fired waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Waits {
    /// The guard: it is asked at further signals and checks.
    #[default]
    Guard,
    /// The limit: it is asked when the limit frees, too.
    Limit,
    /// The end of a silence.
    Silence(Timestamp),
}

/// When a rule last fired for a limit key, the latest last. Two are kept, so that the last can be given back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct LimitState {
    /// Firing times with the account that may give them back.
    pub firings: VecDeque<(Timestamp, u64)>,
}

/// A ladder that has steps to come (M18).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ladder {
    /// When it started: the firing.
    pub started: Timestamp,
    /// Its steps to come, by plan number.
    pub plans: Vec<u64>,
    /// The case whose closing stops it.
    pub bound: Bound,
}

/// What `until case_closed` is bound to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum Bound {
    /// No case stops it.
    #[default]
    Nothing,
    /// One case.
    Case(Str),
    /// Any case about a customer.
    Customer(Str),
}

/// An effect handed over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Flight {
    /// The effect as it was handed over, for the word of its withdrawal or failure.
    pub plan: Plan,
}

/// A firing whose limit may still be given back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// The rule.
    pub rule: RuleNo,
    /// The limit's key.
    pub limit_key: Key,
    /// Actions of which the end is not known.
    pub open: u32,
}

/// A silence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Silence {
    /// For one rule; for all where absent.
    pub rule: Option<RuleId>,
    /// Up to, not including.
    pub until: Timestamp,
}

/// A rule that disappeared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Parked {
    /// Which.
    pub rule: RuleId,
    /// Since when.
    pub since: Timestamp,
    /// What it was when it disappeared.
    pub was: Was,
    /// Its state.
    pub state: RuleState,
    /// Its steps.
    pub plans: Vec<(u64, Plan)>,
    /// Firings whose limit may be given back.
    pub accounts: Vec<(u64, Account)>,
    /// Effects handed over of which nothing was heard yet.
    pub flights: Vec<(EffectId, Flight)>,
}

/// One entry of the agenda, ordered by (due, playbook id, rule id, key).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Due {
    /// When.
    pub at: Timestamp,
    /// For which rule; places follow ids.
    pub rule: RuleNo,
    /// For which key; the limit's key for [`DueKind::LimitFrees`].
    pub key: Key,
    /// What.
    pub kind: DueKind,
}

/// What can be due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum DueKind {
    /// A check or a schedule comes round.
    Check,
    /// An absence's deadline, or the end of `stays over … for`.
    Deadline,
    /// A limit frees.
    LimitFrees,
    /// A silence ends.
    SilenceEnds,
    /// A planned action.
    Plan(u64),
    /// A parked rule is given up.
    GiveUp,
    /// What owners are told has been collected for long enough.
    Digest,
}

/// Windows filled from the journal for one rule, before a switch (M24).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleFill {
    /// The rule.
    pub rule: RuleId,
    /// Its windows, by key.
    pub(crate) keys: Vec<KeyFill>,
    /// Signals with something missing that it has taken part in: an update does not show them to it again (M6).
    pub(crate) took_part: Vec<EffectId>,
    /// Everything seen of what it runs over (M14).
    pub(crate) things: Vec<(ThingNo, Str)>,
    /// The first instant the journal covered: with less history than its window, a rule is filling until later.
    pub since: Option<Timestamp>,
}

/// What the journal says of one key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeyFill {
    pub key: Key,
    pub window: Window,
    pub floor: Option<Timestamp>,
    pub shown: Option<Box<Key>>,
    pub latest: Option<Box<Latest>>,
}

/// Why a saved state could not be restored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// The bytes are not a state of this format.
    #[error("the saved state cannot be read: {0}")]
    Unreadable(String),
    /// Another format version.
    #[error("the saved state has format {found}, this version reads format {FORMAT}")]
    Format {
        /// The version found.
        found: u32,
    },
    /// Another rule set.
    #[error("the saved state belongs to another rule set")]
    OtherRules,
}

impl State {
    /// Returns the saved form: the format version and the hash of its rule set, then the state, compressed as it is written.
    /// It is a fraction of the state in memory, which is what a checkpoint may cost.
    pub fn save(&self, ruleset: [u8; 16], mut to: impl Write) -> io::Result<()> {
        let head = postcard::to_stdvec(&(FORMAT, ruleset)).expect("two numbers can be written");
        to.write_all(&head)?;
        // Serialising writes byte by byte.
        let compressed = BufWriter::with_capacity(CHUNK, FrameEncoder::new(to));
        // A state has no value that cannot be written: what fails is the place it is written to, which says so again below.
        let written =
            postcard::to_io(self, compressed).map_err(|_| io::Error::other("the state could not be written"))?;
        let encoder = written.into_inner().map_err(IntoInnerError::into_error)?;
        encoder.finish().map_err(io::Error::from)?.flush()
    }

    /// Reads a saved form back, and those of versions before, piece by piece.
    pub fn restore(saved: impl Read, ruleset: [u8; 16]) -> Result<State, RestoreError> {
        let mut saved = BufReader::with_capacity(CHUNK, saved);
        let (found, of): (u32, [u8; 16]) = pieces::read(&mut saved)?;
        let lacking: &[u8] = match found {
            FORMAT => &[],
            // Who was contacted came with format 6: nobody.
            4 | 5 => &[0, 0],
            // What owners are told came with format 4: nothing.
            3 => &[0, 0, 0],
            found => return Err(RestoreError::Format { found }),
        };
        if of != ruleset {
            return Err(RestoreError::OtherRules);
        }
        match found {
            // Before format 5 it was not compressed.
            ..=4 => pieces::read(&mut saved.chain(lacking)),
            _ => pieces::read(&mut FrameDecoder::new(saved).chain(lacking)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_of_the_formats_before_is_read() {
        let mut state = State { position: 7, ..State::default() };
        // The number of a format is one byte.
        let written = postcard::to_stdvec(&(4u32, [5u8; 16], &state)).expect("it can be written");
        // Formats up to 5 end before who was contacted, format 5 is compressed.
        let plain = &written[..written.len() - 2];
        assert_eq!(State::restore(plain, [5; 16]), Ok(state.clone()));
        let mut compressed = FrameEncoder::new(Vec::new());
        compressed.write_all(&plain[17..]).expect("memory takes every byte");
        let compressed = compressed.finish().expect("memory takes every byte");
        assert_eq!(State::restore(&*[&[5], &plain[1..17], &compressed].concat(), [5; 16]), Ok(state.clone()));
        // Format 3 ends before what owners are told.
        let older = [&[3], &plain[1..plain.len() - 1]].concat();
        assert_eq!(State::restore(&*older, [5; 16]), Ok(state.clone()));
        state.told.insert(None, Told { until: Timestamp::UNIX_EPOCH, lines: vec!["a line".into()], more: 2 });
        let mut saved = Vec::new();
        state.save([5; 16], &mut saved).expect("memory takes every byte");
        assert_eq!(State::restore(&*saved, [5; 16]), Ok(state));
        let unknown = [&[2], &plain[1..]].concat();
        assert_eq!(State::restore(&*unknown, [5; 16]), Err(RestoreError::Format { found: 2 }));
    }
}
