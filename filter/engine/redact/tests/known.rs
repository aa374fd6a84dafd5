//! Values from the configuration: masked in every form in which they are written, and the same however the text is cut.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "to clippy the helpers of tests are no tests"
)]

mod support;

use std::fmt::Write as _;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use sha2::Sha256;

use support::{Answers, Setup};
use veilgate_redact::{
    Framing, KnownValue, Limits, MaskStyle, Masker, RedactError, RuleSet, RuleSetBuilder, Scrubber,
};

/// With something in it that each encoder writes in its own way.
const VALUE: &str = "up/stream+Tok3n \"of\" <ours>&\u{e9}";
/// What stands in the place of it.
const MASK: &str = "[REDACTED:ours]";
const KEY: &[u8] = b"a key of 16 bytes";

fn clear(name: &str, value: &str) -> KnownValue {
    KnownValue {
        name: name.to_owned(),
        value: Some(value.to_owned()),
        length: None,
        hmac_sha256: None,
        crc: None,
    }
}

fn hashed(name: &str, value: &str) -> KnownValue {
    let mut hash = <Hmac<Sha256> as KeyInit>::new_from_slice(KEY).unwrap();
    hash.update(value.as_bytes());
    KnownValue {
        name: name.to_owned(),
        value: None,
        length: Some(value.len()),
        hmac_sha256: Some(hex(&hash.finalize().into_bytes())),
        crc: Some(hex(&crc(value.as_bytes()).to_le_bytes()[..2])),
    }
}

/// Bit by bit, as RFC 1952 has it.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                0xedb8_8320 ^ crc >> 1
            } else {
                crc >> 1
            }
        })
    })
}

fn knowing(values: &[KnownValue]) -> Arc<RuleSet> {
    let rules = RuleSet::builder()
        .builtin()
        .and_then(|builder| builder.known(values, Some(KEY)))
        .and_then(RuleSetBuilder::build);
    Arc::new(rules.unwrap_or_else(|error| panic!("{error}")))
}

fn setup(values: &[KnownValue]) -> Setup {
    Setup {
        rules: knowing(values),
        ..Setup::plain()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

fn percent(text: &str, plain: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || plain.contains(c) {
            out.push(c);
        } else {
            write!(out, "%{byte:02X}").unwrap();
        }
        out
    })
}

fn base64(bytes: &[u8], url: bool) -> String {
    let others = if url { "-_" } else { "+/" };
    let digits: Vec<char> = ('A'..='Z')
        .chain('a'..='z')
        .chain('0'..='9')
        .chain(others.chars())
        .collect();
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0usize, |bits, nth| {
            bits << 8 | usize::from(group.get(nth).copied().unwrap_or(0))
        });
        let four = [18, 12, 6, 0].map(|shift| digits[bits >> shift & 63]);
        out.extend(&four[..=group.len()]);
        out.extend(vec!['='; 3 - group.len()]);
    }
    out
}

/// Every way in which a value is written but for base64 and hexadecimal.
fn written(value: &str) -> Vec<String> {
    let json = serde_json::to_string(value).unwrap();
    let json = json[1..json.len() - 1].to_owned();
    let quoted = json.replace('\\', "\\\\").replace('"', "\\\"");
    let escaped = json
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026");
    let small = percent(value, "-_.~").replace("%2F", "%2f");
    let entities = value
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    vec![
        value.to_owned(),
        percent(value, "-_.~"),
        percent(value, "-_.*").replace("%20", "+"),
        small
            .replace("%2B", "%2b")
            .replace("%C3%A9", "%c3%a9")
            .replace("%3C", "%3c")
            .replace("%3E", "%3e"),
        json.replace('/', "\\/"),
        json.replace('\u{e9}', "\\u00e9"),
        escaped,
        quoted,
        json,
        entities,
    ]
}

#[test]
fn every_form_of_a_value_is_masked_wherever_it_stands_and_is_cut() {
    let setup = setup(&[clear("ours", VALUE)]);
    for form in written(VALUE) {
        for (before, after) in [
            ("", ""),
            ("x", "x"),
            ("a: \"", "\"}"),
            ("9", "9"),
            ("=", "&b=c"),
        ] {
            let text = format!("{before}{form}{after}");
            let outcome = setup.whole(&text);
            assert_eq!(outcome.text(), format!("{before}{MASK}{after}"), "{text}");
            let asked = format!("ours {}+{}", before.len(), form.len());
            assert_eq!(outcome.asked, [asked]);
            setup.assert_same_at_every_cut(text.as_bytes());
        }
    }
}

