//! The mistakes that beginners make, and the first thing each of them is told to type. Expectations are written by hand.

mod spoken;

use std::path::Path;

use touchline::compile::{Options, project};
use touchline::lang::render::{Look, human};
use touchline::lang::source::Sources;

use crate::compile::add_folder;

/// A rule as a sentence, the code of its first problem, and how its help begins.
const IN_SENTENCES: &[(&str, &str, &str)] = &[
    ("when survey_response where score is atleast 9 then alert care_team", "P018", "write `is at least 9`"),
    ("when survey_response then send email customer using \"thank_you\"", "P038", "write `email"),
    ("when survey_response where score <= 6 then alert care_team", "P015", "write `is at most 6`"),
    ("when survey_response where score is 3 && comment is present then alert care_team", "P015", "write `and`"),
    (
        "when survey_response where score is 3 and comment is present or stars is 1 then alert care_team",
        "P016",
        "put brackets around what belongs together: write `score is 3 and (comment is present or stars is 1)` or \
         `(score is 3 and comment is present) or stars is 1`",
    ),
    ("when complaint atmost once every 7 days per customer then alert care_team", "P019", "did you mean `at most`?"),
    ("when complaint at mots once every 7 days per customer then alert care_team", "P019", "did you mean `at most`?"),
    (
        "when complaint at most 2 per store per week then alert care_team",
        "P052",
        "write `at most once every 7 days per store`",
    ),
    ("when survey_response where comment is presnt then alert care_team", "N011", "did you mean `present`?"),
    ("when survey_response where score is not misssing then alert care_team", "N011", "did you mean `missing`?"),
    (
        "when complaint is not followed by survey_response for the same customer within 2 days then alert care_team",
        "P018",
        "take it out",
    ),
    ("when 3 or more complaint for the same customer within 7 days then alert care_team", "N003", "write `complaints`"),
    ("when complaint where urgent is YES then alert care_team", "N001", "write `yes`"),
    ("when complaint where urgent is No then alert care_team", "N001", "write `no`"),
    ("when survey_response where no then alert care_team", "P039", "write what has to be so, a text in quotes"),
    ("when survey_response where 21:00 then alert care_team", "P039", "write what has to be so, a text in quotes"),
    (
        "when survey_response where postcode is \"x\" then alert care_team",
        "N001",
        "known here are `channel`, `comment`, `customer`, `score`, `stars`, `store`, `touchpoint` and `visited`",
    ),
    (
        "when queue_reading.length goes over 10 for each store then alert care_team",
        "N001",
        "it has `spend`, `store`, `touchpoint` and `wait`",
    ),
    (
        "when 3 or more complaints for the same customer then alert care_team",
        "P027",
        "write how long at most, such as `within 14 days`",
    ),
    ("when survey_response unles customer.at_risk then alert care_team", "P019", "did you mean `unless`?"),
    (
        "when 3 or more complaints for the same customer within 14 minuts then alert care_team",
        "P032",
        "did you mean `minutes`?",
    ),
    ("when survey_response then alert care_team unless customer.at_risk", "P025", "move"),
    ("when survey_response then alert care_team saying Hello there", "P030", "write `saying \"Hello there\"`"),
    ("when survey_response where score is at least \"9\" then alert care_team", "P031", "write `9` without quotes"),
    ("when survey_response where scroe is 9 then alert care_team", "N001", "did you mean `score`?"),
    ("when survey_respons then alert care_team", "N002", "did you mean `survey_response`?"),
    ("when complaint then alert managr of store", "N008", "did you mean `manager`?"),
    ("when survey_response where comment mentions kindnes then alert care_team", "N006", "did you mean `kindness`?"),
    ("when survey_response then email customer using \"thank_yu\"", "N009", "did you mean `thank_you`?"),
    ("when complaint then during busines_hours: alert care_team", "N007", "did you mean `business_hours`?"),
    ("when survey_response where score is at least 11 then alert care_team", "T002", "write a"),
    (
        "when 3 or more queue_readings for the same store within 2 days then alert care_team",
        "N003",
        "add `plural: queue_readings`",
    ),
    ("when complaint at most once every 7 days then alert care_team", "P029", "add `per customer`"),
    ("when complaint where topic is \"late then alert care_team", "P010", "end it with `\"`"),
    ("when survey_response where score is at most 6,5 then alert care_team", "P014", "write `6.5`"),
    ("WHEN survey_response then alert care_team", "P017", "write `when`"),
    (
        "when 3 complaints for the same customer within 2 days then alert care_team",
        "P046",
        "write `3 or more complaints`",
    ),
    (
        "when more than 3 complaints for the same customer within 2 days then alert care_team",
        "P046",
        "write `4 or more complaints`",
    ),
    (
        "when at least 3 complaints for the same customer within 2 days then alert care_team",
        "P046",
        "write `3 or more complaints`",
    ),
    (
        "when survey_response where score is at least 3 and at most 5 then alert care_team",
        "P039",
        "write `score is between 3 and 5`",
    ),
    (
        "when survey_response where score is more than 3 and is less than 5 then alert care_team",
        "P039",
        "write `score is more than 3 and score is less than 5`",
    ),
    ("when survey_response where score less then 6 then alert care_team", "P018", "write `score is less than 6`"),
    ("when survey_response where comment is not empty then alert care_team", "N011", "write `comment is present`"),
    ("when survey_response where comment is empty then alert care_team", "N011", "write `comment is missing`"),
    ("when survey_response where score is 9 or more then alert care_team", "P018", "write `score is at least 9`"),
    ("when survey_response where score is 6 or fewer then alert care_team", "P018", "write `score is at most 6`"),
    (
        "when survey_response where score is 9 or more and comment is present then alert care_team",
        "P018",
        "write `is at least 9`",
    ),
    (
        "when survey_response where score is greater than or equal to 6 then alert care_team",
        "P018",
        "write `is at least 6`",
    ),
    (
        "when survey_response where score is less than or equal to 6 then alert care_team",
        "P018",
        "write `is at most 6`",
    ),
    ("when survey_response where score is greater than 6 then alert care_team", "P018", "write `is more than 6`"),
    (
        "when atleast 3 complaints for the same customer within 14 days then alert care_team",
        "P018",
        "write `3 or more complaints`",
    ),
    (
        "when three or more complaints for the same customer within 14 days then alert care_team",
        "P018",
        "write `3 or more complaints`",
    ),
    (
        "when atleast 3 complaint for the same customer within 14 days then alert care_team",
        "P018",
        "write `3 or more complaints`",
    ),
    (
        "when three or more complaint for the same customer within 14 days then alert care_team",
        "P018",
        "write `3 or more complaints`",
    ),
    (
        "when three complaints for the same customer within 14 days then alert care_team",
        "P018",
        "write `3 or more complaints`",
    ),
    ("when survey_response where score is good enough then alert care_team", "T001", "write it like `5`"),
    ("when complaint where topic is very late then alert care_team", "P030", "write `\"very late\"`"),
    (
        "when 3 or more complaints for the same customer within two weeks then alert care_team",
        "P018",
        "write `2 weeks`",
    ),
    (
        "when average of survey_response.score over the last 7 days is less than 5 with atleast 30 survey_responses for each store check every day at 07:00 then alert care_team",
        "P018",
        "write `with at least 30`",
    ),
    ("when complaint where topic is late delivery then alert care_team", "P030", "write `\"late delivery\"`"),
    (
        "when survey_response where comment contains too slow and score is 3 then alert care_team",
        "P030",
        "write `\"too slow\"`",
    ),
    ("when survey_response wher score is 3 then alert care_team", "P019", "did you mean `where`?"),
    (
        "when survey_response where comment not mentions kindness then alert care_team",
        "P018",
        "write `does not mention`",
    ),
    (
        "when survey_response where score is `\"x\"` then alert care_team",
        "T001",
        "write the value itself, such as `score is 5`",
    ),
    (
        "when survey_response where touchpoint is `5` then alert care_team",
        "T001",
        "write the value itself, such as `touchpoint is \"store_visit\"`",
    ),
    (
        "when survey_response where score is more than 6.12345678912 then alert care_team",
        "P034",
        "write it with nine at most: everything is counted in billionths",
    ),
    // What a newcomer types who has not read the manual.
    ("when survey_response where score is 3", "P024", "end it with an action, such as `then alert"),
    ("when survey_response where score is 3\n  alert care_team", "P024", "write `then alert care_team`"),
    (
        "when complaint or praise then alert care_team",
        "P046",
        "write a rule for each: `when complaint` in this one, `when praise` in a second",
    ),
    ("when survey_response where visited is after 24.12.2026 then alert care_team", "P035", "write `2026-12-24`"),
    ("when survey_response where visited is after 24/12/2026 then alert care_team", "P035", "write `2026-12-24`"),
    (
        "when survey_response where visited is after 05/06/2026 then alert care_team",
        "P035",
        "write `2026-06-05`, or `2026-05-06` if the first number is the month",
    ),
    ("when survey_response where visited is after 24 December 2026 then alert care_team", "P035", "write `2026-12-24`"),
    ("when every day at 9am for each store then alert care_team", "P036", "write `09:00`"),
    ("when every day at 9.30 for each store then alert care_team", "P036", "write `09:30`"),
    ("when complaint then at 5:30 pm: alert care_team", "P036", "write `17:30`"),
    ("when survey_response then set customer.at_risk = yes", "P015", "write `set customer.at_risk to yes`"),
    ("when survey_response then set customer.at_risk yes", "P046", "write `set customer.at_risk to yes`"),
    ("when complaint then in 2 hours: alert care_team", "P018", "write `after 2 hours:`"),
    ("when complaint then alert care_team\n  in 2 hours: alert manager of store", "P018", "write `after 2 hours:`"),
    (
        "when complaint then alert care_team else alert manager of store",
        "P038",
        "write a second rule with the opposite",
    ),
    ("when complaint then alert care_team\n  otherwise alert manager of store", "P038", "write a second rule with the"),
    (
        "when complaint then alert boss@shop.lt",
        "P046",
        "write the role, such as `alert manager of store`; directory.yaml says who fills it: `roles: {manager: [boss@shop.lt]}`",
    ),
    (
        "when complaint then alert \"boss@shop.lt\" saying \"Hi\"",
        "P046",
        "write the role, such as `alert manager of store`",
    ),
    ("when complaint then alert \"care_team\"", "P046", "write `alert care_team`"),
    (
        "when complaint then email boss@shop.lt using \"thank_you\"",
        "P046",
        "write whom it is about, such as `email customer",
    ),
    ("when complaint then alert care_team \"Please call\"", "P018", "write `saying \"Please call\"`"),
    ("when complaint then alert manager of store: \"Please call\"", "P018", "write `saying \"Please call\"`"),
    ("when complaint then alert care_team with message \"Please call\"", "P018", "write `saying \"Please call\"`"),
    (
        "when queue_reading.wait exceeds 10 minutes for each store then alert care_team",
        "P018",
        "write `queue_reading.wait goes over 10 minutes`",
    ),
    (
        "when queue_reading.wait rises above 10 minutes for each store then alert care_team",
        "P018",
        "write `queue_reading.wait goes over 10 minutes`",
    ),
    (
        "when queue_reading.wait is over 10 minutes for each store then alert care_team",
        "P046",
        "write `queue_reading.wait goes over 10 minutes`, or for each signal `queue_reading where wait is more than 10 minutes`",
    ),
    (
        "when nps of survey_response.score rises above 10 for each store then alert care_team",
        "P018",
        "write `over the last 7 days is more than 10`",
    ),
    ("when survey_response where score is no more than 6 then alert care_team", "P018", "write `is at most 6`"),
    ("when survey_response where score no less than 6 then alert care_team", "P018", "write `is at least 6`"),
    ("when survey_response where score is not more than 6 then alert care_team", "P050", "write `is at most 6`"),
    ("when survey_response where score is up to 6 then alert care_team", "P018", "write `is at most 6`"),
    ("when survey_response where score not in (1,2) then alert care_team", "P018", "write `score is not one of 1, 2`"),
    ("when survey_response where score in 1, 2 then alert care_team", "P018", "write `score is one of 1, 2`"),
    (
        "when survey_response where customer.segment in [\"gold\", 'silver'] then alert care_team",
        "P018",
        "write `customer.segment is one of \"gold\", \"silver\"`",
    ),
    ("when survey_response where score is one of 6 and 7 then alert care_team", "P018", "write `score is one of 6, 7`"),
    (
        "when survey_response where score is one of 6 or 7 and stars is 1 then alert care_team",
        "P018",
        "write `score is one of 6, 7`",
    ),
    (
        "when nps of survey_response.score over the last 7 days is less than 20 points with at least 30 survey_responses for each store then alert care_team",
        "P046",
        "take it out: write `is less than 20`",
    ),
    ("when survey_response where comment mentions \"rude\" then alert care_team", "P046", "write `contains \"rude\"`"),
    (
        "when survey_response where comment does not mention \"rude\" then alert care_team",
        "P046",
        "write `does not contain \"rude\"`",
    ),
    ("when complaint at most twice then alert care_team", "P052", "write `at most once every 7 days per customer`"),
    (
        "when complaint at most twice per week per store then alert care_team",
        "P052",
        "write `at most once every 7 days per store`",
    ),
    (
        "when 3 or more complaints by customer within 14 days then alert care_team",
        "P028",
        "write `for the same customer`",
    ),
    (
        "when 3 or more complaints per customer within 14 days then alert care_team",
        "P028",
        "write `for the same customer`",
    ),
    (
        "when 3 or more complaints for each customer within 14 days then alert care_team",
        "P028",
        "write `for the same customer`",
    ),
    (
        "when 3 or more complaints within 14 days per customer then alert care_team",
        "P028",
        "write `for the same customer within 14 days`",
    ),
    (
        "when complaint then escalate now: alert care_team after 2 hours: alert manager of store",
        "P046",
        "write `escalate until acknowledged`",
    ),
    (
        "when complaint // every one\n  then alert care_team",
        "P018",
        "a comment goes from `#` to the end of its line: write `# every one`",
    ),
    ("when complaint /* every one */ then alert care_team", "P018", "a comment goes from `#` to the end of its line"),
    (
        "when nps of survey_response.score drops by 10 points for each store then alert care_team",
        "P018",
        "write `over the last 7 days is at least 10 points below the 28 days before`",
    ),
    (
        "when average of survey_response.score over the last 7 days drops by 2 for each store then alert care_team",
        "P018",
        "write `is at least 2 points below the 28 days before`",
    ),
    ("when daily at 07:00 for each store then alert care_team", "P046", "write `every day at 07:00`"),
    (
        "when nps of survey_response.score over the last 7 days is less than 20 for each store check daily at 07:00 then alert care_team",
        "P046",
        "write `every day at 07:00`",
    ),
    ("when queue_reading where spend is over €50 then alert care_team", "P032", "write `50 EUR`"),
    ("when queue_reading where spend is over 50 zł then alert care_team", "P032", "write `50 PLN`"),
    (
        "when complaint then alert care_team saying \"see {a #b}\"",
        "P045",
        "write a name or a path, such as `{store.name}`; for a brace itself write `{{`",
    ),
];

