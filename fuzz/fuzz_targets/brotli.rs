//! `br`.
#![no_main]

use std::io::Read as _;

use brotli::{CompressorReader, Decompressor};
use libfuzzer_sys::fuzz_target;
use veilgate_coding::Coding;
use veilgate_fuzz::{Input, check_decoder};

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::new(data, &[], b"", b"") else {
        return;
    };
    let quality = u32::from(input.choice % 10);
    check_decoder(
        &input,
        Coding::Brotli,
        |text| {
            let mut encoded = Vec::new();
            CompressorReader::new(text, 4096, quality, 18)
                .read_to_end(&mut encoded)
                .expect("memory does not fail");
            encoded
        },
        |body| Box::new(Decompressor::new(body, 4096)),
    );
});
