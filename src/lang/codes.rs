//! The catalogue of message codes. A code is stable: it is never renumbered and never used for something else.
//!
//! `P0xx` syntax of the DSL and of the sentences in YAML leaves · `Y0xx` the YAML skeleton · `N0xx` names ·
//! `T0xx` types · `V0xx` vocabulary, directory, calendars · `E0xx` mail templates · `L0xx` lints · `S0xx` scenarios ·
//! `C0xx` the daemon's configuration.
//! Add a code to its section; `ALL` and the manual follow by themselves.

/// Defines each code as a constant and lists all of them in [`ALL`].
macro_rules! codes {
    ($($name:ident $code:literal $text:literal;)*) => {
        $(#[doc = $text] pub const $name: &str = $code;)*

        /// Every code with one line on what it means.
        pub const ALL: &[(&str, &str)] = &[$(($code, $text)),*];
    };
}

codes! {
    // ─── P0xx: syntax ───
    FILE_TOO_LARGE "P001" "a file is larger than 1 MB";
    INVALID_UTF8 "P002" "a file is not UTF-8 text";
    FORBIDDEN_CHARACTER "P003" "a control character or an invisible one that changes how text is shown";
    TOO_DEEP "P004" "brackets are nested more than 64 deep";
    TOO_MANY "P005" "a file has more problems than are shown";
    LOOK_ALIKE "P006" "a word mixes letters of two alphabets that look alike";
    TOO_LONG "P007" "a rule or a sentence has more than 10,000 words";
    UNCLOSED_TEXT "P010" "a text has no closing quote on its line";
    UNCLOSED_SCRIPT "P011" "a script has no closing back-tick on its line";
    SINGLE_QUOTES "P012" "a text stands in single quotes";
    BAD_ESCAPE "P013" "a backslash before something that needs none";
    DECIMAL_COMMA "P014" "a number is written with a comma";
    OPERATOR "P015" "an operator of programming languages";
    MIXED_AND_OR "P016" "`and` and `or` stand together without brackets";
    CAPITALS "P017" "a key word is written in capitals";
    OTHER_WORD "P018" "a word of another language or tool, with the one used here";
    MISSPELT "P019" "a misspelt key word";
    NO_HEADER "P020" "a file does not begin with its `playbook` line";
    BAD_HEADER "P021" "the header cannot be read";
    RULE_HEAD "P022" "a rule lacks its id or its title";
    NO_WHEN "P023" "a rule has no `when`";
    NO_THEN "P024" "a rule has no `then`";
    CLAUSE_ORDER "P025" "clauses stand in the wrong order";
    CLAUSE_TWICE "P026" "a clause stands twice";
    NO_WITHIN "P027" "a count, sequence, absence or measure does not say within what time";
    NO_KEY "P028" "a count, sequence or absence does not say for the same what";
    NO_PER "P029" "a limit does not say per what";
    UNQUOTED_TEXT "P030" "a text stands without quotes";
    QUOTED_NUMBER "P031" "a number stands in quotes";
    UNKNOWN_UNIT "P032" "an unknown unit of time";
    NO_UNIT "P033" "a length of time without its unit";
    BAD_NUMBER "P034" "a number that cannot be used";
    BAD_DATE "P035" "a date that does not exist";
    BAD_TIME "P036" "a time of day that does not exist";
    BRACKET "P037" "a bracket without its partner";
    UNKNOWN_ACTION "P038" "an unknown action";
    NO_PREDICATE "P039" "a condition that says nothing of its subject";
    RESERVED_WORD "P040" "a reserved word is used as a name";
    TIMING_ORDER "P041" "the parts of a timing stand in the wrong order";
    NO_COLON "P042" "a timing does not end in a colon";
    LADDER_NOT_LAST "P043" "`escalate` inside a ladder, or not at the end";
    TWO_SIGNALS "P044" "a gap is measured between fields of two signals";
    PLACEHOLDER "P045" "a placeholder in a text that cannot be read";
    UNEXPECTED "P046" "something that does not belong in this place";
    ENDS_TOO_EARLY "P047" "a sentence that ends too early";
    BAD_NAME "P048" "a name with characters that names do not have";
    NO_TIME_OF_DAY "P049" "a schedule without a time of day";
    NEGATED "P050" "a negation that the language says in another way";
    MISPLACED_DEFINE "P051" "a `define` or an `every rule` that stands below a rule";
    BAD_LIMIT "P052" "a limit of another form than `at most once every …`";
    NO_FIELD "P053" "a measure or reading of a signal without its field";
    QUOTE_IN_TEXT "P054" "a quote inside a text that ends it too early";

    // ─── Y0xx: the YAML skeleton ───
    YAML_ALIAS "Y005" "an anchor or an alias";
    YAML_TAG "Y006" "a tag or a directive";
    YAML_MERGE_KEY "Y007" "a merge key";
    YAML_SEVERAL_DOCUMENTS "Y008" "a second document in one file";
    YAML_COMPLEX_KEY "Y009" "a key that is not a single value";
    YAML_DUPLICATE_KEY "Y010" "a key that stands twice in one mapping";
    YAML_TAB "Y011" "a tab where YAML wants spaces";
    YAML_INDENT "Y012" "a line whose indentation fits nothing above it";
    YAML_UNCLOSED "Y013" "a quote or bracket that is never closed, or closed by another";
    YAML_NEEDS_QUOTES "Y014" "a value that YAML reads otherwise unless it is quoted";
    YAML_SYNTAX "Y015" "something else that is not YAML";
    YAML_EMPTY "Y016" "a file without content";
    YAML_UNKNOWN_KEY "Y020" "a key that means nothing here";
    YAML_WRONG_KIND "Y021" "a list, mapping or single value where another of them belongs";
    YAML_MISSING_KEY "Y022" "a key that has to be there";
    YAML_SHAPE "Y023" "two keys that exclude each other, or a mapping that is no known shape";
    YAML_CUT_BY_COMMENT "Y024" "a value that YAML ended at ` #`";
    YAML_CUT_BY_COMMA "Y025" "a sentence that YAML cut at a comma";
    YAML_LOOKS_TYPED "Y026" "a text that looks like something else";
    YAML_EMPTY_VALUE "Y027" "a key without a value";
    YAML_PLAIN_TYPE "Y028" "a value of another type than a plainly typed file needs";

    // ─── E0xx: mail templates ───
    TEMPLATE_UNDECLARED "E001" "a folder of mail texts has no `template.yaml`";
    TEMPLATE_CLASS "E002" "a mail is neither transactional, survey nor marketing";
    TEMPLATE_NO_FALLBACK "E003" "a mail has no texts in its fallback language";
    TEMPLATE_INCOMPLETE "E004" "a language of a mail lacks its subject or its plain text";
    TEMPLATE_SYNTAX "E005" "a mail text that cannot be read";
    TEMPLATE_STRAY_FILE "E006" "a file under `emails/` that belongs to no template";
    TEMPLATE_TOO_LARGE "E007" "a mail text is larger than 64 KB";
    TEMPLATE_SUBJECT "E008" "a subject has more than one line";
    TEMPLATE_VARIABLE "E009" "a mail text names a value that is not declared";
    TEMPLATE_UNUSED "E010" "a declared value that no mail text names";
    TEMPLATE_BRACES "E011" "a name in single braces in a mail text, which goes out as it stands";

    // ─── V0xx: vocabulary, directory, calendars ───
    BAD_WORD "V001" "a name in the vocabulary with characters that names do not have";
    TAKEN_NAME "V002" "a name in the vocabulary that the language or touchline itself uses";
    NAME_TWICE "V003" "two things, signals or plurals with one name";
    FIELD_LIKE_THING "V004" "a field named like a thing";
    UNKNOWN_TYPE "V005" "an unknown type";
    BAD_TYPE "V006" "a type that cannot be read, or lacks a part";
    CES_DIRECTION "V007" "a customer effort score without its direction";
    UNKNOWN_ZONE "V008" "an unknown time zone";
    BAD_LANGUAGE "V009" "something that is no language code";
    NO_LANGUAGE "V010" "a vocabulary without a language";
    UNKNOWN_THING "V011" "an unknown thing";
    BAD_LENGTH "V012" "a length of time that cannot be read";
    LISTED_TWICE "V013" "a touchpoint, channel or language that is listed twice";
    LEXICON_ENTRY "V014" "an entry of a lexicon that can match nothing";
    LEXICON_LANGUAGE "V015" "a lexicon in a language that is not declared";
    TOO_MANY_NAMES "V016" "more names in a vocabulary than can be told apart";
    BAD_CALENDAR "V020" "opening times that cannot be read";
    UNKNOWN_WEEKDAY "V021" "an unknown weekday";
    BAD_OPENING_TIME "V022" "an opening time that does not exist";
    SHIFT_ORDER "V023" "a shift that closes before it opens";
    SHIFTS_OVERLAP "V024" "two shifts of one day that overlap";
    BAD_HOLIDAY "V025" "a holiday that is no date, or a date that does not exist";
    UNKNOWN_HOLIDAYS "V026" "a calendar excepts holidays that are not listed";
    UNKNOWN_PLACE_KIND "V030" "a directory with places of an unknown kind";
    UNKNOWN_FACT "V031" "a directory with an unknown fact";
    WRONG_FACT "V032" "a fact whose value is not of its type";
    UNKNOWN_CALENDAR "V033" "an unknown calendar";
    UNKNOWN_PLACE "V034" "a directory that refers to a place it does not hold";
    BAD_ADDRESS "V035" "an address that cannot be written to";
    BUILTIN_FACT "V036" "a fact that touchline itself keeps";
    BAD_PLACE_ID "V037" "an id that cannot be used";
    BAD_CSV "V038" "a directory in CSV that cannot be read";
    UNKNOWN_WAY "V039" "a way of reaching somebody that there is not";
    BAD_BUDGET "V040" "a budget of alerts that cannot be read, or of a role that nobody fills";
    BAD_CONTACT_BUDGET "V041" "a contact budget or quiet hours that cannot be read";

    // ─── S0xx: scenarios ───
    UNKNOWN_STEP "S001" "a key that no scenario and no step has";
    SCENARIO_TIME "S002" "a moment that cannot be read";
    SCENARIO_WEEKDAY "S003" "weekday and date do not agree";
    STEP_BACK "S004" "time goes backwards";
    SCENARIO_RULE "S005" "a rule the playbook does not have";
    SCENARIO_NAME "S006" "an unknown signal, field, thing or fact";
    SCENARIO_VALUE "S007" "a value that its field cannot hold, or a field that is missing";
    STEP_SHAPE "S008" "a step that is two steps, or none";
    SCENARIO_PLAYBOOK "S009" "a playbook that does not exist";
    SCENARIO_EXPECT "S010" "something that cannot be expected";
    TWO_SCENARIOS "S011" "two scenarios with one name";
    SCENARIO_ZONE "S012" "a time zone that does not exist";
    SCENARIO_KEY "S013" "a key with other parts than the rule's";
    SCENARIO_RELOAD "S014" "a new version of a playbook that cannot be loaded";
    SCENARIO_TARGET "S015" "somebody does something about nothing that happened";
    EMPTY_SCENARIO "S030" "a scenario in which nothing happens, or a file without any";
    NOTHING_SAID "S031" "a scenario that does not say what must happen";
    TODO "S032" "a `todo` that cannot fail, or that fails no longer";
    NEEDLESSLY_ALLOWED "S033" "a rule is allowed to have no scenario, and has one";
    NOT_EXPECTED "S020" "what happened is not what was expected";

    // ─── N0xx: names ───
    UNKNOWN_NAME "N001" "a name that is no field, fact or defined condition here";
    UNKNOWN_SIGNAL "N002" "an unknown signal";
    PLURAL "N003" "a plural that is not declared, or stands where one is meant";
    NO_SUCH_FACT "N004" "an unknown fact of a thing";
    NO_FACTS "N005" "a dot behind something that is no thing";
    UNKNOWN_LEXICON "N006" "an unknown lexicon";
    NO_SUCH_CALENDAR "N007" "an unknown calendar";
    UNKNOWN_ROLE "N008" "a role that nobody fills anywhere";
    UNKNOWN_TEMPLATE "N009" "an unknown mail template";
    UNKNOWN_WORD "N010" "a word that is not on the list of a field, of the touchpoints or of the channels";
    UNQUOTED_WORD "N011" "a word that lacks its quotes";
    UNKNOWN_PLACEHOLDER "N012" "an unknown placeholder in a text";
    OUT_OF_REACH "N013" "a name that exists, but not in this kind of rule";
    KEY_OUT_OF_REACH "N014" "a key that a signal of the rule does not have";
    UNKNOWN_WITH "N015" "an unknown name after `with`";
    UNKNOWN_LANGUAGE "N016" "a language that is not declared";
    NO_SUCH_ZONE "N017" "an unknown time zone";
    RECURSIVE_DEFINE "N018" "a condition that is defined by itself";
    DEFINE_TWICE "N019" "two definitions of one name";
    RULE_TWICE "N020" "two rules with one id";
    PLAYBOOK_TWICE "N021" "two files with one playbook id";
    NO_VOCABULARY "N022" "a playbook without a vocabulary";
    BUILT_IN "N023" "a built-in signal or fact that a rule cannot make";
    KEY_TWICE "N024" "one part of a key, twice";
    GIVEN_TWICE "N025" "a value after `with`, twice";
    EMPTY_NAME "N026" "an empty name";
    TEMPLATE_VALUES "N027" "a mail template that lacks a value";
    UNTIL "N028" "something else than `acknowledged` or `case_closed` after `until`";

    // ─── T0xx: types ───
    OTHER_TYPE "T001" "a value of another type than its subject";
    OUT_OF_SCALE "T002" "a value outside the range of what it is held against";
    QUOTED_VALUE "T003" "a number, a date or a length in quotes";
    MISSING_UNIT "T004" "a number without the unit of its subject";
    WRONG_PREDICATE "T005" "something said that makes no sense of this type";
    REVERSED "T006" "`between` with the larger value first";
    NOT_A_CONDITION "T007" "a name or a script that is no condition by itself";
    LITERAL_SUBJECT "T008" "a condition that begins with a value";
    NOT_A_LITERAL "T009" "a name where a written value belongs";
    NOT_A_VALUE "T010" "a signal where a value belongs";
    SCRIPT "T011" "a script that cannot be used";
    READING_TYPE "T012" "a reading of a field without more or less";
    CLEARS_SIDE "T013" "a clearing line on the wrong side";
    MEASURE_TYPE "T014" "a measure of a field it does not fit";
    MEASURE_TEST "T015" "a measure held against something it cannot be held against";
    ENOUGH "T016" "a least sample that does not fit its measure";
    FOR_EACH_MISSING "T017" "a reading without `for each`";
    FOR_EACH_NOT_ALLOWED "T018" "a `for each` where it does not belong";
    CHECK_NOT_ALLOWED "T019" "a `check` where it does not belong";
    BUSINESS_LENGTH "T020" "opening time where it cannot be counted";
    EMPTY_LENGTH "T021" "a length of time that is zero or negative";
    BROKEN_DAY "T022" "a part of a day or week";
    LENGTH_TOO_LONG "T023" "a length of time that is too long";
    BAD_COUNT "T024" "a count that is always or never reached";
    NOT_A_THING "T025" "a value where a thing belongs";
    NO_ADDRESS "T026" "a mail to something without an address";
    LADDER_PLACE "T027" "a ladder that is not the last and only one";
    LADDER_ACTION "T028" "an action that a ladder cannot take";
    SET_FACT "T030" "a `set` without a thing";
    FIELDS_MISSING "T031" "a recorded signal without a field it needs";
    LOOP "T032" "rules that can set each other off without a limit";

    // ─── C0xx: the daemon's configuration ───
    CONFIG_CHOICE "C001" "a word that is none of the choices";
    CONFIG_NUMBER "C002" "a number, size or length of time that cannot be used";
    CONFIG_ADDRESS "C003" "an address that cannot be used";
    CONFIG_SECRET "C004" "a secret that stands in the file, or is nowhere to be found";
    CONFIG_OPEN "C005" "something that strangers could read or write";

    // ─── L0xx: lints ───
    NEVER_HOLDS "L001" "a condition that can never hold";
    UNREACHABLE "L002" "a rule that no signal can reach";
    LADDER_OVERTAKES "L003" "a ladder step that can be due before the one above it";
    NO_SAMPLE "L004" "a comparison without a least sample";
    NO_LIMIT "L005" "an alert on each signal without a limit";
    NOT_KEPT "L006" "a window or limit longer than what is kept";
    LANGUAGE_MISSING "L007" "a mail template without a declared language";
    ROLE_GAP "L008" "a role that nobody fills somewhere";
    TWO_MAILS "L009" "two rules that can mail one customer for one signal";
    LOOKS_ALIKE "L010" "two ids that look alike";
    NOT_COVERED "L011" "a live rule without a scenario";
    NO_DIRECTORY "L012" "a playbook without a directory";
    DEFINE_UNUSED "L013" "a defined condition that no rule uses";
    MIXED_ALPHABETS "L014" "a word in a text or a name in a vocabulary that mixes letters of two alphabets";
    PERSONAL_KEY "L015" "a rule or a limit that is kept for each value of a personal field";
    EXPECTED_VOLUME "L016" "how many alerts a week a recording would have led to";
    ENTERS_AGAIN "L017" "a reading that enters again and again in a recording";
    NOT_REACHED "L018" "a rule or a step of a ladder that nothing recorded reaches";
    TWO_CONTACTS "L019" "two rules that wrote to one customer within a day";
    CANCELS_ITSELF "L020" "a rule that sets at once what its own guard forbids, and has more to do later";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed_once_and_says_something() {
        let mut codes: Vec<&str> = ALL.iter().map(|(code, _)| *code).collect();
        codes.sort_unstable();
        let count = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), count, "a code is used twice");
        for (code, text) in ALL {
            assert!(code.len() == 4 && code[1..].bytes().all(|byte| byte.is_ascii_digit()), "{code}");
            assert!(!text.is_empty() && !text.ends_with('.'), "{code}: {text}");
        }
    }
}
