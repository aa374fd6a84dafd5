//! What those who write rules are told: every mistake of a file, and where in a text a rule stopped.
#![cfg(feature = "authoring")]

use veilgate_redact::{Reading, RuleSet, RuleSetBuilder, Shipped, Stopped, shipped_files};

const GOOD: &str = r#"provider = "test"

[[rule]]
kind = "demo"
title = "a demo token"
category = "saas"
confidence = "high"
pattern = 'demo_[a-z]{8}'
examples = ["demo_abcdefgh"]
"#;

fn told(text: &str) -> Vec<String> {
    let problems = Reading::of("demo.toml", text).problems;
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_good_rule_has_its_line() {
    let reading = Reading::of("demo.toml", GOOD);
    assert!(reading.problems.is_empty(), "{:?}", reading.problems);
    let rules: Vec<(usize, &str)> = reading
        .rules
        .iter()
        .map(|(line, rule)| (*line, rule.kind()))
        .collect();
    assert_eq!(rules, [(3, "demo")]);
}

#[test]
fn every_mistake_is_told_once_and_with_its_line() {
    let text = GOOD
        .replace("\"demo\"", "\"Demo Token\"")
        .replace(
            "confidence = \"high\"\n",
            "lead = 'a*'\ncontext = ['x']\nafter = 'ab'\nbefore = '\\b'\npatern = 1\n",
        )
        .replace("[a-z]{8}", "[a-z")
        .replace("[\"demo_abcdefgh\"]", "[]");
    let told = told(&text);
    for expected in [
        "demo.toml:3: rule `Demo Token`: field `confidence`: missing field `confidence`",
        "demo.toml:4: rule `Demo Token`: field `kind`: is not a name",
        "demo.toml:7: rule `Demo Token`: field `lead`: can be longer than 512 bytes",
        "demo.toml:8: rule `Demo Token`: field `context`: cannot stand beside `lead`",
        "demo.toml:9: rule `Demo Token`: field `after`: is not a class",
        "demo.toml:10: rule `Demo Token`: field `before`: uses",
        "demo.toml:11: rule `Demo Token`: field `patern`: unknown field `patern`",
        "demo.toml:12: rule `Demo Token`: field `pattern`: is not a valid pattern",
        "demo.toml:13: rule `Demo Token`: field `examples`: is empty",
    ] {
        let count = told.iter().filter(|it| it.starts_with(expected)).count();
        assert_eq!(count, 1, "{expected}: {told:#?}");
    }
    // Of a lead and a context that stand side by side the lead is looked at further.
    assert_eq!(told.len(), 9, "{told:#?}");
}

#[test]
fn mistakes_around_the_rules_are_told_too() {
    for (text, expected) in [
        ("", "demo.toml:1: missing field `provider`"),
        ("provider = 'x'", "demo.toml:1: has no rule"),
        (
            "provider = 1\n[[rule]]",
            "demo.toml:1: field `provider`: is not a text",
        ),
        (
            "provider = 'x'\nkind = 'y'",
            "demo.toml:2: unknown field `kind`",
        ),
        (
            "provider = 'x'\nrule = [1]",
            "demo.toml:2: field `rule`: is not a table",
        ),
        ("provider = 'x'\n[[rule]\nkind = ", "demo.toml:2: "),
    ] {
        let told = told(text);
        assert!(
            told.iter().any(|it| it.starts_with(expected)),
            "{text}: {told:?}"
        );
    }
}

/// What reads one mistake after the other finds what reading up to the first one finds.
#[test]
fn shipped_files_have_none() {
    for file in shipped_files() {
        if file.part_of != Shipped::Carriers {
            assert!(
                Reading::of(file.name, file.text).problems.is_empty(),
                "{}",
                file.name
            );
        }
    }
}

#[test]
fn a_rule_tells_where_it_stopped() {
    let lines =
        "before = '[^-]'\nafter = '[^a-z]'\nplaceholders = false\npattern = 'demo_[a-z]{4,8}'";
    let plain = GOOD.replace("pattern = 'demo_[a-z]{8}'", lines);
    let context = "context = ['demosoft']\npattern = '[0-9]{4}'";
    let context = GOOD.replace("pattern = 'demo_[a-z]{8}'", context);
    for (file, text, expected) in [
        (&plain, "x demo_qwxz", (Stopped::Nowhere, 2, Some(2), 11)),
        (&plain, "none", (Stopped::Start, 0, None, 0)),
        (&plain, "x dem-", (Stopped::Start, 2, None, 5)),
        (&plain, "xdemo_qwxz", (Stopped::Word, 1, None, 1)),
        (&plain, "xDemo_qwxz", (Stopped::Pattern, 1, Some(1), 1)),
        (&plain, "-demo_qwxz", (Stopped::Before, 1, None, 1)),
        (&plain, r"-\ndemo_qwxz", (Stopped::Nowhere, 3, Some(3), 12)),
        (&plain, "demo_qwx1", (Stopped::Pattern, 0, Some(0), 8)),
        (&plain, "demo_qwxzqwxzq", (Stopped::After, 0, Some(0), 13)),
        (&plain, "demo_token", (Stopped::Placeholder, 0, Some(0), 10)),
        // The best of several places.
        (&plain, "demo_1 demo_qw", (Stopped::Pattern, 7, Some(7), 14)),
        (
            &context,
            "demosoft_id: 1234",
            (Stopped::Nowhere, 0, Some(13), 17),
        ),
        (&context, "demosoft_id; 1234", (Stopped::Lead, 0, None, 8)),
        (
            &context,
            "demosoft_id: 12x4",
            (Stopped::Pattern, 0, Some(13), 15),
        ),
    ] {
        let rules = RuleSet::builder().rules("demo.toml", file);
        let rules = rules.and_then(RuleSetBuilder::build).unwrap();
        let trace = rules.trace("demo", text).unwrap();
        let got = (trace.stopped, trace.from, trace.value, trace.at);
        assert_eq!(got, expected, "{text}");
        assert_eq!(rules.trace("other", text), None);
    }
}

/// A rule that finds its example matches it, too.
#[test]
fn shipped_rules_match_their_examples() {
    let rules = RuleSet::builtin().unwrap();
    for rule in rules.rules() {
        for text in rule.examples() {
            let trace = rules.trace(rule.kind(), &text);
            let matches = trace.is_none_or(|trace| trace.stopped == Stopped::Nowhere);
            assert!(matches, "{}: {trace:?}", rule.kind());
        }
    }
}