#[test]
fn base64_of_a_value_is_masked_whatever_stands_beside_it() {
    let setup = setup(&[clear("ours", "s3cr3t-v4lue")]);
    for url in [false, true] {
        for before in [
            "",
            "u",
            "us",
            "user:",
            "\u{0}\u{1}\u{ff}\u{fe}",
            "{\"authority\":\"user:",
        ] {
            for after in [
                "",
                "x",
                "\n\n",
                "\u{ff}\u{0}\u{0}",
                "\", and more text behind it",
            ] {
                let encoded = base64(format!("{before}s3cr3t-v4lue{after}").as_bytes(), url);
                let text = format!("data: {encoded}.");
                let out = setup.whole(&text).text();
                assert_eq!(setup.whole(&text).asked.len(), 1, "{text}");
                // All digits that hold nothing but the value.
                let digits = base64(
                    format!("{}s3cr3t-v4lue", &"???"[..before.len() % 3]).as_bytes(),
                    url,
                );
                assert!(!out.contains(&digits[4..12]), "{text} {out}");
                setup.assert_same_at_every_cut(text.as_bytes());
            }
        }
    }
}

#[test]
fn hexadecimal_of_a_value_is_masked_whatever_stands_beside_it() {
    for value in ["s3cr3t-v4lue", VALUE] {
        let setup = setup(&[clear("ours", value)]);
        let digits = hex(value.as_bytes());
        for (before, after) in [
            ("", ""),
            ("0", ""),
            ("x", "x"),
            ("\"", "\""),
            ("3d", "0a"),
            ("ff00ff", "ff"),
        ] {
            for digits in [digits.clone(), digits.to_uppercase()] {
                let text = format!("{before}{digits}{after}");
                let out = setup.whole(&text).text();
                let encoded = hex(MASK.as_bytes());
                let masked = out.contains(MASK) || out.to_lowercase().contains(&encoded);
                assert!(masked && !out.contains(&digits[..8]), "{text} {out}");
                assert!(
                    out.starts_with(before) && out.ends_with(after),
                    "{text} {out}"
                );
                setup.assert_same_at_every_cut(text.as_bytes());
            }
        }
    }
}

#[test]
fn base64_of_text_decodes_as_before() {
    let setup = setup(&[clear("ours", "s3cr3t-v4lue")]);
    let encoded = base64(b"{\"user\":\"robot\",\"password\":\"s3cr3t-v4lue\"}", false);
    let expected = base64(
        b"{\"user\":\"robot\",\"password\":\"[REDACTED:ours]**\"}",
        false,
    );
    let out = setup.whole(&encoded).text();
    assert_eq!(out.len() % 4, 0);
    assert_eq!(out[..48], expected[..48], "{out}");
    setup.assert_same_at_every_cut(encoded.as_bytes());
}

#[test]
fn a_value_that_starts_with_a_word_is_found_behind_any_escapes() {
    let setup = setup(&[clear("ours", "s3cr3t-v4lue")]);
    for form in [
        "\\u0073\\u0033cr3t-v4lue",
        "s3cr3t\\u002dv4lue",
        "s3cr3t-v4lu%65",
        "%733cr3t%2Dv4lue",
        "s&#51;cr3t&#x2d;v4lue",
    ] {
        let text = format!("{{\"a\":\"{form}\"}}");
        let expected = "{\"a\":\"[REDACTED:ours]\"}";
        assert_eq!(setup.whole(&text).text(), expected, "{form}");
        setup.assert_same_at_every_cut(text.as_bytes());
    }
}

#[test]
fn the_longest_of_the_values_that_start_together_wins() {
    let setup = setup(&[
        clear("short", "s3cr3t-v4lue"),
        clear("long", "s3cr3t-v4lue-and-more"),
    ]);
    let text = "s3cr3t-v4lue s3cr3t-v4lue-and-more s3cr3t-v4lue-and-mor";
    let expected = "[REDACTED:short] [REDACTED:long] [REDACTED:short]-and-mor";
    assert_eq!(setup.whole(text).text(), expected);
    setup.assert_same_at_every_cut(text.as_bytes());
}

