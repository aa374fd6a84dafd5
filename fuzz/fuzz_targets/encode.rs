//! Encoding: whatever is written and wherever it is flushed, it is decoded to the same, here and elsewhere.
#![no_main]

use std::io::Read;

use flate2::read::{GzDecoder, ZlibDecoder};
use libfuzzer_sys::fuzz_target;
use veilgate_coding::{Budget, Coding, Encoder};
use veilgate_fuzz::Input;

const CODINGS: [Coding; 4] = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];
const BUDGET: usize = 16 << 20;

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::new(data, &[], b"", b"") else {
        return;
    };
    let repeated = input.text.repeat(1 + usize::from(input.choice >> 4));
    let coding = CODINGS[usize::from(input.choice) % CODINGS.len()];
    let budget = Budget::new(BUDGET);
    let mut encoder = Encoder::new(&[coding], &budget).expect("the budget is large");
    let mut encoded = Vec::new();
    let mut written = 0;
    for (nth, piece) in input.pieces(&repeated).into_iter().enumerate() {
        encoder.write(piece, &mut encoded);
        written += piece.len();
        if nth % 2 == 0 {
            encoder.flush(&mut encoded);
            assert_eq!(
                read(coding, &encoded),
                repeated[..written],
                "what was flushed cannot be read"
            );
        }
    }
    encoder.end(&mut encoded);
    drop(encoder);
    assert_eq!(budget.left(), BUDGET, "memory is not given back");
    assert_eq!(read(coding, &encoded), repeated);
});

/// What can be decoded of it.
fn read(coding: Coding, encoded: &[u8]) -> Vec<u8> {
    let mut decoder: Box<dyn Read + '_> = match coding {
        Coding::Gzip => Box::new(GzDecoder::new(encoded)),
        Coding::Deflate => Box::new(ZlibDecoder::new(encoded)),
        Coding::Brotli => Box::new(brotli::Decompressor::new(encoded, 4096)),
        Coding::Zstd => Box::new(zstd::Decoder::new(encoded).expect("a decoder")),
    };
    let (mut out, mut piece) = (Vec::new(), [0; 4096]);
    // An error is where the body breaks off; a body that is not broken off has none.
    while let Ok(length @ 1..) = decoder.read(&mut piece) {
        out.extend_from_slice(&piece[..length]);
    }
    out
}
