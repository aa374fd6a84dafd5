//! Base64 and hexadecimal: a credential is found by what a run decodes to, at every phase.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veilgate_fuzz::{Encoding, Input, check_stream};
use veilgate_redact::Framing;

const LEAST: usize = 18;

fuzz_target!(|data: &[u8]| {
    let encodings = [
        Encoding::Base64,
        Encoding::Base64Url,
        Encoding::Base64Twice,
        Encoding::Hex,
    ];
    let Some(mut input) = Input::new(data, &encodings, b" ", b" ") else {
        return;
    };
    // Fewer bytes than that are told from ordinary words by nothing.
    input.planted.retain(|planted| planted.length >= LEAST);
    let framing = if input.choice & 1 == 0 {
        Framing::Plain
    } else {
        Framing::Events
    };
    check_stream(&input, &framing, &input.text);
});