#[test]
fn what_another_credential_covers_in_part_is_masked_to_its_end() {
    let token = format!("ghp_{}", "a1B2c3".repeat(6));
    let setup = setup(&[clear("ours", &format!("{}-and-the-rest", &token[20..]))]);
    let text = format!("a {token}-and-the-rest b");
    let expected = "a [REDACTED:github-pat][REDACTED:ours] b";
    assert_eq!(setup.whole(&text).text(), expected);
    setup.assert_same_at_every_cut(text.as_bytes());
    let twice = setup.whole("x".repeat(10) + &text + &text).text();
    assert!(!twice.contains("rest"), "{twice}");
}

#[test]
fn values_that_overlap_are_masked_to_the_last_byte() {
    let setup = setup(&[clear("ours", "abcabcabc")]);
    for count in 3..40 {
        let text = format!("({})", "abc".repeat(count));
        let out = setup.whole(&text).text();
        assert!(
            !out.contains("abc") && out.starts_with('(') && out.ends_with(')'),
            "{out}"
        );
        setup.assert_same_at_every_cut(text.as_bytes());
    }
}

#[test]
fn all_forms_of_a_value_have_one_fingerprint() {
    let setup = Setup {
        masker: Arc::new(Masker::new(MaskStyle::Label, Some(KEY))),
        ..setup(&[clear("ours", VALUE)])
    };
    let mark = Masker::new(MaskStyle::Label, Some(KEY)).fingerprint(VALUE.as_bytes());
    let expected = format!("[REDACTED:ours:{}]", mark.unwrap());
    for form in written(VALUE) {
        assert_eq!(setup.whole(&form).text(), expected, "{form}");
        let scrubber = Scrubber::new(&setup.rules, &setup.masker);
        let header = scrubber.header(b"x-echo", form.as_bytes(), &mut Answers::default());
        let header = header.unwrap().unwrap_or_default();
        assert_eq!(String::from_utf8(header).unwrap(), expected, "{form}");
    }
}

#[test]
fn a_value_has_a_kind_of_its_own() {
    let mut setup = setup(&[clear("ours", "s3cr3t-v4lue")]);
    let text = "{\"password\": \"s3cr3t-v4lue\", \"note\": \"s3cr3t-v4lue\"}";
    assert_eq!(setup.whole(text).text().matches(MASK).count(), 2);
    setup.reveal = vec!["ours"];
    assert_eq!(setup.whole(text).text(), text);
    let rule = setup.rules.rules().next().unwrap();
    assert_eq!((rule.kind(), rule.category()), ("ours", "known-value"));
    let mut judge = Answers {
        block: vec!["ours"],
        ..Answers::default()
    };
    let mut redactor = setup.redactor();
    let mut out = Vec::new();
    let result = redactor.write(format!("{text}, ").as_bytes(), &mut judge, &mut out);
    assert!(matches!(result, Err(RedactError::Blocked { kind }) if kind == "ours"));
}

#[test]
fn headers_and_targets_are_searched() {
    let setup = setup(&[clear("ours", "s3cr3t/v4lue")]);
    let scrubber = Scrubber::new(&setup.rules, &setup.masker);
    let text = |masked: Option<Vec<u8>>| String::from_utf8(masked.unwrap_or_default()).unwrap();
    for form in written("s3cr3t/v4lue") {
        let header = scrubber.header(
            b"x-echo",
            format!("a {form} b").as_bytes(),
            &mut Answers::default(),
        );
        assert_eq!(text(header.unwrap()), format!("a {MASK} b"));
        let target = scrubber.target(
            format!("/a?b=x{form}y&c").as_bytes(),
            &mut Answers::default(),
        );
        assert_eq!(text(target.unwrap()), format!("/a?b=x{MASK}y&c"));
    }
    let basic = format!("see {}", base64(b"ours:s3cr3t/v4lue", false));
    let header = scrubber.header(b"x-echo", basic.as_bytes(), &mut Answers::default());
    assert!(text(header.unwrap()).contains(MASK));
}

