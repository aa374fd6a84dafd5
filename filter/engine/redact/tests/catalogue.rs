//! The catalogue is held to what the built-in rules are held to.
#![cfg(feature = "catalogue")]
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "to clippy the helpers of tests are no tests"
)]

mod support;

use std::collections::HashSet;
use std::sync::Arc;

use veilgate_redact::{Confidence, Framing, Profile, RuleSet};

use support::Setup;

fn all() -> Arc<RuleSet> {
    let builder = RuleSet::builder().builtin().unwrap();
    let builder = builder.catalogue(Profile::Wide).unwrap();
    Arc::new(builder.build().unwrap())
}

fn setup() -> Setup {
    Setup {
        rules: all(),
        ..Setup::new(Framing::Plain)
    }
}

#[test]
fn every_rule_finds_its_examples_and_no_counter_example() {
    let setup = setup();
    let rules = Arc::clone(&setup.rules);
    let mut wrong = Vec::new();
    for rule in rules.rules() {
        let kind = rule.kind();
        for example in rule.examples() {
            let found = setup.whole(&example).asked;
            if !found.iter().any(|asked| asked.starts_with(kind)) {
                wrong.push(format!("{kind} is not found in an example: {found:?}"));
            }
        }
        for example in rule.counter_examples() {
            let found = setup.whole(&example).asked;
            if found
                .iter()
                .any(|asked| asked.split(' ').next() == Some(kind))
            {
                wrong.push(format!("{kind} is found in a counter-example"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn examples_are_the_same_in_any_cuts() {
    let setup = setup();
    for sample in setup.rules.corpus() {
        let text = format!("got {}, ok", sample.text);
        let whole = setup.whole(&text);
        assert!(!whole.text().contains(&sample.secret), "{}", sample.kind);
        for length in [1, 7] {
            assert_eq!(setup.run(text.as_bytes().chunks(length)), whole, "{text}");
        }
    }
}

#[test]
fn it_covers_what_people_use() {
    let rules = all();
    let kinds: HashSet<&str> = rules.rules().map(veilgate_redact::Rule::kind).collect();
    let providers: HashSet<&str> = rules.rules().map(veilgate_redact::Rule::provider).collect();
    assert!(kinds.len() >= 450, "{} kinds", kinds.len());
    assert!(providers.len() >= 260, "{} providers", providers.len());
}

#[test]
fn a_profile_says_how_sure_a_rule_has_to_be() {
    let least = |profile| {
        let builder = RuleSet::builder().builtin().unwrap().profile(profile);
        let rules = builder.catalogue(profile).unwrap().build().unwrap();
        let confidences: Vec<Confidence> = rules.rules().map(|rule| rule.confidence()).collect();
        confidences.into_iter().min()
    };
    assert_eq!(least(Profile::Precise), Some(Confidence::High));
    assert_eq!(least(Profile::Balanced), Some(Confidence::Medium));
    assert_eq!(least(Profile::Wide), Some(Confidence::Low));
}
