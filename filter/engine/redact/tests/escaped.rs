//! Words of which letters are written as escapes start credentials as any others do.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "to clippy the helpers of tests are no tests"
)]

mod support;

use proptest::prelude::*;
use support::{Setup, rules};
use veilgate_redact::Framing;

/// The ways in which a byte is escaped.
const WAYS: [fn(u8) -> String; 8] = [
    |byte| format!("\\u{byte:04x}"),
    |byte| format!("\\u{byte:04X}"),
    |byte| format!("\\\\u{byte:04x}"),
    |byte| format!("%{byte:02x}"),
    |byte| format!("%25{byte:02X}"),
    |byte| format!("&#{byte};"),
    |byte| format!("&#x{byte:x};"),
    |byte| format!("&#x00{byte:X};"),
];

/// The token with the bytes escaped for which `which` holds.
fn escaped(token: &str, way: fn(u8) -> String, which: impl Fn(usize) -> bool) -> String {
    let bytes = token.bytes().enumerate();
    bytes
        .map(|(nth, byte)| {
            if which(nth) {
                way(byte)
            } else {
                char::from(byte).to_string()
            }
        })
        .collect()
}

fn token() -> String {
    format!("ghp_{}", "a1B2".repeat(9))
}

#[test]
fn any_letters_of_a_token_may_be_escaped() {
    let setup = Setup::plain();
    for way in WAYS {
        for which in 0..32usize {
            let written = escaped(&token(), way, |nth| nth < 5 && which >> nth & 1 == 1);
            let text = format!("{{\"note\":\"{written}\",\"n\":1}}");
            assert_eq!(
                setup.whole(&text).text(),
                "{\"note\":\"[REDACTED:github-pat]\",\"n\":1}",
                "{text}"
            );
            if which % 5 == 0 {
                setup.assert_same_at_every_cut(text.as_bytes());
            }
        }
        let text = format!("a={}&b", escaped(&token(), way, |_| true));
        setup.assert_same_at_every_cut(text.as_bytes());
        assert_eq!(
            setup.whole(&text).text(),
            "a=[REDACTED:github-pat]&b",
            "{text}"
        );
    }
}

/// The first rules of the built-in ones whose examples start with letters, with a letter escaped near the start.
#[test]
fn every_example_that_is_found_is_found_with_an_escape_at_its_start() {
    let setup = Setup::plain();
    let mut lost = Vec::new();
    for sample in rules().corpus() {
        for nth in 0..6 {
            let at = sample.text.find(&sample.secret).unwrap();
            if !sample.text.is_ascii()
                || sample.secret.as_bytes()[..8]
                    .iter()
                    .any(|byte| !byte.is_ascii_alphanumeric() && !b"-_".contains(byte))
            {
                continue;
            }
            let text = escaped(&sample.text, WAYS[0], |it| it == at + nth);
            if !setup
                .whole(&text)
                .text()
                .contains(&format!("[REDACTED:{}]", sample.kind))
            {
                lost.push(text);
            }
        }
    }
    assert!(lost.is_empty(), "{} are lost: {lost:#?}", lost.len());
}

#[test]
fn a_letter_that_is_escaped_before_a_token_is_one_of_its_word() {
    let setup = Setup::plain();
    for way in WAYS {
        let text = format!(
            "x {}{} y",
            way(b'a'),
            escaped(&token(), way, |nth| nth == 0)
        );
        setup.assert_same_at_every_cut(text.as_bytes());
        assert_eq!(setup.whole(&text).text(), text);
        let text = format!(
            "x {}{} y",
            way(b'='),
            escaped(&token(), way, |nth| nth == 0)
        );
        setup.assert_same_at_every_cut(text.as_bytes());
        assert!(
            setup
                .whole(&text)
                .text()
                .ends_with("[REDACTED:github-pat] y"),
            "{text}"
        );
    }
}

#[test]
fn names_may_be_escaped() {
    let setup = Setup::plain();
    for way in &WAYS[..2] {
        for nth in 0..8 {
            let name = escaped("password", *way, |it| it == nth);
            let text = format!("{{\"user\":\"alice\",\"{name}\":\"hunter2hunter2\",\"n\":1}}");
            setup.assert_same_at_every_cut(text.as_bytes());
            let expected =
                format!("{{\"user\":\"alice\",\"{name}\":\"[REDACTED:password-field]\",\"n\":1}}");
            assert_eq!(setup.whole(&text).text(), expected, "{text}");
        }
    }
}

