//! The output never depends on how the input was cut, and no more is held than needed.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "to clippy the helpers of tests are no tests"
)]

mod support;

use proptest::prelude::*;
use veilgate_redact::{Framing, Limit, Limits, MaskStyle, Masker, OnLimit, RedactError};

use support::{Answers, Setup, rules, ruleset};

fn examples() -> Vec<String> {
    rules()
        .rules()
        .flat_map(veilgate_redact::Rule::examples)
        .collect()
}

fn at_every_cut(wrap: impl Fn(&str) -> String) {
    let setup = Setup::plain();
    for example in examples() {
        setup.assert_same_at_every_cut(wrap(&example).as_bytes());
    }
}

#[test]
fn examples_alone_are_the_same_at_every_cut() {
    at_every_cut(str::to_owned);
}

#[test]
fn examples_in_json_are_the_same_at_every_cut() {
    at_every_cut(|example| serde_json::json!({"a": 1, "text": example}).to_string());
}

#[test]
fn examples_in_json_in_json_are_the_same_at_every_cut() {
    at_every_cut(|example| {
        let inner = serde_json::json!({"b": 1, "text": example}).to_string();
        serde_json::json!({"a": 1, "body": inner}).to_string()
    });
}

#[test]
fn examples_in_a_log_line_are_the_same_at_every_cut() {
    at_every_cut(|example| format!("level=info msg=\"got {example}, ok\"\n"));
}

#[test]
fn examples_glued_together_are_the_same_at_every_cut() {
    at_every_cut(|example| format!("{example}{}", example.chars().take(40).collect::<String>()));
}

#[test]
fn masks_do_not_break_json() {
    for example in examples() {
        for text in [
            example.clone(),
            format!("x{example}"),
            format!("{example}\n\n{example}"),
            serde_json::json!({"k": example}).to_string(),
        ] {
            let document =
                serde_json::json!({"before": [1, "two"], "text": text, "after": null}).to_string();
            let out = Setup::plain().whole(&document).text();
            let parsed: Result<serde_json::Value, _> = serde_json::from_str(&out);
            assert!(parsed.is_ok(), "{document}\n{out}");
        }
    }
}

#[test]
fn a_key_without_an_end_is_masked_up_to_where_its_string_ends() {
    let setup = Setup::plain();
    for tail in [
        "",
        "\\n-----END",
        "\\n-----END RSA PRIVATE KEY--",
        "\\n\\u00e9",
    ] {
        let text = format!(
            "{{\"key\":\"-----BEGIN RSA PRIVATE KEY-----\\nMIIB{}{tail}\",\"next\":1}}",
            "Qk0z/+9=".repeat(40)
        );
        setup.assert_same_at_every_cut(text.as_bytes());
        let out = setup.whole(&text).text();
        assert!(
            out.starts_with("{\"key\":\"[REDACTED:private-key]") && out.ends_with("\",\"next\":1}"),
            "{out}"
        );
        assert!(!out.contains("Qk0z"), "{out}");
    }
}

#[test]
fn nothing_is_held_of_clean_text() {
    let mut redactor = Setup::plain().redactor();
    let (mut judge, mut out) = (Answers::default(), Vec::new());
    for chunk in [
        "{\"name\":\"octocat\",",
        "\"id\": 583231, ",
        "\"url\":\"https://api.example.com/users/octocat\"}",
        "{\"n\":",
        "level=INFO,",
        "\r\n\r\n",
        "\u{e9}",
    ] {
        redactor
            .write(chunk.as_bytes(), &mut judge, &mut out)
            .unwrap();
        assert_eq!(redactor.held(), 0, "after {chunk:?}");
    }
}

#[test]
fn only_what_may_become_a_credential_is_held() {
    let mut redactor = Setup::plain().redactor();
    let (mut judge, mut out) = (Answers::default(), Vec::new());
    for (chunk, held) in [
        ("see gh", 2),
        ("p_", 4),
        ("0123456789", 14),
        (" no tok", 3),
        ("en", 5),
        (" ", 0),
        (" \"access_token\":\"", 0),
        ("abc", 3),
        ("\"", 0),
    ] {
        redactor
            .write(chunk.as_bytes(), &mut judge, &mut out)
            .unwrap();
        assert_eq!(redactor.held(), held, "after {chunk:?}");
    }
    assert_eq!(
        String::from_utf8_lossy(&out),
        "see ghp_0123456789 no token  \"access_token\":\"abc\""
    );
}

