//! What people say and other languages say, and what stands in a wrong column of YAML: the first thing each is told to
//! type. Expectations are written by hand.

/// A rule as a sentence, the code of its first problem, and how its help begins.
pub const IN_SENTENCES: &[(&str, &str, &str)] = &[
    (
        "when \"3\" or more complaints for the same customer within 14 days then alert care_team",
        "P031",
        "write `3` without quotes",
    ),
    (
        "when queue_reading.wait goes over \"10\" minutes for each store then alert care_team",
        "P031",
        "write `10` without quotes",
    ),
    (
        "when nps of survey_response.score over the last 7 days is at least \"15\" points below the 28 days before for each store then alert care_team",
        "P031",
        "write `15` without quotes",
    ),
    (
        "when >= 3 complaints for the same customer within 14 days then alert care_team",
        "P018",
        "write `3 or more complaints`",
    ),
    (
        "when > 3 complaints for the same customer within 14 days then alert care_team",
        "P018",
        "write `4 or more complaints`",
    ),
    (
        "when 3+ complaints for the same customer within 14 days then alert care_team",
        "P018",
        "write `3 or more complaints`",
    ),
    ("when queue_reading.wait goes over 10 Min for each store then alert care_team", "P017", "write `minutes`"),
    ("when queue_reading.wait goes over 10 минут for each store then alert care_team", "P032", "write `minutes`"),
    ("when queue_reading.wait goes over 10 minučių for each store then alert care_team", "P032", "write `minutes`"),
    ("when 3 or more complaints for the same customer within 14 días then alert care_team", "P032", "write `days`"),
    ("when survey_response where score is höchstens 6 then alert care_team", "P018", "write `is at most 6`"),
    ("when survey_response where score es 6 then alert care_team", "P018", "write `is 6`"),
    ("when survey_response where score не менее 9 then alert care_team", "P018", "write `is at least 9`"),
    ("when complaint then alarmuj care_team", "P038", "write `alert care_team`"),
    ("when complaint then оповестить care_team", "P038", "write `alert care_team`"),
    ("when complaint then notificar care_team", "P038", "write `alert care_team`"),
    (
        "when survey_response then email customer using \"thank_you\" with voucher \"A\" in customer.language",
        "P025",
        "write `email customer using \"thank_you\" in customer.language with voucher \"A\"`",
    ),
    (
        "when survey_response then email customer with voucher \"A\" using \"thank_you\"",
        "P025",
        "write `email customer using \"thank_you\" with voucher \"A\"`",
    ),
    (
        "when survey_response then email customer in customer.language using \"thank_you\" with voucher \"A\"",
        "P025",
        "write `email customer using \"thank_you\" in customer.language with voucher \"A\"`",
    ),
    (
        "when complaint then open case with priority \"high\" for customer",
        "P025",
        "write `open case for customer with …`",
    ),
    ("when complaint then alert care_team.", "P046", "take it out"),
    ("when survey_response where score is at most 6. then alert care_team", "P046", "take it out"),
    ("when survey_response where the score is at most 6 then alert care_team", "P018", "take it out: write `score`"),
    (
        "when survey_response where customer segment is \"gold\" then alert care_team",
        "P048",
        "write `customer.segment`",
    ),
    (
        "when survey_response where customer's segment is \"gold\" then alert care_team",
        "P018",
        "write `customer.segment`",
    ),
    (
        "when survey_response where the customer's segment is \"gold\" then alert care_team",
        "P018",
        "write `customer.segment`",
    ),
    ("when survey_response where score is 3 and also comment is present then alert care_team", "P018", "write `and`"),
    ("when wait goes over 10 minutes for each store then alert care_team", "N002", "write `queue_reading.wait`"),
    ("when score is at most 6 then alert care_team", "N002", "write `survey_response where score is at most 6`"),
    (
        "when nps is less than 20 then alert care_team",
        "P046",
        "write, for example, `nps of survey_response.score over the last 7 days is less than 20`",
    ),
    (
        "when average of score over the last 7 days is less than 7 with at least 30 survey_responses for each store check every day at 07:00 then alert care_team",
        "N002",
        "write `survey_response.score`",
    ),
    (
        "when nps of survey_response.score over the last 7 days is at least 15 points below the previous 28 days for each store then alert care_team",
        "P018",
        "write `the 28 days before`",
    ),
    (
        "when complaint followed by no survey_response for the same customer within 2 days then alert care_team",
        "P018",
        "write `not followed by`",
    ),
    ("when complaint then do nothing", "P038", "write `status shadow` in front of `when`"),
    ("status on when complaint then alert care_team", "P046", "write `live`"),
    ("status off when complaint then alert care_team", "P046", "write `paused`"),
    ("when survey_response where score is between 0 to 6 then alert care_team", "P018", "write `is between 0 and 6`"),
    ("when survey_response where score is 0-6 then alert care_team", "P018", "write `is between 0 and 6`"),
    (
        "when queue_reading where wait is 5 to 10 minutes then alert care_team",
        "P018",
        "write `is between 5 minutes and 10 minutes`",
    ),
    ("when complaint once every 7 days per customer then alert care_team", "P018", "write `at most once`"),
    ("when complaint maximum once every 7 days per customer then alert care_team", "P018", "write `at most`"),
    (
        "when complaint not more than once a day per customer then alert care_team",
        "P052",
        "write `at most once every 1 day per customer`",
    ),
    ("when survey_response only when customer.at_risk then alert care_team", "P018", "write `only if`"),
    (
        "when survey_response where score is 3 but not on \"web\" then alert care_team",
        "P018",
        "write what has to be so, such as `and channel is not \"web\"`",
    ),
    (
        "when survey_response where score is 3 but not when customer.at_risk then alert care_team",
        "P018",
        "write `unless`",
    ),
    ("when complaint and then alert care_team", "P018", "write `then`"),
    ("when complaint then set at_risk = yes", "P015", "write `set customer.at_risk to yes`"),
    ("when survey_response where visited is after 9am then alert care_team", "P036", "write `09:00`"),
    (
        "when share of survey_response where score is at most 6 over the last 7 days is more than 0.25 with at least 30 survey_responses for each store check every day at 07:00 then alert care_team",
        "T004",
        "write `25 percent`",
    ),
    (
        "when queue_reading where spend is over 1.000 EUR then alert care_team",
        "P034",
        "write `1000 EUR`, or `1.00 EUR`",
    ),
    (
        "when queue_reading then open case for customer",
        "N001",
        "known here are `case`, `spend`, `store`, `touchpoint` and `wait`",
    ),
    ("when a survey_response where score is 3 then alert care_team", "P018", "take it out: write `survey_response`"),
    ("when new complaint then alert care_team", "P018", "take it out: write `complaint`"),
    ("when every complaint then alert care_team", "P018", "take it out: write `complaint`"),
    ("when there is a complaint then alert care_team", "P018", "take it out"),
    ("when complaint is received then alert care_team", "P018", "take it out"),
    ("when complaint arrives then alert care_team", "P018", "take it out"),
    (
        "when the nps of survey_response.score over the last 7 days is less than 20 with at least 30 survey_responses for each store check every day at 07:00 then alert care_team",
        "P018",
        "take it out: write `nps`",
    ),
    ("when 3 or more complaints for the same customer within a week then alert care_team", "P018", "write `1 week`"),
    (
        "when 3 or more complaints for the same customer within one month then alert care_team",
        "P032",
        "write `30 days`",
    ),
    (
        "when 3 or more complaints in the last 14 days for the same customer then alert care_team",
        "P028",
        "write `for the same customer within 14 days`",
    ),
    (
        "when 3 or more complaints for the same customer in the last 14 days then alert care_team",
        "P018",
        "write `within 14 days`",
    ),
    (
        "when complaint without customer_contact for the same customer within 2 days then alert care_team",
        "P018",
        "write `not followed by`",
    ),
    (
        "when no customer_contact after complaint for the same customer within 2 days then alert care_team",
        "P046",
        "write `complaint not followed by customer_contact for the same customer within 2 days`",
    ),
    (
        "when survey_response where comment contains the word \"rude\" then alert care_team",
        "P018",
        "write `contains \"rude\"`",
    ),
    ("when complaint then wait 2 hours then alert care_team", "P038", "write `after 2 hours:`"),
    (
        "when complaint then alert care_team immediately",
        "P018",
        "take it out: what has no timing in front of it is done at once",
    ),
    ("when complaint then alert care_team at 9:00", "P041", "write `at 9:00: alert care_team`"),
    ("when complaint then alert care_team every day", "P046", "take it out"),
    ("when complaint -> alert care_team", "P024", "write `then alert care_team`"),
    ("when complaint: alert care_team", "P024", "write `then alert care_team`"),
    ("when complaint then alert care_team!", "P015", "take it out"),
    (
        "when nps drops below 20 then alert care_team",
        "P046",
        "write, for example, `nps of survey_response.score over the last 7 days is less than 20`",
    ),
    (
        "when nps of survey_response.score over the last week is less than 20 with at least 30 survey_responses for each store check every day at 07:00 then alert care_team",
        "P018",
        "write `7 days`",
    ),
    (
        "when nps of survey_response.score over last 7 days is less than 20 with at least 30 survey_responses for each store check every day at 07:00 then alert care_team",
        "P018",
        "write `over the last`",
    ),
    (
        "when nps of survey_response.score over the last 7 days is at least 15 points lower than the 28 days before for each store then alert care_team",
        "P018",
        "write `below`",
    ),
    (
        "when queue_reading.wait is longer than 10 minutes for each store then alert care_team",
        "P046",
        "write `queue_reading.wait goes over 10 minutes`",
    ),
    (
        "when queue_reading wait goes over 10 minutes for each store then alert care_team",
        "P048",
        "write `queue_reading.wait`",
    ),
    (
        "when queue_reading.wait goes over 10 minutes and touchpoint is \"store_visit\" for each store then alert care_team",
        "P018",
        "write `where`",
    ),
    (
        "when queue_reading.wait goes over 10 minutes in any store for each store then alert care_team",
        "P018",
        "write `for each store` behind the whole of `when`",
    ),
    ("when complaint during business_hours then alert care_team", "P046", "write it behind `then`"),
    (
        "when every 2 hours for each store then alert care_team",
        "P046",
        "write the times of day, such as `every day at 08:00, 12:00 and 16:00`",
    ),
    ("when complaint then email customer", "P047", "add `using` and the name of a template"),
];

