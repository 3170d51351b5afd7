//! The machine that runs scripts. The only file that names Rhai.
//!
//! INVARIANT: nothing here reads a clock, a random number or the order of a hash map, and every resource has a limit,
//! so a script gives the same value for the same fields on any machine. Powers and trigonometry, which differ from one
//! C library to another, are left out.

use std::fmt::Write;
use std::sync::OnceLock;

use jiff::SignedDuration;
use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicMathPackage, LogicPackage, MoreStringPackage, Package,
};
use rhai::{AST, Dynamic, Engine, EvalAltResult, INT, ImmutableString, OptimizationLevel, Position, Scope};

use super::scan::Names;
use super::{MAX_TEXT, ScriptProblem};
use crate::ir::expr::Access;
use crate::number::Number;
use crate::value::{Str, Value};
use crate::vocabulary::{Type, Unit, text};

/// Operations one run may take.
const MAX_OPERATIONS: u64 = 10_000;
/// How deep expressions may nest, counted as the machine does: one operator may be several levels.
const MAX_DEPTH: usize = 64;
const MAX_ARRAY: usize = 256;
const MAX_MAP: usize = 64;
const MAX_CALLS: usize = 16;

/// A parsed script, in which each field is a variable [`variable`].
pub(super) struct Program {
    ast: AST,
}

type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// The variable that stands for the read at `place`. `scan` lets no author write a name that begins with `_`.
fn variable(place: usize) -> String {
    format!("_v{place}")
}

impl Program {
    pub(super) fn compile(source: &str, names: &Names) -> Result<Program, ScriptProblem> {
        // Every path becomes one variable: `customer` and `customer.segment` can stand side by side, and a field may
        // be named like a word that Rhai reserves (`case`).
        let mut text = String::with_capacity(source.len());
        let mut shifts = vec![(0, 0)];
        let mut done = 0;
        for &(start, end, place) in &names.uses {
            text.push_str(&source[done..start]);
            text.push_str(&variable(place));
            shifts.push((text.len(), end));
            done = end;
        }
        text.push_str(&source[done..]);
        let mut scope = Scope::new();
        for place in 0..names.reads.len() {
            scope.push_constant_dynamic(variable(place), Dynamic::UNIT);
        }
        let ast = machine().compile_with_scope(&scope, &text).map_err(|error| {
            let at = offset(&text, error.1);
            let (new, old) = shifts.iter().rev().find(|(new, _)| *new <= at).copied().unwrap_or((0, 0));
            let start = (old + (at - new)).min(source.len());
            let start = (0..=start).rev().find(|at| source.is_char_boundary(*at)).unwrap_or(0);
            let end = source[start..].chars().next().map_or(start, |next| start + next.len_utf8());
            let message = with_names(&error.0.to_string(), names.reads.iter().map(|(name, _)| name.as_str()));
            ScriptProblem::new(format!("the script cannot be read: {message}"), start, end)
        })?;
        Ok(Program { ast })
    }

    pub(super) fn run(&self, reads: &[(Str, Access)], values: &[Value]) -> Result<Value, String> {
        let mut scope = Scope::new();
        for (place, (name, access)) in reads.iter().enumerate() {
            let value = values.get(place).unwrap_or(&Value::Missing);
            scope.push_constant_dynamic(variable(place), to_dynamic(name, &access.ty, value)?);
        }
        let result = machine().eval_ast_with_scope::<Dynamic>(&mut scope, &self.ast);
        let result = result.map_err(|error| with_names(&reason(*error), reads.iter().map(|(name, _)| &**name)))?;
        to_value(result)
    }
}

/// Returns the byte offset of a place in `text`.
fn offset(text: &str, place: Position) -> usize {
    let Some(line) = place.line() else { return text.len() };
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let column = place.position().map_or(0, |column| column - 1);
    text[start..].char_indices().nth(column).map_or(text.len(), |(at, _)| start + at)
}

/// Puts the author's names in the place of the machine's variables.
fn with_names<'a>(message: &str, names: impl DoubleEndedIterator<Item = &'a str> + ExactSizeIterator) -> String {
    // From the last, so that `_v1` does not cut `_v12`.
    let mut message = message.to_owned();
    for (place, name) in names.enumerate().rev() {
        message = message.replace(&variable(place), name);
    }
    message.replace(['\n', '\r'], " ")
}