/// The same in YAML, where it can be made there, and what only YAML makes possible.
const IN_YAML: &[(&str, &str, &str)] = &[
    (
        "when: {signal: survey_response, where: score is atleast 9}\n  then: [{alert: care_team}]",
        "P018",
        "write `is at least 9`",
    ),
    (
        "when: {signal: survey_response}\n  then: [{send_email: customer, using: thank_you, with: {voucher: A}}]",
        "Y020",
        "write `email`",
    ),
    (
        "when: {signal: survey_response, where: score <= 6}\n  then: [{alert: care_team}]",
        "P015",
        "write `is at most 6`",
    ),
    (
        "when: {signal: survey_response, where: score is 3 && comment is present}\n  then: [{alert: care_team}]",
        "P015",
        "write `and`",
    ),
    (
        "when: {signal: survey_response, where: score is 3 and comment is present or stars is 1}\n  then: [{alert: care_team}]",
        "P016",
        "put brackets",
    ),
    ("when: {at_least: 3, signal: complaint, same: customer}\n  then: [{alert: care_team}]", "P027", "add `within"),
    (
        "when: {at_least: three, signal: complaint, same: customer, within: 14 days}\n  then: [{alert: care_team}]",
        "P018",
        "write `3`",
    ),
    (
        "when: {signal: survey_response}\n  unles: customer.at_risk\n  then: [{alert: care_team}]",
        "Y020",
        "did you mean `unless`?",
    ),
    (
        "when: {at_least: 3, signal: complaint, same: customer, within: 14 minuts}\n  then: [{alert: care_team}]",
        "P032",
        "did you mean `minutes`?",
    ),
    (
        "when: {signal: survey_response, where: 'score is at least \"9\"'}\n  then: [{alert: care_team}]",
        "P031",
        "write `9` without quotes",
    ),
    (
        "when: {signal: survey_response, where: scroe is 9}\n  then: [{alert: care_team}]",
        "N001",
        "did you mean `score`?",
    ),
    ("when: {signal: survey_respons}\n  then: [{alert: care_team}]", "N002", "did you mean `survey_response`?"),
    ("when: {signal: complaint}\n  then: [{alert: managr of store}]", "N008", "did you mean `manager`?"),
    (
        "when: {signal: survey_response, where: comment mentions kindnes}\n  then: [{alert: care_team}]",
        "N006",
        "did you mean `kindness`?",
    ),
    (
        "when: {signal: survey_response}\n  then: [{email: customer, using: thank_yu}]",
        "N009",
        "did you mean `thank_you`?",
    ),
    (
        "when: {signal: complaint}\n  then: [{during: busines_hours, alert: care_team}]",
        "N007",
        "did you mean `business_hours`?",
    ),
    ("when: {signal: survey_response, where: score is at least 11}\n  then: [{alert: care_team}]", "T002", "write a"),
    (
        "when: {at_least: 3, signal: queue_readings, same: store, within: 2 days}\n  then: [{alert: care_team}]",
        "N003",
        "add `plural: queue_readings`",
    ),
    (
        "when: {signal: complaint}\n  at_most: once every 7 days\n  then: [{alert: care_team}]",
        "P029",
        "add `per customer`",
    ),
    (
        "when: {signal: survey_response, where: 'score is at most 6,5'}\n  then: [{alert: care_team}]",
        "P014",
        "write `6.5`",
    ),
    (
        "when: {signal: survey_response, where: score is at most 6 AND stars is 1}\n  then: [{alert: care_team}]",
        "P017",
        "write `and`",
    ),
    ("When: {signal: survey_response}\n  then: [{alert: care_team}]", "Y020", "write `when`"),
    (
        "when: {signal: survey_response}\n  unless: no\n  then: [{alert: care_team}]",
        "P039",
        "write what has to hold, such as `unless: customer.at_risk`",
    ),
    (
        "when: {signal: complaint}\n  then: [alert: care_team saying \"Call them\"]",
        "Y021",
        "write `{alert: care_team, saying: \"Call them\"}`",
    ),
    ("when: {signal: complaint}\n  then: [{alert: care_team, saying: \"Hello}]", "Y013", "add the closing `\"`"),
    (
        "when: {signal: survey_response, where: score is at most 6 # why}\n  then: [{alert: care_team}]",
        "Y024",
        "quote the whole value",
    ),
    ("when: {signal: complaint}\n\tthen: [{alert: care_team}]", "Y011", "replace it with spaces"),
    (
        "when: {signal: complaint}\n   then: [{alert: care_team}]",
        "Y012",
        "keys of one mapping begin in the same column",
    ),
    ("when: {signal: complaint}\n  than: [{alert: care_team}]", "Y020", "did you mean `then`?"),
    (
        "when: {at_least: 2, signal: complaint, same: customer, within: 2 days}\n  then: [{post_to: crm, with: {from: 21:00}}]",
        "Y026",
        "write `=21:00`",
    ),
    (
        "when: {at_least: 2, signal: complaint, same: customer, within: 2 days}\n  then: [{post_to: crm, with: {urgent: no}}]",
        "Y026",
        "write `=no`",
    ),
    (
        "when: {signal: survey_response, where: no}\n  then: [{alert: care_team}]",
        "P039",
        "write what has to be so, a text in quotes, such as `comment contains \"no\"`",
    ),
    (
        "when: {signal: survey_response, where: 21:00}\n  then: [{alert: care_team}]",
        "P039",
        "write what has to be so, a text in quotes, such as `comment contains \"21:00\"`",
    ),
    (
        "when: {signal: survey_response, where: comment is no}\n  then: [{alert: care_team}]",
        "T001",
        "quote it: `\"no\"`",
    ),
    (
        "when: {signal: complaint}\n  then: [{alert: care_team, saying: Look: a thing}]",
        "Y014",
        "quote the whole value: `saying: \"Look: a thing\"`",
    ),
    (
        "when: {signal: complaint}\n  then:\n  - alert: care_team\n    saying: Say \"hello\": it's late",
        "Y014",
        "quote the whole value: `saying: 'Say \"hello\": it''s late'`",
    ),
    (
        "when: {signal: complaint, where: topic is: late}\n  then: [{alert: care_team}]",
        "Y014",
        "quote the whole value: `where: \"topic is: late\"`",
    ),
    (
        "when: {signal: survey_response, where: comment is not empty}\n  then: [{alert: care_team}]",
        "N011",
        "write `comment is present`",
    ),
    (
        "when: {signal: survey_response, where: score is 9 or more}\n  then: [{alert: care_team}]",
        "P018",
        "write `score is at least 9`",
    ),
    (
        "when: {signal: complaint, where: topic is late delivery}\n  then: [{alert: care_team}]",
        "P030",
        "write `\"late delivery\"`",
    ),
    (
        "when: {reading: queue_reading.wait, goes_over: 10,5 minutes}\n  for_each: store\n  then: [{alert: care_team}]",
        "P014",
        "write `10.5`",
    ),
    (
        "when: {signal: complaint}\n  at_most: once every 1 day per store\n  then: [{alert: care_team, saying: “Hi”}]",
        "Y026",
        "write straight quotes: `\"Hi\"`",
    ),
    // What a newcomer types who has not read the manual.
    ("when: {signal: complaint}", "P024", "add `then:` with at least one action, such as `- alert: care_team`"),
    ("when: {signal: complaint}\n  then: []", "Y027", "write an action: `then: [{alert: manager of store}]`"),
    ("when: {signal: complaint}\n  then:\n  - restrat", "Y021", "write an action, such as `- alert: manager of store`"),
    ("when: {signal: complaint}\n  then:\n  - alert", "Y021", "each part has its key: `- alert: manager of store`"),
    (
        "when: {signal: complaint or praise}\n  then: [{alert: care_team}]",
        "P046",
        "write `complaint`; for `praise` write a second rule",
    ),
    (
        "when: {signal: [complaint, praise]}\n  then: [{alert: care_team}]",
        "Y021",
        "write `signal: complaint`; for `praise` write a second rule",
    ),
    ("when: {signal:complaint}\n  then: [{alert: care_team}]", "Y015", "write `signal: complaint`"),
    ("when: {signal: complaint}\n  then: [{alert:care_team}]", "Y015", "write `alert: care_team`"),
    (
        "when: {signal: complaint, where: topic is \"a #b\"}\n  then: [{alert: care_team}]",
        "Y024",
        "quote the whole value: `where: 'topic is \"a #b\"'`",
    ),
    (
        "when:\n    signal: complaint\n    where: topic is \"a #b\"\n  then: [{alert: care_team}]",
        "Y024",
        "quote the whole value: `where: 'topic is \"a #b\"'`",
    ),
    (
        "when: {signal: survey_response, where: score not in (1,2)}\n  then: [{alert: care_team}]",
        "Y025",
        "quote the whole value: `where: \"score not in (1,2)\"`",
    ),
    (
        "when:\n    signal: survey_response\n    where: score not in (1,2)\n  then: [{alert: care_team}]",
        "P018",
        "write `score is not one of 1, 2`",
    ),
    (
        "when: {signal: survey_response, where: score is one of 6 and 7}\n  then: [{alert: care_team}]",
        "P018",
        "write `score is one of 6, 7`",
    ),
    (
        "when: {signal: survey_response, where: visited is after 24.12.2026}\n  then: [{alert: care_team}]",
        "P035",
        "write `2026-12-24`",
    ),
    ("when: {signal: complaint}\n  then: [{at: 9am, alert: care_team}]", "P036", "write `09:00`"),
    ("when: {signal: complaint}\n  then: [{in: 2 hours, alert: care_team}]", "Y020", "write `after`"),
    ("when: {signal: complaint}\n  then: [{after: in 2 hours, alert: care_team}]", "P018", "write `2 hours`"),
    (
        "when: {signal: complaint}\n  then: [{set: customer.at_risk = yes}]",
        "Y021",
        "write `{set: customer.at_risk, to: yes}`",
    ),
    (
        "when: {signal: complaint}\n  then: [{alert: care_team}]\n  else: [{alert: manager of store}]",
        "Y020",
        "write a second rule with the opposite condition",
    ),
    (
        "when: {signal: complaint}\n  then: [{alert: boss@shop.lt}]",
        "P046",
        "write the role, such as `manager of store`",
    ),
    (
        "when: {signal: complaint}\n  then: [{alert: care_team \"Please call\"}]",
        "Y021",
        "write `{alert: care_team, saying: \"Please call\"}`",
    ),
    (
        "when: {reading: queue_reading.wait, exceeds: 10 minutes}\n  for_each: store\n  then: [{alert: care_team}]",
        "Y020",
        "write `goes_over`",
    ),
    (
        "when: {measure: nps of survey_response.score, over_last: 7 days, is: less than 20 points}\n  for_each: store\n  then: [{alert: care_team}]",
        "P046",
        "take it out: write `is less than 20`",
    ),
    (
        "when: {signal: survey_response, where: comment mentions \"rude\"}\n  then: [{alert: care_team}]",
        "P046",
        "write `contains \"rude\"`",
    ),
    (
        "when: {signal: complaint}\n  at_most: twice per week per customer\n  then: [{alert: care_team}]",
        "P052",
        "write `once every 7 days per customer`",
    ),
    (
        "when: {at_least: 3, signal: complaint, by: customer, within: 14 days}\n  then: [{alert: care_team}]",
        "Y020",
        "write `same`",
    ),
    ("when: {every: daily at 07:00}\n  for_each: store\n  then: [{alert: care_team}]", "P046", "write `day at 07:00`"),
    ("when: {signal: queue_reading, where: spend is over €50}\n  then: [{alert: care_team}]", "P032", "write `50 EUR`"),
    (
        "when: {signal: complaint} // every one\n  then: [{alert: care_team}]",
        "Y015",
        "a comment goes from ` #` to the end of its line: write `# every one`",
    ),
];

