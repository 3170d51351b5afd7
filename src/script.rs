//! Scripts in back-ticks. The only file that names Rhai.
//!
//! A script is pure: it sees the typed fields it names and nothing else; it has no clock, no `eval`, no `import`, and
//! hard limits. An unknown name is an error when it is compiled; an error at run time means "no match" and a trace.

use std::fmt;

use crate::ir::expr::Access;
use crate::value::{Str, Value};

/// A compiled script.
#[derive(Clone)]
pub struct Script {
    /// The text between the back-ticks.
    pub text: Str,
    /// The values it may look at, by the variable or path it names.
    pub reads: Vec<(Str, Access)>,
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

impl Script {
    /// Runs the script on the values of [`Script::reads`], in their order. An error says why, in one line.
    pub fn run(&self, values: &[Value]) -> Result<Value, String> {
        let _ = values;
        Err("scripts are not supported yet".into())
    }
}
