//! JSON Lines and JSON text sequences: each line goes out with its end, and comes to what it would come to alone.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veilgate_fuzz::{Encoding, Input, assert_each_alone, check_stream};
use veilgate_redact::Framing;

fuzz_target!(|data: &[u8]| {
    let encodings = [Encoding::Json, Encoding::JsonEscapes];
    let Some(input) = Input::new(data, &encodings, b"\n{\"v\":\"", b"\"}\n") else {
        return;
    };
    let whole = check_stream(&input, &Framing::Lines, &input.text);
    let lines: Vec<&[u8]> = input
        .text
        .split_inclusive(|byte| [b'\n', 0x1e].contains(byte))
        .collect();
    let ends = |line: &[u8]| line.ends_with(b"\n") || line.ends_with(b"\x1e");
    assert_each_alone(&Framing::Lines, &lines, ends, &whole);
});
