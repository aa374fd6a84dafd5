//! Escapes of JSON: credentials are found behind them, and what was JSON stays JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use veilgate_fuzz::{Encoding, Input, check_stream};
use veilgate_redact::Framing;

fuzz_target!(|data: &[u8]| {
    let encodings = [Encoding::Json, Encoding::JsonEscapes];
    let Some(input) = Input::new(data, &encodings, b"\\n", b"\\n") else {
        return;
    };
    let body = match input.choice % 3 {
        0 => input.text.clone(),
        1 => [b"[\"".as_slice(), &input.text, b"\"]"].concat(),
        _ => [
            b"{\"n\":1,\"text\":\"".as_slice(),
            &input.text,
            b"\",\"m\":[]}",
        ]
        .concat(),
    };
    let framing = if input.choice & 0x80 == 0 {
        Framing::Plain
    } else {
        Framing::Events
    };
    let whole = check_stream(&input, &framing, &body);
    if is_json(&body) && whole.result.is_ok() {
        assert!(
            is_json(&whole.out),
            "JSON became none: {} -> {}",
            body.escape_ascii(),
            whole.out.escape_ascii()
        );
    }
});

fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(text).is_ok()
}
