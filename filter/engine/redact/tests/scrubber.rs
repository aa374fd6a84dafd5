//! Headers and targets.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "to clippy the helpers of tests are no tests"
)]

mod support;

use veilgate_redact::{Finding, Judge, MaskStyle, Masker, RedactError, Scrubber, Treatment};

use support::{Answers, masker, rules};

fn token() -> String {
    format!("ghp_{}", "a1B2c3".repeat(6))
}

fn header(name: &str, value: &str) -> String {
    let masker = masker();
    let out = Scrubber::new(rules(), &masker)
        .header(name.as_bytes(), value.as_bytes(), &mut Answers::default())
        .unwrap();
    out.map_or_else(
        || "unchanged".to_owned(),
        |out| String::from_utf8(out).unwrap(),
    )
}

fn target(value: &str) -> String {
    let masker = masker();
    let out = Scrubber::new(rules(), &masker)
        .target(value.as_bytes(), &mut Answers::default())
        .unwrap();
    out.map_or_else(
        || "unchanged".to_owned(),
        |out| String::from_utf8(out).unwrap(),
    )
}

#[test]
fn authorization_keeps_its_scheme() {
    for (value, expected) in [
        ("Bearer abc.def", "Bearer [REDACTED:bearer-token]"),
        ("bearer  abc", "bearer  [REDACTED:bearer-token]"),
        ("Basic dXNlcjpwYXNz", "Basic [REDACTED:basic-credentials]"),
        ("token abcdef", "token [REDACTED:authorization]"),
        (
            "PVEAPIToken=root@pam!x=0000",
            "PVEAPIToken=[REDACTED:authorization]",
        ),
        ("unknown abc", "[REDACTED:authorization]"),
        ("abcdef", "[REDACTED:authorization]"),
        (
            "Digest username=\"u\", response=\"beef\", uri=\"/\"",
            "Digest username=\"u\", response=\"[REDACTED:request-signature]\", uri=\"/\"",
        ),
        (
            "OAuth realm=\"x\", oauth_token=\"t\", oauth_signature=\"s%3D\"",
            "OAuth realm=\"x\", oauth_token=\"[REDACTED:request-signature]\", oauth_signature=\"[REDACTED:request-signature]\"",
        ),
        (
            "AWS4-HMAC-SHA256 Credential=AKID/x, SignedHeaders=host, Signature=beef",
            "AWS4-HMAC-SHA256 Credential=AKID/x, SignedHeaders=host, Signature=[REDACTED:request-signature]",
        ),
        (
            "AWS4-HMAC-SHA256 garbage",
            "AWS4-HMAC-SHA256 [REDACTED:request-signature]",
        ),
        ("Bearer", "unchanged"),
        ("", "unchanged"),
    ] {
        assert_eq!(header("Authorization", value), expected);
        assert_eq!(header("proxy-authorization", value), expected);
    }
}

#[test]
fn cookies_keep_names_and_attributes() {
    for (value, expected) in [
        (
            "theme=dark; sessionid=abc; lang=en",
            "theme=dark; sessionid=[REDACTED:session-cookie]; lang=en",
        ),
        (
            "JSESSIONID=a;PHPSESSID=\"b\"",
            "JSESSIONID=[REDACTED:session-cookie];PHPSESSID=\"[REDACTED:session-cookie]\"",
        ),
        (
            "csrftoken=a; wordpress_logged_in_12=b",
            "csrftoken=a; wordpress_logged_in_12=[REDACTED:session-cookie]",
        ),
        ("session=; x", "unchanged"),
        ("theme=dark", "unchanged"),
    ] {
        assert_eq!(header("cookie", value), expected);
    }
    for (value, expected) in [
        (
            "sid=abc; Path=/; HttpOnly",
            "sid=[REDACTED:session-cookie]; Path=/; HttpOnly",
        ),
        (
            "pref=abc; Path=/; httponly; Secure",
            "pref=[REDACTED:cookie]; Path=/; httponly; Secure",
        ),
        ("theme=dark; Path=/session=1", "unchanged"),
        ("sid=; Max-Age=0", "unchanged"),
    ] {
        assert_eq!(header("Set-Cookie", value), expected);
    }
}

#[test]
fn headers_that_carry_credentials_are_masked_whole() {
    for (name, value, expected) in [
        ("X-Vault-Token", "root", "[REDACTED:vault-token]"),
        (
            "X-Vault-Inline-Auth-Parameter-1",
            "e30=",
            "[REDACTED:vault-token]",
        ),
        ("X-API-Key", " k ", " [REDACTED:api-key] "),
        ("x-csrf-token", "abc", "unchanged"),
        ("x-request-id", "abc", "unchanged"),
    ] {
        assert_eq!(header(name, value), expected, "{name}");
    }
    assert_eq!(
        header("x-debug", &format!("got {};", token())),
        "got [REDACTED:github-pat];"
    );
    assert_eq!(
        header("location", "https://a/cb?code=abc&x=1#access_token=t"),
        "https://a/cb?code=[REDACTED:url-token]&x=1#access_token=[REDACTED:url-token]"
    );
}