#[test]
fn framings_and_binary_messages_are_searched() {
    let values = [
        clear("ours", "s3cr3t-v4lue"),
        hashed("theirs", "An0ther.Value"),
    ];
    for (content_type, text, expected) in [
        (
            "text/event-stream",
            "data: s3cr3t-v4lue\n\ndata: xAn0ther.Value An0ther.Value\n\n",
            "data: [REDACTED:ours]\n\ndata: xAn0ther.Value [REDACTED:theirs]\n\n",
        ),
        (
            "application/x-ndjson",
            "{\"a\":\"s3cr3t-v4lue\"}\n{\"a\":\"An0ther.Value\"}\n",
            "{\"a\":\"[REDACTED:ours]\"}\n{\"a\":\"[REDACTED:theirs]\"}\n",
        ),
        (
            "application/x-www-form-urlencoded",
            "a=s3cr3t-v4lue&b=An0ther.Value",
            "a=[REDACTED:ours]&b=[REDACTED:theirs]",
        ),
    ] {
        let framing = Framing::for_content_type(content_type.as_bytes(), false).unwrap();
        let setup = Setup {
            framing,
            ..setup(&values)
        };
        assert_eq!(setup.whole(text).text(), expected);
        setup.assert_same_at_every_cut(text.as_bytes());
    }
    let framing = Framing::for_content_type(b"application/grpc", false).unwrap();
    let setup = Setup {
        framing,
        ..setup(&values)
    };
    for value in ["s3cr3t-v4lue", "An0ther.Value"] {
        // Two fields of a message, the second one with a length that could be a letter.
        let message = [
            b"\x0a\x02hi\x12",
            &[value.len() as u8][..],
            value.as_bytes(),
            b"\x1aA",
            &[b'n'; 65],
        ]
        .concat();
        let frame = [&[0, 0, 0, 0, message.len() as u8][..], &message].concat();
        let out = setup.whole(&frame).out;
        let expected = frame.len();
        assert_eq!(out.len(), expected);
        assert!(!String::from_utf8_lossy(&out).contains(value));
        assert!(
            out.ends_with(&[b'n'; 65])
                && String::from_utf8_lossy(&out).contains(&"*".repeat(value.len()))
        );
        setup.assert_same_at_every_cut(&frame);
    }
}

#[test]
fn a_value_known_by_its_hashes_is_found_as_a_word() {
    let value = "Zx9-example_value.0001";
    let setup = setup(&[
        hashed("ours", value),
        hashed("longer", "Zx9-example_value.0001:and/more"),
        hashed("other", "c0mpletely=other"),
    ]);
    let long = "y".repeat(5000);
    for (before, behind) in [
        ("", ""),
        ("token=", "&a=b"),
        ("\"", "\""),
        ("{\\\"a\\\":\\\"", "\\\"}"),
        ("Bearer ", "\r\n"),
        ("https://u:", "@host/and:so/on"),
        ("/path/", "/more"),
        ("a: ", ","),
        (&long, ""),
    ] {
        let between = if before.len() > 100 { "=" } else { "" };
        let text = format!("{before}{between}{value}{behind}");
        let expected = format!("{before}{between}{MASK}{behind}");
        assert_eq!(setup.whole(&text).text(), expected);
        if text.len() < 1000 {
            setup.assert_same_at_every_cut(text.as_bytes());
        } else {
            assert_eq!(setup.run(text.as_bytes().chunks(1)).text(), expected);
            assert_eq!(setup.run(text.as_bytes().chunks(313)).text(), expected);
        }
    }
    for text in [
        format!("x{value}"),
        format!("{value}x"),
        format!("-{value}"),
        value.replace('9', "8"),
        value[1..].to_owned(),
    ] {
        assert_eq!(setup.whole(&text).text(), text);
    }
    for (text, expected) in [
        (
            "a=Zx9-example_value.0001:and/more b",
            "a=[REDACTED:longer] b",
        ),
        (
            "a=Zx9-example_value.0001:and/mor b",
            "a=[REDACTED:ours]:and/mor b",
        ),
        (
            "x=c0mpletely=other=c0mpletely=other",
            "x=[REDACTED:other]=[REDACTED:other]",
        ),
    ] {
        assert_eq!(setup.whole(text).text(), expected);
        setup.assert_same_at_every_cut(text.as_bytes());
    }
    let encoded = base64(format!("{{\"a\":\"{value}\"}}").as_bytes(), false);
    assert_eq!(setup.whole(&encoded).asked.len(), 1);
    setup.assert_same_at_every_cut(encoded.as_bytes());
}

