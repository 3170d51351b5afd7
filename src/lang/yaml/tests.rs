//! The reader of YAML, tested on text: places, problems, what is refused, and hostile input.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use crate::lang::diagnostic::Diagnostic;
use crate::lang::source::{FileNo, Sources};
use crate::lang::yaml::node::{Node, NodeKind};
use crate::lang::yaml::parse::{Parsed, parse_all};

fn read(text: &[u8]) -> (Sources, Parsed) {
    let mut sources = Sources::default();
    let file = sources.add("test.yaml", text);
    let parsed = parse_all(&sources, file);
    (sources, parsed)
}

/// Prints a tree: scalars as text, with the text of the file that each word of them points at.
fn show(node: &Node, sources: &Sources) -> String {
    match &node.kind {
        NodeKind::Scalar(scalar) => {
            let slice = scalar.slice(node.span.file);
            let words = scalar.text.split_whitespace().map(|word| {
                let start = word.as_ptr() as usize - scalar.text.as_ptr() as usize;
                let found = sources.slice(slice.span(start, start + word.len()));
                if found == word { String::new() } else { format!("<{word} is {found}>") }
            });
            format!("{:?}{}", scalar.text, words.collect::<String>())
        }
        NodeKind::List(nodes) => format!("[{}]", nodes.iter().map(|n| show(n, sources)).collect::<Vec<_>>().join(", ")),
        NodeKind::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{}: {}", key.text, show(value, sources)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

fn tree(text: &str) -> String {
    let (sources, parsed) = read(text.as_bytes());
    assert_eq!(problems(&sources, &parsed.diagnostics), "", "{text}");
    show(&parsed.root.unwrap(), &sources)
}

fn problems(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let one = |d: &Diagnostic| {
        let (line, column) = sources.line_column(d.span.file, d.span.start);
        format!("{} {line}:{column} {}\n", d.code, d.message)
    };
    diagnostics.iter().map(one).collect()
}

fn errors(text: &str) -> String {
    let (sources, parsed) = read(text.as_bytes());
    problems(&sources, &parsed.diagnostics)
}

#[test]
fn scalars_are_raw_text_and_every_word_is_found_where_it_stands() {
    assert_eq!(tree("a: no\nb: 21:00\nc: 0x1F\nd: ~\ne:\n"), r#"{a: "no", b: "21:00", c: "0x1F", d: "~", e: ""}"#);
    assert_eq!(tree("a: one two\n   three\n\n   four"), r#"{a: "one two three\nfour"}"#);
    assert_eq!(tree("a: 'it''s one\n  two'"), r#"{a: "it's one two"<it's is it''s>}"#);
    assert_eq!(
        tree("a: \"one \\\"two\\\" three\\\n    four\""),
        r#"{a: "one \"two\" threefour"<"two" is \"two\"><threefour is three\
    four>}"#
    );
    assert_eq!(tree("a: |\n  one\n    two\n\n  three\nb: x"), r#"{a: "one\n  two\n\nthree\n", b: "x"}"#);
    assert_eq!(tree("a: >-\n\n  one\n  two\n\n    three\n  four\n"), r#"{a: "\none two\n\n  three\nfour"}"#);
    assert_eq!(tree("a: |2\n    one\n  two\n"), r#"{a: "  one\ntwo\n"}"#);
    assert_eq!(
        tree("a: \"\\u0142\\U0001F600 b\\x41 c\""),
        "{a: \"ł😀 bA c\"<ł😀 is \\u0142\\U0001F600><bA is b\\x41>}"
    );
}

#[test]
fn line_ends_and_byte_order_marks_do_not_matter() {
    let plain = "a: one\n  two\nb: |\n  three\n  four\nc: \"five\n\n  six\"\n";
    let wanted = tree(plain);
    assert_eq!(tree(&plain.replace('\n', "\r\n")), wanted);
    assert_eq!(tree(&format!("\u{feff}{plain}")), wanted);
    assert_eq!(tree(&format!("---\n{plain}...\n")), wanted);
}

#[test]
fn spans_cover_what_a_reader_takes_for_the_node() {
    let (sources, parsed) = read(b"a:\n  b: [1, 2]\n  c:\n  - x: 1\n    y: 'z'\n\n# end\nd: {e: f}\n");
    let root = parsed.root.unwrap();
    let text = |node: &Node| sources.slice(node.span).to_owned();
    let a = root.get("a").unwrap();
    assert_eq!(text(a), "b: [1, 2]\n  c:\n  - x: 1\n    y: 'z'");
    assert_eq!(text(a.get("b").unwrap()), "[1, 2]");
    assert_eq!(text(a.get("c").unwrap()), "- x: 1\n    y: 'z'");
    assert_eq!(text(&a.get("c").unwrap().list().unwrap()[0]), "x: 1\n    y: 'z'");
    assert_eq!(text(root.get("d").unwrap()), "{e: f}");
    assert_eq!(sources.slice(root.map().unwrap()[1].0.span), "d");
}

#[test]
fn comments_are_kept() {
    let (sources, parsed) = read("# one\na: b # two  \n\n  # three\nc: '# none'\n".as_bytes());
    let comments: Vec<_> =
        parsed.comments.iter().map(|c| (c.text.as_str(), sources.slice(c.span), c.own_line)).collect();
    assert_eq!(comments, [(" one", "# one", true), (" two", "# two  ", false), (" three", "# three", true)]);
    let many = "# line\n".repeat(5000) + "a: b";
    assert_eq!(read(many.as_bytes()).1.comments.len(), 5000);
}

#[test]
fn all_refusals_come_out_in_one_run() {
    let text = "a: &x 1\nb: *x\nc: *y\nd: !!str 2\n<<: {z: 1}\n? [k]\n: v\na: 3\n";
    insta::assert_snapshot!(errors(text));
    let (sources, parsed) = read(text.as_bytes());
    assert_eq!(show(&parsed.root.unwrap(), &sources), r#"{a: "1", b: "", c: "", d: "2"}"#);
    insta::assert_snapshot!(errors("a: 1\n---\nb: 2\n"));
    insta::assert_snapshot!(errors("%YAML 1.2\n---\nb: 2\n"));
    insta::assert_snapshot!(errors(""));
    insta::assert_snapshot!(errors("# only this\n"));
}

#[test]
fn one_broken_entry_hides_neither_the_others_nor_their_mistakes() {
    let text = "title: x\nrules:\n- id: one\n\ttitle: tab\n- id: two\n  id: again\n- {id: three, saying: \"open}\n- id: four\n  \
                when: a\n   where: b\n- {id: five}\nlast: &a 1\n";
    insta::assert_snapshot!(errors(text));
    let (sources, parsed) = read(text.as_bytes());
    insta::assert_snapshot!(show(&parsed.root.unwrap(), &sources));
    // Of the fourth only the key with the slip is lost, and that is told.
    assert_eq!(parsed.lost.len(), 2);
    assert!(sources.slice(parsed.lost[1]).starts_with("- {id: three"));
}

#[test]
fn syntax_errors_are_said_in_plain_words() {
    let cases = [
        "a: b: c",
        "a: b\n   c: d",
        "a:\n    b: c\n  d: e",
        "a: \"gold\" is b",
        "a: `x > 1`",
        "a:\n\tb: c",
        "a:\n  - b\n\t- c",
        "a: {b: c\nd: e",
        "a: [b, c}",
        "a: b]\nc: ]",
        "a: 'open\nb: c\n",
        "a: \"\\q\"",
        "a\nb: c",
        "a: {b: x is one of \"p\", \"q\"}",
        "a: {b: \"p\" is q}",
        "a: {saying: Hi {name}}",
        "a:\n- b\n c: d",
    ];
    let all: String = cases.iter().map(|case| format!("{}\n{}\n", case.replace('\t', "→"), errors(case))).collect();
    insta::assert_snapshot!(all);
}

#[test]
fn bytes_that_are_no_text_are_named() {
    let (sources, parsed) = read(b"a: b\nc: \xff\xfe\n");
    insta::assert_snapshot!(problems(&sources, &parsed.diagnostics));
    insta::assert_snapshot!(errors("a: b\nc: \0d\n"));
    insta::assert_snapshot!(errors("a: \u{202e}b\n"));
}

#[test]
fn hostile_input_ends_in_a_message_soon() {
    let bomb = |levels: usize| {
        let mut text = "a0: &a0 [x, x]\n".to_owned();
        for level in 1..levels {
            text += &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 10].join(", "));
        }
        text
    };
    let broken_rules: String =
        "rules:\n".to_owned() + &(0..20_000).map(|i| format!("- {{id: r{i}, when: \"x}}\n")).collect::<String>();
    let cases = [
        ("{a: ".repeat(100_000), "P004"),
        ("[".repeat(100_000), "P004"),
        ("- ".repeat(100_000), "P004"),
        ((0..1200).map(|i| " ".repeat(i) + "a:\n").collect(), "P004"),
        (bomb(1000), "Y005"),
        (format!("a: \"{}\"", "x".repeat(10_000_000)), "P001"),
        ("? ".repeat(100_000), "P004"),
        (format!("a: {}", "\"".repeat(900_000)), "Y014"),
        ("a: b\n".repeat(150_000), "Y010"),
        (broken_rules, "Y013"),
        ("a: '".to_owned() + &"\n".repeat(900_000), "Y013"),
        ("a:\n".to_owned() + &"\t\n".repeat(400_000) + "\tb: c", "Y011"),
        ("a".repeat(900_000) + ": b", "Y015"),
        ("rules:\n".to_owned() + &"- [\n".repeat(200_000), "Y013"),
        ("# c\n".repeat(200_000) + "a: b: c", "Y014"),
        ("&a ".repeat(300_000), "Y015"),
        ("!a ".repeat(300_000), "Y015"),
        ("a: |\n".to_owned() + &" x\n".repeat(300_000) + "\ty", "Y011"),
        ((0..90_000).map(|i| format!("k{i}: v\n")).collect::<String>() + "k: v: w", "Y014"),
        ("{".to_owned() + &"a, ".repeat(300_000), "Y010"),
        ("a: x\n".to_owned() + &"  \\\n".repeat(200_000) + " b: c", "Y012"),
    ];
    for (text, code) in cases {
        let (_, parsed) = read(text.as_bytes());
        let head: String = text.chars().take(40).collect();
        let codes: Vec<_> = parsed.diagnostics.iter().map(|d| d.code).collect();
        assert!(codes.contains(&code), "{head:?} gives {:?}", &codes[..codes.len().min(5)]);
    }
}

/// Text that looks like YAML often enough to reach every corner.
fn yamlish() -> impl Strategy<Value = String> {
    let bits = prop::sample::select(vec![
        "a",
        "b: ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "\t",
        "{",
        "}",
        "[",
        "]",
        ", ",
        ": ",
        "? ",
        "\"",
        "'",
        "\\",
        "\\u0142",
        "\\\n",
        "|\n",
        ">-\n",
        "# c",
        " #",
        "&x ",
        "*x",
        "!t ",
        "<<: ",
        "---\n",
        "...\n",
        "\r\n",
        "\r",
        "ł",
        "😀",
        "\u{feff}",
        "`x`",
        "''",
        "rules:\n",
        "\n- id: r",
        " ",
        "\u{a0}",
        "\u{85}",
        "\u{2028}",
        "%",
        "@",
        "|2\n",
        ">+\n",
    ]);
    prop::collection::vec(bits, 0..60).prop_map(|bits| bits.concat())
}

fn check_places(node: &Node, sources: &Sources, file: FileNo) {
    let text = &sources.file(file).text;
    let inside = |start: usize, end: usize| start <= end && text.get(start..end).is_some();
    assert!(inside(node.span.start as usize, node.span.end as usize), "{:?} in {text:?}", node.span);
    match &node.kind {
        NodeKind::Scalar(scalar) => {
            let slice = scalar.slice(file);
            let mut last = 0;
            for (at, character) in scalar.text.char_indices() {
                let span = slice.span(at, at + character.len_utf8());
                assert!(span.start >= last, "{:?} goes back in {text:?}", scalar.text);
                assert!(inside(span.start as usize, text.len()), "{:?} in {text:?}", scalar.text);
                last = span.start;
            }
            assert!(slice.span(scalar.text.len(), scalar.text.len()).end as usize <= text.len());
        }
        NodeKind::List(nodes) => nodes.iter().for_each(|node| check_places(node, sources, file)),
        NodeKind::Map(entries) => entries.iter().for_each(|(_, node)| check_places(node, sources, file)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn reading_never_panics_and_every_place_is_in_the_file(text in yamlish()) {
        let (sources, parsed) = read(text.as_bytes());
        if let Some(root) = &parsed.root {
            check_places(root, &sources, FileNo(0));
        }
        for diagnostic in &parsed.diagnostics {
            prop_assert!(text.get(diagnostic.span.start as usize..diagnostic.span.end as usize).is_some(), "{diagnostic:?}");
        }
        prop_assert!(parsed.root.is_some() || !parsed.diagnostics.is_empty());
    }
}
