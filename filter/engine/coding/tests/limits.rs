//! What hostile bodies can do, and what stops them.
#![expect(clippy::unwrap_used, reason = "code of tests")]

mod support;

use proptest::prelude::*;
use support::{CODINGS, decode_within, encode, samples};
use veilgate_coding::{Budget, Coding, DecodeError, Decoder, Limits};

fn zeros() -> Vec<u8> {
    vec![0; 10 << 20]
}

/// How many bytes of a body are handed on before it is refused, and why it is.
fn stopped(codings: &[Coding], limits: Limits, encoded: &[u8]) -> (usize, DecodeError) {
    let mut decoder = Decoder::new(codings, limits, &Budget::new(64 << 20)).unwrap();
    let mut handed_on = 0;
    let result = decoder.write(encoded, &mut |piece: &[u8]| {
        handed_on += piece.len();
        Ok::<(), DecodeError>(())
    });
    assert!(!decoder.may_end());
    assert_eq!(
        decoder.write(b"", &mut |_: &[u8]| Ok::<(), DecodeError>(())),
        Err(DecodeError::Stopped)
    );
    (handed_on, result.unwrap_err())
}

#[test]
fn bombs_stop_within_their_limits() {
    let limits = Limits::default();
    for coding in CODINGS {
        let bomb = encode(coding, &zeros());
        let (handed_on, error) = stopped(&[coding], limits, &bomb);
        assert_eq!(error, DecodeError::Expands, "{coding}");
        let allowed = (limits.allowance as usize).max(bomb.len() * limits.ratio as usize);
        assert!(handed_on <= allowed, "{coding}: {handed_on} of {allowed}");
    }
}

#[test]
fn a_bomb_in_a_bomb_gains_nothing() {
    let limits = Limits::default();
    for outer in CODINGS {
        for inner in CODINGS {
            let bomb = encode(outer, &encode(inner, &zeros()));
            let (handed_on, error) = stopped(&[inner, outer], limits, &bomb);
            assert_eq!(error, DecodeError::Expands, "{inner} in {outer}");
            assert!(handed_on <= limits.allowance as usize);
        }
    }
    // The layer in between counts as well, even if nothing comes out of it.
    let hollow = encode(
        Coding::Gzip,
        &b"\x50\x2a\x4d\x18\xff\xff\xff\x00".repeat(200_000),
    );
    let (_, error) = stopped(&[Coding::Zstd, Coding::Gzip], limits, &hollow);
    assert_eq!(error, DecodeError::Expands);
}

#[test]
fn members_and_frames_add_up() {
    let limits = Limits {
        ratio: 2,
        allowance: 1000,
        ..Limits::default()
    };
    for coding in [Coding::Gzip, Coding::Zstd] {
        let bomb = encode(coding, &[b'x'; 900]).repeat(100);
        let (handed_on, error) = stopped(&[coding], limits, &bomb);
        assert_eq!(error, DecodeError::Expands);
        assert!(handed_on <= 1000, "{handed_on}");
    }
}

#[test]
fn a_body_may_be_as_large_as_it_is_allowed_to_be() {
    let limits = Limits {
        decoded: Some(50_000),
        ratio: 10_000,
        ..Limits::default()
    };
    for coding in CODINGS {
        let budget = Budget::new(64 << 20);
        let just = encode(coding, &[b'x'; 50_000]);
        let decoded = decode_within(limits, &budget, &[coding], [&just[..]]);
        assert_eq!(decoded.unwrap().len(), 50_000);
        let over = encode(coding, &[b'x'; 50_001]);
        assert_eq!(stopped(&[coding], limits, &over).1, DecodeError::Expands);
    }
}

#[test]
fn windows_are_no_larger_than_they_may_be() {
    let noise = samples().into_iter().find(|(name, _)| *name == "noise");
    let noise = noise.unwrap().1;
    for coding in [Coding::Brotli, Coding::Zstd] {
        let limits = |window| Limits {
            window,
            ..Limits::default()
        };
        let large = support::Variant {
            coding,
            level: 3,
            other: coding == Coding::Brotli,
            flush: None,
        };
        let encoded = large.encode(&noise);
        let (_, error) = stopped(&[coding], limits(1 << 17), &encoded);
        assert_eq!(error, DecodeError::Window(coding));
        let budget = Budget::new(64 << 20);
        let decoded = decode_within(limits(1 << 21), &budget, &[coding], [&encoded[..]]);
        assert!(decoded.unwrap() == noise);
    }
}