#[test]
fn a_long_value_is_followed_in_bounded_memory() {
    let key = Masker::new(MaskStyle::Label, Some(b"key"));
    let value = format!(
        "-----BEGIN PRIVATE KEY-----\n{}",
        "QkFTRTY0\n".repeat(20_000)
    );
    let value = value.trim_end();
    let setup = Setup {
        masker: key.clone().into(),
        ..Setup::plain()
    };
    let mut redactor = setup.redactor();
    let (mut judge, mut out) = (Answers::default(), Vec::new());
    for chunk in format!("a {value}; b").as_bytes().chunks(1000) {
        redactor.write(chunk, &mut judge, &mut out).unwrap();
        assert!(redactor.held() <= Limits::default().held + 1);
    }
    redactor.end(&mut judge, &mut out).unwrap();
    // `;` belongs to the alphabet of key headers; the blank behind it does not end a key, the text's end does.
    let out = String::from_utf8_lossy(&out).into_owned();
    assert!(
        out.starts_with("a [REDACTED:private-key:") && out.len() < 60,
        "{out}"
    );
    let alone = setup.whole(value).text();
    assert_eq!(
        alone,
        format!(
            "[REDACTED:private-key:{}]",
            key.fingerprint(value.as_bytes()).unwrap()
        )
    );
    assert_eq!(judge.asked.len(), 1);
}

#[test]
fn a_long_value_can_be_revealed() {
    let value = format!(
        "x -----BEGIN PRIVATE KEY-----\n{}-----END PRIVATE KEY----- y",
        "QkFTRTY0\n".repeat(5_000)
    );
    let setup = Setup {
        reveal: vec!["private-key"],
        ..Setup::plain()
    };
    assert_eq!(setup.run(value.as_bytes().chunks(777)).text(), value);
}

const LONG: &str = r#"
provider = "test"
[[rule]]
kind = "long"
title = "a rule that holds much"
category = "saas"
confidence = "high"
pattern = 'LONG[a-z]{2,}!'
max_length = 2000
examples = ["LONGab!"]
"#;

#[test]
fn at_the_limit_the_operator_has_chosen() {
    let text = format!("a LONG{} b", "x".repeat(1000));
    for (on_limit, expected) in [
        (OnLimit::Truncate, "a "),
        (OnLimit::MaskRest, "a [REDACTED:long]"),
        (OnLimit::PassThrough, text.as_str()),
    ] {
        let setup = Setup {
            rules: ruleset(LONG),
            limits: Limits {
                held: 300,
                on_limit,
            },
            ..Setup::plain()
        };
        setup.assert_same_at_every_cut(text.as_bytes());
        let whole = setup.whole(&text);
        assert_eq!(whole.text(), expected);
        let failed = Err(RedactError::Limit(Limit::Held));
        assert_eq!(
            whole.result,
            if on_limit == OnLimit::Truncate {
                failed
            } else {
                Ok(())
            }
        );
    }
}

#[test]
fn of_two_matches_the_first_then_the_longest_wins() {
    let rules = ruleset(
        r#"
provider = "test"
[[rule]]
kind = "short"
title = "short"
category = "saas"
confidence = "high"
pattern = 'abc[0-9]{2}'
examples = ["abc12"]
[[rule]]
kind = "long"
title = "long"
category = "saas"
confidence = "low"
pattern = 'abc[0-9]{2,6}x'
examples = ["abc12x"]
[[rule]]
kind = "inner"
title = "inner"
category = "saas"
confidence = "high"
pattern = 'c12[0-9x]{1,9}'
examples = ["c123"]
"#,
    );
    let setup = Setup {
        rules,
        ..Setup::plain()
    };
    for (text, expected) in [
        ("abc1234x.", "[REDACTED:long]."),
        ("abc1234.", "[REDACTED:short]34."),
        ("abc1234-c123", "[REDACTED:short]34-[REDACTED:inner]"),
        ("abd12 c12x", "abd12 [REDACTED:inner]"),
        ("abc abc12", "abc [REDACTED:short]"),
        // Credentials start where words do.
        ("abcabc12", "abcabc12"),
    ] {
        setup.assert_same_at_every_cut(text.as_bytes());
        assert_eq!(setup.whole(text).text(), expected, "{text}");
    }
}