/// The same in YAML, where it can be made there.
pub const IN_YAML: &[(&str, &str, &str)] = &[
    (
        "when:\n  signal: complaint\n  then: [{alert: care_team}]",
        "Y012",
        "begin what belongs to `when` two spaces further right: `signal`",
    ),
    (
        "when:\n  signal: survey_response\n  where: score is at most 6\n  then: [{alert: care_team}]",
        "Y012",
        "begin what belongs to `when` two spaces further right: `signal` and the keys below it",
    ),
    (
        "when: {signal: complaint}\n  then:\n  alert: care_team\n  saying: \"Call\"",
        "Y012",
        "begin what belongs to `then` two spaces further right: `alert`",
    ),
    ("when: {signal: complaint}\n  then:\n - alert: care_team", "Y012", "move its dash below `then`"),
    (
        "when: {signal: complaint}\n  then:\n- alert: care_team\n- alert: manager of store",
        "Y012",
        "move its dash below `then`",
    ),
    (
        "when: {signal: complaint}\n  then:\n  - escalate:\n    until: acknowledged\n    ladder: [{alert: care_team}]",
        "Y012",
        "begin what belongs to `escalate` two spaces further right",
    ),
    ("when:{signal: complaint}\n  then: [{alert: care_team}]", "Y015", "write `when: {…`"),
    (
        "when: {reading: queue_reading.wait, goes_over: 10 Min}\n  for_each: store\n  then: [{alert: care_team}]",
        "P017",
        "write `minutes`",
    ),
    (
        "when: {reading: queue_reading.wait, goes_over: 10 минут}\n  for_each: store\n  then: [{alert: care_team}]",
        "P032",
        "write `minutes`",
    ),
    (
        "when: {reading: wait, goes_over: 10 minutes}\n  for_each: store\n  then: [{alert: care_team}]",
        "N002",
        "write `queue_reading.wait`",
    ),
    (
        "when: {reading: queue_reading.wait, goes_over: 10 minutes for each store}\n  then: [{alert: care_team}]",
        "Y021",
        "move it to its own key: write `for_each: store`",
    ),
    (
        "when: {signal: survey_response, where: score is 3 unless customer.at_risk}\n  then: [{alert: care_team}]",
        "Y021",
        "move it to its own key: write `unless: customer.at_risk`",
    ),
    (
        "when: {signal: survey_response where score is 3}\n  then: [{alert: care_team}]",
        "Y021",
        "move it to its own key: write `where: score is 3`",
    ),
    (
        "when: {at_least: 3, signal: complaint, same: customer within 14 days}\n  then: [{alert: care_team}]",
        "Y021",
        "move it to its own key: write `within: 14 days`",
    ),
    (
        "when: {signal: survey_response, where: score is höchstens 6}\n  then: [{alert: care_team}]",
        "P018",
        "write `is at most 6`",
    ),
    (
        "when: {signal: survey_response, where: the score is at most 6}\n  then: [{alert: care_team}]",
        "P018",
        "take it out: write `score`",
    ),
    (
        "when: {signal: survey_response, where: customer's segment is \"gold\"}\n  then: [{alert: care_team}]",
        "P018",
        "write `customer.segment`",
    ),
    (
        "when: {signal: survey_response, where: score is 0-6}\n  then: [{alert: care_team}]",
        "P018",
        "write `is between 0 and 6`",
    ),
    (
        "when: {signal: survey_response, where: score is at most 6.}\n  then: [{alert: care_team}]",
        "P046",
        "take it out",
    ),
    (
        "when: {signal: survey_response, where: visited is after 9am}\n  then: [{alert: care_team}]",
        "P036",
        "write `09:00`",
    ),
    ("cuando: {signal: complaint}\n  then: [{alert: care_team}]", "Y020", "write `when`"),
    ("when: {signal: complaint}\n  then: [{alarmuj: care_team}]", "Y020", "write `alert`"),
    ("status: on\n  when: {signal: complaint}\n  then: [{alert: care_team}]", "P046", "write `live`"),
    (
        "only_when: customer.at_risk\n  when: {signal: complaint}\n  then: [{alert: care_team}]",
        "Y020",
        "write `only_if`",
    ),
    (
        "when: {measure: nps of survey_response.score, over_last: 7 days, drops_by: 10 points}\n  for_each: store\n  then: [{alert: care_team}]",
        "Y020",
        "write `by_at_least: 10 points`, and beside it `below_previous: 28 days`",
    ),
    (
        "when: {measure: nps of survey_response.score, over_last: 7 days, below_previous: the previous 28 days, by_at_least: 10 points}\n  for_each: store\n  then: [{alert: care_team}]",
        "P018",
        "write `28 days`",
    ),
    (
        "when: {measure: share of survey_response where score is at most 6, over_last: 7 days, is: more than 0.25}\n  for_each: store\n  then: [{alert: care_team}]",
        "T004",
        "write `25 percent`",
    ),
    (
        "when: {signal: queue_reading, where: spend is over 1.000 EUR}\n  then: [{alert: care_team}]",
        "P034",
        "write `1000 EUR`, or `1.00 EUR`",
    ),
    (
        "when: {signal: queue_reading}\n  then: [{open_case: customer}]",
        "N001",
        "known here are `case`, `spend`, `store`, `touchpoint` and `wait`",
    ),
    (
        "when: {at_least: 3, signal: complaint, same: customer, within: a week}\n  then: [{alert: care_team}]",
        "P018",
        "write `1 week`",
    ),
];

/// Whole files: their names, what stands in them behind the header, and all the helps that come out, in their order.
pub const FILES: &[(&str, &str, &[&str])] = &[
    (
        "first.play",
        "regla two \"Two\"\n  when complant then alert care_team\n\nReguła three \"Three\" when survey_response then alrt care_team\n\nправило four\n  when complaint where urgent then alert care_team\n",
        &[
            "write `rule`",
            "did you mean `complaint`?",
            "write `rule`",
            "did you mean `alert`?",
            "write `rule`",
            "write `rule four \"Four\"`, with a title of your own",
        ],
    ),
    (
        "first.play",
        "define bad = score is at most 6\n\nrule one \"One\" when survey_response where bad and comment is presnt then alert care_team\n",
        &["write `as`", "did you mean `present`?"],
    ),
    (
        "first.play.yaml",
        "- id:a\n  title: One\n  when: {signal: complant}\n  then: [{alert: care_team}]\n- id: b\n  title:Two\n  when: {signal: complant}\n  then: [{alert: care_team}]\n",
        &["write `id: a`", "did you mean `complaint`?", "write `title: Two`", "did you mean `complaint`?"],
    ),
];