#[test]
fn basic_credentials_are_found_in_any_header() {
    // `aladdin:sesame`, once with a padding.
    for (name, value, expected) in [
        (
            "x-upstream-auth",
            "Basic YWxhZGRpbjpzZXNhbWU=",
            "Basic [REDACTED:basic-credentials]",
        ),
        (
            "x-debug",
            "tried basic  YWxhZGRpbjpzZXNhbWU, then",
            "tried basic  [REDACTED:basic-credentials], then",
        ),
        (
            "location",
            "/a?x=1#Basic YWxhZGRpbjpzZXNhbWU=",
            "/a?x=1#Basic [REDACTED:basic-credentials]",
        ),
        (
            "authorization",
            "Basic YWxhZGRpbjpzZXNhbWU=",
            "Basic [REDACTED:basic-credentials]",
        ),
        (
            "www-authenticate",
            "Basic realm=\"shop\", charset=\"UTF-8\"",
            "unchanged",
        ),
        ("x-plan", "Basic Membership", "unchanged"),
        // No colon; a control character; not a word of its own; no blank; not base64.
        ("x-debug", "Basic YWxhZGRpbg==", "unchanged"),
        ("x-debug", "Basic YToAYg==", "unchanged"),
        ("x-debug", "nonBasic YWxhZGRpbjpzZXNhbWU=", "unchanged"),
        ("x-debug", "BasicYWxhZGRpbjpzZXNhbWU=", "unchanged"),
        ("x-debug", "Basic YWxhZ:", "unchanged"),
        ("x-debug", "Basic", "unchanged"),
        ("x-debug", "Basic ", "unchanged"),
    ] {
        assert_eq!(header(name, value), expected, "{name}: {value}");
    }
}

/// `\n(` and a GitHub token as one field, then a field of three letters.
const STATUS: &str = "CihnaHBfYTFCMmMzYTFCMmMzYTFCMmMzYTFCMmMzYTFCMmMzYTFCMmMzEgNhYmM";
/// The same with 40 asterisks.
const MASKED: &str = "CigqKioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKioqEgNhYmM";

#[test]
fn binary_metadata_is_masked_behind_its_base64() {
    for (value, expected) in [
        (STATUS.to_owned(), MASKED.to_owned()),
        (format!("{STATUS}="), MASKED.to_owned()),
        (
            format!("AAEC, {STATUS},not base64,{STATUS}="),
            format!("AAEC,{MASKED},not base64,{MASKED}"),
        ),
    ] {
        assert_eq!(header("grpc-status-details-bin", &value), expected);
        assert_eq!(header("X-Trace-Bin", &value), expected);
    }
    for value in [
        "",
        ",",
        "=",
        "AAEC",
        "AAEC==",
        "AAECA",
        "not base64",
        "CgRuYW1l",
    ] {
        assert_eq!(header("grpc-status-details-bin", value), "unchanged");
    }
    // Elsewhere base64 is not taken for a message, but what it comes to is scanned.
    assert_eq!(
        header("x-other", STATUS),
        "CihbUkVEQUNURUQ6Z2l0aHViLXBhdF0qEgNhYmM"
    );
    assert_eq!(header("x-bin", &token()), "[REDACTED:github-pat]");
}

#[test]
fn a_judge_decides_about_binary_metadata() {
    let (masker, scrubber_rules) = (masker(), rules());
    let scrubber = Scrubber::new(scrubber_rules, &masker);
    let mut reveal = Answers::revealing(&["github-pat"]);
    assert_eq!(
        scrubber.header(b"a-bin", STATUS.as_bytes(), &mut reveal),
        Ok(None)
    );
    assert_eq!(reveal.asked, ["github-pat 2+40"]);
    let mut block = Answers {
        block: vec!["github-pat"],
        ..Answers::default()
    };
    assert!(matches!(
        scrubber.header(b"a-bin", STATUS.as_bytes(), &mut block),
        Err(RedactError::Blocked { .. })
    ));
}

