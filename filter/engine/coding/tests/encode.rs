//! What is encoded here is decoded by real decoders, and as it flows.

#![expect(clippy::unwrap_used, reason = "code of tests")]

mod support;

use std::io::Read;

use proptest::prelude::*;
use support::{CODINGS, samples};
use veilgate_coding::{Budget, Coding, Encoder};

fn encoder(codings: &[Coding]) -> Encoder {
    Encoder::new(codings, &Budget::new(1 << 20)).unwrap()
}

fn encode_pieces<'p>(
    codings: &[Coding],
    pieces: impl IntoIterator<Item = &'p [u8]>,
    flush: bool,
) -> Vec<u8> {
    let (mut encoder, mut out) = (encoder(codings), Vec::new());
    for piece in pieces {
        encoder.write(piece, &mut out);
        if flush {
            encoder.flush(&mut out);
        }
    }
    encoder.end(&mut out);
    out
}

/// Decodes with the decoders of others, which complain about whatever is not as it should be.
fn decode(coding: Coding, encoded: &[u8]) -> Vec<u8> {
    let mut decoder: Box<dyn Read> = match coding {
        Coding::Gzip => Box::new(flate2::read::GzDecoder::new(encoded)),
        Coding::Deflate => Box::new(flate2::read::ZlibDecoder::new(encoded)),
        Coding::Brotli => Box::new(brotli::Decompressor::new(encoded, 4096)),
        Coding::Zstd => Box::new(zstd::Decoder::new(encoded).unwrap()),
    };
    let mut out = Vec::new();
    decoder.read_to_end(&mut out).unwrap();
    out
}

#[test]
fn real_decoders_read_it() {
    for (name, text) in samples() {
        for coding in CODINGS {
            for flush in [false, true] {
                let encoded = encode_pieces(&[coding], text.chunks(10_000), flush);
                assert!(decode(coding, &encoded) == text, "{name} {coding} {flush}");
            }
        }
    }
}

#[test]
fn a_stack_is_read_from_the_outside_in() {
    let text = b"inner and outer ".repeat(100);
    for first in CODINGS {
        for second in CODINGS {
            let encoded = encode_pieces(&[first, second], text.chunks(99), true);
            assert!(decode(first, &decode(second, &encoded)) == text);
            let cut = encoded.chunks(5);
            assert_eq!(
                support::decode_pieces(&[first, second], cut).as_deref(),
                Ok(&text[..])
            );
        }
    }
}

#[test]
fn what_was_flushed_can_be_read_before_the_next_byte_is_written() {
    for coding in CODINGS {
        let (mut encoder, mut sent) = (encoder(&[coding]), Vec::new());
        let limits = veilgate_coding::Limits::default();
        let mut decoder =
            veilgate_coding::Decoder::new(&[coding], limits, &Budget::new(1 << 24)).unwrap();
        let mut received = Vec::new();
        for index in 0..50 {
            let event = format!("data: event {index}\n\n");
            sent.clear();
            encoder.write(event.as_bytes(), &mut sent);
            encoder.flush(&mut sent);
            decoder
                .write(&sent, &mut |piece: &[u8]| {
                    received.extend_from_slice(piece);
                    Ok::<(), veilgate_coding::DecodeError>(())
                })
                .unwrap();
            assert!(received.ends_with(event.as_bytes()), "{coding} {index}");
        }
    }
}

#[test]
fn nothing_is_a_valid_body_too() {
    for coding in CODINGS {
        let encoded = encode_pieces(&[coding], [], false);
        assert_eq!(decode(coding, &encoded), b"");
    }
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(
        text in support::text(), coding in prop::sample::select(&CODINGS), flush: bool,
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let encoded = encode_pieces(&[coding], support::cut(&text, &cuts), flush);
        prop_assert!(decode(coding, &encoded) == text);
        let decoded = support::decode(&[coding], &encoded);
        prop_assert_eq!(decoded.as_deref(), Ok(&text[..]));
    }
}