#[test]
fn only_what_may_become_a_value_is_held() {
    let setup = setup(&[clear("ours", "s3cr3t-v4lue")]);
    let mut out = Vec::new();
    for (text, held) in [
        ("ordinary text: all of it ", 0),
        ("and more s3cr3t-v4lu", 11),
        ("x s3cr3t-v4lue and what more there is to say: ", 0),
        ("ends with s", 1),
    ] {
        let mut redactor = setup.redactor();
        redactor
            .write(text.as_bytes(), &mut Answers::default(), &mut out)
            .unwrap();
        assert_eq!(redactor.held(), held, "{text}");
    }
    assert!(setup.rules.longest_known() >= 24, "in hexadecimal");
    assert_eq!(support::rules().longest_known(), 0);
}

#[test]
fn a_long_run_of_what_a_value_starts_with_goes_through() {
    let values = [
        clear("ours", &format!("{}b", "abc".repeat(200))),
        hashed("theirs", &"a/".repeat(100)),
    ];
    let setup = Setup {
        limits: Limits::default(),
        ..setup(&values)
    };
    for text in [
        "abc".repeat(100_000),
        "a/".repeat(150_000) + "b",
        "abcabcabd".repeat(30_000),
    ] {
        assert_eq!(setup.whole(&text).text().len(), text.len());
    }
}

#[test]
fn entries_that_cannot_be_used_are_refused() {
    let refused = |values: &[KnownValue], key: Option<&[u8]>| {
        let built = RuleSet::builder()
            .builtin()
            .and_then(|builder| builder.known(values, key));
        built.err().unwrap().to_string()
    };
    let twice = [
        clear("ours", "s3cr3t-v4lue"),
        clear("ours", "an0ther-value"),
    ];
    assert!(refused(&twice, None).contains("`ours`: field `name`: is already the kind"));
    for kind in ["github-pat", "password-field"] {
        assert!(refused(&[clear(kind, "s3cr3t-v4lue")], None).contains("is already the kind"));
    }
    let message = refused(&[hashed("ours", "s3cr3t-v4lue")], None);
    assert!(
        message.contains("`hmac_sha256`: cannot be compared without the key"),
        "{message}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn any_cuts_give_the_same(
        pieces in prop::collection::vec(0usize..16, 1..12),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let token = format!("ghp_{}", "a1B2c3".repeat(6));
        let values = [clear("ours", "s3cr3t-v4lue"), clear("token", &token[10..]), hashed("theirs", "An0ther.Value")];
        let setup = setup(&values);
        let parts = [
            "s3cr3t-v4lue".to_owned(),
            "s3cr3t-v4".to_owned(),
            "An0ther.Value".to_owned(),
            "An0ther".to_owned(),
            token.clone(),
            token[..20].to_owned(),
            "password=".to_owned(),
            "\"token\": \"".to_owned(),
            "\"".to_owned(),
            " ".to_owned(),
            "/".to_owned(),
            "\\u0073".to_owned(),
            base64(b"{\"a\":\"s3cr3t-v4lue\"}", false),
            base64(b"us3cr3t-v4lue", true),
            hex(b"An0ther.Value, s3cr3t-v4lue"),
            "-----BEGIN PRIVATE KEY-----\nAAAA".to_owned(),
        ];
        let text: String = pieces.iter().map(|nth| parts[*nth].as_str()).collect();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).chain([0, text.len()]).collect();
        cuts.sort_unstable();
        let cut = setup.run(cuts.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]));
        let whole = setup.whole(&text);
        prop_assert_eq!(&cut, &whole, "{}", text);
        prop_assert!(!whole.text().contains("s3cr3t-v4lue"), "{}", text);
        prop_assert_eq!(setup.run(text.as_bytes().chunks(1)), whole, "{}", text);
    }
}
