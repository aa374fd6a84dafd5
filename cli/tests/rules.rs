//! The loop of those who write rules, as they see it: what `veilgate rules` prints, and with which status it ends.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Status, standard output and standard error.
fn veilgate(arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_veilgate"))
        .arg("rules")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Not every command reads it.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_new_rule_passes_the_check_and_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let token = format!("acme_{}", "a1B2c3D4".repeat(4));
    let (status, rule, err) = veilgate(&["new", "acme-api-key", "--sample"], &token);
    assert_eq!((status, err.as_str()), (0, ""));
    assert!(
        rule.contains("acme_[0-9A-Za-z]{32}") && !rule.contains("a1B2"),
        "{rule}"
    );
    let path = file(folder.path(), "acme.toml", &rule);
    let path = path.to_str().unwrap();
    let (status, out, _) = veilgate(&["check", path, "--against-builtin"], "");
    assert_eq!(
        (status, out.as_str()),
        (0, "1 rule, 2 examples, 2 counter-examples: all good\n")
    );
    let (status, out, _) = veilgate(&["explain", "acme-api-key", "--rules", path], "");
    assert_eq!(status, 0);
    assert!(out.contains("-> [REDACTED:acme-api-key]"), "{out}");
    assert!(
        out.contains("pattern         acme_[0-9A-Za-z]{32}"),
        "{out}"
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let rule = r#"provider = "Acme"

[[rule]]
kind = "Acme"
title = "Acme key"
category = "other"
confidence = "high"
patern = "x"
pattern = 'acme_[a-z'
after = 'ab'
examples = ["acme_{{hex:8}}"]

[[rule]]
kind = "acme-key"
title = "Acme key"
category = "saas"
confidence = "high"
pattern = 'acme_[0-9]{8}'
examples = ["acme_{{dec:7}}x"]
"#;
    let path = file(folder.path(), "acme.toml", rule);
    let path = path.to_str().unwrap();
    let (status, out, _) = veilgate(&["check", path], "");
    assert_eq!(status, 1);
    for expected in [
        "acme.toml:4: rule `Acme`: field `kind`: is not a name",
        "acme.toml:6: rule `Acme`: field `category`: unknown variant `other`",
        "acme.toml:8: rule `Acme`: field `patern`: unknown field `patern`",
        "acme.toml:9: rule `Acme`: field `pattern`: is not a valid pattern",
        "acme.toml:10: rule `Acme`: field `after`: is not a class of single bytes",
        "acme.toml:13: rule `acme-key`: example 1: nothing is found: `pattern` stops at byte 12 ('x')",
        "1 rule, 1 example, 0 counter-examples: 6 errors",
    ] {
        assert!(out.contains(expected), "{expected}: {out}");
    }
    assert!(!out.contains('\x1b'), "colour although nobody is looking");
}

#[test]
fn rules_of_gitleaks_are_converted_to_rules_that_pass() {
    let folder = tempfile::tempdir().unwrap();
    let config = r#"title = "Ours"
[[rules]]
id = "acme-key"
description = "Found an Acme key, which is bad."
regex = '''\b(acme_[a-z0-9]{20})(?:[\x60'"\s;]|\\[nr]|$)'''
entropy = 3
[[rules]]
id = "dump"
path = '''\.sql$'''
"#;
    let path = file(folder.path(), "gitleaks.toml", config);
    let (status, rules, err) = veilgate(&["import", path.to_str().unwrap()], "");
    assert_eq!(status, 1);
    assert_eq!(
        err,
        "acme-key: left out: entropy of at least 3\n\
         dump: not converted: is for paths alone, and what passes has none\n\
         2 rules: 1 converted (1 of them with something left out) to 1, 1 not converted\n"
    );
    let path = file(folder.path(), "ours.toml", &rules);
    let (status, out, _) = veilgate(&["check", path.to_str().unwrap()], "");
    assert_eq!(status, 0, "{out}");
}

#[test]
fn shipped_kinds_are_explained_and_listed() {
    for (kind, expected) in [
        (
            "github-pat",
            "file            policies/credentials/github.toml",
        ),
        ("github-pat", "-> [REDACTED:github-pat]"),
        (
            "github-pat",
            "profiles        all profiles, the default one (balanced) too",
        ),
        ("ably-api-key", "context         ably"),
        (
            "ably-api-key",
            "only if its file is given as `redaction.rules.extra`",
        ),
        ("password-field", "file            policies/carriers.toml"),
        ("session-cookie", "what stands under certain names (cookie)"),
    ] {
        let (status, out, _) = veilgate(&["explain", kind], "");
        assert_eq!(status, 0);
        assert!(out.contains(expected), "{expected}: {out}");
    }
    let (status, out, err) = veilgate(&["explain", "github-pta"], "");
    assert_eq!((status, out.as_str()), (3, ""));
    assert!(
        err.contains("there is no kind `github-pta`; did you mean `github-pat`"),
        "{err}"
    );
    let (status, all, _) = veilgate(&["list"], "");
    assert_eq!(status, 0);
    let lines: Vec<&str> = all.lines().collect();
    assert!(lines.len() > 700 && lines.is_sorted(), "{}", lines.len());
    assert!(lines.contains(&"github-pat\tGitHub\thigh"), "{all}");
    let (_, sure, _) = veilgate(&["list", "--profile", "precise"], "");
    assert!(sure.lines().count() < lines.len() && sure.lines().all(|it| it.ends_with("\thigh")));
}

#[test]
fn what_cannot_be_read_is_3() {
    for arguments in [
        &["check", "/no/such/file.toml"][..],
        &["check"],
        &["import", "/no/such/file.toml"],
        &["new", "acme-key", "--sample"],
        &["explain", "x", "--rules", "/no/such/file.toml"],
        &["list", "--profile", "teapot"],
    ] {
        let (status, out, err) = veilgate(arguments, "");
        assert_eq!((status, out.as_str()), (3, ""), "{arguments:?}");
        assert!(!err.is_empty());
    }
    // Not a part of it is printed.
    let (status, out, err) = veilgate(&["new", "acme-key", "--sample"], "hunter2 hunter2 hunter2");
    assert_eq!((status, out.as_str()), (3, ""));
    assert!(!err.contains("hunter2"), "{err}");
}
