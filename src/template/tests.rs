use super::*;
use crate::lang::diagnostic::Severity;

const GOOD: [(&str, &str); 6] = [
    ("emails/thanks/template.yaml", "class: survey\nfallback: en\ndefaults: {voucher: NONE}\n"),
    ("emails/thanks/en/subject.txt", "Thank you, {{ customer.name }}\n"),
    ("emails/thanks/en/body.txt", "Code {{ voucher }} at {{ store.name }} ({{ store }}).\n"),
    ("emails/thanks/en/body.html", "<p>{{ voucher }} {{ store.name | default(\"our store\") }}</p>"),
    ("emails/thanks/pl/subject.txt", "Dziękujemy"),
    ("emails/thanks/pl/body.txt", "{% if voucher is defined %}Kod {{ voucher }}{% endif %}"),
];

fn build(files: &[(&str, &str)]) -> (Templates, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let files: Vec<(String, FileNo)> =
        files.iter().map(|(path, text)| ((*path).to_owned(), sources.add(*path, text.as_bytes()))).collect();
    Templates::build(&sources, &files)
}

fn with(path: &str, text: &str) -> Vec<(&'static str, String)> {
    GOOD.iter().map(|(known, old)| (*known, if *known == path { text.to_owned() } else { (*old).to_owned() })).collect()
}

fn build_with(path: &str, text: &str) -> (Templates, Vec<Diagnostic>) {
    let files = with(path, text);
    build(&files.iter().map(|(path, text)| (*path, text.as_str())).collect::<Vec<_>>())
}

fn codes_of(diagnostics: &[Diagnostic]) -> Vec<&'static str> {
    diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

fn values(pairs: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<String> {
    |path| pairs.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned())
}

#[test]
fn a_template_knows_its_class_languages_and_values() {
    let (templates, diagnostics) = build(&GOOD);
    assert_eq!(diagnostics, []);
    assert_eq!(templates.names().collect::<Vec<_>>(), ["thanks"]);
    let template = templates.get("thanks").unwrap();
    assert_eq!((template.class, &*template.fallback), (Class::Survey, "en"));
    assert_eq!(template.languages.iter().map(|l| &**l).collect::<Vec<_>>(), ["en", "pl"]);
    let variables: Vec<&str> = template.variables.keys().map(|name| &**name).collect();
    assert_eq!(variables, ["customer.name", "store", "store.name", "voucher"]);
    for (wanted, got) in [("pl", "pl"), ("PL-pl", "pl"), ("en_GB", "en"), ("ru", "en"), ("", "en")] {
        assert_eq!(&**template.language(wanted), got, "{wanted}");
    }
}

#[test]
fn a_mail_is_rendered_in_its_language_with_paths_defaults_and_escaped_html() {
    let (templates, _) = build(&GOOD);
    let mail = templates
        .render("thanks", "en-GB", &values(&[("customer.name", "Ana"), ("store.name", "A<b>&\"c"), ("store", "S7")]))
        .unwrap();
    assert_eq!(mail.subject, "Thank you, Ana");
    assert_eq!(mail.text, "Code NONE at A<b>&\"c (S7).");
    assert_eq!(mail.html.as_deref(), Some("<p>NONE A&lt;b&gt;&amp;&quot;c</p>"));
    let mail = templates.render("thanks", "pl", &values(&[("voucher", "KIND10")])).unwrap();
    assert_eq!((mail.text.as_str(), mail.html, &*mail.language), ("Kod KIND10", None, "pl"));
}

#[test]
fn a_missing_value_without_a_default_fails_the_mail_and_says_which() {
    let (templates, _) = build(&GOOD);
    let error = templates.render("thanks", "en", &values(&[("store.name", "Atocha")])).unwrap_err();
    assert!(error.contains("subject.txt: a value is missing and has no default: `customer.name`"), "{error}");
    let error = templates.render("thanks", "en", &values(&[("customer.name", "Ana"), ("store", "S7")])).unwrap_err();
    assert!(error.contains("`store.name`"), "{error}");
    let error =
        templates.render("thanks", "en", &values(&[("customer.name", "Ana"), ("store.name", "Atocha")])).unwrap_err();
    assert!(error.contains("`store`"), "{error}");
    assert!(templates.render("nothing", "en", &values(&[])).unwrap_err().contains("no template `nothing`"));
}

