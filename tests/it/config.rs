//! `touchline.yaml`: what it may say, what it says by itself, and what every mistake is answered with.

use std::path::Path;

use touchline::daemon::config::{Clock, Config, SecretFrom, Tls, print, read};
use touchline::lang::diagnostic::Diagnostic;
use touchline::lang::render::{Look, human};
use touchline::lang::source::Sources;

/// The environment and the disk of these tests.
fn lookup(from: &SecretFrom) -> Result<String, String> {
    match from {
        SecretFrom::Environment(name) if name == "SHORT" => Ok("abc".into()),
        SecretFrom::Environment(name) if name.starts_with("NO_") => Err(format!("the variable `{name}` is not set")),
        SecretFrom::Environment(name) => Ok(format!("the-secret-of-{name}")),
        SecretFrom::File(path) if path.to_string_lossy().contains("no/such") => {
            Err(format!("{} cannot be read: entity not found", path.display()))
        }
        SecretFrom::File(_) => Ok("the-secret-of-a-file".into()),
    }
}

fn load(text: &[u8]) -> (Config, Sources, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let file = sources.add("touchline.yaml", text);
    let (config, problems) = read(&sources, file, Path::new("etc"), &lookup);
    (config, sources, problems)
}

/// Each case is a file; its messages are its snapshot.
#[test]
fn every_mistake_in_a_configuration_is_answered_with_its_place_and_what_to_type() {
    insta::glob!("../lang/err_config", "*.yaml", |path| {
        let (_, sources, problems) = load(&std::fs::read(path).unwrap());
        assert!(problems.iter().any(Diagnostic::is_error), "{} has no mistake", path.display());
        assert!(problems.iter().all(|problem| problem.help.is_some()), "a message without help");
        insta::assert_snapshot!(human(&sources, &problems, Look::PLAIN));
    });
}

const WHOLE: &str = r#"
playbooks: books
data: /var/lib/touchline
listen: 0.0.0.0:8080
feeds: [tills.jsonl, "-"]
clock: feed
shadow: yes
token: {environment: TOUCHLINE_TOKEN}
mail:
  from: care@example.test
  name: Customer care
  reply_to: answers@example.test
  server: {host: smtp.example.test, port: 587, tls: required, user: care, password: {file: smtp.secret}}
webhooks:
  allow: [10.1.0.0/16]
  endpoints:
    crm: {url: "https://crm.example.test/hook", secrets: [{environment: CRM_NEW}, {environment: CRM_OLD}]}
limits: {body: 512 kB, depth: 32, queue: 100, connections: 10, header_timeout: 5 seconds, body_timeout: 1 minute, refused: 50}
log: {format: json, level: warn}
watch: {mode: poll, every: 5 seconds}
keep: {history: 90 days}
"#;

#[test]
fn everything_that_can_be_said_is_taken_and_printed_without_secrets() {
    let (config, sources, problems) = load(WHOLE.as_bytes());
    assert_eq!(human(&sources, &problems, Look::PLAIN), "");
    assert_eq!(config.playbooks, Path::new("etc/books"), "paths are meant from the file's own folder");
    assert_eq!(config.data, Path::new("/var/lib/touchline"));
    assert_eq!(config.feeds, [Path::new("etc/tills.jsonl"), Path::new("-")]);
    assert_eq!((config.clock, config.shadow, config.limits.depth), (Clock::Feed, true, 32));
    assert_eq!(config.token.as_ref().unwrap().reveal(), "the-secret-of-TOUCHLINE_TOKEN");
    let server = config.mail.server.as_ref().unwrap();
    assert_eq!((server.tls, server.login.as_ref().unwrap().1.reveal()), (Tls::Required, "the-secret-of-a-file"));
    let printed = print(&config);
    assert!(!printed.contains("the-secret"), "{printed}");
    assert!(!format!("{config:?}").contains("the-secret"), "debugging shows a secret");
    insta::assert_snapshot!(printed);
    let mut sources = Sources::default();
    let file = sources.add("touchline.yaml", printed.as_bytes());
    let (again, problems) = read(&sources, file, Path::new(""), &lookup);
    assert_eq!(human(&sources, &problems, Look::PLAIN), "", "what is printed reads back");
    assert_eq!(again, config);
}

#[test]
fn an_empty_file_is_the_default_and_the_default_prints_whole() {
    let (config, _, problems) = load(b"# nothing\n");
    assert!(problems.is_empty(), "{problems:?}");
    let default = Config { playbooks: "etc/playbooks".into(), data: "etc/data".into(), ..Config::default() };
    assert_eq!(config, default);
    insta::assert_snapshot!(print(&Config::default()));
}

#[test]
fn without_a_token_only_this_machine_may_be_answered() {
    let open = |listen: &str| load(format!("listen: \"{listen}\"\n").as_bytes()).2.len();
    assert_eq!(["127.0.0.1:1", "[::1]:1", "7077", "localhost:9", "127.9.9.9"].map(open), [0; 5]);
    assert_eq!(["0.0.0.0:1", "[::]:1", "192.0.2.7:80"].map(open), [1; 3]);
    let (with_token, _, problems) = load(b"listen: 0.0.0.0:80\ntoken: {environment: TOUCHLINE_TOKEN}\n");
    assert!(problems.is_empty() && with_token.open_to_all().is_none());
}

/// The example of the manual is read, and it is all there is.
#[test]
fn the_configuration_in_the_manual_holds_every_key() {
    let chapter = include_str!("../../src/daemon/README.md");
    let example = chapter.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let (config, sources, problems) = load(example.as_bytes());
    assert_eq!(human(&sources, &problems, Look::PLAIN), "");
    assert!(config.token.is_some() && config.mail.server.is_some() && config.webhooks.endpoints.contains_key("crm"));
    let printed = print(&config);
    let keys = printed.lines().filter_map(|line| line.split_once(':')).map(|(key, _)| key.trim());
    let missing: Vec<&str> = keys.filter(|key| !example.contains(&format!("{key}:"))).collect();
    assert!(missing.is_empty(), "the manual does not say {missing:?}");
}
