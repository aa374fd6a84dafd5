//! The redaction corpus in every runtime but the native one: the scan engine in wasmtime and in V8, and the whole filter in real Envoy.
//!
//! Outputs are byte for byte those of the native engine, because that has its own test of the same expectations.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "to clippy the helpers of tests are no tests"
)]

#[path = "../../../filter/engine/redact/tests/corpus/cases/mod.rs"]
mod cases;
mod envoy;
mod guest;
mod node;

use std::path::Path;
use std::sync::LazyLock;

use cases::{Case, Options, Stream};

static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let cases = cases::read(&project.join("filter/engine/redact/testdata"));
    cases
        .into_iter()
        .filter(|case| !case.is_pending())
        .collect()
});

/// Inputs up to this length are cut in two at every byte.
const EVERY_CUT: usize = 1024;

/// The cases that a runtime can take and how many it cannot, which is printed.
fn taken(runtime: &str, takes: impl Fn(&Case) -> bool) -> Vec<&'static Case> {
    let taken: Vec<&Case> = CASES.iter().filter(|case| takes(case)).collect();
    println!("{runtime}: {} of {} cases", taken.len(), CASES.len());
    assert!(!taken.is_empty());
    taken
}

/// Whether the guest can take it: the default options are all it knows.
fn guest_takes(case: &Case) -> bool {
    let defaults = Options {
        fails: case.fails(),
        ..Options::default()
    };
    case.options == defaults
}

/// What the guest is told before the input: a content type; or, ending in `: `, the name of the header that the input is the value of. Targets are the value
/// of `:path`.
fn guest_prefix(case: &Case) -> String {
    match &case.stream {
        Stream::Body(_) => case.content_type.clone(),
        Stream::Header(name) => format!("{name}: "),
        Stream::Target => ":path: ".to_owned(),
    }
}

/// The pieces an input is given in: whole, in two at every byte, byte by byte. A header value is always whole.
fn cuttings(case: &Case) -> Vec<Vec<&[u8]>> {
    let input = case.input.as_slice();
    if !matches!(case.stream, Stream::Body(_)) {
        return vec![vec![input]];
    }
    let every = if input.len() <= EVERY_CUT {
        0..=input.len()
    } else {
        0..=0
    };
    let halves = every.map(|cut| {
        let (a, b) = input.split_at(cut);
        vec![a, b]
    });
    halves.chain([input.chunks(1).collect()]).collect()
}

fn assert_none(failures: &[String]) {
    assert!(
        failures.is_empty(),
        "{} failures\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn compare(case: &Case, how: &str, out: &[u8], failed: bool) -> Option<String> {
    (out != case.output || failed != case.fails()).then(|| {
        format!(
            "{} {how}:\n    expected: {}\n    came:     {}{}",
            case.name,
            case.output.escape_ascii(),
            out.escape_ascii(),
            if failed { ", and an error" } else { "" }
        )
    })
}
