//! The scan engine as a WebAssembly module in V8, the engine of Envoy, here inside Node.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::cases::Case;
use crate::{assert_none, compare, cuttings, guest, guest_prefix, guest_takes, taken};

#[test]
fn the_engine_in_v8() {
    let node =
        std::env::var_os("VEILGATE_NODE").map_or_else(|| PathBuf::from("node"), PathBuf::from);
    if let Err(error) = Command::new(&node).arg("--version").output() {
        println!("skipped: `{}` does not run: {error}", node.display());
        return;
    }
    let cases = taken("V8", guest_takes);
    let question: Vec<_> = cases
        .iter()
        .map(|case| {
            json!({
                "prefix": guest_prefix(case),
                "input": STANDARD.encode(&case.input),
                "cuttings": lengths(case),
            })
        })
        .collect();
    let answers: Vec<Vec<(String, bool)>> =
        serde_json::from_slice(&run(&node, json!(question).to_string().as_bytes())).unwrap();
    assert_eq!(answers.len(), cases.len());
    let mut failures = Vec::new();
    for (case, answers) in cases.iter().zip(answers) {
        let cuttings = lengths(case);
        assert_eq!(answers.len(), cuttings.len());
        let differing = answers
            .iter()
            .zip(cuttings)
            .find_map(|((out, failed), lengths)| {
                let out = STANDARD.decode(out).unwrap();
                compare(case, &format!("as {lengths:?}"), &out, *failed)
            });
        failures.extend(differing);
    }
    assert_none(&failures);
}

fn lengths(case: &Case) -> Vec<Vec<usize>> {
    cuttings(case)
        .iter()
        .map(|pieces| pieces.iter().map(|piece| piece.len()).collect())
        .collect()
}

fn run(node: &Path, question: &[u8]) -> Vec<u8> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/node.mjs");
    let mut child = Command::new(node)
        .arg(script)
        .arg(guest::module())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // It reads all of it before it writes anything.
    stdin.write_all(question).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "node ended with {}", output.status);
    output.stdout
}
