//! Every rule finds its examples and passes its counter-examples.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "to clippy the helpers of tests are no tests"
)]

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};
use veilgate_redact::{
    Confidence, Finding, Framing, Judge, Limits, MaskStyle, Masker, Redactor, Rule, RuleSet,
    Treatment,
};

#[derive(Default)]
struct Kinds(Vec<String>);

impl Judge for Kinds {
    fn treat(&mut self, finding: &Finding<'_>) -> Treatment {
        self.0.push(finding.kind.to_owned());
        Treatment::Mask
    }
}

fn builtin() -> Arc<RuleSet> {
    Arc::new(RuleSet::builtin().unwrap_or_else(|error| panic!("{error}")))
}

fn redact(rules: &Arc<RuleSet>, text: &str) -> (Vec<String>, String) {
    let masker = Arc::new(Masker::new(MaskStyle::Label, None));
    let mut redactor = Redactor::new(Arc::clone(rules), masker, Framing::Plain, Limits::default());
    let (mut kinds, mut out) = (Kinds::default(), Vec::new());
    redactor
        .write(text.as_bytes(), &mut kinds, &mut out)
        .unwrap();
    redactor.end(&mut kinds, &mut out).unwrap();
    (kinds.0, String::from_utf8(out).unwrap())
}

fn failures(rules: &Arc<RuleSet>, check: impl Fn(&Rule) -> Vec<String>) {
    let failures: Vec<String> = rules.rules().flat_map(check).collect();
    assert!(
        failures.is_empty(),
        "{} failures\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn every_rule_finds_its_examples() {
    let rules = builtin();
    failures(&rules, |rule| {
        let missed = rule
            .examples()
            .into_iter()
            .filter(|example| redact(&rules, example).0 != [rule.kind()]);
        missed
            .map(|example| {
                format!(
                    "{}: {example}\n    {:?}",
                    rule.kind(),
                    redact(&rules, &example)
                )
            })
            .collect()
    });
}

#[test]
fn no_rule_finds_its_counter_examples() {
    let rules = builtin();
    failures(&rules, |rule| {
        let found = rule.counter_examples().into_iter().filter(|example| {
            redact(&rules, example)
                .0
                .iter()
                .any(|kind| kind == rule.kind())
        });
        found
            .map(|example| {
                format!(
                    "{}: {example}\n    {:?}",
                    rule.kind(),
                    redact(&rules, &example)
                )
            })
            .collect()
    });
}

#[test]
fn every_rule_says_what_it_is_and_is_not() {
    let rules = builtin();
    failures(&rules, |rule| {
        let lacks = [
            (rule.title().len() < 8, "a title"),
            (rule.counter_examples().is_empty(), "a counter-example"),
            (rule.provider().is_empty(), "a provider"),
        ];
        lacks
            .iter()
            .filter(|(lacks, _)| *lacks)
            .map(|(_, what)| format!("{} lacks {what}", rule.kind()))
            .collect()
    });
}

#[test]
fn a_word_in_a_name_is_context_in_every_syntax() {
    let file = r#"
provider = "Test"
[[rule]]
kind = "demo-id"
title = "A code that is one beside a word"
category = "saas"
confidence = "medium"
context = ["demosoft", "demo.soft"]
pattern = '[0-9a-f]{8}'
after = '[^0-9A-Za-z]'
examples = ["demosoft_id=0a1b2c3d "]
"#;
    let builder = RuleSet::builder().rules("demo.toml", file);
    let rules = builder.and_then(veilgate_redact::RuleSetBuilder::build);
    let rules = Arc::new(rules.unwrap());
    for text in [
        "demosoft: {}",
        "Demosoft-Id: {}",
        "my_DEMOSOFT_ID={}",
        "myDemosoftId := '{}'",
        "demo.soft.id => {}",
        r#"{"demosoft_id": "{}"}"#,
        r#"{\"demosoft_id\":\"{}\"}"#,
        "?a=1&demosoft_id={}&b=2",
        "a=1%26demosoft_id%3D{}%26b=2",
        "Server=x;Demosoft Id={};Port=1",
        "export DEMOSOFT_ID=\"{}\"",
        "<demosoftId>{}</demosoftId>",
        "config['demosoft'] = '{}'",
        "msg=\"using demosoft id: {}\"",
    ] {
        let text = text.replace("{}", "0a1b2c3d");
        let (_, out) = redact(&rules, &text);
        let masked = text.replace("0a1b2c3d", "[REDACTED:demo-id]");
        assert_eq!(out, masked, "{text}");
    }
    for text in [
        "demosoft 0a1b2c3d",
        "demosoft_id=0a1b2c3d4",
        "other_id=0a1b2c3d",
        "0a1b2c3d=demosoft",
        "demosoft_id=${ID}, commit=0a1b2c3d",
        "demosoft_id=0A1B2C3D ",
    ] {
        assert_eq!(redact(&rules, text).1, text);
    }
}

#[test]
fn there_are_enough_sure_rules() {
    let rules = builtin();
    let sure: HashSet<&str> = rules
        .rules()
        .filter(|rule| rule.confidence() == Confidence::High)
        .map(Rule::kind)
        .collect();
    assert!(sure.len() >= 45, "{}", sure.len());
}

#[test]
fn no_secret_of_an_example_survives() {
    let rules = builtin();
    let samples = rules.corpus();
    assert!(samples.len() > rules.rules().count());
    for sample in samples {
        assert!(sample.secret.len() >= 4, "{}: {}", sample.kind, sample.text);
        let (_, out) = redact(&rules, &sample.text);
        assert!(!out.contains(&sample.secret), "{}: {out}", sample.kind);
    }
}

/// As the value of a member, and as that in a document that is itself the value of a member.
#[test]
fn no_secret_of_an_example_survives_in_json() {
    let rules = builtin();
    let document = |text: &str| json!({"name": "x", "value": text, "n": 1}).to_string();
    for sample in rules.corpus() {
        for levels in 1..=2 {
            let (mut text, mut secret) = (sample.text.clone(), sample.secret.clone());
            for _ in 0..levels {
                text = document(&text);
                let quoted = Value::from(secret).to_string();
                secret = quoted.trim_matches('"').to_owned();
            }
            let (_, out) = redact(&rules, &text);
            assert!(
                !out.contains(&secret),
                "{} in {levels} levels: {out}",
                sample.kind
            );
            let mut inner = Value::from(out);
            for _ in 0..levels {
                let parsed: Value = serde_json::from_str(inner.as_str().unwrap()).unwrap();
                inner = parsed["value"].clone();
            }
            // An example that was JSON still is.
            if serde_json::from_str::<Value>(&sample.text).is_ok() {
                assert!(
                    serde_json::from_str::<Value>(inner.as_str().unwrap()).is_ok(),
                    "{}: {inner}",
                    sample.kind
                );
            }
        }
    }
}
