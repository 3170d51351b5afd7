use jiff::SignedDuration;
use proptest::prelude::*;

use super::{MAX_TEXT, Script};
use crate::ir::expr::{Access, Root};
use crate::value::Value;
use crate::vocabulary::{FieldNo, Scale, Type, Unit};

const FIELDS: [(&str, Type); 9] = [
    ("score", Type::Score(Scale::Nps)),
    ("comment", Type::Text),
    ("wait", Type::Duration(Unit::Minutes)),
    ("amount", Type::Number),
    ("loyal", Type::YesNo),
    ("customer", Type::Text),
    ("customer.segment", Type::Text),
    ("case", Type::Text),
    ("day", Type::Date),
];

fn scope(name: &str) -> Option<Access> {
    let place = FIELDS.iter().position(|(known, _)| *known == name)?;
    let (name, ty) = FIELDS[place].clone();
    Some(Access { root: Root::Signal(FieldNo(place as u16)), facts: vec![], ty, personal: false, name: name.into() })
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn number(text: &str) -> Value {
    Value::Number(text.parse().unwrap())
}

fn value_of(name: &str) -> Value {
    match name {
        "score" => number("4"),
        "comment" => text("Nobody helped me, and the QUEUE was long"),
        "wait" => Value::Duration(SignedDuration::from_secs(750)),
        "amount" => number("129.30"),
        "loyal" => Value::YesNo(true),
        "customer" => Value::Id("C1".into()),
        "customer.segment" => text("gold"),
        "case" => Value::Missing,
        "day" => Value::Date(jiff::civil::date(2026, 3, 27)),
        other => panic!("no value for {other}"),
    }
}

fn run(source: &str) -> Result<Value, String> {
    let script = Script::compile(source, &scope).map_err(|problem| format!("at load: {}", problem.message))?;
    let values: Vec<Value> = script.reads.iter().map(|(name, _)| value_of(name)).collect();
    script.run(&values)
}

fn problem(source: &str) -> (String, String, Option<String>) {
    let problem = Script::compile(source, &scope).expect_err(source);
    (problem.message, source[problem.start..problem.end].to_owned(), problem.help)
}

#[test]
fn a_script_sees_the_typed_fields_it_names() {
    for (source, expected) in [
        ("comment.len() > 30", Value::YesNo(true)),
        ("score * 2 + 1", number("9")),
        ("wait", number("12.5")),
        ("wait > 12 && wait < 13", Value::YesNo(true)),
        ("amount + 0.7", number("130")),
        ("loyal && customer.segment == \"gold\" && customer == \"C1\"", Value::YesNo(true)),
        ("customer.segment.to_upper()", text("GOLD")),
        ("comment.fold().contains(\"queue\")", Value::YesNo(true)),
        ("comment.contains(\"queue\")", Value::YesNo(false)),
        ("customer.segment in [\"gold\", \"silver\"]", Value::YesNo(true)),
        ("let long = comment.len() > 10; if long { \"long\" } else { \"short\" }", text("long")),
        ("switch score { 4 => \"four\", _ => \"other\" }", text("four")),
        ("day > \"2026-03-01\"", Value::YesNo(true)),
        ("\"wait \" + wait + \", score \" + score", text("wait 12.5, score 4")),
        ("\" a b \".trim().replace(\" \", \"-\")", text("a-b")),
        ("max(score, 7) - min(2.5, wait)", number("4.5")),
        ("\"the word comment.len() in a text\"", text("the word comment.len() in a text")),
        ("comment.split(\" \").len()", number("8")),
        ("comment.starts_with(\"Nobody\") || missing(case)", Value::YesNo(true)),
        ("(wait / 5).round().to_int()", number("3")),
    ] {
        assert_eq!(run(source), Ok(expected), "{source}");
    }
}

#[test]
fn division_never_cuts_and_never_divides_by_zero() {
    assert_eq!(run("7 / 2"), Ok(number("3.5")));
    assert_eq!(run("score / 8"), Ok(number("0.5")));
    for source in ["1 / 0", "1.0 / 0", "wait / 0.0", "1 % 0", "wait % 0"] {
        assert!(run(source).is_err(), "{source}");
    }
}

#[test]
fn a_missing_value_satisfies_no_comparison() {
    for source in [
        "case == \"x\"",
        "case != \"x\"",
        "\"x\" != case",
        "!(case < 5)",
        "5 >= case",
        "case == case",
        "case in [\"a\"]",
        "case.len() > 1",
        "case || true",
        "if case { true } else { true }",
        "\"x\" + case",
    ] {
        assert!(run(source).is_err(), "{source} gave {:?}", run(source));
    }
    assert_eq!(run("missing(case) && !case.present() && present(score)"), Ok(Value::YesNo(true)));
    assert_eq!(run("case.otherwise(\"none\") == \"none\""), Ok(Value::YesNo(true)));
    assert_eq!(run("comment.otherwise(\"\").len() > 3"), Ok(Value::YesNo(true)));
    assert_eq!(run("case"), Ok(Value::Missing));
}

#[test]
fn reads_are_the_fields_named_each_once_and_the_longest_path_wins() {
    let script =
        Script::compile("customer.segment == \"gold\" && score > 1 && customer != \"score\" && score < 9", &scope);
    let reads = script.unwrap().reads;
    let names: Vec<&str> = reads.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["customer.segment", "score", "customer"]);
}

