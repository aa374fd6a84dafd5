//! Credentials in base64 and hexadecimal: found wherever they stand in what is encoded, and masked so that it still decodes.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "to clippy the helpers of tests are no tests"
)]

mod support;

use std::fmt::Write as _;

use support::{Setup, rules};
use veilgate_redact::{Framing, Limits, MaskStyle, Masker, OnLimit};

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn encode(text: &[u8], alphabet: &[u8; 64]) -> String {
    let mut encoded = String::new();
    for group in text.chunks(3) {
        let bits = (0..3).fold(0, |bits, nth| {
            bits << 8 | usize::from(group.get(nth).copied().unwrap_or(0))
        });
        let digits = [18, 12, 6, 0].map(|shift| char::from(alphabet[bits >> shift & 63]));
        encoded.extend(&digits[..=group.len()]);
    }
    encoded
}

fn base64(text: &str) -> String {
    let encoded = encode(text.as_bytes(), STANDARD);
    let padding = encoded.len().next_multiple_of(4) - encoded.len();
    encoded + &"=".repeat(padding)
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

fn unbase64(digits: &str) -> String {
    let mut bytes = Vec::new();
    let digits: Vec<u8> = digits
        .bytes()
        .filter_map(|digit| STANDARD.iter().chain(URL).position(|it| *it == digit))
        .map(|value| (value & 63) as u8)
        .collect();
    for group in digits.chunks(4) {
        let bits = (0..4).fold(0u32, |bits, nth| {
            bits << 6 | u32::from(group.get(nth).copied().unwrap_or(0))
        });
        bytes.extend(&bits.to_be_bytes()[1..group.len()]);
    }
    String::from_utf8(bytes).unwrap()
}

fn unhex(digits: &str) -> String {
    let bytes = digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
    String::from_utf8(bytes.collect()).unwrap()
}

fn token() -> String {
    format!("ghp_{}", "a1B2".repeat(9))
}

/// What stands between `before` and `after`.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    text.strip_prefix(before)
        .and_then(|text| text.strip_suffix(after))
        .unwrap_or_else(|| panic!("{text:?} lost what stands around"))
}

#[test]
fn a_token_is_found_at_every_phase_and_its_mask_decodes() {
    for before in ["", "=", "t=", "t: ", "user:", "robot-at-work:"] {
        for after in ["", "\n", "\"}", " and more text"] {
            let plain = format!("{before}{}{after}", token());
            let setup = Setup::plain();
            let decode_base64 = unbase64 as fn(&str) -> String;
            for (encoded, decode) in [
                (base64(&plain), decode_base64),
                (encode(plain.as_bytes(), URL), decode_base64),
                (hex(&plain), unhex),
                (hex(&plain).to_uppercase(), unhex),
            ] {
                let text = format!("data: {encoded}\nnext");
                setup.assert_same_at_every_cut(text.as_bytes());
                let outcome = setup.whole(&text);
                let masked = decode(between(&outcome.text(), "data: ", "\nnext"));
                let mask = masked.replace('*', "");
                assert_eq!(
                    mask,
                    format!("{before}[REDACTED:github-pat]{after}"),
                    "{text}"
                );
                assert_eq!(outcome.asked.len(), 1);
                assert!(masked.len() <= plain.len(), "no more than two asterisks");
            }
        }
    }
}

#[test]
fn every_example_is_found_in_base64_and_in_hexadecimal() {
    let setup = Setup::plain();
    for sample in rules().corpus() {
        let plain = format!("a text before it: {} ", sample.text);
        let expected = setup.whole(&plain).text();
        let out = setup.whole(base64(&plain)).text();
        if !out.contains("[REDACTED") {
            assert_eq!(
                unbase64(&out).replace('*', ""),
                expected.replace('*', ""),
                "{plain}"
            );
        }
        let out = setup.whole(hex(&plain)).text();
        assert_eq!(unhex(&out), expected, "{plain}");
    }
}

#[test]
fn examples_in_base64_are_the_same_at_every_cut() {
    let setup = Setup::plain();
    for example in rules().rules().flat_map(veilgate_redact::Rule::examples) {
        if example.len() < 400 {
            let text = format!("x {} y", base64(&format!("{{\"k\":\"{example}\"}}")));
            setup.assert_same_at_every_cut(text.as_bytes());
        }
    }
}

