//! `gzip` and `deflate`, the latter in zlib's format and in the bare one.
#![no_main]

use std::io::Read;

use flate2::Compression;
use flate2::read::{
    DeflateDecoder, DeflateEncoder, GzEncoder, MultiGzDecoder, ZlibDecoder, ZlibEncoder,
};
use libfuzzer_sys::fuzz_target;
use veilgate_coding::Coding;
use veilgate_fuzz::{Input, check_decoder};

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::new(data, &[], b"", b"") else {
        return;
    };
    let level = Compression::new(u32::from(input.choice >> 2) % 10);
    // What decodes as zlib's format is of that format; the bare one starts with no such head.
    let is_zlib = |body: &[u8]| body.first().is_some_and(|first| first & 0x0f == 8);
    match input.choice % 3 {
        0 => check_decoder(
            &input,
            Coding::Gzip,
            |text| all(GzEncoder::new(text, level)),
            |body| Box::new(MultiGzDecoder::new(body)),
        ),
        1 => check_decoder(
            &input,
            Coding::Deflate,
            |text| all(ZlibEncoder::new(text, level)),
            |body| Box::new(ZlibDecoder::new(body)),
        ),
        _ => check_decoder(
            &input,
            Coding::Deflate,
            |text| all(DeflateEncoder::new(text, level)),
            |body| match is_zlib(body) {
                true => Box::new(std::io::empty()),
                false => Box::new(DeflateDecoder::new(body)),
            },
        ),
    }
});

fn all(mut encoder: impl Read) -> Vec<u8> {
    let mut encoded = Vec::new();
    encoder
        .read_to_end(&mut encoded)
        .expect("memory does not fail");
    encoded
}
