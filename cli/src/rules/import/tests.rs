use super::*;
use crate::rules::check;

fn imported(rules: &str) -> Imported {
    Imported::of(&Config::of(rules).unwrap())
}

/// One rule of the usual head, with these lines.
fn one(lines: &str) -> Imported {
    imported(&format!(
        "title = 'Test'\n[[rules]]\nid = 'acme-key'\ndescription = 'Found a possible Acme key, which is bad.'\n{lines}\n"
    ))
}

/// What stands before a value in most rules of gitleaks, and behind it.
fn usual(word: &str, value: &str) -> String {
    let before = r#"(?:[ \t\w.-]{0,20})[\s'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'"\s=]{0,5}"#;
    format!(
        "regex = '''(?i)[\\w.-]{{0,50}}?(?:{word}){before}({value})(?:[\\x60'\"\\s;]|\\\\[nr]|$)'''"
    )
}

#[test]
fn the_usual_shape_becomes_a_context() {
    let imported = one(&usual("acme|acmesoft", "[a-f0-9]{32}"));
    for line in [
        "kind = \"acme-key\"",
        "title = \"Acme key\"",
        "confidence = \"medium\"",
        "context = [\"acme\"]",
        "pattern = '(?i:[a-f0-9]{32})'",
        "after = '[\\t-\\r \"\\x27;\\\\`]'",
        "examples = ['acme_key = \"{{hex:32}}\"']",
    ] {
        let file = &imported.file;
        assert!(file.lines().any(|it| it == line), "{line}: {file}");
    }
    assert_eq!(imported.refused, 0);
}

#[test]
fn a_prefix_is_a_rule_of_its_own() {
    for (regex, fields) in [
        (
            r"\b(acme_[a-z0-9]{20})(?:[\s;]|$)",
            vec![
                "before = '[^0-9A-Za-z_]'",
                "pattern = 'acme_[a-z0-9]{20}'",
                "after = '[\\t-\\r ;]'",
            ],
        ),
        (
            r"acme_(?i)[a-z]{20}",
            vec!["pattern = 'acme_(?i:[a-z]{20})'"],
        ),
        (
            r"\bacme_[A-Z]{20}\b",
            vec!["before = '[^0-9A-Za-z_]'", "after = '[^0-9A-Za-z_]'"],
        ),
        (
            r"\b(acme_[a-z0-9]{20,}={0,2})(?:[\s;]|$)",
            vec!["pattern = 'acme_[a-z0-9]{20}'", "tail = '[a-z0-9]*={0,2}'"],
        ),
        (r"acme_[a-z]+-[a-z]+x", vec!["max_length = 4096"]),
        (r"acme_[\w-]{20,3000}", vec!["tail = '[\\w-]*'"]),
        (
            r#"(?i)"acme_key"\s*=>\s*"([a-z]{8})""#,
            vec![
                r#"lead = '(?i:"acme_key"\s{0,32}=>\s{0,32}")'"#,
                "after = '[\"]'",
            ],
        ),
        (
            r#"acme="(.{8,})" />"#,
            vec!["max_length = 4096", "after = '[\"]'"],
        ),
    ] {
        let imported = one(&format!("regex = '''{regex}'''"));
        for field in fields {
            let file = &imported.file;
            assert!(
                file.lines().any(|it| it == field),
                "{regex}: {field}: {file}"
            );
        }
        let report = check::check(&[("out.toml", &imported.file)], true).unwrap();
        assert!(report.is_good(), "{regex}: {report:?}");
    }
}

#[test]
fn alternatives_without_a_common_start_become_several() {
    let branch = usual("acme", "[a-f0-9]{32}");
    let branch = branch.trim_end_matches("'''");
    let imported = one(&format!(r"{branch}|\b(ACME3[a-z]{{20}})(?:\s|$)'''"));
    assert!(
        imported.file.contains("kind = \"acme-key-2\""),
        "{}",
        imported.file
    );
    // Of these one has no start to be found by.
    let imported = one(r"regex = '''\b(acme\.[a-z]{20}|[a-z]{9}\.[a-z]{20})\b'''");
    assert!(
        imported.file.contains("pattern = 'acme\\.[a-z]{20}'"),
        "{}",
        imported.file
    );
    let log = imported.log.join("\n");
    assert!(
        log.contains("acme-key: left out: a part that has a `pattern` that"),
        "{log}"
    );
}

#[test]
fn what_is_not_kept_is_said() {
    for (lines, expected) in [
        (
            "regex = 'acme_[a-z]{20}'\nentropy = 3.5",
            "acme-key: left out: entropy of at least 3.5",
        ),
        (
            "regex = 'acme_[a-z]{20}'\npath = 'x$'",
            "the condition that the path is like `x$`",
        ),
        ("regex = 'acme_[a-z]{20}'\ntags = ['a', 'b']", "tags (a, b)"),
        (
            "regex = 'acme_[a-z]{20}'\n[[rules.allowlists]]\nregexes = ['x', 'y']\nstopwords = ['z']\nregexTarget = 'line'\ncondition = 'AND'",
            "an allowlist (2 patterns, 1 stopword, compared with the line, condition AND)",
        ),
        ("path = 'x$'", "acme-key: not converted: is for paths alone"),
        (
            "regex = '[a-f0-9]{32}'",
            "acme-key: not converted: has a `pattern` that can start in more than 1536 ways",
        ),
        (
            "regex = '(?=x)acme'",
            "acme-key: not converted: has a pattern that cannot be read",
        ),
        (
            &usual("ab", "[a-f0-9]{32}"),
            "acme-key: not converted: asks for a word before the value, and `ab` is none",
        ),
        (
            &usual("ab|acme", "[a-f0-9]{32}"),
            "left out: the words `ab` before the value",
        ),
        (
            &usual("ab", "live_[a-f0-9]{32}"),
            "left out: what has to stand before the value",
        ),
        (
            "regex = '[a-f0-9]{32}'\nkeywords = ['acme']",
            "keywords anywhere in the text",
        ),
        (
            "regex = '''acme_(?:\\bx|y)[a-z]{20}'''",
            "a word boundary within the value",
        ),
    ] {
        let log = one(lines).log.join("\n");
        assert!(log.contains(expected), "{lines}: {log}");
    }
}

#[test]
fn the_whole_file_is_counted_and_named() {
    let rule = |id: &str| format!("[[rules]]\nid = '{id}'\nregex = 'acme_{id}[a-z]{{20}}'\n");
    let imported = imported(&format!(
        "[extend]\nuseDefault = true\n[allowlist]\npaths = ['x']\n{}{}{}{}",
        rule("one"),
        rule("Two_B"),
        rule("github-pat"),
        "[[rules]]\nid = 'again'\nregex = 'acme_one[a-z]{20}'\n",
    ));
    let log = imported.log.join("\n");
    for expected in [
        "the file: left out: an allowlist (1 path) for all rules",
        "the file: left out: `[extend]`",
        "github-pat: left out: its name, which is taken or not one of a kind: it is `gitleaks-github-pat` here",
        "again: left out: says the same as `one`, which stands for both",
        "4 rules: 4 converted (3 of them with something left out) to 3, 0 not converted",
    ] {
        assert!(log.contains(expected), "{expected}: {log}");
    }
    assert!(imported.file.contains("kind = \"two-b\""));
    let report = check::check(&[("out.toml", &imported.file)], false).unwrap();
    assert!(report.is_good(), "{report:?}");
    assert!(Config::of("a = 1").is_err() && Config::of("a = ").is_err());
}
