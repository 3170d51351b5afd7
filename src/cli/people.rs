//! What a person does from the command line: each verb is one request to the running daemon.

use std::io::Write;

use clap::Args;
use serde_json::{Map, Value as Json, json};

use super::ExitCode;
use super::client::{Server, coded};
use super::screen::Screen;

/// Says that somebody has taken notice: stops the ladder of a case, or of a rule and key
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline acknowledge c-17 --by ana@example.test
  touchline acknowledge --rule retail_care/repeat_complaint --key customer=C1 --key topic=delivery
  touchline acknowledge --alert 0f3a…

Exit codes: 0 done, 2 could not run or refused.")]
pub struct Acknowledge {
    /// The case
    #[arg(value_name = "CASE", required_unless_present_any = ["rule", "alert"], conflicts_with_all = ["rule", "alert"])]
    case: Option<String>,
    /// The rule, as playbook/rule
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    /// A part of the rule's key, as name=value
    #[arg(long, value_name = "NAME=VALUE", requires = "rule")]
    key: Vec<String>,
    /// An alert that was sent, by its id
    #[arg(long, value_name = "ID", conflicts_with = "rule")]
    alert: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// Closes a case with an outcome
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline close c-17 --outcome refunded --by ana@example.test

Exit codes: 0 done, 2 could not run or refused.")]
pub struct Close {
    /// The case
    case: String,
    /// With what outcome
    #[arg(long, value_name = "TEXT")]
    outcome: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// Opens a closed case again
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline reopen c-17

Exit codes: 0 done, 2 could not run or refused.")]
pub struct Reopen {
    /// The case
    case: String,
    #[command(flatten)]
    common: Common,
}

/// Gives a case to somebody
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline assign c-17 --to ana@example.test

Exit codes: 0 done, 2 could not run or refused.")]
pub struct Assign {
    /// The case
    case: String,
    /// To whom
    #[arg(long, value_name = "ADDRESS")]
    to: String,
    #[command(flatten)]
    common: Common,
}

/// Says something about a case
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline comment c-17 'called twice, nobody answered'

Exit codes: 0 done, 2 could not run or refused.")]
pub struct Comment {
    /// The case
    case: String,
    /// What
    text: String,
    #[command(flatten)]
    common: Common,
}

/// Records that somebody has spoken or written to a customer
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline contact --customer C1 --by ana@example.test
  touchline contact --case c-17

Exit codes: 0 done, 2 could not run or refused.")]
pub struct Contact {
    /// The customer
    #[arg(long, value_name = "ID", required_unless_present = "case")]
    customer: Option<String>,
    /// The case it was about
    #[arg(long, value_name = "ID")]
    case: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// Switches a webhook endpoint on again that said that it is gone
///
/// An endpoint that answers 410 is posted to no more, across restarts, until its address changes in touchline.yaml or a
/// person switches it on. `touchline status` names those that are off; what was meant for them is among the dead letters.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  touchline enable crm
  touchline enable crm && touchline dead send --all

Exit codes: 0 done, 2 could not run or refused.")]
pub struct Enable {
    /// The endpoint, by its name in touchline.yaml
    endpoint: String,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Args)]
struct Common {
    /// Who: an address or a name
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    #[command(flatten)]
    server: Server,
}

impl Common {
    fn post(&self, path: &str, fields: &[(&str, Option<&str>)], screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let all = fields.iter().copied().chain([("by", self.by.as_deref())]);
        let said = all.filter_map(|(name, value)| Some((name.to_owned(), Json::from(value?))));
        self.post_json(path, said.collect(), screen)
    }

    fn post_json(&self, path: &str, body: Map<String, Json>, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let answer = self.server.ask("POST", path, Some(&Json::Object(body)))?.good()?;
        writeln!(screen.out, "done, at position {} of the journal", answer["position"])?;
        Ok(ExitCode::Clean)
    }
}

fn case_path(case: &str, action: &str) -> String {
    format!("/v1/cases/{}/{action}", coded(case))
}

impl Acknowledge {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        if let Some(case) = &self.case {
            return self.common.post(&case_path(case, "acknowledge"), &[], screen);
        }
        if let Some(alert) = &self.alert {
            return self.common.post(&format!("/v1/alerts/{}/acknowledge", coded(alert)), &[], screen);
        }
        let mut key = Map::new();
        for part in &self.key {
            let (name, value) = part
                .split_once('=')
                .ok_or_else(|| anyhow::anyhow!("`{part}` is not name=value, such as customer=C1"))?;
            key.insert(name.to_owned(), value.into());
        }
        let mut body = Map::new();
        body.insert("action".into(), "acknowledge".into());
        body.insert("rule".into(), json!(self.rule));
        if !key.is_empty() {
            body.insert("key".into(), Json::Object(key));
        }
        if let Some(by) = &self.common.by {
            body.insert("by".into(), by.as_str().into());
        }
        self.common.post_json("/v1/actions", body, screen)
    }
}

impl Close {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        self.common.post(&case_path(&self.case, "close"), &[("outcome", self.outcome.as_deref())], screen)
    }
}

impl Reopen {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        self.common.post(&case_path(&self.case, "reopen"), &[], screen)
    }
}

impl Assign {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        self.common.post(&case_path(&self.case, "assign"), &[("to", Some(&self.to))], screen)
    }
}

impl Comment {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        self.common.post(&case_path(&self.case, "comment"), &[("text", Some(&self.text))], screen)
    }
}

impl Enable {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let path = format!("/v1/endpoints/{}/enable", coded(&self.endpoint));
        self.server.ask("POST", &path, Some(&json!({})))?.good()?;
        writeln!(screen.out, "the endpoint {} is on", self.endpoint)?;
        Ok(ExitCode::Clean)
    }
}

impl Contact {
    pub(super) fn run(self, screen: &mut Screen) -> anyhow::Result<ExitCode> {
        let fields = [("customer", self.customer.as_deref()), ("case", self.case.as_deref())];
        self.common.post("/v1/contacts", &fields, screen)
    }
}