/// Whole files: two rules with one id, curly quotes that are taken as they are.
const TWO_RULES: (&str, &str) = (
    "rule one \"One\" when complaint at most once every 1 day per store then alert care_team\n\nrule one \"Two\" when complaint at most once every 1 day per store then alert care_team\n",
    "- id: one\n  title: One\n  when: {signal: complaint}\n  at_most: once every 1 day per store\n  then: [{alert: care_team}]\n- id: one\n  title: Two\n  when: {signal: complaint}\n  at_most: once every 1 day per store\n  then: [{alert: care_team}]\n",
);

fn play(rules: &str) -> String {
    format!("playbook first \"First\" version 1\n\n{rules}")
}

fn yaml(rules: &str) -> String {
    format!("playbook: first\ntitle: First\nversion: 1\nrules:\n{rules}")
}

/// Says what is wrong where the first problem of a file is another than expected.
fn unexpected(name: &str, text: &str, code: &str, help: &str) -> Option<String> {
    let mut sources = Sources::default();
    add_folder(&mut sources, &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang/err_meaning/unit"));
    sources.add(name, text.as_bytes());
    let problems = project(&sources, &Options::default()).diagnostics;
    let first = problems.iter().find(|problem| problem.is_error()).or(problems.first());
    let fits = first
        .is_some_and(|first| first.code == code && first.help.as_deref().is_some_and(|told| told.starts_with(help)));
    let other_errors = problems.iter().filter(|problem| problem.is_error()).count() > 1;
    (!fits || other_errors)
        .then(|| format!("{text}\nwanted {code}: {help}\n{}", human(&sources, &problems, Look::PLAIN)))
}

#[test]
fn mistakes_of_beginners_get_the_right_first_suggestion() {
    let mut wrong = Vec::new();
    for (rule, code, help) in IN_SENTENCES.iter().chain(spoken::IN_SENTENCES) {
        wrong.extend(unexpected("first.play", &play(&format!("rule one \"One\" {rule}\n")), code, help));
    }
    for (rule, code, help) in IN_YAML.iter().chain(spoken::IN_YAML) {
        wrong.extend(unexpected("first.play.yaml", &yaml(&format!("- id: one\n  title: One\n  {rule}\n")), code, help));
    }
    let (two, two_in_yaml) = TWO_RULES;
    wrong.extend(unexpected("first.play", &play(two), "N020", "give one of them another id"));
    wrong.extend(unexpected("first.play.yaml", &yaml(two_in_yaml), "N020", "give one of them another id"));
    let digit = "rule one \"One\" when survey_response then alert care_team\n\nrule 1b \"B\" when survey_response then alert care_team\n";
    wrong.extend(unexpected("first.play", &play(digit), "P048", "write, for example, `rule_1b`"));
    let wordy = "rule wait2 Queue is too long\n  when survey_response then alert care_team\n";
    wrong.extend(unexpected("first.play", &play(wordy), "P022", "write `rule wait2 \"Queue is too long\"`"));
    let title = "rule one\n  when complaint where topic is \"x\" then alert care_team\n";
    wrong.extend(unexpected("first.play", &play(title), "P022", "write `rule one \"One\"`"));
    let untitled = "rule late-delivery\n  when complaint where topic is \"x\" then alert care_team\n";
    wrong.extend(unexpected("first.play", &play(untitled), "P022", "write `rule late_delivery \"Late delivery\"`"));
    let header = |line: &str| format!("{line}\nrule one \"One\" when survey_response then alert care_team\n");
    for (line, code, help) in [
        ("playbook my book \"My book\" version 1", "P048", "write `playbook my_book \"My book\"`"),
        ("playbook my book", "P048", "write `playbook my_book \"My book\"`"),
        ("playbook book", "P021", "write `playbook book \"Book\"`"),
        ("playbook \"My book\"", "P021", "write `playbook my_book \"My book\"`"),
        ("playbook retail Retail care", "P030", "write `playbook retail \"Retail care\"`"),
    ] {
        wrong.extend(unexpected("first.play", &header(line), code, help));
    }
    let capital = "RULE one \"One\" when survey_response then alert care_team\n";
    wrong.extend(unexpected("first.play", &play(capital), "P017", "write `rule`"));
    let capital_key = "Playbook: first\ntitle: First\nversion: 1\nrules:\n- id: one\n  title: One\n  when: {signal: survey_response}\n  then: [{alert: care_team}]\n";
    wrong.extend(unexpected("first.play.yaml", capital_key, "Y020", "write `playbook`"));
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
}

/// Sentences with several mistakes, and the helps that come out in one run, in their order.
const SEVERAL: &[(&str, &[&str])] = &[
    (
        "when survey_response where score <= 6 && comment IS present then alert care_team",
        &["write `is at most 6`", "write `and`", "write `is`"],
    ),
    (
        "when survey_response where score IS 6 AND stars is At Least 3 AND comment is present then alert care_team",
        &["write `is`", "write `and`", "write `at least`", "write `and`"],
    ),
    (
        "when survey_response where score is atleast 3 && comment is present then alert care_team",
        &["write `is at least 3`", "write `and`"],
    ),
    ("when survey_response where score is <= 6 then alert care_team", &["write `is at most 6`"]),
    ("when survey_response where score <= then alert care_team", &["write `is at most …`"]),
];

#[test]
fn an_operator_or_capitals_hide_no_other_mistake_of_the_sentence() {
    for (rule, helps) in SEVERAL {
        let mut sources = Sources::default();
        add_folder(&mut sources, &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang/err_meaning/unit"));
        sources.add("first.play", play(&format!("rule one \"One\" {rule}\n")).as_bytes());
        let problems = project(&sources, &Options::default()).diagnostics;
        let errors = problems.iter().filter(|problem| problem.is_error());
        let told: Vec<_> = errors.map(|problem| problem.help.as_deref().unwrap_or("")).collect();
        assert_eq!(&told, helps, "{}", human(&sources, &problems, Look::PLAIN));
    }
}

#[test]
fn a_word_of_another_language_or_a_missing_space_hides_nothing_else() {
    for (name, rules, helps) in spoken::FILES {
        let mut sources = Sources::default();
        add_folder(&mut sources, &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang/err_meaning/unit"));
        let text = if name.ends_with(".yaml") { yaml(rules) } else { play(rules) };
        sources.add(*name, text.as_bytes());
        let problems = project(&sources, &Options::default()).diagnostics;
        let errors = problems.iter().filter(|problem| problem.is_error());
        let told: Vec<_> = errors.map(|problem| problem.help.as_deref().unwrap_or("")).collect();
        assert_eq!(&told, helps, "{}", human(&sources, &problems, Look::PLAIN));
    }
}

#[test]
fn curly_quotes_are_quotes() {
    let rule =
        "rule one “One” when complaint where topic is “late” at most once every 1 day per store then alert care_team\n";
    let mut sources = Sources::default();
    add_folder(&mut sources, &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang/err_meaning/unit"));
    sources.add("first.play", play(rule).as_bytes());
    sources.add(
        "second.play.yaml",
        b"playbook: second\ntitle: Second\nversion: 1\nrules:\n- id: one\n  title: One\n  when: {signal: complaint, where: topic is \xe2\x80\x9clate\xe2\x80\x9d}\n  at_most: once every 1 day per store\n  then: [{alert: care_team}]\n",
    );
    let project = project(&sources, &Options::default());
    let errors: Vec<_> = project.diagnostics.iter().filter(|problem| problem.is_error()).collect();
    assert!(errors.is_empty(), "{}", human(&sources, &project.diagnostics, Look::PLAIN));
    assert_eq!(project.units[0].rules.len(), 2);
}

#[test]
fn a_tab_in_the_vocabulary_is_named_and_nothing_else() {
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang/err_meaning/unit/vocabulary.yaml");
    let vocabulary = std::fs::read_to_string(unit).unwrap();
    let tabbed = vocabulary.replace("\n  survey_response:", "\n\tsurvey_response:");
    assert_ne!(tabbed, vocabulary);
    let mut sources = Sources::default();
    sources.add("vocabulary.yaml", tabbed.as_bytes());
    let rule = "rule one \"One\" when survey_response where score is 3 then record at_risk\n\n\
        rule two \"Two\" when queue_reading where wait is 3 minutes then record at_risk\n";
    sources.add("first.play", play(rule).as_bytes());
    let problems = project(&sources, &Options::default()).diagnostics;
    let errors: Vec<_> = problems.iter().filter(|problem| problem.is_error()).collect();
    let told = human(&sources, &problems, Look::PLAIN);
    assert!(errors.iter().any(|error| error.code == "Y011" && sources.slice(error.span) == "\t"), "{told}");
    assert!(!errors.iter().any(|error| matches!(error.code, "N002" | "Y012")), "{told}");
}