/// Says in one line why a run failed.
fn reason(error: EvalAltResult) -> String {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) => reason(*inner),
        EvalAltResult::ErrorRuntime(message, _) => message.to_string(),
        EvalAltResult::ErrorArithmetic(message, _) => message.to_lowercase(),
        EvalAltResult::ErrorTooManyOperations(_) => format!("the script takes more than {MAX_OPERATIONS} operations"),
        EvalAltResult::ErrorDataTooLarge(..) => {
            format!("the script makes a text over {MAX_TEXT} bytes or a list over {MAX_ARRAY} entries")
        }
        EvalAltResult::ErrorFunctionNotFound(signature, _) => {
            let words = [("&str | ImmutableString | String", "text"), ("i64", "whole number"), ("f64", "number")];
            let plain = words.iter().fold(signature, |signature, (word, plain)| signature.replace(word, plain));
            let plain = plain.replace("bool", "yes/no").replace("array", "list").replace("()", "missing value");
            format!("nothing is known of `{plain}`")
        }
        mut other => {
            let _ = other.take_position();
            other.to_string()
        }
    }
}

fn to_dynamic(name: &str, ty: &Type, value: &Value) -> Result<Dynamic, String> {
    Ok(match (value, ty) {
        (Value::Missing, _) => Dynamic::UNIT,
        (Value::Text(text) | Value::Id(text), _) if text.len() > MAX_TEXT => {
            return Err(format!("`{name}` is longer than {MAX_TEXT} bytes"));
        }
        (Value::Text(text) | Value::Id(text), _) => Dynamic::from(ImmutableString::from(&**text)),
        (Value::Number(number), Type::WholeNumber | Type::Score(_)) if number.is_whole() => {
            Dynamic::from(number.whole())
        }
        (Value::Number(number) | Value::Money(number, _), _) => Dynamic::from(number.to_f64()),
        (Value::YesNo(yes), _) => Dynamic::from(*yes),
        (Value::Duration(length), Type::Duration(unit)) => Dynamic::from(in_unit(*length, *unit)),
        (Value::Duration(length), _) => Dynamic::from(in_unit(*length, Unit::Minutes)),
        (Value::Date(date), _) => Dynamic::from(ImmutableString::from(date.to_string())),
        (Value::Time(time), _) if time.second() == 0 && time.subsec_nanosecond() == 0 => {
            Dynamic::from(ImmutableString::from(format!("{:02}:{:02}", time.hour(), time.minute())))
        }
        (Value::Time(time), _) => Dynamic::from(ImmutableString::from(time.to_string())),
    })
}

fn in_unit(length: SignedDuration, unit: Unit) -> f64 {
    let seconds = match unit {
        Unit::Seconds => 1.0,
        Unit::Minutes => 60.0,
        Unit::Hours => 3_600.0,
        Unit::Days => 86_400.0,
    };
    length.as_secs_f64() / seconds
}

fn to_value(result: Dynamic) -> Result<Value, String> {
    if result.is_unit() {
        return Ok(Value::Missing);
    }
    if let Ok(yes) = result.as_bool() {
        return Ok(Value::YesNo(yes));
    }
    if result.is_int() || result.is_float() {
        let printed = result.to_string();
        let number = printed.parse::<Number>().map_err(|why| format!("the script gives {printed}, {why}"))?;
        return Ok(Value::Number(number));
    }
    match result.into_immutable_string() {
        Ok(text) => Ok(Value::Text(Str::from(text.as_str()))),
        Err(other) => Err(format!("the script gives a {other}, which is neither a text, a number nor yes/no")),
    }
}

fn machine() -> &'static Engine {
    static MACHINE: OnceLock<Engine> = OnceLock::new();
    MACHINE.get_or_init(|| {
        let mut engine = Engine::new_raw();
        ArithmeticPackage::new().register_into_engine(&mut engine);
        LogicPackage::new().register_into_engine(&mut engine);
        BasicMathPackage::new().register_into_engine(&mut engine);
        MoreStringPackage::new().register_into_engine(&mut engine);
        BasicArrayPackage::new().register_into_engine(&mut engine);
        limit(&mut engine);
        teach_division(&mut engine);
        teach_missing(&mut engine);
        teach_text(&mut engine);
        engine
    })
}