#[test]
fn revealed_text_comes_out_byte_for_byte() {
    for sample in rules().corpus() {
        let kind: &'static str = sample.kind.clone().leak();
        let setup = Setup {
            reveal: vec![kind],
            ..Setup::plain()
        };
        assert_eq!(
            setup.whole(&sample.text).text(),
            sample.text,
            "{}",
            sample.kind
        );
    }
}

#[test]
fn a_failed_stream_says_nothing_more() {
    let mut redactor = Setup::plain().redactor();
    let mut judge = Answers {
        block: vec!["github-pat"],
        ..Answers::default()
    };
    let mut out = Vec::new();
    let token = format!("a ghp_{} b ", "0".repeat(36));
    assert_eq!(
        redactor.write(token.as_bytes(), &mut judge, &mut out),
        Err(RedactError::Blocked {
            kind: "github-pat".into()
        })
    );
    assert_eq!(
        redactor.write(b"more", &mut judge, &mut out),
        Err(RedactError::Poisoned)
    );
    assert_eq!(
        redactor.end(&mut judge, &mut out),
        Err(RedactError::Poisoned)
    );
    assert_eq!(out, b"a ");
}

#[test]
fn escapes_before_a_token_are_not_letters_of_it() {
    let token = format!("npm_{}", "a1B2".repeat(9));
    for before in ["", "\\n", "\\t", "%20", "%3D", "\\u000a", "=", "\u{e9}"] {
        let out = Setup::plain().whole(format!("x{before}{token}")).text();
        assert_eq!(out.contains(&token), before.is_empty(), "{out}");
    }
}

proptest! {
    #[test]
    fn any_cuts_give_the_same(picks in prop::collection::vec((0usize..10_000, 0usize..6), 1..5), cuts in prop::collection::vec(0usize..4000, 0..12)) {
        let examples = examples();
        let text: String = picks.iter().map(|(nth, glue)| format!("{}{}", examples[nth % examples.len()], ["", " ", "\n\n", "\",\"", "-", "eyJ"][*glue])).collect();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).chain([0, text.len()]).collect();
        cuts.sort_unstable();
        let chunks = || cuts.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]);
        for framing in [Framing::Plain, Framing::Events] {
            let setup = Setup::new(framing);
            prop_assert_eq!(setup.run(chunks()), setup.whole(&text));
        }
    }

    #[test]
    fn clean_bytes_pass_untouched(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let outcome = Setup::plain().run(bytes.chunks(7));
        prop_assume!(outcome.asked.is_empty());
        prop_assert_eq!(outcome.out, bytes);
    }
}

#[test]
fn a_word_of_a_context_is_seen_to_its_value_wherever_it_is_cut() {
    let setup = Setup::plain();
    let key = "SUDUZKFYD7LCZ2Y6GIXOXGDUJWEMHOGF3KPIAYXRLCKMPPMAHWWHDA2ULY";
    for text in [
        format!("users: [{{nkey:{key}}}]"),
        format!("the nkey SEED access_token-{key}, and"),
        format!("nkey string = \"{key}\""),
        format!("q=nkey%20%3D%20%22{key}%22&b=2"),
        format!("{{\\\"nkey\\\":\\\"{key}\\\"}}"),
        format!("nkey {key}"),
        "nkey is a key of NATS, and a seed is not, nkey: none".to_owned(),
    ] {
        setup.assert_same_at_every_cut(text.as_bytes());
        assert!(!setup.whole(&text).text().contains(key), "{text}");
    }
}