#[test]
fn a_password_in_a_url_is_found_in_a_parameter() {
    let setup = Setup::plain();
    for (text, expected) in [
        (
            "next=postgres%3A%2F%2Fapp%3A4f1c9a6b2d8e%40db%3A5432%2Fapp&b=2",
            "next=postgres%3A%2F%2Fapp%3A[REDACTED:url-password]%40db%3A5432%2Fapp&b=2",
        ),
        (
            "next=redis%3a%2f%2f%3a4f1c%2b9a6b2d8e%40cache&b=2",
            "next=redis%3a%2f%2f%3a[REDACTED:url-password]%40cache&b=2",
        ),
        (
            "next=https%3A%2F%2Fapp.test%3A8080%2Fa%40b",
            "next=https%3A%2F%2Fapp.test%3A8080%2Fa%40b",
        ),
    ] {
        setup.assert_same_at_every_cut(text.as_bytes());
        assert_eq!(setup.whole(text).text(), expected, "{text}");
    }
}

#[test]
fn what_follows_a_name_may_be_escaped() {
    let setup = Setup::plain();
    for (text, expected) in [
        (
            "next=%3Fpassword%3Dhunter2hunter%26user%3Dbob",
            "next=%3Fpassword%3D[REDACTED:password-field]%26user%3Dbob",
        ),
        (
            "q=db_password%20%3D%20%22hunter2+hunter%22&b=c",
            "q=db_password%20%3D%20%22[REDACTED:password-field]%22&b=c",
        ),
        (
            "q=setenv%28%22DB_PASSWORD%22%2C%20%22hunter2hunter%22%29",
            "q=setenv%28%22DB_PASSWORD%22%2C%20%22[REDACTED:password-field]%22%29",
        ),
        (
            "user%5Bpassword%5D=hunter%262&b=c",
            "user%5Bpassword%5D=[REDACTED:password-field]&b=c",
        ),
        (
            "q=user%5Bpassword%5D%3Dhunter2hunter%26b",
            "q=user%5Bpassword%5D%3D[REDACTED:password-field]%26b",
        ),
    ] {
        setup.assert_same_at_every_cut(text.as_bytes());
        assert_eq!(setup.whole(text).text(), expected, "{text}");
    }
}

#[test]
fn escapes_that_say_nothing_change_nothing() {
    let setup = Setup::plain();
    for text in [
        "caf\\u00e9 \\u0041bc %41%42%43 &#65;&#66; 100% & more &#; &#x; \\u \\u00 %4 &#6",
        "%41%42%43%44%45%46%47%48%49%4a%4b%4c",
        "\\u0067\\u0068\\u0070",
        "gh\\u0070",
        "gh%70",
        "gh&#112",
        "\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\u0067hp_",
    ] {
        setup.assert_same_at_every_cut(text.as_bytes());
        assert_eq!(setup.whole(text).text(), text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn names_among_escapes_come_to_the_same_at_any_cuts(
        parts in prop::collection::vec(prop::sample::select(vec![
            "%22", "%2522", "&quot;", "&#34;", "%5C", "%5c%22", "&#92;", "password", "token", "Authorization", ":", "%3A", "=", "%3D", "+", " ", "%20", "&", "%26", "%5B", "%5D", "[", "]",
            "hunter2hunter", "12345678", "%7B", "{", "}", "%7D", ",", "%2C", "\"", "<", "|\n  ", "\n", "\r\n", "\n  ", "%", "%2", "&q", "Bearer", "code=", "client_id=x&", "null",
        ]), 0..24),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let text = parts.concat();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).chain([0, text.len()]).collect();
        cuts.sort_unstable();
        for framing in [Framing::Plain, Framing::Lines] {
            let setup = Setup::new(framing);
            let whole = setup.whole(&text);
            let cut = setup.run(cuts.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]));
            prop_assert_eq!(&cut, &whole, "{}", text);
            prop_assert_eq!(setup.run(text.as_bytes().chunks(1)), whole, "{}", text);
        }
    }
}