fn limit(engine: &mut Engine) {
    engine
        .set_optimization_level(OptimizationLevel::None)
        .set_strict_variables(true)
        .set_allow_looping(false)
        .set_allow_anonymous_fn(false)
        .set_allow_shadowing(false)
        // Without this, division and comparison with a missing value could not be taught below.
        .set_fast_operators(false)
        .set_max_operations(MAX_OPERATIONS)
        .set_max_call_levels(MAX_CALLS)
        .set_max_expr_depths(MAX_DEPTH, MAX_CALLS)
        .set_max_variables(64)
        .set_max_functions(0)
        .set_max_string_size(MAX_TEXT)
        .set_max_array_size(MAX_ARRAY)
        .set_max_map_size(MAX_MAP)
        .set_max_strings_interned(0);
    for word in ["eval", "fn", "print", "debug", "Fn", "call", "curry", "import", "export", "**"] {
        engine.disable_symbol(word);
    }
}

fn failure<T>(reason: impl Into<String>) -> Outcome<T> {
    Err(Box::new(EvalAltResult::ErrorRuntime(Dynamic::from(reason.into()), Position::NONE)))
}

/// `/` never cuts: whether a field happens to be a whole number must not change what a script means.
fn teach_division(engine: &mut Engine) {
    fn divide(a: f64, b: f64) -> Outcome<f64> {
        if b == 0.0 { failure("division by zero") } else { Ok(a / b) }
    }
    fn remainder(a: f64, b: f64) -> Outcome<f64> {
        if b == 0.0 { failure("division by zero") } else { Ok(a % b) }
    }
    engine.register_fn("/", |a: INT, b: INT| divide(a as f64, b as f64));
    engine.register_fn("/", |a: INT, b: f64| divide(a as f64, b));
    engine.register_fn("/", |a: f64, b: INT| divide(a, b as f64));
    engine.register_fn("/", divide);
    engine.register_fn("%", |a: INT, b: f64| remainder(a as f64, b));
    engine.register_fn("%", |a: f64, b: INT| remainder(a, b as f64));
    engine.register_fn("%", remainder);
    for name in ["floor", "ceiling", "round"] {
        engine.register_fn(name, |whole: INT| whole);
    }
    engine.register_fn("to_float", |number: f64| number);
    engine.register_fn("to_int", |whole: INT| whole);
}

/// A missing value satisfies no comparison, negative ones included (M13): looking at one ends the run.
fn teach_missing(engine: &mut Engine) {
    fn missing<T>() -> Outcome<T> {
        failure("a value is missing")
    }
    macro_rules! with {
        ($($ty:ty),*) => {
            for sign in ["==", "!=", "<", "<=", ">", ">=", "+"] {
                engine.register_fn(sign, |_: (), _: ()| missing::<bool>());
                $(
                    engine.register_fn(sign, |_: (), _: $ty| missing::<bool>());
                    engine.register_fn(sign, |_: $ty, _: ()| missing::<bool>());
                )*
            }
            $(
                engine.register_fn("present", |_: $ty| true);
                engine.register_fn("missing", |_: $ty| false);
                engine.register_fn("otherwise", |value: $ty, _: Dynamic| value);
            )*
        };
    }
    with!(INT, f64, bool, ImmutableString, char, rhai::Array);
    engine.register_fn("present", |_: ()| false);
    engine.register_fn("missing", |_: ()| true);
    engine.register_fn("otherwise", |_: (), other: Dynamic| other);
}

/// What Rhai would change in place, a script gets as a new text.
fn teach_text(engine: &mut Engine) {
    engine.register_fn("trim", |text: ImmutableString| ImmutableString::from(text.trim()));
    engine.register_fn("fold", |written: ImmutableString| ImmutableString::from(text::fold(&written).as_ref()));
    engine.register_fn("replace", |text: ImmutableString, from: ImmutableString, to: ImmutableString| {
        // Bounded before it is built: a short text can ask for megabytes.
        let hits = if from.is_empty() { text.len() + 1 } else { text.matches(from.as_str()).count() };
        if text.len() + hits * to.len() > MAX_TEXT + hits * from.len() {
            return failure(format!("the script makes a text over {MAX_TEXT} bytes"));
        }
        Ok(ImmutableString::from(text.replace(from.as_str(), &to)))
    });
    engine.register_fn("to_string", |text: ImmutableString| text);
    engine.register_fn("to_string", |yes: bool| ImmutableString::from(if yes { "yes" } else { "no" }));
    engine.register_fn("to_string", |whole: INT| ImmutableString::from(whole.to_string()));
    engine.register_fn("to_string", |number: f64| {
        let mut printed = String::new();
        // `{}` of an f64 is the shortest text that reads back: the same everywhere, and 12 rather than 12.0.
        write!(printed, "{number}").map_or_else(|_| ImmutableString::new(), |()| ImmutableString::from(printed))
    });
}
