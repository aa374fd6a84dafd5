//! Rule and carrier files: what cannot be used is refused, and what is taken works at every cut.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use veilgate_fuzz::run_with;
use veilgate_redact::{Framing, Limits, RuleSet};

fuzz_target!(|text: &str| {
    let _ = RuleSet::builder().carriers("carriers.toml", text);
    let built = RuleSet::builder()
        .rules("rules.toml", text)
        .and_then(veilgate_redact::RuleSetBuilder::build);
    let Ok(rules) = built else {
        return;
    };
    let rules = Arc::new(rules);
    for rule in rules.rules() {
        for example in rule.examples().into_iter().chain(rule.counter_examples()) {
            let body = &example.as_bytes()[..example.len().min(2000)];
            let whole = run_with(&rules, &Framing::Plain, Limits::default(), &[body]);
            let (a, b) = body.split_at(body.len() / 2);
            assert_eq!(run_with(&rules, &Framing::Plain, Limits::default(), &[a, b]), whole);
            let bytes: Vec<&[u8]> = body.chunks(1).collect();
            assert_eq!(run_with(&rules, &Framing::Plain, Limits::default(), &bytes), whole);
        }
    }
});