#[test]
fn targets_keep_names_and_lose_values() {
    let token = token();
    for (value, expected) in [
        (
            "/v1/x?token=abc&page=2",
            "/v1/x?token=[REDACTED:url-token]&page=2",
        ),
        (
            "/x?ACCESS-TOKEN=abc",
            "/x?ACCESS-TOKEN=[REDACTED:url-token]",
        ),
        (
            "/x?acc%65ss_token=a%26b&y",
            "/x?acc%65ss_token=[REDACTED:url-token]&y",
        ),
        (
            "/x?next_token=abc&token_type=Bearer&page_token=x",
            "unchanged",
        ),
        (
            "/x?X-Amz-Credential=AK&X-Amz-Signature=beef&X-Amz-Date=1",
            "/x?X-Amz-Credential=[REDACTED:url-signature]&X-Amz-Signature=[REDACTED:url-signature]&X-Amz-Date=1",
        ),
        ("/x?sv=1&sig=abc%2B", "/x?sv=1&sig=[REDACTED:url-signature]"),
        (
            "/x;jsessionid=abc/y?z=1",
            "/x;jsessionid=[REDACTED:url-token]/y?z=1",
        ),
        ("/x?token=", "unchanged"),
        ("/x?token", "unchanged"),
        (
            "https://user:pa%40ss@example.com/",
            "https://user:[REDACTED:url-password]@example.com/",
        ),
        ("https://example.com:8080/@x", "unchanged"),
        (
            "/login?next=%2Fcb%3Fcode%3Dabc%26x%3D1&y=2",
            "/login?next=%2Fcb%3Fcode%3D[REDACTED:url-token]%26x%3D1&y=2",
        ),
        (
            "/p?u=https%3A%2F%2Fu%3Ap%40h%2F",
            "/p?u=https%3A%2F%2Fu%3A[REDACTED:url-password]%40h%2F",
        ),
    ] {
        assert_eq!(target(value), expected);
    }
    assert_eq!(
        target(&format!("/repos/{token}/x")),
        "/repos/[REDACTED:github-pat]/x"
    );
    let encoded: String = token.bytes().map(|byte| format!("%{byte:02x}")).collect();
    assert_eq!(
        target(&format!("/a/{encoded}/b")),
        "/a/[REDACTED:github-pat]/b"
    );
    let twice = encoded.replace('%', "%25");
    assert_eq!(
        target(&format!("/a?q={twice}")),
        "/a?q=[REDACTED:github-pat]"
    );
}

#[test]
fn bytes_that_are_not_text_pass_and_masks_stay_on_one_line() {
    let masker = Masker::new(MaskStyle::Fixed("a\r\nb\0".into()), None);
    let out = Scrubber::new(rules(), &masker)
        .header(
            b"cookie",
            b"\xff\xfe=\x80; sid=\xff\xff; \x01",
            &mut Answers::default(),
        )
        .unwrap();
    assert_eq!(out.unwrap(), b"\xff\xfe=\x80; sid=a**b*; \x01");
}

#[test]
fn what_a_judge_reveals_is_still_looked_at_by_the_rules() {
    let masker = masker();
    let scrubber = Scrubber::new(rules(), &masker);
    let value = format!("Bearer {}", token());
    let mut judge = Answers::revealing(&["bearer-token"]);
    let out = scrubber
        .header(b"authorization", value.as_bytes(), &mut judge)
        .unwrap()
        .unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "Bearer [REDACTED:github-pat]"
    );
    assert_eq!(judge.asked, ["bearer-token 7+40", "github-pat 7+40"]);
    let mut judge = Answers::revealing(&["bearer-token", "github-pat"]);
    assert_eq!(
        scrubber.header(b"authorization", value.as_bytes(), &mut judge),
        Ok(None)
    );
    let mut judge = Answers {
        block: vec!["bearer-token"],
        ..Answers::default()
    };
    assert_eq!(
        scrubber.header(b"authorization", value.as_bytes(), &mut judge),
        Err(RedactError::Blocked {
            kind: "bearer-token".into()
        })
    );
}

/// What the exchange answers by default in responses: names alone hide nothing from the client, shapes do.
struct RevealCarriers;

impl Judge for RevealCarriers {
    fn treat(&mut self, finding: &Finding<'_>) -> Treatment {
        match finding.carrier {
            Some(_) => Treatment::Reveal,
            None => Treatment::Mask,
        }
    }
}

#[test]
fn of_a_value_revealed_by_its_name_the_rules_still_mask_what_they_know() {
    let masker = masker();
    let scrubber = Scrubber::new(rules(), &masker);
    let scrub = |name: &str, value: &str| {
        let out = scrubber.header(name.as_bytes(), value.as_bytes(), &mut RevealCarriers);
        out.unwrap().map(|out| String::from_utf8(out).unwrap())
    };
    for (name, template) in [
        ("location", "https://app/cb?code={}&state=af0ifjsldkj"),
        ("location", "https://app/cb?state=af0ifjsldkj&code={}"),
        ("location", "https://app/cb#id=1&code={}&token_type=bearer"),
        (
            "location",
            "https://sso/login?next=https%3A%2F%2Fapp%2Fcb%3Fcode%3D{}%26x%3D1",
        ),
        ("set-cookie", "session={}; Path=/; HttpOnly; Secure"),
        ("set-cookie", "session=\"{}\"; Path=/"),
        ("set-cookie", "theme={}; Path=/"),
    ] {
        for harmless in ["SplxlOBeZQQYbYS6WxSbIA", "4%2F0AX4XfWh", ""] {
            assert_eq!(
                scrub(name, &template.replace("{}", harmless)),
                None,
                "{template}"
            );
        }
        assert_eq!(
            scrub(name, &template.replace("{}", &token())),
            Some(template.replace("{}", "[REDACTED:github-pat]"))
        );
        assert_eq!(
            scrub(name, &template.replace("{}", &format!("a.{}.b", token()))),
            Some(template.replace("{}", "a.[REDACTED:github-pat].b"))
        );
    }
}
