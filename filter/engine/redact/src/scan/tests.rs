//! The work a text can cause, counted in steps of candidates, so that the test does not depend on a machine's speed.

use std::sync::Arc;

use super::{Scanner, Strictness};
use crate::{Limits, MaskAll, MaskStyle, Masker, Rule, RuleSet};

/// Steps beyond one transition per byte that the worst text found may cause, per byte.
const FACTOR: f64 = 48.0;

fn steps_per_byte(rules: &Arc<RuleSet>, pattern: &str, length: usize) -> f64 {
    let text = pattern.repeat(length / pattern.len() + 1);
    let masker = Arc::new(Masker::new(MaskStyle::Label, None));
    let mut scanner = Scanner::new(
        Arc::clone(rules),
        masker,
        Limits::default(),
        Strictness::Text,
    );
    let mut out = Vec::new();
    for chunk in text.as_bytes().chunks(1021) {
        scanner.write(chunk, &mut MaskAll, &mut out).unwrap();
    }
    scanner.flush(&mut MaskAll, &mut out).unwrap();
    #[expect(clippy::cast_precision_loss, reason = "counts of a few millions")]
    let ratio = scanner.steps() as f64 / text.len() as f64;
    ratio
}

/// What a hostile sender would repeat: anchors back to back, and credentials that fail at the last byte.
fn hostile(rules: &RuleSet) -> Vec<String> {
    let texts = [
        "eyJ",
        "eyJ.",
        "eyJhbGciOi.",
        "key = ",
        "token: ",
        "://a:",
        "-----BEGIN ",
        "-----BEGIN RSA PRIVATE KEY-----\n",
        "glpat-",
        "sk-ant-api03-sk-",
        "MTIzMTIz",
        "\"d\":\"",
        "secret=",
    ];
    let anchors = rules
        .rules()
        .flat_map(|rule| &rule.matcher.anchors)
        .map(|anchor| String::from_utf8_lossy(&anchor.bytes).into_owned());
    let upper = rules
        .rules()
        .flat_map(|rule| &rule.matcher.anchors)
        .map(|anchor| String::from_utf8_lossy(&anchor.bytes).to_ascii_uppercase());
    let near_misses = rules.rules().flat_map(Rule::examples).flat_map(|example| {
        let start = |length: usize| example.chars().take(length).collect::<String>();
        let length = example.chars().count();
        [
            format!("{}~", start(length.saturating_sub(1))),
            start(length / 2),
            start(8),
            start(5),
        ]
    });
    let mut all: Vec<String> = texts
        .iter()
        .map(|text| (*text).to_owned())
        .chain(anchors)
        .chain(upper)
        .chain(near_misses)
        .filter(|text| !text.is_empty())
        .collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn work_is_linear_with_a_stated_factor() {
    let rules = Arc::new(RuleSet::builtin().unwrap());
    let mut worst = (0.0, String::new());
    for pattern in hostile(&rules) {
        let short = steps_per_byte(&rules, &pattern, 20_000);
        if short > worst.0 {
            worst = (short, pattern.clone());
        }
        if short > 4.0 {
            let long = steps_per_byte(&rules, &pattern, 80_000);
            assert!(
                long < short * 1.1 + 1.0,
                "{pattern:?} costs {short} steps per byte at 20 KB and {long} at 80 KB"
            );
        }
    }
    assert!(worst.0 < FACTOR, "{worst:?}");
}

#[test]
fn clean_text_causes_next_to_no_work() {
    let rules = Arc::new(RuleSet::builtin().unwrap());
    let json = r#"{"id":1296269,"node_id":"MDEwOlJlcG9zaXRvcnkxMjk2MjY5","name":"Hello-World","private":false,"html_url":"https://example.com/octocat/Hello-World"},"#;
    let steps = steps_per_byte(&rules, json, 50_000);
    assert!(steps < 1.0, "{steps}");
}
