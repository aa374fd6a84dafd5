//! `zstd`.
#![no_main]

use std::io::Read;

use libfuzzer_sys::fuzz_target;
use veilgate_coding::Coding;
use veilgate_fuzz::{Input, check_decoder};

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::new(data, &[], b"", b"") else {
        return;
    };
    // From 10 on the reference reads memory in a way that the sanitizer refuses.
    let level = i32::from(input.choice % 12) - 2;
    check_decoder(
        &input,
        Coding::Zstd,
        |text| zstd::encode_all(text, level).expect("memory does not fail"),
        |body| match zstd::Decoder::new(body) {
            Ok(decoder) => Box::new(decoder) as Box<dyn Read>,
            Err(_) => Box::new(std::io::empty()),
        },
    );
});