#[test]
fn no_value_can_break_the_subject_line() {
    let (templates, _) = build(&GOOD);
    for name in ["a\nBcc: x@example.test", "a\rb", "a\0b", "a\u{85}b"] {
        let given = |path: &str| (path == "customer.name").then(|| name.to_owned());
        assert!(templates.render("thanks", "en", &given).unwrap_err().contains("subject"), "{name:?}");
    }
}

#[test]
fn work_and_output_are_bounded_and_templates_reach_nothing() {
    let body = "emails/thanks/pl/body.txt";
    let long =
        "{% for a in voucher %}{% for b in voucher %}{% for c in voucher %}x{% endfor %}{% endfor %}{% endfor %}";
    let (templates, _) = build_with(body, long);
    let given = |path: &str| (path == "voucher").then(|| "x".repeat(1_000));
    assert!(templates.render("thanks", "pl", &given).unwrap_err().contains("too long"));
    let (templates, _) = build_with(body, &format!("{{% for a in voucher %}}{}{{% endfor %}}", "x".repeat(1_000)));
    assert!(templates.render("thanks", "pl", &given).unwrap_err().contains("longer than"));
    for text in
        ["{% include \"x\" %}", "{% extends \"x\" %}", "{% import \"x\" as y %}", "{{ voucher | safe }}", "{{ now() }}"]
    {
        let (templates, diagnostics) = build_with(body, text);
        let rendered = templates.render("thanks", "pl", &given);
        assert!(!diagnostics.is_empty() || rendered.is_err(), "{text}: {rendered:?}");
    }
}

#[test]
fn every_mistake_is_reported_with_its_code() {
    let yaml = "emails/thanks/template.yaml";
    for (path, text, expected) in [
        (yaml, "fallback: en\ndefaults: {voucher: x}\n", vec!["Y022"]),
        (yaml, "class: marketting\nfallback: en\n", vec!["E002"]),
        (yaml, "class: survey\nfallback: ru\n", vec!["E003"]),
        (yaml, "class: survey\nfallback: en\nclas: survey\n", vec!["Y020"]),
        (
            yaml,
            "class: survey\nfallback: en\nvariables: [voucer, customer.name, store, store.name]\n",
            vec!["E010", "E009"],
        ),
        (yaml, "class: survey\nfallback: en\ndefaults: {nobody: x}\n", vec!["E010"]),
        (yaml, "class: [\n", vec!["Y013"]),
        ("emails/thanks/en/subject.txt", "one\ntwo\n", vec!["E008"]),
        ("emails/thanks/en/body.txt", "{{ voucher", vec!["E005"]),
        ("emails/thanks/en/body.txt", "{% if x %}", vec!["E005"]),
    ] {
        let (templates, diagnostics) = build_with(path, text);
        assert_eq!(codes_of(&diagnostics), expected, "{text}: {diagnostics:#?}");
        assert!(diagnostics.iter().all(|diagnostic| diagnostic.help.is_some()));
        let broken = diagnostics.iter().any(Diagnostic::is_error);
        assert_eq!(templates.get("thanks").is_none(), broken, "{text}");
    }
    let (_, diagnostics) = build(&GOOD[1..]);
    assert_eq!(codes_of(&diagnostics), ["E001"]);
    let (_, diagnostics) = build(&[GOOD[0], GOOD[1], ("emails/thanks/en/readme.md", "")]);
    assert_eq!(codes_of(&diagnostics), ["E010", "E004", "E006"]);
    assert_eq!(diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count(), 1);
}

#[test]
fn a_syntax_error_points_at_its_line() {
    let text = "first line\nsecond {{ voucher line\nthird";
    let (_, diagnostics) = build_with("emails/thanks/en/body.txt", text);
    let span = diagnostics[0].span;
    let line = text[..span.start as usize].matches('\n').count() + 1;
    assert_eq!(line, 2, "{diagnostics:?}");
}

#[test]
fn the_fingerprint_is_of_every_text() {
    let (one, _) = build(&GOOD);
    let (same, _) = build(&GOOD.iter().rev().copied().collect::<Vec<_>>());
    let (other, _) = build_with("emails/thanks/pl/subject.txt", "Dziekujemy");
    assert_eq!(one.fingerprint(), same.fingerprint());
    assert_ne!(one.fingerprint(), other.fingerprint());
}
