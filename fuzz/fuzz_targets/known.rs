//! Values from the configuration: nothing of them comes out, however the text is cut.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use veilgate_fuzz::{Input, run_with};
use veilgate_redact::{Framing, KnownValue, Limits, RuleSet};

/// With bytes that each encoder writes in its own way; the second continues the first.
const CLEAR: [&str; 2] = ["up/stream+Tok3n \"of\"", "up/stream+Tok3n \"of\" <ours>&"];
/// Known by its hashes, under the key `fuzz`.
const HASHED: &str = "An0ther/Value.1";
const HMAC: &str = "3cdd1ed8012d0f14c0e7772073753b3ffea6c95e29a4442958e821bc6aafe824";
const CRC: &str = "d2c7";

static RULES: LazyLock<Arc<RuleSet>> = LazyLock::new(|| {
    let clear = CLEAR.iter().enumerate().map(|(nth, value)| KnownValue {
        name: format!("clear-{nth}"),
        value: Some((*value).to_owned()),
        length: None,
        hmac_sha256: None,
        crc: None,
    });
    let hashed = KnownValue {
        name: "hashed".to_owned(),
        value: None,
        length: Some(HASHED.len()),
        hmac_sha256: Some(HMAC.to_owned()),
        crc: Some(CRC.to_owned()),
    };
    let values: Vec<_> = clear.chain([hashed]).collect();
    let rules = RuleSet::builder()
        .builtin()
        .and_then(|builder| builder.known(&values, Some(b"fuzz")))
        .and_then(|builder| builder.build());
    Arc::new(rules.expect("the values can be used"))
});

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::new(data, &[], b"", b"") else {
        return;
    };
    let framing = match input.choice % 4 {
        0 | 1 => Framing::Plain,
        2 => Framing::Lines,
        _ => Framing::Grpc {
            pass_compressed: false,
        },
    };
    let text = planted(&input.text);
    let whole = run_with(&RULES, &framing, Limits::default(), &[&text]);
    let cut = run_with(&RULES, &framing, Limits::default(), &input.pieces(&text));
    assert_eq!(cut, whole, "cut up it comes to something else");
    let bytes: Vec<&[u8]> = text.chunks(1).take(1024).collect();
    let short = text.len() <= bytes.len();
    assert!(!short || run_with(&RULES, &framing, Limits::default(), &bytes) == whole);
    // The head of a frame may hold the start of what looks like a value to us, and to no reader.
    let framed = matches!(framing, Framing::Grpc { .. });
    for value in CLEAR.iter().filter(|_| !framed) {
        let survives = whole
            .out
            .windows(value.len())
            .any(|it| it == value.as_bytes());
        assert!(!survives, "a value comes out");
    }
});

/// No UTF-8 text holds the bytes in whose place values are set, whole and in part.
fn planted(text: &[u8]) -> Vec<u8> {
    let mut planted = Vec::new();
    for byte in text {
        match byte {
            0xf8 => planted.extend_from_slice(CLEAR[0].as_bytes()),
            0xf9 => planted.extend_from_slice(CLEAR[1].as_bytes()),
            0xfa => planted.extend_from_slice(HASHED.as_bytes()),
            0xfb => planted.extend_from_slice(&CLEAR[0].as_bytes()[..9]),
            0xfc => planted.extend(
                CLEAR[1]
                    .bytes()
                    .flat_map(|it| format!("%{it:02X}").into_bytes()),
            ),
            0xfd => planted.extend(
                CLEAR[0]
                    .bytes()
                    .flat_map(|it| format!("{it:02x}").into_bytes()),
            ),
            0xfe => planted.extend(veilgate_fuzz::base64(CLEAR[0].as_bytes())),
            byte => planted.push(*byte),
        }
    }
    planted
}