#[test]
fn base64_within_base64_is_found_once_more_but_not_for_ever() {
    let setup = Setup::plain();
    let auth = base64(&format!("robot:{}", token()));
    let config = format!("{{\"auths\":{{\"ghcr.io\":{{\"x\":\"{auth}\"}}}}}}");
    let text = format!(
        "{{\"data\":{{\".dockerconfigjson\":\"{}\"}}}}",
        base64(&config)
    );
    setup.assert_same_at_every_cut(text.as_bytes());
    let out = setup.whole(&text).text();
    let config = unbase64(between(&out, "{\"data\":{\".dockerconfigjson\":\"", "\"}}"));
    let auth = between(&config, "{\"auths\":{\"ghcr.io\":{\"x\":\"", "\"}}}");
    assert_eq!(
        unbase64(auth).replace('*', ""),
        "robot:[REDACTED:github-pat]"
    );

    let thrice = base64(&base64(&base64(&token())));
    assert_eq!(setup.whole(&thrice).text(), thrice);
}

#[test]
fn two_tokens_side_by_side_are_both_masked() {
    let setup = Setup::plain();
    for glue in [",", " ", "\n", "; ", "___"] {
        let plain = format!("{}{glue}{}", token(), token());
        let text = format!("v={}", base64(&plain));
        setup.assert_same_at_every_cut(text.as_bytes());
        let out = setup.whole(&text).text();
        let masked = unbase64(between(&out, "v=", ""));
        assert_eq!(
            masked.matches("[REDACTED:github-pat]").count(),
            2,
            "{masked}"
        );
    }
}

#[test]
fn lines_of_mail_and_their_ends_in_json_are_read_as_one() {
    let plain = format!(
        "{}{} and so on, for a while, and then some more of it",
        "line of text, ".repeat(7),
        token()
    );
    for width in [64, 76] {
        for end in ["\n", "\r\n", "\\n", "\\r\\n"] {
            let digits = base64(&plain);
            let lines: Vec<&str> = digits
                .as_bytes()
                .chunks(width)
                .map(|line| std::str::from_utf8(line).unwrap())
                .collect();
            let text = format!("x: \"{}\"", lines.join(end));
            let setup = Setup::plain();
            setup.assert_same_at_every_cut(text.as_bytes());
            let out = setup.whole(&text).text().replace(end, "");
            let masked = unbase64(between(&out, "x: \"", "\""));
            assert_eq!(
                masked.replace('*', ""),
                plain.replace(&token(), "[REDACTED:github-pat]")
            );
        }
    }
}

#[test]
fn escaped_digits_are_digits() {
    let plain = format!("what? really? ~~~>>>???{}???>>>", token());
    let digits = base64(&plain);
    assert!(digits.contains('/') && digits.contains('+'), "{digits}");
    for (slash, plus) in [
        ("\\/", "+"),
        ("%2F", "%2B"),
        ("\\u002f", "\\u002b"),
        ("%252F", "%252B"),
    ] {
        let text = format!("v=\"{}\"", digits.replace('/', slash).replace('+', plus));
        let setup = Setup::plain();
        setup.assert_same_at_every_cut(text.as_bytes());
        let out = setup
            .whole(&text)
            .text()
            .replace(slash, "/")
            .replace(plus, "+");
        let masked = unbase64(between(&out, "v=\"", "\""));
        assert_eq!(
            masked.replace('*', ""),
            plain.replace(&token(), "[REDACTED:github-pat]")
        );
    }
}

#[test]
fn a_mask_of_the_same_length_keeps_the_length_of_the_digits() {
    let setup = Setup {
        masker: Masker::new(MaskStyle::SameLength, None).into(),
        ..Setup::plain()
    };
    for before in ["", "=", "t="] {
        let text = format!("x {} y", base64(&format!("{before}{} more", token())));
        setup.assert_same_at_every_cut(text.as_bytes());
        let out = setup.whole(&text).text();
        assert_eq!(out.len(), text.len());
        let masked = unbase64(between(&out, "x ", " y"));
        assert_eq!(masked, format!("{before}{} more", "*".repeat(40)));
    }
}

#[test]
fn what_is_revealed_stays_as_it_was() {
    let setup = Setup {
        reveal: vec!["github-pat"],
        ..Setup::plain()
    };
    let text = format!("x {} y", base64(&format!("t={}, {}", token(), token())));
    let outcome = setup.whole(&text);
    assert_eq!(outcome.text(), text);
    assert_eq!(outcome.asked.len(), 2);
}

