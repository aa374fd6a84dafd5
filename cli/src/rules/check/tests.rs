use super::*;

/// What is found in a good file with one text replaced.
fn report(text: &str, by: &str) -> Report {
    check(&[("acme.toml", &replaced(text, by))], true).unwrap()
}

fn replaced(text: &str, by: &str) -> String {
    let good = r#"
provider = "Acme"
[[rule]]
kind = "acme-key"
title = "Acme key"
category = "saas"
confidence = "high"
before = '[^a-z]'
pattern = 'acme_[0-9a-f]{8}'
after = '[^0-9a-f]'
examples = ["acme_{{hex:8}}", "key: acme_{{hex:8}}\n"]
counter_examples = ["acme_{{hex:7}}"]

[[rule]]
kind = "acme-id"
title = "Acme id"
category = "saas"
confidence = "medium"
placeholders = false
context = ["acmesoft"]
pattern = '[0-9A-Za-z]{8}'
examples = ["acmesoft_id = {{b62:8}}"]
"#;
    assert!(good.contains(text), "{text}");
    good.replace(text, by)
}

fn problems(text: &str, by: &str) -> String {
    report(text, by).problems.join("\n")
}

#[test]
fn a_good_file_is_good() {
    let report = report("acme", "acme");
    assert!(report.is_good(), "{report:?}");
    assert!(report.warnings.is_empty(), "{report:?}");
    assert_eq!(
        (report.rules, report.examples, report.counter_examples),
        (2, 3, 1)
    );
}

#[test]
fn an_example_that_is_missed_says_where_the_rule_stopped() {
    for (example, expected) in [
        ("nothing", "it has nothing of the fixed bytes"),
        ("acmf_{{hex:8}}", "ends before byte 3 ('f')\n    acmf_"),
        (
            "xacme_{{hex:8}}",
            "stands within a word at byte 1, where nothing is found",
        ),
        ("aBacme_{{hex:8}}", "stands within a word at byte 2"),
        (
            "acme_{{hex:4}}!",
            "`pattern` stops at byte 9 ('!'), 9 bytes behind the start of the value",
        ),
        (
            "acme_{{hex:7}}",
            "`pattern` stops at byte 12, the end of the text",
        ),
        ("acme_{{hex:9}}", "`after` does not allow byte 13 ('"),
        (
            "acme_{{hex:8}} acme_{{hex:8}}",
            "2 credentials are found, and an example has exactly one\n    [REDACTED:acme-key] [REDACTED:acme-key]",
        ),
        (
            "ghp_{{b62:36}}",
            "`github-pat` finds it instead\n    [REDACTED:github-pat]\nThis rule finds nothing: ",
        ),
    ] {
        let problems = problems("\"acme_{{hex:8}}\", ", &format!("\"{example}\", "));
        assert!(
            problems.starts_with("acme.toml:3: rule `acme-key`: example 1: "),
            "{problems}"
        );
        assert!(problems.contains(expected), "{example}: {problems}");
    }
    let before = report("'[^a-z]'", "'[^ -~]'").problems.join("\n");
    assert!(
        before.contains(
            "example 2: nothing is found: `before` does not allow byte 4 (' ')\n    key: acme_"
        ),
        "{before}"
    );
}

#[test]
fn a_context_and_a_placeholder_have_reasons_of_their_own() {
    for (example, expected) in [
        ("acmesoft_id {{b62:8}}", "`context` stops at byte 8"),
        (
            "acmesoft_id = {{b62:5}}",
            "`pattern` stops at byte 19, the end of the text",
        ),
        (
            "acmesoft_id = password",
            "the value at byte 14 says that it is a placeholder",
        ),
    ] {
        let problems = problems("acmesoft_id = {{b62:8}}", example);
        assert!(problems.contains(expected), "{example}: {problems}");
    }
}

#[test]
fn a_counter_example_that_is_found_is_shown_masked() {
    let problems = problems("acme_{{hex:7}}", "x: acme_{{hex:8}}");
    assert_eq!(
        problems,
        "acme.toml:3: rule `acme-key`: counter-example 1: finds 1 where nothing should be found; make the rule narrower\n    x: [REDACTED:acme-key]"
    );
}

#[test]
fn a_kind_is_taken_once() {
    let taken = problems("\"acme-key\"", "\"github-pat\"");
    assert!(taken.contains("acme.toml:3: rule `github-pat`: field `kind`: is already taken by a built-in rule in policies/credentials/github.toml"), "{taken}");
    let taken = problems("\"acme-id\"", "\"acme-key\"");
    assert!(
        taken.contains("is already taken by the rule at acme.toml:3"),
        "{taken}"
    );
    let taken = problems("\"acme-id\"", "\"password-field\"");
    assert!(taken.contains("policies/carriers.toml"), "{taken}");
    let catalogue = report("\"acme-id\"", "\"ably-api-key\"");
    assert!(
        catalogue.is_good() && catalogue.warnings.len() == 1,
        "{catalogue:?}"
    );
}

#[test]
fn what_a_built_in_rule_finds_too_is_told() {
    let file = replaced(
        "pattern = 'acme_[0-9a-f]{8}'\nafter = '[^0-9a-f]'\nexamples = [\"acme_{{hex:8}}\", \"key: acme_{{hex:8}}\\n\"]",
        "pattern = 'glpat-[0-9A-Za-z]{20}'\nexamples = [\"glpat-{{b62:20}}\"]",
    );
    let report = check(&[("acme.toml", &file)], false).unwrap();
    let told = format!("{report:?}");
    assert!(
        told.contains("the built-in rule `gitlab-pat` finds this too"),
        "{told}"
    );
}

/// A rule of a shipped file is no stranger to itself.
#[test]
fn shipped_files_pass() {
    for file in veilgate_redact::shipped_files() {
        if file.part_of == veilgate_redact::Shipped::Credentials {
            let report = check(&[(file.name, file.text)], false).unwrap();
            assert!(report.is_good(), "{report:?}");
        }
    }
}