#[test]
fn a_small_body_may_declare_a_large_window() {
    let small = support::Variant {
        coding: Coding::Brotli,
        level: 5,
        other: true,
        flush: None,
    };
    let limits = Limits {
        window: 1 << 16,
        ..Limits::default()
    };
    let encoded = small.encode(b"a few bytes");
    let budget = Budget::new(200_000);
    let decoded = decode_within(limits, &budget, &[Coding::Brotli], [&encoded[..]]);
    assert_eq!(decoded.as_deref(), Ok(&b"a few bytes"[..]));
}

#[test]
fn no_stream_holds_more_than_the_documentation_says() {
    for (name, text) in samples() {
        for coding in CODINGS {
            let budget = Budget::new(64 << 20);
            let limits = Limits {
                ratio: 10_000,
                ..Limits::default()
            };
            let encoded = encode(coding, &text);
            let mut decoder = Decoder::new(&[coding], limits, &budget).unwrap();
            let mut most = 0;
            for piece in encoded.chunks(1000) {
                decoder
                    .write(piece, &mut |_: &[u8]| Ok::<(), DecodeError>(()))
                    .unwrap();
                most = most.max((64 << 20) - budget.left());
            }
            let allowed = match coding {
                Coding::Gzip | Coding::Deflate => 43 << 10,
                Coding::Brotli => (25 << 10) + (100 << 10) + text.len().next_power_of_two(),
                Coding::Zstd => (400 << 10) + text.len(),
            };
            assert!(most <= allowed, "{name} {coding}: {most} of {allowed}");
            drop(decoder);
            assert_eq!(budget.left(), 64 << 20);
        }
    }
}

#[test]
fn whatever_the_budget_nothing_breaks() {
    let (_, text) = samples().swap_remove(4);
    for coding in CODINGS {
        let encoded = encode(coding, &text);
        for budget in (0..24).map(|bits| 3 << bits) {
            let budget = Budget::new(budget);
            match decode_within(Limits::default(), &budget, &[coding], encoded.chunks(777)) {
                Ok(decoded) => assert!(decoded == text),
                Err(error) => assert_eq!(error, DecodeError::Memory, "{coding} {budget:?}"),
            }
        }
    }
}

/// What the decoders of others make of it, if it is valid.
fn reference(coding: Coding, encoded: &[u8]) -> Option<Vec<u8>> {
    use std::io::Read;
    let mut decoder: Box<dyn Read> = match coding {
        Coding::Gzip => Box::new(flate2::read::GzDecoder::new(encoded)),
        Coding::Deflate => Box::new(flate2::read::ZlibDecoder::new(encoded)),
        Coding::Brotli => Box::new(brotli::Decompressor::new(encoded, 4096)),
        Coding::Zstd => Box::new(zstd::Decoder::new(encoded).ok()?.single_frame()),
    };
    let mut out = Vec::new();
    decoder.read_to_end(&mut out).ok()?;
    Some(out)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn arbitrary_bytes_break_nothing(
        bytes in prop::collection::vec(any::<u8>(), 0..300), coding in prop::sample::select(&CODINGS),
    ) {
        let _either = support::decode(&[coding], &bytes);
    }

    #[test]
    fn damaged_bodies_break_nothing_and_mean_what_others_take_them_for(
        text in support::text(), coding in prop::sample::select(&CODINGS),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), cut: prop::sample::Index,
    ) {
        let mut bytes = encode(coding, &text);
        for (place, value) in damage {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        let (head, tail) = bytes.split_at(cut.index(bytes.len()));
        let decoded = support::decode_pieces(&[coding], [head, tail]);
        // Ours is the stricter one here and there; what it takes, it takes for the same.
        if let (Ok(decoded), Some(reference)) = (decoded, reference(coding, &bytes)) {
            prop_assert!(decoded == reference);
        }
    }
}
