//! Scripts in back-ticks: what a sentence cannot say, in a small pure part of Rhai.
//!
//! A script is an expression, or a few `let` lines and an expression. It sees the typed fields it names and nothing
//! else: no clock, no randomness, no loops, no functions of its own, no assignment, no `eval`, no `import`. What it may
//! call is the closed list [`FUNCTIONS`]. An unknown name is an error when it is compiled; an error at run time is a
//! reason in one line, which the engine takes as "no match" and writes into the trace.
//!
//! What a field is to a script:
//!
//! | field | in a script |
//! | --- | --- |
//! | text, names, ids, languages, addresses | text as it was written; compare with `fold()` where case must not matter |
//! | whole numbers and scores | a whole number |
//! | numbers, money (its amount) | a decimal number, in binary: the engine compares exactly, scripts do not |
//! | a duration | a decimal number of the field's declared unit: `wait > 10` for a `duration in minutes` |
//! | yes/no | `true` or `false` |
//! | a date, a time | text: `2026-03-27`, `09:05` (`09:05:30` with seconds); texts of one kind compare in order |
//! | a missing value | an error in whatever looks at it (M13), but for `present(x)`, `missing(x)`, `x.otherwise(…)` |
//!
//! `7 / 2` is 3.5, whatever the fields' types: division never cuts. Read [`Script`] first; `scan` finds the names,
//! `machine` is the only file that names Rhai.

use std::fmt;
use std::sync::Arc;

use crate::ir::expr::Access;
use crate::value::{Str, Value};
use crate::vocabulary::Type;

mod machine;
mod result;
mod scan;

pub use result::Gives;

/// Everything a script may call, as `name(x, …)` or `x.name(…)`.
pub const FUNCTIONS: [&str; 25] = [
    "abs",
    "ceiling",
    "contains",
    "ends_with",
    "floor",
    "fold",
    "index_of",
    "is_empty",
    "len",
    "max",
    "min",
    "missing",
    "otherwise",
    "present",
    "replace",
    "round",
    "split",
    "starts_with",
    "sub_string",
    "to_float",
    "to_int",
    "to_lower",
    "to_string",
    "to_upper",
    "trim",
];

/// The longest script, in bytes; also the longest text a script may look at or build.
pub const MAX_TEXT: usize = 4_096;
/// How many values one script may read.
pub const MAX_READS: usize = 32;

/// A compiled script.
#[derive(Clone)]
pub struct Script {
    /// The text between the back-ticks.
    pub text: Str,
    /// The values it may look at, by the variable or path it names, each once, in the order of first use.
    pub reads: Vec<(Str, Access)>,
    program: Arc<machine::Program>,
}

/// Why a text is not a script, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptProblem {
    /// One lowercase sentence without a full stop; the user's words in back-ticks.
    pub message: String,
    /// The first byte it is about.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What to type.
    pub help: Option<String>,
    /// The name nobody knows, where that is the problem: whoever knows all names can add a did-you-mean.
    pub unknown: Option<String>,
}

impl Script {
    /// Compiles `text`. `scope` answers names (`comment`) and paths (`customer.segment`) with how to get at them.
    pub fn compile(text: &str, scope: &dyn Fn(&str) -> Option<Access>) -> Result<Script, ScriptProblem> {
        let names = scan::resolve(text, scope)?;
        let program = machine::Program::compile(text, &names)?;
        let reads = names.reads.into_iter().map(|(name, access)| (Str::from(name), access)).collect();
        Ok(Script { text: text.into(), reads, program: Arc::new(program) })
    }

    /// Returns what it gives, where that shows without running it.
    pub fn gives(&self) -> Option<Gives> {
        let held = |access: &Access| match access.ty {
            Type::YesNo => Gives::YesNo,
            Type::Number | Type::WholeNumber | Type::Score(_) | Type::Duration(_) | Type::Money => Gives::Number,
            _ => Gives::Text,
        };
        let reads: Vec<(&str, Gives)> = self.reads.iter().map(|(name, access)| (&**name, held(access))).collect();
        result::gives(&self.text, &reads)
    }

    /// Runs the script on the values of [`Script::reads`], in their order. An error says why, in one line.
    pub fn run(&self, values: &[Value]) -> Result<Value, String> {
        self.program.run(&self.reads, values)
    }
}

impl ScriptProblem {
    fn new(message: impl Into<String>, start: usize, end: usize) -> ScriptProblem {
        ScriptProblem { message: message.into(), start, end, help: None, unknown: None }
    }

    fn help(mut self, help: impl Into<String>) -> ScriptProblem {
        self.help = Some(help.into());
        self
    }
}

impl PartialEq for Script {
    fn eq(&self, other: &Script) -> bool {
        self.text == other.text && self.reads == other.reads
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` reading {:?}", self.text, self.reads)
    }
}

#[cfg(test)]
mod tests;