#[test]
fn unknown_names_and_functions_are_errors_at_load() {
    let known = |message: &str, place: &str, help: Option<&str>| {
        (message.to_owned(), place.to_owned(), help.map(str::to_owned))
    };
    assert_eq!(problem("scor > 3"), known("unknown name `scor`", "scor", None));
    assert_eq!(problem("score > 3 && store.nam == 1"), known("unknown name `store.nam`", "store.nam", None));
    assert_eq!(problem("comment.len > 3"), known("unknown name `len`", "len", Some("write `.len()`")));
    assert_eq!(
        problem("comment.lenn() > 3"),
        known("scripts have no function `lenn`", "lenn", Some("did you mean `len`?"))
    );
    assert_eq!(Script::compile("x.y > 1", &scope).unwrap_err().unknown.as_deref(), Some("x.y"));
    assert_eq!(problem("let score = 1; score").0, "`score` is a field already");
    assert_eq!(
        problem("score = 3"),
        known("a script cannot change a value", "=", Some("compare with `==`, or name a new value: `let x = …;`"))
    );
    assert_eq!(problem("score > 3 and loyal").2.as_deref(), Some("write `&&`"));
    assert_eq!(problem("comment == 'x'").2.as_deref(), Some("write \"…\""));
    // The place is right behind a path that is longer or shorter than the machine's own name for it.
    assert_eq!(problem("customer.segment == \"gold\" && ) ").1, ")");
}

#[test]
fn nothing_can_loop_define_assign_or_reach_outside() {
    for source in [
        "while true {}",
        "loop { }",
        "for x in [1] { }",
        "do { } while true",
        "fn f() { f() } f()",
        "let f = |x| x; f(1)",
        "[1].map(|x| x)",
        "Fn(\"len\")",
        "eval(\"1\")",
        "print(1)",
        "debug(1)",
        "sleep(1)",
        "exit(1)",
        "timestamp()",
        "import \"x\" as y;",
        "#{a: 1}",
        "let m = [1]; m[0] = 2; m",
        "let m = [1]; m.push(2); m",
        "let x = 1; x += 1; x",
        "let x = 1; x = 2; x",
        "try { 1 } catch { 2 }",
        "throw 1",
        "this.score",
        "global::x",
        "1 ** 2",
        "parse_json(\"{}\")",
        "score.tag",
        "let _v0 = 1; _v0",
        "`${score}`",
        "rand()",
    ] {
        assert!(Script::compile(source, &scope).is_err(), "{source}");
    }
}

#[test]
fn every_limit_holds() {
    let fails = |source: &str| run(source).expect_err(source);
    // A text doubled twelve times would be 4 MB.
    let doubling: String = (0..20).map(|n| format!("let a{} = a{n} + a{n}; ", n + 1)).collect();
    assert!(fails(&format!("let a0 = \"0123456789\"; {doubling} a20.len()")).contains("4096 bytes"));
    assert!(
        fails("let a = comment + comment; a.replace(\"e\", a + a + a + a).replace(\"e\", a + a)")
            .contains("4096 bytes")
    );
    let long_list = format!("[{}].len()", vec!["1"; 300].join(","));
    assert!(fails(&long_list).len() < 200);
    assert!(problem(&"x".repeat(MAX_TEXT + 1)).0.contains("longer than 4096 bytes"));
    assert!(problem(&format!("{}1{}", "(".repeat(17), ")".repeat(17))).0.contains("nest deeper than 16"));
    assert!(Script::compile(&vec!["!"; 2_000].join(""), &scope).is_err());
    assert!(Script::compile(&format!("{}true", "!".repeat(2_000)), &scope).is_err());
    assert!(Script::compile(&format!("{}1", "-".repeat(2_000)), &scope).is_err());
    assert!(Script::compile(&format!("1{}", " + 1".repeat(900)), &scope).is_err());
    assert!(fails("9223372036854775807 + 1").contains("overflow"));
    assert!(fails("1000000.0 * 10000000.0").contains("too large"));
    let script = Script::compile("comment.len()", &scope).unwrap();
    assert_eq!(script.run(&[text(&"x".repeat(5_000))]), Err("`comment` is longer than 4096 bytes".into()));
}

#[test]
fn twenty_conditions_in_a_row_are_not_too_deep() {
    let source = vec!["score > 1"; 20].join(" && ");
    assert_eq!(run(&source), Ok(Value::YesNo(true)));
    assert_eq!(run(&vec!["1"; 20].join(" + ")), Ok(number("20")));
}

#[test]
fn a_reason_speaks_of_the_authors_names() {
    let reason = run("case.len() > 3").unwrap_err();
    assert!(!reason.contains("_v") && !reason.contains('\n'), "{reason}");
    assert_eq!(run("case == 1").unwrap_err(), "a value is missing");
    assert_eq!(run("comment - 1").unwrap_err(), "nothing is known of `- (text, whole number)`");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 512 } else { 4_096 }))]

    #[test]
    fn no_text_makes_it_panic_and_running_twice_gives_the_same(
        source in prop_oneof![
            "\\PC{0,60}",
            "[ -~\\n]{0,80}",
            proptest::collection::vec(
                prop::sample::select(vec![
                    "score", "comment", "customer.segment", "case", "wait", ".len()", "(", ")", "[", "]", "{", "}", "+", "-",
                    "*", "/", "%", "==", "!=", "<", ">", "&&", "||", "!", "if ", " else ", "let x = ", ";", "x", "1", "2.5",
                    "\"a\"", ",", "..", "..=", " in ", "switch ", "=>", "_", ".split(\"\")", ".sub_string(", "max(", ".otherwise(",
                    "??", "?.", "return ", "true", "[0]", ".index_of(", ".replace(\"\", comment)", "true", "9223372036854775807",
                ]),
                0..24,
            ).prop_map(|words| words.concat()),
        ],
    ) {
        let first = run(&source);
        prop_assert_eq!(first, run(&source));
    }
}
