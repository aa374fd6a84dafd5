//! Base64 and hexadecimal: a credential is found by what a run decodes to, at every phase.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veilgate_fuzz::{Encoding, Input, check_stream};
use veilgate_redact::Framing;

fuzz_target!(|data: &[u8]| {
    let encodings = [
        Encoding::Base64,
        Encoding::Base64Url,
        Encoding::Base64Twice,
        Encoding::Hex,
    ];
    let Some(input) = Input::new(data, &encodings, b" ", b" ") else {
        return;
    };
    let framing = if input.choice & 1 == 0 {
        Framing::Plain
    } else {
        Framing::Events
    };
    check_stream(&input, &framing, &input.text);
});