#[test]
fn the_fingerprint_is_that_of_the_credential() {
    let masker = Masker::new(MaskStyle::Label, Some(b"key"));
    let fingerprint = masker.fingerprint(token().as_bytes()).unwrap();
    let setup = Setup {
        masker: masker.into(),
        ..Setup::plain()
    };
    let out = setup.whole(base64(&format!("t={}", token()))).text();
    assert!(unbase64(&out).contains(&format!("[REDACTED:github-pat:{fingerprint}]")));
}

#[test]
fn long_base64_is_not_held() {
    let text = base64(&format!(
        "{}{} {}",
        "clean text, all of it; ".repeat(4000),
        token(),
        "and more. ".repeat(4000)
    ));
    let setup = Setup::plain();
    let mut redactor = setup.redactor();
    let (mut judge, mut out) = (support::Answers::default(), Vec::new());
    let mut most = 0;
    for chunk in text.as_bytes().chunks(1000) {
        redactor.write(chunk, &mut judge, &mut out).unwrap();
        most = most.max(redactor.held());
    }
    redactor.end(&mut judge, &mut out).unwrap();
    assert!(most < 80, "{most} were held");
    assert!(unbase64(&String::from_utf8(out).unwrap()).contains("; [REDACTED:github-pat]"));
}

#[test]
fn what_outgrows_the_limit_in_base64_is_not_let_through() {
    let plain = format!(
        "x -----BEGIN PRIVATE KEY-----\n{}",
        "QkFTRTY0\n".repeat(5000)
    );
    let text = format!("a {}", base64(&plain));
    for on_limit in [OnLimit::Truncate, OnLimit::MaskRest] {
        let setup = Setup {
            limits: Limits {
                on_limit,
                ..Limits::default()
            },
            ..Setup::plain()
        };
        let outcome = setup.run(text.as_bytes().chunks(700));
        assert!(outcome.out.len() < 60, "{}", outcome.text());
        assert_eq!(outcome.result.is_err(), on_limit == OnLimit::Truncate);
        assert_eq!(outcome, setup.whole(&text));
    }
}

#[test]
fn what_comes_to_no_text_or_to_no_credential_passes() {
    let setup = Setup::plain();
    for text in [
        base64("the quick brown fox jumps over the lazy dog and runs away from all the other animals"),
        hex("the quick brown fox jumps over the lazy dog"),
        "da39a3ee5e6b4b0d3255bfef95601890afd80709".to_owned(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned(),
        "/repositories/Hello-World/collaborators/permissions_and_more/123456789012345678901234567890".to_owned(),
        "MDEwOlJlcG9zaXRvcnkxMjk2MjY5".to_owned(),
        "A".repeat(300),
        "3".repeat(300),
        "U".repeat(300),
    ] {
        let text = format!("a \"{text}\" b");
        setup.assert_same_at_every_cut(text.as_bytes());
        assert_eq!(setup.whole(&text).text(), text);
    }
}

#[test]
fn a_field_of_grpc_keeps_its_length() {
    let encoded = base64(&format!("t={}", token()));
    let message = [
        &[0x12, u8::try_from(encoded.len()).unwrap()],
        encoded.as_bytes(),
        &[0x1a, 1, b'x'],
    ]
    .concat();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let frame = [&[0][..], &length, &message].concat();
    let setup = Setup::new(Framing::Grpc {
        pass_compressed: false,
    });
    setup.assert_same_at_every_cut(&frame);
    let out = setup.whole(&frame).out;
    assert_eq!(out.len(), frame.len());
    let masked = String::from_utf8(out[7..7 + encoded.len()].to_vec()).unwrap();
    assert_eq!(unbase64(&masked), format!("t={}", "*".repeat(40)));
}

#[test]
fn few_digits_are_held_back_wherever_they_end_in_a_block() {
    let setup = Setup::plain();
    let corpus = rules().corpus();
    let short = corpus.iter().find(|it| it.kind == "aws-access-key-id");
    let encoded = base64(&short.unwrap().secret);
    for before in 0..140 {
        let text = format!("{} {encoded}\"", "x".repeat(before));
        let whole = setup.whole(&text);
        assert!(!whole.text().contains(&encoded), "{}", whole.text());
        assert_eq!(setup.run(text.as_bytes().chunks(1)), whole);
    }
}
