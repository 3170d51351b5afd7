//! `L003` says in which share of the week a step of a ladder overtakes the one above. The shares are counted by hand here,
//! over a calendar of 45 hours a week (Monday to Friday 09:00 to 18:00), so that 123 hours of 168 are closed.

use std::path::Path;

use touchline::compile::{Options, project};
use touchline::lang::codes;
use touchline::lang::source::Sources;

use crate::compile::add_folder;

/// Two steps, and the share of the week in which the second is due first; `None` for never.
const SHARES: &[(&str, &str, Option<&str>)] = &[
    // Begun on Friday after 14:00 until Sunday 13:00: 47 hours, 27.98 percent.
    ("after 4 business hours", "after 24 hours", Some("27")),
    // Every other start, 121 hours: 72.02 percent.
    ("after 24 hours", "after 4 business hours", Some("72")),
    // While closed, and in the last four open hours of five days: 143 hours, 85.12 percent.
    ("after 4 business hours", "after 4 hours", Some("85")),
    // While closed, and in the last open hour of five days: 128 hours, 76.19 percent.
    ("after 1 business hour", "after 1 hour", Some("76")),
    // While closed, but for the last minute of it on five days: 122 hours 55 minutes, 73.16 percent.
    ("during business_hours", "after 1 minute", Some("73")),
    // The same but for a quarter of an hour: 121 hours 45 minutes, 72.47 percent.
    ("during business_hours", "after 15 minutes", Some("72")),
    // While open: 45 hours, 26.79 percent.
    ("after 4 hours", "after 2 business hours", Some("26")),
    ("after 1 business day", "after 4 business hours", Some("100")),
    ("after 4 business hours", "after 1 business day", None),
    ("after 2 hours", "after 3 hours", None),
];

#[test]
fn the_share_of_the_week_is_the_one_counted_by_hand() {
    let mut sources = Sources::default();
    add_folder(&mut sources, &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang/err_meaning/unit"));
    let mut text = "playbook ladders \"Ladders\" version 1\n".to_owned();
    for (place, (above, below, _)) in SHARES.iter().enumerate() {
        text.push_str(&format!(
            "rule r{place} \"R\" when 2 or more complaints for the same customer within 7 days then escalate until acknowledged \
             now: alert care_team {above}: alert care_team {below}: post to \"crm\"\n"
        ));
    }
    let file = sources.add("ladders.play", text.as_bytes());
    let problems = project(&sources, &Options::default()).diagnostics;
    for (place, (above, below, share)) in SHARES.iter().enumerate() {
        let line = place + 2;
        let told = problems.iter().find(|problem| {
            let at = problem.span.start as usize;
            problem.code == codes::LADDER_OVERTAKES
                && problem.span.file == file
                && text[..at].lines().count() == line
                && problem.message.starts_with("step 3 ")
        });
        let told = told.map(|problem| problem.label.as_str());
        let wanted = share.map(|share| format!("in {share} percent of the week (opening times of `business_hours`)"));
        assert_eq!(told, wanted.as_deref(), "{above}, then {below}");
    }
}
