//! What real encoders make is decoded, whatever the cut.

mod support;

use proptest::prelude::*;
use support::{decode, decode_pieces, encode, samples, variants};
use veilgate_coding::{Coding, DecodeError};

#[test]
fn every_level_of_every_encoder_is_decoded() {
    for (name, text) in samples() {
        for variant in variants() {
            let encoded = variant.encode(&text);
            let decoded = decode(&[variant.coding], &encoded);
            assert!(
                decoded.as_deref() == Ok(&text[..]),
                "{name} {variant:?}: {:?}",
                decoded.err()
            );
        }
    }
}

#[test]
fn every_cut_gives_the_same() {
    let text = b"{\"key\":\"value\",\"key\":\"valve\",\"kay\":\"value and more of it\"}".repeat(3);
    for variant in variants() {
        let encoded = variant.encode(&text);
        for cut in 0..=encoded.len() {
            let (head, tail) = encoded.split_at(cut);
            assert_eq!(
                decode_pieces(&[variant.coding], [head, tail]).as_deref(),
                Ok(&text[..]),
                "{variant:?} cut at {cut}"
            );
        }
        let bytes = encoded.chunks(1);
        assert_eq!(
            decode_pieces(&[variant.coding], bytes).as_deref(),
            Ok(&text[..])
        );
    }
}

#[test]
fn a_body_that_ends_early_is_an_error_wherever_it_ends() {
    let text = b"some text, some more text, and some text again".repeat(4);
    for variant in variants() {
        let encoded = variant.encode(&text);
        for end in 1..encoded.len() {
            assert_eq!(
                decode(&[variant.coding], &encoded[..end]),
                Err(DecodeError::Truncated(variant.coding)),
                "{variant:?} ends at {end}"
            );
        }
    }
}

#[test]
fn a_body_without_a_byte_is_empty() {
    for coding in support::CODINGS {
        assert_eq!(decode(&[coding], b"").as_deref(), Ok(&b""[..]));
    }
}

#[test]
fn codings_are_taken_off_in_the_order_opposite_to_that_in_which_they_were_applied() {
    let text = b"twice or thrice encoded".repeat(20);
    for first in support::CODINGS {
        for second in support::CODINGS {
            let encoded = encode(second, &encode(first, &text));
            assert_eq!(decode(&[first, second], &encoded).as_deref(), Ok(&text[..]));
            let once_more = encode(first, &encoded);
            let pieces = once_more.chunks(7);
            let decoded = decode_pieces(&[first, second, first], pieces);
            assert_eq!(decoded.as_deref(), Ok(&text[..]));
        }
    }
}

#[test]
fn members_and_frames_follow_one_another() {
    for coding in [Coding::Gzip, Coding::Zstd] {
        let mut encoded = encode(coding, b"one, ");
        encoded.extend(encode(coding, b""));
        encoded.extend(encode(coding, b"two"));
        for cut in 0..encoded.len() {
            let (head, tail) = encoded.split_at(cut);
            let decoded = decode_pieces(&[coding], [head, tail]);
            assert_eq!(decoded.as_deref(), Ok(&b"one, two"[..]), "{coding} {cut}");
        }
    }
}

#[test]
fn what_follows_the_end_is_dropped() {
    for coding in support::CODINGS {
        for garbage in [&b"\0\0\0\0"[..], b"<!-- cached -->", b"ghp_", b"\xff"] {
            let mut encoded = encode(coding, b"body");
            encoded.extend(garbage);
            assert_eq!(
                decode(&[coding], &encoded).as_deref(),
                Ok(&b"body"[..]),
                "{coding}"
            );
        }
    }
}

#[test]
fn a_second_member_that_is_broken_is_an_error() {
    for (coding, garbage) in [
        (Coding::Gzip, &b"\x1f garbage..."[..]),
        (Coding::Zstd, b"\x28\xb5\x2f\xfd\xff\xff"),
    ] {
        let mut encoded = encode(coding, b"body");
        encoded.extend(garbage);
        assert!(decode(&[coding], &encoded).is_err(), "{coding}");
    }
}

#[test]
fn checksums_and_lengths_count() {
    for coding in [Coding::Gzip, Coding::Deflate, Coding::Zstd] {
        let encoded = encode(coding, &b"checked ".repeat(10));
        let mut last = encoded.clone();
        *last.last_mut().unwrap() ^= 1;
        assert_eq!(decode(&[coding], &last), Err(DecodeError::Corrupt(coding)));
    }
}

#[test]
fn gzip_headers_may_have_every_optional_part() {
    let body = flate2::GzBuilder::new()
        .extra(b"extra \0 field".to_vec())
        .filename(b"name".to_vec())
        .comment(b"a comment".to_vec())
        .buf_read(&b"text"[..], flate2::Compression::fast());
    let mut encoded = Vec::new();
    std::io::copy(&mut { body }, &mut encoded).unwrap();
    // The checksum of the header, which this encoder does not write.
    encoded[3] |= 2;
    let end_of_comment = 10 + 2 + 13 + 5 + 10;
    encoded.splice(end_of_comment..end_of_comment, *b"\x12\x34");
    for cut in 0..encoded.len() {
        let (head, tail) = encoded.split_at(cut);
        assert_eq!(
            decode_pieces(&[Coding::Gzip], [head, tail]).as_deref(),
            Ok(&b"text"[..]),
            "{cut}"
        );
    }
    encoded[3] |= 0x20;
    assert_eq!(
        decode(&[Coding::Gzip], &encoded),
        Err(DecodeError::Corrupt(Coding::Gzip))
    );
}

#[test]
fn zstd_skips_what_is_to_be_skipped() {
    let mut encoded = b"\x5a\x2a\x4d\x18\x03\0\0\0abc".to_vec();
    encoded.extend(encode(Coding::Zstd, b"text"));
    encoded.extend(b"\x50\x2a\x4d\x18\0\0\0\0");
    for cut in 0..encoded.len() {
        let (head, tail) = encoded.split_at(cut);
        assert_eq!(
            decode_pieces(&[Coding::Zstd], [head, tail]).as_deref(),
            Ok(&b"text"[..])
        );
    }
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded(
        text in support::text(), variant in 0..variants().len(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let variant = &variants()[variant];
        let encoded = variant.encode(&text);
        let pieces = support::cut(&encoded, &cuts);
        let decoded = decode_pieces(&[variant.coding], pieces);
        prop_assert_eq!(decoded.as_deref(), Ok(&text[..]));
    }
}
